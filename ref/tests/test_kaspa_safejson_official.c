/* The reader of transactions against every official transaction that is JSON, and the writer
 * against the texts as they were published. */
#include "kaspa/safejson.h"

#include "kaspa/script.h"
#include "kaspa/txid.h"
#include "ref/tests/upstream.h"

#include <criterion/criterion.h>

enum { ARENA_BYTES = 1 << 22 };

/* What a file must hold, so that none is passed over in silence. */
static const struct {
    const char *file;
    size_t transactions;
} files[] = {
    {"rusty-kaspa/txid.json", 16},
    {"rusty-kaspa/sighash.json", 34},
    {"rusty-kaspa/signed_txs.json", 14},
    {"rusty-kaspa/covenant_id.json", 7},
    {"rusty-kaspa/merkle.json", 10},
    {"rusty-kaspa/mass.json", 4},
    {"rusty-kaspa/block_headers.json", 4},
    {"kaspa-x402/vectors/x402-http/exact-transaction.json", 1},
    {"kaspa-x402/vectors/x402-http/hash-chain-exact.json", 1},
    {"kaspa-x402/vectors/exact/interop-v1.json", 2},
    {"kaspa-x402/vectors/exact/consensus-profiles.json", 2},
    {"kaspa-x402/vectors/tx-v1/batch-genesis.json", 1},
    {"kaspa-x402/vectors/tx-v1/batch-claim.json", 1},
    {"kaspa-x402/vectors/tx-v1/batch-claim-second.json", 1},
    {"kaspa-x402/vectors/tx-v1/batch-top-up.json", 1},
    {"kaspa-x402/vectors/tx-v1/batch-refund.json", 1},
    {"kaspa-x402/vectors/tx-v1/upto-settlement.json", 1},
    {"kaspa-x402/older/escrow-v1/vectors/tx-v1/batch-refund.json", 1},
    {"kaspa-x402/older/escrow-v2/vectors/tx-v1/batch-genesis.json", 1},
    {"kaspa-x402/older/escrow-v2/vectors/tx-v1/batch-claim.json", 1},
    {"kaspa-x402/older/escrow-v4/vectors/tx-v1/batch-refund.json", 1},
};

/* One walk: what was found, and where. */
struct walk {
    const char *file;
    size_t transactions, ids, hashes, utxos;
};

static void check_utxo(struct assay_arena *arena, const struct kaspa_utxo *utxo,
                       const json_t *object, const char *file)
{
    const json_t *covenant = json_object_get(object, "covenantId");
    struct kaspa_spk spk = upstream_spk(arena, json_object_get(object, "scriptPublicKey"));

    cr_expect_eq(utxo->amount, upstream_u64(json_object_get(object, "amount")), "%s", file);
    cr_expect(kaspa_spk_equal(&utxo->spk, &spk), "%s", file);
    cr_expect_eq(utxo->has_covenant, json_is_string(covenant), "%s", file);
    if (json_object_get(object, "blockDaaScore") != NULL) {
        struct kaspa_utxo whole = upstream_utxo(arena, object);

        cr_expect(kaspa_utxo_equal(utxo, &whole), "%s", file);
    }
}

static void check_claims(struct walk *w, struct assay_arena *arena, const struct kaspa_tx *tx,
                         const struct kaspa_claims *claims, const json_t *object)
{
    const json_t *id = json_object_get(object, "id"), *input;
    struct kaspa_hash true_id;
    size_t i;

    kaspa_txid(&true_id, tx);
    cr_expect_eq(claims->has_id, id != NULL, "%s", w->file);
    cr_expect(claims->has_storage_mass, "%s", w->file);
    if (id != NULL) {
        upstream_expect_hash(&claims->id, id, w->file);
        cr_expect(kaspa_hash_equal(&claims->id, &true_id), "%s: the id is the true one", w->file);
        w->ids++;
    }
    json_array_foreach (json_object_get(object, "inputs"), i, input) {
        const json_t *utxo = json_object_get(input, "utxo");

        cr_expect_eq(claims->has_utxo[i], utxo != NULL, "%s", w->file);
        if (utxo != NULL) {
            check_utxo(arena, &claims->utxos[i], utxo, w->file);
            w->utxos++;
        }
    }
}

static size_t expect_if_there(const struct kaspa_hash *hash, const json_t *parent, const char *name,
                              const char *file)
{
    const json_t *text = name != NULL ? json_object_get(parent, name) : NULL;

    if (!json_is_string(text))
        return 0;
    upstream_expect_hash(hash, text, file);
    return 1;
}

/* Id and hash stand beside the transaction, under the names that its file gives them. */
static void check_digests(struct walk *w, const struct kaspa_tx *tx, const json_t *object,
                          const json_t *parent)
{
    static const struct {
        const char *transaction, *id, *hash;
    } rows[] = {
        {"tx", "expectedId", "expectedHash"},
        {"tx", "txId", NULL},
        {"transaction", "transactionId", "transactionHash"},
        {"artifact", "transactionId", NULL},
        {"coinbaseTx", NULL, "coinbaseTxHash"},
    };
    struct kaspa_hash id, hash;

    kaspa_txid(&id, tx);
    kaspa_tx_hash(&hash, tx);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (json_object_get(parent, rows[i].transaction) != object)
            continue;
        w->ids += expect_if_there(&id, parent, rows[i].id, w->file);
        w->hashes += expect_if_there(&hash, parent, rows[i].hash, w->file);
    }
}

/* Both written forms are read as the same transaction with its true id. */
static void check_round_trip(const struct walk *w, struct assay_arena *arena,
                             const struct kaspa_tx *tx)
{
    static const enum kaspa_json_form forms[] = {KASPA_JSON_FLAT, KASPA_JSON_NESTED};
    static const struct kaspa_json_options strict = {.numbers = false};

    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        struct assay_buf text = ASSAY_BUF_INIT(KASPA_JSON_MAX_BYTES);
        struct kaspa_claims claims;
        struct kaspa_tx again;
        struct kaspa_hash id;

        kaspa_tx_write(&text, tx, NULL, forms[i]);
        cr_assert(assay_buf_ok(&text));
        cr_assert_eq(kaspa_tx_parse(&again, &claims, arena, assay_buf_view(&text), &strict, NULL),
                     ASSAY_OK, "%s", w->file);
        kaspa_txid(&id, tx);
        cr_expect(kaspa_tx_equal(tx, &again), "%s", w->file);
        cr_expect(claims.has_id && kaspa_hash_equal(&claims.id, &id), "%s", w->file);
        assay_buf_fini(&text);
    }
}

static void check_transaction(struct walk *w, const json_t *object, const json_t *parent)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    bool foreign = json_object_get(object, "estimatedSerializedSize") != NULL;
    struct kaspa_json_options options = {.unknown_members = false};
    struct kaspa_claims claims;
    struct kaspa_tx tx, want = upstream_tx(&arena, object);
    struct assay_err err = {0};
    char *text = json_dumps(object, JSON_COMPACT);

    if (foreign) {
        cr_expect_eq(kaspa_tx_parse(&tx, &claims, &arena, assay_str(text), &options, &err),
                     ASSAY_E_UNKNOWN, "%s", w->file);
        cr_expect_str_eq(err.text, "estimatedSerializedSize is no member of any form");
    }
    options.unknown_members = foreign;
    err = (struct assay_err){0};
    cr_assert_eq(kaspa_tx_parse(&tx, &claims, &arena, assay_str(text), &options, &err), ASSAY_OK,
                 "%s: %s", w->file, err.text);
    cr_expect(kaspa_tx_equal(&tx, &want), "%s: %s", w->file, text);
    check_claims(w, &arena, &tx, &claims, object);
    check_digests(w, &tx, object, parent);
    check_round_trip(w, &arena, &tx);
    w->transactions++;
    free(text);
    assay_arena_fini(&arena);
}

static bool is_transaction(const json_t *value)
{
    return json_is_array(json_object_get(value, "inputs")) &&
           json_is_array(json_object_get(value, "outputs")) &&
           json_object_get(value, "version") != NULL;
}

/* Bounded by the nesting that jansson accepts. */
static void visit(struct walk *w, const json_t *value, const json_t *parent)
{
    const json_t *child;
    const char *name;
    size_t i;

    if (is_transaction(value))
        check_transaction(w, value, parent);
    json_object_foreach ((json_t *)(uintptr_t)value, name, child) {
        visit(w, child, value);
    }
    json_array_foreach (value, i, child) {
        visit(w, child, value);
    }
    if (json_is_string(value) && json_string_value(value)[0] == '{') {
        json_t *inner = json_loads(json_string_value(value), JSON_REJECT_DUPLICATES, NULL);

        visit(w, inner, NULL);
        json_decref(inner);
    }
}

Test(kaspa_safejson_official, every_transaction_is_read_as_what_it_is)
{
    size_t ids = 0, hashes = 0, utxos = 0;

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct walk w = {.file = files[i].file};
        json_t *doc = upstream_load(files[i].file);

        visit(&w, doc, NULL);
        cr_expect_eq(w.transactions, files[i].transactions, "%s: has %zu", w.file, w.transactions);
        ids += w.ids;
        hashes += w.hashes;
        utxos += w.utxos;
        json_decref(doc);
    }
    cr_expect_eq(ids, 48, "%zu ids were there to be compared", ids);
    cr_expect_eq(hashes, 30, "%zu hashes were there to be compared", hashes);
    cr_expect_eq(utxos, 21, "%zu outputs to spend were there to be compared", utxos);
}

/* Every 64-bit member that jansson can hold as a number becomes one. */
static void make_numbers(json_t *object)
{
    static const char *const names[] = {"sequence", "value",       "amount", "lockTime",
                                        "gas",      "storageMass", "mass",   "blockDaaScore"};
    json_t *child;
    const char *name;
    size_t i;

    for (i = 0; i < ARRAY_LEN(names); i++) {
        const json_t *text = json_object_get(object, names[i]);
        uint64_t value = text != NULL ? upstream_u64(text) : UINT64_MAX;

        if (value <= INT64_MAX)
            cr_assert_eq(json_object_set_new(object, names[i], json_integer((json_int_t)value)), 0);
    }
    json_object_foreach (object, name, child) {
        make_numbers(child);
    }
    json_array_foreach (object, i, child) {
        make_numbers(child);
    }
}

static json_t *artifact(json_t *doc, const char *profile)
{
    json_t *profiles = json_object_get(json_object_get(doc, "transactionEncoding"), "profiles");

    return json_object_get(json_object_get(profiles, profile), "artifact");
}

/* Reads a published text and writes it. */
static void rewrite(struct assay_buf *out, const char *text, enum kaspa_json_form form,
                    bool numbers)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    struct kaspa_json_options options = {.numbers = numbers};
    struct assay_err err = {0};
    struct kaspa_claims claims;
    struct kaspa_tx tx;

    cr_assert_eq(kaspa_tx_parse(&tx, &claims, &arena, assay_str(text), &options, &err), ASSAY_OK,
                 "%s", err.text);
    kaspa_tx_write(out, &tx, claims.utxos, form);
    cr_assert(assay_buf_ok(out));
    assay_arena_fini(&arena);
}

Test(kaspa_safejson_official, the_flattened_form_is_written_byte_for_byte_as_the_sdk_writes_it)
{
    json_t *doc = upstream_load("kaspa-x402/vectors/x402-http/hash-chain-exact.json");
    const char *text = json_string_value(json_object_get(
        json_object_get(json_object_get(doc, "paymentPayload"), "payload"), "transaction"));
    struct assay_buf out = ASSAY_BUF_INIT(KASPA_JSON_MAX_BYTES);

    rewrite(&out, text, KASPA_JSON_FLAT, false);
    cr_expect_str_eq(assay_buf_cstr(&out), text);
    assay_buf_fini(&out);
    json_decref(doc);
}

Test(kaspa_safejson_official, the_nested_form_is_written_as_the_exact_scheme_publishes_it)
{
    json_t *doc = upstream_load("kaspa-x402/vectors/exact/interop-v1.json");
    struct assay_buf v0 = ASSAY_BUF_INIT(KASPA_JSON_MAX_BYTES);
    struct assay_buf v1 = ASSAY_BUF_INIT(KASPA_JSON_MAX_BYTES);
    char *text = json_dumps(artifact(doc, "standardNative"), JSON_COMPACT);
    json_t *written;

    rewrite(&v0, text, KASPA_JSON_NESTED, false);
    cr_expect_str_eq(assay_buf_cstr(&v0), text, "in its own order of members");
    free(text);
    text = json_dumps(artifact(doc, "additive"), JSON_COMPACT);
    rewrite(&v1, text, KASPA_JSON_NESTED, false);
    written = json_loads(assay_buf_cstr(&v1), JSON_REJECT_DUPLICATES, NULL);
    cr_expect(json_equal(written, artifact(doc, "additive")));
    free(text);
    json_decref(written);
    json_decref(doc);
    assay_buf_fini(&v0);
    assay_buf_fini(&v1);
}

Test(kaspa_safejson_official, numbers_instead_of_texts_are_the_same_transaction)
{
    static const char *const profiles[] = {"standardNative", "additive"};
    json_t *doc = upstream_load("kaspa-x402/vectors/exact/interop-v1.json");

    for (size_t i = 0; i < ARRAY_LEN(profiles); i++) {
        json_t *object = artifact(doc, profiles[i]);
        struct assay_buf texts = ASSAY_BUF_INIT(KASPA_JSON_MAX_BYTES);
        struct assay_buf numbers = ASSAY_BUF_INIT(KASPA_JSON_MAX_BYTES);
        char *text = json_dumps(object, JSON_COMPACT);

        rewrite(&texts, text, KASPA_JSON_FLAT, false);
        free(text);
        make_numbers(object);
        text = json_dumps(object, JSON_COMPACT);
        rewrite(&numbers, text, KASPA_JSON_FLAT, true);
        cr_expect_str_eq(assay_buf_cstr(&numbers), assay_buf_cstr(&texts), "%s", profiles[i]);
        free(text);
        assay_buf_fini(&texts);
        assay_buf_fini(&numbers);
    }
    json_decref(doc);
}
