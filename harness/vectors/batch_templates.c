/* Covenant templates: their scripts, scripts that drifted from one, and what these let happen.
 * Source: Kaspa x402 batch digest, sections 9.1, 9.3 and 16; D names a row of its section 9.3. */
#include "vectors/batch_base.h"

#include "kaspa_x402/escrow.h"

#include <stdio.h>

#define ONES "1111111111111111111111111111111111111111111111111111111111111111"
#define TWOS "2222222222222222222222222222222222222222222222222222222222222222"
#define SPK "batch.tx.witness.redeem"
#define DRIFT "template.drift"
/* Of names: the voucher domain of binding v2, and kaspa:mainnet (section 2). */
#define V2_DOMAIN "dd08a0f48c41d89eda672cef33c3d43a4c2bd11083efbcd62dbbae0e018ec30b"
#define MAINNET "6ddb20ecbb5fb6405b9e5d525fb2f4dced4cd6c094ec2fa675258583ae30c3ac"

static const char values_text[] =
    "{'templateId': 'kaspa-x402-escrow-v5', 'network': 'kaspa:testnet-10', 'clientPublicKey': "
    "'@key:client', 'serverPublicKey': '@key:server', 'payoutScriptPublicKeyHash': '" ONES
    "', 'refundScriptPublicKeyHash': '" TWOS "', 'timeoutDaa': '" BATCH_TIMEOUT
    "', 'claimed': '0'}";

static json_t *values(struct vectors *v, int generation, const struct vectors_patch *patches)
{
    json_t *in = vectors_json(v, values_text);

    (void)json_object_set_new(in, "templateId",
                              json_string(kx_escrow_templates[generation - 1].id));
    vectors_patch(v, in, patches);
    vectors_put_words(in, NULL, NULL);
    return in;
}

/* ---- scripts ---- */

static const struct {
    const char *name;
    int generation;
    const char *expected;
    struct vectors_patch patches[VECTORS_PATCHES_MAX];
} scripts[] = {
    {"of v5", 5, "ok", {{NULL, NULL}}},
    {"of v5 with something claimed", 5, "ok", {{"claimed", "'" BATCH_NEXT "'"}}},
    {"of v5 with 2^63 - 1 claimed", 5, "ok", {{"claimed", "'9223372036854775807'"}}},
    {"of v5 on mainnet", 5, "ok", {{"network", "'kaspa:mainnet'"}}},
    {"of v5 with keys exchanged",
     5,
     "ok",
     {{"clientPublicKey", "'@key:server'"}, {"serverPublicKey", "'@key:client'"}}},
    {"of v5 with another payee", 5, "ok", {{"payoutScriptPublicKeyHash", "'" TWOS "'"}}},
    {"of v5 with another refund", 5, "ok", {{"refundScriptPublicKeyHash", "'" ONES "'"}}},
    {"of v5 with the last timeout", 5, "ok", {{"timeoutDaa", "'499999999999'"}}},
    {"of v4", 4, "ok", {{NULL, NULL}}},
    {"of v4 with something claimed", 4, "ok", {{"claimed", "'" BATCH_NEXT "'"}}},
    {"of v3", 3, "ok", {{NULL, NULL}}},
    {"of v3 with something claimed", 3, "ok", {{"claimed", "'" BATCH_NEXT "'"}}},
    {"of v2", 2, "ok", {{NULL, NULL}}},
    {"of v2 with something claimed", 2, "ok", {{"claimed", "'" BATCH_NEXT "'"}}},
    {"of v2 with the last timeout", 2, "ok", {{"timeoutDaa", "'499999999999'"}}},
    {"of v1", 1, "ok", {{NULL, NULL}}},
    {"of v1 with a timeout of a byte", 1, "ok", {{"timeoutDaa", "'17'"}}},
    {"of v1 with the last timeout", 1, "ok", {{"timeoutDaa", "'499999999999'"}}},
    {"B86: of v5 with a timeout that is a time", 5, "error", {{"timeoutDaa", "'500000000000'"}}},
};

/* ---- drifts ---- */

/* One cut of the script, and what stands there instead. */
struct edit {
    size_t at, cut;
    const char *hex;
};

struct drift_row {
    const char *name;
    int generation;     /**< that it should be */
    const char *guards; /**< or NULL */
    struct edit edits[2];
    struct vectors_patch patches[VECTORS_PATCHES_MAX]; /**< of the values that it is made of */
    int made_of; /**< the generation that it is; 0: the same */
};
#define EDITED(name, generation, guards, ...)                                                      \
    {                                                                                              \
        name, generation, guards, {__VA_ARGS__}, {{NULL, NULL}}, 0                                 \
    }
#define VALUED(name, generation, guards, ...)                                                      \
    {                                                                                              \
        name, generation, guards, {{0, 0, NULL}}, {__VA_ARGS__}, 0                                 \
    }
#define MADE_OF(name, generation, made_of)                                                         \
    {                                                                                              \
        name, generation, NULL, {{0, 0, NULL}}, {{NULL, NULL}}, made_of                            \
    }
#define LENGTH "batch.drift_length_only"
#define SLOTS LENGTH " batch.drift_first_slot"

static const struct drift_row drifts[] = {
    EDITED("D1: the voucher domain of v2", 5, LENGTH, {203, 32, V2_DOMAIN}),
    VALUED("D2: the network's hash of mainnet", 5, LENGTH, {"network", "'kaspa:mainnet'"}),
    VALUED("D3: keys exchanged", 5, LENGTH, {"clientPublicKey", "'@key:server'"},
           {"serverPublicKey", "'@key:client'"}),
    EDITED("D4: the second place of the server's key left", 5, SLOTS, {604, 32, ONES}),
    EDITED("D5: the third place of the client's key left", 5, SLOTS, {902, 32, ONES}),
    VALUED("D6: another hash of the payout", 5, LENGTH,
           {"payoutScriptPublicKeyHash", "'" MAINNET "'"}),
    VALUED("D7: the payout's hash is the refund's", 5, LENGTH,
           {"payoutScriptPublicKeyHash", "'" TWOS "'"}),
    EDITED("D8: the second place of the refund's hash left", 5, SLOTS, {1005, 32, ONES}),
    EDITED("D9: the timeout in the other byte order", 5, LENGTH, {881, 8, "00000000000f4240"}),
    EDITED("D9: the timeout in as many bytes as it needs", 5, NULL, {880, 9, "0340420f"}),
    EDITED("D10: a timeout that is a time", 5, LENGTH, {881, 8, "0088526a74000000"}),
    EDITED("D10: the guard of the timeout taken out", 5, NULL, {889, 10, ""}),
    EDITED("D11: the lock time dropped unread", 5, LENGTH, {899, 1, "75"}),
    EDITED("D11: the lock time taken out", 5, NULL, {899, 1, ""}),
    EDITED("D12: D may be above T - S", 5, LENGTH, {337, 1, "a2"}),
    EDITED("D13: the state stays", 5, LENGTH, {403, 5, "6161616161"}),
    EDITED("D14: the continuation unchecked", 5, NULL, {395, 8, ""}),
    EDITED("D15: the payout unbounded", 5, NULL, {351, 6, ""}),
    EDITED("D16: the successor at output 0", 5, LENGTH, {157, 1, "00"}),
    EDITED("D17: the successor's script unchecked", 5, NULL, {464, 1, ""}),
    EDITED("D18: two heads at once", 5, LENGTH, {140, 1, "52"}),
    EDITED("D19: the payout may be in the lineage", 5, NULL, {160, 37, ""}),
    EDITED("D20: top-ups without the provider", 5, NULL, {602, 36, ""}),
    MADE_OF("D21: the bytecode of v4", 5, 4),
    EDITED("D22: another tag", 5, LENGTH, {13, 4, "00000000"}),
    EDITED("D23: the length that it had before", 5, LENGTH, {427, 2, "4104"}),
    EDITED("D24: the state as a script number", 5, NULL, {1, 9, "00"}),
    MADE_OF("D27: the base of v3", 5, 3),
    MADE_OF("D27: the base of v5 under v4", 4, 5),
    MADE_OF("D27: the base of v2 under v3", 3, 2),
    MADE_OF("D27: the base of v5 under v2", 2, 5),
    MADE_OF("D27: the base of v2 under v1", 1, 2),
    VALUED("D28: a sompi claimed", 5, LENGTH " batch.drift_state", {"claimed", "'1'"}),
    EDITED("a byte behind the end", 5, NULL, {1048, 0, "61"}),
    EDITED("nothing", 5, NULL, {0, 1048, ""}),
    EDITED("a byte of v4", 4, LENGTH, {300, 1, "ff"}),
    EDITED("a byte of v3", 3, LENGTH, {300, 1, "ff"}),
    EDITED("a byte of v2", 2, LENGTH, {300, 1, "ff"}),
    EDITED("a byte of v1", 1, LENGTH, {300, 1, "ff"}),
};

/* The redeem script of what is asked of an operation, as hex; NULL: there is none. */
static json_t *redeem_of(struct vectors *v, const char *operation, json_t *in)
{
    struct assay_err err = {0};
    json_t *result = NULL, *redeem;

    (void)operation_run(operation_find(operation), in, &result, &err);
    redeem = json_incref(json_object_get(result, "redeemScript"));
    json_decref(result);
    json_decref(in);
    if (redeem == NULL)
        assay_fail(v->err, ASSAY_E_MALFORMED, 0, "a drift has no script: %s", err.text);
    return redeem;
}

static json_t *edited(json_t *redeem, const struct edit *edit)
{
    const char *hex = json_string_value(redeem);
    size_t end = 2 * (edit->at + edit->cut);
    json_t *whole;

    if (edit->hex == NULL || hex == NULL || end > strlen(hex))
        return redeem;
    whole = json_sprintf("%.*s%s%s", (int)(2 * edit->at), hex, edit->hex, hex + end);
    json_decref(redeem);
    return whole;
}

static void add_drift(struct vectors *v, const struct drift_row *row)
{
    static const struct vectors_patch none[] = {{NULL, NULL}};
    int made_of = row->made_of != 0 ? row->made_of : row->generation;
    json_t *redeem = redeem_of(v, "template.spk", values(v, made_of, row->patches)), *in;

    for (size_t i = 0; i < ARRAY_LEN(row->edits) && redeem != NULL; i++)
        redeem = edited(redeem, &row->edits[i]);
    in = values(v, row->generation, none);
    (void)json_object_set_new(in, "script", redeem);
    vectors_add_about(v, "template.diff", row->name, DRIFT, in, NULL, DRIFT, row->guards);
}

static void add_same(struct vectors *v, int generation, const char *name, const char *unknown)
{
    static const struct vectors_patch none[] = {{NULL, NULL}};
    json_t *in = values(v, generation, none);

    (void)json_object_set_new(in, "script",
                              redeem_of(v, "template.spk", values(v, generation, none)));
    if (unknown != NULL)
        (void)json_object_del(in, unknown);
    vectors_add_about(v, "template.diff", name, "ok", in, NULL, DRIFT, NULL);
}

/* ---- what a script lets happen ---- */

static const struct {
    const char *name, *behaviour;
    struct edit edit;
} behaviours[] = {
    {"the script of the channel", "same", {0, 0, NULL}},
    {"a claim that ends with 2, which is as true as 1", "same", {487, 1, "52"}},
    {"D11: the lock time dropped unread", "allows more", {899, 1, "75"}},
    {"D12: D may be above T - S", "allows more and locks", {337, 1, "a2"}},
    {"D16: the successor at output 0", "locks", {157, 1, "00"}},
    {"D17: the successor's script unchecked, of another length", "locks", {464, 1, ""}},
    {"nothing at all", "locks", {0, 1048, ""}},
    {"TRUE alone, which anybody can spend", "allows more and locks", {0, 1048, "51"}},
};

static void add_behaviours(struct vectors *v)
{
    for (size_t i = 0; i < ARRAY_LEN(behaviours) && v->err->code == ASSAY_OK; i++) {
        bool is_same = strcmp(behaviours[i].behaviour, "same") == 0;
        json_t *in = vectors_json(v, "{'channelConfig': " BATCH_CONFIG "}");
        char known[64];

        vectors_put_words(in, NULL, NULL);
        (void)snprintf(known, sizeof(known), "{'behaviour': '%s'}", behaviours[i].behaviour);
        (void)json_object_set_new(
            in, "script",
            edited(redeem_of(v, "channel.open", json_incref(in)), &behaviours[i].edit));
        vectors_add_about(v, "template.behaviour", behaviours[i].name,
                          is_same ? "ok" : "template.behaviour", in, known, DRIFT, NULL);
    }
}

void vectors_batch_templates(struct vectors *v)
{
    for (size_t i = 0; i < ARRAY_LEN(scripts) && v->err->code == ASSAY_OK; i++)
        vectors_add_about(v, "template.spk", scripts[i].name, scripts[i].expected,
                          values(v, scripts[i].generation, scripts[i].patches), NULL, SPK, NULL);
    for (int generation = 1; generation <= KX_ESCROW_TEMPLATES; generation++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "the script of v%d", generation);
        add_same(v, generation, name, NULL);
    }
    add_same(v, 5, "the script of v5, whatever is claimed", "claimed");
    add_same(v, 5, "the script of v5, whoever the client is", "clientPublicKey");
    for (size_t i = 0; i < ARRAY_LEN(drifts) && v->err->code == ASSAY_OK; i++)
        add_drift(v, &drifts[i]);
    add_behaviours(v);
}
