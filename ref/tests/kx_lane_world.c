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
