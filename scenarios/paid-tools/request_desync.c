/* Threat request-desync: framing that two readers take differently, and text that becomes protocol.
 * Nothing but a payment of its own lets a request run, whatever shares its connection, and no text
 * of a request becomes a header or markup. */
#include "peer/paid-tools/peer.h"

#include "base/json.h"

enum { ANSWERS_MAX = 4, REPLY_MAX_TOKENS = 128 };

static const char injected_header[] = "X-Assay-Injected";

/* ---- one connection, two requests ---- */

/* A server that says it closes after its first answer has no connection to share: what was sent
 * behind was never read, and nothing would have been tested. */
static void end_if_closing(struct assay_case *t, const struct peer_answer *first)
{
    struct assay_bytes value = ASSAY_LIT("");

    if (peer_status(first) != 0)
        value = http_response_header(&first->exchange->response, "Connection", NULL);
    if (assay_bytes_equal_nocase(value, ASSAY_LIT("close")))
        case_end(t, VERDICT_UNSUPPORTED,
                 "the target closes the connection after its first answer: no other request shares "
                 "it");
}

static const struct second {
    const char *name;
    const char *endpoint;
    const char *method; /* NULL: the endpoint's */
    bool at_once;       /* pipelined, not sent after the first answer */
    bool unpaid_first;
} seconds[] = {
    {"the same request", "paid_get", NULL, false, false},
    {"another route", "paid_get_other", NULL, false, false},
    {"a POST", "paid_post", NULL, false, false},
    {"HEAD", "paid_get", "HEAD", false, false},
    {"pipelined behind", "paid_get_other", NULL, true, false},
    {"pipelined before", "paid_get_other", NULL, true, true},
};

SCENARIO(
    payment_is_for_one_request_of_a_connection,
    .title = "On a connection that others share, a payment lets its own request run and no other",
    .threat = "request-desync", .rule = "HT-1", .catches = DEFECTS("desync.paid_connection"),
    .needs = PT_SECRET | NEED_ORIGIN, TABLE(seconds))
{
    const struct second *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get"), other = peer_endpoint(t, row->endpoint);
    struct pt_with paid = {.proof = given_paid(t, want)}, none = {0};
    struct http_piece pieces[2];
    const struct peer_answer *const *answers;
    size_t count, granted;
    bool closed;

    if (row->method != NULL)
        other = peer_want_method(other, row->method);
    pieces[0] = (struct http_piece){.bytes = pt_bytes(t, row->unpaid_first ? other : want,
                                                      row->unpaid_first ? none : paid, false),
                                    .await_answer = !row->at_once};
    pieces[1] = (struct http_piece){.bytes = pt_bytes(t, row->unpaid_first ? want : other,
                                                      row->unpaid_first ? paid : none, true)};
    if (row->at_once) {
        pieces[0].bytes = peer_joined(t, pieces[0].bytes, pieces[1].bytes);
        answers = peer_raw(t, "two requests in one packet", pieces, 1, 2, &count, &closed);
    } else {
        answers = peer_raw(t, "two requests on one connection", pieces, 2, 2, &count, &closed);
    }
    granted = pt_count_granted(t, answers, count);
    if (count == 1 && case_executions(t) == (row->unpaid_first ? 0 : 1))
        end_if_closing(t, answers[0]);
    expect_executions(t, 1);
    expect(t, granted == 1, "one paid answer", "%zu of %zu answers", granted, count);
}

/* ---- framing ---- */

#define RAW(text) (text), sizeof(text) - 1

/* Header lines and the beginning of what follows them; an unpaid request of a priced route comes
 * behind. */
static const struct framing {
    const char *name;
    const char *lines;
    size_t lines_len;
    const char *body;
    size_t body_len;
} framings[] = {
    {"length and chunks", RAW("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
     RAW("0\r\n\r\n")},
    {"chunks and length", RAW("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n"),
     RAW("0\r\n\r\n")},
    {"two lengths", RAW("Content-Length: 0\r\nContent-Length: 5\r\n"), RAW("12345")},
    {"two equal lengths", RAW("Content-Length: 5\r\nContent-Length: 5\r\n"), RAW("12345")},
    {"a list of lengths", RAW("Content-Length: 5, 5\r\n"), RAW("12345")},
    {"a length with a sign", RAW("Content-Length: +5\r\n"), RAW("12345")},
    {"a length below zero", RAW("Content-Length: -5\r\n"), RAW("12345")},
    {"a hexadecimal length", RAW("Content-Length: 0x5\r\n"), RAW("12345")},
    {"a length beyond 64 bits", RAW("Content-Length: 18446744073709551621\r\n"), RAW("12345")},
    {"a length before a space", RAW("Content-Length : 5\r\n"), RAW("12345")},
    {"an unknown coding", RAW("Transfer-Encoding: xchunked\r\n"), RAW("0\r\n\r\n")},
    {"chunks not last", RAW("Transfer-Encoding: chunked, identity\r\n"), RAW("0\r\n\r\n")},
    {"chunks twice", RAW("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
     RAW("0\r\n\r\n")},
    {"a coding behind a control",
     RAW("Transfer-Encoding: \x0b"
         "chunked\r\n"),
     RAW("0\r\n\r\n")},
    {"a folded line", RAW("X-Fold: one\r\n two\r\nContent-Length: 5\r\n"), RAW("12345")},
    {"a folded coding", RAW("Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n"),
     RAW("0\r\n\r\n")},
    {"a bare CR", RAW("X-Bare: one\rContent-Length: 5\r\n"), RAW("")},
    {"a bare LF", RAW("X-Bare: one\nContent-Length: 5\r\n"), RAW("12345")},
    {"a NUL", RAW("X-Nul: one\0Content-Length: 5\r\n"), RAW("")},
    {"an endless chunk size", RAW("Transfer-Encoding: chunked\r\n"),
     RAW("ffffffffffffffff5\r\n12345\r\n0\r\n\r\n")},
    {"a chunk size with a sign", RAW("Transfer-Encoding: chunked\r\n"),
     RAW("+5\r\n12345\r\n0\r\n\r\n")},
    {"a chunk ended by LF", RAW("Transfer-Encoding: chunked\r\n"), RAW("5\n12345\n0\n\n")},
    {"a proper body", RAW("Content-Length: 5\r\n"), RAW("12345")},
};

/* Behind a paid request on the same connection, so that there is something to steal. */
SCENARIO(ambiguous_framing_runs_nothing,
         .title = "A message framed so that two readers differ lets nothing unpaid run and changes "
                  "no paid body",
         .threat = "request-desync", .rule = "HT-1", .catches = DEFECTS("desync.paid_connection"),
         .needs = PT_SECRET | NEED_ORIGIN, TABLE(framings))
{
    const struct framing *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_post"), hidden = peer_endpoint(t, "paid_get");
    struct assay_bytes bent = peer_head(t, want, assay_bytes_of(row->lines, row->lines_len));
    struct http_piece pieces[2] = {
        {.bytes = pt_bytes(t, want, (struct pt_with){.proof = given_paid(t, want)}, false),
         .await_answer = true},
        {.bytes = peer_joined(t, peer_joined(t, bent, assay_bytes_of(row->body, row->body_len)),
                              pt_bytes(t, hidden, (struct pt_with){0}, true))}};
    const struct peer_answer *const *answers;
    struct origin_execution ran;
    size_t count;
    bool closed;

    answers = peer_raw(t, "paid, then bent", pieces, 2, ANSWERS_MAX, &count, &closed);
    for (size_t i = 0; i < count; i++)
        if (answers[i]->exchange->outcome == HTTP_GARBLED)
            case_observe(t, "stray bytes", "behind answer %zu came what is no HTTP", i);
    expect_executions(t, 1);
    if (count == 1 && pt_is_granted(t, answers[0]))
        end_if_closing(t, answers[0]);
    expect(t, pt_is_granted(t, answers[0]) && pt_count_granted(t, answers, count) == 1,
           "one paid answer, the first", "%zu paid answers of %zu",
           pt_count_granted(t, answers, count), count);
    if (!origin_execution(case_origin(t), origin_executions(case_origin(t)), &ran))
        case_end(t, VERDICT_BROKEN, "the origin has no record of the run");
    expect(t, assay_bytes_equal(ran.body, want.body),
           "the handler given the body that was paid for", "another, of %zu bytes", ran.body.len);
}

SCENARIO(request_in_a_body_is_not_run,
         .title = "A request that stands in the body of a paid one is not run",
         .threat = "request-desync", .rule = "HT-1", .catches = DEFECTS("desync.paid_connection"),
         .needs = PT_SECRET | NEED_ORIGIN)
{
    struct peer_want hidden = peer_endpoint(t, "paid_get");
    struct assay_bytes inner = pt_bytes(t, hidden, (struct pt_with){0}, false);
    struct peer_want want = peer_want_body(peer_endpoint(t, "paid_post"), inner);
    struct http_piece pieces[2] = {
        {.bytes = pt_bytes(t, want, (struct pt_with){.proof = given_paid(t, want)}, false),
         .await_answer = true},
        {.bytes = pt_bytes(t, hidden, (struct pt_with){0}, true)}};
    const struct peer_answer *const *answers;
    size_t count;
    bool closed;

    answers = peer_raw(t, "a request in a paid body, then an unpaid one", pieces, 2, ANSWERS_MAX,
                       &count, &closed);
    expect_executions(t, 1);
    if (count == 1 && pt_is_granted(t, answers[0]))
        end_if_closing(t, answers[0]);
    expect(t, count == 2 && pt_count_granted(t, answers, count) == 1,
           "two answers, one of them paid", "%zu answers, %zu of them paid", count,
           pt_count_granted(t, answers, count));
}

/* ---- text ---- */

static const struct payer {
    const char *name;
    const char *payer;
    const char
        *harm; /* what must not stand in an answer as it is; NULL: only the JSON is looked at */
} payers[] = {
    {"a header behind CR LF", "x\r\nX-Assay-Injected: 1\r\n\r\n", "\r\nX-Assay-Injected:"},
    {"an answer behind CR LF", "x\r\n\r\nHTTP/1.1 200 OK\r\nX-Assay-Injected: 1\r\n\r\n",
     "\r\nHTTP/1.1 200"},
    {"escape codes of a terminal", "x\x1b[2J\x1b]0;assay\x07", "\x1b["},
    {"members of JSON", "x\",\"assay_injected\":true,\"y\":\"", NULL},
};

static bool contains(struct assay_bytes text, const char *part)
{
    return memmem(text.at, text.len, part, strlen(part)) != NULL;
}

/* Text of ours that has become a header, a member or a control sequence of the answer. */
static const char *harm_in(const struct peer_answer *answer, const char *harm)
{
    struct assay_bytes body = peer_body(answer);
    struct assay_json_token tokens[REPLY_MAX_TOKENS];
    struct assay_json doc;
    bool found = false;

    if (peer_status(answer) == 0)
        return NULL;
    (void)http_response_header(&answer->exchange->response, injected_header, &found);
    if (found)
        return "a header of ours";
    if (harm != NULL && contains(body, harm))
        return "control characters of ours";
    if (assay_json_parse(&doc, tokens, ARRAY_LEN(tokens), body, ASSAY_JSON_LAST_DUPLICATE_WINS,
                         NULL) == ASSAY_OK &&
        assay_json_member(&doc, 0, "assay_injected") != ASSAY_JSON_NONE)
        return "a member of ours";
    return NULL;
}

static void expect_harmless(struct assay_case *t, const struct peer_answer *answer,
                            const char *harm)
{
    const char *seen = harm_in(answer, harm);

    expect_refused_or_closed(t, answer);
    expect(t, seen == NULL, "an answer in which no text of ours is protocol or markup", "%s: %s",
           answer->label, seen != NULL ? seen : "harmless");
}

SCENARIO(payer_does_not_become_protocol,
         .title = "A payer's name with control characters or markup never becomes part of a "
                  "refusal's protocol",
         .threat = "request-desync", .rule = "HT-2", .catches = DEFECTS("desync.payer_reflected"),
         .needs = PT_SECRET, TABLE(payers))
{
    const struct payer *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_proof *paid = given_payment(t, given_offer(t, want)), *forged = pt_copy(t, paid);
    const struct peer_answer *answer;
    struct pt_with with;

    memcpy(paid->payer, row->payer, strlen(row->payer) + 1);
    memcpy(forged->payer, row->payer, strlen(row->payer) + 1);
    forged->signature[0] = forged->signature[0] == 'a' ? 'b' : 'a';
    with.proof = pt_header(t, paid);
    expect_harmless(t, pt_send(t, "forged", want, (struct pt_with){.proof = pt_header(t, forged)}),
                    row->harm);
    expect_harmless(t,
                    pt_send(t, "for another request", peer_endpoint(t, "paid_get_other"),
                            (struct pt_with){.proof = with.proof}),
                    row->harm);
    answer = pt_send(t, "paid", want, (struct pt_with){.proof = with.proof});
    if (!pt_is_granted(t, answer)) {
        case_observe(t, "odd payer", "refused with status %d", peer_status(answer));
        expect_harmless(t, answer, row->harm);
        return;
    }
    expect_granted(t, answer);
    expect_harmless(t, pt_send(t, "spent", want, (struct pt_with){.proof = with.proof}), row->harm);
}

SCENARIO(key_does_not_become_protocol, .kind = SCENARIO_OBSERVATION,
         .title = "A key with quotes and markup is echoed by 409 as a text, if at all",
         .threat = "request-desync", .rule = "HT-2", .needs = PT_SECRET | PT_KEYS)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const char *key = case_printf(t, "%s\",\"assay_injected\":true,\"y\":\"", given_key(t));
    const struct peer_answer *answer = pt_send(
        t, "paid with a key", want, (struct pt_with){.proof = given_paid(t, want), .key = key});

    if (!pt_is_granted(t, answer)) {
        case_observe(t, "odd key", "refused with status %d", peer_status(answer));
        expect_harmless(t, answer, NULL);
        return;
    }
    expect_harmless(t,
                    pt_send(t, "the key for another request", peer_endpoint(t, "paid_get_other"),
                            (struct pt_with){.key = key}),
                    NULL);
}
