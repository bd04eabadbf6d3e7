#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "ingest/source_file.h"
#include "unit.h"

static char folder[] = "/tmp/heatstream-test-XXXXXX";

static const char *path_of(const char *name)
{
    static char paths[4][64];
    static int turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static const char *write_bytes(const char *name, const void *bytes, size_t size)
{
    const char *path = path_of(name);
    FILE *file = fopen(path, "w");
    fwrite(bytes, 1, size, file);
    fclose(file);
    return path;
}

static const char *write_text(const char *name, const char *text)
{
    return write_bytes(name, text, strlen(text));
}

static struct source *open_one(const char *path)
{
    struct source *source = NULL;
    struct error err;
    CU_ASSERT_EQUAL_FATAL(source_open_files(&path, 1, &source, &err), STATUS_OK);
    return source;
}

static void start_at(struct source *source, int64_t next)
{
    struct error err;
    CU_ASSERT_EQUAL(source_start(source, &next, &err), STATUS_OK);
}

/* All messages of partition 0 up to its end, joined as `offset:value;`, the end as `offset.` */
static void read_joined(struct source *source, int max, struct buffer *joined)
{
    struct error err;
    const struct message *messages;
    int count;
    buffer_clear(joined);
    for (bool ended = false; !ended;) {
        CU_ASSERT_EQUAL_FATAL(source_read(source, 0, max, &messages, &count, &err), STATUS_OK);
        CU_ASSERT_FATAL(count > 0 && count <= max);
        for (int i = 0; i < count; i++) {
            ended = messages[i].end;
            buffer_printf(joined, "%lld%s", (long long)messages[i].offset, ended ? "." : ":");
            if (!ended)
                buffer_printf(joined, "%.*s;", (int)messages[i].value_size,
                              (const char *)messages[i].value);
        }
    }
    buffer_put_u8(joined, 0);
}

static void check_joined(const char *path, int64_t from, int max, const char *expected)
{
    struct source *source = open_one(path);
    struct buffer joined = {0};
    start_at(source, from);
    read_joined(source, max, &joined);
    CU_ASSERT_STRING_EQUAL((const char *)joined.data, expected);
    buffer_release(&joined);
    source_destroy(source);
}

static void check_end(const char *path, int64_t expected)
{
    struct source *source = open_one(path);
    struct error err;
    int64_t first, end;
    CU_ASSERT_EQUAL(source_bounds(source, 0, &first, &end, &err), STATUS_OK);
    CU_ASSERT_EQUAL(first, 0);
    CU_ASSERT_EQUAL(end, expected);
    source_destroy(source);
}

static void every_line_is_a_record(void)
{
    const char *path = write_text("lines", "{a\nb\n\n c\r\n");
    check_end(path, 4);
    check_joined(path, 0, 100, "0:{a;1:b;2:;3: c\r;4.");
    check_joined(path, 0, 1, "0:{a;1:b;2:;3: c\r;4.");
    check_joined(path, 2, 100, "2:;3: c\r;4.");
    check_joined(path, 4, 100, "4.");
}

static void last_line_needs_no_line_feed(void)
{
    const char *path = write_text("torn", "a\nb");
    check_end(path, 2);
    check_joined(path, 0, 100, "0:a;1:b;2.");
    check_joined(path, 1, 100, "1:b;2.");
}

static void empty_files_have_no_records(void)
{
    check_end(write_text("empty", ""), 0);
    check_joined(path_of("empty"), 0, 100, "0.");
    check_joined(write_text("one", "\n"), 0, 100, "0:;1.");
}

static void csv_header_is_not_a_record(void)
{
    const char *path = write_text("data", "time,gridX,gridY,gen\n1,2,3,4\n\n5,6,7,8");
    struct source *source = open_one(path);
    CU_ASSERT_STRING_EQUAL(source_file_header(source, 0), "time,gridX,gridY,gen");
    source_destroy(source);
    check_end(path, 3);
    check_joined(path, 0, 100, "0:1,2,3,4;1:;2:5,6,7,8;3.");
    check_end(write_text("bare.csv", "time,gridX,gridY,gen"), 0);
}

static const char *header_of(const char *text)
{
    struct source *source = open_one(write_text("first", text));
    const char *header = source_file_header(source, 0) ? "header" : "record";
    source_destroy(source);
    return header;
}

static void garbage_in_the_first_line_is_a_record(void)
{
    CU_ASSERT_STRING_EQUAL(header_of("garbage\n{}\n"), "record");
    CU_ASSERT_STRING_EQUAL(header_of("[1,2,3,4]\n"), "record");
    CU_ASSERT_STRING_EQUAL(header_of("1,2,3,4\n"), "record");
    CU_ASSERT_STRING_EQUAL(header_of("{\"time\":1,\"gridX\":2,\"gridY\":3,\"gen\":4}\n"), "record");
    CU_ASSERT_STRING_EQUAL(header_of("\n"), "record");
    CU_ASSERT_STRING_EQUAL(header_of("\"t\",\"x\",\"y\",\"v\"\r\n"), "header");
    CU_ASSERT_STRING_EQUAL(header_of("\xEF\xBB\xBFt,x,y,v\n"), "header");
}

static void any_record_can_be_started_from(void)
{
    struct buffer text = {0};
    for (int i = 0; i < 50000; i++)
        buffer_printf(&text, "%d%*s\n", i, i % 23, "");
    struct source *source = open_one(write_bytes("many", text.data, text.size));
    struct error err;
    const struct message *messages;
    int count, wrong = 0;
    for (int64_t i = 0; i < 50000; i += 997) {
        start_at(source, i);
        CU_ASSERT_EQUAL_FATAL(source_read(source, 0, 10, &messages, &count, &err), STATUS_OK);
        wrong += messages[0].offset != i || atoi((const char *)messages[0].value) != i;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    source_destroy(source);
    buffer_release(&text);
}

static void lines_longer_than_blocks_are_whole(void)
{
    struct buffer text = {0};
    for (int i = 0; i < 3 << 20; i++)
        buffer_put_u8(&text, i == 1 << 20 ? '\n' : 'x');
    struct source *source = open_one(write_bytes("long", text.data, text.size));
    struct error err;
    const struct message *messages;
    int count;
    start_at(source, 1);
    CU_ASSERT_EQUAL_FATAL(source_read(source, 0, 10, &messages, &count, &err), STATUS_OK);
    CU_ASSERT_EQUAL(count, 1);
    CU_ASSERT_EQUAL(messages[0].value_size, (2 << 20) - 1);
    CU_ASSERT(memchr(messages[0].value, '\n', messages[0].value_size) == NULL);
    source_destroy(source);
    buffer_release(&text);
}

/* A sparse file: nothing is written but its two ends. */
static void line_beyond_64_mib_is_cut_and_the_next_is_unharmed(void)
{
    const char *path = write_text("huge", "a\n");
    int fd = open(path, O_WRONLY);
    CU_ASSERT_EQUAL_FATAL(pwrite(fd, "\nb\n", 3, 70 << 20), 3);
    close(fd);
    check_end(path, 3);
    struct source *source = open_one(path);
    struct error err;
    const struct message *messages;
    int count;
    start_at(source, 1);
    CU_ASSERT_EQUAL_FATAL(source_read(source, 0, 10, &messages, &count, &err), STATUS_OK);
    CU_ASSERT_EQUAL(count, 1);
    CU_ASSERT_EQUAL(messages[0].value_size, (64 << 20) + 1);
    CU_ASSERT_EQUAL_FATAL(source_read(source, 0, 10, &messages, &count, &err), STATUS_OK);
    CU_ASSERT(messages[0].offset == 2 && *messages[0].value == 'b');
    start_at(source, 2);
    struct buffer joined = {0};
    read_joined(source, 10, &joined);
    CU_ASSERT_STRING_EQUAL((const char *)joined.data, "2:b;3.");
    buffer_release(&joined);
    source_destroy(source);
    unlink(path);
}

static void files_are_partitions_in_the_order_given(void)
{
    const char *paths[] = {write_text("p0", "a\n"), write_text("p1", "b\nc\n")};
    struct source *source;
    struct error err;
    const struct message *messages;
    int count;
    CU_ASSERT_EQUAL_FATAL(source_open_files(paths, 2, &source, &err), STATUS_OK);
    struct source_identity identity = source_identity(source);
    CU_ASSERT_STRING_EQUAL(identity.topic, "p0,p1");
    CU_ASSERT_EQUAL(identity.partitions, 2);
    CU_ASSERT(identity.bounded);
    const int64_t next[] = {-1, 1};
    CU_ASSERT_EQUAL(source_start(source, next, &err), STATUS_OK);
    CU_ASSERT_EQUAL(source_read(source, 0, 10, &messages, &count, &err), STATUS_OK);
    CU_ASSERT_EQUAL(count, 0);
    CU_ASSERT_EQUAL(source_read(source, 1, 10, &messages, &count, &err), STATUS_OK);
    CU_ASSERT(count == 1 && *messages[0].value == 'c');
    source_destroy(source);
}

static void files_that_cannot_be_read_are_named(void)
{
    struct source *source;
    struct error err;
    const char *missing = path_of("missing"), *directory = folder;
    CU_ASSERT_EQUAL(source_open_files(&missing, 1, &source, &err), STATUS_NO_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, missing));
    CU_ASSERT_EQUAL(source_open_files(&directory, 1, &source, &err), STATUS_NO_INPUT);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, directory));
}

static void start_beyond_the_end_is_refused(void)
{
    struct source *source = open_one(write_text("short", "a\n"));
    struct error err;
    int64_t next = 2;
    CU_ASSERT_EQUAL(source_start(source, &next, &err), STATUS_NO_INPUT);
    source_destroy(source);
}

static void file_that_shrinks_while_read_is_an_error(void)
{
    struct buffer text = {0};
    for (int i = 0; i < 100000; i++)
        buffer_printf(&text, "%d\n", i);
    const char *path = write_bytes("shrinks", text.data, text.size);
    struct source *source = open_one(path);
    struct error err;
    const struct message *messages;
    enum status status = STATUS_OK;
    start_at(source, 0);
    CU_ASSERT_EQUAL_FATAL(truncate(path, 1000), 0);
    for (int count = 1; status == STATUS_OK && count > 0;)
        status = source_read(source, 0, 1000, &messages, &count, &err);
    CU_ASSERT_EQUAL(status, STATUS_IO);
    source_destroy(source);
    buffer_release(&text);
}

static void remove_folder(void)
{
    static const char *const names[] = {"lines",    "torn",  "empty",  "one",  "data",
                                        "bare.csv", "first", "many",   "long", "p0",
                                        "p1",       "short", "shrinks"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(path_of(names[i]));
    rmdir(folder);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(every_line_is_a_record),
        UNIT_TEST(last_line_needs_no_line_feed),
        UNIT_TEST(empty_files_have_no_records),
        UNIT_TEST(csv_header_is_not_a_record),
        UNIT_TEST(garbage_in_the_first_line_is_a_record),
        UNIT_TEST(any_record_can_be_started_from),
        UNIT_TEST(lines_longer_than_blocks_are_whole),
        UNIT_TEST(line_beyond_64_mib_is_cut_and_the_next_is_unharmed),
        UNIT_TEST(files_are_partitions_in_the_order_given),
        UNIT_TEST(files_that_cannot_be_read_are_named),
        UNIT_TEST(start_beyond_the_end_is_refused),
        UNIT_TEST(file_that_shrinks_while_read_is_an_error),
    };
    if (!mkdtemp(folder))
        return EXIT_FAILURE;
    int result = unit_run("source_file", tests, UNIT_COUNT(tests));
    remove_folder();
    return result;
}
