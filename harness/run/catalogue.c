/* The catalogue: rules, threats, scenarios and defects as JSON, so that a record explains itself.
 */
#include "run/catalogue.h"

#include "defects/defects.h"

static void add_rules(json_t *out, const struct profile *p, const char *rules)
{
    for (size_t i = 0; i < p->rule_count; i++) {
        const struct profile_rule *r = &p->rules[i];

        json_array_append_new(
            out, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "id", r->id, "profile", p->name,
                           "level", rule_level_name(profile_level(p, r, rules)), "source",
                           r->source, "sentence", r->sentence, "remedy", r->remedy));
    }
}

static void add_sources(json_t *out, const struct profile *p)
{
    for (size_t i = 0; i < p->source_count; i++)
        json_array_append_new(out, json_pack("{s:s, s:s, s:s}", "profile", p->name, "document",
                                             p->sources[i].document, "revision",
                                             p->sources[i].revision));
}

static void add_threats(json_t *out, const struct profile *p)
{
    for (size_t i = 0; i < p->threat_count; i++) {
        const struct profile_threat *t = &p->threats[i];

        json_array_append_new(out, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id",
                                             t->id, "profile", p->name, "asset", t->asset, "threat",
                                             t->threat, "mitigation", t->mitigation, "residual",
                                             t->residual, "severity", t->severity, "stride",
                                             t->stride, "notReached", t->not_reached));
    }
}

/* "KX-040 KX-055" as an array. */
static json_t *words_of(const char *words)
{
    json_t *out = json_array();

    while (words != NULL && *words != '\0') {
        size_t len = strcspn(words, " ");

        if (len > 0)
            json_array_append_new(out, json_stringn(words, len));
        words += len + strspn(words + len, " ");
    }
    return out;
}

static json_t *catches_of(const struct scenario *s)
{
    json_t *out = json_array();

    for (size_t i = 0; i < SCENARIO_CATCHES_MAX && s->catches[i] != NULL; i++)
        json_array_append_new(out, json_string(s->catches[i]));
    return out;
}

static void add_scenarios(json_t *out, const struct profile *p, const char *rules)
{
    size_t count;
    const struct scenario *const *all = registry_scenarios(&count);

    for (size_t i = 0; i < count; i++) {
        const struct scenario *s = all[i];

        if (scenario_profile(s) != p)
            continue;
        json_array_append_new(
            out, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:s, s:i}", "name",
                           s->name, "title", s->title, "kind", scenario_kind_name(s->kind), "side",
                           target_side_name(s->side), "threat", s->threat != NULL ? s->threat : "",
                           "rule", s->rule, "level", rule_level_name(scenario_level(s, rules)),
                           "ideas", words_of(s->ideas), "restsOn",
                           scenario_control(s) != NULL ? scenario_control(s)->name : "", "catches",
                           catches_of(s), "file", s->file, "line", s->line));
    }
}

static void add_defects(json_t *out, const struct profile *p)
{
    for (int i = 0; i < REF_DEFECT__COUNT; i++) {
        const struct ref_defect *d = ref_defect_at((enum ref_defect_id)i);

        if (strcmp(d->profile, p->name) == 0)
            json_array_append_new(out, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", d->id,
                                                 "profile", d->profile, "sets", d->sets, "threat",
                                                 d->threat, "rule", d->rule, "place", d->place,
                                                 "sentence", d->sentence));
    }
}

json_t *catalogue_event(const struct leg *const *legs, size_t count)
{
    json_t *sources = json_array(), *rules = json_array(), *threats = json_array();
    json_t *scenarios = json_array(), *defects = json_array();

    for (size_t i = 0; i < count; i++) {
        const struct profile *profile = legs[i]->profile;
        size_t before = 0;

        while (before < i && legs[before]->profile != profile)
            before++;
        if (before < i)
            continue; /* of its legs the first says by which rule set */
        add_sources(sources, profile);
        add_rules(rules, profile, legs[i]->rules);
        add_threats(threats, profile);
        add_scenarios(scenarios, profile, legs[i]->rules);
        add_defects(defects, profile);
    }
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "event", "catalogue", "sources", sources,
                     "rules", rules, "threats", threats, "scenarios", scenarios, "defects",
                     defects);
}
