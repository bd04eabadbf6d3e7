#include "ingest/pace.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

enum { NS_PER_S = 1000000000 };

static int64_t machine_now_ns(void *self)
{
    struct timespec now;
    (void)self;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void machine_wait_until_ns(void *self, int64_t moment_ns)
{
    const struct timespec due = {.tv_sec = (time_t)(moment_ns / NS_PER_S),
                                 .tv_nsec = (long)(moment_ns % NS_PER_S)};
    (void)self;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) != 0)
        continue;
}

struct pace_clock pace_clock_monotonic(void)
{
    return (struct pace_clock){machine_now_ns, machine_wait_until_ns, NULL};
}

struct pace pace_begin(struct pace_clock clock, double times)
{
    return (struct pace){
        .clock = clock, .times = times, .begin_ns = clock.now_ns(clock.self), .reached_ms = 0};
}

static int64_t due_ns(const struct pace *pace, double elapsed_ms)
{
    double after_ns = elapsed_ms / pace->times * 1e6;
    bool tells = after_ns < (double)(INT64_MAX / 2); /* a clock stays below the other half */
    return tells ? pace->begin_ns + (int64_t)after_ns : INT64_MAX;
}

static int64_t delay_ns(const struct pace *pace, double elapsed_ms)
{
    if (pace->times <= 0 || elapsed_ms <= pace->reached_ms)
        return 0;
    int64_t due = due_ns(pace, elapsed_ms), now = pace->clock.now_ns(pace->clock.self);
    return due > now ? due - now : 0;
}

double pace_delay_s(const struct pace *pace, double elapsed_ms)
{
    return (double)delay_ns(pace, elapsed_ms) / NS_PER_S;
}

enum status pace_wait(struct pace *pace, double elapsed_ms, struct sink *sink, struct error *err)
{
    if (pace->times <= 0 || elapsed_ms <= pace->reached_ms)
        return STATUS_OK;
    if (delay_ns(pace, elapsed_ms) > 0) {
        TRY(sink_push(sink, err));
        pace->clock.wait_until_ns(pace->clock.self, due_ns(pace, elapsed_ms));
    }
    pace->reached_ms = elapsed_ms;
    return STATUS_OK;
}

double pace_spent_s(const struct pace *pace)
{
    return (double)(pace->clock.now_ns(pace->clock.self) - pace->begin_ns) / NS_PER_S;
}
