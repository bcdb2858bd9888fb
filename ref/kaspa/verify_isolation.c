/* Isolation: the rules of a transaction alone. Source: Kaspa consensus digest, section 6.1. */
#include "kaspa/verify_internal.h"

#include <assert.h>

static enum kaspa_tx_error check_inputs(const struct kaspa_tx *tx, size_t *at)
{
    if (tx->input_count == 0 && !kaspa_tx_is_coinbase(tx))
        return KASPA_TX_NO_INPUTS;
    if (tx->input_count > KASPA_TX_MAX_INPUTS)
        return KASPA_TX_TOO_MANY_INPUTS;
    for (*at = 0; *at < tx->input_count; (*at)++)
        if (tx->inputs[*at].signature_script.len > KASPA_SIGNATURE_SCRIPT_MAX_BYTES)
            return KASPA_TX_TOO_BIG_SIGNATURE_SCRIPT;
    return KASPA_TX_OK;
}

/* How many outputs a coinbase has is a rule of its own. */
static enum kaspa_tx_error check_outputs(const struct kaspa_tx *tx, size_t *at)
{
    if (tx->output_count > KASPA_TX_MAX_OUTPUTS && !kaspa_tx_is_coinbase(tx))
        return KASPA_TX_TOO_MANY_OUTPUTS;
    for (*at = 0; *at < tx->output_count; (*at)++)
        if (tx->outputs[*at].spk.script.len > KASPA_OUTPUT_SCRIPT_MAX_BYTES)
            return KASPA_TX_TOO_BIG_SCRIPT_PUBLIC_KEY;
    return KASPA_TX_OK;
}

static enum kaspa_tx_error check_coinbase(const struct kaspa_tx *tx, size_t *at)
{
    if (!kaspa_tx_is_coinbase(tx))
        return KASPA_TX_OK;
    if (tx->input_count > 0)
        return KASPA_TX_COINBASE_HAS_INPUTS;
    if (tx->storage_mass > 0)
        return KASPA_TX_COINBASE_MASS;
    if (tx->output_count > KASPA_COINBASE_MAX_OUTPUTS)
        return KASPA_TX_COINBASE_TOO_MANY_OUTPUTS;
    for (*at = 0; *at < tx->output_count; (*at)++)
        if (tx->outputs[*at].spk.script.len > KASPA_COINBASE_OUTPUT_SCRIPT_MAX_BYTES)
            return KASPA_TX_COINBASE_SCRIPT_TOO_LONG;
    return KASPA_TX_OK;
}

/* The node's OutputsValueOverflow cannot come about: a sum that is not too high yet, and a value
 * that is not, fit together. */
static enum kaspa_tx_error check_amounts(const struct kaspa_tx *tx, size_t *at)
{
    uint64_t sum = 0;

    static_assert(KASPA_MAX_SOMPI <= UINT64_MAX / 2, "two amounts fit");
    for (*at = 0; *at < tx->output_count; (*at)++) {
        uint64_t value = tx->outputs[*at].value;

        if (value == 0)
            return KASPA_TX_OUT_ZERO;
        if (value > KASPA_MAX_SOMPI)
            return KASPA_TX_OUT_TOO_HIGH;
        sum += value;
        if (sum > KASPA_MAX_SOMPI)
            return KASPA_TX_TOTAL_OUT_TOO_HIGH;
    }
    return KASPA_TX_OK;
}

static int compare_outpoints(const struct kaspa_outpoint *a, const struct kaspa_outpoint *b)
{
    int order = memcmp(a->txid.at, b->txid.at, sizeof(a->txid.at));

    if (order != 0)
        return order;
    return a->index == b->index ? 0 : a->index < b->index ? -1 : 1;
}

/* Where the outpoint of `input` belongs among the inputs in `sorted`; false: it is there. */
static bool find_place(size_t *place, const struct kaspa_tx *tx, const uint16_t *sorted,
                       size_t count, size_t input)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order =
            compare_outpoints(&tx->inputs[input].previous, &tx->inputs[sorted[middle]].previous);

        if (order == 0)
            return false;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    *place = low;
    return true;
}

/* Inserts one input after another, so that the first repetition is found first. */
static enum kaspa_tx_error check_outpoints(const struct kaspa_tx *tx, size_t *at)
{
    uint16_t sorted[KASPA_TX_MAX_INPUTS];

    assert(tx->input_count <= ARRAY_LEN(sorted));
    for (*at = 0; *at < tx->input_count; (*at)++) {
        size_t place;

        if (!find_place(&place, tx, sorted, *at, *at))
            return KASPA_TX_DUPLICATE_INPUTS;
        memmove(sorted + place + 1, sorted + place, (*at - place) * sizeof(sorted[0]));
        sorted[place] = (uint16_t)*at;
    }
    return KASPA_TX_OK;
}

static bool is_reserved_subnetwork(const struct kaspa_tx *tx)
{
    static const uint8_t zeros[KASPA_SUBNETWORK_BYTES - 1];

    return memcmp(tx->subnetwork_id + 1, zeros, sizeof(zeros)) == 0;
}

/* What is no lane of a user either is left to the next rule. */
static enum kaspa_tx_error check_gas(const struct kaspa_tx *tx, size_t *at)
{
    (void)at;
    if (tx->gas > 0 && (tx->version == 0 || is_reserved_subnetwork(tx)))
        return KASPA_TX_HAS_GAS;
    return KASPA_TX_OK;
}

static enum kaspa_tx_error check_subnetwork(const struct kaspa_tx *tx, size_t *at)
{
    (void)at;
    if (kaspa_tx_is_native(tx) || kaspa_tx_is_coinbase(tx) ||
        (tx->version > 0 && kaspa_tx_is_user_lane(tx)))
        return KASPA_TX_OK;
    return KASPA_TX_SUBNETWORKS_DISABLED;
}

static enum kaspa_tx_error check_version(const struct kaspa_tx *tx, size_t *at)
{
    (void)at;
    return tx->version <= KASPA_TX_MAX_VERSION ? KASPA_TX_OK : KASPA_TX_UNKNOWN_VERSION;
}

static enum kaspa_tx_error check_fields(const struct kaspa_tx *tx, size_t *at)
{
    enum kaspa_commit kind = tx->version == 0 ? KASPA_COMMIT_SIG_OPS : KASPA_COMMIT_BUDGET;

    for (*at = 0; *at < tx->input_count; (*at)++)
        if (tx->inputs[*at].commit_kind != kind)
            return tx->version == 0 ? KASPA_TX_BUDGET_IN_V0 : KASPA_TX_SIG_OP_COUNT_IN_V1;
    for (*at = 0; *at < tx->output_count && tx->version == 0; (*at)++)
        if (tx->outputs[*at].has_covenant)
            return KASPA_TX_COVENANT_IN_V0;
    return KASPA_TX_OK;
}

/* In the order of rules.def. *at may be left anywhere but where an input or output is at fault. */
static enum kaspa_tx_error (*const checks[])(const struct kaspa_tx *tx, size_t *at) = {
    [KASPA_RULE_INPUTS] = check_inputs,         [KASPA_RULE_OUTPUTS] = check_outputs,
    [KASPA_RULE_COINBASE] = check_coinbase,     [KASPA_RULE_AMOUNTS] = check_amounts,
    [KASPA_RULE_OUTPOINTS] = check_outpoints,   [KASPA_RULE_GAS] = check_gas,
    [KASPA_RULE_SUBNETWORK] = check_subnetwork, [KASPA_RULE_VERSION] = check_version,
    [KASPA_RULE_FIELDS] = check_fields,
};

static_assert(ARRAY_LEN(checks) == KASPA_RULE_FINALITY, "one row a rule of isolation");

enum kaspa_tx_error kaspa_tx_check_isolation(const struct kaspa_tx *tx, size_t *at)
{
    enum kaspa_tx_error error = KASPA_TX_OK;

    for (size_t i = 0; i < ARRAY_LEN(checks) && error == KASPA_TX_OK; i++) {
        *at = 0;
        error = checks[i](tx, at);
    }
    if (error == KASPA_TX_OK)
        *at = 0;
    return error;
}

static const char *why_not(const struct kaspa_tx *tx, size_t rule)
{
    if (rule == KASPA_RULE_OUTPOINTS && tx->input_count > KASPA_TX_MAX_INPUTS)
        return "it has too many inputs to compare them";
    if (rule == KASPA_RULE_FIELDS && tx->version > KASPA_TX_MAX_VERSION)
        return "what its version has is not known";
    return NULL;
}

void kaspa_verify_isolation(struct kaspa_verifying *v)
{
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        struct kaspa_check *check = &v->out->checks[i];
        const char *why = why_not(v->tx, i);
        enum kaspa_tx_error error;
        size_t at = 0;

        if (why != NULL) {
            kaspa_check_pass_over(check, why);
            continue;
        }
        error = checks[i](v->tx, &at);
        kaspa_check_settle(check, error, at);
    }
    for (size_t i = 0; i < v->tx->output_count && kaspa_has_held(v->out, KASPA_RULE_AMOUNTS); i++)
        v->out->output_sum += v->tx->outputs[i].value;
}

const char *kaspa_why_not_beyond_isolation(const struct kaspa_verifying *v)
{
    for (size_t i = 0; i < ARRAY_LEN(checks); i++)
        if (v->out->checks[i].result != KASPA_CHECK_HELD)
            return "a rule of isolation does not hold";
    return NULL;
}
