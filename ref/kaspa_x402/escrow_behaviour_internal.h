/** One execution, made for a script and run. Internal to the comparison of scripts by behaviour. */
#ifndef KX_ESCROW_BEHAVIOUR_INTERNAL_H
#define KX_ESCROW_BEHAVIOUR_INTERNAL_H

#include "kaspa/script.h"
#include "kaspa_x402/batch_tx_internal.h"
#include "kaspa_x402/escrow_behaviour.h"

/** What an honest wallet has. */
#define KX_PLAY_VALUE INT64_C(90000000) /**< V */
#define KX_PLAY_REST INT64_C(22000000)  /**< T - S */
#define KX_PLAY_AMOUNT INT64_C(9000000) /**< D */
#define KX_PLAY_FEE INT64_C(1000)
#define KX_PLAY_FUNDING INT64_C(20000000) /**< of a top-up */
#define KX_PLAY_ADDED INT64_C(17000000)

/** Of an output; of an extra input or output: that there is one. */
enum kx_play_bond { KX_BOND_OWN, KX_UNBOUND, KX_BOUND, KX_BOUND_ANEW };
enum kx_play_payee { KX_PAYEE_OWN, KX_PAYEE_OTHER /**< refund for payout */, KX_PAYEE_STRANGER };
enum kx_play_next { KX_NEXT_OWN, KX_NEXT_STRANGER };
enum kx_play_voucher {
    KX_VOUCHER_OWN,
    KX_VOUCHER_LINEAGE,
    KX_VOUCHER_NETWORK,
    KX_VOUCHER_DOMAIN,
    KX_VOUCHER_BARE, /**< over the eight bytes of T (B01) */
};

/** What is unusual in an execution; zero: nothing. Amounts are sompi more than the honest one. */
struct kx_execution {
    struct kx_execution_row row;
    int64_t total_by, amount_by, payee_by, next_by, state_by, voucher_total_by, lock_time_by;
    uint64_t again; /**< D of a second claim, from the successor, by the same voucher */
    uint64_t lock_time, sequence;
    bool is_total_negative, is_amount_negative, is_version_0;
    enum kx_play_payee payee_to;
    enum kx_play_next next_to;
    enum kx_play_bond payee_in, next_in, extra_output, extra_input;
    bool has_no_next, has_no_payee, has_no_funding, is_swapped, is_behind;
    enum kx_party provider, client, voucher; /**< who signs in whose place */
    uint8_t provider_type, client_type;
    enum kx_play_voucher voucher_of;
    unsigned short_argument; /**< the how-manieth lacks its last byte */
    enum kx_escrow_path selector_of;
    bool is_selector_unknown, is_trailing, is_leading;
    bool is_bare; /**< the script is pushed, and nothing else */
};
extern const struct kx_execution kx_executions[KX_EXECUTION__COUNT];

/** What an execution did with a byte of the script. */
enum kx_play_cover {
    KX_COVER_NONE, /**< it ended before */
    KX_COVER_DATA, /**< pushed in a dead branch, and so never looked at */
    KX_COVER_DEAD, /**< an instruction of a dead branch */
    KX_COVER_RUN,
};

#define KX_PLAY_HASHES 64 /**< more than there are states in the executions of a candidate */
/** What pays to a candidate at a state, from one execution to the next of the same candidate in the
 *  same way. Zero-initialised is empty. */
struct kx_play_hashes {
    struct {
        uint64_t state;
        uint8_t spk[KASPA_SPK_SCRIPT_HASH_BYTES];
    } rows[KX_PLAY_HASHES];
    size_t count;
};

/** An execution on a script of up to KX_BEHAVIOUR_SCRIPT_MAX bytes, in the way of a template with
 *  a lineage. */
struct kx_play {
    const struct kx_behaviour *b;
    const struct kx_execution *execution;
    const struct kx_escrow_template *way;
    struct assay_bytes script;
    struct kx_play_hashes *hashes;
    uint8_t *cover;     /**< raised to what it did, a byte each of the script; may be NULL */
    uint16_t ended_at;  /**< as in struct kx_behaviour */
    bool has_no_memory; /**< and so no answer */
};
/** Whether it is allowed. What cannot be decided, or made, is not. */
bool kx_play(struct kx_play *play);

/* ---- a step of an execution ---- */

#define KX_PLAY_CELLS 4 /**< inputs, and outputs */
#define KX_PLAY_WITNESS_MAX (KX_BEHAVIOUR_SCRIPT_MAX + 512)

/** A transaction in the making. */
struct kx_scene {
    struct kx_play *play;
    const struct kx_execution *e;
    const struct kx_behaviour *b;
    enum kx_batch_kind kind;
    struct assay_bytes script; /**< that is spent */
    uint64_t state;            /**< S, as that script has it */
    uint64_t value;            /**< V */
    uint64_t total, amount;    /**< T and D */
    struct kaspa_hash covenant_id;

    struct kaspa_tx tx; /**< its arrays are those below */
    struct kaspa_input inputs[KX_PLAY_CELLS];
    struct kaspa_utxo utxos[KX_PLAY_CELLS];
    struct kaspa_output outputs[KX_PLAY_CELLS];
    size_t head; /**< the input */
    struct kaspa_sighash_cache cache;
    uint8_t next_script[KX_BEHAVIOUR_SCRIPT_MAX];
    uint8_t witness[KX_PLAY_WITNESS_MAX];
};

/** A sum that no row takes below zero; what a candidate's own state does to it, wraps. */
static inline uint64_t kx_moved(uint64_t amount, int64_t by)
{
    return amount + (uint64_t)by;
}

/** Makes what is spent and paid: play, e, b, kind and covenant_id are there. amount: D of a claim.
 */
void kx_scene_set(struct kx_scene *s, struct assay_bytes script, uint64_t value, uint64_t amount);
/** Makes the witness. False: the way has no such argument, or a key was never made. */
bool kx_scene_sign(struct kx_scene *s) ASSAY_MUST_USE;
/** What the curve would say of a stand-in; context: the scene. */
enum assay_sig kx_scene_answer(void *context, const uint8_t *sig, const uint8_t *message,
                               const uint8_t *xonly);

#endif
