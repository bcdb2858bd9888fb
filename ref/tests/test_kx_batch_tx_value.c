/* What batch transactions pay and commit to: one change, and the rule that it breaks; and whether
 * the chain would have refused it. Sections are those of the batch digest; B names a row of its
 * section 18. */
#include "ref/tests/kx_tx_world.h"

#define CLAIMS (KX_STEP(CLAIM) | KX_STEP(CLAIM_TWO))
#define SPENDS (KX_STEP(CLAIM) | KX_STEP(TOP_UP) | KX_STEP(REFUND))
#define CONTINUES (KX_STEP(CLAIM) | KX_STEP(TOP_UP))

static size_t payee(const struct kx_tx_world *w)
{
    return w->plan.kind == KX_BATCH_TOP_UP ? 1 : 0;
}
static struct kaspa_output *successor(struct kx_tx_world *w)
{
    return &w->outputs[w->plan.kind == KX_BATCH_CLAIM ? 1 : 0];
}
static void set_script(struct kx_tx_world *w, uint64_t claimed)
{
    cr_assert_eq(kx_lane_spk(&successor(w)->spk, &w->lane.arena, &w->lane.lane, claimed), ASSAY_OK);
}

/* T, with its voucher. */
static void set_total(struct kx_tx_world *w, uint64_t total)
{
    w->total = w->voucher_total = total;
}
/* D, with outputs and state that go with it. */
static void set_amount(struct kx_tx_world *w, uint64_t amount)
{
    w->amount = amount;
    w->outputs[0].value = amount - w->plan.fee;
    w->outputs[1].value = w->head.value - amount;
    set_script(w, w->head.claimed + amount);
}

static void total_is_claimed(struct kx_tx_world *w)
{
    set_total(w, w->head.claimed);
}
static void total_is_below(struct kx_tx_world *w)
{
    set_total(w, w->head.claimed - 1);
}
static void total_is_negative(struct kx_tx_world *w)
{
    set_total(w, UINT64_C(1) << 63);
}
static void total_is_all_ones(struct kx_tx_world *w)
{
    set_total(w, UINT64_MAX);
}
static void amount_is_0(struct kx_tx_world *w)
{
    w->amount = 0;
    w->outputs[1].value = w->head.value;
    set_script(w, w->head.claimed);
}
static void amount_is_above_what_is_authorized(struct kx_tx_world *w)
{
    set_amount(w, w->total - w->head.claimed + 1);
}
static void amount_is_negative(struct kx_tx_world *w)
{
    w->amount = UINT64_C(1) << 63;
}
/* With outputs that a block has room for. */
static void amount_is_all(struct kx_tx_world *w)
{
    set_total(w, w->head.claimed + w->head.value);
    set_amount(w, w->head.value - 10000000);
    w->amount = w->head.value;
}
static void amount_is_more_than_all(struct kx_tx_world *w)
{
    amount_is_all(w);
    set_total(w, w->total + 1);
    w->amount++;
}

static void paid_to_a_stranger(struct kx_tx_world *w)
{
    w->outputs[payee(w)].spk = w->stranger_spk;
}
static void payout_to_client(struct kx_tx_world *w)
{
    w->outputs[0].spk = w->lane.lane.refund;
}
static void payout_to_merchant(struct kx_tx_world *w)
{
    w->outputs[payee(w)].spk = w->lane.lane.payout;
}
static void version_of_script(struct kx_tx_world *w)
{
    w->outputs[payee(w)].spk.version = 1;
}
static void swap_outputs(struct kx_tx_world *w)
{
    const struct kaspa_output first = w->outputs[0];

    w->outputs[0] = w->outputs[1];
    w->outputs[1] = first;
}
/* An output of a covenant is heavier: this leaves room for it in a block. */
static void pay_more(struct kx_tx_world *w)
{
    if (w->plan.kind == KX_BATCH_CLAIM) {
        set_amount(w, 20000000);
    } else if (w->plan.kind == KX_BATCH_TOP_UP) {
        w->outputs[0].value -= 10000000;
        w->outputs[1].value += 10000000;
    }
}
static void paid_within_the_lineage(struct kx_tx_world *w)
{
    pay_more(w);
    w->outputs[payee(w)].has_covenant = true;
    w->outputs[payee(w)].covenant_id = w->head.covenant_id;
}
static void paid_within_a_covenant_of_its_own(struct kx_tx_world *w)
{
    struct kaspa_output *output = &w->outputs[payee(w)];
    const struct kaspa_genesis_output group = {.index = (uint32_t)payee(w), .output = output};

    pay_more(w);
    kaspa_covenant_id(&output->covenant_id, &w->inputs[0].previous, &group, 1);
    output->has_covenant = true;
}
static void payout_above_amount(struct kx_tx_world *w)
{
    w->outputs[0].value = w->amount + 1;
}
static void payout_of_0(struct kx_tx_world *w)
{
    w->outputs[0].value = 0;
}
static void refund_above_value(struct kx_tx_world *w)
{
    w->outputs[0].value = w->head.value + 1;
}

static void unbound(struct kx_tx_world *w)
{
    successor(w)->has_covenant = false;
}
static void of_another_lineage(struct kx_tx_world *w)
{
    successor(w)->covenant_id.at[31] ^= 1;
}
static void of_no_input(struct kx_tx_world *w)
{
    successor(w)->authorizing_input = 7;
}
static void of_funding_input(struct kx_tx_world *w)
{
    successor(w)->authorizing_input = 1;
}
/* B54 */
static void id_of_funding_1(struct kx_tx_world *w)
{
    const struct kaspa_genesis_output group = {.index = 0, .output = &w->outputs[0]};

    kx_tx_world_add_input(w, 10000000);
    kaspa_covenant_id(&w->outputs[0].covenant_id, &w->inputs[1].previous, &group, 1);
}
static void genesis_of_funding_1(struct kx_tx_world *w)
{
    id_of_funding_1(w);
    w->outputs[0].authorizing_input = 1;
}
/* A genesis is told by its own id. */
static void bind_genesis(struct kx_tx_world *w)
{
    const struct kaspa_genesis_output group = {.index = 0, .output = &w->outputs[0]};

    if (w->plan.kind == KX_BATCH_GENESIS)
        kaspa_covenant_id(&w->outputs[0].covenant_id, &w->inputs[0].previous, &group, 1);
}
static void state_stays(struct kx_tx_world *w)
{
    set_script(w, w->head.claimed);
}
static void state_one_more(struct kx_tx_world *w)
{
    set_script(w, w->head.claimed + w->amount + 1);
}
static void top_up_changes_state(struct kx_tx_world *w)
{
    set_script(w, w->head.claimed + 1);
}
static void genesis_with_state(struct kx_tx_world *w)
{
    set_script(w, 1);
    bind_genesis(w);
}
static void to_a_stranger(struct kx_tx_world *w)
{
    successor(w)->spk = w->stranger_spk;
    bind_genesis(w);
}
static void short_successor(struct kx_tx_world *w)
{
    w->outputs[1].value--;
}
static void rich_successor(struct kx_tx_world *w)
{
    w->outputs[1].value++;
}
static void no_increase(struct kx_tx_world *w)
{
    w->outputs[1].value += w->outputs[0].value - w->head.value;
    w->outputs[0].value = w->head.value;
    w->with.fee_max = KX_BATCH_FEE_MAX_DEFAULT;
}
static void empty_genesis(struct kx_tx_world *w)
{
    w->outputs[0].value = 0;
    bind_genesis(w);
}
static void genesis_above_the_largest_number(struct kx_tx_world *w)
{
    w->outputs[0].value = UINT64_C(1) << 63;
    bind_genesis(w);
}
static void fee_is_above(struct kx_tx_world *w)
{
    w->with.fee_max--;
}
/* B88 */
static void refund_of_1(struct kx_tx_world *w)
{
    w->outputs[0].value = 1;
}
static void outputs_above_inputs(struct kx_tx_world *w)
{
    w->utxos[w->tx.input_count - 1].amount -= w->plan.fee + 1;
}
static void mass_more(struct kx_tx_world *w)
{
    w->tx.storage_mass++;
}
static void mass_less(struct kx_tx_world *w)
{
    w->tx.storage_mass--;
}
static void budget_more(struct kx_tx_world *w)
{
    w->inputs[0].commit++;
}
static void budget_less(struct kx_tx_world *w)
{
    w->inputs[0].commit--;
}
static void funding_budget_more(struct kx_tx_world *w)
{
    w->inputs[1].commit++;
}
static void funding_budget_less(struct kx_tx_world *w)
{
    w->inputs[1].commit--;
}

static const struct kx_tx_row rows[] = {
    {"T is claimed already", KX_STEP(CLAIM_TWO), KX_BATCH_TX_TOTAL, REFUSED, total_is_claimed,
     NULL},
    {"T is below what is claimed", KX_STEP(CLAIM_TWO), KX_BATCH_TX_TOTAL, REFUSED, total_is_below,
     NULL},
    {"B71: T is negative", CLAIMS, KX_BATCH_TX_TOTAL, REFUSED, total_is_negative, NULL},
    {"T is all ones", CLAIMS, KX_BATCH_TX_TOTAL, REFUSED, total_is_all_ones, NULL},
    {"D is 0", CLAIMS, KX_BATCH_TX_AMOUNT, REFUSED, amount_is_0, NULL},
    {"B02: D is above T - S", CLAIMS, KX_BATCH_TX_AMOUNT, REFUSED,
     amount_is_above_what_is_authorized, NULL},
    {"B71: D is negative", CLAIMS, KX_BATCH_TX_AMOUNT, REFUSED, amount_is_negative, NULL},
    {"B68: D is V", CLAIMS, KX_BATCH_TX_DRAIN, REFUSED, amount_is_all, NULL},
    {"D is above V", CLAIMS, KX_BATCH_TX_DRAIN, REFUSED, amount_is_more_than_all, NULL},

    {"B60, B79: paid to a stranger", SPENDS, KX_BATCH_TX_PAYEE, REFUSED, paid_to_a_stranger, NULL},
    {"a payout to the client", CLAIMS, KX_BATCH_TX_PAYEE, REFUSED, payout_to_client, NULL},
    {"paid to the merchant", KX_STEP(TOP_UP) | KX_STEP(REFUND), KX_BATCH_TX_PAYEE, REFUSED,
     payout_to_merchant, NULL},
    {"a script of another version", SPENDS, KX_BATCH_TX_PAYEE, REFUSED, version_of_script, NULL},
    {"B64: the outputs are swapped", CONTINUES, KX_BATCH_TX_PAYEE, REFUSED, swap_outputs, NULL},
    {"B61, B79, B87: paid within the lineage", SPENDS, KX_BATCH_TX_PAYEE_UNBOUND, REFUSED,
     paid_within_the_lineage, NULL},
    {"paid within a covenant of its own", SPENDS, KX_BATCH_TX_PAYEE_UNBOUND, REFUSED,
     paid_within_a_covenant_of_its_own, NULL},
    {"B67: the payout is D + 1", CLAIMS, KX_BATCH_TX_PAYEE_AMOUNT, REFUSED, payout_above_amount,
     NULL},
    {"the payout is 0", CLAIMS, KX_BATCH_TX_PAYEE_AMOUNT, NOT_RUN, payout_of_0, NULL},
    {"the refund is above V", KX_STEP(REFUND), KX_BATCH_TX_PAYEE_AMOUNT, REFUSED,
     refund_above_value, NULL},
    {"the refund is 0", KX_STEP(REFUND), KX_BATCH_TX_PAYEE_AMOUNT, NOT_RUN, payout_of_0, NULL},

    {"the successor is unbound", CONTINUES, KX_BATCH_TX_SUCCESSOR_BOUND, REFUSED, unbound, NULL},
    {"the successor is of another lineage", CONTINUES, KX_BATCH_TX_SUCCESSOR_BOUND, REFUSED,
     of_another_lineage, NULL},
    {"the successor is of no input", CONTINUES, KX_BATCH_TX_SUCCESSOR_BOUND, REFUSED, of_no_input,
     NULL},
    {"the successor is of the funding", KX_STEP(TOP_UP), KX_BATCH_TX_SUCCESSOR_BOUND, REFUSED,
     of_funding_input, NULL},
    {"a genesis of no covenant", KX_STEP(GENESIS), KX_BATCH_TX_COVENANT_ID, ALLOWED, unbound, NULL},
    {"B53: another id", KX_STEP(GENESIS), KX_BATCH_TX_COVENANT_ID, REFUSED, of_another_lineage,
     NULL},
    {"B54: the id of funding 1", KX_STEP(GENESIS), KX_BATCH_TX_COVENANT_ID, REFUSED,
     id_of_funding_1, NULL},
    {"a genesis by funding 1", KX_STEP(GENESIS), KX_BATCH_TX_COVENANT_ID, ALLOWED,
     genesis_of_funding_1, NULL},
    {"B65: the state stays", CLAIMS, KX_BATCH_TX_SUCCESSOR_SCRIPT, REFUSED, state_stays, NULL},
    {"the state is one more", CLAIMS, KX_BATCH_TX_SUCCESSOR_SCRIPT, REFUSED, state_one_more, NULL},
    {"B78: a top-up changes the state", KX_STEP(TOP_UP), KX_BATCH_TX_SUCCESSOR_SCRIPT, REFUSED,
     top_up_changes_state, NULL},
    {"B55: a genesis with something claimed", KX_STEP(GENESIS), KX_BATCH_TX_SUCCESSOR_SCRIPT,
     ALLOWED, genesis_with_state, NULL},
    {"the successor goes to a stranger", CONTINUES, KX_BATCH_TX_SUCCESSOR_SCRIPT, REFUSED,
     to_a_stranger, NULL},
    {"a genesis to a stranger", KX_STEP(GENESIS), KX_BATCH_TX_SUCCESSOR_SCRIPT, ALLOWED,
     to_a_stranger, NULL},
    {"B66: the successor lacks 1", CLAIMS, KX_BATCH_TX_SUCCESSOR_AMOUNT, REFUSED, short_successor,
     NULL},
    {"the successor has 1 too many", CLAIMS, KX_BATCH_TX_SUCCESSOR_AMOUNT, REFUSED, rich_successor,
     NULL},
    {"B77: a top-up that adds nothing", KX_STEP(TOP_UP), KX_BATCH_TX_SUCCESSOR_AMOUNT, REFUSED,
     no_increase, NULL},
    {"a genesis of 2^63", KX_STEP(GENESIS), KX_BATCH_TX_SUCCESSOR_AMOUNT, NOT_RUN,
     genesis_above_the_largest_number, NULL},
    {"a genesis of nothing", KX_STEP(GENESIS), KX_BATCH_TX_SUCCESSOR_AMOUNT, NOT_RUN, empty_genesis,
     NULL},

    {"a fee above what is allowed", KX_ALL_STEPS, KX_BATCH_TX_FEE, ALLOWED, fee_is_above, NULL},
    {"B88: a refund of 1 sompi", KX_STEP(REFUND), KX_BATCH_TX_FEE, NOT_RUN, refund_of_1, NULL},
    {"more goes out than in", KX_STEP(GENESIS) | KX_STEP(TOP_UP), KX_BATCH_TX_FEE, ALLOWED,
     outputs_above_inputs, NULL},
    {"B113: the mass is 1 more", KX_ALL_STEPS, KX_BATCH_TX_STORAGE_MASS, ALLOWED, NULL, mass_more},
    {"B113: the mass is 1 less", KX_ALL_STEPS & ~KX_STEP(REFUND), KX_BATCH_TX_STORAGE_MASS, ALLOWED,
     NULL, mass_less},
    {"B113: the budget is 1 more", KX_ALL_STEPS, KX_BATCH_TX_BUDGET, ALLOWED, NULL, budget_more},
    {"B113: the budget is 1 less", KX_ALL_STEPS & ~KX_STEP(GENESIS), KX_BATCH_TX_BUDGET, REFUSED,
     NULL, budget_less},
    {"a funding budget is 1 more", KX_STEP(TOP_UP), KX_BATCH_TX_BUDGET, ALLOWED, NULL,
     funding_budget_more},
    {"a funding budget is 1 less", KX_STEP(TOP_UP), KX_BATCH_TX_BUDGET, REFUSED, NULL,
     funding_budget_less},
};

Test(kx_batch_tx_value, is_exact)
{
    kx_tx_rows_expect(rows, ARRAY_LEN(rows), KX_BATCH_TX_TOTAL, KX_BATCH_TX_BUDGET);
}

/* Section 6.1: what is at its edge is accepted. */
static void all_but_1(struct kx_tx_world *w)
{
    set_total(w, w->head.claimed + w->head.value);
    set_amount(w, w->head.value - 10000000);
}
static void all_that_is_authorized(struct kx_tx_world *w)
{
    set_amount(w, w->total - w->head.claimed);
}
static void the_largest_total(struct kx_tx_world *w)
{
    set_total(w, INT64_MAX);
}
static void no_fee(struct kx_tx_world *w)
{
    w->outputs[payee(w)].value += w->plan.fee;
}
static void later_lock(struct kx_tx_world *w)
{
    w->tx.lock_time = KASPA_LOCK_TIME_THRESHOLD - 1;
    w->pov.daa_score = KASPA_LOCK_TIME_THRESHOLD;
}
static void no_change(struct kx_tx_world *w)
{
    w->outputs[0].value += w->outputs[1].value;
    w->tx.output_count = 1;
}
static void more_funding(struct kx_tx_world *w)
{
    kx_tx_world_add_input(w, 10000000);
    w->outputs[0].value += 10000000;
    bind_genesis(w);
}

Test(kx_batch_tx_value, may_be_at_its_edge)
{
    static const struct {
        const char *name;
        unsigned steps;
        kx_tx_change *change;
    } edges[] = {
        {"as it is", KX_ALL_STEPS, NULL},
        {"nearly all of V", CLAIMS, all_but_1},
        {"D is T - S", CLAIMS, all_that_is_authorized},
        {"T is 2^63 - 1", CLAIMS, the_largest_total},
        {"a fee of 0", CLAIMS | KX_STEP(REFUND), no_fee},
        {"the last lock time that is a score", KX_STEP(REFUND), later_lock},
        {"a top-up without change", KX_STEP(TOP_UP), no_change},
        {"several funding inputs", KX_STEP(GENESIS) | KX_STEP(TOP_UP), more_funding},
    };

    for (size_t i = 0; i < ARRAY_LEN(edges); i++)
        for (int step = 0; step < KX_LANE_STEPS; step++) {
            struct kx_tx_world *w;

            if ((edges[i].steps & 1U << step) == 0)
                continue;
            w = kx_tx_world_new(5, (enum kx_lane_step)step);
            kx_tx_world_run(w, edges[i].change, NULL);
            cr_expect_eq(w->verdict.outcome, KASPA_VALID, "row: %s, step %d: %s: %s", edges[i].name,
                         step, kx_batch_tx_rules[w->verdict.first].id,
                         w->verdict.checks[w->verdict.first].why);
            kx_tx_world_free(w);
        }
}

/* Sections 10 and 17: what the chain alone says. */
static void at_the_lock_time(struct kx_tx_world *w)
{
    w->pov.daa_score = w->tx.lock_time;
}
static void before_the_lock_time(struct kx_tx_world *w)
{
    w->pov.daa_score = w->tx.lock_time - 1;
}
static void dust(struct kx_tx_world *w)
{
    w->outputs[payee(w)].value = 1;
    w->with.fee_max = KX_BATCH_FEE_MAX_DEFAULT;
}
static void young_coinbase(struct kx_tx_world *w)
{
    struct kaspa_utxo *coin = &w->utxos[w->tx.input_count - 1];

    coin->is_coinbase = true;
    coin->block_daa_score = w->pov.daa_score;
}

static const struct kx_tx_row chain_rows[] = {
    {"B84: at the lock time", KX_STEP(REFUND), KX_BATCH_TX_READY, ALLOWED, at_the_lock_time, NULL},
    {"before the lock time", KX_STEP(REFUND), KX_BATCH_TX_READY, ALLOWED, before_the_lock_time,
     NULL},
    {"dust", SPENDS, KX_BATCH_TX_CONSENSUS, NOT_RUN, dust, NULL},
    {"a coinbase that is too young", KX_STEP(GENESIS), KX_BATCH_TX_CONSENSUS, ALLOWED,
     young_coinbase, NULL},
};

Test(kx_batch_tx_value, is_what_consensus_accepts)
{
    kx_tx_rows_expect(chain_rows, ARRAY_LEN(chain_rows), KX_BATCH_TX_READY, KX_BATCH_TX_CONSENSUS);
}

/* Relay is policy, and no rule: the official fees are below what nodes ask for. */
Test(kx_batch_tx_value, says_whether_nodes_relay_it)
{
    struct kx_tx_world *w = kx_tx_world_new(5, KX_LANE_CLAIM);
    uint64_t fee;

    kx_tx_world_run(w, NULL, NULL);
    fee = kaspa_relay_fee(&w->tx);
    cr_expect_gt(fee, w->plan.fee);
    cr_expect_eq(w->verdict.outcome, KASPA_VALID);
    cr_expect_eq(w->verdict.relay, KASPA_INVALID);
    w->with.fee_max = fee;
    w->outputs[0].value = w->amount - fee;
    kx_tx_world_run(w, NULL, NULL);
    cr_expect_eq(w->verdict.outcome, KASPA_VALID);
    cr_expect_eq(w->verdict.relay, KASPA_VALID);
    kx_tx_world_free(w);
}
