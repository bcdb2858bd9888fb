/** The paying client of kaspa-x402: carries out what the decision core (kx_client.h) wants done,
 * with an HTTP client for the server and one for the wallet, a node, and a folder of attempts.
 *
 *  The wallet's protocol is in docs/wallet-role.md: POST /CALL with a JSON object, answered 200
 * with
 *  {"result": …}. Server, wallet and node have to be on loopback; names that resolve elsewhere are
 *  refused on the socket.
 */
#ifndef KX_PAY_H
#define KX_PAY_H

#include "client/kx_client.h"

#define KX_PAY_BODY_MAX_BYTES ((size_t)16 << 20)  /**< of an answer of the server */
#define KX_PAY_WALLET_MAX_BYTES ((size_t)1 << 20) /**< of an answer of the wallet */

struct kx_pay_options {
    const struct kx_policy *policy;
    const char *url, *method, *wallet, *node; /**< node NULL: nothing is ever known to be settled */
    const char *state;                        /**< the folder of attempts */
    const char *identifier;                   /**< NULL: a fresh one */
    const char *refund; /**< id of a channel, hex: what is left of it is taken back, and of the url,
                             the method and the body nothing is asked; NULL: the url is paid for */
    struct assay_bytes body;
    bool has_body;
    unsigned retries;
    int64_t wait_ms, poll_ms;
    int64_t node_deadline_ms; /**< of one question */
    int64_t node_max_lag_ms;  /**< of its past median time behind the clock; 0: not judged */
};
#define KX_PAY_OPTIONS_DEFAULT                                                                     \
    {                                                                                              \
        .method = "GET", .retries = 5, .wait_ms = 60000, .poll_ms = 250,                           \
        .node_deadline_ms = 10000, .node_max_lag_ms = 600000                                       \
    }

/** The channel of an id (64 lower-case hex digits), in the arena. No lock is taken. MALFORMED: it
 * is no id; MISSING: there is none; else as kx_channels_each. */
enum assay_code kx_pay_find_channel(struct kx_client_channel *out, struct assay_arena *arena,
                                    const char *state, const char *id,
                                    struct assay_err *err) ASSAY_MUST_USE;

/** Who it is bought for. */
struct kx_pay_buyer {
    /** Takes the answer, at most once; false: it could not. */
    bool (*take)(void *cls, struct assay_bytes body, struct assay_bytes content_type);
    /** Told of the end once: the outcome, and the attempt it is about, or NULL. */
    void (*told)(void *cls, const struct kx_client_outcome *outcome,
                 const struct kx_client_attempt *attempt);
    void *cls;
};

/** Fails, with nothing asked of anybody and the buyer told nothing, for what the caller has to put
 * right: MALFORMED, DENIED (a URL, an identifier, or a channel's id; a folder that is open to
 * others), BUSY, IO, TOO_LARGE (the folder), NOMEM. MISSING: there is no such channel. Otherwise
 * OK, whatever became of the payment. */
enum assay_code kx_pay_run(const struct kx_pay_options *options, const struct kx_pay_buyer *buyer,
                           struct assay_err *err) ASSAY_MUST_USE;

#endif
