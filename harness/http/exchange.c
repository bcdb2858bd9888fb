/* Requests, responses and exchanges as data: making them, looking into them, and a request's bytes.
 */
#include "http/exchange.h"

#include "http/parts.h"

#include <strings.h>

#define FORM "%.*s"
#define FORM_ARGS(bytes) (int)(bytes).len, (const char *)(bytes).at

const char *http_outcome_text(enum http_outcome outcome)
{
    switch (outcome) {
    case HTTP_ANSWERED:
        return "answered";
    case HTTP_NO_CONNECTION:
        return "no connection";
    case HTTP_CLOSED:
        return "closed without a complete answer";
    case HTTP_TIMEOUT:
        return "no complete answer in time";
    case HTTP_GARBLED:
        return "the answer is no HTTP";
    }
    return "unknown";
}

struct http_request http_get(const char *target)
{
    return (struct http_request){.method = "GET", .target = target, .body = ASSAY_LIT("")};
}

struct http_request http_post(const char *target, const char *content_type, struct assay_bytes body)
{
    struct http_request request = {
        .method = "POST", .target = target, .body = body, .has_body = true};

    if (content_type != NULL)
        (void)http_request_add(&request, "Content-Type", assay_str(content_type));
    return request;
}

bool http_request_add(struct http_request *request, const char *name, struct assay_bytes value)
{
    if (request->header_count >= HTTP_HEADERS_MAX)
        return false;
    request->headers[request->header_count++] = (struct http_header){name, value};
    return true;
}

static const struct http_header *find(const struct http_header *headers, size_t count,
                                      const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(headers[i].name, name) == 0)
            return &headers[i];
    }
    return NULL;
}

struct assay_bytes http_response_header(const struct http_response *response, const char *name,
                                        bool *found)
{
    const struct http_header *header = find(response->headers, response->header_count, name);

    if (found != NULL)
        *found = header != NULL;
    return header != NULL ? header->value : ASSAY_LIT("");
}

void http_peer_write(struct assay_buf *out, const struct http_peer *peer)
{
    const struct assay_url *url = &peer->url;
    bool is_v6 = assay_bytes_find(url->host, ':', 0) < url->host.len;
    bool is_tls = assay_bytes_equal_nocase(url->scheme, ASSAY_LIT("https"));

    assay_buf_printf(out, is_v6 ? "[" FORM "]" : FORM, FORM_ARGS(url->host));
    if (url->port != (is_tls ? 443 : 80))
        assay_buf_printf(out, ":%u", (unsigned)url->port);
}

void http_target_write(struct assay_buf *out, const struct http_peer *peer, const char *target)
{
    struct assay_bytes prefix = peer->url.path;

    if (target[0] == '/') {
        if (prefix.len > 0 && prefix.at[prefix.len - 1] == '/')
            prefix.len--;
        assay_buf_add(out, prefix);
    }
    assay_buf_add_str(out, target);
}

static void write_body(struct assay_buf *out, const struct http_request *request)
{
    if (!request->chunked) {
        assay_buf_add(out, request->body);
        return;
    }
    if (request->body.len > 0) {
        assay_buf_printf(out, "%zx\r\n", request->body.len);
        assay_buf_add(out, request->body);
        assay_buf_add_str(out, "\r\n");
    }
    assay_buf_add_str(out, "0\r\n\r\n");
}

static bool names(const struct http_request *request, const char *header)
{
    return find(request->headers, request->header_count, header) != NULL;
}

void http_request_write(struct assay_buf *out, const struct http_peer *peer,
                        const struct http_request *request, bool close)
{
    assay_buf_printf(out, "%s ", request->method);
    http_target_write(out, peer, request->target);
    assay_buf_add_str(out, " HTTP/1.1\r\n");
    if (!names(request, "Host")) {
        assay_buf_add_str(out, "Host: ");
        if (peer->host.len > 0)
            assay_buf_add(out, peer->host);
        else
            http_peer_write(out, peer);
        assay_buf_add_str(out, "\r\n");
    }
    if (!names(request, "User-Agent"))
        assay_buf_add_str(out, "User-Agent: " HTTP_USER_AGENT "\r\n");
    for (size_t i = 0; i < request->header_count; i++) {
        assay_buf_printf(out, "%s: ", request->headers[i].name);
        assay_buf_add(out, request->headers[i].value);
        assay_buf_add_str(out, "\r\n");
    }
    if (request->has_body && request->chunked && !names(request, "Transfer-Encoding"))
        assay_buf_add_str(out, "Transfer-Encoding: chunked\r\n");
    if (request->has_body && !request->chunked && !names(request, "Content-Length"))
        assay_buf_printf(out, "Content-Length: %zu\r\n", request->body.len);
    if (close && !names(request, "Connection"))
        assay_buf_add_str(out, "Connection: close\r\n");
    assay_buf_add_str(out, "\r\n");
    if (request->has_body)
        write_body(out, request);
}
