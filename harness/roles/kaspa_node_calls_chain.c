/* The calls of node RPC that are about blocks and the selected chain. Source: Kaspa consensus
 * digest, section 7.2. */
#include "roles/kaspa_node_internal.h"

#include <inttypes.h>

/* Ten times the most blocks that one merges, at ten blocks a second. */
enum { CHAIN_QUERY_MAX = 2480 };

/* One that may be null or absent. */
static bool want_count(struct node_ask *ask, bool *is_given, uint64_t *out, const char *name)
{
    uint32_t token = assay_json_member(ask->doc, ask->params, name);

    *is_given = assay_json_type(ask->doc, token) != ASSAY_JSON_NULL;
    return !*is_given || assay_json_u64(out, ask->doc, token) == ASSAY_OK ||
           node_ask_fail_missing(ask, name);
}

static bool find_block(struct node_ask *ask, struct kaspa_chain_block *block, const char *name)
{
    struct kaspa_hash hash;

    if (!node_want_hash(ask, &hash, name))
        return false;
    if (!node_view_block(ask->view, block, &hash))
        assay_buf_printf(ask->error, "cannot find header %s", node_hex(&hash).text);
    else if (block->is_pruned)
        assay_buf_printf(ask->error, "cannot find full block %s", node_hex(&hash).text);
    else
        return true;
    return false;
}

bool node_rpc_get_block(struct node_ask *ask)
{
    struct kaspa_chain_block block;
    bool with_txs;

    if (!node_want_bool(ask, &with_txs, "includeTransactions") || !find_block(ask, &block, "hash"))
        return false;
    assay_buf_add_str(ask->out, "{\"block\":");
    node_add_block(ask->out, ask->view, &block, with_txs);
    assay_buf_add_byte(ask->out, '}');
    return true;
}

/* A block's colour is what the chain block says that merges it; all that are merged here are blue.
 */
bool node_rpc_get_current_block_color(struct node_ask *ask)
{
    struct kaspa_chain_block block, merger;

    if (!find_block(ask, &block, "hash"))
        return false;
    for (uint64_t height = block.height; node_view_block_at(ask->view, &merger, height); height++)
        for (size_t i = 0; i < merger.merged_count; i++)
            if (kaspa_hash_equal(&merger.merged[i], &block.hash)) {
                assay_buf_add_str(ask->out, "{\"blue\":true}");
                return true;
            }
    assay_buf_printf(ask->error, "Block %s doesn't have any merger block.",
                     node_hex(&block.hash).text);
    return false;
}

/* The part of the chain that a query is answered with. */
struct path {
    struct kaspa_chain_block start;
    uint64_t from, to; /* heights that are added; to < from: none */
};

static bool find_path(struct node_ask *ask, struct path *path, bool with_txs)
{
    struct kaspa_chain_block block;
    bool has_minimum;
    uint64_t minimum = 0, sink = node_blue_score(ask->view, ask->view->info.blue_score);
    size_t merged = 0;

    if (!want_count(ask, &has_minimum, &minimum, "minConfirmationCount") ||
        !find_block(ask, &path->start, "startHash"))
        return false;
    block = path->start;
    while (!block.is_chain_block && node_view_block(ask->view, &block, &block.selected_parent))
        ; /* what a known block stands upon is known, and the genesis is a chain block */
    path->from = path->to = block.height + 1;
    while (node_view_block_at(ask->view, &block, path->to)) {
        if (has_minimum && sink - node_blue_score(ask->view, block.blue_score) <= minimum)
            break;
        merged += with_txs ? block.merged_count : 1;
        if (merged > CHAIN_QUERY_MAX)
            break;
        path->to++;
    }
    path->to--;
    return true;
}

static bool path_at(const struct node_ask *ask, const struct path *path,
                    struct kaspa_chain_block *block, uint64_t height)
{
    return height <= path->to && node_view_block_at(ask->view, block, height);
}

static void add_path(struct node_ask *ask, const struct path *path)
{
    struct kaspa_chain_block block = path->start;
    const char *comma = "";

    assay_buf_add_str(ask->out, "{\"removedChainBlockHashes\":[");
    for (bool known = true; known && !block.is_chain_block; comma = ",") {
        assay_buf_printf(ask->out, "%s\"%s\"", comma, node_hex(&block.hash).text);
        known = node_view_block(ask->view, &block, &block.selected_parent);
    }
    assay_buf_add_str(ask->out, "],\"addedChainBlockHashes\":[");
    comma = "";
    for (uint64_t height = path->from; path_at(ask, path, &block, height); height++, comma = ",")
        assay_buf_printf(ask->out, "%s\"%s\"", comma, node_hex(&block.hash).text);
}

bool node_rpc_get_virtual_chain(struct node_ask *ask)
{
    struct kaspa_chain_block block;
    struct path path;
    bool with_ids;

    if (!node_want_bool(ask, &with_ids, "includeAcceptedTransactionIds") ||
        !find_path(ask, &path, with_ids))
        return false;
    add_path(ask, &path);
    assay_buf_add_str(ask->out, "],\"acceptedTransactionIds\":[");
    for (uint64_t height = path.from; with_ids && path_at(ask, &path, &block, height); height++) {
        assay_buf_add_str(ask->out, height > path.from ? "," : "");
        node_add_accepted(ask->out, ask->view, &block);
    }
    assay_buf_add_str(ask->out, "]}");
    return true;
}

enum verbosity { NONE, LOW, HIGH, FULL, VERBOSITY__COUNT };

static bool want_verbosity(struct node_ask *ask, enum verbosity *out)
{
    static const char *const names[VERBOSITY__COUNT] = {"None", "Low", "High", "Full"};
    uint32_t token = assay_json_member(ask->doc, ask->params, "dataVerbosityLevel");

    *out = FULL;
    if (assay_json_type(ask->doc, token) == ASSAY_JSON_NULL)
        return true;
    for (int level = NONE; level < VERBOSITY__COUNT; level++)
        if (assay_json_string_is(ask->doc, token, names[level])) {
            *out = (enum verbosity)level;
            return true;
        }
    return node_ask_fail_missing(ask, "dataVerbosityLevel");
}

/* The digest leaves open which members a level has: none has the ids and hashes alone, low the
 * scores too, what is above everything, and full also what was spent. */
static void add_accepted_tx(struct node_ask *ask, const struct kaspa_hash *id,
                            const struct kaspa_chain_block *block, enum verbosity level)
{
    struct node_tx tx;

    if (level < HIGH || !node_view_tx(ask->view, &tx, id)) {
        assay_buf_printf(ask->out, "{\"verboseData\":{\"transactionId\":\"%s\"}}",
                         node_hex(id).text);
        return;
    }
    if (level == FULL)
        tx.spent = node_view_spent(ask->view, id);
    node_add_tx(ask->out, ask->view, &tx, block);
}

static void add_accepted_data(struct node_ask *ask, const struct kaspa_chain_block *block,
                              enum verbosity level)
{
    size_t count = node_accepted_count(ask->view, block);

    assay_buf_add_str(ask->out, "{\"chainBlockHeader\":");
    if (level >= HIGH)
        node_add_header(ask->out, ask->view, block);
    else
        assay_buf_printf(ask->out, "{\"hash\":\"%s\"", node_hex(&block->hash).text);
    if (level == LOW)
        assay_buf_printf(
            ask->out, ",\"timestamp\":%" PRId64 ",\"daaScore\":%" PRIu64 ",\"blueScore\":%" PRIu64,
            block->time_ms, block->daa_score, node_blue_score(ask->view, block->blue_score));
    assay_buf_add_str(ask->out, level >= HIGH ? ",\"acceptedTransactions\":["
                                              : "},\"acceptedTransactions\":[");
    for (size_t i = 0; i < count; i++) {
        assay_buf_add_str(ask->out, i > 0 ? "," : "");
        add_accepted_tx(ask, node_accepted_id(ask->view, block, i), block, level);
    }
    assay_buf_add_str(ask->out, "]}");
}

bool node_rpc_get_virtual_chain_v2(struct node_ask *ask)
{
    struct kaspa_chain_block block;
    enum verbosity level;
    struct path path;

    if (!want_verbosity(ask, &level) || !find_path(ask, &path, true))
        return false;
    add_path(ask, &path);
    assay_buf_add_str(ask->out, "],\"chainBlockAcceptedTransactions\":[");
    for (uint64_t height = path.from; path_at(ask, &path, &block, height); height++) {
        assay_buf_add_str(ask->out, height > path.from ? "," : "");
        add_accepted_data(ask, &block, level);
    }
    assay_buf_add_str(ask->out, "]}");
    return true;
}
