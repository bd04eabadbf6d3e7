#include "run/replay.h"

#include <math.h>
#include <pthread.h>
#include <time.h>

#include "base/arith.h"
#include "base/log.h"
#include "base/secret_file.h"
#include "difference.h"
#include "rejudge.h"
#include "run/stop.h"
#include "shown_regions.h"
#include "watch/page.h"

/* The server's thread reads frames and what regions were at; this one judges them meanwhile, with a
 * reader of its own. */
struct showing {
    const struct replay *replay;
    struct stored stored;       /* the server's */
    struct rejudge *readings;   /* the server's; NULL: nothing is known of regions */
    struct watch_rows rows;     /* of both */
    struct difference compared; /* the server's, with another run */
    struct stored judged;
    struct rejudge *judge;
    struct shown_regions regions;
    pthread_mutex_t mutex; /* of the next */
    struct buffer levels;  /* [rows judged][regions], from first_row on */
    struct buffer token;
    struct page *page;
};

static enum status get_row(void *context, int64_t row, struct watch_row *out, struct error *err)
{
    const struct watch_rows *frames = &((struct showing *)context)->stored.frames;
    return frames->row(frames->context, row, out, err);
}

static enum status get_cells(void *context, int64_t row, const struct watch_box *box, float *cells,
                             struct error *err)
{
    const struct watch_rows *frames = &((struct showing *)context)->stored.frames;
    return frames->cells(frames->context, row, box, cells, err);
}

/* 0 for a row that is not judged yet. */
static int level_of(struct showing *showing, int64_t row, int region)
{
    size_t at = (size_t)((row - showing->stored.first_row) * showing->regions.count + region);
    pthread_mutex_lock(&showing->mutex);
    int level = at < showing->levels.size ? showing->levels.data[at] : 0;
    pthread_mutex_unlock(&showing->mutex);
    return level;
}

static enum status get_readings(void *context, int64_t row, int count,
                                struct page_reading *readings, struct error *err)
{
    struct showing *showing = context;
    const double *values;
    int stats;
    TRY(rejudge_read(showing->readings, row, &values, &stats, err));
    for (int i = 0; i < count; i++, values += stats)
        readings[i] = (struct page_reading){.min = values[0],
                                            .mean = values[1],
                                            .max = values[2],
                                            .level = level_of(showing, row, i)};
    return STATUS_OK;
}

/* Without rules of the user's own, a run whose deck cannot be read is shown without regions. */
static enum status find_rules(struct showing *showing, struct error *err)
{
    const struct replay *replay = showing->replay;
    const struct rejudge_rules rules = {replay->deck, replay->overrides, replay->override_count};
    bool wanted = replay->deck || replay->override_count > 0;
    TRY(stored_open(replay->directory, &showing->judged, err));
    enum status status = rejudge_create(&showing->judged, &rules, &showing->judge, err);
    if (status == STATUS_OK)
        status = rejudge_create(&showing->stored, &rules, &showing->readings, err);
    if (status == STATUS_OK) {
        showing->regions = shown_regions_create(rejudge_deck(showing->judge));
        showing->rows.readings = get_readings;
    } else if (!wanted) {
        log_warn("regions and alerts are not shown: %s", err->text);
        status = STATUS_OK;
    }
    return status;
}

static enum status open_page(struct showing *showing, const char *listen, struct error *err)
{
    const struct stored *stored = &showing->stored;
    bool compared = showing->replay->other != NULL;
    return page_open(
        &(struct page_config){.listen = listen,
                              .token = (const char *)showing->token.data,
                              .run_id = stored->name,
                              .title = "",
                              .gnx = stored->shape.gnx,
                              .gny = stored->shape.gny,
                              .window_ms = stored->window_ms > 0 ? stored->window_ms : 1000,
                              .frames_every = max_int64(1, stored->frames_every),
                              .first_row = stored->first_row,
                              .first_window = stored->first.window,
                              .dx = stored->shape.dx,
                              .dy = stored->shape.dy,
                              .regions = showing->regions.list,
                              .region_count = showing->regions.count,
                              .rows = &showing->rows,
                              .other = compared ? &showing->compared.other : NULL},
        &showing->page, err);
}

/* The next row's alerts; false: there is nothing more to judge. */
static bool judge_next(struct showing *showing, int64_t row, struct buffer *news)
{
    struct error err;
    struct watch_view view;
    if (!showing->judge || row >= showing->judged.rows)
        return false;
    if (rejudge_take(showing->judge, row, &view, news, &err) != STATUS_OK) {
        log_warn("alerts are judged up to here: %s", err.text);
        return false;
    }
    pthread_mutex_lock(&showing->mutex);
    buffer_append(&showing->levels, view.region_levels, (size_t)showing->regions.count);
    pthread_mutex_unlock(&showing->mutex);
    return true;
}

/* As many rows as a tenth of a second allows, so that a request to stop is heard. */
static bool judge_some(struct showing *showing, int64_t *row)
{
    struct buffer news = {0};
    double began_s = stop_clock_s();
    bool more = true;
    while (more && stop_clock_s() - began_s < 0.1)
        if ((more = judge_next(showing, *row, &news)))
            (*row)++;
    page_tell_alerts(showing->page, &news, *row);
    buffer_release(&news);
    return more;
}

static void serve(struct showing *showing)
{
    const struct timespec nap = {.tv_nsec = 100000000};
    struct stop_watch watch = {.stop_file = "", .task = "closing the page", .time_limit_s = -1};
    int64_t row = showing->stored.first_row;
    page_tell(showing->page, &(struct page_state){.phase = PAGE_STORED,
                                                  .rows = showing->stored.rows,
                                                  .open_window = -1,
                                                  .waits_for = -1,
                                                  .messages = -1,
                                                  .lag = -1,
                                                  .remaining_s = NAN});
    for (bool more = showing->judge != NULL; stop_poll(&watch, 0) < STOP_SOON;)
        if (more)
            more = judge_some(showing, &row);
        else
            nanosleep(&nap, NULL);
}

static enum status open_all(struct showing *showing, const char *listen, const char *token_file,
                            struct error *err)
{
    const struct replay *replay = showing->replay;
    TRY(stored_open(replay->directory, &showing->stored, err));
    if (replay->other)
        TRY(difference_open(replay->directory, replay->other, &showing->compared, err));
    TRY(find_rules(showing, err));
    if (token_file)
        TRY(secret_file_read(token_file, &showing->token, err));
    TRY(open_page(showing, listen, err));
    log_info("%lld frames of %s%s%s: %s",
             (long long)(showing->stored.rows - showing->stored.first_row), showing->stored.name,
             replay->other ? ", beside " : "", replay->other ? showing->compared.b.name : "",
             page_url(showing->page));
    return STATUS_OK;
}

enum status replay_serve(const struct replay *replay, const char *listen, const char *token_file,
                         struct error *err)
{
    struct showing showing = {.replay = replay};
    showing.rows = (struct watch_rows){.context = &showing, .row = get_row, .cells = get_cells};
    pthread_mutex_init(&showing.mutex, NULL);
    enum status status = open_all(&showing, listen, token_file, err);
    if (status == STATUS_OK)
        serve(&showing);
    page_close(showing.page);
    rejudge_destroy(showing.readings);
    rejudge_destroy(showing.judge);
    stored_close(&showing.stored);
    stored_close(&showing.judged);
    difference_close(&showing.compared);
    pthread_mutex_destroy(&showing.mutex);
    shown_regions_release(&showing.regions);
    buffer_release(&showing.levels);
    buffer_release(&showing.token);
    return status;
}
