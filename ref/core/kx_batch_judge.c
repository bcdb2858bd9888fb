/* Judging a batch payment: read and named, then without the chain, so that a forgery costs no look,
 * then with what the chain says of the head that it presents. Source: Kaspa x402 batch digest,
 * section 7, steps 4 to 21. */
#include "core/kx_core_internal.h"

#include "base/hex.h"
#include "defects/defects.h"

/* ---- the payment ---- */

bool kx_batch_is_paid(struct kx_core_request *r)
{
    uint32_t accepted = assay_json_member(&r->doc, 0, "accepted");
    struct assay_bytes scheme;

    return kx_batch_is_sold(r) && accepted != ASSAY_JSON_NONE &&
           x402_text(&scheme, &r->arena, &r->doc, accepted, "scheme") &&
           assay_bytes_is(scheme, KX_SCHEME_BATCH);
}

/* By what a payment is known before it is verified: the scope is its channel (step 7), the key its
 * attempt's id (step 22). */
static enum assay_code name_payment(struct kx_core_request *r)
{
    const struct kx_batch_payment *payment = &r->batch.payment;
    const struct kx_batch_attempt attempt = {payment->channel_id, payment->voucher.covenant_id.at,
                                             r->fingerprint, r->requirements, r->payload_hash};
    uint32_t accepted = payment->envelope.accepted.token;
    char text[X402_HASH_TEXT_BYTES];
    uint8_t hash[32];
    enum assay_code rc;

    if ((rc = kx_requirements_hash(r->requirements, &r->doc, accepted, NULL)) != ASSAY_OK ||
        (rc = kx_fingerprint(r->fingerprint, &r->request, r->requirements, NULL)) != ASSAY_OK ||
        (rc = kx_batch_requirements_hash(hash, payment->binding, &r->doc, accepted, NULL)) !=
            ASSAY_OK)
        return rc;
    assay_hex_encode(text, assay_bytes_of(hash, sizeof(hash)));
    if ((rc = kx_batch_payload_hash(r->payload_hash, payment, text)) != ASSAY_OK ||
        (rc = kx_batch_attempt_id(r->txid, &attempt)) != ASSAY_OK)
        return rc;
    assay_hex_encode(r->scope, assay_bytes_of(payment->channel_id, sizeof(payment->channel_id)));
    r->identifier = payment->identifier.id;
    return ASSAY_OK;
}

/* There is no reader for older generations (section 1): what their terms would be hashed to is not
 * asked. */
static bool is_of_our_binding(const struct kx_core_request *r)
{
    return r->batch.payment.binding == r->core->batch->binding;
}

/* What may be sent without being a payment. */
static bool is_operation(const struct kx_batch_payment *payment)
{
    return payment->type == KX_PAYLOAD_CLAIM || payment->type == KX_PAYLOAD_REFUND;
}

struct kx_action kx_batch_read(struct kx_core_request *r)
{
    struct kx_batch_state *b = &r->batch;
    struct assay_err err = {0};
    enum assay_code rc;

    r->is_batch = true;
    if (kx_batch_payment_read(&b->payment, &r->arena, &r->doc, &err) != KX_LOCAL_NONE)
        return kx_core_refuse_unreadable(r, err.code, "http.form");
    if (!is_of_our_binding(r))
        return kx_core_challenge(r, KX_WIRE_REQUIREMENTS, kx_batch_rules[KX_BATCH_RULE_BINDING].id);
    if (REF_DEFECT(kx_batch_operation) && is_operation(&b->payment))
        return kx_core_run(r, KX_RUN_FREE);
    if (b->payment.identifier.id.len == 0 && !REF_DEFECT(kx_batch_identifier))
        return kx_core_challenge(r, KX_WIRE_NONE, kx_batch_rules[KX_BATCH_RULE_IDENTIFIER].id);
    b->fault =
        kx_batch_offer_read_known(&b->accepted, &r->arena, &r->doc, &b->payment.envelope.accepted,
                                  r->core->batch->server, &err);
    if (b->fault != KX_BATCH_TERMS_OK && err.code == ASSAY_E_NOMEM)
        return kx_core_unavailable(r);
    if ((rc = name_payment(r)) != ASSAY_OK)
        return kx_core_refuse_unreadable(r, rc, kx_batch_rules[KX_BATCH_RULE_PRESENTED].id);
    return kx_core_admit(r);
}

/* ---- the verdict ---- */

/* A voucher proves nobody: a claim publishes it. What was signed for this very request does. */
static bool is_of_client(const struct kx_batch_verdict *v)
{
    static const enum kx_batch_rule rules[] = {KX_BATCH_RULE_LINEAGE, KX_BATCH_RULE_VOUCHER,
                                               KX_BATCH_RULE_PRESENTED, KX_BATCH_RULE_DIGEST,
                                               KX_BATCH_RULE_PRESENTATION};

    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        if (v->checks[rules[i]].result != KASPA_CHECK_HELD)
            return REF_DEFECT(kx_batch_proves) && rules[i] > KX_BATCH_RULE_VOUCHER;
    return true;
}

static void verify(struct kx_core_request *r, const struct kx_head_sight *sight)
{
    struct kx_batch_state *b = &r->batch;
    const struct kx_batch with = {
        .offer = &r->offer,
        .payment = &b->payment,
        .request = &r->request,
        .policy = r->core->batch->policy,
        .now_ms = r->now_ms,
        .channel = b->has_record ? &b->channel : NULL,
        .sight = sight,
        .arena = &r->arena,
    };

    kx_batch_verify(&b->verdict, &with);
    b->is_client_known = b->has_record && b->record.status == KX_CHANNEL_ACTIVE &&
                         (is_of_client(&b->verdict) || REF_DEFECT(kx_batch_state_told));
}

/* What the chain has to be asked for. */
static bool can_wait(enum kx_batch_rule rule)
{
    static const bool waits[KX_BATCH_RULE__COUNT] = {
        [KX_BATCH_RULE_CONFIRMED] = true,   [KX_BATCH_RULE_REFUND] = true,
        [KX_BATCH_RULE_COIN] = true,        [KX_BATCH_RULE_COIN_LINEAGE] = true,
        [KX_BATCH_RULE_COIN_SCRIPT] = true, [KX_BATCH_RULE_COIN_AMOUNT] = true,
        [KX_BATCH_RULE_GENESIS] = true,     [KX_BATCH_RULE_TOP_UP] = true,
    };

    return waits[rule];
}

/* UNDECIDED: memory was short, or the chain did not tell enough. */
static enum kaspa_outcome weigh(struct kx_core_request *r, bool with_chain)
{
    struct kx_batch_state *b = &r->batch;
    enum kaspa_outcome outcome = KASPA_VALID;

    for (int i = 0; i < KX_BATCH_RULE__COUNT; i++) {
        enum kx_batch_rule rule = (enum kx_batch_rule)i;
        enum kaspa_check_result result = b->verdict.checks[i].result;
        bool is_untold = result == KASPA_CHECK_NOT_JUDGED && can_wait(rule);

        if (result == KASPA_CHECK_BROKEN) {
            b->broken = rule;
            return KASPA_INVALID;
        }
        if (result != KASPA_CHECK_HELD && (with_chain || !is_untold))
            outcome = KASPA_UNDECIDED;
    }
    return outcome;
}

static struct kx_action refuse(struct kx_core_request *r)
{
    const struct kx_check *check = &r->batch.verdict.checks[r->batch.broken];
    enum kx_local local =
        check->result == KASPA_CHECK_BROKEN ? check->local : kx_batch_rules[r->batch.broken].local;

    return kx_core_refuse_payment(r, kx_wire_of(local), kx_batch_rules[r->batch.broken].id);
}

/* A client who has signed for this very lineage knows another head than we, and may be right: the
 * chain is asked of ours. */
static bool is_elsewhere(const struct kx_batch_state *b)
{
    bool is_other = b->broken == KX_BATCH_RULE_HEAD && b->verdict.path == KX_PATH_VOUCHER &&
                    !kaspa_outpoint_equal(&b->payment.outpoint, &b->record.head.outpoint);

    return b->is_client_known && (is_other || b->broken == KX_BATCH_RULE_TOP_UP);
}

static struct kx_action refuse_or_follow(struct kx_core_request *r)
{
    return is_elsewhere(&r->batch) ? kx_batch_follow(r) : refuse(r);
}

/* ---- without the chain ---- */

static struct kx_action look_at_head(struct kx_core_request *r)
{
    struct kx_batch_state *b = &r->batch;
    const struct kx_lane_head *head = &b->verdict.head;
    bool is_born = b->verdict.path == KX_PATH_OPEN || b->verdict.path == KX_PATH_TOP_UP;
    enum assay_code rc;

    b->outpoint = head->outpoint;
    rc = REF_DEFECT(kx_batch_escrow) && is_born
             ? kaspa_spk_parse(&b->spk, b->payment.spk)
             : kx_lane_spk(&b->spk, &r->arena, b->verdict.lane, head->claimed);
    if (rc != ASSAY_OK)
        return kx_core_unavailable(r);
    r->sought = KX_SOUGHT_COINS;
    r->look = (struct kx_look){.outpoints = &b->outpoint,
                               .spks = &b->spk,
                               .count = 1,
                               .has_tx = true,
                               .txid = head->outpoint.txid,
                               .output_index = head->outpoint.index,
                               .output_spk = b->spk,
                               .output_amount = head->value,
                               .wants_body = is_born};
    return kx_core_look(r, 0);
}

/* A payment that is on its way leaves this one to be sent again: what it charges decides what is
 * right then (section 14). */
static struct kx_action judge_alone(struct kx_core_request *r)
{
    if (kx_core_offer_again(r) != ASSAY_OK)
        return kx_core_unavailable(r);
    verify(r, NULL);
    switch (weigh(r, false)) {
    case KASPA_VALID:
        break;
    case KASPA_INVALID:
        if (REF_DEFECT(kx_batch_chain_first) && r->batch.verdict.lane != NULL)
            break;
        return refuse_or_follow(r);
    case KASPA_UNDECIDED:
        return kx_core_unavailable(r);
    }
    return r->batch.is_leased ? kx_core_pending(r, kx_batch_rules[KX_BATCH_RULE_CLAIMING].id)
                              : look_at_head(r);
}

struct kx_action kx_batch_judge(struct kx_core_request *r)
{
    return kx_core_ask(r, KX_ASK_CHANNEL);
}

/* One that a reorganisation has taken the genesis from may come back: the chain is asked. */
static void fill_channel(struct kx_batch_state *b, uint64_t reserve)
{
    const struct kx_lane_record *record = &b->record;

    b->channel = (struct kx_batch_channel){
        .lane = &b->lane,
        .head = record->head,
        .accounts = {.funding = record->head.value,
                     .authorized = record->authorized,
                     .charged = record->charged,
                     .claimed = record->head.claimed,
                     .reserve = reserve},
        .is_active = record->status == KX_CHANNEL_ACTIVE ||
                     record->status == KX_CHANNEL_UNAVAILABLE || REF_DEFECT(kx_batch_closed),
    };
}

struct kx_action kx_batch_on_channel(struct kx_core_request *r, enum assay_code code,
                                     const struct kx_store_answer *answer)
{
    struct kx_batch_state *b = &r->batch;
    struct kx_action action;

    if (code == ASSAY_E_MISSING && !r->has_attempt)
        return judge_alone(r);
    if (code != ASSAY_OK)
        return r->has_attempt ? kx_core_pending(r, NULL) : kx_core_unavailable(r);
    b->has_record = true;
    b->record = answer->channel;
    if (kx_batch_open_lane(r) != ASSAY_OK)
        return kx_core_unavailable(r);
    if (r->has_attempt)
        return kx_batch_go_on(r);
    fill_channel(b, r->core->batch->reserve);
    if (b->record.lease[0] == '\0' || REF_DEFECT(kx_channel_no_lease))
        return judge_alone(r);
    action = kx_core_ask(r, KX_ASK_OPERATION);
    action.txid = b->record.lease;
    return action;
}

/* Whose lease it is: a claim's, a top-up's or a refund's, or that of a payment. */
struct kx_action kx_batch_on_operation(struct kx_core_request *r, enum assay_code code)
{
    if (code != ASSAY_OK && code != ASSAY_E_MISSING)
        return kx_core_unavailable(r);
    r->batch.channel.is_claiming = code == ASSAY_OK && !REF_DEFECT(kx_batch_claiming);
    r->batch.is_leased = code == ASSAY_E_MISSING;
    return judge_alone(r);
}

/* ---- with the chain ---- */

/* Of defect batch.coin_unseen. */
static void believe_head(struct kx_batch_state *b)
{
    const struct kx_lane_head *head = &b->verdict.head;

    b->sight.is_missing = false;
    b->sight.coin = (struct kaspa_utxo){.amount = head->value,
                                        .spk = b->spk,
                                        .has_covenant = true,
                                        .covenant_id = head->covenant_id};
}

static void read_sight(struct kx_batch_state *b, const struct kx_sight *sight)
{
    const struct kaspa_hash *txid = &b->outpoint.txid;
    bool is_accepted = sight->evidence.status == KX_CHAIN_ACCEPTED;

    b->sight = (struct kx_head_sight){
        .is_missing = sight->is_missing[0],
        .coin = sight->utxos[0],
        .evidence = {.status = KX_EVIDENCE_UNKNOWN, .txid = *txid},
        .has_daa = sight->pov.daa_score != 0,
        .daa_score = sight->pov.daa_score,
    };
    if (REF_DEFECT(kx_batch_unseen))
        believe_head(b);
    b->has_before = sight->has_before;
    b->before = sight->before;
    if (!is_accepted || !sight->evidence.has_confirmations)
        return;
    b->sight.evidence = (struct kx_evidence){.status = KX_EVIDENCE_ACCEPTED,
                                             .txid = sight->evidence.transaction_id,
                                             .acceptance = kx_lane_journal_acceptance(sight)};
    if (!sight->has_body || !kaspa_hash_equal(&sight->accepted, txid) ||
        !kx_birth_read(&b->birth, &sight->body, &b->outpoint))
        return;
    b->birth.acceptance = b->sight.evidence.acceptance;
    b->sight.birth = &b->birth;
}

/* A lane that is stored, and what is presented of it the chain has not: its head has moved without
 * us, or back; of a top-up, before it, so that there never will be one, or behind it. */
static bool is_gone(const struct kx_batch_state *b)
{
    return b->sight.is_missing &&
           (b->verdict.path == KX_PATH_VOUCHER || b->verdict.path == KX_PATH_SAME ||
            (b->verdict.path == KX_PATH_TOP_UP && !REF_DEFECT(kx_batch_top_up_stale)));
}

/* A head of which the chain knows nothing authorises nothing (section 12): it is for its payer to
 * wait until it does. */
static bool is_unconfirmed(struct kx_batch_state *b)
{
    b->broken = KX_BATCH_RULE_CONFIRMED;
    return b->verdict.checks[b->broken].result == KASPA_CHECK_NOT_JUDGED && b->sight.has_daa;
}

/* The block that accepted what made the head is not kept any more, and never will be again: whose
 * lineage it is nobody can tell (section 12). To be sent again would not help. */
static bool is_beyond_memory(struct kx_batch_state *b, const struct kx_sight *sight)
{
    const struct kx_chain_evidence *e = &sight->evidence;

    b->broken = b->verdict.path == KX_PATH_OPEN ? KX_BATCH_RULE_GENESIS : KX_BATCH_RULE_TOP_UP;
    return b->verdict.checks[b->broken].result == KASPA_CHECK_NOT_JUDGED &&
           e->status == KX_CHAIN_ACCEPTED && e->has_confirmations && !sight->has_body;
}

static struct kx_action on_head(struct kx_core_request *r, enum assay_code code,
                                const struct kx_sight *sight)
{
    struct kx_batch_state *b = &r->batch;

    if (code != ASSAY_OK)
        return kx_core_refuse_blind(r, code);
    read_sight(b, sight);
    if (kx_core_offer_again(r) != ASSAY_OK)
        return kx_core_unavailable(r);
    verify(r, &b->sight);
    if (is_gone(b) || (b->has_record && b->record.status == KX_CHANNEL_UNAVAILABLE)) {
        b->broken = KX_BATCH_RULE_COIN;
        return kx_batch_follow(r);
    }
    switch (weigh(r, true)) {
    case KASPA_VALID:
        return kx_batch_claim(r);
    case KASPA_INVALID:
        return refuse_or_follow(r);
    case KASPA_UNDECIDED:
        break;
    }
    if (is_beyond_memory(b, sight))
        return kx_core_refuse_payment(r, KX_WIRE_STATE, kx_batch_rules[b->broken].id);
    return is_unconfirmed(b) ? refuse(r) : kx_core_unavailable(r);
}

struct kx_action kx_batch_on_sight(struct kx_core_request *r, enum assay_code code,
                                   const struct kx_sight *sight)
{
    switch (r->sought) {
    case KX_SOUGHT_BIRTH:
        return kx_batch_on_birth(r, code, sight);
    case KX_SOUGHT_SPENDER:
        return kx_batch_on_spender(r, code, sight);
    case KX_SOUGHT_COINS:
    case KX_SOUGHT_DAA:
        break;
    }
    return on_head(r, code, sight);
}
