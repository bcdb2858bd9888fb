/* Placeholders and environments of a launch (target/command.h). */
#include "target/command.h"

#include <assert.h>
#include <unistd.h>

enum { TEXT_MAX_BYTES = 1 << 16, DEFECTS_MAX = 256, VARIABLES_MORE = 256 };

const struct command_role command_roles[] = {
#define X(role, placeholder) {role, placeholder, "${" placeholder "}"},
    TARGET_ROLES(X)
#undef X
};

void command_value_set(struct command_values *values, const char *name, const char *value)
{
    size_t i = 0;

    while (i < values->count && strcmp(values->at[i].name, name) != 0)
        i++;
    assert(i + 1 < COMMAND_VALUES_MAX); /* the names are ours: see target_check_placeholders */
    values->at[i] = (struct target_pair){name, value};
    values->count += i == values->count;
}

/* Of the placeholder whose name is the `len` bytes at `name`. */
static const char *value_of(const struct command_values *values, const char *name, size_t len)
{
    for (size_t i = 0; i < values->count; i++)
        if (strncmp(values->at[i].name, name, len) == 0 && values->at[i].name[len] == '\0')
            return values->at[i].value;
    return strncmp(name, "DEFECTS", len) == 0 ? "" : NULL; /* more than one word, or none */
}

const char *command_value(const struct command_values *values, const char *name)
{
    return value_of(values, name, strlen(name));
}

const char *command_text(struct assay_arena *arena, const char *text,
                         const struct command_values *values)
{
    struct assay_buf out = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    const char *copy = NULL, *open;
    bool whole = true;

    while (whole && (open = strstr(text, "${")) != NULL) {
        size_t len = strcspn(open + 2, "}");
        const char *value = value_of(values, open + 2, len);

        assay_buf_add(&out, assay_bytes_of(text, (size_t)(open - text)));
        whole = value != NULL && open[2 + len] == '}';
        if (whole)
            assay_buf_add_str(&out, value);
        text = whole ? open + len + 3 : open;
    }
    assay_buf_add_str(&out, text);
    if (whole && assay_buf_ok(&out))
        copy = (const char *)assay_arena_copy(arena, assay_buf_view(&out)).at;
    assay_buf_fini(&out);
    return copy;
}

bool command_names_absent_role(const char *text, const struct command_values *values)
{
    for (size_t i = 0; i < ARRAY_LEN(command_roles); i++)
        if (strstr(text, command_roles[i].mark) != NULL &&
            command_value(values, command_roles[i].placeholder) == NULL)
            return true;
    return false;
}

static enum assay_code add_items(const char **argv, size_t *count, struct assay_arena *arena,
                                 const struct target_list *list,
                                 const struct command_values *values, struct assay_err *err)
{
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        const char *item = list->items[i];

        if (strcmp(item, "${DEFECTS}") == 0) {
            for (size_t d = 0; values->defects != NULL && values->defects[d] != NULL; d++) {
                if (d == DEFECTS_MAX)
                    return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "more than %d defects",
                                      DEFECTS_MAX);
                argv[(*count)++] = "--defect";
                argv[(*count)++] = values->defects[d];
            }
            continue;
        }
        if (command_names_absent_role(item, values)) {
            if (item[0] != '-' && i > 0 && list->items[i - 1][0] == '-')
                (*count)--;
            continue;
        }
        argv[*count] = command_text(arena, item, values);
        if (argv[(*count)++] == NULL)
            return assay_fail(err, ASSAY_E_MISSING, 0,
                              "\"%s\" cannot be filled in: a placeholder has no value here", item);
    }
    return ASSAY_OK;
}

enum assay_code command_fill(const char *const **argv, struct assay_arena *arena,
                             const struct target_list *command, const struct target_list *more,
                             const struct command_values *values, struct assay_err *err)
{
    /* Each list may name ${DEFECTS} once or several times; what does not fit is refused above. */
    size_t room = 2 * (size_t)TARGET_LIST_MAX * (1 + 2 * (size_t)DEFECTS_MAX) + 1;
    const char **out = assay_alloc(room * sizeof(*out));
    const char **kept;
    enum assay_code rc;
    size_t count = 0;

    if (out == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    rc = add_items(out, &count, arena, command, values, err);
    if (rc == ASSAY_OK)
        rc = add_items(out, &count, arena, more, values, err);
    if (rc == ASSAY_OK) {
        kept = assay_arena_alloc(arena, (count + 1) * sizeof(*kept));
        if (kept == NULL) {
            rc = assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
        } else {
            memcpy(kept, out, count * sizeof(*kept));
            *argv = kept;
        }
    }
    assay_free(out);
    return rc;
}

/* ---- environments ---- */

static size_t find(const struct environment *env, const char *name, size_t len)
{
    size_t i = 0;

    while (i < env->count && (strncmp(env->at[i], name, len) != 0 || env->at[i][len] != '='))
        i++;
    return i;
}

/* `pair` is NULL where there was no memory for it. */
static void put(struct environment *env, const char *pair)
{
    size_t i;

    if (pair == NULL || env->failed) {
        env->failed = true;
        return;
    }
    i = find(env, pair, strcspn(pair, "="));
    if (i == env->count && i + 1 == env->room)
        env->failed = true;
    else
        env->at[i] = pair;
    env->count += i == env->count && !env->failed;
}

/* A FAKETIME of our own would stand above the control file of a target's clock. */
void environment_init(struct environment *env, struct assay_arena *arena)
{
    size_t own = 0;

    while (environ[own] != NULL)
        own++;
    *env = (struct environment){.arena = arena, .room = own + VARIABLES_MORE};
    env->at = assay_arena_alloc(arena, env->room * sizeof(*env->at));
    env->failed = env->at == NULL;
    for (size_t i = 0; i < own && !env->failed; i++) {
        if (strchr(environ[i], '=') != NULL && strncmp(environ[i], "FAKETIME=", 9) != 0)
            env->at[env->count++] = environ[i];
    }
}

void environment_set(struct environment *env, const char *name, const char *value)
{
    put(env, assay_arena_printf(env->arena, "%s=%s", name, value));
}

void environment_join(struct environment *env, const char *pair)
{
    size_t len = strcspn(pair, "=");
    size_t i = find(env, pair, len);
    bool own = i == env->count;

    for (size_t e = 0; !own && environ[e] != NULL; e++)
        own = strcmp(environ[e], env->at[i]) == 0;
    put(env, own ? pair : assay_arena_printf(env->arena, "%s:%s", env->at[i], pair + len + 1));
}
