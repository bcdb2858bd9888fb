/* A payer's policy: what a file may say, what is refused with its line and member, and what it
 * means. */
#include "client/kx_policy.h"

#include <criterion/criterion.h>
#include <stdio.h>

TestSuite(kx_policy, .timeout = 120);

#define PAYEE "kaspatest:qqnapngv3zxp305qf06w6hpzmyxtx2r99jjhs04lu980xdyd2ulwwmx9evrfz"
#define ORIGINS "\"allowedOrigins\": [\"http://127.0.0.1:8402\"]"
#define PAY_TO "\"allowedPayTo\": [\"" PAYEE "\"]"
#define AMOUNT "\"maximumExactAmountSompi\": \"20000000\""
#define SOURCE "\"requiredSource\": \"hot-wallet\""
#define LEAST ORIGINS ",\n" PAY_TO ",\n" AMOUNT ",\n" SOURCE

static enum assay_code read(struct kx_policy *out, struct assay_arena *arena, const char *text,
                            struct assay_err *err)
{
    return kx_policy_read(out, arena, assay_str(text), "policy.json", err);
}

Test(kx_policy, has_safe_defaults)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct assay_err err = {0};
    struct kx_policy policy;

    cr_assert_eq(read(&policy, &arena, "{" LEAST "}", &err), ASSAY_OK, "%s", err.text);
    cr_expect(policy.networks[KASPA_TESTNET] && !policy.networks[KASPA_MAINNET]);
    cr_expect(policy.profiles[KX_STANDARD_NATIVE] && !policy.profiles[KX_ADDITIVE] &&
              !policy.profiles[KX_HASH_CHAIN]);
    cr_expect_eq(policy.amount_max, 20000000);
    cr_expect_eq(policy.fee_max, 100000000);
    cr_expect_eq(policy.confirmations, 30);
    cr_expect_eq(policy.authorization_ms, 60000);
    cr_expect_eq(policy.request_timeout_ms, 90000);
    cr_expect_eq(policy.wallet_timeout_ms, 10000);
    cr_expect_eq(policy.retry_after_max_ms, 5000);
    cr_expect(kx_policy_allows_url(&policy, ASSAY_LIT("http://127.0.0.1:8402/report?a=1")));
    assay_arena_fini(&arena);
}

Test(kx_policy, takes_every_member)
{
    static const char text[] =
        "{" LEAST ", \"networks\": [\"kaspa:mainnet\"], \"allowMainnet\": true,"
        " \"allowedExactProfiles\": [\"additive\"], \"maximumFeeSompi\": \"0\","
        " \"confirmations\": 1, \"maximumAuthorizationSeconds\": 86400,"
        " \"requestTimeoutMilliseconds\": 1, \"walletTimeoutMilliseconds\": 2,"
        " \"maximumRetryAfterMilliseconds\": 3}";
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct assay_err err = {0};
    struct kx_policy policy;

    cr_assert_eq(read(&policy, &arena, text, &err), ASSAY_OK, "%s", err.text);
    cr_expect(policy.networks[KASPA_MAINNET] && !policy.networks[KASPA_TESTNET]);
    cr_expect(policy.profiles[KX_ADDITIVE] && !policy.profiles[KX_STANDARD_NATIVE]);
    cr_expect_eq(policy.fee_max, 0);
    cr_expect_eq(policy.confirmations, 1);
    cr_expect_eq(policy.authorization_ms, 86400000);
    cr_expect_eq(policy.request_timeout_ms, 1);
    cr_expect_eq(policy.wallet_timeout_ms, 2);
    cr_expect_eq(policy.retry_after_max_ms, 3);
    assay_arena_fini(&arena);
}

static const struct {
    const char *name, *text;
    enum assay_code code;
    unsigned line;
    const char *says;
} wrong[] = {
    {"empty", "", ASSAY_E_MALFORMED, 1, "policy.json:1"},
    {"no object", "[]", ASSAY_E_TYPE, 1, "a JSON object"},
    {"cut off", "{" ORIGINS, ASSAY_E_MALFORMED, 1, "policy.json:1"},
    {"no origins", "{" PAY_TO "," AMOUNT "," SOURCE "}", ASSAY_E_MISSING, 1, "allowedOrigins"},
    {"no payees", "{" ORIGINS "," AMOUNT "," SOURCE "}", ASSAY_E_MISSING, 1, "allowedPayTo"},
    {"no maximum", "{" ORIGINS "," PAY_TO "," SOURCE "}", ASSAY_E_MISSING, 1,
     "maximumExactAmountSompi"},
    {"no source", "{" ORIGINS "," PAY_TO "," AMOUNT "}", ASSAY_E_MISSING, 1, "requiredSource"},
    {"an unknown member", "{" LEAST ",\n\n\"maximumAmount\": \"1\"}", ASSAY_E_UNKNOWN, 6,
     "maximumAmount"},
    {"a member twice", "{" LEAST ",\n" SOURCE "}", ASSAY_E_DUPLICATE, 5, "policy.json:5"},
    {"an amount as a number",
     "{" ORIGINS "," PAY_TO "," SOURCE ",\n\"maximumExactAmountSompi\": 5}", ASSAY_E_TYPE, 2,
     "maximumExactAmountSompi"},
    {"an amount with a sign",
     "{" ORIGINS "," PAY_TO "," SOURCE ",\n\"maximumExactAmountSompi\": \"+5\"}", ASSAY_E_MALFORMED,
     2, "maximumExactAmountSompi"},
    {"an amount above 64 bits",
     "{" ORIGINS "," PAY_TO "," SOURCE ",\"maximumExactAmountSompi\": \"18446744073709551616\"}",
     ASSAY_E_RANGE, 1, "maximumExactAmountSompi"},
    {"an unknown source",
     "{" ORIGINS "," PAY_TO "," AMOUNT ",\n\"requiredSource\": \"Hot-Wallet\"}", ASSAY_E_UNKNOWN, 2,
     "hot-wallet"},
    {"an origin with a path",
     "{" PAY_TO "," AMOUNT "," SOURCE ",\"allowedOrigins\": [\"http://127.0.0.1/x\"]}",
     ASSAY_E_MALFORMED, 1, "allowedOrigins"},
    {"an origin with a query",
     "{" PAY_TO "," AMOUNT "," SOURCE ",\"allowedOrigins\": [\"http://127.0.0.1?\"]}",
     ASSAY_E_MALFORMED, 1, "allowedOrigins"},
    {"an origin with a user",
     "{" PAY_TO "," AMOUNT "," SOURCE ",\"allowedOrigins\": [\"http://me@127.0.0.1\"]}",
     ASSAY_E_MALFORMED, 1, "allowedOrigins"},
    {"an origin without a scheme",
     "{" PAY_TO "," AMOUNT "," SOURCE ",\"allowedOrigins\": [\"127.0.0.1\"]}", ASSAY_E_MALFORMED, 1,
     "allowedOrigins"},
    {"an origin with a fragment",
     "{" PAY_TO "," AMOUNT "," SOURCE ",\"allowedOrigins\": [\"http://127.0.0.1#a\"]}",
     ASSAY_E_MALFORMED, 1, "allowedOrigins"},
    {"an origin that is no list",
     "{" PAY_TO "," AMOUNT "," SOURCE ",\"allowedOrigins\": \"http://127.0.0.1\"}", ASSAY_E_TYPE, 1,
     "no list of 1 to 64"},
    {"an origin that is a number", "{" PAY_TO "," AMOUNT "," SOURCE ",\"allowedOrigins\": [8402]}",
     ASSAY_E_TYPE, 1, "no plain text"},
    {"an origin with an escape",
     "{" PAY_TO "," AMOUNT "," SOURCE ",\"allowedOrigins\": [\"http:\\/\\/127.0.0.1\"]}",
     ASSAY_E_TYPE, 1, "no plain text"},
    {"no origin at all", "{" PAY_TO "," AMOUNT "," SOURCE ",\"allowedOrigins\": []}", ASSAY_E_TYPE,
     1, "allowedOrigins"},
    {"a payee with a wrong checksum",
     "{" ORIGINS "," AMOUNT "," SOURCE ",\"allowedPayTo\": [\"" PAYEE "q\"]}", ASSAY_E_MALFORMED, 1,
     "allowedPayTo"},
    {"an unknown network", "{" LEAST ", \"networks\": [\"testnet-10\"]}", ASSAY_E_UNKNOWN, 4,
     "networks"},
    {"mainnet without its opt-in", "{" LEAST ", \"networks\": [\"kaspa:mainnet\"]}", ASSAY_E_DENIED,
     4, "allowMainnet"},
    {"mainnet with an opt-in of false",
     "{" LEAST ", \"networks\": [\"kaspa:mainnet\"], \"allowMainnet\": false}", ASSAY_E_DENIED, 4,
     "allowMainnet"},
    {"an opt-in that is a text",
     "{" LEAST ", \"networks\": [\"kaspa:mainnet\"], \"allowMainnet\": \"true\"}", ASSAY_E_TYPE, 4,
     "allowMainnet"},
    {"the hash-chain profile", "{" LEAST ", \"allowedExactProfiles\": [\"hash-chain-additive\"]}",
     ASSAY_E_UNSUPPORTED, 4, "does not pay"},
    {"an unknown profile", "{" LEAST ", \"allowedExactProfiles\": [\"exact\"]}", ASSAY_E_UNKNOWN, 4,
     "allowedExactProfiles"},
    {"no confirmation", "{" LEAST ", \"confirmations\": 0}", ASSAY_E_RANGE, 4, "confirmations"},
    {"no time", "{" LEAST ", \"maximumAuthorizationSeconds\": 0}", ASSAY_E_RANGE, 4,
     "maximumAuthorizationSeconds"},
    {"more than a day", "{" LEAST ", \"maximumAuthorizationSeconds\": 86401}", ASSAY_E_RANGE, 4,
     "maximumAuthorizationSeconds"},
    {"no time for the server", "{" LEAST ", \"requestTimeoutMilliseconds\": 0}", ASSAY_E_RANGE, 4,
     "requestTimeoutMilliseconds"},
    {"no time for the wallet", "{" LEAST ", \"walletTimeoutMilliseconds\": 0}", ASSAY_E_RANGE, 4,
     "walletTimeoutMilliseconds"},
    {"no wait at all", "{" LEAST ", \"maximumRetryAfterMilliseconds\": 0}", ASSAY_E_RANGE, 4,
     "maximumRetryAfterMilliseconds"},
    {"half a second", "{" LEAST ", \"maximumAuthorizationSeconds\": 0.5}", ASSAY_E_TYPE, 4,
     "maximumAuthorizationSeconds"},
};

Test(kx_policy, is_refused_with_line_and_member)
{
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
        struct kx_policy policy = {.amount_max = 77};
        struct assay_err err = {0};

        cr_expect_eq(read(&policy, &arena, wrong[i].text, &err), wrong[i].code, "row: %s: %s",
                     wrong[i].name, err.text);
        cr_expect_eq(err.line, wrong[i].line, "row: %s: %u: %s", wrong[i].name, err.line, err.text);
        cr_expect_not_null(strstr(err.text, wrong[i].says), "row: %s: %s", wrong[i].name, err.text);
        cr_expect_eq(policy.amount_max, 77, "row: %s: it was changed", wrong[i].name);
        assay_arena_fini(&arena);
    }
}

Test(kx_policy, is_refused_above_its_size_and_its_lists)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct assay_buf text = ASSAY_BUF_INIT(1 << 20);
    struct kx_policy policy;

    assay_buf_add_str(&text, "{" PAY_TO "," AMOUNT "," SOURCE ",\"allowedOrigins\":[");
    for (int i = 0; i < KX_POLICY_LIST_MAX + 1; i++)
        assay_buf_printf(&text, "%s\"http://127.0.0.1:%d\"", i > 0 ? "," : "", 8000 + i);
    assay_buf_add_str(&text, "]}");
    cr_expect_eq(read(&policy, &arena, assay_buf_cstr(&text), NULL), ASSAY_E_TYPE);
    assay_buf_clear(&text);
    while (text.len <= KX_POLICY_MAX_BYTES)
        assay_buf_add_byte(&text, ' ');
    cr_expect_eq(read(&policy, &arena, assay_buf_cstr(&text), NULL), ASSAY_E_TOO_LARGE);
    assay_buf_fini(&text);
    assay_arena_fini(&arena);
}

Test(kx_policy, compares_origins_whole)
{
    static const struct {
        const char *url;
        bool allowed;
    } rows[] = {
        {"http://127.0.0.1:8402/", true},   {"http://127.0.0.1:8402/a/b?c", true},
        {"http://127.0.0.1:84020/", false}, {"http://127.0.0.1:8403/", false},
        {"http://127.0.0.1/", false},       {"https://127.0.0.1:8402/", false},
        {"http://127.0.0.1.:8402/", false}, {"http://localhost:8402/", false},
        {"http://127.0.0.11:8402/", false}, {"http://xn--127-0-0-1.test:8402/", false},
    };
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct kx_policy policy;

    cr_assert_eq(read(&policy, &arena, "{" LEAST "}", NULL), ASSAY_OK);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_eq(kx_policy_allows_url(&policy, assay_str(rows[i].url)), rows[i].allowed, "%s",
                     rows[i].url);
    assay_arena_fini(&arena);
}

Test(kx_policy, is_read_or_refused_without_memory)
{
    size_t count = 0;
    enum assay_code rc = ASSAY_E_NOMEM;

    for (size_t i = 0; rc != ASSAY_OK && i < 100; i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
        struct kx_policy policy;

        (void)assay_alloc_fail_after(i);
        rc = read(&policy, &arena, "{" LEAST "}", NULL);
        count = assay_alloc_fail_after(SIZE_MAX);
        cr_expect(rc == ASSAY_OK || rc == ASSAY_E_NOMEM || rc == ASSAY_E_MALFORMED, "%d", (int)rc);
        assay_arena_fini(&arena);
    }
    cr_expect_eq(rc, ASSAY_OK, "after %zu allocations", count);
}
