/* The channel of a request: looked for in the folder and on the chain, and what the payer consents
 * to before anything of it is made, stored, signed or sent. Source: Kaspa x402 client digest, F2,
 * F7 and F10; batch digest, sections 5.4 and 6. */
#include "client/kx_client_internal.h"

#include "base/hex.h"
#include "defects/defects.h"
#include "kaspa_x402/exact_write.h"

#include <assert.h>

/* ---- the folder ---- */

struct kx_client_action kx_client_find(struct kx_client *c, enum kx_client_step step)
{
    const struct kx_channel_use use = {c->batch.terms.server, c->batch.terms.pay_to,
                                       c->batch.terms.template_id, c->batch.terms.network,
                                       c->origin};
    struct kx_client_action action = {.kind = KX_CLIENT_DO_FIND, .call = ""};

    c->step = step;
    if (kx_channel_key(c->channel.key, &use) != ASSAY_OK) {
        kx_client_record(c, NULL, "out of memory");
        return kx_client_finish(c);
    }
    action.channel_key = c->channel.key;
    return action;
}

/* The one before may have been charged, or may still be: until that is known nothing else is signed
 * upon the same total. What has never left is none. */
static bool is_free(struct kx_client *c, const struct kx_client_attempt *pending)
{
    if (pending != NULL && pending->state == KX_CLIENT_SIGNED &&
        !REF_DEFECT(kx_client_pending_ignored))
        return kx_client_object(
            c, "client.replacement",
            "the channel has a payment that is not resolved, %.*s of %.*s %.*s: run that one "
            "again first",
            (int)pending->identifier.len, (const char *)pending->identifier.at,
            (int)pending->method.len, (const char *)pending->method.at,
            (int)assay_bytes_part(pending->url, 0, 200).len, (const char *)pending->url.at);
    if (pending != NULL && pending->state == KX_CLIENT_SETTLED &&
        c->channel.total < c->channel.pending_total) {
        c->channel.total = c->channel.pending_total;
        c->channel.is_announced = true;
    }
    c->channel.pending = ASSAY_LIT("");
    c->channel.pending_total = 0;
    return true;
}

bool kx_client_open_lane(struct kx_client *c)
{
    struct assay_err err = {0};

    if (kx_lane_open(&c->lane, &c->arena, c->batch.binding, &c->channel.config, &err) ==
        KX_LOCAL_NONE)
        return true;
    return kx_client_object(c, NULL, "the channel: %s", err.text);
}

/* What is to be done with a channel that was found, or with none. */
static struct kx_client_action take_channel(struct kx_client *c, int64_t now_ms)
{
    if ((c->has_channel && !kx_client_open_lane(c)) || !kx_client_accept(c))
        return kx_client_finish(c);
    if (!c->has_channel)
        return kx_client_look_at_head(c, KX_CLIENT_STEP_HEAD, now_ms);
    if (REF_DEFECT(kx_client_top_up_again) && c->channel.state == KX_CHANNEL_IS_TOPPING_UP)
        c->channel.state = KX_CHANNEL_IS_OPEN;
    switch (c->channel.state) {
    case KX_CHANNEL_IS_INTENDED:
    case KX_CHANNEL_IS_OPEN:
        break;
    case KX_CHANNEL_IS_OPENING:
    case KX_CHANNEL_IS_TOPPING_UP:
        return kx_client_await(c, now_ms);
    case KX_CHANNEL_IS_REFUNDING:
    case KX_CHANNEL_IS_ENDED:
    case KX_CHANNEL_IS__COUNT:
        kx_client_record(c, NULL,
                         "the channel is being refunded: nothing is charged to it any more");
        return kx_client_finish(c);
    }
    return kx_client_look_at_head(c, KX_CLIENT_STEP_HEAD, now_ms);
}

struct kx_client_action kx_client_found(struct kx_client *c, enum assay_code code,
                                        const struct kx_client_channel *known,
                                        const struct kx_client_attempt *pending,
                                        const struct assay_err *err, int64_t now_ms)
{
    if (code != ASSAY_OK)
        return kx_client_stop_for(c, "client.artifact.persisted", "the channel cannot be found",
                                  code, err, now_ms);
    c->has_channel = c->is_channel_known = known != NULL;
    if (known != NULL)
        c->channel = *known;
    if (c->step == KX_CLIENT_STEP_RECALL)
        return c->has_channel && !kx_client_open_lane(c) ? kx_client_finish(c)
                                                         : kx_client_send_again(c, now_ms);
    if (known != NULL && !is_free(c, pending))
        return kx_client_finish(c);
    return take_channel(c, now_ms);
}

/* ---- the node ---- */

/* Of defect client.channel.time_of_offer. */
static struct kx_client_action believe_offer(struct kx_client *c, int64_t now_ms)
{
    c->daa = c->batch.terms.refund_timeout_daa - c->policy->batch.limits.refund_lead_daa;
    return kx_client_consent(c, KX_INTENT_OPEN, now_ms);
}

struct kx_client_action kx_client_channel_looked(struct kx_client *c, enum assay_code code,
                                                 const struct kx_sight *sight,
                                                 const struct assay_err *err, int64_t now_ms)
{
    if (code == ASSAY_OK) {
        c->daa = sight->pov.daa_score;
        if (c->since[0] == '\0')
            assay_hex_encode(c->since, assay_bytes_of(sight->sink.at, sizeof(sight->sink.at)));
    }
    if (c->step == KX_CLIENT_STEP_AWAIT)
        return kx_client_awaited(c, code, sight, err, now_ms);
    if (code != ASSAY_OK && REF_DEFECT(kx_client_time_told) && !c->has_channel)
        return believe_offer(c, now_ms);
    /* The score of the payer's own node, or none: never one that a server tells (5.4). */
    if (code != ASSAY_OK)
        return kx_client_stop_for(c, "client.channel.node", "the node cannot be asked", code, err,
                                  now_ms);
    return kx_client_saw_head(c, sight, now_ms);
}

/* ---- consent ---- */

/* At least what is offered as the least. */
static uint64_t deposit_of(const struct kx_client *c)
{
    uint64_t least = c->batch.terms.min_deposit, wanted = c->policy->batch.deposit;

    return wanted > least ? wanted : least;
}

/* What the request lacks (lacks_funding has seen to it that it does, and to the sums), or more
 * where the policy wants more. */
static uint64_t top_up_of(const struct kx_client *c)
{
    const struct kx_lane_head *head = &c->channel.head;
    uint64_t wanted = c->policy->batch.top_up, due = c->channel.total - head->claimed +
                                                     c->batch.terms.amount +
                                                     c->batch.terms.claim_reserve;

    assert(due > head->value);
    return wanted > due - head->value ? wanted : due - head->value;
}

static void read_hash(uint8_t out[32], const char *text)
{
    enum assay_code rc = assay_hex_decode(out, 32, assay_str(text), true);

    assert(rc == ASSAY_OK); /* it is ours */
    (void)rc;
}

static void make_intent(struct kx_client *c, enum kx_intent_operation operation)
{
    const struct kx_batch_terms *terms = &c->batch.terms;
    const struct kx_client_channel *channel = &c->channel;
    struct kx_intent *intent = &c->intent;

    *intent = (struct kx_intent){
        .operation = operation,
        .origin = c->origin,
        .resource = c->url,
        .network = terms->network,
        .pay_to = terms->pay_to,
        .funding_source = c->policy->source,
        .identifier = c->attempt.identifier,
        .charge = terms->amount,
        .has_mcp_charge = c->batch.has_mcp_charge,
        .reserve = terms->claim_reserve,
        .timeout_daa = terms->refund_timeout_daa,
        .current_daa = c->daa,
    };
    memcpy(intent->server, terms->server, sizeof(intent->server));
    memcpy(intent->context, c->batch.context, sizeof(intent->context));
    memcpy(intent->requirements, c->accepted_hash, sizeof(intent->requirements));
    read_hash(intent->fingerprint, c->fingerprint);
    if (operation == KX_INTENT_OPEN) {
        intent->deposit = c->has_channel ? channel->deposit : deposit_of(c);
        return;
    }
    if (operation == KX_INTENT_TOP_UP)
        intent->top_up = top_up_of(c);
    intent->has_channel = true;
    memcpy(intent->client, channel->config.client, sizeof(intent->client));
    memcpy(intent->channel_id, channel->channel_id, sizeof(intent->channel_id));
    intent->covenant_id = channel->head.covenant_id;
    intent->before = channel->total;
    intent->claimed = channel->head.claimed;
    intent->funding = channel->head.value;
}

/* The policy's, but for what defects make of them. */
static struct kx_intent_limits limits_of(const struct kx_client *c)
{
    struct kx_intent_limits limits = c->policy->batch.limits;

    if (REF_DEFECT(kx_client_deposit))
        limits.deposit = UINT64_MAX;
    if (REF_DEFECT(kx_client_authorized))
        limits.total = UINT64_MAX;
    if (REF_DEFECT(kx_client_lead))
        limits.refund_lead_daa = 0;
    if (REF_DEFECT(kx_client_horizon))
        limits.refund_horizon_daa++;
    if (REF_DEFECT(kx_client_exposure))
        limits.exposure += c->intent.claimed; /* so that it does not count */
    return limits;
}

/* What the payer can do about a channel whose time is over. */
static const char *way_out(struct kx_client *c)
{
    char id[X402_HASH_TEXT_BYTES];
    const char *text;

    if (!c->has_channel || c->channel.state != KX_CHANNEL_IS_OPEN)
        return "";
    assay_hex_encode(id, assay_bytes_of(c->channel.channel_id, sizeof(c->channel.channel_id)));
    text = assay_arena_printf(&c->arena,
                              ": the channel's time is over, and after its timeout assay pay "
                              "--refund %s takes back what is left of it",
                              id);
    return text != NULL ? text : "";
}

/* Every limit holds before the wallet is asked for anything (F2). */
static bool judge_intent(struct kx_client *c)
{
    enum kx_intent_fault fault = kx_intent_complete(&c->intent);
    const struct kx_intent_limits limits = limits_of(c);
    enum kx_intent_limit limit;
    uint8_t digest[32];

    if (c->intent.operation == KX_INTENT_OPEN && c->intent.deposit < c->batch.terms.min_deposit)
        return kx_client_object(c, "client.channel.consent",
                                "the deposit that was intended is below what the server asks now");
    if (fault != KX_INTENT_OK)
        return kx_client_object(c, "client.channel.consent", "%s%s", kx_intent_fault_text(fault),
                                fault == KX_INTENT_FAULT_TIMEOUT ? way_out(c) : "");
    limit = kx_intent_judge(&c->intent, &limits);
    if (limit != KX_INTENT_WITHIN)
        return kx_client_object(c, "client.policy.amount", "%s (%s)%s", kx_intent_limit_text(limit),
                                kx_intent_limit_member(limit),
                                limit == KX_INTENT_LIMIT_LEAD ? way_out(c) : "");
    if (kx_intent_digest(digest, &c->intent) != ASSAY_OK)
        return kx_client_object(c, NULL, "out of memory");
    assay_hex_encode(c->consent, assay_bytes_of(digest, sizeof(digest)));
    return true;
}

static bool lacks_funding(const struct kx_client *c)
{
    struct kx_intent intent = c->intent;

    return kx_intent_complete(&intent) == KX_INTENT_FAULT_RESERVE;
}

static struct kx_client_action ask_for_consent(struct kx_client *c)
{
    struct assay_buf text = ASSAY_BUF_INIT((size_t)4 * X402_DECODED_MAX_BYTES);
    struct assay_bytes body;

    assay_buf_add_byte(&text, '{');
    kx_write_name(&text, "intent");
    if (kx_intent_write(&text, &c->intent) != ASSAY_OK)
        text.bad = ASSAY_E_NOMEM;
    kx_write_str(&text, "intentDigest", c->consent);
    assay_buf_add_byte(&text, '}');
    body = kx_client_kept(c, &text);
    if (body.at == NULL) {
        kx_client_record(c, NULL, "out of memory");
        return kx_client_finish(c);
    }
    return kx_client_call(c, KX_CLIENT_STEP_CONSENT, "authorizeBatchPayment", body);
}

struct kx_client_action kx_client_consent(struct kx_client *c, enum kx_intent_operation operation,
                                          int64_t now_ms)
{
    c->attempt.identifier =
        c->job.identifier.len > 0 ? c->job.identifier : kx_client_identifier(c, c->job.random);
    if (c->attempt.identifier.at == NULL) {
        kx_client_record(c, NULL, "out of memory");
        return kx_client_finish(c);
    }
    make_intent(c, operation);
    if (operation == KX_INTENT_CHARGE && lacks_funding(c))
        make_intent(c, KX_INTENT_TOP_UP);
    if (!judge_intent(c))
        return kx_client_drop_intended(c, now_ms);
    c->is_key_early =
        operation == KX_INTENT_OPEN && !c->has_channel && REF_DEFECT(kx_client_key_first);
    return c->is_key_early ? kx_client_make_key(c, now_ms) : ask_for_consent(c);
}

/* Of defect client.channel.key_first: a wallet that has made one is asked for it again. */
struct kx_client_action kx_client_consent_late(struct kx_client *c)
{
    c->is_key_early = false;
    return ask_for_consent(c);
}

/* Only the very digest is consent; what the wallet says otherwise is none (F2, CL-09). */
static struct kx_client_action consented(struct kx_client *c, struct assay_bytes answer,
                                         int64_t now_ms)
{
    struct assay_bytes text = ASSAY_LIT("");
    const struct kx_member digest = {"intentDigest", KX_KIND_TEXT, 0, sizeof(text), NULL, false};

    if (!kx_client_read_result(c, &text, &digest, 1, answer, NULL) ||
        !(assay_bytes_is(text, c->consent) || REF_DEFECT(kx_client_consent_any))) {
        kx_client_record(c, "client.channel.consent",
                         "the wallet does not consent to the intent: it has to answer its "
                         "digest, %s",
                         c->consent);
        return kx_client_stop(c, now_ms);
    }
    /* An opening goes for its first charge, too, but for one whose key was made for another. */
    c->is_consented = c->intent.operation == KX_INTENT_CHARGE ||
                      (c->intent.operation == KX_INTENT_OPEN && !c->has_channel);
    if (c->intent.operation == KX_INTENT_OPEN && !c->has_channel)
        return kx_client_make_key(c, now_ms);
    if (c->intent.operation == KX_INTENT_TOP_UP && !kx_client_plan_top_up(c))
        return kx_client_finish(c);
    if (c->intent.operation == KX_INTENT_TOP_UP && REF_DEFECT(kx_client_top_up_source))
        return kx_client_fund(c);
    if (c->intent.operation != KX_INTENT_CHARGE)
        return kx_client_ask_source(c, KX_CLIENT_STEP_PURSE);
    return kx_client_pend(c, now_ms);
}

struct kx_client_action kx_client_charge(struct kx_client *c, int64_t now_ms)
{
    return c->is_consented ? kx_client_pend(c, now_ms)
                           : kx_client_consent(c, KX_INTENT_CHARGE, now_ms);
}

/* ---- what comes next ---- */

bool kx_client_is_of_channel(enum kx_client_step step)
{
    return step >= KX_CLIENT_STEP_CHANNEL && step <= KX_CLIENT_STEP_VOUCHER;
}

struct kx_client_action kx_client_channel_called(struct kx_client *c, struct assay_bytes answer,
                                                 int64_t now_ms)
{
    if (c->step == KX_CLIENT_STEP_CONSENT)
        return consented(c, answer, now_ms);
    if (c->step == KX_CLIENT_STEP_KEY)
        return kx_client_take_key(c, answer) ? kx_client_save(c, KX_CLIENT_STEP_PLAN)
                                             : kx_client_finish(c);
    if (c->step == KX_CLIENT_STEP_FUND)
        return kx_client_take_move(c, answer) ? kx_client_save(c, KX_CLIENT_STEP_MOVE)
                                              : kx_client_finish(c);
    if (c->step == KX_CLIENT_STEP_GIVEN_UP)
        return kx_client_gave_up_top_up(c);
    if (c->step == KX_CLIENT_STEP_FINALIZE && c->err.code != ASSAY_OK)
        return kx_client_finish(c);
    if (c->step == KX_CLIENT_STEP_FINALIZE)
        return c->is_refund ? kx_client_refund_moved(c) : kx_client_charge(c, now_ms);
    if (c->step == KX_CLIENT_STEP_VOUCHER) {
        if (!kx_client_take_voucher(c, answer))
            return kx_client_finish(c);
        c->attempt.state = KX_CLIENT_SIGNED;
        return REF_DEFECT(kx_client_voucher_late) ? kx_client_fetch(c, KX_CLIENT_STEP_PAID, 0)
                                                  : kx_client_save(c, KX_CLIENT_STEP_KEEP);
    }
    if (!kx_client_judge_source(c, answer))
        return kx_client_stop(c, now_ms);
    return c->step == KX_CLIENT_STEP_PURSE ? kx_client_fund(c) : kx_client_sign_voucher(c, now_ms);
}

struct kx_client_action kx_client_channel_saved(struct kx_client *c, int64_t now_ms)
{
    if (c->step == KX_CLIENT_STEP_PLAN)
        return kx_client_ask_source(c, KX_CLIENT_STEP_PURSE);
    if (c->step == KX_CLIENT_STEP_MOVE)
        return c->channel.state == KX_CHANNEL_IS_TOPPING_UP ? kx_client_wait_for_server(c)
                                                            : kx_client_submit(c);
    if (c->step == KX_CLIENT_STEP_MOVED)
        return kx_client_finalize(c);
    if (c->step == KX_CLIENT_STEP_PEND)
        return kx_client_ask_source(c, KX_CLIENT_STEP_PEN);
    return c->step == KX_CLIENT_STEP_CORRECTED ? kx_client_was_corrected(c, now_ms)
                                               : kx_client_finish(c);
}

struct kx_client_action kx_client_channel_unsaved(struct kx_client *c, enum assay_code code,
                                                  const struct assay_err *err)
{
    kx_client_record(c, "client.artifact.persisted", "the channel cannot be saved: %s",
                     kx_client_reason(code, err));
    if (c->step == KX_CLIENT_STEP_MOVE) /* and so it does not leave */
        kx_client_take_back(c);
    return kx_client_finish(c);
}
