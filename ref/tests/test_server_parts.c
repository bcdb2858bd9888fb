/* What the files of the kaspa-x402 server share (server/kx_parts.h), where a store, memory or a
 * variable has not what is wanted. */
#include "server/kx_parts.h"

#include "ref/tests/limits.h"

#include <stdlib.h>

#define DIGITS "0000000000000000000000000000000000000000000000000000000000000001"

TestSuite(server_parts, .timeout = 60);

/* ---- lists ---- */

static unsigned lists, fails_at;
static size_t known;

static enum assay_code list(struct kx_store *store, char (*ids)[X402_HASH_TEXT_BYTES], size_t room,
                            size_t *count, struct assay_err *err)
{
    (void)store;
    if (++lists == fails_at)
        return assay_fail(err, ASSAY_E_IO, 0, "the disk is gone");
    for (size_t i = 0; i < known && i < room; i++)
        (void)memset(ids[i], 'a', sizeof(ids[i]));
    *count = known;
    known = ids == NULL ? known + 100 : known; /* which came meanwhile */
    return ASSAY_OK;
}

Test(server_parts, list_what_is_there_and_a_few_that_came_meanwhile)
{
    char(*ids)[X402_HASH_TEXT_BYTES] = NULL;
    size_t count = 0;

    known = 3;
    cr_assert_eq(kx_parts_list(&ids, &count, NULL, list, NULL), ASSAY_OK);
    cr_expect(count > 3 && count < 103, "%zu", count);
    assay_free(ids);
}

Test(server_parts, list_nothing_where_the_store_or_memory_fails)
{
    for (fails_at = 0; fails_at <= 2; fails_at++) {
        char(*ids)[X402_HASH_TEXT_BYTES] = NULL;
        struct assay_err err = {0};
        size_t count = 0;
        enum assay_code code;

        lists = 0;
        (void)assay_alloc_fail_after(fails_at == 0 ? 0 : SIZE_MAX);
        code = kx_parts_list(&ids, &count, NULL, list, &err);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect_eq(code, fails_at == 0 ? ASSAY_E_NOMEM : ASSAY_E_IO, "%u: %s", fails_at,
                     err.text);
        cr_expect(ids == NULL && count == 0, "%u", fails_at);
        cr_expect_eq(lists, fails_at == 0 ? 1 : fails_at);
    }
}

/* ---- heads ---- */

static enum assay_code load_code;

static enum assay_code load_head(struct kx_store *store, struct kx_head_record *out,
                                 const uint8_t *id, struct assay_err *err)
{
    (void)store;
    (void)out;
    (void)id;
    return load_code == ASSAY_OK ? ASSAY_OK : assay_fail(err, load_code, 0, "as it is told");
}

static const struct kx_store_ops ops = {.load_head = load_head};

static enum assay_code register_heads(enum assay_code loads, struct assay_err *err)
{
    struct kx_server_options o = KX_SERVER_OPTIONS_DEFAULT;
    struct kx_store store = {.ops = &ops};

    load_code = loads;
    o.node = "ws://127.0.0.1:1"; /* where none is */
    o.head_owner = DIGITS;
    o.heads[0] = o.heads[1] = DIGITS ":0";
    o.head_count = 2;
    return kx_parts_register_heads(&o, &store, err);
}

Test(server_parts, register_no_head_where_the_store_cannot_be_read)
{
    static const struct {
        enum assay_code loads, code;
        const char *says;
    } rows[] = {
        {ASSAY_OK, ASSAY_OK, ""},
        {ASSAY_E_IO, ASSAY_E_IO, "head " DIGITS ":0: the store cannot be read"},
        {ASSAY_E_BUSY, ASSAY_E_BUSY, "the store cannot be read"},
        {ASSAY_E_MISSING, ASSAY_E_IO, "heads: node ws://127.0.0.1:1"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_err err = {0};
        enum assay_code code = register_heads(rows[i].loads, &err);

        cr_expect_eq(code, rows[i].code, "row %zu: %s", i, err.text);
        cr_expect_not_null(strstr(err.text, rows[i].says), "row %zu: %s", i, err.text);
    }
}

Test(server_parts, ask_for_no_head_without_memory)
{
    enum { MOST = 200 };
    enum assay_code code = ASSAY_E_NOMEM;
    size_t n = 0;

    for (; n < MOST && code != ASSAY_E_IO; n++) {
        struct assay_err err = {0};

        (void)assay_alloc_fail_after(n);
        code = register_heads(ASSAY_E_MISSING, &err);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect(code == ASSAY_E_NOMEM || code == ASSAY_E_IO, "%zu: %s: %s", n,
                  assay_code_name(code), err.text);
        cr_expect_not_null(strstr(err.text, "head"), "%zu: %s", n, err.text);
    }
    cr_expect(n > 3 && n < MOST, "%zu", n);
}

/* ---- keys ---- */

Test(server_parts, take_a_key_from_a_variable_and_wipe_it)
{
    static const struct {
        const char *name, *value;
        enum assay_code code;
    } rows[] = {
        {"a key", DIGITS, ASSAY_OK},
        {"none", NULL, ASSAY_E_MISSING},
        {"a word", "sesame", ASSAY_E_MISSING},
        {"a digit less", "000000000000000000000000000000000000000000000000000000000000001",
         ASSAY_E_MISSING},
        {"zero", "0000000000000000000000000000000000000000000000000000000000000000",
         ASSAY_E_MISSING},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_err err = {0};
        struct assay_key key;

        if (rows[i].value != NULL)
            cr_assert_eq(setenv("KX_TEST_SECRET", rows[i].value, 1), 0);
        cr_expect_eq(kx_parts_take_key(&key, "KX_TEST_SECRET", &err), rows[i].code, "%s: %s",
                     rows[i].name, err.text);
        cr_expect_null(getenv("KX_TEST_SECRET"), "%s", rows[i].name);
        cr_expect(rows[i].value == NULL || strstr(err.text, rows[i].value) == NULL, "%s",
                  rows[i].name);
        assay_key_wipe(&key);
    }
}

/* ---- what is sold through a facilitator ---- */

Test(server_parts, keep_what_is_sold_or_say_that_there_is_no_memory)
{
    enum { MOST = 4096 };
    struct kx_server_options o = KX_SERVER_OPTIONS_DEFAULT;
    enum assay_code code = ASSAY_E_NOMEM;
    size_t room = 0;

    o.sells[0] = "exact,eip155:84532,0xasset,0xpayee,{\"name\":\"coin\"}";
    o.sell_count = 1;
    for (; room < MOST && code != ASSAY_OK; room++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(room);
        struct kx_facilitated_kind kind = {.scheme = NULL};
        struct assay_err err = {0};

        code = kx_parts_kinds(&kind, &arena, &o, &err);
        cr_expect(code == ASSAY_OK || code == ASSAY_E_NOMEM, "%zu: %s", room, err.text);
        cr_expect(code == ASSAY_OK || strstr(err.text, "sell \"exact") != NULL, "%zu: %s", room,
                  err.text);
        cr_expect(code != ASSAY_OK || strcmp(kind.extra, "{\"name\":\"coin\"}") == 0, "%zu", room);
        assay_arena_fini(&arena);
    }
    cr_expect(room > 10 && room < MOST, "%zu", room);
}
