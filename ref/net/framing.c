/* The head of a request: every check of framing, before anyone asks what the request means. */
#include "net/framing.h"

#include <microhttpd.h>

enum { CONTENT_LENGTH_MAX_DIGITS = 18 };

/* What libmicrohttpd 0.9.75 hands over was cut at a NUL, and it takes folded lines and bare LF. Its
 * strings still lie where the bytes arrived, so the gaps between them tell; later versions refuse
 * all of that themselves. */
#define CHECK_GAPS (MHD_VERSION < 0x00097600)

struct reading {
    struct ref_net_head *head;
    size_t hosts, lengths, codings;
    bool chunked;
    int status; /* of the first refusal, or 0 */
    const char *last_end;
};

bool ref_net_is_token(struct assay_bytes text)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              memchr(marks, c, sizeof(marks) - 1) != NULL))
            return false;
    }
    return text.len > 0;
}

static bool has_control(struct assay_bytes text, bool tab_too)
{
    for (size_t i = 0; i < text.len; i++)
        if ((text.at[i] < 0x20 && (tab_too || text.at[i] != '\t')) || text.at[i] == 0x7F)
            return true;
    return false;
}

static void read_length(struct reading *r, struct assay_bytes value)
{
    uint64_t length = 0;

    r->lengths++;
    if (value.len == 0 || value.len > CONTENT_LENGTH_MAX_DIGITS)
        r->status = 400;
    for (size_t i = 0; i < value.len && r->status == 0; i++) {
        if (value.at[i] < '0' || value.at[i] > '9')
            r->status = 400;
        length = length * 10 + (uint64_t)(value.at[i] - '0');
    }
    r->head->content_length = length;
}

/* The buffer has its whole room before the first join, so that no view into it goes stale. */
static bool has_room(struct assay_buf *joined)
{
    if (joined->room > 0)
        return true;
    if (assay_buf_extend(joined, joined->max) == NULL)
        return false;
    assay_buf_clear(joined);
    return true;
}

static void add(struct reading *r, struct assay_bytes name, struct assay_bytes value)
{
    struct ref_net_head *head = r->head;

    for (size_t i = 0; i < head->header_count; i++) {
        struct ref_net_header *h = &head->headers[i];
        size_t start = head->joined.len;

        if (!assay_bytes_equal_nocase(h->name, name))
            continue;
        if (!has_room(&head->joined)) {
            r->status = 503;
            return;
        }
        assay_buf_add(&head->joined, h->value);
        assay_buf_add_str(&head->joined, ", ");
        assay_buf_add(&head->joined, value);
        if (!assay_buf_ok(&head->joined))
            r->status = 431;
        else
            h->value = assay_bytes_part(assay_buf_view(&head->joined), start, head->joined.len);
        return;
    }
    if (head->header_count == REF_NET_HEADERS_MAX)
        r->status = 431;
    else
        head->headers[head->header_count++] = (struct ref_net_header){name, value};
}

/* The end of a line is CR LF: two bytes, which libmicrohttpd has turned to NUL. */
static bool follows(const char *next, const char *end, size_t gap)
{
    return !CHECK_GAPS || end == NULL || next == end + gap;
}

static enum MHD_Result read_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                   size_t name_len, const char *value, size_t value_len)
{
    struct reading *r = cls;
    struct assay_bytes n = assay_bytes_of(name, name_len);
    struct assay_bytes v = assay_bytes_of(value, value_len);

    (void)kind;
    if (!ref_net_is_token(n) || has_control(v, false) || !follows(name, r->last_end, 2))
        r->status = 400;
    r->last_end = value != NULL ? value + value_len : NULL;
    while (v.len > 0 && (v.at[v.len - 1] == ' ' || v.at[v.len - 1] == '\t'))
        v.len--;
    if (assay_bytes_equal_nocase(n, ASSAY_LIT("Host")))
        r->hosts++;
    else if (assay_bytes_equal_nocase(n, ASSAY_LIT("Content-Length")))
        read_length(r, v);
    else if (assay_bytes_equal_nocase(n, ASSAY_LIT("Transfer-Encoding"))) {
        r->codings++;
        r->chunked = assay_bytes_equal_nocase(v, ASSAY_LIT("chunked"));
    }
    if (r->status == 0)
        add(r, n, v);
    return r->status == 0 ? MHD_YES : MHD_NO;
}

int ref_net_head_read(struct ref_net_head *head, struct MHD_Connection *connection,
                      const struct ref_net_server_options *options, struct assay_bytes method,
                      struct assay_bytes target, const char *uri, const char *version)
{
    struct reading r = {.head = head};
    bool is_1_1 = strcmp(version, "HTTP/1.1") == 0;
    const union MHD_ConnectionInfo *size;

    if (!is_1_1 && strcmp(version, "HTTP/1.0") != 0)
        return 505;
    if (!ref_net_is_token(method) || target.len == 0 || has_control(target, true) ||
        assay_bytes_find(target, ' ', 0) < target.len ||
        !follows(uri, (const char *)method.at + method.len, 1) ||
        !follows(version, uri, target.len + 1))
        return 400;
    size = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (size == NULL || size->header_size > options->header_max_bytes)
        return 431;
    head->header_count = 0;
    head->content_length = 0;
    head->joined.max = 2 * options->header_max_bytes;
    assay_buf_clear(&head->joined);
    r.last_end = version + strlen(version);
    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, read_header, &r);
    if (r.status != 0)
        return r.status;
    if (!follows((const char *)method.at + size->header_size, r.last_end, 4)) /* an empty line */
        return 400;
    if (r.hosts > 1 || (is_1_1 && r.hosts == 0) || r.lengths > 1 || r.codings > 1 ||
        (r.codings > 0 && (r.lengths > 0 || !r.chunked || !is_1_1)))
        return 400;
    return head->content_length > options->body_max_bytes ? 413 : 0;
}
