/* The way of a frame from memory (columns, y fastest, f64) to the file (rows, x fastest, f32 or
 * f64), a panel after the other: columns that hold whole tiles of the file, as far as the slab has
 * them, so that a tile leaves in one piece and the panel is still in the cache when it does.
 *
 * f32 frames on one rank of a busy machine as that of solve/sweep.h, into a file system in memory,
 * as multiples of pwrite(2) of the same bytes (tests/bench/part_frames.c):
 *
 *                                                        1024^2    4096^2
 *     the slab as a whole, then one H5Dwrite               3.6       4.2
 *     a panel after the other                              1.7       2.2     8 bytes a cell less
 *
 * What is left is reading the field, which is twice the bytes, and its digest. Ranks of one host
 * whose slabs are whole tiles write these themselves, at their places: in collective calls one rank
 * writes for all, after the others' cells were copied to it. Processor time of all ranks, least of
 * five turns, as multiples of that of pwrite(2):
 *
 *                               1 rank: 1024^2    4096^2    2 ranks: 1024^2    4096^2
 *     H5Dwrite                            1.46      1.61               2.27      1.97
 *     tiles at their places               1.31      1.31               1.34      1.66 */
#ifndef HEATSTREAM_STORE_STAGE_H
#define HEATSTREAM_STORE_STAGE_H

#include "segment.h"
#include "store/digest.h"

struct stage;

/* Local. `tile` as of the file's chunks; `direct` as of the segments (segment.h). Takes a panel of
 * cells as stored and, for f32, some columns. NULL when memory is short. */
struct stage *stage_create(const struct domain *domain, bool f64, int64_t tile, bool direct);
void stage_destroy(struct stage *stage); /* accepts NULL */

/* Collective: converts and transposes the field and writes it to a row of the segment; *stored is
 * the digest of the values as they are stored, column by column. After a failure of its own a rank
 * joins the others' writes; *stored is then of no use. */
enum status stage_write(struct stage *stage, struct digester *digester, const struct field *field,
                        struct segment *segment, int64_t row, struct digest *stored,
                        struct error *err) MUST_CHECK;

/* Collective: converts and transposes a field of which no rank has more than a panel, which is so
 * where the tile is as wide as the grid: rows [ny][nx] of the slab. Returns *stored of above. */
struct digest stage_take(struct stage *stage, struct digester *digester, const struct field *field,
                         void *rows);

/* Local: *most becomes the largest |new - old| between the field as stage_write() would store it
 * and what this rank's slab of a row holds in the file. */
enum status stage_compare(struct stage *stage, const struct field *field, struct segment *segment,
                          int64_t row, double *most, struct error *err) MUST_CHECK;

#endif
