/* The decision core and payments that are read: what they are compared with, what the chain is
 * asked, and what is claimed. Sections are those of the exact digest. */
#include "ref/tests/kx_shop.h"

#include "base/base64.h"

static struct shop shop;
static const struct shop_ask report = {.target = "/report"};

static void open_shop(void)
{
    shop_open(&shop);
}

static void close_shop(void)
{
    shop_close(&shop);
}

TestSuite(kx_core_pay, .init = open_shop, .fini = close_shop);

static void reopen(void)
{
    shop_close(&shop);
    shop_open(&shop);
}

static struct shop_reply send_with(const struct shop_ask *ask, const char *payment)
{
    struct shop_ask paid = *ask;

    paid.payment = payment;
    return shop_send(&shop, &paid);
}

static void expect_corrective(const struct shop_reply *reply, const char *error, const char *rule,
                              const char *row)
{
    cr_expect_eq(reply->status, 402, "%s: %d %s", row, reply->status, reply->body);
    cr_expect(reply->error != NULL && strcmp(reply->error, error) == 0, "%s: %s", row, reply->body);
    cr_expect(reply->rule != NULL && strcmp(reply->rule, rule) == 0, "%s: %s", row, reply->rule);
    cr_expect_not_null(reply->offer, "%s", row);
    cr_expect_str_eq(json_string_value(json_object_get(reply->offer, "error")), error, "%s", row);
    cr_expect_eq(shop.runs, 0, "%s", row);
    cr_expect_eq(shop.submissions, 0, "%s", row);
}

/* ---- what breaks a payment, before the chain is asked (section 13, 14 to 30) ---- */

struct row {
    const char *name;
    size_t entry;
    kx_hook *change; /* before it is sealed */
    kx_hook *after;  /* of the payment as it is sent */
    const char *error, *rule;
};

static void cheap(struct kx_world *w)
{
    kx_world_edit(w->accepted, "amount", "\"19999999\"");
}

static void dear(struct kx_world *w)
{
    kx_world_edit(w->accepted, "amount", "\"20000001\"");
    w->outputs[0].value++;
}

static void to_a_stranger(struct kx_world *w)
{
    json_t *extra = json_object_get(w->accepted, "extra");
    struct assay_bytes script = kx_world_script(w, &w->stranger);
    struct kaspa_spk spk = {.script = script};
    struct kaspa_address address;
    char text[KASPA_ADDRESS_TEXT_MAX_BYTES];

    cr_assert(kaspa_address_of_script(&address, &spk, KASPA_TESTNET));
    kaspa_address_encode(text, &address);
    kx_world_set(w->accepted, "payTo", text);
    json_object_set_new(extra, "payToScriptPublicKey", kx_world_spk_hex(script));
    w->outputs[0].spk.script = script;
}

static void longer(struct kx_world *w)
{
    kx_world_edit(w->accepted, "maxTimeoutSeconds", "61");
}

static void weaker(struct kx_world *w)
{
    kx_world_edit(w->accepted, "extra.finality", "\"confirmed\"");
}

static void unknown_member(struct kx_world *w)
{
    kx_world_edit(w->accepted, "extra.note", "\"x\"");
}

static void no_flow(struct kx_world *w)
{
    kx_world_edit(w->accepted, "extra.paymentFlow", NULL);
}

static void other_network(struct kx_world *w)
{
    kx_world_edit(w->accepted, "network", "\"kaspa:mainnet\"");
}

static void other_asset(struct kx_world *w)
{
    kx_world_edit(w->accepted, "asset", "\"ETH\"");
}

static void short_by_one(struct kx_world *w)
{
    w->outputs[0].value--;
}

static void over_by_one(struct kx_world *w)
{
    w->outputs[0].value++;
}

static void wrong_request(struct kx_world *w)
{
    w->request_hash = "9999999999999999999999999999999999999999999999999999999999999999";
}

static void foreign_signer(struct kx_world *w)
{
    w->signer = &w->stranger;
}

static void far(struct kx_world *w)
{
    w->expires_at = "2099-01-01T00:00:00.001Z";
}

static void expired(struct kx_world *w)
{
    w->expires_at = "2098-12-31T23:59:00.000Z";
}

static void change_to_a_stranger(struct kx_world *w)
{
    w->change.script = kx_world_script(w, &w->stranger);
}

static void other_index(struct kx_world *w)
{
    w->output_index = 1;
}

static void altered_schema(struct kx_world *w)
{
    kx_world_edit(w->payment, "extensions.payment-identifier.schema", "{\"type\":\"object\"}");
}

static void altered_digest(struct kx_world *w)
{
    kx_world_edit(w->payment, "payload.authorization.digest",
                  "\"9999999999999999999999999999999999999999999999999999999999999999\"");
}

static void twice(struct kx_world *w)
{
    json_t *payload = kx_world_payload(w);
    const char *text = json_string_value(json_object_get(payload, "transaction"));

    kx_world_set(payload, "transaction",
                 assay_arena_printf(&w->arena, "{\"version\":0,%s", text + 1));
}

static void no_transaction(struct kx_world *w)
{
    kx_world_set(kx_world_payload(w), "transaction", "{}");
}

static void later_challenge(struct kx_world *w)
{
    kx_world_edit(w->accepted, "extra.challengeExpiresAt", "\"2098-12-31T23:59:45.001Z\"");
}

static void earlier_challenge(struct kx_world *w)
{
    kx_world_edit(w->accepted, "extra.challengeExpiresAt", "\"2098-12-31T23:59:44.000Z\"");
}

static void other_spelling(struct kx_world *w)
{
    kx_world_edit(w->accepted, "extra.challengeExpiresAt", "\"2098-12-31T23:59:45Z\"");
}

static void other_version(struct kx_world *w)
{
    kx_world_edit(w->accepted, "extra.headVersion", "\"8\"");
}

static void head_too_much(struct kx_world *w)
{
    w->outputs[0].value++;
}

static const struct row rows[] = {
    {"amount below", 0, cheap, NULL, "invalid_payment_requirements", "exact.offer.match"},
    {"amount above", 0, dear, NULL, "invalid_payment_requirements", "exact.offer.match"},
    {"payee", 0, to_a_stranger, NULL, "invalid_payment_requirements", "exact.offer.match"},
    {"timeout", 0, longer, NULL, "invalid_payment_requirements", "exact.offer.match"},
    {"finality", 0, weaker, NULL, "invalid_payment_requirements", "exact.offer.match"},
    {"unknown member", 0, unknown_member, NULL, "invalid_payment_requirements",
     "exact.offer.match"},
    {"no payment flow", 0, no_flow, NULL, "invalid_payment_requirements", "exact.offer.match"},
    {"network", 0, other_network, NULL, "invalid_payment_requirements", "exact.offer.match"},
    {"asset", 0, other_asset, NULL, "invalid_payment_requirements", "exact.offer.match"},
    {"schema", 0, NULL, altered_schema, "invalid_payload", "exact.identifier.echo"},
    {"request hash", 0, wrong_request, NULL, "invalid_payload", "exact.payload.request-hash"},
    {"too far", 0, far, NULL, "invalid_payload", "exact.expiry.bounds"},
    {"expired", 0, expired, NULL, "invalid_payload", "exact.expiry.live"},
    {"no transaction", 0, NULL, no_transaction, "invalid_transaction_state",
     "exact.transaction.encoding"},
    {"a member twice", 0, NULL, twice, "invalid_transaction_state", "exact.transaction.encoding"},
    {"one short", 0, short_by_one, NULL, "invalid_transaction_state",
     "exact.transaction.merchant-output"},
    {"one over", 0, over_by_one, NULL, "invalid_transaction_state",
     "exact.transaction.merchant-output"},
    {"index of the change", 0, other_index, NULL, "invalid_transaction_state",
     "exact.transaction.merchant-output"},
    {"signer", 0, foreign_signer, NULL, "invalid_payload", "exact.authorization.signature"},
    {"digest", 0, NULL, altered_digest, "invalid_payload", "exact.authorization.signature"},
    {"change", 0, change_to_a_stranger, NULL, "invalid_transaction_state",
     "exact.transaction.change"},
    {"head: later challenge", 1, later_challenge, NULL, "invalid_payment_requirements",
     "exact.offer.match"},
    {"head: earlier challenge", 1, earlier_challenge, NULL, "invalid_payment_requirements",
     "exact.offer.match"},
    {"head: other spelling", 1, other_spelling, NULL, "invalid_payment_requirements",
     "exact.offer.match"},
    {"head: other version", 1, other_version, NULL, "invalid_payment_requirements",
     "exact.offer.match"},
    {"head: too much", 1, head_too_much, NULL, "invalid_transaction_state",
     "exact.transaction.merchant-output"},
};

static struct kx_world *offer_of(size_t entry, struct shop_ask *ask)
{
    struct kx_world *head = kx_world_new(KX_ADDITIVE);

    *ask = (struct shop_ask){.target = entry == 0 ? "/report" : "/additive"};
    if (entry != 0)
        shop_register_head(&shop, head);
    kx_world_free(head);
    return shop_offer(&shop, ask, entry);
}

Test(kx_core_pay, refuses_forgeries_without_a_look)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct shop_ask ask;
        struct kx_world *w = offer_of(rows[i].entry, &ask);
        struct shop_reply reply;

        if (rows[i].change != NULL)
            rows[i].change(w);
        (void)shop_seal(&shop, w);
        if (rows[i].after != NULL)
            rows[i].after(w);
        reply = send_with(&ask, shop_header(&shop, w->payment));
        expect_corrective(&reply, rows[i].error, rows[i].rule, rows[i].name);
        cr_expect_eq(shop.coin_looks + shop.looks, 0, "%s: %s", rows[i].name, shop_log(&shop));
        kx_world_free(w);
        reopen();
    }
}

/* ---- with the chain ---- */

static void spent(struct kx_world *w)
{
    shop_spend_elsewhere(&shop, &w->spends[0].outpoint, 100);
}

static void of_more(struct kx_world *w)
{
    (void)w;
    shop.utxos[0].amount++;
}

static void of_another(struct kx_world *w)
{
    shop.utxos[0].spk.script = assay_arena_copy(&shop.arena, kx_world_script(w, &w->stranger));
}

/* Whoever sees a transaction can say that its coin is his own, and sign for that. */
static const char *forge_owner(struct kx_world *w)
{
    w->hints[0].spk.script = kx_world_script(w, &w->stranger);
    w->spends[0].key = w->signer = &w->stranger;
    kx_world_sign(w);
    kx_world_write(w);
    kx_world_pay(w);
    return shop_header(&shop, w->payment);
}

static void forgotten(struct kx_world *w)
{
    (void)w;
    shop.coin_count = 0;
}

Test(kx_core_pay, refuses_what_the_chain_contradicts)
{
    static const struct {
        const char *name;
        kx_hook *meanwhile;
    } chain[] = {{"spent", spent},
                 {"another amount", of_more},
                 {"another owner", of_another},
                 {"no such coin", forgotten}};

    for (size_t i = 0; i < ARRAY_LEN(chain); i++) {
        struct kx_world *w = shop_offer(&shop, &report, 0);
        const char *payment = shop_seal(&shop, w);
        struct shop_reply reply;

        chain[i].meanwhile(w);
        reply = send_with(&report, payment);
        expect_corrective(&reply, "invalid_transaction_state", "exact.transaction.hints",
                          chain[i].name);
        cr_expect_eq(shop.coin_looks, 1, "%s", chain[i].name);
        cr_expect_leq(shop.looks, 1, "%s", chain[i].name);
        kx_world_free(w);
        reopen();
    }
}

/* Section 7, rule 11: the payer may have been quicker than the server, where the node says what the
 * coins were; the text's word would let anybody claim what somebody else has paid. */
Test(kx_core_pay, serves_what_its_payer_has_published)
{
    static const struct {
        const char *name;
        bool is_told, is_forged;
        int status;
        const char *log;
    } own[] = {
        {"told", true, false, 200,
         "admit; identifier; scope; payment; attempt; coins; look; claim; look; accept; begin; "
         "run; result; commit; 200"},
        {"not told", false, false, 402,
         "admit; identifier; scope; payment; attempt; coins; look; identifier; 402"},
        {"somebody else's", true, true, 402,
         "admit; identifier; scope; payment; attempt; coins; look; identifier; 402"},
    };

    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        struct kx_world *w = shop_offer(&shop, &report, 0);
        const char *payment;
        struct shop_reply reply;

        w->spends[0].utxo.amount = KX_WORLD_AMOUNT + 1000000;
        w->plan.change = NULL; /* which would go back to the payer */
        payment = shop_seal(&shop, w);
        (void)shop_publish(&shop, w);
        shop.tells_spent = own[i].is_told;
        if (own[i].is_forged) /* the same transaction, its coin said to be the stranger's */
            payment = forge_owner(w);
        (void)shop_log(&shop);
        reply = send_with(&report, payment);
        cr_expect_eq(reply.status, own[i].status, "%s: %d %s", own[i].name, reply.status,
                     reply.rule);
        cr_expect_str_eq(shop_log(&shop), own[i].log, "%s", own[i].name);
        cr_expect_eq(shop.submissions, 0, "%s", own[i].name);
        cr_expect_eq(shop.runs, own[i].status == 200 ? 1 : 0, "%s", own[i].name);
        kx_world_free(w);
        reopen();
    }
}

/* Section 13 has the payer pay for a node's outage [!]; here it may come again. */
Test(kx_core_pay, blames_nobody_for_its_node)
{
    static const struct {
        enum assay_code code;
        int status;
        const char *error;
    } trouble[] = {
        {ASSAY_E_TIMEOUT, 504, "adapter_timeout"},
        {ASSAY_E_BUSY, 503, "adapter_concurrency_exceeded"},
        {ASSAY_E_DENIED, 503, "gateway_error"},
        {ASSAY_E_MALFORMED, 503, "gateway_error"},
        {ASSAY_E_IO, 503, "gateway_error"},
        {ASSAY_E_CLOSED, 503, "gateway_error"},
        {ASSAY_E_TOO_LARGE, 503, "gateway_error"},
        {ASSAY_E_NOMEM, 503, "gateway_error"},
    };
    const char *payment = shop_pay(&shop, &report);

    for (size_t i = 0; i < ARRAY_LEN(trouble); i++) {
        struct shop_reply reply;

        shop.look_code = trouble[i].code;
        reply = send_with(&report, payment);
        cr_expect_eq(reply.status, trouble[i].status, "row %zu", i);
        cr_expect_str_eq(reply.error, trouble[i].error, "row %zu", i);
        cr_expect_eq(reply.retry_after_s, 1, "row %zu", i);
    }
    shop.look_code = ASSAY_OK;
    cr_expect_eq(send_with(&report, payment).status, 200);
}

/* Section 6: the deadlines count when the claim is made, however long the node took. */
Test(kx_core_pay, claims_nothing_that_expired_meanwhile)
{
    struct shop_ask ask = report;
    struct shop_errand *e;
    struct shop_reply reply;

    ask.payment = shop_pay(&shop, &report);
    e = shop_begin(&shop, &ask);
    while (e->action.kind != KX_DO_LOOK)
        cr_assert(shop_step(e));
    shop.now_ms += 30000; /* to the millisecond of its end */
    while (shop_step(e))
        continue;
    reply = shop_end(e);
    expect_corrective(&reply, "invalid_payload", "exact.expiry.live", "late");
}

Test(kx_core_pay, claims_in_the_last_millisecond)
{
    const char *payment = shop_pay(&shop, &report);

    shop.now_ms += 29999;
    cr_expect_eq(send_with(&report, payment).status, 200);
}

/* ---- identifiers and transactions (sections 11 and 12) ---- */

static void another_identifier(struct kx_world *w)
{
    w->identifier = "another_identifier_0001";
}

static void later_expiry(struct kx_world *w)
{
    w->expires_at = "2098-12-31T23:59:31.000Z";
}

static void other_coin(struct kx_world *w)
{
    shop_other_coin(w, 0x42);
}

/* A second payment made from the first one's world. */
struct second {
    const char *name, *target;
    kx_hook *change;
    int pending, committed; /* its status while the first is on its way, and after it */
    const char *error;      /* after it */
};

static const struct second seconds[] = {
    {"the same", "/report", NULL, 503, 200, NULL},
    {"same identifier, other payment", "/report", other_coin, 409, 409,
     "invalid_transaction_state"},
    {"re-signed", "/report", later_expiry, 409, 409, "invalid_transaction_state"},
    {"same identifier, other resource", "/other", NULL, 409, 409, "invalid_transaction_state"},
    {"other identifier", "/report", another_identifier, 503, 409, "invalid_transaction_state"},
    {"other identifier, other resource", "/other", another_identifier, 503, 409,
     "invalid_transaction_state"},
};

static const char *second_payment(struct kx_world *w, const struct second *row)
{
    if (row->change != NULL)
        row->change(w);
    w->url = assay_arena_printf(&w->arena, SHOP_URL "%s", row->target);
    return shop_seal(&shop, w);
}

Test(kx_core_pay, sells_once_for_an_identifier_and_a_transaction)
{
    for (size_t i = 0; i < ARRAY_LEN(seconds); i++) {
        struct kx_world *w = shop_offer(&shop, &report, 0);
        const char *first = shop_seal(&shop, w), *other = second_payment(w, &seconds[i]);
        struct shop_ask ask = {.target = seconds[i].target};
        struct shop_reply reply;

        shop.accepts = false;
        cr_expect_eq(send_with(&report, first).status, 503);
        reply = send_with(&ask, other);
        cr_expect_eq(reply.status, seconds[i].pending, "%s: %d", seconds[i].name, reply.status);
        shop.accepts = true;
        cr_expect_eq(send_with(&report, first).status, 200, "%s", seconds[i].name);
        reply = send_with(&ask, other);
        cr_expect_eq(reply.status, seconds[i].committed, "%s: %d", seconds[i].name, reply.status);
        if (seconds[i].error != NULL)
            cr_expect_str_eq(reply.error, seconds[i].error, "%s", seconds[i].name);
        cr_expect_eq(shop.runs, 1, "%s", seconds[i].name);
        cr_expect_eq(shop.submissions, 1, "%s", seconds[i].name);
        kx_world_free(w);
        reopen();
    }
}

/* A flattened input is no shape of the projection, so only the computed id tells (section 9). */
static void flatten(struct kx_world *w)
{
    json_t *payload = kx_world_payload(w), *text, *input, *previous;
    char *flat;

    text = json_loads(json_string_value(json_object_get(payload, "transaction")), 0, NULL);
    input = json_array_get(json_object_get(text, "inputs"), 0);
    previous = json_object_get(input, "previousOutpoint");
    json_object_update(input, previous);
    json_object_del(input, "previousOutpoint");
    flat = json_dumps(text, JSON_COMPACT);
    kx_world_set(payload, "transaction", flat);
    free(flat);
    json_decref(text);
}

Test(kx_core_pay, knows_a_transaction_in_every_encoding)
{
    struct kx_world *w = shop_offer(&shop, &report, 0);
    const char *first = shop_seal(&shop, w), *other;

    another_identifier(w);
    (void)shop_seal(&shop, w);
    flatten(w);
    other = shop_header(&shop, w->payment);
    shop.accepts = false;
    cr_expect_eq(send_with(&report, first).status, 503);
    cr_expect_eq(send_with(&report, other).status, 503);
    shop.accepts = true;
    cr_expect_eq(send_with(&report, first).status, 200);
    (void)shop_log(&shop);
    cr_expect_eq(send_with(&report, other).status, 409);
    cr_expect_str_eq(shop_log(&shop), "admit; identifier; scope; payment; 409");
    cr_expect_eq(shop.runs, 1);
    kx_world_free(w);
}

/* Section 19: what is at the limit is not refused for it. */
Test(kx_core_pay, takes_a_header_of_the_full_size)
{
    static char text[X402_DECODED_MAX_BYTES + 1];
    struct assay_buf header = ASSAY_BUF_INIT(X402_HEADER_MAX_CHARS + 4);
    struct kx_world *w = shop_offer(&shop, &report, 0);
    char *dumped;

    (void)shop_seal(&shop, w);
    dumped = json_dumps(w->payment, JSON_COMPACT);
    memset(text, ' ', X402_DECODED_MAX_BYTES);
    memcpy(text, dumped, strlen(dumped));
    free(dumped);
    assay_base64_encode(&header, ASSAY_BASE64_STD, assay_str(text));
    cr_expect_eq(header.len, X402_HEADER_MAX_CHARS);
    cr_expect_eq(send_with(&report, assay_buf_cstr(&header)).status, 200);
    assay_buf_fini(&header);
    kx_world_free(w);
}

/* Witnesses make no other payment (section 11). */
Test(kx_core_pay, takes_another_witness_for_the_same_payment)
{
    struct kx_world *w = shop_offer(&shop, &report, 0);
    const char *first = shop_seal(&shop, w), *other;
    struct shop_reply one, two;

    shop_resign(w);
    other = shop_header(&shop, w->payment);
    cr_expect_str_neq(first, other);
    one = send_with(&report, other);
    two = send_with(&report, first);
    cr_expect_eq(one.status, 200, "%s", one.rule);
    cr_expect_eq(two.status, 200);
    cr_expect_str_eq(one.receipt, two.receipt);
    cr_expect_eq(shop.runs, 1);
    kx_world_free(w);
}

/* ---- what a payment is bound to (section 5) ---- */

Test(kx_core_pay, binds_a_payment_to_its_request)
{
    static const struct {
        const char *name;
        struct shop_ask paid, sent;
        bool is_same;
    } bound[] = {
        {"query", {.target = "/report?a=1"}, {.target = "/report?a=2"}, false},
        {"no query", {.target = "/report"}, {.target = "/report?"}, false},
        {"spelling", {.target = "/report"}, {.target = "/x/../report#a"}, true},
        {"body",
         {.method = "POST", .target = "/action", .body = "a"},
         {.method = "POST", .target = "/action", .body = "b"},
         false},
        {"no body",
         {.method = "POST", .target = "/action"},
         {.method = "POST", .target = "/action", .body = "b"},
         false},
        {"same body",
         {.method = "POST", .target = "/action", .body = "{\"a\": 1}"},
         {.method = "POST", .target = "/action", .body = "{\"a\": 1}"},
         true},
        {"body, other spelling",
         {.method = "POST", .target = "/action", .body = "{\"a\": 1}"},
         {.method = "POST", .target = "/action", .body = "{\"a\":1}"},
         false},
        {"method", {.target = "/notes"}, {.method = "POST", .target = "/notes"}, false},
        {"caller",
         {.target = "/private", .token = SHOP_TOKEN},
         {.target = "/private", .token = SHOP_TOKEN_B},
         false},
        {"same caller",
         {.target = "/private", .token = SHOP_TOKEN},
         {.target = "/private", .token = SHOP_TOKEN},
         true},
    };

    for (size_t i = 0; i < ARRAY_LEN(bound); i++) {
        const char *payment = shop_pay(&shop, &bound[i].paid);
        struct shop_reply reply = send_with(&bound[i].sent, payment);

        cr_expect_eq(reply.status, bound[i].is_same ? 200 : 402, "%s: %d %s", bound[i].name,
                     reply.status, reply.body);
        if (!bound[i].is_same) {
            expect_corrective(&reply, "invalid_payload", "exact.payload.request-hash",
                              bound[i].name);
            cr_expect_eq(send_with(&bound[i].paid, payment).status, 200, "%s", bound[i].name);
        }
        reopen();
    }
}

/* A stored answer is its caller's alone. */
Test(kx_core_pay, gives_no_tenant_what_another_bought)
{
    struct shop_ask alice = {.target = "/private", .token = SHOP_TOKEN};
    struct shop_ask bob = {.target = "/private", .token = SHOP_TOKEN_B};

    alice.payment = bob.payment = shop_pay(&shop, &alice);
    cr_expect_eq(shop_send(&shop, &alice).status, 200);
    cr_expect_eq(shop_send(&shop, &bob).status, 409);
    cr_expect_eq(shop_send(&shop, &alice).status, 200);
    cr_expect_eq(shop.runs, 1);
}

Test(kx_core_pay, names_callers_by_their_tokens)
{
    static const struct {
        const char *authorization;
        bool is_known;
    } callers[] = {
        {"Bearer " SHOP_TOKEN, true},
        {"bearer " SHOP_TOKEN, true},
        {"Bearer x", false},
        {"Basic " SHOP_TOKEN, false},
        {"", false},
        {"Bearer ", false},
        {"Bearer " SHOP_TOKEN " ", false},
    };
    char expected[X402_HASH_TEXT_BYTES], name[X402_HASH_TEXT_BYTES];
    json_t *caller = json_pack("{s:s, s:s, s:s}", "scope", "kaspa:x402:authenticated-caller:v1",
                               "principal", "alice", "tenant", "a");

    kx_world_hash(expected, caller);
    for (size_t i = 0; i < ARRAY_LEN(callers); i++) {
        kx_core_caller(name, &shop.core, assay_str(callers[i].authorization));
        cr_expect_str_eq(name, callers[i].is_known ? expected : "anonymous", "%s",
                         callers[i].authorization);
    }
    json_decref(caller);
}

/* ---- heads (section 8.4) ---- */

static struct kx_head_record load_head(void)
{
    struct kx_head_record head = {0};
    uint8_t id[32];

    memset(id, 0x90, sizeof(id));
    cr_assert_eq(shop.store->ops->load_head(shop.store, &head, id, NULL), ASSAY_OK);
    return head;
}

Test(kx_core_pay, leaves_a_head_as_it_is_for_the_unpaid)
{
    struct shop_ask ask;
    struct kx_world *w = offer_of(1, &ask);
    struct kx_head_record before = load_head(), after;

    for (int i = 0; i < 100; i++)
        (void)shop_send(&shop, &ask);
    after = load_head();
    cr_expect_eq(after.version, before.version);
    cr_expect_eq(after.amount, before.amount);
    cr_expect_eq(after.status, before.status);
    cr_expect(kaspa_hash_equal(&after.outpoint.txid, &before.outpoint.txid));
    kx_world_free(w);
}

Test(kx_core_pay, moves_a_head_once_for_a_payment)
{
    struct shop_ask ask;
    struct kx_world *w = offer_of(1, &ask);
    struct shop_reply reply = send_with(&ask, shop_seal(&shop, w));
    struct kx_head_record head = load_head();
    json_t *extension;

    cr_expect_eq(reply.status, 200, "%s", reply.rule);
    cr_expect_eq(head.version, 8);
    cr_expect_eq(head.amount, KX_WORLD_HEAD_AMOUNT + KX_WORLD_AMOUNT);
    cr_expect_eq(head.outpoint.index, 0);
    cr_expect(kaspa_hash_equal(&head.outpoint.txid, &shop.txs[0].txid));
    cr_expect_eq(head.status, KX_HEAD_AVAILABLE);
    extension = json_object_get(json_object_get(reply.settlement, "extensions"), "kaspa");
    cr_expect_str_eq(json_string_value(json_object_get(extension, "headVersion")), "7");
    kx_world_free(w);
}

Test(kx_core_pay, gives_the_loser_of_a_head_a_fresh_offer)
{
    struct shop_ask ask;
    struct kx_world *w = offer_of(1, &ask), *other = shop_offer(&shop, &ask, 1);
    const char *first, *second;
    struct shop_reply reply;
    json_t *fresh;

    other_coin(other);
    another_identifier(other);
    first = shop_seal(&shop, w);
    second = shop_seal(&shop, other);
    shop.accepts = false;
    cr_expect_eq(send_with(&ask, first).status, 503);
    reply = send_with(&ask, second);
    cr_expect_eq(reply.status, 402);
    cr_expect_str_eq(reply.error, "invalid_transaction_state");
    cr_expect_eq(json_array_size(json_object_get(reply.offer, "accepts")), 1, "it is claimed");
    shop.accepts = true;
    cr_expect_eq(send_with(&ask, first).status, 200);
    reply = send_with(&ask, second);
    cr_expect_eq(reply.status, 402);
    cr_expect_str_eq(reply.rule, "exact.head.known");
    fresh = json_object_get(json_array_get(json_object_get(reply.offer, "accepts"), 1), "extra");
    cr_expect_str_eq(json_string_value(json_object_get(fresh, "headVersion")), "8");
    cr_expect_eq(shop.submissions, 1);
    kx_world_free(w);
    kx_world_free(other);
}

Test(kx_core_pay, offers_no_head_whose_coin_is_gone)
{
    struct shop_ask ask;
    struct kx_world *w = offer_of(1, &ask);
    const char *payment = shop_seal(&shop, w);
    struct shop_reply reply;

    shop_spend_elsewhere(&shop, &w->spends[0].outpoint, 3);
    reply = send_with(&ask, payment);
    expect_corrective(&reply, "invalid_transaction_state", "exact.transaction.hints", "gone");
    cr_expect_eq(json_array_size(json_object_get(reply.offer, "accepts")), 1);
    cr_expect_eq(load_head().status, KX_HEAD_UNAVAILABLE);
    kx_world_free(w);
}

/* A payment to it that a reorganisation takes back is accepted again, most often; then the head is
 * where it was. */
Test(kx_core_pay, keeps_a_head_whose_coin_nobody_else_has_spent)
{
    struct shop_ask ask;
    struct kx_world *w = offer_of(1, &ask);
    const char *payment = shop_seal(&shop, w);
    struct shop_reply reply;

    shop.coins[0].index++;
    reply = send_with(&ask, payment);
    expect_corrective(&reply, "invalid_transaction_state", "exact.transaction.hints", "away");
    cr_expect_eq(load_head().status, KX_HEAD_AVAILABLE);
    shop.coins[0].index--;
    cr_expect_eq(send_with(&ask, payment).status, 200, "it is back");
    kx_world_free(w);
}

/* The payer's coin is gone, too: whoever has spent that has not spent the head. */
Test(kx_core_pay, keeps_a_head_when_the_payers_coin_is_spent)
{
    struct shop_ask ask;
    struct kx_world *w = offer_of(1, &ask);
    const char *payment = shop_seal(&shop, w);

    shop.coins[0].index++;
    shop_spend_elsewhere(&shop, &w->spends[1].outpoint, 3);
    cr_expect_eq(send_with(&ask, payment).status, 402);
    cr_expect_eq(load_head().status, KX_HEAD_AVAILABLE);
    kx_world_free(w);
}

/* ---- what no node relays ---- */

static void no_fee(struct kx_world *w)
{
    w->plan.change = NULL;
    w->spends[0].utxo.amount = KX_WORLD_AMOUNT;
}

/* The profile allows it. Claimed, it would be held for good. */
Test(kx_core_pay, claims_nothing_that_no_node_relays)
{
    struct kx_world *w = shop_offer(&shop, &report, 0);
    char txids[1][X402_HASH_TEXT_BYTES];
    const char *payment;
    struct shop_reply reply;
    size_t count = 1;

    no_fee(w);
    shop.utxos[0].amount = KX_WORLD_AMOUNT;
    payment = shop_seal(&shop, w);
    reply = send_with(&report, payment);
    expect_corrective(&reply, "invalid_transaction_state", "payment.relayable", "no fee");
    cr_assert_eq(shop.store->ops->unresolved(shop.store, txids, 1, &count, NULL), ASSAY_OK);
    cr_expect_eq(count, 0);
    shop.tells_spent = true;
    shop_accept(&shop, shop_publish(&shop, w), 1);
    cr_expect_eq(send_with(&report, payment).status, 200, "a miner has taken it all the same");
    kx_world_free(w);
}

/* ---- where additive offers are not sold for ---- */

Test(kx_core_pay, takes_no_head_payment_on_another_route)
{
    struct shop_ask ask, other = report;
    struct kx_world *w = offer_of(1, &ask);
    struct shop_reply reply;

    w->url = SHOP_URL "/report";
    reply = send_with(&other, shop_seal(&shop, w));
    expect_corrective(&reply, "invalid_payment_requirements", "exact.offer.match", "route");
    kx_world_free(w);
}
