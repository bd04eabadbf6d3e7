/* The page of a run in a browser, and the interface behind it (src/watch/page/openapi.json): of a
 * run that goes on, or of the files of one. Served by a thread of its own, which reads frames by
 * itself; who steps the run only says now and then how far it is. */
#ifndef HEATSTREAM_WATCH_PAGE_H
#define HEATSTREAM_WATCH_PAGE_H

#include "watch/metrics.h"
#include "watch/rows.h"

enum page_phase { PAGE_RUNNING, PAGE_WAITING, PAGE_STOPPING, PAGE_STORED };

/* A region of the deck, as the page draws it, and what it is at. */
struct page_region {
    const char *name;
    struct watch_box box;     /* around all of its cells */
    const int64_t (*runs)[3]; /* of a mask: cells (x, y0) .. (x, y1 - 1), by x; NULL: all of it */
    int64_t run_count;
};

/* How far a run is; counts are since it began, -1 where nobody knows. */
struct page_state {
    enum page_phase phase;
    int64_t rows;              /* frames first_row .. rows - 1 are there */
    int64_t open_window;       /* the one that fills */
    int64_t corrections;       /* frames written anew */
    int waits_for;             /* partition the open window waits for most; -1: none */
    double behind_s;           /* by how much event time, until it may close */
    int clocks, clocks_passed; /* partitions, and those that the open window no longer waits for */
    int64_t messages, late, dead, lag;
    double remaining_s;                  /* NaN: no end is known */
    const struct page_reading *readings; /* [region_count] of the newest frame; copied */
};

/* Strings are borrowed until page_close(), and so are rows and metrics (NULL: none are told). */
struct page_config {
    const char *listen; /* HOST:PORT; port 0: any */
    const char *token;  /* NULL: only on the loopback interface */
    const char *run_id, *title;
    int64_t gnx, gny, window_ms, frames_every;
    int64_t first_row, first_window; /* of a stored run whose first frames are gone, else 0 */
    double dx, dy;
    bool live;
    const struct page_region *regions;
    int region_count;
    const struct watch_rows *rows;
    const struct watch_other *other; /* NULL: none */
    struct metrics *metrics;
};

struct page;

/* Starts the thread. STATUS_CANNOT_CREATE when the address cannot be listened at, STATUS_BAD_DECK
 * when it is no address, or not of the loopback interface and without a token. */
enum status page_open(const struct page_config *config, struct page **page,
                      struct error *err) MUST_CHECK;
void page_close(struct page *page); /* accepts NULL */

/* Where it is, as an address for a browser; valid until page_close(). */
const char *page_url(const struct page *page);

/* Any thread; copies and does not wait. */
void page_tell(struct page *page, const struct page_state *state);

/* Any thread: further alerts of a stored run, whole lines as those of watch_take(), by now judged
 * up to row `judged` - 1. Copies. */
void page_tell_alerts(struct page *page, const struct buffer *lines, int64_t judged);

#endif
