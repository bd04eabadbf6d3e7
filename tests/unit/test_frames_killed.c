/* Frames of a writer killed at any moment: every row it had reported is there, bit for bit. The
 * writer is a process of its own on one rank; tests/system kills whole parallel runs. */
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
#include "store/frames.h"
#include "unit.h"

enum { NX = 24, NY = 16, PER_SEGMENT = 40, KILLS = 4 };

/* Shared with the writer: how many rows frames_write() has returned from. */
static _Atomic int64_t *committed;

static void fill(struct field *field, int64_t row)
{
    for (int i = 0; i < NX; i++)
        for (int j = 0; j < NY; j++)
            field_column(field, i)[j] = (double)(row * 1000 + i) + (double)j / 64.0;
}

static struct digest stored_digest(struct digester *digester, const struct field *field)
{
    static float columns[NX][NY];
    for (int i = 0; i < NX; i++)
        for (int j = 0; j < NY; j++)
            columns[i][j] = (float)field_column(field, i)[j];
    return digest_columns(digester, columns, sizeof columns[0], sizeof columns[0]);
}

struct writer {
    struct domain *domain;
    struct digester *digester;
    struct field *field;
    struct frames *frames;
};

/* In a child process. False when it cannot go on from the rows that were reported. */
static bool writer_open(struct writer *writer, const char *directory)
{
    struct error err = {""};
    MPI_Init(NULL, NULL);
    if (domain_create(MPI_COMM_WORLD, NX, NY, 8, &writer->domain, &err) != STATUS_OK)
        return false;
    struct frames_config config = {.directory = directory,
                                   .run_id = "killed",
                                   .title = "",
                                   .dx = 1,
                                   .dy = 1,
                                   .tile = 8,
                                   .per_segment = PER_SEGMENT,
                                   .horizon_rows = 5,
                                   .provenance = &test_provenance};
    writer->digester = digester_create(writer->domain);
    writer->field = field_create(writer->domain, 0.0);
    bool opened =
        frames_open(writer->domain, &config, *committed, &writer->frames, &err) == STATUS_OK;
    if (!opened)
        fprintf(stderr, "going on from row %lld: %s\n", (long long)*committed, err.text);
    return opened;
}

static bool write_row(struct writer *writer, int64_t row)
{
    struct error err = {""};
    struct digest stored;
    fill(writer->field, row);
    struct frame_row record = {.window = row,
                               .event_time_ms = row * 100,
                               .digest = digest_field(writer->digester, writer->field)};
    return frames_write(writer->frames, row, writer->field, &record, &stored, &err) == STATUS_OK &&
           digest_equal(stored, stored_digest(writer->digester, writer->field)) &&
           frames_flush(writer->frames, &err) == STATUS_OK;
}

/* Writes until it is killed, or to the end of `rows` rows. */
static int run_writer(const char *directory, int64_t rows)
{
    struct error err = {""};
    struct writer writer;
    if (!writer_open(&writer, directory))
        return 1;
    for (int64_t row = *committed; row < rows; row++) {
        if (!write_row(&writer, row))
            return 2;
        *committed = row + 1;
    }
    return frames_close(writer.frames, &err) == STATUS_OK ? 0 : 3;
}

static pid_t start_writer(const char *directory, int64_t rows)
{
    pid_t child = fork();
    if (child == 0)
        _exit(run_writer(directory, rows));
    return child;
}

static void kill_after_rows(pid_t child, int64_t rows, long extra_ns)
{
    while (*committed < rows && waitpid(child, NULL, WNOHANG) == 0)
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
    nanosleep(&(struct timespec){.tv_nsec = extra_ns}, NULL);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* Cells that differ from what was written, over all rows. */
static int64_t count_wrong(const float *cells, int64_t rows)
{
    int64_t wrong = 0;
    for (int64_t r = 0; r < rows; r++)
        for (int j = 0; j < NY; j++)
            for (int i = 0; i < NX; i++)
                wrong += cells[(r * NY + j) * NX + i] !=
                         (float)((double)(r * 1000 + i) + (double)j / 64.0);
    return wrong;
}

static void expect_rows(const char *directory, int64_t rows)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/frames.h5", directory);
    float *cells = calloc((size_t)rows * NY * NX, sizeof *cells);
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t set = H5Dopen2(file, "/temperature", H5P_DEFAULT), space = H5Dget_space(set);
    CU_ASSERT_EQUAL_FATAL(H5Sget_simple_extent_npoints(space), rows * NY * NX);
    CU_ASSERT(H5Dread(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, cells) >= 0);
    CU_ASSERT_EQUAL(count_wrong(cells, rows), 0);
    H5Sclose(space);
    H5Dclose(set);
    H5Fclose(file);
    free(cells);
}

static void every_reported_row_survives_a_kill(void)
{
    struct scratch scratch = scratch_make();
    *committed = 0;
    for (int i = 0; i < KILLS; i++) {
        int64_t before = *committed;
        pid_t child = start_writer(scratch.path, INT64_MAX);
        kill_after_rows(child, before + 15, 37000L * i * i);
        CU_ASSERT(*committed > before);
    }
    int status = -1;
    int64_t rows = *committed + 3;
    waitpid(start_writer(scratch.path, rows), &status, 0);
    CU_ASSERT_EQUAL(status, 0);
    expect_rows(scratch.path, rows);
    scratch_remove(&scratch);
}

int main(void)
{
    static const struct unit_test tests[] = {UNIT_TEST(every_reported_row_survives_a_kill)};
    FILE *shared = tmpfile();
    if (!shared || ftruncate(fileno(shared), sizeof *committed) != 0)
        return 1;
    committed =
        mmap(NULL, sizeof *committed, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(shared), 0);
    return committed == MAP_FAILED ? 1 : unit_run("frames_killed", tests, UNIT_COUNT(tests));
}
