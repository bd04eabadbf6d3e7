/* A rank that reads some partitions of the topic for rank 0: a thread with a consumer of its own
 * reads and decodes them and fills blocks; the main thread takes these and sends them, and hands
 * over the orders that come back.
 *
 * The reader knows nothing of event time. It reads ahead of what rank 0 has taken by a number of
 * blocks a partition, which rank 0 gives it; beyond that the records wait in librdkafka's queue of
 * their partition, as they do on rank 0. */
#ifndef HEATSTREAM_INGEST_READER_H
#define HEATSTREAM_INGEST_READER_H

#include "base/status.h"
#include "ingest/record_block.h"

struct reader;

/* Starts the thread, which waits for orders. `rank` is for messages. */
enum status reader_create(int rank, struct reader **reader, struct error *err) MUST_CHECK;

/* Ends the thread and frees everything but blocks that are on their way; accepts NULL. */
void reader_destroy(struct reader *reader);

/* The thread ends; what it has read and not handed out is lost. Before reader_destroy(), so that
 * blocks may still be given back. */
void reader_stop(struct reader *reader);

/* An order of rank 0, see share.h; copied. */
void reader_obey(struct reader *reader, const uint8_t *order, size_t size);

/* The next block to send, NULL: none now. To be given back when it has been sent. */
struct record_block *reader_take(struct reader *reader);
void reader_give_back(struct reader *reader, struct record_block *block);

#endif
