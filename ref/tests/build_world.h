/** Plans for the builder's tests: two spends under a lock, two payments and change; and what the
 *  verifier says of what was built. */
#ifndef ASSAY_REF_TESTS_BUILD_WORLD_H
#define ASSAY_REF_TESTS_BUILD_WORLD_H

#include "kaspa/build.h"
#include "kaspa/verify.h"

#include <criterion/criterion.h>

enum lock {
    LOCK_PUBKEY,
    LOCK_PUBKEY_ECDSA,
    LOCK_HASH_OF_KEY,
    LOCK_HASH_OF_KEY_ECDSA,
    LOCK_MULTISIG,
    LOCK_MULTISIG_ECDSA,
    LOCK_PREIMAGE,
    LOCK_RAW,
    LOCK__COUNT
};

struct world {
    struct assay_arena arena;
    struct assay_key keys[3];
    const struct assay_key *cosigners[2];
    struct kaspa_spend spends[2];
    struct kaspa_output outputs[2];
    struct kaspa_spk change;
    struct kaspa_plan plan;
};

static inline struct assay_bytes kept(struct world *w, const struct assay_buf *buf)
{
    struct assay_bytes bytes = assay_arena_copy(&w->arena, assay_buf_view(buf));

    cr_assert(assay_buf_ok(buf) && bytes.at != NULL);
    return bytes;
}

static inline struct assay_bytes assembled(struct world *w, const char *text)
{
    struct assay_buf script = ASSAY_BUF_INIT(KASPA_SCRIPT_MAX_BYTES);
    struct assay_err err = {0};
    struct assay_bytes bytes;

    cr_assert_eq(kaspa_script_assemble(&script, assay_str(text), &err), ASSAY_OK, "%s", err.text);
    bytes = kept(w, &script);
    assay_buf_fini(&script);
    return bytes;
}

/* The spend is of the hash of its redeem script. */
static inline void lock_by_script(struct world *w, struct kaspa_spend *spend,
                                  struct assay_bytes redeem)
{
    uint8_t room[KASPA_SPK_SCRIPT_HASH_BYTES];
    struct assay_buf script = ASSAY_BUF_OVER(room);

    kaspa_script_add_pay_to_script_hash(&script, redeem);
    spend->kind = KASPA_SPEND_SCRIPT_HASH;
    spend->redeem = redeem;
    spend->utxo.spk.script = kept(w, &script);
}

static inline struct assay_bytes pay_to_key(struct world *w, const struct assay_key *key,
                                            bool ecdsa)
{
    uint8_t room[KASPA_SPK_MAX_STANDARD_BYTES];
    struct assay_buf script = ASSAY_BUF_OVER(room);

    if (ecdsa)
        kaspa_script_add_pay_to_pubkey_ecdsa(&script, key->compressed);
    else
        kaspa_script_add_pay_to_pubkey(&script, key->xonly);
    return kept(w, &script);
}

/* Two of three; the first signs, and one of the others. */
static inline void lock_by_multisig(struct world *w, struct kaspa_spend *spend, bool ecdsa)
{
    uint8_t room[128];
    struct assay_buf redeem = ASSAY_BUF_OVER(room);

    kaspa_script_add_number(&redeem, 2);
    for (size_t i = 0; i < 3; i++)
        kaspa_script_add_push(&redeem, ecdsa ? assay_bytes_of(w->keys[i].compressed, 33)
                                             : assay_bytes_of(w->keys[i].xonly, 32));
    kaspa_script_add_number(&redeem, 3);
    kaspa_script_add_opcode(&redeem, ecdsa ? KASPA_OP_CHECKMULTISIGECDSA : KASPA_OP_CHECKMULTISIG);
    lock_by_script(w, spend, kept(w, &redeem));
    spend->cosigners = w->cosigners;
    spend->cosigner_count = 1;
}

/* Pushes of what has a BLAKE2b hash, and for RAW of the redeem script too. */
static inline void lock_by_preimage(struct world *w, struct kaspa_spend *spend, bool raw)
{
    struct assay_buf script = ASSAY_BUF_INIT(200);

    lock_by_script(w, spend, assembled(w, "DUP BLAKE2B DROP 'preimage' EQUAL"));
    spend->key = NULL;
    kaspa_script_add_push(&script, ASSAY_LIT("preimage"));
    if (raw)
        kaspa_script_add_push(&script, spend->redeem);
    spend->kind = raw ? KASPA_SPEND_RAW : KASPA_SPEND_SCRIPT_HASH;
    spend->unlock = kept(w, &script);
    assay_buf_fini(&script);
}

static inline void lock_spend(struct world *w, struct kaspa_spend *spend, enum lock lock)
{
    bool ecdsa =
        lock == LOCK_PUBKEY_ECDSA || lock == LOCK_HASH_OF_KEY_ECDSA || lock == LOCK_MULTISIG_ECDSA;

    spend->key = &w->keys[0];
    spend->ecdsa = ecdsa;
    spend->unlock = spend->redeem = ASSAY_LIT("");
    if (lock == LOCK_PUBKEY || lock == LOCK_PUBKEY_ECDSA) {
        spend->kind = ecdsa ? KASPA_SPEND_PUBKEY_ECDSA : KASPA_SPEND_PUBKEY;
        spend->utxo.spk.script = pay_to_key(w, spend->key, ecdsa);
    } else if (lock == LOCK_HASH_OF_KEY || lock == LOCK_HASH_OF_KEY_ECDSA) {
        lock_by_script(w, spend, pay_to_key(w, spend->key, ecdsa));
    } else if (lock == LOCK_MULTISIG || lock == LOCK_MULTISIG_ECDSA) {
        lock_by_multisig(w, spend, ecdsa);
    } else {
        lock_by_preimage(w, spend, lock == LOCK_RAW);
    }
}

/* Spends of 10 and 11 KAS pay 3 and 5 KAS, and change. */
static inline void world_init(struct world *w, uint16_t version, enum lock lock)
{
    static const char *const names[] = {"one", "two", "three"};

    memset(w, 0, sizeof(*w));
    w->arena.max = (size_t)64 << 20;
    for (size_t i = 0; i < ARRAY_LEN(w->keys); i++)
        kaspa_key_from_seed(&w->keys[i], ASSAY_LIT("build"), assay_str(names[i]));
    w->cosigners[0] = &w->keys[1];
    w->change.script = pay_to_key(w, &w->keys[2], false);
    for (size_t i = 0; i < ARRAY_LEN(w->spends); i++) {
        lock_spend(w, &w->spends[i], lock);
        w->spends[i].outpoint.index = (uint32_t)i;
        w->spends[i].utxo.amount = (10 + i) * KASPA_SOMPI_PER_KAS;
        w->spends[i].utxo.block_daa_score = 1000;
        w->spends[i].commit = KASPA_COMMIT_LEARN;
        w->outputs[i].value = (3 + 2 * i) * KASPA_SOMPI_PER_KAS;
        w->outputs[i].spk.script = pay_to_key(w, &w->keys[i], i == 1);
    }
    w->plan = (struct kaspa_plan){
        .version = version,
        .spends = w->spends,
        .spend_count = ARRAY_LEN(w->spends),
        .outputs = w->outputs,
        .output_count = ARRAY_LEN(w->outputs),
        .change = &w->change,
        .payload = ASSAY_LIT(""),
    };
}

static inline void world_fini(struct world *w)
{
    assay_arena_fini(&w->arena);
}

/* One spend of `amount` that pays `value`, and change. */
static inline void one_spend(struct world *w, uint64_t amount, uint64_t value)
{
    w->plan.spend_count = w->plan.output_count = 1;
    w->spends[0].utxo.amount = amount;
    w->outputs[0].value = value;
}

static inline struct kaspa_tx built(struct world *w, const char *row)
{
    struct assay_err err = {0};
    struct kaspa_tx tx = {0};

    cr_assert_eq(kaspa_build(&tx, &w->arena, &w->plan, &err), ASSAY_OK, "row: %s: %s", row,
                 err.text);
    return tx;
}

static inline void judge(struct kaspa_verdict *v, struct world *w, const struct kaspa_tx *tx)
{
    static const struct kaspa_point_of_view pov = {2000, 1000};
    struct kaspa_verify with = {
        .utxos = kaspa_plan_utxos(&w->arena, &w->plan), .pov = &pov, .arena = &w->arena};

    cr_assert_not_null(with.utxos);
    kaspa_tx_verify(v, tx, &with);
}

/* By consensus and by relay policy, and the fee is exactly the least. */
static inline void expect_exact(struct world *w, const struct kaspa_tx *tx, const char *row)
{
    struct kaspa_verdict v;

    judge(&v, w, tx);
    cr_expect_eq(v.outcome, KASPA_VALID, "row: %s: %s %s", row, kaspa_tx_error_name(v.error),
                 kaspa_script_error_name(v.script_error));
    cr_expect_eq(v.relay, KASPA_VALID, "row: %s", row);
    cr_expect_eq(v.fee, v.relay_fee, "row: %s", row);
    cr_expect_eq(tx->storage_mass, v.storage_mass, "row: %s", row);
}

#endif
