/* One place of the role `shop`: it holds, cuts and pads what it answers. */
#include "roles/kaspa_shop_internal.h"

#include "http/sock.h"
#include "roles/role_http.h"

#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>

enum {
    CONNECTIONS_MAX = 64,
    BODY_MAX_BYTES = 1 << 20,
    /* the largest header of a payment, and a challenge that is too large */
    HEAD_MAX_BYTES = 1 << 20,
};

struct shop_http {
    struct kaspa_shop *shop;
    struct role_http *server;
    bool is_elsewhere;
};

static void count_taken(void *cls, uint64_t call, uint64_t bytes)
{
    shop_taken(cls, call, bytes);
}

/* Takes over the reply's body. */
static struct MHD_Response *make_response(struct kaspa_shop *shop, struct shop_reply *reply,
                                          uint64_t call)
{
    uint64_t len = reply->body.len + reply->padding;
    struct role_http_body body = {
        .text = reply->body,
        .len = len,
        .until = reply->end == KASPA_SHOP_HALVES ? len / 2 : len,
        .on_taken = count_taken,
        .cls = shop,
        .call = call,
    };

    reply->body = (struct assay_buf)ASSAY_BUF_INIT(0);
    return role_http_response(&body);
}

static bool send_reply(struct kaspa_shop *shop, struct MHD_Connection *connection,
                       struct shop_reply *reply, uint64_t call)
{
    struct MHD_Response *response;
    bool queued;

    if (reply->end == KASPA_SHOP_CUTS || (response = make_response(shop, reply, call)) == NULL)
        return false;
    (void)MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8");
    for (size_t i = 0; i < reply->field_count; i++) {
        const char *value = assay_buf_cstr(&reply->fields[i].value);

        if (value != NULL)
            (void)MHD_add_response_header(response, reply->fields[i].name, value);
    }
    queued = MHD_queue_response(connection, (unsigned)reply->status, response) == MHD_YES;
    MHD_destroy_response(response);
    return queued;
}

static bool is_gone(void *cls)
{
    struct pollfd at = {.fd = role_http_socket(cls), .events = POLLRDHUP};

    return poll(&at, 1, 0) > 0;
}

static bool serve(void *cls, const struct role_http_request *r)
{
    struct shop_http *http = cls;
    const char *host = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Host");
    const char *payment =
        MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "PAYMENT-SIGNATURE");
    const struct shop_request request = {
        .is_elsewhere = http->is_elsewhere,
        .method = r->method,
        .target = r->target,
        .host = host != NULL ? host : "",
        .payment = payment != NULL && *payment != '\0' ? payment : NULL,
        .body = r->body,
    };
    struct shop_reply reply = {.body = ASSAY_BUF_INIT(SHOP_TEXT_MAX_BYTES)};
    uint64_t call = shop_answer(http->shop, &reply, &request, is_gone, r->connection);
    bool queued = send_reply(http->shop, r->connection, &reply, call);

    shop_reply_fini(&reply);
    return queued;
}

enum assay_code shop_http_start(struct shop_http **out, char *origin, struct kaspa_shop *shop,
                                bool is_elsewhere, struct assay_err *err)
{
    struct shop_http *http = assay_alloc(sizeof(*http));
    struct role_http_options options = {
        .connections_max = CONNECTIONS_MAX,
        .head_max_bytes = HEAD_MAX_BYTES,
        .body_max_bytes = BODY_MAX_BYTES,
        .serve = serve,
        .cls = http,
    };
    enum assay_code rc;
    uint16_t port;

    if (http == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for a shop");
    *http = (struct shop_http){.shop = shop, .is_elsewhere = is_elsewhere};
    rc = sock_listen(&options.listener, &port, 0, err);
    if (rc == ASSAY_OK)
        rc = role_http_start(&http->server, &options, "a shop's server", err);
    if (rc != ASSAY_OK) {
        assay_free(http);
        return rc;
    }
    (void)!snprintf(origin, 32, "http://127.0.0.1:%u", (unsigned)port);
    *out = http;
    return ASSAY_OK;
}

void shop_http_stop(struct shop_http *http)
{
    if (http == NULL)
        return;
    role_http_stop(http->server);
    assay_free(http);
}
