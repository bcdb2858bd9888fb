/* Finality, and the rules of a transaction with what it spends. Source: Kaspa consensus digest,
 * sections 6.2 and 6.3. */
#include "kaspa/verify_internal.h"

#define COINBASE_MATURITY 1000 /* DAA */

static const char no_point_of_view[] = "the point of view is not known";

static struct kaspa_check *check_of(const struct kaspa_verifying *v, enum kaspa_rule_number rule)
{
    return &v->out->checks[rule];
}

/* The first input that does not waive the lock time; input_count: all do. */
static size_t first_locked(const struct kaspa_tx *tx)
{
    size_t i = 0;

    while (i < tx->input_count && tx->inputs[i].sequence == KASPA_SEQUENCE_FINAL)
        i++;
    return i;
}

bool kaspa_tx_is_final(const struct kaspa_tx *tx, const struct kaspa_point_of_view *pov)
{
    bool is_score = tx->lock_time < KASPA_LOCK_TIME_THRESHOLD;

    return tx->lock_time == 0 ||
           tx->lock_time < (is_score ? pov->daa_score : pov->past_median_time_ms) ||
           first_locked(tx) == tx->input_count;
}

void kaspa_verify_finality(struct kaspa_verifying *v)
{
    struct kaspa_check *check = check_of(v, KASPA_RULE_FINALITY);

    if (v->tx->lock_time == 0 || first_locked(v->tx) == v->tx->input_count)
        kaspa_check_hold(check); /* from any point of view */
    else if (v->with->pov == NULL)
        kaspa_check_pass_over(check, no_point_of_view);
    else if (kaspa_tx_is_final(v->tx, v->with->pov))
        kaspa_check_hold(check);
    else
        kaspa_check_break(check, KASPA_TX_NOT_FINALIZED, first_locked(v->tx));
}

/* Digest 6.3 (5): in signed 64-bit numbers, as the node casts both scores. What passes their end
 * is a score of no chain and stays closed. */
bool kaspa_sequence_lock_is_open(uint64_t sequence, uint64_t utxo_daa_score, uint64_t pov_daa_score)
{
    int64_t made = (int64_t)utxo_daa_score, lock = (int64_t)(sequence & KASPA_SEQUENCE_LOCK_MASK);

    if ((sequence & KASPA_SEQUENCE_LOCK_DISABLED) != 0)
        return true;
    if (made > INT64_MAX - lock)
        return false;
    return made + lock <= (int64_t)pov_daa_score;
}

static bool is_mature(const struct kaspa_utxo *utxo, uint64_t now)
{
    return now >= COINBASE_MATURITY && utxo->block_daa_score <= now - COINBASE_MATURITY;
}

/* Without a coinbase among them all are mature, from any point of view. */
static void check_maturity(struct kaspa_verifying *v)
{
    struct kaspa_check *check = check_of(v, KASPA_RULE_MATURITY);

    kaspa_check_hold(check);
    for (size_t i = 0; i < v->tx->input_count && check->result == KASPA_CHECK_HELD; i++) {
        if (!v->with->utxos[i].is_coinbase)
            continue;
        if (v->with->pov == NULL)
            kaspa_check_pass_over(check, no_point_of_view);
        else if (!is_mature(&v->with->utxos[i], v->with->pov->daa_score))
            kaspa_check_break(check, KASPA_TX_IMMATURE_COINBASE, i);
    }
}

static enum kaspa_tx_error sum_inputs(uint64_t *sum, size_t *at, const struct kaspa_verifying *v)
{
    *sum = 0;
    for (*at = 0; *at < v->tx->input_count; (*at)++) {
        uint64_t amount = v->with->utxos[*at].amount;

        if (amount > UINT64_MAX - *sum)
            return KASPA_TX_INPUT_OVERFLOW;
        *sum += amount;
        if (*sum > KASPA_MAX_SOMPI)
            return KASPA_TX_INPUT_TOO_HIGH;
    }
    return KASPA_TX_OK;
}

static void check_fee(struct kaspa_verifying *v)
{
    struct kaspa_verdict *out = v->out;
    struct kaspa_check *check = check_of(v, KASPA_RULE_FEE);

    out->has_fee = out->input_sum >= out->output_sum;
    out->fee = out->has_fee ? out->input_sum - out->output_sum : 0;
    kaspa_check_settle(check, out->has_fee ? KASPA_TX_OK : KASPA_TX_SPEND_TOO_HIGH, 0);
}

static void check_storage_mass(struct kaspa_verifying *v)
{
    struct kaspa_verdict *out = v->out;
    struct kaspa_check *check = check_of(v, KASPA_RULE_STORAGE_MASS);
    uint64_t committed = v->tx->storage_mass;
    bool is_claim = committed != 0 || !v->with->mass_is_filled_in;

    out->has_storage_mass = kaspa_storage_mass(&out->storage_mass, v->tx, v->with->utxos);
    if (!out->has_storage_mass)
        kaspa_check_break(check, KASPA_TX_MASS_INCOMPUTABLE, 0);
    else if (is_claim && committed != out->storage_mass)
        kaspa_check_break(check, KASPA_TX_WRONG_MASS, 0);
    else
        kaspa_check_hold(check);
}

static void check_amounts(struct kaspa_verifying *v)
{
    static const char why[] = "the amounts of the inputs are not right";
    struct kaspa_check *check = check_of(v, KASPA_RULE_INPUT_AMOUNTS);
    uint64_t sum;
    size_t at;
    enum kaspa_tx_error error = sum_inputs(&sum, &at, v);

    kaspa_check_settle(check, error, at);
    if (error != KASPA_TX_OK) {
        kaspa_check_pass_over(check_of(v, KASPA_RULE_FEE), why);
        kaspa_check_pass_over(check_of(v, KASPA_RULE_STORAGE_MASS), why);
        return;
    }
    v->out->input_sum = sum;
    check_fee(v);
    check_storage_mass(v);
}

/* An input that disables its lock has none, from any point of view. */
static void check_sequence_locks(struct kaspa_verifying *v)
{
    struct kaspa_check *check = check_of(v, KASPA_RULE_SEQUENCE_LOCKS);

    kaspa_check_hold(check);
    for (size_t i = 0; i < v->tx->input_count && check->result == KASPA_CHECK_HELD; i++) {
        uint64_t sequence = v->tx->inputs[i].sequence;

        if ((sequence & KASPA_SEQUENCE_LOCK_DISABLED) != 0)
            continue;
        if (v->with->pov == NULL)
            kaspa_check_pass_over(check, no_point_of_view);
        else if (!kaspa_sequence_lock_is_open(sequence, v->with->utxos[i].block_daa_score,
                                              v->with->pov->daa_score))
            kaspa_check_break(check, KASPA_TX_SEQUENCE_LOCK, i);
    }
}

static void check_covenants(struct kaspa_verifying *v)
{
    struct kaspa_check *check = check_of(v, KASPA_RULE_COVENANTS);
    bool resource = false;
    size_t at = 0;
    enum kaspa_tx_error error =
        kaspa_covenants_make(&v->covenants, &at, &resource, v->tx, v->with->utxos, v->with->arena);

    if (!resource)
        kaspa_check_settle(check, error, at);
    else
        *check = (struct kaspa_check){
            .result = KASPA_CHECK_UNDECIDED,
            .run = {.outcome = KASPA_UNDECIDED,
                    .why = KASPA_UNDECIDED_RESOURCE,
                    .part = KASPA_PART_NONE},
        };
}

/* What a script that ends with false means where it does nothing but check a signature. */
static const char *why_of(const struct kaspa_spk *spk, const struct kaspa_run *run)
{
    enum kaspa_class class = kaspa_spk_class(spk);
    bool is_key = class == KASPA_CLASS_PUBKEY || class == KASPA_CLASS_PUBKEY_ECDSA;

    return is_key && run->error == KASPA_SCRIPT_EVAL_FALSE
               ? "the signature is not by this key over this transaction and this coin: the "
                 "amount, "
                 "the script or the transaction is not what was signed, or another key signed it"
               : NULL;
}

/* The first failure ends it; the first script that cannot be decided does not. */
static void check_scripts(struct kaspa_verifying *v)
{
    struct kaspa_check *check = check_of(v, KASPA_RULE_SCRIPTS);
    struct kaspa_sighash_cache cache = {0};
    struct kaspa_engine engine = {
        .tx = v->tx,
        .utxos = v->with->utxos,
        .covenants = &v->covenants,
        .cache = &cache,
        .arena = v->with->arena,
    };

    kaspa_check_hold(check);
    for (engine.input = 0; engine.input < v->tx->input_count; engine.input++) {
        bool is_empty = v->tx->inputs[engine.input].signature_script.len == 0;
        struct kaspa_run run;

        engine.unit_limit = kaspa_unit_limit(v->tx, engine.input);
        kaspa_engine_run_input(&run, &engine);
        if (v->with->used_units != NULL)
            v->with->used_units[engine.input] = run.used_units;
        if (run.outcome == KASPA_INVALID) {
            kaspa_check_break(check,
                              is_empty ? KASPA_TX_SIGNATURE_EMPTY : KASPA_TX_SIGNATURE_INVALID,
                              engine.input);
            check->run = run;
            check->why = why_of(&v->with->utxos[engine.input].spk, &run);
            return;
        }
        if (run.outcome == KASPA_UNDECIDED && check->result == KASPA_CHECK_HELD)
            *check = (struct kaspa_check){
                .result = KASPA_CHECK_UNDECIDED, .run = run, .at = engine.input};
    }
}

static void check_spent(struct kaspa_verifying *v)
{
    const bool *is_missing = v->with->is_missing;
    struct kaspa_check *check = check_of(v, KASPA_RULE_SPENT);
    size_t i = 0;

    while (i < v->tx->input_count && (is_missing == NULL || !is_missing[i]))
        i++;
    if (i < v->tx->input_count)
        kaspa_check_break(check, KASPA_TX_MISSING_OUTPOINTS, i);
    else
        kaspa_check_hold(check);
}

static void pass_over_spending(struct kaspa_verifying *v, enum kaspa_rule_number from,
                               const char *why)
{
    for (size_t i = from; i <= KASPA_RULE_SCRIPTS; i++)
        kaspa_check_pass_over(&v->out->checks[i], why);
}

static const char *why_no_spending(const struct kaspa_verifying *v)
{
    const char *why = kaspa_why_not_beyond_isolation(v);

    if (why == NULL && kaspa_tx_is_coinbase(v->tx))
        why = "a coinbase spends nothing, and its block says what it may pay";
    if (why == NULL && v->with->utxos == NULL)
        why = "what it spends is not known";
    return why;
}

void kaspa_verify_spending(struct kaspa_verifying *v)
{
    const char *why = why_no_spending(v);

    if (why != NULL) {
        pass_over_spending(v, KASPA_RULE_SPENT, why);
        return;
    }
    check_spent(v);
    if (!kaspa_has_held(v->out, KASPA_RULE_SPENT)) {
        pass_over_spending(v, KASPA_RULE_MATURITY, "not everything that it spends is there");
        return;
    }
    check_maturity(v);
    check_sequence_locks(v);
    check_amounts(v);
    check_covenants(v);
    v->may_run_scripts = kaspa_has_held(v->out, KASPA_RULE_COVENANTS);
    if (!v->may_run_scripts)
        kaspa_check_pass_over(check_of(v, KASPA_RULE_SCRIPTS), "its covenants do not hold");
}

/* A transaction that no block has room for may cost any time to run, and is refused already. */
void kaspa_verify_scripts(struct kaspa_verifying *v)
{
    if (!v->may_run_scripts)
        return;
    if (check_of(v, KASPA_RULE_MASS_LIMITS)->result == KASPA_CHECK_BROKEN)
        kaspa_check_pass_over(check_of(v, KASPA_RULE_SCRIPTS), "no block has room for it");
    else
        check_scripts(v);
}
