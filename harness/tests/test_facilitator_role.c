/* The role `facilitator`: what it takes and remembers, its restarts, what it logs. How it lies and
 * fails is in test_facilitator_lies.c. */
#include "facilitator_world.h"

#include <pthread.h>
#include <stdio.h>

static struct facilitator_world w;

static void begin(void)
{
    facilitator_world_begin(&w, FACILITATOR_ONCE);
}

static void end(void)
{
    facilitator_world_end(&w);
}

TestSuite(facilitator_role, .init = begin, .fini = end, .timeout = 300);

static const struct http_exchange *ask(const char *method, const char *target, const char *body)
{
    return facilitator_world_send(&w, facilitator_url(w.role), method, target, body);
}

static const char *body_of(const struct http_exchange *x)
{
    return facilitator_world_text(&w, x);
}

static enum ref_facilitator_outcome verify(const struct x402_ask *what, const char **reason)
{
    struct ref_facilitator_answer answer;

    ref_facilitator_verify(w.client, &answer, &w.arena, what);
    *reason = answer.reason != NULL ? answer.reason : "";
    return answer.outcome;
}

static enum ref_facilitator_outcome settle(const struct x402_ask *what)
{
    const struct x402_expected expected = {.network = ASSAY_LIT(FACILITATOR_NETWORK)};
    struct ref_facilitator_answer answer;

    ref_facilitator_settle(w.client, &answer, &w.arena, what, &expected);
    return answer.outcome;
}

static void behave(struct facilitator_behaviour how)
{
    facilitator_behave(w.role, &how);
}

/* ---- honest ---- */

Test(facilitator_role, lists_its_kinds)
{
    cr_expect_str_eq(
        body_of(ask("GET", "/supported", NULL)),
        "{\"kinds\":[{\"x402Version\":2,\"scheme\":\"exact\",\"network\":\"eip155:84532\","
        "\"extra\":{\"asset\":\"0xA\"}},{\"x402Version\":2,\"scheme\":\"upto\",\"network\":"
        "\"eip155:84532\"},{\"x402Version\":2,\"scheme\":\"exact\",\"network\":\"solana:1\"}],"
        "\"extensions\":[\"bazaar\"],\"signers\":{\"eip155:*\":[\"0x1\"]}}");
}

Test(facilitator_role, refuses_what_is_none_of_its_payments)
{
    static const struct {
        const char *name, *scheme, *network, *accepted, *amount, *reason;
    } rows[] = {
        {"a good one", "exact", FACILITATOR_NETWORK, "1", "1", ""},
        {"of another kind of its", "exact", "solana:1", "1", "1", ""},
        {"another scheme", "escrow", FACILITATOR_NETWORK, "1", "1", "unsupported_scheme"},
        {"another network", "exact", "eip155:1", "1", "1", "invalid_network"},
        {"a network of another scheme", "upto", "solana:1", "1", "1", "invalid_network"},
        {"another amount than accepted", "exact", FACILITATOR_NETWORK, "1", "2",
         "invalid_payment_requirements"},
        {"a charge below the ceiling", "upto", FACILITATOR_NETWORK, "2", "1", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *payload = assay_arena_printf(&w.arena, "{\"n\":%zu}", i), *reason;
        const struct x402_ask what = facilitator_world_ask_of(
            &w, facilitator_world_terms(&w, rows[i].scheme, rows[i].network, rows[i].accepted),
            facilitator_world_terms(&w, rows[i].scheme, rows[i].network, rows[i].amount), payload);

        cr_expect_eq(verify(&what, &reason),
                     *rows[i].reason == '\0' ? REF_FACILITATOR_YES : REF_FACILITATOR_NO, "row: %s",
                     rows[i].name);
        cr_expect_str_eq(reason, rows[i].reason, "row: %s", rows[i].name);
    }
    cr_expect_eq(facilitator_counts(w.role).payments, ARRAY_LEN(rows));
    cr_expect_eq(facilitator_counts(w.role).settled, 0, "to verify moves nothing");
}

Test(facilitator_role, answers_what_it_cannot_read_with_400_and_what_it_has_not_with_404)
{
    static const struct {
        const char *name, *method, *target, *body;
        int status;
        const char *says;
    } rows[] = {
        {"no JSON", "POST", "/verify", "{", 400,
         "{\"isValid\":false,\"invalidReason\":\"invalid_payload\"}"},
        {"no request", "POST", "/settle", "[]", 400,
         "{\"success\":false,\"errorReason\":\"invalid_payload\",\"transaction\":\"\","
         "\"network\":\"\"}"},
        {"version 1", "POST", "/verify", "{\"x402Version\":1}", 400,
         "{\"isValid\":false,\"invalidReason\":\"invalid_x402_version\"}"},
        {"a query", "GET", "/supported?a=1", NULL, 200, NULL},
        {"another method", "GET", "/settle", NULL, 404, "{\"error\":\"not_found\"}"},
        {"a slash more", "POST", "/verify/", "{}", 404, "{\"error\":\"not_found\"}"},
        {"in capitals", "POST", "/VERIFY", "{}", 404, "{\"error\":\"not_found\"}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct http_exchange *x = ask(rows[i].method, rows[i].target, rows[i].body);

        cr_expect_eq(x->response.status, rows[i].status, "row: %s", rows[i].name);
        if (rows[i].says != NULL)
            cr_expect_str_eq(body_of(x), rows[i].says, "row: %s", rows[i].name);
    }
    cr_expect_eq(facilitator_counts(w.role).payments, 0);
    cr_expect_eq(facilitator_counts(w.role).calls[FACILITATOR_OTHER], 3);
}

/* What makes another payment of it, and what does not. */
Test(facilitator_role, knows_a_payment_by_its_authorization_or_its_payload)
{
    static const struct {
        const char *name, *payload, *amount;
        bool is_same; /* as the first one of its kind */
    } rows[] = {
        {"an authorization", "{\"authorization\":{\"from\":\"0xAB\",\"nonce\":\"0x1f\"}}", "1",
         false},
        {"its letters in capitals", "{\"authorization\":{\"from\":\"0xab\",\"nonce\":\"0x1F\"}}",
         "1", true},
        {"written with escapes", "{\"authorization\":{\"from\":\"0xab\",\"nonce\":\"\\u0030x1f\"}}",
         "1", true},
        {"with another signature",
         "{\"signature\":\"0x2\",\"authorization\":{\"from\":\"0xab\",\"nonce\":\"0x1f\"}}", "1",
         true},
        {"for another amount", "{\"authorization\":{\"from\":\"0xab\",\"nonce\":\"0x1f\"}}", "2",
         true},
        {"another nonce", "{\"authorization\":{\"from\":\"0xab\",\"nonce\":\"0x2f\"}}", "1", false},
        {"of another payer", "{\"authorization\":{\"from\":\"0xac\",\"nonce\":\"0x1f\"}}", "1",
         false},
        {"a payload", "{\"transaction\":\"AB\",\"n\":1}", "1", false},
        {"its members in another order", "{\"n\":1.0,\"transaction\":\"AB\"}", "1", true},
        {"in other letters", "{\"transaction\":\"Ab\",\"n\":1}", "1", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *terms =
            facilitator_world_terms(&w, "exact", FACILITATOR_NETWORK, rows[i].amount);
        const struct x402_ask what = facilitator_world_ask_of(&w, terms, terms, rows[i].payload);

        cr_expect_eq(settle(&what), rows[i].is_same ? REF_FACILITATOR_NO : REF_FACILITATOR_YES,
                     "row: %s", rows[i].name);
    }
    cr_expect_eq(facilitator_counts(w.role).moved, facilitator_counts(w.role).payments);
}

Test(facilitator_role, takes_an_authorization_of_another_asset_for_another_payment)
{
    static const char other[] =
        "{\"scheme\":\"exact\",\"network\":\"" FACILITATOR_NETWORK
        "\",\"amount\":\"1000\",\"asset\":\"0xC\",\"payTo\":\"0xB\",\"maxTimeoutSeconds\":60}";
    const char *payload = "{\"authorization\":{\"from\":\"0xab\",\"nonce\":\"0x1\"}}";
    const char *terms = facilitator_world_terms(&w, "exact", FACILITATOR_NETWORK, "1000");
    const struct x402_ask one = facilitator_world_ask_of(&w, terms, terms, payload);
    const struct x402_ask another = facilitator_world_ask_of(&w, other, other, payload);

    cr_expect_eq(settle(&one), REF_FACILITATOR_YES);
    cr_expect_eq(settle(&another), REF_FACILITATOR_YES);
    cr_expect_eq(facilitator_counts(w.role).payments, 2);
}

Test(facilitator_role, refuses_at_settlement_what_was_never_verified_and_is_not_good)
{
    const char *terms = facilitator_world_terms(&w, "exact", "eip155:1", "1");
    const struct x402_ask what = facilitator_world_ask_of(&w, terms, terms, "{}");

    cr_expect_eq(settle(&what), REF_FACILITATOR_NO);
    cr_expect_eq(facilitator_counts(w.role).moved, 0);
}

static const char *judge(const void *cls, const struct x402_request *request)
{
    return assay_bytes_is(request->requirements.amount, cls) ? NULL : "insufficient_funds";
}

Test(facilitator_role, lets_its_judge_have_the_last_word)
{
    const struct facilitator_options options = {
        .kinds = {{"exact", FACILITATOR_NETWORK, NULL}}, .judge = judge, .cls = "1000"};
    const char *good = facilitator_world_terms(&w, "exact", FACILITATOR_NETWORK, "1000"), *reason;
    const char *other = facilitator_world_terms(&w, "exact", FACILITATOR_NETWORK, "1001");
    const struct x402_ask a = facilitator_world_ask_of(&w, good, good, "{}");
    const struct x402_ask b = facilitator_world_ask_of(&w, other, other, "{}");

    cr_assert_eq(facilitator_configure(w.role, &options, NULL), ASSAY_OK);
    cr_expect_eq(verify(&a, &reason), REF_FACILITATOR_YES);
    cr_expect_eq(verify(&b, &reason), REF_FACILITATOR_NO);
    cr_expect_str_eq(reason, "insufficient_funds");
    cr_expect_eq(settle(&b), REF_FACILITATOR_NO);
}

Test(facilitator_role, has_other_kinds_once_it_is_configured_anew)
{
    const struct facilitator_options options = {.kinds = {{"exact", "n:1", "{\"modes\":[1]}"}}};
    const struct facilitator_options wrong = {.kinds = {{"exact", "n:2", "1"}}};
    const char *url = assay_arena_printf(&w.arena, "%s", facilitator_url(w.role));

    cr_expect_eq(facilitator_world_settle(&w, "0x1").outcome, REF_FACILITATOR_YES);
    cr_assert_eq(facilitator_configure(w.role, &options, NULL), ASSAY_OK);
    cr_expect_eq(facilitator_configure(w.role, &wrong, NULL), ASSAY_E_MALFORMED);
    cr_expect_str_eq(facilitator_url(w.role), url);
    cr_expect_str_eq(body_of(ask("GET", "/supported", NULL)),
                     "{\"kinds\":[{\"x402Version\":2,\"scheme\":\"exact\",\"network\":\"n:1\","
                     "\"extra\":{\"modes\":[1]}}],\"extensions\":[],\"signers\":{}}");
    cr_expect_eq(facilitator_world_settle(&w, "0x2").outcome, REF_FACILITATOR_NO);
    cr_expect_eq(facilitator_counts(w.role).moved, 1);
}

Test(facilitator_role, is_not_started_with_an_extra_that_is_no_object)
{
    static const char *const extras[] = {"", "[]", "{", "{\"a\":1,\"a\":2}"};

    for (size_t i = 0; i < ARRAY_LEN(extras); i++) {
        const struct facilitator_options options = {.kinds = {{"exact", "n:1", extras[i]}}};
        struct facilitator *role = NULL;
        struct assay_err err = {0};

        cr_expect_neq(facilitator_start(&role, &options, &err), ASSAY_OK, "%s", extras[i]);
        cr_expect_not_null(strstr(err.text, "exact on n:1"), "%s", err.text);
        cr_expect_null(role);
    }
}

/* ---- used payments ---- */

Test(facilitator_role, settles_again_or_tells_again_or_refuses)
{
    static const struct {
        const char *name;
        enum facilitator_reuse reuse;
        enum ref_facilitator_outcome again;
        bool is_same_transaction;
        uint64_t moved;
    } rows[] = {
        {"once", FACILITATOR_ONCE, REF_FACILITATOR_NO, false, 1},
        {"the same answer", FACILITATOR_SAME_ANSWER, REF_FACILITATOR_YES, true, 1},
        {"every time", FACILITATOR_EVERY_TIME, REF_FACILITATOR_YES, false, 2},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ref_facilitator_answer first, verified, again;
        struct facilitator_payment payment;

        facilitator_world_end(&w);
        facilitator_world_begin(&w, rows[i].reuse);
        first = facilitator_world_settle(&w, "0x1");
        verified = facilitator_world_verify(&w, "0x1");
        again = facilitator_world_settle(&w, "0x1");
        cr_expect_eq(first.outcome, REF_FACILITATOR_YES, "row: %s", rows[i].name);
        cr_expect_eq(verified.outcome, rows[i].again, "row: %s", rows[i].name);
        cr_expect_eq(again.outcome, rows[i].again, "row: %s", rows[i].name);
        cr_expect_eq(assay_bytes_equal(first.transaction, again.transaction),
                     rows[i].is_same_transaction, "row: %s", rows[i].name);
        cr_expect_eq(facilitator_counts(w.role).settled, 1, "row: %s", rows[i].name);
        cr_expect_eq(facilitator_counts(w.role).moved, rows[i].moved, "row: %s", rows[i].name);
        cr_assert(facilitator_payment(w.role, 1, &payment));
        cr_expect(payment.settled == rows[i].moved && payment.settle == 2 && payment.verify == 1,
                  "row: %s", rows[i].name);
    }
}

Test(facilitator_role, moves_money_once_for_a_settlement_that_was_pending)
{
    facilitator_world_end(&w);
    facilitator_world_begin(&w, FACILITATOR_EVERY_TIME);
    behave((struct facilitator_behaviour){.settle = {.lie = FACILITATOR_PENDING, .times = 2}});
    cr_expect_eq(facilitator_world_settle(&w, "0x1").outcome, REF_FACILITATOR_PENDING);
    cr_expect_eq(facilitator_world_settle(&w, "0x1").outcome, REF_FACILITATOR_PENDING);
    cr_expect_eq(facilitator_world_settle(&w, "0x1").outcome, REF_FACILITATOR_YES);
    cr_expect_eq(facilitator_counts(w.role).moved, 1);
    cr_expect_eq(facilitator_world_settle(&w, "0x1").outcome, REF_FACILITATOR_YES);
    cr_expect_eq(facilitator_counts(w.role).moved, 2, "it is no more pending");
}

Test(facilitator_role, forgets_when_it_is_told_to)
{
    cr_expect_eq(facilitator_world_settle(&w, "0x1").outcome, REF_FACILITATOR_YES);
    facilitator_forget(w.role);
    cr_expect_eq(facilitator_world_verify(&w, "0x1").outcome, REF_FACILITATOR_YES);
    cr_expect_eq(facilitator_world_settle(&w, "0x1").outcome, REF_FACILITATOR_YES);
    cr_expect_eq(facilitator_world_settle(&w, "0x1").outcome, REF_FACILITATOR_NO);
    cr_expect_eq(facilitator_counts(w.role).moved, 2, "what it forgets has moved all the same");
}

/* ---- copies, and restarts ---- */

static void *settle_copy(void *cls)
{
    struct facilitator_world *copy = cls;
    struct ref_facilitator_answer answer = facilitator_world_settle(copy, "0x1");

    return answer.outcome == REF_FACILITATOR_YES ? copy : NULL;
}

/* Settles a copy on a thread of its own, to be awaited. */
static void settle_aside(pthread_t *thread, struct facilitator_world *copy)
{
    *copy = (struct facilitator_world){
        .client = facilitator_world_client(facilitator_url(w.role), FACILITATOR_PATIENCE_MS),
        .arena = ASSAY_ARENA_INIT(8 << 20)};
    cr_assert_eq(pthread_create(thread, NULL, settle_copy, copy), 0);
}

/* Whether it was told that it is settled. */
static bool join_aside(pthread_t thread, struct facilitator_world *copy)
{
    void *was_settled = NULL;

    cr_assert_eq(pthread_join(thread, &was_settled), 0);
    ref_facilitator_free(copy->client);
    assay_arena_fini(&copy->arena);
    return was_settled != NULL;
}

Test(facilitator_role, settles_one_of_many_copies_at_once)
{
    enum { COPIES = 8 };
    struct facilitator_world copies[COPIES];
    pthread_t threads[COPIES];
    size_t settled = 0;

    behave((struct facilitator_behaviour){.settle = {.fault = FACILITATOR_HELD, .undone = true}});
    for (size_t i = 0; i < COPIES; i++)
        settle_aside(&threads[i], &copies[i]);
    cr_expect(facilitator_await(w.role, FACILITATOR_SETTLE, COPIES, FACILITATOR_PATIENCE_MS));
    cr_expect_eq(facilitator_counts(w.role).moved, 0, "all are held");
    facilitator_release(w.role);
    for (size_t i = 0; i < COPIES; i++)
        settled += join_aside(threads[i], &copies[i]);
    cr_expect_eq(settled, 1);
    cr_expect_eq(facilitator_counts(w.role).moved, 1);
}

Test(facilitator_role, ends_what_is_silent_when_it_is_told_to_behave)
{
    struct facilitator_world copy;
    pthread_t thread;

    behave((struct facilitator_behaviour){.settle = {.fault = FACILITATOR_SILENT}});
    settle_aside(&thread, &copy);
    cr_expect(facilitator_await(w.role, FACILITATOR_SETTLE, 1, FACILITATOR_PATIENCE_MS));
    facilitator_release(w.role);
    cr_expect_not(facilitator_await_idle(w.role, 50), "it is not to be released");
    behave((struct facilitator_behaviour){.settle = {.fault = FACILITATOR_SOUND}});
    cr_expect_not(join_aside(thread, &copy));
    cr_expect(facilitator_await_idle(w.role, FACILITATOR_PATIENCE_MS));
}

Test(facilitator_role, comes_back_on_its_port_and_remembers)
{
    const char *url = assay_arena_printf(&w.arena, "%s", facilitator_url(w.role));
    struct facilitator_world copy;
    pthread_t thread;

    behave((struct facilitator_behaviour){.settle = {.fault = FACILITATOR_HELD, .times = 1}});
    settle_aside(&thread, &copy);
    cr_expect(facilitator_await(w.role, FACILITATOR_SETTLE, 1, FACILITATOR_PATIENCE_MS));
    cr_assert_eq(facilitator_restart(w.role, NULL), ASSAY_OK);
    cr_expect_not(join_aside(thread, &copy), "what it held has ended without an answer");
    cr_expect_str_eq(facilitator_url(w.role), url);
    cr_expect_eq(facilitator_world_settle(&w, "0x1").outcome, REF_FACILITATOR_NO);
    cr_expect_eq(facilitator_counts(w.role).calls[FACILITATOR_SETTLE], 2);
    cr_expect_eq(facilitator_counts(w.role).moved, 1, "it was carried out before it was held");
}

/* ---- the log ---- */

Test(facilitator_role, logs_every_byte_that_came_and_what_it_said)
{
    const struct x402_ask what = facilitator_world_ask(&w, "0x1");
    const char *body = facilitator_world_request(&w, &what);
    struct assay_buf text = ASSAY_BUF_INIT(1024);
    const struct http_exchange *x;
    struct facilitator_call call;

    behave((struct facilitator_behaviour){
        .settle = {.lie = FACILITATOR_NO_TRANSACTION, .status = 202}});
    x = ask("POST", "/settle?a=1", body);
    cr_assert(facilitator_call(w.role, 1, &call));
    cr_expect_eq(call.number, 1);
    cr_expect_eq(call.what, FACILITATOR_SETTLE);
    cr_expect_str_eq(call.method, "POST");
    cr_expect_str_eq(call.target, "/settle?a=1");
    cr_expect_not_null(strstr(call.headers, "Content-Type: application/json\n"), "%s",
                       call.headers);
    cr_expect(assay_bytes_is(call.body, body));
    cr_expect(assay_bytes_is(call.reply, body_of(x)));
    cr_expect_eq(call.status, 202);
    cr_expect(call.at_ns > 0 && call.ended_ns >= call.at_ns);
    facilitator_describe(&text, &call);
    cr_expect_str_eq(assay_buf_cstr(&text),
                     "POST /settle?a=1, answered 202: names no transaction; as it must be; sent");
    cr_expect_not(facilitator_call(w.role, 0, &call));
    cr_expect_not(facilitator_call(w.role, 2, &call));
    assay_buf_fini(&text);
}

Test(facilitator_role, describes_what_it_answers_late_or_never)
{
    struct assay_buf text = ASSAY_BUF_INIT(1024);
    struct facilitator_call call;

    behave((struct facilitator_behaviour){.supported = {.fault = FACILITATOR_RESET}});
    (void)ask("GET", "/supported", NULL);
    cr_assert(facilitator_call(w.role, 1, &call));
    facilitator_describe(&text, &call);
    call.ended_ns = 0; /* as it was while it was under way */
    assay_buf_add_byte(&text, '\n');
    facilitator_describe(&text, &call);
    cr_expect_str_eq(assay_buf_cstr(&text),
                     "GET /supported, not answered: honest; as it must be; a reset\n"
                     "GET /supported, not ended: honest; as it must be; a reset");
    assay_buf_fini(&text);
}

Test(facilitator_role, waits_for_what_comes_and_no_longer)
{
    cr_expect(facilitator_await(w.role, FACILITATOR_SETTLE, 0, 0));
    cr_expect_not(facilitator_await(w.role, FACILITATOR_SETTLE, 1, 1));
    cr_expect(facilitator_await_idle(w.role, 0));
    (void)facilitator_world_settle(&w, "0x1");
    cr_expect(facilitator_await(w.role, FACILITATOR_SETTLE, 1, 0));
    cr_expect_not(facilitator_await(w.role, FACILITATOR_VERIFY, 1, 1));
}
