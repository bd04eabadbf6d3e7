/* Frames written by a test and read back as any HDF5 program reads them. */
#ifndef HEATSTREAM_TESTS_FRAMES_WORLD_H
#define HEATSTREAM_TESTS_FRAMES_WORLD_H

#include "store/frames_flush.h"
#include "store_world.h"

enum { NX = 13, NY = 5, TILE = 4, PER_SEGMENT = 4, FIRST_MS = 100 };

static const int64_t START_MS = 1767225600000; /* 2026-01-01 */

static inline struct frames_config test_frames_config(const struct world *world)
{
    return (struct frames_config){
        .directory = world->scratch.path,
        .run_id = "run-7",
        .title = "a test",
        .dx = 0.5,
        .dy = 0.25,
        .tile = TILE,
        .per_segment = PER_SEGMENT,
        .horizon_rows = 6,
        .provenance = &test_provenance,
    };
}

static inline struct frames *open_frames(const struct world *world, bool f64, int64_t rows,
                                         enum status expected, struct error *err)
{
    struct frames *frames = NULL;
    struct frames_config config = test_frames_config(world);
    config.f64 = f64;
    CU_ASSERT_EQUAL(frames_open(world->domain, &config, rows, &frames, err), expected);
    return frames;
}

/* New ones. */
static inline struct frames *open_frames_of(const struct world *world, bool f64, int64_t tile,
                                            bool behind)
{
    struct error err = {""};
    struct frames *frames = NULL;
    struct frames_config config = test_frames_config(world);
    config.f64 = f64;
    config.tile = tile;
    config.behind = behind;
    CU_ASSERT_EQUAL_FATAL(frames_open(world->domain, &config, 0, &frames, &err), STATUS_OK);
    return frames;
}

static inline struct frames *open_tiled_frames(const struct world *world, bool f64, int64_t tile)
{
    return open_frames_of(world, f64, tile, false);
}

static inline struct frame_row row_of(int64_t index, int64_t salt)
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

static inline enum status write_row(struct world *world, struct frames *frames, int64_t index,
                                    int64_t salt, struct error *err)
{
    struct digest stored;
    struct frame_row row = row_of(index, salt);
    world_fill(world, salt);
    return frames_write(frames, index, world->field, &row, &stored, err);
}

static inline void write_rows(struct world *world, struct frames *frames, int64_t from, int64_t to)
{
    struct error err = {""};
    for (int64_t r = from; r < to; r++)
        CU_ASSERT_EQUAL(write_row(world, frames, r, r, &err), STATUS_OK);
}

static inline void close_frames(struct frames *frames)
{
    struct error err = {""};
    CU_ASSERT_EQUAL(frames_close(frames, &err), STATUS_OK);
}

/* Reads rows from the master (or another file), as any HDF5 program does, on one rank. */
struct reader {
    hid_t file;
};

static inline struct reader reader_open(const struct world *world, const char *name)
{
    char path[PATH_MAX];
    return (struct reader){
        H5Fopen(scratch_file(&world->scratch, name, path), H5F_ACC_RDONLY, H5P_DEFAULT)};
}

static inline int64_t reader_rows(struct reader reader, const char *name)
{
    hsize_t dims[3] = {0};
    hid_t set = H5Dopen2(reader.file, name, H5P_DEFAULT), space = H5Dget_space(set);
    H5Sget_simple_extent_dims(space, dims, NULL);
    H5Sclose(space);
    H5Dclose(set);
    return (int64_t)dims[0];
}

static inline void reader_read(struct reader reader, const char *name, hid_t type, void *values)
{
    hid_t set = H5Dopen2(reader.file, name, H5P_DEFAULT);
    CU_ASSERT(H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(set);
}

/* `salts` [rows]: what row r was filled with. */
static inline void expect_rows(const struct world *world, const char *name, int64_t rows,
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

#endif
