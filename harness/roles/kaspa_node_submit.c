/* Transactions that come in over RPC or REST: their JSON is held to the form that each interface
 * has, and read by ref/kaspa. Source: Kaspa consensus digest, sections 7.1, 7.2 and 7.7. */
#include "roles/kaspa_node_internal.h"

#include "kaspa/txid.h"

#include <inttypes.h>

/* A text as JSON and what is made of it. */
struct incoming {
    const struct assay_json *doc;
    struct assay_arena *arena;
    struct assay_buf *reason;
    enum node_tx_form form;
};

static bool refuse(const struct incoming *in, const char *format, const char *what)
{
    assay_buf_printf(in->reason, "%s `%s`", format, what);
    return false;
}

/* ---- the form of RPC: 64-bit values are numbers, and little may be left out ---- */

struct field {
    const char *name;
    enum assay_json_type type;
};

static bool has_fields(const struct incoming *in, uint32_t object, const struct field *fields,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t value = assay_json_member(in->doc, object, fields[i].name);

        if (value == ASSAY_JSON_NONE)
            return refuse(in, "missing field", fields[i].name);
        if (assay_json_type(in->doc, value) != fields[i].type)
            return refuse(in, "invalid type of field", fields[i].name);
    }
    return true;
}

static bool each_has_fields(const struct incoming *in, uint32_t list, const struct field *fields,
                            size_t count)
{
    for (uint32_t at = assay_json_first(in->doc, list); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(in->doc, list, at))
        if (!has_fields(in, at, fields, count))
            return false;
    return true;
}

static bool has_rpc_form(const struct incoming *in, uint32_t token)
{
    static const struct field of_tx[] = {
        {"version", ASSAY_JSON_NUMBER}, {"inputs", ASSAY_JSON_ARRAY},
        {"outputs", ASSAY_JSON_ARRAY},  {"lockTime", ASSAY_JSON_NUMBER},
        {"gas", ASSAY_JSON_NUMBER},     {"subnetworkId", ASSAY_JSON_STRING},
        {"payload", ASSAY_JSON_STRING},
    };
    static const struct field of_input[] = {
        {"previousOutpoint", ASSAY_JSON_OBJECT},
        {"signatureScript", ASSAY_JSON_STRING},
        {"sequence", ASSAY_JSON_NUMBER},
        {"sigOpCount", ASSAY_JSON_NUMBER},
    };
    static const struct field of_output[] = {{"value", ASSAY_JSON_NUMBER}};
    static const char *const masses[] = {"mass", "storageMass"};

    if (!has_fields(in, token, of_tx, ARRAY_LEN(of_tx)))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(masses); i++) {
        uint32_t mass = assay_json_member(in->doc, token, masses[i]);

        if (mass != ASSAY_JSON_NONE && assay_json_type(in->doc, mass) != ASSAY_JSON_NUMBER)
            return refuse(in, "invalid type of field", masses[i]);
    }
    return each_has_fields(in, assay_json_member(in->doc, token, "inputs"), of_input,
                           ARRAY_LEN(of_input)) &&
           each_has_fields(in, assay_json_member(in->doc, token, "outputs"), of_output,
                           ARRAY_LEN(of_output));
}

/* ---- script public keys in parts ---- */

/* Writes the text of a {version, script} as the library reads it. */
static bool join_spk(struct assay_buf *out, const struct incoming *in, uint32_t object)
{
    uint32_t version = assay_json_member(in->doc, object, "version");
    uint32_t script = assay_json_member(in->doc, object, "script");
    struct assay_bytes raw;
    uint64_t number;

    if (script == ASSAY_JSON_NONE)
        script = assay_json_member(in->doc, object, "scriptPublicKey");
    if (assay_json_u64(&number, in->doc, version) != ASSAY_OK || number > UINT16_MAX ||
        assay_json_type(in->doc, script) != ASSAY_JSON_STRING)
        return refuse(in, "invalid value of field", "scriptPublicKey");
    raw = assay_json_raw(in->doc, script);
    assay_buf_printf(out, "\"%04" PRIx64, number);
    assay_buf_add(out, assay_bytes_part(raw, 1, raw.len));
    return true;
}

/* Copies a transaction's text with every script public key in one piece. */
static bool join_spks(struct assay_buf *out, const struct incoming *in, uint32_t token)
{
    uint32_t outputs = assay_json_member(in->doc, token, "outputs");
    size_t at = in->doc->tokens[token].start;

    for (uint32_t output = assay_json_first(in->doc, outputs); output != ASSAY_JSON_NONE;
         output = assay_json_next_sibling(in->doc, outputs, output)) {
        uint32_t spk = assay_json_member(in->doc, output, "scriptPublicKey");

        if (assay_json_type(in->doc, spk) != ASSAY_JSON_OBJECT)
            continue;
        assay_buf_add(out, assay_bytes_part(in->doc->text, at, in->doc->tokens[spk].start));
        if (!join_spk(out, in, spk))
            return false;
        at = in->doc->tokens[spk].end;
    }
    assay_buf_add(out, assay_bytes_part(in->doc->text, at, in->doc->tokens[token].end));
    return true;
}

static bool read_tx(const struct incoming *in, struct kaspa_tx *tx, uint32_t token)
{
    const struct kaspa_json_options options = {.numbers = true, .unknown_members = true};
    struct assay_buf text = ASSAY_BUF_INIT(2 * NODE_MESSAGE_MAX_BYTES);
    struct assay_err err = {.code = ASSAY_OK};
    bool ok = false;

    if (assay_json_type(in->doc, token) != ASSAY_JSON_OBJECT)
        return refuse(in, "missing field", "transaction");
    if ((in->form == NODE_TX_REST || has_rpc_form(in, token)) && join_spks(&text, in, token)) {
        enum assay_code rc =
            assay_buf_ok(&text)
                ? kaspa_tx_parse(tx, NULL, in->arena, assay_buf_view(&text), &options, &err)
                : text.bad;

        ok = rc == ASSAY_OK;
        if (!ok)
            assay_buf_printf(in->reason, "transaction: %s",
                             err.code != ASSAY_OK ? err.text : assay_code_text(rc));
    }
    assay_buf_fini(&text);
    return ok;
}

bool node_submit(const struct node_view *view, struct kaspa_hash *id, struct assay_buf *reason,
                 struct assay_arena *arena, const struct assay_json *doc, uint32_t token,
                 enum node_tx_form form, bool is_replacement)
{
    const struct incoming in = {doc, arena, reason, form};
    enum kaspa_submission result;
    struct kaspa_tx tx;

    if (!read_tx(&in, &tx, token))
        return false;
    if (view->how.lie == KASPA_NODE_SWALLOW) {
        kaspa_txid(id, &tx);
        return true;
    }
    if (is_replacement)
        result = kaspa_chain_replace(view->chain, &tx, id, reason);
    else
        result = kaspa_chain_submit(view->chain, &tx, id, NULL, reason);
    if (result == KASPA_SUBMITTED && view->how.lie == KASPA_NODE_OTHER_ID)
        id->at[KASPA_HASH_BYTES - 1] ^= 1;
    return result == KASPA_SUBMITTED;
}
