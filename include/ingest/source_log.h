/* An event log as a source: the recorded topic over again, with its partitions, offsets and holes,
 * under the topic's own name and cluster id. */
#ifndef HEATSTREAM_INGEST_SOURCE_LOG_H
#define HEATSTREAM_INGEST_SOURCE_LOG_H

#include "ingest/source.h"

/* The log is what it is now: what is recorded while it is read is not seen. Fails as
 * event_log_open() does. */
enum status source_open_log(const char *path, struct source **source, struct error *err) MUST_CHECK;

#endif
