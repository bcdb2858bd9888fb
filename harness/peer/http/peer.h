/** The verbs that scenarios of any HTTP profile share: requests, sending them one by one, at once,
 * raw or beside, and judging what came back by status, content and runs of the protected handler.
 *
 *  Everything lives as long as the case. What a payment is, and what a profile calls an answer that
 * was paid for, is the profile's own peer header's to say.
 */
#ifndef PEER_HTTP_PEER_H
#define PEER_HTTP_PEER_H

#include "run/scenario.h"

/** A request that somebody wants to buy. */
struct peer_want {
    const char *method;
    const char *target;
    const char *content_type; /**< NULL: none */
    struct assay_bytes body;
    bool has_body;
    bool chunked;
};

/** As the target file has it; `unsupported` without. Methods that carry a body get the JSON body
 * {"a":1}. */
struct peer_want peer_endpoint(struct assay_case *t, const char *name);
struct peer_want peer_want_target(struct peer_want want, const char *target);
struct peer_want peer_want_method(struct peer_want want, const char *method);
struct peer_want peer_want_body(struct peer_want want, struct assay_bytes body);
/** Appends a query member: "x=1" behind '?' or '&'. */
struct peer_want peer_want_query(struct assay_case *t, struct peer_want want, const char *member);

/** Header fields of one request; those without a value are not sent. */
struct peer_with {
    struct peer_field {
        const char *name, *value;
    } fields[8];
};

/** What had happened before something was asked. */
struct peer_before {
    uint64_t runs;  /**< of the protected handler */
    uint64_t moves; /**< calls that move money, where the profile's roles count them */
};
struct peer_before peer_before(struct assay_case *t);
/** Calls that moved money since the roles started; 0 where the profile counts none. */
uint64_t peer_moves(struct assay_case *t);

struct peer_answer {
    const struct http_exchange *exchange;
    struct peer_before before;
    const char *label;
};

/* Sending. */
const struct peer_answer *peer_send(struct assay_case *t, const char *label, struct peer_want want,
                                    struct peer_with with);
const struct peer_answer *peer_send_to(struct assay_case *t, struct instance *instance,
                                       const char *label, struct peer_want want,
                                       struct peer_with with);
/** The same with the count of executions before it already taken. */
const struct peer_answer *peer_send_counted(struct assay_case *t, const struct http_peer *peer,
                                            const char *label, struct peer_want want,
                                            struct peer_with with, struct peer_before before);
/** One request of many at once; peer NULL: the case's own. */
struct peer_shot {
    const struct http_peer *peer;
    struct peer_want want;
    struct peer_with with;
};
/** All at once, their last bytes held back. The answers share `before`. */
const struct peer_answer *const *peer_burst(struct assay_case *t, const char *label,
                                            const struct peer_shot *shots, size_t n);
/** A burst whose handler runs are all held until a second one has begun or a moment has passed, so
 * that whoever checks first and records later is met in between. A plain burst where the handler
 * is not the origin role. */
const struct peer_answer *const *peer_burst_held(struct assay_case *t, const char *label,
                                                 const struct peer_shot *shots, size_t n);
/** A burst, and beside it `work`, which has ended when this returns. */
const struct peer_answer *const *peer_burst_beside(struct assay_case *t, const char *label,
                                                   const struct peer_shot *shots, size_t n,
                                                   void (*work)(void *), void *with);
/** n copies of one request, for each of these. */
const struct peer_shot *peer_copies(struct assay_case *t, struct peer_want want,
                                    struct peer_with with, size_t n);

/** The bytes of such a request, for scenarios that cut or bend them; send with peer_raw. */
struct assay_bytes peer_bytes(struct assay_case *t, struct peer_want want, struct peer_with with,
                              bool close);
/** Request line, Host, these header lines (each with its CR LF) and the empty line. */
struct assay_bytes peer_head(struct assay_case *t, struct peer_want want, struct assay_bytes lines);
/** One after the other. */
struct assay_bytes peer_joined(struct assay_case *t, struct assay_bytes a, struct assay_bytes b);
/** The buffer's content in the case's memory, with a NUL behind it; frees the buffer. */
struct assay_bytes peer_keep(struct assay_case *t, struct assay_buf *buf);
/** Raw conversation; *answers gets their number; the first `answers` elements of the result are
 * what came. */
const struct peer_answer *const *peer_raw(struct assay_case *t, const char *label,
                                          const struct http_piece *pieces, size_t piece_count,
                                          size_t max_answers, size_t *answers, bool *closed);

/** For thousands of requests: none is kept as evidence, and each answer lives until the next is
 * asked for. */
struct peer_series;
struct peer_series *peer_series(struct assay_case *t);
const struct peer_answer *peer_series_send(struct assay_case *t, struct peer_series *series,
                                           struct peer_want want, struct peer_with with);

/** A request that waits for its answer in a thread of its own. */
struct peer_pending;
/** Sends it to `peer` (NULL: the case's own) and returns at once. */
struct peer_pending *peer_send_beside(struct assay_case *t, const struct http_peer *peer,
                                      const char *label, struct peer_want want,
                                      struct peer_with with);
/** Sends it and waits until its handler runs, which is then held until peer_finish or
 * origin_release. Needs NEED_ORIGIN; `broken` when the handler was not asked to run. */
struct peer_pending *peer_send_held(struct assay_case *t, const char *label, struct peer_want want,
                                    struct peer_with with);
/** Whether it has ended, one way or another, so that peer_finish does not wait. */
bool peer_is_answered(const struct peer_pending *pending);
/** While the other runs: its run is counted among those before. */
const struct peer_answer *peer_send_during(struct assay_case *t, const struct peer_pending *pending,
                                           const char *label, struct peer_want want,
                                           struct peer_with with);
/** Lets held handlers answer, and waits for the answer. */
const struct peer_answer *peer_finish(struct assay_case *t, struct peer_pending *pending);

/** A request whose answer nobody waits for. */
struct peer_cut;
/** Sends it and keeps the connection open until peer_hang_up, or the case's end. */
struct peer_cut *peer_send_unheard(struct assay_case *t, const char *label, struct peer_want want,
                                   struct peer_with with);
void peer_hang_up(struct assay_case *t, struct peer_cut *cut);

/** A raw conversation in a thread of its own, while the case goes on. */
struct peer_beside;
/** Its deadline is from the last piece on. The pieces must live as long as the case. */
struct peer_beside *peer_raw_beside(struct assay_case *t, const char *label,
                                    const struct http_piece *pieces, size_t piece_count,
                                    int deadline_ms);
/** Waits for its end. *closed: whether the target ended the connection. */
const struct peer_answer *peer_beside_end(struct assay_case *t, struct peer_beside *beside,
                                          bool *closed);

/** "http://shop.example": what clients call the target, without a slash behind it. */
const char *peer_base_url(struct assay_case *t);
/** The authority of that: what the Host header says. */
const char *peer_authority(struct assay_case *t);
/** Stays below the rate that the target file states, unless the scenario is about a variant of its
 * own. Called by everything that sends. */
void peer_keep_to_rate(struct assay_case *t, size_t requests);
/** Waits until the quota or clock of the target has moved on by ms, at most until the target ends.
 */
void peer_pause(struct assay_case *t, int ms);
/** Waits until the target's clock is past at_ms, at most until the target ends. */
void peer_await_clock(struct assay_case *t, int64_t at_ms);
/** Moves the target's clock so that it shows at_ms now and runs on; the case must NEED_CLOCK. */
void peer_clock_at(struct assay_case *t, int64_t at_ms);

/* Looking. */
int peer_status(const struct peer_answer *answer);     /**< 0: no answer */
bool peer_is_served(const struct peer_answer *answer); /**< 2xx */
struct assay_bytes peer_body(const struct peer_answer *answer);
/** Whether all of them that were served have the same body. */
bool peer_bodies_agree(const struct peer_answer *const *answers, size_t n);
struct assay_bytes peer_header(const struct peer_answer *answer,
                               const char *name); /**< empty: none, or no answer */
/** What the target itself says of its refusal, quoted, cut and without what is not printable:
 * "\"invalid_payload\"". NULL: it says nothing, or it is no refusal. */
const char *peer_said(struct assay_case *t, const struct peer_answer *answer);
/** Whether the origin role's own body is in it. */
bool peer_holds_handler_text(struct assay_bytes body);
/** "402 with 310 bytes, saying \"invalid_payload\"", or what happened instead of an answer. */
const char *peer_seen(struct assay_case *t, const struct peer_answer *answer);

/** One answer, looked at. */
struct peer_look {
    int status; /**< 0: no answer */
    bool counted;
    uint64_t runs;  /**< since before the request; 0 where they cannot be counted */
    uint64_t moves; /**< likewise */
    bool leaks;     /**< a refusal with the handler's text in it */
    enum grade grade;
    const char *seen; /**< all of it in words */
};
struct peer_look peer_look(struct assay_case *t, const struct peer_answer *answer);
const char *peer_runs_text(struct assay_case *t, bool counted, uint64_t runs);
/** Of a 429 that came before the payment was looked at: nothing would have been tested, so the case
 * is `broken`. Not where the scenario floods or is about a variant. */
void peer_end_if_rate_limited(struct assay_case *t, int status);
/** 4xx, no run, nothing of the paid content, no money moved. */
bool peer_is_refusal(const struct peer_look *look);
/** What differs between an answer and the one it should repeat (status, body, content type), in
 * words; NULL: nothing. */
const char *peer_difference(const struct peer_answer *answer, const struct peer_answer *first);

/* Judging: records expected and seen, and ends the case as `fail` when it does not hold. */
#define PEER_HERE(t) case_where((t), __FILE__, __LINE__)
/** Refused: an answer of 4xx (the spec leaves open which), nothing of the paid content in it, the
 * handler did not run, no money was moved. */
#define expect_refused(t, answer) (PEER_HERE(t), (expect_refused)((t), (answer)))
/** Refused, or the connection closed without an answer: for bytes that are no proper request. */
#define expect_refused_or_closed(t, answer)                                                        \
    (PEER_HERE(t), (expect_refused_or_closed)((t), (answer)))
/** Any answer or none, with nothing of the paid content in it, and the handler did not run. Where
 * runs cannot be counted a 2xx ends the case as `unsupported`: it may be free. */
#define expect_nothing_bought(t, answer) (PEER_HERE(t), (expect_nothing_bought)((t), (answer)))
/** 409, and the handler did not run. */
#define expect_conflict(t, answer) (PEER_HERE(t), (expect_conflict)((t), (answer)))
/** Any answer below 500, promptly, and the handler did not run. */
#define expect_no_server_error(t, answer) (PEER_HERE(t), (expect_no_server_error)((t), (answer)))
/** Sends each of the n in a series; each is refused or closed. `what` names them all: "one bit
 * flipped". */
#define expect_each_refused(t, what, want, withs, n)                                               \
    (PEER_HERE(t), (expect_each_refused)((t), (what), (want), (withs), (n)))

void(expect_refused)(struct assay_case *t, const struct peer_answer *answer);
void(expect_refused_or_closed)(struct assay_case *t, const struct peer_answer *answer);
void(expect_nothing_bought)(struct assay_case *t, const struct peer_answer *answer);
void(expect_conflict)(struct assay_case *t, const struct peer_answer *answer);
void(expect_no_server_error)(struct assay_case *t, const struct peer_answer *answer);
void(expect_each_refused)(struct assay_case *t, const char *what, struct peer_want want,
                          const struct peer_with *withs, size_t n);

#endif
