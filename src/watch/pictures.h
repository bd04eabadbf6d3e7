/* Pictures that were made a moment ago, for the next client that asks for the same. */
#ifndef HEATSTREAM_WATCH_PICTURES_H
#define HEATSTREAM_WATCH_PICTURES_H

#include "shared.h"
#include "watch/view.h"

struct pictures;

struct pictures *pictures_create(const struct watch_rows *rows);
void pictures_destroy(struct pictures *pictures); /* accepts NULL */

/* The picture that view_make() makes; to be released by the caller. */
enum status pictures_get(struct pictures *pictures, const struct view *view,
                         struct shared **picture, struct error *err) MUST_CHECK;

/* Frames have changed. */
void pictures_forget(struct pictures *pictures);

#endif
