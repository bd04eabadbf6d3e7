/* The files that the dead letters of a run are in: dead_letters.ndjson and, each begun when the one
 * before was full, dead_letters_<position, 15 digits>.ndjson. The position is that of the file's
 * first byte in all of them together, as Kafka names the segments of a partition. So one number
 * says how far the letters had come, whatever files they were split into, and the first files can
 * be removed without a trace in the others. A file is never renamed, and only the newest grows.
 *
 * `root` is the run directory, `staging` as in staging.h. Rank 0 only. Failures are STATUS_IO
 * unless said. */
#ifndef HEATSTREAM_STORE_LETTER_FILES_H
#define HEATSTREAM_STORE_LETTER_FILES_H

#include <limits.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/status.h"

enum { LETTER_FILE_NAME = 48 };

/* The name of the file that begins at a position, and the position of a name; -1: another file. */
void letter_file_name(int64_t start, char name[LETTER_FILE_NAME]);
int64_t letter_file_start(const char *name);

/* Appends the positions (int64_t) at which there are files, in order. */
enum status letter_files_list(const char *root, struct buffer *starts,
                              struct error *err) MUST_CHECK;

/* Replaces the newest, which another run may have open, by a copy of itself. */
enum status letter_files_renew(const char *root, const char *staging, struct error *err) MUST_CHECK;

/* Removes the files that begin at `size` or after it. The newest that is left, or a new one when
 * size is 0, is then open to this run under the name `staged`; *start is its position. It may still
 * be longer than up to `size`. STATUS_BAD_DATA when the file with that position is not there. */
enum status letter_files_cut(const char *root, const char *staging, int64_t size, int64_t *start,
                             char staged[PATH_MAX], struct error *err) MUST_CHECK;

/* Begins a file, readable by its owner only; `staged` as above. */
enum status letter_files_begin(const char *root, const char *staging, int64_t start,
                               char staged[PATH_MAX], struct error *err) MUST_CHECK;

/* The file at `start` is not written to by this run any more. */
void letter_files_return(const char *staging, int64_t start);

/* Removes the oldest files beyond the `keep` newest, but none that holds a byte from `position` on
 * or is appended to at it. */
enum status letter_files_remove_old(const char *root, const char *staging, int64_t position,
                                    int64_t keep, struct error *err) MUST_CHECK;

#endif
