/* The datasets of frames_groups.h within a frames file. */
#ifndef HEATSTREAM_STORE_PANELS_H
#define HEATSTREAM_STORE_PANELS_H

#include "layout.h"

/* Creates the layout's groups: axis, texts and panels, whose first dimension is `time`. */
void panels_create(struct h5_scope *scope, hid_t file, const struct layout_rows *rows, hid_t time);

/* The chunk of a panel: whole rows, at most about a MiB. */
void panels_chunk(const hsize_t dims[2], hsize_t chunk[2]);

/* Opens every panel, owned by the scope. */
void panels_open(struct h5_scope *scope, hid_t file, const struct frames_groups *groups,
                 hid_t panels[FRAMES_PANELS_MAX]);

/* Rank 0: one row of each. */
void panels_write(struct h5_scope *scope, const struct frames_groups *groups, const hid_t *panels,
                  int64_t row, const void *const *values);

/* Gives every panel `rows` rows; those from `written` on are unwritten: NaN, 0. */
void panels_resize(struct h5_scope *scope, hid_t file, const struct frames_groups *groups,
                   int64_t rows, int64_t written);

#endif
