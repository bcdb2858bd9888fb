/* The REST subset that deployed servers read, in the forms of the public server: 64-bit values of
 * blocks and outputs are texts, amounts of transactions are numbers. Source: Kaspa consensus
 * digest, section 7.7. */
#include "roles/kaspa_node_internal.h"

#include "base/hex.h"
#include "kaspa/script.h"

#include <inttypes.h>

enum { PARTS_MAX = 4 };

/* One call while it is answered. */
struct asked {
    const struct node_rest_request *request;
    const struct node_view *view;
    struct assay_arena *arena;
    struct assay_buf *out;
    struct assay_bytes parts[PARTS_MAX]; /* of the path; empty behind the last */
};

static void split(struct assay_bytes parts[PARTS_MAX], struct assay_bytes path)
{
    size_t at = 1;

    for (size_t i = 0; i < PARTS_MAX; i++) {
        size_t end = i + 1 < PARTS_MAX ? assay_bytes_find(path, '/', at) : path.len;

        parts[i] = assay_bytes_part(path, at, end);
        at = end + 1;
    }
}

void node_rest_part(char part[KASPA_NODE_NAME_MAX_BYTES], const char *path)
{
    struct assay_bytes parts[PARTS_MAX];

    split(parts, assay_str(path));
    parts[0] = assay_bytes_part(parts[0], 0, KASPA_NODE_NAME_MAX_BYTES - 1);
    memcpy(part, parts[0].at, parts[0].len);
    part[parts[0].len] = '\0';
}

static unsigned fail(struct asked *a, unsigned status, const char *member, struct assay_bytes why)
{
    assay_buf_printf(a->out, "{\"%s\":", member);
    assay_json_add_string(a->out, why);
    assay_buf_add_byte(a->out, '}');
    return status;
}

static unsigned not_found(struct asked *a, const char *why)
{
    return fail(a, 404, "detail", assay_str(why));
}

static unsigned no_memory(struct asked *a)
{
    return fail(a, 500, "detail", assay_str(assay_code_text(ASSAY_E_NOMEM)));
}

static bool read_hash(struct kaspa_hash *out, struct assay_bytes text)
{
    return assay_hex_decode(out->at, sizeof(out->at), text, false) == ASSAY_OK;
}

/* Whether the query has a word between its separators. */
static bool query_has(const struct asked *a, const char *word)
{
    struct assay_bytes query = assay_str(a->request->query);

    for (size_t at = 0, end; at < query.len; at = end + 1) {
        end = assay_bytes_find(query, '&', at);
        if (assay_bytes_is(assay_bytes_part(query, at, end), word))
            return true;
    }
    return false;
}

/* ---- the chain ---- */

static unsigned get_blockdag(struct asked *a)
{
    const struct node_view *v = a->view;
    struct node_hex sink = node_hex(&v->info.sink);

    if (!assay_bytes_is(a->parts[1], "blockdag") || a->parts[2].len > 0)
        return not_found(a, "Not Found");
    assay_buf_printf(a->out,
                     "{\"networkName\":\"kaspa-%s\",\"blockCount\":\"%zu\",\"headerCount\":\"%zu\"",
                     v->network_name, v->info.chain_blocks, v->info.chain_blocks);
    assay_buf_printf(a->out,
                     ",\"tipHashes\":[\"%s\"],\"difficulty\":1.0,\"pastMedianTime\":\"%" PRId64
                     "\",\"virtualParentHashes\":[\"%s\"],\"pruningPointHash\":\"%s\"",
                     sink.text, v->info.past_median_time_ms, sink.text,
                     node_hex(&v->info.pruning_point).text);
    assay_buf_printf(a->out, ",\"virtualDaaScore\":\"%" PRIu64 "\",\"sink\":\"%s\"}",
                     v->info.daa_score, sink.text);
    return 200;
}

static void add_block_header(struct asked *a, const struct kaspa_chain_block *block)
{
    assay_buf_printf(
        a->out,
        "{\"header\":{\"hash\":\"%s\",\"version\":1,\"timestamp\":\"%" PRId64
        "\",\"daaScore\":\"%" PRIu64 "\",\"blueScore\":\"%" PRIu64 "\",\"pruningPoint\":\"%s\"}",
        node_hex(&block->hash).text, block->time_ms, block->daa_score,
        node_blue_score(a->view, block->blue_score), node_hex(&a->view->info.pruning_point).text);
}

static void add_block_verbose(struct asked *a, const struct kaspa_chain_block *block)
{
    assay_buf_printf(a->out, ",\"verboseData\":{\"hash\":\"%s\",\"selectedParentHash\":\"%s\"",
                     node_hex(&block->hash).text, node_hex(&block->selected_parent).text);
    assay_buf_printf(a->out, ",\"blueScore\":\"%" PRIu64 "\",\"isChainBlock\":%s,",
                     node_blue_score(a->view, block->blue_score), node_bool(block->is_chain_block));
    assay_buf_add_str(a->out, "\"isHeaderOnly\":false,\"transactionIds\":[");
    for (size_t i = 0; i < (a->view->knows_nothing ? 0 : block->accepted_count); i++)
        assay_buf_printf(a->out, "%s\"%s\"", i > 0 ? "," : "", node_hex(&block->accepted[i]).text);
    assay_buf_add_str(a->out, "]}");
}

/* With transactions it is the node's own answer that is passed on, as numbers. */
static unsigned get_block(struct asked *a)
{
    struct kaspa_chain_block block;
    struct kaspa_hash hash;

    if (!read_hash(&hash, a->parts[1]) || a->parts[2].len > 0 ||
        !node_view_block(a->view, &block, &hash) || block.is_pruned)
        return not_found(a, "Block not found");
    if (query_has(a, "includeTransactions=true")) {
        node_add_block(a->out, a->view, &block, true);
        return 200;
    }
    add_block_header(a, &block);
    assay_buf_add_str(a->out, ",\"transactions\":[]");
    add_block_verbose(a, &block);
    assay_buf_add_byte(a->out, '}');
    return 200;
}

/* ---- outputs ---- */

static void add_utxo(struct asked *a, struct assay_bytes address, const struct kaspa_spk *spk,
                     const struct node_utxo *utxo)
{
    assay_buf_add_str(a->out, "{\"address\":");
    assay_json_add_string(a->out, address);
    assay_buf_printf(a->out, ",\"outpoint\":{\"transactionId\":\"%s\",\"index\":%" PRIu32 "}",
                     node_hex(&utxo->outpoint.txid).text, utxo->outpoint.index);
    assay_buf_printf(
        a->out, ",\"utxoEntry\":{\"amount\":\"%" PRIu64 "\",\"scriptPublicKey\":", utxo->amount);
    assay_buf_add_str(a->out, "{\"scriptPublicKey\":\"");
    assay_buf_add_hex(a->out, spk->script);
    assay_buf_printf(a->out, "\"},\"blockDaaScore\":\"%" PRIu64 "\",\"isCoinbase\":%s",
                     utxo->block_daa_score, node_bool(utxo->is_coinbase));
    if (utxo->has_covenant)
        assay_buf_printf(a->out, ",\"covenantId\":\"%s\"", node_hex(&utxo->covenant_id).text);
    assay_buf_add_str(a->out, "}}");
}

static unsigned get_utxos(struct asked *a)
{
    uint8_t script[KASPA_SPK_MAX_STANDARD_BYTES];
    struct node_utxos utxos = {.at = NULL};
    struct kaspa_address address;
    struct kaspa_spk spk;
    bool ok;

    if (!assay_bytes_is(a->parts[2], "utxos") || a->parts[3].len > 0)
        return not_found(a, "Not Found");
    if (kaspa_address_decode(&address, NULL, a->parts[1]) != KASPA_ADDRESS_OK ||
        address.network != a->view->info.network)
        return fail(a, 422, "detail", ASSAY_LIT("not an address of this network"));
    if (a->view->how.no_utxo_index)
        return fail(a, 500, "detail", ASSAY_LIT("the node has no UTXO index"));
    kaspa_address_script(&spk, script, &address);
    ok = node_view_utxos(a->view, &utxos, &spk);
    assay_buf_add_byte(a->out, '[');
    for (size_t i = 0; i < utxos.count; i++) {
        assay_buf_add_str(a->out, i > 0 ? "," : "");
        add_utxo(a, a->parts[1], &spk, &utxos.at[i]);
    }
    assay_buf_add_byte(a->out, ']');
    node_utxos_fini(&utxos);
    if (ok)
        return 200;
    assay_buf_clear(a->out);
    return no_memory(a);
}

/* ---- transactions ---- */

/* The lie that a boolean is text. */
static void add_accepted(struct asked *a, const char *before, bool accepted)
{
    const char *quote = a->view->how.lie == KASPA_NODE_ACCEPTED_AS_TEXT ? "\"" : "";

    assay_buf_printf(a->out, "%s%s%s%s", before, quote, node_bool(accepted), quote);
}

static void add_accepting(struct asked *a, const struct node_tx *tx)
{
    struct kaspa_chain_block block;

    add_accepted(a, ",\"is_accepted\":", tx->is_accepted);
    if (tx->is_accepted && node_view_block(a->view, &block, &tx->block))
        assay_buf_printf(a->out,
                         ",\"accepting_block_hash\":\"%s\",\"accepting_block_blue_score\":%" PRIu64
                         ",\"accepting_block_time\":%" PRId64,
                         node_hex(&block.hash).text, node_blue_score(a->view, block.blue_score),
                         block.time_ms);
    else
        assay_buf_add_str(a->out, ",\"accepting_block_hash\":null,\"accepting_block_blue_score\":"
                                  "null,\"accepting_block_time\":null");
}

static void add_inputs(struct asked *a, const struct node_tx *tx)
{
    assay_buf_add_str(a->out, ",\"inputs\":[");
    for (size_t i = 0; i < tx->tx.input_count; i++) {
        const struct kaspa_input *input = &tx->tx.inputs[i];

        assay_buf_printf(a->out, "%s{\"transaction_id\":\"%s\",\"index\":%zu", i > 0 ? "," : "",
                         node_hex(&tx->id).text, i);
        assay_buf_printf(a->out,
                         ",\"previous_outpoint_hash\":\"%s\",\"previous_outpoint_index\":%" PRIu32
                         ",\"signature_script\":\"",
                         node_hex(&input->previous.txid).text, input->previous.index);
        assay_buf_add_hex(a->out, input->signature_script);
        assay_buf_printf(a->out, "\",\"sequence\":%" PRIu64 ",\"%s\":%u}", input->sequence,
                         input->commit_kind == KASPA_COMMIT_SIG_OPS ? "sig_op_count"
                                                                    : "compute_budget",
                         (unsigned)input->commit);
    }
    assay_buf_add_byte(a->out, ']');
}

static void add_outputs(struct asked *a, const struct node_tx *tx)
{
    assay_buf_add_str(a->out, ",\"outputs\":[");
    for (size_t i = 0; i < tx->tx.output_count; i++) {
        const struct kaspa_output *output = &tx->tx.outputs[i];

        assay_buf_printf(a->out, "%s{\"transaction_id\":\"%s\",\"index\":%zu,\"amount\":%" PRIu64,
                         i > 0 ? "," : "", node_hex(&tx->id).text, i,
                         node_amount(a->view, output->value));
        assay_buf_add_str(a->out, ",\"script_public_key\":\"");
        assay_buf_add_hex(a->out, output->spk.script);
        assay_buf_printf(a->out, "\",\"script_public_key_type\":\"%s\"",
                         kaspa_class_name(kaspa_spk_class(&output->spk)));
        if (output->has_covenant)
            assay_buf_printf(a->out, ",\"covenant_id\":\"%s\",\"covenant_authorizing_input\":%u",
                             node_hex(&output->covenant_id).text,
                             (unsigned)output->authorizing_input);
        assay_buf_add_byte(a->out, '}');
    }
    assay_buf_add_byte(a->out, ']');
}

static unsigned get_transaction(struct asked *a)
{
    struct kaspa_hash id;
    struct node_tx tx;

    if (!read_hash(&id, a->parts[1]) || a->parts[2].len > 0 || !node_view_tx(a->view, &tx, &id))
        return not_found(a, "Transaction not found");
    assay_buf_printf(a->out, "{\"transaction_id\":\"%s\",\"version\":%u", node_hex(&tx.id).text,
                     (unsigned)tx.tx.version);
    assay_buf_add_str(a->out, ",\"subnetwork_id\":\"");
    assay_buf_add_hex(a->out, assay_bytes_of(tx.tx.subnetwork_id, KASPA_SUBNETWORK_BYTES));
    assay_buf_add_str(a->out, "\",\"payload\":\"");
    assay_buf_add_hex(a->out, tx.tx.payload);
    assay_buf_printf(a->out, "\",\"lock_time\":%" PRIu64 ",\"mass\":%" PRIu64, tx.tx.lock_time,
                     tx.tx.storage_mass);
    add_accepting(a, &tx);
    if (!query_has(a, "inputs=false"))
        add_inputs(a, &tx);
    if (!query_has(a, "outputs=false"))
        add_outputs(a, &tx);
    assay_buf_add_byte(a->out, '}');
    return 200;
}

static unsigned post_transaction(struct asked *a, const struct assay_json *doc)
{
    struct assay_buf reason = ASSAY_BUF_INIT(NODE_PARAMS_KEEP_BYTES);
    struct kaspa_hash id;
    unsigned status = 200;

    if (node_submit(a->view, &id, &reason, a->arena, doc, assay_json_member(doc, 0, "transaction"),
                    NODE_TX_REST, false))
        assay_buf_printf(a->out, "{\"transactionId\":\"%s\"}", node_hex(&id).text);
    else
        status = fail(a, 400, "error", assay_buf_view(&reason));
    assay_buf_fini(&reason);
    return status;
}

static unsigned post_acceptance(struct asked *a, const struct assay_json *doc)
{
    uint32_t ids = assay_json_member(doc, 0, "transactionIds");
    const char *comma = "[";
    struct kaspa_hash id;

    if (assay_json_type(doc, ids) != ASSAY_JSON_ARRAY)
        return fail(a, 422, "detail", ASSAY_LIT("transactionIds is no list"));
    for (uint32_t at = assay_json_first(doc, ids); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(doc, ids, at), comma = ",") {
        struct node_tx tx = {.is_accepted = false};

        if (!node_json_hash(&id, doc, at)) {
            assay_buf_clear(a->out);
            return fail(a, 422, "detail", ASSAY_LIT("no transaction id"));
        }
        tx.id = id;
        (void)node_view_tx(a->view, &tx, &id);
        assay_buf_printf(a->out, "%s{\"transactionId\":\"%s\"", comma, node_hex(&tx.id).text);
        add_accepted(a, ",\"accepted\":", tx.is_accepted);
        assay_buf_add_byte(a->out, '}');
    }
    assay_buf_add_str(a->out, *comma == '[' ? "[]" : "]");
    return 200;
}

static unsigned post_transactions(struct asked *a)
{
    struct assay_json doc;

    if (a->parts[1].len > 0 && (!assay_bytes_is(a->parts[1], "acceptance") || a->parts[2].len > 0))
        return not_found(a, "Not Found");
    if (!node_json_parse(&doc, a->arena, a->request->body) ||
        assay_json_type(&doc, 0) != ASSAY_JSON_OBJECT)
        return fail(a, 422, "detail", ASSAY_LIT("the body is no JSON object"));
    return a->parts[1].len > 0 ? post_acceptance(a, &doc) : post_transaction(a, &doc);
}

/* ---- all of them ---- */

static const struct {
    const char *verb, *part;
    unsigned (*answer)(struct asked *a);
} routes[] = {
    {"GET", "info", get_blockdag},
    {"GET", "blocks", get_block},
    {"GET", "addresses", get_utxos},
    {"GET", "transactions", get_transaction},
    {"POST", "transactions", post_transactions},
};

bool node_rest_is_about_tx(const struct node_rest_request *request)
{
    struct assay_bytes parts[PARTS_MAX];

    split(parts, assay_str(request->path));
    return assay_bytes_is(parts[0], "transactions") &&
           (strcmp(request->verb, "GET") == 0 || parts[1].len > 0);
}

static unsigned route(struct asked *a)
{
    bool is_path = false;

    split(a->parts, assay_str(a->request->path));
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        if (!assay_bytes_is(a->parts[0], routes[i].part))
            continue;
        if (strcmp(a->request->verb, routes[i].verb) == 0)
            return routes[i].answer(a);
        is_path = true;
    }
    return is_path ? fail(a, 405, "detail", ASSAY_LIT("Method Not Allowed"))
                   : not_found(a, "Not Found");
}

unsigned node_rest_answer(struct assay_buf *out, const struct node_rest_request *request,
                          const struct node_turn *turn)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(NODE_CALL_MAX_BYTES);
    struct node_view view;
    struct asked a = {.request = request, .view = &view, .arena = &arena, .out = out};
    unsigned status;

    if (!node_view_init(&view, turn))
        status = no_memory(&a);
    else if (turn->fault == KASPA_NODE_ERROR)
        status = fail(&a, 500, "detail", ASSAY_LIT("the node failed"));
    else
        status = route(&a);
    node_view_fini(&view);
    assay_arena_fini(&arena);
    return status;
}
