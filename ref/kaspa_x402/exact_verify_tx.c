/* Reading what is judged, and the checks of the transaction by itself. Source: Kaspa x402 exact
 * digest, sections 7, 8.1, 9 and 16. */
#include "kaspa_x402/exact_verify_internal.h"

#include "base/hex.h"
#include "base/planted.h"
#include "defects/defects.h"

/* Budgets of the head's input and of the payers': the smallest ones that cover their scripts, and
 * those that the reference asks for (24.20 sees no difference that these scripts could make). */
#define HEAD_BUDGET 0
#define PAYER_BUDGET 10
#define HASH_CHAIN_INPUTS_MAX 8

/* The covenant member is normative, if only as null; the reference's parser lets it be absent
 * (24.11). */
static bool has_covenant_members(const struct assay_json *doc)
{
    uint32_t list = assay_json_member(doc, 0, "outputs");

    for (uint32_t at = assay_json_first(doc, list); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(doc, list, at)) {
        if (assay_json_member(doc, at, "covenant") == ASSAY_JSON_NONE)
            return false;
    }
    return true;
}

static bool has_every_hint(const struct kx_verifying *v)
{
    for (size_t i = 0; i < v->out->tx.input_count; i++) {
        if (!v->claims.has_utxo[i])
            return false;
    }
    return true;
}

static enum assay_code read_transaction(struct kx_verifying *v, struct assay_json *doc)
{
    const struct kaspa_json_options options = kx_transaction_limits();
    struct assay_err *err = &v->encoding_err;
    enum assay_code rc;

    rc = kaspa_tx_parse_value(&v->out->tx, &v->claims, v->with->arena, doc, 0, &options, err);
    if (rc != ASSAY_OK)
        return rc;
    if (!v->claims.has_storage_mass && REF_DEFECT(kx_encoding_lenient))
        v->claims.has_storage_mass =
            kaspa_storage_mass(&v->out->tx.storage_mass, &v->out->tx, v->claims.utxos);
    if (!v->claims.has_storage_mass)
        return assay_fail(err, ASSAY_E_MISSING, 0, "storageMass is missing");
    if (!has_every_hint(v))
        return assay_fail(err, ASSAY_E_MISSING, 0, "the utxo of an input is missing");
    if (!has_covenant_members(doc))
        return assay_fail(err, ASSAY_E_MISSING, 0, "the covenant of an output is missing");
    return ASSAY_OK;
}

/* A hash-chain's head is in its covenant, be it said or not. */
static void settle_coins(struct kx_verifying *v)
{
    v->hints = v->claims.utxos;
    if (v->fault == KX_TERMS_OK && v->terms.profile == KX_HASH_CHAIN &&
        v->out->tx.input_count > 0 && !v->hints[0].has_covenant) {
        v->hints[0].has_covenant = true;
        memcpy(v->hints[0].covenant_id.at, v->terms.covenant_id, sizeof(v->terms.covenant_id));
    }
    v->coins = v->with->utxos != NULL ? v->with->utxos : v->hints;
}

/* By consensus where the chain's coins are known: that is judged whatever else is wrong, and its
 * verdict has the id too. */
static void run_consensus(struct kx_verifying *v)
{
    struct kaspa_verify with = {
        .utxos = v->with->utxos,
        .pov = v->with->pov,
        .arena = v->with->arena,
        .is_missing = v->with->is_missing,
    };

    v->out->relay = KASPA_UNDECIDED;
    if (with.utxos == NULL) {
        kaspa_txid(&v->id, &v->out->tx);
        return;
    }
    kaspa_tx_verify(&v->consensus, &v->out->tx, &with);
    v->out->relay = v->consensus.relay;
    v->id = v->consensus.id;
}

static void read_artifact(struct kx_verifying *v)
{
    struct assay_bytes text = v->payment->transaction;
    struct kx_exact_verdict *out = v->out;
    struct assay_json doc;
    enum assay_code rc;

    rc = kx_transaction_document(&doc, v->with->arena, text, &v->encoding_err);
    if (rc != ASSAY_OK || read_transaction(v, &doc) != ASSAY_OK)
        return;
    out->has_transaction = true;
    run_consensus(v);
    assay_hex_encode(out->transaction_id, assay_bytes_of(v->id.at, sizeof(v->id.at)));
    settle_coins(v);
}

/* The hash-chain binding's fingerprint is not made over the terms (section 16). */
static void read_request(struct kx_verifying *v)
{
    bool is_hash_chain = v->fault == KX_TERMS_OK && v->terms.profile == KX_HASH_CHAIN;

    v->fingerprint = v->requirements;
    if (is_hash_chain || v->requirements == ASSAY_OK)
        v->fingerprint = kx_fingerprint(v->out->fingerprint, v->with->request,
                                        is_hash_chain ? NULL : v->out->requirements_hash, NULL);
}

void kx_verify_read(struct kx_verifying *v)
{
    const struct kx_payment *payment = v->payment;
    const struct x402_terms *accepted = &payment->envelope.accepted;
    struct kx_exact_verdict *out = v->out;

    v->requirements =
        kx_requirements_hash(out->requirements_hash, payment->doc, accepted->token, NULL);
    v->fault = kx_terms_read(&v->terms, v->with->arena, payment->doc, accepted, &v->terms_err);
    read_request(v);
    read_artifact(v);
}

void kx_judge_encoding(struct kx_verifying *v, enum kx_exact_rule rule)
{
    if (v->out->has_transaction)
        kx_check_hold(v, rule);
    else if (v->encoding_err.code == ASSAY_E_NOMEM)
        kx_check_undecided(v, rule);
    else
        kx_check_break(v, rule, "%s", v->encoding_err.text);
}

void kx_judge_outpoints(struct kx_verifying *v, enum kx_exact_rule rule)
{
    const struct kaspa_tx *tx = &v->out->tx;

    for (size_t i = 0; i < tx->input_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (kaspa_outpoint_equal(&tx->inputs[i].previous, &tx->inputs[j].previous)) {
                kx_check_break(v, rule, "inputs %zu and %zu spend the same", j, i);
                return;
            }
        }
    }
    kx_check_hold(v, rule);
}

void kx_judge_shape(struct kx_verifying *v, enum kx_exact_rule rule)
{
    const struct kaspa_tx *tx = &v->out->tx;
    uint16_t version = kx_pays_head(v) ? 1 : 0;
    bool is_hash_chain = v->terms.profile == KX_HASH_CHAIN;

    if (tx->version != version)
        kx_check_break(v, rule, "its version is %u", (unsigned)tx->version);
    else if (!kaspa_tx_is_native(tx))
        kx_check_break(v, rule, "its subnetwork is not the native one");
    else if (tx->gas != 0 || tx->lock_time != 0 || tx->payload.len != 0)
        kx_check_break(v, rule, "it has gas, a lock time or a payload");
    else if (tx->input_count < kx_first_payer(v) + 1)
        kx_check_break(v, rule, "it has %zu inputs", tx->input_count);
    else if (is_hash_chain && tx->input_count > HASH_CHAIN_INPUTS_MAX)
        kx_check_break(v, rule, "it has more than %d inputs", HASH_CHAIN_INPUTS_MAX);
    else
        kx_check_hold(v, rule);
}

/* A hash-chain's next head stays in the covenant, by the head's input; nothing else is in one. */
static bool covenant_is_right(const struct kx_verifying *v, size_t i)
{
    const struct kaspa_output *output = &v->out->tx.outputs[i];

    if (i > 0 || v->terms.profile != KX_HASH_CHAIN)
        return !output->has_covenant || REF_DEFECT(kx_outputs_covenant);
    return output->has_covenant && output->authorizing_input == 0 &&
           memcmp(output->covenant_id.at, v->terms.covenant_id, sizeof(v->terms.covenant_id)) == 0;
}

void kx_judge_outputs(struct kx_verifying *v, enum kx_exact_rule rule)
{
    const struct kaspa_tx *tx = &v->out->tx;

    if (tx->output_count < 1 || (tx->output_count > 2 && !REF_DEFECT(kx_outputs_many))) {
        kx_check_break(v, rule, "it has %zu outputs", tx->output_count);
        return;
    }
    for (size_t i = 0; i < tx->output_count; i++) {
        if (tx->outputs[i].spk.version != 0) {
            kx_check_break(v, rule, "the script of output %zu is of version %u", i,
                           (unsigned)tx->outputs[i].spk.version);
            return;
        }
        if (!covenant_is_right(v, i)) {
            kx_check_break(v, rule, "the covenant of output %zu is not the one it must be", i);
            return;
        }
    }
    kx_check_hold(v, rule);
}

static bool commitment_is_right(const struct kx_verifying *v, size_t i)
{
    const struct kaspa_input *in = &v->out->tx.inputs[i];

    switch (v->terms.profile) {
    case KX_STANDARD_NATIVE:
        return in->commit_kind == KASPA_COMMIT_SIG_OPS && in->commit == 1;
    case KX_ADDITIVE:
        return in->commit_kind == KASPA_COMMIT_BUDGET &&
               in->commit == (i == 0 ? HEAD_BUDGET : PAYER_BUDGET);
    case KX_HASH_CHAIN: /* no document says how large: consensus asks for enough */
    case KX_PROFILE__COUNT:
        break;
    }
    return in->commit_kind == KASPA_COMMIT_BUDGET;
}

void kx_judge_commitments(struct kx_verifying *v, enum kx_exact_rule rule)
{
    const struct kaspa_tx *tx = &v->out->tx;

    for (size_t i = 0; i < tx->input_count; i++) {
        if (!commitment_is_right(v, i)) {
            kx_check_break(v, rule, "input %zu has a %s of %u", i,
                           tx->inputs[i].commit_kind == KASPA_COMMIT_BUDGET ? "compute budget"
                                                                            : "sigOpCount",
                           (unsigned)tx->inputs[i].commit);
            return;
        }
    }
    kx_check_hold(v, rule);
}

void kx_judge_storage_mass(struct kx_verifying *v, enum kx_exact_rule rule)
{
    const struct kaspa_tx *tx = &v->out->tx;
    uint64_t mass;

    if (!kaspa_storage_mass(&mass, tx, v->hints))
        kx_check_break(v, rule, "it has no storage mass: an amount is 0, or the mass too large");
    else if (mass != tx->storage_mass)
        kx_check_break(v, rule, "it is %llu, not %llu", (unsigned long long)mass,
                       (unsigned long long)tx->storage_mass);
    else
        kx_check_hold(v, rule);
}

/* False: a sum passes 64 bits. */
static bool add_amount(uint64_t *sum, uint64_t amount)
{
    if (amount > UINT64_MAX - *sum && !REF_DEFECT(kx_output_wraps))
        return false;
    *sum += amount;
    return true;
}

static bool sum_amounts(const struct kx_verifying *v, uint64_t *in, uint64_t *out)
{
    const struct kaspa_tx *tx = &v->out->tx;

    *in = *out = 0;
    for (size_t i = 0; i < tx->input_count; i++) {
        if (!add_amount(in, v->hints[i].amount))
            return false;
    }
    for (size_t i = 0; i < tx->output_count; i++) {
        if (!add_amount(out, tx->outputs[i].value))
            return false;
    }
    return true;
}

void kx_judge_fee(struct kx_verifying *v, enum kx_exact_rule rule)
{
    uint64_t max = v->with->policy.fee_max, in, out;

    if (v->terms.profile == KX_HASH_CHAIN && max > KX_HASH_CHAIN_FEE_MAX)
        max = KX_HASH_CHAIN_FEE_MAX;
    if (!sum_amounts(v, &in, &out))
        kx_check_break(v, rule, "a sum of amounts passes 64 bits");
    else if (in < out)
        kx_check_break(v, rule, "the outputs are worth %llu sompi more than the inputs",
                       (unsigned long long)(out - in));
    else if (in - out > max)
        kx_check_break(v, rule, "it is %llu sompi, at most %llu are allowed",
                       (unsigned long long)(in - out), (unsigned long long)max);
    else
        kx_check_hold(v, rule);
    v->out->fee = v->out->checks[rule].result == KASPA_CHECK_HELD ? in - out : 0;
}

void kx_judge_id(struct kx_verifying *v, enum kx_exact_rule rule)
{
    if (!v->claims.has_id)
        kx_check_break(v, rule, "the text has no id");
    else if (!kaspa_hash_equal(&v->claims.id, &v->id))
        kx_check_break(v, rule, "the text has another id");
    else
        kx_check_hold(v, rule);
}

static bool pays_merchant(const struct kx_verifying *v, size_t i)
{
    const struct kaspa_spk *spk = &v->out->tx.outputs[i].spk;

    if (REF_DEFECT(kx_output_script) && i == v->payment->output_index)
        return true;
    return spk->version == 0 &&
           assay_bytes_equal(spk->script, assay_bytes_part(v->terms.spk, 2, v->terms.spk.len));
}

static bool is_due(const struct kx_verifying *v, uint64_t value, uint64_t due)
{
    bool takes_more = (REF_DEFECT(kx_head_at_least) && kx_pays_head(v)) ||
                      (REF_DEFECT(kx_output_at_least) && !kx_pays_head(v));

    return value == due || (takes_more && value > due) ||
           (REF_DEFECT(kx_output_short) && value + 1 == due);
}

/* Which output is claimed, and what it is worth. */
static void claim_output(const struct kx_verifying *v, uint64_t *index, uint64_t *value)
{
    const struct kaspa_tx *tx = &v->out->tx;

    *index = v->payment->output_index;
    for (size_t i = 0; REF_DEFECT(kx_output_index) && i < tx->output_count; i++)
        *index = pays_merchant(v, i) ? i : *index;
    *value = *index < tx->output_count ? tx->outputs[*index].value : 0;
    for (size_t i = 0; REF_DEFECT(kx_output_sum) && i < tx->output_count; i++)
        *value += pays_merchant(v, i) && i != *index ? tx->outputs[i].value : 0;
}

static bool allows_more_outputs(void)
{
    return REF_DEFECT(kx_output_twice) || REF_DEFECT(kx_output_sum) || REF_DEFECT(kx_replay_index);
}

/* A head grows by the amount; the terms have checked that the sum is one. */
void kx_judge_merchant(struct kx_verifying *v, enum kx_exact_rule rule)
{
    const struct kaspa_tx *tx = &v->out->tx;
    uint64_t due = v->terms.amount + (kx_pays_head(v) ? v->terms.head.amount : 0);
    uint64_t index, value;
    size_t count = 0;

    for (size_t i = 0; i < tx->output_count; i++)
        count += pays_merchant(v, i) ? 1 : 0;
    claim_output(v, &index, &value);
    if (count != 1 && !(count > 1 && allows_more_outputs()))
        kx_check_break(v, rule, "%zu outputs pay to the merchant", count);
    else if (index >= tx->output_count || !pays_merchant(v, (size_t)index))
        kx_check_break(v, rule, "the payload names another output");
    else if (!is_due(v, value, due))
        kx_check_break(v, rule, "it is worth %llu sompi, not %llu", (unsigned long long)value,
                       (unsigned long long)due);
    else
        kx_check_hold(v, rule);
}

static bool is_of_payer(const struct kx_verifying *v, const struct kaspa_spk *spk)
{
    for (size_t i = kx_first_payer(v); i < v->out->tx.input_count; i++) {
        if (kaspa_spk_equal(spk, &v->coins[i].spk))
            return true;
    }
    return false;
}

/* Whoever takes another output for the payment does not take it for change. */
static bool is_change(const struct kx_verifying *v, size_t i)
{
    bool is_paid = pays_merchant(v, i) && (allows_more_outputs() || REF_DEFECT(kx_output_index));

    return i != v->payment->output_index && !is_paid;
}

void kx_judge_change(struct kx_verifying *v, enum kx_exact_rule rule)
{
    const struct kaspa_tx *tx = &v->out->tx;

    for (size_t i = 0; i + PLANTED(exact_change) < tx->output_count; i++) {
        if (is_change(v, i) && !is_of_payer(v, &tx->outputs[i].spk)) {
            kx_check_break(v, rule, "output %zu pays to a stranger", i);
            return;
        }
    }
    kx_check_hold(v, rule);
}
