/** What a storage must be able to do for the rules of kx_store.h, which stand over it and are the
 * same for every storage: kx_store.c, kx_claim.c, kx_heads.c, kx_channels.c, kx_operations.c.
 * Memory and SQLite implement it.
 *
 *  A ledger is used in steps: begin, then questions and changes, then commit and leave. A step is
 * alone on a ledger that writes, sees its own changes, and what it did not commit never was. Only
 * begin waits. What is not found is told by the code MISSING alone: whether that is an error the
 * caller knows.
 */
#ifndef REF_STORE_KX_LEDGER_H
#define REF_STORE_KX_LEDGER_H

#include "store/kx_store.h"

/** An attempt and, once APPLIED, its payment: one entry for one transaction, for good. */
struct kx_entry {
    struct kx_attempt attempt; /**< all but has_result and result, which are in packed */
    struct assay_bytes packed; /**< the handler's result (kx_result.c), or once APPLIED the answer;
                                  empty: none, or compacted */
    int64_t committed_ms;      /**< KX_NO_TIME: not APPLIED */
    char settlement[X402_HASH_TEXT_BYTES]; /**< of the payment; no two entries have one */
    uint64_t charge; /**< bytes that it counts for; 0: compacted, it counts no more */
};

#define KX_ENTRY_SLICES 6
/** Where an entry's slices are, for who keeps or copies one. */
void kx_entry_slices(struct kx_entry *entry, struct assay_bytes *slices[KX_ENTRY_SLICES]);

enum kx_entry_key {
    KX_BY_TXID,
    KX_BY_SCOPE,      /**< any of those that have it */
    KX_BY_SETTLEMENT, /**< never empty */
    KX_OLDEST_ANSWER, /**< of APPLIED entries that count, the one committed first */
};

/** A channel, for good. */
struct kx_lane_entry {
    struct kx_lane_record record; /**< all but its lineage */
    uint64_t charge;              /**< as an entry's; 0: refunded long ago, its lineage is gone */
};

/** What is listed: attempts and operations that have not ended, channels that a claim may be made
 * from. */
enum kx_listed { KX_OF_ATTEMPTS, KX_OF_OPERATIONS, KX_OF_CHANNELS };

/** What counts against the quotas. */
struct kx_used {
    uint64_t records, bytes, of_payer;
};

struct kx_ledger;

struct kx_ledger_ops {
    enum assay_code (*begin)(struct kx_ledger *ledger, struct assay_err *err);
    enum assay_code (*commit)(struct kx_ledger *ledger, struct assay_err *err);
    void (*leave)(struct kx_ledger *ledger);

    /** Slices are copied into the arena. value: as the key asks, else NULL. */
    enum assay_code (*find_entry)(struct kx_ledger *ledger, struct kx_entry *out,
                                  struct assay_arena *arena, enum kx_entry_key key,
                                  const char *value, struct assay_err *err);
    /** Adds an entry, or changes all but the terms of the one with its txid. */
    enum assay_code (*put_entry)(struct kx_ledger *ledger, const struct kx_entry *entry,
                                 struct assay_err *err);
    enum assay_code (*drop_entry)(struct kx_ledger *ledger, const char *txid,
                                  struct assay_err *err);
    enum assay_code (*used)(struct kx_ledger *ledger, struct kx_used *out, const uint8_t *payer,
                            struct assay_err *err);
    /** As of kx_store.h. */
    enum assay_code (*list)(struct kx_ledger *ledger, enum kx_listed of,
                            char (*ids)[X402_HASH_TEXT_BYTES], size_t room, size_t *count,
                            struct assay_err *err);

    enum assay_code (*find_identifier)(struct kx_ledger *ledger, struct kx_identifier_record *out,
                                       struct assay_bytes identifier, struct assay_err *err);
    /** Adds or replaces. until_ms: when it may be dropped, if it is RELEASED then. */
    enum assay_code (*put_identifier)(struct kx_ledger *ledger, struct assay_bytes identifier,
                                      const struct kx_identifier_record *record, int64_t until_ms,
                                      struct assay_err *err);
    /** At most `limit` of the RELEASED ones whose time has come; *gone of them. */
    enum assay_code (*drop_identifiers)(struct kx_ledger *ledger, int64_t now_ms, size_t limit,
                                        size_t *gone, struct assay_err *err);

    enum assay_code (*find_head)(struct kx_ledger *ledger, struct kx_head_record *out,
                                 const uint8_t *id, struct assay_err *err);
    enum assay_code (*find_head_at)(struct kx_ledger *ledger, struct kx_head_record *out,
                                    const struct kaspa_outpoint *outpoint, struct assay_err *err);
    /** The nth of the available ones by id, from 0. */
    enum assay_code (*find_available)(struct kx_ledger *ledger, struct kx_head_record *out,
                                      uint64_t nth, struct assay_err *err);
    enum assay_code (*count_heads)(struct kx_ledger *ledger, uint64_t *all, uint64_t *available,
                                   struct assay_err *err);
    /** Adds or replaces, by id. */
    enum assay_code (*put_head)(struct kx_ledger *ledger, const struct kx_head_record *head,
                                struct assay_err *err);

    /** Its configuration is copied into the arena. channel_id NULL: of those refunded that count
     * and have no lease, the one that changed first. */
    enum assay_code (*find_channel)(struct kx_ledger *ledger, struct kx_lane_entry *out,
                                    struct assay_arena *arena, const char *channel_id,
                                    struct assay_err *err);
    /** Which channel has that covenant id. */
    enum assay_code (*find_covenant)(struct kx_ledger *ledger, char *channel_id,
                                     const struct kaspa_hash *covenant_id, struct assay_err *err);
    /** Adds a channel, or changes what can change of it. */
    enum assay_code (*put_channel)(struct kx_ledger *ledger, const struct kx_lane_entry *entry,
                                   struct assay_err *err);
    /** Of a channel that is there. Copied into the arena. */
    enum assay_code (*find_lineage)(struct kx_ledger *ledger, struct assay_bytes *out,
                                    struct assay_arena *arena, const char *channel_id,
                                    struct assay_err *err);
    enum assay_code (*put_lineage)(struct kx_ledger *ledger, const char *channel_id,
                                   struct assay_bytes lineage, struct assay_err *err);

    /** Its text is copied into the arena. */
    enum assay_code (*find_operation)(struct kx_ledger *ledger, struct kx_lane_operation *out,
                                      struct assay_arena *arena, const char *txid,
                                      struct assay_err *err);
    /** Adds one, or changes all but the terms. */
    enum assay_code (*put_operation)(struct kx_ledger *ledger,
                                     const struct kx_lane_operation *operation,
                                     struct assay_err *err);
    enum assay_code (*drop_operation)(struct kx_ledger *ledger, const char *txid,
                                      struct assay_err *err);

    /** Synced, so far; while nothing is under way. */
    uint64_t (*commits)(struct kx_ledger *ledger);
    void (*close)(struct kx_ledger *ledger); /**< frees */
};

struct kx_ledger {
    const struct kx_ledger_ops *ops;
};

/** A store over ledgers, which it closes: one to ask and one to write, or one for both. NOMEM: they
 * are still the caller's. */
enum assay_code kx_store_over(struct kx_store **out, struct kx_ledger *reader,
                              struct kx_ledger *writer, const struct kx_store_limits *limits,
                              struct assay_err *err) ASSAY_MUST_USE;

#endif
