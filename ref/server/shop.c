/* One request from the network through the decision core: store, origin, answer, log line. */
#include "server/shop.h"

#include "base/hash.h"
#include "base/random.h"
#include "defects/defects.h"
#include "net/clock.h"
#include "server/log.h"
#include "server/origin.h"

#include <unistd.h>

enum {
    STEPS_MAX = 16, /* the core needs at most six; a loop is a mistake of ours */
    LOG_HASH_DIGITS = 8,
    RATE_COUNT_BITS = 24,
};

struct pt_shop {
    const struct pt_core *core;
    struct ref_origin *origin;
    struct pt_shop_shared *shared;
    struct ref_store *store;
};

/* One request while it is carried out. */
struct errand {
    struct pt_shop *shop;
    struct pt_core_request *core;
    struct ref_origin_visit visit; /* its reply is borrowed until the errand ends */
    struct assay_buf store_name;   /* of the defect store.per_worker */
    struct ref_found found;
    char nonce[2 * ASSAY_SHA256_BYTES + 1]; /* hash of the nonce, for the log; or empty */
    const char *rule;
    int64_t now_ms;
};

/* ---- log ----------------------------------------------------------------------------------------
 */

static void log_request(struct assay_bytes method, struct assay_bytes target, int status,
                        int64_t took_ms, const char *rule, const char *nonce_hash)
{
    char room[REF_LOG_LINE_BYTES];
    struct assay_buf line = ASSAY_BUF_OVER(room);

    ref_log_add_request(&line, method, target, status, took_ms, rule);
    if (nonce_hash != NULL && nonce_hash[0] != '\0')
        assay_buf_printf(&line, ",\"nonce\":\"%.*s\"", LOG_HASH_DIGITS, nonce_hash);
    assay_buf_add_byte(&line, '}');
    ref_log_line(&line);
}

void pt_shop_refused(void *shop, int status, struct assay_bytes method, struct assay_bytes target)
{
    (void)shop;
    log_request(method, target, status, 0, status == 400 || status == 505 ? "HT-1" : "RS-2", NULL);
}

/* ---- origin -------------------------------------------------------------------------------------
 */

static enum assay_code run_origin(struct errand *e, struct ref_answer *answer,
                                  const struct pt_forward *forward)
{
    const struct ref_net_call call = {.method = forward->method,
                                      .target = forward->target,
                                      .body = forward->body,
                                      .content_type = forward->content_type};
    struct ref_net_reply reply;
    bool reached;
    enum assay_code code = ref_origin_run(&e->visit, &reply, &reached, &call, NULL);

    if (code == ASSAY_OK)
        *answer = (struct ref_answer){reply.status, reply.content_type, reply.body};
    return code;
}

/* ---- store --------------------------------------------------------------------------------------
 */

static void note_nonce(struct errand *e, const struct ref_claim *claim)
{
    if (claim->nonce.len > 0)
        assay_sha256_hex(e->nonce, claim->nonce);
}

/* The nonce as the store knows it: for all workers one space. */
static struct assay_bytes nonce_name(struct errand *e, struct assay_bytes nonce)
{
    if (!REF_DEFECT(store_per_worker) || nonce.len == 0)
        return nonce;
    assay_buf_clear(&e->store_name);
    assay_buf_printf(&e->store_name, "worker %ld ", (long)getpid());
    assay_buf_add(&e->store_name, nonce);
    return assay_buf_view(&e->store_name);
}

/* A sweep is one worker's work: the one that moves the time of the last one. Payments do not depend
 * on it, so a failure is only logged; the next one is tried after the usual time. */
static void sweep(struct pt_shop *shop, int64_t now_ms, int64_t last_ms)
{
    struct assay_err err = {0};

    if (!atomic_compare_exchange_strong(&shop->shared->last_sweep_ms, &last_ms, now_ms))
        return;
    if (shop->store->ops->sweep(shop->store, now_ms, &err) != ASSAY_OK)
        ref_log_failure("sweep failed", &err);
}

static struct pt_action ask_store(struct errand *e, const struct pt_action *action)
{
    struct ref_store *store = e->shop->store;
    struct ref_claim claim = action->claim;
    enum ref_claim_result result = REF_CLAIM_FULL;
    enum assay_code code;

    note_nonce(e, &claim);
    claim.nonce = nonce_name(e, claim.nonce);
    if (action->kind == PT_DO_STORE_LOOKUP)
        code = store->ops->lookup(store, &claim, &result, &e->found, NULL);
    else if (action->kind == PT_DO_STORE_BEGIN)
        code = store->ops->begin(store, &claim, &result, &e->found, NULL);
    else
        code = store->ops->finish(store, &claim, action->outcome,
                                  action->store_answer ? &action->answer : NULL, NULL);
    return pt_core_store(e->core, code, result, &e->found);
}

/* ---- a request ----------------------------------------------------------------------------------
 */

static uint64_t requests_this_second(struct pt_shop_shared *shared)
{
    const uint64_t count_mask = ((uint64_t)1 << RATE_COUNT_BITS) - 1;
    uint64_t second = (uint64_t)ref_net_now_ms() / 1000;
    uint64_t before = atomic_load(&shared->rate), after;

    do {
        if (before >> RATE_COUNT_BITS != second)
            after = second << RATE_COUNT_BITS | 1;
        else
            after = (before & count_mask) == count_mask ? before : before + 1;
    } while (!atomic_compare_exchange_weak(&shared->rate, &before, after));
    return after & count_mask;
}

/* The floor matters to whatever is judged by its time; another server may have raised it in the
 * file. */
static enum assay_code refresh_floor(struct pt_shop *shop)
{
    int64_t floor_ms = 0, known = atomic_load(&shop->shared->floor_ms);
    enum assay_code code = shop->store->ops->floor(shop->store, &floor_ms, NULL);

    while (code == ASSAY_OK && floor_ms > known &&
           !atomic_compare_exchange_weak(&shop->shared->floor_ms, &known, floor_ms))
        continue;
    return code;
}

static enum assay_code event_of(struct pt_event_request *event, struct errand *e,
                                const struct ref_net_request *request)
{
    struct pt_shop_shared *shared = e->shop->shared;
    enum assay_code code = ASSAY_OK;

    *event = (struct pt_event_request){
        .request = {request->method, request->target, ref_net_request_header(request, "Host"),
                    request->body},
        .proof = ref_net_request_header(request, "X-Payment-Proof"),
        .bridge = ref_net_request_header(request, "PAYMENT-SIGNATURE"),
        .key = ref_net_request_header(request, "Idempotency-Key"),
        .content_type = ref_net_request_header(request, "Content-Type"),
        .connection_paid = *request->connection_mark,
        .requests_this_second = requests_this_second(shared),
        .now_ms = e->now_ms,
    };
    if (event->proof.len > 0 || event->bridge.len > 0 || event->key.len > 0)
        code = refresh_floor(e->shop);
    event->floor_ms = atomic_load(&shared->floor_ms);
    event->last_sweep_ms = atomic_load(&shared->last_sweep_ms);
    return code == ASSAY_OK ? assay_random_system(event->random, sizeof(event->random)) : code;
}

static void send_response(struct ref_net_response *out, const struct pt_response *from)
{
    char seconds[16];
    struct assay_buf text = ASSAY_BUF_OVER(seconds);

    out->status = from->status;
    assay_buf_add(&out->body, from->body);
    if (from->content_type.len > 0)
        ref_net_response_add(out, "Content-Type", from->content_type);
    if (from->cache_control != NULL)
        ref_net_response_add(out, "Cache-Control", assay_str(from->cache_control));
    if (from->payment_required.len > 0)
        ref_net_response_add(out, "PAYMENT-REQUIRED", from->payment_required);
    if (from->replay)
        ref_net_response_add(out, "x-idempotent-replay", ASSAY_LIT("true"));
    if (from->allow != NULL)
        ref_net_response_add(out, "Allow", assay_str(from->allow));
    if (from->retry_after_s > 0) {
        assay_buf_add_u64(&text, from->retry_after_s);
        ref_net_response_add(out, "Retry-After", assay_buf_view(&text));
    }
}

/* Nothing can be said to have been paid or not: nothing is delivered. */
static void send_unavailable(struct ref_net_response *out)
{
    assay_buf_clear(&out->body);
    assay_buf_clear(&out->head);
    out->status = 503;
    assay_buf_add_str(&out->body, "{\"error\":\"Service temporarily unavailable\"}");
    ref_net_response_add(out, "Content-Type", ASSAY_LIT("application/json; charset=utf-8"));
    ref_net_response_add(out, "Cache-Control", ASSAY_LIT("no-store"));
    ref_net_response_add(out, "Retry-After", ASSAY_LIT("1"));
}

static struct pt_action carry_out(struct errand *e, const struct pt_action *action)
{
    struct ref_answer answer = {0};

    switch (action->kind) {
    case PT_DO_STORE_LOOKUP:
    case PT_DO_STORE_BEGIN:
    case PT_DO_STORE_FINISH:
        return ask_store(e, action);
    case PT_DO_ORIGIN: {
        enum assay_code code = run_origin(e, &answer, &action->forward);

        return pt_core_origin(e->core, code, &answer);
    }
    case PT_DO_RESPOND:
        break;
    }
    return *action;
}

static void serve(struct errand *e, const struct ref_net_request *request,
                  struct ref_net_response *response)
{
    struct pt_event_request event;
    struct pt_action action;

    if (event_of(&event, e, request) != ASSAY_OK) {
        send_unavailable(response);
        return;
    }
    action = pt_core_request(e->core, &event);
    for (int step = 0; action.kind != PT_DO_RESPOND && step < STEPS_MAX; step++) {
        if (action.sweep)
            sweep(e->shop, action.claim.now_ms, event.last_sweep_ms);
        action = carry_out(e, &action);
    }
    if (action.kind != PT_DO_RESPOND) {
        send_unavailable(response);
        return;
    }
    if (action.sweep)
        sweep(e->shop, action.claim.now_ms, event.last_sweep_ms);
    e->rule = action.rule;
    send_response(response, &action.response);
    if (action.response.granted)
        *request->connection_mark = true;
}

void pt_shop_handle(void *cls, const struct ref_net_request *request,
                    struct ref_net_response *response)
{
    struct pt_shop *shop = cls;
    int64_t started_ms = ref_net_now_ms();
    struct errand e = {
        .shop = shop,
        .core = pt_core_request_new(shop->core),
        .store_name = ASSAY_BUF_INIT(PT_PROOF_HEADER_MAX_BYTES),
        .found = {.storage = ASSAY_BUF_INIT(REF_STORE_BODY_MAX_BYTES + 65536)},
        .now_ms = ref_net_wall_ms(),
    };

    ref_origin_enter(&e.visit, shop->origin);
    if (e.core == NULL)
        send_unavailable(response);
    else
        serve(&e, request, response);
    log_request(request->method, request->target, response->status, ref_net_now_ms() - started_ms,
                e.rule, e.nonce);
    ref_origin_leave(&e.visit);
    assay_buf_fini(&e.store_name);
    assay_buf_fini(&e.found.storage);
    pt_core_request_free(e.core);
}

enum assay_code pt_shop_new(struct pt_shop **out, const struct pt_core *core,
                            const struct pt_server_options *options, struct pt_shop_shared *shared,
                            struct ref_store *store, struct assay_err *err)
{
    const struct ref_net_client_options origin = {
        .origin = options->origin,
        .is_public = options->is_public,
        .deadline_ms = options->origin_deadline_ms,
        .response_max_bytes = REF_STORE_BODY_MAX_BYTES,
    };
    struct pt_shop *shop = assay_alloc(sizeof(*shop));

    if (shop == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a worker");
    *shop = (struct pt_shop){
        .core = core, .origin = ref_origin_new(&origin), .shared = shared, .store = store};
    if (shop->origin == NULL) {
        assay_free(shop);
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a worker");
    }
    *out = shop;
    return ASSAY_OK;
}

void pt_shop_free(struct pt_shop *shop)
{
    if (shop == NULL)
        return;
    ref_origin_free(shop->origin);
    assay_free(shop);
}
