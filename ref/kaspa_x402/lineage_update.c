/* Applying what the chain says to a journal; see lineage.h. */
#include "defects/defects.h"
#include "kaspa_x402/lineage_internal.h"

#include <inttypes.h>

struct applying {
    struct kx_lineage *lineage; /* the draft */
    struct assay_arena *arena;
    const struct kx_lane *lane;
    const struct kx_update *update;
    struct kx_stand *stand; /* of the draft */
    struct assay_err *err;
};

/* ---- a transition by itself ---- */

/* Where the successor of each kind stands. */
static uint32_t successor_index(enum kx_transition_kind kind)
{
    return kind == KX_CLAIM ? 1 : 0;
}

static enum kx_lineage_rule judge_successor(struct assay_arena *arena, const struct kx_lane *lane,
                                            const struct kx_transition *t, struct assay_err *err)
{
    const struct kx_lane_head *s = &t->successor;
    struct kaspa_spk spk;

    if (t->successor_count != 1 || !t->has_successor)
        return kx_lineage_refuse(
            err, KX_LINEAGE_TRANSITION_SUCCESSOR,
            "a claim or top-up needs authorizedSuccessorCount 1, and its successor");
    if (!kaspa_hash_equal(&s->outpoint.txid, &t->txid) ||
        s->outpoint.index != successor_index(t->kind))
        return kx_lineage_refuse(err, KX_LINEAGE_TRANSITION_SUCCESSOR,
                                 t->kind == KX_CLAIM
                                     ? "successor.outpoint is not output 1 of the claim"
                                     : "successor.outpoint is not output 0 of the top-up");
    if (t->authorizing_input != 0)
        return kx_lineage_refuse(err, KX_LINEAGE_TRANSITION_SUCCESSOR,
                                 "successor.authorizingInput is not 0");
    if (!kaspa_hash_equal(&s->covenant_id, &t->covenant_id))
        return kx_lineage_refuse(err, KX_LINEAGE_TRANSITION_LANE,
                                 "successor.covenantId is another lineage's");
    if (s->value > KX_BATCH_AMOUNT_MAX || s->claimed > KX_BATCH_AMOUNT_MAX)
        return kx_lineage_refuse(err, KX_LINEAGE_TRANSITION_VALUE,
                                 "an amount of the successor is above 9223372036854775807");
    if (kx_lane_spk(&spk, arena, lane, s->claimed) != ASSAY_OK) {
        (void)assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for the successor's script");
        return KX_LINEAGE_TRANSITION_SCRIPT;
    }
    return kaspa_spk_equal(&spk, &t->spk)
               ? KX_LINEAGE_OK
               : kx_lineage_refuse(
                     err, KX_LINEAGE_TRANSITION_SCRIPT,
                     "successor.scriptPublicKey is not the channel's with that total claimed");
}

static enum kx_lineage_rule judge_terminal(const struct kx_lane *lane,
                                           const struct kx_transition *t, struct assay_err *err)
{
    if (t->successor_count != 0 || t->has_successor)
        return kx_lineage_refuse(err, KX_LINEAGE_TRANSITION_SUCCESSOR, "a refund has no successor");
    if (!t->has_terminal || t->terminal_index != 0 || t->terminal_value == 0)
        return kx_lineage_refuse(err, KX_LINEAGE_TRANSITION_TERMINAL,
                                 "a refund needs its terminalOutput: output 0, with a value");
    return kaspa_spk_equal(&lane->refund, &t->terminal_spk)
               ? KX_LINEAGE_OK
               : kx_lineage_refuse(
                     err, KX_LINEAGE_TRANSITION_TERMINAL,
                     "terminalOutput.scriptPublicKey is not the one of refundAddress");
}

enum kx_lineage_rule kx_transition_judge(struct kx_event *out, struct assay_arena *arena,
                                         const struct kx_lane *lane,
                                         const struct kx_lineage *lineage,
                                         const struct kx_transition *t, struct assay_err *err)
{
    enum kx_lineage_rule rule;

    if (!kaspa_hash_equal(&t->covenant_id, &lineage->genesis.covenant_id))
        return kx_lineage_refuse(err, KX_LINEAGE_TRANSITION_LANE,
                                 "covenantId is another lineage's");
    if (!assay_bytes_is(t->template_id, lane->tmpl->id))
        return kx_lineage_refuse(err, KX_LINEAGE_TRANSITION_LANE,
                                 "templateId is another template's");
    if (t->kind != KX_REFUND && t->has_terminal)
        return kx_lineage_refuse(err, KX_LINEAGE_TRANSITION_TERMINAL,
                                 "terminalOutput is not null, and this is no refund");
    rule =
        t->kind == KX_REFUND ? judge_terminal(lane, t, err) : judge_successor(arena, lane, t, err);
    if (rule != KX_LINEAGE_OK)
        return rule;
    *out = (struct kx_event){
        .kind = KX_EVENT_ACCEPTED,
        .acceptance = t->acceptance,
        .transition = t->kind,
        .consumed = t->consumed,
    };
    if (t->kind == KX_REFUND)
        out->successor.value = t->terminal_value;
    else
        out->successor = t->successor;
    return kx_acceptance_judge(&t->acceptance, &t->txid, err) == KX_LINEAGE_OK
               ? KX_LINEAGE_OK
               : KX_LINEAGE_TRANSITION_ACCEPTANCE;
}

/* ---- the update by itself ---- */

static enum kx_lineage_rule judge_limits(const struct kx_update *u, struct assay_err *err)
{
    size_t events = 0;

    if (u->removed_count > KX_UPDATE_REMOVED_MAX) {
        (void)assay_fail(err, ASSAY_E_TOO_LARGE, 0, "removed has %zu blocks, at most %d are read",
                         u->removed_count, KX_UPDATE_REMOVED_MAX);
        return KX_LINEAGE_UPDATE_LIMITS;
    }
    for (size_t i = 0; i < u->added_count && events <= KX_UPDATE_EVENTS_MAX; i++)
        events += u->added[i].count + (u->added[i].has_genesis ? 1 : 0);
    if (events > KX_UPDATE_EVENTS_MAX || u->added_count > KX_UPDATE_EVENTS_MAX) {
        (void)assay_fail(err, ASSAY_E_TOO_LARGE, 0, "added has more than %d events",
                         KX_UPDATE_EVENTS_MAX);
        return KX_LINEAGE_UPDATE_LIMITS;
    }
    return KX_LINEAGE_OK;
}

static bool is_among(const struct kaspa_hash *block, const struct kaspa_hash *blocks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (kaspa_hash_equal(block, &blocks[i]))
            return true;
    }
    return false;
}

static enum kx_lineage_rule judge_blocks(const struct kx_update *u, struct assay_err *err)
{
    for (size_t i = 0; i < u->removed_count; i++) {
        if (is_among(&u->removed[i], u->removed, i)) {
            (void)assay_fail(err, ASSAY_E_DUPLICATE, 0, "removed[%zu] was named before", i);
            return KX_LINEAGE_UPDATE_DUPLICATE;
        }
    }
    for (size_t i = 0; i < u->added_count; i++) {
        bool is_known = is_among(&u->added[i].block, u->removed, u->removed_count);

        for (size_t k = 0; k < i && !is_known; k++)
            is_known = kaspa_hash_equal(&u->added[i].block, &u->added[k].block);
        if (is_known) {
            (void)assay_fail(err, ASSAY_E_DUPLICATE, 0,
                             "added[%zu].acceptingBlockHash was named before", i);
            return KX_LINEAGE_UPDATE_DUPLICATE;
        }
    }
    return KX_LINEAGE_OK;
}

/* Whether an outpoint is spent by a transition before the one at added[block], place `at`. */
static bool is_spent_before(const struct kx_update *u, size_t block, size_t at)
{
    const struct kaspa_outpoint *outpoint = &u->added[block].transitions[at].consumed;

    for (size_t i = 0; i <= block; i++) {
        size_t end = i < block ? u->added[i].count : at;

        for (size_t k = 0; k < end; k++) {
            if (kaspa_outpoint_equal(&u->added[i].transitions[k].consumed, outpoint))
                return true;
        }
    }
    return false;
}

static enum kx_lineage_rule judge_branches(const struct kx_update *u, struct assay_err *err)
{
    for (size_t i = 0; i < u->added_count; i++) {
        for (size_t k = 0; k < u->added[i].count; k++) {
            if (!is_spent_before(u, i, k))
                continue;
            (void)assay_fail(err, ASSAY_E_CONFLICT, 0,
                             "added[%zu].transitions[%zu].consumedOutpoint is spent by another "
                             "transition of the update",
                             i, k);
            return KX_LINEAGE_UPDATE_BRANCH;
        }
    }
    return KX_LINEAGE_OK;
}

static enum kx_lineage_rule judge_update(const struct applying *a)
{
    const struct kx_update *u = a->update;
    enum kx_lineage_rule rule = judge_limits(u, a->err);

    if (rule == KX_LINEAGE_OK && u->is_pruned)
        return kx_lineage_refuse(a->err, KX_LINEAGE_UPDATE_PRUNED,
                                 "the node has pruned history behind the stored checkpoint");
    if (rule == KX_LINEAGE_OK && !kx_checkpoint_equal(&u->from, &a->lineage->checkpoint))
        return kx_lineage_refuse(a->err, KX_LINEAGE_UPDATE_RESUMES,
                                 "from is not the stored checkpoint");
    if (rule == KX_LINEAGE_OK)
        rule = judge_blocks(u, a->err);
    if (rule == KX_LINEAGE_OK)
        rule = judge_branches(u, a->err);
    return rule;
}

/* ---- removals ---- */

/* The events that stand and that a block holds. */
static bool holds_event(const struct kx_lineage *lineage, const struct kaspa_hash *block)
{
    for (size_t i = 0; i < lineage->count; i++) {
        if (kaspa_hash_equal(&lineage->events[i].acceptance.block, block) &&
            kx_event_stands(lineage, i))
            return true;
    }
    return false;
}

static size_t count_events(const struct kx_lineage *lineage, const struct kx_update *u)
{
    size_t events = 0;

    for (size_t i = 0; i < u->removed_count; i++)
        events += holds_event(lineage, &u->removed[i]) ? 1 : 0;
    for (size_t i = 0; i < u->added_count; i++)
        events += u->added[i].count + (u->added[i].has_genesis ? 1 : 0);
    return events;
}

/* Room for what the update appends. */
static enum kx_lineage_rule make_room(const struct applying *a)
{
    size_t events = count_events(a->lineage, a->update);

    if (events > KX_UPDATE_EVENTS_MAX) {
        (void)assay_fail(a->err, ASSAY_E_TOO_LARGE, 0,
                         "the update appends %zu events, at most %d are applied", events,
                         KX_UPDATE_EVENTS_MAX);
        return KX_LINEAGE_UPDATE_LIMITS;
    }
    if (a->lineage->count + events <= KX_JOURNAL_MAX)
        return KX_LINEAGE_OK;
    if (kx_lineage_compact(a->lineage, a->arena, a->lane) != ASSAY_OK) {
        (void)assay_fail(a->err, ASSAY_E_NOMEM, 0, "no memory to compact the journal");
        return KX_LINEAGE_UPDATE_LIMITS;
    }
    if (a->lineage->count + events > KX_JOURNAL_MAX)
        return kx_lineage_refuse(
            a->err, KX_LINEAGE_JOURNAL_LIMIT,
            "the journal is full, and its removals reach back too far to compact it");
    return KX_LINEAGE_OK;
}

static enum kx_lineage_rule remove_blocks(const struct applying *a)
{
    for (size_t i = 0; i < a->update->removed_count; i++) {
        const struct kaspa_hash *block = &a->update->removed[i];
        bool is_held = holds_event(a->lineage, block);

        if (!is_held && kx_anchor_has(&a->lineage->anchor, block)) {
            (void)assay_fail(a->err, ASSAY_E_UNKNOWN, 0,
                             "removed[%zu] may hold an event that was folded away", i);
            return KX_LINEAGE_REMOVED_FORGOTTEN;
        }
        if (is_held)
            a->lineage->events[a->lineage->count++] =
                (struct kx_event){.kind = KX_EVENT_REMOVED, .acceptance = {.block = *block}};
    }
    if (kx_lineage_derive(a->stand, a->lineage, a->err) == KX_LINEAGE_OK)
        return KX_LINEAGE_OK;
    (void)assay_err_wrap(a->err, ASSAY_E_MISMATCH, "after the removals");
    return KX_LINEAGE_REMOVED_GAP;
}

/* ---- additions ---- */

static bool has_standing(const struct kx_lineage *lineage, const struct kaspa_hash *txid)
{
    for (size_t i = 0; i < lineage->count; i++) {
        if (lineage->events[i].kind == KX_EVENT_ACCEPTED &&
            kaspa_hash_equal(&lineage->events[i].acceptance.txid, txid) &&
            kx_event_stands(lineage, i))
            return true;
    }
    return false;
}

/* What stands is of the selected chain, whose blocks rise in blue score. */
static enum kx_lineage_rule append(const struct applying *a, const struct kx_event *event)
{
    const struct kx_acceptance *tip = &a->stand->tip;

    if (event->acceptance.blue_score < tip->blue_score) {
        (void)assay_fail(a->err, ASSAY_E_RANGE, 0,
                         "acceptance.acceptingBlockBlueScore is %" PRIu64 ", below %" PRIu64
                         " of the block that accepts what it follows",
                         event->acceptance.blue_score, tip->blue_score);
        return KX_LINEAGE_TRANSITION_ACCEPTANCE;
    }
    if (event->kind == KX_EVENT_ACCEPTED && has_standing(a->lineage, &event->acceptance.txid))
        return kx_lineage_refuse(a->err, KX_LINEAGE_TRANSITION_REPEATED,
                                 "its transaction is a transition of the lineage already");
    a->lineage->events[a->lineage->count++] = *event;
    return kx_stand_step(a->stand, a->lineage, event, a->err);
}

/* Its block is the one that it is reported in, its checkpoint the update's. */
static enum kx_lineage_rule judge_place(const struct applying *a, const struct kx_added *block,
                                        const struct kx_acceptance *acceptance)
{
    if (!kaspa_hash_equal(&acceptance->block, &block->block))
        return kx_lineage_refuse(
            a->err, KX_LINEAGE_TRANSITION_ACCEPTANCE,
            "acceptance.acceptingBlockHash is another block than the one it is in");
    if (!kx_checkpoint_equal(&acceptance->checkpoint, &a->update->to))
        return kx_lineage_refuse(a->err, KX_LINEAGE_TRANSITION_ACCEPTANCE,
                                 "acceptance.checkpoint is not the update's");
    return KX_LINEAGE_OK;
}

static enum kx_lineage_rule add_genesis(const struct applying *a, const struct kx_added *block)
{
    const struct kx_event event = {.kind = KX_EVENT_GENESIS, .acceptance = block->genesis};
    enum kx_lineage_rule rule = judge_place(a, block, &block->genesis);

    if (rule == KX_LINEAGE_OK &&
        kx_acceptance_judge(&block->genesis, &a->lineage->genesis.outpoint.txid, a->err) !=
            KX_LINEAGE_OK)
        rule = KX_LINEAGE_TRANSITION_ACCEPTANCE;
    return rule == KX_LINEAGE_OK ? append(a, &event) : rule;
}

static enum kx_lineage_rule add_transition(const struct applying *a, const struct kx_added *block,
                                           const struct kx_transition *t)
{
    struct kx_event event = {.kind = KX_EVENT_ACCEPTED};
    enum kx_lineage_rule rule = judge_place(a, block, &t->acceptance);

    if (rule == KX_LINEAGE_OK)
        rule = kx_transition_judge(&event, a->arena, a->lane, a->lineage, t, a->err);
    return rule == KX_LINEAGE_OK ? append(a, &event) : rule;
}

static enum kx_lineage_rule add_block(const struct applying *a, size_t at)
{
    const struct kx_added *block = &a->update->added[at];
    enum kx_lineage_rule rule = KX_LINEAGE_OK;

    if (block->has_genesis) {
        rule = add_genesis(a, block);
        if (rule != KX_LINEAGE_OK)
            (void)assay_err_wrap(a->err, ASSAY_E_MISMATCH, "added[%zu].genesis", at);
    }
    for (size_t i = 0; i < block->count && rule == KX_LINEAGE_OK; i++) {
        rule = add_transition(a, block, &block->transitions[i]);
        if (rule != KX_LINEAGE_OK)
            (void)assay_err_wrap(a->err, ASSAY_E_MISMATCH, "added[%zu].transitions[%zu]", at, i);
    }
    return rule;
}

/* ---- all of it ---- */

/* A transition that stood and stands no more, in whatever block. What compaction has folded away
 * since cannot have been removed. */
static bool is_rolled_back(const struct kx_lineage *before, const struct kx_lineage *after)
{
    size_t folded = (size_t)(after->anchor.folded - before->anchor.folded);

    for (size_t i = folded; i < before->count; i++) {
        if (before->events[i].kind == KX_EVENT_ACCEPTED && kx_event_stands(before, i) &&
            !has_standing(after, &before->events[i].acceptance.txid))
            return true;
    }
    return false;
}

static enum kx_lineage_rule apply(const struct applying *a)
{
    enum kx_lineage_rule rule = judge_update(a);

    if (rule == KX_LINEAGE_OK)
        rule = make_room(a);
    if (rule == KX_LINEAGE_OK)
        rule = remove_blocks(a);
    for (size_t i = 0; i < a->update->added_count && rule == KX_LINEAGE_OK; i++)
        rule = add_block(a, i);
    return rule;
}

enum kx_lineage_rule kx_lineage_apply(struct kx_lineage *lineage, struct assay_arena *arena,
                                      const struct kx_lane *lane, const struct kx_update *update,
                                      struct assay_err *err)
{
    struct kx_lineage draft = *lineage;
    struct kx_stand stand = {.has_genesis = false};
    const struct applying a = {&draft, arena, lane, update, &stand, err};
    enum kx_lineage_rule rule;

    if (lineage->unavailable != KX_LINEAGE_OK && lineage->unavailable != KX_LINEAGE_GENESIS_REMOVED)
        return kx_lineage_refuse(err, lineage->unavailable,
                                 "the lineage is unavailable since an earlier "
                                 "update");
    rule = apply(&a);
    if (rule != KX_LINEAGE_OK) {
        if (kx_lineage_rules[rule].ends)
            lineage->unavailable = rule;
        return rule;
    }
    draft.checkpoint = update->to;
    draft.unavailable = stand.has_genesis ? KX_LINEAGE_OK : KX_LINEAGE_GENESIS_REMOVED;
    draft.is_rolled_back =
        draft.is_rolled_back || (is_rolled_back(lineage, &draft) && !REF_DEFECT(kx_batch_rollback));
    *lineage = draft;
    return KX_LINEAGE_OK;
}
