/* Pictures of frames, pixel by pixel and bit by bit as the contract has them. */
#include "watch/view.h"

#include <math.h>
#include <string.h>

#include "splitmix.h"
#include "unit.h"

struct made {
    int64_t nx, ny;
    float *cells;
    int64_t most; /* cells asked for at once */
};

static enum status get_row(void *context, int64_t row, struct watch_row *out, struct error *err)
{
    (void)context, (void)err;
    *out = (struct watch_row){.window = row, .revision = 3};
    return STATUS_OK;
}

static enum status get_cells(void *context, int64_t row, const struct watch_box *box, float *cells,
                             struct error *err)
{
    struct made *made = context;
    if (row == 1)
        return error_set(err, STATUS_NO_INPUT, "row 1 is not there");
    int64_t count = (box->x1 - box->x0) * (box->y1 - box->y0);
    made->most = count > made->most ? count : made->most;
    for (int64_t y = box->y0; y < box->y1; y++)
        for (int64_t x = box->x0; x < box->x1; x++)
            *cells++ = made->cells[y * made->nx + x];
    return STATUS_OK;
}

/* Large values that cancel each other and swallow small ones, so that another order of a sum is
 * another sum; some are none. */
static struct made make(int64_t nx, int64_t ny)
{
    static const float large[] = {0x1p60F, -0x1p60F};
    uint64_t dice = 77;
    struct made made = {.nx = nx, .ny = ny, .cells = malloc((size_t)(nx * ny) * sizeof(float))};
    CU_ASSERT_PTR_NOT_NULL_FATAL(made.cells);
    for (int64_t i = 0; i < nx * ny; i++) {
        unsigned kind = roll(&dice, 3);
        made.cells[i] = kind < 2 ? large[kind] : (float)roll(&dice, 1000) / 7;
    }
    made.cells[nx + 1] = NAN;
    made.cells[2 * nx - 1] = -INFINITY;
    return made;
}

static float pixel_of(const struct made *made, const struct view *view, int64_t scale, int64_t px,
                      int64_t py)
{
    const struct watch_box *box = &view->box;
    double sum = 0, count = 0;
    float min = INFINITY, max = -INFINITY;
    for (int64_t y = box->y0 + py * scale; y < box->y0 + (py + 1) * scale && y < box->y1; y++)
        for (int64_t x = box->x0 + px * scale; x < box->x0 + (px + 1) * scale && x < box->x1; x++) {
            float cell = made->cells[y * made->nx + x];
            sum += (double)cell;
            count++;
            min = cell < min ? cell : min;
            max = cell > max ? cell : max;
        }
    return view->stat == VIEW_MEAN ? (float)(sum / count) : view->stat == VIEW_MIN ? min : max;
}

static void compare(struct made *made, const struct view *view)
{
    struct error err;
    struct buffer picture = {0};
    const struct watch_rows rows = {.context = made, .row = get_row, .cells = get_cells};
    int64_t scale = view_scale(&view->box), differing = 0;
    int64_t width = (view->box.x1 - view->box.x0 + scale - 1) / scale;
    int64_t height = (view->box.y1 - view->box.y0 + scale - 1) / scale;
    CU_ASSERT_EQUAL_FATAL(view_make(&rows, view, &picture, &err), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(picture.size, VIEW_HEADER + (size_t)(width * height) * sizeof(float));
    for (int64_t y = 0; y < height; y++)
        for (int64_t x = 0; x < width; x++) {
            float expected = pixel_of(made, view, scale, x, y), found;
            memcpy(&found, picture.data + VIEW_HEADER + 4 * (y * width + x), sizeof found);
            differing +=
                !(isnan(expected) && isnan(found)) && memcmp(&expected, &found, sizeof found) != 0;
        }
    CU_ASSERT_EQUAL(differing, 0);
    buffer_release(&picture);
}

static void compare_stats(struct made *made, struct watch_box box)
{
    for (int stat = VIEW_MEAN; stat <= VIEW_MAX; stat++)
        compare(made, &(struct view){.box = box, .stat = (enum view_stat)stat});
}

static void every_pixel_is_what_the_contract_says(void)
{
    struct made made = make(2111, 1301); /* nothing divides anything */
    compare_stats(&made, (struct watch_box){0, 0, 2111, 1301});
    compare_stats(&made, (struct watch_box){0, 0, 512, 512});
    compare_stats(&made, (struct watch_box){3, 1, 1030, 1301});
    compare_stats(&made, (struct watch_box){1, 1, 2, 1301});
    compare_stats(&made, (struct watch_box){0, 1, 2111, 2});
    compare_stats(&made, (struct watch_box){2110, 1300, 2111, 1301});
    free(made.cells);
}

static void a_large_frame_is_read_in_bands(void)
{
    struct made made = make(64, 9001);
    compare_stats(&made, (struct watch_box){0, 0, 64, 9001});
    CU_ASSERT(made.most <= 64 * 64);
    free(made.cells);
}

static void nothing_is_left_of_a_picture_that_cannot_be_made(void)
{
    struct error err;
    struct made made = make(9, 9);
    struct buffer picture = {0};
    const struct watch_rows rows = {.context = &made, .row = get_row, .cells = get_cells};
    buffer_put_u8(&picture, 7);
    struct view view = {.row = 1, .box = {0, 0, 9, 9}};
    CU_ASSERT_EQUAL(view_make(&rows, &view, &picture, &err), STATUS_NO_INPUT);
    CU_ASSERT_EQUAL(picture.size, 1);
    buffer_release(&picture);
    free(made.cells);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(every_pixel_is_what_the_contract_says),
        UNIT_TEST(a_large_frame_is_read_in_bands),
        UNIT_TEST(nothing_is_left_of_a_picture_that_cannot_be_made),
    };
    return unit_run("view", tests, UNIT_COUNT(tests));
}
