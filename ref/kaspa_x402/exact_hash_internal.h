/** How the text of a transaction is read for its identity and for its verification. Internal to
 *  ref/kaspa_x402. */
#ifndef KX_EXACT_HASH_INTERNAL_H
#define KX_EXACT_HASH_INTERNAL_H

#include "kaspa_x402/exact_hash.h"

/** The text of a transaction as JSON, tokens in the arena; of duplicate members the last one
 *  counts, as the reference has it. Fails as assay_json_parse. */
enum assay_code kx_transaction_document(struct assay_json *out, struct assay_arena *arena,
                                        struct assay_bytes text,
                                        struct assay_err *err) ASSAY_MUST_USE;

#endif
