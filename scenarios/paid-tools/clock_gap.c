/* Threat clock-gap: a moment at which a proof is neither expired nor remembered. An unspent proof
 * runs only before its expiry, a spent one never again, whatever the server's clock does and
 * whatever times the proof claims. */
#include "peer/paid-tools/peer.h"

#include "base/time.h"

enum { SECOND_MS = 1000, MINUTE_MS = 60000, TRAFFIC = 16 };

/* So many requests that every worker has looked at its clock, and a payment so that each has
 * written. */
static void given_traffic(struct assay_case *t, struct peer_want want)
{
    (void)pt_copies(t, "traffic", want, (struct pt_with){0}, TRAFFIC);
    (void)pt_copies(t, "traffic", want, (struct pt_with){0}, TRAFFIC);
}

static struct pt_with with_proof(struct assay_case *t, const struct pt_proof *proof)
{
    return (struct pt_with){.proof = pt_header(t, proof)};
}

/* ---- unspent ---- */

static const struct moment {
    const char *name;
    int64_t after_ms; /* expiry */
} moments[] = {
    {"a second before it", -SECOND_MS},
    {"in its very millisecond", 0},
    {"a second after it", SECOND_MS},
    {"an hour after it", 60 * MINUTE_MS},
};

SCENARIO(
    unspent_proof_ends_with_its_expiry,
    .title = "An unspent proof buys before its expiry, and neither in its millisecond nor after it",
    .threat = "clock-gap", .rule = "EX-1", .ideas = "T6-01 T6-02",
    .catches = DEFECTS("expiry.inclusive", "expiry.unchecked"), .needs = PT_SECRET | NEED_CLOCK,
    TABLE(moments))
{
    const struct moment *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct pt_offer *offer;
    struct pt_with paid;
    int64_t expiry_ms;

    case_freeze_clock(t, case_now_ms(t) / SECOND_MS * SECOND_MS);
    offer = given_offer(t, want);
    expiry_ms = pt_expiry_ms(t, &offer->challenge);
    if (expiry_ms % SECOND_MS != 0)
        case_end(t, VERDICT_UNSUPPORTED,
                 "asked at a whole second, the target answered with an expiry between two: "
                 "its clock cannot be stopped at that millisecond");
    paid = with_proof(t, given_payment(t, offer));
    case_freeze_clock(t, expiry_ms + row->after_ms);
    if (row->after_ms < 0)
        expect_granted(t, pt_send(t, row->name, want, paid));
    else
        expect_refused(t, pt_send(t, row->name, want, paid));
}

SCENARIO(new_expiry_revives_nothing,
         .title = "An expired proof is not revived by writing another expiry into it",
         .threat = "clock-gap", .rule = "EX-2", .ideas = "T6-03",
         .catches = DEFECTS("expiry.not_authenticated"), .needs = PT_SECRET | NEED_CLOCK)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct pt_offer *offer = given_offer(t, want);
    struct pt_proof *paid = given_payment(t, offer);
    int64_t expiry_ms = pt_expiry_ms(t, &offer->challenge);

    peer_clock_at(t, expiry_ms + SECOND_MS);
    expect_refused(t, pt_send(t, "a second after its expiry", want, with_proof(t, paid)));
    assay_time_text(paid->expires_at, expiry_ms + 2 * MINUTE_MS);
    expect_refused(t, pt_send(t, "with another expiry", want, with_proof(t, paid)));
}

/* A spent nonce that is remembered by what the proof says of its end is forgotten when the payer
 * likes. */
SCENARIO(
    near_expiry_forgets_no_nonce,
    .title =
        "A proof spent with a nearer expiry than the issued one is not spent again after eviction",
    .threat = "clock-gap", .rule = "EX-2", .ideas = "T6-04",
    .catches = DEFECTS("expiry.not_authenticated"), .needs = PT_SECRET | NEED_CLOCK)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_proof *paid = given_payment(t, given_offer(t, want)), *again = pt_copy(t, paid);
    int64_t began_ms = case_now_ms(t);
    const struct peer_answer *first;

    assay_time_text(paid->expires_at, began_ms + 30 * SECOND_MS);
    first = pt_send(t, "with a near expiry", want, with_proof(t, paid));
    case_observe(t, "near expiry", "a proof with a nearer expiry than issued was %s",
                 pt_is_granted(t, first) ? "granted" : "refused");
    peer_clock_at(t, began_ms + 230 * SECOND_MS);
    given_traffic(t, want);
    if (!pt_is_granted(t, first)) {
        expect_refused(t, first);
        return;
    }
    assay_time_text(again->expires_at, began_ms + 290 * SECOND_MS);
    expect_refused(t, pt_send(t, "after eviction, with a far expiry", want, with_proof(t, again)));
}

/* ---- spent ---- */

SCENARIO(
    spent_nonce_is_remembered_to_its_expiry,
    .title = "A spent proof stays spent as long as it is unexpired, however long ago it was spent",
    .threat = "clock-gap", .rule = "NS-4", .ideas = "T6-05",
    .catches = DEFECTS("nonce.evicted_early"), .needs = PT_SECRET | NEED_CLOCK)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct pt_offer *offer = given_offer(t, want);
    struct pt_with paid = with_proof(t, given_payment(t, offer));
    int64_t spent_ms = case_now_ms(t), left_ms = pt_expiry_ms(t, &offer->challenge) - spent_ms;

    expect_granted(t, pt_send(t, "spent", want, paid));
    for (int64_t quarter = 1; quarter <= 3; quarter++) {
        peer_clock_at(t, spent_ms + quarter * left_ms / 4);
        given_traffic(t, want);
        expect_refused(t, pt_send(t, "again, before its expiry", want, paid));
    }
}

SCENARIO(
    spent_proof_is_refused_past_its_expiry,
    .title =
        "A spent proof is refused at its expiry, through the grace after it, and past eviction",
    .threat = "clock-gap", .rule = "EX-1", .ideas = "T6-05", .catches = DEFECTS("expiry.unchecked"),
    .needs = PT_SECRET | NEED_CLOCK)
{
    static const int64_t after_s[] = {0, 30, 59, 61, 90, 121, 600};
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct pt_offer *offer = given_offer(t, want);
    struct pt_with paid = with_proof(t, given_payment(t, offer));

    expect_granted(t, pt_send(t, "spent", want, paid));
    for (size_t i = 0; i < ARRAY_LEN(after_s); i++) {
        peer_clock_at(t, pt_expiry_ms(t, &offer->challenge) + after_s[i] * SECOND_MS);
        given_traffic(t, want);
        expect_refused(t, pt_send(t, "again, past its expiry", want, paid));
    }
}

SCENARIO(clock_stepped_back_revives_nothing,
         .title = "A spent proof stays spent when the server's clock steps back",
         .threat = "clock-gap", .rule = "NS-4", .ideas = "T6-07",
         .catches = DEFECTS("nonce.unrecorded"), .needs = PT_SECRET | NEED_CLOCK)
{
    static const int64_t back_s[] = {1, 30, 60, 600, 3600};
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_with paid = {.proof = given_paid(t, want)};
    int64_t spent_ms = case_now_ms(t);

    expect_granted(t, pt_send(t, "spent", want, paid));
    for (size_t i = 0; i < ARRAY_LEN(back_s); i++) {
        peer_clock_at(t, spent_ms - back_s[i] * SECOND_MS);
        expect_refused(t, pt_send(t, "after a step back", want, paid));
    }
    case_shift_clock(t, 0);
    expect_refused(t, pt_send(t, "with the clock set right again", want, paid));
}

SCENARIO(eviction_is_not_undone_by_the_clock,
         .title = "A spent proof stays spent when the clock steps past its eviction and back again",
         .threat = "clock-gap", .rule = "NS-4", .ideas = "T6-08",
         .catches = DEFECTS("clock.eviction_forgotten"), .needs = PT_SECRET | NEED_CLOCK)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct pt_offer *offer = given_offer(t, want);
    struct pt_with paid = with_proof(t, given_payment(t, offer));

    expect_granted(t, pt_send(t, "spent", want, paid));
    peer_clock_at(t, pt_expiry_ms(t, &offer->challenge) + 3 * MINUTE_MS);
    given_traffic(t, want);
    case_shift_clock(t, 0);
    expect_refused(t, pt_send(t, "after forward and back", want, paid));
}

/* ---- times that nobody signed ---- */

static const struct stamp {
    const char *name;
    int64_t off_ms;
} stamps[] = {
    {"ten minutes behind", -10 * MINUTE_MS},
    {"ten minutes ahead", 10 * MINUTE_MS},
    {"ten years behind", -(int64_t)10 * 365 * 24 * 60 * MINUTE_MS},
};

SCENARIO(timestamp_changes_nothing,
         .title = "The payer's own clock, in the proof's timestamp, changes nothing",
         .threat = "clock-gap", .rule = "EX-1", .ideas = "T6-06",
         .catches = DEFECTS("expiry.from_timestamp"), .needs = PT_SECRET, TABLE(stamps))
{
    const struct stamp *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct pt_proof *paid = given_payment(t, given_offer(t, want));

    assay_time_text(paid->timestamp, case_now_ms(t) + row->off_ms);
    expect_granted(t, pt_send(t, row->name, want, with_proof(t, paid)));
}

SCENARIO(fresh_timestamp_revives_nothing,
         .title = "An expired proof is not revived by a fresh timestamp", .threat = "clock-gap",
         .rule = "EX-1", .ideas = "T6-06",
         .catches = DEFECTS("expiry.from_timestamp", "expiry.unchecked"),
         .needs = PT_SECRET | NEED_CLOCK)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct pt_offer *offer = given_offer(t, want);
    struct pt_proof *paid = given_payment(t, offer);

    peer_clock_at(t, pt_expiry_ms(t, &offer->challenge) + SECOND_MS);
    assay_time_text(paid->timestamp, case_now_ms(t));
    expect_refused(t, pt_send(t, "expired, with a fresh timestamp", want, with_proof(t, paid)));
}

/* ---- forms of expiresAt ---- */

static const struct form {
    const char *name;
    const char *before; /* what stands in the JSON: this, so much of the issued text, and that */
    size_t kept;
    const char *after;
} forms[] = {
    {"without a zone", "\"", 23, "\""},
    {"with an offset", "\"", 23, "+00:00\""},
    {"with a small z", "\"", 23, "z\""},
    {"without milliseconds", "\"", 19, "Z\""},
    {"more digits of a second", "\"", 23, "000Z\""},
    {"a date alone", "\"", 10, "\""},
    {"followed by a space", "\"", 24, " \""},
    {"preceded by a space", "\" ", 24, "\""},
    {"a year alone", "\"2099\"", 0, ""},
    {"a leap second", "\"2098-12-31T23:59:60.000Z\"", 0, ""},
    {"a year of five digits", "\"+12099-01-01T00:00:00.000Z\"", 0, ""},
    {"empty", "\"\"", 0, ""},
    {"null", "null", 0, ""},
    {"true", "true", 0, ""},
    {"a list", "[\"", 24, "\"]"},
    {"a number of milliseconds", NULL, 0, ""},
};

static const char *form_of(struct assay_case *t, const struct form *row,
                           const struct pt_offer *offer)
{
    const char *issued = offer->challenge.expires_at;

    if (row->before == NULL)
        return case_printf(t, "%lld", (long long)pt_expiry_ms(t, &offer->challenge));
    return case_printf(t, "%s%.*s%s", row->before, (int)row->kept, issued, row->after);
}

SCENARIO(expiry_has_one_form,
         .title = "An expiresAt of any other form than the issued one is refused",
         .threat = "clock-gap", .rule = "PF-1", .ideas = "T6-09",
         .catches = DEFECTS("expiry.lenient_text"), .needs = PT_SECRET, TABLE(forms))
{
    const struct form *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct pt_offer *offer = given_offer(t, want);
    const char *json =
        pt_json_with(t, given_payment(t, offer), "expiresAt", form_of(t, row, offer));

    expect_refused(
        t, pt_send(t, row->name, want, (struct pt_with){.proof = pt_encode(t, assay_str(json))}));
}

static const struct far_expiry {
    const char *name;
    const char *text; /* NULL: an hour beyond the issued one */
} far_expiries[] = {
    {"an hour too far", NULL},
    {"in 2099", "2099-01-01T00:00:00.000Z"},
    {"in 9999", "9999-12-31T23:59:59.999Z"},
};

SCENARIO(far_expiry_is_refused,
         .title = "A fresh proof with an expiry beyond the issued lifetime is refused",
         .threat = "clock-gap", .rule = "EX-3", .ideas = "T6-10 T8-03",
         .catches = DEFECTS("expiry.far_accepted"), .needs = PT_SECRET, TABLE(far_expiries))
{
    const struct far_expiry *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct pt_offer *offer = given_offer(t, want);
    struct pt_proof *paid = given_payment(t, offer);

    if (row->text != NULL)
        memcpy(paid->expires_at, row->text, strlen(row->text) + 1);
    else
        assay_time_text(paid->expires_at, pt_expiry_ms(t, &offer->challenge) + 60 * MINUTE_MS);
    expect_refused(t, pt_send(t, row->name, want, with_proof(t, paid)));
}
