/* Evidence on the page: exchanges, bursts and the rest, inert and capped (reports/html.h). */
#include "base/base64.h"
#include "base/utf8.h"
#include "reports/html.h"
#include "reports/markup.h"

enum {
    ENTRIES_FULL = 120,
    ENTRIES_FIRST = 1, /* of a log that is told briefly */
    ENTRIES_LAST = 2,
    TEXT_BRIEF_BYTES = 160,
    CASE_MAX_BYTES = 1 << 18, /* of one case, so that others have room */
    BODY_SHOWN_BYTES = 1 << 14,
    INLINE_BYTES = 1200,
    DUMP_BYTES = 256,
    DUMP_COLUMNS = 16,
    BODY_MAX_BYTES = 1 << 20,
    DOCUMENT_MIN_CHARS = 96,   /* of a header that holds one */
    DOCUMENT_SHOWN_CHARS = 48, /* of its encoded form */
    PRINT_FIRST = 4,           /* on paper: entries, bytes of a header and of a request line */
    PRINT_LAST = 9,
    PRINT_LINE_BYTES = 320,
};

static void add_time(struct html *page, const json_t *entry)
{
    assay_buf_printf(page->out, "<span class=\"t\">%lld ms</span>",
                     (long long)report_number(entry, "t"));
}

static void add_grouped(struct html *page, int64_t number)
{
    struct assay_buf digits = ASSAY_BUF_INIT(32);

    assay_buf_add_u64(&digits, number > 0 ? (uint64_t)number : 0);
    for (size_t i = 0; i < digits.len; i++) {
        if (i > 0 && (digits.len - i) % 3 == 0)
            assay_buf_add_byte(page->out, ',');
        assay_buf_add_byte(page->out, digits.at[i]);
    }
    report_done(page->out, &digits);
}

/* Rows of offset, hex and ASCII. */
static void add_dump(struct html *page, struct assay_bytes bytes)
{
    html_raw(page, "<pre class=\"hex\">");
    for (size_t row = 0; row < bytes.len; row += DUMP_COLUMNS) {
        struct assay_bytes part = assay_bytes_part(bytes, row, row + DUMP_COLUMNS);

        assay_buf_printf(page->out, "%04zx ", row);
        for (size_t i = 0; i < DUMP_COLUMNS; i++) {
            if (i < part.len)
                assay_buf_printf(page->out, " %02x", part.at[i]);
            else
                html_raw(page, "   ");
        }
        html_raw(page, "  ");
        for (size_t i = 0; i < part.len; i++) {
            uint8_t shown = part.at[i] >= 0x20 && part.at[i] < 0x7F ? part.at[i] : '.';

            html_text(page, assay_bytes_of(&shown, 1));
        }
        html_raw(page, "\n");
    }
    html_raw(page, "</pre>\n");
}

static void add_body_text(struct html *page, struct assay_bytes text)
{
    html_raw(page, "<pre class=\"hostile\">");
    markup_add(page->out, text, MARKUP_KEEP_LINES);
    html_raw(page, "</pre>\n");
}

static void add_binary(struct html *page, struct assay_bytes text)
{
    struct assay_buf bytes = ASSAY_BUF_INIT(BODY_MAX_BYTES);
    enum assay_code rc = assay_base64_decode(&bytes, ASSAY_BASE64_STD, text, NULL);

    if (rc == ASSAY_OK)
        add_dump(page, assay_bytes_part(assay_buf_view(&bytes), 0, DUMP_BYTES));
    else if (rc == ASSAY_E_NOMEM)
        page->out->bad = rc;
    else
        add_body_text(page, text); /* redaction has left it so */
    report_done(page->out, &bytes);
}

static void add_body(struct html *page, const json_t *body)
{
    bool is_text = json_object_get(body, "text") != NULL;
    struct assay_bytes text = report_text(body, is_text ? "text" : "base64");
    int64_t bytes = report_number(body, "bytes");
    size_t shown = page->findings != NULL ? INLINE_BYTES : BODY_SHOWN_BYTES;
    bool is_cut = json_is_true(json_object_get(body, "cut")) || text.len > shown;
    bool folded = page->findings == NULL && text.len > INLINE_BYTES;

    if (body == NULL || json_is_null(body) || (bytes == 0 && text.len == 0))
        return;
    if (folded || is_cut || !is_text) {
        html_raw(page, folded ? "<details><summary>" : "<p class=\"note\">");
        html_raw(page, is_text ? "body of " : "binary body of ");
        add_grouped(page, bytes);
        html_raw(page, bytes == 1 ? " byte" : " bytes");
        if (is_cut)
            html_raw(page,
                     is_text ? ", of which the first are kept" : ", of which the first are shown");
        html_raw(page, folded ? "</summary>\n" : "</p>\n");
    }
    text = assay_bytes_part(text, 0, shown); /* whole groups of base64 */
    if (is_text)
        add_body_text(page, text);
    else
        add_binary(page, text);
    if (folded)
        html_raw(page, "</details>\n");
}

/* A document that travels in a header, as payments do, is read as what it says. */
static bool decode_document(struct assay_buf *out, const json_t *pair)
{
    struct assay_bytes value = assay_str(json_string_value(json_array_get(pair, 1)));

    return value.len >= DOCUMENT_MIN_CHARS &&
           assay_base64_decode(out, ASSAY_BASE64_STD, value, NULL) == ASSAY_OK && out->len > 0 &&
           out->at[0] == '{' && assay_utf8_valid(assay_buf_view(out));
}

/* On paper the beginning of what is long. */
static void add_capped(struct html *page, struct assay_bytes text)
{
    bool is_cut = page->findings != NULL && text.len > PRINT_LINE_BYTES;

    html_text(page, is_cut ? assay_bytes_part(text, 0, PRINT_LINE_BYTES) : text);
    if (is_cut)
        assay_buf_printf(page->out, " ... (%zu bytes)", text.len);
}

static void add_header(struct html *page, const json_t *pair)
{
    struct assay_bytes value = assay_str(json_string_value(json_array_get(pair, 1)));
    struct assay_buf document = ASSAY_BUF_INIT(BODY_MAX_BYTES);

    html_raw(page, "\n");
    html_text(page, assay_str(json_string_value(json_array_get(pair, 0))));
    html_raw(page, ": ");
    if (decode_document(&document, pair)) {
        html_text(page, assay_bytes_part(value, 0, DOCUMENT_SHOWN_CHARS));
        assay_buf_printf(page->out, " ... (%zu characters)", value.len);
    } else {
        add_capped(page, value);
    }
    assay_buf_fini(&document);
}

static void add_document(struct html *page, const json_t *pair)
{
    struct assay_buf document = ASSAY_BUF_INIT(BODY_MAX_BYTES);

    if (decode_document(&document, pair)) {
        html_raw(page, page->findings != NULL ? "<details open><summary>" : "<details><summary>");
        html_text(page, assay_str(json_string_value(json_array_get(pair, 0))));
        html_raw(page, ", decoded</summary>\n");
        add_body_text(page, page->findings != NULL
                                ? assay_bytes_part(assay_buf_view(&document), 0, INLINE_BYTES)
                                : assay_buf_view(&document));
        html_raw(page, "</details>\n");
    }
    assay_buf_fini(&document);
}

/* First line and headers, as text; then the body. */
static void add_message(struct html *page, const char *title, struct assay_bytes first,
                        const json_t *message)
{
    const json_t *pair;
    size_t i;

    html_raw(page, "<div>");
    html_element(page, "h4", NULL, assay_str(title));
    html_raw(page, "<pre class=\"hostile\">");
    add_capped(page, first);
    json_array_foreach (json_object_get(message, "headers"), i, pair)
        add_header(page, pair);
    html_raw(page, "</pre>\n");
    json_array_foreach (json_object_get(message, "headers"), i, pair)
        add_document(page, pair);
    add_body(page, json_object_get(message, "body"));
    html_raw(page, "</div>\n");
}

static void add_request_line(struct assay_buf *line, const json_t *request)
{
    if (json_object_get(request, "raw") != NULL) {
        assay_buf_add_str(line, "raw bytes");
        return;
    }
    assay_buf_add(line, report_text(request, "method"));
    assay_buf_add_byte(line, ' ');
    assay_buf_add(line, report_text(request, "target"));
}

/* "label  GET /weather -> 402  4 ms" */
static void add_exchange_line(struct html *page, const json_t *entry, struct assay_bytes line)
{
    const json_t *response = json_object_get(entry, "response");

    html_raw(page, "<span class=\"what\">");
    if (report_text(entry, "label").len > 0) {
        html_element(page, "span", "label", report_text(entry, "label"));
        html_raw(page, " ");
    }
    html_element(page, "code", NULL, line);
    html_raw(page, " \xe2\x86\x92 ");
    if (json_is_object(response))
        assay_buf_printf(page->out, "<span class=\"status\">%lld</span>",
                         (long long)report_number(response, "status"));
    else
        html_element(page, "span", "status", report_text(entry, "outcome"));
    assay_buf_printf(page->out, " <span class=\"soft\">in %lld ms</span></span>",
                     (long long)report_number(entry, "milliseconds"));
}

static void add_exchange(struct html *page, const json_t *entry, bool full, bool open)
{
    const json_t *request = json_object_get(entry, "request"),
                 *response = json_object_get(entry, "response");
    struct assay_buf line = ASSAY_BUF_INIT(BODY_MAX_BYTES), status = ASSAY_BUF_INIT(64);

    add_request_line(&line, request);
    if (!full) {
        html_raw(page, "<li class=\"plain\">");
        add_time(page, entry);
        add_exchange_line(page, entry,
                          assay_bytes_part(assay_buf_view(&line), 0, TEXT_BRIEF_BYTES));
        html_raw(page, "</li>\n");
        goto out;
    }
    html_raw(page, open ? "<li><details open><summary>" : "<li><details><summary>");
    add_time(page, entry);
    add_exchange_line(page, entry,
                      page->findings != NULL
                          ? assay_bytes_part(assay_buf_view(&line), 0, TEXT_BRIEF_BYTES)
                          : assay_buf_view(&line));
    html_raw(page, "</summary>\n<div class=\"wire\">");
    if (json_object_get(request, "raw") != NULL) {
        html_raw(page, "<div><h4>Sent, byte for byte</h4>\n");
        add_body(page, json_object_get(request, "raw"));
        html_raw(page, "</div>\n");
    } else
        add_message(page, "Request", assay_buf_view(&line), request);
    if (json_is_object(response)) {
        assay_buf_printf(&status, "%lld", (long long)report_number(response, "status"));
        add_message(page, "Response", assay_buf_view(&status), response);
    } else {
        html_raw(page, "<div><h4>No response</h4>\n");
        html_element(page, "p", "hostile", report_text(entry, "outcome"));
        html_raw(page, "</div>\n");
    }
    html_raw(page, "</div></details></li>\n");
out:
    report_done(page->out, &line);
    report_done(page->out, &status);
}

/* What a program printed, if anything. */
static void add_printed(struct html *page, const char *title, const json_t *body)
{
    if (report_number(body, "bytes") == 0)
        return;
    html_raw(page, "<div>");
    html_element(page, "h4", NULL, assay_str(title));
    add_body(page, body);
    html_raw(page, "</div>\n");
}

/* "label  outcome in 12 ms", and below it the command and what it printed. */
static void add_run(struct html *page, const json_t *entry, bool full)
{
    struct assay_buf command = ASSAY_BUF_INIT(BODY_MAX_BYTES);

    html_raw(page, full ? "<li><details><summary>" : "<li class=\"plain\">");
    add_time(page, entry);
    html_raw(page, "<span class=\"what\">");
    html_element(page, "span", "label", report_text(entry, "label"));
    html_raw(page, " ");
    html_element(page, "span", "status", report_text(entry, "outcome"));
    assay_buf_printf(page->out, " <span class=\"soft\">after %lld ms</span></span>",
                     (long long)report_number(entry, "milliseconds"));
    if (full) {
        html_raw(page, "</summary>\n");
        report_add_command(&command, json_object_get(entry, "command"));
        html_command(page, assay_buf_view(&command));
        html_raw(page, "<div class=\"wire\">");
        add_printed(page, "Standard output", json_object_get(entry, "stdout"));
        add_printed(page, "Standard error", json_object_get(entry, "stderr"));
        html_raw(page, "</div></details>");
    }
    html_raw(page, "</li>\n");
    report_done(page->out, &command);
}

static void add_burst(struct html *page, const json_t *entry)
{
    const char *name;
    json_t *statuses = json_object_get(entry, "statuses"), *count;
    const char *separator = "";

    html_element(page, "span", "label", report_text(entry, "label"));
    assay_buf_printf(page->out,
                     " <span class=\"status\">%lld requests released together, %lld in flight at "
                     "once</span> <span "
                     "class=\"soft\">(released within %lld \xc2\xb5s)</span> \xe2\x86\x92 ",
                     (long long)report_number(entry, "requests"),
                     (long long)report_number(entry, "inFlight"),
                     (long long)report_number(entry, "releaseMicroseconds"));
    json_object_foreach (statuses, name, count) {
        assay_buf_printf(page->out, "%s%lld \xc3\x97 ", separator,
                         (long long)json_integer_value(count));
        html_element(page, "span", "status", assay_str(name));
        separator = ", ";
    }
}

/* A text of one line; of a log that is told briefly its beginning. */
static void add_line_text(struct html *page, const char *css, struct assay_bytes text, bool full)
{
    size_t end = !full && text.len > TEXT_BRIEF_BYTES ? TEXT_BRIEF_BYTES : text.len;

    while (end < text.len && end > 0 && (text.at[end] & 0xC0) == 0x80)
        end--;
    assay_buf_printf(page->out, "<span class=\"%s\">", css);
    html_text(page, assay_bytes_part(text, 0, end));
    html_raw(page, end < text.len ? "\xe2\x80\xa6</span>" : "</span>");
}

/* Everything but exchanges and runs is one line. */
static void add_other(struct html *page, const json_t *entry, bool full)
{
    struct assay_bytes kind = report_text(entry, "kind");

    html_raw(page, "<li class=\"plain\">");
    add_time(page, entry);
    html_raw(page, "<span>");
    if (assay_bytes_is(kind, "burst")) {
        add_burst(page, entry);
    } else {
        if (!assay_bytes_is(kind, "note")) {
            html_element(page, "span", "label",
                         assay_bytes_is(kind, "role") ? report_text(entry, "role")
                                                      : report_text(entry, "name"));
            html_raw(page, " ");
        }
        if (assay_bytes_is(kind, "role")) {
            add_line_text(page, "status", report_text(entry, "what"), full);
            html_raw(page, " ");
        }
        if (assay_bytes_is(kind, "sample")) {
            add_grouped(page, report_number(entry, "value"));
            html_raw(page, " ");
            html_text(page, report_text(entry, "unit"));
        } else
            add_line_text(page, "hostile", report_text(entry, "text"), full);
    }
    html_raw(page, "</span></li>\n");
}

static size_t last_exchange(const json_t *evidence, size_t limit)
{
    size_t last = SIZE_MAX;

    for (size_t i = 0; i < json_array_size(evidence) && i < limit; i++)
        if (assay_bytes_is(report_text(json_array_get(evidence, i), "kind"), "exchange"))
            last = i;
    return last;
}

static void add_entry(struct html *page, const json_t *entry, bool full, bool open)
{
    if (assay_bytes_is(report_text(entry, "kind"), "exchange"))
        add_exchange(page, entry, full, open);
    else if (assay_bytes_is(report_text(entry, "kind"), "run"))
        add_run(page, entry, full);
    else
        add_other(page, entry, full);
}

static void add_left_out(struct html *page, size_t count)
{
    if (count > 0)
        assay_buf_printf(page->out, "<li class=\"note\">%zu more %s in run.json</li>\n", count,
                         count == 1 ? "entry is" : "entries are");
}

/* The end says what came of it, so it is not what is left out. */
static void add_ends(struct html *page, const json_t *evidence, size_t first, size_t last)
{
    size_t count = json_array_size(evidence);

    if (count <= first + last + 1) {
        first = count;
        last = 0;
    }
    for (size_t i = 0; i < first; i++)
        add_entry(page, json_array_get(evidence, i), false, false);
    add_left_out(page, count - first - last);
    for (size_t i = count - last; i < count; i++)
        add_entry(page, json_array_get(evidence, i), false, false);
}

static void add_briefly(struct html *page, const json_t *evidence)
{
    add_ends(page, evidence, page->terse ? 0 : ENTRIES_FIRST, page->terse ? 1 : ENTRIES_LAST);
}

static void add_in_full(struct html *page, const json_t *evidence, size_t end)
{
    size_t count = json_array_size(evidence), open = last_exchange(evidence, ENTRIES_FULL), i = 0;

    for (; i < count && i < ENTRIES_FULL && page->out->len < end; i++)
        add_entry(page, json_array_get(evidence, i), true, i == open);
    add_left_out(page, count - i);
}

void html_evidence(struct html *page, const json_t *evidence, bool full)
{
    size_t from = page->out->len, *room = full ? &page->full_room : &page->brief_room, used;

    if (json_array_size(evidence) == 0)
        return;
    html_raw(page, "<ol class=\"log\">\n");
    if (*room == 0)
        add_left_out(page, json_array_size(evidence));
    else if (full)
        add_in_full(page, evidence, from + (*room < CASE_MAX_BYTES ? *room : CASE_MAX_BYTES));
    else
        add_briefly(page, evidence);
    html_raw(page, "</ol>\n");
    used = page->out->len - from;
    *room -= used < *room ? used : *room;
}

void html_evidence_print(struct html *page, const json_t *evidence)
{
    size_t from = page->out->len, last = last_exchange(evidence, SIZE_MAX), used;

    if (json_array_size(evidence) == 0)
        return;
    html_raw(page, "<ol class=\"log\">\n");
    if (page->full_room == 0)
        add_left_out(page, json_array_size(evidence));
    else
        add_ends(page, evidence, PRINT_FIRST, PRINT_LAST);
    html_raw(page, "</ol>\n");
    if (page->full_room > 0 && last != SIZE_MAX) {
        html_raw(page, "<h4>The last exchange</h4>\n<ol class=\"log\">\n");
        add_entry(page, json_array_get(evidence, last), true, true);
        html_raw(page, "</ol>\n");
    }
    used = page->out->len - from;
    page->full_room -= used < page->full_room ? used : page->full_room;
}
