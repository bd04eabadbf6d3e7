#include "run/replay.h"

#include <math.h>
#include <time.h>

#include "base/arith.h"
#include "base/log.h"
#include "base/secret_file.h"
#include "run/stop.h"
#include "stored.h"
#include "watch/page.h"

static enum status serve(struct stored *stored, const char *token, const char *listen,
                         struct error *err)
{
    struct page *page;
    const struct timespec nap = {.tv_nsec = 100000000};
    struct stop_watch watch = {.stop_file = "", .task = "closing the page", .time_limit_s = -1};
    TRY(page_open(
        &(struct page_config){.listen = listen,
                              .token = token,
                              .run_id = stored->name,
                              .title = "",
                              .gnx = stored->shape.gnx,
                              .gny = stored->shape.gny,
                              .window_ms = stored->window_ms > 0 ? stored->window_ms : 1000,
                              .frames_every = max_int64(1, stored->frames_every),
                              .dx = stored->shape.dx,
                              .dy = stored->shape.dy,
                              .rows = &stored->frames},
        &page, err));
    log_info("%lld frames of %s: %s", (long long)stored->rows, stored->name, page_url(page));
    page_tell(page, &(struct page_state){.phase = PAGE_STORED,
                                         .rows = stored->rows,
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

enum status replay_serve(const struct replay *replay, const char *listen, const char *token_file,
                         struct error *err)
{
    struct stored stored;
    struct buffer token = {0};
    enum status status = stored_open(replay->directory, &stored, err);
    if (status == STATUS_OK && token_file)
        status = secret_file_read(token_file, &token, err);
    if (status == STATUS_OK)
        status = serve(&stored, (const char *)token.data, listen, err);
    stored_close(&stored);
    buffer_release(&token);
    return status;
}
