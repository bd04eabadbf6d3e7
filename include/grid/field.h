/* A temperature field on one slab, with ghosts.
 *
 * Column i (-1 .. nx), row j (-1 .. ny): field_column(f, i)[j]. A column is contiguous, y fastest.
 * Columns -1 and nx are ghosts from the neighbour rank or the boundary, rows -1 and ny are ghosts
 * of the bottom and top boundary. Corner ghosts mean nothing. */
#ifndef HEATSTREAM_GRID_FIELD_H
#define HEATSTREAM_GRID_FIELD_H

#include <stddef.h>

#include "grid/domain.h"

/* Written by field_create(); `cells` by whoever owns the field. */
struct field {
    int nx, ny;
    ptrdiff_t pitch; /* doubles between the starts of neighbouring columns */
    double *cells;   /* cell (0, 0), 64-byte aligned */
    void *memory;    /* owned */
};

static inline double *field_column(const struct field *field, int i)
{
    return field->cells + (ptrdiff_t)i * field->pitch;
}

/* Local. All cells and ghosts become `value`. NULL when memory is short. */
struct field *field_create(const struct domain *domain, double value);

/* The same, with its columns half a memory page away from those of field_create(): two fields that
 * are read and written side by side do not stall each other. */
struct field *field_create_second(const struct domain *domain, double value);
void field_destroy(struct field *field); /* accepts NULL */

#endif
