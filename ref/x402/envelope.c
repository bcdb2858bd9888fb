/* The three envelopes and their terms, read by shape; see envelope.h. */
#include "x402/envelope_internal.h"

#include "base/planted.h"
#include "defects/defects.h"

#include <assert.h>

const char *x402_fault_name(enum x402_fault fault)
{
#define X(name, text) #name,
    static const char *const names[] = {"NONE", X402_FAULTS(X)};
#undef X

    static_assert(ARRAY_LEN(names) == X402_FAULT__COUNT, "one name a fault");
    return names[fault];
}

const char *x402_fault_text(enum x402_fault fault)
{
#define X(name, text) text,
    static const char *const texts[] = {"nothing is wrong", X402_FAULTS(X)};
#undef X

    static_assert(ARRAY_LEN(texts) == X402_FAULT__COUNT, "one text a fault");
    return texts[fault];
}

enum x402_fault x402_wrong(const struct x402_reader *r, enum x402_fault fault, uint32_t value,
                           const char *member)
{
    enum assay_code code = value == ASSAY_JSON_NONE ? ASSAY_E_MISSING : ASSAY_E_TYPE;
    size_t at = value == ASSAY_JSON_NONE ? 0 : r->doc->tokens[value].start;

    (void)assay_fail(r->err, code, at, "x402: %s %s", member, assay_code_text(code));
    return fault;
}

static bool is_object(const struct assay_json *doc, uint32_t token)
{
    return assay_json_type(doc, token) == ASSAY_JSON_OBJECT;
}

enum x402_fault x402_read_text(const struct x402_reader *r, uint32_t object,
                               const struct x402_text_member *m, enum x402_fault fault)
{
    uint32_t value = assay_json_member(r->doc, object, m->name);

    *m->to = ASSAY_LIT("");
    if (value == ASSAY_JSON_NONE && m->presence == X402_OPTIONAL)
        return X402_FAULT_NONE;
    if (value == ASSAY_JSON_NONE || assay_json_type(r->doc, value) != ASSAY_JSON_STRING)
        return x402_wrong(r, fault, value, m->name);
    if (x402_text(m->to, r->arena, r->doc, object, m->name))
        return X402_FAULT_NONE;
    (void)assay_fail(r->err, ASSAY_E_NOMEM, r->doc->tokens[value].start, "x402: no memory for %s",
                     m->name);
    return X402_FAULT_SHAPE;
}

enum x402_fault x402_read_texts(const struct x402_reader *r, uint32_t object,
                                const struct x402_text_member *members, size_t count,
                                enum x402_fault fault)
{
    enum x402_fault found = X402_FAULT_NONE;

    for (size_t i = 0; i + PLANTED(envelope_texts) < count && found == X402_FAULT_NONE; i++)
        found = x402_read_text(r, object, &members[i], fault);
    return found;
}

enum x402_fault x402_read_object(const struct x402_reader *r, uint32_t *out, uint32_t object,
                                 const char *member, enum x402_presence presence,
                                 enum x402_fault fault)
{
    uint32_t value = assay_json_member(r->doc, object, member);

    if (!is_object(r->doc, value) && !(value == ASSAY_JSON_NONE && presence == X402_OPTIONAL))
        return x402_wrong(r, fault, value, member);
    *out = value;
    return X402_FAULT_NONE;
}

static enum x402_fault read_root(const struct x402_reader *r)
{
    return is_object(r->doc, r->root) ? X402_FAULT_NONE
                                      : x402_wrong(r, X402_FAULT_SHAPE, r->root, "the envelope");
}

static enum x402_fault read_version(const struct x402_reader *r)
{
    uint32_t value = assay_json_member(r->doc, r->root, "x402Version");
    uint64_t version = 0;

    if (REF_DEFECT(kx_any_version) ||
        (x402_integer(&version, r->doc, r->root, "x402Version") &&
         (version == X402_VERSION || (REF_DEFECT(x402_version_1) && version == X402_VERSION - 1))))
        return X402_FAULT_NONE;
    if (value == ASSAY_JSON_NONE)
        return x402_wrong(r, X402_FAULT_VERSION, value, "x402Version");
    (void)assay_fail(r->err, ASSAY_E_MISMATCH, r->doc->tokens[value].start,
                     "x402: x402Version is not %d", X402_VERSION);
    return X402_FAULT_VERSION;
}

enum x402_fault x402_read_head(const struct x402_reader *r)
{
    enum x402_fault fault = read_root(r);

    return fault == X402_FAULT_NONE ? read_version(r) : fault;
}

enum x402_fault x402_read_extensions(const struct x402_reader *r, uint32_t *out)
{
    uint32_t value = ASSAY_JSON_NONE;
    enum x402_fault fault =
        x402_read_object(r, &value, r->root, "extensions", X402_OPTIONAL, X402_FAULT_EXTENSIONS);

    if (fault != X402_FAULT_NONE)
        return fault;
    if (value != ASSAY_JSON_NONE && r->doc->tokens[value].count > X402_EXTENSIONS_MAX_MEMBERS) {
        (void)assay_fail(r->err, ASSAY_E_TOO_LARGE, r->doc->tokens[value].start,
                         "x402: extensions has more than %d members", X402_EXTENSIONS_MAX_MEMBERS);
        return X402_FAULT_EXTENSIONS;
    }
    *out = value;
    return X402_FAULT_NONE;
}

/* Networks that settle on credit leave the timeout out or say 0 (x402 v2 digest, section 2.1). */
static enum x402_fault read_timeout(const struct x402_reader *r, uint64_t *out, uint32_t object)
{
    uint32_t value = assay_json_member(r->doc, object, "maxTimeoutSeconds");

    *out = X402_NO_TIMEOUT;
    if (value == ASSAY_JSON_NONE || x402_integer(out, r->doc, object, "maxTimeoutSeconds"))
        return X402_FAULT_NONE;
    return x402_wrong(r, X402_FAULT_TERMS, value, "maxTimeoutSeconds");
}

enum x402_fault x402_terms_read(struct x402_terms *out, struct assay_arena *arena,
                                const struct assay_json *doc, uint32_t token, struct assay_err *err)
{
    const struct x402_reader r = {doc, arena, err, token};
    struct x402_terms terms = {.token = token};
    const struct x402_text_member texts[] = {
        {"scheme", X402_REQUIRED, &terms.scheme}, {"network", X402_REQUIRED, &terms.network},
        {"amount", X402_REQUIRED, &terms.amount}, {"asset", X402_REQUIRED, &terms.asset},
        {"payTo", X402_REQUIRED, &terms.pay_to},
    };
    enum x402_fault fault;

    if (!is_object(doc, token))
        return x402_wrong(&r, X402_FAULT_TERMS, token, "the offer");
    if ((fault = x402_read_texts(&r, token, texts, ARRAY_LEN(texts), X402_FAULT_TERMS)) !=
            X402_FAULT_NONE ||
        (fault = read_timeout(&r, &terms.max_timeout_s, token)) != X402_FAULT_NONE ||
        (fault = x402_read_object(&r, &terms.extra, token, "extra", X402_OPTIONAL,
                                  X402_FAULT_TERMS)) != X402_FAULT_NONE)
        return fault;
    *out = terms;
    return X402_FAULT_NONE;
}

static enum x402_fault read_resource(const struct x402_reader *r, struct x402_required *out)
{
    struct assay_bytes description, mime_type;
    const struct x402_text_member texts[] = {
        {"url", X402_REQUIRED, &out->url},
        {"description", X402_OPTIONAL, &description},
        {"mimeType", X402_OPTIONAL, &mime_type},
    };
    enum x402_fault fault =
        x402_read_object(r, &out->resource, 0, "resource", X402_REQUIRED, X402_FAULT_SHAPE);

    if (fault != X402_FAULT_NONE)
        return fault;
    return x402_read_texts(r, out->resource, texts, ARRAY_LEN(texts), X402_FAULT_SHAPE);
}

/* An offer of another shape is a fault, or, to a client that skips it, no offer. */
static enum x402_fault read_offer(const struct x402_reader *r, struct x402_required *out,
                                  uint32_t token, bool skips)
{
    struct assay_err err = {0};
    enum x402_fault fault =
        x402_terms_read(&out->accepts[out->accept_count], r->arena, r->doc, token, &err);

    if (fault == X402_FAULT_NONE)
        out->accept_count++;
    if (fault == X402_FAULT_NONE || (fault == X402_FAULT_TERMS && skips))
        return X402_FAULT_NONE;
    (void)assay_fail(r->err, err.code, err.at, "accepts[%zu]: %s", out->accept_count, err.text);
    return fault;
}

static enum x402_fault read_accepts(const struct x402_reader *r, struct x402_required *out,
                                    bool skips)
{
    uint32_t array = assay_json_member(r->doc, 0, "accepts");
    enum x402_fault fault = X402_FAULT_NONE;

    if (assay_json_type(r->doc, array) != ASSAY_JSON_ARRAY)
        return x402_wrong(r, X402_FAULT_ACCEPTS, array, "accepts");
    if (r->doc->tokens[array].count < 1 || r->doc->tokens[array].count > X402_ACCEPTS_MAX_ITEMS) {
        (void)assay_fail(r->err, ASSAY_E_RANGE, r->doc->tokens[array].start,
                         "x402: accepts has no offer, or more than %d", X402_ACCEPTS_MAX_ITEMS);
        return X402_FAULT_ACCEPTS;
    }
    for (uint32_t at = assay_json_first(r->doc, array);
         at != ASSAY_JSON_NONE && fault == X402_FAULT_NONE;
         at = assay_json_next_sibling(r->doc, array, at))
        fault = read_offer(r, out, at, skips);
    return fault;
}

static enum x402_fault read_required(struct x402_required *out, struct assay_arena *arena,
                                     const struct assay_json *doc, bool skips,
                                     struct assay_err *err)
{
    const struct x402_reader r = {doc, arena, err, 0};
    struct x402_required required = {.doc = doc};
    const struct x402_text_member error = {"error", X402_OPTIONAL, &required.error};
    enum x402_fault fault;

    if ((fault = x402_read_head(&r)) != X402_FAULT_NONE ||
        (fault = x402_read_extensions(&r, &required.extensions)) != X402_FAULT_NONE ||
        (fault = read_resource(&r, &required)) != X402_FAULT_NONE ||
        (fault = x402_read_text(&r, 0, &error, X402_FAULT_SHAPE)) != X402_FAULT_NONE ||
        (fault = read_accepts(&r, &required, skips)) != X402_FAULT_NONE)
        return fault;
    *out = required;
    return X402_FAULT_NONE;
}

enum x402_fault x402_required_read(struct x402_required *out, struct assay_arena *arena,
                                   const struct assay_json *doc, struct assay_err *err)
{
    return read_required(out, arena, doc, false, err);
}

enum x402_fault x402_required_read_known(struct x402_required *out, struct assay_arena *arena,
                                         const struct assay_json *doc, struct assay_err *err)
{
    return read_required(out, arena, doc, true, err);
}

enum x402_fault x402_payment_read_at(struct x402_payment *out, struct assay_arena *arena,
                                     const struct assay_json *doc, uint32_t token,
                                     struct assay_err *err)
{
    const struct x402_reader r = {doc, arena, err, token};
    struct x402_payment payment = {.doc = doc};
    uint32_t accepted = ASSAY_JSON_NONE;
    enum x402_fault fault;

    if ((fault = x402_read_head(&r)) != X402_FAULT_NONE ||
        (fault = x402_read_extensions(&r, &payment.extensions)) != X402_FAULT_NONE ||
        (fault = x402_read_object(&r, &accepted, token, "accepted", X402_REQUIRED,
                                  X402_FAULT_SHAPE)) != X402_FAULT_NONE ||
        (fault = x402_terms_read(&payment.accepted, arena, doc, accepted, err)) !=
            X402_FAULT_NONE ||
        (fault = x402_read_object(&r, &payment.payload, token, "payload", X402_REQUIRED,
                                  X402_FAULT_SHAPE)) != X402_FAULT_NONE)
        return fault;
    *out = payment;
    return X402_FAULT_NONE;
}

enum x402_fault x402_payment_read(struct x402_payment *out, struct assay_arena *arena,
                                  const struct assay_json *doc, struct assay_err *err)
{
    return x402_payment_read_at(out, arena, doc, 0, err);
}

enum x402_fault x402_read_bool(const struct x402_reader *r, bool *out, const char *member)
{
    uint32_t value = assay_json_member(r->doc, r->root, member);
    enum assay_json_type type = assay_json_type(r->doc, value);

    if ((REF_DEFECT(fac_missing) && (type == ASSAY_JSON_NULL || value == ASSAY_JSON_NONE)) ||
        (REF_DEFECT(fac_truthy) && (type == ASSAY_JSON_STRING || type == ASSAY_JSON_NUMBER)))
        type = ASSAY_JSON_TRUE;
    if (type != ASSAY_JSON_TRUE && type != ASSAY_JSON_FALSE)
        return x402_wrong(r, X402_FAULT_SHAPE, value, member);
    *out = type == ASSAY_JSON_TRUE;
    return X402_FAULT_NONE;
}

/* A network is missing from a failure where none can be echoed (Kaspa x402 exact digest, section
 * 3.5). */
static enum x402_fault read_outcome(const struct x402_reader *r, struct x402_settlement *out)
{
    const struct x402_text_member texts[] = {
        {"transaction", X402_REQUIRED, &out->transaction},
        {"network", out->success ? X402_REQUIRED : X402_OPTIONAL, &out->network},
        {"amount", X402_OPTIONAL, &out->amount},
        {"payer", X402_OPTIONAL, &out->payer},
        {"errorReason", X402_OPTIONAL, &out->error_reason},
    };

    return x402_read_texts(r, 0, texts, ARRAY_LEN(texts), X402_FAULT_SHAPE);
}

enum x402_fault x402_settlement_read(struct x402_settlement *out, struct assay_arena *arena,
                                     const struct assay_json *doc, struct assay_err *err)
{
    const struct x402_reader r = {doc, arena, err, 0};
    struct x402_settlement settlement = {.doc = doc};
    enum x402_fault fault;

    if ((fault = read_root(&r)) != X402_FAULT_NONE ||
        (fault = x402_read_extensions(&r, &settlement.extensions)) != X402_FAULT_NONE ||
        (fault = x402_read_bool(&r, &settlement.success, "success")) != X402_FAULT_NONE ||
        (fault = read_outcome(&r, &settlement)) != X402_FAULT_NONE)
        return fault;
    *out = settlement;
    return X402_FAULT_NONE;
}
