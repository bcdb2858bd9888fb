/** A whole Kaspa x402 server in virtual time, for tests of the decision core: the core, the memory
 *  store, a chain of a few coins that does as it is told, a handler that counts, and a log of
 *  everything that the core asked for. Requests are carried out an action at a time, so that they
 *  can be interleaved, and dropped, at every one. */
#ifndef REF_TESTS_KX_SHOP_H
#define REF_TESTS_KX_SHOP_H

#include "core/kx_core.h"
#include "ref/tests/kx_world.h"

#define SHOP_URL "http://shop.test:8402"
#define SHOP_TOKEN "alice-token-0123456789"
#define SHOP_TOKEN_B "bobby-token-0123456789"
#define SHOP_BATCH_PRICE UINT64_C(10000000)
#define SHOP_TXS_MAX 8
#define SHOP_STEPS_MAX 400

/** A transaction that the node was given, or that is on the chain. */
struct shop_tx {
    struct kaspa_hash txid;
    struct kaspa_outpoint spends[KX_INPUTS_MAX];
    size_t spend_count;
    bool is_accepted;
    uint64_t confirmations;
};

struct shop {
    struct kx_core core;
    struct kx_store *store;
    struct assay_arena arena; /**< what the functions below return lives here */
    struct assay_buf log;
    int64_t now_ms, last_sweep_ms;
    uint64_t random;
    uint32_t requests, caller_requests, running, caller_running, scope_running;

    /* the chain; `chain` takes the place of all of it */
    enum assay_code (*chain)(struct shop *s, struct kx_sight *out, struct assay_arena *arena,
                             const struct kx_look *asked);
    uint64_t daa_score; /**< that requests come with */
    int64_t daa_age_ms; /**< and its age */
    struct shop_tx txs[SHOP_TXS_MAX];
    size_t tx_count;
    struct kaspa_outpoint coins[16];
    struct kaspa_utxo utxos[16];
    size_t coin_count;
    bool accepts;                  /**< a submitted transaction, at the next look for it */
    uint64_t confirmations;        /**< that it has then */
    enum assay_code submit_code;   /**< of submissions; */
    bool is_unsent;                /**< which then never left; */
    bool takes_silently;           /**< or arrived all the same */
    enum assay_code look_code;     /**< of looks */
    enum assay_code evidence_code; /**< of looks for a transaction */
    bool tells_mempool;            /**< of what was submitted; else it says nothing of it */
    bool tells_spent;              /**< what the coins of an accepted transaction were */
    const struct kx_chain_evidence *evidence; /**< what it says instead of the truth */
    unsigned looks, coin_looks, submissions;

    /* the facilitator */
    const struct x402_supported *supported; /**< that requests come with */
    struct kx_facilitator_word verified;    /**< what it says to /verify */
    struct kx_facilitator_word settled[2];  /**< what it says to the first /settle, and to others */
    bool settles_anew;     /**< each yes to /settle names another transaction than the last one */
    unsigned transactions; /**< that it has named so */
    unsigned verify_calls, settle_calls;
    const char *asked; /**< the body of the last call */

    /* the handler */
    unsigned runs;
    enum assay_code handler_code;
    bool is_unreached;
    struct kx_result result; /**< its answer */
    const char *ran_target;
    json_t *kept[4096]; /**< what replies point to */
    size_t kept_count;

    size_t allocations; /**< that core and store are given from now on; SIZE_MAX: all */

    /* the store */
    int break_at; /**< the question that fails, or -1 */
    enum assay_code break_code;
};

/** What is asked, and with what; NULL: GET, /report, our host, nothing. Of a tool the payment is
 * the JSON itself. */
struct shop_ask {
    const char *method, *target, *host, *payment, *body, *legacy, *token;
    const struct kx_tool_call *tool;
    const char *type; /**< of the body; NULL: text/plain */
};

struct shop_reply {
    int status;
    const char *type, *body, *error, *rule, *receipt; /**< NULL: none; error: of the body */
    size_t body_len;
    struct kx_field headers[KX_STORE_ANSWER_HEADERS_MAX];
    size_t header_count;
    json_t *offer, *settlement; /**< of the two headers; owned by the shop; NULL: none */
    unsigned retry_after_s;
    bool no_store, sweep;
};

/** A request on its way. */
struct shop_errand {
    struct shop *shop;
    struct kx_core_request *core;
    struct kx_event_request event;
    struct kx_action action;
    bool sweep;
};

void shop_open(struct shop *s);
void shop_close(struct shop *s);
const char *shop_log(struct shop *s); /**< what was asked for since the last call */

/** Starts a request; its first action waits to be carried out. */
struct shop_errand *shop_begin(struct shop *s, const struct shop_ask *ask);
/** Carries out the action and hands its outcome in. False: it was the response. */
bool shop_step(struct shop_errand *e);
/** The response of an errand that has ended; frees it. */
struct shop_reply shop_end(struct shop_errand *e);
/** Drops it where it is, as a crash would: nothing is handed in. */
void shop_drop(struct shop_errand *e);
/** All of it. */
struct shop_reply shop_send(struct shop *s, const struct shop_ask *ask);

/** A payment being made for what `ask` costs: a world whose offer is the shop's, entry `entry`. Its
 *  coins are put on the chain. Change it, then shop_seal. */
struct kx_world *shop_offer(struct shop *s, const struct shop_ask *ask, size_t entry);
/** Signs it; the value of PAYMENT-SIGNATURE. The world may be changed and sealed again. */
const char *shop_seal(struct shop *s, struct kx_world *w);
/** The same at once, of the standard entry. */
const char *shop_pay(struct shop *s, const struct shop_ask *ask);
/** What the payer, or somebody else, put on the chain by himself: the world's transaction. */
struct shop_tx *shop_publish(struct shop *s, struct kx_world *w);
const char *shop_header(struct shop *s, const json_t *payment);
/** A second coin of the payer's is what is spent from then on. */
void shop_other_coin(struct kx_world *w, uint8_t number);

/** Another valid signature of input 0 in the payment as it is sent; shop_header is its new value.
 */
void shop_resign(struct kx_world *w);

/** On the chain: what spends is accepted now, or gone again. */
struct shop_tx *shop_find_tx(struct shop *s, const struct kaspa_hash *txid);
void shop_accept(struct shop *s, struct shop_tx *tx, uint64_t confirmations);
void shop_spend_elsewhere(struct shop *s, const struct kaspa_outpoint *coin,
                          uint64_t confirmations);
/** What an errand asks of the chain. */
enum assay_code shop_look(struct shop *s, struct kx_sight *out, struct assay_arena *arena,
                          const struct kx_look *asked);
enum assay_code shop_submit(struct shop *s, const struct kaspa_tx *tx);
struct shop_tx *shop_take(struct shop *s, const struct kaspa_tx *tx); /**< into the mempool */
void shop_add_coin(struct shop *s, const struct kaspa_outpoint *outpoint,
                   const struct kaspa_utxo *utxo);
/** Registers the world's head. */
void shop_register_head(struct shop *s, struct kx_world *w);

#endif
