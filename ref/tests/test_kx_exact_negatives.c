/* The negative vectors of the exact scheme: each is refused by its stated code, and taken once its
 * own defect, and a placeholder for an address (24.22), are repaired. Not here: those of channels
 * (outpoint-index-overflow, txid-wrong-length), of settlements, and what only a store can tell
 * (payment-identifier-conflict). */
#include "ref/tests/kx_world.h"
#include "ref/tests/upstream.h"

#include <stdio.h>

#define FOLDER "kaspa-x402/vectors/"
#define NINES "9999999999999999999999999999999999999999999999999999999999999999"

static const json_t *get(const json_t *value, const char *one, const char *two)
{
    value = json_object_get(value, one);
    return two != NULL ? json_object_get(value, two) : value;
}

static const char *text(const json_t *value, const char *one, const char *two)
{
    return json_string_value(get(value, one, two));
}

/* Everything that a negative vector may be refused by, one step after another. */
static enum kx_local refusal_of_offer(struct kx_world *w, const json_t *required)
{
    struct assay_json doc = kx_world_doc(w, required);
    struct kx_terms *terms = assay_arena_alloc(&w->arena, sizeof(*terms));
    struct x402_required read;
    struct assay_err err = {0};
    enum x402_fault fault = x402_required_read(&read, &w->arena, &doc, &err);

    cr_assert_not_null(terms);
    if (fault != X402_FAULT_NONE)
        return fault == X402_FAULT_VERSION ? KX_LOCAL_VERSION : KX_LOCAL_PAYLOAD;
    return kx_terms_local(kx_terms_read(terms, &w->arena, &doc, &read.accepts[0], &err));
}

static enum kx_local refusal_of_payment(struct kx_world *w, const json_t *payment)
{
    struct assay_json doc = kx_world_doc(w, payment);
    struct assay_err err = {0};

    return kx_payment_read(&w->read, &w->arena, &doc, &err);
}

static json_t *first_offer(json_t *required)
{
    return json_array_get(json_object_get(required, "accepts"), 0);
}

/* The placeholder is replaced by the address of the script beside it (24.22). */
static void repair_pay_to(json_t *terms)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(65536);
    const json_t *spk_text = get(terms, "extra", "payToScriptPublicKey");
    char address[KASPA_ADDRESS_TEXT_MAX_BYTES];
    struct kaspa_address to;
    struct kaspa_spk spk;

    if (spk_text != NULL) {
        spk = upstream_spk(&arena, spk_text);
        cr_assert(kaspa_address_of_script(&to, &spk, KASPA_TESTNET));
        kaspa_address_encode(address, &to);
        kx_world_set(terms, "payTo", address);
    }
    assay_arena_fini(&arena);
}

static void repair_amount(json_t *required)
{
    kx_world_set(first_offer(required), "amount", "1000000");
}
static void repair_flow(json_t *required)
{
    kx_world_set(json_object_get(first_offer(required), "extra"), "paymentFlow", "upfront");
}
static void repair_asset(json_t *required)
{
    kx_world_set(first_offer(required), "asset", "KAS");
}
static void repair_network(json_t *required)
{
    kx_world_set(first_offer(required), "network", "kaspa:testnet-10");
}
static void repair_version(json_t *required)
{
    (void)json_object_set_new(required, "x402Version", json_integer(2));
}

/* Members of another vector's offer that this one lacks. */
static void take_extra(json_t *required, const char *file, const char *member)
{
    json_t *vector = upstream_load(file), *from = json_object_get(vector, member);
    json_t *terms = first_offer(required);

    (void)json_object_set(terms, "extra", json_object_get(first_offer(from), "extra"));
    json_decref(vector);
}
static void repair_head(json_t *required)
{
    take_extra(required, FOLDER "x402-http/exact-transaction.json", "paymentRequired");
}
static void repair_binding(json_t *required)
{
    take_extra(required, FOLDER "negative/accepted-not-offered.json", "paymentRequired");
}
static void repair_scheme(json_t *required)
{
    kx_world_set(first_offer(required), "scheme", "exact");
    repair_binding(required);
}

static const struct {
    const char *file;
    void (*repair)(json_t *required);
} negative_offers[] = {
    {"amount-overflow", repair_amount},
    {"float-amount", repair_amount},
    {"exact-payment-flow-missing", repair_flow},
    {"invalid-asset", repair_asset},
    {"non-colon-network", repair_network},
    {"wrong-x402-version", repair_version},
    {"exact-additive-partial-head", repair_head},
    {"wrong-binding", repair_binding},
    {"wrong-scheme", repair_scheme},
};

static json_t *load_negative(const char *file)
{
    char path[128];

    (void)snprintf(path, sizeof(path), FOLDER "negative/%s.json", file);
    return upstream_load(path);
}

Test(kx_negatives, offers_are_refused_by_their_code_and_taken_with_their_defect_repaired)
{
    for (size_t i = 0; i < ARRAY_LEN(negative_offers); i++) {
        json_t *vector = load_negative(negative_offers[i].file);
        json_t *required = json_object_get(vector, "value");
        struct kx_world *w = kx_world_new(KX_STANDARD_NATIVE);
        enum kx_local local = refusal_of_offer(w, required);

        cr_expect_str_eq(kx_local_text(local), text(vector, "expectedError", NULL), "row: %s",
                         negative_offers[i].file);
        negative_offers[i].repair(required);
        repair_pay_to(first_offer(required));
        local = refusal_of_offer(w, required);
        cr_expect_eq(local, KX_LOCAL_NONE, "row: %s: %s", negative_offers[i].file,
                     kx_local_text(local));
        kx_world_free(w);
        json_decref(vector);
    }
}

static void repair_challenge(json_t *payment)
{
    kx_world_set(json_object_get(payment, "payload"), "challengeId",
                 "9191919191919191919191919191919191919191919191919191919191919191");
}

static void take_payload(json_t *payment, const char *file, const char *member)
{
    json_t *vector = upstream_load(file), *from = json_object_get(vector, member);

    (void)json_object_set(payment, "payload", json_object_get(from, "payload"));
    (void)json_object_set(payment, "accepted", json_object_get(from, "accepted"));
    json_decref(vector);
}
static void repair_payload(json_t *payment)
{
    take_payload(payment, FOLDER "negative/accepted-not-offered.json", "paymentPayload");
}

static const struct {
    const char *file;
    void (*repair)(json_t *payment);
} negative_payments[] = {
    {"exact-additive-missing-challenge", repair_challenge},
    {"scheme-payload-mismatch", repair_payload},
    {"exact-transfer-unsupported", repair_payload},
};

Test(kx_negatives, payments_are_refused_by_their_code_and_taken_with_their_defect_repaired)
{
    for (size_t i = 0; i < ARRAY_LEN(negative_payments); i++) {
        json_t *vector = load_negative(negative_payments[i].file);
        json_t *payment = json_object_get(vector, "value");
        struct kx_world *w = kx_world_new(KX_STANDARD_NATIVE);
        enum kx_local local = refusal_of_payment(w, payment);

        cr_expect_str_eq(kx_local_text(local), text(vector, "expectedError", NULL), "row: %s",
                         negative_payments[i].file);
        negative_payments[i].repair(payment);
        local = refusal_of_payment(w, payment);
        cr_expect_eq(local, KX_LOCAL_NONE, "row: %s: %s", negative_payments[i].file,
                     kx_local_text(local));
        kx_world_free(w);
        json_decref(vector);
    }
}

/* Who pays here always names an identifier. */
static void keep(json_t *vector)
{
    (void)vector;
}

static void repair_accepted(json_t *vector)
{
    json_t *offer = first_offer(json_object_get(vector, "paymentRequired"));
    json_t *payment = json_object_get(vector, "paymentPayload");

    (void)json_object_set(payment, "accepted", offer);
}

static const struct {
    const char *file;
    enum kx_exact_rule rule;
    void (*repair)(json_t *vector);
} negative_retries[] = {
    {"accepted-not-offered", KX_EXACT_OFFERED, repair_accepted},
    {"missing-payment-identifier", KX_EXACT_IDENTIFIER, keep},
};

Test(kx_negatives, retries_are_refused_by_their_code)
{
    for (size_t i = 0; i < ARRAY_LEN(negative_retries); i++) {
        json_t *vector = load_negative(negative_retries[i].file);
        struct kx_world *w = kx_world_new(KX_STANDARD_NATIVE);
        enum kx_exact_rule rule = negative_retries[i].rule;

        kx_world_present(w, get(vector, "paymentRequired", NULL),
                         get(vector, "paymentPayload", NULL));
        cr_assert_eq(w->local, KX_LOCAL_NONE, "row: %s: %s", negative_retries[i].file, w->err.text);
        kx_world_judge(w);
        cr_expect_eq(w->verdict.first, rule, "row: %s", negative_retries[i].file);
        cr_expect_str_eq(kx_local_text(w->verdict.checks[rule].local),
                         text(vector, "expectedError", NULL));
        kx_world_free(w);
        json_decref(vector);
    }
}

/* Its transaction is a placeholder too: here a real one pays what the vector's payload accepts,
 * from a coin that is small enough for so low a price. */
static void pay_really(struct kx_world *w, json_t *vector)
{
    static const struct kx_change none = {.offer = NULL};
    json_t *accepted = json_object_get(json_object_get(vector, "paymentPayload"), "accepted");
    uint64_t amount = upstream_u64(json_object_get(accepted, "amount"));

    json_decref(w->required);
    w->required = json_deep_copy(json_object_get(vector, "paymentRequired"));
    w->accepted = json_deep_copy(accepted);
    w->outputs[0].spk = upstream_spk(&w->arena, get(accepted, "extra", "payToScriptPublicKey"));
    w->outputs[0].value = amount;
    w->spends[0].utxo.amount = amount + 200000;
    w->plan.change = NULL;
    w->request_hash = NINES;
    kx_world_run(w, &none);
    cr_assert_eq(w->local, KX_LOCAL_NONE, "%s", w->err.text);
    w->request.request_hash = NINES;
    kx_world_judge(w);
}

static void give_identifier(json_t *vector)
{
    json_t *required = json_object_get(vector, "paymentRequired");

    if (json_object_get(required, "extensions") == NULL)
        (void)json_object_set_new(required, "extensions",
                                  json_pack("{s:{s:{s:b}, s:{}}}", "payment-identifier", "info",
                                            "required", 1, "schema"));
}

Test(kx_negatives, retries_are_accepted_with_their_defect_repaired_and_a_real_transaction)
{
    for (size_t i = 0; i < ARRAY_LEN(negative_retries); i++) {
        json_t *vector = load_negative(negative_retries[i].file);
        struct kx_world *w = kx_world_new(KX_STANDARD_NATIVE);

        repair_pay_to(first_offer(json_object_get(vector, "paymentRequired")));
        repair_pay_to(json_object_get(json_object_get(vector, "paymentPayload"), "accepted"));
        negative_retries[i].repair(vector);
        give_identifier(vector);
        pay_really(w, vector);
        for (int r = 0; r < KX_EXACT__COUNT; r++)
            cr_expect_eq(w->verdict.checks[r].result, KASPA_CHECK_HELD, "row: %s: %s: %s",
                         negative_retries[i].file, kx_exact_rules[r].id, w->verdict.checks[r].why);
        kx_world_free(w);
        json_decref(vector);
    }
}

Test(kx_negatives, a_retry_of_another_offer_is_refused_for_that_alone)
{
    json_t *vector = load_negative("accepted-not-offered");
    struct kx_world *w = kx_world_new(KX_STANDARD_NATIVE);

    repair_pay_to(first_offer(json_object_get(vector, "paymentRequired")));
    repair_pay_to(json_object_get(json_object_get(vector, "paymentPayload"), "accepted"));
    give_identifier(vector);
    pay_really(w, vector);
    for (int r = 0; r < KX_EXACT__COUNT; r++)
        cr_expect_eq(w->verdict.checks[r].result,
                     r == KX_EXACT_OFFERED ? KASPA_CHECK_BROKEN : KASPA_CHECK_HELD, "%s: %s",
                     kx_exact_rules[r].id, w->verdict.checks[r].why);
    kx_world_free(w);
    json_decref(vector);
}
