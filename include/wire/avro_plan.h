/* How the events of a schema are read: which bytes of a message are the time, the cell and the
 * rate, and how the others are passed over. Made once; reading looks nothing up. */
#ifndef HEATSTREAM_WIRE_AVRO_PLAN_H
#define HEATSTREAM_WIRE_AVRO_PLAN_H

#include <stdbool.h>

#include "wire/avro_schema.h"
#include "wire/format.h"

/* Names of fields of the event, or paths of names joined by dots into records inside of it; lists
 * and maps are not entered, of unions every branch that is a record is. No path is the beginning of
 * another.
 *
 * time: a long or int in the unit; of a string, iso8601. x, y: int or long. value: double, float,
 * int or long. id: string, int or long. A union may have other branches: an event that takes one of
 * them lacks the field. */
struct avro_fields {
    const char *time, *value;
    const char *x, *y; /* both NULL with `id` */
    const char *id;    /* NULL: events name cells */
    enum time_unit time_unit;
    /* time_unit counts for nothing: timestamp-millis, -micros and -nanos say it themselves, and a
     * time without a logical type is in milliseconds. */
    bool unit_of_schema;
};

struct avro_plan;

/* STATUS_BAD_DECK names the schema's file, the field, and why no event of it can have one. The
 * schema is needed no longer afterwards. */
enum status avro_plan_create(const struct avro_schema *schema, const struct avro_fields *fields,
                             struct avro_plan **plan, struct error *err) MUST_CHECK;
void avro_plan_destroy(struct avro_plan *plan); /* accepts NULL */

#endif
