#include "hot_cells.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/arith.h"
#include "base/memory.h"
#include "chance.h"

/* Below this probability, hot cells are found by the gaps between them. */
static const double SPARSE = 0.125;

/* In a column each hot cell is found from the one below; columns do not depend on each other, so
 * this many are followed at once. */
enum { ABREAST = CHANCE_LOGS };

struct hot_cells {
    int64_t ny;
    double probability, gap_scale; /* 1 / log(1 - probability), of a sparse field */
    uint64_t step_key;
    int64_t first, end, x; /* the columns found, and the next of them to be told */
    int64_t counts[ABREAST];
    int32_t *rows; /* [ABREAST][ny + 1], column `first` first, as are the counts */
};

struct hot_cells *hot_cells_create(int64_t ny, double probability)
{
    struct hot_cells *hot = memory_zeroed(1, sizeof *hot);
    hot->ny = ny;
    hot->probability = probability;
    if (probability > 0 && probability < SPARSE)
        hot->gap_scale = 1 / chance_log(1 - probability);
    hot->rows = memory_zeroed(ABREAST * (ny + 1), sizeof *hot->rows);
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
    hot->x = hot->end = 0;
}

static double chance_of_heat(uint64_t key)
{
    return chance_uniform(chance_hash(key, CHANCE_OF_HEAT));
}

static uint64_t cell_key(const struct hot_cells *hot, int64_t x, int64_t y)
{
    return chance_hash(hot->step_key, (uint64_t)(x * hot->ny + y));
}

static int32_t *rows_of(const struct hot_cells *hot, int column)
{
    return hot->rows + column * (hot->ny + 1);
}

static void find_dense(struct hot_cells *hot, int column)
{
    int32_t *rows = rows_of(hot, column);
    int64_t count = 0;
    for (int64_t y = 0; y < hot->ny; y++)
        if (chance_of_heat(cell_key(hot, hot->first + column, y)) < hot->probability)
            rows[count++] = (int32_t)y;
    hot->counts[column] = count;
}

/* From rows y[] of the columns to the next hot ones, or ny: there the row is not counted, and
 * remains what it is. */
static void follow_gaps(struct hot_cells *hot, int64_t y[ABREAST])
{
    double chances[ABREAST], logs[ABREAST];
    int64_t ny = hot->ny;
    for (int i = 0; i < ABREAST; i++) {
        int64_t x = hot->first + i;
        uint64_t key = y[i] < 0 ? chance_hash(hot->step_key, ~(uint64_t)x) : cell_key(hot, x, y[i]);
        chances[i] = chance_of_heat(key);
    }
    chance_logs(chances, logs);
    for (int i = 0; i < ABREAST; i++) {
        double gap = logs[i] * hot->gap_scale;
        y[i] = gap >= (double)(ny - y[i] - 1) ? ny : y[i] + 1 + (int64_t)gap;
        rows_of(hot, i)[hot->counts[i]] = (int32_t)y[i];
        hot->counts[i] += y[i] < ny;
    }
}

static void find_sparse(struct hot_cells *hot)
{
    int64_t y[ABREAST];
    for (int i = 0; i < ABREAST; i++)
        y[i] = -1;
    for (bool more = true; more;) {
        more = false;
        follow_gaps(hot, y);
        for (int i = 0; i < ABREAST; i++)
            more |= y[i] < hot->ny;
    }
}

static void find_columns(struct hot_cells *hot)
{
    for (int i = 0; i < ABREAST; i++)
        hot->counts[i] = 0;
    if (hot->probability >= SPARSE)
        for (int i = 0; i < hot->end - hot->first; i++)
            find_dense(hot, i);
    else if (hot->probability > 0)
        find_sparse(hot);
}

const int32_t *hot_cells_column(struct hot_cells *hot, int64_t x, int64_t x_end, int64_t *count)
{
    if (hot->x == hot->end) {
        hot->first = hot->x = x;
        hot->end = min_int64(x + ABREAST, x_end);
        find_columns(hot);
    }
    assert(hot->x == x && x < x_end);
    int column = (int)(hot->x++ - hot->first);
    *count = hot->counts[column];
    return rows_of(hot, column);
}
