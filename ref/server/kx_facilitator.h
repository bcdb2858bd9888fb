/** A worker's facilitator: what it lists, which is asked for again after a while, and the calls
 * that the decision core makes. For server/kx_shop.c. */
#ifndef KX_FACILITATOR_H
#define KX_FACILITATOR_H

#include "core/kx_core.h"
#include "server/kaspa_x402.h"

struct kx_facilitator;
/** What was listed at one time; it lives until it is given back. */
struct kx_facilitator_list;

/** authorization: what each call says in the header of that name, kept by reference; empty: it says
 * nothing. MALFORMED, DENIED: the option; NOMEM. Asks nothing yet. */
enum assay_code kx_facilitator_new(struct kx_facilitator **out,
                                   const struct kx_server_options *options,
                                   struct assay_bytes authorization,
                                   struct assay_err *err) ASSAY_MUST_USE;
void kx_facilitator_free(struct kx_facilitator *f); /**< NULL is taken */

/** What it lists, no older than the options allow unless it cannot be reached any more: who has
 *  listed something once sells on, and nothing more than that. One request asks at a time, the
 *  others take what is there. NULL: it was never reached. */
struct kx_facilitator_list *kx_facilitator_take(struct kx_facilitator *f);
/** Of what is not NULL. */
const struct x402_supported *kx_facilitator_supported(const struct kx_facilitator_list *list);
void kx_facilitator_give_back(struct kx_facilitator *f,
                              struct kx_facilitator_list *list); /**< NULL is taken */

/** Makes the call of the action; the word's slices are in the arena. *why: for the log. */
void kx_facilitator_call(struct kx_facilitator *f, struct kx_facilitator_word *word,
                         enum assay_code *why, struct assay_arena *arena,
                         const struct kx_action *action);

#endif
