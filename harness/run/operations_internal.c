/* Readers of an operation's input; see operations_internal.h. */
#include "run/operations_internal.h"

const char *operation_text(const json_t *in, const char *member, bool required,
                           struct assay_err *err)
{
    const json_t *value = json_object_get(in, member);

    if (json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value))
        return json_string_value(value);
    if (value == NULL && !required)
        return "";
    assay_fail(err, value == NULL ? ASSAY_E_MISSING : ASSAY_E_TYPE, 0,
               "member %s: expected a text without NUL%s", member,
               value == NULL ? ", found nothing" : "");
    return NULL;
}

bool operation_number(const json_t *in, const char *member, int64_t fallback, int64_t *out,
                      struct assay_err *err)
{
    const json_t *value = json_object_get(in, member);

    *out = value != NULL ? json_integer_value(value) : fallback;
    if (value == NULL || json_is_integer(value))
        return true;
    assay_fail(err, ASSAY_E_TYPE, 0, "member %s: expected a whole number", member);
    return false;
}

bool operation_flag(bool *out, const json_t *in, const char *member, bool fallback,
                    struct assay_err *err)
{
    const json_t *value = json_object_get(in, member);

    *out = value != NULL ? json_is_true(value) : fallback;
    if (value == NULL || json_is_boolean(value))
        return true;
    assay_fail(err, ASSAY_E_TYPE, 0, "member %s: expected true or false", member);
    return false;
}

bool operation_members(const json_t *in, const char *const *members, struct assay_err *err)
{
    const char *name;
    json_t *value;

    if (!json_is_object(in)) {
        assay_fail(err, ASSAY_E_TYPE, 0, "expected a JSON object");
        return false;
    }
    json_object_foreach ((json_t *)(uintptr_t)in, name, value) {
        size_t i = 0;

        while (members[i] != NULL && strcmp(members[i], name) != 0)
            i++;
        if (members[i] == NULL) {
            assay_fail(err, ASSAY_E_UNKNOWN, 0, "member %s is not known", name);
            return false;
        }
    }
    return true;
}

bool operation_not_both(const json_t *in, const char *one, const char *other, bool required,
                        struct assay_err *err)
{
    bool has_one = json_object_get(in, one) != NULL, has_other = json_object_get(in, other) != NULL;

    if (has_one != has_other || (!has_one && !required))
        return true;
    assay_fail(err, has_one ? ASSAY_E_CONFLICT : ASSAY_E_MISSING, 0,
               "expected %s of the members %s and %s", required ? "one" : "at most one", one,
               other);
    return false;
}

enum operation_answer operation_refused(json_t **result, const char *rule, const char *reason)
{
    *result = json_pack("{s:s, s:o}", "rule", rule != NULL ? rule : "", "reason",
                        operation_words(reason));
    return OPERATION_REFUSED;
}
