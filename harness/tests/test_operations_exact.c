/* The operations of the exact scheme say which member of an input is wrong, and give what they are
 * asked for in every form that it may come in; what they decide is in the vectors. */
#include "asking.h"
#include "base/base64.h"
#include "kaspa_x402/exact_verify.h"
#include "vectors/exact_base.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define H64 "5555555555555555555555555555555555555555555555555555555555555555"
#define NOW "'now': '2098-12-31T23:59:00.000Z'"

static json_t *unquoted(const char *text)
{
    struct assay_err err = {0};
    struct vectors v = {.err = &err};
    json_t *value = vectors_json(&v, text);

    cr_assert_not_null(value, "%s", text);
    return value;
}

static json_t *payment_in(enum kx_profile profile, const struct vectors_exact_patch *patches)
{
    struct assay_err err = {0};
    struct vectors v = {.err = &err};
    json_t *in = vectors_exact_base(&v, profile, patches);

    cr_assert_eq(err.code, ASSAY_OK, "%s", err.text);
    return in;
}

/* ---- members of a payment's input ---- */

static const struct {
    const char *name, *path, *json, *says;
    enum assay_code code;
} wrong[] = {
    {"no offer", "required", NULL, "member required: expected", ASSAY_E_MISSING},
    {"an offer that is none", "required", "{}", "member required: x402: x402Version",
     ASSAY_E_MISSING},
    {"an offer's header that is none", "required", "'e30'", "member required: base64",
     ASSAY_E_MALFORMED},
    {"no payment", "payment", NULL, "member payment: expected", ASSAY_E_MISSING},
    {"no request", "request", NULL, "expected a JSON object", ASSAY_E_TYPE},
    {"a request with more", "request.headers", "{}", "member headers is not known",
     ASSAY_E_UNKNOWN},
    {"a URL that is no text", "request.url", "5", "member url", ASSAY_E_TYPE},
    {"scopes that are no texts", "request.context",
     "{'principal': 'x', 'authorizationScopes': [1]}", "member authorizationScopes: expected texts",
     ASSAY_E_TYPE},
    {"a caller without principal", "request.context", "{}", "member principal", ASSAY_E_MISSING},
    {"no time", "now", NULL, "member now", ASSAY_E_MISSING},
    {"a time in milliseconds", "now", "'4070908740000'", "member now: expected a time such as",
     ASSAY_E_MALFORMED},
    {"a policy with more", "policy", "{'fee': '1'}", "member policy: member fee", ASSAY_E_UNKNOWN},
    {"a finality that is none", "policy", "{'finality': 'final'}",
     "member policy: member finality: \"final\"", ASSAY_E_UNKNOWN},
    {"a coin too many", "utxos.1", "null", "member utxos: expected 1, one an input, found 2",
     ASSAY_E_MISMATCH},
    {"half a point of view", "pov.daaScore", NULL, "member pov: member daaScore", ASSAY_E_MISSING},
    {"half a head", "head", "{'headId': '" H64 "'}", "member head: member headVersion",
     ASSAY_E_MISSING},
    {"evidence without a status", "evidence.status", NULL, "member evidence: member status",
     ASSAY_E_MISSING},
    {"a status that is none", "evidence.status", "'lost'",
     "member evidence: member status: \"lost\"", ASSAY_E_UNKNOWN},
    {"claimed in quotes", "claimed", "'true'", "member claimed: expected true or false",
     ASSAY_E_TYPE},
    {"another member", "more", "1", "member more is not known", ASSAY_E_UNKNOWN},
};

Test(operations_exact, say_which_member_of_a_payments_input_is_wrong)
{
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        const struct vectors_exact_patch patches[] = {{AT_JUDGE, wrong[i].path, wrong[i].json},
                                                      {AT_END, NULL, NULL}};
        json_t *in = payment_in(KX_STANDARD_NATIVE, patches);

        expect_wrong("exact.payment", in, wrong[i].name, wrong[i].code, wrong[i].says);
        json_decref(in);
    }
}

static const struct {
    const char *op, *in, *says;
} others[] = {
    {"exact.terms", "{}", "member requirements"},
    {"exact.request_hash", "{'request': {'url': 'https://a.test/'}, 'requirementsHash': '5'}",
     "member requirementsHash"},
    {"exact.request_hash", "{'request': {}}", "member url"},
    {"exact.context_hash", "{}", "member principal"},
    {"exact.authorization", "{'requirements': {}}", "member paymentOutputIndex"},
    {"exact.identity", "{}", "expected one of the members payment and transaction"},
    {"exact.identity", "{'payment': {}, 'transaction': ''}", "expected one of the members"},
    {"exact.expiry", "{'expiresAt': '', 'maxTimeoutSeconds': -1, " NOW "}",
     "member maxTimeoutSeconds"},
    {"exact.expiry", "{'maxTimeoutSeconds': 1, " NOW "}", "member expiresAt"},
    {"exact.finality", "{'required': 'accepted'}", "member evidence"},
    {"exact.finality", "{'required': 'final', 'evidence': {'status': 'accepted'}}",
     "member required"},
    {"exact.settlement", "{}", "member response"},
    {"x402.header.decode", "{'header': {}}", "member header"},
    {"x402.header.encode", "{}", "expected one of the members text and document"},
    {"x402.hash", "{'text': 5}", "member text"},
    {"x402.required.read", "{}", "member message"},
    {"x402.identifier.check", "{'offered': {}}", "member paid"},
};

Test(operations_exact, say_which_member_of_their_input_is_wrong)
{
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        json_t *in = unquoted(others[i].in), *out = NULL;
        struct assay_err err = {0};

        cr_expect_eq(ask(others[i].op, in, &out, &err), OPERATION_ERROR, "%s: %s", others[i].op,
                     others[i].in);
        cr_expect_not_null(strstr(err.text, others[i].says), "%s: %s", others[i].op, err.text);
        json_decref(in);
    }
}

Test(operations_exact, take_no_member_that_they_do_not_know)
{
    const struct operation *op;

    for (size_t i = 0; (op = operation_at(i)) != NULL; i++) {
        json_t *in = unquoted("{'more': 1}"), *out = NULL;
        struct assay_err err = {0};

        if (strncmp(op->name, "exact.", 6) == 0 || strncmp(op->name, "x402.", 5) == 0) {
            cr_expect_eq(operation_run(op, in, &out, &err), OPERATION_ERROR, "%s", op->name);
            cr_expect_not_null(strstr(err.text, "member more is not known"), "%s: %s", op->name,
                               err.text);
        }
        json_decref(in);
    }
}

/* ---- forms ---- */

static const struct vectors_exact_patch no_change[] = {{AT_END, NULL, NULL}};

Test(operations_exact, take_headers_as_they_take_objects)
{
    json_t *in = payment_in(KX_ADDITIVE, no_change);

    expect_same_by_header("exact.payment", in);
    json_decref(in);
}

Test(operations_exact, list_every_check_of_a_payment_once_and_in_order)
{
    json_t *in = payment_in(KX_STANDARD_NATIVE, no_change), *out = NULL, *check;
    size_t i;

    cr_assert_eq(ask("exact.payment", in, &out, NULL), OPERATION_OK);
    cr_assert_eq(json_array_size(json_object_get(out, "checks")), KX_EXACT__COUNT);
    json_array_foreach (json_object_get(out, "checks"), i, check) {
        expect_text(check, "rule", kx_exact_rules[i].id);
        expect_text(check, "result", "held");
    }
    json_decref(out);
    json_decref(in);
}

Test(operations_exact, name_rule_code_and_reason_of_what_they_refuse)
{
    static const struct vectors_exact_patch patches[] = {{AT_TX, "outputs.0.value", "'99999999'"},
                                                         {AT_END, NULL, NULL}};
    json_t *in = payment_in(KX_STANDARD_NATIVE, patches), *out = NULL;

    cr_assert_eq(ask("exact.payment", in, &out, NULL), OPERATION_REFUSED);
    expect_text(out, "rule", "exact.transaction.merchant-output");
    expect_text(out, "local", "invalid_kaspa_transaction");
    expect_text(out, "wire", "invalid_transaction_state");
    expect_text(out, "reason", "it is worth 99999999 sompi, not 100000000");
    json_decref(out);
    json_decref(in);
}

Test(operations_exact, leave_open_what_too_little_is_known_for_and_say_what)
{
    static const struct vectors_exact_patch patches[] = {
        {AT_JUDGE, "utxos", NULL}, {AT_JUDGE, "evidence", NULL}, {AT_END, NULL, NULL}};
    json_t *in = payment_in(KX_STANDARD_NATIVE, patches), *out = NULL;

    cr_assert_eq(ask("exact.payment", in, &out, NULL), OPERATION_UNSUPPORTED);
    expect_text(out, "outcome", "undecided");
    expect_text(out, "rule", "exact.transaction.hints");
    expect_text(out, "reason", "what it spends is not known");
    json_decref(out);
    json_decref(in);
}

/* Coins are compared with such a transaction too, whose reader is strict in what it knows alone. */
Test(operations_exact, judge_a_transaction_with_an_unknown_member_twice)
{
    json_t *in = payment_in(KX_STANDARD_NATIVE, no_change), *out = NULL;
    json_t *payload = json_object_get(json_object_get(in, "payment"), "payload");
    const char *text = json_string_value(json_object_get(payload, "transaction"));
    struct assay_buf twice = ASSAY_BUF_INIT(1 << 16);

    assay_buf_printf(&twice, "{\"note\":1,\"note\":2,%s", text + 1);
    json_object_set_new(payload, "transaction", json_string(assay_buf_cstr(&twice)));
    cr_expect_eq(ask("exact.payment", in, &out, NULL), OPERATION_OK);
    assay_buf_fini(&twice);
    json_decref(out);
    json_decref(in);
}

/* What a text is made of must not matter: no surrogate gets into an answer, and none is left out.
 */
Test(operations_exact, refuse_a_text_that_no_answer_could_repeat)
{
    struct assay_buf header = ASSAY_BUF_INIT(4096);
    json_t *in, *out = NULL;

    assay_base64_encode(&header, ASSAY_BASE64_STD,
                        ASSAY_LIT("{\"success\":false,\"transaction\":\"\\ud800\"}"));
    in = json_pack("{s:s}", "message", assay_buf_cstr(&header));
    cr_expect_eq(ask("x402.settlement.read", in, &out, NULL), OPERATION_REFUSED);
    expect_text(out, "rule", "http.form");
    json_decref(out);
    json_decref(in);
    assay_buf_fini(&header);
}

Test(operations_exact, run_out_of_memory_with_an_error_and_without_a_leak)
{
    json_t *in = payment_in(KX_ADDITIVE, no_change);

    expect_no_refusal_without_memory("exact.payment", in);
    json_decref(in);
}
