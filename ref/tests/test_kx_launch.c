/* Launch manifests. Sections are those of the batch digest. */
#include "base/hash.h"
#include "base/hex.h"
#include "kaspa/txid.h"
#include "ref/tests/channel_txs.h"
#include "ref/tests/kx_lineage_world.h"
#include "x402/document.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct kx_lineage_world w;

static void setup(void)
{
    kx_lineage_world_init(&w);
}

static void teardown(void)
{
    kx_lineage_world_fini(&w);
}

TestSuite(kx_launch, .init = setup, .fini = teardown);

static const char *text_of(const struct kx_launch *launch)
{
    struct assay_buf text = ASSAY_BUF_INIT(KX_LAUNCH_MAX_BYTES);
    struct assay_bytes copy;

    kx_launch_write(&text, launch);
    copy = assay_arena_copy(&w.lane.arena, assay_buf_view(&text));
    assay_buf_fini(&text);
    cr_assert_not_null(copy.at);
    return (const char *)copy.at;
}

static enum kx_lineage_rule read_text(struct kx_launch *out, const char *text,
                                      struct assay_err *err)
{
    struct assay_json doc;

    cr_assert_eq(x402_document_parse(&doc, &w.lane.arena, assay_str(text), true, err), ASSAY_OK);
    return kx_launch_read(out, &w.lane.arena, &doc, 0, err);
}

static enum kx_lineage_rule judge(const struct kx_launch *launch, struct assay_err *err)
{
    return kx_launch_judge(launch, &w.lane.arena, &w.lane.lane, NULL, err);
}

static const char *edited(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);

    cr_assert_not_null(at, "%s is not in the manifest", from);
    return assay_arena_printf(&w.lane.arena, "%.*s%s%s", (int)(at - text), text, to,
                              at + strlen(from));
}

Test(kx_launch, is_read_as_it_was_written_and_holds)
{
    const char *text = text_of(&w.launch);
    struct kx_launch read;
    struct assay_err err = {.code = ASSAY_OK};

    cr_assert_eq(read_text(&read, text, &err), KX_LINEAGE_OK, "%s", err.text);
    cr_expect_str_eq(text_of(&read), text);
    cr_expect_eq(judge(&read, &err), KX_LINEAGE_OK, "%s", err.text);
}

Test(kx_launch, has_the_members_of_its_form)
{
    static const struct {
        const char *from, *to, *place;
    } rows[] = {
        {"kaspa-x402-covenant-launch-v1", "kaspa-x402-covenant-launch-v2", "format"},
        {"kip20-covenant-id-v1", "kip20", "genesis.derivation"},
        {"\"network\":", "\"net\":", "net"},
        {"\"path\":", "\"file\":", "source.file"},
        {"\"value\":\"90000000\"", "\"value\":\"090000000\"", "genesis.value"},
        {"\"value\":\"90000000\"", "\"value\":\"9223372036854775808\"", "genesis.value"},
        {"\"status\":\"accepted\"", "\"status\":\"unknown\"", "genesis.acceptance.status"},
        {"\"daaScore\":\"5002\"", "\"daaScore\":\"x\"", "genesis.acceptance.checkpoint.daaScore"},
        {"\"identitySha256\":\"", "\"identitySha256\":\"00", "identitySha256"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_launch read;
        struct assay_err err = {.code = ASSAY_OK};

        cr_expect_eq(read_text(&read, edited(text_of(&w.launch), rows[i].from, rows[i].to), &err),
                     KX_LINEAGE_LAUNCH_FORM, "row: %s", rows[i].to);
        cr_expect_eq(strncmp(err.text, rows[i].place, strlen(rows[i].place)), 0, "row: %s: %s",
                     rows[i].to, err.text);
    }
}

/* The identity is made anew where a row is not about it. */
Test(kx_launch, is_held_to_the_pins_of_its_template)
{
    static const struct {
        const char *from, *to;
        enum kx_lineage_rule rule;
        bool keeps_identity;
    } rows[] = {
        {"kaspa:testnet-10", "kaspa:mainnet", KX_LINEAGE_LAUNCH_NETWORK, false},
        {"\"name\":\"silverc\"", "\"name\":\"silverd\"", KX_LINEAGE_LAUNCH_COMPILER, false},
        {"3ed973335b", "3ed973335c", KX_LINEAGE_LAUNCH_COMPILER, false},
        {"9f25f3f788", "9f25f3f789", KX_LINEAGE_LAUNCH_SOURCE, false},
        {"2ee869bc84", "2ee869bc85", KX_LINEAGE_LAUNCH_BYTECODE, false},
        {"kaspa-x402-escrow-v5\"},", "kaspa-x402-escrow-v4\"},", KX_LINEAGE_LAUNCH_BYTECODE, false},
        {"\"offsets\":[103,604]", "\"offsets\":[103]", KX_LINEAGE_LAUNCH_SLOTS, false},
        {"\"bytes\":8,\"name\":\"timeoutDaa\"", "\"bytes\":9,\"name\":\"timeoutDaa\"",
         KX_LINEAGE_LAUNCH_SLOTS, false},
        {"\"name\":\"timeoutDaa\"", "\"encoding\":\"signed-int64-le\",\"name\":\"timeoutDaa\"",
         KX_LINEAGE_OK, false},
        {"\"name\":\"timeoutDaa\"", "\"name\":\"timeoutDaa\",\"note\":\"\"",
         KX_LINEAGE_LAUNCH_SLOTS, false},
        {"{\"bytes\":8,\"name\":\"timeoutDaa\"", "1,{\"bytes\":8,\"name\":\"timeoutDaa\"",
         KX_LINEAGE_LAUNCH_SLOTS, false},
        {"{\"bytes\":8,\"name\":\"claimedCumulativeAmount\",\"offsets\":[2]}", "8",
         KX_LINEAGE_LAUNCH_SLOTS, false},
        {"23959b42", "04ae09679c", KX_LINEAGE_LAUNCH_SELECTORS, false},
        {"\"command\":\"silverc", "\"command\":\"goldc", KX_LINEAGE_OK, false},
        {"\"command\":\"silverc", "\"command\":\"goldc", KX_LINEAGE_LAUNCH_IDENTITY, true},
        {"\"abi\":{", "\"abi\":{\"a\":1,", KX_LINEAGE_LAUNCH_IDENTITY, true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_launch read;
        struct assay_err err = {.code = ASSAY_OK};

        cr_assert_eq(read_text(&read, edited(text_of(&w.launch), rows[i].from, rows[i].to), &err),
                     KX_LINEAGE_OK, "row: %s: %s", rows[i].to, err.text);
        if (!rows[i].keeps_identity)
            kx_launch_identity(read.identity, &read);
        cr_expect_eq(judge(&read, &err), rows[i].rule, "row: %s: %s", rows[i].to, err.text);
    }
}

typedef void edit(struct kx_launch *launch);

static void other_output(struct kx_launch *launch)
{
    launch->outpoint.index = 1;
}
static void other_txid(struct kx_launch *launch)
{
    launch->txid.at[7] ^= 1;
}
static void other_input(struct kx_launch *launch)
{
    launch->authorizing_input = 1;
}
static void no_value(struct kx_launch *launch)
{
    launch->value = 0;
}
static void claimed_before(struct kx_launch *launch)
{
    launch->claimed = 1;
}
static void no_covenant(struct kx_launch *launch)
{
    memset(launch->covenant_id.at, 0, 32);
}
static void other_script(struct kx_launch *launch)
{
    launch->spk = w.lane.lane.payout;
}
static void other_acceptance(struct kx_launch *launch)
{
    launch->acceptance.confirmations = 0;
}

Test(kx_launch, begins_where_its_genesis_is)
{
    static const struct {
        const char *name;
        edit *change;
        enum kx_lineage_rule rule;
    } rows[] = {
        {"output 1", other_output, KX_LINEAGE_LAUNCH_GENESIS},
        {"other transaction", other_txid, KX_LINEAGE_LAUNCH_GENESIS},
        {"input 1", other_input, KX_LINEAGE_LAUNCH_GENESIS},
        {"no value", no_value, KX_LINEAGE_LAUNCH_GENESIS},
        {"something claimed", claimed_before, KX_LINEAGE_LAUNCH_GENESIS},
        {"no covenant", no_covenant, KX_LINEAGE_LAUNCH_COVENANT},
        {"other script", other_script, KX_LINEAGE_LAUNCH_SCRIPT},
        {"no confirmation", other_acceptance, KX_LINEAGE_CHAIN_COUNT},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_launch launch = w.launch;
        struct assay_err err = {.code = ASSAY_OK};

        rows[i].change(&launch);
        cr_expect_eq(judge(&launch, &err), rows[i].rule, "row: %s: %s", rows[i].name, err.text);
        cr_expect_neq(err.text[0], '\0');
    }
}

/* Section 8.5, with the official genesis */
Test(kx_launch, recomputes_id_and_covenant_id_of_the_genesis_transaction)
{
    struct channel_tx c;
    struct kaspa_output output;
    struct kaspa_tx tx;
    struct assay_err err = {.code = ASSAY_OK};

    channel_tx_load(&c, channel_files[0]);
    tx = c.tx;
    kaspa_txid(&w.launch.txid, &tx);
    w.launch.outpoint.txid = w.launch.acceptance.txid = w.launch.txid;
    cr_expect_eq(kx_launch_judge(&w.launch, &w.lane.arena, &w.lane.lane, &tx, &err), KX_LINEAGE_OK,
                 "%s", err.text);
    w.launch.covenant_id.at[0] ^= 1;
    cr_expect_eq(kx_launch_judge(&w.launch, &w.lane.arena, &w.lane.lane, &tx, NULL),
                 KX_LINEAGE_LAUNCH_COVENANT);
    w.launch.covenant_id.at[0] ^= 1;
    w.launch.value--;
    cr_expect_eq(kx_launch_judge(&w.launch, &w.lane.arena, &w.lane.lane, &tx, NULL),
                 KX_LINEAGE_LAUNCH_GENESIS);
    w.launch.value++;
    output = tx.outputs[0];
    output.has_covenant = false;
    tx.outputs = &output;
    cr_expect_eq(kx_launch_judge(&w.launch, &w.lane.arena, &w.lane.lane, &tx, NULL),
                 KX_LINEAGE_LAUNCH_GENESIS);
    channel_tx_free(&c);
}

static struct kaspa_output outputs[2];

static void of_no_coin(struct kaspa_tx *tx)
{
    tx->input_count = 0;
}
static void with_change(struct kaspa_tx *tx)
{
    tx->output_count = 2;
}
static void of_no_covenant(struct kaspa_tx *tx)
{
    (void)tx;
    outputs[0].has_covenant = false;
}
static void bound_by_input_1(struct kaspa_tx *tx)
{
    (void)tx;
    outputs[0].authorizing_input = 1;
}
static void to_another_script(struct kaspa_tx *tx)
{
    (void)tx;
    outputs[0].spk = w.lane.lane.payout;
}

/* The manifest names the transaction as it is, and that is no genesis of the channel. */
Test(kx_launch, takes_for_its_genesis_one_output_that_input_0_binds)
{
    static void (*const changes[])(struct kaspa_tx *) = {
        of_no_coin, with_change, of_no_covenant, bound_by_input_1, to_another_script,
    };
    struct kx_batch_artifact made;
    struct kx_batch_plan plan;

    kx_lane_world_plan(&plan, &w.lane, KX_LANE_GENESIS);
    kx_lane_world_build(&made, &w.lane, &plan);
    for (size_t i = 0; i <= ARRAY_LEN(changes); i++) {
        bool is_right = i == ARRAY_LEN(changes);
        struct kaspa_tx tx = made.tx;
        struct assay_err err = {.code = ASSAY_OK};

        outputs[0] = outputs[1] = tx.outputs[0];
        tx.outputs = outputs;
        if (!is_right)
            changes[i](&tx);
        kaspa_txid(&w.launch.txid, &tx);
        w.launch.outpoint.txid = w.launch.acceptance.txid = w.launch.txid;
        cr_expect_eq(kx_launch_judge(&w.launch, &w.lane.arena, &w.lane.lane, &tx, &err),
                     is_right ? KX_LINEAGE_OK : KX_LINEAGE_LAUNCH_GENESIS, "change %zu: %s", i,
                     err.text);
    }
}

/* A part that is of another type than the pinned one. */
Test(kx_launch, has_its_slots_in_an_array)
{
    json_t *manifest = json_loads(text_of(&w.launch), 0, NULL);
    struct assay_err err = {.code = ASSAY_OK};
    struct kx_launch read;
    char *text;

    cr_assert_eq(json_object_set_new(manifest, "constructorSlots", json_object()), 0);
    text = json_dumps(manifest, JSON_COMPACT);
    cr_assert_eq(read_text(&read, text, &err), KX_LINEAGE_OK, "%s", err.text);
    kx_launch_identity(read.identity, &read);
    cr_expect_eq(judge(&read, &err), KX_LINEAGE_LAUNCH_SLOTS, "%s", err.text);
    free(text);
    json_decref(manifest);
}

/* Section 9.1: what is published of the slots is more than the pins, and holds as it stands. */
Test(kx_launch, may_have_the_slots_as_they_are_published)
{
    json_t *doc = upstream_load("kaspa-x402/contracts/fixtures/kaspa-x402-escrow-v5.json");
    json_t *slots = json_object_get(json_object_get(doc, "constructorLayout"), "slots");
    json_t *manifest = json_loads(text_of(&w.launch), 0, NULL);
    struct assay_err err = {.code = ASSAY_OK};
    struct kx_launch read;
    char *text;

    cr_assert_eq(json_object_set(manifest, "constructorSlots", slots), 0);
    text = json_dumps(manifest, JSON_COMPACT);
    cr_assert_eq(read_text(&read, text, &err), KX_LINEAGE_OK, "%s", err.text);
    kx_launch_identity(read.identity, &read);
    cr_expect_eq(judge(&read, &err), KX_LINEAGE_OK, "%s", err.text);
    free(text);
    json_decref(manifest);
    json_decref(doc);
}

/* Section 9.1: the pins are those of the published fixture. */
Test(kx_launch, has_the_published_pins)
{
    const struct kx_launch_pins *pins = kx_launch_pins_find(ASSAY_LIT(KX_ESCROW_V5_TEMPLATE));
    json_t *doc = upstream_load("kaspa-x402/contracts/fixtures/kaspa-x402-escrow-v5.json");
    const json_t *compiler = json_object_get(doc, "compiler");
    const json_t *slots = json_object_get(json_object_get(doc, "constructorLayout"), "slots");
    const json_t *genesis = json_object_get(json_object_get(doc, "sample"), "genesis");

    cr_assert_not_null(pins);
    cr_expect_str_eq(pins->compiler, json_string_value(json_object_get(compiler, "name")));
    cr_expect_str_eq(pins->commit, json_string_value(json_object_get(compiler, "checkedCommit")));
    cr_expect_str_eq(pins->source_sha256, json_string_value(json_object_get(doc, "sourceSha256")));
    cr_expect_str_eq(pins->base_sha256,
                     json_string_value(json_object_get(genesis, "bytecodeSha256")));
    cr_assert_eq(pins->slot_count, json_array_size(slots));
    for (size_t i = 0; i < pins->slot_count; i++) {
        const json_t *slot = json_array_get(slots, i), *offsets = json_object_get(slot, "offsets");

        cr_expect_str_eq(pins->slots[i].name, json_string_value(json_object_get(slot, "name")));
        cr_expect_eq(pins->slots[i].bytes, json_integer_value(json_object_get(slot, "bytes")));
        for (size_t k = 0; k < KX_LAUNCH_OFFSETS_MAX; k++)
            cr_expect_eq(
                pins->slots[i].offsets[k],
                k < json_array_size(offsets) ? json_integer_value(json_array_get(offsets, k)) : 0);
    }
    json_decref(doc);
}

Test(kx_launch, tells_that_there_is_no_memory)
{
    struct assay_arena small = ASSAY_ARENA_INIT(16);
    struct kx_lane_head head = kx_launch_head(&w.launch);
    struct kx_launch launch;

    cr_expect_eq(kx_launch_make(&launch, &small, &w.lane.lane, &head, &w.launch.acceptance),
                 ASSAY_E_NOMEM);
    assay_arena_fini(&small);
}
