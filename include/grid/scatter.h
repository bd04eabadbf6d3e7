/* The heat of a closed window on its way from rank 0 to the ranks that own the cells. */
#ifndef HEATSTREAM_GRID_SCATTER_H
#define HEATSTREAM_GRID_SCATTER_H

#include "grid/domain.h"

/* One heated cell of a slab: index = (x - x0) * ny + y; rate in temperature units per second. */
struct slab_heat {
    int64_t cell;
    double rate;
};

struct scatter;

struct scatter *scatter_create(const struct domain *domain);
void scatter_destroy(struct scatter *scatter); /* accepts NULL */

/* Collective, MPI_Scatterv. On rank 0 `heat` holds `count` entries with global cell numbers x*gny +
 * y in rising order (layout of struct slab_heat); ignored elsewhere. *mine are this rank's entries
 * with local cell numbers in rising order, owned by the scatter, valid until its next call.
 * Allocates only when a window is larger than any before. */
enum status scatter_heat(struct scatter *scatter, const struct slab_heat *heat, int64_t count,
                         const struct slab_heat **mine, int *mine_count,
                         struct error *err) MUST_CHECK;

#endif
