/** A payment for tests of the rules: signed, with all rules held until a test changes something. */
#ifndef ASSAY_REF_TESTS_KASPA_PAYMENT_H
#define ASSAY_REF_TESTS_KASPA_PAYMENT_H

#include "kaspa/sign.h"
#include "kaspa/verify.h"

#include <criterion/criterion.h>

#define KAS KASPA_SOMPI_PER_KAS
#define MANY 1001 /* one more than consensus allows, of inputs and of outputs */

/* One input of 1 KAS and two outputs, with room for more of both. */
struct payment {
    struct assay_key key;
    struct kaspa_input inputs[MANY];
    struct kaspa_utxo utxos[MANY];
    struct kaspa_output outputs[MANY];
    bool is_missing[MANY];
    uint8_t signatures[MANY][KASPA_SIGNATURE_PUSH_BYTES];
    uint8_t script[KASPA_SPK_SCHNORR_BYTES];
    uint8_t other_script[KASPA_SPK_SCRIPT_HASH_BYTES];
    uint8_t redeem[64];
    struct kaspa_tx tx;
    struct kaspa_point_of_view pov;
    struct assay_arena arena;
    struct kaspa_verify with;
};

static const uint8_t zeros[300000];

static inline struct kaspa_spk to_key(const struct payment *p)
{
    return (struct kaspa_spk){.script = assay_bytes_of(p->script, sizeof(p->script))};
}

static inline struct payment *payment_new(void)
{
    struct payment *p = calloc(1, sizeof(*p));
    struct assay_buf script;

    cr_assert_not_null(p);
    script = (struct assay_buf)ASSAY_BUF_OVER(p->script);
    kaspa_key_from_seed(&p->key, ASSAY_LIT("test"), ASSAY_LIT("payer"));
    kaspa_script_add_pay_to_pubkey(&script, p->key.xonly);
    for (size_t i = 0; i < MANY; i++) {
        p->inputs[i] = (struct kaspa_input){
            .previous.index = (uint32_t)(i * 10 % MANY),
            .signature_script = assay_bytes_of(p->signatures[i], sizeof(p->signatures[i])),
            .commit = 1,
        };
        p->utxos[i] = (struct kaspa_utxo){.amount = KAS, .spk = to_key(p), .block_daa_score = 5000};
        p->outputs[i] = (struct kaspa_output){.value = KAS / 2, .spk = to_key(p)};
    }
    p->outputs[1].value = KAS / 2 - KAS / 100;
    p->pov = (struct kaspa_point_of_view){.daa_score = 9000,
                                          .past_median_time_ms = UINT64_C(1700000000000)};
    p->arena = (struct assay_arena)ASSAY_ARENA_INIT(KASPA_ENGINE_ARENA_BYTES);
    p->tx = (struct kaspa_tx){
        .inputs = p->inputs,
        .input_count = 1,
        .outputs = p->outputs,
        .output_count = 2,
        .payload = assay_bytes_of(zeros, 0),
    };
    p->with = (struct kaspa_verify){.utxos = p->utxos, .pov = &p->pov, .arena = &p->arena};
    return p;
}

static inline void payment_free(struct payment *p)
{
    assay_arena_fini(&p->arena);
    free(p);
}

/* Every signature that an input still has. */
static inline void sign(struct payment *p)
{
    for (size_t i = 0; i < p->tx.input_count; i++)
        if (p->inputs[i].signature_script.at == p->signatures[i])
            cr_assert_eq(kaspa_sign_schnorr(p->signatures[i], &p->tx, i, &p->utxos[i],
                                            KASPA_SIGHASH_ALL, &p->key, NULL),
                         ASSAY_OK);
}

static inline void commit_to_mass(struct payment *p)
{
    if (!kaspa_storage_mass(&p->tx.storage_mass, &p->tx, p->utxos))
        p->tx.storage_mass = 0;
}

static inline void as_version_1(struct payment *p)
{
    p->tx.version = 1;
    for (size_t i = 0; i < MANY; i++) {
        p->inputs[i].commit_kind = KASPA_COMMIT_BUDGET;
        p->inputs[i].commit = 10;
    }
}

#endif
