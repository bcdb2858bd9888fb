/** What a payer must remember of its channels, in the folder of its attempts: one file a channel.
 *
 *  A channel is found by what it was made for: server key, payee, template, network and origin, of
 *  which there is never more than one that has not ended. Its file is written as attempts are,
 * whole or not at all, and only over the version that was read (compare and set). Whoever holds the
 *  folder (kx_attempts_open) is alone with it, so that no total is signed for two requests.
 *
 *  Nothing in it can be spent: vouchers stand in the attempts that they were signed for.
 *
 *  Source: Kaspa x402 client digest, section 2 (F5, F10); batch digest, sections 4 and 6.
 */
#ifndef KX_CHANNELS_H
#define KX_CHANNELS_H

#include "client/kx_attempts.h"
#include "kaspa_x402/lane.h"

#define KX_CHANNEL_MAX_BYTES ((size_t)1 << 20)

#define KX_CLIENT_CHANNEL_STATES(X)                                                                \
    X(INTENDED, "intended")     /**< keys and terms are fixed; nothing has left */                 \
    X(OPENING, "opening")       /**< its genesis was given to a node, or was about to be */        \
    X(OPEN, "open")             /**< the head is as deep on the chain as the policy asks */        \
    X(TOPPING_UP, "topping-up") /**< as OPENING, of a top-up */                                    \
    X(REFUNDING, "refunding")   /**< as OPENING, of the refund */                                  \
    X(ENDED, "ended")           /**< refunded, or its genesis can never be */

#define KX_CLIENT_CHANNEL_ENUM(name, text) KX_CHANNEL_IS_##name,
enum kx_client_channel_state {
    KX_CLIENT_CHANNEL_STATES(KX_CLIENT_CHANNEL_ENUM) KX_CHANNEL_IS__COUNT
};
#undef KX_CLIENT_CHANNEL_ENUM
const char *kx_client_channel_state_name(enum kx_client_channel_state state);

/** Slices are borrowed by what takes it; of what was read they are in the arena. */
struct kx_client_channel {
    uint64_t version; /**< of its file; 0: it was never saved */
    enum kx_client_channel_state state;
    char key[X402_HASH_TEXT_BYTES]; /**< that it is found by */
    struct assay_bytes origin;      /**< "http://127.0.0.1:8402" */
    struct kx_channel config;
    uint8_t channel_id[32];
    uint64_t deposit;
    struct kx_lane_head head; /**< from OPENING on; else zeros */
    uint64_t total;           /**< T that receipts have charged: what the next voucher adds to */
    uint64_t signed_total;    /**< the highest that a voucher was ever asked of the wallet for */
    bool is_announced;        /**< a receipt has counted upon this head: the server knows it */

    /* the one request that may be charged at this time; empty: none */
    struct assay_bytes pending; /**< its attempt's identifier */
    uint64_t pending_total;

    /* the transaction that moves the head, while it is on its way; empty otherwise */
    struct assay_bytes consent;      /**< digest of the intent that the payer consented to, hex */
    struct assay_bytes move_attempt; /**< the wallet's name for it */
    struct assay_bytes move;         /**< signed, as safe JSON; the genesis that could not arrive
                                          stays with the channel that ended by that */
    struct assay_bytes since; /**< a chain block, hex, above which the head was made or is spent */

    /* a top-up that a refund was made instead of, until the wallet is told what became of it */
    struct assay_bytes given_up;   /**< the wallet's name for it; empty: none */
    struct kaspa_hash given_up_id; /**< its transaction */
    bool has_arrived;              /**< it is on the chain all the same */
};

/** What a channel is found by. origin: without a path. */
struct kx_channel_use {
    const uint8_t *server;
    struct assay_bytes pay_to, template_id, network, origin;
};
/** The key of a use: X402_HASH_TEXT_BYTES. TOO_LARGE, NOMEM. */
enum assay_code kx_channel_key(char *out, const struct kx_channel_use *use) ASSAY_MUST_USE;

/** Appends its text. Fails as the buffer does. */
void kx_client_channel_write(struct assay_buf *out, const struct kx_client_channel *channel);
/** Reads one, strictly, as kx_client_attempt_read does. */
enum assay_code kx_client_channel_read(struct kx_client_channel *out, struct assay_arena *arena,
                                       struct assay_bytes text,
                                       struct assay_err *err) ASSAY_MUST_USE;

/** Writes it over the version before it, durable when it returns; then channel->version is its own.
 *  One that has ended gives its key free, and stays under its id whatever becomes of it later.
 * CONFLICT: the file is of another version; IO, TOO_LARGE, NOMEM, or as kx_client_channel_read. */
enum assay_code kx_channels_save(struct kx_attempts *attempts, struct kx_client_channel *channel,
                                 struct assay_err *err) ASSAY_MUST_USE;
/** The channel of a key that has not ended; *found is false where there is none. One that cannot be
 *  read is an error (fail closed). IO, TOO_LARGE, NOMEM, or as kx_client_channel_read. */
enum assay_code kx_channels_find(struct kx_attempts *attempts, struct kx_client_channel *out,
                                 bool *found, struct assay_arena *arena, const char *key,
                                 struct assay_err *err) ASSAY_MUST_USE;
/** Calls `each` for every channel of a folder, ended ones too, until it returns false. Takes no
 *  lock. Fails as kx_channels_find. */
enum assay_code kx_channels_each(const char *folder,
                                 bool (*each)(void *cls, const struct kx_client_channel *channel),
                                 void *cls, struct assay_err *err) ASSAY_MUST_USE;

#endif
