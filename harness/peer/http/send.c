/* Sending: one by one, in bursts, raw, and in series. */
#include "peer/http/peer_internal.h"

#include <time.h>

#define SERIES_MAX_BYTES ((size_t)16 << 20)

static int64_t now_ns(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void peer_keep_to_rate(struct assay_case *t, size_t requests)
{
    static int64_t next_ns; /* of this worker's target: it runs one case at a time */
    uint64_t rate = case_target(t)->rate_per_second;
    int64_t now = now_ns();

    if (rate == 0 || case_scenario(t)->variant != NULL)
        return;
    if (next_ns > now)
        peer_pause(t, (int)((next_ns - now) / 1000000 + 1));
    now = now_ns();
    next_ns = (next_ns > now ? next_ns : now) + (int64_t)(requests * 1000000000 / rate);
}

static void add_header(struct assay_case *t, struct http_request *request, const char *name,
                       const char *value)
{
    if (value != NULL && !http_request_add(request, name, assay_str(value)))
        case_end(t, VERDICT_BROKEN, "the request has more than %d headers", HTTP_HEADERS_MAX);
}

const struct http_request *peer_request_of(struct assay_case *t, struct peer_want want,
                                           struct peer_with with)
{
    struct http_request *request = case_alloc(t, sizeof *request);

    *request = (struct http_request){.method = want.method,
                                     .target = want.target,
                                     .body = assay_bytes_of(want.body.at, want.body.len),
                                     .has_body = want.has_body,
                                     .chunked = want.chunked};
    add_header(t, request, "Content-Type", want.content_type);
    for (size_t i = 0; i < ARRAY_LEN(with.fields); i++)
        add_header(t, request, with.fields[i].name, with.fields[i].value);
    return request;
}

const struct peer_answer *peer_answer_of(struct assay_case *t, const struct http_exchange *exchange,
                                         const char *label, struct peer_before before)
{
    struct peer_answer *answer = case_alloc(t, sizeof *answer);

    *answer = (struct peer_answer){.exchange = exchange, .before = before, .label = label};
    return answer;
}

const struct peer_answer *peer_send_counted(struct assay_case *t, const struct http_peer *peer,
                                            const char *label, struct peer_want want,
                                            struct peer_with with, struct peer_before before)
{
    const struct http_request *request = peer_request_of(t, want, with);
    struct http_exchange *exchange = NULL;
    struct assay_err err = {0};

    peer_keep_to_rate(t, 1);
    if (http_send(case_http(t), &exchange, case_arena(t), peer, request, case_patience_ms(t),
                  &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "%s: could not be sent: %s", label, err.text);
    exchange->label = label;
    case_saw_exchange(t, exchange, label);
    if (exchange->outcome == HTTP_NO_CONNECTION && !case_was_answered(t))
        case_end(t, VERDICT_BROKEN, "nothing listens at %s: %s", instance_url(case_instance(t)),
                 case_target(t)->has_launch ? "the target had ended before this case asked anything"
                                            : "start the server, or correct base_url");
    return peer_answer_of(t, exchange, label, before);
}

const struct peer_answer *peer_send(struct assay_case *t, const char *label, struct peer_want want,
                                    struct peer_with with)
{
    return peer_send_counted(t, case_peer(t), label, want, with, peer_before(t));
}

const struct peer_answer *peer_send_to(struct assay_case *t, struct instance *instance,
                                       const char *label, struct peer_want want,
                                       struct peer_with with)
{
    return peer_send_counted(t, instance_peer(instance), label, want, with, peer_before(t));
}

const struct peer_answer *const *peer_burst(struct assay_case *t, const char *label,
                                            const struct peer_shot *shots, size_t n)
{
    struct http_exchange **exchanges = case_alloc(t, n * sizeof(void *));
    const struct http_peer **peers = case_alloc(t, n * sizeof(void *));
    const struct http_request **requests = case_alloc(t, n * sizeof(void *));
    const struct peer_answer **answers = case_alloc(t, n * sizeof(void *));
    struct http_overlap overlap = {0};
    struct assay_err err = {0};
    struct peer_before before = peer_before(t);

    for (size_t i = 0; i < n; i++) {
        peers[i] = shots[i].peer != NULL ? shots[i].peer : case_peer(t);
        requests[i] = peer_request_of(t, shots[i].want, shots[i].with);
    }
    peer_keep_to_rate(t, n);
    if (http_burst(exchanges, &overlap, case_arena(t), peers, requests, n, case_patience_ms(t),
                   &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "%s: could not be sent: %s", label, err.text);
    for (size_t i = 0; i < n; i++) {
        exchanges[i]->label = case_printf(t, "%s: %zu of %zu", label, i + 1, n);
        answers[i] = peer_answer_of(t, exchanges[i], exchanges[i]->label, before);
    }
    case_saw_burst(t, &overlap, exchanges, n, label);
    return answers;
}

const struct peer_shot *peer_copies(struct assay_case *t, struct peer_want want,
                                    struct peer_with with, size_t n)
{
    struct peer_shot *shots = case_alloc(t, n * sizeof *shots);

    for (size_t i = 0; i < n; i++)
        shots[i] = (struct peer_shot){.want = want, .with = with};
    return shots;
}

struct assay_bytes peer_bytes(struct assay_case *t, struct peer_want want, struct peer_with with,
                              bool close)
{
    struct assay_buf out = ASSAY_BUF_INIT(((size_t)1 << 20) + 8 * want.body.len);

    http_request_write(&out, case_peer(t), peer_request_of(t, want, with), close);
    return peer_keep(t, &out);
}

const struct peer_answer *const *peer_raw(struct assay_case *t, const char *label,
                                          const struct http_piece *pieces, size_t piece_count,
                                          size_t max_answers, size_t *answers, bool *closed)
{
    size_t room = max_answers > 0 ? max_answers : 1;
    struct http_exchange **exchanges = case_alloc(t, room * sizeof(void *));
    const struct peer_answer **out = case_alloc(t, room * sizeof(void *));
    struct assay_err err = {0};
    struct peer_before before = peer_before(t);

    peer_keep_to_rate(t, room);
    if (http_raw(exchanges, answers, closed, case_arena(t), case_peer(t), pieces, piece_count,
                 max_answers, false, case_patience_ms(t), &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "%s: could not be sent: %s", label, err.text);
    for (size_t i = 0; i < *answers; i++) {
        exchanges[i]->label = label;
        case_saw_exchange(t, exchanges[i], label);
        out[i] = peer_answer_of(t, exchanges[i], label, before);
    }
    return out;
}

struct peer_series {
    struct assay_arena arena; /* of the last exchange */
    struct peer_answer answer;
};

static void end_series(void *with)
{
    struct peer_series *series = with;

    assay_arena_fini(&series->arena);
}

struct peer_series *peer_series(struct assay_case *t)
{
    struct peer_series *series = case_alloc(t, sizeof *series);

    series->arena = (struct assay_arena)ASSAY_ARENA_INIT(SERIES_MAX_BYTES);
    series->answer.before = peer_before(t);
    case_defer(t, end_series, series);
    return series;
}

const struct peer_answer *peer_series_send(struct assay_case *t, struct peer_series *series,
                                           struct peer_want want, struct peer_with with)
{
    const struct http_request *request = peer_request_of(t, want, with);
    struct http_exchange *exchange = NULL;
    struct assay_err err = {0};

    peer_keep_to_rate(t, 1);
    assay_arena_fini(&series->arena);
    if (http_send(case_http(t), &exchange, &series->arena, case_peer(t), request,
                  case_patience_ms(t), &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "one of a series could not be sent: %s", err.text);
    series->answer.exchange = exchange;
    return &series->answer;
}
