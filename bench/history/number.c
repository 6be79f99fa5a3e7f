/* SPDX-License-Identifier: MIT
 * Numbers and times as text; see bench/history/number.h. */
#include "bench/history/number.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NUMBER_TEXT_MAX  64u
#define EXACT_MOST       (INT64_C(1) << 62)
#define YEAR_10000_S     253402300800.0
#define SECOND_US        1000000
#define NANOSECONDS_FROM 100000000000000000u /* 1e17: 1973 */

void exact_text(double number, char out[EXACT_MAX])
{
    if (number == 0)
        number = 0; /* no -0 */
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, EXACT_MAX, "%.*g", digits, number);
        if (strtod(out, NULL) == number)
            break;
    }
}

bool exact_integer(int64_t number)
{
    return number <= EXACT_MOST && number >= -EXACT_MOST && (int64_t)(double)number == number;
}

/* [+-] digits [. digits] [e [+-] digits], and whether it is a whole number by its form. */
static bool decimal_form(const char *text, bool *whole)
{
    const char *at = text + (*text == '-' || *text == '+');
    size_t digits = strspn(at, "0123456789");

    *whole = true;
    at += digits;
    if (*at == '.') {
        *whole = false;
        const size_t more = strspn(++at, "0123456789");
        at += more;
        digits += more;
    }
    if (digits && (*at == 'e' || *at == 'E')) {
        *whole = false;
        at += 1 + (at[1] == '-' || at[1] == '+');
        digits = strspn(at, "0123456789");
        at += digits;
    }
    return digits && !*at;
}

const char *exact_parse(const char *text, size_t length, double *out)
{
    char copy[NUMBER_TEXT_MAX];
    bool whole;

    if (!length)
        return "no number";
    if (length >= sizeof(copy))
        return "a number of more digits than can be";
    memcpy(copy, text, length);
    copy[length] = 0;
    if (strlen(copy) != length || !decimal_form(copy, &whole))
        return "no decimal number";
    const double number = strtod(copy, NULL);
    if (!isfinite(number))
        return "a number beyond what a double holds";
    if (whole && !exact_integer(strtoll(copy, NULL, 10)))
        return "a whole number beyond what a double holds exactly";
    *out = number;
    return NULL;
}

const char *count_parse(const char *text, size_t length, uint64_t limit, uint64_t *out)
{
    uint64_t number = 0;

    if (length && *text == '-')
        return "a negative count";
    if (!length || length > 19)
        return "no count";
    for (size_t i = 0; i < length; i++) {
        if (!isdigit((unsigned char)text[i]))
            return "no count";
        number = number * 10 + (uint64_t)(text[i] - '0');
    }
    if (number > limit)
        return "a count beyond its limit";
    *out = number;
    return NULL;
}

char *exact_list_text(struct arena *arena, const double *numbers, size_t count)
{
    char *out = arena_take(arena, count * EXACT_MAX + 1);
    size_t used = 0;

    for (size_t i = 0; out && i < count; i++) {
        if (i)
            out[used++] = ' ';
        exact_text(numbers[i], out + used);
        used += strlen(out + used);
    }
    return out;
}

long exact_list_parse(const char *text, double *out, size_t room)
{
    size_t count = 0;

    while (*text) {
        const size_t length = strcspn(text, " ");
        if (count == room || exact_parse(text, length, &out[count]))
            return -1;
        count++;
        text += length + (text[length] == ' ');
    }
    return (long)count;
}

const char *time_of_number(double number, int64_t *out)
{
    double scale = SECOND_US;

    if (!isfinite(number) || number < 0)
        return "a time before 1970";
    /* Seconds stay below 1e11 until the year 5138; what is larger is a finer unit. */
    for (double limit = 1e11; number >= limit && scale > 1e-3; limit *= 1e3)
        scale /= 1e3;
    const double time_us = nearbyint(number * scale);
    if (time_us >= YEAR_10000_S * SECOND_US)
        return "a time after the year 9999";
    *out = (int64_t)time_us;
    return NULL;
}

/* Exactly so many digits; -1 for anything else. */
static long digits_take(const char **at, size_t count)
{
    long number = 0;

    for (size_t i = 0; i < count; i++, (*at)++) {
        if (!isdigit((unsigned char)**at))
            return -1;
        number = number * 10 + (**at - '0');
    }
    return number;
}

/* ".25" in microseconds; digits beyond them are dropped. */
static int64_t fraction_take(const char **at)
{
    int64_t unit = SECOND_US / 10, fraction = 0;

    if (**at != '.' && **at != ',')
        return 0;
    for ((*at)++; isdigit((unsigned char)**at); (*at)++, unit /= 10)
        fraction += (**at - '0') * unit;
    return fraction;
}

/* "Z", "+01:00", "+0100", "" in seconds east; false for what is no zone. */
static bool zone_take(const char **at, long *east_s)
{
    *east_s = 0;
    if (**at == 'Z' || **at == 'z')
        (*at)++;
    if (**at != '+' && **at != '-')
        return true;
    const long sign = *(*at)++ == '-' ? -1 : 1, hours = digits_take(at, 2);
    *at += **at == ':';
    const long minutes = digits_take(at, 2);
    *east_s = sign * (hours * 3600 + minutes * 60);
    return hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60;
}

/* "T23:52:17.5+01:00" behind a date; all of it may be absent. */
static bool clock_take(const char **at, struct tm *tm, int64_t *fraction_us, long *east_s)
{
    *fraction_us = *east_s = 0;
    if (**at != 'T' && **at != 't' && **at != ' ')
        return true;
    (*at)++;
    tm->tm_hour = (int)digits_take(at, 2);
    if (tm->tm_hour < 0 || tm->tm_hour > 23 || *(*at)++ != ':')
        return false;
    tm->tm_min = (int)digits_take(at, 2);
    if (tm->tm_min < 0 || tm->tm_min > 59)
        return false;
    if (**at == ':') {
        (*at)++;
        tm->tm_sec = (int)digits_take(at, 2);
        if (tm->tm_sec < 0 || tm->tm_sec > 60)
            return false;
        *fraction_us = fraction_take(at);
    }
    *at += **at == ' '; /* git's and date's way to write the zone */
    return zone_take(at, east_s);
}

static const char *iso_parse(const char *text, int64_t *out)
{
    struct tm tm = {0};
    int64_t fraction_us;
    long east_s;

    const long year = digits_take(&text, 4);
    if (year < 1970 || *text++ != '-')
        return "no time: a year from 1970 on, or seconds since then, is needed";
    const long month = digits_take(&text, 2);
    if (month < 1 || month > 12 || *text++ != '-')
        return "no time: its month is none";
    const long day = digits_take(&text, 2);
    tm.tm_year = (int)year - 1900;
    tm.tm_mon = (int)month - 1;
    tm.tm_mday = (int)day;
    struct tm check = tm;
    if (day < 1 || timegm(&check) < 0 || check.tm_mon != tm.tm_mon)
        return "no time: its day is none";
    if (!clock_take(&text, &tm, &fraction_us, &east_s) || *text)
        return "no time: its clock is none";
    const int64_t seconds = (int64_t)timegm(&tm) - east_s;
    if (seconds < 0)
        return "a time before 1970";
    *out = seconds * SECOND_US + fraction_us;
    return NULL;
}

const char *time_parse(const char *text, size_t length, int64_t *out)
{
    char copy[NUMBER_TEXT_MAX];
    double number;
    uint64_t whole;

    /* Nanoseconds of today are no number that a double holds. */
    if (!count_parse(text, length, INT64_MAX, &whole) && whole >= NANOSECONDS_FROM) {
        *out = (int64_t)(whole / 1000);
        return NULL;
    }
    if (!exact_parse(text, length, &number))
        return time_of_number(number, out);
    if (length >= sizeof(copy))
        return "no time: too long";
    memcpy(copy, text, length);
    copy[length] = 0;
    return iso_parse(copy, out);
}

void time_text(int64_t time_us, char out[TIME_MAX])
{
    const time_t seconds = (time_t)(time_us / SECOND_US);
    struct tm tm = {0};

    gmtime_r(&seconds, &tm);
    size_t used = strftime(out, TIME_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
    if (time_us % SECOND_US)
        used += (size_t)snprintf(out + used, TIME_MAX - used, ".%06" PRId64, time_us % SECOND_US);
    snprintf(out + used, TIME_MAX - used, "Z");
}
