/* A small shop, and the world around it; see pay_shop.h. */
#include "pay_shop.h"

#include "base/base64.h"
#include "base/hash.h"
#include "base/hex.h"
#include "kaspa_x402/exact_payment.h"
#include "net/listen.h"
#include "net/server.h"

#include <stdio.h>

/* ---- the challenge ---- */

static void add_offer(struct assay_buf *out, const struct pay_shop *s, const char *scheme)
{
    struct kaspa_address address;
    struct kaspa_spk spk;
    uint8_t script[KASPA_SPK_MAX_STANDARD_BYTES];

    cr_assert_eq(kaspa_address_decode(&address, NULL, assay_str(s->pay_to)), KASPA_ADDRESS_OK);
    kaspa_address_script(&spk, script, &address);
    assay_buf_printf(out,
                     "{\"scheme\":\"%s\",\"network\":\"%s\",\"amount\":\"%s\",\"asset\":\"KAS\","
                     "\"payTo\":\"%s\",\"maxTimeoutSeconds\":%u,\"extra\":{\"binding\":"
                     "\"kaspa-exact-v2\",\"profile\":\"standard-native\",\"paymentFlow\":"
                     "\"upfront\",\"finality\":\"accepted\",\"transactionEncoding\":"
                     "\"kaspa-sdk-safe-json-v2.0.0\",\"payToScriptPublicKey\":\"0000",
                     scheme, s->network, s->amount, s->pay_to, s->timeout_s);
    assay_buf_add_hex(out, spk.script);
    assay_buf_add_str(out, "\"}}");
}

static void ask(const struct pay_shop *s, struct ref_net_response *response)
{
    struct assay_buf json = ASSAY_BUF_INIT(1 << 16), value = ASSAY_BUF_INIT(1 << 17);

    assay_buf_printf(&json, "{\"x402Version\":2,\"resource\":{\"url\":\"%s\"},\"accepts\":[",
                     s->resource != NULL ? s->resource : s->url);
    if (s->foreign_first) {
        add_offer(&json, s, "upto");
        assay_buf_add_byte(&json, ',');
    }
    add_offer(&json, s, "exact");
    assay_buf_add_str(&json,
                      "],\"extensions\":{\"payment-identifier\":{\"info\":{\"required\":true},"
                      "\"schema\":{\"type\":\"object\"}}}}");
    assay_base64_encode(&value, ASSAY_BASE64_STD, assay_buf_view(&json));
    ref_net_response_add(response, "PAYMENT-REQUIRED", assay_buf_view(&value));
    response->status = 402;
    assay_buf_fini(&json);
    assay_buf_fini(&value);
}

/* ---- the payment ---- */

struct paid {
    struct kx_payment payment;
    struct kaspa_tx tx;
    char txid[X402_HASH_TEXT_BYTES];
};

static void read_payment(struct paid *out, struct assay_arena *arena, struct assay_bytes header)
{
    static const struct kaspa_json_options options = {.unknown_members = true};
    struct assay_json *doc = assay_arena_alloc(arena, sizeof(*doc));
    struct kaspa_claims claims;
    struct assay_bytes json;

    cr_assert_not_null(doc);
    cr_assert_eq(x402_header_decode(&json, arena, header, NULL), ASSAY_OK);
    cr_assert_eq(x402_document_parse(doc, arena, json, true, NULL), ASSAY_OK);
    cr_assert_eq(kx_payment_read(&out->payment, arena, doc, NULL), KX_LOCAL_NONE);
    cr_assert_eq(kaspa_tx_parse(&out->tx, &claims, arena, out->payment.transaction, &options, NULL),
                 ASSAY_OK);
    assay_hex_encode(out->txid, assay_bytes_of(claims.id.at, sizeof(claims.id.at)));
}

static void submit(struct pay_shop *s, const struct kaspa_tx *tx, bool mines)
{
    kaspa_chain_lock_take(s->w.lock);
    (void)kaspa_chain_submit(s->w.chain, tx, NULL, NULL, NULL);
    if (mines)
        cr_assert_eq(kaspa_chain_mine(s->w.chain, &(struct kaspa_mining){.blocks = 2}), ASSAY_OK);
    kaspa_chain_lock_give(s->w.lock);
    kaspa_node_changed(s->w.node);
}

static void serve(struct pay_shop *s, struct assay_bytes header, enum shop_turn turn,
                  struct ref_net_response *response)
{
    struct assay_arena arena = ASSAY_ARENA_INIT((size_t)16 << 20);
    struct assay_buf json = ASSAY_BUF_INIT(4096), value = ASSAY_BUF_INIT(8192);
    struct paid paid;

    read_payment(&paid, &arena, header);
    if (turn != SHOP_FORGES)
        submit(s, &paid.tx, turn != SHOP_POOLS);
    assay_buf_printf(&json,
                     "{\"success\":true,\"transaction\":\"%s\",\"network\":\"%s\","
                     "\"amount\":\"%s\"}",
                     paid.txid, s->network, s->amount);
    assay_base64_encode(&value, ASSAY_BASE64_STD, assay_buf_view(&json));
    if (turn != SHOP_NO_RECEIPT)
        ref_net_response_add(response, "PAYMENT-RESPONSE", assay_buf_view(&value));
    assay_buf_add_str(&response->body, "the goods\n");
    response->status = 200;
    assay_buf_fini(&json);
    assay_buf_fini(&value);
    assay_arena_fini(&arena);
}

/* ---- a request ---- */

static void note_payment(struct pay_shop *s, struct assay_bytes header, struct assay_bytes body)
{
    if (s->paid < SHOP_MANY) {
        assay_sha256_hex(s->headers[s->paid], header);
        (void)snprintf(s->bodies[s->paid], sizeof(s->bodies[0]), "%.*s", (int)body.len,
                       (const char *)body.at);
    }
    s->paid++;
}

static void handle(void *cls, const struct ref_net_request *request,
                   struct ref_net_response *response)
{
    struct assay_bytes header = ref_net_request_header(request, "PAYMENT-SIGNATURE");
    struct pay_shop *s = cls;
    enum shop_turn turn;

    pthread_mutex_lock(&s->lock);
    turn = s->turns[s->requests < s->turn_count ? s->requests : s->turn_count - 1];
    s->requests++;
    if (header.len > 0)
        note_payment(s, header, request->body);
    if (turn == SHOP_BUSY) {
        response->status = 503;
        ref_net_response_add(response, "Retry-After", assay_str(s->retry_after));
    } else if (turn == SHOP_REDIRECTS) {
        response->status = 307;
        ref_net_response_add(response, "Location", assay_str(s->location));
    } else if (turn == SHOP_FAILS) {
        response->status = 500;
    } else if (header.len == 0 || turn == SHOP_ASKS) {
        ask(s, response);
    } else {
        serve(s, header, turn, response);
    }
    pthread_mutex_unlock(&s->lock);
}

/* ---- the world ---- */

static void start_server(struct pay_shop *s)
{
    struct ref_net_server_options options = REF_NET_SERVER_OPTIONS_DEFAULT;
    uint16_t port;

    options.header_max_bytes = 256 << 10;
    options.handle = handle;
    options.cls = s;
    cr_assert_eq(ref_net_listen(&options.listen_fd, &port, ASSAY_LIT("127.0.0.1:0"), false, NULL),
                 ASSAY_OK);
    (void)snprintf(s->origin, sizeof(s->origin), "http://127.0.0.1:%u", (unsigned)port);
    (void)snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%u/goods", (unsigned)port);
    cr_assert_eq(ref_net_server_start(&s->server, &options, NULL), ASSAY_OK);
}

void pay_shop_begin(struct pay_shop *s, unsigned coins)
{
    struct kaspa_wallet_options wallet = {.seed = ASSAY_LIT("a payer"), .network = KASPA_TESTNET};
    struct kaspa_outpoint outpoint;
    struct kaspa_spk spk;

    memset(s, 0, sizeof(*s));
    world_begin(&s->w);
    pthread_mutex_init(&s->lock, NULL);
    wallet.chain = s->w.chain;
    wallet.lock = s->w.lock;
    cr_assert_eq(kaspa_wallet_start(&s->wallet, &wallet, NULL), ASSAY_OK);
    spk = kaspa_wallet_spk(s->wallet);
    for (unsigned i = 0; i < coins; i++)
        cr_assert_eq(kaspa_chain_fund(s->w.chain, &outpoint, &spk, 5 * KAS), ASSAY_OK);
    s->turn_count = 1;
    s->network = "kaspa:testnet-10";
    s->pay_to = s->w.address;
    s->amount = "30000000";
    s->timeout_s = 60;
    s->retry_after = "1";
    start_server(s);
}

void pay_shop_end(struct pay_shop *s)
{
    (void)ref_net_server_stop(s->server, DEADLINE_MS);
    kaspa_wallet_stop(s->wallet);
    pthread_mutex_destroy(&s->lock);
    world_end(&s->w);
}

void pay_shop_script(struct pay_shop *s, const enum shop_turn *turns, size_t count)
{
    cr_assert(count > 0 && count <= SHOP_MANY);
    pthread_mutex_lock(&s->lock);
    memcpy(s->turns, turns, count * sizeof(*turns));
    s->turn_count = count;
    s->requests = 0;
    pthread_mutex_unlock(&s->lock);
}

size_t pay_shop_submissions(struct pay_shop *s)
{
    size_t count;

    kaspa_chain_lock_take(s->w.lock);
    count = kaspa_chain_event_count(s->w.chain);
    kaspa_chain_lock_give(s->w.lock);
    return count;
}

size_t pay_shop_payments(struct pay_shop *s)
{
    size_t different = 0;

    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->paid && i < SHOP_MANY; i++) {
        size_t j = 0;

        while (j < i && strcmp(s->headers[i], s->headers[j]) != 0)
            j++;
        different += j == i;
    }
    pthread_mutex_unlock(&s->lock);
    return different;
}
