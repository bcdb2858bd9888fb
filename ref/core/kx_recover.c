/* What the chain is asked about an attempt, and what its word comes to: for retries and operators.
 * Source: Kaspa x402 exact digest, section 14. */
#include "base/hex.h"
#include "core/kx_core.h"
#include "kaspa/safejson.h"
#include "kaspa/txid.h"

static enum assay_code unreadable(struct assay_err *err, const char *what)
{
    return assay_fail(err, ASSAY_E_MALFORMED, 0, "attempt: its %s cannot be read", what);
}

static enum assay_code add_coins(struct kx_look *out, struct assay_arena *arena,
                                 const struct kaspa_tx *tx, const struct kaspa_claims *claims,
                                 struct assay_err *err)
{
    size_t count = tx->input_count;
    struct kaspa_outpoint *outpoints = assay_arena_alloc(arena, count * sizeof(*outpoints));
    struct kaspa_spk *spks = assay_arena_alloc(arena, count * sizeof(*spks));

    if (outpoints == NULL || spks == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "%s", assay_code_text(ASSAY_E_NOMEM));
    for (size_t i = 0; i < count; i++) {
        if (!claims->has_utxo[i])
            return unreadable(err, "transaction");
        outpoints[i] = tx->inputs[i].previous;
        spks[i] = claims->utxos[i].spk;
    }
    out->outpoints = outpoints;
    out->spks = spks;
    out->count = count;
    return ASSAY_OK;
}

/* The merchant's output, which of a head has grown by the amount (section 8.1). */
static enum assay_code add_output(struct kx_look *out, const struct kx_attempt *attempt,
                                  struct assay_err *err)
{
    out->output_index = attempt->output_index;
    out->output_amount =
        attempt->profile == KX_ADDITIVE ? attempt->head_next_amount : attempt->amount;
    if (kaspa_spk_parse(&out->output_spk, attempt->pay_to_spk) != ASSAY_OK)
        return unreadable(err, "recipient");
    out->has_since = attempt->since.len > 0;
    if (out->has_since &&
        assay_hex_decode(out->since.at, sizeof(out->since.at), attempt->since, false) != ASSAY_OK)
        return unreadable(err, "checkpoint");
    return ASSAY_OK;
}

enum assay_code kx_core_look_for(struct kx_look *out, struct kaspa_tx *tx,
                                 struct assay_arena *arena, const struct kx_attempt *attempt,
                                 struct assay_err *err)
{
    const struct kaspa_json_options options = kx_transaction_limits();
    struct assay_err inner = {0};
    struct kx_look look = {.has_tx = true};
    struct kaspa_claims claims;
    struct kaspa_tx read;
    enum assay_code rc;

    rc = kaspa_tx_parse(&read, &claims, arena, attempt->transaction, &options, &inner);
    if (rc == ASSAY_E_NOMEM)
        return assay_fail(err, rc, 0, "%s", inner.text);
    if (rc != ASSAY_OK)
        return unreadable(err, "transaction");
    if ((rc = add_coins(&look, arena, &read, &claims, err)) != ASSAY_OK ||
        (rc = add_output(&look, attempt, err)) != ASSAY_OK)
        return rc;
    kaspa_txid(&look.txid, &read);
    if (tx != NULL)
        *tx = read;
    *out = look;
    return ASSAY_OK;
}

/* A conflicting spend counts once it is as deep as a payment would have to be. */
static bool is_absent_for_good(const struct kx_core *core, const struct kx_chain_evidence *evidence)
{
    return evidence->status == KX_CHAIN_ABSENT && evidence->has_confirmations &&
           evidence->confirmations >= core->policy.confirmations;
}

/* Of a charge to a channel, which was accepted when it was claimed, the chain has nothing to say:
 * where its handler was never marked nothing was done, and its lease is for the next one. */
static enum kx_recovery recover_charge(const struct kx_attempt *attempt)
{
    return attempt->status == KX_ACCEPTED && attempt->handler_started_ms == KX_NO_TIME
               ? KX_RECOVERY_ABANDON
               : KX_RECOVERY_NOTHING;
}

static enum kx_recovery recover_transaction(const struct kx_core *core,
                                            const struct kx_attempt *attempt,
                                            const struct kx_chain_evidence *evidence,
                                            enum kx_finality *finality)
{
    uint64_t confirmations = core->policy.confirmations;

    if (attempt->status != KX_PENDING && attempt->status != KX_BROADCAST)
        return KX_RECOVERY_NOTHING;
    if (is_absent_for_good(core, evidence))
        return KX_RECOVERY_ABANDON;
    if (!kx_finality_is_reached(evidence, attempt->required, confirmations))
        return KX_RECOVERY_NOTHING;
    *finality = kx_finality_is_reached(evidence, KX_FINALITY_CONFIRMED, confirmations)
                    ? KX_FINALITY_CONFIRMED
                    : KX_FINALITY_ACCEPTED;
    return KX_RECOVERY_ACCEPT;
}

enum kx_recovery kx_core_recover(const struct kx_core *core, const struct kx_attempt *attempt,
                                 const struct kx_sight *sight, enum kx_finality *finality)
{
    return attempt->has_channel ? recover_charge(attempt)
                                : recover_transaction(core, attempt, &sight->evidence, finality);
}
