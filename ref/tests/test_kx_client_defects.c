/* The paying client's seeded defects: each does what its sentence says, and the correct client, in
 * the same situation, does not. What left, what was saved and what was asked is the evidence. */
#include "ref/tests/kx_play.h"

#include "ref/tests/seeded.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef ASSAY_REF_DEFECTS

TestSuite(kx_client_defects, .timeout = 120, .fini = ref_defect_all_off);

typedef void change_play(struct kx_play *p);

static void usual(struct kx_play *p)
{
    (void)p;
}

static void vault(struct kx_play *p)
{
    p->kinds[0] = "\"vault-treasury\"";
}

static void changes(struct kx_play *p)
{
    p->kinds[0] = "\"hot-wallet\"";
    p->kinds[1] = "\"vault-treasury\"";
}

static void capitals(struct kx_play *p)
{
    p->kinds[0] = "\"HOT-WALLET\"";
}

static void nothing_said(struct kx_play *p)
{
    p->kinds[0] = "null";
}

static void foreign_result(json_t *result)
{
    kx_world_set(result, "fundingSource", "vault-treasury");
}

static void other_source(struct kx_play *p)
{
    p->spoil = foreign_result;
}

static void other_network(struct kx_play *p)
{
    p->network = "\"kaspa:mainnet\"";
}

static void dear(struct kx_play *p)
{
    p->policy.amount_max = 100;
}

static void one_above(struct kx_play *p)
{
    p->policy.amount_max--;
}

/* An offer before the world's own, which is dearer than allowed and says it is cheap. */
static void cheap_first(struct kx_play *p)
{
    json_t *offer = json_deep_copy(kx_world_terms(p->w));

    kx_world_run(p->w, &(struct kx_change){0});
    kx_world_edit(offer, "amount", "\"1\"");
    kx_world_edit(offer, "scheme", "\"upto\"");
    (void)json_array_insert_new(json_object_get(p->w->required, "accepts"), 0, offer);
    p->policy.amount_max = 10;
}

static void dear_first(struct kx_play *p)
{
    json_t *offer = json_deep_copy(kx_world_terms(p->w));

    kx_world_run(p->w, &(struct kx_change){0});
    kx_world_edit(offer, "amount", "\"999999999\"");
    (void)json_array_insert_new(json_object_get(p->w->required, "accepts"), 0, offer);
}

static void unknown_first(struct kx_play *p)
{
    json_t *offer = json_deep_copy(kx_world_terms(p->w));

    kx_world_run(p->w, &(struct kx_change){0});
    kx_world_edit(offer, "scheme", "\"upto\"");
    (void)json_array_insert_new(json_object_get(p->w->required, "accepts"), 0, offer);
}

static void other_payee(struct kx_play *p)
{
    p->policy.pay_to.at[0] = ASSAY_LIT("kaspatest:qqq");
}

static void payee_like_it(struct kx_play *p)
{
    struct assay_bytes like = assay_arena_copy(&p->arena, p->policy.pay_to.at[0]);
    char *last = (char *)(uintptr_t)&like.at[like.len - 1];

    *last = *last == 'q' ? 'p' : 'q';
    p->policy.pay_to.at[0] = like;
}

static void evil_origin(struct kx_play *p)
{
    p->policy.origins.at[0] = ASSAY_LIT("https://evil.test/");
}

static void shorter_origin(struct kx_play *p)
{
    p->policy.origins.at[0] = ASSAY_LIT("https://api.example.tes/");
}

static void other_port(struct kx_play *p)
{
    p->policy.origins.at[0] = ASSAY_LIT("https://api.example.test:8443/");
}

static void profile_off(struct kx_play *p)
{
    p->policy.profiles[KX_STANDARD_NATIVE] = false;
}

static void network_off(struct kx_play *p)
{
    p->policy.networks[KASPA_TESTNET] = false;
}

static void redirects(struct kx_play *p)
{
    p->answers[1] = (struct kx_play_answer){.status = 307, .location = "https://evil.test/"};
    p->answers[2] = (struct kx_play_answer){.status = 200};
}

static void other_host(struct kx_play *p)
{
    kx_world_edit(p->w->required, "resource.url", "\"https://evil.test/file\"");
}

static void other_path(struct kx_play *p)
{
    kx_world_edit(p->w->required, "resource.url", "\"https://api.example.test/other\"");
}

static void fresh_identifier(struct kx_play *p)
{
    p->job.identifier = ASSAY_LIT("");
}

static void asks_again(struct kx_play *p)
{
    p->answers[1] = (struct kx_play_answer){.status = 402};
}

static void busy(struct kx_play *p)
{
    p->answers[1] = (struct kx_play_answer){.status = 503, .retry_after = "9"};
    p->answers[2] = (struct kx_play_answer){.status = 402};
    p->answers[3] = (struct kx_play_answer){.status = 200, .receipt = "paid"};
}

static void long_busy(struct kx_play *p)
{
    for (size_t i = 1; i < 8; i++)
        p->answers[i] = (struct kx_play_answer){.status = 503, .retry_after = "1"};
    p->answers[8] = (struct kx_play_answer){.status = 200, .receipt = "paid"};
}

static void forged(struct kx_play *p)
{
    p->sights[1] = (struct kx_play_sight){.code = ASSAY_OK};
}

static void pooled(struct kx_play *p)
{
    p->sights[1] = (struct kx_play_sight){.status = KX_CHAIN_MEMPOOL};
}

static void shallow(struct kx_play *p)
{
    p->sights[1] = (struct kx_play_sight){.status = KX_CHAIN_ABSENT, .confirmations = 1};
}

static void negative(struct kx_play *p)
{
    forged(p);
    p->answers[1] = (struct kx_play_answer){.status = 400, .receipt = "failed"};
}

static void handed_over(struct kx_play *p)
{
    kx_world_edit(kx_world_extra(p->w), "requestHash",
                  "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"");
}

static void dies_intended(struct kx_play *p)
{
    p->dies_at = 6;
    p->policy.authorization_ms = 600000;
}

static void dies_briefly(struct kx_play *p)
{
    p->dies_at = 6;
    p->policy.authorization_ms = 1000;
}

static void wrong_digest(json_t *result)
{
    kx_world_set(json_object_get(result, "authorization"), "digest",
                 "00000000000000000000000000000000000000000000000000000000000000aa");
}

static void unverified(struct kx_play *p)
{
    p->spoil = wrong_digest;
    p->job.has_node = false;
}

static void low_fee(struct kx_play *p)
{
    p->policy.fee_max = 1000;
}

/* The world signs a payment of one sompi less, and everything else about it is right. */
static void one_less(struct kx_world *w)
{
    w->outputs[0].value--;
}

static void underpaid(struct kx_play *p)
{
    kx_world_run(p->w, &(struct kx_change){.offer = one_less});
}

static const struct {
    const char *id;
    change_play *play;
    const char *correct,
        *broken; /* what the trace or the file holds of the one and not of the other */
} rows[] = {
    {"client.source.unasked", vault, "get kind refused", "get network save:intended sign"},
    {"client.source.asked_once", changes, "kind refused", "kind network save:intended sign"},
    {"client.source.any_case", capitals, "get kind refused", "sign"},
    {"client.source.absent_taken", nothing_said, "get kind refused", "sign"},
    {"client.wallet.network_unchecked", other_network, "network refused", "network save:intended"},
    {"client.attempt.delivered_early", usual, "get+pay look save:settled+delivered release",
     "save:settled+delivered save:settled+delivered"},
    {"client.source.result_unchecked", other_source, "sign refused", "get+pay"},
    {"client.amount.unlimited", dear, "get refused", "get+pay"},
    {"client.amount.one_over", one_above, "get refused", "get+pay"},
    {"client.amount.unit", dear, "get refused", "get+pay"},
    {"client.amount.of_first_offer", cheap_first, "get refused", "get+pay"},
    {"client.payee.unchecked", other_payee, "get refused", "get+pay"},
    {"client.payee.by_beginning", payee_like_it, "get refused", "get+pay"},
    {"client.origin.unchecked", evil_origin, "refused", "get+pay"},
    {"client.origin.by_beginning", shorter_origin, "refused", "get+pay"},
    {"client.origin.without_port", other_port, "refused", "get+pay"},
    {"client.profile.unchecked", profile_off, "get refused", "get+pay"},
    {"client.mainnet.paid", network_off, "get refused", "get+pay"},
    {"client.redirect.followed", redirects, "get+pay look", "get+pay elsewhere+pay"},
    {"client.resource.unchecked", other_host, "get refused", "get+pay"},
    {"client.resource.by_origin", other_path, "get refused", "get+pay"},
    {"client.resource.signed", other_path, "get refused", "example.test/other\"}"},
    {"client.identifier.of_request", fresh_identifier, "AAAAAAAAAAAAAAAAAAAAAA", "intended"},
    {"client.artifact.paid_again", asks_again, "get+pay look", "get+pay get kind"},
    {"client.retry.signed_anew", busy, "5000ms get+pay", "get+pay get kind"},
    {"client.attempt.intent_unsaved", usual, "network save:intended kind sign",
     "network kind sign"},
    {"client.attempt.saved_late", usual, "save:signed get+pay", "coins get+pay"},
    {"client.ack.settles", forged, "unresolved", "served"},
    {"client.ack.status_settles", forged, "unresolved", "served"},
    {"client.ack.mempool_settles", pooled, "unresolved", "served"},
    {"client.ack.releases", forged, "save:signed+delivered unresolved", "release:accepted"},
    {"client.replacement.unknown", forged, "unresolved", "release:absent"},
    {"client.replacement.shallow", shallow, "unresolved", "release:absent"},
    {"client.replacement.on_refusal", negative, "unresolved", "release:absent"},
    {"client.skip.fatal", unknown_first, "get+pay", "get refused"},
    {"client.skip.first_only", dear_first, "get+pay", "get refused"},
    {"client.signer.server_hash", handed_over, "get+pay", "sign refused"},
    {"client.retry.unbounded", long_busy, "unresolved", "served"},
    {"client.retry.at_once", busy, "5000ms get+pay", "get+pay get+pay"},
    {"client.retry.waits_for_ever", busy, "5000ms get+pay", "9000ms get+pay"},
    {"client.time.far", dies_intended, "23:59:54.000Z", "2099-12-31T23:59:00.000Z"},
    {"client.time.policy_ignored", dies_briefly, "23:59:01.000Z", "23:59:54.000Z"},
    {"client.artifact.unverified", unverified, "sign refused", "get+pay"},
    {"client.artifact.outputs_unchecked", underpaid, "sign refused", "get+pay"},
    {"client.artifact.fee_unlimited", low_fee, "sign refused", "get+pay"},
};

/* The trace, what was saved last, and what the wallet was asked. */
static const char *evidence(struct kx_play *p)
{
    char *text = assay_arena_printf(&p->arena, "%s %s %s", p->trace,
                                    p->has_file ? (const char *)p->file.at : "",
                                    p->intent.at != NULL ? (const char *)p->intent.at : "");

    cr_assert_not_null(text);
    return text;
}

Test(kx_client_defects, do_what_they_say_where_the_correct_client_does_not)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (int broken = 0; broken < 2; broken++) {
            struct kx_play *p = kx_play_new(KX_STANDARD_NATIVE);
            const char *seen;

            rows[i].play(p);
            if (broken)
                switch_on(rows[i].id);
            kx_play_run(p);
            seen = evidence(p);
            cr_expect_not_null(strstr(seen, broken ? rows[i].broken : rows[i].correct),
                               "%s: %s: %s (%s)", rows[i].id, broken ? "on" : "off", seen,
                               p->outcome.why);
            if (!broken && strstr(rows[i].correct, rows[i].broken) == NULL &&
                strcmp(rows[i].broken, "intended") != 0)
                cr_expect_null(strstr(p->trace, rows[i].broken), "%s: off: %s", rows[i].id,
                               p->trace);
            ref_defect_all_off();
            kx_play_free(p);
        }
    }
}

static bool is_of_payments(const struct ref_defect *defect)
{
    return strncmp(defect->id, "client.", 7) == 0 &&
           strncmp(defect->id, "client.channel.", 15) != 0;
}

/* The rest shows in a folder, on a socket, or over several payments: the scenarios of clients have
 * them; and those of channels are in test_kx_client_channel_defects.c. */
Test(kx_client_defects, are_all_here_but_for_those_of_the_folder_and_the_socket)
{
    static const char *const elsewhere[] = {"client.attempt.unsaved", "client.attempt.forgotten",
                                            "client.bounds.none", "client.replacement.twice"};
    static const struct seeded_ids tables[] = {SEEDED_IDS(rows, id), SEEDED_LIST(elsewhere)};

    seeded_expect_all(is_of_payments, tables, ARRAY_LEN(tables));
}

#endif
