/* Transactions that are right, built and signed: what the cases of kaspa.tx start from. */
#include "vectors/kaspa_tx_base.h"

#include "kaspa/build.h"
#include "kaspa/covenant.h"

#include <stdlib.h>

#define AMOUNT UINT64_C(1000000000)
#define PAID UINT64_C(300000000)
#define SPENDS_MAX 2
#define SCRIPT_MAX_BYTES 4096

struct recipe {
    uint16_t version;
    enum kaspa_spend_kind kind;
    const char *script; /* RAW: what is spent; SCRIPT_HASH: its redeem script */
    bool is_multisig;
    const char *paid_to; /* NULL: a key */
    bool continues, starts;
    size_t spends;
    uint8_t lane;
    int32_t commit;
};

static const struct recipe recipes[] = {
    [VECTORS_TX_V0] = {.kind = KASPA_SPEND_PUBKEY, .commit = KASPA_COMMIT_LEARN},
    [VECTORS_TX_V1] = {.version = 1, .kind = KASPA_SPEND_PUBKEY, .commit = KASPA_COMMIT_LEARN},
    [VECTORS_TX_ECDSA] = {.version = 1,
                          .kind = KASPA_SPEND_PUBKEY_ECDSA,
                          .commit = KASPA_COMMIT_LEARN},
    [VECTORS_TX_MULTISIG] = {.version = 1,
                             .kind = KASPA_SPEND_SCRIPT_HASH,
                             .script = "2 @key:a @key:b @key:c 3 CHECKMULTISIG",
                             .is_multisig = true,
                             .commit = KASPA_COMMIT_LEARN},
    [VECTORS_TX_SIG_OPS] = {.version = 1,
                            .kind = KASPA_SPEND_SCRIPT_HASH,
                            .script = "0 IF 0xacacacacacacacacacacacacacacacac ENDIF 1",
                            .commit = KASPA_COMMIT_LEARN},
    [VECTORS_TX_ANYONE] = {.version = 1, .kind = KASPA_SPEND_RAW, .script = "1"},
    [VECTORS_TX_ANYONE_V0] = {.kind = KASPA_SPEND_RAW, .script = "1"},
    [VECTORS_TX_TWO] = {.version = 1, .kind = KASPA_SPEND_RAW, .script = "1", .spends = 2},
    [VECTORS_TX_SEQ_COMMIT] = {.version = 1,
                               .kind = KASPA_SPEND_RAW,
                               .script = "@covenant CHAINBLOCKSEQCOMMIT",
                               .commit = 1},
    [VECTORS_TX_ODD_OUTPUT] = {.version = 1,
                               .kind = KASPA_SPEND_PUBKEY,
                               .paid_to = "1",
                               .commit = KASPA_COMMIT_LEARN},
    [VECTORS_TX_CONTINUES] = {.version = 1,
                              .kind = KASPA_SPEND_PUBKEY,
                              .continues = true,
                              .commit = KASPA_COMMIT_LEARN},
    [VECTORS_TX_STARTS] = {.version = 1,
                           .kind = KASPA_SPEND_PUBKEY,
                           .starts = true,
                           .commit = KASPA_COMMIT_LEARN},
    [VECTORS_TX_LANE] = {.version = 1,
                         .kind = KASPA_SPEND_PUBKEY,
                         .lane = 7,
                         .commit = KASPA_COMMIT_LEARN},
};

/* Everything that a plan borrows. */
struct room {
    struct assay_key keys[3];
    const struct assay_key *cosigner;
    struct kaspa_spend spends[SPENDS_MAX];
    struct kaspa_output output;
    struct kaspa_spk change;
    struct assay_buf script, spent, paid, rest;
};

static void spent_script(struct room *room, const struct recipe *recipe, struct assay_err *err)
{
    if (recipe->script != NULL)
        (void)vectors_assemble(&room->script, recipe->script, NULL, err);
    switch (recipe->kind) {
    case KASPA_SPEND_PUBKEY:
        kaspa_script_add_pay_to_pubkey(&room->spent, room->keys[0].xonly);
        break;
    case KASPA_SPEND_PUBKEY_ECDSA:
        kaspa_script_add_pay_to_pubkey_ecdsa(&room->spent, room->keys[0].compressed);
        break;
    case KASPA_SPEND_SCRIPT_HASH:
        kaspa_script_add_pay_to_script_hash(&room->spent, assay_buf_view(&room->script));
        break;
    case KASPA_SPEND_RAW:
        assay_buf_add(&room->spent, assay_buf_view(&room->script));
        break;
    }
}

static void fill_spend(struct room *room, const struct recipe *recipe, uint32_t index)
{
    struct kaspa_spend *spend = &room->spends[index];
    bool is_signed = recipe->kind == KASPA_SPEND_PUBKEY ||
                     recipe->kind == KASPA_SPEND_PUBKEY_ECDSA || recipe->is_multisig;

    *spend = (struct kaspa_spend){.kind = recipe->kind,
                                  .outpoint.index = index,
                                  .key = is_signed ? &room->keys[0] : NULL,
                                  .cosigners = recipe->is_multisig ? &room->cosigner : NULL,
                                  .cosigner_count = recipe->is_multisig ? 1 : 0,
                                  .commit = recipe->commit};
    memset(spend->outpoint.txid.at, 0x11, KASPA_HASH_BYTES);
    spend->utxo = (struct kaspa_utxo){.amount = AMOUNT,
                                      .spk.script = assay_buf_view(&room->spent),
                                      .block_daa_score = 1000,
                                      .has_covenant = recipe->continues};
    if (recipe->continues)
        memset(spend->utxo.covenant_id.at, 0xcc, KASPA_HASH_BYTES);
    if (recipe->kind == KASPA_SPEND_SCRIPT_HASH)
        spend->redeem = assay_buf_view(&room->script);
}

static void fill_output(struct room *room, const struct recipe *recipe, struct assay_err *err)
{
    struct kaspa_genesis_output genesis = {0, &room->output};

    if (recipe->paid_to != NULL)
        (void)vectors_assemble(&room->paid, recipe->paid_to, NULL, err);
    else
        kaspa_script_add_pay_to_pubkey(&room->paid, room->keys[1].xonly);
    room->output = (struct kaspa_output){.value = PAID,
                                         .spk.script = assay_buf_view(&room->paid),
                                         .has_covenant = recipe->continues || recipe->starts};
    if (recipe->continues)
        room->output.covenant_id = room->spends[0].utxo.covenant_id;
    else if (recipe->starts)
        kaspa_covenant_id(&room->output.covenant_id, &room->spends[0].outpoint, &genesis, 1);
}

static struct kaspa_plan plan_of(struct room *room, const struct recipe *recipe,
                                 struct assay_err *err)
{
    size_t count = recipe->spends > 0 ? recipe->spends : 1;
    struct kaspa_plan plan = {.version = recipe->version,
                              .spends = room->spends,
                              .spend_count = count,
                              .outputs = &room->output,
                              .output_count = 1,
                              .subnetwork_id[1] = recipe->lane,
                              .gas = recipe->lane > 0 ? 5 : 0};

    vectors_key(&room->keys[0], "a");
    vectors_key(&room->keys[1], "b");
    vectors_key(&room->keys[2], "c");
    room->cosigner = &room->keys[1];
    spent_script(room, recipe, err);
    for (uint32_t i = 0; i < count; i++)
        fill_spend(room, recipe, i);
    fill_output(room, recipe, err);
    kaspa_script_add_pay_to_pubkey(&room->rest, room->keys[2].xonly);
    room->change.script = assay_buf_view(&room->rest);
    plan.change = recipe->kind != KASPA_SPEND_RAW ? &room->change : NULL;
    return plan;
}

/* The transaction as the operations take it: what the writer adds for others goes. */
static json_t *tx_json(const struct kaspa_tx *tx)
{
    struct assay_buf text = ASSAY_BUF_INIT((size_t)1 << 20);
    json_t *object, *input;
    size_t i;

    kaspa_tx_write(&text, tx, NULL, KASPA_JSON_NESTED);
    object = json_loadb((const char *)assay_buf_view(&text).at, text.len, 0, NULL);
    json_object_del(object, "id");
    json_array_foreach (json_object_get(object, "inputs"), i, input) {
        json_object_del(input, "utxo");
        json_object_del(input, tx->version == 0 ? "computeBudget" : "sigOpCount");
    }
    assay_buf_fini(&text);
    return object;
}

static json_t *utxos_json(const struct kaspa_plan *plan)
{
    json_t *array = json_array();

    for (size_t i = 0; i < plan->spend_count; i++) {
        struct assay_buf text = ASSAY_BUF_INIT((size_t)1 << 20);
        json_t *utxo;

        kaspa_utxo_write(&text, &plan->spends[i].utxo);
        utxo = json_loadb((const char *)assay_buf_view(&text).at, text.len, 0, NULL);
        json_object_del(utxo, "address");
        json_array_append_new(array, utxo);
        assay_buf_fini(&text);
    }
    return array;
}

json_t *vectors_tx_base(struct vectors *v, enum vectors_tx which)
{
    struct room room = {.script = ASSAY_BUF_INIT(SCRIPT_MAX_BYTES),
                        .spent = ASSAY_BUF_INIT(SCRIPT_MAX_BYTES),
                        .paid = ASSAY_BUF_INIT(SCRIPT_MAX_BYTES),
                        .rest = ASSAY_BUF_INIT(SCRIPT_MAX_BYTES)};
    struct assay_arena arena = ASSAY_ARENA_INIT((size_t)64 << 20);
    struct kaspa_plan plan = plan_of(&room, &recipes[which], v->err);
    struct kaspa_tx tx = {0};
    json_t *in = NULL;

    if (kaspa_build(&tx, &arena, &plan, v->err) == ASSAY_OK)
        in = json_pack("{s:o, s:o, s:{s:s, s:s}}", "transaction", tx_json(&tx), "utxos",
                       utxos_json(&plan), "pov", "daaScore", "1000000", "pastMedianTime",
                       "1800000000000");
    assay_arena_fini(&arena);
    assay_buf_fini(&room.script);
    assay_buf_fini(&room.spent);
    assay_buf_fini(&room.paid);
    assay_buf_fini(&room.rest);
    return in;
}
