/** The parts of the role `wallet`: what it was asked, what it signs, and its server. Internal to
 *  harness/roles.
 *
 *  One lock guards artifacts, behaviour and counts; the chain's is taken within it, the log's by
 *  itself.
 */
#ifndef ROLES_KASPA_WALLET_INTERNAL_H
#define ROLES_KASPA_WALLET_INTERNAL_H

#include "base/sig.h"
#include "kaspa_x402/exact_hash.h"
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
/** Appends a member that names a source of funds. */
void wallet_add_kind(struct assay_buf *out, const struct kaspa_wallet *wallet, const char *member,
                     enum kaspa_wallet_kind kind);

#endif
