#include "wire/message.h"

#include <zlib.h>

#include "window/event.h"

bool message_is_cut(const struct message *message)
{
    return (message->key && message->key_size > DEAD_LETTER_BYTES) ||
           (message->value && message->value_size > DEAD_LETTER_BYTES);
}

uint32_t message_crc(const struct message *message)
{
    if (message->record && message_is_cut(message))
        return message->crc;
    uLong crc = crc32_z(0, message->key, message->key ? message->key_size : 0);
    return (uint32_t)crc32_z(crc, message->value, message->value ? message->value_size : 0);
}
