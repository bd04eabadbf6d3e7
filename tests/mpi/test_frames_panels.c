/* Slabs of several panels, which begin and end anywhere in the tiles of the file. */
#include <math.h>

#include "frames_world.h"

enum { WIDE = 700, HIGH = 21, WIDEST = 2048, HIGHEST = 100, ROWS = 3 };

static const int64_t tiles[] = {16, 256, 300};

struct way {
    bool f64, behind; /* a thread writes the tiles */
    int64_t tile;
};

static double wide_value(int64_t salt, int64_t x, int64_t y)
{
    return world_value(salt, x, y) * (x % 2 ? -1 : 1);
}

static void fill(const struct world *world, int64_t salt)
{
    for (int i = 0; i < world->domain->nx; i++)
        for (int j = 0; j < world->domain->ny; j++)
            field_column(world->field, i)[j] = wide_value(salt, world->domain->x0 + i, j);
}

static double as_stored(bool f64, double value)
{
    return f64 ? value : (double)(float)value;
}

/* Of the values as they are stored, by the text of the contract. */
static struct digest wide_digest(const struct domain *domain, int64_t salt, bool f64)
{
    static struct digest columns[WIDEST];
    size_t high = (size_t)domain->gny;
    for (int64_t x = 0; x < domain->gnx; x++) {
        double wide[HIGHEST];
        float narrow[HIGHEST];
        for (int64_t y = 0; y < domain->gny; y++)
            narrow[y] = (float)(wide[y] = wide_value(salt, x, y));
        columns[x] = f64 ? digest_bytes(wide, high * sizeof wide[0])
                         : digest_bytes(narrow, high * sizeof narrow[0]);
    }
    return digest_bytes(columns, (size_t)domain->gnx * sizeof columns[0]);
}

static struct frames *open_wide(const struct world *world, const struct way *way)
{
    struct frames *frames = NULL;
    struct error err = {""};
    struct frames_config config = test_frames_config(world);
    config.f64 = way->f64;
    config.tile = way->tile;
    config.behind = way->behind;
    CU_ASSERT_EQUAL_FATAL(frames_open(world->domain, &config, 0, &frames, &err), STATUS_OK);
    return frames;
}

static int count_wrong_cells(const struct world *world, bool f64, const int64_t *salts)
{
    static double cells[ROWS * HIGHEST * WIDEST];
    int64_t wide = world->domain->gnx, high = world->domain->gny;
    struct reader reader = reader_open(world, "frames.h5");
    int wrong = 0;
    CU_ASSERT_FATAL(reader.file >= 0);
    CU_ASSERT_EQUAL_FATAL(reader_rows(reader, "/temperature"), ROWS);
    reader_read(reader, "/temperature", H5T_NATIVE_DOUBLE, cells);
    H5Fclose(reader.file);
    for (int64_t r = 0; r < ROWS; r++)
        for (int64_t y = 0; y < high; y++)
            for (int64_t x = 0; x < wide; x++)
                wrong +=
                    cells[(r * high + y) * wide + x] != as_stored(f64, wide_value(salts[r], x, y));
    return wrong;
}

static void write_and_judge(const struct world *world, const struct way *way)
{
    bool f64 = way->f64;
    static const int64_t salts[ROWS] = {0, 101, 2};
    struct error err = {""};
    struct digest stored;
    struct frames *frames = open_wide(world, way);
    for (int64_t r = 0; r < ROWS; r++) {
        struct frame_row row = row_of(r, r);
        fill(world, r);
        CU_ASSERT_EQUAL(frames_write(frames, r, world->field, &row, &stored, &err), STATUS_OK);
        CU_ASSERT(digest_equal(stored, wide_digest(world->domain, r, f64)));
    }
    struct frame_row revised = row_of(1, 101);
    fill(world, 101);
    CU_ASSERT_EQUAL(frames_revise(frames, 1, world->field, &revised, &stored, &err), STATUS_OK);
    CU_ASSERT(digest_equal(stored, wide_digest(world->domain, 101, f64)));
    double most = 0;
    for (int64_t x = 0; x < world->domain->gnx; x++)
        for (int64_t y = 0; y < world->domain->gny; y++)
            most = fmax(most, fabs(as_stored(f64, wide_value(101, x, y)) -
                                   as_stored(f64, wide_value(1, x, y))));
    CU_ASSERT_EQUAL(revised.change, most);
    close_frames(frames);
    if (world->domain->rank == 0)
        CU_ASSERT_EQUAL(count_wrong_cells(world, f64, salts), 0);
}

static void every_cell_of_a_wide_frame_is_in_its_place_whatever_the_tiles(void)
{
    for (int f64 = 0; f64 < 2; f64++)
        for (int i = 0; i < 3; i++) {
            struct world world = world_make(MPI_COMM_WORLD, WIDE, HIGH, i % 2 ? tiles[i] : 0);
            write_and_judge(&world, &(struct way){.f64 = f64, .tile = tiles[i]});
            world_destroy(&world);
        }
}

/* Bytes other than 0 beyond the grid in the tile at its upper right corner, of the first row. */
static int count_beyond(const struct world *world, bool f64, int64_t tile)
{
    static uint8_t bytes[64 * 64 * sizeof(double)];
    int64_t nx = world->domain->gnx, ny = world->domain->gny, wide = nx < tile ? nx : tile;
    int64_t x0 = (nx - 1) / wide * wide, y0 = (ny - 1) / tile * tile, cell = f64 ? 8 : 4;
    hsize_t corner[3] = {0, (hsize_t)y0, (hsize_t)x0};
    uint32_t filters = 0;
    int wrong = 0;
    struct reader reader = reader_open(world, "frames/seg_000000.h5");
    hid_t set = H5Dopen2(reader.file, "/temperature", H5P_DEFAULT);
    CU_ASSERT_FATAL(H5Dread_chunk(set, H5P_DEFAULT, corner, &filters, bytes) >= 0);
    H5Dclose(set);
    H5Fclose(reader.file);
    for (int64_t i = 0; i < wide * tile; i++)
        for (int64_t k = 0; k < cell; k++)
            wrong += bytes[i * cell + k] != 0 && (x0 + i % wide >= nx || y0 + i / wide >= ny);
    return wrong;
}

/* Slabs that begin and end with tiles; the last ones are cut off by the end of the grid. */
static void write_whole_tiles(int64_t wide, bool f64, bool behind)
{
    enum { SIDE = 64 };
    const struct way way = {.f64 = f64, .behind = behind, .tile = SIDE};
    struct world world = world_make(MPI_COMM_WORLD, wide, HIGHEST, SIDE);
    CU_ASSERT_EQUAL(world.domain->x0 % SIDE, 0);
    write_and_judge(&world, &way);
    if (world.domain->rank == 0)
        CU_ASSERT_EQUAL(count_beyond(&world, f64, SIDE), 0);
    world_destroy(&world);
}

static void whole_tiles_of_each_rank_hold_nothing_beyond_the_grid(void)
{
    int ranks;
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    for (int i = 0; i < 4; i++) {
        write_whole_tiles(64 * ranks - 2, i % 2, i / 2);
        write_whole_tiles(5 * 64 * ranks - 5, i % 2, i / 2);
    }
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(every_cell_of_a_wide_frame_is_in_its_place_whatever_the_tiles),
        UNIT_TEST(whole_tiles_of_each_rank_hold_nothing_beyond_the_grid),
    };
    return mpi_unit_run(&argc, &argv, "frames in panels", tests, UNIT_COUNT(tests));
}
