/* An event log: the records of a Kafka topic in one file, exactly as a consumer received them.
 *
 * All numbers are little-endian. The header:
 *     magic 89 'H' 'S' 'L' 0D 0A 1A 0A · int64 version, 1 · int64 bytes of the whole header
 *     int64 n, topic of n bytes · int64 n, cluster id of n bytes · int64 partitions
 *     int64 first offset, of each partition · uint32 CRC-32 (zlib's) of all before it
 * Then blocks. A block says that partition p was read from offset `from` up to offset `to`, and
 * that the records in it are all that a consumer gets of these offsets; what is missing between
 * them are transaction markers, aborted and compacted records. `from` is `to` of the block before
 * of that partition, at first the header's first offset.
 *     uint32 magic "HSLB" · uint32 CRC-32 of the 48 bytes that follow
 *     int64 position of this block in the file · int64 synced · int64 from · int64 to
 *     uint32 partition · uint32 records · uint32 bytes of records · uint32 CRC-32 of these bytes
 * `synced`: the file was on the disk up to this position when the block was made. A block of
 * partition FFFFFFFF is a mark: it has no records and says only this. A record:
 *     offset - (the record before's + 1, or `from`) · time - the record before's, or 0, in ms
 *     key size + 1, or 0 for no key · value size + 1, or 0 for none (a tombstone) · key · value
 * as LEB128 numbers of at most 10 bytes, the time folded to 2t for t >= 0 and -2t - 1 below. The
 * time is the broker's timestamp, -1 where it gave none.
 *
 * What lies behind the last intact block is a torn tail, left by a crash or by a writer at work; it
 * is left out. Unless a later block proves that it was once on the disk: then it is damage, and an
 * error. */
#ifndef HEATSTREAM_INGEST_EVENT_LOG_H
#define HEATSTREAM_INGEST_EVENT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "ingest/source.h"

struct event_log;

/* True when the file begins as an event log, or is called *.hsl: a damaged one must not be taken
 * for lines of text. */
bool event_log_is(const char *path);

/* Opens for reading and finds all blocks, by their headers; as long as the log may be written to,
 * it is what it is now. STATUS_NO_INPUT: cannot be opened, is no event log, or is one of a newer
 * version; STATUS_BAD_DATA names file, byte and reason of a damage. */
enum status event_log_open(const char *path, struct event_log **log, struct error *err) MUST_CHECK;
void event_log_close(struct event_log *log); /* accepts NULL */

/* Topic and cluster id of the recorded topic; `bounded` is set. */
struct source_identity event_log_identity(const struct event_log *log);
int64_t event_log_first(const struct event_log *log, int partition);
int64_t event_log_end(const struct event_log *log, int partition); /* read up to here */

struct event_log_size {
    int64_t bytes; /* up to the end of the last intact block */
    int64_t torn;  /* bytes behind it */
    int64_t blocks, records;
    bool closed; /* ends with a mark that proves all before it */
};
struct event_log_size event_log_size(const struct event_log *log);

/* Reads every block there is. STATUS_BAD_DATA names file, byte and reason of the first damage. */
enum status event_log_verify(struct event_log *log, struct error *err) MUST_CHECK;

#endif
