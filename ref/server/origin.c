/* Connections to the origin, kept for the next request, and the goods of a server without one. */
#include "server/origin.h"

#include "base/hash.h"
#include "base/json.h"

#include <pthread.h>

enum { CLIENTS_KEPT = 64, GOODS_BYTES = 65536 };

struct ref_origin {
    struct ref_net_client_options options;
    pthread_mutex_t lock; /* of the clients */
    struct ref_net_client *clients[CLIENTS_KEPT];
    size_t client_count;
};

struct ref_origin *ref_origin_new(const struct ref_net_client_options *options)
{
    struct ref_origin *origin = assay_alloc(sizeof(*origin));

    if (origin == NULL)
        return NULL;
    *origin = (struct ref_origin){.options = *options};
    pthread_mutex_init(&origin->lock, NULL);
    return origin;
}

void ref_origin_free(struct ref_origin *origin)
{
    if (origin == NULL)
        return;
    while (origin->client_count > 0)
        ref_net_client_free(origin->clients[--origin->client_count]);
    pthread_mutex_destroy(&origin->lock);
    assay_free(origin);
}

static struct ref_net_client *client_take(struct ref_origin *origin)
{
    struct ref_net_client *client = NULL;

    pthread_mutex_lock(&origin->lock);
    if (origin->client_count > 0)
        client = origin->clients[--origin->client_count];
    pthread_mutex_unlock(&origin->lock);
    return client != NULL ? client : ref_net_client_new(&origin->options);
}

static void client_give_back(struct ref_origin *origin, struct ref_net_client *client)
{
    pthread_mutex_lock(&origin->lock);
    if (client != NULL && origin->client_count < CLIENTS_KEPT) {
        origin->clients[origin->client_count++] = client;
        client = NULL;
    }
    pthread_mutex_unlock(&origin->lock);
    ref_net_client_free(client);
}

/* What was asked for, and three that try a replay's fidelity. */
static enum assay_code sell_goods(struct ref_origin_visit *visit, struct ref_net_reply *reply,
                                  const struct ref_net_call *call)
{
    struct assay_buf *out = &visit->goods;
    struct assay_bytes type = ASSAY_LIT("application/json; charset=utf-8");
    char hash[2 * ASSAY_SHA256_BYTES + 1];

    assay_buf_clear(out);
    if (assay_bytes_is(call->target, "/html")) {
        type = ASSAY_LIT("text/html; charset=utf-8");
        assay_buf_add_str(out, "<!doctype html><title>Paid</title><p>Paid &amp; served.</p>\n");
    } else if (assay_bytes_is(call->target, "/empty")) {
        type = ASSAY_LIT("");
    } else if (assay_bytes_is(call->target, "/binary")) {
        type = ASSAY_LIT("application/octet-stream");
        for (unsigned i = 0; i < 256; i++)
            assay_buf_add_byte(out, (uint8_t)i);
    } else {
        assay_sha256_hex(hash, call->body);
        assay_buf_add_str(out, "{\"method\":");
        assay_json_add_string(out, call->method);
        assay_buf_add_str(out, ",\"target\":");
        assay_json_add_string(out, call->target);
        assay_buf_printf(out, ",\"bodySha256\":\"%s\"}", hash);
    }
    visit->type = (struct ref_net_field){ASSAY_LIT("Content-Type"), type};
    *reply = (struct ref_net_reply){.status = 200,
                                    .content_type = type,
                                    .body = assay_buf_view(out),
                                    .headers = &visit->type,
                                    .header_count = type.len > 0 ? 1 : 0};
    return assay_buf_ok(out) ? ASSAY_OK : out->bad;
}

void ref_origin_enter(struct ref_origin_visit *visit, struct ref_origin *origin)
{
    *visit = (struct ref_origin_visit){.origin = origin, .goods = ASSAY_BUF_INIT(GOODS_BYTES)};
}

enum assay_code ref_origin_run(struct ref_origin_visit *visit, struct ref_net_reply *reply,
                               bool *reached, const struct ref_net_call *call,
                               struct assay_err *err)
{
    enum assay_code code;

    *reached = visit->origin->options.origin == NULL;
    if (*reached)
        return sell_goods(visit, reply, call);
    if (visit->client == NULL && (visit->client = client_take(visit->origin)) == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "origin: no memory for a client");
    code = ref_net_client_call(visit->client, reply, call, err);
    *reached = ref_net_client_reached(visit->client);
    return code;
}

void ref_origin_leave(struct ref_origin_visit *visit)
{
    client_give_back(visit->origin, visit->client);
    assay_buf_fini(&visit->goods);
}
