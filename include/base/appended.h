/* A file that is only appended to, and cut back to what a checkpoint knows of it. */
#ifndef HEATSTREAM_BASE_APPENDED_H
#define HEATSTREAM_BASE_APPENDED_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/unsynced.h"

struct appended;

/* Opens `path`, made with `mode` if missing, and cuts it back to its first `size` bytes.
 * STATUS_CANNOT_CREATE; STATUS_BAD_DATA when it is shorter. */
enum status appended_open(const char *path, mode_t mode, int64_t size, struct appended **file,
                          struct error *err) MUST_CHECK;
void appended_close(struct appended *file); /* accepts NULL */

enum status appended_write(struct appended *file, const void *data, size_t size,
                           struct error *err) MUST_CHECK;

/* What was written, and that the file was cut back, is on the disk on return, or once `later`,
 * unless that is NULL, is synced. *size is the length of the file. */
enum status appended_sync(struct appended *file, int64_t *size, struct unsynced *later,
                          struct error *err) MUST_CHECK;

#endif
