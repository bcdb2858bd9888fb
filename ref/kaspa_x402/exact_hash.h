/** The hashes of an exact payment: what binds it to a request, and what makes two the same.
 *
 *  All are 64 lower-case hex digits and a NUL (X402_HASH_TEXT_BYTES). Before hashing, the hex
 * members that the schemas know are lower-cased; unknown members stay as they are. Source: Kaspa
 * x402 exact digest, sections 4, 5, 6 and 11.
 */
#ifndef KX_EXACT_HASH_H
#define KX_EXACT_HASH_H

#include "kaspa_x402/exact_payment.h"

/** A call of an MCP tool (section 17). */
struct kx_tool_call {
    struct assay_bytes audience;  /**< the server's own name, which it is configured with */
    struct assay_bytes name;      /**< of the tool */
    struct assay_bytes arguments; /**< canonical JSON; empty: none, which is hashed as null */
};

struct kx_request {
    struct assay_bytes method;     /**< as the host gives it */
    struct assay_bytes url;        /**< normalised, without fragment (kx_url_normalise) */
    const struct assay_json *body; /**< a JSON body: its document; NULL: text or none */
    struct assay_bytes body_text;  /**< used where there is no JSON body and has_body_text */
    bool has_body_text;
    const struct kx_tool_call *tool;  /**< a call: of the above only url counts, which is the
                                           resource's; NULL: HTTP */
    const char *request_hash;         /**< the host's own base hash, or NULL */
    const struct kx_context *context; /**< the trusted caller, or NULL on a public route */
};

/** A caller that the host has authenticated. */
struct kx_context {
    struct assay_bytes principal, tenant; /**< tenant: empty is none */
    const struct assay_bytes *scopes;     /**< any order; sorted and made unique here */
    size_t scope_count;
    const struct assay_json *state; /**< handlerState: an object of scalars; NULL is {} */
};

/** The normalised absolute form of section 2.3, appended. MALFORMED: no absolute URL; else as the
 *  buffer fails. out: unchanged on failure. */
enum assay_code kx_url_normalise(struct assay_buf *out, struct assay_bytes url,
                                 struct assay_err *err) ASSAY_MUST_USE;

/** paymentRequirementsHash of the accepted terms, of either scheme. */
enum assay_code kx_requirements_hash(char *out, const struct assay_json *doc, uint32_t accepted,
                                     struct assay_err *err) ASSAY_MUST_USE;
/** securityContextHash. MALFORMED: an empty principal, tenant or scope, a state that is no object
 * of scalars, or a state key with a word that names a secret. */
enum assay_code kx_context_hash(char *out, const struct kx_context *context,
                                struct assay_err *err) ASSAY_MUST_USE;
/** The request fingerprint of the exact binding; requirements is that hash, or NULL for the
 *  hash-chain binding, which has none. MALFORMED: the host's own hash is none, or as
 *  kx_context_hash; of a body as assay_json_canonical. */
enum assay_code kx_fingerprint(char *out, const struct kx_request *request,
                               const char *requirements, struct assay_err *err) ASSAY_MUST_USE;

/** What a payer's authorization is made over, besides the terms. */
struct kx_authorized {
    const struct kx_terms *terms;
    const char *transaction_id; /**< recomputed */
    uint64_t output_index;
    const char *requirements_hash, *fingerprint;
    struct assay_bytes identifier;
    uint64_t input_index;
    struct assay_bytes expires_at;
};

/** Appends the canonical object of section 6, and its digest. */
enum assay_code kx_authorization_text(struct assay_buf *out,
                                      const struct kx_authorized *a) ASSAY_MUST_USE;
enum assay_code kx_authorization_digest(uint8_t *out, const struct kx_authorized *a) ASSAY_MUST_USE;
enum assay_code kx_authorization_id(char *out,
                                    const struct kx_authorization *authorization) ASSAY_MUST_USE;

/** transactionIdentityHash of the transaction's text, structured where it is of the shape of
 * section 11, else the opaque fallback. */
enum assay_code kx_transaction_identity(char *out, struct assay_bytes text) ASSAY_MUST_USE;
/** paymentPayloadHash; identity_hash is that of the payment's transaction. */
enum assay_code kx_payload_hash(char *out, const struct kx_payment *payment,
                                const char *requirements_hash,
                                const char *identity_hash) ASSAY_MUST_USE;
/** The scopes under which a payment is locked, before and after its verification; and the
 * identifier's. */
enum assay_code kx_artifact_scope(char *out, const char *identity_hash) ASSAY_MUST_USE;
enum assay_code kx_payment_scope(char *out, const char *transaction_id) ASSAY_MUST_USE;
enum assay_code kx_identifier_lock(char *out, struct assay_bytes id) ASSAY_MUST_USE;

#endif
