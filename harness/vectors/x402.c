/* Headers, canonical JSON, envelopes and identifiers of x402 version 2. */
#include "vectors/exact_base.h"

#define DEEP(opening, closing, depth)                                                              \
    "{'text': {'$repeat': [['" opening "', " depth "], ['" closing "', " depth "]]}}"
/* fifteen arrays of 256, and one more of so many, in an array */
#define ONES_16 "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1"
#define ONES_64 ONES_16 "," ONES_16 "," ONES_16 "," ONES_16
#define ONES_256 ONES_64 "," ONES_64 "," ONES_64 "," ONES_64
#define VALUES(last)                                                                               \
    "{'text': {'$repeat': [['[', 1], ['[" ONES_256 "],', 15], ['[1', 1], [',1', " last             \
    "], [',1]]', 1]]}}"
#define ID "'sixteen_letters_'"
#define SCHEMA "{'type': 'object', 'required': ['required']}"
#define EXTENSION(info, schema) "{'payment-identifier': {'info': " info ", 'schema': " schema "}}"
#define OFFERED EXTENSION("{'required': true}", SCHEMA)
#define PAID EXTENSION("{'required': true, 'id': " ID "}", SCHEMA)
#define CHECK(offered, paid) "{'offered': " offered ", 'paid': " paid "}"

static const struct {
    const char *operation, *name, *expected, *in, *known;
} rows[] = {
    {"x402.header.decode", "an object", "ok", "{'header': 'e30='}", "{'canonical': '{}'}"},
    {"x402.header.decode", "spaces and order", "ok", "{'header': 'eyJiIjogMS4wLCAiYSI6IFtdfQ=='}",
     NULL},
    {"x402.header.decode", "unused bits are not looked at", "ok", "{'header': 'e31='}",
     "{'canonical': '{}'}"},
    {"x402.header.decode", "a byte order mark is passed over", "ok", "{'header': '77u/e30='}",
     "{'canonical': '{}'}"},
    {"x402.header.decode", "of two members the last counts", "ok",
     "{'header': 'eyJhIjoxLCJhIjoyfQ=='}", NULL},
    {"x402.header.decode", "131 072 characters", "ok",
     "{'header': {'$repeat': [['ICAg', 32767], ['e30g', 1]]}}", "{'canonical': '{}'}"},
    {"x402.header.decode", "131 076 characters", "http.budget",
     "{'header': {'$repeat': [['ICAg', 32768], ['e30g', 1]]}}", NULL},
    {"x402.header.decode", "nothing", "http.form", "{'header': ''}", NULL},
    {"x402.header.decode", "the URL's alphabet", "http.form", "{'header': 'eyJhIjoi_78ifQ=='}",
     NULL},
    {"x402.header.decode", "no padding", "http.form", "{'header': 'e30'}", NULL},
    {"x402.header.decode", "a space", "http.form", "{'header': 'e30 '}", NULL},
    {"x402.header.decode", "a line end", "http.form", "{'header': 'e30=\\n'}", NULL},
    {"x402.header.decode", "two values joined", "http.form", "{'header': 'e30=, e30='}", NULL},
    {"x402.header.decode", "no UTF-8", "http.form", "{'header': 'Iv8i'}", NULL},
    {"x402.header.decode", "an overlong encoding", "http.form", "{'header': 'IsCAIg=='}", NULL},
    {"x402.header.decode", "half an object", "http.form", "{'header': 'ewog'}", NULL},
    {"x402.header.decode", "something behind the object", "http.form", "{'header': 'e30x'}", NULL},
    {"x402.header.encode", "an object", "ok", "{'document': {}}", "{'header': 'e30='}"},
    {"x402.header.encode", "in canonical form", "ok",
     "{'text': '{ \\u0022b\\u0022: 1.0, \\u0022a\\u0022: [] }'}", NULL},
    {"x402.header.encode", "a text that is no JSON", "http.form", "{'text': '{'}", NULL},
    {"x402.hash", "members by UTF-16 code units", "ok",
     "{'text': '{\\u0022\\uffff\\u0022:1,\\u0022\\ud83d\\ude00\\u0022:2,\\u0022a\\u0022:3}'}",
     NULL},
    {"x402.hash", "a prefix comes first", "ok", "{'document': {'ab': 1, 'a': 2, '': 3}}",
     "{'canonical': '{\\u0022\\u0022:3,\\u0022a\\u0022:2,\\u0022ab\\u0022:1}'}"},
    {"x402.hash", "members within arrays", "ok", "{'document': [{'b': 1, 'a': 2}, []]}",
     "{'canonical': '[{\\u0022a\\u0022:2,\\u0022b\\u0022:1},[]]'}"},
    {"x402.hash", "a prototype's name", "ok", "{'document': {'__proto__': {'a': 1}}}", NULL},
    {"x402.hash", "escapes that are needed", "ok",
     "{'text': '\\u0022\\\\u0000\\\\b\\\\t\\\\n\\\\f\\\\r\\\\u001F\\\\\\u0022\\\\\\\\\\u0022'}",
     NULL},
    {"x402.hash", "escapes that are not needed", "ok",
     "{'text': '\\u0022\\\\/\\\\u0041\\\\u007f\\\\u2028\\u0022'}", NULL},
    {"x402.hash", "a lone surrogate", "ok", "{'text': '\\u0022\\\\uD800\\u0022'}",
     "{'canonical': '\\u0022\\\\ud800\\u0022'}"},
    {"x402.hash", "a pair", "ok", "{'text': '\\u0022\\\\ud83d\\\\ude00\\u0022'}",
     "{'canonical': '\\u0022\\ud83d\\ude00\\u0022'}"},
    {"x402.hash", "one", "ok", "{'text': '1.0'}", "{'canonical': '1'}"},
    {"x402.hash", "minus zero", "ok", "{'text': '-0'}", "{'canonical': '0'}"},
    {"x402.hash", "an exponent that goes", "ok", "{'text': '1e2'}", "{'canonical': '100'}"},
    {"x402.hash", "10^21", "ok", "{'text': '1000000000000000000000'}", "{'canonical': '1e+21'}"},
    {"x402.hash", "a millionth", "ok", "{'text': '0.000001'}", "{'canonical': '0.000001'}"},
    {"x402.hash", "a tenth of it", "ok", "{'text': '0.0000001'}", "{'canonical': '1e-7'}"},
    {"x402.hash", "2^53+1", "ok", "{'text': '9007199254740993'}",
     "{'canonical': '9007199254740992'}"},
    {"x402.hash", "the least number", "ok", "{'text': '5e-324'}", "{'canonical': '5e-324'}"},
    {"x402.hash", "33 arrays", "ok", DEEP("[", "]", "33"), NULL},
    {"x402.hash", "34 arrays", "http.budget", DEEP("[", "]", "34"), NULL},
    {"x402.hash", "256 items", "ok", "{'text': {'$repeat': [['[1', 1], [',1', 255], [']', 1]]}}",
     NULL},
    {"x402.hash", "257 items", "http.budget",
     "{'text': {'$repeat': [['[1', 1], [',1', 256], [']', 1]]}}", NULL},
    {"x402.hash", "4096 values", "ok", VALUES("237"), NULL},
    {"x402.hash", "4097 values", "http.budget", VALUES("238"), NULL},
    {"x402.hash", "a text of 16 384 bytes", "ok",
     "{'text': {'$repeat': [['\\u0022', 1], ['a', 16384], ['\\u0022', 1]]}}", NULL},
    {"x402.hash", "a text of 16 385 bytes", "http.budget",
     "{'text': {'$repeat': [['\\u0022', 1], ['a', 16385], ['\\u0022', 1]]}}", NULL},
    {"x402.hash", "98 305 bytes", "http.budget", "{'text': {'$repeat': [['1', 1], [' ', 98304]]}}",
     NULL},
    {"x402.hash", "a number above all doubles", "http.form", "{'text': '1e999'}", NULL},
    {"x402.hash", "a zero in front", "http.form", "{'text': '01'}", NULL},
    {"x402.hash", "no value", "http.form", "{'text': ''}", NULL},
    {"x402.identifier.check", "an echo", "ok", CHECK(OFFERED, PAID), "{'id': " ID "}"},
    {"x402.identifier.check", "128 characters", "ok",
     CHECK(OFFERED, EXTENSION("{'required': true, 'id': {'$repeat': [['_', 128]]}}", SCHEMA)),
     NULL},
    {"x402.identifier.check", "another member of the payer's", "ok",
     CHECK(OFFERED, EXTENSION("{'required': true, 'note': 1, 'id': " ID "}", SCHEMA)), NULL},
    {"x402.identifier.check", "a schema in another order", "ok",
     CHECK(OFFERED, EXTENSION("{'required': true, 'id': " ID "}",
                              "{'required': ['required'], 'type': 'object'}")),
     NULL},
    {"x402.identifier.check", "nothing advertised", "ok", CHECK("{}", PAID), NULL},
    {"x402.identifier.check", "no id", "exact.identifier.present", CHECK(OFFERED, OFFERED), NULL},
    {"x402.identifier.check", "no extension", "exact.identifier.present", CHECK(OFFERED, "{}"),
     NULL},
    {"x402.identifier.check", "15 characters", "exact.identifier.echo",
     CHECK(OFFERED, EXTENSION("{'required': true, 'id': 'fifteen_letters'}", SCHEMA)), NULL},
    {"x402.identifier.check", "129 characters", "exact.identifier.echo",
     CHECK(OFFERED, EXTENSION("{'required': true, 'id': {'$repeat': [['_', 129]]}}", SCHEMA)),
     NULL},
    {"x402.identifier.check", "a path", "exact.identifier.echo",
     CHECK(OFFERED, EXTENSION("{'required': true, 'id': '../../../../etc/passwd'}", SCHEMA)), NULL},
    {"x402.identifier.check", "letters of another alphabet", "exact.identifier.echo",
     CHECK(OFFERED, EXTENSION("{'required': true, 'id': 'sixteen_letters\\u00e9'}", SCHEMA)), NULL},
    {"x402.identifier.check", "another schema", "exact.identifier.echo",
     CHECK(OFFERED, EXTENSION("{'required': true, 'id': " ID "}", "{'type': 'object'}")), NULL},
    {"x402.identifier.check", "an advertised member that is not echoed", "exact.identifier.echo",
     CHECK(EXTENSION("{'required': true, 'issuer': 'us'}", SCHEMA), PAID), NULL},
    {"x402.identifier.check", "an advertised member with another value", "exact.identifier.echo",
     CHECK(EXTENSION("{'required': false}", SCHEMA), PAID), NULL},
    {"x402.identifier.check", "required that is no boolean", "exact.identifier.echo",
     CHECK(OFFERED, EXTENSION("{'required': 1, 'id': " ID "}", SCHEMA)), NULL},
    {"x402.identifier.check", "a schema that the info breaks", "exact.identifier.echo",
     CHECK(EXTENSION("{'required': true}",
                     "{'type': 'object', 'properties': {'id': {'type': 'string', 'maxLength': "
                     "15}}}"),
           EXTENSION("{'required': true, 'id': " ID "}",
                     "{'type': 'object', 'properties': {'id': {'type': 'string', 'maxLength': "
                     "15}}}")),
     NULL},
    {"x402.identifier.check", "an advertised schema with a pattern of its own", "http.challenge",
     CHECK(EXTENSION("{'required': true}", "{'type': 'object', 'pattern': 'x'}"), PAID), NULL},
    {"x402.settlement.read", "a success", "ok",
     "{'message': {'success': true, 'transaction': 'x', 'network': 'eip155:8453', 'payer': '0x0'}}",
     "{'payer': '0x0'}"},
    {"x402.settlement.read", "a failure", "ok",
     "{'message': {'success': false, 'transaction': '', 'errorReason': 'insufficient_funds'}}",
     "{'errorReason': 'insufficient_funds'}"},
    {"x402.settlement.read", "a success without a network", "SHAPE",
     "{'message': {'success': true, 'transaction': 'x'}}", NULL},
    {"x402.settlement.read", "success that is no boolean", "SHAPE",
     "{'message': {'success': 1, 'transaction': '', 'network': 'eip155:8453'}}", NULL},
    {"x402.settlement.read", "extensions that are an array", "EXTENSIONS",
     "{'message': {'success': false, 'transaction': '', 'extensions': []}}", NULL},
};

/* Envelopes with one thing changed. */
static const struct {
    const char *operation, *name, *expected;
    struct vectors_patch patches[VECTORS_PATCHES_MAX];
} envelopes[] = {
    {"x402.required.read", "an offer", "ok", {{0}}},
    {"x402.required.read", "version 2.0", "ok", {{"message.x402Version", "2.0"}}},
    {"x402.required.read",
     "an offer without a timeout",
     "ok",
     {{"message.accepts.0.maxTimeoutSeconds", NULL}}},
    {"x402.required.read", "an error", "ok", {{"message.error", "'invalid_payload'"}}},
    {"x402.required.read", "version 1", "VERSION", {{"message.x402Version", "1"}}},
    {"x402.required.read", "version 2 in quotes", "VERSION", {{"message.x402Version", "'2'"}}},
    {"x402.required.read", "no resource", "SHAPE", {{"message.resource", NULL}}},
    {"x402.required.read", "no offer", "ACCEPTS", {{"message.accepts", "[]"}}},
    {"x402.required.read",
     "17 offers",
     "http.budget",
     {{"message.accepts", "{'$repeat': [[{}, 17]]}"}}},
    {"x402.required.read",
     "an offer without a payee",
     "TERMS",
     {{"message.accepts.0.payTo", NULL}}},
    {"x402.required.read",
     "an amount that is a number",
     "TERMS",
     {{"message.accepts.0.amount", "1"}}},
    {"x402.required.read", "an error that is no text", "SHAPE", {{"message.error", "5"}}},
    {"x402.payment.read", "a payment", "ok", {{0}}},
    {"x402.payment.read", "no extensions", "ok", {{"message.extensions", NULL}}},
    {"x402.payment.read", "version 3", "VERSION", {{"message.x402Version", "3"}}},
    {"x402.payment.read", "no version", "VERSION", {{"message.x402Version", NULL}}},
    {"x402.payment.read", "no payload", "SHAPE", {{"message.payload", NULL}}},
    {"x402.payment.read", "accepted in an array", "SHAPE", {{"message.accepted", "[]"}}},
    {"x402.payment.read", "accepted without an asset", "TERMS", {{"message.accepted.asset", NULL}}},
    {"x402.payment.read", "an array", "SHAPE", {{"message", "[]"}}},
    {"x402.payment.read", "a header that is none", "http.form", {{"message", "'e30'"}}},
};

static void add_envelopes(struct vectors *v)
{
    static const struct vectors_exact_patch none[] = {{AT_END, NULL, NULL}};
    json_t *base = vectors_exact_base(v, KX_STANDARD_NATIVE, none);

    for (size_t i = 0; i < ARRAY_LEN(envelopes); i++) {
        bool is_offer = strcmp(envelopes[i].operation, "x402.required.read") == 0;
        const json_t *message = json_object_get(base, is_offer ? "required" : "payment");
        json_t *in = json_pack("{s:o}", "message", json_deep_copy(message));

        vectors_patch(v, in, envelopes[i].patches);
        vectors_add(v, envelopes[i].operation, envelopes[i].name, envelopes[i].expected, in, NULL);
    }
    json_decref(base);
}

void vectors_x402(struct vectors *v)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        vectors_add(v, rows[i].operation, rows[i].name, rows[i].expected,
                    vectors_json(v, rows[i].in), rows[i].known);
    add_envelopes(v);
}
