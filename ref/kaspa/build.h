/** Building and signing whole transactions, for peers and tests.
 *
 *  A plan says what is spent by whom and what is paid; the builder computes change, fee, compute
 *  commitments and storage mass, and signs. What it makes is in the arena; scripts of outputs and
 *  the payload are borrowed from the plan.
 */
#ifndef KASPA_BUILD_H
#define KASPA_BUILD_H

#include "base/arena.h"
#include "kaspa/sign.h"

enum kaspa_spend_kind {
    KASPA_SPEND_PUBKEY,       /**< signed with Schnorr: <sig> */
    KASPA_SPEND_PUBKEY_ECDSA, /**< signed with ECDSA: <sig> */
    KASPA_SPEND_SCRIPT_HASH,  /**< <unlock…> [<sig>…] <redeem> */
    KASPA_SPEND_RAW,          /**< `unlock` is the signature script as it is */
};

#define KASPA_COMMIT_LEARN (-1)
#define KASPA_BUILD_ROUNDS 8

struct kaspa_spend {
    enum kaspa_spend_kind kind;
    struct kaspa_outpoint outpoint;
    struct kaspa_utxo utxo;
    uint64_t sequence;
    const struct assay_key *key; /**< NULL: no signature (SCRIPT_HASH and RAW only) */
    /** SCRIPT_HASH with a key: who signs after it, in the order of their keys in the multisig. */
    const struct assay_key *const *cosigners;
    size_t cosigner_count;
    uint8_t sighash_type;      /**< 0: ALL */
    bool ecdsa;                /**< SCRIPT_HASH: the signatures are ECDSA ones */
    struct assay_bytes unlock; /**< SCRIPT_HASH, RAW: script bytes before the signatures */
    struct assay_bytes redeem; /**< SCRIPT_HASH */
    /** Signature operations (version 0) or budget; KASPA_COMMIT_LEARN: the smallest one with which
     *  the script runs. */
    int32_t commit;
};

struct kaspa_plan {
    uint16_t version;
    const struct kaspa_spend *spends;
    size_t spend_count;
    const struct kaspa_output *outputs;
    size_t output_count;
    const struct kaspa_spk *change; /**< NULL: no change output, the rest is the fee */
    uint64_t fee_per_kilogram;      /**< sompi; 0: KASPA_RELAY_FEE_PER_KILOGRAM. With change only */
    uint64_t lock_time;
    uint8_t subnetwork_id[KASPA_SUBNETWORK_BYTES];
    uint64_t gas;
    struct assay_bytes payload;
};

/** Builds and signs.
 *
 *  Change is the last output, worth what makes the fee exactly the rate's minimum for the whole
 *  transaction. It is left out, and is fee, where it would be worth nothing, or where with it the
 *  storage mass is above a block's limit and its own share of that, C * plurality^2 / value, is
 *  above the limit alone (below 0.02 KAS for a standard script): never a larger amount. Whether the
 *  masses of the rest are too large for a block is for kaspa_tx_verify to say, not for this.
 *
 *  A commitment that is learned, the fee, the change and the signatures depend on each other in
 *  that order, so a transaction that commits to nothing is built and run first, then one that
 *  commits to what that run used. A script that reads its own transaction may need more then: this
 *  is repeated, commitments never becoming smaller, at most KASPA_BUILD_ROUNDS times.
 *
 *  Unchanged on failure; err->at is the number of the spend where one is at fault. MISSING: no
 *  spends, or no key where one must sign. UNKNOWN: a signature hash type that consensus does not
 *  know. RANGE: the spends do not cover outputs and fee, a sum is above KASPA_MAX_SOMPI, the
 *  storage mass is above 64 bits or an amount 0, a commitment does not fit its field or none is
 *  large enough, or a key was never made. UNSUPPORTED: a script does not run as it must to learn
 * its commitment (the text has its error), covenants are wrong, or the rounds are used up.
 * TOO_LARGE: more inputs, outputs or bytes in a script than consensus allows. NOMEM. */
enum assay_code kaspa_build(struct kaspa_tx *out, struct assay_arena *arena,
                            const struct kaspa_plan *plan, struct assay_err *err) ASSAY_MUST_USE;

/** The utxos of a plan, one a spend, as sighash, engine and verify want them; NULL: no memory. */
const struct kaspa_utxo *kaspa_plan_utxos(struct assay_arena *arena, const struct kaspa_plan *plan);

#endif
