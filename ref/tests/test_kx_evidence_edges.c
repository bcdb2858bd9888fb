/* Bundles of live evidence: values of another kind than their place has, transactions that are not
 * of their flow, though what is said of each is right, and what a bundle may leave out. */
#include "ref/tests/evidence_world.h"

#include "base/hex.h"
#include "kaspa/safejson.h"
#include "kaspa/txid.h"

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

TestSuite(kx_evidence_edges, .init = setup, .fini = teardown);

Test(kx_evidence_edges, refuses_a_value_of_another_kind_than_its_place_has)
{
    static const struct evidence_row rows[] = {
        {"flows[0]", "1", KX_BUNDLE_FLOW, "flows"},
        {"flows[0].note", "1", KX_BUNDLE_FORM, NULL},
        {"flows[0].steps", "{}", KX_BUNDLE_STEPS, NULL},
        {"flows[0].steps[0]", "1", KX_BUNDLE_FORM, NULL},
        {"flows[0].steps[0].receivedAt", "1", KX_BUNDLE_FORM, NULL},
        {"flows[0].steps[0].request.url", NULL, KX_BUNDLE_FORM, "flows[0].steps[0].request"},
        {"flows[8].steps[1].voucher.signature", "\"zz\"", KX_BUNDLE_FORM, NULL},
        {"flows[10].steps[0].coins", "{}", KX_BUNDLE_STEPS, NULL},
        {"flows[0].steps[0].response",
         "{\"success\":false,\"errorReason\":\"invalid_payload\",\"transaction\":\"\","
         "\"network\":\"kaspa:testnet-10\"}",
         KX_BUNDLE_IDENTITY, "flows[0].steps[0].response is no success"},
        {"manifest.channel.asset", "\"KRC20\"", KX_BUNDLE_CONFIGURATION, NULL},
        {"sources", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]", KX_BUNDLE_FORM, NULL},
        {"sources[0].name", "\"\"", KX_BUNDLE_SOURCES, "sources[0]"},
        {"sources[0].operator", "\"\"", KX_BUNDLE_SOURCES, "sources[0]"},
    };

    evidence_world_expect_rows(&bundle, rows, ARRAY_LEN(rows));
}

Test(kx_evidence_edges, holds_each_number_to_its_bounds)
{
    static const struct evidence_row rows[] = {
        {"flows[1].steps[1].status", "399", KX_BUNDLE_REPLAY, NULL},
        {"flows[1].steps[1].status", "600", KX_BUNDLE_REPLAY, NULL},
        {"flows[4].steps[1].broadcasts", "2", KX_BUNDLE_REPLAY, NULL},
        {"flows[6].steps[2].evidence.confirmationCount", "1", KX_BUNDLE_RECOVERY,
         "flows[6].steps[2].evidence does not show the transaction confirmed: it is too few"},
        {"flows[6].steps[2].evidence.transactionId", EVIDENCE_BY_ONE, KX_BUNDLE_RECOVERY,
         "flows[6].steps[2].evidence does not show the transaction confirmed"},
        {"flows[11].steps[0].chain.checkpoint.daaScore", "\"1\"", KX_BUNDLE_LINEAGE,
         "flows[11].steps[0].chain.checkpoint"},
    };
    struct kx_bundle_summary summary;
    struct assay_err err;

    evidence_world_expect_rows(&bundle, rows, ARRAY_LEN(rows));
    evidence_world_set(bundle, "flows[1].steps[1].status", "599");
    evidence_world_set(bundle, "flows[5].steps[0].status", "400");
    cr_expect_eq(evidence_world_judge(bundle, &summary, &err), KX_BUNDLE_OK, "%s", err.text);
    evidence_world_set(bundle, "manifest.claimReserveSompi", "\"9000000000000\"");
    evidence_world_set(bundle, "flows[8].steps[0].state.R", "\"9000000000000\"");
    evidence_world_expect(&bundle, KX_BUNDLE_ACCOUNTING, "flows[8].steps[0].state breaks",
                          "more is reserved than there is");
}

/* ---- other transactions, of which all that is said is right ---- */

static void copy(const char *to, const char *from)
{
    char *text = json_dumps(evidence_world_at(bundle, from), JSON_ENCODE_ANY);

    evidence_world_set(bundle, to, text);
    free(text);
}

/* What a step says of its transaction is made to be of the one that it has now. */
static void resend(const char *step)
{
    const struct kaspa_json_options options = {.numbers = true};
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    char place[80], digits[2 * KASPA_HASH_BYTES + 3] = "\"", *text;
    struct assay_err err = {.code = ASSAY_OK};
    struct kaspa_hash id;
    struct kaspa_tx tx;

    (void)snprintf(place, sizeof(place), "%s.transaction.id", step);
    evidence_world_set(bundle, place, NULL);
    *strrchr(place, '.') = '\0';
    text = json_dumps(evidence_world_at(bundle, place), JSON_COMPACT);
    cr_assert_eq(kaspa_tx_parse(&tx, NULL, &arena, assay_str(text), &options, &err), ASSAY_OK, "%s",
                 err.text);
    kaspa_txid(&id, &tx);
    assay_hex_encode(digits + 1, assay_bytes_of(id.at, sizeof(id.at)));
    digits[sizeof(digits) - 2] = '"';
    (void)snprintf(place, sizeof(place), "%s.broadcast.transactionId", step);
    evidence_world_set(bundle, place, digits);
    (void)snprintf(place, sizeof(place), "%s.chain.transactionId", step);
    evidence_world_set(bundle, place, digits);
    free(text);
    assay_arena_fini(&arena);
}

#define WINNER "flows[3].steps[0]"
#define LOSER "flows[3].steps[1]"

Test(kx_evidence_edges, takes_for_a_loser_what_spends_the_winners_head_alone)
{
    copy(LOSER ".transaction", WINNER ".payment.payload.transaction");
    copy(LOSER ".coins", WINNER ".coins");
    evidence_world_expect(&bundle, KX_BUNDLE_REPLAY, LOSER ".transaction", "the winner itself");
    copy(LOSER ".transaction", "flows[0].steps[0].payment.payload.transaction");
    copy(LOSER ".coins", "flows[0].steps[0].coins");
    evidence_world_expect(&bundle, KX_BUNDLE_REPLAY, LOSER ".transaction", "of another coin");
    evidence_world_set(bundle, LOSER ".transaction.inputs", "[]");
    evidence_world_set(bundle, LOSER ".transaction.id", NULL);
    evidence_world_set(bundle, LOSER ".coins", "[]");
    evidence_world_expect(&bundle, KX_BUNDLE_REPLAY, LOSER ".transaction", "of no coin");
}

/* Accepted is accepted, however few blocks deep. */
Test(kx_evidence_edges, takes_no_accepted_payment_for_a_loser_however_shallow)
{
    json_t *evidence = json_deep_copy(evidence_world_at(bundle, WINNER ".chain"));
    json_t *loser = evidence_world_at(bundle, LOSER ".evidence.transactionId");

    cr_assert_eq(json_object_set(evidence, "transactionId", loser), 0);
    cr_assert_eq(json_object_set_new(evidence, "confirmationCount", json_integer(1)), 0);
    cr_assert_eq(json_object_set_new(evidence_world_at(bundle, LOSER), "evidence", evidence), 0);
    evidence_world_expect(&bundle, KX_BUNDLE_REPLAY, LOSER ".evidence says that both",
                          "both accepted");
}

#define EXTERNAL "flows[7].steps[0]"

Test(kx_evidence_edges, takes_for_another_hand_what_spends_a_paid_head_and_makes_one)
{
    static const char *const members[] = {"transaction", "coins", "broadcast", "chain"};

    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        char to[64], from[64];

        (void)snprintf(to, sizeof(to), EXTERNAL ".%s", members[i]);
        (void)snprintf(from, sizeof(from), "flows[8].steps[0].%s", members[i]);
        copy(to, from);
    }
    evidence_world_expect(&bundle, KX_BUNDLE_LINEAGE, EXTERNAL ".transaction", "of another coin");
    evidence_world_set(bundle, EXTERNAL ".transaction.outputs", "[]");
    resend(EXTERNAL);
    evidence_world_expect(&bundle, KX_BUNDLE_LINEAGE, EXTERNAL ".transaction", "of no output");
    evidence_world_set(bundle, EXTERNAL ".coins[0].scriptPublicKey", "\"000051\"");
    evidence_world_expect(&bundle, KX_BUNDLE_LINEAGE, EXTERNAL ".coins", "of another script");
}

Test(kx_evidence_edges, takes_no_transition_that_spends_nothing)
{
    static const char *const steps[] = {"flows[10].steps[0]", "flows[11].steps[0]",
                                        "flows[14].steps[1]"};

    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        char place[64];

        (void)snprintf(place, sizeof(place), "%s.transaction.inputs", steps[i]);
        evidence_world_set(bundle, place, "[]");
        (void)snprintf(place, sizeof(place), "%s.coins", steps[i]);
        evidence_world_set(bundle, place, "[]");
        resend(steps[i]);
        (void)snprintf(place, sizeof(place), "%s.transaction", steps[i]);
        evidence_world_expect(&bundle, KX_BUNDLE_LINEAGE, place, "of no coin");
    }
}

Test(kx_evidence_edges, takes_the_report_of_the_scheme_and_no_other)
{
    copy("flows[0].steps[0].report", "flows[10].steps[0].report");
    evidence_world_expect(&bundle, KX_BUNDLE_STEPS, "flows[0].steps[0].report", "of a channel");
    copy("flows[10].steps[0].report", "flows[0].steps[0].report");
    evidence_world_expect(&bundle, KX_BUNDLE_FORM, "flows[10].steps[0].report", "of a payment");
}

/* ---- what may be left out ---- */

Test(kx_evidence_edges, needs_no_claim_that_a_transaction_makes_of_itself)
{
    static const char *const steps[] = {LOSER, EXTERNAL, "flows[8].steps[0]", "flows[10].steps[0]",
                                        "flows[14].steps[1]"};
    struct kx_bundle_summary summary;
    struct assay_err err;

    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        char place[64];

        (void)snprintf(place, sizeof(place), "%s.transaction.id", steps[i]);
        evidence_world_set(bundle, place, NULL);
    }
    cr_expect_eq(evidence_world_judge(bundle, &summary, &err), KX_BUNDLE_OK, "%s", err.text);
}

#define CLAIM "flows[10].steps[1]"

/* A coin with all that it is may stand beside the input that spends it. */
Test(kx_evidence_edges, holds_what_is_said_of_a_covenants_coin_to_the_coin)
{
    struct kx_bundle_summary summary;
    struct assay_err err;

    copy(CLAIM ".transaction.inputs[0].utxo", CLAIM ".coins[0]");
    cr_expect_eq(evidence_world_judge(bundle, &summary, &err), KX_BUNDLE_OK, "%s", err.text);
    evidence_world_by_one(bundle, CLAIM ".transaction.inputs[0].utxo.covenantId");
    evidence_world_expect(&bundle, KX_BUNDLE_TRANSACTION, CLAIM ".transaction.inputs[0].utxo",
                          "another covenant");
    evidence_world_set(bundle, LOSER ".coins[1].isCoinbase", "true");
    copy(LOSER ".transaction.inputs[1].utxo", LOSER ".coins[1]");
    cr_expect_eq(evidence_world_judge(bundle, &summary, &err), KX_BUNDLE_OK, "%s", err.text);
}

/* ---- private keys ---- */

#define DIGITS "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define WORDS "abandon ability able about above absent absorb abstract absurd abuse access "

Test(kx_evidence_edges, knows_a_mnemonic_by_how_many_words_it_has)
{
    static const struct {
        const char *value;
        enum kx_bundle_rule rule;
    } rows[] = {
        {"\"" WORDS "accident\"", KX_BUNDLE_PRIVATE_KEY},
        {"\"" WORDS "\\r\\naccident\\n\"", KX_BUNDLE_PRIVATE_KEY},
        {"\"" WORDS "accident account\"", KX_BUNDLE_OK},
        {"\"" WORDS WORDS "accident account\"", KX_BUNDLE_PRIVATE_KEY},
        {"\"" WORDS WORDS "accident account accuse achieve acid\"", KX_BUNDLE_OK},
        {"{\"private key\":1}", KX_BUNDLE_PRIVATE_KEY},
        {"\"" DIGITS "\"", KX_BUNDLE_OK}, /* no key: not below the order of the curve */
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_bundle_summary summary;
        struct assay_err err;

        evidence_world_set(bundle, "createdBy", rows[i].value);
        cr_expect_eq(evidence_world_judge(bundle, &summary, &err), rows[i].rule, "row %zu: %s", i,
                     err.text);
    }
}

/* As many digits as one may look at are looked at, and more are not taken on trust. */
Test(kx_evidence_edges, does_not_pass_over_keys_among_very_many_digits)
{
    enum { RUNS = 4100, ROOM = RUNS * sizeof(DIGITS) + 3 };
    char *value = malloc(ROOM), *at = value;

    cr_assert_not_null(value);
    *at++ = '"';
    for (int i = 0; i < RUNS; i++)
        at += snprintf(at, (size_t)(value + ROOM - at), "%s ", DIGITS);
    at[0] = '"';
    at[1] = '\0';
    evidence_world_set(bundle, "createdBy", value);
    evidence_world_expect(&bundle, KX_BUNDLE_PRIVATE_KEY, "", "very many digits");
    free(value);
}

Test(kx_evidence_edges, finds_a_key_that_is_all_of_the_text)
{
    const struct kx_bundle_policy policy = KX_BUNDLE_POLICY_INIT;
    struct assay_arena arena = ASSAY_ARENA_INIT(KX_BUNDLE_ARENA_BYTES);
    struct kx_bundle_summary summary;
    struct assay_err err = {.code = ASSAY_OK};

    cr_expect_eq(
        kx_bundle_judge(&summary, &arena, ASSAY_LIT("\"" WORDS "accident\""), &policy, &err),
        KX_BUNDLE_PRIVATE_KEY, "%s", err.text);
    assay_arena_fini(&arena);
}
