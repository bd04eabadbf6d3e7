#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/durable.h"
#include "ingest/dead_letters.h"
#include "unit.h"

static char folder[] = "/tmp/heatstream-test-XXXXXX";
static char path[64];

static struct dead_letters *open_letters(int64_t size)
{
    struct dead_letters *letters = NULL;
    struct error err;
    CU_ASSERT_EQUAL_FATAL(dead_letters_open(path, size, &letters, &err), STATUS_OK);
    return letters;
}

/* Writes letters over the bytes and returns the file's contents; the size told must be its own. */
static struct buffer write_letters(int64_t from, const struct dead_letter *letter, int64_t count,
                                   const void *bytes)
{
    struct dead_letters *letters = open_letters(from);
    struct buffer contents = {0};
    struct error err;
    int64_t size = -1;
    CU_ASSERT_EQUAL(dead_letters_write(letters, letter, count, bytes, &err), STATUS_OK);
    CU_ASSERT_EQUAL(dead_letters_sync(letters, &size, NULL, &err), STATUS_OK);
    dead_letters_close(letters);
    CU_ASSERT_EQUAL(durable_read_file(path, &contents, &err), STATUS_OK);
    CU_ASSERT_EQUAL((int64_t)contents.size, size);
    buffer_put_u8(&contents, 0);
    return contents;
}

static struct dead_letter with_value(int64_t size)
{
    return (struct dead_letter){.partition = 2,
                                .reason = FATE_UNDECODABLE,
                                .offset = 17,
                                .has_value = true,
                                .value_bytes = size};
}

static void line_has_what_the_contract_says(void)
{
    struct dead_letter letter = {.partition = 1,
                                 .reason = FATE_OUT_OF_RANGE,
                                 .offset = INT64_MAX,
                                 .has_time = true,
                                 .time_ms = -5,
                                 .has_key = true,
                                 .key_at = 0,
                                 .key_bytes = 3,
                                 .has_value = true,
                                 .value_at = 3,
                                 .value_bytes = 4};
    struct buffer text = write_letters(0, &letter, 1, "key\xFF\x00\x01\x02");
    CU_ASSERT_STRING_EQUAL(
        (const char *)text.data,
        "{\"partition\":1,\"offset\":9223372036854775807,\"reason\":"
        "\"out_of_range\",\"time\":-5,\"key\":\"a2V5\",\"value\":\"/wABAg==\"}\n");
    buffer_release(&text);
}

static void missing_and_empty_bytes_differ(void)
{
    struct dead_letter letters[] = {with_value(0), with_value(0)};
    letters[0].has_value = false;
    struct buffer text = write_letters(0, letters, 2, NULL);
    CU_ASSERT_STRING_EQUAL((const char *)text.data,
                           "{\"partition\":2,\"offset\":17,\"reason\":\"undecodable\",\"key\":null,"
                           "\"value\":null}\n"
                           "{\"partition\":2,\"offset\":17,\"reason\":\"undecodable\",\"key\":null,"
                           "\"value\":\"\"}\n");
    buffer_release(&text);
}

/* RFC 4648, section 10. */
static void base64_is_that_of_the_standard(void)
{
    static const char *const expected[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                           "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    for (int size = 0; size <= 6; size++) {
        struct dead_letter letter = with_value(size);
        char mark[32];
        snprintf(mark, sizeof mark, "\"value\":\"%s\"}\n", expected[size]);
        struct buffer text = write_letters(0, &letter, 1, "foobar");
        CU_ASSERT_PTR_NOT_NULL(strstr((const char *)text.data, mark));
        buffer_release(&text);
    }
}

/* The line of a value of `size` bytes of which at most 4096 were kept. */
static void check_cut(int64_t size, size_t base64_size, bool has_bytes)
{
    static uint8_t bytes[DEAD_LETTER_BYTES + 1];
    struct dead_letter letter = with_value(size);
    struct buffer text = write_letters(0, &letter, 1, bytes);
    json_t *line = json_loadb((const char *)text.data, text.size - 1, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(line);
    CU_ASSERT_EQUAL(json_string_length(json_object_get(line, "value")), base64_size);
    json_t *full = json_object_get(line, "bytes");
    CU_ASSERT_EQUAL(full != NULL, has_bytes);
    CU_ASSERT_EQUAL(json_integer_value(full), has_bytes ? size : 0);
    json_decref(line);
    buffer_release(&text);
}

static void values_beyond_4_kib_are_cut_and_say_so(void)
{
    check_cut(DEAD_LETTER_BYTES, 5464, false);
    check_cut(DEAD_LETTER_BYTES + 1, 5464, true);
    check_cut(1 << 20, 5464, true);
}

static void letters_keep_the_order_given(void)
{
    struct dead_letter letters[20];
    for (int i = 0; i < 20; i++) {
        letters[i] = with_value(1);
        letters[i].partition = i / 10;
        letters[i].offset = 100 - i;
    }
    struct buffer text = write_letters(0, letters, 20, "x");
    const char *at = (const char *)text.data;
    for (int i = 0; i < 20; i++) {
        int partition = -1;
        long long offset = -1;
        CU_ASSERT_EQUAL(sscanf(at, "{\"partition\":%d,\"offset\":%lld", &partition, &offset), 2);
        CU_ASSERT(partition == i / 10 && offset == 100 - i);
        at = strchr(at, '\n') + 1;
    }
    CU_ASSERT_EQUAL(*at, 0);
    buffer_release(&text);
}

static void opening_cuts_back_to_the_checkpoint(void)
{
    struct dead_letter letter = with_value(1);
    struct buffer one = write_letters(0, &letter, 1, "x");
    int64_t size = (int64_t)one.size - 1;
    letter.offset = 18;
    struct buffer two = write_letters(size, &letter, 1, "y");
    CU_ASSERT_EQUAL((int64_t)two.size - 1, 2 * size);
    CU_ASSERT(memcmp(one.data, two.data, (size_t)size) == 0);
    struct buffer again = write_letters(size, &letter, 1, "y");
    CU_ASSERT_STRING_EQUAL((const char *)two.data, (const char *)again.data);
    buffer_release(&one);
    buffer_release(&two);
    buffer_release(&again);
}

static void file_shorter_than_the_checkpoint_is_refused(void)
{
    struct dead_letters *letters;
    struct error err;
    dead_letters_close(open_letters(0));
    CU_ASSERT_EQUAL(dead_letters_open(path, 1, &letters, &err), STATUS_BAD_DATA);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, path));
}

static void file_that_cannot_be_made_is_named(void)
{
    struct dead_letters *letters;
    struct error err;
    CU_ASSERT_EQUAL(dead_letters_open("/nowhere/letters", 0, &letters, &err), STATUS_CANNOT_CREATE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "/nowhere/letters"));
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(line_has_what_the_contract_says),
        UNIT_TEST(missing_and_empty_bytes_differ),
        UNIT_TEST(base64_is_that_of_the_standard),
        UNIT_TEST(values_beyond_4_kib_are_cut_and_say_so),
        UNIT_TEST(letters_keep_the_order_given),
        UNIT_TEST(opening_cuts_back_to_the_checkpoint),
        UNIT_TEST(file_shorter_than_the_checkpoint_is_refused),
        UNIT_TEST(file_that_cannot_be_made_is_named),
    };
    if (!mkdtemp(folder))
        return EXIT_FAILURE;
    snprintf(path, sizeof path, "%s/letters", folder);
    int result = unit_run("dead_letters", tests, UNIT_COUNT(tests));
    unlink(path);
    rmdir(folder);
    return result;
}
