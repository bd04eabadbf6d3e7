#include "run/feed.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NAP_MS = 200 };

struct feed {
    struct feed_config config;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t filled, emptied;
    struct parcel parcels[FEED_PARCELS];
    int64_t produced, consumed; /* parcel n is parcels[n % FEED_PARCELS] */
    atomic_bool stop, want_state;
    struct feed_view view;
};

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
    pthread_mutex_unlock(&feed->mutex);
}

struct feed_view feed_view(struct feed *feed)
{
    pthread_mutex_lock(&feed->mutex);
    struct feed_view view = feed->view;
    pthread_mutex_unlock(&feed->mutex);
    return view;
}

/* An empty parcel, or NULL when the feed is to stop. */
static struct parcel *begin_parcel(struct feed *feed)
{
    pthread_mutex_lock(&feed->mutex);
    while (feed->produced - feed->consumed == FEED_PARCELS && !atomic_load(&feed->stop))
        pthread_cond_wait(&feed->emptied, &feed->mutex);
    struct parcel *parcel =
        atomic_load(&feed->stop) ? NULL : &feed->parcels[feed->produced % FEED_PARCELS];
    pthread_mutex_unlock(&feed->mutex);
    if (parcel) {
        parcel->has_state = false;
        parcel->letter_count = 0;
    }
    return parcel;
}

static void end_parcel(struct feed *feed)
{
    pthread_mutex_lock(&feed->mutex);
    feed->produced++;
    pthread_cond_signal(&feed->filled);
    pthread_mutex_unlock(&feed->mutex);
}

static void put_letters(struct feed *feed, struct parcel *parcel)
{
    const struct dead_letter *letters;
    const uint8_t *bytes;
    size_t size;
    parcel->letter_count = windows_dead_letters(feed->config.windows, &letters, &bytes, &size);
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
    buffer_clear(&parcel->windows_state);
    windows_save(feed->config.windows, &parcel->windows_state);
    for (int p = 0; p < feed->config.partitions; p++)
        parcel->fingerprints[p] = drain_fingerprint(feed->config.drain, p);
}

static bool send_state(struct feed *feed, enum parcel_kind kind)
{
    struct parcel *parcel = begin_parcel(feed);
    if (!parcel)
        return false;
    parcel->kind = kind;
    put_ledgers(feed, parcel);
    put_state(feed, parcel);
    if (kind ==
        PARCEL_END) /* after the state: a grown topic writes them at the close they belong to */
        put_letters(feed, parcel);
    end_parcel(feed);
    return true;
}

static bool send_window(struct feed *feed)
{
    struct parcel *parcel = begin_parcel(feed);
    if (!parcel)
        return false;
    parcel->kind = PARCEL_WINDOW;
    windows_close(feed->config.windows, &parcel->closed);
    const struct closed_window *closed = &parcel->closed;
    buffer_clear(&parcel->heat);
    buffer_append(&parcel->heat, closed->heat, (size_t)closed->heat_count * sizeof *closed->heat);
    parcel->closed.heat = (const struct heat *)(const void *)parcel->heat.data;
    put_letters(feed, parcel);
    put_ledgers(feed, parcel);
    int64_t every = feed->config.state_every;
    bool due = every > 0 && (closed->window + 1) % every == 0;
    if (due || closed->window == feed->config.stop_after || atomic_load(&feed->want_state))
        put_state(feed, parcel);
    end_parcel(feed);
    return true;
}

static void send_failure(struct feed *feed, enum status status, const struct error *error)
{
    struct parcel *parcel = begin_parcel(feed);
    if (!parcel)
        return;
    parcel->kind = PARCEL_FAILED;
    parcel->status = status;
    parcel->error = *error;
    put_ledgers(feed, parcel);
    end_parcel(feed);
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

static bool past_limit(const struct feed *feed)
{
    return windows_open_window(feed->config.windows) > feed->config.stop_after;
}

/* Closes every window that can be closed; false when the thread is done. */
static bool close_windows(struct feed *feed)
{
    struct windows *windows = feed->config.windows;
    while (!past_limit(feed) && windows_can_close(windows)) {
        if (windows_next_is_provisional(windows) && !send_state(feed, PARCEL_KEEP))
            return false;
        if (!send_window(feed))
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
    if (!config->idle)
        return source_wait(config->source, NAP_MS, err);
    bool moved;
    TRY(idle_check(config->idle, &moved, err));
    return moved ? STATUS_OK : source_wait(config->source, idle_patience_ms(config->idle), err);
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
        if (status == STATUS_OK && atomic_load(&feed->want_state) &&
            !send_state(feed, PARCEL_STATE))
            break;
        set_view(feed, taken == 0);
        if (status == STATUS_OK && taken == 0)
            status = await_messages(feed, &error);
        if (status != STATUS_OK) {
            send_failure(feed, status, &error);
            break;
        }
    }
    return NULL;
}

static void parcels_create(struct feed *feed)
{
    size_t partitions = (size_t)feed->config.partitions;
    for (int i = 0; i < FEED_PARCELS; i++) {
        feed->parcels[i].ledgers = calloc(partitions, sizeof(struct ledger));
        feed->parcels[i].fingerprints = calloc(partitions, sizeof(struct fingerprint));
        if (!feed->parcels[i].ledgers || !feed->parcels[i].fingerprints)
            abort();
    }
}

static void feed_release(struct feed *feed)
{
    for (int i = 0; i < FEED_PARCELS; i++) {
        struct parcel *parcel = &feed->parcels[i];
        buffer_release(&parcel->heat);
        buffer_release(&parcel->letters);
        buffer_release(&parcel->letter_bytes);
        buffer_release(&parcel->windows_state);
        free(parcel->ledgers);
        free(parcel->fingerprints);
    }
    pthread_cond_destroy(&feed->filled);
    pthread_cond_destroy(&feed->emptied);
    pthread_mutex_destroy(&feed->mutex);
    free(feed);
}

/* Signals are for the main thread, which alone acts on them. */
static int start_thread(struct feed *feed)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int failed = pthread_create(&feed->thread, NULL, feed_main, feed);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

enum status feed_start(const struct feed_config *config, struct feed **feed, struct error *err)
{
    struct feed *created = calloc(1, sizeof *created);
    if (!created)
        abort();
    created->config = *config;
    created->view.waits_for = -1;
    pthread_mutex_init(&created->mutex, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&created->filled, &attributes);
    pthread_cond_init(&created->emptied, NULL);
    pthread_condattr_destroy(&attributes);
    parcels_create(created);
    int failed = start_thread(created);
    if (failed) {
        feed_release(created);
        return error_set(err, STATUS_BUG, "starting the ingest thread: %s", strerror(failed));
    }
    *feed = created;
    return STATUS_OK;
}

static struct timespec deadline_in(int timeout_ms)
{
    struct timespec deadline;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    int64_t nanoseconds = deadline.tv_nsec + (int64_t)timeout_ms * 1000000;
    deadline.tv_sec += nanoseconds / 1000000000;
    deadline.tv_nsec = nanoseconds % 1000000000;
    return deadline;
}

struct parcel *feed_next(struct feed *feed, int timeout_ms)
{
    struct timespec deadline = deadline_in(timeout_ms);
    pthread_mutex_lock(&feed->mutex);
    int failed = 0;
    while (feed->produced == feed->consumed && !failed)
        failed = pthread_cond_timedwait(&feed->filled, &feed->mutex, &deadline);
    struct parcel *parcel =
        feed->produced == feed->consumed ? NULL : &feed->parcels[feed->consumed % FEED_PARCELS];
    pthread_mutex_unlock(&feed->mutex);
    return parcel;
}

void feed_done(struct feed *feed, struct parcel *parcel)
{
    (void)parcel;
    pthread_mutex_lock(&feed->mutex);
    feed->consumed++;
    pthread_cond_signal(&feed->emptied);
    pthread_mutex_unlock(&feed->mutex);
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
    pthread_mutex_lock(&feed->mutex);
    pthread_cond_broadcast(&feed->emptied);
    pthread_mutex_unlock(&feed->mutex);
    pthread_join(feed->thread, NULL);
    feed_release(feed);
}
