/* Threat exact-replay: one payment in other spellings. A facilitator that reads the chain says yes
 * to each of them, and names the transaction of the first one again; what was authorised, and that
 * transaction, have bought by then. */
#include "peer/x402/peer.h"

#define AUTHORIZATION "payload.authorization"

/* ---- spellings of an authorization ---- */

/* Payments of other networks are opaque to us. */
static const char *authorized(struct assay_case *t, const struct x4p_payment *paid,
                              const char *member)
{
    const char *path = case_printf(t, AUTHORIZATION ".%s", member);
    const char *text = json_string_value(peer_tree_get(paid->tree, path));

    if (text == NULL)
        case_end(t, VERDICT_UNSUPPORTED, "payments of this network are opaque to us");
    return text;
}

static const struct x4p_payment *with(struct assay_case *t, const struct x4p_payment *paid,
                                      const char *member, const char *text)
{
    return x4p_with_word(t, paid, case_printf(t, AUTHORIZATION ".%s", member), text);
}

/* Its letters from `first` on, 26 of them, by those at the same distance from `other`. */
static const char *in_letters(struct assay_case *t, const char *text, char first, char other)
{
    char *copy = case_printf(t, "%s", text);

    for (size_t i = 0; copy[i] != '\0'; i++)
        if (copy[i] >= first && copy[i] < first + 26)
            copy[i] = (char)(copy[i] - first + other);
    return copy;
}

static const struct x4p_payment *nonce_in_capitals(struct assay_case *t,
                                                   const struct x4p_payment *paid)
{
    const char *nonce = authorized(t, paid, "nonce");

    return with(t, paid, "nonce", case_printf(t, "0x%s", in_letters(t, nonce + 2, 'a', 'A')));
}

static const struct x4p_payment *payer_in_small_letters(struct assay_case *t,
                                                        const struct x4p_payment *paid)
{
    return with(t, paid, "from", in_letters(t, authorized(t, paid, "from"), 'A', 'a'));
}

static const struct x4p_payment *payee_in_small_letters(struct assay_case *t,
                                                        const struct x4p_payment *paid)
{
    return with(t, paid, "to", in_letters(t, authorized(t, paid, "to"), 'A', 'a'));
}

static const struct x4p_payment *value_behind_a_zero(struct assay_case *t,
                                                     const struct x4p_payment *paid)
{
    return with(t, paid, "value", case_printf(t, "0%s", authorized(t, paid, "value")));
}

static const struct x4p_payment *with_a_member_more(struct assay_case *t,
                                                    const struct x4p_payment *paid)
{
    (void)authorized(t, paid, "nonce");
    return with(t, paid, "assay", "more");
}

static const struct x4p_payment *in_another_order(struct assay_case *t,
                                                  const struct x4p_payment *paid)
{
    const char *nonce = authorized(t, paid, "nonce");

    return with(t, x4p_with(t, paid, AUTHORIZATION ".nonce", NULL), "nonce", nonce);
}

static const struct spelling {
    const char *name;
    const struct x4p_payment *(*respell)(struct assay_case *t, const struct x4p_payment *paid);
} spellings[] = {
    {"its nonce in capitals", nonce_in_capitals},
    {"its payer in small letters", payer_in_small_letters},
    {"its payee in small letters", payee_in_small_letters},
    {"its value behind a zero", value_behind_a_zero},
    {"with a member more", with_a_member_more},
    {"its members in another order", in_another_order},
};

/* In an envelope of its own, so that nothing but the payload is known of it. */
static const struct x4p_payment *spelled(struct assay_case *t, const struct x4p_payment *paid,
                                         const struct spelling *as)
{
    return as->respell(t, x4p_reused(t, x4p_given_offer(t, paid->offer->want), paid));
}

/* It takes every spelling, as one does that reads values leniently. */
static void given_idempotent_facilitator(struct assay_case *t)
{
    x4p_facilitator_judges(t, false);
    x4p_facilitator_settles(t, FACILITATOR_SAME_ANSWER);
}

SCENARIO(authorization_buys_once_however_it_is_written,
         .title = "An authorization that has bought buys nothing more in another spelling, where "
                  "the facilitator tells of its settlement again",
         .threat = "exact-replay", .rule = "replay.memory", .ideas = "X-30 X-51",
         .catches = DEFECTS("facilitator.named_by_text"), .needs = X4P_PAY, TABLE(spellings))
{
    const struct spelling *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    const struct x4p_payment *again = spelled(t, paid, row);
    const struct peer_answer *first;

    given_idempotent_facilitator(t);
    first = x4p_send_until_known(t, "first use", want, paid);
    expect_delivered(t, first, paid);
    expect_nothing_more(t, x4p_send(t, row->name, want, again), first);
}

enum { SPELLINGS = ARRAY_LEN(spellings) };

SCENARIO(spellings_at_once_run_once,
         .title = "Of the spellings of one authorization that are all verified before one is "
                  "settled, one runs the handler",
         .threat = "exact-replay", .rule = "replay.race", .ideas = "X-32",
         .catches = DEFECTS("facilitator.named_by_text"), .races = true, .needs = X4P_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_payment *paid = x4p_paid(t, want);
    struct peer_shot shots[SPELLINGS];

    for (size_t i = 0; i < SPELLINGS; i++)
        shots[i] =
            (struct peer_shot){.want = want, .with = x4p_headers(spelled(t, paid, &spellings[i]))};
    given_idempotent_facilitator(t);
    expect_one_run(t, x4p_burst_held(t, "spelling", shots, SPELLINGS, FACILITATOR_VERIFY),
                   SPELLINGS);
}

/* ---- one transaction ---- */

/* A server that leaves judging to its facilitator cannot know what of such a payload moves money:
 * it may run the handler, and has to see by what the payment was settled. */
SCENARIO(transaction_buys_once_whatever_names_it,
         .title = "A payload that the server cannot read buys nothing with a member more, where "
                  "the facilitator names the transaction of the first one",
         .threat = "exact-replay", .rule = "replay.transaction", .ideas = "X-30",
         .catches = DEFECTS("facilitator.transaction_spent_again"), .needs = X4P_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct x4p_offer *offer = x4p_opaque_offer(t, want);
    const struct x4p_payment *paid = given_payment(t, offer);
    const struct x4p_payment *more =
        x4p_with(t, x4p_reused(t, offer, paid), "payload.assay", "\"more\"");
    const struct peer_answer *first;

    x4p_facilitator_settles(t, FACILITATOR_SAME_ANSWER);
    first = x4p_send_until_known(t, "first use", want, paid);
    expect_delivered(t, first, paid);
    expect_no_more_content(t, x4p_send(t, "with a member more", want, more), first);
    expect_no_more_content(t, x4p_send(t, "as it was", want, paid), first);
}
