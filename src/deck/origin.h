/* Where a value came from, for messages. Internal to deck/. */
#ifndef HEATSTREAM_DECK_ORIGIN_H
#define HEATSTREAM_DECK_ORIGIN_H

#include <stdarg.h>

#include "base/status.h"
#include "deck/deck.h"

enum origin_kind { ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_VARIABLE, ORIGIN_OVERRIDE };

struct deck_origin {
    enum origin_kind kind;
    int line, column; /* ORIGIN_FILE: of the key */
};

/* "deck.yaml:3:5: grid.nx: text", "HEATSTREAM_GRID_NX: grid.nx: text", "-D grid.nx: text" or
 * "grid.nx: text"; an empty key leaves itself out. Returns STATUS_BAD_DECK. */
enum status origin_fail(const char *path, const struct deck_origin *origin, const char *key,
                        struct error *err, const char *format, va_list arguments);

#endif
