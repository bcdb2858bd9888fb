/* A verdict by rules as the answer of an operation; see operations_checks.h. */
#include "run/operations_checks.h"

void operation_set_text(json_t *object, const char *name, const char *text)
{
    if (text[0] != '\0')
        json_object_set_new(object, name, json_string(text));
}

static void set_names(json_t *one, const struct checks_verdict *v, size_t rule)
{
    const struct kx_check *check = &v->checks[rule];

    if (v->wire == NULL)
        json_object_set_new(one, "local", json_string(kx_local_text(check->local)));
    json_object_set_new(
        one, "wire",
        json_string(v->wire != NULL ? v->wire(rule) : kx_wire_text(kx_wire_of(check->local))));
}

static json_t *check_json(const struct checks_verdict *v, size_t rule)
{
    static const char *const results[] = {[KASPA_CHECK_HELD] = "held",
                                          [KASPA_CHECK_BROKEN] = "broken",
                                          [KASPA_CHECK_UNDECIDED] = "undecided",
                                          [KASPA_CHECK_NOT_JUDGED] = "not judged"};
    const struct kx_check *check = &v->checks[rule];
    json_t *one = json_pack("{s:s, s:s}", "rule", v->id(rule), "result", results[check->result]);

    if (check->result == KASPA_CHECK_BROKEN)
        set_names(one, v, rule);
    if (check->result != KASPA_CHECK_HELD)
        json_object_set_new(one, "reason", operation_words(check->why));
    return one;
}

static size_t first_with(const struct checks_verdict *v, enum kaspa_check_result result)
{
    size_t i = 0;

    while (i < v->count && v->checks[i].result != result)
        i++;
    return i;
}

static size_t first_open(const struct checks_verdict *v)
{
    size_t i = first_with(v, KASPA_CHECK_UNDECIDED);

    return i < v->count ? i : first_with(v, KASPA_CHECK_NOT_JUDGED);
}

enum operation_answer operation_judged(json_t **result, json_t *told,
                                       const struct checks_verdict *v)
{
    json_t *all = json_pack("{s:s}", "outcome", kaspa_outcome_name(v->outcome));
    json_t *checks = json_array();
    size_t rule;

    json_object_update(all, told);
    json_decref(told);
    for (size_t i = 0; i < v->count; i++)
        if (v->concerns == NULL || v->concerns(i, v->kind))
            json_array_append_new(checks, check_json(v, i));
    json_object_set_new(all, "checks", checks);
    *result = all;
    rule = v->outcome == KASPA_INVALID ? v->first : first_open(v);
    if (v->outcome == KASPA_VALID || rule >= v->count)
        return v->outcome == KASPA_VALID ? OPERATION_OK : OPERATION_UNSUPPORTED;
    json_object_set_new(all, "rule", json_string(v->id(rule)));
    json_object_set_new(all, "reason", operation_words(v->checks[rule].why));
    if (v->outcome == KASPA_UNDECIDED)
        return OPERATION_UNSUPPORTED;
    set_names(all, v, rule);
    return OPERATION_REFUSED;
}
