/* The checks of tests/fuzz on its committed corpus, mutated at random from a fixed seed: what a
 * compiler without a fuzzer can show. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>

#include "../fuzz/avro_checks.h"
#include "../fuzz/event_log_checks.h"
#include "../fuzz/page_checks.h"
#include "splitmix.h"
#include "unit.h"

enum { ROUNDS = 30000, SEEDS_MAX = 16, BYTES_MAX = 1024 };

static uint64_t dice = 4711;

static struct buffer seeds[SEEDS_MAX];
static int seed_count;

static void load_seed(const char *path)
{
    char bytes[BYTES_MAX];
    FILE *file = fopen(path, "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    CU_ASSERT_FATAL(size > 0 && seed_count < SEEDS_MAX);
    buffer_clear(&seeds[seed_count]);
    buffer_append(&seeds[seed_count++], bytes, size);
}

/* The tests are started in the checkout's root. */
static void load_seeds(const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "tests/fuzz/corpus/%s", name);
    DIR *directory = opendir(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(directory);
    seed_count = 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "tests/fuzz/corpus/%s/%.100s", name, entry->d_name);
        load_seed(path);
    }
    closedir(directory);
    CU_ASSERT_FATAL(seed_count > 0);
}

/* A byte changed, left out or put in twice, a part of another seed, or a shorter end. */
static void mutate(struct buffer *text)
{
    static const char alphabet[] = "{}[]\",:\\0123456789eE+-.TZ\n\r u\x01\x7F\x80\xBF\xC3\xED";
    if (text->size == 0)
        return;
    size_t at = roll(&dice, (unsigned)text->size);
    const struct buffer *other = &seeds[roll(&dice, (unsigned)seed_count)];
    switch (roll(&dice, 6)) {
    case 0:
        text->data[at] = (uint8_t)alphabet[roll(&dice, sizeof alphabet - 1)];
        break;
    case 1:
        text->data[at] ^= (uint8_t)(1u << roll(&dice, 8));
        break;
    case 2:
        memmove(text->data + at, text->data + at + 1, text->size - at - 1);
        text->size--;
        break;
    case 3:
        buffer_put_u8(text, 0);
        memmove(text->data + at + 1, text->data + at, text->size - at - 1);
        break;
    case 4:
        text->size = at;
        at = roll(&dice, (unsigned)other->size);
        buffer_append(text, other->data + at, other->size - at);
        break;
    default:
        text->size = at;
    }
}

static void check_mutations(const char *name, void (*check)(const uint8_t *, size_t))
{
    struct buffer text = {0};
    load_seeds(name);
    for (int i = 0; i < ROUNDS; i++) {
        const struct buffer *seed = &seeds[roll(&dice, (unsigned)seed_count)];
        buffer_clear(&text);
        buffer_append(&text, seed->data, seed->size);
        for (unsigned left = roll(&dice, 6); left > 0; left--)
            mutate(&text);
        check(text.data, text.size);
    }
    buffer_release(&text);
    for (int i = 0; i < seed_count; i++)
        buffer_release(&seeds[i]);
}

static void any_json_gets_a_verdict(void)
{
    check_mutations("fuzz_json_event", check_json);
}

static void any_line_gets_a_verdict(void)
{
    check_mutations("fuzz_csv_line", check_csv);
}

static void any_binary_gets_a_verdict(void)
{
    check_mutations("fuzz_binary", check_binary);
}

static void any_time_is_one_in_json_and_in_csv(void)
{
    check_mutations("fuzz_times", check_times);
}

static void any_table_is_good_or_refused(void)
{
    check_mutations("fuzz_sensors", check_sensors);
}

static void any_avro_body_gets_a_verdict(void)
{
    check_mutations("fuzz_avro", check_avro);
}

static void any_avro_schema_is_good_or_refused(void)
{
    check_mutations("fuzz_avro_schema", check_avro_schema);
}

static void any_event_log_is_read_refused_or_cut(void)
{
    check_mutations("fuzz_event_log", check_event_log);
}

static void any_request_is_in_range_or_refused(void)
{
    check_mutations("fuzz_page", check_page);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(any_json_gets_a_verdict),
        UNIT_TEST(any_line_gets_a_verdict),
        UNIT_TEST(any_binary_gets_a_verdict),
        UNIT_TEST(any_time_is_one_in_json_and_in_csv),
        UNIT_TEST(any_table_is_good_or_refused),
        UNIT_TEST(any_avro_body_gets_a_verdict),
        UNIT_TEST(any_avro_schema_is_good_or_refused),
        UNIT_TEST(any_event_log_is_read_refused_or_cut),
        UNIT_TEST(any_request_is_in_range_or_refused),
    };
    return unit_run("decoder_mutations", tests, UNIT_COUNT(tests));
}
