/* The rules and threats of the profile, from rules.def and threats.def; see catalogue.h. */
#include "paid_tools/catalogue.h"

/* No braces within braces: clang-format 14 takes them for a table and loses line ends. */
#define X(id_, base, hardened, source_, sentence_, remedy_)                                        \
    {.id = (id_),                                                                                  \
     .level[PT_SET_BASE] = PT_LEVEL_##base,                                                        \
     .level[PT_SET_HARDENED] = PT_LEVEL_##hardened,                                                \
     .source = (source_),                                                                          \
     .sentence = (sentence_),                                                                      \
     .remedy = (remedy_)},
const struct pt_rule pt_rules[] = {
#include "paid_tools/rules.def"
};
#undef X

#define X(id, profile, asset, threat, mitigation, residual, severity, stride, not_reached)         \
    {id, profile, asset, threat, mitigation, residual, severity, stride, not_reached},
const struct pt_threat pt_threats[] = {
#include "paid_tools/threats.def"
};
#undef X

const size_t pt_rule_count = ARRAY_LEN(pt_rules);
const size_t pt_threat_count = ARRAY_LEN(pt_threats);

const struct pt_rule *pt_rule_find(struct assay_bytes id)
{
    for (size_t i = 0; i < pt_rule_count; i++) {
        if (assay_bytes_is(id, pt_rules[i].id))
            return &pt_rules[i];
    }
    return NULL;
}

const struct pt_threat *pt_threat_find(struct assay_bytes id)
{
    for (size_t i = 0; i < pt_threat_count; i++) {
        if (assay_bytes_is(id, pt_threats[i].id))
            return &pt_threats[i];
    }
    return NULL;
}

const char *pt_level_name(enum pt_level level)
{
    switch (level) {
    case PT_LEVEL_MUST:
        return "must";
    case PT_LEVEL_SHOULD:
        return "should";
    case PT_LEVEL_MAY:
        return "may";
    case PT_LEVEL_OURS:
        return "ours";
    case PT_LEVEL_REPORT:
        return "report";
    }
    return "report";
}
