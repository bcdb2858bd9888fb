/* What the core signs of offers and settlements (extension offer-receipt), what it makes of signed
 * offers that come back, and that each seeded defect of both shows. See defects/x402.def. */
#include "ref/tests/kx_sold.h"

#include "defects/defects.h"
#include "x402/offer_receipt.h"

#include <criterion/criterion.h>

#define OTHER_NETWORK "eip155:421614"

static const struct kx_facilitated_kind kinds[] = {
    {"exact", SOLD_NETWORK, SOLD_ASSET, SOLD_PAYEE, SOLD_EXTRA},
    {"exact", "solana:devnet", "mint", "payee", NULL},
    {"exact", OTHER_NETWORK, SOLD_ASSET, SOLD_PAYEE, SOLD_EXTRA},
};

static struct shop s;
static struct sold_list list;
static struct assay_key key, other_key;
static struct kx_facilitated_core facilitated;

static void make_key(struct assay_key *out, uint8_t last)
{
    uint8_t secret[32] = {0};

    secret[31] = last;
    cr_assert_eq(assay_key_init(out, secret), ASSAY_OK);
}

/* All of the kinds are listed. */
static void open_shop(void)
{
    sold_open(&s, &list);
    make_key(&key, 1);
    make_key(&other_key, 2);
    facilitated = (struct kx_facilitated_core){kinds, ARRAY_LEN(kinds), &key};
    s.core.facilitated = &facilitated;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        list.kinds[i] = sold_kind(kinds[i].scheme, kinds[i].network);
    list.supported.kind_count = ARRAY_LEN(kinds);
}
static void close_shop(void)
{
    ref_defect_all_off();
    shop_close(&s);
}
TestSuite(kx_signed, .init = open_shop, .fini = close_shop);

static json_t *extension_of(json_t *envelope)
{
    return json_object_get(json_object_get(envelope, "extensions"), X402_OFFER_RECEIPT);
}

static json_t *info_of(json_t *envelope, const char *member)
{
    return json_object_get(json_object_get(extension_of(envelope), "info"), member);
}

static struct assay_json *doc_of(json_t *value)
{
    struct assay_json *doc = assay_arena_alloc(&s.arena, sizeof(*doc));
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    cr_assert_eq(
        x402_document_parse(doc, &s.arena, assay_arena_copy(&s.arena, assay_str(text)), true, NULL),
        ASSAY_OK);
    free(text);
    return doc;
}

static bool is_by(const struct evm_address *signer, const struct assay_key *by)
{
    struct evm_address address;

    return evm_address_of_key(&address, by) == ASSAY_OK && evm_address_equal(signer, &address);
}

/* ---- offers ---- */

static json_t *signed_offers(void)
{
    return info_of(sold_challenge(&s).offer, "offers");
}

/* The signed offer of that place, read. */
static bool read_offer(struct x402_signed_offer *out, size_t at)
{
    return x402_offer_read(out, &s.arena, doc_of(json_array_get(signed_offers(), at)), 0, NULL) ==
           X402_FAULT_NONE;
}

static bool is_entry(const struct x402_signed_offer *offer, size_t at)
{
    json_t *accepts = json_object_get(sold_challenge(&s).offer, "accepts");
    struct x402_terms terms;

    return x402_terms_read(&terms, &s.arena, doc_of(json_array_get(accepts, at)), 0, NULL) ==
               X402_FAULT_NONE &&
           x402_offer_is_of(offer, &terms);
}

Test(kx_signed, offers_on_networks_of_eip155_are_signed_and_no_others)
{
    json_t *offers = signed_offers();

    cr_assert_eq(json_array_size(offers), 2);
    for (size_t i = 0; i < 2; i++) {
        size_t entry = 2 * i; /* of the second network nothing is signed */
        json_t *index = json_object_get(json_array_get(offers, i), "acceptIndex");
        struct x402_signed_offer offer;

        cr_assert(read_offer(&offer, i));
        cr_expect(is_entry(&offer, entry), "offer %zu", i);
        cr_expect(is_by(&offer.signer, &key));
        cr_expect_eq((size_t)json_integer_value(index), entry);
        cr_expect(assay_bytes_is(offer.resource_url, SHOP_URL "/report"));
        cr_expect_eq(offer.valid_until, (uint64_t)(s.now_ms + s.core.challenge_ms) / 1000);
    }
}

/* What the server settles itself stands before them. */
Test(kx_signed, index_counts_the_servers_own_entries)
{
    struct shop own;
    json_t *index;

    shop_open(&own);
    memcpy(s.core.pay_to, own.core.pay_to, sizeof(s.core.pay_to));
    shop_close(&own);
    index = json_object_get(json_array_get(signed_offers(), 0), "acceptIndex");
    cr_expect_eq(json_integer_value(index), 1);
}

Test(kx_signed, nothing_is_signed_where_there_is_nothing_to_sign)
{
    facilitated.offer_key = NULL;
    cr_expect_null(extension_of(sold_challenge(&s).offer), "without a key");
    facilitated.offer_key = &key;
    list.kinds[0] = list.kinds[1];
    list.supported.kind_count = 1;
    cr_expect_null(extension_of(sold_challenge(&s).offer), "without an entry on eip155");
}

Test(kx_signed, key_is_refused_where_nothing_can_be_signed)
{
    struct assay_err err = {0};

    cr_expect_eq(kx_core_check(&s.core, &err), ASSAY_OK, "%s", err.text);
    facilitated.kinds = &kinds[1];
    facilitated.kind_count = 1;
    cr_expect_eq(kx_core_check(&s.core, &err), ASSAY_E_RANGE);
    cr_expect_not_null(strstr(err.text, "eip155"), "%s", err.text);
}

/* ---- receipts ---- */

/* A payment by that entry. */
static const char *pay_by(size_t entry, const char *nonce)
{
    json_t *accepts = json_object_get(sold_challenge(&s).offer, "accepts");
    json_t *payment = sold_payment_for(&s, &(struct shop_ask){0}, nonce);

    (void)json_object_set(payment, "accepted", json_array_get(accepts, entry));
    return sold_header(&s, payment);
}

static bool read_receipt(struct x402_signed_receipt *out, struct shop_reply reply)
{
    json_t *receipt = info_of(reply.settlement, "receipt");

    return receipt != NULL &&
           x402_receipt_read(out, &s.arena, doc_of(receipt), 0, NULL) == X402_FAULT_NONE;
}

static const char *transaction_of(struct shop_reply reply)
{
    return json_string_value(json_object_get(reply.settlement, "transaction"));
}

Test(kx_signed, receipt_is_of_the_settlement)
{
    static const char *const networks[] = {SOLD_NETWORK, OTHER_NETWORK};

    for (size_t entry = 0; entry < 3; entry += 2) {
        struct shop_reply reply = sold_send(&s, pay_by(entry, entry == 0 ? "1" : "2"));
        struct x402_signed_receipt receipt;

        cr_assert(read_receipt(&receipt, reply), "entry %zu", entry);
        cr_expect(is_by(&receipt.signer, &key));
        cr_expect(assay_bytes_is(receipt.network, networks[entry / 2]));
        cr_expect(assay_bytes_is(receipt.payer, SOLD_PAYER));
        cr_expect(assay_bytes_is(receipt.transaction, transaction_of(reply)));
        cr_expect(assay_bytes_is(receipt.resource_url, SHOP_URL "/report"));
        cr_expect_eq(receipt.issued_at, (uint64_t)s.now_ms / 1000);
    }
}

/* Whoever is verified, and not told of again, is known all the same; who is told of never is not
 * made up. */
Test(kx_signed, receipt_names_a_payer_that_was_told)
{
    struct x402_signed_receipt receipt;

    s.settled[0].payer = s.settled[1].payer = ASSAY_LIT("");
    cr_assert(read_receipt(&receipt, sold_send(&s, pay_by(0, "1"))));
    cr_expect(assay_bytes_is(receipt.payer, SOLD_PAYER));
    s.verified.payer = ASSAY_LIT("");
    cr_expect_null(extension_of(sold_send(&s, pay_by(0, "2")).settlement));
}

/* A facilitator may write what it likes: nobody goes without what he has paid for. */
Test(kx_signed, what_cannot_be_signed_is_delivered_without_a_receipt)
{
    static const size_t lens[] = {X402_STRING_MAX_BYTES + 1, 3 * X402_STRING_MAX_BYTES};

    for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
        uint8_t *long_text = assay_arena_alloc(&s.arena, lens[i]);
        struct shop_reply reply;

        memset(long_text, 'a', lens[i]);
        s.settled[0].payer = s.settled[1].payer = s.verified.payer =
            assay_bytes_of(long_text, lens[i]);
        reply = sold_send(&s, pay_by(0, i == 0 ? "1" : "2"));
        cr_expect_eq(reply.status, 200, "%d %s", reply.status, reply.body);
        cr_expect_null(extension_of(reply.settlement));
    }
}

Test(kx_signed, no_receipt_is_given_for_what_cannot_be_signed_or_was_not_settled)
{
    cr_expect_null(extension_of(sold_send(&s, pay_by(1, "1")).settlement), "on solana:devnet");
    s.settled[0] = s.settled[1] = sold_word(KX_WORD_NO);
    cr_expect_null(extension_of(sold_send(&s, pay_by(0, "2")).settlement), "of a failure");
}

/* A copy that ends a settlement later writes what the first one would have. */
Test(kx_signed, retries_are_given_one_receipt)
{
    const char *payment = pay_by(0, "1");
    const struct shop_ask ask = {.payment = payment};
    struct shop_errand *first = shop_begin(&s, &ask);
    struct x402_signed_receipt one, other;

    while (s.settle_calls == 0)
        cr_assert(shop_step(first)); /* and then it is on its way for long */
    s.now_ms += 5000;
    cr_assert(read_receipt(&one, shop_send(&s, &ask)));
    while (shop_step(first))
        continue;
    cr_assert(read_receipt(&other, shop_end(first)));
    cr_expect_eq(one.issued_at, other.issued_at);
    cr_assert(read_receipt(&other, shop_send(&s, &ask)));
    cr_expect_eq(one.issued_at, other.issued_at);
}

/* ---- offers that come back ---- */

static void keep(json_t *offers)
{
    (void)offers;
}
static void lower_amount(json_t *offers)
{
    json_t *payload = json_object_get(json_array_get(offers, 0), "payload");

    (void)json_object_set_new(payload, "amount", json_string("1"));
}
static void lengthen(json_t *offers)
{
    json_t *payload = json_object_get(json_array_get(offers, 0), "payload");

    (void)json_object_set_new(payload, "validUntil", json_integer(0));
}
static void swap_signatures(json_t *offers)
{
    (void)json_object_set(json_array_get(offers, 0), "signature",
                          json_object_get(json_array_get(offers, 1), "signature"));
}
static void leave_out_the_accepted(json_t *offers)
{
    (void)json_array_remove(offers, 0);
}
static void leave_out_another(json_t *offers)
{
    (void)json_array_remove(offers, 1);
}
static void repeat(json_t *offers)
{
    while (json_array_size(offers) <= X402_ACCEPTS_MAX_ITEMS)
        (void)json_array_append_new(offers, json_deep_copy(json_array_get(offers, 0)));
}
static void change_index(json_t *offers)
{
    (void)json_object_set_new(json_array_get(offers, 0), "acceptIndex", json_integer(7));
}
static void change_format(json_t *offers)
{
    (void)json_object_set_new(json_array_get(offers, 0), "format", json_string("jws"));
}

static const struct echo {
    const char *name;
    void (*bend)(json_t *offers);
    int status;
} echoes[] = {
    {"as they came", keep, 200},
    {"another amount", lower_amount, 402},
    {"without an end", lengthen, 402},
    {"the signature of another", swap_signatures, 402},
    {"without the accepted one", leave_out_the_accepted, 402},
    {"without one that was not accepted", leave_out_another, 200},
    {"more than there can be", repeat, 402},
    {"another index, which nothing signs", change_index, 200},
    {"in another format", change_format, 402},
};

/* A payment that brings what was advertised; its signed offers are lent to be bent. */
static json_t *echoing(json_t **offers, const char *nonce)
{
    json_t *extension = json_deep_copy(extension_of(sold_challenge(&s).offer));
    json_t *payment = sold_payment_for(&s, &(struct shop_ask){0}, nonce);

    *offers = json_object_get(json_object_get(extension, "info"), "offers");
    (void)json_object_set_new(payment, "extensions",
                              json_pack("{s:o}", X402_OFFER_RECEIPT, extension));
    return payment;
}

static int status_of(json_t *payment)
{
    return sold_send(&s, sold_header(&s, payment)).status;
}

Test(kx_signed, offers_that_come_back_are_those_that_were_signed)
{
    for (size_t i = 0; i < ARRAY_LEN(echoes); i++) {
        const char nonce[] = {(char)('1' + i), '\0'}; /* there are nine */
        json_t *offers, *payment = echoing(&offers, nonce);

        echoes[i].bend(offers);
        cr_expect_eq(status_of(payment), echoes[i].status, "%s", echoes[i].name);
    }
}

static bool is_refused_with(const char *info)
{
    json_t *offers, *payment = echoing(&offers, "1");
    json_t *extension = extension_of(payment);

    (void)json_object_set_new(extension, "info", json_loads(info, 0, NULL));
    return status_of(payment) == 402 && s.verify_calls == 0;
}

Test(kx_signed, what_is_no_list_of_offers_is_refused)
{
    cr_expect(is_refused_with("{}"));
    cr_expect(is_refused_with("[]"));
    cr_expect(is_refused_with("{\"offers\":\"assay\"}"));
    cr_expect(is_refused_with("{\"offers\":[]}"));
    cr_expect(is_refused_with("{\"offers\":[null]}"));
}

/* What it offers is still what is sold. */
Test(kx_signed, offer_that_has_ended_is_known_all_the_same)
{
    json_t *offers, *payment = echoing(&offers, "1");

    s.now_ms += s.core.challenge_ms;
    cr_expect_eq(status_of(payment), 200);
}

Test(kx_signed, offer_of_another_seller_is_none)
{
    json_t *offers, *payment;

    facilitated.offer_key = &other_key;
    payment = echoing(&offers, "1");
    facilitated.offer_key = &key;
    cr_expect_eq(status_of(payment), 402);
}

/* Nobody signs here, so it is an extension of the payer's own. */
Test(kx_signed, offers_are_passed_over_where_none_were_signed)
{
    json_t *offers, *payment = echoing(&offers, "1");

    lower_amount(offers);
    facilitated.offer_key = NULL;
    cr_expect_eq(status_of(payment), 200);
}

Test(kx_signed, offer_is_of_one_resource)
{
    json_t *offers, *payment = echoing(&offers, "1");
    const struct shop_ask elsewhere = {.target = "/report?other=1",
                                       .payment = sold_header(&s, payment)};

    cr_expect_eq(shop_send(&s, &elsewhere).status, 402);
    cr_expect_eq(s.verify_calls, 0);
}

/* ---- defects ---- */

static bool signs_the_entry(void)
{
    struct x402_signed_offer offer;

    return read_offer(&offer, 0) && is_entry(&offer, 0);
}

static bool signs_the_whole_url(void)
{
    struct shop_reply reply = sold_challenge_for(&s, &(struct shop_ask){.target = "/report?a=1"});
    json_t *first = json_array_get(info_of(reply.offer, "offers"), 0);
    struct x402_signed_offer offer;

    return x402_offer_read(&offer, &s.arena, doc_of(first), 0, NULL) == X402_FAULT_NONE &&
           assay_bytes_is(offer.resource_url, SHOP_URL "/report?a=1");
}

static bool signs_for_a_while(void)
{
    struct x402_signed_offer offer;

    return read_offer(&offer, 0) && offer.valid_until > (uint64_t)s.now_ms / 1000;
}

static bool signs_by_its_key(void)
{
    struct x402_signed_offer offer;

    return read_offer(&offer, 1) && is_by(&offer.signer, &key);
}

static bool knows_its_offers(void)
{
    json_t *offers, *payment = echoing(&offers, "1");

    lower_amount(offers);
    return status_of(payment) == 402;
}

static bool gives_no_receipt_of_a_failure(void)
{
    s.settled[0] = sold_word(KX_WORD_NO);
    return extension_of(sold_send(&s, pay_by(0, "1")).settlement) == NULL;
}

static bool receipt_is_right(void)
{
    struct x402_signed_receipt receipt;

    return read_receipt(&receipt, sold_send(&s, pay_by(2, "1"))) && is_by(&receipt.signer, &key) &&
           assay_bytes_is(receipt.payer, SOLD_PAYER) &&
           assay_bytes_is(receipt.network, OTHER_NETWORK) &&
           assay_bytes_is(receipt.transaction, "0xabc");
}

static const struct {
    const char *defect;
    bool (*holds)(void);
} probes[] = {
    {"x402.offer.signed_amount", signs_the_entry},
    {"x402.offer.signed_path", signs_the_whole_url},
    {"x402.offer.signed_ended", signs_for_a_while},
    {"x402.offer.signed_chain", signs_by_its_key},
    {"x402.offer.signed_high_s", signs_by_its_key},
    {"x402.offer.signed_echo_unchecked", knows_its_offers},
    {"x402.receipt.of_failure", gives_no_receipt_of_a_failure},
    {"x402.receipt.payee_as_payer", receipt_is_right},
    {"x402.receipt.first_network", receipt_is_right},
    {"x402.receipt.own_transaction", receipt_is_right},
    {"x402.receipt.offer_domain", receipt_is_right},
};

static void open_with(const char *defect)
{
    close_shop();
    open_shop();
    if (defect != NULL)
        cr_assert_eq(ref_defect_switch_on(assay_str(defect), NULL), ASSAY_OK, "%s", defect);
}

Test(kx_signed, defects_break_what_holds_without_them)
{
    for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
        open_with(NULL);
        cr_expect(probes[i].holds(), "%s: does not hold without it", probes[i].defect);
        open_with(probes[i].defect);
        cr_expect_not(probes[i].holds(), "%s: does not show", probes[i].defect);
    }
}

/* A defect is a wrong turn, not a broken server: who echoes what it has signed is served. */
Test(kx_signed, defects_leave_the_honest_payment_alone)
{
    for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
        json_t *offers;

        open_with(probes[i].defect);
        cr_expect_eq(status_of(echoing(&offers, "1")), 200, "%s", probes[i].defect);
    }
}

Test(kx_signed, defects_are_all_looked_for)
{
    for (int i = 0; i < REF_DEFECT__COUNT; i++) {
        const struct ref_defect *defect = ref_defect_at((enum ref_defect_id)i);
        size_t k = 0;

        if (strncmp(defect->id, "x402.offer.signed_", strlen("x402.offer.signed_")) != 0 &&
            strncmp(defect->id, "x402.receipt.", strlen("x402.receipt.")) != 0)
            continue;
        while (k < ARRAY_LEN(probes) && strcmp(probes[k].defect, defect->id) != 0)
            k++;
        cr_expect_lt(k, ARRAY_LEN(probes), "%s is in no table here", defect->id);
    }
}
