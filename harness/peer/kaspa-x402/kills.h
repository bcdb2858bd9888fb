/** The verbs of scenarios that kill a server, or trouble its disk, at the calls that its supervisor
 *  sees. See harness/fault/supervisor.h. */
#ifndef PEER_KASPA_X402_KILLS_H
#define PEER_KASPA_X402_KILLS_H

#include "peer/kaspa-x402/peer.h"

/** Calls before each of which a server is killed, payment by payment: the rows of a scenario. */
struct kxp_kill {
    const char *name;
    unsigned calls;
    bool handler_runs; /**< they are counted from when it does */
};
enum { KXP_KILLS = 3 };
extern const struct kxp_kill kxp_kills[KXP_KILLS];

/** One payment with a kill before the n-th such call, from 1. False: it was served without the
 *  kill. Ends the case where such calls of a store are out of the supervisor's sight. */
bool kxp_dies_before(struct assay_case *t, const struct kxp_kill *kill, uint64_t n,
                     struct peer_want want, const struct kxp_payment *paid);
/** Starts it again; a target that does not start ends the case. */
void kxp_restart(struct assay_case *t);

/** The target's supervisor, whose rule ends with the case at the latest. */
struct supervisor *kxp_supervisor(struct assay_case *t);
/** Ends the case where the supervisor has seen nothing of an honest payment: what is written to a
 *  store in other processes than the target's, a database server's, is out of its sight. */
void kxp_end_unless_writes_are_seen(struct assay_case *t);

#endif
