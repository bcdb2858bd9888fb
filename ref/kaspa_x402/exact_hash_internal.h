/** How terms, and the text of a transaction, are read for what is hashed of them. Internal to
 *  ref/kaspa_x402. */
#ifndef KX_EXACT_HASH_INTERNAL_H
#define KX_EXACT_HASH_INTERNAL_H

#include "kaspa_x402/exact_hash.h"

/** The text of a transaction as JSON, tokens in the arena; of duplicate members the last one
 *  counts, as the reference has it. Fails as assay_json_parse. */
enum assay_code kx_transaction_document(struct assay_json *out, struct assay_arena *arena,
                                        struct assay_bytes text,
                                        struct assay_err *err) ASSAY_MUST_USE;

/** The document with the terms' known hex members in lower case: *lowered has the tokens of `doc`
 *  and the text of `copy`, an empty buffer that may hold the whole text; where nothing is to be
 *  changed, doc's. As the buffer fails. */
enum assay_code kx_lower_terms(struct assay_buf *copy, struct assay_json *lowered,
                               const struct assay_json *doc, uint32_t accepted,
                               struct assay_err *err) ASSAY_MUST_USE;

#endif
