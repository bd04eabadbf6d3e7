/* From a source into an event log: the same records, and how far each partition has been read. */
#ifndef HEATSTREAM_INGEST_RECORDER_H
#define HEATSTREAM_INGEST_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "ingest/source.h"

struct recorder;

/* What to record; pointers are borrowed for the recorder's life. */
struct recorder_config {
    struct source *source;
    const char *path;
    const char *from; /* where a new log begins, kcat's offsets; NULL: at the beginning */
    bool until_end;   /* to the ends of the partitions as they are now */
    int batch;        /* most messages read at once */
};

/* Makes the log, or opens it to go on where it ends, and starts the source there. STATUS_NO_INPUT:
 * records that would come next were deleted, with their range; STATUS_BAD_DATA: the log is damaged
 * or of another topic, or the topic was made anew; STATUS_CANNOT_CREATE: the log is being written
 * by another process. Nothing is changed then but a torn tail. */
enum status recorder_create(const struct recorder_config *config, struct recorder **recorder,
                            struct error *err) MUST_CHECK;

/* Takes what is at hand of every partition, without waiting; *taken counts messages. What has been
 * taken is on the disk a second later, or after 64 MiB, as long as this is called. */
enum status recorder_round(struct recorder *recorder, int64_t *taken, struct error *err) MUST_CHECK;

/* Everything taken so far is on the disk on return. */
enum status recorder_sync(struct recorder *recorder, struct error *err) MUST_CHECK;

/* True when every partition has been read to the end it had at the start. */
bool recorder_done(const struct recorder *recorder);

struct recorder_view {
    int64_t records, record_bytes; /* taken since recorder_create(); of keys and values */
    int64_t file_bytes;
    int64_t left;   /* offsets to the captured ends, -1: there are none */
    int at_the_end; /* partitions that had nothing more when last asked */
};
struct recorder_view recorder_view(const struct recorder *recorder);

/* Completes the log: synced, and proven so. Frees the recorder in every case. */
enum status recorder_close(struct recorder *recorder, struct error *err) MUST_CHECK;

/* Frees the recorder, whatever it still holds is lost and would be read again; accepts NULL. */
void recorder_discard(struct recorder *recorder);

#endif
