/* From a price to an answer: keys, proofs, the store's word, the handler's outcome. See
 * paid_tools.h. */
#include "base/hex.h"
#include "base/planted.h"
#include "core/paid_tools_request.h"
#include "defects/defects.h"

enum { DAY_MS = 86400000 };

/* ---- actions ---- */

struct pt_action pt_core_ask(struct pt_core_request *r, enum pt_do kind, enum pt_step step)
{
    r->step = step;
    return (struct pt_action){.kind = kind, .claim = r->claim};
}

struct pt_action pt_core_respond(struct pt_core_request *r, struct pt_response response,
                                 const char *rule)
{
    struct pt_action action = pt_core_ask(r, PT_DO_RESPOND, PT_STEP_DONE);

    action.response = response;
    action.rule = rule;
    if (!assay_buf_ok(&r->body) || !assay_buf_ok(&r->header))
        action.response = pt_core_response(503, ASSAY_LIT("text/plain"),
                                           ASSAY_LIT("out of memory\n"), "no-store");
    return action;
}

struct pt_action pt_core_refuse(struct pt_core_request *r, int status, const char *error,
                                const char *rule)
{
    return pt_core_respond(r, pt_core_refusal(r, status, error, NULL), rule);
}

struct pt_action pt_core_unavailable(struct pt_core_request *r)
{
    struct pt_response response = pt_core_refusal(r, 503, "Service temporarily unavailable", NULL);

    response.retry_after_s = 1;
    return pt_core_respond(r, response, NULL);
}

static struct pt_action busy(struct pt_core_request *r)
{
    struct pt_response response =
        pt_core_conflict(r, "A request with this idempotency key is still running");

    response.retry_after_s = 1;
    return pt_core_respond(r, response, "IK-3");
}

static struct pt_action finish(struct pt_core_request *r, enum ref_outcome outcome,
                               struct pt_response response, const struct ref_answer *kept)
{
    struct pt_action action = pt_core_ask(r, PT_DO_STORE_FINISH, PT_STEP_FINISH);

    r->response = response;
    action.outcome = outcome;
    action.store_answer = kept != NULL;
    if (kept != NULL)
        action.answer = *kept;
    return action;
}

struct pt_action pt_core_run(struct pt_core_request *r, enum pt_step step)
{
    struct pt_action action = pt_core_ask(r, PT_DO_ORIGIN, step);

    action.forward = (struct pt_forward){.method = r->event.request.method,
                                         .target = assay_buf_view(&r->target),
                                         .body = r->event.request.body,
                                         .content_type = r->event.content_type};
    if (REF_DEFECT(hash_raw_forwarded) && !r->is_mcp)
        action.forward.target = r->event.request.target;
    if (r->is_mcp) {
        action.forward.body = assay_buf_view(&r->arguments);
        action.forward.content_type = ASSAY_LIT("application/json");
    }
    return action;
}

/* ---- the payment ---- */

struct assay_bytes pt_core_offered(const struct pt_core_request *r)
{
    return r->event.proof.len > 0 ? r->event.proof : r->event.bridge;
}

static enum assay_code decode(struct pt_core_request *r)
{
    enum assay_code rc = r->event.proof.len > 0
                             ? pt_proof_decode(&r->proof, r->event.proof, NULL)
                             : pt_bridge_decode(&r->proof, r->event.bridge, NULL);

    r->has_proof = rc == ASSAY_OK;
    return rc;
}

static bool was_issued(const struct pt_core_request *r)
{
    struct pt_challenge terms;

    pt_core_terms(&terms, r, r->proof.request_hash);
    if (strlen(r->proof.nonce) >= sizeof(terms.nonce))
        return false;
    if (REF_DEFECT(expiry_far) &&
        r->proof.expires_ms - r->claim.now_ms > pt_core_lifetime_ms(r->core) + PT_EXPIRY_SKEW_MS)
        return true; /* taken for a standing order */
    memcpy(terms.nonce, r->proof.nonce, strlen(r->proof.nonce) + 1);
    memcpy(terms.expires_at, r->proof.expires_at, sizeof(terms.expires_at));
    return pt_nonce_check(&terms, r->core->secret) == ASSAY_OK;
}

/* The rule that the decoded proof breaks, or NULL. Of a payment whose answer was delivered before
 * only the signature is asked for, not whether it could still buy: it has bought already. */
static const char *broken_rule(const struct pt_core_request *r, bool has_bought)
{
    struct pt_verify with = {
        .secret = r->core->secret,
        .request_hash = r->hash,
        .now_ms = has_bought ? r->proof.expires_ms - 1 : r->claim.now_ms,
        .ttl_ms = pt_core_lifetime_ms(r->core),
    };
    const char *rule = NULL;

    if (pt_proof_verify(&r->proof, &with, &rule, NULL) != ASSAY_OK)
        return rule;
    if (r->core->rules == PT_RULES_HARDENED && !has_bought && !was_issued(r))
        return "NS-5";
    return NULL;
}

static void remember_by(struct pt_core_request *r, const char *what, const char *text)
{
    assay_buf_clear(&r->identity);
    assay_buf_add_str(&r->identity, what);
    assay_buf_add_str(&r->identity, text);
    r->claim.nonce = assay_buf_view(&r->identity);
}

static void fill_claim(struct pt_core_request *r)
{
    struct assay_bytes nonce = assay_str(r->proof.nonce);
    char random[2 * sizeof(r->event.random) + 1];

    r->claim.nonce = nonce;
    r->claim.payment = nonce;
    r->claim.nonce_until_ms = r->proof.expires_ms + PT_GRACE_MS;
    assay_hex_encode(random, assay_bytes_of(r->event.random, sizeof(r->event.random)));
    if (REF_DEFECT(nonce_unrecorded) || (REF_DEFECT(nonce_empty) && nonce.len == 0))
        remember_by(r, "nothing ", random);
    if (REF_DEFECT(nonce_keyed_by_text))
        r->claim.nonce = pt_core_offered(r);
    if (REF_DEFECT(nonce_header_spaces) && r->event.proof.len == 0)
        remember_by(r, "bridge ", r->proof.nonce);
    if (REF_DEFECT(nonce_mcp_space) && r->is_mcp)
        remember_by(r, "mcp ", r->proof.nonce);
    if (REF_DEFECT(nonce_keyed_with_hash))
        remember_by(r, r->hash, r->proof.nonce);
    if (REF_DEFECT(nonce_evicted_early))
        r->claim.nonce_until_ms = r->claim.now_ms + PT_GRACE_MS;
}

bool pt_core_is_over_rate(const struct pt_core_request *r)
{
    return r->core->rate_per_second > 0 && r->event.requests_this_second > r->core->rate_per_second;
}

struct pt_action pt_core_limit_rate(struct pt_core_request *r)
{
    struct pt_response response;

    assay_buf_clear(&r->body);
    response = pt_core_refusal(r, 429, "Too Many Requests", NULL);
    r->body.len--; /* the closing brace */
    assay_buf_add_str(&r->body, ",\"retryAfter\":1}");
    response.body = assay_buf_view(&r->body);
    response.retry_after_s = 1;
    return pt_core_respond(r, response, "RS-2");
}

static struct pt_action challenge(struct pt_core_request *r)
{
    struct pt_response response = pt_core_challenge(r);

    r->response = response;
    if (REF_DEFECT(key_stores_402) && r->claim.key.len > 0)
        return pt_core_ask(r, PT_DO_STORE_BEGIN, PT_STEP_SPEND_ONLY);
    if (REF_DEFECT(challenges_kept)) {
        remember_by(r, "challenge ", r->challenge.nonce);
        r->claim.key = ASSAY_LIT("");
        r->claim.nonce_until_ms = r->claim.now_ms + DAY_MS;
        return pt_core_ask(r, PT_DO_STORE_BEGIN, PT_STEP_SPEND_ONLY);
    }
    return pt_core_respond(r, response, "CH-1");
}

static struct pt_action refuse_undecodable(struct pt_core_request *r, enum assay_code code)
{
    if (code == ASSAY_E_NOMEM || code == ASSAY_E_CRASHED)
        return pt_core_refuse(r, 500, "Internal Server Error", NULL);
    if (REF_DEFECT(unpaid_bad_proof))
        return pt_core_run(r, PT_STEP_UNGATED);
    return pt_core_respond(r, pt_core_invalid(r), "PF-2");
}

/* The key is unknown or absent: only a payment opens the way. */
static struct pt_action pay(struct pt_core_request *r)
{
    const char *rule;
    enum assay_code rc;

    if (pt_core_offered(r).len == 0)
        return challenge(r);
    if ((rc = decode(r)) != ASSAY_OK)
        return refuse_undecodable(r, rc);
    if ((rule = broken_rule(r, false)) != NULL)
        return pt_core_respond(r, pt_core_invalid(r), rule);
    if (REF_DEFECT(rate_unlimited) && pt_core_is_over_rate(r))
        return pt_core_limit_rate(r);
    fill_claim(r);
    if (REF_DEFECT(nonce_after_handler))
        return pt_core_ask(r, PT_DO_STORE_BEGIN, PT_STEP_GLANCE);
    return pt_core_ask(r, PT_DO_STORE_BEGIN, PT_STEP_BEGIN);
}

/* ---- what the store says ---- */

static bool is_same_payment(const struct pt_core_request *r, const struct ref_found *found)
{
    return assay_bytes_equal(assay_str(r->proof.nonce), found->payment);
}

/* The key has an answer for this very request, and no payment was looked at yet. */
static struct pt_action known_key(struct pt_core_request *r, const struct ref_found *found)
{
    const char *rule;
    enum assay_code rc;
    bool same;

    if (r->core->rules == PT_RULES_BASE || REF_DEFECT(key_bearer))
        return pt_core_respond(r, pt_core_replay(&found->answer), NULL);
    if (pt_core_offered(r).len == 0)
        return challenge(r);
    if ((rc = decode(r)) != ASSAY_OK)
        return refuse_undecodable(r, rc);
    same = is_same_payment(r, found);
    if ((rule = broken_rule(r, same)) != NULL)
        return pt_core_respond(r, pt_core_invalid(r), rule);
    if (!same)
        return pt_core_respond(r, pt_core_conflict(r, "Idempotency key belongs to another payment"),
                               "IK-5");
    return pt_core_respond(r, pt_core_replay(&found->answer), NULL);
}

static struct pt_action conflict(struct pt_core_request *r)
{
    struct pt_response response =
        pt_core_conflict(r, "Idempotency key reused with a different request");

    if (REF_DEFECT(key_conflict_consumes) && r->step == PT_STEP_LOOKUP &&
        pt_core_offered(r).len > 0 && decode(r) == ASSAY_OK && broken_rule(r, false) == NULL) {
        fill_claim(r);
        r->claim.key = ASSAY_LIT("");
        r->response = response;
        return pt_core_ask(r, PT_DO_STORE_BEGIN, PT_STEP_SPEND_ONLY);
    }
    return pt_core_respond(r, response, "IK-2");
}

static struct pt_action looked_up(struct pt_core_request *r, enum ref_claim_result result,
                                  const struct ref_found *found)
{
    switch (result) {
    case REF_CLAIM_FREE:
        return pay(r);
    case REF_CLAIM_ANSWERED:
        return known_key(r, found);
    case REF_CLAIM_KEY_CONFLICT:
        return conflict(r);
    case REF_CLAIM_KEY_BUSY:
        return busy(r);
    case REF_CLAIM_NONCE_TAKEN: /* neither was asked about */
    case REF_CLAIM_FULL:
        break;
    }
    return pt_core_unavailable(r);
}

/* The handler's answer decides what becomes of the payment. */
static struct pt_action ran(struct pt_core_request *r, enum assay_code code,
                            const struct ref_answer *answer)
{
    bool has_answer = code == ASSAY_OK && answer->status >= 200 && answer->status <= 599 &&
                      answer->body.len <= REF_STORE_BODY_MAX_BYTES;
    bool may_keep = has_answer && r->claim.key.len > 0;
    int failure = code == ASSAY_E_TIMEOUT ? 504 : 502;

    if (has_answer && answer->status < 500) {
        may_keep =
            may_keep && (answer->status != 402 || PLANTED(core_keeps_402)) && answer->status != 409;
        return finish(r, REF_OUTCOME_SPENT, pt_core_deliver(r, answer), may_keep ? answer : NULL);
    }
    failure = has_answer ? answer->status : failure;
    if (REF_DEFECT(key_stores_500) && may_keep)
        return finish(r, REF_OUTCOME_SPENT, pt_core_failed(r, failure), answer);
    if (r->core->rules == PT_RULES_HARDENED && !REF_DEFECT(handler_burns))
        return finish(r, REF_OUTCOME_RELEASED, pt_core_failed(r, failure), NULL);
    return finish(r, REF_OUTCOME_SPENT, pt_core_failed(r, failure), NULL);
}

static struct pt_action reserved(struct pt_core_request *r)
{
    if (r->step == PT_STEP_GLANCE) {
        struct pt_action action = pt_core_ask(r, PT_DO_STORE_FINISH, PT_STEP_UNGLANCE);

        action.outcome = REF_OUTCOME_RELEASED;
        return action;
    }
    return r->was_early ? ran(r, r->early_code, &r->early) : pt_core_run(r, PT_STEP_ORIGIN);
}

static struct pt_action begun(struct pt_core_request *r, enum ref_claim_result result,
                              const struct ref_found *found)
{
    if (REF_DEFECT(nonce_after_handler) && r->was_early && result != REF_CLAIM_FREE)
        return pt_core_respond(r, pt_core_deliver(r, &r->early), NULL);
    switch (result) {
    case REF_CLAIM_FREE:
        return reserved(r);
    case REF_CLAIM_NONCE_TAKEN:
        return pt_core_respond(r, pt_core_replayed(r), "NS-1");
    case REF_CLAIM_KEY_BUSY:
        return busy(r);
    case REF_CLAIM_KEY_CONFLICT:
        return conflict(r);
    case REF_CLAIM_ANSWERED: /* by a request that overtook this one */
        if (r->core->rules == PT_RULES_HARDENED && !is_same_payment(r, found))
            return pt_core_respond(
                r, pt_core_conflict(r, "Idempotency key belongs to another payment"), "IK-5");
        return pt_core_respond(r, pt_core_replay(&found->answer), NULL);
    case REF_CLAIM_FULL:
        break;
    }
    return pt_core_unavailable(r);
}

/* Of defects that spend or keep what nothing was delivered for. */
static struct pt_action spend_only(struct pt_core_request *r, enum ref_claim_result result)
{
    struct ref_answer answer = {.status = r->response.status,
                                .content_type = r->response.content_type,
                                .body = r->response.body};

    if (result != REF_CLAIM_FREE)
        return pt_core_respond(r, r->response, NULL);
    return finish(r, REF_OUTCOME_SPENT, r->response, r->claim.key.len > 0 ? &answer : NULL);
}

struct pt_action pt_core_store(struct pt_core_request *r, enum assay_code code,
                               enum ref_claim_result result, const struct ref_found *found)
{
    if (code != ASSAY_OK)
        return pt_core_unavailable(r);
    switch (r->step) {
    case PT_STEP_LOOKUP:
        return looked_up(r, result, found);
    case PT_STEP_BEGIN:
    case PT_STEP_GLANCE:
        return begun(r, result, found);
    case PT_STEP_FINISH:
        return pt_core_respond(r, r->response, r->response.granted ? NULL : "CG-1");
    case PT_STEP_SPEND_ONLY:
        return spend_only(r, result);
    case PT_STEP_UNGLANCE:
        return pt_core_run(r, PT_STEP_UNGLANCE);
    case PT_STEP_NEW:
    case PT_STEP_ORIGIN:
    case PT_STEP_DONE:
    case PT_STEP_UNGATED:
    case PT_STEP_EARLY:
        break; /* no store call was asked for */
    }
    return pt_core_unavailable(r);
}

struct pt_action pt_core_gate(struct pt_core_request *r)
{
    if (r->claim.key.len > 0 && !REF_DEFECT(key_ignored))
        return pt_core_ask(r, PT_DO_STORE_LOOKUP, PT_STEP_LOOKUP);
    return pay(r);
}

struct pt_action pt_core_origin(struct pt_core_request *r, enum assay_code code,
                                const struct ref_answer *answer)
{
    struct pt_response response;

    if (r->step == PT_STEP_ORIGIN)
        return ran(r, code, answer);
    r->was_early = true;
    r->early_code = code;
    if (code == ASSAY_OK)
        r->early = *answer;
    if (r->step == PT_STEP_EARLY)
        return pt_core_gate(r);
    if (r->step == PT_STEP_UNGLANCE)
        return pt_core_ask(r, PT_DO_STORE_BEGIN, PT_STEP_BEGIN);
    response = code == ASSAY_OK ? pt_core_deliver(r, answer) : pt_core_failed(r, 502);
    response.granted = false;
    return pt_core_respond(r, response, NULL);
}
