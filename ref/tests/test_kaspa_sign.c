/* Keys from seeds, signatures of inputs as pushes, and personal messages. */
#include "kaspa/sign.h"

#include "ref/tests/guard.h"
#include "ref/tests/upstream.h"

#include <criterion/criterion.h>

static const uint8_t types[] = {0x01, 0x02, 0x04, 0x81, 0x82, 0x84};

static struct assay_key key_named(const char *name)
{
    struct assay_key key;

    kaspa_key_from_seed(&key, ASSAY_LIT("seed"), assay_str(name));
    return key;
}

Test(kaspa_sign, a_seed_and_a_name_give_one_key_and_others_give_others)
{
    static const struct {
        const char *seed, *name;
    } rows[] = {{"seed", "payer"}, {"seed", "payee"}, {"other", "payer"},
                {"seedp", "ayer"}, {"", "payer"},     {"seed", ""},
                {"", ""}};
    struct assay_key keys[ARRAY_LEN(rows)], again;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        kaspa_key_from_seed(&keys[i], assay_str(rows[i].seed), assay_str(rows[i].name));
        kaspa_key_from_seed(&again, assay_str(rows[i].seed), assay_str(rows[i].name));
        cr_expect_arr_eq(&keys[i], &again, sizeof(again), "row %zu", i);
        for (size_t j = 0; j < i; j++)
            cr_expect_neq(memcmp(keys[i].secret, keys[j].secret, 32), 0, "rows %zu, %zu", i, j);
    }
}

Test(kaspa_sign, every_seed_gives_a_key)
{
    for (unsigned i = 0; i < 200; i++) {
        uint8_t seed[] = {(uint8_t)i};
        struct assay_key key, same;

        kaspa_key_from_seed(&key, assay_bytes_of(seed, 1), ASSAY_LIT("key"));
        cr_expect_lt(key.secret[0], 0x80);
        cr_expect_eq(assay_key_init(&same, key.secret), ASSAY_OK);
        cr_expect_arr_eq(&same, &key, sizeof(key));
    }
}

Test(kaspa_sign, a_long_seed_counts_to_its_last_byte)
{
    uint8_t seed[300] = {0};
    struct assay_key key, other;
    struct guard g = guard_of(assay_bytes_of(seed, sizeof(seed)));

    kaspa_key_from_seed(&key, g.bytes, ASSAY_LIT("key"));
    seed[sizeof(seed) - 1] = 1;
    kaspa_key_from_seed(&other, assay_bytes_of(seed, sizeof(seed)), ASSAY_LIT("key"));
    cr_expect_neq(memcmp(key.secret, other.secret, sizeof(key.secret)), 0);
    guard_free(&g);
}

/* Two inputs, two outputs, in a version. */
struct world {
    struct assay_key key;
    uint8_t script[KASPA_SPK_SCHNORR_BYTES];
    struct kaspa_input inputs[2];
    struct kaspa_output outputs[2];
    struct kaspa_utxo utxos[2];
    struct kaspa_tx tx;
};

static void world_init(struct world *w, uint16_t version)
{
    struct assay_buf script = ASSAY_BUF_OVER(w->script);

    memset(w, 0, sizeof(*w));
    w->key = key_named("payer");
    kaspa_script_add_pay_to_pubkey(&script, w->key.xonly);
    for (size_t i = 0; i < 2; i++) {
        w->inputs[i].previous.index = (uint32_t)i;
        w->inputs[i].commit_kind = version == 0 ? KASPA_COMMIT_SIG_OPS : KASPA_COMMIT_BUDGET;
        w->inputs[i].commit = 1;
        w->utxos[i].amount = KASPA_SOMPI_PER_KAS * (i + 1);
        w->utxos[i].spk.script = assay_bytes_of(w->script, sizeof(w->script));
        w->outputs[i].value = KASPA_SOMPI_PER_KAS;
        w->outputs[i].spk = w->utxos[i].spk;
    }
    w->tx = (struct kaspa_tx){
        .version = version,
        .inputs = w->inputs,
        .input_count = 2,
        .outputs = w->outputs,
        .output_count = 2,
        .payload = ASSAY_LIT(""),
    };
}

static enum assay_sig verify(const struct world *w, size_t input, uint8_t type, bool ecdsa,
                             const uint8_t *push)
{
    struct kaspa_hash message;

    if (ecdsa) {
        kaspa_sighash_ecdsa(&message, &w->tx, input, &w->utxos[input], type, NULL);
        return assay_ecdsa_verify(push + 1, message.at, w->key.compressed);
    }
    kaspa_sighash_schnorr(&message, &w->tx, input, &w->utxos[input], type, NULL);
    return assay_schnorr_verify(push + 1, message.at, w->key.xonly);
}

static enum assay_code sign(uint8_t *push, const struct world *w, size_t input, uint8_t type,
                            bool ecdsa, struct kaspa_sighash_cache *cache)
{
    return (ecdsa ? kaspa_sign_ecdsa : kaspa_sign_schnorr)(push, &w->tx, input, &w->utxos[input],
                                                           type, &w->key, cache);
}

static void expect_signs(const struct world *w, bool ecdsa)
{
    struct kaspa_sighash_cache cache = {0};

    for (size_t i = 0; i < 2 * ARRAY_LEN(types); i++) {
        uint8_t type = types[i / 2], push[KASPA_SIGNATURE_PUSH_BYTES];
        uint8_t again[KASPA_SIGNATURE_PUSH_BYTES];

        cr_assert_eq(sign(push, w, i % 2, type, ecdsa, NULL), ASSAY_OK);
        cr_assert_eq(sign(again, w, i % 2, type, ecdsa, &cache), ASSAY_OK);
        cr_expect_arr_eq(push, again, sizeof(push), "type %02x: a cache changes nothing", type);
        cr_expect_eq(push[0], KASPA_OP_DATA65);
        cr_expect_eq(push[sizeof(push) - 1], type);
        cr_expect_eq(verify(w, i % 2, type, ecdsa, push), ASSAY_SIG_GOOD, "type %02x", type);
        cr_expect_eq(verify(w, 1 - i % 2, type, ecdsa, push), ASSAY_SIG_WRONG,
                     "type %02x: of the other input", type);
        cr_expect_eq(verify(w, i % 2, types[(i / 2 + 1) % ARRAY_LEN(types)], ecdsa, push),
                     ASSAY_SIG_WRONG, "type %02x: as another type", type);
    }
}

Test(kaspa_sign, a_push_holds_a_signature_of_its_input_and_type)
{
    for (uint16_t version = 0; version < 2; version++) {
        struct world w;

        world_init(&w, version);
        expect_signs(&w, false);
        expect_signs(&w, true);
    }
}

Test(kaspa_sign, the_auxiliary_bytes_are_zeros)
{
    static const uint8_t zeros[32];
    uint8_t push[KASPA_SIGNATURE_PUSH_BYTES], signature[ASSAY_SIG_BYTES];
    struct kaspa_hash message;
    struct world w;

    world_init(&w, 1);
    cr_assert_eq(sign(push, &w, 0, KASPA_SIGHASH_ALL, false, NULL), ASSAY_OK);
    kaspa_sighash_schnorr(&message, &w.tx, 0, &w.utxos[0], KASPA_SIGHASH_ALL, NULL);
    cr_assert_eq(assay_schnorr_sign(signature, message.at, &w.key, zeros), ASSAY_OK);
    cr_expect_arr_eq(push + 1, signature, sizeof(signature));
}

Test(kaspa_sign, version_0_signs_commitments_and_version_1_does_not)
{
    for (uint16_t version = 0; version < 2; version++) {
        uint8_t push[KASPA_SIGNATURE_PUSH_BYTES];
        struct world w;

        world_init(&w, version);
        cr_assert_eq(sign(push, &w, 0, KASPA_SIGHASH_ALL, false, NULL), ASSAY_OK);
        w.inputs[1].commit++;
        cr_expect_eq(verify(&w, 0, KASPA_SIGHASH_ALL, false, push),
                     version == 0 ? ASSAY_SIG_WRONG : ASSAY_SIG_GOOD);
    }
}

Test(kaspa_sign, a_key_that_was_never_made_writes_no_push)
{
    uint8_t push[KASPA_SIGNATURE_PUSH_BYTES], before[sizeof(push)];
    struct world w;

    world_init(&w, 0);
    assay_key_wipe(&w.key);
    memset(push, 0x5A, sizeof(push));
    memcpy(before, push, sizeof(push));
    cr_expect_eq(sign(push, &w, 0, KASPA_SIGHASH_ALL, false, NULL), ASSAY_E_RANGE);
    cr_expect_eq(sign(push, &w, 0, KASPA_SIGHASH_ALL, true, NULL), ASSAY_E_RANGE);
    cr_expect_arr_eq(push, before, sizeof(push));
}

static void expect_message_row(struct assay_arena *arena, const json_t *row)
{
    const char *name = json_string_value(json_object_get(row, "name"));
    struct assay_bytes message = upstream_hex(arena, json_object_get(row, "messageHex"));
    struct assay_bytes secret = upstream_hex(arena, json_object_get(row, "privateKey"));
    struct assay_bytes aux = upstream_hex(arena, json_object_get(row, "auxRand"));
    struct assay_bytes expected = upstream_hex(arena, json_object_get(row, "expectedSignature"));
    struct assay_bytes xonly = upstream_hex(arena, json_object_get(row, "publicKey"));
    uint8_t sig[ASSAY_SIG_BYTES];
    struct guard g = guard_of(message);
    struct assay_key key;
    struct kaspa_hash hash;

    cr_assert_eq(assay_key_init(&key, secret.at), ASSAY_OK);
    cr_expect_arr_eq(key.xonly, xonly.at, sizeof(key.xonly), "row: %s", name);
    kaspa_message_hash(&hash, g.bytes);
    upstream_expect_hash(&hash, json_object_get(row, "hash"), name);
    cr_assert_eq(assay_schnorr_sign(sig, hash.at, &key, aux.at), ASSAY_OK);
    cr_assert_eq(expected.len, sizeof(sig));
    cr_expect_arr_eq(sig, expected.at, sizeof(sig), "row: %s", name);
    cr_expect(kaspa_message_is_signed(g.bytes, xonly.at, expected.at), "row: %s", name);
    cr_expect_not(
        kaspa_message_is_signed(assay_bytes_part(message, 1, message.len), xonly.at, expected.at),
        "row: %s: of another message", name);
    guard_free(&g);
}

Test(kaspa_sign, personal_messages_are_signed_as_upstream_signs_them)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    json_t *doc = upstream_load("rusty-kaspa/personal_message.json");
    const json_t *rows = json_object_get(doc, "cases");

    cr_assert_eq(json_array_size(rows), 4);
    for (size_t i = 0; i < json_array_size(rows); i++)
        expect_message_row(&arena, json_array_get(rows, i));
    json_decref(doc);
    assay_arena_fini(&arena);
}

/* KIP-5's first vector, which needs no file. */
Test(kaspa_sign, a_message_is_not_signed_by_another_key_no_key_or_a_changed_signature)
{
    static const uint8_t secret[32] = {[31] = 3}, no_point[32] = {0};
    struct assay_key key, other = key_named("other");
    struct assay_bytes message = ASSAY_LIT("Hello Kaspa!");
    uint8_t sig[ASSAY_SIG_BYTES];
    struct kaspa_hash hash;

    cr_assert_eq(assay_key_init(&key, secret), ASSAY_OK);
    kaspa_message_hash(&hash, message);
    cr_assert_eq(assay_schnorr_sign(sig, hash.at, &key, NULL), ASSAY_OK);
    cr_expect_eq(sig[0], 0x40);
    cr_expect_eq(sig[ASSAY_SIG_BYTES - 1], 0x22);
    cr_expect(kaspa_message_is_signed(message, key.xonly, sig));
    cr_expect_not(kaspa_message_is_signed(message, other.xonly, sig));
    cr_expect_not(kaspa_message_is_signed(message, no_point, sig));
    cr_expect_not(kaspa_message_is_signed(ASSAY_LIT(""), key.xonly, sig));
    for (size_t i = 0; i < sizeof(sig); i++) {
        sig[i] ^= 1;
        cr_expect_not(kaspa_message_is_signed(message, key.xonly, sig), "byte %zu", i);
        sig[i] ^= 1;
    }
}
