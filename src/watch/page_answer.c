#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "assets.h"
#include "base/arith.h"
#include "base/memory.h"
#include "page_internal.h"

enum { MOST_POINTS = 2000 };

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

/* False: there is no such view. */
static bool get_view(const struct page *page, const struct http_request *request,
                     enum page_view *view)
{
    static const char *const names[] = {"this", "other", "difference"};
    const char *text = http_parameter(request, "of");
    *view = PAGE_OWN;
    for (int i = 0; text && i < PAGE_VIEWS; i++)
        if (strcmp(text, names[i]) == 0) {
            *view = (enum page_view)i;
            return page->pictures[i] != NULL;
        }
    return !text;
}

static void answer_picture(struct page *page, const struct http_request *request,
                           struct http_answer *answer)
{
    struct error err;
    enum page_view of;
    struct view view = {.row = page->state.rows - 1};
    if (!get_view(page, request, &of) || !get_number(request, "row", &view.row) ||
        !get_box(page, request, &view.box) || !get_stat(request, &view.stat)) {
        answer_error(answer, 400,
                     "row, x0, y0, x1, y1: numbers within the run; stat: mean, min, max; of: "
                     "this, and other and difference where there is another run");
        return;
    }
    enum status status = pictures_get(page->pictures[of], &view, &answer->body, &err);
    answer->code = 200;
    answer->type = "application/octet-stream";
    if (status != STATUS_OK)
        answer_status(answer, status, &err);
}

/* What the regions were at, where that is known; else NULL. To be freed. */
static struct page_reading *read_regions(const struct page *page, int64_t row)
{
    const struct watch_rows *rows = page->config.rows;
    int count = page->config.region_count;
    struct error ignored;
    if (!rows->readings || count == 0)
        return NULL;
    struct page_reading *readings = memory_zeroed(count, sizeof *readings);
    if (rows->readings(rows->context, row, count, readings, &ignored) == STATUS_OK)
        return readings;
    free(readings);
    return NULL;
}

static void answer_row(struct page *page, const struct http_request *request,
                       struct http_answer *answer)
{
    struct error err;
    struct watch_row row;
    enum page_view of;
    int64_t index = page->state.rows - 1;
    if (!get_number(request, "row", &index) || !get_view(page, request, &of) ||
        of == PAGE_DIFFERENCE) {
        answer_error(answer, 400, "row: a number; of: this, or other where there is another run");
        return;
    }
    const struct watch_rows *rows = of == PAGE_OWN ? page->config.rows : &page->config.other->rows;
    enum status status = rows->row(rows->context, index, &row, &err);
    if (status != STATUS_OK) {
        answer_status(answer, status, &err);
        return;
    }
    struct page_reading *readings = of == PAGE_OWN ? read_regions(page, index) : NULL;
    answer->code = 200;
    tell_row(index, &row, readings, page->config.region_count, &answer->body);
    free(readings);
}

static void answer_difference(struct page *page, const struct http_request *request,
                              struct http_answer *answer)
{
    struct error err;
    struct watch_norms norms;
    const struct watch_other *other = page->config.other;
    int64_t row = page->state.rows - 1;
    if (!other || !get_number(request, "row", &row)) {
        answer_error(answer, other ? 400 : 404,
                     other ? "row: a number" : "there is no other run to compare with");
        return;
    }
    enum status status = other->norms(other->context, row, &norms, &err);
    answer->code = 200;
    if (status == STATUS_OK)
        tell_norms(row, &norms, &answer->body);
    else
        answer_status(answer, status, &err);
}

static void answer_alerts(struct page *page, const struct http_request *request,
                          struct http_answer *answer)
{
    int64_t from = 0;
    if (!get_number(request, "from", &from) || from < 0) {
        answer_error(answer, 400, "from: a number of alerts");
        return;
    }
    answer->code = 200;
    tell_alerts(&page->alerts, from, MOST_POINTS, &answer->body);
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
    range->first = max_int64(page->config.first_row, range->last - range->points + 1);
    return get_number(request, "from", &range->first) && range->first >= page->config.first_row;
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
    tell_state(&page->config, &page->state, &page->alerts, page->start, &answer->body);
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
    {"/healthz", answer_health},
    {"/metrics", answer_metrics},
    {"/api/run", answer_run},
    {"/api/state", answer_state},
    {"/api/row", answer_row},
    {"/api/stream", answer_stream},
    {"/api/series", answer_range},
    {"/api/cell", answer_range},
    {"/api/picture", answer_picture},
    {"/api/alerts", answer_alerts},
    {"/api/difference", answer_difference},
};

void page_answer(void *context, const struct http_request *request, struct http_answer *answer)
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
