/* A simulated chain with a node before it, for tests; see node_world.h. */
#include "node_world.h"

#include "base/hex.h"
#include "base/json.h"
#include "kaspa/sign.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { TOKENS_MAX = 200000 };

static void take_key(struct node_world *w)
{
    static uint8_t script[KASPA_SPK_SCHNORR_BYTES];
    struct assay_buf buf = ASSAY_BUF_OVER(script);
    struct kaspa_address address;

    kaspa_key_from_seed(&w->key, ASSAY_LIT("node"), ASSAY_LIT("payer"));
    kaspa_script_add_pay_to_pubkey(&buf, w->key.xonly);
    w->spk = (struct kaspa_spk){.script = assay_bytes_of(script, sizeof(script))};
    cr_assert(kaspa_address_of_script(&address, &w->spk, KASPA_TESTNET));
    kaspa_address_encode(w->address, &address);
}

void world_begin(struct node_world *w)
{
    const struct kaspa_chain_options options = {.seed = ASSAY_LIT("node tests"),
                                                .network = KASPA_TESTNET};
    struct assay_err err = {0};

    *w = (struct node_world){.arena = ASSAY_ARENA_INIT((size_t)1 << 30)};
    take_key(w);
    cr_assert_eq(kaspa_chain_new(&w->chain, &options), ASSAY_OK);
    cr_assert_eq(kaspa_chain_fund(w->chain, &w->funding, &w->spk, 10 * KAS), ASSAY_OK);
    cr_assert_eq(kaspa_chain_lock_new(&w->lock), ASSAY_OK);
    cr_assert_eq(kaspa_node_start(&w->node,
                                  &(struct kaspa_node_options){.chain = w->chain, .lock = w->lock},
                                  &err),
                 ASSAY_OK, "%s", err.text);
    cr_assert(ws_open(&w->ws, kaspa_node_rpc_url(w->node), DEADLINE_MS));
    w->http = http_client_new();
    cr_assert_not_null(w->http);
    cr_assert_eq(assay_url_split(&w->rest.url, assay_str(kaspa_node_rest_url(w->node)), NULL),
                 ASSAY_OK);
}

void world_end(struct node_world *w)
{
    ws_close(&w->ws);
    http_client_free(w->http);
    kaspa_node_stop(w->node);
    kaspa_chain_free(w->chain);
    kaspa_chain_lock_free(w->lock);
    assay_arena_fini(&w->arena);
}

void world_behave(struct node_world *w, struct kaspa_node_behaviour behaviour)
{
    kaspa_node_behave(w->node, &behaviour);
}

void world_mine(struct node_world *w, unsigned blocks)
{
    world_change(w, &(struct kaspa_mining){.blocks = blocks});
    kaspa_node_changed(w->node);
}

/* ---- the chain ---- */

struct kaspa_chain_info world_info(struct node_world *w)
{
    struct kaspa_chain_info info;

    kaspa_chain_lock_take(w->lock);
    kaspa_chain_info(w->chain, &info);
    kaspa_chain_lock_give(w->lock);
    return info;
}

struct kaspa_chain_block world_block_at(struct node_world *w, uint64_t height)
{
    struct kaspa_chain_block block;

    kaspa_chain_lock_take(w->lock);
    cr_assert(kaspa_chain_block_at(w->chain, &block, height));
    kaspa_chain_lock_give(w->lock);
    return block;
}

size_t world_events(struct node_world *w)
{
    size_t count;

    kaspa_chain_lock_take(w->lock);
    count = kaspa_chain_event_count(w->chain);
    kaspa_chain_lock_give(w->lock);
    return count;
}

void world_change(struct node_world *w, const struct kaspa_mining *mining)
{
    kaspa_chain_lock_take(w->lock);
    cr_assert_eq(kaspa_chain_mine(w->chain, mining), ASSAY_OK);
    kaspa_chain_lock_give(w->lock);
}

void world_reorganise(struct node_world *w, unsigned depth)
{
    kaspa_chain_lock_take(w->lock);
    cr_assert_eq(kaspa_chain_reorganise(w->chain, depth, NULL, NULL), ASSAY_OK);
    kaspa_chain_lock_give(w->lock);
}

void world_prune(struct node_world *w, unsigned keep)
{
    kaspa_chain_lock_take(w->lock);
    kaspa_chain_prune(w->chain, keep);
    kaspa_chain_lock_give(w->lock);
}

void world_fund(struct node_world *w, struct kaspa_outpoint *outpoint, const struct kaspa_spk *spk,
                uint64_t amount)
{
    kaspa_chain_lock_take(w->lock);
    cr_assert_eq(kaspa_chain_fund(w->chain, outpoint, spk, amount), ASSAY_OK);
    kaspa_chain_lock_give(w->lock);
}

const struct kaspa_tx *world_payment(struct node_world *w, const char *memo)
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
    const struct kaspa_output output = {.value = 3 * KAS, .spk = w->spk};
    const struct kaspa_plan plan = {
        .spends = &spend,
        .spend_count = 1,
        .outputs = &output,
        .output_count = 1,
        .change = &w->spk,
        .fee_per_kilogram = (strlen(memo) + 1) * KASPA_RELAY_FEE_PER_KILOGRAM,
        .payload = assay_str(memo),
    };
    struct kaspa_tx *tx = assay_arena_alloc(&w->arena, sizeof(*tx));
    struct assay_err err = {0};

    cr_assert_not_null(tx);
    cr_assert_eq(kaspa_build(tx, &w->arena, &plan, &err), ASSAY_OK, "%s", err.text);
    return tx;
}

struct kaspa_hash world_submit(struct node_world *w, const struct kaspa_tx *tx)
{
    struct assay_buf reason = ASSAY_BUF_INIT(4096);
    struct kaspa_hash id;

    kaspa_chain_lock_take(w->lock);
    cr_assert_eq(kaspa_chain_submit(w->chain, tx, &id, NULL, &reason), KASPA_SUBMITTED, "%s",
                 assay_buf_cstr(&reason));
    kaspa_chain_lock_give(w->lock);
    assay_buf_fini(&reason);
    return id;
}

const char *hex_of(struct node_world *w, const struct kaspa_hash *hash)
{
    char *text = assay_arena_alloc(&w->arena, 2 * sizeof(hash->at) + 1);

    cr_assert_not_null(text);
    assay_hex_encode(text, assay_bytes_of(hash->at, sizeof(hash->at)));
    return text;
}

/* ---- transactions as text ---- */

static const char *kept(struct node_world *w, struct assay_buf *buf)
{
    struct assay_bytes copy = assay_arena_copy(&w->arena, assay_buf_view(buf));

    cr_assert(assay_buf_ok(buf) && copy.at != NULL);
    assay_buf_fini(buf);
    return (const char *)copy.at;
}

const char *tx_json(struct node_world *w, const struct kaspa_tx *tx, char form)
{
    struct assay_buf out = ASSAY_BUF_INIT(1 << 20);
    const char *comma = "";

    assay_buf_printf(&out, "{\"version\":%u,\"inputs\":[", (unsigned)tx->version);
    for (size_t i = 0; i < tx->input_count; i++, comma = ",") {
        const struct kaspa_input *in = &tx->inputs[i];

        assay_buf_printf(&out,
                         "%s{\"previousOutpoint\":{\"transactionId\":\"%s\",\"index\":%u},"
                         "\"signatureScript\":\"",
                         comma, hex_of(w, &in->previous.txid), (unsigned)in->previous.index);
        assay_buf_add_hex(&out, in->signature_script);
        assay_buf_printf(&out, "\",\"sequence\":%" PRIu64 ",\"sigOpCount\":%u}", in->sequence,
                         (unsigned)in->commit);
    }
    assay_buf_add_str(&out, "],\"outputs\":[");
    comma = "";
    for (size_t i = 0; i < tx->output_count; i++, comma = ",") {
        const struct kaspa_output *output = &tx->outputs[i];

        assay_buf_printf(&out, "%s{\"%s\":%" PRIu64 ",\"scriptPublicKey\":", comma,
                         form == 'r' ? "amount" : "value", output->value);
        assay_buf_add_str(&out, form == 'r' ? "{\"version\":0,\"scriptPublicKey\":\"" : "\"0000");
        assay_buf_add_hex(&out, output->spk.script);
        assay_buf_add_str(&out, form == 'r' ? "\"}}" : "\"}");
    }
    assay_buf_printf(&out,
                     "],\"lockTime\":%" PRIu64
                     ",\"subnetworkId\":\"0000000000000000000000000000000000000000\",\"gas\":0,"
                     "\"payload\":\"",
                     tx->lock_time);
    assay_buf_add_hex(&out, tx->payload);
    assay_buf_printf(&out, "\",\"mass\":%" PRIu64 "}", tx->storage_mass);
    return kept(w, &out);
}

/* ---- RPC ---- */

const char *rpc(struct node_world *w, const char *method, const char *format, ...)
{
    char *params = NULL;
    const char *text, *answer;
    va_list args;

    va_start(args, format);
    cr_assert_geq(vasprintf(&params, format, args), 0);
    va_end(args);
    text = assay_arena_printf(&w->arena, "{\"id\":%" PRIu64 ",\"method\":\"%s\",\"params\":%s}",
                              ++w->ids, method, params);
    free(params);
    cr_assert(text != NULL && ws_send(&w->ws, text));
    answer = ws_receive(&w->ws, DEADLINE_MS);
    return answer != NULL ? (const char *)assay_arena_copy(&w->arena, assay_str(answer)).at : NULL;
}

const char *at(struct node_world *w, const char *json, const char *path)
{
    static struct assay_json_token tokens[TOKENS_MAX];
    struct assay_json doc;
    uint32_t token = 0;
    char name[64];

    if (json == NULL || assay_json_parse(&doc, tokens, TOKENS_MAX, assay_str(json),
                                         ASSAY_JSON_STRICT, NULL) != ASSAY_OK)
        return "(no JSON)";
    while (*path != '\0' && token != ASSAY_JSON_NONE) {
        size_t len = strcspn(path, ".");

        cr_assert_lt(len, sizeof(name));
        memcpy(name, path, len);
        name[len] = '\0';
        path += len + (path[len] == '.');
        if (assay_json_type(&doc, token) == ASSAY_JSON_ARRAY) {
            unsigned long i = strtoul(name, NULL, 10);
            uint32_t list = token;

            for (token = assay_json_first(&doc, list); i > 0 && token != ASSAY_JSON_NONE; i--)
                token = assay_json_next_sibling(&doc, list, token);
        } else {
            token = assay_json_member(&doc, token, name);
        }
    }
    return (const char *)assay_arena_copy(&w->arena, assay_json_raw(&doc, token)).at;
}

/* ---- REST ---- */

static struct rest_answer exchange(struct node_world *w, struct http_request request)
{
    struct http_request *kept_request = assay_arena_alloc(&w->arena, sizeof(*kept_request));
    struct http_exchange *x = NULL;
    struct assay_err err = {0};

    cr_assert_not_null(kept_request);
    *kept_request = request;
    cr_assert_eq(http_send(w->http, &x, &w->arena, &w->rest, kept_request, DEADLINE_MS, &err),
                 ASSAY_OK, "%s", err.text);
    return (struct rest_answer){
        .outcome = x->outcome,
        .status = x->outcome == HTTP_ANSWERED ? x->response.status : 0,
        .body = x->outcome == HTTP_ANSWERED
                    ? (const char *)assay_arena_copy(&w->arena, x->response.body).at
                    : "",
        .bytes = x->response.body_bytes,
    };
}

struct rest_answer rest_get(struct node_world *w, const char *format, ...)
{
    char *target = NULL;
    struct assay_bytes copy;
    va_list args;

    va_start(args, format);
    cr_assert_geq(vasprintf(&target, format, args), 0);
    va_end(args);
    copy = assay_arena_copy(&w->arena, assay_str(target));
    free(target);
    return exchange(w, http_get((const char *)copy.at));
}

struct rest_answer rest_post(struct node_world *w, const char *target, const char *body)
{
    return exchange(w, http_post(target, "application/json", assay_str(body)));
}
