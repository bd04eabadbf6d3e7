#include "watch/view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/memory.h"

enum { LANES = 8, BAND_LINES = 64 }; /* both powers of two */

static int64_t pixels(int64_t cells, int64_t scale)
{
    return (cells + scale - 1) / scale;
}

int64_t view_scale(const struct watch_box *box)
{
    int64_t longest = max_int64(box->x1 - box->x0, box->y1 - box->y0), scale = 1;
    while (pixels(longest, scale) > VIEW_PIXELS)
        scale *= 2;
    return scale;
}

/* Cells below a pixel, taken in the order of the contract. Pixels beside each other do not wait for
 * one another, so LANES of them go at once. */
struct blocks {
    const float *cells;
    int64_t width, height, scale; /* of a line of the cells; of the blocks */
};

static void sum_lanes(const struct blocks *from, float *pixels)
{
    double sums[LANES] = {0};
    for (int64_t y = 0; y < from->height; y++)
        for (int64_t i = 0; i < from->scale; i++)
            for (int lane = 0; lane < LANES; lane++)
                sums[lane] += (double)from->cells[y * from->width + lane * from->scale + i];
    for (int lane = 0; lane < LANES; lane++)
        pixels[lane] = (float)(sums[lane] / (double)(from->scale * from->height));
}

static void min_lanes(const struct blocks *from, float *pixels)
{
    for (int lane = 0; lane < LANES; lane++)
        pixels[lane] = INFINITY;
    for (int64_t y = 0; y < from->height; y++)
        for (int64_t i = 0; i < from->scale; i++)
            for (int lane = 0; lane < LANES; lane++) {
                float cell = from->cells[y * from->width + lane * from->scale + i];
                pixels[lane] = cell < pixels[lane] ? cell : pixels[lane];
            }
}

static void max_lanes(const struct blocks *from, float *pixels)
{
    for (int lane = 0; lane < LANES; lane++)
        pixels[lane] = -INFINITY;
    for (int64_t y = 0; y < from->height; y++)
        for (int64_t i = 0; i < from->scale; i++)
            for (int lane = 0; lane < LANES; lane++) {
                float cell = from->cells[y * from->width + lane * from->scale + i];
                pixels[lane] = cell > pixels[lane] ? cell : pixels[lane];
            }
}

/* One that may be narrower than it is high, at the edge. */
static float reduce_block(const struct blocks *from, int64_t across, enum view_stat stat)
{
    double sum = 0;
    float min = INFINITY, max = -INFINITY;
    for (int64_t y = 0; y < from->height; y++)
        for (int64_t i = 0; i < across; i++) {
            float cell = from->cells[y * from->width + i];
            sum += (double)cell;
            min = cell < min ? cell : min;
            max = cell > max ? cell : max;
        }
    if (stat == VIEW_MEAN)
        return (float)(sum / (double)(across * from->height));
    return stat == VIEW_MIN ? min : max;
}

/* One line of pixels. */
static void reduce_line(struct blocks from, enum view_stat stat, float *line)
{
    static void (*const lanes[])(const struct blocks *from, float *pixels) = {
        [VIEW_MEAN] = sum_lanes, [VIEW_MIN] = min_lanes, [VIEW_MAX] = max_lanes};
    int64_t x = 0;
    for (; x + LANES * from.scale <= from.width; x += LANES * from.scale) {
        lanes[stat](&from, line);
        from.cells += LANES * from.scale;
        line += LANES;
    }
    for (; x < from.width; x += from.scale) {
        *line++ = reduce_block(&from, min_int64(from.scale, from.width - x), stat);
        from.cells += from.scale;
    }
}

static void put_int32(struct buffer *picture, int64_t value)
{
    for (int i = 0; i < 4; i++)
        buffer_put_u8(picture, (uint8_t)((uint64_t)value >> 8 * i));
}

static void put_header(const struct view *view, int64_t scale, int64_t revision,
                       struct buffer *picture)
{
    buffer_append(picture, "HSV1", 4);
    put_int32(picture, pixels(view->box.x1 - view->box.x0, scale));
    put_int32(picture, pixels(view->box.y1 - view->box.y0, scale));
    put_int32(picture, scale);
    buffer_put_i64(picture, view->row);
    buffer_put_i64(picture, revision);
    buffer_put_i64(picture, view->box.x0);
    buffer_put_i64(picture, view->box.y0);
}

/* Pixels of a band of cells, which is `height` lines high. */
static void put_band(const float *cells, const struct view *view, int64_t scale, int64_t height,
                     struct buffer *picture)
{
    int64_t width = view->box.x1 - view->box.x0;
    size_t size = (size_t)pixels(width, scale) * sizeof(float);
    for (int64_t y = 0; y < height; y += scale) {
        const struct blocks blocks = {cells + y * width, width, min_int64(scale, height - y),
                                      scale};
        reduce_line(blocks, view->stat, buffer_reserve(picture, size));
        picture->size += size;
    }
}

/* Bands of whole pixels are read, so that a frame of any size takes little memory. */
static enum status put_bands(const struct watch_rows *rows, const struct view *view, int64_t scale,
                             struct buffer *picture, struct error *err)
{
    const struct watch_box *box = &view->box;
    int64_t lines = max_int64(scale, BAND_LINES);
    float *cells = memory_block((size_t)((box->x1 - box->x0) * lines) * sizeof *cells);
    enum status status = STATUS_OK;
    for (int64_t y = box->y0; y < box->y1 && status == STATUS_OK; y += lines) {
        struct watch_box band = {box->x0, y, box->x1, min_int64(y + lines, box->y1)};
        status = rows->cells(rows->context, view->row, &band, cells, err);
        if (status == STATUS_OK)
            put_band(cells, view, scale, band.y1 - band.y0, picture);
    }
    free(cells);
    return status;
}

enum status view_make(const struct watch_rows *rows, const struct view *view,
                      struct buffer *picture, struct error *err)
{
    struct watch_row row;
    int64_t scale = view_scale(&view->box);
    TRY(rows->row(rows->context, view->row, &row, err));
    size_t before = picture->size;
    put_header(view, scale, row.revision, picture);
    enum status status = put_bands(rows, view, scale, picture, err);
    if (status != STATUS_OK)
        picture->size = before;
    return status;
}
