/** An official batch transaction that can be changed, signed again and judged; and tables of such
 *  changes.
 *
 *  It is taken apart once; a change is made to its parts, then masses, voucher and signatures are
 *  made anew over what it has become, so that nothing but the change is wrong. */
#ifndef REF_TESTS_KX_TX_WORLD_H
#define REF_TESTS_KX_TX_WORLD_H

#include "ref/tests/kx_lane_world.h"

#include <criterion/criterion.h>

enum { KX_TX_WORLD_MAX = 4 }; /**< inputs, and outputs */

struct kx_tx_world {
    struct kx_lane_world lane;
    struct kx_batch_plan plan; /**< that it was built from */
    struct kx_lane_head head;  /**< that it is judged by */
    struct assay_key stranger;
    struct kaspa_spk stranger_spk;

    struct kaspa_tx tx; /**< its arrays are those below */
    struct kaspa_input inputs[KX_TX_WORLD_MAX];
    struct kaspa_output outputs[KX_TX_WORLD_MAX];
    struct kaspa_utxo utxos[KX_TX_WORLD_MAX];
    bool is_missing[KX_TX_WORLD_MAX];

    /* What the head's witness is made of, and who signs it. */
    uint64_t total, amount;
    struct assay_bytes selector, redeem;
    const struct assay_key *provider, *client, *voucher; /**< who signs as such; NULL: zeros */
    struct kx_lane_head voucher_head;                    /**< the voucher is for */
    uint64_t voucher_total;
    uint8_t provider_type, client_type, funding_type;

    struct kaspa_point_of_view pov;
    struct kx_batch_tx with;
    struct kx_batch_tx_verdict verdict;
};

/** A step of a generation, 1 to 5, as it is built. */
struct kx_tx_world *kx_tx_world_new(int generation, enum kx_lane_step step);
void kx_tx_world_free(struct kx_tx_world *w);

typedef void kx_tx_change(struct kx_tx_world *w);
/** Changes it, signs it, changes what is then there, and judges it. Either may be NULL. */
void kx_tx_world_run(struct kx_tx_world *w, kx_tx_change *change, kx_tx_change *late);
/** Signs it, masses included. */
void kx_tx_world_sign(struct kx_tx_world *w);
void kx_tx_world_judge(struct kx_tx_world *w);
/** A copy of input 0's signature script that a change may write to. */
uint8_t *kx_tx_world_witness(struct kx_tx_world *w);
/** One more output, or one more input with a coin of the client's. */
struct kaspa_output *kx_tx_world_add_output(struct kx_tx_world *w, uint64_t value,
                                            const struct kaspa_spk *spk);
void kx_tx_world_add_input(struct kx_tx_world *w, uint64_t value);

/** What the chain's scripts do with it. */
enum kx_on_chain { REFUSED, ALLOWED, NOT_RUN };

#define KX_STEP(step) (1U << KX_LANE_##step)
#define KX_ALL_STEPS                                                                               \
    (KX_STEP(GENESIS) | KX_STEP(CLAIM) | KX_STEP(CLAIM_TWO) | KX_STEP(TOP_UP) | KX_STEP(REFUND))

/** The first generation of which a row is true; without it: of all that have lineages. */
#define KX_SINCE(generation) ((generation##U) << 8)

struct kx_tx_row {
    const char *name;
    unsigned steps;             /**< KX_STEP of each that it is a change of, and KX_SINCE */
    enum kx_batch_tx_rule rule; /**< the first that it breaks */
    enum kx_on_chain on_chain;
    kx_tx_change *change, *late;
};

/** Every row is refused as it says and told in words, and does with the scripts what it says. Every
 * rule from `first` up to `last` has a row in each kind that it is a rule of. */
void kx_tx_rows_expect(const struct kx_tx_row *rows, size_t count, enum kx_batch_tx_rule first,
                       enum kx_batch_tx_rule last);

#endif
