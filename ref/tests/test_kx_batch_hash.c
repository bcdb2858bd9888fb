/* What is hashed in scheme batch-settlement: the check values of its digest, the official vectors,
 * and that every member counts. Sections are those of the batch digest. */
#include "kaspa_x402/batch.h"

#include "base/hex.h"
#include "kaspa_x402/kx.h"
#include "ref/tests/hex_text.h"
#include "ref/tests/upstream.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define FOLDER "kaspa-x402/vectors/"

static const struct kx_batch_binding *const v1 = &kx_batch_bindings[0],
                                            *const v2 = &kx_batch_bindings[1],
                                            *const v3 = &kx_batch_bindings[2];

static struct assay_bytes text_bytes(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    cr_assert(json_is_string(value), "%s", name);
    return assay_str(json_string_value(value));
}

/* Hex of exactly that many bytes. */
static void take_hex(uint8_t *out, size_t len, const json_t *object, const char *name)
{
    cr_assert_eq(assay_hex_decode(out, len, text_bytes(object, name), false), ASSAY_OK, "%s", name);
}

static uint64_t take_u64(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return json_is_integer(value) ? (uint64_t)json_integer_value(value)
                                  : strtoull(json_string_value(value), NULL, 10);
}

static void expect_digest(const uint8_t *digest, const char *want, const char *row)
{
    char text[2 * 32 + 1];

    assay_hex_encode(text, assay_bytes_of(digest, 32));
    cr_expect_str_eq(text, want, "%s", row);
}

static void fill(uint8_t *at, uint8_t byte)
{
    memset(at, byte, 32);
}

/* ---- bindings ---- */

Test(kx_batch_hash, finds_bindings_and_their_templates_by_name)
{
    static const struct {
        const char *binding, *template_id;
        bool has;
    } rows[] = {
        {"kaspa-escrow-v1", "kaspa-x402-escrow-v1", true},
        {"kaspa-escrow-v2", "kaspa-x402-escrow-v2", true},
        {"kaspa-escrow-v2", "kaspa-x402-escrow-v3", true},
        {"kaspa-escrow-v3", "kaspa-x402-escrow-v4", true},
        {"kaspa-escrow-v3", "kaspa-x402-escrow-v5", true},
        {"kaspa-escrow-v3", "kaspa-x402-escrow-v3", false},
        {"kaspa-escrow-v2", "kaspa-x402-escrow-v5", false},
        {"kaspa-escrow-v1", "", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct kx_batch_binding *binding = kx_batch_binding_find(assay_str(rows[i].binding));

        cr_assert_not_null(binding, "%s", rows[i].binding);
        cr_expect_eq(kx_batch_has_template(binding, assay_str(rows[i].template_id)), rows[i].has,
                     "%s: %s", rows[i].binding, rows[i].template_id);
    }
    cr_expect_null(kx_batch_binding_find(ASSAY_LIT("kaspa-escrow-v4")));
    cr_expect_null(kx_batch_binding_find(ASSAY_LIT("KASPA-escrow-v3")));
}

/* ---- channels ---- */

/* Section 4, worked example; its addresses are none. */
static struct kx_channel example_channel(void)
{
    struct kx_channel c = {
        .network = ASSAY_LIT(KX_NETWORK_TESTNET),
        .template_id = ASSAY_LIT("kaspa-x402-escrow-v5"),
        .pay_to = ASSAY_LIT("kaspatest:qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"),
        .refund_address =
            ASSAY_LIT("kaspatest:qrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"),
        .refund_timeout_daa = 123456789,
    };

    fill(c.client, 0x33);
    fill(c.server, 0x44);
    fill(c.salt, 0x55);
    return c;
}

Test(kx_batch_hash, names_a_channel_by_all_of_its_configuration)
{
    uint8_t id[32], seen[9][32];
    struct kx_channel channel;
    size_t count = 0;

    for (size_t i = 0; i <= 8; i++) {
        struct kx_channel c = example_channel();

        c.network = i == 1 ? ASSAY_LIT(KX_NETWORK_MAINNET) : c.network;
        c.template_id = i == 2 ? ASSAY_LIT("kaspa-x402-escrow-v4") : c.template_id;
        c.client[31] ^= i == 3 ? 1 : 0;
        c.server[0] ^= i == 4 ? 1 : 0;
        c.pay_to.len -= i == 5 ? 1 : 0;
        c.refund_address.len -= i == 6 ? 1 : 0;
        c.refund_timeout_daa += i == 7 ? UINT64_C(1) << 32 : 0;
        c.salt[16] ^= i == 8 ? 1 : 0;
        kx_channel_id(id, v3, &c);
        if (i == 0)
            expect_digest(id, "f0c99b6b84d44952d8b8c7eb8820110235f9e01b375eb31936d8c363d2f47109",
                          "section 4");
        for (size_t k = 0; k < count; k++)
            cr_expect_neq(memcmp(id, seen[k], sizeof(id)), 0, "change %zu is as change %zu", i, k);
        memcpy(seen[count++], id, sizeof(id));
    }
    channel = example_channel();
    kx_channel_id(id, v2, &channel);
    cr_expect_neq(memcmp(id, seen[0], sizeof(id)), 0, "the domain is another");
}

/* ---- vouchers ---- */

static const struct {
    const char *network, *covenant_id;
    uint64_t amount;
    const char *digest;
} vouchers[] = {
    {KX_NETWORK_TESTNET, "f0154292aca316533e639eccdca10e2f44ab6e4eab3a48fa9420c1b616da456e",
     25000000, "54d54a296f809b9f9c306db140398c8f4318f936ac503f13a29f85e895df108b"},
    {KX_NETWORK_TESTNET, "f0154292aca316533e639eccdca10e2f44ab6e4eab3a48fa9420c1b616da456e",
     25000001, "b43fa0ce4d7149b928374f4daffe08e842fc563b900b399e6723f57dcc19fb2f"},
    {KX_NETWORK_MAINNET, "f0154292aca316533e639eccdca10e2f44ab6e4eab3a48fa9420c1b616da456e",
     25000000, "9b6b795efcb25fc984920d53956d0dcab514a0e7cb58042550b11bdd4ffa7d5a"},
    {KX_NETWORK_TESTNET, "f0154292aca316533e639eccdca10e2f44ab6e4eab3a48fa9420c1b616da456e",
     30000000, "8afb2e28f83812e9cd204f8b3a45ca04ad6ee132956e2535f17cfcab7624ae99"},
};

Test(kx_batch_hash, binds_a_voucher_to_network_lineage_and_sum)
{
    for (size_t i = 0; i < ARRAY_LEN(vouchers); i++) {
        struct kx_voucher v = {.network = assay_str(vouchers[i].network),
                               .amount = vouchers[i].amount};
        uint8_t digest[32];

        cr_assert_eq(assay_hex_decode(v.covenant_id.at, sizeof(v.covenant_id.at),
                                      assay_str(vouchers[i].covenant_id), true),
                     ASSAY_OK);
        kx_voucher_digest(digest, v3, &v);
        expect_digest(digest, vouchers[i].digest, "section 5.1");
    }
}

Test(kx_batch_hash, binds_a_voucher_of_the_second_binding_under_its_own_domain)
{
    struct kx_voucher v = {.network = ASSAY_LIT(KX_NETWORK_TESTNET), .amount = 5000000};
    uint8_t digest[32];

    fill(v.covenant_id.at, 0x77);
    kx_voucher_digest(digest, v2, &v);
    expect_digest(digest, "6cf33cc3a9685a048f8ac667e1bbec0d58bde1cfd857170398092e68959e101a",
                  "section 16.2");
}

Test(kx_batch_hash, binds_the_first_vouchers_to_one_coin)
{
    json_t *vector = upstream_load(FOLDER "voucher/full-outpoint-binding.json");
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    json_t *one;
    size_t i;

    json_array_foreach (json_object_get(vector, "cases"), i, one) {
        const json_t *in = json_object_get(one, "input");
        struct kx_voucher v = {
            .network = text_bytes(in, "network"),
            .outpoint = upstream_outpoint(json_object_get(in, "outpoint")),
            .spk = upstream_spk(&arena, json_object_get(in, "activeScriptPublicKey")),
            .amount = take_u64(in, "amount"),
        };
        uint8_t digest[32];

        kx_voucher_digest(digest, v1, &v);
        expect_digest(
            digest, json_string_value(json_object_get(json_object_get(one, "expected"), "digest")),
            json_string_value(json_object_get(one, "name")));
    }
    cr_expect_gt(i, 3);
    assay_arena_fini(&arena);
    json_decref(vector);
}

Test(kx_batch_hash, agrees_with_the_official_vouchers)
{
    json_t *vector = upstream_load(FOLDER "voucher/stable-covenant-binding.json");
    json_t *one;
    size_t i;

    json_array_foreach (json_object_get(vector, "cases"), i, one) {
        const json_t *in = json_object_get(one, "input");
        struct kx_voucher v = {.network = text_bytes(in, "network"),
                               .amount = take_u64(in, "authorizedCumulativeAmount")};
        uint8_t digest[32];

        upstream_hash(&v.covenant_id, json_object_get(in, "covenantId"));
        kx_voucher_digest(digest, v3, &v);
        expect_digest(
            digest, json_string_value(json_object_get(json_object_get(one, "expected"), "digest")),
            json_string_value(json_object_get(one, "name")));
    }
    cr_expect_gt(i, 2);
    json_decref(vector);
}

/* ---- presentations and commitments ---- */

/* Section 5.3, under template v5. */
static struct kx_presentation example_presentation(void)
{
    struct kx_presentation p = {.has_identifier = true,
                                .identifier = ASSAY_LIT("invoice-batch-7"),
                                .expires_at = ASSAY_LIT("2026-09-09T02:00:30.000Z")};

    fill(p.fingerprint, 0x99);
    fill(p.context, 0x88);
    fill(p.nonce, 0xaa);
    from_hex(p.requirements, 32,
             "5adff5feee04d27a3afff8fea8161c538f83c0798c060000f94285f267516ec5");
    from_hex(p.channel_id, 32, "593cef0e8814403b23fb362d40e2733e5edf069b3b503df3722667d0e10d5850");
    from_hex(p.covenant_id.at, 32,
             "f0154292aca316533e639eccdca10e2f44ab6e4eab3a48fa9420c1b616da456e");
    from_hex(p.voucher_digest, 32,
             "54d54a296f809b9f9c306db140398c8f4318f936ac503f13a29f85e895df108b");
    return p;
}

Test(kx_batch_hash, binds_a_presentation_to_all_of_its_members)
{
    uint8_t digest[32], seen[12][32];

    for (size_t i = 0; i <= 10; i++) {
        struct kx_presentation p = example_presentation();
        uint8_t *const hashes[] = {p.fingerprint,    p.requirements, p.context,       p.channel_id,
                                   p.covenant_id.at, p.nonce,        p.voucher_digest};

        if (i >= 1 && i <= ARRAY_LEN(hashes))
            hashes[i - 1][7] ^= 0x10;
        p.expires_at = i == 8 ? ASSAY_LIT("2026-09-09T02:00:30Z") : p.expires_at;
        p.identifier = i == 9 ? ASSAY_LIT("null") : p.identifier;
        p.has_identifier = i != 10;
        cr_assert_eq(kx_presentation_digest(digest, &p), ASSAY_OK);
        if (i == 0)
            expect_digest(digest,
                          "553a7bcfeeb5c125e447784ab97262f8acd41e9560b69ceabd9999b93dab8ddb",
                          "section 5.3");
        for (size_t k = 0; k < i; k++)
            cr_expect_neq(memcmp(digest, seen[k], sizeof(digest)), 0, "%zu is as %zu", i, k);
        memcpy(seen[i], digest, sizeof(digest));
    }
}

/* Section 5.5, with what section 5.3 presents. */
Test(kx_batch_hash, names_a_commitment)
{
    static const char signature[] =
        "b5594b28f2c85a5cb43d70ed45c36c7cd011b7a99ddab7597ef1da35d60ad191"
        "0cc0a019e83918bd66bcf01c6bbbd48fee45bbb63c56fba5b1a064cc8847bdc2";
    const struct kx_presentation p = example_presentation();
    struct kx_commitment c = {.covenant_id = p.covenant_id,
                              .outpoint.index = 2,
                              .charge = 1000000,
                              .before = 24000000,
                              .after = 25000000,
                              .claimed = 17000000};
    uint8_t id[32];

    memcpy(c.channel_id, p.channel_id, sizeof(c.channel_id));
    memcpy(c.fingerprint, p.fingerprint, sizeof(c.fingerprint));
    memcpy(c.requirements, p.requirements, sizeof(c.requirements));
    cr_assert_eq(kx_presentation_digest(c.presentation, &p), ASSAY_OK);
    fill(c.outpoint.txid.at, 0x44);
    cr_assert_eq(assay_hex_decode(c.voucher_signature, sizeof(c.voucher_signature),
                                  assay_str(signature), true),
                 ASSAY_OK);
    kx_commitment_id(id, v3, &c);
    expect_digest(id, "21bfbeff8c33e969128b195af52a13a39ae201a617eee8fdba95e35666c6a038",
                  "section 5.5");
}

/* ---- the official chain of digests, of each binding ---- */

static struct kx_channel official_channel(const json_t *config)
{
    struct kx_channel c = {
        .network = text_bytes(config, "network"),
        .template_id = text_bytes(config, "templateId"),
        .pay_to = text_bytes(config, "payTo"),
        .refund_address = text_bytes(config, "refundAddress"),
        .refund_timeout_daa = take_u64(config, "refundTimeoutDaa"),
    };

    take_hex(c.client, sizeof(c.client), config, "clientPublicKey");
    take_hex(c.server, sizeof(c.server), config, "serverPublicKey");
    take_hex(c.salt, sizeof(c.salt), config, "salt");
    return c;
}

static void expect_channel(const json_t *vector, const struct kx_batch_binding *binding)
{
    const json_t *channel = json_object_get(vector, "channel");
    struct kx_channel c = official_channel(json_object_get(channel, "config"));
    uint8_t id[32];

    kx_channel_id(id, binding, &c);
    expect_digest(id, json_string_value(json_object_get(channel, "channelId")), binding->name);
}

static void expect_voucher(const json_t *vector, const struct kx_batch_binding *binding,
                           struct assay_arena *arena)
{
    const json_t *voucher = json_object_get(vector, "voucher");
    const json_t *in = json_object_get(voucher, "input");
    struct kx_voucher v = {
        .network = text_bytes(in, "network"),
        .amount = take_u64(in, binding->is_fixed ? "authorizedCumulativeAmount" : "amount"),
    };
    uint8_t digest[32], signature[ASSAY_SIG_BYTES], key[ASSAY_XONLY_BYTES];

    if (binding->is_of_outpoint) {
        v.outpoint = upstream_outpoint(json_object_get(in, "outpoint"));
        v.spk = upstream_spk(arena, json_object_get(in, "activeScriptPublicKey"));
    } else {
        upstream_hash(&v.covenant_id, json_object_get(in, "covenantId"));
    }
    kx_voucher_digest(digest, binding, &v);
    expect_digest(digest, json_string_value(json_object_get(voucher, "digest")), binding->name);
    take_hex(signature, sizeof(signature), voucher, "signature");
    take_hex(key, sizeof(key), voucher, "signerPublicKey");
    cr_expect_eq(assay_schnorr_verify(signature, digest, key), ASSAY_SIG_GOOD, "%s", binding->name);
}

static void hash_terms(uint8_t out[32], const json_t *accepted,
                       const struct kx_batch_binding *binding)
{
    const json_t *extra = json_object_get(accepted, "extra");
    struct kx_batch_terms terms = {
        .network = text_bytes(accepted, "network"),
        .pay_to = text_bytes(accepted, "payTo"),
        .template_id = text_bytes(extra, "templateId"),
        .amount = take_u64(accepted, "amount"),
        .max_timeout_s = take_u64(accepted, "maxTimeoutSeconds"),
        .min_deposit = take_u64(extra, "minDepositSompi"),
        .claim_reserve = binding->has_reserve ? take_u64(extra, "claimReserveSompi") : 0,
        .refund_timeout_daa = take_u64(extra, "refundTimeoutDaa"),
    };

    take_hex(terms.server, sizeof(terms.server), extra, "serverPublicKey");
    kx_batch_terms_hash(out, binding, &terms);
}

static void hash_accepted(uint8_t out[32], const json_t *accepted,
                          const struct kx_batch_binding *binding)
{
    struct assay_json_token tokens[64];
    char *text = json_dumps(accepted, JSON_INDENT(1));
    struct assay_json doc;
    struct assay_err err = {0};

    cr_assert_eq(
        assay_json_parse(&doc, tokens, ARRAY_LEN(tokens), assay_str(text), ASSAY_JSON_STRICT, &err),
        ASSAY_OK, "%s", err.text);
    cr_assert_eq(kx_batch_requirements_hash(out, binding, &doc, 0, &err), ASSAY_OK, "%s", err.text);
    free(text);
}

static void take_commitment(struct kx_commitment *c, const json_t *in,
                            const struct kx_batch_binding *binding)
{
    const json_t *voucher = json_object_get(in, "voucher");
    const char *sum = binding->is_fixed ? "authorizedCumulativeAmount" : "amount";

    *c = (struct kx_commitment){
        .outpoint = upstream_outpoint(json_object_get(in, "activeOutpoint")),
        .voucher_amount = take_u64(voucher, sum),
        .charge = take_u64(in, binding->is_fixed ? "fixedCharge" : "chargedAmount"),
        .before = take_u64(in, binding->is_fixed ? "authorizedCumulativeBefore"
                                                 : "chargedCumulativeBefore"),
        .after = take_u64(in, binding->is_fixed ? "authorizedCumulativeAfter"
                                                : "chargedCumulativeAfter"),
        .claimed = take_u64(in, "claimedCumulativeAmount"),
    };
    take_hex(c->channel_id, 32, in, "channelId");
    take_hex(c->fingerprint, 32, in, "requestFingerprint");
    take_hex(c->voucher_signature, sizeof(c->voucher_signature), voucher, "signature");
    if (!binding->is_of_outpoint)
        upstream_hash(&c->covenant_id, json_object_get(voucher, "covenantId"));
    if (binding->is_fixed)
        take_hex(c->presentation, 32, in, "presentationDigest");
}

static void expect_commitment(const json_t *vector, const struct kx_batch_binding *binding)
{
    const json_t *commitment = json_object_get(vector, "commitment");
    const json_t *in = json_object_get(commitment, "input");
    const json_t *requirements = json_object_get(vector, "paymentRequirements");
    const json_t *accepted = json_object_get(requirements, "value");
    struct kx_commitment c;
    uint8_t id[32];

    take_commitment(&c, in, binding);
    if (binding->is_fixed)
        hash_accepted(c.requirements, accepted, binding);
    else
        hash_terms(c.requirements, accepted, binding);
    expect_digest(c.requirements, json_string_value(json_object_get(requirements, "sha256")),
                  binding->name);
    kx_commitment_id(id, binding, &c);
    expect_digest(id, json_string_value(json_object_get(commitment, "commitmentId")),
                  binding->name);
}

Test(kx_batch_hash, agrees_with_the_official_chain_of_each_binding)
{
    static const char *const files[] = {"batch/interop-v1.json", "batch/interop-v2.json",
                                        "batch/interop-v3.json"};

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[64];
        json_t *vector;
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);

        (void)snprintf(path, sizeof(path), FOLDER "%s", files[i]);
        vector = upstream_load(path);
        expect_channel(vector, &kx_batch_bindings[i]);
        expect_voucher(vector, &kx_batch_bindings[i], &arena);
        expect_commitment(vector, &kx_batch_bindings[i]);
        assay_arena_fini(&arena);
        json_decref(vector);
    }
}

Test(kx_batch_hash, agrees_with_the_official_presentation)
{
    json_t *vector = upstream_load(FOLDER "batch/interop-v3.json");
    const json_t *presentation = json_object_get(vector, "presentation");
    const json_t *in = json_object_get(presentation, "input");
    struct kx_presentation p = {.has_identifier = true,
                                .identifier = text_bytes(in, "paymentIdentifier"),
                                .expires_at = text_bytes(in, "expiresAt")};
    uint8_t digest[32];

    take_hex(p.fingerprint, 32, in, "requestFingerprint");
    take_hex(p.requirements, 32, in, "acceptedRequirementsHash");
    take_hex(p.context, 32, in, "securityContextHash");
    take_hex(p.channel_id, 32, in, "channelId");
    take_hex(p.voucher_digest, 32, in, "voucherDigest");
    take_hex(p.nonce, 32, in, "nonce");
    upstream_hash(&p.covenant_id, json_object_get(in, "covenantId"));
    cr_assert_eq(kx_presentation_digest(digest, &p), ASSAY_OK);
    expect_digest(digest, json_string_value(json_object_get(presentation, "digest")), "v3");
    json_decref(vector);
}
