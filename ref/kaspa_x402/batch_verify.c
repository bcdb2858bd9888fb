/* The checks of a paid batch request, and the verdict that they make; see batch_verify.h. */
#include "kaspa_x402/batch_verify_internal.h"

#include "base/hex.h"
#include "base/mac.h"

#include <assert.h>

const struct kx_batch_rule_row kx_batch_rules[KX_BATCH_RULE__COUNT] = {
#define X(constant, id, local, source, sentence, remedy)                                           \
    {id, KX_LOCAL_##local, source, sentence, remedy},
#include "kaspa_x402/batch_checks.def"
#undef X
};

void kx_batch_hold(struct kx_judging *v, enum kx_batch_rule rule)
{
    v->out->checks[rule].result = KASPA_CHECK_HELD; /* the rest is zero: it is judged once */
}

void kx_batch_break(struct kx_judging *v, enum kx_batch_rule rule, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    kx_check_set_broken_v(&v->out->checks[rule], kx_batch_rules[rule].local, format, args);
    va_end(args);
}

void kx_batch_break_as(struct kx_judging *v, enum kx_batch_rule rule, enum kx_local local,
                       const char *what)
{
    kx_check_set_broken(&v->out->checks[rule], local, "%s", what);
}

void kx_batch_pass_over(struct kx_judging *v, enum kx_batch_rule rule, const char *why)
{
    kx_check_set_not_judged(&v->out->checks[rule], why);
}

void kx_batch_lacks(struct kx_judging *v, enum kx_batch_rule rule, enum assay_code code,
                    const char *why)
{
    if (code == ASSAY_E_NOMEM)
        kx_check_set_undecided(&v->out->checks[rule]);
    else
        kx_batch_pass_over(v, rule, why);
}

void kx_batch_judge_that(struct kx_judging *v, enum kx_batch_rule rule, bool holds,
                         const char *else_what)
{
    if (holds)
        kx_batch_hold(v, rule);
    else
        kx_batch_break(v, rule, "%s", else_what);
}

/* What a check rests on. */
enum {
    NOTHING = 0,
    TERMS = 1,    /* the offer was read */
    LANE = 2,     /* there is a channel that could be opened */
    FIXED = 4,    /* charges are fixed: callers are bound, and what is paid for is presented */
    SIGHT = 8,    /* the chain was asked */
    COIN = 16,    /* and has the head */
    REQUEST = 32, /* the payload carries one */
};

static const struct {
    unsigned needs;
    kx_batch_judge *judge;
} judges[KX_BATCH_RULE__COUNT] = {
    [KX_BATCH_RULE_CONTEXT] = {TERMS | FIXED, kx_judge_batch_context},
    [KX_BATCH_RULE_OFFERED] = {NOTHING, kx_judge_batch_offered},
    [KX_BATCH_RULE_IDENTIFIER] = {NOTHING, kx_judge_batch_identifier},
    [KX_BATCH_RULE_TYPE] = {NOTHING, kx_judge_batch_type},
    [KX_BATCH_RULE_NETWORK] = {NOTHING, kx_judge_batch_terms},
    [KX_BATCH_RULE_ASSET] = {NOTHING, kx_judge_batch_terms},
    [KX_BATCH_RULE_AMOUNT] = {NOTHING, kx_judge_batch_terms},
    [KX_BATCH_RULE_BINDING] = {NOTHING, kx_judge_batch_terms},
    [KX_BATCH_RULE_FORM] = {NOTHING, kx_judge_batch_terms},
    [KX_BATCH_RULE_PAY_TO] = {NOTHING, kx_judge_batch_terms},
    [KX_BATCH_RULE_SERVER_KEY] = {NOTHING, kx_judge_batch_terms},
    [KX_BATCH_RULE_DEPOSIT_TERMS] = {NOTHING, kx_judge_batch_terms},
    [KX_BATCH_RULE_MCP_CHARGE] = {NOTHING, kx_judge_batch_terms},
    [KX_BATCH_RULE_CHANNEL] = {NOTHING, kx_judge_batch_channel},
    [KX_BATCH_RULE_TERMS] = {TERMS, kx_judge_channel_terms},
    [KX_BATCH_RULE_CONFIG] = {NOTHING, kx_judge_channel_config},
    [KX_BATCH_RULE_CLIENT] = {LANE, kx_judge_client},
    [KX_BATCH_RULE_HEAD] = {LANE, kx_judge_batch_head},
    [KX_BATCH_RULE_LINEAGE] = {LANE, kx_judge_lineage},
    [KX_BATCH_RULE_TOTAL] = {TERMS | LANE, kx_judge_total},
    [KX_BATCH_RULE_ACCOUNTS] = {TERMS | LANE, kx_judge_accounts},
    [KX_BATCH_RULE_VOUCHER] = {LANE, kx_judge_voucher},
    [KX_BATCH_RULE_PRESENTED] = {TERMS | LANE | FIXED | REQUEST, kx_judge_presented},
    [KX_BATCH_RULE_DIGEST] = {TERMS | LANE | FIXED | REQUEST, kx_judge_digest},
    [KX_BATCH_RULE_EXPIRY] = {TERMS | FIXED | REQUEST, kx_judge_expiry},
    [KX_BATCH_RULE_PRESENTATION] = {TERMS | LANE | FIXED | REQUEST, kx_judge_presentation},
    [KX_BATCH_RULE_LIVE] = {FIXED | REQUEST, kx_judge_batch_live},
    [KX_BATCH_RULE_CLAIMING] = {NOTHING, kx_judge_claiming},
    [KX_BATCH_RULE_CONFIRMED] = {LANE | SIGHT, kx_judge_confirmed},
    [KX_BATCH_RULE_REFUND] = {LANE | SIGHT, kx_judge_refund},
    [KX_BATCH_RULE_COIN] = {LANE | SIGHT, kx_judge_coin},
    [KX_BATCH_RULE_COIN_LINEAGE] = {LANE | SIGHT | COIN, kx_judge_coin_lineage},
    [KX_BATCH_RULE_COIN_SCRIPT] = {LANE | SIGHT | COIN, kx_judge_coin_script},
    [KX_BATCH_RULE_COIN_AMOUNT] = {LANE | SIGHT | COIN, kx_judge_coin_amount},
    [KX_BATCH_RULE_ESCROW] = {LANE, kx_judge_escrow},
    [KX_BATCH_RULE_DEPOSIT] = {TERMS, kx_judge_deposit},
    [KX_BATCH_RULE_GENESIS] = {LANE | SIGHT | COIN, kx_judge_genesis},
    [KX_BATCH_RULE_TOP_UP] = {LANE | SIGHT | COIN, kx_judge_top_up},
};

/* What is missing of it, in words; NULL: nothing. */
static const char *why_not(const struct kx_judging *v, unsigned needs)
{
    enum kx_payload_type type = v->payment->type;

    if ((needs & REQUEST) != 0 && type != KX_PAYLOAD_DEPOSIT && type != KX_PAYLOAD_VOUCHER)
        return "the payload carries no request";
    if ((needs & TERMS) != 0 && v->fault != KX_BATCH_TERMS_OK)
        return "the terms are not right";
    if ((needs & LANE) != 0 && v->out->lane == NULL)
        return "there is no channel to judge it by";
    if ((needs & SIGHT) != 0 && v->with->sight == NULL)
        return "the chain was not asked yet";
    if ((needs & COIN) != 0 && v->with->sight->is_missing)
        return "the head is not there";
    return NULL;
}

static void judge(struct kx_judging *v, enum kx_batch_rule rule)
{
    const char *why = why_not(v, judges[rule].needs);

    if ((judges[rule].needs & FIXED) != 0 && !v->payment->binding->is_fixed)
        kx_batch_hold(v, rule);
    else if (why != NULL)
        kx_batch_pass_over(v, rule, why);
    else
        judges[rule].judge(v, rule);
}

/* ---- what comes next ---- */

static void set_commitment(struct kx_judging *v)
{
    struct kx_batch_verdict *out = v->out;
    struct kx_commitment *c = &out->commitment;

    c->covenant_id = out->head.covenant_id;
    c->outpoint = out->head.outpoint;
    c->voucher_amount = v->payment->voucher.amount;
    c->charge = v->offer.terms.amount;
    c->before = v->before.charged;
    c->after = v->before.charged + v->offer.terms.amount; /* fits: T, which covers it, does */
    c->claimed = out->head.claimed;
    memcpy(c->channel_id, out->lane->channel_id, sizeof(c->channel_id));
    memcpy(c->fingerprint, v->expected.fingerprint, sizeof(c->fingerprint));
    memcpy(c->requirements, v->accepted, sizeof(c->requirements));
    memcpy(c->presentation, out->presentation_digest, sizeof(c->presentation));
    memcpy(c->voucher_signature, v->payment->voucher.signature, sizeof(c->voucher_signature));
    kx_commitment_id(out->commitment_id, v->payment->binding, c);
}

/* By everything that was committed, and by the whole payload. */
static bool is_replay(const struct kx_judging *v)
{
    const struct kx_batch_channel *channel = v->with->channel;
    const struct kx_signed_voucher *voucher = &v->payment->voucher;
    const struct kx_commitment *last;
    char fingerprint[X402_HASH_TEXT_BYTES];

    if (channel == NULL || !channel->has_last || v->fault != KX_BATCH_TERMS_OK ||
        v->out->payload[0] == '\0')
        return false;
    last = &channel->last;
    assay_hex_encode(fingerprint, assay_bytes_of(last->fingerprint, sizeof(last->fingerprint)));
    return strcmp(channel->last_payload, v->out->payload) == 0 &&
           strcmp(fingerprint, v->out->fingerprint) == 0 &&
           memcmp(last->channel_id, v->payment->channel_id, sizeof(last->channel_id)) == 0 &&
           memcmp(last->requirements, v->accepted, sizeof(v->accepted)) == 0 &&
           kaspa_outpoint_equal(&last->outpoint, &v->payment->outpoint) &&
           last->voucher_amount == voucher->amount &&
           assay_secret_equal(assay_bytes_of(last->voucher_signature, ASSAY_SIG_BYTES),
                              assay_bytes_of(voucher->signature, ASSAY_SIG_BYTES));
}

void kx_batch_verify(struct kx_batch_verdict *out, const struct kx_batch *with)
{
    struct kx_judging v = {.with = with, .payment = with->payment, .out = out};
    size_t first = 0;

    assert(with->offer != NULL && with->payment != NULL && with->request != NULL &&
           with->arena != NULL);
    memset(out, 0, sizeof(*out));
    kx_batch_prepare(&v);
    for (int i = 0; i < KX_BATCH_RULE__COUNT; i++)
        judge(&v, (enum kx_batch_rule)i);
    out->outcome = kx_checks_conclude(&first, out->checks, KX_BATCH_RULE__COUNT);
    out->first = (enum kx_batch_rule)first;
    out->is_replay = is_replay(&v);
    if (out->lane != NULL && kx_batch_held(&v, KX_BATCH_RULE_ACCOUNTS))
        set_commitment(&v);
}
