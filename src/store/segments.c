#include "store/segments.h"

#include "base/arith.h"

enum { OF_ONE_SIZE = 100, GROWTH = 10, MOST_ROWS = 1000000 };

static const int64_t most_bytes = (int64_t)64 << 30;

struct segments segments_of(int64_t per_segment, int64_t frame_bytes)
{
    int64_t fitting = min_int64(MOST_ROWS, most_bytes / frame_bytes);
    return (struct segments){.per_segment = per_segment, .most = max_int64(per_segment, fitting)};
}

int64_t segments_find(const struct segments *segments, int64_t row)
{
    int64_t number = 0, size = segments->per_segment;
    while (size <= segments->most / GROWTH && row >= OF_ONE_SIZE * size) {
        row -= OF_ONE_SIZE * size;
        number += OF_ONE_SIZE;
        size *= GROWTH;
    }
    return number + row / size;
}

int64_t segments_start(const struct segments *segments, int64_t number)
{
    int64_t row = 0, size = segments->per_segment;
    while (size <= segments->most / GROWTH && number >= OF_ONE_SIZE) {
        row += OF_ONE_SIZE * size;
        number -= OF_ONE_SIZE;
        size *= GROWTH;
    }
    return row + number * size;
}

int64_t segments_rows(const struct segments *segments, int64_t number)
{
    return segments_start(segments, number + 1) - segments_start(segments, number);
}
