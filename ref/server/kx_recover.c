/* What an operator does about payments that did not end by themselves. */
#include "base/json.h"
#include "base/time.h"
#include "net/clock.h"
#include "server/kx_parts.h"

enum {
    ATTEMPT_ARENA_BYTES = 4 << 20,
    ON_ITS_WAY_MS = 60000 /* from its claim to its handler a payment needs no time */
};

/* Lines go to out. */
struct recovery {
    const struct kx_server_options *options;
    const struct kx_recovery_request *request;
    struct kx_store *store;
    struct kx_core
        core; /* judges what the chain says: who is paid, and for what, is in an attempt */
    struct assay_buf *out;
};

static const char *status_text(const struct kx_attempt *a)
{
    switch (a->status) {
    case KX_PENDING:
        return "pending";
    case KX_BROADCAST:
        return "broadcast";
    case KX_ACCEPTED:
        return a->settles_last ? "broadcast" : "accepted"; /* and asked for again */
    case KX_APPLIED:
        return "applied";
    }
    return "";
}

/* ---- lines --------------------------------------------------------------------------------------
 */

static void add_time(struct assay_buf *out, const char *name, int64_t ms)
{
    char text[ASSAY_TIME_TEXT_BYTES];

    if (ms == KX_NO_TIME) {
        assay_buf_printf(out, ",\"%s\":null", name);
        return;
    }
    assay_time_text(text, ms);
    assay_buf_printf(out, ",\"%s\":\"%s\"", name, text);
}

/* Of one that a facilitator settles when its handler has answered. */
static const char *facilitated_need_text(const struct kx_attempt *a)
{
    if (a->status != KX_PENDING)
        return "settlement";
    return a->has_result || a->handler_started_ms == KX_NO_TIME ? "retry" : "result";
}

/* What is needed: nothing but a retry of the payer, the handler's result, the chain's word, or an
 * operator's on what became of the settlement. */
static const char *need_text(const struct kx_attempt *a)
{
    if (a->status == KX_APPLIED)
        return "nothing";
    if (a->settles_last)
        return facilitated_need_text(a);
    if (a->status != KX_ACCEPTED)
        return "chain";
    return a->has_result || a->handler_started_ms == KX_NO_TIME ? "retry" : "result";
}

/* By what its operator finds it at the facilitator: what was authorised, without its signature. In
 * its canonical form, which is one line. */
static void add_authorization(struct assay_buf *out, const struct kx_attempt *a)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ATTEMPT_ARENA_BYTES);
    struct assay_buf text = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
    struct assay_json doc;
    uint32_t found = ASSAY_JSON_NONE;

    if (x402_document_parse(&doc, &arena, a->transaction, true, NULL) == ASSAY_OK)
        found = assay_json_member(&doc, assay_json_member(&doc, 0, "payload"), "authorization");
    assay_buf_add_str(out, ",\"authorization\":");
    if (found != ASSAY_JSON_NONE && assay_json_canonical(&text, &doc, found, NULL) == ASSAY_OK &&
        assay_buf_ok(&text))
        assay_buf_add(out, assay_buf_view(&text));
    else
        assay_buf_add_str(out, "null");
    assay_buf_fini(&text);
    assay_arena_fini(&arena);
}

/* did: what was done about it; NULL: it is only listed. */
static void add_line(struct assay_buf *out, const struct kx_attempt *a, const char *did)
{
    bool gone = did != NULL && strcmp(did, "abandoned") == 0;

    assay_buf_printf(out, "{\"transaction\":\"%s\",\"status\":\"%s\",\"needs\":\"%s\"", a->txid,
                     gone ? did : status_text(a), gone ? "nothing" : need_text(a));
    if (did != NULL)
        assay_buf_printf(out, ",\"did\":\"%s\"", did);
    assay_buf_printf(out, ",\"amount\":\"%llu\"", (unsigned long long)a->amount);
    if (a->settles_last)
        add_authorization(out, a);
    add_time(out, "claimed", a->claimed_ms);
    add_time(out, "handlerStarted", a->handler_started_ms);
    assay_buf_printf(out, ",\"hasResult\":%s,\"reason\":", a->has_result ? "true" : "false");
    if (a->recovery.len > 0)
        assay_json_add_string(out, a->recovery);
    else
        assay_buf_add_str(out, "null");
    assay_buf_add_str(out, "}\n");
}

/* The attempt as it is now. */
static enum assay_code report(struct recovery *r, const char *txid, const char *did,
                              struct assay_err *err)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ATTEMPT_ARENA_BYTES);
    struct kx_attempt attempt;
    enum assay_code code = r->store->ops->load_attempt(r->store, &attempt, &arena, txid, err);

    if (code == ASSAY_OK)
        add_line(r->out, &attempt, did);
    assay_arena_fini(&arena);
    return code;
}

/* ---- one payment --------------------------------------------------------------------------------
 */

static enum assay_code apply(struct kx_store *store, const char *txid, enum kx_recovery recovery,
                             enum kx_finality finality, struct assay_err *err)
{
    if (recovery == KX_RECOVERY_ACCEPT)
        return store->ops->accept(store, txid, finality, ref_net_wall_ms(), err);
    if (recovery == KX_RECOVERY_ABANDON)
        return store->ops->abandon(store, txid, ref_net_wall_ms(), err);
    return assay_fail(err, ASSAY_E_UNKNOWN, 0, "the chain does not settle it yet");
}

static enum assay_code ask_node(struct kx_sight *sight, struct assay_arena *arena,
                                const struct kx_server_options *o, const struct kx_look *look,
                                struct assay_err *err)
{
    const struct ref_kaspa_node_options options = kx_parts_node(o);
    struct ref_kaspa_node *node = NULL;
    enum assay_code code;

    if (o->node == NULL)
        return assay_fail(err, ASSAY_E_MISSING, 0, "the node is missing: name its ws:// URL");
    if ((code = ref_kaspa_node_check(&options, err)) == ASSAY_OK &&
        (code = ref_kaspa_node_start(&node, &options, err)) == ASSAY_OK)
        code = ref_kaspa_node_look(node, sight, arena, look, err);
    ref_kaspa_node_stop(node);
    return assay_err_wrap(err, code, "node \"%s\"", o->node);
}

/* What never came to its handler holds its payment, and of a channel the lease, until its payer
 * sends it again, who may never: nothing was done for it, and nothing has moved. */
static enum assay_code release_unserved(struct recovery *r, const struct kx_attempt *attempt,
                                        struct assay_err *err)
{
    enum assay_code code;

    if (ref_net_wall_ms() - attempt->claimed_ms < ON_ITS_WAY_MS) {
        add_line(r->out, attempt, "nothing");
        return assay_fail(err, ASSAY_E_UNKNOWN, 0, "it may be on its way still: ask in a minute");
    }
    code = r->store->ops->abandon(r->store, attempt->txid, ref_net_wall_ms(), err);
    if (code == ASSAY_OK)
        add_line(r->out, attempt, "abandoned");
    return code;
}

/* What is accepted is beyond what the chain can say: a retry of the payer ends it, or a result. */
static enum assay_code leave_accepted(struct assay_buf *out, const struct kx_attempt *attempt,
                                      struct assay_err *err)
{
    add_line(out, attempt, "nothing");
    if (strcmp(need_text(attempt), "result") != 0)
        return ASSAY_OK;
    return assay_fail(err, ASSAY_E_UNKNOWN, 0,
                      "its handler was started, and only its result can settle it");
}

/* No chain is asked about what a facilitator settles, on whatever network: its operator knows, or a
 * retry of its payer ends it. */
static enum assay_code leave_facilitated(struct recovery *r, const struct kx_attempt *attempt,
                                         struct assay_err *err)
{
    if (attempt->status == KX_PENDING && attempt->handler_started_ms == KX_NO_TIME)
        return release_unserved(r, attempt, err);
    if (attempt->status == KX_PENDING || attempt->status == KX_APPLIED)
        return leave_accepted(r->out, attempt, err);
    add_line(r->out, attempt, "nothing");
    return assay_fail(err, ASSAY_E_UNKNOWN, 0,
                      "its settlement was asked for, and only the facilitator knows what became of "
                      "it: say --settled TRANSACTION or --not-settled");
}

static enum assay_code ask_chain(struct recovery *r, const struct kx_attempt *attempt,
                                 struct assay_arena *arena, struct assay_err *err)
{
    enum kx_finality finality = KX_FINALITY_MEMPOOL;
    struct kx_sight sight = {0};
    enum kx_recovery recovery;
    struct kx_look look;
    enum assay_code code;

    if ((code = kx_core_look_for(&look, NULL, arena, attempt, err)) != ASSAY_OK ||
        (code = ask_node(&sight, arena, r->options, &look, err)) != ASSAY_OK)
        return code;
    recovery = kx_core_recover(&r->core, attempt, &sight, &finality);
    code = apply(r->store, attempt->txid, recovery, finality, err);
    if (code == ASSAY_OK && recovery == KX_RECOVERY_ACCEPT)
        return report(r, attempt->txid, "accepted", err);
    if (code == ASSAY_OK || code == ASSAY_E_UNKNOWN)
        add_line(r->out, attempt, code == ASSAY_OK ? "abandoned" : "nothing");
    return code;
}

static enum assay_code settle(struct recovery *r, const struct kx_attempt *attempt,
                              struct assay_arena *arena, struct assay_err *err)
{
    if (attempt->has_channel &&
        kx_core_recover(&r->core, attempt, NULL, NULL) == KX_RECOVERY_ABANDON)
        return release_unserved(r, attempt, err);
    if (attempt->settles_last)
        return leave_facilitated(r, attempt, err);
    if (attempt->status == KX_ACCEPTED || attempt->status == KX_APPLIED)
        return leave_accepted(r->out, attempt, err);
    return ask_chain(r, attempt, arena, err);
}

static enum assay_code reconcile(struct recovery *r, const char *txid, struct assay_err *err)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ATTEMPT_ARENA_BYTES);
    struct kx_attempt attempt;
    enum assay_code code = r->store->ops->load_attempt(r->store, &attempt, &arena, txid, err);

    if (code == ASSAY_OK)
        code = settle(r, &attempt, &arena, err);
    assay_arena_fini(&arena);
    return code;
}

static enum assay_code supply_result(struct recovery *r, struct assay_err *err)
{
    const struct kx_recovery_request *request = r->request;
    enum assay_code code = r->store->ops->record_result(r->store, request->txid, request->result,
                                                        ref_net_wall_ms(), err);

    return code == ASSAY_OK ? report(r, request->txid, "result", err) : code;
}

/* Takes the mark back that is there now. */
static enum assay_code forget_start(struct recovery *r, struct assay_err *err)
{
    const struct kx_store_ops *ops = r->store->ops;
    struct assay_arena arena = ASSAY_ARENA_INIT(ATTEMPT_ARENA_BYTES);
    const char *txid = r->request->txid;
    struct kx_attempt attempt;
    enum assay_code code = ops->load_attempt(r->store, &attempt, &arena, txid, err);

    if (code == ASSAY_OK)
        code = ops->reset_handler(r->store, txid, attempt.handler_started_ms, err);
    assay_arena_fini(&arena);
    return code == ASSAY_OK ? report(r, txid, "reset", err) : code;
}

static enum assay_code commit_settled(struct recovery *r, const struct kx_attempt *attempt,
                                      struct assay_err *err)
{
    struct kx_core_request *core = kx_core_request_new(&r->core);
    const struct kx_payment_record *record;
    enum assay_code code = ASSAY_E_NOMEM;

    if (core == NULL)
        return assay_fail(err, code, 0, "no memory for it");
    code = kx_core_settled(core, &record, attempt, assay_str(r->request->settled),
                           ref_net_wall_ms(), err);
    if (code == ASSAY_OK)
        code = r->store->ops->commit(r->store, record, err);
    kx_core_request_free(core);
    return code == ASSAY_OK ? report(r, attempt->txid, "settled", err) : code;
}

static enum assay_code give_back(struct recovery *r, const struct kx_attempt *attempt,
                                 struct assay_err *err)
{
    enum assay_code code;

    if (!attempt->settles_last)
        return assay_fail(err, ASSAY_E_MISMATCH, 0, "no facilitator settles it");
    code = r->store->ops->abandon(r->store, attempt->txid, ref_net_wall_ms(), err);
    if (code == ASSAY_OK)
        add_line(r->out, attempt, "abandoned");
    return code;
}

/* What the facilitator knows of its settlement. */
static enum assay_code end_settlement(struct recovery *r, struct assay_err *err)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ATTEMPT_ARENA_BYTES);
    struct kx_attempt attempt;
    enum assay_code code =
        r->store->ops->load_attempt(r->store, &attempt, &arena, r->request->txid, err);

    if (code == ASSAY_OK)
        code = r->request->settled != NULL ? commit_settled(r, &attempt, err)
                                           : give_back(r, &attempt, err);
    assay_arena_fini(&arena);
    return code;
}

static enum assay_code one(struct recovery *r, struct assay_err *err)
{
    const struct kx_recovery_request *request = r->request;
    enum assay_code code;

    if (request->result != NULL)
        code = supply_result(r, err);
    else if (request->settled != NULL || request->has_not_settled)
        code = end_settlement(r, err);
    else
        code = request->has_not_run ? forget_start(r, err) : reconcile(r, request->txid, err);
    return assay_err_wrap(err, code, "transaction %.64s", request->txid);
}

/* ---- all of them --------------------------------------------------------------------------------
 */

/* What a question about each comes to. UNKNOWN: one at least is not settled. */
static enum assay_code ask_each(struct recovery *r, char (*txids)[X402_HASH_TEXT_BYTES],
                                size_t count, struct assay_err *err)
{
    bool is_unsettled = false;

    for (size_t i = 0; i < count; i++) {
        enum assay_code code =
            r->request->asks_all ? reconcile(r, txids[i], err) : report(r, txids[i], NULL, err);

        is_unsettled = is_unsettled || code == ASSAY_E_UNKNOWN;
        if (code != ASSAY_OK && code != ASSAY_E_UNKNOWN && code != ASSAY_E_MISSING)
            return assay_err_wrap(err, code, "transaction %.64s", txids[i]);
    } /* MISSING: it ended meanwhile */
    return is_unsettled ? assay_fail(err, ASSAY_E_UNKNOWN, 0, "not all of them are settled")
                        : ASSAY_OK;
}

static enum assay_code all(struct recovery *r, struct assay_err *err)
{
    char(*txids)[X402_HASH_TEXT_BYTES];
    size_t count;
    enum assay_code code = kx_parts_list(&txids, &count, r->store, r->store->ops->unresolved, err);

    if (code != ASSAY_OK)
        return code;
    code = ask_each(r, txids, count, err);
    assay_free(txids);
    return code;
}

enum assay_code kx_server_recover(const struct kx_server_options *o,
                                  const struct kx_recovery_request *request, struct assay_buf *out,
                                  struct assay_err *err)
{
    struct recovery r = {.options = o, .request = request, .out = out};
    enum assay_code code;

    if ((code = kx_parts_core(&r.core, o, err)) != ASSAY_OK ||
        (code = kx_parts_existing_store(&r.store, o, err)) != ASSAY_OK)
        return code;
    code = request->txid != NULL ? one(&r, err) : all(&r, err);
    r.store->ops->close(r.store);
    if (code == ASSAY_OK || code == ASSAY_E_UNKNOWN)
        code = assay_buf_ok(out) ? code : assay_fail(err, out->bad, 0, "no room for the answer");
    return code;
}
