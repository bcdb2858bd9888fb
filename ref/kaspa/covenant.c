/* Covenant ids, and sorted lists of who continues which; see covenant.h. */
#include "kaspa/covenant.h"

#include "kaspa/txid.h"

/* Lists of input or output numbers, each sorted by a key and then by number, so that all that share
 * a key stand together and in the transaction's order. */
enum list {
    INPUTS_BY_ID,     /* that spend something with an id */
    OUTPUTS_BY_ID,    /* that continue their id */
    OUTPUTS_BY_INPUT, /* the same, by the input that authorizes them */
    GENESIS,          /* that start an id, by input and id; read by no opcode */
    LIST_COUNT
};

struct kaspa_covenants_index {
    const struct kaspa_input *inputs;
    size_t input_count;
    const struct kaspa_utxo *utxos;
    const struct kaspa_output *outputs;
    struct {
        uint16_t *at;
        size_t len;
    } lists[LIST_COUNT];
};

struct key {
    size_t input; /* 0 in the lists by id alone */
    const struct kaspa_hash *id;
};

static void covenant_id_init(struct kaspa_digest *d, const struct kaspa_outpoint *outpoint,
                             size_t count)
{
    kaspa_digest_init(d, KASPA_DOMAIN_COVENANT_ID);
    kaspa_digest_outpoint(d, outpoint);
    kaspa_digest_u64(d, count);
}

/* The output as version 0 has it, without its covenant: that would be the id itself. */
static void covenant_id_add(struct kaspa_digest *d, uint32_t index,
                            const struct kaspa_output *output)
{
    kaspa_digest_u32(d, index);
    kaspa_digest_output(d, 0, output);
}

void kaspa_covenant_id(struct kaspa_hash *out, const struct kaspa_outpoint *outpoint,
                       const struct kaspa_genesis_output *outputs, size_t count)
{
    struct kaspa_digest d;

    covenant_id_init(&d, outpoint, count);
    for (size_t i = 0; i < count; i++)
        covenant_id_add(&d, outputs[i].index, outputs[i].output);
    kaspa_digest_end(&d, out);
}

static struct key key_of(const struct kaspa_covenants_index *c, enum list list, uint16_t number)
{
    const struct kaspa_output *output;

    if (list == INPUTS_BY_ID)
        return (struct key){0, &c->utxos[number].covenant_id};
    output = &c->outputs[number];
    return (struct key){list == OUTPUTS_BY_ID ? 0 : output->authorizing_input,
                        &output->covenant_id};
}

static int compare_keys(struct key a, struct key b)
{
    if (a.input != b.input)
        return a.input < b.input ? -1 : 1;
    return memcmp(a.id->at, b.id->at, sizeof(a.id->at));
}

static bool is_before(const struct kaspa_covenants_index *c, enum list list, uint16_t a, uint16_t b)
{
    int order = compare_keys(key_of(c, list, a), key_of(c, list, b));

    return order != 0 ? order < 0 : a < b;
}

static void swap(uint16_t *a, uint16_t *b)
{
    uint16_t kept = *a;

    *a = *b;
    *b = kept;
}

/* The heap below `root` is made whole again: every element is before the one above it. */
static void sift_down(const struct kaspa_covenants_index *c, enum list list, size_t root,
                      size_t len)
{
    uint16_t *at = c->lists[list].at;

    for (size_t child = 2 * root + 1; child < len; child = 2 * root + 1) {
        if (child + 1 < len && is_before(c, list, at[child], at[child + 1]))
            child++;
        if (is_before(c, list, at[child], at[root]))
            return;
        swap(&at[root], &at[child]);
        root = child;
    }
}

/* By heap, since qsort may allocate and knows no context: n log n whatever a transaction says. */
static void sort(const struct kaspa_covenants_index *c, enum list list)
{
    size_t len = c->lists[list].len;

    for (size_t root = len / 2; root > 0; root--)
        sift_down(c, list, root - 1, len);
    for (size_t end = len; end > 1; end--) {
        swap(&c->lists[list].at[0], &c->lists[list].at[end - 1]);
        sift_down(c, list, 0, end - 1);
    }
}

/* Where the numbers of `key` begin in the list, or end. */
static size_t bound_of(const struct kaspa_covenants_index *c, enum list list, struct key key,
                       bool end)
{
    size_t low = 0, high = c->lists[list].len;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_keys(key_of(c, list, c->lists[list].at[middle]), key);

        if (order < 0 || (order == 0 && end))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t find(const struct kaspa_covenants_index *c, enum list list, struct key key,
                   const uint16_t **numbers)
{
    size_t begin = bound_of(c, list, key, false);

    *numbers = c->lists[list].at + begin;
    return bound_of(c, list, key, true) - begin;
}

static void append(struct kaspa_covenants_index *c, enum list list, size_t number)
{
    c->lists[list].at[c->lists[list].len++] = (uint16_t)number;
}

static bool is_continued(const struct kaspa_covenants_index *c, const struct kaspa_output *output)
{
    const struct kaspa_utxo *utxo = &c->utxos[output->authorizing_input];

    return utxo->has_covenant && kaspa_hash_equal(&utxo->covenant_id, &output->covenant_id);
}

static enum kaspa_tx_error collect(struct kaspa_covenants_index *c, size_t *at, size_t output_count)
{
    for (size_t i = 0; i < c->input_count; i++) {
        if (c->utxos[i].has_covenant)
            append(c, INPUTS_BY_ID, i);
    }
    for (size_t i = 0; i < output_count; i++) {
        if (!c->outputs[i].has_covenant)
            continue;
        if (c->outputs[i].authorizing_input >= c->input_count) {
            *at = i;
            return KASPA_TX_AUTH_INPUT_OUT_OF_BOUNDS;
        }
        if (is_continued(c, &c->outputs[i])) {
            append(c, OUTPUTS_BY_ID, i);
            append(c, OUTPUTS_BY_INPUT, i);
        } else {
            append(c, GENESIS, i);
        }
    }
    return KASPA_TX_OK;
}

/* Each group of outputs with the same input and id hashes to that id. */
static enum kaspa_tx_error check_genesis(const struct kaspa_covenants_index *c, size_t *at)
{
    for (size_t from = 0, to; from < c->lists[GENESIS].len; from = to) {
        const uint16_t *numbers = c->lists[GENESIS].at;
        struct key key = key_of(c, GENESIS, numbers[from]);
        struct kaspa_digest d;
        struct kaspa_hash id;

        to = bound_of(c, GENESIS, key, true);
        covenant_id_init(&d, &c->inputs[key.input].previous, to - from);
        for (size_t i = from; i < to; i++)
            covenant_id_add(&d, numbers[i], &c->outputs[numbers[i]]);
        kaspa_digest_end(&d, &id);
        if (!kaspa_hash_equal(&id, key.id)) {
            *at = key.input;
            return KASPA_TX_WRONG_GENESIS;
        }
    }
    return KASPA_TX_OK;
}

/* With room for so many inputs and outputs in each list. NULL when the arena gives no more, or when
 * a number would not fit its list. */
static struct kaspa_covenants_index *new_index(const struct kaspa_tx *tx,
                                               const struct kaspa_utxo *utxos, size_t inputs,
                                               size_t outputs, struct assay_arena *arena)
{
    const size_t most = (size_t)UINT16_MAX + 1;
    struct kaspa_covenants_index *c;

    if (tx->input_count > most || tx->output_count > most)
        return NULL;
    if ((c = assay_arena_alloc(arena, sizeof(*c))) == NULL)
        return NULL;
    c->inputs = tx->inputs;
    c->input_count = tx->input_count;
    c->utxos = utxos;
    c->outputs = tx->outputs;
    for (enum list list = INPUTS_BY_ID; list < LIST_COUNT; list++) {
        size_t room = list == INPUTS_BY_ID ? inputs : outputs;

        if ((c->lists[list].at = assay_arena_alloc(arena, room * sizeof(uint16_t))) == NULL)
            return NULL;
    }
    return c;
}

enum kaspa_tx_error kaspa_covenants_make(struct kaspa_covenants *out, size_t *at, bool *resource,
                                         const struct kaspa_tx *tx, const struct kaspa_utxo *utxos,
                                         struct assay_arena *arena)
{
    struct kaspa_covenants_index *c = NULL;
    size_t inputs = 0, outputs = 0;
    enum kaspa_tx_error error = KASPA_TX_OK;

    for (size_t i = 0; i < tx->input_count; i++)
        inputs += utxos[i].has_covenant;
    for (size_t i = 0; i < tx->output_count; i++)
        outputs += tx->outputs[i].has_covenant;
    *resource = false;
    if (inputs + outputs > 0) {
        c = new_index(tx, utxos, inputs, outputs, arena);
        *resource = c == NULL;
    }
    if (c != NULL && (error = collect(c, at, tx->output_count)) == KASPA_TX_OK) {
        for (enum list list = INPUTS_BY_ID; list < LIST_COUNT; list++)
            sort(c, list);
        error = check_genesis(c, at);
    }
    if (error == KASPA_TX_OK)
        out->index = c;
    return error;
}

size_t kaspa_covenants_of_input(const struct kaspa_covenants *c, size_t input,
                                const uint16_t **outputs)
{
    if (c->index == NULL || input >= c->index->input_count)
        return 0;
    /* What an input continues is its own id; without one it continues nothing. */
    return find(c->index, OUTPUTS_BY_INPUT,
                (struct key){input, &c->index->utxos[input].covenant_id}, outputs);
}

size_t kaspa_covenants_inputs(const struct kaspa_covenants *c, const struct kaspa_hash *id,
                              const uint16_t **inputs)
{
    return c->index != NULL ? find(c->index, INPUTS_BY_ID, (struct key){0, id}, inputs) : 0;
}

size_t kaspa_covenants_outputs(const struct kaspa_covenants *c, const struct kaspa_hash *id,
                               const uint16_t **outputs)
{
    return c->index != NULL ? find(c->index, OUTPUTS_BY_ID, (struct key){0, id}, outputs) : 0;
}
