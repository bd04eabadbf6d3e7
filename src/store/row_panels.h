/* Where the panels of a segment lie. Internal to store/. */
#ifndef HEATSTREAM_STORE_ROW_PANELS_H
#define HEATSTREAM_STORE_ROW_PANELS_H

#include "h5.h"
#include "store/row_reader.h"

/* Of /regions, /relations and /alerts, where there are any; `rows` are those present. A panel that
 * lies in another way, or beyond FRAMES_PANELS_MAX, is left out. */
void row_panels_find(struct h5_scope *scope, hid_t file, int64_t rows, struct row_place *place);

#endif
