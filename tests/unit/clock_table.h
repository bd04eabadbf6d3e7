#ifndef HEATSTREAM_TESTS_CLOCK_TABLE_H
#define HEATSTREAM_TESTS_CLOCK_TABLE_H

#include <stdbool.h>
#include <stdint.h>

/* The clock of a partition as the contract words it, with a table of all sensors: what the few that
 * the clock keeps are measured against. */
enum { CLOCK_TABLE_SENSORS = 16 };
struct clock_table {
    bool known[CLOCK_TABLE_SENSORS], spoke[CLOCK_TABLE_SENSORS];
    int64_t newest_ms[CLOCK_TABLE_SENSORS], mx_ms, heard;
};

static inline int64_t clock_table_nth_largest(const struct clock_table *table, int nth)
{
    for (int i = 0; i < CLOCK_TABLE_SENSORS; i++) {
        int larger = 0, equal = 0;
        for (int j = 0; j < CLOCK_TABLE_SENSORS && table->known[i]; j++) {
            larger += table->known[j] && table->newest_ms[j] > table->newest_ms[i];
            equal += table->known[j] && table->newest_ms[j] == table->newest_ms[i];
        }
        if (table->known[i] && larger < nth && nth <= larger + equal)
            return table->newest_ms[i];
    }
    return INT64_MIN;
}

static inline int clock_table_quorum(const struct clock_table *table, int sensors)
{
    int remembered = 0;
    for (int i = 0; i < CLOCK_TABLE_SENSORS; i++)
        remembered += table->known[i];
    int half = (remembered + 1) / 2;
    return half < sensors ? half : sensors;
}

static inline void clock_table_hear(struct clock_table *table, int sensors, int64_t expiry,
                                    int sensor, int64_t time_ms)
{
    if (!table->known[sensor] || time_ms > table->newest_ms[sensor])
        table->newest_ms[sensor] = time_ms;
    table->known[sensor] = table->spoke[sensor] = true;
    int64_t claim = clock_table_nth_largest(table, clock_table_quorum(table, sensors));
    if (claim > table->mx_ms)
        table->mx_ms = claim;
    if (++table->heard < expiry)
        return;
    table->heard = 0;
    for (int i = 0; i < CLOCK_TABLE_SENSORS; i++) {
        table->known[i] = table->known[i] && table->spoke[i];
        table->spoke[i] = false;
    }
}

#endif
