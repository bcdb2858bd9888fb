/* A facilitator: payments that resource servers bring are judged, and settled. Source: Kaspa x402
 * exact digest, section 15; x402 v2 digest, section 4.
 *
 *  A settlement goes the way of a payment that is sold for (kx_settle.c): claimed durably,
 * submitted once, looked for on the chain, recorded, committed. What is another here:
 *
 *  The offer is the requirements of the resource server, and what the payer signed is bound to the
 * request hash that the resource server has computed; neither is ever taken from the payload.
 *
 *  The handler is the answer itself, which follows from what is stored. So whoever finds a payment
 * that is accepted goes on with it, and writes what all others write; copies wait for the chain
 * beside who has submitted.
 *
 *  Everything is told to the tenant who has brought it, and to no other: the fingerprint and the
 * identifier that the store knows are made of the tenant's name. The transaction itself is
 * everybody's coin, and is settled for one: another tenant is told invalid_transaction_state,
 * whatever became of it.
 *
 *  What has no known end is settlement_pending: the same request asks again, and the node is asked
 * what became of the transaction, which is not submitted anew. What failed before anything was
 * claimed is 503. */
#include "core/kx_core_internal.h"

#include "base/hex.h"
#include "base/planted.h"
#include "defects/defects.h"
#include "kaspa_x402/exact_write.h"
#include "kaspa_x402/settlement.h"

static const char json_type[] = "application/json";

/* ---- what it is ---- */

static const char *own_network(const struct kx_core_request *r)
{
    return r->core->network == KASPA_MAINNET ? KX_NETWORK_MAINNET : KX_NETWORK_TESTNET;
}

static void write_extra(struct assay_buf *out)
{
    assay_buf_add_byte(out, '{');
    kx_write_str(out, "asset", KX_ASSET);
    kx_write_str(out, "binding", KX_BINDING_EXACT);
    kx_write_str(out, "paymentFlow", "upfront");
    kx_write_str(out, "profile", kx_profile_name(KX_STANDARD_NATIVE));
    kx_write_str(out, "transactionEncoding", KX_ENCODING);
    assay_buf_add_byte(out, '}');
}

/* By CAIP-2, and none: payers sign their own transactions. */
static void write_signers(struct assay_buf *out, const struct kx_core_request *r)
{
    assay_buf_add_byte(out, '{');
    kx_write_name(out, REF_DEFECT(kx_fac_signers) ? "kaspa" : own_network(r));
    assay_buf_add_str(out, "[]}");
}

static struct kx_action tell_supported(struct kx_core_request *r)
{
    struct assay_json extra;
    struct assay_buf signers = ASSAY_BUF_INIT(KX_CORE_TEXT_MAX_BYTES);
    struct x402_kind kinds[] = {{.version = X402_VERSION,
                                 .scheme = ASSAY_LIT(KX_SCHEME_EXACT),
                                 .network = assay_str(own_network(r)),
                                 .modes_state = X402_MODES_KNOWN,
                                 .modes = r->core->fac->modes},
                                {.version = X402_VERSION,
                                 .scheme = ASSAY_LIT(X402_SCHEME_BATCH),
                                 .network = assay_str(own_network(r))}};

    assay_buf_clear(&r->offer_text);
    write_extra(&r->offer_text);
    write_signers(&signers, r);
    if (!assay_buf_ok(&signers) || !assay_buf_ok(&r->offer_text) ||
        x402_document_parse(&extra, &r->arena, assay_buf_view(&r->offer_text), true, NULL) !=
            ASSAY_OK) {
        assay_buf_fini(&signers);
        return kx_core_unavailable(r);
    }
    kinds[0].doc = kinds[1].doc = &extra;
    assay_buf_clear(&r->body);
    x402_supported_write(&r->body, kinds, REF_DEFECT(kx_fac_kinds_more) ? 2 : 1,
                         ASSAY_LIT("[\"payment-identifier\"]"), assay_buf_view(&signers));
    assay_buf_fini(&signers);
    return kx_core_say(r, 200, 0, "facilitator.supported");
}

/* ---- answers ---- */

bool kx_fac_only_verifies(const struct kx_core_request *r)
{
    return r->fac.call == KX_FAC_VERIFY;
}

bool kx_fac_tells(const struct kx_core_request *r, int status)
{
    return r->fac.call != KX_FAC_NONE && status != 429;
}

/* Something was claimed, and what becomes of it is not known. */
static bool is_pending(const struct kx_core_request *r, const char *error)
{
    return r->has_attempt && strcmp(error, KX_RECOVERY) == 0 && !REF_DEFECT(kx_fac_pending_failed);
}

static void write_verified(struct assay_buf *out, const char *reason, const char *payer)
{
    const struct x402_verified verified = {.is_valid = reason == NULL,
                                           .invalid_reason = assay_str(reason),
                                           .payer = assay_str(payer),
                                           .extra = ASSAY_JSON_NONE};

    x402_verified_write(out, &verified);
}

static void write_failure(struct kx_core_request *r, const char *reason, bool pending)
{
    const struct x402_settlement failure = {.transaction =
                                                assay_str(pending ? r->attempt.txid : ""),
                                            .network = r->fac.network,
                                            .error_reason = assay_str(reason),
                                            .extensions = ASSAY_JSON_NONE};

    x402_settlement_write(&r->body, &failure);
}

/* A refusal is 200, what breaks the envelope 400, and our own trouble 503: who reads no more than
 * the status does not take it for the payer's fault. */
struct kx_action kx_fac_refuse(struct kx_core_request *r, int status, const char *error,
                               const char *rule)
{
    bool verifies = kx_fac_only_verifies(r), pending = !verifies && is_pending(r, error);
    bool failed = !pending && status >= 500;
    const char *reason = error;

    if (pending)
        reason = X402_REASON_PENDING;
    else if (failed)
        reason = verifies ? "unexpected_verify_error" : kx_wire_text(KX_WIRE_SETTLE);
    assay_buf_clear(&r->body);
    if (verifies)
        write_verified(&r->body, reason, NULL);
    else
        write_failure(r, reason, pending);
    if (REF_DEFECT(kx_fac_input_fails) && status == 400)
        return kx_core_say(r, 500, 0, rule);
    if (failed && !REF_DEFECT(kx_fac_pending_failed))
        return kx_core_say(r, 503, 1, rule);
    return kx_core_say(r, status == 400 ? 400 : 200, 0, rule);
}

struct kx_action kx_fac_valid(struct kx_core_request *r)
{
    char payer[KASPA_ADDRESS_TEXT_MAX_BYTES];

    kx_payer_text(payer, r->core->network, r->verdict.payer);
    assay_buf_clear(&r->body);
    write_verified(&r->body, NULL, payer);
    return kx_core_say(r, 200, 0, NULL);
}

static struct kx_action malformed(struct kx_core_request *r, enum assay_code code, const char *rule)
{
    if (code == ASSAY_E_NOMEM)
        return kx_core_unavailable(r);
    return kx_fac_refuse(r, 400, kx_wire_text(KX_WIRE_PAYLOAD), rule);
}

static struct kx_action refuse(struct kx_core_request *r, enum kx_wire reason, const char *rule)
{
    return kx_fac_refuse(r, 402, kx_wire_text(reason), rule);
}

/* ---- by what a payment is known ---- */

static enum assay_code name_of(char *out, const char *domain, const struct kx_core_request *r,
                               struct assay_bytes what)
{
    struct assay_buf text = ASSAY_BUF_INIT(KX_CORE_TEXT_MAX_BYTES);
    enum assay_code rc;

    assay_buf_add_str(&text, domain);
    assay_json_add_string(&text,
                          assay_str(REF_DEFECT(kx_fac_tenant_shared) ? "" : r->fac.tenant->name));
    assay_json_add_string(&text, what);
    if ((rc = text.bad) == ASSAY_OK)
        x402_hash_text(out, assay_buf_view(&text));
    assay_buf_fini(&text);
    return rc;
}

static enum assay_code name_payment(struct kx_core_request *r)
{
    struct kx_fac_state *f = &r->fac;
    enum assay_code rc;

    if ((rc = kx_core_name_payment(r)) != ASSAY_OK ||
        (rc = name_of(r->fingerprint, "assay:facilitator:request:v1", r,
                      assay_str(f->request_hash))) != ASSAY_OK ||
        (rc = name_of(f->identifier, "assay:facilitator:identifier:v1", r, r->identifier)) !=
            ASSAY_OK)
        return rc;
    r->identifier = assay_str(f->identifier);
    return ASSAY_OK;
}

/* ---- the payment ---- */

static struct kx_action read_terms(struct kx_core_request *r)
{
    struct assay_err err = {0};
    enum assay_code rc;

    r->fault = kx_terms_read(&r->terms, &r->arena, &r->doc, &r->payment.envelope.accepted, &err);
    if (r->fault != KX_TERMS_OK && err.code == ASSAY_E_NOMEM)
        return kx_core_unavailable(r);
    if (r->fault == KX_TERMS_OK && r->terms.profile != KX_STANDARD_NATIVE)
        return refuse(r, KX_WIRE_REQUIREMENTS, "facilitator.kind");
    if ((rc = name_payment(r)) != ASSAY_OK)
        return malformed(r, rc, "facilitator.form");
    return kx_core_admit(r);
}

/* The payment by itself, as a payer sends it. */
static struct kx_action read_payment(struct kx_core_request *r)
{
    struct assay_bytes text =
        assay_json_raw(&r->fac.doc, assay_json_member(&r->fac.doc, 0, "paymentPayload"));
    struct assay_err err = {0};
    enum kx_local local;
    enum assay_code rc;

    rc = x402_document_parse(&r->doc, &r->arena, text, !REF_DEFECT(kx_fac_members_twice), &err);
    if (rc != ASSAY_OK)
        return malformed(r, rc, "facilitator.form");
    local = kx_payment_read(&r->payment, &r->arena, &r->doc, &err);
    if (local != KX_LOCAL_NONE && err.code == ASSAY_E_NOMEM)
        return kx_core_unavailable(r);
    if (local != KX_LOCAL_NONE)
        return refuse(r, kx_wire_of(local), "facilitator.form");
    if (r->payment.identifier.id.len == 0)
        return refuse(r, KX_WIRE_PAYLOAD, kx_exact_rules[KX_EXACT_IDENTIFIER].id);
    if (r->fac.request_hash[0] == '\0' || REF_DEFECT(kx_fac_hash_inferred))
        assay_hex_encode(r->fac.request_hash,
                         assay_bytes_of(r->payment.request_hash, sizeof(r->payment.request_hash)));
    r->request.request_hash = r->fac.request_hash;
    return read_terms(r);
}

/* The resource server's own computation, without which nothing says what the payment is for. */
static bool read_request_hash(struct kx_core_request *r)
{
    struct kx_fac_state *f = &r->fac;
    uint8_t hash[32];

    if (f->request.request_hash.len == 0 && REF_DEFECT(kx_fac_hash_optional))
        return true;
    if (assay_hex_decode(hash, sizeof(hash),
                         PLANTED(fac_hash)
                             ? assay_bytes_part(f->request.request_hash, 0, 2 * sizeof(hash))
                             : f->request.request_hash,
                         false) != ASSAY_OK)
        return false;
    assay_hex_encode(f->request_hash, assay_bytes_of(hash, sizeof(hash)));
    return true;
}

/* What is asked of which kind: NONE where it is published. */
static enum kx_wire unpublished(const struct kx_core_request *r)
{
    const struct x402_terms *wanted = &r->fac.request.requirements;
    unsigned mode = kx_fac_only_verifies(r) ? X402_MODE_VERIFY : X402_MODE_SETTLE;

    if (!assay_bytes_is(wanted->scheme, KX_SCHEME_EXACT))
        return KX_WIRE_UNSUPPORTED_SCHEME;
    if (!assay_bytes_is(wanted->network, own_network(r)) && !REF_DEFECT(kx_fac_kind_network))
        return KX_WIRE_NETWORK;
    return (r->core->fac->modes & mode) != 0 || REF_DEFECT(kx_fac_kind_mode)
               ? KX_WIRE_NONE
               : KX_WIRE_UNSUPPORTED_SCHEME;
}

static struct kx_action read_body(struct kx_core_request *r)
{
    struct kx_fac_state *f = &r->fac;
    struct assay_err err = {0};
    enum kx_wire missing;
    enum assay_code rc;

    rc = x402_document_parse(&f->doc, &r->arena, r->event.body, !REF_DEFECT(kx_fac_members_twice),
                             &err);
    if (rc != ASSAY_OK)
        return malformed(r, rc, "facilitator.form");
    if (x402_request_read(&f->request, &r->arena, &f->doc, &err) != X402_FAULT_NONE)
        return malformed(r, err.code, "facilitator.form");
    f->network = f->request.requirements.network;
    if ((missing = unpublished(r)) != KX_WIRE_NONE)
        return refuse(r, missing, "facilitator.kind");
    if (!read_request_hash(r))
        return malformed(r, ASSAY_OK, "facilitator.request-hash");
    return read_payment(r);
}

/* ---- the order of decisions ---- */

static bool is_json(struct assay_bytes type)
{
    size_t end = REF_DEFECT(kx_fac_media_exact) ? type.len : assay_bytes_find(type, ';', 0);
    struct assay_bytes name = assay_bytes_part(type, 0, end);

    while (name.len > 0 && name.at[name.len - 1] == ' ')
        name.len--;
    return assay_bytes_equal_nocase(name, assay_str(json_type));
}

static const struct {
    const char *method, *path;
    enum kx_fac_call call;
} calls[] = {
    {"GET", X402_PATH_SUPPORTED, KX_FAC_NONE},
    {"POST", X402_PATH_VERIFY, KX_FAC_VERIFY},
    {"POST", X402_PATH_SETTLE, KX_FAC_SETTLE},
};

/* Its index in calls, or their count. The query is nobody's business, and a method is one in any
 * case (section 15). */
static size_t find_call(const struct kx_core_request *r)
{
    struct assay_bytes target = r->event.target;
    struct assay_bytes path = assay_bytes_part(target, 0, assay_bytes_find(target, '?', 0));
    size_t i = 0;

    if (REF_DEFECT(kx_fac_path_lenient) && path.len > 1 && path.at[path.len - 1] == '/')
        path.len--;
    while (i < ARRAY_LEN(calls) &&
           (!assay_bytes_is(path, calls[i].path) ||
            !assay_bytes_equal_nocase(r->event.method, assay_str(calls[i].method))))
        i++;
    return i;
}

/* Of a defect: who asks without being anybody. */
static const struct kx_principal *nobody(void)
{
    static const struct kx_principal anonymous = {.name = ""};

    return REF_DEFECT(kx_fac_unauthenticated) ? &anonymous : NULL;
}

struct kx_action kx_fac_decide(struct kx_core_request *r, const char *limit)
{
    size_t call = find_call(r);

    if (limit != NULL)
        return kx_core_busy(r, 429, limit, "facilitator.limits");
    if (call == ARRAY_LEN(calls))
        return kx_core_refuse(r, 404, "not_found", NULL);
    if (calls[call].call == KX_FAC_NONE)
        return tell_supported(r);
    r->fac.tenant = kx_core_principal(r->core, r->event.authorization);
    if (r->fac.tenant == NULL && (r->fac.tenant = nobody()) == NULL)
        return kx_core_unauthorized(r);
    r->fac.call = calls[call].call;
    if (!is_json(r->event.content_type) && !REF_DEFECT(kx_fac_media_any))
        return malformed(r, ASSAY_OK, "facilitator.form");
    return read_body(r);
}

/* ---- judging ---- */

void kx_fac_write_offer(struct kx_core_request *r)
{
    const struct assay_json *doc = REF_DEFECT(kx_fac_requirements_echoed) ? &r->doc : &r->fac.doc;
    uint32_t token = REF_DEFECT(kx_fac_requirements_echoed) ? r->payment.envelope.accepted.token
                                                            : r->fac.request.requirements.token;
    struct assay_buf *out = &r->offer_text;

    assay_buf_clear(out);
    assay_buf_add_str(out, "{\"accepts\":[");
    assay_buf_add(out, assay_json_raw(doc, token));
    assay_buf_add_str(out, "],\"resource\":{");
    kx_write_str(out, "url", r->core->base_url);
    assay_buf_add_byte(out, '}');
    kx_write_number(out, "x402Version", X402_VERSION);
    assay_buf_add_byte(out, '}');
}

/* How the resource server has advertised the identifier is not told to us. */
bool kx_fac_leaves_open(const struct kx_core_request *r, enum kx_exact_rule rule)
{
    if (r->core->fac == NULL)
        return false;
    return rule == KX_EXACT_IDENTIFIER_ECHO ||
           (REF_DEFECT(kx_fac_settle_trusts) && r->fac.call == KX_FAC_SETTLE);
}

/* ---- the end ---- */

/* Of defects: what a success must say, and does not. */
static void write_settlement(struct kx_core_request *r)
{
    struct x402_settlement said = {.success = true,
                                   .transaction = assay_str(r->attempt.txid),
                                   .network = r->fac.network,
                                   .extensions = ASSAY_JSON_NONE};

    if (REF_DEFECT(kx_fac_result_bare))
        said.transaction = ASSAY_LIT("");
    if (REF_DEFECT(kx_fac_result_network))
        said.network = ASSAY_LIT(KX_NETWORK_MAINNET);
    assay_buf_clear(&r->body);
    if (REF_DEFECT(kx_fac_result_bare) || REF_DEFECT(kx_fac_result_network))
        x402_settlement_write(&r->body, &said);
    else
        kx_core_write_settlement(&r->body, r);
}

struct kx_action kx_fac_settled(struct kx_core_request *r)
{
    write_settlement(r);
    if (!assay_buf_ok(&r->body))
        return kx_core_pending(r, NULL);
    r->result = (struct kx_result){.status = 200, .body = assay_buf_view(&r->body)};
    r->result.headers[0] = (struct kx_field){ASSAY_LIT("Content-Type"), assay_str(json_type)};
    r->result.header_count = 1;
    return kx_core_ask(r, KX_ASK_RESULT);
}

/* A refusal would be taken for one of the payment, which is long the resource server's. */
struct kx_action kx_fac_recall(struct kx_core_request *r)
{
    const struct x402_settlement said = {.success = true,
                                         .transaction = assay_str(r->txid),
                                         .network = r->fac.network,
                                         .extensions = ASSAY_JSON_NONE};

    assay_buf_clear(&r->body);
    x402_settlement_write(&r->body, &said);
    return kx_core_say(r, 200, 0, "store.retention");
}

bool kx_fac_looks_again(struct kx_core_request *r)
{
    bool looks = r->core->fac != NULL && !r->is_second_search;

    r->is_second_search = r->is_second_search || looks;
    return looks;
}
