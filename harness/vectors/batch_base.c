/* Transactions of a batch channel, made and signed; see batch_base.h. Source: Kaspa x402 batch
 * digest, sections 4, 5.1, 8, 9 and 16. */
#include "run/operations_batch.h"
#include "vectors/batch_making.h"

#include <stdio.h>

#define TEXT_MAX_BYTES ((size_t)1 << 20)

static const char plan_text[] =
    "{'channelConfig': " BATCH_CONFIG
    ", 'txid': '5151515151515151515151515151515151515151515151515151515151515151', 'value': "
    "'" BATCH_VALUE "', 'claimed': '" BATCH_CLAIMED "', 'total': '" BATCH_TOTAL "', 'amount': "
    "'" BATCH_AMOUNT "', 'fee': '" BATCH_FEE "', 'lockTime': '" BATCH_TIMEOUT "', 'funding': []}";

static const char pov_text[] = "{'daaScore': '2000000', 'pastMedianTime': '1800000000000'}";

const char *const vectors_batch_verifies[KX_BATCH_KINDS] = {
    [KX_BATCH_GENESIS] = "genesis.verify",
    [KX_BATCH_CLAIM] = "claim.verify",
    [KX_BATCH_TOP_UP] = "topup.verify",
    [KX_BATCH_REFUND] = "refund.verify",
};
const char *const vectors_batch_builds[KX_BATCH_KINDS] = {
    [KX_BATCH_GENESIS] = "genesis.build",
    [KX_BATCH_CLAIM] = "claim.build",
    [KX_BATCH_TOP_UP] = "topup.build",
    [KX_BATCH_REFUND] = "refund.build",
};

/* ---- changes ---- */

static size_t successor(const struct batch_making *m)
{
    return m->kind == KX_BATCH_CLAIM ? 1 : 0;
}

static char index_of(const struct batch_making *m, char step)
{
    switch (step) {
    case 'S':
        return (char)('0' + successor(m));
    case 'P':
        return m->kind == KX_BATCH_TOP_UP ? '1' : '0';
    case 'F':
        return (char)('0' + batch_first_funding(m));
    default:
        return step;
    }
}

/* The path with its steps of one letter replaced. */
static void path_of(char out[96], const struct batch_making *m, const char *path)
{
    size_t len = strlen(path);

    (void)snprintf(out, 96, "%s", path);
    for (size_t i = 1; i < len && i < 95; i++)
        if (path[i - 1] == '.' && (path[i + 1] == '.' || path[i + 1] == '\0'))
            out[i] = index_of(m, path[i]);
}

static void open_lane(struct batch_making *m, struct kx_lane *lane, const json_t *plan)
{
    json_t *result = NULL;

    if (batch_in_lane(lane, &m->arena, plan, &result, m->v->err) != OPERATION_OK)
        assay_fail(m->v->err, ASSAY_E_MALFORMED, 0, "a channel cannot be opened: %s",
                   vectors_text(result, "reason"));
    json_decref(result);
}

/* Before the lane is open there is none. */
static json_t *lane_word(const char *text, void *context)
{
    struct batch_making *m = context;

    return m->lane.tmpl != NULL ? vectors_lane_word(m->v, &m->arena, &m->lane, text) : NULL;
}

void batch_change(struct batch_making *m, enum vectors_batch_stage stage, json_t *value)
{
    for (size_t i = 0; i < VECTORS_BATCH_PATCHES_MAX && m->patches[i].stage != BATCH_END; i++) {
        char path[96];
        const struct vectors_patch one[] = {{path, m->patches[i].json}, {NULL, NULL}};

        path_of(path, m, m->patches[i].path);
        if (m->patches[i].stage == stage)
            vectors_patch(m->v, value, one);
    }
    vectors_put_words(value, lane_word, m);
}

/* ---- the plan ---- */

static void make_plan(struct batch_making *m)
{
    static const char *const coins[KX_BATCH_KINDS] = {
        [KX_BATCH_GENESIS] = "[{'value': '1002000000'}]",
        [KX_BATCH_CLAIM] = "[]",
        [KX_BATCH_TOP_UP] = "[{'value': '700000000'}]",
        [KX_BATCH_REFUND] = "[]",
    };
    static const char *const amounts[KX_BATCH_KINDS] = {
        [KX_BATCH_GENESIS] = BATCH_DEPOSIT,
        [KX_BATCH_CLAIM] = BATCH_AMOUNT,
        [KX_BATCH_TOP_UP] = BATCH_ADDED,
        [KX_BATCH_REFUND] = "0",
    };
    json_t *config;

    m->plan = vectors_json(m->v, plan_text);
    config = json_object_get(m->plan, "channelConfig");
    (void)json_object_set_new(config, "templateId",
                              json_string(kx_escrow_templates[m->generation - 1].id));
    (void)json_object_set_new(m->plan, "amount", json_string(amounts[m->kind]));
    (void)json_object_set_new(m->plan, "funding", vectors_json(m->v, coins[m->kind]));
    if (kx_escrow_templates[m->generation - 1].state_at == 0)
        (void)json_object_set_new(m->plan, "claimed", json_string("0"));
    batch_change(m, BATCH_PLAN, m->plan);
}

static void make_head(struct batch_making *m)
{
    m->head = (struct kx_lane_head){.value = batch_number_of(m, m->plan, "value"),
                                    .claimed = batch_number_of(m, m->plan, "claimed")};
    if (m->lane.tmpl->state_at != 0)
        memset(m->head.covenant_id.at, 0xc0, sizeof(m->head.covenant_id.at));
    (void)kaspa_in_hash(&m->head.outpoint.txid, m->plan, "txid", m->v->err);
}

static size_t make_funding(struct batch_making *m)
{
    const json_t *coins = json_object_get(m->plan, "funding");
    size_t count = json_array_size(coins);

    for (size_t i = 0; i < count && i < ARRAY_LEN(m->funding); i++) {
        struct kx_batch_funding *f = &m->funding[i];

        f->utxo.amount = batch_number_of(m, json_array_get(coins, i), "value");
        f->utxo.spk = m->lane.refund;
        f->utxo.block_daa_score = 1000;
        f->outpoint = m->head.outpoint;
        f->outpoint.txid.at[0] ^= 0xff;
        f->outpoint.index = (uint32_t)i;
    }
    return count;
}

/* ---- the transaction ---- */

static json_t *utxos_of(const struct kx_batch_artifact *made)
{
    json_t *array = json_array();

    for (size_t i = 0; i < made->tx.input_count; i++) {
        const struct kaspa_utxo *utxo = &made->utxos[i];
        json_t *one =
            json_pack("{s:o, s:o, s:s}", "amount", kaspa_out_u64(utxo->amount), "scriptPublicKey",
                      kaspa_out_spk(&utxo->spk), "blockDaaScore", "1000");

        if (utxo->has_covenant)
            (void)json_object_set_new(one, "covenantId", kaspa_out_hash(&utxo->covenant_id));
        (void)json_array_append_new(array, one);
    }
    return array;
}

static json_t *head_json(const struct batch_making *m)
{
    json_t *head =
        json_pack("{s:{s:o, s:i}, s:o, s:o}", "outpoint", "txid",
                  kaspa_out_hash(&m->head.outpoint.txid), "index", 0, "value",
                  kaspa_out_u64(m->head.value), "claimed", kaspa_out_u64(m->head.claimed));

    if (m->lane.tmpl->state_at != 0)
        (void)json_object_set_new(head, "covenantId", kaspa_out_hash(&m->head.covenant_id));
    return head;
}

static void write_input(struct batch_making *m, const struct kx_batch_artifact *made)
{
    struct assay_buf text = ASSAY_BUF_INIT(TEXT_MAX_BYTES);

    kaspa_tx_write(&text, &made->tx, NULL, KASPA_JSON_NESTED);
    m->in = json_pack("{s:O}", "channelConfig", json_object_get(m->plan, "channelConfig"));
    if (m->kind != KX_BATCH_GENESIS)
        (void)json_object_set_new(m->in, "head", head_json(m));
    (void)json_object_set_new(m->in, "transaction", vectors_loaded(&text));
    (void)json_object_set_new(m->in, "utxos", utxos_of(made));
    (void)json_object_set_new(m->in, "pov", vectors_json(m->v, pov_text));
    assay_buf_fini(&text);
}

/* Without signatures: the builder judges what is complete alone. */
static void make_tx(struct batch_making *m)
{
    struct kx_batch_artifact made;
    struct kx_batch_plan plan = {.kind = m->kind,
                                 .lane = &m->lane,
                                 .head = &m->head,
                                 .fee = batch_number_of(m, m->plan, "fee"),
                                 .amount = batch_number_of(m, m->plan, "amount"),
                                 .total = batch_number_of(m, m->plan, "total"),
                                 .lock_time = batch_number_of(m, m->plan, "lockTime"),
                                 .funding = m->funding,
                                 .funding_count = make_funding(m)};

    if (!batch_has_failed(m) && kx_batch_tx_build(&made, &m->arena, &plan, m->v->err) == ASSAY_OK)
        write_input(m, &made);
}

/* ---- what is asked for otherwise ---- */

static void ask(struct batch_making *m)
{
    static const char *const members[] = {"lockTime", "payload"};
    json_t *outputs = json_object_get(batch_tx_of(m), "outputs");
    struct kaspa_spk spk;

    m->asked = json_object();
    batch_change(m, BATCH_ASK, m->asked);
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (json_object_get(m->asked, members[i]) != NULL)
            (void)json_object_set(batch_tx_of(m), members[i],
                                  json_object_get(m->asked, members[i]));
    if (json_object_get(m->asked, "sequence") != NULL)
        (void)json_object_set(json_array_get(json_object_get(batch_tx_of(m), "inputs"), 0),
                              "sequence", json_object_get(m->asked, "sequence"));
    if (json_object_get(m->asked, "successorClaimed") == NULL)
        return;
    if (kx_lane_spk(&spk, &m->arena, &m->lane, batch_number_of(m, m->asked, "successorClaimed")) !=
        ASSAY_OK)
        batch_no_memory(m);
    else
        (void)json_object_set_new(json_array_get(outputs, successor(m)), "scriptPublicKey",
                                  kaspa_out_spk(&spk));
}

/* ---- the whole ---- */

static void init(struct batch_making *m, struct vectors *v, int generation, enum kx_batch_kind kind,
                 const struct vectors_batch_patch *patches)
{
    *m = (struct batch_making){.v = v,
                               .patches = patches,
                               .kind = kind,
                               .generation = generation,
                               .arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES),
                               .k = KASPA_IN_INIT};
}

static void fini(struct batch_making *m)
{
    json_decref(m->plan);
    json_decref(m->in);
    json_decref(m->signing);
    json_decref(m->asked);
    json_decref(m->signatures);
    json_decref(m->funders);
    assay_arena_fini(&m->arena);
    assay_arena_fini(&m->k.arena);
}

/* False: the failure is noted. */
static bool make(struct batch_making *m)
{
    if (!batch_has_failed(m))
        make_plan(m);
    if (!batch_has_failed(m))
        open_lane(m, &m->lane, m->plan);
    if (!batch_has_failed(m)) {
        make_head(m);
        make_tx(m);
    }
    if (!batch_has_failed(m)) {
        batch_change(m, BATCH_TX, m->in);
        ask(m);
        batch_sign(m);
    }
    return !batch_has_failed(m);
}

json_t *vectors_batch_verify(struct vectors *v, int generation, enum kx_batch_kind kind,
                             const struct vectors_batch_patch *patches)
{
    struct batch_making m;
    json_t *in = NULL;

    init(&m, v, generation, kind, patches);
    if (make(&m)) {
        batch_change(&m, BATCH_JUDGE, m.in);
        in = json_incref(m.in);
    }
    fini(&m);
    return in;
}

/* The coins of a plan, with their signatures. */
static json_t *funding_of(const struct batch_making *m)
{
    json_t *array = json_array();

    for (size_t i = 0; i < json_array_size(m->funders); i++) {
        const struct kx_batch_funding *f = &m->funding[i];

        (void)json_array_append_new(array, json_pack("{s:{s:o, s:I}, s:o, s:o, s:O}", "outpoint",
                                                     "txid", kaspa_out_hash(&f->outpoint.txid),
                                                     "index", (json_int_t)f->outpoint.index,
                                                     "value", kaspa_out_u64(f->utxo.amount),
                                                     "scriptPublicKey", kaspa_out_spk(&f->utxo.spk),
                                                     "signature", json_array_get(m->funders, i)));
    }
    return array;
}

static json_t *question_of(const struct batch_making *m)
{
    bool is_funded = m->kind == KX_BATCH_GENESIS || m->kind == KX_BATCH_TOP_UP;
    json_t *in = json_pack("{s:O, s:O}", "channelConfig", json_object_get(m->in, "channelConfig"),
                           "fee", json_object_get(m->plan, "fee"));

    if (m->kind != KX_BATCH_GENESIS)
        (void)json_object_set(in, "head", json_object_get(m->in, "head"));
    if (m->kind != KX_BATCH_REFUND)
        (void)json_object_set(in, "amount", json_object_get(m->plan, "amount"));
    else
        (void)json_object_set(in, "lockTime", json_object_get(m->plan, "lockTime"));
    if (m->kind == KX_BATCH_CLAIM)
        (void)json_object_set(in, "total", json_object_get(m->plan, "total"));
    if (is_funded)
        (void)json_object_set_new(in, "funding", funding_of(m));
    (void)json_object_update(in, m->signatures);
    (void)json_object_update(in, m->asked);
    return in;
}

json_t *vectors_batch_build(struct vectors *v, int generation, enum kx_batch_kind kind,
                            const struct vectors_batch_patch *patches)
{
    struct batch_making m;
    json_t *in = NULL;

    init(&m, v, generation, kind, patches);
    if (make(&m)) {
        in = question_of(&m);
        batch_change(&m, BATCH_JUDGE, in);
    }
    fini(&m);
    return in;
}

/* ---- rows ---- */

static const struct kx_batch_tx_rule_row *rule_of(const char *id)
{
    size_t i = 0;

    while (i < KX_BATCH_TX__COUNT && strcmp(kx_batch_tx_rules[i].id, id) != 0)
        i++;
    return i < KX_BATCH_TX__COUNT ? &kx_batch_tx_rules[i] : NULL;
}

static void add_row(struct vectors *v, enum kx_batch_kind kind, const struct vectors_batch_row *row)
{
    const struct kx_batch_tx_rule_row *rule = rule_of(row->about);
    bool is_refused = row->expected == NULL;
    char local[128] = "{}";

    if (rule != NULL)
        (void)snprintf(local, sizeof local, "{'local': '%s'}", kx_local_text(rule->local));
    vectors_add_about(
        v, vectors_batch_verifies[kind], row->name, is_refused ? row->about : row->expected,
        vectors_batch_verify(v, row->generation != 0 ? row->generation : 5, kind, row->patches),
        is_refused ? local : row->known, row->about, row->guards);
}

void vectors_batch_add_rows(struct vectors *v, enum kx_batch_kind kind,
                            const struct vectors_batch_row *rows, size_t count)
{
    for (size_t i = 0; i < count && v->err->code == ASSAY_OK; i++)
        if ((rows[i].kinds & 1U << kind) != 0)
            add_row(v, kind, &rows[i]);
}
