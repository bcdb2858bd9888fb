/* The operations of the exact scheme beside the whole judgement: terms, the hashes that bind a
 * payment, its deadlines and its finality. */
#include "run/operations_exact.h"

#include "base/hex.h"
#include "base/sig.h"
#include "kaspa/safejson.h"
#include "kaspa/txid.h"
#include "kaspa_x402/settlement.h"

/* ---- terms ---- */

static json_t *head_json(const struct kx_terms *terms)
{
    const struct kx_head *head = &terms->head;

    return json_pack(
        "{s:o, s:o, s:{s:o, s:i}, s:o, s:o}", "headId",
        kaspa_out_hex(assay_bytes_of(head->id, sizeof(head->id))), "headVersion",
        kaspa_out_u64(head->version), "expectedHeadOutpoint", "txid",
        kaspa_out_hash(&head->outpoint.txid), "index", (int)head->outpoint.index, "headAmount",
        kaspa_out_u64(head->amount), "challengeId",
        kaspa_out_hex(assay_bytes_of(terms->challenge_id, sizeof(terms->challenge_id))));
}

static enum operation_answer exact_terms(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"requirements", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    struct kx_terms terms;
    struct assay_json doc;

    if (operation_members(in, members, err))
        answer = exact_in_terms(&terms, &doc, &arena, in, result, err);
    if (answer == OPERATION_OK) {
        *result = json_pack(
            "{s:s, s:s, s:o, s:o, s:s, s:I}", "profile", kx_profile_name(terms.profile), "network",
            terms.network == KASPA_TESTNET ? KX_NETWORK_TESTNET : KX_NETWORK_MAINNET, "amount",
            kaspa_out_u64(terms.amount), "payToScriptPublicKey", kaspa_out_hex(terms.spk),
            "finality", kx_finality_name(terms.finality), "maxTimeoutSeconds",
            (json_int_t)terms.max_timeout_s);
        if (terms.profile != KX_STANDARD_NATIVE)
            json_object_set_new(*result, "head", head_json(&terms));
    }
    assay_arena_fini(&arena);
    return answer;
}

static enum operation_answer exact_challenge_id(const json_t *in, json_t **result,
                                                struct assay_err *err)
{
    static const char *const members[] = {"requirements", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    char id[X402_HASH_TEXT_BYTES];
    struct kx_terms terms;
    struct assay_json doc;

    if (operation_members(in, members, err))
        answer = exact_in_terms(&terms, &doc, &arena, in, result, err);
    if (answer == OPERATION_OK && terms.profile != KX_ADDITIVE) {
        answer = exact_refused(result, kx_exact_rules[KX_EXACT_CHALLENGE].id, KX_LOCAL_PAYLOAD,
                               "only the additive profile derives its challenge");
    } else if (answer == OPERATION_OK) {
        if (kx_additive_challenge_id(id, &terms) == ASSAY_OK)
            *result = json_pack("{s:s}", "challengeId", id);
    }
    assay_arena_fini(&arena);
    return answer;
}

/* ---- hashes ---- */

/* What has no canonical form is no requirement that could be accepted. */
static enum operation_answer requirements_in(char *out, struct assay_json *doc,
                                             struct assay_arena *arena, const json_t *in,
                                             json_t **result, struct assay_err *err)
{
    enum operation_answer answer = exact_in_message(doc, arena, in, "requirements", result, err);
    struct assay_err why = {0};

    if (answer != OPERATION_OK || kx_requirements_hash(out, doc, 0, &why) == ASSAY_OK)
        return answer;
    return exact_refused_form(result, &why, err);
}

static enum operation_answer exact_requirements_hash(const json_t *in, json_t **result,
                                                     struct assay_err *err)
{
    static const char *const members[] = {"requirements", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    char hash[X402_HASH_TEXT_BYTES];
    struct assay_json doc;

    if (operation_members(in, members, err))
        answer = requirements_in(hash, &doc, &arena, in, result, err);
    if (answer == OPERATION_OK)
        *result = json_pack("{s:s}", "requirementsHash", hash);
    assay_arena_fini(&arena);
    return answer;
}

/* A hash as a text, or NULL where it is absent. */
static bool hash_text_in(const char **out, const json_t *in, const char *member,
                         struct assay_err *err)
{
    struct kaspa_hash hash;

    *out = json_string_value(json_object_get(in, member));
    return json_object_get(in, member) == NULL || kaspa_in_hash(&hash, in, member, err);
}

/* Why a request has no fingerprint: a caller or a hash of the host's that is none. */
static enum operation_answer refuse_context(json_t **result, const struct assay_err *why,
                                            struct assay_err *err)
{
    if (why->code != ASSAY_E_NOMEM)
        return exact_refused(result, "access.tenant", KX_LOCAL_PAYLOAD, why->text);
    assay_fail(err, why->code, 0, "%s", why->text);
    return OPERATION_ERROR;
}

static enum operation_answer request_hash_of(json_t **result, struct exact_request *r,
                                             const char *requirements, struct assay_err *err)
{
    const struct kx_context *context = r->request.context;
    char base[X402_HASH_TEXT_BYTES], bound[X402_HASH_TEXT_BYTES];
    struct assay_err why = {0};

    r->request.context = NULL;
    if (kx_fingerprint(base, &r->request, requirements, &why) != ASSAY_OK)
        return refuse_context(result, &why, err);
    r->request.context = context;
    if (kx_fingerprint(bound, &r->request, requirements, &why) != ASSAY_OK)
        return refuse_context(result, &why, err);
    *result = json_pack("{s:s%, s:s, s:s}", "url", r->request.url.at, r->request.url.len,
                        "requestHash", base, "fingerprint", bound);
    return OPERATION_OK;
}

static enum operation_answer exact_request_hash(const json_t *in, json_t **result,
                                                struct assay_err *err)
{
    static const char *const members[] = {"request", "requirementsHash", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    struct exact_request r = {.arena = &arena};
    const char *requirements;

    if (operation_members(in, members, err) &&
        hash_text_in(&requirements, in, "requirementsHash", err))
        answer = exact_in_request(&r, json_object_get(in, "request"), result, err);
    if (answer == OPERATION_OK)
        answer = request_hash_of(result, &r, requirements, err);
    assay_arena_fini(&arena);
    return answer;
}

static enum operation_answer exact_context_hash(const json_t *in, json_t **result,
                                                struct assay_err *err)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    struct exact_request r = {.arena = &arena};
    char hash[X402_HASH_TEXT_BYTES];
    struct assay_err why = {0};

    if (exact_in_context(&r, in, err)) {
        answer = OPERATION_OK;
        if (kx_context_hash(hash, &r.context, &why) == ASSAY_OK)
            *result = json_pack("{s:s}", "securityContextHash", hash);
        else
            answer = refuse_context(result, &why, err);
    }
    assay_arena_fini(&arena);
    return answer;
}

/* ---- authorizations ---- */

struct authorizing {
    struct assay_arena arena;
    struct assay_json doc;
    struct kx_terms terms;
    char requirements[X402_HASH_TEXT_BYTES];
    struct kx_authorized authorized;
    const char *identifier, *expires_at;
};

static bool authorized_in(struct authorizing *a, const json_t *in, struct assay_err *err)
{
    struct kx_authorized *out = &a->authorized;

    if (!hash_text_in(&out->transaction_id, in, "transactionId", err) ||
        !hash_text_in(&out->fingerprint, in, "requestHash", err) ||
        !kaspa_in_small(&out->output_index, in, "paymentOutputIndex", UINT32_MAX, err) ||
        !kaspa_in_small(&out->input_index, in, "inputIndex", UINT32_MAX, err) ||
        (a->identifier = operation_text(in, "paymentIdentifier", true, err)) == NULL ||
        (a->expires_at = operation_text(in, "expiresAt", true, err)) == NULL)
        return false;
    if (out->transaction_id == NULL || out->fingerprint == NULL) {
        assay_fail(err, ASSAY_E_MISSING, 0, "expected the members transactionId and requestHash");
        return false;
    }
    out->terms = &a->terms;
    out->requirements_hash = a->requirements;
    out->identifier = assay_str(a->identifier);
    out->expires_at = assay_str(a->expires_at);
    return true;
}

/* The signature, where there is one, is of that key. */
static enum operation_answer check_signature(json_t **result, struct authorizing *a,
                                             const uint8_t *digest, const json_t *in,
                                             struct assay_err *err)
{
    struct kx_authorization signed_one = {.version = ASSAY_LIT(KX_AUTHORIZATION),
                                          .input_index = a->authorized.input_index,
                                          .expires_at = a->authorized.expires_at};
    char id[X402_HASH_TEXT_BYTES];
    struct assay_bytes signature;
    struct kaspa_hash key;

    if (json_object_get(in, "signature") == NULL)
        return OPERATION_OK;
    if (!kaspa_in_hash(&key, in, "publicKey", err) ||
        !kaspa_in_hex(&signature, &a->arena, in, "signature", err))
        return OPERATION_ERROR;
    if (signature.len != ASSAY_SIG_BYTES ||
        assay_schnorr_verify(signature.at, digest, key.at) != ASSAY_SIG_GOOD) {
        json_decref(*result);
        return exact_refused(result, kx_exact_rules[KX_EXACT_AUTHORIZATION].id,
                             kx_exact_rules[KX_EXACT_AUTHORIZATION].local,
                             "it is no signature of this digest by this key");
    }
    memcpy(signed_one.digest, digest, sizeof(signed_one.digest));
    memcpy(signed_one.signature, signature.at, sizeof(signed_one.signature));
    if (kx_authorization_id(id, &signed_one) == ASSAY_OK)
        json_object_set_new(*result, "authorizationId", json_string(id));
    return OPERATION_OK;
}

static enum operation_answer authorize(json_t **result, struct authorizing *a, const json_t *in,
                                       struct assay_err *err)
{
    enum operation_answer answer = exact_in_terms(&a->terms, &a->doc, &a->arena, in, result, err);
    struct assay_buf text = ASSAY_BUF_INIT(OPERATION_INPUT_MAX_BYTES);
    struct assay_bytes canonical;
    uint8_t digest[32];

    if (answer != OPERATION_OK)
        return answer;
    if (kx_requirements_hash(a->requirements, &a->doc, 0, err) != ASSAY_OK ||
        kx_authorization_text(&text, &a->authorized) != ASSAY_OK ||
        kx_authorization_digest(digest, &a->authorized) != ASSAY_OK) {
        assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
        answer = OPERATION_ERROR;
    } else {
        canonical = assay_buf_view(&text);
        *result = json_pack("{s:s%, s:o, s:s}", "canonical", canonical.at, canonical.len, "digest",
                            kaspa_out_hex(assay_bytes_of(digest, sizeof(digest))),
                            "requirementsHash", a->requirements);
        answer = check_signature(result, a, digest, in, err);
    }
    assay_buf_fini(&text);
    return answer;
}

static enum operation_answer exact_authorization(const json_t *in, json_t **result,
                                                 struct assay_err *err)
{
    static const char *const members[] = {
        "requirements", "transactionId", "paymentOutputIndex", "requestHash", "paymentIdentifier",
        "inputIndex",   "expiresAt",     "publicKey",          "signature",   NULL};
    struct authorizing a = {.arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES)};
    enum operation_answer answer = OPERATION_ERROR;

    if (operation_members(in, members, err) && authorized_in(&a, in, err))
        answer = authorize(result, &a, in, err);
    assay_arena_fini(&a.arena);
    return answer;
}

/* ---- identities ---- */

static void set_hash(json_t *object, const char *name, enum assay_code rc, const char *hash)
{
    if (rc == ASSAY_OK)
        json_object_set_new(object, name, json_string(hash));
}

/* What a payment has beside what its transaction has. */
static void add_payload(json_t *all, const struct kx_payment *payment, const char *identity)
{
    char requirements[X402_HASH_TEXT_BYTES], hash[X402_HASH_TEXT_BYTES];
    struct assay_bytes id = payment->identifier.id;
    enum assay_code rc =
        kx_requirements_hash(requirements, payment->doc, payment->envelope.accepted.token, NULL);

    set_hash(all, "requirementsHash", rc, requirements);
    if (rc == ASSAY_OK)
        set_hash(all, "payloadHash", kx_payload_hash(hash, payment, requirements, identity), hash);
    if (payment->identifier_state == X402_IDENTIFIER_PRESENT && id.len > 0)
        set_hash(all, "identifierLock", kx_identifier_lock(hash, id), hash);
}

/* The id is there where the transaction can be read, of whichever shape it is. */
static void add_transaction_id(json_t *all, struct assay_arena *arena, struct assay_bytes text)
{
    static const struct kaspa_json_options options = {.unknown_members = true};
    char id_text[X402_HASH_TEXT_BYTES], scope[X402_HASH_TEXT_BYTES];
    struct kaspa_hash id;
    struct kaspa_tx tx;

    if (kaspa_tx_parse(&tx, NULL, arena, text, &options, NULL) != ASSAY_OK)
        return;
    kaspa_txid(&id, &tx);
    assay_hex_encode(id_text, assay_bytes_of(id.at, sizeof(id.at)));
    json_object_set_new(all, "transactionId", json_string(id_text));
    set_hash(all, "paymentScope", kx_payment_scope(scope, id_text), scope);
}

static enum operation_answer exact_identity(const json_t *in, json_t **result,
                                            struct assay_err *err)
{
    static const char *const members[] = {"payment", "transaction", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES);
    char identity[X402_HASH_TEXT_BYTES], scope[X402_HASH_TEXT_BYTES];
    bool has_payment = json_object_get(in, "payment") != NULL;
    enum operation_answer answer = OPERATION_ERROR;
    struct kx_payment payment = {.doc = NULL};
    struct assay_json doc;
    const char *text;

    if (!operation_members(in, members, err) ||
        !operation_not_both(in, "payment", "transaction", true, err) ||
        (text = operation_text(in, "transaction", !has_payment, err)) == NULL)
        return OPERATION_ERROR;
    payment.transaction = assay_str(text);
    answer = has_payment ? exact_in_payment(&payment, &doc, &arena, in, result, err) : OPERATION_OK;
    if (answer == OPERATION_OK &&
        kx_transaction_identity(identity, payment.transaction) == ASSAY_OK) {
        *result = json_pack("{s:s}", "identity", identity);
        set_hash(*result, "artifactScope", kx_artifact_scope(scope, identity), scope);
        add_transaction_id(*result, &arena, payment.transaction);
        if (has_payment)
            add_payload(*result, &payment, identity);
    }
    assay_arena_fini(&arena);
    return answer;
}

/* ---- deadlines and finality ---- */

/* "expired_…" is a matter of when, the rest of what was agreed. */
static enum kx_exact_rule rule_of_expiry(const char *fault)
{
    return strncmp(fault, "expired_", strlen("expired_")) == 0 ? KX_EXACT_LIVE : KX_EXACT_DEADLINES;
}

static enum operation_answer exact_expiry(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"expiresAt", "maxTimeoutSeconds", "challengeExpiresAt",
                                          "now", NULL};
    const char *expires, *challenge, *fault;
    enum kx_exact_rule rule;
    uint64_t timeout;
    int64_t now_ms;

    if (!operation_members(in, members, err) ||
        (expires = operation_text(in, "expiresAt", true, err)) == NULL ||
        (challenge = operation_text(in, "challengeExpiresAt", false, err)) == NULL ||
        !kaspa_in_small(&timeout, in, "maxTimeoutSeconds", UINT32_MAX, err) ||
        !exact_in_time(&now_ms, in, "now", err))
        return OPERATION_ERROR;
    fault = kx_expiry_fault(assay_str(expires), timeout, assay_str(challenge), now_ms);
    if (fault == NULL) {
        *result = json_object();
        return OPERATION_OK;
    }
    rule = rule_of_expiry(fault);
    (void)exact_refused(result, kx_exact_rules[rule].id, kx_exact_rules[rule].local, fault);
    json_object_set_new(*result, "error", json_string(fault));
    return OPERATION_REFUSED;
}

static enum operation_answer exact_finality(const json_t *in, json_t **result,
                                            struct assay_err *err)
{
    static const char *const members[] = {"required", "policy", "confirmations", "evidence", NULL};
    const struct kx_exact_rule_row *rule = &kx_exact_rules[KX_EXACT_FINALITY];
    enum kx_finality required, policy = KX_FINALITY_MEMPOOL;
    struct kx_exact_policy defaults = KX_EXACT_POLICY_INIT;
    struct kx_chain_evidence evidence;

    if (!operation_members(in, members, err) ||
        !exact_in_finality(&required, in, "required", err) ||
        (json_object_get(in, "policy") != NULL && !exact_in_finality(&policy, in, "policy", err)) ||
        (json_object_get(in, "confirmations") != NULL &&
         !kaspa_in_u64(&defaults.confirmations, in, "confirmations", err)) ||
        !exact_in_evidence(&evidence, in, err))
        return OPERATION_ERROR;
    required = policy > required ? policy : required;
    if (!kx_finality_is_reached(&evidence, required, defaults.confirmations))
        return exact_refused(result, rule->id, rule->local, "it is not reached");
    *result = json_pack("{s:s}", "finality", kx_finality_name(required));
    return OPERATION_OK;
}

/* ---- settlements ---- */

static enum operation_answer exact_settlement(const json_t *in, json_t **result,
                                              struct assay_err *err)
{
    static const char *const members[] = {"response", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    struct x402_settlement settlement;
    struct assay_err why = {0};
    struct assay_json doc;
    enum kx_local local;

    if (operation_members(in, members, err))
        answer = exact_in_message(&doc, &arena, in, "response", result, err);
    if (answer == OPERATION_OK) {
        local = kx_settlement_check(&settlement, &arena, &doc, &why);
        if (local != KX_LOCAL_NONE)
            answer = exact_refused(result, "settlement.response", local, why.text);
        else
            *result = json_pack("{s:b}", "success", settlement.success);
    }
    assay_arena_fini(&arena);
    return answer;
}

const struct operation operations_exact_parts[] = {
    {"exact.terms", "requirements (an object or a header's value)",
     "profile, network, amount, payToScriptPublicKey, finality, maxTimeoutSeconds, head?",
     exact_terms},
    {"exact.challenge_id", "requirements", "challengeId", exact_challenge_id},
    {"exact.requirements_hash", "requirements", "requirementsHash", exact_requirements_hash},
    {"exact.request_hash",
     "request {method?, url, body?, requestHash?, context?}, requirementsHash?",
     "url, requestHash, fingerprint", exact_request_hash},
    {"exact.context_hash", "principal, tenant?, authorizationScopes?, handlerState?",
     "securityContextHash", exact_context_hash},
    {"exact.authorization",
     "requirements, transactionId, paymentOutputIndex, requestHash, paymentIdentifier, inputIndex, "
     "expiresAt, publicKey? and signature?",
     "canonical, digest, requirementsHash, authorizationId?", exact_authorization},
    {"exact.identity", "payment, or transaction (its text)",
     "identity, artifactScope, transactionId?, paymentScope?, requirementsHash?, payloadHash?, "
     "identifierLock?",
     exact_identity},
    {"exact.expiry", "expiresAt, maxTimeoutSeconds, challengeExpiresAt?, now", "{}", exact_expiry},
    {"exact.finality", "required, policy?, confirmations? (\"30\"), evidence", "finality",
     exact_finality},
    {"exact.settlement", "response (an object or a header's value)", "success", exact_settlement},
    {0},
};
