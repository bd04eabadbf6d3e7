/* Pictures that were made a moment ago, for the next client that asks for the same. */
#ifndef HEATSTREAM_WATCH_PICTURES_H
#define HEATSTREAM_WATCH_PICTURES_H

#include "watch/view.h"

struct pictures;

struct pictures *pictures_create(const struct watch_rows *rows);
void pictures_destroy(struct pictures *pictures); /* accepts NULL */

/* Appends the picture, as view_make(). */
enum status pictures_get(struct pictures *pictures, const struct view *view, struct buffer *picture,
                         struct error *err) MUST_CHECK;

/* Frames have changed. */
void pictures_forget(struct pictures *pictures);

/* What a new picture has cost of late; 0 while none was made. */
double pictures_cost_s(const struct pictures *pictures);

#endif
