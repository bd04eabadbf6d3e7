#include "grid/regions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "mpi_unit.h"

enum { STATS = REGION_PERCENTILES + 4, RUNS_MAX = 4096 };
static const int percentiles[] = {1, 50, 95, 99};

/* Thirty orders of magnitude, both signs and ties: any other order of summing shows in the bits. */
static double wild(uint64_t seed, int64_t cell)
{
    if (draw_below(seed + 2, cell, 4) == 0)
        return (double)draw_below(seed + 3, cell, 3) - 1.0;
    return ldexp(draw_unit(seed, cell) - 0.5, draw_below(seed + 1, cell, 100) - 50);
}

struct grid {
    int64_t gnx, gny;
    uint64_t seed;
};

/* Some cells of the grid by chance, or all, as runs. */
static int64_t draw_region(const struct grid *grid, int region, struct cell_run *runs)
{
    int64_t count = 0;
    for (int64_t x = 0; x < grid->gnx; x++) {
        bool open = false;
        for (int64_t y = 0; y < grid->gny; y++) {
            bool inside = region == 0 ||
                          draw_below(grid->seed + 7 + (uint64_t)region, x * grid->gny + y, 3) == 0;
            inside = inside || (x == grid->gnx - 1 && y == 0); /* never empty */
            if (inside && !open)
                runs[count++] = (struct cell_run){x, y, y};
            if (inside)
                runs[count - 1].y1 = y + 1;
            open = inside;
        }
    }
    return count;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The contract, on one rank. */
static void measure_serially(const struct grid *grid, const struct region_cells *cells,
                             double stats[STATS])
{
    int64_t n = 0, x = -1;
    double *values = malloc((size_t)(grid->gnx * grid->gny) * sizeof *values);
    double column = 0.0, sum = 0.0;
    for (int64_t i = 0; i < cells->count; i++) {
        if (cells->runs[i].x != x) {
            sum += column;
            column = 0.0;
        }
        x = cells->runs[i].x;
        for (int64_t y = cells->runs[i].y0; y < cells->runs[i].y1; y++) {
            values[n] = wild(grid->seed, x * grid->gny + y);
            column += values[n++];
        }
    }
    sum += column;
    qsort(values, (size_t)n, sizeof *values, by_value);
    stats[REGION_MIN] = values[0];
    stats[REGION_MEAN] = sum / (double)n;
    stats[REGION_MAX] = values[n - 1];
    for (int p = 0; p < 4; p++) {
        int64_t rank = 0;
        while (100 * (rank + 1) < percentiles[p] * n)
            rank++;
        stats[REGION_PERCENTILES + p] = values[rank];
    }
    free(values);
}

static void check(const struct grid *grid, struct domain *domain)
{
    static struct cell_run runs[3][RUNS_MAX];
    struct region_cells cells[3];
    for (int r = 0; r < 3; r++)
        cells[r] = (struct region_cells){runs[r], draw_region(grid, r, runs[r])};
    struct field *field = field_create(domain, NAN); /* ghosts must not be measured */
    for (int i = 0; i < domain->nx; i++)
        for (int j = 0; j < domain->ny; j++)
            field_column(field, i)[j] = wild(grid->seed, (domain->x0 + i) * grid->gny + j);
    struct regions *regions =
        regions_create(domain, &(struct regions_config){cells, 3, percentiles, 4});
    for (int again = 0; again < 2; again++) {
        const double *stats;
        regions_measure(regions, field, &stats);
        CU_ASSERT_EQUAL(stats != NULL, domain->rank == 0);
        for (int r = 0; stats && r < 3; r++) {
            double serial[STATS];
            measure_serially(grid, &cells[r], serial);
            CU_ASSERT_EQUAL(memcmp(stats + (ptrdiff_t)r * STATS, serial, sizeof serial), 0);
        }
    }
    regions_destroy(regions);
    field_destroy(field);
    domain_destroy(domain);
}

/* All ranks together, then each without MPI. */
static void check_all(const struct grid *grid)
{
    struct domain *domain;
    struct error err;
    if (domain_create(MPI_COMM_WORLD, grid->gnx, grid->gny, 4, &domain, &err) != STATUS_OK)
        abort();
    check(grid, domain);
    check(grid, domain_create_alone(grid->gnx, grid->gny));
}

static void statistics_have_the_bits_of_one_rank(void)
{
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int64_t shapes[][2] = {{ranks, 1}, {ranks, 5}, {23, 17}, {41, 1}, {64, 129}};
    for (int i = 0; i < 5; i++)
        for (uint64_t seed = 0; seed < 4; seed++)
            check_all(&(struct grid){shapes[i][0], shapes[i][1], 10 * seed});
}

/* Most ranks have no part in it. */
static void a_region_of_one_cell_is_that_cell(void)
{
    struct domain *domain;
    struct error err;
    if (domain_create(MPI_COMM_WORLD, 12, 5, 4, &domain, &err) != STATUS_OK)
        abort();
    struct field *field = field_create(domain, -7.0);
    const struct cell_run run = {9, 3, 4};
    const struct region_cells cells = {&run, 1};
    if (domain_owner(domain, 9) == domain->rank)
        field_column(field, (int)(9 - domain->x0))[3] = 0.1;
    struct regions *regions =
        regions_create(domain, &(struct regions_config){&cells, 1, percentiles, 4});
    const double *stats;
    regions_measure(regions, field, &stats);
    for (int i = 0; stats && i < STATS; i++)
        CU_ASSERT_EQUAL(stats[i], 0.1);
    regions_destroy(regions);
    field_destroy(field);
    domain_destroy(domain);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(statistics_have_the_bits_of_one_rank),
        UNIT_TEST(a_region_of_one_cell_is_that_cell),
    };
    return mpi_unit_run(&argc, &argv, "regions", tests, UNIT_COUNT(tests));
}
