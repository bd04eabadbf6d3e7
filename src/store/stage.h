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
 *     tiles at their places               1.31      1.31               1.34      1.66
 *
 * Where processors are free a thread of the rank writes them: one rank of two processors takes
 * 1.3 ms a frame of 1024 x 1024 for 2.1 ms, and 27 for 41 at 4096 x 4096, in a row; amid steps,
 * measured and digested first, a frame adds 3.1 ms for 3.7, and 44 for 57.
 *
 * Not kept: AVX2 for it, eight columns by eight rows (a frame of 40 x 40 in 10.5 us, not 12; one of
 * 1024 x 1024, which waits for memory, as before); panels shared out to two threads on two free
 * cores (2.2 times pwrite(2), not 2.7, at 1024 x 1024 and 1.9, not 2.6, at 4096 x 4096: the kernel
 * takes writes to one file one after the other); the next column fetched ahead (what a frame adds
 * to a run of 1024 x 1024 2.5 ms, not 2.9, but 46 ms, not 44.5, to one of 4096 x 4096); measuring
 * and digesting the f64 values of a panel right before it is converted (38 ms, not 44, and 2.9 ms,
 * as before), for which a frame would have to be written before it is known to be finite. */
#ifndef HEATSTREAM_STORE_STAGE_H
#define HEATSTREAM_STORE_STAGE_H

#include "segment.h"
#include "store/digest.h"

struct stage;

/* How panels get into the file: the latter two into direct segments (segment.h). */
enum stage_way {
    STAGE_TOGETHER, /* in collective calls of HDF5 */
    STAGE_TILES,
    STAGE_BEHIND, /* tiles, by a thread, while the next panel is converted or the field stepped */
};

/* Local. `tile` as of the file's chunks. Takes a panel of cells as stored, with STAGE_BEHIND those
 * of the slab or as many as fit into 16 MiB, at least two, and, for f32, some columns. NULL when
 * memory or threads are short. */
struct stage *stage_create(const struct domain *domain, bool f64, int64_t tile, enum stage_way way);
void stage_destroy(struct stage *stage); /* accepts NULL */

/* Collective: converts and transposes the field and writes it to a row of the segment; *stored is
 * the digest of the values as they are stored, column by column. After a failure of its own a rank
 * joins the others' writes; *stored is then of no use. With STAGE_BEHIND the segment is borrowed
 * and the row not in the file until stage_settle(), which tells of failures. */
enum status stage_write(struct stage *stage, struct digester *digester, const struct field *field,
                        struct segment *segment, int64_t row, struct digest *stored,
                        struct error *err) MUST_CHECK;

/* Local: what was handed over is in the files on return; STATUS_IO when something is not. */
enum status stage_settle(struct stage *stage, struct error *err) MUST_CHECK;

/* Collective: converts and transposes a field of which no rank has more than a panel, which is so
 * where the tile is as wide as the grid: rows [ny][nx] of the slab. Returns *stored of above. */
struct digest stage_take(struct stage *stage, struct digester *digester, const struct field *field,
                         void *rows);

/* Local, settled: *most becomes the largest |new - old| between the field as stage_write() would
 * store it and what this rank's slab of a row holds in the file. */
enum status stage_compare(struct stage *stage, const struct field *field, struct segment *segment,
                          int64_t row, double *most, struct error *err) MUST_CHECK;

#endif
