/* What all rows of a run's segments say of themselves. */
#ifndef HEATSTREAM_STORE_REPAIR_ROWS_H
#define HEATSTREAM_STORE_REPAIR_ROWS_H

#include <stdbool.h>

#include "store/digest.h"

struct repair_row {
    int64_t window; /* -1: unwritten, or in no segment that could be read */
    int64_t revision;
    struct digest digest, stored;
    bool final, proven; /* cells and values agree with the row's own digests */
    double change;
};

/* Owned. */
struct repair_rows {
    int64_t count;
    struct repair_row *row;
};

/* Reads every segment of a run directory. STATUS_BAD_DATA when they are not of one shape. */
enum status repair_rows_collect(const char *directory, struct repair_rows *rows,
                                struct error *err) MUST_CHECK;
void repair_rows_release(struct repair_rows *rows);

#endif
