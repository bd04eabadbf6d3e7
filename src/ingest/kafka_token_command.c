#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/secret_file.h"
#include "kafka_notes.h"
#include "kafka_token.h"

enum { LIMIT_MS = 20000, LOOK_MS = 50 };

extern char **environ;

static const char name[] = "stream.oauth_token_command";

/* A group of its own, to be killed as a whole; with signals as a shell expects them, which are
 * blocked in librdkafka's threads. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                    POSIX_SPAWN_SETSIGDEF);
}

/* posix_spawn() copies no memory: after MPI_Init() a fork() might take pages from a network
 * card. */
static int spawn(const char *command, int output, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char shell[] = "sh", option[] = "-c";
    char *const arguments[] = {shell, option, (char *)(uintptr_t)command, NULL};
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    int failed = set_attributes(&attributes);
    if (!failed)
        failed = posix_spawn(child, "/bin/sh", &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
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
    return kafka_now_ms() < running->end_ms && !atomic_load(running->abandon);
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

static void kill_group(pid_t child)
{
    kill(-child, SIGKILL);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
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
    struct running running = {.end_ms = kafka_now_ms() + LIMIT_MS, .abandon = abandon};
    size_t from = output->size;
    int state = 0;
    TRY(start(command, &running, err));
    bool ended = read_all(&running, output) && await_exit(&running, &state);
    close(running.fd);
    if (!ended) {
        kill_group(running.child);
        return error_set(err, STATUS_REFUSED, "%s has not ended within %d s", name,
                         LIMIT_MS / 1000);
    }
    TRY(judge(state, err));
    return secret_file_trim(name, output, from, err);
}
