/* Making plans: which cases go to which leg, controls first, and the legs of the self-check. */
#include "run/plan.h"

#include "defects/defects.h"

#include <assert.h>
#include <stdio.h>

#define PLAN_ARENA_MAX_BYTES ((size_t)256 << 20)

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

struct leg *plan_add_leg(struct plan *plan, const char *id, enum leg_purpose purpose,
                         const char *target_path, const char *profile, const char *rules,
                         const char *defect, struct assay_err *err)
{
    struct target *target = assay_arena_alloc(&plan->arena, sizeof *target);
    struct leg *leg = &plan->legs[plan->leg_count];
    enum assay_code rc;

    if (plan->leg_count == PLAN_LEGS_MAX || target == NULL) {
        assay_fail(err, ASSAY_E_NOMEM, 0, "no room for another leg");
        return NULL;
    }
    rc = target_path != NULL ? target_load(target, &plan->arena, target_path, err)
                             : target_embedded(target, &plan->arena, profile, rules, err);
    if (rc != ASSAY_OK)
        return NULL;
    *leg = (struct leg){.id = assay_arena_printf(&plan->arena, "%s", id),
                        .purpose = purpose,
                        .target_path = target_path,
                        .profile = target->profile,
                        .rules = target->rules,
                        .defect = defect,
                        .target = target};
    if (leg->id == NULL) {
        assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
        return NULL;
    }
    plan->leg_count++;
    return leg;
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

size_t leg_add_selection(struct plan *plan, struct leg *leg, const struct selection *selection,
                         unsigned rounds)
{
    bool hardened = strcmp(leg->rules, "hardened") == 0;
    size_t count, added = 0;
    const struct scenario *const *all = registry_scenarios(&count);

    for (unsigned round = 0; round < rounds; round++) {
        for (int controls = 1; controls >= 0; controls--) {
            for (size_t i = 0; i < count; i++) {
                bool is_control = all[i]->kind == SCENARIO_CONTROL;

                if (is_control != (controls == 1) ||
                    strcmp(scenario_profile(all[i])->name, leg->profile) != 0)
                    continue;
                for (size_t k = 0; k < scenario_case_count(all[i]); k++) {
                    if (!selection_takes(selection, all[i], k, hardened) ||
                        leg_add(plan, leg, all[i], k, round) != ASSAY_OK)
                        continue;
                    added += is_control ? 0 : 1;
                }
            }
        }
    }
    return added;
}

bool defect_shows_under(const struct ref_defect *defect, const char *rules)
{
    return strcmp(defect->sets, "both") == 0 || strcmp(defect->sets, rules) == 0;
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
                           bool hardened)
{
    for (size_t i = 0; i < scenario_case_count(s); i++)
        if (selection_takes(selection, s, i, hardened))
            return true;
    return false;
}

static const struct scenario *cheapest(const struct profile *profile, const char *threat,
                                       const struct selection *selection, const char *rules)
{
    bool hardened = strcmp(rules, "hardened") == 0;
    const struct scenario *best = NULL;
    size_t count;
    const struct scenario *const *all = registry_scenarios(&count);

    for (size_t i = 0; i < count; i++) {
        const struct scenario *s = all[i];
        const struct profile_rule *rule = profile_rule_find(profile, s->rule);

        if (s->kind != SCENARIO_REQUIREMENT || strcmp(s->threat, threat) != 0 ||
            scenario_profile(s) != profile || rule->level[hardened ? 1 : 0] == LEVEL_REPORT ||
            best_defect(s, rules) == NULL || !takes_any_case(selection, s, hardened))
            continue;
        if (best == NULL ||
            cost_of(s, best_defect(s, rules)) < cost_of(best, best_defect(best, rules)))
            best = s;
    }
    return best;
}

enum assay_code plan_self_check(struct plan *plan, const struct selection *selection,
                                const char *profile_name, const char *rules,
                                struct self_check_pair *pairs, size_t room, size_t *count,
                                struct assay_err *err)
{
    const struct profile *profile = profile_find(profile_name);
    struct leg *correct = plan_add_leg(plan, "self-check correct", LEG_SELF_CHECK, NULL,
                                       profile_name, rules, NULL, err);

    *count = 0;
    if (correct == NULL)
        return err->code;
    for (size_t i = 0; i < profile->threat_count && *count < room; i++) {
        const char *threat = profile->threat(i)->id;
        const struct scenario *s = cheapest(profile, threat, selection, rules);
        const char *defect = s != NULL ? best_defect(s, rules)->id : NULL;
        struct leg *broken;
        char id[128];

        if (s == NULL || snprintf(id, sizeof id, "self-check %s", defect) >= (int)sizeof id)
            continue;
        broken = plan_add_leg(plan, id, LEG_SELF_CHECK, NULL, profile_name, rules, defect, err);
        if (broken == NULL)
            return err->code;
        for (size_t k = 0; k < scenario_case_count(s); k++)
            if (leg_add(plan, correct, s, k, 0) != ASSAY_OK ||
                leg_add(plan, broken, s, k, 0) != ASSAY_OK)
                return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
        pairs[(*count)++] = (struct self_check_pair){threat, s, defect, correct, broken};
    }
    return ASSAY_OK;
}
