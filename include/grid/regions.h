/* Statistics of parts of the grid that do not depend on the number of ranks: each column of a
 * region is summed from bottom to top, rank 0 adds the columns from left to right; percentiles are
 * found among the values as they are. */
#ifndef HEATSTREAM_GRID_REGIONS_H
#define HEATSTREAM_GRID_REGIONS_H

#include "grid/field.h"

/* Cells (x, y0) .. (x, y1 - 1). */
struct cell_run {
    int64_t x, y0, y1;
};

/* At least one cell; by x, then y, none twice. */
struct region_cells {
    const struct cell_run *runs;
    int64_t count;
};

/* What is measured; read by regions_create() only. */
struct regions_config {
    const struct region_cells *regions;
    int count;
    const int *percentiles; /* each 1 .. 99 */
    int percentile_count;
};

enum { REGION_MIN, REGION_MEAN, REGION_MAX, REGION_PERCENTILES };

struct regions;

/* Collective, with the same config on every rank; without MPI on a domain that is alone, as is all
 * that follows. */
struct regions *regions_create(const struct domain *domain, const struct regions_config *config);
void regions_destroy(struct regions *regions); /* local; accepts NULL */

/* Collective: of a field without NaN. On rank 0 *stats becomes [region][REGION_PERCENTILES +
 * percentile_count], valid until the next call; elsewhere NULL. A percentile P of n values is the
 * ceil(P/100 * n)-th smallest (nearest rank). Each costs eight passes over the cells. */
void regions_measure(struct regions *regions, const struct field *field, const double **stats);

#endif
