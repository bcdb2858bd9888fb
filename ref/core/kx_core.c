/* From a request to the payment that it brings: limits, decoding, fingerprint; and what comes in
 * meanwhile, handed on. See kx_core.h. Source: Kaspa x402 exact digest, sections
 * 2, 5, 12 and 13, steps 1 to 12. */
#include "base/hex.h"
#include "base/mac.h"
#include "base/utf8.h"
#include "core/kx_core_internal.h"
#include "defects/defects.h"

#include <assert.h>

struct kx_core_request *kx_core_request_new(const struct kx_core *core)
{
    struct kx_core_request *r = assay_alloc(sizeof(*r));

    if (r == NULL)
        return NULL;
    *r = (struct kx_core_request){
        .core = core,
        .expected = KX_DO_RESPOND,
        .broken = KX_EXACT__COUNT,
        .arena = ASSAY_ARENA_INIT(KX_CORE_ARENA_MAX_BYTES),
        .scratch = ASSAY_ARENA_INIT(KX_CORE_SCRATCH_MAX_BYTES),
        .base = ASSAY_BUF_INIT(KX_CORE_URL_MAX_BYTES),
        .url = ASSAY_BUF_INIT(KX_CORE_URL_MAX_BYTES),
        .offer_text = ASSAY_BUF_INIT(KX_CORE_TEXT_MAX_BYTES),
        .transaction = ASSAY_BUF_INIT(KX_CORE_TEXT_MAX_BYTES),
        .body = ASSAY_BUF_INIT(KX_CORE_TEXT_MAX_BYTES),
        .required = ASSAY_BUF_INIT(KX_CORE_TEXT_MAX_BYTES),
        .receipt = ASSAY_BUF_INIT(KX_CORE_TEXT_MAX_BYTES),
    };
    return r;
}

void kx_core_request_free(struct kx_core_request *r)
{
    if (r == NULL)
        return;
    assay_wipe(&r->batch, sizeof(r->batch)); /* vouchers can be spent */
    assay_wipe(&r->attempt, sizeof(r->attempt));
    assay_arena_fini(&r->arena);
    assay_arena_fini(&r->scratch);
    assay_buf_fini(&r->base);
    assay_buf_fini(&r->url);
    assay_buf_fini(&r->offer_text);
    assay_buf_fini(&r->transaction);
    assay_buf_fini(&r->body);
    assay_buf_fini(&r->required);
    assay_buf_fini(&r->receipt);
    assay_free(r);
}

struct assay_arena *kx_core_arena(struct kx_core_request *r)
{
    return r->expected == KX_DO_LOOK ? &r->scratch : &r->arena;
}

/* ---- the payment ---- */

bool kx_core_settles(const struct kx_core *core)
{
    return core->pay_to[0] != '\0';
}

bool kx_core_asks_identifier(const struct kx_core *core)
{
    return kx_core_settles(core) || core->asks_identifier;
}

static struct kx_action refuse_undecodable(struct kx_core_request *r, enum assay_code code)
{
    if (code == ASSAY_E_NOMEM)
        return kx_core_unavailable(r);
    if (REF_DEFECT(kx_unpaid_malformed))
        return kx_core_run(r, KX_RUN_FREE);
    if (REF_DEFECT(x402_large) && code == ASSAY_E_TOO_LARGE)
        return kx_core_refuse(r, 500, KX_GATEWAY, "http.budget");
    return kx_core_refuse(r, 400, kx_wire_text(KX_WIRE_PAYLOAD),
                          code == ASSAY_E_TOO_LARGE ? "http.budget" : "http.form");
}

/* A fresh offer without a word (24.12). */
struct kx_action kx_core_refuse_unreadable(struct kx_core_request *r, enum assay_code code,
                                           const char *rule)
{
    if (REF_DEFECT(kx_unpaid_malformed))
        return kx_core_run(r, KX_RUN_FREE);
    if (REF_DEFECT(x402_large) && code == ASSAY_E_TOO_LARGE)
        return kx_core_refuse(r, 500, KX_GATEWAY, "http.budget");
    return code == ASSAY_E_NOMEM ? kx_core_unavailable(r)
                                 : kx_core_challenge(r, KX_WIRE_NONE, rule);
}

/* The same of a call: its tool where that is all that it says, its arguments, this server. */
static bool is_call_unbound(const struct kx_core_request *r)
{
    const struct kx_tool_call *tool = r->request.tool;

    return tool != NULL && ((REF_DEFECT(kx_mcp_tool_unbound) && tool->arguments.len == 0) ||
                            (REF_DEFECT(kx_mcp_arguments_unbound) && tool->arguments.len > 0) ||
                            REF_DEFECT(kx_mcp_audience_unbound));
}

/* Of defects that leave something out of the fingerprint: who pays signs all of it, so that leaving
 * it out comes to taking the hash that was sent. */
static bool is_unbound(const struct kx_core_request *r)
{
    bool is_get = assay_bytes_is(r->request.method, "GET");
    bool has_query = r->path.len < r->target.len;

    return REF_DEFECT(kx_request_unbound) || (REF_DEFECT(kx_request_no_query) && has_query) ||
           (REF_DEFECT(kx_request_no_body) && r->request.has_body_text) ||
           (REF_DEFECT(kx_request_no_method) && !is_get) ||
           (REF_DEFECT(kx_request_no_caller) && r->request.context != NULL) ||
           (REF_DEFECT(kx_recipient_shared) && is_get && !has_query) || is_call_unbound(r);
}

static void unbind(struct kx_core_request *r)
{
    assay_hex_encode(r->own_hash,
                     assay_bytes_of(r->payment.request_hash, sizeof(r->payment.request_hash)));
    r->request.request_hash = r->own_hash;
    r->request.context = NULL;
}

/* By what a payment is known before it is verified (sections 5, 11 and 12). */
enum assay_code kx_core_name_payment(struct kx_core_request *r)
{
    char identity[X402_HASH_TEXT_BYTES];
    const struct kx_payment *payment = &r->payment;
    enum assay_code rc;

    if (is_unbound(r))
        unbind(r);
    if ((rc = kx_requirements_hash(r->requirements, &r->doc, payment->envelope.accepted.token,
                                   NULL)) != ASSAY_OK ||
        (rc = kx_fingerprint(r->fingerprint, &r->request, r->requirements, NULL)) != ASSAY_OK ||
        (rc = kx_transaction_identity(identity, payment->transaction)) != ASSAY_OK ||
        (rc = kx_payload_hash(r->payload_hash, payment, r->requirements, identity)) != ASSAY_OK ||
        (rc = kx_artifact_scope(r->scope, identity)) != ASSAY_OK)
        return rc;
    r->identifier = payment->identifier.id;
    if (REF_DEFECT(kx_identifier_free) && r->identifier.len == 0)
        r->identifier = assay_str(r->payload_hash);
    return kx_core_remember_as(r, r->scope);
}

struct kx_action kx_core_admit(struct kx_core_request *r)
{
    struct kx_action action = kx_core_ask(r, KX_ASK_IDENTIFIER);

    action.kind = r->expected = KX_DO_ADMIT;
    return action;
}

static struct kx_action read_exact(struct kx_core_request *r)
{
    struct assay_err err = {0};
    enum assay_code rc;

    if (kx_payment_read(&r->payment, &r->arena, &r->doc, &err) != KX_LOCAL_NONE)
        return kx_core_refuse_unreadable(r, err.code, "http.form");
    if (r->payment.identifier.id.len == 0 && !REF_DEFECT(kx_identifier_free))
        return kx_core_challenge(r, KX_WIRE_NONE, kx_exact_rules[KX_EXACT_IDENTIFIER].id);
    r->fault = kx_terms_read(&r->terms, &r->arena, &r->doc, &r->payment.envelope.accepted, &err);
    if (r->fault != KX_TERMS_OK && err.code == ASSAY_E_NOMEM)
        return kx_core_unavailable(r);
    if ((rc = kx_core_name_payment(r)) != ASSAY_OK)
        return kx_core_refuse_unreadable(r, rc, kx_exact_rules[KX_EXACT_REQUEST].id);
    return kx_core_admit(r);
}

/* Duplicate members are refused rather than read as the reference does, so that nobody in between
 * can have read another payment (KX-013). */
static struct kx_action read_payment(struct kx_core_request *r)
{
    struct assay_err err = {0};
    struct assay_bytes text;
    enum assay_code rc;

    if (REF_DEFECT(kx_header_small) && r->event.payment.len > X402_HEADER_MAX_CHARS / 2)
        return refuse_undecodable(r, ASSAY_E_TOO_LARGE);
    rc = ASSAY_OK;
    text = r->event.payment;
    if (r->event.tool == NULL)
        rc = x402_header_decode(&text, &r->arena, r->event.payment, &err);
    if (rc != ASSAY_OK)
        return refuse_undecodable(r, rc);
    if ((rc = x402_document_parse(&r->doc, &r->arena, text, !REF_DEFECT(kx_members_twice), &err)) !=
        ASSAY_OK)
        return kx_core_refuse_unreadable(r, rc,
                                         rc == ASSAY_E_TOO_LARGE ? "http.budget" : "http.form");
    if (kx_facilitated_is_paid(r))
        return kx_facilitated_read(r);
    return kx_batch_is_paid(r) ? kx_batch_read(r) : read_exact(r);
}

/* ---- the order of decisions ---- */

static const char *limit_passed(const struct kx_core_request *r)
{
    const struct kx_core *core = r->core;
    const struct kx_event_request *event = &r->event;

    if (REF_DEFECT(kx_limits_none))
        return NULL;
    if (core->caller_quota > 0 && event->caller_requests > core->caller_quota)
        return "caller_quota_exceeded";
    if (core->quota > 0 && event->requests > core->quota)
        return "global_quota_exceeded";
    if (core->running_max > 0 && event->running > core->running_max)
        return "global_concurrency_exceeded";
    if (core->caller_running_max > 0 && event->caller_running > core->caller_running_max)
        return "caller_concurrency_exceeded";
    return NULL;
}

static struct kx_action refuse_url(struct kx_core_request *r, enum assay_code code)
{
    if (code == ASSAY_E_NOMEM)
        return kx_core_unavailable(r);
    return kx_core_refuse(
        r, 400, code == ASSAY_E_MISMATCH ? "resource_url_mismatch" : "invalid_resource_url",
        "http.url");
}

/* A body enters the fingerprint as the text that was sent, no body as null (section 5). */
static void fill_request(struct kx_core_request *r)
{
    r->request.method = r->event.method;
    r->request.url = assay_buf_view(&r->url);
    r->request.body_text = r->event.body;
    r->request.has_body_text = r->event.body.len > 0;
    r->request.tool = r->event.tool;
}

/* Of defects: what opens a priced route to who has not paid. */
static bool is_ungated(const struct kx_core_request *r)
{
    struct assay_bytes sent = r->event.target;
    const char *allow;

    sent = assay_bytes_part(sent, 0, assay_bytes_find(sent, '?', 0));
    if (REF_DEFECT(kx_unpaid_spelling) &&
        kx_core_find_route(r->core, sent, r->event.method, &allow) == NULL)
        return true;
    if (REF_DEFECT(x402_test_word) && assay_bytes_is(r->event.payment, "test"))
        return true;
    return REF_DEFECT(kx_unpaid_legacy) && r->event.legacy.len > 0;
}

static struct kx_action priced(struct kx_core_request *r)
{
    if (is_ungated(r))
        return kx_core_run(r, KX_RUN_FREE);
    if (!assay_utf8_valid(r->event.body))
        return kx_core_refuse(r, 400, kx_wire_text(KX_WIRE_PAYLOAD), "http.form");
    fill_request(r);
    if (REF_DEFECT(kx_unpaid_early) && r->event.payment.len == 0)
        return kx_core_run(r, KX_RUN_EARLY);
    if (r->event.payment.len == 0)
        return kx_core_challenge(r, KX_WIRE_NONE, "http.challenge");
    return read_payment(r);
}

static struct kx_action decide(struct kx_core_request *r)
{
    const char *allow = NULL, *fault;
    enum assay_code rc;

    if (r->core->fac != NULL)
        return kx_fac_decide(r, limit_passed(r));
    rc = kx_core_resolve(r);
    if (rc == ASSAY_OK)
        r->route = kx_core_find_route(r->core, r->path, r->event.method, &allow);
    if (r->route != NULL && (fault = kx_core_access_fault(r)) != NULL)
        return kx_core_refuse(r, 400, fault, "access.tenant");
    if ((fault = limit_passed(r)) != NULL)
        return kx_core_busy(r, 429, fault, "limits.concurrency");
    if (rc != ASSAY_OK)
        return refuse_url(r, rc);
    if (REF_DEFECT(kx_unpaid_head) && assay_bytes_is(r->event.method, "HEAD") &&
        kx_core_find_route(r->core, r->path, ASSAY_LIT("GET"), &allow) != NULL)
        return kx_core_run(r, KX_RUN_FREE);
    if (r->route == NULL && allow != NULL)
        return kx_core_wrong_method(r, allow);
    if (r->route == NULL)
        return kx_core_refuse(r, 404, "not_found", NULL);
    return r->route->price == 0 ? kx_core_run(r, KX_RUN_FREE) : priced(r);
}

struct kx_action kx_core_request(struct kx_core_request *r, const struct kx_event_request *event)
{
    struct kx_action action;

    r->event = *event;
    r->now_ms = event->now_ms;
    r->daa_score = event->daa_age_ms <= KX_DAA_AGE_MAX_MS ? event->daa_score : 0;
    if (REF_DEFECT(kx_duplicate_first))
        r->event.payment =
            assay_bytes_part(event->payment, 0, assay_bytes_find(event->payment, ',', 0));
    action = decide(r);
    action.sweep = event->now_ms - event->last_sweep_ms >= r->core->sweep_every_ms;
    return action;
}

/* ---- what comes in meanwhile ---- */

/* An answer to what was not asked is a program's error: nothing is delivered for it. */
bool kx_core_is_expected(struct kx_core_request *r, enum kx_do kind, int64_t now_ms)
{
    bool is_right = r->expected == kind;

    r->now_ms = now_ms;
    r->expected = KX_DO_RESPOND;
    return is_right;
}

struct kx_action kx_core_admitted(struct kx_core_request *r, uint32_t running, int64_t now_ms)
{
    uint32_t max = r->core->scope_running_max;

    if (!kx_core_is_expected(r, KX_DO_ADMIT, now_ms))
        return kx_core_unavailable(r);
    if (max > 0 && running > max && !REF_DEFECT(kx_limits_none))
        return kx_core_busy(r, 429, "channel_concurrency_exceeded", "limits.concurrency");
    return kx_core_ask(r, KX_ASK_IDENTIFIER);
}

/* Of defect kx.store.fails_open: what a store that cannot be asked would best have said. */
static struct kx_action fail_open(struct kx_core_request *r, int64_t now_ms)
{
    const struct kx_store_answer answer = {.claim = KX_CLAIM_CREATED, .done = true};
    bool is_read = r->ask <= KX_ASK_SELECT && r->ask != KX_ASK_IDENTIFIER;

    static_assert(KX_ASK_SELECT + 1 == KX_ASK_CLAIM, "reads come before changes");
    r->expected = KX_DO_STORE;
    return kx_core_store(r, is_read ? ASSAY_E_MISSING : ASSAY_OK, &answer, now_ms);
}

struct kx_action kx_core_store(struct kx_core_request *r, enum assay_code code,
                               const struct kx_store_answer *answer, int64_t now_ms)
{
    if (!kx_core_is_expected(r, KX_DO_STORE, now_ms))
        return kx_core_unavailable(r);
    if (REF_DEFECT(kx_store_fails_open) && code != ASSAY_OK && code != ASSAY_E_MISSING)
        return fail_open(r, now_ms);
    switch (r->ask) {
    case KX_ASK_IDENTIFIER:
        return kx_core_on_identifier(r, code, answer);
    case KX_ASK_SCOPE:
        return kx_core_on_scope(r, code, answer);
    case KX_ASK_ATTEMPT:
        return kx_core_on_attempt(r, code, answer);
    case KX_ASK_PAYMENT:
        return kx_core_on_payment(r, code, answer);
    case KX_ASK_HEAD:
        return kx_core_on_head(r, code, answer);
    case KX_ASK_SELECT:
        return kx_core_on_select(r, code, answer);
    case KX_ASK_CLAIM:
        return kx_core_on_claim(r, code, answer);
    case KX_ASK_HEAD_LOST: /* be it marked or not */
        return kx_core_on_head_lost(r);
    case KX_ASK_CHANNEL:
        return kx_batch_on_channel(r, code, answer);
    case KX_ASK_LINEAGE:
        return kx_batch_on_lineage(r, code, answer);
    case KX_ASK_OPERATION:
        return kx_batch_on_operation(r, code);
    case KX_ASK_FOLLOW: /* be it put or not: who was quicker has put as much */
        return kx_batch_on_followed(r, code, answer->done);
    case KX_ASK_BROADCAST:
    case KX_ASK_ACCEPT:
    case KX_ASK_BEGIN:
    case KX_ASK_RESET:
    case KX_ASK_RESULT:
    case KX_ASK_RECOVERY:
    case KX_ASK_COMMIT:
    case KX_ASK_ABANDON:
    case KX_ASK_ABANDON_REFUSED:
        break;
    }
    return kx_core_on_step(r, code, answer->done);
}

struct kx_action kx_core_sight(struct kx_core_request *r, enum assay_code code,
                               const struct kx_sight *sight, int64_t now_ms)
{
    if (!kx_core_is_expected(r, KX_DO_LOOK, now_ms))
        return kx_core_unavailable(r);
    if (code == ASSAY_OK && sight->pov.daa_score != 0)
        r->daa_seen = r->daa_score = sight->pov.daa_score;
    if (r->sought == KX_SOUGHT_DAA)
        return kx_core_on_daa(r);
    if (r->is_batch)
        return kx_batch_on_sight(r, code, sight);
    return r->has_attempt ? kx_core_on_evidence(r, code, sight) : kx_core_on_coins(r, code, sight);
}

struct kx_action kx_core_submitted(struct kx_core_request *r, enum assay_code code, bool sent,
                                   int64_t now_ms)
{
    if (!kx_core_is_expected(r, KX_DO_SUBMIT, now_ms))
        return kx_core_unavailable(r);
    return kx_core_on_submitted(r, code, sent);
}

struct kx_action kx_core_result(struct kx_core_request *r, enum assay_code code, bool reached,
                                const struct kx_result *result, int64_t now_ms)
{
    if (!kx_core_is_expected(r, KX_DO_ORIGIN, now_ms))
        return kx_core_unavailable(r);
    switch (r->run) {
    case KX_RUN_PAID:
        return kx_core_on_paid_result(r, code, reached, result);
    case KX_RUN_EARLY:
        return kx_core_challenge(r, KX_WIRE_NONE, "http.challenge");
    case KX_RUN_AGAIN:
        return kx_core_on_rerun(r, code, result);
    case KX_RUN_FREE:
        break;
    }
    return code == ASSAY_OK ? kx_core_pass_on(r, result) : kx_core_refuse(r, 502, KX_GATEWAY, NULL);
}
