/* What the manifest says last of each row of the frames. */
#ifndef HEATSTREAM_STORE_COMMITTED_H
#define HEATSTREAM_STORE_COMMITTED_H

#include "store/manifest.h"

struct committed_row {
    int64_t window;                     /* -1: no line names the row */
    const struct manifest_frame *frame; /* NULL: it is being rewritten, or gone; the manifest's */
};

/* Owned; of the manifest, which must outlive it. */
struct committed {
    int64_t rows; /* up to the last one named */
    struct committed_row *row;
};

/* STATUS_BAD_DATA when lines name rows of which there cannot be so many, or a row twice. */
enum status committed_of(const struct manifest *manifest, struct committed *committed,
                         struct error *err) MUST_CHECK;
void committed_release(struct committed *committed);

/* Rows up to the last one that is held. */
int64_t committed_held(const struct committed *committed);

#endif
