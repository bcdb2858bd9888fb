/* Threat facilitator-trust, before anything runs: what a facilitator says of a payment, and what is
 * no answer at all. Nothing but a clear yes is a yes. */
#include "peer/x402/peer.h"

static struct facilitator_behaviour verifying(struct facilitator_rule rule)
{
    return (struct facilitator_behaviour){.verify = rule};
}

/* The identical request, once the facilitator is honest: nothing has been lost. */
static void expect_delivered_afterwards(struct assay_case *t, struct peer_want want,
                                        const struct x4p_payment *paid)
{
    x4p_facilitator_is_honest(t);
    expect_delivered(t, x4p_send_until_known(t, "once it says yes", want, paid), paid);
}

/* ---- a no ---- */

static const struct refusal {
    const char *name, *reason;
    int status; /* 0: 200 */
} refusals[] = {
    {"for want of funds", "insufficient_funds", 0},
    {"for its signature", "invalid_exact_evm_payload_signature", 0},
    {"for a reason of its own", "assay_reason_of_its_own", 0},
    {"under 400", "insufficient_funds", 400},
};

SCENARIO(refused_payment_runs_nothing,
         .title = "A payment that the facilitator refuses is answered 402 with an offer, and runs "
                  "and settles nothing",
         .threat = "facilitator-trust", .rule = "facilitator.verified", .ideas = "X-19",
         .catches = DEFECTS("facilitator.verify_skipped"), .needs = X4P_PAY, TABLE(refusals))
{
    const struct refusal *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    struct x4p_calls before = x4p_calls(t);
    const struct peer_answer *answer;

    x4p_facilitator_behaves(t, verifying((struct facilitator_rule){.lie = FACILITATOR_NO,
                                                                   .reason = row->reason,
                                                                   .status = row->status}));
    answer = x4p_send(t, row->name, want, paid);
    case_observe(t, row->name, "the payer is %stold \"%s\"",
                 x4p_shows(t, answer, row->reason) ? "" : "not ", row->reason);
    if (row->status != 0 && peer_status(answer) >= 500)
        expect_not_served(t, answer); /* which the text says of every status but 2xx */
    else
        expect_challenge(t, answer, want);
    expect_calls(t, before, X4P_ANY, 0);
    expect_delivered_afterwards(t, want, paid);
}

/* ---- a yes under a status that is none ---- */

static const struct status {
    const char *name;
    int status;
} statuses[] = {
    {"201", 201}, {"204", 204}, {"302", 302}, {"400", 400}, {"401", 401}, {"403", 403},
    {"404", 404}, {"429", 429}, {"500", 500}, {"502", 502}, {"503", 503},
};

SCENARIO(yes_under_another_status_is_none,
         .title = "A facilitator that says yes under another status than 200 has not said yes",
         .threat = "facilitator-trust", .rule = "facilitator.answers", .ideas = "X-21",
         .catches = DEFECTS("facilitator.status_ignored", "facilitator.verify_failure_open"),
         .needs = X4P_PAY, TABLE(statuses))
{
    const struct status *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const struct peer_answer *answer;

    x4p_facilitator_behaves(t, verifying((struct facilitator_rule){.status = row->status}));
    answer = x4p_send(t, row->name, want, paid);
    if (row->status < 300 && x4p_is_served(answer)) { /* the text names none but 200 */
        case_observe(t, row->name, "a yes under it is taken");
        expect_delivered(t, answer, paid);
        return;
    }
    expect_not_served(t, answer);
    expect_delivered_afterwards(t, want, paid);
}

/* ---- no answer ---- */

static const struct trouble {
    const char *name;
    struct facilitator_rule rule;
} troubles[] = {
    {"500", {.status = 500}},
    {"502", {.status = 502}},
    {"429", {.status = 429}},
    {"401", {.status = 401}},
    {"a reset", {.fault = FACILITATOR_RESET}},
    {"silence", {.fault = FACILITATOR_SILENT}},
    {"a redirect", {.fault = FACILITATOR_REDIRECT}},
    {"a page of HTML", {.shape = FACILITATOR_HTML_BODY}},
    {"nothing", {.shape = FACILITATOR_EMPTY_BODY}},
};

SCENARIO(facilitator_in_trouble_is_not_the_payers_fault,
         .title = "A facilitator that cannot be asked, or answers nonsense, is told as the "
                  "server's trouble (5xx), and not as a payment that was refused",
         .threat = "facilitator-trust", .rule = "facilitator.unreachable", .ideas = "X-21",
         .catches = DEFECTS("facilitator.unreachable_blamed"), .needs = X4P_PAY, TABLE(troubles))
{
    const struct trouble *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const struct peer_answer *answer;

    x4p_facilitator_behaves(t, verifying(row->rule));
    answer = x4p_send(t, row->name, want, paid);
    expect_not_served(t, answer);
    expect(t, peer_status(answer) >= 500 || peer_status(answer) == 429,
           "5xx, or 429: the payment was not judged", "%s", peer_seen(t, answer));
    expect_delivered_afterwards(t, want, paid);
}

/* ---- no, and yes ---- */

static const struct twice {
    const char *name;
    struct facilitator_behaviour behaviour;
} twices[] = {
    {"to verify", {.verify = {.shape = FACILITATOR_TWICE}}},
    {"to settle", {.settle = {.shape = FACILITATOR_TWICE}}},
};

SCENARIO(answer_of_no_and_yes_is_none,
         .title = "Nothing is delivered for an answer that the facilitator gives twice, as no and "
                  "as yes",
         .threat = "facilitator-trust", .rule = "facilitator.one-answer", .ideas = "X-20 X-23",
         .catches = DEFECTS("facilitator.json_duplicates"), .needs = X4P_PAY, TABLE(twices))
{
    const struct twice *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);

    x4p_facilitator_behaves(t, row->behaviour);
    expect_withheld(t, x4p_send(t, row->name, want, paid));
}

/* ---- more than was asked for ---- */

enum { SMALL_BYTES = 4096, LARGE_BYTES = 8 << 20 };

SCENARIO(yes_without_end_is_none,
         .title = "A yes with more behind it than anybody needs to read is no yes, and the server "
                  "sells on",
         .threat = "facilitator-trust", .rule = "facilitator.limits", .ideas = "X-21",
         .catches = DEFECTS("facilitator.oversized_answer"), .needs = X4P_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);

    x4p_facilitator_behaves(t, verifying((struct facilitator_rule){.fault = FACILITATOR_OVERSIZED,
                                                                   .large_bytes = LARGE_BYTES}));
    expect_not_served(t, x4p_send(t, "8 MiB", want, paid));
    expect_delivered_afterwards(t, want, paid);
}

static bool takes_gzip(const char *headers)
{
    static const char name[] = "Accept-Encoding:";

    for (const char *line = headers; *line != '\0'; line += *line == '\n' ? 1 : 0) {
        struct assay_bytes value = assay_bytes_of(line, strcspn(line, "\n"));

        line += value.len;
        if (!assay_bytes_equal_nocase(assay_bytes_part(value, 0, strlen(name)), assay_str(name)))
            continue;
        for (size_t at = strlen(name); at < value.len; at++)
            if (assay_bytes_equal_nocase(assay_bytes_part(value, at, at + 4), ASSAY_LIT("gzip")))
                return true;
    }
    return false;
}

/* Of the last time that it was asked to verify. */
static bool asked_for_gzip(struct assay_case *t)
{
    struct facilitator *f = x4p_facilitator(t);
    struct facilitator_call call;
    bool asked = false;

    for (uint64_t i = 1; facilitator_call(f, i, &call); i++)
        if (call.what == FACILITATOR_VERIFY)
            asked = takes_gzip(call.headers);
    return asked;
}

SCENARIO(compressed_yes_is_none,
         .title = "A yes that comes compressed, without having been asked for so, is no yes",
         .threat = "facilitator-trust", .rule = "facilitator.limits", .ideas = "X-20",
         .catches = DEFECTS("facilitator.coding_accepted", "facilitator.verify_failure_open"),
         .needs = X4P_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *before = x4p_paid(t, want), *paid = x4p_paid(t, want);

    expect_delivered(t, x4p_send_until_known(t, "in clear", want, before), before);
    if (asked_for_gzip(t))
        case_end(t, VERDICT_UNSUPPORTED, "it asks the facilitator for gzip");
    x4p_facilitator_behaves(t, verifying((struct facilitator_rule){.fault = FACILITATOR_BOMB,
                                                                   .large_bytes = SMALL_BYTES}));
    expect_not_served(t, x4p_send(t, "as gzip", want, paid));
    expect_delivered_afterwards(t, want, paid);
}
