/* Bytes of a message to a record of the window room.
 *
 * JSON: exactly one RFC 8259 object, UTF-8 without BOM, white space around it allowed; keys in
 * any order, unknown ones checked for syntax and ignored, a known or unknown key twice in one
 * object is undecodable; x and y are integer literals within int64, the value any number, as
 * strtod. Nesting is limited to 64 levels, the event itself being level 1. A field's name may be a
 * path of keys joined by dots, compared unescaped; arrays are not entered. Binary: key 8 bytes
 * big-endian x << 32 | y (both unsigned 32 bits), value int64 time and float64 value, big-endian,
 * 16 bytes. CSV: one line, with or without its end; numbers as in JSON, quotes around any cell.
 * Avro: one value of the plan's schema, to the last byte (avro_body.h); the Confluent form puts a
 * byte 0 and the schema's id, 4 bytes big-endian, in front; keys are passed over.
 * Times: see enum time_unit.
 *
 * With a sensor table an identifier takes the place of x and y: a JSON string, compared
 * unescaped, an integer literal by its text, a CSV cell, or of Avro a string, int or long;
 * rate = gain * value + offset.
 *
 * Verdicts in this order: undecodable, unknown_sensor, out_of_range (cell outside the grid, or a
 * finite |rate| beyond gen_limit), not_finite (NaN, or a number beyond double). */
#ifndef HEATSTREAM_WIRE_DECODER_H
#define HEATSTREAM_WIRE_DECODER_H

#include "base/status.h"
#include "window/event.h"
#include "wire/avro_plan.h"
#include "wire/format.h"
#include "wire/message.h"
#include "wire/sensors.h"

/* A larger message is undecodable whatever it holds. */
enum { DECODER_BYTES_MAX = 64 << 20 };

struct decoder_config {
    enum event_format format;
    const char *field_time, *field_x, *field_y,
        *field_value; /* paths of JSON keys, or names of columns */
    int64_t gnx, gny;
    double gen_limit;
    enum time_unit time_unit; /* EVENT_BINARY: TIME_MS, TIME_US or TIME_NS, and no `sensors` */
    struct sensors *sensors;  /* taken: destroyed with the decoder; NULL: events name cells */
    const char *field_id;     /* with `sensors`, instead of field_x and field_y */
    struct avro_plan *avro;   /* the Avro formats, which need no field names and no unit: taken */
    int64_t avro_schema_id;   /* EVENT_CONFLUENT_AVRO: 0 to UINT32_MAX */
    const char *const *csv_columns; /* EVENT_CSV: names of the columns, each field's once */
    int csv_column_count;           /* 0: time, x, y, value, or time, id, value */
};

struct decoder;

/* The configuration's strings are copied. */
struct decoder *decoder_create(const struct decoder_config *config);
void decoder_destroy(struct decoder *decoder); /* accepts NULL */

/* Makes messages of one partition be read as CSV lines under this header, whatever the format.
 * STATUS_NO_INPUT names a field the header lacks or has twice. */
enum status decoder_set_csv(struct decoder *decoder, int partition, const char *header,
                            struct error *err) MUST_CHECK;

/* Fills *record from a message (not an `end`); raw bytes are borrowed from it. record->sensor is
 * the cell, or the row of the sensor table. Never fails: what cannot be decoded is a verdict.
 * Allocates only for a record of more than 256 keys. One thread at a time. */
void decoder_decode(const struct decoder *decoder, int partition, const struct message *message,
                    struct record *record);

#endif
