/* The covenant template of batch channels: its bytes, its slots, and whose each byte is. Sections
 * are those of the batch digest. */
#include "kaspa_x402/escrow.h"

#include "base/hash.h"
#include "base/hex.h"
#include "kaspa/script.h"
#include "ref/tests/upstream.h"

#include <criterion/criterion.h>

static void take_hex(uint8_t *out, size_t len, const char *text)
{
    cr_assert_eq(assay_hex_decode(out, len, assay_str(text), true), ASSAY_OK, "%s", text);
}

/* The channel of the official transactions: section 5's keys, and 123456789. */
static struct kx_escrow official(uint64_t claimed)
{
    struct kx_escrow e = {.claimed = claimed, .timeout_daa = 123456789};

    take_hex(e.client, 32, "989c0b76cb563971fdc9bef31ec06c3560f3249d6ee9e5d83c57625596e05f6f");
    take_hex(e.server, 32, "56b328b30c8bf5839e24058747879408bdb36241dc9c2e7c619faa12b2920967");
    assay_sha256(e.network, ASSAY_LIT("kaspa:testnet-10"));
    take_hex(e.payout_spk, 32, "d6274c844d24ccb71e1dfe20b7ba2d09d185c13d468a4b1838043a0743425b5f");
    take_hex(e.refund_spk, 32, "3b8cbf34de55566551c5745eebc28aa0c3b036c6704d77f09a8a0e5299b70091");
    return e;
}

static const struct kx_escrow_template *v5(void)
{
    return kx_escrow_find(ASSAY_LIT(KX_ESCROW_V5_TEMPLATE));
}

static struct assay_buf redeem_of(const struct kx_escrow *escrow)
{
    struct assay_buf script = ASSAY_BUF_INIT(2 * KX_ESCROW_V5_BYTES);

    cr_assert_eq(kx_escrow_redeem(&script, v5(), escrow), ASSAY_OK);
    cr_assert_eq(script.len, KX_ESCROW_V5_BYTES);
    return script;
}

/* Section 8.4 */
static const struct {
    uint64_t claimed;
    const char *script_hash;
} heads[] = {
    {0, "5dd3302588050e2a0c1f3407db1e639de998d5039ca4fad3d5a3da993eacae77"},
    {8000000, "d43d6c8816633b5a93499e206b480161e1f157eccad3e87a0a0591ed05fc3cfb"},
    {17000000, "b9247d6da281da7b809cc86e187603f72966b6c6143fc31216439c33517f28d9"},
};

Test(kx_escrow, has_the_script_hashes_of_the_official_heads)
{
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        struct kx_escrow escrow = official(heads[i].claimed);
        struct assay_buf script = redeem_of(&escrow);
        char text[2 * 32 + 1];
        uint8_t hash[32];

        assay_blake2b(hash, sizeof(hash), ASSAY_LIT(""), assay_buf_view(&script));
        assay_hex_encode(text, assay_bytes_of(hash, sizeof(hash)));
        cr_expect_str_eq(text, heads[i].script_hash);
        assay_buf_fini(&script);
    }
}

static void expect_sample(const json_t *params, const json_t *of, const char *pin)
{
    struct kx_escrow e = {
        .claimed = upstream_u64(json_object_get(of, "claimedCumulativeAmount")),
        .timeout_daa = upstream_u64(json_object_get(params, "timeoutDaa")),
    };
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 16);
    struct assay_bytes want = upstream_hex(&arena, json_object_get(of, "redeemScript"));
    struct assay_buf script;
    char digest[2 * 32 + 1];

    take_hex(e.client, 32, json_string_value(json_object_get(params, "clientPublicKey")));
    take_hex(e.server, 32, json_string_value(json_object_get(params, "serverPublicKey")));
    take_hex(e.payout_spk, 32,
             json_string_value(json_object_get(params, "payoutScriptPublicKeyHash")));
    take_hex(e.refund_spk, 32,
             json_string_value(json_object_get(params, "refundScriptPublicKeyHash")));
    assay_sha256(e.network, assay_str(json_string_value(json_object_get(params, "network"))));
    script = redeem_of(&e);
    cr_expect(assay_bytes_equal(assay_buf_view(&script), want));
    assay_sha256_hex(digest, assay_buf_view(&script));
    cr_expect_str_eq(digest, pin);
    assay_buf_fini(&script);
    assay_arena_fini(&arena);
}

/* Section 9.1: the pins of the compiled base and of its successor. */
Test(kx_escrow, is_the_compiled_template_byte_for_byte)
{
    json_t *fixture = upstream_load("kaspa-x402/contracts/fixtures/kaspa-x402-escrow-v5.json");
    const json_t *sample = json_object_get(fixture, "sample");
    const json_t *params = json_object_get(sample, "params");
    json_t *genesis = json_object_get(sample, "genesis");

    json_object_set(genesis, "claimedCumulativeAmount",
                    json_object_get(params, "claimedCumulativeAmount"));
    expect_sample(params, genesis,
                  "2ee869bc844736a851a4ff938e1a3ce00ef39fd46cf4b23b38405511fc4557e1");
    expect_sample(params, json_object_get(sample, "successor"),
                  "fdd7a79f5110f515376fd0e54ba5a2122bd5bb7ccf9892fbd418785b393882b1");
    json_decref(fixture);
}

/* Section 9.1, and nothing else changes with a slot. */
Test(kx_escrow, has_its_slots_where_they_are_patched)
{
    static const struct {
        const char *name;
        size_t at[3], count, len;
    } slots[] = {
        {"claimed", {2}, 1, 8},    {"server", {103, 604}, 2, 32},
        {"network", {236}, 1, 32}, {"client", {279, 568, 902}, 3, 32},
        {"payout", {361}, 1, 32},  {"refund", {727, 1005}, 2, 32},
        {"timeout", {881}, 1, 8},
    };
    struct kx_escrow none = {.claimed = 0};
    struct assay_buf base = redeem_of(&none);

    for (size_t i = 0; i < ARRAY_LEN(slots); i++) {
        struct kx_escrow e = {.claimed = 0};
        uint8_t *const fields[] = {
            (uint8_t *)&e.claimed,    e.server, e.network, e.client, e.payout_spk, e.refund_spk,
            (uint8_t *)&e.timeout_daa};
        struct assay_buf script;
        size_t changed = 0;

        memset(fields[i], 0xff, slots[i].len);
        script = redeem_of(&e);
        for (size_t at = 0; at < script.len; at++)
            changed += script.at[at] != base.at[at] ? 1 : 0;
        cr_expect_eq(changed, slots[i].count * slots[i].len, "%s", slots[i].name);
        for (size_t k = 0; k < slots[i].count; k++)
            for (size_t at = 0; at < slots[i].len; at++)
                cr_expect_eq(script.at[slots[i].at[k] + at], 0xff, "%s at %zu", slots[i].name,
                             slots[i].at[k] + at);
        assay_buf_fini(&script);
    }
    assay_buf_fini(&base);
}

Test(kx_escrow, knows_whose_each_byte_is)
{
    static const struct {
        size_t at, begin;
        const char *id;
    } rows[] = {
        {0, 0, "state"},
        {13, 11, "claim.selector"},
        {72, 71, "claim.lock-time"},
        {90, 87, "claim.sequence"},
        {427, 423, "claim.successor.front"},
        {487, 465, "claim.end"},
        {491, 489, "top-up.selector"},
        {892, 880, "refund.timeout.range"},
        {899, 899, "refund.timeout"},
        {1047, 1044, "selector.unknown"},
    };
    const struct kx_escrow_rule *rule;
    size_t begin;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        rule = kx_escrow_rule_at(v5(), 0, rows[i].at, &begin);
        cr_assert_not_null(rule, "%zu", rows[i].at);
        cr_expect_str_eq(rule->id, rows[i].id, "%zu", rows[i].at);
        cr_expect_eq(begin, rows[i].begin, "%s", rows[i].id);
    }
    cr_expect_null(kx_escrow_rule_at(v5(), 0, KX_ESCROW_V5_BYTES, &begin));
}

Test(kx_escrow, names_each_rule_once_and_in_a_sentence)
{
    for (size_t i = 0; i < v5()->rule_count; i++) {
        const struct kx_escrow_rule *rule = &v5()->rules[i];
        size_t len = strlen(rule->sentence);

        cr_expect(len > 5 && rule->sentence[len - 1] == '.', "%s", rule->id);
        for (size_t k = 0; k < i; k++)
            cr_expect_str_neq(rule->id, v5()->rules[k].id);
    }
}

Test(kx_escrow, fails_as_its_buffer_fails)
{
    const struct kx_escrow none = {.claimed = 0};

    for (size_t room = 0; room < KX_ESCROW_V5_BYTES; room += 97) {
        struct assay_buf small = ASSAY_BUF_INIT(room);

        cr_expect_neq(kx_escrow_redeem(&small, v5(), &none), ASSAY_OK, "%zu", room);
        assay_buf_fini(&small);
    }
}
