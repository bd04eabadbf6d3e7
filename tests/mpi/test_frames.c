/* Frames: what is written is what a reader finds, during the run, after it, and after a crash. */
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "store/frames.h"
#include "store_world.h"

enum { NX = 13, NY = 5, TILE = 4, PER_SEGMENT = 4, FIRST_MS = 100 };

static const int64_t START_MS = 1767225600000; /* 2026-01-01 */

static struct frames *open_frames(const struct world *world, bool f64, int64_t rows,
                                  enum status expected, struct error *err)
{
    struct frames *frames = NULL;
    struct frames_config config = {
        .directory = world->scratch.path,
        .run_id = "run-7",
        .title = "a test",
        .dx = 0.5,
        .dy = 0.25,
        .f64 = f64,
        .tile = TILE,
        .per_segment = PER_SEGMENT,
        .horizon_rows = 6,
        .provenance = &world_provenance,
    };
    CU_ASSERT_EQUAL(frames_open(world->domain, &config, rows, &frames, err), expected);
    return frames;
}

static struct frame_row row_of(int64_t index, int64_t salt)
{
    return (struct frame_row){
        .window = 2 * index,
        .event_time_ms = START_MS + FIRST_MS * (index + 1),
        .revision = salt / 100,
        .final = true,
        .complete = index % 2 == 0,
        .t_min = (double)index + 0.25,
        .heat_in = (double)salt,
        .events = 10 + index,
        .dead = index,
        .digest = digest_bytes(&index, sizeof index),
        .latency_ms = 1.5,
    };
}

static enum status write_row(struct world *world, struct frames *frames, int64_t index,
                             int64_t salt, struct error *err)
{
    struct digest stored;
    struct frame_row row = row_of(index, salt);
    world_fill(world, salt);
    return frames_write(frames, index, world->field, &row, &stored, err);
}

static void write_rows(struct world *world, struct frames *frames, int64_t from, int64_t to)
{
    struct error err = {""};
    for (int64_t r = from; r < to; r++)
        CU_ASSERT_EQUAL(write_row(world, frames, r, r, &err), STATUS_OK);
}

static void close_frames(struct frames *frames)
{
    struct error err = {""};
    CU_ASSERT_EQUAL(frames_close(frames, &err), STATUS_OK);
}

/* Reads rows from the master (or another file), as any HDF5 program does, on one rank. */
struct reader {
    hid_t file;
};

static struct reader reader_open(const struct world *world, const char *name)
{
    char path[PATH_MAX];
    return (struct reader){
        H5Fopen(scratch_file(&world->scratch, name, path), H5F_ACC_RDONLY, H5P_DEFAULT)};
}

static int64_t reader_rows(struct reader reader, const char *name)
{
    hsize_t dims[3] = {0};
    hid_t set = H5Dopen2(reader.file, name, H5P_DEFAULT), space = H5Dget_space(set);
    H5Sget_simple_extent_dims(space, dims, NULL);
    H5Sclose(space);
    H5Dclose(set);
    return (int64_t)dims[0];
}

static void reader_read(struct reader reader, const char *name, hid_t type, void *values)
{
    hid_t set = H5Dopen2(reader.file, name, H5P_DEFAULT);
    CU_ASSERT(H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(set);
}

/* `salts` [rows]: what row r was filled with. */
static void expect_rows(const struct world *world, const char *name, int64_t rows,
                        const int64_t *salts)
{
    static double cells[16 * NY * NX];
    int64_t windows[16], revisions[16];
    double times[16];
    char stored[16][32];
    struct reader reader = reader_open(world, name);
    CU_ASSERT_FATAL(reader.file >= 0);
    CU_ASSERT_EQUAL_FATAL(reader_rows(reader, "/temperature"), rows);
    reader_read(reader, "/temperature", H5T_NATIVE_DOUBLE, cells);
    reader_read(reader, "/time", H5T_NATIVE_DOUBLE, times);
    reader_read(reader, "/series/window", H5T_NATIVE_INT64, windows);
    reader_read(reader, "/series/revision", H5T_NATIVE_INT64, revisions);
    hid_t text = H5Tcopy(H5T_C_S1);
    H5Tset_size(text, 32);
    H5Tset_strpad(text, H5T_STR_NULLPAD);
    H5Tset_cset(text, H5T_CSET_UTF8);
    reader_read(reader, "/series/stored_digest", text, stored);
    H5Tclose(text);
    H5Fclose(reader.file);
    for (int64_t r = 0; r < rows; r++) {
        int wrong = 0;
        char hex[DIGEST_HEX];
        for (int64_t y = 0; y < NY; y++)
            for (int64_t x = 0; x < NX; x++)
                wrong += cells[(r * NY + y) * NX + x] != (float)world_value(salts[r], x, y);
        digest_hex(world_digest(world->domain, salts[r], false), hex);
        CU_ASSERT_EQUAL(wrong, 0);
        CU_ASSERT_EQUAL(windows[r], 2 * r);
        CU_ASSERT_EQUAL(revisions[r], salts[r] / 100);
        CU_ASSERT_EQUAL(times[r], (double)(FIRST_MS * (r + 1)));
        CU_ASSERT_EQUAL(memcmp(stored[r], hex, 32), 0);
    }
}

static const int64_t plain[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

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

static void flushed_rows_are_readable_while_the_run_is_writing(void)
{
    struct error err = {""};
    struct world world = world_make(MPI_COMM_WORLD, NX, NY, TILE);
    struct frames *frames = open_frames(&world, false, 0, STATUS_OK, &err);
    for (int64_t rows = 1; rows <= 9; rows++) {
        write_rows(&world, frames, rows - 1, rows);
        CU_ASSERT_EQUAL(frames_sync(frames, &err), STATUS_OK);
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

static void restart_keeps_its_rows_and_cuts_later_ones(void)
{
    struct error err = {""};
    struct world world = world_make(MPI_COMM_WORLD, NX, NY, TILE);
    char path[PATH_MAX];
    for (int64_t kept = 0; kept <= 10; kept++) {
        int64_t salts[16];
        memcpy(salts, plain, sizeof salts);
        struct frames *frames = open_frames(&world, false, 0, STATUS_OK, &err);
        write_rows(&world, frames, 0, 10);
        close_frames(frames);
        frames = open_frames(&world, false, kept, STATUS_OK, &err);
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
    struct world world = world_make(MPI_COMM_WORLD, NX, NY, TILE);
    struct frames *frames = open_frames(&world, false, 0, STATUS_OK, &err);
    write_rows(&world, frames, 0, 8);
    close_frames(frames);
    frames = open_frames(&world, false, 5, STATUS_OK, &err);
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
    struct error err = {""};
    struct world world = world_make(MPI_COMM_WORLD, NX, NY, TILE);
    struct frames *frames = open_frames(&world, false, 0, STATUS_OK, &err);
    write_rows(&world, frames, 0, 6);
    close_frames(frames);
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
    struct error err = {""};
    struct world world = world_make(MPI_COMM_WORLD, NX, NY, TILE);
    struct frames *frames = open_frames(&world, false, 0, STATUS_OK, &err);
    write_rows(&world, frames, 0, 6);
    close_frames(frames);
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
    struct world world = world_make(MPI_COMM_WORLD, NX, NY, TILE);
    char path[PATH_MAX];
    struct frames *frames = open_frames(&world, false, 0, STATUS_OK, &err);
    write_rows(&world, frames, 0, 6);
    close_frames(frames);
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

static void offsets_and_provenance_are_stored(void)
{
    struct error err = {""};
    const int64_t first[3] = {1, 2, 3}, early[3] = {4, 5, 6}, late[3] = {40, 50, 60};
    struct world world = world_make(MPI_COMM_WORLD, NX, NY, TILE);
    struct frames *frames = open_frames(&world, false, 0, STATUS_OK, &err);
    frames_set_offsets(frames, "heat", 3, first, early);
    write_rows(&world, frames, 0, 5);
    frames_set_offsets(frames, "heat", 3, first, late);
    close_frames(frames);
    static const char *const names[] = {"frames.h5", "frames/seg_000001.h5"};
    for (int i = 0; i < 2 && world.domain->rank == 0; i++) {
        int64_t values[3] = {0};
        struct reader reader = reader_open(&world, names[i]);
        CU_ASSERT_FATAL(reader.file >= 0);
        reader_read(reader, "/kafka/next_offset", H5T_NATIVE_INT64, values);
        CU_ASSERT_EQUAL(memcmp(values, late, sizeof values), 0);
        reader_read(reader, "/kafka/first_offset", H5T_NATIVE_INT64, values);
        CU_ASSERT_EQUAL(memcmp(values, first, sizeof values), 0);
        CU_ASSERT(H5Aexists_by_name(reader.file, "/provenance", "git_id", H5P_DEFAULT) > 0);
        CU_ASSERT(H5Lexists(reader.file, "/provenance/config", H5P_DEFAULT) > 0);
        H5Fclose(reader.file);
    }
    world_destroy(&world);
}

static void full_disk_on_one_rank_fails_on_all(void)
{
    int ranks;
    enum { WIDE = 64, TALL = 64 };
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    for (int victim = 0; victim < ranks; victim++) {
        struct error err = {""};
        struct world world = world_make(MPI_COMM_WORLD, WIDE, TALL, WIDE / 8);
        struct frames *frames = open_frames(&world, true, 0, STATUS_OK, &err);
        CU_ASSERT_EQUAL(write_row(&world, frames, 0, 0, &err), STATUS_OK);
        if (world.domain->rank == victim)
            world_limit_files(1024);
        enum status status = write_row(&world, frames, 1, 1, &err);
        if (world.domain->rank == victim)
            world_lift_limit();
        CU_ASSERT_EQUAL(status, STATUS_IO);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "seg_000000.h5"));
        CU_ASSERT_EQUAL(write_row(&world, frames, 1, 1, &err), STATUS_OK);
        close_frames(frames);
        world_destroy(&world);
    }
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
        UNIT_TEST(frames_read_back_bit_for_bit),
        UNIT_TEST(stored_digest_proves_the_values_as_stored),
        UNIT_TEST(doubles_are_stored_as_they_are),
        UNIT_TEST(slabs_of_one_column_and_tiles_of_any_width_are_written_right),
        UNIT_TEST(flushed_rows_are_readable_while_the_run_is_writing),
        UNIT_TEST(correction_overwrites_its_row_in_an_earlier_segment),
        UNIT_TEST(row_beyond_the_horizon_cannot_be_corrected),
        UNIT_TEST(restart_keeps_its_rows_and_cuts_later_ones),
        UNIT_TEST(rows_cut_off_by_a_restart_are_unwritten),
        UNIT_TEST(closed_segment_has_no_row_that_was_not_written),
        UNIT_TEST(run_directory_can_be_moved),
        UNIT_TEST(restart_with_missing_rows_is_refused_on_every_rank),
        UNIT_TEST(offsets_and_provenance_are_stored),
        UNIT_TEST(full_disk_on_one_rank_fails_on_all),
        UNIT_TEST(unwritable_directory_is_an_error_not_a_hang),
    };
    return mpi_unit_run(&argc, &argv, "frames", tests, UNIT_COUNT(tests));
}
