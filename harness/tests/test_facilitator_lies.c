/* The role `facilitator`: how it lies and fails when it is told to. What a client makes of that is
 * in test_facilitator_outcomes.c. */
#include "facilitator_world.h"

static struct facilitator_world w;

static void begin(void)
{
    facilitator_world_begin(&w, FACILITATOR_ONCE);
}

static void end(void)
{
    facilitator_world_end(&w);
}

TestSuite(facilitator_lies, .init = begin, .fini = end, .timeout = 300);

static const struct http_exchange *ask(const char *method, const char *target, const char *body)
{
    return facilitator_world_send(&w, facilitator_url(w.role), method, target, body);
}

static const char *body_of(const struct http_exchange *x)
{
    return facilitator_world_text(&w, x);
}

static void behave(struct facilitator_behaviour how)
{
    facilitator_behave(w.role, &how);
}

Test(facilitator_lies, lists_more_or_less_when_it_is_told_to)
{
    static const struct {
        enum facilitator_lie lie;
        const char *says, *says_not;
    } rows[] = {
        {FACILITATOR_HONEST, "\"scheme\":\"upto\",\"network\":\"eip155:84532\"", "batch"},
        {FACILITATOR_MORE_KINDS, "\"scheme\":\"upto\",\"network\":\"eip155:1\"", "batch"},
        {FACILITATOR_MORE_SCHEMES, "\"scheme\":\"batch-settlement\",\"network\":\"solana:1\"",
         "eip155:1\""},
        {FACILITATOR_MORE_NETWORKS, "\"scheme\":\"exact\",\"network\":\"kaspa:mainnet\"", "batch"},
        {FACILITATOR_MORE_MODES, "{\"modes\":[\"verify\",\"settle\",\"claim\",\"refund\"]}",
         "batch"},
        {FACILITATOR_MORE_ASSETS, "\"WORTHLESS\"", "\"asset\":\"0xA\""},
        {FACILITATOR_MORE_SIGNERS, "\"signers\":{\"*\":", "\"signers\":{\"eip155:*\""},
        {FACILITATOR_FEWER_KINDS, "\"scheme\":\"exact\",\"network\":\"eip155:84532\"", "upto"},
        {FACILITATOR_NO_KINDS, "{\"kinds\":[],", "exact"},
        {FACILITATOR_YES, "\"scheme\":\"upto\",\"network\":\"eip155:84532\"", "batch"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *body;

        behave((struct facilitator_behaviour){.supported = {.lie = rows[i].lie}});
        body = body_of(ask("GET", "/supported", NULL));
        cr_expect_not_null(strstr(body, rows[i].says), "row %zu: %s", i, body);
        cr_expect_null(strstr(body, rows[i].says_not), "row %zu: %s", i, body);
    }
}

Test(facilitator_lies, shrinks_after_its_first_list_and_recovers)
{
    static const char *const says[] = {"upto", "\"kinds\":[]", "\"kinds\":[]", "upto"};

    behave((struct facilitator_behaviour){
        .supported = {.lie = FACILITATOR_NO_KINDS, .after = 1, .times = 2}});
    for (size_t i = 0; i < ARRAY_LEN(says); i++) {
        const char *body = body_of(ask("GET", "/supported", NULL));

        cr_expect_not_null(strstr(body, says[i]), "call %zu: %s", i, body);
    }
}

Test(facilitator_lies, verifies_what_it_then_refuses)
{
    behave((struct facilitator_behaviour){.verify = {.lie = FACILITATOR_YES_THEN_NO}});
    cr_expect_eq(facilitator_world_verify(&w, "0x1").outcome, REF_FACILITATOR_YES);
    cr_expect_eq(facilitator_world_settle(&w, "0x1").outcome, REF_FACILITATOR_NO);
    cr_expect_eq(facilitator_world_settle(&w, "0x2").outcome, REF_FACILITATOR_YES,
                 "it was not asked of this one");
    cr_expect_eq(facilitator_counts(w.role).moved, 1);
}

Test(facilitator_lies, names_another_transaction_every_time_and_settles_once)
{
    struct ref_facilitator_answer first, again;

    behave((struct facilitator_behaviour){.settle = {.lie = FACILITATOR_OTHER_TRANSACTION}});
    first = facilitator_world_settle(&w, "0x1");
    again = facilitator_world_settle(&w, "0x1");
    cr_expect(first.outcome == REF_FACILITATOR_YES && again.outcome == REF_FACILITATOR_YES);
    cr_expect_not(assay_bytes_equal(first.transaction, again.transaction));
    cr_expect_eq(facilitator_counts(w.role).moved, 1);
}

Test(facilitator_lies, says_yes_without_having_done_anything)
{
    behave((struct facilitator_behaviour){.settle = {.lie = FACILITATOR_YES}});
    cr_expect_eq(facilitator_world_settle(&w, "0x1").outcome, REF_FACILITATOR_YES);
    cr_expect_eq(facilitator_world_settle(&w, "0x1").outcome, REF_FACILITATOR_YES);
    cr_expect_eq(facilitator_counts(w.role).moved, 0);
    behave((struct facilitator_behaviour){.verify = {.lie = FACILITATOR_HONEST}});
    cr_expect_eq(facilitator_world_settle(&w, "0x1").outcome, REF_FACILITATOR_YES,
                 "it can still be settled");
    cr_expect_eq(facilitator_counts(w.role).moved, 1);
}

Test(facilitator_lies, sends_who_follows_its_redirect_to_somebody_who_says_yes)
{
    const struct x402_ask what = facilitator_world_ask(&w, "0x1");
    const struct http_exchange *x;
    struct facilitator_call call;
    const char *location;

    behave((struct facilitator_behaviour){.settle = {.fault = FACILITATOR_REDIRECT}});
    x = ask("POST", "/settle", facilitator_world_request(&w, &what));
    cr_expect_eq(x->response.status, 308);
    location = (const char *)assay_arena_copy(&w.arena,
                                              http_response_header(&x->response, "Location", NULL))
                   .at;
    cr_expect_str_eq(location,
                     assay_arena_printf(&w.arena, "%s/settle", facilitator_elsewhere(w.role)));
    cr_expect_eq(facilitator_counts(w.role).elsewhere, 0);
    x = facilitator_world_send(&w, facilitator_elsewhere(w.role), "POST", "/settle",
                               facilitator_world_request(&w, &what));
    cr_expect_eq(strncmp(body_of(x), "{\"success\":true", 15), 0, "%s", body_of(x));
    cr_expect_eq(facilitator_counts(w.role).elsewhere, 1);
    cr_expect_eq(facilitator_counts(w.role).calls[FACILITATOR_SETTLE], 1);
    cr_expect_eq(facilitator_counts(w.role).moved, 0);
    cr_assert(facilitator_call(w.role, 2, &call));
    cr_expect(call.is_elsewhere);
}

Test(facilitator_lies, bends_its_answer_into_other_shapes)
{
    static const struct {
        enum facilitator_shape shape;
        const char *verify, *supported;
    } rows[] = {
        {FACILITATOR_MISSING, "{\"note\":null}", "{\"note\":null,\"extensions\""},
        {FACILITATOR_TEXT, "{\"isValid\":\"true\"}", "{\"kinds\":\"[{"},
        {FACILITATOR_NUMBER, "{\"isValid\":1}", "{\"kinds\":1,"},
        {FACILITATOR_NULL_ANSWER, "{\"isValid\":null}", "{\"kinds\":null,"},
        {FACILITATOR_TWICE, "{\"isValid\":false,\"isValid\":true}", "{\"kinds\":[],\"kinds\":[{"},
        {FACILITATOR_NULL_BODY, "null", "null"},
        {FACILITATOR_ARRAY_BODY, "[{\"isValid\":true}]", "[{\"kinds\":"},
        {FACILITATOR_EMPTY_BODY, "", ""},
        {FACILITATOR_HTML_BODY, "<!doctype html>", "<!doctype html>"},
        {FACILITATOR_DEEP_BODY, "{\"deep\":[[[[[[", "{\"deep\":[[[["},
        {FACILITATOR_HALF_BODY, "{\"isVal", "{\"kinds\":["},
    };
    const char *terms = facilitator_world_terms(&w, "exact", FACILITATOR_NETWORK, "1");
    const struct x402_ask what = facilitator_world_ask_of(&w, terms, terms, "{}");

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct facilitator_rule rule = {.shape = rows[i].shape};
        const char *verified, *supported;

        behave((struct facilitator_behaviour){.supported = rule, .verify = rule});
        verified = body_of(ask("POST", "/verify", facilitator_world_request(&w, &what)));
        supported = body_of(ask("GET", "/supported", NULL));
        cr_expect_eq(strncmp(verified, rows[i].verify, strlen(rows[i].verify)), 0, "row %zu: %s", i,
                     verified);
        cr_expect_eq(strncmp(supported, rows[i].supported, strlen(rows[i].supported)), 0,
                     "row %zu: %s", i, supported);
    }
}

Test(facilitator_lies, pads_and_compresses_up_to_a_size)
{
    const struct http_exchange *x;

    behave((struct facilitator_behaviour){
        .supported = {.fault = FACILITATOR_OVERSIZED, .large_bytes = 1000000}});
    x = ask("GET", "/supported", NULL);
    cr_expect_eq(x->response.body_bytes, 1000000);
    behave((struct facilitator_behaviour){
        .supported = {.fault = FACILITATOR_BOMB, .large_bytes = 4 << 20}});
    x = ask("GET", "/supported", NULL);
    cr_expect(assay_bytes_is(http_response_header(&x->response, "Content-Encoding", NULL), "gzip"));
    cr_expect_lt(x->response.body_bytes, 40000);
}

Test(facilitator_lies, resets_a_connection)
{
    behave((struct facilitator_behaviour){.supported = {.fault = FACILITATOR_RESET}});
    cr_expect_eq(ask("GET", "/supported", NULL)->outcome, HTTP_CLOSED);
}
