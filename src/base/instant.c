#include "base/instant.h"

#include <string.h>

/* Takes exactly `digits` decimal digits; false leaves *text anywhere. */
static bool take_digits(const char **text, int digits, int *value)
{
    *value = 0;
    for (int i = 0; i < digits; i++, (*text)++) {
        if (**text < '0' || **text > '9')
            return false;
        *value = *value * 10 + (**text - '0');
    }
    return true;
}

static bool take_char(const char **text, char c)
{
    return *(*text)++ == c;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar; the year starts in March so that the
 * leap day is its last (Hinnant, "chrono-compatible low-level date algorithms"). */
static int64_t days_since_epoch(int year, int month, int day)
{
    int64_t y = year - (month <= 2) + 400; /* never negative; one era more is taken off below */
    int64_t era = y / 400, year_of_era = y % 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (era - 1) * 146097 + day_of_era - 719468;
}

static bool take_date(const char **text, int64_t *days)
{
    int year, month, day;
    if (!take_digits(text, 4, &year) || !take_char(text, '-') || !take_digits(text, 2, &month) ||
        !take_char(text, '-') || !take_digits(text, 2, &day))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    *days = days_since_epoch(year, month, day);
    return true;
}

static bool take_clock(const char **text, int64_t *seconds)
{
    int hour, minute, second;
    if (!take_digits(text, 2, &hour) || !take_char(text, ':') || !take_digits(text, 2, &minute) ||
        !take_char(text, ':') || !take_digits(text, 2, &second))
        return false;
    *seconds = hour * 3600 + minute * 60 + second;
    return hour <= 23 && minute <= 59 && second <= 59;
}

static bool take_fraction(const char **text, int *milliseconds)
{
    *milliseconds = 0;
    if (**text != '.')
        return true;
    (*text)++;
    int digits = 0;
    for (; **text >= '0' && **text <= '9'; (*text)++, digits++) {
        if (digits < 3)
            *milliseconds = *milliseconds * 10 + (**text - '0');
    }
    for (int i = digits; i < 3; i++)
        *milliseconds *= 10;
    return digits >= 1 && digits <= 9;
}

static bool take_zone(const char **text, int64_t *offset_s)
{
    char sign = *(*text)++;
    int hour, minute;
    *offset_s = 0;
    if (sign == 'Z')
        return true;
    if ((sign != '+' && sign != '-') || !take_digits(text, 2, &hour) || !take_char(text, ':') ||
        !take_digits(text, 2, &minute) || hour > 23 || minute > 59)
        return false;
    *offset_s = (sign == '+' ? 1 : -1) * (hour * 3600 + minute * 60);
    return true;
}

bool instant_parse(const char *text, size_t size, int64_t *time_ms)
{
    char copy[INSTANT_BYTES_MAX + 1] = {0};
    const char *at = copy;
    int64_t days, seconds, offset_s;
    int milliseconds;
    if (size > INSTANT_BYTES_MAX)
        return false;
    memcpy(copy, text, size);
    if (!take_date(&at, &days) || !take_char(&at, 'T') || !take_clock(&at, &seconds) ||
        !take_fraction(&at, &milliseconds) || !take_zone(&at, &offset_s) || at != copy + size)
        return false;
    *time_ms = (days * 86400 + seconds - offset_s) * 1000 + milliseconds;
    return true;
}
