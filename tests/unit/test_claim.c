/* The claim on a run directory: who gets it, and that nothing of a replaced run reaches it. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/durable.h"
#include "scratch.h"
#include "store/claim.h"
#include "store/staging.h"
#include "unit.h"

static const double brief_s = 0.1, long_s = 600;

static struct claim *must_take(const struct scratch *scratch, double patience_s)
{
    struct claim *claim = NULL;
    struct error err = {""};
    CU_ASSERT_EQUAL_FATAL(claim_take(scratch->path, patience_s, &claim, &err), STATUS_OK);
    return claim;
}

static void write_text(const char *path, const char *text)
{
    struct error err;
    CU_ASSERT_EQUAL_FATAL(durable_write_file(path, text, strlen(text), 0644, &err), STATUS_OK);
}

static bool holds(const char *path, const char *text)
{
    struct buffer found = {0};
    struct error err;
    bool same = durable_read_file(path, &found, &err) == STATUS_OK && found.size == strlen(text) &&
                memcmp(found.data, text, found.size) == 0;
    buffer_release(&found);
    return same;
}

static void each_claim_is_a_newer_epoch_and_finds_the_one_before_over(void)
{
    struct scratch scratch = scratch_make();
    for (int64_t epoch = 1; epoch <= 12; epoch++) {
        struct claim *claim = must_take(&scratch, long_s);
        CU_ASSERT_EQUAL(claim_epoch(claim), epoch);
        CU_ASSERT_TRUE(claim_is_sole(claim));
        claim_release(claim);
    }
    scratch_remove(&scratch);
}

/* A run in a process of its own, which has claimed the directory when this returns. */
static pid_t start_run(const struct scratch *scratch, bool spread)
{
    int ready[2];
    char byte;
    CU_ASSERT_EQUAL_FATAL(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct claim *claim;
        struct error err;
        bool taken = claim_take(scratch->path, long_s, &claim, &err) == STATUS_OK &&
                     claim_settle(claim, spread, &err) == STATUS_OK;
        if (!taken || write(ready[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    CU_ASSERT_EQUAL_FATAL(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return child;
}

static void end_holder(pid_t child)
{
    int status;
    kill(child, SIGKILL);
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
}

/* With this patience a wait would never end. */
static void claim_of_a_killed_process_of_this_host_is_replaced_without_waiting(void)
{
    struct scratch scratch = scratch_make();
    end_holder(start_run(&scratch, false));
    struct claim *claim = must_take(&scratch, 1e9);
    CU_ASSERT_EQUAL(claim_epoch(claim), 2);
    CU_ASSERT_TRUE(claim_is_sole(claim));
    claim_release(claim);
    scratch_remove(&scratch);
}

static void claim_of_a_stopped_process_is_replaced_but_may_not_be_the_only_one(void)
{
    struct scratch scratch = scratch_make();
    int status;
    pid_t holder = start_run(&scratch, false);
    kill(holder, SIGSTOP);
    CU_ASSERT_EQUAL(waitpid(holder, &status, WUNTRACED), holder);
    struct claim *claim = must_take(&scratch, brief_s);
    CU_ASSERT_EQUAL(claim_epoch(claim), 2);
    CU_ASSERT_FALSE(claim_is_sole(claim));
    claim_release(claim);
    end_holder(holder);
    scratch_remove(&scratch);
}

/* Who holds the directory writes to it from another host, so that no lock tells of it. */
static void pretend_another_host(const struct scratch *scratch)
{
    char path[PATH_MAX];
    struct error err;
    CU_ASSERT_EQUAL(path_join(path, sizeof path, scratch->path, "epoch.1/owner", &err), STATUS_OK);
    write_text(path, "process 77 on node2\nboot 0 0\n");
}

static void host_that_cannot_be_asked_is_dead_when_it_is_silent(void)
{
    struct scratch scratch = scratch_make();
    end_holder(start_run(&scratch, false));
    pretend_another_host(&scratch);
    struct claim *claim = must_take(&scratch, brief_s);
    CU_ASSERT_FALSE(claim_is_sole(claim));
    claim_release(claim);
    scratch_remove(&scratch);
}

static void host_that_cannot_be_asked_lives_while_it_beats(void)
{
    struct scratch scratch = scratch_make();
    struct claim *claim = NULL;
    struct error err = {""};
    pid_t holder = start_run(&scratch, false);
    pretend_another_host(&scratch);
    CU_ASSERT_EQUAL(claim_take(scratch.path, long_s, &claim, &err), STATUS_CANNOT_CREATE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "process 77 on node2"));
    end_holder(holder);
    scratch_remove(&scratch);
}

/* What a run had under way when it was replaced. */
struct interrupted {
    char staging[PATH_MAX], result[PATH_MAX], old[PATH_MAX];
    int log; /* open for appending */
};

static struct interrupted interrupt(const struct scratch *scratch, const struct claim *claim)
{
    struct interrupted was;
    char path[PATH_MAX];
    struct error err;
    strcpy(was.staging, claim_staging(claim));
    scratch_file(scratch, "result", was.result);
    scratch_file(scratch, "old", was.old);
    write_text(was.result, "of the first\n");
    write_text(was.old, "kept\n");
    CU_ASSERT_EQUAL(staging_path(was.staging, "result", path, &err), STATUS_OK);
    write_text(path, "never\n");
    CU_ASSERT_EQUAL(staging_borrow(was.staging, was.old, "old", &err), STATUS_OK);
    CU_ASSERT_EQUAL(staging_path(was.staging, "old", path, &err), STATUS_OK);
    was.log = open(path, O_WRONLY | O_APPEND);
    CU_ASSERT_TRUE_FATAL(was.log >= 0);
    return was;
}

static void replaced_run_can_publish_remove_and_append_nothing(void)
{
    struct scratch scratch = scratch_make();
    struct error err;
    struct claim *first = must_take(&scratch, brief_s);
    struct interrupted was = interrupt(&scratch, first);
    pretend_another_host(&scratch);
    CU_ASSERT_EQUAL(claim_check(first, &err), STATUS_OK);
    char path[PATH_MAX];
    scratch_file(&scratch, "epoch.1/beat", path);
    CU_ASSERT_EQUAL(unlink(path), 0); /* as if it stood still: it gives no more signs of life */
    struct claim *second = must_take(&scratch, brief_s);
    CU_ASSERT_EQUAL(staging_renew(claim_staging(second), was.old, &err), STATUS_OK);
    CU_ASSERT_EQUAL(claim_check(first, &err), STATUS_CANNOT_CREATE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, claim_owner(second)));
    CU_ASSERT_EQUAL(staging_publish(was.staging, "result", was.result, true, &err), STATUS_IO);
    CU_ASSERT_EQUAL(staging_remove(was.staging, was.old, &err), STATUS_IO);
    CU_ASSERT_EQUAL(staging_borrow(was.staging, was.old, "old", &err), STATUS_IO);
    CU_ASSERT_EQUAL(write(was.log, "more\n", 5), 5);
    CU_ASSERT_TRUE(holds(was.result, "of the first\n"));
    CU_ASSERT_TRUE(holds(was.old, "kept\n"));
    close(was.log);
    claim_release(first);
    CU_ASSERT_EQUAL(claim_check(second, &err), STATUS_OK);
    claim_release(second);
    scratch_remove(&scratch);
}

/* Replaces the run of epoch 1, which is this process's: as if it stood still. */
static struct claim *replace_first(const struct scratch *scratch)
{
    char path[PATH_MAX];
    pretend_another_host(scratch);
    CU_ASSERT_EQUAL(unlink(scratch_file(scratch, "epoch.1/beat", path)), 0);
    return must_take(scratch, brief_s);
}

/* The late one had found no epoch, and stood still before it raised its candidate to epoch 1. */
static void number_of_the_past_gives_a_replaced_run_nothing_back(void)
{
    struct scratch scratch = scratch_make(), elsewhere = scratch_make();
    struct error err;
    char late[PATH_MAX], past[PATH_MAX], staged[PATH_MAX], result[PATH_MAX];
    struct claim *first = must_take(&scratch, brief_s);
    strcpy(staged, claim_staging(first));
    struct claim *second = replace_first(&scratch);
    pid_t holder = start_run(&elsewhere, false);
    scratch_file(&elsewhere, "epoch.1", late);
    scratch_file(&scratch, "epoch.1", past);
    CU_ASSERT_EQUAL(rename(late, past), 0);
    scratch_file(&scratch, "result", result);
    CU_ASSERT_EQUAL(claim_check(first, &err), STATUS_CANNOT_CREATE);
    CU_ASSERT_EQUAL(staging_path(staged, "result", late, &err), STATUS_OK);
    CU_ASSERT_NOT_EQUAL(durable_write_file(late, "never\n", 6, 0644, &err), STATUS_OK);
    CU_ASSERT_EQUAL(staging_publish(staged, "result", result, true, &err), STATUS_IO);
    CU_ASSERT_FALSE(durable_exists(result));
    claim_release(first);
    scratch_file(&scratch, "epoch.1/released", late);
    CU_ASSERT_FALSE(durable_exists(late)); /* it speaks for nobody else */
    end_holder(holder);
    CU_ASSERT_EQUAL(claim_check(second, &err), STATUS_OK);
    claim_release(second);
    scratch_remove(&scratch);
    scratch_remove(&elsewhere);
}

/* A start that looks at epoch 1 until somebody opens its beat, which is a pipe, for writing. */
static pid_t start_late_one(const struct scratch *scratch)
{
    char path[PATH_MAX];
    CU_ASSERT_EQUAL(mkdir(scratch_file(scratch, "epoch.1", path), 0777), 0);
    pretend_another_host(scratch);
    CU_ASSERT_EQUAL(mkfifo(scratch_file(scratch, "epoch.1/beat", path), 0600), 0);
    pid_t child = fork();
    if (child == 0) {
        struct claim *claim;
        struct error err;
        enum status status = claim_take(scratch->path, long_s, &claim, &err);
        _exit(status == STATUS_CANNOT_CREATE && strstr(err.text, "epoch 3") ? 0 : 1);
    }
    return child;
}

static void late_start_leaves_no_number_of_the_past(void)
{
    struct scratch scratch = scratch_make();
    char first[PATH_MAX], gone[PATH_MAX], path[PATH_MAX];
    int status = -1;
    pid_t late = start_late_one(&scratch);
    int beat = open(scratch_file(&scratch, "epoch.1/beat", path), O_WRONLY);
    CU_ASSERT_TRUE_FATAL(beat >= 0); /* it has chosen 2 for its number */
    CU_ASSERT_EQUAL(mkdir(scratch_file(&scratch, "epoch.3", path), 0777), 0);
    scratch_file(&scratch, "epoch.1", first);
    CU_ASSERT_EQUAL(rename(first, scratch_file(&scratch, "epoch.1.gone", gone)), 0);
    close(beat);
    CU_ASSERT_EQUAL(waitpid(late, &status, 0), late);
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT_FALSE(durable_exists(scratch_file(&scratch, "epoch.2", path)));
    CU_ASSERT_TRUE(durable_exists(scratch_file(&scratch, "epoch.3", path)));
    scratch_remove(&scratch);
}

/* Runs 2 and 3 end before they have renewed anything. */
static void doubt_about_open_files_outlives_runs_that_renewed_none(void)
{
    struct scratch scratch = scratch_make();
    struct error err;
    int status;
    pid_t holder = start_run(&scratch, false);
    kill(holder, SIGSTOP);
    CU_ASSERT_EQUAL(waitpid(holder, &status, WUNTRACED), holder);
    for (int64_t epoch = 2; epoch <= 4; epoch++) {
        struct claim *claim = must_take(&scratch, brief_s);
        CU_ASSERT_EQUAL(claim_epoch(claim), epoch);
        CU_ASSERT_FALSE(claim_is_sole(claim));
        if (epoch == 4)
            CU_ASSERT_EQUAL(claim_settle(claim, false, &err), STATUS_OK);
        claim_release(claim);
    }
    struct claim *last = must_take(&scratch, brief_s);
    CU_ASSERT_TRUE(claim_is_sole(last));
    CU_ASSERT_EQUAL(claim_settle(last, false, &err), STATUS_OK); /* there is nothing to tell */
    claim_release(last);
    end_holder(holder);
    scratch_remove(&scratch);
}

/* That rank 0 is dead, its lock proves; of what ranks on other hosts still write, nothing does. */
static void a_killed_run_of_several_hosts_is_replaced_at_once_but_leaves_doubt(void)
{
    struct error err;
    struct scratch scratch = scratch_make();
    end_holder(start_run(&scratch, true));
    struct claim *claim = must_take(&scratch, 1e9);
    CU_ASSERT_FALSE(claim_is_sole(claim));
    CU_ASSERT_EQUAL(claim_settle(claim, true, &err), STATUS_OK);
    claim_release(claim);
    claim = must_take(&scratch, 1e9);
    CU_ASSERT_TRUE(claim_is_sole(claim)); /* the one before left when all ranks had closed files */
    claim_release(claim);
    scratch_remove(&scratch);
}

static void make_with_a_file(const struct scratch *scratch, const char *name, time_t age_s)
{
    char path[PATH_MAX], file[PATH_MAX];
    struct error err;
    struct timespec times[2];
    CU_ASSERT_EQUAL(mkdir(scratch_file(scratch, name, path), 0777), 0);
    CU_ASSERT_EQUAL(path_join(file, sizeof file, path, "owner", &err), STATUS_OK);
    write_text(file, "process 77 on node2\nboot 0 0\n");
    clock_gettime(CLOCK_REALTIME, &times[0]);
    times[0].tv_sec -= age_s;
    times[1] = times[0];
    CU_ASSERT_EQUAL(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void remains_of_killed_starts_are_removed_and_nothing_else(void)
{
    static const char *const names[] = {"epoch.1.gone", "epoch.new.old", "epoch.new.waits",
                                        "epoch.05", "epoch.+6"};
    struct scratch scratch = scratch_make();
    char path[PATH_MAX];
    for (int i = 0; i < 5; i++)
        make_with_a_file(&scratch, names[i], i == 1 ? 7 * 86400 : 0);
    struct claim *claim = must_take(&scratch, brief_s);
    CU_ASSERT_EQUAL(claim_epoch(claim), 1);
    for (int i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(durable_exists(scratch_file(&scratch, names[i], path)), i >= 2);
    claim_release(claim);
    scratch_remove(&scratch);
}

enum { RIVALS = 8 };

/* Several processes want the directory at once; those that get it say so and hold it. */
static int winners_of_a_contest(const struct scratch *scratch)
{
    int start[2], won[2], winners = 0;
    pid_t rivals[RIVALS];
    char byte;
    CU_ASSERT_EQUAL_FATAL(pipe(start) + pipe(won), 0);
    for (int i = 0; i < RIVALS; i++) {
        rivals[i] = fork();
        if (rivals[i] != 0)
            continue;
        struct claim *claim;
        struct error err;
        close(start[1]);
        (void)!read(start[0], &byte, 1); /* the end of the pipe: now */
        bool mine = claim_take(scratch->path, long_s, &claim, &err) == STATUS_OK;
        (void)!write(won[1], mine ? "w" : "l", 1);
        for (;;)
            pause();
    }
    close(start[0]);
    close(start[1]);
    for (int i = 0; i < RIVALS; i++)
        winners += read(won[0], &byte, 1) == 1 && byte == 'w';
    for (int i = 0; i < RIVALS; i++)
        end_holder(rivals[i]);
    close(won[0]);
    close(won[1]);
    return winners;
}

static void of_many_at_once_exactly_one_gets_it(void)
{
    struct scratch scratch = scratch_make();
    CU_ASSERT_EQUAL(winners_of_a_contest(&scratch), 1);
    scratch_remove(&scratch);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(each_claim_is_a_newer_epoch_and_finds_the_one_before_over),
        UNIT_TEST(claim_of_a_killed_process_of_this_host_is_replaced_without_waiting),
        UNIT_TEST(claim_of_a_stopped_process_is_replaced_but_may_not_be_the_only_one),
        UNIT_TEST(host_that_cannot_be_asked_is_dead_when_it_is_silent),
        UNIT_TEST(host_that_cannot_be_asked_lives_while_it_beats),
        UNIT_TEST(replaced_run_can_publish_remove_and_append_nothing),
        UNIT_TEST(number_of_the_past_gives_a_replaced_run_nothing_back),
        UNIT_TEST(late_start_leaves_no_number_of_the_past),
        UNIT_TEST(doubt_about_open_files_outlives_runs_that_renewed_none),
        UNIT_TEST(a_killed_run_of_several_hosts_is_replaced_at_once_but_leaves_doubt),
        UNIT_TEST(remains_of_killed_starts_are_removed_and_nothing_else),
        UNIT_TEST(of_many_at_once_exactly_one_gets_it),
    };
    return unit_run("claim", tests, UNIT_COUNT(tests));
}
