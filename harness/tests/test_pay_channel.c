/* `assay pay` by channel end to end: the program against `assay serve kaspa-x402 --channel-key`, a
 * wallet, a node and a chain. What counts is what left: transactions on the chain, vouchers that
 * the wallet has signed, what the handler was run for. */
#include "channel_payer.h"

#include "base/hex.h"

#include <stdio.h>

static struct channel_payer payer;

static void begin(void)
{
    channel_payer_begin(&payer);
}

static void end(void)
{
    channel_payer_end(&payer);
}

TestSuite(pay_channel, .init = begin, .fini = end, .timeout = 300);

Test(pay_channel, opens_a_channel_and_charges_it_again_and_again)
{
    size_t submissions;

    channel_payer_policy(&payer, &(struct channel_limits){.charge = NULL});
    channel_payer_buy(&payer, "/report?day=1");
    channel_payer_expect(&payer, 0, "assay pay: paid", "opening");
    submissions = serve_submissions(&payer.world);
    channel_payer_buy(&payer, "/report?day=2");
    channel_payer_expect(&payer, 0, "assay pay: paid", "second");
    channel_payer_buy(&payer, "/report?day=1");
    channel_payer_expect(&payer, 0, "assay pay: paid", "third, the first request anew");
    cr_expect_eq(serve_submissions(&payer.world), submissions, "a voucher costs no transaction");
    cr_expect_eq(kaspa_wallet_signed(payer.wallet), 1, "one deposit");
    cr_expect_eq(kaspa_wallet_vouchers(payer.wallet), 3);
    cr_expect_eq(origin_executions(payer.world.origin), 3);
}

/* ---- the program, killed ---- */

/* While the wallet is silent: the channel, the deposit and the voucher are those of the first
 * run, which the wallet reloads. */
Test(pay_channel, goes_on_after_it_was_killed)
{
    static const char *const silent[] = {"createChannelKey", "prepareEscrowDeposit",
                                         "finalizeEscrowTransition", "signBatchPayment"};

    channel_payer_policy(&payer, &(struct channel_limits){.charge = NULL});
    for (size_t i = 0; i < ARRAY_LEN(silent); i++) {
        uint64_t before = kaspa_wallet_count(payer.wallet, silent[i]);

        kaspa_wallet_behave(payer.wallet,
                            &(struct kaspa_wallet_behaviour){.fault = KASPA_WALLET_SILENT,
                                                             .fault_call = silent[i]});
        channel_payer_start(&payer, "/report?day=1", NULL);
        cr_assert(kaspa_wallet_await(payer.wallet, silent[i], before + 1, DEADLINE_MS), "%s",
                  silent[i]);
        program_end(&payer.pay, 0);
        cr_expect_eq(payer.pay.status, PROGRAM_LATE, "%s", silent[i]);
        kaspa_wallet_behave(payer.wallet,
                            &(struct kaspa_wallet_behaviour){.fault = KASPA_WALLET_SOUND});
    }
    channel_payer_buy(&payer, "/report?day=1");
    channel_payer_expect(&payer, 0, "assay pay: paid", "at last");
    cr_expect_eq(kaspa_wallet_signed(payer.wallet), 1, "one deposit");
    cr_expect_eq(origin_executions(payer.world.origin), 1);
}

/* While one run has a voucher signed, another on the same folder does nothing: no total is signed
 * for two requests. */
Test(pay_channel, is_alone_with_its_channels)
{
    const char *args[20] = {"pay", serve_text(&payer.world, payer.world.url, "/report?day=2"),
                            "--wallet", kaspa_wallet_url(payer.wallet)};
    uint64_t before = kaspa_wallet_count(payer.wallet, "signBatchPayment");
    struct program other;

    channel_payer_policy(&payer, &(struct channel_limits){.charge = NULL});
    kaspa_wallet_behave(payer.wallet,
                        &(struct kaspa_wallet_behaviour){.fault = KASPA_WALLET_SILENT,
                                                         .fault_call = "signBatchPayment"});
    channel_payer_start(&payer, "/report?day=1", NULL);
    cr_assert(kaspa_wallet_await(payer.wallet, "signBatchPayment", before + 1, DEADLINE_MS));
    args[4] = "--policy";
    args[5] = serve_text(&payer.world, payer.pay.folder, "/policy.json");
    args[6] = "--state";
    args[7] = serve_text(&payer.world, payer.pay.folder, "/state");
    program_init(&other);
    program_run(&other, args, NULL);
    cr_expect_eq(other.status, 3, "%d: %.*s", other.status, (int)other.err.len,
                 (const char *)other.err.at);
    cr_expect(program_says(&other, "another payment is using it"));
    program_fini(&other);
    kaspa_wallet_behave(payer.wallet,
                        &(struct kaspa_wallet_behaviour){.fault = KASPA_WALLET_SOUND});
    program_end(&payer.pay, PROGRAM_DEADLINE_MS);
    channel_payer_expect(&payer, 0, "assay pay: paid", "the first");
    cr_expect_eq(kaspa_wallet_vouchers(payer.wallet), 1);
}

/* ---- a wallet that lies ---- */

Test(pay_channel, sends_nothing_that_the_wallet_has_signed_otherwise)
{
    static const struct {
        const char *name;
        enum kaspa_wallet_lie lie;
        const char *says;
    } rows[] = {
        {"another consent", KASPA_WALLET_OTHER_CONSENT, "client.channel.consent"},
        {"no consent", KASPA_WALLET_NO_CONSENT, "client.channel.consent"},
        {"another key", KASPA_WALLET_OTHER_KEY, "client.verify-artifact"},
        {"another deposit", KASPA_WALLET_OTHER_DEPOSIT, "client.verify-artifact"},
        {"a later refund", KASPA_WALLET_OTHER_CONFIG, "client.verify-artifact"},
        {"a high fee", KASPA_WALLET_HIGH_FEE, "client.verify-artifact"},
        {"another id", KASPA_WALLET_OTHER_ID, "client.verify-artifact"},
    };

    channel_payer_policy(&payer, &(struct channel_limits){.charge = NULL});
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *const state[] = {"--state", serve_text(&payer.world, "state of ", rows[i].name),
                                     NULL};

        kaspa_wallet_behave(payer.wallet, &(struct kaspa_wallet_behaviour){.lie = rows[i].lie});
        channel_payer_start(&payer, "/report?day=1", state);
        program_end(&payer.pay, PROGRAM_DEADLINE_MS);
        channel_payer_expect(&payer, 1, rows[i].says, rows[i].name);
    }
    cr_expect_eq(origin_executions(payer.world.origin), 0);
    cr_expect_eq(kaspa_wallet_vouchers(payer.wallet), 0);
}

Test(pay_channel, presents_nothing_that_the_wallet_has_signed_otherwise)
{
    static const struct {
        const char *name;
        enum kaspa_wallet_lie lie;
    } rows[] = {
        {"another total", KASPA_WALLET_OTHER_TOTAL},
        {"another lineage", KASPA_WALLET_OTHER_COVENANT},
        {"another request", KASPA_WALLET_OTHER_PRESENTED},
        {"another signer", KASPA_WALLET_OTHER_SIGNER},
    };

    channel_payer_policy(&payer, &(struct channel_limits){.charge = NULL});
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        kaspa_wallet_behave(payer.wallet, &(struct kaspa_wallet_behaviour){.lie = rows[i].lie});
        channel_payer_buy(&payer, "/report?day=1");
        channel_payer_expect(&payer, 1, "client.verify-artifact", rows[i].name);
        cr_expect_eq(origin_executions(payer.world.origin), 0, "row: %s", rows[i].name);
    }
    kaspa_wallet_behave(payer.wallet, &(struct kaspa_wallet_behaviour){.lie = KASPA_WALLET_HONEST});
    channel_payer_buy(&payer, "/report?day=1");
    channel_payer_expect(&payer, 0, "assay pay: paid", "honest again, on the same channel");
    cr_expect_eq(kaspa_wallet_signed(payer.wallet), 1, "one deposit");
}

/* ---- what is refused before the wallet is asked ---- */

Test(pay_channel, opens_no_channel_beyond_a_limit)
{
    static const struct {
        const char *name;
        struct channel_limits limits;
        const char *says;
    } rows[] = {
        {"charge", {.charge = "19999999"}, "may be charged at once"},
        {"deposit", {.deposit = "1099999999"}, "maximumInitialDepositSompi"},
        {"total", {.total = "19999999"}, "maximumCumulativeAuthorizationSompi"},
        {"exposure", {.exposure = "1099999999"}, "maximumTotalExposureSompi"},
        {"lead", {.lead = "200000"}, "minimumRefundLeadDaa"},
        {"horizon", {.horizon = "1000"}, "maximumRefundHorizonDaa"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        channel_payer_policy(&payer, &rows[i].limits);
        channel_payer_buy(&payer, "/report?day=1");
        channel_payer_expect(&payer, 1, rows[i].says, rows[i].name);
    }
    cr_expect_eq(kaspa_wallet_count(payer.wallet, "authorizeBatchPayment"), 0);
    cr_expect_eq(serve_submissions(&payer.world), 0);
}

/* ---- a server that claims ---- */

static void operate(const char *const *what, const char *says)
{
    channel_payer_operate(&payer, &payer.server_key, what, says);
}

static void claim(void)
{
    static const char *const what[] = {"--claim", NULL};

    operate(what, "\"claimed\"");
}

Test(pay_channel, goes_on_after_the_server_has_claimed)
{
    channel_payer_policy(&payer, &(struct channel_limits){.charge = NULL});
    channel_payer_buy(&payer, "/report?day=1");
    channel_payer_buy(&payer, "/report?day=2");
    claim();
    channel_payer_buy(&payer, "/report?day=3");
    channel_payer_expect(&payer, 0, "assay pay: paid", "after a claim");
    claim();
    channel_payer_buy(&payer, "/report?day=4");
    channel_payer_expect(&payer, 0, "assay pay: paid", "after another");
    cr_expect_eq(origin_executions(payer.world.origin), 4);
    cr_expect_eq(kaspa_wallet_signed(payer.wallet), 1, "one deposit");
}

/* No signature of a voucher is in what is said, to whomever; it is in the attempts alone. */
Test(pay_channel, tells_no_signature)
{
    static const char *const verbs[][6] = {{"pay", "--state", "state", "--list", NULL},
                                           {"pay", "--state", "state", "--list", "--json", NULL}};
    static const char *const json[] = {"--json", NULL};

    channel_payer_policy(&payer, &(struct channel_limits){.charge = NULL});
    channel_payer_start(&payer, "/report?day=1", json);
    program_end(&payer.pay, PROGRAM_DEADLINE_MS);
    channel_payer_expect(&payer, 0, "\"end\":\"paid\"", "json");
    for (size_t i = 0; i <= ARRAY_LEN(verbs); i++) {
        const struct assay_buf *said[] = {&payer.pay.out, &payer.pay.err};

        for (size_t k = 0; k < ARRAY_LEN(said); k++) {
            size_t run = 0;

            for (size_t n = 0; n < said[k]->len; n++) {
                run = strchr("0123456789abcdef", said[k]->at[n]) != NULL ? run + 1 : 0;
                cr_expect_lt(run, 65, "more digits than a hash has");
            }
        }
        if (i < ARRAY_LEN(verbs))
            program_run(&payer.pay, verbs[i], NULL);
    }
}

/* ---- top-ups and refunds ---- */

/* The id of the one channel, as the list has it. */
static const char *channel_id(void)
{
    static const char *const list[] = {"pay", "--state", "state", "--list", "--json", NULL};
    static const char member[] = "\"channel\":\"";
    const char *at;

    program_run(&payer.pay, list, NULL);
    at = strstr(assay_buf_cstr(&payer.pay.out), member);
    cr_assert_not_null(at, "%.*s", (int)payer.pay.out.len, (const char *)payer.pay.out.at);
    return assay_arena_printf(&payer.world.chain.arena, "%.64s", at + strlen(member));
}

/* What the program prints, as a file that the operator's command can be given. */
static const char *print_top_up(const char *id)
{
    const char *const args[] = {"pay", "--state", "state", "--top-up", id, NULL};

    program_run(&payer.pay, args, NULL);
    cr_assert_eq(payer.pay.status, 0, "%.*s", (int)payer.pay.err.len,
                 (const char *)payer.pay.err.at);
    program_write(&payer.pay, "top-up.json", assay_buf_view(&payer.pay.out));
    return serve_text(&payer.world, payer.pay.folder, "/top-up.json");
}

Test(pay_channel, has_a_used_up_channel_topped_up)
{
    const char *id, *what[4] = {"--top-up", NULL, NULL, NULL};

    channel_payer_policy(
        &payer, &(struct channel_limits){.charge = "1000000000", .exposure = "3000000000"});
    channel_payer_buy(&payer, "/dear");
    channel_payer_expect(&payer, 0, "assay pay: paid", "all that the deposit is good for");
    channel_payer_buy(&payer, "/dear");
    channel_payer_expect(&payer, 2, "client.channel.top-up", "asked for");
    id = channel_id();
    what[1] = print_top_up(id);
    what[2] = id;
    operate(what, "\"topped-up\"");
    channel_payer_buy(&payer, "/dear");
    channel_payer_expect(&payer, 0, "assay pay: paid", "topped up");
    cr_expect_eq(origin_executions(payer.world.origin), 2);
    claim();
    channel_payer_buy(&payer, "/report?day=1");
    channel_payer_expect(&payer, 1, "maximumCumulativeAuthorizationSompi",
                         "all that may be authorized");
}

static void refund(const char *id)
{
    const char *args[32] = {"pay",
                            "--refund",
                            id,
                            "--policy",
                            "policy.json",
                            "--wallet",
                            kaspa_wallet_url(payer.wallet),
                            "--state",
                            "state",
                            "--wait",
                            "20000",
                            "--poll",
                            "10",
                            "--node",
                            kaspa_node_rpc_url(payer.world.chain.node),
                            "--node-lag",
                            "0"};

    program_run(&payer.pay, args, NULL);
}

static void serve_for_a_short_time(void)
{
    serve_stop(&payer.world);
    serve_use(&payer.world, "--channel-life=300");
    serve_use(&payer.world, "--channel-bucket=10");
    serve_use(&payer.world, "--channel-lead=10");
    serve_start(&payer.world);
}

Test(pay_channel, takes_back_what_is_left_after_the_timeout)
{
    const char *id;

    serve_for_a_short_time();
    channel_payer_policy(&payer, &(struct channel_limits){.lead = "10"});
    channel_payer_buy(&payer, "/report?day=1");
    channel_payer_expect(&payer, 0, "assay pay: paid", "opening");
    claim();
    id = channel_id();
    refund(id);
    channel_payer_expect(&payer, 1, "client.channel.early", "early");
    world_mine(&payer.world.chain, 400);
    refund(id);
    channel_payer_expect(&payer, 0, "assay pay: refunded", "behind the timeout");
    refund(id);
    channel_payer_expect(&payer, 1, "the channel was refunded", "once");
}

Test(pay_channel, frees_the_coins_of_a_top_up_that_no_server_signed)
{
    serve_for_a_short_time();
    channel_payer_policy(
        &payer,
        &(struct channel_limits){.charge = "1000000000", .exposure = "3000000000", .lead = "10"});
    channel_payer_buy(&payer, "/dear");
    channel_payer_expect(&payer, 0, "assay pay: paid", "all that the deposit is good for");
    cr_expect_eq(kaspa_wallet_reserved(payer.wallet), 0);
    channel_payer_buy(&payer, "/dear");
    channel_payer_expect(&payer, 2, "client.channel.top-up", "asked for");
    cr_expect_eq(kaspa_wallet_reserved(payer.wallet), 1);
    world_mine(&payer.world.chain, 400);
    refund(channel_id());
    channel_payer_expect(&payer, 0, "assay pay: refunded", "behind the timeout");
    cr_expect_eq(kaspa_wallet_reserved(payer.wallet), 0);
}
