/* What a case has seen, as the record keeps it: exchanges with capped bodies, bursts, samples,
 * notes. */
#include "base/base64.h"
#include "base/utf8.h"
#include "run/case_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

json_t *case_text(struct assay_bytes text)
{
    struct assay_buf clean = ASSAY_BUF_INIT(text.len * 3 + 16);
    json_t *out = NULL;

    assay_utf8_add_replaced(&clean, text);
    if (assay_buf_ok(&clean))
        out = json_stringn_nocheck((const char *)assay_buf_view(&clean).at,
                                   assay_buf_view(&clean).len);
    assay_buf_fini(&clean);
    return out != NULL ? out : json_string("");
}

/* Takes the entry over, whether it is kept or not. The log stays in the order of time. */
static void keep_at(struct assay_case *t, json_t *entry, int64_t at_ns)
{
    int64_t t_ms = at_ns > t->began_ns ? (at_ns - t->began_ns) / 1000000 : 0;
    size_t place;

    if (entry == NULL)
        return;
    if (json_array_size(t->evidence) >= CASE_EVIDENCE_MAX) {
        t->evidence_dropped++;
        json_array_remove(t->evidence,
                          CASE_EVIDENCE_MAX / 2); /* the beginning and the end tell most */
    }
    json_object_set_new(entry, "t", json_integer(t_ms));
    place = json_array_size(t->evidence);
    while (place > 0 &&
           json_integer_value(json_object_get(json_array_get(t->evidence, place - 1), "t")) > t_ms)
        place--;
    json_array_insert_new(t->evidence, place, entry);
}

static void keep(struct assay_case *t, json_t *entry)
{
    keep_at(t, entry, case_clock_ns());
}

/* `kept` is what is shown of `total` bytes. */
static json_t *body_of_kept(struct assay_bytes kept, uint64_t total)
{
    bool is_text = assay_utf8_valid(kept) && memchr(kept.at, 0, kept.len) == NULL;
    struct assay_buf encoded = ASSAY_BUF_INIT(2 * CASE_BODY_KEEP_BYTES);
    json_t *out;

    if (!is_text)
        assay_base64_encode(&encoded, ASSAY_BASE64_STD, kept);
    out = json_pack("{s:o, s:I, s:b}", is_text ? "text" : "base64",
                    is_text ? case_text(kept) : case_text(assay_buf_view(&encoded)), "bytes",
                    (json_int_t)total, "cut", total > kept.len);
    assay_buf_fini(&encoded);
    return out;
}

static json_t *body_of(struct assay_bytes body, uint64_t total)
{
    return body_of_kept(assay_bytes_part(body, 0, CASE_BODY_KEEP_BYTES), total);
}

static json_t *tail_of(struct assay_bytes text)
{
    size_t from = text.len > CASE_BODY_KEEP_BYTES ? text.len - CASE_BODY_KEEP_BYTES : 0;

    return body_of_kept(assay_bytes_part(text, from, text.len), text.len);
}

static json_t *headers_of(const struct http_header *headers, size_t count)
{
    json_t *out = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(out, json_pack("[o, o]", case_text(assay_str(headers[i].name)),
                                             case_text(headers[i].value)));
    return out;
}

static json_t *request_of(const struct http_exchange *x)
{
    if (x->request == NULL)
        return json_pack("{s:o}", "raw", body_of(x->sent, x->sent.len));
    return json_pack("{s:o, s:o, s:o, s:o}", "method", case_text(assay_str(x->request->method)),
                     "target", case_text(assay_str(x->request->target)), "headers",
                     headers_of(x->request->headers, x->request->header_count), "body",
                     body_of(x->request->body, x->request->body.len));
}

static json_t *response_of(const struct http_exchange *x)
{
    if (x->outcome != HTTP_ANSWERED)
        return json_null();
    return json_pack("{s:i, s:o, s:o}", "status", x->response.status, "headers",
                     headers_of(x->response.headers, x->response.header_count), "body",
                     body_of(x->response.body, x->response.body_bytes));
}

bool case_was_answered(const struct assay_case *t)
{
    return t->answered;
}

void case_saw_exchange(struct assay_case *t, const struct http_exchange *exchange,
                       const char *label)
{
    const char *outcome = exchange->outcome == HTTP_ANSWERED || exchange->trouble == NULL
                              ? http_outcome_text(exchange->outcome)
                              : exchange->trouble;

    t->answered = t->answered || exchange->outcome != HTTP_NO_CONNECTION;
    keep(t,
         json_pack("{s:s, s:o, s:o, s:o, s:o, s:I}", "kind", "exchange", "label",
                   case_text(assay_str(label)), "request", request_of(exchange), "outcome",
                   case_text(assay_str(outcome)), "response", response_of(exchange), "milliseconds",
                   (json_int_t)((exchange->end_ns - exchange->sent_ns) / 1000000)));
}

void case_saw_burst(struct assay_case *t, const struct http_overlap *overlap,
                    struct http_exchange *const *exchanges, size_t n, const char *label)
{
    json_t *statuses = json_object();

    for (size_t i = 0; i < n; i++) {
        const struct http_exchange *x = exchanges[i];
        char name[32];
        json_int_t seen;

        t->answered = t->answered || x->outcome != HTTP_NO_CONNECTION;
        if (x->outcome == HTTP_ANSWERED &&
            snprintf(name, sizeof name, "%d", x->response.status) > 0) {
            seen = json_integer_value(json_object_get(statuses, name));
            json_object_set_new(statuses, name, json_integer(seen + 1));
        } else {
            const char *outcome = http_outcome_text(x->outcome);

            seen = json_integer_value(json_object_get(statuses, outcome));
            json_object_set_new(statuses, outcome, json_integer(seen + 1));
        }
    }
    keep(t, json_pack("{s:s, s:o, s:I, s:I, s:I, s:o}", "kind", "burst", "label",
                      case_text(assay_str(label)), "requests", (json_int_t)overlap->requests,
                      "inFlight", (json_int_t)overlap->in_flight, "releaseMicroseconds",
                      (json_int_t)(overlap->release_ns / 1000), "statuses", statuses));
}

void case_saw_role(struct assay_case *t, const char *role, int64_t at_ns, const char *what,
                   struct assay_bytes detail)
{
    struct assay_bytes kept = assay_bytes_part(detail, 0, CASE_BODY_KEEP_BYTES);

    keep_at(t,
            json_pack("{s:s, s:s, s:o, s:o}", "kind", "role", "role", role, "what",
                      case_text(assay_str(what)), "text", case_text(kept)),
            at_ns != 0 ? at_ns : case_clock_ns());
}

static json_t *outcome_of(const struct client_run *run)
{
    struct process_end end = client_run_end(run);
    char how[64];

    if (!end.ended)
        return json_string("still running");
    process_end_text(how, sizeof how, &end);
    return json_sprintf("ended %s", how);
}

void case_saw_run(struct assay_case *t, struct client_run *run, const char *label)
{
    const char *const *argv = client_run_argv(run);
    json_t *command = json_array();

    for (size_t i = 0; argv[i] != NULL; i++)
        json_array_append_new(command, case_text(assay_str(argv[i])));
    keep(t, json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:I}", "kind", "run", "label",
                      case_text(assay_str(label)), "command", command, "outcome", outcome_of(run),
                      "stdout", tail_of(client_run_stdout(run)), "stderr",
                      tail_of(client_run_stderr(run)), "milliseconds",
                      (json_int_t)client_run_ms(run)));
}

void case_saw_sample(struct assay_case *t, const char *name, int64_t value, const char *unit)
{
    keep(t, json_pack("{s:s, s:s, s:I, s:s}", "kind", "sample", "name", name, "value",
                      (json_int_t)value, "unit", unit));
}

static json_t *printed(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

static json_t *printed(const char *format, va_list args)
{
    char text[2048];
    int len = vsnprintf(text, sizeof text, format, args);

    return case_text(assay_bytes_of(text, len < 0                     ? 0
                                          : (size_t)len < sizeof text ? (size_t)len
                                                                      : sizeof text - 1));
}

void case_note(struct assay_case *t, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    keep(t, json_pack("{s:s, s:o}", "kind", "note", "text", printed(format, args)));
    va_end(args);
}

void case_observe(struct assay_case *t, const char *name, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    json_array_append_new(t->observations,
                          json_pack("{s:s, s:o}", "name", name, "text", printed(format, args)));
    va_end(args);
}
