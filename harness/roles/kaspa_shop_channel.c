/* What the role `shop` does by channel: its offer, what it makes of deposits and vouchers, its
 * receipts, and its claims. Source: Kaspa x402 batch digest, sections 3, 6, 7, 8.4 and 12. */
#include "roles/kaspa_shop_internal.h"

#include "base/hex.h"
#include "kaspa_x402/batch_settlement.h"
#include "kaspa_x402/batch_tx.h"

#include <stdio.h>

enum { CONFIRMATIONS = 1, LEAD_DAA = 1 };

#define CLAIM_FEE UINT64_C(2000000) /* sompi */
#define CLAIM_ARENA_MAX_BYTES ((size_t)4 << 20)

static const struct kx_batch_binding *binding(void)
{
    return kx_batch_binding_find(ASSAY_LIT("kaspa-escrow-v3"));
}

/* ---- where a channel stands ---- */

/* Its script is borrowed from `spk`. */
static struct kx_channel_state state_of(struct assay_arena *arena, struct assay_buf *spk,
                                        const struct shop_channel *channel)
{
    const struct kx_lane_head *head = &channel->head;
    struct kx_channel_state state = {.covenant_id = head->covenant_id,
                                     .outpoint = head->outpoint,
                                     .funding = head->value,
                                     .authorized = channel->total,
                                     .charged = channel->total,
                                     .claimed = head->claimed,
                                     .is_open = true};
    struct kaspa_spk script;

    memcpy(state.channel_id, channel->lane.channel_id, sizeof(state.channel_id));
    if (kx_lane_spk(&script, arena, &channel->lane, head->claimed) == ASSAY_OK)
        kaspa_spk_add_bytes(spk, &script);
    state.spk = assay_buf_view(spk);
    return state;
}

/* ---- the offer ---- */

void shop_add_channel_offer(struct assay_buf *out, const struct kaspa_shop *shop,
                            const struct shop_request *request, const struct shop_channel *channel)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(CLAIM_ARENA_MAX_BYTES);
    struct assay_buf url = ASSAY_BUF_INIT(SHOP_TEXT_MAX_BYTES),
                     spk = ASSAY_BUF_INIT(SHOP_TEXT_MAX_BYTES);
    struct kx_batch_offer offer = {
        .binding = binding(),
        .network = shop->network,
        .terms = {.network = assay_str(shop_network_name(shop)),
                  .pay_to = assay_str(shop->pay_to),
                  .template_id = ASSAY_LIT(KX_ESCROW_V5_TEMPLATE),
                  .amount = KASPA_SHOP_PRICE,
                  .max_timeout_s = KASPA_SHOP_TIMEOUT_S,
                  .min_deposit = KASPA_SHOP_DEPOSIT,
                  .claim_reserve = KASPA_SHOP_RESERVE,
                  .refund_timeout_daa = shop->refund_daa},
        .has_state = channel != NULL,
    };
    char context[X402_HASH_TEXT_BYTES];

    memcpy(offer.terms.server, shop->channel_key.xonly, sizeof(offer.terms.server));
    assay_buf_printf(&url, "http://%s%s", request->host, request->target);
    if (channel != NULL)
        offer.state = state_of(&arena, &spk, channel);
    if (kx_public_context_hash(context, assay_buf_view(&url)) == ASSAY_OK &&
        assay_hex_decode(offer.context, sizeof(offer.context), assay_str(context), true) ==
            ASSAY_OK)
        kx_batch_offer_write(out, &offer);
    assay_buf_fini(&url);
    assay_buf_fini(&spk);
    assay_arena_fini(&arena);
}

/* ---- what the chain says ---- */

static bool accepted_by(struct kx_acceptance *out, const struct kaspa_shop *shop,
                        const struct kaspa_chain_tx *made, const struct kaspa_hash *txid,
                        const struct kaspa_chain_info *info)
{
    struct kaspa_chain_block block, sink;

    if (made->state != KASPA_TX_ACCEPTED ||
        !kaspa_chain_block(shop->chain, &block, &made->accepting_block) ||
        !kaspa_chain_block(shop->chain, &sink, &info->sink))
        return false;
    *out = (struct kx_acceptance){.txid = *txid,
                                  .block = block.hash,
                                  .blue_score = block.blue_score,
                                  .confirmations = made->confirmations,
                                  .checkpoint = {.block = sink.hash,
                                                 .blue_score = sink.blue_score,
                                                 .daa_score = sink.daa_score}};
    return true;
}

static void look(struct kx_head_sight *out, struct kx_birth *birth, const struct kaspa_shop *shop,
                 const struct kaspa_outpoint *outpoint)
{
    struct kaspa_chain_tx made = {.state = KASPA_TX_UNKNOWN};
    struct kaspa_chain_info info;

    kaspa_chain_lock_take(shop->chain_lock);
    kaspa_chain_info(shop->chain, &info);
    *out = (struct kx_head_sight){
        .has_daa = true, .daa_score = info.daa_score, .evidence = {.txid = outpoint->txid}};
    out->is_missing = !kaspa_chain_utxo(shop->chain, &out->coin, outpoint);
    if (kaspa_chain_tx(shop->chain, &made, &outpoint->txid) &&
        accepted_by(&out->evidence.acceptance, shop, &made, &outpoint->txid, &info)) {
        out->evidence.status = KX_EVIDENCE_ACCEPTED;
        if (kx_birth_read(birth, made.tx, outpoint)) {
            birth->acceptance = out->evidence.acceptance;
            out->birth = birth;
        }
    }
    kaspa_chain_lock_give(shop->chain_lock);
}

/* ---- a payment ---- */

static struct shop_channel *find(struct kaspa_shop *shop, const uint8_t channel_id[32])
{
    for (size_t i = 0; i < shop->channel_count; i++)
        if (memcmp(shop->channels[i].lane.channel_id, channel_id, 32) == 0)
            return &shop->channels[i];
    return NULL;
}

static struct kx_batch_channel known(const struct shop_channel *channel)
{
    struct kx_batch_channel known = {.lane = &channel->lane,
                                     .head = channel->head,
                                     .accounts = {.funding = channel->head.value,
                                                  .authorized = channel->total,
                                                  .charged = channel->total,
                                                  .claimed = channel->head.claimed,
                                                  .reserve = KASPA_SHOP_RESERVE},
                                     .is_active = true,
                                     .has_last = true,
                                     .last = channel->last};

    memcpy(known.last_payload, channel->last_payload, sizeof(known.last_payload));
    return known;
}

/* What can be claimed with it is remembered, whether it is charged or not. */
static void keep_voucher(struct shop_channel *channel, const struct kx_signed_voucher *voucher)
{
    if (voucher->amount > channel->shown.amount)
        channel->shown = *voucher;
}

void shop_read_batch(struct shop_payment *out, const struct shop_reading *r,
                     struct kaspa_shop *shop, const struct kx_request *asked, int64_t now_ms)
{
    struct shop_batch *batch = assay_arena_alloc(r->arena, sizeof(*batch));
    struct kx_head_sight sight;
    struct kx_birth birth;
    struct kx_batch_channel channel;
    struct kx_batch with = {.offer = &r->offer,
                            .request = asked,
                            .policy = {.confirmations = CONFIRMATIONS, .refund_lead_daa = LEAD_DAA},
                            .now_ms = now_ms,
                            .sight = &sight,
                            .arena = r->arena};

    if (batch == NULL ||
        kx_batch_payment_read(&batch->said, r->arena, &r->payment_doc, NULL) != KX_LOCAL_NONE)
        return;
    out->batch = batch;
    out->is_read = true;
    out->expires_ms = batch->said.presentation.expires_at_ms;
    out->channel = find(shop, batch->said.channel_id);
    if (out->channel != NULL)
        channel = known(out->channel);
    look(&sight, &birth, shop, &batch->said.outpoint);
    with.payment = &batch->said;
    with.channel = out->channel != NULL ? &channel : NULL;
    kx_batch_verify(&batch->verdict, &with);
    out->is_good = batch->verdict.outcome == KASPA_VALID || batch->verdict.is_replay;
    if (out->is_good && out->channel != NULL)
        keep_voucher(out->channel, &batch->said.voucher);
}

/* ---- a charge ---- */

static struct assay_bytes keep(struct kaspa_shop *shop, struct assay_bytes text)
{
    return assay_arena_copy(&shop->texts, text);
}

static struct shop_channel *open_channel(struct kaspa_shop *shop, const struct kx_channel *said)
{
    struct shop_channel *channel = &shop->channels[shop->channel_count];
    struct kx_channel config = *said;

    if (shop->channel_count == KASPA_SHOP_CHANNELS_MAX)
        return NULL;
    *channel = (struct shop_channel){.total = 0};
    config.network = keep(shop, said->network);
    config.template_id = keep(shop, said->template_id);
    config.pay_to = keep(shop, said->pay_to);
    config.refund_address = keep(shop, said->refund_address);
    if (config.network.at == NULL || config.template_id.at == NULL || config.pay_to.at == NULL ||
        config.refund_address.at == NULL ||
        kx_lane_open(&channel->lane, &shop->texts, binding(), &config, NULL) != KX_LOCAL_NONE)
        return NULL;
    shop->channel_count++;
    return channel;
}

bool shop_charge(struct kaspa_shop *shop, struct shop_payment *payment)
{
    const struct kx_batch_verdict *verdict = &payment->batch->verdict;
    struct shop_channel *channel = payment->channel;

    if (channel == NULL)
        channel = open_channel(shop, &payment->batch->said.channel);
    if (channel == NULL) {
        (void)!snprintf(payment->fault, sizeof(payment->fault), "the shop has no room for it");
        return false;
    }
    payment->channel = shop->paid_last = channel;
    if (verdict->is_replay)
        return true;
    channel->head = verdict->head;
    channel->total = verdict->commitment.after;
    channel->last = verdict->commitment;
    memcpy(channel->last_payload, verdict->payload, sizeof(channel->last_payload));
    keep_voucher(channel, &payment->batch->said.voucher);
    return true;
}

void shop_write_charge(struct assay_buf *out, const struct kaspa_shop *shop,
                       const struct shop_payment *payment)
{
    const struct shop_channel *channel = payment->channel;
    struct assay_arena arena = ASSAY_ARENA_INIT(CLAIM_ARENA_MAX_BYTES);
    struct assay_buf spk = ASSAY_BUF_INIT(SHOP_TEXT_MAX_BYTES);
    struct kx_batch_settled settled = {.binding = channel->lane.binding,
                                       .type = payment->batch->said.type,
                                       .network = assay_str(shop_network_name(shop)),
                                       .payer = channel->lane.channel.refund_address,
                                       .amount = channel->last.charge,
                                       .deposit = channel->head.value,
                                       .covenant_id = channel->head.covenant_id};

    settled.state = state_of(&arena, &spk, channel);
    kx_commitment_id(settled.id, channel->lane.binding, &channel->last);
    kx_batch_settlement_write(out, &settled);
    assay_buf_fini(&spk);
    assay_arena_fini(&arena);
}

/* ---- claims ---- */

static bool submit_claim(struct kaspa_shop *shop, const struct kx_batch_artifact *made)
{
    enum kaspa_submission result;
    struct kaspa_chain_tx found = {.state = KASPA_TX_UNKNOWN};

    kaspa_chain_lock_take(shop->chain_lock);
    result = kaspa_chain_submit(shop->chain, &made->tx, NULL, NULL, NULL);
    if (result == KASPA_SUBMITTED &&
        kaspa_chain_mine(shop->chain, &(struct kaspa_mining){.blocks = 1}) == ASSAY_OK)
        (void)kaspa_chain_tx(shop->chain, &found, &made->id);
    kaspa_chain_lock_give(shop->chain_lock);
    return found.state == KASPA_TX_ACCEPTED;
}

static bool claim(struct kaspa_shop *shop, struct shop_channel *channel)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(CLAIM_ARENA_MAX_BYTES);
    const struct kx_batch_plan plan = {.kind = KX_BATCH_CLAIM,
                                       .lane = &channel->lane,
                                       .head = &channel->head,
                                       .fee = CLAIM_FEE,
                                       .amount = channel->shown.amount - channel->head.claimed,
                                       .total = channel->shown.amount,
                                       .voucher = channel->shown.signature,
                                       .provider.key = &shop->channel_key};
    struct kx_batch_artifact made;
    bool is_made =
        kx_batch_tx_build(&made, &arena, &plan, NULL) == ASSAY_OK && submit_claim(shop, &made);

    if (is_made)
        channel->head = made.next;
    assay_arena_fini(&arena);
    return is_made;
}

bool kaspa_shop_claims(struct kaspa_shop *shop)
{
    bool is_claimed;

    pthread_mutex_lock(&shop->lock);
    is_claimed = shop->paid_last != NULL && claim(shop, shop->paid_last);
    pthread_mutex_unlock(&shop->lock);
    if (shop->node != NULL)
        kaspa_node_changed(shop->node);
    return is_claimed;
}
