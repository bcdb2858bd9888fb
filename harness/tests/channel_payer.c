/* The world of a payer by channel; see channel_payer.h. */
#include "channel_payer.h"

#include "base/hex.h"

static void fund_wallet(struct channel_payer *p)
{
    struct kaspa_wallet_options options = {.seed = ASSAY_LIT("a payer by channel"),
                                           .network = KASPA_TESTNET,
                                           .chain = p->world.chain.chain,
                                           .lock = p->world.chain.lock};
    struct kaspa_outpoint outpoint;
    struct assay_err err = {0};
    struct kaspa_spk spk;

    cr_assert_eq(kaspa_wallet_start(&p->wallet, &options, &err), ASSAY_OK, "%s", err.text);
    spk = kaspa_wallet_spk(p->wallet);
    for (int i = 0; i < 4; i++)
        world_fund(&p->world.chain, &outpoint, &spk, 50 * KAS);
}

void channel_payer_begin(struct channel_payer *p)
{
    serve_world_begin(&p->world);
    p->wallet = NULL;
    kaspa_key_from_seed(&p->server_key, ASSAY_LIT("serve"), ASSAY_LIT("channel server"));
    assay_hex_encode(p->server_key_text, assay_bytes_of(p->server_key.xonly, ASSAY_XONLY_BYTES));
    serve_use(&p->world, serve_text(&p->world, "--channel-key=", p->server_key_text));
    serve_use(&p->world, "--channel-confirmations=1");
    serve_use(&p->world, "--channel-deposit=" CHANNEL_DEPOSIT);
    serve_use(&p->world, "--channel-reserve=50000000");
    serve_use(&p->world, "--channel-life=100000");
    serve_use(&p->world, "--channel-bucket=1000");
    fund_wallet(p);
    program_init(&p->pay);
    serve_start(&p->world);
}

void channel_payer_end(struct channel_payer *p)
{
    program_fini(&p->pay);
    kaspa_wallet_stop(p->wallet);
    assay_key_wipe(&p->server_key);
    serve_world_end(&p->world);
}

/* ---- a run ---- */

static const char *or_else(const char *text, const char *other)
{
    return text != NULL ? text : other;
}

void channel_payer_policy(struct channel_payer *p, const struct channel_limits *l)
{
    struct assay_buf text = ASSAY_BUF_INIT(8192);

    assay_buf_printf(&text,
                     "{\"allowedOrigins\": [\"%s\"], \"allowedPayTo\": [\"%s\"],\n"
                     " \"maximumExactAmountSompi\": \"0\", \"requiredSource\": \"hot-wallet\",\n"
                     " \"requestTimeoutMilliseconds\": 20000, \"walletTimeoutMilliseconds\": 20000,"
                     " \"maximumRetryAfterMilliseconds\": 20, \"allowBatch\": true,\n",
                     p->world.url, p->world.merchant);
    assay_buf_printf(&text,
                     " \"maximumBatchChargeSompi\": \"%s\", \"maximumInitialDepositSompi\": \"%s\","
                     " \"maximumTopUpSompi\": \"%s\","
                     " \"maximumCumulativeAuthorizationSompi\": \"%s\","
                     " \"maximumTotalExposureSompi\": \"%s\", \"minimumRefundLeadDaa\": \"%s\","
                     " \"maximumRefundHorizonDaa\": \"%s\",\n",
                     or_else(l->charge, "100000000"), or_else(l->deposit, CHANNEL_DEPOSIT),
                     or_else(l->top_up, CHANNEL_DEPOSIT), or_else(l->total, "2000000000"),
                     or_else(l->exposure, "2000000000"), or_else(l->lead, "1000"),
                     or_else(l->horizon, "200000"));
    assay_buf_printf(&text,
                     " \"allowedServerKeys\": [\"%s\"], \"allowedResources\": [\"%s/*\"],"
                     " \"channelConfirmations\": 1}",
                     p->server_key_text, p->world.url);
    program_write(&p->pay, "policy.json", assay_buf_view(&text));
    assay_buf_fini(&text);
}

void channel_payer_start(struct channel_payer *p, const char *target, const char *const *more)
{
    const char *args[32] = {"pay",        serve_text(&p->world, p->world.url, target),
                            "--policy",   "policy.json",
                            "--wallet",   kaspa_wallet_url(p->wallet),
                            "--state",    "state",
                            "--wait",     "20000",
                            "--poll",     "10",
                            "--node",     kaspa_node_rpc_url(p->world.chain.node),
                            "--node-lag", "0"};
    size_t n = 16;

    for (size_t i = 0; more != NULL && more[i] != NULL; i++)
        args[n++] = more[i];
    program_start(&p->pay, args, NULL);
}

void channel_payer_buy(struct channel_payer *p, const char *target)
{
    channel_payer_start(p, target, NULL);
    program_end(&p->pay, PROGRAM_DEADLINE_MS);
}

void channel_payer_expect(struct channel_payer *p, int status, const char *says, const char *row)
{
    cr_expect_eq(p->pay.status, status, "%s: %d: %.*s", row, p->pay.status, (int)p->pay.err.len,
                 (const char *)p->pay.err.at);
    cr_expect(program_says(&p->pay, says), "%s: %.*s", row, (int)p->pay.err.len,
              (const char *)p->pay.err.at);
}
