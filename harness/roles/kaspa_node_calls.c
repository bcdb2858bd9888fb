/* The calls of node RPC, one function each, but those of kaspa_node_calls_chain.c. Source: Kaspa
 * consensus digest, section 7.2. */
#include "roles/kaspa_node_internal.h"

#include "kaspa/mass.h"

#include <inttypes.h>

enum { ADDRESSES_MAX = 4096 };

/* ---- what calls are given ---- */

bool node_ask_fail(struct node_ask *ask, const char *why)
{
    assay_buf_add_str(ask->error, why);
    return false;
}

bool node_ask_fail_missing(struct node_ask *ask, const char *name)
{
    assay_buf_printf(ask->error, "missing or invalid field `%s`", name);
    return false;
}

bool node_want_hash(struct node_ask *ask, struct kaspa_hash *out, const char *name)
{
    return node_json_hash(out, ask->doc, assay_json_member(ask->doc, ask->params, name)) ||
           node_ask_fail_missing(ask, name);
}

bool node_want_bool(struct node_ask *ask, bool *out, const char *name)
{
    enum assay_json_type type =
        assay_json_type(ask->doc, assay_json_member(ask->doc, ask->params, name));

    *out = type == ASSAY_JSON_TRUE;
    return *out || type == ASSAY_JSON_FALSE || node_ask_fail_missing(ask, name);
}

static bool read_address(struct node_ask *ask, struct node_address *out, uint32_t token)
{
    struct assay_bytes raw = assay_json_raw(ask->doc, token);
    enum kaspa_address_error error = KASPA_ADDRESS_DECODING_ERROR;
    struct kaspa_address address;
    struct kaspa_spk spk;

    if (assay_json_type(ask->doc, token) != ASSAY_JSON_STRING)
        return node_ask_fail_missing(ask, "addresses");
    error = kaspa_address_decode(&address, NULL, assay_bytes_part(raw, 1, raw.len - 1));
    if (error == KASPA_ADDRESS_OK && address.network != ask->view->info.network)
        error = KASPA_ADDRESS_INVALID_PREFIX;
    if (error != KASPA_ADDRESS_OK) {
        assay_buf_printf(ask->error, "invalid address: %s", kaspa_address_error_text(error));
        return false;
    }
    kaspa_address_encode(out->text, &address);
    kaspa_address_script(&spk, out->script, &address);
    out->script_len = spk.script.len;
    return true;
}

bool node_ask_addresses(struct node_ask *ask, uint32_t list, struct node_address **out,
                        size_t *count)
{
    struct node_address *addresses;
    size_t n = 0;

    if (assay_json_type(ask->doc, list) != ASSAY_JSON_ARRAY)
        return node_ask_fail_missing(ask, "addresses");
    if (ask->doc->tokens[list].count > ADDRESSES_MAX)
        return node_ask_fail(ask, "too many addresses");
    addresses = assay_arena_alloc(ask->arena, ask->doc->tokens[list].count * sizeof(*addresses));
    if (addresses == NULL)
        return node_ask_fail(ask, assay_code_text(ASSAY_E_NOMEM));
    for (uint32_t at = assay_json_first(ask->doc, list); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(ask->doc, list, at)) {
        size_t i = 0;

        if (!read_address(ask, &addresses[n], at))
            return false;
        while (strcmp(addresses[i].text, addresses[n].text) != 0)
            i++;
        n += i == n; /* twice the same is once */
    }
    *out = addresses;
    *count = n;
    return true;
}

/* ---- the node itself ---- */

static void add_sync(struct node_ask *ask, const char *comma)
{
    if (!ask->view->how.sync_flag_missing)
        assay_buf_printf(ask->out, "%s\"isSynced\":%s", comma, node_bool(!ask->view->how.unsynced));
}

static bool get_server_info(struct node_ask *ask)
{
    const struct node_view *v = ask->view;

    assay_buf_add_str(ask->out, "{\"rpcApiVersion\":1,\"rpcApiRevision\":0,"
                                "\"serverVersion\":\"2.0.1\",\"networkId\":");
    assay_json_add_string(ask->out, assay_str(v->network_name));
    assay_buf_printf(ask->out, ",\"hasUtxoIndex\":%s", node_bool(!v->how.no_utxo_index));
    add_sync(ask, ",");
    assay_buf_printf(ask->out, ",\"virtualDaaScore\":%" PRIu64 "}", v->info.daa_score);
    return true;
}

static bool get_sync_status(struct node_ask *ask)
{
    assay_buf_add_byte(ask->out, '{');
    add_sync(ask, "");
    assay_buf_add_byte(ask->out, '}');
    return true;
}

static bool get_info(struct node_ask *ask)
{
    const struct node_view *v = ask->view;

    assay_buf_printf(ask->out,
                     "{\"p2pId\":\"00000000-0000-4000-8000-000000000000\",\"mempoolSize\":%zu,"
                     "\"serverVersion\":\"2.0.1\",\"isUtxoIndexed\":%s",
                     v->info.mempool_size, node_bool(!v->how.no_utxo_index));
    add_sync(ask, ",");
    assay_buf_add_str(ask->out, ",\"hasNotifyCommand\":true,\"hasMessageId\":true}");
    return true;
}

static bool get_block_dag_info(struct node_ask *ask)
{
    const struct node_view *v = ask->view;
    struct node_hex sink = node_hex(&v->info.sink);

    assay_buf_add_str(ask->out, "{\"network\":");
    assay_json_add_string(ask->out, assay_str(v->network_name));
    assay_buf_printf(ask->out,
                     ",\"blockCount\":%zu,\"headerCount\":%zu,\"tipHashes\":[\"%s\"],"
                     "\"difficulty\":1.0,\"pastMedianTime\":%" PRId64
                     ",\"virtualParentHashes\":[\"%s\"]",
                     v->info.chain_blocks, v->info.chain_blocks, sink.text,
                     v->info.past_median_time_ms, sink.text);
    assay_buf_printf(
        ask->out, ",\"pruningPointHash\":\"%s\",\"virtualDaaScore\":%" PRIu64 ",\"sink\":\"%s\"}",
        node_hex(&v->info.pruning_point).text, v->info.daa_score, sink.text);
    return true;
}

static bool get_sink_blue_score(struct node_ask *ask)
{
    assay_buf_printf(ask->out, "{\"blueScore\":%" PRIu64 "}",
                     node_blue_score(ask->view, ask->view->info.blue_score));
    return true;
}

static void add_bucket(struct node_ask *ask, const char *before, const char *seconds)
{
    assay_buf_printf(ask->out, "%s{\"feerate\":%" PRIu64 ".0,\"estimatedSeconds\":%s}", before,
                     KASPA_RELAY_FEE_PER_KILOGRAM / 1000, seconds);
}

/* Blocks have room for all there is: the minimum is enough. */
static bool get_fee_estimate(struct node_ask *ask)
{
    add_bucket(ask, "{\"estimate\":{\"priorityBucket\":", "1.0");
    add_bucket(ask, ",\"normalBuckets\":[", "1.0");
    add_bucket(ask, "],\"lowBuckets\":[", "1.0");
    assay_buf_add_str(ask->out, "]}}");
    return true;
}

/* ---- outputs and transactions ---- */

static bool get_utxos_by_addresses(struct node_ask *ask)
{
    uint32_t list = assay_json_member(ask->doc, ask->params, "addresses");
    struct node_address *addresses;
    const char *comma = "";
    size_t count;

    if (ask->view->how.no_utxo_index)
        return node_ask_fail(ask,
                             "Method unavailable. Run the node with the --utxoindex argument.");
    if (!node_ask_addresses(ask, list, &addresses, &count))
        return false;
    assay_buf_add_str(ask->out, "{\"entries\":[");
    for (size_t i = 0; i < count; i++) {
        struct kaspa_spk spk = node_address_spk(&addresses[i]);
        struct node_utxos utxos = {.at = NULL};
        bool ok = node_view_utxos(ask->view, &utxos, &spk);

        for (size_t k = 0; ok && k < utxos.count; k++, comma = ",") {
            assay_buf_add_str(ask->out, comma);
            node_add_utxo(ask->out, addresses[i].text, &spk, &utxos.at[k]);
        }
        node_utxos_fini(&utxos);
        if (!ok)
            return node_ask_fail(ask, assay_code_text(ASSAY_E_NOMEM));
    }
    assay_buf_add_str(ask->out, "]}");
    return true;
}

static bool get_mempool_entry(struct node_ask *ask)
{
    bool with_orphans, without_pool;
    struct kaspa_hash id;
    struct node_tx tx;

    if (!node_want_hash(ask, &id, "transactionId") ||
        !node_want_bool(ask, &with_orphans, "includeOrphanPool") ||
        !node_want_bool(ask, &without_pool, "filterTransactionPool"))
        return false;
    if (without_pool && !with_orphans)
        return node_ask_fail(ask,
                             "the query asks for neither the transaction pool nor the orphan pool");
    if (without_pool || !node_view_tx(ask->view, &tx, &id) || tx.is_accepted) {
        assay_buf_printf(ask->error, "Transaction %s not found", node_hex(&id).text);
        return false;
    }
    assay_buf_printf(ask->out, "{\"mempoolEntry\":{\"fee\":%" PRIu64 ",\"transaction\":", tx.fee);
    node_add_tx(ask->out, ask->view, &tx, NULL);
    assay_buf_add_str(ask->out, ",\"is_orphan\":false}}");
    return true;
}

static bool submit(struct node_ask *ask, struct kaspa_hash *id, bool is_replacement)
{
    return node_submit(ask->view, id, ask->error, ask->arena, ask->doc,
                       assay_json_member(ask->doc, ask->params, "transaction"), NODE_TX_RPC,
                       is_replacement);
}

static bool submit_transaction(struct node_ask *ask)
{
    struct kaspa_hash id;
    bool allow_orphan; /* ignored in safe mode, and none ever waits here */

    if (!node_want_bool(ask, &allow_orphan, "allowOrphan") || !submit(ask, &id, false))
        return false;
    assay_buf_printf(ask->out, "{\"transactionId\":\"%s\"}", node_hex(&id).text);
    return true;
}

/* The first of those that were in the mempool and are not any more: what it spends stood before
 * what spent that. */
static void add_replaced(struct node_ask *ask, const struct kaspa_hash *before, size_t count)
{
    struct kaspa_chain_tx tx;
    size_t i = 0;

    while (i < count && kaspa_chain_tx(ask->view->chain, &tx, &before[i]) &&
           tx.state == KASPA_TX_IN_MEMPOOL)
        i++;
    if (i < count && tx.tx != NULL) {
        const struct node_tx replaced = {.tx = *tx.tx, .id = before[i]};

        node_add_tx(ask->out, ask->view, &replaced, NULL);
    } else {
        assay_buf_add_str(ask->out, "null");
    }
}

static bool submit_transaction_replacement(struct node_ask *ask)
{
    size_t count = kaspa_chain_mempool(ask->view->chain, NULL, 0);
    struct kaspa_hash *before = assay_arena_alloc(ask->arena, count * sizeof(*before)), id;

    if (before == NULL)
        return node_ask_fail(ask, assay_code_text(ASSAY_E_NOMEM));
    count = kaspa_chain_mempool(ask->view->chain, before, count);
    if (!submit(ask, &id, true))
        return false;
    assay_buf_printf(ask->out,
                     "{\"transactionId\":\"%s\",\"replacedTransaction\":", node_hex(&id).text);
    add_replaced(ask, before, count);
    assay_buf_add_byte(ask->out, '}');
    return true;
}

/* ---- all of them ---- */

const struct node_method *node_method_find(const struct assay_json *doc, uint32_t token)
{
    static const struct node_method methods[] = {
        {"getServerInfo", get_server_info, false, false},
        {"getSyncStatus", get_sync_status, false, false},
        {"getInfo", get_info, false, false},
        {"getBlockDagInfo", get_block_dag_info, false, false},
        {"getSinkBlueScore", get_sink_blue_score, false, false},
        {"getUtxosByAddresses", get_utxos_by_addresses, false, false},
        {"getMempoolEntry", get_mempool_entry, true, false},
        {"submitTransaction", submit_transaction, false, false},
        {"submitTransactionReplacement", submit_transaction_replacement, false, false},
        {"getBlock", node_rpc_get_block, false, false},
        {"getVirtualChainFromBlock", node_rpc_get_virtual_chain, true, false},
        {"getVirtualChainFromBlockV2", node_rpc_get_virtual_chain_v2, true, false},
        {"getCurrentBlockColor", node_rpc_get_current_block_color, false, false},
        {"getFeeEstimate", get_fee_estimate, false, false},
        {"subscribe", node_rpc_subscribe, false, true},
        {"unsubscribe", node_rpc_unsubscribe, false, false},
    };

    for (size_t i = 0; token != ASSAY_JSON_NONE && i < ARRAY_LEN(methods); i++)
        if (assay_json_string_is(doc, token, methods[i].name))
            return &methods[i];
    return NULL;
}
