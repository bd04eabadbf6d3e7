/* A CSV file of readings as a stream: its rows leave as events of a topic, in their order, when
 * their times are due. */
#ifndef HEATSTREAM_INGEST_ROW_REPLAY_H
#define HEATSTREAM_INGEST_ROW_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "ingest/pace.h"
#include "ingest/sink.h"
#include "wire/decoder.h"

/* Strings are borrowed for as long as the replay lives. */
struct row_replay_config {
    const char *path;
    struct decoder_config decoding; /* of the topic's events: json, binary or csv */
    int partitions;
    bool partition_by_key; /* else floor(x * P / nx); of a sensor, its cell's */
};

struct row_counts {
    int64_t sent, faulty;
};

struct row_replay;

/* The sensor table is taken, whatever the outcome. STATUS_NO_INPUT names a file that cannot be
 * opened, or what its header lacks. */
enum status row_replay_open(const struct row_replay_config *config, struct row_replay **replay,
                            struct error *err) MUST_CHECK;
void row_replay_close(struct row_replay *replay); /* accepts NULL */

/* All times are shifted alike, so that the first one sent becomes this one. Without it they are
 * kept. */
void row_replay_start_at(struct row_replay *replay, int64_t time_ms);

/* Puts every row that is an event into the sink, once: a row is due as long after the start as its
 * time is after the first one's, by the pace, and never before the row in front of it. A row that
 * is no event is named in a warning, with file, line, value and reason, and left out.
 * STATUS_NO_INPUT when there are rows and none is an event. */
enum status row_replay_send(struct row_replay *replay, struct pace *pace, struct sink *sink,
                            struct row_counts *counts, struct error *err) MUST_CHECK;

#endif
