/* Judging what was settled, or may have been: delivered once in the end, told as failed, or told as
 * not known yet; see peer.h. */
#include "peer/x402/peer_internal.h"

#include <inttypes.h>

/* As if it had been asked for when `first` was. */
static struct peer_answer *counted_since(struct assay_case *t, const struct peer_answer *answer,
                                         const struct peer_answer *first)
{
    struct peer_answer *whole = case_alloc(t, sizeof(*whole));

    *whole = *answer;
    whole->before = first->before;
    return whole;
}

void x4p_expect_delivered_since(struct assay_case *t, const struct peer_answer *answer,
                                const struct x4p_payment *payment, const struct peer_answer *first)
{
    x4p_expect_delivered(t, counted_since(t, answer, first), payment);
}

void x4p_expect_settled_once(struct assay_case *t, const struct peer_answer *answer,
                             const struct x4p_payment *payment, const struct peer_answer *first)
{
    struct peer_look look = peer_look(t, counted_since(t, answer, first));
    const char *fault = NULL;

    peer_end_if_rate_limited(t, look.status);
    if (x4p_is_served(answer))
        fault = x4p_receipt_fault(t, answer, payment);
    case_judge(t, x4p_is_served(answer) && look.moves == 1 && fault == NULL, look.grade,
               "the paid answer (2xx) with PAYMENT-RESPONSE for this payment, and one settlement",
               "%s%s%s", look.seen, fault != NULL ? "; " : "", fault != NULL ? fault : "");
}

/* It was served as it was the first time. */
static bool is_repeated(const struct peer_answer *answer, const struct peer_answer *first)
{
    return x4p_is_served(answer) && peer_difference(answer, first) == NULL;
}

void x4p_expect_no_more_content(struct assay_case *t, const struct peer_answer *answer,
                                const struct peer_answer *first)
{
    struct peer_look look = peer_look(t, answer);
    bool is_same = is_repeated(answer, first) && look.runs == 0;

    case_judge(t, (is_same || (look.status >= 400 && !look.leaks)) && look.moves == 0, look.grade,
               "a refusal with nothing of the paid content or the first answer again, and no "
               "settlement",
               "%s", look.seen);
}

void x4p_expect_nothing_more(struct assay_case *t, const struct peer_answer *answer,
                             const struct peer_answer *first)
{
    struct peer_look look = peer_look(t, answer);
    bool is_same = is_repeated(answer, first);

    case_judge(t, (is_same || look.status >= 400) && look.runs == 0 && look.moves == 0, look.grade,
               "a refusal or the first answer again, with no run of the handler and no settlement",
               "%s%s", look.seen,
               x4p_is_served(answer) && !is_same ? ", which is another answer than the first" : "");
}

/* ---- what the payer is told ---- */

/* Whether PAYMENT-RESPONSE is there and can be read. */
static bool reads(struct assay_case *t, struct x402_settlement *said,
                  const struct peer_answer *answer)
{
    return x4p_read_settlement(t, said, answer) == NULL;
}

/* Why the answer says that the payment has come to its end, or invites another one; NULL: it says
 * no such thing. */
static const char *finality(struct assay_case *t, const struct peer_answer *answer)
{
    struct x402_settlement said;
    bool is_told = reads(t, &said, answer);
    bool is_pending = is_told && !said.success &&
                      assay_bytes_is(said.error_reason, X402_REASON_PENDING) &&
                      said.transaction.len > 0;

    if (is_told && said.success)
        return "its PAYMENT-RESPONSE says that it was settled";
    if (is_told && !is_pending)
        return "its PAYMENT-RESPONSE says that the payment failed";
    return peer_status(answer) < 500 && peer_status(answer) != 429 && !is_pending
               ? "it says that the payment is refused"
               : NULL;
}

void x4p_expect_unknown(struct assay_case *t, const struct peer_answer *answer)
{
    struct peer_look look = peer_look(t, answer);
    const char *fault = finality(t, answer);

    case_judge(t, look.status >= 400 && !look.leaks && fault == NULL, look.grade,
               "nothing of the paid content, and to be told to come again (5xx or 429) or that the "
               "settlement is pending: not that it failed",
               "%s%s%s", look.seen, fault != NULL ? "; " : "", fault != NULL ? fault : "");
}

void x4p_expect_failure_told(struct assay_case *t, const struct peer_answer *answer)
{
    struct peer_look look = peer_look(t, answer);
    struct x402_settlement said = {.success = false};
    const char *fault = x4p_read_settlement(t, &said, answer);

    if (fault == NULL && said.success)
        fault = "its PAYMENT-RESPONSE says that it was settled";
    case_judge(t, look.status == 402 && !look.leaks && fault == NULL, look.grade,
               "402 with PAYMENT-RESPONSE that says success false, and nothing of the paid content",
               "%s%s%s", look.seen, fault != NULL ? "; " : "", fault != NULL ? fault : "");
}
