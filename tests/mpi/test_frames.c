/* Frames: what is written is what a reader finds, during the run and after it. */
#include "frames_world.h"

static void frames_read_back_bit_for_bit(void)
{
    struct error err = {""};
    struct world world = world_make(MPI_COMM_WORLD, NX, NY, TILE);
    struct frames *frames = open_frames(&world, false, 0, STATUS_OK, &err);
    write_rows(&world, frames, 0, 11);
    close_frames(frames);
    if (world.domain->rank == 0)
        expect_rows(&world, "frames.h5", 11, plain);
    world_destroy(&world);
}

static void stored_digest_proves_the_values_as_stored(void)
{
    struct error err = {""};
    for (int f64 = 0; f64 < 2; f64++) {
        struct world world = world_make(MPI_COMM_WORLD, NX, NY, TILE);
        struct frames *frames = open_frames(&world, f64, 0, STATUS_OK, &err);
        struct digest stored;
        struct frame_row row = row_of(0, 5);
        world_fill(&world, 5);
        CU_ASSERT_EQUAL(frames_write(frames, 0, world.field, &row, &stored, &err), STATUS_OK);
        CU_ASSERT(digest_equal(stored, world_digest(world.domain, 5, f64)));
        close_frames(frames);
        world_destroy(&world);
    }
}

static void doubles_are_stored_as_they_are(void)
{
    static double cells[NY * NX];
    struct error err = {""};
    struct world world = world_make(MPI_COMM_WORLD, NX, NY, TILE);
    struct frames *frames = open_frames(&world, true, 0, STATUS_OK, &err);
    write_rows(&world, frames, 0, 1);
    close_frames(frames);
    if (world.domain->rank == 0) {
        struct reader reader = reader_open(&world, "frames.h5");
        int wrong = 0;
        reader_read(reader, "/temperature", H5T_NATIVE_DOUBLE, cells);
        H5Fclose(reader.file);
        for (int64_t y = 0; y < NY; y++)
            for (int64_t x = 0; x < NX; x++)
                wrong += cells[y * NX + x] != world_value(0, x, y);
        CU_ASSERT_EQUAL(wrong, 0);
    }
    world_destroy(&world);
}

static void slabs_of_one_column_and_tiles_of_any_width_are_written_right(void)
{
    int ranks;
    struct error err = {""};
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    struct world world = world_make(MPI_COMM_WORLD, ranks, NY, 1);
    struct frames *frames = open_frames(&world, false, 0, STATUS_OK, &err);
    write_rows(&world, frames, 0, 2);
    close_frames(frames);
    if (world.domain->rank == 0) {
        float cells[2 * NY * 64];
        struct reader reader = reader_open(&world, "frames.h5");
        int wrong = 0;
        reader_read(reader, "/temperature", H5T_NATIVE_FLOAT, cells);
        H5Fclose(reader.file);
        for (int64_t r = 0; r < 2; r++)
            for (int64_t y = 0; y < NY; y++)
                for (int64_t x = 0; x < ranks; x++)
                    wrong += cells[(r * NY + y) * ranks + x] != (float)world_value(r, x, y);
        CU_ASSERT_EQUAL(wrong, 0);
    }
    world_destroy(&world);
}

/* Cells of rows 0 and on, written by write_rows(), that are not what they should be. */
static int count_wrong(const struct world *world, bool f64, int64_t rows)
{
    static double cells[16 * NY * NX];
    int wrong = 0;
    struct reader reader = reader_open(world, "frames.h5");
    reader_read(reader, "/temperature", H5T_NATIVE_DOUBLE, cells);
    H5Fclose(reader.file);
    for (int64_t i = 0; i < rows * NY * NX; i++) {
        double value = world_value(i / (NY * NX), i % NX, i / NX % NY);
        wrong += cells[i] != (f64 ? value : (double)(float)value);
    }
    return wrong;
}

/* The widest are as wide as the grid: each row is a single chunk then. */
static void tiles_of_any_size_hold_every_cell_and_its_series(void)
{
    static const int64_t tiles[] = {1, NY, NX - 1, NX, 256};
    for (int i = 0; i < 10; i++) {
        bool f64 = i % 2 == 1;
        struct world world = world_make(MPI_COMM_WORLD, NX, NY, 1);
        struct frames *frames = open_tiled_frames(&world, f64, tiles[i / 2]);
        write_rows(&world, frames, 0, 9);
        close_frames(frames);
        if (world.domain->rank == 0) {
            CU_ASSERT_EQUAL(count_wrong(&world, f64, 9), 0);
            if (!f64)
                expect_rows(&world, "frames.h5", 9, plain);
        }
        world_destroy(&world);
    }
}

static void flushed_rows_are_readable_while_the_run_is_writing(void)
{
    struct error err = {""};
    struct world world = world_make(MPI_COMM_WORLD, NX, NY, TILE);
    struct frames *frames = open_frames(&world, false, 0, STATUS_OK, &err);
    for (int64_t rows = 1; rows <= 9; rows++) {
        write_rows(&world, frames, rows - 1, rows);
        CU_ASSERT_EQUAL(frames_sync(frames, true, &err), STATUS_OK);
        if (world.domain->rank == 0)
            expect_rows(&world, "frames.h5", rows, plain);
        MPI_Barrier(world.domain->comm);
    }
    close_frames(frames);
    world_destroy(&world);
}

static void correction_overwrites_its_row_in_an_earlier_segment(void)
{
    struct error err = {""};
    const int64_t salts[9] = {0, 1, 102, 103, 4, 105, 6, 7, 8};
    struct world world = world_make(MPI_COMM_WORLD, NX, NY, TILE);
    struct frames *frames = open_frames(&world, false, 0, STATUS_OK, &err);
    write_rows(&world, frames, 0, 5);
    CU_ASSERT_EQUAL(write_row(&world, frames, 2, 102, &err), STATUS_OK);
    write_rows(&world, frames, 5, 8);
    CU_ASSERT_EQUAL(write_row(&world, frames, 5, 105, &err), STATUS_OK);
    write_rows(&world, frames, 8, 9);
    CU_ASSERT_EQUAL(write_row(&world, frames, 3, 103, &err), STATUS_OK);
    close_frames(frames);
    if (world.domain->rank == 0)
        expect_rows(&world, "frames.h5", 9, salts);
    world_destroy(&world);
}

static void row_beyond_the_horizon_cannot_be_corrected(void)
{
    struct error err = {""};
    struct world world = world_make(MPI_COMM_WORLD, NX, NY, TILE);
    struct frames *frames = open_frames(&world, false, 0, STATUS_OK, &err);
    write_rows(&world, frames, 0, 13);
    CU_ASSERT_EQUAL(write_row(&world, frames, 3, 103, &err), STATUS_BUG);
    close_frames(frames);
    world_destroy(&world);
}

static void offsets_and_provenance_are_stored(void)
{
    struct error err = {""};
    const int64_t first[3] = {1, 2, 3}, early[3] = {4, 5, 6}, late[3] = {40, 50, 60};
    const int64_t none[3] = {0}, some[3] = {0, 7, 0};
    struct frames_offsets offsets = {"heat", 3, first, early, none};
    struct world world = world_make(MPI_COMM_WORLD, NX, NY, TILE);
    struct frames *frames = open_frames(&world, false, 0, STATUS_OK, &err);
    frames_set_offsets(frames, &offsets);
    write_rows(&world, frames, 0, 5);
    offsets = (struct frames_offsets){"heat", 3, first, late, some};
    frames_set_offsets(frames, &offsets);
    close_frames(frames);
    static const char *const names[] = {"frames.h5", "frames/seg_000001.h5"};
    for (int i = 0; i < 2 && world.domain->rank == 0; i++) {
        int64_t values[3] = {0};
        struct reader reader = reader_open(&world, names[i]);
        CU_ASSERT_FATAL(reader.file >= 0);
        reader_read(reader, "/kafka/next_offset", H5T_NATIVE_INT64, values);
        CU_ASSERT_EQUAL(memcmp(values, late, sizeof values), 0);
        reader_read(reader, "/kafka/lost_offsets", H5T_NATIVE_INT64, values);
        CU_ASSERT_EQUAL(memcmp(values, some, sizeof values), 0);
        reader_read(reader, "/kafka/first_offset", H5T_NATIVE_INT64, values);
        CU_ASSERT_EQUAL(memcmp(values, first, sizeof values), 0);
        CU_ASSERT(H5Aexists_by_name(reader.file, "/provenance", "git_id", H5P_DEFAULT) > 0);
        CU_ASSERT(H5Lexists(reader.file, "/provenance/config", H5P_DEFAULT) > 0);
        H5Fclose(reader.file);
    }
    world_destroy(&world);
}

enum cells_way { COLLECTIVE, TOGETHER, DIRECT, BEHIND, CELLS_WAYS };

/* Cells leave in collective calls, wait for each other, or are whole tiles of each rank, which it
 * or a thread of it writes. */
static struct world world_of_way(enum cells_way way, struct frames **frames)
{
    enum { SIDE = 64 };
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    bool tiles = way == DIRECT || way == BEHIND;
    int64_t wide = tiles ? 2 * SIDE * ranks : SIDE, slabs = tiles ? SIDE : 1;
    struct world world = world_make(MPI_COMM_WORLD, wide, SIDE, slabs);
    *frames = open_frames_of(&world, true, way == COLLECTIVE ? TILE : SIDE, way == BEHIND);
    return world;
}

static void fail_once(enum cells_way way, int victim)
{
    struct error err = {""};
    struct frames *frames;
    struct world world = world_of_way(way, &frames);
    CU_ASSERT_EQUAL(write_row(&world, frames, 0, 0, &err), STATUS_OK);
    CU_ASSERT_EQUAL(frames_put(frames, &err), STATUS_OK);
    if (world.domain->rank == victim)
        world_limit_files(1024);
    enum status status = write_row(&world, frames, 1, 1, &err);
    if (status == STATUS_OK && way == BEHIND)
        status = write_row(&world, frames, 2, 2, &err);
    if (status == STATUS_OK)
        status = frames_put(frames, &err);
    if (world.domain->rank == victim)
        world_lift_limit();
    bool has_failed = victim == 0 || way != TOGETHER; /* rank 0 writes what waited */
    CU_ASSERT_EQUAL(status, has_failed ? STATUS_IO : STATUS_OK);
    CU_ASSERT(!has_failed || strstr(err.text, "seg_000000.h5"));
    CU_ASSERT_EQUAL(write_row(&world, frames, 1, 1, &err), STATUS_OK);
    close_frames(frames);
    if (world.domain->rank == 0) {
        struct reader reader = reader_open(&world, "frames.h5");
        CU_ASSERT_EQUAL(reader_rows(reader, "/temperature"), 2);
        H5Fclose(reader.file);
    }
    world_destroy(&world);
}

static void full_disk_on_one_rank_fails_on_all(void)
{
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    for (int victim = 0; victim < ranks; victim++)
        for (int way = 0; way < CELLS_WAYS; way++)
            fail_once((enum cells_way)way, victim);
}

/* As another program finds them in the file of the first segment. */
static int64_t windows_found(const struct world *world)
{
    int64_t windows[PER_SEGMENT] = {0}, found = 0;
    struct reader reader = reader_open(world, "frames/seg_000000.h5");
    CU_ASSERT_FATAL(reader.file >= 0);
    reader_read(reader, "/series/window", H5T_NATIVE_INT64, windows);
    H5Fclose(reader.file);
    while (found < PER_SEGMENT && windows[found] >= 0)
        found++;
    return found;
}

static void rows_that_wait_are_all_in_the_file_once_they_are_put(void)
{
    struct error err = {""};
    struct world world = world_make(MPI_COMM_WORLD, NX, NY, 1);
    struct frames *frames = open_tiled_frames(&world, false, NX);
    write_rows(&world, frames, 0, 3);
    CU_ASSERT_EQUAL(frames_waiting(frames), 3);
    CU_ASSERT(frames_may_wait(frames));
    CU_ASSERT_EQUAL(frames_put(frames, &err), STATUS_OK);
    CU_ASSERT_EQUAL(frames_waiting(frames), 0);
    if (world.domain->rank == 0)
        CU_ASSERT_EQUAL(windows_found(&world), 3);
    MPI_Barrier(world.domain->comm);
    close_frames(frames);
    world_destroy(&world);
}

static void rows_that_could_not_be_written_wait_until_they_can_be(void)
{
    struct error err = {""};
    struct world world = world_make(MPI_COMM_WORLD, NX, NY, 1);
    struct frames *frames = open_tiled_frames(&world, true, NX);
    write_rows(&world, frames, 0, 3);
    if (world.domain->rank == 0)
        world_limit_files(1024);
    CU_ASSERT_EQUAL(frames_put(frames, &err), STATUS_IO);
    CU_ASSERT_EQUAL(frames_flush(frames, true, &err), STATUS_IO);
    CU_ASSERT_EQUAL(frames_waiting(frames), 3);
    if (world.domain->rank == 0)
        world_lift_limit();
    write_rows(&world, frames, 3, 5);
    close_frames(frames);
    if (world.domain->rank == 0)
        CU_ASSERT_EQUAL(count_wrong(&world, true, 5), 0);
    world_destroy(&world);
}

static void rows_whose_cells_a_thread_writes_wait_for_them(void)
{
    struct error err = {""};
    struct frames *frames;
    struct world world = world_of_way(BEHIND, &frames);
    write_rows(&world, frames, 0, 3);
    CU_ASSERT_EQUAL(frames_waiting(frames), 3);
    if (world.domain->rank == 0)
        CU_ASSERT_EQUAL(windows_found(&world), 0);
    MPI_Barrier(world.domain->comm);
    CU_ASSERT_EQUAL(frames_put(frames, &err), STATUS_OK);
    CU_ASSERT_EQUAL(frames_waiting(frames), 0);
    if (world.domain->rank == 0)
        CU_ASSERT_EQUAL(windows_found(&world), 3);
    MPI_Barrier(world.domain->comm);
    write_rows(&world, frames, 3, 30); /* more than wait, in several segments */
    close_frames(frames);
    world_destroy(&world);
}

static void correction_of_a_row_that_waits_is_what_the_file_holds(void)
{
    struct error err = {""};
    const int64_t salts[8] = {0, 1, 102, 3, 4, 5, 106, 7};
    struct world world = world_make(MPI_COMM_WORLD, NX, NY, 1);
    struct frames *frames = open_tiled_frames(&world, false, NX);
    write_rows(&world, frames, 0, 4);
    CU_ASSERT_EQUAL(write_row(&world, frames, 2, 102, &err), STATUS_OK);
    write_rows(&world, frames, 4, 8);
    CU_ASSERT_EQUAL(write_row(&world, frames, 6, 106, &err), STATUS_OK);
    CU_ASSERT_EQUAL(frames_waiting(frames), 0);
    close_frames(frames);
    if (world.domain->rank == 0)
        expect_rows(&world, "frames.h5", 8, salts);
    world_destroy(&world);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(frames_read_back_bit_for_bit),
        UNIT_TEST(stored_digest_proves_the_values_as_stored),
        UNIT_TEST(doubles_are_stored_as_they_are),
        UNIT_TEST(slabs_of_one_column_and_tiles_of_any_width_are_written_right),
        UNIT_TEST(tiles_of_any_size_hold_every_cell_and_its_series),
        UNIT_TEST(flushed_rows_are_readable_while_the_run_is_writing),
        UNIT_TEST(correction_overwrites_its_row_in_an_earlier_segment),
        UNIT_TEST(row_beyond_the_horizon_cannot_be_corrected),
        UNIT_TEST(offsets_and_provenance_are_stored),
        UNIT_TEST(full_disk_on_one_rank_fails_on_all),
        UNIT_TEST(rows_that_wait_are_all_in_the_file_once_they_are_put),
        UNIT_TEST(rows_that_could_not_be_written_wait_until_they_can_be),
        UNIT_TEST(rows_whose_cells_a_thread_writes_wait_for_them),
        UNIT_TEST(correction_of_a_row_that_waits_is_what_the_file_holds),
    };
    return mpi_unit_run(&argc, &argv, "frames", tests, UNIT_COUNT(tests));
}
