/* The run directory: its names, its lock and what a fresh start removes. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/durable.h"
#include "scratch.h"
#include "store/rundir.h"
#include "unit.h"

static struct rundir paths_in(const struct scratch *scratch, const char *id)
{
    struct rundir rundir;
    struct error err = {""};
    CU_ASSERT_EQUAL_FATAL(rundir_paths(scratch->path, id, &rundir, &err), STATUS_OK);
    return rundir;
}

static void bad_run_ids_are_refused(void)
{
    static const char *const bad[] = {"", ".", "..", ".hidden", "a/b", "/"};
    struct rundir rundir;
    struct error err;
    for (int i = 0; i < 6; i++)
        CU_ASSERT_EQUAL(rundir_paths("/tmp", bad[i], &rundir, &err), STATUS_CANNOT_CREATE);
}

static void overlong_path_is_refused(void)
{
    char out[PATH_MAX];
    struct rundir rundir;
    struct error err;
    memset(out, 'a', sizeof out - 1);
    out[sizeof out - 1] = '\0';
    out[0] = '/';
    CU_ASSERT_EQUAL(rundir_paths(out, "run", &rundir, &err), STATUS_CANNOT_CREATE);
}

static void opening_makes_the_directories(void)
{
    struct scratch scratch = scratch_make();
    struct error err = {""};
    struct rundir rundir = paths_in(&scratch, "deep");
    CU_ASSERT_EQUAL(rundir_open(&rundir, 60, &err), STATUS_OK);
    CU_ASSERT(durable_exists(rundir.frames));
    CU_ASSERT(durable_exists(rundir.checkpoints));
    rundir_close(&rundir);
    scratch_remove(&scratch);
}

static void second_run_is_refused_and_told_who_holds_the_lock(void)
{
    struct scratch scratch = scratch_make();
    struct error err = {""};
    char process[64];
    struct rundir first = paths_in(&scratch, "run"), second = paths_in(&scratch, "run");
    CU_ASSERT_EQUAL_FATAL(rundir_open(&first, 60, &err), STATUS_OK);
    CU_ASSERT_EQUAL(rundir_open(&second, 60, &err), STATUS_CANNOT_CREATE);
    snprintf(process, sizeof process, "process %ld on ", (long)getpid());
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, process));
    rundir_close(&second);
    rundir_close(&first);
    CU_ASSERT_EQUAL(rundir_open(&second, 60, &err), STATUS_OK);
    rundir_close(&second);
    scratch_remove(&scratch);
}

static void lock_of_a_killed_run_is_free(void)
{
    struct scratch scratch = scratch_make();
    struct error err = {""};
    struct rundir rundir = paths_in(&scratch, "run");
    pid_t child = fork();
    if (child == 0) {
        struct error ignored;
        _exit(rundir_open(&rundir, 60, &ignored) == STATUS_OK ? 0 : 1);
    }
    int status = -1;
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT_EQUAL(rundir_open(&rundir, 60, &err), STATUS_OK);
    rundir_close(&rundir);
    scratch_remove(&scratch);
}

static void unwritable_place_is_named(void)
{
    struct scratch scratch = scratch_make();
    struct error err = {""};
    char file[PATH_MAX];
    struct rundir rundir;
    scratch_file(&scratch, "file", file);
    CU_ASSERT_EQUAL(durable_write_file(file, "x", 1, 0644, &err), STATUS_OK);
    CU_ASSERT_EQUAL(rundir_paths(file, "run", &rundir, &err), STATUS_OK);
    CU_ASSERT_EQUAL(rundir_open(&rundir, 60, &err), STATUS_CANNOT_CREATE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, file));
    rundir_close(&rundir);
    scratch_remove(&scratch);
}

static void touch(const struct rundir *rundir, const char *name)
{
    struct error err;
    char path[2 * PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", rundir->root, name);
    CU_ASSERT_EQUAL(durable_write_file(path, "x", 1, 0644, &err), STATUS_OK);
}

static bool exists(const struct rundir *rundir, const char *name)
{
    char path[2 * PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", rundir->root, name);
    return durable_exists(path);
}

static void clearing_removes_what_a_run_writes_and_nothing_else(void)
{
    static const char *const written[] = {"manifest",
                                          "journal",
                                          "config.yaml",
                                          "dead_letters.ndjson",
                                          "dead_letters_000000000016000.ndjson",
                                          "frames.h5",
                                          "alerts.ndjson",
                                          "frames/seg_000000.h5",
                                          "frames/seg_000007.h5.tmp",
                                          "ckpt/ckpt_000000009.h5",
                                          "ckpt/latest"};
    static const char *const foreign[] = {"notes.txt",    "frames/mine.h5",
                                          "ckpt/copy.h5", "STOP",
                                          "log.000001",   "dead_letters_16000.ndjson"};
    enum { WRITTEN = sizeof written / sizeof *written, FOREIGN = sizeof foreign / sizeof *foreign };
    struct scratch scratch = scratch_make();
    struct error err = {""};
    struct rundir rundir = paths_in(&scratch, "run");
    CU_ASSERT_EQUAL_FATAL(rundir_open(&rundir, 60, &err), STATUS_OK);
    for (int i = 0; i < WRITTEN; i++)
        touch(&rundir, written[i]);
    for (int i = 0; i < FOREIGN; i++)
        touch(&rundir, foreign[i]);
    CU_ASSERT_EQUAL(rundir_clear(&rundir, &err), STATUS_OK);
    for (int i = 0; i < WRITTEN; i++)
        CU_ASSERT_FALSE(exists(&rundir, written[i]));
    for (int i = 0; i < FOREIGN; i++)
        CU_ASSERT(exists(&rundir, foreign[i]));
    rundir_close(&rundir);
    scratch_remove(&scratch);
}

/* Somebody else may have put them there, to have another file of the user's overwritten. */
static void files_are_not_written_through_symbolic_links(void)
{
    static const char *const links[] = {"log",
                                        "manifest",
                                        "dead_letters.ndjson",
                                        "lock",
                                        "frames",
                                        "config.yaml.tmp",
                                        "ckpt",
                                        "early.h5",
                                        "frames/seg_000000.h5",
                                        "ckpt/ckpt_000000000004.h5.tmp"};
    char path[PATH_MAX + 64], victim[PATH_MAX];
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        struct scratch scratch = scratch_make();
        struct error err = {""};
        struct rundir rundir = paths_in(&scratch, "run");
        CU_ASSERT_EQUAL_FATAL(rundir_open(&rundir, 60, &err), STATUS_OK);
        rundir_close(&rundir);
        rename(rundir.frames, scratch_file(&scratch, "victim", victim));
        CU_ASSERT_EQUAL(durable_make_directories(rundir.frames, &err), STATUS_OK);
        snprintf(path, sizeof path, "%s/%s", rundir.root, links[i]);
        remove(path);
        CU_ASSERT_EQUAL_FATAL(symlink(victim, path), 0);
        CU_ASSERT_EQUAL(rundir_open(&rundir, 60, &err), STATUS_CANNOT_CREATE);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "symbolic link"));
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, links[i]));
        rundir_close(&rundir);
        scratch_remove(&scratch);
    }
}

static void the_run_directory_itself_may_be_a_link(void)
{
    struct scratch scratch = scratch_make();
    struct error err = {""};
    char elsewhere[PATH_MAX];
    struct rundir rundir = paths_in(&scratch, "run");
    scratch_file(&scratch, "elsewhere", elsewhere);
    CU_ASSERT_EQUAL(durable_make_directories(elsewhere, &err), STATUS_OK);
    CU_ASSERT_EQUAL(symlink(elsewhere, rundir.root), 0);
    CU_ASSERT_EQUAL(rundir_open(&rundir, 60, &err), STATUS_OK);
    rundir_close(&rundir);
    scratch_remove(&scratch);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(bad_run_ids_are_refused),
        UNIT_TEST(overlong_path_is_refused),
        UNIT_TEST(opening_makes_the_directories),
        UNIT_TEST(second_run_is_refused_and_told_who_holds_the_lock),
        UNIT_TEST(lock_of_a_killed_run_is_free),
        UNIT_TEST(unwritable_place_is_named),
        UNIT_TEST(clearing_removes_what_a_run_writes_and_nothing_else),
        UNIT_TEST(files_are_not_written_through_symbolic_links),
        UNIT_TEST(the_run_directory_itself_may_be_a_link),
    };
    return unit_run("rundir", tests, UNIT_COUNT(tests));
}
