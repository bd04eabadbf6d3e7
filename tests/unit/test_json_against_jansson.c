/* The event scanner against jansson: the same verdict and the same values for every document of a
 * seeded generator of valid, nearly valid and broken ones. */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "decoding.h"
#include "splitmix.h"

enum { DOCUMENTS = 300000, GRID = 50, OVERFLOWS_MAX = 9 };

static const double gen_limit = 1e12;

static const char *pick(uint64_t *dice, const char *const *texts, size_t size)
{
    return texts[roll(dice, (unsigned)(size / sizeof *texts))];
}

#define PICK(dice, ...)                                                                            \
    pick(dice, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}))

static void put(struct buffer *text, const char *piece)
{
    buffer_append(text, piece, strlen(piece));
}

static void put_space(uint64_t *dice, struct buffer *text)
{
    if (roll(dice, 6) == 0)
        put(text, PICK(dice, " ", "\n", "\t", "\r", "  ", "\r\n"));
}

static void put_digits(uint64_t *dice, struct buffer *text, unsigned most)
{
    for (unsigned left = 1 + roll(dice, most); left > 0; left--)
        buffer_put_u8(text, (uint8_t)('0' + roll(dice, 10)));
}

static void put_integer(uint64_t *dice, struct buffer *text)
{
    if (roll(dice, 4) == 0)
        put(text, PICK(dice, "0", "-0", "9223372036854775807", "9223372036854775808",
                       "-9223372036854775808", "-9223372036854775809", "18446744073709551616",
                       "1700000000000", "49", "50"));
    else
        buffer_printf(text, "%s%u", roll(dice, 8) ? "" : "-", roll(dice, 60));
}

static void put_number(uint64_t *dice, struct buffer *text)
{
    if (roll(dice, 5) == 0) {
        put(text, PICK(dice, "1e309", "-1e309", "1e-400", "4.9e-324", "2.4703282292062327e-324",
                       "2.4703282292062328e-324", "1.7976931348623157e308",
                       "1.7976931348623159e308", "9007199254740993", "9007199254740993.0",
                       "1000000000000", "1000000000001", "-1e12", "0.1", "1e23", "8.5e22", "-0.0"));
        return;
    }
    put(text, roll(dice, 4) ? "" : "-");
    buffer_printf(text, "%u", 1 + roll(dice, 9));
    put_digits(dice, text, roll(dice, 20) ? 4 : 400);
    if (roll(dice, 2)) {
        buffer_put_u8(text, '.');
        put_digits(dice, text, roll(dice, 20) ? 20 : 800);
    }
    if (roll(dice, 4) == 0)
        buffer_printf(text, "%s%u", PICK(dice, "e", "E", "e-", "E+"), roll(dice, 340));
}

static void put_string(uint64_t *dice, struct buffer *text)
{
    buffer_put_u8(text, '"');
    for (unsigned left = roll(dice, 5); left > 0; left--)
        put(text,
            PICK(dice, "a", "b", "\\u0061", "\\u0062", "\\n", "\\\\", "\\\"", "\\/", "\\u0000",
                 "\xC3\xA9", "\\u00e9", "\\u00E9", "\xE2\x82\xAC", "\\u20ac", "\xF0\x9D\x84\x9E",
                 "\\uD834\\uDD1E", "\\ud834\\udd1e", "\xED\x9F\xBF", "\xEF\xBF\xBF", " "));
    buffer_put_u8(text, '"');
}

static void put_value(uint64_t *dice, struct buffer *text, int levels);

static void put_array(uint64_t *dice, struct buffer *text, int levels)
{
    buffer_put_u8(text, '[');
    for (unsigned i = roll(dice, 4), left = i; left > 0; left--) {
        put(text, left == i ? "" : ",");
        put_value(dice, text, levels - 1);
    }
    buffer_put_u8(text, ']');
}

static void put_object(uint64_t *dice, struct buffer *text, int levels)
{
    buffer_put_u8(text, '{');
    for (unsigned i = roll(dice, 4), left = i; left > 0; left--) {
        put(text, left == i ? "" : ",");
        put_space(dice, text);
        put_string(dice, text);
        put_space(dice, text);
        buffer_put_u8(text, ':');
        put_value(dice, text, levels - 1);
    }
    buffer_put_u8(text, '}');
}

static void put_value(uint64_t *dice, struct buffer *text, int levels)
{
    unsigned kind = roll(dice, levels > 0 ? 8 : 5);
    put_space(dice, text);
    if (kind == 0)
        put(text, PICK(dice, "true", "false", "null"));
    else if (kind == 1)
        put_integer(dice, text);
    else if (kind == 2)
        put_number(dice, text);
    else if (kind <= 4)
        put_string(dice, text);
    else if (kind == 5)
        put_array(dice, text, levels);
    else
        put_object(dice, text, levels);
    put_space(dice, text);
}

/* Brackets around the limit of 64 levels. */
static void put_deep(uint64_t *dice, struct buffer *text)
{
    unsigned levels = 60 + roll(dice, 7);
    for (unsigned i = 0; i < levels; i++)
        put(text, i % 2 ? "[" : "{\"a\":");
    put(text, "0");
    for (unsigned i = levels; i-- > 0;)
        put(text, i % 2 ? "]" : "}");
}

static void put_other_member(uint64_t *dice, struct buffer *text)
{
    put_string(dice, text);
    buffer_put_u8(text, ':');
    if (roll(dice, 40) == 0)
        put_deep(dice, text);
    else
        put_value(dice, text, 3);
}

static void put_field(uint64_t *dice, struct buffer *text, unsigned field)
{
    static const char *const names[] = {"\"time\"", "\"gridX\"", "\"gridY\"", "\"gen\""};
    static const char *const escaped[] = {"\"t\\u0069me\"", "\"\\u0067rid\\u0058\"",
                                          "\"gri\\u0064Y\"", "\"\\u0067en\""};
    put_space(dice, text);
    put(text, roll(dice, 10) ? names[field] : escaped[field]);
    put_space(dice, text);
    buffer_put_u8(text, ':');
    put_space(dice, text);
    if (roll(dice, 60) == 0)
        put_value(dice, text, 1);
    else if (field == 3)
        put_number(dice, text);
    else
        put_integer(dice, text);
    put_space(dice, text);
}

static void put_event(uint64_t *dice, struct buffer *text)
{
    unsigned first = roll(dice, 4), others = roll(dice, 3), fields = roll(dice, 40) ? 4 : 3;
    fields += roll(dice, 40) == 0;
    put_space(dice, text);
    buffer_put_u8(text, '{');
    for (unsigned i = 0; i < fields + others; i++) {
        put(text, i ? "," : "");
        if (i < fields)
            put_field(dice, text, (first + i) % 4);
        else
            put_other_member(dice, text);
    }
    buffer_put_u8(text, '}');
    put_space(dice, text);
}

static void mutate(uint64_t *dice, struct buffer *text)
{
    static const char alphabet[] =
        "{}[]\",:\\0123456789eE+-.tfnu \n/\x01\x7F\x80\xBF\xC0\xE2\xED\xF4";
    unsigned size = (unsigned)text->size, at = roll(dice, size);
    uint8_t *byte = text->data + at;
    switch (roll(dice, 5)) {
    case 0:
        *byte = (uint8_t)alphabet[roll(dice, sizeof alphabet)];
        break;
    case 1:
        *byte ^= (uint8_t)(1u << roll(dice, 8));
        break;
    case 2:
        memmove(byte, byte + 1, size - at - 1);
        text->size--;
        break;
    case 3:
        buffer_put_u8(text, 0);
        memmove(text->data + at + 1, text->data + at, size - at);
        text->data[at] = (uint8_t)alphabet[roll(dice, sizeof alphabet)];
        break;
    default:
        if (roll(dice, 4) == 0)
            text->size = at;
        else
            buffer_append(text, "}", 1);
    }
}

static void make_document(uint64_t *dice, struct buffer *text)
{
    buffer_clear(text);
    put_event(dice, text);
    for (unsigned mutations = roll(dice, 3); mutations > 0 && text->size > 0; mutations--)
        mutate(dice, text);
}

/* The oracle. Numbers jansson has no type for are replaced by `1e00i`, and their values kept. */
struct oracle {
    char *text;
    size_t size;
    double overflows[OVERFLOWS_MAX + 1]; /* from 1 */
    int count;
};

static bool in_number(const char *text, size_t at)
{
    bool sign = text[at] == '-' || text[at] == '+';
    return sign ? at > 0 && (text[at - 1] | 0x20) == 'e'
                : text[at] != 0 && strchr("0123456789.eE", text[at]) != NULL;
}

static void replace_number(struct oracle *oracle, size_t end)
{
    size_t begin = end;
    while (begin > 0 && in_number(oracle->text, begin - 1))
        begin--;
    bool negative = begin > 0 && oracle->text[begin - 1] == '-';
    char *literal = strndup(oracle->text + begin, end - begin);
    double magnitude = strtod(literal, NULL);
    free(literal);
    oracle->overflows[++oracle->count] = negative ? -magnitude : magnitude;
    memset(oracle->text + begin, '0', end - begin);
    memcpy(oracle->text + begin, "1e", 2);
    oracle->text[end - 1] = (char)('0' + oracle->count);
}

/* jansson refuses keys with a zero character; RFC 8259 does not. */
static void replace_zero_escapes(struct oracle *oracle)
{
    for (size_t i = 0; i + 6 <= oracle->size; i++)
        if (memcmp(oracle->text + i, "\\u0000", 6) == 0)
            memcpy(oracle->text + i, "\\uE000", 6);
}

/* jansson passes over a zero byte behind a number, which RFC 8259 does not allow anywhere. */
static json_t *load(struct oracle *oracle)
{
    json_error_t error;
    while (!memchr(oracle->text, 0, oracle->size)) {
        json_t *tree =
            json_loadb(oracle->text, oracle->size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
        if (tree)
            return tree;
        enum json_error_code code = json_error_code(&error);
        if (code == json_error_numeric_overflow && oracle->count < OVERFLOWS_MAX)
            replace_number(oracle, (size_t)error.position);
        else if (code == json_error_null_byte_in_key)
            replace_zero_escapes(oracle);
        else
            return NULL;
    }
    return NULL;
}

static int depth_of(const json_t *value)
{
    int deepest = 0;
    if (json_is_object(value)) {
        const char *key;
        json_t *member;
        json_object_foreach((json_t *)(uintptr_t)value, key, member)
        {
            int depth = depth_of(member);
            deepest = depth > deepest ? depth : deepest;
        }
    }
    for (size_t i = 0; json_is_array(value) && i < json_array_size(value); i++) {
        int depth = depth_of(json_array_get(value, i));
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + (json_is_object(value) || json_is_array(value));
}

static double oracle_number(const struct oracle *oracle, const json_t *value)
{
    double number = json_number_value(value);
    for (int i = 1; i <= oracle->count; i++)
        if (json_is_real(value) && fabs(number) == pow(10, i))
            return oracle->overflows[i];
    return number;
}

static struct record judge_tree(const struct oracle *oracle, const json_t *tree)
{
    struct record record = {.verdict = FATE_UNDECODABLE};
    const json_t *time = json_object_get(tree, "time"), *x = json_object_get(tree, "gridX");
    const json_t *y = json_object_get(tree, "gridY"), *gen = json_object_get(tree, "gen");
    if (!json_is_object(tree) || depth_of(tree) > 64 || !json_is_integer(time) ||
        !json_is_integer(x) || !json_is_integer(y) || !json_is_number(gen))
        return record;
    record.has_time = true;
    record.time_ms = json_integer_value(time);
    record.rate = oracle_number(oracle, gen);
    int64_t column = json_integer_value(x), row = json_integer_value(y);
    record.verdict = FATE_OUT_OF_RANGE;
    if (column < 0 || column >= GRID || row < 0 || row >= GRID)
        return record;
    if (!isfinite(record.rate))
        record.verdict = FATE_NOT_FINITE;
    else
        record.verdict = fabs(record.rate) > gen_limit ? FATE_OUT_OF_RANGE : FATE_ON_TIME;
    record.cell = column * GRID + row;
    return record;
}

static struct record judge(const struct buffer *text)
{
    struct oracle oracle = {.text = malloc(text->size + 1), .size = text->size};
    if (text->size > 0)
        memcpy(oracle.text, text->data, text->size);
    oracle.text[text->size] = 0;
    json_t *tree = load(&oracle);
    struct record record = judge_tree(&oracle, tree);
    json_decref(tree);
    free(oracle.text);
    return record;
}

static void verdicts_and_values_equal_those_of_jansson(void)
{
    const struct decoder_config config = {EVENT_JSON, "time", "gridX",   "gridY", "gen",
                                          GRID,       GRID,   gen_limit, TIME_MS, NULL,
                                          NULL,       NULL,   0,         NULL,    0};
    struct decoder *decoder = decoder_create(&config);
    uint64_t dice = 20240229;
    struct buffer text = {0};
    struct comparison met = {{0}, 0, 0};
    while (met.documents < DOCUMENTS && met.different < 10) {
        make_document(&dice, &text);
        struct record expected = judge(&text);
        compare(&met, decoder, &text, &expected);
    }
    CU_ASSERT_EQUAL(met.different, 0);
    CU_ASSERT(met.verdicts[FATE_ON_TIME] > DOCUMENTS / 20);
    CU_ASSERT(met.verdicts[FATE_UNDECODABLE] > DOCUMENTS / 5);
    CU_ASSERT(met.verdicts[FATE_OUT_OF_RANGE] > DOCUMENTS / 20);
    CU_ASSERT(met.verdicts[FATE_NOT_FINITE] > DOCUMENTS / 500);
    buffer_release(&text);
    decoder_destroy(decoder);
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(verdicts_and_values_equal_those_of_jansson),
    };
    return unit_run("json_against_jansson", tests, UNIT_COUNT(tests));
}
