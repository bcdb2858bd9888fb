/* A lineage on a chain of one's own making; see kx_lineage_world.h. */
#include "ref/tests/kx_lineage_world.h"

#include "base/hex.h"
#include "kaspa_x402/exact_write.h"
#include "kaspa_x402/lineage_json_internal.h"

#include <criterion/criterion.h>

static struct kaspa_hash hash_of(uint8_t kind, unsigned number)
{
    struct kaspa_hash hash = {{kind, (uint8_t)(number >> 8), (uint8_t)number}};

    return hash;
}

struct kaspa_hash kx_journal_block(unsigned number)
{
    return hash_of(0xb1, number);
}

struct kaspa_hash kx_journal_txid(unsigned number)
{
    return hash_of(0x7a, number);
}

static struct kx_checkpoint checkpoint(unsigned block)
{
    return (struct kx_checkpoint){kx_journal_block(block), 1000 + 10 * (uint64_t)block,
                                  5000 + block};
}

/* As if each block were of score 10 above the last, and every tenth counted. */
static struct kx_acceptance accept(struct kaspa_hash txid, unsigned block, unsigned to)
{
    struct kx_acceptance a = {
        .txid = txid,
        .block = kx_journal_block(block),
        .blue_score = 1000 + 10 * (uint64_t)block,
        .confirmations = to > block ? to - block + 1 : 1,
        .checkpoint = checkpoint(to),
    };

    if (a.blue_score > a.checkpoint.blue_score) /* a side chain's block may be of any number */
        a.blue_score = a.checkpoint.blue_score;
    return a;
}

void kx_lineage_world_init(struct kx_lineage_world *w)
{
    struct kx_acceptance acceptance = accept(kx_journal_txid(0), 1, 2);

    memset(w, 0, sizeof(*w));
    kx_lane_world_init(&w->lane);
    w->head = (struct kx_lane_head){
        .outpoint = {kx_journal_txid(0), 0},
        .covenant_id = w->lane.covenant_id,
        .value = 90000000,
    };
    cr_assert_eq(kx_launch_make(&w->launch, &w->lane.arena, &w->lane.lane, &w->head, &acceptance),
                 ASSAY_OK);
    cr_assert_eq(kx_lineage_open(&w->lineage, &w->launch), ASSAY_OK);
}

void kx_lineage_world_fini(struct kx_lineage_world *w)
{
    kx_lane_world_fini(&w->lane);
}

void kx_journal_begin(struct kx_lineage_world *w, unsigned to)
{
    struct kx_lane_head head;

    w->update = (struct kx_update){
        .from = w->lineage.checkpoint,
        .to = checkpoint(to),
        .removed = w->removed,
        .added = w->added,
    };
    w->transition_count = 0;
    w->err = (struct assay_err){.code = ASSAY_OK};
    if (kx_lineage_head(&head, &w->lineage))
        w->head = head;
}

void kx_journal_remove(struct kx_lineage_world *w, unsigned block)
{
    cr_assert_lt(w->update.removed_count, KX_JOURNAL_BLOCKS);
    w->removed[w->update.removed_count++] = kx_journal_block(block);
}

void kx_journal_add(struct kx_lineage_world *w, unsigned block)
{
    cr_assert_lt(w->update.added_count, KX_JOURNAL_BLOCKS);
    w->added[w->update.added_count++] = (struct kx_added){
        .block = kx_journal_block(block),
        .transitions = w->transitions + w->transition_count,
    };
}

static unsigned number_of(const struct kaspa_hash *hash)
{
    return (unsigned)hash->at[1] << 8 | hash->at[2];
}

void kx_journal_genesis(struct kx_lineage_world *w)
{
    struct kx_added *block = &w->added[w->update.added_count - 1];

    block->has_genesis = true;
    block->genesis =
        accept(kx_journal_txid(0), number_of(&block->block), number_of(&w->update.to.block));
    w->head = w->lineage.genesis;
}

static void make_successor(struct kx_lineage_world *w, struct kx_transition *t, uint64_t amount)
{
    t->has_successor = true;
    t->successor_count = 1;
    t->successor = w->head;
    t->successor.outpoint = (struct kaspa_outpoint){t->txid, t->kind == KX_CLAIM ? 1 : 0};
    if (t->kind == KX_CLAIM) {
        t->successor.value -= amount;
        t->successor.claimed += amount;
    } else {
        t->successor.value += amount;
    }
    cr_assert_eq(kx_lane_spk(&t->spk, &w->lane.arena, &w->lane.lane, t->successor.claimed),
                 ASSAY_OK);
}

struct kx_transition *kx_journal_transit(struct kx_lineage_world *w, unsigned txid,
                                         enum kx_transition_kind kind, uint64_t amount)
{
    struct kx_added *block = &w->added[w->update.added_count - 1];
    struct kx_transition *t = &w->transitions[w->transition_count];

    cr_assert_lt(w->transition_count, KX_JOURNAL_TRANSITIONS);
    *t = (struct kx_transition){
        .kind = kind,
        .covenant_id = w->lane.covenant_id,
        .template_id = assay_str(w->lane.lane.tmpl->id),
        .consumed = w->head.outpoint,
        .txid = kx_journal_txid(txid),
        .acceptance =
            accept(kx_journal_txid(txid), number_of(&block->block), number_of(&w->update.to.block)),
    };
    if (kind == KX_REFUND) {
        t->has_terminal = true;
        t->terminal_spk = w->lane.lane.refund;
        t->terminal_value = w->head.value - amount;
    } else {
        make_successor(w, t, amount);
        w->head = t->successor;
    }
    w->transition_count++;
    block->count++;
    return t;
}

enum kx_lineage_rule kx_journal_apply(struct kx_lineage_world *w)
{
    return kx_lineage_apply(&w->lineage, &w->lane.arena, &w->lane.lane, &w->update, &w->err);
}

void kx_journal_claims(struct kx_lineage_world *w, unsigned first, unsigned count)
{
    kx_journal_begin(w, first + count + 1);
    for (unsigned i = 0; i < count; i++) {
        kx_journal_add(w, first + i);
        (void)kx_journal_transit(w, first + i, KX_CLAIM, 1);
    }
    cr_assert_eq(kx_journal_apply(w), KX_LINEAGE_OK, "%s", w->err.text);
}

void kx_journal_remove_down(struct kx_lineage_world *w, unsigned from, unsigned to)
{
    kx_journal_begin(w, 900 + to);
    for (unsigned block = from; block >= to; block--)
        kx_journal_remove(w, block);
    cr_assert_eq(kx_journal_apply(w), KX_LINEAGE_OK, "%s", w->err.text);
}

enum kx_lineage_rule kx_journal_accept(struct kx_lineage_world *w, unsigned block, unsigned txid,
                                       enum kx_transition_kind kind, uint64_t amount)
{
    kx_journal_begin(w, block + 1);
    kx_journal_add(w, block);
    (void)kx_journal_transit(w, txid, kind, amount);
    return kx_journal_apply(w);
}

/* ---- as JSON ---- */

static void write_transition(struct assay_buf *out, const struct kx_transition *t)
{
    assay_buf_add_byte(out, '{');
    kx_write_str(out, "kind", kx_transition_name(t->kind));
    kx_write_hash32(out, "covenantId", &t->covenant_id);
    kx_write_text(out, "templateId", t->template_id);
    kx_write_outpoint(out, "consumedOutpoint", &t->consumed);
    kx_write_hash32(out, "transactionId", &t->txid);
    kx_write_number(out, "authorizedSuccessorCount", t->successor_count);
    if (t->has_successor) {
        kx_write_name(out, "successor");
        assay_buf_add_byte(out, '{');
        kx_write_outpoint(out, "outpoint", &t->successor.outpoint);
        kx_write_hash32(out, "covenantId", &t->successor.covenant_id);
        kx_write_number(out, "authorizingInput", t->authorizing_input);
        kx_write_spk(out, "scriptPublicKey", &t->spk);
        kx_write_decimal(out, "value", t->successor.value);
        kx_write_decimal(out, "claimedCumulativeAmount", t->successor.claimed);
        assay_buf_add_byte(out, '}');
    } else {
        kx_write_str(out, "successor", NULL);
    }
    kx_write_name(out, "terminalOutput");
    if (t->has_terminal) {
        assay_buf_add_byte(out, '{');
        kx_write_number(out, "index", t->terminal_index);
        kx_write_spk(out, "scriptPublicKey", &t->terminal_spk);
        kx_write_decimal(out, "value", t->terminal_value);
        assay_buf_add_byte(out, '}');
    } else {
        assay_buf_add_str(out, "null");
    }
    kx_write_acceptance(out, "acceptance", &t->acceptance);
    assay_buf_add_byte(out, '}');
}

static void write_added(struct assay_buf *out, const struct kx_added *block)
{
    assay_buf_add_byte(out, '{');
    kx_write_hash32(out, "acceptingBlockHash", &block->block);
    if (block->has_genesis)
        kx_write_acceptance(out, "genesis", &block->genesis);
    else
        kx_write_str(out, "genesis", NULL);
    kx_write_name(out, "transitions");
    assay_buf_add_byte(out, '[');
    for (size_t i = 0; i < block->count; i++) {
        assay_buf_add_str(out, i > 0 ? "," : "");
        write_transition(out, &block->transitions[i]);
    }
    assay_buf_add_str(out, "]}");
}

void kx_journal_update_write(struct assay_buf *out, const struct kx_lineage_world *w)
{
    const struct kx_update *u = &w->update;

    assay_buf_add_byte(out, '{');
    kx_write_checkpoint(out, "from", &u->from);
    kx_write_checkpoint(out, "checkpoint", &u->to);
    kx_write_str(out, "continuity", u->is_pruned ? "pruned" : "complete");
    kx_write_name(out, "removed");
    for (size_t i = 0; i < u->removed_count; i++) {
        assay_buf_add_str(out, i > 0 ? ",\"" : "[\"");
        assay_buf_add_hex(out, assay_bytes_of(u->removed[i].at, 32));
        assay_buf_add_byte(out, '"');
    }
    assay_buf_add_str(out, u->removed_count > 0 ? "]" : "[]");
    kx_write_name(out, "added");
    assay_buf_add_byte(out, '[');
    for (size_t i = 0; i < u->added_count; i++) {
        assay_buf_add_str(out, i > 0 ? "," : "");
        write_added(out, &u->added[i]);
    }
    assay_buf_add_str(out, "]}");
}
