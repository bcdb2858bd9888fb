/* Payloads for offers: what is made of honest ones is judged to be right, what is bent is wrong in
 * that alone, and what cannot be signed is told. */
#include "peer/x402/payload.h"
#include "x402/exact_evm.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define ARENA_MAX_BYTES ((size_t)1 << 24)
#define ASSET "0x036CbD53842c5426634e7929541eC2318f3dCF7e"
#define PAY_TO "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
#define OTHER "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB"
#define TERMS(scheme, network, amount, timeout, extra)                                             \
    "{\"scheme\":\"" scheme "\",\"network\":\"" network "\",\"amount\":\"" amount                  \
    "\",\"asset\":\"" ASSET "\",\"payTo\":\"" PAY_TO "\"" timeout extra "}"
#define TIMEOUT ",\"maxTimeoutSeconds\":60"
#define USDC ",\"extra\":{\"name\":\"USDC\",\"version\":\"2\"}"
#define EVM TERMS("exact", "eip155:84532", "10000", TIMEOUT, USDC)
#define NOW_MS INT64_C(1740672100500)

static struct assay_json doc_of(struct assay_arena *arena, const char *text)
{
    struct assay_bytes copy = assay_arena_copy(arena, assay_str(text));
    struct assay_json doc = {.token_count = 0};
    struct assay_err err = {0};

    cr_assert_eq(x402_document_parse(&doc, arena, copy, true, &err), ASSAY_OK, "%s", err.text);
    return doc;
}

static struct assay_json doc_of_value(struct assay_arena *arena, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    struct assay_json doc = doc_of(arena, text);

    free(text);
    return doc;
}

struct paying {
    struct assay_arena arena;
    struct assay_json offer;
    struct x402_terms terms;
    struct x4p_ask ask;
};

static void set_up(struct paying *p, const char *terms)
{
    *p = (struct paying){.arena = ASSAY_ARENA_INIT(ARENA_MAX_BYTES)};
    p->offer = doc_of(&p->arena, terms);
    cr_assert_eq(x402_terms_read(&p->terms, &p->arena, &p->offer, 0, NULL), X402_FAULT_NONE);
    p->ask = (struct x4p_ask){.offer = &p->offer,
                              .terms = &p->terms,
                              .payer = ASSAY_LIT("a payer"),
                              .fresh = {1, 2, 3},
                              .now_ms = NOW_MS,
                              .arena = &p->arena};
}

static struct x4p_payload made(struct paying *p)
{
    struct x4p_payload payload;
    struct assay_err err = {0};

    cr_assert_eq(x4p_payload_make(&payload, &p->ask, &err), ASSAY_OK, "%s", err.text);
    return payload;
}

/* The id of the rule that is broken; "valid", "undecided". */
static const char *verdict_on(struct paying *p, const json_t *payload)
{
    struct assay_json doc = doc_of_value(&p->arena, payload);
    struct x402_evm_verdict verdict;

    x402_evm_verify(&verdict, &(struct x402_evm){.offer = &p->offer,
                                                 .terms = &p->terms,
                                                 .payment = &doc,
                                                 .now_ms = NOW_MS,
                                                 .arena = &p->arena});
    return verdict.outcome == X402_EVM_VALID     ? "valid"
           : verdict.outcome == X402_EVM_INVALID ? x402_evm_rules[verdict.first].id
                                                 : "undecided";
}

/* ---- which network, which plug-in ---- */

static const struct {
    const char *name, *terms, *plugin;
} offers[] = {
    {"exact on an EVM chain", EVM, "evm"},
    {"another EVM chain", TERMS("exact", "eip155:1", "1", TIMEOUT, USDC), "evm"},
    {"no timeout", TERMS("exact", "eip155:1", "1", "", USDC), "evm"},
    {"more than 64 bits", TERMS("exact", "eip155:1", "18446744073709551616", TIMEOUT, USDC), "evm"},
    {"another scheme", TERMS("upto", "eip155:84532", "10000", TIMEOUT, USDC), "opaque"},
    {"another network", TERMS("exact", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", "1", TIMEOUT, ""),
     "opaque"},
    {"a network of nobody", TERMS("exact", "x:1", "1", "", ""), "opaque"},
};

Test(x402_payload, is_made_for_every_network_and_is_right_where_it_can_be_judged)
{
    for (size_t i = 0; i < ARRAY_LEN(offers); i++) {
        struct x4p_payload payload;
        struct paying p;
        const char *nonce;

        set_up(&p, offers[i].terms);
        payload = made(&p);
        cr_expect_str_eq(payload.plugin, offers[i].plugin, "row: %s", offers[i].name);
        cr_expect_str_eq(x4p_plugin_name(&p.terms), offers[i].plugin, "row: %s", offers[i].name);
        if (strcmp(payload.plugin, "evm") == 0)
            cr_expect_str_eq(verdict_on(&p, payload.json), "valid", "row: %s", offers[i].name);
        else {
            nonce = json_string_value(json_object_get(payload.json, "nonce"));
            cr_expect_str_eq(nonce, payload.nonce, "row: %s", offers[i].name);
        }
        cr_expect_eq(strlen(payload.nonce), 2 + 2 * X4P_FRESH_BYTES);
        cr_expect_gt(strlen(payload.payer), 0);
        json_decref(payload.json);
        assay_arena_fini(&p.arena);
    }
}

Test(x402_payload, is_the_same_for_the_same_ask_and_another_for_another)
{
    struct x4p_payload one, same, fresh, payer;
    struct paying p;

    set_up(&p, EVM);
    one = made(&p);
    same = made(&p);
    p.ask.fresh[31] = 9;
    fresh = made(&p);
    p.ask.payer = ASSAY_LIT("another");
    payer = made(&p);
    cr_expect(json_equal(one.json, same.json));
    cr_expect_not(json_equal(one.json, fresh.json));
    cr_expect_str_eq(one.payer, fresh.payer, "the same seed is the same payer");
    cr_expect_str_neq(one.payer, payer.payer);
    cr_expect_str_eq(
        json_string_value(json_object_get(json_object_get(one.json, "authorization"), "from")),
        one.payer);
    json_decref(one.json);
    json_decref(same.json);
    json_decref(fresh.json);
    json_decref(payer.json);
    assay_arena_fini(&p.arena);
}

Test(x402_payload, can_be_opaque_for_a_network_that_has_a_plugin)
{
    struct x4p_payload payload;
    struct paying p;

    set_up(&p, EVM);
    cr_assert_eq(x4p_payload_make_opaque(&payload, &p.ask, NULL), ASSAY_OK);
    cr_expect_str_eq(payload.plugin, "opaque");
    cr_expect_null(json_object_get(payload.json, "signature"));
    json_decref(payload.json);
    assay_arena_fini(&p.arena);
}

/* ---- bent ---- */

static void less(struct x4p_draft *d, const void *arg)
{
    (void)arg;
    d->value = x4p_plus(d, d->value, -1);
}

static void more(struct x4p_draft *d, const void *arg)
{
    (void)arg;
    d->value = x4p_plus(d, d->value, 1);
}

static void to_other(struct x4p_draft *d, const void *arg)
{
    d->to = arg;
}

static void from_other(struct x4p_draft *d, const void *arg)
{
    d->from = arg;
}

static void not_yet(struct x4p_draft *d, const void *arg)
{
    (void)arg;
    d->valid_after = x4p_time(d, 60);
}

static void no_more(struct x4p_draft *d, const void *arg)
{
    (void)arg;
    d->valid_before = x4p_time(d, -1);
}

static void for_years(struct x4p_draft *d, const void *arg)
{
    (void)arg;
    d->valid_before = x4p_time(d, INT64_MAX);
}

static void other_chain(struct x4p_draft *d, const void *arg)
{
    d->network = arg;
}

static void other_token(struct x4p_draft *d, const void *arg)
{
    d->asset = arg;
}

static void other_name(struct x4p_draft *d, const void *arg)
{
    d->name = arg;
}

static void set_value(struct x4p_draft *d, const void *arg)
{
    json_object_set_new(json_object_get(d->payload, "authorization"), "value", json_string(arg));
}

static void flip_signature(struct x4p_draft *d, const void *arg)
{
    (void)arg;
    x4p_flip(d->payload, "signature", 5);
}

static void number_value(struct x4p_draft *d, const void *arg)
{
    (void)arg;
    json_object_set_new(json_object_get(d->payload, "authorization"), "value", json_integer(10000));
}

static const struct {
    const char *name;
    struct x4p_bend bend;
    const char *rule;
} bends[] = {
    {"none", {0}, "valid"},
    {"a unit less", {.sign = less}, "evm.authorization.value"},
    {"a unit more", {.sign = more}, "evm.authorization.value"},
    {"to another", {.sign = to_other, .arg = OTHER}, "evm.authorization.recipient"},
    {"from another", {.sign = from_other, .arg = OTHER}, "evm.signature.signer"},
    {"not yet valid", {.sign = not_yet}, "evm.authorization.valid-after"},
    {"no more valid", {.sign = no_more}, "evm.authorization.valid-before"},
    {"valid for years", {.sign = for_years}, "valid"},
    {"signed for another chain", {.sign = other_chain, .arg = "eip155:1"}, "evm.signature.signer"},
    {"signed for another token", {.sign = other_token, .arg = OTHER}, "evm.signature.signer"},
    {"signed for another name", {.sign = other_name, .arg = "Gold"}, "evm.signature.signer"},
    {"a value that was not signed",
     {.payload = set_value, .arg = "9999"},
     "evm.authorization.value"},
    {"a negative value", {.payload = set_value, .arg = "-1"}, "evm.payload.numbers"},
    {"a value that is a number", {.payload = number_value}, "evm.payload.shape"},
    {"another signature", {.payload = flip_signature}, "evm.signature.signer"},
};

Test(x402_payload, is_wrong_in_what_was_bent_alone)
{
    for (size_t i = 0; i < ARRAY_LEN(bends); i++) {
        struct x4p_payload payload;
        struct paying p;

        set_up(&p, EVM);
        p.ask.bend = bends[i].bend;
        payload = made(&p);
        cr_expect_str_eq(verdict_on(&p, payload.json), bends[i].rule, "row: %s", bends[i].name);
        json_decref(payload.json);
        assay_arena_fini(&p.arena);
    }
}

/* ---- what cannot be signed ---- */

static void bad_value(struct x4p_draft *d, const void *arg)
{
    d->value = arg;
}

static void bad_nonce(struct x4p_draft *d, const void *arg)
{
    d->nonce = arg;
}

static const struct {
    const char *name, *terms;
    struct x4p_bend bend;
    enum assay_code code;
    const char *says;
} unsignable[] = {
    {"a negative value",
     EVM,
     {.sign = bad_value, .arg = "-1"},
     ASSAY_E_MALFORMED,
     "value \"-1\" cannot be signed"},
    {"a value above 256 bits",
     EVM,
     {.sign = bad_value,
      .arg = "115792089237316195423570985008687907853269984665640564039457584007913129639936"},
     ASSAY_E_RANGE,
     "cannot be signed"},
    {"a short nonce", EVM, {.sign = bad_nonce, .arg = "0x00"}, ASSAY_E_MALFORMED, "nonce"},
    {"a payee that is none", EVM, {.sign = to_other, .arg = "merchant"}, ASSAY_E_MALFORMED, "to"},
    {"a chain that is none",
     EVM,
     {.sign = other_chain, .arg = "eip155:x"},
     ASSAY_E_MALFORMED,
     "network"},
    {"a text that there was no memory for",
     EVM,
     {.sign = bad_value, .arg = NULL},
     ASSAY_E_NOMEM,
     "memory"},
    {"an offer without a domain",
     TERMS("exact", "eip155:1", "1", TIMEOUT, ""),
     {0},
     ASSAY_E_MISSING,
     "name"},
    {"an offer of another method",
     TERMS("exact", "eip155:1", "1", TIMEOUT,
           ",\"extra\":{\"assetTransferMethod\":\"permit2\",\"name\":\"a\",\"version\":\"1\"}"),
     {0},
     ASSAY_E_UNSUPPORTED,
     "assetTransferMethod"},
    {"an amount that is none",
     TERMS("exact", "eip155:1", "1.5", TIMEOUT, USDC),
     {0},
     ASSAY_E_MALFORMED,
     "amount"},
};

Test(x402_payload, that_cannot_be_signed_is_told)
{
    for (size_t i = 0; i < ARRAY_LEN(unsignable); i++) {
        struct x4p_payload payload = {.json = NULL};
        struct assay_err err = {0};
        struct paying p;

        set_up(&p, unsignable[i].terms);
        p.ask.bend = unsignable[i].bend;
        cr_expect_eq(x4p_payload_make(&payload, &p.ask, &err), unsignable[i].code, "row: %s: %s",
                     unsignable[i].name, err.text);
        cr_expect_not_null(strstr(err.text, unsignable[i].says), "row: %s: %s", unsignable[i].name,
                           err.text);
        cr_expect_null(payload.json, "unchanged");
        assay_arena_fini(&p.arena);
    }
}

/* ---- helpers of hooks ---- */

static const struct {
    const char *number;
    int64_t more;
    const char *sum;
} sums[] = {
    {"1", 1, "2"},
    {"255", 1, "256"},
    {"18446744073709551615", 1, "18446744073709551616"},
    {"18446744073709551616", -1, "18446744073709551615"},
    {"5", -5, "0"},
    {"5", -6, "5"},
    {"9223372036854775808", INT64_MIN, "0"},
    {"115792089237316195423570985008687907853269984665640564039457584007913129639935", 1,
     "115792089237316195423570985008687907853269984665640564039457584007913129639935"},
    {"x", 1, "x"},
};

Test(x402_payload, amounts_are_bent_by_exact_steps)
{
    struct x4p_draft d;
    struct paying p;

    set_up(&p, EVM);
    d = (struct x4p_draft){.ask = &p.ask};
    for (size_t i = 0; i < ARRAY_LEN(sums); i++)
        cr_expect_str_eq(x4p_plus(&d, sums[i].number, sums[i].more), sums[i].sum);
    cr_expect_str_eq(x4p_time(&d, 0), "1740672100");
    cr_expect_str_eq(x4p_time(&d, -INT64_MAX), "0");
    cr_expect_str_eq(x4p_time(&d, INT64_MAX), "9223372036854775807");
    assay_arena_fini(&p.arena);
}

Test(x402_payload, a_flip_changes_one_bit_and_leaves_what_is_no_hex)
{
    json_t *object = json_pack("{s:s, s:s, s:i}", "hex", "0xA0", "word", "0xg0", "number", 5);

    x4p_flip(object, "hex", 0);
    cr_expect_str_eq(json_string_value(json_object_get(object, "hex")), "0xb0");
    x4p_flip(object, "hex", 7);
    cr_expect_str_eq(json_string_value(json_object_get(object, "hex")), "0xb8");
    x4p_flip(object, "hex", 8);
    x4p_flip(object, "word", 0);
    x4p_flip(object, "number", 0);
    x4p_flip(object, "absent", 0);
    cr_expect_str_eq(json_string_value(json_object_get(object, "hex")), "0xb8");
    cr_expect_str_eq(json_string_value(json_object_get(object, "word")), "0xg0");
    json_decref(object);
}

/* ---- an honest facilitator ---- */

static const struct {
    const char *name, *terms;
    struct x4p_bend bend;
    const char *reason;
} refusals[] = {
    {"honest", EVM, {0}, NULL},
    {"a unit less", EVM, {.sign = less}, "invalid_exact_evm_payload_authorization_value_mismatch"},
    {"another signature", EVM, {.payload = flip_signature}, "invalid_exact_evm_payload_signature"},
    {"opaque", TERMS("exact", "x:1", "1", "", ""), {.sign = less}, NULL},
};

Test(x402_payload, is_refused_by_an_honest_facilitator_for_a_reason_of_the_text)
{
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct x402_request request = {.doc = NULL};
        struct x4p_payload payload;
        struct assay_json doc;
        struct paying p;
        const char *reason;

        set_up(&p, refusals[i].terms);
        p.ask.bend = refusals[i].bend;
        payload = made(&p);
        doc = doc_of_value(&p.arena, payload.json);
        request.doc = &p.offer;
        request.requirements = p.terms;
        request.payment = (struct x402_payment){.doc = &doc, .payload = 0};
        reason = x4p_refusal(&request, NOW_MS);
        cr_expect_eq(reason == NULL, refusals[i].reason == NULL, "row: %s", refusals[i].name);
        if (reason != NULL && refusals[i].reason != NULL)
            cr_expect_str_eq(reason, refusals[i].reason);
        json_decref(payload.json);
        assay_arena_fini(&p.arena);
    }
}
