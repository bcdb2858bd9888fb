/** MCP as x402 needs it: JSON-RPC 2.0 messages, the few methods of a server with tools, and how a
 *  tool is paid for.
 *
 *  A call that is not paid is answered by a result with isError, whose structuredContent is the
 * PaymentRequired and whose content[0].text is the same object as JSON; the payment comes in
 *  params._meta["x402/payment"], and what came of it goes out in result._meta
 *  ["x402/payment-response"]. What carries the messages, HTTP or a pipe, is not this file's.
 *
 *  Messages are read within the budgets of limits.h. A member that is there twice, an array of
 * messages (which MCP has not had since its revision 2025-06-18), and an id that is no text or
 * integer are refused, so that nobody in between can have read another message.
 *
 *  Source: x402 v2 digest, section 5; Kaspa x402 exact digest, sections 17 and 19; JSON-RPC 2.0.
 *  The binding "org.x402/payment" of later MCP revisions is none of this server's: it would never
 * advertise one of those revisions.
 */
#ifndef X402_MCP_H
#define X402_MCP_H

#include "x402/document.h"
#include "x402/limits.h"

#define X402_MCP_TOOL_MAX_BYTES 1024
#define X402_MCP_ID_MAX_BYTES 256
#define X402_MCP_PAYMENT "x402/payment"
#define X402_MCP_SETTLEMENT "x402/payment-response"

/* constant, code, message */
#define X402_MCP_ERRORS(X)                                                                         \
    X(PARSE, -32700, "Parse error")                                                                \
    X(REQUEST, -32600, "Invalid Request")                                                          \
    X(METHOD, -32601, "Method not found")                                                          \
    X(PARAMS, -32602, "Invalid params")                                                            \
    X(INTERNAL, -32603, "Internal error")

#define X402_MCP_ENUM(name, code, message) X402_MCP_##name,
enum x402_mcp_error { X402_MCP_OK, X402_MCP_ERRORS(X402_MCP_ENUM) X402_MCP__COUNT };
#undef X402_MCP_ENUM

/** -32700 and so on; 0 of OK. */
int x402_mcp_error_code(enum x402_mcp_error error);

enum x402_mcp_kind {
    X402_MCP_ASKS,    /**< a request: it has an id, and is answered */
    X402_MCP_TELLS,   /**< a notification: it has none, and never is */
    X402_MCP_ANSWERS, /**< a response, which nobody here has asked for */
};

struct x402_mcp_message {
    enum x402_mcp_kind kind;
    struct assay_json doc;
    struct assay_bytes id;     /**< as it was sent, to be echoed; "null" where there is none */
    struct assay_bytes method; /**< empty of a response */
    uint32_t params;           /**< an object, or ASSAY_JSON_NONE */
};

/** Reads one message; what it points to is text or in the arena. On an error only out->id is set,
 *  to what is echoed: the id where the message has one that is beyond doubt. PARSE: no JSON, or a
 * member twice. REQUEST: an array, no request, a budget is passed. PARAMS: params of a request
 * is no object; of a notification, whose sender nobody tells, it is none. INTERNAL: no memory for
 * its values. */
enum x402_mcp_error x402_mcp_read(struct x402_mcp_message *out, struct assay_arena *arena,
                                  struct assay_bytes text) ASSAY_MUST_USE;

/** tools/call. */
struct x402_mcp_call {
    struct assay_bytes name;      /**< 1 to X402_MCP_TOOL_MAX_BYTES */
    struct assay_bytes arguments; /**< canonical JSON of an object; empty: none were sent */
    struct assay_bytes payment;   /**< JSON of any kind; empty: there is none */
};
/** Of a message whose method it is. PARAMS: no name, or arguments or _meta are no objects, or a
 *  number of the arguments has no canonical form; INTERNAL: no memory. */
enum x402_mcp_error x402_mcp_call_read(struct x402_mcp_call *out, struct assay_arena *arena,
                                       const struct x402_mcp_message *message) ASSAY_MUST_USE;

/* ---- answers; each is one line of JSON without its end ---- */

void x402_mcp_write_error(struct assay_buf *out, struct assay_bytes id, enum x402_mcp_error error);

struct x402_mcp_tool {
    const char *name, *description;
};
struct x402_mcp_server {
    const char *name, *version;
    const struct x402_mcp_tool *tools;
    size_t tool_count;
};
/** initialize, ping and tools/list: the result, or the error, which is also returned. METHOD: any
 *  other method. */
enum x402_mcp_error x402_mcp_write_method(struct assay_buf *out,
                                          const struct x402_mcp_server *server,
                                          const struct x402_mcp_message *message);
/** Whether this server speaks that protocolVersion. */
bool x402_mcp_speaks(struct assay_bytes version);

/** What came of a call; each empty where there is none. */
struct x402_mcp_result {
    bool is_error;
    struct assay_bytes required;   /**< JSON; nothing of the tool is told beside it */
    struct assay_bytes settlement; /**< JSON */
    struct assay_bytes text;       /**< of the tool, or why it has not run; may be any bytes */
};
/** Text that is not UTF-8 is told as base64 of its bytes, in an embedded resource. */
void x402_mcp_write_result(struct assay_buf *out, struct assay_bytes id,
                           const struct x402_mcp_result *result);

#endif
