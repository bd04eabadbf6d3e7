#include "base/shortest.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { LEAST_POWER = -292, GREATEST_POWER = 324, POWERS = GREATEST_POWER - LEAST_POWER + 1 };
enum { BIG_WORDS = 36 };
enum { FRACTION_BITS = 52, EXPONENT_BIAS = 1075, DIGITS_MAX = 17 };

/* ceil(10^k * 2^n) with n such that bit 127 is the highest one set. */
struct power {
    uint64_t high, low;
};

struct shortest {
    struct power powers[POWERS];
};

/* value = digits * 10^exponent */
struct decimal {
    uint64_t digits;
    int exponent;
};

/* An integer of many bits, least word first. */
struct big {
    uint32_t words[BIG_WORDS];
};

static void multiply_by_ten(struct big *big)
{
    uint64_t carry = 0;
    for (int i = 0; i < BIG_WORDS; i++) {
        carry += (uint64_t)big->words[i] * 10;
        big->words[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static void divide_by_ten(struct big *big)
{
    uint64_t rest = 0;
    for (int i = BIG_WORDS - 1; i >= 0; i--) {
        rest = rest << 32 | big->words[i];
        big->words[i] = (uint32_t)(rest / 10);
        rest %= 10;
    }
}

static uint64_t word_of(const struct big *big, int word)
{
    return word >= 0 ? big->words[word] : 0;
}

/* The 128 highest bits; `more` tells that the number goes on below the last bit of `big`. */
static struct power round_up(const struct big *big, bool more)
{
    int top = BIG_WORDS - 1;
    while (big->words[top] == 0)
        top--;
    int shift = __builtin_clz(big->words[top]);
    unsigned __int128 value = 0;
    for (int word = top; word > top - 4; word--)
        value = value << 32 | word_of(big, word);
    uint64_t below = word_of(big, top - 4) << shift;
    value = value << shift | below >> 32;
    more = more || (uint32_t)below != 0;
    for (int word = top - 5; word >= 0 && !more; word--)
        more = big->words[word] != 0;
    value += more;
    return (struct power){(uint64_t)(value >> 64), (uint64_t)value};
}

struct shortest *shortest_create(void)
{
    struct shortest *shortest = memory_zeroed(1, sizeof *shortest);
    struct big up = {{1}}, down = {{0}};
    down.words[BIG_WORDS - 1] = 1u << 31;
    for (int k = 0; k <= GREATEST_POWER; k++, multiply_by_ten(&up))
        shortest->powers[k - LEAST_POWER] = round_up(&up, false);
    for (int k = -1; k >= LEAST_POWER; k--) {
        divide_by_ten(&down); /* floors of floors: exact but for the bits cut off */
        shortest->powers[k - LEAST_POWER] = round_up(&down, true);
    }
    return shortest;
}

void shortest_destroy(struct shortest *shortest)
{
    free(shortest);
}

/* floor(log2(10^e)), for |e| <= 1233 */
static int floor_log2_of_power(int e)
{
    return (e * 1741647) >> 19;
}

/* The product's bits above 2^128, and a last bit that is set where anything lies below. */
static uint64_t round_to_odd(const struct power *power, uint64_t factor)
{
    unsigned __int128 high = (unsigned __int128)power->high * factor;
    high += (unsigned __int128)power->low * factor >> 64;
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/* The shortest decimal in the interval of reals that round to c * 2^q. Names as in the paper: u, w
 * are the neighbours of v with the exponent k, u', w' those of k + 1. */
static struct decimal find_shortest(const struct shortest *shortest, uint64_t c, int q, bool closer)
{
    int k = (q * 1262611 - (closer ? 524031 : 0)) >> 22;
    int h = q + floor_log2_of_power(-k) + 1;
    const struct power *power = &shortest->powers[-k - LEAST_POWER];
    bool odd = c % 2;
    uint64_t lower = round_to_odd(power, (4 * c - 2 + closer) << h) + odd;
    uint64_t v = round_to_odd(power, 4 * c << h);
    uint64_t upper = round_to_odd(power, (4 * c + 2) << h) - odd;
    uint64_t s = v / 4, coarse = s / 10;
    bool u_inside = lower <= 40 * coarse, w_inside = 40 * coarse + 40 <= upper;
    if (s >= 10 && u_inside != w_inside)
        return (struct decimal){coarse + w_inside, k + 1};
    u_inside = lower <= 4 * s;
    w_inside = 4 * s + 4 <= upper;
    if (u_inside != w_inside)
        return (struct decimal){s + w_inside, k};
    uint64_t middle = 4 * s + 2;
    bool above = v > middle || (v == middle && s % 2);
    return (struct decimal){s + above, k};
}

/* Of a finite value other than zero, its sign left out. */
static struct decimal decimal_of(const struct shortest *shortest, uint64_t bits)
{
    const uint64_t hidden = UINT64_C(1) << FRACTION_BITS;
    uint64_t fraction = bits & (hidden - 1);
    int exponent = (int)(bits >> FRACTION_BITS & 0x7ff);
    uint64_t c = exponent ? fraction | hidden : fraction;
    int q = (exponent ? exponent : 1) - EXPONENT_BIAS;
    if (-FRACTION_BITS <= q && q <= 0 && (c & ((UINT64_C(1) << -q) - 1)) == 0)
        return (struct decimal){c >> -q, 0};
    return find_shortest(shortest, c, q, fraction == 0 && exponent > 1);
}

/* The digits without zeros at the end, and how many there are. */
static int put_digits(struct decimal *decimal, char digits[DIGITS_MAX + 3])
{
    while (decimal->digits % 10 == 0) {
        decimal->digits /= 10;
        decimal->exponent++;
    }
    return (int)(shortest_put_int64((int64_t)decimal->digits, digits) - digits);
}

static char *put_fill(char *at, char what, int count)
{
    memset(at, what, (size_t)count);
    return at + count;
}

static char *put_bytes(char *at, const char *from, int count)
{
    memcpy(at, from, (size_t)count);
    return at + count;
}

/* `point` digits stand before the point; it may lie outside the digits. */
static char *put_plain(char *at, const char *digits, int count, int point)
{
    int before = point < 0 ? 0 : point < count ? point : count;
    if (before == 0)
        *at++ = '0';
    at = put_bytes(at, digits, before);
    if (point > count)
        at = put_fill(at, '0', point - count);
    *at++ = '.';
    if (point < 0)
        at = put_fill(at, '0', -point);
    if (before == count)
        *at++ = '0';
    return put_bytes(at, digits + before, count - before);
}

static char *put_scientific(char *at, const char *digits, int count, int exponent)
{
    *at++ = digits[0];
    if (count > 1)
        *at++ = '.';
    at = put_bytes(at, digits + 1, count - 1);
    *at++ = 'e';
    *at++ = exponent < 0 ? '-' : '+';
    exponent = abs(exponent);
    if (exponent < 10)
        *at++ = '0';
    return shortest_put_int64(exponent, at);
}

char *shortest_put_double(const struct shortest *shortest, double value, char *at)
{
    assert(isfinite(value));
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (bits >> 63)
        *at++ = '-';
    bits &= INT64_MAX;
    if (bits == 0)
        return put_bytes(at, "0.0", 3);
    char digits[SHORTEST_INTEGER_SIZE];
    struct decimal decimal = decimal_of(shortest, bits);
    int count = put_digits(&decimal, digits);
    int exponent = decimal.exponent + count - 1;
    if (exponent < -4 || exponent >= DIGITS_MAX)
        return put_scientific(at, digits, count, exponent);
    return put_plain(at, digits, count, exponent + 1);
}

char *shortest_put_int64(int64_t value, char *at)
{
    char digits[SHORTEST_INTEGER_SIZE];
    int count = 0;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do
        digits[count++] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (value < 0)
        *at++ = '-';
    while (count > 0)
        *at++ = digits[--count];
    return at;
}
