/** What a payer allows, as a file: the limits that hold before a wallet is asked for anything.
 *
 *  A JSON object, strictly: unknown and repeated members are errors, and errors name the line and
 * the member. A policy without origins, payees, an amount and a source cannot be written [ours: the
 *  upstream client takes members that are absent for no limit].
 *
 *    {
 *      "allowedOrigins": ["http://127.0.0.1:8402"],
 *      "allowedPayTo": ["kaspatest:…"],
 *      "maximumExactAmountSompi": "30000000",
 *      "requiredSource": "hot-wallet",
 *      "networks": ["kaspa:testnet-10"],               (default)
 *      "allowMainnet": false,                          (default; mainnet in networks needs true)
 *      "allowedExactProfiles": ["standard-native"],    (default)
 *      "maximumFeeSompi": "100000000",                 (default)
 *      "confirmations": 30,                            (default: what "confirmed" means)
 *      "maximumAuthorizationSeconds": 60,              (default: how long a payment may be claimed)
 *      "requestTimeoutMilliseconds": 90000,            (default: of one exchange with the server)
 *      "walletTimeoutMilliseconds": 10000,             (default: of one call to the wallet)
 *      "maximumRetryAfterMilliseconds": 5000           (default: waits for a server are cut to it)
 *    }
 *
 *  Channels (scheme batch-settlement) are paid only with "allowBatch": true, and then all of these
 *  have to be there, since each of them alone can lose or lock up money; an allowed batch offer is
 *  taken before exact ones:
 *
 *      "maximumBatchChargeSompi": "1000000",           (of one request)
 *      "maximumInitialDepositSompi": "2000000000",
 *      "maximumTopUpSompi": "1000000000",
 *      "maximumCumulativeAuthorizationSompi": "…",     (of one channel, for its life)
 *      "maximumTotalExposureSompi": "…",               (ever put into one channel)
 *      "minimumRefundLeadDaa": "10000",                (vouchers end so long before the refund)
 *      "maximumRefundHorizonDaa": "2000000",           (and it is nearer than that)
 *      "allowedServerKeys": ["64 hex digits"],
 *      "allowedResources": ["http://127.0.0.1:8402/report", "http://127.0.0.1:8402/files/…*"],
 *      "depositSompi": "2000000000",                   (default: the smallest that is offered)
 *      "topUpSompi": "1000000000",                     (default: what the request lacks)
 *      "channelConfirmations": 30                      (default: of what makes a channel's head)
 *
 *  Source: Kaspa x402 client digest, section 2 (F1 to F3, F7), and exact digest, section 20; batch
 *  digest, section 5.4.
 */
#ifndef KX_POLICY_H
#define KX_POLICY_H

#include "kaspa_x402/batch_terms.h"
#include "kaspa_x402/exact_terms.h"
#include "kaspa_x402/intent.h"

#define KX_POLICY_MAX_BYTES 65536
#define KX_POLICY_LIST_MAX 64
#define KX_POLICY_TIME_MAX_MS INT64_C(86400000)

struct kx_policy_list {
    struct assay_bytes at[KX_POLICY_LIST_MAX];
    size_t count;
};

/** What may be paid by channel. */
struct kx_policy_batch {
    bool is_allowed; /**< false: the rest is not looked at */
    struct kx_intent_limits limits;
    struct kx_policy_list servers;   /**< x-only keys as hex, in either case */
    struct kx_policy_list resources; /**< normalised; one that ends in '*' is a beginning */
    uint64_t deposit, top_up;        /**< sompi; 0: as little as will do */
    uint64_t confirmations;
};

struct kx_policy {
    struct kx_policy_list origins; /**< normalised, each with its slash: "http://127.0.0.1:8402/" */
    struct kx_policy_list pay_to;
    uint64_t amount_max, fee_max; /**< sompi */
    struct assay_bytes source;    /**< requiredSource */
    bool networks[KASPA_NETWORK__COUNT];
    bool profiles[KX_PROFILE__COUNT];
    uint64_t confirmations;
    int64_t authorization_ms, request_timeout_ms, wallet_timeout_ms, retry_after_max_ms;
    struct kx_policy_batch batch;
};

/** Reads one; `path` is what errors call it, and `text` has to live as long as the policy, like the
 *  arena. MALFORMED, DUPLICATE, TYPE, MISSING, UNKNOWN (a member, or a word that has no meaning),
 *  RANGE, DENIED (mainnet without its opt-in), UNSUPPORTED (the hash-chain profile), TOO_LARGE,
 *  NOMEM. */
enum assay_code kx_policy_read(struct kx_policy *out, struct assay_arena *arena,
                               struct assay_bytes text, const char *path,
                               struct assay_err *err) ASSAY_MUST_USE;

/** The sources that a wallet can name: "hot-wallet", "vault-treasury", "external-wallet-adapter".
 */
bool kx_policy_is_source(struct assay_bytes text);

/** Whether requests to this URL (normalised: kx_url_normalise) may be made. */
bool kx_policy_allows_url(const struct kx_policy *policy, struct assay_bytes url);
/** The rule that an offer breaks, with why in err; NULL: it may be paid. */
const char *kx_policy_judge(const struct kx_policy *policy, const struct kx_terms *terms,
                            struct assay_err *err);
/** The same of a batch offer for a resource, which is normalised, but for the limits that only an
 *  intent can be held against (kx_intent_judge). */
const char *kx_policy_judge_batch(const struct kx_policy *policy,
                                  const struct kx_batch_offer *offer, struct assay_bytes resource,
                                  struct assay_err *err);

#endif
