/* The operations of x402 version 2, of any network: headers, envelopes, identifiers, hashes. */
#include "run/operations_exact.h"

#include <stdlib.h>

/* A JSON text within the budgets, given as it is or as its value. */
static enum operation_answer document_in(struct assay_json *doc, struct assay_arena *arena,
                                         const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"text", "document", NULL};
    const char *text = NULL;
    struct assay_err why = {0};

    if (!operation_members(in, members, err) ||
        !operation_not_both(in, "text", "document", true, err))
        return OPERATION_ERROR;
    if (json_object_get(in, "document") != NULL)
        return exact_in_value(doc, arena, json_object_get(in, "document"), err) ? OPERATION_OK
                                                                                : OPERATION_ERROR;
    if ((text = operation_text(in, "text", true, err)) == NULL)
        return OPERATION_ERROR;
    if (x402_document_parse(doc, arena, assay_str(text), false, &why) == ASSAY_OK)
        return OPERATION_OK;
    return exact_refused_form(result, &why, err);
}

/* ---- headers and hashes ---- */

/* {"canonical", "hash"}. */
static enum operation_answer canonical_out(const struct assay_json *doc, json_t **result,
                                           struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
    enum operation_answer answer = OPERATION_OK;
    char hash[X402_HASH_TEXT_BYTES];
    struct assay_err why = {0};

    if (assay_json_canonical(&text, doc, 0, &why) != ASSAY_OK) {
        answer = exact_refused_form(result, &why, err);
    } else {
        x402_hash_text(hash, assay_buf_view(&text));
        *result =
            json_pack("{s:s%, s:s}", "canonical", assay_buf_view(&text).at, text.len, "hash", hash);
    }
    assay_buf_fini(&text);
    return answer;
}

static enum operation_answer header_decode(const json_t *in, json_t **result, struct assay_err *err)
{
    static const char *const members[] = {"header", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    struct assay_json doc;

    if (operation_members(in, members, err) && operation_text(in, "header", true, err) != NULL)
        answer = exact_in_message(&doc, &arena, in, "header", result, err);
    if (answer == OPERATION_OK)
        answer = canonical_out(&doc, result, err);
    assay_arena_fini(&arena);
    return answer;
}

static enum operation_answer header_encode(const json_t *in, json_t **result, struct assay_err *err)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES);
    struct assay_buf header = ASSAY_BUF_INIT(X402_HEADER_MAX_CHARS);
    enum operation_answer answer;
    struct assay_err why = {0};
    struct assay_json doc;

    answer = document_in(&doc, &arena, in, result, err);
    if (answer == OPERATION_OK) {
        if (x402_header_encode(&header, &doc, &why) == ASSAY_OK)
            *result = json_pack("{s:s%}", "header", assay_buf_view(&header).at, header.len);
        else
            answer = exact_refused_form(result, &why, err);
    }
    assay_buf_fini(&header);
    assay_arena_fini(&arena);
    return answer;
}

static enum operation_answer hash(const json_t *in, json_t **result, struct assay_err *err)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES);
    struct assay_json doc;
    enum operation_answer answer = document_in(&doc, &arena, in, result, err);

    if (answer == OPERATION_OK)
        answer = canonical_out(&doc, result, err);
    assay_arena_fini(&arena);
    return answer;
}

/* ---- envelopes ---- */

static json_t *text_json(struct assay_bytes text)
{
    return json_stringn((const char *)text.at, text.len);
}

static json_t *terms_json(const struct x402_terms *terms)
{
    json_t *all =
        json_pack("{s:o, s:o, s:o, s:o, s:o}", "scheme", text_json(terms->scheme), "network",
                  text_json(terms->network), "amount", text_json(terms->amount), "asset",
                  text_json(terms->asset), "payTo", text_json(terms->pay_to));

    if (terms->max_timeout_s != X402_NO_TIMEOUT)
        json_object_set_new(all, "maxTimeoutSeconds",
                            json_integer((json_int_t)terms->max_timeout_s));
    return all;
}

static void set_text(json_t *object, const char *name, struct assay_bytes text)
{
    if (text.len > 0)
        json_object_set_new(object, name, text_json(text));
}

/* What is told of an envelope; the arena and the document are its reader's. */
typedef enum x402_fault envelope_reader(json_t **out, struct assay_arena *arena,
                                        const struct assay_json *doc, struct assay_err *why);

static enum x402_fault read_required(json_t **out, struct assay_arena *arena,
                                     const struct assay_json *doc, struct assay_err *why)
{
    struct x402_required required;
    enum x402_fault fault = x402_required_read(&required, arena, doc, why);
    json_t *offers;

    if (fault != X402_FAULT_NONE)
        return fault;
    offers = json_array();
    for (size_t i = 0; i < required.accept_count; i++)
        json_array_append_new(offers, terms_json(&required.accepts[i]));
    *out = json_pack("{s:o, s:o}", "url", text_json(required.url), "accepts", offers);
    set_text(*out, "error", required.error);
    return fault;
}

static enum x402_fault read_payment(json_t **out, struct assay_arena *arena,
                                    const struct assay_json *doc, struct assay_err *why)
{
    struct x402_payment payment;
    enum x402_fault fault = x402_payment_read(&payment, arena, doc, why);

    if (fault == X402_FAULT_NONE)
        *out = json_pack("{s:o, s:b}", "accepted", terms_json(&payment.accepted), "hasExtensions",
                         payment.extensions != ASSAY_JSON_NONE);
    return fault;
}

static enum x402_fault read_settlement(json_t **out, struct assay_arena *arena,
                                       const struct assay_json *doc, struct assay_err *why)
{
    struct x402_settlement settlement;
    enum x402_fault fault = x402_settlement_read(&settlement, arena, doc, why);

    if (fault != X402_FAULT_NONE)
        return fault;
    *out = json_pack("{s:b, s:o}", "success", settlement.success, "transaction",
                     text_json(settlement.transaction));
    set_text(*out, "network", settlement.network);
    set_text(*out, "amount", settlement.amount);
    set_text(*out, "payer", settlement.payer);
    set_text(*out, "errorReason", settlement.error_reason);
    return fault;
}

/* A text of an envelope may have surrogates that are in no UTF-8, and so in no answer. */
static enum operation_answer refuse_text(json_t **result)
{
    return exact_refused(result, "http.form", KX_LOCAL_PAYLOAD, "a text is no UTF-8");
}

static enum operation_answer read_envelope(const json_t *in, json_t **result, const char *rule,
                                           envelope_reader *read, struct assay_err *err)
{
    static const char *const members[] = {"message", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    enum x402_fault fault = X402_FAULT_NONE;
    struct assay_err why = {0};
    struct assay_json doc;

    if (operation_members(in, members, err))
        answer = exact_in_message(&doc, &arena, in, "message", result, err);
    if (answer == OPERATION_OK)
        fault = read(result, &arena, &doc, &why);
    if (fault != X402_FAULT_NONE) {
        answer = exact_refused(result, rule, KX_LOCAL_NONE, why.text);
        json_object_set_new(*result, "error", json_string(x402_fault_name(fault)));
    } else if (answer == OPERATION_OK && *result == NULL) {
        answer = refuse_text(result);
    }
    assay_arena_fini(&arena);
    return answer;
}

static enum operation_answer required_read(const json_t *in, json_t **result, struct assay_err *err)
{
    return read_envelope(in, result, "http.challenge", read_required, err);
}

static enum operation_answer payment_read(const json_t *in, json_t **result, struct assay_err *err)
{
    return read_envelope(in, result, "http.form", read_payment, err);
}

static enum operation_answer settlement_read(const json_t *in, json_t **result,
                                             struct assay_err *err)
{
    return read_envelope(in, result, "settlement.response", read_settlement, err);
}

/* ---- the payment-identifier extension ---- */

static enum operation_answer refuse_echo(json_t **result, enum kx_exact_rule rule, const char *why)
{
    return exact_refused(result, kx_exact_rules[rule].id, kx_exact_rules[rule].local, why);
}

static enum operation_answer check_identifier(json_t **result, struct assay_arena *arena,
                                              const struct assay_json *offered,
                                              const struct assay_json *paid)
{
    struct x402_identifier advertised = {.id = ASSAY_LIT("")}, echo = {.id = ASSAY_LIT("")};
    struct assay_err why = {0};
    enum x402_identifier_state offer = x402_identifier_read(&advertised, arena, offered, 0, &why);
    enum x402_identifier_state state;

    if (offer == X402_IDENTIFIER_MALFORMED)
        return exact_refused(result, "http.challenge", KX_LOCAL_IDENTIFIER, why.text);
    state = x402_identifier_read(&echo, arena, paid, 0, &why);
    if (state == X402_IDENTIFIER_MALFORMED)
        return refuse_echo(result, KX_EXACT_IDENTIFIER_ECHO, why.text);
    if (state == X402_IDENTIFIER_ABSENT || echo.id.len == 0)
        return refuse_echo(result, KX_EXACT_IDENTIFIER, "there is no id");
    if (offer == X402_IDENTIFIER_PRESENT &&
        !x402_identifier_is_echo(paid, &echo, offered, &advertised))
        return refuse_echo(result, KX_EXACT_IDENTIFIER_ECHO,
                           "the schema or an advertised member of info is not echoed");
    *result = json_pack("{s:o}", "id", text_json(echo.id));
    return OPERATION_OK;
}

static enum operation_answer identifier_check(const json_t *in, json_t **result,
                                              struct assay_err *err)
{
    static const char *const members[] = {"offered", "paid", NULL};
    struct assay_arena arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES);
    enum operation_answer answer = OPERATION_ERROR;
    struct assay_json offered, paid;

    if (operation_members(in, members, err) &&
        (answer = exact_in_message(&offered, &arena, in, "offered", result, err)) == OPERATION_OK &&
        (answer = exact_in_message(&paid, &arena, in, "paid", result, err)) == OPERATION_OK)
        answer = check_identifier(result, &arena, &offered, &paid);
    assay_arena_fini(&arena);
    return answer;
}

const struct operation operations_x402[] = {
    {"x402.header.decode", "header", "canonical, hash", header_decode},
    {"x402.header.encode", "text (JSON), or document", "header", header_encode},
    {"x402.hash", "text (JSON), or document", "canonical, hash", hash},
    {"x402.required.read", "message (an object, or a header's value)", "url, accepts, error?",
     required_read},
    {"x402.payment.read", "message", "accepted, hasExtensions", payment_read},
    {"x402.settlement.read", "message",
     "success, transaction, network?, amount?, payer?, errorReason?", settlement_read},
    {"x402.identifier.check", "offered, paid (the extensions of either)", "id", identifier_check},
    {0},
};
