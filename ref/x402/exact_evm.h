/** Scheme exact on EVM networks by EIP-3009: payloads read, written, signed and judged.
 *
 *  Pure: balances, used nonces and contract wallets are the chain's to say, so that a payment that
 *  breaks no rule here may still not settle. A signature of 65 bytes is taken for a key's, a longer
 *  one for a contract's. Members beside the known ones are passed over, as nothing signs them.
 * Source: x402 v2 digest, sections 2.2, 4 and 8.
 */
#ifndef X402_EXACT_EVM_H
#define X402_EXACT_EVM_H

#include "evm/signature.h"
#include "evm/transfer.h"
#include "x402/envelope.h"

#define X402_EVM_SCHEME_NAME "exact"
#define X402_EVM_NAMESPACE "eip155:"

/** The rules, in the order in which one is found broken. */
enum x402_evm_rule {
#define X(constant, id, reason, other, source, sentence, remedy) X402_EVM_##constant,
#include "x402/exact_evm.def"
#undef X
    X402_EVM__COUNT /**< as a fault: none */
};

struct x402_evm_rule_row {
    const char *id;             /**< "evm.authorization.value" */
    const char *reason, *other; /**< as facilitators tell it; other: "" where there is one alone */
    const char *source, *sentence, *remedy;
};
extern const struct x402_evm_rule_row x402_evm_rules[X402_EVM__COUNT];

/** Whether a facilitator that finds the rule broken may say so. Of unknown reasons it says no, for
 *  which no peer is wrong: there are hundreds. */
bool x402_evm_is_reason(enum x402_evm_rule rule, struct assay_bytes reason);

/* ---- the two sides ---- */

struct x402_evm_terms {
    uint64_t chain_id;
    struct evm_address asset, pay_to;
    struct evm_uint256 amount;
    struct assay_bytes name, version; /**< of the token's domain */
};

struct x402_evm_payload {
    struct evm_transfer transfer;
    struct assay_bytes signature; /**< decoded; 65 bytes, or more where a contract judges it */
};

/** The chain id of a network of eip155; false, and unchanged: it is none, or not canonical. */
bool x402_evm_chain_id(uint64_t *out, struct assay_bytes network);
/** Whether terms are paid by an authorization of EIP-3009: by scheme, network and transfer method,
 *  which is this one where none is named. What else they say is not looked at. */
bool x402_evm_takes(const struct assay_json *doc, const struct x402_terms *terms);
/** Reads an offer. The rule that is broken, with what is wrong in err; unchanged then. err's code
 *  UNSUPPORTED: another transfer method, which may well be right; NOMEM: nothing is known. */
enum x402_evm_rule x402_evm_terms_read(struct x402_evm_terms *out, struct assay_arena *arena,
                                       const struct assay_json *doc, const struct x402_terms *terms,
                                       struct assay_err *err) ASSAY_MUST_USE;
/** Reads a payload, the same way. */
enum x402_evm_rule x402_evm_payload_read(struct x402_evm_payload *out, struct assay_arena *arena,
                                         const struct assay_json *doc, uint32_t token,
                                         struct assay_err *err) ASSAY_MUST_USE;
/** Appends a payload, canonical, addresses with their checksum. */
void x402_evm_payload_write(struct assay_buf *out, const struct x402_evm_payload *payload);

/** What is signed: the transfer under the domain of the terms' token. */
void x402_evm_digest(uint8_t out[EVM_KECCAK_BYTES], const struct x402_evm_terms *terms,
                     const struct evm_transfer *transfer);

/* ---- judging ---- */

#define X402_EVM_WHY_BYTES 160

enum x402_evm_outcome { X402_EVM_VALID, X402_EVM_INVALID, X402_EVM_UNDECIDED };
enum x402_evm_result { X402_EVM_HELD, X402_EVM_BROKEN, X402_EVM_OPEN };

struct x402_evm_check {
    enum x402_evm_result result;
    char why[X402_EVM_WHY_BYTES]; /**< in words; empty where held */
};

struct x402_evm {
    const struct assay_json *offer; /**< that the terms are of */
    const struct x402_terms *terms; /**< the server's own, never the payer's copy */
    const struct assay_json *payment;
    uint32_t payload; /**< of payment */
    int64_t now_ms;
    struct assay_arena *arena;
};

struct x402_evm_verdict {
    /** VALID: every rule has held. UNDECIDED: none is broken, one could not be judged: another
     *  transfer method, a contract's signature, no memory. */
    enum x402_evm_outcome outcome;
    enum x402_evm_rule first; /**< of INVALID: the first broken */
    struct x402_evm_check checks[X402_EVM__COUNT];
    bool has_payload; /**< it could be read */
    struct x402_evm_payload payload;
    bool has_digest;
    uint8_t digest[EVM_KECCAK_BYTES];
};

/** Judges every rule that can be judged. Never fails; takes any documents. */
void x402_evm_verify(struct x402_evm_verdict *out, const struct x402_evm *with);

#endif
