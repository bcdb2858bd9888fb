/* Cases: inputs made from tables, their answers, and whether these are what the table says. */
#include "vectors/cases.h"

#include "kaspa/sign.h"

#include <stdio.h>
#include <stdlib.h>

#define EXPANDED_MAX ((size_t)16 << 20)

void vectors_key(struct assay_key *out, const char *name)
{
    kaspa_key_from_seed(out, ASSAY_LIT("assay vectors"), assay_str(name));
}

/* ---- inputs ---- */

json_t *vectors_json(struct vectors *v, const char *text)
{
    char *copy = strdup(text);
    json_error_t where;
    json_t *value;

    for (char *at = copy; at != NULL && *at != '\0'; at++)
        *at = (char)(*at == '\'' ? '"' : *at);
    value =
        copy != NULL ? json_loads(copy, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &where) : NULL;
    if (value == NULL)
        assay_fail(v->err, ASSAY_E_MALFORMED, 0, "a table is no JSON: %.300s", text);
    free(copy);
    return value;
}

/* The next part of a path; *path moves behind its point, or becomes NULL. */
static void part_of(char part[64], const char **path)
{
    size_t len = strcspn(*path, ".");

    (void)snprintf(part, 64, "%.*s", (int)len, *path);
    *path = (*path)[len] == '.' ? *path + len + 1 : NULL;
}

static size_t index_of(const char *part)
{
    return part[0] >= '0' && part[0] <= '9' ? strtoul(part, NULL, 10) : SIZE_MAX;
}

static json_t *child(const json_t *parent, const char *part)
{
    return json_is_array(parent) ? json_array_get(parent, index_of(part))
                                 : json_object_get(parent, part);
}

static bool set_child(json_t *parent, const char *part, json_t *value)
{
    size_t index = index_of(part);

    if (value == NULL)
        return json_is_array(parent) ? json_array_remove(parent, index) == 0
                                     : json_object_del(parent, part) == 0;
    if (!json_is_array(parent))
        return json_object_set_new(parent, part, value) == 0;
    return index == json_array_size(parent) ? json_array_append_new(parent, value) == 0
                                            : json_array_set_new(parent, index, value) == 0;
}

static void patch(struct vectors *v, json_t *in, const struct vectors_patch *p)
{
    const char *rest = p->path;
    json_t *parent = in;
    char part[64];

    for (part_of(part, &rest); rest != NULL && parent != NULL; part_of(part, &rest))
        parent = child(parent, part);
    if (parent == NULL ||
        !set_child(parent, part, p->json != NULL ? vectors_json(v, p->json) : NULL))
        assay_fail(v->err, ASSAY_E_MISSING, 0, "there is no %s", p->path);
}

void vectors_patch(struct vectors *v, json_t *in, const struct vectors_patch *patches)
{
    for (size_t i = 0; i < VECTORS_PATCHES_MAX && patches[i].path != NULL; i++)
        patch(v, in, &patches[i]);
}

/* ---- repetitions ---- */

/* One [value, times] added to the text, or to the array where one of the values is no text. */
static bool repeat(struct assay_buf *text, json_t *array, const json_t *pair)
{
    const json_t *value = json_array_get(pair, 0), *times = json_array_get(pair, 1);
    json_int_t count = json_integer_value(times);

    if (value == NULL || !json_is_integer(times) || count < 0 || (size_t)count > EXPANDED_MAX)
        return false;
    for (json_int_t i = 0; i < count && assay_buf_ok(text); i++) {
        if (!json_is_string(value))
            json_array_append_new(array, json_deep_copy(value));
        else
            assay_buf_add(text,
                          assay_bytes_of(json_string_value(value), json_string_length(value)));
    }
    return assay_buf_ok(text);
}

static json_t *repeated(const json_t *pairs)
{
    struct assay_buf text = ASSAY_BUF_INIT(EXPANDED_MAX);
    json_t *array = json_array(), *result = NULL;
    bool ok = json_is_array(pairs);

    for (size_t i = 0; ok && i < json_array_size(pairs); i++)
        ok = repeat(&text, array, json_array_get(pairs, i));
    if (ok && json_array_size(array) > 0 && text.len == 0)
        result = json_incref(array);
    else if (ok && json_array_size(array) == 0)
        result = json_stringn((const char *)assay_buf_view(&text).at, text.len);
    assay_buf_fini(&text);
    json_decref(array);
    return result;
}

static json_t *expanded_object(const json_t *object)
{
    const json_t *pairs = json_object_get(object, "$repeat");
    json_t *result, *value, *one;
    const char *name;

    if (pairs != NULL)
        return json_object_size(object) == 1 ? repeated(pairs) : NULL;
    result = json_object();
    json_object_foreach ((json_t *)(uintptr_t)object, name, value) {
        one = vectors_expanded(value);
        if (one == NULL) {
            json_decref(result);
            return NULL;
        }
        json_object_set_new(result, name, one);
    }
    return result;
}

/* As deep as jansson reads at most. */
json_t *vectors_expanded(const json_t *in)
{
    json_t *result, *one;

    if (json_is_object(in))
        return expanded_object(in);
    if (!json_is_array(in))
        return json_incref((json_t *)(uintptr_t)in);
    result = json_array();
    for (size_t i = 0; i < json_array_size(in); i++) {
        one = vectors_expanded(json_array_get(in, i));
        if (one == NULL) {
            json_decref(result);
            return NULL;
        }
        json_array_append_new(result, one);
    }
    return result;
}

/* ---- answers ---- */

/* What is for people goes, and of the checks what held or was not judged: others may judge in
 * another order. */
static void strip(json_t *result)
{
    json_t *checks = json_object_get(result, "checks"), *drift;
    size_t k;

    json_object_del(result, "reason");
    json_object_del(result, "weakScope");
    json_array_foreach (json_object_get(result, "drifts"), k, drift)
        json_object_del(drift, "text");
    for (size_t i = json_array_size(checks); i > 0; i--) {
        json_t *check = json_array_get(checks, i - 1);
        const char *is = json_string_value(json_object_get(check, "result"));

        json_object_del(check, "reason");
        if (is != NULL && strcmp(is, "broken") != 0 && strcmp(is, "undecided") != 0)
            json_array_remove(checks, i - 1);
    }
}

/* {"ok": …} and so on. */
static json_t *answer_of(const struct operation *op, const json_t *in)
{
    static const char *const classes[] = {[OPERATION_OK] = "ok",
                                          [OPERATION_REFUSED] = "refused",
                                          [OPERATION_UNSUPPORTED] = "unsupported",
                                          [OPERATION_ERROR] = "error"};
    struct assay_err err = {0};
    json_t *result = NULL, *answer;
    enum operation_answer class = operation_run(op, in, &result, &err);
    const char *rule = json_string_value(json_object_get(result, "rule")),
               *reason = json_string_value(json_object_get(result, "reason"));

    if (class == OPERATION_ERROR)
        answer = json_pack("{s:s}", classes[class], assay_code_name(err.code));
    else if (class == OPERATION_UNSUPPORTED)
        answer = json_pack("{s:s}", classes[class], rule != NULL ? rule : reason);
    else {
        strip(result);
        answer = json_pack("{s:O}", classes[class], result);
    }
    json_decref(result);
    return answer;
}

/* What the table has to say of it: the class, or what refused. */
static void said(char out[128], const json_t *answer)
{
    const json_t *refused = json_object_get(answer, "refused");
    const char *rule = json_string_value(json_object_get(refused, "rule"));
    const char *error = json_string_value(json_object_get(refused, "error"));
    const char *script = json_string_value(json_object_get(refused, "script"));
    const char *class = json_object_iter_key(json_object_iter((json_t *)(uintptr_t)answer));

    if (refused == NULL)
        (void)snprintf(out, 128, "%s", class);
    else
        (void)snprintf(out, 128, "%s%s%s", error != NULL ? error : rule, script != NULL ? ":" : "",
                       script != NULL ? script : "");
}

/* Whether the answer's value has every member of `known`. */
static bool has(const json_t *answer, const json_t *known)
{
    json_t *value = json_object_iter_value(json_object_iter((json_t *)(uintptr_t)answer));
    const char *name;
    json_t *expected;

    json_object_foreach ((json_t *)(uintptr_t)known, name, expected)
        if (!json_equal(json_object_get(value, name), expected))
            return false;
    return true;
}

static void judge(struct vectors *v, const char *operation, const char *name, const char *expected,
                  const json_t *answer, const char *known)
{
    json_t *members = known != NULL ? vectors_json(v, known) : NULL;
    char *text = json_dumps(answer, JSON_COMPACT);
    char is[128];

    said(is, answer);
    if (strcmp(is, expected) != 0)
        assay_fail(v->err, ASSAY_E_MISMATCH, 0, "%s: case \"%s\": expected %s, the answer is %s",
                   operation, name, expected, text);
    else if (!has(answer, members))
        assay_fail(v->err, ASSAY_E_MISMATCH, 0, "%s: case \"%s\": expected %s, the answer is %s",
                   operation, name, known, text);
    free(text);
    json_decref(members);
}

static json_t *cases_of(struct vectors *v, const char *operation)
{
    json_t *cases = json_object_get(v->cases, operation);

    if (cases == NULL) {
        cases = json_array();
        json_object_set_new(v->cases, operation, cases);
    }
    return cases;
}

static bool is_named(const json_t *cases, const char *name)
{
    for (size_t i = 0; i < json_array_size(cases); i++)
        if (strcmp(json_string_value(json_object_get(json_array_get(cases, i), "name")), name) == 0)
            return true;
    return false;
}

/* "a b" as ["a", "b"]. */
static json_t *words_of(const char *text)
{
    json_t *array = json_array();

    while (*text != '\0') {
        size_t len = strcspn(text, " ");

        json_array_append_new(array, json_stringn(text, len));
        text += len + strspn(text + len, " ");
    }
    return array;
}

void vectors_add(struct vectors *v, const char *operation, const char *name, const char *expected,
                 json_t *in, const char *known)
{
    vectors_add_about(v, operation, name, expected, in, known, NULL, NULL);
}

void vectors_add_about(struct vectors *v, const char *operation, const char *name,
                       const char *expected, json_t *in, const char *known, const char *about,
                       const char *guards)
{
    const struct operation *op = operation_find(operation);
    json_t *expanded = v->err->code == ASSAY_OK ? vectors_expanded(in) : NULL, *answer = NULL, *one;

    if (op == NULL)
        assay_fail(v->err, ASSAY_E_UNKNOWN, 0, "there is no operation %s", operation);
    else if (expanded == NULL)
        assay_fail(v->err, ASSAY_E_MALFORMED, 0, "%s: case \"%s\": no input", operation, name);
    else if (is_named(cases_of(v, operation), name))
        assay_fail(v->err, ASSAY_E_DUPLICATE, 0, "%s: two cases \"%s\"", operation, name);
    else {
        answer = answer_of(op, expanded);
        judge(v, operation, name, expected, answer, known);
        one = json_pack("{s:s}", "name", name);
        if (about != NULL)
            json_object_set_new(one, "about", json_string(about));
        if (guards != NULL)
            json_object_set_new(one, "guards", words_of(guards));
        json_object_set(one, "in", in);
        json_object_update(one, answer);
        json_array_append_new(cases_of(v, operation), one);
    }
    json_decref(answer);
    json_decref(expanded);
    json_decref(in);
}
