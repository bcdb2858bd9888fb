/* Covenant ids and lists against the official cases and a plain model. */
#include "kaspa/covenant.h"

#include "base/hex.h"
#include "ref/tests/channel_txs.h"

#include <stdio.h>

enum { MOST = 12 };

/* A transaction of version 1 with what it spends. */
struct world {
    struct kaspa_input inputs[MOST];
    struct kaspa_utxo utxos[MOST];
    struct kaspa_output outputs[MOST];
    size_t input_count, output_count;
};

static struct kaspa_tx tx_of(const struct world *w)
{
    return (struct kaspa_tx){.version = 1,
                             .inputs = w->inputs,
                             .input_count = w->input_count,
                             .outputs = w->outputs,
                             .output_count = w->output_count,
                             .payload = ASSAY_LIT("")};
}

static struct kaspa_hash id_of(uint8_t number)
{
    struct kaspa_hash id = {{number}};

    id.at[KASPA_HASH_BYTES - 1] = 1;
    return id;
}

static struct world world_of(size_t input_count, size_t output_count)
{
    struct world w = {.input_count = input_count, .output_count = output_count};

    for (size_t i = 0; i < MOST; i++) {
        w.inputs[i].previous.index = (uint32_t)i;
        w.outputs[i].value = 100 + i;
        w.outputs[i].spk.script = ASSAY_LIT("\x51");
        w.utxos[i].spk.script = ASSAY_LIT("\x51");
    }
    return w;
}

static void carry(struct world *w, size_t input, uint8_t id)
{
    w->utxos[input].has_covenant = true;
    w->utxos[input].covenant_id = id_of(id);
}

static void bind(struct world *w, size_t output, uint16_t input, uint8_t id)
{
    w->outputs[output].has_covenant = true;
    w->outputs[output].authorizing_input = input;
    w->outputs[output].covenant_id = id_of(id);
}

/* One group: these outputs, in this order, start a covenant at the input. */
static void start(struct world *w, uint16_t input, const uint16_t *numbers, size_t count)
{
    struct kaspa_genesis_output group[MOST] = {{0}};
    struct kaspa_hash id;

    for (size_t i = 0; i < count; i++)
        group[i] = (struct kaspa_genesis_output){numbers[i], &w->outputs[numbers[i]]};
    kaspa_covenant_id(&id, &w->inputs[input].previous, group, count);
    for (size_t i = 0; i < count; i++) {
        bind(w, numbers[i], input, 0);
        w->outputs[numbers[i]].covenant_id = id;
    }
}

static enum kaspa_tx_error make(struct kaspa_covenants *out, size_t *at, const struct world *w,
                                struct assay_arena *arena)
{
    struct kaspa_tx tx = tx_of(w);
    bool resource = true;
    enum kaspa_tx_error error = kaspa_covenants_make(out, at, &resource, &tx, w->utxos, arena);

    cr_expect_not(resource);
    return error;
}

static void expect_numbers(const uint16_t *numbers, size_t count, const json_t *want,
                           const char *row)
{
    cr_assert_eq(count, json_array_size(want), "row: %s: %zu", row, count);
    for (size_t i = 0; i < count; i++)
        cr_expect_eq(numbers[i], upstream_u64(json_array_get(want, i)), "row: %s", row);
}

static void expect_authorized(const struct kaspa_covenants *c, const json_t *lists,
                              size_t input_count, const char *row)
{
    for (size_t i = 0; i <= input_count; i++) {
        const uint16_t *numbers = NULL;
        size_t count = kaspa_covenants_of_input(c, i, &numbers);
        char key[24];

        (void)snprintf(key, sizeof(key), "%zu", i);
        expect_numbers(numbers, count, json_object_get(lists, key), row);
    }
}

static void expect_shared(const struct kaspa_covenants *c, json_t *shared, const char *row)
{
    struct kaspa_hash id = id_of(0xEE);
    const uint16_t *numbers = NULL;
    const char *key;
    json_t *lists;
    size_t count;

    cr_expect_eq(kaspa_covenants_inputs(c, &id, &numbers), 0, "row: %s", row);
    cr_expect_eq(kaspa_covenants_outputs(c, &id, &numbers), 0, "row: %s", row);
    json_object_foreach (shared, key, lists) {
        cr_assert_eq(assay_hex_decode(id.at, sizeof(id.at), assay_str(key), true), ASSAY_OK);
        count = kaspa_covenants_inputs(c, &id, &numbers);
        expect_numbers(numbers, count, json_object_get(lists, "inputs"), row);
        count = kaspa_covenants_outputs(c, &id, &numbers);
        expect_numbers(numbers, count, json_object_get(lists, "outputs"), row);
    }
}

static void expect_groups(const struct kaspa_tx *tx, const json_t *groups, const char *row)
{
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const json_t *group = json_array_get(groups, i);
        const json_t *numbers = json_object_get(group, "outputs");
        struct kaspa_genesis_output outputs[MOST];
        struct kaspa_hash id;
        size_t input = upstream_u64(json_object_get(group, "authorizingInput"));

        for (size_t k = 0; k < json_array_size(numbers); k++) {
            uint32_t number = (uint32_t)upstream_u64(json_array_get(numbers, k));

            outputs[k] = (struct kaspa_genesis_output){number, &tx->outputs[number]};
        }
        kaspa_covenant_id(&id, &tx->inputs[input].previous, outputs, json_array_size(numbers));
        upstream_expect_hash(&id, json_object_get(group, "covenantId"), row);
    }
}

Test(covenant_id, is_the_one_of_the_official_cases)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    json_t *doc = upstream_load("rusty-kaspa/covenant_id.json");
    const json_t *rows = json_object_get(doc, "directHashCases");

    cr_assert_eq(json_array_size(rows), 3);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const json_t *want = json_object_get(row, "computedCovenantId");
        const json_t *list = json_object_get(row, "outputs");
        struct kaspa_outpoint outpoint = upstream_outpoint(json_object_get(row, "outpoint"));
        struct assay_bytes preimage = upstream_hex(&arena, json_object_get(row, "preimage"));
        struct kaspa_genesis_output group[MOST];
        struct kaspa_output outputs[MOST];
        struct kaspa_hash id;

        for (size_t k = 0; k < json_array_size(list); k++) {
            const json_t *output = json_array_get(list, k);

            outputs[k] = upstream_output(&arena, output);
            group[k].index = (uint32_t)upstream_u64(json_object_get(output, "index"));
            group[k].output = &outputs[k];
        }
        kaspa_covenant_id(&id, &outpoint, group, json_array_size(list));
        upstream_expect_hash(&id, want, "id");
        kaspa_hash_of(&id, KASPA_DOMAIN_COVENANT_ID, preimage);
        upstream_expect_hash(&id, want, "preimage");
    }
    assay_arena_fini(&arena);
    json_decref(doc);
}

/* Written by hand, so that something is known without the official data. */
Test(covenant_id, is_the_keyed_digest_of_outpoint_count_and_outputs)
{
    struct kaspa_outpoint outpoint = {{{0}}, 0x01020304};
    struct kaspa_output output = {.value = UINT64_C(0x1112131415161718),
                                  .spk = {0x2122, ASSAY_LIT("\x51")},
                                  .has_covenant = true,
                                  .authorizing_input = 9,
                                  .covenant_id = {{9}}};
    struct kaspa_genesis_output group = {0x31323334, &output};
    static const char rest[] = "\x04\x03\x02\x01"
                               "\x01\0\0\0\0\0\0\0"
                               "\x34\x33\x32\x31"
                               "\x18\x17\x16\x15\x14\x13\x12\x11"
                               "\x22\x21"
                               "\x01\0\0\0\0\0\0\0\x51";
    uint8_t preimage[KASPA_HASH_BYTES + sizeof(rest) - 1] = {0};
    struct kaspa_hash id, want;

    memcpy(preimage + KASPA_HASH_BYTES, rest, sizeof(rest) - 1);
    assay_blake2b(want.at, sizeof(want.at), ASSAY_LIT("CovenantID"),
                  assay_bytes_of(preimage, sizeof(preimage)));
    kaspa_covenant_id(&id, &outpoint, &group, 1);
    cr_expect(kaspa_hash_equal(&id, &want));
}

Test(covenants_make, judges_and_lists_the_official_cases)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    json_t *doc = upstream_load("rusty-kaspa/covenant_id.json");
    const json_t *rows = json_object_get(doc, "cases");

    cr_assert_eq(json_array_size(rows), 7);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *name = json_string_value(json_object_get(row, "name"));
        const char *want = json_string_value(json_object_get(row, "expected"));
        struct kaspa_tx tx = upstream_tx(&arena, json_object_get(row, "tx"));
        struct kaspa_utxo *utxos = upstream_utxos(&arena, json_object_get(row, "utxos"));
        struct kaspa_covenants c = {NULL};
        bool resource = true;
        size_t at = SIZE_MAX;
        enum kaspa_tx_error error = kaspa_covenants_make(&c, &at, &resource, &tx, utxos, &arena);

        cr_expect_not(resource);
        cr_expect_str_eq(kaspa_tx_error_name(error), want, "row: %s", name);
        cr_expect_eq(at, error == KASPA_TX_OK ? SIZE_MAX : 0, "row: %s", name);
        if (error != KASPA_TX_WRONG_GENESIS)
            expect_groups(&tx, json_object_get(row, "genesisGroups"), name);
        if (error == KASPA_TX_OK) {
            expect_authorized(&c, json_object_get(row, "authOutputs"), tx.input_count, name);
            expect_shared(&c, json_object_get(row, "shared"), name);
        }
    }
    assay_arena_fini(&arena);
    json_decref(doc);
}

Test(covenants_make, accepts_the_channel_transactions_that_the_node_accepted)
{
    size_t in_covenants = 0;

    for (size_t i = 0; i < ARRAY_LEN(channel_files); i++) {
        struct kaspa_covenants c = {NULL};
        struct channel_tx t;
        bool resource = true;
        size_t at;

        channel_tx_load(&t, channel_files[i]);
        cr_expect_eq(kaspa_covenants_make(&c, &at, &resource, &t.tx, t.utxos, &t.arena),
                     KASPA_TX_OK, "%s", channel_files[i]);
        cr_expect_not(resource);
        in_covenants += c.index != NULL;
        channel_tx_free(&t);
    }
    cr_expect_eq(in_covenants, 8);
}

Test(covenants_make, allocates_nothing_where_nothing_is_in_a_covenant)
{
    struct world w = world_of(3, 3);
    struct assay_arena arena = ASSAY_ARENA_INIT(0);
    struct kaspa_covenants c = {NULL};
    struct kaspa_hash id = id_of(0);
    const uint16_t *numbers;
    size_t at;

    cr_expect_eq(make(&c, &at, &w, &arena), KASPA_TX_OK);
    cr_expect_null(c.index);
    cr_expect_null(arena.blocks);
    cr_expect_eq(kaspa_covenants_of_input(&c, 0, &numbers), 0);
    cr_expect_eq(kaspa_covenants_inputs(&c, &id, &numbers), 0);
    cr_expect_eq(kaspa_covenants_outputs(&c, &id, &numbers), 0);
}

Test(covenants_make, lets_a_covenant_be_burnt)
{
    struct world w = world_of(2, 1);
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct kaspa_covenants c = {NULL};
    struct kaspa_hash id = id_of(7);
    const uint16_t *numbers = NULL;
    size_t at;

    carry(&w, 1, 7);
    cr_expect_eq(make(&c, &at, &w, &arena), KASPA_TX_OK);
    cr_expect_eq(kaspa_covenants_inputs(&c, &id, &numbers), 1);
    cr_expect_eq(numbers[0], 1);
    cr_expect_eq(kaspa_covenants_outputs(&c, &id, &numbers), 0);
    cr_expect_eq(kaspa_covenants_of_input(&c, 1, &numbers), 0);
    assay_arena_fini(&arena);
}

/* An id of zeros is an id, and no id is not one of zeros. */
Test(covenants_make, takes_no_covenant_for_the_id_of_zeros)
{
    struct world w = world_of(1, 1);
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct kaspa_covenants c = {NULL};
    size_t at = 7;

    w.outputs[0].has_covenant = true;
    cr_expect_eq(make(&c, &at, &w, &arena), KASPA_TX_WRONG_GENESIS);
    cr_expect_eq(at, 0);
    w.utxos[0].has_covenant = true;
    cr_expect_eq(make(&c, &at, &w, &arena), KASPA_TX_OK);
    assay_arena_fini(&arena);
}

Test(covenants_make, says_which_output_names_an_input_that_is_not_there)
{
    struct world w = world_of(2, 4);
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct kaspa_covenants c = {NULL};
    size_t at = 0;

    bind(&w, 0, 0, 5); /* a wrong genesis, which is found later */
    bind(&w, 2, 2, 5);
    bind(&w, 3, UINT16_MAX, 5);
    cr_expect_eq(make(&c, &at, &w, &arena), KASPA_TX_AUTH_INPUT_OUT_OF_BOUNDS);
    cr_expect_eq(at, 2);
    cr_expect_null(c.index);
    w.outputs[2].authorizing_input = 1;
    cr_expect_eq(make(&c, &at, &w, &arena), KASPA_TX_AUTH_INPUT_OUT_OF_BOUNDS);
    cr_expect_eq(at, 3);
    assay_arena_fini(&arena);
}

Test(covenants_make, says_the_lowest_input_of_a_wrong_genesis)
{
    struct world w = world_of(3, 3);
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct kaspa_covenants c = {NULL};
    size_t at = 0;

    start(&w, 0, (uint16_t[]){0}, 1);
    bind(&w, 1, 2, 5);
    bind(&w, 2, 1, 9);
    cr_expect_eq(make(&c, &at, &w, &arena), KASPA_TX_WRONG_GENESIS);
    cr_expect_eq(at, 1);
    cr_expect_null(c.index);
    assay_arena_fini(&arena);
}

/* One thing is changed about outputs 1 and 3, which start a covenant at input 1. */
static void change(struct world *w, size_t row)
{
    switch (row) {
    case 1:
        w->outputs[1].value++;
        break;
    case 2:
        w->outputs[3].spk.script = ASSAY_LIT("\x51\x51");
        break;
    case 3:
        w->outputs[3].spk.version = 1;
        break;
    case 4:
        w->inputs[1].previous.txid.at[31] ^= 1;
        break;
    case 5:
        w->inputs[1].previous.index++;
        break;
    case 6:
        w->outputs[1].authorizing_input = 0;
        break;
    case 7:
        w->outputs[3].has_covenant = false;
        break;
    case 8:
        w->outputs[4] = w->outputs[3];
        break;
    case 9:
        w->outputs[4] = w->outputs[3];
        w->outputs[3].has_covenant = false;
        break;
    case 10:
        w->outputs[0].value++;
        break;
    case 11:
        w->utxos[1].amount++;
        break;
    case 12:
        carry(w, 1, 0);
        w->utxos[1].covenant_id = w->outputs[1].covenant_id;
        break;
    case 13:
        carry(w, 1, 9);
        break;
    default:
        break;
    }
}

Test(covenants_make, refuses_a_genesis_with_anything_else_in_it)
{
    static const struct {
        const char *name;
        bool is_refused;
    } rows[] = {
        {"nothing is changed", false},
        {"a value", true},
        {"a script", true},
        {"the version of a script", true},
        {"the outpoint's id", true},
        {"the outpoint's index", true},
        {"the input", true},
        {"an output less", true},
        {"an output more", true},
        {"an output of another number", true},
        {"an output that is in no covenant", false},
        {"what the input's coin is worth", false},
        {"the input's coin has the id already: a continuation", false},
        {"the input's coin has another id", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world w = world_of(2, 5);
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
        struct kaspa_covenants c = {NULL};
        size_t at;

        start(&w, 1, (uint16_t[]){1, 3}, 2);
        change(&w, i);
        cr_expect_eq(make(&c, &at, &w, &arena),
                     rows[i].is_refused ? KASPA_TX_WRONG_GENESIS : KASPA_TX_OK, "row: %s",
                     rows[i].name);
        assay_arena_fini(&arena);
    }
}

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * UINT32_C(1664525) + UINT32_C(1013904223);
    return *seed >> 16;
}

/* Inputs with one of three ids or none; outputs that continue, or start something at an input. */
static struct world random_world(uint32_t *seed)
{
    size_t inputs = 1 + next(seed) % MOST;
    struct world w = world_of(inputs, next(seed) % (MOST + 1));

    for (size_t i = 0; i < w.input_count; i++) {
        uint8_t id = (uint8_t)(next(seed) % 4);

        if (id > 0)
            carry(&w, i, id);
    }
    for (size_t i = 0; i < w.output_count; i++) {
        uint16_t input = (uint16_t)(next(seed) % inputs);

        if (w.utxos[input].has_covenant && next(seed) % 4 > 0)
            bind(&w, i, input, w.utxos[input].covenant_id.at[0]);
        else if (next(seed) % 3 == 0)
            start(&w, input, (uint16_t[]){(uint16_t)i}, 1);
    }
    return w;
}

static bool continues(const struct world *w, size_t output)
{
    const struct kaspa_output *o = &w->outputs[output];

    return o->has_covenant && w->utxos[o->authorizing_input].has_covenant &&
           kaspa_hash_equal(&w->utxos[o->authorizing_input].covenant_id, &o->covenant_id);
}

static void expect_model(const struct kaspa_covenants *c, const struct world *w)
{
    const uint16_t *numbers = NULL;
    size_t count;

    for (uint8_t n = 1; n < 4; n++) {
        struct kaspa_hash id = id_of(n);
        size_t k = 0;

        count = kaspa_covenants_inputs(c, &id, &numbers);
        for (size_t i = 0; i < w->input_count; i++) {
            if (w->utxos[i].has_covenant && kaspa_hash_equal(&w->utxos[i].covenant_id, &id))
                cr_assert(k < count && numbers[k++] == i);
        }
        cr_assert_eq(k, count);
        count = kaspa_covenants_outputs(c, &id, &numbers);
        k = 0;
        for (size_t i = 0; i < w->output_count; i++) {
            if (continues(w, i) && kaspa_hash_equal(&w->outputs[i].covenant_id, &id))
                cr_assert(k < count && numbers[k++] == i);
        }
        cr_assert_eq(k, count);
    }
    for (size_t input = 0; input < w->input_count; input++) {
        size_t k = 0;

        count = kaspa_covenants_of_input(c, input, &numbers);
        for (size_t i = 0; i < w->output_count; i++) {
            if (continues(w, i) && w->outputs[i].authorizing_input == input)
                cr_assert(k < count && numbers[k++] == i);
        }
        cr_assert_eq(k, count);
    }
}

Test(covenants_make, lists_what_a_plain_model_lists)
{
    uint32_t seed = 7;

    for (int round = 0; round < 2000; round++) {
        struct world w = random_world(&seed);
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
        struct kaspa_covenants c = {NULL};
        size_t at;

        cr_assert_eq(make(&c, &at, &w, &arena), KASPA_TX_OK);
        expect_model(&c, &w);
        assay_arena_fini(&arena);
    }
}

Test(covenants_make, says_when_the_arena_gives_no_more)
{
    struct world w = world_of(2, 2);
    struct kaspa_tx tx = tx_of(&w);
    struct kaspa_covenants c = {NULL};
    bool resource = true;
    size_t needed = 0, at;

    carry(&w, 0, 1);
    bind(&w, 1, 0, 1);
    for (size_t max = 0; resource; max++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(max);

        cr_expect_eq(kaspa_covenants_make(&c, &at, &resource, &tx, w.utxos, &arena), KASPA_TX_OK);
        cr_expect_eq(c.index == NULL, resource);
        assay_arena_fini(&arena);
        needed = max;
    }
    cr_expect_lt(needed, 512, "%zu", needed);
    c.index = NULL;
    for (size_t n = 0;; n++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);

        (void)assay_alloc_fail_after(n);
        cr_expect_eq(kaspa_covenants_make(&c, &at, &resource, &tx, w.utxos, &arena), KASPA_TX_OK);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect_eq(c.index == NULL, resource);
        assay_arena_fini(&arena);
        if (!resource)
            break;
    }
}

/* Numbers are kept in 16 bits, as an output names its input. */
Test(covenants_make, knows_65536_inputs_and_outputs_and_no_more)
{
    enum { MANY = 65536 };
    struct assay_arena arena = ASSAY_ARENA_INIT(64 << 20);
    struct kaspa_input *inputs = assay_arena_alloc(&arena, (MANY + 1) * sizeof(*inputs));
    struct kaspa_utxo *utxos = assay_arena_alloc(&arena, (MANY + 1) * sizeof(*utxos));
    struct kaspa_output *outputs = assay_arena_alloc(&arena, (MANY + 1) * sizeof(*outputs));
    struct kaspa_tx tx = {.version = 1, .inputs = inputs, .outputs = outputs};
    struct kaspa_hash id = id_of(1);
    struct kaspa_covenants c = {NULL};
    const uint16_t *numbers = NULL;
    bool resource;
    size_t at;

    cr_assert(inputs != NULL && utxos != NULL && outputs != NULL);
    for (size_t i = 0; i < MANY; i++) {
        utxos[i].has_covenant = outputs[i].has_covenant = true;
        utxos[i].covenant_id = outputs[i].covenant_id = id;
        outputs[i].authorizing_input = (uint16_t)(MANY - 1 - i);
    }
    tx.input_count = tx.output_count = MANY;
    cr_assert_eq(kaspa_covenants_make(&c, &at, &resource, &tx, utxos, &arena), KASPA_TX_OK);
    cr_assert_not(resource);
    cr_expect_eq(kaspa_covenants_inputs(&c, &id, &numbers), MANY);
    cr_expect_eq(numbers[MANY - 1], MANY - 1);
    cr_expect_eq(kaspa_covenants_of_input(&c, MANY - 1, &numbers), 1);
    cr_expect_eq(numbers[0], 0);
    cr_expect_eq(kaspa_covenants_of_input(&c, MANY, &numbers), 0);
    tx.input_count = MANY + 1;
    cr_expect_eq(kaspa_covenants_make(&c, &at, &resource, &tx, utxos, &arena), KASPA_TX_OK);
    cr_expect(resource);
    tx.input_count = 1;
    tx.output_count = MANY + 1;
    cr_expect_eq(kaspa_covenants_make(&c, &at, &resource, &tx, utxos, &arena), KASPA_TX_OK);
    cr_expect(resource);
    assay_arena_fini(&arena);
}
