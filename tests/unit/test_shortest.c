#include "base/shortest.h"

#include <float.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "splitmix.h"
#include "unit.h"

enum { RANDOM_VALUES = 60000, TEXT = 40 };

static double of_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static void print(const struct shortest *shortest, double value, char text[TEXT])
{
    memset(text, '#', TEXT);
    char *end = shortest_put_double(shortest, value, text);
    CU_ASSERT_FATAL(end > text && end <= text + SHORTEST_DOUBLE_SIZE);
    for (const char *beyond = end; beyond < text + TEXT; beyond++)
        CU_ASSERT_FATAL(*beyond == '#');
    *end = '\0';
}

/* Digits of a number's text, without its sign, point, exponent and the zeros around. */
static int significant_digits(const char *text, char digits[TEXT])
{
    int count = 0;
    for (; *text && *text != 'e'; text++)
        if (*text >= '0' && *text <= '9' && (count > 0 || *text != '0'))
            digits[count++] = *text;
    while (count > 0 && digits[count - 1] == '0')
        count--;
    digits[count] = '\0';
    return count;
}

/* Against the fewest digits of the C library that read back, which are correctly rounded and so the
 * nearest of their length. The doubles below a power of two lie closer than those above: there a
 * text that is rounded the other way may be shorter still. */
static void check(const struct shortest *shortest, double value)
{
    char text[TEXT], expected[TEXT], digits[TEXT], expected_digits[TEXT];
    print(shortest, value, text);
    int precision = 1, exponent;
    do
        snprintf(expected, sizeof expected, "%.*e", precision++ - 1, value);
    while (!same_bits(strtod(expected, NULL), value));
    int count = significant_digits(text, digits);
    int wanted = significant_digits(expected, expected_digits);
    bool shorter = count < wanted && fabs(frexp(value, &exponent)) == 0.5;
    bool good =
        same_bits(strtod(text, NULL), value) && (shorter || strcmp(digits, expected_digits) == 0);
    if (!good)
        fprintf(stderr, "%a: %s, not %s\n", value, text, expected);
    CU_ASSERT(good);
}

static void any_double_is_as_short_as_it_can_be_and_reads_back(void)
{
    struct shortest *shortest = shortest_create();
    uint64_t state = 1;
    for (int i = 0; i < RANDOM_VALUES; i++) {
        double any = of_bits(next_random(&state));
        if (isfinite(any))
            check(shortest, any);
        check(shortest, (double)(next_random(&state) >> 11) * 0x1p-53 * 40 - 20);
    }
    shortest_destroy(shortest);
}

static void every_power_and_its_neighbours_are_as_short_as_they_can_be(void)
{
    struct shortest *shortest = shortest_create();
    for (uint64_t exponent = 0; exponent < 2047; exponent++)
        for (uint64_t fraction = 0; fraction < 3; fraction++) {
            uint64_t bits = exponent << 52 | fraction;
            if (bits > 0)
                check(shortest, of_bits(bits));
            check(shortest, -of_bits(exponent << 52 | ((UINT64_C(1) << 52) - 1 - fraction)));
        }
    for (int e = -323; e <= 308; e++) {
        char text[TEXT];
        for (int digit = 1; digit < 10; digit++) {
            snprintf(text, sizeof text, "%de%d", digit, e);
            double value = strtod(text, NULL);
            if (!isfinite(value))
                continue;
            check(shortest, value);
            check(shortest, nextafter(value, INFINITY));
            check(shortest, nextafter(value, 0));
        }
    }
    shortest_destroy(shortest);
}

static void the_form_is_pinned(void)
{
    static const struct {
        double value;
        const char *text;
    } forms[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1.0, "1.0"},
        {-20.0, "-20.0"},
        {0.1, "0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3.0, "0.3333333333333333"},
        {0.0001, "0.0001"},
        {0.00012345, "0.00012345"},
        {0.00001, "1e-05"},
        {-1.5e-7, "-1.5e-07"},
        {123456.75, "123456.75"},
        {9007199254740993.0, "9007199254740992.0"},
        {1e16, "10000000000000000.0"},
        {1e17, "1e+17"},
        {1.5e17, "1.5e+17"},
        {1e23, "1e+23"},
        {2e-44, "2e-44"},
        {5e-324, "5e-324"},
        {DBL_MIN, "2.2250738585072014e-308"},
        {-DBL_MAX, "-1.7976931348623157e+308"},
        {9.5367431640625e-07, "9.5367431640625e-07"},
    };
    struct shortest *shortest = shortest_create();
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char text[TEXT];
        print(shortest, forms[i].value, text);
        CU_ASSERT_STRING_EQUAL(text, forms[i].text);
    }
    shortest_destroy(shortest);
}

static void every_form_is_a_real_number_of_json(void)
{
    struct shortest *shortest = shortest_create();
    uint64_t state = 7;
    for (int i = 0; i < 20000; i++) {
        double value = of_bits(next_random(&state));
        if (i % 2)
            value = ldexp(1 + (double)(i % 1000) / 1000, i % 140 - 70);
        if (!isfinite(value) || fabs(value) < DBL_MIN)
            continue;
        char text[TEXT];
        print(shortest, value, text);
        json_t *read = json_loads(text, JSON_DECODE_ANY, NULL);
        CU_ASSERT(json_is_real(read) && same_bits(json_real_value(read), value));
        json_decref(read);
    }
    shortest_destroy(shortest);
}

static void integers_reach_to_both_ends(void)
{
    static const int64_t values[] = {0, 7, -7, 10, 1700000000000, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char text[TEXT], expected[TEXT];
        *shortest_put_int64(values[i], text) = '\0';
        snprintf(expected, sizeof expected, "%lld", (long long)values[i]);
        CU_ASSERT_STRING_EQUAL(text, expected);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        UNIT_TEST(any_double_is_as_short_as_it_can_be_and_reads_back),
        UNIT_TEST(every_power_and_its_neighbours_are_as_short_as_they_can_be),
        UNIT_TEST(the_form_is_pinned),
        UNIT_TEST(every_form_is_a_real_number_of_json),
        UNIT_TEST(integers_reach_to_both_ends),
    };
    return unit_run("shortest", tests, UNIT_COUNT(tests));
}
