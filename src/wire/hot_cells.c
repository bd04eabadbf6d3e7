#include "hot_cells.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/arith.h"
#include "base/memory.h"
#include "chance.h"

/* Below this probability, hot cells are found by the gaps between them. */
static const double SPARSE = 0.125;

/* In a column each hot cell is found from the one below, a chain of some 100 cycles a cell; columns
 * do not depend on each other, so this many are followed at once. */
enum { ABREAST = 8 };

struct hot_cells {
    int64_t ny;
    double probability, gap_scale; /* 1 / log(1 - probability), of a sparse field */
    uint64_t step_key;
    int64_t x;     /* of the columns found, the next to be told */
    int64_t x_end; /* and the one after the last */
    int64_t counts[ABREAST];
    int32_t *rows; /* [ABREAST][ny], column x at x % ABREAST, as are the counts */
};

struct hot_cells *hot_cells_create(int64_t ny, double probability)
{
    struct hot_cells *hot = memory_zeroed(1, sizeof *hot);
    hot->ny = ny;
    hot->probability = probability;
    if (probability > 0 && probability < SPARSE)
        hot->gap_scale = 1 / chance_log(1 - probability);
    hot->rows = memory_zeroed(ABREAST * ny, sizeof *hot->rows);
    return hot;
}

void hot_cells_destroy(struct hot_cells *hot)
{
    if (!hot)
        return;
    free(hot->rows);
    free(hot);
}

void hot_cells_begin(struct hot_cells *hot, uint64_t step_key)
{
    hot->step_key = step_key;
    hot->x = hot->x_end = 0;
}

static double chance_of_heat(uint64_t key)
{
    return chance_uniform(chance_hash(key, CHANCE_OF_HEAT));
}

static uint64_t cell_key(const struct hot_cells *hot, int64_t x, int64_t y)
{
    return chance_hash(hot->step_key, (uint64_t)(x * hot->ny + y));
}

/* The first hot cell of a column above y (-1: from the bottom); ny when there is none. */
static int64_t next_hot(const struct hot_cells *hot, int64_t x, int64_t y)
{
    int64_t ny = hot->ny;
    if (hot->probability <= 0)
        return ny;
    if (hot->probability >= SPARSE) {
        for (y++; y < ny && chance_of_heat(cell_key(hot, x, y)) >= hot->probability;)
            y++;
        return y;
    }
    uint64_t key = y < 0 ? chance_hash(hot->step_key, ~(uint64_t)x) : cell_key(hot, x, y);
    double gap = chance_log(chance_of_heat(key)) * hot->gap_scale;
    return gap >= (double)(ny - y - 1) ? ny : y + 1 + (int64_t)gap;
}

/* Columns x to x_end - 1, at most ABREAST. */
static void find_columns(struct hot_cells *hot)
{
    int64_t next[ABREAST], ny = hot->ny;
    for (int64_t x = hot->x; x < hot->x_end; x++) {
        hot->counts[x % ABREAST] = 0;
        next[x % ABREAST] = next_hot(hot, x, -1);
    }
    for (bool more = true; more;) {
        more = false;
        for (int64_t x = hot->x; x < hot->x_end; x++) {
            int64_t column = x % ABREAST, y = next[column];
            if (y == ny)
                continue;
            hot->rows[column * ny + hot->counts[column]++] = (int32_t)y;
            next[column] = next_hot(hot, x, y);
            more = true;
        }
    }
}

const int32_t *hot_cells_column(struct hot_cells *hot, int64_t x, int64_t x_end, int64_t *count)
{
    if (hot->x == hot->x_end) {
        hot->x = x;
        hot->x_end = min_int64(x + ABREAST, x_end);
        find_columns(hot);
    }
    assert(hot->x == x && x < x_end);
    int64_t column = hot->x++ % ABREAST;
    *count = hot->counts[column];
    return hot->rows + column * hot->ny;
}
