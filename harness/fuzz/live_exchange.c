/* One request of a sequence: made, sent, looked at, judged; see live_exchange.h. */
#include "fuzz/live_exchange.h"

#include "base/hex.h"
#include "observers/observers.h"
#include "peer/http/peer.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    IDLE_MS = 5000,
    LATE_MS = 250, /* beyond what the target waits for acceptance */
    LATE_MAX_MS = 3000,
    OPEN_MS = 60, /* for an answer to what need not be answered */
    TRIES = 12,   /* of what is put off */
    FIRST_PAUSE_MS = 20,
    LONGEST_PAUSE_MS = 400,
    BODY_LOG_BYTES = 4096,
};

/* Counts from beside the wire. */
struct counts {
    uint64_t runs, moves, taken, stored;
};

/* One request while it is judged. */
struct turn {
    struct live_talk *talk;
    const struct live_exchange *exchange;
    enum live_endpoint endpoint;
    struct live_request request;
    struct counts before, after;
    uint64_t runs;   /* of what is not free */
    bool had_bought; /* the payment, before this */
    const struct http_exchange *answer;
};

/* ---- counting ---- */

static struct counts counts_of(struct live_talk *talk)
{
    struct assay_case *t = talk->t;
    struct origin *origin = case_origin(t);
    struct counts now = {.moves = peer_moves(t)};

    if (origin != NULL) {
        origin_await_idle(origin, IDLE_MS);
        now.runs = origin_executions(origin);
    }
    if (talk->world->payer->taken != NULL)
        now.taken = talk->world->payer->taken(t);
    if (observe_store(&now.stored, case_instance(t), NULL) != ASSAY_OK)
        now.stored = 0;
    return now;
}

static bool is_free(const struct live_world *w, const char *target)
{
    size_t len = strlen(w->free_path);

    return len > 0 && strncmp(target, w->free_path, len) == 0 &&
           (target[len] == '\0' || target[len] == '?');
}

static bool is_paid_run(const struct live_talk *talk, uint64_t number)
{
    struct origin_execution run;

    return !origin_execution(case_origin(talk->t), number, &run) ||
           !is_free(talk->world, run.target);
}

static uint64_t paid_runs(const struct live_talk *talk, uint64_t from, uint64_t to)
{
    uint64_t runs = 0;

    for (uint64_t n = from + 1; n <= to; n++)
        runs += is_paid_run(talk, n) ? 1 : 0;
    return runs;
}

/* Whether the text of a run of what is sold is in the body: "execution N of METHOD TARGET". */
static bool shows_paid_run(const struct live_talk *talk, struct assay_bytes body)
{
    static const char mark[] = "execution ";
    const size_t len = sizeof(mark) - 1;

    if (case_origin(talk->t) == NULL || !peer_holds_handler_text(body))
        return false;
    for (size_t i = 0; i + len < body.len; i++) {
        uint64_t number = 0;
        size_t at = i + len;

        if (memcmp(body.at + i, mark, len) != 0)
            continue;
        for (; at < body.len && body.at[at] >= '0' && body.at[at] <= '9' && number < UINT32_MAX;
             at++)
            number = 10 * number + (uint64_t)(body.at[at] - '0');
        if (number > 0 && number <= origin_executions(case_origin(talk->t)) &&
            is_paid_run(talk, number))
            return true;
    }
    return false;
}

/* ---- the beginning ---- */

/* What the handler is asked for by the free endpoint, so that it is no run of what is sold. */
static void learn_free(struct live_talk *talk)
{
    struct live_world *w = talk->world;
    const struct target *target = w->options.target;
    struct origin *origin = case_origin(talk->t);
    struct origin_execution run;
    uint64_t before;

    w->knows_free = true;
    for (size_t i = 0; i < target->endpoint_count && origin != NULL; i++) {
        const char *name = target->endpoints[i].name;

        if (w->payer->endpoint(target, name) != LIVE_FREE)
            continue;
        before = origin_executions(origin);
        (void)peer_send(talk->t, "ask for what is free", peer_endpoint(talk->t, name),
                        (struct peer_with){0});
        origin_await_idle(origin, IDLE_MS);
        if (origin_executions(origin) > before && origin_execution(origin, before + 1, &run))
            (void)snprintf(w->free_path, sizeof(w->free_path), "%.*s",
                           (int)strcspn(run.target, "?"), run.target);
    }
}

void live_talk_begin(struct live_talk *talk)
{
    struct live_world *w = talk->world;

    if (case_origin(talk->t) != NULL)
        w->bought = origin_executions(case_origin(talk->t));
    if (!w->knows_free)
        learn_free(talk);
    if (w->has_served && w->process_count == 0 && instance_pid(w->instance) != 0)
        w->process_count = instance_processes(w->instance, w->processes, LIVE_PROCESSES_MAX);
}

static const void *payment_of(struct turn *turn, const struct live_way *way)
{
    struct live_talk *talk = turn->talk;
    const void **payment = &talk->payments[turn->exchange->payment];

    if (turn->exchange->payment == 0 || turn->endpoint != LIVE_PAID)
        return NULL;
    if (*payment == NULL)
        *payment = talk->world->payer->pay(talk->t, turn->exchange->endpoint, way);
    return *payment;
}

/* Not from a seed: what must never have been used may not repeat when the run does. */
static const char *key_of(struct turn *turn)
{
    struct live_talk *talk = turn->talk;
    const char **key = &talk->keys[turn->exchange->key];
    char hex[2 * 16 + 1];
    uint8_t bytes[16];

    if (turn->exchange->key == 0 || !talk->world->payer->has_keys)
        return NULL;
    if (*key == NULL) {
        if (assay_random_system(bytes, sizeof(bytes)) != ASSAY_OK)
            case_end(talk->t, VERDICT_BROKEN, "the system gives no random bytes");
        assay_hex_encode(hex, assay_bytes_of(bytes, sizeof(bytes)));
        *key = case_printf(talk->t, "live-%s", hex);
    }
    return *key;
}

static void make(struct turn *turn)
{
    struct live_talk *talk = turn->talk;
    const struct live_payer *payer = talk->world->payer;
    const struct live_exchange *x = turn->exchange;
    const struct live_way *way = live_way_of(payer, case_target(talk->t), x->endpoint, x->way);
    const void *payment = payment_of(turn, way);
    struct assay_bytes honest = payer->request(talk->t, x->endpoint, way, payment, key_of(turn));
    struct live_carrier carrier = way->carrier;

    if (payment != NULL)
        carrier.mark = payer->mark(payment, way);
    if (live_request_make(&turn->request, case_arena(talk->t), honest, &carrier, x->edits,
                          x->edit_count) != ASSAY_OK)
        case_end(talk->t, VERDICT_BROKEN, "no memory for a request");
}

/* ---- sending ---- */

static void log_answer(struct turn *turn, size_t n)
{
    const struct http_exchange *a = turn->answer;
    struct assay_buf *log = &turn->talk->out->log;

    assay_buf_printf(log, "=== request %zu of the sequence: %zu bytes sent\n", n, a->sent.len);
    live_log_bytes(log, a->sent);
    if (a->outcome != HTTP_ANSWERED) {
        assay_buf_printf(log, "--- %s: %s\n", http_outcome_text(a->outcome),
                         a->trouble != NULL ? a->trouble : "");
        return;
    }
    assay_buf_printf(log, "--- answer %d\n", a->response.status);
    for (size_t i = 0; i < a->response.header_count; i++) {
        assay_buf_printf(log, "%s: ", a->response.headers[i].name);
        live_log_bytes(log, a->response.headers[i].value);
    }
    live_log_bytes(log,
                   assay_bytes_part(a->response.body, 0,
                                    a->response.body.len < BODY_LOG_BYTES ? a->response.body.len
                                                                          : BODY_LOG_BYTES));
}

static const struct http_exchange *send_once(struct turn *turn)
{
    struct assay_case *t = turn->talk->t;
    const struct live_request *r = &turn->request;
    struct http_exchange *answers[2] = {NULL, NULL};
    struct assay_err err = {0};
    size_t count = 0;
    bool closed;

    peer_keep_to_rate(t, r->answers);
    if (http_raw(answers, &count, &closed, case_arena(t), case_peer(t), r->pieces, r->piece_count,
                 r->answers, r->half_close,
                 r->is_complete ? turn->talk->world->options.timeout_ms : OPEN_MS,
                 &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "a request could not be sent: %s", err.text);
    return answers[0];
}

static bool is_put_off(const struct turn *turn)
{
    const struct http_exchange *a = turn->answer;
    bool has_time = false;
    int status = a->outcome == HTTP_ANSWERED ? a->response.status : 0;

    if (status == 0 || !turn->talk->world->payer->may_put_off)
        return false;
    (void)http_response_header(&a->response, "retry-after", &has_time);
    return status == 429 || status == 503 || status == 504 || (status == 500 && has_time);
}

/* A payment that nobody waits for the answer of may still buy: its run is waited for, so that it is
 * counted here and not with what is sent next. */
static void await_late_run(struct turn *turn)
{
    const struct live_world *w = turn->talk->world;
    const struct target *target = w->options.target;
    uint64_t wait_ms = target->accept_wait_ms;
    struct origin *origin = case_origin(turn->talk->t);

    if (wait_ms == 0)
        wait_ms = (uint64_t)profile_find(w->payer->profile)->accept_wait_ms;
    wait_ms = wait_ms < LATE_MAX_MS ? wait_ms + LATE_MS : LATE_MAX_MS;
    if (origin != NULL && turn->answer->outcome != HTTP_ANSWERED && turn->exchange->payment > 0)
        (void)origin_await(origin, turn->before.runs + 1, (int)wait_ms);
}

static void send_turn(struct turn *turn, size_t n)
{
    int pause_ms = FIRST_PAUSE_MS;

    turn->answer = send_once(turn);
    for (int i = 0; i < TRIES && is_put_off(turn); i++) {
        peer_pause(turn->talk->t, pause_ms);
        pause_ms = pause_ms < LONGEST_PAUSE_MS ? 2 * pause_ms : pause_ms;
        turn->answer = send_once(turn);
    }
    log_answer(turn, n);
}

/* ---- judging ---- */

static const char *sent_text(const struct turn *turn)
{
    const struct live_exchange *x = turn->exchange;

    return case_printf(turn->talk->t, "a request to \"%s\" %s%s, bent in %zu ways", x->endpoint,
                       turn->endpoint != LIVE_PAID || x->payment == 0 ? "without a payment"
                       : !turn->request.pays                          ? "with what is no payment"
                       : turn->had_bought ? "with a payment that had bought"
                                          : "with a payment",
                       x->key > 0 ? " and a key" : "", x->edit_count);
}

static const char *came_text(const struct turn *turn)
{
    const struct http_exchange *a = turn->answer;

    return a->outcome == HTTP_ANSWERED
               ? case_printf(turn->talk->t, "%d with %" PRIu64 " bytes", a->response.status,
                             a->response.body_bytes)
               : case_printf(turn->talk->t, "%s",
                             a->trouble != NULL ? a->trouble : http_outcome_text(a->outcome));
}

static void find(struct turn *turn, enum live_finding finding, const char *what,
                 const char *expected)
{
    struct live_outcome *out = turn->talk->out;

    if (out->finding != LIVE_NOTHING)
        return;
    out->finding = finding;
    out->exchange = (size_t)(turn->exchange - turn->talk->sequence->exchanges) + 1;
    live_say(out, "request %zu, %s, got %s%s; expected: %s", out->exchange, sent_text(turn),
             came_text(turn), what, expected);
}

static void judge_runs(struct turn *turn)
{
    struct live_talk *talk = turn->talk;
    unsigned payment =
        turn->endpoint == LIVE_PAID && turn->request.pays ? turn->exchange->payment : 0;
    enum live_debt debt = live_account_add(&talk->account, payment, turn->runs,
                                           turn->after.taken - turn->before.taken);

    if (debt == LIVE_UNPAID_RUN)
        find(turn, LIVE_FINDING_UNPAID,
             case_printf(talk->t, ", and the handler ran %" PRIu64 " times", turn->runs),
             "nothing runs that was not paid for");
    else if (debt == LIVE_SECOND_RUN)
        find(turn, LIVE_FINDING_REPLAY,
             case_printf(talk->t, ", and the handler ran %" PRIu64 " times for it", turn->runs),
             "one payment buys one run");
}

/* Where runs cannot be counted, what is plainly served tells. */
static bool is_plainly_served(const struct turn *turn)
{
    int status = turn->answer->response.status;

    return case_origin(turn->talk->t) == NULL && turn->endpoint != LIVE_FREE &&
           turn->request.keeps_place && turn->request.is_complete && status >= 200 &&
           status < 300 && strncmp(turn->exchange->endpoint, "mcp", 3) != 0;
}

/* Whether a key is in what was sent, by whichever edit, and may bring what somebody has paid for.
 */
static bool may_be_stored(const struct turn *turn)
{
    static const char name[] = "idempotency-key";
    const struct live_world *w = turn->talk->world;
    struct assay_bytes sent = turn->answer->sent;
    const size_t len = sizeof(name) - 1;

    if (w->payer->key_answers == NULL || !w->payer->key_answers(w->options.target))
        return false;
    for (size_t i = 0; i + len <= sent.len; i++)
        if (assay_bytes_equal_nocase(assay_bytes_part(sent, i, i + len), assay_str(name)))
            return true;
    return false;
}

static void judge_text(struct turn *turn)
{
    bool asks_only =
        turn->exchange->payment == 0 || turn->endpoint != LIVE_PAID || !turn->request.pays;

    if (turn->answer->outcome == HTTP_ANSWERED && asks_only && !may_be_stored(turn) &&
        (shows_paid_run(turn->talk, turn->answer->response.body) || is_plainly_served(turn)))
        find(turn, LIVE_FINDING_UNPAID, ", and what is sold was served",
             "nothing of what is sold without a payment");
}

/* Whether the same endpoint answers to an honest request, on a connection of its own; soon, since
 * who is stuck is asked many times until the sequence is small. */
static bool answers_plainly(struct turn *turn)
{
    struct live_talk *talk = turn->talk;
    struct http_piece piece = {.bytes = talk->world->payer->request(
                                   talk->t, turn->exchange->endpoint,
                                   live_way_of(talk->world->payer, case_target(talk->t),
                                               turn->exchange->endpoint, turn->exchange->way),
                                   NULL, NULL)};
    struct http_exchange *answer = NULL;
    size_t count = 0;
    bool closed;

    return http_raw(&answer, &count, &closed, case_arena(talk->t), case_peer(talk->t), &piece, 1, 1,
                    false, talk->world->options.timeout_ms / 4, NULL) == ASSAY_OK &&
           answer->outcome == HTTP_ANSWERED;
}

static void judge_answer(struct turn *turn)
{
    const struct http_exchange *a = turn->answer;
    int status = a->outcome == HTTP_ANSWERED ? a->response.status : 0;

    if (status >= 500 && (turn->request.speaks || (status != 501 && status != 505)))
        find(turn, LIVE_FINDING_5XX, "", "an answer below 500: no role failed");
    if (a->outcome == HTTP_TIMEOUT && turn->request.is_complete)
        find(turn, LIVE_FINDING_HANG,
             case_printf(turn->talk->t, " within %d ms, and a plain request behind it is %s",
                         turn->talk->world->options.timeout_ms,
                         answers_plainly(turn) ? "answered" : "not answered either"),
             "an answer, or the end of the connection");
    if (a->outcome != HTTP_ANSWERED && a->outcome != HTTP_TIMEOUT && turn->request.is_complete &&
        live_dies(turn->talk->world))
        find(turn, LIVE_FINDING_CRASH, ", and a process of the target had ended",
             "it serves on, whatever it is sent");
    if (a->outcome == HTTP_NO_CONNECTION && turn->talk->world->has_served)
        find(turn, LIVE_FINDING_CRASH, "", "something that listens");
}

void live_talk_exchange(struct live_talk *talk, size_t i)
{
    const struct live_exchange *x = &talk->sequence->exchanges[i];
    struct turn turn = {.talk = talk, .exchange = x};
    struct live_effects effects;

    turn.endpoint = talk->world->payer->endpoint(case_target(talk->t), x->endpoint);
    turn.had_bought = talk->account.has_bought[x->payment];
    make(&turn);
    turn.before = counts_of(talk);
    send_turn(&turn, i + 1);
    await_late_run(&turn);
    turn.after = counts_of(talk);
    if (case_origin(talk->t) != NULL)
        turn.runs = paid_runs(talk, turn.before.runs, turn.after.runs);
    effects = (struct live_effects){.runs = turn.runs,
                                    .moves = turn.after.moves - turn.before.moves,
                                    .stored = turn.after.stored > turn.before.stored};
    live_class_of(&talk->out->classes[talk->out->class_count++], turn.answer, effects);
    judge_answer(&turn);
    judge_runs(&turn);
    judge_text(&turn);
}
