/* What a decoder remembers of the text of an event never changes what it makes of the next one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "splitmix.h"
#include "unit.h"
#include "wire/decoder.h"

enum { TEXT = 700, ROUNDS = 100000 };

static const char *const texts[] = {
    "{\"time\":1700000000000,\"gridX\":1,\"gridY\":2,\"gen\":3.5}",
    "{\"time\":1700000000001,\"gridX\":12,\"gridY\":0,\"gen\":-1e-3}",
    "{\"time\":1,\"gridX\":1,\"gridY\":2,\"gen\":3.5,\"id\":\"s1\"}",
    "{\"time\":1,\"gridX\":1,\"gridY\":2,\"gen\":3.5,\"id\":7}",
    "{\"time\":1,\"gridX\":1,\"gridY\":2,\"gen\":3.5,\"id\":7} ",
    " { \"gen\" : 0 , \"gridY\" : 15 , \"gridX\" : 15 , \"time\" : 99 }\r\n",
    "{\"time\":1,\"gridX\":1,\"gridY\":2,\"gen\":3.5}}",
    "{\"time\":1,\"gridX\":1,\"gridY\":2,\"gen\":3.5",
    "{\"time\":1,\"gridX\":1,\"gridY\":2,\"gen\":3.}",
    "{\"time\":01,\"gridX\":1,\"gridY\":2,\"gen\":3}",
    "{\"time\":1,\"gridX\":1.0,\"gridY\":2,\"gen\":3}",
    "{\"time\":1,\"gridX\":1,\"gridY\":16,\"gen\":3}",
    "{\"time\":1,\"gridX\":1,\"gridY\":2,\"gen\":1e999}",
    "{\"time\":1,\"time\":1,\"gridY\":2,\"gen\":3}",
    "{\"time\":1,\"gridX\":1,\"gridY\":2,\"gen\":3,\"a\":1,\"a\":1}",
    "{\"time\":1,\"gridX\":1,\"gridY\":2,\"gen\":3,\"a\":{\"gen\":4}}",
    "{\"t\\u0069me\":1,\"gridX\":1,\"gridY\":2,\"gen\":3}",
    "{\"time\":18446744073709551616,\"gridX\":1,\"gridY\":2,\"gen\":3}",
    "{\"time\":-0,\"gridX\":-0,\"gridY\":0,\"gen\":-0}",
    "[1]",
    "",
};
enum { TEXTS = sizeof texts / sizeof *texts };

static struct decoder *make(void)
{
    return decoder_create(&(struct decoder_config){.format = EVENT_JSON,
                                                   .field_time = "time",
                                                   .field_x = "gridX",
                                                   .field_y = "gridY",
                                                   .field_value = "gen",
                                                   .gnx = 16,
                                                   .gny = 16,
                                                   .gen_limit = 1e12});
}

/* Nothing is read behind the text: it ends where its block does. */
static struct record decode(const struct decoder *decoder, const char *text, size_t size)
{
    struct record record;
    uint8_t *copy = malloc(size + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    memcpy(copy + 1, text, size);
    struct message message = {.value = copy + 1, .value_size = size};
    decoder_decode(decoder, 0, &message, &record);
    free(copy);
    return record;
}

static bool same(const struct record *a, const struct record *b)
{
    return a->verdict == b->verdict && a->has_time == b->has_time && a->time_ms == b->time_ms &&
           a->cell == b->cell && memcmp(&a->rate, &b->rate, sizeof a->rate) == 0;
}

static bool is_as_if_first(const struct decoder *used, const char *text, size_t size)
{
    struct decoder *fresh = make();
    struct record expected = decode(fresh, text, size), found = decode(used, text, size);
    decoder_destroy(fresh);
    return same(&expected, &found);
}

static void a_text_means_the_same_after_any_other(void)
{
    int accepted = 0;
    for (int first = 0; first < TEXTS; first++)
        for (int second = 0; second < TEXTS; second++) {
            struct decoder *decoder = make();
            struct record record = decode(decoder, texts[first], strlen(texts[first]));
            accepted += record.verdict == FATE_ON_TIME;
            CU_ASSERT(is_as_if_first(decoder, texts[second], strlen(texts[second])));
            decoder_destroy(decoder);
        }
    CU_ASSERT(accepted > 0);
}

static void a_text_with_bytes_changed_means_the_same_after_the_one_it_was(void)
{
    static const char bytes[] = "0123456789-+.eE \"\\{}[],:xgT\xC3\x01";
    uint64_t dice = 11;
    int wrong = 0;
    struct decoder *decoder = make();
    for (int round = 0; round < ROUNDS; round++) {
        char text[TEXT];
        const char *from = texts[roll(&dice, TEXTS)];
        size_t size = strlen(from);
        memcpy(text, from, size);
        decode(decoder, text, size);
        for (unsigned changes = roll(&dice, 3); size > 0 && changes > 0; changes--)
            text[roll(&dice, (unsigned)size)] = bytes[roll(&dice, sizeof bytes - 1)];
        if (roll(&dice, 8) == 0)
            size = roll(&dice, (unsigned)size + 1);
        wrong += !is_as_if_first(decoder, text, size);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    decoder_destroy(decoder);
}

/* Digits are read in words: a number may end anywhere in one, and by any byte. */
static void a_number_of_any_length_that_any_byte_ends_means_the_same_after_any_other(void)
{
    static const char *const begins[] = {"", "0", "-", "-0", "1."};
    static const char *const forms[] = {
        "{\"time\":%s%.*s%c,\"gridX\":1,\"gridY\":2,\"gen\":3.5}",
        "{\"time\":1,\"gridX\":%s%.*s%c,\"gridY\":2,\"gen\":3.5}",
        "{\"time\":1,\"gridX\":1,\"gridY\":2,\"gen\":%s%.*s%c}",
    };
    char text[TEXT];
    int wrong = 0, accepted = 0;
    struct decoder *decoder = make();
    for (int i = 0; i < 22 * 256; i++)
        for (int begin = 0; begin < 5; begin++)
            for (int form = 0; form < 3; form++) {
                decode(decoder, texts[form == 2], strlen(texts[form == 2]));
                int size = snprintf(text, sizeof text, forms[form], begins[begin], i / 256,
                                    "9182736450918273645091", i % 256 ? i % 256 : ' ');
                wrong += !is_as_if_first(decoder, text, (size_t)size);
                accepted += decode(decoder, text, (size_t)size).verdict == FATE_ON_TIME;
            }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(accepted > 22);
    decoder_destroy(decoder);
}

static void a_text_longer_than_what_is_remembered_is_read_each_time(void)
{
    char text[3 * TEXT];
    struct decoder *decoder = make();
    for (int filling = 440; filling < 500; filling++) {
        int size = snprintf(text, sizeof text,
                            "{\"time\":%d,\"gridX\":1,\"gridY\":2,\"gen\":3,\"note\":\"%*s\"}",
                            filling, filling, "n");
        for (int again = 0; again < 2; again++)
            CU_ASSERT(is_as_if_first(decoder, text, (size_t)size));
    }
    decoder_destroy(decoder);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(a_text_means_the_same_after_any_other),
        UNIT_TEST(a_text_with_bytes_changed_means_the_same_after_the_one_it_was),
        UNIT_TEST(a_number_of_any_length_that_any_byte_ends_means_the_same_after_any_other),
        UNIT_TEST(a_text_longer_than_what_is_remembered_is_read_each_time),
    };
    return unit_run("json_shape", tests, UNIT_COUNT(tests));
}
