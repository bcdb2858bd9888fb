/* The profile x402 as the runner knows it: its rules and threats, its ideas, its roles, what a
 * target may lack, and the honest purchase that must still work after every attack. */
#include "peer/x402/mcp.h"
#include "peer/x402/peer_internal.h"
#include "run/profiles.h"
#include "run/revisions.h"

#define X(id, level, source, sentence, remedy) {id, {LEVEL_##level}, source, sentence, remedy},
static const struct profile_rule rules[] = {
#include "x402/rules.def"
};
#undef X

#define X(id, profile, asset, threat, mitigation, residual, severity, stride, not_reached)         \
    {id, asset, threat, mitigation, residual, severity, stride, not_reached},
static const struct profile_threat threats[] = {
#include "x402/threats.def"
};
#undef X

/* Ends in a row of its own, so that the list may be empty. */
#define X(id, reason) {id, reason},
static const struct profile_idea ideas_left[] = {
#include "peer/x402/ideas.def"
    {NULL, NULL},
};
#undef X

/* Section 12 of the x402 digest. */
static const char *const ideas[] = {
    "X-01", "X-02", "X-03", "X-04", "X-05", "X-06", "X-07", "X-08", "X-09", "X-10", "X-11",
    "X-12", "X-13", "X-14", "X-15", "X-16", "X-17", "X-18", "X-19", "X-20", "X-21", "X-22",
    "X-23", "X-24", "X-25", "X-26", "X-27", "X-28", "X-29", "X-30", "X-31", "X-32", "X-33",
    "X-34", "X-35", "X-36", "X-37", "X-38", "X-39", "X-40", "X-41", "X-42", "X-43", "X-44",
    "X-45", "X-46", "X-47", "X-48", "X-49", "X-50", "X-51", "X-52", "X-53", "X-54", "X-55",
    "X-56", "X-57", "X-58", "X-59", "X-60", "X-61", NULL,
};

static const char *lacks(struct assay_case *t, unsigned needs)
{
    const struct target *target = case_target(t);

    if ((needs & X4P_PAY) != 0 && !target_meets_role(target, "facilitator"))
        return "the target cannot be pointed at the role \"facilitator\" (`roles` in its file): a "
               "payment would be verified by nobody";
    if ((needs & X4P_TWO) != 0 && !target_supports(target, "two-offers"))
        return "the target does not support \"two-offers\": what is priced is offered in one way";
    if ((needs & X4P_OTHER) != 0 && target_endpoint(target, "paid_get_other") == NULL)
        return "the target file names no endpoint \"paid_get_other\"";
    if ((needs & X4P_IDENTIFIER) != 0 && !target_supports(target, "payment-identifier"))
        return "the target does not support \"payment-identifier\"";
    if ((needs & X4P_SIGNED) != 0 && !target_supports(target, "offer-receipt"))
        return "the target does not support \"offer-receipt\": it signs no offers";
    if ((needs & X4P_LISTS) != 0 && target->poll_ms == 0)
        return "the target file does not say how often it asks for /supported (`limits.poll_ms`)";
    if ((needs & X4P_MCP) != 0)
        return mcp_lacks(target);
    return NULL;
}

static uint64_t moves(struct assay_case *t)
{
    return facilitator_counts(x4p_facilitator(t)).moved;
}

static void probe(struct assay_case *t)
{
    if (lacks(t, X4P_PAY) == NULL) /* else nobody can pay there, before an attack or after it */
        (x4p_expect_still_sells)(t, peer_endpoint(t, "paid_get"));
}

static const char *const rule_sets[] = {"base", NULL};

static const char *const supports[] = {
    "two-offers", "payment-identifier", "offer-receipt", "offer-signer:", "kind:", "mcp", NULL};
static const struct profile_source sources[] = {
    {"x402 specification, version 2, its transports and extensions", REVISION_X402},
};

const struct profile profile_x402 = {
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
    .honest_hint = {[SIDE_SERVER] =
                        "does it ask the facilitator at ${FACILITATOR} of this run, and does that "
                        "list the scheme and network of the offer (`supports`: "
                        "\"kind:SCHEME,NETWORK\")? does PAYMENT-SIGNATURE reach it, past proxies "
                        "and limits of headers? do priced routes call the origin, once? what the "
                        "facilitator was asked is with the evidence"},
    .first_control = {[SIDE_SERVER] = PROFILE "/honest_payment_is_served"},
    .roles_start = x4p_roles_start,
    .roles_stop = x4p_roles_stop,
    .role_url = x4p_role_url,
    .roles_calm = x4p_roles_calm,
    .roles_tell = x4p_roles_tell,
    .moves = moves,
    .lacks = lacks,
    .probe = probe,
};
