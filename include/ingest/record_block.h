/* Decoded messages of one partition on their way from the rank that read them to rank 0.
 *
 * What travels is `size` bytes from `data` on: a header, then the messages, each an entry of fixed
 * size and what is kept of its key and value (dead_letter_kept()), padded to 8 bytes. Both ends are
 * the same build on machines of one kind, so numbers travel as they lie in memory. */
#ifndef HEATSTREAM_INGEST_RECORD_BLOCK_H
#define HEATSTREAM_INGEST_RECORD_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "ingest/source.h"
#include "window/event.h"

enum { RECORD_BLOCK_BYTES = 256 << 10 };

/* `next` and `before` are for whoever holds the block; the rest is written by this module, and by
 * who receives a block: `size` bytes at `data`. */
struct record_block {
    struct record_block *next, *before;
    size_t size;
    _Alignas(16) uint8_t data[RECORD_BLOCK_BYTES];
};

enum { RECORD_BLOCK_NO_PARTITION = -1 };

struct record_block *record_block_create(void);
void record_block_destroy(struct record_block *block); /* and those after it; accepts NULL */

/* Makes it an empty block of a partition. */
void record_block_begin(struct record_block *block, int partition);

/* Appends a message (or an end) and what it was decoded to. False when it does not fit any more;
 * into an empty block every message fits. */
bool record_block_put(struct record_block *block, const struct message *message,
                      const struct record *record);

/* Makes it one that tells why no more is to come, of a partition or of all that a rank reads
 * (RECORD_BLOCK_NO_PARTITION). */
void record_block_fail(struct record_block *block, int partition, enum status status,
                       const struct error *why);

/* What source_known_end() tells of the partition where it is read; -1 until it is noted. */
void record_block_note_end(struct record_block *block, int64_t known_end);
int64_t record_block_known_end(const struct record_block *block);

int record_block_partition(const struct record_block *block);

/* STATUS_OK of a block of messages; else why no more is to come. */
enum status record_block_status(const struct record_block *block, struct error *why);

/* Hands over up to `max` messages from byte *at on, 0 at first, and moves *at behind them: 0 when
 * there are no more. records[i] is what messages[i] points to; both point into the block. */
int record_block_take(const struct record_block *block, size_t *at, int max,
                      struct message *messages, struct record *records);

#endif
