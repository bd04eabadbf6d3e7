/* The page between its start and its answers. Internal to watch/. */
#ifndef HEATSTREAM_WATCH_PAGE_INTERNAL_H
#define HEATSTREAM_WATCH_PAGE_INTERNAL_H

#include <pthread.h>

#include "pictures.h"
#include "tell.h"
#include "watch/http.h"
#include "watch/page.h"

/* What a picture is of. */
enum page_view { PAGE_OWN, PAGE_OTHER, PAGE_DIFFERENCE, PAGE_VIEWS };

struct page {
    struct page_config config;
    struct http *http;
    struct pictures *pictures[PAGE_VIEWS]; /* NULL: there is no such view */
    char start[48];
    pthread_mutex_t mutex; /* of what is told: */
    struct page_state told;
    struct page_reading *told_readings;
    struct buffer told_lines; /* since they were taken last */
    int64_t told_judged;
    bool news, closing;
    struct page_state state; /* the rest is of the server's thread: as pushed last */
    struct page_reading *readings;
    struct tell_alerts alerts;
    struct buffer event;
    double pushed_s, spent_s; /* when, and what the thread had used of its processor by then */
};

/* Of http_config; the context is the page. */
void page_answer(void *context, const struct http_request *request, struct http_answer *answer);

#endif
