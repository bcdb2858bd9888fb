/* Looking and judging: what was delivered, withheld, refused, and what the facilitator was asked.
 */
#include "peer/x402/peer_internal.h"

#include <inttypes.h>

/* ---- looking ---- */

bool x4p_is_later(const struct peer_answer *answer)
{
    int status = peer_status(answer);

    return status == 429 || status == 503 || status == 504 ||
           (status == 500 && peer_header(answer, "Retry-After").len > 0);
}

size_t x4p_count_served(const struct peer_answer *const *answers, size_t n)
{
    size_t served = 0;

    for (size_t i = 0; i < n; i++)
        served += x4p_is_served(answers[i]) ? 1 : 0;
    return served;
}

static bool holds(struct assay_bytes text, struct assay_bytes needle)
{
    for (size_t i = 0; i + needle.len <= text.len; i++)
        if (memcmp(text.at + i, needle.at, needle.len) == 0)
            return true;
    return false;
}

bool x4p_shows(struct assay_case *t, const struct peer_answer *answer, const char *needle)
{
    static const char *const headers[] = {"PAYMENT-REQUIRED", "PAYMENT-RESPONSE"};
    struct assay_bytes text = assay_str(needle);
    bool found = holds(peer_body(answer), text);

    for (size_t i = 0; i < ARRAY_LEN(headers); i++)
        found = found || holds(x4p_header_text(t, answer, headers[i]), text);
    return found;
}

/* ---- paid ---- */

const char *x4p_receipt_fault(struct assay_case *t, const struct peer_answer *answer,
                              const struct x4p_payment *payment)
{
    struct x402_settlement said;
    const char *fault = x4p_read_settlement(t, &said, answer);

    if (fault != NULL)
        return fault;
    if (!said.success)
        return "its PAYMENT-RESPONSE says that the payment failed";
    if (said.transaction.len == 0)
        return "its PAYMENT-RESPONSE names no transaction";
    return assay_bytes_equal(said.network, payment->offer->terms->network)
               ? NULL
               : "its PAYMENT-RESPONSE names another network";
}

void x4p_expect_delivered(struct assay_case *t, const struct peer_answer *answer,
                          const struct x4p_payment *payment)
{
    struct peer_look look = peer_look(t, answer);
    const char *fault = NULL;

    peer_end_if_rate_limited(t, look.status);
    if (x4p_is_served(answer))
        fault = x4p_receipt_fault(t, answer, payment);
    case_judge(t,
               x4p_is_served(answer) && (!look.counted || look.runs == 1) && look.moves == 1 &&
                   fault == NULL,
               look.grade,
               "the paid answer (2xx) with PAYMENT-RESPONSE for this payment, one run of the "
               "handler, and one settlement",
               "%s%s%s", look.seen, fault != NULL ? "; " : "", fault != NULL ? fault : "");
}

void x4p_expect_still_sells(struct assay_case *t, struct peer_want want)
{
    const struct x4p_payment *paid = x4p_paid(t, want);

    x4p_expect_delivered(t, x4p_send_until_known(t, "an honest payment behind it", want, paid),
                         paid);
}

/* ---- not paid ---- */

void x4p_expect_challenge(struct assay_case *t, const struct peer_answer *answer,
                          struct peer_want want)
{
    struct peer_look look = peer_look(t, answer);
    const char *fault = NULL;

    peer_end_if_rate_limited(t, look.status);
    (void)x4p_offer_of(t, want, answer, &fault);
    case_judge(t, fault == NULL && peer_is_refusal(&look), look.grade,
               "402 with PAYMENT-REQUIRED that offers a way to pay, and no run of the handler",
               "%s%s%s", look.seen, fault != NULL ? "; " : "", fault != NULL ? fault : "");
}

static const char *calls_text(struct assay_case *t, struct x4p_calls before)
{
    struct x4p_calls now = x4p_calls(t);

    return case_printf(t, "calls of the facilitator: verify %" PRIu64 ", settle %" PRIu64,
                       now.verify - before.verify, now.settle - before.settle);
}

void x4p_expect_refused_unasked(struct assay_case *t, const struct peer_answer *answer,
                                struct x4p_calls before)
{
    struct peer_look look = peer_look(t, answer);
    struct x4p_calls now = x4p_calls(t);

    peer_end_if_rate_limited(t, look.status);
    case_judge(t,
               peer_is_refusal(&look) && now.verify == before.verify && now.settle == before.settle,
               look.grade,
               "a refusal (4xx) with nothing of the paid content, no run of the handler, and no "
               "call of the facilitator",
               "%s; %s", look.seen, calls_text(t, before));
}

void x4p_expect_not_served(struct assay_case *t, const struct peer_answer *answer)
{
    struct peer_look look = peer_look(t, answer);

    case_judge(t, look.status >= 400 && look.runs == 0 && look.moves == 0 && !look.leaks,
               look.grade,
               "a refusal (4xx or 5xx) with nothing of the paid content, no run of the handler and "
               "no settlement",
               "%s", look.seen);
}

void x4p_expect_withheld(struct assay_case *t, const struct peer_answer *answer)
{
    struct peer_look look = peer_look(t, answer);

    case_judge(t, look.status >= 400 && !look.leaks, look.grade,
               "a refusal (4xx or 5xx) with nothing of the paid content", "%s", look.seen);
}

/* ---- at once ---- */

void x4p_expect_one_run(struct assay_case *t, const struct peer_answer *const *answers, size_t n)
{
    bool counted = case_can_count(t);
    uint64_t runs = counted ? case_executions(t) - answers[0]->before.runs : 0;
    uint64_t moves = peer_moves(t) - answers[0]->before.moves;
    size_t served = x4p_count_served(answers, n);
    bool agree = peer_bodies_agree(answers, n);

    case_judge(t, (counted ? runs <= 1 : served <= 1 || agree) && agree && moves <= 1,
               counted ? GRADE_OBSERVED : GRADE_DERIVED,
               case_printf(t,
                           "of %zu, one run of the handler and one settlement at most, and one "
                           "body for all that are served",
                           n),
               "%zu served%s; %s; %" PRIu64 " settled", served,
               agree ? "" : " with different bodies", peer_runs_text(t, counted, runs), moves);
}

/* ---- what the facilitator was asked ---- */

void x4p_expect_calls(struct assay_case *t, struct x4p_calls before, uint64_t verify,
                      uint64_t settle)
{
    struct x4p_calls now = x4p_calls(t);

    case_judge(t,
               (verify == X4P_ANY || now.verify - before.verify == verify) &&
                   (settle == X4P_ANY || now.settle - before.settle == settle),
               GRADE_OBSERVED,
               case_printf(t, "%s calls to verify and %s to settle",
                           verify == X4P_ANY ? "any" : case_printf(t, "%" PRIu64, verify),
                           settle == X4P_ANY ? "any" : case_printf(t, "%" PRIu64, settle)),
               "%s", calls_text(t, before));
}

/* NULL: it is as it must be, or was not asked at all. */
static const char *terms_fault(struct assay_case *t, enum facilitator_what what,
                               const struct x4p_offer *offer)
{
    const json_t *asked = x4p_last_asked(t, what);
    const char *word = what == FACILITATOR_VERIFY ? "verify" : "settle";

    if (asked == NULL)
        return NULL;
    if (json_integer_value(json_object_get(asked, "x402Version")) != X402_VERSION)
        return case_printf(t, "%s was asked of another x402Version", word);
    return json_equal(json_object_get(asked, "paymentRequirements"), offer->accepted)
               ? NULL
               : case_printf(t, "%s was asked with other paymentRequirements", word);
}

void x4p_expect_own_terms(struct assay_case *t, const struct x4p_offer *offer)
{
    const char *fault = x4p_last_asked(t, FACILITATOR_VERIFY) == NULL
                            ? "it was not asked to verify"
                            : terms_fault(t, FACILITATOR_VERIFY, offer);

    if (fault == NULL)
        fault = terms_fault(t, FACILITATOR_SETTLE, offer);
    case_judge(t, fault == NULL, GRADE_OBSERVED,
               "the facilitator is asked with version 2 and the server's own offer as "
               "paymentRequirements",
               "%s", fault != NULL ? fault : "it was");
}
