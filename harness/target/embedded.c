/* The embedded reference targets: this program itself, serving (target/target.h). */
#include "base/hex.h"
#include "base/random.h"
#include "target/target.h"

#include <stdlib.h>

/* Only what a scenario relies on is said; deadlines are short so that it need not wait long for
 * them. */
static const char paid_tools[] =
    "{\"name\": \"assay reference (%s)\", \"profile\": \"paid-tools\", \"interface\": \"http\",\n"
    " \"rules\": \"%s\",\n"
    " \"launch\": {\"command\": [\"${ASSAY}\", \"serve\", \"paid-tools\", \"--listen\", "
    "\"127.0.0.1:0\",\n"
    "   \"--store\", \"${STORE}\", \"--workers\", \"2\", \"--rules\", \"${RULES}\",\n"
    "   \"--secret-env\", \"ASSAY_TEST_SECRET\", \"--origin\", \"${ORIGIN}\", \"--wire\", "
    "\"dual\",\n"
    "   \"--ttl\", \"300\", \"--sweep\", \"1\", \"--body-max\", \"65536\", \"--read-deadline\", "
    "\"1000\",\n"
    "   \"--origin-deadline\", \"1000\", \"${DEFECTS}\"],\n"
    "   \"ready\": \"ready paid-tools \"},\n"
    " \"variants\": {\n"
    "   \"rate_limited\": {\"args\": [\"--rate\", \"20\"], \"requests_per_second\": 20},\n"
    "   \"repriced\": {\"args\": [\"--price\", \"0.005\"]},\n"
    "   \"dev\": {\"args\": [\"--dev\"]},\n"
    "   \"wire_toolkit\": {\"args\": [\"--wire\", \"toolkit\"]}},\n"
    " \"reset\": \"fresh-store\",\n"
    " \"endpoints\": {\n"
    "   \"paid_get\": {\"method\": \"GET\", \"target\": \"/weather?city=Paris\", \"price\": "
    "\"0.001\"},\n"
    "   \"paid_get_other\": {\"method\": \"GET\", \"target\": \"/forecast?city=Paris\", \"price\": "
    "\"0.002\"},\n"
    "   \"paid_post\": {\"method\": \"POST\", \"target\": \"/action\", \"price\": \"0.001\"},\n"
    "   \"dear\": {\"method\": \"GET\", \"target\": \"/gold\", \"price\": \"1.00\"},\n"
    "   \"wildcard\": {\"method\": \"GET\", \"target\": \"/files/\"},\n"
    "   \"html\": {\"method\": \"GET\", \"target\": \"/html\"},\n"
    "   \"empty\": {\"method\": \"GET\", \"target\": \"/empty\"},\n"
    "   \"binary\": {\"method\": \"GET\", \"target\": \"/binary\"},\n"
    "   \"free\": {\"method\": \"GET\", \"target\": \"/free\"},\n"
    "   \"mcp\": {\"method\": \"POST\", \"target\": \"/mcp\"}},\n"
    " \"secrets\": {\"mac\": {\"value\": \"%s\", \"pass_as\": \"ASSAY_TEST_SECRET\"}},\n"
    " \"supports\": [\"proof\", \"bridge\", \"idempotency\", \"mcp\", \"wire-dual\"],\n"
    " \"executions\": \"origin\",\n"
    " \"store\": {\"paths\": [\"${STORE}\"], \"persistent\": true},\n"
    " \"limits\": {\"challenge_ttl_ms\": 300000, \"body_bytes\": 65536, \"read_deadline_ms\": "
    "1000,\n"
    "   \"handler_deadline_ms\": 1000, \"sweep_ms\": 1}}\n";

enum assay_code target_embedded(struct target *out, struct assay_arena *arena, const char *profile,
                                const char *rules, struct assay_err *err)
{
    const char *given = getenv("ASSAY_TEST_SECRET"); /* so that parent and workers know the same */
    char secret[2 * 24 + 1];                         /* else made afresh */
    uint8_t random[24];
    struct assay_buf text = ASSAY_BUF_INIT(16384);
    enum assay_code rc;

    if (strcmp(profile, "paid-tools") != 0)
        return assay_fail(err, ASSAY_E_UNKNOWN, 0,
                          "no embedded reference for the profile %s; there is one for paid-tools",
                          profile);
    if (strcmp(rules, "base") != 0 && strcmp(rules, "hardened") != 0)
        return assay_fail(err, ASSAY_E_UNKNOWN, 0, "no rules %s; there are base and hardened",
                          rules);
    rc = assay_random_system(random, sizeof(random));
    if (rc != ASSAY_OK)
        return assay_fail(err, rc, 0, "the system gives no random bytes");
    assay_hex_encode(secret, assay_bytes_of(random, sizeof(random)));
    assay_buf_printf(&text, paid_tools, rules, rules, given != NULL ? given : secret);
    rc = assay_buf_ok(&text) ? target_parse(out, arena, assay_buf_view(&text), "(embedded)", err)
                             : assay_fail(err, text.bad, 0, "out of memory");
    assay_buf_wipe(&text);
    explicit_bzero(secret, sizeof(secret));
    explicit_bzero(random, sizeof(random));
    return rc;
}
