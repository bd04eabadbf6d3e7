/* Temperatures of cells on a topic of their own, for programs that take them as a stream.
 *
 * One message per cell of an area and frame. Value: JSON without white space,
 *     {"time":…,"gridX":…,"gridY":…,"temp":…,"window":…,"revision":…,"final":…}
 * `time` is the end of the window in ms since 1970 UTC, `temp` the shortest decimal that reads back
 * as the same double, `final` as in /series. Key: window, x << 32 | y, as 8 bytes each, big-endian.
 * The same cell and window always has the same key, a frame sent twice the same bytes, and all
 * messages of a cell lie in one partition, the one that Java's default partitioner gives the last 8
 * bytes of the key, in the order sent.
 *
 * A thread of its own turns frames into messages. All functions are called from one thread. */
#ifndef HEATSTREAM_INGEST_TEMPERATURE_TOPIC_H
#define HEATSTREAM_INGEST_TEMPERATURE_TOPIC_H

#include <stdbool.h>

#include "ingest/patience.h"
#include "ingest/source_kafka.h"

struct temperature_topic;

/* Columns x0 .. x1 - 1, rows y0 .. y1 - 1, at least one cell. */
struct temperature_area {
    int64_t x0, y0, x1, y1;
};

struct temperature_frame {
    int64_t window, revision;
    int64_t end_ms; /* of the window */
    bool final;
};

/* An idempotent producer to config->topic, which is made with the broker's defaults if it is
 * missing, with a buffer of so many cells. STATUS_UNREACHABLE and STATUS_REFUSED as
 * source_open_kafka(). */
enum status temperature_topic_open(const struct kafka_config *config, int64_t cells,
                                   struct temperature_topic **topic, struct error *err) MUST_CHECK;

/* Gives up what was not delivered; accepts NULL. */
void temperature_topic_close(struct temperature_topic *topic);

/* How long temperature_topic_begin() and _sync() may wait for the broker; borrowed. At first their
 * patience is endless. */
void temperature_topic_set_patience(struct temperature_topic *topic,
                                    const struct patience *patience);

/* Waits, at most timeout_ms, for the cells before to leave the buffer. True when
 * temperature_topic_begin() would not wait. */
bool temperature_topic_ready(struct temperature_topic *topic, int timeout_ms);

/* *cells is where the next temperatures go: that of cell (x, y) of an area to
 * (*cells)[(x - x0) * (y1 - y0) + (y - y0)]. May wait as temperature_topic_ready(), as long as a
 * broker can be reached. A failure is final and may belong to an earlier frame: STATUS_UNREACHABLE
 * past the time-out, STATUS_REFUSED. */
enum status temperature_topic_begin(struct temperature_topic *topic, double **cells,
                                    struct error *err) MUST_CHECK;

/* Sends what *cells of temperature_topic_begin() holds, all finite: cells of an area of the frame,
 * which is no larger than the buffer. Does not wait. */
void temperature_topic_send(struct temperature_topic *topic, const struct temperature_frame *frame,
                            const struct temperature_area *area);

/* Everything sent has been acknowledged by the broker on return. */
enum status temperature_topic_sync(struct temperature_topic *topic, struct error *err) MUST_CHECK;

#endif
