/* HAR 1.2 (reports/report.h). Source: the HTTP Archive format 1.2 (Odvarko, 2012).
 *
 * The record keeps no time of day of a case: a page starts with the run, its entries so many
 * milliseconds after it as they came after their case began. A body that is no UTF-8 is base64: in
 * content by `encoding`, in postData, which has no such member, by `_encoding`. Bursts are counted
 * in the record, not kept, and so have no entries. */
#include "base/time.h"
#include "base/url.h"
#include "reports/json_out.h"
#include "reports/report.h"
#include "reports/view.h"

#include <stdio.h>

enum { BODY_MAX_BYTES = 1 << 20, NAME_MAX_BYTES = 1 << 20 };

struct har {
    struct json_out json;
    const struct report_view *view;
    int64_t started;
};

static bool is_exchange(const json_t *entry)
{
    return assay_bytes_is(report_text(entry, "kind"), "exchange");
}

static void add_time(struct har *h, int64_t ms)
{
    char text[ASSAY_TIME_TEXT_BYTES];

    assay_time_text(text, ms);
    json_str(&h->json, "startedDateTime", text);
}

static struct assay_bytes text_at(const json_t *pair, size_t index)
{
    const json_t *text = json_array_get(pair, index);

    return assay_bytes_of(json_string_value(text), json_string_length(text));
}

static struct assay_bytes header_of(const json_t *message, const char *name)
{
    const json_t *pair;
    size_t i;

    json_array_foreach (json_object_get(message, "headers"), i, pair)
        if (assay_bytes_equal_nocase(text_at(pair, 0), assay_str(name)))
            return text_at(pair, 1);
    return ASSAY_LIT("");
}

static void add_pair(struct har *h, struct assay_bytes name, struct assay_bytes value)
{
    json_open(&h->json, NULL, '{');
    json_text(&h->json, "name", name);
    json_text(&h->json, "value", value);
    json_close(&h->json, '}');
}

static void add_headers(struct har *h, const json_t *message)
{
    const json_t *pair;
    size_t i;

    json_open(&h->json, "cookies", '[');
    json_close(&h->json, ']');
    json_open(&h->json, "headers", '[');
    json_array_foreach (json_object_get(message, "headers"), i, pair)
        add_pair(h, text_at(pair, 0), text_at(pair, 1));
    json_close(&h->json, ']');
}

static void add_query(struct har *h, struct assay_bytes target)
{
    struct assay_bytes query = assay_bytes_part(target, assay_bytes_find(target, '?', 0) + 1,
                                                assay_bytes_find(target, '#', 0)),
                       name, value;
    size_t pos = 0;

    json_open(&h->json, "queryString", '[');
    while (assay_query_next(query, &pos, &name, &value)) {
        struct assay_buf decoded[2] = {ASSAY_BUF_INIT(NAME_MAX_BYTES),
                                       ASSAY_BUF_INIT(NAME_MAX_BYTES)};

        assay_query_decode(&decoded[0], name, true);
        assay_query_decode(&decoded[1], value, true);
        add_pair(h, assay_buf_view(&decoded[0]), assay_buf_view(&decoded[1]));
        report_done(h->json.out, &decoded[0]);
        report_done(h->json.out, &decoded[1]);
    }
    json_close(&h->json, ']');
}

/* "http" in front of what names no scheme: of TLS the record says nothing. Bytes that no URL has
 * are escaped. */
static void add_url(struct har *h, struct assay_bytes host, struct assay_bytes target)
{
    struct assay_buf url = ASSAY_BUF_INIT(BODY_MAX_BYTES);

    if (target.len == 0 || target.at[0] == '/' || target.at[0] == '*') {
        assay_buf_add_str(&url, "http://");
        for (size_t i = 0; i < host.len; i++)
            if (host.at[i] > 0x20 && host.at[i] < 0x7F &&
                strchr("/?#@\\\"<>^`{|}", host.at[i]) == NULL)
                assay_buf_add_byte(&url, host.at[i]);
        if (url.len == 7)
            assay_buf_add_str(&url, "host.invalid");
    }
    if (target.len > 0 && target.at[0] == '*')
        assay_buf_add_byte(&url, '/');
    for (size_t i = 0; i < target.len && i < NAME_MAX_BYTES / 4; i++) {
        if (target.at[i] > 0x20 && target.at[i] < 0x7F &&
            strchr("\"<>\\^`{|}", target.at[i]) == NULL)
            assay_buf_add_byte(&url, target.at[i]);
        else
            assay_url_add_escape(&url, target.at[i]);
    }
    json_text(&h->json, "url", assay_buf_view(&url));
    report_done(h->json.out, &url);
}

/* The members of a body: its text as the record has it, and a comment where that is not all. */
static void add_body(struct har *h, const json_t *body, const char *encoding)
{
    bool is_text = json_object_get(body, "text") != NULL;
    struct assay_bytes text = report_text(body, is_text ? "text" : "base64");
    size_t end = BODY_MAX_BYTES; /* a whole number of groups of base64 */
    struct assay_buf comment = ASSAY_BUF_INIT(256);

    while (is_text && end < text.len && (text.at[end] & 0xC0) == 0x80)
        end--;
    json_text(&h->json, "text", assay_bytes_part(text, 0, end));
    if (!is_text)
        json_str(&h->json, encoding, "base64");
    if (json_is_true(json_object_get(body, "cut")) || end < text.len) {
        assay_buf_printf(&comment, "cut: of %lld bytes the first are here",
                         (long long)report_number(body, "bytes"));
        json_text(&h->json, "comment", assay_buf_view(&comment));
    }
    report_done(h->json.out, &comment);
}

static struct assay_bytes word_of(struct assay_bytes text, size_t from)
{
    size_t end = from;

    while (end < text.len && text.at[end] > 0x20 && text.at[end] < 0x7F)
        end++;
    return assay_bytes_part(text, from, end);
}

/* Raw bytes have the method and target that their first two words say, if they say any. */
static void add_request(struct har *h, const json_t *request)
{
    const json_t *raw = json_object_get(request, "raw");
    const json_t *body = raw != NULL ? raw : json_object_get(request, "body");
    struct assay_bytes method = report_text(request, "method"),
                       target = report_text(request, "target"),
                       type = header_of(request, "content-type");

    if (raw != NULL) {
        method = word_of(report_text(raw, "text"), 0);
        target = word_of(report_text(raw, "text"), method.len + 1);
    }
    json_open(&h->json, "request", '{');
    json_text(&h->json, "method", method.len > 0 ? method : ASSAY_LIT("RAW"));
    add_url(h, header_of(request, "host"), target);
    json_str(&h->json, "httpVersion", "HTTP/1.1");
    add_headers(h, request);
    add_query(h, target);
    if (report_number(body, "bytes") > 0) {
        json_open(&h->json, "postData", '{');
        json_text(&h->json, "mimeType",
                  raw != NULL    ? ASSAY_LIT("message/http")
                  : type.len > 0 ? type
                                 : ASSAY_LIT("application/octet-stream"));
        json_open(&h->json, "params", '[');
        json_close(&h->json, ']');
        add_body(h, body, "_encoding");
        json_close(&h->json, '}');
    }
    json_number(&h->json, "headersSize", -1);
    json_number(&h->json, "bodySize",
                raw != NULL            ? -1
                : json_is_object(body) ? report_number(body, "bytes")
                                       : 0);
    if (raw != NULL)
        json_str(&h->json, "comment", "sent byte for byte as postData has it");
    json_close(&h->json, '}');
}

static void add_response(struct har *h, const json_t *entry)
{
    const json_t *response = json_object_get(entry, "response");
    const json_t *body = json_object_get(response, "body");
    struct assay_bytes type = header_of(response, "content-type");
    bool answered = json_is_object(response);

    json_open(&h->json, "response", '{');
    json_number(&h->json, "status", answered ? report_number(response, "status") : 0);
    json_text(&h->json, "statusText", answered ? ASSAY_LIT("") : report_text(entry, "outcome"));
    json_str(&h->json, "httpVersion", "HTTP/1.1");
    add_headers(h, response);
    json_open(&h->json, "content", '{');
    json_number(&h->json, "size", report_number(body, "bytes"));
    json_text(&h->json, "mimeType", type.len > 0 ? type : ASSAY_LIT("x-unknown"));
    if (json_is_object(body))
        add_body(h, body, "encoding");
    json_close(&h->json, '}');
    json_text(&h->json, "redirectURL", header_of(response, "location"));
    json_number(&h->json, "headersSize", -1);
    json_number(&h->json, "bodySize", answered ? report_number(body, "bytes") : -1);
    json_close(&h->json, '}');
}

static void add_entry(struct har *h, const json_t *entry, const char *page)
{
    int64_t ms = report_number(entry, "milliseconds");

    json_open(&h->json, NULL, '{');
    json_str(&h->json, "pageref", page);
    add_time(h, h->started + report_number(entry, "t"));
    json_number(&h->json, "time", ms);
    add_request(h, json_object_get(entry, "request"));
    add_response(h, entry);
    json_open(&h->json, "cache", '{');
    json_close(&h->json, '}');
    json_open(&h->json, "timings", '{');
    json_number(&h->json, "send", 0);
    json_number(&h->json, "wait", ms);
    json_number(&h->json, "receive", 0);
    json_close(&h->json, '}');
    json_text(&h->json, "comment", report_text(entry, "label"));
    json_close(&h->json, '}');
}

static void page_id(char out[32], const struct report_case *c)
{
    (void)snprintf(out, 32, "case-%zu", c->number);
}

static bool has_exchange(const struct report_case *c)
{
    const json_t *entry;
    size_t i;

    json_array_foreach (json_object_get(c->c, "evidence"), i, entry)
        if (is_exchange(entry))
            return true;
    return false;
}

static void add_page(struct har *h, const struct report_case *c)
{
    struct assay_buf title = ASSAY_BUF_INIT(NAME_MAX_BYTES);
    char id[32];

    page_id(id, c);
    report_case_name(&title, h->view, c);
    json_open(&h->json, NULL, '{');
    add_time(h, h->started);
    json_str(&h->json, "id", id);
    json_text(&h->json, "title", assay_buf_view(&title));
    json_open(&h->json, "pageTimings", '{');
    json_close(&h->json, '}');
    json_str(&h->json, "comment", report_marks[c->mark].word);
    json_close(&h->json, '}');
    report_done(h->json.out, &title);
}

static void add_log(struct har *h)
{
    const json_t *entry;
    size_t i, k;

    json_open(&h->json, "log", '{');
    json_str(&h->json, "version", "1.2");
    json_open(&h->json, "creator", '{');
    json_str(&h->json, "name", "assay");
    json_text(&h->json, "version", report_text(json_object_get(h->view->run, "assay"), "version"));
    json_close(&h->json, '}');
    json_str(&h->json, "comment",
             "times are the start of the run and, of an entry, the milliseconds since its case "
             "began; requests of bursts are counted in the record, and not here; where the record "
             "has no Host header, the host is host.invalid");
    json_open(&h->json, "pages", '[');
    for (i = 0; i < h->view->case_count; i++)
        if (has_exchange(&h->view->cases[i]))
            add_page(h, &h->view->cases[i]);
    json_close(&h->json, ']');
    json_open(&h->json, "entries", '[');
    for (i = 0; i < h->view->case_count; i++) {
        char id[32];

        page_id(id, &h->view->cases[i]);
        json_array_foreach (json_object_get(h->view->cases[i].c, "evidence"), k, entry)
            if (is_exchange(entry))
                add_entry(h, entry, id);
    }
    json_close(&h->json, ']');
    json_close(&h->json, '}');
}

enum assay_code report_har(struct assay_buf *out, const json_t *run, struct assay_err *err)
{
    struct report_view view = {0};
    struct har h = {.json = {.out = out}, .view = &view};
    enum assay_code rc = report_view_init(&view, run);

    if (rc != ASSAY_OK)
        goto out;
    if (assay_time_parse(&h.started, report_text(run, "started")) != ASSAY_OK)
        h.started = 0;
    json_open(&h.json, NULL, '{');
    add_log(&h);
    json_close(&h.json, '}');
    assay_buf_add_byte(out, '\n');
    rc = out->bad;
out:
    report_view_fini(&view);
    return rc == ASSAY_OK ? rc : assay_fail(err, rc, 0, "HAR report: %s", assay_code_text(rc));
}
