/* The HDF5 part of a packed file (store/pack.h), made and read by processes of their own. */
#ifndef HEATSTREAM_STORE_PACK_FILE_H
#define HEATSTREAM_STORE_PACK_FILE_H

#include <limits.h>

#include "base/isolated.h"
#include "committed.h"
#include "store/pack.h"

#define PACK_SCHEMA "pack/1"
#define PACK_FOLDER "run"

/* A file of the run directory, as it goes into the packed one. */
struct pack_part {
    char name[64];
    char path[PATH_MAX]; /* where it is read, up to `size` bytes; "": from `bytes` */
    const void *bytes;
    int64_t size;
};

struct pack_file {
    const char *source;                /* the run directory; or, to be unfolded, a packed file */
    const char *path;                  /* that it is made under */
    const char *command_line;          /* NULL: a segment without compression */
    const struct committed *committed; /* whose first `rows` rows are held; NULL: a packed file's */
    int64_t rows;                      /* 0: all */
    const struct pack_watch *watch;
    const struct pack_part *parts;
    int part_count;
    int stop[2]; /* a pipe: a byte in it asks the process that makes the file to stop */
    int64_t done;
};

/* Runs pack_file_make() in a process of its own, watched; file->done counts rows meanwhile. */
enum status pack_file_run(struct pack_file *file, struct error *err) MUST_CHECK;

/* An isolated_work: makes the file at `path`, which is there and empty. Sends an int64_t, the
 * number of rows so far, now and then. STATUS_RETRY: a row has been corrected since the manifest
 * was read; STATUS_STOPPED. */
enum status pack_file_make(void *context, struct isolated *isolated, struct error *err);

/* Looks at every object of a packed file before anything of it is read: data that lie outside of
 * it (links that are not hard, external and virtual storage) and sizes that cannot come from the
 * bytes it has are STATUS_BAD_DATA, with the object's name. Called in a process of its own. */
enum status pack_file_check(const char *path, struct error *err) MUST_CHECK;

/* Puts the files of the group PACK_FOLDER into a directory. Called in a process of its own, from
 * which it sends empty messages. */
enum status pack_file_extract(const char *path, const char *directory, struct isolated *isolated,
                              struct error *err) MUST_CHECK;

#endif
