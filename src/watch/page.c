#include "watch/page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/monotonic.h"
#include "base/thread.h"
#include "page_internal.h"
#include "watch/guard.h"

/* An event a tenth of a second is as much as an eye follows; fewer where what clients ask for after
 * one takes more than an eighth of a processor, but never none. */
enum { PUSH_EVERY_MS = 100, PUSH_LEAST_MS = 2000, SHARE = 8, IDLE_MS = 500 };

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

void page_tell_alerts(struct page *page, const struct buffer *lines, int64_t judged)
{
    pthread_mutex_lock(&page->mutex);
    bool woken = page->news;
    buffer_append(&page->told_lines, lines->data, lines->size);
    page->told_judged = judged;
    page->news = true;
    pthread_mutex_unlock(&page->mutex);
    if (!woken)
        http_wake(page->http);
}

static void take_lines(struct page *page)
{
    const struct buffer *told = &page->told_lines;
    struct tell_alerts *alerts = &page->alerts;
    for (size_t from = 0, i = 0; i < told->size; i++) {
        if (told->data[i] != '\n')
            continue;
        size_t start = alerts->lines.size + from;
        buffer_append(&alerts->starts, &start, sizeof start);
        alerts->count++;
        from = i + 1;
    }
    buffer_append(&alerts->lines, told->data, told->size);
    buffer_clear_large(&page->told_lines);
    page->alerts.judged = page->told_judged;
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
    take_lines(page);
    pthread_mutex_unlock(&page->mutex);
    if (page->state.corrections != corrections)
        for (int i = 0; i < PAGE_VIEWS; i++)
            if (page->pictures[i])
                pictures_forget(page->pictures[i]);
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

/* Milliseconds to the next push. */
static double until_push_ms(const struct page *page)
{
    double cost_ms = 1e3 * SHARE * (thread_spent_s() - page->spent_s);
    double apart_ms = fmin(fmax(cost_ms, PUSH_EVERY_MS), PUSH_LEAST_MS);
    return apart_ms - 1e3 * (monotonic_s() - page->pushed_s);
}

/* Says what is new, if it is time to; returns after how many ms it will be. */
static int tick(void *context)
{
    struct page *page = context;
    bool closing;
    if (!has_news(page, &closing))
        return IDLE_MS;
    double left_ms = until_push_ms(page);
    if (left_ms > 0 && !closing)
        return left_ms < IDLE_MS ? 1 + (int)left_ms : IDLE_MS;
    if (take_news(page)) {
        page->pushed_s = monotonic_s();
        page->spent_s = thread_spent_s();
        buffer_clear(&page->event);
        tell_state(&page->config, &page->state, &page->alerts, page->start, &page->event);
        http_push(page->http, (const char *)page->event.data, page->event.size);
    }
    return IDLE_MS;
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
    page->pictures[PAGE_OWN] = pictures_create(config->rows);
    if (config->other) {
        page->pictures[PAGE_OTHER] = pictures_create(&config->other->rows);
        page->pictures[PAGE_DIFFERENCE] = pictures_create(&config->other->difference);
    }
    page->readings = memory_zeroed(config->region_count, sizeof *page->readings);
    page->told_readings = memory_zeroed(config->region_count, sizeof *page->told_readings);
    page->state.readings = page->readings;
    pthread_mutex_init(&page->mutex, NULL);
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(page->start, sizeof page->start, "%lld.%09ld-%ld", (long long)now.tv_sec, now.tv_nsec,
             (long)getpid());
    enum status status = http_open(&(struct http_config){.listen = config->listen,
                                                         .token = config->token,
                                                         .answer = page_answer,
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
    for (int i = 0; i < PAGE_VIEWS; i++)
        pictures_destroy(page->pictures[i]);
    pthread_mutex_destroy(&page->mutex);
    buffer_release(&page->event);
    buffer_release(&page->told_lines);
    buffer_release(&page->alerts.lines);
    buffer_release(&page->alerts.starts);
    free(page->readings);
    free(page->told_readings);
    free(page);
}

const char *page_url(const struct page *page)
{
    return http_url(page->http);
}
