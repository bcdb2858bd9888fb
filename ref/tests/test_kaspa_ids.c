/* Transaction ids and hashes, and their encoding, against official data and its own properties. */
#include "kaspa/txid.h"
#include "ref/tests/channel_txs.h"
#include "ref/tests/guard.h"

enum {
    ID_PARTS = KASPA_ENCODE_NO_SIGNATURE | KASPA_ENCODE_NO_MASS,
    REST_PARTS = ID_PARTS | KASPA_ENCODE_NO_PAYLOAD,
    ENCODED_MAX_BYTES = 1 << 16
};

/* `want` absent or null: the case does not say. */
static void expect_encoding(const struct kaspa_tx *tx, unsigned flags, const json_t *want,
                            const char *row)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct assay_buf buf = ASSAY_BUF_INIT(ENCODED_MAX_BYTES);

    if (json_is_string(want)) {
        kaspa_tx_encode(&buf, tx, flags);
        cr_assert(assay_buf_ok(&buf));
        cr_expect(assay_bytes_equal(assay_buf_view(&buf), upstream_hex(&arena, want)),
                  "row: %s: encoding with flags %u", row, flags);
    }
    assay_buf_fini(&buf);
    assay_arena_fini(&arena);
}

static void expect_id(const struct kaspa_tx *tx, const json_t *want, const char *row)
{
    struct kaspa_hash id;

    kaspa_txid(&id, tx);
    upstream_expect_hash(&id, want, row);
}

static void expect_tx_hash(const struct kaspa_tx *tx, const json_t *want, const char *row)
{
    struct kaspa_hash hash;

    kaspa_tx_hash(&hash, tx);
    upstream_expect_hash(&hash, want, row);
}

/* `parts` may have restPreimage, payloadDigest and restDigest: what a version 1 id is made of. */
static void expect_id_parts(const struct kaspa_tx *tx, const json_t *parts, const char *row)
{
    struct assay_buf rest = ASSAY_BUF_INIT(ENCODED_MAX_BYTES);
    struct kaspa_hash hash;

    if (!json_is_string(json_object_get(parts, "restDigest")))
        return;
    expect_encoding(tx, REST_PARTS, json_object_get(parts, "restPreimage"), row);
    kaspa_tx_encode(&rest, tx, REST_PARTS);
    kaspa_hash_of(&hash, KASPA_DOMAIN_TRANSACTION_REST, assay_buf_view(&rest));
    upstream_expect_hash(&hash, json_object_get(parts, "restDigest"), row);
    kaspa_hash_of(&hash, KASPA_DOMAIN_PAYLOAD_DIGEST, tx->payload);
    upstream_expect_hash(&hash, json_object_get(parts, "payloadDigest"), row);
    assay_buf_fini(&rest);
}

Test(txid, is_the_one_of_the_official_cases)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    json_t *doc = upstream_load("rusty-kaspa/txid.json");
    const json_t *rows = json_object_get(doc, "cases");

    cr_assert_eq(json_array_size(rows), 16);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *name = json_string_value(json_object_get(row, "name"));
        const json_t *hash = json_object_get(row, "expectedHash");
        struct kaspa_tx tx = upstream_tx(&arena, json_object_get(row, "tx"));

        if (!json_is_string(hash))
            hash = json_object_get(row, "computedHash");
        expect_id(&tx, json_object_get(row, "expectedId"), name);
        expect_tx_hash(&tx, hash, name);
        expect_encoding(&tx, ID_PARTS, json_object_get(row, "idPreimage"), name);
        expect_encoding(&tx, KASPA_ENCODE_ALL, json_object_get(row, "hashPreimage"), name);
        expect_id_parts(&tx, row, name);
    }
    assay_arena_fini(&arena);
    json_decref(doc);
}

Test(txid, is_the_one_of_the_signed_transactions)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    json_t *doc = upstream_load("rusty-kaspa/signed_txs.json");
    const json_t *rows = json_object_get(doc, "cases");

    cr_assert_eq(json_array_size(rows), 14);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        struct kaspa_tx tx = upstream_tx(&arena, json_object_get(row, "tx"));

        expect_id(&tx, json_object_get(row, "txId"),
                  json_string_value(json_object_get(row, "name")));
    }
    assay_arena_fini(&arena);
    json_decref(doc);
}

Test(txid, is_the_one_of_the_channel_transactions)
{
    for (size_t i = 0; i < ARRAY_LEN(channel_files); i++) {
        const char *file = channel_files[i];
        const json_t *hash, *parts;
        struct channel_tx c;

        channel_tx_load(&c, file);
        hash = json_object_get(c.want, "hash");
        parts = json_object_get(c.want, "txid");
        cr_assert(json_is_string(json_object_get(hash, "preimage")), "%s", file);
        cr_assert(json_is_string(json_object_get(parts, "restDigest")), "%s", file);
        expect_id(&c.tx, json_object_get(c.want, "transactionId"), file);
        expect_id_parts(&c.tx, parts, file);
        expect_tx_hash(&c.tx, json_object_get(c.want, "transactionHash"), file);
        expect_encoding(&c.tx, KASPA_ENCODE_ALL, json_object_get(hash, "preimage"), file);
        channel_tx_free(&c);
    }
}

/* `of` has transactionId, txid and, in one of the files, transactionHash. */
static void expect_exact(const json_t *of, const json_t *object, const char *row)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    const json_t *parts = json_object_get(of, "txid");
    const json_t *hash = json_object_get(of, "transactionHash");
    struct kaspa_tx tx = upstream_tx(&arena, object);

    expect_id(&tx, json_object_get(of, "transactionId"), row);
    expect_id_parts(&tx, parts, row);
    if (tx.version == 0)
        expect_encoding(&tx, ID_PARTS, json_object_get(parts, "preimage"), row);
    if (hash != NULL)
        expect_tx_hash(&tx, hash, row);
    assay_arena_fini(&arena);
}

Test(txid, is_the_one_of_the_exact_profiles)
{
    static const char *const profiles[] = {"standardNative", "additive"};
    json_t *interop = upstream_load("kaspa-x402/vectors/exact/interop-v1.json");
    json_t *consensus = upstream_load("kaspa-x402/vectors/exact/consensus-profiles.json");

    for (size_t i = 0; i < ARRAY_LEN(profiles); i++) {
        const json_t *of = json_object_get(
            json_object_get(json_object_get(interop, "transactionEncoding"), "profiles"),
            profiles[i]);

        expect_exact(of, json_object_get(of, "artifact"), profiles[i]);
        of = json_object_get(json_object_get(consensus, "expected"), profiles[i]);
        expect_exact(of, json_object_get(of, "transaction"), profiles[i]);
    }
    json_decref(interop);
    json_decref(consensus);
}

/* The two worked examples of the digest, so that something is known without the official data. */
Test(txid, is_the_one_of_the_worked_examples)
{
    static const char id_v0[] = "67289b12146d1b5ef384332137399791a5cfe89506ff31688b0d95ae821d0a0c";
    static const char id_v1[] = "5978e7aa1a9ba8fdf12dae6aa39aa198a91985e91192b291e207d4d6246349e6";
    static const char hash_v0[] =
        "492279c0ed5018aa00b0b2d42c1c42350285f2e689236a81829edaf818e30fdb";
    struct kaspa_input input = {
        .previous.index = 2, .signature_script = ASSAY_LIT("\x01\x02"), .sequence = 7, .commit = 5};
    struct kaspa_input budget = {
        .signature_script = ASSAY_LIT(""), .commit_kind = KASPA_COMMIT_BUDGET, .commit = 111};
    struct kaspa_output output = {.value = 1564, .spk = {7, ASSAY_LIT("\x01\x02\x03\x04\x05")}};
    struct kaspa_tx v0 = {.inputs = &input,
                          .input_count = 1,
                          .outputs = &output,
                          .output_count = 1,
                          .payload = ASSAY_LIT("")};
    struct kaspa_tx v1 = {
        .version = 1, .inputs = &budget, .input_count = 1, .payload = ASSAY_LIT("")};
    json_t *want[] = {json_string(id_v0), json_string(hash_v0), json_string(id_v1)};

    expect_id(&v0, want[0], "version 0");
    expect_tx_hash(&v0, want[1], "version 0");
    expect_id(&v1, want[2], "version 1");
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        json_decref(want[i]);
}

/* A transaction whose every field can be changed in place. */
struct world {
    uint8_t signature_script[3], script[3], payload[3];
    struct kaspa_input inputs[2];
    struct kaspa_output outputs[2];
    struct kaspa_tx tx;
};

static void world_init(struct world *w, uint16_t version)
{
    *w = (struct world){.signature_script = {1, 2, 3}, .script = {4, 5, 6}, .payload = {7, 8, 9}};
    for (size_t i = 0; i < 2; i++) {
        w->inputs[i] = (struct kaspa_input){
            .previous = {{{0x11}}, (uint32_t)i},
            .signature_script = {w->signature_script, sizeof(w->signature_script)},
            .sequence = 40 + i,
            .commit_kind = version == 0 ? KASPA_COMMIT_SIG_OPS : KASPA_COMMIT_BUDGET,
            .commit = (uint16_t)(3 + i)};
        w->outputs[i] = (struct kaspa_output){.value = 100 + i,
                                              .spk = {0, {w->script, sizeof(w->script)}},
                                              .has_covenant = i == 1,
                                              .authorizing_input = 1,
                                              .covenant_id = {{0x22}}};
    }
    w->tx = (struct kaspa_tx){.version = version,
                              .inputs = w->inputs,
                              .input_count = 2,
                              .outputs = w->outputs,
                              .output_count = 2,
                              .lock_time = 9,
                              .gas = 1,
                              .payload = {w->payload, sizeof(w->payload)},
                              .storage_mass = 77};
}

/* Where a change of a field shows. */
enum shows { NOWHERE = 0, V0_ID = 1, V0_HASH = 2, V1_ID = 4, V1_HASH = 8, EVERYWHERE = 15 };

static void expect_shows(struct world *w, uint8_t *field, size_t len, unsigned shows,
                         const char *row)
{
    bool in_id = (shows & (w->tx.version == 0 ? V0_ID : V1_ID)) != 0;
    bool in_hash = (shows & (w->tx.version == 0 ? V0_HASH : V1_HASH)) != 0;
    struct kaspa_hash id, hash, other;

    kaspa_txid(&id, &w->tx);
    kaspa_tx_hash(&hash, &w->tx);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        field[bit / 8] ^= (uint8_t)(1 << bit % 8);
        kaspa_txid(&other, &w->tx);
        cr_expect_neq(kaspa_hash_equal(&id, &other), in_id, "row: %s: id, bit %zu", row, bit);
        kaspa_tx_hash(&other, &w->tx);
        cr_expect_neq(kaspa_hash_equal(&hash, &other), in_hash, "row: %s: hash, bit %zu", row, bit);
        field[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

#define FIELD(member) (uint8_t *)&w.member, sizeof(w.member)

Test(txid, changes_with_every_bit_but_those_of_signatures_commitments_and_mass)
{
    for (uint16_t version = 0; version < 2; version++) {
        struct world w;
        const struct {
            const char *name;
            uint8_t *field;
            size_t len;
            unsigned shows;
        } rows[] = {
            {"version", FIELD(tx.version), EVERYWHERE},
            {"lock time", FIELD(tx.lock_time), EVERYWHERE},
            {"subnetwork", FIELD(tx.subnetwork_id), EVERYWHERE},
            {"gas", FIELD(tx.gas), EVERYWHERE},
            {"payload", FIELD(payload), EVERYWHERE},
            {"storage mass", FIELD(tx.storage_mass), V0_HASH | V1_HASH},
            {"outpoint's id", FIELD(inputs[1].previous.txid), EVERYWHERE},
            {"outpoint's index", FIELD(inputs[1].previous.index), EVERYWHERE},
            {"sequence", FIELD(inputs[0].sequence), EVERYWHERE},
            {"signature script", FIELD(signature_script), V0_HASH | V1_HASH},
            {"commitment", (uint8_t *)&w.inputs[1].commit, 1, V0_HASH | V1_HASH},
            {"large commitment", (uint8_t *)&w.inputs[1].commit + 1, 1, V1_HASH},
            {"value", FIELD(outputs[1].value), EVERYWHERE},
            {"version of the script", FIELD(outputs[0].spk.version), EVERYWHERE},
            {"script", FIELD(script), EVERYWHERE},
            {"authorizing input", FIELD(outputs[1].authorizing_input), V1_ID | V1_HASH},
            {"covenant id", FIELD(outputs[1].covenant_id), V1_ID | V1_HASH},
            {"authorizing input of none", FIELD(outputs[0].authorizing_input), NOWHERE},
            {"covenant id of none", FIELD(outputs[0].covenant_id), NOWHERE},
        };

        world_init(&w, version);
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
            expect_shows(&w, rows[i].field, rows[i].len, rows[i].shows, rows[i].name);
    }
}

Test(tx_hash, takes_a_commitment_of_the_wrong_kind_for_0)
{
    for (uint16_t version = 0; version < 2; version++) {
        struct world w;
        struct kaspa_hash wrong, zero;

        world_init(&w, version);
        for (size_t i = 0; i < 2; i++)
            w.inputs[i].commit_kind = version == 0 ? KASPA_COMMIT_BUDGET : KASPA_COMMIT_SIG_OPS;
        kaspa_tx_hash(&wrong, &w.tx);
        w.inputs[0].commit = w.inputs[1].commit = 0;
        kaspa_tx_hash(&zero, &w.tx);
        cr_expect(kaspa_hash_equal(&wrong, &zero));
    }
}

Test(tx_encode, writes_a_mass_of_0_in_version_1_only)
{
    static const struct {
        uint16_t version;
        uint64_t mass;
        unsigned flags;
        size_t len;
    } rows[] = {
        {0, 0, KASPA_ENCODE_ALL, 62},     {0, 1, KASPA_ENCODE_ALL, 70},
        {1, 0, KASPA_ENCODE_ALL, 70},     {1, 1, KASPA_ENCODE_ALL, 70},
        {0, 1, KASPA_ENCODE_NO_MASS, 62}, {1, 1, KASPA_ENCODE_NO_MASS, 62},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_buf buf = ASSAY_BUF_INIT(ENCODED_MAX_BYTES);
        struct kaspa_tx tx = {
            .version = rows[i].version, .storage_mass = rows[i].mass, .payload = ASSAY_LIT("")};

        kaspa_tx_encode(&buf, &tx, rows[i].flags);
        cr_expect_eq(buf.len, rows[i].len, "row %zu: %zu", i, buf.len);
        assay_buf_fini(&buf);
    }
}

/* The domains' keys are those of the digest, written here a second time. */
Test(tx_encode, is_what_ids_and_hashes_digest_however_long)
{
    static uint8_t long_script[5000], long_payload[3000];
    struct assay_bytes payload = assay_bytes_of(long_payload, sizeof(long_payload));

    for (size_t len = 0; len <= sizeof(long_script); len += 97) {
        struct assay_buf buf = ASSAY_BUF_INIT(ENCODED_MAX_BYTES);
        struct guard script = guard_of(assay_bytes_of(long_script, len));
        struct kaspa_hash hash, other;
        struct world w;

        world_init(&w, 0);
        w.tx.payload = assay_bytes_part(payload, 0, len / 2);
        w.inputs[0].signature_script = w.outputs[1].spk.script = script.bytes;
        kaspa_tx_encode(&buf, &w.tx, KASPA_ENCODE_ALL);
        assay_blake2b(other.at, sizeof(other.at), ASSAY_LIT("TransactionHash"),
                      assay_buf_view(&buf));
        kaspa_tx_hash(&hash, &w.tx);
        cr_expect(kaspa_hash_equal(&hash, &other), "%zu", len);
        assay_buf_clear(&buf);
        kaspa_tx_encode(&buf, &w.tx, ID_PARTS);
        assay_blake2b(other.at, sizeof(other.at), ASSAY_LIT("TransactionID"), assay_buf_view(&buf));
        kaspa_txid(&hash, &w.tx);
        cr_expect(kaspa_hash_equal(&hash, &other), "%zu", len);
        guard_free(&script);
        assay_buf_fini(&buf);
    }
}

Test(tx_encode, fails_as_its_buffer_does)
{
    struct world w;
    struct assay_buf whole = ASSAY_BUF_INIT(ENCODED_MAX_BYTES);

    world_init(&w, 1);
    kaspa_tx_encode(&whole, &w.tx, KASPA_ENCODE_ALL);
    for (size_t max = 0; max <= whole.len; max++) {
        struct assay_buf buf = ASSAY_BUF_INIT(max);

        kaspa_tx_encode(&buf, &w.tx, KASPA_ENCODE_ALL);
        cr_expect_eq(buf.bad, max < whole.len ? ASSAY_E_TOO_LARGE : ASSAY_OK, "%zu", max);
        assay_buf_fini(&buf);
    }
    for (size_t n = 0;; n++) {
        struct assay_buf buf = ASSAY_BUF_INIT(ENCODED_MAX_BYTES);
        enum assay_code bad;

        (void)assay_alloc_fail_after(n);
        kaspa_tx_encode(&buf, &w.tx, KASPA_ENCODE_ALL);
        (void)assay_alloc_fail_after(SIZE_MAX);
        bad = buf.bad;
        assay_buf_fini(&buf);
        if (bad == ASSAY_OK)
            break;
        cr_expect_eq(bad, ASSAY_E_NOMEM);
    }
    assay_buf_fini(&whole);
}
