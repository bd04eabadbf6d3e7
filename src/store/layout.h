/* What a frames file looks like inside. A segment and the master differ only in where their rows
 * lie. */
#ifndef HEATSTREAM_STORE_LAYOUT_H
#define HEATSTREAM_STORE_LAYOUT_H

#include "h5.h"
#include "series.h"
#include "store/segments.h"

/* The offsets of the topic a file was computed from. Owned arrays, NULL until known. */
struct layout_offsets {
    char *topic;
    int partitions;
    int64_t *first, *next, *lost;
};

/* What all files of a run share; written by frames_open() and, the epoch, by the first row.
 * Strings and provenance are borrowed. */
struct layout {
    const char *run_id, *title;
    const char *history; /* NULL: begins with the making of this file */
    const struct provenance *provenance;
    int64_t gnx, gny, tile;
    struct segments segments;
    double dx, dy;
    bool f64;
    int64_t epoch_ms;
    struct layout_offsets offsets;
    struct frames_groups groups; /* borrowed */
};

/* Where the rows of the datasets lie. */
struct layout_rows {
    int64_t rows, max_rows;
    /* Completes the creation list of the dataset at `path`, of shape `dims` (a row per dims[0]). */
    void (*place)(struct h5_scope *scope, const struct layout_rows *rows, hid_t list,
                  const char *path, int rank, const hsize_t *dims);
    const struct layout *layout;
    const void *context;
};

/* Creates a whole file under `path`, serially, on one rank. On failure it is removed. */
enum status layout_create_file(const struct layout *layout, const struct layout_rows *rows,
                               const char *path, struct error *err) MUST_CHECK;

/* One row dataset. */
struct row_dataset {
    const char *path;
    hid_t type;
    const void *fill; /* NULL: rows are never read before they are written */
    int rank;
    int64_t width; /* of a row of rank 2 */
    const char *units, *long_name;
};

/* The dataset is owned by the scope; what else it took is closed. */
hid_t layout_create_rows(struct h5_scope *scope, hid_t file, const struct layout_rows *rows,
                         const struct row_dataset *set);

/* A one-dimensional dataset of its own values, owned by the scope. */
hid_t layout_create_values(struct h5_scope *scope, hid_t parent, const char *name, hid_t type,
                           int64_t count, const void *values);

hid_t layout_untimed_list(struct h5_scope *scope);

hid_t layout_cell_type(const struct layout *layout); /* in memory and in the file */

/* Appends a line of CF's `history`, without its end: when, and which command. */
void layout_history_line(const char *command_line, struct buffer *text);

/* /provenance of any output file. */
void provenance_write(struct h5_scope *scope, hid_t file, const struct provenance *provenance);

#endif
