/* Frames that late events change: the row is overwritten, and how much it changed is told to the
 * last bit, whoever owns its cells. */
#include <math.h>

#include "frames_world.h"

/* A field of any size: cell (x, y) differs from salt to salt by an amount of its own. */
struct shape {
    int64_t gnx, gny, tile, per_segment;
    bool f64;
};

/* Of many magnitudes, so that a difference of floats is no float. */
static double value_of(int64_t salt, int64_t x, int64_t y)
{
    int64_t mixed = (salt * 7919 + x * 104729 + y * 1299709) % 10007;
    return ldexp(1.0 + (double)mixed / 10007.0, (int)(mixed % 11) - 5) + (double)x * 1e-9;
}

static double stored_of(const struct shape *shape, int64_t salt, int64_t x, int64_t y)
{
    double value = value_of(salt, x, y);
    return shape->f64 ? value : (float)value;
}

/* The definition, computed on one rank. */
static double change_between(const struct shape *shape, int64_t old, int64_t new)
{
    double most = 0.0;
    for (int64_t x = 0; x < shape->gnx; x++)
        for (int64_t y = 0; y < shape->gny; y++)
            most = fmax(most, fabs(stored_of(shape, new, x, y) - stored_of(shape, old, x, y)));
    return most;
}

static void fill(struct world *world, int64_t salt)
{
    for (int i = 0; i < world->domain->nx; i++)
        for (int j = 0; j < world->domain->ny; j++)
            field_column(world->field, i)[j] = value_of(salt, world->domain->x0 + i, j);
}

static struct frames *open_shape(const struct world *world, const struct shape *shape, int64_t rows)
{
    struct error err = {""};
    struct frames *frames = NULL;
    struct frames_config config = {
        .directory = world->scratch.path,
        .run_id = "run-7",
        .title = "revised",
        .dx = 1,
        .dy = 1,
        .f64 = shape->f64,
        .tile = shape->tile,
        .per_segment = shape->per_segment,
        .horizon_rows = 6,
        .provenance = &test_provenance,
    };
    CU_ASSERT_EQUAL_FATAL(frames_open(world->domain, &config, rows, &frames, &err), STATUS_OK);
    return frames;
}

static void write_salt(struct world *world, struct frames *frames, int64_t index, int64_t salt,
                       double change)
{
    struct error err = {""};
    struct digest stored;
    struct frame_row row = row_of(index, 0);
    row.change = change;
    fill(world, salt);
    CU_ASSERT_EQUAL(frames_write(frames, index, world->field, &row, &stored, &err), STATUS_OK);
}

/* The change after a revision of which only rank 0 says `told`, the same on every rank. */
static double revise(struct world *world, struct frames *frames, int64_t index, int64_t salt,
                     double told)
{
    struct error err = {""};
    struct digest stored;
    double extremes[2], all[2];
    struct frame_row row = row_of(index, 100);
    row.change = world->domain->rank == 0 ? told : 0.0;
    fill(world, salt);
    CU_ASSERT_EQUAL(frames_revise(frames, index, world->field, &row, &stored, &err), STATUS_OK);
    extremes[0] = row.change;
    extremes[1] = -row.change;
    MPI_Allreduce(extremes, all, 2, MPI_DOUBLE, MPI_MAX, world->domain->comm);
    CU_ASSERT_EQUAL(all[0], -all[1]);
    return row.change;
}

/* On rank 0: row `index` of `rows` holds the cells of `salt` and this change, and no other row
 * has one. */
static void expect_revised(const struct world *world, const struct shape *shape, int64_t rows,
                           int64_t index, int64_t salt, double change)
{
    size_t cells = (size_t)shape->gny * (size_t)shape->gnx;
    double *values = calloc((size_t)rows * cells, sizeof *values), changes[16];
    int64_t revisions[16];
    struct reader reader = reader_open(world, "frames.h5");
    CU_ASSERT_EQUAL_FATAL(reader_rows(reader, "/temperature"), rows);
    reader_read(reader, "/temperature", H5T_NATIVE_DOUBLE, values);
    reader_read(reader, "/series/change", H5T_NATIVE_DOUBLE, changes);
    reader_read(reader, "/series/revision", H5T_NATIVE_INT64, revisions);
    H5Fclose(reader.file);
    int wrong = 0;
    for (int64_t y = 0; y < shape->gny; y++)
        for (int64_t x = 0; x < shape->gnx; x++)
            wrong += values[(size_t)index * cells + (size_t)(y * shape->gnx + x)] !=
                     stored_of(shape, salt, x, y);
    CU_ASSERT_EQUAL(wrong, 0);
    for (int64_t r = 0; r < rows; r++) {
        CU_ASSERT_EQUAL(changes[r], r == index ? change : 0.0);
        CU_ASSERT_EQUAL(revisions[r], r == index);
    }
    free(values);
}

static void revise_one(const struct shape *shape, int64_t rows, int64_t index)
{
    struct world world = world_make(MPI_COMM_WORLD, shape->gnx, shape->gny, shape->tile);
    struct frames *frames = open_shape(&world, shape, 0);
    for (int64_t r = 0; r < rows; r++)
        write_salt(&world, frames, r, r, 0.0);
    double change = revise(&world, frames, index, 50, 0.0);
    CU_ASSERT(change > 0.0);
    CU_ASSERT_EQUAL(change, change_between(shape, index, 50));
    close_frames(frames);
    if (world.domain->rank == 0)
        expect_revised(&world, shape, rows, index, 50, change);
    world_destroy(&world);
}

static void change_is_that_of_a_serial_computation_bit_for_bit(void)
{
    static const int64_t tiles[] = {1, 4, 5, 64};
    for (int f64 = 0; f64 < 2; f64++)
        for (int t = 0; t < 4; t++)
            revise_one(&(struct shape){13, 11, tiles[t], 4, f64}, 3, 1);
}

/* Bands of 256 KiB: here a rank's slab is read back in several, the last one short. */
static void change_is_found_in_whichever_part_of_a_large_slab_it_is(void)
{
    static const int64_t rows_changed[] = {0, 191, 192, 699};
    struct shape shape = {1024, 700, 256, 2, true};
    struct world world = world_make(MPI_COMM_WORLD, shape.gnx, shape.gny, shape.tile);
    struct frames *frames = open_shape(&world, &shape, 0);
    write_salt(&world, frames, 0, 3, 0.0);
    double most = 0.0;
    for (int i = 0; i < 4; i++) {
        struct error err = {""};
        struct digest stored;
        struct frame_row row = row_of(0, 100);
        int64_t x = 1023 - 300 * i;
        double step = 1.0 + i;
        fill(&world, 3);
        if (x >= world.domain->x0 && x < world.domain->x0 + world.domain->nx)
            field_column(world.field, (int)(x - world.domain->x0))[rows_changed[i]] += step;
        CU_ASSERT_EQUAL(frames_revise(frames, 0, world.field, &row, &stored, &err), STATUS_OK);
        double here = value_of(3, x, rows_changed[i]);
        most = fmax(most, (here + step) - here);
        CU_ASSERT_EQUAL(row.change, most);
    }
    close_frames(frames);
    world_destroy(&world);
}

/* With four rows a segment, row 3 is the last of one that is complete, row 4 the first of the
 * open one. */
static void every_row_within_the_horizon_can_be_revised(void)
{
    const struct shape shape = {13, 5, 4, 4, false};
    for (int64_t rows = 1; rows <= 9; rows++)
        for (int64_t index = rows > 6 ? rows - 6 : 0; index < rows; index++)
            revise_one(&shape, rows, index);
}

static void row_beyond_the_horizon_is_not_revised(void)
{
    struct error err = {""};
    struct digest stored;
    const struct shape shape = {13, 5, 4, 4, false};
    struct world world = world_make(MPI_COMM_WORLD, shape.gnx, shape.gny, shape.tile);
    struct frames *frames = open_shape(&world, &shape, 0);
    for (int64_t r = 0; r < 13; r++)
        write_salt(&world, frames, r, r, 0.0);
    struct frame_row row = row_of(3, 100);
    CU_ASSERT_EQUAL(frames_revise(frames, 3, world.field, &row, &stored, &err), STATUS_BUG);
    CU_ASSERT_EQUAL(row.change, 0.0);
    close_frames(frames);
    world_destroy(&world);
}

static void change_never_shrinks(void)
{
    const struct shape shape = {13, 5, 4, 4, false};
    struct world world = world_make(MPI_COMM_WORLD, shape.gnx, shape.gny, shape.tile);
    struct frames *frames = open_shape(&world, &shape, 0);
    write_salt(&world, frames, 0, 1, 0.0);
    double first = revise(&world, frames, 0, 2, 0.0);
    CU_ASSERT_EQUAL(first, change_between(&shape, 1, 2));
    CU_ASSERT_EQUAL(revise(&world, frames, 0, 2, 0.0), first); /* bits as before */
    CU_ASSERT_EQUAL(revise(&world, frames, 0, 3, 0.0), fmax(first, change_between(&shape, 2, 3)));
    CU_ASSERT_EQUAL(revise(&world, frames, 0, 1, 1e9), 1e9);
    close_frames(frames);
    world_destroy(&world);
}

static void row_restored_by_a_restart_is_revised_as_if_never_interrupted(void)
{
    const struct shape shape = {13, 5, 4, 4, true};
    double expected = fmax(change_between(&shape, 1, 2), change_between(&shape, 2, 3));
    struct world world = world_make(MPI_COMM_WORLD, shape.gnx, shape.gny, shape.tile);
    struct frames *frames = open_shape(&world, &shape, 0);
    write_salt(&world, frames, 0, 1, 0.0);
    double first = revise(&world, frames, 0, 2, 0.0);
    revise(&world, frames, 0, 77, 0.0); /* after the checkpoint: to be forgotten */
    close_frames(frames);
    frames = open_shape(&world, &shape, 1);
    write_salt(&world, frames, 0, 2, first);
    CU_ASSERT_EQUAL(revise(&world, frames, 0, 3, 0.0), expected);
    close_frames(frames);
    if (world.domain->rank == 0)
        expect_revised(&world, &shape, 1, 0, 3, expected);
    world_destroy(&world);
}

static int64_t bytes_read_by_this_process(void)
{
    long long bytes = -1;
    FILE *file = fopen("/proc/self/io", "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL_FATAL(fscanf(file, "rchar: %lld", &bytes), 1);
    fclose(file);
    return bytes;
}

/* Neither a neighbour's part of a shared tile, nor the row twice. The slack is for the series and
 * for reading this figure. */
static void rank_reads_back_its_own_slab_and_no_more(void)
{
    enum { SLACK = 4096 };
    const struct shape shape = {900, 300, 256, 2, true};
    struct world world = world_make(MPI_COMM_WORLD, shape.gnx, shape.gny, 1);
    struct frames *frames = open_shape(&world, &shape, 0);
    int64_t slab = (int64_t)world.domain->nx * world.domain->ny * (int64_t)sizeof(double);
    write_salt(&world, frames, 0, 1, 0.0);
    MPI_Barrier(world.domain->comm);
    int64_t before = bytes_read_by_this_process();
    revise(&world, frames, 0, 2, 0.0);
    int64_t read = bytes_read_by_this_process() - before;
    CU_ASSERT(read >= slab);
    CU_ASSERT(read <= slab + SLACK);
    close_frames(frames);
    world_destroy(&world);
}

static void full_disk_leaves_what_the_caller_has(void)
{
    int ranks;
    const struct shape shape = {64, 64, 8, 4, true};
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    for (int victim = 0; victim < ranks; victim++) {
        struct error err = {""};
        struct digest stored;
        struct world world = world_make(MPI_COMM_WORLD, shape.gnx, shape.gny, shape.tile);
        struct frames *frames = open_shape(&world, &shape, 0);
        write_salt(&world, frames, 0, 1, 0.0);
        struct frame_row row = row_of(0, 100);
        fill(&world, 2);
        if (world.domain->rank == victim)
            world_limit_files(1024);
        enum status status = frames_revise(frames, 0, world.field, &row, &stored, &err);
        if (world.domain->rank == victim)
            world_lift_limit();
        CU_ASSERT_EQUAL(status, STATUS_IO);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "seg_000000.h5"));
        CU_ASSERT_EQUAL(row.change, 0.0);
        close_frames(frames);
        world_destroy(&world);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(change_is_that_of_a_serial_computation_bit_for_bit),
        UNIT_TEST(change_is_found_in_whichever_part_of_a_large_slab_it_is),
        UNIT_TEST(every_row_within_the_horizon_can_be_revised),
        UNIT_TEST(row_beyond_the_horizon_is_not_revised),
        UNIT_TEST(change_never_shrinks),
        UNIT_TEST(row_restored_by_a_restart_is_revised_as_if_never_interrupted),
        UNIT_TEST(rank_reads_back_its_own_slab_and_no_more),
        UNIT_TEST(full_disk_leaves_what_the_caller_has),
    };
    return mpi_unit_run(&argc, &argv, "frames_revise", tests, UNIT_COUNT(tests));
}
