/* The profile kaspa-x402 as the runner knows it: its rules and threats, its ideas, its roles, what
 * a target may lack, and the honest purchase that must still work after every attack. */
#include "peer/kaspa-x402/facilitate.h"
#include "peer/kaspa-x402/peer_internal.h"
#include "peer/x402/mcp.h"
#include "run/profiles.h"
#include "run/revisions.h"

/* The checks of one payment, exact or on a channel, and of a channel's transactions; then the rules
 * of servers, clients and libraries. */
#define X(constant, id, local, source, sentence, remedy)                                           \
    {id, {LEVEL_MUST}, source, sentence, remedy},
static const struct profile_rule rules[] = {
#include "kaspa_x402/batch_checks.def"
#include "kaspa_x402/exact_checks.def"
#undef X
#define X(constant, kinds, id, local, source, sentence, remedy)                                    \
    {id, {LEVEL_MUST}, source, sentence, remedy},
#include "kaspa_x402/batch_tx_checks.def"
#undef X
#define X(id, level, source, sentence, remedy) {id, {LEVEL_##level}, source, sentence, remedy},
#include "kaspa_x402/rules.def"
#include "x402/mcp_rules.def"
};
#undef X

#define X(id, profile, asset, threat, mitigation, residual, severity, stride, not_reached)         \
    {id, asset, threat, mitigation, residual, severity, stride, not_reached},
static const struct profile_threat threats[] = {
#include "kaspa_x402/threats.def"
};
#undef X

/* Ends in a row of its own, so that the list may be empty. */
#define X(id, reason) {id, reason},
static const struct profile_idea ideas_left[] = {
#include "peer/kaspa-x402/ideas.def"
    {NULL, NULL},
};
#undef X

/* Section 26 of the exact digest; section 4 of the client's, but for the bundles of live evidence;
 * section 18 of the batch digest; of the x402 digest what is put to facilitators. */
static const char *const ideas[] = {
    "KX-001", "KX-002", "KX-003", "KX-004", "KX-005", "KX-006", "KX-007", "KX-008", "KX-009",
    "KX-010", "KX-011", "KX-012", "KX-013", "KX-014", "KX-015", "KX-016", "KX-017", "KX-018",
    "KX-020", "KX-021", "KX-022", "KX-023", "KX-024", "KX-025", "KX-026", "KX-027", "KX-028",
    "KX-029", "KX-030", "KX-031", "KX-032", "KX-033", "KX-040", "KX-041", "KX-042", "KX-043",
    "KX-044", "KX-045", "KX-046", "KX-047", "KX-048", "KX-049", "KX-050", "KX-051", "KX-052",
    "KX-053", "KX-054", "KX-055", "KX-056", "KX-057", "KX-058", "KX-060", "KX-061", "KX-062",
    "KX-063", "KX-064", "KX-065", "KX-066", "KX-067", "KX-068", "KX-069", "KX-070", "KX-071",
    "KX-080", "KX-081", "KX-082", "KX-083", "KX-084", "KX-085", "KX-086", "KX-087", "KX-088",
    "KX-089", "KX-090", "KX-091", "KX-092", "KX-093", "KX-094", "KX-095", "KX-096", "KX-097",
    "KX-098", "KX-099", "KX-100", "KX-110", "KX-111", "KX-112", "KX-113", "KX-114", "KX-115",
    "KX-116", "KX-117", "KX-118", "KX-119", "KX-130", "KX-131", "KX-132", "KX-133", "KX-134",
    "KX-135", "KX-136", "KX-137", "KX-138", "KX-139", "KX-140", "KX-141", "KX-142", "KX-143",
    "KX-144", "KX-145", "KX-146", "KX-147", "KX-148", "KX-149", "KX-150", "KX-151", "KX-160",
    "KX-161", "KX-162", "KX-163", "KX-164", "KX-165", "KX-166", "KX-167", "KX-168", "KX-169",
    "KX-180", "KX-181", "KX-182", "KX-183", "KX-184", "KX-185", "KX-186", "KX-190", "KX-191",
    "KX-192", "KX-193", "KX-194", "KX-195", "CL-01",  "CL-02",  "CL-03",  "CL-04",  "CL-05",
    "CL-06",  "CL-07",  "CL-08",  "CL-09",  "CL-10",  "CL-11",  "CL-12",  "CL-13",  "CL-14",
    "CL-15",  "CL-16",  "CL-17",  "CL-18",  "CL-19",  "CL-20",  "CL-21",  "CL-22",  "CL-23",
    "CL-24",  "CL-25",  "CL-26",  "CL-27",  "CL-28",  "CL-29",  "CL-30",  "B01",    "B02",
    "B03",    "B04",    "B05",    "B06",    "B07",    "B08",    "B09",    "B10",    "B11",
    "B12",    "B13",    "B14",    "B15",    "B16",    "B17",    "B18",    "B19",    "B20",
    "B21",    "B22",    "B23",    "B24",    "B25",    "B26",    "B27",    "B28",    "B29",
    "B30",    "B31",    "B32",    "B33",    "B34",    "B35",    "B36",    "B37",    "B38",
    "B39",    "B40",    "B41",    "B42",    "B43",    "B44",    "B45",    "B46",    "B47",
    "B48",    "B49",    "B50",    "B51",    "B52",    "B53",    "B54",    "B55",    "B56",
    "B57",    "B58",    "B59",    "B60",    "B61",    "B62",    "B63",    "B64",    "B65",
    "B66",    "B67",    "B68",    "B69",    "B70",    "B71",    "B72",    "B73",    "B74",
    "B75",    "B76",    "B77",    "B78",    "B79",    "B80",    "B81",    "B82",    "B83",
    "B84",    "B85",    "B86",    "B87",    "B88",    "B89",    "B90",    "B91",    "B92",
    "B93",    "B94",    "B95",    "B96",    "B97",    "B98",    "B99",    "B100",   "B101",
    "B102",   "B103",   "B104",   "B105",   "B106",   "B107",   "B108",   "B109",   "B110",
    "B111",   "B112",   "B113",   "B114",   "B115",   "B116",   "B117",   "B118",   "B119",
    "B120",   "X-57",   "X-58",   "X-59",   "X-60",   NULL,
};

static const char *lacks(struct assay_case *t, unsigned needs)
{
    const struct target *target = case_target(t);

    if ((needs & KXP_PAY) != 0 && !target_meets_role(target, "node") &&
        !target_meets_role(target, "node-rest"))
        return "the target cannot be pointed at the role \"node\" or \"node-rest\" (`roles` in its "
               "file): what is paid on the simulated chain would not reach it";
    if ((needs & KXP_ADDITIVE) != 0 &&
        (!target_supports(target, "additive") || target_endpoint(target, "additive") == NULL))
        return "the target does not support \"additive\", or its file names no such endpoint";
    if ((needs & KXP_PRINCIPALS) != 0 &&
        (target_endpoint(target, "private") == NULL || target->principal_count < 2))
        return "the target file names no endpoint \"private\" or fewer than two `principals`";
    if ((needs & KXP_RECOVER) != 0 && target_operation(target, "recover") == NULL)
        return "the target file names no operation \"recover\"";
    if ((needs & KXP_WALLET) != 0 && !target_meets_role(target, "wallet"))
        return "the client cannot be pointed at the role \"wallet\" (`${WALLET}` in its command): "
               "what it would sign with is out of sight";
    if ((needs & KXP_CHANNELS) != 0 && !target_supports(target, "channels"))
        return "the target does not support \"channels\": it neither sells nor pays by scheme "
               "batch-settlement";
    if ((needs & KXP_CLAIM) != 0 && target_operation(target, "claim") == NULL)
        return "the target file names no operation \"claim\"";
    if ((needs & KXP_REFUND) != 0 && target_operation(target, "refund") == NULL)
        return "the target file names no operation \"refund\"";
    if ((needs & KXP_MCP) != 0 && mcp_lacks(target) != NULL)
        return mcp_lacks(target);
    if ((needs & KXP_MCP_PIPE) != 0 && target_operation(target, "mcp_stdio") == NULL)
        return "the target file names no operation \"mcp_stdio\"";
    if ((needs & KXP_TENANTS) != 0 && target->principal_count < 2)
        return "the target file names fewer than two `principals`, which are the tenants";
    if ((needs & KXP_REST) != 0 && !target_supports(target, "node-rest"))
        return "the target does not support \"node-rest\"";
    return NULL;
}

static uint64_t moves(struct assay_case *t)
{
    return kaspa_node_submissions(kxp_node(t));
}

static void probe_server(struct assay_case *t)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    struct kxp_tries tries = kxp_tries(t);
    const struct peer_answer *answer;
    const struct kxp_payment *paid;

    if (lacks(t, KXP_PAY) != NULL) /* nobody can pay there, before an attack or after it */
        return;
    do
        answer = kxp_send(t, "honest payer asks", want, NULL);
    while (kxp_ask_again(t, &tries, answer));
    (kxp_expect_challenge)(t, answer, want); /* the place that is told stays the scenario's */
    paid = kxp_given_payment(t, kxp_given_offer(t, want));
    answer = kxp_send_until_known(t, "honest payer pays", want, paid);
    (kxp_expect_delivered)(t, answer, paid);
}

static void probe(struct assay_case *t)
{
    switch (case_target(t)->side) {
    case SIDE_CLIENT:
        kxp_client_probe(t);
        break;
    case SIDE_LIBRARY:
        kxp_library_probe(t);
        break;
    case SIDE_FACILITATOR:
        kxp_facilitator_probe(t);
        break;
    case SIDE_SERVER:
    case SIDE__COUNT:
        probe_server(t);
        break;
    }
}

static const char *const rule_sets[] = {"base", NULL};

static const char *const supports[] = {"additive",       "channels",    "mcp", "node-rest",
                                       "node-rest-only", "parsed-body", NULL};
static const struct profile_source sources[] = {
    {"Kaspa x402: exact and batch-settlement schemes, HTTP, MCP and facilitator",
     REVISION_KASPA_X402},
    {"Kaspa consensus: transactions, scripts, covenants, mass", REVISION_KASPA},
    {"x402 specification, version 2", REVISION_X402},
};

const struct profile profile_kaspa_x402 = {
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
    .accept_wait_ms = 60000, /* exact digest, section 14 */
    .honest_hint =
        {[SIDE_SERVER] =
             "does PAYMENT-SIGNATURE reach it, past proxies and limits of headers? is it the node "
             "of this run, and testnet-10? what is the request hash made of? how long does it wait "
             "for acceptance? do priced routes call the origin, once? the remedy in its paragraph "
             "says more",
         [SIDE_CLIENT] =
             "did it take ${WALLET}, ${POLICY}, ${NODE} and ${STORE} of this run, and make the "
             "store, which is not there yet? does it wait no longer than limits.accept_wait_ms "
             "says? what it printed is with its evidence",
         [SIDE_LIBRARY] =
             "does its hello name the operations that it has? does the adapter read an input's "
             "members as `assay verify --help` names them, and flush after each answer? what was "
             "asked and answered is with its evidence",
         [SIDE_FACILITATOR] =
             "is it the node of this run, and testnet-10? do the tokens of `principals` reach it? "
             "are supported, verify and settle among `endpoints`? does it take the top-level "
             "requestHash? how long does it wait for acceptance (limits.accept_wait_ms)?"},
    .first_control = {[SIDE_SERVER] = PROFILE "/honest_payment_is_served",
                      [SIDE_CLIENT] = PROFILE "/client_buys_what_is_allowed",
                      [SIDE_LIBRARY] = PROFILE "/library_answers_what_is_known",
                      [SIDE_FACILITATOR] = PROFILE "/facilitator_settles_what_pays"},
    .roles_start = kxp_roles_start,
    .roles_stop = kxp_roles_stop,
    .role_url = kxp_role_url,
    .roles_calm = kxp_roles_calm,
    .roles_tell = kxp_roles_tell,
    .moves = moves,
    .lacks = lacks,
    .probe = probe,
};
