#include "series.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arith.h"

#define COLUMN(path, kind, field, units, long_name)                                                \
    {                                                                                              \
        path, kind, offsetof(struct series_record, field), units, long_name                        \
    }

static const struct series_column columns[SERIES_COLUMNS] = {
    COLUMN("/time", SERIES_FLOAT64, time_ms, "", "end of the window"),
    COLUMN("/series/window", SERIES_INT64, window, "1", "window number"),
    COLUMN("/series/event_time", SERIES_INT64, event_time, "milliseconds since 1970-01-01",
           "end of the window"),
    COLUMN("/series/revision", SERIES_INT64, revision, "1", "times the frame was corrected"),
    [SERIES_CHANGE] = COLUMN("/series/change", SERIES_FLOAT64, change, "K",
                             "largest change of a stored value by a correction"),
    COLUMN("/series/final", SERIES_FLAG, final, "1", "0: a grown topic may change the frame"),
    COLUMN("/series/complete", SERIES_FLAG, complete, "1", "every partition's clock had passed"),
    COLUMN("/series/t_min", SERIES_FLOAT64, t_min, "K", "lowest temperature"),
    COLUMN("/series/t_max", SERIES_FLOAT64, t_max, "K", "highest temperature"),
    COLUMN("/series/t_mean", SERIES_FLOAT64, t_mean, "K", "mean temperature"),
    COLUMN("/series/heat_content", SERIES_FLOAT64, heat_content, "K m2", "integral over the grid"),
    COLUMN("/series/heat_in", SERIES_FLOAT64, heat_in, "K m2", "heat deposited by events"),
    COLUMN("/series/heat_out", SERIES_FLOAT64, heat_out, "K m2", "heat lost through the boundary"),
    COLUMN("/series/heat_residual", SERIES_FLOAT64, heat_residual, "K m2",
           "change of heat_content less heat_in, plus heat_out: rounding only"),
    COLUMN("/series/events", SERIES_INT64, events, "1", "events in the window"),
    COLUMN("/series/late", SERIES_INT64, late, "1", "events that came late"),
    COLUMN("/series/missing", SERIES_INT64, missing, "1", "cells without an event"),
    COLUMN("/series/dead", SERIES_INT64, dead, "1", "dead letters settled while it was open"),
    COLUMN("/series/digest", SERIES_HEX, digest, "", "XXH3-128 of the field in float64"),
    [SERIES_STORED_DIGEST] = COLUMN("/series/stored_digest", SERIES_HEX, stored_digest, "",
                                    "XXH3-128 of the stored values"),
    [SERIES_ROW_DIGEST] = COLUMN("/series/row_digest", SERIES_HEX, row_digest, "",
                                 "XXH3-128 of the row's values before this"),
    COLUMN("/series/latency_ms", SERIES_FLOAT64, latency_ms, "ms", "wall clock minus event time"),
};

_Static_assert(sizeof columns / sizeof columns[0] == SERIES_COLUMNS, "every column has a line");

const struct series_column *series_column(int index)
{
    assert(index >= 0 && index < SERIES_COLUMNS);
    return &columns[index];
}

struct series_record series_record(const struct frame_row *row, struct digest stored,
                                   int64_t epoch_ms)
{
    struct series_record record = {
        .time_ms = (double)((__int128)row->event_time_ms - epoch_ms),
        .window = row->window,
        .event_time = row->event_time_ms,
        .revision = row->revision,
        .change = row->change,
        .final = row->final,
        .complete = row->complete,
        .t_min = row->t_min,
        .t_max = row->t_max,
        .t_mean = row->t_mean,
        .heat_content = row->heat_content,
        .heat_in = row->heat_in,
        .heat_out = row->heat_out,
        .heat_residual = row->heat_residual,
        .events = row->events,
        .late = row->late,
        .missing = row->missing,
        .dead = row->dead,
        .latency_ms = row->latency_ms,
    };
    digest_hex(row->digest, record.digest);
    digest_hex(stored, record.stored_digest);
    digest_hex(series_row_digest(&record), record.row_digest);
    return record;
}

size_t series_size(enum series_kind kind)
{
    return kind == SERIES_FLAG ? 1 : kind == SERIES_HEX ? DIGEST_HEX - 1 : 8;
}

struct digest series_row_digest(const struct series_record *record)
{
    uint8_t bytes[SERIES_COLUMNS * DIGEST_HEX];
    size_t length = 0;
    for (int i = SERIES_WINDOW; i < SERIES_ROW_DIGEST; i++) {
        memcpy(bytes + length, (const char *)record + columns[i].offset,
               series_size(columns[i].kind));
        length += series_size(columns[i].kind);
    }
    return digest_bytes(bytes, length);
}

hid_t series_type(struct h5_scope *scope, enum series_kind kind)
{
    switch (kind) {
    case SERIES_INT64:
        return H5T_STD_I64LE;
    case SERIES_FLOAT64:
        return H5T_IEEE_F64LE;
    case SERIES_FLAG:
        return H5T_STD_U8LE;
    case SERIES_HEX:
        break;
    }
    return h5_string_type(scope, DIGEST_HEX - 1);
}

const void *series_fill(enum series_kind kind)
{
    static const int64_t none = -1;
    static const double not_a_number = NAN;
    static const char zeros[DIGEST_HEX];
    return kind == SERIES_INT64 ? &none : kind == SERIES_FLOAT64 ? &not_a_number : (void *)zeros;
}

enum { MS_PER_DAY = 86400000 };

static bool split_day(int64_t day, struct tm *date)
{
    time_t seconds = (time_t)(day * (MS_PER_DAY / 1000));
    return gmtime_r(&seconds, date) && date->tm_year + 1900 >= 1 && date->tm_year + 1900 <= 9999;
}

int64_t series_epoch(int64_t event_time_ms)
{
    struct tm date;
    int64_t day = floor_div(event_time_ms, MS_PER_DAY);
    return split_day(day, &date) ? day * MS_PER_DAY : 0;
}

void series_time_units(int64_t epoch_ms, char units[64])
{
    struct tm date;
    bool valid = split_day(floor_div(epoch_ms, MS_PER_DAY), &date);
    assert(valid);
    (void)valid;
    snprintf(units, 64, "milliseconds since %04d-%02d-%02d 00:00:00", date.tm_year + 1900,
             date.tm_mon + 1, date.tm_mday);
}
