/* A lineage's journal against a chain of blocks that is computed anew after each update. Held: the
 * head is the chain's, and so is the channel's status; a wrong update changes nothing, or ends the
 * lineage where its rule says so; the state is written, read as the same one, and may follow upon
 * what it was. The text of an update, whatever it is, does neither more nor less.
 *
 * An input is a sequence of updates, an option each; or a text. Source: Kaspa x402 batch digest,
 * section 13. */
#include "fuzz.h"

#include "fuzz/lib/input.h"
#include "fuzz/lib/lane.h"
#include "kaspa_x402/lineage.h"

enum { BLOCKS_MAX = 128, DEEDS_MAX = 2, UPDATE_BLOCKS = 4, STEPS_MAX = 40, ARENA_BYTES = 1 << 25 };
enum { VALUE = 90000000, TEMPLATE = 4, SCORE = 10 };
/* An update's option: blocks taken back, one or two added, and from DECEIT on what is wrong of it.
 */
enum { TAKES_BACK = 4, ADDS_TWO = 8, DECEIT = 32 };
enum deceit { HONEST, CLAIMED, CONSUMED = 5, RESUMES, UNKNOWN_BLOCK };

struct deed {
    unsigned txid;
    enum kx_transition_kind kind;
    uint64_t amount;
};

struct block {
    unsigned number;
    struct deed deeds[DEEDS_MAX];
    size_t count;
};

struct model {
    struct block chain[BLOCKS_MAX]; /* the genesis is in the first */
    size_t len;
    unsigned last; /* number that was given to a block or a transaction */
    bool is_rolled_back;
};

struct world {
    struct assay_arena arena;
    struct fuzz_input in;
    struct fuzz_lane sides;
    const struct kx_lane *lane;
    struct kaspa_hash covenant_id;
    struct kx_lineage lineage;
    struct model m;
    /* the update that is made */
    struct kx_update update;
    struct kaspa_hash removed[UPDATE_BLOCKS + 1];
    struct kx_added added[UPDATE_BLOCKS];
    struct kx_transition transitions[UPDATE_BLOCKS * DEEDS_MAX];
    size_t transition_count;
};

static struct kaspa_hash hash_of(uint8_t kind, unsigned number)
{
    return (struct kaspa_hash){{kind, (uint8_t)(number >> 8), (uint8_t)number}};
}

static struct kx_checkpoint checkpoint(unsigned number)
{
    return (struct kx_checkpoint){hash_of(0xb1, number), 1000 + SCORE * (uint64_t)number,
                                  5000 + number};
}

static struct kx_acceptance accept(struct kaspa_hash txid, unsigned block, unsigned to)
{
    return (struct kx_acceptance){txid, hash_of(0xb1, block), 1000 + SCORE * (uint64_t)block,
                                  to - block + 1, checkpoint(to)};
}

/* ---- the model ---- */

static bool do_deed(struct kx_lane_head *head, const struct deed *deed)
{
    head->outpoint =
        (struct kaspa_outpoint){hash_of(0x7a, deed->txid), deed->kind == KX_CLAIM ? 1 : 0};
    if (deed->kind == KX_CLAIM) {
        head->value -= deed->amount;
        head->claimed += deed->amount;
    } else if (deed->kind == KX_TOP_UP) {
        head->value += deed->amount;
    }
    return deed->kind != KX_REFUND;
}

/* False: it has ended. */
static bool replay(struct kx_lane_head *head, const struct world *w)
{
    bool is_open = true;

    *head = w->lineage.genesis;
    for (size_t i = 0; i < w->m.len; i++) {
        for (size_t k = 0; k < w->m.chain[i].count; k++)
            is_open = do_deed(head, &w->m.chain[i].deeds[k]);
    }
    return is_open;
}

/* ---- an update, of the model and as it is reported ---- */

static void begin(struct world *w)
{
    uint8_t salt[32] = {0x55};
    struct kx_launch launch;
    struct kx_lane_head genesis;
    struct kx_acceptance acceptance = accept(hash_of(0x7a, 0), 1, 2);

    fuzz_lane_open(&w->sides, &w->arena, TEMPLATE, salt);
    w->lane = &w->sides.lane;
    w->covenant_id = hash_of(0xc0, 1);
    genesis = (struct kx_lane_head){{hash_of(0x7a, 0), 0}, w->covenant_id, VALUE, 0};
    FUZZ_CHECK(kx_launch_make(&launch, &w->arena, w->lane, &genesis, &acceptance) == ASSAY_OK);
    FUZZ_CHECK(kx_lineage_open(&w->lineage, &launch) == ASSAY_OK);
    w->m = (struct model){.chain = {{.number = 1}}, .len = 1, .last = 10};
}

static void take_back(struct world *w, size_t count)
{
    while (count-- > 0 && w->m.len > 1) {
        const struct block *top = &w->m.chain[--w->m.len];

        if (top->count > 0) /* a block without transitions was never reported */
            w->removed[w->update.removed_count++] = hash_of(0xb1, top->number);
        w->m.is_rolled_back = w->m.is_rolled_back || top->count > 0;
    }
}

static void report(struct world *w, const struct block *block, const struct deed *deed,
                   const struct kx_lane_head *from, const struct kx_lane_head *to)
{
    struct kx_transition *t = &w->transitions[w->transition_count++];
    struct kaspa_hash txid = hash_of(0x7a, deed->txid);

    *t = (struct kx_transition){.kind = deed->kind,
                                .covenant_id = w->covenant_id,
                                .template_id = assay_str(w->lane->tmpl->id),
                                .consumed = from->outpoint,
                                .txid = txid,
                                .acceptance = accept(txid, block->number, w->m.last + 20)};
    if (deed->kind == KX_REFUND) {
        t->has_terminal = true;
        t->terminal_spk = w->lane->refund;
        t->terminal_value = from->value - deed->amount;
        return;
    }
    t->has_successor = true;
    t->successor_count = 1;
    t->successor = *to;
    FUZZ_CHECK(kx_lane_spk(&t->spk, &w->arena, w->lane, to->claimed) == ASSAY_OK);
}

static void add_block(struct world *w)
{
    static const enum kx_transition_kind kinds[] = {KX_CLAIM, KX_CLAIM, KX_TOP_UP, KX_TOP_UP};
    struct block *block = &w->m.chain[w->m.len];
    uint8_t option = fuzz_option(&w->in);
    struct kx_added *added = &w->added[w->update.added_count];
    struct kx_lane_head head, next;
    bool is_open = replay(&head, w);

    *block = (struct block){.number = ++w->m.last};
    *added = (struct kx_added){.block = hash_of(0xb1, block->number),
                               .transitions = w->transitions + w->transition_count};
    for (size_t i = 0; i < (option & 3U) && i < DEEDS_MAX && is_open; i++) {
        struct deed *deed = &block->deeds[block->count++];

        deed->txid = ++w->m.last;
        deed->kind = option >= 0xf0 ? KX_REFUND : kinds[option >> (2 + 2 * i) & 3];
        deed->amount = 1 + fuzz_number(&w->in, 1);
        next = head;
        is_open = do_deed(&next, deed);
        report(w, block, deed, &head, &next);
        head = next;
    }
    w->m.len++;
    added->count = block->count;
    w->update.added_count += block->count > 0 ? 1 : 0;
}

/* The numbers that blocks and transactions get fit under the checkpoint, so that `last` may rise.
 */
static void settle(struct world *w, unsigned to)
{
    w->update.to = checkpoint(to);
    for (size_t i = 0; i < w->transition_count; i++) {
        struct kx_acceptance *a = &w->transitions[i].acceptance;

        a->checkpoint = w->update.to;
        a->confirmations = (w->update.to.blue_score - a->blue_score) / SCORE + 1;
    }
    w->m.last = to;
}

/* False: there is nothing to lie about. */
static bool deceive(struct world *w, enum deceit deceit)
{
    struct kx_transition *last =
        w->transition_count > 0 ? &w->transitions[w->transition_count - 1] : NULL;

    switch (deceit) {
    case CLAIMED:
        if (last != NULL)
            last->successor.claimed++;
        return last != NULL && last->has_successor;
    case CONSUMED:
        if (last != NULL)
            last->consumed.index ^= 7;
        return last != NULL;
    case RESUMES:
        w->update.from.block.at[31] ^= 1;
        return true;
    case UNKNOWN_BLOCK: /* nothing of it was ever reported: it is passed over */
        w->removed[w->update.removed_count++] = hash_of(0xb2, 1);
        return false;
    case HONEST:
        break;
    }
    return false;
}

/* ---- the comparison ---- */

static void check_state(struct world *w, const struct kx_lineage *before)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    struct assay_buf text = ASSAY_BUF_INIT(KX_STATE_MAX_BYTES), again = text;
    struct kx_channel_record old = {.offchain = {.version = 7}, .lineage = *before};
    struct kx_channel_record new = {.offchain = {.version = 8}};

    FUZZ_CHECK(kx_lineage_write(&text, &arena, w->lane, &w->lineage) == ASSAY_OK);
    FUZZ_CHECK(kx_lineage_read(&new.lineage, &arena, w->lane, assay_buf_view(&text), NULL) ==
               KX_LINEAGE_OK);
    FUZZ_CHECK(kx_lineage_write(&again, &arena, w->lane, &new.lineage) == ASSAY_OK);
    FUZZ_CHECK(assay_bytes_equal(assay_buf_view(&text), assay_buf_view(&again)));
    FUZZ_CHECK(kx_record_extends(&old, &new, &arena, w->lane, NULL) == KX_LINEAGE_OK);
    assay_buf_fini(&text);
    assay_buf_fini(&again);
    assay_arena_fini(&arena);
}

static void check_head(const struct world *w)
{
    struct kx_lane_head want, got;
    bool is_open = replay(&want, w);
    enum kx_channel_status status = !is_open              ? KX_CHANNEL_REFUNDED
                                    : w->m.is_rolled_back ? KX_CHANNEL_SUSPICIOUS
                                                          : KX_CHANNEL_ACTIVE;

    FUZZ_CHECK(kx_lineage_head(&got, &w->lineage) == is_open);
    FUZZ_CHECK(!is_open || kx_lane_head_equal(&want, &got));
    FUZZ_CHECK(kx_lineage_status(&w->lineage, KX_CHANNEL_ACTIVE) == status);
}

/* What is refused is told, and leaves everything but what its rule ends. */
static void check_refused(const struct world *w, const struct kx_lineage *before,
                          enum kx_lineage_rule rule, const struct assay_err *err)
{
    struct kx_lineage now = w->lineage;

    FUZZ_CHECK(rule != KX_LINEAGE_OK && err->text[0] != '\0');
    if (kx_lineage_rules[rule].ends)
        FUZZ_CHECK(now.unavailable == rule);
    now.unavailable = before->unavailable;
    FUZZ_CHECK(now.count == before->count && now.anchor.folded == before->anchor.folded);
    FUZZ_CHECK(memcmp(now.events, before->events, now.count * sizeof(now.events[0])) == 0);
    FUZZ_CHECK(now.is_rolled_back == before->is_rolled_back);
    FUZZ_CHECK(kx_lineage_rules[rule].ends || w->lineage.unavailable == before->unavailable);
}

/* False: the lineage has ended, as it may. */
static bool take_step(struct world *w)
{
    uint8_t option = fuzz_option(&w->in);
    struct kx_lineage before = w->lineage;
    struct model was = w->m;
    struct assay_err err = {0};
    enum kx_lineage_rule rule;
    bool is_wrong, is_full;

    w->update =
        (struct kx_update){.from = w->lineage.checkpoint, .removed = w->removed, .added = w->added};
    w->transition_count = 0;
    if ((option & TAKES_BACK) != 0)
        take_back(w, (option & 3U) + 1);
    add_block(w);
    if ((option & ADDS_TWO) != 0)
        add_block(w);
    settle(w, w->m.last + 20);
    is_wrong = deceive(w, (enum deceit)(option / DECEIT));
    rule = kx_lineage_apply(&w->lineage, &w->arena, w->lane, &w->update, &err);
    if (rule == KX_LINEAGE_OK)
        FUZZ_CHECK(!is_wrong);
    else
        check_refused(w, &before, rule, &err);
    if (is_wrong && rule != KX_LINEAGE_OK) {
        unsigned last = w->m.last;

        w->m = was;
        w->m.last = last;
        return !kx_lineage_rules[rule].ends;
    }
    /* memory is bounded: what needs room folds events away, before it removes any, or ends it */
    is_full = before.anchor.folded > 0 || before.count > KX_JOURNAL_KEPT;
    if (is_full && (rule == KX_LINEAGE_JOURNAL_LIMIT || rule == KX_LINEAGE_REMOVED_FORGOTTEN))
        return false;
    FUZZ_CHECK(rule == KX_LINEAGE_OK);
    check_head(w);
    if (w->lineage.anchor.folded > before.anchor.folded || w->in.rest.len == 0)
        check_state(w, &before);
    return true;
}

/* Any text, on a lineage that has just begun. */
static void check_text(struct world *w)
{
    struct kx_lineage before = w->lineage;
    struct assay_err err = {0};
    struct kx_update update;
    struct kx_stand stand;
    enum kx_lineage_rule rule = kx_update_read(&update, &w->arena, w->in.rest, &err);

    FUZZ_CHECK((rule == KX_LINEAGE_OK) == (err.text[0] == '\0'));
    FUZZ_CHECK(err.at <= w->in.rest.len);
    if (rule != KX_LINEAGE_OK)
        return;
    rule = kx_lineage_apply(&w->lineage, &w->arena, w->lane, &update, &err);
    if (rule != KX_LINEAGE_OK) {
        check_refused(w, &before, rule, &err);
        return;
    }
    FUZZ_CHECK(kx_lineage_derive(&stand, &w->lineage, NULL) == KX_LINEAGE_OK);
    check_state(w, &before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w = {.arena = ASSAY_ARENA_INIT(ARENA_BYTES), .in = fuzz_input_of(data, size)};
    bool is_text = (fuzz_option(&w.in) & 1) != 0;

    begin(&w);
    if (is_text)
        check_text(&w);
    for (size_t i = 0; !is_text && i < STEPS_MAX && w.in.rest.len > 0; i++) {
        if (!take_step(&w))
            break;
    }
    assay_arena_fini(&w.arena);
    return 0;
}
