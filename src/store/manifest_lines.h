/* The lines of the manifest as text and as values. */
#ifndef HEATSTREAM_STORE_MANIFEST_LINES_H
#define HEATSTREAM_STORE_MANIFEST_LINES_H

#include "base/linelog.h"
#include "store/manifest.h"

enum manifest_kind {
    MANIFEST_FRAME,
    MANIFEST_REWRITE,
    MANIFEST_CHECKPOINT,
    MANIFEST_BACK,
    MANIFEST_SUMMARY,
    MANIFEST_FINISHED,
    MANIFEST_EPOCH
};

struct manifest_line {
    enum manifest_kind kind;
    union {
        struct manifest_frame frame;
        struct {
            int64_t first, last;
        } rewrite; /* windows, first <= last */
        struct manifest_checkpoint checkpoint;
        int64_t back_to; /* a window */
        struct manifest_finish finish;
        const char *text; /* a summary or an epoch, borrowed from the line */
    };
};

/* False when `text` is no line of a manifest. */
bool manifest_line_parse(const char *text, struct manifest_line *line);

enum status manifest_line_append(struct linelog *log, bool sync, const struct manifest_line *line,
                                 struct error *err) MUST_CHECK;

#endif
