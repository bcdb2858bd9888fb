/* One request from the network through the decision core: store, node, origin, answer, log line. */
#include "server/kx_shop.h"

#include "base/random.h"
#include "defects/defects.h"
#include "kaspa/txid.h"
#include "net/clock.h"
#include "server/log.h"
#include "server/origin.h"

#include <pthread.h>

enum {
    STEPS_MAX = 64,     /* beside the looks; the core needs at most twenty */
    STEPS_A_LOOK = 2,   /* what may follow a look before the next */
    KEEP_TRIES = 40,    /* to tell the store what only we know */
    KEEP_PAUSE_MS = 250 /* between them, beside what the store waits itself */
};

struct kx_shop {
    struct kx_shop_base base;
    struct ref_origin *origin;
    pthread_mutex_t lock;
    pthread_cond_t stopping; /* of stop_ms, on the steady clock */
    int64_t stop_ms;         /* nothing waits beyond it */
};

/* One request while it is carried out. */
struct errand {
    struct kx_shop *shop;
    const struct ref_net_request *request; /* NULL: it came over a pipe */
    struct kx_event_request event;
    kx_shop_answer *answer;
    void *to;
    int status; /* that was answered */
    struct kx_core_request *core;
    struct ref_origin_visit visit; /* its reply is borrowed until the errand ends */
    struct ref_admission_place place;
    struct kx_facilitator_list *list; /* what the facilitator lists; or NULL */
    struct kx_result result;
    int64_t last_sweep_ms;
    const char *rule;
    const char *trouble; /* "store", "node", "origin": what failed last */
    enum assay_code why;
};

/* ---- log ----------------------------------------------------------------------------------------
 */

static void log_request(const struct errand *e, int64_t took_ms)
{
    char room[REF_LOG_LINE_BYTES];
    struct assay_buf line = ASSAY_BUF_OVER(room);

    ref_log_add_request(&line, e->event.method, e->event.target, e->status, took_ms, e->rule);
    if (e->trouble != NULL)
        assay_buf_printf(&line, ",\"trouble\":\"%s %s\"", e->trouble, assay_code_name(e->why));
    assay_buf_add_byte(&line, '}');
    ref_log_line(&line);
}

void kx_shop_refused(void *shop, int status, struct assay_bytes method, struct assay_bytes target)
{
    char room[REF_LOG_LINE_BYTES];
    struct assay_buf line = ASSAY_BUF_OVER(room);

    (void)shop;
    ref_log_add_request(&line, method, target, status, 0, NULL);
    assay_buf_add_byte(&line, '}');
    ref_log_line(&line);
}

static enum assay_code note(struct errand *e, const char *what, enum assay_code code)
{
    if (code != ASSAY_OK) {
        e->trouble = what;
        e->why = code;
    }
    return code;
}

/* ---- time ---------------------------------------------------------------------------------------
 */

/* Whether the server stops, and the time for what runs is over. */
static bool is_over(struct kx_shop *shop)
{
    bool over;

    pthread_mutex_lock(&shop->lock);
    over = ref_net_now_ms() >= shop->stop_ms;
    pthread_mutex_unlock(&shop->lock);
    return over;
}

/* False: it is over. */
static bool wait_a_while(struct kx_shop *shop, int64_t wait_ms)
{
    int64_t until_ms = ref_net_now_ms() + wait_ms;
    int rc = 0;

    pthread_mutex_lock(&shop->lock);
    while (rc == 0) {
        int64_t end_ms = until_ms < shop->stop_ms ? until_ms : shop->stop_ms;
        struct timespec end = {.tv_sec = end_ms / 1000, .tv_nsec = end_ms % 1000 * 1000000};

        rc = pthread_cond_timedwait(&shop->stopping, &shop->lock, &end);
    }
    pthread_mutex_unlock(&shop->lock);
    return !is_over(shop);
}

void kx_shop_stopping(struct kx_shop *shop, int64_t deadline_ms)
{
    pthread_mutex_lock(&shop->lock);
    shop->stop_ms = ref_net_now_ms() + deadline_ms;
    pthread_cond_broadcast(&shop->stopping);
    pthread_mutex_unlock(&shop->lock);
}

/* ---- store --------------------------------------------------------------------------------------
 */

/* What became of the handler is known here and nowhere else. Each of these may be told twice. */
static bool must_be_kept(const struct kx_action *a)
{
    return a->ask == KX_ASK_RESULT || a->ask == KX_ASK_RECOVERY || a->ask == KX_ASK_RESET;
}

/* A store that is busy for a while, with a backup or a slow disk, must not cost a payer the answer
 * that he has paid for. */
static enum assay_code put_to_store(struct errand *e, const struct kx_action *a,
                                    struct kx_store_answer *answer)
{
    struct kx_store *store = e->shop->base.store;
    enum assay_code code = kx_core_ask_store(e->core, a, store, answer);

    for (int i = 0; i < KEEP_TRIES && must_be_kept(a); i++) {
        if ((code != ASSAY_E_BUSY && code != ASSAY_E_IO) || !wait_a_while(e->shop, KEEP_PAUSE_MS))
            break;
        code = kx_core_ask_store(e->core, a, store, answer);
    }
    return code;
}

static struct kx_action ask_store(struct errand *e, const struct kx_action *a)
{
    struct kx_store_answer answer = {0};
    enum assay_code code = put_to_store(e, a, &answer);

    if (code != ASSAY_E_MISSING && code != ASSAY_E_MISMATCH)
        (void)note(e, "store", code);
    return kx_core_store(e->core, code, &answer, ref_net_wall_ms());
}

/* A sweep is one worker's work: the one that moves the time of the last one. Payments do not depend
 * on it, so a failure is only logged; the next one is tried after the usual time. */
static void sweep(struct errand *e, const struct kx_action *a)
{
    struct kx_store *store = e->shop->base.store;
    int64_t last_ms = e->last_sweep_ms;
    struct assay_err err = {0};

    if (!a->sweep ||
        !atomic_compare_exchange_strong(&e->shop->base.shared->last_sweep_ms, &last_ms, a->at_ms))
        return;
    if (store->ops->sweep(store, a->at_ms, &err) != ASSAY_OK)
        ref_log_failure("sweep failed", &err);
}

/* ---- node ---------------------------------------------------------------------------------------
 */

static bool look(struct errand *e, struct kx_action *a)
{
    struct kx_sight sight = {0};
    enum assay_code code;

    if (a->wait_ms > 0 && !wait_a_while(e->shop, a->wait_ms))
        return false;
    code = ref_kaspa_node_look(e->shop->base.node, &sight, kx_core_arena(e->core), a->look, NULL);
    *a = kx_core_sight(e->core, note(e, "node", code), &sight, ref_net_wall_ms());
    return true;
}

static struct kx_action submit(struct errand *e, const struct kx_action *a)
{
    struct kaspa_hash txid;
    bool sent = false;
    enum assay_code code;

    kaspa_txid(&txid, a->tx);
    code = ref_kaspa_node_submit(e->shop->base.node, a->tx, &txid, &sent, NULL);
    return kx_core_submitted(e->core, note(e, "node", code), sent, ref_net_wall_ms());
}

/* ---- origin -------------------------------------------------------------------------------------
 */

static bool take_result(struct kx_result *out, const struct ref_net_reply *reply)
{
    if (reply->header_count > ARRAY_LEN(out->headers))
        return false;
    *out = (struct kx_result){
        .status = reply->status, .header_count = reply->header_count, .body = reply->body};
    for (size_t i = 0; i < reply->header_count; i++)
        out->headers[i] = (struct kx_field){reply->headers[i].name, reply->headers[i].value};
    return true;
}

/* False: the answer of the handler is not told to the core. */
static bool run_handler(struct errand *e, struct kx_action *a)
{
    const struct ref_net_call call = {
        .method = e->event.tool != NULL ? ASSAY_LIT("POST") : e->event.method,
        .target = a->target,
        .body = e->event.body,
        .content_type = e->event.content_type,
    };
    struct ref_net_reply reply;
    bool reached;
    enum assay_code code = ref_origin_run(&e->visit, &reply, &reached, &call, NULL);

    if (code == ASSAY_OK && !take_result(&e->result, &reply))
        code = ASSAY_E_TOO_LARGE;
    if (REF_DEFECT(kx_handler_abort) && e->request != NULL &&
        ref_net_request_is_abandoned(e->request))
        return false;
    *a = kx_core_result(e->core, note(e, "origin", code), reached, &e->result, ref_net_wall_ms());
    return true;
}

/* False: what it has said is not told to the core. */
static bool call_facilitator(struct errand *e, struct kx_action *a)
{
    struct kx_facilitator_word word;
    enum assay_code why;

    kx_facilitator_call(e->shop->base.facilitator, &word, &why, kx_core_arena(e->core), a);
    (void)note(e, "facilitator", why);
    if (REF_DEFECT(fac_hang_up) && a->call == KX_FACILITATOR_SETTLE &&
        ref_net_request_is_abandoned(e->request))
        return false;
    *a = kx_core_facilitated(e->core, &word, ref_net_wall_ms());
    return true;
}

/* ---- a request ----------------------------------------------------------------------------------
 */

/* Of defects: a name is read as it is written. */
static bool has_in_capitals(const struct ref_net_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (assay_bytes_is(request->headers[i].name, name))
            return true;
    return false;
}

/* What is known here of whatever brought the request. */
static bool complete(struct errand *e, const struct ref_admission_counts *counts)
{
    struct kx_event_request *event = &e->event;

    event->now_ms = ref_net_wall_ms();
    event->last_sweep_ms = e->last_sweep_ms;
    event->caller_requests = counts->caller_requests;
    event->requests = counts->requests;
    event->running = counts->running;
    event->caller_running = counts->caller_running;
    event->supported = e->list != NULL ? kx_facilitator_supported(e->list) : NULL;
    if (e->shop->base.node != NULL)
        event->daa_score = ref_kaspa_node_daa_score(e->shop->base.node, &event->daa_age_ms);
    return assay_random_system((uint8_t *)&event->random, sizeof(event->random)) == ASSAY_OK;
}

/* Where the text of a field ends: at a line end it would go on as another field. HT-2 leaves such a
 * field out; what copies it as it is makes two of it. */
static size_t line_end(struct assay_bytes text)
{
    size_t cr = assay_bytes_find(text, '\r', 0);
    size_t lf = assay_bytes_find(text, '\n', 0);

    return cr < lf ? cr : lf;
}

static void add_field(struct ref_net_response *out, struct assay_bytes name,
                      struct assay_bytes value)
{
    size_t end = REF_DEFECT(kx_header_injection) ? line_end(value) : value.len;
    struct assay_bytes next = assay_bytes_part(value, end + 1, value.len);
    size_t colon = assay_bytes_find(next, ':', 0);

    ref_net_response_add_field(out, name, assay_bytes_part(value, 0, end));
    if (end < value.len)
        ref_net_response_add_field(out, assay_bytes_part(next, 0, colon),
                                   assay_bytes_part(next, colon + 1, next.len));
}

static void send_response(void *to, const struct kx_response *from)
{
    struct ref_net_response *out = to;
    char seconds[16];
    struct assay_buf text = ASSAY_BUF_OVER(seconds);

    out->status = from->status;
    assay_buf_add(&out->body, from->body);
    if (from->content_type.len > 0)
        add_field(out, ASSAY_LIT("Content-Type"), from->content_type);
    for (size_t i = 0; i < from->header_count; i++)
        add_field(out, from->headers[i].name, from->headers[i].value);
    if (from->no_store)
        ref_net_response_add(out, "Cache-Control", ASSAY_LIT("private, no-store, max-age=0"));
    if (from->retry_after_s > 0) {
        assay_buf_add_u64(&text, from->retry_after_s);
        ref_net_response_add(out, "Retry-After", assay_buf_view(&text));
    }
}

static void answer(struct errand *e, const struct kx_response *response)
{
    e->status = response->status;
    e->answer(e->to, response);
}

/* Nothing is delivered. error: whether something may have been claimed, of which a retry will see
 * what became. */
static void answer_unavailable(struct errand *e, const char *error)
{
    char room[80];
    struct assay_buf body = ASSAY_BUF_OVER(room);

    assay_buf_printf(&body, "{\"error\":\"%s\"}", error);
    answer(e, &(struct kx_response){
                  .status = 503,
                  .error = error,
                  .body = assay_buf_view(&body),
                  .content_type = ASSAY_LIT("application/json"),
                  .no_store = true,
                  .retry_after_s = 1,
              });
}

/* False: the errand ends without an answer of the core. */
static bool carry_out(struct errand *e, struct kx_action *a)
{
    switch (a->kind) {
    case KX_DO_STORE:
        if (a->ask == KX_ASK_BEGIN && is_over(e->shop)) /* it would be killed while it runs */
            return false;
        *a = ask_store(e, a);
        break;
    case KX_DO_LOOK:
        return look(e, a);
    case KX_DO_SUBMIT:
        *a = submit(e, a);
        break;
    case KX_DO_ORIGIN:
        return run_handler(e, a);
    case KX_DO_ADMIT:
        *a = kx_core_admitted(e->core, ref_admission_scope(&e->place, a->scope), ref_net_wall_ms());
        break;
    case KX_DO_FACILITATOR:
        return call_facilitator(e, a);
    case KX_DO_RESPOND:
        break;
    }
    return true;
}

static int64_t steps_max(const struct kx_core *core)
{
    return STEPS_MAX +
           STEPS_A_LOOK * (core->accept_wait_ms / (core->poll_ms > 0 ? core->poll_ms : 1));
}

static void serve(struct errand *e)
{
    int64_t steps_left = steps_max(e->shop->base.core);
    struct kx_action action = kx_core_request(e->core, &e->event);
    bool goes_on = true;

    while (goes_on && action.kind != KX_DO_RESPOND && steps_left-- > 0) {
        sweep(e, &action);
        goes_on = carry_out(e, &action);
    }
    if (!goes_on || action.kind != KX_DO_RESPOND) {
        answer_unavailable(e, kx_core_recovery(e->core));
        return;
    }
    sweep(e, &action);
    e->rule = action.rule;
    answer(e, &action.response);
}

/* Counted from here on; false: it is one more than a worker has room for. */
static bool admit(struct errand *e)
{
    struct kx_shop *shop = e->shop;
    struct ref_admission_counts counts;
    char caller[X402_HASH_TEXT_BYTES];

    kx_core_caller(caller, shop->base.core, e->event.authorization);
    if (!ref_admission_enter(&e->place, &counts, shop->base.admission, shop->base.worker, caller,
                             ref_net_now_ms()))
        return false;
    if (complete(e, &counts))
        return true;
    ref_admission_leave(&e->place);
    return false;
}

void kx_shop_serve(struct kx_shop *shop, const struct kx_event_request *event,
                   const struct ref_net_request *request, kx_shop_answer *answer_to, void *to)
{
    int64_t started_ms = ref_net_now_ms();
    struct errand e = {
        .shop = shop,
        .request = request,
        .event = *event,
        .answer = answer_to,
        .to = to,
        .core = kx_core_request_new(shop->base.core),
        .last_sweep_ms = atomic_load(&shop->base.shared->last_sweep_ms),
    };

    if (shop->base.facilitator != NULL)
        e.list = kx_facilitator_take(shop->base.facilitator);
    ref_origin_enter(&e.visit, shop->origin);
    if (e.core != NULL && admit(&e)) {
        serve(&e);
        ref_admission_leave(&e.place);
    } else {
        answer_unavailable(&e, "gateway_error");
    }
    log_request(&e, ref_net_now_ms() - started_ms);
    ref_origin_leave(&e.visit);
    kx_core_request_free(e.core);
    if (e.list != NULL)
        kx_facilitator_give_back(shop->base.facilitator, e.list);
}

void kx_shop_handle(void *shop, const struct ref_net_request *request,
                    struct ref_net_response *response)
{
    struct kx_event_request event = {
        .method = request->method,
        .target = request->target,
        .host = ref_net_request_header(request, "Host"),
        .body = request->body,
        .content_type = ref_net_request_header(request, "Content-Type"),
        .payment = ref_net_request_header(request, "PAYMENT-SIGNATURE"),
        .legacy = ref_net_request_header(request, "X-PAYMENT"),
        .authorization = ref_net_request_header(request, "Authorization"),
    };

    if (REF_DEFECT(x402_name_case) && !has_in_capitals(request, "PAYMENT-SIGNATURE"))
        event.payment = ASSAY_LIT("");
    kx_shop_serve(shop, &event, request, send_response, response);
}

/* ---- the shop -----------------------------------------------------------------------------------
 */

/* None of these calls can fail with these arguments. */
static void waiting_init(struct kx_shop *shop)
{
    pthread_condattr_t steady;

    (void)pthread_condattr_init(&steady);
    (void)pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&shop->stopping, &steady);
    (void)pthread_condattr_destroy(&steady);
    (void)pthread_mutex_init(&shop->lock, NULL);
}

enum assay_code kx_shop_new(struct kx_shop **out, const struct kx_shop_base *base,
                            struct assay_err *err)
{
    const struct kx_server_options *o = base->options;
    const struct ref_net_client_options origin = {
        .origin = o->origin,
        .is_public = o->is_public,
        .deadline_ms = o->origin_deadline_ms,
        .response_max_bytes =
            2 * KX_STORE_RESULT_MAX_BYTES, /* what is too large is the core's to say */
        .is_single_use = true, /* so that a handler that never ran is known not to have */
    };
    struct kx_shop *shop = assay_alloc(sizeof(*shop));

    if (shop == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a worker");
    *shop = (struct kx_shop){.base = *base, .stop_ms = INT64_MAX};
    shop->origin = ref_origin_new(&origin);
    if (shop->origin == NULL) {
        assay_free(shop);
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a worker");
    }
    waiting_init(shop);
    *out = shop;
    return ASSAY_OK;
}

void kx_shop_free(struct kx_shop *shop)
{
    if (shop == NULL)
        return;
    ref_origin_free(shop->origin);
    pthread_cond_destroy(&shop->stopping);
    pthread_mutex_destroy(&shop->lock);
    assay_free(shop);
}
