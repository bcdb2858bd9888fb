/* Threat facilitator-trust, what a refusal tells: nothing of the handler, of the server's inside,
 * or of what its facilitator said to it. */
#include "peer/x402/peer.h"

#define WORDS "assay-canary: pool exhausted at 10.0.0.7, key sk_live"

/* What programs print when something went wrong that nobody thought of, and what is in the page
 * that the facilitator sends. */
static const char *const inside[] = {
    "Traceback (most recent",
    "node_modules",
    "    at ",
    ".js:",
    "goroutine ",
    "panic:",
    "Exception",
    "ECONNRESET",
    "ECONNREFUSED",
    "fetch failed",
    "socket hang up",
    "Server disconnected",
    "Connection reset",
    "502 Bad Gateway",
};

static void expect_silent(struct assay_case *t, const char *what, const struct peer_answer *answer)
{
    const char *shown = x4p_shows(t, answer, "assay-canary") ? "the facilitator's own words" : NULL;

    for (size_t i = 0; i < ARRAY_LEN(inside) && shown == NULL; i++)
        shown = x4p_shows(t, answer, inside[i]) ? inside[i] : NULL;
    expect(t, shown == NULL, "a refusal without text of the server's inside or its facilitator",
           "%s: status %d with %s in it", what, peer_status(answer), shown != NULL ? shown : "");
}

struct said {
    const char *name;
    struct facilitator_behaviour behaviour;
};

static void expect_not_passed_on(struct assay_case *t)
{
    const struct said *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const struct peer_answer *answer;

    x4p_facilitator_behaves(t, row->behaviour);
    answer = x4p_send(t, row->name, want, paid);
    expect_withheld(t, answer);
    expect_silent(t, row->name, answer);
}

static const struct said errors[] = {
    {"an error at verify", {.verify = {.lie = FACILITATOR_NO, .reason = WORDS, .status = 500}}},
    {"an error at settle", {.settle = {.lie = FACILITATOR_NO, .reason = WORDS, .status = 500}}},
    {"a page at verify", {.verify = {.shape = FACILITATOR_HTML_BODY}}},
    {"a page at settle", {.settle = {.shape = FACILITATOR_HTML_BODY}}},
    {"a reset at verify", {.verify = {.fault = FACILITATOR_RESET, .undone = true}}},
    {"a reset at settle", {.settle = {.fault = FACILITATOR_RESET, .undone = true}}},
};

SCENARIO(errors_of_the_facilitator_are_not_told,
         .title = "What goes wrong with the facilitator, and what it says then, is not told to the "
                  "payer",
         .threat = "facilitator-trust", .rule = "facilitator.reasons", .ideas = "X-49",
         .catches = DEFECTS("facilitator.error_reflected"), .needs = X4P_PAY, TABLE(errors))
{
    expect_not_passed_on(t);
}

static const struct said refusals[] = {
    {"a refusal to verify", {.verify = {.lie = FACILITATOR_NO, .reason = WORDS}}},
    {"a refusal to settle", {.settle = {.lie = FACILITATOR_NO, .reason = WORDS}}},
};

SCENARIO(sentences_of_the_facilitator_are_not_told,
         .title = "A reason that no list knows is not passed on to the payer",
         .threat = "facilitator-trust", .rule = "facilitator.words", .ideas = "X-49",
         .catches = DEFECTS("facilitator.reason_reflected"), .needs = X4P_PAY, TABLE(refusals))
{
    expect_not_passed_on(t);
}

static const struct broken {
    const char *name, *header;
} brokens[] = {
    {"no base64", "!!!!"},
    {"no JSON", "Z2FyYmFnZQ=="},
    {"no payment", "e30="},
    {"members of other types", "eyJ4NDAyVmVyc2lvbiI6MiwiYWNjZXB0ZWQiOltdLCJwYXlsb2FkIjp0cnVlfQ=="},
};

SCENARIO(refusals_tell_nothing_of_the_server, .kind = SCENARIO_OBSERVATION,
         .title = "A refusal of what cannot be read shows no trace of the program that refuses",
         .threat = "facilitator-trust", .rule = "facilitator.reasons", .ideas = "X-49",
         .rests_on = PROFILE "/free_route_is_free", TABLE(brokens))
{
    const struct broken *row = case_row(t);
    struct peer_with with = {{{"PAYMENT-SIGNATURE", row->header}}};
    const struct peer_answer *answer = peer_send(t, row->name, peer_endpoint(t, "paid_get"), with);

    expect_refused(t, answer);
    expect_silent(t, row->name, answer);
}
