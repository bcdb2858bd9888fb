/* The role `facilitator` with a client of it; see facilitator_world.h. */
#include "facilitator_world.h"

struct ref_facilitator *facilitator_world_client(const char *url, int64_t deadline_ms)
{
    struct ref_facilitator_options options = REF_FACILITATOR_OPTIONS_DEFAULT;
    struct ref_facilitator *client = NULL;
    struct assay_err err = {0};

    options.url = url;
    options.deadline_ms = deadline_ms;
    options.answer_max_bytes = FACILITATOR_LIMIT_BYTES;
    cr_assert_eq(ref_facilitator_new(&client, &options, &err), ASSAY_OK, "%s", err.text);
    return client;
}

void facilitator_world_begin(struct facilitator_world *w, enum facilitator_reuse reuse)
{
    const struct facilitator_options options = {
        .kinds = {{"exact", FACILITATOR_NETWORK, "{\"asset\":\"0xA\"}"},
                  {"upto", FACILITATOR_NETWORK, NULL},
                  {"exact", "solana:1", NULL}},
        .extensions = "[\"bazaar\"]",
        .signers = "{\"eip155:*\":[\"0x1\"]}",
        .reuse = reuse,
    };
    struct assay_err err = {0};

    *w = (struct facilitator_world){.arena = ASSAY_ARENA_INIT((size_t)256 << 20)};
    cr_assert_eq(facilitator_start(&w->role, &options, &err), ASSAY_OK, "%s", err.text);
    w->client = facilitator_world_client(facilitator_url(w->role), FACILITATOR_PATIENCE_MS);
    w->hasty = facilitator_world_client(facilitator_url(w->role), FACILITATOR_SHORT_MS);
}

void facilitator_world_end(struct facilitator_world *w)
{
    ref_facilitator_free(w->client);
    ref_facilitator_free(w->hasty);
    facilitator_stop(w->role);
    assay_arena_fini(&w->arena);
}

const char *facilitator_world_terms(struct facilitator_world *w, const char *scheme,
                                    const char *network, const char *amount)
{
    return assay_arena_printf(&w->arena,
                              "{\"scheme\":\"%s\",\"network\":\"%s\",\"amount\":\"%s\",\"asset\":"
                              "\"0xA\",\"payTo\":\"0xB\",\"maxTimeoutSeconds\":60}",
                              scheme, network, amount);
}

struct x402_ask facilitator_world_ask_of(struct facilitator_world *w, const char *accepted,
                                         const char *requirements, const char *payload)
{
    const char *paid = assay_arena_printf(
        &w->arena, "{\"x402Version\":2,\"accepted\":%s,\"payload\":%s}", accepted, payload);

    cr_assert_not_null(paid);
    return (struct x402_ask){.payload = assay_str(paid), .requirements = assay_str(requirements)};
}

struct x402_ask facilitator_world_ask(struct facilitator_world *w, const char *nonce)
{
    const char *terms = facilitator_world_terms(w, "exact", FACILITATOR_NETWORK, "1000");

    return facilitator_world_ask_of(
        w, terms, terms,
        assay_arena_printf(&w->arena,
                           "{\"signature\":\"0x0\",\"authorization\":{\"from\":"
                           "\"" FACILITATOR_PAYER "\",\"nonce\":\"%s\"}}",
                           nonce));
}

struct ref_facilitator_answer facilitator_world_verify(struct facilitator_world *w,
                                                       const char *nonce)
{
    const struct x402_ask ask = facilitator_world_ask(w, nonce);
    struct ref_facilitator_answer answer;

    ref_facilitator_verify(w->client, &answer, &w->arena, &ask);
    return answer;
}

static struct ref_facilitator_answer settle_by(struct facilitator_world *w,
                                               struct ref_facilitator *client, const char *nonce)
{
    const struct x402_expected expected = {ASSAY_LIT(FACILITATOR_NETWORK), ASSAY_LIT("1000"),
                                           ASSAY_LIT(FACILITATOR_PAYER)};
    const struct x402_ask ask = facilitator_world_ask(w, nonce);
    struct ref_facilitator_answer answer;

    ref_facilitator_settle(client, &answer, &w->arena, &ask, &expected);
    return answer;
}

struct ref_facilitator_answer facilitator_world_settle(struct facilitator_world *w,
                                                       const char *nonce)
{
    return settle_by(w, w->client, nonce);
}

struct ref_facilitator_answer facilitator_world_settle_hastily(struct facilitator_world *w,
                                                               const char *nonce)
{
    return settle_by(w, w->hasty, nonce);
}

const struct http_exchange *facilitator_world_send(struct facilitator_world *w, const char *origin,
                                                   const char *method, const char *target,
                                                   const char *body)
{
    struct http_request *request = assay_arena_alloc(&w->arena, sizeof(*request));
    struct http_client *client = http_client_new();
    struct http_peer peer = {.allowed_hosts = NULL};
    struct http_exchange *x = NULL;
    struct assay_err err = {0};

    cr_assert(request != NULL && client != NULL);
    cr_assert_eq(assay_url_split(&peer.url, assay_str(origin), NULL), ASSAY_OK);
    *request =
        body != NULL ? http_post(target, "application/json", assay_str(body)) : http_get(target);
    request->method = method;
    cr_assert_eq(http_send(client, &x, &w->arena, &peer, request, FACILITATOR_PATIENCE_MS, &err),
                 ASSAY_OK, "%s", err.text);
    http_client_free(client);
    return x;
}

const char *facilitator_world_text(struct facilitator_world *w, const struct http_exchange *x)
{
    cr_assert_eq(x->outcome, HTTP_ANSWERED, "%s", x->trouble);
    return (const char *)assay_arena_copy(&w->arena, x->response.body).at;
}

const char *facilitator_world_request(struct facilitator_world *w, const struct x402_ask *ask)
{
    struct assay_buf text = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
    const char *copy;

    x402_request_write(&text, ask);
    copy = (const char *)assay_arena_copy(&w->arena, assay_buf_view(&text)).at;
    assay_buf_fini(&text);
    return copy;
}

void facilitator_expect(const char *row, const struct ref_facilitator_answer *answer,
                        enum ref_facilitator_outcome outcome)
{
    cr_expect_eq(answer->outcome, outcome, "row: %s: %s, not %s: %s", row,
                 ref_facilitator_outcome_name(answer->outcome),
                 ref_facilitator_outcome_name(outcome), answer->why.text);
    cr_expect_eq(answer->why.code == ASSAY_OK, outcome == REF_FACILITATOR_YES, "row: %s: %s", row,
                 answer->why.text);
}
