/* What the lines of a manifest say, in memory. */
#ifndef HEATSTREAM_STORE_MANIFEST_FACTS_H
#define HEATSTREAM_STORE_MANIFEST_FACTS_H

#include "manifest_lines.h"

/* A window that has a frame line. */
struct manifest_said {
    int64_t window;
    int64_t newest; /* 1 + index of its newest frame line; 0: a free slot */
    int64_t holds;  /* the revision in its row, as last said; -1: it is being rewritten */
};

/* Written by the functions below only. */
struct manifest_facts {
    struct buffer frames; /* struct manifest_frame, every line in order */
    struct buffer before; /* int64_t: `newest` of the window before the line of the same index */
    struct manifest_said *said; /* open addressing by window */
    int64_t said_slots, said_count;
    struct buffer checkpoints; /* struct manifest_checkpoint, rising windows, one entry each */
    struct buffer epochs;      /* strings */
    struct buffer summary;     /* a string, or empty */
    bool finished, undone;     /* undone: it was finished, and is being taken back */
    struct manifest_finish finish;
};

void manifest_facts_init(struct manifest_facts *facts);
void manifest_facts_release(struct manifest_facts *facts);

/* Takes the next line of a file. */
void manifest_facts_read(struct manifest_facts *facts, const struct manifest_line *line);

/* The same for a line that its writer appends, which must not cost memory in runs of weeks: of a
 * frame, and of a rewrite, only windows are minded that lines read before have named. */
void manifest_facts_append(struct manifest_facts *facts, const struct manifest_line *line);

int64_t manifest_facts_frames(const struct manifest_facts *facts,
                              const struct manifest_frame **frames);
int manifest_facts_checkpoints(const struct manifest_facts *facts,
                               const struct manifest_checkpoint **list);

/* The newest line about (window, revision), and the revision in the window's row, or -1. */
const struct manifest_frame *manifest_facts_find(const struct manifest_facts *facts, int64_t window,
                                                 int64_t revision);
int64_t manifest_facts_holds(const struct manifest_facts *facts, int64_t window);

/* Forgets all but the newest `keep` checkpoints and the newest that is not provisional. */
void manifest_facts_retire(struct manifest_facts *facts, int keep);

#endif
