/* A channel's scripts and what it refuses. Sections are those of the batch digest. */
#include "base/hex.h"
#include "ref/tests/kx_lane_world.h"

#include <criterion/criterion.h>

static struct kx_lane_world w;

static void setup(void)
{
    kx_lane_world_init(&w);
}

static void teardown(void)
{
    kx_lane_world_fini(&w);
}

TestSuite(kx_lane, .init = setup, .fini = teardown);

static void expect_hex(struct assay_bytes bytes, const char *want)
{
    char *text = assay_arena_alloc(&w.arena, 2 * bytes.len + 1);

    cr_assert_not_null(text);
    assay_hex_encode(text, bytes);
    cr_expect_str_eq(text, want);
}

/* Section 8.4 */
Test(kx_lane, has_the_official_scripts_and_address)
{
    static const struct {
        uint64_t claimed;
        const char *script;
    } rows[] = {
        {0, "aa205dd3302588050e2a0c1f3407db1e639de998d5039ca4fad3d5a3da993eacae7787"},
        {8000000, "aa20d43d6c8816633b5a93499e206b480161e1f157eccad3e87a0a0591ed05fc3cfb87"},
        {17000000, "aa20b9247d6da281da7b809cc86e187603f72966b6c6143fc31216439c33517f28d987"},
    };
    char address[KASPA_ADDRESS_TEXT_MAX_BYTES];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kaspa_spk spk;

        cr_assert_eq(kx_lane_spk(&spk, &w.arena, &w.lane, rows[i].claimed), ASSAY_OK);
        cr_expect_eq(spk.version, 0);
        expect_hex(spk.script, rows[i].script);
    }
    cr_assert_eq(kx_lane_address(address, &w.arena, &w.lane, 0), ASSAY_OK);
    cr_expect_str_eq(address,
                     "kaspatest:ppwaxvp93qzsu2svru6q0kc7vww7nxx4qww2f7kn6k3a4xf74jh8wepwrpd5z");
}

/* Section 5.1 */
Test(kx_lane, has_the_official_voucher_whatever_is_claimed)
{
    struct kx_lane_head head = {.covenant_id = w.covenant_id};
    uint8_t digest[32];

    for (head.claimed = 0; head.claimed <= 17000000; head.claimed += 17000000) {
        cr_assert_eq(kx_lane_voucher(digest, &w.arena, &w.lane, &head, 30000000), ASSAY_OK);
        expect_hex(assay_bytes_of(digest, sizeof(digest)),
                   "8afb2e28f83812e9cd204f8b3a45ca04ad6ee132956e2535f17cfcab7624ae99");
    }
}

static enum kx_local open_it(struct assay_err *err)
{
    struct kx_lane lane;

    return kx_lane_open(&lane, &w.arena, kx_batch_binding_find(ASSAY_LIT("kaspa-escrow-v3")),
                        &w.channel, err);
}

static void expect_refused(enum kx_local local, const char *member)
{
    struct assay_err err = {0};

    cr_expect_eq(open_it(&err), local, "%s", member);
    cr_expect_not_null(strstr(err.text, member), "%s", err.text);
}

Test(kx_lane, is_on_a_network_that_the_binding_has)
{
    w.channel.network = ASSAY_LIT(KX_NETWORK_MAINNET);
    expect_refused(KX_LOCAL_NETWORK, "channelConfig.network");
    w.channel.network = ASSAY_LIT("kaspa-testnet-10");
    expect_refused(KX_LOCAL_NETWORK, "channelConfig.network");
}

Test(kx_lane, is_of_a_template_that_the_binding_has)
{
    w.channel.template_id = ASSAY_LIT("kaspa-x402-escrow-v2");
    expect_refused(KX_LOCAL_BINDING, "channelConfig.templateId");
    w.channel.template_id = ASSAY_LIT("");
    expect_refused(KX_LOCAL_BINDING, "channelConfig.templateId");
}

/* Section 10 */
Test(kx_lane, ends_at_a_daa_score_and_not_at_a_time)
{
    struct assay_err err = {0};

    w.channel.refund_timeout_daa = 499999999999;
    cr_expect_eq(open_it(&err), KX_LOCAL_NONE);
    w.channel.refund_timeout_daa++;
    expect_refused(KX_LOCAL_PAYLOAD, "channelConfig.refundTimeoutDaa");
}

/* B115 */
Test(kx_lane, has_two_keys_that_somebody_can_have)
{
    const struct kx_channel good = w.channel;

    memset(w.channel.client, 0xff, 32);
    expect_refused(KX_LOCAL_PUBLIC_KEY, "channelConfig.clientPublicKey");
    w.channel = good;
    memset(w.channel.server, 0, 32);
    expect_refused(KX_LOCAL_PUBLIC_KEY, "channelConfig.serverPublicKey");
    w.channel = good;
    memcpy(w.channel.client, w.channel.server, 32);
    expect_refused(KX_LOCAL_PUBLIC_KEY, "channelConfig.clientPublicKey");
}

Test(kx_lane, pays_to_an_address)
{
    w.pay_to[20] = w.pay_to[20] == 'q' ? 'p' : 'q';
    expect_refused(KX_LOCAL_PAYLOAD, "channelConfig.payTo");
    w.channel.pay_to = ASSAY_LIT("");
    expect_refused(KX_LOCAL_PAYLOAD, "channelConfig.payTo");
}

Test(kx_lane, refunds_to_an_address_of_its_network)
{
    struct kaspa_address address;

    cr_assert_eq(kaspa_address_decode(&address, NULL, w.channel.refund_address), KASPA_ADDRESS_OK);
    address.network = KASPA_MAINNET;
    kaspa_address_encode(w.refund_address, &address);
    w.channel.refund_address = assay_str(w.refund_address);
    expect_refused(KX_LOCAL_PAYLOAD, "channelConfig.refundAddress");
}

Test(kx_lane, tells_that_there_is_no_memory)
{
    struct assay_arena small = ASSAY_ARENA_INIT(16);
    struct kx_lane lane;
    struct assay_err err = {0};
    struct kaspa_spk spk;

    cr_expect_eq(kx_lane_open(&lane, &small, w.lane.binding, &w.channel, &err), KX_LOCAL_PAYLOAD);
    cr_expect_eq(err.code, ASSAY_E_NOMEM);
    cr_expect_eq(kx_lane_spk(&spk, &small, &w.lane, 0), ASSAY_E_NOMEM);
    assay_arena_fini(&small);
}

/* Where a voucher is of an outpoint its digest has the head's script, which needs memory. */
Test(kx_lane, has_no_voucher_of_an_outpoint_without_memory)
{
    struct assay_arena small = ASSAY_ARENA_INIT(16);
    const struct kx_lane_head head = {.value = 1};
    uint8_t digest[32];

    cr_expect_eq(kx_lane_voucher(digest, &small, &w.lane, &head, 1), ASSAY_OK, "of a lineage");
    kx_lane_world_generation(&w, 1);
    cr_expect_eq(kx_lane_voucher(digest, &small, &w.lane, &head, 1), ASSAY_E_NOMEM);
    cr_expect_eq(kx_lane_voucher(digest, &w.arena, &w.lane, &head, 1), ASSAY_OK);
    assay_arena_fini(&small);
}
