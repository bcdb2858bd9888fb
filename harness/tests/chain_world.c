/* A simulated chain for tests; see chain_world.h. */
#include "chain_world.h"

#include "base/hex.h"
#include "kaspa/script.h"

#include <stdlib.h>

#define DUMP_MAX_BYTES ((size_t)64 << 20)

static const uint8_t truth[] = {KASPA_OP_1};

struct kaspa_spk open_spk(void)
{
    return (struct kaspa_spk){.script = assay_bytes_of(truth, sizeof(truth))};
}

struct kaspa_spk spk_of(struct assay_arena *arena, const char *text)
{
    struct assay_buf script = ASSAY_BUF_INIT(KASPA_SCRIPT_MAX_BYTES);
    struct kaspa_spk spk = {0};

    cr_assert_eq(kaspa_script_assemble(&script, assay_str(text), NULL), ASSAY_OK);
    spk.script = assay_arena_copy(arena, assay_buf_view(&script));
    cr_assert_not_null(spk.script.at);
    assay_buf_fini(&script);
    return spk;
}

void draft_init(struct draft *d)
{
    *d = (struct draft){.tx = {.payload = ASSAY_LIT("")}};
    d->tx.inputs = d->inputs;
    d->tx.outputs = d->outputs;
}

void draft_spend(struct draft *d, const struct kaspa_hash *txid, uint32_t index)
{
    cr_assert_lt(d->tx.input_count, DRAFT_MAX);
    d->inputs[d->tx.input_count++] = (struct kaspa_input){
        .previous = {*txid, index},
        .signature_script = ASSAY_LIT(""),
    };
}

void draft_pay(struct draft *d, uint64_t value)
{
    cr_assert_lt(d->tx.output_count, DRAFT_MAX);
    d->outputs[d->tx.output_count++] = (struct kaspa_output){.value = value, .spk = open_spk()};
}

struct kaspa_chain *chain_of(const char *seed)
{
    struct kaspa_chain *chain = NULL;

    cr_assert_eq(kaspa_chain_new(&chain, &(struct kaspa_chain_options){.seed = assay_str(seed),
                                                                       .network = KASPA_SIMNET,
                                                                       .no_relay_policy = true}),
                 ASSAY_OK);
    return chain;
}

struct kaspa_hash funded(struct kaspa_chain *chain, uint64_t amount)
{
    struct kaspa_spk spk = open_spk();
    struct kaspa_outpoint outpoint;

    cr_assert_eq(kaspa_chain_fund(chain, &outpoint, &spk, amount), ASSAY_OK);
    cr_assert_eq(outpoint.index, 0);
    return outpoint.txid;
}

struct kaspa_hash spend(struct kaspa_chain *chain, const struct kaspa_hash *txid, uint64_t value,
                        enum kaspa_submission expected)
{
    uint8_t room[4096];
    struct assay_buf reason = ASSAY_BUF_OVER(room);
    struct kaspa_hash id;
    struct draft d;
    enum kaspa_submission result;

    draft_init(&d);
    draft_spend(&d, txid, 0);
    draft_pay(&d, value);
    result = kaspa_chain_submit(chain, &d.tx, &id, NULL, &reason);
    cr_assert_eq(result, expected, "%d: %s", (int)result, assay_buf_cstr(&reason));
    return id;
}

void mine(struct kaspa_chain *chain, unsigned blocks)
{
    cr_assert_eq(kaspa_chain_mine(chain, &(struct kaspa_mining){.blocks = blocks}), ASSAY_OK);
}

enum kaspa_chain_tx_state state_of(const struct kaspa_chain *chain, const struct kaspa_hash *id)
{
    struct kaspa_chain_tx tx;

    return kaspa_chain_tx(chain, &tx, id) ? tx.state : KASPA_TX_UNKNOWN;
}

struct kaspa_chain_info info_of(const struct kaspa_chain *chain)
{
    struct kaspa_chain_info info;

    kaspa_chain_info(chain, &info);
    return info;
}

void expect_reason(const struct assay_buf *reason, const char *part, const char *row)
{
    char text[2048];
    size_t len = reason->len < sizeof(text) - 1 ? reason->len : sizeof(text) - 1;

    memcpy(text, reason->at, len);
    text[len] = '\0';
    cr_expect_eq(strncmp(text, "Rejected transaction ", 21), 0, "row: %s: %s", row, text);
    cr_expect_not_null(strstr(text, part), "row: %s: %s", row, text);
}

/* ---- the text ---- */

static void add_hash(struct assay_buf *out, const char *label, const struct kaspa_hash *hash)
{
    assay_buf_add_str(out, label);
    assay_buf_add_hex(out, assay_bytes_of(hash->at, sizeof(hash->at)));
}

static void add_number(struct assay_buf *out, const char *label, uint64_t number)
{
    assay_buf_add_str(out, label);
    assay_buf_add_u64(out, number);
}

static void dump_tx(struct assay_buf *out, const struct kaspa_chain *chain,
                    const struct kaspa_hash *id)
{
    struct kaspa_chain_tx tx;

    add_hash(out, "\n tx ", id);
    if (!kaspa_chain_tx(chain, &tx, id))
        return;
    add_number(out, " state ", tx.state);
    add_number(out, " fee ", tx.fee);
    add_number(out, " confirmations ", tx.confirmations);
    add_hash(out, " in ", &tx.accepting_block);
    for (size_t i = 0; i < tx.tx->input_count; i++) {
        assay_buf_add_byte(out, ' ');
        kaspa_utxo_write(out, &tx.spent[i]);
    }
    kaspa_tx_write(out, tx.tx, tx.spent, KASPA_JSON_FLAT);
}

static void dump_block(struct assay_buf *out, const struct kaspa_chain *chain,
                       const struct kaspa_chain_block *block)
{
    add_hash(out, "\nblock ", &block->hash);
    add_hash(out, " upon ", &block->selected_parent);
    add_number(out, " height ", block->height);
    add_number(out, " daa ", block->daa_score);
    add_number(out, " blue ", block->blue_score);
    add_number(out, " time ", (uint64_t)block->time_ms);
    add_number(out, block->is_pruned ? " pruned " : " ", block->is_chain_block);
    for (size_t i = 0; i < block->merged_count; i++)
        add_hash(out, " merged ", &block->merged[i]);
    for (size_t i = 0; i < block->accepted_count; i++)
        dump_tx(out, chain, &block->accepted[i]);
}

static void dump_mempool(struct assay_buf *out, const struct kaspa_chain *chain)
{
    size_t count = kaspa_chain_mempool(chain, NULL, 0);
    struct kaspa_hash *ids = calloc(count + 1, sizeof(*ids));

    cr_assert_not_null(ids);
    cr_assert_eq(kaspa_chain_mempool(chain, ids, count), count);
    assay_buf_add_str(out, "\nmempool");
    for (size_t i = 0; i < count; i++)
        dump_tx(out, chain, &ids[i]);
    free(ids);
}

static void dump_utxos(struct assay_buf *out, const struct kaspa_chain *chain)
{
    struct kaspa_spk spk = open_spk();
    size_t count = kaspa_chain_utxos_of(chain, &spk, NULL, NULL, 0);
    struct kaspa_outpoint *outpoints = calloc(count + 1, sizeof(*outpoints));
    struct kaspa_utxo *utxos = calloc(count + 1, sizeof(*utxos));

    cr_assert(outpoints != NULL && utxos != NULL);
    cr_assert_eq(kaspa_chain_utxos_of(chain, &spk, outpoints, utxos, count), count);
    for (size_t i = 0; i < count; i++) {
        add_hash(out, "\nutxo ", &outpoints[i].txid);
        add_number(out, ":", outpoints[i].index);
        kaspa_utxo_write(out, &utxos[i]);
    }
    free(outpoints);
    free(utxos);
}

static void dump_events(struct assay_buf *out, const struct kaspa_chain *chain)
{
    struct kaspa_chain_event event;

    for (size_t i = 0; kaspa_chain_event(chain, i, &event); i++) {
        add_number(out, "\nevent ", event.result);
        dump_tx(out, chain, &event.id);
        kaspa_tx_write(out, event.tx, NULL, KASPA_JSON_NESTED);
    }
    add_number(out, "\nevents ", kaspa_chain_event_count(chain));
}

void chain_dump(struct assay_buf *out, const struct kaspa_chain *chain)
{
    struct kaspa_chain_info info = info_of(chain);
    struct kaspa_chain_block block;

    out->max = DUMP_MAX_BYTES;
    assay_buf_clear(out);
    add_hash(out, "sink ", &info.sink);
    add_hash(out, " genesis ", &info.genesis);
    add_hash(out, " pruning point ", &info.pruning_point);
    add_number(out, " daa ", info.daa_score);
    add_number(out, " blue ", info.blue_score);
    add_number(out, " time ", (uint64_t)info.sink_time_ms);
    add_number(out, " past median ", (uint64_t)info.past_median_time_ms);
    add_number(out, " blocks ", info.chain_blocks);
    for (uint64_t i = 0; kaspa_chain_block_at(chain, &block, i); i++)
        dump_block(out, chain, &block);
    dump_mempool(out, chain);
    dump_utxos(out, chain);
    dump_events(out, chain);
    cr_assert(assay_buf_ok(out));
}

void expect_same(const struct kaspa_chain *a, const struct kaspa_chain *b, const char *what)
{
    struct assay_buf one = {0}, other = {0};

    chain_dump(&one, a);
    chain_dump(&other, b);
    cr_expect(assay_bytes_equal(assay_buf_view(&one), assay_buf_view(&other)), "%s", what);
    assay_buf_fini(&one);
    assay_buf_fini(&other);
}
