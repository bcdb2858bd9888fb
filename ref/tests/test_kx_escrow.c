/* The covenant templates of batch channels: their bytes, their slots, and whose each byte is.
 * Sections are those of the batch digest. */
#include "kaspa_x402/escrow_internal.h"

#include "base/hash.h"
#include "kaspa_x402/batch.h"
#include "ref/tests/hex_text.h"
#include "ref/tests/kx_escrow_world.h"
#include "ref/tests/upstream.h"

#include <criterion/criterion.h>
#include <stdio.h>

static void hash_text(char out[2 * 32 + 1], struct assay_bytes script)
{
    uint8_t hash[32];

    assay_blake2b(hash, sizeof(hash), ASSAY_LIT(""), script);
    assay_hex_encode(out, assay_bytes_of(hash, sizeof(hash)));
}

/* Sections 8.4 and 16.1 */
static const struct {
    size_t number;
    uint64_t claimed;
    const char *script_hash;
} heads[] = {
    {1, 0, "ff02b2a6fa4f20f558a4ac810aacdfb3cc4ee0ab843819c0f394f600e3b43063"},
    {5, 0, "5dd3302588050e2a0c1f3407db1e639de998d5039ca4fad3d5a3da993eacae77"},
    {5, 8000000, "d43d6c8816633b5a93499e206b480161e1f157eccad3e87a0a0591ed05fc3cfb"},
    {5, 17000000, "b9247d6da281da7b809cc86e187603f72966b6c6143fc31216439c33517f28d9"},
};

Test(kx_escrow, has_the_script_hashes_of_the_official_heads)
{
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        struct kx_escrow escrow = kx_escrow_world_official(heads[i].claimed);
        struct assay_buf script =
            kx_escrow_world_redeem(kx_escrow_world_template(heads[i].number), &escrow);
        char text[2 * 32 + 1];

        hash_text(text, assay_buf_view(&script));
        cr_expect_str_eq(text, heads[i].script_hash, "row %zu", i);
        assay_buf_fini(&script);
    }
}

static struct kx_escrow escrow_of(const json_t *params, uint64_t claimed)
{
    struct kx_escrow e = {.claimed = claimed,
                          .timeout_daa = upstream_u64(json_object_get(params, "timeoutDaa"))};
    const struct {
        uint8_t *out;
        const char *member;
    } texts[] = {
        {e.client, "clientPublicKey"},
        {e.server, "serverPublicKey"},
        {e.payout_spk, "payoutScriptPublicKeyHash"},
        {e.refund_spk, "refundScriptPublicKeyHash"},
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        from_hex(texts[i].out, 32, json_string_value(json_object_get(params, texts[i].member)));
    assay_sha256(e.network, assay_str(json_string_value(json_object_get(params, "network"))));
    return e;
}

/* The object has the script, the script that pays to its hash and, but for escrow-v1's, a pin. */
static void expect_script(const struct kx_escrow_template *t, const struct kx_escrow *escrow,
                          const json_t *of)
{
    const json_t *pin = json_object_get(of, "bytecodeSha256");
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 16);
    struct assay_bytes want = upstream_hex(&arena, json_object_get(of, "redeemScript"));
    struct assay_buf script = kx_escrow_world_redeem(t, escrow);
    char digest[2 * 32 + 1], spk[128];

    cr_expect(assay_bytes_equal(assay_buf_view(&script), want), "%s", t->id);
    assay_sha256_hex(digest, assay_buf_view(&script));
    cr_expect(pin == NULL || strcmp(json_string_value(pin), digest) == 0, "%s: %s", t->id, digest);
    hash_text(digest, assay_buf_view(&script));
    (void)snprintf(spk, sizeof(spk), "aa20%s87", digest);
    cr_expect_str_eq(
        json_string_value(json_object_get(json_object_get(of, "scriptPublicKey"), "script")), spk);
    assay_buf_fini(&script);
    assay_arena_fini(&arena);
}

/* What a template calls S. */
static uint64_t state_in(const json_t *object)
{
    const json_t *claimed = json_object_get(object, "claimedCumulativeAmount");
    const json_t *settled = json_object_get(object, "settledTotal");

    if (claimed == NULL && settled == NULL)
        return 0;
    return upstream_u64(claimed != NULL ? claimed : settled);
}

/* Sections 9.1 and 16: the compiled bases and their successors. */
Test(kx_escrow, is_each_compiled_template_byte_for_byte)
{
    for (size_t i = 0; i < KX_ESCROW_TEMPLATES; i++) {
        const struct kx_escrow_template *t = &kx_escrow_templates[i];
        char path[128];
        json_t *fixture;
        const json_t *sample, *params, *genesis, *successor;
        struct kx_escrow escrow;

        (void)snprintf(path, sizeof(path), "kaspa-x402/contracts/fixtures/%s.json", t->id);
        fixture = upstream_load(path);
        cr_expect_str_eq(json_string_value(json_object_get(fixture, "domainTag")),
                         t->voucher_domain);
        sample = json_object_get(fixture, "sample");
        params = json_object_get(sample, "params");
        genesis = json_object_get(sample, "genesis");
        successor = json_object_get(sample, "successor");
        escrow = escrow_of(params, state_in(params));
        expect_script(t, &escrow, genesis != NULL ? genesis : sample);
        cr_assert_eq(successor != NULL, t->state_at != 0);
        if (successor != NULL) {
            escrow.claimed = state_in(successor);
            expect_script(t, &escrow, successor);
        }
        json_decref(fixture);
    }
}

/* Section 9.1: the pins of the current template, which are in the digest too. */
Test(kx_escrow, is_the_pinned_base)
{
    struct kx_escrow e = {.claimed = 0, .timeout_daa = 123456};
    struct assay_buf script;
    char digest[2 * 32 + 1];

    memset(e.client, 0x11, 32);
    e.client[31] = 0xaa;
    memset(e.server, 0x22, 32);
    e.server[31] = 0xbb;
    assay_sha256(e.network, ASSAY_LIT("kaspa:testnet-10"));
    from_hex(e.payout_spk, 32, "b99ac42fd048ced7f710abe60dfcf6c7dfcd0772cfba99716574c9d47bf6962f");
    from_hex(e.refund_spk, 32, "8a77bf0e98c7ed79147a8f0302b0da331b6d3db5a6543e97da53ad6e6cc5f6c2");
    script = kx_escrow_world_redeem(kx_escrow_world_template(5), &e);
    assay_sha256_hex(digest, assay_buf_view(&script));
    cr_expect_str_eq(digest, "2ee869bc844736a851a4ff938e1a3ce00ef39fd46cf4b23b38405511fc4557e1");
    kx_escrow_set_state(script.at, kx_escrow_world_template(5), 2500000);
    hash_text(digest, assay_buf_view(&script));
    cr_expect_str_eq(digest, "c6dd612386ce937ea2bea642799dc71f87f7eb5f7152e51299664f43818ff4a5");
    assay_buf_fini(&script);
}

Test(kx_escrow, is_the_script_of_each_official_transaction)
{
    static const struct {
        const char *file, *object, *member;
        size_t number;
        uint64_t claimed;
    } rows[] = {
        {"vectors/batch/interop-v1", "escrow", "redeemScript", 1, 0},
        {"older/escrow-v1/vectors/tx-v1/batch-refund", "input", "redeemScript", 1, 0},
        {"older/escrow-v2/vectors/tx-v1/batch-genesis", "input", "escrowRedeemScript", 2, 0},
        {"older/escrow-v2/vectors/tx-v1/batch-claim", "input", "activeRedeemScript", 2, 0},
        {"older/escrow-v2/vectors/tx-v1/batch-claim", "input", "successorRedeemScript", 2, 8000000},
        {"older/escrow-v4/vectors/tx-v1/batch-refund", "input", "activeRedeemScript", 4, 17000000},
        {"vectors/tx-v1/batch-genesis", "input", "escrowRedeemScript", 5, 0},
        {"vectors/tx-v1/batch-claim", "input", "activeRedeemScript", 5, 0},
        {"vectors/tx-v1/batch-claim", "input", "successorRedeemScript", 5, 8000000},
        {"vectors/tx-v1/batch-claim-second", "input", "activeRedeemScript", 5, 8000000},
        {"vectors/tx-v1/batch-claim-second", "input", "successorRedeemScript", 5, 17000000},
        {"vectors/tx-v1/batch-top-up", "input", "activeRedeemScript", 5, 17000000},
        {"vectors/tx-v1/batch-top-up", "input", "successorRedeemScript", 5, 17000000},
        {"vectors/tx-v1/batch-refund", "input", "activeRedeemScript", 5, 17000000},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_escrow escrow = kx_escrow_world_official(rows[i].claimed);
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 16);
        struct assay_buf script;
        char path[128];
        json_t *vector;

        (void)snprintf(path, sizeof(path), "kaspa-x402/%s.json", rows[i].file);
        vector = upstream_load(path);
        script = kx_escrow_world_redeem(kx_escrow_world_template(rows[i].number), &escrow);
        cr_expect(assay_bytes_equal(
                      assay_buf_view(&script),
                      upstream_hex(&arena, json_object_get(json_object_get(vector, rows[i].object),
                                                           rows[i].member))),
                  "%s, %s", rows[i].file, rows[i].member);
        json_decref(vector);
        assay_buf_fini(&script);
        assay_arena_fini(&arena);
    }
}

/* Sections 9.1 and 16.1; the others' as their fixtures have them. */
static const struct {
    size_t number, len;
    const char *name;
    size_t at[3]; /* 0: no more */
} slots[] = {
    {1, 32, "server", {10}},
    {1, 32, "network", {79}},
    {1, 32, "client", {129, 241}},
    {1, 32, "payout", {177}},
    {1, 32, "refund", {295}},
    {2, 8, "claimed", {2}},
    {2, 32, "server", {85}},
    {2, 32, "network", {220}},
    {2, 32, "client", {261, 522, 800}},
    {2, 32, "payout", {341}},
    {2, 32, "refund", {645, 903}},
    {2, 8, "timeout", {779}},
    {3, 8, "claimed", {2}},
    {3, 32, "server", {114}},
    {3, 32, "network", {247}},
    {3, 32, "client", {290, 580, 886}},
    {3, 32, "payout", {372}},
    {3, 32, "refund", {703, 989}},
    {3, 8, "timeout", {855}},
    {4, 8, "claimed", {2}},
    {4, 32, "server", {114, 635}},
    {4, 32, "network", {247}},
    {4, 32, "client", {290, 589, 943}},
    {4, 32, "payout", {372}},
    {4, 32, "refund", {758, 1046}},
    {4, 8, "timeout", {912}},
    {5, 8, "claimed", {2}},
    {5, 32, "server", {103, 604}},
    {5, 32, "network", {236}},
    {5, 32, "client", {279, 568, 902}},
    {5, 32, "payout", {361}},
    {5, 32, "refund", {727, 1005}},
    {5, 8, "timeout", {881}},
};

static uint8_t *field_of(struct kx_escrow *e, const char *name)
{
    const struct {
        const char *name;
        void *at;
    } fields[] = {
        {"claimed", &e->claimed},     {"server", e->server},     {"network", e->network},
        {"client", e->client},        {"payout", e->payout_spk}, {"refund", e->refund_spk},
        {"timeout", &e->timeout_daa},
    };
    size_t i = 0;

    while (i < ARRAY_LEN(fields) - 1 && strcmp(fields[i].name, name) != 0)
        i++;
    cr_assert_str_eq(fields[i].name, name);
    return fields[i].at;
}

/* And nothing else changes with a slot. */
Test(kx_escrow, has_its_slots_where_they_are_patched)
{
    for (size_t i = 0; i < ARRAY_LEN(slots); i++) {
        const struct kx_escrow_template *t = kx_escrow_world_template(slots[i].number);
        struct kx_escrow none = {.claimed = 0, .timeout_daa = t->bytes == 0 ? 123456 : 0}, e = none;
        struct assay_buf base = kx_escrow_world_redeem(t, &none), script;
        size_t changed = 0, patched = 0;

        memset(field_of(&e, slots[i].name), 0xff, slots[i].len);
        script = kx_escrow_world_redeem(t, &e);
        for (size_t at = 0; at < script.len; at++)
            changed += script.at[at] != base.at[at] ? 1 : 0;
        for (size_t k = 0; k < ARRAY_LEN(slots[i].at) && slots[i].at[k] != 0; k++)
            for (size_t at = slots[i].at[k]; at < slots[i].at[k] + slots[i].len; at++)
                patched += script.at[at] == 0xff ? 1 : 0;
        cr_expect_eq(changed % slots[i].len, 0);
        cr_expect_eq(changed, patched, "%s of %s", slots[i].name, t->id);
        assay_buf_fini(&script);
        assay_buf_fini(&base);
    }
}

/* Section 9.1's constants, and where the others' stand. */
Test(kx_escrow, has_the_constants_of_its_template_in_place)
{
    static const struct {
        size_t number, at;
        const char *hex;
    } rows[] = {
        {1, 46, "cfb6a056b632c337"},
        {2, 187, "dd08a0f48c41d89e"},
        {3, 214, "dd08a0f48c41d89e"},
        {4, 214, "cb645ce99ebb74af"},
        {5, 203, "cb645ce99ebb74af"},
        {5, 13, "23959b42"},
        {5, 491, "ae09679c"},
        {5, 838, "17a2027b"},
        {5, 427, "1804"},
        {5, 783, "1804"},
        {5, 441, "0e84"},
        {5, 797, "0e84"},
        {5, 892, "0088526a74"},
        {5, 163, "0000000000000000"},
    };
    const struct kx_escrow escrow = kx_escrow_world_official(0);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_buf script =
            kx_escrow_world_redeem(kx_escrow_world_template(rows[i].number), &escrow);
        size_t len = strlen(rows[i].hex) / 2;
        uint8_t want[8];

        from_hex(want, len, rows[i].hex);
        cr_expect(memcmp(script.at + rows[i].at, want, len) == 0, "row %zu", i);
        assay_buf_fini(&script);
    }
}

/* Section 16.1: a script number, of as many bytes as it needs. */
Test(kx_escrow, has_in_its_first_template_a_timeout_of_its_own_width)
{
    static const struct {
        uint64_t timeout;
        size_t bytes;
        const char *push;
    } rows[] = {
        {0, 334, "00"},
        {16, 334, "60"},
        {17, 335, "0111"},
        {128, 336, "028000"},
        {123456, 337, "0340e201"},
        {123456789, 338, "0415cd5b07"},
        {499999999999, 339, "05ff87526a74"},
        {INT64_MAX, 342, "08ffffffffffffff7f"},
    };
    const struct kx_escrow_template *t = kx_escrow_world_template(1);
    struct assay_buf script = ASSAY_BUF_INIT(KX_ESCROW_BYTES_MAX);
    struct kx_escrow escrow = kx_escrow_world_official(0);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t len = strlen(rows[i].push) / 2;
        uint8_t push[9];

        escrow.timeout_daa = rows[i].timeout;
        assay_buf_clear(&script);
        cr_assert_eq(kx_escrow_redeem(&script, t, &escrow), ASSAY_OK);
        cr_expect_eq(script.len, rows[i].bytes, "row %zu: %zu", i, script.len);
        from_hex(push, len, rows[i].push);
        cr_expect(memcmp(script.at + 275, push, len) == 0, "row %zu", i);
    }
    escrow.timeout_daa = (uint64_t)INT64_MAX + 1;
    cr_expect_eq(kx_escrow_redeem(&script, t, &escrow), ASSAY_E_RANGE);
    assay_buf_fini(&script);
}

Test(kx_escrow, knows_whose_each_byte_is)
{
    static const struct {
        size_t number, at, begin;
        const char *id;
    } rows[] = {
        {1, 0, 0, "state"},
        {1, 278, 275, "refund.timeout"},
        {1, 279, 275, "refund.timeout"},
        {1, 280, 280, "refund.sequence"},
        {2, 787, 778, "refund.timeout"},
        {3, 510, 509, "top-up.client-signature.width"},
        {4, 1088, 1085, "selector.unknown"},
        {5, 0, 0, "state"},
        {5, 13, 11, "claim.selector"},
        {5, 72, 71, "claim.lock-time"},
        {5, 90, 87, "claim.sequence"},
        {5, 427, 423, "claim.successor.front"},
        {5, 487, 465, "claim.end"},
        {5, 491, 489, "top-up.selector"},
        {5, 892, 880, "refund.timeout.range"},
        {5, 899, 899, "refund.timeout"},
        {5, 1047, 1044, "selector.unknown"},
    };
    const struct kx_escrow_rule *rule;
    size_t begin;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        rule =
            kx_escrow_rule_at(kx_escrow_world_template(rows[i].number), 123456, rows[i].at, &begin);
        cr_assert_not_null(rule, "row %zu", i);
        cr_expect_str_eq(rule->id, rows[i].id, "row %zu: %s", i, rule->id);
        cr_expect_eq(begin, rows[i].begin, "row %zu: %zu", i, begin);
    }
}

Test(kx_escrow, knows_nobody_of_a_byte_behind_its_end)
{
    size_t begin;

    for (size_t i = 1; i < KX_ESCROW_TEMPLATES; i++)
        cr_expect_null(
            kx_escrow_rule_at(&kx_escrow_templates[i], 0, kx_escrow_templates[i].bytes, &begin));
    cr_expect_null(kx_escrow_rule_at(kx_escrow_world_template(1), 123456, 337, &begin));
    cr_expect_not_null(kx_escrow_rule_at(kx_escrow_world_template(1), 123456789, 337, &begin));
    cr_expect_null(kx_escrow_rule_at(kx_escrow_world_template(1), UINT64_MAX, 0, &begin));
}

Test(kx_escrow, names_each_rule_once_and_in_a_sentence)
{
    for (size_t i = 0; i < KX_ESCROW_TEMPLATES; i++) {
        const struct kx_escrow_template *t = &kx_escrow_templates[i];

        for (size_t r = 0; r < t->rule_count; r++) {
            const struct kx_escrow_rule *rule = &t->rules[r];
            size_t len = strlen(rule->sentence);

            cr_expect(len > 5 && rule->sentence[len - 1] == '.', "%s", rule->id);
            for (size_t k = 0; k < r; k++)
                cr_expect_str_neq(rule->id, t->rules[k].id, "%s", t->id);
        }
    }
}

static bool has_rule(const struct kx_escrow_template *t, const char *id)
{
    for (size_t i = 0; i < t->rule_count; i++)
        if (strcmp(t->rules[i].id, id) == 0)
            return true;
    return false;
}

/* Section 1's matrix. */
Test(kx_escrow, says_of_itself_what_its_rules_say)
{
    for (size_t i = 0; i < KX_ESCROW_TEMPLATES; i++) {
        const struct kx_escrow_template *t = &kx_escrow_templates[i];

        cr_expect_eq(t->is_all_only, has_rule(t, "claim.provider-signature.all"), "%s", t->id);
        cr_expect_eq(t->is_all_only, has_rule(t, "refund.client-signature.all"), "%s", t->id);
        cr_expect_eq(t->is_cosigned, has_rule(t, "top-up.provider-signature"), "%s", t->id);
        cr_expect_eq(t->has_timeout_guard, has_rule(t, "refund.timeout.range"), "%s", t->id);
        cr_expect_eq(t->state_at != 0, has_rule(t, "top-up.selector"), "%s", t->id);
        cr_expect_eq(kx_escrow_find(assay_str(t->id)), t);
    }
    cr_expect_null(kx_escrow_find(ASSAY_LIT("kaspa-x402-escrow-v6")));
}

/* The push of a path's selector is what its first rule looks for. */
Test(kx_escrow, selects_a_path_by_what_its_rule_looks_for)
{
    const struct kx_escrow none = {.claimed = 0};

    for (size_t i = 0; i < KX_ESCROW_TEMPLATES; i++) {
        size_t paths = 0;
        struct kx_escrow_layout layout;

        cr_assert_eq(kx_escrow_lay_out(&layout, &kx_escrow_templates[i], &none), ASSAY_OK);
        for (size_t p = 1; p < layout.count; p++) {
            const struct kx_escrow_rule *rule = &layout.tmpl->rules[layout.parts[p].rule];

            if (layout.parts[p].rule == layout.parts[p - 1].rule ||
                rule->path == KX_ESCROW_COMMON || strstr(rule->id, ".selector") == NULL)
                continue;
            cr_expect(assay_bytes_equal(kx_escrow_part_bytes(&layout, p + 1),
                                        layout.tmpl->selectors[rule->path]),
                      "%s, %s", layout.tmpl->id, rule->id);
            paths++;
        }
        cr_expect_eq(paths, layout.tmpl->state_at != 0 ? 3 : 2);
    }
}

/* Section 1: which binding has which. */
Test(kx_escrow, has_the_voucher_domain_of_its_binding)
{
    for (size_t i = 0; i < KX_BATCH_BINDINGS; i++) {
        for (size_t k = 0; k < KX_ESCROW_TEMPLATES; k++) {
            const struct kx_escrow_template *t = &kx_escrow_templates[k];

            if (kx_batch_has_template(&kx_batch_bindings[i], assay_str(t->id)))
                cr_expect_str_eq(t->voucher_domain, kx_batch_bindings[i].voucher_domain);
        }
    }
}

Test(kx_escrow, fails_as_its_buffer_fails)
{
    const struct kx_escrow none = {.claimed = 0};

    for (size_t room = 0; room < KX_ESCROW_V5_BYTES; room += 97) {
        struct assay_buf small = ASSAY_BUF_INIT(room);

        cr_expect_eq(kx_escrow_redeem(&small, kx_escrow_world_template(5), &none),
                     ASSAY_E_TOO_LARGE, "%zu", room);
        assay_buf_fini(&small);
    }
}
