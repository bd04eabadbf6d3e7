/* The columns of a frames file that hold one value a row: /time and /series. */
#ifndef HEATSTREAM_STORE_SERIES_H
#define HEATSTREAM_STORE_SERIES_H

#include "h5.h"
#include "store/frames.h"

enum {
    SERIES_COLUMNS = 22,
    SERIES_TIME = 0,
    SERIES_WINDOW = 1,
    SERIES_CHANGE = 4,
    SERIES_STORED_DIGEST = 19,
    SERIES_ROW_DIGEST = 20
};

enum series_kind { SERIES_INT64, SERIES_FLOAT64, SERIES_FLAG, SERIES_HEX };

/* One row of all columns, as it lies in memory and in the file. */
struct series_record {
    double time_ms; /* since the epoch of the file */
    int64_t window, event_time, revision;
    double change;
    uint8_t final, complete;
    double t_min, t_max, t_mean, heat_content, heat_in, heat_out, heat_residual;
    int64_t events, late, missing, dead;
    char digest[DIGEST_HEX], stored_digest[DIGEST_HEX]; /* the final 0 is not stored */
    char row_digest[DIGEST_HEX];
    double latency_ms;
};

struct series_column {
    const char *path;
    enum series_kind kind;
    size_t offset; /* in the record */
    const char *units, *long_name;
};

/* Column 0 is /time, whose units the caller knows; the others have theirs. */
const struct series_column *series_column(int index);

struct series_record series_record(const struct frame_row *row, struct digest stored,
                                   int64_t epoch_ms);

/* XXH3-128 of the values of the columns from SERIES_WINDOW to before SERIES_ROW_DIGEST, in order
 * and as they lie in the file, without gaps: what proves that a row is as it was written.
 * latency_ms is not among them: the digest, too, is a function of the content. */
struct digest series_row_digest(const struct series_record *record);

/* Bytes of a value, in memory and in the file. */
size_t series_size(enum series_kind kind);

/* The type of a column, in memory and in the file; owned by the scope. */
hid_t series_type(struct h5_scope *scope, enum series_kind kind);

/* What a row holds that was never written: window -1, times and values NaN. */
const void *series_fill(enum series_kind kind);

/* The day on which the first frame's time lies, from which /time is counted: in f64 xarray decodes
 * milliseconds exactly only while they are small. 0, the epoch itself, outside the years 1 to
 * 9999. */
int64_t series_epoch(int64_t event_time_ms);
void series_time_units(int64_t epoch_ms, char units[64]);

#endif
