/* Transactions from plans: lay out, balance, sign, learn what to commit to; see build.h. */
#include "kaspa/build.h"

#include "kaspa/engine.h"

#include <assert.h>

/* The longest opcode and length before pushed data. */
#define PUSH_HEADER_MAX_BYTES 5

/* A value v of plurality p costs C * p^2 / v: above the limit of a block below this times p^2. */
#define DUST_SOMPI (KASPA_STORAGE_MASS_C / KASPA_BLOCK_STORAGE_LIMIT)

static_assert(sizeof(struct kaspa_utxo) <= sizeof(struct kaspa_spend), "sizes cannot wrap");

/* A transaction in the making, and what its arrays are while they still change. */
struct draft {
    const struct kaspa_plan *plan;
    struct assay_arena *arena;
    struct assay_err *err;
    struct kaspa_tx tx;
    struct kaspa_input *inputs;
    struct kaspa_output *outputs; /* those of the plan, and room for change */
    const struct kaspa_utxo *utxos;
    uint8_t **signatures; /* one an input: where its first one goes */
    uint64_t rest;        /* what the spends are worth beyond the outputs of the plan */
};

static enum assay_code no_memory(const struct draft *d)
{
    return assay_fail(d->err, ASSAY_E_NOMEM, 0, "no memory for a transaction");
}

/* None: of a script alone. */
static size_t signer_count(const struct kaspa_spend *spend)
{
    bool may_cosign = spend->kind == KASPA_SPEND_SCRIPT_HASH;

    if (spend->key == NULL || spend->kind == KASPA_SPEND_RAW)
        return 0;
    return may_cosign ? 1 + spend->cosigner_count : 1;
}

static uint8_t sighash_type(const struct kaspa_spend *spend)
{
    return spend->sighash_type != 0 ? spend->sighash_type : KASPA_SIGHASH_ALL;
}

static int32_t commit_max(const struct kaspa_plan *plan)
{
    return plan->version == 0 ? UINT8_MAX : UINT16_MAX;
}

static enum assay_code check_spend(const struct kaspa_plan *plan, size_t i, struct assay_err *err)
{
    const struct kaspa_spend *spend = &plan->spends[i];
    bool must_sign = spend->kind == KASPA_SPEND_PUBKEY || spend->kind == KASPA_SPEND_PUBKEY_ECDSA;

    if (must_sign && spend->key == NULL)
        return assay_fail(err, ASSAY_E_MISSING, i, "spend %zu: there is no key to sign with", i);
    if (!kaspa_sighash_type_is_known(sighash_type(spend)))
        return assay_fail(err, ASSAY_E_UNKNOWN, i, "spend %zu: the signature hash type 0x%02x", i,
                          (unsigned)spend->sighash_type);
    if (spend->commit != KASPA_COMMIT_LEARN &&
        (spend->commit < 0 || spend->commit > commit_max(plan)))
        return assay_fail(err, ASSAY_E_RANGE, i, "spend %zu: the commitment %ld", i,
                          (long)spend->commit);
    if (spend->unlock.len > KASPA_SIGNATURE_SCRIPT_MAX_BYTES ||
        spend->redeem.len > KASPA_SIGNATURE_SCRIPT_MAX_BYTES ||
        spend->cosigner_count > KASPA_SIGNATURE_SCRIPT_MAX_BYTES / KASPA_SIGNATURE_PUSH_BYTES)
        return assay_fail(err, ASSAY_E_TOO_LARGE, i, "spend %zu: the signature script", i);
    return ASSAY_OK;
}

static enum assay_code check_outputs(const struct kaspa_plan *plan, struct assay_err *err)
{
    size_t change_count = plan->change != NULL ? 1 : 0;

    if (plan->output_count > KASPA_TX_MAX_OUTPUTS - change_count)
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "more outputs than a transaction has");
    if (plan->change != NULL && plan->change->script.len > KASPA_OUTPUT_SCRIPT_MAX_BYTES)
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "the script of the change output");
    for (size_t i = 0; i < plan->output_count; i++) {
        if (plan->outputs[i].spk.script.len > KASPA_OUTPUT_SCRIPT_MAX_BYTES)
            return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "the script of output %zu", i);
    }
    return ASSAY_OK;
}

static enum assay_code check_plan(const struct kaspa_plan *plan, struct assay_err *err)
{
    enum assay_code rc;

    if (plan->spend_count == 0)
        return assay_fail(err, ASSAY_E_MISSING, 0, "nothing is spent");
    if (plan->spend_count > KASPA_TX_MAX_INPUTS)
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "more spends than a transaction has inputs");
    rc = check_outputs(plan, err);
    for (size_t i = 0; rc == ASSAY_OK && i < plan->spend_count; i++)
        rc = check_spend(plan, i, err);
    return rc;
}

/* *sum is at most KASPA_MAX_SOMPI, before and after. */
static bool add_amount(uint64_t *sum, uint64_t amount)
{
    if (amount > KASPA_MAX_SOMPI - *sum)
        return false;
    *sum += amount;
    return true;
}

static enum assay_code sum_up(struct draft *d)
{
    const struct kaspa_plan *plan = d->plan;
    uint64_t in = 0, out = 0;
    bool fits = true;

    for (size_t i = 0; fits && i < plan->spend_count; i++)
        fits = add_amount(&in, plan->spends[i].utxo.amount);
    for (size_t i = 0; fits && i < plan->output_count; i++)
        fits = add_amount(&out, plan->outputs[i].value);
    if (!fits)
        return assay_fail(d->err, ASSAY_E_RANGE, 0, "a sum is above what there can be");
    if (in < out)
        return assay_fail(d->err, ASSAY_E_RANGE, 0, "the spends are worth less than the outputs");
    d->rest = in - out;
    return ASSAY_OK;
}

/* The signature script at its full length, so that masses are right from here on, with zeros where
 * the signatures will be. */
static enum assay_code lay_out_script(struct draft *d, size_t i)
{
    const struct kaspa_spend *spend = &d->plan->spends[i];
    size_t signatures_len = signer_count(spend) * KASPA_SIGNATURE_PUSH_BYTES;
    size_t room = spend->unlock.len + signatures_len + PUSH_HEADER_MAX_BYTES + spend->redeem.len;
    uint8_t *at = assay_arena_alloc(d->arena, room);
    struct assay_buf script = {.at = at, .room = room, .max = room, .fixed = true};

    if (at == NULL)
        return no_memory(d);
    if (spend->kind == KASPA_SPEND_SCRIPT_HASH || spend->kind == KASPA_SPEND_RAW)
        assay_buf_add(&script, spend->unlock);
    d->signatures[i] = assay_buf_extend(&script, signatures_len);
    if (spend->kind == KASPA_SPEND_SCRIPT_HASH)
        kaspa_script_add_push(&script, spend->redeem);
    if (script.len > KASPA_SIGNATURE_SCRIPT_MAX_BYTES)
        return assay_fail(d->err, ASSAY_E_TOO_LARGE, i, "spend %zu: the signature script", i);
    d->inputs[i] = (struct kaspa_input){
        .previous = spend->outpoint,
        .signature_script = assay_buf_view(&script),
        .sequence = spend->sequence,
        .commit_kind = d->plan->version == 0 ? KASPA_COMMIT_SIG_OPS : KASPA_COMMIT_BUDGET,
        .commit = spend->commit != KASPA_COMMIT_LEARN ? (uint16_t)spend->commit : 0,
    };
    return ASSAY_OK;
}

static enum assay_code lay_out(struct draft *d)
{
    const struct kaspa_plan *plan = d->plan;
    enum assay_code rc = ASSAY_OK;

    d->utxos = kaspa_plan_utxos(d->arena, plan);
    d->inputs = assay_arena_alloc(d->arena, plan->spend_count * sizeof(*d->inputs));
    d->outputs = assay_arena_alloc(d->arena, (plan->output_count + 1) * sizeof(*d->outputs));
    d->signatures = assay_arena_alloc(d->arena, plan->spend_count * sizeof(*d->signatures));
    if (d->utxos == NULL || d->inputs == NULL || d->outputs == NULL || d->signatures == NULL)
        return no_memory(d);
    for (size_t i = 0; i < plan->output_count; i++)
        d->outputs[i] = plan->outputs[i];
    for (size_t i = 0; rc == ASSAY_OK && i < plan->spend_count; i++)
        rc = lay_out_script(d, i);
    d->tx = (struct kaspa_tx){
        .version = plan->version,
        .inputs = d->inputs,
        .input_count = plan->spend_count,
        .outputs = d->outputs,
        .output_count = plan->output_count,
        .lock_time = plan->lock_time,
        .gas = plan->gas,
        .payload = plan->payload,
    };
    memcpy(d->tx.subnetwork_id, plan->subnetwork_id, sizeof(d->tx.subnetwork_id));
    return rc;
}

/* Digest, section 6.5, at the rate of the plan. */
static uint64_t minimum_fee(const struct draft *d)
{
    uint64_t rate = d->plan->fee_per_kilogram;

    return kaspa_minimum_fee(kaspa_relay_mass(&d->tx),
                             rate != 0 ? rate : KASPA_RELAY_FEE_PER_KILOGRAM);
}

static bool is_dust(const struct draft *d, const struct kaspa_output *change)
{
    uint64_t plurality = kaspa_plurality(change->spk.script.len, false);
    uint64_t mass;

    if (kaspa_storage_mass(&mass, &d->tx, d->utxos) && mass <= KASPA_BLOCK_STORAGE_LIMIT)
        return false;
    return change->value < DUST_SOMPI * plurality * plurality;
}

/* The masses that fees are made of do not depend on amounts, so the change output is put in first,
 * and then gets what the fee leaves. False: it makes no sense and is out again. */
static bool add_change(struct draft *d)
{
    struct kaspa_output *change = &d->outputs[d->plan->output_count];
    uint64_t fee;

    *change = (struct kaspa_output){.spk = *d->plan->change};
    d->tx.output_count = d->plan->output_count + 1;
    fee = minimum_fee(d);
    change->value = d->rest > fee ? d->rest - fee : 0;
    if (change->value > 0 && !is_dust(d, change))
        return true;
    d->tx.output_count = d->plan->output_count;
    return false;
}

static enum assay_code balance(struct draft *d)
{
    if (d->plan->change != NULL && !add_change(d) && d->rest < minimum_fee(d))
        return assay_fail(d->err, ASSAY_E_RANGE, 0, "the spends do not cover the fee");
    if (!kaspa_storage_mass(&d->tx.storage_mass, &d->tx, d->utxos))
        return assay_fail(d->err, ASSAY_E_RANGE, 0,
                          "the storage mass does not fit, or an amount is 0");
    return ASSAY_OK;
}

static enum assay_code sign_spend(struct draft *d, size_t i, struct kaspa_sighash_cache *cache)
{
    const struct kaspa_spend *spend = &d->plan->spends[i];
    bool is_ecdsa = spend->kind == KASPA_SPEND_PUBKEY_ECDSA ||
                    (spend->kind == KASPA_SPEND_SCRIPT_HASH && spend->ecdsa);
    uint8_t type = sighash_type(spend);
    uint8_t *push = d->signatures[i];

    for (size_t k = 0; k < signer_count(spend); k++, push += KASPA_SIGNATURE_PUSH_BYTES) {
        const struct assay_key *key = k == 0 ? spend->key : spend->cosigners[k - 1];
        enum assay_code rc =
            is_ecdsa ? kaspa_sign_ecdsa(push, &d->tx, i, &d->utxos[i], type, key, cache)
                     : kaspa_sign_schnorr(push, &d->tx, i, &d->utxos[i], type, key, cache);

        if (rc != ASSAY_OK)
            return assay_fail(d->err, rc, i, "spend %zu: key %zu was never made", i, k);
    }
    return ASSAY_OK;
}

static enum assay_code sign(struct draft *d)
{
    struct kaspa_sighash_cache cache = {0};
    enum assay_code rc = ASSAY_OK;

    for (size_t i = 0; rc == ASSAY_OK && i < d->tx.input_count; i++)
        rc = sign_spend(d, i, &cache);
    return rc;
}

/* The smallest commitment that covers the units; false: none does. Digest, section 4.4. */
static bool commit_for(uint16_t *out, const struct draft *d, uint64_t units)
{
    uint64_t charged = units > KASPA_UNITS_FREE ? units - KASPA_UNITS_FREE : 0;
    uint64_t sig_ops = charged / KASPA_UNITS_PER_SIG_OP + (charged % KASPA_UNITS_PER_SIG_OP != 0);

    if (d->plan->version > 0)
        return kaspa_budget_for(out, units);
    *out = (uint16_t)sig_ops;
    return sig_ops <= UINT8_MAX;
}

static enum assay_code run_failed(const struct draft *d, size_t i, const struct kaspa_run *run)
{
    bool is_invalid = run->outcome == KASPA_INVALID;

    if (run->outcome == KASPA_UNDECIDED && run->why == KASPA_UNDECIDED_RESOURCE)
        return no_memory(d);
    return assay_fail(
        d->err, ASSAY_E_UNSUPPORTED, i, "spend %zu: what its script needs is not known: %s", i,
        is_invalid ? kaspa_script_error_name(run->error) : kaspa_undecided_name(run->why));
}

/* Runs one input without limit; *is_enough becomes false where it committed to less. */
static enum assay_code learn_commit(struct draft *d, struct kaspa_engine *engine, size_t i,
                                    bool *is_enough)
{
    struct kaspa_run run;
    uint16_t commit;

    engine->input = i;
    kaspa_engine_run_input(&run, engine);
    if (run.outcome != KASPA_VALID)
        return run_failed(d, i, &run);
    if (!commit_for(&commit, d, run.used_units))
        return assay_fail(d->err, ASSAY_E_RANGE, i, "spend %zu: no commitment covers its script",
                          i);
    if (commit > d->inputs[i].commit) {
        d->inputs[i].commit = commit;
        *is_enough = false;
    }
    return ASSAY_OK;
}

static enum assay_code make_covenants(struct draft *d, struct kaspa_covenants *covenants)
{
    bool is_resource = false;
    enum kaspa_tx_error error;
    size_t at = 0;

    error = kaspa_covenants_make(covenants, &at, &is_resource, &d->tx, d->utxos, d->arena);
    if (is_resource)
        return no_memory(d);
    if (error != KASPA_TX_OK)
        return assay_fail(d->err, ASSAY_E_UNSUPPORTED, 0, "no script can be run: %s",
                          kaspa_tx_error_name(error));
    return ASSAY_OK;
}

static bool has_commit_to_learn(const struct kaspa_plan *plan)
{
    size_t i = 0;

    while (i < plan->spend_count && plan->spends[i].commit != KASPA_COMMIT_LEARN)
        i++;
    return i < plan->spend_count;
}

static enum assay_code learn_commits(struct draft *d, bool *is_enough)
{
    struct kaspa_sighash_cache cache = {0};
    struct kaspa_covenants covenants = {0};
    struct kaspa_engine engine = {
        .tx = &d->tx,
        .utxos = d->utxos,
        .covenants = &covenants,
        .cache = &cache,
        .unit_limit = KASPA_UNITS_UNLIMITED,
        .arena = d->arena,
    };
    enum assay_code rc = ASSAY_OK;

    *is_enough = true;
    if (!has_commit_to_learn(d->plan))
        return ASSAY_OK;
    rc = make_covenants(d, &covenants);
    for (size_t i = 0; rc == ASSAY_OK && i < d->tx.input_count; i++) {
        if (d->plan->spends[i].commit == KASPA_COMMIT_LEARN)
            rc = learn_commit(d, &engine, i, is_enough);
    }
    return rc;
}

/* See build.h for why in this order, and why more than once. */
static enum assay_code settle(struct draft *d)
{
    bool is_enough = false;
    enum assay_code rc;

    for (int round = 0; !is_enough && round < KASPA_BUILD_ROUNDS; round++) {
        if ((rc = balance(d)) != ASSAY_OK || (rc = sign(d)) != ASSAY_OK ||
            (rc = learn_commits(d, &is_enough)) != ASSAY_OK)
            return rc;
    }
    if (is_enough)
        return ASSAY_OK;
    return assay_fail(d->err, ASSAY_E_UNSUPPORTED, 0,
                      "the more is committed to, the more the scripts need");
}

enum assay_code kaspa_build(struct kaspa_tx *out, struct assay_arena *arena,
                            const struct kaspa_plan *plan, struct assay_err *err)
{
    struct draft d = {.plan = plan, .arena = arena, .err = err};
    enum assay_code rc;

    if ((rc = check_plan(plan, err)) != ASSAY_OK || (rc = sum_up(&d)) != ASSAY_OK ||
        (rc = lay_out(&d)) != ASSAY_OK || (rc = settle(&d)) != ASSAY_OK)
        return rc;
    *out = d.tx;
    return ASSAY_OK;
}

const struct kaspa_utxo *kaspa_plan_utxos(struct assay_arena *arena, const struct kaspa_plan *plan)
{
    struct kaspa_utxo *utxos = assay_arena_alloc(arena, plan->spend_count * sizeof(*utxos));

    for (size_t i = 0; utxos != NULL && i < plan->spend_count; i++)
        utxos[i] = plan->spends[i].utxo;
    return utxos;
}
