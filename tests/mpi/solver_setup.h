/* A solver beside the serial solution of the same grid. */
#ifndef HEATSTREAM_TESTS_SOLVER_SETUP_H
#define HEATSTREAM_TESTS_SOLVER_SETUP_H

#include <string.h>

#include "draw_config.h"
#include "serial_heat.h"

struct setup {
    struct domain *domain;
    struct solver *solver;
    struct serial serial;
    struct solver_config config;
    double *heat;           /* [gnx][gny] */
    struct slab_heat *mine; /* the same as this rank's sparse list */
    int mine_count;
    int added; /* windows that the solver has not stepped */
    int64_t added_cells;
    int most_added; /* that it stepped at once */
};

static inline struct setup begin(int gnx, int gny, const struct solver_config *config)
{
    struct setup s = {.config = *config, .serial = serial_create(gnx, gny)};
    struct error err;
    if (domain_create(MPI_COMM_WORLD, gnx, gny, 4, &s.domain, &err) != STATUS_OK)
        abort();
    s.solver = solver_create(s.domain, config);
    s.heat = calloc((size_t)gnx * (size_t)gny, sizeof *s.heat);
    s.mine = calloc((size_t)s.domain->nx * (size_t)gny, sizeof *s.mine);
    if (!s.solver || !s.heat || !s.mine)
        abort();
    for (int x = 0; x < gnx; x++)
        for (int y = 0; y < gny; y++)
            *at(&s.serial, s.serial.now, x, y) = config->initial;
    return s;
}

static inline void end(struct setup *s)
{
    solver_destroy(s->solver);
    domain_destroy(s->domain);
    serial_destroy(&s->serial);
    free(s->heat);
    free(s->mine);
}

static inline void draw_heat(struct setup *s, uint64_t seed, int per_cent)
{
    int64_t gny = s->domain->gny, cells = s->domain->gnx * gny;
    int64_t first = s->domain->x0 * gny, last = first + s->domain->nx * gny;
    s->mine_count = 0;
    for (int64_t cell = 0; cell < cells; cell++) {
        bool heated = draw_below(seed, cell, 100) < per_cent;
        s->heat[cell] = heated ? draw_unit(seed + 1, cell) * 10 - 4 : 0.0;
        if (heated && cell >= first && cell < last)
            s->mine[s->mine_count++] = (struct slab_heat){cell - first, s->heat[cell]};
    }
}

/* After draw_heat() without any: cells come in rising order. */
static inline void heat_cell(struct setup *s, int64_t cell, double rate)
{
    int64_t first = s->domain->x0 * s->domain->gny;
    s->heat[cell] = rate;
    if (cell >= first && cell < first + (int64_t)s->domain->nx * s->domain->gny)
        s->mine[s->mine_count++] = (struct slab_heat){cell - first, rate};
}

static inline void step_setup_serially(struct setup *s)
{
    for (int step = 0; step < s->config.substeps; step++)
        serial_step(&s->serial, &s->config, s->heat);
}

static inline void step_both(struct setup *s)
{
    solver_step_window(s->solver, s->mine, s->mine_count);
    step_setup_serially(s);
}

/* The solver waits for windows to come as long as it may, but for none after the last. */
static inline void step_together(struct setup *s, bool last)
{
    for (int64_t cell = 0; cell < s->domain->gnx * s->domain->gny; cell++)
        s->added_cells += s->heat[cell] != 0.0;
    solver_add_window(s->solver, s->mine, s->mine_count);
    s->added++;
    if (last || s->added == solver_chosen(s->solver).windows ||
        s->added_cells > solver_heat_room(s->solver)) {
        solver_step(s->solver);
        s->most_added = s->added > s->most_added ? s->added : s->most_added;
        s->added = 0;
        s->added_cells = 0;
    }
    step_setup_serially(s);
}

static inline void set_cell(struct setup *s, int x, int y, double value)
{
    *at(&s->serial, s->serial.now, x, y) = value;
    if (domain_owner(s->domain, x) == s->domain->rank)
        field_column(solver_field(s->solver), (int)(x - s->domain->x0))[y] = value;
}

static inline int count_columns_that_differ(struct setup *s)
{
    int x0 = (int)s->domain->x0, different = 0;
    size_t column = (size_t)s->domain->ny * sizeof(double);
    for (int i = 0; i < s->domain->nx; i++)
        different += memcmp(field_column(solver_field(s->solver), i),
                            at(&s->serial, s->serial.now, x0 + i, 0), column) != 0;
    return different + (memcmp(solver_outflow(s->solver), s->serial.outflow + x0,
                               (size_t)s->domain->nx * sizeof(double)) != 0);
}

static inline int world_size(void)
{
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    return ranks;
}

#endif
