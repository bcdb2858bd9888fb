/* The HTTP client: libcurl's easy interface with everything clever switched off. */
#include "net/client.h"

#include "base/url.h"
#include "defects/defects.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    METHOD_MAX_BYTES = 64,
    TARGET_MAX_BYTES = 65536,
    TYPE_MAX_BYTES = 1024,
    FIELD_MAX_BYTES = 256 << 10, /* more than the largest header of a protocol takes */
};

struct ref_net_client {
    struct ref_net_client_options options;
    CURL *curl;
    struct assay_buf body;
    struct assay_buf head; /* lines of the header section, as they came */
    struct ref_net_field fields[REF_NET_REPLY_FIELDS_MAX];
    size_t field_count;
    bool head_done; /* what comes now are trailers */
    bool sent;      /* a request of this call has gone out: there is no second */
};

static bool has_control(struct assay_bytes text, bool space_too)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < 0x20 || text.at[i] == 0x7F || (space_too && text.at[i] == ' '))
            return true;
    return false;
}

enum assay_code ref_net_client_check(const struct ref_net_client_options *options,
                                     struct assay_err *err)
{
    struct assay_url url;
    enum assay_code code = assay_url_split(&url, assay_str(options->origin), err);

    if (code != ASSAY_OK)
        return code;
    if (!assay_bytes_equal_nocase(url.scheme, ASSAY_LIT("http")))
        return assay_fail(err, ASSAY_E_MALFORMED, 0, "is no http:// URL");
    if (!options->is_public && !assay_url_host_is_loopback(url.host))
        return assay_fail(err, ASSAY_E_DENIED, 0,
                          "is not a loopback host, and the server was not told to be public");
    return ASSAY_OK;
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)address;

        return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
    }
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)address;

        return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) != 0;
    }
    return false;
}

/* Whatever a name resolves to, the socket is what counts. */
static curl_socket_t open_socket(void *cls, curlsocktype purpose, struct curl_sockaddr *address)
{
    const struct ref_net_client *c = cls;

    (void)purpose;
    if (!c->options.is_public && !is_loopback(&address->addr))
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* The library repeats a request when a kept connection ends before an answer. The origin may have
 * run by then, so the second one is vetoed. */
static int before_request(void *cls, char *to_ip, char *from_ip, int to_port, int from_port)
{
    struct ref_net_client *c = cls;
    bool again = c->sent && !REF_DEFECT(fac_redirect);

    (void)to_ip;
    (void)from_ip;
    (void)to_port;
    (void)from_port;
    c->sent = true;
    return again ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static size_t take_body(char *at, size_t size, size_t count, void *cls)
{
    struct ref_net_client *c = cls;

    assay_buf_add(&c->body, assay_bytes_of(at, size * count));
    return assay_buf_ok(&c->body) ? size * count : 0;
}

/* One line of a header section; that of an answer of 1xx is followed by another section. */
static size_t take_head(char *at, size_t size, size_t count, void *cls)
{
    struct ref_net_client *c = cls;
    struct assay_bytes line = assay_bytes_of(at, size * count);

    if (assay_bytes_equal(assay_bytes_part(line, 0, 5), ASSAY_LIT("HTTP/"))) {
        assay_buf_clear(&c->head);
        c->head_done = false;
    } else if (line.len > 0 && (line.at[0] == '\r' || line.at[0] == '\n')) {
        c->head_done = true;
    } else if (!c->head_done) {
        assay_buf_add(&c->head, line);
    }
    return assay_buf_ok(&c->head) ? line.len : 0;
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

static struct assay_bytes trimmed(struct assay_bytes text)
{
    while (text.len > 0 && is_space(text.at[text.len - 1]))
        text.len--;
    while (text.len > 0 && is_space(text.at[0]))
        text = assay_bytes_part(text, 1, text.len);
    return text;
}

/* A line that begins with a space belongs to the one before it: its line end becomes two spaces. */
static void unfold(struct assay_buf *head)
{
    for (size_t i = 1; i + 1 < head->len; i++)
        if (head->at[i] == '\n' && is_space(head->at[i + 1])) {
            head->at[i] = ' ';
            head->at[i - 1] = head->at[i - 1] == '\r' ? ' ' : head->at[i - 1];
        }
}

/* Whether there is room for all the fields. */
static bool split_head(struct ref_net_client *c)
{
    struct assay_bytes head;
    size_t end;

    unfold(&c->head);
    head = assay_buf_view(&c->head);
    for (size_t at = 0; at < head.len; at = end + 1) {
        struct assay_bytes line;
        size_t colon;

        end = assay_bytes_find(head, '\n', at);
        line = assay_bytes_part(head, at, end);
        if (line.len > 0 && line.at[line.len - 1] == '\r')
            line.len--;
        colon = assay_bytes_find(line, ':', 0);
        if (colon == line.len)
            continue;
        if (c->field_count == REF_NET_REPLY_FIELDS_MAX)
            return false;
        c->fields[c->field_count++] =
            (struct ref_net_field){trimmed(assay_bytes_part(line, 0, colon)),
                                   trimmed(assay_bytes_part(line, colon + 1, line.len))};
    }
    return true;
}

static void set_up_library(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT); /* a failure shows when a handle is made */
}

static bool set_options(struct ref_net_client *c)
{
    CURL *curl = c->curl;
    unsigned failed = 0; /* of which one is enough */

#define SET(option, value) failed |= (unsigned)curl_easy_setopt(curl, option, value)
    SET(CURLOPT_URL, c->options.origin);
    SET(CURLOPT_PROTOCOLS_STR, "http");
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_FOLLOWLOCATION, REF_DEFECT(fac_redirect) ? 1L : 0L);
    SET(CURLOPT_ACCEPT_ENCODING, REF_DEFECT(fac_coding) ? "gzip" : NULL);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_HTTP09_ALLOWED, 0L);
    SET(CURLOPT_TIMEOUT_MS, (long)c->options.deadline_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)c->options.deadline_ms);
    SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(CURLOPT_OPENSOCKETDATA, c);
    SET(CURLOPT_PREREQFUNCTION, before_request);
    SET(CURLOPT_PREREQDATA, c);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, c);
    SET(CURLOPT_HEADERFUNCTION, take_head);
    SET(CURLOPT_HEADERDATA, c);
    SET(CURLOPT_FRESH_CONNECT, c->options.is_single_use ? 1L : 0L);
    SET(CURLOPT_FORBID_REUSE, c->options.is_single_use ? 1L : 0L);
#undef SET
    return failed == 0;
}

struct ref_net_client *ref_net_client_new(const struct ref_net_client_options *options)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct ref_net_client *c = assay_alloc(sizeof(*c));

    if (c == NULL)
        return NULL;
    (void)pthread_once(&once, set_up_library);
    *c = (struct ref_net_client){
        .options = *options,
        .curl = curl_easy_init(),
        .body = ASSAY_BUF_INIT(options->response_max_bytes),
        .head = ASSAY_BUF_INIT(REF_NET_REPLY_HEAD_MAX_BYTES),
    };
    if (c->curl == NULL || !set_options(c)) {
        ref_net_client_free(c);
        return NULL;
    }
    return c;
}

void ref_net_client_free(struct ref_net_client *c)
{
    if (c == NULL)
        return;
    curl_easy_cleanup(c->curl);
    assay_buf_fini(&c->body);
    assay_buf_fini(&c->head);
    assay_free(c);
}

static enum assay_code code_of(const struct ref_net_client *c, CURLcode rc)
{
    if (!assay_buf_ok(&c->body))
        return c->body.bad;
    if (!assay_buf_ok(&c->head))
        return c->head.bad;
    if (rc == CURLE_OPERATION_TIMEDOUT)
        return ASSAY_E_TIMEOUT;
    if (rc == CURLE_OUT_OF_MEMORY)
        return ASSAY_E_NOMEM;
#if LIBCURL_VERSION_NUM >= 0x080600
    if (rc == CURLE_TOO_LARGE)
        return ASSAY_E_TOO_LARGE;
#endif
    if (rc == CURLE_GOT_NOTHING || rc == CURLE_RECV_ERROR || rc == CURLE_SEND_ERROR ||
        rc == CURLE_PARTIAL_FILE || rc == CURLE_ABORTED_BY_CALLBACK)
        return ASSAY_E_CLOSED;
    return ASSAY_E_IO;
}

static bool add_header(struct curl_slist **list, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*list, text);

    if (longer == NULL)
        return false;
    *list = longer;
    return true;
}

static enum assay_code add_field(struct curl_slist **list, const struct ref_net_field *field)
{
    struct assay_buf line = ASSAY_BUF_INIT(FIELD_MAX_BYTES);
    enum assay_code code = ASSAY_OK;
    const char *text;

    if (has_control(field->name, true) || has_control(field->value, false) || field->value.len == 0)
        return ASSAY_E_MALFORMED;
    assay_buf_add(&line, field->name);
    assay_buf_add_str(&line, ": ");
    assay_buf_add(&line, field->value);
    text = assay_buf_cstr(&line);
    if (text == NULL)
        code = line.bad;
    else if (!add_header(list, text))
        code = ASSAY_E_NOMEM;
    assay_buf_fini(&line);
    return code;
}

/* The library's own additions are switched off; Content-Type is the request's or none. */
static enum assay_code headers_of(struct curl_slist **list, const struct ref_net_call *call)
{
    const struct ref_net_field type = {ASSAY_LIT("Content-Type"), call->content_type};
    bool typed = call->content_type.len > 0 && !has_control(call->content_type, false);
    enum assay_code code = ASSAY_OK;

    if (typed)
        code = add_field(list, &type);
    else if (!add_header(list, "Content-Type:"))
        code = ASSAY_E_NOMEM;
    if (code == ASSAY_OK && (!add_header(list, "Expect:") || !add_header(list, "Accept:") ||
                             !add_header(list, "Accept-Encoding:")))
        code = ASSAY_E_NOMEM;
    for (size_t i = 0; i < call->header_count && code == ASSAY_OK; i++)
        code = add_field(list, &call->headers[i]);
    return code;
}

static CURLcode perform(struct ref_net_client *c, const struct ref_net_call *call,
                        const char *method, const char *target, struct curl_slist *headers)
{
    bool is_head = strcmp(method, "HEAD") == 0;
    bool has_body = call->body.len > 0 || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0;
    unsigned failed = 0;

#define SET(option, value) failed |= (unsigned)curl_easy_setopt(c->curl, option, value)
    SET(CURLOPT_HTTPGET, 1L); /* undoes NOBODY and POST */
    if (has_body && !is_head) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
        SET(CURLOPT_POSTFIELDS, (const char *)call->body.at);
        SET(CURLOPT_POST, 1L);
    }
    SET(CURLOPT_NOBODY, is_head ? 1L : 0L);
    SET(CURLOPT_CUSTOMREQUEST, method);
    SET(CURLOPT_REQUEST_TARGET, target);
    SET(CURLOPT_HTTPHEADER, headers);
#undef SET
    return failed == 0 ? curl_easy_perform(c->curl) : CURLE_OUT_OF_MEMORY;
}

static enum assay_code fill(struct ref_net_client *c, struct ref_net_reply *reply)
{
    struct assay_bytes type;
    long status = 0;

    if (!split_head(c))
        return ASSAY_E_TOO_LARGE;
    (void)curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    (void)ref_net_client_header(c, &type, "Content-Type");
    *reply = (struct ref_net_reply){
        .status = (int)status,
        .content_type = type.len <= TYPE_MAX_BYTES ? type : ASSAY_LIT(""),
        .body = assay_buf_view(&c->body),
        .headers = c->fields,
        .header_count = c->field_count,
    };
    return ASSAY_OK;
}

static void forget_last(struct ref_net_client *c)
{
    assay_buf_clear(&c->body);
    assay_buf_clear(&c->head);
    c->field_count = 0;
    c->head_done = false;
    c->sent = false;
}

/* What the library calls these two would lead nobody to the limit that was passed. */
static enum assay_code fail_call(const struct ref_net_client *c, CURLcode rc, struct assay_err *err)
{
    enum assay_code code = code_of(c, rc);

    if (c->body.bad == ASSAY_E_TOO_LARGE)
        return assay_fail(err, code, 0, "origin: the body is larger than %zu bytes", c->body.max);
    if (c->head.bad == ASSAY_E_TOO_LARGE)
        return assay_fail(err, code, 0, "origin: the header fields are larger than %zu bytes",
                          c->head.max);
    if (rc == CURLE_OUT_OF_MEMORY)
        return assay_fail(err, code, 0,
                          "origin: a header field is larger than 100 KiB, or memory is short");
    return assay_fail(err, code, 0, "origin: %s", curl_easy_strerror(rc));
}

enum assay_code ref_net_client_call(struct ref_net_client *c, struct ref_net_reply *reply,
                                    const struct ref_net_call *call, struct assay_err *err)
{
    struct assay_buf words = ASSAY_BUF_INIT(METHOD_MAX_BYTES + TARGET_MAX_BYTES + 2);
    struct curl_slist *headers = NULL;
    enum assay_code code;
    const char *both;
    CURLcode rc;

    forget_last(c);
    if (call->method.len == 0 || call->method.len > METHOD_MAX_BYTES || call->target.len == 0 ||
        call->target.len > TARGET_MAX_BYTES || has_control(call->method, true) ||
        has_control(call->target, true))
        return assay_fail(err, ASSAY_E_MALFORMED, 0,
                          "origin: a method or target that HTTP has not");
    assay_buf_add(&words, call->method);
    assay_buf_add_byte(&words, 0);
    assay_buf_add(&words, call->target);
    both = assay_buf_cstr(&words);
    if (both == NULL) {
        code = assay_fail(err, ASSAY_E_NOMEM, 0, "origin: no memory for a call");
        goto out;
    }
    if ((code = headers_of(&headers, call)) != ASSAY_OK) {
        (void)assay_fail(err, code, 0, "origin: a header field %s", assay_code_text(code));
        goto out;
    }
    rc = perform(c, call, both, both + call->method.len + 1, headers);
    if (rc != CURLE_OK)
        code = fail_call(c, rc, err);
    else if ((code = fill(c, reply)) != ASSAY_OK)
        (void)assay_fail(err, code, 0, "origin: more than %d header fields",
                         REF_NET_REPLY_FIELDS_MAX);
out:
    (void)curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    assay_buf_fini(&words);
    return code;
}

bool ref_net_client_reached(const struct ref_net_client *c)
{
    return c->sent;
}

size_t ref_net_client_header(const struct ref_net_client *c, struct assay_bytes *value,
                             const char *name)
{
    size_t count = 0;

    *value = ASSAY_LIT("");
    for (size_t i = 0; i < c->field_count; i++)
        if (assay_bytes_equal_nocase(c->fields[i].name, assay_str(name)) && count++ == 0)
            *value = c->fields[i].value;
    return count;
}
