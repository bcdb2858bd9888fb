/* Messages of MCP, read; see mcp.h. */
#include "x402/mcp.h"

#include "base/planted.h"
#include "defects/defects.h"

/* ---- messages ---- */

static enum x402_mcp_error of_code(enum assay_code code)
{
    if (code == ASSAY_E_NOMEM)
        return X402_MCP_INTERNAL;
    return code == ASSAY_E_TOO_LARGE ? X402_MCP_REQUEST : X402_MCP_PARSE;
}

/* Digits, perhaps behind a sign: no fraction, no exponent (MCP: an id is a text or an integer). */
static bool is_integer(struct assay_bytes raw)
{
    for (size_t i = raw.len > 1 && raw.at[0] == '-' ? 1 : 0; i < raw.len; i++)
        if (raw.at[i] < '0' || raw.at[i] > '9')
            return false;
    return true;
}

static bool is_id(const struct assay_json *doc, uint32_t token)
{
    struct assay_bytes raw = assay_json_raw(doc, token);
    enum assay_json_type type = assay_json_type(doc, token);

    return raw.len <= X402_MCP_ID_MAX_BYTES + PLANTED(mcp_id_length) &&
           (type == ASSAY_JSON_STRING ||
            (type == ASSAY_JSON_NUMBER && (is_integer(raw) || PLANTED(mcp_id_fraction))));
}

/* Who has sent a notification is not answered, and so not told what is wrong with its params
 * (JSON-RPC 2.0, section 4.1): it has none that anybody here could read. */
static enum x402_mcp_error read_params(struct x402_mcp_message *m)
{
    uint32_t params = assay_json_member(&m->doc, 0, "params");
    bool is_object = assay_json_type(&m->doc, params) == ASSAY_JSON_OBJECT;

    m->params = is_object ? params : ASSAY_JSON_NONE;
    return params == ASSAY_JSON_NONE || is_object ||
                   (m->kind == X402_MCP_TELLS && !REF_DEFECT(kx_mcp_notification_told))
               ? X402_MCP_OK
               : X402_MCP_PARAMS;
}

static bool has(const struct x402_mcp_message *m, const char *member)
{
    return assay_json_member(&m->doc, 0, member) != ASSAY_JSON_NONE;
}

/* What has no method is a response, of which one member says what came of the request. */
static enum x402_mcp_error read_response(struct x402_mcp_message *m, bool has_id)
{
    m->kind = X402_MCP_ANSWERS;
    m->method = ASSAY_LIT("");
    m->params = ASSAY_JSON_NONE;
    return has(m, "result") != has(m, "error") && (has_id || has(m, "error")) ? X402_MCP_OK
                                                                              : X402_MCP_REQUEST;
}

static enum x402_mcp_error read_parts(struct x402_mcp_message *m, struct assay_arena *arena)
{
    uint32_t id = assay_json_member(&m->doc, 0, "id");
    bool has_id = id != ASSAY_JSON_NONE;

    if (has_id && !is_id(&m->doc, id))
        return X402_MCP_REQUEST;
    if (has_id)
        m->id = assay_json_raw(&m->doc, id);
    if (!assay_json_string_is(&m->doc, assay_json_member(&m->doc, 0, "jsonrpc"), "2.0"))
        return X402_MCP_REQUEST;
    if (!has(m, "method"))
        return read_response(m, has_id);
    if (!x402_text(&m->method, arena, &m->doc, 0, "method") || m->method.len == 0 ||
        has(m, "result") || has(m, "error"))
        return X402_MCP_REQUEST;
    m->kind = has_id || REF_DEFECT(kx_mcp_notification_runs) ? X402_MCP_ASKS : X402_MCP_TELLS;
    return read_params(m);
}

/* Of defect mcp.batch_accepted: the first message of an array. */
static struct assay_bytes first_of(const struct assay_json *doc, struct assay_bytes text)
{
    uint32_t first = assay_json_first(doc, 0);

    return first != ASSAY_JSON_NONE ? assay_json_raw(doc, first) : text;
}

static enum assay_code parse(struct assay_json *doc, struct assay_arena *arena,
                             struct assay_bytes text)
{
    bool is_strict = !REF_DEFECT(kx_mcp_last_duplicate);
    enum assay_code rc = x402_document_parse(doc, arena, text, is_strict, NULL);

    if (rc == ASSAY_OK && REF_DEFECT(kx_mcp_batch) && doc->tokens[0].type == ASSAY_JSON_ARRAY)
        rc = x402_document_parse(doc, arena, first_of(doc, text), is_strict, NULL);
    return rc;
}

enum x402_mcp_error x402_mcp_read(struct x402_mcp_message *out, struct assay_arena *arena,
                                  struct assay_bytes text)
{
    struct x402_mcp_message m = {.id = ASSAY_LIT("null")};
    enum x402_mcp_error error;
    enum assay_code rc = parse(&m.doc, arena, text);

    out->id = m.id;
    if (rc != ASSAY_OK)
        return of_code(rc);
    if (assay_json_type(&m.doc, 0) != ASSAY_JSON_OBJECT)
        return X402_MCP_REQUEST;
    error = read_parts(&m, arena);
    out->id = m.id;
    if (error == X402_MCP_OK)
        *out = m;
    return error;
}

/* ---- calls ---- */

static bool is_object_or_none(const struct assay_json *doc, uint32_t token)
{
    return token == ASSAY_JSON_NONE || assay_json_type(doc, token) == ASSAY_JSON_OBJECT;
}

/* What is bound to a payment is also what the tool is given, so that no spelling of it can mean
 * something else to either. */
static enum x402_mcp_error read_arguments(struct x402_mcp_call *out, struct assay_arena *arena,
                                          const struct assay_json *doc, uint32_t token)
{
    struct assay_buf text = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
    enum assay_code rc = ASSAY_OK;

    if (token == ASSAY_JSON_NONE) {
        out->arguments = ASSAY_LIT("");
        return X402_MCP_OK;
    }
    rc = assay_json_canonical(&text, doc, token, NULL);
    if (rc == ASSAY_OK) {
        out->arguments = assay_arena_copy(arena, assay_buf_view(&text));
        rc = out->arguments.at != NULL ? ASSAY_OK : ASSAY_E_NOMEM;
    }
    assay_buf_fini(&text);
    if (rc == ASSAY_E_NOMEM)
        return X402_MCP_INTERNAL;
    return rc == ASSAY_OK ? X402_MCP_OK : X402_MCP_PARAMS;
}

enum x402_mcp_error x402_mcp_call_read(struct x402_mcp_call *out, struct assay_arena *arena,
                                       const struct x402_mcp_message *message)
{
    const struct assay_json *doc = &message->doc;
    uint32_t arguments = assay_json_member(doc, message->params, "arguments");
    uint32_t meta = assay_json_member(doc, message->params, "_meta");
    struct x402_mcp_call call;
    enum x402_mcp_error error;

    if (!x402_text(&call.name, arena, doc, message->params, "name") || call.name.len == 0 ||
        call.name.len > X402_MCP_TOOL_MAX_BYTES || !is_object_or_none(doc, arguments) ||
        !is_object_or_none(doc, meta))
        return X402_MCP_PARAMS;
    if ((error = read_arguments(&call, arena, doc, arguments)) != X402_MCP_OK)
        return error;
    call.payment = assay_json_raw(doc, assay_json_member(doc, meta, X402_MCP_PAYMENT));
    *out = call;
    return X402_MCP_OK;
}
