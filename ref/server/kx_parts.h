/** What the files of the kaspa-x402 server share: from its options to the core, the store and the
 * node. Internal to them. */
#ifndef KX_PARTS_H
#define KX_PARTS_H

#include "net/kaspa_node.h"
#include "server/kaspa_x402.h"

#define KX_GOODS_MAX 20

/** The fixed goods at the options' price, MCP tools among them or not; returns how many. */
size_t kx_goods(struct kx_route *out, uint64_t price, bool has_tools);

/** Everything of the core that options say, but for goods, principals and base_url; without pay_to
 * it judges, and sells nothing. MALFORMED, DENIED: err names the option. */
enum assay_code kx_parts_core(struct kx_core *out, const struct kx_server_options *options,
                              struct assay_err *err) ASSAY_MUST_USE;
/** What of the core is for channels; for options with a channel_key. MALFORMED: the key. */
enum assay_code kx_parts_batch(struct kx_batch_core *out, const struct kx_server_options *options,
                               struct assay_err *err) ASSAY_MUST_USE;
/** What is sold through a facilitator: sell_count of them, in the arena. MALFORMED: the option;
 * NOMEM. */
enum assay_code kx_parts_kinds(struct kx_facilitated_kind *out, struct assay_arena *arena,
                               const struct kx_server_options *options,
                               struct assay_err *err) ASSAY_MUST_USE;
/** The key whose secret that environment variable holds, 64 hex digits; it is wiped there, and the
 * key is the caller's to wipe. MISSING: it holds none. */
enum assay_code kx_parts_take_key(struct assay_key *out, const char *variable,
                                  struct assay_err *err) ASSAY_MUST_USE;
bool kx_parts_in_memory(const struct kx_server_options *options);
enum assay_code kx_parts_store(struct kx_store **out, const struct kx_server_options *options,
                               struct assay_err *err) ASSAY_MUST_USE;
/** The same of a file that is there: MISSING. */
enum assay_code kx_parts_existing_store(struct kx_store **out,
                                        const struct kx_server_options *options,
                                        struct assay_err *err) ASSAY_MUST_USE;
typedef enum assay_code kx_parts_lister(struct kx_store *store, char (*ids)[X402_HASH_TEXT_BYTES],
                                        size_t room, size_t *count, struct assay_err *err);
/** What an operation of the store lists, in memory that is the caller's to free. NOMEM, and as it.
 */
enum assay_code kx_parts_list(char (**out)[X402_HASH_TEXT_BYTES], size_t *count,
                              struct kx_store *store, kx_parts_lister *list,
                              struct assay_err *err) ASSAY_MUST_USE;
/** Of options that kx_parts_core has taken. */
struct ref_kaspa_node_options kx_parts_node(const struct kx_server_options *options);

/** Registers the heads of the options, those that the store does not know from what the node says
 * of their coins. MALFORMED, MISSING: err names the head; codes of store and node. */
enum assay_code kx_parts_register_heads(const struct kx_server_options *options,
                                        struct kx_store *store,
                                        struct assay_err *err) ASSAY_MUST_USE;

#endif
