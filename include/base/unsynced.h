/* Files that have been written to and that somebody is still to sync, in any thread: fsync(2) waits
 * for the disk, which whoever wrote need not. */
#ifndef HEATSTREAM_BASE_UNSYNCED_H
#define HEATSTREAM_BASE_UNSYNCED_H

#include "base/buffer.h"
#include "base/status.h"

/* Zero-initialised is empty and valid. */
struct unsynced {
    struct buffer files;
};

/* Of an open file, which the caller may go on writing to, or close. `path` is for messages. */
enum status unsynced_add(struct unsynced *unsynced, int fd, const char *path,
                         struct error *err) MUST_CHECK;

/* All of them are on the disk on return, and the list is empty; STATUS_IO at the first that is not,
 * and the list then has to be released. */
enum status unsynced_sync(struct unsynced *unsynced, struct error *err) MUST_CHECK;

/* Forgets what is left of it. */
void unsynced_release(struct unsynced *unsynced);

#endif
