/* Reading the official test data; see upstream.h. */
#include "ref/tests/upstream.h"

#include "base/decimal.h"
#include "base/hex.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

json_t *upstream_load(const char *file)
{
    const char *folder = getenv("ASSAY_UPSTREAM");
    json_error_t error;
    char path[512];
    json_t *doc;

    (void)snprintf(path, sizeof(path), "%s/%s", folder != NULL ? folder : "../shared/upstream",
                   file);
    if (access(path, R_OK) != 0) {
        /* Criterion says nothing of skipped tests; tools/check.sh counts these lines. */
        (void)fprintf(stderr, "[SKIP] not run: the official test data %s is not there\n", path);
        cr_skip_test("not run: the official test data is not there");
    }
    doc = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    cr_assert_not_null(doc, "%s: line %d: %s", path, error.line, error.text);
    return doc;
}

struct assay_bytes upstream_hex(struct assay_arena *arena, const json_t *text)
{
    size_t len = json_string_length(text) / 2;
    uint8_t *at = assay_arena_alloc(arena, len + 1);

    cr_assert(json_is_string(text) && at != NULL);
    cr_assert_eq(assay_hex_decode(at, len, assay_str(json_string_value(text)), true), ASSAY_OK);
    return assay_bytes_of(at, len);
}

void upstream_hash(struct kaspa_hash *out, const json_t *text)
{
    cr_assert_eq(
        assay_hex_decode(out->at, sizeof(out->at), assay_str(json_string_value(text)), true),
        ASSAY_OK, "\"%s\" is no hash", json_string_value(text));
}

uint64_t upstream_u64(const json_t *value)
{
    uint64_t number;

    if (json_is_integer(value))
        return (uint64_t)json_integer_value(value);
    cr_assert_eq(assay_decimal_u64(&number, assay_str(json_string_value(value))), ASSAY_OK);
    return number;
}

struct kaspa_spk upstream_spk(struct assay_arena *arena, const json_t *text)
{
    struct assay_bytes bytes = upstream_hex(arena, text);

    cr_assert_geq(bytes.len, 2);
    return (struct kaspa_spk){.version = (uint16_t)(bytes.at[0] << 8 | bytes.at[1]),
                              .script = assay_bytes_part(bytes, 2, bytes.len)};
}

/* The first of two members that is there. */
static const json_t *either(const json_t *object, const char *one, const char *other)
{
    const json_t *value = json_object_get(object, one);

    return value != NULL ? value : json_object_get(object, other);
}

struct kaspa_outpoint upstream_outpoint(const json_t *object)
{
    struct kaspa_outpoint out;

    upstream_hash(&out.txid, either(object, "transactionId", "txid"));
    out.index = (uint32_t)upstream_u64(json_object_get(object, "index"));
    return out;
}

struct kaspa_output upstream_output(struct assay_arena *arena, const json_t *object)
{
    const json_t *covenant = json_object_get(object, "covenant");
    struct kaspa_output out = {
        .value = upstream_u64(either(object, "value", "amount")),
        .spk = upstream_spk(arena, json_object_get(object, "scriptPublicKey")),
        .has_covenant = json_is_object(covenant),
    };

    if (out.has_covenant) {
        out.authorizing_input =
            (uint16_t)upstream_u64(json_object_get(covenant, "authorizingInput"));
        upstream_hash(&out.covenant_id, json_object_get(covenant, "covenantId"));
    }
    return out;
}

static struct kaspa_input input_of(struct assay_arena *arena, const json_t *object,
                                   uint16_t version)
{
    const json_t *outpoint = json_object_get(object, "previousOutpoint");
    const json_t *sig_ops = json_object_get(object, "sigOpCount");
    const json_t *budget = json_object_get(object, "computeBudget");
    bool has_budget = json_is_integer(budget) && (version > 0 || !json_is_integer(sig_ops));
    struct kaspa_input in = {
        .previous = upstream_outpoint(outpoint != NULL ? outpoint : object),
        .signature_script = upstream_hex(arena, json_object_get(object, "signatureScript")),
        .sequence = upstream_u64(json_object_get(object, "sequence")),
        .commit_kind = has_budget ? KASPA_COMMIT_BUDGET : KASPA_COMMIT_SIG_OPS,
        .commit = (uint16_t)json_integer_value(has_budget ? budget : sig_ops),
    };

    cr_assert(json_is_integer(sig_ops) || json_is_integer(budget));
    return in;
}

struct kaspa_tx upstream_tx(struct assay_arena *arena, const json_t *object)
{
    const json_t *inputs = json_object_get(object, "inputs");
    const json_t *outputs = json_object_get(object, "outputs");
    size_t input_count = json_array_size(inputs), output_count = json_array_size(outputs);
    struct kaspa_input *in = assay_arena_alloc(arena, input_count * sizeof(*in));
    struct kaspa_output *out = assay_arena_alloc(arena, output_count * sizeof(*out));
    struct assay_bytes subnetwork = upstream_hex(arena, json_object_get(object, "subnetworkId"));
    struct kaspa_tx tx = {
        .version = (uint16_t)json_integer_value(json_object_get(object, "version")),
        .inputs = in,
        .input_count = input_count,
        .outputs = out,
        .output_count = output_count,
        .lock_time = upstream_u64(json_object_get(object, "lockTime")),
        .gas = upstream_u64(json_object_get(object, "gas")),
        .payload = upstream_hex(arena, json_object_get(object, "payload")),
        .storage_mass = upstream_u64(either(object, "storageMass", "mass")),
    };

    cr_assert(in != NULL && out != NULL && subnetwork.len == KASPA_SUBNETWORK_BYTES);
    memcpy(tx.subnetwork_id, subnetwork.at, subnetwork.len);
    for (size_t i = 0; i < input_count; i++)
        in[i] = input_of(arena, json_array_get(inputs, i), tx.version);
    for (size_t i = 0; i < output_count; i++)
        out[i] = upstream_output(arena, json_array_get(outputs, i));
    return tx;
}

struct kaspa_utxo upstream_utxo(struct assay_arena *arena, const json_t *object)
{
    const json_t *covenant = json_object_get(object, "covenantId");
    struct kaspa_utxo out = {
        .amount = upstream_u64(json_object_get(object, "amount")),
        .spk = upstream_spk(arena, json_object_get(object, "scriptPublicKey")),
        .block_daa_score = upstream_u64(json_object_get(object, "blockDaaScore")),
        .is_coinbase = json_is_true(json_object_get(object, "isCoinbase")),
        .has_covenant = json_is_string(covenant),
    };

    if (out.has_covenant)
        upstream_hash(&out.covenant_id, covenant);
    return out;
}

struct kaspa_utxo *upstream_utxos(struct assay_arena *arena, const json_t *array)
{
    struct kaspa_utxo *out = assay_arena_alloc(arena, json_array_size(array) * sizeof(*out));

    cr_assert_not_null(out);
    for (size_t i = 0; i < json_array_size(array); i++)
        out[i] = upstream_utxo(arena, json_array_get(array, i));
    return out;
}

void upstream_expect_hash(const struct kaspa_hash *hash, const json_t *text, const char *row)
{
    char hex[2 * KASPA_HASH_BYTES + 1];

    assay_hex_encode(hex, assay_bytes_of(hash->at, sizeof(hash->at)));
    cr_expect_str_eq(hex, json_string_value(text), "row: %s", row);
}
