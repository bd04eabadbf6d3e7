#include "mask.h"

#include <stdlib.h>
#include <string.h>

#include "base/durable.h"
#include "base/memory.h"
#include "deck/regions.h"

/* The start of each line of a drawing, the highest row first. */
struct drawing {
    const char *path;
    int64_t nx, ny;
    const char **lines; /* [ny] */
};

static enum status cut_lines(const struct buffer *text, struct drawing *drawing, struct error *err)
{
    const char *at = (const char *)text->data, *end = at + text->size;
    int64_t line = 0;
    for (; at < end; line++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        const char *next = stop ? stop + 1 : end;
        int64_t length = (stop ? stop : end) - at;
        length -= length > 0 && at[length - 1] == '\r';
        if (line == drawing->ny)
            return error_set(err, STATUS_BAD_DECK, "%s has more than %lld lines, grid.ny",
                             drawing->path, (long long)drawing->ny);
        if (length != drawing->nx)
            return error_set(
                err, STATUS_BAD_DECK, "line %lld of %s has %lld characters, grid.nx is %lld",
                (long long)line + 1, drawing->path, (long long)length, (long long)drawing->nx);
        drawing->lines[line] = at;
        at = next;
    }
    if (line < drawing->ny)
        return error_set(err, STATUS_BAD_DECK, "%s has %lld lines, grid.ny is %lld", drawing->path,
                         (long long)line, (long long)drawing->ny);
    return STATUS_OK;
}

static void collect_runs(const struct drawing *drawing, char mark, struct buffer *runs)
{
    for (int64_t x = 0; x < drawing->nx; x++) {
        struct deck_run run = {x, 0, 0};
        for (int64_t y = 0; y <= drawing->ny; y++) {
            bool inside = y < drawing->ny && drawing->lines[drawing->ny - 1 - y][x] == mark;
            if (inside && run.y1 == run.y0)
                run.y0 = y;
            if (inside)
                run.y1 = y + 1;
            if (!inside && run.y1 > run.y0) {
                buffer_append(runs, &run, sizeof run);
                run.y0 = run.y1 = 0;
            }
        }
    }
}

enum status mask_read(const char *path, char mark, int64_t nx, int64_t ny, struct buffer *runs,
                      struct error *err)
{
    struct buffer text = {0};
    struct drawing drawing = {path, nx, ny, memory_zeroed(ny, sizeof *drawing.lines)};
    struct error reason;
    size_t before = runs->size;
    enum status status = durable_read_file(path, &text, &reason);
    if (status != STATUS_OK)
        status = error_set(err, STATUS_BAD_DECK, "%s", reason.text);
    else
        status = cut_lines(&text, &drawing, err);
    if (status == STATUS_OK)
        collect_runs(&drawing, mark, runs);
    if (status == STATUS_OK && runs->size == before)
        status = error_set(err, STATUS_BAD_DECK, "%s has no cell marked `%c`", path, mark);
    buffer_release(&text);
    free(drawing.lines);
    return status;
}
