/** A lineage's journal: what the chain accepted and took back, and the head that follows from it.
 *
 *  Events are only ever appended. The head is derived from those that stand, in their order, and
 *  never taken from who reports it. A removal is an event too: what it undoes was canonical once,
 *  and a channel that has seen that is not charged again. Whoever cannot follow the chain without a
 *  gap stops: the lineage is unavailable then, and has no head. A struct kx_lineage holds all of it
 *  by value, in bounded memory, and borrows nothing.
 *
 *  Scripts are not stored: each is judged against the one that the lane makes, when it is reported.
 *  Source: Kaspa x402 batch digest, sections 13 and 14.
 */
#ifndef KX_LINEAGE_H
#define KX_LINEAGE_H

#include "kaspa_x402/launch.h"

#define KX_JOURNAL_MAX 128
#define KX_JOURNAL_KEPT 64 /**< by compaction, or more where a removal reaches back further */
#define KX_UPDATE_REMOVED_MAX 32
#define KX_UPDATE_EVENTS_MAX 64 /**< that an update appends, removals among them */
#define KX_UPDATE_MAX_BYTES ((size_t)128 << 10)
#define KX_STATE_MAX_BYTES ((size_t)512 << 10)
#define KX_FILTER_BYTES 256
#define KX_FILTER_INDICES 4

enum kx_transition_kind { KX_CLAIM, KX_TOP_UP, KX_REFUND };
/** "claim", "top-up", "refund". */
const char *kx_transition_name(enum kx_transition_kind kind);

/** As it is reported. */
struct kx_transition {
    enum kx_transition_kind kind;
    struct kaspa_hash covenant_id;
    struct assay_bytes template_id;
    struct kaspa_outpoint consumed;
    struct kaspa_hash txid;
    uint64_t successor_count; /**< authorized by the input that it spends */
    bool has_successor;
    struct kx_lane_head successor;
    uint32_t authorizing_input; /**< of the successor, as its script */
    struct kaspa_spk spk;
    bool has_terminal;
    uint32_t terminal_index;
    struct kaspa_spk terminal_spk;
    uint64_t terminal_value;
    struct kx_acceptance acceptance;
};

enum kx_event_kind { KX_EVENT_GENESIS, KX_EVENT_ACCEPTED, KX_EVENT_REMOVED };

/** One event; its number is the count of folded ones and its place. */
struct kx_event {
    enum kx_event_kind kind;
    struct kx_acceptance acceptance; /**< of REMOVED: the block alone */
    /* of ACCEPTED */
    enum kx_transition_kind transition;
    struct kaspa_outpoint consumed;
    struct kx_lane_head successor; /**< of REFUND: value is the terminal output's, the rest 0 */
};

/** What follows from the events up to one of them. */
struct kx_stand {
    bool has_genesis;         /**< it is canonical */
    bool has_head;            /**< false behind a refund */
    struct kx_lane_head head; /**< without one: zeros */
    struct kx_acceptance tip; /**< of the last canonical transaction */
};

/** What compaction has left of the events that it folded away. */
struct kx_anchor {
    uint64_t folded;       /**< events; 0: none, and the rest counts for nothing */
    uint8_t history[32];   /**< h = SHA-256(h || SHA-256(event's canonical JSON)), from 0 */
    uint8_t snapshot[32];  /**< SHA-256 of the stand's canonical JSON */
    struct kx_stand stand; /**< at the cut; its tip is the witness */
    uint8_t filter[KX_FILTER_BYTES]; /**< of the accepting blocks that stood */
};

struct kx_lineage {
    uint8_t launch[32]; /**< digest of the manifest */
    struct kx_lane_head genesis;
    struct kx_checkpoint checkpoint;
    enum kx_lineage_rule unavailable; /**< why; OK: it is available */
    bool is_rolled_back;              /**< a transition was canonical and is not any more */
    struct kx_anchor anchor;
    size_t count;
    struct kx_event events[KX_JOURNAL_MAX];
};

/** Begins a journal with its genesis accepted. The manifest was judged. NOMEM. */
enum assay_code kx_lineage_open(struct kx_lineage *out,
                                const struct kx_launch *launch) ASSAY_MUST_USE;

/** Derives what stands. A rule of TRANSITION_ or GENESIS_: the journal is not one that _apply has
 *  made; err says which event. */
enum kx_lineage_rule kx_lineage_derive(struct kx_stand *out, const struct kx_lineage *lineage,
                                       struct assay_err *err) ASSAY_MUST_USE;
/** The head. False: there is none, since the lineage has ended or is unavailable. */
bool kx_lineage_head(struct kx_lane_head *out, const struct kx_lineage *lineage);

enum kx_channel_status {
    KX_CHANNEL_ACTIVE,
    KX_CHANNEL_REFUNDED,
    KX_CHANNEL_SUSPICIOUS, /**< refundable once verified, never charged again */
    KX_CHANNEL_UNAVAILABLE,
};
/** "active" and so on. */
const char *kx_channel_status_name(enum kx_channel_status status);
/** After reconciliation; `before` is what the channel's record says. */
enum kx_channel_status kx_lineage_status(const struct kx_lineage *lineage,
                                         enum kx_channel_status before);

/* ---- updates ---- */

struct kx_added {
    struct kaspa_hash block;
    bool has_genesis;
    struct kx_acceptance genesis;
    const struct kx_transition *transitions; /**< in the chain's order */
    size_t count;
};

struct kx_update {
    struct kx_checkpoint from, to;
    bool is_pruned;                   /**< the node has not kept all from `from` on */
    const struct kaspa_hash *removed; /**< blocks, in any order */
    size_t removed_count;
    const struct kx_added *added; /**< in the chain's order */
    size_t added_count;
};

/** Reads one from its text, which is judged by its size first. UPDATE_LIMITS, UPDATE_FORM: err says
 *  where. *out is unspecified then; else it is in the arena, and borrows from the text. */
enum kx_lineage_rule kx_update_read(struct kx_update *out, struct assay_arena *arena,
                                    struct assay_bytes text, struct assay_err *err) ASSAY_MUST_USE;

/** Applies one: removals, then additions. The journal is compacted where it needs the room.
 *  Returns OK, and then the lineage may have become unavailable since its genesis was removed; or
 *  the rule that is broken: the lineage is as it was, but unavailable where the rule ends it. Of
 *  one that is unavailable already: why, and nothing changes, but where a removed genesis comes
 *  back. The update's document may be hostile; the lane and the lineage are one's own. */
enum kx_lineage_rule kx_lineage_apply(struct kx_lineage *lineage, struct assay_arena *arena,
                                      const struct kx_lane *lane, const struct kx_update *update,
                                      struct assay_err *err) ASSAY_MUST_USE;

/** Folds the beginning of the journal into the anchor, so that KX_JOURNAL_KEPT events are left;
 * more where the rest could not be undone by itself, and none where nothing can be folded. NOMEM:
 * the lineage is unchanged. */
enum assay_code kx_lineage_compact(struct kx_lineage *lineage, struct assay_arena *arena,
                                   const struct kx_lane *lane) ASSAY_MUST_USE;
/** Whether the filter knows a block: false is sure, true is likely. */
bool kx_anchor_has(const struct kx_anchor *anchor, const struct kaspa_hash *block);

/* ---- the stored record ---- */

/** What a channel's record has beside its lineage and the chain does not change. */
struct kx_offchain {
    uint64_t version;
    uint64_t charged, authorized; /**< A, T */
    uint8_t voucher[ASSAY_SIG_BYTES], last_commitment[32];
};
struct kx_channel_record {
    struct kx_offchain offchain;
    struct kx_lineage lineage;
};

/** Whether a record may replace another upon what the chain said alone. */
enum kx_lineage_rule kx_record_extends(const struct kx_channel_record *before,
                                       const struct kx_channel_record *after,
                                       struct assay_arena *arena, const struct kx_lane *lane,
                                       struct assay_err *err) ASSAY_MUST_USE;

/** Appends the state, canonical. NOMEM, TOO_LARGE as the buffer fails. */
enum assay_code kx_lineage_write(struct assay_buf *out, struct assay_arena *arena,
                                 const struct kx_lane *lane,
                                 const struct kx_lineage *lineage) ASSAY_MUST_USE;
/** Reads it back. STATE_FORM, STATE_ANCHOR, JOURNAL_LIMIT, and the rules of _derive: err says
 * where. *out is unspecified then. */
enum kx_lineage_rule kx_lineage_read(struct kx_lineage *out, struct assay_arena *arena,
                                     const struct kx_lane *lane, struct assay_bytes text,
                                     struct assay_err *err) ASSAY_MUST_USE;

#endif
