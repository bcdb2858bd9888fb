/* Batch payloads, written; what makes two payments the same; and vouchers by themselves. */
#include "ref/tests/kx_batch_world.h"
#include "ref/tests/upstream.h"

#include "base/hash.h"
#include "base/hex.h"

#define OK KX_LOCAL_NONE
#define H64 "ABCDEF7171717171717171717171717171717171717171717171717171717171"
#define Z64 "0000000000000000000000000000000000000000000000000000000000000000"
#define P "payload."

/* ---- written and read again ---- */

static void expect_round_trip(struct kx_batch_world *w, const char *name)
{
    struct assay_buf text = ASSAY_BUF_INIT(16384);
    struct kx_batch_payment read;
    struct assay_err err = {0};
    char *sorted;

    cr_assert_eq(kx_batch_world_parse(&read, &w->lane.arena, w->payment, &err), OK, "%s: %s", name,
                 err.text);
    kx_batch_payload_write(&text, &read);
    sorted = json_dumps(json_object_get(w->payment, "payload"), JSON_COMPACT | JSON_SORT_KEYS);
    cr_expect_str_eq(assay_buf_cstr(&text), sorted, "%s", name);
    free(sorted);
    assay_buf_fini(&text);
}

Test(kx_batch_payload, is_written_as_it_is_read)
{
    struct kx_batch_world *w = kx_batch_world_paid(KX_STORY_OPEN);

    kx_world_edit(w->payment, P "fundingTransaction", "\"ab00\"");
    expect_round_trip(w, "deposit");
    kx_batch_world_free(w);
    w = kx_batch_world_paid(KX_STORY_VOUCHER);
    expect_round_trip(w, "voucher");
    kx_world_edit(w->payment, P "presentation.paymentIdentifier", "null");
    expect_round_trip(w, "without an identifier");
    (void)kx_batch_world_operation(w, "claim");
    expect_round_trip(w, "claim");
    kx_batch_world_free(w);
}

Test(kx_batch_payload, of_a_refund_is_written_as_it_is_read)
{
    struct kx_batch_world *w = kx_batch_world_paid(KX_STORY_VOUCHER);
    json_t *payload = json_object_get(kx_batch_world_operation(w, "refund"), "payload");

    (void)json_object_del(payload, "claimAmount");
    (void)json_object_set(payload, "covenantId", json_object_get(payload, "channelId"));
    kx_world_edit(payload, "clientSignature", "\"" Z64 Z64 "01\"");
    expect_round_trip(w, "refund");
    kx_world_edit(w->payment, "accepted.extra.binding", "\"kaspa-escrow-v1\"");
    (void)json_object_del(payload, "covenantId");
    expect_round_trip(w, "refund of a coin, which is of no lineage");
    kx_batch_world_free(w);
}

/* ---- what is the same ---- */

static void replay_hash(char *out, struct kx_batch_world *w, const char *member, const char *value)
{
    json_t *edited = json_deep_copy(w->payment);
    struct kx_batch_payment read;
    struct assay_err err = {0};

    if (member != NULL)
        kx_world_edit(edited, member, value);
    cr_assert_eq(kx_batch_world_parse(&read, &w->lane.arena, edited, &err), OK, "%s: %s", member,
                 err.text);
    cr_assert_eq(kx_batch_payload_hash(out, &read, "aa"), ASSAY_OK);
    json_decref(edited);
}

Test(kx_batch_payload, is_the_same_by_what_the_schema_knows)
{
    static const struct {
        const char *name, *member, *value;
        bool is_same;
    } rows[] = {
        {"an unknown member", P "note", "1", true},
        {"a label", P "payerAddress", "\"me\"", true},
        {"extensions", "extensions", NULL, true},
        {"the identifier, which the digest covers", P "presentation.paymentIdentifier", "null",
         true},
        {"its digest", P "presentation.digest", "\"" H64 "\"", false},
        {"its signature", P "presentation.signature", "\"" H64 H64 "\"", false},
        {"its nonce", P "presentation.nonce", "\"" H64 "\"", false},
        {"its expiry's spelling", P "presentation.expiresAt", "\"2026-09-09T02:00:30Z\"", false},
        {"the voucher's signature", P "voucher.signature", "\"" H64 H64 "\"", false},
        {"the total", P "voucher.authorizedCumulativeAmount", "\"1\"", false},
        {"the outpoint", P "fundingOutpoint.index", "7", false},
        {"the amount", P "fundingAmountSompi", "\"1\"", false},
        {"the salt", P "channelConfig.salt", "\"" H64 "\"", false},
        {"a funding transaction", P "fundingTransaction", "\"00\"", false},
        {"it in capitals", P "fundingTransaction", "\"AB00\"", true},
    };
    struct kx_batch_world *w = kx_batch_world_paid(KX_STORY_OPEN);
    char as_is[X402_HASH_TEXT_BYTES], edited[X402_HASH_TEXT_BYTES];

    kx_world_edit(w->payment, P "fundingTransaction", "\"ab00\"");
    replay_hash(as_is, w, NULL, NULL);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        replay_hash(edited, w, rows[i].member, rows[i].value);
        cr_expect_eq(strcmp(as_is, edited) == 0, rows[i].is_same, "row: %s", rows[i].name);
    }
    kx_batch_world_free(w);
}

/* The projection, made by other code. */
Test(kx_batch_payload, is_projected_for_replay_member_by_member)
{
    struct kx_batch_world *w = kx_batch_world_paid(KX_STORY_OPEN);
    json_t *payload, *projection;
    uint8_t funding[ASSAY_SHA256_BYTES];
    char want[X402_HASH_TEXT_BYTES], got[X402_HASH_TEXT_BYTES];

    kx_world_edit(w->payment, P "fundingTransaction", "\"ab00\"");
    assay_sha256(funding, assay_bytes_of("\xab\x00", 2));
    payload = json_deep_copy(json_object_get(w->payment, "payload"));
    kx_world_edit(payload, "presentation.paymentIdentifier", NULL);
    (void)json_object_set_new(payload, "fundingTransaction",
                              kx_world_hex(assay_bytes_of(funding, sizeof(funding))));
    projection = json_pack("{s:s, s:s, s:s, s:s, s:o}", "acceptedRequirementsHash", "aa", "network",
                           KX_NETWORK_TESTNET, "scheme", "batch-settlement", "version",
                           "kaspa-x402-payment-replay-v1", "payload", payload);
    kx_world_hash(want, projection);
    replay_hash(got, w, NULL, NULL);
    cr_expect_str_eq(got, want);
    json_decref(projection);
    kx_batch_world_free(w);
}

Test(kx_batch_payload, names_an_attempt_by_lane_request_terms_and_payload)
{
    static const uint8_t channel[32] = {1}, covenant[32] = {2};
    struct kx_batch_attempt a = {channel, covenant, "f", "r", "p"};
    json_t *want = json_pack("{s:o, s:o, s:s, s:s, s:s, s:s}", "channelId",
                             kx_world_hex(assay_bytes_of(channel, 32)), "covenantId",
                             kx_world_hex(assay_bytes_of(covenant, 32)), "requestFingerprint", "f",
                             "paymentRequirementsHash", "r", "paymentPayloadHash", "p", "scope",
                             "kaspa:x402:batch-settlement-attempt:v2");
    char hash[X402_HASH_TEXT_BYTES], id[X402_HASH_TEXT_BYTES];

    kx_world_hash(hash, want);
    cr_assert_eq(kx_batch_attempt_id(id, &a), ASSAY_OK);
    cr_expect_str_eq(id, hash);
    json_decref(want);
}

/* What each binding's official request would be claimed with: its own voucher, under its own terms.
 */
static json_t *official_claim(const json_t *vector)
{
    const json_t *in = json_object_get(json_object_get(vector, "commitment"), "input");
    const json_t *head = json_object_get(json_object_get(vector, "lineage"), "currentHead");
    const json_t *voucher = json_object_get(json_object_get(vector, "voucher"), "input");
    const json_t *spk = head != NULL ? json_object_get(head, "scriptPublicKey")
                                     : json_object_get(voucher, "activeScriptPublicKey");

    return json_pack("{s:i, s:O, s:{s:s, s:O, s:O, s:O, s:s, s:O}}", "x402Version", 2, "accepted",
                     json_object_get(in, "accepted"), "payload", "type", "claim", "channelId",
                     json_object_get(in, "channelId"), "fundingOutpoint",
                     json_object_get(in, "activeOutpoint"), "activeScriptPublicKey", spk,
                     "claimAmount", "1", "voucher", json_object_get(in, "voucher"));
}

Test(kx_batch_payload, of_the_official_requests_holds_a_voucher_that_verifies)
{
    static const char *const files[] = {"interop-v1", "interop-v2", "interop-v3"};

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
        struct kx_batch_payment read;
        struct assay_err err = {0};
        struct kx_voucher voucher;
        char path[96];
        json_t *vector, *payment;

        (void)snprintf(path, sizeof(path), "kaspa-x402/vectors/batch/%s.json", files[i]);
        vector = upstream_load(path);
        payment = official_claim(vector);
        cr_assert_eq(kx_batch_world_parse(&read, &arena, payment, &err), OK, "%s: %s", files[i],
                     err.text);
        voucher = (struct kx_voucher){.network = read.envelope.accepted.network,
                                      .covenant_id = read.voucher.covenant_id,
                                      .outpoint = read.outpoint,
                                      .amount = read.voucher.amount};
        cr_assert_eq(kaspa_spk_parse(&voucher.spk, read.spk), ASSAY_OK);
        cr_expect_eq(kx_voucher_verify(
                         read.binding, &voucher, read.voucher.signature,
                         upstream_hex(&arena, json_object_get(json_object_get(vector, "voucher"),
                                                              "signerPublicKey"))
                             .at),
                     ASSAY_SIG_GOOD, "%s", files[i]);
        json_decref(payment);
        json_decref(vector);
        assay_arena_fini(&arena);
    }
}

/* ---- vouchers ---- */

Test(kx_batch_payload, has_a_voucher_that_one_key_signs_over_one_preimage)
{
    static const struct {
        const char *name;
        unsigned binding;
        const char *network;
        uint64_t amount;
        uint8_t covenant; /* of its first byte */
        bool by_server;
        enum assay_sig want;
    } rows[] = {
        {"right", 2, KX_NETWORK_TESTNET, 30000000, 0xf0, false, ASSAY_SIG_GOOD},
        {"another network (B04)", 2, KX_NETWORK_MAINNET, 30000000, 0xf0, false, ASSAY_SIG_WRONG},
        {"another lineage (B05)", 2, KX_NETWORK_TESTNET, 30000000, 0xf1, false, ASSAY_SIG_WRONG},
        {"another total", 2, KX_NETWORK_TESTNET, 30000001, 0xf0, false, ASSAY_SIG_WRONG},
        {"the second binding's domain (B07)", 1, KX_NETWORK_TESTNET, 30000000, 0xf0, false,
         ASSAY_SIG_WRONG},
        {"another key", 2, KX_NETWORK_TESTNET, 30000000, 0xf0, true, ASSAY_SIG_WRONG},
    };
    static const char signature[] =
        "0e6d3c9abaa78de1d2f15a27364e8e0ca1da1ebecbd0a875255cc6b4d2a88689"
        "ea70966f066f326a6c139906a031212f7572428f59837ee3e371552534bdf8ad"; /* section 5.1 */
    struct kx_batch_world *w = kx_batch_world_new(KX_STORY_VOUCHER);
    uint8_t bytes[ASSAY_SIG_BYTES];

    cr_assert_eq(assay_hex_decode(bytes, sizeof(bytes), assay_str(signature), true), ASSAY_OK);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_voucher voucher = {.network = assay_str(rows[i].network),
                                     .covenant_id = w->lane.covenant_id,
                                     .amount = rows[i].amount};

        voucher.covenant_id.at[0] = rows[i].covenant;
        cr_expect_eq(
            kx_voucher_verify(&kx_batch_bindings[rows[i].binding], &voucher, bytes,
                              rows[i].by_server ? w->lane.server.xonly : w->lane.client.xonly),
            rows[i].want, "row: %s", rows[i].name);
    }
    kx_batch_world_free(w);
}
