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

/* Entries in one call of MPI, which counts in int: 1 GiB of them. */
enum { SCATTER_MOST = 1 << 26 };

/* Local. At most `most` entries are sent at once, a longer window by several calls. What it takes
 * grows with the number of ranks on rank 0 only. The domain is borrowed. */
struct scatter *scatter_create(const struct domain *domain, int most);
void scatter_destroy(struct scatter *scatter); /* accepts NULL */

/* Collective, MPI_Scatterv; of large windows in patience (grid/patience.h). On rank 0 `heat` holds
 * `count` entries with global cell numbers x*gny + y in rising order (layout of struct slab_heat);
 * both are ignored elsewhere. Returns the number of this rank's entries; *mine are these with local
 * cell numbers in rising order, owned by the scatter, valid until its next call. Allocates only
 * when a window is larger than any before. */
int64_t scatter_heat(struct scatter *scatter, const struct slab_heat *heat, int64_t count,
                     const struct slab_heat **mine);

#endif
