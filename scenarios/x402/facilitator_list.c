/* Threat facilitator-widening, while a server runs: what its facilitator begins or ceases to list
 * is neither offered nor taken but as far as the server sells it itself. What a server makes of a
 * list at its start is asked in facilitator_faults.c. */
#include "peer/x402/peer.h"

enum { LOOK_MS = 20, LISTS_MAX = 12, STEADY = 8 };

static bool offers(struct assay_case *t, struct peer_want want, const struct peer_answer *answer)
{
    const char *fault = NULL;

    return x4p_offer_of(t, want, answer, &fault) != NULL;
}

/* Asks for offers until the list was asked for again and some in a row were answered since then,
 * without an offer where none is waited for: whichever worker answered. At most for the time of
 * several lists. The last answer. */
static const struct peer_answer *asked_again(struct assay_case *t, struct peer_want want,
                                             bool until_none)
{
    struct facilitator *f = x4p_facilitator(t);
    uint64_t before = facilitator_counts(f).calls[FACILITATOR_SUPPORTED];
    int left_ms = (int)case_target(t)->poll_ms * LISTS_MAX, steady = 0;
    const struct peer_answer *answer;

    do {
        peer_pause(t, LOOK_MS);
        left_ms -= LOOK_MS;
        answer = x4p_send(t, "ask for an offer", want, NULL);
        steady++;
        if (facilitator_counts(f).calls[FACILITATOR_SUPPORTED] == before ||
            (until_none && offers(t, want, answer)))
            steady = 0;
    } while (steady < STEADY && left_ms > 0);
    return answer;
}

/* ---- less ---- */

static void expect_nothing_offered(struct assay_case *t, struct peer_want want)
{
    const struct peer_answer *answer = asked_again(t, want, true);

    expect_not_served(t, answer);
    expect(t, !offers(t, want, answer), "no offer that the facilitator would settle", "one");
}

SCENARIO(shrunken_list_is_kept_to,
         .title = "What the facilitator ceases to list is soon offered no more",
         .threat = "facilitator-widening", .rule = "facilitator.current",
         .catches = DEFECTS("facilitator.kinds_cached_for_good", "facilitator.list_ignored"),
         .needs = X4P_PAY | X4P_LISTS, .fresh = true)
{
    struct peer_want want = peer_endpoint(t, "paid_get");

    (void)x4p_given_offer(t, want);
    x4p_facilitator_behaves(
        t, (struct facilitator_behaviour){.supported = {.lie = FACILITATOR_NO_KINDS}});
    expect_nothing_offered(t, want);
    x4p_facilitator_is_honest(t);
    expect_still_sells(t, want);
}

static const struct modes {
    const char *name, *extra;
} modes[] = {
    {"to verify alone", "{\"modes\":[\"verify\"]}"},
    {"to settle alone", "{\"modes\":[\"settle\"]}"},
    {"to claim and refund", "{\"modes\":[\"claim\",\"refund\"]}"},
    {"in modes that nobody knows", "{\"modes\":[\"verify\",\"settle\",\"assay\"]}"},
    {"in no modes", "{\"modes\":[]}"},
    {"in modes that are a text", "{\"modes\":\"verify,settle\"}"},
};

SCENARIO(kinds_without_both_modes_are_not_sold,
         .title = "What the facilitator lists otherwise than to be verified and settled is not "
                  "offered",
         .threat = "facilitator-widening", .rule = "facilitator.intersection",
         .catches = DEFECTS("facilitator.modes_widened", "facilitator.list_ignored"),
         .needs = X4P_PAY | X4P_LISTS, .fresh = true, TABLE(modes))
{
    const struct modes *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");

    (void)x4p_given_offer(t, want);
    x4p_facilitator_lists(t, row->extra);
    expect_nothing_offered(t, want);
    x4p_facilitator_lists(t, NULL);
    expect_still_sells(t, want);
}

/* ---- more ---- */

static const struct growth {
    const char *name;
    enum facilitator_lie lie;
    const char *path, *word; /* what is accepted of it */
} growths[] = {
    {"a scheme", FACILITATOR_MORE_SCHEMES, "accepted.scheme", "upto"},
    {"a scheme of batches", FACILITATOR_MORE_SCHEMES, "accepted.scheme", "batch-settlement"},
    {"a network", FACILITATOR_MORE_NETWORKS, "accepted.network", "kaspa:mainnet"},
    {"an asset", FACILITATOR_MORE_ASSETS, "accepted.asset",
     "0x000000000000000000000000000000000000dEaD"},
    {"an extra", FACILITATOR_MORE_ASSETS, "accepted.extra.name", "Worthless"},
    {"a payee", FACILITATOR_MORE_SIGNERS, "accepted.payTo",
     "0x000000000000000000000000000000000000dEaD"},
};

SCENARIO(grown_list_sells_nothing_more,
         .title = "What the facilitator begins to list of schemes, networks, assets, extra and "
                  "signers is neither offered nor accepted",
         .threat = "facilitator-widening", .rule = "facilitator.intersection",
         .catches = DEFECTS("facilitator.kinds_union", "facilitator.assets_widened",
                            "facilitator.extra_of_facilitator"),
         .needs = X4P_PAY | X4P_LISTS, .fresh = true, TABLE(growths))
{
    const struct growth *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const char *fault = NULL;
    const struct x4p_offer *offer;
    struct x4p_calls before;

    x4p_facilitator_behaves(t, (struct facilitator_behaviour){.supported = {.lie = row->lie}});
    offer = x4p_offer_of(t, want, asked_again(t, want, false), &fault);
    before = x4p_calls(t);
    expect_refused_unasked(
        t, x4p_send(t, row->name, want, x4p_with_word(t, paid, row->path, row->word)), before);
    expect(t,
           offer != NULL && json_equal(json_object_get(offer->tree, "accepts"),
                                       json_object_get(paid->offer->tree, "accepts")),
           "the offer as it was before", "%s", fault != NULL ? fault : "another one");
    expect_delivered(t, x4p_send_until_known(t, "as it was offered", want, paid), paid);
}
