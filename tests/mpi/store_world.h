/* What the MPI tests of the store share: a directory seen by all ranks, fields with values unique
 * to their cell, and the proof that no HDF5 object is left open. */
#ifndef HEATSTREAM_TESTS_STORE_WORLD_H
#define HEATSTREAM_TESTS_STORE_WORLD_H

#include <hdf5.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>

#include "../unit/provenance.h"
#include "../unit/scratch.h"
#include "grid/field.h"
#include "mpi_unit.h"
#include "store/digest.h"

struct world {
    struct scratch scratch; /* made and removed by rank 0 */
    struct domain *domain;
    struct field *field;
};

static inline struct world world_make(MPI_Comm comm, int64_t gnx, int64_t gny, int64_t tile)
{
    struct world world;
    struct error err;
    memset(&world, 0, sizeof world);
    CU_ASSERT_EQUAL_FATAL(domain_create(comm, gnx, gny, tile, &world.domain, &err), STATUS_OK);
    world.field = field_create(world.domain, -1.0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(world.field);
    if (world.domain->rank == 0)
        world.scratch = scratch_make();
    MPI_Bcast(&world.scratch, (int)sizeof world.scratch, MPI_BYTE, 0, comm);
    return world;
}

/* Every rank is done with the files when rank 0 removes them. */
static inline void world_destroy(struct world *world)
{
    CU_ASSERT_EQUAL(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL), 0);
    MPI_Barrier(world->domain->comm);
    if (world->domain->rank == 0)
        scratch_remove(&world->scratch);
    field_destroy(world->field);
    domain_destroy(world->domain);
}

/* Never a float exactly, so that a conversion shows. */
static inline double world_value(int64_t salt, int64_t x, int64_t y)
{
    return (double)salt * 1000.0 + (double)x + (double)y / 127.0 + 1e-9;
}

static inline void world_fill(struct world *world, int64_t salt)
{
    for (int i = 0; i < world->domain->nx; i++)
        for (int j = 0; j < world->domain->ny; j++)
            field_column(world->field, i)[j] = world_value(salt, world->domain->x0 + i, j);
}

/* The contract's digest of world_fill(), computed on one rank by the text of the contract. */
static inline struct digest world_digest(const struct domain *domain, int64_t salt, bool f64)
{
    struct buffer_of_digests {
        struct digest columns[64];
    } all;
    for (int64_t x = 0; x < domain->gnx; x++) {
        double wide[64];
        float narrow[64];
        for (int64_t y = 0; y < domain->gny; y++)
            narrow[y] = (float)(wide[y] = world_value(salt, x, y));
        size_t count = (size_t)domain->gny;
        all.columns[x] = f64 ? digest_bytes(wide, count * sizeof wide[0])
                             : digest_bytes(narrow, count * sizeof narrow[0]);
    }
    return digest_bytes(all.columns, (size_t)domain->gnx * sizeof all.columns[0]);
}

/* From now on writes of this process beyond `bytes` of a file fail, as on a full disk. */
static inline void world_limit_files(rlim_t bytes)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
}

static inline void world_lift_limit(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);
}

#endif
