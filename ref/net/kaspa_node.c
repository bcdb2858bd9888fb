/* A client of a Kaspa node: its beginning and end, how many questions it takes, what it remembers,
 * and the questions themselves; see kaspa_node.h. */
#include "net/kaspa_node.h"

#include "defects/defects.h"
#include "kaspa/safejson.h"
#include "net/clock.h"
#include "net/kaspa_node_internal.h"

#include <stdio.h>

enum { TRIES = 3, WORDS_MAX_BYTES = 320, FOR_EVER_MS = 86400000 };
#define SCRATCH_MAX_BYTES ((size_t)64 << 20)

/* ---- starting and ending ---- */

static struct ref_ws_options connection_of(const struct ref_kaspa_node_options *options)
{
    return (struct ref_ws_options){
        .url = options->url,
        .is_public = options->is_public,
        .answer_max_bytes = options->answer_max_bytes,
    };
}

enum assay_code ref_kaspa_node_check(const struct ref_kaspa_node_options *options,
                                     struct assay_err *err)
{
    const struct ref_ws_options connection = connection_of(options);

    return ref_ws_check(&connection, err);
}

enum assay_code ref_kaspa_node_start(struct ref_kaspa_node **out,
                                     const struct ref_kaspa_node_options *options,
                                     struct assay_err *err)
{
    const struct ref_ws_options connection = connection_of(options);
    struct ref_kaspa_node *node = assay_alloc(sizeof(*node));
    enum assay_code rc;

    if (node == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for the client of a node");
    *node = (struct ref_kaspa_node){.options = *options};
    if ((rc = ref_ws_start(&node->ws, &connection, err)) != ASSAY_OK) {
        assay_free(node);
        return rc;
    }
    pthread_mutex_init(&node->lock, NULL);
    pthread_cond_init(&node->idle, NULL);
    *out = node;
    return ASSAY_OK;
}

void ref_kaspa_node_stop(struct ref_kaspa_node *node)
{
    if (node == NULL)
        return;
    pthread_mutex_lock(&node->lock);
    node->stopping = true;
    pthread_mutex_unlock(&node->lock);
    ref_ws_end(node->ws);
    pthread_mutex_lock(&node->lock);
    while (node->running > 0)
        pthread_cond_wait(&node->idle, &node->lock);
    pthread_mutex_unlock(&node->lock);
    ref_ws_free(node->ws);
    pthread_cond_destroy(&node->idle);
    pthread_mutex_destroy(&node->lock);
    assay_free(node);
}

/* ---- one question ---- */

static enum assay_code begin(struct ref_kaspa_node *node, struct ref_kaspa_ask *ask,
                             struct assay_err *err)
{
    int64_t within_ms = REF_DEFECT(kx_node_blame) ? FOR_EVER_MS : node->options.deadline_ms;
    enum assay_code rc = ASSAY_OK;

    pthread_mutex_lock(&node->lock);
    if (node->stopping)
        rc = assay_fail(err, ASSAY_E_CLOSED, 0, "this client is being stopped");
    else if (node->running >= node->options.question_max)
        rc = assay_fail(err, ASSAY_E_BUSY, 0, "%u questions to the node are under way already",
                        node->running);
    else
        node->running++;
    pthread_mutex_unlock(&node->lock);
    *ask = (struct ref_kaspa_ask){
        .node = node,
        .deadline_ms = ref_net_now_ms() + within_ms,
        .scratch = ASSAY_ARENA_INIT(SCRATCH_MAX_BYTES),
        .err = err,
    };
    return rc;
}

static void end(struct ref_kaspa_ask *ask)
{
    struct ref_kaspa_node *node = ask->node;

    assay_arena_fini(&ask->scratch);
    pthread_mutex_lock(&node->lock);
    if (--node->running == 0)
        pthread_cond_broadcast(&node->idle);
    pthread_mutex_unlock(&node->lock);
}

/* ---- what is remembered ---- */

bool ref_kaspa_oldest_checkpoint(struct ref_kaspa_node *node, struct kaspa_hash *out)
{
    size_t count;

    pthread_mutex_lock(&node->lock);
    count = node->checkpoint_count;
    if (count > 0)
        *out = node->checkpoints[count < REF_KASPA_CHECKPOINTS ? 0 : count % REF_KASPA_CHECKPOINTS]
                   .sink;
    pthread_mutex_unlock(&node->lock);
    return count > 0;
}

void ref_kaspa_remember(struct ref_kaspa_node *node, const struct ref_kaspa_dag *dag)
{
    uint64_t time_ms = dag->pov.past_median_time_ms;
    const struct ref_kaspa_checkpoint *newest;

    pthread_mutex_lock(&node->lock);
    newest = &node->checkpoints[(node->checkpoint_count - 1) % REF_KASPA_CHECKPOINTS];
    if (dag->pov.daa_score > node->daa_highest)
        node->daa_highest = dag->pov.daa_score;
    node->daa_last = dag->pov.daa_score;
    node->daa_last_ms = ref_net_now_ms();
    if (node->checkpoint_count == 0 ||
        (time_ms > newest->time_ms && time_ms - newest->time_ms >= REF_KASPA_CHECKPOINT_GAP_MS))
        node->checkpoints[node->checkpoint_count++ % REF_KASPA_CHECKPOINTS] =
            (struct ref_kaspa_checkpoint){dag->sink, time_ms};
    pthread_mutex_unlock(&node->lock);
}

uint64_t ref_kaspa_node_daa_score(struct ref_kaspa_node *node, int64_t *age_ms)
{
    uint64_t score;

    pthread_mutex_lock(&node->lock);
    score = node->daa_last;
    *age_ms = score != 0 ? ref_net_now_ms() - node->daa_last_ms : 0;
    pthread_mutex_unlock(&node->lock);
    return score;
}

/* ---- looking ---- */

/* What contradicts itself is asked anew: the chain may have moved meanwhile. */
static enum assay_code look_thrice(struct ref_kaspa_ask *ask, struct kx_sight *out,
                                   struct assay_arena *arena, const struct kx_look *look)
{
    struct assay_err *err = ask->err, why;
    enum assay_code rc = ASSAY_E_CONFLICT;

    for (int i = 0; i < TRIES && rc == ASSAY_E_CONFLICT; i++) {
        why = (struct assay_err){.code = ASSAY_OK};
        ask->err = &why;
        rc = ref_kaspa_look(ask, out, arena, look);
    }
    ask->err = err;
    if (rc == ASSAY_E_CONFLICT)
        return assay_fail(err, ASSAY_E_MALFORMED, 0, "the node contradicts itself: %s", why.text);
    return rc == ASSAY_OK ? rc : assay_fail(err, rc, why.at, "%s", why.text);
}

enum assay_code ref_kaspa_node_look(struct ref_kaspa_node *node, struct kx_sight *out,
                                    struct assay_arena *arena, const struct kx_look *look,
                                    struct assay_err *err)
{
    struct ref_kaspa_ask ask;
    enum assay_code rc = begin(node, &ask, err);

    if (rc != ASSAY_OK)
        return rc;
    if ((rc = ref_kaspa_check_server(&ask)) == ASSAY_OK)
        rc = look_thrice(&ask, out, arena, look);
    end(&ask);
    return rc;
}

/* ---- the coins of a script ---- */

static enum assay_code put_coins(struct ref_kaspa_ask *ask, const struct ref_kaspa_coins *coins,
                                 struct kaspa_outpoint *outpoints, struct kaspa_utxo *utxos,
                                 size_t room, struct assay_arena *arena,
                                 const struct kaspa_spk *spk)
{
    const struct kaspa_spk kept = {
        .version = spk->version,
        .script = assay_arena_copy(arena, spk->script),
    };

    if (kept.script.at == NULL)
        return assay_fail(ask->err, ASSAY_E_NOMEM, 0, "out of memory for coins");
    for (size_t i = 0; i < coins->count && i < room; i++) {
        outpoints[i] = coins->at[i].outpoint;
        utxos[i] = coins->at[i].utxo;
        utxos[i].spk = kept;
    }
    return ASSAY_OK;
}

enum assay_code ref_kaspa_node_coins(struct ref_kaspa_node *node, struct kaspa_outpoint *outpoints,
                                     struct kaspa_utxo *utxos, size_t room, size_t *count,
                                     struct assay_arena *arena, const struct kaspa_spk *spk,
                                     struct assay_err *err)
{
    struct ref_kaspa_coins coins = {.count = 0};
    struct ref_kaspa_ask ask;
    struct ref_kaspa_dag dag;
    enum assay_code rc = begin(node, &ask, err);

    if (rc != ASSAY_OK)
        return rc;
    if ((rc = ref_kaspa_check_server(&ask)) == ASSAY_OK &&
        (rc = ref_kaspa_get_dag(&ask, &dag)) == ASSAY_OK &&
        (rc = ref_kaspa_get_coins(&ask, &coins, spk, 1)) == ASSAY_OK &&
        (rc = put_coins(&ask, &coins, outpoints, utxos, room, arena, spk)) == ASSAY_OK) {
        ref_kaspa_remember(node, &dag);
        *count = coins.count;
    }
    end(&ask);
    return rc;
}

/* ---- submitting ---- */

/* Whether the node's words say that it has it already, as nodes have them. */
static bool has_it(const char *words, const char *txid)
{
    static const char *const says[] = {
        "is already in the mempool",
        "was already accepted by the consensus",
    };
    char known[WORDS_MAX_BYTES];

    for (size_t i = 0; i < ARRAY_LEN(says); i++) {
        (void)!snprintf(known, sizeof(known), "Rejected transaction %s: transaction %s %s", txid,
                        txid, says[i]);
        if (strcmp(words, known) == 0)
            return true;
    }
    return false;
}

/* Only a rejection of this very transaction is one; of any other failure nobody knows what it
 * left behind. */
static enum assay_code refused(struct ref_kaspa_ask *ask, const char *words, const char *txid)
{
    char rejection[WORDS_MAX_BYTES];
    int len = snprintf(rejection, sizeof(rejection), "Rejected transaction %s: ", txid);

    if (has_it(words, txid))
        return ASSAY_OK;
    if (strncmp(words, rejection, (size_t)len) == 0)
        return assay_fail(ask->err, ASSAY_E_DENIED, 0, "the node rejects the transaction: %s",
                          words + len);
    return assay_fail(ask->err, ASSAY_E_IO, 0, "the node fails at submitTransaction: %s", words);
}

static enum assay_code read_submission(struct ref_kaspa_ask *ask, struct ref_kaspa_call *call,
                                       const struct kaspa_hash *txid)
{
    struct kaspa_hash told;

    if (call->params == ASSAY_JSON_NONE)
        return refused(ask, call->refusal.text, ref_kaspa_hex(txid).text);
    told = ref_kaspa_read_hash(&call->r, call->params, "transactionId");
    if (call->r.bad != ASSAY_OK || kaspa_hash_equal(&told, txid) || REF_DEFECT(kx_node_other_id))
        return call->r.bad;
    return assay_fail(ask->err, ASSAY_E_MISMATCH, 0,
                      "the node took the transaction %s under another id: %s",
                      ref_kaspa_hex(txid).text, ref_kaspa_hex(&told).text);
}

static enum assay_code submit(struct ref_kaspa_ask *ask, struct assay_bytes params,
                              const struct kaspa_hash *txid, bool *sent)
{
    struct ref_kaspa_call call;
    enum assay_code rc = ref_kaspa_call_once(ask, &call, sent, "submitTransaction", params);

    if (rc == ASSAY_OK)
        rc = read_submission(ask, &call, txid);
    ref_kaspa_call_fini(&call);
    return rc;
}

enum assay_code ref_kaspa_node_submit(struct ref_kaspa_node *node, const struct kaspa_tx *tx,
                                      const struct kaspa_hash *txid, bool *sent,
                                      struct assay_err *err)
{
    struct assay_buf params = ASSAY_BUF_INIT(REF_WS_QUESTION_MAX_BYTES);
    struct ref_kaspa_ask ask;
    enum assay_code rc;

    *sent = false;
    if ((rc = begin(node, &ask, err)) != ASSAY_OK)
        return rc;
    assay_buf_add_str(&params, "{\"transaction\":");
    kaspa_tx_write(&params, tx, NULL, KASPA_JSON_RPC);
    assay_buf_add_str(&params, ",\"allowOrphan\":false}");
    if (assay_buf_ok(&params))
        rc = submit(&ask, assay_buf_view(&params), txid, sent);
    else
        rc = assay_fail(err, params.bad, 0, "a transaction for a node %s",
                        assay_code_text(params.bad));
    assay_buf_fini(&params);
    end(&ask);
    return rc;
}
