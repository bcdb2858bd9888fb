/* The document in PAYMENT-SIGNATURE: a good payment in a form that is not quite what the protocol
 * says. Each is refused without work, or buys its one answer like any other; and the server goes
 * on. */
#include "peer/x402/peer.h"

/* Refused, or the payment that it is: for forms that a reader may take, if it takes them as what
 * they are. */
static void expect_refused_or_bought(struct assay_case *t, const char *form,
                                     const struct peer_answer *answer,
                                     const struct x4p_payment *paid)
{
    case_observe(t, "a form that need not be taken", "%s: %d", form, peer_status(answer));
    if (x4p_is_served(answer))
        expect_delivered(t, answer, paid);
    else
        expect_refused_or_closed(t, answer);
}

/* ---- base64 ---- */

/* Its document with spaces before it until the header holds one of these letters. */
static const char *header_with(struct assay_case *t, const struct x4p_payment *paid,
                               const char *letters)
{
    struct assay_bytes text = x4p_document(t, paid);

    for (int i = 0; i < 3; i++) {
        const char *header = peer_base64(t, text);

        if (strpbrk(header, letters) != NULL)
            return header;
        text = peer_joined(t, ASSAY_LIT(" "), text);
    }
    case_end(t, VERDICT_BROKEN, "no spelling of the payment has a letter of \"%s\"", letters);
}

static const char *url_alphabet(struct assay_case *t, const struct x4p_payment *paid)
{
    char *text = case_printf(t, "%s", header_with(t, paid, "+/"));

    for (char *at = text; *at != '\0'; at++)
        *at = (char)(*at == '+' ? '-' : *at == '/' ? '_' : *at);
    return text;
}

static const char *without_padding(struct assay_case *t, const struct x4p_payment *paid)
{
    const char *header = header_with(t, paid, "=");

    return case_printf(t, "%.*s", (int)strcspn(header, "="), header);
}

static const char *with_junk_behind(struct assay_case *t, const struct x4p_payment *paid)
{
    return case_printf(t, "%s!", paid->header);
}

static const char *in_clear(struct assay_case *t, const struct x4p_payment *paid)
{
    struct assay_bytes text = x4p_document(t, paid);

    return case_printf(t, "%.*s", (int)text.len, (const char *)text.at);
}

static const struct spelling {
    const char *name;
    const char *(*spell)(struct assay_case *t, const struct x4p_payment *paid);
} spellings[] = {
    {"the URL alphabet", url_alphabet},
    {"no padding", without_padding},
    {"junk behind", with_junk_behind},
    {"JSON in clear", in_clear},
};

SCENARIO(
    other_base64_is_refused,
    .title = "A good payment in any other base64 than the standard one with padding is refused",
    .threat = "unit-confusion", .rule = "http.base64", .ideas = "X-07",
    .catches = DEFECTS("x402.http.lenient_base64"), .needs = X4P_PAY, TABLE(spellings))
{
    const struct spelling *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_with(t, x4p_paid(t, want), "note", "\">>>???\"");

    expect_refused(t, x4p_send(t, row->name, want, x4p_with_header(t, paid, row->spell(t, paid))));
    expect_delivered(t, x4p_send_until_known(t, "as it should be", want, paid), paid);
}

/* ---- members twice ---- */

static const struct twice {
    const char *name, *holder, *member, *other; /* of holder "": of the document itself */
    bool other_first;
} twices[] = {
    {"another amount first", "accepted", "amount", "\"1\"", true},
    {"another amount last", "accepted", "amount", "\"1\"", false},
    {"another recipient first", "accepted", "payTo", "\"0x1\"", true},
    {"another recipient last", "accepted", "payTo", "\"0x1\"", false},
    {"another version first", "", "x402Version", "1", true},
    {"another version last", "", "x402Version", "1", false},
    {"another payload first", "", "payload", "{}", true},
    {"another payload last", "", "payload", "{}", false},
};

/* The text of an object with one of its members once more. */
static const char *doubled_text(struct assay_case *t, const char *object, const struct twice *row)
{
    const char *other = case_printf(t, "\"%s\":%s", row->member, row->other);

    return row->other_first ? case_printf(t, "{%s,%s", other, object + 1)
                            : case_printf(t, "%.*s,%s}", (int)strlen(object) - 1, object, other);
}

static struct assay_bytes doubled(struct assay_case *t, const struct x4p_payment *paid,
                                  const struct twice *row)
{
    static const char mark[] = "\"@\""; /* stands for what no tree can hold */
    const char *text = peer_tree_text(t, paid->tree), *terms, *at;

    if (row->holder[0] == '\0')
        return assay_str(doubled_text(t, text, row));
    terms = doubled_text(t, peer_tree_text(t, peer_tree_get(paid->tree, row->holder)), row);
    text = peer_tree_text(t, x4p_with(t, paid, row->holder, mark)->tree);
    at = strstr(text, mark);
    return assay_str(case_printf(t, "%.*s%s%s", (int)(at - text), text, terms, at + strlen(mark)));
}

/* Whoever passes both on lets somebody else take the other one. */
static void expect_one_reading_asked(struct assay_case *t)
{
    struct assay_bytes asked = x4p_last_body(t, FACILITATOR_VERIFY);
    struct assay_err err = {0};
    struct assay_json doc;
    bool is_one =
        asked.len == 0 || x402_document_parse(&doc, case_arena(t), asked, true, &err) == ASSAY_OK;

    expect(t, is_one, "the facilitator is asked of nothing, or of a document with one reading",
           "it was asked of one with two: %s", err.text);
}

SCENARIO(member_given_twice_has_one_reading,
         .title = "A payment that names a member of its terms twice is refused, or has one reading "
                  "for server and facilitator",
         .threat = "request-desync", .rule = "http.one-reading", .ideas = "X-08",
         .catches = DEFECTS("x402.http.members_twice"), .needs = X4P_PAY, TABLE(twices))
{
    const struct twice *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const struct x4p_payment *twice = x4p_with_document(t, paid, doubled(t, paid, row));
    const struct peer_answer *answer = x4p_send_until_known(t, row->name, want, twice);

    expect_refused_or_bought(t, row->name, answer, paid);
    expect_one_reading_asked(t);
}

/* ---- structure ---- */

enum { DEEP = 8000, DIGITS = 5000 };

static const char *repeated(struct assay_case *t, const char *word, size_t n)
{
    size_t len = strlen(word);
    char *text = case_alloc(t, n * len + 1);

    for (size_t i = 0; i < n; i++)
        memcpy(text + i * len, word, len);
    text[n * len] = '\0';
    return text;
}

static const char *deep_arrays(struct assay_case *t)
{
    return case_printf(t, "%s%s", repeated(t, "[", DEEP), repeated(t, "]", DEEP));
}

static const char *deep_objects(struct assay_case *t)
{
    return case_printf(t, "%s1%s", repeated(t, "{\"a\":", DEEP), repeated(t, "}", DEEP));
}

static const char *many_digits(struct assay_case *t)
{
    return repeated(t, "7", DIGITS);
}

static const struct odd {
    const char *name, *value;
    const char *(*make)(struct assay_case *t); /* instead */
    bool may_be_taken;
} odds[] = {
    {"arrays 8,000 deep", NULL, deep_arrays, true},
    {"objects 8,000 deep", NULL, deep_objects, true},
    {"a number of 5,000 digits", NULL, many_digits, true},
    {"a number above all doubles", "1e400", NULL, true},
    {"minus zero", "-0", NULL, true},
    {"a lone surrogate", "\"\\ud800\"", NULL, true},
    {"a NUL in a text", "\"a\\u0000b\"", NULL, true},
    {"control characters in a text", "\"a\\u0001\\u001f\\u007f\"", NULL, true},
    {"a raw control character", "\"a\x01\"", NULL, false},
    {"a name that languages know", "{\"__proto__\":{\"paid\":true}}", NULL, true},
};

/* The document with one member more, of a text that need not be one of ours. */
static struct assay_bytes with_note(struct assay_case *t, const struct x4p_payment *paid,
                                    const char *value)
{
    struct assay_bytes text = x4p_document(t, paid);

    return assay_str(
        case_printf(t, "%.*s,\"note\":%s}", (int)text.len - 1, (const char *)text.at, value));
}

SCENARIO(odd_documents_end_promptly,
         .title = "A payment with depth, numbers or texts beyond reason is refused at once, or "
                  "taken as what it is, and the server goes on",
         .threat = "request-desync", .rule = "http.budget", .ideas = "X-09",
         .catches = DEFECTS("x402.http.large_is_error"), .needs = X4P_PAY, TABLE(odds))
{
    const struct odd *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const char *value = row->make != NULL ? row->make(t) : row->value;
    const struct x4p_payment *odd = x4p_with_document(t, paid, with_note(t, paid, value));
    const struct peer_answer *answer = x4p_send_until_known(t, row->name, want, odd);

    if (row->may_be_taken)
        expect_refused_or_bought(t, row->name, answer, paid);
    else
        expect_refused_or_closed(t, answer);
    expect_alive(t);
}

static const struct size {
    const char *name;
    size_t bytes; /* of the header's value */
} sizes[] = {
    {"4 KiB", 4 << 10},   {"8 KiB", 8 << 10},     {"15 KiB", 15 << 10},   {"17 KiB", 17 << 10},
    {"64 KiB", 64 << 10}, {"132 KiB", 132 << 10}, {"256 KiB", 256 << 10}, {"1,000 KiB", 1000 << 10},
};

SCENARIO(headers_of_any_size_end_cleanly,
         .title = "A payment with a header of any size is served, or refused as too large, while "
                  "others are served",
         .threat = "request-desync", .rule = "http.budget", .ideas = "X-10",
         .catches = DEFECTS("x402.http.large_is_error"), .needs = X4P_PAY, TABLE(sizes))
{
    const struct size *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want), *other = x4p_paid(t, want);
    struct assay_bytes text = x4p_document(t, paid);
    size_t len = row->bytes / 4 * 3;
    const struct x4p_payment *large;

    if (text.len > len)
        case_end(t, VERDICT_UNSUPPORTED, "a payment of this offer is larger by itself");
    text = peer_joined(t, text, assay_str(repeated(t, " ", len - text.len)));
    large = x4p_with_document(t, paid, text);
    expect_refused_or_bought(t, row->name, x4p_send_until_known(t, row->name, want, large), paid);
    expect_delivered(t, x4p_send_until_known(t, "another payment", want, other), other);
}

/* ---- versions ---- */

static const struct version {
    const char *name, *value;
    bool is_two;
} versions[] = {
    {"0", "0", false},       {"1", "1", false},
    {"3", "3", false},       {"the text 2", "\"2\"", false},
    {"null", "null", false}, {"none at all", NULL, false},
    {"2.0", "2.0", true},
};

SCENARIO(other_versions_are_refused,
         .title = "A payment of version 2 that says another version is refused",
         .threat = "exact-offer-match", .rule = "http.version", .ideas = "X-11",
         .catches = DEFECTS("x402.version.any"), .needs = X4P_PAY, TABLE(versions))
{
    const struct version *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const struct x4p_payment *other = x4p_with(t, paid, "x402Version", row->value);
    struct x4p_calls before = x4p_calls(t);
    const struct peer_answer *answer = x4p_send(t, row->name, want, other);

    if (row->is_two)
        expect_refused_or_bought(t, row->name, answer, paid);
    else
        expect_refused_unasked(t, answer, before);
}

static const struct lowered {
    const char *name, *path, *value;
} lowered[] = {
    {"a lower amount", "accepted.amount", "1"},
    {"another recipient", "accepted.payTo", "0x0000000000000000000000000000000000000001"},
    {"another asset", "accepted.asset", "0x0000000000000000000000000000000000000001"},
};

SCENARIO(older_version_is_compared_no_less,
         .title = "A payment that says version 1 is compared with the offer in every member",
         .threat = "exact-offer-match", .rule = "http.version", .ideas = "X-11",
         .catches = DEFECTS("x402.version.1_unmatched"), .needs = X4P_PAY, TABLE(lowered))
{
    const struct lowered *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_with_word(t, x4p_paid(t, want), row->path, row->value);
    struct x4p_calls before = x4p_calls(t);

    expect_refused_unasked(t, x4p_send(t, row->name, want, x4p_with(t, paid, "x402Version", "1")),
                           before);
}
