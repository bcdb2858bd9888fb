/* The client of a facilitator: what it sends and reads, what it publishes of a list, and whom it
 * asks. What it makes of lies and faults is in test_facilitator_outcomes.c. */
#include "facilitator_world.h"

#include <stdio.h>

static struct facilitator_world w;

static void begin(void)
{
    facilitator_world_begin(&w, FACILITATOR_ONCE);
}

static void end(void)
{
    facilitator_world_end(&w);
}

TestSuite(facilitator_client, .init = begin, .fini = end, .timeout = 300);

/* ---- honest ---- */

Test(facilitator_client, is_told_yes_and_who_pays)
{
    struct ref_facilitator_answer verified = facilitator_world_verify(&w, "0x1");
    struct ref_facilitator_answer settled = facilitator_world_settle(&w, "0x1");
    struct facilitator_call call;

    facilitator_expect("verify", &verified, REF_FACILITATOR_YES);
    facilitator_expect("settle", &settled, REF_FACILITATOR_YES);
    cr_expect(assay_bytes_is(verified.payer, FACILITATOR_PAYER));
    cr_expect(assay_bytes_is(settled.payer, FACILITATOR_PAYER));
    cr_expect_eq(settled.transaction.len, 66);
    cr_expect_eq(settled.status, 200);
    cr_expect(settled.may_have_moved && !verified.may_have_moved);
    cr_assert(facilitator_call(w.role, 2, &call));
    cr_expect_str_eq(call.target, "/settle");
    cr_expect_not_null(strstr(call.headers, "Content-Type: application/json\n"));
    cr_expect_null(strstr(call.headers, "Accept-Encoding"), "no coding is asked for");
}

Test(facilitator_client, is_told_no_in_a_word_of_the_list)
{
    struct ref_facilitator_answer first = facilitator_world_settle(&w, "0x1");
    struct ref_facilitator_answer verified = facilitator_world_verify(&w, "0x1");
    struct ref_facilitator_answer again = facilitator_world_settle(&w, "0x1");

    facilitator_expect("first", &first, REF_FACILITATOR_YES);
    facilitator_expect("verify of a used one", &verified, REF_FACILITATOR_NO);
    facilitator_expect("settle of a used one", &again, REF_FACILITATOR_NO);
    cr_expect_str_eq(verified.reason, "invalid_transaction_state");
    cr_expect_str_eq(again.reason, "invalid_transaction_state");
    cr_expect_not(again.may_have_moved);
    cr_expect_eq(facilitator_counts(w.role).moved, 1);
}

Test(facilitator_client, reads_a_refusal_of_either_status)
{
    const struct x402_ask unreadable = {.payload = ASSAY_LIT("{}"),
                                        .requirements = ASSAY_LIT("{}")};
    const struct x402_expected expected = {.network = ASSAY_LIT(FACILITATOR_NETWORK)};
    struct ref_facilitator_answer answer;

    ref_facilitator_verify(w.client, &answer, &w.arena, &unreadable);
    facilitator_expect("verify", &answer, REF_FACILITATOR_NO);
    cr_expect_eq(answer.status, 400);
    ref_facilitator_settle(w.client, &answer, &w.arena, &unreadable, &expected);
    facilitator_expect("settle", &answer, REF_FACILITATOR_NO);
    cr_expect_eq(answer.status, 400);
    cr_expect_not(answer.may_have_moved);
    cr_expect_str_eq(answer.reason, "invalid_x402_version");
}

Test(facilitator_client, sends_the_payload_byte_for_byte)
{
    const char *terms = facilitator_world_terms(&w, "exact", FACILITATOR_NETWORK, "1000");
    struct x402_ask ask =
        facilitator_world_ask_of(&w, terms, terms, "{ \"n\" : 1.50e1,\t\"\\u0061\":[ ] }");
    struct ref_facilitator_answer answer;
    struct facilitator_call call;
    const char *body;

    ask.request_hash = ASSAY_LIT("ab");
    ref_facilitator_verify(w.client, &answer, &w.arena, &ask);
    facilitator_expect("verify", &answer, REF_FACILITATOR_YES);
    cr_assert(facilitator_call(w.role, 1, &call));
    body = (const char *)call.body.at;
    cr_expect_not_null(strstr(body, "{ \"n\" : 1.50e1,\t\"\\u0061\":[ ] }"));
    cr_expect_not_null(strstr(body, terms));
    cr_expect_not_null(strstr(body, ",\"requestHash\":\"ab\""));
}

Test(facilitator_client, reads_what_is_supported)
{
    struct ref_facilitator_answer answer;
    struct x402_supported supported;

    ref_facilitator_supported(w.client, &answer, &supported, &w.arena);
    facilitator_expect("supported", &answer, REF_FACILITATOR_YES);
    cr_assert_eq(supported.kind_count, 3);
    cr_expect(assay_bytes_is(supported.kinds[1].scheme, "upto"));
    cr_expect(assay_bytes_is(assay_json_raw(supported.doc, supported.extensions), "[\"bazaar\"]"));
    cr_expect(assay_bytes_is(assay_json_raw(supported.doc, supported.signers),
                             "{\"eip155:*\":[\"0x1\"]}"));
}

Test(facilitator_client, sends_what_authenticates_it_with_each_call)
{
    const struct ref_net_field fields[] = {{ASSAY_LIT("Authorization"), ASSAY_LIT("Bearer test")}};
    struct ref_facilitator_options options = REF_FACILITATOR_OPTIONS_DEFAULT;
    struct ref_facilitator *client = NULL;
    struct ref_facilitator_answer answer;
    struct facilitator_call call;
    char url[128];

    (void)snprintf(url, sizeof(url), "%s/behind/", facilitator_url(w.role));
    options.url = url;
    options.headers = fields;
    options.header_count = ARRAY_LEN(fields);
    cr_assert_eq(ref_facilitator_new(&client, &options, NULL), ASSAY_OK);
    ref_facilitator_verify(
        client, &answer, &w.arena,
        &(struct x402_ask){.payload = ASSAY_LIT("{}"), .requirements = ASSAY_LIT("{}")});
    facilitator_expect("verify", &answer, REF_FACILITATOR_STATUS);
    cr_assert(facilitator_call(w.role, 1, &call));
    cr_expect_str_eq(call.target, "/behind/verify");
    cr_expect_not_null(strstr(call.headers, "Authorization: Bearer test\n"));
    ref_facilitator_free(client);
}

/* ---- /supported ---- */

Test(facilitator_client, publishes_nothing_that_a_facilitator_adds)
{
    static const enum facilitator_lie lies[] = {
        FACILITATOR_MORE_KINDS, FACILITATOR_MORE_SCHEMES, FACILITATOR_MORE_NETWORKS,
        FACILITATOR_MORE_MODES, FACILITATOR_MORE_ASSETS,  FACILITATOR_MORE_SIGNERS};
    struct assay_buf honest = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
    struct ref_facilitator_answer answer;
    struct x402_supported own, listed;

    ref_facilitator_supported(w.client, &answer, &own, &w.arena);
    facilitator_expect("honest", &answer, REF_FACILITATOR_YES);
    for (size_t i = 0; i <= ARRAY_LEN(lies); i++) {
        struct assay_buf text = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
        struct x402_kind published[FACILITATOR_KINDS_MAX];
        size_t count;

        if (i > 0)
            facilitator_behave(w.role,
                               &(struct facilitator_behaviour){.supported = {.lie = lies[i - 1]}});
        ref_facilitator_supported(w.client, &answer, &listed, &w.arena);
        facilitator_expect("listed", &answer, REF_FACILITATOR_YES);
        count = x402_kinds_publish(published, own.kinds, own.kind_count, listed.kinds,
                                   listed.kind_count, false);
        for (size_t k = 0; k < count; k++) { /* modes that are told make no other kind of it */
            cr_expect_eq(published[k].modes, X402_MODE_VERIFY | X402_MODE_SETTLE);
            published[k].modes_state = X402_MODES_PLAIN;
        }
        x402_supported_write(i > 0 ? &text : &honest, published, count, ASSAY_LIT(""),
                             ASSAY_LIT(""));
        cr_expect(i == 0 || assay_bytes_equal(assay_buf_view(&text), assay_buf_view(&honest)),
                  "lie %zu: %.*s", i, (int)text.len, (const char *)text.at);
        assay_buf_fini(&text);
    }
    assay_buf_fini(&honest);
}

Test(facilitator_client, believes_no_list_of_another_shape)
{
    static const struct {
        const char *name;
        struct facilitator_rule rule;
        enum ref_facilitator_outcome outcome;
    } lists[] = {
        {"missing", {.shape = FACILITATOR_MISSING}, REF_FACILITATOR_MALFORMED},
        {"a text", {.shape = FACILITATOR_TEXT}, REF_FACILITATOR_MALFORMED},
        {"twice", {.shape = FACILITATOR_TWICE}, REF_FACILITATOR_MALFORMED},
        {"null", {.shape = FACILITATOR_NULL_BODY}, REF_FACILITATOR_MALFORMED},
        {"HTML", {.shape = FACILITATOR_HTML_BODY}, REF_FACILITATOR_MALFORMED},
        {"deep", {.shape = FACILITATOR_DEEP_BODY}, REF_FACILITATOR_MALFORMED},
        {"bomb", {.fault = FACILITATOR_BOMB, .large_bytes = 8 << 20}, REF_FACILITATOR_MALFORMED},
        {"400", {.status = 400}, REF_FACILITATOR_STATUS},
        {"redirect", {.fault = FACILITATOR_REDIRECT}, REF_FACILITATOR_STATUS},
        {"reset", {.fault = FACILITATOR_RESET}, REF_FACILITATOR_UNKNOWN},
    };

    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct x402_supported supported = {.left_out = 99};
        struct ref_facilitator_answer answer;

        facilitator_behave(w.role, &(struct facilitator_behaviour){.supported = lists[i].rule});
        ref_facilitator_supported(w.client, &answer, &supported, &w.arena);
        facilitator_expect(lists[i].name, &answer, lists[i].outcome);
        cr_expect_eq(supported.left_out, 99, "row: %s", lists[i].name);
        cr_expect_not(answer.may_have_moved, "row: %s", lists[i].name);
    }
    cr_expect_eq(facilitator_counts(w.role).elsewhere, 0);
}

/* ---- where it is ---- */

Test(facilitator_client, is_made_of_a_loopback_url_without_a_query)
{
    static const struct {
        const char *url;
        bool is_public;
        enum assay_code code;
    } urls[] = {
        {"http://127.0.0.1:1", false, ASSAY_OK},
        {"http://localhost:1/a/b/", false, ASSAY_OK},
        {"http://192.0.2.1:1", true, ASSAY_OK},
        {"http://192.0.2.1:1", false, ASSAY_E_DENIED},
        {"https://127.0.0.1:1", false, ASSAY_E_MALFORMED},
        {"http://127.0.0.1:1/?a=1", false, ASSAY_E_MALFORMED},
        {"127.0.0.1:1", false, ASSAY_E_MALFORMED},
        {"", false, ASSAY_E_MALFORMED},
    };

    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct ref_facilitator_options options = REF_FACILITATOR_OPTIONS_DEFAULT;
        struct ref_facilitator *client = NULL;
        struct assay_err err = {0};

        options.url = urls[i].url;
        options.is_public = urls[i].is_public;
        cr_expect_eq(ref_facilitator_check(&options, &err), urls[i].code, "row: %s: %s",
                     urls[i].url, err.text);
        cr_expect_eq(ref_facilitator_new(&client, &options, NULL), urls[i].code, "row: %s",
                     urls[i].url);
        ref_facilitator_free(client);
    }
}

Test(facilitator_client, has_a_name_and_a_sentence_for_each_outcome)
{
    for (int i = REF_FACILITATOR_YES; i <= REF_FACILITATOR_UNKNOWN; i++)
        for (int j = REF_FACILITATOR_YES; j < i; j++) {
            cr_expect_str_neq(ref_facilitator_outcome_name((enum ref_facilitator_outcome)i),
                              ref_facilitator_outcome_name((enum ref_facilitator_outcome)j));
            cr_expect_str_neq(ref_facilitator_outcome_text((enum ref_facilitator_outcome)i),
                              ref_facilitator_outcome_text((enum ref_facilitator_outcome)j));
        }
}
