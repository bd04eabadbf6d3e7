/* A thread that writes tiles of cells to the segments, so that whoever staged them goes on. Where
 * it pays, and what it gains: stage.h. Internal to store/. */
#ifndef HEATSTREAM_STORE_TILE_WRITER_H
#define HEATSTREAM_STORE_TILE_WRITER_H

#include "segment.h"

struct tile_writer;

/* Room for `count` slabs of `bytes` each; NULL when memory or threads are short. */
struct tile_writer *tile_writer_create(int count, size_t bytes);
void tile_writer_destroy(struct tile_writer *writer); /* after what it has; accepts NULL */

/* Where the next slab goes; waits for the thread when there is no room for it. */
void *tile_writer_room(struct tile_writer *writer);

/* Hands that slab over: tiles as of a direct segment, which is borrowed until tile_writer_wait().
 * Only its cells, x0, nx and ny count, and its cells are those of tile_writer_room(). */
void tile_writer_give(struct tile_writer *writer, const struct segment *segment, int64_t row,
                      const struct segment_slab *slab);

/* All that was handed over is in the files on return; STATUS_IO when some of what was since the
 * last call is not. */
enum status tile_writer_wait(struct tile_writer *writer, struct error *err) MUST_CHECK;

#endif
