/** Errors: one list of codes, and a caller-owned record of the first thing that went wrong.
 *
 *  A wrong peer is a verdict and never appears here; a wrong input or machine is a code of this
 *  list; a wrong program is an assertion. There is no thread-global last error.
 */
#ifndef ASSAY_BASE_ERR_H
#define ASSAY_BASE_ERR_H

#include "base/bytes.h"

/* name, what a person is told */
#define ASSAY_ERRORS(X)                                                                            \
    X(NOMEM, "out of memory")                                                                      \
    X(MALFORMED, "breaks its grammar")                                                             \
    X(RANGE, "does not fit its field")                                                             \
    X(TOO_LARGE, "is larger than its limit")                                                       \
    X(TYPE, "has the wrong type")                                                                  \
    X(MISSING, "is missing")                                                                       \
    X(UNKNOWN, "is not known")                                                                     \
    X(DUPLICATE, "appears twice")                                                                  \
    X(MISMATCH, "differs from what it must equal")                                                 \
    X(CONFLICT, "conflicts with what is already there")                                            \
    X(EXPIRED, "is past its time")                                                                 \
    X(UNSUPPORTED, "is not supported")                                                             \
    X(TIMEOUT, "did not happen in time")                                                           \
    X(CLOSED, "was closed by the other side")                                                      \
    X(IO, "could not be read or written")                                                          \
    X(BUSY, "is in use")                                                                           \
    X(DENIED, "is not allowed")                                                                    \
    X(INTERRUPTED, "was interrupted")                                                              \
    X(CRASHED, "ended unexpectedly")

#define ASSAY_ERROR_ENUM(name, text) ASSAY_E_##name,
enum assay_code { ASSAY_OK = 0, ASSAY_ERRORS(ASSAY_ERROR_ENUM) ASSAY_E__COUNT };
#undef ASSAY_ERROR_ENUM

#define ASSAY_ERR_TEXT_MAX_BYTES 512 /**< NUL included; longer texts are cut and end in "..." */

/** Zero-initialised is "no error yet". Every function takes `struct assay_err *err` that may be
 * NULL. */
struct assay_err {
    enum assay_code code;
    size_t at;     /**< byte offset in the input, where the code says something about an input */
    unsigned line; /**< 1-based line of a file, 0 where there is none */
    char text[ASSAY_ERR_TEXT_MAX_BYTES];
};

/** "MALFORMED" and so on; "OK" for ASSAY_OK; never NULL. */
const char *assay_code_name(enum assay_code code);
/** The list's text; "fine" for ASSAY_OK; never NULL. */
const char *assay_code_text(enum assay_code code);

/** Records `code` and the text unless an error stands already (the first failure wins).
 *  Returns: `code`, so that `return assay_fail(...)` reads as a sentence. */
enum assay_code assay_fail(struct assay_err *err, enum assay_code code, size_t at,
                           const char *format, ...) ASSAY_PRINTF(4, 5);

/** Puts "context: " before the text when `code` is a failure, so that a text reads outside in.
 *  An empty record gets the code's own text first. Returns: `code`. */
enum assay_code assay_err_wrap(struct assay_err *err, enum assay_code code, const char *format, ...)
    ASSAY_PRINTF(3, 4);

#endif
