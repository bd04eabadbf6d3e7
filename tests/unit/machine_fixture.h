/* A machine whose costs can be worked out by hand. */
#ifndef HEATSTREAM_TESTS_MACHINE_FIXTURE_H
#define HEATSTREAM_TESTS_MACHINE_FIXTURE_H

#include "run/machine.h"

/* 10 ns a cell in single steps, 5 in passes of 32; half of that alone on a node of 4 cores. */
static const struct machine by_hand = {
    .host = "by-hand",
    .date = "2026-01-01T00:00:00Z",
    .program = "heatstream",
    .cores = 4,
    .ranks = 4,
    .sizes = 2,
    .step = {{100, 1e-6, 0.5e-6, 0.5e-6, 0.25e-6}, {1000000, 1e-2, 0.5e-2, 0.5e-2, 0.25e-2}},
    .shared = {.latency_s = 1e-6, .bytes_per_s = 1e9, .message_s = 1e-7},
    .network = {.latency_s = 4e-6, .bytes_per_s = 2e9, .message_s = 3e-7},
    .window_s = 5e-6,
    .frame = {.fixed_s = 1e-3, .bytes_per_s = 1e8},
    .checkpoint = {.fixed_s = 2e-3, .bytes_per_s = 5e7},
    .fsync_s = 1e-4,
    .base_bytes = 1 << 20,
};

#endif
