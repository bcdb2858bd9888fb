/* Looking at answers and judging them: what was expected, what was seen, and how that is known. */
#include "peer/http/peer_internal.h"

#include <inttypes.h>

uint64_t peer_moves(struct assay_case *t)
{
    const struct profile *profile = scenario_profile(case_scenario(t));

    return profile->moves != NULL ? profile->moves(t) : 0;
}

struct peer_before peer_before(struct assay_case *t)
{
    return (struct peer_before){.runs = case_executions(t), .moves = peer_moves(t)};
}

int peer_status(const struct peer_answer *answer)
{
    return answer->exchange->outcome == HTTP_ANSWERED ? answer->exchange->response.status : 0;
}

bool peer_is_served(const struct peer_answer *answer)
{
    int status = peer_status(answer);

    return status >= 200 && status < 300;
}

struct assay_bytes peer_body(const struct peer_answer *answer)
{
    struct assay_bytes body = answer->exchange->response.body;

    return peer_status(answer) != 0 ? assay_bytes_of(body.at, body.len) : ASSAY_LIT("");
}

bool peer_bodies_agree(const struct peer_answer *const *answers, size_t n)
{
    const struct peer_answer *first = NULL;

    for (size_t i = 0; i < n; i++) {
        if (!peer_is_served(answers[i]))
            continue;
        if (first != NULL && !assay_bytes_equal(peer_body(first), peer_body(answers[i])))
            return false;
        first = answers[i];
    }
    return true;
}

struct assay_bytes peer_header(const struct peer_answer *answer, const char *name)
{
    return peer_status(answer) != 0 ? http_response_header(&answer->exchange->response, name, NULL)
                                    : ASSAY_LIT("");
}

const char *peer_seen(struct assay_case *t, const struct peer_answer *answer)
{
    const struct http_exchange *exchange = answer->exchange;
    const char *said;

    if (exchange->outcome != HTTP_ANSWERED)
        return exchange->trouble != NULL ? exchange->trouble : http_outcome_text(exchange->outcome);
    said = peer_said(t, answer);
    return case_printf(t, "%d with %" PRIu64 " bytes%s%s", exchange->response.status,
                       exchange->response.body_bytes, said != NULL ? ", saying " : "",
                       said != NULL ? said : "");
}

/* The origin's own body: "execution N of METHOD TARGET". */
bool peer_holds_handler_text(struct assay_bytes body)
{
    static const char mark[] = "execution ";

    for (size_t i = 0; i + sizeof mark <= body.len; i++) {
        size_t at = i + sizeof mark - 1;

        if (memcmp(body.at + i, mark, sizeof mark - 1) != 0)
            continue;
        while (at < body.len && body.at[at] >= '0' && body.at[at] <= '9')
            at++;
        if (at > i + sizeof mark - 1 && assay_bytes_is(assay_bytes_part(body, at, at + 4), " of "))
            return true;
    }
    return false;
}

const char *peer_runs_text(struct assay_case *t, bool counted, uint64_t runs)
{
    if (!counted)
        return "runs of the handler cannot be counted here";
    if (runs == 0)
        return "the handler did not run";
    return case_printf(t, "the handler ran %s",
                       runs == 1 ? "once" : case_printf(t, "%" PRIu64 " times", runs));
}

/* Where nobody counts there is nothing to say. */
static const char *moves_text(struct assay_case *t, uint64_t moves)
{
    if (moves == 0)
        return scenario_profile(case_scenario(t))->moves != NULL ? "; no money was moved" : "";
    return case_printf(t, "; money was moved %s",
                       moves == 1 ? "once" : case_printf(t, "%" PRIu64 " times", moves));
}

struct peer_look peer_look(struct assay_case *t, const struct peer_answer *answer)
{
    struct peer_look look = {
        .status = peer_status(answer), .counted = case_can_count(t), .grade = GRADE_DERIVED};

    if (look.counted) {
        look.runs = case_executions(t) - answer->before.runs;
        look.grade = GRADE_OBSERVED;
    }
    look.moves = peer_moves(t) - answer->before.moves;
    look.leaks = look.counted && look.status >= 300 && peer_holds_handler_text(peer_body(answer));
    look.seen =
        case_printf(t, "%s: %s%s; %s%s", answer->label != NULL ? answer->label : "answer",
                    peer_seen(t, answer), look.leaks ? ", the handler's text among them" : "",
                    peer_runs_text(t, look.counted, look.runs), moves_text(t, look.moves));
    return look;
}

void peer_end_if_rate_limited(struct assay_case *t, int status)
{
    const struct scenario *s = case_scenario(t);

    if (status == 429 && s->variant == NULL && (s->needs & NEED_DISRUPT) == 0)
        case_end(
            t, VERDICT_BROKEN,
            "the target answered 429 before it looked at the payment: state its rate as "
            "`limits.requests_per_second` in the target file, so that the suite stays below it");
}

bool peer_is_refusal(const struct peer_look *look)
{
    return look->status >= 400 && look->status < 500 && look->runs == 0 && look->moves == 0 &&
           !look->leaks;
}

void(expect_refused)(struct assay_case *t, const struct peer_answer *answer)
{
    struct peer_look look = peer_look(t, answer);

    peer_end_if_rate_limited(t, look.status);
    case_judge(t, peer_is_refusal(&look), look.grade,
               "a refusal (4xx) with nothing of the paid content, and no run of the handler", "%s",
               look.seen);
}

static bool was_closed(const struct peer_answer *answer)
{
    return answer->exchange->outcome == HTTP_CLOSED;
}

void(expect_refused_or_closed)(struct assay_case *t, const struct peer_answer *answer)
{
    struct peer_look look = peer_look(t, answer);

    peer_end_if_rate_limited(t, look.status);
    case_judge(t,
               peer_is_refusal(&look) || (was_closed(answer) && look.runs == 0 && look.moves == 0),
               look.grade, "a refusal (4xx) or a closed connection, and no run of the handler",
               "%s", look.seen);
}

void(expect_nothing_bought)(struct assay_case *t, const struct peer_answer *answer)
{
    struct peer_look look = peer_look(t, answer);
    bool served = look.status >= 200 && look.status < 300;

    peer_end_if_rate_limited(t, look.status);
    if (served && !look.counted)
        case_end(t, VERDICT_UNSUPPORTED,
                 "answered with %d, and without counting the handler's runs nobody can tell "
                 "whether that was "
                 "the paid content",
                 look.status);
    case_judge(t, look.runs == 0 && look.moves == 0 && !peer_holds_handler_text(peer_body(answer)),
               look.grade, "nothing of the paid content, and no run of the handler", "%s",
               look.seen);
}

void(expect_conflict)(struct assay_case *t, const struct peer_answer *answer)
{
    struct peer_look look = peer_look(t, answer);

    peer_end_if_rate_limited(t, look.status);
    case_judge(t, look.status == 409 && look.runs == 0 && !look.leaks, look.grade,
               "409, and no run of the handler", "%s", look.seen);
}

void(expect_no_server_error)(struct assay_case *t, const struct peer_answer *answer)
{
    struct peer_look look = peer_look(t, answer);

    case_judge(t, look.status != 0 && look.status < 500 && look.runs == 0, look.grade,
               "an answer below 500, and no run of the handler", "%s", look.seen);
}

void(expect_each_refused)(struct assay_case *t, const char *what, struct peer_want want,
                          const struct peer_with *withs, size_t n)
{
    struct peer_series *series = peer_series(t);
    const char *expected = case_printf(
        t, "each of %zu payments (%s) refused (4xx) or closed upon, and no run of the handler", n,
        what);
    struct peer_before before = peer_before(t);
    uint64_t runs = 0;

    for (size_t i = 0; i < n; i++) {
        const struct peer_answer *answer = peer_series_send(t, series, want, withs[i]);
        int status = peer_status(answer);

        peer_end_if_rate_limited(t, status);
        if ((status >= 400 && status < 500) || was_closed(answer))
            continue;
        case_saw_exchange(t, answer->exchange, what);
        runs = case_can_count(t) ? case_executions(t) - before.runs : 0;
        case_judge(t, false, GRADE_OBSERVED, expected, "number %zu: %s; %s", i + 1,
                   peer_seen(t, answer), peer_runs_text(t, case_can_count(t), runs));
    }
    runs = case_can_count(t) ? case_executions(t) - before.runs : 0;
    case_judge(t, n > 0 && runs == 0 && peer_moves(t) == before.moves,
               case_can_count(t) ? GRADE_OBSERVED : GRADE_DERIVED, expected,
               "all %zu were refused; %s", n, peer_runs_text(t, case_can_count(t), runs));
}

static struct assay_bytes type_of(const struct peer_answer *answer)
{
    return http_response_header(&answer->exchange->response, "Content-Type", NULL);
}

const char *peer_difference(const struct peer_answer *answer, const struct peer_answer *first)
{
    if (peer_status(answer) != peer_status(first))
        return "its status is another";
    if (answer->exchange->response.body_bytes != first->exchange->response.body_bytes ||
        !assay_bytes_equal(peer_body(answer), peer_body(first)))
        return "its body is another";
    if (!assay_bytes_equal(type_of(answer), type_of(first)))
        return "its content type is another";
    return NULL;
}
