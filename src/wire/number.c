#include "wire/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digits.h"

/* Halfway points between doubles have at most 767 significant digits: 800 of them, and a 1 for
 * whatever is left out, round as the whole literal does. */
enum { KEPT_DIGITS = 800, EXACT_DIGITS = 19, EXPONENT_LIMIT = 1000000000 };

static bool is_digit(uint8_t c)
{
    return (uint8_t)(c - '0') < 10;
}

/* Words are read as long as the text goes on behind them. */
static inline const uint8_t *scan_digits(const uint8_t *at, const uint8_t *end, uint64_t *digits)
{
    uint64_t value = *digits;
    for (int count = DIGITS_WORD; count == DIGITS_WORD && end - at >= DIGITS_WORD; at += count) {
        uint64_t word = digits_load(at);
        count = digits_count(word);
        if (count > 0)
            value = digits_append(value, word, count);
    }
    while (at < end && is_digit(*at))
        value = value * 10 + (uint64_t)(*at++ - '0');
    *digits = value;
    return at;
}

/* Behind the `e`; saturates, so that a literal of any length is an exponent of the right sign. */
static const uint8_t *scan_exponent(const uint8_t *at, const uint8_t *end, int64_t *exponent)
{
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (at == end || !is_digit(*at))
        return NULL;
    int64_t value = 0;
    for (; at < end && is_digit(*at); at++)
        if (value < EXPONENT_LIMIT)
            value = value * 10 + (*at - '0');
    *exponent = negative ? -value : value;
    return at;
}

static int64_t count_significant(const uint8_t *at, const uint8_t *end)
{
    while (at < end && (*at == '0' || *at == '.'))
        at++;
    int64_t count = 0;
    for (; at < end; at++)
        count += *at != '.';
    return count;
}

bool number_scan(const uint8_t **position, const uint8_t *end, struct number *number)
{
    const uint8_t *at = *position;
    *number = (struct number){.begin = at, .integer = true, .negative = at < end && *at == '-'};
    if (number->negative)
        at++;
    const uint8_t *first = at;
    at = scan_digits(at, end, &number->digits);
    if (at == first || (*first == '0' && at - first > 1))
        return false;
    if (at < end && *at == '.') {
        const uint8_t *fraction = at + 1;
        at = scan_digits(fraction, end, &number->digits);
        if (at == fraction)
            return false;
        number->integer = false;
        number->exponent = fraction - at;
    }
    number->exact = at - first <= EXACT_DIGITS || count_significant(first, at) <= EXACT_DIGITS;
    if (at < end && (*at | 0x20) == 'e') {
        int64_t exponent;
        at = scan_exponent(at + 1, end, &exponent);
        if (!at)
            return false;
        number->integer = false;
        number->exponent += exponent;
    }
    number->end = *position = at;
    return true;
}

/* strtod() on a copy without a decimal point, which is the only thing a locale could change. */
static double convert_copy(const struct number *number)
{
    char copy[KEPT_DIGITS + 64];
    int kept = 0;
    int64_t exponent = 0;
    bool fraction = false, rest = false;
    const uint8_t *at = number->begin + number->negative;
    for (; at < number->end && (*at | 0x20) != 'e'; at++) {
        if (*at == '.') {
            fraction = true;
            continue;
        }
        exponent -= fraction;
        if (kept == 0 && *at == '0')
            continue;
        if (kept < KEPT_DIGITS) {
            copy[kept++] = (char)*at;
            continue;
        }
        rest = rest || *at != '0';
        exponent++;
    }
    if (kept == 0)
        return number->negative ? -0.0 : 0.0;
    if (rest) {
        copy[kept++] = '1';
        exponent--;
    }
    int64_t written = 0;
    if (at < number->end)
        scan_exponent(at + 1, number->end, &written);
    snprintf(copy + kept, sizeof copy - (size_t)kept, "e%lld", (long long)(exponent + written));
    double magnitude = strtod(copy, NULL);
    return number->negative ? -magnitude : magnitude;
}

/* digits / power, rounded once: a quotient of at least 62 bits, the lowest one set when something
 * was left over, becomes a double as the exact value would. */
static double divide(uint64_t digits, uint64_t power)
{
    int shift = __builtin_clzll(digits) + 63;
    unsigned __int128 dividend = (unsigned __int128)digits << shift;
    unsigned __int128 quotient = dividend / power;
    uint64_t high = (uint64_t)(quotient >> 64);
    int dropped = high ? 64 - __builtin_clzll(high) : 0;
    uint64_t kept = (uint64_t)(quotient >> dropped);
    bool exact = ((unsigned __int128)kept << dropped) * power == dividend;
    return ldexp((double)(kept | !exact), dropped - shift);
}

/* Up to here doubles hold every integer, and a product or quotient of two is rounded once. */
static double scale(double value, int64_t exponent)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    return exponent < 0 ? value / powers[-exponent] : value * powers[exponent];
}

double number_to_double(const struct number *number)
{
    static const uint64_t powers[] = {1,
                                      10,
                                      100,
                                      1000,
                                      10000,
                                      100000,
                                      1000000,
                                      10000000,
                                      100000000,
                                      1000000000,
                                      10000000000,
                                      100000000000,
                                      1000000000000,
                                      10000000000000,
                                      100000000000000,
                                      1000000000000000,
                                      10000000000000000,
                                      100000000000000000,
                                      1000000000000000000,
                                      10000000000000000000u};
    int64_t exponent = number->exponent;
    double value;
    if (!number->exact)
        return convert_copy(number);
    if (number->digits <= UINT64_C(1) << 53 && exponent >= -22 && exponent <= 22)
        value = scale((double)number->digits, exponent);
    else if (number->digits > 0 && exponent >= -19 && exponent <= 0)
        value = divide(number->digits, powers[-exponent]);
    else
        return convert_copy(number);
    return number->negative ? -value : value;
}
