/* Batch requests with one defect each: the offer and the channel's configuration. */
#include "ref/tests/kx_batch_rows.h"

#define H64 "abcdef7171717171717171717171717171717171717171717171717171717171"
#define Z64 "0000000000000000000000000000000000000000000000000000000000000000"
#define CLIENT "\"989c0b76cb563971fdc9bef31ec06c3560f3249d6ee9e5d83c57625596e05f6f\""
#define OTHER "extra.note=1"

static void judge_other_caller(struct kx_batch_world *w)
{
    static const struct kx_context mallory = {.principal = {(const uint8_t *)"mallory", 7}};

    w->request.context = &mallory;
}

static void sign_without_identifier(struct kx_batch_world *w)
{
    w->identifier = NULL;
}

static void send_claim(struct kx_batch_world *w)
{
    json_t *payload = json_object_get(w->payment, "payload");

    kx_world_set(payload, "type", "claim");
    kx_world_set(payload, "claimAmount", "8000000");
}

static void judge_no_channel(struct kx_batch_world *w)
{
    w->with.channel = NULL;
}

static void judge_inactive(struct kx_batch_world *w)
{
    w->channel.is_active = false;
}

static void sign_id_of_older_binding(struct kx_batch_world *w)
{
    kx_channel_id(w->config.channel_id, &kx_batch_bindings[1], &w->config.channel);
}

static void rename_channel(struct kx_batch_world *w)
{
    kx_channel_id(w->config.channel_id, w->config.binding, &w->config.channel);
}

static void sign_one_key_for_both(struct kx_batch_world *w)
{
    memcpy(w->config.channel.client, w->lane.server.xonly, 32);
    rename_channel(w);
}

static void sign_no_point(struct kx_batch_world *w)
{
    memset(w->config.channel.client, 0, 32);
    rename_channel(w);
}

static void sign_no_address(struct kx_batch_world *w)
{
    w->config.channel.refund_address = ASSAY_LIT("kaspatest:qqqq");
    rename_channel(w);
}

static void sign_other_timeout(struct kx_batch_world *w)
{
    w->config.channel.refund_timeout_daa++;
    cr_assert_eq(
        kx_lane_open(&w->config, &w->lane.arena, w->config.binding, &w->config.channel, NULL),
        KX_LOCAL_NONE);
}

static void sign_on_mainnet(struct kx_batch_world *w)
{
    w->config.channel.network = ASSAY_LIT(KX_NETWORK_MAINNET);
    rename_channel(w);
}

static void judge_older_lane(struct kx_batch_world *w)
{
    w->lane.lane.binding = &kx_batch_bindings[1];
}

static const struct kx_batch_row terms_rows[] = {
    {"another caller (B20)", V, MORE, R(CONTEXT), {.judge = judge_other_caller}, 0},
    {"an offer for another caller",
     V,
     MORE,
     R(CONTEXT),
     {.offer_edit = "extra.securityContextHash=\"" H64 "\""},
     0},
    {"an unknown member more (B19)", V, ALONE, R(OFFERED), {.accepted_edit = OTHER}, 0},
    {"a known member more (B19)",
     V,
     ALONE,
     R(OFFERED),
     {.accepted_edit = "extra.claimPolicy={}"},
     0},
    {"a longer time (B19)", V, ALONE, R(OFFERED), {.accepted_edit = "maxTimeoutSeconds=3600"}, 0},
    {"terms changed after signing (B19)",
     V,
     MORE,
     R(OFFERED),
     {.sent_edit = "accepted.extra.note=1"},
     0},
    {"no identifier", V, ALONE, R(IDENTIFIER), {.sign = sign_without_identifier}, 0},
    {"an identifier that is no echo",
     V,
     ALONE,
     R(IDENTIFIER),
     {.sent_edit = "extensions.payment-identifier.info.required=false"},
     KX_LOCAL_IDENTIFIER},
    {"a claim", V, ALONE, R(TYPE), {.sent = send_claim}, 0},
    {"mainnet (B106)", V, ALONE, R(NETWORK), {.offer_edit = "network=\"kaspa:mainnet\""}, 0},
    {"another asset", V, ALONE, R(ASSET), {.offer_edit = "asset=\"BTC\""}, 0},
    {"nothing to pay", V, ALONE, R(AMOUNT), {.offer_edit = "amount=\"0\""}, 0},
    {"an amount with a zero (B17)", V, ALONE, R(AMOUNT), {.offer_edit = "amount=\"01000000\""}, 0},
    {"a template of another generation (B120)",
     V,
     ALONE,
     R(BINDING),
     {.offer_edit = "extra.templateId=\"kaspa-x402-escrow-v3\""},
     0},
    {"a policy that is none", V, ALONE, R(FORM), {.offer_edit = "extra.claimPolicy=[]"}, 0},
    {"a timeout that is a time (B86)",
     V,
     ALONE,
     R(FORM),
     {.offer_edit = "extra.refundTimeoutDaa=\"500000000000\""},
     0},
    {"payTo cut off", V, ALONE, R(PAY_TO), {.offer_edit = "payTo=\"kaspatest:qqqq\""}, 0},
    {"payTo of mainnet",
     V,
     ALONE,
     R(PAY_TO),
     {.offer_edit = "payTo=\"kaspa:qqqq\""},
     KX_LOCAL_NETWORK},
    {"a server's key of no point (B115)",
     V,
     ALONE,
     R(SERVER_KEY),
     {.offer_edit = "extra.serverPublicKey=\"" Z64 "\""},
     0},
    {"a deposit below amount and reserve (B16)",
     V,
     ALONE,
     R(DEPOSIT_TERMS),
     {.offer_edit = "extra.minDepositSompi=\"2999999\""},
     0},
    {"a charge for errors below the amount (B38)",
     V,
     ALONE,
     R(MCP_CHARGE),
     {.offer_edit = "extra.mcpErrorChargeSompi=\"999999\""},
     0},
    {"no such channel", V, ALONE, R(CHANNEL), {.judge = judge_no_channel}, 0},
    {"a channel that was refunded", V, ALONE, R(CHANNEL), {.judge = judge_inactive}, 0},
    {"a deposit to one", S, ALONE, R(CHANNEL), {.judge = judge_inactive}, 0},
    {"another id than the configuration's",
     O,
     ALONE,
     R(CHANNEL),
     {.sent_edit = "payload.channelId=\"" H64 "\""},
     0},
    {"the id of another channel",
     V,
     ALONE,
     R(CHANNEL),
     {.sent_edit = "payload.channelId=\"" H64 "\""},
     0},
    {"an id of an older domain (B120)", O, MORE, R(CHANNEL), {.sign = sign_id_of_older_binding}, 0},
    {"another refund timeout",
     V,
     ALONE,
     R(TERMS),
     {.offer_edit = "extra.refundTimeoutDaa=\"123456790\""},
     0},
    {"it in a configuration", O, MORE, R(TERMS), {.sign = sign_other_timeout}, 0},
    {"another network", O, MORE, R(TERMS), {.sign = sign_on_mainnet}, KX_LOCAL_NETWORK},
    {"another binding (B120)", V, MORE, R(TERMS), {.judge = judge_older_lane}, KX_LOCAL_BINDING},
    {"another reserve",
     V,
     ALONE,
     R(TERMS),
     {.offer_edit = "extra.claimReserveSompi=\"2000001\""},
     0},
    {"another server's key",
     V,
     ALONE,
     R(TERMS),
     {.offer_edit = "extra.serverPublicKey=" CLIENT},
     KX_LOCAL_PUBLIC_KEY},
    {"another template",
     V,
     ALONE,
     R(TERMS),
     {.offer_edit = "extra.templateId=\"kaspa-x402-escrow-v4\""},
     KX_LOCAL_BINDING},
    {"another payee",
     V,
     ALONE,
     R(TERMS),
     {.offer_edit = "payTo=\"kaspatest:"
                    "qzvfczmkedtrju0aexl0x8kqds6kpueyn4hwnewc83tky4vkup0k7mkzgqdwu\""},
     0},
    {"one key for both (B115)", O, ALONE, R(CONFIG), {.sign = sign_one_key_for_both}, 0},
    {"a client's key of no point (B115)", O, ALONE, R(CONFIG), {.sign = sign_no_point}, 0},
    {"no address to refund to", O, ALONE, R(CONFIG), {.sign = sign_no_address}, KX_LOCAL_PAYLOAD},
};

Test(kx_batch_verify, refuses_wrong_terms_and_channels)
{
    kx_batch_rows_expect(terms_rows, ARRAY_LEN(terms_rows), R(CONTEXT), R(CONFIG));
}
