/* Requests to a facilitator, and what it says of payments; see facilitator.h. */
#include "x402/facilitator.h"

#include "x402/envelope_internal.h"

/* Appends one more member, unless its value is empty; `before` ends with the colon. */
static void add_json(struct assay_buf *out, const char *before, struct assay_bytes json)
{
    if (json.len == 0)
        return;
    assay_buf_add_str(out, before);
    assay_buf_add(out, json);
}

static void add_text(struct assay_buf *out, const char *before, struct assay_bytes text)
{
    if (text.len == 0)
        return;
    assay_buf_add_str(out, before);
    assay_json_add_string(out, text);
}

/* ---- requests ---- */

/* Puts the name of the member that an inner envelope is before what is wrong with it. */
static enum x402_fault within(struct assay_err *err, enum x402_fault fault, const char *member,
                              const struct assay_err *inner)
{
    if (fault != X402_FAULT_NONE)
        (void)assay_fail(err, inner->code, inner->at, "%s: %s", member, inner->text);
    return fault;
}

static enum x402_fault read_payload(const struct x402_reader *r, struct x402_payment *out)
{
    static const char member[] = "paymentPayload";
    struct assay_err inner = {0};
    uint32_t at = ASSAY_JSON_NONE;
    enum x402_fault fault =
        x402_read_object(r, &at, r->root, member, X402_REQUIRED, X402_FAULT_SHAPE);

    if (fault != X402_FAULT_NONE)
        return fault;
    return within(r->err, x402_payment_read_at(out, r->arena, r->doc, at, &inner), member, &inner);
}

static enum x402_fault read_requirements(const struct x402_reader *r, struct x402_terms *out)
{
    static const char member[] = "paymentRequirements";
    struct assay_err inner = {0};
    uint32_t at = ASSAY_JSON_NONE;
    enum x402_fault fault =
        x402_read_object(r, &at, r->root, member, X402_REQUIRED, X402_FAULT_SHAPE);

    if (fault != X402_FAULT_NONE)
        return fault;
    return within(r->err, x402_terms_read(out, r->arena, r->doc, at, &inner), member, &inner);
}

enum x402_fault x402_request_read(struct x402_request *out, struct assay_arena *arena,
                                  const struct assay_json *doc, struct assay_err *err)
{
    const struct x402_reader r = {doc, arena, err, 0};
    struct x402_request request = {.doc = doc};
    const struct x402_text_member hash = {"requestHash", X402_OPTIONAL, &request.request_hash};
    enum x402_fault fault;

    if ((fault = x402_read_head(&r)) != X402_FAULT_NONE ||
        (fault = x402_read_extensions(&r, &request.extensions)) != X402_FAULT_NONE ||
        (fault = read_payload(&r, &request.payment)) != X402_FAULT_NONE ||
        (fault = read_requirements(&r, &request.requirements)) != X402_FAULT_NONE ||
        (fault = x402_read_object(&r, &request.resource, 0, "resource", X402_OPTIONAL,
                                  X402_FAULT_SHAPE)) != X402_FAULT_NONE ||
        (fault = x402_read_text(&r, 0, &hash, X402_FAULT_SHAPE)) != X402_FAULT_NONE)
        return fault;
    *out = request;
    return X402_FAULT_NONE;
}

void x402_request_write(struct assay_buf *out, const struct x402_ask *ask)
{
    assay_buf_printf(out, "{\"x402Version\":%d", X402_VERSION);
    add_json(out, ",\"paymentPayload\":", ask->payload);
    add_json(out, ",\"paymentRequirements\":", ask->requirements);
    add_json(out, ",\"resource\":", ask->resource);
    add_text(out, ",\"requestHash\":", ask->request_hash);
    add_json(out, ",\"extensions\":", ask->extensions);
    assay_buf_add_byte(out, '}');
}

/* ---- answers ---- */

const char *x402_reason_find(struct assay_bytes reason)
{
#define X(text) text,
    static const char *const reasons[] = {X402_REASONS(X)};
#undef X

    for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
        if (assay_bytes_is(reason, reasons[i]))
            return reasons[i];
    return NULL;
}

bool x402_names_something(struct assay_bytes text)
{
    static const char unfit[] = "\"'\\<>";

    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] <= ' ' || text.at[i] >= 0x7F || strchr(unfit, text.at[i]) != NULL)
            return false;
    return text.len > 0 && text.len <= X402_IDENTIFIER_TEXT_MAX_BYTES;
}

enum x402_fault x402_verified_read(struct x402_verified *out, struct assay_arena *arena,
                                   const struct assay_json *doc, struct assay_err *err)
{
    const struct x402_reader r = {doc, arena, err, 0};
    struct x402_verified verified = {.doc = doc};
    const struct x402_text_member texts[] = {
        {"payer", X402_OPTIONAL, &verified.payer},
        {"invalidReason", X402_OPTIONAL, &verified.invalid_reason},
    };
    enum x402_fault fault;

    if ((fault = x402_read_bool(&r, &verified.is_valid, "isValid")) != X402_FAULT_NONE ||
        (fault = x402_read_texts(&r, 0, texts, ARRAY_LEN(texts), X402_FAULT_SHAPE)) !=
            X402_FAULT_NONE ||
        (fault = x402_read_object(&r, &verified.extra, 0, "extra", X402_OPTIONAL,
                                  X402_FAULT_SHAPE)) != X402_FAULT_NONE)
        return fault;
    *out = verified;
    return X402_FAULT_NONE;
}

void x402_verified_write(struct assay_buf *out, const struct x402_verified *verified)
{
    assay_buf_printf(out, "{\"isValid\":%s", verified->is_valid ? "true" : "false");
    add_text(out, ",\"invalidReason\":", verified->invalid_reason);
    add_text(out, ",\"payer\":", verified->payer);
    if (verified->doc != NULL)
        add_json(out, ",\"extra\":", assay_json_raw(verified->doc, verified->extra));
    assay_buf_add_byte(out, '}');
}

static enum x402_settle_state state_of(const struct x402_settlement *said)
{
    if (said->success)
        return X402_SETTLED;
    return assay_bytes_is(said->error_reason, X402_REASON_PENDING) ? X402_PENDING : X402_REFUSED;
}

/* What is not asked for, or may be left out and is, contradicts nothing. */
static bool is_same(struct assay_bytes said, struct assay_bytes expected)
{
    return said.len == 0 || expected.len == 0 || assay_bytes_equal(said, expected);
}

enum x402_fault x402_settled_read(struct x402_settled *out, struct assay_arena *arena,
                                  const struct assay_json *doc,
                                  const struct x402_expected *expected, struct assay_err *err)
{
    struct x402_settled settled;
    enum x402_fault fault = x402_settlement_read(&settled.said, arena, doc, err);

    if (fault != X402_FAULT_NONE)
        return fault;
    settled.state = state_of(&settled.said);
    settled.has_transaction = x402_names_something(settled.said.transaction);
    settled.is_same_network = assay_bytes_equal(settled.said.network, expected->network);
    settled.is_same_amount = is_same(settled.said.amount, expected->amount);
    settled.is_same_payer = is_same(settled.said.payer, expected->payer);
    *out = settled;
    return X402_FAULT_NONE;
}

bool x402_settled_is_good(const struct x402_settled *s)
{
    return s->state == X402_SETTLED && s->said.error_reason.len == 0 && s->has_transaction &&
           s->is_same_network && s->is_same_amount && s->is_same_payer;
}

void x402_settlement_write(struct assay_buf *out, const struct x402_settlement *settlement)
{
    assay_buf_printf(out, "{\"success\":%s", settlement->success ? "true" : "false");
    add_text(out, ",\"errorReason\":", settlement->error_reason);
    assay_buf_add_str(out, ",\"transaction\":");
    assay_json_add_string(out, settlement->transaction);
    assay_buf_add_str(out, ",\"network\":");
    assay_json_add_string(out, settlement->network);
    add_text(out, ",\"amount\":", settlement->amount);
    add_text(out, ",\"payer\":", settlement->payer);
    if (settlement->doc != NULL)
        add_json(out, ",\"extensions\":", assay_json_raw(settlement->doc, settlement->extensions));
    assay_buf_add_byte(out, '}');
}
