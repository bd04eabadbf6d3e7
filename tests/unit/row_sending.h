/* Rows of a CSV file sent by a clock that moves when it is waited for, to a file that is read. */
#ifndef HEATSTREAM_TESTS_ROW_SENDING_H
#define HEATSTREAM_TESTS_ROW_SENDING_H

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "ingest/row_replay.h"
#include "unit.h"
#include "usual_events.h"

enum { WAITS_MAX = 16 };

static char folder[] = "/tmp/heatstream-test-XXXXXX";

/* A clock that moves when it is waited for, and what had been written whenever it was. */
struct fake {
    int64_t now_ns;
    int fd, waits;
    int64_t waited_for_ns[WAITS_MAX];
    char written[WAITS_MAX][512];
};

static inline void read_output(int fd, char text[512])
{
    ssize_t size = pread(fd, text, 511, 0);
    CU_ASSERT_FATAL(size >= 0);
    text[size] = '\0';
}

static inline int64_t fake_now(void *self)
{
    return ((struct fake *)self)->now_ns;
}

static inline void fake_wait(void *self, int64_t moment_ns)
{
    struct fake *fake = self;
    CU_ASSERT_FATAL(fake->waits < WAITS_MAX);
    CU_ASSERT(moment_ns > fake->now_ns);
    read_output(fake->fd, fake->written[fake->waits]);
    fake->waited_for_ns[fake->waits++] = moment_ns;
    fake->now_ns = moment_ns;
}

static inline const char *path_of(const char *name, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%s", folder, name);
    return path;
}

static inline const char *write_csv(const char *text)
{
    static char path[PATH_MAX];
    FILE *file = fopen(path_of("rows.csv", path), "w");
    fwrite(text, 1, strlen(text), file);
    fclose(file);
    return path;
}

struct sent {
    struct fake fake;
    struct row_counts counts;
    char text[512];
};

/* Sends everything at so many times real time; the start is at 5 s of the clock. */
static inline struct sent send_all(struct row_replay *replay, double times)
{
    struct sent sent = {.fake = {.now_ns = 5000000000}};
    struct sink *sink;
    struct error err;
    char path[PATH_MAX];
    sent.fake.fd = open(path_of("out", path), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct pace pace = pace_begin((struct pace_clock){fake_now, fake_wait, &sent.fake}, times);
    CU_ASSERT_EQUAL_FATAL(sink_open_stream(sent.fake.fd, "out", &sink, &err), STATUS_OK);
    CU_ASSERT_EQUAL(row_replay_send(replay, &pace, sink, &sent.counts, &err), STATUS_OK);
    CU_ASSERT_EQUAL(sink_close(sink, &err), STATUS_OK);
    read_output(sent.fake.fd, sent.text);
    close(sent.fake.fd);
    return sent;
}

static inline struct row_replay *open_rows(const char *csv, const struct decoder_config *decoding)
{
    struct row_replay *replay = NULL;
    struct error err;
    const struct row_replay_config config = {
        .path = write_csv(csv), .decoding = *decoding, .partitions = 1};
    CU_ASSERT_EQUAL_FATAL(row_replay_open(&config, &replay, &err), STATUS_OK);
    return replay;
}

/* For main(): runs the tests between them. */
static inline int run_in_folder(const char *suite, const struct unit_test *tests, int count)
{
    if (!mkdtemp(folder))
        return EXIT_FAILURE;
    int status = unit_run(suite, tests, count);
    static const char *const names[] = {"rows.csv", "out", "part.0.ndjson", "part.1.ndjson",
                                        "part.2.ndjson"};
    char path[PATH_MAX];
    for (int i = 0; i < UNIT_COUNT(names); i++)
        unlink(path_of(names[i], path));
    rmdir(folder);
    return status;
}

#endif
