/* Pictures of a part of a frame for a screen: so many cells on a side become one pixel that a
 * frame of any size stays small on its way. The same row gives the same bytes, live or replayed. */
#ifndef HEATSTREAM_WATCH_VIEW_H
#define HEATSTREAM_WATCH_VIEW_H

#include "base/buffer.h"
#include "watch/rows.h"

enum { VIEW_PIXELS = 512 }; /* on a side, at most */

/* What a pixel shows of its cells. */
enum view_stat { VIEW_MEAN, VIEW_MIN, VIEW_MAX };

struct view {
    int64_t row;
    struct watch_box box;
    enum view_stat stat;
};

/* Cells on a side of a pixel: the least power of two by which the box fits VIEW_PIXELS. */
int64_t view_scale(const struct watch_box *box);

/* Appends the picture: a header of VIEW_HEADER bytes, little-endian, then a f32 a pixel, from left
 * to right and from bottom to top. The header is "HSV1", int32 width, height and scale, int64 row,
 * revision, x0 and y0. Blocks are cut off at the box; the mean of one is its sum in doubles, from
 * left to right, then bottom to top, divided by its cells, rounded to f32. */
enum { VIEW_HEADER = 48 };
enum status view_make(const struct watch_rows *rows, const struct view *view,
                      struct buffer *picture, struct error *err) MUST_CHECK;

#endif
