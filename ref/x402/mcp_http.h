/** What an MCP server over Streamable HTTP looks at before it reads the message: one answer of JSON
 *  a POST, no streams and no sessions. Source: MCP, revision 2025-06-18, transports. */
#ifndef X402_MCP_HTTP_H
#define X402_MCP_HTTP_H

#include "base/bytes.h"

/** Header values; empty where they were not sent. */
struct x402_mcp_http {
    struct assay_bytes method;
    struct assay_bytes origin; /**< Origin: a page's, where a browser sends it */
    struct assay_bytes accept, content_type;
    struct assay_bytes version; /**< MCP-Protocol-Version */
};

/** The status that refuses it, or 0. own: the server's origin, "http://127.0.0.1:8402".
 *
 *  403: another Origin, since a page whose name was rebound to loopback reaches the server under
 * its own. 405: no POST. 406: JSON is not accepted. 415: what is sent is said to be none. 400: a
 *  version that is not spoken here; one that is not told is taken for one that is. */
int x402_mcp_http_refusal(const struct x402_mcp_http *request, struct assay_bytes own);

#endif
