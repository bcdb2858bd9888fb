/* Judging what was bought, stored, refused or put off. */
#include "peer/kaspa-x402/peer_internal.h"

#include "base/decimal.h"
#include "peer/x402/read.h"

#include <inttypes.h>

enum { MINED_LOOKS = 100, MINED_PAUSE_MS = 20 };

/* What PAYMENT-RESPONSE has to say (exact digest, section 14: only these four members are agreed
 * on); NULL: it says that. */
static const char *receipt_fault(struct assay_case *t, const struct peer_answer *answer,
                                 const struct kxp_payment *payment)
{
    const struct kx_terms *terms = &payment->offer->terms;
    struct x402_settlement said;
    const char *fault = x4p_read_settlement(t, &said, answer);

    if (fault != NULL)
        return fault;
    if (!said.success)
        return "its PAYMENT-RESPONSE says that the payment failed";
    if (!assay_bytes_equal_nocase(said.transaction, assay_str(payment->transaction_id)))
        return "its PAYMENT-RESPONSE names another transaction";
    if (!assay_bytes_equal(said.network, terms->network_text))
        return "its PAYMENT-RESPONSE names another network";
    return assay_bytes_equal(said.amount, terms->amount_text)
               ? NULL
               : "its PAYMENT-RESPONSE names another amount";
}

/* Where the chain mines it is accepted in a moment at the latest: whether it was before the answer
 * is asked where the chain does not mine. */
static bool is_accepted(struct assay_case *t, const struct kxp_payment *payment)
{
    bool accepted = kxp_state(t, payment) == KASPA_TX_ACCEPTED;

    for (int i = 0; i < MINED_LOOKS && !accepted && kxp_is_mining(t); i++) {
        peer_pause(t, MINED_PAUSE_MS);
        accepted = kxp_state(t, payment) == KASPA_TX_ACCEPTED;
    }
    return accepted;
}

void kxp_expect_delivered(struct assay_case *t, const struct peer_answer *answer,
                          const struct kxp_payment *payment)
{
    struct peer_look look = peer_look(t, answer);
    const char *fault = NULL;

    peer_end_if_rate_limited(t, look.status);
    if (kxp_is_served(answer))
        fault = receipt_fault(t, answer, payment);
    if (fault == NULL && !is_accepted(t, payment))
        fault = "the chain has not accepted the payment";
    case_judge(t, kxp_is_served(answer) && (!look.counted || look.runs == 1) && fault == NULL,
               look.grade,
               "the paid answer (2xx) with PAYMENT-RESPONSE for this payment, one run of the "
               "handler, and the payment accepted by the chain",
               "%s%s%s", look.seen, fault != NULL ? "; " : "", fault != NULL ? fault : "");
}

void kxp_expect_cached(struct assay_case *t, const struct peer_answer *answer,
                       const struct peer_answer *first)
{
    struct peer_look look = peer_look(t, answer);
    const char *other = peer_status(answer) == 0 || peer_status(first) == 0
                            ? "no answer"
                            : peer_difference(answer, first);

    peer_end_if_rate_limited(t, look.status);
    if (other == NULL && !assay_bytes_equal(peer_header(answer, "PAYMENT-RESPONSE"),
                                            peer_header(first, "PAYMENT-RESPONSE")))
        other = "its PAYMENT-RESPONSE is another";
    case_judge(t, other == NULL && look.runs == 0 && look.moves == 0, look.grade,
               "the first answer again (status, body, content type, PAYMENT-RESPONSE), with no run "
               "of the handler and no submission",
               "%s%s%s", look.seen, other != NULL ? "; " : "", other != NULL ? other : "");
}

void kxp_expect_later(struct assay_case *t, const struct peer_answer *answer)
{
    struct peer_look look = peer_look(t, answer);

    case_judge(
        t, kxp_is_later(answer) && look.runs == 0 && !look.leaks, look.grade,
        "to be told to come again (429, 503 or 504), with nothing of the paid content and no "
        "run of the handler",
        "%s", look.seen);
}

const struct kxp_offer *kxp_expect_offer_or_later(struct assay_case *t,
                                                  const struct peer_answer *answer,
                                                  struct peer_want want)
{
    struct peer_look look = peer_look(t, answer);
    const char *fault = NULL;
    const struct kxp_offer *offer =
        look.status == 402 ? kxp_offer_of(t, want, answer, &fault) : NULL;

    case_judge(t, (offer != NULL || kxp_is_later(answer)) && !look.leaks, look.grade,
               "402 with an offer, or to be told to come again (429, 503 or 504)", "%s%s%s",
               look.seen, fault != NULL ? "; " : "", fault != NULL ? fault : "");
    return offer;
}

void kxp_expect_no_second_run(struct assay_case *t, const struct peer_answer *answer)
{
    struct peer_look look = peer_look(t, answer);
    bool answered = kxp_is_served(answer) || look.status >= 400;

    case_judge(t, answered && look.runs == 0 && look.moves == 0, look.grade,
               "to be refused, put off or given the stored answer, with no run of the handler and "
               "no submission",
               "%s", look.seen);
}

void kxp_expect_not_served(struct assay_case *t, const struct peer_answer *answer)
{
    struct peer_look look = peer_look(t, answer);

    case_judge(t, look.status >= 400 && look.runs == 0 && !look.leaks, look.grade,
               "not to be served (4xx or 5xx), and no run of the handler", "%s", look.seen);
}

void kxp_expect_challenge(struct assay_case *t, const struct peer_answer *answer,
                          struct peer_want want)
{
    struct peer_look look = peer_look(t, answer);
    const char *fault = NULL;

    peer_end_if_rate_limited(t, look.status);
    if (answer->exchange->outcome == HTTP_NO_CONNECTION)
        case_end(t, VERDICT_BROKEN, "nothing was asked: %s", look.seen);
    (void)kxp_offer_of(t, want, answer, &fault);
    case_judge(t, fault == NULL && peer_is_refusal(&look), look.grade,
               "402 with an offer for this very request, and no run of the handler", "%s%s%s",
               look.seen, fault != NULL ? "; " : "", fault != NULL ? fault : "");
}

/* An answer that neither served nor refused; NULL: there is none. */
static const char *odd_one(struct assay_case *t, const struct peer_answer *const *answers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int status = peer_status(answers[i]);

        if (!kxp_is_served(answers[i]) &&
            (status < 400 || (status >= 500 && status != 503 && status != 504)))
            return case_printf(t, "; %s: %s", answers[i]->label, peer_seen(t, answers[i]));
    }
    return NULL;
}

void kxp_expect_one_run(struct assay_case *t, const struct peer_answer *const *answers, size_t n)
{
    bool counted = case_can_count(t);
    uint64_t runs = counted ? case_executions(t) - answers[0]->before.runs : 0;
    bool agree = peer_bodies_agree(answers, n);
    const char *odd = odd_one(t, answers, n);
    size_t served = 0;

    for (size_t i = 0; i < n; i++)
        served += kxp_is_served(answers[i]) ? 1 : 0;
    case_judge(t,
               (!counted || runs <= 1) && (counted || served <= 1 || agree) && agree && odd == NULL,
               counted ? GRADE_OBSERVED : GRADE_DERIVED,
               case_printf(t,
                           "of %zu, one run of the handler, one body for all that are served, the "
                           "others refused or told to come again",
                           n),
               "%zu served%s; %s%s", served, agree ? "" : " with different bodies",
               peer_runs_text(t, counted, runs), odd != NULL ? odd : "");
}

void kxp_expect_no_lookup(struct assay_case *t, const struct kxp_payment *payment)
{
    uint64_t calls = kxp_calls_about(t, payment);

    case_judge(t, calls == 0, GRADE_OBSERVED,
               "no call to the node that names the payment, its coins or its payer",
               "%" PRIu64 " such calls", calls);
}

void kxp_expect_submissions(struct assay_case *t, uint64_t n)
{
    size_t ids = kxp_submitted_ids(t);

    case_judge(t, ids <= n, GRADE_OBSERVED,
               case_printf(t, "at most %" PRIu64 " transactions submitted to the node", n),
               "%zu transactions were, in %" PRIu64 " submissions", ids, kxp_submissions(t));
}

void kxp_expect_not_lost(struct assay_case *t, struct peer_want want,
                         const struct kxp_payment *payment)
{
    const struct peer_answer *answer =
        kxp_send_until_known(t, "the identical retry, which must be delivered", want, payment);
    struct peer_look look = peer_look(t, answer);
    const char *fault = kxp_is_served(answer) ? receipt_fault(t, answer, payment) : NULL;

    case_judge(t, kxp_is_served(answer) && (!look.counted || look.runs <= 1) && fault == NULL,
               look.grade,
               "the payment's one answer, now or stored, after at most one run of the handler",
               "%s%s%s", look.seen, fault != NULL ? "; " : "", fault != NULL ? fault : "");
}
