/* The server that sells through a facilitator, with the role; see sold_world.h. */
#include "sold_world.h"

#include "base/base64.h"
#include "net/clock.h"

#include <stdlib.h>

#define KIND "exact," SOLD_NETWORK ",0xasset,0xpayee,{\"version\":\"2\",\"name\":\"USDC\"}"

void sold_begin(struct sold_world *w)
{
    const struct facilitator_options options = {.kinds = {{"exact", SOLD_NETWORK, NULL}}};
    struct assay_err err = {0};

    cr_assert_eq(facilitator_start(&w->role, &options, &err), ASSAY_OK, "%s", err.text);
    serve_world_begin(&w->serve);
    serve_use(&w->serve, serve_text(&w->serve, "--facilitator=", facilitator_url(w->role)));
    serve_use(&w->serve, "--sell=" KIND);
    serve_use(&w->serve, "--facilitator-list=50");
    serve_use(&w->serve, "--facilitator-deadline=60000");
}

void sold_end(struct sold_world *w)
{
    serve_world_end(&w->serve);
    facilitator_stop(w->role);
}

static json_t *decoded(struct assay_bytes header)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 20);
    json_t *json = NULL;

    if (assay_base64_decode(&text, ASSAY_BASE64_STD, header, NULL) == ASSAY_OK)
        json = json_loads(assay_buf_cstr(&text), 0, NULL);
    assay_buf_fini(&text);
    return json;
}

static json_t *required(struct sold_world *w)
{
    const struct http_request request = request_of("GET", "/report?day=1", NULL);
    const struct http_exchange *answer = serve_send(&w->serve, &request);

    cr_assert_eq(status_of(answer), 402, "%d: %s", status_of(answer), body_of(&w->serve, answer));
    return decoded(header_of(answer, "PAYMENT-REQUIRED"));
}

/* Of what is required; NULL: it is not offered. */
static json_t *offer_of(const json_t *from)
{
    json_t *one;
    size_t i;

    json_array_foreach (json_object_get(from, "accepts"), i, one)
        if (strcmp(json_string_value(json_object_get(one, "network")), SOLD_NETWORK) == 0)
            return one;
    return NULL;
}

json_t *sold_offer(struct sold_world *w)
{
    json_t *from = required(w), *offer = json_incref(offer_of(from));

    json_decref(from);
    return offer;
}

size_t sold_offers(struct sold_world *w)
{
    json_t *from = required(w), *one;
    size_t count = 0, i;

    json_array_foreach (json_object_get(from, "accepts"), i, one)
        count += strncmp(json_string_value(json_object_get(one, "network")), "kaspa:", 6) != 0;
    json_decref(from);
    return count;
}

bool sold_comes_to_offer(struct sold_world *w, bool wanted)
{
    for (int i = 0; i < PATIENCE_MS / LOOK_AGAIN_MS; i++) {
        json_t *from = required(w);
        bool is_offered = offer_of(from) != NULL;

        json_decref(from);
        if (is_offered == wanted)
            return true;
        ref_net_wait_ms(LOOK_AGAIN_MS);
    }
    return false;
}

json_t *sold_payload(const char *nonce)
{
    return json_pack("{s:o, s:{s:s, s:s, s:s, s:s, s:s, s:o}}", "signature",
                     json_sprintf("0x%0*d", 130, 1), "authorization", "from", SOLD_PAYER, "to",
                     SOLD_PAYER, "value", "1", "validAfter", "1", "validBefore", "9999999999",
                     "nonce", json_sprintf("0x%064llx", strtoull(nonce, NULL, 16)));
}

struct http_request sold_pay(struct sold_world *w, const char *nonce)
{
    struct http_request request = request_of("GET", "/report?day=1", NULL);
    json_t *from = required(w), *info, *payment;
    struct assay_buf header = ASSAY_BUF_INIT(1 << 16);
    char *text;

    info = json_object_get(
        json_object_get(json_object_get(from, "extensions"), "payment-identifier"), "info");
    (void)json_object_set_new(info, "id", json_sprintf("an_identifier_%s", nonce));
    payment =
        json_pack("{s:i, s:O, s:o, s:O}", "x402Version", 2, "accepted", offer_of(from), "payload",
                  sold_payload(nonce), "extensions", json_object_get(from, "extensions"));
    cr_assert_not_null(payment, "nothing is offered on %s", SOLD_NETWORK);
    text = json_dumps(payment, JSON_COMPACT);
    assay_base64_encode(&header, ASSAY_BASE64_STD, assay_str(text));
    cr_assert(http_request_add(&request, "PAYMENT-SIGNATURE",
                               assay_arena_copy(&w->serve.chain.arena, assay_buf_view(&header))));
    assay_buf_fini(&header);
    free(text);
    json_decref(payment);
    json_decref(from);
    return request;
}
