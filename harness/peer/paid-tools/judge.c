/* Judging answers: what was expected, what was seen, and how that is known. See peer.h. */
#include "peer/paid-tools/peer_internal.h"

#include <inttypes.h>

/* One answer, looked at. */
struct look {
    int status; /* 0: no answer */
    bool counted;
    uint64_t runs; /* since before the request; 0 where they cannot be counted */
    bool leaks;    /* a refusal with the handler's text in it */
    enum grade grade;
    const char *seen;
};

/* The origin's own body: "execution N of METHOD TARGET". */
static bool holds_handler_text(struct assay_bytes body)
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

static const char *runs_text(struct assay_case *t, bool counted, uint64_t runs)
{
    if (!counted)
        return "runs of the handler cannot be counted here";
    if (runs == 0)
        return "the handler did not run";
    return case_printf(t, "the handler ran %s",
                       runs == 1 ? "once" : case_printf(t, "%" PRIu64 " times", runs));
}

static struct look look_at(struct assay_case *t, const struct pt_answer *answer)
{
    struct look look = {
        .status = pt_status(answer), .counted = case_can_count(t), .grade = GRADE_DERIVED};

    if (look.counted) {
        look.runs = case_executions(t) - answer->before;
        look.grade = GRADE_OBSERVED;
    }
    look.leaks = look.counted && look.status >= 300 && holds_handler_text(pt_body(answer));
    look.seen = case_printf(t, "%s: %s%s; %s", answer->label != NULL ? answer->label : "answer",
                            pt_seen(t, answer), look.leaks ? ", the handler's text among them" : "",
                            runs_text(t, look.counted, look.runs));
    return look;
}

/* A rate limit answers before the proof was looked at, so that nothing would have been tested. */
static void end_if_rate_limited(struct assay_case *t, int status)
{
    const struct scenario *s = case_scenario(t);

    if (status == 429 && s->variant == NULL && (s->needs & NEED_DISRUPT) == 0)
        case_end(
            t, VERDICT_BROKEN,
            "the target answered 429 before it looked at the payment: state its rate as "
            "`limits.requests_per_second` in the target file, so that the suite stays below it");
}

void(expect_granted)(struct assay_case *t, const struct pt_answer *answer)
{
    struct look look = look_at(t, answer);

    end_if_rate_limited(t, look.status);
    case_judge(t, pt_is_granted(t, answer) && (!look.counted || look.runs == 1), look.grade,
               look.counted ? "the paid answer (2xx), and one run of the handler"
                            : "the paid answer (2xx)",
               "%s", look.seen);
}

static bool is_refusal(const struct look *look)
{
    return look->status >= 400 && look->status < 500 && look->runs == 0 && !look->leaks;
}

void(expect_refused)(struct assay_case *t, const struct pt_answer *answer)
{
    struct look look = look_at(t, answer);

    end_if_rate_limited(t, look.status);
    case_judge(t, is_refusal(&look), look.grade,
               "a refusal (4xx) with nothing of the paid content, and no run of the handler", "%s",
               look.seen);
}

static bool was_closed(const struct pt_answer *answer)
{
    return answer->exchange->outcome == HTTP_CLOSED;
}

void(expect_refused_or_closed)(struct assay_case *t, const struct pt_answer *answer)
{
    struct look look = look_at(t, answer);

    end_if_rate_limited(t, look.status);
    case_judge(t, is_refusal(&look) || (was_closed(answer) && look.runs == 0), look.grade,
               "a refusal (4xx) or a closed connection, and no run of the handler", "%s",
               look.seen);
}

void(expect_nothing_bought)(struct assay_case *t, const struct pt_answer *answer)
{
    struct look look = look_at(t, answer);
    bool served = look.status >= 200 && look.status < 300;

    end_if_rate_limited(t, look.status);
    if (served && !look.counted)
        case_end(t, VERDICT_UNSUPPORTED,
                 "answered with %d, and without counting the handler's runs nobody can tell "
                 "whether that was "
                 "the paid content",
                 look.status);
    case_judge(t, look.runs == 0 && !holds_handler_text(pt_body(answer)), look.grade,
               "nothing of the paid content, and no run of the handler", "%s", look.seen);
}

void(expect_all_refused)(struct assay_case *t, const char *what, struct pt_want want,
                         const struct pt_with *withs, size_t n)
{
    struct pt_series *series = pt_series(t);
    const char *expected = case_printf(
        t, "each of %zu proofs (%s) refused (4xx) or closed upon, and no run of the handler", n,
        what);
    uint64_t before = case_executions(t), runs = 0;

    for (size_t i = 0; i < n; i++) {
        const struct pt_answer *answer = pt_series_send(t, series, want, withs[i]);
        int status = pt_status(answer);

        end_if_rate_limited(t, status);
        if ((status >= 400 && status < 500) || was_closed(answer))
            continue;
        case_saw_exchange(t, answer->exchange, what);
        runs = case_can_count(t) ? case_executions(t) - before : 0;
        case_judge(t, false, GRADE_OBSERVED, expected, "number %zu: %s; %s", i + 1,
                   pt_seen(t, answer), runs_text(t, case_can_count(t), runs));
    }
    runs = case_can_count(t) ? case_executions(t) - before : 0;
    case_judge(t, n > 0 && runs == 0, case_can_count(t) ? GRADE_OBSERVED : GRADE_DERIVED, expected,
               "all %zu were refused; %s", n, runs_text(t, case_can_count(t), runs));
}

void(expect_challenge)(struct assay_case *t, const struct pt_answer *answer, struct pt_want want)
{
    struct look look = look_at(t, answer);
    struct pt_challenge challenge;
    struct assay_err err = {0};
    bool whole;

    end_if_rate_limited(t, look.status);
    if (answer->exchange->outcome == HTTP_NO_CONNECTION)
        case_end(t, VERDICT_BROKEN, "nothing was asked: %s", look.seen);
    case_judge(t, look.status == 402 && look.runs == 0 && !look.leaks, look.grade,
               "402 with a challenge, and no run of the handler", "%s", look.seen);
    whole = pt_challenge_of(&challenge, answer, &err) == ASSAY_OK &&
            pt_challenge_check(&challenge, pt_hash_of(t, want), &err) == ASSAY_OK;
    case_judge(t, whole, look.grade,
               "402 with a complete challenge for this very request, and no run of the handler",
               "%s%s%s", look.seen, whole ? "" : "; the challenge: ", whole ? "" : err.text);
}

void(expect_conflict)(struct assay_case *t, const struct pt_answer *answer)
{
    struct look look = look_at(t, answer);

    end_if_rate_limited(t, look.status);
    case_judge(t, look.status == 409 && look.runs == 0 && !look.leaks, look.grade,
               "409, and no run of the handler", "%s", look.seen);
}

static struct assay_bytes type_of(const struct pt_answer *answer)
{
    return http_response_header(&answer->exchange->response, "Content-Type", NULL);
}

/* What differs between an answer and the one it should repeat; NULL: nothing. */
static const char *difference(const struct pt_answer *answer, const struct pt_answer *first)
{
    if (pt_status(answer) != pt_status(first))
        return "its status is another";
    if (answer->exchange->response.body_bytes != first->exchange->response.body_bytes ||
        !assay_bytes_equal(pt_body(answer), pt_body(first)))
        return "its body is another";
    if (!assay_bytes_equal(type_of(answer), type_of(first)))
        return "its content type is another";
    return pt_is_replay(answer) ? NULL : "it is not marked as a replay (x-idempotent-replay: true)";
}

void(expect_replayed)(struct assay_case *t, const struct pt_answer *answer,
                      const struct pt_answer *first)
{
    struct look look = look_at(t, answer);
    const char *other =
        look.status != 0 && pt_status(first) != 0 ? difference(answer, first) : "no answer";

    end_if_rate_limited(t, look.status);
    case_judge(t, other == NULL && look.runs == 0, look.grade,
               "the first answer again (status, body, content type), marked as a replay, and no "
               "run of the "
               "handler",
               "%s%s%s", look.seen, other != NULL ? "; " : "", other != NULL ? other : "");
}

void(expect_no_server_error)(struct assay_case *t, const struct pt_answer *answer)
{
    struct look look = look_at(t, answer);

    case_judge(t, look.status != 0 && look.status < 500 && look.runs == 0, look.grade,
               "an answer below 500, and no run of the handler", "%s", look.seen);
}

/* Fail closed is refused too: a copy may meet a busy store. */
static bool was_refused(const struct pt_answer *answer)
{
    int status = pt_status(answer);

    return (status >= 400 && status < 500) || status == 503;
}

void(expect_granted_count)(struct assay_case *t, const struct pt_answer *const *answers,
                           size_t total, size_t n)
{
    size_t granted = pt_count_granted(t, answers, total), refused = 0;
    bool counted = case_can_count(t);
    uint64_t runs = counted ? case_executions(t) - answers[0]->before : 0;
    const char *odd = NULL;
    const char *expected =
        case_printf(t, "%zu of %zu granted, the others refused, and %zu run%s of the handler", n,
                    total, n, n == 1 ? "" : "s");

    for (size_t i = 0; i < total; i++) {
        if (was_refused(answers[i]))
            refused++;
        else if (!pt_is_granted(t, answers[i]) && odd == NULL)
            odd = case_printf(t, "; %s: %s", answers[i]->label, pt_seen(t, answers[i]));
    }
    case_judge(t, granted == n && refused == total - n && (!counted || runs == n),
               counted ? GRADE_OBSERVED : GRADE_DERIVED, expected, "%zu granted, %zu refused; %s%s",
               granted, refused, runs_text(t, counted, runs), odd != NULL ? odd : "");
}

void(expect_still_buys)(struct assay_case *t, struct pt_want want, struct pt_with with)
{
    const struct pt_answer *answer =
        pt_send(t, "the honest use, which must still work", want, with);

    (expect_granted)(t, answer);
}
