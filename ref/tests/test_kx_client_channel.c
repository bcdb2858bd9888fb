/* Paying by channel, in virtual time, against the real core of a server: what the client asks of
 * whom, in which order, after every answer, failure and restart. The expected trace is the test. */
#include "ref/tests/kx_channel_play.h"

#include "base/hex.h"

#include <stdio.h>

TestSuite(kx_client_channel, .timeout = 240);

#define OPENING                                                                                    \
    "get 402 find look consent:open save:intended fund save:opening submit await save:open "       \
    "save:open:intended sign:1 save:open:signed get+pay 200 save:open:settled served"
#define CHARGING(total)                                                                            \
    "get 402 find look consent:charge save:open:intended sign:" total                              \
    " save:open:signed get+pay 200 save:open:settled served"

static void expect(struct kx_channel_play *p, const char *trace, const char *rule, const char *row)
{
    cr_expect_str_eq(p->trace, trace, "row: %s\n got: %s (%s)\nwant: %s", row, p->trace,
                     p->outcome.why, trace);
    cr_expect_str_eq(p->outcome.rule != NULL ? p->outcome.rule : "", rule, "row: %s: %s", row,
                     p->outcome.why);
}

Test(kx_client_channel, opens_one_channel_and_charges_every_request_to_it)
{
    struct kx_channel_play *p = kx_channel_play_new();
    struct kx_client_channel channel;

    kx_channel_play_run(p);
    expect(p, OPENING, "", "first");
    cr_expect(p->outcome.body.len > 0);
    kx_channel_play_run(p);
    expect(p, CHARGING("2"), "", "second");
    kx_channel_play_run(p);
    expect(p, CHARGING("3"), "", "third");
    channel = kx_channel_play_channel(p);
    cr_expect_eq(channel.state, KX_CHANNEL_IS_OPEN);
    cr_expect_eq(channel.total, 3 * SHOP_BATCH_PRICE);
    cr_expect(channel.is_announced && channel.pending.len == 0);
    cr_expect_eq(p->submissions, 1);
    cr_expect_eq(p->shop.shop.runs, 3);
    kx_channel_play_free(p);
}

/* The offer's timeout moves on with the chain; the channel keeps the one that it was made for. */
Test(kx_client_channel, keeps_the_timeout_that_it_was_made_for)
{
    struct kx_channel_play *p = kx_channel_play_new();
    uint64_t timeout;

    kx_channel_play_open(p);
    timeout = kx_channel_play_channel(p).config.refund_timeout_daa;
    p->shop.daa += 20000;
    p->shop.shop.daa_score += 20000;
    kx_channel_play_run(p);
    expect(p, CHARGING("2"), "", "later");
    cr_expect_eq(kx_channel_play_channel(p).config.refund_timeout_daa, timeout);
    kx_channel_play_free(p);
}

/* ---- limits ---- */

#define DISTANCE (BATCH_TIMEOUT - BATCH_DAA)

Test(kx_client_channel, opens_within_every_limit_and_none_further)
{
    static const struct {
        const char *name;
        size_t limit;
        uint64_t value;
        const char *trace; /* NULL: OPENING */
    } rows[] = {
#define LIMIT(field) offsetof(struct kx_intent_limits, field)
        {"charge", LIMIT(charge), SHOP_BATCH_PRICE, NULL},
        {"charge above", LIMIT(charge), SHOP_BATCH_PRICE - 1, "get 402 refused"},
        {"deposit", LIMIT(deposit), PLAY_DEPOSIT, NULL},
        {"deposit above", LIMIT(deposit), PLAY_DEPOSIT - 1, "get 402 find look refused"},
        {"no top-up is needed", LIMIT(top_up), 0, NULL},
        {"total", LIMIT(total), SHOP_BATCH_PRICE, NULL},
        {"total above", LIMIT(total), SHOP_BATCH_PRICE - 1, "get 402 find look refused"},
        {"exposure", LIMIT(exposure), PLAY_DEPOSIT, NULL},
        {"exposure above", LIMIT(exposure), PLAY_DEPOSIT - 1, "get 402 find look refused"},
        {"lead", LIMIT(refund_lead_daa), DISTANCE, NULL},
        {"too near", LIMIT(refund_lead_daa), DISTANCE + 1, "get 402 find look refused"},
        {"horizon", LIMIT(refund_horizon_daa), DISTANCE + 1, NULL},
        {"too far", LIMIT(refund_horizon_daa), DISTANCE, "get 402 find look refused"},
        {"no horizon", LIMIT(refund_horizon_daa), 0, "get 402 find look refused"},
#undef LIMIT
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_channel_play *p = kx_channel_play_new();

        memcpy((uint8_t *)&p->policy.batch.limits + rows[i].limit, &rows[i].value,
               sizeof(rows[i].value));
        kx_channel_play_run(p);
        expect(p, rows[i].trace != NULL ? rows[i].trace : OPENING,
               rows[i].trace != NULL ? "client.policy.amount" : "", rows[i].name);
        kx_channel_play_free(p);
    }
}

Test(kx_client_channel, stops_charging_at_the_total_that_may_be_authorized)
{
    struct kx_channel_play *p = kx_channel_play_new();

    p->policy.batch.limits.total = 2 * SHOP_BATCH_PRICE;
    kx_channel_play_open(p);
    kx_channel_play_run(p);
    expect(p, CHARGING("2"), "", "at it");
    kx_channel_play_run(p);
    expect(p, "get 402 find look refused", "client.policy.amount", "above it");
    cr_expect_eq(p->vouchers, 2);
    kx_channel_play_free(p);
}

Test(kx_client_channel, pays_only_servers_resources_and_payees_of_the_policy)
{
    static const struct {
        const char *name;
        const char *server, *resource, *pay_to; /* NULL: right */
        bool is_forbidden, has_no_node;
        const char *rule;
    } rows[] = {
        {"channels are not allowed", NULL, NULL, NULL, true, false, "client.policy.profile"},
        {"no node", NULL, NULL, NULL, false, true, "client.policy.profile"},
        {"another server", "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", NULL,
         NULL, false, false, "client.policy.payee"},
        {"another resource", NULL, SHOP_URL "/batch2", NULL, false, false, "client.policy.origin"},
        {"the beginning of another", NULL, SHOP_URL "/batch/*", NULL, false, false,
         "client.policy.origin"},
        {"another payee", NULL, NULL,
         "kaspatest:qqnapngv3zxp305qf06w6hpzmyxtx2r99jjhs04lu980xdyd2ulwwmx9evrfz", false, false,
         "client.policy.payee"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_channel_play *p = kx_channel_play_new();

        p->policy.batch.is_allowed = !rows[i].is_forbidden;
        p->job.has_node = !rows[i].has_no_node;
        if (rows[i].server != NULL)
            p->policy.batch.servers.at[0] = assay_str(rows[i].server);
        if (rows[i].resource != NULL)
            p->policy.batch.resources.at[0] = assay_str(rows[i].resource);
        if (rows[i].pay_to != NULL)
            p->policy.pay_to.at[0] = assay_str(rows[i].pay_to);
        kx_channel_play_run(p);
        expect(p, "get 402 refused", rows[i].rule, rows[i].name);
        kx_channel_play_free(p);
    }
}

/* Of the unpaid answer: the batch offer changed. */
static const char *offer_member, *offer_value;

static void edit_offer(struct kx_channel_play *p, struct shop_reply *reply)
{
    if (p->is_paying || reply->status != 402)
        return;
    kx_world_edit(batch_entry(reply), offer_member, offer_value);
    for (size_t i = 0; i < reply->header_count; i++)
        if (assay_bytes_equal_nocase(reply->headers[i].name, assay_str(KX_CLIENT_HEADER_REQUIRED)))
            reply->headers[i].value = assay_str(shop_header(&p->shop.shop, reply->offer));
}

/* There is one generation: others are skipped, and so is what cannot be read (section 1, F11). */
Test(kx_client_channel, skips_offers_of_older_generations_with_the_reason)
{
    static const struct {
        const char *member, *value, *why;
    } rows[] = {
        {"extra.templateId", "\"kaspa-x402-escrow-v4\"", "older generation"},
        {"extra.templateId", "\"kaspa-x402-escrow-v6\"", "templateId"},
        {"extra.binding", "\"kaspa-escrow-v2\"", "templateId"},
        {"extra.binding", "\"kaspa-escrow-v4\"", "binding"},
        {"extra.minDepositSompi", "\"19999999\"", "minDepositSompi"},
        {"extra.refundTimeoutDaa", "\"500000000000\"", "refundTimeoutDaa"},
        {"extra.mcpErrorChargeSompi", "\"1\"", "mcpErrorChargeSompi"},
        {"network", "\"kaspa:mainnet\"", "network"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_channel_play *p = kx_channel_play_new();

        offer_member = rows[i].member;
        offer_value = rows[i].value;
        p->bend = edit_offer;
        kx_channel_play_run(p);
        expect(p, "get 402 refused", "client.skip", rows[i].value);
        cr_expect_not_null(strstr(p->outcome.why, rows[i].why), "%s: %s", rows[i].value,
                           p->outcome.why);
        kx_channel_play_free(p);
    }
}

Test(kx_client_channel, pays_an_exact_offer_where_the_batch_offer_is_not_allowed)
{
    struct kx_channel_play *p = kx_channel_play_new();

    p->policy.amount_max = SHOP_BATCH_PRICE;
    p->policy.profiles[KX_STANDARD_NATIVE] = true;
    p->policy.batch.limits.charge--;
    kx_channel_play_run(p);
    expect(p, "get 402 save:intended refused", "client.verify-artifact",
           "asks the wallet, which has no exact payment");
    kx_channel_play_free(p);
}

/* ---- the wallet, the node and the folder ---- */

static const char *spoiled_call, *spoiled_member;
static json_t *spoiled_value; /* NULL: the member is taken away */

static void spoil_member(const char *call, json_t *said)
{
    json_t *result = json_object_get(said, "result");

    if (strcmp(call, spoiled_call) != 0)
        return;
    if (spoiled_member == NULL)
        (void)json_object_set(said, "result", spoiled_value);
    else if (spoiled_value == NULL)
        (void)json_object_del(result, spoiled_member);
    else
        (void)json_object_set(result, spoiled_member, spoiled_value);
}

#define ZEROS32 "0000000000000000000000000000000000000000000000000000000000000000"
#define FUNDED "get 402 find look consent:open save:intended fund"
#define SIGNS FUNDED " save:opening submit await save:open save:open:intended sign:1"

Test(kx_client_channel, sends_nothing_that_the_wallet_did_not_sign_as_agreed)
{
    static const struct {
        const char *name, *call, *member, *value; /* value: JSON; NULL: taken away */
        const char *trace, *rule;
    } rows[] = {
        {"another digest", "authorizeBatchPayment", "intentDigest", "\"" ZEROS32 "\"",
         "get 402 find look consent:open refused", "client.channel.consent"},
        {"no digest", "authorizeBatchPayment", "intentDigest", NULL,
         "get 402 find look consent:open refused", "client.channel.consent"},
        {"consent in a word", "authorizeBatchPayment", NULL, "true",
         "get 402 find look consent:open refused", "client.channel.consent"},
        {"a key that is none", "createChannelKey", "clientPublicKey", "\"" ZEROS32 "\"",
         "get 402 find look consent:open refused", ""},
        {"no refund address", "createChannelKey", "refundAddress", "\"kaspatest:q\"",
         "get 402 find look consent:open refused", ""},
        {"another source", "prepareEscrowDeposit", "fundingSource", "\"vault-treasury\"",
         FUNDED " refused", "client.source"},
        {"no source", "prepareEscrowDeposit", "fundingSource", NULL, FUNDED " refused",
         "client.source"},
        {"another id", "prepareEscrowDeposit", "transactionId", "\"" ZEROS32 "\"",
         FUNDED " refused", "client.verify-artifact"},
        {"no transaction", "prepareEscrowDeposit", "transaction", "\"{}\"", FUNDED " refused",
         "client.verify-artifact"},
        {"a short signature", "signBatchPayment", "voucherSignature", "\"" ZEROS32 "\"",
         SIGNS " refused", "client.verify-artifact"},
        {"a voucher of nobody", "signBatchPayment", "voucherSignature", "\"" ZEROS32 ZEROS32 "\"",
         SIGNS " refused", "client.verify-artifact"},
        {"a presentation of nobody", "signBatchPayment", "presentationSignature",
         "\"" ZEROS32 ZEROS32 "\"", SIGNS " refused", "client.verify-artifact"},
        {"no presentation", "signBatchPayment", "presentationSignature", NULL, SIGNS " refused",
         "client.verify-artifact"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_channel_play *p = kx_channel_play_new();

        spoiled_call = rows[i].call;
        spoiled_member = rows[i].member;
        spoiled_value =
            rows[i].value != NULL ? json_loads(rows[i].value, JSON_DECODE_ANY, NULL) : NULL;
        p->spoil = spoil_member;
        kx_channel_play_run(p);
        expect(p, rows[i].trace, rows[i].rule, rows[i].name);
        cr_expect_eq(p->paid, 0, "row: %s", rows[i].name);
        json_decref(spoiled_value);
        kx_channel_play_free(p);
    }
}

/* An amount in the text of a transaction becomes another of as many digits. */
static void bend_amount(json_t *said, const char *from, const char *to)
{
    json_t *result = json_object_get(said, "result");
    char *changed = strdup(json_string_value(json_object_get(result, "transaction"))), *at;

    cr_assert_not_null(changed);
    at = strstr(changed, from);
    cr_assert_not_null(at, "%s", changed);
    memcpy(at, to, strlen(to));
    (void)json_object_set_new(result, "transaction", json_string(changed));
    free(changed);
}

static void bend_deposit(const char *call, json_t *said)
{
    if (strcmp(call, "prepareEscrowDeposit") == 0)
        bend_amount(said, "\"90000000\"", "\"89999999\"");
}

static void bend_top_up(const char *call, json_t *said)
{
    if (strcmp(call, "prepareEscrowTopUp") == 0)
        bend_amount(said, "\"40000000\"", "\"39999999\"");
}

/* Somebody else has spent a coin of what is looked for. */
static void tell_conflict(struct kx_sight *sight)
{
    if (sight->evidence.status != KX_CHAIN_UNKNOWN)
        return;
    sight->evidence.status = KX_CHAIN_ABSENT;
    sight->evidence.has_confirmations = true;
    sight->evidence.confirmations = 30;
}

Test(kx_client_channel, submits_no_genesis_of_another_amount)
{
    struct kx_channel_play *p = kx_channel_play_new();

    p->spoil = bend_deposit;
    kx_channel_play_run(p);
    expect(p, FUNDED " refused", "client.verify-artifact", "one sompi less");
    cr_expect_eq(p->submissions, 0);
    kx_channel_play_free(p);
}

Test(kx_client_channel, does_nothing_without_the_word_of_its_own_node)
{
    struct kx_channel_play *p = kx_channel_play_new();

    p->look_code = ASSAY_E_TIMEOUT;
    kx_channel_play_run(p);
    expect(p, "get 402 find look refused", "client.channel.node", "silent");
    kx_channel_play_free(p);
}

Test(kx_client_channel, asks_again_for_what_the_node_did_not_take)
{
    static const struct {
        const char *name;
        enum assay_code code;
        bool is_unsent;
    } rows[] = {
        {"rejected", ASSAY_E_DENIED, false},
        {"never sent", ASSAY_E_IO, true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_channel_play *p = kx_channel_play_new();

        p->submit_code = rows[i].code;
        p->is_unsent = rows[i].is_unsent;
        kx_channel_play_run(p);
        expect(p, FUNDED " save:opening submit save:intended refused", "client.channel.node",
               rows[i].name);
        p->submit_code = ASSAY_OK;
        kx_channel_play_run(p);
        expect(p,
               "get 402 find look consent:open fund save:opening submit await save:open "
               "consent:charge save:open:intended sign:1 save:open:signed get+pay 200 "
               "save:open:settled served",
               "", rows[i].name);
        kx_channel_play_free(p);
    }
}

/* A wallet that has forgotten the channel, of which nothing has left, costs one run. */
Test(kx_client_channel, gives_up_a_channel_that_the_wallet_does_not_know_any_more)
{
    struct kx_channel_play *p = kx_channel_play_new();

    p->fund_code = ASSAY_E_DENIED;
    kx_channel_play_run(p);
    expect(p, FUNDED " refused", "", "refused");
    kx_channel_play_run(p);
    expect(p, "get 402 find look consent:open fund save:ended refused", "", "refused again");
    p->fund_code = ASSAY_OK;
    kx_channel_play_run(p);
    expect(p, OPENING, "", "another");
    kx_channel_play_free(p);
}

#define WAITS "await 400ms await 400ms await 400ms await"

/* What became of it is unknown: it is looked for, and neither made nor submitted anew. */
Test(kx_client_channel, waits_for_a_genesis_that_may_have_arrived)
{
    struct kx_channel_play *p = kx_channel_play_new();

    p->submit_code = ASSAY_E_TIMEOUT;
    kx_channel_play_run(p);
    expect(p, FUNDED " save:opening submit " WAITS " unresolved", "client.channel.node", "unknown");
    kx_channel_play_run(p);
    expect(p, "get 402 find " WAITS " unresolved", "client.channel.node", "later");
    cr_expect_eq(p->submissions, 1);
    kx_channel_play_free(p);
}

Test(kx_client_channel, charges_nothing_before_the_genesis_is_as_deep_as_the_policy_asks)
{
    struct kx_channel_play *p = kx_channel_play_new();

    p->confirmations = KX_THRESHOLD_DEFAULT - 1;
    kx_channel_play_run(p);
    expect(p, FUNDED " save:opening submit " WAITS " unresolved", "client.channel.node", "shallow");
    p->shop.txs[0].confirmations++;
    kx_channel_play_run(p);
    expect(p,
           "get 402 find await save:open consent:charge save:open:intended sign:1 "
           "save:open:signed get+pay 200 save:open:settled served",
           "", "deep");
    kx_channel_play_free(p);
}

Test(kx_client_channel, does_nothing_that_it_could_not_save)
{
    static const char *const traces[] = {
        "get 402 find look consent:open save:intended refused",
        FUNDED " save:opening refused",
        FUNDED " save:opening submit await save:open refused",
        FUNDED " save:opening submit await save:open save:open:intended refused",
        SIGNS " save:open:signed refused",
    };

    for (size_t i = 0; i < ARRAY_LEN(traces); i++) {
        struct kx_channel_play *p = kx_channel_play_new();

        p->fails_save = i + 1;
        kx_channel_play_run(p);
        expect(p, traces[i], "client.artifact.persisted", traces[i]);
        cr_expect_eq(p->paid, 0);
        kx_channel_play_free(p);
    }
}

/* ---- killed ---- */

/* Before every action in turn; then the same is run again. There is one channel, one genesis and
 * one charge, and what was signed once is what is sent. The one exception is a genesis that was
 * about to be submitted: nobody knows whether it was, and it is not submitted anew (F10). */
Test(kx_client_channel, goes_on_wherever_it_was_killed)
{
    size_t died = 1;

    for (size_t dies_at = 1; died == dies_at; dies_at++) {
        struct kx_channel_play *p = kx_channel_play_new();
        bool is_lost, is_over;

        p->dies_at = dies_at;
        kx_channel_play_run(p);
        is_over = strstr(p->trace, "save:open:settled") != NULL;
        is_lost = strcmp(p->trace, FUNDED " save:opening dies") == 0;
        died += strstr(p->trace, "dies") != NULL;
        kx_channel_play_run(p);
        cr_expect_eq(p->outcome.end, is_lost ? KX_CLIENT_UNRESOLVED : KX_CLIENT_SERVED,
                     "at %zu: %s: %s", dies_at, p->trace, p->outcome.why);
        cr_expect_eq(p->submissions, is_lost ? 0 : 1, "at %zu", dies_at);
        if (!is_lost && !is_over)
            cr_expect_eq(kx_channel_play_channel(p).total, SHOP_BATCH_PRICE, "at %zu", dies_at);
        kx_channel_play_free(p);
    }
    cr_expect_gt(died, 20, "%zu", died);
}

/* ---- what is answered ---- */

static unsigned answers;

static void lose_the_first(struct kx_channel_play *p, struct shop_reply *reply)
{
    if (p->is_paying && answers++ == 0)
        reply->status = 0;
}

Test(kx_client_channel, sends_the_same_again_when_no_answer_came)
{
    struct kx_channel_play *p = kx_channel_play_new();

    answers = 0;
    p->bend = lose_the_first;
    kx_channel_play_run(p);
    expect(p, SIGNS " save:open:signed get+pay 1000ms get+pay 200 save:open:settled served", "",
           "lost");
    cr_expect_eq(p->shop.shop.runs, 1);
    cr_expect_eq(p->vouchers, 1);
    kx_channel_play_free(p);
}

static void lose_all(struct kx_channel_play *p, struct shop_reply *reply)
{
    if (p->is_paying)
        reply->status = 0;
}

/* It may have been charged: until that is known, nothing else is signed upon the channel. */
Test(kx_client_channel, signs_nothing_else_while_a_payment_is_unresolved)
{
    struct kx_channel_play *p = kx_channel_play_new();
    struct assay_bytes sent;

    kx_channel_play_open(p);
    p->bend = lose_all;
    kx_channel_play_run(p);
    cr_expect_eq(p->outcome.end, KX_CLIENT_UNRESOLVED, "%s", p->trace);
    sent = p->paid_with;
    p->bend = NULL;
    p->job.url = ASSAY_LIT(SHOP_URL "/batch?other");
    kx_channel_play_run(p);
    expect(p, "get 402 find refused", "client.replacement", "another request");
    p->job.url = ASSAY_LIT(PLAY_URL);
    kx_channel_play_run(p);
    expect(p, "find get+pay 200 save:open:settled served", "", "the same again");
    cr_expect(assay_bytes_equal(sent, p->paid_with));
    p->job.url = ASSAY_LIT(SHOP_URL "/batch?other");
    kx_channel_play_run(p);
    expect(p, CHARGING("3"), "", "another, then");
    cr_expect_eq(p->vouchers, 3);
    cr_expect_eq(p->shop.shop.runs, 3);
    kx_channel_play_free(p);
}

/* Of the header that carries the receipt: none, or another text. */
static const char *receipt_member, *receipt_value;

static void edit_receipt(struct kx_channel_play *p, struct shop_reply *reply)
{
    if (!p->is_paying)
        return;
    for (size_t i = 0; i < reply->header_count; i++) {
        json_t *receipt;

        if (!assay_bytes_equal_nocase(reply->headers[i].name, assay_str(KX_CLIENT_HEADER_RESPONSE)))
            continue;
        if (receipt_member == NULL) {
            reply->headers[i].name = ASSAY_LIT("X-Nothing");
            return;
        }
        receipt = json_deep_copy(reply->settlement);
        kx_world_edit(receipt, receipt_member, receipt_value);
        reply->headers[i].value = assay_str(shop_header(&p->shop.shop, receipt));
        json_decref(receipt);
    }
}

#define STATE "extensions.kaspa.channelState."

/* A receipt counts where it is that of this very request upon what the client knows; else the
 * payment stays unresolved, its answer is handed on, and nothing else is signed on the channel. */
Test(kx_client_channel, counts_a_charge_by_its_own_receipt_alone)
{
    static const struct {
        const char *name, *member, *value;
        enum kx_client_word word;
    } rows[] = {
        {"none", NULL, NULL, KX_CLIENT_SAID_NOTHING},
        {"failed", "success", "false", KX_CLIENT_SAID_FAILED},
        {"another amount", "amount", "\"10000001\"", KX_CLIENT_SAID_OTHER},
        {"no state", "extensions.kaspa.channelState", NULL, KX_CLIENT_SAID_OTHER},
        {"another commitment", "transaction", "\"" ZEROS32 "\"", KX_CLIENT_SAID_OTHER},
        {"a higher T", STATE "authorizedCumulativeAmount", "\"20000000\"", KX_CLIENT_SAID_OTHER},
        {"a lower T", STATE "authorizedCumulativeAmount", "\"1\"", KX_CLIENT_SAID_OTHER},
        {"a claim", STATE "claimedCumulativeAmount", "\"1\"", KX_CLIENT_SAID_OTHER},
        {"another funding", STATE "fundingAmount", "\"90000001\"", KX_CLIENT_SAID_OTHER},
        {"another channel", STATE "channelId", "\"" ZEROS32 "\"", KX_CLIENT_SAID_OTHER},
        {"another head", STATE "activeOutpoint.index", "1", KX_CLIENT_SAID_OTHER},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_channel_play *p = kx_channel_play_new();

        receipt_member = rows[i].member;
        receipt_value = rows[i].value;
        p->bend = edit_receipt;
        kx_channel_play_run(p);
        cr_expect_eq(p->outcome.end, KX_CLIENT_UNRESOLVED, "row: %s: %s", rows[i].name, p->trace);
        cr_expect_eq(p->outcome.word, rows[i].word, "row: %s", rows[i].name);
        cr_expect_str_eq(p->outcome.rule != NULL ? p->outcome.rule : "",
                         rows[i].word == KX_CLIENT_SAID_OTHER ? "client.channel.receipt" : "",
                         "row: %s", rows[i].name);
        cr_expect_eq(kx_channel_play_channel(p).total, 0, "row: %s", rows[i].name);
        p->job.url = ASSAY_LIT(SHOP_URL "/batch?other");
        kx_channel_play_run(p);
        expect(p, "get 402 find refused", "client.replacement", rows[i].name);
        cr_expect_eq(p->vouchers, 1, "row: %s", rows[i].name);
        kx_channel_play_free(p);
    }
}

/* ---- a head that moves, and a server that refuses ---- */

/* The server follows a claim with each payment that shows it a later head: it is given time, then
 * what it tells. */
Test(kx_client_channel, follows_its_head_through_claims)
{
    struct kx_channel_play *p = kx_channel_play_new();
    struct kx_client_channel channel;

    kx_channel_play_open(p);
    kx_channel_play_run(p);
    kx_channel_play_adopt(p);
    (void)batch_spend(&p->shop, KX_BATCH_CLAIM, SHOP_BATCH_PRICE, KX_THRESHOLD_DEFAULT);
    (void)batch_spend(&p->shop, KX_BATCH_CLAIM, SHOP_BATCH_PRICE / 2, KX_THRESHOLD_DEFAULT);
    kx_channel_play_run(p);
    expect(p,
           "get 402 find look look look consent:charge save:open:intended sign:3 save:open:signed "
           "get+pay 402 look 1000ms get+pay 402 look save:open:absent consent:charge "
           "save:open:intended sign:3 save:open:signed get+pay 200 save:open:settled served",
           "", "two claims");
    channel = kx_channel_play_channel(p);
    cr_expect(kx_lane_head_equal(&channel.head, &p->shop.head));
    kx_channel_play_free(p);
}

/* A claim that may be taken back is none to build upon. */
Test(kx_client_channel, waits_for_a_claim_to_be_confirmed)
{
    struct kx_channel_play *p = kx_channel_play_new();
    struct batch_tx *claim;

    kx_channel_play_open(p);
    claim = batch_spend(&p->shop, KX_BATCH_CLAIM, SHOP_BATCH_PRICE, KX_THRESHOLD_DEFAULT - 1);
    kx_channel_play_run(p);
    expect(p, "get 402 find look 400ms look 400ms look 400ms look refused", "client.channel.head",
           "shallow");
    claim->confirmations++;
    kx_channel_play_run(p);
    cr_expect_eq(p->outcome.end, KX_CLIENT_SERVED, "%s: %s", p->trace, p->outcome.why);
    kx_channel_play_free(p);
}

Test(kx_client_channel, signs_nothing_after_more_was_claimed_than_was_delivered)
{
    struct kx_channel_play *p = kx_channel_play_new();

    kx_channel_play_open(p);
    p->shop.total = 2 * SHOP_BATCH_PRICE; /* a voucher for which there was no receipt */
    (void)batch_spend(&p->shop, KX_BATCH_CLAIM, 2 * SHOP_BATCH_PRICE, KX_THRESHOLD_DEFAULT);
    kx_channel_play_run(p);
    expect(p, "get 402 find look refused", "client.channel.head", "too much");
    kx_channel_play_free(p);
}

Test(kx_client_channel, charges_no_channel_that_was_refunded)
{
    struct kx_channel_play *p = kx_channel_play_new();

    kx_channel_play_open(p);
    (void)batch_spend(&p->shop, KX_BATCH_REFUND, 0, KX_THRESHOLD_DEFAULT);
    kx_channel_play_run(p);
    expect(p, "get 402 find look refused", "client.channel.head", "refunded");
    kx_channel_play_free(p);
}

#define REFUSED_ONCE                                                                               \
    "get 402 find look consent:charge save:open:intended sign:2 save:open:signed get+pay 402 look"

Test(kx_client_channel, pays_once_more_where_the_server_was_right_to_refuse)
{
    struct kx_channel_play *p = kx_channel_play_new();

    kx_channel_play_open(p);
    p->late = 1;
    kx_channel_play_run(p);
    expect(p,
           REFUSED_ONCE " save:open:absent consent:charge save:open:intended sign:2 "
                        "save:open:signed get+pay 200 save:open:settled served",
           "", "expired");
    cr_expect_eq(kx_channel_play_channel(p).total, 2 * SHOP_BATCH_PRICE);
    cr_expect_eq(p->shop.shop.runs, 2);
    kx_channel_play_free(p);
}

Test(kx_client_channel, pays_once_more_once_alone)
{
    struct kx_channel_play *p = kx_channel_play_new();

    kx_channel_play_open(p);
    p->late = SIZE_MAX;
    kx_channel_play_run(p);
    expect(p,
           REFUSED_ONCE " save:open:absent consent:charge save:open:intended sign:2 "
                        "save:open:signed get+pay 402 save:open:signed unresolved",
           "client.artifact.once", "for ever");
    cr_expect_eq(p->paid, 3);
    kx_channel_play_free(p);
}

static const char *told_member, *told_value;

static void edit_what_is_told(struct kx_channel_play *p, struct shop_reply *reply)
{
    json_t *told = reply->offer != NULL ? batch_told(reply) : NULL;

    if (!p->is_paying || reply->status != 402)
        return;
    cr_assert_not_null(told);
    if (told_member == NULL)
        (void)json_object_del(json_object_get(batch_entry(reply), "extra"), "channelState");
    else
        kx_world_edit(told, told_member, told_value);
    for (size_t i = 0; i < reply->header_count; i++)
        if (assay_bytes_equal_nocase(reply->headers[i].name, assay_str(KX_CLIENT_HEADER_REQUIRED)))
            reply->headers[i].value = assay_str(shop_header(&p->shop.shop, reply->offer));
}

/* What our own node and receipts do not bear out is told to a person, and nothing is signed. */
Test(kx_client_channel, believes_nothing_else_that_a_refusal_tells)
{
    static const struct {
        const char *name, *member, *value;
    } rows[] = {
        {"a higher T", "authorizedCumulativeAmount", "\"20000000\""},
        {"a T above all that was signed", "authorizedCumulativeAmount", "\"80000000\""},
        {"a lower T", "authorizedCumulativeAmount", "\"0\""},
        {"a claim that is not on the chain", "claimedCumulativeAmount", "\"1\""},
        {"another funding", "fundingAmount", "\"80000000\""},
        {"another lineage", "covenantId",
         "\"01"
         "00000000000000000000000000000000000000000000000"
         "000000000000000\""},
        {"another channel", "channelId", "\"" ZEROS32 "\""},
        {"another head", "activeOutpoint.index", "7"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_channel_play *p = kx_channel_play_new();

        kx_channel_play_open(p);
        p->late = 1;
        told_member = rows[i].member;
        told_value = rows[i].value;
        p->bend = edit_what_is_told;
        kx_channel_play_run(p);
        expect(p, REFUSED_ONCE " save:open:signed unresolved", "client.channel.told", rows[i].name);
        cr_expect_eq(p->vouchers, 2, "row: %s", rows[i].name);
        cr_expect_eq(kx_channel_play_channel(p).total, SHOP_BATCH_PRICE, "row: %s", rows[i].name);
        kx_channel_play_free(p);
    }
}

/* Without a word on the channel a refusal frees it when the payment's time is over. */
Test(kx_client_channel, gives_up_a_refused_payment_when_its_time_is_over)
{
    struct kx_channel_play *p = kx_channel_play_new();

    kx_channel_play_open(p);
    p->late = 1;
    told_member = NULL;
    p->bend = edit_what_is_told;
    kx_channel_play_run(p);
    expect(p,
           "get 402 find look consent:charge save:open:intended sign:2 save:open:signed get+pay "
           "402 save:open:absent refused",
           "", "over");
    p->bend = NULL;
    kx_channel_play_run(p);
    expect(p, CHARGING("2"), "", "the next");
    kx_channel_play_free(p);
}

Test(kx_client_channel, wants_another_identifier_for_another_payment)
{
    struct kx_channel_play *p = kx_channel_play_new();

    kx_channel_play_open(p);
    p->late = 1;
    p->job.identifier = ASSAY_LIT("an-identifier-of-mine");
    kx_channel_play_run(p);
    expect(p, REFUSED_ONCE " save:open:absent refused", "client.artifact.once", "of his own");
    kx_channel_play_run(p);
    expect(p, "refused", "client.artifact.once", "the same again");
    p->job.identifier = ASSAY_LIT("another-identifier");
    kx_channel_play_run(p);
    expect(p, CHARGING("2"), "", "another");
    kx_channel_play_free(p);
}

/* ---- top-ups ---- */

/* A channel of the smallest deposit, with room for two requests, which it has. */
static struct kx_channel_play *play_used_up(void)
{
    struct kx_channel_play *p = kx_channel_play_new();

    p->policy.batch.deposit = 0;
    kx_channel_play_open(p);
    kx_channel_play_run(p);
    expect(p, CHARGING("2"), "", "the last that it has room for");
    return p;
}

#define TOPPING_UP "get 402 find look consent:top-up top-up:10000000 save:topping-up unresolved"
#define TOPPED_UP                                                                                  \
    "get 402 find await save:open consent:charge save:open:intended sign:3 save:open:signed "      \
    "get+pay 200 save:open:settled served"

Test(kx_client_channel, asks_for_a_top_up_where_the_funding_does_not_suffice)
{
    struct kx_channel_play *p = play_used_up();

    kx_channel_play_run(p);
    expect(p, TOPPING_UP, "client.channel.top-up", "asked for");
    cr_expect_eq(p->vouchers, 2);
    kx_channel_play_run(p);
    expect(p, "get 402 find " WAITS " unresolved", "client.channel.top-up", "not signed yet");
    (void)kx_channel_play_co_sign(p, KX_THRESHOLD_DEFAULT);
    kx_channel_play_run(p);
    expect(p, TOPPED_UP, "", "signed");
    cr_expect_eq(kx_channel_play_channel(p).head.value, 40000000);
    kx_channel_play_free(p);
}

Test(kx_client_channel, adds_as_much_as_the_policy_wants_and_allows)
{
    struct kx_channel_play *p = play_used_up();

    p->policy.batch.top_up = 50000000;
    p->policy.batch.limits.top_up = 49999999;
    kx_channel_play_run(p);
    expect(p, "get 402 find look refused", "client.policy.amount", "above the limit");
    p->policy.batch.limits.top_up++;
    p->policy.batch.limits.exposure = 79999999;
    kx_channel_play_run(p);
    expect(p, "get 402 find look refused", "client.policy.amount", "above what may be at risk");
    p->policy.batch.limits.exposure++;
    kx_channel_play_run(p);
    expect(p, "get 402 find look consent:top-up top-up:50000000 save:topping-up unresolved",
           "client.channel.top-up", "at both");
    kx_channel_play_free(p);
}

/* Claims leave what was ever put in where it was: it counts against the limit (CL-12). */
Test(kx_client_channel, counts_what_was_claimed_as_put_in)
{
    struct kx_channel_play *p = play_used_up();

    kx_channel_play_adopt(p);
    (void)batch_spend(&p->shop, KX_BATCH_CLAIM, 2 * SHOP_BATCH_PRICE, KX_THRESHOLD_DEFAULT);
    p->policy.batch.limits.exposure = 39999999;
    kx_channel_play_run(p);
    expect(p, "get 402 find look look refused", "client.policy.amount", "30 put in, 10 more");
    p->policy.batch.limits.exposure++;
    kx_channel_play_run(p);
    expect(p, "get 402 find look look consent:top-up top-up:10000000 save:topping-up unresolved",
           "client.channel.top-up", "40 in all");
    kx_channel_play_free(p);
}

/* The server claims at once what it has topped up: the head that was waited for is spent already.
 */
Test(kx_client_channel, follows_a_claim_upon_the_top_up)
{
    struct kx_channel_play *p = play_used_up();
    struct kx_lane_head topped_up;

    kx_channel_play_adopt(p);
    kx_channel_play_run(p);
    expect(p, TOPPING_UP, "client.channel.top-up", "asked for");
    topped_up = p->shop.head;
    topped_up.value += 10000000;
    topped_up.outpoint.txid = kx_channel_play_co_sign(p, KX_THRESHOLD_DEFAULT)->id;
    p->shop.head = topped_up;
    (void)batch_spend(&p->shop, KX_BATCH_CLAIM, SHOP_BATCH_PRICE, KX_THRESHOLD_DEFAULT);
    kx_channel_play_run(p);
    cr_expect_eq(p->outcome.end, KX_CLIENT_SERVED, "the server tells where it stands: %s: %s",
                 p->trace, p->outcome.why);
    cr_expect_eq(kx_channel_play_channel(p).state, KX_CHANNEL_IS_OPEN, "%s", p->trace);
    cr_expect_eq(kx_channel_play_channel(p).head.value, 30000000, "%s: %s", p->trace,
                 p->outcome.why);
    kx_channel_play_free(p);
}

Test(kx_client_channel, goes_on_where_a_claim_has_overtaken_the_top_up)
{
    struct kx_channel_play *p = play_used_up();

    kx_channel_play_adopt(p);
    kx_channel_play_run(p);
    expect(p, TOPPING_UP, "client.channel.top-up", "asked for");
    (void)batch_spend(&p->shop, KX_BATCH_CLAIM, SHOP_BATCH_PRICE, KX_THRESHOLD_DEFAULT);
    p->shop.lie = tell_conflict;
    kx_channel_play_run(p);
    expect(p, "get 402 find await save:open refused", "client.channel.node", "it never arrives");
    p->shop.lie = NULL;
    kx_channel_play_run(p);
    expect(p, "get 402 find look look consent:top-up top-up:10000000 save:topping-up unresolved",
           "client.channel.top-up", "another");
    kx_channel_play_free(p);
}

Test(kx_client_channel, takes_no_top_up_of_another_amount)
{
    struct kx_channel_play *p = play_used_up();

    p->spoil = bend_top_up;
    kx_channel_play_run(p);
    expect(p, "get 402 find look consent:top-up top-up:10000000 refused", "client.verify-artifact",
           "a sompi less");
    cr_expect_eq(kx_channel_play_channel(p).state, KX_CHANNEL_IS_OPEN);
    kx_channel_play_free(p);
}

/* ---- refunds ---- */

#define REFUNDED "look refund save:refunding submit await save:ended refunded"

/* A channel that was charged once, at the score behind its timeout. */
static struct kx_channel_play *play_timed_out(void)
{
    struct kx_channel_play *p = kx_channel_play_new();

    kx_channel_play_open(p);
    p->shop.daa = p->shop.lane.channel.refund_timeout_daa + 1;
    return p;
}

Test(kx_client_channel, takes_back_what_is_left_after_the_timeout)
{
    struct kx_channel_play *p = play_timed_out();

    p->shop.daa--;
    kx_channel_play_refund(p);
    expect(p, "look refused", "client.channel.early", "at the timeout");
    p->shop.daa++;
    kx_channel_play_refund(p);
    expect(p, REFUNDED, "", "behind it");
    cr_expect_eq(p->channel.len, 0, "the next payment opens another channel");
    kx_channel_play_free(p);
}

Test(kx_client_channel, takes_back_what_claims_have_left)
{
    struct kx_channel_play *p = play_timed_out();

    (void)batch_spend(&p->shop, KX_BATCH_CLAIM, SHOP_BATCH_PRICE, KX_THRESHOLD_DEFAULT);
    kx_channel_play_refund(p);
    expect(p, "look " REFUNDED, "", "after a claim");
    kx_channel_play_free(p);
}

Test(kx_client_channel, takes_back_nothing_that_may_not_be_there)
{
    struct kx_channel_play *p = kx_channel_play_new();

    p->fund_code = ASSAY_E_DENIED;
    kx_channel_play_run(p);
    kx_channel_play_refund(p);
    expect(p, "refused", "", "of which nothing has left");
    p->fund_code = ASSAY_OK;
    p->submit_code = ASSAY_E_TIMEOUT;
    kx_channel_play_run(p);
    kx_channel_play_refund(p);
    expect(p, WAITS " unresolved", "client.channel.node", "that is being opened");
    p->job.has_node = false;
    kx_channel_play_refund(p);
    expect(p, "unresolved", "client.channel.node", "without a node");
    kx_channel_play_free(p);
}

/* What is left is the client's, however the server has come to the rest. */
Test(kx_client_channel, takes_back_what_is_left_after_too_much_was_claimed)
{
    struct kx_channel_play *p = play_timed_out();

    p->shop.total = 3 * SHOP_BATCH_PRICE;
    (void)batch_spend(&p->shop, KX_BATCH_CLAIM, 3 * SHOP_BATCH_PRICE, KX_THRESHOLD_DEFAULT);
    kx_channel_play_refund(p);
    expect(p, "look " REFUNDED, "", "the rest");
    kx_channel_play_free(p);
}

/* One refund, whatever became of the first submission, and wherever it was killed. */
Test(kx_client_channel, submits_one_refund)
{
    size_t died = 1;

    for (size_t dies_at = 1; died == dies_at; dies_at++) {
        struct kx_channel_play *p = play_timed_out();
        bool is_lost;

        p->submissions = 0;
        p->dies_at = dies_at;
        kx_channel_play_refund(p);
        is_lost = strcmp(p->trace, "look refund save:refunding dies") == 0;
        died += strstr(p->trace, "dies") != NULL;
        if (p->channel.len > 0) {
            kx_channel_play_refund(p);
            cr_expect_eq(p->outcome.end, is_lost ? KX_CLIENT_UNRESOLVED : KX_CLIENT_REFUNDED,
                         "at %zu: %s: %s", dies_at, p->trace, p->outcome.why);
        }
        cr_expect_eq(p->submissions, is_lost ? 0 : 1, "at %zu", dies_at);
        kx_channel_play_free(p);
    }
    cr_expect_gt(died, 7, "%zu", died);
}

Test(kx_client_channel, waits_for_a_refund_that_may_have_arrived)
{
    struct kx_channel_play *p = play_timed_out();

    p->submissions = 0;
    p->submit_code = ASSAY_E_TIMEOUT;
    kx_channel_play_refund(p);
    expect(p, "look refund save:refunding submit " WAITS " unresolved", "client.channel.node",
           "unknown");
    kx_channel_play_run(p);
    expect(p, "get 402 find unresolved", "", "nothing is charged meanwhile");
    (void)kx_channel_play_co_sign(p, KX_THRESHOLD_DEFAULT);
    kx_channel_play_refund(p);
    expect(p, "await save:ended refunded", "", "it has arrived");
    cr_expect_eq(p->submissions, 1);
    kx_channel_play_free(p);
}

static void bend_refund(const char *call, json_t *said)
{
    if (strcmp(call, "signEscrowRefund") == 0)
        bend_amount(said, "\"value\":\"88000000\"", "\"value\":\"00000001\"");
}

Test(kx_client_channel, submits_no_refund_that_the_wallet_has_bent)
{
    struct kx_channel_play *p = play_timed_out();

    p->spoil = bend_refund;
    kx_channel_play_refund(p);
    expect(p, "look refund refused", "client.verify-artifact", "a fee of nearly all");
    cr_expect_eq(kx_channel_play_channel(p).state, KX_CHANNEL_IS_OPEN);
    p->spoil = NULL;
    kx_channel_play_refund(p);
    expect(p, REFUNDED, "", "as it should be");
    kx_channel_play_free(p);
}
