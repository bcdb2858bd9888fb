/** What drifted in a script that should be a template's, and whose script it is.
 *
 *  The script is compared instruction by instruction with the one that the channel has, so that one
 *  that was added or removed is told as such; what a slot holds instead is looked for among the
 *  values that it could have been taken for. Nothing here runs a script. Cost and result are
 * bounded, whatever the bytes. Source: Kaspa x402 batch digest, section 9.3.
 */
#ifndef KX_ESCROW_DRIFT_H
#define KX_ESCROW_DRIFT_H

#include "kaspa_x402/escrow.h"

#define KX_DRIFTS_MAX 64      /**< that are listed */
#define KX_DRIFT_EDITS_MAX 96 /**< instructions added and removed; above it a script is another */

/* constant, what it is called */
#define KX_DRIFT_KINDS(X)                                                                          \
    X(TEMPLATE, "template") /* all of it is another's: what its slots hold is not judged */        \
    X(OTHER, "script")      /* it is none's */                                                     \
    X(STATE, "state")       /* S */                                                                \
    X(KEY, "key")                                                                                  \
    X(NETWORK, "network")                                                                          \
    X(PAYOUT, "payout hash")                                                                       \
    X(REFUND, "refund hash")                                                                       \
    X(TIMEOUT, "timeout")                                                                          \
    X(DOMAIN, "voucher domain")                                                                    \
    X(ZERO, "zero id")  /* by which an output is of no lineage */                                  \
    X(LENGTH, "length") /* the script's own, where it stands in it; or its end */                  \
    X(SELECTOR, "selector")                                                                        \
    X(OUTPUT_INDEX, "output index")                                                                \
    X(CONTINUATION, "continuation") /* what becomes of the lineage */                              \
    X(FEE, "fee rule")              /* what may be paid */                                         \
    X(CONSTANT, "constant")         /* any other push */                                           \
    X(OPCODE, "opcode")

#define KX_DRIFT_ENUM(constant, name) KX_DRIFT_##constant,
enum kx_drift_kind { KX_DRIFT_KINDS(KX_DRIFT_ENUM) KX_DRIFT__COUNT };
#undef KX_DRIFT_ENUM

enum kx_drift_change { KX_DRIFT_CHANGED, KX_DRIFT_ADDED, KX_DRIFT_REMOVED };

/** What the found value is, where that is known. `of` says whose. */
enum kx_drift_hint {
    KX_HINT_NONE,
    KX_HINT_SLOT,       /**< another slot's value; of: that slot */
    KX_HINT_ZERO,       /**< zeros */
    KX_HINT_SAMPLE,     /**< the one in the template's published sample */
    KX_HINT_REVERSED,   /**< the expected one with its bytes in reverse order */
    KX_HINT_NUMBER,     /**< the expected number, pushed in another width */
    KX_HINT_TIME,       /**< a time, where a DAA score is expected */
    KX_HINT_GENERATION, /**< another generation's; of: its template or domain */
    KX_HINT_NETWORK,    /**< another network's; of: its name */
    KX_HINT_PATH,       /**< the selector of another path; of: that path */
    KX_HINT_UNEQUAL,    /**< not the value that the slot has where it stands first */
};

struct kx_drift {
    enum kx_drift_kind kind;
    enum kx_drift_change change;
    enum kx_escrow_slot slot;          /**< NONE: the place is of the template's own script */
    const struct kx_escrow_rule *rule; /**< NULL: TEMPLATE */
    size_t offset, len;                /**< in the candidate; len 0: nothing is there */
    bool is_data; /**< expected and found are the data of a push whose opcode is right; else they
                     are whole instructions, or the templates' ids */
    struct assay_bytes expected, found; /**< borrowed from the list, and from the candidate */
    enum kx_drift_hint hint;
    const char *of;
};

struct kx_drifts {
    struct kx_drift list[KX_DRIFTS_MAX]; /**< in the order of the script */
    size_t count;                        /**< of the list */
    size_t total;                        /**< with those that had no room in it; 0: none drifted */
    uint8_t script[KX_ESCROW_BYTES_MAX]; /**< that was expected; the list borrows from it */
};

#define KX_SLOT_BIT(slot) (1U << (unsigned)(slot))
/** All slots of the channel: every value is known. */
#define KX_SLOTS_KNOWN (KX_SLOT_BIT(KX_SLOT_TIMEOUT + 1) - KX_SLOT_BIT(KX_SLOT_CLAIMED))

/** Compares a script of any bytes with the one that the template has for the channel's values.
 *  known: KX_SLOT_BIT of each slot whose value in `values` counts. Another slot may hold any value,
 *  but the same one wherever it stands.
 *  Out: *out is not to be moved. RANGE: as kx_escrow_redeem, where the timeout is known. */
enum assay_code kx_escrow_drift(struct kx_drifts *out, const struct kx_escrow_template *t,
                                const struct kx_escrow *values, uint32_t known,
                                struct assay_bytes candidate) ASSAY_MUST_USE;

/** "key" and so on. */
const char *kx_drift_kind_name(enum kx_drift_kind kind);
/** Appends one sentence without its full stop: "byte 337, in rule claim.amount.range (D is at most
 *  T - S): the opcode is GREATERTHANOREQUAL, expected LESSTHANOREQUAL". */
void kx_drift_add_text(struct assay_buf *out, const struct kx_drift *drift);

/** Whose script it is. */
struct kx_escrow_instance {
    const struct kx_escrow_template *tmpl;
    struct kx_escrow values; /**< of a slot: what it holds where it stands first */
    uint32_t unequal;        /**< KX_SLOT_BIT of each that holds two values: nobody's channel */
};
/** False: of no template; *out is unchanged then. */
bool kx_escrow_identify(struct kx_escrow_instance *out, struct assay_bytes script) ASSAY_MUST_USE;

#endif
