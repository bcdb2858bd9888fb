/* The paid-tools store with each of its needs denied once: an operation that returns an error has
 * changed nothing, and done again it does what it should; so has a store that cannot be opened.
 * Source: store.h; paid-tools digest, sections 5 and 5.2 (fail closed). */
#include "store/store.h"

#include "ref/tests/kx_phases.h"
#include "ref/tests/store_trouble.h"

#include <stdio.h>

enum { NOW = 1000000, MOST_FAILURES = 5000, MOST_OF_OPENING = 1 << 20 };

static const struct ref_store_limits limits = REF_STORE_LIMITS_DEFAULT;
static const char *const kinds[] = {"memory", "sqlite"};

static void set_up(void)
{
    store_trouble_install();
    kx_store_folder_make();
}

TestSuite(store_trouble, .init = set_up, .fini = kx_store_folder_drop, .timeout = 300);

static enum assay_code open_store(struct ref_store **out, size_t kind, struct assay_err *err)
{
    return kind == 0 ? ref_store_memory_open(out, &limits, err)
                     : ref_store_sqlite_open(out, kx_store_file(), &limits, err);
}

static bool is_trouble(enum assay_code code)
{
    return code == ASSAY_E_NOMEM || code == ASSAY_E_IO || code == ASSAY_E_BUSY;
}

struct scene {
    struct ref_store *store;
    struct ref_claim claim;
    struct assay_err err;
};

static struct ref_answer an_answer(void)
{
    return (struct ref_answer){201, ASSAY_LIT("text/x-goods"), ASSAY_LIT("goods\0 with a NUL")};
}

/* ---- what is done ---- */

static enum assay_code begin(struct scene *s)
{
    struct ref_found found = {.storage = ASSAY_BUF_INIT(8 << 20)};
    enum ref_claim_result result = REF_CLAIM_FULL;
    enum assay_code code = s->store->ops->begin(s->store, &s->claim, &result, &found, &s->err);

    assay_buf_fini(&found.storage);
    return code == ASSAY_OK && result != REF_CLAIM_FREE ? ASSAY_E_CONFLICT : code;
}

static enum assay_code spend(struct scene *s)
{
    struct ref_answer answer = an_answer();

    return s->store->ops->finish(s->store, &s->claim, REF_OUTCOME_SPENT,
                                 s->claim.key.len > 0 ? &answer : NULL, &s->err);
}

static enum assay_code release(struct scene *s)
{
    return s->store->ops->finish(s->store, &s->claim, REF_OUTCOME_RELEASED, NULL, &s->err);
}

static enum assay_code sweep(struct scene *s)
{
    return s->store->ops->sweep(s->store, NOW + 10000, &s->err);
}

static enum assay_code look_up(struct scene *s)
{
    struct ref_answer want = an_answer();
    struct ref_found found = {.storage = ASSAY_BUF_INIT(8 << 20)};
    enum ref_claim_result result = REF_CLAIM_FULL;
    enum assay_code code = s->store->ops->lookup(s->store, &s->claim, &result, &found, &s->err);

    if (code == ASSAY_OK &&
        (result != REF_CLAIM_ANSWERED || !assay_bytes_equal(found.answer.body, want.body) ||
         !assay_bytes_equal(found.payment, s->claim.payment)))
        code = ASSAY_E_CONFLICT;
    assay_buf_fini(&found.storage);
    return code;
}

static enum assay_code count_and_floor(struct scene *s)
{
    uint64_t nonces = 9, keys = 9;
    int64_t floor_ms = 9;
    enum assay_code code = s->store->ops->count(s->store, &nonces, &keys, &s->err);

    if (code == ASSAY_OK)
        code = s->store->ops->floor(s->store, &floor_ms, &s->err);
    return code == ASSAY_OK && floor_ms != 0 ? ASSAY_E_CONFLICT : code;
}

/* ---- in which state ---- */

enum state { NOTHING, RESERVED, SPENT };

/* What a claim of the same now meets, and how much counts. */
static void expect_state(struct scene *s, enum state state, const char *when)
{
    bool has_key = s->claim.key.len > 0, is_answered = has_key && state == SPENT;
    struct ref_found found = {.storage = ASSAY_BUF_INIT(8 << 20)};
    enum ref_claim_result result = REF_CLAIM_FULL, want;
    uint64_t nonces = 9, keys = 9;

    want = state == NOTHING ? REF_CLAIM_FREE
           : !has_key       ? REF_CLAIM_NONCE_TAKEN
           : is_answered    ? REF_CLAIM_ANSWERED
                            : REF_CLAIM_KEY_BUSY;
    cr_assert_eq(s->store->ops->count(s->store, &nonces, &keys, NULL), ASSAY_OK, "%s", when);
    cr_expect_eq(nonces, state != NOTHING, "%s: %lu nonces", when, (unsigned long)nonces);
    cr_expect_eq(keys, has_key && state != NOTHING, "%s: %lu keys", when, (unsigned long)keys);
    if (state == NOTHING)
        return;
    cr_assert_eq(s->store->ops->begin(s->store, &s->claim, &result, &found, NULL), ASSAY_OK, "%s",
                 when);
    cr_expect_eq(result, want, "%s: %d", when, (int)result);
    cr_expect(!is_answered || assay_bytes_equal(found.answer.body, an_answer().body), "%s", when);
    assay_buf_fini(&found.storage);
}

static const struct flow {
    const char *name;
    enum assay_code (*act)(struct scene *s);
    enum state from, to;
    bool has_key;
} flows[] = {
    {"begin", begin, NOTHING, RESERVED, false},
    {"begin with a key", begin, NOTHING, RESERVED, true},
    {"spend", spend, RESERVED, SPENT, false},
    {"spend with an answer", spend, RESERVED, SPENT, true},
    {"release", release, RESERVED, NOTHING, false},
    {"release with a key", release, RESERVED, NOTHING, true},
    {"sweep what is spent", sweep, SPENT, NOTHING, false},
    {"sweep what was answered", sweep, SPENT, NOTHING, true},
    {"look up", look_up, SPENT, SPENT, true},
    {"count", count_and_floor, RESERVED, RESERVED, true},
};

static void open_scene(struct scene *s, size_t kind, const struct flow *flow)
{
    s->claim = (struct ref_claim){
        .nonce = ASSAY_LIT("a nonce"),
        .key = flow->has_key ? ASSAY_LIT("a key") : ASSAY_LIT(""),
        .request_hash = ASSAY_LIT("a hash"),
        .payment = ASSAY_LIT("a payment"),
        .now_ms = NOW,
        .nonce_until_ms = NOW + 1000,
        .key_until_ms = NOW + 5000,
    };
    kx_store_folder_drop();
    kx_store_folder_make();
    cr_assert_eq(open_store(&s->store, kind, NULL), ASSAY_OK);
    if (flow->from != NOTHING)
        cr_assert_eq(begin(s), ASSAY_OK);
    if (flow->from == SPENT)
        cr_assert_eq(spend(s), ASSAY_OK);
}

static void expect_flow(size_t kind, enum store_trouble trouble, const struct flow *flow)
{
    struct scene s = {.store = NULL};
    bool has_struck = true;

    for (size_t before = 0; has_struck; before++) {
        enum assay_code code;
        char when[128];

        cr_assert_lt(before, MOST_FAILURES);
        cr_assert_gt(snprintf(when, sizeof(when), "%s, %s: %s, %zu before", kinds[kind],
                              store_trouble_name(trouble), flow->name, before),
                     0);
        if (s.store == NULL)
            open_scene(&s, kind, flow);
        s.err = (struct assay_err){0};
        store_trouble_arm(trouble, before);
        code = flow->act(&s);
        has_struck = store_trouble_struck();
        cr_assert(code == ASSAY_OK || (has_struck && is_trouble(code)), "%s: %d %s", when,
                  (int)code, s.err.text);
        cr_expect(code == ASSAY_OK || s.err.text[0] != '\0', "%s", when);
        expect_state(&s, code == ASSAY_OK ? flow->to : flow->from, when);
        if (code == ASSAY_OK) {
            s.store->ops->close(s.store);
            s.store = NULL;
        }
    }
}

static void expect_flows(enum store_trouble trouble)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds) * ARRAY_LEN(flows); i++)
        expect_flow(i % ARRAY_LEN(kinds), trouble, &flows[i / ARRAY_LEN(kinds)]);
}

Test(store_trouble, of_memory_changes_nothing)
{
    expect_flows(TROUBLE_MEMORY);
}

Test(store_trouble, of_the_librarys_memory_changes_nothing)
{
    expect_flows(TROUBLE_LIBRARY);
}

Test(store_trouble, of_a_statement_changes_nothing)
{
    expect_flows(TROUBLE_STATEMENT);
}

Test(store_trouble, of_the_file_changes_nothing)
{
    expect_flows(TROUBLE_FILE);
}

/* ---- opening ---- */

static enum assay_code open_one(size_t which, struct assay_err *err)
{
    struct kx_store *kx = NULL;
    struct ref_store *store = NULL;
    enum assay_code code = which < ARRAY_LEN(kinds) ? open_store(&store, which, err)
                                                    : kx_store_open(&kx, which - ARRAY_LEN(kinds),
                                                                    &kx_store_test_limits, err);

    if (store != NULL)
        store->ops->close(store);
    if (kx != NULL)
        kx->ops->close(kx);
    return code;
}

/* It asks for thousands of things: the later ones are tried ever further apart. */
Test(store_trouble, while_a_store_is_opened_is_told_and_leaves_a_file_that_can_be_opened)
{
    for (size_t i = 0; i < (ARRAY_LEN(kinds) + KX_STORE_KINDS) * TROUBLE__COUNT; i++) {
        enum store_trouble trouble = (enum store_trouble)(i % TROUBLE__COUNT);
        size_t which = i / TROUBLE__COUNT;
        bool has_struck = true;

        for (size_t before = 0; has_struck; before += 1 + before / 32) {
            struct assay_err err = {0};
            enum assay_code code;

            cr_assert_lt(before, MOST_OF_OPENING);
            kx_store_folder_drop();
            kx_store_folder_make();
            store_trouble_arm(trouble, before);
            code = open_one(which, &err);
            has_struck = store_trouble_struck();
            cr_assert(code == ASSAY_OK || (has_struck && is_trouble(code)), "%zu, %s, %zu: %d %s",
                      which, store_trouble_name(trouble), before, (int)code, err.text);
            cr_expect(code == ASSAY_OK || err.text[0] != '\0', "%zu: %zu", which, before);
            cr_expect_eq(open_one(which, &err), ASSAY_OK, "%zu, %s, %zu: %s", which,
                         store_trouble_name(trouble), before, err.text);
        }
    }
}

/* ---- what only a file can lose ---- */

Test(store_trouble, of_a_file_that_has_lost_its_facts_is_told)
{
    struct assay_err err = {0};
    struct ref_store *store = NULL;
    uint64_t nonces = 7, keys = 7;
    int64_t floor_ms = 7;
    sqlite3 *db = NULL;

    cr_assert_eq(open_store(&store, 1, NULL), ASSAY_OK);
    cr_assert_eq(sqlite3_open(kx_store_file(), &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "DELETE FROM fact", NULL, NULL, NULL), SQLITE_OK, "%s",
                 sqlite3_errmsg(db));
    (void)sqlite3_close(db);
    cr_expect_eq(store->ops->count(store, &nonces, &keys, &err), ASSAY_E_IO);
    cr_expect_str_eq(err.text, "store: count: the row \"nonces\" is gone from the file");
    cr_expect(nonces == 7 && keys == 7, "as they were");
    err = (struct assay_err){0};
    cr_expect_eq(store->ops->floor(store, &floor_ms, &err), ASSAY_E_IO);
    cr_expect_str_eq(err.text, "store: floor: the row \"floor_ms\" is gone from the file");
    store->ops->close(store);
}

Test(store_trouble, is_none_where_nothing_is_asked)
{
    const struct ref_claim nothing = {.nonce = ASSAY_LIT(""), .key = ASSAY_LIT("")};

    for (size_t kind = 0; kind < ARRAY_LEN(kinds); kind++) {
        struct ref_store *store = NULL;
        struct assay_err err = {0};

        cr_assert_eq(open_store(&store, kind, NULL), ASSAY_OK);
        cr_expect_eq(store->ops->finish(store, &nothing, REF_OUTCOME_SPENT, NULL, &err),
                     ASSAY_E_MISSING, "%s", kinds[kind]);
        store->ops->close(store);
    }
}
