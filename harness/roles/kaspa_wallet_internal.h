/** The parts of the role `wallet`: what it was asked, what it signs, and its server. Internal to
 *  harness/roles.
 *
 *  One lock guards artifacts, behaviour and counts; the chain's is taken within it, the log's by
 *  itself.
 */
#ifndef ROLES_KASPA_WALLET_INTERNAL_H
#define ROLES_KASPA_WALLET_INTERNAL_H

#include "base/sig.h"
#include "kaspa_x402/batch_payment.h"
#include "kaspa_x402/batch_tx.h"
#include "kaspa_x402/exact_hash.h"
#include "kaspa_x402/exact_read.h"
#include "roles/kaspa_node_internal.h"
#include "roles/kaspa_wallet.h"

#define WALLET_ARENA_MAX_BYTES ((size_t)256 << 20)

/** A payment that was asked for, and what was made of it. In the wallet's arena. */
struct wallet_attempt {
    struct assay_bytes id;
    struct assay_bytes intent; /**< the call's body as it came first */
    struct kaspa_outpoint coins[KASPA_WALLET_COINS_MAX];
    size_t coin_count;
    const struct kaspa_tx *tx;
    const struct kaspa_utxo *spent;
    struct kaspa_hash txid;
    bool is_reserved; /**< until it is finalized */
};

struct wallet_artifacts {
    struct assay_arena arena;
    struct wallet_attempt *at[KASPA_WALLET_ATTEMPTS_MAX];
    size_t count;
    uint64_t signed_count; /**< transactions */
    uint8_t aux[32];       /**< of NEW_SIGNATURE */
};

/** What the payer consented to, as far as what is signed later has to agree with it. */
struct wallet_consent {
    uint8_t digest[32], requirements[32], fingerprint[32], context[32], server[32];
    struct assay_bytes operation, network, pay_to;
    uint64_t deposit, top_up, after, timeout_daa;
    /* of a charge or a top-up; an opening has none yet */
    uint8_t channel_id[32], client[ASSAY_XONLY_BYTES];
    struct kaspa_hash covenant_id;
    bool is_used;               /**< an attempt has put money into a channel by it */
    struct assay_bytes vouched; /**< the attempt that a voucher was signed for by it; empty: none */
};

/** A channel whose client this wallet is. */
struct wallet_channel {
    uint8_t consent[32]; /**< that its key was made for */
    struct assay_key key;
    bool is_made; /**< what follows is known */
    uint8_t id[32];
    struct kaspa_hash covenant_id;
    /* the voucher that was signed last */
    uint64_t total;
    struct assay_bytes order; /**< it, as it came */
    char request_key[X402_HASH_TEXT_BYTES];
    int64_t expires_at_ms; /**< of its presentation */
};

struct wallet_channels {
    struct wallet_consent consents[KASPA_WALLET_CONSENTS_MAX];
    struct wallet_channel at[KASPA_WALLET_CHANNELS_MAX];
    size_t consent_count, count;
    uint64_t vouchers;
};

/** What payExactTransaction is asked. */
struct wallet_order {
    struct assay_bytes attempt_id, intent_hash, identifier, network, origin, url, source, finality,
        expires_at, requirements_hash, request_hash, profile_text;
    struct kx_terms terms; /**< as far as they are told */
};

struct kaspa_wallet {
    pthread_mutex_t lock;
    pthread_cond_t changed; /**< behaviour, or the end: wakes silent and slow calls */
    struct kaspa_wallet_behaviour how;
    unsigned faults, kinds; /**< calls of this behaviour */
    uint64_t behaviours;    /**< how often it was changed */
    bool stopping;
    struct wallet_artifacts artifacts;
    struct wallet_channels channels;

    struct node_log log;
    struct kaspa_chain *chain;
    struct kaspa_chain_lock *chain_lock;
    enum kaspa_network network;
    const char *kind;
    struct assay_key key, stranger;
    uint8_t script[KASPA_SPK_MAX_STANDARD_BYTES], stranger_script[KASPA_SPK_MAX_STANDARD_BYTES];
    struct kaspa_spk spk, stranger_spk;
    char url[32];
    struct ref_net_server *server;
};

/** Reads the order; false: `why` says which member. Texts are in the arena. */
bool wallet_order_read(struct wallet_order *out, struct assay_arena *arena,
                       const struct assay_json *doc, struct assay_err *why);
/** Makes the artifact of an order, or finds the one of an earlier call, and appends it as JSON. The
 *  wallet's lock is held. False: `why`. */
bool wallet_pay(struct kaspa_wallet *wallet, struct assay_buf *out, struct assay_bytes intent,
                const struct wallet_order *order, struct assay_err *why);
/** The attempt of an id, or NULL; a new one that keeps coins back, not listed yet, or NULL: `why`.
 */
struct wallet_attempt *wallet_find(const struct wallet_artifacts *artifacts, struct assay_bytes id);
struct wallet_attempt *wallet_new_attempt(struct kaspa_wallet *wallet, struct assay_bytes id,
                                          struct assay_bytes intent, struct assay_err *why);
/** Builds a payment of one output of the wallet's coins, and what it spent; the lock of the chain
 * is held. spends: KASPA_WALLET_COINS_MAX + 1. */
struct wallet_payment {
    const struct kaspa_tx *tx;
    const struct kaspa_utxo *spent;
};
bool wallet_split(struct kaspa_wallet *wallet, struct wallet_payment *out,
                  struct wallet_attempt *attempt, uint64_t amount, struct assay_err *why);

/** Records why; false. */
bool wallet_refuse(struct assay_err *why, enum assay_code code, const char *what);
struct kx_reader wallet_reader(struct assay_arena *arena, const struct assay_json *doc,
                               const char *place, struct assay_err *why);
/** NULL: none. */
struct wallet_consent *wallet_find_consent(struct kaspa_wallet *wallet, const uint8_t digest[32]);
struct wallet_channel *wallet_find_channel(struct kaspa_wallet *wallet, const uint8_t client[32]);
/** Whether a consent is about this very channel: an opening about the one whose key was made for
 * it.
 */
bool wallet_consent_is_of(const struct wallet_consent *consent,
                          const struct wallet_channel *channel);
void wallet_own_address(char text[KASPA_ADDRESS_TEXT_MAX_BYTES], const struct kaspa_wallet *wallet);

/* kaspa_wallet_channel.c and kaspa_wallet_fund.c: calls about channels, with the wallet's lock
 * held; false: `why` */

bool wallet_authorize(struct kaspa_wallet *wallet, struct assay_buf *out, struct assay_arena *arena,
                      const struct assay_json *doc, struct assay_err *why);
bool wallet_make_key(struct kaspa_wallet *wallet, struct assay_buf *out, struct assay_arena *arena,
                     const struct assay_json *doc, struct assay_err *why);
bool wallet_move(struct kaspa_wallet *wallet, struct assay_buf *out, struct assay_arena *arena,
                 const struct assay_json *doc, enum kx_batch_kind kind, struct assay_err *why);
bool wallet_sign_batch(struct kaspa_wallet *wallet, struct assay_buf *out,
                       struct assay_arena *arena, const struct assay_json *doc,
                       struct assay_err *why);

/** Whether a source and a network are this wallet's. False: `why`. */
bool wallet_judge_source(const struct kaspa_wallet *wallet, struct assay_bytes source,
                         struct assay_bytes network, struct assay_err *why);
/** Appends a member that names a source of funds. */
void wallet_add_kind(struct assay_buf *out, const struct kaspa_wallet *wallet, const char *member,
                     enum kaspa_wallet_kind kind);

#endif
