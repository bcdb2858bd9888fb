/* The bridge format of the paid-tools profile, read back and refused; what a payer fills; what a
 * challenge must be. Source: paid-tools digest, sections 2, 3 and 6; bridge.h, challenge.h. */
#include "base/base64.h"
#include "paid_tools/bridge.h"

#include <criterion/criterion.h>

#define HASH "a654af316da7efacf015d41b89d39e165d5f172e8e44223b52ca2b93c253c690"
#define NONCE "3f2c1a7e-0b4d-4c8e-9f6a-1d2e3f4a5b6c"

static struct pt_challenge a_challenge(void)
{
    return (struct pt_challenge){.version = 1,
                                 .scheme = "exact",
                                 .price = "0.001",
                                 .asset = "USDC",
                                 .network = "base-sepolia",
                                 .recipient = "0xabc",
                                 .nonce = NONCE,
                                 .expires_at = "2026-01-02T03:04:05.678Z",
                                 .request_hash = HASH,
                                 .timeout_s = 60};
}

static void set(char member[PT_TEXT_MAX_BYTES], const char *text)
{
    cr_assert_lt(strlen(text), PT_TEXT_MAX_BYTES);
    memcpy(member, text, strlen(text) + 1);
}

static struct assay_buf base64_of(const char *json)
{
    struct assay_buf out = ASSAY_BUF_INIT(1 << 16);

    assay_base64_encode(&out, ASSAY_BASE64_STD, assay_str(json));
    cr_assert(assay_buf_ok(&out));
    return out;
}

/* ---- PAYMENT-REQUIRED ---- */

Test(pt_bridge, reads_back_what_it_asks_for)
{
    static const char *const networks[] = {"base", "base-sepolia", "solana", "mock", "another"};
    static const char *const descriptions[] = {"", "a \"report\""};

    for (size_t i = 0; i < ARRAY_LEN(networks) * ARRAY_LEN(descriptions); i++) {
        struct assay_buf text = ASSAY_BUF_INIT(1 << 16);
        struct pt_challenge c = a_challenge(), back = {0};
        char amount[PT_TEXT_MAX_BYTES];
        struct assay_err err = {0};

        set(c.network, networks[i % ARRAY_LEN(networks)]);
        set(c.description, descriptions[i / ARRAY_LEN(networks)]);
        cr_assert_eq(pt_bridge_required(&text, &c, ASSAY_LIT("/w"), 6, &err), ASSAY_OK, "%s",
                     err.text);
        cr_assert_eq(pt_bridge_required_parse(&back, amount, assay_buf_view(&text), &err), ASSAY_OK,
                     "%s", err.text);
        cr_expect_str_eq(amount, "1000");
        cr_expect_str_eq(back.network, c.network);
        cr_expect_str_eq(back.nonce, c.nonce);
        cr_expect_str_eq(back.request_hash, c.request_hash);
        cr_expect_str_eq(back.expires_at, c.expires_at);
        cr_expect_eq(back.timeout_s, 60);
        assay_buf_fini(&text);
    }
}

#define EXTRA "\"extra\":{\"nonce\":\"n\",\"requestHash\":\"h\"}"

Test(pt_bridge, reads_what_is_there_of_an_offer_or_says_what_is_wrong)
{
    static const struct {
        const char *json;
        enum assay_code code;
        const char *says;
        uint64_t timeout_s;
    } rows[] = {
        {"{\"accepts\":[{\"amount\":\"5\"," EXTRA "}]}", ASSAY_OK, "", 0},
        {"{\"accepts\":[{\"amount\":\"5\",\"maxTimeoutSeconds\":9," EXTRA "}]}", ASSAY_OK, "", 9},
        {"{\"accepts\":[{\"amount\":\"5\",\"maxTimeoutSeconds\":\"9\"," EXTRA "}]}", ASSAY_OK, "",
         0},
        {"{\"accepts\":[{" EXTRA "}]}", ASSAY_E_MISSING, "amount", 0},
        {"{\"accepts\":[{\"amount\":5," EXTRA "}]}", ASSAY_E_TYPE, "amount", 0},
        {"{\"accepts\":[{\"amount\":\"5\",\"network\":1," EXTRA "}]}", ASSAY_E_TYPE, "network", 0},
        {"{\"accepts\":[{\"amount\":\"5\"}]}", ASSAY_E_MISSING, "nonce", 0},
        {"{\"accepts\":[]}", ASSAY_E_MISSING, "accepts", 0},
        {"{}", ASSAY_E_MISSING, "accepts", 0},
        {"{\"a\":1,\"a\":2}", ASSAY_E_MALFORMED, "PAYMENT-REQUIRED", 0},
        {"{", ASSAY_E_MALFORMED, "PAYMENT-REQUIRED", 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_buf text = base64_of(rows[i].json);
        struct pt_challenge back = {.timeout_s = 77};
        char amount[PT_TEXT_MAX_BYTES] = "untouched";
        struct assay_err err = {0};

        cr_expect_eq(pt_bridge_required_parse(&back, amount, assay_buf_view(&text), &err),
                     rows[i].code, "%s: %s", rows[i].json, err.text);
        cr_expect_not_null(strstr(err.text, rows[i].says), "%s: %s", rows[i].json, err.text);
        cr_expect_eq(back.timeout_s, rows[i].code == ASSAY_OK ? rows[i].timeout_s : 77, "%s",
                     rows[i].json);
        cr_expect_str_eq(amount, rows[i].code == ASSAY_OK ? "5" : "untouched", "%s", rows[i].json);
        assay_buf_fini(&text);
    }
}

Test(pt_bridge, asks_for_an_amount_that_is_one)
{
    static const struct {
        const char *price;
        unsigned places;
        enum assay_code code;
    } rows[] = {{"0.001", 3, ASSAY_OK},
                {"0.001", 2, ASSAY_E_RANGE},
                {"0", 6, ASSAY_E_RANGE},
                {"x", 6, ASSAY_E_RANGE}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_buf text = ASSAY_BUF_INIT(1 << 16);
        struct pt_challenge c = a_challenge();

        set(c.price, rows[i].price);
        cr_expect_eq(pt_bridge_required(&text, &c, ASSAY_LIT("/w"), rows[i].places, NULL),
                     rows[i].code, "%s", rows[i].price);
        cr_expect_eq(text.len > 0, rows[i].code == ASSAY_OK, "%s", rows[i].price);
        assay_buf_fini(&text);
    }
}

/* ---- PAYMENT-SIGNATURE ---- */

Test(pt_bridge, refuses_a_signature_that_is_none)
{
    static const struct {
        const char *json;
        enum assay_code code;
        const char *says;
    } rows[] = {
        {"{\"payload\":{}}", ASSAY_E_MISSING, "x402Version: is missing"},
        {"{\"x402Version\":\"1\",\"payload\":{}}", ASSAY_E_TYPE, "x402Version: "},
        {"{\"x402Version\":1}", ASSAY_E_MISSING, "payload: is no object"},
        {"{\"x402Version\":1,\"payload\":[]}", ASSAY_E_TYPE, "payload: is no object"},
        {"{\"x402Version\":1,\"payload\":\"\"}", ASSAY_E_TYPE, "payload: is no object"},
        {"[", ASSAY_E_MALFORMED, "PAYMENT-SIGNATURE"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_buf text = base64_of(rows[i].json);
        static struct pt_proof proof;
        struct assay_err err = {0};

        proof.version = 77;
        cr_expect_eq(pt_bridge_decode(&proof, assay_buf_view(&text), &err), rows[i].code, "%s: %s",
                     rows[i].json, err.text);
        cr_expect_not_null(strstr(err.text, rows[i].says), "%s: %s", rows[i].json, err.text);
        cr_expect_eq(proof.version, 77, "%s", rows[i].json);
        assay_buf_fini(&text);
    }
}

Test(pt_bridge, reads_no_header_above_its_limit)
{
    static char large[PT_PROOF_HEADER_MAX_BYTES + 1];
    static struct pt_proof proof;
    struct assay_err err = {0};

    memset(large, 'A', sizeof(large));
    cr_expect_eq(pt_bridge_decode(&proof, assay_bytes_of(large, sizeof(large)), &err),
                 ASSAY_E_TOO_LARGE);
    cr_expect_str_eq(err.text, "PAYMENT-SIGNATURE: has 8193 bytes, the limit is 8192");
}

/* ---- what a payer fills ---- */

Test(pt_bridge, is_written_and_read_back_or_memory_is_short)
{
    static struct pt_proof proof, back;
    struct pt_challenge c = a_challenge();
    bool is_whole = false;
    size_t n = 0;

    cr_assert_eq(pt_proof_pay(&proof, &c, ASSAY_LIT("a secret"), "me", 1000), ASSAY_OK);
    for (; !is_whole; n++) {
        struct assay_buf text = ASSAY_BUF_INIT(1 << 16), asked = ASSAY_BUF_INIT(1 << 16);
        enum assay_code code;

        cr_assert_lt(n, 200);
        (void)assay_alloc_fail_after(n);
        pt_bridge_encode(&text, &proof);
        code = pt_bridge_required(&asked, &c, ASSAY_LIT("/w"), 6, NULL);
        is_whole = assay_alloc_fail_after(SIZE_MAX) <= n;
        cr_expect(is_whole || text.bad == ASSAY_E_NOMEM || code == ASSAY_E_NOMEM, "%zu", n);
        if (assay_buf_ok(&text)) {
            cr_assert_eq(pt_bridge_decode(&back, assay_buf_view(&text), NULL), ASSAY_OK);
            cr_expect_str_eq(back.signature, proof.signature, "%zu", n);
            cr_expect_str_eq(back.nonce, NONCE, "%zu", n);
        }
        assay_buf_fini(&text);
        assay_buf_fini(&asked);
    }
    cr_expect_gt(n, 2, "%zu", n);
}

Test(pt_bridge, pays_in_texts_that_fit_and_repeats_an_odd_expiry)
{
    static char large[PT_TEXT_MAX_BYTES + 1];
    static struct pt_proof proof;
    struct pt_challenge c = a_challenge();

    memset(large, 'p', sizeof(large) - 1);
    proof.version = 77;
    cr_expect_eq(pt_proof_pay(&proof, &c, ASSAY_LIT("a secret"), large, 1000), ASSAY_E_RANGE);
    cr_expect_eq(proof.version, 77);
    set(c.expires_at, "soon");
    cr_assert_eq(pt_proof_pay(&proof, &c, ASSAY_LIT("a secret"), "me", 1000), ASSAY_OK);
    cr_expect_str_eq(proof.expires_at, "soon");
    cr_expect_eq(proof.expires_ms, 0);
}

/* ---- challenges ---- */

Test(pt_bridge, judges_a_challenge_by_its_rules)
{
    static const struct {
        uint64_t version;
        const char *nonce, *expires_at, *hash;
        enum assay_code code;
    } rows[] = {
        {1, NONCE, "2026-01-02T03:04:05.678Z", HASH, ASSAY_OK},
        {2, NONCE, "2026-01-02T03:04:05.678Z", HASH, ASSAY_E_UNSUPPORTED},
        {1, "3F2C1A7E-0B4D-4C8E-9F6A-1D2E3F4A5B6C", "2026-01-02T03:04:05.678Z", HASH,
         ASSAY_E_MALFORMED},
        {1, "no-uuid", "2026-01-02T03:04:05.678Z", HASH, ASSAY_E_MALFORMED},
        {1, NONCE, "tomorrow", HASH, ASSAY_E_MALFORMED},
        {1, NONCE, "2026-01-02T03:04:05.678Z", "00", ASSAY_E_MISMATCH},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct pt_challenge c = a_challenge();
        struct assay_err err = {0};

        c.version = rows[i].version;
        set(c.nonce, rows[i].nonce);
        set(c.expires_at, rows[i].expires_at);
        set(c.request_hash, rows[i].hash);
        cr_expect_eq(pt_challenge_check(&c, HASH, &err), rows[i].code, "row %zu: %s", i, err.text);
        cr_expect_eq(err.text[0] == '\0', rows[i].code == ASSAY_OK, "row %zu: %s", i, err.text);
    }
}
