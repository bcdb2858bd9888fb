/** The parts of the role `shop`: what it asks for and says of payments, what it does with them, its
 *  log, and its servers. Internal to harness/roles.
 *
 *  One lock guards behaviour and log; the chain's is taken within it.
 */
#ifndef ROLES_KASPA_SHOP_INTERNAL_H
#define ROLES_KASPA_SHOP_INTERNAL_H

#include "kaspa_x402/batch_verify.h"
#include "kaspa_x402/exact_verify.h"
#include "roles/kaspa_shop.h"

#include <pthread.h>

#define SHOP_PLACES 2 /**< here, and elsewhere */
#define SHOP_TEXT_MAX_BYTES ((size_t)4 << 20)
#define SHOP_ARENA_MAX_BYTES ((size_t)64 << 20)
#define SHOP_LOG_MAX_BYTES ((size_t)64 << 20)

/** A request once it is whole. Borrowed while it is answered. */
struct shop_request {
    bool is_elsewhere;
    const char *method, *target, *host;
    const char *payment; /**< NULL: none */
    struct assay_bytes body;
};

/** A channel that was charged. Texts of its configuration are among those of the log. */
struct shop_channel {
    struct kx_lane lane;
    struct kx_lane_head head;
    uint64_t total;                 /**< T that was charged */
    struct kx_commitment last;      /**< of the last charge */
    struct kx_signed_voucher shown; /**< the highest, charged or not */
    char last_payload[X402_HASH_TEXT_BYTES];
};

/** A payment on a channel, in the arena that it was read into. */
struct shop_batch {
    struct kx_batch_payment said;
    struct kx_batch_verdict verdict;
};

/** What a payment turned out to be. Slices are in the arena that it was read into. */
struct shop_payment {
    struct kx_exact_verdict verdict; /**< of one that could be read */
    struct shop_batch *batch;        /**< of one on a channel that could be read; else NULL */
    struct shop_channel *channel;    /**< that it is on, and that is known; else NULL */
    bool is_read, is_good;
    int64_t expires_ms;
    char fault[ASSAY_ERR_TEXT_MAX_BYTES + 32]; /**< "": it is good */
};

struct shop_field {
    const char *name;
    struct assay_buf value;
};

/** An answer on its way. */
struct shop_reply {
    int status;
    struct assay_buf body;
    size_t padding;
    struct shop_field fields[KASPA_SHOP_FIELDS_MAX + 3];
    size_t field_count;
    enum kaspa_shop_end end;
};

void shop_reply_fini(struct shop_reply *reply);
/** Appends a field with an empty value, which is the caller's to fill. */
struct assay_buf *shop_reply_add(struct shop_reply *reply, const char *name);

struct kaspa_shop {
    pthread_mutex_t lock;
    pthread_cond_t changed; /**< behaviour, a call, or the end */
    struct kaspa_shop_behaviour how;
    size_t unpaid, paid; /**< requests of this behaviour */
    uint64_t behaviours;
    bool stopping;

    struct assay_arena texts; /**< of the log */
    struct kaspa_shop_call calls[KASPA_SHOP_CALLS_MAX];
    size_t kept;
    uint64_t count;

    struct kaspa_chain *chain;
    struct kaspa_chain_lock *chain_lock;
    struct kaspa_node *node;
    enum kaspa_network network;
    char pay_to[KASPA_ADDRESS_TEXT_MAX_BYTES];
    struct assay_key channel_key;
    char channel_key_text[2 * ASSAY_XONLY_BYTES + 1]; /**< "": none */
    uint64_t refund_daa;
    struct shop_channel channels[KASPA_SHOP_CHANNELS_MAX];
    size_t channel_count;
    struct shop_channel *paid_last;
    struct shop_http *http[SHOP_PLACES];
    char origin[SHOP_PLACES][32];
};

/* ---- kaspa_shop_terms.c: what is asked for, and what is said of a payment ---- */

/** Appends the challenge's JSON, edited; is_later: to who has paid, about that channel (NULL:
 * none).
 */
void shop_add_challenge(struct assay_buf *out, const struct kaspa_shop *shop,
                        const struct shop_request *request, bool is_later,
                        const struct shop_channel *channel);
/** What is read of a payment on the way to a verdict. */
struct shop_reading {
    struct assay_arena *arena;
    struct assay_json payment_doc, offer_doc;
    struct x402_required offer;
    struct assay_buf offered, url;
    struct assay_err err;
};
/** The challenge that is sent first, as it was changed. Appends what `edit` makes of a text. */
void shop_add_edited(struct assay_buf *out, struct assay_bytes text, kaspa_shop_edit *edit,
                     const void *arg);
const char *shop_network_name(const struct kaspa_shop *shop);
/** Judges a payment against the challenge that is sent first. */
void shop_read_payment(struct shop_payment *out, struct assay_arena *arena, struct kaspa_shop *shop,
                       const struct shop_request *request);
/** Appends the value of PAYMENT-RESPONSE. */
void shop_add_receipt(struct assay_buf *out, const struct kaspa_shop *shop,
                      const struct shop_payment *payment, enum kaspa_shop_receipt receipt);

/* ---- kaspa_shop_channel.c: the same of payments on channels ---- */

/** Appends the offer; channel: whose state is told, or NULL. */
void shop_add_channel_offer(struct assay_buf *out, const struct kaspa_shop *shop,
                            const struct shop_request *request, const struct shop_channel *channel);
/** Judges a payment whose documents were read. */
void shop_read_batch(struct shop_payment *out, const struct shop_reading *r,
                     struct kaspa_shop *shop, const struct kx_request *asked, int64_t now_ms);
/** Charges it, once. False: there is no room for another channel. */
bool shop_charge(struct kaspa_shop *shop, struct shop_payment *payment);
/** Appends the receipt's JSON, of the channel as it was charged. */
void shop_write_charge(struct assay_buf *out, const struct kaspa_shop *shop,
                       const struct shop_payment *payment);

/* ---- kaspa_shop.c: the role ---- */

/** Logs the request, does with its payment what the behaviour has, and fills the reply. Holds until
 *  it may be answered; `is_gone` tells whether who asked has gone. Returns the call's number. */
uint64_t shop_answer(struct kaspa_shop *shop, struct shop_reply *reply,
                     const struct shop_request *request, bool (*is_gone)(void *cls), void *cls);
/** So many bytes more of that call's answer were handed over. */
void shop_taken(struct kaspa_shop *shop, uint64_t number, uint64_t bytes);

/* ---- kaspa_shop_http.c: a server of one of its places ---- */

struct shop_http;
/** origin: 32 bytes, filled. IO, NOMEM. */
enum assay_code shop_http_start(struct shop_http **out, char *origin, struct kaspa_shop *shop,
                                bool is_elsewhere, struct assay_err *err) ASSAY_MUST_USE;
void shop_http_stop(struct shop_http *http); /**< NULL is taken */

#endif
