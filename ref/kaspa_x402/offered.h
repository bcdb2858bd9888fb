/** What a payment accepts and echoes, against what a server offers: of both schemes. Source: Kaspa
 *  x402 exact digest, sections 4, 12 and 13 (14, 15); Kaspa x402 batch digest, section 7 D. */
#ifndef KX_OFFERED_H
#define KX_OFFERED_H

#include "kaspa_x402/exact_hash.h"

/** Whether accepted terms are one of the offers, member for member, but that known hex may be of
 *  either case. hash: theirs, by kx_requirements_hash. NOMEM; as that function, of an offer that
 * has no canonical form. */
enum assay_code kx_offered(bool *is_offered, const struct x402_required *offer,
                           const struct assay_json *doc, uint32_t accepted,
                           const char *hash) ASSAY_MUST_USE;

/** Whether a payment identifier is the echo of what was advertised. MISMATCH: it is not; NOMEM: it
 *  cannot be told. */
enum assay_code kx_echoes(const struct assay_json *paid, const struct x402_identifier *echo,
                          const struct assay_json *offer,
                          const struct x402_identifier *advertised) ASSAY_MUST_USE;

#endif
