/* A writer of frames in a process of its own, on one rank, to be killed. */
#ifndef HEATSTREAM_TESTS_FRAMES_WRITER_H
#define HEATSTREAM_TESTS_FRAMES_WRITER_H

#include <hdf5.h>
#include <mpi.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "provenance.h"
#include "scratch.h"
#include "store/frames_flush.h"
#include "unit.h"

enum { NX = 96, NY = 64, PER_SEGMENT = 40, HORIZON = 3 };

/* Unique to row, revision and cell, and exact as a float. */
static inline double cell_of(int64_t row, int64_t revision, int i, int j)
{
    return (double)(row * 1000 + i) + (double)j / 64.0 + (double)revision / 128.0;
}

struct writer {
    int64_t tile; /* set before writer_open(); of NX or more, rows wait for others */
    struct domain *domain;
    struct digester *digester;
    struct field *field;
    struct frames *frames;
};

/* In the process of the writer. False when it cannot go on from the rows that were reported. */
static inline bool writer_open(struct writer *writer, const char *directory, int64_t rows)
{
    struct error err = {""};
    MPI_Init(NULL, NULL);
    if (domain_create(MPI_COMM_WORLD, NX, NY, writer->tile, &writer->domain, &err) != STATUS_OK)
        return false;
    struct frames_config config = {.directory = directory,
                                   .run_id = "killed",
                                   .title = "",
                                   .dx = 1,
                                   .dy = 1,
                                   .tile = writer->tile,
                                   .per_segment = PER_SEGMENT,
                                   .horizon_rows = HORIZON,
                                   .provenance = &test_provenance};
    writer->digester = digester_create(writer->domain);
    writer->field = field_create(writer->domain, 0.0);
    bool opened = frames_open(writer->domain, &config, rows, &writer->frames, &err) == STATUS_OK;
    if (!opened)
        fprintf(stderr, "going on from row %lld: %s\n", (long long)rows, err.text);
    return opened;
}

/* The row that comes with a revision; the field is filled for it. */
static inline struct frame_row writer_fill(struct writer *writer, int64_t row, int64_t revision)
{
    for (int i = 0; i < NX; i++)
        for (int j = 0; j < NY; j++)
            field_column(writer->field, i)[j] = cell_of(row, revision, i, j);
    return (struct frame_row){.window = row,
                              .event_time_ms = row * 100,
                              .revision = revision,
                              .digest = digest_field(writer->digester, writer->field)};
}

/* Rows of the master as any program reads them: cells [rows][NY][NX], revisions [rows]. */
static inline float *read_rows(const char *directory, int64_t *rows, int64_t *revisions, int most)
{
    char path[PATH_MAX];
    hsize_t dims[3] = {0};
    snprintf(path, sizeof path, "%s/frames.h5", directory);
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t set = H5Dopen2(file, "/temperature", H5P_DEFAULT), space = H5Dget_space(set);
    hid_t series = H5Dopen2(file, "/series/revision", H5P_DEFAULT);
    H5Sget_simple_extent_dims(space, dims, NULL);
    CU_ASSERT_FATAL(dims[0] > 0 && dims[0] <= (hsize_t)most);
    float *cells = calloc(dims[0] * NY * NX, sizeof *cells);
    CU_ASSERT(H5Dread(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, cells) >= 0);
    CU_ASSERT(H5Dread(series, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, revisions) >= 0);
    H5Dclose(series);
    H5Sclose(space);
    H5Dclose(set);
    H5Fclose(file);
    *rows = (int64_t)dims[0];
    return cells;
}

/* Cells of a row, as read, that are not those of the revision. */
static inline int64_t count_wrong(const float *cells, int64_t row, int64_t revision)
{
    int64_t wrong = 0;
    for (int j = 0; j < NY; j++)
        for (int i = 0; i < NX; i++)
            wrong += cells[(row * NY + j) * NX + i] != (float)cell_of(row, revision, i, j);
    return wrong;
}

/* A counter that both processes see, 0 at first. */
static inline _Atomic int64_t *shared_counter(void)
{
    FILE *shared = tmpfile();
    if (!shared || ftruncate(fileno(shared), sizeof(int64_t)) != 0)
        return NULL;
    void *place =
        mmap(NULL, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fileno(shared), 0);
    return place == MAP_FAILED ? NULL : place;
}

#endif
