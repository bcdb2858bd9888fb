/* The role `wallet` about channels: it signs what was consented to and nothing else, the same again
 * for the same order, and no total for two requests. The orders are those of a real purchase, each
 * with one member changed. */
#include "channel_payer.h"

#include "base/hex.h"
#include "kaspa_x402/batch.h"
#include "x402/document.h"

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

/* ---- one consent, one channel ---- */

static const char *text_at(const char *body, const char *object, const char *member)
{
    json_t *doc = json_loads(body, 0, NULL), *in = doc;
    const char *text;

    if (object != NULL)
        in = json_object_get(doc, object);
    text = json_string_value(json_object_get(in, member));
    cr_assert_not_null(text, "%s in %s", member, body);
    text = (const char *)assay_arena_copy(&payer.world.chain.arena, assay_str(text)).at;
    json_decref(doc);
    return text;
}

static const char *quoted(const char *text)
{
    return assay_arena_printf(&payer.world.chain.arena, "\"%s\"", text);
}

static void read_key(uint8_t out[32], const char *order, const char *member)
{
    cr_assert_eq(
        assay_hex_decode(out, 32, assay_str(text_at(order, "channelConfig", member)), true),
        ASSAY_OK);
}

/* An order with the id of the channel that its configuration is. */
static const char *with_its_id(const char *order)
{
    struct kx_channel c = {
        .network = assay_str(text_at(order, "channelConfig", "network")),
        .template_id = assay_str(text_at(order, "channelConfig", "templateId")),
        .pay_to = assay_str(text_at(order, "channelConfig", "payTo")),
        .refund_address = assay_str(text_at(order, "channelConfig", "refundAddress")),
        .refund_timeout_daa =
            strtoull(text_at(order, "channelConfig", "refundTimeoutDaa"), NULL, 10),
    };
    char text[X402_HASH_TEXT_BYTES];
    uint8_t id[32];

    read_key(c.client, order, "clientPublicKey");
    read_key(c.server, order, "serverPublicKey");
    read_key(c.salt, order, "salt");
    kx_channel_id(id, kx_batch_binding_find(ASSAY_LIT("kaspa-escrow-v3")), &c);
    assay_hex_encode(text, assay_bytes_of(id, sizeof(id)));
    return changed(order, NULL, "channelId", quoted(text));
}

/* The digest of the intent of a call, which is consented to. */
static const char *consent_to(const char *call)
{
    struct assay_arena *arena = &payer.world.chain.arena;
    struct assay_json doc;
    char text[X402_HASH_TEXT_BYTES];
    struct said said;

    cr_assert_eq(x402_document_parse(&doc, arena, assay_str(call), true, NULL), ASSAY_OK);
    cr_assert_eq(x402_hash(text, &doc, assay_json_member(&doc, 0, "intent"), NULL), ASSAY_OK);
    said = say("authorizeBatchPayment", changed(call, NULL, "intentDigest", quoted(text)));
    cr_assert_eq(said.status, 200, "%s", said.body);
    return text_at(said.body, "result", "intentDigest");
}

/* Another consent like the first one, for another identifier. */
static const char *consent_anew(const char *identifier)
{
    return consent_to(
        changed(said_to("authorizeBatchPayment"), "intent", "paymentIdentifier", identifier));
}

Test(kaspa_wallet_channel, puts_money_into_one_channel_for_one_consent)
{
    const char *order = changed(said_to("prepareEscrowDeposit"), NULL, "attemptId", FRESH),
               *salted = with_its_id(changed(order, "channelConfig", "salt", OTHER_HASH));
    struct said again = say("prepareEscrowDeposit", order),
                other = say("prepareEscrowDeposit", salted);

    cr_expect_eq(again.status, 409, "the same channel once more: %s", again.body);
    cr_expect_eq(other.status, 409, "another channel of the key: %s", other.body);
    cr_expect_eq(kaspa_wallet_signed(payer.wallet), 1);
}

/* Each consent of an opening goes for the channel whose key was made for it. */
Test(kaspa_wallet_channel, signs_for_one_channel_nothing_that_was_consented_to_for_another)
{
    const char *digest = consent_anew("\"another-identifier\""), *order, *voucher, *covenant, *at;
    struct said said = say("createChannelKey", changed(said_to("createChannelKey"), NULL,
                                                       "intentDigest", quoted(digest)));
    const char *client = quoted(text_at(said.body, "result", "clientPublicKey"));

    order = changed(said_to("prepareEscrowDeposit"), "channelConfig", "clientPublicKey", client);
    order = with_its_id(changed(order, NULL, "attemptId", FRESH));
    said = say("prepareEscrowDeposit", order);
    cr_expect_eq(said.status, 422, "another's consent: %s", said.body);
    order = changed(order, NULL, "intentDigest", quoted(digest));
    said = say("prepareEscrowDeposit", order);
    cr_assert_eq(said.status, 200, "%s", said.body);
    at = strstr(text_at(said.body, "result", "transaction"), "ovenantId\":\"");
    cr_assert_not_null(at, "%s", said.body);
    covenant = assay_arena_printf(&payer.world.chain.arena, "\"%.64s\"", at + 12);
    voucher = changed(said_to("signBatchPayment"), NULL, "attemptId", "\"voucher-of-the-second\"");
    voucher = changed(voucher, NULL, "clientPublicKey", client);
    voucher = changed(voucher, NULL, "channelId", quoted(text_at(order, NULL, "channelId")));
    voucher = changed(voucher, NULL, "covenantId", covenant);
    said = say("signBatchPayment", voucher);
    cr_expect_eq(said.status, 422, "another's consent: %s", said.body);
    said = say("signBatchPayment", changed(voucher, NULL, "intentDigest", quoted(digest)));
    cr_expect_eq(said.status, 200, "its own: %s", said.body);
}

Test(kaspa_wallet_channel, signs_one_voucher_for_one_consent)
{
    const char *order = said_to("signBatchPayment");
    struct said other = say("signBatchPayment", changed(order, NULL, "attemptId", FRESH));

    cr_expect_eq(other.status, 409, "another attempt: %s", other.body);
    cr_expect_eq(say("signBatchPayment", order).status, 200, "the first, once more");
    cr_expect_eq(kaspa_wallet_vouchers(payer.wallet), 1);
}

/* The last call of that name. */
static const char *said_last_to(const char *call)
{
    const char *last = said_to(call);
    struct kaspa_node_call found;

    for (uint64_t i = 1; kaspa_wallet_call(payer.wallet, i, &found); i++)
        if (strcmp(found.method, call) == 0)
            last = found.params;
    return last;
}

/* A second purchase's order under another consent to the same, for an attempt of that name. */
static const char *order_anew(const char *attempt)
{
    const char *order = changed(said_last_to("signBatchPayment"), NULL, "attemptId", attempt);
    const char *digest = consent_to(
        changed(said_last_to("authorizeBatchPayment"), "intent", "paymentIdentifier", attempt));

    return changed(order, NULL, "intentDigest", quoted(digest));
}

Test(kaspa_wallet_channel, signs_no_total_for_two_requests_that_may_both_be_presented)
{
    const char *order;
    struct said other;

    channel_payer_buy(&payer, "/report?day=2");
    channel_payer_expect(&payer, 0, "assay pay: paid", "the second");
    order = order_anew(FRESH);
    other = say("signBatchPayment", changed(order, NULL, "requestKey", OTHER_HASH));
    cr_expect_eq(other.status, 409, "%s", other.body);
    cr_expect_eq(say("signBatchPayment", order).status, 200, "the same request once more");
}

/* Digests that came from elsewhere are no members of an order, and change nothing. */
Test(kaspa_wallet_channel, makes_every_digest_itself)
{
    static const char *const members[] = {"voucherDigest", "digest", "presentationDigest"};
    const char *orders[ARRAY_LEN(members) + 1];
    struct said plain;

    channel_payer_buy(&payer, "/report?day=2");
    channel_payer_expect(&payer, 0, "assay pay: paid", "the second");
    for (size_t i = 0; i < ARRAY_LEN(orders); i++)
        orders[i] = order_anew(
            assay_arena_printf(&payer.world.chain.arena, "\"an-attempt-of-many-%zu\"", i));
    plain = say("signBatchPayment", orders[ARRAY_LEN(members)]);
    cr_expect_eq(plain.status, 200, "%s", plain.body);
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        struct said said =
            say("signBatchPayment", changed(orders[i], NULL, members[i], OTHER_HASH));

        cr_expect_str_eq(said.body, plain.body, "%s", members[i]);
    }
}

/* A charge is consented to for a channel that is named. */
Test(kaspa_wallet_channel, charges_the_channel_that_the_intent_names)
{
    static const char *const members[] = {"channelId", "clientPublicKey", "covenantId"};
    const char *charge, *voucher;

    channel_payer_buy(&payer, "/report?day=2");
    channel_payer_expect(&payer, 0, "assay pay: paid", "the second");
    charge = said_last_to("authorizeBatchPayment");
    voucher = changed(said_last_to("signBatchPayment"), NULL, "attemptId", FRESH);
    cr_assert_str_eq(text_at(charge, "intent", "operation"), "charge");
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const char *digest = consent_to(changed(charge, "intent", members[i], OTHER_HASH));
        struct said said =
            say("signBatchPayment", changed(voucher, NULL, "intentDigest", quoted(digest)));

        cr_expect_eq(said.status, 422, "%s: %s", members[i], said.body);
    }
}
