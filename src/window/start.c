#include "window/start.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arith.h"

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

int64_t start_of_windows(int64_t *times_ms, int count, int64_t disorder_ms, int64_t window_ms)
{
    assert(count >= 1 && count <= START_SAMPLE);
    qsort(times_ms, (size_t)count, sizeof *times_ms, compare);
    __int128 earliest = (__int128)times_ms[(count - 1) / 2] - disorder_ms;
    return clamp_to_int64((__int128)floor_div(earliest, window_ms) * window_ms);
}
