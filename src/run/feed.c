#include "run/feed.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arith.h"
#include "base/memory.h"
#include "base/monotonic.h"
#include "base/thread.h"
#include "run/parcels.h"

enum { NAP_MS = 200, ROW_HEAT_BYTES = 65536 };

struct feed {
    struct feed_config config;
    pthread_t thread;
    struct parcels *parcels;
    atomic_bool stop, want_state;
    int gaps;              /* that the newest state knows of */
    pthread_mutex_t mutex; /* of the view */
    struct feed_view view;
    struct feed_partition *parts;         /* [partitions], as of the view */
    struct early *early;                  /* NULL: no pictures of the open window */
    int64_t early_sent_ms;                /* when the last one was sent, by monotonic_ms() */
    int64_t early_window, early_messages; /* of it: which, and how many had been taken */
};

static struct feed_partition partition_of(const struct feed *feed, int p)
{
    return (struct feed_partition){.messages = drain_taken(feed->config.drain, p),
                                   .position = drain_position(feed->config.drain, p),
                                   .clock_ms = windows_clock_ms(feed->config.windows, p)};
}

static void set_view(struct feed *feed, bool waiting)
{
    struct feed_view view = {.waits_for = -1,
                             .open_window = windows_open_window(feed->config.windows),
                             .messages = drain_messages(feed->config.drain)};
    if (waiting)
        view.waits_for = windows_waits_for(feed->config.windows, &view.behind_ms);
    (void)windows_doubt(feed->config.windows, false, view.doubt, sizeof view.doubt);
    pthread_mutex_lock(&feed->mutex);
    feed->view = view;
    for (int p = 0; p < feed->config.partitions; p++)
        feed->parts[p] = partition_of(feed, p);
    pthread_mutex_unlock(&feed->mutex);
}

void feed_partitions(struct feed *feed, struct feed_partition *parts)
{
    pthread_mutex_lock(&feed->mutex);
    memcpy(parts, feed->parts, (size_t)feed->config.partitions * sizeof *parts);
    pthread_mutex_unlock(&feed->mutex);
}

struct feed_view feed_view(struct feed *feed)
{
    pthread_mutex_lock(&feed->mutex);
    struct feed_view view = feed->view;
    pthread_mutex_unlock(&feed->mutex);
    return view;
}

static void put_letters(struct feed *feed, struct parcel *parcel)
{
    const struct dead_letter *letters;
    const uint8_t *bytes;
    size_t size;
    parcel->letter_count = parcel->row_letters =
        windows_dead_letters(feed->config.windows, &letters, &bytes, &size);
    buffer_clear(&parcel->letters);
    buffer_clear(&parcel->letter_bytes);
    if (parcel->letter_count == 0)
        return;
    buffer_append(&parcel->letters, letters, (size_t)parcel->letter_count * sizeof *letters);
    buffer_append(&parcel->letter_bytes, bytes, size);
    windows_clear_dead_letters(feed->config.windows);
}

static void put_ledgers(struct feed *feed, struct parcel *parcel)
{
    for (int p = 0; p < feed->config.partitions; p++)
        parcel->ledgers[p] = *windows_ledger(feed->config.windows, p);
}

static void put_state(struct feed *feed, struct parcel *parcel)
{
    atomic_store(&feed->want_state, false);
    parcel->has_state = true;
    parcel->gaps = feed->gaps = drain_gaps(feed->config.drain);
    buffer_clear(&parcel->windows_state);
    windows_save(feed->config.windows, &parcel->windows_state);
    const struct dead_letter *letters;
    const uint8_t *bytes;
    size_t size;
    parcel->letters_waiting = windows_dead_letters(feed->config.windows, &letters, &bytes, &size);
    for (int p = 0; p < feed->config.partitions; p++)
        parcel->fingerprints[p] = drain_fingerprint(feed->config.drain, p);
}

static bool send_state(struct feed *feed, enum parcel_kind kind)
{
    struct parcel *parcel = parcels_begin(feed->parcels);
    if (!parcel)
        return false;
    parcel->kind = kind;
    put_ledgers(feed, parcel);
    put_state(feed, parcel);
    /* after the state: a grown topic writes them at the close they belong to */
    if (kind == PARCEL_END)
        put_letters(feed, parcel);
    parcels_end(feed->parcels);
    return true;
}

/* Now, as somebody asked for it or a gap makes it worth having. */
static bool state_is_wanted(const struct feed *feed)
{
    return atomic_load(&feed->want_state) || drain_gaps(feed->config.drain) > feed->gaps;
}

static bool past_limit(const struct feed *feed)
{
    return windows_open_window(feed->config.windows) > feed->config.stop_after;
}

static bool can_close(const struct feed *feed)
{
    return !past_limit(feed) && windows_can_close(feed->config.windows);
}

/* Amid corrections there is no state to go on from. */
static bool wants_state(struct feed *feed, const struct closed_window *closed)
{
    int64_t every = feed->config.state_every;
    if (closed->kind != CLOSE_NEW)
        return false;
    bool due = every > 0 && (closed->window + 1) % every == 0;
    return due || closed->window == feed->config.stop_after || state_is_wanted(feed);
}

static void add_window(struct feed *feed, struct parcel *parcel)
{
    struct closed_window *closed = &parcel->row[parcel->row_count++];
    windows_close(feed->config.windows, closed);
    buffer_append(&parcel->heat, closed->heat, (size_t)closed->heat_count * sizeof *closed->heat);
    put_letters(feed, parcel);
    parcel->row_state = wants_state(feed, closed);
}

/* Letters and a state belong to one window, the last of its row. */
static bool row_goes_on(struct feed *feed, const struct parcel *parcel)
{
    return parcel->row_count < parcels_row_limit(feed->parcels) && !parcel->row_state &&
           parcel->row_letters == 0 && parcel->heat.size < ROW_HEAT_BYTES && can_close(feed) &&
           !windows_next_is_provisional(feed->config.windows);
}

/* Nothing is appended any more: the windows may point to their heat. */
static void point_to_heat(struct parcel *parcel)
{
    const struct heat *heat = (const void *)parcel->heat.data;
    int64_t at = 0;
    for (int i = 0; i < parcel->row_count; i++) {
        parcel->row[i].heat = parcel->row[i].heat_count > 0 ? heat + at : NULL;
        at += parcel->row[i].heat_count;
    }
}

/* The open window, and those that close right after it. */
static bool send_windows(struct feed *feed)
{
    struct parcel *parcel = parcels_begin(feed->parcels);
    if (!parcel)
        return false;
    parcel->kind = PARCEL_WINDOW;
    buffer_clear(&parcel->heat);
    do
        add_window(feed, parcel);
    while (row_goes_on(feed, parcel));
    point_to_heat(parcel);
    put_ledgers(feed, parcel);
    if (parcel->row_state)
        put_state(feed, parcel);
    parcels_end(feed->parcels);
    return true;
}

static bool has_new_picture(const struct feed *feed)
{
    return feed->early && (windows_open_window(feed->config.windows) != feed->early_window ||
                           drain_messages(feed->config.drain) != feed->early_messages);
}

/* How long until a picture is due, at most `longest_ms`. Not while the main thread has something
 * better to do. */
static int until_picture_ms(const struct feed *feed, int longest_ms)
{
    if (!has_new_picture(feed))
        return longest_ms;
    int64_t left_ms = feed->early_sent_ms + feed->config.early_ms - monotonic_ms();
    int64_t least_ms = parcels_all_done(feed->parcels) ? 0 : 1;
    return (int)min_int64(longest_ms, max_int64(least_ms, left_ms));
}

static bool send_picture(struct feed *feed)
{
    struct parcel *parcel = parcels_begin(feed->parcels);
    if (!parcel)
        return false;
    struct early_window *seen = &parcel->early;
    parcel->kind = PARCEL_EARLY;
    early_look(feed->early, seen);
    buffer_clear(&parcel->heat);
    buffer_append(&parcel->heat, seen->heat, (size_t)seen->heat_count * sizeof *seen->heat);
    seen->heat = (const void *)parcel->heat.data;
    feed->early_window = seen->window;
    feed->early_messages = drain_messages(feed->config.drain);
    feed->early_sent_ms = monotonic_ms();
    parcels_end(feed->parcels);
    return true;
}

static void send_failure(struct feed *feed, enum status status, const struct error *error)
{
    struct parcel *parcel = parcels_begin(feed->parcels);
    if (!parcel)
        return;
    parcel->kind = PARCEL_FAILED;
    parcel->status = status;
    parcel->error = *error;
    put_ledgers(feed, parcel);
    parcels_end(feed->parcels);
}

/* The bounded run is over. When all it heard was too far ahead to be believed, it failed. */
static void send_end(struct feed *feed)
{
    struct windows *windows = feed->config.windows;
    struct error error;
    bool nothing = windows_open_window(windows) == 0;
    set_view(feed, false);
    if (nothing && windows_doubt(windows, true, error.text, sizeof error.text))
        send_failure(feed,
                     error_prefix(&error, STATUS_BAD_DATA, "the input ended without a window"),
                     &error);
    else
        (void)send_state(feed, PARCEL_END);
}

/* Closes every window that can be closed; false when the thread is done. */
static bool close_windows(struct feed *feed)
{
    struct windows *windows = feed->config.windows;
    while (can_close(feed)) {
        if (windows_next_is_provisional(windows) && !send_state(feed, PARCEL_KEEP))
            return false;
        if (state_is_wanted(feed) && windows_next_corrects(windows) &&
            !send_state(feed, PARCEL_STATE))
            return false;
        if (!send_windows(feed))
            return false;
    }
    if (!past_limit(feed) && !windows_exhausted(windows))
        return true;
    send_end(feed);
    return false;
}

/* Nothing is at hand: moves the clocks of silent partitions, or waits. */
static enum status await_messages(struct feed *feed, struct error *err)
{
    const struct feed_config *config = &feed->config;
    bool moved = false;
    if (config->idle)
        TRY(idle_check(config->idle, &moved, err));
    int longest_ms = config->idle ? idle_patience_ms(config->idle) : NAP_MS;
    return moved ? STATUS_OK : source_wait(config->source, until_picture_ms(feed, longest_ms), err);
}

static void *feed_main(void *argument)
{
    struct feed *feed = argument;
    struct error error;
    bool more = close_windows(feed); /* a restart may find nothing left to read */
    while (more && !atomic_load(&feed->stop)) {
        int64_t taken;
        enum status status = drain_round(feed->config.drain, &taken, &error);
        if (status == STATUS_OK && !close_windows(feed))
            break;
        if (status == STATUS_OK && state_is_wanted(feed) && !send_state(feed, PARCEL_STATE))
            break;
        set_view(feed, taken == 0);
        if (status == STATUS_OK && until_picture_ms(feed, 1) == 0 && !send_picture(feed))
            break;
        if (status == STATUS_OK && taken == 0)
            status = await_messages(feed, &error);
        if (status != STATUS_OK) {
            send_failure(feed, status, &error);
            break;
        }
    }
    return NULL;
}

static void feed_release(struct feed *feed)
{
    parcels_destroy(feed->parcels);
    early_destroy(feed->early);
    pthread_mutex_destroy(&feed->mutex);
    free(feed->parts);
    free(feed);
}

enum status feed_start(const struct feed_config *config, struct feed **feed, struct error *err)
{
    struct feed *created = memory_zeroed(1, sizeof *created);
    created->config = *config;
    created->view.waits_for = -1;
    created->parts = memory_zeroed(config->partitions, sizeof *created->parts);
    for (int p = 0; p < config->partitions; p++)
        created->parts[p] = partition_of(created, p);
    pthread_mutex_init(&created->mutex, NULL);
    created->parcels = parcels_create(config->partitions, config->together);
    if (config->early_ms > 0)
        created->early = early_create(config->windows);
    created->early_window = -1;
    int failed = thread_start(&created->thread, feed_main, created);
    if (failed) {
        feed_release(created);
        return error_set(err, STATUS_BUG, "starting the ingest thread: %s", strerror(failed));
    }
    *feed = created;
    return STATUS_OK;
}

struct parcel *feed_next(struct feed *feed, int timeout_ms)
{
    return parcels_next(feed->parcels, timeout_ms);
}

void feed_done(struct feed *feed, struct parcel *parcel)
{
    parcels_done(feed->parcels, parcel);
}

bool feed_knows_gaps(const struct feed *feed, const struct parcel *parcel)
{
    return drain_gaps(feed->config.drain) <= parcel->gaps;
}

void feed_want_state(struct feed *feed)
{
    atomic_store(&feed->want_state, true);
    source_wake(feed->config.source);
}

void feed_stop(struct feed *feed)
{
    if (!feed)
        return;
    atomic_store(&feed->stop, true);
    source_wake(feed->config.source);
    parcels_stop(feed->parcels);
    pthread_join(feed->thread, NULL);
    feed_release(feed);
}
