/* The types of values in a run deck that C does not have already. */
#ifndef HEATSTREAM_DECK_VALUES_H
#define HEATSTREAM_DECK_VALUES_H

#include <stdbool.h>
#include <stdint.h>

/* In the order of the names in the option table. */
enum deck_source { DECK_SOURCE_KAFKA, DECK_SOURCE_FILE, DECK_SOURCE_SYNTHETIC };
enum deck_format {
    DECK_FORMAT_JSON,
    DECK_FORMAT_BINARY,
    DECK_FORMAT_CSV,
    DECK_FORMAT_AVRO,
    DECK_FORMAT_CONFLUENT_AVRO
};
enum deck_time_unit {
    DECK_TIME_AUTO,
    DECK_TIME_MS,
    DECK_TIME_S,
    DECK_TIME_US,
    DECK_TIME_NS,
    DECK_TIME_ISO8601
};
enum deck_estimate { DECK_MEAN, DECK_SUM, DECK_LAST, DECK_LINEAR, DECK_CUBIC };
enum deck_idle { DECK_IDLE_BLOCK, DECK_IDLE_TIMEOUT };
enum deck_dtype { DECK_F32, DECK_F64 };
enum deck_partition_by { DECK_BY_COLUMN, DECK_BY_KEY };
enum deck_csv_times { DECK_CSV_TIMES_KEPT, DECK_CSV_TIMES_NOW };
enum deck_log_level { DECK_LOG_ERROR, DECK_LOG_WARN, DECK_LOG_INFO, DECK_LOG_DEBUG };
enum deck_log_format { DECK_LOG_HUMAN, DECK_LOG_JSON };

/* One side of the domain: a value held one spacing outside the outermost cells, or no flux. */
struct deck_side {
    bool insulated;
    double value;
};

/* Columns x0 .. x1 - 1, rows y0 .. y1 - 1; `whole`: all of the grid, the numbers mean nothing. */
struct deck_box {
    bool whole;
    int64_t x0, y0, x1, y1;
};

struct deck_list {
    char **items;
    int count; /* for a map: names and values in turn, 2 * entries */
};

struct deck_numbers {
    double *values;
    int count;
};

/* The mappings of a list that describes several things of a kind: regions, alerts. */
struct deck_items {
    void *items; /* [count] of the type that deck_item_find() gives the size of */
    int count;
};

#endif
