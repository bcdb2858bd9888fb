/* Bundles of live evidence: what is said of a transaction, beside it and in its own text. LP-rows
 * are those of the client digest, section 4. */
#include "ref/tests/evidence_world.h"

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

TestSuite(kx_evidence_said, .init = setup, .fini = teardown);

/* LP-18 */
Test(kx_evidence_said, recomputes_what_is_said_of_each_transaction)
{
    static const struct evidence_row rows[] = {
        {"flows[0].steps[0].broadcast.transactionId", EVIDENCE_BY_ONE, KX_BUNDLE_IDENTITY, NULL},
        {"flows[0].steps[0].broadcast.version", EVIDENCE_BY_ONE, KX_BUNDLE_VERSION, NULL},
        {"flows[0].steps[0].broadcast.version", NULL, KX_BUNDLE_VERSION, NULL},
        {"flows[0].steps[0].broadcast.versionFrom", NULL, KX_BUNDLE_VERSION, NULL},
        {"flows[0].steps[0].broadcast.versionFrom", "\"memory\"", KX_BUNDLE_VERSION, NULL},
        {"flows[0].steps[0].report.outputIndex", EVIDENCE_BY_ONE, KX_BUNDLE_IDENTITY, NULL},
        {"flows[0].steps[0].report.feeSompi", EVIDENCE_BY_ONE, KX_BUNDLE_ACCOUNTING, NULL},
        {"flows[0].steps[0].report.storageMass", EVIDENCE_BY_ONE, KX_BUNDLE_ACCOUNTING, NULL},
        {"flows[0].steps[0].report.artifactSha256", EVIDENCE_BY_ONE, KX_BUNDLE_IDENTITY, NULL},
        {"flows[0].steps[0].report.settlementId", EVIDENCE_BY_ONE, KX_BUNDLE_IDENTITY, NULL},
        {"flows[0].steps[0].report.merchantGainSompi", EVIDENCE_BY_ONE, KX_BUNDLE_ACCOUNTING, NULL},
        {"flows[0].steps[0].report.payerCostSompi", EVIDENCE_BY_ONE, KX_BUNDLE_ACCOUNTING, NULL},
        {"flows[0].steps[0].report.encoding", "\"hex\"", KX_BUNDLE_IDENTITY, NULL},
        {"flows[0].steps[0].response.transaction", EVIDENCE_BY_ONE, KX_BUNDLE_IDENTITY,
         "flows[0].steps[0].response"},
        {"flows[0].steps[0].response.amount", EVIDENCE_BY_ONE, KX_BUNDLE_ACCOUNTING, NULL},
        {"flows[0].steps[0].chain.transactionId", EVIDENCE_BY_ONE, KX_BUNDLE_FINALITY,
         "flows[0].steps[0].chain"},
        {"flows[1].steps[0].report.head.id", EVIDENCE_BY_ONE, KX_BUNDLE_IDENTITY, NULL},
        {"flows[1].steps[0].report.head.version", EVIDENCE_BY_ONE, KX_BUNDLE_IDENTITY, NULL},
        {"flows[1].steps[0].report.head.increaseSompi", EVIDENCE_BY_ONE, KX_BUNDLE_ACCOUNTING,
         NULL},
        {"flows[1].steps[0].report.head.outpoint.index", EVIDENCE_BY_ONE, KX_BUNDLE_IDENTITY,
         "flows[1].steps[0].report.head.outpoint"},
        {"flows[1].steps[0].report.head", NULL, KX_BUNDLE_STEPS, NULL},
        {"flows[10].steps[0].broadcast.transactionId", EVIDENCE_BY_ONE, KX_BUNDLE_IDENTITY, NULL},
        {"flows[10].steps[0].broadcast.version", EVIDENCE_BY_ONE, KX_BUNDLE_VERSION, NULL},
        {"flows[10].steps[0].report.feeSompi", EVIDENCE_BY_ONE, KX_BUNDLE_ACCOUNTING, NULL},
        {"flows[10].steps[0].report.storageMass", EVIDENCE_BY_ONE, KX_BUNDLE_ACCOUNTING, NULL},
        {"flows[10].steps[0].report.artifactSha256", EVIDENCE_BY_ONE, KX_BUNDLE_IDENTITY, NULL},
        {"flows[7].steps[0].broadcast.transactionId", EVIDENCE_BY_ONE, KX_BUNDLE_IDENTITY, NULL},
    };

    evidence_world_expect_rows(&bundle, rows, ARRAY_LEN(rows));
}

#define OTHER_COIN                                                                                 \
    "{\"amount\":\"5\",\"scriptPublicKey\":\"000051\",\"blockDaaScore\":\"0\",\"isCoinbase\":"     \
    "false}"

/* LP-18: what a transaction's own text says beside its bytes, by each kind of step that has one */
Test(kx_evidence_said, holds_a_transaction_to_what_its_own_text_says)
{
    static const struct evidence_row rows[] = {
        {"flows[3].steps[1].transaction.id", EVIDENCE_BY_ONE, KX_BUNDLE_IDENTITY, NULL},
        {"flows[7].steps[0].transaction.id", EVIDENCE_BY_ONE, KX_BUNDLE_IDENTITY, NULL},
        {"flows[8].steps[0].transaction.id", EVIDENCE_BY_ONE, KX_BUNDLE_IDENTITY, NULL},
        {"flows[10].steps[0].transaction.id", EVIDENCE_BY_ONE, KX_BUNDLE_IDENTITY, NULL},
        {"flows[11].steps[0].transaction.id", EVIDENCE_BY_ONE, KX_BUNDLE_IDENTITY, NULL},
        {"flows[14].steps[1].transaction.id", EVIDENCE_BY_ONE, KX_BUNDLE_IDENTITY, NULL},
        {"flows[3].steps[1].transaction.inputs[0].utxo", OTHER_COIN, KX_BUNDLE_TRANSACTION, NULL},
        {"flows[7].steps[0].transaction.inputs[1].utxo", OTHER_COIN, KX_BUNDLE_TRANSACTION, NULL},
        {"flows[8].steps[0].transaction.inputs[0].utxo", OTHER_COIN, KX_BUNDLE_TRANSACTION, NULL},
        {"flows[10].steps[1].transaction.inputs[0].utxo", OTHER_COIN, KX_BUNDLE_TRANSACTION, NULL},
        {"flows[11].steps[0].transaction.inputs[1].utxo", OTHER_COIN, KX_BUNDLE_TRANSACTION, NULL},
        {"flows[14].steps[1].transaction.inputs[0].utxo", OTHER_COIN, KX_BUNDLE_TRANSACTION, NULL},
        {"flows[3].steps[1].transaction.storageMass", EVIDENCE_BY_ONE, KX_BUNDLE_TRANSACTION,
         "flows[3].steps[1].transaction"},
        {"flows[7].steps[0].transaction.storageMass", EVIDENCE_BY_ONE, KX_BUNDLE_TRANSACTION,
         "flows[7].steps[0].transaction"},
        {"flows[8].steps[0].transaction.storageMass", EVIDENCE_BY_ONE, KX_BUNDLE_TRANSACTION,
         "flows[8].steps[0].transaction"},
        {"flows[10].steps[0].transaction.storageMass", EVIDENCE_BY_ONE, KX_BUNDLE_TRANSACTION,
         "flows[10].steps[0].transaction"},
        {"flows[11].steps[0].transaction.storageMass", EVIDENCE_BY_ONE, KX_BUNDLE_TRANSACTION,
         "flows[11].steps[0].transaction"},
        {"flows[14].steps[1].transaction.storageMass", EVIDENCE_BY_ONE, KX_BUNDLE_TRANSACTION,
         "flows[14].steps[1].transaction"},
    };

    evidence_world_expect_rows(&bundle, rows, ARRAY_LEN(rows));
}

/* LP-18: of a coin a transaction's own text may say all that it is, or a part, and nothing else */
Test(kx_evidence_said, holds_each_word_on_a_coin_to_the_coin)
{
    static const struct {
        const char *flow, *member, *value; /* JSON; NULL: nothing is changed */
        bool is_right;
    } rows[] = {
        {"flows[3].steps[1]", "amount", NULL, true},
        {"flows[8].steps[0]", "amount", NULL, true},
        {"flows[3].steps[1]", "blockDaaScore", "\"0\"", true},
        {"flows[3].steps[1]", "blockDaaScore", "\"77\"", false},
        {"flows[3].steps[1]", "scriptPublicKey", "\"000051\"", false},
        {"flows[3].steps[1]", "isCoinbase", "true", false},
        {"flows[3].steps[1]", "covenantId",
         "\"0100000000000000000000000000000000000000000000000000000000000000\"", false},
        {"flows[8].steps[0]", "covenantId",
         "\"0100000000000000000000000000000000000000000000000000000000000000\"", false},
        {"flows[8].steps[0]", "covenantId", "null", true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_bundle_summary summary;
        struct assay_err err;
        char coin_at[64], said_at[64], *said;
        json_t *coin;

        (void)snprintf(coin_at, sizeof(coin_at), "%s.coins[0]", rows[i].flow);
        (void)snprintf(said_at, sizeof(said_at), "%s.transaction.inputs[0].utxo", rows[i].flow);
        coin = json_deep_copy(evidence_world_at(bundle, coin_at));
        if (rows[i].value != NULL)
            (void)json_object_set_new(coin, rows[i].member,
                                      json_loads(rows[i].value, JSON_DECODE_ANY, NULL));
        said = json_dumps(coin, JSON_COMPACT);
        evidence_world_set(bundle, said_at, said);
        if (rows[i].is_right)
            cr_expect_eq(evidence_world_judge(bundle, &summary, &err), KX_BUNDLE_OK, "%zu: %s", i,
                         err.text);
        else
            evidence_world_expect(&bundle, KX_BUNDLE_TRANSACTION, said_at, rows[i].member);
        free(said);
        json_decref(coin);
    }
}

/* LP-18: of what an exact payment is sent again with, a text within the bundle */
Test(kx_evidence_said, holds_a_replay_to_what_its_own_text_says)
{
    static const struct {
        const char *member, *value;
        enum kx_bundle_rule rule;
    } rows[] = {
        {"id", EVIDENCE_BY_ONE, KX_BUNDLE_IDENTITY},
        {"storageMass", EVIDENCE_BY_ONE, KX_BUNDLE_ACCOUNTING},
        {"inputs[1].utxo", OTHER_COIN, KX_BUNDLE_TRANSACTION},
    };
    static const char place[] = "flows[1].steps[1].payment.payload.transaction";

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_t *text = evidence_world_at(bundle, place), *whole = bundle;
        char *edited, where[128];

        bundle = json_loads(json_string_value(text), 0, NULL);
        cr_assert_not_null(bundle);
        if (strcmp(rows[i].value, EVIDENCE_BY_ONE) == 0)
            evidence_world_by_one(bundle, rows[i].member);
        else
            evidence_world_set(bundle, rows[i].member, rows[i].value);
        edited = json_dumps(bundle, JSON_COMPACT);
        json_decref(bundle);
        bundle = whole;
        cr_assert_eq(json_string_set(text, edited), 0);
        free(edited);
        (void)snprintf(where, sizeof(where), "%s.%s", place, rows[i].member);
        evidence_world_expect(&bundle, rows[i].rule, where, rows[i].member);
    }
}

/* A transaction that no scheme's verifier judges is judged by consensus, with the coins it spends.
 */
Test(kx_evidence_said, judges_by_consensus_what_is_no_payment_and_no_transition)
{
    static const char *const steps[] = {"flows[3].steps[1]", "flows[7].steps[0]"};

    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        char inputs[64], place[64], coins[64];

        (void)snprintf(inputs, sizeof(inputs), "%s.transaction.inputs[1].signatureScript",
                       steps[i]);
        (void)snprintf(place, sizeof(place), "%s.transaction", steps[i]);
        (void)snprintf(coins, sizeof(coins), "%s.coins", steps[i]);
        evidence_world_set(bundle, inputs, "\"\"");
        evidence_world_expect(&bundle, KX_BUNDLE_TRANSACTION, place, inputs);
        evidence_world_set(bundle, coins, NULL);
        evidence_world_expect(&bundle, KX_BUNDLE_STEPS, steps[i], coins);
        evidence_world_set(bundle, coins, "[]");
        evidence_world_expect(&bundle, KX_BUNDLE_STEPS, coins, coins);
        (void)snprintf(place, sizeof(place), "%s.coins[0].amount", steps[i]);
        evidence_world_by_one(bundle, place);
        evidence_world_expect(&bundle, i == 0 ? KX_BUNDLE_TRANSACTION : KX_BUNDLE_LINEAGE, coins,
                              place);
        (void)snprintf(place, sizeof(place), "%s.coins[1].amount", steps[i]);
        evidence_world_by_one(bundle, place);
        (void)snprintf(place, sizeof(place), "%s.transaction", steps[i]);
        evidence_world_expect(&bundle, KX_BUNDLE_TRANSACTION, place, "another coin of the payer");
    }
}
