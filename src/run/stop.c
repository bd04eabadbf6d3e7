#include "run/stop.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

static struct {
    volatile sig_atomic_t usr1, usr2, terminations;
} signals;

static void on_signal(int number)
{
    if (number == SIGUSR1)
        signals.usr1 = 1;
    else if (number == SIGUSR2)
        signals.usr2 = 1;
    else if (signals.terminations < 2)
        signals.terminations++;
}

void stop_install(void)
{
    static const int handled[] = {SIGUSR1, SIGUSR2, SIGINT, SIGTERM};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof handled / sizeof *handled; i++)
        sigaction(handled[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    stop_clock_s();
}

double stop_clock_s(void)
{
    static struct timespec start;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (start.tv_sec == 0)
        start = now;
    return (double)(now.tv_sec - start.tv_sec) + 1e-9 * (double)(now.tv_nsec - start.tv_nsec);
}

static bool stop_file_found(struct stop_watch *watch)
{
    double now_s = stop_clock_s();
    if (now_s - watch->looked_at_s < 0.2)
        return false;
    watch->looked_at_s = now_s;
    return unlink(watch->stop_file) == 0; /* taken: the next run must not find it */
}

static bool time_is_up(const struct stop_watch *watch, double reserve_s)
{
    return watch->time_limit_s >= 0 && stop_clock_s() + reserve_s >= watch->time_limit_s;
}

static const char *reason_to_stop(struct stop_watch *watch, double reserve_s)
{
    if (signals.terminations > 0)
        return "asked to terminate";
    if (signals.usr2)
        return "signal USR2";
    if (stop_file_found(watch))
        return "file STOP";
    watch->at_limit = time_is_up(watch, reserve_s);
    return watch->at_limit ? "the time limit is near" : NULL;
}

enum stop_request stop_poll(struct stop_watch *watch, double reserve_s)
{
    const char *task = watch->task ? watch->task : "writing a checkpoint";
    if (signals.terminations > 1)
        return STOP_NOW;
    const char *reason = watch->announced ? NULL : reason_to_stop(watch, reserve_s);
    if (reason)
        log_info("%s: %s, then stopping", reason, task);
    watch->announced = watch->announced || reason;
    if (watch->announced)
        return STOP_SOON;
    if (!signals.usr1)
        return STOP_NOTHING;
    signals.usr1 = 0;
    log_info("signal USR1: %s", task);
    return STOP_CHECKPOINT;
}
