/** The decision core of a Kaspa x402 server, schemes exact and batch-settlement: events in, actions
 *  out.
 *
 *  No I/O, no clock, no randomness of its own: what happens in the world is told to it, and what it
 * wants done it returns. The server, the stateful fuzz target and tests in virtual time drive the
 * same code:
 *
 *      action = kx_core_request(r, &event)
 *      while (action.kind != KX_DO_RESPOND)
 *          carry it out; action = kx_core_store(...), kx_core_sight(...), kx_core_submitted(...) or
 *          kx_core_result(...)
 *
 *  Order of decisions: Kaspa x402 exact digest, section 13; answers: section 2.4; a claim's life:
 * section 18. There is no lock beside the store: every step that must happen once is a comparison
 * in it, so a request that meets another of the same payment on its way is answered 503
 * (exact_settlement_recovery_required, Retry-After), and finds the stored answer later.
 *
 *  A retry of a claim that is not accepted yet looks for the transaction on the chain, and neither
 * submits it again nor claims anew. A claim of a server that died between claim and submission is
 * therefore 503 until an operator resolves it (kx_core_recover).
 *
 *  Scheme batch-settlement goes the same way but for its middle: what is claimed is a charge to a
 * channel whose head the chain has confirmed long since, so that nothing is submitted, and the
 * claim holds the channel's lease until it is committed. Order: batch digest, section 7.
 *
 *  With `fac` it is no resource server but a facilitator of scheme exact (exact digest, section 15;
 * kx_fac.c): GET /supported, POST /verify and POST /settle, the last two for principals alone. A
 * settlement goes the way of a payment, and ends with the answer instead of a handler. Statuses:
 * 200 with isValid or success, be they true or false; 400, the same body, for what is no such
 * request; 401, 404, 429 with {"error"}; 503 where the store or the node did not answer and nothing
 * was claimed. What was claimed and has no known end is success false, settlement_pending, with its
 * transaction; the same request asks again, of the chain alone.
 */
#ifndef KX_CORE_H
#define KX_CORE_H

#include "kaspa_x402/batch_verify.h"
#include "kaspa_x402/chain_evidence.h"
#include "kaspa_x402/exact_verify.h"
#include "store/kx_store.h"
#include "x402/facilitator.h"

/** Method of an MCP tool's call, which no HTTP request can have: its target is "/tool/" and the
 * tool's name, escaped, and its resource "mcp:/" before that. */
#define KX_CALL "tools/call"
#define KX_TOOL "/tool/"

struct kx_route {
    const char *method; /**< "GET", "POST", KX_CALL */
    const char *path;   /**< one that ends in '*' matches every path below */
    uint64_t price;     /**< sompi; 0: free */
    const char *description;
    bool is_authenticated; /**< only for a principal; else public */
    bool is_additive;      /**< an additive offer stands beside the standard-native one where a head
                              is available */
    bool is_batch;         /**< a batch offer stands beside them, where the server has one */
};

/** A caller that a bearer token names. */
struct kx_principal {
    const char *name, *tenant; /**< tenant NULL: none */
    struct assay_bytes token;  /**< compared in constant time */
};

/** Of a DAA score by which a channel is offered; by an older one its refund would be nearer than is
 * meant, or past, so that the node is asked anew first. */
#define KX_DAA_AGE_MAX_MS 1000

/** What a server offers of scheme batch-settlement; amounts in sompi. Refund timeouts roll: each is
 * the smallest multiple of the bucket that is at least the policy's lead and the refund's life
 * ahead of the chain, so that the offers of a while are one offer. */
struct kx_batch_core {
    const struct kx_batch_binding *binding; /**< of fixed charges */
    const char *template_id;
    uint8_t server[ASSAY_XONLY_BYTES]; /**< its secret is not the core's */
    uint64_t min_deposit, reserve;
    bool has_claim_above, has_claim_after; /**< the claim policy that is told, each part optional */
    uint64_t claim_above, claim_after_s;
    uint64_t refund_bucket_daa, refund_life_daa;
    struct kx_batch_policy policy;
};

#define KX_FACILITATED_KINDS_MAX 8

/** What a server sells through a facilitator: every priced route, for `price` atomic units of the
 * asset. No two kinds have one scheme and network, nor is one what the server settles itself. */
struct kx_facilitated_kind {
    const char *scheme, *network, *asset, *pay_to;
    const char *extra; /**< a canonical JSON object; NULL: none */
};
struct kx_facilitated_core {
    const struct kx_facilitated_kind *kinds;
    size_t kind_count; /**< 1 to KX_FACILITATED_KINDS_MAX */
    /** By which offers on networks of eip155, and what comes of them, are signed (extension
     * offer-receipt); NULL: nothing is. An offer stands for challenge_ms. */
    const struct assay_key *offer_key;
};

/** A facilitator: it sells nothing, and settles for the tenants that its principals are. */
struct kx_fac_core {
    unsigned modes; /**< of X402_MODE_VERIFY and X402_MODE_SETTLE, at least one */
};

struct kx_core {
    enum kaspa_network network;
    const char *base_url; /**< "http://127.0.0.1:8402": resources are it and the request-target */
    /** Empty: nothing is settled by this server itself, and no other member named after scheme
     * exact, heads or channels is looked at. */
    char pay_to[KASPA_ADDRESS_TEXT_MAX_BYTES];
    const struct kx_facilitated_core *facilitated; /**< NULL: none */
    bool asks_identifier;          /**< of every payment; who settles itself does anyway */
    const struct kx_fac_core *fac; /**< NULL: none; else there is neither pay_to nor a route */
    uint32_t max_timeout_s;
    struct kx_exact_policy policy;     /**< its finality is also what is offered */
    const struct kx_batch_core *batch; /**< NULL: not offered */
    const struct kx_route *routes;
    size_t route_count;
    const struct kx_principal *principals;
    size_t principal_count;
    uint64_t threshold;     /**< of additive heads */
    int64_t challenge_ms;   /**< life of an additive offer, and of a signed one */
    int64_t accept_wait_ms; /**< for the chain to accept what was submitted */
    int64_t poll_ms;        /**< between looks meanwhile */
    uint32_t caller_quota;  /**< requests of one caller in 60 s; 0: no limit */
    uint32_t quota;         /**< of all callers together; 0: no limit */
    uint32_t running_max, caller_running_max, scope_running_max; /**< at once; 0: no limit */
    int64_t sweep_every_ms;
};

/** RANGE, MALFORMED: the sentence that tells an operator what to change. */
enum assay_code kx_core_check(const struct kx_core *core, struct assay_err *err) ASSAY_MUST_USE;

/** What the network layer received. Slices must live until the response was taken. */
struct kx_event_request {
    struct assay_bytes method, target; /**< as sent */
    const struct kx_tool_call *tool;   /**< of KX_CALL; else NULL */
    struct assay_bytes host;           /**< of KX_CALL empty where there is none */
    struct assay_bytes body;
    struct assay_bytes content_type;
    struct assay_bytes payment;       /**< PAYMENT-SIGNATURE; repeated ones joined by ", ". Of
                                         KX_CALL: the JSON itself */
    struct assay_bytes legacy;        /**< X-PAYMENT, which a correct server ignores */
    struct assay_bytes authorization; /**< Authorization */
    int64_t now_ms;                   /**< wall clock */
    int64_t last_sweep_ms;
    uint32_t caller_requests; /**< of this caller in the window, this one included */
    uint32_t requests;        /**< of all callers in the window */
    uint32_t running, caller_running;
    uint64_t random;    /**< for the choice of a head */
    uint64_t daa_score; /**< that the node has told last; 0: none yet */
    int64_t daa_age_ms; /**< and how long ago */
    const struct x402_supported
        *supported; /**< that the facilitator has told last; NULL: none yet */
};

enum kx_do {
    KX_DO_STORE,       /**< kx_core_ask_store, then kx_core_store */
    KX_DO_LOOK,        /**< ask the node `look`, after wait_ms, then kx_core_sight */
    KX_DO_SUBMIT,      /**< submit `tx`, then kx_core_submitted */
    KX_DO_FACILITATOR, /**< make the `call` of the facilitator, then kx_core_facilitated */
    KX_DO_ORIGIN, /**< run the protected handler on the request as it came, but for its `target`,
                     then kx_core_result */
    KX_DO_ADMIT,  /**< count this scope's running requests, then kx_core_admitted */
    KX_DO_RESPOND /**< the end: send `response` */
};

enum kx_facilitator_call { KX_FACILITATOR_VERIFY, KX_FACILITATOR_SETTLE };

/** What came of a call (net/facilitator.h). */
enum kx_word {
    KX_WORD_YES,
    KX_WORD_NO,
    KX_WORD_PENDING, /**< of SETTLE: neither yet */
    KX_WORD_NONE,    /**< it answers, and decides nothing */
    KX_WORD_LOST,    /**< it does not answer */
};
struct kx_facilitator_word {
    enum kx_word word;
    bool may_have_moved;                   /**< of SETTLE */
    const char *reason;                    /**< of NO: a word of X402_REASONS */
    struct assay_bytes transaction, payer; /**< kx_core_arena(r); empty where it did not tell */
};

enum kx_ask {
    KX_ASK_IDENTIFIER, /**< load_identifier(identifier) */
    KX_ASK_SCOPE,      /**< find_scope(scope) */
    KX_ASK_ATTEMPT,    /**< load_attempt(txid) */
    KX_ASK_PAYMENT,    /**< load_payment(txid) */
    KX_ASK_HEAD,       /**< load_head(head_id) */
    KX_ASK_CHANNEL,    /**< load_channel(channel_id) without its lineage */
    KX_ASK_LINEAGE,    /**< the same with it */
    KX_ASK_OPERATION,  /**< load_operation(txid) */
    KX_ASK_SELECT,     /**< select_head(key) */
    KX_ASK_CLAIM,      /**< claim(attempt, now_ms) */
    KX_ASK_BROADCAST,
    KX_ASK_ACCEPT, /**< with finality */
    KX_ASK_BEGIN,  /**< begin_handler at now_ms */
    KX_ASK_RESET,
    KX_ASK_RESULT,   /**< record_result(result) */
    KX_ASK_RECOVERY, /**< mark_recovery(reason) */
    KX_ASK_COMMIT,   /**< commit(record) */
    KX_ASK_ABANDON,
    KX_ASK_ABANDON_REFUSED,
    KX_ASK_HEAD_LOST, /**< mark_head_unavailable(head) */
    KX_ASK_FOLLOW,    /**< put_lineage(channel) */
};

/** Answers of the store, as its operations set them. */
struct kx_store_answer {
    struct kx_attempt attempt;
    struct kx_payment_record payment;
    struct kx_identifier_record identifier;
    struct kx_head_record head;
    struct kx_lane_record channel;
    struct kx_lane_operation operation;
    char txid[X402_HASH_TEXT_BYTES]; /**< of SCOPE */
    enum kx_claim_result claim;
    bool done; /**< *begun, *applied */
};

struct kx_response {
    int status;
    const char *error; /**< the word of a refusal, which its body says too; NULL: an answer */
    struct assay_bytes body;
    struct assay_bytes content_type; /**< empty: none */
    const struct kx_field *headers;  /**< further ones: of the handler, PAYMENT-REQUIRED,
                                        PAYMENT-RESPONSE */
    size_t header_count;
    bool no_store;          /**< Cache-Control: private, no-store, max-age=0 */
    unsigned retry_after_s; /**< 0: none */
};

struct kx_action {
    enum kx_do kind;
    enum kx_ask ask;
    /* of the store's questions */
    struct assay_bytes identifier;
    const char *txid, *scope; /**< scope also of ADMIT */
    const char *channel_id;
    const struct kx_lane_record *channel;
    const struct kx_attempt *attempt;
    const struct kx_result *result;
    const struct kx_payment_record *record;
    const struct kx_head_record *head;
    uint8_t head_id[32];
    uint64_t key;
    int64_t at_ms; /**< now_ms or started_ms of the question */
    enum kx_finality finality;
    struct assay_bytes reason;
    /* of the others */
    const struct kx_look *look;
    int64_t wait_ms;
    const struct kaspa_tx *tx;
    enum kx_facilitator_call call;
    const struct x402_ask *facilitator; /**< what it is asked */
    const struct x402_expected *expected;
    struct assay_bytes target; /**< of ORIGIN: path and query in the form that was priced */
    struct kx_response response;
    const char *rule; /**< of a refusal: the rule that decided, for logs; else NULL */
    bool sweep;       /**< beside the action: ops->sweep(at_ms) */
};

/** Under what name a caller's requests are counted: "anonymous", or
 * H(C({scope:"kaspa:x402:authenticated-caller:v1", principal, tenant|null})) of the principal whose
 * token it is (section 19). out: X402_HASH_TEXT_BYTES. */
void kx_core_caller(char *out, const struct kx_core *core, struct assay_bytes authorization);

/** One request on its way; allocates. */
struct kx_core_request;
struct kx_core_request *kx_core_request_new(const struct kx_core *core); /**< NULL: out of memory */
void kx_core_request_free(struct kx_core_request *r);
/** What is said of a payment that an operator or a later retry has to end: a word of its scheme. */
const char *kx_core_recovery(const struct kx_core_request *r);
/** Where the answer of the store or the node to the last action is put; to be asked for anew after
 * each action. What a look put there is gone with the next look, all else with the request. */
struct assay_arena *kx_core_arena(struct kx_core_request *r);

struct kx_action kx_core_request(struct kx_core_request *r, const struct kx_event_request *event);
/** Carries out an action of KX_DO_STORE: `ask` of a store, in one operation. What is loaded is in
 * kx_core_arena(r). As the operation (kx_store.h). */
enum assay_code kx_core_ask_store(struct kx_core_request *r, const struct kx_action *action,
                                  struct kx_store *store,
                                  struct kx_store_answer *answer) ASSAY_MUST_USE;
struct kx_action kx_core_store(struct kx_core_request *r, enum assay_code code,
                               const struct kx_store_answer *answer, int64_t now_ms);
/** running: requests of that scope, this one included. */
struct kx_action kx_core_admitted(struct kx_core_request *r, uint32_t running, int64_t now_ms);
/** code as ref_kaspa_node_look; sight of OK. */
struct kx_action kx_core_sight(struct kx_core_request *r, enum assay_code code,
                               const struct kx_sight *sight, int64_t now_ms);
/** code and sent as ref_kaspa_node_submit. */
struct kx_action kx_core_submitted(struct kx_core_request *r, enum assay_code code, bool sent,
                                   int64_t now_ms);
struct kx_action kx_core_facilitated(struct kx_core_request *r,
                                     const struct kx_facilitator_word *word, int64_t now_ms);
/** OK with the handler's answer, whose slices must live until the response was taken, or why there
 * is none; reached: it may have run. An answer of 500
 * and above, or none, is a handler that failed: nothing of it is delivered, and an operator says
 * what became of it. One that provably never ran may be tried again by the next retry. */
struct kx_action kx_core_result(struct kx_core_request *r, enum assay_code code, bool reached,
                                const struct kx_result *result, int64_t now_ms);

/** What an operator's reconciliation of one attempt comes to, from what the chain says (section
 * 14): nothing changes unless accepted (then ACCEPT) or absent for good (then ABANDON). Of a charge
 * to a channel, which needs no sight (NULL): ABANDON where its handler was never marked. */
enum kx_recovery { KX_RECOVERY_NOTHING, KX_RECOVERY_ACCEPT, KX_RECOVERY_ABANDON };
enum kx_recovery kx_core_recover(const struct kx_core *core, const struct kx_attempt *attempt,
                                 const struct kx_sight *sight, enum kx_finality *finality);
/** What an operator's word that a facilitator has settled an attempt, by that transaction, comes
 * to: the payment to be committed, with the handler's answer and the receipt. *out borrows from r,
 * a request that has asked for nothing, and from the attempt. MISMATCH: no facilitator settles it,
 * or its handler has not answered; RANGE: the text names no transaction; MALFORMED: the attempt's
 * payment cannot be read; TOO_LARGE, NOMEM. */
enum assay_code kx_core_settled(struct kx_core_request *r, const struct kx_payment_record **out,
                                const struct kx_attempt *attempt, struct assay_bytes transaction,
                                int64_t now_ms, struct assay_err *err) ASSAY_MUST_USE;
/** The look that finds an attempt's transaction and the coins that it spends; what it points to is
 * in the arena, the transaction itself in *tx (may be NULL). MALFORMED: the attempt's transaction
 * cannot be read; NOMEM. */
enum assay_code kx_core_look_for(struct kx_look *out, struct kaspa_tx *tx,
                                 struct assay_arena *arena, const struct kx_attempt *attempt,
                                 struct assay_err *err) ASSAY_MUST_USE;

#endif
