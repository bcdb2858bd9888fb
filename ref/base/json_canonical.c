/* The canonical form of a JSON value; see json.h. The order of members is the tokenizer's work.
 *
 * Numbers are the one place of this library where floating point is used: ECMAScript defines what
 * it prints through the double that a text rounds to. Nothing is computed with it. */
#include "base/json.h"
#include "base/json_text.h"
#include "base/planted.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    /* Digits that decide how a decimal rounds to a double: 767 are enough, with one more that says
     * whether anything but zeros follows. */
    DECISIVE_DIGITS = 770,
    SHORTEST_MAX_DIGITS = 17,
    PLAIN_INTEGER_MAX_DIGITS = 15,
    EXPONENT_LIMIT = 400, /* beyond it either way a double is infinite or zero */
    POINT_MAX = 21        /* Number.prototype.toString: larger values have an exponent */
};

#define EXPONENT_CLAMP INT64_C(1000000000000) /* more than any text has digits */

/* digits * 10^exponent, the digits without leading zeros; none of them for zero. */
struct decimal {
    char digits[DECISIVE_DIGITS + 2];
    int digit_count;
    int64_t exponent;
};

static void add_digit(struct decimal *d, char digit, bool *inexact)
{
    if (d->digit_count == 0 && digit == '0')
        return;
    if (d->digit_count < DECISIVE_DIGITS) {
        d->digits[d->digit_count++] = digit;
        return;
    }
    d->exponent++;
    *inexact = *inexact || digit != '0';
}

static int64_t read_exponent(struct assay_bytes text)
{
    bool negative = text.at[0] == '-'; /* an accepted exponent has a digit */
    int64_t value = 0;

    for (size_t i = 0; i < text.len && value < EXPONENT_CLAMP; i++) {
        if (text.at[i] >= '0')
            value = value * 10 + (text.at[i] - '0');
    }
    return negative ? -value : value;
}

/* Reads a number that the tokenizer accepted, without its sign. */
static void read_decimal(struct decimal *d, struct assay_bytes text)
{
    bool fraction = false, inexact = false;
    size_t i;

    d->digit_count = 0;
    d->exponent = 0;
    for (i = 0; i < text.len && (text.at[i] | 0x20) != 'e'; i++) {
        if (text.at[i] == '.') {
            fraction = true;
            continue;
        }
        add_digit(d, (char)text.at[i], &inexact);
        d->exponent -= fraction ? 1 : 0;
    }
    if (inexact) {
        d->digits[d->digit_count++] = '1';
        d->exponent--;
    }
    d->digits[d->digit_count] = '\0';
    if (i < text.len)
        d->exponent += read_exponent(assay_bytes_part(text, i + 1, text.len));
}

/* The nearest double; infinity above the largest. strtod rounds to even, and since its argument has
 * no point here, no locale changes what it reads. */
static double to_double(const struct decimal *d)
{
    char text[sizeof(d->digits) + 8];
    int64_t magnitude = d->exponent + d->digit_count;
    int len;

    if (d->digit_count == 0 || magnitude < -EXPONENT_LIMIT)
        return 0;
    if (magnitude > EXPONENT_LIMIT)
        return (double)INFINITY;
    len = snprintf(text, sizeof(text), "%se%d", d->digits, (int)d->exponent);
    assert(len > 0 && (size_t)len < sizeof(text));
    (void)len;
    return strtod(text, NULL);
}

/* 0.digits * 10^point */
struct shortest {
    char digits[SHORTEST_MAX_DIGITS + 1];
    int digit_count;
    int point;
};

static bool reads_back(const struct shortest *s, double value)
{
    struct decimal d = {.digit_count = s->digit_count, .exponent = s->point - s->digit_count};
    double again;

    memcpy(d.digits, s->digits, sizeof(s->digits));
    again = to_double(&d);
    return again <= value && again >= value;
}

/* The nearest number of so many digits, and then the one above it: where a power of two makes the
 * gap below the value narrower than the gap above it, only that one may read back. */
static bool reads_back_with(struct shortest *s, int digit_count, double value)
{
    char text[SHORTEST_MAX_DIGITS + 16];
    int len = snprintf(text, sizeof(text), "%.*e", digit_count - 1, value);
    const char *exponent = strchr(text, 'e');

    assert(len > 0 && (size_t)len < sizeof(text) && exponent != NULL);
    (void)len;
    s->digit_count = 0;
    for (const char *at = text; at < exponent; at++) {
        if (*at >= '0') /* not the point */
            s->digits[s->digit_count++] = *at;
    }
    s->digits[s->digit_count] = '\0';
    s->point = (int)strtol(exponent + 1, NULL, 10) + 1;
    if (reads_back(s, value))
        return true;
    if (s->digits[s->digit_count - 1] == '9')
        return false; /* the one above it has fewer digits, and was tried */
    s->digits[s->digit_count - 1]++;
    return reads_back(s, value);
}

static void add_zeros(struct assay_buf *out, int count)
{
    while (count-- > 0)
        assay_buf_add_byte(out, '0');
}

/* ECMAScript, Number::toString, steps 6 to 12; `point` is its n. */
static void add_shortest(struct assay_buf *out, const struct shortest *s)
{
    struct assay_bytes digits = assay_str(s->digits);
    int exponent = s->point - 1;

    if (s->point >= s->digit_count && s->point <= POINT_MAX) {
        assay_buf_add(out, digits);
        add_zeros(out, s->point - s->digit_count);
    } else if (s->point > 0 && s->point <= POINT_MAX) {
        assay_buf_add(out, assay_bytes_part(digits, 0, (size_t)s->point));
        assay_buf_add_byte(out, '.');
        assay_buf_add(out, assay_bytes_part(digits, (size_t)s->point, digits.len));
    } else if (s->point > -6 && s->point <= 0) {
        assay_buf_add_str(out, "0.");
        add_zeros(out, -s->point);
        assay_buf_add(out, digits);
    } else {
        assay_buf_add(out, assay_bytes_part(digits, 0, 1));
        if (digits.len > 1)
            assay_buf_add_byte(out, '.');
        assay_buf_add(out, assay_bytes_part(digits, 1, digits.len));
        assay_buf_printf(out, "e%+d", exponent);
    }
}

/* Whether a number is printed as it is written: an integer that every double of its size holds. */
static bool is_plain_integer(struct assay_bytes raw)
{
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.at[i] < '0' || raw.at[i] > '9')
            return false;
    }
    return raw.len <= PLAIN_INTEGER_MAX_DIGITS;
}

static enum assay_code add_number(struct assay_buf *out, struct assay_bytes raw, size_t at,
                                  struct assay_err *err)
{
    bool negative = raw.len > 0 && raw.at[0] == '-';
    struct decimal d;
    struct shortest s = {.digit_count = 0};
    double value;
    int count = 1;

    if (is_plain_integer(raw)) {
        assay_buf_add(out, raw);
        return ASSAY_OK;
    }
    read_decimal(&d, assay_bytes_part(raw, negative ? 1 : 0, raw.len));
    value = to_double(&d);
    if (isinf(value))
        return assay_fail(err, ASSAY_E_RANGE, at, "JSON: the number at byte %zu is too large", at);
    if (value <= 0) {
        assay_buf_add_byte(out, '0'); /* also for -0 */
        return ASSAY_OK;
    }
    while (count < SHORTEST_MAX_DIGITS && !reads_back_with(&s, count, value))
        count++;
    if (count == SHORTEST_MAX_DIGITS)
        (void)reads_back_with(&s, count, value); /* seventeen digits always do */
    if (negative)
        assay_buf_add_byte(out, '-');
    add_shortest(out, &s);
    return ASSAY_OK;
}

static void add_string(struct assay_buf *out, const struct assay_json *doc, uint32_t token)
{
    const struct assay_json_token *t = &doc->tokens[token];
    struct assay_bytes raw = assay_bytes_part(doc->text, t->start, t->end);
    size_t pos = 0;

    assay_buf_add_byte(out, '"');
    while (pos < raw.len) {
        size_t escape = t->escaped ? assay_bytes_find(raw, '\\', pos) : raw.len;

        /* what need not be escaped when read need not be when written */
        assay_buf_add(out, assay_bytes_part(raw, pos, escape));
        pos = escape;
        if (pos < raw.len)
            assay_json_add_code_point(out, assay_json_raw_next(raw, &pos));
    }
    assay_buf_add_byte(out, '"');
}

static enum assay_code add_value(struct assay_buf *out, const struct assay_json *doc,
                                 uint32_t token, struct assay_err *err);

static enum assay_code add_array(struct assay_buf *out, const struct assay_json *doc,
                                 uint32_t array, struct assay_err *err)
{
    enum assay_code rc = ASSAY_OK;
    uint32_t first = assay_json_first(doc, array);

    assay_buf_add_byte(out, '[');
    for (uint32_t at = first; at != ASSAY_JSON_NONE && rc == ASSAY_OK;
         at = assay_json_next_sibling(doc, array, at)) {
        if (at != first)
            assay_buf_add_byte(out, ',');
        if (PLANTED(canonical_twice)) { /* for its length alone */
            size_t before = out->len;

            (void)!add_value(out, doc, at, err);
            out->len = before;
        }
        rc = add_value(out, doc, at, err);
    }
    assay_buf_add_byte(out, ']');
    return rc;
}

static enum assay_code add_object(struct assay_buf *out, const struct assay_json *doc,
                                  uint32_t object, struct assay_err *err)
{
    enum assay_code rc = ASSAY_OK;
    uint32_t first = doc->tokens[object].order;

    assay_buf_add_byte(out, '{');
    for (uint32_t at = first; at != ASSAY_JSON_NONE && rc == ASSAY_OK; at = doc->tokens[at].order) {
        if (at != first)
            assay_buf_add_byte(out, ',');
        add_string(out, doc, at);
        assay_buf_add_byte(out, ':');
        rc = add_value(out, doc, at + 1, err);
    }
    assay_buf_add_byte(out, '}');
    return rc;
}

/* Calls itself through containers, as deep as the tokenizer allows. */
static enum assay_code add_value(struct assay_buf *out, const struct assay_json *doc,
                                 uint32_t token, struct assay_err *err)
{
    switch (doc->tokens[token].type) {
    case ASSAY_JSON_NULL:
    case ASSAY_JSON_FALSE:
    case ASSAY_JSON_TRUE:
        assay_buf_add(out, assay_json_raw(doc, token));
        return ASSAY_OK;
    case ASSAY_JSON_NUMBER:
        return add_number(out, assay_json_raw(doc, token), doc->tokens[token].start, err);
    case ASSAY_JSON_STRING:
        add_string(out, doc, token);
        return ASSAY_OK;
    case ASSAY_JSON_ARRAY:
        return add_array(out, doc, token, err);
    case ASSAY_JSON_OBJECT:
        return add_object(out, doc, token, err);
    }
    return assay_fail(err, ASSAY_E_TYPE, 0, "JSON: no such type");
}

enum assay_code assay_json_canonical(struct assay_buf *out, const struct assay_json *doc,
                                     uint32_t token, struct assay_err *err)
{
    enum assay_code rc;

    if (token >= doc->token_count)
        return assay_fail(err, ASSAY_E_MISSING, 0, "JSON: there is no value to write");
    if ((rc = add_value(out, doc, token, err)) != ASSAY_OK)
        return rc;
    return out->bad == ASSAY_OK ? ASSAY_OK
                                : assay_fail(err, out->bad, 0, "JSON: its canonical form %s",
                                             assay_code_text(out->bad));
}
