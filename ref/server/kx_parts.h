/** What the files of the kaspa-x402 server share: from its options to the core, the store and the
 * node. Internal to them. */
#ifndef KX_PARTS_H
#define KX_PARTS_H

#include "net/kaspa_node.h"
#include "server/kaspa_x402.h"

#define KX_GOODS_MAX 16

/** The fixed goods at the options' price; returns how many. */
size_t kx_goods(struct kx_route *out, uint64_t price);

/** Everything of the core that options say, but for goods, principals and base_url; without pay_to
 * it judges, and sells nothing. MALFORMED, DENIED: err names the option. */
enum assay_code kx_parts_core(struct kx_core *out, const struct kx_server_options *options,
                              struct assay_err *err) ASSAY_MUST_USE;
bool kx_parts_in_memory(const struct kx_server_options *options);
enum assay_code kx_parts_store(struct kx_store **out, const struct kx_server_options *options,
                               struct assay_err *err) ASSAY_MUST_USE;
/** Of options that kx_parts_core has taken. */
struct ref_kaspa_node_options kx_parts_node(const struct kx_server_options *options);

/** Registers the heads of the options, those that the store does not know from what the node says
 * of their coins. MALFORMED, MISSING: err names the head; codes of store and node. */
enum assay_code kx_parts_register_heads(const struct kx_server_options *options,
                                        struct kx_store *store,
                                        struct assay_err *err) ASSAY_MUST_USE;

#endif
