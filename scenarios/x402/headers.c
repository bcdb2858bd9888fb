/* Threat request-desync and what caches keep: the headers around a payment, and those of the
 * answer. */
#include "peer/x402/peer.h"

/* ---- whose resource it is ---- */

static const struct host {
    const char *name;
    struct peer_with with;
} hosts[] = {
    {"Host", {{{"Host", "elsewhere.example"}}}},
    {"X-Forwarded-Host", {{{"X-Forwarded-Host", "elsewhere.example"}}}},
    {"Forwarded", {{{"Forwarded", "host=elsewhere.example;proto=https"}}}},
    {"X-Forwarded-Proto", {{{"X-Forwarded-Proto", "https"}}}},
    {"X-Forwarded-Proto of another kind", {{{"X-Forwarded-Proto", "gopher"}}}},
    {"X-Forwarded-Prefix", {{{"X-Forwarded-Prefix", "/elsewhere"}}}},
    {"X-Original-URL", {{{"X-Original-URL", "/elsewhere"}}}},
};

SCENARIO(resource_is_named_by_the_server,
         .title =
             "The resource's URL in an offer is the server's own, whatever the request says of "
             "its host",
         .threat = "request-desync", .rule = "http.resource-url", .ideas = "X-37",
         .rests_on = PROFILE "/free_route_is_free", .catches = DEFECTS("x402.http.host_believed"),
         .needs = X4P_PAY, TABLE(hosts))
{
    const struct host *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct assay_bytes own = x4p_given_offer(t, want)->required.url;
    const struct peer_answer *answer = peer_send(t, row->name, want, row->with);
    const char *fault = NULL;
    const struct x4p_offer *offer = x4p_offer_of(t, want, answer, &fault);

    expect_refused(t, answer);
    expect(t, offer == NULL || assay_bytes_equal(offer->required.url, own),
           "no offer, or one with the same resource.url as without that header",
           "resource.url is \"%.*s\"", (int)(offer != NULL ? offer->required.url.len : 0),
           offer != NULL ? (const char *)offer->required.url.at : "");
}

/* ---- caches ---- */

static bool holds_word(struct assay_bytes control, struct assay_bytes word)
{
    for (size_t at = 0; at + word.len <= control.len; at++)
        if (assay_bytes_equal_nocase(assay_bytes_part(control, at, at + word.len), word))
            return true;
    return false;
}

/* All of them in one line, as a reader joins them (RFC 9110, section 5.3). */
static struct assay_bytes joined(struct assay_case *t, const struct peer_answer *answer,
                                 const char *name)
{
    const struct http_response *response = &answer->exchange->response;
    struct assay_bytes all = ASSAY_LIT("");

    for (size_t i = 0; peer_status(answer) != 0 && i < response->header_count; i++) {
        const struct http_header *header = &response->headers[i];

        if (!assay_bytes_equal_nocase(assay_str(header->name), assay_str(name)))
            continue;
        all = all.len > 0 ? peer_joined(t, all, ASSAY_LIT(", ")) : all;
        all = peer_joined(t, all, header->value);
    }
    return all;
}

/* What a shared cache may not keep (RFC 9111, section 3); of directives that contradict each other
 * the strictest counts. */
static void expect_uncacheable(struct assay_case *t, const char *what,
                               const struct peer_answer *answer)
{
    struct assay_bytes control = joined(t, answer, "Cache-Control");
    bool is_private =
        holds_word(control, ASSAY_LIT("no-store")) || holds_word(control, ASSAY_LIT("private"));

    if (is_private && holds_word(control, ASSAY_LIT("public")))
        case_observe(t, "a Cache-Control that contradicts itself", "%s: \"%.*s\"", what,
                     (int)control.len, (const char *)control.at);
    expect(t, is_private, "Cache-Control with no-store or private", "%s: status %d with \"%.*s\"",
           what, peer_status(answer), (int)control.len, (const char *)control.at);
}

SCENARIO(challenge_may_not_be_kept_by_a_cache,
         .title = "Neither a challenge nor a refusal may be kept by a shared cache",
         .threat = "unpaid-access", .rule = "http.challenge-no-store", .ideas = "X-38",
         .catches = DEFECTS("x402.http.challenge_cacheable"))
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct peer_with broken = {{{"PAYMENT-SIGNATURE", "e30="}}};

    expect_uncacheable(t, "the challenge", x4p_send(t, "unpaid", want, NULL));
    expect_uncacheable(t, "the refusal", peer_send(t, "no payment", want, broken));
}

SCENARIO(paid_answer_may_not_be_kept_by_a_cache,
         .title = "No paid answer may be kept by a shared cache, neither the first nor its "
                  "repetition",
         .threat = "unpaid-access", .rule = "http.no-store", .ideas = "X-38",
         .catches = DEFECTS("x402.http.cacheable"), .needs = X4P_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);

    expect_uncacheable(t, "the paid answer", x4p_send_until_known(t, "paid", want, paid));
    expect_uncacheable(t, "its repetition", x4p_send(t, "again", want, paid));
}

SCENARIO(handler_cannot_make_it_cacheable,
         .title = "A handler that allows caching does not make the paid answer cacheable",
         .threat = "unpaid-access", .rule = "http.no-store", .ideas = "X-38",
         .catches = DEFECTS("x402.http.handler_cache_control"), .needs = X4P_PAY | NEED_ORIGIN)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);

    origin_behave(
        case_origin(t),
        &(struct origin_rule){.head_lines = "Cache-Control: public, max-age=3600\r\n", .times = 1});
    expect_uncacheable(t, "the paid answer", x4p_send_until_known(t, "paid", want, paid));
}

/* ---- two of one name ---- */

static const char garbage[] = "Z2FyYmFnZQ==";

static const struct two {
    const char *name;
    bool valid_first;
} twos[] = {{"the good one first", true}, {"the good one last", false}};

SCENARIO(second_payment_is_not_smuggled,
         .title = "Of two PAYMENT-SIGNATURE headers none is taken instead of the other",
         .threat = "request-desync", .rule = "http.one-reading", .ideas = "X-52",
         .catches = DEFECTS("x402.http.first_of_two"), .needs = X4P_PAY, TABLE(twos))
{
    const struct two *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const char *one = row->valid_first ? paid->header : garbage;
    const char *two = row->valid_first ? garbage : paid->header;
    struct peer_with both = {{{"PAYMENT-SIGNATURE", one}, {"PAYMENT-SIGNATURE", two}}};

    expect_refused_or_closed(t, peer_send(t, row->name, want, both));
    expect_delivered(t, x4p_send_until_known(t, "one of them", want, paid), paid);
}

SCENARIO(list_of_payments_is_none,
         .title = "Two payments in one header with a comma between them are no base64",
         .threat = "unit-confusion", .rule = "http.base64", .ideas = "X-52",
         .catches = DEFECTS("x402.http.first_of_two"), .needs = X4P_PAY, TABLE(twos))
{
    const struct two *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const char *list = row->valid_first ? case_printf(t, "%s,%s", paid->header, garbage)
                                        : case_printf(t, "%s,%s", garbage, paid->header);

    expect_refused_or_closed(t, x4p_send(t, row->name, want, x4p_with_header(t, paid, list)));
    expect_delivered(t, x4p_send_until_known(t, "one of them", want, paid), paid);
}

/* A server may take the fold for a space (RFC 9112, section 5.2), and a decoder may take that for
 * nothing: then it is one payment, read once. */
SCENARIO(folded_payment_buys_once_at_most, .kind = SCENARIO_OBSERVATION,
         .title = "A payment that is folded into two lines is refused, or buys its one answer",
         .threat = "request-desync", .rule = "http.one-reading", .ideas = "X-52", .needs = X4P_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const char *lines = case_printf(t, "PAYMENT-SIGNATURE: %.40s\r\n %s\r\nConnection: close\r\n",
                                    paid->header, paid->header + 40);
    const struct http_piece piece = {.bytes = peer_head(t, want, assay_str(lines))};
    const struct peer_answer *answer;
    size_t count;
    bool closed;

    answer = peer_raw(t, "folded", &piece, 1, 1, &count, &closed)[0];
    case_observe(t, "a folded payment", "it is answered with %d", peer_status(answer));
    if (x4p_is_served(answer))
        expect_delivered(t, answer, paid);
    else
        expect_refused_or_closed(t, answer);
}

static const struct name {
    const char *name;
} names[] = {{"payment-signature"}, {"Payment-Signature"}};

SCENARIO(name_of_the_header_has_no_case,
         .title = "A payment is the same under its header's name in small letters",
         .threat = "request-desync", .rule = "http.header-name", .ideas = "X-52",
         .catches = DEFECTS("x402.http.name_case"), .needs = X4P_PAY, TABLE(names))
{
    const struct name *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    struct peer_with with = {{{row->name, paid->header}}};

    expect_delivered(t, peer_send(t, row->name, want, with), paid);
}

static const struct lines {
    const char *name, *head_lines;
} lines[] = {
    {"a bare CR", "X-Note: one\rX-Assay-Injected: 1\r\n"},
    {"a forged receipt", "PAYMENT-RESPONSE: e30=\r\n"},
    {"a forged receipt in small letters", "payment-response: e30=\r\n"},
};

SCENARIO(handlers_text_becomes_no_receipt,
         .title = "Header text of a handler becomes no header of its own and no PAYMENT-RESPONSE",
         .threat = "request-desync", .rule = "http.header-text", .ideas = "X-52",
         .catches = DEFECTS("x402.http.header_injection"), .needs = X4P_PAY | NEED_ORIGIN,
         TABLE(lines))
{
    const struct lines *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const struct peer_answer *answer;

    origin_behave(case_origin(t), &(struct origin_rule){.head_lines = row->head_lines, .times = 1});
    answer = x4p_send_until_known(t, row->name, want, paid);
    if (x4p_is_served(answer))
        expect_delivered(t, answer, paid);
    expect(t, peer_header(answer, "X-Assay-Injected").len == 0, "no header of the handler's making",
           "X-Assay-Injected came back");
}

/* ---- browsers ---- */

#define MARKUP "<script>assay()</script>"

static const struct query {
    const char *name, *text;
} queries[] = {
    {"as it is", "q=\"><script>assay()</script>"},
    {"escaped", "q=%22%3E%3Cscript%3Eassay()%3C/script%3E"},
};

SCENARIO(browsers_are_challenged_like_all,
         .title = "A browser that has not paid gets 402 with PAYMENT-REQUIRED, and a page without "
                  "markup of its request",
         .threat = "request-desync", .rule = "http.page", .ideas = "X-53",
         .rests_on = PROFILE "/free_route_is_free", .catches = DEFECTS("x402.http.query_in_page"),
         TABLE(queries))
{
    const struct query *row = case_row(t);
    struct peer_want want = peer_want_query(t, peer_endpoint(t, "paid_get"), row->text);
    struct peer_with browser = {{{"Accept", "text/html,application/xhtml+xml"},
                                 {"User-Agent", "Mozilla/5.0 (X11; Linux x86_64)"}}};
    const struct peer_answer *answer = peer_send(t, row->name, want, browser);
    bool is_page = holds_word(peer_header(answer, "Content-Type"), ASSAY_LIT("html"));

    expect_refused(t, answer);
    if (peer_status(answer) == 402)
        expect_challenge(t, answer, want);
    expect(t, !is_page || !holds_word(peer_body(answer), ASSAY_LIT(MARKUP)),
           "a page without markup of the request's", "its page has " MARKUP " in it");
    if (is_page && peer_header(answer, "Vary").len == 0)
        case_observe(t, "a page for browsers", "it comes without Vary");
}
