#include "run/watchdog.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/monotonic.h"
#include "base/thread.h"

enum { LOOKS = 16, OTHERS_LATER_S = 2 };

struct watchdog {
    const struct pulse *pulse;
    int rank;
    double patience_s;
    pthread_t thread;
    pthread_mutex_t mutex; /* of `stop` */
    pthread_cond_t stopped;
    bool stop;
};

static void leave(const struct watchdog *watchdog, const char *waits_for)
{
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    log_error("rank %d on %s has heard nothing from the other ranks for %g s (run.lost_after_s), "
              "%s%s: a rank, a host or the network between hosts is lost; the same command goes on "
              "from the last checkpoint",
              watchdog->rank, host, watchdog->patience_s,
              waits_for ? "waiting for " : "busy with files or its own work",
              waits_for ? waits_for : "");
    _exit(status_exit_code(STATUS_LOST));
}

static void wait_for(struct watchdog *watchdog, double seconds)
{
    struct timespec until = monotonic_after_ns((int64_t)(seconds * 1e9));
    pthread_cond_timedwait(&watchdog->stopped, &watchdog->mutex, &until);
}

/* The silence is counted in looks, not read off the clock: after a process was stopped that would
 * tell of a silence in which it did not listen. */
static void *watchdog_main(void *argument)
{
    struct watchdog *watchdog = argument;
    const struct pulse *pulse = watchdog->pulse;
    double look_s = watchdog->patience_s / LOOKS, silent_s = 0;
    double limit_s = watchdog->patience_s + (watchdog->rank == 0 ? 0 : OTHERS_LATER_S);
    unsigned long long heard = atomic_load_explicit(&pulse->beats, memory_order_relaxed);
    pthread_mutex_lock(&watchdog->mutex);
    while (!watchdog->stop) {
        wait_for(watchdog, look_s);
        unsigned long long beats = atomic_load_explicit(&pulse->beats, memory_order_relaxed);
        silent_s = beats == heard ? silent_s + look_s : 0;
        heard = beats;
        if (silent_s >= limit_s && !watchdog->stop)
            leave(watchdog, atomic_load_explicit(&pulse->waits_for, memory_order_relaxed));
    }
    pthread_mutex_unlock(&watchdog->mutex);
    return NULL;
}

static void release(struct watchdog *watchdog)
{
    pthread_cond_destroy(&watchdog->stopped);
    pthread_mutex_destroy(&watchdog->mutex);
    free(watchdog);
}

enum status watchdog_start(const struct pulse *pulse, int rank, double patience_s,
                           struct watchdog **out, struct error *err)
{
    struct watchdog *watchdog = memory_zeroed(1, sizeof *watchdog);
    watchdog->pulse = pulse;
    watchdog->rank = rank;
    watchdog->patience_s = patience_s;
    pthread_mutex_init(&watchdog->mutex, NULL);
    monotonic_condition(&watchdog->stopped);
    int failed = thread_start(&watchdog->thread, watchdog_main, watchdog);
    if (failed) {
        release(watchdog);
        return error_set(err, STATUS_BUG, "starting the thread that watches over the ranks: %s",
                         strerror(failed));
    }
    *out = watchdog;
    return STATUS_OK;
}

void watchdog_stop(struct watchdog *watchdog)
{
    if (!watchdog)
        return;
    pthread_mutex_lock(&watchdog->mutex);
    watchdog->stop = true;
    pthread_cond_signal(&watchdog->stopped);
    pthread_mutex_unlock(&watchdog->mutex);
    pthread_join(watchdog->thread, NULL);
    release(watchdog);
}
