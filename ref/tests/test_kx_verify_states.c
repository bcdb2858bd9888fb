/* Exact payments that hold, that cannot be judged to the end, and at the edges of their rules. */
#include "ref/tests/kx_rows.h"
#include "ref/tests/upstream.h"

#include "kaspa/safejson.h"

#include <assert.h>
#include <stdlib.h>

static const struct kx_change none = {.offer = NULL};

static void expect_outcome(struct kx_world *w, enum kaspa_outcome outcome, const char *row)
{
    const struct kx_exact_verdict *v = &w->verdict;

    cr_assert_eq(w->local, KX_LOCAL_NONE, "row: %s: %s", row, w->err.text);
    for (int r = 0; r < KX_EXACT__COUNT; r++)
        cr_expect(outcome != KASPA_VALID || v->checks[r].result == KASPA_CHECK_HELD,
                  "row: %s: %s: %s", row, kx_exact_rules[r].id, v->checks[r].why);
    cr_expect_eq(v->outcome, outcome, "row: %s", row);
}

/* What makes no difference. */

static void two_payers(struct kx_world *w)
{
    size_t i = w->plan.spend_count++;

    w->spends[i] = w->spends[i - 1];
    w->spends[i].outpoint.index = 77;
    w->spends[i].utxo.amount = 100000000;
}
static void sixteen_payers(struct kx_world *w)
{
    while (w->plan.spend_count < 16)
        two_payers(w);
    for (uint32_t i = 0; i < 16; i++)
        w->spends[i].outpoint.index = i;
}
static void eight_inputs(struct kx_world *w)
{
    while (w->plan.spend_count < 8)
        two_payers(w);
    for (uint32_t i = 1; i < 8; i++)
        w->spends[i].outpoint.index = i;
}
static void exact_coin(struct kx_world *w)
{
    w->spends[w->plan.spend_count - 1].utxo.amount = KX_WORLD_AMOUNT;
    w->plan.change = NULL;
}
static void pay_second(struct kx_world *w)
{
    struct kaspa_output first = w->made[0];

    w->made[0] = w->made[1];
    w->made[1] = first;
    w->output_index = 1;
}
static void fee_at_policy(struct kx_world *w)
{
    w->with.policy.fee_max = w->hints[0].amount - w->made[0].value - w->made[1].value;
}
static void fee_at_cap(struct kx_world *w)
{
    w->made[1].value = w->hints[1].amount - KX_WORLD_AMOUNT - KX_HASH_CHAIN_FEE_MAX;
}
static void nothing_missing(struct kx_world *w)
{
    w->with.is_missing = w->is_missing;
}
static void expire_at_bound(struct kx_world *w)
{
    w->expires_at = "2099-01-01T00:00:00.000Z";
}
static void expire_with_challenge(struct kx_world *w)
{
    w->expires_at = KX_WORLD_CHALLENGE_EXPIRES;
}
static void expire_next(struct kx_world *w)
{
    w->expires_at = "2098-12-31T23:59:00.001Z";
}
static void judge_before_expiry(struct kx_world *w)
{
    w->with.now_ms = KX_WORLD_NOW_MS + 29999;
}
static void claimed_long_ago(struct kx_world *w)
{
    w->with.now_ms = KX_WORLD_NOW_MS + INT64_C(86400000);
    w->with.is_claimed = true;
}
static void capitals(struct kx_world *w)
{
    json_t *extra = kx_world_extra(w);
    char *text = strdup(json_string_value(json_object_get(extra, "headRedeemScript")));

    w->accepted = json_deep_copy(kx_world_terms(w));
    for (char *at = text; *at != '\0'; at++)
        *at = (char)(*at >= 'a' ? *at - 32 : *at);
    kx_world_set(extra, "headRedeemScript", text);
    free(text);
}
static void no_advertisement(struct kx_world *w)
{
    kx_world_edit(w->payment, "note", "1");
    (void)json_object_del(json_object_get(w->required, "extensions"), "payment-identifier");
}
static void extra_members(struct kx_world *w)
{
    kx_world_edit(w->text, "note", "{\"a\":[]}");
    kx_world_edit(json_array_get(json_object_get(w->text, "inputs"), 0), "utxo.note", "1");
}
static void no_defaults(struct kx_world *w)
{
    (void)json_object_del(w->text, "lockTime");
    (void)json_object_del(w->text, "gas");
    (void)json_object_del(w->text, "payload");
    (void)json_object_del(w->text, "subnetworkId");
}
static void flattened(struct kx_world *w)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 16);

    kaspa_tx_write(&text, &w->tx, w->hints, KASPA_JSON_FLAT);
    json_decref(w->text);
    w->text = json_loads(assay_buf_cstr(&text), 0, NULL);
    assay_buf_fini(&text);
}
static void no_hint_of_covenant(struct kx_world *w)
{
    json_t *in = json_array_get(json_object_get(w->text, "inputs"), 0);

    (void)json_object_del(json_object_get(in, "utxo"), "covenantId");
}
static void other_offers_first(struct kx_world *w)
{
    json_t *accepts = json_object_get(w->required, "accepts");
    json_t *other = json_deep_copy(kx_world_terms(w));

    w->accepted = json_deep_copy(kx_world_terms(w));
    kx_world_set(other, "amount", "1");
    (void)json_array_insert_new(accepts, 0, other);
}
static void confirmed(struct kx_world *w)
{
    w->with.policy.finality = KX_FINALITY_CONFIRMED;
    w->evidence.has_confirmations = true;
    w->evidence.confirmations = 30;
}
static void label(struct kx_world *w)
{
    kx_world_set(kx_world_payload(w), "payerAddress", "whoever");
}
static void no_view(struct kx_world *w)
{
    w->with.pov = NULL;
}

static const struct {
    const char *name;
    enum kx_profile profile;
    struct kx_change change;
} held[] = {
    {"standard-native", S, {.offer = NULL}},
    {"additive", A, {.offer = NULL}},
    {"hash-chain", H, {.offer = NULL}},
    {"two payers", S, {.offer = two_payers}},
    {"sixteen payers", S, {.offer = sixteen_payers}},
    {"two payers to a head", A, {.offer = two_payers}},
    {"eight inputs to a hash-chain", H, {.offer = eight_inputs}},
    {"an exact coin, no fee", S, {.offer = exact_coin}},
    {"an exact coin to a head", A, {.offer = exact_coin}},
    {"the merchant second", S, {.tx = pay_second}},
    {"a fee at the policy", S, {.judge = fee_at_policy}},
    {"a fee at the hash-chain's", H, {.tx = fee_at_cap}},
    {"nothing missing", S, {.judge = nothing_missing}},
    {"expiry at its bound", S, {.text = expire_at_bound}},
    {"expiry with its challenge", A, {.text = expire_with_challenge}},
    {"expiry in a millisecond", S, {.text = expire_next}},
    {"judged a millisecond before", S, {.judge = judge_before_expiry}},
    {"claimed while live", A, {.judge = claimed_long_ago}},
    {"an offer in capitals", A, {.offer = capitals}},
    {"an identifier that nobody advertised", S, {.payment = no_advertisement}},
    {"more members", S, {.text = extra_members}},
    {"members left out", S, {.text = no_defaults}},
    {"flattened", A, {.text = flattened}},
    {"flattened, with all that it says", H, {.text = flattened}},
    {"no hint of the covenant", H, {.text = no_hint_of_covenant}},
    {"another offer first", S, {.offer = other_offers_first}},
    {"confirmed", S, {.judge = confirmed}},
    {"a label", S, {.payment = label}},
    {"no point of view, no lock", S, {.judge = no_view}},
};

Test(kx_states, what_makes_no_difference_makes_none)
{
    for (size_t i = 0; i < ARRAY_LEN(held); i++) {
        struct kx_world *w = kx_world_new(held[i].profile);

        kx_world_run(w, &held[i].change);
        expect_outcome(w, KASPA_VALID, held[i].name);
        cr_expect_arr_eq(w->verdict.payer, w->payer.xonly, 32);
        kx_world_free(w);
    }
}

Test(kx_states, all_six_signature_flags_hold)
{
    static const uint8_t flags[] = {0x01, 0x02, 0x04, 0x81, 0x82, 0x84};

    for (int p = 0; p < KX_HASH_CHAIN; p++) {
        for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
            struct kx_world *w = kx_world_new((enum kx_profile)p);

            w->sighash = flags[i];
            kx_world_run(w, &none);
            expect_outcome(w, KASPA_VALID, kx_profile_name((enum kx_profile)p));
            w->with.utxos = NULL;
            kx_world_judge(w);
            cr_expect_eq(w->verdict.checks[KX_EXACT_FUNDING].result, KASPA_CHECK_HELD);
            kx_world_free(w);
        }
    }
}

static void no_coins(struct kx_world *w)
{
    w->with.utxos = NULL;
}
static void open_lock(struct kx_world *w)
{
    w->spends[0].sequence = 0;
}
static void no_head(struct kx_world *w)
{
    w->with.head = NULL;
}
static void no_evidence(struct kx_world *w)
{
    w->with.evidence = NULL;
}
static void unknown(struct kx_world *w)
{
    w->evidence.status = KX_CHAIN_UNKNOWN;
}
static void bad_context(struct kx_world *w)
{
    static const struct kx_context nobody = {.principal = {(const uint8_t *)"", 0}};

    w->request.context = &nobody;
}
static void malformed_advertisement(struct kx_world *w)
{
    (void)json_object_set_new(json_object_get(w->required, "extensions"), "payment-identifier",
                              json_integer(5));
}

#define BIT(rule) (UINT64_C(1) << KX_EXACT_##rule)

static const struct {
    const char *name;
    enum kx_profile profile;
    struct kx_change change;
    uint64_t unjudged;
} open[] = {
    {"no coins", S, {.judge = no_coins}, BIT(HINTS) | BIT(CONSENSUS)},
    {"no coins of a hash-chain", H, {.judge = no_coins}, BIT(HINTS) | BIT(CONSENSUS)},
    {"no point of view of a lock", S, {.offer = open_lock, .judge = no_view}, BIT(CONSENSUS)},
    {"no head", A, {.judge = no_head}, BIT(HEAD)},
    {"no evidence", S, {.judge = no_evidence}, BIT(FINALITY)},
    {"unknown to the chain", S, {.judge = unknown}, BIT(FINALITY)},
    {"a caller that is nobody", S, {.judge = bad_context}, BIT(REQUEST) | BIT(AUTHORIZATION)},
    {"a malformed advertisement", S, {.payment = malformed_advertisement}, BIT(IDENTIFIER_ECHO)},
};

Test(kx_states, what_is_not_known_is_not_judged_and_never_valid)
{
    static_assert(KX_EXACT__COUNT <= 64, "a bit for every check");
    for (size_t i = 0; i < ARRAY_LEN(open); i++) {
        struct kx_world *w = kx_world_new(open[i].profile);

        kx_world_run(w, &open[i].change);
        expect_outcome(w, KASPA_UNDECIDED, open[i].name);
        for (int r = 0; r < KX_EXACT__COUNT; r++) {
            bool is_open = w->verdict.checks[r].result == KASPA_CHECK_NOT_JUDGED;

            cr_expect_eq(is_open, (open[i].unjudged >> r & 1) != 0, "row: %s: %s", open[i].name,
                         kx_exact_rules[r].id);
            cr_expect(!is_open || w->verdict.checks[r].why[0] != '\0', "row: %s", open[i].name);
        }
        kx_world_free(w);
    }
}

/* What rests on terms or on a transaction that is not there is not judged; and of the terms what
 * comes behind the fault. */
Test(kx_states, what_rests_on_a_broken_part_is_not_judged)
{
    static const struct {
        const char *member, *value; /* of the offer; NULL: the transaction is no JSON */
        uint64_t broken, held, open;
    } rows[] = {
        {"amount", "\"1e3\"", BIT(AMOUNT), BIT(NETWORK) | BIT(ASSET) | BIT(ENCODING) | BIT(ID),
         BIT(PAY_TO) | BIT(BINDING) | BIT(HEAD_TERMS) | BIT(PROFILE) | BIT(MERCHANT)},
        {"amount", "\"0\"", BIT(AMOUNT), BIT(NETWORK) | BIT(ASSET) | BIT(PAY_TO) | BIT(BINDING),
         BIT(HEAD_TERMS) | BIT(LIVE) | BIT(FINALITY)},
        {"asset", "\"BTC\"", BIT(ASSET), BIT(NETWORK), BIT(PAY_TO) | BIT(BINDING) | BIT(AMOUNT)},
        {"payTo", "\"kaspatest:x\"", BIT(PAY_TO), BIT(NETWORK) | BIT(ASSET),
         BIT(BINDING) | BIT(AMOUNT)},
        {NULL, NULL, BIT(ENCODING), BIT(AMOUNT) | BIT(DEADLINES) | BIT(LIVE),
         BIT(OUTPOINTS) | BIT(ID) | BIT(FUNDING) | BIT(AUTHORIZATION) | BIT(CONSENSUS)},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_world *w = kx_world_new(S);

        if (rows[i].member != NULL)
            kx_world_edit(kx_world_terms(w), rows[i].member, rows[i].value);
        kx_world_run(w, &none);
        if (rows[i].member == NULL) {
            w->read.transaction = ASSAY_LIT("{");
            kx_world_judge(w);
        }
        for (int r = 0; r < KX_EXACT__COUNT; r++) {
            enum kaspa_check_result result = w->verdict.checks[r].result;

            cr_expect((rows[i].broken >> r & 1) == 0 || result == KASPA_CHECK_BROKEN, "%zu: %s", i,
                      kx_exact_rules[r].id);
            cr_expect((rows[i].held >> r & 1) == 0 || result == KASPA_CHECK_HELD, "%zu: %s", i,
                      kx_exact_rules[r].id);
            cr_expect((rows[i].open >> r & 1) == 0 || result == KASPA_CHECK_NOT_JUDGED, "%zu: %s",
                      i, kx_exact_rules[r].id);
        }
        kx_world_free(w);
    }
}

/* A funding signature is judged over the hints before the chain is read, and over them again where
 * the chain says something else. */
Test(kx_states, a_forgery_shows_without_the_chain)
{
    struct kx_world *w = kx_world_new(S);

    kx_world_run(w, &none);
    w->with.utxos = NULL;
    w->with.evidence = NULL;
    kx_world_judge(w);
    expect_outcome(w, KASPA_UNDECIDED, "honest");
    kx_world_edit(w->text, "note", "1");
    ((uint8_t *)(uintptr_t)strstr((const char *)w->read.transaction.at,
                                  "\"signatureScript\":\"41"))[25] ^= 1; /* a digit */
    kx_world_judge(w);
    cr_expect_eq(w->verdict.outcome, KASPA_INVALID);
    cr_expect_eq(w->verdict.first, KX_EXACT_FUNDING);
    kx_world_free(w);
}

static void offer_early_challenge(struct kx_world *w)
{
    kx_world_set(kx_world_extra(w), "challengeExpiresAt", "2098-12-31T23:59:29Z");
}
static void judge_after_challenge(struct kx_world *w)
{
    w->with.now_ms = KX_WORLD_NOW_MS + 29000;
}

Test(kx_states, an_expired_challenge_is_told_beside_an_authorization_that_lives_on)
{
    static const struct kx_change change = {.offer = offer_early_challenge,
                                            .judge = judge_after_challenge};
    struct kx_world *w = kx_world_new(A);

    kx_world_run(w, &change);
    cr_expect_eq(w->verdict.first, KX_EXACT_DEADLINES);
    cr_expect_str_eq(w->verdict.checks[KX_EXACT_DEADLINES].why, "authorization_exceeds_challenge");
    cr_expect_str_eq(w->verdict.checks[KX_EXACT_LIVE].why, "expired_challenge");
    kx_world_free(w);
}

/* A number without end, which has no canonical form. */
Test(kx_states, terms_without_a_canonical_form_are_none_of_the_offers)
{
    struct kx_world *w = kx_world_new(S);
    char *text, *at;

    kx_world_run(w, &none);
    (void)json_object_set_new(json_object_get(w->payment, "accepted"), "note", json_integer(12345));
    text = json_dumps(w->payment, JSON_COMPACT);
    at = strstr(text, "12345");
    memcpy(at, "1e999", 5);
    w->payment_doc = (struct assay_json){.token_count = 0};
    cr_assert_eq(x402_document_parse(&w->payment_doc, &w->arena, assay_str(text), true, &w->err),
                 ASSAY_OK, "%s", w->err.text);
    cr_assert_eq(kx_payment_read(&w->read, &w->arena, &w->payment_doc, &w->err), KX_LOCAL_NONE);
    kx_world_judge(w);
    cr_expect_eq(w->verdict.outcome, KASPA_INVALID);
    cr_expect_eq(w->verdict.first, KX_EXACT_OFFERED);
    cr_expect_eq(w->verdict.checks[KX_EXACT_AUTHORIZATION].result, KASPA_CHECK_NOT_JUDGED);
    free(text);
    kx_world_free(w);
}

Test(kx_states, the_verdict_carries_what_was_computed)
{
    struct kx_world *w = kx_world_new(S);
    char hash[X402_HASH_TEXT_BYTES];

    kx_world_run(w, &none);
    kx_world_hash(hash, w->accepted);
    cr_expect_str_eq(w->verdict.requirements_hash, hash);
    cr_expect_str_eq(w->verdict.fingerprint,
                     json_string_value(json_object_get(kx_world_payload(w), "requestHash")));
    cr_expect(w->verdict.has_transaction);
    cr_expect(kaspa_tx_equal(&w->verdict.tx, &w->tx));
    cr_expect_eq(w->verdict.fee, w->hints[0].amount - w->made[0].value - w->made[1].value);
    kx_world_free(w);
}

/* The payer signs over fourteen members: none of them can change. */
Test(kx_states, every_member_of_the_authorization_counts)
{
    static const struct kx_terms base = {
        .network_text = {(const uint8_t *)"n", 1},
        .pay_to = {(const uint8_t *)"p", 1},
        .amount_text = {(const uint8_t *)"1", 1},
        .spk = {(const uint8_t *)"s", 1},
        .profile = KX_ADDITIVE,
    };
    uint8_t digests[14][32];

    for (size_t i = 0; i < ARRAY_LEN(digests); i++) {
        struct kx_terms terms = base;
        struct kx_authorized a = {.terms = &terms,
                                  .transaction_id = i == 1 ? "t2" : "t",
                                  .output_index = i == 2 ? 1 : 0,
                                  .requirements_hash = i == 3 ? "r2" : "r",
                                  .fingerprint = i == 4 ? "f2" : "f",
                                  .identifier = assay_str(i == 5 ? "i2" : "i"),
                                  .input_index = i == 6 ? 1 : 0,
                                  .expires_at = assay_str(i == 7 ? "e2" : "e")};

        terms.network_text.len += i == 8;
        terms.pay_to.len += i == 9;
        terms.amount_text = assay_str(i == 10 ? "2" : "1");
        terms.spk = assay_str(i == 11 ? "S" : "s");
        terms.profile = i == 12 ? KX_HASH_CHAIN : KX_ADDITIVE;
        terms.challenge_id[5] = i == 13;
        cr_assert_eq(kx_authorization_digest(digests[i], &a), ASSAY_OK);
        for (size_t j = 0; j < i; j++)
            cr_expect_neq(memcmp(digests[i], digests[j], 32), 0, "%zu, %zu", i, j);
    }
}

static const struct {
    const char *name, *expires, *challenge;
    uint64_t timeout;
    int64_t now;
    const char *fault;
} expiries[] = {
    {"no timeout", "x", "", 0, 0, "invalid_max_timeout"},
    {"no time", "x", "", 1, 0, "invalid_authorization_expiry"},
    {"now", "1970-01-01T00:00:01Z", "", 1, 1000, "expired_authorization"},
    {"a millisecond ago", "1970-01-01T00:00:01Z", "", 1, 1001, "expired_authorization"},
    {"in a millisecond", "1970-01-01T00:00:01Z", "", 1, 999, NULL},
    {"at the bound", "1970-01-01T00:00:01Z", "", 1, 0, NULL},
    {"a millisecond beyond", "1970-01-01T00:00:01Z", "", 1, -1,
     "authorization_exceeds_max_timeout"},
    {"seconds beyond", "1970-01-01T00:00:05Z", "", 1, 0, "authorization_exceeds_max_timeout"},
    {"since ever", "1970-01-01T00:00:01Z", "", 4294967295, INT64_MIN,
     "authorization_exceeds_max_timeout"},
    {"any time", "9999-12-31T23:59:59Z", "", UINT64_MAX, INT64_MIN, NULL},
    {"challenge no time", "1970-01-01T00:00:01Z", "x", 1, 0, "invalid_challenge_expiry"},
    {"challenge now", "1970-01-01T00:00:01Z", "1970-01-01T00:00:00.500Z", 1, 500,
     "expired_challenge"},
    {"challenge next", "1970-01-01T00:00:01Z", "1970-01-01T00:00:00.501Z", 1, 500,
     "authorization_exceeds_challenge"},
    {"challenge with it", "1970-01-01T00:00:01Z", "1970-01-01T00:00:01.000Z", 1, 500, NULL},
    {"challenge a millisecond before", "1970-01-01T00:00:01Z", "1970-01-01T00:00:00.999Z", 1, 500,
     "authorization_exceeds_challenge"},
    {"both expired: the authorization first", "1970-01-01T00:00:01Z", "1970-01-01T00:00:00Z", 1,
     5000, "expired_authorization"},
};

Test(kx_states, deadlines_are_judged_in_their_order_to_the_millisecond)
{
    for (size_t i = 0; i < ARRAY_LEN(expiries); i++) {
        const char *fault = kx_expiry_fault(assay_str(expiries[i].expires), expiries[i].timeout,
                                            assay_str(expiries[i].challenge), expiries[i].now);

        cr_expect_str_eq(fault != NULL ? fault : "",
                         expiries[i].fault != NULL ? expiries[i].fault : "", "row: %s",
                         expiries[i].name);
    }
}

Test(kx_states, finality_is_evidence_of_its_own_kind)
{
    static const struct {
        enum kx_chain_status status;
        bool has;
        uint64_t confirmations;
        bool reached[3]; /* mempool, accepted, confirmed by 30 */
    } rows[] = {
        {KX_CHAIN_UNKNOWN, true, 99, {false, false, false}},
        {KX_CHAIN_ABSENT, true, 99, {false, false, false}},
        {KX_CHAIN_MEMPOOL, true, 99, {true, false, false}},
        {KX_CHAIN_ACCEPTED, false, 99, {true, true, false}},
        {KX_CHAIN_ACCEPTED, true, 29, {true, true, false}},
        {KX_CHAIN_ACCEPTED, true, 30, {true, true, true}},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_chain_evidence e = {.status = rows[i].status,
                                      .has_confirmations = rows[i].has,
                                      .confirmations = rows[i].confirmations};

        for (int f = 0; f < 3; f++)
            cr_expect_eq(kx_finality_is_reached(&e, (enum kx_finality)f, 30), rows[i].reached[f],
                         "row %zu, %d", i, f);
    }
}

/* Neither arena nor heap: whatever cannot be judged for that is undecided, and nobody is accused.
 */
Test(kx_states, memory_that_is_not_there_accuses_nobody)
{
    for (int p = 0; p < KX_PROFILE__COUNT; p++) {
        struct kx_world *w = kx_world_new((enum kx_profile)p);
        size_t undecided = 0;

        kx_world_run(w, &none);
        for (size_t max = 0; max < 65536; max += max < 2048 ? 16 : 512) {
            struct assay_arena arena = ASSAY_ARENA_INIT(max);

            w->with.arena = &arena;
            kx_world_judge(w);
            cr_expect_neq(w->verdict.outcome, KASPA_INVALID, "arena of %zu: %s", max,
                          w->verdict.checks[w->verdict.first].why);
            undecided += w->verdict.outcome == KASPA_UNDECIDED;
            assay_arena_fini(&arena);
        }
        cr_expect_geq(undecided, 10);
        cr_expect_eq(w->verdict.outcome, KASPA_VALID);
        kx_world_free(w);
    }
}

Test(kx_states, every_allocation_may_fail_and_accuses_nobody)
{
    static const struct kx_change changes[] = {{.offer = NULL}, {.offer = capitals}};

    for (size_t c = 0; c < ARRAY_LEN(changes); c++) {
        struct kx_world *w = kx_world_new(A);
        bool failed = true;

        kx_world_run(w, &changes[c]);
        cr_assert_eq(w->verdict.outcome, KASPA_VALID);
        for (size_t n = 0; failed && n < 500; n++) {
            struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);

            w->with.arena = &arena;
            (void)assay_alloc_fail_after(n);
            kx_world_judge(w);
            failed = assay_alloc_fail_after(SIZE_MAX) > n;
            cr_expect_neq(w->verdict.outcome, KASPA_INVALID, "%zu: %s: %s", n,
                          kx_exact_rules[w->verdict.first].id,
                          w->verdict.checks[w->verdict.first].why);
            cr_expect_eq(w->verdict.outcome == KASPA_VALID, !failed, "%zu", n);
            assay_arena_fini(&arena);
        }
        cr_expect_not(failed);
        kx_world_free(w);
    }
}
