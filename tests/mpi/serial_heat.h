/* The whole grid on every rank, stepped cell by cell as the contract reads: the judge of the
 * bits. */
#ifndef HEATSTREAM_TESTS_SERIAL_HEAT_H
#define HEATSTREAM_TESTS_SERIAL_HEAT_H

#include <stdlib.h>

#include "solve/solver.h"

struct serial {
    int nx, ny;
    double *now, *next; /* [nx + 2][ny + 2], ghosts included */
    double *outflow;    /* [nx] */
};

static inline double *at(const struct serial *serial, double *cells, int x, int y)
{
    return cells + (size_t)(x + 1) * (size_t)(serial->ny + 2) + (y + 1);
}

static inline struct serial serial_create(int nx, int ny)
{
    size_t cells = (size_t)(nx + 2) * (size_t)(ny + 2);
    return (struct serial){nx, ny, calloc(cells, sizeof(double)), calloc(cells, sizeof(double)),
                           calloc((size_t)nx, sizeof(double))};
}

static inline void serial_destroy(struct serial *serial)
{
    free(serial->now);
    free(serial->next);
    free(serial->outflow);
}

static inline double ghost_of(struct solver_side side, double inner)
{
    return side.insulated ? inner : side.value;
}

static inline void serial_fill_ghosts(struct serial *s, const struct solver_config *c)
{
    for (int x = 0; x < s->nx; x++) {
        *at(s, s->now, x, -1) = ghost_of(c->bottom, *at(s, s->now, x, 0));
        *at(s, s->now, x, s->ny) = ghost_of(c->top, *at(s, s->now, x, s->ny - 1));
    }
    for (int y = 0; y < s->ny; y++) {
        *at(s, s->now, -1, y) = ghost_of(c->left, *at(s, s->now, 0, y));
        *at(s, s->now, s->nx, y) = ghost_of(c->right, *at(s, s->now, s->nx - 1, y));
    }
}

static inline double excess(struct serial *s, int x, int ghost_x)
{
    double sum = 0.0;
    for (int y = 0; y < s->ny; y++)
        sum += *at(s, s->now, x, y) - *at(s, s->now, ghost_x, y);
    return sum;
}

static inline void serial_add_outflow(struct serial *s, double loss_x, double loss_y)
{
    for (int x = 0; x < s->nx; x++) {
        double sum = loss_y * (*at(s, s->now, x, 0) - *at(s, s->now, x, -1));
        sum += loss_y * (*at(s, s->now, x, s->ny - 1) - *at(s, s->now, x, s->ny));
        if (x == 0)
            sum += loss_x * excess(s, 0, -1);
        if (x == s->nx - 1)
            sum += loss_x * excess(s, x, s->nx);
        s->outflow[x] += sum;
    }
}

/* heat: [nx][ny] rates, 0 where there is none. */
static inline void serial_step(struct serial *s, const struct solver_config *c, const double *heat)
{
    const double cx = (c->conductivity * c->tau_s) / (c->dx * c->dx);
    const double cy = (c->conductivity * c->tau_s) / (c->dy * c->dy);
    const double a = (1 - 2 * cx) - 2 * cy;
    serial_fill_ghosts(s, c);
    serial_add_outflow(s, c->dx * c->dy * cx, c->dx * c->dy * cy);
    for (int x = 0; x < s->nx; x++)
        for (int y = 0; y < s->ny; y++) {
            double u = *at(s, s->now, x, y);
            double w = *at(s, s->now, x - 1, y), e = *at(s, s->now, x + 1, y);
            double south = *at(s, s->now, x, y - 1), north = *at(s, s->now, x, y + 1);
            double f = heat[(size_t)x * (size_t)s->ny + (size_t)y];
            double stepped = (a * u + cx * (w + e)) + cy * (south + north);
            *at(s, s->next, x, y) = f != 0.0 ? stepped + c->tau_s * f : stepped;
        }
    double *stepped = s->next;
    s->next = s->now;
    s->now = stepped;
}

#endif
