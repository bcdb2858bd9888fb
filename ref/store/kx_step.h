/** What the rules of the Kaspa x402 store share: a step on a ledger, and the parts that several
 * operations have in common. For kx_store.c, kx_claim.c, kx_handler.c, kx_heads.c, kx_channels.c,
 * kx_operations.c and kx_result.c. */
#ifndef REF_STORE_KX_STEP_H
#define REF_STORE_KX_STEP_H

#include "store/kx_ledger.h"

struct kx_books {
    struct kx_store base;
    struct kx_store_limits limits;
    struct kx_ledger *reader, *writer;
};

/** What one step needs: an entry with all its slices at their limits, its channel, and beside them
 * a result and an answer, or the channel's lineage. */
#define KX_STEP_BYTES ((size_t)1 << 20)
#define KX_STEP_ENTRY_BYTES                                                                        \
    (KX_STORE_ANSWER_MAX_BYTES + X402_ARTIFACT_MAX_BYTES + KX_STORE_SPK_MAX_BYTES +                \
     KX_STORE_REASON_MAX_BYTES + KX_STORE_CONFIG_MAX_BYTES)
_Static_assert(KX_STEP_ENTRY_BYTES + KX_STORE_ANSWER_MAX_BYTES + 4096 <= KX_STEP_BYTES &&
                   KX_STEP_ENTRY_BYTES + KX_STATE_MAX_BYTES + 4096 <= KX_STEP_BYTES,
               "and their alignment");

struct kx_step {
    struct kx_ledger *ledger; /**< NULL: not begun */
    struct assay_arena arena;
    struct kx_entry entry; /**< the one that it is about; its slices are in the arena */
    int64_t waited_ms;     /**< for it to begin, by the steady clock */
};

enum assay_code kx_step_begin(struct kx_step *s, struct kx_ledger *ledger,
                              struct assay_err *err) ASSAY_MUST_USE;
/** Commits what was done so far, and goes on in a step of another ledger, or a later one of this;
 * others may get in between. */
enum assay_code kx_step_again(struct kx_step *s, struct kx_ledger *ledger,
                              struct assay_err *err) ASSAY_MUST_USE;
/** Commits if code is OK, leaves, frees. Returns: code, or why it could not be committed; err is
 * told which operation it was. */
enum assay_code kx_step_end(struct kx_step *s, enum assay_code code, const char *operation,
                            struct assay_err *err) ASSAY_MUST_USE;
/** The attempt of a transaction, into s->entry. MISSING. */
enum assay_code kx_step_find(struct kx_step *s, const char *txid,
                             struct assay_err *err) ASSAY_MUST_USE;

/** Begins a step of the writer and finds. */
enum assay_code kx_step_find_to_change(struct kx_step *s, struct kx_store *store, const char *txid,
                                       struct assay_err *err) ASSAY_MUST_USE;
/** Writes s->entry, changed at now_ms. */
enum assay_code kx_step_put(struct kx_step *s, int64_t now_ms,
                            struct assay_err *err) ASSAY_MUST_USE;

/** Writes whose the attempt's identifier is, if it has one. */
enum assay_code kx_own_identifier(struct kx_ledger *ledger, const struct kx_attempt *attempt,
                                  enum kx_identifier_state state,
                                  struct assay_err *err) ASSAY_MUST_USE;
/** Drops s->entry and releases its identifier. */
enum assay_code kx_forget(struct kx_step *s, struct assay_err *err) ASSAY_MUST_USE;

/** Of what looks for a record: absence is a fact, too, and no error. */
static inline enum assay_code kx_found(bool *is_there, enum assay_code code)
{
    *is_there = code == ASSAY_OK;
    return code == ASSAY_E_MISSING ? ASSAY_OK : code;
}

/* kx_claim.c, kx_heads.c: operations of kx_store.h */
enum assay_code kx_claim(struct kx_store *store, const struct kx_attempt *attempt, int64_t now_ms,
                         enum kx_claim_result *result, struct assay_err *err);
enum assay_code kx_head_register(struct kx_store *store, const struct kx_head_record *head,
                                 struct assay_err *err);
enum assay_code kx_head_select(struct kx_store *store, struct kx_head_record *out, uint64_t key,
                               struct assay_err *err);
enum assay_code kx_head_load(struct kx_store *store, struct kx_head_record *out, const uint8_t *id,
                             struct assay_err *err);
enum assay_code kx_head_mark_unavailable(struct kx_store *store, const struct kx_head_record *seen,
                                         bool *applied, struct assay_err *err);
enum assay_code kx_head_move(struct kx_store *store, const struct kx_head_record *seen,
                             const struct kaspa_outpoint *outpoint, uint64_t amount, unsigned steps,
                             bool *applied, struct assay_err *err);
/** The head of an accepted attempt moves to its coin, unless it has done so. */
enum assay_code kx_head_advance(struct kx_ledger *ledger, const struct kx_attempt *attempt,
                                struct assay_err *err) ASSAY_MUST_USE;
/** The head that an attempt claimed is available again, unless something else became of it. */
enum assay_code kx_head_release(struct kx_ledger *ledger, const struct kx_attempt *attempt,
                                struct assay_err *err) ASSAY_MUST_USE;

/* kx_channels.c: operations of kx_store.h */
enum assay_code kx_lane_load(struct kx_store *store, struct kx_lane_record *out,
                             struct assay_arena *arena, const char *channel_id, bool with_lineage,
                             struct assay_err *err);
enum assay_code kx_lane_put_lineage(struct kx_store *store, const struct kx_lane_record *to,
                                    int64_t now_ms, bool *applied, struct assay_err *err);
/** What a claim meets of its channel. */
struct kx_lane_facts {
    bool is_known, is_lineage_taken, has_same_lineage;
    struct kx_lane_entry entry; /**< of is_known */
};
/** What of a claim's charge and deposit is wrong whatever the store holds. RANGE, TOO_LARGE. */
enum assay_code kx_lane_check_claim(const struct kx_attempt *attempt,
                                    struct assay_err *err) ASSAY_MUST_USE;
enum assay_code kx_lane_look(struct kx_lane_facts *facts, struct kx_step *s,
                             const struct kx_attempt *attempt,
                             struct assay_err *err) ASSAY_MUST_USE;
/** CREATED: there is nothing against it. */
enum kx_claim_result kx_lane_judged(const struct kx_lane_facts *facts,
                                    const struct kx_attempt *attempt);
/** Writes the deposit, and takes the lease. */
enum assay_code kx_lane_claim(struct kx_ledger *ledger, const struct kx_lane_facts *facts,
                              const struct kx_attempt *attempt, int64_t now_ms,
                              struct assay_err *err) ASSAY_MUST_USE;
/** The channel of the step's attempt; *is_as_judged: nothing has changed since it was. */
enum assay_code kx_lane_of_attempt(struct kx_lane_entry *out, struct kx_step *s, bool *is_as_judged,
                                   struct assay_err *err) ASSAY_MUST_USE;
/** Charges the step's attempt. MISMATCH: the channel has moved. */
enum assay_code kx_lane_charge(struct kx_step *s, int64_t now_ms,
                               struct assay_err *err) ASSAY_MUST_USE;
/** The lease of the step's attempt is free. */
enum assay_code kx_lane_release(struct kx_step *s, struct assay_err *err) ASSAY_MUST_USE;
/** Puts status, head and lineage of `to` at the next version of e. As put_lineage. */
enum assay_code kx_lane_follow(struct kx_ledger *ledger, struct kx_lane_entry *e,
                               const struct kx_lane_record *to, int64_t now_ms,
                               struct assay_err *err) ASSAY_MUST_USE;
/** A channel refunded by until_ms counts no more; *is_done: there is none left. */
enum assay_code kx_lane_compact_next(struct kx_step *s, int64_t until_ms, bool *is_done,
                                     struct assay_err *err) ASSAY_MUST_USE;

/* kx_operations.c: operations of kx_store.h */
enum assay_code kx_operation_begin(struct kx_store *store,
                                   const struct kx_lane_operation *operation, int64_t now_ms,
                                   enum kx_operation_result *result, struct assay_err *err);
enum assay_code kx_operation_load(struct kx_store *store, struct kx_lane_operation *out,
                                  struct assay_arena *arena, const char *txid,
                                  struct assay_err *err);
enum assay_code kx_operation_broadcast(struct kx_store *store, const char *txid, int64_t now_ms,
                                       struct assay_err *err);
enum assay_code kx_operation_accept(struct kx_store *store, const char *txid,
                                    uint64_t confirmations, int64_t now_ms, struct assay_err *err);
enum assay_code kx_operation_apply(struct kx_store *store, const char *txid,
                                   const struct kx_lane_record *to, int64_t now_ms, bool *applied,
                                   struct assay_err *err);
enum assay_code kx_operation_abandon(struct kx_store *store, const char *txid,
                                     struct assay_err *err);

/* kx_handler.c: operations of kx_store.h */
enum assay_code kx_handler_begin(struct kx_store *store, const char *txid, int64_t started_ms,
                                 bool *begun, struct assay_err *err);
enum assay_code kx_handler_reset(struct kx_store *store, const char *txid, int64_t started_ms,
                                 struct assay_err *err);
enum assay_code kx_handler_record_result(struct kx_store *store, const char *txid,
                                         const struct kx_result *result, int64_t now_ms,
                                         struct assay_err *err);
enum assay_code kx_handler_mark_recovery(struct kx_store *store, const char *txid,
                                         struct assay_bytes reason, int64_t now_ms,
                                         struct assay_err *err);
enum assay_code kx_handler_commit(struct kx_store *store, const struct kx_payment_record *payment,
                                  struct assay_err *err);

enum assay_code kx_handler_rejudge(struct kx_store *store, const char *txid, uint64_t version,
                                   int64_t now_ms, struct assay_err *err);

/* kx_result.c */
/** A result as bytes, the same for the same result, in the arena. RANGE: status, or number of
 * headers; TOO_LARGE: above max_bytes; NOMEM. */
enum assay_code kx_result_pack(struct assay_bytes *out, struct assay_arena *arena,
                               const struct kx_result *result, size_t max_headers, size_t max_bytes,
                               struct assay_err *err) ASSAY_MUST_USE;
/** Views into the bytes. IO: they are not what was packed. */
enum assay_code kx_result_unpack(struct kx_result *out, struct assay_bytes packed,
                                 struct assay_err *err) ASSAY_MUST_USE;

/* kx_entry.c */
/** What a claim, a payment, and a channel with that lineage count for. */
uint64_t kx_claim_charge(const struct kx_attempt *attempt);
uint64_t kx_payment_charge(const struct kx_entry *entry);
uint64_t kx_channel_charge(const struct kx_lane_record *record);

#endif
