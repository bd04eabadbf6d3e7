/* Regions, relations and alerts of a run, frame by frame. Pure: no MPI, no clock, no I/O.
 *
 * A frame that a late event corrects is judged again, and so are those after it. What was told of
 * them before and is not so any more is told to be withdrawn. So the last word about each alert and
 * window is what a judgement of the final frames says. */
#ifndef HEATSTREAM_WATCH_WATCH_H
#define HEATSTREAM_WATCH_WATCH_H

#include "base/buffer.h"
#include "base/status.h"
#include "watch/rules.h"

struct watch;

/* A frame as it is judged. */
struct watch_frame {
    int64_t window, end_ms, revision;
    bool final;
    const double *readings; /* [regions][stats] */
};

/* What is known after a frame. Borrowed until the next call. */
struct watch_view {
    const double *ratios;         /* [relation_count], NaN where the frame ends no window of it */
    const uint8_t *levels;        /* [alert_count] */
    const uint8_t *region_levels; /* [regions]: the highest of the alerts on the region */
};

/* Corrections reach the last `kept` frames at most. The rules are borrowed. */
struct watch *watch_create(const struct watch_rules *rules, int64_t kept);
void watch_destroy(struct watch *watch); /* accepts NULL */

/* Judges the next frame, or a correction of one of the last `kept`: then those after it are to
 * follow, or stay as they were. What is new is appended to `news`, one JSON object a line:
 *   {"alert","event","level","from","threshold","value","window","time","revision","final"}
 * with `event` one of raised, lowered, cleared, withdrawn; `threshold` that of the upper of both
 * levels, null without one; `value` null where no reading did it. A line replaces earlier ones of
 * the same alert and window; (alert, window, revision) is never told twice. */
struct watch_view watch_take(struct watch *watch, const struct watch_frame *frame,
                             struct buffer *news);

/* The name of the alert that a line of news is about; it points into the line. */
const char *watch_alert_of_line(const char *line, size_t *size);

/* What was known after one of the last `kept` frames; nothing changes. */
struct watch_view watch_recall(struct watch *watch, int64_t window);

/* Everything but the rules, appended; read back into a watch of equal rules. STATUS_BAD_DATA when
 * it is none of these rules. */
void watch_save(const struct watch *watch, struct buffer *out);
enum status watch_load(struct watch *watch, struct buffer_reader *reader,
                       struct error *err) MUST_CHECK;

#endif
