/* The INVALID law (design, section 5): every way we know in which a run can come to nothing, put to
 * the real program. It must not end in 0, and must say which way it was. What is refused before
 * anything is started is in test_usage.c. */
#include "rows.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <sys/pidfd.h>

/* ---- servers that are not what they should be ---- */

#define HEAD(status) "HTTP/1.1 " status "\r\nConnection: close\r\n"
#define TEXT(status, body) HEAD(status) "Content-Type: text/plain\r\n\r\n" body
#define CHALLENGE                                                                                  \
    HEAD("402 Payment Required")                                                                   \
    "Content-Type: application/json\r\n\r\n"                                                       \
    "{\"x402\":{\"version\":1,\"scheme\":\"exact\",\"price\":\"0.001\",\"asset\":\"USDC\","        \
    "\"network\":\"mock\",\"recipient\":\"shop\","                                                 \
    "\"nonce\":\"00000000-0000-4000-8000-000000000001\","                                          \
    "\"expiresAt\":\"2099-01-01T00:00:00.000Z\",\"requestHash\":"                                  \
    "\"b270d8476d5bc7d42710059969ffb6a9dfeed2c68677347d62fe4d2e8405c0b1\"}}"

static const struct answering_with says_401 = {.unpaid = TEXT("401 Unauthorized", "no")},
                                   says_403 = {.unpaid = TEXT("403 Forbidden", "no")},
                                   says_404 = {.unpaid = TEXT("404 Not Found", "no")},
                                   says_429 = {.unpaid = TEXT("429 Too Many Requests", "no")},
                                   says_500 = {.unpaid = TEXT("500 Oh", "oh")},
                                   says_200 = {.unpaid = TEXT("200 OK", "have it")},
                                   says_302 = {.unpaid = HEAD("302 Found") "Location: /\r\n\r\n"},
                                   says_402 = {.unpaid = TEXT("402 Payment Required", "pay")},
                                   says_challenge = {.unpaid = CHALLENGE},
                                   says_ssh = {.unpaid = "SSH-2.0-OpenSSH_9.2\r\n"},
                                   says_tls = {.unpaid = "\x15\x03\x01\x01\x02\x02\x46"},
                                   says_goodbye = {.unpaid = ""}, says_nothing = {.unpaid = NULL},
                                   sells = {.unpaid = CHALLENGE,
                                            .paid = TEXT("200 OK", "fine weather")};

/* ---- 2: nothing selected, nothing judged ---- */

static const struct row selections[] = {
    {.name = "a level that leaves nothing",
     .args = RUN_QUICK("--rules", "base", "--level", "must", "CH-4"),
     .status = 2,
     .says = {"no case was selected", "CH-4: no requirement of it was selected"}},
    {.name = "a level that leaves one of two names nothing",
     .args = RUN_QUICK("--rules", "base", "--level", "must", SPENT, "CH-4"),
     .status = 2,
     .says = {"was not judged: CH-4"}},
    {.name = "a control alone",
     .args = RUN("paid-tools/honest_payment_is_served"),
     .status = 2,
     .says = {"no requirement was judged"}},
    {.name = "an observation alone",
     .args = RUN_PACK(PACKED),
     .way = "OBSERVES",
     .status = 2,
     .says = {"no requirement was judged"}},
    {.name = "a rule that its set only reports",
     .args = RUN_QUICK("--rules", "base", "NS-5"),
     .status = 2,
     .says = {"was not judged: NS-5: reported, not judged"}},
    {.name = "a scenario that skips itself",
     .args = RUN_PACK(PACKED),
     .way = "SKIPS",
     .status = 2,
     .says = {PACKED ": not today"}},
    {.name = "a target that has nothing to judge",
     .args = RUN_TARGET("--level", "may"),
     .target =
         SHOP AT_PORT "\"endpoints\": {\"other\": {\"method\": \"GET\", \"target\": \"/other\"}}}",
     .server = &sells,
     .status = 2,
     .says = {"no requirement was judged"}},
    {.name = "a selftest of no defect",
     .args = {"selftest", "--out", "out", "--correct", "0", "--rules", "base",
              "nonce.unissued_accepted"},
     .status = 2,
     .says = {"0 defects, 0 caught"}},
};

Test(invalid, a_run_that_judges_nothing_exits_2, .timeout = 300)
{
    CHECK_ROWS(selections);
}

static const struct row lacking[] = {
    {.name = "an idea that needs a clock, on a server that is not launched",
     .args = RUN_TARGET("T6-01"),
     .target = SHOP_AT_PORT,
     .server = &sells,
     .status = 2,
     .says = {"was not judged: T6-01", "has no `launch`"}},
    {.name = "a clock that cannot be moved",
     .args = RUN_TARGET("paid-tools/new_expiry_revives_nothing"),
     .target = SHOP_SERVED("0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef")
         PAID_GET ", \"clock\": false}",
     .status = 2,
     .says = {"was not judged: paid-tools/new_expiry_revives_nothing",
              "its clock cannot be moved"}},
    {.name = "an endpoint that the target file does not name",
     .args = RUN_TARGET("paid-tools/free_route_is_free", "RH-2"),
     .target = SHOP_AT_PORT,
     .server = &sells,
     .status = 2,
     .says = {"was not judged: "}},
    {.name = "a surface that the target does not have",
     .args = RUN_TARGET("paid-tools/unpaid_call_runs_no_tool"),
     .target = SHOP_AT_PORT,
     .server = &sells,
     .status = 2,
     .says = {"was not judged: paid-tools/unpaid_call_runs_no_tool"}},
    {.name = "no secret, so that nothing can be paid and every refusal is cheap",
     .args = RUN_TARGET("unpaid-access"),
     .target = SHOP AT_PORT PAID_GET "}",
     .server = &says_challenge,
     .status = 2,
     .says = {"was not judged: threat unpaid-access"}},
    {.name = "no secret, and nothing named",
     .args = RUN_TARGET("--level", "must"),
     .target = SHOP AT_PORT PAID_GET "}",
     .server = &says_challenge,
     .status = 2,
     .says = {"no requirement was judged"}},
    {.name = "runs of the handler that cannot be counted",
     .args = RUN_TARGET("paid-tools/other_method_runs_nothing"),
     .target = SHOP_AT_PORT,
     .server = &sells,
     .status = 2,
     .says = {"was not judged: paid-tools/other_method_runs_nothing", "origin role"}},
};

Test(invalid, what_was_named_and_cannot_be_judged_exits_2, .timeout = 300)
{
    CHECK_ROWS(lacking);
}

/* ---- 2: the target is not there, or not what it should be ---- */

static const struct row unreachable[] = {
    {.name = "a port where nothing listens",
     .args = RUN_TARGET(SPENT),
     .target = SHOP "\"base_url\": \"http://127.0.0.1:1\", " PAID_GET ", " SECRET "}",
     .status = 2,
     .says = {"the target never answered", "is it listening at base_url?"}},
    {.name = "a port that speaks SSH",
     .args = RUN_TARGET(SPENT),
     .target = SHOP_AT_PORT,
     .server = &says_ssh,
     .status = 2,
     .says = {"the target never answered"}},
    {.name = "a port that speaks TLS",
     .args = RUN_TARGET(SPENT),
     .target = SHOP_AT_PORT,
     .server = &says_tls,
     .status = 2,
     .says = {"the target never answered"}},
    {.name = "a port that closes every connection",
     .args = RUN_TARGET(SPENT),
     .target = SHOP_AT_PORT,
     .server = &says_goodbye,
     .status = 2,
     .says = {"the target never answered"}},
};

Test(invalid, a_target_that_never_answers_exits_2, .timeout = 300)
{
    CHECK_ROWS(unreachable);
}

static const struct row silent[] = {
    {.name = "a port that takes connections and never answers",
     .args = RUN_TARGET(SPENT),
     .target = SHOP AT_PORT PAID_GET ", " SECRET ", \"limits\": {\"read_deadline_ms\": 1, "
                                     "\"handler_deadline_ms\": 1}}",
     .server = &says_nothing,
     .status = 2,
     .says = {"the target never answered"}},
};

Test(invalid, a_target_that_keeps_silent_exits_2, .timeout = 300)
{
    CHECK_ROWS(silent);
}

#define ANSWERS(what, with, first, second)                                                         \
    {                                                                                              \
        .name = (what), .args = RUN_TARGET(SPENT), .target = SHOP_AT_PORT, .server = (with),       \
        .status = 2, .says = {first, second},                                                      \
    }

static const struct row answers[] = {
    ANSWERS("every answer 401", &says_401, "every answer was an authentication failure",
            "the credentials the server wants"),
    ANSWERS("every answer 403", &says_403, "every answer was an authentication failure", NULL),
    ANSWERS("every answer 500", &says_500, "every answer was a server error", "the server's log"),
    ANSWERS("every answer 404", &says_404, "the honest path does not work", "404"),
    ANSWERS("every answer 429", &says_429, "the honest path does not work", "429"),
    ANSWERS("every answer a redirect", &says_302, "the honest path does not work", "302"),
    ANSWERS("every answer free", &says_200, "the honest path does not work",
            "expected 402 with a challenge"),
    ANSWERS("a 402 without a challenge", &says_402, "the honest path does not work",
            "its 402 holds no challenge"),
    ANSWERS("a challenge whose payment buys nothing", &says_challenge,
            "the honest path does not work", "paid-tools/honest_payment_is_served"),
};

Test(invalid, a_target_that_always_says_the_same_exits_2, .timeout = 300)
{
    CHECK_ROWS(answers);
}

static const struct row failures[] = {
    {.name = "a shop that takes one proof for ever",
     .args = RUN_TARGET(SPENT),
     .target = SHOP_AT_PORT,
     .server = &sells,
     .status = 1,
     .says = {SPENT " fail", "second use: 200"}},
    {.name = "a failure beside what cannot be judged",
     .args = RUN_TARGET(SPENT, "T6-01"),
     .target = SHOP_AT_PORT,
     .server = &sells,
     .status = 1,
     .says = {"and otherwise INVALID", "was not judged: T6-01"}},
};

Test(invalid, a_failure_whose_control_held_exits_1_all_the_same, .timeout = 300)
{
    CHECK_ROWS(failures);
}

static const struct row wrong_set_up[] = {
    {.name = "a secret that is not the server's",
     .args = RUN_TARGET(SPENT),
     .target = SHOP_SERVED("0123456789abcdef0123456789abcdef", "another-secret-of-the-right-length")
         PAID_GET "}",
     .status = 2,
     .says = {"the honest path does not work", "paid-tools/honest_payment_is_served"}},
    {.name = "a paid endpoint that is free",
     .args = RUN_TARGET(SPENT),
     .target = SHOP_SERVED(
         "0123456789abcdef0123456789abcdef",
         "0123456789abcdef0123456789abcdef") "\"endpoints\": {\"paid_get\": {\"method\": \"GET\", "
                                             "\"target\": \"/free\"}}}",
     .status = 2,
     .says = {"the honest path does not work", "expected 402 with a challenge"}},
    {.name = "a free endpoint that is priced",
     .args = RUN_TARGET(SPENT, "paid-tools/free_route_is_free"),
     .target = SHOP_SERVED(
         "0123456789abcdef0123456789abcdef",
         "0123456789abcdef0123456789abcdef") "\"endpoints\": {\"paid_get\": {\"method\": \"GET\", "
                                             "\"target\": \"/weather\"}, "
                                             "\"free\": {\"method\": \"GET\", \"target\": "
                                             "\"/weather\"}}}",
     .status = 2,
     .says = {"the honest path does not work", "paid-tools/free_route_is_free"}},
    {.name = "a test secret that the reference does not take",
     .args = RUN_QUICK(SPENT),
     .env = {"ASSAY_TEST_SECRET=short"},
     .status = 2,
     .says = {"could not be started", "secret"}},
    {.name = "a handler that is not the origin",
     .args = RUN_TARGET(SPENT),
     .target = SHOP_OF_SHELL("echo ready http://127.0.0.1:@PORT@ ${ORIGIN}; exec tail -f /dev/null",
                             "\"executions\": \"origin\", "),
     .server = &sells,
     .status = 2,
     .says = {"the honest path does not work", "the handler did not run"}},
};

Test(invalid, a_target_file_that_does_not_fit_its_target_exits_2, .timeout = 300)
{
    CHECK_ROWS(wrong_set_up);
}

static const struct row launches[] = {
    {.name = "a command that is not there",
     .args = RUN_TARGET(SPENT),
     .target = SHOP "\"launch\": {\"command\": [\"assay-no-such-program\"], \"ready\": \"ready "
                    "\"}, " PAID_GET ", " SECRET "}",
     .status = 2,
     .says = {"could not be started", "command not found"}},
    {.name = "an end before it was ready",
     .args = RUN_TARGET(SPENT),
     .target = SHOP_OF_SHELL("echo the oven is cold >&2; exit 7", ""),
     .status = 2,
     .says = {"ended with exit status 7 before it was ready", "the oven is cold"}},
    {.name = "a death before it was ready",
     .args = RUN_TARGET(SPENT),
     .target = SHOP_OF_SHELL("kill -9 $$", ""),
     .status = 2,
     .says = {"by signal 9"}},
    {.name = "never ready",
     .args = RUN_TARGET(SPENT),
     .target = SHOP_OF_SHELL("exec tail -f /dev/null", ""),
     .status = 2,
     .says = {"not ready within 400 ms"}},
    {.name = "ready without an address",
     .args = RUN_TARGET(SPENT),
     .target = SHOP_OF_SHELL("echo ready when you are; exec tail -f /dev/null", ""),
     .status = 2,
     .says = {"its ready line names no URL"}},
    {.name = "ready on another machine",
     .args = RUN_TARGET(SPENT),
     .target = SHOP_OF_SHELL("echo ready http://192.0.2.1/; exec tail -f /dev/null", ""),
     .status = 2,
     .says = {"could not be started", "--allow-host 192.0.2.1"}},
    {.name = "ready, and nothing listens there",
     .args = RUN_TARGET(SPENT),
     .target = SHOP_OF_SHELL("echo ready http://127.0.0.1:1; exec tail -f /dev/null", ""),
     .status = 2,
     .says = {"the target never answered"}},
};

Test(invalid, a_target_that_does_not_start_exits_2, .timeout = 300)
{
    CHECK_ROWS(launches);
}

/* ---- 2: scenarios that come to nothing ---- */

#define PACK(what, how, ...)                                                                       \
    {                                                                                              \
        .name = (what), .args = RUN_PACK(PACKED), .way = (how), .status = 2,                       \
        .says = {__VA_ARGS__},                                                                     \
    }

static const struct row packs[] = {
    PACK("a scenario that judges nothing", "JUDGES_NOTHING", "without having judged anything"),
    PACK("a set-up that fails", "SET_UP_FAILS", "the stage was not set"),
    PACK("a worker that crashes", "CRASHES", "ended in the middle of the case"),
    PACK("a worker that leaves", "EXITS", "in the middle of the case, with exit status 0"),
    PACK("a case that never ends", "ENDLESS", "did not end before its deadline and was killed"),
    PACK("a case that eats memory", "GREEDY", "needs more memory than its 256 MiB"),
    PACK("a verdict from another thread", "OTHER_THREAD", "ended in the middle of the case"),
    PACK("a control that fails", "CONTROL_FAILS", "the honest path does not work",
         "the control it rests on failed"),
    PACK("a control that cannot be tried", "CONTROL_UNSUPPORTED", "was not judged: " PACKED,
         "the control it rests on cannot be carried out"),
};

Test(invalid, a_scenario_that_comes_to_nothing_exits_2, .timeout = 300)
{
    CHECK_ROWS(packs);
}

static const struct row self_checks[] = {
    {.name = "a scenario that does not catch what it claims to",
     .args = RUN("--pack", "./pack.so", PACKED),
     .way = "BLIND",
     .status = 2,
     .says = {"does not tell right from wrong", PACKED " said \"pass\" of the correct reference "
                                                       "and \"pass\""}},
    {.name = "a scenario that accuses the correct reference",
     .args = RUN("--pack", "./pack.so", "--target", "target.json", PACKED),
     .target = SHOP_AT_PORT,
     .server = &says_401,
     .way = "ALARMIST",
     .status = 2,
     .says = {PACKED " said \"fail\" of the correct reference"}},
};

Test(invalid, a_self_check_that_fails_exits_2, .timeout = 300)
{
    CHECK_ROWS(self_checks);
}

Test(invalid, a_self_check_passes_over_rows_that_cannot_be_asked, .timeout = 300)
{
    const char *const run[] = {"run", "--out", "out", "--pack", "./pack.so", PACKED, NULL};
    struct program p;

    program_init(&p);
    build_pack(&p, "ROWS_APART");
    program_run(&p, run, NULL);
    cr_expect_eq(p.status, 0, "exit %d", p.status);
    cr_expect(program_says(&p, "self-check: passed for 1 of 1 threats"));
    cr_expect(program_says(&p, "1 unsupported, 1 skipped"));
    program_fini(&p);
}

/* ---- runs that do not come to their end ---- */

static const struct row limits[] = {
    {.name = "a time limit that passes",
     .args = RUN_PACK("--time-limit", "1", PACKED),
     .way = "LONG",
     .status = 2,
     .says = {"the time limit passed before every case had run", "1 of 2 cases had run"}},
    {.name = "a selftest whose time limit passes",
     .args = {"selftest", "--out", "out", "--time-limit", "1", "--jobs", "1", "--rules", "base"},
     .status = 2,
     .says = {"the time limit passed"}},
};

Test(invalid, a_run_out_of_time_exits_2, .timeout = 300)
{
    CHECK_ROWS(limits);
}

static void interrupt_with(int signal_number)
{
    const char *const run[] = {"run",    "--out",     "out",  "--no-self-check",
                               "--pack", "./pack.so", PACKED, NULL};
    const char *const report[] = {"report", "out", NULL};
    struct program p;

    program_init(&p);
    build_pack(&p, "LONG");
    program_start(&p, run, NULL);
    cr_assert(program_await_text(&p, "out/record.jsonl", "\"verdict\":\"pass\"", 60000),
              "the control has run");
    cr_assert_eq(pidfd_send_signal(p.pidfd, signal_number, NULL, 0), 0);
    program_end(&p, 60000);
    cr_expect_eq(p.status, 130, "signal %d: exit %d", signal_number, p.status);
    cr_expect(program_says(&p, "the run was interrupted: 1 of 2 cases had run"));
    program_run(&p, report, NULL);
    cr_expect_eq(p.status, 130, "its report: exit %d", p.status);
    cr_expect(program_says(&p, "INTERRUPTED"), "its report");
    program_fini(&p);
}

Test(invalid, an_interrupted_run_exits_130_and_its_record_says_so, .timeout = 300)
{
    interrupt_with(SIGINT);
    interrupt_with(SIGTERM);
}

/* ---- records ---- */

static void given_record(struct program *p)
{
    const char *const run[] = {"run", "--out", "out", "--no-self-check", SPENT, NULL};

    program_init(p);
    program_run(p, run, NULL);
    cr_assert_eq(p->status, 0, "%s", assay_buf_cstr(&p->err));
}

Test(invalid, a_record_is_never_written_over, .timeout = 300)
{
    const char *const again[] = {"run", "--out", "out", "--no-self-check", SPENT, NULL};
    const char *const below[] = {"run", "--out", "out/run.json/x", "--no-self-check", SPENT, NULL};
    const char *const nowhere[] = {"run", "--out", "/proc/assay", "--no-self-check", SPENT, NULL};
    const char *const other[] = {"replay", "out", "paid-tools/honest_post_is_served", NULL};
    struct assay_buf before = ASSAY_BUF_INIT(1 << 24), after = ASSAY_BUF_INIT(1 << 24);
    struct program p;

    given_record(&p);
    program_read(&p, "out/record.jsonl", &before);
    program_run(&p, again, NULL);
    cr_expect_eq(p.status, 3);
    cr_expect(program_says(&p, "is there already"), "%s", assay_buf_cstr(&p.err));
    program_read(&p, "out/record.jsonl", &after);
    cr_expect(assay_bytes_equal(assay_buf_view(&before), assay_buf_view(&after)));
    program_run(&p, below, NULL);
    cr_expect_eq(p.status, 3, "a folder below a file");
    cr_expect(program_says(&p, "out/run.json/x"));
    program_run(&p, nowhere, NULL);
    cr_expect_eq(p.status, 3, "a folder that cannot be made");
    cr_expect(program_says(&p, "/proc/assay"));
    program_run(&p, other, NULL);
    cr_expect_eq(p.status, 3, "replay of a case that the run does not have");
    cr_expect(program_says(&p, "the run has no case paid-tools/honest_post_is_served"));
    assay_buf_fini(&before);
    assay_buf_fini(&after);
    program_fini(&p);
}

Test(invalid, a_record_that_was_cut_off_reads_as_invalid, .timeout = 300)
{
    const char *const report[] = {"report", "cut.jsonl", NULL};
    struct assay_buf whole = ASSAY_BUF_INIT(1 << 24);
    struct program p;
    size_t last;

    given_record(&p);
    program_read(&p, "out/record.jsonl", &whole);
    cr_assert_gt(whole.len, 2);
    for (last = whole.len - 1; last > 0 && whole.at[last - 1] != '\n'; last--)
        continue;
    program_write(&p, "cut.jsonl", assay_bytes_of(whole.at, last));
    program_run(&p, report, NULL);
    cr_expect_eq(p.status, 130, "without its end event: exit %d", p.status);
    cr_expect(program_says(&p, "no verdict can be given"));
    program_write(&p, "cut.jsonl", assay_bytes_of(whole.at, whole.len - 10));
    program_run(&p, report, NULL);
    cr_expect_eq(p.status, 130, "in the middle of its end event: exit %d", p.status);
    program_write(&p, "cut.jsonl", assay_bytes_of(whole.at, 10));
    program_run(&p, report, NULL);
    cr_expect_eq(p.status, 3, "before its first event");
    cr_expect(program_says(&p, "cut.jsonl"));
    program_write(&p, "cut.jsonl", ASSAY_LIT(""));
    program_run(&p, report, NULL);
    cr_expect_eq(p.status, 3, "empty");
    assay_buf_fini(&whole);
    program_fini(&p);
}

/* ---- known failures ---- */

Test(invalid, a_known_failure_that_passes_is_an_error, .timeout = 300)
{
    static const char known[] =
        "{\"known\": [{\"scenario\": \"" SPENT "\", \"reason\": \"mended tomorrow\"}]}";
    const char *const mended[] = {"run",         "--out", "a", "--no-self-check", "--expectations",
                                  "expect.json", SPENT,   NULL};
    const char *const broken[] = {"run",
                                  "--out",
                                  "b",
                                  "--no-self-check",
                                  "--expectations",
                                  "expect.json",
                                  "--defect",
                                  "nonce.unrecorded",
                                  SPENT,
                                  NULL};
    struct program p;

    program_init(&p);
    program_write(&p, "expect.json", assay_str(known));
    program_run(&p, mended, NULL);
    cr_expect_eq(p.status, 1, "it passes: exit %d", p.status);
    cr_expect(program_says(&p, "expect"), "%s", assay_buf_cstr(&p.out));
    program_run(&p, broken, NULL);
    cr_expect_eq(p.status, 0, "it fails, as expected: exit %d", p.status);
    program_fini(&p);
}
