/* Making, judging and hashing launch manifests; see launch.h. */
#include "kaspa_x402/launch.h"

#include "base/hash.h"
#include "base/hex.h"
#include "kaspa/covenant.h"
#include "kaspa/txid.h"
#include "kaspa_x402/exact_write.h"
#include "kaspa_x402/lineage_internal.h"
#include "x402/document.h"

#include <assert.h>
#include <inttypes.h>

static const struct kx_launch_slot slots_v5[] = {
    {"claimedCumulativeAmount", 8, {2}},
    {"serverPublicKey", 32, {103, 604}},
    {"networkHash", 32, {236}},
    {"clientPublicKey", 32, {279, 568, 902}},
    {"payoutScriptPublicKeyHash", 32, {361}},
    {"refundScriptPublicKeyHash", 32, {727, 1005}},
    {"timeoutDaa", 8, {881}},
};

/* Section 9.1 */
static const struct kx_launch_pins all_pins[] = {
    {
        .template_id = KX_ESCROW_V5_TEMPLATE,
        .compiler = "silverc",
        .commit = "3ed973335b59269293564805cc2c58a14595ec03",
        .command = "silverc kaspa-x402-escrow-v5.sil",
        .source_path = "contracts/kaspa-x402-escrow-v5.sil",
        .source_sha256 = "9f25f3f788ffb3da2afe1a27517a63c7377978c290b62b81890acc9e97df44c4",
        .base_sha256 = "2ee869bc844736a851a4ff938e1a3ce00ef39fd46cf4b23b38405511fc4557e1",
        .slots = slots_v5,
        .slot_count = ARRAY_LEN(slots_v5),
        .abi = "{\"claim\":[\"sig\",\"datasig\",\"byte[8]\",\"byte[8]\"],\"refund\":[\"sig\"],"
               "\"topUp\":[\"sig\",\"sig\"]}",
    },
};

const struct kx_launch_pins *kx_launch_pins_find(struct assay_bytes template_id)
{
    for (size_t i = 0; i < ARRAY_LEN(all_pins); i++) {
        if (assay_bytes_is(template_id, all_pins[i].template_id))
            return &all_pins[i];
    }
    return NULL;
}

/* ---- the parts of a template, canonical ---- */

static void write_bytecode(struct assay_buf *out, const struct kx_launch_pins *pins)
{
    assay_buf_add_byte(out, '{');
    kx_write_str(out, "compiledBaseSha256", pins->base_sha256);
    kx_write_str(out, "templateId", pins->template_id);
    assay_buf_add_byte(out, '}');
}

static void write_compiler(struct assay_buf *out, const struct kx_launch_pins *pins)
{
    assay_buf_add_byte(out, '{');
    kx_write_str(out, "checkedCommit", pins->commit);
    kx_write_str(out, "command", pins->command);
    kx_write_str(out, "name", pins->compiler);
    assay_buf_add_byte(out, '}');
}

static void write_slots(struct assay_buf *out, const struct kx_launch_pins *pins)
{
    assay_buf_add_byte(out, '[');
    for (size_t i = 0; i < pins->slot_count; i++) {
        const struct kx_launch_slot *slot = &pins->slots[i];

        assay_buf_add_str(out, i > 0 ? ",{" : "{");
        kx_write_number(out, "bytes", slot->bytes);
        kx_write_str(out, "name", slot->name);
        kx_write_name(out, "offsets");
        for (size_t k = 0; k < KX_LAUNCH_OFFSETS_MAX && slot->offsets[k] != 0; k++) {
            assay_buf_add_byte(out, k > 0 ? ',' : '[');
            assay_buf_add_u64(out, slot->offsets[k]);
        }
        assay_buf_add_str(out, "]}");
    }
    assay_buf_add_byte(out, ']');
}

/* The tag that a selector pushes. */
static struct assay_bytes tag_of(const struct kx_escrow_template *t, enum kx_escrow_path path)
{
    return assay_bytes_part(t->selectors[path], 1, t->selectors[path].len);
}

static void write_selectors(struct assay_buf *out, const struct kx_escrow_template *t)
{
    assay_buf_add_byte(out, '{');
    kx_write_hex(out, "claim", tag_of(t, KX_ESCROW_CLAIM));
    kx_write_hex(out, "refund", tag_of(t, KX_ESCROW_REFUND));
    kx_write_hex(out, "topUp", tag_of(t, KX_ESCROW_TOP_UP));
    assay_buf_add_byte(out, '}');
}

static void write_source(struct assay_buf *out, const struct kx_launch_pins *pins)
{
    assay_buf_add_byte(out, '{');
    kx_write_str(out, "path", pins->source_path);
    kx_write_str(out, "sha256", pins->source_sha256);
    assay_buf_add_byte(out, '}');
}

static void write_part(struct assay_buf *out, enum kx_launch_part part,
                       const struct kx_launch_pins *pins, const struct kx_escrow_template *t)
{
    switch (part) {
    case KX_LAUNCH_ABI:
        assay_buf_add_str(out, pins->abi);
        return;
    case KX_LAUNCH_BYTECODE:
        write_bytecode(out, pins);
        return;
    case KX_LAUNCH_COMPILER:
        write_compiler(out, pins);
        return;
    case KX_LAUNCH_SLOTS:
        write_slots(out, pins);
        return;
    case KX_LAUNCH_SELECTORS:
        write_selectors(out, t);
        return;
    case KX_LAUNCH_SOURCE:
        write_source(out, pins);
        return;
    case KX_LAUNCH_PARTS:
        return;
    }
}

enum assay_code kx_launch_make(struct kx_launch *out, struct assay_arena *arena,
                               const struct kx_lane *lane, const struct kx_lane_head *genesis,
                               const struct kx_acceptance *acceptance)
{
    const struct kx_launch_pins *pins = kx_launch_pins_find(assay_str(lane->tmpl->id));
    struct kx_launch made = {
        .network = lane->channel.network,
        .covenant_id = genesis->covenant_id,
        .txid = genesis->outpoint.txid,
        .outpoint = genesis->outpoint,
        .value = genesis->value,
        .claimed = genesis->claimed,
        .acceptance = *acceptance,
    };
    char room[1024];

    if (pins == NULL)
        return ASSAY_E_UNSUPPORTED;
    for (int p = 0; p < KX_LAUNCH_PARTS; p++) {
        struct assay_buf text = ASSAY_BUF_OVER(room);

        write_part(&text, (enum kx_launch_part)p, pins, lane->tmpl);
        made.parts[p] = assay_arena_copy(arena, assay_buf_view(&text));
        assert(assay_buf_ok(&text)); /* the pins are no longer */
        if (made.parts[p].at == NULL)
            return ASSAY_E_NOMEM;
    }
    if (kx_lane_spk(&made.spk, arena, lane, genesis->claimed) != ASSAY_OK)
        return ASSAY_E_NOMEM;
    kx_launch_identity(made.identity, &made);
    *out = made;
    return ASSAY_OK;
}

/* ---- hashes ---- */

static const char *const part_names[KX_LAUNCH_PARTS] = {
    [KX_LAUNCH_ABI] = "abi",
    [KX_LAUNCH_BYTECODE] = "bytecode",
    [KX_LAUNCH_COMPILER] = "compiler",
    [KX_LAUNCH_SLOTS] = "constructorSlots",
    [KX_LAUNCH_SELECTORS] = "selectors",
    [KX_LAUNCH_SOURCE] = "source",
};

void kx_launch_identity(uint8_t out[32], const struct kx_launch *launch)
{
    struct assay_sha256 h;

    assay_sha256_init(&h);
    for (int p = 0; p < KX_LAUNCH_PARTS; p++) {
        assay_sha256_add(&h, assay_str(p == 0 ? "{\"" : ",\""));
        assay_sha256_add(&h, assay_str(part_names[p]));
        assay_sha256_add(&h, ASSAY_LIT("\":"));
        assay_sha256_add(&h, launch->parts[p]);
    }
    assay_sha256_add(&h, ASSAY_LIT("}"));
    assay_sha256_end(&h, out);
}

static enum assay_code write_launch(struct assay_buf *out, const void *what, struct assay_err *err)
{
    (void)err;
    kx_launch_write(out, what);
    return out->bad;
}

enum assay_code kx_launch_digest(uint8_t out[32], const struct kx_launch *launch)
{
    return kx_write_digest(out, write_launch, launch, NULL);
}

/* ---- judging ---- */

/* Beside its pinned members a slot may say where its value is from and how it is written. */
static bool slot_is(const struct assay_json *want, uint32_t pinned, const struct assay_json *got,
                    uint32_t slot)
{
    static const char *const members[] = {"bytes", "name", "offsets"};
    static const char *const notes[] = {"encoding", "source"};
    size_t known = ARRAY_LEN(members);

    if (assay_json_type(got, slot) != ASSAY_JSON_OBJECT)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (!x402_equal(want, assay_json_member(want, pinned, members[i]), got,
                        assay_json_member(got, slot, members[i])))
            return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(notes); i++)
        known += assay_json_member(got, slot, notes[i]) != ASSAY_JSON_NONE ? 1 : 0;
    return got->tokens[slot].count == known;
}

static bool slots_are(const struct assay_json *want, const struct assay_json *got)
{
    uint32_t pinned = assay_json_first(want, 0), slot;

    if (assay_json_type(got, 0) != ASSAY_JSON_ARRAY ||
        got->tokens[0].count != want->tokens[0].count)
        return false;
    for (slot = assay_json_first(got, 0); slot != ASSAY_JSON_NONE;
         slot = assay_json_next_sibling(got, 0, slot)) {
        if (!slot_is(want, pinned, got, slot))
            return false;
        pinned = assay_json_next_sibling(want, 0, pinned);
    }
    return true;
}

/* A part of the identity against the pinned one, member by member of those that are pinned: a path
 * and a command are the builder's own, and an abi is whatever the compiler says. */
static bool part_is(const struct kx_launch *launch, struct assay_arena *arena,
                    enum kx_launch_part part, const struct kx_launch_pins *pins,
                    const struct kx_escrow_template *t)
{
    static const char *const pinned[KX_LAUNCH_PARTS][4] = {
        /* NULL ends each */
        [KX_LAUNCH_BYTECODE] = {"compiledBaseSha256", "templateId"},
        [KX_LAUNCH_COMPILER] = {"checkedCommit", "name"},
        [KX_LAUNCH_SELECTORS] = {"claim", "refund", "topUp"},
        [KX_LAUNCH_SOURCE] = {"sha256"},
    };
    char room[1024];
    struct assay_buf text = ASSAY_BUF_OVER(room);
    struct assay_json want, got;
    bool is = true;

    write_part(&text, part, pins, t);
    assert(assay_buf_ok(&text)); /* the pins are no longer */
    if (x402_document_parse(&want, arena, assay_buf_view(&text), true, NULL) != ASSAY_OK ||
        x402_document_parse(&got, arena, launch->parts[part], true, NULL) != ASSAY_OK)
        return false;
    for (size_t i = 0; pinned[part][i] != NULL; i++)
        is = is && x402_equal(&want, assay_json_member(&want, 0, pinned[part][i]), &got,
                              assay_json_member(&got, 0, pinned[part][i]));
    return is && (part != KX_LAUNCH_SLOTS || slots_are(&want, &got));
}

static enum kx_lineage_rule judge_parts(const struct kx_launch *launch, struct assay_arena *arena,
                                        const struct kx_lane *lane, struct assay_err *err)
{
    static const struct {
        enum kx_launch_part part;
        enum kx_lineage_rule rule;
        const char *what;
    } rows[] = {
        {KX_LAUNCH_COMPILER, KX_LINEAGE_LAUNCH_COMPILER,
         "compiler is not the one that the template is pinned to"},
        {KX_LAUNCH_SOURCE, KX_LINEAGE_LAUNCH_SOURCE, "source.sha256 is not the pinned one"},
        {KX_LAUNCH_BYTECODE, KX_LINEAGE_LAUNCH_BYTECODE,
         "bytecode is not that of the channel's template"},
        {KX_LAUNCH_SLOTS, KX_LINEAGE_LAUNCH_SLOTS,
         "constructorSlots are not those of the template: names, offsets, bytes, in its order"},
        {KX_LAUNCH_SELECTORS, KX_LINEAGE_LAUNCH_SELECTORS,
         "selectors are not those of the template"},
    };
    const struct kx_launch_pins *pins = kx_launch_pins_find(assay_str(lane->tmpl->id));
    uint8_t identity[32];

    if (pins == NULL)
        return kx_lineage_refuse(
            err, KX_LINEAGE_LAUNCH_BYTECODE,
            "bytecode cannot be judged: no pins are known of the channel's template");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!part_is(launch, arena, rows[i].part, pins, lane->tmpl))
            return kx_lineage_refuse(err, rows[i].rule, rows[i].what);
    }
    kx_launch_identity(identity, launch);
    if (memcmp(identity, launch->identity, sizeof(identity)) != 0)
        return kx_lineage_refuse(err, KX_LINEAGE_LAUNCH_IDENTITY,
                                 "identitySha256 is not the hash of compiler, source, bytecode, "
                                 "constructorSlots, abi and selectors");
    return KX_LINEAGE_OK;
}

static enum kx_lineage_rule judge_genesis(const struct kx_launch *launch, struct assay_arena *arena,
                                          const struct kx_lane *lane, struct assay_err *err)
{
    struct kaspa_spk spk;

    if (!kaspa_hash_equal(&launch->outpoint.txid, &launch->txid) || launch->outpoint.index != 0)
        return kx_lineage_refuse(err, KX_LINEAGE_LAUNCH_GENESIS,
                                 "genesis.outpoint is not output 0 of genesis.transactionId");
    if (launch->authorizing_input != 0)
        return kx_lineage_refuse(err, KX_LINEAGE_LAUNCH_GENESIS,
                                 "genesis.authorizingInput is not 0");
    if (launch->value == 0 || launch->claimed != 0)
        return kx_lineage_refuse(err, KX_LINEAGE_LAUNCH_GENESIS,
                                 launch->value == 0 ? "genesis.value is 0"
                                                    : "genesis.claimedCumulativeAmount is not 0");
    if (kaspa_hash_is_zero(&launch->covenant_id))
        return kx_lineage_refuse(err, KX_LINEAGE_LAUNCH_COVENANT, "genesis.covenantId is zeros");
    if (kx_lane_spk(&spk, arena, lane, 0) != ASSAY_OK) {
        (void)assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for the genesis script");
        return KX_LINEAGE_LAUNCH_FORM;
    }
    if (!kaspa_spk_equal(&spk, &launch->spk))
        return kx_lineage_refuse(
            err, KX_LINEAGE_LAUNCH_SCRIPT,
            "genesis.scriptPublicKey is not the one of the channel with nothing claimed");
    return kx_acceptance_judge(&launch->acceptance, &launch->txid, err);
}

/* The transaction itself: one output in all, bound to the id that it makes. */
static enum kx_lineage_rule judge_transaction(const struct kx_launch *launch,
                                              const struct kaspa_tx *tx, struct assay_err *err)
{
    struct kaspa_genesis_output output = {.index = 0, .output = tx->outputs};
    struct kaspa_hash id;

    kaspa_txid(&id, tx);
    if (!kaspa_hash_equal(&id, &launch->txid))
        return kx_lineage_refuse(err, KX_LINEAGE_LAUNCH_GENESIS,
                                 "genesis.transactionId is not the id of the genesis transaction");
    if (tx->input_count == 0 || tx->output_count != 1 || !tx->outputs[0].has_covenant ||
        tx->outputs[0].authorizing_input != 0)
        return kx_lineage_refuse(
            err, KX_LINEAGE_LAUNCH_GENESIS,
            "the genesis transaction has not one output, bound by its input 0");
    if (tx->outputs[0].value != launch->value ||
        !kaspa_spk_equal(&tx->outputs[0].spk, &launch->spk))
        return kx_lineage_refuse(
            err, KX_LINEAGE_LAUNCH_GENESIS,
            "genesis.value or scriptPublicKey is not that of the transaction's output");
    kaspa_covenant_id(&id, &tx->inputs[0].previous, &output, 1);
    if (!kaspa_hash_equal(&id, &launch->covenant_id))
        return kx_lineage_refuse(err, KX_LINEAGE_LAUNCH_COVENANT,
                                 "genesis.covenantId is not the one that the transaction makes");
    return KX_LINEAGE_OK;
}

enum kx_lineage_rule kx_launch_judge(const struct kx_launch *launch, struct assay_arena *arena,
                                     const struct kx_lane *lane, const struct kaspa_tx *genesis,
                                     struct assay_err *err)
{
    enum kx_lineage_rule rule;

    if (!assay_bytes_equal(launch->network, lane->channel.network))
        return kx_lineage_refuse(err, KX_LINEAGE_LAUNCH_NETWORK, "network is not the channel's");
    rule = judge_parts(launch, arena, lane, err);
    if (rule == KX_LINEAGE_OK)
        rule = judge_genesis(launch, arena, lane, err);
    if (rule == KX_LINEAGE_OK && genesis != NULL)
        rule = judge_transaction(launch, genesis, err);
    return rule;
}

struct kx_lane_head kx_launch_head(const struct kx_launch *launch)
{
    return (struct kx_lane_head){
        .outpoint = launch->outpoint,
        .covenant_id = launch->covenant_id,
        .value = launch->value,
        .claimed = launch->claimed,
    };
}
