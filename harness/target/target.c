/* Target files: their members, and what must hold between them (target/target.h). */
#include "target/target_internal.h"

#include "base/url.h"

#include <stdio.h>

static enum assay_code read_one(struct members *m, uint32_t token, struct target_list *list)
{
    list->count = 1;
    return members_any_text(m, token, &list->items[0]);
}

static enum assay_code read_base_urls(struct members *m, uint32_t token, void *field)
{
    struct target_list *list = field;
    bool one = assay_json_type(&m->doc, token) == ASSAY_JSON_STRING;
    enum assay_code rc = one ? read_one(m, token, list) : target_read_list(m, token, list);

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

static enum assay_code read_side(struct members *m, uint32_t token, void *field)
{
    const char *choices[SIDE__COUNT + 1] = {NULL};
    enum target_side *side = field;
    const char *name = NULL;
    enum assay_code rc;

    for (int i = 0; i < SIDE__COUNT; i++)
        choices[i] = target_side_name((enum target_side)i);
    rc = members_choice(m, token, choices, &name);
    for (int i = 0; rc == ASSAY_OK && i < SIDE__COUNT; i++)
        *side = strcmp(choices[i], name) == 0 ? (enum target_side)i : *side;
    return rc;
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

/* `within` is a member of that member, or "". */
static enum assay_code at_member_of(struct members *m, enum assay_code code, const char *name,
                                    const char *within, const char *text)
{
    uint32_t token = assay_json_member(&m->doc, 0, name);

    (void)snprintf(m->place, sizeof(m->place), "%s%s%s", name, within[0] != '\0' ? "." : "",
                   within);
    return members_fail(m, code, token, "%s", text);
}

static enum assay_code at_member(struct members *m, enum assay_code code, const char *name,
                                 const char *text)
{
    return at_member_of(m, code, name, "", text);
}

static bool has_variable(const struct target *target)
{
    bool found = false;

    for (size_t i = 0; i < target->role_count; i++)
        found = found || target->roles[i].variable != NULL;
    return found;
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
    if (has_variable(target))
        return at_member(m, ASSAY_E_CONFLICT, "roles",
                         "a role's variable needs launch; say where the server looks for the role: "
                         "{\"listen\": \"127.0.0.1:PORT\"}");
    return ASSAY_OK;
}

/* What runs by our side alone: a program that buys something once, or the adapter of a library. */
static bool is_run(const struct target *target)
{
    return target_is_command(target) || target_is_adapter(target);
}

/* It is neither reached nor awaited. */
static enum assay_code check_run(struct members *m, const struct target *target)
{
    bool buys = target_is_command(target);

    if (target->base_urls.count > 0)
        return at_member(m, ASSAY_E_CONFLICT, "base_url",
                         buys ? "a command is launched, not reached; give launch.command instead"
                              : "an adapter is launched, not reached; give launch.command instead");
    if (!target->has_launch)
        return at_member(m, ASSAY_E_MISSING, "launch",
                         buys ? "is missing; launch.command is the program that buys ${URL}"
                              : "is missing; launch.command is the adapter, which answers on its "
                                "standard output (docs/library-adapters.md)");
    if (target->launch.ready_line != NULL || target->launch.ready_url != NULL)
        return at_member_of(m, ASSAY_E_CONFLICT, "launch", "ready",
                            buys ? "a command runs once and ends; drop it"
                                 : "an adapter is ready when it has answered hello; drop it");
    return ASSAY_OK;
}

static enum assay_code check_http(struct members *m, const struct target *target)
{
    if (target->base_urls.count == 0 && !target->has_launch)
        return at_member(m, ASSAY_E_MISSING, "base_url",
                         "neither base_url nor launch is there; give the URL of a running server, "
                         "or launch with command and ready");
    if (target->endpoint_count == 0)
        return at_member(m, ASSAY_E_MISSING, "endpoints",
                         "is missing or empty; name at least one endpoint");
    return ASSAY_OK;
}

static enum assay_code check_whole(struct members *m, const struct target *target)
{
    bool origin = target->executions != NULL && strcmp(target->executions, "origin") == 0;
    bool waits = target->launch.ready_line != NULL || target->launch.ready_url != NULL;
    enum assay_code rc = ASSAY_OK;

    if (target->has_launch && !waits && !is_run(target))
        return at_member_of(m, ASSAY_E_MISSING, "launch", "ready", "is missing; it must be there");
    if (is_run(target))
        rc = check_run(m, target);
    else if (target->base_urls.count > 0 && target->has_launch)
        rc = at_member(m, ASSAY_E_CONFLICT, "base_url",
                       "stands beside launch; drop it (what is launched says its URL itself) or "
                       "drop launch");
    else if (strcmp(target->interface, "http") == 0)
        rc = check_http(m, target);
    if (rc == ASSAY_OK && origin && !target_meets_role(target, "origin"))
        rc = at_member(m, ASSAY_E_CONFLICT, "executions",
                       "the target is not told where the origin is; add ${ORIGIN} to the "
                       "launch, or roles.origin");
    return rc == ASSAY_OK ? check_launched(m, target) : rc;
}

static const struct member members_of_a_target[] = {
    {"name", members_text, FIELD(target, name), true},
    {"profile", read_profile, FIELD(target, profile), true},
    {"interface", read_interface, FIELD(target, interface), false},
    {"side", read_side, FIELD(target, side), false},
    {"rules", read_rules, FIELD(target, rules), false},
    {"base_url", read_base_urls, FIELD(target, base_urls), false},
    {"public_url", members_text, FIELD(target, public_url), false},
    {"launch", target_read_launch, 0, false},
    {"variants", target_read_variants, 0, false},
    {"reset", target_read_reset, 0, false},
    {"endpoints", target_read_endpoints, 0, false},
    {"secrets", target_read_secrets, 0, false},
    {"principals", target_read_principals, 0, false},
    {"supports", target_read_list, FIELD(target, supports), false},
    {"executions", target_read_executions, 0, false},
    {"clock", members_bool, FIELD(target, clock_movable), false},
    {"store", target_read_store, 0, false},
    {"operations", target_read_operations, 0, false},
    {"roles", target_read_roles, 0, false},
    {"limits", target_read_limits, 0, false},
    {"repository", members_text, FIELD(target, repository), false},
    {"expectations", read_expectations, FIELD(target, expectations), false},
};

static enum target_side side_of_interface(const char *interface)
{
    if (strcmp(interface, "command") == 0)
        return SIDE_CLIENT;
    return strcmp(interface, "adapter") == 0 ? SIDE_LIBRARY : SIDE_SERVER;
}

static void set_defaults(struct target *target)
{
    memset(target, 0, sizeof(*target));
    target->interface = "http";
    target->side = SIDE__COUNT;
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
    if (target.side == SIDE__COUNT)
        target.side = side_of_interface(target.interface);
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
