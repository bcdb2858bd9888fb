/** What a paid-tools server must remember, behind one interface: spent nonces, keyed answers, and a
 *  floor under the clock. Memory (a test fixture) and SQLite (WAL, full sync) implement it.
 *
 *  Every operation is atomic against every other, from any thread and, for SQLite, any process that
 * has opened the same file. A store call that returns an error has changed nothing; the caller
 * answers 503 and delivers nothing (fail closed).
 *
 *  Source: paid-tools digest, sections 5 and 5.2, rules NS-1..NS-4, IK-1..IK-6, RS-1, CG-1.
 */
#ifndef REF_STORE_STORE_H
#define REF_STORE_STORE_H

#include "base/buf.h"

#define REF_STORE_KEY_MAX_BYTES 8192 /**< an Idempotency-Key above is refused with 400 */
#define REF_STORE_BODY_MAX_BYTES (4u << 20)

/** An answer as it was delivered, to be delivered again. Slices are borrowed by _finish; by _begin
 * and _lookup they are views into `storage`, which the caller owns. */
struct ref_answer {
    int status;
    struct assay_bytes content_type; /**< empty: none was sent */
    struct assay_bytes body;
};

/** One payment attempt. */
struct ref_claim {
    struct assay_bytes nonce; /**< identity of the payment; empty: only the key is asked about */
    struct assay_bytes key;   /**< Idempotency-Key; empty: none */
    struct assay_bytes request_hash; /**< what key and nonce are used for */
    struct assay_bytes payment; /**< identifies the payment that a keyed answer belongs to (IK-5) */
    int64_t now_ms;
    int64_t nonce_until_ms; /**< the nonce is remembered until then: expiry + grace (NS-4) */
    int64_t key_until_ms;   /**< the keyed answer is kept until then */
};

enum ref_claim_result {
    REF_CLAIM_FREE, /**< _lookup: the key is unknown. _begin: nonce and key are now reserved */
    REF_CLAIM_NONCE_TAKEN,  /**< the nonce is reserved or spent; nothing was changed */
    REF_CLAIM_KEY_BUSY,     /**< the key is reserved by a running request; nothing was changed */
    REF_CLAIM_KEY_CONFLICT, /**< the key belongs to another request_hash; nothing was changed */
    REF_CLAIM_ANSWERED,     /**< the key has an answer for this request_hash: `answer` */
    REF_CLAIM_FULL,         /**< the store holds its maximum of live nonces or keys: answer 503 */
};

enum ref_outcome {
    REF_OUTCOME_SPENT,    /**< the nonce is spent; with a key, `answer` is stored under it, or
                               the key is free again where `answer` is NULL */
    REF_OUTCOME_RELEASED, /**< the nonce is usable again (CG-1), and the key is free */
};

struct ref_store_limits {
    uint64_t max_nonces; /**< live nonces, default 1,000,000 */
    uint64_t max_keys;   /**< keyed answers, default 100,000 */
};
#define REF_STORE_LIMITS_DEFAULT                                                                   \
    {                                                                                              \
        .max_nonces = 1000000, .max_keys = 100000                                                  \
    }

/** In/out of a question: what was found besides the result. */
struct ref_found {
    struct ref_answer answer; /**< of ANSWERED */
    struct assay_buf storage; /**< holds answer and payment; caller: ASSAY_BUF_INIT and _fini */
    struct assay_bytes
        payment; /**< of ANSWERED, KEY_BUSY, KEY_CONFLICT: the payment the key belongs to */
};

struct ref_store;

struct ref_store_ops {
    /** What is known of claim->key, changing nothing. FREE, KEY_BUSY, KEY_CONFLICT or ANSWERED. */
    enum assay_code (*lookup)(struct ref_store *store, const struct ref_claim *claim,
                              enum ref_claim_result *result, struct ref_found *found,
                              struct assay_err *err);
    /** In one step: all checks, then reserve nonce and key, durable when it returns. */
    enum assay_code (*begin)(struct ref_store *store, const struct ref_claim *claim,
                             enum ref_claim_result *result, struct ref_found *found,
                             struct assay_err *err);
    /** Ends what _begin reserved, durable when it returns. MISSING: nothing of that is reserved. */
    enum assay_code (*finish)(struct ref_store *store, const struct ref_claim *claim,
                              enum ref_outcome outcome, const struct ref_answer *answer,
                              struct assay_err *err);
    /** Removes nonces and keys whose time is over at now_ms, and remembers now_ms as the floor
     * under the clock (a clock that steps back below it must not revive what was removed). */
    enum assay_code (*sweep)(struct ref_store *store, int64_t now_ms, struct assay_err *err);
    /** The highest now_ms of any sweep; 0 where none was. */
    enum assay_code (*floor)(struct ref_store *store, int64_t *floor_ms, struct assay_err *err);
    /** Live nonces and keys. */
    enum assay_code (*count)(struct ref_store *store, uint64_t *nonces, uint64_t *keys,
                             struct assay_err *err);
    void (*close)(struct ref_store *store); /**< frees; NULL is taken */
};

struct ref_store {
    const struct ref_store_ops *ops;
};

/** Memory of this process; lost with it. NOMEM. */
enum assay_code ref_store_memory_open(struct ref_store **out, const struct ref_store_limits *limits,
                                      struct assay_err *err) ASSAY_MUST_USE;
/** A SQLite file, made where it is missing (mode 0600): WAL, synchronous=FULL, small checkpoints.
 * Opened once per process after fork; threads share it behind a lock. IO: cannot be opened or is no
 * store of this version. BUSY never reaches the caller before 5 s of waiting. */
enum assay_code ref_store_sqlite_open(struct ref_store **out, const char *path,
                                      const struct ref_store_limits *limits,
                                      struct assay_err *err) ASSAY_MUST_USE;

#endif
