/* Times as milliseconds and as their one text form; see time.h. */
#include "base/time.h"

#include "base/cursor.h"

#include <assert.h>
#include <stdio.h>

#define DAY_MS INT64_C(86400000)
#define LAST_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned month_days(int64_t year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days from 0000-01-01 to the first of January of a year of 0..10000. */
static int64_t days_before_year(int64_t year)
{
    return year > 0 ? 365 * year + (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 + 1 : 0;
}

void assay_time_text(char out[ASSAY_TIME_TEXT_BYTES], int64_t ms)
{
    int64_t days, rest, year;
    unsigned month = 1;
    int len;

    ms = ms < 0 ? 0 : ms > LAST_MS ? LAST_MS : ms;
    days = ms / DAY_MS + days_before_year(1970);
    rest = ms % DAY_MS;
    year = days / 366; /* never too late, and at most 21 years too early */
    while (days_before_year(year + 1) <= days)
        year++;
    days -= days_before_year(year);
    for (; days >= (int64_t)month_days(year, month); month++)
        days -= (int64_t)month_days(year, month);
    len = snprintf(out, ASSAY_TIME_TEXT_BYTES, "%04d-%02u-%02dT%02d:%02d:%02d.%03dZ", (int)year,
                   month, (int)days + 1, (int)(rest / 3600000), (int)(rest / 60000 % 60),
                   (int)(rest / 1000 % 60), (int)(rest % 1000));
    assert(len == ASSAY_TIME_TEXT_BYTES - 1);
}

/* A number of exactly `width` digits and the character that ends it. */
static unsigned field(struct assay_cur *c, size_t width, char end)
{
    struct assay_bytes digits = assay_cur_view(c, width);
    unsigned value = 0;

    for (size_t i = 0; i < digits.len; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9')
            c->bad = true;
        else
            value = value * 10 + (unsigned)(digits.at[i] - '0');
    }
    if (assay_cur_u8(c) != (uint8_t)end)
        c->bad = true;
    return value;
}

enum assay_code assay_time_parse(int64_t *ms, struct assay_bytes text)
{
    struct assay_cur c = assay_cur_of(text);
    unsigned year = field(&c, 4, '-');
    unsigned month = field(&c, 2, '-');
    unsigned day = field(&c, 2, 'T');
    unsigned hour = field(&c, 2, ':');
    unsigned minute = field(&c, 2, ':');
    unsigned second = field(&c, 2, '.');
    unsigned milli = field(&c, 3, 'Z');
    int64_t days;

    if (!assay_cur_done(&c))
        return ASSAY_E_MALFORMED;
    if (month < 1 || month > 12 || day < 1 || day > month_days(year, month) || hour > 23 ||
        minute > 59 || second > 59)
        return ASSAY_E_RANGE;
    days = days_before_year(year) - days_before_year(1970) + (int64_t)day - 1;
    for (unsigned m = 1; m < month; m++)
        days += (int64_t)month_days(year, m);
    *ms = days * DAY_MS + ((int64_t)hour * 60 + minute) * 60000 + (int64_t)second * 1000 + milli;
    return ASSAY_OK;
}
