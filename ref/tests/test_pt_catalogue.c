/* The lists that verdicts and reports cite by id must hang together. */
#include "defects/defects.h"
#include "paid_tools/catalogue.h"

#include <criterion/criterion.h>

Test(pt_catalogue, every_rule_is_complete_and_there_once)
{
    cr_expect_eq(pt_rule_count, 32);
    for (size_t i = 0; i < pt_rule_count; i++) {
        const struct pt_rule *rule = &pt_rules[i];

        cr_expect_eq(pt_rule_find(assay_str(rule->id)), rule, "%s is there twice", rule->id);
        cr_expect(strlen(rule->sentence) > 30 && strlen(rule->remedy) > 60 &&
                      rule->source[0] != '\0',
                  "%s", rule->id);
        cr_expect_neq(rule->level[PT_SET_HARDENED], PT_LEVEL_REPORT, "%s", rule->id);
        cr_expect_neq(pt_level_name(rule->level[PT_SET_BASE])[0], '\0');
    }
    cr_expect_eq(pt_rule_find(ASSAY_LIT("NS-9")), NULL);
    cr_expect_eq(pt_rule_find(ASSAY_LIT("NS-5"))->level[PT_SET_BASE], PT_LEVEL_REPORT);
}

Test(pt_catalogue, every_threat_is_complete_and_there_once)
{
    static const char *const severities[] = {"critical", "high", "medium", "low"};

    cr_expect_eq(pt_threat_count, 12);
    for (size_t i = 0; i < pt_threat_count; i++) {
        const struct pt_threat *threat = &pt_threats[i];
        bool known = false;

        cr_expect_eq(pt_threat_find(assay_str(threat->id)), threat, "%s is there twice",
                     threat->id);
        for (size_t s = 0; s < ARRAY_LEN(severities); s++)
            known = known || strcmp(severities[s], threat->severity) == 0;
        cr_expect(known, "%s", threat->id);
        cr_expect_eq(strspn(threat->stride, "STRIDE"), strlen(threat->stride), "%s", threat->id);
        cr_expect_str_eq(threat->profile, "paid-tools");
    }
    cr_expect_eq(pt_threat_find(ASSAY_LIT("")), NULL);
}

Test(pt_catalogue, every_defect_names_a_rule_and_a_threat_and_every_rule_and_threat_has_one)
{
    bool rule_has[64] = {false}, threat_has[64] = {false};

    cr_assert(pt_rule_count <= 64 && pt_threat_count <= 64);
    for (size_t id = 0; id < REF_DEFECT__COUNT; id++) {
        const struct ref_defect *defect = ref_defect_at((enum ref_defect_id)id);
        const struct pt_rule *rule = pt_rule_find(assay_str(defect->rule));
        const struct pt_threat *threat = pt_threat_find(assay_str(defect->threat));

        if (strcmp(defect->profile, "paid-tools") != 0)
            continue;
        cr_assert(rule != NULL && threat != NULL, "%s", defect->id);
        rule_has[rule - pt_rules] = true;
        threat_has[threat - pt_threats] = true;
    }
    for (size_t i = 0; i < pt_rule_count; i++)
        cr_expect(rule_has[i], "%s has no defect", pt_rules[i].id);
    for (size_t i = 0; i < pt_threat_count; i++)
        cr_expect(threat_has[i], "%s has no defect", pt_threats[i].id);
}
