/* Rows rewritten by a process that is killed at any moment: of a row of which the manifest says a
 * frame line last, every cell is of that revision, whatever the other rows hold. */
#include "frames_writer.h"
#include "store/manifest_write.h"

enum { ROWS = 6, FIRST = ROWS - HORIZON, RANDOM_KILLS = 6 };

/* What is done to rewrite the rows FIRST to ROWS - 1, in order: announced, each revised, flushed,
 * each committed. A writer is killed after so many of these things, counted over all rounds. */
enum { REVISED = 1, FLUSHED = REVISED + HORIZON, COMMITTED = FLUSHED + 1 };
enum { THINGS = COMMITTED + HORIZON };

static _Atomic int64_t *rounds_done;

struct rewriter {
    struct writer writer;
    struct manifest *manifest;
    struct digest digests[ROWS], stored[ROWS];
};

static bool commit(struct rewriter *r, int64_t row, int64_t revision)
{
    struct error err;
    struct manifest_frame frame = {.window = row,
                                   .revision = revision,
                                   .row = row,
                                   .digest = r->digests[row],
                                   .stored = r->stored[row],
                                   .final = true};
    return manifest_add_frame(r->manifest, &frame, &err) == STATUS_OK;
}

static bool write_first(struct rewriter *r)
{
    struct error err;
    for (int64_t row = 0; row < ROWS; row++) {
        struct frame_row record = writer_fill(&r->writer, row, 0);
        r->digests[row] = record.digest;
        if (frames_write(r->writer.frames, row, r->writer.field, &record, &r->stored[row], &err) !=
            STATUS_OK)
            return false;
    }
    if (frames_sync(r->writer.frames, true, &err) != STATUS_OK)
        return false;
    for (int64_t row = 0; row < ROWS; row++)
        if (!commit(r, row, 0))
            return false;
    return true;
}

static bool revise(struct rewriter *r, int64_t row, int64_t revision)
{
    struct error err;
    struct frame_row record = writer_fill(&r->writer, row, revision);
    r->digests[row] = record.digest;
    return frames_revise(r->writer.frames, row, r->writer.field, &record, &r->stored[row], &err) ==
           STATUS_OK;
}

static bool do_thing(struct rewriter *r, int thing, int64_t revision)
{
    struct error err;
    if (thing == 0)
        return manifest_add_rewrite(r->manifest, FIRST, ROWS - 1, &err) == STATUS_OK;
    if (thing < FLUSHED)
        return revise(r, FIRST + thing - REVISED, revision);
    if (thing == FLUSHED)
        return frames_flush(r->writer.frames, false, &err) == STATUS_OK;
    return commit(r, FIRST + thing - COMMITTED, revision);
}

/* Rewrites the rows over and over until `things` are done. */
static int run_rewriter(const char *directory, int64_t things)
{
    struct error err = {""};
    char path[PATH_MAX];
    struct rewriter r = {.writer.tile = 8};
    snprintf(path, sizeof path, "%s/manifest", directory);
    if (!writer_open(&r.writer, directory, 0) ||
        manifest_open(path, true, &r.manifest, &err) != STATUS_OK || !write_first(&r))
        return 1;
    for (int64_t n = 0; n < things; n++) {
        *rounds_done = n / THINGS;
        if (!do_thing(&r, (int)(n % THINGS), 1 + n / THINGS))
            return 2;
    }
    return raise(SIGKILL);
}

static pid_t start_rewriter(const char *directory, int64_t things)
{
    *rounds_done = -1;
    pid_t child = fork();
    if (child == 0)
        _exit(run_rewriter(directory, things));
    return child;
}

static bool was_killed(pid_t child)
{
    int status = 0;
    return waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
           WTERMSIG(status) == SIGKILL;
}

static int64_t held_by(const struct manifest *manifest, int64_t row)
{
    for (int64_t revision = 0; revision <= *rounds_done + 1; revision++)
        if (manifest_row_holds(manifest, row, revision))
            return revision;
    return -1;
}

/* The revision that the manifest says each row holds, -1: none; those rows are looked at. */
static void expect_whole_rows(const char *directory, int64_t held[ROWS])
{
    char path[PATH_MAX];
    struct error err = {""};
    struct manifest *manifest = NULL;
    int64_t rows, revisions[ROWS];
    snprintf(path, sizeof path, "%s/manifest", directory);
    CU_ASSERT_EQUAL_FATAL(manifest_open(path, false, &manifest, &err), STATUS_OK);
    float *cells = read_rows(directory, &rows, revisions, ROWS);
    CU_ASSERT_EQUAL(rows, ROWS);
    for (int64_t row = 0; row < ROWS; row++) {
        held[row] = held_by(manifest, row);
        if (held[row] < 0)
            continue;
        CU_ASSERT_EQUAL(count_wrong(cells, row, held[row]), 0);
        CU_ASSERT_EQUAL(revisions[row], held[row]);
    }
    free(cells);
    manifest_close(manifest);
}

static void row_is_trusted_until_it_is_announced_and_from_its_commit_on(void)
{
    for (int64_t things = 0; things <= THINGS + 1; things++) {
        struct scratch scratch = scratch_make();
        int64_t held[ROWS], round = things / THINGS, thing = things % THINGS;
        CU_ASSERT_FATAL(was_killed(start_rewriter(scratch.path, things)));
        expect_whole_rows(scratch.path, held);
        for (int64_t row = 0; row < ROWS; row++) {
            int64_t expected = row < FIRST                            ? 0
                               : thing == 0                           ? round
                               : thing >= COMMITTED + row - FIRST + 1 ? round + 1
                                                                      : -1;
            CU_ASSERT_EQUAL(held[row], expected);
        }
        scratch_remove(&scratch);
    }
}

static void row_the_manifest_stands_for_is_whole_after_a_kill_at_any_moment(void)
{
    for (int i = 0; i < RANDOM_KILLS; i++) {
        struct scratch scratch = scratch_make();
        int64_t held[ROWS];
        pid_t child = start_rewriter(scratch.path, INT64_MAX);
        while (*rounds_done < 1 && waitpid(child, NULL, WNOHANG) == 0)
            nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
        nanosleep(&(struct timespec){.tv_nsec = 83000L * i * i}, NULL);
        kill(child, SIGKILL);
        CU_ASSERT_FATAL(was_killed(child));
        expect_whole_rows(scratch.path, held);
        for (int64_t row = 0; row < FIRST; row++)
            CU_ASSERT_EQUAL(held[row], 0);
        scratch_remove(&scratch);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(row_is_trusted_until_it_is_announced_and_from_its_commit_on),
        UNIT_TEST(row_the_manifest_stands_for_is_whole_after_a_kill_at_any_moment),
    };
    rounds_done = shared_counter();
    return rounds_done ? unit_run("revise_killed", tests, UNIT_COUNT(tests)) : 1;
}
