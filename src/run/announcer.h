/* Where news of alerts go: alerts.ndjson, and, if the deck asks for them, a topic and a program.
 * Rank 0. */
#ifndef HEATSTREAM_RUN_ANNOUNCER_H
#define HEATSTREAM_RUN_ANNOUNCER_H

#include "base/buffer.h"
#include "base/hash.h"
#include "base/unsynced.h"
#include "deck/deck.h"
#include "ingest/patience.h"

struct announcer;

/* What a checkpoint knows of the file. */
struct announced {
    int64_t size;
    char digest[HASH_HEX_SIZE]; /* of these bytes (base/hash.h); "" when size is 0 */
};

/* Reads `path` and changes nothing in it. STATUS_BAD_DATA when these bytes are not as they were.
 * The deck is borrowed. */
enum status announcer_open(const struct deck *deck, const char *path, const struct announced *known,
                           struct announcer **announcer, struct error *err) MUST_CHECK;

/* Before the first news: the same file, by the name that it is written through, is cut back to the
 * `size` that is known of it. */
enum status announcer_begin(struct announcer *announcer, const char *path, int64_t size,
                            struct error *err) MUST_CHECK;
void announcer_close(struct announcer *announcer); /* accepts NULL, as do the next two */
void announcer_set_patience(struct announcer *announcer, const struct patience *patience);

/* With the topic's broker on return, and on the disk, or there once `later`, unless that is NULL,
 * is synced. *known is left alone without an announcer. */
enum status announcer_sync(struct announcer *announcer, struct announced *known,
                           struct unsynced *later, struct error *err) MUST_CHECK;

/* Whole lines of news (watch.h); first to the file. */
enum status announcer_tell(struct announcer *announcer, const struct buffer *news,
                           struct error *err) MUST_CHECK;

#endif
