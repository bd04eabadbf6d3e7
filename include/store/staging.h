/* The directory in which a run makes what it publishes, and through which it touches what is there.
 *
 * Two runs may believe that a run directory is theirs (claim.h). The one that takes it over removes
 * the other's staging directory, and every change that a run makes by name goes through its own: a
 * new file is renamed out of it, a file to be changed is linked into it first and opened there, a
 * file to be removed is renamed into it. All of these are single calls that fail when the directory
 * is no more, so that the file system itself decides, however late a stalled run wakes up. What it
 * still has open are inodes that its successor has replaced by copies (staging_renew()).
 *
 * `staging` is a path on the file system of the run directory; names in it end in ".tmp". Local:
 * any rank may call, one at a time about a name. Failures are STATUS_IO. */
#ifndef HEATSTREAM_STORE_STAGING_H
#define HEATSTREAM_STORE_STAGING_H

#include <limits.h>
#include <stdbool.h>

#include "base/status.h"

/* `name`.tmp in the directory. */
enum status staging_path(const char *staging, const char *name, char path[PATH_MAX],
                         struct error *err) MUST_CHECK;

/* Renames the staged `name`, whose content has been synced if that matters, to `to`; with `sync`
 * the new name is on the disk on return. */
enum status staging_publish(const char *staging, const char *name, const char *to, bool sync,
                            struct error *err) MUST_CHECK;

/* Makes `path` known as the staged `name`, too: the same inode under a second name. */
enum status staging_borrow(const char *staging, const char *path, const char *name,
                           struct error *err) MUST_CHECK;

/* Forgets a staged name. */
void staging_return(const char *staging, const char *name);

/* Removes `path`, if there is such a file; a thread that nobody waits for gives back what the
 * system keeps of a large one. */
enum status staging_remove(const char *staging, const char *path, struct error *err) MUST_CHECK;

/* Replaces the file `path` by a copy of itself, synced, holes kept: writes to the old one through
 * what others have open are lost from then on. Does nothing where there is no such file. */
enum status staging_renew(const char *staging, const char *path, struct error *err) MUST_CHECK;

#endif
