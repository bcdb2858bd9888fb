/* What binds a payment to a request: the hashes of the terms, of the caller and of the request; see
 * exact_hash.h. Source: Kaspa x402 exact digest, sections 4 and 5. */
#include "kaspa_x402/exact_hash_internal.h"

#include "base/hash.h"
#include "base/hex.h"
#include "kaspa_x402/batch.h"
#include "kaspa_x402/exact_write.h"

/* The hex members that the schemas know, by what stands before them. What is a member of one
 * binding alone is an unknown one in the others, and stays as it is. */
enum { OF_EXACT = 1, OF_HASH_CHAIN = 2, OF_BATCH = 4 };

static const struct {
    const char *name;
    unsigned of;
} hex_members[] = {
    {"payToScriptPublicKey", OF_EXACT | OF_HASH_CHAIN},
    {"headId", OF_EXACT | OF_HASH_CHAIN},
    {"headScriptPublicKey", OF_EXACT | OF_HASH_CHAIN},
    {"headRedeemScript", OF_EXACT | OF_HASH_CHAIN},
    {"challengeId", OF_EXACT | OF_HASH_CHAIN},
    {"covenantId", OF_HASH_CHAIN},
    {"currentGuard", OF_HASH_CHAIN},
    {"nextGuard", OF_HASH_CHAIN},
    {"oneTimePublicKey", OF_HASH_CHAIN},
    {"grantId", OF_HASH_CHAIN},
    {"serverPublicKey", OF_BATCH},
    {"securityContextHash", OF_BATCH},
};
static const char *const state_members[] = {"channelId", "covenantId", "activeScriptPublicKey"};

static bool is_upper_hex(uint8_t c)
{
    return c >= 'A' && c <= 'F';
}

/* Lower-cases a hex text in a copy of the document's text, which is made when the first digit needs
 * it: offsets stay as they are. A text with escapes is left as it is. */
static void lower_hex(struct assay_buf *copy, const struct assay_json *doc, uint32_t token)
{
    const struct assay_json_token *t = &doc->tokens[token];

    if (assay_json_type(doc, token) != ASSAY_JSON_STRING || t->escaped)
        return;
    for (uint32_t i = t->start; i < t->end; i++) {
        if (!is_upper_hex(doc->text.at[i]))
            continue;
        if (copy->len == 0)
            assay_buf_add(copy, doc->text);
        if (!assay_buf_ok(copy))
            return;
        copy->at[i] |= 0x20;
    }
}

static unsigned kind_of(const struct assay_json *doc, uint32_t accepted, uint32_t extra)
{
    if (assay_json_string_is(doc, assay_json_member(doc, accepted, "scheme"), KX_SCHEME_BATCH))
        return OF_BATCH;
    return assay_json_string_is(doc, assay_json_member(doc, extra, "binding"),
                                KX_BINDING_HASH_CHAIN)
               ? OF_HASH_CHAIN
               : OF_EXACT;
}

static void lower_terms(struct assay_buf *copy, const struct assay_json *doc, uint32_t accepted)
{
    uint32_t extra = assay_json_member(doc, accepted, "extra");
    unsigned kind = kind_of(doc, accepted, extra);
    uint32_t state =
        kind == OF_BATCH ? assay_json_member(doc, extra, "channelState") : ASSAY_JSON_NONE;
    uint32_t outpoint = kind == OF_BATCH ? assay_json_member(doc, state, "activeOutpoint")
                                         : assay_json_member(doc, extra, "expectedHeadOutpoint");

    for (size_t i = 0; i < ARRAY_LEN(hex_members); i++) {
        if ((hex_members[i].of & kind) != 0)
            lower_hex(copy, doc, assay_json_member(doc, extra, hex_members[i].name));
    }
    for (size_t i = 0; i < ARRAY_LEN(state_members); i++)
        lower_hex(copy, doc, assay_json_member(doc, state, state_members[i]));
    lower_hex(copy, doc, assay_json_member(doc, outpoint, "txid"));
}

enum assay_code kx_lower_terms(struct assay_buf *copy, struct assay_json *lowered,
                               const struct assay_json *doc, uint32_t accepted,
                               struct assay_err *err)
{
    *lowered = *doc;
    lower_terms(copy, doc, accepted);
    if (!assay_buf_ok(copy))
        return assay_fail(err, copy->bad, 0, "%s", assay_code_text(copy->bad));
    if (copy->len > 0)
        lowered->text = assay_buf_view(copy);
    return ASSAY_OK;
}

enum assay_code kx_requirements_hash(char *out, const struct assay_json *doc, uint32_t accepted,
                                     struct assay_err *err)
{
    struct assay_buf copy = ASSAY_BUF_INIT(doc->text.len);
    struct assay_json lowered;
    enum assay_code rc = kx_lower_terms(&copy, &lowered, doc, accepted, err);

    if (rc == ASSAY_OK)
        rc = x402_hash(out, &lowered, accepted, err);
    assay_buf_fini(&copy);
    return rc;
}

/* A byte's place where texts are ordered by UTF-16 code units: U+E000 to U+FFFF, which start with
 * EE and EF, stand behind the surrogates of what starts with F0 to F4. */
static unsigned utf16_place(uint8_t c)
{
    return c == 0xEE || c == 0xEF ? c + 0x10U : c;
}

static int compare_utf16(struct assay_bytes a, struct assay_bytes b)
{
    size_t i = 0;

    while (i < a.len && i < b.len && a.at[i] == b.at[i])
        i++;
    if (i == a.len || i == b.len)
        return assay_bytes_compare(a, b);
    return utf16_place(a.at[i]) < utf16_place(b.at[i]) ? -1 : 1;
}

/* Ascending and each once, by looking for the next one every time: scopes are few. */
static void write_scopes(struct assay_buf *out, const struct kx_context *context)
{
    const struct assay_bytes *last = NULL, *next;

    kx_write_name(out, "authorizationScopes");
    assay_buf_add_byte(out, '[');
    do {
        next = NULL;
        for (size_t i = 0; i < context->scope_count; i++) {
            const struct assay_bytes *scope = &context->scopes[i];

            if ((last == NULL || compare_utf16(*scope, *last) > 0) &&
                (next == NULL || compare_utf16(*scope, *next) < 0))
                next = scope;
        }
        if (next != NULL && last != NULL)
            assay_buf_add_byte(out, ',');
        if (next != NULL)
            assay_json_add_string(out, *next);
        last = next;
    } while (last != NULL);
    assay_buf_add_byte(out, ']');
}

static bool is_letter_case(uint8_t c, char first)
{
    return c >= first && c < first + 26;
}

/* Whether a word starts at i > from: behind a separator, and at the humps of camel case, of which
 * the last capital of several is one too ("HTTPToken"). */
static bool starts_word(struct assay_bytes name, size_t i)
{
    bool is_upper = is_letter_case(name.at[i], 'A');
    bool after_upper = is_letter_case(name.at[i - 1], 'A');
    bool before_lower = i + 1 < name.len && is_letter_case(name.at[i + 1], 'a');

    return is_upper && (!after_upper || before_lower);
}

static bool is_separator(uint8_t c)
{
    return c == '-' || c == '_';
}

static bool is_secret_word(struct assay_bytes word)
{
    static const char *const secrets[] = {"authorization", "cookie", "credential",
                                          "password",      "secret", "token"};

    for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
        if (assay_bytes_equal_nocase(word, assay_str(secrets[i])))
            return true;
    }
    return false;
}

static bool names_secret(struct assay_bytes name)
{
    size_t from = 0;

    for (size_t i = 0; i <= name.len; i++) {
        bool ends = i == name.len || is_separator(name.at[i]);

        if (!ends && (i == from || !starts_word(name, i)))
            continue;
        if (is_secret_word(assay_bytes_part(name, from, i)))
            return true;
        from = ends ? i + 1 : i;
    }
    return false;
}

static enum assay_code check_state_name(const struct assay_json *doc, uint32_t name,
                                        struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(doc->text.len);
    enum assay_code rc = assay_json_string(&text, doc, name);

    if (rc == ASSAY_OK && names_secret(assay_buf_view(&text)))
        rc = assay_fail(err, ASSAY_E_MALFORMED, doc->tokens[name].start,
                        "the caller's state has a member named like a secret");
    assay_buf_fini(&text);
    return rc;
}

static enum assay_code check_state(const struct assay_json *doc, struct assay_err *err)
{
    enum assay_code rc = ASSAY_OK;

    if (assay_json_type(doc, 0) != ASSAY_JSON_OBJECT)
        return assay_fail(err, ASSAY_E_MALFORMED, 0, "the caller's state is no object");
    for (uint32_t name = assay_json_first(doc, 0); name != ASSAY_JSON_NONE && rc == ASSAY_OK;
         name = assay_json_next_sibling(doc, 0, name)) {
        enum assay_json_type type = assay_json_type(doc, name + 1);

        if (type == ASSAY_JSON_ARRAY || type == ASSAY_JSON_OBJECT)
            return assay_fail(err, ASSAY_E_MALFORMED, doc->tokens[name].start,
                              "the caller's state has a member that is no scalar");
        rc = check_state_name(doc, name, err);
    }
    return rc;
}

static enum assay_code check_context(const struct kx_context *context, struct assay_err *err)
{
    if (context->principal.len == 0)
        return assay_fail(err, ASSAY_E_MALFORMED, 0, "the caller's principal is empty");
    for (size_t i = 0; i < context->scope_count; i++) {
        if (context->scopes[i].len == 0)
            return assay_fail(err, ASSAY_E_MALFORMED, 0, "a scope of the caller is empty");
    }
    return context->state != NULL ? check_state(context->state, err) : ASSAY_OK;
}

/* A number that is not finite is the one value that has no canonical form. */
static enum assay_code write_state(struct assay_buf *out, const struct assay_json *state,
                                   struct assay_err *err)
{
    enum assay_code rc = ASSAY_OK;

    kx_write_name(out, "handlerState");
    if (state == NULL)
        assay_buf_add_str(out, "{}");
    else
        rc = assay_json_canonical(out, state, 0, err);
    return rc == ASSAY_E_RANGE ? ASSAY_E_MALFORMED : rc;
}

static enum assay_code write_context(struct assay_buf *out, const void *what, struct assay_err *err)
{
    const struct kx_context *context = what;
    enum assay_code rc;

    assay_buf_add_byte(out, '{');
    write_scopes(out, context);
    rc = write_state(out, context->state, err);
    kx_write_text(out, "principal", context->principal);
    if (context->tenant.len > 0)
        kx_write_text(out, "tenant", context->tenant);
    else
        kx_write_str(out, "tenant", NULL);
    kx_write_str(out, "version", "kaspa-x402-trusted-security-context-v1");
    assay_buf_add_byte(out, '}');
    return rc;
}

enum assay_code kx_context_hash(char *out, const struct kx_context *context, struct assay_err *err)
{
    enum assay_code rc = check_context(context, err);

    return rc == ASSAY_OK ? kx_write_hash(out, write_context, context, err) : rc;
}

static enum assay_code write_body(struct assay_buf *out, const struct kx_request *request,
                                  struct assay_err *err)
{
    kx_write_name(out, "body");
    if (request->body != NULL)
        return assay_json_canonical(out, request->body, 0, err);
    if (request->has_body_text)
        assay_json_add_string(out, request->body_text);
    else
        assay_buf_add_str(out, "null");
    return ASSAY_OK;
}

struct bound_request {
    const struct kx_request *request;
    const char *requirements; /* or NULL */
};

static enum assay_code write_request(struct assay_buf *out, const void *what, struct assay_err *err)
{
    const struct bound_request *bound = what;
    enum assay_code rc;

    assay_buf_add_byte(out, '{');
    rc = write_body(out, bound->request, err);
    kx_write_text(out, "method", bound->request->method);
    if (bound->requirements != NULL)
        kx_write_str(out, "paymentRequirementsHash", bound->requirements);
    kx_write_text(out, "url", bound->request->url);
    assay_buf_add_byte(out, '}');
    return rc;
}

/* Of a tool the context stands in the hash, and is bound again like any other request's: so the
 * reference has it (section 17). */
static enum assay_code write_call(struct assay_buf *out, const void *what, struct assay_err *err)
{
    const struct bound_request *bound = what;
    const struct kx_tool_call *call = bound->request->tool;
    char context[X402_HASH_TEXT_BYTES];
    bool has_context = bound->request->context != NULL;
    enum assay_code rc =
        has_context ? kx_context_hash(context, bound->request->context, err) : ASSAY_OK;

    if (rc != ASSAY_OK)
        return rc;
    assay_buf_add_byte(out, '{');
    kx_write_name(out, "arguments");
    assay_buf_add(out, call->arguments.len > 0 ? call->arguments : ASSAY_LIT("null"));
    kx_write_text(out, "audience", call->audience);
    if (bound->requirements != NULL)
        kx_write_str(out, "paymentRequirementsHash", bound->requirements);
    kx_write_name(out, "resource");
    assay_buf_add_byte(out, '{');
    kx_write_text(out, "url", bound->request->url);
    assay_buf_add_byte(out, '}');
    kx_write_str(out, "scope", "kaspa:x402:mcp-tool-call:v3");
    kx_write_str(out, "securityContextHash", has_context ? context : NULL);
    kx_write_text(out, "toolName", call->name);
    assay_buf_add_byte(out, '}');
    return ASSAY_OK;
}

/* The host's own hash, in lower case. */
static enum assay_code own_hash(char *out, const char *text, struct assay_err *err)
{
    uint8_t bytes[ASSAY_SHA256_BYTES];

    if (assay_hex_decode(bytes, sizeof(bytes), assay_str(text), false) != ASSAY_OK)
        return assay_fail(err, ASSAY_E_MALFORMED, 0, "the host's request hash is no hash");
    assay_hex_encode(out, assay_bytes_of(bytes, sizeof(bytes)));
    return ASSAY_OK;
}

struct bound_context {
    const char *request, *context; /* hashes */
};

static enum assay_code write_binding(struct assay_buf *out, const void *what, struct assay_err *err)
{
    const struct bound_context *bound = what;

    (void)err;
    assay_buf_add_byte(out, '{');
    kx_write_str(out, "requestHash", bound->request);
    kx_write_str(out, "scope", "kaspa:x402:trusted-request-context:v1");
    kx_write_str(out, "securityContextHash", bound->context);
    assay_buf_add_byte(out, '}');
    return ASSAY_OK;
}

enum assay_code kx_fingerprint(char *out, const struct kx_request *request,
                               const char *requirements, struct assay_err *err)
{
    struct bound_request bound = {request, requirements};
    char base[X402_HASH_TEXT_BYTES], context[X402_HASH_TEXT_BYTES];
    struct bound_context with_context = {base, context};
    enum assay_code rc;

    if (request->request_hash != NULL)
        rc = own_hash(base, request->request_hash, err);
    else
        rc = kx_write_hash(base, request->tool != NULL ? write_call : write_request, &bound, err);
    if (rc == ASSAY_OK && request->context != NULL)
        rc = kx_context_hash(context, request->context, err);
    if (rc != ASSAY_OK)
        return rc;
    if (request->context != NULL)
        return kx_write_hash(out, write_binding, &with_context, err);
    memcpy(out, base, sizeof(base));
    return ASSAY_OK;
}
