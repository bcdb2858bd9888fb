/** Channels for tests of the Kaspa x402 store, payments that charge them, and operations on them.
 */
#ifndef REF_TESTS_KX_LANES_H
#define REF_TESTS_KX_LANES_H

#include "ref/tests/kx_phases.h"

#define LANE_FUNDING UINT64_C(1000000) /* V of a new channel */
#define LANE_CHARGE UINT64_C(1000)

/** The nth channel, as its deposit brings it: other than every other in all that must be unique.
 * Not to be copied: slices point into it. */
struct kx_test_lane {
    struct kx_lane_record record;
    char config[64], lineage[64];
};
void kx_lane_make(struct kx_test_lane *lane, unsigned n);
/** Has the nth payment charge a channel, as it is now. */
void kx_paid_for_lane(struct kx_paid *paid, unsigned n, const struct kx_lane_record *lane);
/** It brings the channel, too. */
void kx_paid_deposits(struct kx_paid *paid, unsigned n, const struct kx_lane_record *lane);
/** Opens it with a claim that is abandoned: nothing is charged, and the coin is there. */
void kx_lane_opened(struct kx_store *store, struct kx_test_lane *lane, unsigned n);

/** Its slices are gone. */
struct kx_lane_record kx_lane_loaded(struct kx_store *store, const char *channel_id);
/** Everything of it but the time of its change. */
void kx_lane_expect(struct kx_store *store, const struct kx_lane_record *want, const char *when);
/** What a commit makes of it. */
void kx_lane_charged(struct kx_lane_record *lane, const struct kx_paid *paid);
/** Puts status, V and S at the channel's version. */
void kx_lane_moved(struct kx_store *store, struct kx_lane_record *lane);

/** The nth operation on a channel, as it is now. */
struct kx_lane_operation kx_operation_of(unsigned n, enum kx_transition_kind kind,
                                         const struct kx_lane_record *lane, uint64_t amount);
enum kx_operation_result kx_operation_begun(struct kx_store *store,
                                            const struct kx_lane_operation *operation);
/** What an operation makes of it, at its present version. */
void kx_lane_after(struct kx_lane_record *lane, const struct kx_lane_operation *operation);

#endif
