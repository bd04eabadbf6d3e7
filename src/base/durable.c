#include "base/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum status path_join(char *path, size_t size, const char *directory, const char *name,
                      struct error *err)
{
    size_t length = strlen(directory);
    const char *slash = length && directory[length - 1] == '/' ? "" : "/";
    int written = snprintf(path, size, "%s%s%s", directory, slash, name);
    if (written < 0 || (size_t)written >= size)
        return error_set(err, STATUS_CANNOT_CREATE, "path too long: %s%s%s", directory, slash,
                         name);
    return STATUS_OK;
}

static enum status make_directory(const char *path, struct error *err)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return STATUS_OK;
    return error_set(err, STATUS_CANNOT_CREATE, "creating directory %s: %s", path, strerror(errno));
}

enum status durable_make_directories(const char *path, struct error *err)
{
    char partial[PATH_MAX];
    if (strlen(path) >= sizeof partial)
        return error_set(err, STATUS_CANNOT_CREATE, "path too long: %s", path);
    strcpy(partial, path);
    for (char *slash = strchr(partial + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        TRY(make_directory(partial, err));
        *slash = '/';
    }
    TRY(make_directory(partial, err));
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        return error_set(err, STATUS_CANNOT_CREATE, "%s is not a directory", path);
    return STATUS_OK;
}

enum status durable_sync(const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, STATUS_IO, "opening %s: %s", path, strerror(errno));
    int failed = fsync(fd);
    int reason = errno;
    close(fd);
    if (failed)
        return error_set(err, STATUS_IO, "syncing %s: %s", path, strerror(reason));
    return STATUS_OK;
}

enum status durable_sync_parent(const char *path, struct error *err)
{
    char copy[PATH_MAX];
    if (strlen(path) >= sizeof copy)
        return error_set(err, STATUS_IO, "path too long: %s", path);
    strcpy(copy, path);
    return durable_sync(dirname(copy), err);
}

enum status durable_rename(const char *from, const char *to, struct error *err)
{
    if (rename(from, to) != 0)
        return error_set(err, STATUS_IO, "renaming %s to %s: %s", from, to, strerror(errno));
    return durable_sync_parent(to, err);
}

enum status durable_write_all(int fd, const char *path, const void *data, size_t size,
                              struct error *err)
{
    const char *next = data;
    while (size > 0) {
        ssize_t written = write(fd, next, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return error_set(err, STATUS_IO, "writing %s: %s", path, strerror(errno));
        next += written;
        size -= (size_t)written;
    }
    return STATUS_OK;
}

enum status durable_write_file(const char *path, const void *data, size_t size, mode_t mode,
                               struct error *err)
{
    char temporary[PATH_MAX];
    int length = snprintf(temporary, sizeof temporary, "%s.tmp", path);
    if (length < 0 || (size_t)length >= sizeof temporary)
        return error_set(err, STATUS_CANNOT_CREATE, "path too long: %s", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return error_set(err, STATUS_CANNOT_CREATE, "creating %s: %s", temporary, strerror(errno));
    enum status status = durable_write_all(fd, temporary, data, size, err);
    if (status == STATUS_OK && fsync(fd) != 0)
        status = error_set(err, STATUS_IO, "syncing %s: %s", temporary, strerror(errno));
    if (close(fd) != 0 && status == STATUS_OK)
        status = error_set(err, STATUS_IO, "closing %s: %s", temporary, strerror(errno));
    if (status != STATUS_OK) {
        unlink(temporary);
        return status;
    }
    return durable_rename(temporary, path, err);
}

enum status durable_make_private(const char *path, struct error *err)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return error_set(err, STATUS_CANNOT_CREATE, "removing %s: %s", path, strerror(errno));
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set(err, STATUS_CANNOT_CREATE, "creating %s: %s", path, strerror(errno));
    close(fd);
    return STATUS_OK;
}

enum status durable_read_file(const char *path, struct buffer *contents, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, errno == ENOENT ? STATUS_NO_INPUT : STATUS_IO, "opening %s: %s", path,
                         strerror(errno));
    enum status status = STATUS_OK;
    size_t before = contents->size;
    for (;;) {
        void *end = buffer_reserve(contents, 65536);
        ssize_t got = read(fd, end, 65536);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            status = error_set(err, STATUS_IO, "reading %s: %s", path, strerror(errno));
        if (got > 0 && contents->size - before + (size_t)got > DURABLE_READ_MAX)
            status =
                error_set(err, STATUS_IO, "reading %s: more than %d bytes", path, DURABLE_READ_MAX);
        if (got <= 0 || status != STATUS_OK)
            break;
        contents->size += (size_t)got;
    }
    close(fd);
    return status;
}

bool durable_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}
