/* A frame as text for a terminal: a heat map of half blocks, its colour bar and what it is of. */
#ifndef HEATSTREAM_WATCH_TERMINAL_H
#define HEATSTREAM_WATCH_TERMINAL_H

#include "base/buffer.h"
#include "base/status.h"
#include "watch/rows.h"

/* PLAIN: without escape sequences, a character of rising density a cell. */
enum terminal_colours { TERMINAL_PLAIN, TERMINAL_256, TERMINAL_TRUE };

/* By the variables NO_COLOR (https://no-color.org), TERM and COLORTERM; NULL: not set. */
enum terminal_colours terminal_colours_by(const char *no_color, const char *term,
                                          const char *colorterm);

/* The screen: at least TERMINAL_LEAST columns and lines are taken. */
enum { TERMINAL_LEAST = 8, TERMINAL_MOST = 2000 };
struct terminal_screen {
    enum terminal_colours colours;
    int columns, lines;
    bool redraw; /* lines are cleared to their end, and below the last one */
};

/* Strings are borrowed. */
struct terminal_frame {
    const struct watch_rows *rows;
    int64_t row, gnx, gny;
    double dx, dy;
    double low, high; /* the colours' range; NaN: that of the frame */
    const char *name; /* of the run */
    const char *foot; /* the last line; NULL: none */
};

/* Appends at most screen->lines lines: run, window, end of the window and revision; the map in the
 * shape of the grid, a pixel the mean of its cells; colour bar; foot. Errors of the rows. */
enum status terminal_draw(const struct terminal_screen *screen, const struct terminal_frame *frame,
                          struct buffer *text, struct error *err) MUST_CHECK;

#endif
