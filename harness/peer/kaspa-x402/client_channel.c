/* Policies and purchases of a client that pays by channel; see client_channel.h. */
#include "peer/kaspa-x402/client_channel.h"

#include "peer/kaspa-x402/peer_internal.h"

#include <inttypes.h>

enum { POLICY_MAX_BYTES = 8192, LEAD_DAA = 1000, RUNS_MAX = 5 };

/* ---- the policy ---- */

struct writing {
    struct assay_buf *out;
    const char *without;
    bool is_next;
};

static bool begin_member(struct writing *w, const char *name)
{
    if (w->without != NULL && strcmp(w->without, name) == 0)
        return false;
    assay_buf_printf(w->out, "%s\"%s\": ", w->is_next ? ",\n " : "", name);
    w->is_next = true;
    return true;
}

static void write_limit(struct writing *w, const char *name, uint64_t limit, uint64_t usual)
{
    if (begin_member(w, name))
        assay_buf_printf(w->out, "\"%" PRIu64 "\"", limit != 0 ? limit : usual);
}

static void write_one(struct writing *w, const char *name, const char *text)
{
    if (begin_member(w, name))
        assay_buf_printf(w->out, "[\"%s\"]", text);
}

struct kxp_policy kxp_channel_policy(struct assay_case *t, struct kxp_channel_limits l)
{
    struct assay_buf text = ASSAY_BUF_INIT(POLICY_MAX_BYTES);
    struct writing w = {.out = &text, .without = l.without};

    (void)begin_member(&w, "allowBatch");
    assay_buf_add_str(&text, "true");
    write_limit(&w, "maximumBatchChargeSompi", l.charge, KASPA_SHOP_PRICE);
    write_limit(&w, "maximumInitialDepositSompi", l.deposit, KASPA_SHOP_DEPOSIT);
    write_limit(&w, "maximumTopUpSompi", l.top_up, KASPA_SHOP_DEPOSIT);
    write_limit(&w, "maximumCumulativeAuthorizationSompi", l.total, 20 * KASPA_SHOP_PRICE);
    write_limit(&w, "maximumTotalExposureSompi", l.exposure, 4 * KASPA_SHOP_DEPOSIT);
    write_limit(&w, "minimumRefundLeadDaa", l.lead, LEAD_DAA);
    write_limit(&w, "maximumRefundHorizonDaa", l.horizon, 2 * KASPA_SHOP_LIFE);
    write_one(&w, "allowedServerKeys",
              l.server != NULL ? l.server : kaspa_shop_channel_key(kxp_shop(t)));
    write_one(&w, "allowedResources", l.resource != NULL ? l.resource : kxp_shop_url(t, "/*"));
    if (begin_member(&w, "channelConfirmations"))
        assay_buf_printf(&text, "%u", l.confirmations != 0 ? l.confirmations : 1);
    return (struct kxp_policy){.more = (const char *)peer_keep(t, &text).at};
}

/* ---- purchases ---- */

void kxp_shop_sells_by_channel(struct assay_case *t, struct kaspa_shop_behaviour behaviour)
{
    behaviour.by_channel = true;
    kxp_shop_behaves(t, behaviour);
}

void kxp_channel_shop_is_honest(struct assay_case *t)
{
    kxp_shop_sells_by_channel(t, (struct kaspa_shop_behaviour){.unpaid_count = 0});
}

/* It ended because what it had submitted was not deep enough: it is run again, a block later.
 * Wallets make a coin for a deposit first, which takes a block of its own. */
static bool is_early(struct assay_case *t, const struct kxp_run *run)
{
    struct kxp_counts n = kxp_during(t, run);

    return run->has_ended && !run->has_bought && n.events > 0 && n.vouchers == 0;
}

const struct kxp_run *kxp_client_charges(struct assay_case *t, const char *target,
                                         struct kxp_channel_limits limits)
{
    const struct kxp_buys buys = {.url = kxp_shop_url(t, target),
                                  .policy = kxp_channel_policy(t, limits)};
    struct kxp_run *run = kxp_client_starts(t, buys);
    const struct kxp_counts before = run->before;

    (void)kxp_client_ends(t, run);
    for (int i = 1; i < RUNS_MAX && is_early(t, run); i++) {
        kxp_mine(t, 1);
        run = kxp_client_starts(t, buys);
        run->before = before;
        (void)kxp_client_ends(t, run);
    }
    return run;
}

void kxp_given_channel(struct assay_case *t)
{
    const struct kxp_run *run;

    kxp_channel_shop_is_honest(t);
    run = kxp_client_charges(t, "/first", (struct kxp_channel_limits){.charge = 0});
    if (!run->has_bought)
        case_end(t, VERDICT_BROKEN, "the client opens no channel: %s", kxp_end_text(t, run));
}

bool kxp_client_refunds(struct assay_case *t)
{
    const char *policy =
        kxp_given_policy(t, kxp_channel_policy(t, (struct kxp_channel_limits){.charge = 0}));
    struct target_pair values[] = {{"CHANNEL", NULL}, {"POLICY", policy}, {NULL, NULL}};
    struct kaspa_shop_call call, *kept = case_alloc(t, sizeof(*kept));

    if (!kxp_shown(t, 1, &call))
        case_end(t, VERDICT_BROKEN, "no payment on a channel was seen");
    *kept = call;
    values[0].value = kept->channel;
    return case_operation(t, "refund", values)->done;
}

uint64_t kxp_daa_score(struct assay_case *t)
{
    struct kaspa_chain_info info;

    kaspa_chain_lock_take(kxp_lock(t));
    kaspa_chain_info(kxp_chain(t), &info);
    kaspa_chain_lock_give(kxp_lock(t));
    return info.daa_score;
}

void kxp_mine_to(struct assay_case *t, uint64_t daa_score)
{
    uint64_t now = kxp_daa_score(t);

    if (now < daa_score)
        kxp_mine(t, (unsigned)(daa_score - now));
}

void kxp_offer_refund_daa(const void *arg, json_t *required)
{
    kxp_set_text(required, "accepts.0.extra.refundTimeoutDaa", arg);
}

/* ---- judging ---- */

static const char *charge_fault(struct assay_case *t, const struct kxp_run *run,
                                const struct kxp_counts *n, uint64_t transactions)
{
    struct kaspa_shop_call call;

    if (!run->has_bought)
        return kxp_end_text(t, run);
    if (n->signatures != transactions || n->elsewhere > 0)
        return case_printf(t, "%" PRIu64 " transactions were due", transactions);
    if (n->paid == 0 || !kxp_shown(t, run->before.paid + n->paid, &call))
        return "no payment was shown to the shop";
    if (call.fault != NULL)
        return case_printf(t, "its payment is not good: %s", call.fault);
    if (call.channel[0] == '\0')
        return "its payment is on no channel";
    return run->has_goods ? NULL : "it did not print the goods";
}

void kxp_expect_charged(struct assay_case *t, const struct kxp_run *run, uint64_t transactions)
{
    struct kxp_counts n = kxp_during(t, run);
    const char *fault = charge_fault(t, run, &n, transactions);

    case_judge(t, fault == NULL, GRADE_OBSERVED,
               "a charge: one good payment on a channel, exit status 0, and the goods on stdout",
               "%s%s%s", kxp_counts_text(t, &n), fault != NULL ? "; " : "",
               fault != NULL ? fault : "");
}

void kxp_expect_nothing_signed(struct assay_case *t, const struct kxp_run *run)
{
    struct kxp_counts n = kxp_during(t, run);

    case_judge(t, run->has_ended && !run->has_bought && n.orders == 0, GRADE_OBSERVED,
               "a stop: the wallet is asked to sign nothing, and an exit status other than 0",
               "%s; %s", kxp_end_text(t, run), kxp_counts_text(t, &n));
}

/* Different payments among those that were shown during a run. */
static bool shows_two(struct assay_case *t, const struct kxp_run *run, uint64_t count)
{
    struct kaspa_shop_call first, call;

    if (!kxp_shown(t, run->before.paid + 1, &first))
        return false;
    for (uint64_t i = 2; i <= count && kxp_shown(t, run->before.paid + i, &call); i++)
        if (strcmp(first.payment, call.payment) != 0)
            return true;
    return false;
}

void kxp_expect_unresolved(struct assay_case *t, const struct kxp_run *run)
{
    struct kxp_counts n = kxp_during(t, run);
    bool is_one = n.vouchers <= 1 && !shows_two(t, run, n.paid);

    case_judge(t, run->has_ended && !run->has_bought && n.signatures == 0 && is_one, GRADE_OBSERVED,
               "a payment that is not resolved: one voucher at most, the same payment in each "
               "request, and an exit status other than 0",
               "%s; %s%s", kxp_end_text(t, run), kxp_counts_text(t, &n),
               is_one ? "" : "; more than one voucher");
}

static bool has_signature(struct assay_bytes text)
{
    size_t digits = 0;

    for (size_t i = 0; i < text.len && digits < (size_t)2 * ASSAY_SIG_BYTES; i++)
        digits = memchr("0123456789abcdefABCDEF", text.at[i], 22) != NULL ? digits + 1 : 0;
    return digits >= (size_t)2 * ASSAY_SIG_BYTES;
}

static bool tells(struct assay_case *t, const struct kxp_run *run, struct assay_bytes text)
{
    struct kaspa_shop_call call;

    for (uint64_t i = run->before.paid + 1; kxp_shown(t, i, &call); i++)
        if (memmem(text.at, text.len, call.payment, strlen(call.payment)) != NULL)
            return true;
    return has_signature(text);
}

void kxp_expect_no_signature_told(struct assay_case *t, const struct kxp_run *run)
{
    bool on_stdout = tells(t, run, client_run_stdout(run->run)),
         on_stderr = tells(t, run, client_run_stderr(run->run));

    case_judge(t, !on_stdout && !on_stderr, GRADE_OBSERVED,
               "no payment, and no signature of a voucher, in what the client prints", "one on %s",
               on_stdout   ? "stdout"
               : on_stderr ? "stderr"
                           : "neither");
}
