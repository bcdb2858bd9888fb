/* The envelope of node RPC, and subscriptions. Ids are numbers of 64 bits and are echoed as they
 * came. Source: Kaspa consensus digest, sections 7.1 and 7.3. */
#include "roles/kaspa_node_internal.h"

#include <inttypes.h>

/* ---- requests ---- */

bool node_request_read(struct node_request *request, struct assay_bytes text)
{
    uint64_t id;
    uint32_t token;

    *request = (struct node_request){.arena = ASSAY_ARENA_INIT(NODE_CALL_MAX_BYTES)};
    if (!node_json_parse(&request->doc, &request->arena, text))
        return false;
    token = assay_json_member(&request->doc, 0, "id");
    if (assay_json_u64(&id, &request->doc, token) != ASSAY_OK)
        return false;
    request->id = assay_json_raw(&request->doc, token);
    request->params = assay_json_member(&request->doc, 0, "params");
    request->method =
        node_method_find(&request->doc, assay_json_member(&request->doc, 0, "method"));
    return request->params != ASSAY_JSON_NONE && request->method != NULL;
}

void node_request_fini(struct node_request *request)
{
    assay_arena_fini(&request->arena);
}

/* ---- answers ---- */

static bool answer(struct node_ask *ask, const struct node_method *method,
                   const struct node_turn *turn)
{
    if (turn->fault == KASPA_NODE_ERROR) {
        assay_buf_add_str(ask->error, "the node failed");
        return false;
    }
    if (assay_json_type(ask->doc, ask->params) != ASSAY_JSON_OBJECT) {
        assay_buf_add_str(ask->error, "invalid type: params: expected a struct");
        return false;
    }
    if (!method->answer(ask))
        return false;
    if (!assay_buf_ok(ask->out))
        assay_buf_add_str(ask->error, assay_code_text(ask->out->bad));
    return assay_buf_ok(ask->out);
}

static void write_answer(struct assay_buf *out, const struct node_request *request,
                         const struct node_ask *ask, bool ok)
{
    assay_buf_add_str(out, "{\"id\":");
    assay_buf_add(out, request->id);
    assay_buf_printf(out, ",\"method\":\"%s\",", request->method->name);
    if (ok) {
        assay_buf_add_str(out, "\"params\":");
        assay_buf_add(out, assay_buf_view(ask->out));
    } else {
        assay_buf_add_str(out, "\"error\":{\"code\":0,\"message\":");
        assay_json_add_string(out, assay_buf_view(ask->error));
        assay_buf_add_str(out, ",\"data\":null}");
    }
    assay_buf_add_byte(out, '}');
}

void node_request_answer(struct assay_buf *out, struct node_request *request,
                         const struct node_turn *turn, struct node_subscriber *subscriber,
                         uint64_t connection)
{
    struct assay_buf params = ASSAY_BUF_INIT(NODE_ANSWER_MAX_BYTES);
    struct assay_buf error = ASSAY_BUF_INIT(NODE_PARAMS_KEEP_BYTES);
    struct node_view view;
    struct node_ask ask = {
        .arena = &request->arena,
        .doc = &request->doc,
        .params = request->params,
        .view = &view,
        .subscriber = subscriber,
        .connection = connection,
        .out = &params,
        .error = &error,
    };
    bool ok = node_view_init(&view, turn);

    if (ok)
        ok = answer(&ask, request->method, turn);
    else
        assay_buf_add_str(&error, assay_code_text(ASSAY_E_NOMEM));
    write_answer(out, request, &ask, ok);
    node_view_fini(&view);
    assay_buf_fini(&params);
    assay_buf_fini(&error);
}

/* ---- subscriptions ---- */

static bool scope_utxos(struct node_ask *ask, uint32_t scope, bool on)
{
    uint32_t list = assay_json_member(ask->doc, scope, "addresses");
    struct node_address *addresses;
    size_t count;
    bool ok = true;

    if (ask->view->how.no_utxo_index) {
        assay_buf_add_str(ask->error,
                          "Method unavailable. Run the node with the --utxoindex argument.");
        return false;
    }
    if (!node_ask_addresses(ask, list, &addresses, &count))
        return false;
    if (count == 0 && on) {
        assay_buf_add_str(ask->error, "RPC server (remote connections) is restricted to safe "
                                      "commands: no addresses means all");
        return false;
    }
    if (count == 0)
        node_watch_end_all(ask->subscriber);
    for (size_t i = 0; i < count && ok; i++) {
        if (on)
            ok = node_watch_begin(ask->subscriber, ask->view, &addresses[i]);
        else
            node_watch_end(ask->subscriber, &addresses[i]);
    }
    if (!ok)
        assay_buf_add_str(ask->error, assay_code_text(ASSAY_E_NOMEM));
    return ok;
}

static bool scope_block_added(struct node_ask *ask, uint32_t scope, bool on)
{
    (void)scope;
    ask->subscriber->block_added = on;
    return true;
}

static bool scope_chain(struct node_ask *ask, uint32_t scope, bool on)
{
    uint32_t ids = assay_json_member(ask->doc, scope, "include_accepted_transaction_ids");
    enum assay_json_type type = assay_json_type(ask->doc, ids);

    if (type != ASSAY_JSON_TRUE && type != ASSAY_JSON_FALSE) {
        assay_buf_add_str(ask->error, "missing field `include_accepted_transaction_ids`");
        return false;
    }
    ask->subscriber->virtual_chain = on;
    ask->subscriber->accepted_ids = on && type == ASSAY_JSON_TRUE;
    return true;
}

static bool scope_daa_score(struct node_ask *ask, uint32_t scope, bool on)
{
    (void)scope;
    ask->subscriber->daa_score = on;
    return true;
}

static bool scope_blue_score(struct node_ask *ask, uint32_t scope, bool on)
{
    (void)scope;
    ask->subscriber->blue_score = on;
    return true;
}

/* What a simulated chain never has is subscribed to in peace. */
static bool scope_of_nothing(struct node_ask *ask, uint32_t scope, bool on)
{
    (void)ask;
    (void)scope;
    (void)on;
    return true;
}

static bool set_scope(struct node_ask *ask, bool on)
{
    static const struct {
        const char *name;
        bool (*set)(struct node_ask *ask, uint32_t scope, bool on);
    } scopes[] = {
        {"BlockAdded", scope_block_added},
        {"VirtualChainChanged", scope_chain},
        {"FinalityConflict", scope_of_nothing},
        {"FinalityConflictResolved", scope_of_nothing},
        {"UtxosChanged", scope_utxos},
        {"SinkBlueScoreChanged", scope_blue_score},
        {"VirtualDaaScoreChanged", scope_daa_score},
        {"PruningPointUtxoSetOverride", scope_of_nothing},
        {"NewBlockTemplate", scope_of_nothing},
    };
    uint32_t name = assay_json_first(ask->doc, ask->params);

    for (size_t i = 0; i < ARRAY_LEN(scopes); i++) {
        if (name == ASSAY_JSON_NONE || !assay_json_string_is(ask->doc, name, scopes[i].name))
            continue;
        if (!scopes[i].set(ask, name + 1, on))
            return false;
        assay_buf_printf(ask->out, "{\"id\":%" PRIu64 "}", ask->connection);
        return true;
    }
    assay_buf_add_str(ask->error, "unknown variant, expected a notification scope");
    return false;
}

bool node_rpc_subscribe(struct node_ask *ask)
{
    return set_scope(ask, true);
}

bool node_rpc_unsubscribe(struct node_ask *ask)
{
    return set_scope(ask, false);
}
