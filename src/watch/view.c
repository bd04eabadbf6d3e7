#include "watch/view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/memory.h"

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

/* What is left of the cells of one pixel. */
struct reduction {
    double sum;
    float min, max;
    int64_t cells;
};

static void take_cells(struct reduction *into, const float *cells, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        into->sum += (double)cells[i];
        into->min = cells[i] < into->min ? cells[i] : into->min;
        into->max = cells[i] > into->max ? cells[i] : into->max;
    }
    into->cells += count;
}

static float result_of(const struct reduction *from, enum view_stat stat)
{
    if (stat == VIEW_MEAN)
        return (float)(from->sum / (double)from->cells);
    return stat == VIEW_MIN ? from->min : from->max;
}

/* One line of pixels from the `height` lines of cells below it. */
static void reduce_line(const float *cells, int64_t width, int64_t height, int64_t scale,
                        enum view_stat stat, float *line)
{
    for (int64_t x = 0; x < width; x += scale) {
        int64_t count = min_int64(scale, width - x);
        struct reduction reduction = {.min = INFINITY, .max = -INFINITY};
        for (int64_t y = 0; y < height; y++)
            take_cells(&reduction, cells + y * width + x, count);
        line[x / scale] = result_of(&reduction, stat);
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

/* Bands of whole pixels are read, so that a frame of any size takes little memory. */
static enum status put_bands(const struct watch_rows *rows, const struct view *view, int64_t scale,
                             struct buffer *picture, struct error *err)
{
    const struct watch_box *box = &view->box;
    int64_t width = box->x1 - box->x0, line_pixels = pixels(width, scale);
    float *cells = memory_block((size_t)(width * scale) * sizeof *cells);
    enum status status = STATUS_OK;
    for (int64_t y = box->y0; y < box->y1 && status == STATUS_OK; y += scale) {
        struct watch_box band = {box->x0, y, box->x1, min_int64(y + scale, box->y1)};
        status = rows->cells(rows->context, view->row, &band, cells, err);
        if (status != STATUS_OK)
            break;
        size_t size = (size_t)line_pixels * sizeof(float);
        reduce_line(cells, width, band.y1 - band.y0, scale, view->stat,
                    buffer_reserve(picture, size));
        picture->size += size;
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
