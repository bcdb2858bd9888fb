/* Script public keys: classes, payloads, the serialized form, and what P2SH makes of them. */
#include "kaspa/script.h"

#include "ref/tests/guard.h"
#include "ref/tests/hex_text.h"
#include "ref/tests/upstream.h"

#define KEY32 "4a23f5eef4b2dead811c7efb4f1afbd8df845e804b6c36a4001fc096e13f8151"

static const char *text_of(const json_t *row, const char *name)
{
    return json_string_value(json_object_get(row, name));
}

static bool is_kind(const json_t *row, const char *kind)
{
    return strcmp(text_of(row, "kind"), kind) == 0;
}

Test(kaspa_class, is_the_official_one)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    json_t *doc = upstream_load("rusty-kaspa/addresses.json"), *row;
    size_t count = 0, i;

    json_array_foreach (json_object_get(doc, "cases"), i, row) {
        struct kaspa_spk spk;

        if (!is_kind(row, "script-class"))
            continue;
        count++;
        spk = upstream_spk(&arena, json_object_get(row, "scriptPublicKey"));
        cr_expect_str_eq(kaspa_class_name(kaspa_spk_class(&spk)), text_of(row, "expectedClass"),
                         "row: %s", text_of(row, "name"));
    }
    cr_expect_eq(count, 6);
    json_decref(doc);
    assay_arena_fini(&arena);
}

static const struct {
    enum kaspa_class class;
    const char *script;
    size_t payload_at, payload_len;
} standard[] = {
    {KASPA_CLASS_PUBKEY, "20" KEY32 "ac", 1, 32},
    {KASPA_CLASS_PUBKEY_ECDSA, "2102" KEY32 "ab", 1, 33},
    {KASPA_CLASS_SCRIPT_HASH, "aa20" KEY32 "87", 2, 32},
};

Test(kaspa_class, is_in_the_fixed_bytes_and_the_length_alone)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);

    for (size_t i = 0; i < ARRAY_LEN(standard); i++) {
        struct assay_bytes script = hex(&arena, standard[i].script);
        struct guard g = guard_of(script);
        uint8_t changed[KASPA_SPK_MAX_STANDARD_BYTES];
        struct kaspa_spk spk = {.script = g.bytes};
        struct assay_bytes payload = kaspa_spk_payload(&spk);

        cr_expect_eq(kaspa_spk_class(&spk), standard[i].class);
        cr_expect_eq(payload.at, g.bytes.at + standard[i].payload_at);
        cr_expect_eq(payload.len, standard[i].payload_len);
        for (size_t cut = 0; cut < script.len; cut++) {
            spk.script = assay_bytes_part(g.bytes, script.len - cut, script.len);
            cr_expect_eq(kaspa_spk_class(&spk), KASPA_CLASS_NONSTANDARD);
            cr_expect_eq(kaspa_spk_payload(&spk).len, 0);
        }
        for (size_t at = 0; at < script.len; at++) {
            bool is_fixed = at < standard[i].payload_at || at == script.len - 1;

            memcpy(changed, script.at, script.len);
            changed[at] ^= 0x40;
            spk.script = assay_bytes_of(changed, script.len);
            cr_expect_eq(kaspa_spk_class(&spk),
                         is_fixed ? KASPA_CLASS_NONSTANDARD : standard[i].class);
        }
        spk = (struct kaspa_spk){.version = 1, .script = script};
        cr_expect_eq(kaspa_spk_class(&spk), KASPA_CLASS_NONSTANDARD);
        cr_expect_eq(kaspa_spk_payload(&spk).len, 0);
        guard_free(&g);
    }
    assay_arena_fini(&arena);
}

Test(kaspa_class, scripts_are_built_as_they_are_recognised)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct assay_buf buf = ASSAY_BUF_INIT(100);

    kaspa_script_add_pay_to_pubkey(&buf, hex(&arena, KEY32).at);
    expect_hex(&buf, standard[0].script, "pubkey");
    assay_buf_clear(&buf);
    kaspa_script_add_pay_to_pubkey_ecdsa(&buf, hex(&arena, "02" KEY32).at);
    expect_hex(&buf, standard[1].script, "pubkeyecdsa");
    assay_buf_clear(&buf);
    kaspa_script_add_standard(&buf, KASPA_CLASS_SCRIPT_HASH, hex(&arena, KEY32).at);
    expect_hex(&buf, standard[2].script, "scripthash");
    assay_buf_fini(&buf);
    assay_arena_fini(&arena);
}

Test(kaspa_spk, is_equal_with_version_and_script)
{
    const struct kaspa_spk a = {0, ASSAY_LIT("\x51")}, same = {0, ASSAY_LIT("\x51")},
                           version = {1, ASSAY_LIT("\x51")}, script = {0, ASSAY_LIT("\x52")};

    cr_expect(kaspa_spk_equal(&a, &same));
    cr_expect_not(kaspa_spk_equal(&a, &version));
    cr_expect_not(kaspa_spk_equal(&a, &script));
}

Test(kaspa_spk, has_a_serialized_form_with_a_big_endian_version)
{
    const struct kaspa_spk spk = {0x0102, ASSAY_LIT("\xaa\x00\xff")};
    struct assay_buf buf = ASSAY_BUF_INIT(100);
    struct kaspa_spk read = {77, ASSAY_LIT("x")};

    kaspa_spk_add_bytes(&buf, &spk);
    expect_hex(&buf, "0102aa00ff", "bytes");
    cr_assert_eq(kaspa_spk_parse(&read, assay_buf_view(&buf)), ASSAY_OK);
    cr_expect(kaspa_spk_equal(&read, &spk));
    cr_expect_eq(read.script.at, buf.at + 2, "it borrows");
    cr_assert_eq(kaspa_spk_parse(&read, assay_bytes_of(buf.at, 2)), ASSAY_OK);
    cr_expect_eq(read.version, 0x0102);
    cr_expect_eq(read.script.len, 0);
    read.version = 77;
    for (size_t len = 0; len < 2; len++) {
        struct guard g = guard_of(assay_bytes_of(buf.at, len));

        cr_expect_eq(kaspa_spk_parse(&read, g.bytes), ASSAY_E_MALFORMED);
        cr_expect_eq(read.version, 77);
        guard_free(&g);
    }
    assay_buf_fini(&buf);
}

Test(kaspa_spk, is_unspendable_where_the_node_says_so)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    json_t *doc = upstream_load("rusty-kaspa/isolation_and_sigops.json"), *row;
    size_t count = 0, i;

    json_array_foreach (json_object_get(doc, "cases"), i, row) {
        struct kaspa_spk spk = {0};

        if (!is_kind(row, "unspendable"))
            continue;
        count++;
        spk.script = upstream_hex(&arena, json_object_get(row, "script"));
        cr_expect_eq(kaspa_spk_is_unspendable(&spk),
                     json_is_true(json_object_get(row, "expected")));
    }
    cr_expect_eq(count, 2);
    json_decref(doc);
    assay_arena_fini(&arena);
}

Test(kaspa_spk, is_unspendable_for_what_no_signature_script_can_mend)
{
    static const struct {
        const char *script;
        uint16_t version;
        bool unspendable;
    } rows[] = {
        {"", 0, false},    {"6a", 0, true},    {"6a", 1, false},
        {"51", 0, false},  {"516a", 0, false}, {"016a", 0, false},
        {"5102", 0, true}, {"5102", 1, false}, {"4c", 0, true},
    };
    struct assay_arena arena = ASSAY_ARENA_INIT((size_t)4 << 20);
    uint8_t *large = assay_arena_alloc(&arena, KASPA_SCRIPT_MAX_BYTES + 1);
    struct kaspa_spk spk = {0};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        spk = (struct kaspa_spk){rows[i].version, hex(&arena, rows[i].script)};
        cr_expect_eq(kaspa_spk_is_unspendable(&spk), rows[i].unspendable, "row: %s %d",
                     rows[i].script, rows[i].version);
    }
    cr_assert_not_null(large);
    spk = (struct kaspa_spk){0, assay_bytes_of(large, KASPA_SCRIPT_MAX_BYTES)};
    cr_expect_not(kaspa_spk_is_unspendable(&spk));
    spk.script.len++;
    cr_expect(kaspa_spk_is_unspendable(&spk));
    assay_arena_fini(&arena);
}

Test(kaspa_p2sh, the_last_push_is_the_redeem_script)
{
    static const struct {
        const char *script, *push; /* NULL: none */
    } rows[] = {
        {"", NULL},
        {"00", ""},
        {"0151", "51"},
        {"51", "01"},
        {"60", "10"},
        {"4f", "81"},
        {"50", NULL},
        {"61", NULL},
        {"ac", NULL},
        {"0102030405060708", NULL},
        {"0102020405", "0405"},
        {"ac020405", "0405"},
        {"020405ac", NULL},
        {"4c020405", "0405"},
        {"4d01000a", "0a"},
        {"4e000000000101", "01"},
        {"4c", NULL},
        {"5102", NULL},
        {"4c00", ""},
    };
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct guard g = guard_of(hex(&arena, rows[i].script));
        struct assay_bytes push = ASSAY_LIT("untouched");

        cr_assert_eq(kaspa_script_last_push(&push, g.bytes), rows[i].push != NULL, "row: %s",
                     rows[i].script);
        cr_expect(rows[i].push != NULL ? assay_bytes_equal(push, hex(&arena, rows[i].push))
                                       : assay_bytes_is(push, "untouched"),
                  "row: %s", rows[i].script);
        guard_free(&g);
    }
    assay_arena_fini(&arena);
}

/* The rows "sig-op-upper-bound" are of an older counter, which aborts on some scripts and which
 * relay does not ask; there is none here. */
Test(kaspa_p2sh, signature_operations_are_counted_as_the_node_does)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    json_t *doc = upstream_load("rusty-kaspa/isolation_and_sigops.json"), *row;
    size_t count = 0, i;

    json_array_foreach (json_object_get(doc, "cases"), i, row) {
        struct assay_buf script = ASSAY_BUF_INIT(KASPA_SPK_MAX_STANDARD_BYTES);
        struct assay_bytes signature_script, redeem;
        struct kaspa_spk spk;

        if (!is_kind(row, "p2sh-sig-scan"))
            continue;
        count++;
        signature_script = upstream_hex(&arena, json_object_get(row, "signatureScript"));
        spk = upstream_spk(&arena, json_object_get(row, "scriptPublicKey"));
        cr_expect_eq(kaspa_p2sh_sig_ops(signature_script, &spk),
                     upstream_u64(json_object_get(row, "expected")), "row: %s",
                     text_of(row, "name"));
        /* the official scripts are the hashes of these redeem scripts */
        cr_assert(kaspa_script_last_push(&redeem, signature_script));
        kaspa_script_add_pay_to_script_hash(&script, redeem);
        cr_expect(assay_bytes_equal(assay_buf_view(&script), spk.script), "row: %s",
                  text_of(row, "name"));
        assay_buf_fini(&script);
    }
    cr_expect_eq(count, 46);
    json_decref(doc);
    assay_arena_fini(&arena);
}

Test(kaspa_p2sh, signature_operations_depend_on_what_is_right_before_a_multisig)
{
    static const struct {
        const char *redeem;
        uint64_t count;
    } rows[] = {
        {"", 0},
        {"ac", 1},
        {"ad", 1},
        {"ab", 1},
        {"d7d8", 2},
        {"0102", 0},
        {"a9", 20},
        {"af", 20},
        {"52ae53a954af", 9},
        {"5261ae", 20},
        {"52aeae", 22},
        {"00ae", 20},
        {"4fae", 20},
        {"50ae", 20},
        {"0100ae", 20},
        {"0182ae", 20},
        {"020200ae", 2},
        {"4c0103ae", 3},
        {"4d010003ae", 3},
        {"4e0100000003ae", 3},
        {"080300000000000000ae", 3},
        {"09030000000000000000ae", 20},
        {"ac0151acae", 22},
        {"acac4c", 0},
        {"aeae02", 0},
    };
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_buf script = ASSAY_BUF_INIT(100), signature = ASSAY_BUF_INIT(100);
        struct assay_bytes redeem = hex(&arena, rows[i].redeem);
        struct kaspa_spk spk = {0};

        kaspa_script_add_pay_to_script_hash(&script, redeem);
        spk.script = assay_buf_view(&script);
        kaspa_script_add_push(&signature, redeem);
        cr_expect_eq(kaspa_p2sh_sig_ops(assay_buf_view(&signature), &spk), rows[i].count, "row: %s",
                     rows[i].redeem);
        /* neither version nor hash is looked at, the shape is */
        spk.version = 7;
        cr_expect_eq(kaspa_p2sh_sig_ops(assay_buf_view(&signature), &spk), rows[i].count);
        spk.script = assay_bytes_part(spk.script, 0, spk.script.len - 1);
        cr_expect_eq(kaspa_p2sh_sig_ops(assay_buf_view(&signature), &spk), 0);
        assay_buf_fini(&signature);
        assay_buf_fini(&script);
    }
    assay_arena_fini(&arena);
}

Test(kaspa_p2sh, a_signature_script_without_a_redeem_script_counts_nothing)
{
    static const char *const rows[] = {"", "4c0201", "02ac", "01acac", "50", "51"};
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct kaspa_spk spk = {0, hex(&arena, standard[2].script)};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_eq(kaspa_p2sh_sig_ops(hex(&arena, rows[i]), &spk), 0, "row: %s", rows[i]);
    assay_arena_fini(&arena);
}
