/* A run in one compressed file, for sending: a frames file (frames.h) with all rows in it, chunked
 * as the segments are and compressed without loss, so that every digest stays what it was; and a
 * group /run with the other files of the run directory, byte by byte, checkpoints and log aside.
 *
 * After the HDF5 file follows one line, the seal: its size and the XXH3-128 of all its bytes. HDF5
 * does not look there. Local, without MPI; damaged files are read by processes of their own. */
#ifndef HEATSTREAM_STORE_PACK_H
#define HEATSTREAM_STORE_PACK_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

/* Of something that takes its time; NULL: nobody. */
struct pack_watch {
    void (*progress)(void *context, int64_t rows, int64_t all); /* now and then */
    bool (*stopped)(void *context);                             /* leaves nothing behind */
    void *context;
};

struct pack_config {
    const char *directory; /* the run */
    const char *path;      /* the file; must not be there */
    const char *command_line;
    const char *summary; /* of the newest checkpoint, JSON; NULL: none */
    struct pack_watch watch;
};

/* Written by pack_write(). */
struct pack_outcome {
    int64_t rows;     /* packed */
    int64_t left_out; /* after them: being rewritten, or corrected meanwhile */
    int64_t bytes;    /* of the file */
};

/* Packs what is committed, of a run that is going on too: up to the first row that this corrects
 * meanwhile. The file is made under a temporary name beside its own. STATUS_CANNOT_CREATE: it is
 * there already, or cannot be made; STATUS_BAD_DATA: a row is not as it was written;
 * STATUS_STOPPED: by `stopped`, or the run corrects again and again; STATUS_NO_INPUT: no run
 * directory, or one without rows. */
enum status pack_write(const struct pack_config *config, struct pack_outcome *outcome,
                       struct error *err) MUST_CHECK;

/* True for a file that ends with a seal, or says in itself that it is a packed one. */
bool pack_is(const char *path);

/* Reads all of it. STATUS_BAD_DATA when its seal is missing or another. */
enum status pack_prove(const char *path, struct error *err) MUST_CHECK;

/* A directory, named as the packed file, in which the files of the run are again, and the packed
 * file as frames.h5 and, with all rows, as the first segment. In TMPDIR, or /tmp. A process of its
 * own removes it, also when this one is killed. */
struct pack_view {
    char directory[PATH_MAX];
    int guard[2]; /* that process, and the pipe by which it learns that the view is not used */
};

/* STATUS_BAD_DATA when a file in it cannot be read, or anything in it has its data elsewhere or
 * claims more than can be in it; STATUS_IO. */
enum status pack_open(const char *path, struct pack_view *view, struct error *err) MUST_CHECK;
void pack_close(struct pack_view *view);

/* Puts a segment as a run writes it in the place of the first: as large as the frames are without
 * compression, for those who read it with row_reader.h. Every row is proven. STATUS_BAD_DATA,
 * STATUS_IO; STATUS_STOPPED. */
enum status pack_unfold(const char *path, const struct pack_view *view,
                        const struct pack_watch *watch, struct error *err) MUST_CHECK;

#endif
