#include "stored.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arith.h"
#include "base/memory.h"

enum { PATIENCE = 100 }; /* naps of 10 ms */

static void take_place(void *context, const struct row_place *place)
{
    struct stored *stored = context;
    row_reader_add(stored->reader, place);
    if (stored->first_row < 0)
        stored->first_row = place->first;
    stored->shape = *place;
}

static bool is_there(const struct stored *stored, int64_t row)
{
    struct watch_row ignored;
    struct error err;
    return stored->frames.row(stored->frames.context, row, &ignored, &err) != STATUS_NO_INPUT;
}

/* Rows are written in order, so the last one is found by halving. */
static int64_t count_rows(const struct stored *stored)
{
    int64_t low = stored->shape.first, high = stored->shape.first + stored->shape.rows;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (is_there(stored, middle))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The length of a window, and windows from one frame to the next, as the first two rows have it. */
static void measure_windows(struct stored *stored)
{
    struct watch_row second;
    struct error err;
    if (stored->rows < stored->first_row + 2 ||
        stored_row(stored, stored->first_row + 1, &second, &err) != STATUS_OK ||
        second.window <= stored->first.window)
        return;
    int64_t windows = second.window - stored->first.window;
    int64_t apart_ms = second.event_time_ms - stored->first.event_time_ms;
    stored->frames_every = windows;
    stored->window_ms = max_int64(1, apart_ms / windows);
}

/* The last part of the path. */
static char *name_of(const char *directory)
{
    char *name = memory_text(directory);
    size_t length = strlen(name);
    while (length > 1 && name[length - 1] == '/')
        name[--length] = '\0';
    const char *slash = strrchr(name, '/');
    if (slash && slash[1])
        memmove(name, slash + 1, strlen(slash));
    return name;
}

enum status stored_open(const char *directory, struct stored *stored, struct error *err)
{
    *stored = (struct stored){.first_row = -1};
    stored->directory = memory_text(directory);
    stored->name = name_of(directory);
    stored->reader = row_reader_create(directory);
    stored->frames = watched_rows(stored->reader);
    TRY(row_places_of_run(directory, take_place, stored, err));
    stored->rows = count_rows(stored);
    if (stored->rows <= stored->first_row)
        return error_set(err, STATUS_NO_INPUT, "%s holds no frames yet", directory);
    TRY(stored_row(stored, stored->first_row, &stored->first, err));
    measure_windows(stored);
    return STATUS_OK;
}

void stored_close(struct stored *stored)
{
    row_reader_destroy(stored->reader);
    free(stored->directory);
    free(stored->name);
    *stored = (struct stored){0};
}

int64_t stored_find(const struct stored *stored, int64_t window)
{
    int64_t low = stored->first_row, high = stored->rows;
    struct watch_row record;
    struct error err;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (stored_row(stored, middle, &record, &err) != STATUS_OK)
            return -1;
        if (record.window == window)
            return middle;
        if (record.window < window)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

enum status stored_row(const struct stored *stored, int64_t row, struct watch_row *record,
                       struct error *err)
{
    const struct timespec nap = {.tv_nsec = 10000000};
    for (int i = 0; i < PATIENCE; i++) {
        enum status status = stored->frames.row(stored->frames.context, row, record, err);
        if (status != STATUS_RETRY)
            return status;
        nanosleep(&nap, NULL);
    }
    return error_set(err, STATUS_IO,
                     "row %lld of %s does not prove itself: it is being written, "
                     "or damaged (heatstream verify says which)",
                     (long long)row, stored->directory);
}
