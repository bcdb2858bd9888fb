/* Every secret that a target file holds is named to the redactor, and what is none is not. */
#include "run/secrets.h"

#include <criterion/criterion.h>

static const char file[] =
    "{\"name\": \"t\", \"profile\": \"kaspa-x402\",\n"
    " \"launch\": {\"command\": [\"x\"], \"ready\": \"ready\", \"env\": {\n"
    "   \"DB_PASSWORD\": \"canary-db\", \"STRIPE_API_KEY\": \"canary-stripe\", \"MODE\": "
    "\"plain-mode\",\n"
    "   \"ALICE_TOKEN\": \"canary-alice\", \"STORE_TOKEN\": \"${STORE}\"}},\n"
    " \"variants\": {\"v\": {\"env\": {\"OTHER_SECRET\": \"canary-variant\"}}},\n"
    " \"secrets\": {\"mac\": \"canary-mac-secret\", \"pin\": \"abc\"},\n"
    " \"principals\": {\"alice\": {\"Authorization\": \"Bearer canary-alice\"},\n"
    "   \"bob\": {\"Cookie\": \"a=canary-cookie; lang=english\", \"X-Tenant\": \"plain-tenant\"},\n"
    "   \"carol\": {\"Authorization\": \"Basic dXNlcjpjYW5hcnktcGFzcw==\"},\n"
    "   \"dave\": {\"Idempotency-Key\": \"canary-key\"}},\n"
    " \"operations\": {\"recover\": {\"url\": \"/r\", \"headers\": {\"X-Auth-Token\": "
    "\"canary-operator\"}}},\n"
    " \"endpoints\": {\"paid_get\": {\"method\": \"GET\", \"target\": \"/\"}}}\n";

static const struct {
    const char *said, *kept;
} texts[] = {
    {"db canary-db.", "db [redacted: DB_PASSWORD]."},
    {"canary-stripe", "[redacted: STRIPE_API_KEY]"},
    {"canary-variant", "[redacted: OTHER_SECRET]"},
    {"canary-mac-secret", "[redacted: mac]"},
    {"Bearer canary-alice", "[redacted: alice]"},
    {"token=canary-alice", "token=[redacted: alice]"},
    {"session canary-cookie", "session [redacted: bob]"},
    {"password canary-pass", "password [redacted: carol]"},
    {"key canary-key", "key [redacted: dave]"},
    {"as canary-operator", "as [redacted: recover]"},
    {"plain-mode plain-tenant abc ${STORE}", "plain-mode plain-tenant abc ${STORE}"},
};

Test(secrets, of_a_target_file_are_taken_out_wherever_they_stand)
{
    struct assay_arena arena = ASSAY_ARENA_INIT((size_t)1 << 20);
    struct record_redactor *redactor = record_redactor_new();
    struct assay_err err = {0};
    struct target target;

    cr_assert_eq(target_parse(&target, &arena, assay_str(file), "t.json", &err), ASSAY_OK, "%s",
                 err.text);
    cr_assert_eq(secrets_add(redactor, &target), ASSAY_OK);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        json_t *said = json_string(texts[i].said), *kept = record_redact(redactor, said);

        cr_expect_str_eq(json_string_value(kept), texts[i].kept);
        json_decref(said);
        json_decref(kept);
    }
    record_redactor_free(redactor);
    assay_arena_fini(&arena);
}

Test(secrets, in_headers_of_an_exchange_are_hidden_whoever_chose_them)
{
    struct record_redactor *redactor = record_redactor_new();
    json_t *said = json_pack("{s:[[s,s],[s,s],[s,s],[s,s]], s:[s,s]}", "headers", "Set-Cookie",
                             "sid=unknown; HttpOnly", "x-api-key", "", "Cookie",
                             "[redacted: alice]", "X-Other", "seen", "list", "Cookie", "seen");
    json_t *kept = record_redact(redactor, said);
    json_t *expected = json_pack("{s:[[s,s],[s,s],[s,s],[s,s]], s:[s,s]}", "headers", "Set-Cookie",
                                 "[redacted: Set-Cookie]", "x-api-key", "", "Cookie",
                                 "[redacted: alice]", "X-Other", "seen", "list", "Cookie", "seen");

    cr_expect(json_equal(kept, expected));
    json_decref(said);
    json_decref(kept);
    json_decref(expected);
    record_redactor_free(redactor);
}
