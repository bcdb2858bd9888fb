/** What reading a transaction's text once gives both its identity and its verification. Internal to
 *  ref/kaspa_x402. */
#ifndef KX_EXACT_HASH_INTERNAL_H
#define KX_EXACT_HASH_INTERNAL_H

#include "kaspa_x402/exact_hash.h"

/** The text of a transaction as JSON, tokens in the arena; of duplicate members the last one
 *  counts, as the reference has it. Fails as assay_json_parse. */
enum assay_code kx_transaction_document(struct assay_json *out, struct assay_arena *arena,
                                        struct assay_bytes text,
                                        struct assay_err *err) ASSAY_MUST_USE;
/** The identity of that text; doc NULL: it is no JSON. */
enum assay_code kx_transaction_identity_of(char *out, struct assay_arena *arena,
                                           const struct assay_json *doc,
                                           struct assay_bytes text) ASSAY_MUST_USE;

#endif
