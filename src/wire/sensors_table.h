/* The rows of a sensor table as read from its file. Internal to ingest/. */
#ifndef HEATSTREAM_WIRE_SENSORS_TABLE_H
#define HEATSTREAM_WIRE_SENSORS_TABLE_H

#include "base/buffer.h"
#include "wire/sensors.h"

enum { SENSORS_FIRST_LINE = 2 }; /* of row 0: the header is line 1 */

/* All that a look-up of a sensor reads but the id, in one place of memory. */
struct sensors_row {
    struct sensor sensor;
    size_t id_at, id_size; /* in `ids` */
};

/* Zero-initialised is empty; all is owned. */
struct sensors_table {
    struct sensors_row *rows; /* [count] */
    size_t count, capacity, longest_id;
    struct buffer ids;
};

void sensors_table_release(struct sensors_table *table);

/* All but ids that come twice; failures as sensors_parse(). The table is to be released in any
 * case. */
enum status sensors_table_read(struct sensors_table *table, const char *name, const uint8_t *text,
                               size_t size, int64_t gnx, int64_t gny, struct error *err) MUST_CHECK;

static inline const uint8_t *sensors_table_id(const struct sensors_table *table, size_t row)
{
    return table->ids.data + table->rows[row].id_at;
}

#endif
