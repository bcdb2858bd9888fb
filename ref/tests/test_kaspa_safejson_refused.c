/* Transactions as JSON text that are refused, whatever is wrong; and what is accepted is written.
 */
#include "kaspa/script.h"
#include "kaspa/txid.h"
#include "ref/tests/kaspa_json_texts.h"

/* Parses, and says what it has to. */
static void expect_refused(const char *text, const struct kaspa_json_options *options,
                           enum assay_code rc, const char *said)
{
    struct guard g = guard_of(assay_str(text));
    struct attempt a = parse(g.bytes, options);

    cr_expect_eq(a.rc, rc, "%.80s: %s", text, a.err.text);
    cr_expect_str_eq(a.err.text, said);
    guard_free(&g);
    assay_arena_fini(&a.arena);
}

Test(kaspa_safejson_refused, what_a_form_needs_and_is_not_there)
{
    static const struct {
        const char *text, *find, *said;
    } rows[] = {
        {flat, "\"version\":1,", "version is missing"},
        {flat, "\"sequence\":\"7001\",", "inputs[0].sequence is missing"},
        {flat, ",\"signatureScript\":\"41c0ffee\"", "inputs[0].signatureScript is missing"},
        {flat, "\"sigOpCount\":0,\"computeBudget\":7102,", "inputs[0].computeBudget is missing"},
        {flat, "\"transactionId\":\"" HASH("a2") "\",", "inputs[0].transactionId is missing"},
        {flat, "\"index\":7101,", "inputs[0].index is missing"},
        {flat, "\"amount\":\"7002\",", "inputs[0].utxo.amount is missing"},
        {flat, "\"scriptPublicKey\":\"0000aa51\",", "inputs[0].utxo.scriptPublicKey is missing"},
        {flat, "\"value\":\"7004\",", "outputs[0].value is missing"},
        {flat, "\"scriptPublicKey\":\"0102ac52\",", "outputs[0].scriptPublicKey is missing"},
        {flat, "\"authorizingInput\":7103,", "outputs[0].covenant.authorizingInput is missing"},
        {flat, ",\"covenantId\":\"" HASH("a4") "\"", "outputs[0].covenant.covenantId is missing"},
        {nested, "\"txid\":\"" HASH("b2") "\",",
         "inputs[0].previousOutpoint.transactionId is missing"},
        {nested, ",\"index\":3", "inputs[0].previousOutpoint.index is missing"},
        {nested, "\"previousOutpoint\":{\"txid\":\"" HASH("b2") "\",\"index\":3},",
         "inputs[0].transactionId is missing"},
        {nested, ",\"sigOpCount\":255", "inputs[0].sigOpCount is missing"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char changed[SAFEJSON_TEXT_BYTES];

        (void)change(changed, rows[i].text, rows[i].find, "");
        expect_refused(changed, &strict, ASSAY_E_MISSING, rows[i].said);
    }
    expect_refused("{}", &strict, ASSAY_E_MISSING, "version is missing");
    expect_refused("{\"version\":0,\"outputs\":[]}", &strict, ASSAY_E_MISSING, "inputs is missing");
    expect_refused("{\"version\":0,\"inputs\":[]}", &strict, ASSAY_E_MISSING, "outputs is missing");
}

/* In front of `find`, "with" is put. */
static const struct {
    const char *text, *find, *with, *path;
    enum assay_code rc;
} put[] = {
    {flat, "\"version\"", "\"fee\":\"1\",", "fee ", ASSAY_E_UNKNOWN},
    {flat, "\"version\"", "\"ID\":\"1\",", "ID ", ASSAY_E_UNKNOWN},
    {flat, "\"version\"", "\"verboseData\":{\"hash\":null},", "verboseData ", ASSAY_E_UNKNOWN},
    {flat, "\"sequence\"", "\"txid\":\"" HASH("a2") "\",", "inputs[0].txid ", ASSAY_E_UNKNOWN},
    {flat, "\"sequence\"", "\"\\u0009\xc3\xa9 x\":0,", "inputs[0].\\u0009???x ", ASSAY_E_UNKNOWN},
    {flat, "\"amount\"", "\"value\":\"7002\",", "inputs[0].utxo.value ", ASSAY_E_UNKNOWN},
    {flat, "\"value\"", "\"script\":\"\",", "outputs[0].script ", ASSAY_E_UNKNOWN},
    {flat, "\"authorizingInput\"", "\"\":0,", "outputs[0].covenant. ", ASSAY_E_UNKNOWN},
    {nested, "\"txid\"", "\"" HASH("41") "\":0,",
     "inputs[0].previousOutpoint.4141414141414141414141414141414141414141 ", ASSAY_E_UNKNOWN},
    {flat, "\"amount\"", "\"amount\":\"7002\",", "JSON: ", ASSAY_E_DUPLICATE},
    {flat, "\"gas\"", "\"g\\u0061s\":\"7006\",", "JSON: ", ASSAY_E_DUPLICATE},
    {flat, "\"sequence\"", "\"previousOutpoint\":{\"txid\":\"" HASH("a2") "\",\"index\":7102},",
     "inputs[0] has two", ASSAY_E_CONFLICT},
    {flat, "\"sequence\"", "\"previousOutpoint\":{\"txid\":\"" HASH("a1") "\",\"index\":7101},",
     "inputs[0] has two", ASSAY_E_CONFLICT},
    {nested, "\"txid\"", "\"transactionId\":\"" HASH("b1") "\",",
     "inputs[0].previousOutpoint.txid differs", ASSAY_E_CONFLICT},
    {nested, "\"txid\"", "\"transactionId\":\"" HASH("zz") "\",",
     "inputs[0].previousOutpoint.transactionId ", ASSAY_E_MALFORMED},
    {nested, "},\"sequence\"", ",\"transactionId\":\"\"",
     "inputs[0].previousOutpoint.transactionId ", ASSAY_E_RANGE},
    {nested, "\"sequence\"", "\"transactionId\":\"" HASH("b2") "\",", "inputs[0].index is missing",
     ASSAY_E_MISSING},
    {nested, "\"sequence\"", "\"index\":3,", "inputs[0].transactionId is missing", ASSAY_E_MISSING},
    {flat, "\"value\"", "\"amount\":\"7003\",", "outputs[0].value differs", ASSAY_E_CONFLICT},
    {flat, "\"storageMass\"", "\"mass\":\"0\",", "storageMass differs", ASSAY_E_CONFLICT},
    {nested, "\"sigOpCount\"", "\"computeBudget\":1,", "inputs[0] has a compute commitment",
     ASSAY_E_CONFLICT},
    {flat, "{\"id\"", "\xEF\xBB\xBF", "JSON: no value", ASSAY_E_MALFORMED},
};

Test(kaspa_safejson_refused, what_no_form_has_or_what_says_two_things)
{
    for (size_t i = 0; i < ARRAY_LEN(put); i++) {
        char with[SAFEJSON_TEXT_BYTES], changed[SAFEJSON_TEXT_BYTES];
        struct attempt a;

        (void)snprintf(with, sizeof(with), "%s%s", put[i].with, put[i].find);
        (void)change(changed, put[i].text, put[i].find, with);
        a = parse(assay_str(changed), &strict);
        cr_expect_eq(a.rc, put[i].rc, "row: %s: %s", put[i].with, a.err.text);
        cr_expect_eq(strncmp(a.err.text, put[i].path, strlen(put[i].path)), 0, "row: %s: %s",
                     put[i].with, a.err.text);
        assay_arena_fini(&a.arena);
    }
}

Test(kaspa_safejson_refused, unknown_members_are_passed_over_where_that_is_asked_for)
{
    static const struct kaspa_json_options lenient = {.unknown_members = true};

    for (size_t i = 0; i < ARRAY_LEN(put) && put[i].rc == ASSAY_E_UNKNOWN; i++) {
        char with[SAFEJSON_TEXT_BYTES], changed[SAFEJSON_TEXT_BYTES];
        struct attempt a = parse(assay_str(put[i].text), &strict), b;

        (void)snprintf(with, sizeof(with), "%s%s", put[i].with, put[i].find);
        (void)change(changed, put[i].text, put[i].find, with);
        b = parse(assay_str(changed), &lenient);
        cr_assert_eq(b.rc, ASSAY_OK, "row: %s: %s", put[i].with, b.err.text);
        cr_expect(kaspa_tx_equal(&a.tx, &b.tx), "row: %s", put[i].with);
        assay_arena_fini(&a.arena);
        assay_arena_fini(&b.arena);
    }
}

/* A document may have been parsed so that the last of a name counts; here it does not. */
Test(kaspa_safejson_refused, a_member_twice_even_where_the_document_allows_it)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(SAFEJSON_ARENA_BYTES);
    struct assay_json_token tokens[128];
    struct assay_err err = {0};
    char changed[SAFEJSON_TEXT_BYTES];
    struct assay_json doc;
    struct kaspa_tx tx;
    size_t at = change(changed, nested, "\"sequence\"", "\"sequence\":\"1\",\"sequence\"");

    cr_assert_eq(assay_json_parse(&doc, tokens, ARRAY_LEN(tokens), assay_str(changed),
                                  ASSAY_JSON_LAST_DUPLICATE_WINS, NULL),
                 ASSAY_OK);
    cr_expect_eq(kaspa_tx_parse_value(&tx, NULL, &arena, &doc, 0, &strict, &err),
                 ASSAY_E_DUPLICATE);
    cr_expect_str_eq(err.text, "inputs[0].sequence appears twice");
    cr_expect_eq(err.at, at + strlen("\"sequence\":\"1\",\""));
    assay_arena_fini(&arena);
}

Test(kaspa_safejson_refused, every_text_that_ends_early_or_goes_on)
{
    static const char *const texts[] = {flat, nested};
    static const char *const tails[] = {"{}", "x", ",", "}", "\"", "0", "\x01"};
    char longer[SAFEJSON_TEXT_BYTES];

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        for (size_t len = 0; len < strlen(texts[i]); len++) {
            struct guard g = guard_of(assay_bytes_of(texts[i], len));
            struct attempt a = parse(g.bytes, &strict);

            cr_expect_eq(a.rc, ASSAY_E_MALFORMED, "the first %zu bytes: %s", len, a.err.text);
            guard_free(&g);
            assay_arena_fini(&a.arena);
        }
        for (size_t j = 0; j < ARRAY_LEN(tails); j++) {
            struct attempt a;

            (void)snprintf(longer, sizeof(longer), "%s%s", texts[i], tails[j]);
            a = parse(assay_str(longer), &strict);
            cr_expect_eq(a.rc, ASSAY_E_MALFORMED, "behind it: %s", tails[j]);
            assay_arena_fini(&a.arena);
        }
    }
}

/* Accepted or not: what is accepted is written in both forms and is read as the same. */
static bool survives(const struct attempt *a)
{
    bool same = true;

    for (int form = KASPA_JSON_FLAT; form <= KASPA_JSON_NESTED; form++) {
        struct assay_buf text = ASSAY_BUF_INIT(SAFEJSON_TEXT_BYTES);
        bool known = a->claims.has_utxo[0];
        struct kaspa_hash id;
        struct attempt b;

        kaspa_tx_write(&text, &a->tx, known ? a->claims.utxos : NULL, (enum kaspa_json_form)form);
        b = parse(assay_buf_view(&text), &strict);
        kaspa_txid(&id, &a->tx);
        same = same && b.rc == ASSAY_OK && kaspa_tx_equal(&a->tx, &b.tx) && b.claims.has_id &&
               kaspa_hash_equal(&b.claims.id, &id) && b.claims.has_storage_mass &&
               b.claims.has_utxo[0] == known;
        if (known && form == KASPA_JSON_FLAT)
            same = same && kaspa_utxo_equal(a->claims.utxos, b.claims.utxos);
        else if (known)
            same = same && a->claims.utxos->amount == b.claims.utxos->amount &&
                   kaspa_spk_equal(&a->claims.utxos->spk, &b.claims.utxos->spk);
        assay_buf_fini(&text);
        assay_arena_fini(&b.arena);
    }
    return same;
}

Test(kaspa_safejson_refused, no_changed_byte_is_a_crash_and_what_is_accepted_can_be_written)
{
    static const char *const texts[] = {flat, nested};
    static const uint8_t flips[] = {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xFF};
    size_t accepted = 0;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct guard g = guard_of(assay_str(texts[i]));
        uint8_t *bytes = g.map + (g.bytes.at - g.map);

        for (size_t at = 0; at < g.bytes.len; at++) {
            for (size_t j = 0; j < ARRAY_LEN(flips); j++) {
                struct attempt a;

                bytes[at] ^= flips[j];
                a = parse(g.bytes, &strict);
                if (a.rc == ASSAY_OK) {
                    cr_expect(survives(&a), "byte %zu of %zu, flip %02x", at, i, flips[j]);
                    accepted++;
                }
                bytes[at] ^= flips[j];
                assay_arena_fini(&a.arena);
            }
        }
        guard_free(&g);
    }
    cr_expect_gt(accepted, 1000, "%zu", accepted);
}

/* A list of `count` elements within a transaction; the caller frees. */
static struct assay_buf with_list(const char *before, const char *element, size_t count,
                                  const char *after)
{
    struct assay_buf text = ASSAY_BUF_INIT(KASPA_JSON_MAX_BYTES);

    assay_buf_add_str(&text, before);
    for (size_t i = 0; i < count; i++) {
        assay_buf_add_str(&text, i > 0 ? "," : "");
        assay_buf_add_str(&text, element);
    }
    assay_buf_add_str(&text, after);
    cr_assert(assay_buf_ok(&text));
    return text;
}

#define INPUT                                                                                      \
    "{\"transactionId\":\"" HASH("00") "\",\"index\":0,\"sequence\":\"0\",\"sigOpCount\":0,"       \
                                       "\"signatureScript\":\"\"}"

Test(kaspa_safejson_refused, longer_lists_than_consensus_or_the_caller_allows)
{
    static const char output[] = "{\"value\":\"1\",\"scriptPublicKey\":\"0000\"}";
    static const struct {
        const char *before, *element, *after, *said;
        size_t max, fits;
    } rows[] = {
        {"{\"version\":0,\"outputs\":[],\"inputs\":[", INPUT, "]}", "inputs has more", 0, 1001},
        {"{\"version\":0,\"outputs\":[],\"inputs\":[", INPUT, "]}", "inputs has more", 3, 3},
        {"{\"version\":0,\"inputs\":[],\"outputs\":[", output, "]}", "outputs has more", 0, 1001},
        {"{\"version\":0,\"inputs\":[],\"outputs\":[", output, "]}", "outputs has more", 1, 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kaspa_json_options options = {.max_inputs = rows[i].max, .max_outputs = rows[i].max};

        for (size_t extra = 0; extra < 2; extra++) {
            struct assay_buf text =
                with_list(rows[i].before, rows[i].element, rows[i].fits + extra, rows[i].after);
            struct attempt a = parse(assay_buf_view(&text), &options);

            cr_expect_eq(a.rc, extra > 0 ? ASSAY_E_TOO_LARGE : ASSAY_OK, "row %zu: %s", i,
                         a.err.text);
            cr_expect(extra == 0 || strncmp(a.err.text, rows[i].said, strlen(rows[i].said)) == 0,
                      "row %zu: %s", i, a.err.text);
            cr_expect(a.rc != ASSAY_OK || a.tx.input_count + a.tx.output_count == rows[i].fits);
            assay_buf_fini(&text);
            assay_arena_fini(&a.arena);
        }
    }
}

Test(kaspa_safejson_refused, texts_that_are_too_long_or_too_deep)
{
    static const struct kaspa_json_options lenient = {.unknown_members = true};
    struct assay_arena arena = ASSAY_ARENA_INIT(64);
    uint8_t *spaces = calloc(1, KASPA_JSON_MAX_BYTES + 1);
    struct assay_buf deep = with_list("{\"x\":", "[", 0, "");
    struct assay_err err = {0};
    struct kaspa_tx tx;
    struct attempt a;

    cr_assert_not_null(spaces);
    memset(spaces, ' ', KASPA_JSON_MAX_BYTES + 1);
    cr_expect_eq(kaspa_tx_parse(&tx, NULL, &arena, assay_bytes_of(spaces, KASPA_JSON_MAX_BYTES + 1),
                                &strict, &err),
                 ASSAY_E_TOO_LARGE);
    cr_expect_eq(err.at, KASPA_JSON_MAX_BYTES);
    cr_expect_eq(kaspa_tx_parse(&tx, NULL, &arena, assay_bytes_of(spaces, KASPA_JSON_MAX_BYTES),
                                &strict, NULL),
                 ASSAY_E_MALFORMED, "as long as may be, and nothing in it");
    for (int i = 0; i < 200; i++)
        assay_buf_add_byte(&deep, '[');
    a = parse(assay_buf_view(&deep), &lenient);
    cr_expect_eq(a.rc, ASSAY_E_TOO_LARGE);
    free(spaces);
    assay_buf_fini(&deep);
    assay_arena_fini(&a.arena);
    assay_arena_fini(&arena);
}

/* With an escape in it, whose text needs room of its own, and a payload of so many bytes more. */
static struct assay_buf text_that_needs_room(size_t more)
{
    struct assay_buf text = ASSAY_BUF_INIT(KASPA_JSON_MAX_BYTES);
    char changed[SAFEJSON_TEXT_BYTES];
    size_t payload;

    (void)change(changed, flat, "\"7006\"", "\"7\\u003006\"");
    payload = (size_t)(strstr(changed, "fada") - changed);
    assay_buf_add(&text, assay_bytes_of(changed, payload));
    for (size_t i = 0; i < more; i++)
        assay_buf_add_str(&text, "00");
    assay_buf_add_str(&text, changed + payload);
    cr_assert(assay_buf_ok(&text));
    return text;
}

Test(kaspa_safejson_refused, an_arena_that_is_too_small_at_any_place)
{
    struct assay_buf text = text_that_needs_room(0);
    struct attempt whole = parse(assay_buf_view(&text), &strict);
    size_t needed = whole.arena.used;

    assay_arena_fini(&whole.arena);
    for (size_t max = 0; max <= needed; max += 8) {
        struct assay_arena arena = ASSAY_ARENA_INIT(max);
        struct kaspa_tx tx = {.gas = 77};
        struct assay_err err = {0};
        enum assay_code rc =
            kaspa_tx_parse(&tx, NULL, &arena, assay_buf_view(&text), &strict, &err);

        cr_expect_eq(rc, max < needed ? ASSAY_E_NOMEM : ASSAY_OK, "with %zu bytes of %zu", max,
                     needed);
        cr_expect_eq(tx.gas, max < needed ? 77 : 7006);
        assay_arena_fini(&arena);
    }
    assay_buf_fini(&text);
}

Test(kaspa_safejson_refused, every_failing_allocation_is_a_clean_refusal)
{
    struct assay_buf text = text_that_needs_room(40000);
    enum assay_code rc = ASSAY_E_NOMEM;
    size_t nth;

    for (nth = 0; rc == ASSAY_E_NOMEM; nth++) {
        struct attempt a;

        (void)assay_alloc_fail_after(nth);
        a = parse(assay_buf_view(&text), &strict);
        (void)assay_alloc_fail_after(SIZE_MAX);
        rc = a.rc;
        cr_expect(rc == ASSAY_OK || rc == ASSAY_E_NOMEM);
        assay_arena_fini(&a.arena);
    }
    cr_expect_eq(rc, ASSAY_OK);
    cr_expect_gt(nth, 2);
    assay_buf_fini(&text);
}
