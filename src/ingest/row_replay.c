#include "ingest/row_replay.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "wire/event_text.h"
#include "wire/row_text.h"
#include "wire/rows.h"

/* A wait that is announced: it may come from a wrong time as well as from a pause. */
static const double LONG_WAIT_S = 60;

struct row_replay {
    struct row_replay_config config;
    bool starts_at;
    int64_t start_ms;
    struct rows *rows;
    struct row_text *text; /* from the first event on */
    int64_t first_ms;      /* its time in the file */
    struct buffer key, value;
};

/* What row_replay_send() hands to its parts. */
struct sending {
    struct row_replay *replay;
    struct pace *pace;
    struct sink *sink;
    struct row_counts *counts;
    struct error *err;
};

enum status row_replay_open(const struct row_replay_config *config, struct row_replay **opened,
                            struct error *err)
{
    struct row_replay *replay = memory_zeroed(1, sizeof *replay);
    replay->config = *config;
    enum status status = rows_open(config->path, &config->decoding, &replay->rows, err);
    if (status != STATUS_OK) {
        row_replay_close(replay);
        return status;
    }
    *opened = replay;
    return STATUS_OK;
}

void row_replay_close(struct row_replay *replay)
{
    if (!replay)
        return;
    rows_close(replay->rows);
    row_text_destroy(replay->text);
    buffer_release(&replay->key);
    buffer_release(&replay->value);
    free(replay);
}

void row_replay_start_at(struct row_replay *replay, int64_t time_ms)
{
    replay->starts_at = true;
    replay->start_ms = time_ms;
}

static void refuse(const struct sending *sending, const struct row *row, const char *reason)
{
    log_warn("%s:%" PRId64 ": not sent: %s", sending->replay->config.path, row->line, reason);
    sending->counts->faulty++;
}

/* Puts the first event: its time is what others are shifted and due by. False when its own cannot
 * be shifted to where it is wanted, or said; then the next one is the first. */
static bool begin(struct row_replay *replay, const struct row *row)
{
    int64_t shift_ms = 0;
    if (replay->starts_at && __builtin_sub_overflow(replay->start_ms, row->time_ms, &shift_ms))
        return false;
    replay->first_ms = row->time_ms;
    replay->text = row_text_create(&replay->config.decoding, shift_ms);
    if (row_text_put(replay->text, row, &replay->key, &replay->value))
        return true;
    row_text_destroy(replay->text);
    replay->text = NULL;
    return false;
}

static bool put(struct row_replay *replay, const struct row *row)
{
    buffer_clear(&replay->key);
    buffer_clear(&replay->value);
    return replay->text ? row_text_put(replay->text, row, &replay->key, &replay->value)
                        : begin(replay, row);
}

static int partition_of(const struct row_replay *replay, const struct row *row)
{
    const struct row_replay_config *config = &replay->config;
    if (config->partition_by_key)
        return event_partition_by_key(row->x, row->y, config->partitions);
    return (int)(row->x * config->partitions / config->decoding.gnx);
}

static enum status wait_for(const struct sending *sending, const struct row *row)
{
    double elapsed_ms = (double)row->time_ms - (double)sending->replay->first_ms;
    double delay_s = pace_delay_s(sending->pace, elapsed_ms);
    if (delay_s > LONG_WAIT_S)
        log_info("%s:%" PRId64 ": due in %.0f s", sending->replay->config.path, row->line, delay_s);
    return pace_wait(sending->pace, elapsed_ms, sending->sink, sending->err);
}

static enum status send_row(const struct sending *sending, const struct row *row)
{
    struct row_replay *replay = sending->replay;
    if (!put(replay, row)) {
        refuse(sending, row, "its time leaves the range of times");
        return STATUS_OK;
    }
    TRY(wait_for(sending, row));
    TRY(sink_put(sending->sink,
                 &(struct sink_record){.partition = partition_of(replay, row),
                                       .key = replay->key.size ? replay->key.data : NULL,
                                       .key_size = replay->key.size,
                                       .value = replay->value.data,
                                       .value_size = replay->value.size,
                                       .time_ms = row->time_ms + row_text_shift_ms(replay->text)},
                 sending->err));
    sending->counts->sent++;
    return STATUS_OK;
}

enum status row_replay_send(struct row_replay *replay, struct pace *pace, struct sink *sink,
                            struct row_counts *counts, struct error *err)
{
    const struct sending sending = {replay, pace, sink, counts, err};
    struct row row;
    bool ended;
    *counts = (struct row_counts){0};
    TRY(rows_next(replay->rows, &row, &ended, err));
    while (!ended) {
        if (row.fault)
            refuse(&sending, &row, row.fault);
        else
            TRY(send_row(&sending, &row));
        TRY(rows_next(replay->rows, &row, &ended, err));
    }
    if (counts->sent == 0 && counts->faulty > 0)
        return error_set(err, STATUS_NO_INPUT, "%s: none of its %" PRId64 " rows is an event",
                         replay->config.path, counts->faulty);
    return STATUS_OK;
}
