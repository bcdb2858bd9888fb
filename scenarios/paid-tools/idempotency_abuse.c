/* Threat idempotency-abuse: a key that answers for another request, runs the work twice, or hands a
 * paid answer to somebody who has not paid. Under the base rules key and request release a stored
 * answer; under the hardened ones the payment is shown again. */
#include "peer/paid-tools/peer.h"

enum { HELD_ROUNDS = 4 };

/* What a retry must bring: under the hardened rules the payment of the first use. */
static struct pt_with retry_of(struct assay_case *t, struct pt_with first)
{
    return (struct pt_with){.key = first.key,
                            .proof = case_judged_by(t, "hardened") ? first.proof : NULL};
}

static struct pt_with given_keyed(struct assay_case *t, struct peer_want want)
{
    return (struct pt_with){.key = given_key(t), .proof = given_paid(t, want)};
}

static const struct surface {
    const char *name;
    const char *endpoint;
} surfaces[] = {{"GET", "paid_get"}, {"POST", "paid_post"}};

SCENARIO(
    keyed_retry_is_answered_from_the_store,
    .title = "A retry with the same key and request gets its first answer again, and nothing runs",
    .threat = "idempotency-abuse", .rule = "IK-1", .ideas = "T5-01",
    .catches = DEFECTS("key.ignored"), .needs = PT_SECRET | PT_KEYS, TABLE(surfaces))
{
    const struct surface *row = case_row(t);
    struct peer_want want = peer_endpoint(t, row->endpoint);
    struct pt_with with = given_keyed(t, want);
    const struct peer_answer *first = pt_send(t, "pay with a key", want, with);

    expect_granted(t, first);
    expect_replayed(t, pt_send(t, "retry", want, retry_of(t, with)), first);
    expect_replayed(t, pt_send(t, "retry once more", want, retry_of(t, with)), first);
}

SCENARIO(permuted_twin_is_the_same_request,
         .title = "A keyed retry with the query's members in another order is a retry, no conflict",
         .threat = "idempotency-abuse", .rule = "IK-1", .ideas = "T5-13",
         .catches = DEFECTS("key.ignored", "hash.query_not_canonical"),
         .needs = PT_SECRET | PT_KEYS)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct peer_want one = peer_want_query(t, want, "one=1&two=2"),
                     twin = peer_want_query(t, want, "two=2&one=1");
    struct pt_with with = given_keyed(t, one);
    const struct peer_answer *first = pt_send(t, "pay with a key", one, with);

    expect_granted(t, first);
    expect_replayed(t, pt_send(t, "retry, members permuted", twin, retry_of(t, with)), first);
}

static const struct garbage {
    const char *name;
    const char *proof;
} garbages[] = {
    {"no base64", "@@@@"},
    {"JSON null", "bnVsbA"},
    {"an empty object", "e30"},
    {"a list", "W10"},
};

SCENARIO(keyed_retry_with_a_garbage_proof,
         .title = "A keyed retry with a garbage proof is answered from the store or refused, never "
                  "run and never 5xx",
         .threat = "idempotency-abuse", .rule = "IK-1", .ideas = "T5-07",
         .catches = DEFECTS("key.ignored", "key.bearer_ticket"), .needs = PT_SECRET | PT_KEYS,
         TABLE(garbages))
{
    const struct garbage *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_with with = given_keyed(t, want);
    const struct peer_answer *first = pt_send(t, "pay with a key", want, with), *again;

    expect_granted(t, first);
    again = pt_send(t, "retry with garbage", want,
                    (struct pt_with){.key = with.key, .proof = row->proof});
    if (case_judged_by(t, "hardened"))
        expect_refused(t, again);
    else
        expect_replayed(t, again, first);
    expect_replayed(t, pt_send(t, "retry with its proof", want, retry_of(t, with)), first);
}

SCENARIO(stored_answer_needs_its_payment,
         .title = "A stored answer is released only to whoever shows the payment that bought it",
         .threat = "idempotency-abuse", .rule = "IK-5", .ideas = "T5-06",
         .catches = DEFECTS("key.bearer_ticket"), .needs = PT_SECRET | PT_KEYS)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_with with = given_keyed(t, want);
    struct pt_with other = {.key = with.key, .proof = given_paid(t, want)};
    const struct peer_answer *answer;

    expect_granted(t, pt_send(t, "pay with a key", want, with));
    expect_refused(t, pt_send(t, "key without a payment", want, (struct pt_with){.key = with.key}));
    answer = pt_send(t, "key with another payment", want, other);
    expect(t, !pt_is_replay(answer), "anything but the stored answer",
           "the stored answer, status %d", peer_status(answer));
}

/* ---- one key, another request ---- */

static const struct other {
    const char *name;
    const char *first, *query; /* endpoint, and what is added to it */
    const char *body;
    const char *endpoint; /* of the second */
} others[] = {
    {"another query", "paid_get", "again=1", NULL, "paid_get"},
    {"another path", "paid_get", NULL, NULL, "paid_get_other"},
    {"another method", "paid_get", NULL, NULL, "paid_post"},
    {"another body", "paid_post", NULL, "{\"a\":2}", "paid_post"},
};

static struct peer_want other_of(struct assay_case *t, const struct other *row)
{
    struct peer_want want = peer_endpoint(t, row->endpoint);

    if (row->query != NULL)
        want = peer_want_query(t, want, row->query);
    return row->body != NULL ? peer_want_body(want, assay_str(row->body)) : want;
}

SCENARIO(key_of_another_request_is_a_conflict,
         .title = "A key that belongs to another request answers 409 and runs nothing",
         .threat = "idempotency-abuse", .rule = "IK-2", .ideas = "T5-02",
         .catches = DEFECTS("key.request_unchecked"), .needs = PT_SECRET | PT_KEYS, TABLE(others))
{
    const struct other *row = case_row(t);
    struct peer_want want = peer_endpoint(t, row->first), other = other_of(t, row);
    struct pt_with with = given_keyed(t, want);
    const struct peer_answer *answer;

    expect_granted(t, pt_send(t, "pay with a key", want, with));
    answer =
        pt_send(t, "same key, other request, unpaid", other, (struct pt_with){.key = with.key});
    if (case_judged_by(t, "hardened"))
        expect_refused(t, answer);
    else
        expect_conflict(t, answer);
}

SCENARIO(
    conflict_leaves_the_payment_good,
    .title =
        "A payment sent with a conflicting key is refused by 409 and still buys without the key",
    .threat = "idempotency-abuse", .rule = "IK-2", .ideas = "T5-03",
    .catches = DEFECTS("key.request_unchecked", "key.conflict_consumes"),
    .needs = PT_SECRET | PT_KEYS, TABLE(others))
{
    const struct other *row = case_row(t);
    struct peer_want want = peer_endpoint(t, row->first), other = other_of(t, row);
    struct pt_with with = given_keyed(t, want),
                   fresh = {.key = with.key, .proof = given_paid(t, other)};

    expect_granted(t, pt_send(t, "pay with a key", want, with));
    expect_conflict(t, pt_send(t, "same key, other request, paid", other, fresh));
    expect_still_buys(t, other, (struct pt_with){.proof = fresh.proof});
}

/* ---- at once ---- */

/* Whoever lost was refused, told to come again, or given the winner's answer. */
static void expect_one_run(struct assay_case *t, const struct peer_answer *const *answers, size_t n)
{
    size_t granted = 0, odd = 0, none = 0;

    for (size_t i = 0; i < n; i++) {
        int status = peer_status(answers[i]);

        granted += pt_is_granted(t, answers[i]) ? 1 : 0;
        none += status == 0 ? 1 : 0;
        odd += status >= 500 && status != 503 ? 1 : 0;
    }
    if (case_can_count(t)) {
        uint64_t runs = case_executions(t) - answers[0]->before.runs;

        expect(t, runs == 1, "one run of the handler", "%llu runs for %zu requests with one key",
               (unsigned long long)runs, n);
    }
    expect(t, granted > 0 && odd == 0 && none == 0,
           "at least one paid answer, and 4xx or the stored answer for the others",
           "%zu paid answers, %zu server errors, %zu without an answer", granted, odd, none);
}

static const struct crowd {
    const char *name;
    size_t payments; /* distinct ones */
    size_t requests;
} crowds[] = {
    {"three payments", 3, 3},
    {"sixty-four payments", 64, 64},
    {"sixty-four copies of one payment", 1, 64},
};

SCENARIO(one_key_at_once_runs_once,
         .title = "Payments that arrive at once with one new key run the handler once",
         .threat = "idempotency-abuse", .rule = "IK-3", .ideas = "T5-04",
         .catches = DEFECTS("key.checked_then_stored"), .needs = PT_SECRET | PT_KEYS, TABLE(crowds))
{
    const struct crowd *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct peer_want *wants = case_alloc(t, row->requests * sizeof *wants);
    struct pt_with *withs = case_alloc(t, row->requests * sizeof *withs);

    for (int round = 0; round < (row->requests > 8 ? 1 : HELD_ROUNDS); round++) {
        const char *const *paid = given_paid_many(t, want, row->payments);
        const char *key = given_key(t);

        for (size_t i = 0; i < row->requests; i++) {
            wants[i] = want;
            withs[i] = (struct pt_with){.proof = paid[i % row->payments], .key = key};
        }
        expect_one_run(t, pt_burst_held(t, "one key at once", wants, withs, row->requests),
                       row->requests);
    }
}

SCENARIO(two_requests_with_one_key_at_once,
         .title = "Of two requests that arrive at once with one new key one runs; the other is "
                  "refused, its payment good",
         .threat = "idempotency-abuse", .rule = "IK-3", .ideas = "T5-05",
         .catches = DEFECTS("key.checked_then_stored", "key.ignored"), .needs = PT_SECRET | PT_KEYS)
{
    struct peer_want wants[2] = {peer_endpoint(t, "paid_get"), peer_endpoint(t, "paid_get_other")};

    for (int round = 0; round < HELD_ROUNDS; round++) {
        const char *key = given_key(t);
        struct pt_with withs[2] = {{.proof = given_paid(t, wants[0]), .key = key},
                                   {.proof = given_paid(t, wants[1]), .key = key}};
        const struct peer_answer *const *answers =
            pt_burst_held(t, "two requests, one key", wants, withs, 2);
        size_t loser = pt_is_granted(t, answers[0]) ? 1 : 0;

        expect_granted_count(t, answers, 2, 1);
        expect_still_buys(t, wants[loser], (struct pt_with){.proof = withs[loser].proof});
    }
}

/* ---- what is not stored ---- */

SCENARIO(challenge_is_not_stored_under_a_key,
         .title = "A 402 is not stored: the payment that follows it with the same key is served",
         .threat = "idempotency-abuse", .rule = "IK-4", .ideas = "T5-08",
         .catches = DEFECTS("key.stores_challenge"), .needs = PT_SECRET | PT_KEYS)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_with with = {.key = given_key(t)};

    expect_challenge(t, pt_send(t, "unpaid, with a key", want, with), want);
    with.proof = "e30";
    expect_refused(t, pt_send(t, "badly paid, with the key", want, with));
    with.proof = given_paid(t, want);
    expect_granted(t, pt_send(t, "paid, with the key", want, with));
}

static void handler_answers_again(void *origin)
{
    origin_behave(origin, &(struct origin_rule){.behaviour = ORIGIN_ANSWER});
    origin_release(origin);
}

/* The next run of the handler goes wrong in that way. */
static void given_failing_handler(struct assay_case *t, enum origin_behaviour behaviour)
{
    origin_behave(case_origin(t), &(struct origin_rule){.behaviour = behaviour, .times = 1});
    case_defer(t, handler_answers_again, case_origin(t));
}

SCENARIO(
    failure_is_not_stored_under_a_key,
    .title = "A handler's failure is not stored: a new payment with the same key runs it again",
    .threat = "idempotency-abuse", .rule = "IK-4", .ideas = "T5-09",
    .catches = DEFECTS("key.stores_failure"), .needs = PT_SECRET | PT_KEYS | NEED_ORIGIN)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_with with = given_keyed(t, want),
                   again = {.key = with.key, .proof = given_paid(t, want)};
    const struct peer_answer *failed;

    given_failing_handler(t, ORIGIN_FAIL);
    failed = pt_send(t, "paid, the handler fails", want, with);
    expect(t, !pt_is_granted(t, failed), "an answer that says the handler failed", "status %d",
           peer_status(failed));
    expect_granted(t, pt_send(t, "same key, new payment", want, again));
}

static const struct failure {
    const char *name;
    enum origin_behaviour behaviour;
    bool keyed;
} failures[] = {
    {"500", ORIGIN_FAIL, false},           {"500, with a key", ORIGIN_FAIL, true},
    {"stalled", ORIGIN_STALL, false},      {"reset", ORIGIN_RESET, false},
    {"cut short", ORIGIN_TRUNCATE, false}, {"cut short, with a key", ORIGIN_TRUNCATE, true},
};

SCENARIO(handler_failure_does_not_burn_the_payment,
         .title = "When the handler fails, the identical retry is delivered, and delivered once",
         .threat = "idempotency-abuse", .rule = "CG-1", .ideas = "T5-09",
         .catches = DEFECTS("handler.failure_burns"), .needs = PT_SECRET | NEED_ORIGIN,
         TABLE(failures))
{
    const struct failure *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_with with = {.proof = given_paid(t, want)};
    const struct peer_answer *answer;

    if (row->keyed && !target_supports(case_target(t), "idempotency"))
        case_end(t, VERDICT_UNSUPPORTED, "the target does not support \"idempotency\"");
    with.key = row->keyed ? given_key(t) : NULL;
    given_failing_handler(t, row->behaviour);
    answer = pt_send(t, "paid, the handler fails", want, with);
    if (pt_is_granted(t, answer)) { /* it asked the handler again of its own accord */
        case_observe(t, "hidden failure", "the failure was answered with %d", peer_status(answer));
        expect_refused(
            t, pt_send(t, "the payment once more", want, (struct pt_with){.proof = with.proof}));
        return;
    }
    answer = pt_send(t, "identical retry", want, with);
    if (peer_status(answer) == 503) {
        case_observe(t, "recovery",
                     "the retry is answered with 503: the payment waits for the operator");
        expect(t, case_executions(t) == 1, "no second run while recovery is due", "%llu runs",
               (unsigned long long)case_executions(t));
        return;
    }
    expect_granted(t, answer);
    expect_refused(
        t, pt_send(t, "the payment once more", want, (struct pt_with){.proof = with.proof}));
}

/* ---- what is stored ---- */

static const uint8_t bytes_with_nul[] = {0x89, 'P',  'N',  'G',  0x00, 0xFF,
                                         0x00, '\r', '\n', 0x1A, 0x00};

static const struct stored {
    const char *name;
    const char *endpoint;
    const char *content_type;
    const uint8_t *body;
    size_t len;
} stored[] = {
    {"HTML", "html", "text/html; charset=utf-8", (const uint8_t *)"<p>paid</p>", 11},
    {"nothing", "empty", "text/plain", (const uint8_t *)"", 0},
    {"bytes", "binary", "application/octet-stream", bytes_with_nul, sizeof bytes_with_nul},
};

SCENARIO(replay_keeps_type_and_bytes,
         .title = "A stored answer comes back with its status, content type and every byte",
         .threat = "idempotency-abuse", .rule = "IK-6", .ideas = "T5-10",
         .catches = DEFECTS("key.loses_content_type", "key.loses_bytes"),
         .needs = PT_SECRET | PT_KEYS, TABLE(stored))
{
    const struct stored *row = case_row(t);
    struct peer_want want = peer_endpoint(t, row->endpoint);
    struct pt_with with = given_keyed(t, want);
    struct origin_rule rule = {.behaviour = ORIGIN_ANSWER,
                               .content_type = row->content_type,
                               .body = {row->body, row->len},
                               .body_set = true,
                               .times = 1};
    const struct peer_answer *first;

    if (case_origin(t) != NULL) {
        origin_behave(case_origin(t), &rule);
        case_defer(t, handler_answers_again, case_origin(t));
    }
    first = pt_send(t, "pay with a key", want, with);
    expect_granted(t, first);
    expect_replayed(t, pt_send(t, "retry", want, retry_of(t, with)), first);
}

/* ---- odd keys ---- */

static const struct odd_key {
    const char *name;
    size_t len; /* filled up with 'k' to that length, behind the text */
    const char *text;
    const char *twice; /* sent a second time with this value; NULL: once */
} odd_keys[] = {
    {"no bytes", 0, "", NULL},
    {"one byte", 1, "", NULL},
    {"255 bytes", 255, "", NULL},
    {"8,000 bytes", 8000, "", NULL},
    {"bytes that are no ASCII", 40, "\xC3\xA4\xFF\x80", NULL},
    {"commas", 40, "a,b, c,,", NULL},
    {"quotes and markup", 40, "\"'<b>\\{}", NULL},
    {"sent twice", 40, "one", "two"},
};

/* A key nobody has used, of the row's form; keys of another `salt` differ from it in their last
 * byte alone. */
static const char *odd_key(struct assay_case *t, const struct odd_key *row, char salt)
{
    const char *unused = given_key(t);
    char *key = case_alloc(t, row->len + 1);
    size_t text = strlen(row->text);

    memset(key, 'k', row->len);
    memcpy(key, row->text, text < row->len ? text : row->len);
    if (row->len > text + strlen(unused))
        memcpy(key + text, unused, strlen(unused));
    if (row->len > 0)
        key[row->len - 1] = salt;
    key[row->len] = '\0';
    return key;
}

static const char *twin_of(struct assay_case *t, const char *key)
{
    char *twin = case_printf(t, "%s", key);
    size_t len = strlen(twin);

    if (len > 0)
        twin[len - 1] = 'B';
    return twin;
}

static struct pt_with keyed_twice(const struct odd_key *row, const char *key, const char *proof)
{
    struct pt_with with = {.proof = proof, .key = key};

    if (row->twice != NULL) {
        with.extra_name = "Idempotency-Key";
        with.extra_value = row->twice;
    }
    return with;
}

SCENARIO(odd_keys_stay_apart,
         .title = "Keys of any length and bytes are taken whole or refused: two that differ never "
                  "share an answer",
         .threat = "idempotency-abuse", .rule = "IK-2", .ideas = "T5-11",
         .catches = DEFECTS("key.truncated"), .needs = PT_SECRET | PT_KEYS, TABLE(odd_keys))
{
    const struct odd_key *row = case_row(t);
    const char *member =
        case_printf(t, "odd=%s", given_key(t)); /* so that a key in use conflicts */
    struct peer_want want = peer_want_query(t, peer_endpoint(t, "paid_get"), member);
    struct peer_want other = peer_want_query(t, peer_endpoint(t, "paid_get_other"), member);
    struct pt_with with = keyed_twice(row, odd_key(t, row, 'A'), given_paid(t, want));
    const struct peer_answer *answer = pt_send(t, "pay with the key", want, with);

    if (!pt_is_granted(t, answer)) {
        case_observe(t, "odd key", "refused with status %d", peer_status(answer));
        expect_refused(t, answer);
        return;
    }
    expect_granted(t, answer);
    with = keyed_twice(row, twin_of(t, with.key), given_paid(t, other));
    answer =
        pt_send(t, "pay another request with a key that differs in its last byte", other, with);
    if (row->len <= 1 && peer_status(answer) == 409)
        expect_conflict(t, answer); /* of so few keys this one was in use */
    else
        expect_granted(t, answer);
}

/* ---- retention ---- */

enum { MINUTE_MS = 60000 };

SCENARIO(key_is_kept_for_its_hour,
         .title = "Within the hour a key still conflicts with another request; after it, it is new "
                  "or still conflicts",
         .threat = "idempotency-abuse", .rule = "IK-2", .ideas = "T5-12",
         .catches = DEFECTS("key.request_unchecked", "key.ignored"),
         .needs = PT_SECRET | PT_KEYS | NEED_CLOCK)
{
    struct peer_want want = peer_endpoint(t, "paid_get"),
                     other = peer_endpoint(t, "paid_get_other");
    struct pt_with with = given_keyed(t, want), late = {.key = with.key};
    int64_t began_ms = case_now_ms(t);
    const struct peer_answer *first = pt_send(t, "pay with a key", want, with), *after;

    expect_granted(t, first);
    peer_clock_at(t, began_ms + 50 * MINUTE_MS);
    late.proof = given_paid(t, other);
    expect_conflict(t, pt_send(t, "other request, after fifty minutes", other, late));
    peer_clock_at(t, began_ms + 75 * MINUTE_MS);
    late.proof = given_paid(t, other);
    after = pt_send(t, "other request, after seventy-five minutes", other, late);
    case_observe(t, "retention of keys", "after seventy-five minutes the key is %s",
                 pt_is_granted(t, after) ? "new" : "still bound to its request");
    if (pt_is_granted(t, after))
        expect_granted(t, after);
    else
        expect_conflict(t, after);
}
