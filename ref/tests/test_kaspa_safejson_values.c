/* Every value of every member of a transaction as JSON text, by its kind. */
#include "ref/tests/kaspa_json_texts.h"

/* One row an unmistakable value of `flat`: what it is, and its path. */
enum kind { U64, U32, U16, U8, HASH32, HEX, SPK, SUBNETWORK, BOOL, TEXT, OBJECT, LIST };

static const struct {
    enum kind kind;
    const char *value, *path;
    bool nullable;
} members[] = {
    {U64, "\"7001\"", "inputs[0].sequence ", false},
    {U64, "\"7002\"", "inputs[0].utxo.amount ", false},
    {U64, "\"7003\"", "inputs[0].utxo.blockDaaScore ", false},
    {U64, "\"7004\"", "outputs[0].value ", false},
    {U64, "\"7005\"", "lockTime ", false},
    {U64, "\"7006\"", "gas ", false},
    {U64, "\"7007\"", "storageMass ", false},
    {U32, "7101", "inputs[0].index ", false},
    {U16, "7102", "inputs[0].computeBudget ", true},
    {U16, "7103", "outputs[0].covenant.authorizingInput ", false},
    {U16, "1,\"inputs\"", "version ", false},
    {U8, "0,\"computeBudget\"", "inputs[0].sigOpCount ", true},
    {HASH32, "\"" HASH("a1") "\"", "id ", false},
    {HASH32, "\"" HASH("a2") "\"", "inputs[0].transactionId ", false},
    {HASH32, "\"" HASH("a3") "\"", "inputs[0].utxo.covenantId ", true},
    {HASH32, "\"" HASH("a4") "\"", "outputs[0].covenant.covenantId ", false},
    {HEX, "\"41c0ffee\"", "inputs[0].signatureScript ", false},
    {HEX, "\"fada\"", "payload ", false},
    {SPK, "\"0000aa51\"", "inputs[0].utxo.scriptPublicKey ", false},
    {SPK, "\"0102ac52\"", "outputs[0].scriptPublicKey ", false},
    {SUBNETWORK, "\"00000001" X8("0000") "\"", "subnetworkId ", false},
    {BOOL, "true", "inputs[0].utxo.isCoinbase ", false},
    {TEXT, "\"kaspa:anything\"", "inputs[0].utxo.address ", true},
    {OBJECT, "{\"authorizingInput\":7103,\"covenantId\":\"" HASH("a4") "\"}",
     "outputs[0].covenant ", true},
    {OBJECT, "{\"address\"", "inputs[0].utxo ", false},
    {LIST, "[{\"transactionId\"", "inputs ", false},
    {LIST, "[{\"value\"", "outputs ", false},
};

#define MALFORMED ASSAY_E_MALFORMED
#define RANGE ASSAY_E_RANGE
#define TYPE ASSAY_E_TYPE

static const struct {
    enum kind kind;
    const char *value;
    enum assay_code rc, with_numbers;
} values[] = {
    {U64, "\"0\"", ASSAY_OK, ASSAY_OK},
    {U64, "\"18446744073709551615\"", ASSAY_OK, ASSAY_OK},
    {U64, "\"\\u0037\"", ASSAY_OK, ASSAY_OK},
    {U64, "\"18446744073709551616\"", RANGE, RANGE},
    {U64, "\"99999999999999999999999\"", RANGE, RANGE},
    {U64, "\"-1\"", MALFORMED, MALFORMED},
    {U64, "\"+1\"", MALFORMED, MALFORMED},
    {U64, "\"007\"", MALFORMED, MALFORMED},
    {U64, "\"1.0\"", MALFORMED, MALFORMED},
    {U64, "\"1e3\"", MALFORMED, MALFORMED},
    {U64, "\"0x10\"", MALFORMED, MALFORMED},
    {U64, "\"\"", MALFORMED, MALFORMED},
    {U64, "\" 1\"", MALFORMED, MALFORMED},
    {U64, "\"1\\u0000\"", MALFORMED, MALFORMED},
    {U64, "0", TYPE, ASSAY_OK},
    {U64, "18446744073709551615", TYPE, ASSAY_OK},
    {U64, "18446744073709551616", TYPE, RANGE},
    {U64, "-1", TYPE, MALFORMED},
    {U64, "1.0", TYPE, MALFORMED},
    {U64, "1e3", TYPE, MALFORMED},
    {U64, "true", TYPE, TYPE},
    {U64, "null", TYPE, TYPE},
    {U64, "[\"1\"]", TYPE, TYPE},
    {U64, "{}", TYPE, TYPE},
    {U32, "4294967295", ASSAY_OK, ASSAY_OK},
    {U32, "4294967296", RANGE, RANGE},
    {U32, "18446744073709551616", RANGE, RANGE},
    {U32, "-1", MALFORMED, MALFORMED},
    {U32, "1.0", MALFORMED, MALFORMED},
    {U32, "1e3", MALFORMED, MALFORMED},
    {U32, "\"1\"", TYPE, TYPE},
    {U32, "true", TYPE, TYPE},
    {U32, "null", TYPE, TYPE},
    {U16, "65535", ASSAY_OK, ASSAY_OK},
    {U16, "65536", RANGE, RANGE},
    {U16, "18446744073709551616", RANGE, RANGE},
    {U16, "-1", MALFORMED, MALFORMED},
    {U16, "0.5", MALFORMED, MALFORMED},
    {U16, "1E1", MALFORMED, MALFORMED},
    {U16, "\"1\"", TYPE, TYPE},
    {U16, "true", TYPE, TYPE},
    {U16, "null", TYPE, TYPE},
    {U8, "0", ASSAY_OK, ASSAY_OK},
    {U8, "256", RANGE, RANGE},
    {U8, "18446744073709551616", RANGE, RANGE},
    {U8, "-0", MALFORMED, MALFORMED},
    {U8, "0.0", MALFORMED, MALFORMED},
    {U8, "0e0", MALFORMED, MALFORMED},
    {U8, "\"0\"", TYPE, TYPE},
    {U8, "false", TYPE, TYPE},
    {U8, "null", TYPE, TYPE},
    {HASH32, "\"" HASH("FE") "\"", ASSAY_OK, ASSAY_OK},
    {HASH32, "\"0\\u0061" X8("000000") X8("00") "\"", RANGE, RANGE},
    {HASH32, "\"" HASH("fe") "00\"", RANGE, RANGE},
    {HASH32, "\"00\"", RANGE, RANGE},
    {HASH32, "\"" HASH("fe") "0\"", MALFORMED, MALFORMED},
    {HASH32, "\"" HASH("zz") "\"", MALFORMED, MALFORMED},
    {HASH32, "1", TYPE, TYPE},
    {HASH32, "null", TYPE, TYPE},
    {HEX, "\"\"", ASSAY_OK, ASSAY_OK},
    {HEX, "\"aAbB\"", ASSAY_OK, ASSAY_OK},
    {HEX, "\"\\u0061a\"", ASSAY_OK, ASSAY_OK},
    {HEX, "\"a\"", MALFORMED, MALFORMED},
    {HEX, "\"zz\"", MALFORMED, MALFORMED},
    {HEX, "\"0x\"", MALFORMED, MALFORMED},
    {HEX, "\"a \"", MALFORMED, MALFORMED},
    {HEX, "17", TYPE, TYPE},
    {HEX, "null", TYPE, TYPE},
    {SPK, "\"FFFF\"", ASSAY_OK, ASSAY_OK},
    {SPK, "\"\"", MALFORMED, MALFORMED},
    {SPK, "\"00\"", MALFORMED, MALFORMED},
    {SPK, "\"00000\"", MALFORMED, MALFORMED},
    {SPK, "\"zzzz\"", MALFORMED, MALFORMED},
    {SPK, "0", TYPE, TYPE},
    {SPK, "{\"version\":0,\"script\":\"51\"}", TYPE, TYPE},
    {SPK, "null", TYPE, TYPE},
    {SUBNETWORK, "\"01\"", RANGE, RANGE},
    {SUBNETWORK, "\"\"", RANGE, RANGE},
    {SUBNETWORK, "\"0\"", MALFORMED, MALFORMED},
    {SUBNETWORK, "0", TYPE, TYPE},
    {SUBNETWORK, "null", TYPE, TYPE},
    {BOOL, "false", ASSAY_OK, ASSAY_OK},
    {BOOL, "0", TYPE, TYPE},
    {BOOL, "\"true\"", TYPE, TYPE},
    {BOOL, "null", TYPE, TYPE},
    {TEXT, "\"\"", ASSAY_OK, ASSAY_OK},
    {TEXT, "1", TYPE, TYPE},
    {TEXT, "null", TYPE, TYPE},
    {OBJECT, "[]", TYPE, TYPE},
    {OBJECT, "\"{}\"", TYPE, TYPE},
    {OBJECT, "null", TYPE, TYPE},
    {LIST, "{}", TYPE, TYPE},
    {LIST, "0", TYPE, TYPE},
    {LIST, "null", TYPE, TYPE},
};

/* Some rows of `members` need what follows the value to be unmistakable, or are only its start. */
static void value_with_rest(char *out, size_t room, const char *old, enum kind kind,
                            const char *value)
{
    const char *comma = kind == U16 || kind == U8 ? strchr(old, ',') : NULL;
    int len = snprintf(out, room, "%s%s", value, comma != NULL ? comma : "");

    cr_assert(len > 0 && (size_t)len < room);
    if (kind == LIST || (kind == OBJECT && old[1] == '"' && strchr(old, ':') == NULL))
        (void)snprintf(out, room, "%s,\"rest\":%s", value, old);
}

Test(kaspa_safejson, every_value_of_every_member_is_judged_by_its_kind)
{
    static const struct kaspa_json_options numbers = {.numbers = true, .unknown_members = true};
    static const struct kaspa_json_options texts = {.unknown_members = true};
    char value[512];

    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        for (size_t j = 0; j < ARRAY_LEN(values); j++) {
            bool null = members[i].nullable && strcmp(values[j].value, "null") == 0;

            if (members[i].kind != values[j].kind)
                continue;
            value_with_rest(value, sizeof(value), members[i].value, members[i].kind,
                            values[j].value);
            expect_change(flat, members[i].value, value, &texts, null ? ASSAY_OK : values[j].rc,
                          members[i].path);
            expect_change(flat, members[i].value, value, &numbers,
                          null ? ASSAY_OK : values[j].with_numbers, members[i].path);
        }
    }
}
