/* Readers of the inputs of the exact scheme's operations; see operations_exact.h. */
#include "run/operations_exact.h"

#include <stdlib.h>

enum operation_answer exact_refused(json_t **result, const char *rule, enum kx_local local,
                                    const char *reason)
{
    enum operation_answer answer = operation_refused(result, rule, reason);

    if (local != KX_LOCAL_NONE) {
        json_object_set_new(*result, "local", json_string(kx_local_text(local)));
        json_object_set_new(*result, "wire", json_string(kx_wire_text(kx_wire_of(local))));
    }
    return answer;
}

static bool no_memory(struct assay_err *err)
{
    assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    return false;
}

static enum operation_answer out_of_memory(struct assay_err *err)
{
    (void)no_memory(err);
    return OPERATION_ERROR;
}

enum operation_answer exact_refused_form(json_t **result, const struct assay_err *why,
                                         struct assay_err *err)
{
    if (why->code == ASSAY_E_NOMEM)
        return out_of_memory(err);
    return exact_refused(result, why->code == ASSAY_E_TOO_LARGE ? "http.budget" : "http.form",
                         KX_LOCAL_PAYLOAD, why->text);
}

/* The text of a JSON value, kept in the arena. */
static bool text_of(struct assay_bytes *out, struct assay_arena *arena, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    *out = text != NULL ? assay_arena_copy(arena, assay_str(text)) : assay_bytes_of(NULL, 0);
    free(text);
    return text != NULL && out->at != NULL;
}

bool exact_in_value(struct assay_json *doc, struct assay_arena *arena, const json_t *value,
                    struct assay_err *err)
{
    struct assay_json_token *tokens;
    struct assay_bytes text;
    size_t room;

    if (!text_of(&text, arena, value))
        return no_memory(err);
    room = assay_json_token_bound(text);
    tokens = kaspa_in_room(arena, room, sizeof *tokens, err);
    return tokens != NULL && assay_json_parse(doc, tokens, room, text,
                                              ASSAY_JSON_LAST_DUPLICATE_WINS, err) == ASSAY_OK;
}

enum operation_answer exact_in_message(struct assay_json *doc, struct assay_arena *arena,
                                       const json_t *in, const char *member, json_t **result,
                                       struct assay_err *err)
{
    const json_t *value = json_object_get(in, member);
    struct assay_err why = {0};
    struct assay_bytes text;
    enum assay_code rc = ASSAY_OK;

    if (value == NULL) {
        assay_fail(err, ASSAY_E_MISSING, 0, "member %s: expected a JSON value or a header's value",
                   member);
        return OPERATION_ERROR;
    }
    if (json_is_string(value))
        rc = x402_header_decode(&text, arena, assay_str(json_string_value(value)), &why);
    else if (!text_of(&text, arena, value))
        return out_of_memory(err);
    if (rc == ASSAY_OK)
        rc = x402_document_parse(doc, arena, text, false, &why);
    return rc == ASSAY_OK ? OPERATION_OK : exact_refused_form(result, &why, err);
}

bool exact_in_offer(struct x402_required *out, struct assay_json *doc, struct assay_arena *arena,
                    const json_t *in, struct assay_err *err)
{
    const json_t *value = json_object_get(in, "required");
    json_t *refused = NULL;
    enum operation_answer answer = exact_in_message(doc, arena, in, "required", &refused, err);

    if (answer == OPERATION_REFUSED)
        assay_fail(err, ASSAY_E_MALFORMED, 0, "%s",
                   json_string_value(json_object_get(refused, "reason")));
    json_decref(refused);
    if (answer == OPERATION_OK && x402_required_read(out, arena, doc, err) == X402_FAULT_NONE)
        return true;
    if (value != NULL)
        (void)assay_err_wrap(err, ASSAY_E_MALFORMED, "member required");
    return false;
}

bool exact_in_time(int64_t *out, const json_t *in, const char *member, struct assay_err *err)
{
    const char *text = operation_text(in, member, true, err);

    if (text == NULL)
        return false;
    if (kx_time_read(out, assay_str(text)))
        return true;
    assay_fail(err, ASSAY_E_MALFORMED, 0,
               "member %s: expected a time such as \"2099-01-01T00:00:00.000Z\"", member);
    return false;
}

/* The index of a word, or count where it is none of them. */
static size_t word_in(const char *const *words, size_t count, const json_t *in, const char *member,
                      struct assay_err *err)
{
    const char *text = operation_text(in, member, true, err);
    size_t i = 0;

    if (text == NULL)
        return count;
    while (i < count && strcmp(words[i], text) != 0)
        i++;
    if (i == count)
        assay_fail(err, ASSAY_E_UNKNOWN, 0, "member %s: \"%s\" is not known", member, text);
    return i;
}

bool exact_in_finality(enum kx_finality *out, const json_t *in, const char *member,
                       struct assay_err *err)
{
    static const char *const words[] = {"mempool", "accepted", "confirmed"};
    size_t i = word_in(words, ARRAY_LEN(words), in, member, err);

    *out = i < ARRAY_LEN(words) ? (enum kx_finality)i : KX_FINALITY_MEMPOOL;
    return i < ARRAY_LEN(words);
}

bool exact_in_evidence(struct kx_chain_evidence *out, const json_t *in, struct assay_err *err)
{
    static const char *const members[] = {"status", "transactionId", "confirmations", NULL};
    static const char *const words[] = {"unknown", "absent", "mempool", "accepted"};
    const json_t *evidence = json_object_get(in, "evidence");
    size_t i;

    *out = (struct kx_chain_evidence){.status = KX_CHAIN_UNKNOWN};
    if (!operation_members(evidence, members, err) ||
        (i = word_in(words, ARRAY_LEN(words), evidence, "status", err)) == ARRAY_LEN(words) ||
        (json_object_get(evidence, "transactionId") != NULL &&
         !kaspa_in_hash(&out->transaction_id, evidence, "transactionId", err)) ||
        (json_object_get(evidence, "confirmations") != NULL &&
         !kaspa_in_u64(&out->confirmations, evidence, "confirmations", err))) {
        (void)assay_err_wrap(err, ASSAY_E_MALFORMED, "member evidence");
        return false;
    }
    out->status = (enum kx_chain_status)i;
    out->has_confirmations = json_object_get(evidence, "confirmations") != NULL;
    return true;
}

/* ---- requests ---- */

/* A text that is kept, or empty where it may be absent. */
static bool kept_text(struct assay_bytes *out, struct assay_arena *arena, const json_t *in,
                      const char *member, bool required, struct assay_err *err)
{
    const char *text = operation_text(in, member, required, err);

    if (text == NULL)
        return false;
    *out = assay_arena_copy(arena, assay_str(text));
    return out->at != NULL || no_memory(err);
}

static bool scopes_in(struct exact_request *out, const json_t *in, struct assay_err *err)
{
    const json_t *array = json_object_get(in, "authorizationScopes");
    struct assay_bytes *scopes;

    if (array == NULL)
        return true;
    if ((array = kaspa_in_array(in, "authorizationScopes", err)) == NULL)
        return false;
    scopes = kaspa_in_room(out->arena, json_array_size(array) + 1, sizeof *scopes, err);
    if (scopes == NULL)
        return false;
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *text = json_string_value(json_array_get(array, i));

        scopes[i] = assay_arena_copy(out->arena, assay_str(text));
        if (text == NULL || scopes[i].at == NULL) {
            assay_fail(err, ASSAY_E_TYPE, 0, "member authorizationScopes: expected texts");
            return false;
        }
    }
    out->context.scopes = scopes;
    out->context.scope_count = json_array_size(array);
    return true;
}

bool exact_in_context(struct exact_request *out, const json_t *in, struct assay_err *err)
{
    static const char *const members[] = {"principal", "tenant", "authorizationScopes",
                                          "handlerState", NULL};
    const json_t *state = json_object_get(in, "handlerState");

    if (!operation_members(in, members, err) ||
        !kept_text(&out->context.principal, out->arena, in, "principal", true, err) ||
        !kept_text(&out->context.tenant, out->arena, in, "tenant", false, err) ||
        !scopes_in(out, in, err) ||
        (state != NULL && !exact_in_value(&out->state, out->arena, state, err)))
        return false;
    out->context.state = state != NULL ? &out->state : NULL;
    out->request.context = &out->context;
    return true;
}

/* The URL in the form that is hashed. */
static enum operation_answer url_in(struct exact_request *out, const json_t *in, json_t **result,
                                    struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(OPERATION_INPUT_MAX_BYTES);
    const char *url = operation_text(in, "url", true, err);
    enum operation_answer answer = OPERATION_ERROR;
    struct assay_err why = {0};

    if (url == NULL)
        return OPERATION_ERROR;
    if (kx_url_normalise(&text, assay_str(url), &why) != ASSAY_OK) {
        answer = why.code == ASSAY_E_NOMEM
                     ? out_of_memory(err)
                     : exact_refused(result, "http.url", KX_LOCAL_NONE, why.text);
    } else {
        out->request.url = assay_arena_copy(out->arena, assay_buf_view(&text));
        answer = out->request.url.at != NULL ? OPERATION_OK : out_of_memory(err);
    }
    assay_buf_fini(&text);
    return answer;
}

enum operation_answer exact_in_request(struct exact_request *out, const json_t *in, json_t **result,
                                       struct assay_err *err)
{
    static const char *const members[] = {"method", "url", "body", "requestHash", "context", NULL};
    const json_t *body = json_object_get(in, "body"), *context = json_object_get(in, "context"),
                 *hash = json_object_get(in, "requestHash");

    if (!operation_members(in, members, err) ||
        !kept_text(&out->request.method, out->arena, in, "method", false, err) ||
        (body != NULL && !exact_in_value(&out->body, out->arena, body, err)) ||
        (context != NULL && !exact_in_context(out, context, err)) ||
        (hash != NULL && operation_text(in, "requestHash", true, err) == NULL))
        return OPERATION_ERROR;
    if (out->request.method.len == 0)
        out->request.method = ASSAY_LIT("GET");
    out->request.body = body != NULL ? &out->body : NULL;
    out->request.request_hash = json_string_value(hash);
    return url_in(out, in, result, err);
}

/* ---- terms and payments ---- */

enum operation_answer exact_in_terms(struct kx_terms *out, struct assay_json *doc,
                                     struct assay_arena *arena, const json_t *in, json_t **result,
                                     struct assay_err *err)
{
    enum operation_answer answer = exact_in_message(doc, arena, in, "requirements", result, err);
    struct assay_err why = {0};
    enum kx_terms_fault fault;
    struct x402_terms terms;

    if (answer != OPERATION_OK)
        return answer;
    if (x402_terms_read(&terms, arena, doc, 0, &why) != X402_FAULT_NONE)
        return exact_refused_form(result, &why, err);
    fault = kx_terms_read(out, arena, doc, &terms, &why);
    if (fault == KX_TERMS_OK)
        return OPERATION_OK;
    if (why.code == ASSAY_E_NOMEM)
        return out_of_memory(err);
    return exact_refused(result, kx_exact_rules[kx_terms_rule(fault)].id, kx_terms_local(fault),
                         why.text);
}

enum operation_answer exact_in_payment(struct kx_payment *out, struct assay_json *doc,
                                       struct assay_arena *arena, const json_t *in, json_t **result,
                                       struct assay_err *err)
{
    enum operation_answer answer = exact_in_message(doc, arena, in, "payment", result, err);
    struct assay_err why = {0};
    enum kx_local local;

    if (answer != OPERATION_OK)
        return answer;
    local = kx_payment_read(out, arena, doc, &why);
    if (local == KX_LOCAL_NONE)
        return OPERATION_OK;
    if (why.code == ASSAY_E_NOMEM)
        return out_of_memory(err);
    return exact_refused(result,
                         local == KX_LOCAL_IDENTIFIER ? kx_exact_rules[KX_EXACT_IDENTIFIER_ECHO].id
                                                      : "http.form",
                         local, why.text);
}
