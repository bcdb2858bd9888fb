/* docs/template-drift.md, generated; see drift.h. */
#include "run/drift.h"

#include "kaspa/sign.h"
#include "kaspa_x402/escrow_drift.h"
#include "kaspa_x402/escrow_mutations.h"

#include <stdlib.h>

#define DRIFT_CLAIMED 20000000
#define DRIFT_TIMEOUT 123456789
#define DRIFT_TOLD 3 /* executions that are told of one script */

/* ---- the channel ---- */

static void make_party(uint8_t xonly[ASSAY_XONLY_BYTES], char *address, const char *name)
{
    struct kaspa_address a = {
        .network = KASPA_TESTNET, .version = KASPA_ADDRESS_PUBKEY, .payload_len = 32};
    struct assay_key key;

    kaspa_key_from_seed(&key, ASSAY_LIT("template drift"), assay_str(name));
    memcpy(xonly, key.xonly, ASSAY_XONLY_BYTES);
    memcpy(a.payload, key.xonly, ASSAY_XONLY_BYTES);
    kaspa_address_encode(address, &a);
    assay_key_wipe(&key);
}

enum assay_code drift_world_init(struct drift_world *w, struct assay_err *err)
{
    struct kx_channel channel = {
        .network = ASSAY_LIT(KX_NETWORK_TESTNET),
        .template_id = ASSAY_LIT(KX_ESCROW_V5_TEMPLATE),
        .refund_timeout_daa = DRIFT_TIMEOUT,
    };

    *w = (struct drift_world){.arena = ASSAY_ARENA_INIT(1 << 24)};
    make_party(channel.client, w->refund_address, "client");
    make_party(channel.server, w->pay_to, "provider");
    channel.pay_to = assay_str(w->pay_to);
    channel.refund_address = assay_str(w->refund_address);
    if (kx_lane_open(&w->lane, &w->arena, kx_batch_binding_find(ASSAY_LIT("kaspa-escrow-v3")),
                     &channel, err) != KX_LOCAL_NONE)
        return ASSAY_E_NOMEM;
    return kx_behaviour_open(&w->behaviour, &w->arena, &w->lane, DRIFT_CLAIMED, NULL, err);
}

void drift_world_fini(struct drift_world *w)
{
    assay_arena_fini(&w->arena);
}

/* ---- what it begins with ---- */

static size_t count_family(int path)
{
    size_t count = 0;

    for (int i = 0; i < KX_EXECUTION__COUNT; i++)
        count += kx_execution((enum kx_execution_id)i)->path == (enum kx_escrow_path)path ? 1 : 0;
    return count;
}

static void add_introduction(struct assay_buf *out)
{
    assay_buf_printf(
        out,
        "# What a drifted template would allow\n\n"
        "Written by `assay list drift`; a test compares this file with what the program says.\n\n"
        "A channel's coin pays to the hash of its script, so that a script with any byte changed "
        "is refused\nbefore it runs: by its length, by its bytes, by what its slots hold, and at "
        "last by its hash. That is the\npin. This page says what is at stake where somebody leaves "
        "the pin out, or pins the wrong script.\n\n"
        "Each script was asked to allow %d executions, each with one thing unusual: %zu claims, "
        "%zu top-ups and\n%zu refunds (`ref/kaspa_x402/escrow_behaviour.def`). They are made for "
        "the script that is asked: the coin\npays to its hash, successors are the same script with "
        "another state, and who signs has signed exactly\nthat. What it answers otherwise than "
        "`kaspa-x402-escrow-v5` is told.\n\n"
        "- **allows more**: it allows what the reference refuses. Somebody may take money or "
        "authority "
        "that is not\n  his, or break what the other side counts on.\n"
        "- **locks**: it refuses what the reference allows; money cannot be claimed, added or "
        "refunded that way.\n"
        "- **same**: none of the %d came out otherwise. It is no proof that nothing would: another "
        "rule may catch\n  today what this one did, or nobody tried the execution that tells them "
        "apart.\n\n"
        "A stranger who signs holds the key that the script names, but for a key of the channel "
        "with a slip in it,\nwhose secret nobody has.\n",
        (int)KX_EXECUTION__COUNT, count_family(KX_ESCROW_CLAIM), count_family(KX_ESCROW_TOP_UP),
        count_family(KX_ESCROW_REFUND), (int)KX_EXECUTION__COUNT);
}

/* ---- the known mutations ---- */

static const char *refused_by(const struct drift_world *w, const struct kx_escrow_mutation *m,
                              struct assay_bytes script, const struct kx_drifts *drifts)
{
    if (m->is_outside)
        return "its hash";
    if (script.len != w->behaviour.reference.len)
        return "its length";
    return (KX_SLOTS_KNOWN & KX_SLOT_BIT(drifts->list[0].slot)) != 0 ? "a slot's value"
                                                                     : "its bytes";
}

static enum assay_code find_drifts(struct kx_drifts *out, const struct drift_world *w,
                                   struct assay_bytes script)
{
    struct kx_escrow_instance channel;

    if (!kx_escrow_identify(&channel, w->behaviour.reference))
        return ASSAY_E_MISMATCH;
    return kx_escrow_drift(out, w->lane.tmpl, &channel.values, KX_SLOTS_KNOWN, script);
}

static void add_pin(struct assay_buf *out, const struct drift_world *w,
                    const struct kx_escrow_mutation *m, struct assay_bytes script,
                    struct kx_drifts *drifts)
{
    bool has_length = script.len != w->behaviour.reference.len; /* which then says all of it */
    size_t told = 0;

    if (find_drifts(drifts, w, script) != ASSAY_OK || (drifts->total == 0) != m->is_outside) {
        assay_buf_add_str(out, "**not refused**");
        return;
    }
    assay_buf_printf(out, "refused by %s", refused_by(w, m, script, drifts));
    for (size_t i = 0; i < drifts->count; i++) {
        enum kx_escrow_slot slot = drifts->list[i].slot;

        if (has_length && (slot == KX_SLOT_LENGTH || slot == KX_SLOT_REST))
            continue;
        assay_buf_add_str(out, told++ == 0 ? ": " : ";\n  ");
        kx_drift_add_text(out, &drifts->list[i]);
    }
}

static void add_mutation(struct assay_buf *out, const struct drift_world *w, size_t i,
                         struct kx_drifts *drifts)
{
    const struct kx_escrow_mutation *m = kx_escrow_mutation_at(i);
    struct assay_buf script = ASSAY_BUF_INIT(KX_BEHAVIOUR_SCRIPT_MAX);
    struct kx_behaviour_verdict v;

    if (kx_escrow_mutate(&script, &w->behaviour, i) != ASSAY_OK ||
        kx_behaviour_judge(&v, &w->behaviour, assay_buf_view(&script)) != ASSAY_OK) {
        out->bad = ASSAY_E_NOMEM;
    } else {
        assay_buf_printf(out, "\n**%s**: %s.\n\n- Pin: ", m->id, m->name);
        add_pin(out, w, m, assay_buf_view(&script), drifts);
        assay_buf_printf(out, ".\n- Without it: %s: ",
                         m->is_outside ? "locks" : kx_behaviour_class_name(v.class));
        if (m->is_outside)
            assay_buf_add_str(out, "no script has that hash that anybody knows, and nothing can be "
                                   "spent; no execution was run");
        else
            kx_behaviour_add_text(out, &w->behaviour, &v, DRIFT_TOLD);
        assay_buf_add_str(out, ".\n");
    }
    assay_buf_fini(&script);
}

static void add_known(struct assay_buf *out, const struct drift_world *w)
{
    struct kx_drifts *drifts = malloc(sizeof(*drifts));

    if (drifts == NULL) {
        out->bad = ASSAY_E_NOMEM;
        return;
    }
    assay_buf_add_str(out, "\n## The 28 known mutations\n\nA letter behind the number is another "
                           "way to make the same mistake. Where the script got longer or\nshorter, "
                           "what it says of its own length followed, as it does when a changed "
                           "source is compiled.\n");
    for (size_t i = 0; i < kx_escrow_mutation_count(); i++)
        add_mutation(out, w, i, drifts);
    free(drifts);
}

/* ---- single bytes ---- */

struct tally {
    size_t bytes, more, locks, same;
    unsigned families; /* in which more is allowed: 1 << path */
    size_t worst_at;   /* the change that allows most */
    uint8_t worst;
    size_t worst_count; /* of executions; 0: there is none */
    bool has_no_memory;
};

static void note_worst(struct tally *t, const struct drift_world *w, size_t place, size_t k)
{
    struct kx_behaviour_verdict v;
    uint8_t value = drift_value(w, place, k);

    if (kx_behaviour_judge_byte(&v, &w->behaviour, place, value) != ASSAY_OK) {
        t->has_no_memory = true;
    } else if (v.more_count > t->worst_count) {
        t->worst_at = place;
        t->worst = value;
        t->worst_count = v.more_count;
    }
}

static void tally_byte(struct tally *t, const struct drift_world *w,
                       const struct drift_cells *cells, size_t place, bool is_worst_asked)
{
    t->bytes++;
    for (size_t k = 0; k < DRIFT_VALUES; k++) {
        unsigned more, less;

        (void)drift_cell_read(cells->at[place][k], &more, &less);
        t->families |= more;
        t->more += more != 0 ? 1 : 0;
        t->locks += more == 0 && less != 0 ? 1 : 0;
        t->same += more == 0 && less == 0 ? 1 : 0;
        if (more != 0 && is_worst_asked)
            note_worst(t, w, place, k);
    }
}

static void add_worst(struct assay_buf *out, const struct drift_world *w, const struct tally *t)
{
    struct kx_behaviour_verdict v;

    if (t->worst_count == 0)
        return;
    if (t->has_no_memory ||
        kx_behaviour_judge_byte(&v, &w->behaviour, t->worst_at, t->worst) != ASSAY_OK) {
        out->bad = ASSAY_E_NOMEM;
        return;
    }
    assay_buf_printf(out, "byte %zu, %02x for %02x: ", t->worst_at, (unsigned)t->worst,
                     (unsigned)w->behaviour.reference.at[t->worst_at]);
    kx_behaviour_add_text(out, &w->behaviour, &v, 1);
}

static void add_families(struct assay_buf *out, unsigned families)
{
    static const char *const names[KX_ESCROW_PATHS] = {
        [KX_ESCROW_CLAIM] = "claim", [KX_ESCROW_TOP_UP] = "top-up", [KX_ESCROW_REFUND] = "refund"};
    bool is_first = true;

    for (int path = KX_ESCROW_CLAIM; path < KX_ESCROW_PATHS; path++) {
        if ((families & 1U << path) == 0)
            continue;
        assay_buf_printf(out, "%s%s", is_first ? "" : ", ", names[path]);
        is_first = false;
    }
}

static const struct kx_escrow_rule *rule_at(const struct drift_world *w, size_t place)
{
    size_t begin;

    return kx_escrow_rule_at(w->lane.tmpl, DRIFT_TIMEOUT, place, &begin);
}

static void add_rule(struct assay_buf *out, const struct drift_world *w,
                     const struct kx_escrow_rule *rule, const struct tally *t)
{
    assay_buf_printf(out, "| `%s` | %zu | %zu | %zu | %zu | ", rule->id, t->bytes, t->more,
                     t->locks, t->same);
    add_families(out, t->families);
    assay_buf_add_str(out, " | ");
    add_worst(out, w, t);
    assay_buf_add_str(out, " |\n");
}

static void add_rules(struct assay_buf *out, const struct drift_world *w,
                      const struct drift_cells *cells)
{
    for (size_t place = 0; place < DRIFT_PLACES;) {
        const struct kx_escrow_rule *rule = rule_at(w, place);
        struct tally t = {.bytes = 0};

        for (; place < DRIFT_PLACES && rule_at(w, place) == rule; place++)
            tally_byte(&t, w, cells, place, true);
        add_rule(out, w, rule, &t);
    }
}

static void add_single(struct assay_buf *out, const struct drift_world *w,
                       const struct drift_cells *cells)
{
    struct tally all = {.bytes = 0};

    for (size_t place = 0; place < DRIFT_PLACES; place++)
        tally_byte(&all, w, cells, place, false);
    assay_buf_printf(
        out,
        "\n## One byte changed\n\n"
        "%d bytes with %d other values each are %d scripts. The pin refuses all of them. Without "
        "it %zu would allow\nmore (some of them lock other money too), %zu would lock money, and "
        "%zu are the same in all that was\ntried. By the rule that the byte belongs to, in the "
        "order of the script; families are those in which\nmore is allowed, and the worst change "
        "is "
        "the one that allows most.\n\n"
        "| rule | bytes | allow more | lock | same | families | the worst, and the first of what "
        "it "
        "does |\n|---|---|---|---|---|---|---|\n",
        DRIFT_PLACES, DRIFT_VALUES, DRIFT_PLACES * DRIFT_VALUES, all.more, all.locks, all.same);
    add_rules(out, w, cells);
    assay_buf_add_str(
        out,
        "\nWhat follows, where a page does not show it, is the outcome of each change: places, "
        "then how many values\nin order have which letter. The number of a letter (A to Z, a "
        "to z, then !#$%&()*+/:;) has in its lower three\nbits whether claims, top-ups and "
        "refunds allow more, in the upper three whether they allow less.\n\n");
}

void drift_document(struct assay_buf *out, const struct drift_world *w,
                    const struct drift_cells *cells)
{
    add_introduction(out);
    add_known(out, w);
    add_single(out, w, cells);
    drift_cells_add(out, cells);
}
