/* `assay serve kaspa-x402` end to end: killed, stopped, hung up on, recovered by an operator, and
 * with the defects of its server. */
#include "serve_world.h"

#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>

enum { COPIES = 32, ROUNDS = 20 };

static struct serve_world w;

static void set_up(void)
{
    serve_world_begin(&w);
}

static void tear_down(void)
{
    serve_world_end(&w);
}

TestSuite(serve_kaspa_deaths, .init = set_up, .fini = tear_down, .timeout = 300);

/* A purchase whose handler has begun and does not answer. */
static void stall_in_the_handler(struct sending *sent, struct purchase *p)
{
    serve_start(&w);
    serve_stall_origin(&w);
    *p = serve_buy(&w, "/report");
    begin_sending(sent, &w, &p->request);
    cr_assert(origin_await(w.origin, 1, PATIENCE_MS));
}

/* Whatever came of it. */
static void give_up_sending(struct sending *sent)
{
    (void)end_sending(sent);
    forget_sending(sent);
}

/* ---- deaths -------------------------------------------------------------------------------------
 */

Test(serve_kaspa_deaths, killed_before_acceptance_serves_once_after_a_restart)
{
    struct sending sent;
    struct purchase p;

    serve_start(&w);
    atomic_store(&w.mines, false);
    p = serve_buy(&w, "/report");
    begin_sending(&sent, &w, &p.request);
    cr_assert(serve_await_mempool(&w, 1));
    serve_kill(&w);
    give_up_sending(&sent);
    cr_expect_eq(origin_executions(w.origin), 0);
    serve_start(&w);
    atomic_store(&w.mines, true);
    cr_assert(serve_await_mempool(&w, 0));
    expect_bought(&w, serve_send(&w, &p.request), "after the restart");
    cr_expect_eq(origin_executions(w.origin), 1);
    cr_expect_eq(serve_submissions(&w), 1);
    serve_stop(&w);
}

Test(serve_kaspa_deaths, killed_in_the_handler_asks_an_operator_and_delivers_what_he_says)
{
    struct sending sent;
    struct purchase p;
    struct program said;
    const struct http_exchange *e;

    stall_in_the_handler(&sent, &p);
    serve_kill(&w);
    give_up_sending(&sent);
    serve_answer(&w);
    serve_start(&w);
    expect_pending(&w, serve_send(&w, &p.request), "after the restart");
    cr_expect_eq(serve_recover(&w, (const char *const[]){NULL}, &said), 2,
                 "something is unresolved");
    cr_expect(program_says(&said, p.cheque.txid_text) &&
                  program_says(&said, "\"needs\":\"result\""),
              "%.*s", (int)said.out.len, (const char *)said.out.at);
    program_fini(&said);
    cr_expect_eq(serve_recover(&w, (const char *const[]){p.cheque.txid_text, NULL}, &said), 2,
                 "the chain cannot say what became of a handler");
    program_fini(&said);
    cr_assert_eq(serve_recover(&w,
                               (const char *const[]){p.cheque.txid_text, "--status=201",
                                                     "--content-type=text/x-known", NULL},
                               &said),
                 0, "%.*s", (int)said.err.len, (const char *)said.err.at);
    program_fini(&said);
    e = serve_send(&w, &p.request);
    cr_expect_eq(status_of(e), 201, "%d %s", status_of(e), body_of(&w, e));
    cr_expect(assay_bytes_is(header_of(e, "Content-Type"), "text/x-known"));
    cr_expect_gt(header_of(e, "PAYMENT-RESPONSE").len, 0);
    cr_expect_eq(origin_executions(w.origin), 1, "it did not run again");
    cr_expect_eq(serve_recover(&w, (const char *const[]){NULL}, &said), 0, "nothing is left");
    program_fini(&said);
    serve_stop(&w);
}

/* What its origin's log proves, nobody else can know. */
Test(serve_kaspa_deaths, runs_a_handler_again_that_an_operator_says_has_not_run)
{
    struct sending sent;
    struct purchase p;
    struct program said;

    stall_in_the_handler(&sent, &p);
    serve_kill(&w);
    give_up_sending(&sent);
    serve_answer(&w);
    serve_start(&w);
    expect_pending(&w, serve_send(&w, &p.request), "after the restart");
    cr_expect_eq(
        serve_recover(&w, (const char *const[]){p.cheque.txid_text, "--not-run", NULL}, &said), 0,
        "%.*s", (int)said.err.len, (const char *)said.err.at);
    cr_expect(program_says(&said, "\"did\":\"reset\"") &&
                  program_says(&said, "\"needs\":\"retry\""),
              "%.*s", (int)said.out.len, (const char *)said.out.at);
    program_fini(&said);
    expect_bought(&w, serve_send(&w, &p.request), "after the operator's word");
    cr_expect_eq(origin_executions(w.origin), 2);
    cr_expect_eq(
        serve_recover(&w, (const char *const[]){p.cheque.txid_text, "--not-run", NULL}, &said), 3,
        "it has a result");
    program_fini(&said);
    serve_stop(&w);
}

/* A backup holds the store for longer than the store itself waits. */
Test(serve_kaspa_deaths, loses_no_result_to_a_busy_store)
{
    enum { LONGER_MS = 6000 };
    struct pollfd ended = {.events = POLLIN};
    struct sending sent;
    struct purchase p;
    sqlite3 *db = NULL;

    stall_in_the_handler(&sent, &p);
    cr_assert_eq(sqlite3_open(serve_text(&w, w.server.folder, "/store"), &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    serve_answer(&w);
    ended.fd = w.server.pidfd;
    cr_assert_eq(poll(&ended, 1, LONGER_MS), 0, "it ends");
    cr_assert_eq(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    expect_bought(&w, end_sending(&sent), "once the store is free");
    forget_sending(&sent);
    cr_expect_eq(origin_executions(w.origin), 1);
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
    serve_stop(&w);
}

Test(serve_kaspa_deaths, lets_an_operator_ask_the_chain_about_all_payments)
{
    struct sending sent[2];
    struct purchase p[2];
    struct program said;

    serve_start(&w);
    atomic_store(&w.mines, false);
    for (size_t i = 0; i < ARRAY_LEN(p); i++) {
        p[i] = serve_buy(&w, "/report");
        begin_sending(&sent[i], &w, &p[i].request);
    }
    cr_assert(serve_await_mempool(&w, ARRAY_LEN(p)));
    serve_kill(&w);
    for (size_t i = 0; i < ARRAY_LEN(p); i++) {
        give_up_sending(&sent[i]);
    }
    cr_expect_eq(serve_recover(&w, (const char *const[]){"all", NULL}, &said), 2, "%.*s",
                 (int)said.err.len, (const char *)said.err.at);
    program_fini(&said);
    atomic_store(&w.mines, true);
    cr_assert(serve_await_mempool(&w, 0));
    cr_expect_eq(serve_recover(&w, (const char *const[]){"all", NULL}, &said), 0, "%.*s",
                 (int)said.err.len, (const char *)said.err.at);
    for (size_t i = 0; i < ARRAY_LEN(p); i++)
        cr_expect(program_says(&said, p[i].cheque.txid_text), "%.*s", (int)said.out.len,
                  (const char *)said.out.at);
    program_fini(&said);
    serve_start(&w);
    for (size_t i = 0; i < ARRAY_LEN(p); i++)
        expect_bought(&w, serve_send(&w, &p[i].request), "accepted by the operator");
    serve_stop(&w);
}

Test(serve_kaspa_deaths, lets_an_operator_ask_the_chain_what_became_of_a_payment)
{
    struct sending sent;
    struct purchase p;
    struct program said;

    serve_start(&w);
    atomic_store(&w.mines, false);
    p = serve_buy(&w, "/report");
    begin_sending(&sent, &w, &p.request);
    cr_assert(serve_await_mempool(&w, 1));
    serve_kill(&w);
    give_up_sending(&sent);
    cr_expect_eq(serve_recover(&w, (const char *const[]){p.cheque.txid_text, NULL}, &said), 2,
                 "%.*s", (int)said.err.len, (const char *)said.err.at);
    program_fini(&said);
    atomic_store(&w.mines, true);
    cr_assert(serve_await_mempool(&w, 0));
    cr_expect_eq(serve_recover(&w, (const char *const[]){p.cheque.txid_text, NULL}, &said), 0,
                 "%.*s", (int)said.err.len, (const char *)said.err.at);
    cr_expect(program_says(&said, "\"did\":\"accepted\""), "%.*s", (int)said.out.len,
              (const char *)said.out.at);
    program_fini(&said);
    serve_start(&w);
    expect_bought(&w, serve_send(&w, &p.request), "accepted by the operator");
    cr_expect_eq(serve_submissions(&w), 1);
    serve_stop(&w);
}

Test(serve_kaspa_deaths, recovers_nothing_that_it_does_not_know)
{
    static const char *const rows[][5] = {
        {"0000000000000000000000000000000000000000000000000000000000000000", NULL},
        {"0000000000000000000000000000000000000000000000000000000000000000", "--status=200", NULL},
        {"no transaction", NULL},
        {"--status=200", NULL},
        {"--not-run", NULL},
        {"all", "--not-run", NULL},
        {"0000000000000000000000000000000000000000000000000000000000000000", "--not-run", NULL},
        {"0000000000000000000000000000000000000000000000000000000000000000", "--not-run",
         "--status=200"},
        {"--body=file", NULL},
    };

    serve_start(&w);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct program said;

        cr_expect_eq(serve_recover(&w, rows[i], &said), 3, "row %zu", i);
        cr_expect_gt(said.err.len, 0);
        program_fini(&said);
    }
    serve_stop(&w);
}

Test(serve_kaspa_deaths, goes_on_when_a_worker_dies)
{
    struct purchase p;
    pid_t workers[SERVE_WORKERS];

    serve_start(&w);
    p = serve_buy(&w, "/report");
    expect_bought(&w, serve_send(&w, &p.request), "first");
    serve_workers(&w, workers);
    for (size_t i = 0; i < SERVE_WORKERS; i++)
        cr_assert_eq(kill(workers[i], SIGKILL), 0);
    cr_assert(program_await_text(&w.server, "stderr", "is replaced", PATIENCE_MS));
    expect_bought(&w, serve_send(&w, &p.request), "afterwards");
    cr_expect_eq(origin_executions(w.origin), 1);
    serve_stop(&w);
}

/* ---- stops --------------------------------------------------------------------------------------
 */

Test(serve_kaspa_deaths, answers_what_runs_when_it_is_stopped)
{
    struct sending sent;
    struct purchase p;

    stall_in_the_handler(&sent, &p);
    cr_assert_eq(kill(w.server.pid, SIGTERM), 0);
    origin_release(w.origin);
    expect_bought(&w, end_sending(&sent), "while it stops");
    forget_sending(&sent);
    program_end(&w.server, PATIENCE_MS);
    cr_expect_eq(w.server.status, 0);
}

Test(serve_kaspa_deaths, leaves_what_the_chain_has_not_accepted_for_the_retry_when_it_is_stopped)
{
    struct sending sent;
    struct purchase p;

    serve_use(&w, "--stop-deadline=100");
    serve_start(&w);
    atomic_store(&w.mines, false);
    p = serve_buy(&w, "/report");
    begin_sending(&sent, &w, &p.request);
    cr_assert(serve_await_mempool(&w, 1));
    cr_assert_eq(kill(w.server.pid, SIGTERM), 0);
    program_end(&w.server, PATIENCE_MS);
    cr_expect_eq(w.server.status, 0);
    give_up_sending(&sent);
    atomic_store(&w.mines, true);
    cr_assert(serve_await_mempool(&w, 0));
    serve_start(&w);
    expect_bought(&w, serve_send(&w, &p.request), "after the restart");
    cr_expect_eq(serve_submissions(&w), 1);
    serve_stop(&w);
}

Test(serve_kaspa_deaths, keeps_the_answer_for_a_payer_who_hung_up)
{
    struct purchase p;

    serve_start(&w);
    serve_stall_origin(&w);
    p = serve_buy(&w, "/report");
    hang_up_in_the_handler(&w, &p.request, "\"status\":200");
    serve_answer(&w);
    expect_bought(&w, serve_send(&w, &p.request), "the retry");
    cr_expect_eq(origin_executions(w.origin), 1);
    serve_stop(&w);
}

/* ---- defects ------------------------------------------------------------------------------------
 */

/* Which worker gets a connection is chance, so this has many rounds. */
Test(serve_kaspa_deaths, with_a_store_per_worker_buys_twice)
{
    uint64_t round = 0;

    serve_use(&w, "--scope-running=0");
    serve_use(&w, "--quota=0");
    serve_use(&w, "--defect=kx.replay.per_worker");
    serve_start(&w);
    for (; round < ROUNDS && origin_executions(w.origin) <= round; round++) {
        struct purchase p = serve_buy(&w, "/report");
        int statuses[COPIES];

        serve_send_copies(&w, &p.request, statuses, COPIES);
    }
    cr_expect_gt(origin_executions(w.origin), round);
    serve_stop(&w);
}

Test(serve_kaspa_deaths, with_its_store_in_memory_forgets_at_a_restart)
{
    struct purchase p;

    serve_use(&w, "--defect=kx.replay.memory_only");
    serve_start(&w);
    p = serve_buy(&w, "/report");
    expect_bought(&w, serve_send(&w, &p.request), "first");
    serve_stop(&w);
    serve_start(&w);
    expect_bought(&w, serve_send(&w, &p.request), "as if it were new");
    cr_expect_eq(origin_executions(w.origin), 2);
    serve_stop(&w);
}

Test(serve_kaspa_deaths, that_forgets_start_marks_runs_the_handler_again)
{
    struct sending sent;
    struct purchase p;

    serve_use(&w, "--defect=kx.handler.restart_reruns");
    stall_in_the_handler(&sent, &p);
    serve_kill(&w);
    give_up_sending(&sent);
    serve_answer(&w);
    serve_start(&w);
    expect_bought(&w, serve_send(&w, &p.request), "run again");
    cr_expect_eq(origin_executions(w.origin), 2);
    serve_stop(&w);
}

Test(serve_kaspa_deaths, that_heeds_a_hang_up_loses_the_answer)
{
    struct purchase p;

    serve_use(&w, "--defect=kx.handler.hang_up_forgets");
    serve_start(&w);
    serve_stall_origin(&w);
    p = serve_buy(&w, "/report");
    hang_up_in_the_handler(&w, &p.request, "\"status\":503");
    serve_answer(&w);
    expect_pending(&w, serve_send(&w, &p.request), "the retry");
    serve_stop(&w);
}

Test(serve_kaspa_deaths, lets_no_header_of_the_handler_become_two_unless_it_copies_them)
{
    static const struct origin_rule forged = {
        .behaviour = ORIGIN_ANSWER, .head_lines = "X-Goods: gold\rSet-Cookie: stolen=1\r\n"};

    for (int defect = 0; defect < 2; defect++) {
        struct purchase p;
        const struct http_exchange *e;

        if (defect == 1)
            serve_use(&w, "--defect=kx.http.header_injection");
        serve_start(&w);
        origin_behave(w.origin, &forged);
        p = serve_buy(&w, "/report");
        e = serve_send(&w, &p.request);
        expect_bought(&w, e, "with a forged header");
        cr_expect_eq(header_of(e, "Set-Cookie").len > 0, defect == 1);
        expect_alike(&w, e, serve_send(&w, &p.request));
        serve_stop(&w);
    }
}
