/* Making plans: which cases go to which leg, controls first, and the legs of the self-check. */
#include "run/plan.h"

#include "base/hash.h"
#include "base/utf8.h"
#include "defects/defects.h"

#include <assert.h>
#include <stdio.h>

#define PLAN_ARENA_MAX_BYTES ((size_t)256 << 20)

enum { WORD_SHOWN_BYTES = 60, WORDS_MAX_BYTES = 512 };

const char *leg_purpose_name(enum leg_purpose purpose)
{
    static const char *const names[] = {"target", "self-check", "selftest"};

    static_assert(ARRAY_LEN(names) == LEG_SELFTEST + 1, "one name a purpose");
    return names[purpose];
}

void plan_init(struct plan *plan)
{
    *plan = (struct plan){.arena = ASSAY_ARENA_INIT(PLAN_ARENA_MAX_BYTES)};
}

void plan_fini(struct plan *plan)
{
    assay_arena_fini(&plan->arena);
}

static enum assay_code read_target(struct target *target, struct plan *plan,
                                   const struct leg_subject *subject, struct assay_err *err)
{
    return subject->path != NULL ? target_load(target, &plan->arena, subject->path, err)
                                 : target_embedded(target, &plan->arena, subject->profile,
                                                   subject->side, subject->rules, err);
}

static bool is_known(const struct profile *profile, const char *word)
{
    const char *const *known = profile->supports;

    for (; *known != NULL; known++) {
        size_t len = strlen(*known);

        if ((*known)[len - 1] == ':' ? strncmp(word, *known, len) == 0 : strcmp(word, *known) == 0)
            return true;
    }
    return false;
}

/* A mistyped word would leave unjudged what it stands for, and nobody would see it. */
static enum assay_code check_supports(const struct target *target, const struct profile *profile,
                                      struct assay_err *err)
{
    char room[4 * WORD_SHOWN_BYTES + 1], list[WORDS_MAX_BYTES];
    struct assay_buf shown = ASSAY_BUF_OVER(room), known = ASSAY_BUF_OVER(list);
    size_t i = 0;

    while (i < target->supports.count && (is_known(profile, target->supports.items[i]) ||
                                          strncmp(target->supports.items[i], "x-", 2) == 0))
        i++;
    if (i == target->supports.count)
        return ASSAY_OK;
    assay_utf8_add_printable(
        &shown, assay_bytes_part(assay_str(target->supports.items[i]), 0, WORD_SHOWN_BYTES));
    for (size_t k = 0; profile->supports[k] != NULL; k++)
        assay_buf_printf(&known, "%s%s", k > 0 ? ", " : "", profile->supports[k]);
    return assay_fail(
        err, ASSAY_E_UNKNOWN, 0,
        "%s: supports: \"%s\" is no word of profile %s, which has: %s (a word of your "
        "own begins with x-)",
        target->path, assay_buf_ok(&shown) ? assay_buf_cstr(&shown) : "", profile->name,
        assay_buf_ok(&known) ? assay_buf_cstr(&known) : "");
}

/* What the target file may say, and this version need not have. */
static enum assay_code check_profile(const struct target *target, struct assay_err *err)
{
    const struct profile *profile = profile_find(target->profile);

    if (profile == NULL)
        return assay_fail(err, ASSAY_E_UNKNOWN, 0,
                          "%s: there are no scenarios of profile \"%s\" in this version; "
                          "`assay list profiles` shows what there is",
                          target->path, target->profile);
    if (profile->rule_sets[profile_rule_set(profile, target->rules)] == NULL)
        return assay_fail(err, ASSAY_E_UNKNOWN, 0,
                          "%s: rules: the profile %s has no rule set \"%s\"; its default is \"%s\"",
                          target->path, profile->name, target->rules, profile->rule_sets[0]);
    return check_supports(target, profile, err);
}

struct leg *plan_add_leg(struct plan *plan, const char *id, enum leg_purpose purpose,
                         const struct leg_subject *subject, struct assay_err *err)
{
    struct target *target = assay_arena_alloc(&plan->arena, sizeof *target);
    struct leg *leg = &plan->legs[plan->leg_count];

    if (plan->leg_count == PLAN_LEGS_MAX || target == NULL) {
        assay_fail(err, ASSAY_E_NOMEM, 0, "no room for another leg");
        return NULL;
    }
    if (read_target(target, plan, subject, err) != ASSAY_OK ||
        check_profile(target, err) != ASSAY_OK)
        return NULL;
    *leg = (struct leg){.id = assay_arena_printf(&plan->arena, "%s", id),
                        .purpose = purpose,
                        .target_path = subject->path,
                        .profile = profile_find(target->profile),
                        .side = target->side,
                        .rules = target->rules,
                        .defect = subject->defect,
                        .target = target};
    if (leg->id == NULL) {
        assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
        return NULL;
    }
    plan->leg_count++;
    return leg;
}

void plan_drop_leg(struct plan *plan)
{
    plan->leg_count--;
}

bool profile_is_played(const struct profile *profile, enum target_side side)
{
    size_t count;
    const struct scenario *const *all = registry_scenarios(&count);

    if (!target_has_embedded(profile->name, side))
        return false;
    for (size_t i = 0; i < count; i++)
        if (scenario_profile(all[i]) == profile && all[i]->side == side)
            return true;
    return false;
}

static enum assay_code append(struct plan *plan, struct leg *leg, struct planned_case one)
{
    if (leg->case_count == leg->case_room) {
        size_t room = leg->case_room == 0 ? 64 : 2 * leg->case_room;
        struct planned_case *more = assay_arena_alloc(&plan->arena, room * sizeof *more);

        if (more == NULL)
            return ASSAY_E_NOMEM;
        if (leg->case_count > 0)
            memcpy(more, leg->cases, leg->case_count * sizeof *more);
        leg->cases = more;
        leg->case_room = room;
    }
    leg->cases[leg->case_count++] = one;
    return ASSAY_OK;
}

static bool has_case(const struct leg *leg, const struct scenario *scenario, size_t index,
                     unsigned round)
{
    for (size_t i = 0; i < leg->case_count; i++)
        if (leg->cases[i].scenario == scenario && leg->cases[i].index == index &&
            leg->cases[i].round == round)
            return true;
    return false;
}

enum assay_code leg_add(struct plan *plan, struct leg *leg, const struct scenario *scenario,
                        size_t index, unsigned round)
{
    const struct scenario *control = scenario_control(scenario);

    if (control != NULL)
        for (size_t i = 0; i < scenario_case_count(control); i++)
            if (!has_case(leg, control, i, 0) &&
                append(plan, leg, (struct planned_case){control, i, 0}) != ASSAY_OK)
                return ASSAY_E_NOMEM;
    if (has_case(leg, scenario, index, round))
        return ASSAY_OK;
    return append(plan, leg, (struct planned_case){scenario, index, round});
}

enum assay_code leg_add_catching(struct plan *plan, struct leg *leg,
                                 const struct scenario *scenario)
{
    unsigned rounds = scenario->races ? PLAN_RACE_ROUNDS : 1;
    enum assay_code rc = ASSAY_OK;

    for (unsigned round = 0; round < rounds; round++)
        for (size_t i = 0; i < scenario_case_count(scenario) && rc == ASSAY_OK; i++)
            rc = leg_add(plan, leg, scenario, i, round);
    return rc;
}

unsigned plan_shard_of(const struct scenario *scenario, size_t index, unsigned shards)
{
    struct assay_sha256 h;
    uint8_t digest[ASSAY_SHA256_BYTES];
    uint64_t number = 0;

    assay_sha256_init(&h);
    assay_sha256_add(&h, assay_str(scenario->name));
    assay_sha256_add(&h, ASSAY_LIT("/"));
    assay_sha256_add(&h, assay_str(scenario_case_name(scenario, index)));
    assay_sha256_end(&h, digest);
    for (size_t i = 0; i < sizeof(number); i++)
        number = number << 8 | digest[i];
    return (unsigned)(number % shards) + 1;
}

/* Every case of the scenario that is selected. */
static void add_cases(struct plan *plan, struct leg *leg, const struct selection *selection,
                      const struct scenario *s, unsigned round)
{
    for (size_t i = 0; i < scenario_case_count(s); i++) {
        bool is_mine;

        if (!selection_takes(selection, s, i, leg->rules))
            continue;
        is_mine =
            selection->shards == 0 || plan_shard_of(s, i, selection->shards) == selection->shard;
        if (!is_mine || leg_add(plan, leg, s, i, round) == ASSAY_OK)
            leg->selected++;
    }
}

void leg_add_selection(struct plan *plan, struct leg *leg, const struct selection *selection,
                       unsigned rounds)
{
    size_t count;
    const struct scenario *const *all = registry_scenarios(&count);

    for (unsigned round = 0; round < rounds; round++)
        for (int controls = 1; controls >= 0; controls--)
            for (size_t i = 0; i < count; i++)
                if ((all[i]->kind == SCENARIO_CONTROL) == (controls == 1) &&
                    scenario_profile(all[i]) == leg->profile && all[i]->side == leg->side)
                    add_cases(plan, leg, selection, all[i], round);
}

bool defect_shows_under(const struct ref_defect *defect, const char *rules)
{
    return strcmp(defect->sets, "both") == 0 || strcmp(defect->sets, rules) == 0;
}

static bool is_named_on(const char *defect, enum target_side side)
{
    size_t count;
    const struct scenario *const *all = registry_scenarios(&count);
    bool named = false;

    for (size_t i = 0; i < count; i++)
        named = named || (all[i]->side == side && scenario_names_defect(all[i], defect));
    return named;
}

bool defect_concerns(const struct ref_defect *defect, enum target_side side)
{
    const struct profile *profile = profile_find(defect->profile);
    bool anywhere = false, before = false;

    if (profile == NULL || !profile_is_played(profile, side))
        return false;
    for (int i = 0; i < SIDE__COUNT; i++) {
        enum target_side other = (enum target_side)i;
        bool played = profile_is_played(profile, other);

        anywhere = anywhere || (played && is_named_on(defect->id, other));
        before = before || (played && other < side);
    }
    return anywhere ? is_named_on(defect->id, side) : !before;
}

/* A defect it catches that shows under the rule set, one of its own threat before any other; NULL:
 * none. */
static const struct ref_defect *best_defect(const struct scenario *s, const char *rules)
{
    const struct ref_defect *best = NULL;

    for (size_t i = 0; i < SCENARIO_CATCHES_MAX && s->catches[i] != NULL; i++) {
        enum ref_defect_id id = ref_defect_find(assay_str(s->catches[i]));
        const struct ref_defect *d = id != REF_DEFECT__COUNT ? ref_defect_at(id) : NULL;

        if (d == NULL || !defect_shows_under(d, rules))
            continue;
        if (best == NULL ||
            (strcmp(best->threat, s->threat) != 0 && strcmp(d->threat, s->threat) == 0))
            best = d;
    }
    return best;
}

/* The cheaper a scenario is to run, and the nearer its defect, the better it serves the self-check.
 */
static unsigned cost_of(const struct scenario *s, const struct ref_defect *defect)
{
    unsigned cost = strcmp(defect->threat, s->threat) != 0 ? 1 : 0;

    if (s->races)
        cost += 16;
    if (s->rows != NULL)
        cost += 1 + (unsigned)(s->row_count / 16);
    if (s->fresh || s->variant != NULL)
        cost += 2;
    if ((s->needs & (NEED_CLOCK | NEED_SUPERVISOR | NEED_SECOND)) != 0)
        cost += 4;
    if ((s->needs & NEED_DISRUPT) != 0)
        cost += 8;
    return cost;
}

static bool takes_any_case(const struct selection *selection, const struct scenario *s,
                           const char *rules)
{
    for (size_t i = 0; i < scenario_case_count(s); i++)
        if (selection_takes(selection, s, i, rules))
            return true;
    return false;
}

static const struct scenario *cheapest(const struct leg *of, const char *threat,
                                       const struct selection *selection)
{
    const struct scenario *best = NULL;
    size_t count;
    const struct scenario *const *all = registry_scenarios(&count);

    for (size_t i = 0; i < count; i++) {
        const struct scenario *s = all[i];

        if (s->kind != SCENARIO_REQUIREMENT || scenario_profile(s) != of->profile ||
            s->side != of->side || strcmp(s->threat, threat) != 0 ||
            scenario_level(s, of->rules) == LEVEL_REPORT || best_defect(s, of->rules) == NULL ||
            !takes_any_case(selection, s, of->rules))
            continue;
        if (best == NULL ||
            cost_of(s, best_defect(s, of->rules)) < cost_of(best, best_defect(best, of->rules)))
            best = s;
    }
    return best;
}

static struct leg *find_leg(struct plan *plan, const char *id)
{
    for (size_t i = 0; i < plan->leg_count; i++)
        if (strcmp(plan->legs[i].id, id) == 0)
            return &plan->legs[i];
    return NULL;
}

/* The leg of the embedded reference, correct or with a defect, which two threats may share. */
static struct leg *check_leg(struct plan *plan, const struct leg *of, const char *defect,
                             struct assay_err *err)
{
    const char *side = target_side_name(of->side);
    struct leg *leg;
    char id[160];

    if (snprintf(id, sizeof id, "self-check %s %s %s", of->profile->name, side,
                 defect != NULL ? defect : "correct") >= (int)sizeof id) {
        assay_fail(err, ASSAY_E_TOO_LARGE, 0, "the defect's id is too long: %s", defect);
        return NULL;
    }
    leg = find_leg(plan, id);
    if (leg != NULL)
        return leg;
    return plan_add_leg(
        plan, id, LEG_SELF_CHECK,
        &(struct leg_subject){
            .profile = of->profile->name, .side = of->side, .rules = of->rules, .defect = defect},
        err);
}

enum assay_code plan_self_check(struct plan *plan, const struct selection *selection,
                                const struct leg *of, struct self_check_pair *pairs, size_t room,
                                size_t *count, struct assay_err *err)
{
    const struct profile *profile = of->profile;
    enum assay_code rc = ASSAY_OK;
    struct leg *correct;

    if (!profile_is_played(profile, of->side))
        return ASSAY_OK;
    correct = check_leg(plan, of, NULL, err);
    if (correct == NULL)
        return err->code;
    for (size_t i = 0; i < profile->threat_count && *count < room; i++) {
        const char *threat = profile->threats[i].id;
        const struct scenario *s = cheapest(of, threat, selection);
        const char *defect = s != NULL ? best_defect(s, of->rules)->id : NULL;
        struct leg *broken = s != NULL ? check_leg(plan, of, defect, err) : NULL;

        if (s == NULL)
            continue;
        if (broken == NULL)
            return err->code;
        for (size_t k = 0; k < scenario_case_count(s) && rc == ASSAY_OK; k++)
            rc = leg_add(plan, correct, s, k, 0);
        if (rc != ASSAY_OK || leg_add_catching(plan, broken, s) != ASSAY_OK)
            return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
        pairs[(*count)++] = (struct self_check_pair){threat, s, defect, correct, broken};
    }
    return ASSAY_OK;
}
