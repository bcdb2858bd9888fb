/* Challenges, proofs, issued nonces and the bridge: grammar, verdicts, round trips. */
#include "base/hex.h"
#include "ref/tests/pt_world.h"

/* Paid-tools digest, section 4: the MAC vector. */
Test(pt_proof, signs_the_vector_of_the_digest)
{
    char mac[PT_HASH_TEXT_BYTES];

    pt_proof_mac(mac, ASSAY_LIT("mock-secret"), ASSAY_LIT("00000000-0000-4000-8000-000000000001"),
                 ASSAY_LIT("b270d8476d5bc7d42710059969ffb6a9dfeed2c68677347d62fe4d2e8405c0b1"));
    cr_expect_str_eq(mac, "85f78b1768a012f537441d607b02acade64c114d7df2b8ed4dc023511274f91a");
}

static const struct pt_challenge example = {
    .version = 1,
    .scheme = "exact",
    .price = "0.001",
    .asset = "USDC",
    .network = "mock",
    .recipient = "merchant-1",
    .nonce = "00000000-0000-4000-8000-000000000001",
    .expires_at = "2026-01-01T00:05:00.123Z",
    .request_hash = "b270d8476d5bc7d42710059969ffb6a9dfeed2c68677347d62fe4d2e8405c0b1",
    .description = "a \"forecast\"\n",
    .timeout_s = 300,
};

static struct pt_proof example_proof(void)
{
    struct pt_proof proof;

    cr_assert_eq(pt_proof_pay(&proof, &example, assay_str(WORLD_SECRET), "payer-1", WORLD_START_MS),
                 ASSAY_OK);
    return proof;
}

Test(pt_challenge, writes_the_members_in_the_order_of_the_digest_and_reads_them_back)
{
    struct assay_buf text = ASSAY_BUF_INIT(PT_CHALLENGE_MAX_BYTES);
    struct pt_challenge read;

    pt_challenge_write(&text, &example);
    cr_expect_str_eq(
        assay_buf_cstr(&text),
        "{\"x402\":{\"version\":1,\"scheme\":\"exact\",\"price\":\"0.001\",\"asset\":\"USDC\","
        "\"network\":\"mock\",\"recipient\":\"merchant-1\","
        "\"nonce\":\"00000000-0000-4000-8000-000000000001\","
        "\"expiresAt\":\"2026-01-01T00:05:00.123Z\",\"requestHash\":"
        "\"b270d8476d5bc7d42710059969ffb6a9dfeed2c68677347d62fe4d2e8405c0b1\","
        "\"description\":\"a \\\"forecast\\\"\\n\"}}");
    cr_assert_eq(pt_challenge_parse(&read, assay_buf_view(&text), NULL), ASSAY_OK);
    cr_expect_str_eq(read.description, example.description);
    cr_expect_eq(pt_challenge_check(&read, example.request_hash, NULL), ASSAY_OK);
    cr_expect_eq(pt_challenge_check(&read, "00", NULL), ASSAY_E_MISMATCH);
    for (size_t n = 0; n < text.len; n++)
        cr_expect_eq(pt_challenge_parse(&read, assay_bytes_part(assay_buf_view(&text), 0, n), NULL),
                     ASSAY_E_MALFORMED);
    assay_buf_fini(&text);
}

static const struct {
    const char *body, *says;
    enum assay_code code;
} bodies[] = {
    {"[]", "object", ASSAY_E_TYPE},
    {"{}", "x402", ASSAY_E_MISSING},
    {"{\"x402\":5}", "x402", ASSAY_E_TYPE},
    {"{\"x402\":{},\"error\":1}", "beside", ASSAY_E_MALFORMED},
    {"{\"x402\":{}}", "version", ASSAY_E_MISSING},
    {"{\"x402\":{\"version\":\"1\"}}", "version", ASSAY_E_TYPE},
    {"{\"x402\":{\"version\":1}}", "scheme", ASSAY_E_MISSING},
    {"{\"x402\":{\"version\":1,\"scheme\":[]}}", "scheme", ASSAY_E_TYPE},
    {"{\"x402\":{},\"x402\":{}}", "already", ASSAY_E_MALFORMED},
};

Test(pt_challenge, says_what_is_wrong_with_a_body)
{
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct pt_challenge read = example;
        struct assay_err err = {0};

        cr_expect_eq(pt_challenge_parse(&read, assay_str(bodies[i].body), &err), bodies[i].code,
                     "%s: %s", bodies[i].body, err.text);
        cr_expect(strstr(err.text, bodies[i].says) != NULL, "%s: %s", bodies[i].body, err.text);
        cr_expect_str_eq(read.nonce, example.nonce);
    }
}

Test(pt_proof, encode_and_decode_are_inverse_and_every_prefix_is_refused)
{
    struct pt_proof proof = example_proof(), read;
    struct assay_buf text = ASSAY_BUF_INIT(1 << 16);

    world_put(proof.payer, sizeof(proof.payer), "\x01\"\\\xC3\xA9</script>");
    pt_proof_encode(&text, &proof);
    cr_assert_eq(pt_proof_decode(&read, assay_buf_view(&text), NULL), ASSAY_OK);
    cr_expect_str_eq(read.nonce, proof.nonce);
    cr_expect_str_eq(read.payer, proof.payer);
    cr_expect_str_eq(read.signature, proof.signature);
    cr_expect_eq(read.expires_ms, WORLD_START_MS + 300000);
    for (size_t n = 0; n < text.len; n++)
        cr_expect_neq(pt_proof_decode(&read, assay_bytes_part(assay_buf_view(&text), 0, n), NULL),
                      ASSAY_OK);
    assay_buf_fini(&text);
}

/* What a buffer fails with first it keeps, be it memory or room. */
Test(pt_proof, is_not_encoded_where_memory_or_room_is_short)
{
    static void (*const encoders[])(struct assay_buf *,
                                    const struct pt_proof *) = {pt_proof_encode, pt_bridge_encode};
    struct pt_proof proof = example_proof();

    for (size_t i = 0; i < ARRAY_LEN(encoders); i++) {
        struct assay_buf text = ASSAY_BUF_INIT(1 << 16), small = ASSAY_BUF_INIT(2);

        assay_buf_add_str(&small, "long");
        (void)assay_alloc_fail_after(0);
        encoders[i](&text, &proof);
        encoders[i](&small, &proof);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect_eq(text.bad, ASSAY_E_NOMEM);
        cr_expect_eq(small.bad, ASSAY_E_TOO_LARGE);
        assay_buf_fini(&text);
        assay_buf_fini(&small);
    }
}

Test(pt_challenge, that_is_too_large_is_not_read)
{
    static uint8_t body[PT_CHALLENGE_MAX_BYTES + 1];
    struct pt_challenge read = example;
    struct assay_err err = {0};

    memset(body, ' ', sizeof(body));
    cr_expect_eq(pt_challenge_parse(&read, assay_bytes_of(body, sizeof(body) - 1), &err),
                 ASSAY_E_MALFORMED, "spaces alone");
    err = (struct assay_err){0};
    cr_expect_eq(pt_challenge_parse(&read, assay_bytes_of(body, sizeof(body)), &err),
                 ASSAY_E_TOO_LARGE);
    cr_expect_not_null(strstr(err.text, "the limit is"), "%s", err.text);
    cr_expect_str_eq(read.nonce, example.nonce);
}

static const struct {
    const char *name, *from, *to;
    enum assay_code code;
} edits[] = {
    {"nothing changed", "\"version\":1", "\"version\":1", ASSAY_OK},
    {"white space", "{\"version\":1", "{ \"version\" : 1", ASSAY_OK},
    {"an unknown member", "{\"version\"", "{\"x\":[],\"version\"", ASSAY_OK},
    {"version as text", "\"version\":1", "\"version\":\"1\"", ASSAY_E_TYPE},
    {"version as fraction", "\"version\":1", "\"version\":1.5", ASSAY_E_MALFORMED},
    {"no version", "\"version\":1,", "", ASSAY_E_MISSING},
    {"nonce in an array", "\"00000000-0000-4000-8000-000000000001\"",
     "[\"00000000-0000-4000-8000-000000000001\"]", ASSAY_E_TYPE},
    {"nonce as number", "\"00000000-0000-4000-8000-000000000001\"", "5", ASSAY_E_TYPE},
    {"nonce null", "\"00000000-0000-4000-8000-000000000001\"", "null", ASSAY_E_TYPE},
    {"nonce twice", "\"nonce\":", "\"nonce\":\"x\",\"nonce\":", ASSAY_E_MALFORMED},
    {"nonce twice, escaped", "\"nonce\":", "\"n\\u006fnce\":\"x\",\"nonce\":", ASSAY_E_MALFORMED},
    {"a NUL in the nonce", "000001\"", "000001\\u0000x\"", ASSAY_E_MALFORMED},
    {"half a character", "payer-1", "\\ud800", ASSAY_E_MALFORMED},
    {"payer as number", "\"payer-1\"", "5", ASSAY_E_TYPE},
    {"payer missing", "\"payer\":\"payer-1\",", "", ASSAY_E_MISSING},
    {"signature as number", "\"signature\":", "\"signature\":5,\"s\":", ASSAY_E_TYPE},
    {"signature as object", "\"signature\":", "\"signature\":{},\"s\":", ASSAY_E_TYPE},
    {"expiry as number", "\"2026-01-01T00:05:00.123Z\"", "1767225900123", ASSAY_E_TYPE},
    {"expiry a year", "2026-01-01T00:05:00.123Z", "2099", ASSAY_E_MALFORMED},
    {"expiry without zone", "00:05:00.123Z", "00:05:00.123", ASSAY_E_MALFORMED},
    {"expiry with offset", "00:05:00.123Z", "00:05:00.123+00:00", ASSAY_E_MALFORMED},
    {"expiry at a leap second", "00:05:00.123Z", "23:59:60.000Z", ASSAY_E_MALFORMED},
    {"expiry of year 10000", "2026-01-01T00:05", "12026-01-01T00:05", ASSAY_E_MALFORMED},
    {"expiry empty", "2026-01-01T00:05:00.123Z", "", ASSAY_E_MALFORMED},
    {"something after the end", "\"signature\"", "\"s\":0}{\"signature\"", ASSAY_E_MALFORMED},
};

Test(pt_proof, takes_one_grammar_only)
{
    struct pt_proof proof = example_proof();
    struct world w;

    world_open(&w, PT_RULES_BASE);
    for (size_t i = 0; i < ARRAY_LEN(edits); i++) {
        const char *header = world_edited(&w, &proof, ASSAY_BASE64_URL, edits[i].from, edits[i].to);
        struct pt_proof read = {.version = 77};

        cr_expect_eq(pt_proof_decode(&read, assay_str(header), NULL), edits[i].code, "row: %s",
                     edits[i].name);
        cr_expect(edits[i].code == ASSAY_OK || read.version == 77, "row: %s", edits[i].name);
    }
    world_close(&w);
}

Test(pt_proof, takes_base64url_without_padding_only)
{
    static const char *const texts[] = {"null", "true", "5", "\"\"", "[]", "{}", ""};
    struct pt_proof read, proof = example_proof();
    struct assay_buf text = ASSAY_BUF_INIT(1 << 16);

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        cr_expect_neq(pt_proof_parse(&read, assay_str(texts[i]), NULL), ASSAY_OK, "%s", texts[i]);
    world_put(proof.payer, sizeof(proof.payer), "\xC3\xBF\xC3\xBF\xC3\xBF");
    pt_proof_encode(&text, &proof);
    assay_buf_add_byte(&text, '=');
    cr_expect_eq(pt_proof_decode(&read, assay_buf_view(&text), NULL), ASSAY_E_MALFORMED);
    text.at[text.len - 1] = '!';
    cr_expect_eq(pt_proof_decode(&read, assay_buf_view(&text), NULL), ASSAY_E_MALFORMED);
    text.len--;
    cr_assert(memchr(text.at, '_', text.len) != NULL);
    *(char *)memchr(text.at, '_', text.len) = '/';
    cr_expect_eq(pt_proof_decode(&read, assay_buf_view(&text), NULL), ASSAY_E_MALFORMED);
    assay_buf_clear(&text);
    while (text.len <= PT_PROOF_HEADER_MAX_BYTES)
        assay_buf_add_byte(&text, 'A');
    cr_expect_eq(pt_proof_decode(&read, assay_buf_view(&text), NULL), ASSAY_E_TOO_LARGE);
    text.len--;
    cr_expect_eq(pt_proof_decode(&read, assay_buf_view(&text), NULL), ASSAY_E_MALFORMED);
    assay_buf_clear(&text);
    for (int i = 0; i < 6000; i++)
        assay_buf_add_byte(&text, '[');
    cr_expect_eq(pt_proof_parse(&read, assay_buf_view(&text), NULL), ASSAY_E_MALFORMED);
    assay_buf_fini(&text);
}

enum change {
    NOTHING,
    VERSION,
    HASH,
    LATER,
    FAR,
    UPPER_NONCE,
    EMPTY_NONCE,
    LONG_NONCE,
    FLIP,
    UPPER_MAC,
    SHORT_MAC,
    LONG_MAC,
    NO_MAC,
    NO_BAR,
    OTHER_SECRET,
    UNSIGNED,
};

static const struct {
    const char *name;
    enum change change;
    int64_t now_after_ms; /* after the start */
    const char *rule;
} verdicts[] = {
    {"as made", NOTHING, 0, NULL},
    {"a millisecond before its end", NOTHING, 299999, NULL},
    {"at its end", NOTHING, 300000, "EX-1"},
    {"after its end", NOTHING, 300001, "EX-1"},
    {"unsigned members changed", UNSIGNED, 0, NULL},
    {"another version", VERSION, 0, "PF-3"},
    {"the hash of another request", HASH, 0, "RH-1"},
    {"an expiry within the skew", LATER, 0, NULL},
    {"an expiry beyond the skew", FAR, 0, "EX-3"},
    {"a nonce in upper case", UPPER_NONCE, 0, "NS-3"},
    {"an empty nonce", EMPTY_NONCE, 0, "NS-3"},
    {"a long nonce", LONG_NONCE, 0, "NS-3"},
    {"a flipped bit in the MAC", FLIP, 0, "SG-1"},
    {"a MAC in upper case", UPPER_MAC, 0, "SG-1"},
    {"a MAC cut short", SHORT_MAC, 0, "SG-1"},
    {"a MAC drawn out", LONG_MAC, 0, "SG-1"},
    {"no MAC", NO_MAC, 0, "SG-1"},
    {"a MAC without the bar", NO_BAR, 0, "SG-1"},
    {"a MAC under the default secret", OTHER_SECRET, 0, "SG-1"},
};

static void apply(struct pt_proof *p, enum change change)
{
    char joined[256];
    uint8_t mac[ASSAY_SHA256_BYTES];

    switch (change) {
    case NOTHING:
        return;
    case VERSION:
        p->version = 2;
        return;
    case HASH:
        p->request_hash[3] ^= 1;
        world_sign(p);
        return;
    case LATER:
        p->expires_ms += PT_EXPIRY_SKEW_MS;
        return;
    case FAR:
        p->expires_ms += PT_EXPIRY_SKEW_MS + 1;
        return;
    case UPPER_NONCE:
        world_put(p->nonce, sizeof(p->nonce), "00000000-0000-4000-8000-00000000000A");
        world_sign(p);
        return;
    case EMPTY_NONCE:
        p->nonce[0] = '\0';
        world_sign(p);
        return;
    case LONG_NONCE:
        memset(p->nonce, 'a', 4000);
        p->nonce[4000] = '\0';
        world_sign(p);
        return;
    case FLIP:
        p->signature[0] = p->signature[0] == '0' ? '1' : '0';
        return;
    case UPPER_MAC:
        for (char *c = p->signature; *c != '\0'; c++)
            *c = (char)(*c >= 'a' ? *c - 32 : *c);
        return;
    case SHORT_MAC:
        p->signature[63] = '\0';
        return;
    case LONG_MAC:
        world_put(p->signature + 64, 8, "0");
        return;
    case NO_MAC:
        p->signature[0] = '\0';
        return;
    case NO_BAR:
        world_put(joined, sizeof(joined), p->nonce);
        world_put(joined + strlen(joined), 65, p->request_hash);
        assay_hmac_sha256(mac, assay_str(WORLD_SECRET), assay_str(joined));
        assay_hex_encode(p->signature, assay_bytes_of(mac, sizeof(mac)));
        return;
    case OTHER_SECRET:
        pt_proof_mac(p->signature, assay_str(PT_DEFAULT_SECRET), assay_str(p->nonce),
                     assay_str(p->request_hash));
        return;
    case UNSIGNED:
        world_put(p->payer, sizeof(p->payer), "somebody else");
        world_put(p->timestamp, sizeof(p->timestamp), "yesterday");
        return;
    }
}

Test(pt_proof, names_the_first_rule_that_fails)
{
    for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
        struct pt_proof proof = example_proof();
        struct pt_verify with = {.secret = assay_str(WORLD_SECRET),
                                 .request_hash = example.request_hash,
                                 .now_ms = WORLD_START_MS + verdicts[i].now_after_ms,
                                 .ttl_ms = 300000};
        const char *rule = "unset";
        enum assay_code rc;

        apply(&proof, verdicts[i].change);
        rc = pt_proof_verify(&proof, &with, &rule, NULL);
        cr_expect_eq(rc == ASSAY_OK, verdicts[i].rule == NULL, "row: %s", verdicts[i].name);
        cr_expect_eq(pt_proof_verify(&proof, &with, NULL, NULL), rc, "row: %s", verdicts[i].name);
        if (verdicts[i].rule != NULL)
            cr_expect_str_eq(rule != NULL ? rule : "none", verdicts[i].rule, "row: %s",
                             verdicts[i].name);
    }
}

/* ---- issued nonces ---- */

Test(pt_nonce, holds_for_its_terms_and_no_others)
{
    struct pt_challenge issued = example;
    struct assay_bytes secret = assay_str(WORLD_SECRET);
    struct assay_random random;

    assay_random_init(&random, ASSAY_LIT("nonce"), ASSAY_LIT("terms"));
    for (int n = 0; n < 50; n++) {
        struct pt_challenge other;
        uint8_t bytes[16];
        char *const texts[] = {other.request_hash, other.expires_at, other.price,
                               other.asset,        other.network,    other.recipient};

        assay_random_bytes(&random, bytes, sizeof(bytes));
        pt_nonce_issue(&issued, secret, bytes);
        cr_assert_eq(pt_nonce_check(&issued, secret), ASSAY_OK);
        cr_expect_eq(pt_nonce_check(&issued, ASSAY_LIT("another secret")), ASSAY_E_DENIED);
        for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
            other = issued;
            texts[i][0] ^= 1;
            cr_expect_eq(pt_nonce_check(&other, secret), ASSAY_E_DENIED, "term %zu", i);
        }
    }
}

Test(pt_nonce, notices_every_flipped_bit)
{
    struct pt_challenge issued = example;
    struct assay_bytes secret = assay_str(WORLD_SECRET);
    uint8_t bytes[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, uuid[16];
    struct pt_challenge flipped;
    unsigned refused = 0;

    pt_nonce_issue(&issued, secret, bytes);
    cr_assert_eq(pt_nonce_parse(uuid, assay_str(issued.nonce)), ASSAY_OK);
    for (int bit = 0; bit < 128; bit++) {
        flipped = issued;
        uuid[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        assay_uuid_v4_text(flipped.nonce, uuid); /* sets version and variant right again */
        refused += pt_nonce_check(&flipped, secret) == ASSAY_E_DENIED;
        uuid[bit / 8] ^= (uint8_t)(1 << (bit % 8));
    }
    cr_expect_eq(refused, ASSAY_UUID_FREE_BITS);
    world_put(flipped.nonce, sizeof(flipped.nonce), "no uuid");
    cr_expect_eq(pt_nonce_check(&flipped, secret), ASSAY_E_MALFORMED);
}

/* ---- the bridge ---- */

Test(pt_bridge, says_what_to_pay_in_atomic_units_and_reads_it_back)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 16), json = ASSAY_BUF_INIT(1 << 16);
    char amount[PT_TEXT_MAX_BYTES];
    struct pt_challenge read;

    cr_assert_eq(pt_bridge_required(&text, &example, ASSAY_LIT("/weather"), 6, NULL), ASSAY_OK);
    cr_assert_eq(pt_bridge_required_parse(&read, amount, assay_buf_view(&text), NULL), ASSAY_OK);
    cr_expect_str_eq(amount, "1000");
    cr_expect_str_eq(read.network, "mock");
    cr_expect_str_eq(read.nonce, example.nonce);
    cr_expect_str_eq(read.expires_at, example.expires_at);
    cr_expect_eq(read.timeout_s, 300);
    cr_assert_eq(assay_base64_decode(&json, ASSAY_BASE64_STD, assay_buf_view(&text), NULL),
                 ASSAY_OK);
    cr_expect(strstr(assay_buf_cstr(&json), "\"network\":\"mock:1\"") != NULL);
    cr_expect(strncmp(assay_buf_cstr(&json),
                      "{\"x402Version\":1,\"error\":\"Payment Required\",\"resource\":", 51) == 0);
    assay_buf_fini(&text);
    assay_buf_fini(&json);
}

static const struct {
    const char *price;
    unsigned places;
    bool ok;
} prices[] = {
    {"0.001", 6, true}, /* UC-1, accepted */
    {"1", 0, true},
    {"0.0000001", 6, false}, /* UC-1, refused */
    {"0.0010001", 6, false},
    {"0", 6, false},
    {"-1", 6, false},
    {"1e3", 6, false},
    {"\xEF\xBC\x91", 6, false}, /* a full-width 1 */
};

Test(pt_bridge, never_truncates_a_price)
{
    for (size_t i = 0; i < ARRAY_LEN(prices); i++) {
        struct assay_buf text = ASSAY_BUF_INIT(1 << 16);
        struct pt_challenge priced = example;

        world_put(priced.price, sizeof(priced.price), prices[i].price);
        cr_expect_eq(pt_bridge_required(&text, &priced, ASSAY_LIT("/w"), prices[i].places, NULL),
                     prices[i].ok ? ASSAY_OK : ASSAY_E_RANGE, "price: %s", prices[i].price);
        assay_buf_fini(&text);
    }
}

Test(pt_bridge, carries_the_same_proof_as_the_other_header)
{
    static const char *const broken[] = {
        "", "{}", "e30=", "bnVsbA==", "eyJ4NDAyVmVyc2lvbiI6MX0=", "garbage"};
    struct pt_proof proof = example_proof(), read;
    struct assay_buf text = ASSAY_BUF_INIT(1 << 16);

    pt_bridge_encode(&text, &proof);
    cr_assert_eq(pt_bridge_decode(&read, assay_buf_view(&text), NULL), ASSAY_OK);
    cr_expect_eq(read.version, 1);
    cr_expect_str_eq(read.nonce, proof.nonce);
    cr_expect_str_eq(read.signature, proof.signature);
    cr_expect_eq(read.expires_ms, proof.expires_ms);
    for (size_t i = 0; i < ARRAY_LEN(broken); i++)
        cr_expect_neq(pt_bridge_decode(&read, assay_str(broken[i]), NULL), ASSAY_OK, "%s",
                      broken[i]);
    assay_buf_fini(&text);
}
