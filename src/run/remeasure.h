/* Statistics of regions from stored cells: the same sums in the same order as in a run (regions.h),
 * of the values as they are stored. Without MPI. */
#ifndef HEATSTREAM_RUN_REMEASURE_H
#define HEATSTREAM_RUN_REMEASURE_H

#include <stdbool.h>

#include "deck/deck.h"
#include "stored.h"

struct remeasure;

/* Of the deck's regions with wanted[region], at least one, and with all of the deck's percentiles.
 * Reads through `stored`, which is borrowed. STATUS_NO_INPUT when memory is short: as many doubles
 * as the box around them has cells. */
enum status remeasure_create(const struct stored *stored, const struct deck *deck,
                             const bool *wanted, struct remeasure **made,
                             struct error *err) MUST_CHECK;
void remeasure_destroy(struct remeasure *remeasure); /* accepts NULL */

/* One thread at a time. *stats becomes [wanted region, in order][3 + percentiles], valid until the
 * next call. */
enum status remeasure_row(struct remeasure *remeasure, int64_t row, const double **stats,
                          struct error *err) MUST_CHECK;

#endif
