#include "run/parcels.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "base/monotonic.h"
#include "run/stop.h"

/* How long a parcel may keep the main thread, so that no request to stop waits for long. */
#define PARCEL_S 1e-3

/* Of windows with more heat only FEED_PARCELS wait. */
enum { LARGE_BYTES = 1 << 20 };

struct parcels {
    pthread_mutex_t mutex;
    pthread_cond_t filled, emptied;
    struct parcel ring[FEED_MOST_PARCELS];
    int depth;
    int64_t produced, consumed; /* parcel n is ring[n % depth] */
    bool large;                 /* the last one that was produced */
    bool stop;
    atomic_int row_limit;
    struct parcel *opened; /* the main thread has not done with it yet */
    double opened_s;
};

static void create_arrays(struct parcels *parcels, int partitions)
{
    for (int i = 0; i < parcels->depth; i++) {
        struct parcel *parcel = &parcels->ring[i];
        parcel->ledgers = memory_zeroed(partitions, sizeof *parcel->ledgers);
        parcel->fingerprints = memory_zeroed(partitions, sizeof *parcel->fingerprints);
    }
}

struct parcels *parcels_create(int partitions, int together)
{
    struct parcels *parcels = memory_zeroed(1, sizeof *parcels);
    int wanted = together > 1 ? together * FEED_PARCELS : FEED_PARCELS;
    parcels->depth = wanted < FEED_MOST_PARCELS ? wanted : FEED_MOST_PARCELS;
    atomic_init(&parcels->row_limit, 1);
    pthread_mutex_init(&parcels->mutex, NULL);
    monotonic_condition(&parcels->filled);
    pthread_cond_init(&parcels->emptied, NULL);
    create_arrays(parcels, partitions);
    return parcels;
}

void parcels_destroy(struct parcels *parcels)
{
    if (!parcels)
        return;
    for (int i = 0; i < parcels->depth; i++) {
        struct parcel *parcel = &parcels->ring[i];
        buffer_release(&parcel->heat);
        buffer_release(&parcel->letters);
        buffer_release(&parcel->letter_bytes);
        buffer_release(&parcel->windows_state);
        free(parcel->ledgers);
        free(parcel->fingerprints);
    }
    pthread_cond_destroy(&parcels->filled);
    pthread_cond_destroy(&parcels->emptied);
    pthread_mutex_destroy(&parcels->mutex);
    free(parcels);
}

static struct parcel *parcel_at(struct parcels *parcels, int64_t n)
{
    return &parcels->ring[n % parcels->depth];
}

struct parcel *parcels_begin(struct parcels *parcels)
{
    int most = parcels->large ? FEED_PARCELS : parcels->depth;
    pthread_mutex_lock(&parcels->mutex);
    while (parcels->produced - parcels->consumed >= most && !parcels->stop)
        pthread_cond_wait(&parcels->emptied, &parcels->mutex);
    struct parcel *parcel = parcels->stop ? NULL : parcel_at(parcels, parcels->produced);
    pthread_mutex_unlock(&parcels->mutex);
    if (parcel) {
        parcel->has_state = parcel->row_state = false;
        parcel->letter_count = parcel->row_letters = 0;
        parcel->row_count = parcel->row_shown = 0;
    }
    return parcel;
}

void parcels_end(struct parcels *parcels)
{
    pthread_mutex_lock(&parcels->mutex);
    parcels->large = parcel_at(parcels, parcels->produced)->heat.size > LARGE_BYTES;
    parcels->produced++;
    pthread_cond_signal(&parcels->filled);
    pthread_mutex_unlock(&parcels->mutex);
}

bool parcels_all_done(struct parcels *parcels)
{
    pthread_mutex_lock(&parcels->mutex);
    bool done = parcels->produced == parcels->consumed;
    pthread_mutex_unlock(&parcels->mutex);
    return done;
}

int parcels_row_limit(struct parcels *parcels)
{
    return atomic_load(&parcels->row_limit);
}

/* The oldest filled parcel, or NULL when there is none in time. */
static struct parcel *await_filled(struct parcels *parcels, int timeout_ms)
{
    struct timespec deadline = monotonic_after_ms(timeout_ms);
    pthread_mutex_lock(&parcels->mutex);
    int failed = 0;
    while (parcels->produced == parcels->consumed && !failed)
        failed = pthread_cond_timedwait(&parcels->filled, &parcels->mutex, &deadline);
    struct parcel *parcel =
        parcels->produced == parcels->consumed ? NULL : parcel_at(parcels, parcels->consumed);
    pthread_mutex_unlock(&parcels->mutex);
    return parcel;
}

/* The first window of the parcel after the one that is opened, if it is there. */
static const struct closed_window *window_after(struct parcels *parcels)
{
    if (parcels->depth == FEED_PARCELS)
        return NULL;
    pthread_mutex_lock(&parcels->mutex);
    bool there = parcels->produced > parcels->consumed + 1;
    pthread_mutex_unlock(&parcels->mutex);
    const struct parcel *after = parcel_at(parcels, parcels->consumed + 1);
    return there && after->kind == PARCEL_WINDOW ? &after->row[0] : NULL;
}

static void show_next_window(struct parcels *parcels, struct parcel *parcel)
{
    parcel->closed = parcel->row[parcel->row_shown++];
    bool last = parcel->row_shown == parcel->row_count;
    parcel->letter_count = last ? parcel->row_letters : 0;
    parcel->has_state = last && parcel->row_state;
    parcel->next = last ? window_after(parcels) : &parcel->row[parcel->row_shown];
}

struct parcel *parcels_next(struct parcels *parcels, int timeout_ms)
{
    if (!parcels->opened) {
        parcels->opened = await_filled(parcels, timeout_ms);
        parcels->opened_s = stop_clock_s();
    }
    if (parcels->opened && parcels->opened->kind == PARCEL_WINDOW)
        show_next_window(parcels, parcels->opened);
    return parcels->opened;
}

static void note_pace(struct parcels *parcels)
{
    double window_s = (stop_clock_s() - parcels->opened_s) / parcels->opened->row_count;
    int limit = PARCEL_WINDOWS;
    while (limit > 1 && limit * window_s > PARCEL_S)
        limit--;
    atomic_store(&parcels->row_limit, limit);
}

void parcels_done(struct parcels *parcels, struct parcel *parcel)
{
    if (parcel->row_shown < parcel->row_count)
        return;
    if (parcel->kind == PARCEL_WINDOW)
        note_pace(parcels);
    if (parcels->depth > FEED_PARCELS)
        buffer_clear_large(&parcel->heat);
    buffer_clear_large(&parcel->windows_state); /* all events of a horizon, in one parcel of many */
    parcels->opened = NULL;
    pthread_mutex_lock(&parcels->mutex);
    parcels->consumed++;
    pthread_cond_signal(&parcels->emptied);
    pthread_mutex_unlock(&parcels->mutex);
}

void parcels_stop(struct parcels *parcels)
{
    pthread_mutex_lock(&parcels->mutex);
    parcels->stop = true;
    pthread_cond_broadcast(&parcels->emptied);
    pthread_mutex_unlock(&parcels->mutex);
}
