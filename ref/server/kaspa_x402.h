/** The reference server of kaspa-x402, schemes exact and batch-settlement: core, net, store and
 * node put together, in several worker processes that share one listening socket and one store.
 *
 *  What a facilitator settles is sold beside it, or alone: then neither node nor pay_to is needed.
 *
 *  MCP tools are sold where that is asked for: quote and forecast, and for nothing free. A tool is
 * the handler POST /tool/NAME with its canonical arguments as body.
 *
 *  Source: Kaspa x402 exact and batch digests; x402 v2 digest. The goods are fixed: priced routes
 * GET /report /other /file /files/... /dear /html /empty /binary, POST /action and /notes, GET
 * /additive (which also sells for a head payment), GET /private (for principals), and the free
 * route GET /free. Where there is a channel key, everything that is priced is also sold by channel.
 */
#ifndef KX_SERVER_H
#define KX_SERVER_H

#include "core/kx_core.h"

#define KX_SERVER_WORKERS_MAX 64
#define KX_SERVER_PRINCIPALS_MAX 16
#define KX_SERVER_HEADS_MAX 16

struct kx_server_options {
    const char *listen;   /**< "127.0.0.1:0"; port 0: the system chooses one */
    bool is_public;       /**< may listen, and reach node and origin, beyond loopback */
    const char *base_url; /**< what clients call this server; NULL: made of the listening address */
    const char *store;    /**< a file, or "memory" (one worker only) */
    unsigned workers;     /**< processes, 1 to KX_SERVER_WORKERS_MAX */
    const char *origin;   /**< URL of the protected handler; NULL: a built-in one that echoes */
    const char *node;     /**< node RPC, "ws://127.0.0.1:18210" */
    const char *network;  /**< "kaspa:testnet-10", or "kaspa:mainnet" with mainnet */
    bool mainnet;         /**< opt-in */
    const char *pay_to;   /**< address; NULL: what a facilitator settles is sold alone */
    const char *facilitator; /**< "http://127.0.0.1:4022"; NULL: none, and nothing else of one */
    /** "SCHEME,NETWORK,ASSET,PAYTO" or with ",EXTRA", a JSON object, behind it: what is sold
     * through the facilitator */
    const char *sells[KX_FACILITATED_KINDS_MAX];
    size_t sell_count;
    bool asks_identifier; /**< no payment without a payment identifier; with pay_to none anyway */
    const char *facilitator_token; /**< variable with the bearer token that it asks for, which is
                                        wiped there; NULL: none */
    /** variable with a secret of secp256k1, 64 hex digits, which is wiped there: offers on eip155
     * and receipts are signed by it; NULL: none is */
    const char *offer_key;
    int64_t facilitator_deadline_ms; /**< of one call */
    int64_t facilitator_list_ms;     /**< after which it is asked again what it does */
    bool has_mcp;                    /**< MCP tools are sold beside the routes: POST /mcp, or */
    bool is_piped;  /**< with has_mcp: messages come on stdin and go to stdout, a line each, and
                       nothing is served over HTTP; needs a base_url */
    uint64_t price; /**< of everything that is priced; 0: each thing's own */
    uint32_t max_timeout_s; /**< of an offer */
    enum kx_finality finality;
    uint64_t confirmations; /**< that `confirmed` means */
    uint64_t fee_max;
    const char
        *head_owner; /**< x-only key, 64 hex digits, of additive heads; NULL: none is sold for */
    const char *heads[KX_SERVER_HEADS_MAX]; /**< outpoints "txid:index" of heads to register */
    size_t head_count;
    uint64_t threshold;
    /** x-only key, 64 hex digits, of this side of channels, whose secret this server does not need;
     * NULL: nothing is sold by channel, and no other member named after channels is looked at */
    const char *channel_key;
    uint64_t channel_deposit, channel_reserve; /**< the smallest deposit, and what of each stays for
                                                  the fee of a claim; sompi */
    uint64_t channel_claim_above;              /**< claim policy that is told, and that an operator
                                                  has to keep (kx_server_operate): sompi; 0: not told */
    uint64_t channel_claim_s;                  /**< and seconds; 0: not told */
    uint64_t channel_confirmations;
    uint64_t channel_refund_daa; /**< how long a channel offered now lives, at least */
    uint64_t channel_bucket_daa; /**< refund timeouts are multiples of it */
    uint64_t channel_lead_daa;   /**< vouchers end so long before the refund */
    /** "name:tenant:VARIABLE": the variable holds the bearer token, and is wiped there; of a
     * facilitator the tenants, "name:VARIABLE" */
    const char *principals[KX_SERVER_PRINCIPALS_MAX];
    size_t principal_count;
    struct kx_store_limits limits;
    int64_t challenge_ms; /**< life of an additive offer, and of a signed one */
    int64_t accept_wait_ms, poll_ms, node_deadline_ms, node_max_lag_ms;
    bool facilitates; /**< it is a facilitator (server/facilitator.h), and sells nothing */
    unsigned modes;   /**< of a facilitator: of X402_MODE_VERIFY and X402_MODE_SETTLE */
    uint32_t quota;   /**< requests of all callers in 60 s; 0: any */
    uint32_t caller_quota, running_max, caller_running_max, scope_running_max, node_questions_max;
    int64_t sweep_every_ms;
    size_t body_max_bytes;
    unsigned connection_max;
    int64_t read_deadline_ms, origin_deadline_ms, stop_deadline_ms;
};
#define KX_SERVER_OPTIONS_DEFAULT                                                                  \
    {                                                                                              \
        .listen = "127.0.0.1:8402", .workers = 2, .network = KX_NETWORK_TESTNET,                   \
        .max_timeout_s = 60, .finality = KX_FINALITY_ACCEPTED, .confirmations = 30,                \
        .fee_max = KX_FEE_MAX_DEFAULT, .threshold = KX_THRESHOLD_MIN_DEFAULT,                      \
        .channel_deposit = UINT64_C(2000000000), .channel_reserve = UINT64_C(50000000),            \
        .channel_confirmations = KX_THRESHOLD_DEFAULT, .channel_refund_daa = 864000,               \
        .channel_bucket_daa = 36000, .channel_lead_daa = KX_REFUND_LEAD_DEFAULT,                   \
        .facilitator_deadline_ms = 10000, .facilitator_list_ms = 30000,                            \
        .limits = KX_STORE_LIMITS_DEFAULT, .challenge_ms = 60000, .accept_wait_ms = 60000,         \
        .poll_ms = 250, .node_deadline_ms = 10000, .node_max_lag_ms = 600000,                      \
        .caller_quota = 1000, .running_max = 64, .caller_running_max = 16, .scope_running_max = 8, \
        .node_questions_max = 16, .sweep_every_ms = 60000, .body_max_bytes = 1u << 20,             \
        .connection_max = 256, .read_deadline_ms = 10000, .origin_deadline_ms = 30000,             \
        .stop_deadline_ms = 10000                                                                  \
    }

/** Serves until SIGTERM or SIGINT, over a pipe also until its end, then finishes what runs and
 * returns.
 *
 *  Once every worker accepts, one line goes to stdout: "ready kaspa-x402 http://ADDRESS:PORT", or
 * "ready facilitator …"; over a pipe there is no such line, and messages alone go there. Each
 *  request is one line of JSON on stderr, without identifiers, payments, tokens and queries; so are
 *  workers that ended (see server/workers.h). The calling process must have one thread. Its SIGTERM
 *  and SIGINT are blocked from the call on.
 *
 *  Returns: ASSAY_OK after a stop. Before ready: MALFORMED, RANGE or DENIED (an option; err names
 * it), MISSING, IO. After: CRASHED (workers ended too often).
 */
enum assay_code kx_server_run(const struct kx_server_options *options,
                              struct assay_err *err) ASSAY_MUST_USE;

/** What an operator does about one payment, or all, that did not end by itself (exact digest,
 * sections 14 and 18). */
struct kx_recovery_request {
    const char *txid; /**< NULL: all that are unresolved, which are listed, or */
    bool asks_all;    /**< the chain is asked about each of them */
    /** Of one: the handler's known result, to be delivered to the next identical retry, or that the
     * handler was started and is known not to have run, so that the next retry runs it. Neither:
     * the chain is asked what became of the transaction. */
    const struct kx_result *result;
    bool has_not_run;
    /** Of one that a facilitator settles, and nobody knows whether it did: the transaction that has
     * settled it, so that its payer's next retry gets the answer; or that none has nor will, so
     * that the payment is its payer's again. */
    const char *settled; /**< or NULL */
    bool has_not_settled;
};
/** Acts on the store beside a running server. Out: one line of JSON a payment, in `out`, with what
 *  it is and what it needs: nothing, a retry of its payer, the handler's result, the chain, or what
 * a facilitator knows of its settlement. Codes: MISSING: no such store or attempt; MISMATCH: it has
 * a result already, or its handler was never started, or a facilitator settles it and the word is
 * not of such, or the reverse; RANGE: what settled it names no transaction; those of the node (of
 * all of them: the first that is no answer ends it); UNKNOWN: neither the chain nor a retry settles
 * it: nothing was changed, and its line is in `out` all the same. */
enum assay_code kx_server_recover(const struct kx_server_options *options,
                                  const struct kx_recovery_request *request, struct assay_buf *out,
                                  struct assay_err *err) ASSAY_MUST_USE;

/** What an operator does on channels: claims, or one client's top-up. */
struct kx_operate_request {
    const char *channel_id; /**< NULL: every channel where more is charged than claimed */
    /** A transaction as JSON that tops that channel up, signed by its client, each input with its
     * coin (`utxo`); at NULL: what is owed is claimed. */
    struct assay_bytes top_up;
    const char *secret_variable; /**< environment variable with the secret of the channels' server
                                      key, 64 hex digits; wiped there */
};
/** Acts on the store beside a running server, and waits for the chain for accept_wait_ms of the
 * options at most; what is not confirmed by then the next run goes on with, whatever that one is
 * asked for. A top-up is signed where it is right (kx_batch_tx_co_sign), and submitted from here:
 * the channel is taken from requests and claims before its server's signature leaves. Out: one line
 * of JSON a channel, in `out`: {channel, did: "claimed", "topped-up", "pending", "abandoned",
 * "nothing" or, of one among all, "failed", transaction?, amount?, reason?}: what is wrong with one
 * channel alone keeps nobody else's debt from being claimed. Codes: MISSING: no secret, store, node
 * or channel; MISMATCH: the key is another, or the top-up is not right; MALFORMED and others of
 * kaspa_tx_parse: it cannot be read; those of store and node; UNKNOWN: one at least is not done,
 * and its line says why. */
enum assay_code kx_server_operate(const struct kx_server_options *options,
                                  const struct kx_operate_request *request, struct assay_buf *out,
                                  struct assay_err *err) ASSAY_MUST_USE;

#endif
