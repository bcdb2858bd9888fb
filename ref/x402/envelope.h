/** The envelopes of x402 version 2, of any network: what is asked, what is paid, what came of it.
 *
 *  Views of a parsed document: texts are slices, members that a scheme defines are tokens. These
 *  readers judge only what holds for every scheme; schemes judge the rest. Source: x402 v2 digest,
 *  section 2; Kaspa x402 exact digest, section 3.
 */
#ifndef X402_ENVELOPE_H
#define X402_ENVELOPE_H

#include "x402/document.h"
#include "x402/limits.h"

#define X402_VERSION 2
#define X402_NO_TIMEOUT 0

/** PaymentRequirements: one offer. */
struct x402_terms {
    uint32_t token; /**< the whole object */
    struct assay_bytes scheme, network, amount, asset, pay_to;
    uint64_t max_timeout_s; /**< X402_NO_TIMEOUT where absent, which some networks are */
    uint32_t extra;         /**< or ASSAY_JSON_NONE */
};

struct x402_required {
    const struct assay_json *doc;
    struct assay_bytes url, error; /**< error: empty where absent */
    uint32_t resource, extensions;
    struct x402_terms accepts[X402_ACCEPTS_MAX_ITEMS];
    size_t accept_count;
};

struct x402_payment {
    const struct assay_json *doc;
    struct x402_terms accepted;
    uint32_t payload, extensions;
};

struct x402_settlement {
    const struct assay_json *doc;
    bool success;
    /** Empty where absent; a network is there where it succeeded. */
    struct assay_bytes transaction, network, amount, payer, error_reason;
    uint32_t extensions;
};

/* constant, what is wrong; what a scheme's own code is for it is for the scheme to say */
#define X402_FAULTS(X)                                                                             \
    X(SHAPE, "a member is missing or has the wrong type")                                          \
    X(VERSION, "x402Version is not 2")                                                             \
    X(EXTENSIONS, "extensions is no object of at most 32 members")                                 \
    X(ACCEPTS, "accepts is not an array of 1 to 16 offers")                                        \
    X(TERMS, "an offer lacks a member, or one has the wrong type")

#define X402_FAULT_ENUM(name, text) X402_FAULT_##name,
enum x402_fault { X402_FAULT_NONE, X402_FAULTS(X402_FAULT_ENUM) X402_FAULT__COUNT };
#undef X402_FAULT_ENUM

/** "SHAPE" and so on, and the sentence; "NONE" and "nothing is wrong". */
const char *x402_fault_name(enum x402_fault fault);
const char *x402_fault_text(enum x402_fault fault);

/** Reads one; `doc` has to live as long. err says which member. Unchanged but for err on a fault,
 *  of which the first is told: no object, the version, extensions, then the members in the order of
 *  the struct. Memory that the arena does not give is SHAPE with err's code NOMEM. */
enum x402_fault x402_required_read(struct x402_required *out, struct assay_arena *arena,
                                   const struct assay_json *doc,
                                   struct assay_err *err) ASSAY_MUST_USE;
/** The same for who pays: offers of another shape are left out, and it may be that none is left. */
enum x402_fault x402_required_read_known(struct x402_required *out, struct assay_arena *arena,
                                         const struct assay_json *doc,
                                         struct assay_err *err) ASSAY_MUST_USE;
enum x402_fault x402_payment_read(struct x402_payment *out, struct assay_arena *arena,
                                  const struct assay_json *doc,
                                  struct assay_err *err) ASSAY_MUST_USE;
/** The same of one that is a value of another document: of a facilitator's request, of MCP. */
enum x402_fault x402_payment_read_at(struct x402_payment *out, struct assay_arena *arena,
                                     const struct assay_json *doc, uint32_t token,
                                     struct assay_err *err) ASSAY_MUST_USE;
enum x402_fault x402_settlement_read(struct x402_settlement *out, struct assay_arena *arena,
                                     const struct assay_json *doc,
                                     struct assay_err *err) ASSAY_MUST_USE;
/** One offer by itself. */
enum x402_fault x402_terms_read(struct x402_terms *out, struct assay_arena *arena,
                                const struct assay_json *doc, uint32_t token,
                                struct assay_err *err) ASSAY_MUST_USE;

#endif
