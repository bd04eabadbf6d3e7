#include "watch/page.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "assets.h"
#include "base/arith.h"
#include "base/memory.h"
#include "base/monotonic.h"
#include "pictures.h"
#include "tell.h"
#include "watch/guard.h"
#include "watch/http.h"

/* An event a tenth of a second is as much as an eye follows, and pictures may take an eighth of
 * the thread's time. */
enum { PUSH_EVERY_MS = 100, PICTURE_SHARE = 8, IDLE_MS = 500, MOST_POINTS = 2000 };

struct page {
    struct page_config config;
    struct http *http;
    struct pictures *pictures;
    char start[48];
    pthread_mutex_t mutex; /* of what is told: */
    struct page_state told;
    struct page_reading *told_readings;
    bool news, closing;
    struct page_state state; /* the rest is of the server's thread: as pushed last */
    struct page_reading *readings;
    struct buffer event;
    double pushed_s;
};

static size_t readings_size(const struct page *page)
{
    return (size_t)page->config.region_count * sizeof *page->readings;
}

void page_tell(struct page *page, const struct page_state *state)
{
    pthread_mutex_lock(&page->mutex);
    bool woken = page->news;
    page->told = *state;
    if (state->readings)
        memcpy(page->told_readings, state->readings, readings_size(page));
    page->news = true;
    pthread_mutex_unlock(&page->mutex);
    if (!woken)
        http_wake(page->http);
}

static bool take_news(struct page *page)
{
    pthread_mutex_lock(&page->mutex);
    bool news = page->news;
    int64_t corrections = page->state.corrections;
    page->news = false;
    page->state = page->told;
    memcpy(page->readings, page->told_readings, readings_size(page));
    page->state.readings = page->readings;
    pthread_mutex_unlock(&page->mutex);
    if (page->state.corrections != corrections)
        pictures_forget(page->pictures);
    return news;
}

static bool has_news(struct page *page, bool *closing)
{
    pthread_mutex_lock(&page->mutex);
    bool news = page->news;
    *closing = page->closing;
    pthread_mutex_unlock(&page->mutex);
    return news;
}

/* Says what is new, if it is time to; returns after how many ms it will be. */
static int tick(void *context)
{
    struct page *page = context;
    bool closing;
    if (!has_news(page, &closing))
        return IDLE_MS;
    double cost_ms = 1e3 * PICTURE_SHARE * pictures_cost_s(page->pictures);
    double left_ms = (cost_ms > PUSH_EVERY_MS ? cost_ms : PUSH_EVERY_MS) -
                     1e3 * (monotonic_s() - page->pushed_s);
    if (left_ms > 0 && !closing)
        return left_ms < IDLE_MS ? 1 + (int)left_ms : IDLE_MS;
    if (take_news(page)) {
        page->pushed_s = monotonic_s();
        buffer_clear(&page->event);
        tell_state(&page->config, &page->state, page->start, &page->event);
        http_push(page->http, (const char *)page->event.data, page->event.size);
    }
    return IDLE_MS;
}

static void answer_error(struct http_answer *answer, int code, const char *text)
{
    answer->code = code;
    answer->type = "text/plain; charset=utf-8";
    buffer_clear(&answer->body);
    buffer_printf(&answer->body, "%s\n", text);
}

static void answer_status(struct http_answer *answer, enum status status, const struct error *err)
{
    if (status == STATUS_RETRY)
        answer_error(answer, 503, "this frame is just being written");
    else
        answer_error(answer, status == STATUS_NO_INPUT ? 404 : 500, err->text);
}

/* *value stays what it is where there is no such parameter; false: it is no number. */
static bool get_number(const struct http_request *request, const char *name, int64_t *value)
{
    const char *text = http_parameter(request, name);
    char *end;
    if (!text)
        return true;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || end == text || *end || text[0] == ' ')
        return false;
    *value = number;
    return true;
}

static bool get_box(const struct page *page, const struct http_request *request,
                    struct watch_box *box)
{
    *box = (struct watch_box){0, 0, page->config.gnx, page->config.gny};
    return get_number(request, "x0", &box->x0) && get_number(request, "y0", &box->y0) &&
           get_number(request, "x1", &box->x1) && get_number(request, "y1", &box->y1) &&
           0 <= box->x0 && box->x0 < box->x1 && box->x1 <= page->config.gnx && 0 <= box->y0 &&
           box->y0 < box->y1 && box->y1 <= page->config.gny;
}

static bool get_stat(const struct http_request *request, enum view_stat *stat)
{
    static const char *const names[] = {"mean", "min", "max"};
    const char *text = http_parameter(request, "stat");
    *stat = VIEW_MEAN;
    if (!text)
        return true;
    for (int i = 0; i < 3; i++)
        if (strcmp(text, names[i]) == 0) {
            *stat = (enum view_stat)i;
            return true;
        }
    return false;
}

static void answer_picture(struct page *page, const struct http_request *request,
                           struct http_answer *answer)
{
    struct error err;
    struct view view = {.row = page->state.rows - 1};
    if (!get_number(request, "row", &view.row) || !get_box(page, request, &view.box) ||
        !get_stat(request, &view.stat)) {
        answer_error(answer, 400,
                     "row, x0, y0, x1, y1: numbers within the run; stat: mean, min, max");
        return;
    }
    enum status status = pictures_get(page->pictures, &view, &answer->body, &err);
    answer->code = 200;
    answer->type = "application/octet-stream";
    if (status != STATUS_OK)
        answer_status(answer, status, &err);
}

static void answer_row(struct page *page, const struct http_request *request,
                       struct http_answer *answer)
{
    struct error err;
    struct watch_row row;
    int64_t index = page->state.rows - 1;
    if (!get_number(request, "row", &index)) {
        answer_error(answer, 400, "row: a number");
        return;
    }
    const struct watch_rows *rows = page->config.rows;
    enum status status = rows->row(rows->context, index, &row, &err);
    if (status != STATUS_OK) {
        answer_status(answer, status, &err);
        return;
    }
    answer->code = 200;
    tell_row(index, &row, &answer->body);
}

/* By default the newest rows. */
static bool get_range(const struct page *page, const struct http_request *request,
                      struct tell_range *range)
{
    *range = (struct tell_range){.points = 500, .last = page->state.rows - 1};
    if (!get_number(request, "points", &range->points) || range->points < 1 ||
        range->points > MOST_POINTS || !get_number(request, "to", &range->last))
        return false;
    range->last = min_int64(range->last, page->state.rows - 1);
    range->first = max_int64(0, range->last - range->points + 1);
    return get_number(request, "from", &range->first) && range->first >= 0;
}

static void answer_range(struct page *page, const struct http_request *request,
                         struct http_answer *answer)
{
    struct tell_range range;
    int64_t x = 0, y = 0;
    bool cell = strcmp(request->path, "/api/cell") == 0;
    if (!get_range(page, request, &range) || !get_number(request, "x", &x) ||
        !get_number(request, "y", &y) || x < 0 || x >= page->config.gnx || y < 0 ||
        y >= page->config.gny) {
        answer_error(answer, 400, "from, to: rows; points: 1 to 2000; x, y: a cell");
        return;
    }
    answer->code = 200;
    if (cell)
        tell_cell(page->config.rows, &range, x, y, &answer->body);
    else
        tell_series(page->config.rows, &range, &answer->body);
}

static void answer_run(struct page *page, const struct http_request *request,
                       struct http_answer *answer)
{
    (void)request;
    answer->code = 200;
    tell_run(&page->config, page->start, &answer->body);
}

static void answer_state(struct page *page, const struct http_request *request,
                         struct http_answer *answer)
{
    (void)request;
    answer->code = 200;
    tell_state(&page->config, &page->state, page->start, &answer->body);
}

static void answer_stream(struct page *page, const struct http_request *request,
                          struct http_answer *answer)
{
    (void)page, (void)request;
    answer->code = 200;
    answer->stream = true;
}

static void answer_health(struct page *page, const struct http_request *request,
                          struct http_answer *answer)
{
    (void)page, (void)request;
    answer_error(answer, 200, "ok");
}

static void answer_metrics(struct page *page, const struct http_request *request,
                           struct http_answer *answer)
{
    (void)request;
    if (!page->config.metrics) {
        answer_error(answer, 404, "a stored run has no metrics");
        return;
    }
    answer->code = 200;
    answer->type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_text(page->config.metrics, &answer->body);
}

static const struct {
    const char *path;
    void (*answer)(struct page *page, const struct http_request *request,
                   struct http_answer *answer);
} routes[] = {
    {"/healthz", answer_health},   {"/metrics", answer_metrics}, {"/api/run", answer_run},
    {"/api/state", answer_state},  {"/api/row", answer_row},     {"/api/stream", answer_stream},
    {"/api/series", answer_range}, {"/api/cell", answer_range},  {"/api/picture", answer_picture},
};

static void answer(void *context, const struct http_request *request, struct http_answer *answer)
{
    struct page *page = context;
    const struct asset *asset = asset_find(request->path);
    if (asset) {
        answer->code = 200;
        answer->type = asset->type;
        buffer_append(&answer->body, asset->start, (size_t)(asset->end - asset->start));
        return;
    }
    answer->type = "application/json";
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (strcmp(routes[i].path, request->path) == 0) {
            routes[i].answer(page, request, answer);
            return;
        }
    answer_error(answer, 404, "there is nothing here; /api/openapi.json says what there is");
}

/* Only what goes into a header as it is. */
static enum status check_address(const struct page_config *config, struct error *err)
{
    char host[256];
    int port;
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "-._~+/=";
    if (!guard_split_address(config->listen, host, sizeof host, &port))
        return error_set(err, STATUS_BAD_DECK, "listening at %.100s: must be HOST:PORT",
                         config->listen);
    if (!config->token && !guard_is_loopback(host))
        return error_set(err, STATUS_BAD_DECK,
                         "listening at %s, which others can reach, needs watch.token_file; "
                         "127.0.0.1:%d does not",
                         config->listen, port);
    size_t length = config->token ? strlen(config->token) : 16;
    if (config->token && (strspn(config->token, letters) != length || length > 256))
        return error_set(err, STATUS_BAD_DECK,
                         "the token for %s must have letters, digits and -._~+/= only, at most 256",
                         config->listen);
    if (length < 16)
        return error_set(err, STATUS_BAD_DECK,
                         "the token for %s must have at least 16 characters, or it can be guessed",
                         config->listen);
    return STATUS_OK;
}

enum status page_open(const struct page_config *config, struct page **out, struct error *err)
{
    TRY(check_address(config, err));
    struct timespec now;
    struct page *page = memory_zeroed(1, sizeof *page);
    page->config = *config;
    page->state.waits_for = page->told.waits_for = -1;
    page->pictures = pictures_create(config->rows);
    page->readings = memory_zeroed(config->region_count, sizeof *page->readings);
    page->told_readings = memory_zeroed(config->region_count, sizeof *page->told_readings);
    page->state.readings = page->readings;
    pthread_mutex_init(&page->mutex, NULL);
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(page->start, sizeof page->start, "%lld.%09ld-%ld", (long long)now.tv_sec, now.tv_nsec,
             (long)getpid());
    enum status status = http_open(&(struct http_config){.listen = config->listen,
                                                         .token = config->token,
                                                         .answer = answer,
                                                         .tick = tick,
                                                         .context = page},
                                   &page->http, err);
    if (status != STATUS_OK)
        page_close(page);
    else
        *out = page;
    return status;
}

void page_close(struct page *page)
{
    if (!page)
        return;
    pthread_mutex_lock(&page->mutex);
    page->closing = true;
    pthread_mutex_unlock(&page->mutex);
    http_close(page->http);
    pictures_destroy(page->pictures);
    pthread_mutex_destroy(&page->mutex);
    buffer_release(&page->event);
    free(page->readings);
    free(page->told_readings);
    free(page);
}

const char *page_url(const struct page *page)
{
    return http_url(page->http);
}
