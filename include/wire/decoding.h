/* All that a decoder is made of, in a form that can be sent: what one rank has read of the deck and
 * the files beside it makes the same decoder on another, which need not see them. */
#ifndef HEATSTREAM_WIRE_DECODING_H
#define HEATSTREAM_WIRE_DECODING_H

#include "base/buffer.h"
#include "wire/decoder.h"

/* A file's name, for messages, and its bytes. `name` NULL: there is no such file. Borrowed. */
struct decoding_file {
    const char *name;
    const uint8_t *bytes;
    size_t size;
};

struct decoding {
    struct decoder_config config; /* without `sensors` and `avro`, which come from: */
    struct decoding_file sensors, schema;
    struct avro_fields fields; /* with a schema */
};

void decoding_save(const struct decoding *decoding, struct buffer *out);

/* The decoder that was saved. STATUS_BAD_DECK as sensors_parse(), avro_schema_parse() and
 * avro_plan_create(); STATUS_BUG for bytes that are none of decoding_save(). */
enum status decoding_load(struct buffer_reader *reader, struct decoder **decoder,
                          struct error *err) MUST_CHECK;

/* Texts that may be NULL, as they stand in what is sent. A text points into the reader's data. */
void decoding_put_text(struct buffer *out, const char *text);
const char *decoding_get_text(struct buffer_reader *reader);

#endif
