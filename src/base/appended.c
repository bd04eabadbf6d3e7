#include "base/appended.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/memory.h"

struct appended {
    char *path;
    int fd;
    int64_t size;
    bool dirty; /* differs from what was synced last */
};

static enum status cut_back(struct appended *file, int64_t size, struct error *err)
{
    struct stat info;
    if (fstat(file->fd, &info) != 0)
        return error_set(err, STATUS_IO, "reading the size of %s: %s", file->path, strerror(errno));
    if (info.st_size < size)
        return error_set(err, STATUS_BAD_DATA,
                         "%s has %lld bytes, but the checkpoint was taken when it had %lld",
                         file->path, (long long)info.st_size, (long long)size);
    if (ftruncate(file->fd, size) != 0)
        return error_set(err, STATUS_IO, "cutting %s back to %lld bytes: %s", file->path,
                         (long long)size, strerror(errno));
    file->size = size;
    return STATUS_OK;
}

enum status appended_open(const char *path, mode_t mode, int64_t size, struct appended **opened,
                          struct error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return error_set(err, STATUS_CANNOT_CREATE, "opening %s: %s", path, strerror(errno));
    struct appended *file = memory_zeroed(1, sizeof *file);
    file->path = memory_text(path);
    file->fd = fd;
    file->dirty = true;
    enum status status = cut_back(file, size, err);
    if (status != STATUS_OK) {
        appended_close(file);
        return status;
    }
    *opened = file;
    return STATUS_OK;
}

void appended_close(struct appended *file)
{
    if (!file)
        return;
    close(file->fd);
    free(file->path);
    free(file);
}

enum status appended_write(struct appended *file, const void *data, size_t size, struct error *err)
{
    file->dirty = true;
    TRY(durable_write_all(file->fd, file->path, data, size, err));
    file->size += (int64_t)size;
    return STATUS_OK;
}

enum status appended_sync(struct appended *file, int64_t *size, struct unsynced *later,
                          struct error *err)
{
    if (file->dirty && later)
        TRY(unsynced_add(later, file->fd, file->path, err));
    else if (file->dirty && fsync(file->fd) != 0)
        return error_set(err, STATUS_IO, "syncing %s: %s", file->path, strerror(errno));
    file->dirty = false;
    *size = file->size;
    return STATUS_OK;
}
