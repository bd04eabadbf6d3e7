/* An append-only text file of lines that carry a CRC, the form of the manifest and of the journal.
 *
 * A line is `<text> #<8 hex digits>`, the CRC-32 (zlib) of <text>. Text has no newline. A torn last
 * line is cut off when the file is opened; a bad line before good ones is an error, never
 * skipped. */
#ifndef HEATSTREAM_BASE_LINELOG_H
#define HEATSTREAM_BASE_LINELOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/status.h"

struct linelog;

/* Called for each intact line in order; a failure ends the reading with that status. */
typedef enum status (*linelog_visit)(void *context, const char *line, struct error *err);

/* Reads an existing file without changing it. *torn_bytes (may be NULL) is what a torn tail holds.
 * A missing file reads as empty. STATUS_BAD_DATA names file and line of a damaged line. */
enum status linelog_read(const char *path, linelog_visit visit, void *context, int64_t *torn_bytes,
                         struct error *err) MUST_CHECK;

/* Every intact line, also those after damaged ones; *damaged counts these and is up to date at each
 * visit. A torn tail without a newline is passed over. For repairs only: what follows a lost line
 * may not mean what it says. */
enum status linelog_salvage(const char *path, linelog_visit visit, void *context, int64_t *damaged,
                            struct error *err) MUST_CHECK;

/* Opens for appending, creating the file (mode 0644); a torn tail is cut off first. */
enum status linelog_open(const char *path, struct linelog **log, struct error *err) MUST_CHECK;
void linelog_close(struct linelog *log); /* accepts NULL */

/* Appends one line with one write(2); with `sync` it is on the disk on return. */
enum status linelog_append(struct linelog *log, bool sync, struct error *err, const char *format,
                           ...) MUST_CHECK __attribute__((format(printf, 4, 5)));

enum status linelog_sync(struct linelog *log, struct error *err) MUST_CHECK;

#endif
