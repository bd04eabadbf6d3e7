#include "base/isolated.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"

enum { PROCESSOR_SECONDS = 30 };

/* The last message is the outcome: a status and the text of the error. */
enum kind { KIND_MESSAGE, KIND_OUTCOME };

struct envelope {
    int64_t kind;
    int64_t size; /* of what follows */
};

struct outcome {
    enum status status;
    struct error err;
};

struct isolated {
    int fd;
};

static void write_all(int fd, const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t wrote = write(fd, at, size);
        if (wrote < 0 && errno != EINTR)
            _exit(EXIT_FAILURE); /* nobody is listening any more */
        if (wrote > 0) {
            at += wrote;
            size -= (size_t)wrote;
        }
    }
}

static void post(struct isolated *isolated, enum kind kind, const void *data, size_t size)
{
    struct envelope envelope = {.kind = kind, .size = (int64_t)size};
    write_all(isolated->fd, &envelope, sizeof envelope);
    write_all(isolated->fd, data, size);
}

/* The soft limit ends the process unless it is moved on. */
static void limit_processor_time(void)
{
    struct rusage usage;
    struct rlimit limit;
    if (getrusage(RUSAGE_SELF, &usage) != 0 || getrlimit(RLIMIT_CPU, &limit) != 0)
        return;
    limit.rlim_cur =
        (rlim_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + 1 + PROCESSOR_SECONDS);
    if (limit.rlim_max != RLIM_INFINITY && limit.rlim_cur > limit.rlim_max)
        limit.rlim_cur = limit.rlim_max;
    (void)!setrlimit(RLIMIT_CPU, &limit);
}

void isolated_send(struct isolated *isolated, const void *message, size_t size)
{
    post(isolated, KIND_MESSAGE, message, size);
    limit_processor_time();
}

/* Beyond what is mapped already, which under a sanitizer is terabytes. */
static void limit_memory(void)
{
    long long pages = 0;
    struct rlimit limit;
    FILE *file = fopen("/proc/self/statm", "re");
    bool known = file && fscanf(file, "%lld", &pages) == 1 && pages > 0;
    if (file)
        fclose(file);
    if (!known || getrlimit(RLIMIT_AS, &limit) != 0)
        return;
    rlim_t wanted = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + (rlim_t)ISOLATED_MEMORY;
    if (wanted < limit.rlim_cur) {
        limit.rlim_cur = wanted;
        (void)!setrlimit(RLIMIT_AS, &limit);
    }
}

static void enter(void)
{
    const struct rlimit none = {0, 0};
    (void)!setrlimit(RLIMIT_CORE, &none);
    signal(SIGPIPE, SIG_DFL);
    limit_memory();
    limit_processor_time();
}

/* In the new process; nothing of the caller's is closed or flushed a second time. */
static void work_and_leave(int fd, isolated_work work, void *context)
{
    struct isolated isolated = {.fd = fd};
    struct outcome outcome = {.err = {""}};
    enter();
    outcome.status = work(context, &isolated, &outcome.err);
    post(&isolated, KIND_OUTCOME, &outcome, sizeof outcome);
    _exit(EXIT_SUCCESS);
}

/* False at the end, or when the other side has ended within a message. */
static bool read_exactly(int fd, void *data, size_t size)
{
    char *at = data;
    while (size > 0) {
        ssize_t got = read(fd, at, size);
        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        if (got > 0) {
            at += got;
            size -= (size_t)got;
        }
    }
    return true;
}

/* Takes messages until the outcome, which stays in `message`; false when there is none. */
static bool listen_to(int fd, isolated_take take, void *context, struct buffer *message)
{
    struct envelope envelope;
    while (read_exactly(fd, &envelope, sizeof envelope)) {
        buffer_clear(message);
        if (envelope.size < 0 || envelope.size > ISOLATED_MEMORY)
            return false;
        void *start = buffer_reserve(message, (size_t)envelope.size + 1);
        if (!read_exactly(fd, start, (size_t)envelope.size))
            return false;
        message->size = (size_t)envelope.size;
        if (envelope.kind == KIND_OUTCOME)
            return true;
        take(context, message->data, message->size);
    }
    return false;
}

static enum status explain_end(const char *what, int end, struct error *err)
{
    if (WIFSIGNALED(end) && WTERMSIG(end) == SIGXCPU)
        return error_set(err, STATUS_BAD_DATA,
                         "%s: gave up after %d s of processor time without a result", what,
                         PROCESSOR_SECONDS);
    if (WIFSIGNALED(end))
        return error_set(err, STATUS_BAD_DATA, "%s: the process doing it was ended by signal %d",
                         what, WTERMSIG(end));
    return error_set(err, STATUS_BAD_DATA, "%s: the process doing it left with exit code %d", what,
                     WEXITSTATUS(end));
}

static enum status wait_for(pid_t child, const char *what, const struct buffer *outcome,
                            struct error *err)
{
    int end = 0;
    struct outcome told;
    while (waitpid(child, &end, 0) < 0 && errno == EINTR)
        ;
    if (outcome->size != sizeof told)
        return explain_end(what, end, err);
    memcpy(&told, outcome->data, sizeof told);
    if (told.status != STATUS_OK)
        *err = told.err;
    return told.status;
}

enum status isolated_run(const char *what, isolated_work work, isolated_take take, void *context,
                         struct error *err)
{
    int ends[2];
    if (pipe(ends) != 0)
        return error_set(err, STATUS_IO, "%s: no pipe: %s", what, strerror(errno));
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        work_and_leave(ends[1], work, context);
    }
    int reason = errno;
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return error_set(err, STATUS_IO, "%s: no process: %s", what, strerror(reason));
    }
    struct buffer message = {0};
    if (!listen_to(ends[0], take, context, &message))
        buffer_clear(&message);
    close(ends[0]);
    enum status status = wait_for(child, what, &message, err);
    buffer_release(&message);
    return status;
}
