/* A facilitator's servers: calls come in, are logged and carried out, and their answers are held,
 * cut, redirected, padded and compressed; see facilitator.h. */
#include "roles/facilitator_internal.h"

#include "http/sock.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <poll.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 256, HEAD_MAX_BYTES = 256 << 10, LOOK_MS = 10 };

/* One call while it is served. */
struct exchange {
    struct facilitator_place *place;
    const struct role_http_request *request;
    enum facilitator_what what;
    struct facilitator_rule rule;
    int status;
    struct assay_buf body;
};

/* ---- what is called ---- */

static enum facilitator_what what_of(const struct role_http_request *r)
{
    static const struct {
        const char *method, *path;
        enum facilitator_what what;
    } calls[] = {
        {"GET", X402_PATH_SUPPORTED, FACILITATOR_SUPPORTED},
        {"POST", X402_PATH_VERIFY, FACILITATOR_VERIFY},
        {"POST", X402_PATH_SETTLE, FACILITATOR_SETTLE},
    };

    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        if (strcmp(r->method, calls[i].method) == 0 && strcmp(r->path, calls[i].path) == 0)
            return calls[i].what;
    return FACILITATOR_OTHER;
}

static enum MHD_Result add_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    (void)kind;
    assay_buf_printf(cls, "%s: %s\n", name, value != NULL ? value : "");
    return MHD_YES;
}

/* Counts the call; what it is told is the rule's or the truth. Elsewhere all are told yes. The lock
 * is held. */
static struct facilitator_rule take_rule(struct facilitator *f, enum facilitator_what what,
                                         bool is_elsewhere)
{
    static const struct facilitator_rule honest = {.lie = FACILITATOR_HONEST};
    const struct facilitator_rule *rule = what == FACILITATOR_SUPPORTED ? &f->how.supported
                                          : what == FACILITATOR_VERIFY  ? &f->how.verify
                                          : what == FACILITATOR_SETTLE  ? &f->how.settle
                                                                        : &honest;
    uint64_t number;

    if (is_elsewhere)
        return (struct facilitator_rule){.lie = FACILITATOR_YES};
    number = f->asked[what]++;
    if (number < rule->after || (rule->times != 0 && number - rule->after >= rule->times))
        return honest;
    return *rule;
}

/* ---- when it is answered ---- */

static bool is_gone(struct MHD_Connection *connection)
{
    struct pollfd at = {.fd = role_http_socket(connection), .events = POLLRDHUP};

    return poll(&at, 1, 0) > 0;
}

/* Whether there may be an answer now: it is released, or its time has come. False: the connection
 * ends. The lock is held, but while it waits. */
static bool hold(struct exchange *x)
{
    struct facilitator *f = x->place->facilitator;
    uint64_t behaviours = f->behaviours, releases = f->releases;
    int64_t end_ns = sock_now_ns() + (int64_t)x->rule.delay_ms * 1000000;
    bool is_silent = x->rule.fault == FACILITATOR_SILENT;

    while (!f->closing && !is_gone(x->request->connection)) {
        int64_t until_ns = sock_now_ns() + (int64_t)LOOK_MS * 1000000;
        struct timespec until = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};

        if (f->behaviours != behaviours)
            return !is_silent;
        if (!is_silent && f->releases != releases)
            return true;
        if (x->rule.fault == FACILITATOR_SLOW && sock_now_ns() >= end_ns)
            return true;
        (void)pthread_cond_timedwait(&f->changed, &f->lock, &until);
    }
    return false;
}

static void carry_out(struct exchange *x)
{
    x->status =
        facilitator_answer(x->place->facilitator, &x->body, x->what, x->request->body, &x->rule);
    facilitator_reshape(&x->body, x->what, x->rule.shape);
}

static void redirect(struct exchange *x)
{
    x->status = 308;
    assay_buf_add_str(&x->body, "{}");
}

/* Carries it out before or after its fault, or never. False: there is no answer. The lock is held.
 */
static bool play(struct exchange *x)
{
    enum facilitator_fault fault = x->rule.fault;
    bool is_late =
        fault == FACILITATOR_SLOW || fault == FACILITATOR_HELD || fault == FACILITATOR_SILENT;

    if (fault == FACILITATOR_REDIRECT) {
        redirect(x);
        return true;
    }
    if (!x->rule.undone || !(is_late || fault == FACILITATOR_RESET))
        carry_out(x);
    if (fault == FACILITATOR_RESET || (is_late && !hold(x)))
        return false;
    if (is_late && x->rule.undone)
        carry_out(x);
    if (x->rule.status != 0)
        x->status = x->rule.status;
    return true;
}

/* ---- the answer ---- */

/* What closes the connection then resets it. */
static void reset(struct MHD_Connection *connection)
{
    const struct linger at_once = {.l_onoff = 1};

    (void)setsockopt(role_http_socket(connection), SOL_SOCKET, SO_LINGER, &at_once,
                     sizeof(at_once));
}

/* Takes over the body. */
static struct MHD_Response *make_response(struct exchange *x)
{
    struct role_http_body body = {.text = ASSAY_BUF_INIT(FACILITATOR_REPLY_MAX_BYTES)};

    if (x->rule.fault == FACILITATOR_BOMB) {
        role_http_gzip(&body.text, assay_buf_view(&x->body), x->rule.large_bytes);
    } else {
        assay_buf_fini(&body.text);
        body.text = x->body;
        x->body = (struct assay_buf)ASSAY_BUF_INIT(0);
    }
    body.len = body.text.len;
    if (x->rule.fault == FACILITATOR_OVERSIZED && body.len < x->rule.large_bytes)
        body.len = x->rule.large_bytes;
    body.until = body.len;
    return role_http_response(&body);
}

static void add_fields(const struct exchange *x, struct MHD_Response *response)
{
    const struct facilitator *f = x->place->facilitator;
    struct assay_buf location = ASSAY_BUF_INIT(HEAD_MAX_BYTES);
    bool is_html = x->rule.shape == FACILITATOR_HTML_BODY;

    (void)MHD_add_response_header(response, "Content-Type",
                                  is_html ? "text/html; charset=utf-8" : "application/json");
    if (x->rule.fault == FACILITATOR_BOMB)
        (void)MHD_add_response_header(response, "Content-Encoding", "gzip");
    assay_buf_printf(&location, "%s%s", f->places[1].url, x->request->target);
    if (x->rule.fault == FACILITATOR_REDIRECT && assay_buf_cstr(&location) != NULL)
        (void)MHD_add_response_header(response, "Location", assay_buf_cstr(&location));
    assay_buf_fini(&location);
}

static bool send_answer(struct exchange *x)
{
    struct MHD_Response *response = assay_buf_ok(&x->body) ? make_response(x) : NULL;
    bool queued;

    if (response == NULL)
        return false;
    add_fields(x, response);
    queued = MHD_queue_response(x->request->connection, (unsigned)x->status, response) == MHD_YES;
    MHD_destroy_response(response);
    return queued;
}

static struct facilitator_call *log_call(struct exchange *x)
{
    struct assay_buf headers = ASSAY_BUF_INIT(HEAD_MAX_BYTES);
    struct facilitator_call *call;

    (void)MHD_get_connection_values(x->request->connection, MHD_HEADER_KIND, add_header, &headers);
    call = facilitator_log(x->place->facilitator, &(struct facilitator_call){
                                                      .what = x->what,
                                                      .is_elsewhere = x->place->is_elsewhere,
                                                      .method = x->request->method,
                                                      .target = x->request->target,
                                                      .headers = assay_buf_cstr(&headers),
                                                      .body = x->request->body,
                                                  });
    assay_buf_fini(&headers);
    return call;
}

static bool serve(void *cls, const struct role_http_request *r)
{
    struct facilitator_place *place = cls;
    struct facilitator *f = place->facilitator;
    struct exchange x = {
        .place = place,
        .request = r,
        .what = what_of(r),
        .body = ASSAY_BUF_INIT(FACILITATOR_REPLY_MAX_BYTES),
    };
    struct facilitator_call *call;
    bool is_answered;

    pthread_mutex_lock(&f->lock);
    call = log_call(&x);
    x.rule = take_rule(f, x.what, place->is_elsewhere);
    is_answered = play(&x);
    facilitator_log_end(f, call, &x.rule, is_answered ? x.status : 0, assay_buf_view(&x.body));
    pthread_mutex_unlock(&f->lock);
    if (is_answered)
        is_answered = send_answer(&x);
    else if (x.rule.fault == FACILITATOR_RESET)
        reset(r->connection);
    assay_buf_fini(&x.body);
    return is_answered;
}

enum assay_code facilitator_serve(struct facilitator_place *place, struct assay_err *err)
{
    struct role_http_options options = {
        .listener = fcntl(place->listener, F_DUPFD_CLOEXEC, 0),
        .connections_max = CONNECTIONS_MAX,
        .head_max_bytes = HEAD_MAX_BYTES,
        .body_max_bytes = FACILITATOR_BODY_MAX_BYTES,
        .serve = serve,
        .cls = place,
    };

    if (options.listener < 0)
        return assay_fail(err, ASSAY_E_IO, 0, "no descriptor for a facilitator's server");
    return role_http_start(&place->server, &options, "a facilitator's server", err);
}
