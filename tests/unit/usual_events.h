/* Events as a deck without a word about them has them, on a grid of 40 x 30 cells. */
#ifndef HEATSTREAM_TESTS_USUAL_EVENTS_H
#define HEATSTREAM_TESTS_USUAL_EVENTS_H

#include "wire/decoder.h"

static const struct decoder_config usual = {.format = EVENT_JSON,
                                            .field_time = "time",
                                            .field_x = "gridX",
                                            .field_y = "gridY",
                                            .field_value = "gen",
                                            .gnx = 40,
                                            .gny = 30,
                                            .gen_limit = 1e12};

#endif
