/** What a script lets happen that its template does not, and what it no longer lets happen.
 *
 *  A fixed list of executions, claims, top-ups and refunds each with one thing unusual, is made for
 *  a candidate and run as it would be on the chain: the coin pays to the candidate's own hash, its
 *  successors are the candidate with another state, and who signs has signed exactly that. So what
 *  a candidate answers otherwise than the reference is its behaviour, and not a hash that does not
 *  fit. Nobody's secrets are needed: signatures are stand-ins that name who made them and over
 * what, and hold where a real one of his would.
 *
 *  Where no execution differs, none of these did: it is no proof that none would. A script that
 *  needs more than a million script units is one that refuses.
 *  Source: Kaspa x402 batch digest, sections 8, 9.2, 9.3 and 11.
 */
#ifndef KX_ESCROW_BEHAVIOUR_H
#define KX_ESCROW_BEHAVIOUR_H

#include "base/sig.h"
#include "kaspa_x402/lane.h"

#define KX_BEHAVIOUR_SCRIPT_MAX 4096 /**< bytes of a candidate; no template is near it */
#define KX_BEHAVIOUR_CLAIMED_MAX UINT64_C(1000000000000000000) /**< S, that T and D have room */

enum kx_execution_id {
#define X(path, constant, by, name, ...) KX_EXECUTION_##path##_##constant,
#include "kaspa_x402/escrow_behaviour.def"
#undef X
    KX_EXECUTION__COUNT
};

struct kx_execution_row {
    enum kx_escrow_path path; /**< its family */
    /** The rule of kaspa-x402-escrow-v5 that refuses it; "": it never gets to a rule; NULL: it is
     *  allowed. */
    const char *by;
    const char *name; /**< "a claim of 1 more than T - S" */
};
const struct kx_execution_row *kx_execution(enum kx_execution_id id);

/** Who may sign. The stranger holds every key that a script names and that is not one of the
 *  channel's, unless it is one of these with a slip in it, whose secret nobody can have. */
enum kx_party { KX_PARTY_OWN, KX_PARTY_CLIENT, KX_PARTY_PROVIDER, KX_PARTY_STRANGER };
#define KX_PARTIES 4

/** A channel, with what its own script answers. */
struct kx_behaviour {
    const struct kx_lane *lane;
    uint64_t claimed;             /**< S, that was agreed */
    const struct assay_key *keys; /**< KX_PARTIES of them, which sign on the curve; or NULL */
    struct kaspa_spk stranger;    /**< the script of somebody who has no part in the channel */
    struct assay_bytes reference; /**< the channel's script at S */
    bool allowed[KX_EXECUTION__COUNT];
    uint16_t ended_at[KX_EXECUTION__COUNT]; /**< offset of the instruction that refused; UINT16_MAX:
                                                 allowed, or refused outside the script */
    uint8_t *cover; /**< what each execution does with each byte of the script */
};

/** Runs every execution on the channel's own script; all of it in the arena, which lives as long as
 *  *out. keys: as in the struct. *out is unspecified unless OK. UNSUPPORTED: the template has no
 *  lineage (kaspa-x402-escrow-v1). RANGE: S is above KX_BEHAVIOUR_CLAIMED_MAX. NOMEM. */
enum assay_code kx_behaviour_open(struct kx_behaviour *out, struct assay_arena *arena,
                                  const struct kx_lane *lane, uint64_t claimed,
                                  const struct assay_key *keys,
                                  struct assay_err *err) ASSAY_MUST_USE;

/** MORE: it allows what the reference refuses, by which somebody can take money. LESS: it refuses
 *  what the reference allows, so that money is locked. */
enum kx_behaviour_class {
    KX_BEHAVIOUR_SAME, /**< in none of the executions tried */
    KX_BEHAVIOUR_MORE,
    KX_BEHAVIOUR_LESS,
    KX_BEHAVIOUR_BOTH,
};

struct kx_behaviour_verdict {
    enum kx_behaviour_class class;
    bool allowed[KX_EXECUTION__COUNT];
    size_t more_count, less_count; /**< executions */
    unsigned more, less;           /**< 1 << path of each family in which there are such */
    unsigned dead; /**< 1 << path of each family of which it allows none that the reference does */
};

/** Judges any bytes as the script of that channel. Where they are another template's, executions
 *  are tried its way too (its selectors, its vouchers) where the channel's own way is refused on
 *  both: who wants to take money will. TOO_LARGE: above KX_BEHAVIOUR_SCRIPT_MAX. NOMEM. *out is
 *  unspecified unless OK. */
enum assay_code kx_behaviour_judge(struct kx_behaviour_verdict *out, const struct kx_behaviour *b,
                                   struct assay_bytes candidate) ASSAY_MUST_USE;
/** The same of the reference with one byte changed, at < reference.len; only what can have come out
 *  otherwise is run. NOMEM. */
enum assay_code kx_behaviour_judge_byte(struct kx_behaviour_verdict *out,
                                        const struct kx_behaviour *b, size_t at,
                                        uint8_t byte) ASSAY_MUST_USE;

/** "same", "allows more", "locks", "allows more and locks". */
const char *kx_behaviour_class_name(enum kx_behaviour_class class);
/** Appends what a maintainer has to fear, in words, at most `max` executions each of what is
 *  allowed and what is refused: "a claim of 1 more than T - S is allowed; no refund is possible".
 */
void kx_behaviour_add_text(struct assay_buf *out, const struct kx_behaviour *b,
                           const struct kx_behaviour_verdict *verdict, size_t max);

#endif
