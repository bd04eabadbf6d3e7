/* A random but stable solver configuration, the same on every rank. */
#ifndef HEATSTREAM_TESTS_DRAW_CONFIG_H
#define HEATSTREAM_TESTS_DRAW_CONFIG_H

#include "draw.h"
#include "solve/solver.h"

static inline struct solver_side draw_side(uint64_t seed, int side)
{
    return (struct solver_side){.insulated = draw_below(seed, side, 2) != 0,
                                .value = draw_unit(seed + 1, side) * 6 - 3};
}

static inline struct solver_config draw_config(uint64_t seed)
{
    struct solver_config config = {
        .conductivity = 0.3 + draw_unit(seed, 100),
        .dx = 0.5 + draw_unit(seed, 101),
        .dy = 0.5 + draw_unit(seed, 102),
        .substeps = 1 + draw_below(seed, 103, 4),
        .initial = draw_unit(seed, 104),
        .left = draw_side(seed, 0),
        .right = draw_side(seed, 1),
        .bottom = draw_side(seed, 2),
        .top = draw_side(seed, 3),
    };
    double per_second =
        config.conductivity * (1 / (config.dx * config.dx) + 1 / (config.dy * config.dy));
    config.tau_s = 0.49 / per_second;
    return config;
}

#endif
