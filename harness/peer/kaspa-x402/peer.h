/** The verbs kaspa-x402 scenarios are written in: the payer, whoever attacks as one, and the chain.
 *
 *  A payment is a real signed transaction of coins on the simulated chain. It is made in stages,
 * and can be bent at each of them before the next one signs what it has become, so that a bent
 * payment is wrong in one thing alone. Everything lives as long as the case. Profiles are linked
 * together, so the functions have a prefix; scenarios use the short names below.
 *
 *  Source: Kaspa x402 exact digest; what is told of a payment is what ref/kaspa_x402 computes.
 */
#ifndef PEER_KASPA_X402_H
#define PEER_KASPA_X402_H

#include "kaspa/build.h"
#include "kaspa_x402/batch_verify.h"
#include "kaspa_x402/exact_verify.h"
#include "peer/http/peer.h"
#include "peer/http/tree.h"
#include "roles/kaspa_node.h"

#define PROFILE "kaspa-x402"

/** What a target may support beside the base: words of `supports` in its target file. */
enum kxp_need {
    KXP_PAY = NEED_PROFILE << 0,        /**< the role `node` is reachable: always needed to pay */
    KXP_ADDITIVE = NEED_PROFILE << 1,   /**< "additive", endpoint "additive" */
    KXP_PRINCIPALS = NEED_PROFILE << 2, /**< endpoint "private" and two `principals` */
    KXP_RECOVER = NEED_PROFILE << 3,    /**< operation "recover" */
    KXP_REST = NEED_PROFILE << 4,       /**< "node-rest": the target reads the REST subset;
                                           "node-rest-only": that and nothing else */
    KXP_WALLET = NEED_PROFILE << 5,     /**< a client's: the role `wallet` is reachable */
    KXP_CHANNELS = NEED_PROFILE << 6,   /**< "channels": what is priced is also sold by scheme
                                           batch-settlement; of a client: it pays by it */
    KXP_CLAIM = NEED_PROFILE << 7,      /**< operation "claim" */
    KXP_REFUND = NEED_PROFILE << 8,     /**< a client's: operation "refund" */
    KXP_MCP = NEED_PROFILE << 9,        /**< "mcp", and the endpoints of peer/x402/mcp.h */
    KXP_MCP_PIPE = NEED_PROFILE << 10,  /**< operation "mcp_stdio" */
    KXP_TENANTS = NEED_PROFILE << 11,   /**< a facilitator's: two `principals` */
};

/* ---- offers ---- */

struct kxp_offer {
    struct peer_want want;
    const struct peer_answer *answer;
    struct assay_json doc;                 /**< of PAYMENT-REQUIRED */
    struct x402_required required;         /**< its slices are of doc */
    size_t chosen;                         /**< of required.accepts */
    struct kx_terms terms;                 /**< of the chosen one, of scheme exact */
    struct kx_batch_offer batch;           /**< of the chosen one, of scheme batch-settlement */
    enum kx_batch_terms_fault batch_fault; /**< that it was found with */
    int64_t asked_ms;                      /**< target's clock when it was asked for */
    const char *caller;                    /**< a principal of the target file; NULL: nobody */
};

#define given_offer kxp_given_offer
#define given_additive_offer kxp_given_additive_offer
/** The standard-native offer of that request; `broken` when it does not come or does not hold. */
const struct kxp_offer *given_offer(struct assay_case *t, struct peer_want want);
const struct kxp_offer *given_additive_offer(struct assay_case *t, struct peer_want want);
/** Reads the offer of an answer. NULL, and why in *fault: there is none, or it breaks a rule. */
const struct kxp_offer *kxp_offer_of(struct assay_case *t, struct peer_want want,
                                     const struct peer_answer *answer, const char **fault);

const struct kxp_offer *kxp_additive_offer_of(struct assay_case *t, struct peer_want want,
                                              const struct peer_answer *answer, const char **fault);

/** Below 0.02 KAS the storage mass of an output is above what a transaction may have, unless inputs
 * make up for it (Kaspa consensus digest, section 6). */
#define KXP_LEAST_RELAYED UINT64_C(2000000)

/* ---- payments ---- */

enum { KXP_SPENDS_MAX = 20, KXP_OUTPUTS_MAX_MADE = 70 };

/** A payment in the making. Hooks change it; what comes after a hook is made of what it left. */
struct kxp_draft {
    struct assay_case *t;
    const struct kxp_offer *offer;
    const void *arg;  /**< of the bend */
    json_t *accepted; /**< the chosen terms, to be paid and sent */

    /* before there are coins */
    struct assay_key payer; /**< owns the coins and signs */
    uint64_t coin_amounts[KXP_SPENDS_MAX];
    size_t coin_count;
    struct kaspa_output outputs[KXP_OUTPUTS_MAX_MADE];
    size_t output_count; /**< without change */
    bool no_change;      /**< the rest is the fee; else that is what relay asks for */
    uint8_t sighash;     /**< SIGHASH flag of every input */
    struct kaspa_spk change;
    struct kaspa_outpoint head_outpoint; /**< of a head payment: what it spends first */
    uint64_t head_amount;

    /* once there are coins, before it is built: of a head payment the head is the first */
    struct kaspa_spend spends[KXP_SPENDS_MAX];
    size_t spend_count;
    bool keeps_scripts; /**< what the builder signed stays, whatever the `tx` hook did */

    /* once it is built, before it is signed */
    struct kaspa_tx tx;
    struct kaspa_input inputs[KXP_SPENDS_MAX];
    struct kaspa_output made[KXP_OUTPUTS_MAX_MADE];
    struct kaspa_utxo coins[KXP_SPENDS_MAX]; /**< that it spends, one an input */

    /* its text, and what is claimed with it, before that is authorised */
    json_t *text; /**< safe JSON of the transaction */
    char transaction_id[X402_HASH_TEXT_BYTES];
    const char *identifier;
    const char *expires_at; /**< NULL: half of what the offer allows from now */
    uint32_t output_index, input_index;
    const char *request_hash; /**< NULL: the fingerprint of offer->want */
    struct assay_key signer;  /**< of the authorization */
    const char *version;      /**< of the authorization */

    json_t *payment; /**< the PaymentPayload, before it is encoded */
};

typedef void kxp_hook(struct kxp_draft *d);

/** What is bent, and when; each may be NULL. */
struct kxp_bend {
    kxp_hook *terms;   /**< the accepted terms, coins and outputs */
    kxp_hook *coins;   /**< what is spent, and how */
    kxp_hook *tx;      /**< the built transaction, before it is signed */
    kxp_hook *text;    /**< its text and what is claimed with it, before that is authorised */
    kxp_hook *payload; /**< the whole payment, before it is encoded */
    const void *arg;
};

struct kxp_payment {
    const struct kxp_offer *offer;
    const char *header; /**< PAYMENT-SIGNATURE as it is sent */
    json_t *json;       /**< what it encodes */
    char transaction_id[X402_HASH_TEXT_BYTES];
    const char *identifier;
    struct kaspa_tx tx;            /**< signed */
    const struct kxp_draft *draft; /**< what it was made of, to make another of it */
};

#define given_payment kxp_given_payment
/** An honest payment from fresh coins. */
const struct kxp_payment *given_payment(struct assay_case *t, const struct kxp_offer *offer);
/** Offer and payment of that request, as one of the target file's principals. */
const struct kxp_payment *kxp_paid_as(struct assay_case *t, struct peer_want want,
                                      const char *caller);
/** Offer and payment of that request. */
const struct kxp_payment *kxp_paid(struct assay_case *t, struct peer_want want);
/** A payment that is bent. */
const struct kxp_payment *kxp_bent(struct assay_case *t, const struct kxp_offer *offer,
                                   struct kxp_bend bend);
/** The same transaction and coins, claimed anew: for another offer (NULL: the same), bent from
 * `text` on. */
const struct kxp_payment *kxp_reclaimed(struct assay_case *t, const struct kxp_payment *paid,
                                        const struct kxp_offer *offer, struct kxp_bend bend);
/** The same payment, its JSON changed (`payload` of the bend alone) and encoded again. */
const struct kxp_payment *kxp_rewritten(struct assay_case *t, const struct kxp_payment *paid,
                                        struct kxp_bend bend);
/** The same payment with this header text. */
const struct kxp_payment *kxp_with_header(struct assay_case *t, const struct kxp_payment *paid,
                                          const char *header);
/** n payments of one request, each from its own offer and coins. */
const struct kxp_payment *const *kxp_paid_many(struct assay_case *t, struct peer_want want,
                                               size_t n);

/** A JSON document of a text, in the case's memory; `broken` when it is none. */
struct assay_json kxp_doc(struct assay_case *t, struct assay_bytes text);
/* For hooks; see peer/http/tree.h. */
#define kxp_set peer_tree_set
#define kxp_set_text peer_tree_set_text
#define kxp_get peer_tree_get
#define kxp_encode peer_base64
#define kxp_json_text peer_tree_text
#define kxp_hex peer_hex
#define kxp_owned case_owned
#define kxp_identifier peer_identifier
/** The fingerprint that the draft's request would have at another server. */
const char *kxp_fingerprint_at(struct kxp_draft *d, const char *base_url);
/** Writes the text and the id of d->tx anew, without signing it anew. */
void kxp_write_text(struct kxp_draft *d);
/** "2026-11-21T10:00:00.000Z" */
const char *kxp_time_text(struct assay_case *t, int64_t ms);
/** Another key than the payer's, from the case's seed. */
struct assay_key kxp_stranger(struct assay_case *t);
struct kaspa_spk kxp_spk_of(struct assay_case *t, const struct assay_key *key);

/* ---- sending ---- */

struct peer_with kxp_headers(const struct kxp_payment *payment); /**< NULL: none */
/** The same with a principal's own headers. */
struct peer_with kxp_headers_as(struct assay_case *t, const char *caller,
                                const struct kxp_payment *payment);
const struct peer_answer *kxp_send(struct assay_case *t, const char *label, struct peer_want want,
                                   const struct kxp_payment *payment);

/** Tries of an identical request: for as long as the target's limits, and a trouble with its node
 * that is just over, may put it off. */
struct kxp_tries {
    int64_t until_ns;
    int least_left, pause_ms;
};
struct kxp_tries kxp_tries(struct assay_case *t);
/** Whether what was answered so is worth another try: after a pause, in which the chain goes on
 * whatever its miner does, since a payment is final to who asks for confirmations only then. */
bool kxp_try_again(struct assay_case *t, struct kxp_tries *tries, const struct peer_answer *answer);

/** The identical request until it is answered with something else than 429, 503 and 504, or tries
 * are over; then, if the target has that operation, once more after an operator's `reconcile`. The
 * last answer. */
const struct peer_answer *kxp_send_until_known(struct assay_case *t, const char *label,
                                               struct peer_want want,
                                               const struct kxp_payment *payment);
const struct peer_answer *kxp_send_until_known_as(struct assay_case *t, const char *label,
                                                  struct peer_want want,
                                                  const struct kxp_payment *payment,
                                                  const char *caller);
/** The identical request for a few tries, where a lasting 503 is an answer, too. */
const struct peer_answer *kxp_send_briefly(struct assay_case *t, const char *label,
                                           struct peer_want want,
                                           const struct kxp_payment *payment);
/** The identical request until its handler has run once more, or it is answered otherwise. */
const struct peer_answer *kxp_send_until_run(struct assay_case *t, const char *label,
                                             struct peer_want want,
                                             const struct kxp_payment *payment);
/** peer_send_held, for as many tries as it takes to be final enough; `broken` when its handler is
 * not asked to run. */
struct peer_pending *kxp_send_held(struct assay_case *t, const char *label, struct peer_want want,
                                   const struct kxp_payment *payment);
/** Likewise peer_send_unheard, until the next handler runs. What that does is the caller's to say.
 */
struct peer_cut *kxp_send_unheard(struct assay_case *t, const char *label, struct peer_want want,
                                  const struct kxp_payment *payment);
/** n copies at once. */
const struct peer_answer *const *kxp_copies(struct assay_case *t, const char *label,
                                            struct peer_want want,
                                            const struct kxp_payment *payment, size_t n);

/* ---- the chain and its node ---- */

/** The chain mines what is in the mempool as soon as it is there, unless told to leave it. Each
 * case begins with a sound node that tells the truth, and mining. */
void kxp_mining(struct assay_case *t, bool on);
bool kxp_is_mining(struct assay_case *t);
void kxp_mine(struct assay_case *t, unsigned blocks);
/** Blocks that each merge so many others: blue scores run ahead of depth. */
void kxp_mine_merging(struct assay_case *t, unsigned blocks, unsigned merged);
/** Ends the case as `unsupported` where the target cannot see that. */
void kxp_node_behaves(struct assay_case *t, struct kaspa_node_behaviour behaviour);
void kxp_node_is_sound(struct assay_case *t);
void kxp_node_restarts(struct assay_case *t);
/** Serves a fork from now on that knows nothing of what comes after; and back. */
void kxp_node_forks(struct assay_case *t);
void kxp_node_returns(struct assay_case *t);
/** Takes the last blocks off the chain; what they had accepted is held in the mempool. winner NULL:
 * none. */
void kxp_reorganise(struct assay_case *t, unsigned depth, const struct kaspa_tx *winner);
/** As many of them as it takes for an accepted payment to leave the chain. */
void kxp_reorganise_out(struct assay_case *t, const struct kxp_payment *payment,
                        const struct kaspa_tx *winner);
/** Mines a block that accepts nothing, and forgets all before it. */
void kxp_prune(struct assay_case *t);
void kxp_evict(struct assay_case *t, const struct kxp_payment *payment);
/** Lets what a reorganisation threw out be accepted again. */
void kxp_release(struct assay_case *t, const struct kxp_payment *payment);
/** A transaction that spends the payment's first coin, to somebody else, at a higher fee. */
const struct kaspa_tx *kxp_conflict(struct assay_case *t, const struct kxp_payment *payment);
/** Whether the node's mempool asks for more than consensus does. Each case begins with that. */
void kxp_relay_policy(struct assay_case *t, bool on);
/** Puts a transaction on the chain, not through the target. `broken` when the chain refuses it. */
void kxp_submit_ourselves(struct assay_case *t, const struct kaspa_tx *tx);
/** A coin of that amount for a script. */
struct kaspa_outpoint kxp_fund(struct assay_case *t, const struct kaspa_spk *spk, uint64_t amount);
enum kaspa_chain_tx_state kxp_state(struct assay_case *t, const struct kxp_payment *payment);
/** Waits until the target has submitted it and the chain has it in the mempool; `broken` when that
 * does not happen. */
void kxp_await_in_mempool(struct assay_case *t, const struct kxp_payment *payment);
/** Waits until the target has submitted so many transactions since the case began; false: not
 * within its limits. */
bool kxp_await_submissions(struct assay_case *t, uint64_t count);
/** Waits until the target has made so many calls of any kind since the case began, at most as long
 * as it waits for acceptance. */
bool kxp_await_calls(struct assay_case *t, uint64_t count);
uint64_t kxp_submissions(struct assay_case *t); /**< since the case began */
uint64_t kxp_calls(struct assay_case *t);       /**< of any kind */
/** Calls since the case began that name the payment: its id, what it spends, or whose that is. What
 * a server asks its node for of its own accord, as often as it likes, names none of them. */
uint64_t kxp_calls_about(struct assay_case *t, const struct kxp_payment *payment);
size_t kxp_submitted_ids(struct assay_case *t); /**< distinct ids among them */
struct kaspa_node *kxp_node(struct assay_case *t);
struct kaspa_chain *kxp_chain(struct assay_case *t); /**< call with the lock of kxp_lock taken */
struct kaspa_chain_lock *kxp_lock(struct assay_case *t);

/* ---- the operator ---- */

/** Whether the target file has the operation `recover`, of a target that was launched. */
bool kxp_can_recover(struct assay_case *t);
/** Supplies 200 with that text as the handler's result; judged: it succeeds. */
void kxp_recover(struct assay_case *t, const struct kxp_payment *payment, const char *text);

/** Says that the payment's handler, although it was started, has not run. False: the target file
 * has no such operation. */
bool kxp_not_run(struct assay_case *t, const struct kxp_payment *payment);
/** Has the chain looked at again. False: the target file has no such operation. */
bool kxp_reconcile(struct assay_case *t, const struct kxp_payment *payment);

/* ---- judging ---- */

/** Paid and delivered: 2xx, one run since it was asked, PAYMENT-RESPONSE with success, this
 * transaction, network and amount; and the chain had accepted it before the handler ran. */
#define expect_delivered(t, answer, payment)                                                       \
    (PEER_HERE(t), (kxp_expect_delivered)((t), (answer), (payment)))
/** The stored answer again: status, body, content type and PAYMENT-RESPONSE; no run, no submission.
 */
#define expect_cached(t, answer, first) (PEER_HERE(t), (kxp_expect_cached)((t), (answer), (first)))
/** Told to come again: 429, 503 or 504, with nothing of the paid content and no run. */
#define expect_later(t, answer) (PEER_HERE(t), (kxp_expect_later)((t), (answer)))
/** Bought before: refused, put off, or the stored answer; no run and no submission. */
#define expect_no_second_run(t, answer) (PEER_HERE(t), (kxp_expect_no_second_run)((t), (answer)))
/** Refused for this time, whichever way: 4xx or 5xx, nothing paid, no run. Submissions are not
 * looked at. */
#define expect_not_served(t, answer) (PEER_HERE(t), (kxp_expect_not_served)((t), (answer)))
/** 402 with an offer that holds for this request; no run, no submission. */
#define expect_challenge(t, answer, want)                                                          \
    (PEER_HERE(t), (kxp_expect_challenge)((t), (answer), (want)))
/** Of n answers that share `before`: one run; all that were served have one body; the others were
 * refused or told to come again. */
#define expect_one_run(t, answers, n) (PEER_HERE(t), (kxp_expect_one_run)((t), (answers), (n)))
/** Of n payments of which one alone can buy, sent at once with their handlers held: one run; and
 * one is served, then or when each is sent again alone. */
#define expect_one_winner(t, label, shots, n)                                                      \
    (PEER_HERE(t), (kxp_expect_one_winner)((t), (label), (shots), (n)))
/** The node was asked nothing about the payment. */
#define expect_no_lookup(t, payment) (PEER_HERE(t), (kxp_expect_no_lookup)((t), (payment)))
/** The node was asked to take no more than `n` distinct transactions since the case began. */
#define expect_submissions(t, n) (PEER_HERE(t), (kxp_expect_submissions)((t), (n)))
/** A payment that was delivered, or is delivered now, to this request: the money bought its one
 * answer. Retries until it is known. */
#define expect_not_lost(t, want, payment)                                                          \
    (PEER_HERE(t), (kxp_expect_not_lost)((t), (want), (payment)))

/** Unpaid: 402 with an offer for this request, or told to come again, since a server may ask its
 * node first; NULL: the latter. Others may run meanwhile. */
#define expect_offer_or_later(t, answer, want)                                                     \
    (PEER_HERE(t), (kxp_expect_offer_or_later)((t), (answer), (want)))

void kxp_expect_delivered(struct assay_case *t, const struct peer_answer *answer,
                          const struct kxp_payment *payment);
void kxp_expect_cached(struct assay_case *t, const struct peer_answer *answer,
                       const struct peer_answer *first);
void kxp_expect_later(struct assay_case *t, const struct peer_answer *answer);
const struct kxp_offer *kxp_expect_offer_or_later(struct assay_case *t,
                                                  const struct peer_answer *answer,
                                                  struct peer_want want);
void kxp_expect_no_second_run(struct assay_case *t, const struct peer_answer *answer);
void kxp_expect_not_served(struct assay_case *t, const struct peer_answer *answer);
void kxp_expect_challenge(struct assay_case *t, const struct peer_answer *answer,
                          struct peer_want want);
void kxp_expect_one_run(struct assay_case *t, const struct peer_answer *const *answers, size_t n);
void kxp_expect_one_winner(struct assay_case *t, const char *label, const struct peer_shot *shots,
                           size_t n);
void kxp_expect_no_lookup(struct assay_case *t, const struct kxp_payment *payment);
void kxp_expect_submissions(struct assay_case *t, uint64_t n);
void kxp_expect_not_lost(struct assay_case *t, struct peer_want want,
                         const struct kxp_payment *payment);
#define kxp_is_served peer_is_served
bool kxp_is_later(const struct peer_answer *answer); /**< 429, 503 or 504 */

#endif
