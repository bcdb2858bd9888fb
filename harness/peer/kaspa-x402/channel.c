/* Channels on the simulated chain: opened, claimed from, topped up and refunded. See channel.h. */
#include "peer/kaspa-x402/channel_internal.h"

#include "kaspa/covenant.h"
#include "kaspa/txid.h"

#include <inttypes.h>

#define MOVE_FEE UINT64_C(1000000) /* above what any of them needs */

enum { DEPOSIT_FACTOR = 2, MERGED_MAX = 99, ASKED_PAUSE_MS = 5 };

struct assay_bytes kxc_address(struct assay_case *t, struct kaspa_spk spk,
                               enum kaspa_network network)
{
    char *text = case_alloc(t, KASPA_ADDRESS_TEXT_MAX_BYTES);
    struct kaspa_address address;

    if (!kaspa_address_of_script(&address, &spk, network))
        case_end(t, VERDICT_BROKEN, "a script of a channel's has no address");
    kaspa_address_encode(text, &address);
    return assay_str(text);
}

static struct kx_channel config_of(struct assay_case *t, const struct kxp_offer *offer,
                                   const struct assay_key *client)
{
    const struct kx_batch_terms *terms = &offer->batch.terms;
    struct kx_channel config = {.network = terms->network,
                                .template_id = terms->template_id,
                                .pay_to = terms->pay_to,
                                .refund_timeout_daa = terms->refund_timeout_daa};

    if (assay_random_system(config.salt, sizeof(config.salt)) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the system gives no random bytes");
    config.refund_address = kxc_address(t, kxp_spk_of(t, client), offer->batch.network);
    memcpy(config.client, client->xonly, sizeof(config.client));
    memcpy(config.server, terms->server, sizeof(config.server));
    return config;
}

/* ---- the genesis ---- */

static void open_lane(struct kxc_channel *channel, struct kxc_genesis *g)
{
    struct assay_err err = {0};

    if (kx_lane_open(&channel->lane, case_arena(g->t), g->offer->batch.binding, &g->config, &err) !=
            KX_LOCAL_NONE ||
        kx_lane_spk(&g->outputs[0].spk, case_arena(g->t), &channel->lane, g->claimed) != ASSAY_OK)
        case_end(g->t, VERDICT_BROKEN, "the channel cannot be made: %s", err.text);
    g->outputs[0].value = g->deposit;
    g->outputs[0].has_covenant = true;
    g->output_count = 1;
}

static void bind_outputs(struct kxc_genesis *g, const struct kaspa_outpoint *from)
{
    struct kaspa_genesis_output bound[KXC_OUTPUTS_MAX] = {{0, &g->outputs[0]}};
    struct kaspa_hash id;
    size_t count = 0;

    kaspa_covenant_id(&g->covenant_id, from, bound, 1);
    for (uint32_t i = 0; i < g->output_count; i++)
        if (g->outputs[i].has_covenant)
            bound[count++] = (struct kaspa_genesis_output){i, &g->outputs[i]};
    kaspa_covenant_id(&id, from, bound, count);
    for (size_t i = 0; i < g->output_count; i++)
        if (g->outputs[i].has_covenant)
            g->outputs[i].covenant_id = id;
}

static void build_genesis(struct kaspa_tx *tx, struct kxc_genesis *g)
{
    struct kaspa_spk spk = kxp_spk_of(g->t, &g->client);
    struct kaspa_spend spend = {.kind = KASPA_SPEND_PUBKEY,
                                .utxo = {.amount = MOVE_FEE, .spk = spk},
                                .key = &g->client,
                                .commit = KASPA_COMMIT_LEARN};
    const struct kaspa_plan plan = {.version = 1,
                                    .spends = &spend,
                                    .spend_count = 1,
                                    .outputs = g->outputs,
                                    .output_count = g->output_count,
                                    .payload = ASSAY_LIT("")};
    struct assay_err err = {0};

    for (size_t i = 0; i < g->output_count; i++)
        spend.utxo.amount += g->outputs[i].value;
    spend.outpoint = kxp_fund(g->t, &spk, spend.utxo.amount);
    bind_outputs(g, &spend.outpoint);
    if (kaspa_build(tx, case_arena(g->t), &plan, &err) != ASSAY_OK)
        case_end(g->t, VERDICT_BROKEN, "the genesis cannot be built: %s", err.text);
}

static void put(struct assay_case *t, const struct kaspa_tx *tx, unsigned depth)
{
    kxp_submit_ourselves(t, tx);
    kxp_mine(t, depth);
}

struct kxc_channel *kxc_funded_so(struct assay_case *t, const struct kxp_offer *offer,
                                  struct kxc_opening opening)
{
    struct kxc_channel *channel = case_alloc(t, sizeof(*channel));
    struct kxc_genesis g = {.t = t,
                            .offer = offer,
                            .arg = opening.arg,
                            .deposit = DEPOSIT_FACTOR * offer->batch.terms.min_deposit};

    if (opening.client != NULL)
        g.client = *opening.client;
    else
        kaspa_key_from_seed(&g.client, ASSAY_LIT("assay kaspa-x402"), assay_str(kxp_identifier(t)));
    g.config = config_of(t, offer, &g.client);
    if (opening.config != NULL)
        opening.config(&g);
    *channel = (struct kxc_channel){
        .offer = offer, .client = g.client, .reserve = offer->batch.terms.claim_reserve};
    open_lane(channel, &g);
    if (opening.outputs != NULL)
        opening.outputs(&g);
    build_genesis(&channel->birth, &g);
    channel->head = (struct kx_lane_head){
        .covenant_id = g.covenant_id, .value = g.outputs[0].value, .claimed = g.claimed};
    kaspa_txid(&channel->head.outpoint.txid, &channel->birth);
    if (!opening.is_unsent)
        put(t, &channel->birth, opening.depth > 0 ? opening.depth : KXC_DEEP);
    return channel;
}

struct kxc_channel *kxc_funded(struct assay_case *t, const struct kxp_offer *offer)
{
    return kxc_funded_so(t, offer, (struct kxc_opening){.depth = KXC_DEEP});
}

struct kxc_channel *kxc_opened(struct assay_case *t, struct peer_want want)
{
    struct kxc_channel *channel = kxc_funded(t, kxp_given_channel_offer(t, want));
    const struct kxc_payment *paid = kxc_deposit(t, channel);

    (kxc_expect_charged)(t, kxc_send_until_known(t, "open a channel", paid), paid);
    return channel;
}

struct kxc_channel *kxc_copy(struct assay_case *t, const struct kxc_channel *channel)
{
    struct kxc_channel *copy = case_alloc(t, sizeof(*copy));

    *copy = *channel;
    return copy;
}

/* ---- what moves its head ---- */

struct assay_key kxc_provider(struct assay_case *t, const struct kxp_offer *offer)
{
    struct assay_key key;

    kaspa_key_from_seed(&key, ASSAY_LIT("assay kaspa-x402"), ASSAY_LIT("channel server"));
    if (memcmp(key.xonly, offer->batch.terms.server, sizeof(key.xonly)) != 0)
        case_end(t, VERDICT_UNSUPPORTED,
                 "the target's key in channels is not the one that Assay has the secret of, so "
                 "that nobody can claim or top up in its place (docs/kaspa-x402.md, `channels`)");
    return key;
}

void kxc_sign_voucher(uint8_t out[ASSAY_SIG_BYTES], struct assay_case *t,
                      const struct kxc_channel *channel, uint64_t total)
{
    uint8_t digest[32];

    if (kx_lane_voucher(digest, case_arena(t), &channel->lane, &channel->head, total) != ASSAY_OK ||
        assay_schnorr_sign(out, digest, &channel->client, NULL) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the voucher cannot be signed");
}

static struct kx_batch_funding funding_of(struct assay_case *t, const struct kxc_channel *channel,
                                          uint64_t amount)
{
    struct kaspa_spk spk = kxp_spk_of(t, &channel->client);

    return (struct kx_batch_funding){.utxo = {.amount = amount, .spk = spk},
                                     .outpoint = kxp_fund(t, &spk, amount),
                                     .signing.key = &channel->client};
}

const struct kaspa_tx *kxc_move(struct assay_case *t, struct kxc_channel *channel,
                                enum kx_batch_kind kind, uint64_t amount, unsigned depth)
{
    const struct assay_key provider = kxc_provider(t, channel->offer);
    uint8_t voucher[ASSAY_SIG_BYTES];
    struct kx_batch_funding funding;
    struct kx_batch_plan plan = {.kind = kind,
                                 .lane = &channel->lane,
                                 .head = &channel->head,
                                 .fee = MOVE_FEE,
                                 .amount = amount,
                                 .total = channel->total,
                                 .voucher = voucher,
                                 .lock_time = channel->lane.channel.refund_timeout_daa,
                                 .provider.key = &provider,
                                 .client.key = &channel->client,
                                 .funding = &funding};
    struct kx_batch_artifact made;
    struct kaspa_tx *tx = case_alloc(t, sizeof(*tx));
    struct assay_err err = {0};

    kxc_sign_voucher(voucher, t, channel, channel->total);
    if (kind == KX_BATCH_TOP_UP) {
        funding = funding_of(t, channel, amount + MOVE_FEE);
        plan.funding_count = 1;
    }
    if (kx_batch_tx_build(&made, case_arena(t), &plan, &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the %s cannot be built: %s", kx_batch_kind_name(kind),
                 err.text);
    *tx = made.tx;
    put(t, tx, depth);
    if (kind != KX_BATCH_REFUND) {
        channel->head = made.next;
        channel->birth = *tx;
    }
    return tx;
}

void kxc_take_back(struct assay_case *t, const struct kaspa_tx *tx)
{
    kxp_reorganise_tx_out(t, tx, NULL);
}

void kxc_bring_back(struct assay_case *t, const struct kaspa_tx *tx)
{
    kxp_release_tx(t, tx);
    kxp_mine(t, KXC_DEEP);
}

static uint64_t daa_now(struct assay_case *t)
{
    struct kaspa_chain_info info;

    kaspa_chain_lock_take(kxp_lock(t));
    kaspa_chain_info(kxp_chain(t), &info);
    kaspa_chain_lock_give(kxp_lock(t));
    return info.daa_score;
}

void kxc_mine_to_refund(struct assay_case *t, const struct kxc_channel *channel, uint64_t lead_daa)
{
    uint64_t to = channel->lane.channel.refund_timeout_daa - lead_daa, now = daa_now(t);
    uint64_t left = to > now ? to - now : 0;

    if (left > KASPA_CHAIN_MAX_BLOCKS / 2)
        case_end(t, VERDICT_UNSUPPORTED,
                 "the refund of the target's channels is %" PRIu64
                 " scores away, which is more than is "
                 "mined for a test (a shorter life of channels in the variant \"channels\")",
                 left);
    kxp_mine_merging(t, (unsigned)(left / (MERGED_MAX + 1)), MERGED_MAX);
    kxp_mine(t, (unsigned)(left % (MERGED_MAX + 1)));
}

uint64_t kxc_calls_about(struct assay_case *t, const struct kxc_channel *channel)
{
    char address[KASPA_ADDRESS_TEXT_MAX_BYTES];
    const char *texts[2] = {kxp_hex(t, assay_bytes_of(channel->head.outpoint.txid.at, 32)),
                            address};

    if (kx_lane_address(address, case_arena(t), &channel->lane, channel->head.claimed) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the channel has no address");
    texts[1] = strchr(address, ':') + 1;
    return kxp_calls_naming(t, texts, ARRAY_LEN(texts));
}

void kxc_await_calls_about(struct assay_case *t, const struct kxc_channel *channel, uint64_t count)
{
    int tries = case_patience_ms(t) / ASKED_PAUSE_MS;

    while (kxc_calls_about(t, channel) < count && tries-- > 0)
        peer_pause(t, ASKED_PAUSE_MS);
    if (tries < 0)
        case_end(t, VERDICT_BROKEN, "the node was not asked about the channel");
}
