/* The operations of batch settlement say which member of an input is wrong, and give what they are
 * asked for in every form that it may come in; what they decide is in the vectors. */
#include "asking.h"
#include "vectors/batch_pay.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static const struct vectors_pay_patch no_change[] = {{PAY_END, NULL, NULL}};

static json_t *payment_in(enum vectors_pay_story story, const struct vectors_pay_patch *patches)
{
    struct assay_err err = {0};
    struct vectors v = {.err = &err};
    json_t *in = vectors_pay_base(&v, 5, story, patches);

    cr_assert_eq(err.code, ASSAY_OK, "%s", err.text);
    return in;
}

/* ---- members of a request's input ---- */

#define H64 "'5555555555555555555555555555555555555555555555555555555555555555'"
#define LAST "{'commitment': {'binding': 'kaspa-escrow-v3'}, 'payloadHash': " H64 "}"

static const struct {
    const char *name, *path, *json, *says;
    enum assay_code code;
} wrong[] = {
    {"no offer", "required", NULL, "member required: expected", ASSAY_E_MISSING},
    {"an offer that is none", "required", "{}", "member required: x402: x402Version",
     ASSAY_E_MISSING},
    {"no payment", "payment", NULL, "member payment: expected", ASSAY_E_MISSING},
    {"no request", "request", NULL, "expected a JSON object", ASSAY_E_TYPE},
    {"a request with more", "request.headers", "{}", "member headers is not known",
     ASSAY_E_UNKNOWN},
    {"no time", "now", NULL, "member now", ASSAY_E_MISSING},
    {"a policy with more", "policy", "{'feeMax': '1'}", "member policy: member feeMax",
     ASSAY_E_UNKNOWN},
    {"a policy of no confirmation", "policy", "{'confirmations': '0'}",
     "member policy: member confirmations: 0 are no confirmation", ASSAY_E_RANGE},
    {"a channel without configuration", "channel.channelConfig", NULL,
     "member channel: member channelConfig: expected a JSON object", ASSAY_E_TYPE},
    {"a channel that cannot be opened", "channel.channelConfig.payTo", "'kaspatest:qqqq'",
     "member channel: channelConfig.payTo", ASSAY_E_MALFORMED},
    {"a channel without head", "channel.head", NULL, "member channel: member head: expected",
     ASSAY_E_MISSING},
    {"a channel without what was charged", "channel.charged", NULL,
     "member channel: member charged", ASSAY_E_MISSING},
    {"a channel without reserve", "channel.reserve", NULL, "member channel: member reserve",
     ASSAY_E_MISSING},
    {"active in quotes", "channel.active", "'true'",
     "member channel: member active: expected true or false", ASSAY_E_TYPE},
    {"a channel with a voucher", "channel.voucher", "{}", "member channel: member voucher is not",
     ASSAY_E_UNKNOWN},
    {"half a commitment", "channel.last", LAST,
     "member channel: member last: member commitment: member channelId", ASSAY_E_MISSING},
    {"a last one without its payload", "channel.last", "{'commitment': {}}",
     "member channel: member last: member payloadHash", ASSAY_E_MISSING},
    {"a sight of nothing", "sight.coin", NULL, "member sight: member coin: expected the coin",
     ASSAY_E_MISSING},
    {"a coin without amount", "sight.coin.amount", NULL, "member sight: member coin: amount",
     ASSAY_E_MISSING},
    {"evidence with more", "sight.evidence.note", "1", "member sight: member evidence: note",
     ASSAY_E_UNKNOWN},
    {"a birth without outpoint", "sight.birth.outpoint", NULL,
     "member sight: member birth: member outpoint", ASSAY_E_TYPE},
    {"a birth in no known block", "sight.birth.evidence", "5",
     "member sight: member birth: member evidence", ASSAY_E_TYPE},
    {"an output without value", "sight.birth.output.value", NULL,
     "member sight: member birth: member output: member value", ASSAY_E_MISSING},
    {"an output by no input", "sight.birth.output.authorizingInput", "65536",
     "member sight: member birth: member output: member authorizingInput", ASSAY_E_RANGE},
    {"a score that is a number", "sight.daaScore", "5", "member sight: member daaScore",
     ASSAY_E_TYPE},
    {"started in quotes", "started", "'true'", "member started: expected true or false",
     ASSAY_E_TYPE},
    {"another member", "more", "1", "member more is not known", ASSAY_E_UNKNOWN},
};

Test(operations_batch, say_which_member_of_a_requests_input_is_wrong)
{
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        const struct vectors_pay_patch patches[] = {{PAY_JUDGE, wrong[i].path, wrong[i].json},
                                                    {PAY_END, NULL, NULL}};
        json_t *in = payment_in(PAY_TOP_UP, patches);

        expect_wrong("batch.payment", in, wrong[i].name, wrong[i].code, wrong[i].says);
        json_decref(in);
    }
}

/* ---- forms ---- */

Test(operations_batch, take_headers_as_they_take_objects)
{
    json_t *in = payment_in(PAY_DEPOSIT, no_change);

    expect_same_by_header("batch.payment", in);
    json_decref(in);
}

Test(operations_batch, list_every_check_of_a_request_once_and_in_order)
{
    json_t *in = payment_in(PAY_VOUCHER, no_change), *out = NULL, *check;
    size_t i;

    cr_assert_eq(ask("batch.payment", in, &out, NULL), OPERATION_OK);
    cr_assert_eq(json_array_size(json_object_get(out, "checks")), KX_BATCH_RULE__COUNT);
    json_array_foreach (json_object_get(out, "checks"), i, check) {
        expect_text(check, "rule", kx_batch_rules[i].id);
        expect_text(check, "result", "held");
    }
    json_decref(out);
    json_decref(in);
}

Test(operations_batch, name_rule_code_and_reason_of_what_they_refuse)
{
    static const struct vectors_pay_patch patches[] = {{PAY_PLAN, "total", "'25000001'"},
                                                       {PAY_END, NULL, NULL}};
    json_t *in = payment_in(PAY_VOUCHER, patches), *out = NULL;

    cr_assert_eq(ask("batch.payment", in, &out, NULL), OPERATION_REFUSED);
    expect_text(out, "rule", "batch.voucher.total");
    expect_text(out, "local", "invalid_kaspa_x402_amount");
    expect_text(out, "wire", "invalid_payment_requirements");
    expect_text(out, "reason", "the voucher is for 25000001, required is 25000000");
    cr_expect_null(json_object_get(out, "commitmentId"));
    json_decref(out);
    json_decref(in);
}

/* As a server judges it before it asks the chain. */
Test(operations_batch, leave_open_what_the_chain_was_not_asked_for)
{
    static const struct vectors_pay_patch patches[] = {{PAY_JUDGE, "sight", NULL},
                                                       {PAY_END, NULL, NULL}};
    json_t *in = payment_in(PAY_VOUCHER, patches), *out = NULL;

    cr_assert_eq(ask("batch.payment", in, &out, NULL), OPERATION_UNSUPPORTED);
    expect_text(out, "outcome", "undecided");
    expect_text(out, "rule", "batch.head.confirmed");
    expect_text(out, "reason", "the chain was not asked yet");
    json_decref(out);
    json_decref(in);
}

Test(operations_batch, run_out_of_memory_with_an_error_and_without_a_leak)
{
    json_t *in = payment_in(PAY_DEPOSIT, no_change);

    expect_no_refusal_without_memory("batch.payment", in);
    json_decref(in);
}

/* ---- what a transaction says of itself ---- */

static const struct vectors_batch_patch no_tx_change[] = {{BATCH_END, NULL, NULL}};

static json_t *tx_in(int kind)
{
    struct assay_err err = {0};
    struct vectors v = {.err = &err};
    json_t *in = vectors_batch_verify(&v, 5, (enum kx_batch_kind)kind, no_tx_change);

    cr_assert_eq(err.code, ASSAY_OK, "%s", err.text);
    return in;
}

/* Its text, in place of the object. */
static void write_as_text(json_t *in)
{
    char *text = json_dumps(json_object_get(in, "transaction"), JSON_COMPACT);

    json_object_set_new(in, "transaction", json_string(text));
    free(text);
}

static void expect_told(const char *op, const json_t *in, const json_t *id)
{
    json_t *out = NULL;

    cr_expect_eq(ask(op, in, &out, NULL), OPERATION_REFUSED, "%s", op);
    expect_text(out, "rule", "exact.transaction.id");
    expect_text(out, "local", "invalid_kaspa_transaction");
    expect_text(out, "reason", "the text has another id");
    expect_text(out, "transactionId", json_string_value(id));
    json_decref(out);
}

Test(operations_batch, tell_of_an_id_that_is_another_transactions)
{
    for (int kind = 0; kind < KX_BATCH_KINDS; kind++) {
        const char *op = vectors_batch_verifies[kind];
        json_t *in = tx_in(kind), *tx = json_object_get(in, "transaction"), *out = NULL;
        json_t *id = json_incref(json_object_get(tx, "id"));

        cr_expect_eq(ask(op, in, &out, NULL), OPERATION_OK, "%s", op);
        cr_expect(json_equal(json_object_get(out, "transactionId"), id), "%s", op);
        json_object_set_new(tx, "id", json_string(BATCH_OTHER));
        expect_told(op, in, id);
        write_as_text(in);
        expect_told(op, in, id);
        json_decref(out);
        json_decref(id);
        json_decref(in);
    }
}

Test(operations_batch, need_no_id_of_a_transaction_that_says_none)
{
    for (int kind = 0; kind < KX_BATCH_KINDS; kind++) {
        json_t *in = tx_in(kind), *out = NULL;

        json_object_del(json_object_get(in, "transaction"), "id");
        cr_expect_eq(ask(vectors_batch_verifies[kind], in, &out, NULL), OPERATION_OK, "%s",
                     vectors_batch_verifies[kind]);
        json_decref(out);
        json_decref(in);
    }
}
