/* Where refused records go: a file, or one after another, and, if asked for, a topic.
 *
 * A line is {"partition","offset","reason","time"?,"key","value"}: key and value in base64, null
 * where there is none; a value cut at DEAD_LETTER_BYTES adds "bytes", its full length, a key
 * "key_bytes". */
#ifndef HEATSTREAM_INGEST_DEAD_LETTERS_H
#define HEATSTREAM_INGEST_DEAD_LETTERS_H

#include <limits.h>

#include "base/status.h"
#include "base/unsynced.h"
#include "ingest/patience.h"
#include "ingest/source_kafka.h"
#include "window/event.h"

struct dead_letters;

/* Opens `path` for appending and cuts it back to `size` bytes first (0: empty). */
enum status dead_letters_open(const char *path, int64_t size, struct dead_letters **letters,
                              struct error *err) MUST_CHECK;
void dead_letters_close(struct dead_letters *letters); /* accepts NULL */

/* How letters go on in a new file before the present one has more than `most_bytes`, which have
 * room for the longest line: next() makes it, empty; `position` is that of its first byte in all
 * files together. Called with the file before complete and on the disk. */
enum { DEAD_LETTER_LINE = 16384 };
struct dead_letter_files {
    int64_t start; /* position of the file that is open */
    int64_t most_bytes;
    enum status (*next)(void *context, int64_t position, char path[PATH_MAX], struct error *err);
    void *context;
};
void dead_letters_in_files(struct dead_letters *letters, const struct dead_letter_files *files);

/* Copies every later letter to config->topic as well, which must exist: key and value as in the
 * file but raw, headers `reason`, `topic` (source_topic), `partition`, `offset` and, of a cut
 * value, `bytes`. */
enum status dead_letters_to_topic(struct dead_letters *letters, const struct kafka_config *config,
                                  const char *source_topic, struct error *err) MUST_CHECK;

/* How long a call may wait for the topic's broker; borrowed. At first patience is endless. */
void dead_letters_set_patience(struct dead_letters *letters, const struct patience *patience);

/* Appends the letters in the order given. Which of them begin a file is decided by them alone. */
enum status dead_letters_write(struct dead_letters *letters, const struct dead_letter *letter,
                               int64_t count, const uint8_t *bytes, struct error *err) MUST_CHECK;

/* Delivered to the topic on return, and on the disk, or there once `later`, unless that is NULL, is
 * synced. *size is the length of the file, or the position of its end. */
enum status dead_letters_sync(struct dead_letters *letters, int64_t *size, struct unsynced *later,
                              struct error *err) MUST_CHECK;

#endif
