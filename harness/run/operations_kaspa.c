/* Readers and writers of the JSON values of the kaspa operations; see operations_kaspa.h. */
#include "run/operations_kaspa.h"

#include "base/decimal.h"
#include "base/hex.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void *kaspa_in_room(struct assay_arena *arena, size_t count, size_t size, struct assay_err *err)
{
    void *at = count <= SIZE_MAX / size ? assay_arena_alloc(arena, count * size) : NULL;

    if (at == NULL)
        assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    return at;
}

bool kaspa_in_hex(struct assay_bytes *out, struct assay_arena *arena, const json_t *in,
                  const char *member, struct assay_err *err)
{
    const char *text = operation_text(in, member, true, err);
    size_t len = text != NULL ? strlen(text) / 2 : 0;
    uint8_t *at;

    if (text == NULL || (at = kaspa_in_room(arena, len, 1, err)) == NULL)
        return false;
    if (assay_hex_decode(at, len, assay_str(text), false) != ASSAY_OK) {
        assay_fail(err, ASSAY_E_MALFORMED, 0, "member %s: expected hex digits, two a byte", member);
        return false;
    }
    *out = assay_bytes_of(at, len);
    return true;
}

bool kaspa_in_hash(struct kaspa_hash *out, const json_t *in, const char *member,
                   struct assay_err *err)
{
    const char *text = operation_text(in, member, true, err);

    if (text == NULL)
        return false;
    if (assay_hex_decode(out->at, sizeof out->at, assay_str(text), false) == ASSAY_OK)
        return true;
    assay_fail(err, ASSAY_E_MALFORMED, 0, "member %s: expected 64 hex digits", member);
    return false;
}

bool kaspa_in_spk(struct kaspa_spk *out, struct assay_arena *arena, const json_t *in,
                  const char *member, struct assay_err *err)
{
    struct assay_bytes bytes;

    if (!kaspa_in_hex(&bytes, arena, in, member, err))
        return false;
    if (kaspa_spk_parse(out, bytes) == ASSAY_OK)
        return true;
    assay_fail(err, ASSAY_E_MALFORMED, 0,
               "member %s: expected two bytes of version, then the script", member);
    return false;
}

bool kaspa_in_u64(uint64_t *out, const json_t *in, const char *member, struct assay_err *err)
{
    const char *text = operation_text(in, member, true, err);
    enum assay_code rc = text != NULL ? assay_decimal_u64(out, assay_str(text)) : ASSAY_OK;

    if (rc != ASSAY_OK)
        assay_fail(err, rc, 0, "member %s: expected a text with a number from 0 to 2^64-1", member);
    return text != NULL && rc == ASSAY_OK;
}

bool kaspa_in_small(uint64_t *out, const json_t *in, const char *member, uint64_t most,
                    struct assay_err *err)
{
    const json_t *value = json_object_get(in, member);
    json_int_t number = json_integer_value(value);

    if (json_is_integer(value) && number >= 0 && (uint64_t)number <= most) {
        *out = (uint64_t)number;
        return true;
    }
    assay_fail(err,
               value == NULL            ? ASSAY_E_MISSING
               : json_is_integer(value) ? ASSAY_E_RANGE
                                        : ASSAY_E_TYPE,
               0, "member %s: expected a whole number from 0 to %" PRIu64, member, most);
    return false;
}

const json_t *kaspa_in_array(const json_t *in, const char *member, struct assay_err *err)
{
    const json_t *value = json_object_get(in, member);

    if (json_is_array(value))
        return value;
    assay_fail(err, value == NULL ? ASSAY_E_MISSING : ASSAY_E_TYPE, 0,
               "member %s: expected an array", member);
    return NULL;
}

/* ---- transactions ---- */

static bool parse_tx(struct kaspa_in *k, struct assay_bytes text, bool numbers,
                     struct assay_err *err)
{
    const struct kaspa_json_options options = {.numbers = numbers};
    enum assay_code rc = kaspa_tx_parse(&k->tx, &k->claims, &k->arena, text, &options, err);

    (void)assay_err_wrap(err, rc, "member transaction");
    return rc == ASSAY_OK;
}

/* An object goes through the reader of texts, so that there is one. */
bool kaspa_in_tx(struct kaspa_in *k, const json_t *in, struct assay_err *err)
{
    const json_t *value = json_object_get(in, "transaction");
    char *text;
    bool ok;

    if (json_is_string(value))
        return parse_tx(k, assay_bytes_of(json_string_value(value), json_string_length(value)),
                        true, err);
    if (!json_is_object(value)) {
        assay_fail(err, value == NULL ? ASSAY_E_MISSING : ASSAY_E_TYPE, 0,
                   "member transaction: expected an object, or a text with JSON");
        return false;
    }
    text = json_dumps(value, JSON_COMPACT);
    if (text == NULL) {
        assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
        return false;
    }
    ok = parse_tx(k, assay_str(text), false, err);
    if (!ok && err != NULL)
        err->at = 0; /* it is an offset in our text, not in the caller's */
    free(text);
    return ok;
}

static bool parse_utxos(struct kaspa_in *k, struct assay_bytes text, struct assay_err *err)
{
    const struct kaspa_json_options options = {.numbers = false};
    size_t room = assay_json_token_bound(text), i = 0;
    struct assay_json_token *tokens = kaspa_in_room(&k->arena, room, sizeof *tokens, err);
    struct assay_json doc;
    enum assay_code rc;

    k->utxos = kaspa_in_room(&k->arena, k->tx.input_count, sizeof *k->utxos, err);
    if (tokens == NULL || k->utxos == NULL)
        return false;
    rc = assay_json_parse(&doc, tokens, room, text, ASSAY_JSON_STRICT, err);
    if (rc != ASSAY_OK)
        return false;
    for (uint32_t token = assay_json_first(&doc, 0); token != ASSAY_JSON_NONE && rc == ASSAY_OK;
         token = assay_json_next_sibling(&doc, 0, token), i++) {
        if (k->is_missing != NULL && assay_json_type(&doc, token) == ASSAY_JSON_NULL) {
            k->is_missing[i] = true;
            continue;
        }
        rc = kaspa_utxo_parse_value(&k->utxos[i], &k->arena, &doc, token, &options, err);
        (void)assay_err_wrap(err, rc, "member utxos[%zu]", i);
    }
    return rc == ASSAY_OK;
}

bool kaspa_in_utxos(struct kaspa_in *k, const json_t *in, bool may_be_missing,
                    struct assay_err *err)
{
    const json_t *value = kaspa_in_array(in, "utxos", err);
    char *text;
    bool ok;

    if (value == NULL)
        return false;
    if (json_array_size(value) != k->tx.input_count) {
        assay_fail(err, ASSAY_E_MISMATCH, 0, "member utxos: expected %zu, one an input, found %zu",
                   k->tx.input_count, json_array_size(value));
        return false;
    }
    if (may_be_missing && (k->is_missing = kaspa_in_room(&k->arena, k->tx.input_count,
                                                         sizeof *k->is_missing, err)) == NULL)
        return false;
    text = json_dumps(value, JSON_COMPACT);
    if (text == NULL) {
        assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
        return false;
    }
    ok = parse_utxos(k, assay_str(text), err);
    if (!ok && err != NULL)
        err->at = 0;
    free(text);
    return ok;
}

bool kaspa_in_input(struct kaspa_in *k, const json_t *in, struct assay_err *err)
{
    uint64_t input;

    if (!kaspa_in_small(&input, in, "input", UINT32_MAX, err))
        return false;
    if (input >= k->tx.input_count) {
        assay_fail(err, ASSAY_E_RANGE, 0, "member input: the transaction has %zu inputs",
                   k->tx.input_count);
        return false;
    }
    k->input = (size_t)input;
    return true;
}

bool kaspa_in_pov(struct kaspa_point_of_view *out, const json_t *in, struct assay_err *err)
{
    static const char *const members[] = {"daaScore", "pastMedianTime", NULL};
    const json_t *pov = json_object_get(in, "pov");

    if (operation_members(pov, members, err) &&
        kaspa_in_u64(&out->daa_score, pov, "daaScore", err) &&
        kaspa_in_u64(&out->past_median_time_ms, pov, "pastMedianTime", err))
        return true;
    (void)assay_err_wrap(err, ASSAY_E_MALFORMED, "member pov");
    return false;
}

/* ---- results ---- */

static json_t *text_of(struct assay_buf *text)
{
    json_t *value = assay_buf_ok(text) ? json_stringn((const char *)assay_buf_view(text).at,
                                                      assay_buf_view(text).len)
                                       : NULL;

    assay_buf_fini(text);
    return value;
}

json_t *kaspa_out_hex(struct assay_bytes bytes)
{
    struct assay_buf text = ASSAY_BUF_INIT(2 * OPERATION_INPUT_MAX_BYTES);
    uint8_t *at = assay_buf_extend(&text, 2 * bytes.len + 1);

    if (at != NULL) {
        assay_hex_encode((char *)at, bytes);
        text.len--;
    }
    return text_of(&text);
}

json_t *kaspa_out_hash(const struct kaspa_hash *hash)
{
    char text[2 * KASPA_HASH_BYTES + 1];

    assay_hex_encode(text, assay_bytes_of(hash->at, sizeof hash->at));
    return json_string(text);
}

json_t *kaspa_out_spk(const struct kaspa_spk *spk)
{
    struct assay_buf text = ASSAY_BUF_INIT(2 * OPERATION_INPUT_MAX_BYTES);

    kaspa_spk_add_hex(&text, spk);
    return text_of(&text);
}

json_t *kaspa_out_u64(uint64_t value)
{
    char text[ASSAY_DECIMAL_TEXT_MAX_BYTES];

    return snprintf(text, sizeof text, "%" PRIu64, value) < (int)sizeof text ? json_string(text)
                                                                             : NULL;
}
