/* Small files that hold a password, a key or a token and nothing else. */
#ifndef HEATSTREAM_BASE_SECRET_FILE_H
#define HEATSTREAM_BASE_SECRET_FILE_H

#include "base/buffer.h"
#include "base/status.h"

enum { SECRET_FILE_MAX = 65536 };

/* Appends what the file, or pipe, holds, without line ends behind it, and a final 0.
 * STATUS_BAD_DECK when it cannot be read, is empty, has more than SECRET_FILE_MAX bytes or a NUL;
 * the text never holds what the file does. Warns of a file that every user of the machine can
 * read. */
enum status secret_file_read(const char *path, struct buffer *secret, struct error *err) MUST_CHECK;

/* The same for what has been read elsewhere: cuts the line ends of `secret`, which begins at
 * `from`, adds the final 0, and refuses what is no secret. `source` names it in messages. */
enum status secret_file_trim(const char *source, struct buffer *secret, size_t from,
                             struct error *err) MUST_CHECK;

#endif
