/* Time-outs of silent partitions. The clock, the broker and what has been read of it are the
 * test's: these functions stand in for those of the program. Windows and journal are real. */
#include <unistd.h>

#include "base/log.h"
#include "heap.h"
#include "run/idle.h"
#include "run/stop.h"
#include "scratch.h"
#include "unit.h"
#include "window/windows_state.h"

enum { PARTITIONS = 3, IDLE_MS = 300, WINDOW_MS = 100, T0_MS = 5000 };

struct source {
    int64_t ends[PARTITIONS];
    int asked[PARTITIONS];
    bool unreachable;
};

struct drain {
    int64_t position[PARTITIONS], taken[PARTITIONS];
};

static double now_s;
static int syncs;

double stop_clock_s(void)
{
    return now_s;
}

int fdatasync(int fd)
{
    (void)fd;
    syncs++;
    return 0;
}

enum status source_bounds(struct source *source, int partition, int64_t *first, int64_t *end,
                          struct error *err)
{
    source->asked[partition]++;
    if (source->unreachable)
        return error_set(err, STATUS_UNREACHABLE, "nobody there");
    *first = 0;
    *end = source->ends[partition];
    return STATUS_OK;
}

int64_t drain_position(const struct drain *drain, int partition)
{
    return drain->position[partition];
}

int64_t drain_taken(const struct drain *drain, int partition)
{
    return drain->taken[partition];
}

struct scene {
    struct scratch scratch;
    char path[PATH_MAX];
    struct source source;
    struct drain drain;
    struct windows *windows;
    struct journal *journal;
    struct idle *idle;
};

static struct journal *open_journal(const char *path)
{
    struct error err = {""};
    struct journal *journal = NULL;
    CU_ASSERT_EQUAL_FATAL(journal_open(path, PARTITIONS, &journal, &err), STATUS_OK);
    return journal;
}

static void scene_begin(struct scene *scene)
{
    static const int64_t first[PARTITIONS];
    struct windows_config windows = {.partitions = PARTITIONS,
                                     .gnx = 4,
                                     .gny = 1,
                                     .t0_ms = T0_MS,
                                     .window_ms = WINDOW_MS,
                                     .horizon_windows = 50,
                                     .clock_sensors = 3,
                                     .clock_expiry = 20,
                                     .jump_ms = 100 * WINDOW_MS,
                                     .max_open_events = 1000,
                                     .span = 1,
                                     .gen_scale = 1.0,
                                     .snapshot_spacing = 1};
    memset(scene, 0, sizeof *scene);
    now_s = 1000.0;
    syncs = 0;
    scene->scratch = scratch_make();
    scene->journal = open_journal(scratch_file(&scene->scratch, "journal", scene->path));
    scene->windows = windows_create(&windows, first);
    scene->idle = idle_create(&(struct idle_config){.source = &scene->source,
                                                    .drain = &scene->drain,
                                                    .windows = scene->windows,
                                                    .journal = scene->journal,
                                                    .partitions = PARTITIONS,
                                                    .idle_ms = IDLE_MS,
                                                    .window_ms = WINDOW_MS,
                                                    .t0_ms = T0_MS});
}

static void scene_end(struct scene *scene)
{
    idle_destroy(scene->idle);
    windows_destroy(scene->windows);
    journal_close(scene->journal);
    scratch_remove(&scene->scratch);
}

/* Asks after `wait_ms` more; true when clocks were moved. */
static bool check_after(struct scene *scene, double wait_ms)
{
    struct error err = {""};
    bool moved = false;
    now_s += wait_ms / 1000;
    CU_ASSERT_EQUAL(idle_check(scene->idle, &moved, &err), STATUS_OK);
    return moved;
}

/* A partition's only sensor speaks, which moves its clock past the windows before `window`. */
static void speak(struct scene *scene, int p, int64_t window)
{
    struct error err = {""};
    struct record record = {.verdict = FATE_ON_TIME,
                            .partition = p,
                            .offset = windows_ledger(scene->windows, p)->next_offset,
                            .has_time = true,
                            .time_ms = T0_MS + window * WINDOW_MS};
    CU_ASSERT_EQUAL_FATAL(windows_take(scene->windows, &record, &err), STATUS_OK);
    scene->drain.taken[p]++;
    scene->source.ends[p] = scene->drain.position[p] = record.offset + 1;
}

static void close_window(struct scene *scene)
{
    struct closed_window closed;
    CU_ASSERT_FATAL(windows_can_close(scene->windows));
    windows_close(scene->windows, &closed);
}

static int64_t time_outs_on_disk(const struct scene *scene)
{
    const struct journal_idle *idles;
    struct journal *journal = open_journal(scene->path);
    int64_t count = journal_idles(journal, &idles);
    journal_close(journal);
    return count;
}

static void several_silent_partitions_are_moved_by_one_sync(void)
{
    struct scene scene;
    scene_begin(&scene);
    CU_ASSERT_FALSE(check_after(&scene, IDLE_MS - 1));
    CU_ASSERT_EQUAL(scene.source.asked[0], 0);
    CU_ASSERT(check_after(&scene, 2));
    for (int p = 0; p < PARTITIONS; p++)
        CU_ASSERT_EQUAL(scene.source.asked[p], 1);
    CU_ASSERT_EQUAL(syncs, 1);
    CU_ASSERT_EQUAL(time_outs_on_disk(&scene), PARTITIONS);
    close_window(&scene);
    CU_ASSERT_FALSE(windows_can_close(scene.windows));
    scene_end(&scene);
}

static void all_silent_windows_close_at_the_pace_of_the_clock(void)
{
    struct scene scene;
    scene_begin(&scene);
    CU_ASSERT(check_after(&scene, IDLE_MS + 1));
    close_window(&scene);
    CU_ASSERT_FALSE(check_after(&scene, 1)); /* sees the next window open */
    for (int i = 0; i < 20; i++) {
        CU_ASSERT_FALSE(check_after(&scene, WINDOW_MS - 1));
        CU_ASSERT(check_after(&scene, 2));
        close_window(&scene);
        CU_ASSERT_FALSE(check_after(&scene, 0));
    }
    CU_ASSERT_EQUAL(scene.source.asked[PARTITIONS - 1], 21);
    CU_ASSERT_EQUAL(syncs, 21);
    scene_end(&scene);
}

static void silent_one_is_passed_over_at_once_while_others_lead(void)
{
    enum { LEAD = 30 };
    struct scene scene;
    scene_begin(&scene);
    (void)check_after(&scene, IDLE_MS);
    speak(&scene, 0, LEAD);
    speak(&scene, 1, LEAD);
    for (int64_t window = 0; window < LEAD; window++) {
        CU_ASSERT(check_after(&scene, window == 0 ? 1 : 0));
        close_window(&scene);
    }
    CU_ASSERT_FALSE(check_after(&scene, 0)); /* now they are waited for as well */
    CU_ASSERT_EQUAL(scene.source.asked[2], LEAD);
    CU_ASSERT_EQUAL(scene.source.asked[0] + scene.source.asked[1], 0);
    scene_end(&scene);
}

static void nobody_is_moved_while_one_has_more_to_come(void)
{
    struct scene scene;
    scene_begin(&scene);
    scene.source.ends[1] = 5;
    for (int ms = 0; ms < 10 * IDLE_MS; ms += 10)
        CU_ASSERT_FALSE(check_after(&scene, 10));
    CU_ASSERT_EQUAL(syncs, 0);
    CU_ASSERT_EQUAL(time_outs_on_disk(&scene), 0);
    scene.drain.position[1] = 5; /* control records: nothing was taken */
    CU_ASSERT_FALSE(check_after(&scene, 0));
    CU_ASSERT(check_after(&scene, IDLE_MS));
    CU_ASSERT_EQUAL(syncs, 1);
    scene_end(&scene);
}

static void partition_is_asked_once_a_time_out_however_often_one_looks(void)
{
    enum { TIME_OUTS = 10 };
    for (int unreachable = 0; unreachable < 2; unreachable++) {
        struct scene scene;
        scene_begin(&scene);
        scene.source.ends[1] = unreachable ? 0 : 5;
        scene.source.unreachable = unreachable;
        for (int ms = 0; ms < TIME_OUTS * IDLE_MS + IDLE_MS / 2; ms++)
            CU_ASSERT_FALSE(check_after(&scene, 1));
        CU_ASSERT_EQUAL(scene.source.asked[unreachable ? 0 : 1], TIME_OUTS);
        CU_ASSERT_EQUAL(scene.source.asked[2], 0);
        CU_ASSERT_EQUAL(syncs, 0);
        scene_end(&scene);
    }
}

static void one_that_speaks_is_waited_for_again(void)
{
    struct scene scene;
    scene_begin(&scene);
    CU_ASSERT(check_after(&scene, IDLE_MS + 1));
    close_window(&scene);
    speak(&scene, 0, 1);
    CU_ASSERT_FALSE(check_after(&scene, IDLE_MS - 1));
    CU_ASSERT_FALSE(check_after(&scene, IDLE_MS - 1));
    CU_ASSERT(check_after(&scene, 2));
    scene_end(&scene);
}

static void weeks_of_silence_cost_no_memory(void)
{
    enum { WINDOWS = 30000 };
    struct scene scene;
    size_t before = 0;
    scene_begin(&scene);
    (void)check_after(&scene, IDLE_MS);
    for (int window = 0; window < WINDOWS; window++) {
        (void)check_after(&scene, 0);
        CU_ASSERT(check_after(&scene, WINDOW_MS + 1));
        close_window(&scene);
        if (window == WINDOWS / 10)
            before = heap_bytes();
    }
    CU_ASSERT_EQUAL(heap_bytes(), before);
    CU_ASSERT_EQUAL(time_outs_on_disk(&scene), PARTITIONS);
    scene_end(&scene);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(several_silent_partitions_are_moved_by_one_sync),
        UNIT_TEST(all_silent_windows_close_at_the_pace_of_the_clock),
        UNIT_TEST(silent_one_is_passed_over_at_once_while_others_lead),
        UNIT_TEST(nobody_is_moved_while_one_has_more_to_come),
        UNIT_TEST(partition_is_asked_once_a_time_out_however_often_one_looks),
        UNIT_TEST(one_that_speaks_is_waited_for_again),
        UNIT_TEST(weeks_of_silence_cost_no_memory),
    };
    log_configure(LOG_ERROR, LOG_HUMAN);
    return unit_run("idle", tests, UNIT_COUNT(tests));
}
