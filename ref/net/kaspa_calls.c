/* The calls of node RPC, one function each, and whether a node is fit to be believed. Source: Kaspa
 * consensus digest, sections 7.1, 7.2 and 7.6. */
#include "net/kaspa_node_internal.h"

#include "base/planted.h"
#include "defects/defects.h"
#include "kaspa/safejson.h"
#include "kaspa/txid.h"
#include "net/clock.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { PARAMS_MAX_BYTES = 512, MS_PER_SECOND = 1000 };

enum assay_code ref_kaspa_contradicts(struct ref_kaspa_ask *ask, const char *format, ...)
{
    char text[ASSAY_ERR_TEXT_MAX_BYTES];
    va_list args;

    va_start(args, format);
    (void)!vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return assay_fail(ask->err, ASSAY_E_CONFLICT, 0, "%s", text);
}

/* ---- the envelope ---- */

/* Either params, an object, or an error, whose message is kept. */
static enum assay_code open_envelope(struct ref_kaspa_call *call)
{
    struct ref_kaspa_reader *r = &call->r;
    uint32_t error = ref_kaspa_read_optional(r, 0, "error");

    call->params = ref_kaspa_read_optional(r, 0, "params");
    if ((error == ASSAY_JSON_NONE) == (call->params == ASSAY_JSON_NONE))
        ref_kaspa_read_fail(r, "the envelope", "has not either params or error");
    else if (error != ASSAY_JSON_NONE)
        call->refusal = ref_kaspa_shown(r->doc, assay_json_member(r->doc, error, "message"));
    else
        call->params = ref_kaspa_read_object(r, 0, "params");
    return r->bad;
}

/* A connection that ended is made anew once, but what was written is written again only where that
 * may be. */
static enum assay_code ask_node(struct ref_kaspa_ask *ask, struct ref_kaspa_call *call, bool *sent,
                                bool may_repeat, const struct ref_ws_question *question)
{
    struct assay_err why = {.code = ASSAY_OK};
    enum assay_code rc = ref_ws_ask(ask->node->ws, &call->answer, sent, question, &why);

    if (rc == ASSAY_E_CLOSED && (may_repeat || !*sent)) {
        why = (struct assay_err){.code = ASSAY_OK};
        rc = ref_ws_ask(ask->node->ws, &call->answer, sent, question, &why);
    }
    if (rc != ASSAY_OK)
        return assay_fail(ask->err, rc, why.at, "%s: %s", question->method, why.text);
    call->r.doc = &call->answer.doc;
    return open_envelope(call);
}

static enum assay_code begin_call(struct ref_kaspa_ask *ask, struct ref_kaspa_call *call,
                                  bool *sent, bool may_repeat, const char *method,
                                  struct assay_bytes params)
{
    const struct ref_ws_question question = {method, params, ask->deadline_ms};

    *call = (struct ref_kaspa_call){
        .r = {.method = method, .err = ask->err},
        .params = ASSAY_JSON_NONE,
    };
    return ask_node(ask, call, sent, may_repeat, &question);
}

enum assay_code ref_kaspa_call_once(struct ref_kaspa_ask *ask, struct ref_kaspa_call *call,
                                    bool *sent, const char *method, struct assay_bytes params)
{
    return begin_call(ask, call, sent, false, method, params);
}

enum assay_code ref_kaspa_call(struct ref_kaspa_ask *ask, struct ref_kaspa_call *call,
                               bool *refused, const char *method, struct assay_bytes params)
{
    bool sent;
    enum assay_code rc = begin_call(ask, call, &sent, true, method, params);

    if (refused != NULL)
        *refused = call->params == ASSAY_JSON_NONE;
    else if (rc == ASSAY_OK && call->params == ASSAY_JSON_NONE)
        return assay_fail(ask->err, ASSAY_E_DENIED, 0, "the node refuses %s: %s", method,
                          call->refusal.text);
    return rc;
}

void ref_kaspa_call_fini(struct ref_kaspa_call *call)
{
    ref_ws_answer_fini(&call->answer);
}

/* ---- whether it is fit ---- */

static enum assay_code unfit(struct ref_kaspa_ask *ask, const char *why)
{
    return assay_fail(ask->err, ASSAY_E_DENIED, 0, "the node is not fit to be believed: %s", why);
}

static enum assay_code check_network(struct ref_kaspa_ask *ask, struct ref_kaspa_call *call,
                                     const char *member)
{
    const char *name = kaspa_network_name(ask->node->options.network);
    uint32_t token = assay_json_member(call->r.doc, call->params, member);
    bool is_same = ref_kaspa_read_is(&call->r, call->params, member, name);

    if (call->r.bad != ASSAY_OK || is_same || REF_DEFECT(kx_node_network))
        return call->r.bad;
    return assay_fail(ask->err, ASSAY_E_DENIED, 0,
                      "the node is of the network \"%s\", not of \"%s\": give the URL of another",
                      ref_kaspa_shown(call->r.doc, token).text, name);
}

/* True and nothing else: a flag that is missing says nothing (exact digest, section 24, 19). */
static enum assay_code check_sync(struct ref_kaspa_ask *ask, struct ref_kaspa_call *call)
{
    uint32_t token = assay_json_member(call->r.doc, call->params, "isSynced");
    enum assay_json_type type = assay_json_type(call->r.doc, token);

    if (type == ASSAY_JSON_TRUE || (type == ASSAY_JSON_FALSE && REF_DEFECT(kx_node_unsynced)) ||
        (token == ASSAY_JSON_NONE && REF_DEFECT(kx_node_sync_missing)))
        return ASSAY_OK;
    return unfit(ask, type == ASSAY_JSON_FALSE ? "it is not synced; wait until it is"
                                               : "it does not say that it is synced");
}

static enum assay_code check_info(struct ref_kaspa_ask *ask, struct ref_kaspa_call *call)
{
    bool has_index = ref_kaspa_read_bool(&call->r, call->params, "hasUtxoIndex");
    enum assay_code rc = check_network(ask, call, "networkId");

    if (rc == ASSAY_OK && !has_index)
        rc = unfit(ask, "it has no index of coins; start it with --utxoindex");
    return rc == ASSAY_OK ? check_sync(ask, call) : rc;
}

enum assay_code ref_kaspa_check_server(struct ref_kaspa_ask *ask)
{
    struct ref_kaspa_call call;
    enum assay_code rc = ref_kaspa_call(ask, &call, NULL, "getServerInfo", ASSAY_LIT("{}"));

    if (rc == ASSAY_OK)
        rc = check_info(ask, &call);
    ref_kaspa_call_fini(&call);
    if (rc != ASSAY_OK)
        return rc;
    /* That one also knows of a transition in which the node's state is not whole (section 7.6). */
    rc = ref_kaspa_call(ask, &call, NULL, "getSyncStatus", ASSAY_LIT("{}"));
    if (rc == ASSAY_OK)
        rc = check_sync(ask, &call);
    ref_kaspa_call_fini(&call);
    return rc;
}

/* Behind what was seen from it before, or apart from the wall clock. */
static enum assay_code check_age(struct ref_kaspa_ask *ask, const struct kaspa_point_of_view *pov,
                                 uint64_t highest)
{
    const struct ref_kaspa_node_options *options = &ask->node->options;
    uint64_t now_ms = (uint64_t)ref_net_wall_ms(), time_ms = pov->past_median_time_ms;
    uint64_t ahead_ms = PLANTED(node_ahead) ? 0 : time_ms - now_ms;
    uint64_t apart_ms = now_ms > time_ms ? now_ms - time_ms : ahead_ms;

    if (REF_DEFECT(kx_node_lag))
        return ASSAY_OK;
    if (pov->daa_score < highest && highest - pov->daa_score > options->max_step_back)
        return assay_fail(ask->err, ASSAY_E_DENIED, 0,
                          "the node is not fit to be believed: its DAA score is %" PRIu64
                          " after it was %" PRIu64,
                          pov->daa_score, highest);
    if (options->max_lag_ms > 0 && apart_ms > (uint64_t)options->max_lag_ms)
        return assay_fail(ask->err, ASSAY_E_DENIED, 0,
                          "the node is not fit to be believed: its past median time and this "
                          "machine's clock are %" PRIu64 " s apart, more than %" PRId64 " s",
                          apart_ms / MS_PER_SECOND, options->max_lag_ms / MS_PER_SECOND);
    return ASSAY_OK;
}

enum assay_code ref_kaspa_get_dag(struct ref_kaspa_ask *ask, struct ref_kaspa_dag *out)
{
    struct ref_kaspa_dag dag;
    struct ref_kaspa_call call;
    enum assay_code rc;
    uint64_t highest; /* as it was before this answer was made */

    pthread_mutex_lock(&ask->node->lock);
    highest = ask->node->daa_highest;
    pthread_mutex_unlock(&ask->node->lock);
    rc = ref_kaspa_call(ask, &call, NULL, "getBlockDagInfo", ASSAY_LIT("{}"));
    if (rc == ASSAY_OK)
        rc = check_network(ask, &call, "network");
    if (rc == ASSAY_OK) {
        dag.sink = ref_kaspa_read_hash(&call.r, call.params, "sink");
        dag.pruning_point = ref_kaspa_read_hash(&call.r, call.params, "pruningPointHash");
        dag.pov.daa_score = ref_kaspa_read_u64(&call.r, call.params, "virtualDaaScore");
        dag.pov.past_median_time_ms = ref_kaspa_read_u64(&call.r, call.params, "pastMedianTime");
        rc = call.r.bad;
    }
    if (rc == ASSAY_OK && (rc = check_age(ask, &dag.pov, highest)) == ASSAY_OK)
        *out = dag;
    ref_kaspa_call_fini(&call);
    return rc;
}

/* ---- blocks and transactions ---- */

enum assay_code ref_kaspa_get_block(struct ref_kaspa_ask *ask, struct ref_kaspa_block *out,
                                    const struct kaspa_hash *hash)
{
    char room[PARAMS_MAX_BYTES];
    struct assay_buf params = ASSAY_BUF_OVER(room);
    struct ref_kaspa_call call;
    enum assay_code rc;

    ref_kaspa_add_hash(&params, "{\"hash\":", hash);
    assay_buf_add_str(&params, ",\"includeTransactions\":false}");
    if ((rc = ref_kaspa_call(ask, &call, NULL, "getBlock", assay_buf_view(&params))) == ASSAY_OK) {
        struct ref_kaspa_reader *r = &call.r;
        uint32_t block = ref_kaspa_read_object(r, call.params, "block");
        uint32_t header = ref_kaspa_read_object(r, block, "header");
        uint32_t data = ref_kaspa_read_object(r, block, "verboseData");
        struct kaspa_hash of_header = ref_kaspa_read_hash(r, header, "hash");
        struct kaspa_hash of_data = ref_kaspa_read_hash(r, data, "hash");

        out->blue_score = ref_kaspa_read_u64(r, header, "blueScore");
        out->daa_score = ref_kaspa_read_u64(r, header, "daaScore");
        out->is_chain_block = ref_kaspa_read_bool(r, data, "isChainBlock");
        if (!kaspa_hash_equal(&of_header, hash) || !kaspa_hash_equal(&of_data, hash))
            ref_kaspa_read_fail(r, "hash", "is not the one that was asked for");
        if (ref_kaspa_read_u64(r, data, "blueScore") != out->blue_score)
            ref_kaspa_read_fail(r, "blueScore", "is not the header's");
        rc = r->bad;
    }
    ref_kaspa_call_fini(&call);
    return rc;
}

struct kaspa_hash ref_kaspa_read_tx(struct ref_kaspa_reader *r, struct kaspa_tx *out,
                                    struct assay_arena *arena, uint32_t token)
{
    static const struct kaspa_json_options options = {.numbers = true, .unknown_members = true};
    struct kaspa_hash id = {.at = {0}};
    struct assay_err err = {.code = ASSAY_OK};
    enum assay_code rc;

    if (r->bad != ASSAY_OK)
        return id;
    rc = kaspa_tx_parse_value(out, NULL, arena, r->doc, token, &options, &err);
    if (rc == ASSAY_OK)
        kaspa_txid(&id, out);
    else if (rc == ASSAY_E_NOMEM)
        r->bad = assay_fail(r->err, rc, 0, "out of memory for a transaction");
    else
        ref_kaspa_read_fail(r, "a transaction that cannot be read:", err.text);
    return id;
}

static enum assay_code read_entry(struct ref_kaspa_ask *ask, struct ref_kaspa_call *call,
                                  bool *is_there, const struct kaspa_hash *txid)
{
    struct ref_kaspa_reader *r = &call->r;
    uint32_t entry = ref_kaspa_read_object(r, call->params, "mempoolEntry");
    uint32_t token = ref_kaspa_read_object(r, entry, "transaction");
    bool is_orphan = ref_kaspa_read_bool(r, entry, "is_orphan");
    struct kaspa_tx tx;
    struct kaspa_hash id = ref_kaspa_read_tx(r, &tx, &ask->scratch, token);

    if (!kaspa_hash_equal(&id, txid))
        ref_kaspa_read_fail(r, "transaction", "is not the one that was asked for");
    *is_there = !is_orphan;
    return r->bad;
}

/* Of a transaction that is not there the node says so in words alone. */
static bool is_not_found(const struct ref_kaspa_call *call, const struct kaspa_hash *txid)
{
    char words[PARAMS_MAX_BYTES];

    (void)!snprintf(words, sizeof(words), "Transaction %s not found", ref_kaspa_hex(txid).text);
    return strcmp(call->refusal.text, words) == 0;
}

enum assay_code ref_kaspa_is_in_mempool(struct ref_kaspa_ask *ask, bool *is_there,
                                        const struct kaspa_hash *txid)
{
    char room[PARAMS_MAX_BYTES];
    struct assay_buf params = ASSAY_BUF_OVER(room);
    struct ref_kaspa_call call;
    enum assay_code rc;
    bool refused;

    ref_kaspa_add_hash(&params, "{\"transactionId\":", txid);
    assay_buf_add_str(&params, ",\"includeOrphanPool\":false,\"filterTransactionPool\":false}");
    rc = ref_kaspa_call(ask, &call, &refused, "getMempoolEntry", assay_buf_view(&params));
    if (rc == ASSAY_OK && !refused)
        rc = read_entry(ask, &call, is_there, txid);
    else if (rc == ASSAY_OK && is_not_found(&call, txid))
        *is_there = false;
    else if (rc == ASSAY_OK)
        rc = assay_fail(ask->err, ASSAY_E_DENIED, 0, "the node refuses getMempoolEntry: %s",
                        call.refusal.text);
    ref_kaspa_call_fini(&call);
    return rc;
}
