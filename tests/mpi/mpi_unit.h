/* unit.h under mpirun: every rank runs every test, and a failure on any rank fails the program.
 *
 *     int main(int argc, char **argv)
 *     {
 *         static const struct unit_test tests[] = {UNIT_TEST(ghosts_hold_the_neighbours_column)};
 *         return mpi_unit_run(&argc, &argv, "halo", tests, UNIT_COUNT(tests));
 *     }
 *
 * Assertions may differ between ranks, collective calls may not: use the CU_ASSERT_*_FATAL forms
 * only where every rank leaves the test alike, or the others wait until the time-out of the test
 * run. */
#ifndef HEATSTREAM_TESTS_MPI_UNIT_H
#define HEATSTREAM_TESTS_MPI_UNIT_H

#include <mpi.h>

#include "../unit/unit.h"

static inline int mpi_unit_run(int *argc, char ***argv, const char *suite_name,
                               const struct unit_test *tests, int count)
{
    int provided, rank, size;
    MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    char who[64], title[128];
    snprintf(who, sizeof who, "rank %d of %d: ", rank, size);
    snprintf(title, sizeof title, "%s on %d ranks", suite_name, size);
    int failed = unit_count_failed(suite_name, tests, count, who), most = 0;
    MPI_Allreduce(&failed, &most, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    int exit_status = rank == 0   ? unit_report(title, count, most)
                      : most == 0 ? EXIT_SUCCESS
                                  : EXIT_FAILURE;
    fflush(stdout);
    MPI_Finalize();
    return exit_status;
}

#endif
