/* The role `wallet` about channels: it signs what was consented to and nothing else, the same again
 * for the same order, and no total for two requests. The orders are those of a real purchase, each
 * with one member changed. */
#include "channel_payer.h"

#include <jansson.h>
#include <stdlib.h>

static struct channel_payer payer;

static void begin(void)
{
    channel_payer_begin(&payer);
    channel_payer_policy(&payer, &(struct channel_limits){.charge = NULL});
    channel_payer_buy(&payer, "/report?day=1");
    channel_payer_expect(&payer, 0, "assay pay: paid", "the purchase");
}

static void end(void)
{
    channel_payer_end(&payer);
}

TestSuite(kaspa_wallet_channel, .init = begin, .fini = end, .timeout = 300);

struct said {
    int status;
    const char *body;
};

static struct said say(const char *call, const char *body)
{
    struct assay_arena *arena = &payer.world.chain.arena;
    struct http_request *request = assay_arena_alloc(arena, sizeof(*request));
    struct http_peer *peer = assay_arena_alloc(arena, sizeof(*peer));
    struct http_client *client = http_client_new();
    struct http_exchange *x = NULL;
    struct assay_err err = {0};

    cr_assert(request != NULL && peer != NULL && client != NULL);
    cr_assert_eq(assay_url_split(&peer->url, assay_str(kaspa_wallet_url(payer.wallet)), NULL),
                 ASSAY_OK);
    *request =
        http_post(assay_arena_printf(arena, "/%s", call), "application/json", assay_str(body));
    cr_assert_eq(http_send(client, &x, arena, peer, request, DEADLINE_MS, &err), ASSAY_OK, "%s",
                 err.text);
    http_client_free(client);
    return (struct said){status_of(x), body_of(&payer.world, x)};
}

/* The body of the first call of that name. */
static const char *said_to(const char *call)
{
    struct kaspa_node_call found;

    for (uint64_t i = 1; kaspa_wallet_call(payer.wallet, i, &found); i++)
        if (strcmp(found.method, call) == 0)
            return found.params;
    cr_assert_fail("there was no %s", call);
    return "";
}

/* With one member, or member of a member, of another value (JSON; NULL: without it). */
static const char *changed(const char *body, const char *object, const char *member,
                           const char *value)
{
    json_t *order = json_loads(body, 0, NULL), *in = order;
    const char *kept;
    char *text;

    cr_assert_not_null(order, "%s", body);
    if (object != NULL)
        in = json_object_get(order, object);
    if (value == NULL)
        cr_assert_eq(json_object_del(in, member), 0, "%s", member);
    else
        cr_assert_eq(json_object_set_new(in, member, json_loads(value, JSON_DECODE_ANY, NULL)), 0);
    text = json_dumps(order, JSON_COMPACT | JSON_SORT_KEYS);
    kept = (const char *)assay_arena_copy(&payer.world.chain.arena, assay_str(text)).at;
    free(text);
    json_decref(order);
    return kept;
}

#define FRESH "\"another-attempt-of-it\""
#define OTHER_HASH "\"0101010101010101010101010101010101010101010101010101010101010101\""

Test(kaspa_wallet_channel, gives_the_same_bytes_for_the_same_order)
{
    static const char *const calls[] = {"authorizeBatchPayment", "createChannelKey",
                                        "prepareEscrowDeposit", "signBatchPayment"};

    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        struct said first = say(calls[i], said_to(calls[i])),
                    again = say(calls[i], said_to(calls[i]));

        cr_expect_eq(first.status, 200, "%s: %s", calls[i], first.body);
        cr_expect_str_eq(first.body, again.body, "%s", calls[i]);
    }
    cr_expect_eq(kaspa_wallet_signed(payer.wallet), 1);
    cr_expect_eq(kaspa_wallet_vouchers(payer.wallet), 1);
}

Test(kaspa_wallet_channel, refuses_changed_terms_of_a_known_attempt)
{
    static const struct {
        const char *call, *member, *value;
    } rows[] = {
        {"prepareEscrowDeposit", "depositSompi", "\"1100000001\""},
        {"prepareEscrowDeposit", "maximumFeeSompi", "\"2000000\""},
        {"signBatchPayment", "nonce", OTHER_HASH},
        {"signBatchPayment", "expiresAt", "\"2099-01-01T00:00:00.000Z\""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct said said =
            say(rows[i].call, changed(said_to(rows[i].call), NULL, rows[i].member, rows[i].value));

        cr_expect_eq(said.status, 409, "row %zu: %d %s", i, said.status, said.body);
    }
}

Test(kaspa_wallet_channel, signs_nothing_that_was_not_consented_to)
{
    static const struct {
        const char *name, *call, *object, *member, *value;
    } rows[] = {
        {"a digest of another intent", "authorizeBatchPayment", NULL, "intentDigest", OTHER_HASH},
        {"an intent of another digest", "authorizeBatchPayment", "intent", "fixedChargeSompi",
         "\"1\""},
        {"another source", "authorizeBatchPayment", "intent", "fundingSource",
         "\"vault-treasury\""},
        {"a key without consent", "createChannelKey", NULL, "intentDigest", OTHER_HASH},
        {"a deposit without consent", "prepareEscrowDeposit", NULL, "intentDigest", OTHER_HASH},
        {"another deposit", "prepareEscrowDeposit", NULL, "depositSompi", "\"1100000001\""},
        {"another payee", "prepareEscrowDeposit", "channelConfig", "payTo",
         "\"kaspatest:qqnapngv3zxp305qf06w6hpzmyxtx2r99jjhs04lu980xdyd2ulwwmx9evrfz\""},
        {"another key", "prepareEscrowDeposit", "channelConfig", "clientPublicKey",
         "\"79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798\""},
        {"another timeout", "prepareEscrowDeposit", "channelConfig", "refundTimeoutDaa",
         "\"7000\""},
        {"a voucher without consent", "signBatchPayment", NULL, "intentDigest", OTHER_HASH},
        {"another total", "signBatchPayment", NULL, "authorizedCumulativeAmount", "\"20000001\""},
        {"another lineage", "signBatchPayment", NULL, "covenantId", OTHER_HASH},
        {"another channel", "signBatchPayment", NULL, "channelId", OTHER_HASH},
        {"another request", "signBatchPayment", NULL, "requestFingerprint", OTHER_HASH},
        {"other terms", "signBatchPayment", NULL, "acceptedRequirementsHash", OTHER_HASH},
        {"another caller", "signBatchPayment", NULL, "securityContextHash", OTHER_HASH},
        {"another network", "signBatchPayment", NULL, "network", "\"kaspa:mainnet\""},
        {"no total", "signBatchPayment", NULL, "authorizedCumulativeAmount", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *body =
            changed(said_to(rows[i].call), rows[i].object, rows[i].member, rows[i].value);
        struct said said =
            say(rows[i].call,
                strstr(body, "attemptId") != NULL ? changed(body, NULL, "attemptId", FRESH) : body);

        cr_expect_eq(said.status, 422, "row: %s: %d %s", rows[i].name, said.status, said.body);
        cr_expect_not_null(strstr(said.body, "\"error\""), "row: %s", rows[i].name);
    }
    cr_expect_eq(kaspa_wallet_signed(payer.wallet), 1);
    cr_expect_eq(kaspa_wallet_vouchers(payer.wallet), 1);
}

/* Digests that came from elsewhere are no members of an order, and change nothing. */
Test(kaspa_wallet_channel, makes_every_digest_itself)
{
    static const char *const members[] = {"voucherDigest", "digest", "presentationDigest"};
    const char *order = said_to("signBatchPayment");
    struct said plain = say("signBatchPayment", changed(order, NULL, "attemptId", FRESH));

    cr_expect_eq(plain.status, 200, "%s", plain.body);
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const char *attempt =
            assay_arena_printf(&payer.world.chain.arena, "\"attempt-with-%s\"", members[i]);
        struct said said =
            say("signBatchPayment",
                changed(changed(order, NULL, "attemptId", attempt), NULL, members[i], OTHER_HASH));

        cr_expect_str_eq(said.body, plain.body, "%s", members[i]);
    }
}

Test(kaspa_wallet_channel, signs_no_total_for_two_requests_that_may_both_be_presented)
{
    const char *order = changed(said_to("signBatchPayment"), NULL, "attemptId", FRESH);
    struct said other = say("signBatchPayment", changed(order, NULL, "requestKey", OTHER_HASH));

    cr_expect_eq(other.status, 409, "%s", other.body);
    cr_expect_eq(say("signBatchPayment", order).status, 200, "the same request once more");
}
