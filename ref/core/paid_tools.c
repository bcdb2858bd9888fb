/* From a request to its price: limits, routing, what is hashed and forwarded. See paid_tools.h;
 * what follows is in paid_tools_payment.c, what the answers say in paid_tools_answers.c. */
#include "base/url.h"
#include "core/paid_tools_request.h"
#include "defects/defects.h"

enum { KEY_CUT_BYTES = 64 };

struct pt_core_request *pt_core_request_new(const struct pt_core *core)
{
    struct pt_core_request *r = assay_alloc(sizeof(*r));

    if (r == NULL)
        return NULL;
    *r = (struct pt_core_request){
        .core = core,
        .path = ASSAY_BUF_INIT(PT_CANONICAL_MAX_BYTES),
        .target = ASSAY_BUF_INIT(PT_CANONICAL_MAX_BYTES),
        .id = ASSAY_BUF_INIT(PT_CORE_BODY_MAX_BYTES),
        .arguments = ASSAY_BUF_INIT(PT_CORE_BODY_MAX_BYTES),
        .identity = ASSAY_BUF_INIT(2 * PT_PROOF_HEADER_MAX_BYTES),
        .body = ASSAY_BUF_INIT(PT_CORE_BODY_MAX_BYTES),
        .header = ASSAY_BUF_INIT(PT_CORE_BODY_MAX_BYTES),
    };
    return r;
}

void pt_core_request_free(struct pt_core_request *r)
{
    if (r == NULL)
        return;
    assay_buf_fini(&r->path);
    assay_buf_fini(&r->target);
    assay_buf_fini(&r->id);
    assay_buf_fini(&r->arguments);
    assay_buf_fini(&r->identity);
    assay_buf_fini(&r->body);
    assay_buf_fini(&r->header);
    assay_free(r);
}

static struct assay_bytes path_as_sent(const struct pt_core_request *r)
{
    struct assay_bytes target = r->event.request.target;

    return assay_bytes_part(target, 0, assay_bytes_find(target, '?', 0));
}

static bool route_matches(const struct pt_route *route, struct assay_bytes path)
{
    struct assay_bytes pattern = assay_str(route->path);

    if (pattern.at[pattern.len - 1] == '*') /* pt_core_check: it begins with a slash */
        return assay_bytes_equal(assay_bytes_part(path, 0, pattern.len - 1),
                                 assay_bytes_part(pattern, 0, pattern.len - 1));
    return assay_bytes_equal(path, pattern);
}

/* The route of the longest pattern, so that no wildcard frees what is priced by name. *allow is the
 * Allow header of the path, NULL where no route has it. */
static const struct pt_route *find_route(const struct pt_core_request *r, struct assay_bytes path,
                                         const char **allow)
{
    static const char *const lists[] = {NULL, "GET, HEAD", "POST", "GET, HEAD, POST"};
    struct assay_bytes method = r->event.request.method;
    const struct pt_route *best = NULL;
    unsigned allowed = 0;

    for (size_t i = 0; i < r->core->route_count; i++) {
        const struct pt_route *route = &r->core->routes[i];
        bool is_get = strcmp(route->method, "GET") == 0;

        if (!route_matches(route, path))
            continue;
        allowed |= is_get ? 1u : 2u;
        if (!assay_bytes_is(method, route->method) && !(is_get && assay_bytes_is(method, "HEAD")))
            continue;
        if (best == NULL || strlen(route->path) > strlen(best->path) ||
            (strlen(route->path) == strlen(best->path) && assay_bytes_is(path, route->path)))
            best = route;
    }
    *allow = lists[allowed];
    return best;
}

static struct pt_action refuse_target(struct pt_core_request *r, enum assay_code code)
{
    if (code == ASSAY_E_NOMEM)
        return pt_core_unavailable(r);
    if (code == ASSAY_E_TOO_LARGE && r->event.request.target.len > PT_TARGET_MAX_BYTES)
        return pt_core_refuse(r, 414, "The request-target is too long", "RS-2");
    if (code == ASSAY_E_TOO_LARGE)
        return pt_core_refuse(r, 400, "The query has too many pieces", "RS-2");
    return pt_core_refuse(r, 400, "The request-target cannot be resolved to one resource", "RH-2");
}

static struct pt_action refuse_method(struct pt_core_request *r, const char *allow)
{
    struct pt_response response = pt_core_refusal(r, 405, "Method Not Allowed", NULL);

    response.allow = allow;
    return pt_core_respond(r, response, "CH-1");
}

/* Everything is known that is hashed and priced. */
static struct pt_action priced(struct pt_core_request *r)
{
    const char *unused;

    if (pt_core_offered(r).len > PT_PROOF_HEADER_MAX_BYTES)
        return pt_core_refuse(r, REF_DEFECT(header_500) ? 500 : 431,
                              "The payment proof is too long", "RS-2");
    if (r->claim.key.len > REF_STORE_KEY_MAX_BYTES)
        return pt_core_refuse(r, 400, "The idempotency key is too long", "RS-2");
    if (REF_DEFECT(key_truncated))
        r->claim.key = assay_bytes_part(r->claim.key, 0, KEY_CUT_BYTES);
    if (REF_DEFECT(key_ignored))
        r->claim.key = ASSAY_LIT("");
    if (REF_DEFECT(key_hash_unchecked) && r->claim.key.len > 0)
        r->claim.request_hash = ASSAY_LIT("any request");
    if (REF_DEFECT(unpaid_head) && assay_bytes_is(r->event.request.method, "HEAD"))
        return pt_core_run(r, PT_STEP_UNGATED);
    if (REF_DEFECT(unpaid_spelling) && !r->is_mcp && !find_route(r, path_as_sent(r), &unused))
        return pt_core_run(r, PT_STEP_UNGATED);
    if (REF_DEFECT(connection_state) && r->event.connection_paid)
        return pt_core_run(r, PT_STEP_UNGATED);
    if (REF_DEFECT(unpaid_early_run))
        return pt_core_run(r, PT_STEP_EARLY);
    return pt_core_gate(r);
}

static const char *price_of(const struct pt_core *core, const char *own)
{
    return core->price_of_all != NULL ? core->price_of_all : own;
}

static bool is_known_tool(const struct pt_core *core, const char *tool)
{
    for (size_t i = 0; core->mcp_tools != NULL && core->mcp_tools[i] != NULL; i++) {
        if (strcmp(core->mcp_tools[i], tool) == 0)
            return true;
    }
    return false;
}

static struct pt_action on_mcp(struct pt_core_request *r)
{
    struct assay_bytes tool;

    r->is_mcp = true;
    if (!assay_bytes_is(r->event.request.method, "POST"))
        return refuse_method(r, "POST");
    pt_mcp_read(&r->call, &r->id, &r->arguments, r->event.request.body);
    if (!assay_buf_ok(&r->id) || !assay_buf_ok(&r->arguments))
        return pt_core_unavailable(r);
    switch (r->call.kind) {
    case PT_MCP_FREE:
        return pt_core_respond(r, pt_core_mcp_free(r), NULL);
    case PT_MCP_BATCH:
        return pt_core_respond(r, pt_core_rpc_error(r, 400, -32600, "Batches are not supported"),
                               NULL);
    case PT_MCP_BROKEN:
        return pt_core_respond(r, pt_core_rpc_error(r, 400, -32700, "Parse error"), NULL);
    case PT_MCP_CALL:
        break;
    }
    if (!is_known_tool(r->core, r->call.tool))
        return pt_core_respond(r, pt_core_rpc_error(r, 200, -32601, "Unknown tool"), NULL);
    tool = assay_str(r->call.tool);
    pt_mcp_hash(r->hash, assay_buf_view(&r->path), tool, assay_buf_view(&r->arguments));
    assay_buf_add(&r->target, assay_buf_view(&r->path));
    assay_buf_add_byte(&r->target, '/');
    assay_url_escape_component(&r->target, tool);
    r->price = price_of(r->core, r->core->mcp_price);
    r->claim.key = ASSAY_LIT(""); /* section 7: no idempotency keys here */
    return assay_buf_ok(&r->target) ? priced(r) : pt_core_unavailable(r);
}

/* Of defect hash.authority_dropped: "//gold" is routed, and given to the handler, as "/gold". */
static void collapse(struct pt_core_request *r, struct assay_buf *out, size_t end)
{
    struct assay_bytes target = r->event.request.target;

    if (!assay_bytes_equal(assay_bytes_part(target, 0, 2), ASSAY_LIT("//")))
        return;
    assay_buf_clear(out);
    assay_buf_add(out, assay_bytes_part(target, 1, end));
}

static struct pt_action decide(struct pt_core_request *r)
{
    const struct pt_request *request = &r->event.request;
    const struct pt_route *route;
    const char *allow;
    enum assay_code rc;

    if (!REF_DEFECT(rate_unlimited) && pt_core_is_over_rate(r))
        return pt_core_limit_rate(r);
    if ((rc = pt_request_path(&r->path, request, NULL)) != ASSAY_OK)
        return refuse_target(r, rc);
    if (REF_DEFECT(hash_authority_dropped))
        collapse(r, &r->path, assay_bytes_find(request->target, '?', 0));
    if (r->core->mcp_path != NULL && assay_bytes_is(assay_buf_view(&r->path), r->core->mcp_path))
        return on_mcp(r);
    route = find_route(r, assay_buf_view(&r->path), &allow);
    if (route == NULL)
        return allow != NULL ? refuse_method(r, allow) : pt_core_refuse(r, 404, "Not Found", NULL);
    if (route->price == NULL)
        return pt_core_respond(
            r, pt_core_response(200, ASSAY_LIT("text/plain"), ASSAY_LIT("free\n"), NULL), NULL);
    r->price = price_of(r->core, route->price);
    r->description = route->description;
    if ((rc = pt_request_canonical_target(&r->target, request, NULL)) != ASSAY_OK ||
        (rc = pt_request_hash(r->hash, request, NULL)) != ASSAY_OK)
        return refuse_target(r, rc);
    if (REF_DEFECT(hash_authority_dropped))
        collapse(r, &r->target, request->target.len);
    return priced(r);
}

struct pt_action pt_core_request(struct pt_core_request *r, const struct pt_event_request *event)
{
    struct pt_action action;

    r->event = *event;
    r->claim = (struct ref_claim){
        .nonce = ASSAY_LIT(""),
        .key = event->key,
        .request_hash = assay_bytes_of(r->hash, PT_HASH_TEXT_BYTES - 1),
        .payment = ASSAY_LIT(""),
        .now_ms = event->now_ms,
    };
    if (event->floor_ms > event->now_ms && !REF_DEFECT(clock_floor))
        r->claim.now_ms = event->floor_ms;
    r->claim.key_until_ms = r->claim.now_ms + r->core->key_ttl_ms;
    action = decide(r);
    action.sweep = r->claim.now_ms - event->last_sweep_ms >= r->core->sweep_every_ms &&
                   !REF_DEFECT(never_swept);
    return action;
}
