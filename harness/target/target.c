/* Target files: the tables of their members and what must hold between them (target/target.h). */
#include "target/target.h"
#include "base/url.h"
#include "target/members.h"

#include <stdio.h>
#include <stdlib.h>

#define FIELD(type, member) offsetof(struct type, member)

/* ---- lists and pairs ---- */

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

static enum assay_code read_list(struct members *m, uint32_t token, void *field)
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

/* ---- launch ---- */

static const char *const placeholders[] = {"${ASSAY}", "${PORT}",   "${STORE}",  "${WORKDIR}",
                                           "${RULES}", "${ORIGIN}", "${DEFECTS}"};

static enum assay_code check_placeholders(struct members *m, uint32_t token, const char *text)
{
    for (const char *at = strstr(text, "${"); at != NULL; at = strstr(at + 2, "${")) {
        bool known = false;

        for (size_t i = 0; i < ARRAY_LEN(placeholders); i++)
            known = known || strncmp(at, placeholders[i], strlen(placeholders[i])) == 0;
        if (!known)
            return members_fail(m, ASSAY_E_UNKNOWN, token,
                                "a placeholder that is not known; there are ${ASSAY} ${PORT} "
                                "${STORE} ${WORKDIR} ${RULES} ${ORIGIN} ${DEFECTS}; for a shell's "
                                "own variable write $NAME");
    }
    return ASSAY_OK;
}

static enum assay_code read_command(struct members *m, uint32_t token, void *field)
{
    struct target_list *list = field;
    enum assay_code rc = read_list(m, token, list);

    if (rc == ASSAY_OK && list->count == 0)
        rc = members_fail(m, ASSAY_E_MISSING, token, "is empty; name at least a program");
    for (size_t i = 0; rc == ASSAY_OK && i < list->count; i++)
        rc = check_placeholders(m, token, list->items[i]);
    return rc;
}

static enum assay_code read_arguments(struct members *m, uint32_t token, void *field)
{
    struct target_list *list = field;
    enum assay_code rc = read_list(m, token, list);

    for (size_t i = 0; rc == ASSAY_OK && i < list->count; i++)
        rc = check_placeholders(m, token, list->items[i]);
    return rc;
}

static enum assay_code read_launch_env(struct members *m, uint32_t token, void *field)
{
    struct target_launch *launch = field;
    enum assay_code rc = read_variables(m, token, launch->env, &launch->env_count);

    for (size_t i = 0; rc == ASSAY_OK && i < launch->env_count; i++)
        rc = check_placeholders(m, token, launch->env[i].value);
    return rc;
}

static enum assay_code read_ready(struct members *m, uint32_t token, void *field)
{
    struct target_launch *launch = field;
    const char *text = NULL;
    enum assay_code rc = members_text(m, token, &text);

    if (rc == ASSAY_OK)
        rc = check_placeholders(m, token, text);
    if (rc != ASSAY_OK)
        return rc;
    if (strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0)
        launch->ready_url = text;
    else
        launch->ready_line = text;
    return ASSAY_OK;
}

static enum assay_code read_launch(struct members *m, uint32_t token, void *field)
{
    static const struct member table[] = {
        {"command", read_command, FIELD(target_launch, command), true},
        {"env", read_launch_env, 0, false},
        {"ready", read_ready, 0, true},
        {"ready_ms", members_u64, FIELD(target_launch, ready_ms), false},
        {"workdir", members_text, FIELD(target_launch, workdir), false},
    };
    struct target *target = field;

    target->has_launch = true;
    return members_object(m, token, table, ARRAY_LEN(table), &target->launch);
}

/* ---- variants ---- */

static enum assay_code read_variant_env(struct members *m, uint32_t token, void *field)
{
    struct target_variant *variant = field;

    return read_variables(m, token, variant->env, &variant->env_count);
}

static enum assay_code add_variant(struct members *m, const char *name, uint32_t token,
                                   size_t index, void *out)
{
    static const struct member table[] = {
        {"args", read_arguments, FIELD(target_variant, args), false},
        {"env", read_variant_env, 0, false},
        {"requests_per_second", members_u64, FIELD(target_variant, rate_per_second), false},
    };
    struct target *target = out;

    target->variants[index].name = name;
    target->variant_count = index + 1;
    return members_object(m, token, table, ARRAY_LEN(table), &target->variants[index]);
}

static enum assay_code read_variants(struct members *m, uint32_t token, void *field)
{
    struct target *target = field;

    return members_free_names(m, token, ARRAY_LEN(target->variants), add_variant, field);
}

/* ---- endpoints, secrets ---- */

static enum assay_code read_request_target(struct members *m, uint32_t token, void *field)
{
    const char **target = field;
    enum assay_code rc = members_text(m, token, target);

    if (rc == ASSAY_OK && (*target)[0] != '/')
        rc = members_fail(m, ASSAY_E_MALFORMED, token,
                          "expected a path with its query; begin it with a slash");
    return rc;
}

static enum assay_code read_method(struct members *m, uint32_t token, void *field)
{
    const char **method = field;
    enum assay_code rc = members_text(m, token, method);

    if (rc == ASSAY_OK && strspn(*method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != strlen(*method))
        rc = members_fail(m, ASSAY_E_MALFORMED, token, "expected a method in capitals, like GET");
    return rc;
}

static enum assay_code add_endpoint(struct members *m, const char *name, uint32_t token,
                                    size_t index, void *out)
{
    static const struct member table[] = {
        {"method", read_method, FIELD(target_endpoint, method), true},
        {"target", read_request_target, FIELD(target_endpoint, target), true},
        {"price", members_text, FIELD(target_endpoint, price), false},
    };
    struct target *target = out;

    target->endpoints[index].name = name;
    target->endpoint_count = index + 1;
    return members_object(m, token, table, ARRAY_LEN(table), &target->endpoints[index]);
}

static enum assay_code read_endpoints(struct members *m, uint32_t token, void *field)
{
    return members_free_names(m, token, TARGET_LIST_MAX, add_endpoint, field);
}

struct secret {
    const char *value, *env, *pass_as;
};

static enum assay_code read_secret_object(struct members *m, uint32_t token, struct secret *secret)
{
    static const struct member table[] = {
        {"value", members_any_text, FIELD(secret, value), false},
        {"env", members_text, FIELD(secret, env), false},
        {"pass_as", members_text, FIELD(secret, pass_as), false},
    };
    enum assay_code rc = members_object(m, token, table, ARRAY_LEN(table), secret);

    if (rc != ASSAY_OK)
        return rc;
    if ((secret->value != NULL) == (secret->env != NULL))
        return members_fail(m, secret->value != NULL ? ASSAY_E_CONFLICT : ASSAY_E_MISSING, token,
                            "needs either value or env (a variable of Assay's own environment)");
    if (secret->env == NULL)
        return ASSAY_OK;
    secret->value = getenv(secret->env);
    if (secret->value == NULL)
        return members_fail(m, ASSAY_E_MISSING, token,
                            "the environment variable %s is not set; set it to a test secret",
                            secret->env);
    secret->value = (const char *)assay_arena_copy(m->arena, assay_str(secret->value)).at;
    return secret->value != NULL ? ASSAY_OK
                                 : members_fail(m, ASSAY_E_NOMEM, token, "out of memory");
}

static enum assay_code add_secret(struct members *m, const char *name, uint32_t token, size_t index,
                                  void *out)
{
    struct target *target = out;
    struct secret secret = {0};
    enum assay_code rc = assay_json_type(&m->doc, token) == ASSAY_JSON_STRING
                             ? members_any_text(m, token, &secret.value)
                             : read_secret_object(m, token, &secret);

    if (rc != ASSAY_OK)
        return rc;
    target->secrets[index] = (struct target_pair){name, secret.value};
    target->secret_count = index + 1;
    if (secret.pass_as != NULL)
        target->secret_env[target->secret_env_count++] = (struct target_pair){name, secret.pass_as};
    return ASSAY_OK;
}

static enum assay_code read_secrets(struct members *m, uint32_t token, void *field)
{
    return members_free_names(m, token, TARGET_LIST_MAX, add_secret, field);
}

/* ---- the rest ---- */

static enum assay_code read_base_urls(struct members *m, uint32_t token, void *field)
{
    struct target_list *list = field;
    bool one = assay_json_type(&m->doc, token) == ASSAY_JSON_STRING;
    enum assay_code rc = one ? add_item(m, NULL, token, 0, list) : read_list(m, token, list);

    if (rc == ASSAY_OK && list->count == 0)
        rc = members_fail(m, ASSAY_E_MISSING, token, "is empty; name at least one URL");
    for (size_t i = 0; rc == ASSAY_OK && i < list->count; i++) {
        struct assay_err why = {0};
        struct assay_url url;

        if (assay_url_split(&url, assay_str(list->items[i]), &why) != ASSAY_OK)
            rc = members_fail(m, ASSAY_E_MALFORMED, token,
                              "expected a URL like http://127.0.0.1:8080: %s", why.text);
        else if (url.has_query)
            rc = members_fail(m, ASSAY_E_MALFORMED, token, "a base URL has no query; remove it");
    }
    return rc;
}

static enum assay_code read_profile(struct members *m, uint32_t token, void *field)
{
    static const char *const choices[] = {"paid-tools", "x402",        "kaspa-x402",
                                          "cashu",      "mint-escrow", NULL};

    return members_choice(m, token, choices, field);
}

static enum assay_code read_interface(struct members *m, uint32_t token, void *field)
{
    static const char *const choices[] = {"http",     "adapter", "command", "mcp-stdio",
                                          "contract", "files",   NULL};

    return members_choice(m, token, choices, field);
}

static enum assay_code read_rules(struct members *m, uint32_t token, void *field)
{
    static const char *const choices[] = {"base", "hardened", NULL};

    return members_choice(m, token, choices, field);
}

static enum assay_code read_reset(struct members *m, uint32_t token, void *field)
{
    static const char *const choices[] = {"fresh-store", "none", NULL};
    static const struct member table[] = {
        {"command", read_command, FIELD(target, reset_command), true},
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

static enum assay_code read_executions(struct members *m, uint32_t token, void *field)
{
    static const char *const choices[] = {"origin", NULL};
    static const struct member table[] = {
        {"counter", members_text, FIELD(target, counter_member), true},
    };
    struct target *target = field;

    if (assay_json_type(&m->doc, token) == ASSAY_JSON_STRING)
        return members_choice(m, token, choices, &target->executions);
    target->executions = "counter";
    return members_object(m, token, table, ARRAY_LEN(table), target);
}

static enum assay_code read_store(struct members *m, uint32_t token, void *field)
{
    static const struct member table[] = {
        {"paths", read_arguments, FIELD(target, store_paths), false},
        {"persistent", members_bool, FIELD(target, persistent), false},
    };

    return members_object(m, token, table, ARRAY_LEN(table), field);
}

static enum assay_code read_operations(struct members *m, uint32_t token, void *field)
{
    struct target *target = field;

    return read_pairs(m, token, target->operations, &target->operation_count);
}

static enum assay_code read_roles(struct members *m, uint32_t token, void *field)
{
    struct target *target = field;

    return read_pairs(m, token, target->roles, &target->role_count);
}

static enum assay_code read_limits(struct members *m, uint32_t token, void *field)
{
    static const struct member table[] = {
        {"challenge_ttl_ms", members_u64, FIELD(target, ttl_ms), false},
        {"body_bytes", members_u64, FIELD(target, body_max_bytes), false},
        {"read_deadline_ms", members_u64, FIELD(target, read_deadline_ms), false},
        {"handler_deadline_ms", members_u64, FIELD(target, origin_deadline_ms), false},
        {"requests_per_second", members_u64, FIELD(target, rate_per_second), false},
        {"sweep_ms", members_u64, FIELD(target, sweep_ms), false},
        {"flood_requests", members_u64, FIELD(target, flood_requests), false},
    };

    return members_object(m, token, table, ARRAY_LEN(table), field);
}

static enum assay_code read_expectations(struct members *m, uint32_t token, void *field)
{
    const char *slash = strrchr(m->path, '/');
    const char **path = field;
    enum assay_code rc = members_text(m, token, path);

    if (rc != ASSAY_OK || (*path)[0] == '/' || slash == NULL)
        return rc;
    *path = assay_arena_printf(m->arena, "%.*s/%s", (int)(slash - m->path), m->path, *path);
    return *path != NULL ? ASSAY_OK : members_fail(m, ASSAY_E_NOMEM, token, "out of memory");
}

/* ---- what must hold between members ---- */

static bool names_placeholder(const struct target *target, const char *placeholder)
{
    const struct target_launch *launch = &target->launch;
    bool found = false;

    for (size_t i = 0; i < launch->command.count; i++)
        found = found || strstr(launch->command.items[i], placeholder) != NULL;
    for (size_t i = 0; i < launch->env_count; i++)
        found = found || strstr(launch->env[i].value, placeholder) != NULL;
    return found;
}

static enum assay_code at_member(struct members *m, enum assay_code code, const char *name,
                                 const char *text)
{
    uint32_t token = assay_json_member(&m->doc, 0, name);

    (void)snprintf(m->place, sizeof(m->place), "%s", name);
    return members_fail(m, code, token, "%s", text);
}

static enum assay_code check_launched(struct members *m, const struct target *target)
{
    if (target->has_launch)
        return ASSAY_OK;
    if (target->reset != NULL && strcmp(target->reset, "fresh-store") == 0)
        return at_member(m, ASSAY_E_CONFLICT, "reset",
                         "a fresh store needs launch; give a command or \"none\"");
    if (target->variant_count > 0)
        return at_member(m, ASSAY_E_CONFLICT, "variants", "variants need launch; drop them");
    if (target->secret_env_count > 0)
        return at_member(m, ASSAY_E_CONFLICT, "secrets", "pass_as needs launch; drop it");
    if (target->clock_movable)
        return at_member(m, ASSAY_E_CONFLICT, "clock",
                         "a clock is moved under launch only; drop it");
    if (target->role_count > 0)
        return at_member(m, ASSAY_E_CONFLICT, "roles", "roles need launch; drop them");
    return ASSAY_OK;
}

static enum assay_code check_whole(struct members *m, const struct target *target)
{
    bool origin = target->executions != NULL && strcmp(target->executions, "origin") == 0;

    if (target->base_urls.count > 0 && target->has_launch)
        return at_member(m, ASSAY_E_CONFLICT, "base_url",
                         "stands beside launch; drop it (what is launched says its URL itself) or "
                         "drop launch");
    if (strcmp(target->interface, "http") == 0 && target->base_urls.count == 0 &&
        !target->has_launch)
        return at_member(m, ASSAY_E_MISSING, "base_url",
                         "neither base_url nor launch is there; give the URL of a running server, "
                         "or launch with command and ready");
    if (strcmp(target->interface, "http") == 0 && target->endpoint_count == 0)
        return at_member(m, ASSAY_E_MISSING, "endpoints",
                         "is missing or empty; name at least one endpoint");
    if (origin && target_role_variable(target, "origin") == NULL &&
        !names_placeholder(target, "${ORIGIN}"))
        return at_member(m, ASSAY_E_CONFLICT, "executions",
                         "the target is not told where the origin is; add ${ORIGIN} to the "
                         "launch, or roles.origin");
    return check_launched(m, target);
}

static const struct member members_of_a_target[] = {
    {"name", members_text, FIELD(target, name), true},
    {"profile", read_profile, FIELD(target, profile), true},
    {"interface", read_interface, FIELD(target, interface), false},
    {"rules", read_rules, FIELD(target, rules), false},
    {"base_url", read_base_urls, FIELD(target, base_urls), false},
    {"launch", read_launch, 0, false},
    {"variants", read_variants, 0, false},
    {"reset", read_reset, 0, false},
    {"endpoints", read_endpoints, 0, false},
    {"secrets", read_secrets, 0, false},
    {"supports", read_list, FIELD(target, supports), false},
    {"executions", read_executions, 0, false},
    {"clock", members_bool, FIELD(target, clock_movable), false},
    {"store", read_store, 0, false},
    {"operations", read_operations, 0, false},
    {"roles", read_roles, 0, false},
    {"limits", read_limits, 0, false},
    {"repository", members_text, FIELD(target, repository), false},
    {"expectations", read_expectations, FIELD(target, expectations), false},
};

static void set_defaults(struct target *target)
{
    memset(target, 0, sizeof(*target));
    target->interface = "http";
    target->rules = "base";
    target->launch.ready_ms = 10000;
    target->persistent = true;
    target->origin_deadline_ms = 10000;
    target->flood_requests = 200;
}

enum assay_code target_parse(struct target *out, struct assay_arena *arena, struct assay_bytes text,
                             const char *path, struct assay_err *err)
{
    struct target target;
    struct members m;
    enum assay_code rc = members_init(&m, arena, text, path, err);

    if (rc != ASSAY_OK)
        return rc;
    set_defaults(&target);
    target.path = (const char *)assay_arena_copy(arena, assay_str(path)).at;
    rc = members_object(&m, 0, members_of_a_target, ARRAY_LEN(members_of_a_target), &target);
    if (rc == ASSAY_OK && assay_json_member(&m.doc, 0, "clock") == ASSAY_JSON_NONE)
        target.clock_movable = target.has_launch;
    if (rc == ASSAY_OK)
        rc = check_whole(&m, &target);
    if (rc == ASSAY_OK && target.path == NULL)
        rc = members_fail(&m, ASSAY_E_NOMEM, ASSAY_JSON_NONE, "out of memory");
    if (rc == ASSAY_OK)
        *out = target;
    members_fini(&m);
    return rc;
}

enum assay_code target_load(struct target *out, struct assay_arena *arena, const char *path,
                            struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(MEMBERS_FILE_MAX_BYTES);
    enum assay_code rc = assay_file_read(&text, path, err);

    if (rc == ASSAY_OK)
        rc = target_parse(out, arena, assay_buf_view(&text), path, err);
    assay_buf_wipe(&text);
    return rc;
}

/* ---- looking things up ---- */

const struct target_endpoint *target_endpoint(const struct target *target, const char *name)
{
    for (size_t i = 0; i < target->endpoint_count; i++) {
        if (strcmp(target->endpoints[i].name, name) == 0)
            return &target->endpoints[i];
    }
    return NULL;
}

const struct target_variant *target_variant(const struct target *target, const char *name)
{
    for (size_t i = 0; i < target->variant_count; i++) {
        if (strcmp(target->variants[i].name, name) == 0)
            return &target->variants[i];
    }
    return NULL;
}

static const char *value_of(const struct target_pair *pairs, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(pairs[i].name, name) == 0)
            return pairs[i].value;
    }
    return NULL;
}

const char *target_secret(const struct target *target, const char *name)
{
    return value_of(target->secrets, target->secret_count, name);
}

bool target_supports(const struct target *target, const char *what)
{
    for (size_t i = 0; i < target->supports.count; i++) {
        if (strcmp(target->supports.items[i], what) == 0)
            return true;
    }
    return false;
}

const char *target_role_variable(const struct target *target, const char *role)
{
    return value_of(target->roles, target->role_count, role);
}
