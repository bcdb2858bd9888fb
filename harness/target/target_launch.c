/* What a target file says of programs: the launch and its variants, reset, operations
 * (target/target_internal.h). */
#include "target/target_internal.h"

#include "target/command.h"

static enum assay_code add_item(struct members *m, const char *name, uint32_t token, size_t index,
                                void *out)
{
    struct target_list *list = out;
    enum assay_code rc = members_any_text(m, token, &list->items[index]);

    (void)name;
    if (rc == ASSAY_OK)
        list->count = index + 1;
    return rc;
}

enum assay_code target_read_list(struct members *m, uint32_t token, void *field)
{
    return members_array(m, token, TARGET_LIST_MAX, add_item, field);
}

/* Pairs stand in a struct as an array and a count that are not neighbours; this joins them. */
struct pairs {
    struct target_pair *at;
    size_t *count;
};

static enum assay_code add_pair(struct members *m, const char *name, uint32_t token, size_t index,
                                void *out)
{
    struct pairs *pairs = out;

    pairs->at[index].name = name;
    *pairs->count = index + 1;
    return members_any_text(m, token, &pairs->at[index].value);
}

static enum assay_code read_pairs(struct members *m, uint32_t token, struct target_pair *at,
                                  size_t *count)
{
    struct pairs pairs = {at, count};

    return members_free_names(m, token, TARGET_LIST_MAX, add_pair, &pairs);
}

static enum assay_code read_variables(struct members *m, uint32_t token, struct target_pair *at,
                                      size_t *count)
{
    enum assay_code rc = read_pairs(m, token, at, count);

    for (size_t i = 0; rc == ASSAY_OK && i < *count; i++) {
        if (strchr(at[i].name, '=') != NULL)
            rc = members_fail(m, ASSAY_E_MALFORMED, token,
                              "a variable's name holds '='; write the value behind the colon");
    }
    return rc;
}

/* Beside those of the roles. */
static const char *const placeholders[] = {
    "${ASSAY}", "${PORT}",   "${STORE}", "${WORKDIR}", "${RULES}",  "${DEFECTS}",
    "${URL}",   "${POLICY}", "${TXID}",  "${RESULT}",  "${STATUS}", "${CHANNEL}",
};

static bool is_placeholder(const char *at)
{
    bool known = false;

    for (size_t i = 0; i < ARRAY_LEN(placeholders); i++)
        known = known || strncmp(at, placeholders[i], strlen(placeholders[i])) == 0;
    for (size_t i = 0; i < ARRAY_LEN(command_roles); i++)
        known = known || strncmp(at, command_roles[i].mark, strlen(command_roles[i].mark)) == 0;
    return known;
}

enum assay_code target_check_placeholders(struct members *m, uint32_t token, const char *text)
{
    for (const char *at = strstr(text, "${"); at != NULL; at = strstr(at + 2, "${")) {
        if (!is_placeholder(at))
            return members_fail(m, ASSAY_E_UNKNOWN, token,
                                "a placeholder that is not known; docs/adding-a-target.md lists "
                                "them; for a shell's own variable write $NAME");
    }
    return ASSAY_OK;
}

enum assay_code target_read_command(struct members *m, uint32_t token, void *field)
{
    struct target_list *list = field;
    enum assay_code rc = target_read_list(m, token, list);

    if (rc == ASSAY_OK && list->count == 0)
        rc = members_fail(m, ASSAY_E_MISSING, token, "is empty; name at least a program");
    for (size_t i = 0; rc == ASSAY_OK && i < list->count; i++)
        rc = target_check_placeholders(m, token, list->items[i]);
    return rc;
}

enum assay_code target_read_arguments(struct members *m, uint32_t token, void *field)
{
    struct target_list *list = field;
    enum assay_code rc = target_read_list(m, token, list);

    for (size_t i = 0; rc == ASSAY_OK && i < list->count; i++)
        rc = target_check_placeholders(m, token, list->items[i]);
    return rc;
}

static enum assay_code read_launch_env(struct members *m, uint32_t token, void *field)
{
    struct target_launch *launch = field;
    enum assay_code rc = read_variables(m, token, launch->env, &launch->env_count);

    for (size_t i = 0; rc == ASSAY_OK && i < launch->env_count; i++)
        rc = target_check_placeholders(m, token, launch->env[i].value);
    return rc;
}

static enum assay_code read_ready(struct members *m, uint32_t token, void *field)
{
    struct target_launch *launch = field;
    const char *text = NULL;
    enum assay_code rc = members_text(m, token, &text);

    if (rc == ASSAY_OK)
        rc = target_check_placeholders(m, token, text);
    if (rc != ASSAY_OK)
        return rc;
    if (strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0)
        launch->ready_url = text;
    else
        launch->ready_line = text;
    return ASSAY_OK;
}

enum assay_code target_read_launch(struct members *m, uint32_t token, void *field)
{
    static const struct member table[] = {
        {"command", target_read_command, FIELD(target_launch, command), true},
        {"env", read_launch_env, 0, false},
        {"ready", read_ready, 0, false},
        {"ready_ms", members_u64, FIELD(target_launch, ready_ms), false},
        {"workdir", members_text, FIELD(target_launch, workdir), false},
    };
    struct target *target = field;

    target->has_launch = true;
    return members_object(m, token, table, ARRAY_LEN(table), &target->launch);
}

static enum assay_code read_variant_env(struct members *m, uint32_t token, void *field)
{
    struct target_variant *variant = field;

    return read_variables(m, token, variant->env, &variant->env_count);
}

static enum assay_code add_variant(struct members *m, const char *name, uint32_t token,
                                   size_t index, void *out)
{
    static const struct member table[] = {
        {"args", target_read_arguments, FIELD(target_variant, args), false},
        {"env", read_variant_env, 0, false},
        {"requests_per_second", members_u64, FIELD(target_variant, rate_per_second), false},
    };
    struct target *target = out;

    target->variants[index].name = name;
    target->variant_count = index + 1;
    return members_object(m, token, table, ARRAY_LEN(table), &target->variants[index]);
}

enum assay_code target_read_variants(struct members *m, uint32_t token, void *field)
{
    struct target *target = field;

    return members_free_names(m, token, ARRAY_LEN(target->variants), add_variant, field);
}

enum assay_code target_read_reset(struct members *m, uint32_t token, void *field)
{
    static const char *const choices[] = {"fresh-store", "none", NULL};
    static const struct member table[] = {
        {"command", target_read_command, FIELD(target, reset_command), true},
    };
    struct target *target = field;
    enum assay_code rc;

    if (assay_json_type(&m->doc, token) == ASSAY_JSON_OBJECT) {
        target->reset = "command";
        return members_object(m, token, table, ARRAY_LEN(table), target);
    }
    rc = members_choice(m, token, choices, &target->reset);
    if (rc == ASSAY_OK && strcmp(target->reset, "none") == 0)
        target->reset = NULL;
    return rc;
}

enum assay_code target_read_headers(struct members *m, uint32_t token, struct target_pair *at,
                                    size_t *count)
{
    struct pairs pairs = {at, count};
    enum assay_code rc = members_free_names(m, token, TARGET_FEW_MAX, add_pair, &pairs);

    for (size_t i = 0; rc == ASSAY_OK && i < *count; i++)
        rc = target_check_placeholders(m, token, at[i].value);
    return rc;
}

static enum assay_code read_operation_headers(struct members *m, uint32_t token, void *field)
{
    struct target_operation *operation = field;

    return target_read_headers(m, token, operation->headers, &operation->header_count);
}

static enum assay_code read_operation_url(struct members *m, uint32_t token, void *field)
{
    const char **url = field;
    enum assay_code rc = members_text(m, token, url);

    if (rc == ASSAY_OK && (*url)[0] != '/' && strstr(*url, "://") == NULL &&
        strncmp(*url, "${", 2) != 0)
        rc = members_fail(m, ASSAY_E_MALFORMED, token,
                          "expected a URL, or a path of the target that begins with a slash");
    return rc == ASSAY_OK ? target_check_placeholders(m, token, *url) : rc;
}

static enum assay_code add_operation(struct members *m, const char *name, uint32_t token,
                                     size_t index, void *out)
{
    static const struct member table[] = {
        {"command", target_read_command, FIELD(target_operation, command), false},
        {"url", read_operation_url, FIELD(target_operation, url), false},
        {"method", target_read_method, FIELD(target_operation, method), false},
        {"headers", read_operation_headers, 0, false},
    };
    struct target *target = out;
    struct target_operation *operation = &target->operations[index];
    enum assay_code rc;

    *operation = (struct target_operation){.name = name, .method = "POST"};
    target->operation_count = index + 1;
    rc = members_object(m, token, table, ARRAY_LEN(table), operation);
    if (rc == ASSAY_OK && (operation->command.count > 0) == (operation->url != NULL))
        rc = members_fail(m, operation->url != NULL ? ASSAY_E_CONFLICT : ASSAY_E_MISSING, token,
                          "needs either command or url");
    return rc;
}

enum assay_code target_read_operations(struct members *m, uint32_t token, void *field)
{
    return members_free_names(m, token, TARGET_FEW_MAX, add_operation, field);
}
