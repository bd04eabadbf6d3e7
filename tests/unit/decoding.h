/* One event through a decoder, and many of them beside what jansson makes of them. */
#ifndef HEATSTREAM_TESTS_DECODING_H
#define HEATSTREAM_TESTS_DECODING_H

#include <string.h>

#include "base/buffer.h"
#include "unit.h"
#include "wire/decoder.h"

static inline struct record decode_bytes(struct decoder *decoder, const void *value, size_t size)
{
    struct record record;
    struct message message = {.offset = 7, .value = value, .value_size = size};
    decoder_decode(decoder, 0, &message, &record);
    return record;
}

static inline struct record decode_text(struct decoder *decoder, const char *text)
{
    return decode_bytes(decoder, text, strlen(text));
}

struct comparison {
    int verdicts[FATE_COUNT]; /* how often each was given */
    int documents, different;
};

/* Whether a decoder and the one it is held against say the same of an event. */
static inline bool records_agree(const struct record *a, const struct record *b)
{
    if (a->verdict != b->verdict || a->has_time != b->has_time ||
        (a->has_time && a->time_ms != b->time_ms))
        return false;
    return a->verdict != FATE_ON_TIME || (a->cell == b->cell && a->rate == b->rate);
}

static inline void compare(struct comparison *comparison, struct decoder *decoder,
                           const struct buffer *text, const struct record *expected)
{
    struct record record = decode_bytes(decoder, text->data, text->size);
    comparison->documents++;
    comparison->verdicts[record.verdict]++;
    if (records_agree(&record, expected))
        return;
    comparison->different++;
    fprintf(stderr, "document %d: verdict %d, jansson's %d: %.*s\n", comparison->documents,
            (int)record.verdict, (int)expected->verdict, (int)text->size, (const char *)text->data);
}

#endif
