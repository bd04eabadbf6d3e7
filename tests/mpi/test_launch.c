/* Mistakes of launchers, told on all ranks alike. Every rank plays a node of its own where that is
 * what matters. */
#include "run/launch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit/scratch.h"
#include "mpi_unit.h"

static int rank_of_world(int *ranks)
{
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, ranks);
    return rank;
}

static void all_ranks_here_share_one_node(void)
{
    struct launch launch;
    int ranks;
    rank_of_world(&ranks);
    launch_look(MPI_COMM_WORLD, &launch);
    CU_ASSERT_EQUAL(launch.ranks, ranks);
    CU_ASSERT_EQUAL(launch.nodes, 1);
    CU_ASSERT_EQUAL(launch.least, ranks);
    CU_ASSERT_EQUAL(launch.most, ranks);
    CU_ASSERT_EQUAL(launch.cores, sysconf(_SC_NPROCESSORS_ONLN));
    CU_ASSERT_EQUAL(launch.spare, launch.cores - ranks);
}

static void expect_description(const struct launch *launch, const char *expected)
{
    struct buffer text = {0};
    launch_describe(launch, &text);
    buffer_put_u8(&text, '\0');
    CU_ASSERT_STRING_EQUAL((const char *)text.data, expected);
    buffer_release(&text);
}

static void what_is_odd_is_said(void)
{
    expect_description(&(struct launch){1, 1, 1, 1, 1, 0}, "1 rank on 1 node (1 core)");
    expect_description(&(struct launch){8, 2, 4, 4, 64, 28}, "8 ranks on 2 nodes (64 cores)");
    expect_description(&(struct launch){6, 1, 6, 6, 2, -4},
                       "6 ranks on 1 node (2 cores), more ranks than cores: they take turns");
    expect_description(&(struct launch){5, 2, 1, 4, 64, 28},
                       "5 ranks on 2 nodes (64 cores), unevenly: 1 to 4 ranks a node, and all wait "
                       "for the slowest");
}

static void ranks_that_did_not_find_each_other_are_refused(void)
{
    struct error err = {""};
    setenv("SLURM_STEP_NUM_TASKS", "4", 1);
    CU_ASSERT_EQUAL(launch_check_size(4, &err), STATUS_OK);
    CU_ASSERT_EQUAL(launch_check_size(1, &err), STATUS_USAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "4 tasks"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "--mpi=pmix"));
    setenv("SLURM_STEP_NUM_TASKS", "1", 1);
    setenv("PMI_SIZE", "3", 1); /* as mpirun of MPICH sets it */
    CU_ASSERT_EQUAL(launch_check_size(1, &err), STATUS_USAGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "3 tasks"));
    unsetenv("PMI_SIZE");
    CU_ASSERT_EQUAL(launch_check_size(1, &err), STATUS_OK);
    unsetenv("SLURM_STEP_NUM_TASKS");
    CU_ASSERT_EQUAL(launch_check_size(1, &err), STATUS_OK);
}

static void another_build_on_a_node_is_named(void)
{
    int ranks, rank = rank_of_world(&ranks);
    for (int odd = 0; odd < ranks; odd++) {
        struct error err = {""};
        char expected[64];
        const char *build = rank == odd ? "bbbb" : "aaaa";
        int named = odd == 0 ? 1 : odd; /* the lowest that differs from rank 0 */
        enum status status = launch_check_build(MPI_COMM_WORLD, build, &err);
        CU_ASSERT_EQUAL(status, ranks == 1 ? STATUS_OK : STATUS_USAGE);
        snprintf(expected, sizeof expected, "but rank %d on ", named);
        CU_ASSERT(ranks == 1 || strstr(err.text, expected));
        CU_ASSERT(ranks == 1 || strstr(err.text, odd == 0 ? "is aaaa" : "is bbbb"));
    }
    struct error err = {""};
    CU_ASSERT_EQUAL(launch_check_build(MPI_COMM_WORLD, "aaaa", &err), STATUS_OK);
}

/* Each rank gives a path: that of rank 0, or its own. */
static enum status check_seen(const char *own, bool shares, struct error *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", own);
    MPI_Bcast(path, sizeof path, MPI_BYTE, 0, MPI_COMM_WORLD);
    return launch_check_shared(MPI_COMM_WORLD, shares ? path : own, err);
}

static void a_directory_of_all_ranks_is_one(void)
{
    struct scratch scratch = scratch_make();
    struct error err = {""};
    for (int time = 0; time < 3; time++)
        CU_ASSERT_EQUAL(check_seen(scratch.path, true, &err), STATUS_OK);
    char path[PATH_MAX];
    CU_ASSERT_NOT_EQUAL(access(scratch_file(&scratch, ".shared", path), F_OK), 0);
    scratch_remove(&scratch);
}

static void a_directory_of_the_same_name_on_another_disk_is_told_apart(void)
{
    int ranks, rank = rank_of_world(&ranks);
    struct scratch scratch = scratch_make();
    struct error err = {""};
    char path[PATH_MAX];
    FILE *left_behind = fopen(scratch_file(&scratch, ".shared", path), "w");
    fprintf(left_behind, "%64s", "the token of an earlier run");
    fclose(left_behind);
    enum status status = check_seen(scratch.path, rank != ranks - 1, &err);
    CU_ASSERT_EQUAL(status, ranks == 1 ? STATUS_OK : STATUS_CANNOT_CREATE);
    snprintf(path, sizeof path, "rank %d on ", ranks - 1);
    CU_ASSERT(ranks == 1 || strstr(err.text, path));
    scratch_remove(&scratch);
}

static void a_directory_that_cannot_be_written_is_an_error_everywhere(void)
{
    struct scratch scratch = scratch_make();
    struct error err = {""};
    char path[PATH_MAX];
    scratch_file(&scratch, "nowhere", path);
    CU_ASSERT_EQUAL(check_seen(path, true, &err), STATUS_CANNOT_CREATE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "nowhere/.shared"));
    scratch_remove(&scratch);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(all_ranks_here_share_one_node),
        UNIT_TEST(what_is_odd_is_said),
        UNIT_TEST(ranks_that_did_not_find_each_other_are_refused),
        UNIT_TEST(another_build_on_a_node_is_named),
        UNIT_TEST(a_directory_of_all_ranks_is_one),
        UNIT_TEST(a_directory_of_the_same_name_on_another_disk_is_told_apart),
        UNIT_TEST(a_directory_that_cannot_be_written_is_an_error_everywhere),
    };
    return mpi_unit_run(&argc, &argv, "launch", tests, UNIT_COUNT(tests));
}
