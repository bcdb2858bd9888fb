/* The shapes of transactions as JSON text, by tables of members; see safejson.h. */
#include "kaspa/safejson.h"

#include "kaspa/json_read.h"

/* Of a covenant id the empty text is another way to say none (digest, section 7.5). */
static enum assay_code read_covenant_id(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    struct kaspa_utxo *utxo = out;

    utxo->has_covenant = !assay_json_string_is(r->doc, token, "");
    return utxo->has_covenant ? kaspa_json_hash(r, token, &utxo->covenant_id) : ASSAY_OK;
}

static enum assay_code read_utxo(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    enum { AMOUNT = 1, SPK = 2, DAA_SCORE = 4, COINBASE = 8, COVENANT = 16, ADDRESS = 32 };
    static const struct kaspa_json_member members[] = {
        {"address", kaspa_json_pass_text, 0, 0, ADDRESS, true},
        {"amount", kaspa_json_u64, KASPA_JSON_AT(struct kaspa_utxo, amount), AMOUNT, false},
        {"scriptPublicKey", kaspa_json_spk, KASPA_JSON_AT(struct kaspa_utxo, spk), SPK, false},
        {"blockDaaScore", kaspa_json_u64, KASPA_JSON_AT(struct kaspa_utxo, block_daa_score),
         DAA_SCORE, false},
        {"isCoinbase", kaspa_json_bool, KASPA_JSON_AT(struct kaspa_utxo, is_coinbase), COINBASE,
         false},
        {"covenantId", read_covenant_id, 0, sizeof(struct kaspa_utxo), COVENANT, true},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, AMOUNT | SPK);
    unsigned seen;

    return kaspa_json_object(r, token, &shape, out, &seen);
}

/* The nested form. */
static enum assay_code read_outpoint(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    enum { TXID = 1, INDEX = 2 };
    static const struct kaspa_json_member members[] = {
        {"transactionId", kaspa_json_hash, KASPA_JSON_AT(struct kaspa_outpoint, txid), TXID, false},
        {"txid", kaspa_json_hash, KASPA_JSON_AT(struct kaspa_outpoint, txid), TXID, false},
        {"index", kaspa_json_u32, KASPA_JSON_AT(struct kaspa_outpoint, index), INDEX, false},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, TXID | INDEX);
    unsigned seen;

    return kaspa_json_object(r, token, &shape, out, &seen);
}

/* An input as its text has it: both forms of an outpoint, both kinds of commitment. */
struct input_text {
    struct kaspa_input input; /* its outpoint: flattened */
    struct kaspa_outpoint nested;
    struct kaspa_utxo utxo;
    uint16_t sig_ops, budget;
    unsigned seen; /* things, as below */
};

enum {
    IN_TXID = 1,
    IN_INDEX = 2,
    IN_NESTED = 4,
    IN_SEQUENCE = 8,
    IN_SIG_OPS = 16,
    IN_BUDGET = 32,
    IN_SCRIPT = 64,
    IN_UTXO = 128
};

static const struct kaspa_json_member input_members[] = {
    {"transactionId", kaspa_json_hash, KASPA_JSON_AT(struct input_text, input.previous.txid),
     IN_TXID, false},
    {"index", kaspa_json_u32, KASPA_JSON_AT(struct input_text, input.previous.index), IN_INDEX,
     false},
    {"previousOutpoint", read_outpoint, KASPA_JSON_AT(struct input_text, nested), IN_NESTED, false},
    {"sequence", kaspa_json_u64, KASPA_JSON_AT(struct input_text, input.sequence), IN_SEQUENCE,
     false},
    {"sigOpCount", kaspa_json_u8, KASPA_JSON_AT(struct input_text, sig_ops), IN_SIG_OPS, true},
    {"computeBudget", kaspa_json_u16, KASPA_JSON_AT(struct input_text, budget), IN_BUDGET, true},
    {"signatureScript", kaspa_json_hex, KASPA_JSON_AT(struct input_text, input.signature_script),
     IN_SCRIPT, false},
    {"utxo", read_utxo, KASPA_JSON_AT(struct input_text, utxo), IN_UTXO, false},
};

static enum assay_code settle_outpoint(struct kaspa_json_reader *r, uint32_t token,
                                       struct input_text *text)
{
    struct kaspa_outpoint *flat = &text->input.previous;

    if ((text->seen & (IN_TXID | IN_INDEX | IN_NESTED)) == IN_NESTED) {
        *flat = text->nested;
        return ASSAY_OK;
    }
    if ((text->seen & IN_TXID) == 0)
        return kaspa_json_fail_missing(r, token, "transactionId");
    if ((text->seen & IN_INDEX) == 0)
        return kaspa_json_fail_missing(r, token, "index");
    if ((text->seen & IN_NESTED) != 0 &&
        (flat->index != text->nested.index || !kaspa_hash_equal(&flat->txid, &text->nested.txid)))
        return kaspa_json_fail(r, ASSAY_E_CONFLICT, token, "has two outpoints that differ");
    return ASSAY_OK;
}

/* The kind that the version has, beside which the other one may be there as 0. Alone the other one
 * is kept as what it is: consensus has a name for that mistake. But a budget defaults to 0 where a
 * count of 0 stands alone: that is how the SDK reads it. Digest, section 8. */
static enum assay_code settle_commitment(struct kaspa_json_reader *r, uint32_t token,
                                         struct input_text *text, uint16_t version)
{
    bool counts = version == 0;
    unsigned right = counts ? IN_SIG_OPS : IN_BUDGET, both = IN_SIG_OPS | IN_BUDGET;
    uint16_t other = counts ? text->budget : text->sig_ops;

    if ((text->seen & both) == 0)
        return kaspa_json_fail_missing(r, token, counts ? "sigOpCount" : "computeBudget");
    if ((text->seen & both) == both && other != 0)
        return kaspa_json_fail(r, ASSAY_E_CONFLICT, token,
                               "has a compute commitment that its version does not have");
    if ((text->seen & right) == 0 && (counts || other != 0))
        counts = !counts;
    text->input.commit_kind = counts ? KASPA_COMMIT_SIG_OPS : KASPA_COMMIT_BUDGET;
    text->input.commit = counts ? text->sig_ops : text->budget;
    return ASSAY_OK;
}

static enum assay_code read_input(struct kaspa_json_reader *r, uint32_t token,
                                  struct input_text *text, uint16_t version)
{
    static const struct kaspa_json_shape shape =
        KASPA_JSON_SHAPE(input_members, IN_SEQUENCE | IN_SCRIPT);
    enum assay_code rc = kaspa_json_object(r, token, &shape, text, &text->seen);

    if (rc != ASSAY_OK || (rc = settle_outpoint(r, token, text)) != ASSAY_OK)
        return rc;
    return settle_commitment(r, token, text, version);
}

static enum assay_code read_covenant(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    enum { AUTHORIZING_INPUT = 1, COVENANT_ID = 2 };
    static const struct kaspa_json_member members[] = {
        {"authorizingInput", kaspa_json_u16, KASPA_JSON_AT(struct kaspa_output, authorizing_input),
         AUTHORIZING_INPUT, false},
        {"covenantId", kaspa_json_hash, KASPA_JSON_AT(struct kaspa_output, covenant_id),
         COVENANT_ID, false},
    };
    static const struct kaspa_json_shape shape =
        KASPA_JSON_SHAPE(members, AUTHORIZING_INPUT | COVENANT_ID);
    struct kaspa_output *output = out;
    unsigned seen;

    output->has_covenant = true;
    return kaspa_json_object(r, token, &shape, output, &seen);
}

static enum assay_code read_output(struct kaspa_json_reader *r, uint32_t token,
                                   struct kaspa_output *out)
{
    enum { VALUE = 1, SPK = 2, COVENANT = 4 };
    static const struct kaspa_json_member members[] = {
        {"value", kaspa_json_u64, KASPA_JSON_AT(struct kaspa_output, value), VALUE, false},
        {"amount", kaspa_json_u64, KASPA_JSON_AT(struct kaspa_output, value), VALUE, false},
        {"scriptPublicKey", kaspa_json_spk, KASPA_JSON_AT(struct kaspa_output, spk), SPK, false},
        {"covenant", read_covenant, 0, sizeof(struct kaspa_output), COVENANT, true},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, VALUE | SPK);
    unsigned seen;

    return kaspa_json_object(r, token, &shape, out, &seen);
}

/* A transaction as its text has it. The lists are tokens until the version is known, which may
 * stand behind them. */
struct tx_text {
    struct kaspa_tx tx;
    struct kaspa_claims claims;
    uint32_t inputs, outputs;
};

/* The elements of a list. max 0: `most`, which is one more than consensus allows, so that the rule
 * that a longer list breaks can say so by its name. */
static enum assay_code count_list(struct kaspa_json_reader *r, uint32_t token, const char *name,
                                  size_t max, size_t most, size_t *count)
{
    enum assay_code rc = ASSAY_OK;

    kaspa_json_enter(r, name, KASPA_JSON_NO_INDEX);
    if (assay_json_type(r->doc, token) != ASSAY_JSON_ARRAY)
        rc = kaspa_json_fail(r, ASSAY_E_TYPE, token, "is no list");
    else if ((*count = r->doc->tokens[token].count) > (max > 0 ? max : most))
        rc = kaspa_json_fail(r, ASSAY_E_TOO_LARGE, token, "has more elements than are allowed");
    kaspa_json_leave(r);
    return rc;
}

static enum assay_code read_inputs(struct kaspa_json_reader *r, struct tx_text *text)
{
    uint32_t list = text->inputs, element = assay_json_first(r->doc, list);
    struct kaspa_input *inputs;
    struct kaspa_utxo *utxos;
    bool *has_utxo;
    enum assay_code rc;
    size_t count = 0;

    rc = count_list(r, list, "inputs", r->options->max_inputs, KASPA_TX_MAX_INPUTS + 1, &count);
    if (rc != ASSAY_OK)
        return rc;
    inputs = assay_arena_alloc(r->arena, count * sizeof(*inputs));
    utxos = assay_arena_alloc(r->arena, count * sizeof(*utxos));
    has_utxo = assay_arena_alloc(r->arena, count * sizeof(*has_utxo));
    if (inputs == NULL || utxos == NULL || has_utxo == NULL)
        return kaspa_json_fail_memory(r, list);
    for (size_t i = 0; i < count; i++) {
        struct input_text input = {.seen = 0};

        kaspa_json_enter(r, "inputs", i);
        if ((rc = read_input(r, element, &input, text->tx.version)) != ASSAY_OK)
            return rc;
        kaspa_json_leave(r);
        inputs[i] = input.input;
        utxos[i] = input.utxo;
        has_utxo[i] = (input.seen & IN_UTXO) != 0;
        element = assay_json_next_sibling(r->doc, list, element);
    }
    text->tx.inputs = inputs;
    text->tx.input_count = count;
    text->claims.utxos = utxos;
    text->claims.has_utxo = has_utxo;
    return ASSAY_OK;
}

static enum assay_code read_outputs(struct kaspa_json_reader *r, struct tx_text *text)
{
    uint32_t list = text->outputs, element = assay_json_first(r->doc, list);
    struct kaspa_output *outputs;
    enum assay_code rc;
    size_t count = 0;

    rc = count_list(r, list, "outputs", r->options->max_outputs, KASPA_TX_MAX_OUTPUTS + 1, &count);
    if (rc != ASSAY_OK)
        return rc;
    outputs = assay_arena_alloc(r->arena, count * sizeof(*outputs));
    if (outputs == NULL)
        return kaspa_json_fail_memory(r, list);
    for (size_t i = 0; i < count; i++) {
        kaspa_json_enter(r, "outputs", i);
        if ((rc = read_output(r, element, &outputs[i])) != ASSAY_OK)
            return rc;
        kaspa_json_leave(r);
        element = assay_json_next_sibling(r->doc, list, element);
    }
    text->tx.outputs = outputs;
    text->tx.output_count = count;
    return ASSAY_OK;
}

static enum assay_code read_tx(struct kaspa_json_reader *r, uint32_t token, struct tx_text *text)
{
    enum {
        ID = 1,
        VERSION = 2,
        INPUTS = 4,
        OUTPUTS = 8,
        SUBNETWORK = 16,
        LOCK_TIME = 32,
        GAS = 64,
        MASS = 128,
        PAYLOAD = 256
    };
    static const struct kaspa_json_member members[] = {
        {"id", kaspa_json_hash, KASPA_JSON_AT(struct tx_text, claims.id), ID, false},
        {"version", kaspa_json_u16, KASPA_JSON_AT(struct tx_text, tx.version), VERSION, false},
        {"inputs", kaspa_json_token, KASPA_JSON_AT(struct tx_text, inputs), INPUTS, false},
        {"outputs", kaspa_json_token, KASPA_JSON_AT(struct tx_text, outputs), OUTPUTS, false},
        {"subnetworkId", kaspa_json_subnetwork, KASPA_JSON_AT(struct tx_text, tx.subnetwork_id),
         SUBNETWORK, false},
        {"lockTime", kaspa_json_u64, KASPA_JSON_AT(struct tx_text, tx.lock_time), LOCK_TIME, false},
        {"gas", kaspa_json_u64, KASPA_JSON_AT(struct tx_text, tx.gas), GAS, false},
        {"storageMass", kaspa_json_u64, KASPA_JSON_AT(struct tx_text, tx.storage_mass), MASS,
         false},
        {"mass", kaspa_json_u64, KASPA_JSON_AT(struct tx_text, tx.storage_mass), MASS, false},
        {"payload", kaspa_json_hex, KASPA_JSON_AT(struct tx_text, tx.payload), PAYLOAD, false},
    };
    static const struct kaspa_json_shape shape =
        KASPA_JSON_SHAPE(members, VERSION | INPUTS | OUTPUTS);
    unsigned seen = 0;
    enum assay_code rc = kaspa_json_object(r, token, &shape, text, &seen);

    if (rc != ASSAY_OK)
        return rc;
    text->claims.has_id = (seen & ID) != 0;
    text->claims.has_storage_mass = (seen & MASS) != 0;
    if ((rc = read_inputs(r, text)) != ASSAY_OK)
        return rc;
    return read_outputs(r, text);
}

enum assay_code kaspa_tx_parse_value(struct kaspa_tx *tx, struct kaspa_claims *claims,
                                     struct assay_arena *arena, const struct assay_json *doc,
                                     uint32_t token, const struct kaspa_json_options *options,
                                     struct assay_err *err)
{
    struct kaspa_json_reader r = {.doc = doc, .arena = arena, .options = options, .err = err};
    struct tx_text text = {.tx = {.payload = ASSAY_LIT("")}};
    enum assay_code rc = read_tx(&r, token, &text);

    if (rc != ASSAY_OK)
        return rc;
    *tx = text.tx;
    if (claims != NULL)
        *claims = text.claims;
    return ASSAY_OK;
}

enum assay_code kaspa_utxo_parse_value(struct kaspa_utxo *utxo, struct assay_arena *arena,
                                       const struct assay_json *doc, uint32_t token,
                                       const struct kaspa_json_options *options,
                                       struct assay_err *err)
{
    struct kaspa_json_reader r = {.doc = doc, .arena = arena, .options = options, .err = err};
    struct kaspa_utxo read = {.amount = 0};
    enum assay_code rc = read_utxo(&r, token, &read);

    if (rc == ASSAY_OK)
        *utxo = read;
    return rc;
}

enum assay_code kaspa_tx_parse(struct kaspa_tx *tx, struct kaspa_claims *claims,
                               struct assay_arena *arena, struct assay_bytes text,
                               const struct kaspa_json_options *options, struct assay_err *err)
{
    struct assay_json_token *tokens;
    struct assay_json doc;
    enum assay_code rc;
    size_t room;

    if (text.len > KASPA_JSON_MAX_BYTES)
        return assay_fail(err, ASSAY_E_TOO_LARGE, KASPA_JSON_MAX_BYTES,
                          "the text has more than %zu bytes", KASPA_JSON_MAX_BYTES);
    room = assay_json_token_bound(text);
    tokens = assay_arena_alloc(arena, room * sizeof(*tokens));
    if (tokens == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "%s", assay_code_text(ASSAY_E_NOMEM));
    rc = assay_json_parse(&doc, tokens, room, text, ASSAY_JSON_STRICT, err);
    if (rc != ASSAY_OK)
        return rc;
    return kaspa_tx_parse_value(tx, claims, arena, &doc, 0, options, err);
}
