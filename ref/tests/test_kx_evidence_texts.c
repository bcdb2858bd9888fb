/* Bundles of live evidence: private keys that one holds, and counts of confirmations that one may
 * have. LP-rows are those of the client digest, section 4. */
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

TestSuite(kx_evidence_texts, .init = setup, .fini = teardown);

/* LP-25: the key of the payers, of the client, and forms of keys */
Test(kx_evidence_texts, never_holds_a_private_key_nor_repeats_one)
{
#define SECRET "0707070707070707070707070707070707070707070707070707070707070707"
    static const char *const values[] = {
        "\"" SECRET "\"",
        "\"\\u0030707070707070707070707070707070707070707070707070707070707070707\"",
        "{\"privateKey\":\"1\"}",
        "{\"Secret_Key\":\"1\"}",
        "{\"seed\":\"1\"}",
        "\"abandon ability able about above absent absorb abstract absurd abuse access accident\"",
        "\"kprv5y2qurMHCsXYrNfU3GCihuwG3vMqFji7PZXajMEqyBkNh9UZUJgoHYBLTKu1eM4MvUtomcXPQ3Sw9HZ5ebb"
        "\"",
        "\"{\\\"wallet\\\":\\\"" SECRET "\\\"}\"",
        "\"-----BEGIN EC PRIVATE KEY-----MHQCAQEEIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH\"",
        "\"0x" SECRET "\"",
        "\"key " SECRET "\"",
        "\"{\\\"wallet\\\":\\\"key=" SECRET ";\\\"}\"",
        "\"{not JSON: " SECRET "\"",
        "{\"" SECRET "\":1}",
        "\" Abandon ability able about above  absent absorb abstract absurd abuse "
        "access\\taccident\"",
    };

    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct kx_bundle_summary summary;
        struct assay_err err;

        evidence_world_set(bundle, "createdBy", values[i]);
        cr_expect_eq(evidence_world_judge(bundle, &summary, &err), KX_BUNDLE_PRIVATE_KEY,
                     "row: %s: %s", values[i], err.text);
        cr_expect_null(strstr(err.text, "0707"), "%s", err.text);
        cr_expect_null(strstr(err.text, "abandon"), "%s", err.text);
        cr_expect_not_null(strstr(err.text, "not repeated"), "%s", err.text);
        cr_expect_not_null(strstr(err.text, " at byte "), "%s", err.text);
    }
}

/* Where the key is, in bytes of the text that was judged. */
Test(kx_evidence_texts, tells_at_which_byte_a_private_key_begins)
{
    struct kx_bundle_summary summary;
    struct assay_err err;
    char *text, *at;
    char want[32];

    evidence_world_set(bundle, "createdBy", "\"key " SECRET "\"");
    text = json_dumps(bundle, JSON_COMPACT);
    at = strstr(text, "key " SECRET);
    cr_assert_not_null(at);
    cr_expect_eq(evidence_world_judge(bundle, &summary, &err), KX_BUNDLE_PRIVATE_KEY);
    cr_expect_eq(err.at, (size_t)(at - text));
    (void)snprintf(want, sizeof(want), "at byte %zu;", (size_t)(at - text));
    cr_expect_not_null(strstr(err.text, want), "%s: %s", want, err.text);
    free(text);
}

Test(kx_evidence_texts, takes_prose_and_public_digits_for_no_private_key)
{
    static const char *const values[] = {
        "\"ops team, no passphrase needed\"",
        "\"secret\"",
        "\"Passphrase strength report\"",
        "\"the team that runs our test node and has made this proof\"",
        "\"abandon ability able about above absent absorb abstract absurd abuse access\"",
        "\"abandon ability able about above absent absorb abstract absurd abuse access, accident\"",
        "\"0808080808080808080808080808080808080808080808080808080808080809\"",
        "\"070707070707070707070707070707070707070707070707070707070707070707\"",
    };

    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct kx_bundle_summary summary;
        struct assay_err err;

        evidence_world_set(bundle, "createdBy", values[i]);
        cr_expect_eq(evidence_world_judge(bundle, &summary, &err), KX_BUNDLE_OK, "row: %s: %s",
                     values[i], err.text);
    }
}

/* LP-22: where no block had a merge set the count is the difference of blue scores, or one more;
 * only a difference that is more than that is known to be none. */
Test(kx_evidence_texts, takes_a_count_that_the_blue_scores_allow)
{
    static const struct {
        const char *finality;
        unsigned count, above;
        enum kx_bundle_rule rule;
    } rows[] = {
        {"\"accepted\"", 2, 2, KX_BUNDLE_OK},
        {"\"accepted\"", 3, 2, KX_BUNDLE_OK},
        {"\"accepted\"", 5, 4, KX_BUNDLE_OK},
        {"\"accepted\"", 6, 4, KX_BUNDLE_FINALITY},
        {"\"confirmed\"", 30, 30, KX_BUNDLE_OK},
        {"\"confirmed\"", 31, 30, KX_BUNDLE_OK},
        {"\"confirmed\"", 32, 30, KX_BUNDLE_FINALITY},
        {"\"confirmed\"", 30, 28, KX_BUNDLE_FINALITY},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_bundle_summary summary;
        struct assay_err err;
        char value[32];

        evidence_world_set(bundle, "flows[0].steps[0].broadcast.finality", rows[i].finality);
        (void)snprintf(value, sizeof(value), "%u", rows[i].count);
        evidence_world_set(bundle, "flows[0].steps[0].chain.confirmationCount", value);
        (void)snprintf(value, sizeof(value), "%u", 1000 + rows[i].above);
        evidence_world_set(bundle, "flows[0].steps[0].chain.checkpoint.blueScore", value);
        cr_expect_eq(evidence_world_judge(bundle, &summary, &err), rows[i].rule,
                     "row: %u of %u: %s", rows[i].count, rows[i].above, err.text);
    }
}
