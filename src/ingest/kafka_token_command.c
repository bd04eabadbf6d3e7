#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/monotonic.h"
#include "base/secret_file.h"
#include "base/spawn.h"
#include "kafka_notes.h"
#include "kafka_token.h"

enum { LIMIT_MS = 20000, LOOK_MS = 50 };

static const char name[] = "stream.oauth_token_command";

static int spawn(const char *command, int output, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    char shell[] = "sh", option[] = "-c";
    char *const arguments[] = {shell, option, (char *)(uintptr_t)command, NULL};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    int failed = spawn_group("/bin/sh", arguments, &actions, child);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

/* True when there is nothing more to come, or too much has. */
static bool read_some(int fd, struct buffer *output)
{
    enum { CHUNK = 4096 };
    ssize_t got = read(fd, buffer_reserve(output, CHUNK), CHUNK);
    if (got > 0)
        output->size += (size_t)got;
    return got == 0 || (got < 0 && errno != EINTR) || output->size > SECRET_FILE_MAX;
}

/* A command under way. */
struct running {
    pid_t child;
    int fd; /* its standard output */
    int64_t end_ms;
    const atomic_bool *abandon;
};

static bool may_wait(const struct running *running)
{
    return monotonic_ms() < running->end_ms && !atomic_load(running->abandon);
}

static bool read_all(const struct running *running, struct buffer *output)
{
    while (may_wait(running)) {
        struct pollfd ready = {.fd = running->fd, .events = POLLIN};
        if (poll(&ready, 1, LOOK_MS) > 0 && read_some(running->fd, output))
            return true;
    }
    return false;
}

/* Also of a command that goes on without an output. */
static bool await_exit(const struct running *running, int *state)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    while (may_wait(running)) {
        if (waitpid(running->child, state, WNOHANG) == running->child)
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

static enum status judge(int state, struct error *err)
{
    if (WIFEXITED(state) && WEXITSTATUS(state) == 0)
        return STATUS_OK;
    if (WIFEXITED(state))
        return error_set(err, STATUS_REFUSED, "%s ended with exit code %d", name,
                         WEXITSTATUS(state));
    return error_set(err, STATUS_REFUSED, "%s was ended by signal %d", name, WTERMSIG(state));
}

static enum status start(const char *command, struct running *running, struct error *err)
{
    int ends[2];
    if (pipe(ends) != 0)
        return error_set(err, STATUS_REFUSED, "a pipe for %s: %s", name, strerror(errno));
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    int failed = spawn(command, ends[1], &running->child);
    close(ends[1]);
    running->fd = ends[0];
    if (!failed)
        return STATUS_OK;
    close(ends[0]);
    return error_set(err, STATUS_REFUSED, "starting /bin/sh for %s: %s", name, strerror(failed));
}

enum status kafka_token_command(const char *command, const atomic_bool *abandon,
                                struct buffer *output, struct error *err)
{
    struct running running = {.end_ms = monotonic_ms() + LIMIT_MS, .abandon = abandon};
    size_t from = output->size;
    int state = 0;
    TRY(start(command, &running, err));
    bool ended = read_all(&running, output) && await_exit(&running, &state);
    close(running.fd);
    if (!ended) {
        spawn_kill_group(running.child);
        return error_set(err, STATUS_REFUSED, "%s has not ended within %d s", name,
                         LIMIT_MS / 1000);
    }
    TRY(judge(state, err));
    return secret_file_trim(name, output, from, err);
}
