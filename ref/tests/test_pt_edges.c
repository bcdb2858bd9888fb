/* The core of paid tools at the edges of its contract: what a store or a handler says at its limits
 * or when nothing was asked, routes of which several match, and servers without tools
 * (ref/core/paid_tools.h). */
#include "ref/tests/pt_world.h"

TestSuite(pt_edges);

/* paid_tools.h: the longest pattern is the route, so that no wildcard frees what is priced by name,
 * in whatever order they stand. */
Test(pt_edges, the_closest_route_is_taken_in_any_order)
{
    static const struct pt_route routes[] = {
        {"GET", "/a/*", NULL, NULL},
        {"GET", "/a/priced", "0.001", NULL},
        {"GET", "/a/price*", NULL, NULL},
        {"GET", "/*", NULL, NULL},
    };
    enum { COUNT = ARRAY_LEN(routes) };

    EACH_SET(w)
    {
        for (size_t first = 0; first < COUNT; first++) {
            for (int step = 1; step < COUNT; step += 2) { /* and backwards */
                struct pt_route turned[COUNT];

                for (size_t i = 0; i < COUNT; i++)
                    turned[i] = routes[(first + (size_t)step * i) % COUNT];
                w->core.routes = turned;
                w->core.route_count = COUNT;
                cr_expect_eq(world_send(w, (struct ask){.target = "/a/priced"}).status, 402,
                             "from %zu by %d", first, step);
                cr_expect_eq(world_send(w, (struct ask){.target = "/a/price2"}).status, 200,
                             "from %zu by %d", first, step);
            }
        }
    }
}

/* RS-2: at most PT_QUERY_MAX_PIECES. */
Test(pt_edges, a_query_of_too_many_pieces_is_refused_as_such)
{
    char target[16 + 2 * (PT_QUERY_MAX_PIECES + 1)] = "/weather?a";

    EACH_SET(w)
    {
        struct reply reply;
        size_t len = strlen("/weather?a");

        for (size_t i = 1; i < PT_QUERY_MAX_PIECES; i++, len += 2)
            memcpy(target + len, "&a", 3);
        cr_expect_eq(world_send(w, (struct ask){.target = target}).status, 402);
        memcpy(target + len, "&a", 3);
        reply = world_send(w, (struct ask){.target = target});
        cr_expect_eq(reply.status, 400);
        cr_expect_str_eq(reply.rule, "RS-2");
        cr_expect_not_null(strstr(reply.body, "too many pieces"), "%s", reply.body);
    }
}

/* ---- servers without tools ---- */

#define LIST "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}"
#define CALL                                                                                       \
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":"                \
    "\"get_weather\",\"arguments\":{}}}"

Test(pt_edges, a_server_may_have_no_tools)
{
    EACH_SET(w)
    {
        struct reply reply;
        struct assay_err err = {0};

        w->core.mcp_tools = NULL;
        cr_expect_eq(pt_core_check(&w->core, false, &err), ASSAY_OK, "%s", err.text);
        reply = world_send(w, (struct ask){.method = "POST", .target = "/mcp", .body = LIST});
        cr_expect_eq(reply.status, 200);
        cr_expect_not_null(strstr(reply.body, "\"tools\":[]"), "%s", reply.body);
        reply = world_send(w, (struct ask){.method = "POST", .target = "/mcp", .body = CALL});
        cr_expect_neq(reply.status, 402, "nothing is sold that nobody has: %s", reply.body);
        cr_expect_not_null(strstr(reply.body, "\"error\""), "%s", reply.body);
        w->core.mcp_path = NULL;
        cr_expect_eq(pt_core_check(&w->core, false, &err), ASSAY_OK, "%s", err.text);
        reply = world_send(w, (struct ask){.method = "POST", .target = "/mcp", .body = CALL});
        cr_expect_eq(reply.status, 404);
        cr_expect_eq(w->runs, 0);
    }
}

/* ---- handlers ---- */

static uint8_t many[REF_STORE_BODY_MAX_BYTES + 1];

/* CG-1: what is no answer is none that was paid for. */
Test(pt_edges, an_answer_is_whole_or_a_failure)
{
    static const struct {
        const char *name;
        int status;
        size_t body;
        int told;
    } rows[] = {
        {"the longest body", 200, sizeof(many) - 1, 200},
        {"a longer one", 200, sizeof(many), 502},
        {"the last status", 599, 1, 599},
        {"no status", 600, 1, 502},
        {"an interim one", 199, 1, 502},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        EACH_SET(w)
        {
            const struct ask ask = {.proof = world_paid(w, (struct ask){0})};
            struct reply reply;

            memset(many, 'a', sizeof(many));
            w->handler_status = rows[i].status;
            w->handler_body = assay_bytes_of(many, rows[i].body);
            reply = world_send(w, ask);
            cr_expect_eq(reply.status, rows[i].told, "row: %s: %d", rows[i].name, reply.status);
            cr_expect_eq(reply.granted, rows[i].told == 200, "row: %s", rows[i].name);
            w->handler_status = 200;
            w->handler_body = ASSAY_LIT("x");
            reply = world_send(w, ask);
            cr_expect_eq(reply.granted, rows[i].told != 200 && w->core.rules == PT_RULES_HARDENED,
                         "row: %s, then: %d", rows[i].name, reply.status);
        }
    }
}

/* ---- payments ---- */

/* IK-5: who has the key alone, and no payment that is one, is given nothing. */
Test(pt_edges, a_key_opens_no_answer_to_a_proof_that_is_none)
{
    struct world w;
    struct pt_challenge challenge;
    struct pt_proof proof;
    struct reply reply;

    world_open(&w, PT_RULES_HARDENED);
    challenge = world_challenge(&w, (struct ask){.key = "k"});
    proof = world_proof(&w, &challenge);
    cr_assert_eq(world_send(&w, (struct ask){.key = "k", .proof = world_header(&w, &proof)}).status,
                 200);
    proof.signature[0] = proof.signature[0] == '0' ? '1' : '0';
    reply = world_send(&w, (struct ask){.key = "k", .proof = world_header(&w, &proof)});
    cr_expect_eq(reply.status, 402, "%d", reply.status);
    cr_expect_not(reply.replay);
    cr_expect_null(strstr(reply.body, "sun"), "%s", reply.body);
    cr_expect_eq(w.runs, 1);
    world_close(&w);
}

/* ---- what the store says ---- */

/* A request whose payment is to be claimed next. */
static struct pt_core_request *begin(struct world *w, const char *proof, const char *key)
{
    const struct pt_event_request event = {
        .request = {.method = ASSAY_LIT("GET"),
                    .target = ASSAY_LIT("/weather"),
                    .host = ASSAY_LIT("shop.test")},
        .proof = assay_str(proof),
        .key = assay_str(key),
        .now_ms = w->now_ms,
        .last_sweep_ms = w->now_ms,
    };
    struct pt_core_request *r = pt_core_request_new(&w->core);

    cr_assert_not_null(r);
    (void)pt_core_request(r, &event);
    return r;
}

/* IK-1, IK-5: a request that overtook this one has the answer; of another payment under the
 * hardened rules it is not told. */
Test(pt_edges, an_answer_of_who_was_quicker_goes_to_its_own_payment)
{
    EACH_SET(w)
    {
        const struct pt_challenge challenge = world_challenge(w, (struct ask){.key = "k"});
        const struct pt_proof proof = world_proof(w, &challenge);
        bool is_hardened = w->core.rules == PT_RULES_HARDENED;

        for (int is_other = 0; is_other < 2; is_other++) {
            const struct ref_found found = {.answer = {.status = 200, .body = ASSAY_LIT("first")},
                                            .payment = is_other ? ASSAY_LIT("another")
                                                                : assay_str(proof.nonce)};
            struct pt_core_request *r = begin(w, world_header(w, &proof), "k");
            struct pt_action action = pt_core_store(r, ASSAY_OK, REF_CLAIM_FREE, &found);

            cr_assert_eq(action.kind, PT_DO_STORE_BEGIN);
            action = pt_core_store(r, ASSAY_OK, REF_CLAIM_ANSWERED, &found);
            cr_assert_eq(action.kind, PT_DO_RESPOND);
            cr_expect_eq(action.response.status, is_hardened && is_other ? 409 : 200, "%d",
                         action.response.status);
            cr_expect_eq(action.response.replay, !(is_hardened && is_other));
            pt_core_request_free(r);
        }
    }
}

/* Its word on what was not asked delivers nothing. */
Test(pt_edges, a_word_of_the_store_that_was_not_asked_for_delivers_nothing)
{
    EACH_SET(w)
    {
        const struct ref_found found = {.answer = {.status = 200, .body = ASSAY_LIT("first")}};
        struct pt_core_request *r = begin(w, NULL, NULL);
        const struct pt_action action = pt_core_store(r, ASSAY_OK, REF_CLAIM_ANSWERED, &found);

        cr_expect_eq(action.kind, PT_DO_RESPOND);
        cr_expect_eq(action.response.status, 503, "%d", action.response.status);
        cr_expect_not(action.response.granted);
        pt_core_request_free(r);
    }
}

Test(pt_edges, a_request_that_there_is_no_memory_for_is_none)
{
    EACH_SET(w)
    {
        struct pt_core_request *r;

        (void)assay_alloc_fail_after(0);
        r = pt_core_request_new(&w->core);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect_null(r);
        pt_core_request_free(r);
    }
}
