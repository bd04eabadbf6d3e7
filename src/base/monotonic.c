#include "base/monotonic.h"

enum { NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

static struct timespec now(void)
{
    struct timespec when;
    clock_gettime(CLOCK_MONOTONIC, &when);
    return when;
}

double monotonic_s(void)
{
    struct timespec when = now();
    return (double)when.tv_sec + 1e-9 * (double)when.tv_nsec;
}

int64_t monotonic_ms(void)
{
    struct timespec when = now();
    return (int64_t)when.tv_sec * 1000 + when.tv_nsec / NS_PER_MS;
}

struct timespec monotonic_after_ns(int64_t ns)
{
    struct timespec when = now();
    int64_t within = when.tv_nsec + ns % NS_PER_S;
    when.tv_sec += ns / NS_PER_S + within / NS_PER_S;
    when.tv_nsec = within % NS_PER_S;
    return when;
}

struct timespec monotonic_after_ms(int64_t ms)
{
    return monotonic_after_ns(ms * NS_PER_MS);
}

void monotonic_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}
