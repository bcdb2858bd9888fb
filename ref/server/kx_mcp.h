/** What the kaspa-x402 server says to MCP clients: a tool's call is a request to the shop like any
 *  other, with its payment in _meta instead of a header. For server/kaspa_x402.c.
 *
 *  Streamable HTTP: POST /mcp, one answer of JSON each, no stream and no session; another Origin is
 * refused (x402/mcp_http.h), and of a call also another Host. A pipe: one message a line.
 */
#ifndef KX_MCP_H
#define KX_MCP_H

#include "server/kx_parts.h"
#include "server/kx_shop.h"
#include "x402/mcp.h"

/** Of one worker; shared by its threads. */
struct kx_mcp {
    struct kx_shop *shop;
    /** The base URL without a slash behind it: the server's own Origin, and its name where payments
     * are bound to one. */
    struct assay_bytes audience;
    struct x402_mcp_tool tools[KX_GOODS_MAX];
    struct x402_mcp_server server;
};

/** Both are borrowed. */
void kx_mcp_init(struct kx_mcp *out, struct kx_shop *shop, const struct kx_core *core);

/** Of ref_net_server_options; cls is a struct kx_mcp. What is not /mcp is the shop's. */
void kx_mcp_handle(void *mcp, const struct ref_net_request *request,
                   struct ref_net_response *response);

/** Appends the answer to one message that came over no connection, without an end of line; nothing
 *  where there is none. */
void kx_mcp_answer(struct kx_mcp *mcp, struct assay_buf *out, struct assay_bytes message);

/** Answers the lines of stdin on stdout, in turn, until stdin ends or `stops`, a signalfd, has
 *  something to say, which is looked for between two messages. A line above line_max bytes is
 * answered with -32600 and left out. IO: stdin or stdout fails; NOMEM. */
enum assay_code kx_mcp_pipe(struct kx_mcp *mcp, int stops, size_t line_max,
                            struct assay_err *err) ASSAY_MUST_USE;

#endif
