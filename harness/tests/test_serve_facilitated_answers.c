/* `assay serve kaspa-x402 --facilitator` with a facilitator that lies, answers in other shapes,
 * under other statuses, late, elsewhere or not at all, at each kind of call: what the payer is told
 * is as it must be, nothing is offered, served or settled more than it should, and the server goes
 * on (x402 v2 digest, section 12, X-20 to X-25). */
#include "sold_world.h"

#include <stdio.h>

static struct sold_world w;
static unsigned nonces;

static void begin(void)
{
    sold_begin(&w);
}
static void end(void)
{
    sold_end(&w);
}
TestSuite(serve_facilitated_answers, .init = begin, .fini = end, .timeout = 300);

enum {
    LARGE_BYTES = 300000,
    LATE_MS = 200,
    ASKED = 3 /* times, so that one is behind an answer */
};

#define SHORT "--facilitator-deadline=200"

/* Statuses of the paid request, with the rule at /verify and at /settle; how often money moved in
 * the latter case. */
struct row {
    const char *name;
    struct facilitator_rule rule;
    int verify, settle;
    uint64_t moved;
};

static const struct row prompt[] = {
    {"NO", {.lie = FACILITATOR_NO}, 402, 402, 0},
    {"NO in its own words", {.lie = FACILITATOR_NO, .reason = "<b>at 10.0.0.7</b>"}, 402, 503, 0},
    {"NO by 400", {.lie = FACILITATOR_NO, .status = 400}, 402, 402, 0},
    {"YES", {.lie = FACILITATOR_YES}, 200, 200, 0},
    {"OTHER_NETWORK", {.lie = FACILITATOR_OTHER_NETWORK}, 200, 503, 1},
    {"NO_TRANSACTION", {.lie = FACILITATOR_NO_TRANSACTION}, 200, 503, 1},
    {"OTHER_PAYER", {.lie = FACILITATOR_OTHER_PAYER}, 200, 503, 1},
    {"OTHER_AMOUNT", {.lie = FACILITATOR_OTHER_AMOUNT}, 200, 503, 1},
    {"OTHER_TRANSACTION", {.lie = FACILITATOR_OTHER_TRANSACTION}, 200, 200, 1},
    {"DENIES", {.lie = FACILITATOR_DENIES}, 200, 503, 1},
    {"DENIES_WITH_TRANSACTION", {.lie = FACILITATOR_DENIES_WITH_TRANSACTION}, 200, 503, 1},
    {"PENDING", {.lie = FACILITATOR_PENDING}, 200, 503, 1},
    {"pending once", {.lie = FACILITATOR_PENDING, .times = 1}, 200, 200, 1},
    {"YES_THEN_NO", {.lie = FACILITATOR_YES_THEN_NO}, 402, 200, 1},
    {"MISSING", {.shape = FACILITATOR_MISSING}, 502, 503, 1},
    {"TEXT", {.shape = FACILITATOR_TEXT}, 502, 503, 1},
    {"NUMBER", {.shape = FACILITATOR_NUMBER}, 502, 503, 1},
    {"NULL_ANSWER", {.shape = FACILITATOR_NULL_ANSWER}, 502, 503, 1},
    {"TWICE", {.shape = FACILITATOR_TWICE}, 502, 503, 1},
    {"NULL_BODY", {.shape = FACILITATOR_NULL_BODY}, 502, 503, 1},
    {"ARRAY_BODY", {.shape = FACILITATOR_ARRAY_BODY}, 502, 503, 1},
    {"EMPTY_BODY", {.shape = FACILITATOR_EMPTY_BODY}, 502, 503, 1},
    {"HTML_BODY", {.shape = FACILITATOR_HTML_BODY}, 502, 503, 1},
    {"DEEP_BODY", {.shape = FACILITATOR_DEEP_BODY}, 502, 503, 1},
    {"HALF_BODY", {.shape = FACILITATOR_HALF_BODY}, 502, 503, 1},
    {"RESET", {.fault = FACILITATOR_RESET}, 500, 503, 1},
    {"RESET before", {.fault = FACILITATOR_RESET, .undone = true}, 500, 503, 0},
    {"REDIRECT", {.fault = FACILITATOR_REDIRECT}, 500, 503, 0},
    {"OVERSIZED", {.fault = FACILITATOR_OVERSIZED, .large_bytes = LARGE_BYTES}, 502, 503, 1},
    {"BOMB", {.fault = FACILITATOR_BOMB, .large_bytes = LARGE_BYTES}, 502, 503, 1},
    {"201 with yes", {.status = 201}, 500, 503, 1},
    {"400 with yes", {.status = 400}, 502, 503, 1},
    {"401 with yes", {.status = 401}, 500, 503, 1},
    {"429 with yes", {.status = 429}, 500, 503, 1},
    {"500 with yes", {.status = 500}, 500, 503, 1},
    {"503 with no", {.status = 503, .lie = FACILITATOR_NO}, 500, 503, 0},
};

static const struct row late[] = {
    {"SLOW", {.fault = FACILITATOR_SLOW, .delay_ms = 60000}, 500, 503, 1},
    {"HELD", {.fault = FACILITATOR_HELD}, 500, 503, 1},
    {"SILENT", {.fault = FACILITATOR_SILENT}, 500, 503, 1},
};

static void behave(const struct facilitator_rule *supported, const struct facilitator_rule *verify,
                   const struct facilitator_rule *settle)
{
    static const struct facilitator_rule honest = {.lie = FACILITATOR_HONEST};
    const struct facilitator_behaviour behaviour = {
        .supported = supported != NULL ? *supported : honest,
        .verify = verify != NULL ? *verify : honest,
        .settle = settle != NULL ? *settle : honest,
    };

    facilitator_behave(w.role, &behaviour);
}

static struct http_request pay(void)
{
    char nonce[16];

    (void)snprintf(nonce, sizeof(nonce), "0x%x", ++nonces);
    return sold_pay(&w, nonce);
}

/* Sends it; behind a deadline that is short, until /verify has been answered in time. */
static const struct http_exchange *send_verified(const struct http_request *request)
{
    const struct http_exchange *answer = serve_send(&w.serve, request);

    for (int i = 0; status_of(answer) == 500 && i < PATIENCE_MS / LATE_MS; i++)
        answer = serve_send(&w.serve, request);
    return answer;
}

/* Nothing of the handler's answer or of the facilitator's words is told beside a refusal, and
 * whoever is told to come again is told when. */
static void expect_told(const struct row *row, const struct http_exchange *answer, int status)
{
    static const char error[] = "{\"error\":";
    const char *body = body_of(&w.serve, answer);

    cr_expect_eq(status_of(answer), status, "%s: %d %s", row->name, status_of(answer), body);
    cr_expect(strstr(body, "10.0.0.7") == NULL, "%s: %s", row->name, body);
    cr_expect_eq(strncmp(body, error, strlen(error)) == 0, status != 200, "%s: %s", row->name,
                 body);
    if (status == 500 || status == 503)
        cr_expect_gt(header_of(answer, "Retry-After").len, 0, "%s", row->name);
}

/* Behind a deadline that is short an honest call may come late too, on a machine that is busy. */
static bool is_late(const struct row *row)
{
    return row->verify == 500 &&
           (row->rule.fault == FACILITATOR_SLOW || row->rule.fault == FACILITATOR_HELD ||
            row->rule.fault == FACILITATOR_SILENT);
}

static void verify_by(const struct row *row)
{
    uint64_t runs = origin_executions(w.serve.origin);
    struct facilitator_counts before = facilitator_counts(w.role), after;
    struct http_request request = pay();
    int status;

    behave(NULL, &row->rule, NULL);
    expect_told(row, serve_send(&w.serve, &request), row->verify);
    after = facilitator_counts(w.role);
    if (row->verify != 200 && row->rule.lie != FACILITATOR_YES_THEN_NO) {
        cr_expect_eq(origin_executions(w.serve.origin), runs, "%s: it ran", row->name);
        cr_expect_eq(after.calls[FACILITATOR_SETTLE], before.calls[FACILITATOR_SETTLE], "%s",
                     row->name);
        cr_expect_eq(after.moved, before.moved, "%s", row->name);
        behave(NULL, NULL, NULL);
        status = status_of(send_verified(&request));
        cr_expect(status == 200 || (status == 503 && is_late(row)), "%s: then: %d", row->name,
                  status);
    }
    behave(NULL, NULL, NULL);
}

static void settle_by(const struct row *row)
{
    uint64_t runs = origin_executions(w.serve.origin), moved = facilitator_counts(w.role).moved;
    struct http_request request = pay();
    const struct http_exchange *answer;

    behave(NULL, NULL, &row->rule);
    answer = send_verified(&request);
    expect_told(row, answer, row->settle);
    cr_expect(is_late(row) || facilitator_counts(w.role).moved - moved == row->moved, "%s",
              row->name);
    behave(NULL, NULL, NULL);
    if (row->settle != 402) { /* the payment stays claimed, and its handler has run */
        answer = serve_send(&w.serve, &request);
        cr_expect(status_of(answer) == 200 || (status_of(answer) == 503 && row->settle == 503),
                  "%s: the retry: %d", row->name, status_of(answer));
        cr_expect_eq(origin_executions(w.serve.origin), runs + 1, "%s", row->name);
    }
    cr_expect_leq(facilitator_counts(w.role).moved, moved + 1, "%s", row->name);
}

static void expect_alive(void)
{
    struct purchase own = serve_buy(&w.serve, "/report?day=2");

    expect_bought(&w.serve, serve_send(&w.serve, &own.request), "an honest payment at the end");
    cr_expect_eq(facilitator_counts(w.role).elsewhere, 0, "a redirect was followed");
    serve_stop(&w.serve);
}

static void start(void)
{
    serve_use(&w.serve, "--quota=0");
    serve_start(&w.serve);
    cr_assert(sold_comes_to_offer(&w, true));
}

Test(serve_facilitated_answers, to_verify_serve_nothing_that_is_not_verified)
{
    start();
    for (size_t i = 0; i < ARRAY_LEN(prompt); i++)
        verify_by(&prompt[i]);
    expect_alive();
}

Test(serve_facilitated_answers, to_settle_serve_nothing_that_is_not_settled)
{
    start();
    for (size_t i = 0; i < ARRAY_LEN(prompt); i++)
        if (prompt[i].rule.lie != FACILITATOR_YES_THEN_NO)
            settle_by(&prompt[i]);
    expect_alive();
}

Test(serve_facilitated_answers, that_come_late_hold_nobody_up)
{
    serve_use(&w.serve, SHORT);
    start();
    for (size_t i = 0; i < ARRAY_LEN(late); i++) {
        verify_by(&late[i]);
        settle_by(&late[i]);
    }
    expect_alive();
}

/* ---- the list ---- */

static const struct {
    const char *name;
    struct facilitator_rule rule;
} lists[] = {
    {"MORE_KINDS", {.lie = FACILITATOR_MORE_KINDS}},
    {"MORE_SCHEMES", {.lie = FACILITATOR_MORE_SCHEMES}},
    {"MORE_NETWORKS", {.lie = FACILITATOR_MORE_NETWORKS}},
    {"MORE_MODES", {.lie = FACILITATOR_MORE_MODES}},
    {"MORE_ASSETS", {.lie = FACILITATOR_MORE_ASSETS}},
    {"MORE_SIGNERS", {.lie = FACILITATOR_MORE_SIGNERS}},
    {"FEWER_KINDS", {.lie = FACILITATOR_FEWER_KINDS}},
    {"MISSING", {.shape = FACILITATOR_MISSING}},
    {"TEXT", {.shape = FACILITATOR_TEXT}},
    {"NUMBER", {.shape = FACILITATOR_NUMBER}},
    {"NULL_ANSWER", {.shape = FACILITATOR_NULL_ANSWER}},
    {"TWICE", {.shape = FACILITATOR_TWICE}},
    {"NULL_BODY", {.shape = FACILITATOR_NULL_BODY}},
    {"ARRAY_BODY", {.shape = FACILITATOR_ARRAY_BODY}},
    {"EMPTY_BODY", {.shape = FACILITATOR_EMPTY_BODY}},
    {"HTML_BODY", {.shape = FACILITATOR_HTML_BODY}},
    {"DEEP_BODY", {.shape = FACILITATOR_DEEP_BODY}},
    {"HALF_BODY", {.shape = FACILITATOR_HALF_BODY}},
    {"RESET", {.fault = FACILITATOR_RESET}},
    {"REDIRECT", {.fault = FACILITATOR_REDIRECT}},
    {"OVERSIZED", {.fault = FACILITATOR_OVERSIZED, .large_bytes = LARGE_BYTES}},
    {"BOMB", {.fault = FACILITATOR_BOMB, .large_bytes = LARGE_BYTES}},
    {"500", {.status = 500}},
    {"SLOW", {.fault = FACILITATOR_SLOW, .delay_ms = 60000}},
    {"HELD", {.fault = FACILITATOR_HELD}},
    {"SILENT", {.fault = FACILITATOR_SILENT}},
};

/* Of what is offered, all that is not settled by the server itself: one entry, in its own words. */
static void expect_own_offer(const char *name)
{
    json_t *offer = sold_offer(&w), *extra;

    cr_assert_not_null(offer, "%s: it is offered no more", name);
    extra = json_object_get(offer, "extra");
    cr_expect_eq(sold_offers(&w), 1, "%s: %zu offers", name, sold_offers(&w));
    cr_expect_str_eq(json_string_value(json_object_get(offer, "asset")), "0xasset", "%s", name);
    cr_expect_str_eq(json_string_value(json_object_get(offer, "payTo")), "0xpayee", "%s", name);
    cr_expect_eq(json_object_size(extra), 2, "%s", name);
    json_decref(offer);
}

Test(serve_facilitated_answers, to_supported_change_no_offer)
{
    serve_use(&w.serve, SHORT);
    serve_use(&w.serve, "--workers=1"); /* which has a list from now on */
    start();
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        uint64_t seen = facilitator_counts(w.role).calls[FACILITATOR_SUPPORTED];

        behave(&lists[i].rule, NULL, NULL);
        for (int k = 0; k < PATIENCE_MS / LOOK_AGAIN_MS &&
                        facilitator_counts(w.role).calls[FACILITATOR_SUPPORTED] < seen + ASKED;
             k++)
            expect_own_offer(lists[i].name);
        cr_expect_geq(facilitator_counts(w.role).calls[FACILITATOR_SUPPORTED], seen + ASKED, "%s",
                      lists[i].name);
        behave(NULL, NULL, NULL);
    }
    expect_alive();
}
