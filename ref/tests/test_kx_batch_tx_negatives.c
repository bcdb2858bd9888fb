/* What the covenant itself refuses, by the rule of its template, whatever the scope of the
 * signatures; and what it lets through. Sections are those of the batch digest; B names a row of
 * its section 18. */
#include "kaspa/sign.h"
#include "kaspa/txid.h"
#include "ref/tests/kx_tx_world.h"

static const uint8_t types[] = {0x01, 0x02, 0x04, 0x81, 0x82, 0x84};

static size_t payee(const struct kx_tx_world *w)
{
    return w->plan.kind == KX_BATCH_TOP_UP ? 1 : 0;
}
static size_t successor(const struct kx_tx_world *w)
{
    return w->plan.kind == KX_BATCH_CLAIM ? 1 : 0;
}
/* An output of a covenant is heavy: amounts with which a block still has room for two. */
static void make_room(struct kx_tx_world *w)
{
    if (w->plan.kind == KX_BATCH_TOP_UP) {
        w->outputs[0].value -= 10000000;
        w->outputs[1].value += 10000000;
        return;
    }
    w->amount = 25000000;
    w->outputs[0].value = w->amount - w->plan.fee;
    w->outputs[1].value = w->head.value - w->amount;
    cr_assert_eq(kx_lane_spk(&w->outputs[1].spk, &w->lane.arena, &w->lane.lane, w->amount),
                 ASSAY_OK);
}
static void redirect(struct kx_tx_world *w)
{
    w->outputs[payee(w)].spk = w->stranger_spk;
}
static void bind(struct kx_tx_world *w)
{
    if (w->plan.kind != KX_BATCH_REFUND)
        make_room(w);
    w->outputs[payee(w)].has_covenant = true;
    w->outputs[payee(w)].covenant_id = w->head.covenant_id;
}
static void continue_twice(struct kx_tx_world *w)
{
    make_room(w);
    w->outputs[w->tx.output_count++] = w->outputs[successor(w)];
    w->outputs[successor(w)].value -= 20000000;
    w->outputs[w->tx.output_count - 1].value = 20000000;
}
/* Two coins of the lineage: which consensus alone would make possible. */
static void spend_twice(struct kx_tx_world *w)
{
    size_t i = w->tx.input_count;

    kx_tx_world_add_input(w, 10000000);
    w->utxos[i].has_covenant = true;
    w->utxos[i].covenant_id = w->head.covenant_id;
}
static void cut_budget(struct kx_tx_world *w)
{
    w->inputs[0].commit--;
}
static void other_lineage(struct kx_tx_world *w)
{
    w->utxos[0].covenant_id.at[0] ^= 1;
}
static void early(struct kx_tx_world *w)
{
    w->tx.lock_time--;
}
static void keep_state(struct kx_tx_world *w)
{
    cr_assert_eq(kx_lane_spk(&w->outputs[successor(w)].spk, &w->lane.arena, &w->lane.lane,
                             w->plan.kind == KX_BATCH_CLAIM ? 0 : w->head.claimed + 1),
                 ASSAY_OK);
}

/* The ten of section 11, then those behind them; with the words of what refuses. */
static const struct {
    const char *name;
    enum kx_lane_step step;
    kx_tx_change *change;
    const char *by;
} negatives[] = {
    {"payout redirected", KX_LANE_CLAIM, redirect, "at claim.payout.script:"},
    {"payout bound", KX_LANE_CLAIM, bind, "at claim.lineage.outputs:"},
    {"extra output of a claim", KX_LANE_CLAIM, continue_twice, "at claim.outputs:"},
    {"extra input of a claim", KX_LANE_CLAIM, spend_twice, "at claim.inputs:"},
    {"change redirected", KX_LANE_TOP_UP, redirect, "at top-up.change.script:"},
    {"change bound", KX_LANE_TOP_UP, bind, "at top-up.lineage.outputs:"},
    {"extra output of a top-up", KX_LANE_TOP_UP, continue_twice, "at top-up.outputs:"},
    {"extra input of a top-up", KX_LANE_TOP_UP, spend_twice, "at top-up.lineage.inputs:"},
    {"refund redirected", KX_LANE_REFUND, redirect, "at refund.script:"},
    {"refund bound", KX_LANE_REFUND, bind, "at refund.lineage.outputs:"},
    {"wrong covenant id", KX_LANE_CLAIM, other_lineage, "covenant"},
    {"wrong state of a claim", KX_LANE_CLAIM, keep_state, "at claim.successor.script:"},
    {"wrong state of a top-up", KX_LANE_TOP_UP, keep_state, "at top-up.successor.script:"},
    {"budget exhausted by a claim", KX_LANE_CLAIM, cut_budget, "at claim.voucher:"},
    {"early refund", KX_LANE_REFUND, early, "at refund.timeout:"},
};

Test(kx_batch_tx_negatives, are_refused_by_the_covenant_under_every_scope)
{
    for (size_t i = 0; i < ARRAY_LEN(negatives); i++)
        for (size_t k = 0; k < ARRAY_LEN(types); k++) {
            struct kx_tx_world *w = kx_tx_world_new(5, negatives[i].step);
            const struct kx_check *script = &w->verdict.checks[KX_BATCH_TX_SCRIPT];

            w->provider_type = w->client_type = types[k];
            kx_tx_world_run(w, negatives[i].change, NULL);
            cr_expect_eq(script->result, KASPA_CHECK_BROKEN, "row: %s, 0x%02x", negatives[i].name,
                         types[k]);
            cr_expect_not_null(strstr(script->why, negatives[i].by), "row: %s: %s",
                               negatives[i].name, script->why);
            cr_expect_eq(w->verdict.outcome, KASPA_INVALID, "row: %s", negatives[i].name);
            cr_expect_lt((int)w->verdict.first, KX_BATCH_TX_SCRIPT, "row: %s", negatives[i].name);
            cr_expect_eq(w->verdict.checks[KX_BATCH_TX_CONSENSUS].result, KASPA_CHECK_BROKEN,
                         "row: %s", negatives[i].name);
            kx_tx_world_free(w);
        }
}

/* Section 17: nothing of what was accepted can be another bit. */
Test(kx_batch_tx_negatives, have_every_bit_of_the_witness_covered)
{
    for (int step = 0; step < KX_LANE_STEPS; step++) {
        struct kx_tx_world *w = kx_tx_world_new(5, (enum kx_lane_step)step);
        uint8_t *witness;
        size_t len;

        kx_tx_world_run(w, NULL, NULL);
        cr_assert_eq(w->verdict.outcome, KASPA_VALID);
        witness = kx_tx_world_witness(w);
        len = w->inputs[0].signature_script.len;
        for (size_t at = 0; at < len; at++) {
            struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);

            w->with.arena = &arena;
            witness[at] ^= (uint8_t)(1U << at % 8);
            kx_tx_world_judge(w);
            cr_expect_eq(w->verdict.outcome, KASPA_INVALID, "step %d, byte %zu", step, at);
            witness[at] ^= (uint8_t)(1U << at % 8);
            assay_arena_fini(&arena);
        }
        kx_tx_world_free(w);
    }
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 16;
}

/* Whatever is handed in, of whatever kind: it is judged, and not valid. */
static void scramble(struct kx_tx_world *w, uint32_t *state)
{
    struct assay_bytes *script = &w->inputs[0].signature_script;
    uint8_t *witness = kx_tx_world_witness(w);

    w->with.kind = (enum kx_batch_kind)(next_random(state) % KX_BATCH_KINDS);
    for (uint32_t i = next_random(state) % 8; i > 0; i--)
        witness[next_random(state) % script->len] = (uint8_t)next_random(state);
    script->len -= next_random(state) % 2 * (next_random(state) % script->len);
    w->tx.input_count = next_random(state) % 3;
    w->tx.output_count = next_random(state) % 3;
    w->tx.version = (uint16_t)(next_random(state) % 3);
    w->tx.lock_time = next_random(state) % 2 == 0 ? UINT64_MAX : next_random(state);
    w->outputs[0].value = next_random(state) % 2 == 0 ? UINT64_MAX : next_random(state);
    w->utxos[0].amount = next_random(state) % 4 == 0 ? UINT64_MAX : w->utxos[0].amount;
    if (next_random(state) % 2 == 0)
        w->with.utxos = NULL;
    if (next_random(state) % 2 == 0)
        w->with.pov = NULL;
}

Test(kx_batch_tx_negatives, are_all_that_junk_can_be)
{
    struct kx_tx_world *w = kx_tx_world_new(5, KX_LANE_TOP_UP);
    uint32_t state = 402;

    kx_tx_world_sign(w);
    for (int i = 0; i < 500; i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
        struct kx_tx_world junk = *w;

        junk.lane.arena = (struct assay_arena)ASSAY_ARENA_INIT(1 << 20);
        junk.tx.inputs = junk.inputs;
        junk.tx.outputs = junk.outputs;
        junk.with.tx = &junk.tx;
        junk.with.utxos = junk.utxos;
        junk.with.arena = &arena;
        scramble(&junk, &state);
        kx_tx_world_judge(&junk);
        cr_expect_eq(junk.verdict.outcome, KASPA_INVALID, "round %d", i);
        assay_arena_fini(&junk.lane.arena);
        assay_arena_fini(&arena);
    }
    kx_tx_world_free(w);
}

/* B114: whoever passes it on can change these, and the id still finds it. */
Test(kx_batch_tx_negatives, that_change_no_id_are_noticed)
{
    for (int step = 0; step < KX_LANE_STEPS; step++) {
        struct kx_tx_world *w = kx_tx_world_new(5, (enum kx_lane_step)step);
        struct kaspa_hash id, hash, before;

        kx_tx_world_sign(w);
        kaspa_txid(&id, &w->tx);
        kaspa_tx_hash(&before, &w->tx);
        for (int change = 0; change < 3; change++) {
            struct kaspa_tx tx = w->tx;

            if (change == 0)
                kx_tx_world_witness(w)[5] ^= 1;
            else if (change == 1)
                w->inputs[0].commit++;
            else
                w->tx.storage_mass++;
            kx_tx_world_judge(w);
            hash = w->verdict.hash;
            cr_expect(kaspa_hash_equal(&w->verdict.id, &id), "step %d, change %d", step, change);
            cr_expect_not(kaspa_hash_equal(&hash, &before), "step %d, change %d", step, change);
            cr_expect_eq(w->verdict.outcome, KASPA_INVALID, "step %d, change %d", step, change);
            w->tx = tx;
            before = hash;
        }
        kx_tx_world_free(w);
    }
}

/* ---- binding v1: section 16.1 ---- */

static void next_index(struct kx_tx_world *w)
{
    w->voucher_head.outpoint.index++;
}
static void index_of_other_order(struct kx_tx_world *w)
{
    w->voucher_head.outpoint.index <<= 24;
}
static void other_txid(struct kx_tx_world *w)
{
    w->voucher_head.outpoint.txid.at[0] ^= 1;
}
static void successor_elsewhere(struct kx_tx_world *w)
{
    w->outputs[1].spk = w->stranger_spk;
}
static void successor_too_small(struct kx_tx_world *w)
{
    w->outputs[1].value = w->head.value - w->total - 1;
}
static void successor_not_smaller(struct kx_tx_world *w)
{
    w->outputs[1].value = w->head.value;
    w->outputs[0].value = 10000000;
}
static void successor_bound(struct kx_tx_world *w)
{
    const struct kaspa_genesis_output group = {.index = 1, .output = &w->outputs[1]};

    kaspa_covenant_id(&w->outputs[1].covenant_id, &w->inputs[0].previous, &group, 1);
    w->outputs[1].has_covenant = true;
}
static void payout_redirected(struct kx_tx_world *w)
{
    w->outputs[0].spk = w->stranger_spk;
}
static void amount_negative(struct kx_tx_world *w)
{
    w->total = w->voucher_total = UINT64_C(0xeeeeeeeeeeeeeeee);
}

Test(kx_batch_tx_v1, is_of_one_coin)
{
    static const struct {
        const char *name;
        kx_tx_change *change;
        enum kx_batch_tx_rule rule;
        enum kaspa_check_result script;
    } rows[] = {
        {"B116: a voucher of the next index", next_index, KX_BATCH_TX_VOUCHER, KASPA_CHECK_BROKEN},
        {"B116: a voucher of a big-endian index", index_of_other_order, KX_BATCH_TX_VOUCHER,
         KASPA_CHECK_BROKEN},
        {"B116: a voucher of another transaction", other_txid, KX_BATCH_TX_VOUCHER,
         KASPA_CHECK_BROKEN},
        {"the successor goes elsewhere", successor_elsewhere, KX_BATCH_TX_SUCCESSOR_SCRIPT,
         KASPA_CHECK_BROKEN},
        {"the successor is below V - T", successor_too_small, KX_BATCH_TX_AMOUNT,
         KASPA_CHECK_BROKEN},
        {"the successor is worth V", successor_not_smaller, KX_BATCH_TX_AMOUNT, KASPA_CHECK_HELD},
        {"the successor is in a covenant", successor_bound, KX_BATCH_TX_SUCCESSOR_BOUND,
         KASPA_CHECK_HELD},
        {"the payout is redirected", payout_redirected, KX_BATCH_TX_PAYEE, KASPA_CHECK_BROKEN},
        {"T is negative", amount_negative, KX_BATCH_TX_TOTAL, KASPA_CHECK_BROKEN},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_tx_world *w = kx_tx_world_new(1, KX_LANE_CLAIM);

        w->with.fee_max = KX_BATCH_FEE_MAX_DEFAULT;
        kx_tx_world_run(w, rows[i].change, NULL);
        cr_expect_eq(w->verdict.outcome, KASPA_INVALID, "row: %s", rows[i].name);
        cr_expect_eq(w->verdict.first, rows[i].rule, "row: %s: %s: %s", rows[i].name,
                     kx_batch_tx_rules[w->verdict.first].id,
                     w->verdict.checks[w->verdict.first].why);
        cr_expect_eq(w->verdict.checks[KX_BATCH_TX_SCRIPT].result, rows[i].script, "row: %s: %s",
                     rows[i].name, w->verdict.checks[KX_BATCH_TX_SCRIPT].why);
        kx_tx_world_free(w);
    }
}

Test(kx_batch_tx_v1, has_neither_genesis_nor_top_up)
{
    struct kx_tx_world *w = kx_tx_world_new(1, KX_LANE_CLAIM);

    kx_tx_world_sign(w);
    w->with.kind = KX_BATCH_GENESIS;
    kx_tx_world_judge(w);
    cr_expect_eq(w->verdict.first, KX_BATCH_TX_KIND);
    w->with.kind = KX_BATCH_TOP_UP;
    kx_tx_world_judge(w);
    cr_expect_eq(w->verdict.first, KX_BATCH_TX_KIND);
    kx_tx_world_free(w);
}

/* Signs a coin of the lane at `input` as a claim of escrow-v1. */
static void sign_as_claim(struct kx_tx_world *w, size_t input, uint64_t total)
{
    const struct kx_lane_head head = {.outpoint = w->inputs[input].previous,
                                      .value = w->utxos[input].amount};
    struct assay_buf script = ASSAY_BUF_INIT(4096);
    uint8_t push[KASPA_SIGNATURE_PUSH_BYTES], voucher[ASSAY_SIG_BYTES];

    cr_assert_eq(kaspa_sign_schnorr(push, &w->tx, input, &w->utxos[input], KASPA_SIGHASH_ALL,
                                    &w->lane.server, NULL),
                 ASSAY_OK);
    kx_lane_world_voucher(voucher, &w->lane, &head, total);
    assay_buf_add(&script, assay_bytes_of(push, sizeof(push)));
    assay_buf_add_byte(&script, sizeof(voucher));
    assay_buf_add(&script, assay_bytes_of(voucher, sizeof(voucher)));
    assay_buf_add_byte(&script, 8);
    for (int i = 0; i < 8; i++)
        assay_buf_add_byte(&script, (uint8_t)(total >> 8 * i));
    assay_buf_add(&script, w->selector);
    kaspa_script_add_push(&script, w->redeem);
    w->inputs[input].signature_script = assay_arena_copy(&w->lane.arena, assay_buf_view(&script));
    assay_buf_fini(&script);
}

/* B117, H3: two coins, one successor; 65000000 sompi of the client's are fee. The script of
 * escrow-v1 counts no inputs; the verifier does. */
Test(kx_batch_tx_v1, coins_can_share_a_successor_on_chain)
{
    struct kx_tx_world *w = kx_tx_world_new(1, KX_LANE_CLAIM);

    kx_tx_world_add_input(w, w->head.value);
    w->utxos[1].spk = w->utxos[0].spk;
    w->inputs[1].commit = 20;
    w->with.fee_max = KX_BATCH_FEE_MAX_DEFAULT;
    cr_assert(kaspa_storage_mass(&w->tx.storage_mass, &w->tx, w->utxos));
    for (size_t i = 0; i < 2; i++)
        sign_as_claim(w, i, w->total);
    kx_tx_world_judge(w);
    cr_expect_eq(w->verdict.first, KX_BATCH_TX_INPUTS);
    cr_expect_eq(w->verdict.checks[KX_BATCH_TX_CONSENSUS].result, KASPA_CHECK_HELD, "%s",
                 w->verdict.checks[KX_BATCH_TX_CONSENSUS].why);
    kx_tx_world_free(w);
}
