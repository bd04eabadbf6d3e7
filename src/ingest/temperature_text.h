/* A cell's temperature as key and value of a message; see ingest/temperature_topic.h. */
#ifndef HEATSTREAM_INGEST_TEMPERATURE_TEXT_H
#define HEATSTREAM_INGEST_TEMPERATURE_TEXT_H

#include <stddef.h>

#include "base/shortest.h"
#include "ingest/temperature_topic.h"

enum { TEMPERATURE_KEY_SIZE = 16, TEMPERATURE_CELL_AT = 8, TEMPERATURE_VALUE_SIZE = 256 };

/* The key is good at any time, the value until the next call. */
struct temperature_text {
    uint8_t key[TEMPERATURE_KEY_SIZE]; /* the cell's part begins at TEMPERATURE_CELL_AT */
    char value[TEMPERATURE_VALUE_SIZE];
    size_t value_size;
    size_t head_size, tail_size; /* what all messages of a frame begin and end with */
    char tail[96];
    struct shortest *numbers;
};

void temperature_text_init(struct temperature_text *text);
void temperature_text_release(struct temperature_text *text);

void temperature_text_begin(struct temperature_text *text, const struct temperature_frame *frame);

/* Fills key and value with one cell of the frame begun. */
void temperature_text_put(struct temperature_text *text, int64_t x, int64_t y, double temperature);

#endif
