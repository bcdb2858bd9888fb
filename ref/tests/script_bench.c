/* A transaction to run scripts against; see script_bench.h. */
#include "ref/tests/script_bench.h"

#include "kaspa/sign.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define SCRIPT_MAX_BYTES ((size_t)3 << 20)

static struct assay_key key_of(char name)
{
    struct assay_key key;

    kaspa_key_from_seed(&key, ASSAY_LIT("bench"), assay_bytes_of(&name, 1));
    return key;
}

static struct assay_bytes pay_to_a(struct assay_arena *arena)
{
    uint8_t script[KASPA_SPK_SCHNORR_BYTES] = {0x20};
    struct assay_key key = key_of('A');

    memcpy(script + 1, key.xonly, sizeof(key.xonly));
    script[sizeof(script) - 1] = KASPA_OP_CHECKSIG;
    return assay_arena_copy(arena, assay_bytes_of(script, sizeof(script)));
}

static void fill_inputs(struct bench *b)
{
    b->inputs[0] = (struct kaspa_input){.previous = {.index = 7},
                                        .signature_script = ASSAY_LIT("\xaa\xbb\xcc"),
                                        .sequence = 5,
                                        .commit_kind = KASPA_COMMIT_BUDGET};
    memset(b->inputs[0].previous.txid.at, 0x11, KASPA_HASH_BYTES);
    b->inputs[1] = (struct kaspa_input){.signature_script = ASSAY_LIT(""),
                                        .sequence = KASPA_SEQUENCE_FINAL,
                                        .commit_kind = KASPA_COMMIT_BUDGET};
    b->utxos[0] = (struct kaspa_utxo){.amount = 1000,
                                      .spk = {.script = pay_to_a(&b->arena)},
                                      .block_daa_score = 77,
                                      .has_covenant = true};
    memset(b->utxos[0].covenant_id.at, 0x22, KASPA_HASH_BYTES);
    b->utxos[1] = (struct kaspa_utxo){.amount = UINT64_C(1) << 63,
                                      .spk = {0x0102, ASSAY_LIT("\x51\x52")},
                                      .block_daa_score = UINT64_C(1) << 63,
                                      .is_coinbase = true};
}

static void fill_outputs(struct bench *b)
{
    b->outputs[0] = (struct kaspa_output){.value = 900,
                                          .spk = b->utxos[0].spk,
                                          .has_covenant = true,
                                          .covenant_id = b->utxos[0].covenant_id};
    b->outputs[1] =
        (struct kaspa_output){.value = UINT64_C(1) << 63, .spk = {0x0304, ASSAY_LIT("\x53")}};
    b->outputs[2] = b->outputs[0];
}

void bench_init(struct bench *b)
{
    bool resource = false;
    size_t at;

    *b = (struct bench){.arena = ASSAY_ARENA_INIT((size_t)256 << 20),
                        .work = ASSAY_ARENA_INIT(KASPA_ENGINE_ARENA_BYTES)};
    fill_inputs(b);
    fill_outputs(b);
    b->tx = (struct kaspa_tx){.version = 1,
                              .inputs = b->inputs,
                              .input_count = ARRAY_LEN(b->inputs),
                              .outputs = b->outputs,
                              .output_count = ARRAY_LEN(b->outputs),
                              .lock_time = 1000,
                              .subnetwork_id = {9, 8, 7},
                              .gas = UINT64_MAX,
                              .payload = ASSAY_LIT("payload")};
    cr_assert_eq(kaspa_covenants_make(&b->covenants, &at, &resource, &b->tx, b->utxos, &b->arena),
                 KASPA_TX_OK);
    cr_assert_not(resource);
    b->engine = (struct kaspa_engine){.tx = &b->tx,
                                      .utxos = b->utxos,
                                      .covenants = &b->covenants,
                                      .unit_limit = KASPA_UNITS_UNLIMITED,
                                      .arena = &b->work};
}

void bench_fini(struct bench *b)
{
    assay_arena_fini(&b->work);
    assay_arena_fini(&b->arena);
}

/* The message of $m. */
static const uint8_t message[ASSAY_SIG_MESSAGE_BYTES] = "thirty-two bytes of a message...";

static void add_tx_signature(struct assay_buf *out, const struct bench *b,
                             const struct assay_key *key, bool is_ecdsa)
{
    uint8_t push[KASPA_SIGNATURE_PUSH_BYTES];
    enum assay_code rc =
        is_ecdsa ? kaspa_sign_ecdsa(push, &b->tx, 0, &b->utxos[0], KASPA_SIGHASH_ALL, key, NULL)
                 : kaspa_sign_schnorr(push, &b->tx, 0, &b->utxos[0], KASPA_SIGHASH_ALL, key, NULL);

    cr_assert_eq(rc, ASSAY_OK);
    assay_buf_add(out, assay_bytes_of(push, sizeof(push)));
}

static void add_message_signature(struct assay_buf *out, const struct assay_key *key, bool is_ecdsa)
{
    uint8_t sig[ASSAY_SIG_BYTES];

    cr_assert_eq(is_ecdsa ? assay_ecdsa_sign(sig, message, key)
                          : assay_schnorr_sign(sig, message, key, NULL),
                 ASSAY_OK);
    kaspa_script_add_push(out, assay_bytes_of(sig, sizeof(sig)));
}

/* A word behind '$'. */
static void add_named(struct assay_buf *out, const struct bench *b, const char *name)
{
    bool is_ecdsa = name[1] == 'E' || name[1] == 'e';
    struct assay_key key = key_of((char)(name[0] & ~0x20));

    if (strcmp(name, "m") == 0)
        kaspa_script_add_push(out, assay_bytes_of(message, sizeof(message)));
    else if (name[strlen(name) - 1] == 'm')
        add_message_signature(out, &key, is_ecdsa);
    else if (name[0] >= 'a')
        add_tx_signature(out, b, &key, is_ecdsa);
    else if (is_ecdsa)
        kaspa_script_add_push(out, assay_bytes_of(key.compressed, sizeof(key.compressed)));
    else
        kaspa_script_add_push(out, assay_bytes_of(key.xonly, sizeof(key.xonly)));
}

static void add_zeros(struct assay_buf *out, size_t len)
{
    const uint8_t head[] = {KASPA_OP_PUSHDATA4, (uint8_t)len, (uint8_t)(len >> 8),
                            (uint8_t)(len >> 16), 0};
    uint8_t *at;

    assay_buf_add(out, assay_bytes_of(head, sizeof(head)));
    at = assay_buf_extend(out, len);
    cr_assert_not_null(at);
    memset(at, 0, len);
}

static void add_word(struct assay_buf *out, const struct bench *b, struct assay_bytes text)
{
    char word[160];
    size_t star = assay_bytes_find(text, '*', 0);
    long times = 1;

    cr_assert_lt(text.len, sizeof(word));
    memcpy(word, text.at, text.len);
    word[text.len] = '\0';
    if (star < text.len) {
        word[star] = '\0';
        times = strtol(word + star + 1, NULL, 10);
    }
    for (long i = 0; i < times; i++) {
        if (word[0] == '$')
            add_named(out, b, word + 1);
        else if (word[0] == '@')
            add_zeros(out, (size_t)strtol(word + 1, NULL, 10));
        else
            cr_assert_eq(kaspa_script_assemble(out, assay_str(word), NULL), ASSAY_OK, "word: %s",
                         word);
    }
}

struct assay_bytes bench_script(struct bench *b, const char *words)
{
    struct assay_buf out = ASSAY_BUF_INIT(SCRIPT_MAX_BYTES);
    struct assay_bytes script;
    size_t len;

    for (; *words != '\0'; words += len) {
        len = strcspn(words, " ");
        if (len > 0)
            add_word(&out, b, assay_bytes_of(words, len));
        else
            len = 1;
    }
    cr_assert(assay_buf_ok(&out));
    script = assay_arena_copy(&b->arena, assay_buf_view(&out));
    cr_assert_not_null(script.at);
    assay_buf_fini(&out);
    return script;
}

static void empty_work(struct bench *b)
{
    size_t max = b->work.max;

    assay_arena_fini(&b->work);
    b->work = (struct assay_arena)ASSAY_ARENA_INIT(max);
}

void bench_run(struct bench *b, const char *words)
{
    struct assay_bytes script = bench_script(b, words);

    empty_work(b);
    kaspa_engine_run_script(&b->run, &b->engine, script);
}

void bench_run_bare(struct bench *b, const char *words)
{
    b->engine.tx = NULL;
    bench_run(b, words);
    b->engine.tx = &b->tx;
}

void bench_spend(struct bench *b, const char *signature, const char *spk)
{
    b->utxos[0].spk.script = bench_script(b, spk);
    b->inputs[0].signature_script = bench_script(b, signature);
    empty_work(b);
    kaspa_engine_run_input(&b->run, &b->engine);
}

void bench_spend_hash(struct bench *b, const char *unlock, const char *redeem)
{
    struct assay_bytes script = bench_script(b, redeem), first;
    struct assay_buf out = ASSAY_BUF_INIT(SCRIPT_MAX_BYTES);

    kaspa_script_add_pay_to_script_hash(&out, script);
    b->utxos[0].spk.script = assay_arena_copy(&b->arena, assay_buf_view(&out));
    assay_buf_clear(&out);
    first = bench_script(b, unlock); /* signatures are of the new script public key */
    assay_buf_add(&out, first);
    kaspa_script_add_push(&out, script);
    b->inputs[0].signature_script = assay_arena_copy(&b->arena, assay_buf_view(&out));
    cr_assert(assay_buf_ok(&out));
    assay_buf_fini(&out);
    empty_work(b);
    kaspa_engine_run_input(&b->run, &b->engine);
}

void bench_run_as(struct bench *b, enum bench_how how, const char *one, const char *two)
{
    switch (how) {
    case BENCH_SCRIPT:
        bench_run(b, one);
        break;
    case BENCH_BARE:
        bench_run_bare(b, one);
        break;
    case BENCH_SPEND:
        bench_spend(b, one, two);
        break;
    case BENCH_HASH:
        bench_spend_hash(b, one, two);
        break;
    }
}
