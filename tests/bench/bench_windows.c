/* Events a second of processor time through event time: taken, their windows closed.
 *
 *     bench_windows [ROUNDS]       default 200; few of them suffice to count instructions */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "window/windows.h"

enum { PARTITIONS = 4, CELLS_PER_SIDE = 64, CELLS = CELLS_PER_SIDE * CELLS_PER_SIDE };
enum { WINDOW_MS = 100, DISORDER_MS = 20 };

static double processor_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static struct windows *make_windows(void)
{
    static const int64_t first[PARTITIONS];
    return windows_create(&(struct windows_config){.partitions = PARTITIONS,
                                                   .gnx = CELLS_PER_SIDE,
                                                   .gny = CELLS_PER_SIDE,
                                                   .window_ms = WINDOW_MS,
                                                   .disorder_ms = DISORDER_MS,
                                                   .horizon_windows = 50,
                                                   .clock_sensors = 3,
                                                   .clock_expiry = 1000,
                                                   .jump_ms = 49 * WINDOW_MS,
                                                   .max_open_events = 10000000,
                                                   .estimate = ESTIMATE_MEAN,
                                                   .span = 1,
                                                   .snapshot_spacing = 1,
                                                   .gen_scale = 1.0},
                          first);
}

/* The i-th event of its window: every sensor speaks `times` in it, jumbled within the bound. */
static struct record make_record(int64_t window, int64_t i, int times, int64_t *offsets)
{
    int partition = (int)(i % PARTITIONS);
    int64_t since_ms = i * WINDOW_MS / ((int64_t)times * CELLS) - i * 7 % DISORDER_MS;
    int64_t time_ms = window * WINDOW_MS + since_ms;
    return (struct record){.verdict = FATE_ON_TIME,
                           .partition = partition,
                           .offset = offsets[partition]++,
                           .has_time = true,
                           .time_ms = time_ms < 0 ? 0 : time_ms,
                           .cell = i * 1021 % CELLS,
                           .sensor = i * 1021 % CELLS,
                           .rate = (double)(i % 17)};
}

static int64_t close_windows(struct windows *windows)
{
    int64_t events = 0;
    for (struct closed_window closed; windows_can_close(windows); events += closed.events)
        windows_close(windows, &closed);
    return events;
}

static void bench(const char *what, int times, int64_t rounds)
{
    struct windows *windows = make_windows();
    int64_t offsets[PARTITIONS] = {0}, events = 0;
    double begin_s = processor_s();
    for (int64_t i = 0, each = (int64_t)times * CELLS; i < rounds * each; i++) {
        struct record record = make_record(i / each, i % each, times, offsets);
        struct error err;
        if (!windows_wants(windows, record.partition))
            events += close_windows(windows);
        /* the few that come before the last partition has passed are left out */
        if (windows_wants(windows, record.partition) &&
            windows_take(windows, &record, &err) != STATUS_OK)
            abort();
    }
    printf("%-48s %6.1f M events/s\n", what, 1e-6 * (double)events / (processor_s() - begin_s));
    windows_destroy(windows);
}

int main(int argc, char **argv)
{
    int64_t rounds = argc > 1 ? strtoll(argv[1], NULL, 10) : 200;
    bench("event time, one event a cell and window", 1, rounds);
    bench("event time, five events a cell and window", 5, rounds);
    return EXIT_SUCCESS;
}
