/* The form of batch transactions, what they spend, and their witnesses: one change, and the rule
 * that it breaks; and whether the chain would have refused it. Sections are those of the batch
 * digest; B names a row of its section 18. */
#include "ref/tests/kx_tx_world.h"

static void version_0(struct kx_tx_world *w)
{
    w->tx.version = 0;
}
static void version_2(struct kx_tx_world *w)
{
    w->tx.version = 2;
}
static void user_lane(struct kx_tx_world *w)
{
    w->tx.subnetwork_id[3] = 1;
}
static void gas(struct kx_tx_world *w)
{
    w->tx.gas = 1;
}
static void payload(struct kx_tx_world *w)
{
    w->tx.payload = ASSAY_LIT("x");
}
static void one_input_more(struct kx_tx_world *w)
{
    kx_tx_world_add_input(w, 10000000);
}
static void no_funding(struct kx_tx_world *w)
{
    w->tx.input_count = 1;
    w->tx.output_count = 1;
}
static void no_input(struct kx_tx_world *w)
{
    w->tx.input_count = 0;
}
static void one_output_more(struct kx_tx_world *w)
{
    (void)kx_tx_world_add_output(w, 10000000, &w->lane.lane.refund);
}
static void one_continuation_more(struct kx_tx_world *w)
{
    size_t i = w->plan.kind == KX_BATCH_CLAIM ? 1 : 0;

    w->outputs[w->tx.output_count++] = w->outputs[i];
}
/* As the node itself would make its id: of both outputs. */
static void genesis_of_two(struct kx_tx_world *w)
{
    struct kaspa_genesis_output group[2];

    w->outputs[w->tx.output_count++] = w->outputs[0];
    for (uint32_t i = 0; i < 2; i++) {
        w->outputs[i].value = w->plan.amount / 2;
        group[i] = (struct kaspa_genesis_output){.index = i, .output = &w->outputs[i]};
    }
    kaspa_covenant_id(&w->outputs[0].covenant_id, &w->inputs[0].previous, group, 2);
    w->outputs[1].covenant_id = w->outputs[0].covenant_id;
}
static void no_continuation(struct kx_tx_world *w)
{
    w->tx.output_count = 1;
}
static void no_output(struct kx_tx_world *w)
{
    w->tx.output_count = 0;
}
static void other_outpoint(struct kx_tx_world *w)
{
    w->inputs[0].previous.index++;
}
static void other_txid(struct kx_tx_world *w)
{
    w->inputs[0].previous.txid.at[0] ^= 1;
}
static void richer_coin(struct kx_tx_world *w)
{
    w->utxos[0].amount++;
}
static void other_script(struct kx_tx_world *w)
{
    w->utxos[0].spk = w->stranger_spk;
}
static void other_lineage(struct kx_tx_world *w)
{
    w->utxos[0].covenant_id.at[0] ^= 1;
}
static void no_lineage(struct kx_tx_world *w)
{
    w->utxos[0].has_covenant = false;
}
static void coin_is_gone(struct kx_tx_world *w)
{
    w->is_missing[0] = true;
}
static void sequence(struct kx_tx_world *w)
{
    w->inputs[0].sequence = 1;
}
static void funding_sequence(struct kx_tx_world *w)
{
    w->inputs[1].sequence = 1;
}
static void lock_time(struct kx_tx_world *w)
{
    w->tx.lock_time = 1;
}
static void early_lock(struct kx_tx_world *w)
{
    w->tx.lock_time--;
}
static void no_lock(struct kx_tx_world *w)
{
    w->tx.lock_time = 0;
}
static void time_lock(struct kx_tx_world *w)
{
    w->tx.lock_time = KASPA_LOCK_TIME_THRESHOLD;
    w->pov.past_median_time_ms = KASPA_LOCK_TIME_THRESHOLD + 1;
}
static void later_sequence(struct kx_tx_world *w)
{
    w->inputs[0].sequence = KASPA_SEQUENCE_FINAL - 1;
}

static const struct kx_tx_row form_rows[] = {
    {"version 0", KX_ALL_STEPS, KX_BATCH_TX_VERSION, NOT_RUN, version_0, NULL},
    {"version 2", KX_ALL_STEPS, KX_BATCH_TX_VERSION, NOT_RUN, version_2, NULL},
    {"a user lane", KX_ALL_STEPS, KX_BATCH_TX_SUBNETWORK, ALLOWED, user_lane, NULL},
    {"gas", KX_ALL_STEPS, KX_BATCH_TX_GAS, NOT_RUN, gas, NULL},
    {"a payload", KX_ALL_STEPS, KX_BATCH_TX_PAYLOAD, ALLOWED, payload, NULL},
    {"B70: another input", KX_STEP(CLAIM) | KX_STEP(REFUND), KX_BATCH_TX_INPUTS, REFUSED,
     one_input_more, NULL},
    {"no funding", KX_STEP(TOP_UP), KX_BATCH_TX_INPUTS, REFUSED, no_funding, NULL},
    {"no input", KX_ALL_STEPS, KX_BATCH_TX_INPUTS, NOT_RUN, no_input, NULL},
    {"B51: a genesis with change", KX_STEP(GENESIS), KX_BATCH_TX_OUTPUTS, ALLOWED, one_output_more,
     NULL},
    {"another output", KX_STEP(CLAIM) | KX_STEP(TOP_UP) | KX_STEP(REFUND), KX_BATCH_TX_OUTPUTS,
     REFUSED, one_output_more, NULL},
    {"B52: a lineage that begins twice", KX_STEP(GENESIS), KX_BATCH_TX_OUTPUTS, ALLOWED,
     genesis_of_two, NULL},
    {"B52, B63: another continuation", KX_STEP(GENESIS) | KX_STEP(CLAIM) | KX_STEP(TOP_UP),
     KX_BATCH_TX_OUTPUTS, REFUSED, one_continuation_more, NULL},
    {"B62: no continuation", KX_STEP(CLAIM), KX_BATCH_TX_OUTPUTS, REFUSED, no_continuation, NULL},
    {"no output", KX_STEP(GENESIS), KX_BATCH_TX_OUTPUTS, ALLOWED, no_output, NULL},
    {"no output", KX_STEP(CLAIM) | KX_STEP(TOP_UP) | KX_STEP(REFUND), KX_BATCH_TX_OUTPUTS, REFUSED,
     no_output, NULL},
    {"another output of the transaction", KX_STEP(CLAIM) | KX_STEP(TOP_UP) | KX_STEP(REFUND),
     KX_BATCH_TX_HEAD, ALLOWED, other_outpoint, NULL},
    {"another transaction's output", KX_STEP(CLAIM) | KX_STEP(TOP_UP) | KX_STEP(REFUND),
     KX_BATCH_TX_HEAD, ALLOWED, other_txid, NULL},
    {"the chain's coin is richer", KX_STEP(CLAIM), KX_BATCH_TX_COIN, REFUSED, richer_coin, NULL},
    {"the chain's coin is richer", KX_STEP(TOP_UP) | KX_STEP(REFUND), KX_BATCH_TX_COIN, ALLOWED,
     richer_coin, NULL},
    {"the chain's coin has another script", KX_STEP(CLAIM) | KX_STEP(TOP_UP) | KX_STEP(REFUND),
     KX_BATCH_TX_COIN, REFUSED, other_script, NULL},
    {"the chain's coin is of another lineage", KX_STEP(CLAIM) | KX_STEP(TOP_UP), KX_BATCH_TX_COIN,
     REFUSED, other_lineage, NULL},
    {"the chain's coin is of another lineage", KX_STEP(REFUND), KX_BATCH_TX_COIN, ALLOWED,
     other_lineage, NULL},
    {"the chain's coin is of no lineage", KX_STEP(CLAIM) | KX_STEP(TOP_UP), KX_BATCH_TX_COIN,
     REFUSED, no_lineage, NULL},
    {"the chain has no such coin", KX_STEP(CLAIM) | KX_STEP(TOP_UP) | KX_STEP(REFUND),
     KX_BATCH_TX_COIN, NOT_RUN, coin_is_gone, NULL},
    {"B69: a sequence", KX_STEP(CLAIM) | KX_STEP(TOP_UP) | KX_STEP(REFUND), KX_BATCH_TX_SEQUENCE,
     REFUSED, sequence, NULL},
    {"a sequence of funding", KX_STEP(GENESIS), KX_BATCH_TX_SEQUENCE, ALLOWED, sequence, NULL},
    {"a sequence of funding", KX_STEP(TOP_UP), KX_BATCH_TX_SEQUENCE, ALLOWED, funding_sequence,
     NULL},
    {"B69: a lock time", KX_STEP(CLAIM) | KX_STEP(TOP_UP), KX_BATCH_TX_LOCK_TIME, REFUSED,
     lock_time, NULL},
    {"a lock time", KX_STEP(GENESIS), KX_BATCH_TX_LOCK_TIME, ALLOWED, lock_time, NULL},
    {"B85: the lock time is below the timeout", KX_STEP(REFUND), KX_BATCH_TX_REFUND_LOCK, REFUSED,
     early_lock, NULL},
    {"no lock time", KX_STEP(REFUND), KX_BATCH_TX_REFUND_LOCK, REFUSED, no_lock, NULL},
    {"B86: the lock time is a time", KX_STEP(REFUND), KX_BATCH_TX_REFUND_LOCK, REFUSED, time_lock,
     NULL},
    {"a refund's sequence", KX_STEP(REFUND), KX_BATCH_TX_SEQUENCE, REFUSED, later_sequence, NULL},
};

Test(kx_batch_tx_form, is_exact)
{
    kx_tx_rows_expect(form_rows, ARRAY_LEN(form_rows), KX_BATCH_TX_VERSION,
                      KX_BATCH_TX_REFUND_LOCK);
}

/* ---- witnesses ---- */

/* Replaces the bytes from `from` up to `to` of input 0's signature script. */
static void splice(struct kx_tx_world *w, size_t from, size_t to, struct assay_bytes by)
{
    struct assay_bytes script = w->inputs[0].signature_script;
    struct assay_buf made = ASSAY_BUF_INIT(4096);

    assay_buf_add(&made, assay_bytes_part(script, 0, from));
    assay_buf_add(&made, by);
    assay_buf_add(&made, assay_bytes_part(script, to, script.len));
    w->inputs[0].signature_script = assay_arena_copy(&w->lane.arena, assay_buf_view(&made));
    assay_buf_fini(&made);
}

/* Where a claim's witness has its parts: sections 8.4 and 9.2. */
enum { VOUCHER_AT = 66, TOTAL_AT = VOUCHER_AT + 65, AMOUNT_AT = TOTAL_AT + 9 };

static void first_signature_of_64(struct kx_tx_world *w)
{
    splice(w, 0, 2, ASSAY_LIT("\x40"));
}
static void voucher_of_65(struct kx_tx_world *w)
{
    splice(w, VOUCHER_AT, VOUCHER_AT + 1, ASSAY_LIT("\x41\x01"));
}
static void total_of_7(struct kx_tx_world *w)
{
    splice(w, TOTAL_AT, TOTAL_AT + 2, ASSAY_LIT("\x07"));
}
static void amount_of_9(struct kx_tx_world *w)
{
    splice(w, AMOUNT_AT, AMOUNT_AT + 1, ASSAY_LIT("\x09\x01"));
}
static void long_push(struct kx_tx_world *w)
{
    splice(w, 0, 1, ASSAY_LIT("\x4c\x41"));
}
static void second_signature_of_64(struct kx_tx_world *w)
{
    splice(w, 66, 68, ASSAY_LIT("\x40"));
}
static void one_argument_more(struct kx_tx_world *w)
{
    splice(w, 0, 0, ASSAY_LIT("\x51"));
}
static void nothing_at_all(struct kx_tx_world *w)
{
    w->inputs[0].signature_script = ASSAY_LIT("");
}
static void cut_short(struct kx_tx_world *w)
{
    w->inputs[0].signature_script = assay_bytes_part(w->inputs[0].signature_script, 0, 30);
}
static void no_selector(struct kx_tx_world *w)
{
    w->selector = ASSAY_LIT("");
}
static void selector_of_zeros(struct kx_tx_world *w)
{
    w->selector = ASSAY_LIT("\x04\0\0\0\0");
}
static void top_up_of_v3(struct kx_tx_world *w)
{
    w->selector = ASSAY_LIT("\x04\x52\x58\x88\xa6");
}
static void selector_of_v2(struct kx_tx_world *w)
{
    w->selector = ASSAY_LIT("\x51");
}
static void other_path(struct kx_tx_world *w)
{
    const struct assay_bytes *selectors = w->lane.lane.tmpl->selectors;

    w->selector = selectors[w->plan.kind == KX_BATCH_REFUND ? KX_ESCROW_CLAIM : KX_ESCROW_REFUND];
}
static void redeem_of_other_state(struct kx_tx_world *w)
{
    cr_assert_eq(kx_lane_redeem(&w->redeem, &w->lane.arena, &w->lane.lane, w->head.claimed + 1),
                 ASSAY_OK);
}
static void redeem_cut(struct kx_tx_world *w)
{
    w->redeem.len--;
}
static void no_redeem(struct kx_tx_world *w)
{
    struct assay_bytes *script = &w->inputs[0].signature_script;

    script->len -= w->redeem.len + 3;
}
static void push_behind(struct kx_tx_world *w)
{
    size_t end = w->inputs[0].signature_script.len;

    splice(w, end, end, ASSAY_LIT("\x51"));
}
static void broken_push_behind(struct kx_tx_world *w)
{
    size_t end = w->inputs[0].signature_script.len;

    splice(w, end, end, ASSAY_LIT("\x4c"));
}
static void redeem_by_long_push(struct kx_tx_world *w)
{
    size_t at = w->inputs[0].signature_script.len - w->redeem.len - 3;
    const uint8_t push[] = {0x4e, (uint8_t)w->redeem.len, (uint8_t)(w->redeem.len >> 8), 0, 0};

    splice(w, at, at + 3, assay_bytes_of(push, sizeof(push)));
}

static void funding_of_65(struct kx_tx_world *w)
{
    struct kaspa_input *in = &w->inputs[w->tx.input_count - 1];

    in->signature_script = assay_bytes_part(in->signature_script, 0, 65);
}
static void funding_script_hash(struct kx_tx_world *w)
{
    cr_assert_eq(
        kx_lane_spk(&w->utxos[w->tx.input_count - 1].spk, &w->lane.arena, &w->lane.lane, 0),
        ASSAY_OK);
}
static void funding_covenant(struct kx_tx_world *w)
{
    struct kaspa_utxo *coin = &w->utxos[w->tx.input_count - 1];

    coin->has_covenant = true;
    memset(coin->covenant_id.at, 0x77, KASPA_HASH_BYTES);
}
static void extra_input_of_the_lineage(struct kx_tx_world *w)
{
    struct kaspa_utxo *coin = &w->utxos[w->tx.input_count - 1];

    coin->has_covenant = true;
    coin->covenant_id = w->head.covenant_id;
}
static void funding_is_gone(struct kx_tx_world *w)
{
    w->is_missing[w->tx.input_count - 1] = true;
}

#define SPENDS (KX_STEP(CLAIM) | KX_STEP(TOP_UP) | KX_STEP(REFUND))
#define FUNDED (KX_STEP(GENESIS) | KX_STEP(TOP_UP))

static const struct kx_tx_row witness_rows[] = {
    {"B72: a signature of 64 bytes", SPENDS, KX_BATCH_TX_ARGUMENTS, REFUSED, NULL,
     first_signature_of_64},
    {"B72: a voucher of 65 bytes", KX_STEP(CLAIM), KX_BATCH_TX_ARGUMENTS, REFUSED, NULL,
     voucher_of_65},
    {"B72: T of 7 bytes", KX_STEP(CLAIM), KX_BATCH_TX_ARGUMENTS, REFUSED, NULL, total_of_7},
    {"D of 9 bytes", KX_STEP(CLAIM), KX_BATCH_TX_ARGUMENTS, REFUSED, NULL, amount_of_9},
    {"a provider's signature of 64 bytes", KX_STEP(TOP_UP) | KX_SINCE(4), KX_BATCH_TX_ARGUMENTS,
     REFUSED, NULL, second_signature_of_64},
    {"a longer push than need be", SPENDS, KX_BATCH_TX_ARGUMENTS, ALLOWED, NULL, long_push},
    {"one argument more", SPENDS, KX_BATCH_TX_ARGUMENTS, REFUSED, NULL, one_argument_more},
    {"an empty witness", SPENDS, KX_BATCH_TX_ARGUMENTS, REFUSED, NULL, nothing_at_all},
    {"a witness that ends early", SPENDS, KX_BATCH_TX_ARGUMENTS, REFUSED, NULL, cut_short},
    {"no selector", SPENDS, KX_BATCH_TX_SELECTOR, REFUSED, no_selector, NULL},
    {"B73: an unknown selector", SPENDS | KX_SINCE(3), KX_BATCH_TX_SELECTOR, REFUSED,
     selector_of_zeros, NULL},
    {"B73: escrow-v3's top-up", SPENDS | KX_SINCE(4), KX_BATCH_TX_SELECTOR, REFUSED, top_up_of_v3,
     NULL},
    {"escrow-v2's top-up", SPENDS | KX_SINCE(3), KX_BATCH_TX_SELECTOR, REFUSED, selector_of_v2,
     NULL},
    {"another path's selector", SPENDS, KX_BATCH_TX_SELECTOR, REFUSED, other_path, NULL},
    {"the redeem script of another state", SPENDS, KX_BATCH_TX_REDEEM, REFUSED,
     redeem_of_other_state, NULL},
    {"a redeem script that is cut", SPENDS, KX_BATCH_TX_REDEEM, REFUSED, redeem_cut, NULL},
    {"no redeem script", SPENDS, KX_BATCH_TX_REDEEM, REFUSED, NULL, no_redeem},
    {"B74: a push behind the redeem script", SPENDS, KX_BATCH_TX_REDEEM, REFUSED, NULL,
     push_behind},
    {"half a push behind the redeem script", SPENDS, KX_BATCH_TX_REDEEM, REFUSED, NULL,
     broken_push_behind},
    {"the redeem script by a longer push", SPENDS, KX_BATCH_TX_REDEEM, ALLOWED, NULL,
     redeem_by_long_push},
    {"a funding signature of 64 bytes", FUNDED, KX_BATCH_TX_FUNDING, REFUSED, NULL, funding_of_65},
    {"funding from a script hash", FUNDED, KX_BATCH_TX_FUNDING, REFUSED, funding_script_hash, NULL},
    {"funding from another covenant", FUNDED, KX_BATCH_TX_FUNDING, ALLOWED, funding_covenant, NULL},
    {"another input of the lineage", KX_STEP(TOP_UP), KX_BATCH_TX_FUNDING, REFUSED,
     extra_input_of_the_lineage, NULL},
    {"the chain has no such funding", FUNDED, KX_BATCH_TX_FUNDING, NOT_RUN, funding_is_gone, NULL},
};

Test(kx_batch_tx_witness, is_parsed_strictly)
{
    kx_tx_rows_expect(witness_rows, ARRAY_LEN(witness_rows), KX_BATCH_TX_ARGUMENTS,
                      KX_BATCH_TX_FUNDING);
}

/* Section 16.2: escrow-v2 compares its selector as a number, so that other bytes name a path too.
 */
Test(kx_batch_tx_witness, has_one_selector_where_a_script_takes_several)
{
    struct kx_tx_world *w = kx_tx_world_new(2, KX_LANE_CLAIM);

    kx_tx_world_run(w, selector_of_zeros, NULL);
    cr_expect_eq(w->verdict.first, KX_BATCH_TX_SELECTOR);
    cr_expect_eq(w->verdict.checks[KX_BATCH_TX_SCRIPT].result, KASPA_CHECK_HELD);
    kx_tx_world_free(w);
}

/* Every strict prefix. */
Test(kx_batch_tx_witness, ends_where_it_ends)
{
    struct kx_tx_world *w = kx_tx_world_new(5, KX_LANE_CLAIM);
    struct assay_bytes whole;

    kx_tx_world_sign(w);
    whole = w->inputs[0].signature_script;
    w->with.utxos = NULL;
    for (size_t len = 0; len < whole.len; len += len < 200 ? 1 : 97) {
        w->inputs[0].signature_script = assay_bytes_part(whole, 0, len);
        kx_tx_world_judge(w);
        cr_expect_eq(w->verdict.outcome, KASPA_INVALID, "length %zu", len);
        cr_expect(w->verdict.first == KX_BATCH_TX_ARGUMENTS ||
                      w->verdict.first == KX_BATCH_TX_SELECTOR ||
                      w->verdict.first == KX_BATCH_TX_REDEEM,
                  "length %zu: %s", len, kx_batch_tx_rules[w->verdict.first].id);
    }
    kx_tx_world_free(w);
}
