/* Writing an event log, reading it back, and going on with one that was interrupted. */
#include <signal.h>
#include <sys/resource.h>

#include "base/log.h"
#include "event_log_fixture.h"
#include "unit.h"

static struct scratch scratch;
static char path[PATH_MAX]; /* of the test's own log */

static void begin(void)
{
    scratch = scratch_make();
    scratch_file(&scratch, "log.hsl", path);
}

static void end(void)
{
    scratch_remove(&scratch);
}

static void fill(struct event_log_writer *writer, int partition, int64_t from, int64_t to)
{
    for (int64_t offset = from; offset < to; offset++)
        fixture_put(writer, partition, offset);
}

/* All records of a partition from `from` on, `max` at a time, must be those of the offsets in
 * `wanted`; returns how many there are. */
static int64_t count_good(struct event_log *log, int partition, int64_t from, int max)
{
    struct error err;
    struct message messages[64];
    struct event_log_cursor cursor = {0};
    int64_t good = 0, before = from - 1;
    int count = 1;
    CU_ASSERT_EQUAL_FATAL(event_log_seek(log, partition, from, &cursor, &err), STATUS_OK);
    while (count > 0) {
        CU_ASSERT_EQUAL_FATAL(event_log_read(log, partition, &cursor, max, messages, &count, &err),
                              STATUS_OK);
        for (int i = 0; i < count; i++) {
            struct message wanted = fixture_message(partition, messages[i].offset);
            CU_ASSERT_TRUE(messages[i].offset > before);
            good += fixture_same(&messages[i], &wanted);
            before = messages[i].offset;
        }
    }
    CU_ASSERT_TRUE(cursor.records.capacity <= 2 << 20); /* a block, however large the log */
    event_log_cursor_release(&cursor);
    return good;
}

static void what_is_put_is_read_back_byte_for_byte(void)
{
    begin();
    struct event_log_writer *writer = fixture_open(path);
    fill(writer, 0, 0, 100);
    fill(writer, 2, fixture_first[2], fixture_first[2] + 50);
    fixture_sync(writer);
    fill(writer, 0, 100, 120);
    CU_ASSERT_EQUAL(event_log_writer_next(writer, 0), 120);
    fixture_close(writer);
    struct event_log *log = fixture_read(path);
    CU_ASSERT_STRING_EQUAL(event_log_identity(log).topic, "heat");
    CU_ASSERT_STRING_EQUAL(event_log_identity(log).cluster_id, "cluster-7");
    CU_ASSERT_EQUAL(event_log_identity(log).partitions, FIXTURE_PARTITIONS);
    for (int p = 0; p < FIXTURE_PARTITIONS; p++)
        CU_ASSERT_EQUAL(event_log_first(log, p), fixture_first[p]);
    CU_ASSERT_EQUAL(event_log_end(log, 0), 120);
    CU_ASSERT_EQUAL(event_log_end(log, 1), 5);
    CU_ASSERT_EQUAL(event_log_end(log, 2), fixture_first[2] + 50);
    CU_ASSERT_EQUAL(event_log_size(log).records, 170);
    CU_ASSERT_EQUAL(event_log_size(log).torn, 0);
    CU_ASSERT_TRUE(event_log_size(log).closed);
    for (int max = 1; max <= 64; max *= 4) {
        CU_ASSERT_EQUAL(count_good(log, 0, 0, max), 120);
        CU_ASSERT_EQUAL(count_good(log, 1, 5, max), 0);
        CU_ASSERT_EQUAL(count_good(log, 2, fixture_first[2], max), 50);
    }
    event_log_close(log);
    end();
}

static void any_offset_can_be_sought(void)
{
    begin();
    struct event_log_writer *writer = fixture_open(path);
    for (int64_t offset = 0; offset < 60; offset += 3) { /* holes, and small blocks */
        fixture_put(writer, 0, offset);
        if (offset % 4 == 0)
            fixture_sync(writer);
    }
    event_log_writer_reach(writer, 0, 70);
    fixture_close(writer);
    struct event_log *log = fixture_read(path);
    for (int64_t from = 0; from <= 70; from++) {
        int64_t below = (from + 2) / 3;
        CU_ASSERT_EQUAL(count_good(log, 0, from, 7), below > 20 ? 0 : 20 - below);
    }
    event_log_close(log);
    end();
}

static void an_end_beyond_the_last_record_is_kept(void)
{
    begin();
    struct event_log_writer *writer = fixture_open(path);
    event_log_writer_reach(writer, 1, 9); /* nothing but holes */
    fill(writer, 0, 0, 3);
    event_log_writer_reach(writer, 0, 2); /* says nothing new */
    fixture_sync(writer);
    event_log_writer_reach(writer, 0, 7);
    CU_ASSERT_EQUAL(event_log_writer_next(writer, 0), 7);
    fixture_put(writer, 0, 8);
    event_log_writer_reach(writer, 0, 11);
    fixture_close(writer);
    struct event_log *log = fixture_read(path);
    CU_ASSERT_EQUAL(event_log_end(log, 0), 11);
    CU_ASSERT_EQUAL(event_log_end(log, 1), 9);
    CU_ASSERT_EQUAL(count_good(log, 0, 0, 64), 4);
    event_log_close(log);
    end();
}

static void a_record_may_be_larger_than_a_block(void)
{
    begin();
    enum { SIZE = 5 << 20 };
    struct error err;
    struct event_log_writer *writer = fixture_open(path);
    uint8_t *value = malloc(SIZE);
    for (int i = 0; i < SIZE; i++)
        value[i] = (uint8_t)(i * 7 + i / 251);
    struct message message = {.offset = 6, .time_ms = -1, .value = value, .value_size = SIZE}, read;
    CU_ASSERT_EQUAL(event_log_writer_put(writer, 1, &message, &err), STATUS_OK);
    fixture_close(writer);
    struct event_log *log = fixture_read(path);
    struct event_log_cursor cursor = {0};
    int count;
    CU_ASSERT_EQUAL(event_log_seek(log, 1, 5, &cursor, &err), STATUS_OK);
    CU_ASSERT_EQUAL(event_log_read(log, 1, &cursor, 1, &read, &count, &err), STATUS_OK);
    CU_ASSERT_EQUAL(count, 1);
    CU_ASSERT_TRUE(fixture_same(&read, &message));
    event_log_cursor_release(&cursor);
    event_log_close(log);
    free(value);
    end();
}

static void many_blocks_of_many_sizes_are_found_again(void)
{
    begin();
    struct event_log_writer *writer = fixture_open(path);
    fill(writer, 0, 0, 70000); /* several full blocks */
    fill(writer, 1, 5, 70005);
    for (int64_t offset = 70005; offset < 70205; offset++) {
        fixture_put(writer, 1, offset);
        fixture_sync(writer);
    }
    fixture_close(writer);
    struct event_log *log = fixture_read(path);
    CU_ASSERT_TRUE(event_log_size(log).blocks > 202);
    CU_ASSERT_EQUAL(count_good(log, 0, 0, 64), 70000);
    CU_ASSERT_EQUAL(count_good(log, 1, 5, 64), 70200);
    CU_ASSERT_EQUAL(count_good(log, 1, 70100, 64), 105);
    event_log_close(log);
    end();
}

static void a_writer_goes_on_where_the_log_ends(void)
{
    begin();
    struct event_log_writer *writer = fixture_open(path);
    fill(writer, 0, 0, 40);
    event_log_writer_reach(writer, 1, 12);
    fixture_close(writer);
    writer = fixture_open(path);
    CU_ASSERT_EQUAL(event_log_writer_next(writer, 0), 40);
    CU_ASSERT_EQUAL(event_log_writer_next(writer, 1), 12);
    fill(writer, 0, 40, 80);
    fixture_close(writer);
    struct event_log *log = fixture_read(path);
    CU_ASSERT_EQUAL(count_good(log, 0, 0, 64), 80);
    event_log_close(log);
    end();
}

static void going_on_without_anything_new_changes_nothing(void)
{
    begin();
    struct buffer before = {0}, after = {0};
    struct event_log_writer *writer = fixture_open(path);
    fill(writer, 0, 0, 40);
    fixture_close(writer);
    fixture_read_file(path, &before);
    fixture_close(fixture_open(path));
    fixture_read_file(path, &after);
    CU_ASSERT_EQUAL(before.size, after.size);
    CU_ASSERT_EQUAL(memcmp(before.data, after.data, after.size), 0);
    buffer_release(&before);
    buffer_release(&after);
    end();
}

/* Whatever a crash leaves of the file: the writer cuts it to whole blocks and fills it up again. */
static void a_log_cut_anywhere_is_gone_on_with(void)
{
    begin();
    struct buffer whole = {0};
    struct event_log_writer *writer = fixture_open(path);
    size_t header = (size_t)event_log_writer_bytes(writer);
    for (int64_t offset = 0; offset < 12; offset++) {
        fixture_put(writer, 0, offset);
        if (offset % 4 == 3)
            fixture_sync(writer);
    }
    fixture_close(writer);
    fixture_read_file(path, &whole);
    for (size_t size = header; size <= whole.size; size++) {
        fixture_write_file(path, whole.data, size);
        writer = fixture_open(path);
        int64_t next = event_log_writer_next(writer, 0);
        CU_ASSERT_TRUE(next % 4 == 0 && next <= 12);
        fill(writer, 0, next, 12);
        fixture_close(writer);
        struct event_log *log = fixture_read(path);
        CU_ASSERT_EQUAL(event_log_size(log).torn, 0);
        CU_ASSERT_EQUAL(count_good(log, 0, 0, 64), 12);
        event_log_close(log);
    }
    buffer_release(&whole);
    end();
}

static void what_was_not_synced_is_lost_and_nothing_else(void)
{
    begin();
    struct event_log_writer *writer = fixture_open(path);
    fill(writer, 0, 0, 10);
    fixture_sync(writer);
    fill(writer, 0, 10, 20);
    event_log_writer_discard(writer);
    struct event_log *log = fixture_read(path);
    CU_ASSERT_EQUAL(event_log_end(log, 0), 10);
    CU_ASSERT_FALSE(event_log_size(log).closed);
    event_log_close(log);
    end();
}

static enum status open_status(const struct source_identity *topic, struct error *err)
{
    struct event_log_writer *writer = NULL;
    enum status status = event_log_writer_open(path, topic, &writer, err);
    event_log_writer_discard(status == STATUS_OK ? writer : NULL);
    return status;
}

static void another_topic_is_refused(void)
{
    begin();
    struct error err;
    struct source_identity other = fixture_topic;
    fixture_close(fixture_open(path));
    CU_ASSERT_EQUAL(open_status(&other, &err), STATUS_OK);
    other.topic = "cold";
    CU_ASSERT_EQUAL(open_status(&other, &err), STATUS_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "topic heat, not cold"));
    other = fixture_topic;
    other.cluster_id = "cluster-8";
    CU_ASSERT_EQUAL(open_status(&other, &err), STATUS_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "cluster-7"));
    other = fixture_topic;
    other.partitions = 4;
    CU_ASSERT_EQUAL(open_status(&other, &err), STATUS_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "3 partitions"));
    end();
}

static void a_second_writer_is_refused(void)
{
    begin();
    struct error err;
    struct event_log_writer *writer = fixture_open(path);
    CU_ASSERT_EQUAL(open_status(&fixture_topic, &err), STATUS_CANNOT_CREATE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, path));
    fixture_close(writer);
    CU_ASSERT_EQUAL(open_status(&fixture_topic, &err), STATUS_OK);
    end();
}

static void a_file_that_is_there_is_never_replaced(void)
{
    begin();
    struct error err;
    struct buffer bytes = {0};
    fixture_write_file(path, (const uint8_t *)"precious", 8);
    CU_ASSERT_EQUAL(event_log_create(path, &fixture_topic, fixture_first, &err), STATUS_OK);
    fixture_read_file(path, &bytes);
    CU_ASSERT_EQUAL(bytes.size, 8);
    CU_ASSERT_EQUAL(open_status(&fixture_topic, &err), STATUS_NO_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "not an event log"));
    buffer_release(&bytes);
    end();
}

static void a_log_of_another_version_is_refused(void)
{
    begin();
    struct error err;
    struct buffer bytes = {0};
    fixture_close(fixture_open(path));
    fixture_read_file(path, &bytes);
    bytes.data[8] = 2;
    fixture_write_file(path, bytes.data, bytes.size);
    CU_ASSERT_EQUAL(open_status(&fixture_topic, &err), STATUS_NO_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "version 2"));
    buffer_release(&bytes);
    end();
}

/* A limit on the size of files is as good as a full disk. */
static void after_a_full_disk_the_log_is_what_was_synced(void)
{
    begin();
    struct error err;
    struct event_log_writer *writer = fixture_open(path);
    fill(writer, 0, 0, 10);
    fixture_sync(writer);
    struct rlimit before, full = {.rlim_cur = (rlim_t)event_log_writer_bytes(writer) + 70};
    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_FSIZE, &before), 0);
    full.rlim_max = before.rlim_max;
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_FSIZE, &full), 0);
    fill(writer, 0, 10, 20);
    CU_ASSERT_EQUAL(event_log_writer_sync(writer, &err), STATUS_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, path));
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_FSIZE, &before), 0);
    CU_ASSERT_EQUAL(event_log_writer_close(writer, &err), STATUS_IO);
    writer = fixture_open(path);
    CU_ASSERT_EQUAL(event_log_writer_next(writer, 0), 10);
    fill(writer, 0, 10, 20);
    fixture_close(writer);
    struct event_log *log = fixture_read(path);
    CU_ASSERT_EQUAL(count_good(log, 0, 0, 64), 20);
    event_log_close(log);
    end();
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(what_is_put_is_read_back_byte_for_byte),
        UNIT_TEST(any_offset_can_be_sought),
        UNIT_TEST(an_end_beyond_the_last_record_is_kept),
        UNIT_TEST(a_record_may_be_larger_than_a_block),
        UNIT_TEST(many_blocks_of_many_sizes_are_found_again),
        UNIT_TEST(a_writer_goes_on_where_the_log_ends),
        UNIT_TEST(going_on_without_anything_new_changes_nothing),
        UNIT_TEST(a_log_cut_anywhere_is_gone_on_with),
        UNIT_TEST(what_was_not_synced_is_lost_and_nothing_else),
        UNIT_TEST(another_topic_is_refused),
        UNIT_TEST(a_second_writer_is_refused),
        UNIT_TEST(a_file_that_is_there_is_never_replaced),
        UNIT_TEST(a_log_of_another_version_is_refused),
        UNIT_TEST(after_a_full_disk_the_log_is_what_was_synced),
    };
    signal(SIGXFSZ, SIG_IGN);
    log_configure(LOG_ERROR, LOG_HUMAN);
    return unit_run("event_log", tests, UNIT_COUNT(tests));
}
