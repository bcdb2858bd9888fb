/* The profile paid-tools as the runner knows it: its rules and threats, its ideas, what a target
 * may lack, and the honest purchase that must still work after every attack. */
#include "peer/paid-tools/peer_internal.h"
#include "run/profiles.h"
#include "run/revisions.h"

static const char *const rule_sets[] = {"hardened", "base", NULL};

/* In the order of the sets. */
#define LEVELS(base, hardened)                                                                     \
    {                                                                                              \
        LEVEL_##hardened, LEVEL_##base                                                             \
    }
#define X(id, base, hardened, source, sentence, remedy)                                            \
    {id, LEVELS(base, hardened), source, sentence, remedy},
static const struct profile_rule rules[] = {
#include "paid_tools/rules.def"
};
#undef X

#define X(id, profile, asset, threat, mitigation, residual, severity, stride, not_reached)         \
    {id, asset, threat, mitigation, residual, severity, stride, not_reached},
static const struct profile_threat threats[] = {
#include "paid_tools/threats.def"
};
#undef X

/* Ends in a row of its own, so that the list may be empty. */
#define X(id, reason) {id, reason},
static const struct profile_idea ideas_left[] = {
#include "peer/paid-tools/ideas.def"
    {NULL, NULL},
};
#undef X

/* Section 11 of the paid-tools digest. */
static const char *const ideas[] = {
    "T1-01", "T1-02", "T1-03", "T1-04", "T1-05", "T1-06", "T1-07", "T1-08", "T1-09", "T1-10",
    "T1-11", "T1-12", "T2-01", "T2-02", "T2-03", "T2-04", "T2-05", "T2-06", "T3-01", "T3-02",
    "T3-03", "T3-04", "T3-05", "T3-06", "T3-07", "T3-08", "T3-09", "T3-10", "T4-01", "T4-02",
    "T4-03", "T4-04", "T4-05", "T4-06", "T4-07", "T4-08", "T4-09", "T4-10", "T4-11", "T4-12",
    "T5-01", "T5-02", "T5-03", "T5-04", "T5-05", "T5-06", "T5-07", "T5-08", "T5-09", "T5-10",
    "T5-11", "T5-12", "T5-13", "T6-01", "T6-02", "T6-03", "T6-04", "T6-05", "T6-06", "T6-07",
    "T6-08", "T6-09", "T6-10", "T7-01", "T7-02", "T7-03", "T7-04", "T7-05", "T7-06", "T7-07",
    "T7-08", "T7-09", "T7-10", "T7-11", "T8-01", "T8-02", "T8-03", "T8-04", "T8-05", "T8-06",
    "T8-07", "T8-08", "T8-09", NULL,
};

static const char *lacks(struct assay_case *t, unsigned needs)
{
    const struct target *target = case_target(t);

    if ((needs & PT_SECRET) != 0 && target_secret(target, "mac") == NULL)
        return "the secret \"mac\" is not known (`secrets` in the target file): nothing can be "
               "paid";
    if ((needs & PT_BRIDGE) != 0 && !target_supports(target, "bridge"))
        return "the target does not support \"bridge\": PAYMENT-SIGNATURE is not accepted";
    if ((needs & PT_KEYS) != 0 && !target_supports(target, "idempotency"))
        return "the target does not support \"idempotency\"";
    if ((needs & PT_MCP) != 0 &&
        (!target_supports(target, "mcp") || target_endpoint(target, "mcp") == NULL))
        return "the target does not support \"mcp\", or its file names no endpoint \"mcp\"";
    if ((needs & PT_WILDCARD) != 0 && target_endpoint(target, "wildcard") == NULL)
        return "the target file names no endpoint \"wildcard\"";
    if ((needs & PT_DUAL) != 0 && !target_supports(target, "wire-dual"))
        return "the target does not support \"wire-dual\": PAYMENT-REQUIRED is not sent beside the "
               "body";
    return NULL;
}

enum { QUOTA_WINDOW_MS = 1000 };

/* After a flood the honest payer may have to wait for the next second's quota. */
static const struct peer_answer *ask_within_quota(struct assay_case *t, struct peer_want want)
{
    const struct peer_answer *answer = pt_send(t, "honest payer asks", want, (struct pt_with){0});

    for (int tries = 0; tries < 3 && peer_status(answer) == 429; tries++) {
        peer_pause(t, QUOTA_WINDOW_MS);
        answer = pt_send(t, "honest payer asks again", want, (struct pt_with){0});
    }
    return answer;
}

static void probe(struct assay_case *t)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct peer_answer *answer = ask_within_quota(t, want);
    struct pt_offer offer = {
        .want = want, .exchange = answer->exchange, .asked_ms = case_now_ms(t)};
    struct assay_err err = {0};
    bool is_challenge =
        peer_status(answer) == 402 && pt_challenge_of(&offer.challenge, answer, &err) == ASSAY_OK;

    case_judge(t, is_challenge, GRADE_OBSERVED,
               "after all this, 402 with a challenge for an honest payer", "%s",
               pt_seen(t, answer));
    answer = pt_send(t, "honest payer pays", want,
                     (struct pt_with){.proof = pt_header(t, given_payment(t, &offer))});
    (expect_granted)(t, answer); /* the place that is told stays the scenario's */
}

static const char *const supports[] = {"proof", "bridge", "idempotency", "mcp", "wire-dual", NULL};
static const struct profile_source sources[] = {
    {"paid tools: its threat model, canonical requests and proofs", REVISION_PAID_TOOLS},
};

const struct profile profile_paid_tools = {
    .name = PROFILE,
    .rule_sets = rule_sets,
    .supports = supports,
    .rules = rules,
    .rule_count = ARRAY_LEN(rules),
    .threats = threats,
    .threat_count = ARRAY_LEN(threats),
    .sources = sources,
    .source_count = ARRAY_LEN(sources),
    .ideas_left = ideas_left,
    .ideas_left_count = ARRAY_LEN(ideas_left) - 1,
    .ideas = ideas,
    .honest_hint[SIDE_SERVER] =
        "if every payment is refused, is the secret the server's own? if none is "
        "counted, do priced routes call the origin?",
    .first_control = {[SIDE_SERVER] = PROFILE "/honest_payment_is_served"},
    .lacks = lacks,
    .probe = probe,
};
