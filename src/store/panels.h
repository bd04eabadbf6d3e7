/* The datasets of frames_groups.h within a frames file. */
#ifndef HEATSTREAM_STORE_PANELS_H
#define HEATSTREAM_STORE_PANELS_H

#include "layout.h"

/* Creates the layout's groups: axis, texts and panels, whose first dimension is `time`. */
void panels_create(struct h5_scope *scope, hid_t file, const struct layout_rows *rows, hid_t time);

/* XXH3-128 in hex of the group's texts, label by label in order of their names, each name and text
 * with its final 0, and then of its boxes: an attribute of a digested group. */
#define PANELS_TEXTS_DIGEST "texts_digest"
void panels_texts_digest(const struct frames_group *group, char hex[DIGEST_HEX]);

/* The chunk of a panel: whole rows, at most about a MiB. */
void panels_chunk(const hsize_t dims[2], hsize_t chunk[2]);

/* The groups of a file, open: owned by a scope. */
struct panels_open {
    hid_t panel[FRAMES_PANELS_MAX];
    hid_t digests[FRAMES_GROUPS_MAX]; /* negative where a group has none */
};

/* With a dataset access list, or H5P_DEFAULT. */
void panels_open(struct h5_scope *scope, hid_t file, const struct frames_groups *groups,
                 hid_t access, struct panels_open *opened);

/* A row of the groups: `values` as in struct frame_row. */
struct panels_row {
    int64_t row, window, revision;
    const void *const *values;
};

/* XXH3-64 (seed 0) of window, revision and the thing's values in order of the panels' names, as
 * they lie in the file without gaps: digests [group->count], the values those of its panels. It
 * binds them to the row, whose own digests prove window and revision. */
void panels_digest(const struct frames_group *group, const struct panels_row *row,
                   const void *const *values, uint64_t *digests);

/* Of one thing. */
uint64_t panels_digest_item(const struct frames_group *group, const struct panels_row *row,
                            const void *const *values, int item);

/* Rank 0: one row of each. `digests` is room for panels_widest(). */
void panels_write(struct h5_scope *scope, const struct frames_groups *groups,
                  const struct panels_open *opened, const struct panels_row *row,
                  uint64_t *digests);

/* Rank 0: rows[1] rows from rows[0] on: the values of each panel in order, and the digests of each
 * group that has them, [rows][of the group]. */
void panels_write_rows(struct h5_scope *scope, const struct frames_groups *groups,
                       const struct panels_open *opened, const hsize_t rows[2],
                       const void *const *values, const uint64_t *const *digests);

/* Things in the largest group, at least 1. */
int64_t panels_widest(const struct frames_groups *groups);

/* Gives every panel `rows` rows; those from `written` on are unwritten: NaN, 0. */
void panels_resize(struct h5_scope *scope, hid_t file, const struct frames_groups *groups,
                   int64_t rows, int64_t written);

#endif
