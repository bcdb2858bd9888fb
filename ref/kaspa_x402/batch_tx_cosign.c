/* A provider's signature on a client's top-up: taken apart, built anew, and signed as that; see
 * batch_tx.h. Source: Kaspa x402 batch digest, sections 8.4, 9.2 and 16. */
#include "kaspa_x402/batch_tx_internal.h"

#include "kaspa/txid.h"

/* What a top-up says, of which one is built. */
struct asked {
    const struct kx_batch_tx *with;
    struct kx_batch_plan plan;
    struct assay_err *err;
};

/* What one rule of a verdict says. */
static enum assay_code say(const struct asked *a, enum assay_code code,
                           const struct kx_batch_tx_verdict *verdict, enum kx_batch_tx_rule rule)
{
    return assay_fail(a->err, code, 0, "%s: %s", kx_batch_tx_rules[rule].id,
                      verdict->checks[rule].why);
}

/* The first rule that it breaks, but for those that rest on the signature which is not there yet.
 */
static enum assay_code refuse(const struct asked *a)
{
    struct kx_batch_tx_verdict verdict;
    enum kx_batch_tx_rule open;

    kx_batch_tx_verify(&verdict, a->with);
    for (int i = 0; i < KX_BATCH_TX__COUNT; i++) {
        if (i == KX_BATCH_TX_HASH_TYPE || i == KX_BATCH_TX_PROVIDER || i == KX_BATCH_TX_SCRIPT ||
            i == KX_BATCH_TX_CONSENSUS || verdict.checks[i].result != KASPA_CHECK_BROKEN)
            continue;
        return say(a, ASSAY_E_MISMATCH, &verdict, (enum kx_batch_tx_rule)i);
    }
    open = kx_tx_first(&verdict, KASPA_CHECK_UNDECIDED);
    if (open != KX_BATCH_TX__COUNT)
        return say(a, ASSAY_E_NOMEM, &verdict, open);
    return assay_fail(a->err, ASSAY_E_MISMATCH, 0, "it is not the top-up that its terms make");
}

static bool read_client(struct asked *a)
{
    const struct kx_lane *lane = a->with->lane;
    struct assay_bytes arguments[KX_ARGUMENT__COUNT] = {{NULL, 0}};
    struct kx_tx_layout layout;

    kx_tx_layout_of(&layout, lane->tmpl, KX_BATCH_TOP_UP);
    (void)kx_tx_read_arguments(arguments, &layout, a->with->tx->inputs[0].signature_script);
    a->plan.client.signature = arguments[KX_ARGUMENT_CLIENT].at;
    return a->plan.client.signature != NULL;
}

/* Adds to *sum what the funding coins are worth. */
static enum assay_code read_funding(struct asked *a, uint64_t *sum)
{
    const struct kaspa_tx *tx = a->with->tx;
    size_t count = tx->input_count - 1;
    struct kx_batch_funding *funding = assay_arena_alloc(a->with->arena, count * sizeof(*funding));

    if (funding == NULL)
        return assay_fail(a->err, ASSAY_E_NOMEM, 0, "no memory for a top-up");
    for (size_t i = 0; i < count; i++) {
        const struct assay_bytes script = tx->inputs[1 + i].signature_script;
        const struct kaspa_utxo *coin = &a->with->utxos[1 + i];

        if (script.len != KASPA_SIGNATURE_PUSH_BYTES || script.at[0] != KX_TX_SIGNATURE_BYTES ||
            coin->amount > KASPA_MAX_SOMPI - *sum)
            return refuse(a);
        *sum += coin->amount;
        funding[i] = (struct kx_batch_funding){.outpoint = tx->inputs[1 + i].previous,
                                               .utxo = *coin,
                                               .signing.signature = script.at + 1};
    }
    a->plan.funding = funding;
    a->plan.funding_count = count;
    return ASSAY_OK;
}

/* A funding that covers neither what is added nor the change has no fee. */
static enum assay_code read_amounts(struct asked *a, uint64_t sum)
{
    const struct kaspa_tx *tx = a->with->tx;
    uint64_t before = a->with->head->value, after = tx->outputs[0].value;
    uint64_t change = tx->output_count > 1 ? tx->outputs[1].value : 0;

    if (after <= before || after - before > sum || change > sum - (after - before))
        return refuse(a);
    a->plan.amount = after - before;
    a->plan.fee = sum - a->plan.amount - change;
    return ASSAY_OK;
}

static enum assay_code read_plan(struct asked *a)
{
    const struct kaspa_tx *tx = a->with->tx;
    uint64_t sum = 0;
    enum assay_code rc;

    if (tx->input_count < 2 || tx->output_count == 0 || !read_client(a))
        return refuse(a);
    rc = read_funding(a, &sum);
    return rc == ASSAY_OK ? read_amounts(a, sum) : rc;
}

/* By the chain's coins and score, and by what a fee may be. */
static enum assay_code check_made(const struct asked *a, const struct kx_batch_artifact *made)
{
    struct kx_batch_tx with = *a->with;
    struct kx_batch_tx_verdict verdict;
    enum kx_batch_tx_rule open;
    struct kaspa_hash id;

    kaspa_txid(&id, with.tx);
    if (!kaspa_hash_equal(&made->id, &id))
        return refuse(a);
    with.tx = &made->tx;
    kx_batch_tx_verify(&verdict, &with);
    if (verdict.outcome == KASPA_INVALID)
        return say(a, ASSAY_E_MISMATCH, &verdict, verdict.first);
    if (verdict.outcome == KASPA_VALID)
        return ASSAY_OK;
    open = kx_tx_first(&verdict, KASPA_CHECK_UNDECIDED);
    if (open != KX_BATCH_TX__COUNT)
        return say(a, ASSAY_E_NOMEM, &verdict, open);
    return say(a, ASSAY_E_MISSING, &verdict, kx_tx_first(&verdict, KASPA_CHECK_NOT_JUDGED));
}

enum assay_code kx_batch_tx_co_sign(struct kx_batch_artifact *out, const struct kx_batch_tx *asked,
                                    const struct assay_key *provider, struct assay_err *err)
{
    struct asked a = {.with = asked,
                      .plan = {.kind = KX_BATCH_TOP_UP,
                               .lane = asked->lane,
                               .head = asked->head,
                               .provider.key = provider},
                      .err = err};
    struct kx_batch_artifact made;
    enum assay_code rc;

    if (!asked->lane->tmpl->is_cosigned)
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0, "no provider signs a top-up of %s",
                          asked->lane->tmpl->id);
    if ((rc = read_plan(&a)) != ASSAY_OK ||
        (rc = kx_batch_tx_build(&made, asked->arena, &a.plan, err)) != ASSAY_OK ||
        (rc = check_made(&a, &made)) != ASSAY_OK)
        return rc;
    *out = made;
    return ASSAY_OK;
}
