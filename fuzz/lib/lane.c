/* A channel that is opened; see lane.h. */
#include "fuzz/lib/lane.h"

#include "fuzz/fuzz.h"
#include "kaspa/sign.h"

static void address_of(char *text, const struct assay_key *key)
{
    struct kaspa_address address = {.network = KASPA_TESTNET,
                                    .version = KASPA_ADDRESS_PUBKEY,
                                    .payload_len = ASSAY_XONLY_BYTES};

    memcpy(address.payload, key->xonly, ASSAY_XONLY_BYTES);
    kaspa_address_encode(text, &address);
}

static const struct kx_batch_binding *binding_of(struct assay_bytes template_id)
{
    for (size_t i = 0; i < KX_BATCH_BINDINGS; i++) {
        if (kx_batch_has_template(&kx_batch_bindings[i], template_id))
            return &kx_batch_bindings[i];
    }
    return NULL;
}

void fuzz_lane_open(struct fuzz_lane *out, struct assay_arena *arena, size_t number,
                    const uint8_t *salt)
{
    struct kx_channel channel = {.network = ASSAY_LIT(KX_NETWORK_TESTNET),
                                 .template_id = assay_str(kx_escrow_templates[number].id),
                                 .refund_timeout_daa = FUZZ_LANE_TIMEOUT_DAA};

    kaspa_key_from_seed(&out->client, ASSAY_LIT("fuzz"), ASSAY_LIT("client"));
    kaspa_key_from_seed(&out->server, ASSAY_LIT("fuzz"), ASSAY_LIT("server"));
    address_of(out->pay_to, &out->server);
    address_of(out->refund, &out->client);
    channel.pay_to = assay_str(out->pay_to);
    channel.refund_address = assay_str(out->refund);
    memcpy(channel.client, out->client.xonly, ASSAY_XONLY_BYTES);
    memcpy(channel.server, out->server.xonly, ASSAY_XONLY_BYTES);
    memcpy(channel.salt, salt, sizeof(channel.salt));
    FUZZ_CHECK(kx_lane_open(&out->lane, arena, binding_of(channel.template_id), &channel, NULL) ==
               KX_LOCAL_NONE);
}
