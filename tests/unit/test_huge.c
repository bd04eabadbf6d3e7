/* The last columns of a grid of 2^32 cells, in files that are sparse but for them: every place is
 * beyond what 32 bits count, and nothing else is in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../mpi/frames_world.h"
#include "store/checkpoint.h"

enum { SIDE = 65536, COLUMNS = 3, TILE_CELLS = 256 };

static struct pulse pulse;

/* A slab by itself: rank 0 of one, but not at the left end of the grid. */
static struct domain last_columns(void)
{
    return (struct domain){.comm = MPI_COMM_SELF,
                           .ranks = 1,
                           .gnx = SIDE,
                           .gny = SIDE,
                           .x0 = SIDE - COLUMNS,
                           .nx = COLUMNS,
                           .ny = SIDE,
                           .left = MPI_PROC_NULL,
                           .right = MPI_PROC_NULL,
                           .cut = domain_cut(COLUMNS, 1, 0),
                           .pulse = &pulse};
}

static struct world make_world(struct domain *domain)
{
    struct world world;
    memset(&world, 0, sizeof world);
    world.domain = domain;
    world.field = field_create(domain, -1.0);
    world.scratch = scratch_make();
    CU_ASSERT_PTR_NOT_NULL_FATAL(world.field);
    world_fill(&world, 7);
    return world;
}

static void destroy_world(struct world *world)
{
    scratch_remove(&world->scratch);
    field_destroy(world->field);
}

/* Cells of the columns that are not what world_fill() made. */
static int count_wrong(const struct world *world, const char *file, const char *set_name,
                       const hsize_t start[3], const hsize_t count[3])
{
    static double cells[COLUMNS * SIDE];
    char path[PATH_MAX];
    int rank = start[2] ? 3 : 2, wrong = 0;
    hid_t id = H5Fopen(scratch_file(&world->scratch, file, path), H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t set = H5Dopen2(id, set_name, H5P_DEFAULT), space = H5Dget_space(set);
    hid_t memory = H5Screate_simple(rank, count, NULL);
    CU_ASSERT_FATAL(H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0);
    CU_ASSERT(H5Dread(set, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, cells) >= 0);
    for (int i = 0; i < COLUMNS; i++)
        for (int j = 0; j < SIDE; j++)
            wrong += cells[rank == 3 ? j * COLUMNS + i : i * SIDE + j] !=
                     world_value(7, SIDE - COLUMNS + i, j);
    H5Sclose(memory);
    H5Sclose(space);
    H5Dclose(set);
    H5Fclose(id);
    return wrong;
}

static void a_frame_of_2_to_the_32_cells_has_its_last_columns_in_their_place(void)
{
    struct domain domain = last_columns();
    struct world world = make_world(&domain);
    struct frames_config config = test_frames_config(&world);
    struct frames *frames = NULL;
    struct error err = {""};
    struct digest stored;
    struct frame_row row = row_of(0, 7);
    config.f64 = true;
    config.tile = TILE_CELLS;
    config.per_segment = 1;
    CU_ASSERT_EQUAL_FATAL(frames_open(&domain, &config, 0, &frames, &err), STATUS_OK);
    CU_ASSERT_EQUAL(frames_write(frames, 0, world.field, &row, &stored, &err), STATUS_OK);
    close_frames(frames);
    const hsize_t start[3] = {0, 0, SIDE - COLUMNS}, count[3] = {1, SIDE, COLUMNS};
    CU_ASSERT_EQUAL(count_wrong(&world, "frames/seg_000000.h5", "/temperature", start, count), 0);
    destroy_world(&world);
}

static void a_checkpoint_of_2_to_the_32_cells_has_its_last_columns_in_their_place(void)
{
    struct domain domain = last_columns();
    struct world world = make_world(&domain);
    struct digester *digester = digester_create(&domain);
    struct checkpoint_config config = {.directory = world.scratch.path,
                                       .provenance = &test_provenance};
    struct buffer state = {0};
    buffer_put_i64(&state, 7);
    static double outflow[SIDE];
    struct checkpoint_content content = {
        .window = 3, .field = world.field, .outflow = outflow, .state = &state, .summary = "{}"};
    struct checkpoint_seal seal;
    struct error err = {""};
    CU_ASSERT_EQUAL(checkpoint_write(&domain, digester, &config, &content, &seal, &err), STATUS_OK);
    const hsize_t start[3] = {SIDE - COLUMNS, 0, 0}, count[3] = {COLUMNS, SIDE, 0};
    CU_ASSERT_EQUAL(count_wrong(&world, "ckpt_000000003.h5", "/u", start, count), 0);
    buffer_release(&state);
    digester_destroy(digester);
    destroy_world(&world);
}

/* Of a checkpoint every byte is sealed and proven, holes too, which takes a minute. */
int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(a_frame_of_2_to_the_32_cells_has_its_last_columns_in_their_place),
        UNIT_TEST(a_checkpoint_of_2_to_the_32_cells_has_its_last_columns_in_their_place),
    };
    MPI_Init(&argc, &argv);
    int failed = unit_run("huge", tests, getenv("HEATSTREAM_LONG") ? UNIT_COUNT(tests) : 1);
    MPI_Finalize();
    fflush(stdout);
    _exit(failed); /* what Open MPI leaves allocated is no leak of ours */
}
