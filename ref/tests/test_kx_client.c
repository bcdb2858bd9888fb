/* The paying client's way, in virtual time: what it asks of whom, in which order, after every
 * answer, failure and restart. The expected trace is the test. */
#include "ref/tests/kx_play.h"

#include <criterion/criterion.h>
#include <stdlib.h>

TestSuite(kx_client, .timeout = 120);

/* From the unpaid request to the payment's first way out, with a node. */
#define SIGNED "get kind network save:intended kind sign coins save:signed"
#define SETTLED "look save:settled+delivered release:accepted served"

static void expect(struct kx_play *p, const char *trace, const char *rule, const char *row)
{
    cr_expect_str_eq(p->trace, trace, "row: %s\n got: %s (%s)\nwant: %s", row, p->trace,
                     p->outcome.why, trace);
    cr_expect_str_eq(p->outcome.rule != NULL ? p->outcome.rule : "", rule, "row: %s: %s", row,
                     p->outcome.why);
    cr_expect_not(p->is_header_changed, "row: %s: the payment was sent in two forms", row);
}

Test(kx_client, pays_once_and_in_this_order)
{
    static const struct {
        const char *name;
        enum kx_profile profile;
        bool has_node;
        const char *trace;
        enum kx_client_end end;
    } rows[] = {
        {"standard-native", KX_STANDARD_NATIVE, true, SIGNED " get+pay " SETTLED, KX_CLIENT_SERVED},
        {"additive", KX_ADDITIVE, true, SIGNED " get+pay " SETTLED, KX_CLIENT_SERVED},
        {"without a node nothing is settled", KX_STANDARD_NATIVE, false,
         "get kind network save:intended kind sign save:signed get+pay save:signed+delivered "
         "unresolved",
         KX_CLIENT_UNRESOLVED},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_play *p = kx_play_new(rows[i].profile);

        p->job.has_node = rows[i].has_node;
        kx_play_run(p);
        expect(p, rows[i].trace, "", rows[i].name);
        cr_expect_eq(p->outcome.end, rows[i].end);
        cr_expect(assay_bytes_is(p->outcome.body, "goods"));
        cr_expect_eq(p->outcome.word, KX_CLIENT_SAID_PAID);
        kx_play_free(p);
    }
}

/* Answers to the unpaid request. */
Test(kx_client, signs_nothing_unless_it_is_asked_for_a_payment)
{
    static const struct {
        const char *name;
        struct kx_play_answer answer;
        const char *trace, *rule;
    } rows[] = {
        {"free", {.status = 200}, "get free", ""},
        {"not found", {.status = 404}, "get refused", ""},
        {"301",
         {.status = 301, .location = "https://evil.test/"},
         "get refused",
         "client.redirect"},
        {"302",
         {.status = 302, .location = "https://api.example.test/x"},
         "get refused",
         "client.redirect"},
        {"303", {.status = 303}, "get refused", "client.redirect"},
        {"307",
         {.status = 307, .location = "http://api.example.test/file"},
         "get refused",
         "client.redirect"},
        {"308",
         {.status = 308, .location = "https://evil.test/"},
         "get refused",
         "client.redirect"},
        {"busy", {.status = 503, .retry_after = "2"}, "get 2000ms get 2000ms get refused", ""},
        {"two challenges", {.status = 402, .challenges = 2}, "get refused", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_play *p = kx_play_new(KX_STANDARD_NATIVE);

        p->answers[0] = rows[i].answer;
        p->answers[1] = (struct kx_play_answer){.status = 0};
        kx_play_run(p);
        expect(p, rows[i].trace, rows[i].rule, rows[i].name);
        kx_play_free(p);
    }
}

Test(kx_client, asks_again_when_no_answer_came_and_then_gives_up)
{
    struct kx_play *p = kx_play_new(KX_STANDARD_NATIVE);

    p->answers[0] = (struct kx_play_answer){.status = -1};
    p->answers[1] = (struct kx_play_answer){.status = 0};
    kx_play_run(p);
    expect(p, "get 1000ms get 1000ms get refused", "", "no answer");
    kx_play_free(p);
}

/* Answers to the paid request; the node never shows the payment, so it stays unresolved. */
#define WAITS "look 400ms look 400ms look 400ms look"

Test(kx_client, sends_one_payment_whatever_is_answered_to_it)
{
    static const struct {
        const char *name;
        struct kx_play_answer answer;
        const char *trace, *rule;
        enum kx_client_word word;
    } rows[] = {
        {"no receipt",
         {.status = 200},
         " get+pay " WAITS " save:signed+delivered unresolved",
         "",
         KX_CLIENT_SAID_NOTHING},
        {"malformed receipt",
         {.status = 200, .receipt = "nonsense"},
         " get+pay " WAITS " save:signed+delivered unresolved",
         "",
         KX_CLIENT_SAID_NONSENSE},
        {"negative receipt",
         {.status = 200, .receipt = "failed"},
         " get+pay " WAITS " save:signed+delivered unresolved",
         "",
         KX_CLIENT_SAID_FAILED},
        {"receipt of another payment",
         {.status = 200, .receipt = "other"},
         " get+pay " WAITS " save:signed+delivered unresolved",
         "",
         KX_CLIENT_SAID_OTHER},
        {"forged receipt",
         {.status = 200, .receipt = "paid"},
         " get+pay " WAITS " save:signed+delivered unresolved",
         "",
         KX_CLIENT_SAID_PAID},
        {"another 402",
         {.status = 402},
         " get+pay " WAITS " save:signed unresolved",
         "client.artifact.once",
         KX_CLIENT_SAID_NOTHING},
        {"redirect",
         {.status = 307, .location = "https://evil.test/"},
         " get+pay " WAITS " save:signed unresolved",
         "client.redirect",
         KX_CLIENT_SAID_NOTHING},
        {"refused",
         {.status = 400},
         " get+pay " WAITS " save:signed unresolved",
         "",
         KX_CLIENT_SAID_NOTHING},
        {"the handler's 404",
         {.status = 404, .receipt = "paid"},
         " get+pay " WAITS " save:signed+delivered unresolved",
         "",
         KX_CLIENT_SAID_PAID},
        {"no answer",
         {.status = -1},
         " get+pay 1000ms get+pay 1000ms get+pay " WAITS " save:signed unresolved",
         "",
         KX_CLIENT_SAID_NOTHING},
        {"409",
         {.status = 409},
         " get+pay 1000ms get+pay 1000ms get+pay " WAITS " save:signed unresolved",
         "",
         KX_CLIENT_SAID_NOTHING},
        {"429 with a wait",
         {.status = 429, .retry_after = "3"},
         " get+pay 3000ms get+pay 3000ms get+pay " WAITS " save:signed unresolved",
         "",
         KX_CLIENT_SAID_NOTHING},
        {"503 with a huge wait",
         {.status = 503, .retry_after = "18446744073709551615"},
         " get+pay 5000ms get+pay 5000ms get+pay " WAITS " save:signed unresolved",
         "",
         KX_CLIENT_SAID_NOTHING},
        {"503 with no wait",
         {.status = 503, .retry_after = "0"},
         " get+pay 1000ms get+pay 1000ms get+pay " WAITS " save:signed unresolved",
         "",
         KX_CLIENT_SAID_NOTHING},
        {"503 with a negative wait",
         {.status = 503, .retry_after = "-5"},
         " get+pay 1000ms get+pay 1000ms get+pay " WAITS " save:signed unresolved",
         "",
         KX_CLIENT_SAID_NOTHING},
        {"503 with a date",
         {.status = 503, .retry_after = "Fri, 31 Dec 2100 23:59:59 GMT"},
         " get+pay 1000ms get+pay 1000ms get+pay " WAITS " save:signed unresolved",
         "",
         KX_CLIENT_SAID_NOTHING},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_play *p = kx_play_new(KX_STANDARD_NATIVE);
        char trace[512];

        p->answers[1] = rows[i].answer;
        p->sights[1] = (struct kx_play_sight){.code = ASSAY_OK};
        cr_assert_lt(snprintf(trace, sizeof(trace), "%s%s", SIGNED, rows[i].trace),
                     (int)sizeof(trace));
        kx_play_run(p);
        expect(p, trace, rows[i].rule, rows[i].name);
        cr_expect_eq(p->outcome.word, rows[i].word, "row: %s", rows[i].name);
        kx_play_free(p);
    }
}

Test(kx_client, settles_on_the_nodes_word_alone)
{
    static const struct {
        const char *name;
        struct kx_play_sight sight;
        const char *trace;
    } rows[] = {
        {"accepted", {.status = KX_CHAIN_ACCEPTED, .confirmations = 1}, SETTLED},
        {"mempool", {.status = KX_CHAIN_MEMPOOL}, WAITS " save:signed+delivered unresolved"},
        {"a shallow conflict",
         {.status = KX_CHAIN_ABSENT, .confirmations = 29},
         WAITS " save:signed+delivered unresolved"},
        {"a conflict of no known depth",
         {.status = KX_CHAIN_ABSENT},
         WAITS " save:signed+delivered unresolved"},
        {"a deep conflict",
         {.status = KX_CHAIN_ABSENT, .confirmations = 30},
         "look save:absent+delivered release:absent refused"},
        {"silent",
         {.code = ASSAY_E_TIMEOUT, .status = KX_CHAIN_ACCEPTED, .confirmations = 9},
         WAITS " save:signed+delivered unresolved"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_play *p = kx_play_new(KX_STANDARD_NATIVE);
        char trace[512];

        p->sights[1] = rows[i].sight;
        cr_assert_lt(snprintf(trace, sizeof(trace), "%s get+pay %s", SIGNED, rows[i].trace),
                     (int)sizeof(trace));
        kx_play_run(p);
        expect(p, trace, "", rows[i].name);
        kx_play_free(p);
    }
}

Test(kx_client, waits_for_the_depth_that_a_confirmed_offer_asks)
{
    struct kx_play *p = kx_play_new(KX_STANDARD_NATIVE);

    kx_world_set(kx_world_extra(p->w), "finality", "confirmed");
    p->sights[1] = (struct kx_play_sight){.status = KX_CHAIN_ACCEPTED, .confirmations = 29};
    p->sights[2] = (struct kx_play_sight){.status = KX_CHAIN_ACCEPTED, .confirmations = 30};
    kx_play_run(p);
    expect(p, SIGNED " get+pay look 400ms look save:settled+delivered release:accepted served", "",
           "confirmed");
    kx_play_free(p);
}

Test(kx_client, asks_the_wallet_for_its_source_before_all_else)
{
    static const struct {
        const char *name, *first, *second, *trace;
    } rows[] = {
        {"another", "\"vault-treasury\"", NULL, "get kind refused"},
        {"unknown", "\"piggy-bank\"", NULL, "get kind refused"},
        {"other case", "\"Hot-Wallet\"", NULL, "get kind refused"},
        {"null", "null", NULL, "get kind refused"},
        {"a number", "1", NULL, "get kind refused"},
        {"empty", "\"\"", NULL, "get kind refused"},
        {"a list", "[\"hot-wallet\"]", NULL, "get kind refused"},
        {"padded", "\"hot-wallet \"", NULL, "get kind refused"},
        {"changed before the signature", "\"hot-wallet\"", "\"vault-treasury\"",
         "get kind network save:intended kind refused"},
        {"gone before the signature", "\"hot-wallet\"", "null",
         "get kind network save:intended kind refused"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_play *p = kx_play_new(KX_STANDARD_NATIVE);

        p->kinds[0] = rows[i].first;
        p->kinds[1] = rows[i].second;
        kx_play_run(p);
        expect(p, rows[i].trace, "client.source", rows[i].name);
        kx_play_free(p);
    }
}

Test(kx_client, pays_on_the_wallets_network_alone)
{
    static const char *const networks[] = {"\"kaspa:mainnet\"", "\"testnet-10\"", "null",
                                           "\"KASPA:TESTNET-10\""};

    for (size_t i = 0; i < ARRAY_LEN(networks); i++) {
        struct kx_play *p = kx_play_new(KX_STANDARD_NATIVE);

        p->network = networks[i];
        kx_play_run(p);
        expect(p, "get kind network refused", "client.mainnet", networks[i]);
        kx_play_free(p);
    }
}

Test(kx_client, sends_nothing_when_wallet_node_or_folder_fail)
{
    static const struct {
        const char *name;
        enum assay_code wallet;
        struct kx_play_sight coins;
        size_t fails_save;
        const char *trace, *rule;
    } rows[] = {
        {"the wallet is silent",
         ASSAY_E_TIMEOUT,
         {.code = ASSAY_OK},
         0,
         "get kind network save:intended kind sign refused",
         ""},
        {"the node is silent",
         ASSAY_OK,
         {.code = ASSAY_E_TIMEOUT},
         0,
         "get kind network save:intended kind sign coins refused",
         ""},
        {"the node is not fit",
         ASSAY_OK,
         {.code = ASSAY_E_DENIED},
         0,
         "get kind network save:intended kind sign coins refused",
         ""},
        {"the coins are gone",
         ASSAY_OK,
         {.is_missing = true},
         0,
         "get kind network save:intended kind sign coins refused",
         "client.verify-artifact"},
        {"the intention is not saved",
         ASSAY_OK,
         {.code = ASSAY_OK},
         1,
         "get kind network save:intended refused",
         "client.artifact.persisted"},
        {"the payment is not saved",
         ASSAY_OK,
         {.code = ASSAY_OK},
         2,
         SIGNED " refused",
         "client.artifact.persisted"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_play *p = kx_play_new(KX_STANDARD_NATIVE);

        p->wallet_code = rows[i].wallet;
        p->sights[0] = rows[i].coins;
        p->fails_save = rows[i].fails_save;
        kx_play_run(p);
        expect(p, rows[i].trace, rows[i].rule, rows[i].name);
        kx_play_free(p);
    }
}

/* ---- restarts ---- */

Test(kx_client, goes_on_where_it_was_killed)
{
    static const struct {
        const char *name;
        size_t dies_at;
        struct kx_play_sight first;
        const char *before, *after;
    } rows[] = {
        {"before the intention is saved",
         4,
         {.code = ASSAY_OK},
         "get kind network dies",
         SIGNED " get+pay " SETTLED},
        {"before the wallet signs",
         6,
         {.code = ASSAY_OK},
         "get kind network save:intended kind dies",
         "kind network save:intended kind sign coins save:signed get+pay " SETTLED},
        {"before what it signed is saved",
         8,
         {.code = ASSAY_OK},
         "get kind network save:intended kind sign coins dies",
         "kind network save:intended kind sign coins save:signed get+pay " SETTLED},
        {"before it is sent, and the node knows nothing",
         9,
         {.code = ASSAY_OK},
         SIGNED " dies",
         "look get+pay look save:settled+delivered kind release:accepted served"},
        {"after it is sent, and the chain has it",
         10,
         {.status = KX_CHAIN_ACCEPTED, .confirmations = 1},
         SIGNED " get+pay dies",
         "look save:settled get+pay save:settled+delivered kind release:accepted served"},
        {"after it is sent, and the chain contradicts it",
         10,
         {.status = KX_CHAIN_ABSENT, .confirmations = 30},
         SIGNED " get+pay dies",
         "look save:absent kind release:absent refused"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_play *p = kx_play_new(KX_STANDARD_NATIVE);
        bool was_asked = rows[i].dies_at == 4;

        p->dies_at = rows[i].dies_at;
        kx_play_run(p);
        cr_expect_str_eq(p->trace, rows[i].before, "row: %s: %s", rows[i].name, p->trace);
        p->answered = was_asked ? 0 : 1;
        p->looked = 0;
        p->sights[0] = rows[i].first;
        kx_play_restart(p);
        cr_expect_str_eq(p->trace, rows[i].after, "row: %s\n got: %s (%s)\nwant: %s", rows[i].name,
                         p->trace, p->outcome.why, rows[i].after);
        cr_expect_not(p->is_header_changed, "row: %s", rows[i].name);
        kx_play_free(p);
    }
}

/* Without an identifier of its own the caller's request goes on to a new payment. */
Test(kx_client, pays_anew_only_when_the_first_payment_can_never_arrive)
{
    struct kx_play *p = kx_play_new(KX_STANDARD_NATIVE);

    p->dies_at = 10;
    kx_play_run(p);
    p->job.identifier = ASSAY_LIT("");
    p->answered = p->looked = 0;
    p->sights[0] = (struct kx_play_sight){.status = KX_CHAIN_ABSENT, .confirmations = 30};
    kx_play_restart(p);
    cr_expect_not_null(strstr(p->trace, "look save:absent kind release:absent get kind network "
                                        "save:intended kind sign"),
                       "%s", p->trace);
    cr_expect_not(assay_bytes_is(p->attempt->identifier, KX_WORLD_ID), "it has a fresh identifier");
    cr_expect_eq(p->attempt->identifier.len, 22);
    kx_play_free(p);
}

Test(kx_client, forgets_an_intention_whose_time_is_over)
{
    struct kx_play *p = kx_play_new(KX_STANDARD_NATIVE);

    p->dies_at = 6;
    kx_play_run(p);
    p->now_ms += 30000;
    p->job.identifier = ASSAY_LIT("");
    p->answered = 0;
    kx_play_restart(p);
    cr_expect_eq(strncmp(p->trace, "save:abandoned get kind network save:intended kind sign", 54),
                 0, "%s", p->trace);
    kx_play_free(p);
}

Test(kx_client, asks_for_the_goods_again_without_paying_again)
{
    struct kx_play *p = kx_play_new(KX_STANDARD_NATIVE);

    kx_play_run(p);
    p->answered = 1;
    kx_play_restart(p);
    expect(p, "get+pay save:settled+delivered kind release:accepted served", "", "by its own name");
    kx_play_free(p);
}

Test(kx_client, keeps_an_identifier_to_one_request)
{
    static const struct {
        const char *name, *url, *method, *body, *identifier, *trace, *rule;
    } rows[] = {
        {"another URL", "https://api.example.test/other", "GET", NULL, KX_WORLD_ID, "unresolved",
         "client.artifact.once"},
        {"another query", "https://api.example.test/file?x=1", "GET", NULL, KX_WORLD_ID,
         "unresolved", "client.artifact.once"},
        {"another method", "https://api.example.test/file", "POST", NULL, KX_WORLD_ID, "unresolved",
         "client.artifact.once"},
        {"a body", "https://api.example.test/file", "GET", "", KX_WORLD_ID, "unresolved",
         "client.artifact.once"},
        {"another identifier", "https://api.example.test/file", "GET", NULL, "another-identifier-1",
         "unresolved", "client.replacement"},
        {"another spelling of the URL", "HTTPS://API.example.test:443/./file#part", "GET", NULL,
         KX_WORLD_ID, "look get+pay look save:settled+delivered kind release:accepted served", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_play *p = kx_play_new(KX_STANDARD_NATIVE);

        p->dies_at = 9;
        kx_play_run(p);
        p->job.url = assay_str(rows[i].url);
        p->job.method = assay_str(rows[i].method);
        p->job.has_body = rows[i].body != NULL;
        p->job.identifier = assay_str(rows[i].identifier);
        p->looked = 0;
        kx_play_restart(p);
        expect(p, rows[i].trace, rows[i].rule, rows[i].name);
        kx_play_free(p);
    }
}

Test(kx_client, sends_an_earlier_payment_only_while_the_policy_allows_it)
{
    struct kx_play *p = kx_play_new(KX_STANDARD_NATIVE);

    p->dies_at = 9;
    kx_play_run(p);
    p->policy.amount_max--;
    p->looked = 0;
    p->sights[1] = (struct kx_play_sight){.code = ASSAY_OK};
    kx_play_restart(p);
    expect(p, "look " WAITS " save:signed unresolved", "client.policy.amount", "lower maximum");
    kx_play_free(p);
}

Test(kx_client, does_not_sign_an_intention_under_another_policy)
{
    struct kx_play *p = kx_play_new(KX_STANDARD_NATIVE);

    p->dies_at = 6;
    kx_play_run(p);
    p->policy.source = ASSAY_LIT("vault-treasury");
    kx_play_restart(p);
    expect(p, "refused", "client.artifact.once", "another source");
    kx_play_free(p);
}

Test(kx_client, refuses_a_job_that_is_none)
{
    static const struct {
        const char *name, *url, *identifier;
        enum assay_code code;
    } rows[] = {
        {"credentials", "https://me:secret@api.example.test/file", "", ASSAY_E_MALFORMED},
        {"a user", "https://me@api.example.test/file", "", ASSAY_E_MALFORMED},
        {"relative", "/file", "", ASSAY_E_MALFORMED},
        {"empty", "", "", ASSAY_E_MALFORMED},
        {"a line end", "https://api.example.test/\r\nX: y", "", ASSAY_E_MALFORMED},
        {"a short identifier", "https://api.example.test/file", "fifteen-letters", ASSAY_E_DENIED},
        {"a path for an identifier", "https://api.example.test/file", "../../etc/passwd-of-all",
         ASSAY_E_DENIED},
    };
    struct kx_policy policy = {.amount_max = 0};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_client *c = kx_client_new(&policy);
        struct kx_client_job job = {.method = ASSAY_LIT("GET"),
                                    .url = assay_str(rows[i].url),
                                    .body = ASSAY_LIT(""),
                                    .identifier = assay_str(rows[i].identifier)};
        const char *key;

        cr_assert_not_null(c);
        cr_expect_eq(kx_client_prepare(c, &job, &key, NULL), rows[i].code, "row: %s", rows[i].name);
        kx_client_free(c);
    }
}
