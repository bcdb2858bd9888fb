/** Two transactions as JSON text with every member in them, and small changes of them. For tests.
 */
#ifndef ASSAY_REF_TESTS_KASPA_JSON_TEXTS_H
#define ASSAY_REF_TESTS_KASPA_JSON_TEXTS_H

#include "kaspa/safejson.h"
#include "ref/tests/guard.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { SAFEJSON_ARENA_BYTES = 1 << 20, SAFEJSON_TEXT_BYTES = 8192 };

#define X8(text) text text text text text text text text
#define HASH(digits) X8(digits digits digits digits) /**< of two digits */

/** Version 1, flattened, every member there and every value another one. */
static const char flat[] =
    "{\"id\":\"" HASH("a1") "\",\"version\":1,\"inputs\":[{\"transactionId\":\"" HASH(
        "a2") "\","
              "\"index\":7101,\"sequence\":\"7001\",\"sigOpCount\":0,\"computeBudget\":7102,"
              "\"signatureScript\":\"41c0ffee\",\"utxo\":{\"address\":\"kaspa:anything\","
              "\"amount\":\"7002\","
              "\"scriptPublicKey\":\"0000aa51\",\"blockDaaScore\":\"7003\",\"isCoinbase\":true,"
              "\"covenantId\":\"" HASH(
                  "a3") "\"}}],\"outputs\":[{\"value\":\"7004\",\"scriptPublicKey\":"
                        "\"0102ac52\",\"covenant\":{\"authorizingInput\":7103,\"covenantId\":"
                        "\"" HASH("a4") "\"}},"
                                        "{\"value\":\"1\",\"scriptPublicKey\":\"0000\","
                                        "\"covenant\":null}],\"subnetworkId\":"
                                        "\"00000001" X8("0000") "\",\"lockTime\":\"7005\",\"gas\":"
                                                                "\"7006\",\"storageMass\":\"7007\","
                                                                "\"payload\":\"fada\"}";

/** Version 0, nested, nothing there that may be absent. */
static const char nested[] = "{\"version\":0,\"inputs\":[{\"previousOutpoint\":{\"txid\":\"" HASH(
    "b2") "\",\"index\":3},"
          "\"sequence\":\"18446744073709551615\",\"sigOpCount\":255,\"signatureScript\":\"\"}],"
          "\"outputs\":[{\"amount\":\"5\",\"scriptPublicKey\":\"000051\"}]}";

static const struct kaspa_json_options strict = {.numbers = false};

/** A parse of one text, with what must stay as it was. */
struct attempt {
    struct assay_arena arena;
    struct kaspa_tx tx;
    struct kaspa_claims claims;
    struct assay_err err;
    enum assay_code rc;
};

static inline struct attempt parse(struct assay_bytes text,
                                   const struct kaspa_json_options *options)
{
    struct attempt a = {.arena = ASSAY_ARENA_INIT(SAFEJSON_ARENA_BYTES), .tx = {.gas = 77}};

    a.rc = kaspa_tx_parse(&a.tx, &a.claims, &a.arena, text, options, &a.err);
    cr_expect_eq(a.err.code, a.rc);
    cr_expect(a.rc == ASSAY_OK || (a.tx.gas == 77 && a.tx.inputs == NULL), "nothing half read");
    cr_expect(a.rc == ASSAY_OK || a.claims.utxos == NULL, "no claim half read");
    cr_expect_leq(a.err.at, text.len);
    return a;
}

/** `text` with the first `find` replaced, into SAFEJSON_TEXT_BYTES. Returns: the offset of what is
 * new. */
static inline size_t change(char *out, const char *text, const char *find, const char *with)
{
    const char *at = strstr(text, find);
    int len;

    cr_assert_not_null(at, "no %s", find);
    len = snprintf(out, SAFEJSON_TEXT_BYTES, "%.*s%s%s", (int)(at - text), text, with,
                   at + strlen(find));
    cr_assert(len > 0 && len < SAFEJSON_TEXT_BYTES);
    return (size_t)(at - text);
}

/** The change gives `rc`; the refusal names `path` (may be NULL) and is at the change. */
static inline void expect_change(const char *text, const char *find, const char *with,
                                 const struct kaspa_json_options *options, enum assay_code rc,
                                 const char *path)
{
    char changed[SAFEJSON_TEXT_BYTES];
    size_t at = change(changed, text, find, with);
    struct guard g = guard_of(assay_str(changed));
    struct attempt a = parse(g.bytes, options);

    cr_expect_eq(a.rc, rc, "%s -> %s: %s %s", find, with, assay_code_name(a.rc), a.err.text);
    if (rc != ASSAY_OK && path != NULL) {
        cr_expect_eq(strncmp(a.err.text, path, strlen(path)), 0, "%s -> %s: %s", find, with,
                     a.err.text);
        cr_expect(a.err.at == at || a.err.at == at + 1, "%s -> %s: at %zu, not %zu", find, with,
                  a.err.at, at);
    }
    guard_free(&g);
    assay_arena_fini(&a.arena);
}

#endif
