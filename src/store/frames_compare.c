#include "store/frames_compare.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arith.h"
#include "base/isolated.h"
#include "frames_set.h"
#include "groups_compare.h"
#include "store/segments.h"

_Static_assert(SERIES_COLUMNS <= (int)COMPARE_COLUMNS, "a bit for every column");

enum message_kind { MESSAGE_SIDES, MESSAGE_FRAME, MESSAGE_THING };

struct message {
    int64_t kind;
    struct compare_side a, b;
    struct compare_frame frame;
    struct compare_thing thing;
};

struct comparing {
    const char *a, *b;
    const struct compare_visit *visit;
};

/* One side while it is read. */
struct side {
    struct frames_set *set;
    struct frames_shape shape;
    int64_t row; /* the next one to be looked at */
    struct series_record record;
    struct frames_reader *reader; /* of the record, at its row `local` */
    int64_t local;
};

const char *compare_column_name(int column)
{
    return column < SERIES_COLUMNS ? series_column(column)->path : NULL;
}

bool compare_same_grid(const struct compare_side *a, const struct compare_side *b)
{
    return a->gnx == b->gnx && a->gny == b->gny && a->dx == b->dx && a->dy == b->dy;
}

/* The next written row; *more is false at the end. */
static enum status advance(struct side *side, bool *more, struct error *err)
{
    for (; side->row < side->shape.rows; side->row++) {
        TRY(frames_set_find(side->set, side->row, &side->reader, &side->local, err));
        TRY(frames_reader_series(side->reader, side->local, &side->record, err));
        if (side->record.window >= 0) {
            *more = true;
            return STATUS_OK;
        }
    }
    *more = false;
    return STATUS_OK;
}

static double cell_at(const void *cells, bool f64, int64_t i)
{
    return f64 ? ((const double *)cells)[i] : (double)((const float *)cells)[i];
}

/* gcc 12 leaves both conversions out where it makes vectors of them. */
static double rounded_to_f32(double value)
{
    volatile float rounded = (float)value;
    return (double)rounded;
}

/* The values of a cell, and whether they are the same bits, in the type that both can have. */
static bool same_cell(const struct side *sides, const void *const *cells, int64_t i, double *values)
{
    for (int s = 0; s < 2; s++)
        values[s] = cell_at(cells[s], sides[s].shape.f64, i);
    if (sides[0].shape.f64 != sides[1].shape.f64)
        for (int s = 0; s < 2; s++)
            values[s] = rounded_to_f32(values[s]);
    return memcmp(&values[0], &values[1], sizeof values[0]) == 0;
}

static void note_difference(struct compare_frame *frame, int64_t x, int64_t y, const double *values)
{
    double difference = values[0] - values[1];
    double size = isnan(difference) ? (double)INFINITY : fabs(difference);
    if (frame->cells++ == 0) {
        frame->x = x;
        frame->y = y;
        frame->a = values[0];
        frame->b = values[1];
    }
    if (frame->cells == 1 || size > frame->max) {
        frame->max = size;
        frame->max_x = x;
        frame->max_y = y;
    }
    frame->sum_of_squares += size * size;
}

/* Cells of `nx` columns from x0 on, [nx][ny] each. */
static void compare_columns(const struct side *sides, const void *const *cells, int64_t x0,
                            int64_t nx, struct compare_frame *frame)
{
    int64_t ny = sides[0].shape.gny;
    size_t size = (size_t)frame_cell_bytes(sides[0].shape.f64);
    if (sides[0].shape.f64 == sides[1].shape.f64 &&
        memcmp(cells[0], cells[1], (size_t)(nx * ny) * size) == 0)
        return;
    for (int64_t i = 0; i < nx * ny; i++) {
        double values[2];
        if (!same_cell(sides, cells, i, values))
            note_difference(frame, x0 + i / ny, i % ny, values);
    }
}

static enum status compare_cells(const struct side *sides, struct compare_frame *frame,
                                 struct error *err)
{
    int64_t gnx = sides[0].shape.gnx;
    int64_t width =
        min_int64(frames_reader_width(sides[0].reader), frames_reader_width(sides[1].reader));
    for (int64_t x0 = 0; x0 < gnx; x0 += width) {
        const void *cells[2];
        int64_t nx = min_int64(width, gnx - x0);
        for (int s = 0; s < 2; s++)
            TRY(frames_reader_columns(sides[s].reader, sides[s].local, x0, nx, &cells[s], err));
        compare_columns(sides, cells, x0, nx, frame);
    }
    return STATUS_OK;
}

/* Of those that tell of the field and its events; the digests of the rest say nothing more. */
static uint32_t differing_columns(const struct series_record *a, const struct series_record *b)
{
    uint32_t columns = 0;
    for (int i = SERIES_WINDOW; i < SERIES_STORED_DIGEST; i++) {
        const struct series_column *column = series_column(i);
        if (memcmp((const char *)a + column->offset, (const char *)b + column->offset,
                   series_size(column->kind)) != 0)
            columns |= 1U << i;
    }
    return columns;
}

static enum status compare_groups(struct groups_compare *groups, const struct side *sides,
                                  struct error *err)
{
    struct compared_row rows[2];
    for (int s = 0; s < 2; s++)
        rows[s] = (struct compared_row){sides[s].set, sides[s].reader, sides[s].local,
                                        sides[s].record.window};
    return groups ? groups_compare_rows(groups, rows, err) : STATUS_OK;
}

static enum status compare_window(struct side *sides, bool has_a, bool has_b,
                                  struct compare_frame *frame, struct error *err)
{
    const struct series_record *a = &sides[0].record, *b = &sides[1].record;
    *frame = (struct compare_frame){.where = !has_b   ? COMPARE_ONLY_A
                                             : !has_a ? COMPARE_ONLY_B
                                                      : COMPARE_BOTH,
                                    .window = has_a ? a->window : b->window,
                                    .end_ms_a = has_a ? a->event_time : 0,
                                    .end_ms_b = has_b ? b->event_time : 0};
    if (!has_a || !has_b)
        return STATUS_OK;
    frame->same_digest = memcmp(a->digest, b->digest, sizeof a->digest) == 0;
    frame->columns = differing_columns(a, b);
    return compare_cells(sides, frame, err);
}

static enum status compare_next(struct side *sides, struct groups_compare *groups, bool *more,
                                struct isolated *isolated, struct error *err)
{
    bool has[2];
    struct message message = {.kind = MESSAGE_FRAME};
    for (int s = 0; s < 2; s++)
        TRY(advance(&sides[s], &has[s], err));
    *more = has[0] || has[1];
    if (!*more)
        return STATUS_OK;
    int64_t a = sides[0].record.window, b = sides[1].record.window;
    bool both = has[0] && has[1];
    bool take_a = both ? a <= b : has[0], take_b = both ? b <= a : has[1];
    TRY(compare_window(sides, take_a, take_b, &message.frame, err));
    if (take_a && take_b)
        TRY(compare_groups(groups, sides, err));
    sides[0].row += take_a;
    sides[1].row += take_b;
    isolated_send(isolated, &message, sizeof message);
    return STATUS_OK;
}

static struct compare_side tell_side(const struct side *side)
{
    const struct frames_shape *shape = &side->shape;
    return (struct compare_side){.rows = shape->rows,
                                 .gnx = shape->gnx,
                                 .gny = shape->gny,
                                 .dx = shape->dx,
                                 .dy = shape->dy,
                                 .f64 = shape->f64};
}

static void send_thing(void *isolated, const struct compare_thing *thing)
{
    struct message message = {.kind = MESSAGE_THING, .thing = *thing};
    isolated_send(isolated, &message, sizeof message);
}

static enum status compare_all(struct side *sides, struct groups_compare *groups,
                               struct isolated *isolated, struct error *err)
{
    for (int s = 0; s < 2; s++)
        sides[s].shape = frames_set_shape(sides[s].set);
    struct message message = {
        .kind = MESSAGE_SIDES, .a = tell_side(&sides[0]), .b = tell_side(&sides[1])};
    isolated_send(isolated, &message, sizeof message);
    for (bool more = compare_same_grid(&message.a, &message.b); more;)
        TRY(compare_next(sides, groups, &more, isolated, err));
    if (groups)
        groups_compare_tell(groups, send_thing, isolated);
    return STATUS_OK;
}

static enum status work(void *context, struct isolated *isolated, struct error *err)
{
    const struct comparing *comparing = context;
    struct side sides[2] = {{0}, {0}};
    enum status status = frames_set_open(comparing->a, &sides[0].set, err);
    if (status == STATUS_OK)
        status = frames_set_open(comparing->b, &sides[1].set, err);
    struct groups_compare *groups = comparing->visit->thing ? groups_compare_create() : NULL;
    if (status == STATUS_OK)
        status = compare_all(sides, groups, isolated, err);
    groups_compare_destroy(groups);
    frames_set_close(sides[0].set);
    frames_set_close(sides[1].set);
    return status;
}

static void take(void *context, const void *bytes, size_t size)
{
    const struct compare_visit *visit = ((struct comparing *)context)->visit;
    const struct message *message = bytes;
    if (size != sizeof *message)
        return;
    if (message->kind == MESSAGE_SIDES)
        visit->sides(visit->context, &message->a, &message->b);
    else if (message->kind == MESSAGE_FRAME)
        visit->frame(visit->context, &message->frame);
    else
        visit->thing(visit->context, &message->thing);
}

enum status frames_compare(const char *a, const char *b, const struct compare_visit *visit,
                           struct error *err)
{
    char what[2 * PATH_MAX];
    struct comparing comparing = {.a = a, .b = b, .visit = visit};
    snprintf(what, sizeof what, "comparing %s with %s", a, b);
    return isolated_run(what, work, take, &comparing, err);
}
