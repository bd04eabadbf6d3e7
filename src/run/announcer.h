/* Where news of alerts go: alerts.ndjson, and, if the deck asks for them, a topic and a program.
 * Rank 0. */
#ifndef HEATSTREAM_RUN_ANNOUNCER_H
#define HEATSTREAM_RUN_ANNOUNCER_H

#include "base/buffer.h"
#include "deck/deck.h"
#include "ingest/patience.h"

struct announcer;

/* `path` is cut back to `size` bytes first. The deck is borrowed. */
enum status announcer_open(const struct deck *deck, const char *path, int64_t size,
                           struct announcer **announcer, struct error *err) MUST_CHECK;
void announcer_close(struct announcer *announcer); /* accepts NULL, as do the next two */
void announcer_set_patience(struct announcer *announcer, const struct patience *patience);

/* On the disk and with the topic's broker on return. *size, the length of the file, is left alone
 * without an announcer. */
enum status announcer_sync(struct announcer *announcer, int64_t *size,
                           struct error *err) MUST_CHECK;

/* Whole lines of news (watch.h); first to the file. */
enum status announcer_tell(struct announcer *announcer, const struct buffer *news,
                           struct error *err) MUST_CHECK;

#endif
