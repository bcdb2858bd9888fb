/** The reference facilitator: scheme exact on Kaspa, for the tenants of a self-hosted service. It
 * is the server of kaspa-x402 (server/kaspa_x402.h) with another core: the same workers, store,
 * node, limits and recovery.
 *
 *  GET /supported is for everybody. POST /verify and POST /settle are for who brings a tenant's
 * token: `Authorization: Bearer TOKEN`. A tenant is its name: several tokens may be one tenant's,
 * so that they can be exchanged.
 *
 *  Of scheme batch-settlement nothing is listed: the specification gives a facilitator the modes
 * claim and refund, but no request for them; the claims of a channel are signed with the key of its
 * server, which a service for several tenants does not hold; and what is charged to a channel is
 * known to the server that has served. Nor is the additive profile, whose heads are a server's own.
 *
 *  Source: Kaspa x402 exact digest, section 15; x402 v2 digest, section 4.
 */
#ifndef REF_SERVER_FACILITATOR_H
#define REF_SERVER_FACILITATOR_H

#include "server/kaspa_x402.h"

/** The defaults of a facilitator: body_max_bytes as section 15 has it, and an accept_wait_ms within
 *  which resource servers wait for an answer. */
struct kx_server_options ref_facilitator_options(void);

/** "NAME:VARIABLE" in its parts, views of the text. MALFORMED. */
enum assay_code ref_facilitator_read_tenant(struct assay_bytes *name, struct assay_bytes *variable,
                                            struct assay_bytes text,
                                            struct assay_err *err) ASSAY_MUST_USE;

#endif
