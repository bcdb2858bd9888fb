/* Answers of an MCP server; see mcp.h. */
#include "base/base64.h"
#include "base/utf8.h"
#include "defects/defects.h"
#include "x402/mcp.h"

/* The newest first. In these a result may have structuredContent, and no message is an array. */
static const char *const versions[] = {"2025-11-25", "2025-06-18"};

int x402_mcp_error_code(enum x402_mcp_error error)
{
#define X(name, code, message) code,
    static const int codes[] = {0, X402_MCP_ERRORS(X)};
#undef X

    return codes[error];
}

static void add_head(struct assay_buf *out, struct assay_bytes id, const char *member)
{
    assay_buf_add_str(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    assay_buf_add(out, id);
    assay_buf_printf(out, ",\"%s\":", member);
}

static void add_text(struct assay_buf *out, const char *before, const char *text)
{
    assay_buf_add_str(out, before);
    assay_json_add_string(out, assay_str(text));
}

void x402_mcp_write_error(struct assay_buf *out, struct assay_bytes id, enum x402_mcp_error error)
{
#define X(name, code, message) message,
    static const char *const messages[] = {"", X402_MCP_ERRORS(X)};
#undef X

    add_head(out, id, "error");
    assay_buf_printf(out, "{\"code\":%d,\"message\":\"%s\"}}", x402_mcp_error_code(error),
                     messages[error]);
}

/* ---- methods ---- */

bool x402_mcp_speaks(struct assay_bytes version)
{
    for (size_t i = 0; i < ARRAY_LEN(versions); i++)
        if (assay_bytes_is(version, versions[i]))
            return true;
    return false;
}

/* The version that was asked for, or the newest one that is spoken here: the client decides. */
static const char *version_for(const struct x402_mcp_message *message)
{
    uint32_t asked = assay_json_member(&message->doc, message->params, "protocolVersion");

    for (size_t i = 0; i < ARRAY_LEN(versions); i++)
        if (assay_json_string_is(&message->doc, asked, versions[i]))
            return versions[i];
    return versions[0];
}

static enum x402_mcp_error write_initialize(struct assay_buf *out,
                                            const struct x402_mcp_server *server,
                                            const struct x402_mcp_message *m)
{
    uint32_t asked = assay_json_member(&m->doc, m->params, "protocolVersion");

    if (assay_json_type(&m->doc, asked) != ASSAY_JSON_STRING)
        return X402_MCP_PARAMS;
    add_head(out, m->id, "result");
    assay_buf_printf(out, "{\"protocolVersion\":\"%s\",\"capabilities\":{\"tools\":{}}",
                     version_for(m));
    add_text(out, ",\"serverInfo\":{\"name\":", server->name);
    add_text(out, ",\"version\":", server->version);
    assay_buf_add_str(out, "}}}");
    return X402_MCP_OK;
}

/* All of them at once: no cursor is ever given, so none can come back. */
static enum x402_mcp_error write_tools(struct assay_buf *out, const struct x402_mcp_server *server,
                                       const struct x402_mcp_message *m)
{
    if (assay_json_member(&m->doc, m->params, "cursor") != ASSAY_JSON_NONE)
        return X402_MCP_PARAMS;
    add_head(out, m->id, "result");
    assay_buf_add_str(out, "{\"tools\":[");
    for (size_t i = 0; i < server->tool_count; i++) {
        add_text(out, i == 0 ? "{\"name\":" : ",{\"name\":", server->tools[i].name);
        add_text(out, ",\"description\":", server->tools[i].description);
        assay_buf_add_str(out, ",\"inputSchema\":{\"type\":\"object\"}}");
    }
    assay_buf_add_str(out, "]}}");
    return X402_MCP_OK;
}

static enum x402_mcp_error write_pong(struct assay_buf *out, const struct x402_mcp_message *m)
{
    add_head(out, m->id, "result");
    assay_buf_add_str(out, "{}}");
    return X402_MCP_OK;
}

enum x402_mcp_error x402_mcp_write_method(struct assay_buf *out,
                                          const struct x402_mcp_server *server,
                                          const struct x402_mcp_message *message)
{
    enum x402_mcp_error error = X402_MCP_METHOD;

    if (assay_bytes_is(message->method, "initialize"))
        error = write_initialize(out, server, message);
    else if (assay_bytes_is(message->method, "tools/list"))
        error = write_tools(out, server, message);
    else if (assay_bytes_is(message->method, "ping"))
        error = write_pong(out, message);
    if (error != X402_MCP_OK)
        x402_mcp_write_error(out, message->id, error);
    return error;
}

/* ---- results ---- */

static void add_text_content(struct assay_buf *out, struct assay_bytes text)
{
    assay_buf_add_str(out, "{\"type\":\"text\",\"text\":");
    assay_json_add_string(out, text);
    assay_buf_add_byte(out, '}');
}

static void add_content(struct assay_buf *out, struct assay_bytes bytes)
{
    if (assay_utf8_valid(bytes)) {
        add_text_content(out, bytes);
        return;
    }
    assay_buf_add_str(out, "{\"type\":\"resource\",\"resource\":{\"uri\":\"x402:answer\","
                           "\"mimeType\":\"application/octet-stream\",\"blob\":\"");
    assay_base64_encode(out, ASSAY_BASE64_STD, bytes);
    assay_buf_add_str(out, "\"}}");
}

/* One object in two places, for clients that read either: byte for byte the same. */
static void add_required(struct assay_buf *out, struct assay_bytes required)
{
    bool has_text = !REF_DEFECT(kx_mcp_structured_alone);

    assay_buf_add_str(out, "\"content\":[");
    if (has_text)
        add_text_content(out, REF_DEFECT(kx_mcp_text_differs) ? ASSAY_LIT("{\"x402Version\":2}")
                                                              : required);
    assay_buf_add_str(out, "]");
    if (!REF_DEFECT(kx_mcp_text_alone)) {
        assay_buf_add_str(out, ",\"structuredContent\":");
        assay_buf_add(out, required);
    }
}

/* Of defect mcp.required_as_error: an error of JSON-RPC, which no client of this binding reads. */
static void write_required_error(struct assay_buf *out, struct assay_bytes id,
                                 struct assay_bytes required)
{
    add_head(out, id, "error");
    assay_buf_add_str(out, "{\"code\":402,\"message\":\"Payment required\",\"data\":");
    assay_buf_add(out, required);
    assay_buf_add_str(out, "}}");
}

void x402_mcp_write_result(struct assay_buf *out, struct assay_bytes id,
                           const struct x402_mcp_result *result)
{
    bool asks = result->required.len > 0;

    if (asks && REF_DEFECT(kx_mcp_required_as_error)) {
        write_required_error(out, id, result->required);
        return;
    }
    add_head(out, id, "result");
    assay_buf_add_byte(out, '{');
    if (asks) {
        add_required(out, result->required);
    } else {
        assay_buf_add_str(out, "\"content\":[");
        add_content(out, result->text);
        assay_buf_add_byte(out, ']');
    }
    assay_buf_printf(out, ",\"isError\":%s", asks || result->is_error ? "true" : "false");
    if (result->settlement.len > 0) {
        assay_buf_add_str(out, ",\"_meta\":{\"" X402_MCP_SETTLEMENT "\":");
        assay_buf_add(out, result->settlement);
        assay_buf_add_byte(out, '}');
    }
    assay_buf_add_str(out, "}}");
}
