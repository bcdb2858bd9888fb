/** The verbs of scenarios that attack a client which pays by channel, beside those of client.h: the
 *  shop sells by channel, the policy allows it, and vouchers count.
 *
 *  A client of these scenarios supports "channels": with a policy that has "allowBatch" (format:
 *  ref/client/kx_policy.h) it opens a channel where it has none, and charges the one that it has.
 *  Its operation "refund", with ${CHANNEL} and ${POLICY}, takes back what is left of one.
 *
 *  Source: Kaspa x402 client digest, sections 2 and 4; batch digest, sections 5, 6 and 10.
 */
#ifndef PEER_KASPA_X402_CLIENT_CHANNEL_H
#define PEER_KASPA_X402_CLIENT_CHANNEL_H

#include "peer/kaspa-x402/client.h"

#define OF_A_CHANNEL_CLIENT .side = SIDE_CLIENT, .needs = KXP_PAY | KXP_WALLET | KXP_CHANNELS
/** The control that scenarios about clients with channels rest on. */
#define CLIENT_CHARGES PROFILE "/client_opens_a_channel_and_charges_it"

/** What the client may do by channel, in sompi and DAA; 0 and NULL: what two purchases and a top-up
 * need. */
struct kxp_channel_limits {
    uint64_t charge, deposit, top_up, total, exposure, lead, horizon;
    unsigned confirmations; /**< of a genesis; 0: one */
    const char *server, *resource;
    const char *without; /**< the member that the policy lacks */
};
struct kxp_policy kxp_channel_policy(struct assay_case *t, struct kxp_channel_limits limits);

/** From now on, with these edits and answers. */
void kxp_shop_sells_by_channel(struct assay_case *t, struct kaspa_shop_behaviour behaviour);
void kxp_channel_shop_is_honest(struct assay_case *t);
/** A purchase of `target` under those limits, as one run; where the channel's transaction is not
 * deep enough by its end, as several. */
const struct kxp_run *kxp_client_charges(struct assay_case *t, const char *target,
                                         struct kxp_channel_limits limits);
/** The shop sells honestly, and the client has a channel that it was served on once: judged as
 *  set-up. */
void kxp_given_channel(struct assay_case *t);
/** The client's operation `refund` for the channel that it paid on last: whether it says that it is
 *  done. */
bool kxp_client_refunds(struct assay_case *t);
uint64_t kxp_daa_score(struct assay_case *t); /**< of the chain's next block */
/** For the shop's behaviour: offers a refund above that DAA score, a decimal text. */
kaspa_shop_edit kxp_offer_refund_daa;
/** Mines until the chain's next block has that score, or a higher one. */
void kxp_mine_to(struct assay_case *t, uint64_t daa_score);

/** One good payment on a channel was shown, and no other; the client ended with 0 and printed the
 *  goods; so many transactions were signed. */
#define expect_charged(t, run, transactions)                                                       \
    (PEER_HERE(t), (kxp_expect_charged)((t), (run), (transactions)))
/** It did not end with 0, and had nothing signed: no transaction, no voucher. */
#define expect_nothing_signed(t, run) (PEER_HERE(t), (kxp_expect_nothing_signed)((t), (run)))

/** A voucher is out and not resolved: it did not end with 0; one voucher at most was signed, one
 * payment at most shown, and no transaction signed. */
#define expect_unresolved(t, run) (PEER_HERE(t), (kxp_expect_unresolved)((t), (run)))

/** What it has printed names no payment by a signature: it has neither a payment that was shown
 * during the run, nor as many digits in a row as only a signature has. */
#define expect_no_signature_told(t, run) (PEER_HERE(t), (kxp_expect_no_signature_told)((t), (run)))

void kxp_expect_charged(struct assay_case *t, const struct kxp_run *run, uint64_t transactions);
void kxp_expect_nothing_signed(struct assay_case *t, const struct kxp_run *run);
void kxp_expect_unresolved(struct assay_case *t, const struct kxp_run *run);
void kxp_expect_no_signature_told(struct assay_case *t, const struct kxp_run *run);

#endif
