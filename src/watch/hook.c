#include "watch/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/monotonic.h"
#include "base/spawn.h"
#include "base/thread.h"

struct hook {
    struct hook_config config;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t told;
    char *lines[HOOK_WAITING]; /* a ring, the oldest at `first`; owned */
    int first, count;
    int64_t dropped;
    bool ends;
    double end_s; /* by when the thread must have ended, once `ends` */
};

/* What the program prints goes where the log goes. */
static int spawn(char *const *arguments, int input, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    int failed = spawn_group(arguments[0], arguments, &actions, child);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

/* The line fits into a pipe. */
static int start(char *const *arguments, const char *line, pid_t *child)
{
    int ends[2];
    if (pipe(ends) != 0)
        return errno;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    ssize_t wrote = write(ends[1], line, strlen(line));
    int failed = wrote == (ssize_t)strlen(line) ? 0 : EIO;
    close(ends[1]);
    if (!failed)
        failed = spawn(arguments, ends[0], child);
    close(ends[0]);
    return failed;
}

static bool may_run(struct hook *hook, double since_s)
{
    pthread_mutex_lock(&hook->mutex);
    bool may = monotonic_s() - since_s < hook->config.limit_s &&
               (!hook->ends || monotonic_s() < hook->end_s);
    pthread_mutex_unlock(&hook->mutex);
    return may;
}

/* False when it had to be killed. */
static bool await_exit(struct hook *hook, pid_t child, int *state)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    double since_s = monotonic_s();
    while (may_run(hook, since_s)) {
        if (waitpid(child, state, WNOHANG) == child)
            return true;
        nanosleep(&pause, NULL);
    }
    spawn_kill_group(child);
    return false;
}

static void run_for(struct hook *hook, const char *line)
{
    pid_t child;
    int state = 0, failed = start(hook->config.arguments, line, &child);
    const char *program = hook->config.arguments[0];
    if (failed)
        log_warn("alerts.command: starting %s: %s; it was not told %.*s", program, strerror(failed),
                 (int)strcspn(line, "\n"), line);
    else if (!await_exit(hook, child, &state))
        log_warn("alerts.command: %s had not ended in time and was killed over %.*s", program,
                 (int)strcspn(line, "\n"), line);
    else if (WIFSIGNALED(state))
        log_warn("alerts.command: %s was ended by signal %d", program, WTERMSIG(state));
    else if (WEXITSTATUS(state) != 0)
        log_warn("alerts.command: %s ended with exit code %d", program, WEXITSTATUS(state));
}

/* The next line, or NULL when there is none any more. */
static char *take_line(struct hook *hook)
{
    char *line = NULL;
    pthread_mutex_lock(&hook->mutex);
    while (hook->count == 0 && !hook->ends)
        pthread_cond_wait(&hook->told, &hook->mutex);
    if (hook->count > 0 && (!hook->ends || monotonic_s() < hook->end_s)) {
        line = hook->lines[hook->first];
        hook->first = (hook->first + 1) % HOOK_WAITING;
        hook->count--;
    }
    pthread_mutex_unlock(&hook->mutex);
    return line;
}

static void *hook_main(void *argument)
{
    struct hook *hook = argument;
    for (char *line = take_line(hook); line; line = take_line(hook)) {
        run_for(hook, line);
        free(line);
    }
    return NULL;
}

enum status hook_create(const struct hook_config *config, struct hook **created, struct error *err)
{
    struct hook *hook = memory_zeroed(1, sizeof *hook);
    hook->config = *config;
    pthread_mutex_init(&hook->mutex, NULL);
    pthread_cond_init(&hook->told, NULL);
    int failed = thread_start(&hook->thread, hook_main, hook);
    if (failed) {
        free(hook);
        return error_set(err, STATUS_BUG, "starting the thread that tells of alerts: %s",
                         strerror(failed));
    }
    *created = hook;
    return STATUS_OK;
}

void hook_tell(struct hook *hook, const char *line, size_t size)
{
    pthread_mutex_lock(&hook->mutex);
    bool room = hook->count < HOOK_WAITING;
    if (room) {
        char *copy = memory_block(size + 1);
        memcpy(copy, line, size);
        copy[size] = '\0';
        hook->lines[(hook->first + hook->count++) % HOOK_WAITING] = copy;
        pthread_cond_signal(&hook->told);
    }
    hook->dropped += !room;
    bool warn = hook->dropped == 1 && !room;
    pthread_mutex_unlock(&hook->mutex);
    if (warn)
        log_warn("alerts.command: %d alerts wait for %s; it is not told of more until it has "
                 "caught up",
                 HOOK_WAITING, hook->config.arguments[0]);
}

void hook_destroy(struct hook *hook)
{
    if (!hook)
        return;
    pthread_mutex_lock(&hook->mutex);
    hook->ends = true;
    hook->end_s = monotonic_s() + hook->config.end_s;
    pthread_cond_signal(&hook->told);
    pthread_mutex_unlock(&hook->mutex);
    pthread_join(hook->thread, NULL);
    int64_t untold = hook->dropped + hook->count;
    if (untold > 0)
        log_warn("alerts.command: %s was not told of %lld alerts; they are in alerts.ndjson",
                 hook->config.arguments[0], (long long)untold);
    for (; hook->count > 0; hook->count--, hook->first = (hook->first + 1) % HOOK_WAITING)
        free(hook->lines[hook->first]);
    pthread_mutex_destroy(&hook->mutex);
    pthread_cond_destroy(&hook->told);
    free(hook);
}
