/* Transactions as JSON text: every form is read as the transaction that it is. */
#include "kaspa/script.h"
#include "ref/tests/kaspa_json_texts.h"

static void expect_hash(const struct kaspa_hash *hash, uint8_t byte)
{
    for (size_t i = 0; i < sizeof(hash->at); i++)
        cr_expect_eq(hash->at[i], byte);
}

Test(kaspa_safejson, every_member_of_the_flattened_form_is_read)
{
    struct attempt a = parse(assay_str(flat), &strict);
    const struct kaspa_input *in = a.tx.inputs;
    const struct kaspa_output *out = a.tx.outputs;
    const struct kaspa_utxo *utxo = a.claims.utxos;

    cr_assert_eq(a.rc, ASSAY_OK, "%s", a.err.text);
    cr_assert(a.tx.version == 1 && a.tx.input_count == 1 && a.tx.output_count == 2);
    cr_expect(a.tx.lock_time == 7005 && a.tx.gas == 7006 && a.tx.storage_mass == 7007);
    cr_expect(assay_bytes_is(a.tx.payload, "\xfa\xda") && a.tx.subnetwork_id[3] == 1);
    expect_hash(&in->previous.txid, 0xa2);
    cr_expect(in->previous.index == 7101 && in->sequence == 7001);
    cr_expect(in->commit_kind == KASPA_COMMIT_BUDGET && in->commit == 7102);
    cr_expect(assay_bytes_is(in->signature_script, "\x41\xc0\xff\xee"));
    cr_expect(out[0].value == 7004 && out[0].spk.version == 0x0102);
    cr_expect(assay_bytes_is(out[0].spk.script, "\xac\x52"));
    cr_expect(out[0].has_covenant && out[0].authorizing_input == 7103);
    expect_hash(&out[0].covenant_id, 0xa4);
    cr_expect(out[1].value == 1 && out[1].spk.script.len == 0 && !out[1].has_covenant);
    cr_expect(a.claims.has_id && a.claims.has_storage_mass && a.claims.has_utxo[0]);
    expect_hash(&a.claims.id, 0xa1);
    cr_expect(utxo->amount == 7002 && assay_bytes_is(utxo->spk.script, "\xaa\x51"));
    cr_expect(utxo->block_daa_score == 7003 && utxo->is_coinbase && utxo->has_covenant);
    expect_hash(&utxo->covenant_id, 0xa3);
    assay_arena_fini(&a.arena);
}

Test(kaspa_safejson, what_may_be_absent_is_zero_empty_or_not_claimed)
{
    struct attempt a = parse(assay_str(nested), &strict);
    const struct kaspa_input *in = a.tx.inputs;

    cr_assert_eq(a.rc, ASSAY_OK, "%s", a.err.text);
    cr_expect(a.tx.version == 0 && a.tx.input_count == 1 && a.tx.output_count == 1);
    cr_expect(a.tx.lock_time == 0 && a.tx.gas == 0 && a.tx.storage_mass == 0);
    cr_expect(a.tx.payload.at != NULL && a.tx.payload.len == 0 && kaspa_tx_is_native(&a.tx));
    expect_hash(&in->previous.txid, 0xb2);
    cr_expect(in->previous.index == 3 && in->sequence == UINT64_MAX);
    cr_expect(in->commit_kind == KASPA_COMMIT_SIG_OPS && in->commit == 255);
    cr_expect(in->signature_script.at != NULL && in->signature_script.len == 0);
    cr_expect(a.tx.outputs[0].value == 5 && !a.tx.outputs[0].has_covenant);
    cr_expect(!a.claims.has_id && !a.claims.has_storage_mass && !a.claims.has_utxo[0]);
    assay_arena_fini(&a.arena);
}

Test(kaspa_safejson, nothing_read_points_into_the_text)
{
    struct guard g = guard_of(assay_str(flat));
    struct attempt a = parse(g.bytes, &strict), b = parse(assay_str(flat), &strict);

    guard_free(&g); /* the pages are gone: a borrowed byte would be a crash */
    cr_expect(kaspa_tx_equal(&a.tx, &b.tx) && kaspa_utxo_equal(a.claims.utxos, b.claims.utxos));
    assay_arena_fini(&a.arena);
    assay_arena_fini(&b.arena);
}

Test(kaspa_safejson, claims_need_not_be_wanted)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(SAFEJSON_ARENA_BYTES);
    struct kaspa_tx tx;

    cr_expect_eq(kaspa_tx_parse(&tx, NULL, &arena, assay_str(flat), &strict, NULL), ASSAY_OK);
    cr_expect_eq(tx.gas, 7006);
    assay_arena_fini(&arena);
}

/* What is as good as the text it is made of. */
Test(kaspa_safejson, other_spellings_are_the_same_transaction)
{
    static const struct {
        const char *name, *text, *find, *with;
    } rows[] = {
        {"a member's name with an escape", flat, "\"gas\"", "\"g\\u0061s\""},
        {"a number with an escape", flat, "\"7001\"", "\"\\u00370\\u00301\""},
        {"upper-case hex", flat, "41c0ffee", "41C0FfEE"},
        {"amount for value", flat, "\"value\":\"7004\"", "\"amount\":\"7004\""},
        {"amount and value", flat, "\"value\":\"7004\"", "\"amount\":\"7004\",\"value\":\"7004\""},
        {"mass for storageMass", flat, "\"storageMass\"", "\"mass\""},
        {"mass and storageMass", flat, "\"gas\"", "\"mass\":\"7007\",\"gas\""},
        {"both outpoints", flat, "\"sequence\"",
         "\"previousOutpoint\":{\"txid\":\"" HASH("A2") "\",\"transactionId\":\"" HASH(
             "a2") "\",\"index\":7101},\"sequence\""},
        {"sigOpCount null", flat, "\"sigOpCount\":0", "\"sigOpCount\":null"},
        {"no sigOpCount", flat, "\"sigOpCount\":0,", ""},
        {"computeBudget 0", nested, "255,", "255,\"computeBudget\":0,"},
        {"computeBudget null", nested, "255,", "255,\"computeBudget\":null,"},
        {"no address", flat, "\"address\":\"kaspa:anything\",", ""},
        {"address null", flat, "\"kaspa:anything\"", "null"},
        {"no covenant", flat, ",\"covenant\":null", ""},
        {"spaces", flat, ",\"gas\":", "\t,\n\"gas\" : "},
        {"transactionId for txid", nested, "\"txid\"", "\"transactionId\""},
        {"an empty payload", nested, "\"version\":0", "\"version\":0,\"payload\":\"\""},
        {"zeros", nested, "\"version\":0", "\"version\":0,\"gas\":\"0\",\"lockTime\":\"0\""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char changed[SAFEJSON_TEXT_BYTES];
        struct attempt a = parse(assay_str(rows[i].text), &strict), b;

        (void)change(changed, rows[i].text, rows[i].find, rows[i].with);
        b = parse(assay_str(changed), &strict);
        cr_assert_eq(b.rc, ASSAY_OK, "row: %s: %s", rows[i].name, b.err.text);
        cr_expect(kaspa_tx_equal(&a.tx, &b.tx), "row: %s", rows[i].name);
        cr_expect(kaspa_utxo_equal(a.claims.utxos, b.claims.utxos), "row: %s", rows[i].name);
        assay_arena_fini(&a.arena);
        assay_arena_fini(&b.arena);
    }
}

Test(kaspa_safejson, an_output_to_spend_without_a_covenant_says_so_in_three_ways)
{
    static const char *const rows[] = {"\"covenantId\":null", "\"covenantId\":\"\"",
                                       "\"blockDaaScore\":\"7003\""};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char changed[SAFEJSON_TEXT_BYTES];
        struct attempt a;

        if (i < 2)
            (void)change(changed, flat, "\"covenantId\":\"" HASH("a3") "\"", rows[i]);
        else
            (void)change(changed, flat, ",\"covenantId\":\"" HASH("a3") "\"", "");
        a = parse(assay_str(changed), &strict);
        cr_assert_eq(a.rc, ASSAY_OK, "row: %s: %s", rows[i], a.err.text);
        cr_expect(!a.claims.utxos[0].has_covenant && a.claims.utxos[0].is_coinbase);
        assay_arena_fini(&a.arena);
    }
}

Test(kaspa_safejson, a_compute_commitment_of_the_wrong_kind_is_kept_only_where_it_stands_alone)
{
    static const struct {
        const char *version, *commitments;
        enum assay_code rc;
        enum kaspa_commit kind;
        uint16_t commit;
    } rows[] = {
        {"0", "\"sigOpCount\":3", ASSAY_OK, KASPA_COMMIT_SIG_OPS, 3},
        {"0", "\"sigOpCount\":3,\"computeBudget\":0", ASSAY_OK, KASPA_COMMIT_SIG_OPS, 3},
        {"0", "\"computeBudget\":null,\"sigOpCount\":0", ASSAY_OK, KASPA_COMMIT_SIG_OPS, 0},
        {"0", "\"computeBudget\":9", ASSAY_OK, KASPA_COMMIT_BUDGET, 9},
        {"0", "\"computeBudget\":0", ASSAY_OK, KASPA_COMMIT_BUDGET, 0},
        {"0", "\"computeBudget\":9,\"sigOpCount\":null", ASSAY_OK, KASPA_COMMIT_BUDGET, 9},
        {"0", "\"computeBudget\":9,\"sigOpCount\":0", ASSAY_E_CONFLICT, 0, 0},
        {"0", "\"computeBudget\":3,\"sigOpCount\":3", ASSAY_E_CONFLICT, 0, 0},
        {"0", "\"sigOpCount\":null,\"computeBudget\":null", ASSAY_E_MISSING, 0, 0},
        {"1", "\"computeBudget\":9", ASSAY_OK, KASPA_COMMIT_BUDGET, 9},
        {"1", "\"computeBudget\":9,\"sigOpCount\":0", ASSAY_OK, KASPA_COMMIT_BUDGET, 9},
        {"1", "\"sigOpCount\":3", ASSAY_OK, KASPA_COMMIT_SIG_OPS, 3},
        {"1", "\"sigOpCount\":0", ASSAY_OK, KASPA_COMMIT_BUDGET, 0},
        {"1", "\"sigOpCount\":3,\"computeBudget\":null", ASSAY_OK, KASPA_COMMIT_SIG_OPS, 3},
        {"1", "\"sigOpCount\":3,\"computeBudget\":0", ASSAY_E_CONFLICT, 0, 0},
        {"1", "\"x\":0", ASSAY_E_MISSING, 0, 0},
        {"2", "\"computeBudget\":9,\"sigOpCount\":0", ASSAY_OK, KASPA_COMMIT_BUDGET, 9},
        {"65535", "\"sigOpCount\":3", ASSAY_OK, KASPA_COMMIT_SIG_OPS, 3},
    };
    static const struct kaspa_json_options lenient = {.unknown_members = true};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char once[SAFEJSON_TEXT_BYTES], changed[SAFEJSON_TEXT_BYTES], version[64];
        struct attempt a;

        (void)change(once, nested, "\"sigOpCount\":255", rows[i].commitments);
        (void)snprintf(version, sizeof(version), "\"version\":%s", rows[i].version);
        (void)change(changed, once, "\"version\":0", version);
        a = parse(assay_str(changed), &lenient);
        cr_assert_eq(a.rc, rows[i].rc, "row: %s %s: %s", rows[i].version, rows[i].commitments,
                     a.err.text);
        if (a.rc == ASSAY_OK)
            cr_expect(a.tx.inputs[0].commit_kind == rows[i].kind &&
                          a.tx.inputs[0].commit == rows[i].commit,
                      "row: %s %s", rows[i].version, rows[i].commitments);
        assay_arena_fini(&a.arena);
    }
}

Test(kaspa_safejson, a_version_behind_the_lists_counts_all_the_same)
{
    char changed[SAFEJSON_TEXT_BYTES], again[SAFEJSON_TEXT_BYTES];
    struct attempt a = parse(assay_str(flat), &strict), b;

    (void)change(changed, flat, "\"version\":1,", "");
    (void)change(again, changed, "\"payload\"", "\"version\":1,\"payload\"");
    b = parse(assay_str(again), &strict);
    cr_assert_eq(b.rc, ASSAY_OK, "%s", b.err.text);
    cr_expect(kaspa_tx_equal(&a.tx, &b.tx));
    assay_arena_fini(&a.arena);
    assay_arena_fini(&b.arena);
}

Test(kaspa_safejson, an_output_to_spend_is_read_by_itself)
{
    static const struct {
        const char *text, *said;
        enum assay_code rc;
    } rows[] = {
        {"{\"amount\":\"7\",\"scriptPublicKey\":\"000051\"}", "", ASSAY_OK},
        {"{\"amount\":7,\"scriptPublicKey\":\"000051\"}", "amount is no text", ASSAY_E_TYPE},
        {"{\"amount\":\"7\"}", "scriptPublicKey is missing", ASSAY_E_MISSING},
        {"{\"amount\":\"7\",\"script\":\"\"}", "script is no member of any form", ASSAY_E_UNKNOWN},
        {"[]", "the value is no object", ASSAY_E_TYPE},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(SAFEJSON_ARENA_BYTES);
        struct assay_json_token tokens[8];
        struct kaspa_utxo utxo = {.block_daa_score = 77};
        struct assay_err err = {0};
        struct assay_json doc;

        cr_assert_eq(assay_json_parse(&doc, tokens, ARRAY_LEN(tokens), assay_str(rows[i].text),
                                      ASSAY_JSON_STRICT, NULL),
                     ASSAY_OK);
        cr_expect_eq(kaspa_utxo_parse_value(&utxo, &arena, &doc, 0, &strict, &err), rows[i].rc);
        cr_expect_str_eq(err.text, rows[i].said);
        cr_expect_eq(utxo.block_daa_score, rows[i].rc == ASSAY_OK ? 0 : 77);
        cr_expect_eq(utxo.amount, rows[i].rc == ASSAY_OK ? 7 : 0);
        assay_arena_fini(&arena);
    }
}

Test(kaspa_safejson, a_transaction_within_a_document_is_read_in_its_place)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(SAFEJSON_ARENA_BYTES);
    struct assay_json_token tokens[128];
    char text[SAFEJSON_TEXT_BYTES];
    struct assay_err err = {0};
    struct assay_json doc;
    struct kaspa_tx tx;
    uint32_t token;

    (void)snprintf(text, sizeof(text), "{\"transaction\":%s,\"allowOrphan\":false}", nested);
    cr_assert_eq(
        assay_json_parse(&doc, tokens, ARRAY_LEN(tokens), assay_str(text), ASSAY_JSON_STRICT, NULL),
        ASSAY_OK);
    token = assay_json_member(&doc, 0, "transaction");
    cr_expect_eq(kaspa_tx_parse_value(&tx, NULL, &arena, &doc, token, &strict, &err), ASSAY_OK);
    cr_expect_eq(tx.outputs[0].value, 5);
    token = assay_json_member(&doc, 0, "allowOrphan");
    cr_expect_eq(kaspa_tx_parse_value(&tx, NULL, &arena, &doc, token, &strict, &err), ASSAY_E_TYPE);
    cr_expect_eq(err.at, (size_t)(strstr(text, "false") - text));
    cr_expect_eq(kaspa_tx_parse_value(&tx, NULL, &arena, &doc, ASSAY_JSON_NONE, &strict, NULL),
                 ASSAY_E_TYPE);
    assay_arena_fini(&arena);
}

/* One field after another is changed. */
Test(kaspa_safejson, two_are_equal_only_where_every_field_is)
{
    static const struct {
        const char *find, *with;
        bool utxo; /* it is a field of what is spent, and none of the transaction */
    } rows[] = {
        {"\"version\":1", "\"version\":2", false},
        {HASH("a2"), HASH("a5"), false},
        {"7101", "7100", false},
        {"\"7001\"", "\"7000\"", false},
        {"7102", "7100", false},
        {"\"sigOpCount\":0,\"computeBudget\":7102", "\"sigOpCount\":0", false},
        {"41c0ffee", "41c0ffef", false},
        {",{\"value\":\"1\",\"scriptPublicKey\":\"0000\",\"covenant\":null}", "", false},
        {"{\"value\":\"1\",", "{\"value\":\"2\",", false},
        {"0102ac52", "0103ac52", false},
        {"0102ac52", "0102ac53", false},
        {"7103", "7100", false},
        {HASH("a4"), HASH("a5"), false},
        {"{\"authorizingInput\":7103,\"covenantId\":\"" HASH("a4") "\"}", "null", false},
        {"\"00000001", "\"00000002", false},
        {"7005", "7000", false},
        {"7006", "7000", false},
        {"7007", "7000", false},
        {"fada", "fa", false},
        {"7002", "7000", true},
        {"0000aa51", "0000aa52", true},
        {"7003", "7000", true},
        {"true", "false", true},
        {HASH("a3"), HASH("a5"), true},
        {HASH("a3"), "", true},
    };
    struct attempt a = parse(assay_str(flat), &strict);

    cr_expect(kaspa_tx_equal(&a.tx, &a.tx) && kaspa_utxo_equal(a.claims.utxos, a.claims.utxos));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char changed[SAFEJSON_TEXT_BYTES];
        struct attempt b;

        (void)change(changed, flat, rows[i].find, rows[i].with);
        b = parse(assay_str(changed), &strict);
        cr_assert_eq(b.rc, ASSAY_OK, "row: %s: %s", rows[i].find, b.err.text);
        cr_expect_eq(kaspa_tx_equal(&a.tx, &b.tx), rows[i].utxo, "row: %s", rows[i].find);
        cr_expect_eq(kaspa_utxo_equal(a.claims.utxos, b.claims.utxos), !rows[i].utxo, "row: %s",
                     rows[i].find);
        assay_arena_fini(&b.arena);
    }
    assay_arena_fini(&a.arena);
}

Test(kaspa_safejson, a_transaction_without_inputs_equals_none_that_has_one)
{
    static const char none[] = "{\"version\":1,\"inputs\":[],\"outputs\":[]}";
    struct attempt a = parse(assay_str(flat), &strict), b = parse(assay_str(none), &strict);
    struct kaspa_tx c = b.tx;

    cr_assert_eq(b.rc, ASSAY_OK, "%s", b.err.text);
    c.inputs = a.tx.inputs;
    c.input_count = 1;
    cr_expect(!kaspa_tx_equal(&b.tx, &c) && !kaspa_tx_equal(&c, &b.tx));
    cr_expect(kaspa_tx_equal(&b.tx, &b.tx));
    assay_arena_fini(&a.arena);
    assay_arena_fini(&b.arena);
}

Test(kaspa_safejson, a_buffer_without_room_fails_as_buffers_do)
{
    struct attempt a = parse(assay_str(flat), &strict);
    struct assay_buf text = ASSAY_BUF_INIT(SAFEJSON_TEXT_BYTES);
    size_t len;

    kaspa_tx_write(&text, &a.tx, a.claims.utxos, KASPA_JSON_FLAT);
    cr_assert(assay_buf_ok(&text));
    len = text.len;
    assay_buf_fini(&text);
    for (size_t max = 0; max < len; max++) {
        struct assay_buf small = ASSAY_BUF_INIT(max);

        kaspa_tx_write(&small, &a.tx, a.claims.utxos, KASPA_JSON_FLAT);
        cr_expect(small.bad == ASSAY_E_TOO_LARGE && small.len <= max, "with %zu bytes", max);
        assay_buf_fini(&small);
    }
    assay_arena_fini(&a.arena);
}
