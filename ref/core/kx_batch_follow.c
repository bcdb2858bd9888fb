/* A stored lane whose head is not on the chain any more, or whose client knows another: what has
 * become of it is read from the chain and put into the store, one step a request. Nothing is
 * charged on the way: who paid is told where his channel stands now, where that could be told.
 * Source: Kaspa x402 batch digest, sections 12, 13 and 18 (B46, B96 to B98).
 *
 *  Three looks at most, and only where the head is gone: whether what made it still stands; if it
 * does, what has spent it. A spend counts once it is as deep as a head has to be, for what is put
 * there and taken back makes a lane suspicious for good. */
#include "core/kx_core_internal.h"
#include "defects/defects.h"

static struct kx_action refuse(struct kx_core_request *r)
{
    return kx_core_refuse_payment(r, KX_WIRE_STATE, kx_batch_rules[r->batch.broken].id);
}

/* What cannot be told changes nothing, and tells nobody anything. */
static struct kx_action give_up(struct kx_core_request *r)
{
    r->batch.is_client_known = false;
    return refuse(r);
}

struct kx_action kx_batch_follow(struct kx_core_request *r)
{
    return REF_DEFECT(kx_batch_unfollowed) ? refuse(r) : kx_core_ask(r, KX_ASK_LINEAGE);
}

/* As deep as a head has to be. */
static bool is_deep(const struct kx_core_request *r, uint64_t confirmations)
{
    return confirmations >= r->core->batch->policy.confirmations || REF_DEFECT(kx_batch_shallow);
}

static bool has_birth(const struct kx_lineage *lineage, struct kx_stand *stand)
{
    return kx_lineage_derive(stand, lineage, NULL) == KX_LINEAGE_OK && stand->has_genesis;
}

/* What made the head; of a lineage whose genesis was taken back, that. */
static struct kx_action look_at_birth(struct kx_core_request *r)
{
    struct kx_batch_state *b = &r->batch;
    const struct kx_lane_journal *journal = b->journal;
    struct kx_stand stand;
    const struct kx_lane_head *head =
        has_birth(&journal->lineage, &stand) ? &b->record.head : &journal->lineage.genesis;

    b->outpoint = head->outpoint;
    if (kx_lane_spk(&b->spk, &r->arena, &b->lane, head->claimed) != ASSAY_OK)
        return kx_core_unavailable(r);
    r->sought = KX_SOUGHT_BIRTH;
    r->look = (struct kx_look){.outpoints = &b->outpoint,
                               .spks = &b->spk,
                               .count = 1,
                               .has_tx = true,
                               .txid = head->outpoint.txid,
                               .output_index = head->outpoint.index,
                               .output_spk = b->spk,
                               .output_amount = head->value,
                               .has_since = journal->has_before,
                               .since = journal->before};
    return kx_core_look(r, 0);
}

static struct kx_action look_at_spender(struct kx_core_request *r)
{
    r->sought = KX_SOUGHT_SPENDER;
    r->look.has_tx = false;
    r->look.wants_spender = true;
    r->look.wants_body = true;
    return kx_core_look(r, 0);
}

struct kx_action kx_batch_on_lineage(struct kx_core_request *r, enum assay_code code,
                                     const struct kx_store_answer *answer)
{
    struct kx_batch_state *b = &r->batch;
    uint64_t judged = b->record.version;

    if (code != ASSAY_OK)
        return kx_core_unavailable(r);
    b->record = answer->channel;
    if (b->record.version != judged) /* what was seen is of another head */
        return give_up(r);
    if (kx_batch_read_journal(r) != ASSAY_OK)
        return kx_core_unavailable(r);
    return b->is_to_claim ? kx_batch_claim(r) : look_at_birth(r);
}

/* ---- what is put there ---- */

/* What the journal refuses changes nothing, unless it ends there (section 13): that is put, too. */
static struct kx_action put(struct kx_core_request *r, const struct kx_lane_journal_news *news,
                            const struct kx_sight *sight)
{
    struct kx_lane_journal *journal = r->batch.journal;
    bool was_available = journal->lineage.unavailable == KX_LINEAGE_OK;
    bool is_applied = kx_batch_apply(r, news) == ASSAY_OK;

    if (!is_applied && (!was_available || journal->lineage.unavailable == KX_LINEAGE_OK))
        return give_up(r);
    if (is_applied) { /* where what made the head before is found nobody knows after a removal */
        journal->has_before = sight->has_before && news->removed == NULL;
        journal->before = sight->before;
    }
    if (kx_batch_write_moved(r) != ASSAY_OK)
        return kx_core_unavailable(r);
    return kx_core_ask(r, KX_ASK_FOLLOW);
}

/* Whether the record is now that or was another's meanwhile: who is told is told ours only where it
 * was put. */
struct kx_action kx_batch_on_followed(struct kx_core_request *r, enum assay_code code, bool is_put)
{
    struct kx_batch_state *b = &r->batch;

    if (code != ASSAY_OK)
        return kx_core_unavailable(r);
    b->is_client_known = b->is_client_known && is_put && b->moved.status == KX_CHANNEL_ACTIVE;
    b->record = b->moved;
    return refuse(r);
}

/* ---- what made it ---- */

/* It was there once, and the chain was read from below it: it is accepted no more. */
static bool is_taken_back(const struct kx_sight *sight)
{
    return sight->is_read && !REF_DEFECT(kx_batch_removal) &&
           (sight->evidence.status == KX_CHAIN_UNKNOWN ||
            sight->evidence.status == KX_CHAIN_MEMPOOL);
}

/* Nothing tells the blue score of a checkpoint where nothing was accepted: the last one is kept. */
static struct kx_action take_back(struct kx_core_request *r, const struct kx_sight *sight)
{
    struct kx_lineage *lineage = &r->batch.journal->lineage;
    const struct kx_checkpoint to = {.block = sight->sink,
                                     .blue_score = lineage->checkpoint.blue_score,
                                     .daa_score = sight->pov.daa_score};
    struct kx_stand stand;

    if (!has_birth(lineage, &stand))
        return give_up(r);
    return put(r, &(struct kx_lane_journal_news){.removed = &stand.tip.block, .to = to}, sight);
}

static struct kx_action bring_back(struct kx_core_request *r, const struct kx_sight *sight)
{
    struct kx_acceptance genesis = kx_lane_journal_acceptance(sight);

    if (!is_deep(r, genesis.confirmations))
        return give_up(r);
    return put(r, &(struct kx_lane_journal_news){.genesis = &genesis, .to = genesis.checkpoint},
               sight);
}

struct kx_action kx_batch_on_birth(struct kx_core_request *r, enum assay_code code,
                                   const struct kx_sight *sight)
{
    struct kx_stand stand;

    if (code != ASSAY_OK)
        return kx_core_refuse_blind(r, code);
    if (is_taken_back(sight))
        return take_back(r, sight);
    if (sight->evidence.status != KX_CHAIN_ACCEPTED)
        return give_up(r);
    if (!has_birth(&r->batch.journal->lineage, &stand))
        return bring_back(r, sight);
    return sight->is_missing[0] ? look_at_spender(r) : refuse(r);
}

/* ---- what has spent it ---- */

struct kx_action kx_batch_on_spender(struct kx_core_request *r, enum assay_code code,
                                     const struct kx_sight *sight)
{
    struct kx_batch_state *b = &r->batch;
    struct kx_transition transition;

    if (code != ASSAY_OK)
        return kx_core_refuse_blind(r, code);
    if (sight->evidence.status != KX_CHAIN_ACCEPTED || !sight->has_body ||
        !is_deep(r, sight->evidence.confirmations) ||
        !kx_lane_journal_transition(&transition, &b->lane, &b->record.head, sight))
        return give_up(r);
    return put(r,
               &(struct kx_lane_journal_news){.transition = &transition,
                                              .to = transition.acceptance.checkpoint},
               sight);
}
