/* The scanner of paths against jansson: the same verdict and values for seeded documents, valid,
 * nearly valid and broken, whose keys keep meeting those of the paths. */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/buffer.h"
#include "ingest/decoder.h"
#include "unit.h"

enum { DOCUMENTS = 400000, GRID = 50 };

struct dice {
    uint64_t state;
};

static unsigned roll(struct dice *dice, unsigned sides)
{
    dice->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t x = dice->state;
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return (unsigned)((x ^ x >> 31) % sides);
}

static void put(struct buffer *text, const char *piece)
{
    buffer_append(text, piece, strlen(piece));
}

static void put_key(struct dice *dice, struct buffer *text)
{
    static const char *const keys[] = {"a",  "b", "c", "t",       "x",       "y",       "a.b",
                                       "ab", "",  "A", "\\u0061", "\\u0062", "\\u0078", "\\u0074"};
    buffer_printf(text, "%s\"%s\"%s:%s", roll(dice, 9) ? "" : " ", keys[roll(dice, 14)],
                  roll(dice, 9) ? "" : " ", roll(dice, 9) ? "" : "\n");
}

static void put_value(struct dice *dice, struct buffer *text, int levels);

static void put_object(struct dice *dice, struct buffer *text, int levels)
{
    buffer_put_u8(text, '{');
    for (unsigned i = 0, members = roll(dice, 4); i < members; i++) {
        put(text, i ? "," : "");
        put_key(dice, text);
        put_value(dice, text, levels - 1);
    }
    buffer_put_u8(text, '}');
}

static void put_value(struct dice *dice, struct buffer *text, int levels)
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

static void put_others(struct dice *dice, struct buffer *text)
{
    for (unsigned left = roll(dice, 8); left < 3; left++) {
        put_key(dice, text);
        put_value(dice, text, 3);
        buffer_put_u8(text, ',');
    }
}

static void put_number(struct dice *dice, struct buffer *text)
{
    if (roll(dice, 30) == 0)
        put_value(dice, text, 2);
    else
        buffer_printf(text, "%u", roll(dice, 60));
}

/* {"a":{"b":{"t":…,"y":…},"x":…},"c":…} with more in between. */
static void put_event(struct dice *dice, struct buffer *text)
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

static void mutate(struct dice *dice, struct buffer *text)
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
    record.time_ms = json_integer_value(t);
    record.rate = json_number_value(c);
    bool inside = column >= 0 && column < GRID && row >= 0 && row < GRID;
    record.verdict = inside && fabs(record.rate) <= 1e12 ? FATE_ON_TIME : FATE_OUT_OF_RANGE;
    record.cell = column * GRID + row;
    return record;
}

static bool equal(const struct record *a, const struct record *b)
{
    if (a->verdict != b->verdict || (a->has_time && a->time_ms != b->time_ms))
        return false;
    return a->verdict != FATE_ON_TIME || (a->cell == b->cell && a->rate == b->rate);
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
    struct dice dice = {20260101};
    struct buffer text = {0};
    int verdicts[FATE_COUNT] = {0}, different = 0;
    for (int i = 0; i < DOCUMENTS && different < 10; i++) {
        json_t *tree;
        buffer_clear(&text);
        put_event(&dice, &text);
        for (unsigned mutations = roll(&dice, 4); mutations > 2; mutations--)
            mutate(&dice, &text);
        if (!parse(&text, &tree))
            continue;
        struct message message = {.value = text.data, .value_size = text.size};
        struct record record, expected = judge(tree);
        json_decref(tree);
        decoder_decode(decoder, 0, &message, &record);
        verdicts[record.verdict]++;
        if (equal(&record, &expected))
            continue;
        different++;
        fprintf(stderr, "document %d: verdict %d, jansson's %d: %.*s\n", i, (int)record.verdict,
                (int)expected.verdict, (int)text.size, (const char *)text.data);
    }
    CU_ASSERT_EQUAL(different, 0);
    CU_ASSERT(verdicts[FATE_ON_TIME] > DOCUMENTS / 20);
    CU_ASSERT(verdicts[FATE_UNDECODABLE] > DOCUMENTS / 10);
    CU_ASSERT(verdicts[FATE_OUT_OF_RANGE] > DOCUMENTS / 50);
    buffer_release(&text);
    decoder_destroy(decoder);
}

int main(void)
{
    static const struct unit_test tests[] = {UNIT_TEST(paths_find_what_jansson_finds)};
    return unit_run("paths_against_jansson", tests, UNIT_COUNT(tests));
}
