#include "run/replay.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arith.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/secret_file.h"
#include "run/stop.h"
#include "run/watched.h"
#include "watch/page.h"

struct replay {
    struct row_reader *reader;
    struct row_place last; /* the segment with the highest number */
    int64_t rows;
    struct watch_rows frames;
    struct watch_row first; /* of all */
    int64_t window_ms, frames_every;
    struct buffer token;
    char *name;
};

static void take_place(void *context, const struct row_place *place)
{
    struct replay *replay = context;
    row_reader_add(replay->reader, place);
    replay->last = *place;
}

static bool is_there(const struct replay *replay, int64_t row)
{
    struct watch_row ignored;
    struct error err;
    return replay->frames.row(replay->frames.context, row, &ignored, &err) != STATUS_NO_INPUT;
}

/* Rows are written in order, so the last one is found by halving. */
static int64_t count_rows(const struct replay *replay)
{
    int64_t low = replay->last.first, high = replay->last.first + replay->last.rows;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (is_there(replay, middle))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The length of a window, and windows from one frame to the next, as the first two rows have it. */
static void measure_windows(struct replay *replay)
{
    struct watch_row second;
    struct error err;
    replay->window_ms = 1000;
    replay->frames_every = 1;
    if (replay->rows < 2 ||
        replay->frames.row(replay->frames.context, 1, &second, &err) != STATUS_OK ||
        second.window <= replay->first.window)
        return;
    int64_t windows = second.window - replay->first.window;
    int64_t apart_ms = second.event_time_ms - replay->first.event_time_ms;
    replay->frames_every = windows;
    replay->window_ms = max_int64(1, apart_ms / windows);
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

static enum status find_frames(struct replay *replay, const char *directory, struct error *err)
{
    replay->reader = row_reader_create(directory);
    replay->frames = watched_rows(replay->reader);
    replay->name = name_of(directory);
    TRY(row_places_of_run(directory, take_place, replay, err));
    replay->rows = count_rows(replay);
    if (replay->rows == 0)
        return error_set(err, STATUS_NO_INPUT, "%s holds no frames yet", directory);
    (void)!replay->frames.row(replay->frames.context, 0, &replay->first, err);
    measure_windows(replay);
    return STATUS_OK;
}

static enum status serve(struct replay *replay, const char *listen, struct error *err)
{
    struct page *page;
    const struct timespec nap = {.tv_nsec = 100000000};
    struct stop_watch watch = {.stop_file = "", .task = "closing the page", .time_limit_s = -1};
    TRY(page_open(&(struct page_config){.listen = listen,
                                        .token = (const char *)replay->token.data,
                                        .run_id = replay->name,
                                        .title = "",
                                        .gnx = replay->last.gnx,
                                        .gny = replay->last.gny,
                                        .window_ms = replay->window_ms,
                                        .frames_every = replay->frames_every,
                                        .dx = replay->last.dx,
                                        .dy = replay->last.dy,
                                        .rows = &replay->frames},
                  &page, err));
    log_info("%lld frames of %s: %s", (long long)replay->rows, replay->name, page_url(page));
    page_tell(page, &(struct page_state){.phase = PAGE_STORED,
                                         .rows = replay->rows,
                                         .open_window = -1,
                                         .waits_for = -1,
                                         .messages = -1,
                                         .lag = -1,
                                         .remaining_s = NAN});
    while (stop_poll(&watch, 0) < STOP_SOON)
        nanosleep(&nap, NULL);
    page_close(page);
    return STATUS_OK;
}

enum status replay_serve(const char *directory, const char *listen, const char *token_file,
                         struct error *err)
{
    struct replay replay = {0};
    enum status status = find_frames(&replay, directory, err);
    if (status == STATUS_OK && token_file)
        status = secret_file_read(token_file, &replay.token, err);
    if (status == STATUS_OK)
        status = serve(&replay, listen, err);
    row_reader_destroy(replay.reader);
    buffer_release(&replay.token);
    free(replay.name);
    return status;
}
