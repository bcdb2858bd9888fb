/* Threat unpaid-access: priced answers for nothing. Another method or spelling of the path, a
 * header that holds no payment, an older header, words that programs are tested with: the handler
 * does not run, nothing is settled, and nothing of the paid answer comes back. */
#include "peer/x402/peer.h"

#include <ctype.h>

/* ---- methods ---- */

static const struct method {
    const char *name;
} methods[] = {
    {"HEAD"}, {"OPTIONS"}, {"POST"}, {"PUT"}, {"PATCH"}, {"DELETE"}, {"TRACE"}, {"GETX"}, {"get"},
};

SCENARIO(other_methods_run_nothing,
         .title = "No other method runs the handler of a route that is priced for GET",
         .threat = "unpaid-access", .rule = "http.method", .ideas = "X-03",
         .rests_on = PROFILE "/free_route_is_free", .catches = DEFECTS("x402.unpaid.head_runs"),
         TABLE(methods))
{
    const struct method *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");

    expect_nothing_bought(t, x4p_send(t, "unpaid", peer_want_method(want, row->name), NULL));
}

/* ---- paths ---- */

static const char *in_capitals(struct assay_case *t, const char *path)
{
    char *text = case_printf(t, "%s", path);

    for (char *at = text; *at != '\0'; at++)
        *at = (char)toupper((unsigned char)*at);
    return text;
}

static const char *first_letter_escaped(struct assay_case *t, const char *path)
{
    return case_printf(t, "/%%%02x%s", (unsigned)(unsigned char)path[1], path + 2);
}

static const struct spelling {
    const char *name, *before, *behind;
    const char *(*spell)(struct assay_case *t, const char *path); /* instead of these two */
} spellings[] = {
    {"a slash behind", "", "/", NULL},
    {"capitals", NULL, NULL, in_capitals},
    {"an escaped letter", NULL, NULL, first_letter_escaped},
    {"two slashes", "/", "", NULL},
    {"a dot segment", "/.", "", NULL},
    {"a parent segment", "/x/..", "", NULL},
    {"an escaped dot segment", "/%2e", "", NULL},
    {"escaped slashes", "/x%2f..", "", NULL},
    {"a semicolon behind", "", ";a", NULL},
    {"a line end behind", "", "%0A", NULL},
    {"a line separator behind", "", "%E2%80%A8", NULL},
    {"a lone percent sign behind", "", "%", NULL},
    {"a zero byte behind", "", "%00", NULL},
    {"a backslash for a slash", "/x\\..", "", NULL},
};

static const char *spelled(struct assay_case *t, const struct spelling *row, const char *target)
{
    const char *query = target + strcspn(target, "?");
    const char *path = case_printf(t, "%.*s", (int)(query - target), target);

    return row->spell != NULL ? case_printf(t, "%s%s", row->spell(t, path), query)
                              : case_printf(t, "%s%s%s%s", row->before, path, row->behind, query);
}

/* Where any path is answered with content, nothing can be told from one. */
static void given_unknown_sibling(struct assay_case *t, struct peer_want want)
{
    static const struct spelling sibling = {"", "", "-that-is-not-there", NULL};
    const struct peer_answer *answer =
        x4p_send(t, "an unknown path beside it",
                 peer_want_target(want, spelled(t, &sibling, want.target)), NULL);

    if (x4p_is_served(answer))
        case_end(t, VERDICT_UNSUPPORTED, "an unknown path beside it is answered with %d, too",
                 peer_status(answer));
}

static const char *const priced[] = {"paid_get", "wildcard"};

SCENARIO(path_spellings_buy_nothing,
         .title = "No other spelling of a priced path gets its content unpaid",
         .threat = "unpaid-access", .rule = "http.path", .ideas = "X-04",
         .rests_on = PROFILE "/free_route_is_free", .catches = DEFECTS("x402.unpaid.path_spelling"),
         TABLE(spellings))
{
    const struct spelling *row = case_row(t);

    given_unknown_sibling(t, peer_endpoint(t, "paid_get"));
    for (size_t i = 0; i < ARRAY_LEN(priced); i++) {
        struct peer_want want;

        if (target_endpoint(case_target(t), priced[i]) == NULL)
            continue;
        want = peer_endpoint(t, priced[i]);
        want = peer_want_target(want, spelled(t, row, want.target));
        expect_nothing_bought(t, x4p_send(t, row->name, want, NULL));
    }
}

/* ---- headers that hold no payment ---- */

static const struct header {
    const char *name, *value;
} undecodable[] = {
    {"empty", ""},
    {"spaces", "   "},
    {"a word", "paid"},
    {"no base64", "!!!!"},
    {"cut off", "eyJ4NDAyVmVyc2lvbiI6"},
    {"base64 of a word", "Z2FyYmFnZQ=="},
    {"base64 of bytes that are no UTF-8", "//79/A=="},
    {"base64 of nothing but padding", "===="},
};

SCENARIO(undecodable_payment_is_refused,
         .title = "A header that is no base64 of JSON is refused, and the facilitator is not asked",
         .threat = "unpaid-access", .rule = "http.form", .ideas = "X-05",
         .rests_on = PROFILE "/free_route_is_free",
         .catches = DEFECTS("x402.unpaid.malformed_served"), TABLE(undecodable))
{
    const struct header *row = case_row(t);
    struct peer_with with = {{{"PAYMENT-SIGNATURE", row->value}}};
    struct x4p_calls before = x4p_calls(t);
    const struct peer_answer *answer = peer_send(t, row->name, peer_endpoint(t, "paid_get"), with);

    expect_refused_unasked(t, answer, before);
    case_observe(t, "status of what cannot be decoded", "%s: %d", row->name, peer_status(answer));
}

static const struct header no_payments[] = {
    {"null", "null"},
    {"true", "true"},
    {"a number", "5"},
    {"an empty text", "\"\""},
    {"an empty array", "[]"},
    {"an empty object", "{}"},
    {"a version alone", "{\"x402Version\":2}"},
    {"members of other types", "{\"x402Version\":2,\"accepted\":[],\"payload\":true}"},
};

SCENARIO(json_that_is_no_payment_is_refused,
         .title = "JSON that is no payment is refused, and the facilitator is not asked",
         .threat = "unpaid-access", .rule = "http.form", .ideas = "X-06",
         .rests_on = PROFILE "/free_route_is_free",
         .catches = DEFECTS("x402.unpaid.malformed_served"), TABLE(no_payments))
{
    const struct header *row = case_row(t);
    struct peer_with with = {{{"PAYMENT-SIGNATURE", peer_base64(t, assay_str(row->value))}}};
    struct x4p_calls before = x4p_calls(t);

    expect_refused_unasked(t, peer_send(t, row->name, peer_endpoint(t, "paid_get"), with), before);
}

/* ---- the older header ---- */

static const struct legacy {
    const char *name, *beside; /* what stands in PAYMENT-SIGNATURE; NULL: it is not sent */
} legacies[] = {
    {"alone", NULL},
    {"beside no base64", "!!!!"},
    {"beside an empty object", "e30="},
};

SCENARIO(older_header_opens_nothing,
         .title = "A good payment in X-PAYMENT buys nothing, alone or beside one that is none",
         .threat = "unpaid-access", .rule = "http.legacy", .ideas = "X-12",
         .catches = DEFECTS("x402.unpaid.legacy_header"), .needs = X4P_PAY, TABLE(legacies))
{
    const struct legacy *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    struct peer_with with = {{{"X-PAYMENT", paid->header}, {"PAYMENT-SIGNATURE", row->beside}}};

    expect_refused(t, peer_send(t, row->name, want, with));
    expect_delivered(t, x4p_send_until_known(t, "where it belongs", want, paid), paid);
}

/* ---- back doors ---- */

static const struct word {
    const char *name;
} words[] = {
    {"test"}, {"dev"}, {"debug"}, {"bypass"}, {"mock"}, {"demo"}, {"free"}, {"admin"}, {"true"},
};

SCENARIO(test_words_unlock_nothing,
         .title = "Words that programs are tested with unlock nothing, as they stand or encoded",
         .threat = "unpaid-access", .rule = "http.backdoor", .ideas = "X-61",
         .rests_on = PROFILE "/free_route_is_free", .catches = DEFECTS("x402.unpaid.test_word"),
         TABLE(words))
{
    const struct word *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const char *object = case_printf(t, "{\"%s\":true}", row->name);
    const char *values[] = {row->name, peer_base64(t, assay_str(row->name)),
                            peer_base64(t, assay_str(object))};

    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct peer_with with = {{{"PAYMENT-SIGNATURE", values[i]}}};

        expect_refused(t, peer_send(t, values[i], want, with));
    }
}

static const char zeros[] = "0x0000000000000000000000000000000000000000000000000000000000000000"
                            "000000000000000000000000000000000000000000000000000000000000000000";

static const struct sample {
    const char *name, *path, *value;
} samples[] = {
    {"a signature of zeros", "payload.signature", zeros},
    {"an empty signature", "payload.signature", "0x"},
    {"a signature in words", "payload.signature", "0xtest"},
    {"the zero address as payer", "payload.authorization.from",
     "0x0000000000000000000000000000000000000000"},
    {"the best known test account as payer", "payload.authorization.from",
     "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"},
};

SCENARIO(sample_payments_unlock_nothing,
         .title = "A payment with the signature or payer of samples and tests buys nothing",
         .threat = "unpaid-access", .rule = "http.backdoor", .ideas = "X-61",
         .catches = DEFECTS("x402.unpaid.backdoor"), .needs = X4P_PAY, TABLE(samples))
{
    const struct sample *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);

    if (peer_tree_get(paid->tree, row->path) == NULL)
        case_end(t, VERDICT_UNSUPPORTED, "payments of this network have no %s", row->path);
    expect_refused(t, x4p_send(t, row->name, want, x4p_with_word(t, paid, row->path, row->value)));
}
