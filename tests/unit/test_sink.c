#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/durable.h"
#include "ingest/sink.h"
#include "unit.h"

static char folder[] = "/tmp/heatstream-test-XXXXXX";

static void put(struct sink *sink, int partition, const char *value)
{
    struct error err;
    const struct sink_record record = {.partition = partition,
                                       .key = "key",
                                       .key_size = 3,
                                       .value = value,
                                       .value_size = strlen(value)};
    CU_ASSERT_EQUAL(sink_put(sink, &record, &err), STATUS_OK);
}

static void check_contents(const char *name, const char *expected)
{
    char path[80];
    struct buffer text = {0};
    struct error err;
    snprintf(path, sizeof path, "%.60s/%.16s", folder, name);
    CU_ASSERT_EQUAL(durable_read_file(path, &text, &err), STATUS_OK);
    buffer_put_u8(&text, 0);
    CU_ASSERT_STRING_EQUAL((const char *)text.data, expected);
    buffer_release(&text);
    unlink(path);
}

static void every_partition_has_a_file_with_a_line_a_record(void)
{
    char prefix[64];
    struct sink *sink;
    struct error err;
    snprintf(prefix, sizeof prefix, "%.50s/out", folder);
    CU_ASSERT_EQUAL_FATAL(sink_open_files(prefix, 3, &sink, &err), STATUS_OK);
    put(sink, 0, "a");
    put(sink, 2, "b");
    put(sink, 0, "");
    put(sink, 0, "c");
    CU_ASSERT_EQUAL(sink_close(sink, &err), STATUS_OK);
    check_contents("out.0.ndjson", "a\n\nc\n");
    check_contents("out.1.ndjson", "");
    check_contents("out.2.ndjson", "b\n");
}

static void stream_takes_all_partitions_in_order_and_at_once_when_pushed(void)
{
    int ends[2];
    char text[16] = "";
    struct sink *sink;
    struct error err;
    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    CU_ASSERT_EQUAL_FATAL(sink_open_stream(ends[1], "pipe", &sink, &err), STATUS_OK);
    put(sink, 1, "a");
    put(sink, 0, "b");
    CU_ASSERT_EQUAL(sink_push(sink, &err), STATUS_OK);
    CU_ASSERT_EQUAL(read(ends[0], text, sizeof text - 1), 4);
    CU_ASSERT_STRING_EQUAL(text, "a\nb\n");
    sink_discard(sink);
    close(ends[0]);
    close(ends[1]);
}

static void file_that_cannot_be_made_is_named(void)
{
    struct sink *sink;
    struct error err;
    CU_ASSERT_EQUAL(sink_open_files("/nowhere/x", 1, &sink, &err), STATUS_CANNOT_CREATE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "/nowhere/x.0.ndjson"));
}

static void full_disk_is_reported_by_close(void)
{
    int fd = open("/dev/full", O_WRONLY);
    struct sink *sink;
    struct error err;
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_EQUAL_FATAL(sink_open_stream(fd, "the full disk", &sink, &err), STATUS_OK);
    put(sink, 0, "a");
    CU_ASSERT_EQUAL(sink_close(sink, &err), STATUS_IO);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "the full disk"));
    close(fd);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(every_partition_has_a_file_with_a_line_a_record),
        UNIT_TEST(stream_takes_all_partitions_in_order_and_at_once_when_pushed),
        UNIT_TEST(file_that_cannot_be_made_is_named),
        UNIT_TEST(full_disk_is_reported_by_close),
    };
    if (!mkdtemp(folder))
        return EXIT_FAILURE;
    int result = unit_run("sink", tests, UNIT_COUNT(tests));
    rmdir(folder);
    return result;
}
