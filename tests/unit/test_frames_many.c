/* Frames in more than a hundred files: the larger ones that follow are written, revised, cut and
 * read like the first. On one rank: whose columns they are makes no difference. */
#include <hdf5.h>
#include <mpi.h>
#include <unistd.h>

#include "base/durable.h"
#include "provenance.h"
#include "scratch.h"
#include "store/frames.h"
#include "store/inspect.h"
#include "unit.h"

enum { NX = 4, NY = 3, ROWS = 126, HORIZON = 20 };

static struct scratch scratch;
static struct domain *domain;
static struct field *field;
static int64_t salts[ROWS]; /* what each row was filled with */

static double cell_of(int64_t salt, int i, int j)
{
    return (double)(salt * 100 + i * NY + j);
}

/* One row in each of the first hundred segments, ten in each of the next. */
static struct frames *open_many(int64_t rows)
{
    struct error err = {""};
    struct frames *frames = NULL;
    struct frames_config config = {.directory = scratch.path,
                                   .run_id = "many",
                                   .title = "",
                                   .dx = 1,
                                   .dy = 1,
                                   .tile = 2,
                                   .per_segment = 1,
                                   .horizon_rows = HORIZON,
                                   .provenance = &test_provenance};
    CU_ASSERT_EQUAL_FATAL(frames_open(domain, &config, rows, &frames, &err), STATUS_OK);
    return frames;
}

static struct frame_row fill(int64_t row, int64_t salt)
{
    salts[row] = salt;
    for (int i = 0; i < NX; i++)
        for (int j = 0; j < NY; j++)
            field_column(field, i)[j] = cell_of(salt, i, j);
    return (struct frame_row){.window = row, .event_time_ms = row * 100, .revision = salt / 1000};
}

static void write_rows(struct frames *frames, int64_t from, int64_t to)
{
    struct error err = {""};
    struct digest stored;
    for (int64_t r = from; r < to; r++) {
        struct frame_row row = fill(r, r);
        CU_ASSERT_EQUAL_FATAL(frames_write(frames, r, field, &row, &stored, &err), STATUS_OK);
    }
}

static void revise(struct frames *frames, int64_t index)
{
    struct error err = {""};
    struct digest stored;
    double change = 100.0 * (double)(index + 1000 - salts[index]);
    struct frame_row row = fill(index, index + 1000);
    CU_ASSERT_EQUAL(frames_revise(frames, index, field, &row, &stored, &err), STATUS_OK);
    CU_ASSERT_EQUAL(row.change, change);
}

static void close_frames(struct frames *frames)
{
    struct error err = {""};
    CU_ASSERT_EQUAL(frames_close(frames, &err), STATUS_OK);
}

static void expect_rows(int64_t rows)
{
    static float cells[ROWS][NY][NX];
    char path[PATH_MAX];
    int wrong = 0;
    hsize_t dims[3] = {0};
    hid_t file = H5Fopen(scratch_file(&scratch, "frames.h5", path), H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t set = H5Dopen2(file, "/temperature", H5P_DEFAULT), space = H5Dget_space(set);
    H5Sget_simple_extent_dims(space, dims, NULL);
    CU_ASSERT_EQUAL_FATAL(dims[0], (hsize_t)rows);
    CU_ASSERT(H5Dread(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, cells) >= 0);
    H5Sclose(space);
    H5Dclose(set);
    H5Fclose(file);
    for (int64_t r = 0; r < rows; r++)
        for (int j = 0; j < NY; j++)
            for (int i = 0; i < NX; i++)
                wrong += cells[r][j][i] != (float)cell_of(salts[r], i, j);
    CU_ASSERT_EQUAL(wrong, 0);
}

static bool has_segment(int number)
{
    char name[64], path[PATH_MAX];
    snprintf(name, sizeof name, "frames/seg_%06d.h5", number);
    return durable_exists(scratch_file(&scratch, name, path));
}

static int64_t rows_in(const char *name)
{
    char path[PATH_MAX];
    struct error err = {""};
    struct inspection inspection;
    CU_ASSERT_EQUAL_FATAL(inspect_file(scratch_file(&scratch, name, path), &inspection, &err),
                          STATUS_OK);
    int64_t rows = inspection.rows;
    CU_ASSERT_EQUAL(inspection.missing, 0);
    inspection_release(&inspection);
    return rows;
}

static void files_grow_after_the_first_hundred(void)
{
    struct error err = {""};
    scratch = scratch_make();
    CU_ASSERT_EQUAL_FATAL(domain_create(MPI_COMM_WORLD, NX, NY, 2, &domain, &err), STATUS_OK);
    field = field_create(domain, 0.0);
    struct frames *frames = open_many(0);
    write_rows(frames, 0, 114);
    revise(frames, 96);
    revise(frames, 99);
    revise(frames, 100);
    revise(frames, 109);
    revise(frames, 113);
    close_frames(frames);
    expect_rows(114);
    CU_ASSERT_EQUAL(rows_in("frames/seg_000099.h5"), 1);
    CU_ASSERT_EQUAL(rows_in("frames/seg_000100.h5"), 10);
    CU_ASSERT_EQUAL(rows_in("frames/seg_000101.h5"), 4);
    CU_ASSERT_FALSE(has_segment(102));
    frames = open_many(112);
    write_rows(frames, 112, ROWS);
    revise(frames, 111);
    close_frames(frames);
    expect_rows(ROWS);
    CU_ASSERT_EQUAL(rows_in("frames/seg_000101.h5"), 10);
    CU_ASSERT_EQUAL(rows_in("frames/seg_000102.h5"), 6);
    frames = open_many(110);
    CU_ASSERT_FALSE(has_segment(101));
    close_frames(frames);
    expect_rows(110);
    CU_ASSERT_EQUAL(rows_in("frames.h5"), 110);
    field_destroy(field);
    domain_destroy(domain);
    scratch_remove(&scratch);
}

/* The leak checker asks: what Open MPI leaves behind is no leak of ours. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return 1;
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {UNIT_TEST(files_grow_after_the_first_hundred)};
    MPI_Init(&argc, &argv);
    int failed = unit_run("frames_many", tests, UNIT_COUNT(tests));
    MPI_Finalize();
    return failed;
}
