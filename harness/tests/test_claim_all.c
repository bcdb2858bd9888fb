/* `assay serve kaspa-x402 --claim` over every channel: one that cannot be claimed keeps nobody
 * else's debt from being claimed. */
#include "channel_payer.h"

#include "base/hex.h"

static struct channel_payer payer;

TestSuite(claim_all, .timeout = 120);

static const char *const all[] = {"--claim", NULL};

/* A client of its own buys. */
static void buy_in(const char *state, const char *target)
{
    const char *const more[] = {"--state", state, NULL};

    channel_payer_start(&payer, target, more);
    program_end(&payer.pay, PROGRAM_DEADLINE_MS);
    channel_payer_expect(&payer, 0, "assay pay: paid", state);
}

static void begin(const char *option)
{
    channel_payer_begin(&payer);
    if (option != NULL) {
        serve_stop(&payer.world);
        serve_use(&payer.world, option);
        serve_start(&payer.world);
    }
    channel_payer_policy(&payer, &(struct channel_limits){.charge = NULL});
}

/* 0.02 KAS cannot be paid out by themselves: the output would be too small for a block. */
Test(claim_all, goes_on_behind_a_debt_that_is_too_small)
{
    static const char *const targets[] = {"/report?day=1", "/report?day=2", "/report?day=3",
                                          "/report?day=4", "/report?day=5", "/report?day=6",
                                          "/report?day=7", "/report?day=8"};

    begin("--price=2000000");
    buy_in("small", "/report?day=1");
    buy_in("smaller", "/report?day=1");
    for (size_t i = 0; i < ARRAY_LEN(targets); i++)
        buy_in("large", targets[i]);
    channel_payer_operate(&payer, &payer.server_key, all, "\"did\":\"claimed\"");
    channel_payer_operate(&payer, &payer.server_key, all, "\"did\":\"failed\"");
    channel_payer_end(&payer);
}

Test(claim_all, passes_over_channels_of_another_key)
{
    struct assay_key old;

    begin(NULL);
    old = payer.server_key;
    buy_in("old", "/report?day=1");
    serve_stop(&payer.world);
    kaspa_key_from_seed(&payer.server_key, ASSAY_LIT("serve"), ASSAY_LIT("the next server key"));
    assay_hex_encode(payer.server_key_text,
                     assay_bytes_of(payer.server_key.xonly, sizeof(payer.server_key.xonly)));
    serve_use(&payer.world, serve_text(&payer.world, "--channel-key=", payer.server_key_text));
    serve_start(&payer.world);
    channel_payer_policy(&payer, &(struct channel_limits){.charge = NULL});
    buy_in("new", "/report?day=1");
    channel_payer_operate(&payer, &payer.server_key, all, "\"did\":\"claimed\"");
    channel_payer_operate(&payer, &payer.server_key, all, "not the server's of this channel");
    channel_payer_operate(&payer, &old, all, "\"did\":\"claimed\"");
    channel_payer_end(&payer);
}
