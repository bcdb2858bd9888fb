/* Coins by the scripts that hold them: a node finds them by address alone. Nothing of an answer is
 * taken that was not asked for, and no coin twice. Source: Kaspa consensus digest, section 7.2. */
#include "net/kaspa_node_internal.h"

#include "base/hex.h"

#include <stdlib.h>

/* The scripts of one question, each once. */
struct asked {
    struct place {
        struct kaspa_spk spk;
        char address[KASPA_ADDRESS_TEXT_MAX_BYTES];
    } * at;
    size_t count;
};

static enum assay_code add_place(struct ref_kaspa_ask *ask, struct asked *asked,
                                 const struct kaspa_spk *spk)
{
    struct place *place = &asked->at[asked->count];
    struct kaspa_address address;

    for (size_t i = 0; i < asked->count; i++)
        if (kaspa_spk_equal(&asked->at[i].spk, spk))
            return ASSAY_OK;
    if (!kaspa_address_of_script(&address, spk, ask->node->options.network))
        return assay_fail(ask->err, ASSAY_E_UNSUPPORTED, 0,
                          "a script has no address, and a node finds coins by address alone");
    kaspa_address_encode(place->address, &address);
    place->spk = *spk;
    asked->count++;
    return ASSAY_OK;
}

static enum assay_code out_of_memory(struct ref_kaspa_ask *ask)
{
    return assay_fail(ask->err, ASSAY_E_NOMEM, 0, "out of memory for coins");
}

static enum assay_code collect(struct ref_kaspa_ask *ask, struct asked *asked,
                               const struct kaspa_spk *spks, size_t count)
{
    enum assay_code rc = ASSAY_OK;

    asked->at = assay_arena_alloc(&ask->scratch, count * sizeof(*asked->at));
    if (asked->at == NULL)
        return out_of_memory(ask);
    for (size_t i = 0; i < count && rc == ASSAY_OK; i++)
        rc = add_place(ask, asked, &spks[i]);
    return rc;
}

/* ---- one entry ---- */

/* The hex digits of its script; empty: no text. */
static struct assay_bytes spk_digits(const struct ref_kaspa_reader *r, uint32_t utxo)
{
    uint32_t token = assay_json_member(r->doc, utxo, "scriptPublicKey");
    struct assay_bytes raw = assay_json_raw(r->doc, token);

    if (assay_json_type(r->doc, token) != ASSAY_JSON_STRING)
        return ASSAY_LIT("");
    return assay_bytes_part(raw, 1, raw.len - 1);
}

/* The script borrows from `bytes`, which has room for half as many as there are digits. */
static bool decode_spk(struct kaspa_spk *out, uint8_t *bytes, struct assay_bytes digits)
{
    return assay_hex_decode(bytes, digits.len / 2, digits, false) == ASSAY_OK &&
           kaspa_spk_parse(out, assay_bytes_of(bytes, digits.len / 2)) == ASSAY_OK;
}

/* The place that holds it: by its script, and the address where there is one. */
static const struct place *read_place(struct ref_kaspa_reader *r, const struct asked *asked,
                                      uint32_t entry, uint32_t utxo)
{
    uint32_t address = ref_kaspa_read_optional(r, entry, "address");
    struct assay_bytes digits = spk_digits(r, utxo);
    uint8_t bytes[2 + KASPA_SPK_MAX_STANDARD_BYTES];
    const struct place *place = NULL;
    struct kaspa_spk spk;

    if (digits.len / 2 <= sizeof(bytes) && decode_spk(&spk, bytes, digits))
        for (size_t i = 0; i < asked->count && place == NULL; i++)
            if (kaspa_spk_equal(&asked->at[i].spk, &spk))
                place = &asked->at[i];
    if (place == NULL)
        ref_kaspa_read_fail(r, "scriptPublicKey", "is none of those that were asked for");
    else if (address != ASSAY_JSON_NONE && !assay_json_string_is(r->doc, address, place->address))
        ref_kaspa_read_fail(r, "address", "is not the one of the script");
    return place;
}

static void read_covenant(struct ref_kaspa_reader *r, struct kaspa_utxo *out, uint32_t utxo)
{
    uint32_t covenant = ref_kaspa_read_optional(r, utxo, "covenantId");

    out->has_covenant = covenant != ASSAY_JSON_NONE && !assay_json_string_is(r->doc, covenant, "");
    if (out->has_covenant)
        out->covenant_id = ref_kaspa_read_hash_at(r, covenant, "covenantId");
}

/* All but its script. */
static struct kaspa_utxo read_utxo(struct ref_kaspa_reader *r, uint32_t utxo)
{
    struct kaspa_utxo out = {.amount = ref_kaspa_read_u64(r, utxo, "amount")};

    out.block_daa_score = ref_kaspa_read_u64(r, utxo, "blockDaaScore");
    out.is_coinbase = ref_kaspa_read_bool(r, utxo, "isCoinbase");
    read_covenant(r, &out, utxo);
    if (out.amount > KASPA_MAX_SOMPI)
        ref_kaspa_read_fail(r, "amount", "is above all the money there is");
    return out;
}

static void read_coin(struct ref_kaspa_reader *r, struct ref_kaspa_coin *out,
                      const struct asked *asked, uint32_t entry)
{
    uint32_t utxo = ref_kaspa_read_object(r, entry, "utxoEntry");
    const struct place *place;

    *out = (struct ref_kaspa_coin){
        .outpoint = ref_kaspa_read_outpoint(r, entry, "outpoint"),
    };
    out->utxo = read_utxo(r, utxo);
    if (r->bad == ASSAY_OK && (place = read_place(r, asked, entry, utxo)) != NULL)
        out->utxo.spk = place->spk;
}

/* ---- what an input has spent ---- */

/* NONE where it is not told; else it has to be an object. */
static uint32_t optional_object(struct ref_kaspa_reader *r, uint32_t object, const char *name)
{
    if (ref_kaspa_read_optional(r, object, name) == ASSAY_JSON_NONE)
        return ASSAY_JSON_NONE;
    return ref_kaspa_read_object(r, object, name);
}

/* Every member is optional there, and half a coin is none. */
static bool is_told(const struct ref_kaspa_reader *r, uint32_t utxo)
{
    static const char *const names[] = {"amount", "scriptPublicKey", "blockDaaScore", "isCoinbase"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (ref_kaspa_read_optional(r, utxo, names[i]) == ASSAY_JSON_NONE)
            return false;
    return true;
}

/* It may be of any kind, unlike those that were asked for by an address. */
static struct kaspa_spk read_spk(struct ref_kaspa_reader *r, struct assay_arena *arena,
                                 uint32_t utxo)
{
    struct kaspa_spk spk = {.script = ASSAY_LIT("")};
    struct assay_bytes digits = spk_digits(r, utxo);
    uint8_t *bytes = assay_arena_alloc(arena, digits.len / 2);

    if (bytes == NULL)
        r->bad = assay_fail(r->err, ASSAY_E_NOMEM, 0, "out of memory for a script");
    else if (!decode_spk(&spk, bytes, digits))
        ref_kaspa_read_fail(r, "scriptPublicKey", "is no script in hex digits");
    return spk;
}

void ref_kaspa_read_spent(struct ref_kaspa_reader *r, struct kaspa_utxo *out,
                          struct assay_arena *arena, uint32_t input)
{
    uint32_t data = optional_object(r, input, "verboseData");
    uint32_t entry = optional_object(r, data, "utxoEntry");
    struct kaspa_utxo utxo;

    if (!is_told(r, entry))
        return;
    utxo = read_utxo(r, entry);
    utxo.spk = read_spk(r, arena, entry);
    if (r->bad == ASSAY_OK)
        *out = utxo;
}

/* ---- all of them ---- */

static int by_outpoint(const void *a, const void *b)
{
    const struct kaspa_outpoint *left = &((const struct ref_kaspa_coin *)a)->outpoint;
    const struct kaspa_outpoint *right = &((const struct ref_kaspa_coin *)b)->outpoint;
    int order = memcmp(left->txid.at, right->txid.at, sizeof(left->txid.at));

    if (order != 0)
        return order;
    return left->index < right->index ? -1 : left->index > right->index;
}

static enum assay_code read_coins(struct ref_kaspa_ask *ask, struct ref_kaspa_call *call,
                                  struct ref_kaspa_coins *out, const struct asked *asked)
{
    struct ref_kaspa_reader *r = &call->r;
    uint32_t list = ref_kaspa_read_list(r, call->params, "entries");
    size_t room = list != ASSAY_JSON_NONE ? r->doc->tokens[list].count : 0;

    if (room > ask->node->options.coins_max)
        return assay_fail(ask->err, ASSAY_E_TOO_LARGE, 0,
                          "the node has %zu coins, %zu at most are read: gather them in fewer",
                          room, ask->node->options.coins_max);
    *out = (struct ref_kaspa_coins){.at = NULL};
    if ((out->at = assay_arena_alloc(&ask->scratch, room * sizeof(*out->at))) == NULL)
        return out_of_memory(ask);
    for (uint32_t at = assay_json_first(r->doc, list); at != ASSAY_JSON_NONE && r->bad == ASSAY_OK;
         at = assay_json_next_sibling(r->doc, list, at))
        read_coin(r, &out->at[out->count++], asked, at);
    if (r->bad == ASSAY_OK && out->count > 0)
        qsort(out->at, out->count, sizeof(*out->at), by_outpoint);
    for (size_t i = 1; i < out->count && r->bad == ASSAY_OK; i++)
        if (by_outpoint(&out->at[i - 1], &out->at[i]) == 0)
            ref_kaspa_read_fail(r, "outpoint", "appears twice");
    return r->bad;
}

static enum assay_code ask_coins(struct ref_kaspa_ask *ask, struct ref_kaspa_coins *out,
                                 const struct asked *asked, struct assay_bytes params)
{
    struct ref_kaspa_call call;
    enum assay_code rc = ref_kaspa_call(ask, &call, NULL, "getUtxosByAddresses", params);

    if (rc == ASSAY_OK)
        rc = read_coins(ask, &call, out, asked);
    ref_kaspa_call_fini(&call);
    return rc;
}

enum assay_code ref_kaspa_get_coins(struct ref_kaspa_ask *ask, struct ref_kaspa_coins *out,
                                    const struct kaspa_spk *spks, size_t count)
{
    struct assay_buf params = ASSAY_BUF_INIT(REF_WS_QUESTION_MAX_BYTES);
    struct asked asked = {.count = 0};
    enum assay_code rc = collect(ask, &asked, spks, count);

    assay_buf_add_str(&params, "{\"addresses\":[");
    for (size_t i = 0; i < asked.count; i++)
        assay_buf_printf(&params, "%s\"%s\"", i > 0 ? "," : "", asked.at[i].address);
    assay_buf_add_str(&params, "]}");
    if (rc == ASSAY_OK && !assay_buf_ok(&params))
        rc = out_of_memory(ask);
    if (rc == ASSAY_OK)
        rc = ask_coins(ask, out, &asked, assay_buf_view(&params));
    assay_buf_fini(&params);
    return rc;
}

const struct ref_kaspa_coin *ref_kaspa_find_coin(const struct ref_kaspa_coins *coins,
                                                 const struct kaspa_outpoint *outpoint)
{
    const struct ref_kaspa_coin key = {.outpoint = *outpoint};

    if (coins->count == 0)
        return NULL;
    return bsearch(&key, coins->at, coins->count, sizeof(key), by_outpoint);
}
