/** A client of a facilitator for those whose money depends on what it says.
 *
 *  One deadline a call, a connection for each; nothing is sent twice, no redirect is followed, no
 *  coding of content is undone. It tells what came of a call and decides nothing. The rule that
 *  counts: after /settle was sent, only an answer that says so in every word means that the money
 *  has not moved. No text of the facilitator's own is among what is told, but for `why`, which is
 *  for the operator's log and printable: reasons are words of a list, and what names a transaction
 *  or an account can be nothing else (x402_names_something).
 *
 *  One handle is used by one thread at a time.
 *
 *  Source: x402 v2 digest, sections 3, 4 and 9; Kaspa x402 exact digest, section 15.
 */
#ifndef REF_NET_FACILITATOR_H
#define REF_NET_FACILITATOR_H

#include "net/client.h"
#include "x402/facilitator.h"

struct ref_facilitator_options {
    const char *url;         /**< "http://127.0.0.1:4022", perhaps with a path; kept by reference */
    bool is_public;          /**< may connect elsewhere than to loopback, checked on the socket */
    int64_t deadline_ms;     /**< of one call */
    size_t answer_max_bytes; /**< of a body */
    const struct ref_net_field *headers; /**< further ones of each call, such as what authenticates
                                          * the server; kept by reference */
    size_t header_count;
};
#define REF_FACILITATOR_OPTIONS_DEFAULT                                                            \
    {                                                                                              \
        .deadline_ms = 10000, .answer_max_bytes = X402_DECODED_MAX_BYTES                           \
    }

/* constant, what it means */
#define REF_FACILITATOR_OUTCOMES(X)                                                                \
    X(YES, "it is as the facilitator was asked")                                                   \
    X(NO, "the facilitator refuses the payment")                                                   \
    X(PENDING, "the settlement has begun: ask again with the same bytes")                          \
    X(MISMATCH, "the facilitator says yes to something else than it was asked")                    \
    X(MALFORMED, "the answer is none: another shape, a coding, or above a limit")                  \
    X(STATUS, "the facilitator answers with a status that carries no decision")                    \
    X(UNREACHABLE, "nothing was sent")                                                             \
    X(UNKNOWN, "it was sent, and no whole answer came")

#define REF_FACILITATOR_OUTCOME_ENUM(name, text) REF_FACILITATOR_##name,
enum ref_facilitator_outcome { REF_FACILITATOR_OUTCOMES(REF_FACILITATOR_OUTCOME_ENUM) };
#undef REF_FACILITATOR_OUTCOME_ENUM
/** "YES" and so on, and the sentence. */
const char *ref_facilitator_outcome_name(enum ref_facilitator_outcome outcome);
const char *ref_facilitator_outcome_text(enum ref_facilitator_outcome outcome);

struct ref_facilitator_answer {
    enum ref_facilitator_outcome outcome;
    /** Only of /settle. False: nothing was sent; it was turned away by a status that means so; or
     * the facilitator says no by a reason of the list other than an unexpected error, and names no
     * transaction. */
    bool may_have_moved;
    int status;         /**< 0: none came */
    const char *reason; /**< of NO and PENDING: a word of X402_REASONS, unexpected_verify_error or
                         * unexpected_settle_error where it gave another; else NULL. Constant */
    /** In the arena; empty where it did not tell, or told what names nothing. */
    struct assay_bytes transaction, payer;
    struct assay_err why; /**< of all but YES; not for payers */
};

struct ref_facilitator;

/** MALFORMED: no http URL, or one with a query. DENIED: it names no loopback host and is_public is
 * not set. */
enum assay_code ref_facilitator_check(const struct ref_facilitator_options *options,
                                      struct assay_err *err) ASSAY_MUST_USE;
/** Options are copied. As _check; NOMEM. */
enum assay_code ref_facilitator_new(struct ref_facilitator **out,
                                    const struct ref_facilitator_options *options,
                                    struct assay_err *err) ASSAY_MUST_USE;
void ref_facilitator_free(struct ref_facilitator *facilitator); /**< NULL is taken */

/** GET /supported. *supported is unchanged but on YES, and it and its document are in the arena. */
void ref_facilitator_supported(struct ref_facilitator *facilitator,
                               struct ref_facilitator_answer *answer,
                               struct x402_supported *supported, struct assay_arena *arena);
/** POST /verify. An answer of 200 or 400 decides. */
void ref_facilitator_verify(struct ref_facilitator *facilitator,
                            struct ref_facilitator_answer *answer, struct assay_arena *arena,
                            const struct x402_ask *ask);
/** POST /settle. YES: by an answer of 200 that is a success with a transaction and as `expected`
 *  (x402_settled_is_good). */
void ref_facilitator_settle(struct ref_facilitator *facilitator,
                            struct ref_facilitator_answer *answer, struct assay_arena *arena,
                            const struct x402_ask *ask, const struct x402_expected *expected);

#endif
