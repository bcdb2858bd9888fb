/* Bundles of live evidence: the right one, and one change of it for each row. LP-rows are those of
 * the client digest, section 4. */
#include "base/hex.h"
#include "ref/tests/evidence_world.h"
#include "ref/tests/kx_lane_world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static json_t *bundle;

static void setup(void)
{
    bundle = evidence_world_bundle();
}

static void teardown(void)
{
    json_decref(bundle);
}

TestSuite(kx_evidence, .init = setup, .fini = teardown);

/* LP-26 */
Test(kx_evidence, accepts_the_right_bundle_as_test_network_evidence_and_no_approval)
{
    struct kx_bundle_summary summary;
    struct assay_err err;
    enum kx_bundle_rule rule = evidence_world_judge(bundle, &summary, &err);

    cr_assert_eq(rule, KX_BUNDLE_OK, "%s: %s", kx_bundle_rules[rule].id, err.text);
    cr_expect_str_eq(summary.statement, "test network evidence, not an approval");
    cr_expect_eq(summary.sources, 2);
    cr_expect_eq(summary.broadcasts, 15);
}

/* Depth 1 is enough for what was accepted and no more; a transaction may be a text. */
Test(kx_evidence, accepts_what_is_written_in_another_way_and_no_less_right)
{
    struct kx_bundle_summary summary;
    struct assay_err err;
    json_t *step = evidence_world_at(bundle, "flows[10].steps[0]");
    char *text = json_dumps(json_object_get(step, "transaction"), JSON_COMPACT);

    cr_assert_eq(json_object_set_new(step, "transaction", json_string(text)), 0);
    evidence_world_set(bundle, "flows[0].steps[0].broadcast.finality", "\"accepted\"");
    evidence_world_set(bundle, "flows[0].steps[0].chain.confirmationCount", "\"1\"");
    evidence_world_set(bundle, "flows[12].steps[0].executions", "0");
    cr_expect_eq(evidence_world_judge(bundle, &summary, &err), KX_BUNDLE_OK, "%s", err.text);
    free(text);
}

/* LP-01 .. LP-16 */
Test(kx_evidence, names_a_flow_that_is_not_there)
{
    for (int f = 0; f < KX_FLOW__COUNT; f++) {
        struct kx_bundle_summary summary;
        struct assay_err err;

        cr_assert_eq(json_array_remove(json_object_get(bundle, "flows"), (size_t)f), 0);
        cr_expect_eq(evidence_world_judge(bundle, &summary, &err), KX_BUNDLE_FLOW);
        cr_expect_not_null(strstr(err.text, kx_flow_name((enum kx_flow)f)), "%s", err.text);
        cr_expect_not_null(strstr(err.text, kx_flow_sentence((enum kx_flow)f)), "%s", err.text);
        json_decref(bundle);
        bundle = evidence_world_bundle();
    }
}

/* LP-17 */
Test(kx_evidence, is_of_one_network)
{
    static const struct evidence_row rows[] = {
        {"network", "\"kaspa:mainnet\"", KX_BUNDLE_NETWORK, NULL},
        {"manifest.channel.network", "\"kaspa:mainnet\"", KX_BUNDLE_NETWORK, NULL},
        {"manifest.launch.network", "\"kaspa:mainnet\"", KX_BUNDLE_CONFIGURATION,
         "manifest.launch"},
        {"flows[1].steps[0].broadcast.network", "\"kaspa:mainnet\"", KX_BUNDLE_NETWORK, NULL},
        {"flows[14].steps[1].broadcast.network", "\"kaspa:testnet-11\"", KX_BUNDLE_NETWORK, NULL},
        {"flows[0].steps[1].response.network", "\"kaspa:mainnet\"", KX_BUNDLE_NETWORK, NULL},
        {"flows[2].steps[0].offer.accepts[0].network", "\"kaspa:mainnet\"", KX_BUNDLE_NETWORK,
         "flows[2].steps[0].offer"},
    };

    evidence_world_expect_rows(&bundle, rows, ARRAY_LEN(rows));
}

/* LP-19 */
static void swap(const char *left, const char *right)
{
    json_t *a = json_deep_copy(evidence_world_at(bundle, left));
    json_t *b = json_deep_copy(evidence_world_at(bundle, right));
    char *text_a = json_dumps(a, JSON_ENCODE_ANY), *text_b = json_dumps(b, JSON_ENCODE_ANY);

    evidence_world_set(bundle, left, text_b);
    evidence_world_set(bundle, right, text_a);
    free(text_a);
    free(text_b);
    json_decref(a);
    json_decref(b);
}

Test(kx_evidence, follows_one_lineage_in_its_order)
{
    swap("flows[10].steps[0]", "flows[10].steps[1]");
    evidence_world_expect(&bundle, KX_BUNDLE_LINEAGE, "flows[10].steps[0].transaction",
                          "claims swapped");
    swap("flows[8]", "flows[10]");
    evidence_world_expect(&bundle, KX_BUNDLE_FLOW, "flows[8].name", "a claim before its genesis");
    swap("flows[8].steps[0]", "flows[8].steps[1]");
    evidence_world_expect(&bundle, KX_BUNDLE_STEPS, "flows[8].steps[0].kind",
                          "a voucher before its genesis");
    evidence_world_set(bundle, "flows[11].steps[0]", NULL);
    evidence_world_expect(&bundle, KX_BUNDLE_STEPS, "flows[11].steps", "the top-up dropped");
    evidence_world_set(bundle, "flows[11].steps[0].chain.acceptingBlockBlueScore", "1");
    evidence_world_set(bundle, "flows[11].steps[0].chain.checkpoint.blueScore", "600");
    evidence_world_expect(&bundle, KX_BUNDLE_LINEAGE, "flows[11].steps[0].chain.checkpoint",
                          "time runs back");
    evidence_world_set(bundle, "flows[8].steps[0].chain.acceptingBlockBlueScore", "1");
    evidence_world_expect(&bundle, KX_BUNDLE_LINEAGE,
                          "flows[8].steps[0].chain.acceptingBlockBlueScore",
                          "a genesis in two places");
    evidence_world_set(bundle, "flows[10].steps[0].chain.acceptingBlockBlueScore", "1");
    evidence_world_expect(&bundle, KX_BUNDLE_LINEAGE, "flows[10].steps[0]",
                          "a claim in a block below its genesis");
    evidence_world_set(bundle, "flows[10].steps[1].chain.acceptingBlockBlueScore", "1");
    evidence_world_expect(&bundle, KX_BUNDLE_LINEAGE, "flows[10].steps[1]",
                          "a claim in a block below the last");
    evidence_world_set(bundle, "flows[14].steps[1].chain.acceptingBlockBlueScore", "1");
    evidence_world_expect(&bundle, KX_BUNDLE_LINEAGE, "flows[14].steps[1]",
                          "a refund in a block below the last");
}

/* LP-20 */
Test(kx_evidence, recomputes_the_state_of_the_channel_at_each_step)
{
    static const char *const steps[] = {
        "flows[8].steps[0]",  "flows[8].steps[1]",  "flows[9].steps[0]", "flows[10].steps[0]",
        "flows[10].steps[1]", "flows[11].steps[0]", "flows[12].steps[0]"};
    static const char members[] = "ASTVR";

    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        for (const char *m = members; *m != '\0'; m++) {
            char place[64];

            (void)snprintf(place, sizeof(place), "%s.state.%c", steps[i], *m);
            evidence_world_by_one(bundle, place);
            evidence_world_expect(&bundle, KX_BUNDLE_ACCOUNTING, place, place);
        }
    }
}

Test(kx_evidence, bounds_what_a_channel_can_be_worth_and_authorize)
{
    static const struct evidence_row rows[] = {
        {"flows[8].steps[0].state.V", "\"9223372036854775808\"", KX_BUNDLE_FORM, NULL},
        {"flows[9].steps[0].voucher.authorizedCumulativeAmount", "\"9223372036854775808\"",
         KX_BUNDLE_FORM, NULL},
        {"flows[9].steps[0].voucher.authorizedCumulativeAmount", EVIDENCE_BY_ONE,
         KX_BUNDLE_ACCOUNTING, "flows[9].steps[0].amount"},
        {"flows[9].steps[0].amount", EVIDENCE_BY_ONE, KX_BUNDLE_ACCOUNTING, NULL},
        {"flows[9].steps[0].voucher.signature", "\"00\"", KX_BUNDLE_FORM, NULL},
        {"manifest.claimReserveSompi", "\"60000001\"", KX_BUNDLE_ACCOUNTING,
         "flows[8].steps[0].state.R"},
    };

    evidence_world_expect_rows(&bundle, rows, ARRAY_LEN(rows));
    swap("flows[8].steps[1].voucher.signature", "flows[9].steps[0].voucher.signature");
    evidence_world_expect(&bundle, KX_BUNDLE_VOUCHER, "flows[8].steps[1].voucher.signature",
                          "vouchers swapped");
}

/* The reserve, everywhere, is more than the channel has room for beside the second voucher. */
Test(kx_evidence, keeps_the_reserve_beside_what_is_authorized)
{
    static const char *const places[] = {"manifest.claimReserveSompi", "flows[8].steps[0].state.R",
                                         "flows[8].steps[1].state.R", "flows[9].steps[0].state.R"};

    for (size_t i = 0; i < ARRAY_LEN(places); i++)
        evidence_world_set(bundle, places[i], "\"60000001\"");
    evidence_world_expect(&bundle, KX_BUNDLE_ACCOUNTING, "flows[9].steps[0].amount", "reserve");
}

/* A voucher of one sompi more, rightly signed: the claims are not against it. */
Test(kx_evidence, claims_against_the_lifetime_voucher)
{
    uint8_t signature[ASSAY_SIG_BYTES];
    char text[2 * ASSAY_SIG_BYTES + 3] = "\"";
    struct kx_lane_world lane;
    struct kx_lane_head head;

    kx_lane_world_init(&lane);
    head = (struct kx_lane_head){.covenant_id = lane.covenant_id};
    kx_lane_world_voucher(signature, &lane, &head, 30000001);
    kx_lane_world_fini(&lane);
    assay_hex_encode(text + 1, assay_bytes_of(signature, sizeof(signature)));
    text[sizeof(text) - 2] = '"';
    text[sizeof(text) - 1] = '\0';
    evidence_world_set(bundle, "flows[9].steps[0].voucher.signature", text);
    evidence_world_by_one(bundle, "flows[9].steps[0].voucher.authorizedCumulativeAmount");
    evidence_world_by_one(bundle, "flows[9].steps[0].amount");
    evidence_world_by_one(bundle, "flows[9].steps[0].state.A");
    evidence_world_by_one(bundle, "flows[9].steps[0].state.T");
    evidence_world_expect(&bundle, KX_BUNDLE_VOUCHER, "flows[10].steps[0].transaction",
                          "another voucher");
}

/* LP-21 */
Test(kx_evidence, knows_one_refund_under_one_id)
{
    static const struct evidence_row rows[] = {
        {"flows[14].steps[0].transactionId", EVIDENCE_BY_ONE, KX_BUNDLE_REFUND,
         "flows[14].steps[1].transaction"},
        {"flows[14].steps[0].artifactSha256", EVIDENCE_BY_ONE, KX_BUNDLE_REFUND,
         "flows[14].steps[1].transaction"},
        {"flows[14].steps[1].broadcast.transactionId", EVIDENCE_BY_ONE, KX_BUNDLE_IDENTITY, NULL},
        {"flows[14].steps[0].storedAt", "\"2026-01-31T12:00:00.001Z\"", KX_BUNDLE_REFUND, NULL},
        {"flows[15].steps[0].unresolved", EVIDENCE_BY_ONE, KX_BUNDLE_RECOVERY, NULL},
        {"flows[15].steps[0].broadcasts", "2", KX_BUNDLE_RECOVERY, NULL},
        {"flows[15].steps[1].transactionId", EVIDENCE_BY_ONE, KX_BUNDLE_REFUND, NULL},
        {"flows[15].steps[1].broadcasts", "2", KX_BUNDLE_RECOVERY, NULL},
        {"flows[15].steps[1].evidence.confirmationCount", "29", KX_BUNDLE_RECOVERY,
         "flows[15].steps[1].evidence"},
    };
    json_t *steps = evidence_world_at(bundle, "flows[14].steps");

    cr_assert_eq(json_array_append(steps, json_array_get(steps, 1)), 0);
    evidence_world_expect(&bundle, KX_BUNDLE_STEPS, "flows[14].steps", "a second refund");
    evidence_world_expect_rows(&bundle, rows, ARRAY_LEN(rows));
}

/* The loser was accepted too, as its evidence says. */
Test(kx_evidence, does_not_take_two_accepted_payments_for_a_conflict)
{
    json_t *evidence = json_deep_copy(evidence_world_at(bundle, "flows[3].steps[0].chain"));
    json_t *pending = evidence_world_at(bundle, "flows[3].steps[1]");
    json_t *loser = json_object_get(json_object_get(pending, "evidence"), "transactionId");

    cr_assert_eq(json_object_set(evidence, "transactionId", loser), 0);
    cr_assert_eq(json_object_set_new(pending, "evidence", evidence), 0);
    evidence_world_expect(&bundle, KX_BUNDLE_REPLAY, "flows[3].steps[1].evidence", "both accepted");
}

/* LP-22 */
Test(kx_evidence, takes_depth_on_the_selected_chain_for_finality)
{
    static const struct evidence_row rows[] = {
        {"flows[0].steps[0].broadcast.finality", NULL, KX_BUNDLE_FINALITY, NULL},
        {"flows[0].steps[0].chain", NULL, KX_BUNDLE_FINALITY, NULL},
        {"flows[0].steps[0].broadcast.finality", "\"mempool\"", KX_BUNDLE_FINALITY, NULL},
        {"flows[8].steps[0].broadcast.finality", "\"accepted\"", KX_BUNDLE_FINALITY, NULL},
        {"flows[0].steps[0].chain.confirmationCount", "29", KX_BUNDLE_FINALITY, NULL},
        {"flows[11].steps[0].chain.confirmationCount", "29", KX_BUNDLE_FINALITY, NULL},
        {"flows[11].steps[0].chain.confirmationCount", "502", KX_BUNDLE_FINALITY,
         "flows[11].steps[0].chain"},
        {"flows[11].steps[0].chain.confirmationCount", "0", KX_BUNDLE_FINALITY,
         "flows[11].steps[0].chain"},
        {"flows[11].steps[0].chain.status", "\"unknown\"", KX_BUNDLE_FORM, NULL},
    };

    evidence_world_expect_rows(&bundle, rows, ARRAY_LEN(rows));
}

/* LP-23 */
Test(kx_evidence, counts_operators_and_not_endpoints)
{
    static const struct evidence_row rows[] = {
        {"sources[1].operator", "\"A\"", KX_BUNDLE_SOURCES, NULL},
        {"sources[1].operator", "\"a\"", KX_BUNDLE_SOURCES, NULL},
        {"sources[1].endpoints[1]", "\"WS://127.0.0.1:17210\"", KX_BUNDLE_SOURCES, "sources[1]"},
        {"sources[1].name", "\"node\"", KX_BUNDLE_SOURCES, "sources[1]"},
        {"sources[1].class", "\"oracle\"", KX_BUNDLE_FORM, NULL},
        {"sources[0].endpoints", "[]", KX_BUNDLE_SOURCES, "sources[0]"},
        {"sources", "[]", KX_BUNDLE_SOURCES, NULL},
    };
    struct kx_bundle_summary summary;
    struct assay_err err;

    evidence_world_expect_rows(&bundle, rows, ARRAY_LEN(rows));
    evidence_world_set(bundle, "sources[1]", NULL);
    cr_expect_eq(evidence_world_judge(bundle, &summary, &err), KX_BUNDLE_OK, "%s", err.text);
    cr_expect_eq(summary.sources, 1);
}

/* LP-24, and the gates of the configuration */
Test(kx_evidence, is_of_the_pinned_template_and_one_covenant_id)
{
    static const struct evidence_row rows[] = {
        {"manifest.channel.templateId", "\"kaspa-x402-escrow-v4\"", KX_BUNDLE_CONFIGURATION,
         "manifest"},
        {"manifest.channel.salt", NULL, KX_BUNDLE_CONFIGURATION, NULL},
        {"manifest.channel.refundTimeoutDaa", EVIDENCE_BY_ONE, KX_BUNDLE_CONFIGURATION,
         "manifest.launch"},
        {"manifest.channel", NULL, KX_BUNDLE_CONFIGURATION, NULL},
        {"manifest.launch", NULL, KX_BUNDLE_CONFIGURATION, NULL},
        {"manifest.launch.identitySha256", EVIDENCE_BY_ONE, KX_BUNDLE_CONFIGURATION,
         "manifest.launch"},
        {"manifest.launch.source.sha256", EVIDENCE_BY_ONE, KX_BUNDLE_CONFIGURATION,
         "manifest.launch"},
        {"manifest.launch.genesis.covenantId", EVIDENCE_BY_ONE, KX_BUNDLE_CONFIGURATION,
         "flows[8].steps[0].transaction"},
        {"manifest.launch.genesis.value", EVIDENCE_BY_ONE, KX_BUNDLE_CONFIGURATION,
         "flows[8].steps[0].transaction"},
        {"manifest.confirmation", NULL, KX_BUNDLE_CONFIRMATION, NULL},
        {"manifest.confirmation", "\"yes\"", KX_BUNDLE_CONFIRMATION, NULL},
        {"statement", "\"approved\"", KX_BUNDLE_STATEMENT, NULL},
        {"createdBy", "\"\"", KX_BUNDLE_CONFIRMATION, NULL},
        {"flows[9].steps[0].voucher.covenantId", EVIDENCE_BY_ONE, KX_BUNDLE_LINEAGE, NULL},
        {"flows[8].steps[0].chain.acceptingBlockHash", EVIDENCE_BY_ONE, KX_BUNDLE_LINEAGE, NULL},
        {"flows[10].steps[1].coins[0].covenantId", EVIDENCE_BY_ONE, KX_BUNDLE_TRANSACTION,
         "flows[10].steps[1].transaction"},
        {"flows[10].steps[1].coins[0].amount", EVIDENCE_BY_ONE, KX_BUNDLE_TRANSACTION,
         "flows[10].steps[1].transaction"},
        {"flows[10].steps[0].transaction.outputs[1].scriptPublicKey", "\"0000aa2000\"",
         KX_BUNDLE_IDENTITY, "flows[10].steps[0].broadcast.transactionId"},
        {"flows[10].steps[0].transaction.outputs[1].value", EVIDENCE_BY_ONE, KX_BUNDLE_IDENTITY,
         "flows[10].steps[0].broadcast.transactionId"},
        {"flows[10].steps[0].transaction.inputs[0].signatureScript", "\"00\"",
         KX_BUNDLE_TRANSACTION, "flows[10].steps[0].transaction"},
        {"flows[11].steps[0].transaction.inputs[0].computeBudget", "21", KX_BUNDLE_TRANSACTION,
         "flows[11].steps[0].transaction"},
    };

    evidence_world_expect_rows(&bundle, rows, ARRAY_LEN(rows));
}

/* The flows show what they are there for. */
Test(kx_evidence, shows_by_each_flow_what_it_is_for)
{
    static const struct evidence_row rows[] = {
        {"flows[1].steps[1].executions", "1", KX_BUNDLE_REPLAY, NULL},
        {"flows[1].steps[1].broadcasts", "1", KX_BUNDLE_REPLAY, NULL},
        {"flows[1].steps[1].status", "200", KX_BUNDLE_REPLAY, NULL},
        {"flows[3].steps[1].replacements", "1", KX_BUNDLE_REPLAY, NULL},
        {"flows[3].steps[1].evidence.proof.spentOutpoint.index", "1", KX_BUNDLE_REPLAY,
         "flows[3].steps[1].evidence"},
        {"flows[4].steps[1].executions", "2", KX_BUNDLE_REPLAY, NULL},
        {"flows[4].steps[1].response.amount", "\"1\"", KX_BUNDLE_REPLAY,
         "flows[4].steps[1].response"},
        {"flows[5].steps[0].executions", "1", KX_BUNDLE_REPLAY, NULL},
        {"flows[6].steps[1].unresolved", EVIDENCE_BY_ONE, KX_BUNDLE_RECOVERY, NULL},
        {"flows[6].steps[1].broadcasts", "2", KX_BUNDLE_RECOVERY, NULL},
        {"flows[6].steps[2].executions", "2", KX_BUNDLE_RECOVERY, NULL},
        {"flows[6].steps[2].executions", "0", KX_BUNDLE_RECOVERY, NULL},
        {"flows[6].steps[2].transactionId", EVIDENCE_BY_ONE, KX_BUNDLE_RECOVERY, NULL},
        {"flows[12].steps[0].broadcasts", "1", KX_BUNDLE_RECOVERY, NULL},
        {"flows[12].steps[0].executions", "2", KX_BUNDLE_RECOVERY, NULL},
        {"flows[12].steps[0].state", NULL, KX_BUNDLE_STEPS, NULL},
        {"flows[13].steps[0].payment.extensions.payment-identifier.info.id",
         "\"evidence_identifier_9999\"", KX_BUNDLE_REPLAY, "flows[13].steps[0].payment"},
        {"flows[13].steps[0].payment.accepted.scheme", "\"exact\"", KX_BUNDLE_REPLAY,
         "flows[13].steps[0].payment"},
        {"flows[0].steps[0].coins[0].amount", EVIDENCE_BY_ONE, KX_BUNDLE_PAYMENT,
         "flows[0].steps[0].payment"},
        {"flows[0].steps[0].receivedAt", "\"2098-12-31T23:59:30.000Z\"", KX_BUNDLE_PAYMENT,
         "flows[0].steps[0].payment"},
        {"flows[0].steps[0].request.method", "\"POST\"", KX_BUNDLE_PAYMENT,
         "flows[0].steps[0].payment"},
        {"flows[0].steps[0].payment.payload.authorization.digest", EVIDENCE_BY_ONE,
         KX_BUNDLE_PAYMENT, "flows[0].steps[0].payment"},
        {"flows[0].steps[0].coins", "[]", KX_BUNDLE_STEPS, NULL},
        {"flows[0].steps[0].coins[0]", "{}", KX_BUNDLE_FORM, "flows[0].steps[0].coins"},
        {"flows[0].steps[0].request.method", NULL, KX_BUNDLE_FORM, "flows[0].steps[0].request"},
        {"flows[0].steps[0].request.body", "{}", KX_BUNDLE_PAYMENT, "flows[0].steps[0].payment"},
        {"flows[0].steps[0].report.encoding", NULL, KX_BUNDLE_STEPS, "flows[0].steps[0].report"},
        {"flows[0].steps[0].response", "{}", KX_BUNDLE_IDENTITY, NULL},
        {"flows[0].steps[0].offer", "{}", KX_BUNDLE_PAYMENT, NULL},
        {"flows[0].steps[0].payment", "{}", KX_BUNDLE_PAYMENT, NULL},
        {"flows[0].steps[0].receivedAt", "\"now\"", KX_BUNDLE_FORM, NULL},
        {"flows[1].steps[1].payment", "{}", KX_BUNDLE_REPLAY, NULL},
        {"flows[3].steps[1].evidence", "{}", KX_BUNDLE_FORM, NULL},
        {"flows[3].steps[1].transaction", "{}", KX_BUNDLE_FORM, NULL},
        {"flows[12].steps[0].unresolved",
         "\"0000000000000000000000000000000000000000000000000000000000000000\"", KX_BUNDLE_RECOVERY,
         NULL},
        {"flows[13].steps[0].payment", "{}", KX_BUNDLE_REPLAY, NULL},
        {"flows[13].steps[0].payment.extensions", "{}", KX_BUNDLE_REPLAY,
         "flows[13].steps[0].payment"},
        {"flows[15].steps[1].evidence", "{}", KX_BUNDLE_FORM, NULL},
        {"flows[15].name", "\"refund\"", KX_BUNDLE_FLOW, "flows"},
        {"flows", "{}", KX_BUNDLE_FORM, NULL},
        {"flows[0].steps[0].status", "402", KX_BUNDLE_FORM, NULL},
        {"flows[0].steps[0].note", "1", KX_BUNDLE_FORM, NULL},
        {"approval", "true", KX_BUNDLE_FORM, NULL},
        {"format", "\"assay-evidence/2\"", KX_BUNDLE_FORM, NULL},
    };

    evidence_world_expect_rows(&bundle, rows, ARRAY_LEN(rows));
    swap("flows[0].steps[0]", "flows[0].steps[1]");
    evidence_world_expect(&bundle, KX_BUNDLE_STEPS, "flows[0].steps[1].payment",
                          "normal, then tiny");
    swap("flows[0].steps[0]", "flows[1].steps[0]");
    evidence_world_expect(&bundle, KX_BUNDLE_STEPS, "flows[0].steps[0].payment",
                          "additive for native");
    swap("flows[1].steps[0]", "flows[4].steps[0]");
    evidence_world_expect(&bundle, KX_BUNDLE_STEPS, "flows[1].steps[0].payment",
                          "native for additive");
    cr_assert_eq(json_array_append(evidence_world_at(bundle, "flows"),
                                   evidence_world_at(bundle, "flows[15]")),
                 0);
    evidence_world_expect(&bundle, KX_BUNDLE_FLOW, "flows", "a flow twice");
    swap("flows[7].steps[1]", "flows[2].steps[1]");
    evidence_world_expect(&bundle, KX_BUNDLE_LINEAGE, "flows[7].steps[1].payment", "another head");
    cr_assert_eq(json_array_set(evidence_world_at(bundle, "flows[2].steps"), 1,
                                evidence_world_at(bundle, "flows[2].steps[0]")),
                 0);
    evidence_world_expect(&bundle, KX_BUNDLE_STEPS, "flows[2].steps[1].payment",
                          "one payment for two");
    cr_assert_eq(json_array_set(evidence_world_at(bundle, "flows[5].steps"), 0,
                                evidence_world_at(bundle, "flows[4].steps[0]")),
                 0);
    evidence_world_expect(&bundle, KX_BUNDLE_STEPS, "flows[5].steps[0].kind",
                          "a right payment for an invalid one");
    swap("flows[1].steps[1].payment", "flows[2].steps[0].payment");
    evidence_world_expect(&bundle, KX_BUNDLE_REPLAY, "flows[1].steps[1].payment",
                          "another payment as the replay");
    swap("flows[7].steps[0].transaction", "flows[8].steps[0].transaction");
    swap("flows[7].steps[0].coins", "flows[8].steps[0].coins");
    evidence_world_expect(&bundle, KX_BUNDLE_IDENTITY, "flows[7].steps[0].broadcast.transactionId",
                          "another head");
    swap("flows[5].steps[0].payment.payload.authorization.signature",
         "flows[4].steps[0].payment.payload.authorization.signature");
    evidence_world_expect(&bundle, KX_BUNDLE_PAYMENT, "flows[4].steps[0].payment",
                          "forged for right");
}

Test(kx_evidence, refuses_every_beginning_of_a_bundle)
{
    const struct kx_bundle_policy policy = KX_BUNDLE_POLICY_INIT;
    char *text = json_dumps(bundle, JSON_COMPACT);
    size_t whole = strlen(text);
    struct kx_bundle_summary summary;

    for (size_t len = 0; len < whole; len += 997) {
        struct assay_arena arena = ASSAY_ARENA_INIT(KX_BUNDLE_ARENA_BYTES);

        cr_expect_eq(kx_bundle_judge(&summary, &arena, assay_bytes_of(text, len), &policy, NULL),
                     KX_BUNDLE_FORM);
        assay_arena_fini(&arena);
    }
    text = realloc(text, KX_BUNDLE_MAX_BYTES + 1);
    cr_assert_not_null(text);
    memset(text + whole, ' ', KX_BUNDLE_MAX_BYTES + 1 - whole);
    for (size_t len = KX_BUNDLE_MAX_BYTES; len <= KX_BUNDLE_MAX_BYTES + 1; len++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(KX_BUNDLE_ARENA_BYTES);

        cr_expect_eq(kx_bundle_judge(&summary, &arena, assay_bytes_of(text, len), &policy, NULL),
                     len == KX_BUNDLE_MAX_BYTES ? KX_BUNDLE_OK : KX_BUNDLE_FORM);
        assay_arena_fini(&arena);
    }
    free(text);
}

/* Every allocation fails once, and accuses nobody: no step is refused for what it says. */
Test(kx_evidence, tells_that_there_is_no_memory)
{
    const struct kx_bundle_policy policy = KX_BUNDLE_POLICY_INIT;
    char *text = json_dumps(bundle, JSON_COMPACT);
    enum kx_bundle_rule rule = KX_BUNDLE_FORM;
    struct kx_bundle_summary summary;
    size_t n = 0;

    for (; rule != KX_BUNDLE_OK; n += n < 500 ? 1 : 7) { /* places repeat, by flow and by step */
        struct assay_arena arena = ASSAY_ARENA_INIT(KX_BUNDLE_ARENA_BYTES);
        struct assay_err err = {.code = ASSAY_OK};

        cr_assert_lt(n, 100000);
        (void)assay_alloc_fail_after(n);
        rule = kx_bundle_judge(&summary, &arena, assay_str(text), &policy, &err);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect_neq(rule, KX_BUNDLE_PRIVATE_KEY, "%zu: %s", n, err.text);
        cr_expect_eq(rule == KX_BUNDLE_OK, err.text[0] == '\0', "%zu: %s", n, err.text);
        assay_arena_fini(&arena);
    }
    cr_expect_gt(n, 1000, "%zu", n);
    free(text);
}

/* Whatever byte is changed, the answer is a rule with words, or the bundle is still right. */
Test(kx_evidence, has_words_for_whatever_is_changed)
{
    enum { CHANGES = 100 };
    const struct kx_bundle_policy policy = KX_BUNDLE_POLICY_INIT;
    char *text = json_dumps(bundle, JSON_COMPACT);
    size_t len = strlen(text), refused = 0;
    uint64_t random = 1;

    for (int i = 0; i < CHANGES; i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(KX_BUNDLE_ARENA_BYTES);
        struct kx_bundle_summary summary;
        struct assay_err err = {.code = ASSAY_OK};
        char *at;
        char was;

        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        at = &text[(size_t)(random >> 24) % len];
        was = *at;
        *at = (char)(was ^ (1 << (random >> 61)));
        if (kx_bundle_judge(&summary, &arena, assay_bytes_of(text, len), &policy, &err) !=
            KX_BUNDLE_OK) {
            cr_expect_neq(err.text[0], '\0');
            refused++;
        }
        *at = was;
        assay_arena_fini(&arena);
    }
    cr_expect_gt(refused, CHANGES * 9 / 10);
    free(text);
}
