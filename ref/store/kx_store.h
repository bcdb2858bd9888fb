/** What a Kaspa x402 server must remember of payments, behind one interface: attempts, paid
 * answers, payment identifiers, heads, channels and what spends them. Memory (a test fixture) and
 * SQLite (WAL, full sync) implement it.
 *
 *  Every operation is durable before it returns, all or nothing, and atomic against every other,
 * from any thread and, for SQLite, any process that has opened the same file: comparisons are made
 * in the transaction that writes. One that returns an error has changed nothing; the caller
 * delivers nothing (fail closed). (What a disk failed to sync may yet be found after a crash, and
 * is then as if it had been acknowledged.) What an operation decided is in its *result, which is
 * not an error. Texts of hex are lower case; who calls sees to that.
 *
 *  Source: Kaspa x402 exact digest, sections 11, 12 and 18; batch digest, sections 6.1, 13 and 14.
 *
 *  Life of an attempt:     PENDING -> BROADCAST (optional) -> ACCEPTED -> APPLIED, or, before
 *                          acceptance and without a handler's mark, abandoned: then it is gone.
 *  Life of an identifier:  PENDING with its attempt, RECOVERY while an operator has to say what
 *                          became of the handler, COMPLETED with the payment, RELEASED when the
 *                          attempt was abandoned: free for anyone.
 *
 *  One that settles last, by a facilitator, has its handler run before anything has moved: it is
 * begun and answered while it is PENDING, BROADCAST once its settlement is asked for, and from
 * there APPLIED with the answer that tells of it; or abandoned, with the handler's answer, where
 * its settlement is known to have failed. It is never ACCEPTED, but ASKED_AGAIN once its settlement
 * is asked for a second time: what is refused then may be that it was settled.
 *
 *  A payment of scheme batch-settlement is an attempt as any other. Its txid is the attempt's id,
 * no transaction, and it is ACCEPTED from its claim on, the channel's head having been verified
 * before.
 *
 *  Leases: one thing at a time is on its way in a channel, a payment or an operation, and holds its
 * lease from claim to commit or abandon, from begin to apply or abandon. Nothing takes it away: an
 * attempt that needs an operator keeps it until the operator has spoken. What was charged changes
 * only with a commit.
 *
 *  The chain asks for no lease. What becomes known of a lineage meanwhile is put under the holder's
 * feet (put_lineage), and the version tells the holder. A payment that was judged with a channel
 * which is no more does not begin its handler, and is abandoned; had it begun, its commit is
 * refused, and it needs an operator, who either undoes it (reset_handler, abandon) if the handler
 * never ran, or stands by it (rejudge, record_result, commit): what was served is charged, wherever
 * the coin is now. The voucher is for the lineage and not for the coin, so that nobody has to sign
 * anything anew. An operation is applied to the channel as it is then. So who watches the chain
 * changes a channel that is leased only when its head or its status is another; how deep a block
 * lies can wait.
 */
#ifndef REF_STORE_KX_STORE_H
#define REF_STORE_KX_STORE_H

#include "kaspa_x402/exact_verify.h"
#include "store/kx_channel.h"

#define KX_STORE_HEADERS_MAX 64                       /**< of a handler's result */
#define KX_STORE_RESULT_MAX_BYTES ((size_t)256 << 10) /**< its header fields and its body */
/** Of a paid answer: a result, and PAYMENT-RESPONSE among its headers. */
#define KX_STORE_ANSWER_HEADERS_MAX (KX_STORE_HEADERS_MAX + 1)
#define KX_STORE_ANSWER_MAX_BYTES (KX_STORE_RESULT_MAX_BYTES + X402_HEADER_MAX_CHARS + 1024)
#define KX_STORE_REASON_MAX_BYTES 1024
/** What a claim reserves beside its own bytes: a result and an answer may be written at once. */
#define KX_STORE_RESERVED_BYTES (2 * KX_STORE_ANSWER_MAX_BYTES)
/** Of what an attempt's slices may hold. Its transaction's text: X402_ARTIFACT_MAX_BYTES. */
#define KX_STORE_SPK_MAX_BYTES (KASPA_OUTPUT_SCRIPT_MAX_BYTES + 2)

/** An answer of the handler, or a paid answer: status, header fields, body. Slices are borrowed
 * by what takes it; of what was loaded they are views into the caller's storage. */
struct kx_result {
    int status; /**< 100 to 599 */
    struct kx_field {
        struct assay_bytes name, value;
    } headers[KX_STORE_ANSWER_HEADERS_MAX];
    size_t header_count;
    struct assay_bytes body;
};

enum kx_attempt_status {
    KX_PENDING,
    KX_BROADCAST,
    KX_ACCEPTED,
    KX_APPLIED,
    KX_ASKED_AGAIN = KX_ACCEPTED /* of what settles last */
};

/** One settlement attempt. The terms never change; claim compares them, all but the transaction's
 * text: other witnesses or another spelling make no other payment (section 11), and what the text
 * pays is in payload_hash. */
struct kx_attempt {
    /* the terms */
    char txid[X402_HASH_TEXT_BYTES];
    enum kx_profile profile;
    uint64_t amount;
    uint32_t output_index;
    char fingerprint[X402_HASH_TEXT_BYTES]; /**< of the request */
    char requirements_hash[X402_HASH_TEXT_BYTES];
    char payload_hash[X402_HASH_TEXT_BYTES];
    char authorization_id[X402_HASH_TEXT_BYTES];
    char scope[X402_HASH_TEXT_BYTES]; /**< artifact scope: of the transaction, whatever its
                                         witnesses */
    struct assay_bytes identifier;    /**< empty: it has none */
    int64_t authorization_expires_ms;
    int64_t challenge_expires_ms;   /**< KX_NO_TIME: none */
    struct assay_bytes pay_to_spk;  /**< serialized */
    struct assay_bytes transaction; /**< safe JSON as it came first; empty once APPLIED */
    enum kx_finality required;
    uint8_t payer[32]; /**< the verified x-only key */
    bool has_head;     /**< additive: what of the head was claimed */
    uint8_t head_id[32];
    uint64_t head_version; /**< the one that is spent */
    uint64_t head_next_amount;
    bool has_channel; /**< batch-settlement: what is charged; its version and commitment are no
                         terms, but those of the first claim */
    struct kx_charge charge;
    /** The channel's record that a deposit or a top-up brings: is written with the claim; NULL:
     * none, and so of what was loaded. No term. */
    const struct kx_lane_record *deposit;

    bool settles_last; /**< see above; it has neither head nor channel */

    /** 64 hex digits: the chain's sink when it was claimed, from which evidence is looked for; or
     * empty. No term: it stays that of the first claim. */
    struct assay_bytes since;

    /* what became of it; what a claim brings here is not read: it is PENDING */
    enum kx_attempt_status status;
    enum kx_finality finality; /**< reached; MEMPOOL: none yet */
    int64_t claimed_ms;
    int64_t changed_ms;         /**< of its last step */
    int64_t handler_started_ms; /**< KX_NO_TIME: not */
    bool has_result;
    struct kx_result result;     /**< of has_result, until APPLIED */
    struct assay_bytes recovery; /**< why an operator is needed; empty: not */
};

/** The terminal record of one transaction. Compacted after its retention: the answer is gone, the
 * rest stays for good, and so does the attempt. */
struct kx_payment_record {
    char txid[X402_HASH_TEXT_BYTES];
    uint32_t output_index;
    char fingerprint[X402_HASH_TEXT_BYTES], payload_hash[X402_HASH_TEXT_BYTES],
        scope[X402_HASH_TEXT_BYTES];
    struct assay_bytes identifier;
    /** Of what settles last: by what it was settled, which settles nothing else for good; empty: by
     * itself. */
    char settlement[X402_HASH_TEXT_BYTES];
    int64_t committed_ms;
    bool is_compacted;
    struct kx_result answer; /**< as it was sent, PAYMENT-RESPONSE among its headers */
};

enum kx_identifier_state {
    KX_ID_NONE,
    KX_ID_PENDING,
    KX_ID_RECOVERY,
    KX_ID_COMPLETED,
    KX_ID_RELEASED
};

/** What is known of an identifier: of PENDING and later, whose it is. */
struct kx_identifier_record {
    enum kx_identifier_state state;
    char txid[X402_HASH_TEXT_BYTES], fingerprint[X402_HASH_TEXT_BYTES],
        payload_hash[X402_HASH_TEXT_BYTES], scope[X402_HASH_TEXT_BYTES];
};

enum kx_head_status { KX_HEAD_AVAILABLE, KX_HEAD_CLAIMED, KX_HEAD_UNAVAILABLE, KX_HEAD_RETIRED };

/** A head of the additive profile: a coin that payments grow. */
struct kx_head_record {
    uint8_t id[32];
    uint64_t version;
    struct kaspa_outpoint outpoint;
    uint64_t amount;
    uint64_t threshold;
    uint8_t owner[32]; /**< x-only; the redeem script follows from it and the threshold */
    enum kx_head_status status;
};

enum kx_claim_result {
    KX_CLAIM_CREATED,
    KX_CLAIM_EXISTS,        /**< the same terms were claimed before: nothing was changed */
    KX_CLAIM_OTHER_TERMS,   /**< the transaction is an attempt or a payment on other terms */
    KX_CLAIM_ID_TAKEN,      /**< the identifier is another's */
    KX_CLAIM_HEAD_MOVED,    /**< the head is not available, or not the one that was offered */
    KX_CLAIM_EXPIRED,       /**< a deadline has passed when it would be written */
    KX_CLAIM_FULL,          /**< a quota; nothing is evicted for a new claim */
    KX_CLAIM_LEASED,        /**< something else is on its way in the channel */
    KX_CLAIM_CHANNEL_MOVED, /**< the channel is not known, not active or closed, not the one that it
                               was judged with, or not the one that the deposit is for */
    KX_CLAIM_LINEAGE_TAKEN, /**< the covenant id is another channel's, for good */
};

/** One transaction that spends a channel's head. Its life is that of an attempt. */
struct kx_lane_operation {
    /* the terms, which never change */
    char txid[X402_HASH_TEXT_BYTES];
    char channel_id[X402_HASH_TEXT_BYTES];
    uint64_t version; /**< of the channel's record that it was built for */
    enum kx_transition_kind kind;
    uint64_t amount;    /**< D; the value that is added; what the refund pays */
    bool has_successor; /**< not of a refund */
    struct kx_lane_head successor;
    uint64_t confirmations;         /**< from which it is accepted; > 0 */
    struct assay_bytes transaction; /**< its text; empty once APPLIED */

    /* what became of it; what begin brings here is not read */
    enum kx_attempt_status status;
    int64_t begun_ms, changed_ms;
};

enum kx_operation_result {
    KX_OPERATION_BEGUN,
    KX_OPERATION_EXISTS, /**< the same was begun before: nothing was changed */
    KX_OPERATION_LEASED, /**< something else is on its way in the channel */
    KX_OPERATION_MOVED,  /**< the channel is not known, not at that version, or of a status in which
                            none such begins */
};

struct kx_store_limits {
    uint64_t max_records; /**< attempts, payments and channels that are not compacted, 10,000 */
    /** Of them, with what claims reserve until they are settled, 512 MiB: 679 at once. A channel's
     * lineage counts as long as it is; it may grow where there is no room for a claim. */
    uint64_t max_bytes;
    uint64_t max_per_payer; /**< of a channel: its client */
    uint64_t max_heads;
    int64_t retention_ms; /**< of a paid answer, from its commit; of a refunded channel's lineage */
};
#define KX_STORE_LIMITS_DEFAULT                                                                    \
    {                                                                                              \
        .max_records = 10000, .max_bytes = UINT64_C(512) << 20, .max_per_payer = 1000,             \
        .max_heads = 256, .retention_ms = INT64_C(86400000)                                        \
    }

struct kx_store;

/** What loads hand out: views into the arena that the caller gave. */
struct kx_store_ops {
    /** Reads; MISSING: there is none such. */
    enum assay_code (*load_attempt)(struct kx_store *store, struct kx_attempt *out,
                                    struct assay_arena *arena, const char *txid,
                                    struct assay_err *err);
    enum assay_code (*load_payment)(struct kx_store *store, struct kx_payment_record *out,
                                    struct assay_arena *arena, const char *txid,
                                    struct assay_err *err);
    /** Never MISSING: state NONE. */
    enum assay_code (*load_identifier)(struct kx_store *store, struct kx_identifier_record *out,
                                       struct assay_bytes identifier, struct assay_err *err);
    /** Whether any attempt or payment has this artifact scope: its txid, else MISSING. */
    enum assay_code (*find_scope)(struct kx_store *store, char *txid, const char *scope,
                                  struct assay_err *err);

    /** In one step: attempt, identifier, deadlines, head or channel, quotas; the first of them that
     * objects is the result. Deadlines are compared with now_ms and the time that the step was
     * waited for. An identifier is free, RELEASED, or of the same txid, fingerprint and payload
     * hash. A head is still the offered one if it has that version, and grows by the amount to
     * head_next_amount. TOO_LARGE: a slice is above its limit. A channel is the one that the charge
     * was judged with if, once the deposit is written, it is active, has that version, and its A is
     * `before`; its lease is taken. A deposit is that of a channel which is not known yet: at
     * version 0, with nothing charged or claimed, and a covenant id that no other channel ever had;
     * or of a known one, with its client, covenant and S: at its version with the same coin, value
     * and lineage, or at the next with another coin of a larger value, and the lineage of that;
     * nothing else is read then. RANGE: the charge is not of the attempt's amount, or of an
     * impossible sum; the deposit is of another channel. */
    enum assay_code (*claim)(struct kx_store *store, const struct kx_attempt *attempt,
                             int64_t now_ms, enum kx_claim_result *result, struct assay_err *err);
    /** -> BROADCAST; nothing where it is that or further, but for what settles last: ->
     * ASKED_AGAIN. MISSING: no attempt; so below. */
    enum assay_code (*broadcast)(struct kx_store *store, const char *txid, int64_t now_ms,
                                 struct assay_err *err);
    /** -> ACCEPTED, with the finality, which may rise later; the head, once, becomes (txid, 0) with
     * head_next_amount, version + 1, available. Nothing where APPLIED. RANGE: the finality is none
     * of an accepted transaction; DUPLICATE: another head stands on (txid, 0); MISMATCH: it settles
     * last. */
    enum assay_code (*accept)(struct kx_store *store, const char *txid, enum kx_finality finality,
                              int64_t now_ms, struct assay_err *err);
    /** *begun exactly once, and only from ACCEPTED (PENDING where it settles last) without a start
     * mark, and with the channel that it was judged with; sets started_ms. RANGE: started_ms is
     * KX_NO_TIME. */
    enum assay_code (*begin_handler)(struct kx_store *store, const char *txid, int64_t started_ms,
                                     bool *begun, struct assay_err *err);
    /** Clears exactly that mark, when the handler provably never ran, and a recovery reason with
     * it. MISMATCH: another mark, none, or a result. */
    enum assay_code (*reset_handler)(struct kx_store *store, const char *txid, int64_t started_ms,
                                     struct assay_err *err);
    /** Requires ACCEPTED (not where it settles last) and a start mark. The same again is nothing;
     * another: MISMATCH. Clears the recovery reason, and the identifier is PENDING again.
     * TOO_LARGE, RANGE (status, headers). */
    enum assay_code (*record_result)(struct kx_store *store, const char *txid,
                                     const struct kx_result *result, int64_t now_ms,
                                     struct assay_err *err);
    /** Requires ACCEPTED, a start mark and no result (else MISMATCH), or a result whose channel has
     * moved; the identifier -> RECOVERY. A later reason replaces an earlier one. RANGE: it is
     * empty; TOO_LARGE. */
    enum assay_code (*mark_recovery)(struct kx_store *store, const char *txid,
                                     struct assay_bytes reason, int64_t now_ms,
                                     struct assay_err *err);
    /** First: requires ACCEPTED, a start mark, a result, and the attempt's own fingerprint, payload
     * hash, scope, identifier and output index (else MISMATCH); writes the payment, the identifier
     * -> COMPLETED, the attempt -> APPLIED without transaction text and result. Again with the same
     * fingerprint, payload hash and output index: nothing; else MISMATCH. DUPLICATE: its settlement
     * is another payment's. TOO_LARGE, RANGE: of the answer. Of a channel: A and T become `after`,
     * the voucher is kept, it is the last attempt, the version is the next, the lease is free.
     * MISMATCH: the channel has moved since it was judged: mark recovery. */
    enum assay_code (*commit)(struct kx_store *store, const struct kx_payment_record *payment,
                              struct assay_err *err);
    /** Only before acceptance, of a channel's payment without a start mark (else MISMATCH): the
     * attempt is gone, the head it claimed available again, the channel's lease free, the
     * identifier RELEASED. What a deposit brought stays: the coin is there. */
    enum assay_code (*abandon)(struct kx_store *store, const char *txid, int64_t now_ms,
                               struct assay_err *err);
    /** The same for who asked for a settlement and was refused. MISMATCH: nobody, or somebody else
     * too, has asked for it, who may have been told that it is settled. */
    enum assay_code (*abandon_refused)(struct kx_store *store, const char *txid, int64_t now_ms,
                                       struct assay_err *err);

    /** The same again, whatever became of its status, is nothing. DUPLICATE: another head, or
     * another state of it, has that id, or another head that outpoint; TOO_LARGE: no room. */
    enum assay_code (*register_head)(struct kx_store *store, const struct kx_head_record *head,
                                     struct assay_err *err);
    /** Of the available heads, by id, number key mod their count. MISSING: none. */
    enum assay_code (*select_head)(struct kx_store *store, struct kx_head_record *out, uint64_t key,
                                   struct assay_err *err);
    /** MISSING: there is none such. */
    enum assay_code (*load_head)(struct kx_store *store, struct kx_head_record *out,
                                 const uint8_t *id, struct assay_err *err);
    /** To UNAVAILABLE if version, outpoint, amount and status are still those; *applied. */
    enum assay_code (*mark_head_unavailable)(struct kx_store *store,
                                             const struct kx_head_record *seen, bool *applied,
                                             struct assay_err *err);
    /** To the coin at the end of 1 to 64 steps, version + steps, available, if it is still as seen
     * and neither claimed nor retired; *applied. Whether the steps are proved is for the caller.
     * RANGE: the steps, or a version above 64 bits; DUPLICATE: another head stands there. */
    enum assay_code (*move_head)(struct kx_store *store, const struct kx_head_record *seen,
                                 const struct kaspa_outpoint *outpoint, uint64_t amount,
                                 unsigned steps, bool *applied, struct assay_err *err);

    /** with_lineage: else it is empty. MISSING. */
    enum assay_code (*load_channel)(struct kx_store *store, struct kx_lane_record *out,
                                    struct assay_arena *arena, const char *channel_id,
                                    bool with_lineage, struct assay_err *err);
    /** Where a lineage stands, as the caller has proved it: status, head and lineage of `to`, if
     * the channel has the version of `to` (*applied), whoever holds its lease; the version becomes
     * the next. Nothing else of `to` is read. SUSPICIOUS and REFUNDED close the channel for good.
     * MISSING. RANGE: another covenant, a sum that is impossible, or ACTIVE where it was SUSPICIOUS
     * or REFUNDED at any time before (is_closed). TOO_LARGE: the lineage. */
    enum assay_code (*put_lineage)(struct kx_store *store, const struct kx_lane_record *to,
                                   int64_t now_ms, bool *applied, struct assay_err *err);
    /** What an operator decides of an attempt with a start mark whose channel has moved: that its
     * charge stands, on that version of the record, which must be the current one. Once there is a
     * result, clears the recovery reason as record_result does. MISMATCH: no such attempt's
     * channel, or version. */
    enum assay_code (*rejudge)(struct kx_store *store, const char *txid, uint64_t version,
                               int64_t now_ms, struct assay_err *err);

    /** Takes the channel's lease and keeps what will be sent, before it is sent: in one step, if
     * nobody holds the lease and the version is still that. Begins on an ACTIVE channel; a claim or
     * a refund on a SUSPICIOUS one, too, if the caller says so. MISMATCH: the transaction is an
     * operation on other terms. RANGE: its sums do not fit the channel's; TOO_LARGE: its text. */
    enum assay_code (*begin_operation)(struct kx_store *store,
                                       const struct kx_lane_operation *operation, int64_t now_ms,
                                       enum kx_operation_result *result, struct assay_err *err);
    /** MISSING: no operation; so below. */
    enum assay_code (*load_operation)(struct kx_store *store, struct kx_lane_operation *out,
                                      struct assay_arena *arena, const char *txid,
                                      struct assay_err *err);
    /** -> BROADCAST; nothing where it is that or further. */
    enum assay_code (*broadcast_operation)(struct kx_store *store, const char *txid, int64_t now_ms,
                                           struct assay_err *err);
    /** -> ACCEPTED; nothing where it is that or further. RANGE: below the operation's own
     * confirmations. */
    enum assay_code (*accept_operation)(struct kx_store *store, const char *txid,
                                        uint64_t confirmations, int64_t now_ms,
                                        struct assay_err *err);
    /** ACCEPTED (else MISMATCH) -> APPLIED without its text, and the channel as put_lineage puts
     * it, its lease free. An ACTIVE channel then stands on the successor (else RANGE). *applied as
     * there; true where it is APPLIED. */
    enum assay_code (*apply_operation)(struct kx_store *store, const char *txid,
                                       const struct kx_lane_record *to, int64_t now_ms,
                                       bool *applied, struct assay_err *err);
    /** Only before acceptance (else MISMATCH), and with proof that it will never be: it is gone,
     * the lease free. */
    enum assay_code (*abandon_operation)(struct kx_store *store, const char *txid,
                                         struct assay_err *err);
    /** Ids of the channels with more charged than claimed, and neither refunded nor unavailable; in
     * no order. */
    enum assay_code (*claimable)(struct kx_store *store, char (*ids)[X402_HASH_TEXT_BYTES],
                                 size_t room, size_t *count, struct assay_err *err);
    /** As unresolved. */
    enum assay_code (*unresolved_operations)(struct kx_store *store,
                                             char (*txids)[X402_HASH_TEXT_BYTES], size_t room,
                                             size_t *count, struct assay_err *err);

    /** Compacts what is past its retention, forgets released identifiers past their attempt's
     * deadlines. In steps, so that payments get in between: what it has done before an error stays.
     */
    enum assay_code (*sweep)(struct kx_store *store, int64_t now_ms, struct assay_err *err);
    /** txids of attempts that are neither APPLIED nor gone, oldest first; *count of all of them. */
    enum assay_code (*unresolved)(struct kx_store *store, char (*txids)[X402_HASH_TEXT_BYTES],
                                  size_t room, size_t *count, struct assay_err *err);
    /** How many steps this store object has synced so far; memory: 0. While nothing is under way.
     */
    uint64_t (*commits)(struct kx_store *store);
    void (*close)(struct kx_store *store); /**< frees; NULL is taken */
};

struct kx_store {
    const struct kx_store_ops *ops;
};

/** Memory of this process. NOMEM. */
enum assay_code kx_store_memory_open(struct kx_store **out, const struct kx_store_limits *limits,
                                     struct assay_err *err) ASSAY_MUST_USE;
/** A SQLite file, made where it is missing (mode 0600): WAL, synchronous=FULL. Opened once per
 * process after fork; threads share it behind a lock. IO: cannot be opened, or is no store of this
 * version. */
enum assay_code kx_store_sqlite_open(struct kx_store **out, const char *path,
                                     const struct kx_store_limits *limits,
                                     struct assay_err *err) ASSAY_MUST_USE;

#endif
