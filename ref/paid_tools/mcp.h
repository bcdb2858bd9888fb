/** The MCP surface: which JSON-RPC message is payable, and what its requestHash is.
 *  Source: paid-tools digest, section 7. */
#ifndef PT_MCP_H
#define PT_MCP_H

#include "paid_tools/request.h"

#define PT_MCP_MAX_TOKENS 65536 /**< JSON values in a message; more: BROKEN */

enum pt_mcp_kind {
    PT_MCP_FREE,   /**< initialize, tools/list, ping, notifications, no object, no tool name: passed
                      on */
    PT_MCP_CALL,   /**< tools/call of a named tool: payable */
    PT_MCP_BATCH,  /**< an array: HTTP 400, JSON-RPC error -32600 with id null */
    PT_MCP_BROKEN, /**< no JSON, a member twice, a number beyond a double, too large, or no memory
                      for it: HTTP 400, JSON-RPC error -32700 with id null */
};

struct pt_mcp_message {
    enum pt_mcp_kind kind;
    char method[64]; /**< empty where there is none */
    char tool[256];  /**< of a CALL */
};

/** id: appended raw JSON text of the JSON-RPC id, "null" where there is none or it is neither text
 * nor number. A tools/call whose tool is no text of 1..255 bytes is FREE: no handler can be meant
 * by it. arguments: appended canonical JSON of params.arguments ({} where absent or null) of a
 * CALL: what is hashed and what the tool is given. Either may be NULL. Never fails for the peer's
 * sake: what cannot be read is a kind. */
void pt_mcp_read(struct pt_mcp_message *out, struct assay_buf *id, struct assay_buf *arguments,
                 struct assay_bytes body);
/** hex(SHA-256("MCP" LF path LF "tools/call" LF tool LF arguments)). */
void pt_mcp_hash(char out[PT_HASH_TEXT_BYTES], struct assay_bytes path, struct assay_bytes tool,
                 struct assay_bytes canonical_arguments);

#endif
