/** Sequences of live requests: what is sent to a server under `assay fuzz run --target`.
 *
 *  A sequence says what is asked and how each request is bent, not the bytes themselves: offers and
 *  payments are made anew whenever it is sent, so the same file can be sent to any copy of the
 *  server, today or in a year. As a file it is JSON, UTF-8, at most LIVE_FILE_MAX_BYTES:
 *
 *    {"format": "assay-live/1", "profile": "paid-tools", "exchanges": [
 *      {"endpoint": "paid_get", "payment": 1, "way": "proof", "key": 1, "edits": [
 *        {"what": "header-value", "at": 3, "how": 0, "times": 70000, "text": "A"}]}]}
 *
 *  endpoint  a name of the target file's `endpoints`
 *  payment   0: none; n: the n-th payment of the sequence, an honest one for the endpoint and way
 *            that name it first, made just before it is first sent; named again it is a replay
 *  way       how the payment is carried, a word of the profile (fuzz/live_payer.h); "" without one
 *  key       0: none; n: the n-th idempotency key of the sequence
 *  edits     what is done to the honest request, in this order; LIVE_EDITS says what each does
 *  at, how, times  numbers; counts are taken modulo what there is to choose from. Left out: 0
 *  text      bytes, each as the code point of its value (U+0000 to U+00FF). Left out: empty
 */
#ifndef FUZZ_LIVE_SEQUENCE_H
#define FUZZ_LIVE_SEQUENCE_H

#include "base/arena.h"

#define LIVE_FORMAT "assay-live/1"
#define LIVE_EXCHANGES_MAX 8
#define LIVE_EDITS_MAX 8
#define LIVE_PAYMENTS_MAX 4 /**< the largest `payment` and `key` */
#define LIVE_TEXT_MAX_BYTES 4096
#define LIVE_TIMES_MAX 200000 /**< bytes that one edit may add */
#define LIVE_NAME_BYTES 48
#define LIVE_FILE_MAX_BYTES ((size_t)1 << 20)

/* X(NAME, "its name in a file", "what it does"). `at` picks a place: of a header which one, of a
 * text how far in thousandths of its length. */
#define LIVE_EDITS(X)                                                                              \
    X(METHOD, "method", "the method becomes text")                                                 \
    X(TARGET, "target", "the request target becomes text")                                         \
    X(TARGET_INSERT, "target-insert", "text is put into the target at `at`")                       \
    X(TARGET_CUT, "target-cut", "one byte of the target at `at` is left out")                      \
    X(TARGET_ESCAPE, "target-escape", "the byte of the target at `at` is percent-encoded")         \
    X(TARGET_CASE, "target-case", "the letter of the target at `at` changes its case")             \
    X(QUERY, "query", "text is appended behind ? or &")                                            \
    X(VERSION, "version", "the protocol version becomes text")                                     \
    X(HEADER_REMOVE, "header-remove", "header `at` is left out")                                   \
    X(HEADER_TWICE, "header-twice", "header `at` is sent twice")                                   \
    X(HEADER_LAST, "header-last", "header `at` is sent behind all others")                         \
    X(HEADER_CASE, "header-case", "the name of header `at` in other case")                         \
    X(HEADER_SPACE, "header-space", "text stands before (how 0) or behind the colon of `at`")      \
    X(HEADER_FOLD, "header-fold", "the value of header `at` is folded onto a second line")         \
    X(HEADER_VALUE, "header-value", "the value of header `at` becomes text, `times` times")        \
    X(HEADER_INSERT, "header-insert", "text is put into the value of header `at`, at `how`")       \
    X(HEADER_ADD, "header-add", "text is a header line of its own")                                \
    X(PAYMENT_JSON, "payment-json", "`how` edits of the payment's JSON, by the dice of seed `at`") \
    X(PAYMENT_TEXT, "payment-text", "text instead of the payment's JSON, encoded like it")         \
    X(PAYMENT_FORM, "payment-form", "the payment in another spelling, of kind `how`")              \
    X(BODY_JSON, "body-json", "`how` edits of the body's JSON, by the dice of seed `at`")          \
    X(BODY, "body", "the body becomes text, `times` times")                                        \
    X(BODY_INSERT, "body-insert", "text is put into the body at `at`")                             \
    X(LENGTH, "length", "one more Content-Length, of text")                                        \
    X(CODING, "coding", "one more Transfer-Encoding, of text")                                     \
    X(CHUNKS, "chunks", "the body in chunks, with the fault `how`; 0: none")                       \
    X(LINE_END, "line-end", "header line `at` ends in text")                                       \
    X(CUT, "cut", "nothing is sent behind `at`")                                                   \
    X(TWICE, "twice", "the whole request is sent twice on its connection, at once")                \
    X(PAUSE, "pause", "`how` milliseconds (at most 100) pass at `at`")                             \
    X(HALF_CLOSE, "half-close", "the sending side is closed behind it")

#define LIVE_EDIT_ENUM(name, text, what) LIVE_EDIT_##name,
enum live_edit_kind { LIVE_EDITS(LIVE_EDIT_ENUM) LIVE_EDIT__COUNT };
#undef LIVE_EDIT_ENUM
const char *live_edit_name(enum live_edit_kind kind);

struct live_edit {
    enum live_edit_kind kind;
    uint32_t at, how, times;
    struct assay_bytes text; /**< of the arena that the sequence was made in */
};

struct live_exchange {
    char endpoint[LIVE_NAME_BYTES], way[LIVE_NAME_BYTES];
    unsigned payment, key;
    struct live_edit edits[LIVE_EDITS_MAX];
    size_t edit_count;
};

struct live_sequence {
    struct live_exchange exchanges[LIVE_EXCHANGES_MAX];
    size_t count;
};

/** Copies it with its texts into that arena. NOMEM. */
enum assay_code live_sequence_copy(struct live_sequence *out, struct assay_arena *arena,
                                   const struct live_sequence *from) ASSAY_MUST_USE;
/** Appends it as a file; the same sequence gives the same bytes. NOMEM, TOO_LARGE. */
enum assay_code live_sequence_write(struct assay_buf *out, const struct live_sequence *sequence,
                                    const char *profile) ASSAY_MUST_USE;
/** Reads a file. MALFORMED (no such JSON, an unknown member, edit or number; err says where and
 *  what was expected), MISMATCH (of another profile), TOO_LARGE, NOMEM. */
enum assay_code live_sequence_read(struct live_sequence *out, struct assay_arena *arena,
                                   struct assay_bytes text, const char *profile,
                                   struct assay_err *err) ASSAY_MUST_USE;

#endif
