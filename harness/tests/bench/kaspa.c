/* What the Kaspa library costs beside the work that it cannot avoid, in one run: judging a
 * transaction against the bare verification of its signature, an id against the raw digest of what
 * it digests, and the official script rows. Usage: bench-kaspa. */
#include "base/hex.h"
#include "harness/tests/bench/pair.h"
#include "kaspa/build.h"
#include "kaspa/safejson.h"
#include "kaspa/txid.h"
#include "kaspa/verify.h"

#include <jansson.h>

enum { ARENA_BYTES = 1 << 24 };

struct world {
    struct assay_arena arena;
    struct kaspa_tx tx;   /* one signed input, two outputs */
    struct kaspa_tx wide; /* two inputs, two outputs */
    const struct kaspa_utxo *utxos;
    struct kaspa_point_of_view pov;
    struct assay_buf text, preimage;
    const uint8_t *signature, *key;
    struct kaspa_hash message;
    size_t wrong; /* how often something was not what it must be */
};

static void bare_signature(void *world)
{
    struct world *w = world;
    w->wrong += assay_schnorr_verify(w->signature, w->message.at, w->key) != ASSAY_SIG_GOOD;
}

static void judge(struct world *w, const struct kaspa_tx *tx)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    struct kaspa_verify with = {.utxos = w->utxos, .pov = &w->pov, .arena = &arena};
    struct kaspa_verdict verdict;

    kaspa_tx_verify(&verdict, tx, &with);
    w->wrong += verdict.outcome != KASPA_VALID || verdict.relay != KASPA_VALID;
    assay_arena_fini(&arena);
}

static void judge_parsed(void *world)
{
    struct world *w = world;
    judge(w, &w->tx);
}

static void judge_text(void *world)
{
    struct world *w = world;
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    const struct kaspa_json_options options = {0};
    struct kaspa_claims claims;
    struct kaspa_tx tx;

    if (kaspa_tx_parse(&tx, &claims, &arena, assay_buf_view(&w->text), &options, NULL) == ASSAY_OK)
        judge(w, &tx);
    else
        w->wrong++;
    assay_arena_fini(&arena);
}

static void bare_digest(void *world)
{
    struct world *w = world;
    struct kaspa_hash out;

    assay_blake2b(out.at, sizeof(out.at), ASSAY_LIT("TransactionID"), assay_buf_view(&w->preimage));
    w->wrong += out.at[0] == 0 && out.at[1] == 0 && out.at[2] == 0;
}

static void id(void *world)
{
    struct world *w = world;
    struct kaspa_hash out;

    kaspa_txid(&out, &w->wide);
    w->wrong += out.at[0] == 0 && out.at[1] == 0 && out.at[2] == 0;
}

static const struct bench_pair pairs[] = {
    {"a parsed P2PK transaction, of bare Schnorr", bare_signature, judge_parsed, 400, 85},
    {"the same from JSON text, of bare Schnorr", bare_signature, judge_text, 400, 70},
    {"an id of 2 inputs and 2 outputs, of BLAKE2b", bare_digest, id, 20000, 50},
};

/* The official script rows, as `script_tests_expanded.json` describes how they are run. */
static struct assay_bytes hex(struct assay_arena *arena, const json_t *text)
{
    size_t len = json_string_length(text) / 2;
    uint8_t *at = assay_arena_alloc(arena, len + 1);

    if (at == NULL ||
        assay_hex_decode(at, len, assay_str(json_string_value(text)), true) != ASSAY_OK)
        return ASSAY_LIT("");
    return assay_bytes_of(at, len);
}

static void run_row(struct world *w, const struct assay_bytes *scripts, bool is_valid)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    const struct kaspa_input input = {.signature_script = scripts[0],
                                      .sequence = KASPA_SEQUENCE_FINAL,
                                      .commit_kind = KASPA_COMMIT_BUDGET};
    const struct kaspa_output output = {.value = 0};
    const struct kaspa_tx tx = {
        .version = 1, .inputs = &input, .input_count = 1, .outputs = &output, .output_count = 1};
    const struct kaspa_utxo utxo = {.spk.script = scripts[1], .is_coinbase = true};
    const struct kaspa_engine engine = {
        .tx = &tx, .utxos = &utxo, .unit_limit = KASPA_UNITS_UNLIMITED, .arena = &arena};
    struct kaspa_run run;

    kaspa_engine_run_input(&run, &engine);
    w->wrong += run.outcome != KASPA_UNDECIDED && (run.outcome == KASPA_VALID) != is_valid;
    assay_arena_fini(&arena);
}

static void measure_rows(struct world *w)
{
    const char *folder = getenv("ASSAY_UPSTREAM");
    char path[512];
    json_t *doc = NULL, *row;
    double start;
    size_t i;

    if (snprintf(path, sizeof(path), "%s/rusty-kaspa/script_tests_expanded.json",
                 folder != NULL ? folder : "../shared/upstream") < (int)sizeof(path))
        doc = json_load_file(path, 0, NULL);
    if (doc == NULL) {
        printf("bench: the official script rows: not run: %s is not there\n", path);
        return;
    }
    start = bench_now_us();
    json_array_foreach (json_object_get(doc, "cases"), i, row) {
        const struct assay_bytes scripts[2] = {hex(&w->arena, json_array_get(row, 1)),
                                               hex(&w->arena, json_array_get(row, 2))};

        run_row(w, scripts, strcmp(json_string_value(json_array_get(row, 3)), "OK") == 0);
    }
    printf("bench: %-44s %9.3f ms  limit %9.3f  (%zu rows)\n",
           "the official script rows, decoded and run", (bench_now_us() - start) / 1e3, 500.0, i);
    json_decref(doc);
}

static bool build(struct world *w, struct kaspa_tx *out, size_t spend_count)
{
    struct kaspa_spend spends[2];
    uint8_t script[KASPA_SPK_SCHNORR_BYTES];
    struct assay_buf spk = ASSAY_BUF_OVER(script);
    struct kaspa_output payment = {.value = KASPA_SOMPI_PER_KAS};
    struct assay_err err = {0};
    struct assay_key *key = assay_arena_alloc(&w->arena, sizeof(*key));
    struct kaspa_plan plan = {
        .spends = spends, .spend_count = spend_count, .outputs = &payment, .output_count = 1};

    kaspa_key_from_seed(key, ASSAY_LIT("bench"), ASSAY_LIT("payer"));
    kaspa_script_add_pay_to_pubkey(&spk, key->xonly);
    payment.spk.script = assay_arena_copy(&w->arena, assay_buf_view(&spk));
    plan.change = &payment.spk;
    for (size_t i = 0; i < spend_count; i++) {
        spends[i] = (struct kaspa_spend){.kind = KASPA_SPEND_PUBKEY, .key = key, .commit = -1};
        spends[i].outpoint.index = (uint32_t)i;
        spends[i].utxo.amount = 3 * KASPA_SOMPI_PER_KAS;
        spends[i].utxo.spk = payment.spk;
    }
    w->key = key->xonly;
    w->utxos = kaspa_plan_utxos(&w->arena, &plan);
    if (kaspa_build(out, &w->arena, &plan, &err) == ASSAY_OK && w->utxos != NULL)
        return true;
    fprintf(stderr, "bench-kaspa: %s\n", err.text);
    return false;
}

static bool prepare(struct world *w)
{
    if (!build(w, &w->wide, 2) || !build(w, &w->tx, 1))
        return false;
    w->pov = (struct kaspa_point_of_view){1000000, 1};
    w->signature = w->tx.inputs[0].signature_script.at + 1;
    kaspa_sighash_schnorr(&w->message, &w->tx, 0, w->utxos, KASPA_SIGHASH_ALL, NULL);
    kaspa_tx_write(&w->text, &w->tx, w->utxos, KASPA_JSON_NESTED);
    kaspa_tx_encode(&w->preimage, &w->wide, KASPA_ENCODE_NO_SIGNATURE | KASPA_ENCODE_NO_MASS);
    return assay_buf_ok(&w->text) && assay_buf_ok(&w->preimage);
}

int main(void)
{
    struct world w = {
        .arena = ASSAY_ARENA_INIT(ARENA_BYTES),
        .text = ASSAY_BUF_INIT(ARENA_BYTES),
        .preimage = ASSAY_BUF_INIT(ARENA_BYTES),
    };
    bool ok = prepare(&w);

    for (size_t i = 0; ok && i < ARRAY_LEN(pairs); i++)
        bench_measure(&pairs[i], &w);
    if (ok)
        measure_rows(&w);
    if (ok && w.wrong > 0) {
        fprintf(stderr, "bench-kaspa: %zu results were not as they must be\n", w.wrong);
        ok = false;
    }
    assay_buf_fini(&w.text);
    assay_buf_fini(&w.preimage);
    assay_arena_fini(&w.arena);
    return ok ? 0 : 1;
}
