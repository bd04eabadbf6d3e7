/* What there is one of for each column of the grid, on its way between the ranks that own the
 * columns and rank 0. */
#ifndef HEATSTREAM_GRID_COLUMNS_H
#define HEATSTREAM_GRID_COLUMNS_H

#include <stddef.h>

#include "grid/domain.h"

struct columns;

/* Local. Items of `size` bytes, sent as they are. What it takes grows with the number of ranks on
 * rank 0 only. The domain is borrowed. */
struct columns *columns_create(const struct domain *domain, size_t size);
void columns_destroy(struct columns *columns); /* accepts NULL */

/* Collective, MPI_Gatherv: rank 0 gets those of all columns in order of x, all[gnx]; `all` is
 * ignored elsewhere. mine[nx]. */
void columns_gather(struct columns *columns, const void *mine, void *all);

/* The same where there are `count` > 0 items for each column, in whatever order: rank 0 gets those
 * of a rank as they are there, after those of the ranks to the left. mine[count * nx]. */
void columns_gather_many(struct columns *columns, int count, const void *mine, void *all);

/* Collective, MPI_Scatterv: the way back. */
void columns_scatter(struct columns *columns, const void *all, void *mine);

#endif
