/* Judging what is particular to paid-tools: grants, challenges and replays. See peer.h. */
#include "peer/paid-tools/peer_internal.h"

#include <inttypes.h>

void(expect_granted)(struct assay_case *t, const struct peer_answer *answer)
{
    struct peer_look look = peer_look(t, answer);

    peer_end_if_rate_limited(t, look.status);
    case_judge(t, pt_is_granted(t, answer) && (!look.counted || look.runs == 1), look.grade,
               look.counted ? "the paid answer (2xx), and one run of the handler"
                            : "the paid answer (2xx)",
               "%s", look.seen);
}

void(expect_all_refused)(struct assay_case *t, const char *what, struct peer_want want,
                         const struct pt_with *withs, size_t n)
{
    struct peer_with *with = case_alloc(t, n * sizeof *with);

    for (size_t i = 0; i < n; i++)
        with[i] = pt_headers(t, want, withs[i]);
    (expect_each_refused)(t, what, want, with, n);
}

void(expect_challenge)(struct assay_case *t, const struct peer_answer *answer,
                       struct peer_want want)
{
    struct peer_look look = peer_look(t, answer);
    struct pt_challenge challenge;
    struct assay_err err = {0};
    bool whole;

    peer_end_if_rate_limited(t, look.status);
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

/* What differs between an answer and the one it should repeat; NULL: nothing. */
static const char *difference(const struct peer_answer *answer, const struct peer_answer *first)
{
    const char *other = peer_difference(answer, first);

    if (other == NULL && !pt_is_replay(answer))
        other = "it is not marked as a replay (x-idempotent-replay: true)";
    return other;
}

void(expect_replayed)(struct assay_case *t, const struct peer_answer *answer,
                      const struct peer_answer *first)
{
    struct peer_look look = peer_look(t, answer);
    const char *other =
        look.status != 0 && peer_status(first) != 0 ? difference(answer, first) : "no answer";

    peer_end_if_rate_limited(t, look.status);
    case_judge(t, other == NULL && look.runs == 0, look.grade,
               "the first answer again (status, body, content type), marked as a replay, and no "
               "run of the "
               "handler",
               "%s%s%s", look.seen, other != NULL ? "; " : "", other != NULL ? other : "");
}

/* Fail closed is refused too: a copy may meet a busy store. */
static bool was_refused(const struct peer_answer *answer)
{
    int status = peer_status(answer);

    return (status >= 400 && status < 500) || status == 503;
}

void(expect_granted_count)(struct assay_case *t, const struct peer_answer *const *answers,
                           size_t total, size_t n)
{
    size_t granted = pt_count_granted(t, answers, total), refused = 0;
    bool counted = case_can_count(t);
    uint64_t runs = counted ? case_executions(t) - answers[0]->before.runs : 0;
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
               granted, refused, peer_runs_text(t, counted, runs), odd != NULL ? odd : "");
}

void(expect_still_buys)(struct assay_case *t, struct peer_want want, struct pt_with with)
{
    const struct peer_answer *answer =
        pt_send(t, "the honest use, which must still work", want, with);

    (expect_granted)(t, answer);
}
