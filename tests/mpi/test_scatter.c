#include "grid/scatter.h"

#include "draw.h"
#include "mpi_unit.h"

enum { MOST = 200 * 170 };
static struct slab_heat window[MOST];

static bool heated(uint64_t seed, int64_t cell, int per_thousand)
{
    return draw_below(seed, cell, 1000) < per_thousand;
}

static int64_t draw_window(const struct domain *domain, uint64_t seed, int per_thousand)
{
    int64_t count = 0;
    for (int64_t cell = 0; cell < domain->gnx * domain->gny; cell++)
        if (heated(seed, cell, per_thousand))
            window[count++] = (struct slab_heat){cell, draw_unit(seed + 1, cell)};
    return count;
}

/* Walks the slab's cells and expects the next entry exactly where the cell is heated. */
static bool is_right(const struct domain *domain, uint64_t seed, int per_thousand,
                     const struct slab_heat *mine, int64_t count)
{
    int64_t next = 0;
    for (int i = 0; i < domain->nx; i++)
        for (int j = 0; j < domain->ny; j++) {
            int64_t global = (domain->x0 + i) * domain->gny + j;
            if (!heated(seed, global, per_thousand))
                continue;
            if (next == count || mine[next].cell != (int64_t)i * domain->ny + j ||
                mine[next].rate != draw_unit(seed + 1, global))
                return false;
            next++;
        }
    return next == count;
}

static bool scatters_right(const struct domain *domain, struct scatter *scatter, uint64_t seed,
                           int per_thousand)
{
    int64_t count = domain->rank == 0 ? draw_window(domain, seed, per_thousand) : -1;
    const struct slab_heat *mine = NULL;
    int64_t mine_count = scatter_heat(scatter, domain->rank == 0 ? window : NULL, count, &mine);
    return is_right(domain, seed, per_thousand, mine, mine_count);
}

static void every_entry_reaches_the_owner_of_its_cell(void)
{
    static const int densities[] = {0, 1000, 3, 500, 0, 40, 1000, 1};
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int64_t shapes[][2] = {{ranks, 1}, {ranks, 7}, {ranks + 1, 3},
                                 {37, 11},   {100, 50},  {200, 170}};
    for (int shape = 0; shape < 6; shape++) {
        struct domain *domain;
        struct error err;
        CU_ASSERT_EQUAL_FATAL(
            domain_create(MPI_COMM_WORLD, shapes[shape][0], shapes[shape][1], 8, &domain, &err),
            STATUS_OK);
        struct scatter *scatter = scatter_create(domain, SCATTER_MOST);
        for (int i = 0; i < 8; i++)
            CU_ASSERT(scatters_right(domain, scatter, (uint64_t)(shape * 100 + i), densities[i]));
        scatter_destroy(scatter);
        domain_destroy(domain);
    }
}

static void a_window_too_long_for_one_message_arrives_by_several(void)
{
    struct domain *domain;
    struct error err;
    CU_ASSERT_EQUAL_FATAL(domain_create(MPI_COMM_WORLD, 13, 5, 8, &domain, &err), STATUS_OK);
    for (int most = 1; most < 13 * 5 + 3; most++) {
        struct scatter *scatter = scatter_create(domain, most);
        CU_ASSERT(scatters_right(domain, scatter, 9, 1000));
        CU_ASSERT(scatters_right(domain, scatter, 10, 400));
        CU_ASSERT(scatters_right(domain, scatter, 11, 0));
        scatter_destroy(scatter);
    }
    domain_destroy(domain);
}

static void a_single_heated_cell_reaches_one_rank_only(void)
{
    struct domain *domain;
    struct error err;
    CU_ASSERT_EQUAL_FATAL(domain_create(MPI_COMM_WORLD, 13, 5, 0, &domain, &err), STATUS_OK);
    struct scatter *scatter = scatter_create(domain, SCATTER_MOST);
    for (int64_t cell = 0; cell < 13 * 5; cell++) {
        struct slab_heat entry = {cell, (double)cell + 0.5};
        const struct slab_heat *mine;
        int64_t count = scatter_heat(scatter, &entry, domain->rank == 0 ? 1 : 0, &mine);
        bool owner = domain_owner(domain, cell / 5) == domain->rank;
        CU_ASSERT_EQUAL(count, owner ? 1 : 0);
        if (owner && count == 1) {
            CU_ASSERT_EQUAL(mine->cell, cell - domain->x0 * 5);
            CU_ASSERT_EQUAL(mine->rate, (double)cell + 0.5);
        }
    }
    scatter_destroy(scatter);
    domain_destroy(domain);
}

/* Global cell numbers up to 2^48; the slab itself is never allocated. */
static void cells_are_counted_in_64_bits(void)
{
    struct domain *domain;
    struct error err;
    int64_t gnx = DOMAIN_LONGEST_SIDE, gny = DOMAIN_LONGEST_SIDE;
    CU_ASSERT_EQUAL_FATAL(domain_create(MPI_COMM_WORLD, gnx, gny, 0, &domain, &err), STATUS_OK);
    struct scatter *scatter = scatter_create(domain, SCATTER_MOST);
    for (int rank = 0; rank < domain->ranks; rank++)
        window[rank] =
            (struct slab_heat){domain_edge(&domain->cut, rank + 1) * gny - 1, rank + 1.0};
    const struct slab_heat *mine;
    CU_ASSERT_EQUAL(scatter_heat(scatter, window, domain->ranks, &mine), 1);
    CU_ASSERT_EQUAL(mine[0].cell, (int64_t)domain->nx * gny - 1);
    CU_ASSERT_EQUAL(mine[0].rate, domain->rank + 1.0);
    scatter_destroy(scatter);
    domain_destroy(domain);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(every_entry_reaches_the_owner_of_its_cell),
        UNIT_TEST(a_single_heated_cell_reaches_one_rank_only),
        UNIT_TEST(cells_are_counted_in_64_bits),
        UNIT_TEST(a_window_too_long_for_one_message_arrives_by_several),
    };
    return mpi_unit_run(&argc, &argv, "scatter", tests, UNIT_COUNT(tests));
}
