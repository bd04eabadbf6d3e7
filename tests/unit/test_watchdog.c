/* The watchdog ends the process it watches, so each scene is played in one of its own, all at the
 * same time. */
#include "run/watchdog.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

static const double patience_s = 0.5;
enum { BEAT_MS = 20, SILENCE_MS = 1000, LONG_SILENCE_MS = 20000, MESSAGE = 1024 };

static void pass_time(long ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep(&time, &time) != 0)
        ;
}

/* The pulse beats so often, then the rank stands in an exchange, or in none, for so long. */
struct scene {
    int rank, beats;
    bool called_off; /* before it stands */
    const char *waits_for;
    long silence_ms;
};

/* What a rank is; its exit code is 0 when nothing ended it. */
static void play(const struct scene *scene)
{
    static struct pulse pulse;
    struct watchdog *watchdog = NULL;
    struct error err;
    if (watchdog_start(&pulse, scene->rank, patience_s, &watchdog, &err) != STATUS_OK)
        _exit(1);
    for (int i = 0; i < scene->beats; i++) {
        pulse_wait(&pulse, "a beat");
        pass_time(BEAT_MS);
        pulse_beat(&pulse);
    }
    if (scene->called_off)
        watchdog_stop(watchdog);
    pulse_wait(&pulse, scene->waits_for);
    pass_time(scene->silence_ms);
    _exit(0);
}

struct player {
    pid_t child;
    int words;
    int code; /* by watch() */
    char said[MESSAGE];
};

static struct player begin(struct scene scene)
{
    int ends[2];
    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        play(&scene);
    }
    close(ends[1]);
    return (struct player){.child = child, .words = ends[0]};
}

/* It is left to watch(). */
static pid_t first_to_end(void)
{
    siginfo_t ended = {0};
    CU_ASSERT_EQUAL(waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT), 0);
    return ended.si_pid;
}

static void watch(struct player *player)
{
    int status = 0;
    CU_ASSERT_EQUAL(waitpid(player->child, &status, 0), player->child);
    ssize_t size = read(player->words, player->said, MESSAGE - 1);
    player->said[size > 0 ? size : 0] = '\0';
    close(player->words);
    player->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool says(const struct player *player, const char *words)
{
    return strstr(player->said, words) != NULL;
}

static void ranks_that_hear_nothing_leave_with_76_rank_0_first(void)
{
    struct player other = begin((struct scene){.rank = 7, .silence_ms = LONG_SILENCE_MS});
    struct player root = begin((struct scene){
        .beats = 3, .waits_for = "the columns of its neighbours", .silence_ms = LONG_SILENCE_MS});
    CU_ASSERT_EQUAL(first_to_end(), root.child);
    watch(&root);
    watch(&other);
    CU_ASSERT_EQUAL(root.code, 76);
    CU_ASSERT_TRUE(says(&root, "rank 0 on "));
    CU_ASSERT_TRUE(says(&root, " for 0.5 s (run.lost_after_s), waiting for the columns of its "
                               "neighbours: "));
    CU_ASSERT_EQUAL(other.code, 76);
    CU_ASSERT_TRUE(says(&other, "rank 7 on "));
    CU_ASSERT_TRUE(says(&other, "busy with files or its own work: "));
}

/* One is also stopped for longer than its patience: it did not listen meanwhile. */
static void ranks_that_beat_were_called_off_or_were_stopped_are_left_alone(void)
{
    struct player players[] = {
        begin((struct scene){.beats = SILENCE_MS / BEAT_MS}),
        begin((struct scene){.beats = 1, .called_off = true, .silence_ms = SILENCE_MS}),
        begin((struct scene){.beats = SILENCE_MS / BEAT_MS}),
    };
    pass_time(5 * BEAT_MS);
    kill(players[2].child, SIGSTOP);
    pass_time(SILENCE_MS);
    kill(players[2].child, SIGCONT);
    for (int i = 0; i < UNIT_COUNT(players); i++) {
        watch(&players[i]);
        CU_ASSERT_EQUAL(players[i].code, 0);
        CU_ASSERT_STRING_EQUAL(players[i].said, "");
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(ranks_that_hear_nothing_leave_with_76_rank_0_first),
        UNIT_TEST(ranks_that_beat_were_called_off_or_were_stopped_are_left_alone),
    };
    return unit_run("watchdog", tests, UNIT_COUNT(tests));
}
