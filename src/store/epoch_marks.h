/* What the run of an epoch tells others by files in its directory. Each comes and goes by one
 * rename(2) from or to the staging directory of the run, `staging`, which is in `directory`: so a
 * run that has been replaced tells nothing, whoever has a directory of that name by now. */
#ifndef HEATSTREAM_STORE_EPOCH_MARKS_H
#define HEATSTREAM_STORE_EPOCH_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

/* Makes the file `from` of the directory known as `to` in it, which is in the same file system.
 * STATUS_CANNOT_CREATE. */
enum status epoch_link(const char *from, const char *to, struct error *err) MUST_CHECK;

/* `lock` in `root` is for people and scripts: who holds the directory, and flock(1) to wait for its
 * end. STATUS_CANNOT_CREATE. */
enum status epoch_show_lock(const char *root, const char *directory, const char *staging,
                            struct error *err) MUST_CHECK;

/* That it has been left: when all else is done. Where this cannot be told the next start finds out,
 * as of a run that was killed. */
void epoch_tell_end(const char *directory, const char *staging);

/* That a run before it may live and have files open which are still in use. On the disk on return.
 * STATUS_CANNOT_CREATE or STATUS_IO. */
enum status epoch_tell_unclean(const char *directory, const char *staging,
                               struct error *err) MUST_CHECK;

/* That this is so no more; does nothing where it was not told. STATUS_IO. */
enum status epoch_tell_clean(const char *directory, const char *staging,
                             struct error *err) MUST_CHECK;

/* Whether epoch `number` was left with such files; true also where that cannot be found out. */
bool epoch_is_unclean(const char *root, int64_t number);

#endif
