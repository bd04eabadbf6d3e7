/* Writing an event log (ingest/event_log.h): one writer a file, which may be stopped or killed at
 * any point and gone on from. */
#ifndef HEATSTREAM_INGEST_EVENT_LOG_WRITER_H
#define HEATSTREAM_INGEST_EVENT_LOG_WRITER_H

#include "base/status.h"
#include "ingest/source.h"

struct event_log_writer;

/* Makes a log without records of a topic that will be read from offset first[p] on; it is on the
 * disk, whole, on return. A file of this name that exists already is left alone, and no failure.
 * STATUS_CANNOT_CREATE. */
enum status event_log_create(const char *path, const struct source_identity *topic,
                             const int64_t *first, struct error *err) MUST_CHECK;

/* Opens a log to go on with it; a torn tail is cut off, with a warning. STATUS_CANNOT_CREATE: it
 * cannot be written to, or another process does so; STATUS_BAD_DATA: it is damaged, or of another
 * topic, cluster or number of partitions; STATUS_NO_INPUT: it is no event log. */
enum status event_log_writer_open(const char *path, const struct source_identity *topic,
                                  struct event_log_writer **writer, struct error *err) MUST_CHECK;

/* Up to where the partition has been read: what event_log_end() says of the file after a sync. */
int64_t event_log_writer_next(const struct event_log_writer *writer, int partition);

/* Appends a record, copied; its offset is at or beyond event_log_writer_next(). It is in the file
 * once its partition has filled a block, and on the disk after event_log_writer_sync(). */
enum status event_log_writer_put(struct event_log_writer *writer, int partition,
                                 const struct message *message, struct error *err) MUST_CHECK;

/* There is no record from event_log_writer_next() up to `offset`; one before it changes nothing. */
void event_log_writer_reach(struct event_log_writer *writer, int partition, int64_t offset);

/* Bytes in the file, and those not synced yet, in memory too. */
int64_t event_log_writer_bytes(const struct event_log_writer *writer);
int64_t event_log_writer_unsynced(const struct event_log_writer *writer);

/* Everything put or reached so far is on the disk on return. After a failure, here or in
 * event_log_writer_put(), nothing more is to be put: close or discard. */
enum status event_log_writer_sync(struct event_log_writer *writer, struct error *err) MUST_CHECK;

/* Syncs, proves it with a mark, and frees the writer in every case. STATUS_IO, and nothing is
 * written, when writing has failed before. */
enum status event_log_writer_close(struct event_log_writer *writer, struct error *err) MUST_CHECK;

/* Frees the writer without writing anything more; accepts NULL. */
void event_log_writer_discard(struct event_log_writer *writer);

#endif
