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

/* Walks the lines of `contents`; *intact is the length of the good front part. Only a last line may
 * be bad, and it counts as torn. */
static enum status walk(const char *path, struct buffer *contents, linelog_visit visit,
                        void *context, size_t *intact, struct error *err)
{
    char *text = (char *)contents->data;
    size_t start = 0;
    for (int64_t number = 1; start < contents->size; number++) {
        char *newline = memchr(text + start, '\n', contents->size - start);
        if (!newline)
            break;
        size_t next = (size_t)(newline - text) + 1;
        *newline = '\0';
        if (!line_accept(text + start, next - 1 - start)) {
            if (next == contents->size)
                break;
            return error_set(err, STATUS_BAD_DATA, "%s:%lld: damaged line (its CRC does not agree)",
                             path, (long long)number);
        }
        if (visit)
            TRY(visit(context, text + start, err));
        start = next;
    }
    *intact = start;
    return STATUS_OK;
}

static enum status read_intact(const char *path, linelog_visit visit, void *context, size_t *intact,
                               size_t *size, struct error *err)
{
    struct buffer contents = {0};
    enum status status = durable_read_file(path, &contents, err);
    *intact = *size = 0;
    if (status == STATUS_OK)
        status = walk(path, &contents, visit, context, intact, err);
    else if (status == STATUS_NO_INPUT)
        status = STATUS_OK;
    *size = contents.size;
    buffer_release(&contents);
    return status;
}

enum status linelog_read(const char *path, linelog_visit visit, void *context, int64_t *torn_bytes,
                         struct error *err)
{
    size_t intact, size;
    TRY(read_intact(path, visit, context, &intact, &size, err));
    if (torn_bytes)
        *torn_bytes = (int64_t)(size - intact);
    return STATUS_OK;
}

enum status linelog_open(const char *path, struct linelog **log, struct error *err)
{
    size_t intact, size;
    TRY(read_intact(path, NULL, NULL, &intact, &size, err));
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
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
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    buffer_clear(&log->line);
    char *text = buffer_reserve(&log->line, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    log->line.size = (size_t)length;
    buffer_printf(&log->line, " #%08x\n", line_crc(text, (size_t)length));
    TRY(durable_write_all(log->fd, log->path, log->line.data, log->line.size, err));
    return sync ? linelog_sync(log, err) : STATUS_OK;
}

enum status linelog_sync(struct linelog *log, struct error *err)
{
    if (fdatasync(log->fd) != 0)
        return error_set(err, STATUS_IO, "syncing %s: %s", log->path, strerror(errno));
    return STATUS_OK;
}
