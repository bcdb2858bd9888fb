/* A node's objects as JSON over RPC: transactions, headers, blocks, outputs. Numbers are plain JSON
 * numbers of any size. Source: Kaspa consensus digest, section 7.2. */
#include "roles/kaspa_node_internal.h"

#include "base/hex.h"
#include "kaspa/mass.h"
#include "kaspa/script.h"
#include "kaspa/txid.h"

#include <inttypes.h>

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

struct node_hex node_hex(const struct kaspa_hash *hash)
{
    struct node_hex hex;

    assay_hex_encode(hex.text, assay_bytes_of(hash->at, sizeof(hash->at)));
    return hex;
}

const char *node_bool(bool value)
{
    return value ? "true" : "false";
}

bool node_json_parse(struct assay_json *doc, struct assay_arena *arena, struct assay_bytes text)
{
    size_t room = assay_json_token_bound(text);
    struct assay_json_token *tokens = assay_arena_alloc(arena, room * sizeof(*tokens));

    return tokens != NULL &&
           assay_json_parse(doc, tokens, room, text, ASSAY_JSON_STRICT, NULL) == ASSAY_OK;
}

bool node_json_hash(struct kaspa_hash *out, const struct assay_json *doc, uint32_t token)
{
    struct assay_bytes raw = assay_json_raw(doc, token);

    return assay_json_type(doc, token) == ASSAY_JSON_STRING &&
           assay_hex_decode(out->at, sizeof(out->at), assay_bytes_part(raw, 1, raw.len - 1),
                            false) == ASSAY_OK;
}

static void add_hex(struct assay_buf *out, const char *before, struct assay_bytes bytes)
{
    assay_buf_add_str(out, before);
    assay_buf_add_byte(out, '"');
    assay_buf_add_hex(out, bytes);
    assay_buf_add_byte(out, '"');
}

static void add_spk(struct assay_buf *out, const char *before, const struct kaspa_spk *spk)
{
    assay_buf_add_str(out, before);
    assay_buf_add_byte(out, '"');
    kaspa_spk_add_hex(out, spk);
    assay_buf_add_byte(out, '"');
}

/* ---- transactions ---- */

/* What it is, up to its covenant, which not every call tells. */
static void add_entry(struct assay_buf *out, uint64_t amount, const struct kaspa_spk *spk,
                      uint64_t block_daa_score, bool is_coinbase)
{
    assay_buf_printf(out, "\"utxoEntry\":{\"amount\":%" PRIu64, amount);
    add_spk(out, ",\"scriptPublicKey\":", spk);
    assay_buf_printf(out, ",\"blockDaaScore\":%" PRIu64 ",\"isCoinbase\":%s", block_daa_score,
                     node_bool(is_coinbase));
}

static void add_input(struct assay_buf *out, const struct node_view *view,
                      const struct kaspa_input *input, const struct kaspa_utxo *spent)
{
    bool counts = input->commit_kind == KASPA_COMMIT_SIG_OPS;

    assay_buf_printf(out, "{\"previousOutpoint\":{\"transactionId\":\"%s\",\"index\":%" PRIu32 "}",
                     node_hex(&input->previous.txid).text, input->previous.index);
    add_hex(out, ",\"signatureScript\":", input->signature_script);
    assay_buf_printf(out,
                     ",\"sequence\":%" PRIu64 ",\"sigOpCount\":%u,\"computeBudget\":%u,"
                     "\"verboseData\":",
                     input->sequence, counts ? (unsigned)input->commit : 0,
                     counts ? 0 : (unsigned)input->commit);
    if (spent == NULL) {
        assay_buf_add_str(out, "null}");
        return;
    }
    assay_buf_add_byte(out, '{');
    add_entry(out, node_amount(view, spent->amount), &spent->spk, spent->block_daa_score,
              spent->is_coinbase);
    assay_buf_add_str(out, "}}}");
}

static void add_output(struct assay_buf *out, const struct node_view *view,
                       const struct kaspa_output *output)
{
    struct kaspa_address address;
    char text[KASPA_ADDRESS_TEXT_MAX_BYTES] = "";

    if (kaspa_address_of_script(&address, &output->spk, view->info.network))
        kaspa_address_encode(text, &address);
    assay_buf_printf(out, "{\"value\":%" PRIu64, node_amount(view, output->value));
    add_spk(out, ",\"scriptPublicKey\":", &output->spk);
    assay_buf_printf(out, ",\"verboseData\":{\"scriptPublicKeyType\":\"%s\"",
                     kaspa_class_name(kaspa_spk_class(&output->spk)));
    assay_buf_printf(out, ",\"scriptPublicKeyAddress\":\"%s\"},\"covenant\":", text);
    if (output->has_covenant)
        assay_buf_printf(out, "{\"authorizingInput\":%u,\"covenantId\":\"%s\"}}",
                         (unsigned)output->authorizing_input, node_hex(&output->covenant_id).text);
    else
        assay_buf_add_str(out, "null}");
}

void node_add_tx(struct assay_buf *out, const struct node_view *view, const struct node_tx *shown,
                 const struct kaspa_chain_block *block)
{
    const struct kaspa_tx *tx = &shown->tx;
    struct kaspa_hash hash;

    kaspa_tx_hash(&hash, tx);
    assay_buf_printf(out, "{\"version\":%u,\"inputs\":[", (unsigned)tx->version);
    for (size_t i = 0; i < tx->input_count; i++) {
        assay_buf_add_str(out, i > 0 ? "," : "");
        add_input(out, view, &tx->inputs[i], shown->spent != NULL ? &shown->spent[i] : NULL);
    }
    assay_buf_add_str(out, "],\"outputs\":[");
    for (size_t i = 0; i < tx->output_count; i++) {
        assay_buf_add_str(out, i > 0 ? "," : "");
        add_output(out, view, &tx->outputs[i]);
    }
    assay_buf_printf(out, "],\"lockTime\":%" PRIu64, tx->lock_time);
    add_hex(out, ",\"subnetworkId\":", assay_bytes_of(tx->subnetwork_id, KASPA_SUBNETWORK_BYTES));
    assay_buf_printf(out, ",\"gas\":%" PRIu64, tx->gas);
    add_hex(out, ",\"payload\":", tx->payload);
    assay_buf_printf(out, ",\"storageMass\":%" PRIu64 ",\"mass\":%" PRIu64, tx->storage_mass,
                     tx->storage_mass);
    assay_buf_printf(out, ",\"verboseData\":{\"transactionId\":\"%s\",\"hash\":\"%s\"",
                     node_hex(&shown->id).text, node_hex(&hash).text);
    assay_buf_printf(
        out, ",\"computeMass\":%" PRIu64 ",\"blockHash\":\"%s\",\"blockTime\":%" PRId64 "}}",
        kaspa_compute_mass(tx), block != NULL ? node_hex(&block->hash).text : ZEROS,
        block != NULL ? block->time_ms : 0);
}

/* ---- blocks ---- */

/* What no simulated block has (roots, work, a nonce) is zero, but work, which follows the score. */
void node_add_header(struct assay_buf *out, const struct node_view *view,
                     const struct kaspa_chain_block *block)
{
    uint64_t blue_score = node_blue_score(view, block->blue_score);

    assay_buf_printf(out, "{\"hash\":\"%s\",\"version\":1,\"parentsByLevel\":[[",
                     node_hex(&block->hash).text);
    if (block->height > 0)
        assay_buf_printf(out, "\"%s\"", node_hex(&block->selected_parent).text);
    for (size_t i = 1; i < block->merged_count; i++)
        assay_buf_printf(out, ",\"%s\"", node_hex(&block->merged[i]).text);
    assay_buf_add_str(out, "]],\"hashMerkleRoot\":\"" ZEROS "\",\"acceptedIdMerkleRoot\":\"" ZEROS
                           "\",\"utxoCommitment\":\"" ZEROS "\"");
    assay_buf_printf(out,
                     ",\"timestamp\":%" PRId64
                     ",\"bits\":545259519,\"nonce\":0,\"daaScore\":%" PRIu64
                     ",\"blueWork\":\"%048" PRIx64 "\",\"blueScore\":%" PRIu64,
                     block->time_ms, block->daa_score, blue_score, blue_score);
    assay_buf_printf(out, ",\"pruningPoint\":\"%s\"}", node_hex(&view->info.pruning_point).text);
}

static void add_block_txs(struct assay_buf *out, const struct node_view *view,
                          const struct kaspa_chain_block *block, bool ids_alone)
{
    bool first = true;

    for (size_t i = 0; i < block->accepted_count; i++) {
        struct node_tx tx;

        if (ids_alone) {
            assay_buf_printf(out, "%s\"%s\"", i > 0 ? "," : "", node_hex(&block->accepted[i]).text);
        } else if (node_view_tx(view, &tx, &block->accepted[i])) {
            assay_buf_add_str(out, first ? "" : ",");
            node_add_tx(out, view, &tx, block);
            first = false;
        }
    }
}

/* The chain keeps no bodies: a block is taken to include what it accepted. */
void node_add_block(struct assay_buf *out, const struct node_view *view,
                    const struct kaspa_chain_block *block, bool with_txs)
{
    struct kaspa_chain_block child;

    assay_buf_add_str(out, "{\"header\":");
    node_add_header(out, view, block);
    assay_buf_add_str(out, ",\"transactions\":[");
    if (with_txs)
        add_block_txs(out, view, block, false);
    assay_buf_printf(out, "],\"verboseData\":{\"hash\":\"%s\",\"difficulty\":1.0",
                     node_hex(&block->hash).text);
    assay_buf_printf(out, ",\"selectedParentHash\":\"%s\",\"transactionIds\":[",
                     node_hex(&block->selected_parent).text);
    if (!view->knows_nothing)
        add_block_txs(out, view, block, true);
    assay_buf_printf(out, "],\"isHeaderOnly\":false,\"blueScore\":%" PRIu64 ",\"childrenHashes\":[",
                     node_blue_score(view, block->blue_score));
    if (block->is_chain_block && node_view_block_at(view, &child, block->height + 1))
        assay_buf_printf(out, "\"%s\"", node_hex(&child.hash).text);
    assay_buf_add_str(out, "],\"mergeSetBluesHashes\":[");
    for (size_t i = 0; i < block->merged_count; i++)
        assay_buf_printf(out, "%s\"%s\"", i > 0 ? "," : "", node_hex(&block->merged[i]).text);
    assay_buf_printf(out, "],\"mergeSetRedsHashes\":[],\"isChainBlock\":%s}}",
                     node_bool(block->is_chain_block));
}

void node_add_accepted(struct assay_buf *out, const struct node_view *view,
                       const struct kaspa_chain_block *block)
{
    size_t count = node_accepted_count(view, block);

    assay_buf_printf(out, "{\"acceptingBlockHash\":\"%s\",\"acceptedTransactionIds\":[",
                     node_hex(&block->hash).text);
    for (size_t i = 0; i < count; i++)
        assay_buf_printf(out, "%s\"%s\"", i > 0 ? "," : "",
                         node_hex(node_accepted_id(view, block, i)).text);
    assay_buf_add_str(out, "]}");
}

/* ---- outputs ---- */

void node_add_utxo(struct assay_buf *out, const char *address, const struct kaspa_spk *spk,
                   const struct node_utxo *utxo)
{
    assay_buf_printf(
        out, "{\"address\":\"%s\",\"outpoint\":{\"transactionId\":\"%s\",\"index\":%" PRIu32 "}",
        address, node_hex(&utxo->outpoint.txid).text, utxo->outpoint.index);
    assay_buf_add_byte(out, ',');
    add_entry(out, utxo->amount, spk, utxo->block_daa_score, utxo->is_coinbase);
    assay_buf_add_str(out, ",\"covenantId\":");
    if (utxo->has_covenant)
        assay_buf_printf(out, "\"%s\"}}", node_hex(&utxo->covenant_id).text);
    else
        assay_buf_add_str(out, "null}}");
}
