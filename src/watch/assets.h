/* The files of src/watch/page, inside the program. */
#ifndef HEATSTREAM_WATCH_ASSETS_H
#define HEATSTREAM_WATCH_ASSETS_H

#include <stddef.h>

struct asset {
    const char *path, *type;
    const char *start, *end;
};

/* The asset served at a path; NULL: none. */
const struct asset *asset_find(const char *path);

#endif
