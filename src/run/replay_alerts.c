#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "rejudge.h"
#include "run/replay.h"

static enum status print_news(struct buffer *news, struct error *err)
{
    if (fwrite(news->data, 1, news->size, stdout) != news->size)
        return error_set(err, STATUS_IO, "writing to standard output: %s", strerror(errno));
    buffer_clear(news);
    return STATUS_OK;
}

static enum status judge_all(const struct stored *stored, struct rejudge *rejudge,
                             struct error *err)
{
    struct buffer news = {0};
    struct watch_view view;
    enum status status = STATUS_OK;
    if (stored->first_row > 0)
        log_warn("the frames before window %lld are gone: judged from there on",
                 (long long)stored->first.window);
    for (int64_t row = stored->first_row; row < stored->rows && status == STATUS_OK; row++) {
        status = rejudge_take(rejudge, row, &view, &news, err);
        if (status == STATUS_OK && news.size > 0)
            status = print_news(&news, err);
    }
    buffer_release(&news);
    if (fflush(stdout) != 0 && status == STATUS_OK)
        return error_set(err, STATUS_IO, "writing to standard output: %s", strerror(errno));
    return status;
}

enum status replay_alerts(const struct replay *replay, struct error *err)
{
    const struct rejudge_rules rules = {replay->deck, replay->overrides, replay->override_count};
    struct stored stored;
    struct rejudge *rejudge = NULL;
    enum status status = stored_open(replay->directory, &stored, err);
    if (status == STATUS_OK)
        status = rejudge_create(&stored, &rules, &rejudge, err);
    if (status == STATUS_OK && rejudge_deck(rejudge)->alerts.count == 0)
        status = error_set(err, STATUS_BAD_DECK,
                           "%s: there are no alerts to judge by: give them "
                           "with --deck or -D alerts=[…]",
                           replay->deck ? replay->deck : replay->directory);
    if (status == STATUS_OK)
        status = judge_all(&stored, rejudge, err);
    rejudge_destroy(rejudge);
    stored_close(&stored);
    return status;
}
