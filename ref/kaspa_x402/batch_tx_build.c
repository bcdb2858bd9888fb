/* Building the transactions of a batch channel; see batch_tx.h. Source: Kaspa x402 batch digest,
 * sections 8.3 to 8.5, 10 and 15.2. */
#include "kaspa_x402/batch_tx_internal.h"

#include "base/cursor.h"
#include "kaspa/build.h"
#include "kaspa/txid.h"

#include <assert.h>
#include <inttypes.h>

/* An artifact in the making. */
struct draft {
    const struct kx_batch_plan *plan;
    const struct kx_lane *lane;
    struct assay_arena *arena;
    struct assay_err *err;
    uint64_t change;                /* of a top-up */
    struct kaspa_output outputs[2]; /* as many as `made` says */
    size_t made;
    struct kaspa_spend *spends;             /* one an input */
    uint8_t **scripts;                      /* their signature scripts, to be signed in place */
    uint8_t *arguments[KX_ARGUMENT__COUNT]; /* where the head's witness has them */
    struct kaspa_hash *funding;
    struct kx_batch_artifact artifact;
};

static enum assay_code no_memory(const struct draft *d)
{
    return assay_fail(d->err, ASSAY_E_NOMEM, 0, "no memory for a %s",
                      kx_batch_kind_name(d->plan->kind));
}

static enum assay_code check_claim(const struct draft *d)
{
    const struct kx_batch_plan *plan = d->plan;
    uint64_t claimed = kx_tx_has_lineage(d->lane->tmpl) ? plan->head->claimed : 0;

    if (plan->total > KX_BATCH_AMOUNT_MAX || plan->total <= claimed)
        return assay_fail(d->err, ASSAY_E_RANGE, 0,
                          "T is %" PRIu64 ": it must be above the %" PRIu64
                          " claimed, and at most 2^63 - 1",
                          plan->total, claimed);
    if (plan->amount == 0 || plan->amount > plan->total - claimed)
        return assay_fail(d->err, ASSAY_E_RANGE, 0,
                          "D is %" PRIu64 ": it must be above 0, and at most T - S, %" PRIu64,
                          plan->amount, (plan->total - claimed));
    if (plan->amount >= plan->head->value)
        return assay_fail(d->err, ASSAY_E_RANGE, 0,
                          "D is %" PRIu64 ": it must be below the head's %" PRIu64, plan->amount,
                          plan->head->value);
    if (plan->fee >= plan->amount)
        return assay_fail(d->err, ASSAY_E_RANGE, 0,
                          "the fee is %" PRIu64 ": it must be below D, %" PRIu64, plan->fee,
                          plan->amount);
    return ASSAY_OK;
}

static enum assay_code check_refund(const struct draft *d)
{
    const struct kx_batch_plan *plan = d->plan;
    uint64_t timeout = d->lane->channel.refund_timeout_daa;

    if (plan->lock_time < timeout || plan->lock_time >= KASPA_LOCK_TIME_THRESHOLD)
        return assay_fail(d->err, ASSAY_E_RANGE, 0,
                          "the lock time is %" PRIu64 ": it must be at least the timeout, %" PRIu64
                          ", and below "
                          "500000000000",
                          plan->lock_time, timeout);
    if (plan->fee >= plan->head->value)
        return assay_fail(d->err, ASSAY_E_RANGE, 0,
                          "the fee is %" PRIu64 ": it must be below the head's %" PRIu64, plan->fee,
                          plan->head->value);
    return ASSAY_OK;
}

/* *sum: what the funding inputs are worth. */
static enum assay_code sum_funding(uint64_t *sum, const struct draft *d)
{
    const struct kx_batch_plan *plan = d->plan;

    *sum = 0;
    if (plan->funding_count == 0)
        return assay_fail(d->err, ASSAY_E_MISSING, 0, "there is no funding input");
    if (plan->funding_count >= KASPA_TX_MAX_INPUTS)
        return assay_fail(d->err, ASSAY_E_TOO_LARGE, 0, "there are too many funding inputs");
    for (size_t i = 0; i < plan->funding_count; i++) {
        const struct kaspa_utxo *coin = &plan->funding[i].utxo;

        if (kaspa_spk_class(&coin->spk) != KASPA_CLASS_PUBKEY || coin->has_covenant)
            return assay_fail(d->err, ASSAY_E_TYPE, i,
                              "funding input %zu: its coin must be pay-to-pubkey, of no covenant",
                              i);
        if (coin->amount > KASPA_MAX_SOMPI - *sum)
            return assay_fail(d->err, ASSAY_E_RANGE, i, "the funding is above what there can be");
        *sum += coin->amount;
    }
    return ASSAY_OK;
}

/* A genesis has no change, so that its funding is exact (section 8.4). */
static enum assay_code check_funded(struct draft *d)
{
    const struct kx_batch_plan *plan = d->plan;
    bool is_genesis = plan->kind == KX_BATCH_GENESIS;
    uint64_t before = is_genesis ? 0 : plan->head->value, sum;
    enum assay_code rc = sum_funding(&sum, d);

    if (rc != ASSAY_OK)
        return rc;
    if (plan->amount == 0 || before > KASPA_MAX_SOMPI || plan->amount > KASPA_MAX_SOMPI - before)
        return assay_fail(d->err, ASSAY_E_RANGE, 0,
                          "%" PRIu64 " are added to %" PRIu64
                          ": it must be something, and no more than there "
                          "can be",
                          plan->amount, before);
    if (plan->amount > sum || plan->fee > sum - plan->amount)
        return assay_fail(d->err, ASSAY_E_RANGE, 0,
                          "the funding is worth %" PRIu64 ": it does not cover %" PRIu64
                          " and a fee of %" PRIu64,
                          sum, plan->amount, plan->fee);
    d->change = sum - plan->amount - plan->fee;
    if (is_genesis && d->change != 0)
        return assay_fail(d->err, ASSAY_E_RANGE, 0,
                          "the funding is worth %" PRIu64 ": it must be %" PRIu64
                          " and the fee, %" PRIu64 ", exactly, "
                          "since a genesis has no change",
                          sum, plan->amount, plan->fee);
    return ASSAY_OK;
}

static enum assay_code check_plan(struct draft *d)
{
    const struct kx_batch_plan *plan = d->plan;

    if (!kx_tx_has_kind(d->lane->tmpl, plan->kind))
        return assay_fail(d->err, ASSAY_E_UNSUPPORTED, 0, "%s has no %s", d->lane->tmpl->id,
                          kx_batch_kind_name(plan->kind));
    switch (plan->kind) {
    case KX_BATCH_CLAIM:
        return check_claim(d);
    case KX_BATCH_REFUND:
        return check_refund(d);
    case KX_BATCH_GENESIS:
    case KX_BATCH_TOP_UP:
        break;
    }
    return check_funded(d);
}

/* ---- outputs ---- */

static void add_output(struct draft *d, uint64_t value, const struct kaspa_spk *spk)
{
    d->outputs[d->made++] = (struct kaspa_output){.value = value, .spk = *spk};
}

static void add_successor(struct draft *d)
{
    struct kaspa_output *output = &d->outputs[d->made];
    struct kx_lane_head *next = &d->artifact.next;

    add_output(d, next->value, &d->artifact.next_spk);
    if (!kx_tx_has_lineage(d->lane->tmpl))
        return;
    if (d->plan->kind == KX_BATCH_GENESIS)
        kx_tx_genesis_id(&next->covenant_id, &d->plan->funding[0].outpoint, output);
    output->has_covenant = true;
    output->covenant_id = next->covenant_id;
}

/* The head behind it, but for its txid and the covenant id of a genesis. */
static enum assay_code set_next(struct draft *d)
{
    const struct kx_batch_plan *plan = d->plan;
    struct kx_lane_head next = {.value = plan->amount};

    if (plan->kind == KX_BATCH_CLAIM || plan->kind == KX_BATCH_TOP_UP)
        next = *plan->head;
    if (plan->kind == KX_BATCH_CLAIM) {
        next.value -= plan->amount;
        next.claimed += plan->amount;
    } else if (plan->kind == KX_BATCH_TOP_UP) {
        next.value += plan->amount;
    }
    next.outpoint.index = (uint32_t)kx_tx_successor(plan->kind);
    d->artifact.next = next;
    return kx_lane_spk(&d->artifact.next_spk, d->arena, d->lane, next.claimed) == ASSAY_OK
               ? ASSAY_OK
               : no_memory(d);
}

static enum assay_code make_outputs(struct draft *d)
{
    const struct kx_batch_plan *plan = d->plan;
    const struct kaspa_spk *payee = kx_tx_payee_spk(d->lane, plan->kind);

    if (plan->kind == KX_BATCH_REFUND) {
        add_output(d, plan->head->value - plan->fee, payee);
        return ASSAY_OK;
    }
    if (set_next(d) != ASSAY_OK)
        return ASSAY_E_NOMEM;
    if (plan->kind == KX_BATCH_CLAIM)
        add_output(d, plan->amount - plan->fee, payee);
    add_successor(d);
    if (d->change > 0)
        add_output(d, d->change, payee);
    return ASSAY_OK;
}

/* ---- inputs ---- */

/* The head's witness, with zeros for signatures. NULL: no memory. */
static uint8_t *lay_out_witness(struct draft *d, const struct kx_tx_layout *layout,
                                struct assay_bytes redeem, size_t *len)
{
    size_t room = KX_TX_ARGUMENTS_MAX * KASPA_SIGNATURE_PUSH_BYTES + layout->selector.len +
                  redeem.len + 5; /* a push's opcode and length */
    uint8_t *at = assay_arena_alloc(d->arena, room);
    struct assay_buf script = {.at = at, .room = room, .max = room, .fixed = true};

    if (at == NULL)
        return NULL;
    for (size_t i = 0; i < layout->count; i++) {
        size_t width = kx_tx_argument_width(layout->arguments[i]);

        assay_buf_add_byte(&script, (uint8_t)width);
        d->arguments[layout->arguments[i]] = assay_buf_extend(&script, width);
    }
    assay_buf_add(&script, layout->selector);
    kaspa_script_add_push(&script, redeem);
    *len = script.len;
    assert(assay_buf_ok(&script));
    return at;
}

static struct kaspa_spend spend_of(const struct kaspa_outpoint *outpoint,
                                   const struct kaspa_utxo *utxo, const uint8_t *script, size_t len,
                                   size_t signature_count)
{
    return (struct kaspa_spend){
        .kind = KASPA_SPEND_RAW,
        .outpoint = *outpoint,
        .utxo = *utxo,
        .unlock = assay_bytes_of(script, len),
        .commit = (int32_t)(signature_count * KX_TX_SIGNATURE_BUDGET),
    };
}

static enum assay_code spend_head(struct draft *d)
{
    struct kx_tx_layout layout;
    struct kaspa_utxo coin;
    struct assay_bytes redeem;
    size_t len = 0;

    kx_tx_layout_of(&layout, d->lane->tmpl, d->plan->kind);
    if (kx_batch_head_coin(&coin, d->arena, d->lane, d->plan->head) != ASSAY_OK ||
        kx_lane_redeem(&redeem, d->arena, d->lane, d->plan->head->claimed) != ASSAY_OK ||
        (d->scripts[0] = lay_out_witness(d, &layout, redeem, &len)) == NULL)
        return no_memory(d);
    d->spends[0] =
        spend_of(&d->plan->head->outpoint, &coin, d->scripts[0], len, layout.signature_count);
    if (d->arguments[KX_ARGUMENT_TOTAL] != NULL)
        assay_put_le(d->arguments[KX_ARGUMENT_TOTAL], 8, d->plan->total);
    if (d->arguments[KX_ARGUMENT_AMOUNT] != NULL)
        assay_put_le(d->arguments[KX_ARGUMENT_AMOUNT], 8, d->plan->amount);
    return ASSAY_OK;
}

static enum assay_code spend_funding(struct draft *d, size_t i, size_t input)
{
    const struct kx_batch_funding *funding = &d->plan->funding[i];
    uint8_t *script = assay_arena_alloc(d->arena, KASPA_SIGNATURE_PUSH_BYTES);

    if (script == NULL)
        return no_memory(d);
    script[0] = KX_TX_SIGNATURE_BYTES;
    d->scripts[input] = script;
    d->spends[input] =
        spend_of(&funding->outpoint, &funding->utxo, script, KASPA_SIGNATURE_PUSH_BYTES, 1);
    return ASSAY_OK;
}

static size_t funding_count(const struct draft *d)
{
    return kx_tx_is_funded(d->plan->kind) ? d->plan->funding_count : 0;
}

static enum assay_code make_spends(struct draft *d)
{
    size_t first = kx_tx_first_funding(d->plan->kind), count = first + funding_count(d);
    enum assay_code rc = ASSAY_OK;

    d->spends = assay_arena_alloc(d->arena, count * sizeof(*d->spends));
    d->scripts = assay_arena_alloc(d->arena, count * sizeof(*d->scripts));
    d->funding = assay_arena_alloc(d->arena, funding_count(d) * sizeof(*d->funding));
    if (d->spends == NULL || d->scripts == NULL || d->funding == NULL)
        return no_memory(d);
    if (first == 1)
        rc = spend_head(d);
    for (size_t i = first; i < count && rc == ASSAY_OK; i++)
        rc = spend_funding(d, i - first, i);
    return rc;
}

/* The transaction, its inputs' scripts being those of the draft, to be signed in place. */
static enum assay_code build(struct draft *d)
{
    struct kx_batch_artifact *artifact = &d->artifact;
    bool is_refund = d->plan->kind == KX_BATCH_REFUND;
    const struct kaspa_plan plan = {
        .version = 1,
        .spends = d->spends,
        .spend_count = kx_tx_first_funding(d->plan->kind) + funding_count(d),
        .outputs = d->outputs,
        .output_count = d->made,
        .lock_time = is_refund ? d->plan->lock_time : 0,
    };
    struct kaspa_input *inputs;
    enum assay_code rc = kaspa_build(&artifact->tx, d->arena, &plan, d->err);

    if (rc != ASSAY_OK)
        return rc;
    artifact->utxos = kaspa_plan_utxos(d->arena, &plan);
    inputs = assay_arena_alloc(d->arena, plan.spend_count * sizeof(*inputs));
    if (artifact->utxos == NULL || inputs == NULL)
        return no_memory(d);
    for (size_t i = 0; i < plan.spend_count; i++) {
        inputs[i] = artifact->tx.inputs[i];
        inputs[i].signature_script = d->spends[i].unlock;
    }
    artifact->tx.inputs = inputs;
    kaspa_txid(&artifact->id, &artifact->tx);
    artifact->next.outpoint.txid = artifact->id;
    return ASSAY_OK;
}

/* ---- signatures ---- */

static uint8_t hash_type_of(const struct kx_batch_signing *signing)
{
    if (signing->key == NULL && signing->signature != NULL)
        return signing->signature[ASSAY_SIG_BYTES];
    return signing->hash_type != 0 ? signing->hash_type : KASPA_SIGHASH_ALL;
}

/* Fills the 65 bytes at `slot`. */
static enum assay_code sign_slot(struct draft *d, uint8_t *slot, struct kaspa_hash *digest,
                                 size_t input, const struct kx_batch_signing *signing)
{
    uint8_t type = hash_type_of(signing);

    if (!kaspa_sighash_type_is_known(type))
        return assay_fail(d->err, ASSAY_E_UNKNOWN, input,
                          "input %zu: the signature hash type 0x%02x is none", input,
                          (unsigned)type);
    kaspa_sighash_schnorr(digest, &d->artifact.tx, input, &d->artifact.utxos[input], type, NULL);
    if (signing->key != NULL) {
        if (assay_schnorr_sign(slot, digest->at, signing->key, NULL) != ASSAY_OK)
            return assay_fail(d->err, ASSAY_E_RANGE, input, "input %zu: its key was never made",
                              input);
        slot[ASSAY_SIG_BYTES] = type;
    } else if (signing->signature != NULL) {
        memcpy(slot, signing->signature, KX_TX_SIGNATURE_BYTES);
    } else {
        d->artifact.is_complete = false;
    }
    return ASSAY_OK;
}

static enum assay_code sign(struct draft *d)
{
    const struct kx_batch_plan *plan = d->plan;
    struct kx_batch_artifact *artifact = &d->artifact;
    size_t first = kx_tx_first_funding(plan->kind);
    uint8_t *provider = d->arguments[KX_ARGUMENT_PROVIDER];
    uint8_t *client = d->arguments[KX_ARGUMENT_CLIENT],
            *voucher = d->arguments[KX_ARGUMENT_VOUCHER];
    enum assay_code rc = ASSAY_OK;

    artifact->is_complete = voucher == NULL || plan->voucher != NULL;
    if (voucher != NULL && plan->voucher != NULL)
        memcpy(voucher, plan->voucher, ASSAY_SIG_BYTES);
    if (provider != NULL)
        rc = sign_slot(d, provider, &artifact->digests[KX_BATCH_PROVIDER], 0, &plan->provider);
    if (client != NULL && rc == ASSAY_OK)
        rc = sign_slot(d, client, &artifact->digests[KX_BATCH_CLIENT], 0, &plan->client);
    for (size_t i = 0; i < funding_count(d) && rc == ASSAY_OK; i++)
        rc = sign_slot(d, d->scripts[first + i] + 1, &d->funding[i], first + i,
                       &plan->funding[i].signing);
    artifact->funding = d->funding;
    kaspa_tx_hash(&artifact->hash, &artifact->tx);
    return rc;
}

/* What leaves here is what a verifier would let in; but when it may be mined is not asked. */
static enum assay_code judge(const struct draft *d)
{
    const struct kx_batch_tx with = {
        .kind = d->plan->kind,
        .lane = d->lane,
        .head = d->plan->head,
        .tx = &d->artifact.tx,
        .utxos = d->artifact.utxos,
        .fee_max = d->plan->fee,
        .arena = d->arena,
    };
    struct kx_batch_tx_verdict verdict;

    if (!d->artifact.is_complete)
        return ASSAY_OK;
    kx_batch_tx_verify(&verdict, &with);
    if (verdict.outcome == KASPA_INVALID)
        return assay_fail(d->err, ASSAY_E_MISMATCH, 0, "%s: %s",
                          kx_batch_tx_rules[verdict.first].id, verdict.checks[verdict.first].why);
    return kx_tx_first(&verdict, KASPA_CHECK_UNDECIDED) != KX_BATCH_TX__COUNT ? no_memory(d)
                                                                              : ASSAY_OK;
}

enum assay_code kx_batch_tx_build(struct kx_batch_artifact *out, struct assay_arena *arena,
                                  const struct kx_batch_plan *plan, struct assay_err *err)
{
    struct draft d = {.plan = plan, .lane = plan->lane, .arena = arena, .err = err};
    enum assay_code rc;

    if ((rc = check_plan(&d)) != ASSAY_OK || (rc = make_outputs(&d)) != ASSAY_OK ||
        (rc = make_spends(&d)) != ASSAY_OK || (rc = build(&d)) != ASSAY_OK ||
        (rc = sign(&d)) != ASSAY_OK || (rc = judge(&d)) != ASSAY_OK)
        return rc;
    *out = d.artifact;
    return ASSAY_OK;
}
