#include "base/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

static void warn_of_readers(int fd, const char *path)
{
    struct stat info;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_mode & S_IROTH)
        log_warn("%s holds a secret and can be read by every user of this machine: chmod 600",
                 path);
}

/* At most one byte more than a secret may have. */
static enum status read_some(int fd, const char *path, struct buffer *secret, struct error *err)
{
    size_t left = SECRET_FILE_MAX + 1;
    for (ssize_t got = 1; got > 0 && left > 0; left -= (size_t)got) {
        void *end = buffer_reserve(secret, left);
        do
            got = read(fd, end, left);
        while (got < 0 && errno == EINTR);
        if (got < 0)
            return error_set(err, STATUS_BAD_DECK, "reading %s: %s", path, strerror(errno));
        secret->size += (size_t)got;
    }
    return STATUS_OK;
}

enum status secret_file_trim(const char *source, struct buffer *secret, size_t from,
                             struct error *err)
{
    const char *text = (const char *)secret->data;
    size_t size = secret->size;
    if (size - from > SECRET_FILE_MAX)
        return error_set(err, STATUS_BAD_DECK, "%s has more than %d bytes: this is no secret",
                         source, SECRET_FILE_MAX);
    while (size > from && (text[size - 1] == '\n' || text[size - 1] == '\r'))
        size--;
    if (size == from)
        return error_set(err, STATUS_BAD_DECK, "%s is empty", source);
    if (memchr(text + from, '\0', size - from))
        return error_set(err, STATUS_BAD_DECK, "%s holds a NUL: this is no secret", source);
    secret->size = size;
    buffer_append(secret, "", 1);
    return STATUS_OK;
}

enum status secret_file_read(const char *path, struct buffer *secret, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, STATUS_BAD_DECK, "opening %s: %s", path, strerror(errno));
    size_t from = secret->size;
    warn_of_readers(fd, path);
    enum status status = read_some(fd, path, secret, err);
    close(fd);
    return status == STATUS_OK ? secret_file_trim(path, secret, from, err) : status;
}
