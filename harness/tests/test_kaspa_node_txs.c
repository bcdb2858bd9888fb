/* The role node over RPC: outputs of addresses, and transactions from their submission into the
 * chain. */
#include "node_world.h"

#include "kaspa/covenant.h"

Test(kaspa_node_txs, has_the_outputs_of_addresses)
{
    struct node_world w;
    const char *answer, *id;

    world_begin(&w);
    answer =
        rpc(&w, "getUtxosByAddresses", "{\"addresses\":[\"%s\",\"%s\"]}", w.address, w.address);
    id = assay_arena_printf(&w.arena, "\"%s\"", hex_of(&w, &w.funding.txid));
    cr_expect_str_eq(at(&w, answer, "params.entries.1"), "", "twice the same address is once");
    cr_expect_str_eq(at(&w, answer, "params.entries.0.address"),
                     assay_arena_printf(&w.arena, "\"%s\"", w.address));
    cr_expect_str_eq(at(&w, answer, "params.entries.0.outpoint.transactionId"), id);
    cr_expect_str_eq(at(&w, answer, "params.entries.0.outpoint.index"), "0");
    cr_expect_str_eq(at(&w, answer, "params.entries.0.utxoEntry.amount"), "1000000000");
    cr_expect_str_eq(at(&w, answer, "params.entries.0.utxoEntry.blockDaaScore"), "1000001");
    cr_expect_str_eq(at(&w, answer, "params.entries.0.utxoEntry.isCoinbase"), "false");
    cr_expect_str_eq(at(&w, answer, "params.entries.0.utxoEntry.covenantId"), "null");
    cr_expect_eq(
        strncmp(at(&w, answer, "params.entries.0.utxoEntry.scriptPublicKey"), "\"000020", 7), 0);
    cr_expect_str_eq(at(&w, rpc(&w, "getUtxosByAddresses", "{\"addresses\":[]}"), "params.entries"),
                     "[]");
    world_end(&w);
}

Test(kaspa_node_txs, takes_a_payment_and_follows_it_into_the_chain)
{
    struct node_world w;
    const struct kaspa_tx *tx;
    const char *answer, *id, *quoted, *start;
    struct kaspa_hash sink;

    world_begin(&w);
    sink = world_info(&w).sink;
    start = hex_of(&w, &sink);
    tx = world_payment(&w, "");
    answer = rpc(&w, "submitTransaction", "{\"transaction\":%s,\"allowOrphan\":false}",
                 tx_json(&w, tx, 'n'));
    quoted = at(&w, answer, "params.transactionId");
    cr_assert_eq(strlen(quoted), 66, "%s", answer);
    id = assay_arena_printf(&w.arena, "%.64s", quoted + 1);
    answer = rpc(&w, "submitTransaction", "{\"transaction\":%s,\"allowOrphan\":true}",
                 tx_json(&w, tx, 'n'));
    cr_expect_str_eq(at(&w, answer, "error.code"), "0");
    cr_expect_str_eq(at(&w, answer, "error.data"), "null");
    cr_expect_eq(strncmp(at(&w, answer, "error.message"), "\"Rejected transaction ", 22), 0);

    answer = rpc(&w, "getMempoolEntry",
                 "{\"transactionId\":\"%s\",\"includeOrphanPool\":false,"
                 "\"filterTransactionPool\":false}",
                 id);
    cr_expect_str_eq(at(&w, answer, "params.mempoolEntry.is_orphan"), "false");
    cr_expect_str_eq(at(&w, answer, "params.mempoolEntry.transaction.outputs.0.value"),
                     "300000000");
    cr_expect_str_eq(at(&w, answer, "params.mempoolEntry.transaction.verboseData.transactionId"),
                     quoted);
    cr_expect_str_eq(
        at(&w, answer, "params.mempoolEntry.transaction.outputs.0.verboseData.scriptPublicKeyType"),
        "\"pubkey\"");
    cr_expect_str_neq(at(&w, answer, "params.mempoolEntry.fee"), "0");
    cr_expect_str_eq(at(&w, rpc(&w, "getInfo", "{}"), "params.mempoolSize"), "1");

    world_mine(&w, 1);
    answer = rpc(&w, "getMempoolEntry",
                 "{\"transactionId\":\"%s\",\"includeOrphanPool\":true,"
                 "\"filterTransactionPool\":false}",
                 id);
    cr_expect_str_eq(at(&w, answer, "error.message"),
                     assay_arena_printf(&w.arena, "\"Transaction %s not found\"", id));
    answer = rpc(&w, "getVirtualChainFromBlock",
                 "{\"startHash\":\"%s\",\"includeAcceptedTransactionIds\":true}", start);
    cr_expect_str_eq(at(&w, answer, "params.removedChainBlockHashes"), "[]");
    cr_expect_str_eq(at(&w, answer, "params.acceptedTransactionIds.0.acceptedTransactionIds.0"),
                     quoted);
    sink = world_info(&w).sink;
    cr_expect_str_eq(at(&w, answer, "params.addedChainBlockHashes.0"),
                     assay_arena_printf(&w.arena, "\"%s\"", hex_of(&w, &sink)));
    answer = rpc(&w, "getUtxosByAddresses", "{\"addresses\":[\"%s\"]}", w.address);
    cr_expect_str_neq(at(&w, answer, "params.entries.1"), "");
    world_end(&w);
}

Test(kaspa_node_txs, replaces_a_payment_by_one_that_pays_more)
{
    struct node_world w;
    const struct kaspa_tx *tx, *better;
    const char *answer, *id;
    struct kaspa_hash first;

    world_begin(&w);
    tx = world_payment(&w, "");
    better = world_payment(&w, "better");
    first = world_submit(&w, tx);
    answer = rpc(&w, "submitTransaction", "{\"transaction\":%s,\"allowOrphan\":false}",
                 tx_json(&w, better, 'n'));
    cr_expect_neq(strstr(answer, "\"error\""), NULL);
    answer =
        rpc(&w, "submitTransactionReplacement", "{\"transaction\":%s}", tx_json(&w, better, 'n'));
    id = assay_arena_printf(&w.arena, "\"%s\"", hex_of(&w, &first));
    cr_expect_str_eq(at(&w, answer, "params.replacedTransaction.verboseData.transactionId"), id);
    answer = rpc(&w, "submitTransactionReplacement", "{\"transaction\":%s}", tx_json(&w, tx, 'n'));
    cr_expect_neq(strstr(answer, "Rejected transaction"), NULL);
    world_end(&w);
}

/* A payment of version 1, the first of whose outputs starts a covenant. */
static const struct kaspa_tx *covenant_payment(struct node_world *w, struct kaspa_hash *covenant)
{
    const struct kaspa_spend spend = {
        .kind = KASPA_SPEND_PUBKEY,
        .outpoint = w->funding,
        .utxo = {.amount = 10 * KAS, .spk = w->spk},
        .sequence = KASPA_SEQUENCE_FINAL,
        .key = &w->key,
        .unlock = ASSAY_LIT(""),
        .redeem = ASSAY_LIT(""),
        .commit = KASPA_COMMIT_LEARN,
    };
    struct kaspa_output output = {.value = 3 * KAS, .spk = w->spk, .has_covenant = true};
    const struct kaspa_plan plan = {
        .version = 1,
        .spends = &spend,
        .spend_count = 1,
        .outputs = &output,
        .output_count = 1,
        .change = &w->spk,
        .payload = ASSAY_LIT(""),
    };
    struct kaspa_tx *tx = assay_arena_alloc(&w->arena, sizeof(*tx));
    struct assay_err err = {0};

    cr_assert_not_null(tx);
    kaspa_covenant_id(&output.covenant_id, &w->funding, &(struct kaspa_genesis_output){0, &output},
                      1);
    *covenant = output.covenant_id;
    cr_assert_eq(kaspa_build(tx, &w->arena, &plan, &err), ASSAY_OK, "%s", err.text);
    return tx;
}

Test(kaspa_node_txs, tells_covenants_wherever_it_tells_outputs)
{
    struct node_world w;
    struct kaspa_hash covenant, id;
    struct rest_answer rest;
    const char *answer, *quoted;

    world_begin(&w);
    id = world_submit(&w, covenant_payment(&w, &covenant));
    quoted = assay_arena_printf(&w.arena, "\"%s\"", hex_of(&w, &covenant));
    answer = rpc(&w, "getMempoolEntry",
                 "{\"transactionId\":\"%s\",\"includeOrphanPool\":false,"
                 "\"filterTransactionPool\":false}",
                 hex_of(&w, &id));
    cr_expect_str_eq(at(&w, answer, "params.mempoolEntry.transaction.version"), "1");
    cr_expect_str_eq(at(&w, answer,
                        "params.mempoolEntry.transaction.outputs.0.covenant."
                        "covenantId"),
                     quoted);
    cr_expect_str_eq(at(&w, answer,
                        "params.mempoolEntry.transaction.outputs.0.covenant."
                        "authorizingInput"),
                     "0");
    cr_expect_str_eq(at(&w, answer, "params.mempoolEntry.transaction.outputs.1.covenant"), "null");
    cr_expect_str_eq(at(&w, answer, "params.mempoolEntry.transaction.inputs.0.sigOpCount"), "0");
    cr_expect_str_neq(at(&w, answer, "params.mempoolEntry.transaction.inputs.0.computeBudget"),
                      "0");
    for (int accepted = 0; accepted < 2; accepted++) {
        world_behave(&w, (struct kaspa_node_behaviour){.lie = accepted ? KASPA_NODE_HONEST
                                                                       : KASPA_NODE_ACCEPTS_ALL});
        answer = rpc(&w, "getUtxosByAddresses", "{\"addresses\":[\"%s\"]}", w.address);
        cr_expect_str_eq(at(&w, answer, "params.entries.0.utxoEntry.covenantId"), quoted);
        cr_expect_str_eq(at(&w, answer, "params.entries.1.utxoEntry.covenantId"), "null");
        rest = rest_get(&w, "/addresses/%s/utxos", w.address);
        cr_expect_str_eq(at(&w, rest.body, "0.utxoEntry.covenantId"), quoted);
        rest = rest_get(&w, "/transactions/%s", hex_of(&w, &id));
        cr_expect_str_eq(at(&w, rest.body, "outputs.0.covenant_id"), quoted);
        cr_expect_str_eq(at(&w, rest.body, "outputs.0.covenant_authorizing_input"), "0");
        cr_expect_str_eq(at(&w, rest.body, "outputs.1.covenant_id"), "");
        cr_expect_str_neq(at(&w, rest.body, "inputs.0.compute_budget"), "");
        world_mine(&w, 1);
    }
    world_end(&w);
}

/* What a text of a valid payment becomes, and a word of why it is refused. */
static const struct {
    const char *name, *from, *to, *why;
} refused_txs[] = {
    {"an amount as text", "\"value\":300000000", "\"value\":\"300000000\"", "`value`"},
    {"a sequence as text", "\"sequence\":18446744073709551615", "\"sequence\":\"1\"", "`sequence`"},
    {"no lock time", "\"lockTime\":0,", "", "`lockTime`"},
    {"no signature operation count", ",\"sigOpCount\":1", "", "`sigOpCount`"},
    {"no outpoint", "\"previousOutpoint\"", "\"outpoint\"", "`previousOutpoint`"},
    {"a mass as text", "\"mass\":", "\"storageMass\":\"7\",\"mass\":", "`storageMass`"},
    {"two masses", "\"mass\":", "\"storageMass\":7,\"mass\":", "other name"},
    {"a budget in version 0", "\"sigOpCount\":1", "\"sigOpCount\":1,\"computeBudget\":1",
     "compute commitment"},
    {"an odd script", "\"signatureScript\":\"", "\"signatureScript\":\"0", "signatureScript"},
    {"a script without its hex", "\"scriptPublicKey\":\"0000", "\"scriptPublicKey\":\"0",
     "scriptPublicKey"},
    {"no script", "\"scriptPublicKey\":\"0000", "\"script\":\"0000", "scriptPublicKey"},
    {"inputs that are no list", "\"inputs\":[", "\"inputs\":7,\"other\":[", "`inputs`"},
    {"a script in parts without a version", "\"scriptPublicKey\":\"0000",
     "\"scriptPublicKey\":{\"script\":\"00\"},\"x\":\"", "scriptPublicKey"},
    {"a script in parts with too large a version", "\"scriptPublicKey\":\"0000",
     "\"scriptPublicKey\":{\"version\":65536,\"script\":\"00\"},\"x\":\"", "scriptPublicKey"},
    {"a script in parts without a script", "\"scriptPublicKey\":\"0000",
     "\"scriptPublicKey\":{\"version\":0},\"x\":\"", "scriptPublicKey"},
    {"another amount", "\"value\":300000000", "\"value\":300000001", "Rejected transaction"},
};

static const char *replaced(struct node_world *w, const char *text, const char *from,
                            const char *to)
{
    const char *found = strstr(text, from);

    cr_assert_not_null(found, "%s", from);
    return assay_arena_printf(&w->arena, "%.*s%s%s", (int)(found - text), text, to,
                              found + strlen(from));
}

Test(kaspa_node_txs, refuses_transactions_that_a_node_cannot_read)
{
    struct node_world w;
    const char *text;

    world_begin(&w);
    text = tx_json(&w, world_payment(&w, ""), 'n');
    for (size_t i = 0; i < ARRAY_LEN(refused_txs); i++) {
        const char *answer =
            rpc(&w, "submitTransaction", "{\"transaction\":%s,\"allowOrphan\":false}",
                replaced(&w, text, refused_txs[i].from, refused_txs[i].to));

        cr_assert_not_null(answer, "row: %s", refused_txs[i].name);
        cr_expect(strstr(at(&w, answer, "error.message"), refused_txs[i].why) != NULL,
                  "row: %s: %s", refused_txs[i].name, answer);
    }
    cr_expect_neq(strstr(rpc(&w, "submitTransaction", "{\"transaction\":7,\"allowOrphan\":false}"),
                         "missing field"),
                  NULL);
    cr_expect_eq(world_events(&w), 1, "only the last one came so far");
    world_end(&w);
}

Test(kaspa_node_txs, reads_script_public_keys_in_parts_and_either_name_of_the_mass)
{
    struct node_world w;
    const char *text, *answer;

    world_begin(&w);
    text = tx_json(&w, world_payment(&w, ""), 'n');
    text = replaced(&w, text, "\"scriptPublicKey\":\"0000",
                    "\"scriptPublicKey\":{\"version\":0,\"script\":\"");
    text = replaced(&w, text, "ac\"}", "ac\"}}");
    text = replaced(&w, text, "\"mass\":", "\"storageMass\":");
    text = replaced(&w, text, "\"gas\":0", "\"gas\":0,\"verboseData\":null,\"unknown\":[{}]");
    answer = rpc(&w, "submitTransaction", "{\"transaction\":%s,\"allowOrphan\":false}", text);
    cr_expect_str_neq(at(&w, answer, "params.transactionId"), "", "%s", answer);
    world_end(&w);
}

/* A payment from another funding, of 2 KAS to a script that has no address. */
static const struct kaspa_tx *odd_payment(struct node_world *w)
{
    static const uint8_t truth[] = {KASPA_OP_1};
    const struct kaspa_spk odd = {.script = assay_bytes_of(truth, sizeof(truth))};
    const struct kaspa_output output = {.value = 2 * KAS, .spk = odd};
    struct kaspa_outpoint outpoint;
    struct kaspa_tx *tx = assay_arena_alloc(&w->arena, sizeof(*tx));
    struct kaspa_spend spend = {.kind = KASPA_SPEND_PUBKEY,
                                .utxo = {.amount = 5 * KAS, .spk = w->spk},
                                .sequence = KASPA_SEQUENCE_FINAL,
                                .key = &w->key,
                                .unlock = ASSAY_LIT(""),
                                .redeem = ASSAY_LIT(""),
                                .commit = KASPA_COMMIT_LEARN};
    const struct kaspa_plan plan = {.spends = &spend,
                                    .spend_count = 1,
                                    .outputs = &output,
                                    .output_count = 1,
                                    .change = &w->spk,
                                    .payload = ASSAY_LIT("")};

    cr_assert_not_null(tx);
    world_fund(w, &outpoint, &w->spk, 5 * KAS);
    kaspa_chain_lock_take(w->lock);
    kaspa_chain_set_relay_policy(w->chain, false);
    kaspa_chain_lock_give(w->lock);
    spend.outpoint = outpoint;
    cr_assert_eq(kaspa_build(tx, &w->arena, &plan, NULL), ASSAY_OK);
    return tx;
}

Test(kaspa_node_txs, has_several_of_everything)
{
    struct node_world w;
    struct kaspa_address nobody = {.network = KASPA_TESTNET, .payload_len = 32};
    char text[KASPA_ADDRESS_TEXT_MAX_BYTES];
    struct kaspa_chain_info info;
    struct kaspa_hash odd, other;
    const char *answer;

    world_begin(&w);
    kaspa_address_encode(text, &nobody);
    odd = world_submit(&w, odd_payment(&w));
    other = world_submit(&w, world_payment(&w, ""));
    answer = rpc(&w, "submitTransactionReplacement", "{\"transaction\":%s}",
                 tx_json(&w, world_payment(&w, "more"), 'n'));
    cr_expect_str_eq(at(&w, answer, "params.replacedTransaction.verboseData.transactionId"),
                     assay_arena_printf(&w.arena, "\"%s\"", hex_of(&w, &other)));
    cr_expect_eq(rest_get(&w, "/transactions/%s", hex_of(&w, &other)).status, 404);
    for (int accepted = 0; accepted < 2; accepted++) {
        world_behave(&w, (struct kaspa_node_behaviour){.lie = accepted ? KASPA_NODE_HONEST
                                                                       : KASPA_NODE_ACCEPTS_ALL});
        answer = rpc(&w, "getUtxosByAddresses", "{\"addresses\":[\"%s\",\"%s\"]}", text, w.address);
        cr_expect_str_neq(at(&w, answer, "params.entries.2"), "");
        cr_expect_str_eq(at(&w, answer, "params.entries.3"), "");
        if (!accepted)
            world_mine(&w, 1);
    }
    info = world_info(&w);
    answer = rpc(&w, "getBlock", "{\"hash\":\"%s\",\"includeTransactions\":true}",
                 hex_of(&w, &info.sink));
    cr_expect_str_eq(at(&w, answer, "params.block.transactions.0.verboseData.transactionId"),
                     assay_arena_printf(&w.arena, "\"%s\"", hex_of(&w, &odd)));
    cr_expect_str_eq(
        at(&w, answer, "params.block.transactions.0.outputs.0.verboseData.scriptPublicKeyAddress"),
        "\"\"");
    cr_expect_str_neq(at(&w, answer, "params.block.transactions.1"), "");
    cr_expect_str_neq(at(&w, answer, "params.block.verboseData.transactionIds.1"), "");
    cr_expect_str_neq(at(&w, rest_get(&w, "/blocks/%s", hex_of(&w, &info.sink)).body,
                         "verboseData.transactionIds.1"),
                      "");
    world_behave(&w, (struct kaspa_node_behaviour){.lie = KASPA_NODE_ACCEPTS_NONE});
    answer = rpc(&w, "getBlock", "{\"hash\":\"%s\",\"includeTransactions\":true}",
                 hex_of(&w, &info.sink));
    cr_expect_str_eq(at(&w, answer, "params.block.transactions"), "[]");
    cr_expect_str_eq(at(&w, answer, "params.block.verboseData.transactionIds"), "[]");
    world_behave(&w, (struct kaspa_node_behaviour){.lag_daa = 1});
    answer = rpc(&w, "getUtxosByAddresses", "{\"addresses\":[\"%s\"]}", w.address);
    cr_expect_str_neq(at(&w, answer, "params.entries.1"), "", "both fundings are still there");
    cr_expect_str_eq(at(&w, answer, "params.entries.2"), "");
    world_behave(&w, (struct kaspa_node_behaviour){.lag_daa = 0});
    answer = rpc(&w, "getBlock", "{\"hash\":\"%s\",\"includeTransactions\":true}",
                 hex_of(&w, &info.genesis));
    cr_expect_str_eq(at(&w, answer, "params.block.header.parentsByLevel.0"), "[]");
    world_end(&w);
}

Test(kaspa_node_txs, forgets_what_is_evicted)
{
    struct node_world w;
    struct kaspa_hash id;

    world_begin(&w);
    id = world_submit(&w, world_payment(&w, ""));
    cr_expect_eq(rest_get(&w, "/transactions/%s", hex_of(&w, &id)).status, 200);
    kaspa_chain_lock_take(w.lock);
    cr_expect(kaspa_chain_evict(w.chain, &id));
    kaspa_chain_lock_give(w.lock);
    cr_expect_eq(rest_get(&w, "/transactions/%s", hex_of(&w, &id)).status, 404);
    world_end(&w);
}
