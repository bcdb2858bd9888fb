/* The operations that put a channel's transaction together as they are asked to, and judge what has
 * come of it: what a library that builds is compared with.
 *
 *  Signatures are given, since no operation takes a secret. Members that a right transaction has no
 *  choice in (lockTime, sequence, payload, successorClaimed, timeoutDaa) may be asked for
 * otherwise; the answer is then by which rule that is refused. */
#include "kaspa_x402/batch_tx.h"
#include "run/operations_batch.h"
#include "run/operations_checks.h"

#define SIGNATURE KX_TX_SIGNATURE_BYTES
#define FUNDING_MAX 16

struct building {
    struct assay_arena arena;
    struct kx_lane lane;
    struct kx_lane_head head;
    struct kx_batch_plan plan;
    struct kx_batch_funding funding[FUNDING_MAX];
    uint8_t funding_signatures[FUNDING_MAX][SIGNATURE];
    uint8_t provider[SIGNATURE], client[SIGNATURE], voucher[ASSAY_SIG_BYTES];
    struct kx_batch_artifact artifact;
    struct kaspa_input *inputs; /* of the transaction that is put together */
    struct kaspa_output *outputs;
    struct kaspa_tx tx;
};

static bool has(const json_t *in, const char *member)
{
    return json_object_get(in, member) != NULL;
}

/* ---- the input ---- */

static bool coin_in(struct building *b, size_t i, const json_t *coin, struct assay_err *err)
{
    static const char *const members[] = {"outpoint", "value", "scriptPublicKey", "signature",
                                          NULL};
    struct kx_batch_funding *f = &b->funding[i];

    return operation_members(coin, members, err) &&
           batch_in_outpoint(&f->outpoint, coin, "outpoint", err) &&
           kaspa_in_u64(&f->utxo.amount, coin, "value", err) &&
           kaspa_in_spk(&f->utxo.spk, &b->arena, coin, "scriptPublicKey", err) &&
           batch_in_bytes(b->funding_signatures[i], SIGNATURE, coin, "signature", err);
}

static bool funding_in(struct building *b, const json_t *in, struct assay_err *err)
{
    const json_t *coins = kaspa_in_array(in, "funding", err);

    if (coins == NULL)
        return false;
    if (json_array_size(coins) > FUNDING_MAX) {
        assay_fail(err, ASSAY_E_TOO_LARGE, 0, "member funding: expected at most %d coins",
                   FUNDING_MAX);
        return false;
    }
    for (size_t i = 0; i < json_array_size(coins); i++) {
        if (!coin_in(b, i, json_array_get(coins, i), err)) {
            (void)assay_err_wrap(err, ASSAY_E_MALFORMED, "funding[%zu]", i);
            return false;
        }
    }
    b->plan.funding = b->funding;
    b->plan.funding_count = json_array_size(coins);
    return true;
}

static bool signature_in(uint8_t *out, size_t len, const json_t *in, const char *member,
                         bool is_needed, struct assay_err *err)
{
    return !is_needed || batch_in_bytes(out, len, in, member, err);
}

static bool plan_in(struct building *b, const json_t *in, enum kx_batch_kind kind,
                    struct assay_err *err)
{
    bool is_claim = kind == KX_BATCH_CLAIM, is_refund = kind == KX_BATCH_REFUND;
    bool is_top_up = kind == KX_BATCH_TOP_UP;
    struct kx_batch_plan *p = &b->plan;

    *p = (struct kx_batch_plan){
        .kind = kind, .lane = &b->lane, .head = kind != KX_BATCH_GENESIS ? &b->head : NULL};
    return (kind == KX_BATCH_GENESIS || batch_in_head(&b->head, in, b->lane.binding, err)) &&
           kaspa_in_u64(&p->fee, in, "fee", err) &&
           (is_refund || kaspa_in_u64(&p->amount, in, "amount", err)) &&
           (!is_claim || kaspa_in_u64(&p->total, in, "total", err)) &&
           (!is_refund || kaspa_in_u64(&p->lock_time, in, "lockTime", err)) &&
           (is_claim || is_refund || funding_in(b, in, err)) &&
           signature_in(b->voucher, sizeof(b->voucher), in, "voucherSignature", is_claim, err) &&
           signature_in(b->provider, SIGNATURE, in, "providerSignature",
                        is_claim || (is_top_up && b->lane.tmpl->is_cosigned), err) &&
           signature_in(b->client, SIGNATURE, in, "clientSignature", is_top_up || is_refund, err);
}

/* ---- putting it together ---- */

/* The head's witness begins with its signatures, in places of fixed width. */
static void put_signatures(const struct building *b, uint8_t *witness)
{
    enum { FIRST = 1, SECOND = FIRST + SIGNATURE + 1 };

    switch (b->plan.kind) {
    case KX_BATCH_CLAIM:
        memcpy(witness + FIRST, b->provider, SIGNATURE);
        memcpy(witness + SECOND, b->voucher, sizeof(b->voucher));
        break;
    case KX_BATCH_TOP_UP:
        memcpy(witness + FIRST, b->client, SIGNATURE);
        if (b->lane.tmpl->is_cosigned)
            memcpy(witness + SECOND, b->provider, SIGNATURE);
        break;
    case KX_BATCH_REFUND:
        memcpy(witness + FIRST, b->client, SIGNATURE);
        break;
    case KX_BATCH_GENESIS:
        break;
    }
}

static bool sign(struct building *b, struct assay_err *err)
{
    size_t first_coin = b->plan.kind == KX_BATCH_GENESIS ? 0 : 1;

    for (size_t i = 0; i < b->tx.input_count; i++) {
        struct assay_bytes script = b->inputs[i].signature_script;
        uint8_t *copy = kaspa_in_room(&b->arena, script.len, 1, err);

        if (copy == NULL)
            return false;
        memcpy(copy, script.at, script.len);
        if (i < first_coin)
            put_signatures(b, copy);
        else
            memcpy(copy + 1, b->funding_signatures[i - first_coin], SIGNATURE);
        b->inputs[i].signature_script = assay_bytes_of(copy, script.len);
    }
    return true;
}

/* The script that the successor was asked to have. */
static bool bend_successor(struct building *b, const json_t *in, struct assay_err *err)
{
    size_t at = b->plan.kind == KX_BATCH_CLAIM ? 1 : 0;
    uint64_t claimed;

    if (!has(in, "successorClaimed"))
        return true;
    if (!batch_in_amount(&claimed, in, "successorClaimed", KX_BATCH_AMOUNT_MAX, err))
        return false;
    if (kx_lane_spk(&b->outputs[at].spk, &b->arena, &b->lane, claimed) == ASSAY_OK)
        return true;
    assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    return false;
}

static bool bend(struct building *b, const json_t *in, struct assay_err *err)
{
    uint64_t sequence = 0;

    if ((has(in, "lockTime") && !kaspa_in_u64(&b->tx.lock_time, in, "lockTime", err)) ||
        (has(in, "payload") && !kaspa_in_hex(&b->tx.payload, &b->arena, in, "payload", err)) ||
        (has(in, "sequence") && !kaspa_in_u64(&sequence, in, "sequence", err)))
        return false;
    b->inputs[0].sequence = sequence;
    return b->plan.kind == KX_BATCH_REFUND || bend_successor(b, in, err);
}

static bool copy_transaction(struct building *b, struct assay_err *err)
{
    b->tx = b->artifact.tx;
    b->inputs = kaspa_in_room(&b->arena, b->tx.input_count, sizeof *b->inputs, err);
    b->outputs = kaspa_in_room(&b->arena, b->tx.output_count, sizeof *b->outputs, err);
    if (b->inputs == NULL || b->outputs == NULL)
        return false;
    memcpy(b->inputs, b->tx.inputs, b->tx.input_count * sizeof *b->inputs);
    memcpy(b->outputs, b->tx.outputs, b->tx.output_count * sizeof *b->outputs);
    b->tx.inputs = b->inputs;
    b->tx.outputs = b->outputs;
    return true;
}

/* ---- the answer ---- */

static const char *rule_id(size_t rule)
{
    return kx_batch_tx_rules[rule].id;
}

static bool is_of_kind(size_t rule, unsigned kind)
{
    return (kx_batch_tx_rules[rule].kinds >> kind & 1U) != 0;
}

/* When it may be mined is not asked: it is judged where its lock time is over. */
static enum operation_answer judge(struct building *b, json_t **result, struct assay_err *err)
{
    const struct kaspa_point_of_view pov = {
        .daa_score = b->tx.lock_time < UINT64_MAX ? b->tx.lock_time + 1 : UINT64_MAX};
    const struct kx_batch_tx with = {.kind = b->plan.kind,
                                     .lane = &b->lane,
                                     .head = b->plan.head,
                                     .tx = &b->tx,
                                     .utxos = b->artifact.utxos,
                                     .pov = &pov,
                                     .fee_max = KX_BATCH_FEE_MAX_DEFAULT,
                                     .arena = &b->arena};
    struct kx_batch_tx_verdict *v = kaspa_in_room(&b->arena, 1, sizeof *v, err);
    json_t *all;

    if (v == NULL)
        return OPERATION_ERROR;
    kx_batch_tx_verify(v, &with);
    all = json_pack("{s:o, s:o, s:o}", "transactionId", kaspa_out_hash(&v->id), "transactionHash",
                    kaspa_out_hash(&v->hash), "storageMass", kaspa_out_u64(b->tx.storage_mass));
    if (v->outcome == KASPA_VALID && b->plan.kind == KX_BATCH_GENESIS)
        json_object_set_new(all, "covenantId", kaspa_out_hash(&v->next.covenant_id));
    return operation_judged(result, all,
                            &(struct checks_verdict){.outcome = v->outcome,
                                                     .checks = v->checks,
                                                     .count = KX_BATCH_TX__COUNT,
                                                     .first = v->first,
                                                     .id = rule_id,
                                                     .concerns = is_of_kind,
                                                     .kind = b->plan.kind});
}

static bool same_timeout(const struct building *b, const json_t *in, json_t **result,
                         enum operation_answer *answer, struct assay_err *err)
{
    uint64_t timeout;

    if (!has(in, "timeoutDaa"))
        return true;
    if (!kaspa_in_u64(&timeout, in, "timeoutDaa", err)) {
        *answer = OPERATION_ERROR;
        return false;
    }
    if (timeout == b->lane.channel.refund_timeout_daa)
        return true;
    *answer = exact_refused(result, "batch.channel.terms", KX_LOCAL_PAYLOAD,
                            "the timeout is not the one that the channel's script has");
    return false;
}

static enum operation_answer put_together(struct building *b, const json_t *in,
                                          enum kx_batch_kind kind, json_t **result,
                                          struct assay_err *err)
{
    enum operation_answer answer = batch_in_lane(&b->lane, &b->arena, in, result, err);
    struct assay_err why = {0};
    enum assay_code rc;

    if (answer != OPERATION_OK)
        return answer;
    if (!plan_in(b, in, kind, err))
        return OPERATION_ERROR;
    if (!same_timeout(b, in, result, &answer, err))
        return answer;
    rc = kx_batch_tx_build(&b->artifact, &b->arena, &b->plan, &why);
    if (rc == ASSAY_E_NOMEM) {
        assay_fail(err, rc, 0, "%s", why.text);
        return OPERATION_ERROR;
    }
    if (rc != ASSAY_OK)
        return operation_refused(result, "batch.tx.plan", why.text);
    if (!copy_transaction(b, err) || !bend(b, in, err) || !sign(b, err))
        return OPERATION_ERROR;
    return judge(b, result, err);
}

static enum operation_answer build(const json_t *in, enum kx_batch_kind kind,
                                   const char *const *members, json_t **result,
                                   struct assay_err *err)
{
    struct building *b = assay_alloc(sizeof *b);
    enum operation_answer answer = OPERATION_ERROR;

    if (b == NULL) {
        assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
        return OPERATION_ERROR;
    }
    *b = (struct building){.arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES)};
    if (operation_members(in, members, err))
        answer = put_together(b, in, kind, result, err);
    assay_arena_fini(&b->arena);
    assay_free(b);
    return answer;
}

static enum operation_answer genesis(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"binding",  "channelConfig", "amount",  "fee", "funding",
                                          "lockTime", "sequence",      "payload", NULL};

    return build(in, KX_BATCH_GENESIS, members, result, err);
}

static enum operation_answer claim(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"binding",
                                          "channelConfig",
                                          "head",
                                          "total",
                                          "amount",
                                          "fee",
                                          "providerSignature",
                                          "voucherSignature",
                                          "lockTime",
                                          "sequence",
                                          "payload",
                                          "successorClaimed",
                                          NULL};

    return build(in, KX_BATCH_CLAIM, members, result, err);
}

static enum operation_answer top_up(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"binding",
                                          "channelConfig",
                                          "head",
                                          "amount",
                                          "fee",
                                          "funding",
                                          "providerSignature",
                                          "clientSignature",
                                          "lockTime",
                                          "sequence",
                                          "payload",
                                          "successorClaimed",
                                          NULL};

    return build(in, KX_BATCH_TOP_UP, members, result, err);
}

static enum operation_answer refund(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {
        "binding",         "channelConfig", "head",    "fee",        "lockTime",
        "clientSignature", "sequence",      "payload", "timeoutDaa", NULL};

    return build(in, KX_BATCH_REFUND, members, result, err);
}

#define CHANNEL "channelConfig, binding?, "
#define HEAD "head {outpoint, value, claimed, covenantId?}, "
#define FUNDING "funding [{outpoint, value, scriptPublicKey, signature}], "
#define ASKED "sequence?, payload?"
#define OUT "transactionId, transactionHash, storageMass, outcome, checks"

const struct operation operations_batch_build[] = {
    {"genesis.build", CHANNEL "amount, fee, " FUNDING "lockTime?, " ASKED, "covenantId, " OUT,
     genesis},
    {"claim.build",
     CHANNEL HEAD "total (T), amount (D), fee, providerSignature, voucherSignature, "
                  "successorClaimed?, lockTime?, " ASKED,
     OUT, claim},
    {"topup.build",
     CHANNEL HEAD "amount (added), fee, " FUNDING "clientSignature, providerSignature?, "
                  "successorClaimed?, lockTime?, " ASKED,
     OUT, top_up},
    {"refund.build", CHANNEL HEAD "fee, lockTime, clientSignature, timeoutDaa?, " ASKED, OUT,
     refund},
    {0},
};
