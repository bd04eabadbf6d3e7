#include "store/staging.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/memory.h"
#include "base/thread.h"

enum { CHUNK = 1 << 20, LARGE = 1 << 24 };

enum status staging_path(const char *staging, const char *name, char path[PATH_MAX],
                         struct error *err)
{
    int length = snprintf(path, PATH_MAX, "%s/%s.tmp", staging, name);
    if (length < 0 || length >= PATH_MAX)
        return error_set(err, STATUS_CANNOT_CREATE, "path too long: %s/%s.tmp", staging, name);
    return STATUS_OK;
}

enum status staging_publish(const char *staging, const char *name, const char *to, bool sync,
                            struct error *err)
{
    char from[PATH_MAX];
    TRY(staging_path(staging, name, from, err));
    if (sync)
        return durable_rename(from, to, err);
    if (rename(from, to) != 0)
        return error_set(err, STATUS_IO, "renaming %s to %s: %s", from, to, strerror(errno));
    return STATUS_OK;
}

enum status staging_borrow(const char *staging, const char *path, const char *name,
                           struct error *err)
{
    char here[PATH_MAX];
    TRY(staging_path(staging, name, here, err));
    unlink(here); /* what a failed attempt has left */
    if (link(path, here) != 0)
        return error_set(err, STATUS_IO, "linking %s to %s: %s", path, here, strerror(errno));
    return STATUS_OK;
}

void staging_return(const char *staging, const char *name)
{
    char path[PATH_MAX];
    struct error ignored;
    if (staging_path(staging, name, path, &ignored) == STATUS_OK)
        unlink(path);
}

static void *close_last(void *context)
{
    int *fd = context;
    close(*fd);
    free(fd);
    return NULL;
}

/* Giving back what the system keeps of a large file takes long (269 MB: 80 ms), and is done when it
 * is closed last: by a thread, which nobody waits for. */
static void close_aside(int fd)
{
    pthread_t thread;
    int *given = memory_block(sizeof *given);
    *given = fd;
    if (thread_start(&thread, close_last, given) == 0)
        pthread_detach(thread);
    else
        close_last(given);
}

static void remove_at_leisure(const char *path)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    unlink(path);
    if (fd >= 0 && fstat(fd, &info) == 0 && info.st_size >= LARGE)
        close_aside(fd);
    else if (fd >= 0)
        close(fd);
}

enum status staging_remove(const char *staging, const char *path, struct error *err)
{
    char there[PATH_MAX];
    TRY(staging_path(staging, "removed", there, err));
    if (rename(path, there) == 0) {
        remove_at_leisure(there);
        return STATUS_OK;
    }
    int reason = errno;
    if (reason == ENOENT && durable_exists(staging))
        return STATUS_OK;
    return error_set(err, STATUS_IO, "removing %s: %s", path, strerror(reason));
}

static bool is_zero(const char *bytes, size_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

static ssize_t read_chunk(int fd, char *chunk)
{
    ssize_t got;
    do
        got = read(fd, chunk, CHUNK);
    while (got < 0 && errno == EINTR);
    return got;
}

/* Zeros become a hole. */
static enum status put_chunk(int fd, const char *path, const char *chunk, size_t size,
                             struct error *err)
{
    if (!is_zero(chunk, size))
        return durable_write_all(fd, path, chunk, size, err);
    if (lseek(fd, (off_t)size, SEEK_CUR) < 0)
        return error_set(err, STATUS_IO, "writing %s: %s", path, strerror(errno));
    return STATUS_OK;
}

struct copying {
    const char *from, *to;
    int in, out;
    char *chunk;
    off_t size;
};

static enum status copy_bytes(struct copying *copying, struct error *err)
{
    ssize_t got;
    while ((got = read_chunk(copying->in, copying->chunk)) > 0) {
        TRY(put_chunk(copying->out, copying->to, copying->chunk, (size_t)got, err));
        copying->size += got;
    }
    if (got < 0)
        return error_set(err, STATUS_IO, "reading %s: %s", copying->from, strerror(errno));
    if (ftruncate(copying->out, copying->size) != 0 || fsync(copying->out) != 0)
        return error_set(err, STATUS_IO, "writing %s: %s", copying->to, strerror(errno));
    return STATUS_OK;
}

static enum status copy_open(struct copying *copying, mode_t mode, struct error *err)
{
    copying->out = open(copying->to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (copying->out < 0)
        return error_set(err, STATUS_IO, "creating %s: %s", copying->to, strerror(errno));
    copying->chunk = memory_block(CHUNK);
    enum status status = copy_bytes(copying, err);
    free(copying->chunk);
    if (close(copying->out) != 0 && status == STATUS_OK)
        status = error_set(err, STATUS_IO, "closing %s: %s", copying->to, strerror(errno));
    return status;
}

enum status staging_renew(const char *staging, const char *path, struct error *err)
{
    char copy[PATH_MAX];
    struct stat info;
    struct copying copying = {.from = path, .to = copy};
    TRY(staging_path(staging, "renewed", copy, err));
    copying.in = open(path, O_RDONLY | O_CLOEXEC);
    if (copying.in < 0 && errno == ENOENT)
        return STATUS_OK;
    if (copying.in < 0 || fstat(copying.in, &info) != 0) {
        int reason = errno;
        if (copying.in >= 0)
            close(copying.in);
        return error_set(err, STATUS_IO, "opening %s: %s", path, strerror(reason));
    }
    enum status status = copy_open(&copying, info.st_mode & 0777, err);
    close(copying.in);
    if (status == STATUS_OK)
        return staging_publish(staging, "renewed", path, true, err);
    unlink(copy);
    return status;
}
