/* Library adapters played by shells: honest ones, and every way of going wrong. */
#include "target/adapter.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000 };

static struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);

static void free_arena(void)
{
    assay_arena_fini(&arena);
}

TestSuite(adapter, .fini = free_arena);

/* A shell that answers every request line, whose id it takes out first. */
#define EACH(answer) "while read -r l; do id=${l##*'\"id\":'}; id=${id%%,*}; " answer "; done"
#define SAY(text) "echo \"{\\\"id\\\":$id,\\\"" text "}\""

static struct adapter *start(const char *script)
{
    const char **argv = assay_arena_alloc(&arena, 4 * sizeof(*argv));
    struct assay_err err = {0};
    struct adapter *a = NULL;

    argv[0] = "sh";
    argv[1] = "-c";
    argv[2] = script;
    cr_assert_eq(adapter_start(&a, &arena, argv, NULL, &err), ASSAY_OK, "%s", err.text);
    return a;
}

static uint64_t ask(struct adapter *a, const char *op)
{
    struct assay_err err = {0};
    uint64_t id = 0;

    cr_assert_eq(adapter_ask(a, &id, op, NULL, &err), ASSAY_OK, "%s", err.text);
    return id;
}

static const struct {
    const char *name, *script;
    enum adapter_status status;
    const char *text;
} answers[] = {
    {"ok", EACH(SAY("ok\\\":{\\\"a\\\":1}")), ADAPTER_OK, ""},
    {"ok null", EACH(SAY("ok\\\":null")), ADAPTER_OK, ""},
    {"refused with a text", EACH(SAY("refused\\\":\\\"too old\\\"")), ADAPTER_REFUSED, "too old"},
    {"refused with an object",
     EACH(SAY("refused\\\":{\\\"rule\\\":\\\"R\\\",\\\"reason\\\":\\\"late\\\"}")), ADAPTER_REFUSED,
     "late"},
    {"unsupported", EACH(SAY("unsupported\\\":\\\"no such operation\\\"")), ADAPTER_UNSUPPORTED,
     "no such operation"},
    {"error", EACH(SAY("error\\\":\\\"bad\\\\u001b[2J\\\"")), ADAPTER_ERROR, "bad\\x1B[2J"},
    {"ends with a status", "read l; echo oh no >&2; exit 7", ADAPTER_CRASHED,
     "ended with exit status 7 before the answer; its stderr ends: oh no"},
    {"killed", "read l; kill -11 $$", ADAPTER_CRASHED, "ended by signal 11 before the answer"},
    {"closes its output", "exec >&-; exec 2>&-; while read l; do :; done", ADAPTER_CRASHED,
     "closed its output before the answer"},
    {"no JSON", "read l; echo 'Segfault imminent'; exec tail -f /dev/null", ADAPTER_GARBLED,
     "a line that is no JSON object: Segfault imminent"},
    {"an array", "read l; echo '[1]'; exec tail -f /dev/null", ADAPTER_GARBLED,
     "a line that is no JSON object: [1]"},
    {"an empty line", "read l; echo; exec tail -f /dev/null", ADAPTER_GARBLED,
     "a line that is no JSON object: "},
    {"a member twice", "read l; echo '{\"id\":1,\"ok\":1,\"ok\":2}'; exec tail -f /dev/null",
     ADAPTER_GARBLED, "a line that is no"},
    {"another id", "read l; echo '{\"id\":99,\"ok\":1}'; exec tail -f /dev/null", ADAPTER_GARBLED,
     "no proper answer"},
    {"an id that is a text", "read l; echo '{\"id\":\"1\",\"ok\":1}'; exec tail -f /dev/null",
     ADAPTER_GARBLED, "no proper answer"},
    {"two answers in one", EACH(SAY("ok\\\":1,\\\"error\\\":\\\"x\\\"")), ADAPTER_GARBLED,
     "no proper answer"},
    {"no answer in it", EACH(SAY("result\\\":1")), ADAPTER_GARBLED, "no proper answer"},
    {"half a line", "read l; printf '{\"id\":1,\"ok\":1}'; exit 0", ADAPTER_CRASHED,
     "ended with exit status 0"},
};

Test(adapter, tells_each_answer_and_each_way_of_failing_apart)
{
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct adapter *a = start(answers[i].script);
        struct adapter_answer answer;

        adapter_await(a, ask(a, "x"), PATIENCE_MS, &answer);
        cr_expect_eq(answer.status, answers[i].status, "%s: status %d, %s", answers[i].name,
                     (int)answer.status, answer.text);
        cr_expect_eq(strncmp(answer.text, answers[i].text, strlen(answers[i].text)), 0, "%s: %s",
                     answers[i].name, answer.text);
        cr_expect_eq(answer.value != NULL, answer.status <= ADAPTER_ERROR, "%s", answers[i].name);
        adapter_answer_fini(&answer);
        adapter_free(a);
    }
}

Test(adapter, gets_the_operation_with_its_members_on_one_line)
{
    struct adapter *a =
        start("read -r l; printf '{\"id\":1,\"ok\":%s}\\n' \"$l\"; exec tail -f /dev/null");
    json_t *in = json_pack("{s:s, s:[i,i]}", "text", "a\nb", "list", 1, 2);
    json_t *expected =
        json_pack("{s:s, s:[i,i], s:i, s:s}", "text", "a\nb", "list", 1, 2, "id", 1, "op", "do.it");
    struct adapter_answer answer;
    uint64_t id;

    cr_assert_eq(adapter_ask(a, &id, "do.it", in, NULL), ASSAY_OK);
    adapter_await(a, id, PATIENCE_MS, &answer);
    cr_expect_eq(answer.status, ADAPTER_OK, "%s", answer.text);
    cr_expect(json_equal(answer.value, expected));
    cr_expect_eq(json_object_size(in), 2, "what was asked stays as it was");
    adapter_answer_fini(&answer);
    json_decref(in);
    json_decref(expected);
    adapter_free(a);
}

Test(adapter, may_answer_several_in_another_order_with_events_between)
{
    struct adapter *a = start(
        "read x; read x; read x; echo '{\"event\":\"a\"}'; echo '{\"id\":3,\"ok\":\"c\"}'; "
        "echo '{\"id\":1,\"ok\":\"a\"}'; echo '{\"event\":\"b\"}'; echo '{\"id\":2,\"ok\":\"b\"}'; "
        "exec tail -f /dev/null");
    static const char *const values[] = {"a", "b", "c"};
    struct adapter_answer answer;
    uint64_t ids[3];

    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        ids[i] = ask(a, "x");
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        adapter_await(a, ids[i], PATIENCE_MS, &answer);
        cr_expect_eq(answer.status, ADAPTER_OK, "%s", answer.text);
        cr_expect_str_eq(json_string_value(answer.value), values[i]);
        adapter_answer_fini(&answer);
    }
    cr_assert_eq(json_array_size(adapter_events(a)), 2);
    cr_expect_str_eq(
        json_string_value(json_object_get(json_array_get(adapter_events(a), 1), "event")), "b");
    adapter_await(a, ids[0], PATIENCE_MS, &answer);
    cr_expect_eq(answer.status, ADAPTER_ERROR, "an answer is given once");
    adapter_free(a);
}

Test(adapter, that_hangs_is_given_up_with_all_that_was_outstanding)
{
    struct adapter *a = start("trap '' TERM; while read -r l; do :; done");
    uint64_t first = ask(a, "x"), second = ask(a, "x");
    struct adapter_answer answer;

    adapter_await(a, first, 50, &answer);
    cr_expect_eq(answer.status, ADAPTER_HUNG);
    adapter_await(a, second, PATIENCE_MS, &answer);
    cr_expect_eq(answer.status, ADAPTER_HUNG);
    adapter_free(a);
}

Test(adapter, that_is_ended_answers_nothing_more_and_the_next_request_starts_it_again)
{
    struct adapter *a = start(EACH(SAY("ok\\\":1")));
    struct adapter_answer answer;
    pid_t before[8], after[8];
    uint64_t id;

    cr_assert_eq(adapter_processes(a, before, ARRAY_LEN(before)), 1);
    id = ask(a, "x");
    adapter_end(a);
    adapter_end(a);
    cr_expect_eq(adapter_processes(a, after, ARRAY_LEN(after)), 0);
    cr_expect_eq(kill(before[0], 0), -1);
    adapter_await(a, id, PATIENCE_MS, &answer);
    cr_expect_eq(answer.status, ADAPTER_CRASHED, "%s", answer.text);
    adapter_await(a, ask(a, "x"), PATIENCE_MS, &answer);
    cr_expect_eq(answer.status, ADAPTER_OK, "%s", answer.text);
    adapter_answer_fini(&answer);
    cr_expect_eq(adapter_starts(a), 2);
    cr_expect_eq(adapter_processes(a, after, ARRAY_LEN(after)), 1);
    adapter_free(a);
}

Test(adapter, that_says_too_much_is_given_up)
{
    struct adapter *a =
        start("read l; head -c 20000000 /dev/zero | tr '\\\\0' x; exec tail -f /dev/null");
    struct adapter_answer answer;

    adapter_await(a, ask(a, "x"), PATIENCE_MS, &answer);
    cr_expect_eq(answer.status, ADAPTER_OVERSIZED, "%s", answer.text);
    adapter_free(a);
}

Test(adapter, may_say_16_mib_but_for_its_line_end)
{
    /* {"id":1,"ok":"…"} is 16 bytes and the text. */
    struct adapter *a = start("read l; printf '{\"id\":1,\"ok\":\"'; head -c 16777200 /dev/zero | "
                              "tr '\\0' x; echo '\"}'; "
                              "exec tail -f /dev/null");
    struct adapter_answer answer;

    adapter_await(a, ask(a, "x"), PATIENCE_MS, &answer);
    cr_expect_eq(answer.status, ADAPTER_OK, "%s", answer.text);
    cr_expect_eq(json_string_length(answer.value), 16777200);
    adapter_answer_fini(&answer);
    adapter_free(a);
}

Test(adapter, takes_requests_larger_than_a_pipe_while_it_answers)
{
    struct adapter *a = start(EACH("echo '{\"event\":1}'; " SAY("ok\\\":${#l}")));
    json_t *in = json_object();
    struct adapter_answer answer;
    char *text = assay_alloc(200001);
    uint64_t id = 0;

    memset(text, 'x', 200000);
    text[200000] = '\0';
    (void)json_object_set_new(in, "t", json_string(text));
    for (int i = 0; i < 5; i++)
        cr_assert_eq(adapter_ask(a, &id, "x", in, NULL), ASSAY_OK);
    adapter_await(a, id, PATIENCE_MS, &answer);
    cr_expect_eq(answer.status, ADAPTER_OK, "%s", answer.text);
    cr_expect_gt(json_integer_value(answer.value), 200000);
    adapter_answer_fini(&answer);
    cr_expect_eq(json_array_size(adapter_events(a)), 5, "%zu", json_array_size(adapter_events(a)));
    assay_free(text);
    json_decref(in);
    adapter_free(a);
}

Test(adapter, is_started_again_after_it_failed)
{
    struct adapter *a =
        start("read -r l; id=${l##*'\"id\":'}; id=${id%%,*}; " SAY("ok\\\":1") "; exit 3");
    struct adapter_answer answer;

    for (unsigned i = 1; i <= 3; i++) {
        adapter_await(a, ask(a, "x"), PATIENCE_MS, &answer);
        /* It ends right after its answer: the next request may still meet it dying. */
        cr_expect(answer.status == ADAPTER_OK || answer.status == ADAPTER_CRASHED, "%s",
                  answer.text);
        adapter_answer_fini(&answer);
    }
    cr_expect_geq(adapter_starts(a), 2);
    adapter_free(a);
}

Test(adapter, is_not_asked_more_than_it_may_have_outstanding)
{
    struct adapter *a = start("exec tail -f /dev/null");
    uint64_t id;

    for (int i = 0; i < ADAPTER_OUTSTANDING_MAX; i++)
        cr_assert_eq(adapter_ask(a, &id, "x", NULL, NULL), ASSAY_OK);
    cr_expect_eq(adapter_ask(a, &id, "x", NULL, NULL), ASSAY_E_BUSY);
    adapter_free(a);
    adapter_free(NULL);
}

/* ---- hello ---- */

static const struct {
    const char *name, *script;
    enum assay_code code;
} hellos[] = {
    {"proper",
     EACH(SAY("ok\\\":{\\\"name\\\":\\\"n\\\",\\\"version\\\":\\\"1\\\",\\\"operations\\\":["
              "\\\"a\\\"]}")),
     ASSAY_OK},
    {"no operations", EACH(SAY("ok\\\":{\\\"name\\\":\\\"n\\\"}")), ASSAY_E_MALFORMED},
    {"operations that are numbers",
     EACH(SAY("ok\\\":{\\\"name\\\":\\\"n\\\",\\\"operations\\\":[1]}")), ASSAY_E_MALFORMED},
    {"refused", EACH(SAY("refused\\\":\\\"no\\\"")), ASSAY_E_MALFORMED},
    {"ends", "exit 1", ASSAY_E_CRASHED},
};

Test(adapter, says_hello_properly_or_is_refused)
{
    for (size_t i = 0; i < ARRAY_LEN(hellos); i++) {
        struct adapter *a = start(hellos[i].script);
        struct adapter_hello hello = {0};
        struct assay_err err = {0};
        enum assay_code rc = adapter_hello(a, &hello, PATIENCE_MS, &err);

        cr_expect_eq(rc, hellos[i].code, "%s: %s", hellos[i].name, err.text);
        if (rc == ASSAY_OK) {
            cr_expect_str_eq(hello.name, "n");
            cr_expect_str_eq(hello.version, "1");
            cr_expect_str_eq(hello.language, "");
            cr_expect_eq(json_array_size(hello.operations), 1);
        }
        json_decref(hello.operations);
        adapter_free(a);
    }
}

Test(adapter, that_is_not_there_is_named)
{
    const char *const argv[] = {"./no-such-adapter", NULL};
    struct assay_err err = {0};
    struct adapter *a = NULL;

    cr_expect_eq(adapter_start(&a, &arena, argv, "/nowhere", &err), ASSAY_E_IO);
    cr_expect_not_null(strstr(err.text, "adapter: command not found: /nowhere/./no-such-adapter"),
                       "%s", err.text);
    cr_expect_null(a);
}
