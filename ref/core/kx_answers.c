/* The answers of a Kaspa x402 server, and the actions that lead to them. Source: Kaspa x402 exact
 * digest, sections 2.4, 2.5 and 14. */
#include "base/base64.h"
#include "base/decimal.h"
#include "base/hex.h"
#include "base/url.h"
#include "core/kx_core_internal.h"
#include "defects/defects.h"
#include "kaspa_x402/exact_write.h"
#include "kaspa_x402/settlement.h"

#include <assert.h>

static const char json_type[] = "application/json";

/* ---- actions ---- */

static struct kx_action act(struct kx_core_request *r, enum kx_do kind)
{
    r->expected = kind;
    return (struct kx_action){
        .kind = kind,
        .identifier = r->identifier,
        .txid = r->txid,
        .scope = r->scope,
        .at_ms = r->now_ms,
        .channel_id = r->scope,
        .channel = &r->batch.moved,
        .reason = ASSAY_LIT(""),
        .target = r->target,
    };
}

/* For an operator: why nobody but he can end an attempt. */
static const char *recovery_reason(const struct kx_core_request *r)
{
    if (r->batch.is_expired)
        return "the presentation has expired before the handler ran: it has not run";
    if (r->batch.has_moved)
        return "the channel has moved while the handler ran: say whether its charge stands";
    return "the handler failed, or its answer is above the limits";
}

struct kx_action kx_core_ask(struct kx_core_request *r, enum kx_ask ask)
{
    struct kx_action action = act(r, KX_DO_STORE);

    r->ask = action.ask = ask;
    if (ask == KX_ASK_CLAIM)
        action.at_ms = r->attempt.claimed_ms;
    if (ask == KX_ASK_BEGIN)
        r->started_ms = r->now_ms;
    if (ask == KX_ASK_RESET)
        action.at_ms = r->started_ms;
    action.attempt = &r->attempt;
    action.result = &r->result;
    action.record = &r->record;
    action.head = &r->head_record;
    if (r->fault == KX_TERMS_OK)
        memcpy(action.head_id, r->terms.head.id, sizeof(action.head_id));
    action.key = r->event.random;
    action.finality = r->reached;
    action.reason = assay_str(recovery_reason(r));
    return action;
}

struct kx_action kx_core_run(struct kx_core_request *r, enum kx_run run)
{
    r->run = run;
    return act(r, KX_DO_ORIGIN);
}

struct kx_action kx_core_look(struct kx_core_request *r, int64_t wait_ms)
{
    struct kx_action action = act(r, KX_DO_LOOK);

    assay_arena_fini(&r->scratch);
    action.look = &r->look;
    action.wait_ms = wait_ms;
    return action;
}

struct kx_action kx_core_submit(struct kx_core_request *r)
{
    struct kx_action action = act(r, KX_DO_SUBMIT);

    action.tx = &r->tx;
    return action;
}

struct kx_action kx_core_facilitate(struct kx_core_request *r, const struct x402_ask *ask,
                                    const struct x402_expected *expected,
                                    enum kx_facilitator_call call)
{
    struct kx_action action = act(r, KX_DO_FACILITATOR);

    action.call = call;
    action.facilitator = ask;
    action.expected = expected;
    return action;
}

/* ---- responses ---- */

static struct kx_action respond(struct kx_core_request *r, struct kx_response response,
                                const char *rule)
{
    struct kx_action action = act(r, KX_DO_RESPOND);

    action.response = response;
    action.response.no_store = response.no_store && !REF_DEFECT(kx_cacheable) &&
                               !(REF_DEFECT(x402_challenge_cacheable) && response.status >= 400);
    action.rule = rule;
    return action;
}

static void add_field(struct kx_core_request *r, struct kx_response *response, const char *name,
                      struct assay_bytes value)
{
    r->fields[response->header_count++] = (struct kx_field){assay_str(name), value};
    response->headers = r->fields;
}

static struct kx_response json_response(int status, struct assay_bytes body)
{
    return (struct kx_response){
        .status = status, .body = body, .content_type = assay_str(json_type), .no_store = true};
}

/* {"error":…}: a wire reason or a word of this server, never a diagnostic (section 2.4). */
static struct kx_response error_response(struct kx_core_request *r, int status, const char *error)
{
    struct kx_response response;

    assay_buf_clear(&r->body);
    assay_buf_add_byte(&r->body, '{');
    kx_write_str(&r->body, "error", error);
    assay_buf_add_byte(&r->body, '}');
    response = json_response(assay_buf_ok(&r->body) ? status : 503,
                             assay_buf_ok(&r->body) ? assay_buf_view(&r->body) : ASSAY_LIT("{}"));
    response.error = error;
    return response;
}

struct kx_action kx_core_refuse(struct kx_core_request *r, int status, const char *error,
                                const char *rule)
{
    if (kx_fac_tells(r, status))
        return kx_fac_refuse(r, status, error, rule);
    return respond(r, error_response(r, status, error), rule);
}

struct kx_action kx_core_busy(struct kx_core_request *r, int status, const char *error,
                              const char *rule)
{
    struct kx_response response;

    if (kx_fac_tells(r, status))
        return kx_fac_refuse(r, status, error, rule);
    response = error_response(r, status, error);
    response.retry_after_s = 1;
    return respond(r, response, rule);
}

struct kx_action kx_core_unavailable(struct kx_core_request *r)
{
    return kx_core_busy(r, 503, KX_GATEWAY, NULL);
}

const char *kx_core_recovery(const struct kx_core_request *r)
{
    return r->is_batch ? KX_BATCH_RECOVERY : KX_RECOVERY;
}

struct kx_action kx_core_pending(struct kx_core_request *r, const char *rule)
{
    return kx_core_busy(r, 503, kx_core_recovery(r), rule);
}

struct kx_action kx_core_wrong_method(struct kx_core_request *r, const char *allow)
{
    struct kx_response response = error_response(r, 405, "method_not_allowed");

    add_field(r, &response, "Allow", assay_str(allow));
    return respond(r, response, "http.method");
}

struct kx_action kx_core_unauthorized(struct kx_core_request *r)
{
    struct kx_response response = error_response(r, 401, "unauthorized");

    add_field(r, &response, "WWW-Authenticate", ASSAY_LIT("Bearer"));
    return respond(r, response, "facilitator.authentication");
}

struct kx_action kx_core_say(struct kx_core_request *r, int status, unsigned retry_after_s,
                             const char *rule)
{
    struct kx_response response =
        json_response(assay_buf_ok(&r->body) ? status : 503,
                      assay_buf_ok(&r->body) ? assay_buf_view(&r->body) : ASSAY_LIT("{}"));

    response.retry_after_s = retry_after_s;
    return respond(r, response, rule);
}

/* Of defects: a page for browsers, with what they asked for as it came. */
static struct kx_response page_response(struct kx_core_request *r)
{
    struct assay_bytes query = assay_bytes_part(
        r->event.target, assay_bytes_find(r->event.target, '?', 0), r->event.target.len);

    assay_buf_clear(&r->body);
    assay_buf_add_str(&r->body, "<!doctype html><title>402</title><p>");
    assay_query_decode(&r->body, query, true);
    return (struct kx_response){.status = 402,
                                .body = assay_buf_view(&r->body),
                                .content_type = ASSAY_LIT("text/html; charset=utf-8"),
                                .no_store = true};
}

static bool is_ascii(struct assay_bytes text)
{
    size_t i = 0;

    while (i < text.len && text.at[i] < 0x80)
        i++;
    return i == text.len;
}

/* The reason stands in the offer, and alone in the body; who sent no payment that could be read is
 * given the offer there too, which simple clients read. */
struct kx_action kx_core_challenge_answer(struct kx_core_request *r)
{
    struct assay_bytes offer = assay_buf_view(&r->offer_text);
    struct kx_response response;

    assay_buf_clear(&r->required);
    assay_base64_encode(&r->required, ASSAY_BASE64_STD, offer);
    if (!assay_buf_ok(&r->offer_text) || !assay_buf_ok(&r->required))
        return kx_core_unavailable(r);
    if (REF_DEFECT(x402_ascii) && !is_ascii(offer))
        return kx_core_refuse(r, 500, KX_GATEWAY, r->rule);
    if (REF_DEFECT(kx_local_codes) && r->broken != KX_EXACT__COUNT)
        r->error = kx_local_text(r->verdict.checks[r->broken].local);
    response = r->error != NULL ? error_response(r, 402, r->error) : json_response(402, offer);
    if (REF_DEFECT(x402_page))
        response = page_response(r);
    if (!REF_DEFECT(kx_challenge_bare))
        add_field(r, &response, "PAYMENT-REQUIRED", assay_buf_view(&r->required));
    if (r->facilitated.has_failed && !REF_DEFECT(fac_unreceipted))
        add_field(r, &response, "PAYMENT-RESPONSE", assay_buf_view(&r->receipt));
    return respond(r, response, r->rule);
}

/* ---- answers of the handler ---- */

/* What says something of the handler's own connection, or is said by this server. */
static bool is_dropped(struct assay_bytes name)
{
    static const char *const dropped[] = {"Cache-Control", "Connection",        "Content-Length",
                                          "Date",          "Keep-Alive",        "TE",
                                          "Trailer",       "Transfer-Encoding", "Upgrade",
                                          "X-PAYMENT",     "X-PAYMENT-RESPONSE"};
    struct assay_bytes front = ASSAY_LIT("PAYMENT-");

    if (REF_DEFECT(kx_cache_control_kept) &&
        assay_bytes_equal_nocase(name, ASSAY_LIT("Cache-Control")))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(dropped); i++) {
        if (assay_bytes_equal_nocase(name, assay_str(dropped[i])))
            return true;
    }
    return assay_bytes_equal_nocase(assay_bytes_part(name, 0, front.len), front);
}

bool kx_core_clean(struct kx_result *out, const struct kx_result *in)
{
    size_t bytes = in->body.len;

    *out = (struct kx_result){.status = in->status, .body = in->body};
    assert(in->header_count <= ARRAY_LEN(in->headers));
    if (bytes > KX_STORE_RESULT_MAX_BYTES)
        return false;
    for (size_t i = 0; i < in->header_count; i++) {
        const struct kx_field *field = &in->headers[i];

        if (is_dropped(field->name))
            continue;
        if (out->header_count == KX_STORE_HEADERS_MAX ||
            field->name.len > KX_STORE_RESULT_MAX_BYTES - bytes ||
            field->value.len > KX_STORE_RESULT_MAX_BYTES - bytes - field->name.len)
            return false;
        bytes += field->name.len + field->value.len;
        out->headers[out->header_count++] = *field;
    }
    return true;
}

/* The finality that is told is the one that was asked for: what was reached may rise while copies
 * of the request are on their way, and they are all to be given one answer. */
void kx_core_write_settlement(struct assay_buf *out, struct kx_core_request *r)
{
    char txid[X402_HASH_TEXT_BYTES];
    char in_kas[ASSAY_DECIMAL_TEXT_MAX_BYTES];
    bool is_fac = r->core->fac != NULL;
    struct kx_terms terms = r->terms;
    struct kx_settled settled = {
        .terms = &terms,
        .transaction_id = txid,
        .fingerprint = is_fac ? r->fac.request_hash : r->attempt.fingerprint,
        .output_index = r->attempt.output_index,
        .finality = r->attempt.required,
        .payer = r->attempt.payer,
    };

    assay_hex_encode(txid, assay_bytes_of(r->look.txid.at, sizeof(r->look.txid.at)));
    if (REF_DEFECT(kx_receipt_wrong)) {
        assay_decimal_price_text(in_kas, terms.amount, 8);
        terms.amount_text = assay_str(in_kas);
    }
    kx_settlement_write(out, &settled);
}

enum assay_code kx_core_write_receipt(struct kx_core_request *r)
{
    struct assay_buf text = ASSAY_BUF_INIT(KX_CORE_TEXT_MAX_BYTES);

    assay_buf_clear(&r->receipt);
    if (r->is_facilitated)
        kx_facilitated_add_receipt(&text, r);
    else if (r->is_batch)
        kx_batch_add_receipt(&text, r);
    else
        kx_core_write_settlement(&text, r);
    assay_base64_encode(&r->receipt, ASSAY_BASE64_STD, assay_buf_view(&text));
    if (!assay_buf_ok(&text))
        r->receipt.bad = text.bad;
    assay_buf_fini(&text);
    return r->receipt.bad;
}

static void copy_text(char *out, const char *text)
{
    memcpy(out, text, X402_HASH_TEXT_BYTES);
}

enum assay_code kx_core_write_answer(struct kx_core_request *r)
{
    struct kx_payment_record *record = &r->record;
    struct kx_result *answer = &record->answer;
    bool is_fac = r->core->fac != NULL; /* its answer is the settlement */
    enum assay_code rc = is_fac ? ASSAY_OK : kx_core_write_receipt(r);

    *record = (struct kx_payment_record){.output_index = r->attempt.output_index,
                                         .identifier = r->attempt.identifier,
                                         .committed_ms = r->now_ms};
    copy_text(record->txid, r->attempt.txid);
    copy_text(record->fingerprint, r->attempt.fingerprint);
    copy_text(record->payload_hash, r->attempt.payload_hash);
    copy_text(record->scope, r->attempt.scope);
    if (rc == ASSAY_OK && r->is_facilitated)
        rc = kx_facilitated_name_settlement(record->settlement, r);
    if (rc == ASSAY_OK && !kx_core_clean(answer, &r->result))
        rc = ASSAY_E_TOO_LARGE;
    if (!is_fac && !REF_DEFECT(kx_receipt_missing))
        answer->headers[answer->header_count++] =
            (struct kx_field){ASSAY_LIT("PAYMENT-RESPONSE"), assay_buf_view(&r->receipt)};
    return rc;
}

/* Of defects: what a stored answer has lost. */
static bool is_lost(struct assay_bytes name)
{
    return (REF_DEFECT(kx_cache_type) &&
            assay_bytes_equal_nocase(name, ASSAY_LIT("Content-Type"))) ||
           (REF_DEFECT(kx_cache_receipt) && assay_bytes_is(name, "PAYMENT-RESPONSE"));
}

/* Header fields as they are, but for the content type, which has its own place. */
static struct kx_response answer_response(struct kx_core_request *r, const struct kx_result *answer,
                                          bool is_stored)
{
    struct kx_response response = {
        .status = answer->status, .body = answer->body, .content_type = ASSAY_LIT("")};

    if (is_stored && REF_DEFECT(kx_cache_status))
        response.status = 200;
    for (size_t i = 0; i < answer->header_count; i++) {
        const struct kx_field *field = &answer->headers[i];

        if (is_stored && is_lost(field->name))
            continue;
        if (assay_bytes_equal_nocase(field->name, ASSAY_LIT("Content-Type")))
            response.content_type = field->value;
        else
            r->fields[response.header_count++] = *field;
    }
    response.headers = r->fields;
    return response;
}

struct kx_action kx_core_deliver(struct kx_core_request *r, const struct kx_result *answer,
                                 bool is_stored)
{
    struct kx_response response = answer_response(r, answer, is_stored);

    response.no_store = !REF_DEFECT(kx_cache_control_kept);
    return respond(r, response, NULL);
}

struct kx_action kx_core_pass_on(struct kx_core_request *r, const struct kx_result *answer)
{
    struct kx_result cleaned;

    if (!kx_core_clean(&cleaned, answer))
        return kx_core_refuse(r, 502, KX_GATEWAY, NULL);
    return respond(r, answer_response(r, &cleaned, false), NULL);
}
