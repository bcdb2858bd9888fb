/* Error codes with their names and texts, and the caller-owned record of the first failure. */
#include "base/err.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>

struct code_words {
    const char *name;
    const char *text;
};

static const struct code_words *words_of(enum assay_code code)
{
#define WORDS(name, text) {#name, text},
    static const struct code_words words[] = {{"OK", "fine"}, ASSAY_ERRORS(WORDS)};
#undef WORDS
    static const struct code_words none = {"UNNAMED", "is no code of the list"};

    _Static_assert(ARRAY_LEN(words) == ASSAY_E__COUNT, "one row for every code");
    return (size_t)code < ARRAY_LEN(words) ? &words[code] : &none;
}

const char *assay_code_name(enum assay_code code)
{
    return words_of(code)->name;
}

const char *assay_code_text(enum assay_code code)
{
    return words_of(code)->text;
}

static void print(char text[ASSAY_ERR_TEXT_MAX_BYTES], const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void print(char text[ASSAY_ERR_TEXT_MAX_BYTES], const char *format, va_list args)
{
    int len = vsnprintf(text, ASSAY_ERR_TEXT_MAX_BYTES, format, args);

    if (len < 0)
        text[0] = '\0';
    else if ((size_t)len >= ASSAY_ERR_TEXT_MAX_BYTES)
        assay_utf8_mark_cut(text, ASSAY_ERR_TEXT_MAX_BYTES);
}

enum assay_code assay_fail(struct assay_err *err, enum assay_code code, size_t at,
                           const char *format, ...)
{
    va_list args;

    if (err == NULL || err->code != ASSAY_OK)
        return code;
    err->code = code;
    err->at = at;
    va_start(args, format);
    print(err->text, format, args);
    va_end(args);
    return code;
}

enum assay_code assay_err_wrap(struct assay_err *err, enum assay_code code, const char *format, ...)
{
    char context[ASSAY_ERR_TEXT_MAX_BYTES];
    char inner[ASSAY_ERR_TEXT_MAX_BYTES];
    va_list args;
    int len;

    if (err == NULL || code == ASSAY_OK)
        return code;
    (void)assay_fail(err, code, 0, "%s", assay_code_text(code));
    va_start(args, format);
    print(context, format, args);
    va_end(args);
    memcpy(inner, err->text, sizeof(inner));
    len = snprintf(err->text, sizeof(err->text), "%s: %s", context, inner);
    if ((size_t)len >= sizeof(err->text))
        assay_utf8_mark_cut(err->text, ASSAY_ERR_TEXT_MAX_BYTES);
    return code;
}
