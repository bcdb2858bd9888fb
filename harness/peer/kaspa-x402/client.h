/** The verbs of scenarios that attack a paying client: its policy, its runs, and what it did with
 *  its wallet, at the shop and on the chain.
 *
 *  The client is a command of the target file. It is told to buy ${URL} under the policy of the
 * file
 *  ${POLICY} (format: ref/client/kx_policy.h) with the wallet ${WALLET} (docs/wallet-role.md), and
 *  is expected to end with status 0 when it has paid and was served, and then to print the answer's
 *  body; with any other status otherwise. What it says beside that is not judged: what left it is.
 *
 *  Source: Kaspa x402 client digest, sections 2 and 4; exact digest, section 20.
 */
#ifndef PEER_KASPA_X402_CLIENT_H
#define PEER_KASPA_X402_CLIENT_H

#include "peer/kaspa-x402/peer.h"
#include "roles/kaspa_shop.h"
#include "roles/kaspa_wallet.h"

/** Of every scenario here. */
#define OF_A_CLIENT .side = SIDE_CLIENT, .needs = KXP_PAY | KXP_WALLET
#define KXP_GOODS "/goods" /**< what is bought where a scenario says nothing else */

/** What the client may spend. NULL and 0: what an honest purchase from the shop needs. */
struct kxp_policy {
    const char *origin;
    const char *pay_to, *also_pay_to;
    uint64_t amount; /**< sompi; 0: the shop's price */
    const char *source;
    unsigned request_ms, wallet_ms, retry_ms;
    const char *more; /**< further members, as JSON: "\"networks\": [\"kaspa:testnet-10\"]" */
};
/** Writes it to the instance's folder; its path. */
const char *kxp_given_policy(struct assay_case *t, struct kxp_policy policy);

/** What a client did, seen from outside. */
struct kxp_counts {
    uint64_t wallet_calls, kinds;       /**< all, and sourceKind */
    uint64_t orders;                    /**< calls that have it make a key, or sign anything */
    uint64_t finals;                    /**< that tell it what became of a transaction */
    uint64_t signatures;                /**< transactions that the wallet signed */
    uint64_t vouchers;                  /**< vouchers that it signed */
    uint64_t requests, paid, elsewhere; /**< at the shop: all, those with a payment, and those at
                                         * its other origin */
    uint64_t events; /**< submissions to the chain, but for coins that the wallet makes for itself
                      */
};
/** Since the case, or its honest probe, began. */
struct kxp_counts kxp_counts(struct assay_case *t);
/** Different payments among those shown to the shop since then. */
size_t kxp_payments_shown(struct assay_case *t);
/** The n-th request since then that came with a payment, from 1. False: there were fewer. */
bool kxp_shown(struct assay_case *t, uint64_t n, struct kaspa_shop_call *out);
/** The n-th request since then, from 1. */
bool kxp_asked(struct assay_case *t, uint64_t n, struct kaspa_shop_call *out);
/** The n-th call of that name to the wallet since then, from 1. */
bool kxp_wallet_was_asked(struct assay_case *t, const char *call, uint64_t n,
                          struct kaspa_node_call *out);

struct kxp_buys {
    const char *url; /**< NULL: the shop's KXP_GOODS */
    struct kxp_policy policy;
    bool supervised; /**< under the instance's supervisor, with the rule set there */
    const char *label;
};

struct kxp_run {
    struct client_run *run;
    const char *label, *target; /**< target: of the URL, by which the shop names its goods */
    struct kxp_counts before;
    bool has_ended;  /**< by itself, within the patience with the target */
    bool has_bought; /**< and said so: status 0 */
    bool has_goods;  /**< it printed them */
};

/** Runs it to its end; what does not end is killed, and told as such. */
const struct kxp_run *kxp_client_runs(struct assay_case *t, struct kxp_buys buys);
/** Starts it alone; kxp_client_ends waits. */
struct kxp_run *kxp_client_starts(struct assay_case *t, struct kxp_buys buys);
const struct kxp_run *kxp_client_ends(struct assay_case *t, struct kxp_run *run);
/** Honest purchases of KXP_GOODS, and of something else. */
const struct kxp_run *kxp_client_buys(struct assay_case *t);
const struct kxp_run *kxp_client_buys_at(struct assay_case *t, const char *target);
struct kxp_counts kxp_during(struct assay_case *t, const struct kxp_run *run); /**< up to now */

const char *kxp_shop_url(struct assay_case *t, const char *target);
const char *kxp_elsewhere_url(struct assay_case *t, const char *target);
struct kaspa_shop *kxp_shop(struct assay_case *t);
struct kaspa_wallet *kxp_wallet(struct assay_case *t);
void kxp_shop_behaves(struct assay_case *t, struct kaspa_shop_behaviour behaviour);
void kxp_shop_is_honest(struct assay_case *t);
/** Its offers are edited, nothing else. */
void kxp_shop_offers(struct assay_case *t, kaspa_shop_edit *edit, const void *arg);
/** The first answer to a payment, and to every later one. */
void kxp_shop_answers_paid(struct assay_case *t, struct kaspa_shop_answer answer);
void kxp_wallet_behaves(struct assay_case *t, struct kaspa_wallet_behaviour behaviour);
void kxp_wallet_is_sound(struct assay_case *t);

/* For edits of a challenge. */
json_t *kxp_offer_at(json_t *required, size_t index); /**< borrowed; NULL: none */
/** A copy of the first offer, put before it, and borrowed. */
json_t *kxp_offer_before(json_t *required);
/** The same address on that network, or with its payload's last byte changed. */
const char *kxp_address_on(struct assay_case *t, const char *address, enum kaspa_network network);
const char *kxp_address_like(struct assay_case *t, const char *address);
/** Pays an offer to that address: payTo, and the script that it stands for. */
void kxp_offer_pays(json_t *offer, const char *address);

/** The head on the chain, as an offer of the profile additive; and the edit that makes the shop's
 * first offer that one. */
struct kxp_head_offer;
const struct kxp_head_offer *kxp_given_head_offer(struct assay_case *t);
const char *kxp_head_payee(const struct kxp_head_offer *offer);
kaspa_shop_edit kxp_offer_head;

/* ---- judging ---- */

/** How far a client may have gone with its wallet when it refuses. */
enum kxp_reach {
    KXP_ASKS_NOTHING, /**< no call at all */
    KXP_ASKS_KIND,    /**< sourceKind alone */
    KXP_SIGNS_NOTHING,
    KXP_SENDS_NOTHING, /**< it may have had a payment signed */
};

/** One payment, good by every check of the spec, was shown to the shop, accepted by the chain and
 * signed once; the client ended with 0 and printed the goods. */
#define expect_bought(t, run) (PEER_HERE(t), (kxp_expect_bought)((t), (run)))
/** It ended by itself, not with 0; nothing was signed beyond `reach`, and nothing left it: no
 * request with a payment, no submission. */
#define expect_client_refused(t, run, reach)                                                       \
    (PEER_HERE(t), (kxp_expect_client_refused)((t), (run), (reach)))
/** A payment is out and not settled: it ended by itself, not with 0; the wallet was not told of any
 * end of it; at most one payment was signed and shown. */
#define expect_pending(t, run) (PEER_HERE(t), (kxp_expect_pending)((t), (run)))
/** Either of both: a client may retry and be served, or stop. */
#define expect_bought_or_pending(t, run) (PEER_HERE(t), (kxp_expect_bought_or_pending)((t), (run)))
/** Since the case began: at most one payment was signed, shown and submitted. */
#define expect_one_payment(t) (PEER_HERE(t), (kxp_expect_one_payment)(t))

void kxp_expect_bought(struct assay_case *t, const struct kxp_run *run);
void kxp_expect_client_refused(struct assay_case *t, const struct kxp_run *run,
                               enum kxp_reach reach);
void kxp_expect_pending(struct assay_case *t, const struct kxp_run *run);
void kxp_expect_bought_or_pending(struct assay_case *t, const struct kxp_run *run);
void kxp_expect_one_payment(struct assay_case *t);

#endif
