/* What a block has room for, and what nodes relay, which is policy and not consensus. Source: Kaspa
 * consensus digest, sections 6.4 and 6.5. */
#include "kaspa/verify_internal.h"

static const char no_utxos[] = "what it spends is not known";

static void check_outputs(struct kaspa_check *check, const struct kaspa_tx *tx)
{
    for (size_t i = 0; i < tx->output_count; i++)
        if (kaspa_spk_class(&tx->outputs[i].spk) == KASPA_CLASS_NONSTANDARD) {
            kaspa_check_break(check, KASPA_TX_NONSTANDARD_OUTPUT, i);
            return;
        }
    kaspa_check_hold(check);
}

static void check_inputs(struct kaspa_check *check, const struct kaspa_tx *tx,
                         const struct kaspa_utxo *utxos)
{
    for (size_t i = 0; i < tx->input_count; i++) {
        if (kaspa_spk_class(&utxos[i].spk) == KASPA_CLASS_NONSTANDARD) {
            kaspa_check_break(check, KASPA_TX_NONSTANDARD_INPUT, i);
            return;
        }
        if (kaspa_p2sh_sig_ops(tx->inputs[i].signature_script, &utxos[i].spk) > KASPA_SIG_OPS_MAX) {
            kaspa_check_break(check, KASPA_TX_TOO_MANY_SIG_OPS, i);
            return;
        }
    }
    kaspa_check_hold(check);
}

/* A storage mass that does not fit 64 bits is above its limit too. */
static enum kaspa_tx_error limit_passed(const struct kaspa_verifying *v)
{
    const struct kaspa_verdict *out = v->out;

    if (out->compute_mass > KASPA_BLOCK_COMPUTE_LIMIT ||
        out->transient_mass > KASPA_BLOCK_TRANSIENT_LIMIT ||
        (out->has_storage_mass && out->storage_mass > KASPA_BLOCK_STORAGE_LIMIT) ||
        out->checks[KASPA_RULE_STORAGE_MASS].error == KASPA_TX_MASS_INCOMPUTABLE)
        return KASPA_TX_MASS_ABOVE_LIMIT;
    return v->tx->gas > KASPA_LANE_GAS_LIMIT ? KASPA_TX_GAS_ABOVE_LIMIT : KASPA_TX_OK;
}

static const char *why_not(const struct kaspa_verifying *v)
{
    const char *why = kaspa_why_not_beyond_isolation(v);

    return why == NULL && kaspa_tx_is_coinbase(v->tx) ? "a coinbase comes with its block alone"
                                                      : why;
}

void kaspa_verify_limits(struct kaspa_verifying *v)
{
    struct kaspa_check *check = &v->out->checks[KASPA_RULE_MASS_LIMITS];
    enum kaspa_tx_error error = limit_passed(v);
    const char *why = why_not(v);

    if (why != NULL)
        kaspa_check_pass_over(check, why);
    else if (error == KASPA_TX_OK && !v->out->has_storage_mass)
        kaspa_check_pass_over(check, "its storage mass is not known");
    else
        kaspa_check_settle(check, error, 0);
}

static void check_fee(struct kaspa_verifying *v)
{
    const struct kaspa_verdict *out = v->out;
    struct kaspa_check *check = &v->out->checks[KASPA_RULE_RELAY_FEE];

    if (!out->has_fee)
        kaspa_check_pass_over(check, "its fee is not known");
    else
        kaspa_check_settle(check, out->fee < out->relay_fee ? KASPA_TX_FEE_TOO_LOW : KASPA_TX_OK,
                           0);
}

void kaspa_verify_relay(struct kaspa_verifying *v)
{
    struct kaspa_check *checks = v->out->checks;
    const char *why = why_not(v);

    if (why != NULL) {
        for (size_t i = KASPA_RULE_STANDARD_OUTPUTS; i < KASPA_RULE__COUNT; i++)
            kaspa_check_pass_over(&checks[i], why);
        return;
    }
    check_outputs(&checks[KASPA_RULE_STANDARD_OUTPUTS], v->tx);
    if (kaspa_has_held(v->out, KASPA_RULE_SPENT))
        check_inputs(&checks[KASPA_RULE_STANDARD_INPUTS], v->tx, v->with->utxos);
    else
        kaspa_check_pass_over(&checks[KASPA_RULE_STANDARD_INPUTS], no_utxos);
    check_fee(v);
}
