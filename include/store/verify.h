/* What a run directory holds against what is said of it: every row of every segment by its digests
 * and by the manifest's last word about it, the master's map of rows, the checkpoints by their
 * seals. Local, without MPI; nothing is written. Files are read by processes of their own, which
 * HDF5 may crash on a damaged one (base/isolated.h).
 *
 * A run may be writing meanwhile: what differs is looked at again with a manifest read anew, and
 * only what still differs from the same last word counts. Rows that the manifest announces as being
 * rewritten, and rows it does not name yet, are left out and counted. */
#ifndef HEATSTREAM_STORE_VERIFY_H
#define HEATSTREAM_STORE_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct manifest;

/* Written by the functions below. */
struct verify_counts {
    int64_t rows;        /* that were proven */
    int64_t last_window; /* of these, the newest one; -1: none */
    int64_t rewriting;   /* left out: announced as being rewritten */
    int64_t unsaid;      /* left out: not committed */
    int64_t unshown;     /* committed, but not yet in the master of a run that has not finished */
    int64_t segments, checkpoints;
    int64_t checkpoint_window; /* of the newest checkpoint that was proven; -1: none */
    int64_t letters_removed;   /* dead letters whose files are no longer kept; by the ledger's */
    int64_t differences;
};

/* What all segments share. */
struct verify_shape {
    int64_t gnx, gny;    /* 0: no segment could be read */
    int64_t per_segment; /* rows of the first ones */
    int64_t held;        /* rows up to the last committed one */
    bool f64;
    bool finished; /* the manifest says so */
};

/* Offsets of the last segment that has any: [partitions] each. */
struct verify_offsets {
    int64_t partitions; /* 0: none */
    int64_t *first, *next, *lost;
};

struct verify {
    const char *directory;
    const char *packed; /* the packed file that the directory is a view of (pack.h); NULL: none */
    bool live;          /* a run holds the lock of the directory */
    /* For each difference, one line without its end; and now and then, how far it has come. */
    void (*differs)(void *context, const char *text);
    void (*progress)(void *context, int64_t rows, int64_t all);
    void *context;
    struct verify_counts counts;
    struct verify_shape shape;     /* by verify_frames() */
    struct verify_offsets offsets; /* released by verify_release() */
};

/* The manifest may be replaced by one that was read later. STATUS_IO when a process or a file
 * cannot be had; differences are counted, no failure. */
enum status verify_frames(struct verify *verify, struct manifest **manifest,
                          struct error *err) MUST_CHECK;
/* After verify_frames(). */
enum status verify_master(struct verify *verify, struct error *err) MUST_CHECK;
enum status verify_checkpoints(struct verify *verify, const struct manifest *manifest,
                               struct error *err) MUST_CHECK;

/* Counts a difference and tells it. */
void verify_differs(struct verify *verify, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void verify_release(struct verify *verify);

#endif
