/* Frames as text: what is drawn where, in the colours a terminal has. Cell (x, y) is x + 100 y;
 * one is no number. */
#include "watch/terminal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

enum { NX = 6, NY = 4 };

static enum status get_row(void *context, int64_t row, struct watch_row *out, struct error *err)
{
    const int64_t *time_ms = context;
    if (row != 3)
        return error_set(err, STATUS_NO_INPUT, "no row %lld", (long long)row);
    *out = (struct watch_row){.window = 7,
                              .event_time_ms = *time_ms,
                              .revision = 2,
                              .t_min = 0,
                              .t_max = NX - 1 + 100 * (NY - 1)};
    return STATUS_OK;
}

static enum status get_cells(void *context, int64_t row, const struct watch_box *box, float *cells,
                             struct error *err)
{
    (void)context, (void)row, (void)err;
    for (int64_t y = box->y0; y < box->y1; y++)
        for (int64_t x = box->x0; x < box->x1; x++)
            *cells++ = x == 2 && y == 1 ? NAN : (float)(x + 100 * y);
    return STATUS_OK;
}

static enum status draw_at(int64_t time_ms, int64_t row, const struct terminal_screen *screen,
                           struct buffer *text)
{
    struct error err;
    const struct watch_rows rows = {.context = &time_ms, .row = get_row, .cells = get_cells};
    const struct terminal_frame frame = {.rows = &rows,
                                         .row = row,
                                         .gnx = NX,
                                         .gny = NY,
                                         .dx = 1,
                                         .dy = 1,
                                         .low = NAN,
                                         .high = NAN,
                                         .name = "r\u00fcn",
                                         .foot = "foot"};
    buffer_clear(text);
    enum status status = terminal_draw(screen, &frame, text, &err);
    buffer_put_u8(text, '\0');
    text->size--;
    return status;
}

static const char *drawn(const struct terminal_screen *screen, struct buffer *text)
{
    CU_ASSERT_EQUAL(draw_at(1500, 3, screen, text), STATUS_OK);
    return (const char *)text->data;
}

static void colours_are_those_that_the_terminal_says(void)
{
    CU_ASSERT_EQUAL(terminal_colours_by(NULL, "xterm-256color", NULL), TERMINAL_256);
    CU_ASSERT_EQUAL(terminal_colours_by("", "xterm", "truecolor"), TERMINAL_TRUE);
    CU_ASSERT_EQUAL(terminal_colours_by(NULL, "xterm-direct", NULL), TERMINAL_TRUE);
    CU_ASSERT_EQUAL(terminal_colours_by("1", "xterm-256color", "truecolor"), TERMINAL_PLAIN);
    CU_ASSERT_EQUAL(terminal_colours_by(NULL, "dumb", "truecolor"), TERMINAL_PLAIN);
    CU_ASSERT_EQUAL(terminal_colours_by(NULL, NULL, "24bit"), TERMINAL_PLAIN);
}

static void a_character_is_twice_as_high_as_a_cell_and_the_highest_row_comes_first(void)
{
    struct buffer text = {0};
    const struct terminal_screen screen = {TERMINAL_PLAIN, 80, 8, false};
    CU_ASSERT_STRING_EQUAL(
        drawn(&screen, &text),
        "r\u00fcn  window 7  1970-01-01 00:00:01.500 UTC  revision 2  provisional\n"
        "@@@@@@@@@@@@@@@\n"
        "***************\n"
        "-----\?\?\?-------\n"
        "               \n"
        "               \n"
        "0 K   ...::---==++***##%%%@@ 305 K\n"
        "foot\n");
    buffer_release(&text);
}

static int count(const char *text, const char *part)
{
    int found = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
        found++;
    return found;
}

static void half_blocks_show_two_rows_in_a_line(void)
{
    struct buffer text = {0};
    const char *found = drawn(&(struct terminal_screen){TERMINAL_TRUE, 6, 9, false}, &text);
    CU_ASSERT_EQUAL(count(found, "\u2580"), 8 * 5 / 2 + 4); /* 8 columns are the least: 8 x 5 */
    CU_ASSERT_PTR_NOT_NULL(strstr(found, "\x1b[38;2;"));
    CU_ASSERT(strstr(found, "\x1b[49m") || strstr(found, "\x1b[39m")); /* no number, no colour */
    CU_ASSERT_PTR_NULL(strstr(found, "\x1b[K"));
    found = drawn(&(struct terminal_screen){TERMINAL_256, 80, 24, true}, &text);
    CU_ASSERT_PTR_NOT_NULL(strstr(found, "\x1b[48;5;"));
    CU_ASSERT_PTR_NULL(strstr(found, ";2;"));
    CU_ASSERT_EQUAL(count(found, "\n"), count(found, "\x1b[K") - 1); /* no end after the last */
    buffer_release(&text);
}

static void no_screen_is_too_small_and_none_is_left(void)
{
    struct buffer text = {0};
    for (int columns = -1; columns < 40; columns += 3)
        for (int lines = -1; lines < 30; lines += 3) {
            const struct terminal_screen screen = {TERMINAL_PLAIN, columns, lines, false};
            const char *found = drawn(&screen, &text);
            int most = lines < TERMINAL_LEAST ? TERMINAL_LEAST : lines;
            int wide = columns < TERMINAL_LEAST ? TERMINAL_LEAST : columns;
            CU_ASSERT(count(found, "\n") <= most);
            for (const char *line = found; *line; line = strchr(line, '\n') + 1)
                CU_ASSERT((int)strcspn(line, "\n") <= wide + 1); /* a letter of two bytes */
        }
    buffer_release(&text);
}

static void times_before_1970_and_beyond_the_calendar_are_told(void)
{
    const struct terminal_screen screen = {TERMINAL_PLAIN, 80, 24, false};
    struct buffer text = {0};
    CU_ASSERT_EQUAL(draw_at(-1, 3, &screen, &text), STATUS_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr((const char *)text.data, "1969-12-31 23:59:59.999"));
    CU_ASSERT_EQUAL(draw_at(INT64_MIN, 3, &screen, &text), STATUS_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr((const char *)text.data, "  -292275055-05-16 16:47:04.192 UTC"));
    buffer_release(&text);
}

static void a_frame_that_is_not_there_leaves_nothing(void)
{
    struct buffer text = {0};
    const struct terminal_screen screen = {TERMINAL_PLAIN, 80, 24, false};
    CU_ASSERT_EQUAL(draw_at(0, 4, &screen, &text), STATUS_NO_INPUT);
    CU_ASSERT_EQUAL(text.size, 0);
    buffer_release(&text);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(colours_are_those_that_the_terminal_says),
        UNIT_TEST(a_character_is_twice_as_high_as_a_cell_and_the_highest_row_comes_first),
        UNIT_TEST(half_blocks_show_two_rows_in_a_line),
        UNIT_TEST(no_screen_is_too_small_and_none_is_left),
        UNIT_TEST(times_before_1970_and_beyond_the_calendar_are_told),
        UNIT_TEST(a_frame_that_is_not_there_leaves_nothing),
    };
    return unit_run("terminal", tests, UNIT_COUNT(tests));
}
