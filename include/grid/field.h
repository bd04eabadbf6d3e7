/* A temperature field on one slab, with ghosts.
 *
 * Column i (-ghosts .. nx+ghosts-1), row j (-1 .. ny): field_column(f, i)[j]. A column is
 * contiguous, y fastest. Columns below 0 and from nx on are ghosts from the neighbour rank or,
 * only -1 and nx, the boundary; rows -1 and ny are ghosts of the bottom and top boundary. Corner
 * ghosts mean nothing. Whole cache lines may be read and written beyond row ny as far as the
 * pitch goes, which is room for ny+2 rows, and up to a cache line before the first and after the
 * last column. */
#ifndef HEATSTREAM_GRID_FIELD_H
#define HEATSTREAM_GRID_FIELD_H

#include <stddef.h>

#include "grid/domain.h"

/* Written by field_create(); `cells` by whoever owns the field. */
struct field {
    int nx, ny;
    int ghosts;      /* ghost columns on each side */
    ptrdiff_t pitch; /* doubles between the starts of neighbouring columns */
    double *cells;   /* cell (0, 0), 64-byte aligned */
    void *memory;    /* owned */
};

static inline double *field_column(const struct field *field, int i)
{
    return field->cells + (ptrdiff_t)i * field->pitch;
}

/* Local. All cells and ghosts, one column of them a side, become `value`. NULL when memory is
 * short. */
struct field *field_create(const struct domain *domain, double value);

/* The same with more ghost columns. The columns of a second field lie half a memory page away from
 * those of a first one: two that are read and written side by side do not stall each other. */
enum field_place { FIELD_FIRST, FIELD_SECOND };
struct field *field_create_deep(const struct domain *domain, double value, int ghosts,
                                enum field_place place);
void field_destroy(struct field *field); /* accepts NULL */

/* Trades the memory of two fields of the same slab and ghosts: the cells of `field` go to `spare`;
 * what it has then means nothing, and lies as far from the start of its memory as before. */
void field_give(struct field *field, struct field *spare);

/* Copies the cells, without ghosts, of a field of the same slab. */
void field_copy(struct field *to, const struct field *from);

#endif
