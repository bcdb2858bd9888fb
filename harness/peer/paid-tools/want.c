/* What is wanted on the MCP surface, and the requestHash of what is wanted. */
#include "peer/paid-tools/peer_internal.h"

struct peer_want pt_want_tool(struct assay_case *t, const char *arguments)
{
    const char *call =
        case_printf(t,
                    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":"
                    "{\"name\":\"get_weather\",\"arguments\":%s}}",
                    arguments);

    return peer_want_body(peer_endpoint(t, "mcp"), assay_str(call));
}

bool pt_is_mcp(struct assay_case *t, struct peer_want want)
{
    const struct target_endpoint *mcp = target_endpoint(case_target(t), "mcp");

    return mcp != NULL && strcmp(mcp->method, want.method) == 0 &&
           strcmp(mcp->target, want.target) == 0;
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

const char *pt_hash_of(struct assay_case *t, struct peer_want want)
{
    struct pt_request request = {.method = assay_str(want.method),
                                 .target = assay_str(want.target),
                                 .host = assay_str(peer_authority(t)),
                                 .body = assay_bytes_of(want.body.at, want.body.len)};
    char *hash = case_alloc(t, PT_HASH_TEXT_BYTES);
    struct assay_err err = {0};
    enum assay_code rc = pt_is_mcp(t, want) ? hash_of_call(hash, &request, &err)
                                            : pt_request_hash(hash, &request, &err);

    if (rc != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the request has no requestHash: %s", err.text);
    return hash;
}
