/* A message of a stream, before anybody knows whether it is an event. */
#ifndef HEATSTREAM_WIRE_MESSAGE_H
#define HEATSTREAM_WIRE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record;

/* One message as received. key or value may be NULL. With `end` set it is the end of the
 * partition as seen just now: offset is the position reached, key and value mean nothing.
 *
 * A message that another rank has read comes decoded, without the broker's timestamp, and of a key
 * or value longer than DEAD_LETTER_BYTES only that much is there. */
struct message {
    int64_t offset;
    int64_t time_ms; /* the broker's timestamp, -1: none; of Kafka and event logs only */
    bool end;
    const uint8_t *key, *value;
    size_t key_size, value_size;
    const struct record *record; /* what it was decoded to, but for the offset; NULL: not yet */
    uint32_t crc;                /* with `record`, of a message that is cut: message_crc() */
};

/* CRC-32 of key, then value: what tells one record at an offset from another. */
uint32_t message_crc(const struct message *message);

/* A message of which less than all would be kept (dead_letter_kept()). */
bool message_is_cut(const struct message *message);

#endif
