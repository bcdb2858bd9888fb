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

void channel_payer_start_operator(struct channel_payer *p, struct program *said,
                                  const struct assay_key *server, const char *const *what)
{
    char secret[2 * 32 + 1], key[2 * ASSAY_XONLY_BYTES + 1];
    const char *environment[2] = {NULL, NULL};
    const char *args[16] = {
        "serve",
        "kaspa-x402",
        "--channel-secret=KX_TEST_SECRET",
        "--node-lag=0",
        "--poll=20",
        "--channel-confirmations=1",
        NULL, /* the key */
        serve_text(&p->world, "--pay-to=", p->world.merchant),
        serve_text(&p->world, "--store=", serve_text(&p->world, p->world.server.folder, "/store")),
        serve_text(&p->world, "--node=", kaspa_node_rpc_url(p->world.chain.node))};
    size_t n = 10;

    assay_hex_encode(key, assay_bytes_of(server->xonly, sizeof(server->xonly)));
    args[6] = serve_text(&p->world, "--channel-key=", key);
    while (*what != NULL)
        args[n++] = *what++;
    assay_hex_encode(secret, assay_bytes_of(server->secret, sizeof(server->secret)));
    environment[0] = serve_text(&p->world, "KX_TEST_SECRET=", secret);
    program_start(said, args, environment);
}

void channel_payer_operate(struct channel_payer *p, const struct assay_key *server,
                           const char *const *what, const char *says)
{
    struct program said;

    program_init(&said);
    channel_payer_start_operator(p, &said, server, what);
    program_end(&said, PROGRAM_DEADLINE_MS);
    cr_expect(program_says(&said, says), "%d: %.*s %.*s", said.status, (int)said.out.len,
              (const char *)said.out.at, (int)said.err.len, (const char *)said.err.at);
    program_fini(&said);
}
