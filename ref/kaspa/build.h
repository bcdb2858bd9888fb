/** Building and signing whole transactions, for peers and tests.
 *
 *  A plan says what is spent by whom and what is paid; the builder computes change, fee, compute
 *  commitments and storage mass, and signs. Everything it makes is in the arena.
 */
#ifndef KASPA_BUILD_H
#define KASPA_BUILD_H

#include "base/arena.h"
#include "kaspa/sign.h"

enum kaspa_spend_kind {
    KASPA_SPEND_PUBKEY,       /**< signed with Schnorr: <sig> */
    KASPA_SPEND_PUBKEY_ECDSA, /**< signed with ECDSA: <sig> */
    KASPA_SPEND_SCRIPT_HASH,  /**< <unlock…> [<sig>] <redeem> */
    KASPA_SPEND_RAW,          /**< `unlock` is the signature script as it is */
};

struct kaspa_spend {
    enum kaspa_spend_kind kind;
    struct kaspa_outpoint outpoint;
    struct kaspa_utxo utxo;
    uint64_t sequence;
    const struct assay_key *key; /**< NULL: no signature (SCRIPT_HASH and RAW only) */
    uint8_t sighash_type;        /**< 0: ALL */
    bool ecdsa;                  /**< SCRIPT_HASH: the signature is an ECDSA one */
    struct assay_bytes unlock;   /**< script bytes before the signature */
    struct assay_bytes redeem;   /**< SCRIPT_HASH */
    int32_t
        commit; /**< signature operations or budget; -1: what running the script shows it needs */
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

/** Builds and signs. MISSING: no spends; RANGE: the spends do not cover outputs and fee, or a sum
 * or the storage mass does not fit; UNSUPPORTED: a script does not run as it must to learn its
 * commitment (err has its error); NOMEM, TOO_LARGE. Unchanged on failure. */
enum assay_code kaspa_build(struct kaspa_tx *out, struct assay_arena *arena,
                            const struct kaspa_plan *plan, struct assay_err *err) ASSAY_MUST_USE;

/** The utxos of a plan, one a spend, as sighash, engine and verify want them; NULL: no memory. */
const struct kaspa_utxo *kaspa_plan_utxos(struct assay_arena *arena, const struct kaspa_plan *plan);

#endif
