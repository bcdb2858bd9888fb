/* `assay serve kaspa-x402 --facilitator` killed before every step of a payment, hung up on, and
 * recovered by an operator: what a facilitator settles is delivered once or given back. */
#include "sold_world.h"

#include <stdio.h>

static struct sold_world w;

static void begin(void)
{
    sold_begin(&w);
}
static void end(void)
{
    sold_end(&w);
}
TestSuite(serve_facilitated_deaths, .init = begin, .fini = end, .timeout = 300);

/* ---- deaths ---- */

static struct http_request bought(const char *nonce)
{
    serve_start(&w.serve);
    cr_assert(sold_comes_to_offer(&w, true));
    return sold_pay(&w, nonce);
}

/* It is killed while the call is held, which is carried out or not. */
static void die_while(enum facilitator_what what, const struct http_request *request, bool undone)
{
    const struct facilitator_rule held = {.fault = FACILITATOR_HELD, .undone = undone};
    const struct facilitator_behaviour verify = {.verify = held}, settle = {.settle = held};
    static const struct facilitator_behaviour honest = {.verify = {.lie = FACILITATOR_HONEST}};
    struct sending sent;

    facilitator_behave(w.role, what == FACILITATOR_VERIFY ? &verify : &settle);
    begin_sending(&sent, &w.serve, request);
    cr_assert(facilitator_await(w.role, what, 1, PATIENCE_MS));
    serve_kill(&w.serve);
    (void)end_sending(&sent);
    forget_sending(&sent);
    facilitator_behave(w.role, &honest);
    serve_start(&w.serve);
    cr_assert(sold_comes_to_offer(&w, true));
}

static void die_in_the_handler(const struct http_request *request)
{
    uint64_t before = origin_executions(w.serve.origin);
    struct sending sent;

    serve_stall_origin(&w.serve);
    begin_sending(&sent, &w.serve, request);
    cr_assert(origin_await(w.serve.origin, before + 1, PATIENCE_MS));
    serve_kill(&w.serve);
    (void)end_sending(&sent);
    forget_sending(&sent);
    serve_answer(&w.serve);
    serve_start(&w.serve);
    cr_assert(sold_comes_to_offer(&w, true));
}

/* ---- the operator ---- */

/* The id of the one that is listed, and that it needs this. */
static void expect_listed(char txid[X402_HASH_TEXT_BYTES], const char *needs)
{
    static const char name[] = "{\"transaction\":\"";
    struct program said;
    char wanted[64];

    (void)snprintf(wanted, sizeof(wanted), "\"needs\":\"%s\"", needs);
    cr_assert_eq(serve_recover(&w.serve, (const char *const[]){NULL}, &said), 2);
    cr_assert(program_says(&said, name) && program_says(&said, wanted) &&
                  program_says(&said, "\"authorization\":{\"from\":\"" SOLD_PAYER "\""),
              "%.*s", (int)said.out.len, (const char *)said.out.at);
    cr_assert_geq(said.out.len, sizeof(name) - 1 + X402_HASH_TEXT_BYTES);
    (void)memcpy(txid, (const char *)said.out.at + sizeof(name) - 1, X402_HASH_TEXT_BYTES - 1);
    txid[X402_HASH_TEXT_BYTES - 1] = '\0';
    program_fini(&said);
}

static void expect_said(const char *txid, const char *option, int status, const char *text)
{
    struct program said;

    cr_expect_eq(serve_recover(&w.serve, (const char *const[]){txid, option, NULL}, &said), status,
                 "%s: %.*s", option, (int)said.err.len, (const char *)said.err.at);
    cr_expect(program_says(&said, text), "%s: %.*s%.*s", option, (int)said.out.len,
              (const char *)said.out.at, (int)said.err.len, (const char *)said.err.at);
    program_fini(&said);
}

static void expect_nothing_left(void)
{
    struct program said;

    cr_expect_eq(serve_recover(&w.serve, (const char *const[]){NULL}, &said), 0, "%.*s",
                 (int)said.out.len, (const char *)said.out.at);
    program_fini(&said);
}

Test(serve_facilitated_deaths, killed_before_the_claim_leaves_nothing)
{
    struct http_request request = bought("0x1");

    die_while(FACILITATOR_VERIFY, &request, false);
    expect_nothing_left();
    expect_bought(&w.serve, serve_send(&w.serve, &request), "after the restart");
    cr_expect_eq(origin_executions(w.serve.origin), 1);
    cr_expect_eq(facilitator_counts(w.role).moved, 1);
    serve_stop(&w.serve);
}

Test(serve_facilitated_deaths, killed_in_the_handler_is_settled_with_what_the_operator_says)
{
    struct http_request request = bought("0x2");
    char txid[X402_HASH_TEXT_BYTES];
    const struct http_exchange *answer;

    die_in_the_handler(&request);
    expect_pending(&w.serve, serve_send(&w.serve, &request), "nobody knows what it did");
    expect_listed(txid, "result");
    expect_said(txid, "--not-run", 0, "\"needs\":\"retry\"");
    expect_bought(&w.serve, serve_send(&w.serve, &request), "it runs again");
    cr_expect_eq(facilitator_counts(w.role).moved, 1);
    expect_nothing_left();

    request = sold_pay(&w, "0x3");
    die_in_the_handler(&request);
    expect_listed(txid, "result");
    expect_said(txid, "--status=201", 0, "\"needs\":\"retry\"");
    answer = serve_send(&w.serve, &request);
    cr_expect_eq(status_of(answer), 201, "%d", status_of(answer));
    cr_expect_gt(header_of(answer, "PAYMENT-RESPONSE").len, 0);
    cr_expect_eq(facilitator_counts(w.role).moved, 2);
    serve_stop(&w.serve);
}

/* One that settles once refuses the second request for it, which proves nothing. */
Test(serve_facilitated_deaths, killed_at_the_settlement_is_delivered_by_the_operators_word)
{
    struct http_request request = bought("0x4");
    char txid[X402_HASH_TEXT_BYTES];
    const struct http_exchange *answer;

    die_while(FACILITATOR_SETTLE, &request, false);
    expect_pending(&w.serve, serve_send(&w.serve, &request), "it was settled, for all it knows");
    expect_listed(txid, "settlement");
    expect_said(txid, "all", 3, "too many");
    expect_said(txid, "--status=200", 3, "another answer");
    expect_said(txid, "--settled=not one", 3, "names a transaction");
    expect_said(txid, "--settled=0xfeed", 0, "\"did\":\"settled\"");
    answer = serve_send(&w.serve, &request);
    expect_bought(&w.serve, answer, "after the operator's word");
    expect_alike(&w.serve, answer, serve_send(&w.serve, &request));
    cr_expect_eq(origin_executions(w.serve.origin), 1);
    cr_expect_eq(facilitator_counts(w.role).moved, 1);
    expect_said(txid, "--not-settled", 3, "is accepted");
    expect_nothing_left();
    serve_stop(&w.serve);
}

Test(serve_facilitated_deaths, killed_at_the_settlement_is_given_back_where_there_was_none)
{
    struct http_request request = bought("0x5");
    char txid[X402_HASH_TEXT_BYTES];

    die_while(FACILITATOR_SETTLE, &request, true);
    expect_listed(txid, "settlement");
    cr_expect_eq(facilitator_counts(w.role).moved, 0);
    expect_said(txid, "--not-settled", 0, "\"did\":\"abandoned\"");
    expect_nothing_left();
    expect_bought(&w.serve, serve_send(&w.serve, &request), "as if it were new");
    cr_expect_eq(facilitator_counts(w.role).moved, 1);
    serve_stop(&w.serve);
}

Test(serve_facilitated_deaths, says_nothing_of_settlements_that_are_none_of_a_facilitators)
{
    struct purchase own;

    serve_start(&w.serve);
    own = serve_buy(&w.serve, "/report");
    expect_bought(&w.serve, serve_send(&w.serve, &own.request), "by itself");
    expect_said(own.cheque.txid_text, "--settled=0xfeed", 3, "no facilitator settles it");
    expect_said(own.cheque.txid_text, "--not-settled", 3, "no facilitator settles it");
    serve_stop(&w.serve);
}

/* ---- a payer who hangs up ---- */

Test(serve_facilitated_deaths, keeps_the_answer_for_a_payer_who_hung_up)
{
    struct http_request request = bought("0x6");

    serve_stall_origin(&w.serve);
    hang_up_in_the_handler(&w.serve, &request, "\"status\":200");
    serve_answer(&w.serve);
    expect_bought(&w.serve, serve_send(&w.serve, &request), "the retry");
    cr_expect_eq(origin_executions(w.serve.origin), 1);
    cr_expect_eq(facilitator_counts(w.role).moved, 1);
    serve_stop(&w.serve);
}

/* ---- defects ---- */

Test(serve_facilitated_deaths, that_heeds_a_hang_up_loses_what_was_settled)
{
    struct http_request request;

    serve_use(&w.serve, "--defect=facilitator.hangup_undelivered");
    request = bought("0x7");
    serve_stall_origin(&w.serve);
    hang_up_in_the_handler(&w.serve, &request, "\"status\":503");
    serve_answer(&w.serve);
    expect_pending(&w.serve, serve_send(&w.serve, &request), "the retry");
    cr_expect_eq(facilitator_counts(w.role).moved, 1, "the payer is charged");
    serve_stop(&w.serve);
}

Test(serve_facilitated_deaths, with_its_store_in_memory_buys_again_after_a_restart)
{
    const struct facilitator_options generous = {.kinds = {{"exact", SOLD_NETWORK, NULL}},
                                                 .reuse = FACILITATOR_EVERY_TIME};
    struct assay_err err = {0};
    struct http_request request;

    cr_assert_eq(facilitator_configure(w.role, &generous, &err), ASSAY_OK, "%s", err.text);
    serve_use(&w.serve, "--defect=x402.replay.memory_only");
    request = bought("0x8");
    expect_bought(&w.serve, serve_send(&w.serve, &request), "first");
    serve_stop(&w.serve);
    serve_start(&w.serve);
    cr_assert(sold_comes_to_offer(&w, true));
    expect_bought(&w.serve, serve_send(&w.serve, &request), "as if it were new");
    cr_expect_eq(facilitator_counts(w.role).moved, 2);
    serve_stop(&w.serve);
}
