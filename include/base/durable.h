/* Files that survive a crash: whole or not at all, and really on the disk when the call returns. */
#ifndef HEATSTREAM_BASE_DURABLE_H
#define HEATSTREAM_BASE_DURABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/status.h"

/* Joins directory and name into `path`; STATUS_CANNOT_CREATE when it does not fit. */
enum status path_join(char *path, size_t size, const char *directory, const char *name,
                      struct error *err) MUST_CHECK;

/* mkdir -p. */
enum status durable_make_directories(const char *path, struct error *err) MUST_CHECK;

/* fsync of a file or directory by name. */
enum status durable_sync(const char *path, struct error *err) MUST_CHECK;

/* fsync of the directory that holds `path`, so that a new name in it stays. */
enum status durable_sync_parent(const char *path, struct error *err) MUST_CHECK;

/* rename(from, to), then fsync of the directory that holds `to`. `from` must have been synced. */
enum status durable_rename(const char *from, const char *to, struct error *err) MUST_CHECK;

/* Writes the whole file under a temporary name in the same directory, fsyncs, renames, fsyncs the
 * directory; `mode` is the permission of the new file. */
enum status durable_write_file(const char *path, const void *data, size_t size, mode_t mode,
                               struct error *err) MUST_CHECK;

/* An empty file that nobody but its owner may read or write, in the place of whatever is there. */
enum status durable_make_private(const char *path, struct error *err) MUST_CHECK;

/* Appends the whole file to `contents`. STATUS_NO_INPUT when it does not exist, STATUS_IO
 * otherwise, and for one that does not end soon enough to be kept in memory. */
enum { DURABLE_READ_MAX = 1 << 28 };
enum status durable_read_file(const char *path, struct buffer *contents,
                              struct error *err) MUST_CHECK;

bool durable_exists(const char *path);

/* write(2) until all bytes are out. */
enum status durable_write_all(int fd, const char *path, const void *data, size_t size,
                              struct error *err) MUST_CHECK;

#endif
