#include "base/unsynced.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

struct file {
    int fd;
    char *path;
};

enum status unsynced_add(struct unsynced *unsynced, int fd, const char *path, struct error *err)
{
    struct file file = {.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0)};
    if (file.fd < 0)
        return error_set(err, STATUS_IO, "opening %s again: %s", path, strerror(errno));
    file.path = memory_text(path);
    buffer_append(&unsynced->files, &file, sizeof file);
    return STATUS_OK;
}

static void forget(struct buffer *files)
{
    struct file *list = (void *)files->data;
    for (size_t i = 0; i < files->size / sizeof *list; i++) {
        close(list[i].fd);
        free(list[i].path);
    }
    buffer_clear(files);
}

enum status unsynced_sync(struct unsynced *unsynced, struct error *err)
{
    const struct file *list = (const void *)unsynced->files.data;
    for (size_t i = 0; i < unsynced->files.size / sizeof *list; i++)
        if (fsync(list[i].fd) != 0)
            return error_set(err, STATUS_IO, "syncing %s: %s", list[i].path, strerror(errno));
    forget(&unsynced->files);
    return STATUS_OK;
}

void unsynced_release(struct unsynced *unsynced)
{
    forget(&unsynced->files);
    buffer_release(&unsynced->files);
}
