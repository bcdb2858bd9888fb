/* `assay serve kaspa-x402 --facilitator`: what a facilitator settles is sold by the program, over
 * HTTP, beside what it settles itself. What a facilitator may say is in test_kx_facilitated.c; here
 * it is said by the role. */
#include "serve_world.h"

#include "base/base64.h"
#include "net/clock.h"
#include "roles/facilitator.h"

#include <jansson.h>

#define NETWORK "eip155:84532"
#define KIND "exact," NETWORK ",0xasset,0xpayee,{\"version\":\"2\",\"name\":\"USDC\"}"

static struct serve_world w;
static struct facilitator *role;

static void begin(void)
{
    const struct facilitator_options options = {.kinds = {{"exact", NETWORK, NULL}}};
    struct assay_err err = {0};

    cr_assert_eq(facilitator_start(&role, &options, &err), ASSAY_OK, "%s", err.text);
    serve_world_begin(&w);
    serve_use(&w, serve_text(&w, "--facilitator=", facilitator_url(role)));
    serve_use(&w, "--sell=" KIND);
    serve_use(&w, "--facilitator-list=50");
    serve_use(&w, "--facilitator-deadline=2000");
    serve_start(&w);
}
static void end(void)
{
    serve_world_end(&w);
    facilitator_stop(role);
}
TestSuite(serve_facilitated, .init = begin, .fini = end, .timeout = 120);

static json_t *decoded(struct assay_bytes header)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 20);
    json_t *json = NULL;

    if (assay_base64_decode(&text, ASSAY_BASE64_STD, header, NULL) == ASSAY_OK)
        json = json_loads(assay_buf_cstr(&text), 0, NULL);
    assay_buf_fini(&text);
    return json;
}

static json_t *required(void)
{
    const struct http_request request = request_of("GET", "/report?day=1", NULL);
    const struct http_exchange *answer = serve_send(&w, &request);

    cr_assert_eq(status_of(answer), 402, "%d: %s", status_of(answer), body_of(&w, answer));
    return decoded(header_of(answer, "PAYMENT-REQUIRED"));
}

/* Of what is required; NULL: it is not offered. */
static json_t *offer_of(const json_t *from)
{
    json_t *one;
    size_t i;

    json_array_foreach (json_object_get(from, "accepts"), i, one)
        if (strcmp(json_string_value(json_object_get(one, "network")), NETWORK) == 0)
            return one;
    return NULL;
}

/* Each worker asks for its own list, with its first request. */
static bool comes_to_offer(bool wanted)
{
    for (int i = 0; i < PATIENCE_MS / LOOK_AGAIN_MS; i++) {
        json_t *from = required();
        bool is_offered = offer_of(from) != NULL;

        json_decref(from);
        if (is_offered == wanted)
            return true;
        ref_net_wait_ms(LOOK_AGAIN_MS);
    }
    return false;
}

/* The paid request, of that nonce. */
static struct http_request pay(const char *nonce)
{
    struct http_request request = request_of("GET", "/report?day=1", NULL);
    json_t *from = required(), *info, *payment;
    struct assay_buf header = ASSAY_BUF_INIT(1 << 16);
    char *text;

    info = json_object_get(
        json_object_get(json_object_get(from, "extensions"), "payment-identifier"), "info");
    (void)json_object_set_new(info, "id", json_sprintf("an_identifier_%s", nonce));
    payment =
        json_pack("{s:i, s:O, s:{s:s, s:{s:s, s:s}}, s:O}", "x402Version", 2, "accepted",
                  offer_of(from), "payload", "signature", "0x01", "authorization", "from",
                  "0xpayer", "nonce", nonce, "extensions", json_object_get(from, "extensions"));
    cr_assert_not_null(payment, "nothing is offered on %s", NETWORK);
    text = json_dumps(payment, JSON_COMPACT);
    assay_base64_encode(&header, ASSAY_BASE64_STD, assay_str(text));
    cr_assert(http_request_add(&request, "PAYMENT-SIGNATURE",
                               assay_arena_copy(&w.chain.arena, assay_buf_view(&header))));
    assay_buf_fini(&header);
    free(text);
    json_decref(payment);
    json_decref(from);
    return request;
}

Test(serve_facilitated, sells_what_both_have_beside_its_own)
{
    struct http_request request;
    const struct http_exchange *first;
    struct purchase own;

    cr_assert(comes_to_offer(true));
    request = pay("0x1");
    first = serve_send(&w, &request);
    expect_bought(&w, first, "through the facilitator");
    expect_alike(&w, first, serve_send(&w, &request));
    cr_expect_eq(facilitator_counts(role).moved, 1);
    cr_expect_eq(origin_executions(w.origin), 1);
    own = serve_buy(&w, "/report?day=2");
    expect_bought(&w, serve_send(&w, &own.request), "by itself");
}

Test(serve_facilitated, stops_selling_what_the_facilitator_stops_doing)
{
    static const struct facilitator_options other = {.kinds = {{"exact", "eip155:1", NULL}}};
    struct assay_err err = {0};

    cr_assert(comes_to_offer(true));
    cr_assert_eq(facilitator_configure(role, &other, &err), ASSAY_OK, "%s", err.text);
    cr_expect(comes_to_offer(false));
}

Test(serve_facilitated, withholds_what_was_not_settled_and_asks_again)
{
    const struct facilitator_behaviour silent = {
        .settle = {.fault = FACILITATOR_RESET, .times = 1}};
    struct http_request request;
    const struct http_exchange *answer;

    cr_assert(comes_to_offer(true));
    request = pay("0x2");
    facilitator_behave(role, &silent);
    answer = serve_send(&w, &request);
    cr_expect_eq(status_of(answer), 503, "%d: %s", status_of(answer), body_of(&w, answer));
    cr_expect_eq(origin_executions(w.origin), 1);
    answer = serve_send(&w, &request);
    cr_expect(status_of(answer) == 503 || status_of(answer) == 200);
    cr_expect_eq(origin_executions(w.origin), 1);
    cr_expect_eq(facilitator_counts(role).moved, 1);
}

Test(serve_facilitated, sells_on_after_a_restart)
{
    struct http_request request;
    const struct http_exchange *first;

    cr_assert(comes_to_offer(true));
    request = pay("0x3");
    first = serve_send(&w, &request);
    expect_bought(&w, first, "before");
    serve_stop(&w);
    serve_start(&w);
    expect_alike(&w, first, serve_send(&w, &request));
    cr_expect_eq(facilitator_counts(role).moved, 1);
}
