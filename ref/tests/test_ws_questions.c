/* Questions that wait for their answers (net/ws_questions.h): whose answer a message is by its
 * front, what is handed over, and how each ends. */
#include "net/ws_questions.h"

#include "net/clock.h"

#include <criterion/criterion.h>
#include <sched.h>

enum { FAR_MS = 60000, YIELDS_MOST = 100000000 };

static struct ref_ws_questions questions;

static void set_up(void)
{
    ref_ws_questions_init(&questions);
}

static void take_down(void)
{
    ref_ws_questions_fini(&questions);
}

TestSuite(ws_questions, .init = set_up, .fini = take_down, .timeout = 60);

/* ---- who asks, on a thread of its own ---- */

struct asker {
    pthread_t thread;
    int64_t deadline_ms;
    struct assay_bytes params;
    enum assay_code code;
    struct assay_err err;
    struct ref_ws_answer answer;
    bool sent;
};

static void wake(void *cls)
{
    (void)cls;
}

static void *ask(void *context)
{
    struct asker *a = context;
    const struct ref_ws_question question = {
        .method = "getInfo", .params = a->params, .deadline_ms = a->deadline_ms};

    a->code =
        ref_ws_questions_ask(&questions, &a->answer, &a->sent, &question, wake, NULL, &a->err);
    return NULL;
}

static void begin(struct asker *a)
{
    *a = (struct asker){.deadline_ms = ref_net_now_ms() + FAR_MS, .params = ASSAY_LIT("{}")};
    cr_assert_eq(pthread_create(&a->thread, NULL, ask, a), 0);
    for (size_t i = 0; i < YIELDS_MOST && !ref_ws_questions_wait(&questions); i++)
        (void)sched_yield();
    cr_assert(ref_ws_questions_wait(&questions));
}

static void end(struct asker *a, enum assay_code code, const char *says, bool sent)
{
    cr_assert_eq(pthread_join(a->thread, NULL), 0);
    cr_expect_eq(a->code, code, "%s", a->err.text);
    cr_expect_not_null(strstr(a->err.text, says), "%s", a->err.text);
    cr_expect_eq(a->sent, sent);
    if (a->code == ASSAY_OK)
        ref_ws_answer_fini(&a->answer);
}

static bool takes(void *cls, uint8_t *text, size_t len)
{
    *(struct assay_bytes *)cls = assay_bytes_of(text, len);
    return true;
}

static bool takes_not(void *cls, uint8_t *text, size_t len)
{
    (void)cls;
    (void)text;
    (void)len;
    return false;
}

static void send_one(void)
{
    struct assay_bytes text = ASSAY_LIT("");

    cr_assert(ref_ws_questions_send(&questions, takes, &text));
    cr_assert_gt(text.len, 0);
}

static enum assay_code answer_with(const char *text)
{
    struct ref_ws_answer answer = {.text = ASSAY_BUF_INIT(1 << 20)};

    assay_buf_add_str(&answer.text, text);
    return ref_ws_questions_answer(&questions, &answer, NULL);
}

/* ---- tests ---- */

Test(ws_questions, are_told_by_the_front_of_a_message_if_that_says_the_id)
{
    static const struct {
        const char *front;
        bool is_told;
    } rows[] = {
        {"{\"id\":1,\"result\":", true},
        {" \t\r\n{ \"id\" : 1,", true},
        {"{\"id\":18446744073709551615,", true},
        {"{\"id\":18446744073709551616,", false},
        {"{\"id\":1", false},
        {"{\"id\":,", false},
        {"{\"id\":x,", false},
        {"{\"id\" 1,", false},
        {"{\"ID\":1,", false},
        {"{\"method\":1,", false},
        {"[\"id\":1,", false},
        {"{", false},
        {"   ", false},
        {"", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_eq(ref_ws_questions_fail_one(&questions, assay_str(rows[i].front),
                                               ASSAY_E_TOO_LARGE, "it is large"),
                     rows[i].is_told, "row: %s", rows[i].front);
}

Test(ws_questions, fail_one_by_one)
{
    struct asker first, second;

    begin(&first);
    send_one();
    begin(&second);
    cr_expect(ref_ws_questions_fail_one(&questions, ASSAY_LIT("{\"id\":2,"), ASSAY_E_TOO_LARGE,
                                        "it was never sent"));
    cr_expect(ref_ws_questions_fail_one(&questions, ASSAY_LIT("{\"id\":3,"), ASSAY_E_TOO_LARGE,
                                        "nobody asks that"));
    cr_expect(ref_ws_questions_fail_one(&questions, ASSAY_LIT("{\"id\":1,"), ASSAY_E_TOO_LARGE,
                                        "it is large"));
    end(&first, ASSAY_E_TOO_LARGE, "it is large", true);
    cr_expect(ref_ws_questions_wait(&questions), "the second waits still");
    send_one();
    cr_expect_eq(answer_with("{\"id\":2,\"params\":{}}"), ASSAY_OK);
    end(&second, ASSAY_OK, "", true);
}

Test(ws_questions, that_were_sent_fail_and_others_go_on)
{
    struct asker sent, unsent, late;

    begin(&sent);
    send_one();
    begin(&unsent);
    ref_ws_questions_fail(&questions, true, ASSAY_E_CLOSED, "the connection is gone");
    end(&sent, ASSAY_E_CLOSED, "the connection is gone", true);
    cr_expect(ref_ws_questions_wait(&questions));
    ref_ws_questions_fail(&questions, false, ASSAY_E_IO, "there is none to be had");
    end(&unsent, ASSAY_E_IO, "there is none to be had", false);
    begin(&late);
    cr_expect_not(ref_ws_questions_send(&questions, takes_not, NULL));
    ref_ws_questions_end(&questions);
    end(&late, ASSAY_E_CLOSED, "being stopped", true);
    late = (struct asker){.params = ASSAY_LIT("{}")};
    (void)ask(&late);
    cr_expect_eq(late.code, ASSAY_E_CLOSED, "after the end");
    cr_expect_not(late.sent);
}

Test(ws_questions, wait_no_longer_than_they_may)
{
    struct asker a = {.deadline_ms = ref_net_now_ms() - 1, .params = ASSAY_LIT("{}")};

    (void)ask(&a);
    cr_expect_eq(a.code, ASSAY_E_TIMEOUT, "%s", a.err.text);
    cr_expect_not_null(strstr(a.err.text, "no connection to ask over in time"), "%s", a.err.text);
    cr_expect_not(ref_ws_questions_wait(&questions), "it is not there any more");
}

Test(ws_questions, are_no_larger_than_a_node_takes)
{
    struct assay_buf large = ASSAY_BUF_INIT(2 * REF_WS_QUESTION_MAX_BYTES);
    struct asker a = {.deadline_ms = ref_net_now_ms() + FAR_MS};

    while (large.len <= REF_WS_QUESTION_MAX_BYTES)
        assay_buf_add_str(&large,
                          "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
    a.params = assay_buf_view(&large);
    (void)ask(&a);
    cr_expect_eq(a.code, ASSAY_E_TOO_LARGE, "%s", a.err.text);
    cr_expect_not_null(strstr(a.err.text, "larger than a node takes"), "%s", a.err.text);
    a.params = ASSAY_LIT("{}");
    (void)assay_alloc_fail_after(0);
    (void)ask(&a);
    (void)assay_alloc_fail_after(SIZE_MAX);
    cr_expect_eq(a.code, ASSAY_E_NOMEM, "%s", a.err.text);
    assay_buf_fini(&large);
}

Test(ws_questions, are_answered_by_objects_that_can_be_read)
{
    static const struct {
        const char *text;
        enum assay_code code;
    } rows[] = {
        {"{\"id\":9,\"params\":{}}", ASSAY_OK}, /* nobody waits for it */
        {"{\"params\":{}}", ASSAY_OK},
        {"{\"id\":\"1\"}", ASSAY_OK},
        {"[1]", ASSAY_E_MALFORMED},
        {"{\"id\":1", ASSAY_E_MALFORMED},
        {"", ASSAY_E_MALFORMED},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_eq(answer_with(rows[i].text), rows[i].code, "row: %s", rows[i].text);
}

/* A thread has a stack, and one of that size is not to be had. */
Test(ws_questions, need_a_thread_for_their_connection)
{
    const struct ref_ws_options options = {.url = "ws://127.0.0.1:1", .answer_max_bytes = 4096};
    struct assay_err err = {0};
    struct ref_ws *ws = NULL;
    pthread_attr_t large;

    cr_assert_eq(pthread_attr_init(&large), 0);
    cr_assert_eq(pthread_attr_setstacksize(&large, (size_t)1 << 47), 0);
    cr_assert_eq(pthread_setattr_default_np(&large), 0);
    cr_expect_eq(ref_ws_start(&ws, &options, &err), ASSAY_E_IO, "%s", err.text);
    cr_expect_not_null(strstr(err.text, "cannot be set up"), "%s", err.text);
    cr_expect_null(ws);
    (void)pthread_attr_destroy(&large);
}
