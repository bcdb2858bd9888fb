/* Placeholders and environments of a launch (target/command.h). */
#include "target/command.h"

#include <unistd.h>

enum { TEXT_MAX_BYTES = 1 << 16, DEFECTS_MAX = 256, VARIABLES_MORE = 256 };

static const char *value_of(const char *at, size_t *len, const struct command_values *values)
{
    const struct {
        const char *name, *value;
    } all[] = {
        {"${ASSAY}", values->assay}, {"${PORT}", values->port},       {"${STORE}", values->store},
        {"${RULES}", values->rules}, {"${WORKDIR}", values->workdir}, {"${ORIGIN}", values->origin},
        {"${DEFECTS}", ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        *len = strlen(all[i].name);
        if (strncmp(at, all[i].name, *len) == 0)
            return all[i].value;
    }
    *len = 2;
    return "${";
}

const char *command_text(struct assay_arena *arena, const char *text,
                         const struct command_values *values)
{
    struct assay_buf out = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    const char *copy = NULL;
    bool whole = true;

    while (*text != '\0' && whole) {
        const char *next = strstr(text, "${");
        const char *value;
        size_t len;

        if (next == NULL)
            next = text + strlen(text);
        assay_buf_add(&out, assay_bytes_of(text, (size_t)(next - text)));
        text = next;
        if (*text == '\0')
            break;
        value = value_of(text, &len, values);
        whole = value != NULL;
        assay_buf_add_str(&out, value != NULL ? value : "");
        text += len;
    }
    if (whole && assay_buf_ok(&out))
        copy = (const char *)assay_arena_copy(arena, assay_buf_view(&out)).at;
    assay_buf_fini(&out);
    return copy;
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
        if (values->origin == NULL && strstr(item, "${ORIGIN}") != NULL) {
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
