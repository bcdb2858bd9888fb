/** The decision core of a paying Kaspa x402 client, schemes exact and batch-settlement: events in,
 * actions out.
 *
 *  No I/O, no clock, no randomness of its own: what happens in the world is told to it, and what it
 *  wants done it returns. The driver (kx_pay.h) and tests in virtual time drive the same code:
 *
 *      kx_client_prepare(c, &job)              -> the request's key; look for an attempt of it
 *      action = kx_client_start(c, known, now)
 *      while (action.kind != KX_CLIENT_DO_FINISH)
 *          carry it out; action = kx_client_fetched(...), kx_client_called(...),
 *          kx_client_saved(...), kx_client_looked(...), kx_client_found(...),
 *          kx_client_submitted(...) or kx_client_handed_on(...)
 *
 *  One run makes at most one payment. Its order: the unpaid request; the offer, against the policy;
 * the wallet's source, its network; the intention is saved; the source again; the wallet signs;
 * what it signed is verified; the node is asked for the coins; the artifact is saved; only then it
 * is sent, and sent again byte for byte. What the server says of it settles nothing: the node does.
 * The answer is handed on before it is remembered as delivered: who dies in between is given it
 * once more, and does not pay for it once more. A payment of the same request that is not resolved
 * is taken up again instead of a new one.
 *
 *  By channel (batch-settlement) the middle is another: the channel of this use is looked for in
 * the folder, and its head on the chain; the payer's wallet consents to the intent; where there is
 * no channel, one is made: its key, its terms saved, its genesis signed by the wallet, verified,
 * saved, submitted, and waited for until it is deep. Then the request is saved as the one that is
 * pending on the channel, the wallet signs voucher and presentation, and the payment is saved and
 * sent. What settles it is the receipt, which has to count this very request upon what the client
 * itself knows; until then nothing else is signed on the channel.
 *
 *  Source: Kaspa x402 client digest, sections 1 and 2 (F1 to F7, F10 to F12); exact digest,
 * sections 2.2, 14 and 20; batch digest, sections 5.4, 6 and 10. Hash-chain offers (F9) and MCP are
 * not paid by this client.
 */
#ifndef KX_CLIENT_H
#define KX_CLIENT_H

#include "client/kx_channels.h"
#include "client/kx_policy.h"
#include "kaspa_x402/chain_evidence.h"

#define KX_CLIENT_HEADER_PAYMENT "PAYMENT-SIGNATURE"
#define KX_CLIENT_HEADER_REQUIRED "PAYMENT-REQUIRED"
#define KX_CLIENT_HEADER_RESPONSE "PAYMENT-RESPONSE"

/** What is to be bought. Slices must live until the end, like all that is told later. */
struct kx_client_job {
    struct assay_bytes method, url;
    struct assay_bytes body;
    bool has_body;
    struct assay_bytes identifier; /**< the caller's own; empty: one is made of `random` */
    uint8_t random[16];
    uint8_t salt[32], nonce[32], move_random[16]; /**< random, too: of a new channel, of a voucher's
                                                       presentation, and of the wallet's name for a
                                                       transaction of a channel */
    unsigned retries; /**< identical ones, after a refusal that may pass or without an answer */
    bool has_node;    /**< without one no payment is ever known to be settled */
    int64_t wait_ms;  /**< for the node to show it, after the last answer */
    int64_t poll_ms;
};

enum kx_client_do {
    KX_CLIENT_DO_FETCH,  /**< after wait_ms send the request, with `payment`, then kx_client_fetched
                          */
    KX_CLIENT_DO_WALLET, /**< `call` the wallet with `body`, then kx_client_called */
    KX_CLIENT_DO_SAVE,   /**< save `attempt`, then `channel`, where they are not NULL, then
                            kx_client_saved: an attempt that is over is so before its channel is
                            free */
    KX_CLIENT_DO_FIND,   /**< find the channel of `channel_key`, then kx_client_found */
    KX_CLIENT_DO_SUBMIT, /**< submit `tx` to the node of `network`, then kx_client_submitted */
    KX_CLIENT_DO_LOOK,   /**< after wait_ms ask the node of `network`, then kx_client_looked */
    KX_CLIENT_DO_HAND_ON, /**< give the buyer `outcome`'s answer, then kx_client_handed_on */
    KX_CLIENT_DO_FINISH,  /**< the end: `outcome` */
};

/** How it ended. */
enum kx_client_end {
    KX_CLIENT_SERVED,     /**< paid, settled, and delivered */
    KX_CLIENT_FREE,       /**< delivered, and nothing was asked for it */
    KX_CLIENT_REFUSED,    /**< nothing was paid */
    KX_CLIENT_UNRESOLVED, /**< a payment is out: it is not settled, or nothing was delivered; or a
                             transaction of a channel is */
    KX_CLIENT_REFUNDED,   /**< what was left of a channel is back */
};

/** What PAYMENT-RESPONSE said: told, and never believed (F6). */
enum kx_client_word {
    KX_CLIENT_SAID_NOTHING,
    KX_CLIENT_SAID_NONSENSE,
    KX_CLIENT_SAID_FAILED,
    KX_CLIENT_SAID_OTHER, /**< success of another transaction, network or amount */
    KX_CLIENT_SAID_PAID,
};

struct kx_client_outcome {
    enum kx_client_end end;
    const char *rule; /**< that decided, of a stop; else NULL */
    const char *why;  /**< in words; "" where there is nothing to say. May hold hostile text */
    int status;       /**< of the last answer; 0: none */
    struct assay_bytes body, content_type; /**< of an answer that is handed on; else empty */
    enum kx_client_word word;
};

struct kx_client_action {
    enum kx_client_do kind;
    int64_t wait_ms;
    struct assay_bytes url;     /**< FETCH: normalised, absolute */
    struct assay_bytes payment; /**< FETCH: of PAYMENT-SIGNATURE; empty: no such header */
    const char *call;           /**< WALLET: "payExactTransaction" */
    struct assay_bytes body;    /**< WALLET: JSON */
    const struct kx_client_attempt *attempt; /**< SAVE; FINISH: the one it is about, or NULL */
    struct kx_client_channel *channel;       /**< SAVE, which gives it its version, or NULL */
    const char *channel_key;                 /**< FIND */
    const struct kaspa_tx *tx;               /**< SUBMIT, */
    const struct kaspa_hash *txid;           /**< under this id */
    const struct kx_look *look;
    enum kaspa_network network; /**< LOOK, SUBMIT */
    struct kx_client_outcome outcome;
};

/** A header field of an answer. */
struct kx_client_field {
    size_t count; /**< how many there were */
    struct assay_bytes value;
};

struct kx_client_reply {
    int status;
    struct assay_bytes body, content_type;
    struct kx_client_field required, response, retry_after, location;
};

struct kx_client;
/** NULL: out of memory. The policy must live as long. */
struct kx_client *kx_client_new(const struct kx_policy *policy);
void kx_client_free(struct kx_client *c); /**< NULL is taken */
/** Freed with it: for what must live as long. */
struct assay_arena *kx_client_arena(struct kx_client *c);

/** Reads the job; *key is the request's, by which attempts are found. MALFORMED: no URL of http
 * that has no credentials; DENIED: an identifier of another form; NOMEM. */
enum assay_code kx_client_prepare(struct kx_client *c, const struct kx_client_job *job,
                                  const char **key, struct assay_err *err) ASSAY_MUST_USE;
/** known: as kx_attempts_find found it; NULL: none. */
struct kx_client_action kx_client_start(struct kx_client *c, const struct kx_client_attempt *known,
                                        int64_t now_ms);
/** Instead of _prepare and _start: takes back what is left of a channel. Of the job what is random,
 *  has_node and the waits count. */
struct kx_client_action kx_client_start_refund(struct kx_client *c, const struct kx_client_job *job,
                                               const struct kx_client_channel *known,
                                               int64_t now_ms);
/** code: OK with an answer of any status, or why there is none; err says it in words. The reply's
 *  slices must live until the next FETCH is carried out, or the end. */
struct kx_client_action kx_client_fetched(struct kx_client *c, enum assay_code code,
                                          const struct kx_client_reply *reply,
                                          const struct assay_err *err, int64_t now_ms);
/** code: OK with the wallet's answer of status 200, or why there is none; err says it in words. */
struct kx_client_action kx_client_called(struct kx_client *c, enum assay_code code,
                                         struct assay_bytes answer, const struct assay_err *err,
                                         int64_t now_ms);
struct kx_client_action kx_client_saved(struct kx_client *c, enum assay_code code,
                                        const struct assay_err *err, int64_t now_ms);
/** code as ref_kaspa_node_look; sight of OK, which need not live longer than the call. */
struct kx_client_action kx_client_looked(struct kx_client *c, enum assay_code code,
                                         const struct kx_sight *sight, const struct assay_err *err,
                                         int64_t now_ms);
/** known: as kx_channels_find found it, with the attempt that its `pending` names; each may be
 * NULL: there is none. */
struct kx_client_action kx_client_found(struct kx_client *c, enum assay_code code,
                                        const struct kx_client_channel *known,
                                        const struct kx_client_attempt *pending,
                                        const struct assay_err *err, int64_t now_ms);
/** code and sent as of ref_kaspa_node_submit. */
struct kx_client_action kx_client_submitted(struct kx_client *c, enum assay_code code, bool sent,
                                            const struct assay_err *err, int64_t now_ms);
/** is_done: whether the buyer has the answer. */
struct kx_client_action kx_client_handed_on(struct kx_client *c, bool is_done);

#endif
