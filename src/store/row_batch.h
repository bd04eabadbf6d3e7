/* Rows of the frames that leave together: the series of one row alone are 22 writes of 1 to 32
 * bytes, but the values of consecutive rows lie one after the other in the file. So do the cells of
 * small frames of a chunk each, which wait here, too. Those of several ranks are put together on
 * rank 0, which writes them.
 *
 * Rows of 40 x 40 cells into a file system in memory, as multiples of pwrite(2) of the cells alone
 * (tests/bench/part_frames.c): 6.7 on one rank and 19 on two, where a row leaves at once and ranks
 * write cells in collective calls; 2.4 and 2.8 in batches. Of the instructions of a row in a batch
 * 54 % convert, transpose and digest it, and 39 % are what HDF5 takes to make and open a segment of
 * 30 datasets, once in 1000 rows (callgrind). */
#ifndef HEATSTREAM_STORE_ROW_BATCH_H
#define HEATSTREAM_STORE_ROW_BATCH_H

#include "segment.h"

struct row_batch;

/* Whether the cells of frames wait. Pure. */
bool row_batch_suits(int64_t gnx, int64_t gny, bool f64, int64_t tile);

/* Local; the domain and the layout are borrowed. `behind`: cells that do not wait here are on their
 * way to the file (stage.h), and the rest of their rows waits for them. */
struct row_batch *row_batch_create(const struct domain *domain, const struct layout *layout,
                                   bool behind);
void row_batch_destroy(struct row_batch *batch); /* accepts NULL */

/* What it takes at most on any rank, groups aside. */
enum { ROW_BATCH_BYTES = 3 << 18 };

/* Local, the same on all ranks: cells wait as well; rows wait for others; so many do; there is no
 * room for more. */
bool row_batch_takes_cells(const struct row_batch *batch);
bool row_batch_takes_many(const struct row_batch *batch);
int row_batch_count(const struct row_batch *batch);
bool row_batch_is_full(const struct row_batch *batch);

/* Local: where the next row's cells go, [ny][nx] of the slab, as they are stored. */
void *row_batch_cells(struct row_batch *batch);

/* Local: takes the next row; record and values are copied on rank 0, others give NULL. `panels`
 * NULL: the layout has no groups. */
void row_batch_add(struct row_batch *batch, const struct series_record *record,
                   const struct panels_row *panels);

/* Collective: writes the rows, the first of them to row `row` of the segment. They stay, so that it
 * can be tried again, until they are cleared. What failed is not agreed on. */
enum status row_batch_write(struct row_batch *batch, struct segment *segment, int64_t row,
                            struct error *err) MUST_CHECK;
void row_batch_clear(struct row_batch *batch);

#endif
