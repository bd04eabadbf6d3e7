/* Why a row of a CSV file is no event, in words for its author. */
#ifndef HEATSTREAM_WIRE_ROW_FAULT_H
#define HEATSTREAM_WIRE_ROW_FAULT_H

#include "wire/csv.h"
#include "wire/decoder.h"
#include "wire/line_file.h"

enum { ROW_FAULT_BYTES = 512 };

/* What the row was read with. */
struct row_reading {
    struct csv_layout layout;
    const char *const *names; /* [CSV_FIELDS] of the columns; NULL: not wanted */
    enum time_unit unit;
    int64_t gnx, gny;
    double gen_limit;
};

/* `verdict`: the decoder's, not FATE_ON_TIME. */
void row_fault_explain(const struct row_reading *reading, const struct line *line,
                       enum fate verdict, char text[ROW_FAULT_BYTES]);

#endif
