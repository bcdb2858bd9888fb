/* What a payer consents to: arithmetic, the hashed object, limits. Batch digest, section 5.4. */
#include "kaspa_x402/intent.h"

#include "base/hex.h"
#include "base/json.h"

#include <criterion/criterion.h>

/* A charge of 3 on a channel of 90, of which 24 are authorized and 17 claimed. */
static struct kx_intent charge_of_3(void)
{
    return (struct kx_intent){
        .operation = KX_INTENT_CHARGE,
        .origin = ASSAY_LIT("https://shop.example"),
        .resource = ASSAY_LIT("https://shop.example/report"),
        .network = ASSAY_LIT("kaspa:testnet-10"),
        .pay_to = ASSAY_LIT("kaspatest:qq"),
        .funding_source = ASSAY_LIT("hot-wallet"),
        .has_channel = true,
        .charge = 3,
        .before = 24,
        .claimed = 17,
        .funding = 90,
        .reserve = 2,
        .timeout_daa = 2000,
        .current_daa = 500,
    };
}

static struct kx_intent opening_of_50(void)
{
    struct kx_intent i = charge_of_3();

    i.operation = KX_INTENT_OPEN;
    i.has_channel = false;
    i.before = i.claimed = i.funding = 0;
    i.deposit = 50;
    return i;
}

static struct kx_intent top_up_of_10(void)
{
    struct kx_intent i = charge_of_3();

    i.operation = KX_INTENT_TOP_UP;
    i.top_up = 10;
    return i;
}

Test(kx_intent, is_completed_by_the_arithmetic_of_its_operation)
{
    struct kx_intent c = charge_of_3(), o = opening_of_50(), t = top_up_of_10();

    cr_assert_eq(kx_intent_complete(&c), KX_INTENT_OK);
    cr_expect(c.after == 27 && c.resulting_funding == 90 && c.exposure == 107 &&
              c.distance_daa == 1500);
    cr_assert_eq(kx_intent_complete(&o), KX_INTENT_OK);
    cr_expect(o.after == 3 && o.resulting_funding == 50 && o.exposure == 50);
    cr_assert_eq(kx_intent_complete(&t), KX_INTENT_OK);
    cr_expect(t.after == 27 && t.resulting_funding == 100 && t.exposure == 117);
}

#define EDIT(base, member, number, fault)                                                          \
    {                                                                                              \
        base, offsetof(struct kx_intent, member), number, fault                                    \
    }

static const struct {
    struct kx_intent (*base)(void);
    size_t at;
    uint64_t number;
    enum kx_intent_fault fault;
} edits[] = {
    EDIT(charge_of_3, charge, 0, KX_INTENT_FAULT_CHARGE),
    EDIT(charge_of_3, claimed, 25, KX_INTENT_FAULT_CLAIMED),
    EDIT(charge_of_3, claimed, 24, KX_INTENT_OK),
    EDIT(charge_of_3, deposit, 1, KX_INTENT_FAULT_CHANNEL),
    EDIT(charge_of_3, top_up, 1, KX_INTENT_FAULT_TOP_UP),
    EDIT(top_up_of_10, top_up, 0, KX_INTENT_FAULT_TOP_UP),
    EDIT(opening_of_50, deposit, 0, KX_INTENT_FAULT_OPEN),
    EDIT(opening_of_50, before, 1, KX_INTENT_FAULT_OPEN),
    EDIT(opening_of_50, funding, 1, KX_INTENT_FAULT_OPEN),
    EDIT(opening_of_50, top_up, 1, KX_INTENT_FAULT_OPEN),
    EDIT(opening_of_50, claimed, 1, KX_INTENT_FAULT_CLAIMED),
    EDIT(opening_of_50, deposit, 5, KX_INTENT_OK),
    EDIT(opening_of_50, deposit, 4, KX_INTENT_FAULT_RESERVE),
    EDIT(charge_of_3, reserve, 80, KX_INTENT_OK),
    EDIT(charge_of_3, reserve, 81, KX_INTENT_FAULT_RESERVE),
    EDIT(charge_of_3, reserve, UINT64_MAX, KX_INTENT_FAULT_RANGE),
    EDIT(charge_of_3, charge, UINT64_MAX, KX_INTENT_FAULT_RANGE),
    EDIT(charge_of_3, charge, INT64_MAX - 23, KX_INTENT_FAULT_RANGE),
    EDIT(charge_of_3, charge, INT64_MAX - 24, KX_INTENT_FAULT_RESERVE),
    EDIT(charge_of_3, funding, INT64_MAX - 16, KX_INTENT_FAULT_RANGE),
    EDIT(charge_of_3, funding, INT64_MAX - 17, KX_INTENT_OK),
    EDIT(charge_of_3, funding, UINT64_MAX, KX_INTENT_FAULT_RANGE),
    EDIT(charge_of_3, before, UINT64_MAX, KX_INTENT_FAULT_RANGE),
    EDIT(top_up_of_10, top_up, UINT64_MAX, KX_INTENT_FAULT_RANGE),
    EDIT(opening_of_50, deposit, UINT64_MAX, KX_INTENT_FAULT_RANGE),
    EDIT(charge_of_3, current_daa, 2000, KX_INTENT_FAULT_TIMEOUT),
    EDIT(charge_of_3, current_daa, 1999, KX_INTENT_OK),
};

Test(kx_intent, makes_sense_or_is_not_asked_for)
{
    for (size_t i = 0; i < ARRAY_LEN(edits); i++) {
        struct kx_intent intent = edits[i].base();
        memcpy((uint8_t *)&intent + edits[i].at, &edits[i].number, sizeof(edits[i].number));
        cr_expect_eq(kx_intent_complete(&intent), edits[i].fault, "row %zu", i);
        if (edits[i].fault != KX_INTENT_OK)
            cr_expect(intent.after == 0 && intent.resulting_funding == 0 && intent.exposure == 0 &&
                          intent.distance_daa == 0,
                      "row %zu", i);
    }
}

Test(kx_intent, of_a_channel_names_the_channel)
{
    struct kx_intent c = charge_of_3(), o = opening_of_50();

    c.has_channel = false;
    cr_expect_eq(kx_intent_complete(&c), KX_INTENT_FAULT_CHANNEL);
    o.has_channel = true;
    cr_expect_eq(kx_intent_complete(&o), KX_INTENT_FAULT_OPEN);
}

/* ---- what is hashed ---- */

static struct assay_buf text_of(const struct kx_intent *intent)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 16);

    cr_assert_eq(kx_intent_write(&text, intent), ASSAY_OK);
    return text;
}

/* Thirty members, and the text is what the canonical writer makes of it. */
static void expect_canonical(struct kx_intent intent)
{
    struct assay_json_token tokens[96];
    struct assay_buf text, again = ASSAY_BUF_INIT(1 << 16);
    struct assay_json doc;

    cr_assert_eq(kx_intent_complete(&intent), KX_INTENT_OK);
    text = text_of(&intent);
    cr_assert_eq(assay_json_parse(&doc, tokens, ARRAY_LEN(tokens), assay_buf_view(&text), 0, NULL),
                 ASSAY_OK);
    cr_expect_eq(doc.tokens[0].count, 30);
    cr_assert_eq(assay_json_canonical(&again, &doc, 0, NULL), ASSAY_OK);
    cr_expect(assay_bytes_equal(assay_buf_view(&text), assay_buf_view(&again)), "%s",
              assay_buf_cstr(&text));
    assay_buf_fini(&text);
    assay_buf_fini(&again);
}

Test(kx_intent, is_one_canonical_object_of_thirty_members)
{
    struct kx_intent full = top_up_of_10();

    expect_canonical(charge_of_3());
    expect_canonical(opening_of_50());
    full.has_mcp_charge = true;
    full.identifier = ASSAY_LIT("invoice-batch-0007");
    expect_canonical(full);
}

Test(kx_intent, has_another_digest_for_every_difference)
{
    struct kx_intent base = charge_of_3(), other;
    uint8_t digest[32], changed[32];

    cr_assert_eq(kx_intent_complete(&base), KX_INTENT_OK);
    cr_assert_eq(kx_intent_digest(digest, &base), ASSAY_OK);
    for (int i = 0; i < 12; i++) {
        other = base;
        other.charge += i == 0;
        other.origin = i == 1 ? ASSAY_LIT("https://shop.example:444") : other.origin;
        other.resource = i == 2 ? ASSAY_LIT("https://shop.example/other") : other.resource;
        other.fingerprint[0] ^= i == 3;
        other.requirements[31] ^= i == 4;
        other.context[7] ^= i == 5;
        other.server[1] ^= i == 6;
        other.client[1] ^= i == 7;
        other.covenant_id.at[2] ^= i == 8;
        other.has_mcp_charge = i == 9;
        other.funding_source = i == 10 ? ASSAY_LIT("vault-treasury") : other.funding_source;
        other.identifier = i == 11 ? ASSAY_LIT("null") : other.identifier;
        cr_assert_eq(kx_intent_digest(changed, &other), ASSAY_OK);
        cr_expect_neq(memcmp(digest, changed, sizeof(digest)), 0, "difference %d", i);
    }
}

/* ---- limits ---- */

Test(kx_intent, keeps_each_limit_at_its_edge)
{
    static const struct {
        struct kx_intent_limits limits;
        enum kx_intent_limit broken;
    } rows[] = {
        /* charge, deposit, top-up, total, exposure, lead, horizon */
        {{3, 0, 10, 27, 117, 1500, 1501}, KX_INTENT_WITHIN},
        {{2, 0, 10, 27, 117, 1500, 1501}, KX_INTENT_LIMIT_CHARGE},
        {{3, 0, 9, 27, 117, 1500, 1501}, KX_INTENT_LIMIT_TOP_UP},
        {{3, 0, 10, 26, 117, 1500, 1501}, KX_INTENT_LIMIT_TOTAL},
        {{3, 0, 10, 27, 116, 1500, 1501}, KX_INTENT_LIMIT_EXPOSURE},
        {{3, 0, 10, 27, 117, 1501, 1600}, KX_INTENT_LIMIT_LEAD},
        {{3, 0, 10, 27, 117, 1500, 1500}, KX_INTENT_LIMIT_HORIZON},
        {{3, 0, 10, 27, 117, 0, 0}, KX_INTENT_LIMIT_HORIZON},
    };
    struct kx_intent intent = top_up_of_10(), opening = opening_of_50();
    struct kx_intent_limits limits = rows[0].limits;

    cr_assert_eq(kx_intent_complete(&intent), KX_INTENT_OK);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        cr_expect_eq(kx_intent_judge(&intent, &rows[i].limits), rows[i].broken, "row %zu", i);
    cr_assert_eq(kx_intent_complete(&opening), KX_INTENT_OK);
    limits.deposit = 49;
    cr_expect_eq(kx_intent_judge(&opening, &limits), KX_INTENT_LIMIT_DEPOSIT);
    limits.deposit = 50;
    cr_expect_eq(kx_intent_judge(&opening, &limits), KX_INTENT_WITHIN);
}

Test(kx_intent, tells_what_is_wrong_in_words)
{
    for (int i = 0; i < KX_INTENT_FAULT__COUNT; i++)
        cr_expect_gt(strlen(kx_intent_fault_text((enum kx_intent_fault)i)), 10);
    for (int i = 1; i < KX_INTENT_LIMIT__COUNT; i++) {
        cr_expect_gt(strlen(kx_intent_limit_text((enum kx_intent_limit)i)), 10);
        cr_expect_gt(strlen(kx_intent_limit_member((enum kx_intent_limit)i)), 10);
    }
}
