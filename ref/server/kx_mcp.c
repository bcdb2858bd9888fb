/* Messages of MCP through the shop; see kx_mcp.h. */
#include "server/kx_mcp.h"

#include "base/url.h"
#include "defects/defects.h"
#include "x402/mcp_http.h"

enum {
    MESSAGE_MAX_BYTES = 1 << 21, /* of memory for one message that is read */
    TARGET_MAX_BYTES = 4096,     /* "/tool/" and a name, each byte of it escaped */
    STATUS_NONE = 0,
};

#define PATH "/mcp"

/* One message on its way. */
struct errand {
    const struct kx_mcp *mcp;
    const struct ref_net_request *request; /* NULL: it came over a pipe */
    struct assay_buf *out;
    struct assay_arena arena;
    struct x402_mcp_message message;
    bool is_call; /* it has gone through the shop, and is in its log */
};

void kx_mcp_init(struct kx_mcp *out, struct kx_shop *shop, const struct kx_core *core)
{
    *out = (struct kx_mcp){.shop = shop, .audience = assay_str(core->base_url)};
    if (out->audience.at[out->audience.len - 1] == '/')
        out->audience.len--;
    out->server =
        (struct x402_mcp_server){.name = "assay kaspa-x402", .version = "1", .tools = out->tools};
    for (size_t i = 0; i < core->route_count && out->server.tool_count < KX_GOODS_MAX; i++) {
        const struct kx_route *route = &core->routes[i];

        if (strcmp(route->method, KX_CALL) == 0)
            out->tools[out->server.tool_count++] =
                (struct x402_mcp_tool){route->path + sizeof(KX_TOOL) - 1, route->description};
    }
}

/* ---- calls ---- */

static struct assay_bytes field_of(const struct kx_response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++)
        if (assay_bytes_is(response->headers[i].name, name))
            return response->headers[i].value;
    return ASSAY_LIT("");
}

/* False: it is there and cannot be read. */
static bool decode(struct assay_bytes *out, struct errand *e, const struct kx_response *response,
                   const char *name)
{
    struct assay_bytes value = field_of(response, name);

    *out = ASSAY_LIT("");
    return value.len == 0 || x402_header_decode(out, &e->arena, value, NULL) == ASSAY_OK;
}

/* Of defect mcp.meta_relayed: the settlement that the tool itself has told, if any. */
static void relay(struct errand *e, struct x402_mcp_result *result)
{
    struct assay_json doc;
    uint32_t told = ASSAY_JSON_NONE;

    if (x402_document_parse(&doc, &e->arena, result->text, true, NULL) == ASSAY_OK)
        told = assay_json_member(&doc, assay_json_member(&doc, 0, "_meta"), X402_MCP_SETTLEMENT);
    if (told != ASSAY_JSON_NONE)
        result->settlement = assay_json_raw(&doc, told);
}

/* What stands in headers of HTTP stands in the result here. */
static void answer_call(void *to, const struct kx_response *response)
{
    struct errand *e = to;
    struct x402_mcp_result result = {.is_error = response->status >= 400, .text = response->body};

    if (!decode(&result.required, e, response, "PAYMENT-REQUIRED") ||
        !decode(&result.settlement, e, response, "PAYMENT-RESPONSE")) {
        x402_mcp_write_error(e->out, e->message.id, X402_MCP_INTERNAL);
        return;
    }
    if (response->error != NULL)
        result.text = assay_str(response->error);
    if (REF_DEFECT(kx_mcp_meta_relayed))
        relay(e, &result);
    x402_mcp_write_result(e->out, e->message.id, &result);
}

static bool is_sold(const struct kx_mcp *mcp, struct assay_bytes name)
{
    for (size_t i = 0; i < mcp->server.tool_count; i++)
        if (assay_bytes_is(name, mcp->server.tools[i].name))
            return true;
    return false;
}

static void call_tool(struct errand *e, const struct x402_mcp_call *call)
{
    const struct kx_tool_call tool = {
        .audience = e->mcp->audience, .name = call->name, .arguments = call->arguments};
    char room[TARGET_MAX_BYTES];
    struct assay_buf target = ASSAY_BUF_OVER(room);
    struct kx_event_request event = {
        .method = ASSAY_LIT(KX_CALL),
        .tool = &tool,
        .body = call->arguments.len > 0 ? call->arguments : ASSAY_LIT("{}"),
        .content_type = ASSAY_LIT("application/json"),
        .payment = call->payment,
        .host = ASSAY_LIT(""),
        .legacy = ASSAY_LIT(""),
        .authorization = ASSAY_LIT(""),
    };

    assay_buf_add_str(&target, KX_TOOL);
    assay_url_escape_component(&target, call->name);
    event.target = assay_buf_view(&target);
    if (e->request != NULL) {
        event.host = ref_net_request_header(e->request, "Host");
        event.authorization = ref_net_request_header(e->request, "Authorization");
    }
    e->is_call = true;
    kx_shop_serve(e->mcp->shop, &event, e->request, answer_call, e);
}

static enum x402_mcp_error answer_message(struct errand *e)
{
    struct x402_mcp_call call;
    enum x402_mcp_error error;

    if (!assay_bytes_is(e->message.method, KX_CALL))
        return x402_mcp_write_method(e->out, &e->mcp->server, &e->message);
    error = x402_mcp_call_read(&call, &e->arena, &e->message);
    if (error == X402_MCP_OK && !is_sold(e->mcp, call.name))
        error = X402_MCP_PARAMS;
    if (error == X402_MCP_OK)
        call_tool(e, &call);
    else
        x402_mcp_write_error(e->out, e->message.id, error);
    return error;
}

/* ---- messages ---- */

static void refuse(struct assay_buf *out, struct assay_bytes id, enum x402_mcp_error error)
{
    if (REF_DEFECT(kx_mcp_error_as_result))
        x402_mcp_write_result(
            out, id, &(struct x402_mcp_result){.is_error = true, .text = ASSAY_LIT("bad request")});
    else
        x402_mcp_write_error(out, id, error);
}

/* Appends nothing for what is not answered. What passes the room of an answer is one error. */
static enum x402_mcp_error answer(struct errand *e, struct assay_bytes text)
{
    size_t before = e->out->len;
    enum x402_mcp_error error = x402_mcp_read(&e->message, &e->arena, text);

    if (error != X402_MCP_OK)
        refuse(e->out, e->message.id, error);
    else if (e->message.kind == X402_MCP_ASKS)
        error = answer_message(e);
    if (assay_buf_ok(e->out))
        return error;
    e->out->len = before;
    e->out->bad = ASSAY_OK;
    x402_mcp_write_error(e->out, e->message.id, X402_MCP_INTERNAL);
    return X402_MCP_INTERNAL;
}

static struct errand errand_of(const struct kx_mcp *mcp, const struct ref_net_request *request,
                               struct assay_buf *out)
{
    return (struct errand){
        .mcp = mcp, .request = request, .out = out, .arena = ASSAY_ARENA_INIT(MESSAGE_MAX_BYTES)};
}

void kx_mcp_answer(struct kx_mcp *mcp, struct assay_buf *out, struct assay_bytes message)
{
    struct errand e = errand_of(mcp, NULL, out);

    (void)answer(&e, message);
    assay_arena_fini(&e.arena);
}

/* ---- over HTTP ---- */

/* Where the message itself is none; what is wrong in a request is told to who sent it. */
static int status_of(enum x402_mcp_error error, bool is_answered)
{
    if (error == X402_MCP_PARSE || error == X402_MCP_REQUEST)
        return 400;
    return is_answered ? 200 : 202;
}

static int post(struct kx_mcp *mcp, const struct ref_net_request *request,
                struct ref_net_response *response)
{
    struct errand e = errand_of(mcp, request, &response->body);
    enum x402_mcp_error error = answer(&e, request->body);

    response->status = status_of(error, response->body.len > 0);
    assay_arena_fini(&e.arena);
    return e.is_call ? STATUS_NONE : response->status;
}

static int refuse_http(struct ref_net_response *response, int status)
{
    response->status = status;
    if (status == 405)
        ref_net_response_add(response, "Allow", ASSAY_LIT("POST"));
    x402_mcp_write_error(&response->body, ASSAY_LIT("null"), X402_MCP_REQUEST);
    return status;
}

void kx_mcp_handle(void *cls, const struct ref_net_request *request,
                   struct ref_net_response *response)
{
    struct kx_mcp *mcp = cls;
    const struct x402_mcp_http http = {
        .method = request->method,
        .origin = ref_net_request_header(request, "Origin"),
        .accept = ref_net_request_header(request, "Accept"),
        .content_type = ref_net_request_header(request, "Content-Type"),
        .version = ref_net_request_header(request, "MCP-Protocol-Version"),
    };
    int status;

    if (!assay_bytes_is(
            assay_bytes_part(request->target, 0, assay_bytes_find(request->target, '?', 0)),
            PATH)) {
        kx_shop_handle(mcp->shop, request, response);
        return;
    }
    status = x402_mcp_http_refusal(&http, mcp->audience);
    status = status != 0 ? refuse_http(response, status) : post(mcp, request, response);
    if (response->body.len > 0)
        ref_net_response_add(response, "Content-Type", ASSAY_LIT("application/json"));
    ref_net_response_add(response, "Cache-Control", ASSAY_LIT("private, no-store, max-age=0"));
    if (status != STATUS_NONE)
        kx_shop_refused(mcp->shop, status, request->method, request->target);
}
