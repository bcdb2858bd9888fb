/* The client of the origin: libcurl's easy interface with everything clever switched off. */
#include "net/client.h"

#include "base/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

enum { METHOD_MAX_BYTES = 64, TARGET_MAX_BYTES = 65536, HEADER_MAX_BYTES = 1024 };

struct ref_net_client {
    struct ref_net_client_options options;
    CURL *curl;
    struct assay_buf body;
    struct assay_buf content_type;
    bool sent; /* a request of this call has gone out: there is no second */
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
    bool again = c->sent;

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

static void set_up_library(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT); /* a failure shows when a handle is made */
}

static bool set_options(struct ref_net_client *c)
{
    CURL *curl = c->curl;
    CURLcode rc = CURLE_OK;

#define SET(option, value) rc = rc == CURLE_OK ? curl_easy_setopt(curl, option, value) : rc
    SET(CURLOPT_URL, c->options.origin);
    SET(CURLOPT_PROTOCOLS_STR, "http");
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
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
#undef SET
    return rc == CURLE_OK;
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
        .content_type = ASSAY_BUF_INIT(HEADER_MAX_BYTES),
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
    assay_buf_fini(&c->content_type);
    assay_free(c);
}

static enum assay_code code_of(const struct ref_net_client *c, CURLcode rc)
{
    if (rc == CURLE_OK)
        return ASSAY_OK;
    if (!assay_buf_ok(&c->body))
        return c->body.bad;
    if (rc == CURLE_OPERATION_TIMEDOUT)
        return ASSAY_E_TIMEOUT;
    if (rc == CURLE_OUT_OF_MEMORY)
        return ASSAY_E_NOMEM;
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

/* The library's own additions are switched off; Content-Type is the request's or none. */
static enum assay_code headers_of(struct curl_slist **list, const struct ref_net_call *call)
{
    struct assay_buf line = ASSAY_BUF_INIT(HEADER_MAX_BYTES);
    bool typed = call->content_type.len > 0 && !has_control(call->content_type, false);
    enum assay_code code = ASSAY_OK;
    const char *text;

    assay_buf_add_str(&line, "Content-Type:");
    if (typed) {
        assay_buf_add_str(&line, " ");
        assay_buf_add(&line, call->content_type);
    }
    text = assay_buf_cstr(&line);
    if (text == NULL)
        code = line.bad;
    else if (!add_header(list, text) || !add_header(list, "Expect:") ||
             !add_header(list, "Accept:"))
        code = ASSAY_E_NOMEM;
    assay_buf_fini(&line);
    return code;
}

static CURLcode perform(struct ref_net_client *c, const struct ref_net_call *call,
                        const char *method, const char *target, struct curl_slist *headers)
{
    bool is_head = strcmp(method, "HEAD") == 0;
    bool has_body = call->body.len > 0 || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0;
    CURLcode rc = curl_easy_setopt(c->curl, CURLOPT_HTTPGET, 1L); /* undoes NOBODY and POST */

#define SET(option, value) rc = rc == CURLE_OK ? curl_easy_setopt(c->curl, option, value) : rc
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
    return rc == CURLE_OK ? curl_easy_perform(c->curl) : rc;
}

static void fill(struct ref_net_client *c, struct ref_net_reply *reply)
{
    char *type = NULL;
    long status = 0;

    (void)curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(c->curl, CURLINFO_CONTENT_TYPE, &type);
    reply->status = (int)status;
    assay_buf_clear(&c->content_type);
    assay_buf_add_str(&c->content_type, type); /* one too long is left out */
    reply->content_type = assay_buf_view(&c->content_type);
    reply->body = assay_buf_view(&c->body);
}

enum assay_code ref_net_client_call(struct ref_net_client *c, struct ref_net_reply *reply,
                                    const struct ref_net_call *call, struct assay_err *err)
{
    struct assay_buf words = ASSAY_BUF_INIT(METHOD_MAX_BYTES + TARGET_MAX_BYTES + 2);
    struct curl_slist *headers = NULL;
    enum assay_code code;
    const char *both;
    CURLcode rc;

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
    if ((code = headers_of(&headers, call)) != ASSAY_OK)
        goto out;
    assay_buf_clear(&c->body);
    c->sent = false;
    rc = perform(c, call, both, both + call->method.len + 1, headers);
    code = code_of(c, rc);
    if (code == ASSAY_OK)
        fill(c, reply);
    else
        (void)assay_fail(err, code, 0, "origin: %s", curl_easy_strerror(rc));
out:
    (void)curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    assay_buf_fini(&words);
    return code;
}
