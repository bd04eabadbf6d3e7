/* Frames of a run that goes on: what it keeps, what it cuts off, and what it refuses. */
#include <unistd.h>

#include "base/durable.h"
#include "frames_world.h"

static void write_whole_run(struct world *world, int64_t rows)
{
    struct error err = {""};
    struct frames *frames = open_frames(world, false, 0, STATUS_OK, &err);
    write_rows(world, frames, 0, rows);
    close_frames(frames);
}

static struct world world_with_rows(int64_t rows)
{
    struct world world = world_make(MPI_COMM_WORLD, NX, NY, TILE);
    write_whole_run(&world, rows);
    return world;
}

static void restart_keeps_its_rows_and_cuts_later_ones(void)
{
    struct error err = {""};
    struct world world = world_make(MPI_COMM_WORLD, NX, NY, TILE);
    char path[PATH_MAX];
    for (int64_t kept = 0; kept <= 10; kept++) {
        int64_t salts[16];
        memcpy(salts, plain, sizeof salts);
        write_whole_run(&world, 10);
        struct frames *frames = open_frames(&world, false, kept, STATUS_OK, &err);
        for (int64_t r = kept; r < 6; r++) {
            salts[r] = r + 50;
            CU_ASSERT_EQUAL(write_row(&world, frames, r, salts[r], &err), STATUS_OK);
        }
        close_frames(frames);
        if (world.domain->rank == 0) {
            expect_rows(&world, "frames.h5", kept > 6 ? kept : 6, salts);
            CU_ASSERT_EQUAL(
                durable_exists(scratch_file(&world.scratch, "frames/seg_000002.h5", path)),
                kept > 8);
        }
        MPI_Barrier(world.domain->comm);
    }
    world_destroy(&world);
}

static void rows_cut_off_by_a_restart_are_unwritten(void)
{
    struct error err = {""};
    int64_t windows[PER_SEGMENT] = {0};
    struct world world = world_with_rows(8);
    struct frames *frames = open_frames(&world, false, 5, STATUS_OK, &err);
    if (world.domain->rank == 0) {
        struct reader reader = reader_open(&world, "frames/seg_000001.h5");
        reader_read(reader, "/series/window", H5T_NATIVE_INT64, windows);
        H5Fclose(reader.file);
        CU_ASSERT_EQUAL(windows[0], 8);
        for (int i = 1; i < PER_SEGMENT; i++)
            CU_ASSERT_EQUAL(windows[i], -1);
    }
    close_frames(frames);
    world_destroy(&world);
}

static void closed_segment_has_no_row_that_was_not_written(void)
{
    struct world world = world_with_rows(6);
    if (world.domain->rank == 0) {
        struct reader reader = reader_open(&world, "frames/seg_000001.h5");
        CU_ASSERT_EQUAL(reader_rows(reader, "/temperature"), 2);
        CU_ASSERT_EQUAL(reader_rows(reader, "/time"), 2);
        CU_ASSERT_EQUAL(reader_rows(reader, "/series/latency_ms"), 2);
        H5Fclose(reader.file);
        expect_rows(&world, "frames/seg_000000.h5", 4, plain);
    }
    world_destroy(&world);
}

static void run_directory_can_be_moved(void)
{
    struct world world = world_with_rows(6);
    if (world.domain->rank == 0) {
        struct world moved = world;
        snprintf(moved.scratch.path, sizeof moved.scratch.path, "%.200s-moved", world.scratch.path);
        CU_ASSERT_EQUAL(rename(world.scratch.path, moved.scratch.path), 0);
        expect_rows(&moved, "frames.h5", 6, plain);
        CU_ASSERT_EQUAL(rename(moved.scratch.path, world.scratch.path), 0);
    }
    world_destroy(&world);
}

static void restart_with_missing_rows_is_refused_on_every_rank(void)
{
    struct error err = {""};
    struct world world = world_with_rows(6);
    char path[PATH_MAX];
    CU_ASSERT_PTR_NULL(open_frames(&world, false, 7, STATUS_BAD_DATA, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "seg_000001.h5"));
    CU_ASSERT_PTR_NULL(open_frames(&world, true, 6, STATUS_BAD_DATA, &err));
    MPI_Barrier(world.domain->comm);
    if (world.domain->rank == 0)
        unlink(scratch_file(&world.scratch, "frames/seg_000000.h5", path));
    CU_ASSERT_PTR_NULL(open_frames(&world, false, 6, STATUS_BAD_DATA, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "seg_000000.h5"));
    world_destroy(&world);
}

static void unwritable_directory_is_an_error_not_a_hang(void)
{
    struct error err = {""};
    char path[PATH_MAX];
    struct world world = world_make(MPI_COMM_WORLD, NX, NY, TILE);
    if (world.domain->rank == 0)
        CU_ASSERT_EQUAL(
            durable_write_file(scratch_file(&world.scratch, "frames", path), "x", 1, 0644, &err),
            STATUS_OK);
    CU_ASSERT_PTR_NULL(open_frames(&world, false, 0, STATUS_CANNOT_CREATE, &err));
    world_destroy(&world);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(restart_keeps_its_rows_and_cuts_later_ones),
        UNIT_TEST(rows_cut_off_by_a_restart_are_unwritten),
        UNIT_TEST(closed_segment_has_no_row_that_was_not_written),
        UNIT_TEST(run_directory_can_be_moved),
        UNIT_TEST(restart_with_missing_rows_is_refused_on_every_rank),
        UNIT_TEST(unwritable_directory_is_an_error_not_a_hang),
    };
    return mpi_unit_run(&argc, &argv, "frames_restart", tests, UNIT_COUNT(tests));
}
