/* The scanner of paths against jansson: the same verdict and values for seeded documents, valid,
 * nearly valid and broken, whose keys keep meeting those of the paths. */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "decoding.h"
#include "splitmix.h"

enum { DOCUMENTS = 400000, GRID = 50 };

static void put(struct buffer *text, const char *piece)
{
    buffer_append(text, piece, strlen(piece));
}

static void put_key(uint64_t *dice, struct buffer *text)
{
    static const char *const keys[] = {"a",  "b", "c", "t",       "x",       "y",       "a.b",
                                       "ab", "",  "A", "\\u0061", "\\u0062", "\\u0078", "\\u0074"};
    buffer_printf(text, "%s\"%s\"%s:%s", roll(dice, 9) ? "" : " ", keys[roll(dice, 14)],
                  roll(dice, 9) ? "" : " ", roll(dice, 9) ? "" : "\n");
}

static void put_value(uint64_t *dice, struct buffer *text, int levels);

static void put_object(uint64_t *dice, struct buffer *text, int levels)
{
    buffer_put_u8(text, '{');
    for (unsigned i = 0, members = roll(dice, 4); i < members; i++) {
        put(text, i ? "," : "");
        put_key(dice, text);
        put_value(dice, text, levels - 1);
    }
    buffer_put_u8(text, '}');
}

static void put_value(uint64_t *dice, struct buffer *text, int levels)
{
    static const char *const words[] = {"true", "null", "\"a\"", "\"\\u00e9\"", "[]",
                                        "1.5",  "-0.0", "1e3",   "-1",          "51"};
    unsigned kind = roll(dice, levels > 0 ? 7 : 4);
    if (kind < 2)
        put(text, words[roll(dice, 10)]);
    else if (kind < 4)
        buffer_printf(text, "%u", roll(dice, 60));
    else if (kind < 6)
        put_object(dice, text, levels);
    else
        for (unsigned i = 0, open = 1; open; i++) {
            put(text, i ? "," : "[");
            put_value(dice, text, levels - 1);
            open = roll(dice, 2);
            put(text, open ? "" : "]");
        }
}

static void put_others(uint64_t *dice, struct buffer *text)
{
    for (unsigned left = roll(dice, 8); left < 3; left++) {
        put_key(dice, text);
        put_value(dice, text, 3);
        buffer_put_u8(text, ',');
    }
}

static void put_number(uint64_t *dice, struct buffer *text)
{
    if (roll(dice, 30) == 0)
        put_value(dice, text, 2);
    else
        buffer_printf(text, "%u", roll(dice, 60));
}

/* {"a":{"b":{"t":…,"y":…},"x":…},"c":…} with more in between. */
static void put_event(uint64_t *dice, struct buffer *text)
{
    put(text, "{");
    put_others(dice, text);
    put(text, roll(dice, 8) ? "\"a\":{" : "\"\\u0061\" : { ");
    put_others(dice, text);
    put(text, roll(dice, 8) ? "\"b\":{" : "\"\\u0062\":{");
    put_others(dice, text);
    put(text, "\"t\":");
    put_number(dice, text);
    put(text, roll(dice, 40) ? ",\"y\":" : ",\"Y\":");
    put_number(dice, text);
    put(text, "},");
    put_others(dice, text);
    put(text, roll(dice, 8) ? "\"x\":" : "\"\\u0078\":");
    put_number(dice, text);
    put(text, "},");
    put_others(dice, text);
    put(text, "\"c\":");
    put_number(dice, text);
    put(text, "}");
}

static void mutate(uint64_t *dice, struct buffer *text)
{
    static const char alphabet[] = "{}[]\",:\\01abctxy.-e \n\x80\xC3";
    size_t at = roll(dice, (unsigned)text->size);
    uint8_t c = (uint8_t)alphabet[roll(dice, sizeof alphabet - 1)];
    if (roll(dice, 2)) {
        text->data[at] = c;
        return;
    }
    memmove(text->data + at, text->data + at + 1, text->size - at - 1);
    text->size--;
}

/* False where jansson has limits that RFC 8259 has not. */
static bool parse(const struct buffer *text, json_t **tree)
{
    json_error_t error;
    *tree = json_loadb((const char *)text->data, text->size,
                       JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    return *tree || (json_error_code(&error) != json_error_numeric_overflow &&
                     json_error_code(&error) != json_error_null_byte_in_key);
}

static struct record judge(const json_t *tree)
{
    struct record record = {.verdict = FATE_UNDECODABLE};
    const json_t *a = json_object_get(tree, "a"), *b = json_object_get(a, "b");
    const json_t *t = json_object_get(b, "t"), *y = json_object_get(b, "y");
    const json_t *x = json_object_get(a, "x"), *c = json_object_get(tree, "c");
    if (!json_is_integer(t) || !json_is_integer(x) || !json_is_integer(y) || !json_is_number(c))
        return record;
    int64_t column = json_integer_value(x), row = json_integer_value(y);
    record.has_time = true;
    record.time_ms = json_integer_value(t);
    record.rate = json_number_value(c);
    bool inside = column >= 0 && column < GRID && row >= 0 && row < GRID;
    record.verdict = inside && fabs(record.rate) <= 1e12 ? FATE_ON_TIME : FATE_OUT_OF_RANGE;
    record.cell = column * GRID + row;
    return record;
}

static void paths_find_what_jansson_finds(void)
{
    struct decoder *decoder = decoder_create(&(struct decoder_config){.format = EVENT_JSON,
                                                                      .field_time = "a.b.t",
                                                                      .field_x = "a.x",
                                                                      .field_y = "a.b.y",
                                                                      .field_value = "c",
                                                                      .gnx = GRID,
                                                                      .gny = GRID,
                                                                      .gen_limit = 1e12});
    uint64_t dice = 20260101;
    struct buffer text = {0};
    struct comparison met = {{0}, 0, 0};
    while (met.documents < DOCUMENTS && met.different < 10) {
        json_t *tree;
        buffer_clear(&text);
        put_event(&dice, &text);
        for (unsigned mutations = roll(&dice, 4); mutations > 2; mutations--)
            mutate(&dice, &text);
        if (!parse(&text, &tree))
            continue;
        struct record expected = judge(tree);
        json_decref(tree);
        compare(&met, decoder, &text, &expected);
    }
    CU_ASSERT_EQUAL(met.different, 0);
    CU_ASSERT(met.verdicts[FATE_ON_TIME] > DOCUMENTS / 20);
    CU_ASSERT(met.verdicts[FATE_UNDECODABLE] > DOCUMENTS / 10);
    CU_ASSERT(met.verdicts[FATE_OUT_OF_RANGE] > DOCUMENTS / 50);
    buffer_release(&text);
    decoder_destroy(decoder);
}

int main(void)
{
    static const struct unit_test tests[] = {UNIT_TEST(paths_find_what_jansson_finds)};
    return unit_run("paths_against_jansson", tests, UNIT_COUNT(tests));
}
