/* What a wallet has signed, judged before it leaves; how long it is good for; and how it is saved.
 * Each row changes one thing. */
#include "ref/tests/kx_play.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

TestSuite(kx_client_artifacts, .timeout = 120);

static void other_source(json_t *result)
{
    kx_world_set(result, "fundingSource", "vault-treasury");
}

static void no_source(json_t *result)
{
    kx_world_edit(result, "fundingSource", NULL);
}

static void null_source(json_t *result)
{
    kx_world_edit(result, "fundingSource", "null");
}

static void case_source(json_t *result)
{
    kx_world_set(result, "fundingSource", "HOT-WALLET");
}

static void other_id(json_t *result)
{
    kx_world_set(result, "transactionId",
                 "00000000000000000000000000000000000000000000000000000000000000aa");
}

static void other_index(json_t *result)
{
    kx_world_edit(result, "paymentOutputIndex", "1");
}

static void other_encoding(json_t *result)
{
    kx_world_set(result, "transactionEncoding", "hex");
}

static void no_transaction(json_t *result)
{
    kx_world_edit(result, "transaction", "7");
}

static void junk_transaction(json_t *result)
{
    kx_world_set(result, "transaction", "{}");
}

static void other_digest(json_t *result)
{
    kx_world_set(json_object_get(result, "authorization"), "digest",
                 "00000000000000000000000000000000000000000000000000000000000000aa");
}

static void other_end(json_t *result)
{
    kx_world_set(json_object_get(result, "authorization"), "expiresAt", "2098-12-31T23:59:40.000Z");
}

static void one_more_member(json_t *result)
{
    kx_world_set(json_object_get(result, "authorization"), "note", "x");
}

static void no_authorization(json_t *result)
{
    kx_world_edit(result, "authorization", NULL);
}

static void no_coins(json_t *result)
{
    kx_world_edit(result, "inputOutpoints", "[]");
}

static void other_coins(json_t *result)
{
    kx_world_edit(json_array_get(json_object_get(result, "inputOutpoints"), 0), "index", "9");
}

static void coins_of_another(json_t *result)
{
    json_t *coin = json_array_get(json_object_get(result, "inputOutpoints"), 0);

    kx_world_edit(coin, "txid",
                  "\"00000000000000000000000000000000000000000000000000000000000000aa\"");
}

static void coins_of_none(json_t *result)
{
    kx_world_edit(json_array_get(json_object_get(result, "inputOutpoints"), 0), "txid", NULL);
}

static void more_coins(json_t *result)
{
    json_t *list = json_object_get(result, "inputOutpoints");

    (void)json_array_append(list, json_array_get(list, 0));
}

/* The transaction's text with one thing in it changed. */
static void edit_transaction(json_t *result, const char *from, const char *to)
{
    const char *text = json_string_value(json_object_get(result, "transaction"));
    const char *at = strstr(text, from);
    char *changed;

    cr_assert_not_null(at, "%s", from);
    cr_assert_geq(asprintf(&changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)), 0);
    kx_world_set(result, "transaction", changed);
    free(changed);
}

static void lower_value(json_t *result)
{
    edit_transaction(result, "\"20000000\"", "\"19999999\"");
}

static void higher_value(json_t *result)
{
    edit_transaction(result, "\"20000000\"", "\"20000001\"");
}

static void locked(json_t *result)
{
    edit_transaction(result, "\"lockTime\":\"0\"", "\"lockTime\":\"1\"");
}

static const struct {
    const char *name;
    void (*spoil)(json_t *result);
    const char *rule;
} artifacts[] = {
    {"another source", other_source, "client.source"},
    {"no source", no_source, "client.source"},
    {"a null source", null_source, "client.verify-artifact"},
    {"the source in capitals", case_source, "client.source"},
    {"another id", other_id, "client.verify-artifact"},
    {"another output", other_index, "client.verify-artifact"},
    {"another encoding", other_encoding, "client.verify-artifact"},
    {"no transaction", no_transaction, "client.verify-artifact"},
    {"a transaction that is none", junk_transaction, "client.verify-artifact"},
    {"another digest", other_digest, "client.verify-artifact"},
    {"a later end", other_end, "client.verify-artifact"},
    {"an authorization with another member", one_more_member, "client.verify-artifact"},
    {"no authorization", no_authorization, "client.verify-artifact"},
    {"no list of coins", no_coins, "client.verify-artifact"},
    {"a list of other coins", other_coins, "client.verify-artifact"},
    {"a list of another coin", coins_of_another, "client.verify-artifact"},
    {"a list of no coin", coins_of_none, "client.verify-artifact"},
    {"a list of more coins", more_coins, "client.verify-artifact"},
    {"one sompi less", lower_value, "client.verify-artifact"},
    {"one sompi more", higher_value, "client.verify-artifact"},
    {"a lock time", locked, "client.verify-artifact"},
};

Test(kx_client_artifacts, are_not_sent_where_they_differ_from_what_was_asked)
{
    for (size_t i = 0; i < ARRAY_LEN(artifacts); i++) {
        struct kx_play *p = kx_play_new(KX_STANDARD_NATIVE);

        p->spoil = artifacts[i].spoil;
        kx_play_run(p);
        cr_expect_str_eq(p->trace, "get kind network save:intended kind sign refused",
                         "row: %s: %s", artifacts[i].name, p->trace);
        cr_expect_str_eq(p->outcome.rule != NULL ? p->outcome.rule : "", artifacts[i].rule,
                         "row: %s: %s", artifacts[i].name, p->outcome.why);
        kx_play_free(p);
    }
}

Test(kx_client_artifacts, pay_no_more_than_the_fee_of_the_policy)
{
    struct kx_play *p = kx_play_new(KX_STANDARD_NATIVE);

    p->policy.fee_max = 1000;
    kx_play_run(p);
    cr_expect_str_eq(p->outcome.rule, "client.verify-artifact", "%s", p->outcome.why);
    cr_expect_not_null(strstr(p->outcome.why, "exact.transaction.fee"), "%s", p->outcome.why);
    kx_play_free(p);
}

/* The world's wallet signs for 30 seconds; what the client asked for is in its intention. */
Test(kx_client_artifacts, are_authorised_for_as_short_as_anybody_asks)
{
    static const struct {
        const char *name;
        int64_t policy_ms;
        const char *offered, *expires;
    } rows[] = {
        {"the policy's time", 30000, "60", "2098-12-31T23:59:30.000Z"},
        {"the offer's time, less a tenth", 600000, "60", "2098-12-31T23:59:54.000Z"},
        {"one second", 600000, "1", "2098-12-31T23:59:00.900Z"},
        {"an offer without end", 86400000, "4294967295", "2099-01-01T23:59:00.000Z"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_play *p = kx_play_new(KX_STANDARD_NATIVE);

        p->policy.authorization_ms = rows[i].policy_ms;
        kx_world_edit(kx_world_terms(p->w), "maxTimeoutSeconds", rows[i].offered);
        p->dies_at = 6;
        kx_play_run(p);
        cr_expect_not_null(strstr((const char *)p->file.at, rows[i].expires), "row: %s: %s",
                           rows[i].name, (const char *)p->file.at);
        kx_play_free(p);
    }
}

Test(kx_client_artifacts, are_authorised_no_longer_than_the_heads_challenge)
{
    struct kx_play *p = kx_play_new(KX_ADDITIVE);

    p->policy.authorization_ms = 600000;
    p->dies_at = 6;
    kx_play_run(p);
    cr_expect_not_null(strstr((const char *)p->file.at, KX_WORLD_CHALLENGE_EXPIRES), "%s",
                       (const char *)p->file.at);
    kx_play_free(p);
}

/* ---- attempts as text ---- */

Test(kx_client_artifacts, come_back_from_their_file_and_nothing_else_does)
{
    struct kx_play *p = kx_play_new(KX_STANDARD_NATIVE);
    struct kx_client_attempt read;

    kx_play_run(p);
    cr_assert_eq(kx_client_attempt_read(&read, &p->arena, p->file, NULL), ASSAY_OK);
    cr_expect_eq(read.state, KX_CLIENT_SETTLED);
    cr_expect(read.is_delivered);
    cr_expect(assay_bytes_equal(read.header, p->header));
    cr_expect(assay_bytes_is(read.txid, p->w->verdict.transaction_id));
    for (size_t len = 0; len + 2 < p->file.len; len++)
        cr_expect_neq(
            kx_client_attempt_read(&read, &p->arena, assay_bytes_part(p->file, 0, len), NULL),
            ASSAY_OK, "cut at %zu", len);
    kx_play_free(p);
}

/* Every allocation fails once: the end is a refusal, or a payment that went well, and nothing
 * leaks. */
Test(kx_client_artifacts, are_not_made_without_memory)
{
    size_t count;

    for (size_t i = 0; i < 400; i++) {
        struct kx_play *p = kx_play_new(KX_STANDARD_NATIVE);
        struct kx_client *c;
        struct kx_client_action action;
        struct kx_client_reply reply = {.status = 402, .body = ASSAY_LIT("")};
        struct assay_buf text = ASSAY_BUF_INIT(1 << 17);
        struct assay_json doc = kx_world_doc(p->w, p->w->required);
        const char *key;

        cr_assert_eq(x402_header_encode(&text, &doc, NULL), ASSAY_OK);
        reply.required = (struct kx_client_field){1, assay_buf_view(&text)};
        (void)assay_alloc_fail_after(i);
        c = kx_client_new(&p->policy);
        if (c != NULL && kx_client_prepare(c, &p->job, &key, NULL) == ASSAY_OK) {
            action = kx_client_start(c, NULL, p->now_ms);
            cr_expect_eq(action.kind, KX_CLIENT_DO_FETCH);
            action = kx_client_fetched(c, ASSAY_OK, &reply, NULL, p->now_ms);
            cr_expect(action.kind == KX_CLIENT_DO_FINISH || action.kind == KX_CLIENT_DO_WALLET);
            cr_expect(action.kind == KX_CLIENT_DO_WALLET ||
                      action.outcome.end == KX_CLIENT_REFUSED);
        }
        count = assay_alloc_fail_after(SIZE_MAX);
        kx_client_free(c);
        assay_buf_fini(&text);
        kx_play_free(p);
        if (count < i)
            return;
    }
    cr_assert_fail("it asks for memory without end");
}
