/* The rules of a batch transaction, and the verdict that they make; see batch_tx.h. */
#include "kaspa_x402/batch_tx_internal.h"

#include "kaspa/txid.h"

#include <assert.h>

/* The kinds that a rule is of. */
enum {
    G = 1 << KX_BATCH_GENESIS,
    C = 1 << KX_BATCH_CLAIM,
    T = 1 << KX_BATCH_TOP_UP,
    R = 1 << KX_BATCH_REFUND,
    CR = C | R,
    CT = C | T,
    GT = G | T,
    TR = T | R,
    CTR = C | T | R,
    GCT = G | C | T,
    GCTR = G | C | T | R,
};

const struct kx_batch_tx_rule_row kx_batch_tx_rules[KX_BATCH_TX__COUNT] = {
#define X(constant, kinds, id, local, source, sentence, remedy)                                    \
    {kinds, id, KX_LOCAL_##local, source, sentence, remedy},
#include "kaspa_x402/batch_tx_checks.def"
#undef X
};

void kx_tx_break(struct kx_tx_judging *j, enum kx_batch_tx_rule rule, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    kx_check_set_broken_v(&j->out->checks[rule], kx_batch_tx_rules[rule].local, format, args);
    va_end(args);
}

void kx_tx_pass_over(struct kx_tx_judging *j, enum kx_batch_tx_rule rule, const char *why)
{
    kx_check_set_not_judged(&j->out->checks[rule], why);
}

/* What a rule rests on. */
enum {
    NOTHING = 0,
    INPUT = 1,
    SHAPE = 2,
    ARGUMENTS = 4,
    SELECTOR = 8,
    AMOUNT = 16,
    TYPES = 32,
    FUNDING = 64,
    COINS = 128,
    CHAIN = 256,
    VIEW = 512,
};

static const struct {
    unsigned needs;
    kx_tx_judge *judge;
} judges[KX_BATCH_TX__COUNT] = {
    [KX_BATCH_TX_KIND] = {NOTHING, kx_tx_judge_kind},
    [KX_BATCH_TX_VERSION] = {NOTHING, kx_tx_judge_version},
    [KX_BATCH_TX_SUBNETWORK] = {NOTHING, kx_tx_judge_subnetwork},
    [KX_BATCH_TX_GAS] = {NOTHING, kx_tx_judge_gas},
    [KX_BATCH_TX_PAYLOAD] = {NOTHING, kx_tx_judge_payload},
    [KX_BATCH_TX_INPUTS] = {NOTHING, kx_tx_judge_inputs},
    [KX_BATCH_TX_OUTPUTS] = {NOTHING, kx_tx_judge_outputs},
    [KX_BATCH_TX_HEAD] = {INPUT, kx_tx_judge_head},
    [KX_BATCH_TX_COIN] = {INPUT | CHAIN, kx_tx_judge_coin},
    [KX_BATCH_TX_SEQUENCE] = {NOTHING, kx_tx_judge_sequence},
    [KX_BATCH_TX_LOCK_TIME] = {NOTHING, kx_tx_judge_lock_time},
    [KX_BATCH_TX_REFUND_LOCK] = {NOTHING, kx_tx_judge_refund_lock},
    [KX_BATCH_TX_ARGUMENTS] = {INPUT, kx_tx_judge_arguments},
    [KX_BATCH_TX_SELECTOR] = {INPUT | ARGUMENTS, kx_tx_judge_selector},
    [KX_BATCH_TX_REDEEM] = {INPUT | ARGUMENTS | SELECTOR, kx_tx_judge_redeem},
    [KX_BATCH_TX_FUNDING] = {NOTHING, kx_tx_judge_funding},
    [KX_BATCH_TX_HASH_TYPE] = {ARGUMENTS, kx_tx_judge_hash_type},
    [KX_BATCH_TX_TOTAL] = {ARGUMENTS, kx_tx_judge_total},
    [KX_BATCH_TX_AMOUNT] = {ARGUMENTS | SHAPE, kx_tx_judge_amount},
    [KX_BATCH_TX_DRAIN] = {AMOUNT, kx_tx_judge_drain},
    [KX_BATCH_TX_PAYEE] = {SHAPE, kx_tx_judge_payee},
    [KX_BATCH_TX_PAYEE_UNBOUND] = {SHAPE, kx_tx_judge_payee_unbound},
    [KX_BATCH_TX_PAYEE_AMOUNT] = {SHAPE | AMOUNT, kx_tx_judge_payee_amount},
    [KX_BATCH_TX_SUCCESSOR_BOUND] = {SHAPE, kx_tx_judge_successor_bound},
    [KX_BATCH_TX_COVENANT_ID] = {SHAPE, kx_tx_judge_covenant_id},
    [KX_BATCH_TX_SUCCESSOR_SCRIPT] = {SHAPE | AMOUNT, kx_tx_judge_successor_script},
    [KX_BATCH_TX_SUCCESSOR_AMOUNT] = {SHAPE | AMOUNT, kx_tx_judge_successor_amount},
    [KX_BATCH_TX_FEE] = {COINS, kx_tx_judge_fee},
    [KX_BATCH_TX_STORAGE_MASS] = {COINS, kx_tx_judge_storage_mass},
    [KX_BATCH_TX_BUDGET] = {INPUT, kx_tx_judge_budget},
    [KX_BATCH_TX_VOUCHER] = {ARGUMENTS, kx_tx_judge_voucher},
    [KX_BATCH_TX_PROVIDER] = {ARGUMENTS | TYPES, kx_tx_judge_provider},
    [KX_BATCH_TX_CLIENT] = {ARGUMENTS | TYPES, kx_tx_judge_client},
    [KX_BATCH_TX_FUNDING_SIGNATURE] = {FUNDING | TYPES | COINS, kx_tx_judge_funding_signature},
    [KX_BATCH_TX_SCRIPT] = {COINS, kx_tx_judge_script},
    [KX_BATCH_TX_READY] = {VIEW, kx_tx_judge_ready},
    [KX_BATCH_TX_CONSENSUS] = {CHAIN, kx_tx_judge_consensus},
};

/* A rule of another kind is held. */
static bool is_there(const struct kx_tx_judging *j, unsigned needs, unsigned need,
                     enum kx_batch_tx_rule rule)
{
    return (needs & need) == 0 || kx_tx_has_held(j, rule);
}

/* What is missing of it, in words; NULL: nothing. */
static const char *why_not(const struct kx_tx_judging *j, unsigned needs)
{
    if (!kx_tx_has_held(j, KX_BATCH_TX_KIND))
        return "the template has no such transaction";
    if ((needs & INPUT) != 0 && j->tx->input_count == 0)
        return "it has no input";
    if ((needs & SHAPE) != 0 && !j->has_shape)
        return "it has not as many inputs and outputs as it must have";
    if (!is_there(j, needs, ARGUMENTS, KX_BATCH_TX_ARGUMENTS))
        return "the witness could not be read";
    if (!is_there(j, needs, SELECTOR, KX_BATCH_TX_SELECTOR))
        return "the witness takes another path";
    if ((needs & AMOUNT) != 0 && !j->has_amount)
        return "D is not right";
    if (!is_there(j, needs, TYPES, KX_BATCH_TX_HASH_TYPE))
        return "a signature is of no type that can be verified";
    if ((needs & COINS) != 0 && j->coins == NULL)
        return "what it spends is not known";
    if (!is_there(j, needs, FUNDING, KX_BATCH_TX_FUNDING))
        return "it is not funded from pay-to-pubkey coins";
    if ((needs & CHAIN) != 0 && j->with->utxos == NULL)
        return "what the chain has of it is not known";
    if ((needs & VIEW) != 0 && j->with->pov == NULL)
        return "the point of view is not known";
    return NULL;
}

/* The chain's; else, where nothing but the head is spent, what the head says. */
static const struct kaspa_utxo *coins_of(const struct kx_tx_judging *j)
{
    if (j->with->utxos != NULL)
        return j->with->utxos;
    return !kx_tx_is_funded(j->with->kind) && j->tx->input_count == 1 ? &j->head_coin : NULL;
}

static bool run(struct kx_tx_judging *j)
{
    struct kaspa_verify with = {
        .utxos = j->coins,
        .pov = j->with->pov,
        .arena = j->with->arena,
        .is_missing = j->with->utxos != NULL ? j->with->is_missing : NULL,
    };

    if (j->coins == NULL)
        return true;
    j->units = assay_arena_alloc(with.arena, j->tx->input_count * sizeof(*j->units));
    with.used_units = j->units;
    if (j->units == NULL)
        return false;
    kaspa_tx_verify(&j->consensus, j->tx, &with);
    j->out->relay = j->consensus.relay;
    return true;
}

/* False: there is no memory. */
static bool prepare(struct kx_tx_judging *j)
{
    const struct kx_batch_tx *with = j->with;

    kaspa_txid(&j->out->id, j->tx);
    kaspa_tx_hash(&j->out->hash, j->tx);
    j->out->relay = KASPA_UNDECIDED;
    j->has_amount = with->kind != KX_BATCH_CLAIM;
    if (with->kind != KX_BATCH_GENESIS) {
        if (kx_batch_head_coin(&j->head_coin, with->arena, j->lane, with->head) != ASSAY_OK ||
            kx_lane_redeem(&j->redeem, with->arena, j->lane, with->head->claimed) != ASSAY_OK)
            return false;
        if (j->tx->input_count > 0)
            kx_tx_read_witness(j);
    }
    j->coins = coins_of(j);
    return run(j);
}

static void judge(struct kx_tx_judging *j)
{
    for (int i = 0; i < KX_BATCH_TX__COUNT; i++) {
        enum kx_batch_tx_rule rule = (enum kx_batch_tx_rule)i;
        const char *why;

        if ((kx_batch_tx_rules[rule].kinds & 1U << j->with->kind) == 0)
            continue;
        why = why_not(j, judges[rule].needs);
        if (why != NULL)
            kx_tx_pass_over(j, rule, why);
        else
            judges[rule].judge(j, rule);
    }
}

/* What leaves the channel. */
static void read_payee(struct kx_tx_judging *j)
{
    size_t i = kx_tx_payee(j->with->kind);

    if (!j->has_shape || j->with->kind == KX_BATCH_GENESIS || i >= j->tx->output_count)
        return;
    j->out->payout = j->tx->outputs[i].value;
    if (j->with->kind == KX_BATCH_REFUND)
        j->out->terminal = j->tx->outputs[i];
}

enum kx_batch_tx_rule kx_tx_first(const struct kx_batch_tx_verdict *verdict,
                                  enum kaspa_check_result result)
{
    int i = 0;

    while (i < KX_BATCH_TX__COUNT && verdict->checks[i].result != result)
        i++;
    return (enum kx_batch_tx_rule)i;
}

void kx_batch_tx_verify(struct kx_batch_tx_verdict *out, const struct kx_batch_tx *with)
{
    struct kx_tx_judging j = {.with = with, .lane = with->lane, .tx = with->tx, .out = out};
    size_t first = 0;

    assert(with->lane != NULL && with->tx != NULL && with->arena != NULL &&
           (with->kind == KX_BATCH_GENESIS || with->head != NULL));
    memset(out, 0, sizeof(*out));
    if (prepare(&j)) {
        judge(&j);
        read_payee(&j);
    } else {
        for (int i = 0; i < KX_BATCH_TX__COUNT; i++)
            kx_check_set_undecided(&out->checks[i]);
    }
    out->outcome = kx_checks_conclude(&first, out->checks, ARRAY_LEN(out->checks));
    out->first = (enum kx_batch_tx_rule)first;
}
