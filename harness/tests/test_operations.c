/* The operation table: the vectors of the paid-tools digest, sections 4 and 7, through JSON. */
#include "run/operations.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static json_t *parsed(const char *text)
{
    json_error_t where;
    json_t *value = json_loads(text, 0, &where);

    cr_assert_not_null(value, "%s: %s", text, where.text);
    return value;
}

static const struct {
    const char *name, *in, *out;
} vectors[] = {
    {"paid.request_hash", "{'method': 'GET', 'target': '/weather'}",
     "{'requestHash': 'a654af316da7efacf015d41b89d39e165d5f172e8e44223b52ca2b93c253c690', "
     "'canonicalTarget': '/weather'}"},
    {"paid.request_hash", "{'method': 'GET', 'target': '/weather?city=Paris'}",
     "{'requestHash': 'b270d8476d5bc7d42710059969ffb6a9dfeed2c68677347d62fe4d2e8405c0b1', "
     "'canonicalTarget': '/weather?city=Paris'}"},
    {"paid.request_hash", "{'method': 'get', 'target': '/weather?units=metric&city=Paris'}",
     "{'requestHash': '94bcef790f49967b4163c70d2f5dd4edff42a189f1d2d78a067c0e29e19b33c7', "
     "'canonicalTarget': '/weather?city=Paris&units=metric'}"},
    {"paid.request_hash", "{'method': 'GET', 'target': '/weather?q=a+b', 'host': 'shop.test'}",
     "{'requestHash': 'eb2b04473664f214b57dc3d06be5ffb1d4f2c80720e2f7a6285e48f1cce5cb36', "
     "'canonicalTarget': '/weather?q=a%20b'}"},
    {"paid.request_hash", "{'method': 'POST', 'target': '/action', 'bodyBase64': 'eyJhIjoxfQ=='}",
     "{'requestHash': '4e68bab37f10b4b50404c50028a77c751288c24ac87647fc484de622d92d612e', "
     "'canonicalTarget': '/action'}"},
    {"paid.proof.mac",
     "{'secret': 'mock-secret', 'nonce': '00000000-0000-4000-8000-000000000001', 'requestHash': "
     "'b270d8476d5bc7d42710059969ffb6a9dfeed2c68677347d62fe4d2e8405c0b1'}",
     "{'signature': '85f78b1768a012f537441d607b02acade64c114d7df2b8ed4dc023511274f91a'}"},
    {"paid.mcp_hash",
     "{'path': '/mcp', 'body': '{\\'jsonrpc\\':\\'2.0\\',\\'id\\':1,\\'method\\':\\'tools/"
     "call\\',\\'params\\':{\\'name\\':\\'get_weather\\',\\'arguments\\':{\\'city\\':"
     "\\'London\\'}}}'}",
     "{'kind': 'call', 'method': 'tools/call', 'tool': 'get_weather', 'requestHash': "
     "'a496fbe7ea720e2bfb21fbdcbe67d3acaed5d3529065d7532b1e0142b19aabb4'}"},
    {"paid.mcp_hash", "{'path': '/mcp', 'body': '{\\'method\\':\\'ping\\'}'}",
     "{'kind': 'free', 'method': 'ping', 'tool': ''}"},
    {"paid.mcp_hash", "{'path': '/mcp', 'body': '[]'}",
     "{'kind': 'batch', 'method': '', 'tool': ''}"},
    {"paid.mcp_hash", "{'path': '/mcp', 'body': '{'}",
     "{'kind': 'broken', 'method': '', 'tool': ''}"},
};

/* The tables are written with ' for ", to be readable. */
static json_t *unquoted(const char *text)
{
    char *copy = strdup(text);
    json_t *value;

    cr_assert_not_null(copy);
    for (char *at = copy; *at != '\0'; at++)
        *at = (char)(*at == '\'' ? '"' : *at);
    value = parsed(copy);
    free(copy);
    return value;
}

Test(operations, give_the_vectors_of_the_digest)
{
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        const struct operation *op = operation_find(vectors[i].name);
        json_t *in = unquoted(vectors[i].in), *expected = unquoted(vectors[i].out), *out = NULL;
        struct assay_err err = {0};
        char *text;

        cr_assert_not_null(op);
        cr_expect_eq(op->run(in, &out, &err), OPERATION_OK, "%s: %s", vectors[i].in, err.text);
        text = json_dumps(out, JSON_COMPACT);
        cr_expect(json_equal(out, expected), "%s: %s", vectors[i].in, text);
        free(text);
        json_decref(in);
        json_decref(out);
        json_decref(expected);
    }
}

Test(operations, are_found_by_the_names_under_which_they_are_listed)
{
    const struct operation *op;
    size_t count = 0;

    for (; (op = operation_at(count)) != NULL; count++)
        cr_expect_eq(operation_find(op->name), op);
    cr_expect_gt(count, 5);
    cr_expect_null(operation_find("paid.request"));
    cr_expect_null(operation_find(""));
}

/* base64url of {"version":1,"nonce":"00000000-0000-4000-8000-000000000001","requestHash":"b270…",
 * "payer":"p","timestamp":"2026-01-01T00:00:00.000Z","expiresAt":"2026-01-01T00:05:00.000Z",
 * "signature":"85f7…"}, signed with mock-secret. */
#define HASH "b270d8476d5bc7d42710059969ffb6a9dfeed2c68677347d62fe4d2e8405c0b1"
#define PROOF                                                                                      \
    "eyJ2ZXJzaW9uIjoxLCJub25jZSI6IjAwMDAwMDAwLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAwMDAwMSIsInJlcXVlc3"   \
    "RIYXNoIjoiYjI3MGQ4NDc2ZDViYzdkNDI3MTAwNTk5NjlmZmI2YTlkZmVlZDJjNjg2NzczNDdkNjJmZTRkMmU4NDA1"   \
    "YzBiMSIsInBheWVyIjoicCIsInRpbWVzdGFtcCI6IjIwMjYtMDEtMDFUMDA6MDA6MDAuMDAwWiIsImV4cGlyZXNBdC"   \
    "I6IjIwMjYtMDEtMDFUMDA6MDU6MDAuMDAwWiIsInNpZ25hdHVyZSI6Ijg1Zjc4YjE3NjhhMDEyZjUzNzQ0MWQ2MDdi"   \
    "MDJhY2FkZTY0YzExNGQ3ZGYyYjhlZDRkYzAyMzUxMTI3NGY5MWEifQ"
#define AT_START "1767225600000"
#define VERIFY(secret, hash, now)                                                                  \
    "{'header': '" PROOF "', 'secret': '" secret "', 'requestHash': '" hash "', 'nowMs': " now "}"

static const struct {
    const char *name, *op, *in;
    enum operation_answer answer;
    const char *says; /* the rule of a refusal, or a part of the error */
} answers[] = {
    {"a good proof", "paid.proof.verify", VERIFY("mock-secret", HASH, AT_START), OPERATION_OK,
     NULL},
    {"the last moment", "paid.proof.verify", VERIFY("mock-secret", HASH, "1767225899999"),
     OPERATION_OK, NULL},
    {"its expiry", "paid.proof.verify", VERIFY("mock-secret", HASH, "1767225900000"),
     OPERATION_REFUSED, "EX-1"},
    {"another secret", "paid.proof.verify", VERIFY("mock-secreT", HASH, AT_START),
     OPERATION_REFUSED, "SG-1"},
    {"another request", "paid.proof.verify", VERIFY("mock-secret", "00", AT_START),
     OPERATION_REFUSED, "RH-1"},
    {"far too early", "paid.proof.verify", VERIFY("mock-secret", HASH, "0"), OPERATION_REFUSED,
     "EX-3"},
    {"garbage", "paid.proof.verify",
     "{'header': '!', 'secret': 's', 'requestHash': 'h', 'nowMs': 0}", OPERATION_REFUSED, "PF-1"},
    {"a target that has no hash", "paid.request_hash", "{'method': 'GET', 'target': 'x y'}",
     OPERATION_REFUSED, "CH-3"},
    {"another authority", "paid.request_hash",
     "{'method': 'GET', 'target': '//evil/x', 'host': 'shop'}", OPERATION_REFUSED, "CH-3"},
    {"a body that is no challenge", "paid.challenge.check", "{'body': '{}', 'requestHash': 'h'}",
     OPERATION_REFUSED, "CH-1"},
    {"no proof at all", "paid.proof.decode", "{}", OPERATION_ERROR, "header"},
    {"two headers", "paid.proof.decode", "{'header': 'a', 'bridge': 'b'}", OPERATION_ERROR,
     "bridge"},
    {"two bodies", "paid.request_hash",
     "{'method': 'POST', 'target': '/', 'body': 'x', 'bodyBase64': 'eA=='}", OPERATION_ERROR,
     "bodyBase64"},
    {"a member missing", "paid.proof.mac", "{'secret': 's', 'nonce': 'n'}", OPERATION_ERROR,
     "member requestHash"},
    {"a member of another type", "paid.proof.mac",
     "{'secret': 's', 'nonce': 5, 'requestHash': 'h'}", OPERATION_ERROR, "member nonce"},
    {"an unknown member", "paid.mcp_hash", "{'path': '/', 'body': '', 'x': 1}", OPERATION_ERROR,
     "member x is not known"},
    {"half a number", "paid.proof.verify",
     "{'header': 'a', 'secret': 's', 'requestHash': 'h', 'nowMs': 1.5}", OPERATION_ERROR,
     "member nowMs"},
    {"no object", "paid.mcp_hash", "['path']", OPERATION_ERROR, "expected a JSON object"},
    {"a body that is no base64", "paid.mcp_hash", "{'path': '/', 'bodyBase64': '?'}",
     OPERATION_ERROR, "base64"},
};

Test(operations, tell_refusals_from_inputs_that_are_wrong)
{
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        json_t *in = unquoted(answers[i].in), *out = NULL;
        struct assay_err err = {0};
        enum operation_answer answer = operation_find(answers[i].op)->run(in, &out, &err);
        const char *rule = json_string_value(json_object_get(out, "rule"));

        cr_expect_eq(answer, answers[i].answer, "%s: %d: %s", answers[i].name, (int)answer,
                     err.text);
        if (answers[i].answer == OPERATION_REFUSED) {
            cr_expect_str_eq(rule != NULL ? rule : "", answers[i].says, "%s", answers[i].name);
            cr_expect_gt(json_string_length(json_object_get(out, "reason")), 0, "%s",
                         answers[i].name);
        } else if (answers[i].answer == OPERATION_ERROR) {
            cr_expect_null(out, "%s", answers[i].name);
            cr_expect_not_null(strstr(err.text, answers[i].says), "%s: %s", answers[i].name,
                               err.text);
        }
        json_decref(in);
        json_decref(out);
    }
}
