/* Every seeded defect of what a facilitator settles shows in virtual time: what holds of the
 * correct core does not hold with the defect switched on. See defects/x402.def and x402_shared.def;
 * those of the network's side are in harness/tests/test_facilitator_defects.c. */
#include "ref/tests/kx_sold.h"

#include "base/base64.h"
#include "defects/defects.h"

#include <criterion/criterion.h>

static struct shop s;
static struct sold_list list;

static json_t *payment_of(const char *nonce)
{
    return sold_payment_for(&s, &(struct shop_ask){0}, nonce);
}

static struct shop_reply send_nonce(const char *nonce)
{
    return sold_send(&s, sold_pay(&s, nonce));
}

static struct shop_reply send_json(json_t *payment)
{
    return sold_send(&s, sold_header(&s, payment));
}

static struct shop_reply send_text(const char *text)
{
    struct assay_buf header = ASSAY_BUF_INIT(1 << 20);
    struct shop_reply reply;

    assay_base64_encode(&header, ASSAY_BASE64_STD, assay_str(text));
    reply = sold_send(&s, assay_buf_cstr(&header));
    assay_buf_fini(&header);
    return reply;
}

/* A payment as text, with more at its beginning. */
static struct shop_reply send_with(const char *more)
{
    json_t *payment = payment_of("1");
    char *text = json_dumps(payment, JSON_COMPACT);
    struct assay_buf longer = ASSAY_BUF_INIT(1 << 20);
    struct shop_reply reply;

    assay_buf_printf(&longer, "{%s,%s", more, text + 1);
    reply = send_text(assay_buf_cstr(&longer));
    assay_buf_fini(&longer);
    free(text);
    json_decref(payment);
    return reply;
}

static bool is_unasked(struct shop_reply reply)
{
    return reply.status >= 400 && s.verify_calls + s.settle_calls + s.runs == 0;
}

static bool is_status(struct shop_reply reply, int status)
{
    return reply.status == status;
}

/* Of the first offer. */
static json_t *offered(const char *member)
{
    json_t *accepts = json_object_get(sold_challenge(&s).offer, "accepts");

    return json_object_get(json_array_get(accepts, 0), member);
}

/* ---- what the facilitator lists ---- */

static bool offers_no_listed_kind(void)
{
    list.kinds[1] = sold_kind("exact", "eip155:1");
    list.supported.kind_count = 2;
    return sold_offers(&s) == 1;
}

static bool offers_no_unlisted_kind(void)
{
    return sold_offers(&s) == 1;
}

static bool offers_nothing_without_settlement(void)
{
    list.kinds[0].modes = X402_MODE_VERIFY;
    list.kinds[0].modes_state = X402_MODES_KNOWN;
    list.kinds[1] = sold_kind("exact", "solana:devnet");
    list.supported.kind_count = 2;
    return sold_offers(&s) == 1;
}

static bool offers_its_own_terms(void)
{
    static struct assay_json doc;

    cr_assert_eq(x402_document_parse(&doc, &s.arena,
                                     ASSAY_LIT("{\"asset\":\"0xdead\",\"name\":\"other\"}"), true,
                                     NULL),
                 ASSAY_OK);
    list.kinds[0].doc = &doc;
    list.kinds[0].extra = 0;
    return sold_offers(&s) == 1 &&
           strcmp(json_string_value(json_object_get(offered("extra"), "name")), "USDC") == 0;
}

static bool asks_for_no_other_amount(void)
{
    json_t *payment = payment_of("1");

    (void)json_object_set_new(json_object_get(payment, "accepted"), "amount", json_string("1"));
    return is_unasked(send_json(payment));
}

/* ---- what its answers mean ---- */

static bool runs_nothing_that_was_refused(void)
{
    s.verified = sold_word(KX_WORD_NO);
    return is_status(send_nonce("1"), 402) && s.runs == 0;
}

static bool runs_nothing_that_is_unverified(void)
{
    s.verified = sold_word(KX_WORD_LOST);
    (void)send_nonce("1");
    return s.runs == 0;
}

static bool blames_no_payer(void)
{
    s.verified = sold_word(KX_WORD_LOST);
    return is_status(send_nonce("1"), 500);
}

static bool serves_nothing_that_was_not_settled(void)
{
    s.settled[0] = sold_word(KX_WORD_NO);
    return is_status(send_nonce("1"), 402);
}

static bool serves_nothing_that_is_pending(void)
{
    s.settled[0] = s.settled[1] = sold_word(KX_WORD_PENDING);
    return is_status(send_nonce("1"), 503);
}

static bool settles_before_it_answers(void)
{
    (void)send_nonce("1");
    return s.settle_calls == 1;
}

static bool settles_what_is_streamed_before_it_answers(void)
{
    s.result.headers[0] = (struct kx_field){ASSAY_LIT("transfer-encoding"), ASSAY_LIT("chunked")};
    s.result.header_count = 1;
    (void)send_nonce("1");
    return s.settle_calls == 1;
}

static bool keeps_the_body_of_what_failed(void)
{
    s.settled[0] = sold_word(KX_WORD_NO);
    return strstr(send_nonce("1").body, "<p>sun") == NULL;
}

static bool tells_of_a_failure(void)
{
    s.settled[0] = sold_word(KX_WORD_NO);
    return send_nonce("1").settlement != NULL;
}

static bool tells_of_no_failure_that_is_none(void)
{
    s.settled[0] = sold_word(KX_WORD_LOST);
    return is_status(send_nonce("1"), 503);
}

static bool believes_no_denial_that_may_have_moved(void)
{
    s.settled[0] = sold_word(KX_WORD_NO);
    s.settled[0].may_have_moved = true;
    return is_status(send_nonce("1"), 503);
}

static bool keeps_what_is_in_doubt(void)
{
    const char *payment = sold_pay(&s, "1");

    s.settled[0] = sold_word(KX_WORD_LOST);
    (void)sold_send(&s, payment);
    (void)sold_send(&s, payment);
    return s.runs == 1;
}

static bool asks_once_for_what_is_in_doubt(void)
{
    s.settled[0] = sold_word(KX_WORD_LOST);
    (void)send_nonce("1");
    return s.settle_calls == 1;
}

static bool waits_for_what_is_pending(void)
{
    s.settled[0] = sold_word(KX_WORD_PENDING);
    return is_status(send_nonce("1"), 200);
}

static bool asks_twice_with_the_same_bytes(void)
{
    struct shop_errand *e;
    const char *first = NULL;
    bool is_same;

    s.settled[0] = sold_word(KX_WORD_PENDING);
    e = shop_begin(&s, &(struct shop_ask){.payment = sold_pay(&s, "1")});
    while (shop_step(e))
        if (first == NULL && s.settle_calls == 1)
            first = s.asked;
    is_same = first != NULL && s.settle_calls == 2 && strcmp(first, s.asked) == 0;
    (void)shop_end(e);
    return is_same;
}

static bool keeps_the_verified_payer(void)
{
    const char *payment = sold_pay(&s, "1");

    s.settled[0] = sold_word(KX_WORD_LOST);
    s.settled[1].payer = ASSAY_LIT("0xsomebody");
    (void)sold_send(&s, payment);
    return is_status(sold_send(&s, payment), 503);
}

static bool reads(const char *text)
{
    struct x402_verified verified;
    struct assay_json doc;

    cr_assert_eq(x402_document_parse(&doc, &s.arena, assay_str(text), true, NULL), ASSAY_OK);
    return x402_verified_read(&verified, &s.arena, &doc, NULL) == X402_FAULT_NONE;
}

static bool takes_no_text_for_true(void)
{
    return !reads("{\"isValid\":\"true\"}") && !reads("{\"isValid\":1}");
}

static bool takes_nothing_for_no_answer(void)
{
    return !reads("{}") && !reads("{\"isValid\":null}");
}

/* ---- what a payment buys ---- */

static bool settles_nothing_for_a_failure(void)
{
    s.result.status = 500;
    (void)send_nonce("1");
    return s.settle_calls == 0;
}

static bool settles_nothing_for_a_refusal(void)
{
    s.result.status = 404;
    (void)send_nonce("1");
    return s.settle_calls == 0;
}

static bool remembers_what_has_bought(void)
{
    const char *payment = sold_pay(&s, "1");

    (void)sold_send(&s, payment);
    s.random++;
    (void)sold_send(&s, payment);
    return s.verify_calls == 1 && s.settle_calls == 1;
}

/* All of them on their way at once, a step each in turn. */
static void send_together(const char *const *payments, size_t count)
{
    struct shop_errand *errands[4];
    bool any = true;

    for (size_t i = 0; i < count; i++)
        errands[i] = shop_begin(&s, &(struct shop_ask){.payment = payments[i]});
    for (int step = 0; any && step < 80; step++) {
        any = false;
        for (size_t i = 0; i < count; i++)
            any = shop_step(errands[i]) || any;
    }
    for (size_t i = 0; i < count; i++)
        (void)shop_end(errands[i]);
}

static bool settles_once_for_all_copies(void)
{
    const char *payment = sold_pay(&s, "1");
    const char *const copies[] = {payment, payment, payment, payment};

    send_together(copies, ARRAY_LEN(copies));
    return s.settle_calls == 1;
}

static bool runs_once_for_all_copies(void)
{
    const char *payment = sold_pay(&s, "1");
    const char *const copies[] = {payment, payment, payment, payment};

    send_together(copies, ARRAY_LEN(copies));
    return s.runs == 1;
}

static bool sells_nothing_else_for_it(void)
{
    const char *payment = sold_pay(&s, "1");

    (void)sold_send(&s, payment);
    return is_status(
        shop_send(&s, &(struct shop_ask){.target = "/report?other=1", .payment = payment}), 409);
}

/* The facilitator tells of the transaction again. */
static bool knows_what_was_authorised(void)
{
    json_t *payment = payment_of("ab");
    json_t *authorized = json_object_get(json_object_get(payment, "payload"), "authorization");

    s.settles_anew = false;
    (void)send_nonce("ab");
    (void)json_object_set_new(authorized, "of-the-payer", json_true());
    (void)send_json(payment);
    return s.runs == 1;
}

static bool serves_a_transaction_once(void)
{
    s.settles_anew = false;
    (void)send_nonce("1");
    return is_status(send_nonce("2"), 409);
}

static bool compares_the_resource(void)
{
    json_t *payment = payment_of("1");

    (void)json_object_set_new(payment, "resource",
                              json_pack("{s:s}", "url", SHOP_URL "/elsewhere"));
    return is_unasked(send_json(payment));
}

/* ---- any server ---- */

static bool takes_no_version(int version)
{
    json_t *payment = payment_of("1");

    (void)json_object_set_new(payment, "x402Version", json_integer(version));
    return is_unasked(send_json(payment));
}

static bool takes_no_older_version(void)
{
    return takes_no_version(1);
}

static bool takes_no_later_version(void)
{
    return takes_no_version(3);
}

static bool offers_amounts_as_texts(void)
{
    return json_is_string(offered("amount"));
}

static bool asks_for_an_identifier(void)
{
    const char *payment = sold_pay(&s, "1");

    s.core.asks_identifier = true;
    return is_status(sold_send(&s, payment), 400);
}

static bool knows_no_test_payment(void)
{
    json_t *payment = payment_of("1");

    s.verified = sold_word(KX_WORD_NO);
    (void)json_object_set_new(json_object_get(payment, "payload"), "signature",
                              json_string("0x0000"));
    (void)send_json(payment);
    return s.runs == 0;
}

static bool runs_nothing_for(const struct shop_ask *ask)
{
    (void)shop_send(&s, ask);
    return s.runs == 0;
}

static bool runs_nothing_for_head(void)
{
    return runs_nothing_for(&(struct shop_ask){.method = "HEAD"});
}

static bool runs_nothing_for_a_spelling(void)
{
    return runs_nothing_for(&(struct shop_ask){.target = "/./report"});
}

static bool runs_nothing_unpaid(void)
{
    return runs_nothing_for(&(struct shop_ask){0});
}

static bool runs_nothing_for_no_payment(void)
{
    return runs_nothing_for(&(struct shop_ask){.payment = "%%%"});
}

static bool runs_nothing_for_the_older_header(void)
{
    return runs_nothing_for(&(struct shop_ask){.legacy = "anything"});
}

static bool offers_in_the_header(void)
{
    return sold_challenge(&s).offer != NULL;
}

static bool forbids_to_keep(void)
{
    return sold_challenge(&s).no_store;
}

static bool forbids_to_keep_what_was_paid(void)
{
    return send_nonce("1").no_store;
}

static bool drops_what_the_handler_says_of_caches(void)
{
    struct shop_reply reply;

    s.result.headers[0] =
        (struct kx_field){ASSAY_LIT("Cache-Control"), ASSAY_LIT("public, max-age=60")};
    s.result.header_count = 1;
    reply = send_nonce("1");
    for (size_t i = 0; i < reply.header_count; i++)
        if (assay_bytes_is(reply.headers[i].name, "Cache-Control"))
            return false;
    return true;
}

static bool believes_no_host(void)
{
    return is_status(shop_send(&s, &(struct shop_ask){.host = "elsewhere.test"}), 400);
}

static bool takes_no_first_of_two(void)
{
    struct assay_buf two = ASSAY_BUF_INIT(1 << 20);
    bool is_refused;

    assay_buf_printf(&two, "%s, e30=", sold_pay(&s, "1"));
    is_refused = is_unasked(sold_send(&s, assay_buf_cstr(&two)));
    assay_buf_fini(&two);
    return is_refused;
}

static bool takes_no_member_twice(void)
{
    return is_unasked(send_with("\"x402Version\":1"));
}

static bool takes_no_spaces(void)
{
    struct assay_buf spaced = ASSAY_BUF_INIT(1 << 20);
    const char *payment = sold_pay(&s, "1");
    bool is_refused;

    assay_buf_printf(&spaced, "%.8s %s", payment, payment + 8);
    is_refused = is_unasked(sold_send(&s, assay_buf_cstr(&spaced)));
    assay_buf_fini(&spaced);
    return is_refused;
}

/* ---- identifiers ---- */

#define IDENTIFIER "an_identifier_of_the_payer"

static const char *identified(const char *nonce, const char *id)
{
    json_t *payment = payment_of(nonce);

    sold_identify(&s, payment, id);
    return sold_header(&s, payment);
}

static bool takes_no_short_identifier(void)
{
    return is_unasked(sold_send(&s, identified("1", "abc")));
}

static bool compares_what_was_advertised(void)
{
    json_t *payment = payment_of("1"), *extension;

    sold_identify(&s, payment, IDENTIFIER);
    extension = json_object_get(json_object_get(payment, "extensions"), "payment-identifier");
    (void)json_object_set_new(extension, "schema", json_pack("{s:s}", "type", "object"));
    return is_unasked(send_json(payment));
}

static bool takes_what_a_payer_adds(void)
{
    json_t *payment = payment_of("1");

    sold_identify(&s, payment, IDENTIFIER);
    (void)json_object_set_new(json_object_get(payment, "extensions"), "of-the-payer",
                              json_pack("{s:{}, s:{}}", "info", "schema"));
    return is_status(send_json(payment), 200);
}

static bool runs_once_for_retries(void)
{
    const char *payment = identified("1", IDENTIFIER);

    (void)sold_send(&s, payment);
    (void)sold_send(&s, payment);
    return s.runs == 1;
}

static bool gives_no_answer_for_another_payment(void)
{
    (void)sold_send(&s, identified("1", IDENTIFIER));
    return is_status(sold_send(&s, identified("2", IDENTIFIER)), 409);
}

static bool runs_once_for_an_identifier(void)
{
    const char *const payments[] = {identified("1", IDENTIFIER), identified("2", IDENTIFIER)};

    send_together(payments, ARRAY_LEN(payments));
    return s.runs == 1;
}

static bool gives_no_answer_elsewhere(void)
{
    const char *payment = identified("1", IDENTIFIER);

    (void)sold_send(&s, payment);
    return is_status(
        shop_send(&s, &(struct shop_ask){.target = "/report?other=1", .payment = payment}), 409);
}

static bool keeps_the_receipt(void)
{
    const char *payment = identified("1", IDENTIFIER);

    (void)sold_send(&s, payment);
    return sold_send(&s, payment).settlement != NULL;
}

static bool gives_a_receipt(void)
{
    return send_nonce("1").settlement != NULL;
}

/* ---- each of them, without its defect and with it ---- */

static const struct {
    const char *defect;
    bool (*holds)(void);
} probes[] = {
    {"facilitator.kinds_union", offers_no_listed_kind},
    {"facilitator.list_ignored", offers_no_unlisted_kind},
    {"facilitator.modes_widened", offers_nothing_without_settlement},
    {"facilitator.assets_widened", offers_its_own_terms},
    {"facilitator.extra_of_facilitator", offers_its_own_terms},
    {"facilitator.requirements_of_client", asks_for_no_other_amount},
    {"facilitator.verify_skipped", runs_nothing_that_was_refused},
    {"facilitator.verify_failure_open", runs_nothing_that_is_unverified},
    {"facilitator.truthy", takes_no_text_for_true},
    {"facilitator.missing_is_yes", takes_nothing_for_no_answer},
    {"facilitator.unreachable_blamed", blames_no_payer},
    {"facilitator.payer_unchecked", keeps_the_verified_payer},
    {"facilitator.success_false_served", serves_nothing_that_was_not_settled},
    {"facilitator.pending_served", serves_nothing_that_is_pending},
    {"facilitator.served_before_settle", settles_before_it_answers},
    {"facilitator.stream_passed_on", settles_what_is_streamed_before_it_answers},
    {"facilitator.failed_body_sent", keeps_the_body_of_what_failed},
    {"facilitator.failure_unreceipted", tells_of_a_failure},
    {"facilitator.unknown_as_failed", tells_of_no_failure_that_is_none},
    {"facilitator.denial_believed", believes_no_denial_that_may_have_moved},
    {"facilitator.released_on_error", keeps_what_is_in_doubt},
    {"facilitator.settled_twice", asks_once_for_what_is_in_doubt},
    {"facilitator.pending_as_failed", waits_for_what_is_pending},
    {"facilitator.pending_new_bytes", asks_twice_with_the_same_bytes},
    {"facilitator.settle_first", settles_nothing_for_a_failure},
    {"facilitator.failure_settled", settles_nothing_for_a_refusal},
    {"facilitator.memory_of_facilitator", remembers_what_has_bought},
    {"facilitator.verify_race", settles_once_for_all_copies},
    {"facilitator.handler_each", runs_once_for_all_copies},
    {"facilitator.resource_unbound", sells_nothing_else_for_it},
    {"facilitator.named_by_text", knows_what_was_authorised},
    {"facilitator.transaction_spent_again", serves_a_transaction_once},
    {"x402.version.1_unmatched", takes_no_older_version},
    {"x402.version.any", takes_no_later_version},
    {"x402.offer.unmatched", asks_for_no_other_amount},
    {"x402.offer.amount_as_number", offers_amounts_as_texts},
    {"x402.identifier.optional", asks_for_an_identifier},
    {"x402.resource.unchecked", compares_the_resource},
    {"x402.unpaid.backdoor", knows_no_test_payment},
    {"x402.unpaid.head_runs", runs_nothing_for_head},
    {"x402.unpaid.path_spelling", runs_nothing_for_a_spelling},
    {"x402.unpaid.runs_before_paid", runs_nothing_unpaid},
    {"x402.unpaid.malformed_served", runs_nothing_for_no_payment},
    {"x402.unpaid.legacy_header", runs_nothing_for_the_older_header},
    {"x402.http.challenge_without_header", offers_in_the_header},
    {"x402.http.cacheable", forbids_to_keep_what_was_paid},
    {"x402.http.challenge_cacheable", forbids_to_keep},
    {"x402.http.handler_cache_control", drops_what_the_handler_says_of_caches},
    {"x402.http.host_believed", believes_no_host},
    {"x402.http.first_of_two", takes_no_first_of_two},
    {"x402.http.members_twice", takes_no_member_twice},
    {"x402.http.lenient_base64", takes_no_spaces},
    {"x402.identifier.any_form", takes_no_short_identifier},
    {"x402.identifier.echo_unchecked", compares_what_was_advertised},
    {"x402.extensions.unknown_refused", takes_what_a_payer_adds},
    {"x402.identifier.reruns", runs_once_for_retries},
    {"x402.identifier.unbound", gives_no_answer_for_another_payment},
    {"x402.identifier.unreserved", runs_once_for_an_identifier},
    {"x402.identifier.across", gives_no_answer_elsewhere},
    {"x402.identifier.receipt_lost", keeps_the_receipt},
    {"x402.http.no_receipt", gives_a_receipt},
};

static void open_shop(const char *defect)
{
    sold_open(&s, &list);
    if (defect != NULL)
        cr_assert_eq(ref_defect_switch_on(assay_str(defect), NULL), ASSAY_OK, "%s", defect);
}

static void close_shop(void)
{
    ref_defect_all_off();
    shop_close(&s);
}

Test(kx_facilitated_defects, break_what_holds_without_them)
{
    for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
        open_shop(NULL);
        cr_expect(probes[i].holds(), "%s: does not hold without it: %s", probes[i].defect,
                  shop_log(&s));
        close_shop();
        open_shop(probes[i].defect);
        cr_expect_not(probes[i].holds(), "%s: does not show: %s", probes[i].defect, shop_log(&s));
        close_shop();
    }
}

static bool is_at(const struct ref_defect *defect, const char *folder)
{
    return strncmp(defect->place, folder, strlen(folder)) == 0;
}

static bool is_of_core(const struct ref_defect *defect)
{
    return strcmp(defect->profile, "x402") == 0 && !is_at(defect, "ref/net/") &&
           !is_at(defect, "ref/server/");
}

/* Of a shop with a key: in test_kx_signed.c, which looks for all of them. */
static bool is_of_signing(const struct ref_defect *defect)
{
    return is_at(defect, "ref/core/kx_facilitated_signed.c") ||
           is_at(defect, "ref/x402/offer_receipt.c");
}

/* Proved under the ids of kaspa-x402, which has their flags: test_x402_mcp.c, test_kx_mcp.c, and of
 * what a facilitator settles test_kx_facilitated.c. */
static bool is_of_tools(const struct ref_defect *defect)
{
    return strcmp(defect->threat, "mcp-result") == 0;
}

/* Here, or in test_x402_defects.c. */
static bool is_probed(const char *id)
{
    static const char *const elsewhere[] = {"x402.http.ascii_only", "x402.http.large_is_error",
                                            "x402.http.query_in_page", "x402.offer.unstable",
                                            "x402.unpaid.test_word"};

    for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++)
        if (strcmp(elsewhere[i], id) == 0)
            return true;
    for (size_t i = 0; i < ARRAY_LEN(probes); i++)
        if (strcmp(probes[i].defect, id) == 0)
            return true;
    return false;
}

Test(kx_facilitated_defects, are_all_looked_for)
{
    for (int i = 0; i < REF_DEFECT__COUNT; i++) {
        const struct ref_defect *defect = ref_defect_at((enum ref_defect_id)i);

        if (is_of_core(defect) && !is_of_tools(defect) && !is_of_signing(defect))
            cr_expect(is_probed(defect->id), "%s is in no table here", defect->id);
    }
}

/* A defect is a wrong turn, not a broken server. */
Test(kx_facilitated_defects, leave_the_honest_payment_alone)
{
    static const char *const unpayable[] = {
        "x402.offer.amount_as_number", "x402.http.challenge_without_header", "x402.offer.unstable"};

    for (int i = 0; i < REF_DEFECT__COUNT; i++) {
        const struct ref_defect *defect = ref_defect_at((enum ref_defect_id)i);
        bool is_payable = is_of_core(defect);

        for (size_t j = 0; j < ARRAY_LEN(unpayable); j++)
            is_payable = is_payable && strcmp(defect->id, unpayable[j]) != 0;
        if (!is_payable)
            continue;
        open_shop(defect->id);
        cr_expect(is_status(send_nonce("1"), 200), "%s: %s", defect->id, shop_log(&s));
        close_shop();
    }
}
