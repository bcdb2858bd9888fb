/* The head of a channel on the chain: where the payer's own node shows it, and followed through the
 * claims, and late top-ups of ours, that have moved it. Nothing else moves it without us, and no
 * one else is asked. Source: Kaspa x402 client digest, F7 and F10; batch digest, sections 6.1, 6.5
 * and 8.4. */
#include "client/kx_client_internal.h"

#include "base/hex.h"
#include "defects/defects.h"

#include <inttypes.h>

#define HOPS_MAX 64 /* transactions that are followed in one run */
#define JUDGING_MAX_BYTES ((size_t)16 << 20)

bool kx_client_is_head(struct kx_client *c, const struct kx_lane_head *head,
                       const struct kaspa_utxo *coin)
{
    struct kaspa_spk spk;

    return kx_lane_spk(&spk, &c->arena, &c->lane, head->claimed) == ASSAY_OK &&
           coin->amount == head->value && kaspa_spk_equal(&coin->spk, &spk) && coin->has_covenant &&
           kaspa_hash_equal(&coin->covenant_id, &head->covenant_id);
}

static struct kx_client_action look(struct kx_client *c, enum kx_client_step step, int64_t wait_ms)
{
    struct kaspa_spk *spk = assay_arena_alloc(&c->arena, sizeof(*spk));
    const struct kx_lane_head *head = &c->channel.head;

    c->look = (struct kx_look){.count = 0};
    if (!c->has_channel || (c->channel.state != KX_CHANNEL_IS_OPEN && !c->is_refund))
        return kx_client_look(c, step, wait_ms); /* for the time alone */
    if (spk == NULL || kx_lane_spk(spk, &c->arena, &c->lane, head->claimed) != ASSAY_OK) {
        kx_client_record(c, NULL, "out of memory");
        return kx_client_finish(c);
    }
    c->look = (struct kx_look){.outpoints = &c->channel.head.outpoint,
                               .spks = spk,
                               .count = 1,
                               .wants_spender = true,
                               .wants_body = true};
    c->look.has_since = assay_hex_decode(c->look.since.at, sizeof(c->look.since.at),
                                         c->channel.since, true) == ASSAY_OK;
    return kx_client_look(c, step, wait_ms);
}

struct kx_client_action kx_client_look_at_head(struct kx_client *c, enum kx_client_step step,
                                               int64_t now_ms)
{
    c->until_ms = now_ms + c->job.wait_ms;
    c->hops = 0;
    return look(c, step, 0);
}

/* From there on the chain is read for who spends the head. */
bool kx_client_set_since(struct kx_client *c, const struct kx_sight *sight)
{
    char text[X402_HASH_TEXT_BYTES];

    if (!sight->has_before)
        return true;
    assay_hex_encode(text, assay_bytes_of(sight->before.at, sizeof(sight->before.at)));
    c->channel.since = assay_arena_copy(&c->arena, assay_str(text));
    return c->channel.since.at != NULL || kx_client_object(c, NULL, "out of memory");
}

/* Whether a transaction that has spent the head is one of a kind. */
static bool judge(struct kx_client *c, struct kx_batch_tx_verdict *verdict,
                  struct assay_arena *arena, const struct kaspa_tx *tx, enum kx_batch_kind kind)
{
    const struct kx_batch_tx with = {
        .kind = kind,
        .lane = &c->lane,
        .head = &c->channel.head,
        .tx = tx,
        .fee_max = UINT64_MAX, /* the provider's own affair */
        .arena = arena,
    };

    kx_batch_tx_verify(verdict, &with);
    return verdict->outcome != KASPA_INVALID && (verdict->has_next || kind == KX_BATCH_REFUND);
}

/* What has spent the head has to be a claim by its rules, under a voucher of ours: the script has
 * seen to the signature, and its sum is none that no receipt has counted. Or a top-up, which the
 * script lets nobody make without our signature. */
static bool follow_by(struct kx_client *c, struct kx_batch_tx_verdict *verdict,
                      struct assay_arena *arena, const struct kaspa_tx *tx)
{
    bool is_top_up = judge(c, verdict, arena, tx, KX_BATCH_TOP_UP);

    if (!is_top_up && judge(c, verdict, arena, tx, KX_BATCH_REFUND))
        return kx_client_object(c, "client.channel.head",
                                "the channel was refunded: nothing is left in it");
    if (!is_top_up && !judge(c, verdict, arena, tx, KX_BATCH_CLAIM))
        return kx_client_object(c, "client.channel.head",
                                "the channel's head was spent by a transaction that is no claim: "
                                "%s",
                                verdict->checks[verdict->first].why);
    if (REF_DEFECT(kx_client_claims_counted) && verdict->next.claimed > c->channel.total)
        c->channel.total = c->channel.signed_total = verdict->next.claimed;
    if (verdict->next.claimed > c->channel.total && !c->is_refund)
        return kx_client_object(c, "client.channel.head",
                                "%" PRIu64
                                " sompi were claimed from the channel, of which receipts "
                                "have counted %" PRIu64 " alone: nothing more is signed for it",
                                verdict->next.claimed, c->channel.total);
    if (!kx_client_give_up_top_up(c)) /* it is what has moved the head, or can never be any more */
        return false;
    c->channel.head = verdict->next;
    c->channel.is_announced = c->channel.is_announced && !is_top_up;
    if (kaspa_hash_equal(&c->channel.head.outpoint.txid, &c->channel.given_up_id))
        c->channel.has_arrived = true;
    return true;
}

static bool follow(struct kx_client *c, const struct kaspa_tx *tx)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(JUDGING_MAX_BYTES); /* they may be many */
    struct kx_batch_tx_verdict *verdict = assay_arena_alloc(&arena, sizeof(*verdict));
    bool is_followed = verdict != NULL ? follow_by(c, verdict, &arena, tx)
                                       : kx_client_object(c, NULL, "out of memory");

    assay_arena_fini(&arena);
    return is_followed;
}

/* The next run goes on from where this one has come to. */
static struct kx_client_action followed_far(struct kx_client *c)
{
    kx_client_record(c, "client.channel.head",
                     "the channel was moved more than %d times since it was seen last, and "
                     "was followed so far: run the same again to go on",
                     HOPS_MAX);
    return kx_client_save(c, KX_CLIENT_STEP_FOLLOWED);
}

static struct kx_client_action was_spent(struct kx_client *c, const struct kx_sight *sight,
                                         int64_t now_ms)
{
    const struct kx_chain_evidence *evidence = &sight->evidence;
    bool is_deep = evidence->status == KX_CHAIN_ACCEPTED && evidence->has_confirmations &&
                   evidence->confirmations >= c->policy->batch.confirmations;

    if (!is_deep && now_ms < c->until_ms)
        return kx_client_look(c, c->step, c->job.poll_ms);
    if (!is_deep || !sight->has_body) {
        kx_client_record(c, "client.channel.head",
                         "the node has not the channel's head, nor a confirmed claim that has "
                         "spent it: run the same again later");
        return kx_client_finish(c);
    }
    if (!follow(c, &sight->body) || !kx_client_set_since(c, sight))
        return kx_client_finish(c);
    return ++c->hops < HOPS_MAX ? look(c, c->step, 0) : followed_far(c);
}

struct kx_client_action kx_client_saw_head(struct kx_client *c, const struct kx_sight *sight,
                                           int64_t now_ms)
{
    if (!c->has_channel || c->channel.state == KX_CHANNEL_IS_INTENDED)
        return kx_client_consent(c, KX_INTENT_OPEN, now_ms);
    if (sight->is_missing[0] && !REF_DEFECT(kx_client_head_stale))
        return was_spent(c, sight, now_ms);
    if (!kx_client_is_head(c, &c->channel.head, &sight->utxos[0])) {
        kx_client_record(c, "client.channel.head",
                         "the node has another coin than the channel's head where it stands");
        return kx_client_finish(c);
    }
    if (!kx_client_set_since(c, sight))
        return kx_client_finish(c);
    if (c->is_refund)
        return kx_client_refund(c);
    return c->step == KX_CLIENT_STEP_CORRECT ? kx_client_correct(c, now_ms)
                                             : kx_client_charge(c, now_ms);
}
