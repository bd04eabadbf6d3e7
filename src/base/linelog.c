#include "base/linelog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/durable.h"

enum { CRC_SUFFIX = 10 }; /* " #" and eight digits */

struct linelog {
    int fd;
    struct buffer line;
    char *path;
};

static uint32_t line_crc(const char *text, size_t length)
{
    return (uint32_t)crc32_z(0, (const Bytef *)text, length);
}

/* Cuts the CRC off an intact line and returns true. */
static bool line_accept(char *line, size_t length)
{
    if (length < CRC_SUFFIX)
        return false;
    char *suffix = line + length - CRC_SUFFIX;
    char expected[CRC_SUFFIX + 1];
    snprintf(expected, sizeof expected, " #%08x", line_crc(line, length - CRC_SUFFIX));
    if (memcmp(suffix, expected, CRC_SUFFIX) != 0 || memchr(line, '\0', length))
        return false;
    *suffix = '\0';
    return true;
}

/* A file being read line by line: it may be many times as large as what is done with it. */
struct walk {
    const char *path;
    int fd;
    struct buffer pending; /* read, but not walked over from `at` on */
    size_t at;
    bool end;       /* all of the file has been read */
    int64_t intact; /* bytes of the good lines so far */
    int64_t size;   /* bytes read so far */
};

static enum status read_on(struct walk *walk, struct error *err)
{
    enum { CHUNK = 1 << 16 };
    struct buffer *pending = &walk->pending;
    pending->size -= walk->at;
    if (walk->at > 0)
        memmove(pending->data, pending->data + walk->at, pending->size);
    walk->at = 0;
    ssize_t got;
    do
        got = read(walk->fd, buffer_reserve(pending, CHUNK), CHUNK);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return error_set(err, STATUS_IO, "reading %s: %s", walk->path, strerror(errno));
    pending->size += (size_t)got;
    walk->size += got;
    walk->end = got == 0;
    return STATUS_OK;
}

/* The next line without its newline, which becomes a 0; NULL when what is left has none. */
static enum status next_line(struct walk *walk, char **line, size_t *length, struct error *err)
{
    (void)buffer_reserve(&walk->pending, 1); /* there is something to point to */
    for (size_t searched = 0;;) {
        char *start = (char *)walk->pending.data + walk->at;
        size_t left = walk->pending.size - walk->at;
        char *newline = searched < left ? memchr(start + searched, '\n', left - searched) : NULL;
        if (newline) {
            *newline = '\0';
            *line = start;
            *length = (size_t)(newline - start);
            walk->at += *length + 1;
            return STATUS_OK;
        }
        *line = NULL;
        if (walk->end)
            return STATUS_OK;
        searched = left;
        TRY(read_on(walk, err));
    }
}

/* Only a last line may be bad, and it counts as torn. */
static enum status check_last(struct walk *walk, int64_t number, struct error *err)
{
    while (walk->at == walk->pending.size && !walk->end)
        TRY(read_on(walk, err));
    if (walk->at == walk->pending.size)
        return STATUS_OK;
    return error_set(err, STATUS_BAD_DATA, "%s:%lld: damaged line (its CRC does not agree)",
                     walk->path, (long long)number);
}

static enum status walk_lines(struct walk *walk, linelog_visit visit, void *context,
                              struct error *err)
{
    for (int64_t number = 1;; number++) {
        char *line;
        size_t length;
        TRY(next_line(walk, &line, &length, err));
        if (!line)
            return STATUS_OK;
        if (!line_accept(line, length))
            return check_last(walk, number, err);
        if (visit)
            TRY(visit(context, line, err));
        walk->intact += (int64_t)length + 1;
    }
}

static enum status walk_salvage(struct walk *walk, linelog_visit visit, void *context,
                                int64_t *damaged, struct error *err)
{
    for (;;) {
        char *line;
        size_t length;
        TRY(next_line(walk, &line, &length, err));
        if (!line)
            return STATUS_OK;
        if (line_accept(line, length))
            TRY(visit(context, line, err));
        else
            ++*damaged;
    }
}

enum status linelog_salvage(const char *path, linelog_visit visit, void *context, int64_t *damaged,
                            struct error *err)
{
    struct walk walk = {.path = path, .fd = open(path, O_RDONLY | O_CLOEXEC)};
    if (walk.fd < 0 && errno != ENOENT)
        return error_set(err, STATUS_IO, "opening %s: %s", path, strerror(errno));
    *damaged = 0;
    enum status status = STATUS_OK;
    if (walk.fd >= 0) {
        status = walk_salvage(&walk, visit, context, damaged, err);
        close(walk.fd);
    }
    buffer_release(&walk.pending);
    return status;
}

static enum status read_intact(const char *path, linelog_visit visit, void *context,
                               int64_t *intact, int64_t *size, struct error *err)
{
    struct walk walk = {.path = path, .fd = open(path, O_RDONLY | O_CLOEXEC)};
    if (walk.fd < 0 && errno != ENOENT)
        return error_set(err, STATUS_IO, "opening %s: %s", path, strerror(errno));
    enum status status = walk.fd < 0 ? STATUS_OK : walk_lines(&walk, visit, context, err);
    *intact = walk.intact;
    *size = walk.size;
    buffer_release(&walk.pending);
    if (walk.fd >= 0)
        close(walk.fd);
    return status;
}

enum status linelog_read(const char *path, linelog_visit visit, void *context, int64_t *torn_bytes,
                         struct error *err)
{
    int64_t intact, size;
    TRY(read_intact(path, visit, context, &intact, &size, err));
    if (torn_bytes)
        *torn_bytes = size - intact;
    return STATUS_OK;
}

enum status linelog_open(const char *path, struct linelog **log, struct error *err)
{
    int64_t intact, size;
    TRY(read_intact(path, NULL, NULL, &intact, &size, err));
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return error_set(err, STATUS_CANNOT_CREATE, "opening %s: %s", path, strerror(errno));
    if (intact < size && (ftruncate(fd, (off_t)intact) != 0 || fsync(fd) != 0)) {
        close(fd);
        return error_set(err, STATUS_IO, "cutting the torn tail of %s: %s", path, strerror(errno));
    }
    struct linelog *created = calloc(1, sizeof *created);
    char *copy = strdup(path);
    if (!created || !copy) {
        free(created);
        free(copy);
        close(fd);
        return error_set(err, STATUS_IO, "opening %s: out of memory", path);
    }
    created->fd = fd;
    created->path = copy;
    *log = created;
    return STATUS_OK;
}

void linelog_close(struct linelog *log)
{
    if (!log)
        return;
    close(log->fd);
    buffer_release(&log->line);
    free(log->path);
    free(log);
}

enum status linelog_append(struct linelog *log, bool sync, struct error *err, const char *format,
                           ...)
{
    va_list arguments;
    va_start(arguments, format);
    buffer_clear(&log->line);
    buffer_vprintf(&log->line, format, arguments);
    va_end(arguments);
    buffer_printf(&log->line, " #%08x\n", line_crc((const char *)log->line.data, log->line.size));
    TRY(durable_write_all(log->fd, log->path, log->line.data, log->line.size, err));
    return sync ? linelog_sync(log, err) : STATUS_OK;
}

enum status linelog_sync(struct linelog *log, struct error *err)
{
    if (fdatasync(log->fd) != 0)
        return error_set(err, STATUS_IO, "syncing %s: %s", log->path, strerror(errno));
    return STATUS_OK;
}
