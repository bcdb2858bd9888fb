/* All rules of a transaction, and the verdict that they make; see verify.h. The stages are in
 * verify_isolation.c, verify_spending.c and verify_relay.c. */
#include "kaspa/verify_internal.h"

#include "kaspa/txid.h"

#include <assert.h>

const struct kaspa_rule kaspa_rules[KASPA_RULE__COUNT] = {
#define X(constant, id, stage, source, sentence) {id, KASPA_STAGE_##stage, source, sentence},
#include "kaspa/rules.def"
#undef X
};

/* Of the rules from `from` up to `to`: any broken decides, and only all held is valid. */
static enum kaspa_outcome outcome_of(size_t *broken, const struct kaspa_verdict *v, size_t from,
                                     size_t to)
{
    enum kaspa_outcome outcome = KASPA_VALID;

    for (size_t i = from; i < to; i++) {
        if (v->checks[i].result == KASPA_CHECK_BROKEN) {
            *broken = i;
            return KASPA_INVALID;
        }
        if (v->checks[i].result != KASPA_CHECK_HELD)
            outcome = KASPA_UNDECIDED;
    }
    return outcome;
}

static void conclude(struct kaspa_verdict *v)
{
    size_t broken = 0;

    static_assert(KASPA_RULE_STANDARD_OUTPUTS == KASPA_RULE_MASS_LIMITS + 1, "policy comes last");
    v->relay = outcome_of(&broken, v, KASPA_RULE_STANDARD_OUTPUTS, KASPA_RULE__COUNT);
    v->outcome = outcome_of(&broken, v, 0, KASPA_RULE_STANDARD_OUTPUTS);
    if (v->outcome == KASPA_INVALID) {
        v->error = v->checks[broken].error;
        v->script_error = v->checks[broken].run.error;
    }
}

void kaspa_tx_verify(struct kaspa_verdict *out, const struct kaspa_tx *tx,
                     const struct kaspa_verify *with)
{
    struct kaspa_verifying v = {.tx = tx, .with = with, .out = out};

    assert(with->utxos == NULL || with->arena != NULL);
    *out = (struct kaspa_verdict){
        .compute_mass = kaspa_compute_mass(tx),
        .transient_mass = kaspa_transient_mass(tx),
        .relay_fee = kaspa_relay_fee(tx),
    };
    for (size_t i = 0; i < ARRAY_LEN(out->checks); i++)
        kaspa_check_pass_over(&out->checks[i], "");
    kaspa_txid(&out->id, tx);
    kaspa_verify_isolation(&v);
    kaspa_verify_finality(&v);
    kaspa_verify_spending(&v);
    kaspa_verify_limits(&v);
    kaspa_verify_scripts(&v);
    kaspa_verify_relay(&v);
    conclude(out);
}
