/** The messages between a resource server and a facilitator, of any scheme and network: whether a
 *  payment is good (/verify), its settlement (/settle), and what a facilitator can do (/supported).
 *
 *  Views of a parsed document, as in envelope.h; whoever believes an answer parses it strictly,
 *  since of duplicate members two readers take two. What breaks the shape is a fault. What keeps to
 *  it and yet is no reason to hand anything out, such as a success without a transaction or of
 *  another network, is told as a fact: it is for the reader to say what follows. A status of 200
 *  and one of 400 both carry refusals, and a reason that no list has is a reason.
 *
 *  Source: x402 v2 digest, sections 2.3, 2.4 and 4; Kaspa x402 exact digest, section 15.
 */
#ifndef X402_FACILITATOR_H
#define X402_FACILITATOR_H

#include "x402/envelope.h"

#define X402_PATH_SUPPORTED "/supported"
#define X402_PATH_VERIFY "/verify"
#define X402_PATH_SETTLE "/settle"

/* ---- requests ---- */

/** POST /verify and POST /settle as a facilitator reads them. */
struct x402_request {
    const struct assay_json *doc;
    struct x402_payment payment;     /**< paymentPayload */
    struct x402_terms requirements;  /**< paymentRequirements: the server's own offer */
    uint32_t resource, extensions;   /**< objects beside them, or NONE */
    struct assay_bytes request_hash; /**< empty where absent; a scheme says what it must be */
};

/** Fails as the readers of envelope.h, the member that holds what is wrong before it in err. That
 *  the requirements are those that the payer accepted is for the caller to see. */
enum x402_fault x402_request_read(struct x402_request *out, struct assay_arena *arena,
                                  const struct assay_json *doc,
                                  struct assay_err *err) ASSAY_MUST_USE;

/** One as a server writes it. Each text is one JSON value as it stands in a document that was
 *  parsed (assay_json_raw), and goes out byte for byte; what may be absent is empty then. */
struct x402_ask {
    struct assay_bytes payload;      /**< paymentPayload, as the payer wrote it */
    struct assay_bytes requirements; /**< of the server's own offer, never of the payer's copy */
    struct assay_bytes resource, extensions;
    struct assay_bytes request_hash; /**< a text, not JSON */
};
void x402_request_write(struct assay_buf *out, const struct x402_ask *ask);

/* ---- answers of /verify and /settle ---- */

/* The reasons of the core text and the one that is no end. Facilitators have hundreds of others. */
#define X402_REASONS(X)                                                                            \
    X("insufficient_funds")                                                                        \
    X("invalid_exact_evm_payload_authorization_valid_after")                                       \
    X("invalid_exact_evm_payload_authorization_valid_before")                                      \
    X("invalid_exact_evm_payload_authorization_value_mismatch")                                    \
    X("invalid_exact_evm_payload_recipient_mismatch")                                              \
    X("invalid_exact_evm_payload_signature")                                                       \
    X("invalid_network")                                                                           \
    X("invalid_payload")                                                                           \
    X("invalid_payment_requirements")                                                              \
    X("invalid_scheme")                                                                            \
    X("invalid_transaction_state")                                                                 \
    X("invalid_x402_version")                                                                      \
    X("unsupported_scheme")                                                                        \
    X("unexpected_settle_error")                                                                   \
    X("unexpected_verify_error")                                                                   \
    X(X402_REASON_PENDING)
#define X402_REASON_PENDING "settlement_pending"
/** The list's own text of a reason, or NULL: what a facilitator wrote itself is not for payers. */
const char *x402_reason_find(struct assay_bytes reason);

#define X402_IDENTIFIER_TEXT_MAX_BYTES 256
/** Whether a text can name a transaction or an account of some network: 1 to 256 printable
 *  characters of ASCII without spaces, quotes, backslashes and angle brackets. It is nothing that
 *  was meant for people, and harmless where it is shown. */
bool x402_names_something(struct assay_bytes text);

struct x402_verified {
    const struct assay_json *doc;
    bool is_valid;
    struct assay_bytes payer, invalid_reason; /**< empty where absent */
    uint32_t extra;                           /**< an object, or NONE */
};
enum x402_fault x402_verified_read(struct x402_verified *out, struct assay_arena *arena,
                                   const struct assay_json *doc,
                                   struct assay_err *err) ASSAY_MUST_USE;

/** What a settlement must be of. An empty amount or payer is not compared, nor one that the answer
 *  leaves out, which it may. */
struct x402_expected {
    struct assay_bytes network, amount, payer;
};

enum x402_settle_state {
    X402_SETTLED, /**< success is true */
    X402_REFUSED,
    X402_PENDING, /**< neither: ask again with the same bytes (settlement_pending) */
};

struct x402_settled {
    struct x402_settlement said;
    enum x402_settle_state state;
    /* The facts. A refusal may have a transaction, one that failed, and needs no network. */
    bool has_transaction; /**< one that x402_names_something */
    bool is_same_network, is_same_amount, is_same_payer;
};
/** Reads the answer of /settle, a SettlementResponse; fails as x402_settlement_read. */
enum x402_fault x402_settled_read(struct x402_settled *out, struct assay_arena *arena,
                                  const struct assay_json *doc,
                                  const struct x402_expected *expected,
                                  struct assay_err *err) ASSAY_MUST_USE;
/** Whether goods may be handed out for it: settled, for no reason of a failure, and every fact as
 *  it must be. */
bool x402_settled_is_good(const struct x402_settled *settled);

/** Appends an answer; what is empty is left out, but for the members that must be there. */
void x402_verified_write(struct assay_buf *out, const struct x402_verified *verified);
void x402_settlement_write(struct assay_buf *out, const struct x402_settlement *settlement);

/* ---- /supported ---- */

#define X402_SCHEME_BATCH "batch-settlement"
#define X402_KINDS_MAX_ITEMS 128

/* constant, its word in extra.modes, its bit */
#define X402_MODES(X)                                                                              \
    X(VERIFY, "verify", 1)                                                                         \
    X(SETTLE, "settle", 2)                                                                         \
    X(CLAIM, "claim", 4)                                                                           \
    X(REFUND, "refund", 8)

#define X402_MODE_ENUM(name, text, bit) X402_MODE_##name = (bit),
enum x402_mode { X402_MODES(X402_MODE_ENUM) };
#undef X402_MODE_ENUM

/** What a facilitator does for one scheme on one network. */
struct x402_kind {
    const struct assay_json *doc; /**< of extra; NULL: there is none */
    uint32_t extra;               /**< an object, or NONE */
    uint64_t version;
    struct assay_bytes scheme, network;
    enum x402_modes_state {
        X402_MODES_PLAIN, /**< it says nothing of modes: verify and settle, as x402 has them */
        X402_MODES_KNOWN,
        X402_MODES_WRONG, /**< no array of known words */
    } modes_state;
    unsigned modes; /**< bits of enum x402_mode; none where they are WRONG */
};

struct x402_supported {
    const struct assay_json *doc;
    const struct x402_kind *kinds; /**< in the arena */
    size_t kind_count;
    size_t left_out;              /**< kinds of another shape, of which nothing is said */
    uint32_t extensions, signers; /**< an array of texts; an object of arrays of texts */
};
/** All three members have to be there. A fault too: more than X402_KINDS_MAX_ITEMS kinds; NOMEM as
 *  in envelope.h. */
enum x402_fault x402_supported_read(struct x402_supported *out, struct assay_arena *arena,
                                    const struct assay_json *doc,
                                    struct assay_err *err) ASSAY_MUST_USE;

/** The intersection rule: what a server may publish of its own kinds where a facilitator lists
 *  some. A listed kind with WRONG modes counts as not listed; one of the server's with such modes
 *  is not published. Of the others those are, as the server has them, that the facilitator lists
 *  with the same version, scheme and network, with the modes that both have; claim and refund only
 *  in scheme batch-settlement, and only with a settler. None is published without a mode. So
 *  nothing that a facilitator adds can widen an offer.
 *
 *  Out:     published  room for own_count; the kinds borrow what own's do
 *  Returns: how many. */
size_t x402_kinds_publish(struct x402_kind *published, const struct x402_kind *own,
                          size_t own_count, const struct x402_kind *listed, size_t listed_count,
                          bool has_settler);

/** Appends the answer. extensions, signers: JSON; empty: [] and {}. Of extra, modes that are KNOWN
 *  take the place of its own. */
void x402_supported_write(struct assay_buf *out, const struct x402_kind *kinds, size_t count,
                          struct assay_bytes extensions, struct assay_bytes signers);

#endif
