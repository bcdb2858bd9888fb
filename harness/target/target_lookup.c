/* What a target file says, by name (target/target.h). */
#include "base/decimal.h"
#include "target/command.h"

#include <assert.h>

const char *target_side_name(enum target_side side)
{
    static const char *const names[] = {"server", "client", "library", "facilitator"};

    static_assert(ARRAY_LEN(names) == SIDE__COUNT, "one name a side");
    return side < SIDE__COUNT ? names[side] : "?";
}

bool target_is_command(const struct target *target)
{
    return strcmp(target->interface, "command") == 0;
}

bool target_is_adapter(const struct target *target)
{
    return strcmp(target->interface, "adapter") == 0;
}

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

static const struct target_role *find_role(const struct target *target, const char *name)
{
    for (size_t i = 0; i < target->role_count; i++) {
        if (strcmp(target->roles[i].name, name) == 0)
            return &target->roles[i];
    }
    return NULL;
}

const char *target_role_variable(const struct target *target, const char *role)
{
    const struct target_role *found = find_role(target, role);

    return found != NULL ? found->variable : NULL;
}

const char *target_role_listen(const struct target *target, const char *role)
{
    const struct target_role *found = find_role(target, role);

    return found != NULL ? found->listen : NULL;
}

uint16_t target_role_port(const struct target *target, const char *role)
{
    const char *listen = target_role_listen(target, role);
    uint64_t port = 0;

    if (listen == NULL || assay_decimal_u64(&port, assay_str(strrchr(listen, ':') + 1)) != ASSAY_OK)
        return 0;
    return (uint16_t)port; /* in range: the place was held to its form when it was read */
}

bool target_has_fixed_role(const struct target *target)
{
    bool found = false;

    for (size_t i = 0; i < target->role_count; i++)
        found = found || target->roles[i].listen != NULL;
    return found;
}

/* Whether the launch, or one of its variants, holds that text. */
static bool launch_names(const struct target *target, const char *mark)
{
    const struct target_list *command = &target->launch.command;
    bool found = false;

    for (size_t i = 0; i < command->count; i++)
        found = found || strstr(command->items[i], mark) != NULL;
    for (size_t i = 0; i < target->launch.env_count; i++)
        found = found || strstr(target->launch.env[i].value, mark) != NULL;
    for (size_t v = 0; v < target->variant_count; v++)
        for (size_t i = 0; i < target->variants[v].args.count; i++)
            found = found || strstr(target->variants[v].args.items[i], mark) != NULL;
    return found;
}

bool target_meets_role(const struct target *target, const char *role)
{
    for (size_t i = 0; i < ARRAY_LEN(command_roles); i++)
        if (strcmp(command_roles[i].role, role) == 0 && launch_names(target, command_roles[i].mark))
            return true;
    return find_role(target, role) != NULL;
}

const struct target_operation *target_operation(const struct target *target, const char *name)
{
    for (size_t i = 0; i < target->operation_count; i++) {
        if (strcmp(target->operations[i].name, name) == 0)
            return &target->operations[i];
    }
    return NULL;
}

const struct target_principal *target_principal(const struct target *target, const char *name)
{
    for (size_t i = 0; i < target->principal_count; i++) {
        if (strcmp(target->principals[i].name, name) == 0)
            return &target->principals[i];
    }
    return NULL;
}
