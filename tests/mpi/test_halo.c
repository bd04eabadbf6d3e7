#include "grid/halo.h"

#include <math.h>

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

/* Ghost columns beyond the grid must still hold the NaN they were created with. */
static int count_wrong(const struct domain *domain, const struct field *field)
{
    int wrong = 0;
    for (int i = -1; i <= field->nx; i++) {
        const double *column = field_column(field, i);
        int64_t x = domain->x0 + i;
        wrong += !isnan(column[-1]) + !isnan(column[field->ny]);
        for (int j = 0; j < field->ny; j++)
            wrong += x < 0 || x >= domain->gnx ? !isnan(column[j]) : column[j] != unique(x, j);
    }
    return wrong;
}

static void ghosts_hold_the_neighbours_column_and_nothing_else_changes(void)
{
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int heights[] = {1, 2, 7, 33, 3000}; /* the last travels by rendezvous */
    for (int width = ranks; width < ranks + 9; width++)
        for (int h = 0; h < 5; h++) {
            struct domain *domain;
            struct error err;
            CU_ASSERT_EQUAL_FATAL(
                domain_create(MPI_COMM_WORLD, width, heights[h], 4, &domain, &err), STATUS_OK);
            struct field *field = field_create(domain, NAN);
            set_owned(domain, field);
            halo_exchange(domain, field);
            CU_ASSERT_EQUAL(count_wrong(domain, field), 0);
            field_destroy(field);
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
        halo_exchange(domain, field);
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
        UNIT_TEST(ghosts_hold_the_neighbours_column_and_nothing_else_changes),
        UNIT_TEST(repeated_exchanges_carry_the_newest_values),
    };
    return mpi_unit_run(&argc, &argv, "halo", tests, UNIT_COUNT(tests));
}
