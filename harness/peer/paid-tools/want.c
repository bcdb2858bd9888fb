/* What is wanted: requests as the target file has them, their variations, and their requestHash. */
#include "peer/paid-tools/peer_internal.h"

static bool carries_body(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0;
}

struct pt_want pt_endpoint(struct assay_case *t, const char *name)
{
    const struct target_endpoint *endpoint = target_endpoint(case_target(t), name);
    struct pt_want want;

    if (endpoint == NULL)
        case_end(t, VERDICT_UNSUPPORTED, "the target file names no endpoint \"%s\"", name);
    want = (struct pt_want){.method = endpoint->method, .target = endpoint->target};
    if (carries_body(want.method))
        want = pt_want_body(want, ASSAY_LIT("{\"a\":1}"));
    return want;
}

struct pt_want pt_want_target(struct pt_want want, const char *target)
{
    want.target = target;
    return want;
}

struct pt_want pt_want_method(struct pt_want want, const char *method)
{
    want.method = method;
    return want;
}

struct pt_want pt_want_body(struct pt_want want, struct assay_bytes body)
{
    want.body = body;
    want.has_body = true;
    if (want.content_type == NULL)
        want.content_type = "application/json";
    return want;
}

struct pt_want pt_want_query(struct assay_case *t, struct pt_want want, const char *member)
{
    char mark = strchr(want.target, '?') == NULL ? '?' : '&';

    return pt_want_target(want, case_printf(t, "%s%c%s", want.target, mark, member));
}

struct pt_want pt_want_tool(struct assay_case *t, const char *arguments)
{
    const char *call =
        case_printf(t,
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":"
                    "{\"name\":\"get_weather\",\"arguments\":%s}}",
                    arguments);

    return pt_want_body(pt_endpoint(t, "mcp"), assay_str(call));
}

bool pt_is_mcp(struct assay_case *t, struct pt_want want)
{
    const struct target_endpoint *mcp = target_endpoint(case_target(t), "mcp");

    return mcp != NULL && strcmp(mcp->method, want.method) == 0 &&
           strcmp(mcp->target, want.target) == 0;
}

static struct assay_bytes host_of(struct assay_case *t)
{
    const struct assay_url *url = &case_peer(t)->url;

    return assay_str(case_printf(t, "%.*s:%u", (int)url->host.len, (const char *)url->host.at,
                                 (unsigned)url->port));
}

static enum assay_code hash_of_call(char out[PT_HASH_TEXT_BYTES], const struct pt_request *request,
                                    struct assay_err *err)
{
    struct assay_buf path = ASSAY_BUF_INIT(PT_CANONICAL_MAX_BYTES);
    struct assay_buf arguments = ASSAY_BUF_INIT(2 * request->body.len + 64);
    struct pt_mcp_message message;
    enum assay_code rc = pt_request_path(&path, request, err);

    pt_mcp_read(&message, NULL, &arguments, request->body);
    if (rc == ASSAY_OK && message.kind != PT_MCP_CALL)
        rc = assay_fail(err, ASSAY_E_UNSUPPORTED, 0, "the message is no payable tools/call");
    if (rc == ASSAY_OK && (rc = arguments.bad) == ASSAY_OK)
        pt_mcp_hash(out, assay_buf_view(&path), assay_str(message.tool),
                    assay_buf_view(&arguments));
    assay_buf_fini(&arguments);
    assay_buf_fini(&path);
    return rc;
}

const char *pt_hash_of(struct assay_case *t, struct pt_want want)
{
    struct pt_request request = {.method = assay_str(want.method),
                                 .target = assay_str(want.target),
                                 .host = host_of(t),
                                 .body = assay_bytes_of(want.body.at, want.body.len)};
    char *hash = case_alloc(t, PT_HASH_TEXT_BYTES);
    struct assay_err err = {0};
    enum assay_code rc = pt_is_mcp(t, want) ? hash_of_call(hash, &request, &err)
                                            : pt_request_hash(hash, &request, &err);

    if (rc != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the request has no requestHash: %s", err.text);
    return hash;
}
