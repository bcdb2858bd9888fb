/* Threat proof-replay: one payment, used again. Whatever is sent, in whatever order, spelling,
 * header, surface or number of copies: the protected handler runs once, and every other request is
 * refused. */
#include "peer/paid-tools/peer.h"

SCENARIO(spent_proof_buys_nothing, .title = "A proof that has bought its answer buys nothing more",
         .threat = "proof-replay", .rule = "NS-1", .ideas = "T1-01",
         .catches = DEFECTS("nonce.unrecorded"), .needs = PT_SECRET)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_with paid = {.proof = given_paid(t, want)};

    expect_granted(t, pt_send(t, "first use", want, paid));
    expect_refused(t, pt_send(t, "second use", want, paid));
    expect_refused(t, pt_send(t, "third use", want, paid));
}

enum { ROUNDS = 4, COPIES = 64 };

static const struct burst {
    const char *name, *endpoint;
    size_t copies;
} bursts[] = {
    {"64 copies of a GET", "paid_get", COPIES},
    {"32 copies of a POST", "paid_post", COPIES / 2},
};

/* Repeated with fresh payments: a race that is met by luck is met more often in four tries than in
 * one. */
static void expect_one_of_the_copies(struct assay_case *t, const char *endpoint, size_t copies)
{
    struct peer_want want = peer_endpoint(t, endpoint);

    for (int round = 0; round < ROUNDS; round++) {
        struct pt_with paid = {.proof = given_paid(t, want)};

        expect_granted_count(t, pt_copies(t, "copy", want, paid, copies), copies, 1);
    }
}

SCENARIO(copies_in_flight_buy_once,
         .title = "Of many copies of one proof at once, one runs the handler",
         .threat = "proof-replay", .rule = "NS-2", .ideas = "T1-02",
         .catches = DEFECTS("nonce.unrecorded", "nonce.recorded_after_handler"), .needs = PT_SECRET,
         TABLE(bursts))
{
    const struct burst *row = case_row(t);

    expect_one_of_the_copies(t, row->endpoint, row->copies);
}

static void release_writes(void *supervisor)
{
    supervisor_behave(supervisor, &(struct supervisor_rule){0});
}

SCENARIO(
    copies_buy_once_while_writes_wait,
    .title = "Of many copies of one proof at once, one runs the handler, however slow the disk",
    .threat = "proof-replay", .rule = "NS-2", .ideas = "T1-02",
    .catches = DEFECTS("nonce.two_steps", "nonce.recorded_after_handler"),
    .needs = PT_SECRET | NEED_SUPERVISOR)
{
    struct supervisor *supervisor = instance_supervisor(case_instance(t));

    case_defer(t, release_writes, supervisor);
    supervisor_behave(supervisor,
                      &(struct supervisor_rule){.calls = SUPERVISOR_SYNC, .hold_ms = 5});
    expect_one_of_the_copies(t, "paid_get", COPIES);
}

SCENARIO(copies_in_both_headers_buy_once,
         .title = "Of copies of one payment in both headers at once, one runs the handler",
         .threat = "proof-replay", .rule = "NS-6", .ideas = "T1-02 T1-06",
         .catches = DEFECTS("nonce.space_per_header"), .needs = PT_SECRET | PT_BRIDGE)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct pt_proof *paid = given_payment(t, given_offer(t, want));
    struct peer_want wants[COPIES / 2];
    struct pt_with withs[COPIES / 2];

    for (size_t i = 0; i < ARRAY_LEN(withs); i++) {
        wants[i] = want;
        withs[i] = i % 2 == 0 ? (struct pt_with){.proof = pt_header(t, paid)}
                              : (struct pt_with){.bridge = pt_bridge_header(t, paid)};
    }
    expect_granted_count(t, pt_burst(t, "copy", wants, withs, ARRAY_LEN(withs)), ARRAY_LEN(withs),
                         1);
}

SCENARIO(copy_during_the_handler_is_refused,
         .title = "A copy sent while the handler still works on the first is refused",
         .threat = "proof-replay", .rule = "NS-2", .ideas = "T1-11",
         .catches = DEFECTS("nonce.unrecorded", "nonce.recorded_after_handler"),
         .needs = PT_SECRET | NEED_ORIGIN)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_with paid = {.proof = given_paid(t, want)};
    struct peer_pending *first = given_running(t, "first use, its handler at work", want, paid);
    const struct peer_answer *copy = pt_send_during(t, first, "copy meanwhile", want, paid);

    peer_finish(t, first);
    expect_refused(t, copy);
}

static const struct coercion {
    const char *name;
    const char *before, *after; /* around the quoted nonce */
} coercions[] = {
    {"array of one", "[", "]"},
    {"array in an array", "[[", "]]"},
    {"array with white space", "[ ", " ]"},
    {"object", "{\"nonce\":", "}"},
    {"object of toString", "{\"toString\":", "}"},
};

SCENARIO(
    nonce_that_is_no_text_is_refused,
    .title = "A nonce that is not sent as a text is refused, before and after the payment was used",
    .threat = "proof-replay", .rule = "NS-3", .ideas = "T1-03 T1-04",
    .catches = DEFECTS("nonce.array_coerced"), .needs = PT_SECRET, TABLE(coercions))
{
    const struct coercion *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct pt_proof *paid = given_payment(t, given_offer(t, want));
    const char *raw = case_printf(t, "%s%s%s", row->before, pt_quote(t, paid->nonce), row->after);
    const char *json = pt_json_with(t, paid, "nonce", raw);
    struct pt_with bent = {.proof = pt_encode(t, assay_str(json))};

    expect_refused(t, pt_send(t, "unspent, bent", want, bent));
    expect_still_buys(t, want, (struct pt_with){.proof = pt_header(t, paid)});
    expect_refused(t, pt_send(t, "spent, bent", want, bent));
}

SCENARIO(number_is_no_nonce,
         .title = "A number is refused as a nonce, whatever the text of its digits may buy",
         .threat = "proof-replay", .rule = "NS-3", .ideas = "T1-04",
         .catches = DEFECTS("nonce.number_coerced"), .needs = PT_SECRET)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_proof *paid = pt_copy(t, given_payment(t, given_offer(t, want)));
    const char *digits = case_printf(t, "%lld", (long long)(case_now_ms(t)));
    const struct peer_answer *as_text;
    const char *as_number;

    memcpy(paid->nonce, digits, strlen(digits) + 1);
    paid = pt_resigned(t, paid);
    as_number = pt_encode(t, assay_str(pt_json_with(t, paid, "nonce", digits)));
    as_text = pt_send(t, "digits as text", want, (struct pt_with){.proof = pt_header(t, paid)});
    case_observe(t, "digits as a nonce", "sent as text they are answered with %d",
                 peer_status(as_text));
    expect_refused(t, pt_send(t, "digits as a number", want, (struct pt_with){.proof = as_number}));
}

static const char *other_order(struct assay_case *t, const struct pt_proof *paid)
{
    const char *tail = pt_json_with(t, paid, "version", NULL);

    return pt_encode(t,
                     assay_str(case_printf(t, "%.*s,\"version\":1}", (int)strlen(tail) - 1, tail)));
}

static const char *white_space(struct assay_case *t, const struct pt_proof *paid)
{
    return pt_encode(t, assay_str(case_printf(t, " %s\n", pt_json(t, paid))));
}

static const char *escaped_letters(struct assay_case *t, const struct pt_proof *paid)
{
    const char *raw =
        case_printf(t, "\"\\u%04x%s\"", (unsigned)(unsigned char)paid->nonce[0], paid->nonce + 1);

    return pt_encode(t, assay_str(pt_json_with(t, paid, "nonce", raw)));
}

static const char *further_member(struct assay_case *t, const struct pt_proof *paid)
{
    return pt_encode(t, assay_str(pt_json_with(t, paid, "note", "\"again\"")));
}

static const char *other_payer(struct assay_case *t, const struct pt_proof *paid)
{
    return pt_encode(t, assay_str(pt_json_with(t, paid, "payer", "\"mock://somebody-else\"")));
}

static const char *other_timestamp(struct assay_case *t, const struct pt_proof *paid)
{
    return pt_encode(t,
                     assay_str(pt_json_with(t, paid, "timestamp", "\"2020-01-01T00:00:00.000Z\"")));
}

static const char *other_version(struct assay_case *t, const struct pt_proof *paid)
{
    return pt_encode(t, assay_str(pt_json_with(t, paid, "version", "2")));
}

struct spelling {
    const char *name;
    const char *(*retell)(struct assay_case *t, const struct pt_proof *paid); /* or */
    const char *(*respell)(struct assay_case *t, const char *header);
};

static const struct spelling spellings[] = {
    {"members in another order", other_order, NULL},
    {"white space around the JSON", white_space, NULL},
    {"an escaped letter in the nonce", escaped_letters, NULL},
    {"a further member", further_member, NULL},
    {"padding", NULL, pt_padded},
    {"standard alphabet", NULL, pt_in_standard_alphabet},
    {"junk behind it", NULL, pt_with_junk_behind},
    {"a space within", NULL, pt_with_space_within},
    {"twice in one header", NULL, pt_twice_in_a_list},
};

/* Each spelling of a payment that was spent as it should be: refused as a replay or as no proof, as
 * the server likes. */
static void expect_spent_in_that_spelling(struct assay_case *t)
{
    const struct spelling *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_proof *paid = given_payment(t, given_offer(t, want));
    const char *header, *again;

    /* Of three '~' one becomes '-', or '+' in the other alphabet. */
    memcpy(paid->payer, "mock://~~~", sizeof "mock://~~~");
    header = pt_header(t, paid);
    again = row->retell != NULL ? row->retell(t, paid) : row->respell(t, header);
    expect_granted(t, pt_send(t, "first use", want, (struct pt_with){.proof = header}));
    expect_refused(t, pt_send(t, row->name, want, (struct pt_with){.proof = again}));
}

SCENARIO(other_spelling_is_the_same_payment,
         .title = "A spent proof buys nothing in another spelling of its text",
         .threat = "proof-replay", .rule = "NS-1", .ideas = "T1-05",
         .catches = DEFECTS("nonce.unrecorded", "nonce.keyed_by_header_text"), .needs = PT_SECRET,
         TABLE(spellings))
{
    expect_spent_in_that_spelling(t);
}

static const struct spelling changes[] = {
    {"another payer", other_payer, NULL},
    {"another timestamp", other_timestamp, NULL},
    {"another version", other_version, NULL},
};

SCENARIO(unsigned_members_make_no_new_payment,
         .title = "A spent proof buys nothing when members that nobody signed are changed",
         .threat = "proof-replay", .rule = "NS-1", .ideas = "T1-10",
         .catches = DEFECTS("nonce.unrecorded", "nonce.keyed_by_header_text"), .needs = PT_SECRET,
         TABLE(changes))
{
    expect_spent_in_that_spelling(t);
}

static const struct header_order {
    const char *name;
    bool bridge_first;
} header_orders[] = {
    {"X-Payment-Proof, then PAYMENT-SIGNATURE", false},
    {"PAYMENT-SIGNATURE, then X-Payment-Proof", true},
};

SCENARIO(other_header_is_the_same_payment,
         .title = "A payment spent in one header is spent in the other", .threat = "proof-replay",
         .rule = "NS-6", .ideas = "T1-06", .catches = DEFECTS("nonce.space_per_header"),
         .needs = PT_SECRET | PT_BRIDGE, TABLE(header_orders))
{
    const struct header_order *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct pt_proof *paid = given_payment(t, given_offer(t, want));
    struct pt_with own = {.proof = pt_header(t, paid)},
                   bridge = {.bridge = pt_bridge_header(t, paid)};

    expect_granted(t, pt_send(t, "first use", want, row->bridge_first ? bridge : own));
    expect_refused(t, pt_send(t, "in the other header", want, row->bridge_first ? own : bridge));
}

static const struct surface_order {
    const char *name;
    bool call_first;
} surface_orders[] = {
    {"HTTP, then MCP", false},
    {"MCP, then HTTP", true},
};

SCENARIO(other_surface_is_the_same_payment,
         .title = "A nonce spent on one surface is spent on the other, though signed anew for it",
         .threat = "proof-replay", .rule = "NS-6", .ideas = "T1-07",
         .catches = DEFECTS("nonce.space_per_surface"), .needs = PT_SECRET | PT_MCP,
         TABLE(surface_orders))
{
    const struct surface_order *row = case_row(t);
    struct peer_want get = peer_endpoint(t, "paid_get"),
                     call = pt_want_tool(t, "{\"city\":\"Paris\"}");
    struct peer_want first = row->call_first ? call : get, second = row->call_first ? get : call;
    struct pt_proof *paid = given_payment(t, given_offer(t, first));

    expect_granted(t,
                   pt_send(t, "first use", first, (struct pt_with){.proof = pt_header(t, paid)}));
    memcpy(paid->request_hash, pt_hash_of(t, second), PT_HASH_TEXT_BYTES);
    paid = pt_resigned(t, paid);
    expect_refused(
        t, pt_send(t, "other surface", second, (struct pt_with){.proof = pt_header(t, paid)}));
}

static const char *with_two_nonces(struct assay_case *t, const struct pt_proof *paid,
                                   const char *first, const char *last)
{
    const char *tail = pt_json_with(t, paid, "nonce", NULL);

    return pt_encode(t, assay_str(case_printf(t, "{\"nonce\":%s,\"nonce\":%s,%s",
                                              pt_quote(t, first), pt_quote(t, last), tail + 1)));
}

SCENARIO(two_nonces_in_one_proof_buy_once,
         .title = "Proofs with two nonces each buy no more than the payment behind them",
         .threat = "proof-replay", .rule = "PF-1", .ideas = "T1-12",
         .catches = DEFECTS("proof.duplicate_members"), .needs = PT_SECRET)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct pt_proof *paid = given_payment(t, given_offer(t, want));
    const char *proofs[] = {
        with_two_nonces(t, paid, paid->nonce, given_uuid(t)),
        with_two_nonces(t, paid, paid->nonce, given_uuid(t)),
        with_two_nonces(t, paid, given_uuid(t), paid->nonce),
        with_two_nonces(t, paid, given_uuid(t), paid->nonce),
        pt_header(t, paid),
    };
    const struct peer_answer *answers[ARRAY_LEN(proofs)];

    for (size_t i = 0; i < ARRAY_LEN(proofs); i++)
        answers[i] = pt_send(t, "the paid nonce in one of two places", want,
                             (struct pt_with){.proof = proofs[i]});
    expect_granted_count(t, answers, ARRAY_LEN(answers), 1);
}
