/* One request at a time through libcurl, with kept connections; what libcurl cannot send goes raw.
 */
#include "http/client.h"

#include "http/parts.h"
#include "http/sock.h"

#include <curl/curl.h>
#include <pthread.h>
#include <strings.h>

enum { SMALL_BODY_BYTES = 32768 }; /* sent with its head; libcurl copies up to 64 KiB there */

struct http_client {
    CURL *easy;
};

/* One exchange on its way through libcurl's callbacks. */
struct transfer {
    const struct http_peer *peer;
    const struct http_request *request;
    struct http_exchange *exchange;
    struct http_head head;
    struct assay_buf body;
    size_t body_sent;
    bool head_done;
    bool began;   /* a connection was made, and sending began */
    bool retried; /* libcurl wanted to send again on a new connection, and was not let */
    bool denied;
    bool nomem;
    bool garbled;
};

static void curl_begin(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

struct http_client *http_client_new(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct http_client *client = assay_alloc(sizeof(*client));

    if (client == NULL)
        return NULL;
    (void)pthread_once(&once, curl_begin);
    client->easy = curl_easy_init();
    if (client->easy == NULL) {
        assay_free(client);
        return NULL;
    }
    return client;
}

void http_client_free(struct http_client *client)
{
    if (client == NULL)
        return;
    curl_easy_cleanup(client->easy);
    assay_free(client);
}

static bool has_any(const char *text, const char *bytes)
{
    return text[strcspn(text, bytes)] != '\0';
}

/* libcurl sends a header as it is told to unless it reads it itself, its value is blank, or it
 * would end early. */
static bool curl_can_send_header(const struct http_header *header)
{
    static const char *const its_own[] = {
        "Host",           "Connection", "Proxy-Connection", "Expect", "Transfer-Encoding",
        "Content-Length", "TE",         "Upgrade"};
    bool blank = true;

    if (header->name[0] == '\0' || has_any(header->name, "\r\n:; \t"))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(its_own); i++) {
        if (strcasecmp(header->name, its_own[i]) == 0)
            return false;
    }
    for (size_t i = 0; i < header->value.len; i++) {
        uint8_t c = header->value.at[i];

        if (c == '\0' || c == '\r' || c == '\n')
            return false;
        blank = blank && (c == ' ' || (c >= '\t' && c <= '\r'));
    }
    return !blank;
}

static bool curl_can_send(const struct http_request *request)
{
    if (request->method[0] == '\0' || has_any(request->method, "\r\n\t "))
        return false;
    if (request->target[0] == '\0' || has_any(request->target, "\r\n\t "))
        return false;
    if (strcmp(request->method, "HEAD") == 0 && request->has_body)
        return false;
    for (size_t i = 0; i < request->header_count; i++) {
        if (!curl_can_send_header(&request->headers[i]))
            return false;
    }
    return true;
}

/* ---- what libcurl calls ---- */

static curl_socket_t on_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *t = context;

    (void)purpose;
    if (t->began) {
        t->retried = true; /* a request may have run already: twice would be another request */
        return CURL_SOCKET_BAD;
    }
    if (!sock_may_connect(t->peer, &address->addr)) {
        t->denied = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int on_connected(void *context, char *to_ip, char *from_ip, int to_port, int from_port)
{
    struct transfer *t = context;

    (void)to_ip;
    (void)from_ip;
    (void)to_port;
    (void)from_port;
    if (t->began) {
        t->retried = true;
        return CURL_PREREQFUNC_ABORT;
    }
    t->began = true;
    t->exchange->sent_ns = sock_now_ns();
    return CURL_PREREQFUNC_OK;
}

static size_t on_body_wanted(char *out, size_t size, size_t count, void *context)
{
    struct transfer *t = context;
    struct assay_bytes body = assay_bytes_of(t->request->body.at, t->request->body.len);
    struct assay_bytes rest = assay_bytes_part(body, t->body_sent, body.len);
    size_t len = rest.len < size * count ? rest.len : size * count;

    memcpy(out, rest.at, len);
    t->body_sent += len;
    t->exchange->sent_ns = sock_now_ns();
    return len;
}

/* libcurl wants to send the body again, over another connection: that is left to those who refuse
 * the connection, since after a "no" here libcurl 8 fails every later request of its handle too. */
static int on_body_again(void *context, curl_off_t offset, int origin)
{
    struct transfer *t = context;

    if (offset != 0 || origin != SEEK_SET)
        return CURL_SEEKFUNC_FAIL;
    t->body_sent = 0;
    return CURL_SEEKFUNC_OK;
}

static size_t on_header(char *at, size_t size, size_t count, void *context)
{
    struct transfer *t = context;
    size_t len = size * count;

    if (t->exchange->first_ns == 0)
        t->exchange->first_ns = sock_now_ns();
    if (t->head_done)
        return len; /* a trailer */
    switch (http_head_line(&t->head, assay_bytes_of(at, len))) {
    case HTTP_READ_MORE:
        return len;
    case HTTP_READ_DONE:
        t->head_done = true;
        return len;
    case HTTP_READ_GARBLED:
        t->garbled = true;
        break;
    case HTTP_READ_NOMEM:
        t->nomem = true;
        break;
    }
    return 0;
}

static size_t on_body(char *at, size_t size, size_t count, void *context)
{
    struct transfer *t = context;
    size_t len = size * count;

    t->exchange->response.body_bytes += len;
    assay_buf_add(
        &t->body,
        assay_bytes_of(at, len < t->body.max - t->body.len ? len : t->body.max - t->body.len));
    t->nomem = t->nomem || !assay_buf_ok(&t->body);
    return t->nomem ? 0 : len;
}

/* ---- setting up ---- */

static bool add_line(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = line != NULL ? curl_slist_append(*list, line) : NULL;

    if (longer == NULL)
        return false;
    *list = longer;
    return true;
}

static bool has_header(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcasecmp(request->headers[i].name, name) == 0)
            return true;
    }
    return false;
}

/* The request's headers, and for what libcurl would add by itself an empty one, which takes it out.
 */
static bool header_list(struct curl_slist **list, const struct http_peer *peer,
                        const struct http_request *request)
{
    struct assay_buf line = ASSAY_BUF_INIT(HTTP_REQUEST_MAX_BYTES);
    bool ok = add_line(list, "Expect:");

    if (!has_header(request, "Accept"))
        ok = ok && add_line(list, "Accept:");
    if (!has_header(request, "Content-Type"))
        ok = ok && add_line(list, "Content-Type:");
    if (request->has_body && request->chunked)
        ok = ok && add_line(list, "Transfer-Encoding: chunked");
    if (peer->host.len > 0) {
        assay_buf_add_str(&line, "Host: ");
        assay_buf_add(&line, peer->host);
        ok = ok && add_line(list, assay_buf_cstr(&line));
    }
    for (size_t i = 0; ok && i < request->header_count; i++) {
        assay_buf_clear(&line);
        assay_buf_add_str(&line, request->headers[i].name);
        assay_buf_add_str(&line, ": ");
        assay_buf_add(&line, request->headers[i].value);
        ok = add_line(list, assay_buf_cstr(&line));
    }
    assay_buf_fini(&line);
    return ok;
}

/* Where to: "http://host:port/" for the connection, the target itself verbatim. */
static bool set_address(CURL *easy, const struct http_peer *peer,
                        const struct http_request *request)
{
    struct assay_buf text = ASSAY_BUF_INIT(HTTP_REQUEST_MAX_BYTES);
    const char *url, *target;
    bool ok;

    assay_buf_printf(&text, "%.*s://", (int)peer->url.scheme.len,
                     (const char *)peer->url.scheme.at);
    http_peer_write(&text, peer);
    assay_buf_add_str(&text, "/");
    url = assay_buf_cstr(&text);
    ok = url != NULL && curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK;
    assay_buf_clear(&text);
    http_target_write(&text, peer, request->target);
    target = assay_buf_cstr(&text);
    ok = ok && target != NULL && curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, target) == CURLE_OK;
    assay_buf_fini(&text);
    return ok && curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK;
}

static bool set_method(CURL *easy, struct transfer *t)
{
    const struct http_request *request = t->request;
    const char *body = request->body.len > 0 ? (const char *)request->body.at : "";
    curl_off_t len = request->chunked ? -1 : (curl_off_t)request->body.len;

    if (strcmp(request->method, "HEAD") == 0)
        return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
    if (request->has_body) {
        if (curl_easy_setopt(easy, CURLOPT_POST, 1L) != CURLE_OK ||
            curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, len) != CURLE_OK)
            return false;
        if (!request->chunked && request->body.len <= SMALL_BODY_BYTES &&
            curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body) != CURLE_OK)
            return false;
        if (curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_body_wanted) != CURLE_OK ||
            curl_easy_setopt(easy, CURLOPT_READDATA, t) != CURLE_OK ||
            curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_body_again) != CURLE_OK ||
            curl_easy_setopt(easy, CURLOPT_SEEKDATA, t) != CURLE_OK)
            return false;
    }
    return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method) == CURLE_OK;
}

/* No redirects, proxies, cookies, user information, other protocols or versions; a connection idle
 * for more than a second is not used again, since the peer may be about to close it. */
static bool set_limits(CURL *easy, int deadline_ms)
{
    return curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, HTTP_USER_AGENT) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, deadline_ms > 0 ? (long)deadline_ms : 1L) ==
               CURLE_OK;
}

static bool set_callbacks(CURL *easy, struct transfer *t, struct curl_slist *headers)
{
    return curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PREREQDATA, t) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HEADERDATA, t) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, t) == CURLE_OK;
}

/* ---- how it ended ---- */

static void judge(struct transfer *t, CURLcode code, const char *said)
{
    static const struct {
        CURLcode code;
        enum http_outcome outcome;
        const char *trouble;
    } known[] = {
        {CURLE_COULDNT_CONNECT, HTTP_NO_CONNECTION, HTTP_TROUBLE_REFUSED},
        {CURLE_COULDNT_RESOLVE_HOST, HTTP_NO_CONNECTION, HTTP_TROUBLE_UNREACHABLE},
        {CURLE_SSL_CONNECT_ERROR, HTTP_NO_CONNECTION, "no TLS connection could be made"},
        {CURLE_PEER_FAILED_VERIFICATION, HTTP_NO_CONNECTION, "its certificate is not trusted"},
        {CURLE_GOT_NOTHING, HTTP_CLOSED, HTTP_TROUBLE_CLOSED},
        {CURLE_PARTIAL_FILE, HTTP_CLOSED, HTTP_TROUBLE_CLOSED},
        {CURLE_SEND_ERROR, HTTP_CLOSED, HTTP_TROUBLE_CLOSED},
        {CURLE_RECV_ERROR, HTTP_CLOSED, HTTP_TROUBLE_CLOSED},
        {CURLE_SEND_FAIL_REWIND, HTTP_CLOSED, HTTP_TROUBLE_CLOSED},
        {CURLE_OPERATION_TIMEDOUT, HTTP_TIMEOUT, HTTP_TROUBLE_TIMEOUT},
    };

    /* libcurl has one code for a reset and for wrong chunks; its text tells them apart. */
    if (code == CURLE_RECV_ERROR && t->head_done && strstr(said, "chunk") != NULL) {
        http_exchange_end(t->exchange, HTTP_GARBLED, HTTP_TROUBLE_CHUNKS);
        return;
    }
    if (t->garbled) {
        http_exchange_end(t->exchange, HTTP_GARBLED, t->head.trouble);
        return;
    }
    if (t->retried) {
        t->exchange->kept_ended = true;
        http_exchange_end(t->exchange, HTTP_CLOSED, HTTP_TROUBLE_KEPT_CLOSED);
        return;
    }
    if (code == CURLE_OK && !t->head_done)
        code = CURLE_GOT_NOTHING; /* it ended within the head, which libcurl lets pass */
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (known[i].code == code) {
            http_exchange_end(t->exchange, known[i].outcome, known[i].trouble);
            return;
        }
    }
    http_exchange_end(t->exchange, code == CURLE_OK ? HTTP_ANSWERED : HTTP_GARBLED,
                      code == CURLE_OK ? NULL : curl_easy_strerror(code));
}

static enum assay_code finish(struct transfer *t, struct assay_arena *arena, CURLcode code,
                              const char *said, struct assay_err *err)
{
    struct http_exchange *exchange = t->exchange;

    if (t->denied)
        return assay_fail(err, ASSAY_E_DENIED, 0, "%.*s leads to an address that is not allowed",
                          (int)t->peer->url.host.len, (const char *)t->peer->url.host.at);
    if (t->nomem || code == CURLE_OUT_OF_MEMORY)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for a response");
    judge(t, code, said);
    if (exchange->outcome == HTTP_ANSWERED) {
        exchange->response.body = assay_arena_copy(arena, assay_buf_view(&t->body));
        if (exchange->response.body.at == NULL)
            return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for a response body");
    }
    return ASSAY_OK;
}

static enum assay_code send_by_curl(struct http_client *client, struct transfer *t,
                                    struct assay_arena *arena, int deadline_ms,
                                    struct assay_err *err)
{
    char said[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = NULL;
    enum assay_code rc;
    CURLcode code = CURLE_OUT_OF_MEMORY;

    curl_easy_reset(client->easy);
    if (header_list(&headers, t->peer, t->request) &&
        set_address(client->easy, t->peer, t->request) && set_method(client->easy, t) &&
        set_limits(client->easy, deadline_ms) && set_callbacks(client->easy, t, headers) &&
        curl_easy_setopt(client->easy, CURLOPT_ERRORBUFFER, said) == CURLE_OK)
        code = curl_easy_perform(client->easy);
    rc = finish(t, arena, code, said, err);
    curl_easy_reset(client->easy); /* it must not keep pointers to this frame */
    curl_slist_free_all(headers);
    return rc;
}

static enum assay_code send_raw(struct http_exchange **exchange, struct assay_arena *arena,
                                const struct http_peer *peer, const struct http_request *request,
                                int deadline_ms, struct assay_err *err)
{
    struct assay_buf bytes = ASSAY_BUF_INIT(HTTP_REQUEST_MAX_BYTES);
    enum assay_code rc = ASSAY_E_NOMEM;
    size_t answers;
    bool closed;

    http_request_write(&bytes, peer, request, true);
    if (assay_buf_ok(&bytes)) {
        struct http_piece piece = {.bytes = assay_buf_view(&bytes)};

        rc = http_raw(exchange, &answers, &closed, arena, peer, &piece, 1, 1, false, deadline_ms,
                      err);
    }
    assay_buf_fini(&bytes);
    if (rc == ASSAY_OK) {
        (*exchange)->request = request;
        (*exchange)->sent = ASSAY_LIT("");
    }
    return rc;
}

enum assay_code http_send(struct http_client *client, struct http_exchange **exchange,
                          struct assay_arena *arena, const struct http_peer *peer,
                          const struct http_request *request, int deadline_ms,
                          struct assay_err *err)
{
    struct transfer t = {
        .peer = peer,
        .request = request,
        .body = ASSAY_BUF_INIT(http_body_room(arena, 1)),
    };
    enum assay_code rc;

    if ((rc = sock_may_reach(peer, err)) != ASSAY_OK)
        return rc;
    if (!curl_can_send(request))
        return send_raw(exchange, arena, peer, request, deadline_ms, err);
    t.exchange = http_exchange_new(arena, request);
    if (t.exchange == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for an exchange");
    t.head = (struct http_head){.response = &t.exchange->response, .arena = arena};
    rc = send_by_curl(client, &t, arena, deadline_ms, err);
    if (rc == ASSAY_OK)
        *exchange = t.exchange;
    assay_buf_fini(&t.body);
    return rc;
}
