#include <stdlib.h>
#include <string.h>

#include "assets.h"
#include "base/memory.h"
#include "page_internal.h"
#include "query.h"

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

static const char *parameter(const void *request, const char *name)
{
    return http_parameter(request, name);
}

static struct query query_of(const struct page *page, const struct http_request *request)
{
    return (struct query){.parameter = parameter,
                          .context = request,
                          .gnx = page->config.gnx,
                          .gny = page->config.gny,
                          .first_row = page->config.first_row,
                          .rows = page->state.rows};
}

/* False: there is no such view. */
static bool get_of(const struct page *page, const struct query *query, enum page_view *of)
{
    static const char *const names[] = {
        [PAGE_OWN] = "this", [PAGE_OTHER] = "other", [PAGE_DIFFERENCE] = "difference"};
    int index;
    bool known = query_choice(query, "of", names, PAGE_VIEWS, &index);
    *of = (enum page_view)index;
    return known && page->pictures[index];
}

static void answer_picture(struct page *page, const struct http_request *request,
                           struct http_answer *answer)
{
    struct error err;
    enum page_view of;
    struct view view;
    struct query query = query_of(page, request);
    if (!get_of(page, &query, &of) || !query_view(&query, &view)) {
        answer_error(answer, 400,
                     "row, x0, y0, x1, y1: numbers within the run; stat: mean, min, max; of: "
                     "this, and other and difference where there is another run");
        return;
    }
    enum status status = pictures_get(page->pictures[of], &view, &answer->shared, &err);
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
    int64_t index;
    struct query query = query_of(page, request);
    if (!query_row(&query, &index) || !get_of(page, &query, &of) || of == PAGE_DIFFERENCE) {
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
    int64_t row;
    struct query query = query_of(page, request);
    if (!other || !query_row(&query, &row)) {
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
    int64_t from;
    struct query query = query_of(page, request);
    if (!query_alerts(&query, &from)) {
        answer_error(answer, 400, "from: a number of alerts");
        return;
    }
    answer->code = 200;
    tell_alerts(&page->alerts, from, QUERY_MOST_POINTS, &answer->body);
}

static void answer_range(struct page *page, const struct http_request *request,
                         struct http_answer *answer)
{
    struct tell_range range;
    int64_t x, y;
    struct query query = query_of(page, request);
    bool cell = strcmp(request->path, "/api/cell") == 0;
    if (!query_range(&query, &range) || !query_cell(&query, &x, &y)) {
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
