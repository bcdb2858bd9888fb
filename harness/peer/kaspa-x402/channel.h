/** The verbs that scenarios about channels are written in: a client with a channel of scheme
 *  batch-settlement, whoever attacks as one, and the chain that the channel lives on.
 *
 *  A channel is opened by a real genesis on the simulated chain, and lives there: claims, top-ups
 *  and the refund are transactions that consensus takes. A payment on it is made in stages, and can
 *  be bent at each of them before the next one signs what it has become, so that a bent payment is
 *  wrong in one thing alone. What is sent is a kxp_payment like any: the verbs of peer.h send it,
 *  and judge what is not about channels.
 *
 *  The provider's part of claims and top-ups is signed with the key of the seed "assay kaspa-x402",
 *  name "channel server", which a target is told the public half of; with another there are none.
 *
 *  Source: Kaspa x402 batch digest; what is told of a payment is what ref/kaspa_x402 computes.
 */
#ifndef PEER_KASPA_X402_CHANNEL_H
#define PEER_KASPA_X402_CHANNEL_H

#include "kaspa_x402/batch_settlement.h"
#include "kaspa_x402/batch_tx.h"
#include "peer/kaspa-x402/peer.h"

/* ---- channels ---- */

/** A channel as its client knows it. */
struct kxc_channel {
    const struct kxp_offer *offer; /**< that it was opened for */
    struct assay_key client;
    struct kx_lane lane;
    struct kx_lane_head head; /**< as the chain has it */
    struct kaspa_tx birth;    /**< what made the head */
    uint64_t total;           /**< T: of the last voucher that was served */
    uint64_t reserve;         /**< R: of the offer */
};

/** The control that scenarios about channels rest on. */
#define CHANNEL_OPENS PROFILE "/channel_is_opened_and_buys"

#define given_channel_offer kxp_given_channel_offer
/** The offer of a channel with fixed charges for that request; `broken` when it does not come or
 * does not hold. _to: as one of the target file's principals. */
const struct kxp_offer *given_channel_offer(struct assay_case *t, struct peer_want want);
const struct kxp_offer *kxp_given_channel_offer_to(struct assay_case *t, struct peer_want want,
                                                   const char *caller);
/** Reads the channel's offer of an answer. NULL, and why in *fault. */
const struct kxp_offer *kxp_channel_offer_of(struct assay_case *t, struct peer_want want,
                                             const struct peer_answer *answer, const char **fault);

enum { KXC_OUTPUTS_MAX = 3 };

/** A channel in the making. Its first output is the channel; what is bound to input 0 gets its
 * covenant id when the hooks are done, as the channel has the id that a lone output 0 has. */
struct kxc_genesis {
    struct assay_case *t;
    const struct kxp_offer *offer;
    const void *arg; /**< of the opening */
    struct assay_key client;
    struct kx_channel config;
    uint64_t claimed; /**< S in its script */
    uint64_t deposit; /**< twice what is offered as the least */

    /* once the configuration has a script */
    struct kaspa_output outputs[KXC_OUTPUTS_MAX];
    size_t output_count;
    struct kaspa_hash covenant_id;
};
typedef void kxc_genesis_hook(struct kxc_genesis *g);

/** How a channel is opened otherwise than honestly; each may be left out. */
struct kxc_opening {
    kxc_genesis_hook *config;  /**< the configuration and the deposit */
    kxc_genesis_hook *outputs; /**< of the genesis */
    unsigned depth;            /**< blocks from its own to the tip, both counted; 0: KXC_DEEP */
    bool is_unsent;            /**< the genesis is made, and not put on the chain */
    const struct assay_key *client; /**< NULL: a new one */
    const void *arg;
};
/** Below which nobody asks for more (section 12). */
#define KXC_DEEP KX_THRESHOLD_DEFAULT

/** A channel that is on the chain, and that the target has not heard of yet. */
struct kxc_channel *kxc_funded(struct assay_case *t, const struct kxp_offer *offer);
struct kxc_channel *kxc_funded_so(struct assay_case *t, const struct kxp_offer *offer,
                                  struct kxc_opening opening);
/** Offer, channel and its first purchase, which is judged: a channel that the target knows. */
struct kxc_channel *kxc_opened(struct assay_case *t, struct peer_want want);
/** The address of a script that has one, in the case's memory, with a NUL behind it. */
struct assay_bytes kxc_address(struct assay_case *t, struct kaspa_spk spk,
                               enum kaspa_network network);
/** As the same channel, known anew: what is done with the copy changes it alone. */
struct kxc_channel *kxc_copy(struct assay_case *t, const struct kxc_channel *channel);

/** Puts a claim of `amount`, a top-up by it, or the refund (amount 0) on the chain, so many blocks
 * deep, and moves the client's head there; a refund moves none. `unsupported` where the provider's
 * key is not ours. */
const struct kaspa_tx *kxc_move(struct assay_case *t, struct kxc_channel *channel,
                                enum kx_batch_kind kind, uint64_t amount, unsigned depth);
/** Mines until vouchers end before the channel's refund, by the lead that nobody's is below. */
void kxc_mine_to_refund(struct assay_case *t, const struct kxc_channel *channel, uint64_t lead_daa);
/** Takes a transaction out of the chain again, as deep as it is. */
void kxc_take_back(struct assay_case *t, const struct kaspa_tx *tx);
/** Releases it there, and buries it. */
void kxc_bring_back(struct assay_case *t, const struct kaspa_tx *tx);
/** Calls to the node since the case began that name the channel: its head, or its address. */
uint64_t kxc_calls_about(struct assay_case *t, const struct kxc_channel *channel);
/** Waits until there were so many; `broken` where that does not happen. */
void kxc_await_calls_about(struct assay_case *t, const struct kxc_channel *channel, uint64_t count);
/** The provider's key, which the harness has of targets that took it. `unsupported` else. */
struct assay_key kxc_provider(struct assay_case *t, const struct kxp_offer *offer);

/** The target's own operation `claim` for the channel, once: whether it says that it is done. */
bool kxc_operate_claim(struct assay_case *t, const struct kxc_channel *channel);
/** The same until it is done, while the chain goes on; judged: it is done, and what it has put on
 * the chain is a claim that keeps every rule, of what was charged and not claimed yet. Moves the
 * client's head there. */
#define expect_claimed(t, channel) (PEER_HERE(t), (kxc_expect_claimed)((t), (channel)))
void kxc_expect_claimed(struct assay_case *t, struct kxc_channel *channel);
/** What the chain was sent that spends the client's head, by whomever; NULL: nothing. */
const struct kaspa_tx *kxc_spender(struct assay_case *t, const struct kxc_channel *channel);

/* ---- payments ---- */

/** A payment in the making. Hooks change it; what comes after a hook is made of what it left. */
struct kxc_draft {
    struct assay_case *t;
    const struct kxp_offer *offer;
    const struct kxc_channel *channel;
    const void *arg; /**< of the bend */
    json_t *accepted;
    const char *identifier;

    /* before the voucher is signed: of the payload everything but signatures and hashes. The
     * channel's id is made of says.channel, its script of the channel's lane and `claimed` */
    struct kx_batch_payment says;
    uint64_t claimed;         /**< S of the script that it presents */
    bool keeps_id, keeps_spk; /**< what stands in `says` stays */
    struct kx_voucher voucher;
    const struct kx_batch_binding *domain; /**< whose the voucher's is */
    struct assay_key voucher_signer, signer;

    /* before the presentation is signed: its members stand in says.presentation.says */
    bool keeps_digest; /**< says.presentation.digest stays, and is signed */
    struct kx_commitment commitment;

    json_t *payment; /**< the PaymentPayload, before it is encoded */
};
typedef void kxc_hook(struct kxc_draft *d);

/** What is bent, and when; each may be NULL. */
struct kxc_bend {
    kxc_hook *terms;   /**< the accepted terms, the channel, the voucher */
    kxc_hook *present; /**< what is presented with the signed voucher, before that is signed */
    kxc_hook *payload; /**< the whole payment, before it is encoded */
    const void *arg;
};

/* For hooks. */
/** Sets a member of the accepted terms to the digits of an amount or a score. */
void kxc_accept_decimal(struct kxc_draft *d, const char *path, uint64_t value);

struct kxc_payment {
    struct kxp_payment sent; /**< transaction_id: of the attempt (section 7, E22), as an operator
                                names it; no transaction, and no draft */
    struct kxc_channel *channel;
    uint64_t total; /**< T of its voucher */
    enum kx_payload_type type;
    struct kx_commitment commitment;
    uint8_t voucher[ASSAY_SIG_BYTES];
};

/** An honest payment: of a voucher for what was charged so far and this, under a fresh offer. */
const struct kxc_payment *kxc_voucher(struct assay_case *t, struct kxc_channel *channel);
/** The same with the deposit that it is for: a genesis, or a top-up. */
const struct kxc_payment *kxc_deposit(struct assay_case *t, struct kxc_channel *channel);
/** Bent, and under that offer; NULL: a fresh one of the channel's own request. */
const struct kxc_payment *kxc_bent(struct assay_case *t, struct kxc_channel *channel,
                                   const struct kxp_offer *offer, enum kx_payload_type type,
                                   struct kxc_bend bend);
const struct peer_answer *kxc_send(struct assay_case *t, const char *label,
                                   const struct kxc_payment *payment);
/** The identical request until it is known what became of it. */
const struct peer_answer *kxc_send_until_known(struct assay_case *t, const char *label,
                                               const struct kxc_payment *payment);
/** An honest voucher of the channel, sent and judged. */
const struct kxc_payment *kxc_buy(struct assay_case *t, const char *label,
                                  struct kxc_channel *channel);

/* ---- judging ---- */

/** What is wrong with the PAYMENT-RESPONSE of a served payment (section 6.4), for who judges it
 * among others; NULL: nothing. */
const char *kxc_receipt_fault(struct assay_case *t, const struct peer_answer *answer,
                              const struct kxc_payment *payment);

/** Paid and delivered: 2xx, one run since it was asked, and a PAYMENT-RESPONSE with the commitment
 * that this client computes, the amount, and the channel where it must stand now; no signature of
 * the voucher anywhere. The channel's total is the voucher's from then on. */
#define expect_charged(t, answer, payment)                                                         \
    (PEER_HERE(t), (kxc_expect_charged)((t), (answer), (payment)))
/** Charged now or before, whichever the identical request finds. */
#define expect_charged_once(t, payment) (PEER_HERE(t), (kxc_expect_charged_once)((t), (payment)))
/** Refused as expect_refused, no signature of the voucher in the answer; and nothing has changed:
 * the client's honest voucher is charged. */
#define expect_refused_and_goes_on(t, answer, payment)                                             \
    (PEER_HERE(t), (kxc_expect_refused_and_goes_on)((t), (answer), (payment)))
/** 402 with an offer for the same request whose channelState is what this client knows. */
#define expect_corrected(t, answer, payment)                                                       \
    (PEER_HERE(t), (kxc_expect_corrected)((t), (answer), (payment)))
/** Refused, and told nothing of any channel. */
#define expect_told_nothing(t, answer, payment)                                                    \
    (PEER_HERE(t), (kxc_expect_told_nothing)((t), (answer), (payment)))

void kxc_expect_charged(struct assay_case *t, const struct peer_answer *answer,
                        const struct kxc_payment *payment);
void kxc_expect_charged_once(struct assay_case *t, const struct kxc_payment *payment);
void kxc_expect_refused_and_goes_on(struct assay_case *t, const struct peer_answer *answer,
                                    const struct kxc_payment *payment);
void kxc_expect_corrected(struct assay_case *t, const struct peer_answer *answer,
                          const struct kxc_payment *payment);
void kxc_expect_told_nothing(struct assay_case *t, const struct peer_answer *answer,
                             const struct kxc_payment *payment);

#endif
