/* Judging what a client has bought, refused, or left open: by what left it. */
#include "peer/kaspa-x402/peer_internal.h"

#include "base/hex.h"

#include <inttypes.h>

/* ---- what is seen ---- */

const char *kxp_end_text(struct assay_case *t, const struct kxp_run *run)
{
    struct process_end end = client_run_end(run->run);
    char how[64];

    if (!run->has_ended)
        return case_printf(t,
                           "it had not ended after %d ms and was killed (limits.accept_wait_ms of "
                           "the target file says how long it may wait for the chain)",
                           case_patience_ms(t));
    process_end_text(how, sizeof(how), &end);
    return case_printf(t, "it ended %s", how);
}

const char *kxp_counts_text(struct assay_case *t, const struct kxp_counts *n)
{
    return case_printf(t,
                       "%" PRIu64 " calls to the wallet, %" PRIu64 " of them to sign and %" PRIu64
                       " to release, %" PRIu64 " transactions and %" PRIu64
                       " vouchers signed; %" PRIu64 " requests at the shop, %" PRIu64
                       " of them with a payment, %" PRIu64 " at its other origin; %" PRIu64
                       " submissions",
                       n->wallet_calls, n->orders, n->finals, n->signatures, n->vouchers,
                       n->requests, n->paid, n->elsewhere, n->events);
}

/* ---- bought ---- */

static bool is_accepted(struct assay_case *t, const char *txid)
{
    struct kaspa_chain *chain = kxp_chain(t);
    struct kaspa_chain_tx found = {.state = KASPA_TX_UNKNOWN};
    struct kaspa_hash id;

    if (assay_hex_decode(id.at, sizeof(id.at), assay_str(txid), true) != ASSAY_OK)
        return false;
    kaspa_chain_lock_take(kxp_lock(t));
    (void)kaspa_chain_tx(chain, &found, &id);
    kaspa_chain_lock_give(kxp_lock(t));
    return found.state == KASPA_TX_ACCEPTED;
}

/* Why it was not bought as it should; NULL: it was. */
static const char *purchase_fault(struct assay_case *t, const struct kxp_run *run,
                                  const struct kxp_counts *n)
{
    struct kaspa_shop_call call;

    if (!run->has_bought)
        return kxp_end_text(t, run);
    if (n->signatures > 1 || n->elsewhere > 0)
        return "more was signed, or asked for, than one purchase needs";
    if (n->paid == 0 || !kxp_shown(t, run->before.paid + n->paid, &call))
        return "no payment was shown to the shop";
    if (call.fault != NULL)
        return case_printf(t, "its payment is not good: %s", call.fault);
    if (!is_accepted(t, call.txid))
        return "the chain has not accepted its payment";
    return run->has_goods ? NULL : "it did not print the goods";
}

void kxp_expect_bought(struct assay_case *t, const struct kxp_run *run)
{
    struct kxp_counts n = kxp_during(t, run);
    const char *fault = purchase_fault(t, run, &n);

    case_judge(t, fault == NULL, GRADE_OBSERVED,
               "a purchase: one good payment that the chain accepts, exit status 0, and the goods "
               "on stdout",
               "%s%s%s", kxp_counts_text(t, &n), fault != NULL ? "; " : "",
               fault != NULL ? fault : "");
}

/* ---- refused ---- */

static bool is_within(const struct kxp_counts *n, enum kxp_reach reach)
{
    switch (reach) {
    case KXP_ASKS_NOTHING:
        return n->wallet_calls == 0;
    case KXP_ASKS_KIND:
        return n->wallet_calls == n->kinds;
    case KXP_SIGNS_NOTHING:
        return n->orders == 0;
    case KXP_SENDS_NOTHING:
        break;
    }
    return n->signatures <= 1;
}

static const char *reach_text(enum kxp_reach reach)
{
    switch (reach) {
    case KXP_ASKS_NOTHING:
        return "no call to the wallet";
    case KXP_ASKS_KIND:
        return "no call to the wallet but for its source of funds";
    case KXP_SIGNS_NOTHING:
        return "nothing signed";
    case KXP_SENDS_NOTHING:
        break;
    }
    return "at most one transaction signed";
}

void kxp_expect_client_refused(struct assay_case *t, const struct kxp_run *run,
                               enum kxp_reach reach)
{
    struct kxp_counts n = kxp_during(t, run);

    case_judge(t,
               run->has_ended && !run->has_bought && is_within(&n, reach) && n.paid == 0 &&
                   n.events == 0,
               GRADE_OBSERVED,
               case_printf(t,
                           "a refusal: %s, no payment sent or submitted, and an exit status other "
                           "than 0",
                           reach_text(reach)),
               "%s; %s", kxp_end_text(t, run), kxp_counts_text(t, &n));
}

/* ---- left open ---- */

void kxp_expect_pending(struct assay_case *t, const struct kxp_run *run)
{
    struct kxp_counts n = kxp_during(t, run);

    case_judge(t,
               run->has_ended && !run->has_bought && n.finals == 0 && n.signatures <= 1 &&
                   kxp_payments_shown(t) <= 1,
               GRADE_OBSERVED,
               "a payment that stays pending: an exit status other than 0, nothing released at the "
               "wallet, one payment signed and shown at most",
               "%s; %s; %zu different payments", kxp_end_text(t, run), kxp_counts_text(t, &n),
               kxp_payments_shown(t));
}

void kxp_expect_bought_or_pending(struct assay_case *t, const struct kxp_run *run)
{
    if (run->has_bought)
        kxp_expect_bought(t, run);
    else
        kxp_expect_pending(t, run);
}

void kxp_expect_one_payment(struct assay_case *t)
{
    struct kxp_counts n = kxp_counts(t);
    size_t shown = kxp_payments_shown(t), submitted = kxp_submitted_ids(t);

    case_judge(t, n.signatures <= 1 && shown <= 1 && submitted <= 1, GRADE_OBSERVED,
               "one payment at most: signed, shown to the shop, and submitted",
               "%s; %zu different payments shown, %zu different transactions submitted",
               kxp_counts_text(t, &n), shown, submitted);
}
