/* Signature hashes against official data, the cache against none, and what is signed. */
#include "kaspa/sighash.h"

#include "ref/tests/channel_txs.h"

enum { TYPES = 6, ORDERS = 720, INPUTS = 3 };

static const uint8_t types[TYPES] = {0x01, 0x02, 0x04, 0x81, 0x82, 0x84};
static const struct kaspa_hash zeros;

/* What the cache keeps is what the case says, and nothing where the case says zeros. */
static void expect_part(bool is_kept, const struct kaspa_hash *kept, const json_t *want,
                        const char *row)
{
    struct kaspa_hash hash;

    if (!json_is_string(want)) /* version 1 has no signature operations */
        return;
    upstream_hash(&hash, want);
    if (is_kept)
        upstream_expect_hash(kept, want, row);
    else
        cr_expect(kaspa_hash_equal(&hash, &zeros), "row: %s", row);
}

static void expect_parts(const struct kaspa_sighash_cache *cache, const json_t *parts, uint8_t type,
                         const char *row)
{
    expect_part(cache->has_outpoints, &cache->outpoints,
                json_object_get(parts, "previousOutputsHash"), row);
    expect_part(cache->has_sequences, &cache->sequences, json_object_get(parts, "sequencesHash"),
                row);
    expect_part(cache->has_sig_ops, &cache->sig_ops, json_object_get(parts, "sigOpCountsHash"),
                row);
    if ((type & 7) == KASPA_SIGHASH_SINGLE)
        cr_expect_not(cache->has_outputs);
    else
        expect_part(cache->has_outputs, &cache->outputs, json_object_get(parts, "outputsHash"),
                    row);
    expect_part(cache->has_payload, &cache->payload, json_object_get(parts, "payloadHash"), row);
}

Test(sighash, is_the_one_of_the_official_cases)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    json_t *doc = upstream_load("rusty-kaspa/sighash.json");
    const json_t *rows = json_object_get(doc, "cases");

    cr_assert_eq(json_array_size(rows), 34);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const json_t *parts = json_object_get(row, "parts");
        const char *name = json_string_value(json_object_get(row, "name"));
        struct kaspa_tx tx = upstream_tx(&arena, json_object_get(row, "tx"));
        struct kaspa_utxo *utxos = upstream_utxos(&arena, json_object_get(row, "utxos"));
        size_t input = upstream_u64(json_object_get(row, "inputIndex"));
        uint8_t type = (uint8_t)upstream_u64(json_object_get(row, "sighashType"));
        struct kaspa_sighash_cache cache = {.has_payload = false};
        struct kaspa_hash hash;

        kaspa_sighash_schnorr(&hash, &tx, input, &utxos[input], type, &cache);
        upstream_expect_hash(&hash, json_object_get(row, "expectedSchnorr"), name);
        expect_parts(&cache, parts, type, name);
        kaspa_hash_of(&hash, KASPA_DOMAIN_SIGNING,
                      upstream_hex(&arena, json_object_get(parts, "preimage")));
        upstream_expect_hash(&hash, json_object_get(row, "expectedSchnorr"), name);
        kaspa_sighash_ecdsa(&hash, &tx, input, &utxos[input], type, NULL);
        upstream_expect_hash(&hash, json_object_get(row, "computedEcdsa"), name);
    }
    assay_arena_fini(&arena);
    json_decref(doc);
}

Test(sighash, is_the_one_of_the_signed_transactions)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    json_t *doc = upstream_load("rusty-kaspa/signed_txs.json");
    const json_t *rows = json_object_get(doc, "cases");

    cr_assert_eq(json_array_size(rows), 14);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const json_t *want = json_object_get(row, "sighashes");
        struct kaspa_tx tx = upstream_tx(&arena, json_object_get(row, "tx"));
        struct kaspa_utxo *utxos = upstream_utxos(&arena, json_object_get(row, "utxos"));
        struct kaspa_sighash_cache cache = {.has_payload = false};

        cr_assert_eq(json_array_size(want), tx.input_count);
        for (size_t k = 0; k < tx.input_count; k++) {
            struct kaspa_hash hash;

            kaspa_sighash_schnorr(&hash, &tx, k, &utxos[k], KASPA_SIGHASH_ALL, &cache);
            upstream_expect_hash(&hash, json_array_get(want, k),
                                 json_string_value(json_object_get(row, "name")));
        }
    }
    assay_arena_fini(&arena);
    json_decref(doc);
}

static void expect_channel(struct channel_tx *c, const json_t *want, const char *file)
{
    size_t input = upstream_u64(json_object_get(want, "inputIndex"));
    struct kaspa_hash hash;

    cr_assert_str_eq(json_string_value(json_object_get(want, "hashType")), "all", "%s", file);
    kaspa_sighash_schnorr(&hash, &c->tx, input, &c->utxos[input], KASPA_SIGHASH_ALL, NULL);
    upstream_expect_hash(&hash, json_object_get(want, "digest"), file);
    kaspa_hash_of(&hash, KASPA_DOMAIN_SIGNING,
                  upstream_hex(&c->arena, json_object_get(want, "preimage")));
    upstream_expect_hash(&hash, json_object_get(want, "digest"), file);
}

Test(sighash, is_the_one_of_the_channel_transactions)
{
    for (size_t i = 0; i < ARRAY_LEN(channel_files); i++) {
        const json_t *list;
        struct channel_tx c;

        channel_tx_load(&c, channel_files[i]);
        list = json_object_get(c.want, "sighashes");
        cr_expect_eq(json_array_size(list), list != NULL ? c.tx.input_count : 0);
        for (size_t k = 0; k < json_array_size(list); k++)
            expect_channel(&c, json_array_get(list, k), channel_files[i]);
        if (list == NULL)
            expect_channel(&c, json_object_get(c.want, "sighash"), channel_files[i]);
        channel_tx_free(&c);
    }
}

/* A transaction whose every field can be changed in place. What is signed is input 1. */
struct world {
    uint8_t signature_script[3], script[3], other_script[3], spent_script[3], payload[3];
    struct kaspa_input inputs[INPUTS];
    struct kaspa_output outputs[INPUTS];
    struct kaspa_utxo utxo;
    struct kaspa_tx tx;
};

static void world_init(struct world *w, uint16_t version)
{
    *w = (struct world){.script = {4, 5, 6}, .other_script = {7, 8}, .payload = {9}};
    for (size_t i = 0; i < INPUTS; i++) {
        w->inputs[i] = (struct kaspa_input){
            .previous = {{{0x11}}, (uint32_t)i},
            .signature_script = {w->signature_script, sizeof(w->signature_script)},
            .sequence = 40 + i,
            .commit_kind = version == 0 ? KASPA_COMMIT_SIG_OPS : KASPA_COMMIT_BUDGET,
            .commit = (uint16_t)(3 + i)};
        w->outputs[i] = (struct kaspa_output){
            .value = 100 + i,
            .spk = {0, {i == 1 ? w->script : w->other_script, sizeof(w->script)}},
            .has_covenant = i < 2,
            .authorizing_input = 1,
            .covenant_id = {{0x22}}};
    }
    w->utxo =
        (struct kaspa_utxo){.amount = 1000, .spk = {0, {w->spent_script, sizeof(w->spent_script)}}};
    w->tx = (struct kaspa_tx){.version = version,
                              .inputs = w->inputs,
                              .input_count = INPUTS,
                              .outputs = w->outputs,
                              .output_count = INPUTS,
                              .lock_time = 9,
                              .payload = {w->payload, sizeof(w->payload)}};
}

static struct kaspa_hash hash_of(const struct world *w, size_t input, uint8_t type,
                                 struct kaspa_sighash_cache *cache)
{
    struct kaspa_hash hash;

    kaspa_sighash_schnorr(&hash, &w->tx, input, &w->utxo, type, cache);
    return hash;
}

/* The types in the order of this number: its digits, in mixed radix, take one of what is left. */
static void order_types(uint8_t out[TYPES], unsigned number)
{
    uint8_t left[TYPES];

    memcpy(left, types, sizeof(left));
    for (unsigned count = TYPES; count > 0; count--) {
        unsigned pick = number % count;

        number /= count;
        out[TYPES - count] = left[pick];
        left[pick] = left[count - 1];
    }
}

static void expect_cache_changes_nothing(const struct world *w)
{
    struct kaspa_hash want[INPUTS][UINT8_MAX + 1];

    for (size_t input = 0; input < INPUTS; input++) {
        for (size_t i = 0; i < TYPES; i++)
            want[input][types[i]] = hash_of(w, input, types[i], NULL);
    }
    for (unsigned number = 0; number < ORDERS; number++) {
        struct kaspa_sighash_cache cache = {.has_payload = false};
        uint8_t order[TYPES];

        order_types(order, number);
        for (size_t i = 0; i < TYPES * INPUTS; i++) {
            size_t input = (i + number) % INPUTS;
            uint8_t type = order[i / INPUTS];
            struct kaspa_hash hash = hash_of(w, input, type, &cache);

            cr_assert(kaspa_hash_equal(&hash, &want[input][type]), "order %u, input %zu, type %02x",
                      number, input, type);
        }
    }
}

Test(sighash_cache, changes_nothing_in_whatever_order_types_and_inputs_come)
{
    for (unsigned row = 0; row < 16; row++) {
        struct world w;

        world_init(&w, row & 1);
        w.tx.payload.len = (row & 2) != 0 ? w.tx.payload.len : 0;
        w.tx.subnetwork_id[1] = (row & 4) != 0;
        w.tx.output_count = (row & 8) != 0 ? 1 : INPUTS; /* SINGLE of 1 and 2 signs no output */
        expect_cache_changes_nothing(&w);
    }
}

/* Which types sign a field. */
enum signed_by {
    ALWAYS,
    NEVER,
    UNLESS_ANYONE, /* not with ANYONE_CAN_PAY */
    V0_ALWAYS,     /* in version 0 only */
    V0_UNLESS_ANYONE,
    ALL_ALONE,   /* ALL without ANYONE_CAN_PAY */
    ALL_OUTPUTS, /* ALL, with or without */
    OWN_OUTPUT,  /* ALL and SINGLE */
    V1_ALL_OUTPUTS,
    V1_OWN_OUTPUT,
};

static bool is_signed(enum signed_by by, uint16_t version, uint8_t type)
{
    bool anyone = (type & KASPA_SIGHASH_ANYONE_CAN_PAY) != 0;
    unsigned base = type & 7;

    switch (by) {
    case ALWAYS:
        return true;
    case NEVER:
        return false;
    case UNLESS_ANYONE:
        return !anyone;
    case V0_ALWAYS:
        return version == 0;
    case V0_UNLESS_ANYONE:
        return version == 0 && !anyone;
    case ALL_ALONE:
        return base == KASPA_SIGHASH_ALL && !anyone;
    case ALL_OUTPUTS:
        return base == KASPA_SIGHASH_ALL;
    case OWN_OUTPUT:
        return base != KASPA_SIGHASH_NONE;
    case V1_ALL_OUTPUTS:
        return version == 1 && base == KASPA_SIGHASH_ALL;
    case V1_OWN_OUTPUT:
        return version == 1 && base != KASPA_SIGHASH_NONE;
    }
    return false;
}

struct field {
    const char *name;
    uint8_t *at;
    size_t len;
    enum signed_by by;
};

static void expect_signed(const struct world *w, const struct field *field)
{
    for (size_t i = 0; i < TYPES; i++) {
        bool want = is_signed(field->by, w->tx.version, types[i]);
        struct kaspa_hash hash = hash_of(w, 1, types[i], NULL);

        for (size_t bit = 0; bit < 8 * field->len; bit++) {
            struct kaspa_hash other;

            field->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
            other = hash_of(w, 1, types[i], NULL);
            field->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
            cr_expect_neq(kaspa_hash_equal(&hash, &other), want,
                          "version %u, type %02x, %s, bit %zu", w->tx.version, types[i],
                          field->name, bit);
        }
    }
}

#define FIELD(member) (uint8_t *)&w.member, sizeof(w.member)

Test(sighash, changes_with_every_bit_that_the_type_signs_and_with_no_other)
{
    for (uint16_t version = 0; version < 2; version++) {
        struct world w;
        const struct field fields[] = {
            {"lock time", FIELD(tx.lock_time), ALWAYS},
            {"subnetwork", FIELD(tx.subnetwork_id), ALWAYS},
            {"gas", FIELD(tx.gas), ALWAYS},
            {"payload", FIELD(payload), ALWAYS},
            {"storage mass", FIELD(tx.storage_mass), NEVER},
            {"signature scripts", FIELD(signature_script), NEVER},
            {"own outpoint's id", FIELD(inputs[1].previous.txid), ALWAYS},
            {"own outpoint's index", FIELD(inputs[1].previous.index), ALWAYS},
            {"own sequence", FIELD(inputs[1].sequence), ALWAYS},
            {"own commitment", (uint8_t *)&w.inputs[1].commit, 1, V0_ALWAYS},
            {"own large commitment", (uint8_t *)&w.inputs[1].commit + 1, 1, NEVER},
            {"another's outpoint's id", FIELD(inputs[0].previous.txid), UNLESS_ANYONE},
            {"another's outpoint's index", FIELD(inputs[2].previous.index), UNLESS_ANYONE},
            {"another's sequence", FIELD(inputs[0].sequence), ALL_ALONE},
            {"another's commitment", (uint8_t *)&w.inputs[2].commit, 1, V0_UNLESS_ANYONE},
            {"own value", FIELD(outputs[1].value), OWN_OUTPUT},
            {"own script's version", FIELD(outputs[1].spk.version), OWN_OUTPUT},
            {"own script", FIELD(script), OWN_OUTPUT},
            {"own authorizing input", FIELD(outputs[1].authorizing_input), V1_OWN_OUTPUT},
            {"own covenant id", FIELD(outputs[1].covenant_id), V1_OWN_OUTPUT},
            {"another's value", FIELD(outputs[0].value), ALL_OUTPUTS},
            {"another's script's version", FIELD(outputs[2].spk.version), ALL_OUTPUTS},
            {"another's script", FIELD(other_script), ALL_OUTPUTS},
            {"another's authorizing input", FIELD(outputs[0].authorizing_input), V1_ALL_OUTPUTS},
            {"another's covenant id", FIELD(outputs[0].covenant_id), V1_ALL_OUTPUTS},
            {"covenant id of none", FIELD(outputs[2].covenant_id), NEVER},
            {"amount that is spent", FIELD(utxo.amount), ALWAYS},
            {"version of the script that is spent", FIELD(utxo.spk.version), ALWAYS},
            {"script that is spent", FIELD(spent_script), ALWAYS},
            {"DAA score of the coin", FIELD(utxo.block_daa_score), NEVER},
            {"covenant id of the coin", FIELD(utxo.covenant_id), NEVER},
        };

        world_init(&w, version);
        for (size_t i = 0; i < ARRAY_LEN(fields); i++)
            expect_signed(&w, &fields[i]);
    }
}

/* What is no row of bits: flags, counts, the version, the type and the input itself. */
Test(sighash, changes_with_counts_flags_version_type_and_input)
{
    static const struct {
        const char *name;
        enum signed_by by;
    } rows[] = {
        {"an output has no covenant", V1_OWN_OUTPUT},
        {"an output less", ALL_OUTPUTS},
        {"an input less", UNLESS_ANYONE},
        {"a commitment of the other kind", V0_ALWAYS},
        {"the coin is a coinbase's", NEVER},
        {"the coin has a covenant", NEVER},
        {"the version", ALWAYS},
        {"the payload is empty", ALWAYS},
    };

    for (size_t row = 0; row < ARRAY_LEN(rows) * 2 * TYPES; row++) {
        uint16_t version = row & 1;
        uint8_t type = types[row / 2 % TYPES];
        size_t change = row / 2 / TYPES;
        struct kaspa_hash hash, other;
        struct world w;

        world_init(&w, version);
        hash = hash_of(&w, 1, type, NULL);
        w.outputs[1].has_covenant = change != 0;
        w.tx.output_count -= change == 1;
        w.tx.input_count -= change == 2;
        if (change == 3)
            w.inputs[1].commit_kind = version == 0 ? KASPA_COMMIT_BUDGET : KASPA_COMMIT_SIG_OPS;
        w.utxo.is_coinbase = change == 4;
        w.utxo.has_covenant = change == 5;
        w.tx.version = change == 6 ? 1 - version : version;
        w.tx.payload.len = change == 7 ? 0 : w.tx.payload.len;
        other = hash_of(&w, 1, type, NULL);
        cr_expect_neq(kaspa_hash_equal(&hash, &other), is_signed(rows[change].by, version, type),
                      "version %u, type %02x, %s", version, type, rows[change].name);
    }
}

Test(sighash, differs_between_types_and_inputs)
{
    struct kaspa_hash seen[TYPES * INPUTS];
    struct world w;

    world_init(&w, 0);
    for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
        seen[i] = hash_of(&w, i / TYPES, types[i % TYPES], NULL);
        for (size_t k = 0; k < i; k++)
            cr_expect_not(kaspa_hash_equal(&seen[i], &seen[k]), "%zu and %zu", i, k);
    }
}

Test(sighash, of_single_signs_no_output_where_the_input_has_none)
{
    for (size_t i = 0; i < TYPES; i++) {
        struct kaspa_hash hash, other;
        struct world w;

        world_init(&w, 1);
        w.tx.output_count = 1;
        hash = hash_of(&w, 1, types[i], NULL);
        w.outputs[1].value++; /* behind the last */
        other = hash_of(&w, 1, types[i], NULL);
        cr_expect(kaspa_hash_equal(&hash, &other), "type %02x", types[i]);
        w.outputs[0].value++;
        other = hash_of(&w, 1, types[i], NULL);
        cr_expect_neq(kaspa_hash_equal(&hash, &other), (types[i] & 7) == KASPA_SIGHASH_ALL,
                      "type %02x", types[i]);
    }
}

/* Trap 6 of the digest: an empty payload is left out of a native transaction alone. */
Test(sighash_cache, keeps_no_part_that_is_left_out)
{
    struct kaspa_sighash_cache cache = {.has_payload = false};
    struct world w;

    world_init(&w, 1);
    w.tx.payload.len = 0;
    (void)hash_of(&w, 1, 0x82, &cache);
    (void)hash_of(&w, 1, 0x84, &cache);
    cr_expect_not(cache.has_outpoints || cache.has_sequences || cache.has_sig_ops ||
                  cache.has_outputs || cache.has_payload);
    (void)hash_of(&w, 1, KASPA_SIGHASH_NONE, &cache);
    cr_expect(cache.has_outpoints);
    cr_expect_not(cache.has_sequences || cache.has_sig_ops || cache.has_outputs);
    (void)hash_of(&w, 1, KASPA_SIGHASH_ALL, &cache);
    cr_expect(cache.has_sequences && cache.has_outputs);
    cr_expect_not(cache.has_sig_ops || cache.has_payload);
    w.tx.subnetwork_id[1] = 1;
    (void)hash_of(&w, 1, KASPA_SIGHASH_ALL, &cache);
    cr_expect(cache.has_payload);
}

Test(sighash, of_ecdsa_is_sha256_under_its_domain)
{
    uint8_t message[2 * KASPA_HASH_BYTES], want[KASPA_HASH_BYTES];
    struct kaspa_sighash_cache cache = {.has_payload = false};
    struct kaspa_hash schnorr, ecdsa;
    struct world w;

    world_init(&w, 0);
    schnorr = hash_of(&w, 1, KASPA_SIGHASH_ALL, NULL);
    assay_sha256(message, ASSAY_LIT("TransactionSigningHashECDSA"));
    memcpy(message + KASPA_HASH_BYTES, schnorr.at, sizeof(schnorr.at));
    assay_sha256(want, assay_bytes_of(message, sizeof(message)));
    kaspa_sighash_ecdsa(&ecdsa, &w.tx, 1, &w.utxo, KASPA_SIGHASH_ALL, &cache);
    cr_expect_arr_eq(ecdsa.at, want, sizeof(want));
    cr_expect(cache.has_outputs);
}

Test(sighash_type, is_one_of_six)
{
    for (unsigned byte = 0; byte <= UINT8_MAX; byte++) {
        bool is_known = memchr(types, (int)byte, sizeof(types)) != NULL;

        cr_expect_eq(kaspa_sighash_type_is_known((uint8_t)byte), is_known, "%02x", byte);
    }
}
