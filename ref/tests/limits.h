/** Rows of a configuration's limits: each changes one thing of a good configuration, and the check
 * of it says OK, or a sentence that names what to change. */
#ifndef REF_TESTS_LIMITS_H
#define REF_TESTS_LIMITS_H

#include "base/err.h"

#include <criterion/criterion.h>
#include <string.h>

struct limit_row {
    const char *name;
    void (*change)(void);
    enum assay_code code;
    const char *says; /**< part of the sentence */
};

/** A function for a row, of one statement. */
#define CHANGE(name, statement)                                                                    \
    static void name(void)                                                                         \
    {                                                                                              \
        statement;                                                                                 \
    }

/** So many letters, until it is asked for again. */
static inline const char *text_of_length(size_t len)
{
    static char text[8192];

    cr_assert_lt(len, sizeof(text));
    memset(text, 'a', len);
    text[len] = '\0';
    return text;
}

#endif
