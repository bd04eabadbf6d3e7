#include "watch/terminal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arith.h"
#include "base/memory.h"
#include "palette.h"

enum { TEXT_LINES = 2, BAR = 24, NOTHING = -1 };

/* From cold to hot. */
static const char ramp[] = " .:-=+*#%@";

/* A frame on its way to text. */
struct drawing {
    const struct terminal_screen *screen;
    const struct terminal_frame *frame;
    struct palette palette;
    struct watch_row record;
    double low, high;
    int width, height; /* pixels */
    double *pixels;    /* [height][width], from the top */
    int front, back;   /* colours that the terminal has; NOTHING: its own */
    struct buffer *text;
};

enum terminal_colours terminal_colours_by(const char *no_color, const char *term,
                                          const char *colorterm)
{
    if ((no_color && *no_color) || !term || !*term || strcmp(term, "dumb") == 0)
        return TERMINAL_PLAIN;
    bool true_colour = colorterm && (strstr(colorterm, "truecolor") || strstr(colorterm, "24bit"));
    return true_colour || strstr(term, "direct") ? TERMINAL_TRUE : TERMINAL_256;
}

/* A character is twice as high as wide: two pixels, or without colours one. */
static void find_size(struct drawing *drawing)
{
    const struct terminal_screen *screen = drawing->screen;
    const struct terminal_frame *frame = drawing->frame;
    int foot = frame->foot != NULL;
    bool plain = screen->colours == TERMINAL_PLAIN;
    double wide = (double)frame->gnx * frame->dx, high = (double)frame->gny * frame->dy;
    double most_wide = screen->columns, most_high = 2.0 * (screen->lines - TEXT_LINES - foot);
    double scale = fmin(most_wide / wide, most_high / high);
    drawing->width = (int)fmax(1, floor(wide * scale + 1e-9));
    drawing->height = (int)fmax(1, floor(high * scale / (plain ? 2 : 1) + 1e-9));
}

/* Cells first .. end - 1 of a side with `cells`, for pixel `at` of `pixels`: at least one. */
static void cells_of(int64_t cells, int pixels, int at, int64_t *first, int64_t *end)
{
    *first = cells * at / pixels;
    *end = max_int64(*first + 1, cells * (at + 1) / pixels);
}

static enum status read_line(struct drawing *drawing, int line, float **cells, struct error *err)
{
    const struct terminal_frame *frame = drawing->frame;
    struct watch_box box = {0, 0, frame->gnx, 0};
    cells_of(frame->gny, drawing->height, drawing->height - 1 - line, &box.y0, &box.y1);
    int64_t height = box.y1 - box.y0;
    *cells = memory_block((size_t)(frame->gnx * height) * sizeof **cells);
    TRY(frame->rows->cells(frame->rows->context, frame->row, &box, *cells, err));
    for (int i = 0; i < drawing->width; i++) {
        int64_t x0, x1;
        double sum = 0;
        cells_of(frame->gnx, drawing->width, i, &x0, &x1);
        for (int64_t y = 0; y < height; y++)
            for (int64_t x = x0; x < x1; x++)
                sum += (double)(*cells)[y * frame->gnx + x];
        drawing->pixels[line * drawing->width + i] = sum / (double)((x1 - x0) * height);
    }
    return STATUS_OK;
}

static enum status read_pixels(struct drawing *drawing, struct error *err)
{
    for (int line = 0; line < drawing->height; line++) {
        float *cells = NULL;
        enum status status = read_line(drawing, line, &cells, err);
        free(cells);
        TRY(status);
    }
    return STATUS_OK;
}

/* 0 .. steps - 1 by the range, NOTHING for what is no number. */
static int step_of(const struct drawing *drawing, double value, int steps)
{
    double low = drawing->low, high = drawing->high;
    if (!isfinite(value))
        return NOTHING;
    double t = high > low ? (value - low) / (high - low) : 0.5;
    return (int)fmin(steps - 1, fmax(0, floor(t * steps)));
}

static void put_colour(struct drawing *drawing, int step, bool front)
{
    int *present = front ? &drawing->front : &drawing->back;
    if (*present == step)
        return;
    *present = step;
    const uint8_t *rgb = step == NOTHING ? NULL : drawing->palette.rgb[step];
    if (!rgb)
        buffer_printf(drawing->text, "\x1b[%dm", front ? 39 : 49);
    else if (drawing->screen->colours == TERMINAL_TRUE)
        buffer_printf(drawing->text, "\x1b[%d;2;%d;%d;%dm", front ? 38 : 48, rgb[0], rgb[1],
                      rgb[2]);
    else
        buffer_printf(drawing->text, "\x1b[%d;5;%dm", front ? 38 : 48, palette_nearest(rgb));
}

static void reset_colours(struct drawing *drawing)
{
    if (drawing->front != NOTHING || drawing->back != NOTHING)
        buffer_printf(drawing->text, "\x1b[0m");
    drawing->front = drawing->back = NOTHING;
}

static void end_line(struct drawing *drawing)
{
    if (drawing->screen->colours != TERMINAL_PLAIN)
        reset_colours(drawing);
    buffer_printf(drawing->text, "%s\n", drawing->screen->redraw ? "\x1b[K" : "");
}

/* As much of a line as has room; UTF-8 is not cut within a character. */
static void put_text(struct drawing *drawing, const char *line)
{
    size_t size = 0;
    for (int columns = 0; line[size]; size++) {
        bool begins = ((unsigned char)line[size] & 0xc0) != 0x80;
        if (begins && ++columns > drawing->screen->columns)
            break;
    }
    buffer_append(drawing->text, line, size);
    end_line(drawing);
}

static void put_head(struct drawing *drawing)
{
    char time_text[64], line[512];
    const struct watch_row *record = &drawing->record;
    time_t seconds = (time_t)(record->event_time_ms / 1000);
    int64_t ms = record->event_time_ms % 1000;
    struct tm parts;
    if (ms < 0) {
        seconds--;
        ms += 1000;
    }
    if (gmtime_r(&seconds, &parts) && strftime(line, sizeof line, "%Y-%m-%d %H:%M:%S", &parts) > 0)
        snprintf(time_text, sizeof time_text, "%.40s.%03d", line, (int)ms);
    else
        snprintf(time_text, sizeof time_text, "%lld ms", (long long)record->event_time_ms);
    snprintf(line, sizeof line, "%.200s  window %lld  %s UTC  revision %lld%s",
             drawing->frame->name, (long long)record->window, time_text,
             (long long)record->revision, record->final ? "" : "  provisional");
    put_text(drawing, line);
}

static void put_plain_line(struct drawing *drawing, int line)
{
    const double *pixels = drawing->pixels + (ptrdiff_t)line * drawing->width;
    for (int i = 0; i < drawing->width; i++) {
        int step = step_of(drawing, pixels[i], (int)sizeof ramp - 1);
        buffer_put_u8(drawing->text, (uint8_t)(step == NOTHING ? '?' : ramp[step]));
    }
    end_line(drawing);
}

/* The upper half of each character is its front, the lower one its back. */
static void put_blocks(struct drawing *drawing, int line)
{
    const double *upper = drawing->pixels + (ptrdiff_t)line * drawing->width;
    bool has_lower = line + 1 < drawing->height;
    for (int i = 0; i < drawing->width; i++) {
        double lower = has_lower ? upper[i + drawing->width] : NAN;
        put_colour(drawing, step_of(drawing, upper[i], PALETTE_STEPS), true);
        put_colour(drawing, step_of(drawing, lower, PALETTE_STEPS), false);
        buffer_printf(drawing->text, "\u2580");
    }
    end_line(drawing);
}

static void put_map(struct drawing *drawing)
{
    if (drawing->screen->colours == TERMINAL_PLAIN)
        for (int line = 0; line < drawing->height; line++)
            put_plain_line(drawing, line);
    else
        for (int line = 0; line < drawing->height; line += 2)
            put_blocks(drawing, line);
}

static void put_bar(struct drawing *drawing)
{
    char low[32], high[32];
    int room = drawing->screen->columns;
    int low_size = snprintf(low, sizeof low, "%.4g K ", drawing->low);
    int high_size = snprintf(high, sizeof high, " %.4g K", drawing->high);
    int steps = min_int64(BAR, room - low_size - high_size) > 0
                    ? (int)min_int64(BAR, room - low_size - high_size)
                    : 0;
    buffer_printf(drawing->text, "%.*s", room, low);
    for (int i = 0; i < steps; i++) {
        double t = (i + 0.5) / steps;
        if (drawing->screen->colours == TERMINAL_PLAIN) {
            buffer_put_u8(drawing->text, (uint8_t)ramp[(int)(t * (double)(sizeof ramp - 1))]);
            continue;
        }
        put_colour(drawing, (int)(t * PALETTE_STEPS), false);
        buffer_put_u8(drawing->text, ' ');
    }
    if (drawing->screen->colours != TERMINAL_PLAIN)
        reset_colours(drawing);
    if (low_size < room)
        buffer_printf(drawing->text, "%.*s", room - low_size - steps, high);
    end_line(drawing);
}

static enum status draw(struct drawing *drawing, struct error *err)
{
    TRY(read_pixels(drawing, err));
    put_head(drawing);
    put_map(drawing);
    put_bar(drawing);
    if (drawing->frame->foot)
        put_text(drawing, drawing->frame->foot);
    if (drawing->screen->redraw) {
        drawing->text->size--; /* the last line's end would scroll a full screen */
        buffer_printf(drawing->text, "\x1b[J");
    }
    return STATUS_OK;
}

enum status terminal_draw(const struct terminal_screen *screen, const struct terminal_frame *frame,
                          struct buffer *text, struct error *err)
{
    struct terminal_screen bounded = *screen;
    bounded.columns = (int)max_int64(TERMINAL_LEAST, min_int64(TERMINAL_MOST, screen->columns));
    bounded.lines = (int)max_int64(TERMINAL_LEAST, min_int64(TERMINAL_MOST, screen->lines));
    struct drawing drawing = {
        .screen = &bounded, .frame = frame, .front = NOTHING, .back = NOTHING, .text = text};
    size_t before = text->size;
    TRY(frame->rows->row(frame->rows->context, frame->row, &drawing.record, err));
    drawing.low = isnan(frame->low) ? drawing.record.t_min : frame->low;
    drawing.high = isnan(frame->high) ? drawing.record.t_max : frame->high;
    if (bounded.colours != TERMINAL_PLAIN)
        palette_make(&drawing.palette);
    find_size(&drawing);
    drawing.pixels =
        memory_block((size_t)drawing.width * (size_t)drawing.height * sizeof *drawing.pixels);
    enum status status = draw(&drawing, err);
    free(drawing.pixels);
    if (status != STATUS_OK)
        text->size = before;
    return status;
}
