/* What the measurements of several turns come to. */
#ifndef HEATSTREAM_BENCH_MEDIAN_H
#define HEATSTREAM_BENCH_MEDIAN_H

#include <stddef.h>
#include <stdlib.h>

static inline int ascending(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;
    return (difference > 0) - (difference < 0);
}

/* Of an odd count; the values are ascending afterwards. */
static inline double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, ascending);
    return values[count / 2];
}

#endif
