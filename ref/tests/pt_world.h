/** A small world for tests of the decision core: a clock that stands still until it is moved, a
 * store in memory that can be made to fail, a handler that counts, and a log of everything the core
 * asked for. */
#ifndef ASSAY_REF_TESTS_PT_WORLD_H
#define ASSAY_REF_TESTS_PT_WORLD_H

#include "base/arena.h"
#include "base/base64.h"
#include "base/random.h"
#include "core/paid_tools.h"
#include "defects/defects.h"
#include "ref/tests/scarce.h"

#include <criterion/criterion.h>

#define WORLD_SECRET "0123456789abcdef0123456789abcdef"
#define WORLD_START_MS 1767225600123 /* 2026-01-01T00:00:00.123Z */

struct world {
    struct pt_core core;
    struct ref_store *store;
    struct assay_arena arena; /* what the functions below return lives here */
    struct assay_random random;
    struct assay_buf log;
    int64_t now_ms, last_sweep_ms;
    uint64_t requests_this_second;
    bool connection_paid;
    unsigned runs; /* of the handler */
    int handler_status;
    enum assay_code handler_code;
    const char *handler_type;
    struct assay_bytes handler_body;
    void (*meanwhile)(struct world *w); /* called once while the handler runs */
    size_t allocations;                 /* that the core is given from now on; SIZE_MAX: all */
    const char *break_at; /* "lookup", "begin" or "finish": answers with the two below */
    enum assay_code break_code;
    enum ref_claim_result break_result;
    const char *ran_target, *ran_body; /* what the handler was given last */
};

struct ask {
    const char *method; /* NULL: GET */
    const char *target; /* NULL: /weather */
    const char *body, *host, *proof, *bridge, *key;
    struct assay_bytes raw_key;
};

struct reply {
    int status;
    const char *type, *body, *cache, *allow, *required, *rule;
    size_t body_len;
    unsigned retry_after_s;
    bool replay, granted, sweep;
};

static const struct pt_route world_routes[] = {
    {"GET", "/weather", "0.001", "a forecast"}, {"GET", "/gold", "0.001", NULL},
    {"GET", "/files/*", "0.002", NULL},         {"GET", "/files/free", NULL, NULL},
    {"POST", "/action", "0.001", NULL},         {"GET", "/free", NULL, NULL},
};
static const char *const world_tools[] = {"get_weather", "get_gold", NULL};

static inline void world_open(struct world *w, enum pt_rules rules)
{
    static const struct ref_store_limits limits = REF_STORE_LIMITS_DEFAULT;

    *w = (struct world){
        .core = {.rules = rules,
                 .wire = PT_WIRE_TOOLKIT,
                 .secret = ASSAY_LIT(WORLD_SECRET),
                 .asset = "USDC",
                 .network = "mock",
                 .recipient = "merchant-1",
                 .places = 6,
                 .ttl_ms = PT_DEFAULT_TTL_MS,
                 .key_ttl_ms = 3600000,
                 .sweep_every_ms = 60000,
                 .routes = world_routes,
                 .route_count = ARRAY_LEN(world_routes),
                 .mcp_path = "/mcp",
                 .mcp_tools = world_tools,
                 .mcp_price = "0.001"},
        .arena = ASSAY_ARENA_INIT(16 << 20),
        .log = ASSAY_BUF_INIT(1 << 20),
        .now_ms = WORLD_START_MS,
        .last_sweep_ms = WORLD_START_MS,
        .handler_status = 200,
        .handler_type = "text/html",
        .handler_body = ASSAY_LIT("<p>sun\0rain</p>"),
        .allocations = SIZE_MAX,
    };
    assay_random_init(&w->random, ASSAY_LIT("world"), ASSAY_LIT("1"));
    cr_assert_eq(ref_store_memory_open(&w->store, &limits, NULL), ASSAY_OK);
}

static inline void world_close(struct world *w)
{
    w->store->ops->close(w->store);
    assay_arena_fini(&w->arena);
    assay_buf_fini(&w->log);
}

/* A world under each rule set in turn: EACH_SET(w) is a loop over both. */
static inline struct world *world_first(struct world *w)
{
    world_open(w, PT_RULES_BASE);
    return w;
}

static inline struct world *world_next(struct world *w)
{
    bool is_last = w->core.rules == PT_RULES_HARDENED;

    world_close(w);
    if (is_last)
        return NULL;
    world_open(w, PT_RULES_HARDENED);
    return w;
}

/* NOLINTBEGIN(bugprone-macro-parentheses): w is declared here */
#define EACH_SET(w)                                                                                \
    for (struct world world_of_##w, *w = world_first(&world_of_##w); w != NULL; w = world_next(w))
/* NOLINTEND(bugprone-macro-parentheses) */

static inline void world_put(char *out, size_t room, const char *text)
{
    cr_assert(strlen(text) < room);
    memcpy(out, text, strlen(text) + 1);
}

static inline const char *world_text(struct world *w, struct assay_bytes bytes)
{
    struct assay_bytes copy = assay_arena_copy(&w->arena, bytes);

    cr_assert(copy.at != NULL);
    return (const char *)copy.at;
}

static inline void world_note(struct world *w, const char *text)
{
    assay_buf_add_str(&w->log, w->log.len > 0 ? "; " : "");
    assay_buf_add_str(&w->log, text);
}

/* What stands between these two is what may fail for want of memory. */
static inline struct pt_core_request *world_entered(const struct world *w,
                                                    struct pt_core_request *r)
{
    scarce_enter(w->allocations);
    return r;
}

static inline struct pt_action world_left(struct world *w, struct pt_action next)
{
    scarce_leave(&w->allocations);
    return next;
}

static inline struct pt_action world_store(struct world *w, struct pt_core_request *r,
                                           const struct pt_action *action, struct ref_found *found)
{
    static const char *const names[] = {"lookup", "begin", "finish"};
    const struct ref_store_ops *ops = w->store->ops;
    enum ref_claim_result result = REF_CLAIM_FREE;
    enum assay_code code;

    world_note(w, names[action->kind]);
    if (action->kind == PT_DO_STORE_FINISH) {
        world_note(w, action->outcome == REF_OUTCOME_SPENT ? "spent" : "released");
        if (action->store_answer)
            world_note(w, "stored");
    }
    if (w->break_at != NULL && strcmp(w->break_at, names[action->kind]) == 0)
        return world_left(
            w, pt_core_store(world_entered(w, r), w->break_code, w->break_result, found));
    if (action->kind == PT_DO_STORE_LOOKUP)
        code = ops->lookup(w->store, &action->claim, &result, found, NULL);
    else if (action->kind == PT_DO_STORE_BEGIN)
        code = ops->begin(w->store, &action->claim, &result, found, NULL);
    else
        code = ops->finish(w->store, &action->claim, action->outcome,
                           action->store_answer ? &action->answer : NULL, NULL);
    return world_left(w, pt_core_store(world_entered(w, r), code, result, found));
}

static inline struct pt_action world_run(struct world *w, struct pt_core_request *r,
                                         const struct pt_forward *forward)
{
    struct ref_answer answer = {.status = w->handler_status,
                                .content_type = assay_str(w->handler_type),
                                .body = w->handler_body};
    void (*meanwhile)(struct world *) = w->meanwhile;

    w->runs++;
    w->ran_target = world_text(w, forward->target);
    w->ran_body = world_text(w, forward->body);
    world_note(w, "run");
    w->meanwhile = NULL;
    if (meanwhile != NULL)
        meanwhile(w);
    return world_left(w, pt_core_origin(world_entered(w, r), w->handler_code, &answer));
}

static inline struct reply world_reply(struct world *w, const struct pt_action *action)
{
    const struct pt_response *p = &action->response;

    assay_buf_printf(&w->log, "%s%d", w->log.len > 0 ? "; " : "", p->status);
    return (struct reply){.status = p->status,
                          .type = world_text(w, p->content_type),
                          .body = world_text(w, p->body),
                          .body_len = p->body.len,
                          .cache = p->cache_control,
                          .allow = p->allow,
                          .required = world_text(w, p->payment_required),
                          .rule = action->rule,
                          .retry_after_s = p->retry_after_s,
                          .replay = p->replay,
                          .granted = p->granted};
}

static inline struct reply world_send(struct world *w, struct ask ask)
{
    struct pt_core_request *r = pt_core_request_new(&w->core);
    struct ref_found found = {.storage = ASSAY_BUF_INIT(8 << 20)};
    struct pt_event_request event = {
        .request = {.method = assay_str(ask.method != NULL ? ask.method : "GET"),
                    .target = assay_str(ask.target != NULL ? ask.target : "/weather"),
                    .host = assay_str(ask.host != NULL ? ask.host : "shop.test"),
                    .body = assay_str(ask.body)},
        .proof = assay_str(ask.proof),
        .bridge = assay_str(ask.bridge),
        .key =
            ask.key != NULL ? assay_str(ask.key) : assay_bytes_of(ask.raw_key.at, ask.raw_key.len),
        .content_type = ASSAY_LIT("application/json"),
        .connection_paid = w->connection_paid,
        .now_ms = w->now_ms,
        .last_sweep_ms = w->last_sweep_ms,
        .requests_this_second = w->requests_this_second,
    };
    struct pt_action action;
    struct reply reply;
    bool sweep;

    cr_assert(r != NULL);
    cr_assert_eq(w->store->ops->floor(w->store, &event.floor_ms, NULL), ASSAY_OK);
    assay_random_bytes(&w->random, event.random, sizeof(event.random));
    action = world_left(w, pt_core_request(world_entered(w, r), &event));
    sweep = action.sweep;
    if (sweep) {
        cr_assert_eq(w->store->ops->sweep(w->store, action.claim.now_ms, NULL), ASSAY_OK);
        w->last_sweep_ms = action.claim.now_ms;
    }
    for (int steps = 0; action.kind != PT_DO_RESPOND; steps++) {
        cr_assert(steps < 8, "no answer after eight steps");
        action = action.kind == PT_DO_ORIGIN ? world_run(w, r, &action.forward)
                                             : world_store(w, r, &action, &found);
    }
    reply = world_reply(w, &action);
    reply.sweep = sweep;
    assay_buf_fini(&found.storage);
    pt_core_request_free(r);
    return reply;
}

/* The challenge for a request. */
static inline struct pt_challenge world_challenge(struct world *w, struct ask ask)
{
    struct pt_challenge challenge;
    struct reply reply;

    ask.proof = ask.bridge = NULL;
    reply = world_send(w, ask);
    cr_assert_eq(reply.status, 402, "a challenge was expected, got %d", reply.status);
    cr_assert_eq(pt_challenge_parse(&challenge, assay_str(reply.body), NULL), ASSAY_OK, "%s",
                 reply.body);
    return challenge;
}

static inline struct pt_proof world_proof(struct world *w, const struct pt_challenge *challenge)
{
    struct pt_proof proof;

    cr_assert_eq(pt_proof_pay(&proof, challenge, assay_str(WORLD_SECRET), "payer-1", w->now_ms),
                 ASSAY_OK);
    return proof;
}

static inline const char *world_header(struct world *w, const struct pt_proof *proof)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 20);
    const char *header;

    pt_proof_encode(&text, proof);
    header = world_text(w, assay_buf_view(&text));
    assay_buf_fini(&text);
    return header;
}

/* The proof as JSON with the first `from` replaced by `to`, in base64 of that form. */
static inline const char *world_edited(struct world *w, const struct pt_proof *proof,
                                       enum assay_base64 form, const char *from, const char *to)
{
    struct assay_buf json = ASSAY_BUF_INIT(1 << 20), edited = ASSAY_BUF_INIT(1 << 20);
    struct assay_buf text = ASSAY_BUF_INIT(1 << 20);
    const char *at, *all, *header;

    pt_proof_write(&json, proof);
    all = assay_buf_cstr(&json);
    cr_assert(all != NULL);
    at = strstr(all, from);
    cr_assert(at != NULL, "%s has no %s", all, from);
    assay_buf_add(&edited, assay_bytes_of(all, (size_t)(at - all)));
    assay_buf_add_str(&edited, to);
    assay_buf_add_str(&edited, at + strlen(from));
    assay_base64_encode(&text, form, assay_buf_view(&edited));
    header = world_text(w, assay_buf_view(&text));
    assay_buf_fini(&json);
    assay_buf_fini(&edited);
    assay_buf_fini(&text);
    return header;
}

static inline const char *world_bridge(struct world *w, const struct pt_proof *proof)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 20);
    const char *header;

    pt_bridge_encode(&text, proof);
    header = world_text(w, assay_buf_view(&text));
    assay_buf_fini(&text);
    return header;
}

/* A fresh proof for a request. */
static inline const char *world_paid(struct world *w, struct ask ask)
{
    struct pt_challenge challenge = world_challenge(w, ask);
    struct pt_proof proof = world_proof(w, &challenge);

    return world_header(w, &proof);
}

/* Signs the proof anew after its nonce or hash was changed. */
static inline void world_sign(struct pt_proof *proof)
{
    pt_proof_mac(proof->signature, assay_str(WORLD_SECRET), assay_str(proof->nonce),
                 assay_str(proof->request_hash));
}

static inline const char *world_log(struct world *w)
{
    const char *log = assay_buf_cstr(&w->log);

    return log != NULL ? log : "";
}

#endif
