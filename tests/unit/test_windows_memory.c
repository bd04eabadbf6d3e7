/* How much memory event time needs: that of the windows it has to keep, however long the stream and
 * however far one partition could run ahead. Counted by the C library's allocator; under a
 * sanitizer, which brings its own, there is nothing to count. */
#include <malloc.h>

#include "unit.h"

#include "window/windows_state.h"

enum { PARTITIONS = 3, CELLS = 64, WINDOW_MS = 100, DISORDER_MS = 50, PACE_MS = 2, HORIZON = 10 };
enum { SPACING = 4, HOLD = 5, SPAN = 3, JUMP_MS = (HORIZON - 1) * WINDOW_MS };
enum { MOST_IN_WINDOW = PARTITIONS * (WINDOW_MS / PACE_MS + 10) }; /* late ones counted */
enum { OTHER_BYTES = 1 << 17 }; /* clocks, held rates, letters, the objects themselves */

static const struct windows_config config = {.partitions = PARTITIONS,
                                             .gnx = CELLS,
                                             .gny = 1,
                                             .window_ms = WINDOW_MS,
                                             .disorder_ms = DISORDER_MS,
                                             .horizon_windows = HORIZON,
                                             .clock_sensors = 3,
                                             .clock_expiry = 100,
                                             .jump_ms = JUMP_MS,
                                             .max_open_events = 100000,
                                             .estimate = ESTIMATE_MEAN,
                                             .span = SPAN,
                                             .hold = HOLD,
                                             .gen_scale = 1.0,
                                             .dedup = true,
                                             .snapshot_spacing = SPACING};

/* Windows whose events are kept, can be ahead in any one partition, and can be waiting. */
static int64_t most_windows(void)
{
    int64_t kept = HORIZON + SPACING - 1 + HOLD + SPAN;
    int64_t ahead = (JUMP_MS + DISORDER_MS) / WINDOW_MS + 2;
    return kept + ahead + HORIZON;
}

/* Doubling leaves room for as many events again; two more sets of this size are scratch. */
static int64_t most_bytes(void)
{
    return (most_windows() + 2) * 2 * MOST_IN_WINDOW * (int64_t)sizeof(struct event) + OTHER_BYTES;
}

static int64_t bytes_in_use(void)
{
    struct mallinfo2 info = mallinfo2();
    return (int64_t)(info.uordblks + info.hblkhd);
}

/* The i-th record: some are late, some too late, some come twice, some are garbage. */
static struct record make_record(int p, int64_t i)
{
    if (i % 33 == 32) {
        struct record again = make_record(p, i - 1);
        again.offset = i;
        return again;
    }
    struct record record = {.verdict = i % 61 == 0 ? FATE_UNDECODABLE : FATE_ON_TIME,
                            .partition = p,
                            .offset = i,
                            .has_time = true,
                            .time_ms = (i - i % 9) * PACE_MS + 8 * PACE_MS - i % 3,
                            .cell = i * 7 % CELLS,
                            .value = (const uint8_t *)"garbage",
                            .value_size = 7};
    if (i % 20 == 0)
        record.time_ms -= i % 13 * WINDOW_MS;
    record.sensor = record.cell;
    record.rate = (double)(i % 17);
    return record;
}

struct stream_run {
    struct windows *windows;
    int64_t next[PARTITIONS], peak_bytes, windows_closed, events_taken;
};

static void close_windows(struct stream_run *run)
{
    const struct dead_letter *letters;
    const uint8_t *bytes;
    size_t size;
    struct closed_window closed;
    while (windows_can_close(run->windows)) {
        windows_close(run->windows, &closed);
        run->windows_closed += closed.kind == CLOSE_NEW;
        (void)windows_dead_letters(run->windows, &letters, &bytes, &size);
        windows_clear_dead_letters(run->windows);
    }
    int64_t bytes_now = bytes_in_use();
    if (bytes_now > run->peak_bytes)
        run->peak_bytes = bytes_now;
}

/* Partition 0 takes all it is let, the last one crawls. */
static void run_until(struct stream_run *run, int64_t windows)
{
    static const int64_t batch[PARTITIONS] = {INT64_MAX, 40, 1};
    struct error err;
    while (run->windows_closed < windows) {
        for (int p = 0; p < PARTITIONS; p++)
            for (int64_t n = 0; n < batch[p] && windows_wants(run->windows, p); n++) {
                struct record record = make_record(p, run->next[p]++);
                CU_ASSERT_EQUAL_FATAL(windows_take(run->windows, &record, &err), STATUS_OK);
                run->events_taken++;
            }
        close_windows(run);
    }
}

static void memory_is_that_of_the_windows_kept_however_long_the_stream(void)
{
    static const int64_t first[PARTITIONS];
    int64_t before = bytes_in_use();
    struct stream_run run = {.windows = windows_create(&config, first)};
    run_until(&run, 200);
    int64_t warm = run.peak_bytes;
    run.peak_bytes = 0;
    run_until(&run, 3000);
    CU_ASSERT(run.peak_bytes <= warm);
    CU_ASSERT(run.peak_bytes - before <= most_bytes());
    CU_ASSERT(run.events_taken * (int64_t)sizeof(struct event) > 10 * most_bytes());
    CU_ASSERT(windows_ledger(run.windows, 0)->fates[FATE_LATE] > 1000);
    CU_ASSERT(windows_ledger(run.windows, 0)->fates[FATE_TOO_LATE] > 100);
    CU_ASSERT(windows_ledger(run.windows, 0)->fates[FATE_DUPLICATE] > 1000);
    windows_destroy(run.windows);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(memory_is_that_of_the_windows_kept_however_long_the_stream),
    };
    return unit_run("windows_memory", tests, UNIT_COUNT(tests));
}
