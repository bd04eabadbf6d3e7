/* Frames of a writer killed at any moment: every row it had reported is there, bit for bit. The
 * writer is a process of its own on one rank; tests/system kills whole parallel runs. */
#include "frames_writer.h"

enum { KILLS = 4, MOST_ROWS = 4096, ROWS_A_FLUSH = 7 };

/* How many rows frames_write() has returned for, less those that still waited. */
static _Atomic int64_t *committed;

static struct digest stored_digest(struct digester *digester, const struct field *field)
{
    static float columns[NX][NY];
    for (int i = 0; i < NX; i++)
        for (int j = 0; j < NY; j++)
            columns[i][j] = (float)field_column(field, i)[j];
    return digest_columns(digester, columns, sizeof columns[0], sizeof columns[0]);
}

static bool write_row(struct writer *writer, int64_t row)
{
    struct error err = {""};
    struct digest stored;
    struct frame_row record = writer_fill(writer, row, 0);
    return frames_write(writer->frames, row, writer->field, &record, &stored, &err) == STATUS_OK &&
           digest_equal(stored, stored_digest(writer->digester, writer->field)) &&
           (row % ROWS_A_FLUSH != 0 || frames_flush(writer->frames, false, &err) == STATUS_OK);
}

/* Writes until it is killed, or to the end of `rows` rows. */
static int run_writer(const char *directory, int64_t tile, int64_t rows)
{
    struct error err = {""};
    struct writer writer = {.tile = tile};
    if (!writer_open(&writer, directory, *committed))
        return 1;
    for (int64_t row = *committed; row < rows; row++) {
        if (!write_row(&writer, row))
            return 2;
        *committed = row + 1 - frames_waiting(writer.frames);
    }
    return frames_close(writer.frames, &err) == STATUS_OK ? 0 : 3;
}

static pid_t start_writer(const char *directory, int64_t tile, int64_t rows)
{
    pid_t child = fork();
    if (child == 0)
        _exit(run_writer(directory, tile, rows));
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

static void kill_and_go_on(int64_t tile)
{
    static int64_t revisions[MOST_ROWS];
    struct scratch scratch = scratch_make();
    *committed = 0;
    for (int i = 0; i < KILLS; i++) {
        int64_t before = *committed;
        pid_t child = start_writer(scratch.path, tile, INT64_MAX);
        kill_after_rows(child, before + 15, 37000L * i * i);
        CU_ASSERT(*committed > before);
    }
    int status = -1;
    int64_t rows = *committed + 3, found;
    waitpid(start_writer(scratch.path, tile, rows), &status, 0);
    CU_ASSERT_EQUAL(status, 0);
    float *cells = read_rows(scratch.path, &found, revisions, MOST_ROWS);
    CU_ASSERT_EQUAL(found, rows);
    for (int64_t r = 0; r < found; r++)
        CU_ASSERT_EQUAL(count_wrong(cells, r, 0), 0);
    free(cells);
    scratch_remove(&scratch);
}

static void every_reported_row_survives_a_kill(void)
{
    kill_and_go_on(8);
}

static void rows_that_waited_for_each_other_survive_a_kill_once_they_are_written(void)
{
    kill_and_go_on(NX);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(every_reported_row_survives_a_kill),
        UNIT_TEST(rows_that_waited_for_each_other_survive_a_kill_once_they_are_written),
    };
    committed = shared_counter();
    return committed ? unit_run("frames_killed", tests, UNIT_COUNT(tests)) : 1;
}
