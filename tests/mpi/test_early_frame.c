#include "store/early_frame.h"

#include <unistd.h>

#include "frames_world.h"

static struct early_frame *open_early(const struct world *world)
{
    struct early_frame *early = NULL;
    struct error err;
    struct frames_config config = test_frames_config(world);
    CU_ASSERT_EQUAL_FATAL(early_frame_open(world->domain, &config, &early, &err), STATUS_OK);
    return early;
}

static enum status write_picture(struct world *world, struct early_frame *early, int64_t salt,
                                 struct error *err)
{
    struct frame_row row = row_of(0, salt);
    world_fill(world, salt);
    return early_frame_write(early, world->field, &row, 6, (int)salt, err);
}

/* On rank 0, once all are done. */
static bool exists(const struct world *world, const char *name)
{
    char path[PATH_MAX];
    MPI_Barrier(world->domain->comm);
    bool there = access(scratch_file(&world->scratch, name, path), F_OK) == 0;
    MPI_Barrier(world->domain->comm);
    return there;
}

static void check_view(const struct world *world, int64_t salt)
{
    struct early_view view;
    struct error err;
    CU_ASSERT_EQUAL_FATAL(early_frame_view(world->scratch.path, &view, &err), STATUS_OK);
    CU_ASSERT_EQUAL(view.window, 0);
    CU_ASSERT_EQUAL(view.event_time_ms, START_MS + FIRST_MS);
    CU_ASSERT_EQUAL(view.events, 10);
    CU_ASSERT_EQUAL(view.clocks, 6);
    CU_ASSERT_EQUAL(view.clocks_passed, salt);
    CU_ASSERT_EQUAL(view.t_min, 0.25);
}

static void each_picture_takes_the_place_of_the_one_before(void)
{
    struct world world = world_make(MPI_COMM_WORLD, NX, NY, TILE);
    struct early_frame *early = open_early(&world);
    struct error err;
    for (int64_t salt = 0; salt < 3; salt++) {
        CU_ASSERT_EQUAL_FATAL(write_picture(&world, early, salt, &err), STATUS_OK);
        if (world.domain->rank == 0) {
            expect_rows(&world, "early.h5", 1, &salt);
            check_view(&world, salt);
        }
        CU_ASSERT_FALSE(exists(&world, "early.h5.tmp"));
    }
    CU_ASSERT(exists(&world, "early.h5"));
    early_frame_close(early);
    CU_ASSERT_FALSE(exists(&world, "early.h5"));
    world_destroy(&world);
}

static void a_picture_goes_when_its_window_closes_and_when_a_run_begins(void)
{
    struct world world = world_make(MPI_COMM_WORLD, NX, NY, TILE);
    struct early_view view;
    struct error err;
    struct early_frame *killed = open_early(&world);
    CU_ASSERT_EQUAL_FATAL(write_picture(&world, killed, 1, &err), STATUS_OK);
    CU_ASSERT(exists(&world, "early.h5"));
    struct early_frame *early = open_early(&world);
    CU_ASSERT_FALSE(exists(&world, "early.h5"));
    CU_ASSERT_EQUAL(early_frame_view(world.scratch.path, &view, &err), STATUS_NO_INPUT);
    CU_ASSERT_EQUAL_FATAL(write_picture(&world, early, 2, &err), STATUS_OK);
    early_frame_remove(early);
    CU_ASSERT_FALSE(exists(&world, "early.h5"));
    CU_ASSERT_EQUAL_FATAL(write_picture(&world, early, 3, &err), STATUS_OK);
    CU_ASSERT(exists(&world, "early.h5"));
    early_frame_close(early);
    early_frame_close(killed);
    world_destroy(&world);
}

static void a_rank_that_cannot_write_fails_all_and_leaves_the_picture_before(void)
{
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    /* Not rank 0: the limit would keep HDF5 from closing the file that it cannot make. */
    for (int victim = 1; victim < ranks; victim++) {
        struct world world = world_make(MPI_COMM_WORLD, NX, NY, TILE);
        struct early_frame *early = open_early(&world);
        struct error err = {""};
        int64_t salt = 1;
        CU_ASSERT_EQUAL_FATAL(write_picture(&world, early, salt, &err), STATUS_OK);
        if (world.domain->rank == victim)
            world_limit_files(1024);
        enum status status = write_picture(&world, early, 2, &err);
        if (world.domain->rank == victim)
            world_lift_limit();
        CU_ASSERT_EQUAL(status, STATUS_IO);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "early.h5"));
        CU_ASSERT_FALSE(exists(&world, "early.h5.tmp"));
        if (world.domain->rank == 0)
            expect_rows(&world, "early.h5", 1, &salt);
        early_frame_close(early);
        world_destroy(&world);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(each_picture_takes_the_place_of_the_one_before),
        UNIT_TEST(a_picture_goes_when_its_window_closes_and_when_a_run_begins),
        UNIT_TEST(a_rank_that_cannot_write_fails_all_and_leaves_the_picture_before),
    };
    return mpi_unit_run(&argc, &argv, "early_frame", tests, UNIT_COUNT(tests));
}
