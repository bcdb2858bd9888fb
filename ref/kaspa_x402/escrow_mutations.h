/** Scripts that drifted from kaspa-x402-escrow-v5 in the ways that are known: the 28 mutations of
 *  the batch digest, section 9.3, made of a channel's own script. */
#ifndef KX_ESCROW_MUTATIONS_H
#define KX_ESCROW_MUTATIONS_H

#include "kaspa_x402/escrow_behaviour.h"

struct kx_escrow_mutation {
    const char *id;   /**< "D12"; "D14b": another way to make the same mistake */
    const char *name; /**< what became of what */
    bool is_outside;  /**< the script is right; what pays to it is not */
};

size_t kx_escrow_mutation_count(void);
const struct kx_escrow_mutation *kx_escrow_mutation_at(size_t i);
/** Appends the script of the channel, which is of escrow-v5, with the mutation i in it. Where it is
 *  longer or shorter, what the script says of its own length follows, as it would after compiling.
 *  Fails as the buffer does. */
enum assay_code kx_escrow_mutate(struct assay_buf *out, const struct kx_behaviour *b,
                                 size_t i) ASSAY_MUST_USE;

#endif
