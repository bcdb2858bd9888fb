/* What the client of a facilitator makes of lies and faults: whatever the role does, the outcome is
 * as it must be, nothing hangs, and nothing that it says reaches a payer. */
#include "facilitator_world.h"
#include "scripted.h"

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

TestSuite(facilitator_outcomes, .init = begin, .fini = end, .timeout = 300);

static const struct {
    const char *name;
    struct facilitator_rule rule;
    enum ref_facilitator_outcome verify, settle;
    bool may_have_moved; /* as settle tells it */
    bool moved;          /* in truth */
} rows[] = {
    {"no to all", {.lie = FACILITATOR_NO}, REF_FACILITATOR_NO, REF_FACILITATOR_NO, false, false},
    {"yes to all", {.lie = FACILITATOR_YES}, REF_FACILITATOR_YES, REF_FACILITATOR_YES, true, false},
    {"another network",
     {.lie = FACILITATOR_OTHER_NETWORK},
     REF_FACILITATOR_YES,
     REF_FACILITATOR_MISMATCH,
     true,
     true},
    {"no transaction",
     {.lie = FACILITATOR_NO_TRANSACTION},
     REF_FACILITATOR_YES,
     REF_FACILITATOR_MISMATCH,
     true,
     true},
    {"another payer",
     {.lie = FACILITATOR_OTHER_PAYER},
     REF_FACILITATOR_YES,
     REF_FACILITATOR_MISMATCH,
     true,
     true},
    {"another amount",
     {.lie = FACILITATOR_OTHER_AMOUNT},
     REF_FACILITATOR_YES,
     REF_FACILITATOR_MISMATCH,
     true,
     true},
    {"denies, and names a transaction",
     {.lie = FACILITATOR_DENIES_WITH_TRANSACTION},
     REF_FACILITATOR_YES,
     REF_FACILITATOR_NO,
     true,
     true},
    {"pending",
     {.lie = FACILITATOR_PENDING},
     REF_FACILITATOR_YES,
     REF_FACILITATOR_PENDING,
     true,
     true},
    {"missing",
     {.shape = FACILITATOR_MISSING},
     REF_FACILITATOR_MALFORMED,
     REF_FACILITATOR_MALFORMED,
     true,
     true},
    {"a text",
     {.shape = FACILITATOR_TEXT},
     REF_FACILITATOR_MALFORMED,
     REF_FACILITATOR_MALFORMED,
     true,
     true},
    {"1",
     {.shape = FACILITATOR_NUMBER},
     REF_FACILITATOR_MALFORMED,
     REF_FACILITATOR_MALFORMED,
     true,
     true},
    {"null for the answer",
     {.shape = FACILITATOR_NULL_ANSWER},
     REF_FACILITATOR_MALFORMED,
     REF_FACILITATOR_MALFORMED,
     true,
     true},
    {"two answers",
     {.shape = FACILITATOR_TWICE},
     REF_FACILITATOR_MALFORMED,
     REF_FACILITATOR_MALFORMED,
     true,
     true},
    {"null",
     {.shape = FACILITATOR_NULL_BODY},
     REF_FACILITATOR_MALFORMED,
     REF_FACILITATOR_MALFORMED,
     true,
     true},
    {"an array",
     {.shape = FACILITATOR_ARRAY_BODY},
     REF_FACILITATOR_MALFORMED,
     REF_FACILITATOR_MALFORMED,
     true,
     true},
    {"empty",
     {.shape = FACILITATOR_EMPTY_BODY},
     REF_FACILITATOR_MALFORMED,
     REF_FACILITATOR_MALFORMED,
     true,
     true},
    {"HTML",
     {.shape = FACILITATOR_HTML_BODY},
     REF_FACILITATOR_MALFORMED,
     REF_FACILITATOR_MALFORMED,
     true,
     true},
    {"deep",
     {.shape = FACILITATOR_DEEP_BODY},
     REF_FACILITATOR_MALFORMED,
     REF_FACILITATOR_MALFORMED,
     true,
     true},
    {"half",
     {.shape = FACILITATOR_HALF_BODY},
     REF_FACILITATOR_MALFORMED,
     REF_FACILITATOR_MALFORMED,
     true,
     true},
    {"slow",
     {.fault = FACILITATOR_SLOW, .delay_ms = 20},
     REF_FACILITATOR_YES,
     REF_FACILITATOR_YES,
     true,
     true},
    {"slow, carried out late",
     {.fault = FACILITATOR_SLOW, .delay_ms = 20, .undone = true},
     REF_FACILITATOR_YES,
     REF_FACILITATOR_YES,
     true,
     true},
    {"reset",
     {.fault = FACILITATOR_RESET},
     REF_FACILITATOR_UNKNOWN,
     REF_FACILITATOR_UNKNOWN,
     true,
     true},
    {"reset before it",
     {.fault = FACILITATOR_RESET, .undone = true},
     REF_FACILITATOR_UNKNOWN,
     REF_FACILITATOR_UNKNOWN,
     true,
     false},
    {"redirect",
     {.fault = FACILITATOR_REDIRECT},
     REF_FACILITATOR_STATUS,
     REF_FACILITATOR_STATUS,
     false,
     false},
    {"oversized",
     {.fault = FACILITATOR_OVERSIZED, .large_bytes = FACILITATOR_LIMIT_BYTES + 1},
     REF_FACILITATOR_MALFORMED,
     REF_FACILITATOR_MALFORMED,
     true,
     true},
    {"as large as may be",
     {.fault = FACILITATOR_OVERSIZED, .large_bytes = 90000},
     REF_FACILITATOR_YES,
     REF_FACILITATOR_YES,
     true,
     true},
    {"bomb",
     {.fault = FACILITATOR_BOMB, .large_bytes = 8 << 20},
     REF_FACILITATOR_MALFORMED,
     REF_FACILITATOR_MALFORMED,
     true,
     true},
    {"500 with yes", {.status = 500}, REF_FACILITATOR_STATUS, REF_FACILITATOR_STATUS, true, true},
    {"502 with a transaction",
     {.status = 502, .lie = FACILITATOR_DENIES_WITH_TRANSACTION},
     REF_FACILITATOR_STATUS,
     REF_FACILITATOR_STATUS,
     true,
     true},
    {"201 with yes", {.status = 201}, REF_FACILITATOR_STATUS, REF_FACILITATOR_STATUS, true, true},
    {"400 with yes",
     {.status = 400},
     REF_FACILITATOR_MISMATCH,
     REF_FACILITATOR_MISMATCH,
     true,
     true},
    {"401 with no",
     {.status = 401, .lie = FACILITATOR_NO},
     REF_FACILITATOR_STATUS,
     REF_FACILITATOR_STATUS,
     false,
     false},
    {"429 with no",
     {.status = 429, .lie = FACILITATOR_NO},
     REF_FACILITATOR_STATUS,
     REF_FACILITATOR_STATUS,
     false,
     false},
};

Test(facilitator_outcomes, tells_every_behaviour_for_what_it_is)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct facilitator_behaviour how = {.verify = rows[i].rule, .settle = rows[i].rule};
        struct facilitator_counts before = facilitator_counts(w.role);
        struct ref_facilitator_answer verified, settled;
        char nonce[32];

        (void)snprintf(nonce, sizeof(nonce), "0x%zx", i);
        facilitator_behave(w.role, &how);
        verified = facilitator_world_verify(&w, nonce);
        settled = facilitator_world_settle(&w, nonce);
        facilitator_expect(rows[i].name, &verified, rows[i].verify);
        facilitator_expect(rows[i].name, &settled, rows[i].settle);
        cr_expect_not(verified.may_have_moved, "row: %s", rows[i].name);
        cr_expect_eq(settled.may_have_moved, rows[i].may_have_moved, "row: %s", rows[i].name);
        cr_expect_eq(facilitator_counts(w.role).moved - before.moved, rows[i].moved, "row: %s",
                     rows[i].name);
        cr_expect_eq(facilitator_counts(w.role).calls[FACILITATOR_SETTLE] -
                         before.calls[FACILITATOR_SETTLE],
                     1, "row: %s: sent once", rows[i].name);
    }
    cr_expect_eq(facilitator_counts(w.role).elsewhere, 0, "no redirect is followed");
}

Test(facilitator_outcomes, never_takes_money_that_may_have_moved_for_unmoved)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect(rows[i].may_have_moved || !rows[i].moved, "row: %s", rows[i].name);
}

/* What an unexpected error comes before or behind nobody can see. */
Test(facilitator_outcomes, takes_an_unexpected_error_for_no_denial)
{
    struct ref_facilitator_answer settled;

    facilitator_behave(w.role,
                       &(struct facilitator_behaviour){.settle = {.lie = FACILITATOR_DENIES}});
    settled = facilitator_world_settle(&w, "0x1");
    facilitator_expect("denial", &settled, REF_FACILITATOR_NO);
    cr_expect(settled.may_have_moved);
    cr_expect_str_eq(settled.reason, "unexpected_settle_error");
}

Test(facilitator_outcomes, gives_up_on_a_silent_one_at_its_deadline)
{
    static const bool undone[] = {false, true};

    for (size_t i = 0; i < ARRAY_LEN(undone); i++) {
        const struct facilitator_behaviour how = {
            .settle = {.fault = FACILITATOR_SILENT, .undone = undone[i]}};
        uint64_t before = facilitator_counts(w.role).moved;
        struct ref_facilitator_answer settled;

        facilitator_behave(w.role, &how);
        settled = facilitator_world_settle_hastily(&w, undone[i] ? "0x1" : "0x2");
        facilitator_expect("silent", &settled, REF_FACILITATOR_UNKNOWN);
        cr_expect_eq(settled.why.code, ASSAY_E_TIMEOUT, "%s", settled.why.text);
        cr_expect(settled.may_have_moved);
        cr_assert(facilitator_await(w.role, FACILITATOR_SETTLE, i + 1, FACILITATOR_PATIENCE_MS));
        cr_assert(facilitator_await_idle(w.role, FACILITATOR_PATIENCE_MS), "its client is gone");
        cr_expect_eq(facilitator_counts(w.role).moved - before, !undone[i]);
    }
}

Test(facilitator_outcomes, asks_again_with_the_same_bytes_until_a_settlement_is_no_more_pending)
{
    const struct facilitator_behaviour how = {.settle = {.lie = FACILITATOR_PENDING, .times = 2}};
    struct ref_facilitator_answer first, second, third;
    struct facilitator_call a, b;

    facilitator_behave(w.role, &how);
    first = facilitator_world_settle(&w, "0x1");
    second = facilitator_world_settle(&w, "0x1");
    third = facilitator_world_settle(&w, "0x1");
    facilitator_expect("first", &first, REF_FACILITATOR_PENDING);
    facilitator_expect("second", &second, REF_FACILITATOR_PENDING);
    facilitator_expect("third", &third, REF_FACILITATOR_YES);
    cr_expect_str_eq(first.reason, X402_REASON_PENDING);
    cr_expect_eq(first.transaction.len, 66);
    cr_expect(assay_bytes_equal(first.transaction, third.transaction));
    cr_expect_eq(facilitator_counts(w.role).moved, 1, "it moves once");
    cr_assert(facilitator_call(w.role, 1, &a) && facilitator_call(w.role, 3, &b));
    cr_expect(assay_bytes_equal(a.body, b.body));
}

static const char secret[] = "stack trace: password=hunter2";

static void expect_no_secret(const struct ref_facilitator_answer *answer)
{
    cr_assert_not_null(answer->reason);
    cr_expect_eq(strncmp(answer->reason, "unexpected_", 11), 0, "%s", answer->reason);
    cr_expect_null(strstr(answer->why.text, "hunter2"), "%s", answer->why.text);
}

Test(facilitator_outcomes, tells_nothing_of_the_facilitators_own_words)
{
    const struct facilitator_rule rule = {.lie = FACILITATOR_NO, .reason = secret};
    struct ref_facilitator_answer verified, settled;

    facilitator_behave(w.role, &(struct facilitator_behaviour){.verify = rule, .settle = rule});
    verified = facilitator_world_verify(&w, "0x1");
    settled = facilitator_world_settle(&w, "0x1");
    facilitator_expect("verify", &verified, REF_FACILITATOR_NO);
    facilitator_expect("settle", &settled, REF_FACILITATOR_NO);
    expect_no_secret(&verified);
    expect_no_secret(&settled);
}

Test(facilitator_outcomes, knows_when_nothing_was_sent)
{
    struct ref_facilitator *client;
    struct ref_facilitator_answer answer;
    const struct x402_ask ask = facilitator_world_ask(&w, "0x1");
    const struct x402_expected expected = {.network = ASSAY_LIT(FACILITATOR_NETWORK)};
    char url[64];

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", (unsigned)unused_port());
    client = facilitator_world_client(url, FACILITATOR_PATIENCE_MS);
    ref_facilitator_settle(client, &answer, &w.arena, &ask, &expected);
    facilitator_expect("nobody there", &answer, REF_FACILITATOR_UNREACHABLE);
    cr_expect_not(answer.may_have_moved);
    ref_facilitator_free(client);
}

#define ANSWER(head, body) "HTTP/1.1 200 OK\r\nConnection: close\r\n" head "\r\n" body
#define DENIED(transaction, reason)                                                                \
    "{\"success\":false,\"transaction\":\"" transaction                                            \
    "\",\"network\":\"\",\"errorReason\":\"" reason "\"}"

static const struct {
    const char *name, *bytes;
    enum ref_facilitator_outcome outcome;
    bool may_have_moved;
} answers[] = {
    {"no", ANSWER("", DENIED("", "insufficient_funds")), REF_FACILITATOR_NO, false},
    {"no, of the identity coding",
     ANSWER("Content-Encoding: Identity\r\n", DENIED("", "insufficient_funds")), REF_FACILITATOR_NO,
     false},
    {"no, coded twice",
     ANSWER("Content-Encoding: identity\r\nContent-Encoding: identity\r\n", DENIED("", "r")),
     REF_FACILITATOR_MALFORMED, true},
    {"no, with a transaction that cannot be told", ANSWER("", DENIED("see the log", "r")),
     REF_FACILITATOR_NO, true},
    {"pending without a transaction", ANSWER("", DENIED("", "settlement_pending")),
     REF_FACILITATOR_MISMATCH, true},
    {"half an answer", ANSWER("Content-Length: 100\r\n", DENIED("", "r")), REF_FACILITATOR_UNKNOWN,
     true},
    {"no HTTP", DENIED("", "r"), REF_FACILITATOR_UNKNOWN, true},
    {"nothing", "", REF_FACILITATOR_UNKNOWN, true},
};

Test(facilitator_outcomes, follow_from_what_was_said_in_every_word)
{
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        const struct scripted_answer said = {assay_str(answers[i].bytes), SCRIPTED_CLOSE};
        const struct x402_expected expected = {.network = ASSAY_LIT(FACILITATOR_NETWORK)};
        const struct x402_ask ask = facilitator_world_ask(&w, "0x1");
        struct scripted *peer = scripted_start(&said, 1);
        struct ref_facilitator_answer answer;
        struct ref_facilitator *client;
        char url[64];

        (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u",
                       (unsigned)scripted_peer(peer).url.port);
        client = facilitator_world_client(url, FACILITATOR_PATIENCE_MS);
        ref_facilitator_settle(client, &answer, &w.arena, &ask, &expected);
        facilitator_expect(answers[i].name, &answer, answers[i].outcome);
        cr_expect_eq(answer.may_have_moved, answers[i].may_have_moved, "row: %s", answers[i].name);
        cr_expect_eq(answer.transaction.len, 0, "row: %s", answers[i].name);
        ref_facilitator_free(client);
        scripted_stop(peer);
    }
}

/* ---- limits of this side ---- */

Test(facilitator_outcomes, are_malformed_where_memory_is_short_for_the_answer)
{
    static const size_t rooms[] = {0, 100, 1000};
    const struct x402_ask ask = facilitator_world_ask(&w, "0x1");
    const struct x402_expected expected = {.network = ASSAY_LIT(FACILITATOR_NETWORK)};

    for (size_t i = 0; i < ARRAY_LEN(rooms); i++) {
        struct assay_arena small = ASSAY_ARENA_INIT(rooms[i]);
        struct ref_facilitator_answer verified, settled, listed;
        struct x402_supported supported;

        ref_facilitator_verify(w.client, &verified, &small, &ask);
        ref_facilitator_settle(w.client, &settled, &small, &ask, &expected);
        ref_facilitator_supported(w.client, &listed, &supported, &small);
        facilitator_expect("verify", &verified, REF_FACILITATOR_MALFORMED);
        facilitator_expect("settle", &settled, REF_FACILITATOR_MALFORMED);
        facilitator_expect("supported", &listed, REF_FACILITATOR_MALFORMED);
        cr_expect_eq(verified.why.code, ASSAY_E_NOMEM, "%s", verified.why.text);
        cr_expect(settled.may_have_moved);
        assay_arena_fini(&small);
    }
}

Test(facilitator_outcomes, are_of_nothing_sent_where_the_request_is_too_large)
{
    enum { LARGE = 5 * X402_DECODED_MAX_BYTES };
    char *large = assay_arena_alloc(&w.arena, LARGE);
    struct x402_ask ask = {.requirements = ASSAY_LIT("{}")};
    struct ref_facilitator_answer answer;

    cr_assert_not_null(large);
    memset(large, '1', LARGE);
    ask.payload = assay_bytes_of(large, LARGE);
    ref_facilitator_settle(w.client, &answer, &w.arena, &ask,
                           &(struct x402_expected){.network = ASSAY_LIT("n:1")});
    facilitator_expect("large", &answer, REF_FACILITATOR_UNREACHABLE);
    cr_expect_eq(answer.why.code, ASSAY_E_TOO_LARGE, "%s", answer.why.text);
    cr_expect_not(answer.may_have_moved);
    cr_expect_eq(facilitator_counts(w.role).calls[FACILITATOR_SETTLE], 0);
}

Test(facilitator_outcomes, need_memory_for_a_client_in_the_first_place)
{
    struct ref_facilitator_options options = REF_FACILITATOR_OPTIONS_DEFAULT;
    struct ref_facilitator *client = NULL;

    options.url = facilitator_url(w.role);
    for (size_t i = 0; i < 2; i++) {
        (void)assay_alloc_fail_after(i);
        cr_expect_eq(ref_facilitator_new(&client, &options, NULL), ASSAY_E_NOMEM);
        (void)assay_alloc_fail_after(SIZE_MAX);
    }
    cr_expect_null(client);
}
