/* Threat unpaid-access: priced answers for nothing. No payment, a broken one, another header,
 * method or spelling of the path: the handler does not run, nothing is submitted, and nothing of
 * the paid answer comes back. */
#include "peer/kaspa-x402/peer.h"

static const struct route {
    const char *name, *endpoint;
} routes[] = {
    {"GET", "paid_get"},
    {"another GET", "paid_get_other"},
    {"POST", "paid_post"},
    {"a dear one", "dear"},
};

SCENARIO(unpaid_request_gets_an_offer,
         .title = "A priced route asked for without a payment answers 402 with an offer that holds",
         .threat = "unpaid-access", .rule = "http.challenge",
         .rests_on = PROFILE "/free_route_is_free",
         .catches = DEFECTS("kx.unpaid.runs_before_paid", "kx.http.challenge_without_header",
                            "kx.price.unit"),
         TABLE(routes))
{
    const struct route *row = case_row(t);
    struct peer_want want = peer_endpoint(t, row->endpoint);

    expect_challenge(t, kxp_send(t, "without a payment", want, NULL), want);
}

static const struct header {
    const char *name;
    struct peer_with with;
} no_payments[] = {
    {"empty", {{{"PAYMENT-SIGNATURE", ""}}}},
    {"spaces", {{{"PAYMENT-SIGNATURE", "   "}}}},
    {"a word", {{{"PAYMENT-SIGNATURE", "paid"}}}},
    {"the word true", {{{"PAYMENT-SIGNATURE", "true"}}}},
    {"JSON in clear", {{{"PAYMENT-SIGNATURE", "{\"x402Version\":2}"}}}},
    {"base64 of no JSON", {{{"PAYMENT-SIGNATURE", "Z2FyYmFnZQ=="}}}},
    {"base64 of bytes that are no UTF-8", {{{"PAYMENT-SIGNATURE", "//79/A=="}}}},
    {"base64 of null", {{{"PAYMENT-SIGNATURE", "bnVsbA=="}}}},
    {"base64 of an empty object", {{{"PAYMENT-SIGNATURE", "e30="}}}},
    {"base64 of an empty array", {{{"PAYMENT-SIGNATURE", "W10="}}}},
    {"cut off", {{{"PAYMENT-SIGNATURE", "eyJ4NDAyVmVyc2lvbiI6"}}}},
    {"bytes above ASCII", {{{"PAYMENT-SIGNATURE", "\xC3\xA9\xFF\xFE"}}}},
    {"under a name with an underscore", {{{"PAYMENT_SIGNATURE", "e30="}}}},
};

SCENARIO(broken_payment_buys_nothing, .title = "A header that holds no payment buys nothing",
         .threat = "unpaid-access", .rule = "http.form", .ideas = "KX-007 KX-010",
         .catches = DEFECTS("kx.unpaid.malformed_served"), TABLE(no_payments))
{
    const struct header *row = case_row(t);

    expect_refused_or_closed(t, peer_send(t, row->name, peer_endpoint(t, "paid_get"), row->with));
}

SCENARIO(empty_header_is_no_payment,
         .title = "An empty PAYMENT-SIGNATURE counts as none: 402 with an offer",
         .threat = "unpaid-access", .rule = "http.challenge", .ideas = "KX-010",
         .rests_on = PROFILE "/free_route_is_free",
         .catches = DEFECTS("kx.http.challenge_without_header"))
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct peer_with empty = {{{"PAYMENT-SIGNATURE", ""}}};

    expect_challenge(t, peer_send(t, "empty header", want, empty), want);
}

SCENARIO(legacy_header_is_no_payment,
         .title = "A valid payment in X-PAYMENT alone is an unpaid request",
         .threat = "unpaid-access", .rule = "http.legacy", .ideas = "KX-012",
         .catches = DEFECTS("kx.unpaid.legacy_header"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);
    struct peer_with legacy = {{{"X-PAYMENT", paid->header}}};

    expect_challenge(t, peer_send(t, "payment in X-PAYMENT", want, legacy), want);
}

static const struct method {
    const char *name;
} methods[] = {
    {"HEAD"}, {"OPTIONS"}, {"POST"}, {"PUT"}, {"PATCH"}, {"DELETE"}, {"TRACE"}, {"GETX"}, {"get"},
};

SCENARIO(other_methods_buy_nothing,
         .title = "Another method than the priced one gets nothing, unpaid or with a payment for "
                  "that",
         .threat = "unpaid-access", .rule = "http.method", .ideas = "KX-018",
         .catches = DEFECTS("kx.unpaid.head_served"), .needs = KXP_PAY, TABLE(methods))
{
    const struct method *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct peer_want other = peer_want_method(want, row->name);

    expect_nothing_bought(t, kxp_send(t, "unpaid", other, NULL));
    expect_nothing_bought(t, kxp_send(t, "paid for GET", other, kxp_paid(t, want)));
}

static const struct spelling {
    const char *name, *before, *behind; /* of the path without its first slash and its query */
} spellings[] = {
    {"a dot segment", "/./", ""},
    {"a parent segment", "/x/../", ""},
    {"an escaped dot segment", "/%2e/", ""},
    {"two slashes", "//", ""},
    {"a slash behind", "/", "/"},
    {"a semicolon behind", "/", ";x"},
    {"an empty query", "/", "?"},
    {"a second question mark", "/", "?x"},
    {"a fragment", "/", "#x"},
    {"an escaped slash", "/x%2f..%2f", ""},
    {"a backslash", "/x\\..\\", ""},
    {"a zero byte", "/", "%00"},
};

SCENARIO(path_spellings_buy_nothing,
         .title = "Another spelling of a priced path gets nothing without a payment",
         .threat = "unpaid-access", .rule = "http.challenge",
         .catches = DEFECTS("kx.unpaid.path_spelling"), TABLE(spellings))
{
    const struct spelling *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const char *path = want.target + 1, *query = path + strcspn(path, "?");
    const char *target =
        case_printf(t, "%s%.*s%s%s", row->before, (int)(query - path), path, row->behind, query);

    expect_nothing_bought(t, kxp_send(t, row->name, peer_want_target(want, target), NULL));
}

static const struct mark {
    const char *name;
    struct peer_with with;
} marks[] = {
    {"a range", {{{"Range", "bytes=0-10"}}}},
    {"a condition", {{{"If-None-Match", "*"}}}},
    {"an upgrade", {{{"Upgrade", "h2c"}, {"Connection", "Upgrade"}}}},
    {"a method override", {{{"X-HTTP-Method-Override", "GET"}}}},
    {"a forwarded path", {{{"X-Original-URL", "/free"}, {"X-Rewrite-URL", "/free"}}}},
    {"a forwarded host", {{{"X-Forwarded-Host", "paid.example"}}}},
    {"a paid mark", {{{"X-Payment-Verified", "true"}, {"PAYMENT-RESPONSE", "e30="}}}},
};

SCENARIO(other_headers_buy_nothing, .title = "No other header of a request stands for a payment",
         .threat = "unpaid-access", .rule = "http.challenge",
         .catches = DEFECTS("kx.unpaid.runs_before_paid"), TABLE(marks))
{
    const struct mark *row = case_row(t);

    expect_nothing_bought(t, peer_send(t, row->name, peer_endpoint(t, "paid_get"), row->with));
}

static bool forbids_storing(struct assay_bytes control)
{
    struct assay_bytes directive = ASSAY_LIT("no-store");

    for (size_t at = 0; at + directive.len <= control.len; at++)
        if (assay_bytes_equal_nocase(assay_bytes_part(control, at, at + directive.len), directive))
            return true;
    return false;
}

static void expect_uncacheable(struct assay_case *t, const char *what,
                               const struct peer_answer *answer)
{
    struct assay_bytes control = peer_header(answer, "Cache-Control");

    expect(t, forbids_storing(control), "Cache-Control with no-store",
           "%s: status %d with \"%.*s\"", what, peer_status(answer), (int)control.len,
           (const char *)control.at);
}

SCENARIO(no_answer_may_be_stored,
         .title = "No answer of a priced route may be stored by a cache: 402, 200 and 409",
         .threat = "unpaid-access", .rule = "http.no-store", .ideas = "KX-016",
         .catches = DEFECTS("kx.http.cacheable"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct peer_want other = peer_endpoint(t, "paid_get_other");
    const struct kxp_payment *paid = kxp_paid(t, want);

    expect_uncacheable(t, "the offer", kxp_send(t, "unpaid", want, NULL));
    expect_uncacheable(t, "the paid answer", kxp_send_until_known(t, "paid", want, paid));
    expect_uncacheable(t, "the stored answer", kxp_send(t, "retry", want, paid));
    expect_uncacheable(t, "the refusal", kxp_send(t, "for another page", other, paid));
}

SCENARIO(handler_cannot_make_it_cacheable,
         .title = "A handler that allows caching does not make the paid answer cacheable",
         .threat = "unpaid-access", .rule = "http.no-store", .ideas = "KX-017",
         .catches = DEFECTS("kx.http.handler_cache_control"), .needs = KXP_PAY | NEED_ORIGIN)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);

    origin_behave(
        case_origin(t),
        &(struct origin_rule){.head_lines = "Cache-Control: public, max-age=3600\r\n", .times = 1});
    expect_uncacheable(t, "the paid answer", kxp_send_until_known(t, "paid", want, paid));
}
