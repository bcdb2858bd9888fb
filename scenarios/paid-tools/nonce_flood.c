/* Threat nonce-flood: what is remembered for every request fills the server. Of three equal floods,
 * with the clock moved past retention between them, the second and third make it grow by at most a
 * fifth of what the first did; hostile sizes and slow senders are refused while the honest payer is
 * served. */
#include "peer/paid-tools/peer.h"

#include <inttypes.h>
#include <sys/stat.h>

enum {
    BURST = 32,
    MINUTE_MS = 60000,
    STOP_MS = 10000,
    RESTS = 2,
    DRIPS = 40,
    DRIP_BODY = 64,
    DRIP_DEADLINE_MAX_MS = 30000,
    SWEEP_MAX_MS = 90000,
};

/* What grows by less than this has not grown: pages half filled, and of memory what garbage
 * collectors and sanitizers keep of what was freed. So memory tells only what a request leaves in
 * bulk, unless `limits.flood_requests` is raised. */
#define STORE_NOISE_BYTES ((int64_t)16 << 10)
#define RESIDENT_NOISE_BYTES ((int64_t)64 << 20)

/* ---- growth ---- */

/* In bytes; -1: cannot be seen. */
static int64_t resident_now(struct assay_case *t)
{
    uint64_t bytes;

    if (observe_resident(&bytes, case_instance(t), NULL) != ASSAY_OK)
        return -1;
    case_saw_sample(t, "resident memory", (int64_t)bytes, "bytes");
    return (int64_t)bytes;
}

static int64_t store_now(struct assay_case *t)
{
    uint64_t bytes;

    if (observe_store(&bytes, case_instance(t), NULL) != ASSAY_OK)
        return -1;
    case_saw_sample(t, "store", (int64_t)bytes, "bytes");
    return (int64_t)bytes;
}

/* Whether a database's log outlived its process: then the files tell nothing of what they hold. */
static bool log_left_behind(struct assay_case *t)
{
    const struct target_list *paths = instance_store_paths(case_instance(t));
    struct stat about;

    for (size_t i = 0; i < paths->count; i++)
        if (stat(case_printf(t, "%s-wal", paths->items[i]), &about) == 0 && about.st_size > 0)
            return true;
    return false;
}

static int64_t store_when_stopped(struct assay_case *t, bool *log)
{
    struct assay_err err = {0};
    int64_t bytes;

    if (instance_stop(case_instance(t), STOP_MS, &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the target could not be stopped: %s", err.text);
    *log = log_left_behind(t);
    bytes = store_now(t);
    if (instance_restart(case_instance(t), &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the target could not be started again: %s", err.text);
    return bytes;
}

/* Stopped for it and started again, since a database's log comes and goes while it runs. The least
 * of some times: workers that end at one moment may each leave the log to the other. */
static int64_t store_at_rest(struct assay_case *t)
{
    int64_t least = -1;
    bool always_log = true;

    if (case_target(t)->store_paths.count == 0)
        return -1;
    for (int i = 0; i < RESTS; i++) {
        bool log;
        int64_t bytes = store_when_stopped(t, &log);

        always_log = always_log && log;
        least = least < 0 || bytes < least ? bytes : least;
    }
    if (always_log)
        case_end(t, VERDICT_UNSUPPORTED,
                 "the target leaves its database's log (-wal) behind when it is told to end, so "
                 "the size of its store says nothing: close the database on SIGTERM");
    return least;
}

static void expect_level(struct assay_case *t, const char *what, int64_t first, int64_t later,
                         int64_t noise)
{
    int64_t allowed = (first > 0 ? first / 5 : 0) + noise;

    expect(t, later <= allowed,
           case_printf(
               t, "%s to grow by at most %" PRId64 " bytes (a fifth of %" PRId64 ", and noise)",
               what, allowed, first),
           "%" PRId64 " bytes", later);
}

/* The floods one after the other, each by flood(t, number), an honest payer after each. `swept`:
 * what a flood left has to be removed before the next. */
static void expect_floods_bounded(struct assay_case *t,
                                  void (*flood)(struct assay_case *t, int number), bool swept)
{
    int64_t store = store_now(t), resident = resident_now(t), store_first, resident_first,
            resident_third, store_third = 0;

    if (store < 0 && resident < 0)
        case_end(t, VERDICT_UNSUPPORTED,
                 "neither the target's store nor its memory can be measured");
    if (store < 0)
        case_observe(t, "resolution",
                     "no store paths are named, and memory tells only growth above %" PRId64
                     " bytes: raise limits.flood_requests for more",
                     RESIDENT_NOISE_BYTES);
    flood(t, 0);
    store_first = store_at_rest(t);
    resident = resident_now(t);
    flood(t, 1);
    resident_first = resident_now(t);
    flood(t, 2);
    resident_third = resident_now(t);
    if (resident >= 0)
        expect_level(t, "memory of the third flood", resident_first - resident,
                     resident_third - resident_first, RESIDENT_NOISE_BYTES);
    if (store >= 0)
        store_third = store_at_rest(t) - store_first;
    if (store >= 0 && swept && case_target(t)->sweep_ms == 0 && store_third > STORE_NOISE_BYTES)
        case_end(t, VERDICT_UNSUPPORTED,
                 "the store grew by %" PRId64
                 " bytes, but a sweeper that goes by a timer had no turn: say how "
                 "long it may take (`limits.sweep_ms`)",
                 store_third);
    if (store >= 0)
        expect_level(t, "store of the second and third flood", store_first - store, store_third,
                     STORE_NOISE_BYTES);
}

static size_t flood_size(struct assay_case *t)
{
    uint64_t n = case_target(t)->flood_requests;

    return n > 0 ? (size_t)n : 1;
}

static void expect_honest_payer_served(struct assay_case *t)
{
    struct peer_want want = peer_endpoint(t, "paid_get");

    expect_still_buys(t, want, (struct pt_with){.proof = given_paid(t, want)});
}

/* ---- floods ---- */

static void unpaid_flood(struct assay_case *t, int number)
{
    struct peer_want want = peer_endpoint(t, "paid_get");

    (void)number;
    for (size_t sent = 0; sent < flood_size(t); sent += BURST)
        (void)pt_copies(t, "unpaid flood", want, (struct pt_with){0}, BURST);
    expect_honest_payer_served(t);
}

SCENARIO(challenges_are_not_stored, .title = "Unpaid requests, however many, make nothing grow",
         .threat = "nonce-flood", .rule = "RS-1", .ideas = "T8-01",
         .catches = DEFECTS("store.challenges_kept"),
         .needs = PT_SECRET | NEED_LAUNCH | NEED_DISRUPT, .fresh = true)
{
    expect_floods_bounded(t, unpaid_flood, false);
}

/* Buys n times, in bursts; where `keyed`, each under a key of its own. */
static void paid_flood(struct assay_case *t, size_t n, bool keyed)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const char *const *paid = given_paid_many(t, want, n);
    struct peer_want wants[BURST];
    struct pt_with withs[BURST];

    for (size_t done = 0; done < n;) {
        size_t some = n - done < BURST ? n - done : BURST;

        for (size_t i = 0; i < some; i++) {
            wants[i] = want;
            withs[i] =
                (struct pt_with){.proof = paid[done + i], .key = keyed ? given_key(t) : NULL};
        }
        (void)pt_burst(t, keyed ? "paid flood with keys" : "paid flood", wants, withs, some);
        done += some;
    }
    expect_honest_payer_served(t);
}

/* Past the retention of everything before, with requests that show every worker the time, and time
 * for a sweeper that goes by a timer. */
static void move_on(struct assay_case *t, int number, int64_t retention_ms)
{
    uint64_t sweep_ms = case_target(t)->sweep_ms;

    if (sweep_ms > SWEEP_MAX_MS)
        case_end(t, VERDICT_UNSUPPORTED,
                 "`limits.sweep_ms` is above %d: a case cannot wait for that", SWEEP_MAX_MS);
    if (number > 0)
        peer_clock_at(t, case_now_ms(t) + retention_ms);
    (void)pt_copies(t, "traffic", peer_endpoint(t, "paid_get"), (struct pt_with){0}, BURST);
    if (number > 0 && sweep_ms > 0)
        peer_pause(t, (int)sweep_ms);
}

static void nonce_flood(struct assay_case *t, int number)
{
    const struct pt_offer *offer = given_offer(t, peer_endpoint(t, "paid_get"));
    int64_t ttl_ms = pt_expiry_ms(t, &offer->challenge) - offer->asked_ms;

    move_on(t, number, ttl_ms + 5 * MINUTE_MS);
    paid_flood(t, flood_size(t), false);
}

SCENARIO(spent_nonces_leave_the_store,
         .title = "What is remembered of spent nonces goes when their time is over",
         .threat = "nonce-flood", .rule = "RS-1", .ideas = "T8-02",
         .catches = DEFECTS("store.never_swept"), .needs = PT_SECRET | NEED_CLOCK | NEED_DISRUPT,
         .deadline_ms = 400000)
{
    expect_floods_bounded(t, nonce_flood, true);
}

static void handler_answers_again(void *origin)
{
    origin_behave(origin, &(struct origin_rule){.behaviour = ORIGIN_ANSWER});
}

static void key_flood(struct assay_case *t, int number)
{
    move_on(t, number, 90 * MINUTE_MS);
    paid_flood(t, flood_size(t) / 8 + 1, true);
}

SCENARIO(stored_answers_leave_the_store,
         .title = "What is stored under idempotency keys goes when their time is over",
         .threat = "nonce-flood", .rule = "RS-1", .ideas = "T8-04",
         .catches = DEFECTS("store.never_swept"),
         .needs = PT_SECRET | PT_KEYS | NEED_CLOCK | NEED_DISRUPT, .deadline_ms = 400000)
{
    if (case_origin(t) != NULL) {
        origin_behave(case_origin(t),
                      &(struct origin_rule){.behaviour = ORIGIN_LARGE, .large_bytes = 32768});
        case_defer(t, handler_answers_again, case_origin(t));
    }
    expect_floods_bounded(t, key_flood, true);
}

/* ---- sizes ---- */

static const struct long_header {
    const char *name;
    bool bridge;
    size_t len;
} long_headers[] = {
    {"9,000 bytes", false, 9000},
    {"16 KiB", false, 16384},
    {"60,000 bytes", false, 60000},
    {"9,000 bytes of PAYMENT-SIGNATURE", true, 9000},
};

SCENARIO(long_proof_is_refused,
         .title = "A proof header above any sensible size is refused, never answered with 5xx",
         .threat = "nonce-flood", .rule = "RS-2", .ideas = "T8-05",
         .catches = DEFECTS("limits.long_header_crashes"), TABLE(long_headers))
{
    const struct long_header *row = case_row(t);
    char *value = case_alloc(t, row->len + 1);

    memset(value, 'A', row->len);
    expect_refused_or_closed(t, pt_send(t, row->name, peer_endpoint(t, "paid_get"),
                                        (struct pt_with){.proof = row->bridge ? NULL : value,
                                                         .bridge = row->bridge ? value : NULL}));
}

static const struct long_nonce {
    const char *name;
    size_t len;
} long_nonces[] = {
    {"1,000 characters", 1000},
    {"4,000 characters", 4000},
    {"8,000 characters", 8000},
};

SCENARIO(long_nonce_is_refused,
         .title = "A nonce of thousands of characters is refused, though well signed",
         .threat = "nonce-flood", .rule = "NS-3", .ideas = "T8-08",
         .catches = DEFECTS("nonce.length_unbounded"), .needs = PT_SECRET, TABLE(long_nonces))
{
    const struct long_nonce *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_proof *paid = given_payment(t, given_offer(t, want));

    memset(paid->nonce, 'a', row->len);
    paid->nonce[row->len] = '\0';
    expect_refused_or_closed(
        t,
        pt_send(t, row->name, want, (struct pt_with){.proof = pt_header(t, pt_resigned(t, paid))}));
}

static const struct framing {
    const char *name;
    bool chunked;
} framings[] = {{"announced by its length", false}, {"in chunks", true}};

/* The beginning of a body that is too long, whose end never comes. */
static struct assay_bytes too_long(struct assay_case *t, struct peer_want want, bool chunked)
{
    enum { LONGEST_BODY_BYTES = 64 << 20 };
    struct assay_bytes head;
    uint64_t stated = case_target(t)->body_max_bytes;
    size_t max = (size_t)stated, len = chunked ? max + 4096 : 1024;
    const char *lines;
    uint8_t *filling;

    if (stated == 0 || stated > LONGEST_BODY_BYTES)
        case_end(t, VERDICT_UNSUPPORTED,
                 "the target file states no longest body (`limits.body_bytes`) of at most %d MiB",
                 LONGEST_BODY_BYTES >> 20);
    lines = chunked ? "Transfer-Encoding: chunked\r\n"
                    : case_printf(t, "Content-Length: %zu\r\n", 16 * max);
    head = peer_head(t, want, assay_str(lines));
    filling = case_alloc(t, len);
    memset(filling, ' ', len);
    if (chunked)
        head = peer_joined(t, head, assay_str(case_printf(t, "%zx\r\n", 16 * max)));
    return peer_joined(t, head, assay_bytes_of(filling, len));
}

SCENARIO(long_body_is_refused_unread,
         .title = "A body above the limit is refused before it has come whole",
         .threat = "nonce-flood", .rule = "RS-2", .ideas = "T8-07",
         .catches = DEFECTS("limits.body_unbounded"), TABLE(framings))
{
    const struct framing *row = case_row(t);
    struct http_piece piece = {.bytes = too_long(t, peer_endpoint(t, "paid_post"), row->chunked)};
    const struct peer_answer *const *answers;
    size_t count;
    bool closed;
    int status;

    answers = peer_raw(t, "a body that is too long, unfinished", &piece, 1, 1, &count, &closed);
    status = peer_status(answers[0]);
    expect(t,
           (status >= 400 && status < 500 && status != 408) ||
               answers[0]->exchange->outcome == HTTP_CLOSED,
           "a refusal for its size, or a closed connection, before the body's end",
           "status %d (0: %s)%s", status, http_outcome_text(answers[0]->exchange->outcome),
           status == 408 ? ": it waited for the rest" : "");
}

/* ---- slow ---- */

SCENARIO(slow_body_is_cut_off,
         .title = "A body that drips is cut off, and other clients are served meanwhile",
         .threat = "nonce-flood", .rule = "RS-2", .ideas = "T8-06",
         .catches = DEFECTS("limits.no_body_deadline"), .needs = PT_SECRET, .deadline_ms = 150000)
{
    int deadline_ms = (int)case_target(t)->read_deadline_ms;
    struct http_piece *pieces = case_alloc(t, (DRIPS + 1) * sizeof *pieces);
    const char *length = case_printf(t, "Content-Length: %d\r\n", DRIP_BODY);
    const struct peer_answer *answer;
    struct peer_beside *slow;
    bool closed;
    int status;

    if (deadline_ms == 0)
        case_end(t, VERDICT_UNSUPPORTED,
                 "the target file does not say how long a body may take "
                 "(`limits.read_deadline_ms`)");
    if (case_target(t)->read_deadline_ms > DRIP_DEADLINE_MAX_MS)
        case_end(t, VERDICT_UNSUPPORTED,
                 "`limits.read_deadline_ms` is above %d: a case cannot wait for that",
                 DRIP_DEADLINE_MAX_MS);
    pieces[0].bytes = peer_head(t, peer_endpoint(t, "paid_post"), assay_str(length));
    for (int i = 1; i <= DRIPS; i++)
        pieces[i] =
            (struct http_piece){.bytes = ASSAY_LIT(" "), .pause_ms = 3 * deadline_ms / DRIPS};
    /* It must have been cut off while it dripped: what waits for a pause alone is not yet due. */
    slow = peer_raw_beside(t, "a body that drips", pieces, DRIPS + 1, deadline_ms / 2);
    for (int i = 0; i < 3; i++)
        expect_honest_payer_served(t);
    answer = peer_beside_end(t, slow, &closed);
    status = peer_status(answer);
    expect(t, closed || (status >= 400 && status < 500),
           "the connection ended by the server, or a refusal (408)",
           "neither, though it dripped for three times the read deadline of %d ms", deadline_ms);
}

/* ---- rate ---- */

enum { RATE_BURSTS = 8, RATE_BURST = 128, QUOTA_TRIES = 50, QUOTA_WAIT_MS = 100 };

/* The first 429 among bursts of that request. */
static const struct peer_answer *first_over_limit(struct assay_case *t, const char *label,
                                                  struct peer_want want, struct pt_with with)
{
    for (int round = 0; round < RATE_BURSTS; round++) {
        const struct peer_answer *const *answers = pt_copies(t, label, want, with, RATE_BURST);

        for (size_t i = 0; i < RATE_BURST; i++)
            if (peer_status(answers[i]) == 429)
                return answers[i];
    }
    return NULL;
}

/* Comes again until it is not told to come again. */
static const struct peer_answer *send_within_quota(struct assay_case *t, const char *label,
                                                   struct peer_want want, struct pt_with with)
{
    const struct peer_answer *answer = pt_send(t, label, want, with);

    for (int tries = 0; tries < QUOTA_TRIES && peer_status(answer) == 429; tries++) {
        peer_pause(t, QUOTA_WAIT_MS);
        answer = pt_send(t, label, want, with);
    }
    return answer;
}

static void expect_limited(struct assay_case *t, const char *label, struct peer_want want,
                           struct pt_with with)
{
    const struct peer_answer *limited = first_over_limit(t, label, want, with);
    bool says_when = false;

    expect(t, limited != NULL, "429 for some of the requests over the limit",
           "%s: not one in %d requests", label, RATE_BURSTS * RATE_BURST);
    if (limited != NULL)
        (void)http_response_header(&limited->exchange->response, "Retry-After", &says_when);
    expect(t, says_when, "Retry-After with the 429", "%s: 429 without it", label);
}

SCENARIO(
    rate_limit_comes_first,
    .title =
        "Over its rate limit the server answers 429 before it looks at a payment, and spends none",
    .threat = "nonce-flood", .rule = "RS-2", .ideas = "T8-09",
    .catches = DEFECTS("limits.rate_after_verify"), .needs = PT_SECRET | NEED_LAUNCH | NEED_DISRUPT,
    .variant = "rate_limited")
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_with paid = {.proof = given_paid(t, want)};
    const struct peer_answer *answer;

    expect_limited(t, "without a proof", want, (struct pt_with){0});
    expect_limited(t, "with a garbage proof", want, (struct pt_with){.proof = "e30"});
    answer = pt_send(t, "an honest payment over the limit", want, paid);
    if (peer_status(answer) == 429)
        answer = send_within_quota(t, "the same payment within the limit", want, paid);
    expect(t, pt_is_granted(t, answer), "the payment served once the limit allows", "status %d",
           peer_status(answer));
}
