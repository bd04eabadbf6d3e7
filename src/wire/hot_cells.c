#include "hot_cells.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arith.h"
#include "base/memory.h"
#include "wire/chance.h"
#include "wire/hot_gaps.h"

/* Below this probability, hot cells are found by the gaps between them. */
static const double SPARSE = 0.125;

enum { ABREAST = HOT_GAPS_ABREAST };

_Static_assert((int)ABREAST == (int)HOT_CELLS_STRIDE, "columns lie side by side");

struct hot_cells {
    int64_t ny;
    double probability, gap_scale; /* of a sparse field */
    hot_gaps_follow *follow;
    uint64_t step_key;
    int64_t first, end, x; /* the columns found, and the next of them to be told */
    int64_t counts[ABREAST];
    int32_t *rows; /* [ny + 1][ABREAST], column `first` first, as are the counts */
};

struct hot_cells *hot_cells_create(int64_t ny, double probability)
{
    struct hot_cells *hot = memory_zeroed(1, sizeof *hot);
    hot->ny = ny;
    hot->probability = probability;
    if (probability > 0 && probability < SPARSE)
        hot->gap_scale = 1 - probability < 1 ? 1 / chance_log(1 - probability) : -1 / probability;
    hot->follow = hot_gaps_way(0);
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

static void find_dense(struct hot_cells *hot, int column)
{
    int32_t *rows = hot->rows + column;
    int64_t count = 0;
    for (int64_t y = 0; y < hot->ny; y++)
        if (chance_of_heat(cell_key(hot, hot->first + column, y)) < hot->probability)
            rows[count++ * ABREAST] = (int32_t)y;
    hot->counts[column] = count;
}

/* A column that has ended has rows ny from there on, which are not counted. */
static void find_sparse(struct hot_cells *hot)
{
    const struct hot_gaps gaps = {hot->step_key, hot->first, hot->ny, hot->gap_scale};
    int64_t y[ABREAST];
    for (int i = 0; i < ABREAST; i++)
        y[i] = -1;
    for (int32_t *rows = hot->rows; hot->follow(&gaps, y); rows += ABREAST)
        for (int i = 0; i < ABREAST; i++) {
            rows[i] = (int32_t)y[i];
            hot->counts[i] += y[i] < hot->ny;
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
    return hot->rows + column;
}
