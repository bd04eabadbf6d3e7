#include "grid/halo.h"

#include <math.h>
#include <string.h>

#include "mpi_unit.h"

static double unique(int64_t x, int y)
{
    return (double)x * 1000.0 + y + 0.25;
}

static void set_owned(const struct domain *domain, struct field *field)
{
    for (int i = 0; i < field->nx; i++)
        for (int j = 0; j < field->ny; j++)
            field_column(field, i)[j] = unique(domain->x0 + i, j);
}

/* Ghost columns that nobody sent must still hold the NaN they were created with. */
static int count_wrong(const struct domain *domain, const struct field *field, int depth)
{
    int wrong = 0;
    for (int i = -field->ghosts; i < field->nx + field->ghosts; i++) {
        const double *column = field_column(field, i);
        int64_t x = domain->x0 + i;
        bool set = i >= -depth && i < field->nx + depth && x >= 0 && x < domain->gnx;
        wrong += !isnan(column[-1]) + !isnan(column[field->ny]);
        for (int j = 0; j < field->ny; j++)
            wrong += set ? column[j] != unique(x, j) : !isnan(column[j]);
    }
    return wrong;
}

static int count_wrong_after_exchange(int gnx, int gny, int depth)
{
    struct domain *domain;
    struct error err;
    if (domain_create(MPI_COMM_WORLD, gnx, gny, 4, &domain, &err) != STATUS_OK)
        abort();
    struct field *field = field_create_deep(domain, NAN, depth + 1, FIELD_FIRST);
    set_owned(domain, field);
    int wrong = 0;
    if (depth <= halo_narrowest(domain)) {
        halo_exchange(domain, field, depth);
        wrong = count_wrong(domain, field, depth);
    }
    field_destroy(field);
    domain_destroy(domain);
    return wrong;
}

/* Whoever comes first waits; what is exchanged then is what it would be without. */
static void neighbours_that_met_exchange_as_ever(void)
{
    struct domain *domain;
    struct error err;
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (domain_create(MPI_COMM_WORLD, 4 * ranks, 3000, 0, &domain, &err) != STATUS_OK)
        abort();
    struct field *field = field_create_deep(domain, NAN, 2, FIELD_FIRST);
    for (int turn = 0; turn < 3 * ranks; turn++) {
        double until = MPI_Wtime() + 1e-3; /* one rank is late: the others come to nap */
        while (turn % ranks == domain->rank && MPI_Wtime() < until)
            set_owned(domain, field);
        set_owned(domain, field);
        halo_meet(domain);
        halo_exchange(domain, field, 1);
        CU_ASSERT_EQUAL(count_wrong(domain, field, 1), 0);
    }
    field_destroy(field);
    domain_destroy(domain);
}

static void ghosts_hold_the_neighbours_column_and_nothing_else_changes(void)
{
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int heights[] = {1, 2, 7, 33, 3000}; /* the last travels by rendezvous */
    for (int width = ranks; width < ranks + 9; width++)
        for (int h = 0; h < 5; h++)
            CU_ASSERT_EQUAL(count_wrong_after_exchange(width, heights[h], 1), 0);
    for (int depth = 2; depth < 6; depth++)
        for (int h = 0; h < 5; h++)
            CU_ASSERT_EQUAL(count_wrong_after_exchange(6 * ranks + depth, heights[h], depth), 0);
}

/* Every second cell of a rank's columns, or none on odd ranks: lists of unequal length. */
static int64_t list_heat(const struct domain *domain, int64_t first, int64_t end,
                         struct slab_heat *heat)
{
    int64_t count = 0;
    for (int64_t cell = first; cell < end; cell++)
        if (domain_owner(domain, cell / domain->gny) % 2 == 0 && cell % 2 == 0)
            heat[count++] = (struct slab_heat){cell - domain->x0 * domain->gny, unique(cell, 1)};
    return count;
}

static int count_wrong_heat(const struct domain *domain, int depth)
{
    int64_t ny = domain->gny, x0 = domain->x0 * ny, end = x0 + domain->nx * ny;
    size_t cells = (size_t)(domain->nx * ny), room = (size_t)(depth * ny);
    struct slab_heat *mine = malloc(cells * sizeof *mine), *wanted = malloc(room * sizeof *wanted);
    struct halo_heat halo = {malloc(room * sizeof *mine), malloc(room * sizeof *mine), -1, -1};
    if (!mine || !wanted || !halo.left || !halo.right)
        abort();
    int count = (int)list_heat(domain, x0, end, mine);
    halo_exchange_heat(domain, mine, count, depth, &halo);
    int64_t low = x0 - depth * ny, high = end + depth * ny;
    int64_t left = low < 0 ? 0 : list_heat(domain, low, x0, wanted);
    int wrong = halo.left_count != left;
    wrong += memcmp(wanted, halo.left, (size_t)left * sizeof *wanted) != 0;
    int64_t right = high > domain->gnx * ny ? 0 : list_heat(domain, end, high, wanted);
    wrong += halo.right_count != right;
    wrong += memcmp(wanted, halo.right, (size_t)right * sizeof *wanted) != 0;
    free(mine);
    free(wanted);
    free(halo.left);
    free(halo.right);
    return wrong;
}

static void heat_of_the_neighbours_columns_arrives_with_numbers_of_this_slab(void)
{
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    for (int depth = 1; depth < 6; depth++)
        for (int ny = 1; ny < 8; ny++) {
            struct domain *domain;
            struct error err;
            CU_ASSERT_EQUAL_FATAL(
                domain_create(MPI_COMM_WORLD, 6 * ranks + depth % ranks, ny, 0, &domain, &err),
                STATUS_OK);
            CU_ASSERT_EQUAL(count_wrong_heat(domain, depth), 0);
            domain_destroy(domain);
        }
}

static void repeated_exchanges_carry_the_newest_values(void)
{
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    struct domain *domain;
    struct error err;
    CU_ASSERT_EQUAL_FATAL(domain_create(MPI_COMM_WORLD, ranks, 5, 0, &domain, &err), STATUS_OK);
    struct field *field = field_create(domain, 0.0);
    int wrong = 0;
    for (int turn = 0; turn < 100; turn++) {
        field_column(field, 0)[3] = turn * 100 + domain->rank;
        halo_exchange(domain, field, 1);
        if (domain->left != MPI_PROC_NULL)
            wrong += field_column(field, -1)[3] != turn * 100 + domain->left;
        if (domain->right != MPI_PROC_NULL)
            wrong += field_column(field, 1)[3] != turn * 100 + domain->right;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    field_destroy(field);
    domain_destroy(domain);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(neighbours_that_met_exchange_as_ever),
        UNIT_TEST(ghosts_hold_the_neighbours_column_and_nothing_else_changes),
        UNIT_TEST(heat_of_the_neighbours_columns_arrives_with_numbers_of_this_slab),
        UNIT_TEST(repeated_exchanges_carry_the_newest_values),
    };
    return mpi_unit_run(&argc, &argv, "halo", tests, UNIT_COUNT(tests));
}
