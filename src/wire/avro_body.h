/* Bodies of Avro events (Avro specification 1.12, "Binary Encoding"), read as a plan says: no
 * copies, no allocation, no length believed before it is compared with what is left.
 *
 * Apache Avro's C library (1.11.1) was not kept for this: its reader allocates each text by its
 * claimed length before it looks for the bytes, goes through 2^32 items that have none, takes four
 * times the instructions, and its schemas forget logical types. */
#ifndef HEATSTREAM_WIRE_AVRO_BODY_H
#define HEATSTREAM_WIRE_AVRO_BODY_H

#include "avro_nodes.h"

/* What the Confluent form puts in front of a body. */
enum { AVRO_PREFIX_BYTES = 5 };

/* A field of an event: of AVRO_FIELD_TIME the milliseconds in `whole`, of AVRO_FIELD_VALUE `real`,
 * of the cell `whole`. An identifier is a text, borrowed from the body, or where `text` is NULL
 * `whole`. */
struct avro_value {
    const uint8_t *text;
    size_t text_size;
    int64_t whole;
    double real;
};

/* True when the body is exactly one event of the schema and has every field of the plan: numbers in
 * at most 10 bytes and in the range of their type, booleans 0 or 1, branches and symbols that
 * exist, blocks of the size they claim, levels up to AVRO_LEVELS (records, arrays and maps; the
 * event is level 1), no byte missing or left over. Texts may hold any bytes. */
bool avro_body_read(const struct avro_plan *plan, const uint8_t *body, size_t size,
                    struct avro_value values[AVRO_FIELDS]);

#endif
