/* Where the panels of a segment lie. Internal to store/. */
#ifndef HEATSTREAM_STORE_ROW_PANELS_H
#define HEATSTREAM_STORE_ROW_PANELS_H

#include "h5.h"
#include "store/row_reader.h"

/* Of /regions, /relations and /alerts, where there are any; `rows` are those present. A panel that
 * lies in another way, or beyond FRAMES_PANELS_MAX, is left out. */
void row_panels_find(struct h5_scope *scope, hid_t file, int64_t rows, struct row_place *place);

/* The same of a segment that all ranks have open, by its open panels: rank 0 alone must open
 * nothing in there, or it and the others wait for each other in their next collective call. */
void row_panels_of_open(const struct frames_groups *groups, const hid_t *panels, int64_t rows,
                        struct row_place *place);

#endif
