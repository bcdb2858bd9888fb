/* The channel of the official batch transactions; see kx_lane_world.h. */
#include "ref/tests/kx_lane_world.h"

#include "base/hex.h"

#include <criterion/criterion.h>

static void make_key(struct assay_key *out, uint8_t byte)
{
    uint8_t secret[32];

    memset(secret, byte, sizeof(secret));
    cr_assert_eq(assay_key_init(out, secret), ASSAY_OK);
}

static void address_of(char *text, const struct assay_key *key)
{
    struct kaspa_address address = {
        .network = KASPA_TESTNET, .version = KASPA_ADDRESS_PUBKEY, .payload_len = 32};

    memcpy(address.payload, key->xonly, 32);
    kaspa_address_encode(text, &address);
}

void kx_lane_world_open(struct kx_lane_world *w, const char *binding, const char *template_id)
{
    struct assay_err err = {0};

    w->channel.template_id = assay_str(template_id);
    cr_assert_eq(kx_lane_open(&w->lane, &w->arena, kx_batch_binding_find(assay_str(binding)),
                              &w->channel, &err),
                 KX_LOCAL_NONE, "%s", err.text);
}

void kx_lane_world_generation(struct kx_lane_world *w, int number)
{
    static const char *const bindings[] = {"kaspa-escrow-v1", "kaspa-escrow-v2", "kaspa-escrow-v2",
                                           "kaspa-escrow-v3", "kaspa-escrow-v3"};

    kx_lane_world_open(w, bindings[number - 1], kx_escrow_templates[number - 1].id);
}

void kx_lane_world_init(struct kx_lane_world *w)
{
    struct assay_key payout;

    *w = (struct kx_lane_world){.arena = ASSAY_ARENA_INIT(1 << 24)};
    make_key(&w->client, 0x07);
    make_key(&w->server, 0x09);
    make_key(&payout, 0x08);
    address_of(w->pay_to, &payout);
    address_of(w->refund_address, &w->client);
    assay_key_wipe(&payout);
    w->channel = (struct kx_channel){
        .network = ASSAY_LIT(KX_NETWORK_TESTNET),
        .pay_to = assay_str(w->pay_to),
        .refund_address = assay_str(w->refund_address),
        .refund_timeout_daa = 123456789,
    };
    memcpy(w->channel.client, w->client.xonly, 32);
    memcpy(w->channel.server, w->server.xonly, 32);
    memset(w->channel.salt, 0x55, sizeof(w->channel.salt));
    cr_assert_eq(assay_hex_decode(w->covenant_id.at, 32,
                                  ASSAY_LIT("f0154292aca316533e639eccdca10e2f"
                                            "44ab6e4eab3a48fa9420c1b616da456e"),
                                  true),
                 ASSAY_OK);
    kx_lane_world_open(w, "kaspa-escrow-v3", KX_ESCROW_V5_TEMPLATE);
}

void kx_lane_world_fini(struct kx_lane_world *w)
{
    assay_key_wipe(&w->client);
    assay_key_wipe(&w->server);
    assay_arena_fini(&w->arena);
}

void kx_lane_world_voucher(uint8_t signature[ASSAY_SIG_BYTES], struct kx_lane_world *w,
                           const struct kx_lane_head *head, uint64_t total)
{
    uint8_t digest[32];

    cr_assert_eq(kx_lane_voucher(digest, &w->arena, &w->lane, head, total), ASSAY_OK);
    cr_assert_eq(assay_schnorr_sign(signature, digest, &w->client, NULL), ASSAY_OK);
}

void kx_lane_world_build(struct kx_batch_artifact *out, struct kx_lane_world *w,
                         const struct kx_batch_plan *plan)
{
    struct assay_err err = {0};

    cr_assert_eq(kx_batch_tx_build(out, &w->arena, plan, &err), ASSAY_OK, "%s: %s",
                 kx_batch_kind_name(plan->kind), err.text);
}

static const struct {
    enum kx_batch_kind kind;
    uint64_t amount, fee, funding;
    uint8_t outpoint; /* of the funding coin: so many times */
} steps[KX_LANE_STEPS] = {
    [KX_LANE_GENESIS] = {KX_BATCH_GENESIS, 90000000, 1000, 90001000, 0x01},
    [KX_LANE_CLAIM] = {KX_BATCH_CLAIM, 8000000, 1000, 0, 0},
    [KX_LANE_CLAIM_TWO] = {KX_BATCH_CLAIM, 9000000, 1000, 0, 0},
    [KX_LANE_TOP_UP] = {KX_BATCH_TOP_UP, 17000000, 1000, 20000000, 0x05},
    [KX_LANE_REFUND] = {KX_BATCH_REFUND, 0, 900, 0, 0},
};

static void fill_funding(struct kx_lane_world *w, enum kx_lane_step step)
{
    struct kx_batch_funding *funding = &w->funding[step];

    *funding = (struct kx_batch_funding){
        .utxo = {.amount = steps[step].funding, .spk = w->lane.refund},
        .signing.key = &w->client,
    };
    memset(funding->outpoint.txid.at, steps[step].outpoint, KASPA_HASH_BYTES);
}

static void fill_plan(struct kx_batch_plan *out, struct kx_lane_world *w, enum kx_lane_step step)
{
    fill_funding(w, step);
    *out = (struct kx_batch_plan){
        .kind = steps[step].kind,
        .lane = &w->lane,
        .head = &w->heads[step],
        .fee = steps[step].fee,
        .amount = steps[step].amount,
        .total = 30000000,
        .lock_time = w->channel.refund_timeout_daa,
        .provider.key = &w->server,
        .client.key = &w->client,
        .funding = &w->funding[step],
        .funding_count = 1,
    };
    if (out->kind == KX_BATCH_CLAIM) {
        kx_lane_world_voucher(w->vouchers[step], w, out->head, out->total);
        out->voucher = w->vouchers[step];
    }
}

/* Section 16.1 */
static void plan_outpoint(struct kx_batch_plan *out, struct kx_lane_world *w,
                          enum kx_lane_step step)
{
    bool is_claim = steps[step].kind == KX_BATCH_CLAIM;
    struct kx_lane_head *head = &w->heads[step];

    *head = (struct kx_lane_head){.value = is_claim ? 90000000 : 65000000};
    memset(head->outpoint.txid.at, is_claim ? 0x44 : 0x55, KASPA_HASH_BYTES);
    head->outpoint.index = is_claim ? 2 : 3;
    fill_plan(out, w, step);
    out->amount = is_claim ? 25000000 : 0;
}

void kx_lane_world_plan(struct kx_batch_plan *out, struct kx_lane_world *w, enum kx_lane_step step)
{
    struct kx_batch_artifact made;

    if (w->lane.binding->is_of_outpoint) {
        plan_outpoint(out, w, step);
        return;
    }
    for (int i = 0; i < (int)step; i++) {
        fill_plan(out, w, (enum kx_lane_step)i);
        kx_lane_world_build(&made, w, out);
        w->heads[i + 1] = made.next;
    }
    fill_plan(out, w, step);
}
