/* Threats duplicate-retry and store-cache: the payment identifier. The identical retry gets the
 * first answer again; anything else under a known identifier is a conflict (digest, section 7). */
#include "peer/x402/peer.h"

#define ID_PATH "extensions.payment-identifier.info.id"
#define LETTERS_32 "abcdefghijklmnopqrstuvwxyz012345"

enum { RETRIES = 3 };

static const struct x4p_payment *named_as(struct assay_case *t, const struct x4p_payment *payment,
                                          const struct x4p_payment *other)
{
    return x4p_with(t, payment, ID_PATH, peer_tree_text(t, peer_tree_get(other->tree, ID_PATH)));
}

static const struct peer_answer *bought(struct assay_case *t, struct peer_want want,
                                        const struct x4p_payment *paid)
{
    const struct peer_answer *first = x4p_send_until_known(t, "first use", want, paid);

    expect_delivered(t, first, paid);
    return first;
}

/* ---- its form ---- */

static const struct form {
    const char *name, *path, *json; /* NULL: left out */
} forms[] = {
    {"no extension", "extensions.payment-identifier", NULL},
    {"no extensions", "extensions", NULL},
    {"no info", "extensions.payment-identifier.info", NULL},
    {"no id", ID_PATH, NULL},
    {"null", ID_PATH, "null"},
    {"a number", ID_PATH, "1234567890123456"},
};

static void refuse_form(struct assay_case *t)
{
    const struct form *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    struct x4p_calls before = x4p_calls(t);
    const struct peer_answer *answer;

    answer = x4p_send(t, row->name, want, x4p_with(t, paid, row->path, row->json));
    expect_refused_unasked(t, answer, before);
    if (peer_status(answer) != 400)
        case_observe(t, row->name, "it is refused with %d instead of 400", peer_status(answer));
}

static void end_unless_required(struct assay_case *t)
{
    const struct x4p_offer *offer = x4p_given_offer(t, peer_endpoint(t, "paid_get"));

    if (!json_is_true(peer_tree_get(offer->tree, "extensions.payment-identifier.info.required")))
        case_end(t, VERDICT_UNSUPPORTED, "it advertises no identifier as required");
}

SCENARIO(required_identifier_is_required,
         .title = "A payment without the identifier that is advertised as required is refused "
                  "before the facilitator is asked",
         .threat = "duplicate-retry", .rule = "identifier.required", .ideas = "X-39",
         .catches = DEFECTS("x402.identifier.optional"), .needs = X4P_PAY | X4P_IDENTIFIER,
         TABLE(forms))
{
    end_unless_required(t);
    refuse_form(t);
}

static const struct form texts[] = {
    {"nothing", ID_PATH, "\"\""},
    {"3 characters", ID_PATH, "\"abc\""},
    {"15 characters", ID_PATH, "\"abcdefghijklmno\""},
    {"129 characters", ID_PATH, "\"a" LETTERS_32 LETTERS_32 LETTERS_32 LETTERS_32 "\""},
    {"a space", ID_PATH, "\"abcdefgh ijklmnop\""},
    {"a dot", ID_PATH, "\"abcdefgh.ijklmnop\""},
    {"a path", ID_PATH, "\"../../../../../../etc\""},
    {"a letter with a mark", ID_PATH, "\"abcdefgh\xC3\xA9ijklmnop\""},
    {"a line end", ID_PATH, "\"abcdefgh\\r\\nijklmnop\""},
};

SCENARIO(malformed_identifier_is_refused,
         .title = "An identifier that is not 16 to 128 letters, digits, _ and - is refused before "
                  "the facilitator is asked",
         .threat = "duplicate-retry", .rule = "identifier.required", .ideas = "X-39",
         .catches = DEFECTS("x402.identifier.any_form"), .needs = X4P_PAY | X4P_IDENTIFIER,
         TABLE(texts))
{
    refuse_form(t);
}

/* ---- the identical retry ---- */

SCENARIO(identical_retry_gets_the_first_answer,
         .title = "The identical retry gets body and PAYMENT-RESPONSE of the first answer, however "
                  "often, and is not settled again",
         .threat = "duplicate-retry", .rule = "identifier.cached", .ideas = "X-40",
         .catches = DEFECTS("x402.identifier.reruns", "x402.identifier.receipt_lost"),
         .needs = X4P_PAY | X4P_IDENTIFIER)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const struct peer_answer *first = bought(t, want, paid), *again;
    struct x4p_calls before = x4p_calls(t);

    for (int i = 0; i < RETRIES; i++) {
        again = x4p_send(t, "identical retry", want, paid);
        expect(t, x4p_is_served(again) && peer_difference(again, first) == NULL,
               "the first answer again", "%s", peer_seen(t, again));
        expect_nothing_more(t, again, first);
        expect_delivered_since(t, again, paid, first);
    }
    expect_calls(t, before, X4P_ANY, 0);
}

/* ---- another payment under its name ---- */

SCENARIO(known_identifier_with_another_payment_is_a_conflict,
         .title = "A known identifier with another payment is answered 409; nothing runs, and "
                  "nothing is settled",
         .threat = "duplicate-retry", .rule = "identifier.conflict", .ideas = "X-41",
         .catches = DEFECTS("x402.identifier.unbound"), .needs = X4P_PAY | X4P_IDENTIFIER)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want), *other = x4p_paid(t, want);
    struct x4p_calls before;

    (void)bought(t, want, paid);
    before = x4p_calls(t);
    expect_conflict(
        t, x4p_send(t, "the identifier with another payment", want, named_as(t, other, paid)));
    expect_calls(t, before, X4P_ANY, 0);
    expect_delivered(t, x4p_send_until_known(t, "under its own", want, other), other);
}

SCENARIO(payments_at_once_share_no_identifier,
         .title = "Of two payments under one identifier that are both verified, one runs the "
                  "handler and is settled",
         .threat = "duplicate-retry", .rule = "identifier.conflict", .ideas = "X-42",
         .catches = DEFECTS("x402.identifier.unreserved"), .races = true,
         .needs = X4P_PAY | X4P_IDENTIFIER)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want), *other = x4p_paid(t, want);
    struct peer_shot shots[] = {{.want = want, .with = x4p_headers(paid)},
                                {.want = want, .with = x4p_headers(named_as(t, other, paid))}};

    expect_one_run(t, x4p_burst_held(t, "payment", shots, ARRAY_LEN(shots), FACILITATOR_VERIFY),
                   ARRAY_LEN(shots));
}

static struct peer_want another_route(struct assay_case *t, struct peer_want want)
{
    (void)want;
    return peer_endpoint(t, "paid_get_other");
}

static struct peer_want another_query(struct assay_case *t, struct peer_want want)
{
    return peer_want_query(t, want, "assay=2");
}

static const struct elsewhere {
    const char *name;
    struct peer_want (*make)(struct assay_case *t, struct peer_want want);
} elsewheres[] = {{"another route", another_route}, {"another query", another_query}};

SCENARIO(stored_answer_stays_on_its_route,
         .title = "A stored answer is not released on another route, to whoever sends its payment "
                  "and identifier there",
         .threat = "store-cache", .rule = "identifier.scope", .ideas = "X-43",
         .catches = DEFECTS("x402.identifier.across"),
         .needs = X4P_PAY | X4P_IDENTIFIER | X4P_OTHER, TABLE(elsewheres))
{
    const struct elsewhere *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct peer_want other = row->make(t, want);
    const struct x4p_payment *paid = x4p_paid(t, want), *there;

    (void)bought(t, want, paid);
    there = named_as(t, x4p_reused(t, x4p_given_offer(t, other), paid), paid);
    expect_not_served(t, x4p_send(t, row->name, other, there));
}
