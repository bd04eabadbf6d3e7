#include "grid/domain.h"

#include <string.h>

#include "mpi_unit.h"

static void slabs_cover_the_grid_and_neighbours_agree(void)
{
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    const int64_t widths[] = {ranks, ranks + 1, 4 * ranks + 1, 1000};
    for (int i = 0; i < 4; i++) {
        struct domain *domain;
        struct error err;
        CU_ASSERT_EQUAL_FATAL(domain_create(MPI_COMM_WORLD, widths[i], 5, 16, &domain, &err),
                              STATUS_OK);
        int64_t nx = domain->nx, total = 0, left_end = -1;
        MPI_Allreduce(&nx, &total, 1, MPI_INT64_T, MPI_SUM, domain->comm);
        CU_ASSERT_EQUAL(total, widths[i]);
        int64_t end = domain->x0 + nx;
        MPI_Sendrecv(&end, 1, MPI_INT64_T, domain->right, 0, &left_end, 1, MPI_INT64_T,
                     domain->left, 0, domain->comm, MPI_STATUS_IGNORE);
        CU_ASSERT_EQUAL(domain->x0, domain->left == MPI_PROC_NULL ? 0 : left_end);
        CU_ASSERT_EQUAL(domain->left == MPI_PROC_NULL, domain->rank == 0);
        CU_ASSERT_EQUAL(domain->right == MPI_PROC_NULL, domain->rank == ranks - 1);
        CU_ASSERT_EQUAL(domain_owner(domain, domain->x0), domain->rank);
        CU_ASSERT_EQUAL(domain_owner(domain, end - 1), domain->rank);
        domain_destroy(domain);
    }
}

static void a_grid_narrower_than_the_ranks_is_refused_alike_everywhere(void)
{
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    struct domain *domain = NULL;
    struct error err = {""};
    CU_ASSERT_EQUAL(domain_create(MPI_COMM_WORLD, ranks - 1, 5, 256, &domain, &err),
                    STATUS_BAD_DECK);
    CU_ASSERT_PTR_NULL(domain);
    if (ranks == 4)
        CU_ASSERT_STRING_EQUAL(err.text,
                               "grid.nx is 3: 4 ranks need at least 4 columns; use at most -np 3");
    char first[sizeof err.text];
    memcpy(first, err.text, sizeof first);
    MPI_Bcast(first, sizeof first, MPI_CHAR, 0, MPI_COMM_WORLD);
    CU_ASSERT_STRING_EQUAL(first, err.text);
}

static void sides_whose_halo_mpi_could_not_count_are_refused(void)
{
    struct domain *domain = NULL;
    struct error err = {""};
    CU_ASSERT_EQUAL(domain_create(MPI_COMM_WORLD, DOMAIN_LONGEST_SIDE + 1, 5, 256, &domain, &err),
                    STATUS_BAD_DECK);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "grid.nx is 16777217"));
    CU_ASSERT_EQUAL(domain_create(MPI_COMM_WORLD, 100, INT64_MAX, 256, &domain, &err),
                    STATUS_BAD_DECK);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "grid.ny is 9223372036854775807"));
    CU_ASSERT_PTR_NULL(domain);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(slabs_cover_the_grid_and_neighbours_agree),
        UNIT_TEST(a_grid_narrower_than_the_ranks_is_refused_alike_everywhere),
        UNIT_TEST(sides_whose_halo_mpi_could_not_count_are_refused),
    };
    return mpi_unit_run(&argc, &argv, "domain", tests, UNIT_COUNT(tests));
}
