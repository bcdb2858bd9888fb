/* The simulated Kaspa network: submissions, blocks, reorganisations, and what is then the case. */
#include "chain_world.h"

#include "kaspa/build.h"
#include "kaspa/txid.h"

/* ---- beginning ---- */

Test(kaspa_chain, begins_with_a_genesis_that_follows_from_the_seed)
{
    struct kaspa_chain *chain = chain_of("a"), *same = chain_of("a"), *other = chain_of("b");
    struct kaspa_chain_info info = info_of(chain), others = info_of(other);
    struct kaspa_chain_block block;

    cr_expect_eq(info.chain_blocks, 1);
    cr_expect_eq(info.network, KASPA_SIMNET);
    cr_expect_eq(info.daa_score, KASPA_CHAIN_START_DAA + 1);
    cr_expect_eq(info.blue_score, KASPA_CHAIN_START_BLUE);
    cr_expect_eq(info.sink_time_ms, INT64_C(1767225600000));
    cr_expect_eq(info.past_median_time_ms, INT64_C(1767225600000) - 130000);
    cr_expect(kaspa_hash_equal(&info.sink, &info.genesis));
    cr_expect(kaspa_hash_equal(&info.sink, &info.pruning_point));
    cr_expect(kaspa_chain_block(chain, &block, &info.genesis));
    cr_expect(block.is_chain_block && block.merged_count == 0 && block.height == 0);
    cr_expect_not(kaspa_hash_equal(&info.genesis, &others.genesis));
    expect_same(chain, same, "the same seed");
    kaspa_chain_free(chain);
    kaspa_chain_free(same);
    kaspa_chain_free(other);
    kaspa_chain_free(NULL);
}

Test(kaspa_chain, takes_a_start_within_its_range)
{
    static const struct {
        int64_t start_ms, past_median_ms;
        enum assay_code code;
    } rows[] = {
        {1, 0, ASSAY_OK},
        {130001, 1, ASSAY_OK},
        {KASPA_CHAIN_MAX_START_MS, KASPA_CHAIN_MAX_START_MS - 130000, ASSAY_OK},
        {KASPA_CHAIN_MAX_START_MS + 1, 0, ASSAY_E_RANGE},
        {-1, 0, ASSAY_E_RANGE},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kaspa_chain_options options = {.seed = ASSAY_LIT(""), .start_ms = rows[i].start_ms};
        struct kaspa_chain *chain = NULL;

        cr_assert_eq(kaspa_chain_new(&chain, &options), rows[i].code, "row %zu", i);
        if (chain == NULL)
            continue;
        cr_expect_eq(info_of(chain).sink_time_ms, rows[i].start_ms);
        cr_expect_eq(info_of(chain).past_median_time_ms, rows[i].past_median_ms);
        kaspa_chain_free(chain);
    }
}

Test(kaspa_chain, starts_ahead_of_an_earlier_one_where_it_is_told_to)
{
    struct kaspa_chain_options options = {.seed = ASSAY_LIT(""), .daa_ahead = 5000};
    struct kaspa_chain *chain = NULL;

    cr_assert_eq(kaspa_chain_new(&chain, &options), ASSAY_OK);
    cr_expect_eq(info_of(chain).daa_score, KASPA_CHAIN_START_DAA + 5000 + 1);
    kaspa_chain_free(chain);
    options.daa_ahead = KASPA_CHAIN_MAX_START_MS + UINT64_C(1);
    cr_expect_eq(kaspa_chain_new(&chain, &options), ASSAY_E_RANGE);
}

/* ---- funding ---- */

Test(kaspa_chain, funds_a_script_with_an_output_that_can_be_spent_at_once)
{
    struct kaspa_chain *chain = chain_of("fund");
    struct kaspa_hash id = funded(chain, 7 * KAS), other = funded(chain, 7 * KAS);
    struct kaspa_utxo utxo;
    struct kaspa_chain_tx tx;

    cr_expect_not(kaspa_hash_equal(&id, &other));
    cr_assert(kaspa_chain_utxo(chain, &utxo, &(struct kaspa_outpoint){id, 0}));
    cr_expect_eq(utxo.amount, 7 * KAS);
    cr_expect_eq(utxo.block_daa_score, KASPA_CHAIN_START_DAA + 1);
    cr_expect_not(utxo.is_coinbase);
    cr_expect_not(kaspa_chain_utxo(chain, &utxo, &(struct kaspa_outpoint){id, 1}));
    cr_assert(kaspa_chain_tx(chain, &tx, &id));
    cr_expect_eq(tx.state, KASPA_TX_ACCEPTED);
    cr_expect_eq(tx.confirmations, 2);
    cr_expect_eq(tx.spent[0].amount, 7 * KAS);
    spend(chain, &id, 6 * KAS, KASPA_SUBMITTED);
    kaspa_chain_free(chain);
}

Test(kaspa_chain, funds_nothing_that_consensus_does_not_allow)
{
    static const uint8_t zeros[KASPA_OUTPUT_SCRIPT_MAX_BYTES + 1];
    static const struct {
        uint64_t amount;
        size_t script_len;
        enum assay_code code;
    } rows[] = {
        {0, 1, ASSAY_E_RANGE},
        {1, 0, ASSAY_OK},
        {KASPA_MAX_SOMPI, KASPA_OUTPUT_SCRIPT_MAX_BYTES, ASSAY_OK},
        {KASPA_MAX_SOMPI + 1, 1, ASSAY_E_RANGE},
        {1, KASPA_OUTPUT_SCRIPT_MAX_BYTES + 1, ASSAY_E_RANGE},
    };
    struct kaspa_chain *chain = chain_of("fund");

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kaspa_spk spk = {.script = assay_bytes_of(zeros, rows[i].script_len)};
        struct kaspa_outpoint outpoint;

        cr_expect_eq(kaspa_chain_fund(chain, &outpoint, &spk, rows[i].amount), rows[i].code,
                     "row %zu", i);
    }
    cr_expect_eq(info_of(chain).chain_blocks, 3);
    kaspa_chain_free(chain);
}

/* ---- submissions ---- */

/* Two spends of the same kind under a key of the chain. */
static struct kaspa_tx signed_payment(struct assay_arena *arena, struct kaspa_chain *chain,
                                      uint64_t fee_per_kilogram)
{
    uint8_t room[KASPA_SPK_SCHNORR_BYTES];
    struct assay_buf script = ASSAY_BUF_OVER(room);
    struct kaspa_spend spend_of_key = {.sequence = KASPA_SEQUENCE_FINAL,
                                       .unlock = ASSAY_LIT(""),
                                       .redeem = ASSAY_LIT(""),
                                       .commit = KASPA_COMMIT_LEARN};
    struct kaspa_output output = {.value = KAS};
    struct kaspa_plan plan = {.spends = &spend_of_key,
                              .spend_count = 1,
                              .outputs = &output,
                              .output_count = 1,
                              .change = &output.spk,
                              .fee_per_kilogram = fee_per_kilogram,
                              .payload = ASSAY_LIT("")};
    struct assay_key key;
    struct assay_err err = {0};
    struct kaspa_tx tx;

    kaspa_key_from_seed(&key, ASSAY_LIT("chain"), ASSAY_LIT("payer"));
    kaspa_script_add_pay_to_pubkey(&script, key.xonly);
    output.spk.script = assay_arena_copy(arena, assay_buf_view(&script));
    spend_of_key.key = &key;
    cr_assert_eq(kaspa_chain_fund(chain, &spend_of_key.outpoint, &output.spk, 5 * KAS), ASSAY_OK);
    cr_assert(kaspa_chain_utxo(chain, &spend_of_key.utxo, &spend_of_key.outpoint));
    cr_assert_eq(kaspa_build(&tx, arena, &plan, &err), ASSAY_OK, "%s", err.text);
    return tx;
}

Test(kaspa_chain, applies_relay_policy_unless_it_is_off)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    uint8_t room[2048];
    struct assay_buf reason = ASSAY_BUF_OVER(room);
    struct kaspa_chain *chain = chain_of("relay");
    struct kaspa_tx fair, cheap;
    struct kaspa_verdict verdict;
    struct kaspa_hash id;

    kaspa_chain_set_relay_policy(chain, true);
    fair = signed_payment(&arena, chain, 0);
    cheap = signed_payment(&arena, chain, KASPA_RELAY_FEE_PER_KILOGRAM - 100);
    cr_expect_eq(kaspa_chain_submit(chain, &fair, &id, &verdict, NULL), KASPA_SUBMITTED);
    cr_expect_eq(verdict.relay, KASPA_VALID);
    cr_expect_eq(kaspa_chain_submit(chain, &cheap, &id, &verdict, &reason), KASPA_REFUSED);
    cr_expect_eq(verdict.outcome, KASPA_VALID);
    cr_expect_eq(verdict.relay, KASPA_INVALID);
    expect_reason(&reason, "is not standard: its fee is below the minimum", "cheap");
    kaspa_chain_set_relay_policy(chain, false);
    cr_expect_eq(kaspa_chain_submit(chain, &cheap, NULL, NULL, NULL), KASPA_SUBMITTED);
    mine(chain, 1);
    cr_expect_eq(state_of(chain, &id), KASPA_TX_ACCEPTED);
    kaspa_chain_free(chain);
    assay_arena_fini(&arena);
}

Test(kaspa_chain, says_of_a_transaction_what_a_node_says)
{
    uint8_t room[4096];
    struct assay_buf reason = ASSAY_BUF_OVER(room);
    struct kaspa_chain *chain = chain_of("submit");
    struct kaspa_hash funding = funded(chain, 5 * KAS), nowhere = {{1}}, id;
    struct draft d;

    draft_init(&d);
    draft_spend(&d, &funding, 0);
    draft_pay(&d, 4 * KAS);
    cr_assert_eq(kaspa_chain_submit(chain, &d.tx, &id, NULL, &reason), KASPA_SUBMITTED);
    cr_expect_eq(reason.len, 0);
    cr_expect_eq(kaspa_chain_submit(chain, &d.tx, NULL, NULL, &reason), KASPA_KNOWN);
    expect_reason(&reason, "is already in the mempool", "known");
    d.outputs[0].value -= 1;
    assay_buf_clear(&reason);
    cr_expect_eq(kaspa_chain_submit(chain, &d.tx, NULL, NULL, &reason), KASPA_CONFLICT);
    expect_reason(&reason, ", 0) already spent by transaction ", "conflict");
    mine(chain, 1);
    assay_buf_clear(&reason);
    cr_expect_eq(kaspa_chain_submit(chain, &d.tx, NULL, NULL, &reason), KASPA_ORPHAN);
    expect_reason(&reason, "is an orphan where orphan is disallowed", "spent already");
    d.outputs[0].value += 1;
    assay_buf_clear(&reason);
    cr_expect_eq(kaspa_chain_submit(chain, &d.tx, NULL, NULL, &reason), KASPA_KNOWN);
    expect_reason(&reason, "was already accepted by the consensus", "accepted");
    d.inputs[0].previous.txid = nowhere;
    cr_expect_eq(kaspa_chain_submit(chain, &d.tx, NULL, NULL, NULL), KASPA_ORPHAN);
    d.inputs[0].previous = (struct kaspa_outpoint){id, 1};
    cr_expect_eq(kaspa_chain_submit(chain, &d.tx, NULL, NULL, NULL), KASPA_ORPHAN);
    kaspa_chain_free(chain);
}

Test(kaspa_chain, copies_what_is_submitted_and_fills_in_its_storage_mass)
{
    struct kaspa_chain *chain = chain_of("copies");
    struct kaspa_hash funding = funded(chain, 5 * KAS), id, again;
    struct kaspa_chain_event event;
    struct kaspa_chain_tx tx;
    struct draft d;

    draft_init(&d);
    draft_spend(&d, &funding, 0);
    draft_pay(&d, KAS);
    draft_pay(&d, KAS);
    d.tx.payload = (struct assay_bytes){NULL, 0};
    cr_assert_eq(kaspa_chain_submit(chain, &d.tx, &id, NULL, NULL), KASPA_SUBMITTED);
    memset(&d, 0xA5, sizeof(d));
    cr_assert(kaspa_chain_tx(chain, &tx, &id));
    kaspa_txid(&again, tx.tx);
    cr_expect(kaspa_hash_equal(&again, &id));
    cr_expect_eq(tx.fee, 3 * KAS);
    cr_expect_eq(tx.tx->storage_mass, 2 * 10000 - 2000);
    cr_expect_eq(kaspa_chain_event_count(chain), 1);
    cr_assert(kaspa_chain_event(chain, 0, &event));
    cr_expect_eq(event.result, KASPA_SUBMITTED);
    cr_expect(kaspa_tx_equal(event.tx, tx.tx));
    cr_expect_not(kaspa_chain_event(chain, 1, &event));
    kaspa_chain_free(chain);
}

/* ---- replacing, holding, evicting ---- */

static enum kaspa_submission replace(struct kaspa_chain *chain, const struct kaspa_hash *txid,
                                     uint64_t value, struct kaspa_hash *id,
                                     struct assay_buf *reason)
{
    struct draft d;

    draft_init(&d);
    draft_spend(&d, txid, 0);
    draft_pay(&d, value);
    return kaspa_chain_replace(chain, &d.tx, id, reason);
}

Test(kaspa_chain, replaces_what_pays_a_lower_fee_rate_and_what_spends_that)
{
    uint8_t room[4096];
    struct assay_buf reason = ASSAY_BUF_OVER(room);
    struct kaspa_chain *chain = chain_of("replace");
    struct kaspa_hash funding = funded(chain, 9 * KAS), other = funded(chain, 9 * KAS);
    struct kaspa_hash first = spend(chain, &funding, 8 * KAS, KASPA_SUBMITTED);
    struct kaspa_hash child = spend(chain, &first, 7 * KAS, KASPA_SUBMITTED);
    struct kaspa_hash grandchild = spend(chain, &child, 6 * KAS, KASPA_SUBMITTED);
    struct kaspa_hash bystander = spend(chain, &other, 8 * KAS, KASPA_SUBMITTED), second;
    struct draft d;

    cr_expect_eq(replace(chain, &funding, 8 * KAS + 1, NULL, &reason), KASPA_CONFLICT);
    expect_reason(&reason, "fee rate", "lower");
    cr_expect_eq(replace(chain, &funding, 8 * KAS, NULL, NULL), KASPA_KNOWN);
    draft_init(&d);
    draft_spend(&d, &funding, 0);
    draft_pay(&d, 8 * KAS);
    d.inputs[0].sequence = 1;
    cr_expect_eq(kaspa_chain_replace(chain, &d.tx, NULL, NULL), KASPA_CONFLICT, "the same rate");
    cr_expect_eq(state_of(chain, &grandchild), KASPA_TX_IN_MEMPOOL);
    cr_expect_eq(replace(chain, &funding, 8 * KAS - 1, &second, NULL), KASPA_SUBMITTED);
    cr_expect_eq(state_of(chain, &first), KASPA_TX_UNKNOWN);
    cr_expect_eq(state_of(chain, &child), KASPA_TX_UNKNOWN);
    cr_expect_eq(state_of(chain, &grandchild), KASPA_TX_UNKNOWN);
    cr_expect_eq(state_of(chain, &bystander), KASPA_TX_IN_MEMPOOL);
    cr_expect_eq(state_of(chain, &second), KASPA_TX_IN_MEMPOOL);
    cr_expect_eq(info_of(chain).mempool_size, 2);
    kaspa_chain_free(chain);
}

Test(kaspa_chain, replaces_nothing_where_nothing_conflicts_or_it_would_spend_what_it_replaces)
{
    uint8_t room[4096];
    struct assay_buf reason = ASSAY_BUF_OVER(room);
    struct kaspa_chain *chain = chain_of("replace");
    struct kaspa_hash funding = funded(chain, 9 * KAS), free_one = funded(chain, 9 * KAS), first;
    struct draft d;

    cr_expect_eq(replace(chain, &free_one, KAS, NULL, &reason), KASPA_REFUSED);
    expect_reason(&reason, "a double spending transaction is required", "nothing to replace");
    first = spend(chain, &funding, 8 * KAS, KASPA_SUBMITTED);
    draft_init(&d);
    draft_spend(&d, &funding, 0);
    draft_spend(&d, &first, 0);
    draft_pay(&d, KAS);
    cr_expect_eq(kaspa_chain_replace(chain, &d.tx, NULL, NULL), KASPA_ORPHAN);
    draft_init(&d);
    draft_spend(&d, &funding, 1);
    draft_pay(&d, KAS);
    cr_expect_eq(kaspa_chain_replace(chain, &d.tx, NULL, NULL), KASPA_ORPHAN);
    draft_init(&d);
    draft_spend(&d, &funding, 0);
    draft_pay(&d, 10 * KAS);
    cr_expect_eq(kaspa_chain_replace(chain, &d.tx, NULL, NULL), KASPA_REFUSED);
    cr_expect_eq(state_of(chain, &first), KASPA_TX_IN_MEMPOOL);
    kaspa_chain_free(chain);
}

Test(kaspa_chain, compares_fee_rates_by_mass_and_against_every_one_replaced)
{
    struct kaspa_chain *chain = chain_of("rates");
    struct kaspa_hash a = funded(chain, 100 * KAS), b = funded(chain, 100 * KAS);
    struct kaspa_hash small = spend(chain, &a, 99 * KAS, KASPA_SUBMITTED), id;
    struct kaspa_hash large = spend(chain, &b, 98 * KAS, KASPA_SUBMITTED);
    struct draft d;

    /* About twice their mass: 2 KAS are the rate of the one, and below that of the other. */
    draft_init(&d);
    draft_spend(&d, &a, 0);
    draft_spend(&d, &b, 0);
    draft_pay(&d, 198 * KAS);
    cr_expect_eq(kaspa_chain_replace(chain, &d.tx, NULL, NULL), KASPA_CONFLICT);
    d.outputs[0].value = 195 * KAS;
    cr_expect_eq(kaspa_chain_replace(chain, &d.tx, &id, NULL), KASPA_SUBMITTED);
    cr_expect_eq(state_of(chain, &small), KASPA_TX_UNKNOWN);
    cr_expect_eq(state_of(chain, &large), KASPA_TX_UNKNOWN);
    cr_expect_eq(state_of(chain, &id), KASPA_TX_IN_MEMPOOL);
    kaspa_chain_free(chain);
}

Test(kaspa_chain, passes_over_what_is_held_and_what_spends_it)
{
    struct kaspa_chain *chain = chain_of("hold");
    struct kaspa_hash funding = funded(chain, 9 * KAS);
    struct kaspa_hash first = spend(chain, &funding, 8 * KAS, KASPA_SUBMITTED);
    struct kaspa_hash second = spend(chain, &first, 7 * KAS, KASPA_SUBMITTED);

    cr_expect(kaspa_chain_hold(chain, &first, true));
    mine(chain, 3);
    cr_expect_eq(state_of(chain, &first), KASPA_TX_IN_MEMPOOL);
    cr_expect_eq(state_of(chain, &second), KASPA_TX_IN_MEMPOOL);
    cr_expect(kaspa_chain_hold(chain, &first, false));
    cr_assert_eq(
        kaspa_chain_mine(chain, &(struct kaspa_mining){.blocks = 1, .leave_mempool = true}),
        ASSAY_OK);
    cr_expect_eq(state_of(chain, &first), KASPA_TX_IN_MEMPOOL);
    mine(chain, 1);
    cr_expect_eq(state_of(chain, &first), KASPA_TX_ACCEPTED);
    cr_expect_eq(state_of(chain, &second), KASPA_TX_IN_MEMPOOL, "not within the same block");
    mine(chain, 1);
    cr_expect_eq(state_of(chain, &second), KASPA_TX_ACCEPTED);
    cr_expect_not(kaspa_chain_hold(chain, &first, true), "it is accepted");
    cr_expect_not(kaspa_chain_hold(chain, &(struct kaspa_hash){{9}}, true), "never seen");
    kaspa_chain_free(chain);
}

Test(kaspa_chain, evicts_with_what_spends_it_and_takes_it_again)
{
    struct kaspa_chain *chain = chain_of("evict");
    struct kaspa_hash funding = funded(chain, 9 * KAS);
    struct kaspa_hash first = spend(chain, &funding, 8 * KAS, KASPA_SUBMITTED);
    struct kaspa_hash second = spend(chain, &first, 7 * KAS, KASPA_SUBMITTED);
    struct kaspa_hash ids[2];
    struct kaspa_chain_tx tx;

    cr_expect_eq(kaspa_chain_mempool(chain, ids, 1), 2);
    cr_expect(kaspa_hash_equal(&ids[0], &first));
    cr_expect(kaspa_chain_hold(chain, &second, true));
    cr_expect(kaspa_chain_evict(chain, &first));
    cr_expect_eq(kaspa_chain_mempool(chain, ids, 2), 0);
    cr_assert(kaspa_chain_tx(chain, &tx, &second), "it was seen");
    cr_expect_eq(tx.state, KASPA_TX_UNKNOWN);
    cr_expect_eq(tx.confirmations, 0);
    cr_expect_not(kaspa_chain_evict(chain, &first));
    cr_expect_not(kaspa_chain_tx(chain, &tx, &(struct kaspa_hash){{9}}));
    spend(chain, &first, 7 * KAS, KASPA_ORPHAN);
    spend(chain, &funding, 8 * KAS, KASPA_SUBMITTED);
    spend(chain, &first, 7 * KAS, KASPA_SUBMITTED);
    mine(chain, 2);
    cr_expect_eq(state_of(chain, &second), KASPA_TX_ACCEPTED);
    cr_expect_not(kaspa_chain_evict(chain, &second), "it is accepted");
    kaspa_chain_free(chain);
}

Test(kaspa_chain, takes_again_what_spends_something_confirmed_meanwhile)
{
    struct kaspa_chain *chain = chain_of("again");
    struct kaspa_hash funding = funded(chain, 9 * KAS);
    struct kaspa_hash first = spend(chain, &funding, 8 * KAS, KASPA_SUBMITTED);
    struct kaspa_hash second = spend(chain, &first, 7 * KAS, KASPA_SUBMITTED);
    struct kaspa_chain_tx tx;

    cr_expect(kaspa_chain_evict(chain, &second));
    mine(chain, 1);
    spend(chain, &first, 7 * KAS, KASPA_SUBMITTED);
    cr_assert(kaspa_chain_tx(chain, &tx, &second));
    cr_expect_eq(tx.spent[0].block_daa_score, KASPA_CHAIN_START_DAA + 2);
    kaspa_chain_free(chain);
}
