/* What a target file says of the target itself: endpoints, secrets, principals, roles, limits
 * (target/target_internal.h). */
#include "target/target_internal.h"

#include "base/decimal.h"
#include "base/planted.h"
#include "target/command.h"

#include <stdlib.h>

static enum assay_code read_request_target(struct members *m, uint32_t token, void *field)
{
    const char **target = field;
    enum assay_code rc = members_text(m, token, target);

    if (rc == ASSAY_OK && (*target)[0] != '/' && !PLANTED(target_relative))
        rc = members_fail(m, ASSAY_E_MALFORMED, token,
                          "expected a path with its query; begin it with a slash");
    return rc;
}

enum assay_code target_read_method(struct members *m, uint32_t token, void *field)
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
        {"method", target_read_method, FIELD(target_endpoint, method), true},
        {"target", read_request_target, FIELD(target_endpoint, target), true},
        {"price", members_text, FIELD(target_endpoint, price), false},
    };
    struct target *target = out;

    target->endpoints[index].name = name;
    target->endpoint_count = index + 1;
    return members_object(m, token, table, ARRAY_LEN(table), &target->endpoints[index]);
}

enum assay_code target_read_endpoints(struct members *m, uint32_t token, void *field)
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
    if (secret->value[0] == '\0')
        return members_fail(m, ASSAY_E_DENIED, token,
                            "the environment variable %s is empty; set it to a test secret (GitHub "
                            "gives a repository's secrets to no pull request of a fork)",
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

enum assay_code target_read_secrets(struct members *m, uint32_t token, void *field)
{
    return members_free_names(m, token, TARGET_LIST_MAX, add_secret, field);
}

static enum assay_code read_principal_headers(struct members *m, uint32_t token, void *field)
{
    struct target_principal *principal = field;

    return target_read_headers(m, token, principal->headers, &principal->header_count);
}

static enum assay_code add_principal(struct members *m, const char *name, uint32_t token,
                                     size_t index, void *out)
{
    static const struct member table[] = {
        {"headers", read_principal_headers, 0, true},
        {"principal", members_text, FIELD(target_principal, principal), false},
        {"tenant", members_text, FIELD(target_principal, tenant), false},
        {"scopes", target_read_list, FIELD(target_principal, scopes), false},
    };
    struct target *target = out;
    struct target_principal *principal = &target->principals[index];
    uint32_t headers = assay_json_member(&m->doc, token, "headers");

    principal->name = principal->principal = name;
    target->principal_count = index + 1;
    /* a header may have that name, but its value is a text */
    if (headers != ASSAY_JSON_NONE && assay_json_type(&m->doc, headers) == ASSAY_JSON_OBJECT)
        return members_object(m, token, table, ARRAY_LEN(table), principal);
    return read_principal_headers(m, token, principal);
}

enum assay_code target_read_principals(struct members *m, uint32_t token, void *field)
{
    return members_free_names(m, token, TARGET_FEW_MAX, add_principal, field);
}

enum assay_code target_read_executions(struct members *m, uint32_t token, void *field)
{
    static const char *const choices[] = {"origin", NULL};

    return members_choice(m, token, choices, &((struct target *)field)->executions);
}

enum assay_code target_read_store(struct members *m, uint32_t token, void *field)
{
    static const struct member table[] = {
        {"paths", target_read_arguments, FIELD(target, store_paths), false},
        {"persistent", members_bool, FIELD(target, persistent), false},
    };

    return members_object(m, token, table, ARRAY_LEN(table), field);
}

/* The address is given to roles that bind it, so it is held to the one form that they take. */
static enum assay_code read_listen(struct members *m, uint32_t token, void *field)
{
    static const char host[] = "127.0.0.1:";
    const char **listen = field;
    enum assay_code rc = members_text(m, token, listen);
    const char *port;
    uint64_t number;

    if (rc != ASSAY_OK)
        return rc;
    port = strncmp(*listen, host, sizeof(host) - 1) == 0 ? *listen + sizeof(host) - 1 : "";
    if (assay_decimal_u64(&number, assay_str(port)) != ASSAY_OK || number == 0 || number > 65535)
        rc = members_fail(m, ASSAY_E_MALFORMED, token,
                          "expected 127.0.0.1:PORT, where the target looks for the role");
    return rc;
}

static enum assay_code no_such_role(struct members *m, uint32_t token)
{
    struct assay_buf all = ASSAY_BUF_INIT(1024);
    enum assay_code rc;

    for (size_t i = 0; i < ARRAY_LEN(command_roles); i++)
        assay_buf_printf(&all, "%s%s", i > 0 ? ", " : "", command_roles[i].role);
    rc = members_fail(m, ASSAY_E_UNKNOWN, token, "no such role; there are %s",
                      assay_buf_ok(&all) ? assay_buf_cstr(&all) : "others");
    assay_buf_fini(&all);
    return rc;
}

/* A role that nobody could find, or two in one place, are slips of the file. */
static enum assay_code check_role(struct members *m, uint32_t token, const struct target *target,
                                  size_t index)
{
    const struct target_role *role = &target->roles[index];

    if (role->variable == NULL && role->listen == NULL)
        return members_fail(
            m, ASSAY_E_MISSING, token,
            "needs variable (of the target's environment, which receives the "
            "role's URL) or listen (127.0.0.1:PORT, where the target looks for it)");
    for (size_t i = 0; i < index && role->listen != NULL; i++)
        if (target->roles[i].listen != NULL && strcmp(target->roles[i].listen, role->listen) == 0)
            return members_fail(m, ASSAY_E_CONFLICT, token,
                                "%s listens at %s already; give each role a port of its own",
                                target->roles[i].name, role->listen);
    return ASSAY_OK;
}

static enum assay_code add_role(struct members *m, const char *name, uint32_t token, size_t index,
                                void *out)
{
    static const struct member table[] = {
        {"variable", members_text, FIELD(target_role, variable), false},
        {"listen", read_listen, FIELD(target_role, listen), false},
    };
    struct target *target = out;
    struct target_role *role = &target->roles[index];
    enum assay_code rc;
    size_t i = 0;

    while (i < ARRAY_LEN(command_roles) && strcmp(command_roles[i].role, name) != 0)
        i++;
    if (i == ARRAY_LEN(command_roles))
        return no_such_role(m, token);
    *role = (struct target_role){.name = command_roles[i].role};
    target->role_count = index + 1;
    if (assay_json_type(&m->doc, token) == ASSAY_JSON_STRING)
        return members_text(m, token, &role->variable);
    if ((rc = members_object(m, token, table, ARRAY_LEN(table), role)) != ASSAY_OK)
        return rc;
    return check_role(m, token, target, index);
}

enum assay_code target_read_roles(struct members *m, uint32_t token, void *field)
{
    return members_free_names(m, token, TARGET_ROLES_COUNT, add_role, field);
}

enum assay_code target_read_limits(struct members *m, uint32_t token, void *field)
{
    static const struct member table[] = {
        {"challenge_ttl_ms", members_u64, FIELD(target, ttl_ms), false},
        {"body_bytes", members_u64, FIELD(target, body_max_bytes), false},
        {"read_deadline_ms", members_u64, FIELD(target, read_deadline_ms), false},
        {"handler_deadline_ms", members_u64, FIELD(target, origin_deadline_ms), false},
        {"requests_per_second", members_u64, FIELD(target, rate_per_second), false},
        {"sweep_ms", members_u64, FIELD(target, sweep_ms), false},
        {"flood_requests", members_u64, FIELD(target, flood_requests), false},
        {"accept_wait_ms", members_u64, FIELD(target, accept_wait_ms), false},
        {"poll_ms", members_u64, FIELD(target, poll_ms), false},
        {"adapter_deadline_ms", members_u64, FIELD(target, adapter_deadline_ms), false},
        {"concurrency", members_u64, FIELD(target, concurrency), false},
        {"caller_quota", members_u64, FIELD(target, caller_quota), false},
    };

    return members_object(m, token, table, ARRAY_LEN(table), field);
}
