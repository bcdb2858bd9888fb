/** The ledger in memory of one process: lists behind one lock, searched from their fronts. A test
 * fixture. For kx_memory.c (the ledger, its steps, entries, identifiers, heads) and
 * kx_memory_channels.c (channels, and what spends their heads). */
#ifndef REF_STORE_KX_MEMORY_H
#define REF_STORE_KX_MEMORY_H

#include "store/kx_ledger.h"

#include <pthread.h>

/** Of one step: a sweep makes the most, 64 of entries, 64 of identifiers, two of each of 64
 * channels. */
#define KX_MEMORY_CHANGES_MAX 256

/** What the nodes of all lists begin with. */
struct kx_node {
    struct kx_node *next;
};

/** One link that a step has turned. */
struct kx_change {
    struct kx_node **at, *before;
    struct kx_node *added, *removed; /**< NULL: none */
};

struct kx_memory {
    struct kx_ledger base;
    pthread_mutex_t lock;
    struct kx_node *entries;     /**< by the time of their claims */
    struct kx_node *identifiers; /**< in any order */
    struct kx_node *heads;       /**< by id */
    struct kx_node *channels;    /**< in any order */
    struct kx_node *operations;  /**< by the time they were begun */
    struct kx_change changes[KX_MEMORY_CHANGES_MAX];
    size_t change_count;
};

/** Changes of a list that a step can take back. */
void kx_memory_insert(struct kx_memory *m, struct kx_node **at, struct kx_node *added);
void kx_memory_replace(struct kx_memory *m, struct kx_node **at, struct kx_node *added);
void kx_memory_take_out(struct kx_memory *m, struct kx_node **at);
/** Copies into the room, which it moves on. */
struct assay_bytes kx_memory_keep(uint8_t **room, struct assay_bytes bytes);

/** Adds what channels count for. */
void kx_memory_add_channels(const struct kx_memory *m, struct kx_used *used, const uint8_t *payer);
/** The transaction of an operation that has not ended; NULL: it has. */
const char *kx_memory_open_operation(const struct kx_node *node);
/** The id of a channel that a claim may be made from; else NULL. */
const char *kx_memory_claimable(const struct kx_node *node);

enum assay_code kx_memory_find_channel(struct kx_ledger *ledger, struct kx_lane_entry *out,
                                       struct assay_arena *arena, const char *channel_id,
                                       struct assay_err *err);
enum assay_code kx_memory_find_covenant(struct kx_ledger *ledger, char *channel_id,
                                        const struct kaspa_hash *covenant_id,
                                        struct assay_err *err);
enum assay_code kx_memory_put_channel(struct kx_ledger *ledger, const struct kx_lane_entry *entry,
                                      struct assay_err *err);
enum assay_code kx_memory_find_lineage(struct kx_ledger *ledger, struct assay_bytes *out,
                                       struct assay_arena *arena, const char *channel_id,
                                       struct assay_err *err);
enum assay_code kx_memory_put_lineage(struct kx_ledger *ledger, const char *channel_id,
                                      struct assay_bytes lineage, struct assay_err *err);
enum assay_code kx_memory_find_operation(struct kx_ledger *ledger, struct kx_lane_operation *out,
                                         struct assay_arena *arena, const char *txid,
                                         struct assay_err *err);
enum assay_code kx_memory_put_operation(struct kx_ledger *ledger,
                                        const struct kx_lane_operation *operation,
                                        struct assay_err *err);
enum assay_code kx_memory_drop_operation(struct kx_ledger *ledger, const char *txid,
                                         struct assay_err *err);

#endif
