/* The world around a case: the leg's shared instance and origin, or an instance of the case's own.
 */
#include "run/case_internal.h"

#include "base/time.h"
#include "target/command.h"

#include <stdio.h>
#include <time.h>

#define ORIGIN_IDLE_MS 5000
#define PATIENCE_MS 10000
#define STATED_MAX_MS 120000 /* of each limit that a target file states */
#define CALLS_OF_A_ROLE 4    /* that one request may wait for: to verify, to submit, to look */
#define WAITS_OF_A_CASE 6    /* requests of one that are put off */

struct case_world *case_world_new(const struct case_world_options *options)
{
    struct case_world *world = assay_alloc(sizeof *world);

    if (world != NULL)
        *world = (struct case_world){.options = *options,
                                     .profile = profile_find(options->target->profile),
                                     .arena = ASSAY_ARENA_INIT((size_t)64 << 20)};
    return world;
}

static void stop_roles(const struct case_world *world, void *roles)
{
    if (roles != NULL)
        world->profile->roles_stop(roles);
}

static void world_stop(struct case_world *world)
{
    instance_free(world->instance);
    world->instance = NULL;
    stop_roles(world, world->roles);
    world->roles = NULL;
    origin_stop(world->origin);
    world->origin = NULL;
    assay_arena_fini(&world->arena);
}

void case_world_free(struct case_world *world)
{
    if (world == NULL)
        return;
    world_stop(world);
    assay_free(world);
}

const struct target *case_target(const struct assay_case *t)
{
    return t->world->options.target;
}

bool case_judged_by(const struct assay_case *t, const char *rules)
{
    return strcmp(case_target(t)->rules, rules) == 0;
}

static bool counts_by_origin(const struct target *target)
{
    return target->executions != NULL && strcmp(target->executions, "origin") == 0;
}

/* What a command remembers is its store's, so each case begins with an empty one. */
static bool needs_own_instance(const struct assay_case *t)
{
    const struct scenario *s = t->scenario;

    return s->fresh || s->variant != NULL || (s->needs & (NEED_CLOCK | NEED_SUPERVISOR)) != 0 ||
           target_is_command(case_target(t));
}

static const char *lack_of_machine(const struct assay_case *t)
{
    const struct target *target = case_target(t);
    unsigned needs = t->scenario->needs;
    struct assay_err *err =
        assay_arena_alloc(&((struct assay_case *)(uintptr_t)t)->arena, sizeof *err);

    if (err == NULL)
        return "out of memory";
    if ((needs & (NEED_LAUNCH | NEED_CLOCK | NEED_SUPERVISOR)) != 0 && !target->has_launch)
        return "the target file has no `launch`: only a server that we start can be restarted, "
               "have its clock "
               "moved or its durable calls held";
    if (t->scenario->variant != NULL && !target->has_launch)
        return "the target file has no `launch`: only a server that we start can be started with "
               "other options (`variants`)";
    if ((needs & NEED_ORIGIN) != 0 && !counts_by_origin(target))
        return "the protected handler does not point to the origin role (`executions`: \"origin\" "
               "in the target file, and `roles` for where it looks for that one): its runs cannot "
               "be counted or steered";
    if ((needs & NEED_CLOCK) != 0 && !target->clock_movable)
        return "the target file says that its clock cannot be moved";
    if ((needs & NEED_CLOCK) != 0 && fault_clock_library(err) == NULL)
        return err->text;
    if ((needs & NEED_SUPERVISOR) != 0 && fault_supervisor_available(err) != ASSAY_OK)
        return err->text;
    if ((needs & NEED_STORE) != 0 && target->store_paths.count == 0)
        return "the target file names no store paths (`store.paths`), so growth cannot be measured";
    if ((needs & NEED_SECOND) != 0 && !target->has_launch && target->base_urls.count < 2)
        return "the target file has neither `launch` nor a second base_url: there is no second "
               "worker to ask";
    if ((needs & NEED_DISRUPT) != 0 && !t->world->options.disruptive)
        return "floods and crashes of a target that is not on loopback need --disruptive";
    return NULL;
}

/* Everything that is played for the target, and where. */
static const struct target_pair *role_urls(struct assay_case *t, const struct origin *origin,
                                           void *roles)
{
    struct target_pair *urls = case_alloc(t, (TARGET_ROLES_COUNT + 1) * sizeof *urls);
    size_t n = 0;

    for (size_t i = 0; i < TARGET_ROLES_COUNT; i++) {
        const char *role = command_roles[i].role;
        const char *url = roles != NULL ? t->world->profile->role_url(roles, role) : NULL;

        if (origin != NULL && strcmp(role, "origin") == 0)
            url = origin_url(origin);
        if (url != NULL)
            urls[n++] = (struct target_pair){role, url};
    }
    urls[n] = (struct target_pair){NULL, NULL};
    return urls;
}

/* A target that looks for a role at a certain place, and does not find it there, would be judged
 * for our own failing. */
static void check_places(struct assay_case *t, const struct target_pair *urls)
{
    const struct target *target = case_target(t);

    for (size_t i = 0; i < target->role_count; i++) {
        const char *listen = target->roles[i].listen;
        size_t k = 0;

        while (urls[k].name != NULL && strcmp(urls[k].name, target->roles[i].name) != 0)
            k++;
        if (listen != NULL && (urls[k].name == NULL || strstr(urls[k].value, listen) == NULL))
            case_end(t, VERDICT_UNSUPPORTED,
                     "the target looks for the role %s at %s (`roles` in the target file), where "
                     "this version does not play it",
                     target->roles[i].name, listen);
    }
}

static struct instance_options options_of(struct assay_case *t, const struct origin *origin,
                                          void *roles)
{
    const struct case_world_options *world = &t->world->options;
    const struct target_pair *urls = role_urls(t, origin, roles);

    check_places(t, urls);
    return (struct instance_options){.variant = t->scenario->variant,
                                     .defects = world->defects,
                                     .roles = urls,
                                     .clock = (t->scenario->needs & NEED_CLOCK) != 0,
                                     .supervise = (t->scenario->needs & NEED_SUPERVISOR) != 0,
                                     .allowed_hosts = world->allowed_hosts};
}

/* The origin and the profile's roles; ends the case where one cannot be had. What was started is
 * the caller's even then. */
static void start_roles(struct assay_case *t, uint64_t seed, struct origin **origin, void **roles)
{
    const char *where = target_has_fixed_role(case_target(t))
                            ? " (`roles` in the target file say where they listen)"
                            : "";
    const struct profile *profile = t->world->profile;
    const struct profile_roles_options options = {.target = case_target(t), .seed = seed};
    struct assay_err err = {0};

    if (counts_by_origin(case_target(t)) &&
        origin_start(origin, target_role_port(case_target(t), "origin"), &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the role origin could not be started: %s%s", err.text, where);
    if (profile == NULL || profile->roles_start == NULL)
        return;
    *roles = profile->roles_start(&options, &err);
    if (*roles == NULL)
        case_end(t, VERDICT_BROKEN, "the roles of %s could not be started: %s%s", profile->name,
                 err.text, where);
}

static void start_own(struct assay_case *t)
{
    struct assay_err err = {0};
    struct instance_options options;
    enum assay_code rc;

    if (target_has_fixed_role(case_target(t)))
        world_stop(t->world); /* the place is taken by the roles of the shared instance */
    start_roles(t, t->seed, &t->origin, &t->roles);
    options = options_of(t, t->origin, t->roles);
    rc = instance_start(&t->instance, &t->arena, case_target(t), &options, &err);
    if (rc == ASSAY_E_UNSUPPORTED || rc == ASSAY_E_UNKNOWN)
        case_end(t, VERDICT_UNSUPPORTED, "%s", err.text);
    if (rc != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the target could not be started: %s", err.text);
}

static void start_shared(struct assay_case *t)
{
    struct case_world *world = t->world;
    struct instance_options options;
    struct assay_err err = {0};

    if (world->start_trouble[0] != '\0')
        case_end(t, VERDICT_BROKEN, "%s", world->start_trouble);
    start_roles(t, world->options.seed, &world->origin, &world->roles);
    options = options_of(t, world->origin, world->roles);
    if (instance_start(&world->instance, &world->arena, case_target(t), &options, &err) == ASSAY_OK)
        return;
    if (snprintf(world->start_trouble, sizeof world->start_trouble,
                 "the target could not be started: %s", err.text) < 0)
        world->start_trouble[0] = '?';
    world_stop(world);
    case_end(t, VERDICT_BROKEN, "%s", world->start_trouble);
}

static void enter_shared(struct assay_case *t)
{
    struct case_world *world = t->world;

    if (world->instance != NULL && instance_pid(world->instance) != 0 &&
        !instance_alive(world->instance))
        world_stop(world); /* an earlier case ended it: this one gets a new one */
    if (world->instance == NULL) {
        world_stop(world); /* roles of a start that failed halfway */
        start_shared(t);
    }
    t->instance = world->instance;
    t->origin = world->origin;
    t->roles = world->roles;
}

void case_world_calm(struct assay_case *t)
{
    const struct profile *profile = t->world->profile;

    if (t->origin != NULL)
        origin_behave(t->origin, &(struct origin_rule){.behaviour = ORIGIN_ANSWER});
    if (t->roles != NULL && profile->roles_calm != NULL)
        profile->roles_calm(t->roles);
}

void case_world_enter(struct assay_case *t)
{
    const char *lack = lack_of_machine(t);

    if (lack != NULL)
        case_end(t, VERDICT_UNSUPPORTED, "%s", lack);
    t->own_instance = needs_own_instance(t) && case_target(t)->has_launch;
    if (t->own_instance)
        start_own(t);
    else
        enter_shared(t);
    case_world_calm(t);
    if (t->origin != NULL) {
        origin_await_idle(t->origin, ORIGIN_IDLE_MS);
        t->executions_before = origin_executions(t->origin);
    }
}

void case_world_leave(struct assay_case *t)
{
    if (t->origin != NULL)
        origin_release(t->origin);
    instance_free(t->second);
    instance_free(t->reference);
    if (t->own_instance) {
        instance_free(t->instance);
        stop_roles(t->world, t->roles);
        origin_stop(t->origin);
    }
}

struct instance *case_instance(struct assay_case *t)
{
    return t->instance;
}

struct origin *case_origin(struct assay_case *t)
{
    return t->origin;
}

void *case_roles(struct assay_case *t)
{
    return t->roles;
}

struct http_client *case_http(struct assay_case *t)
{
    return t->http;
}

const struct http_peer *case_peer(struct assay_case *t)
{
    return instance_peer(t->instance);
}

static int stated_ms(uint64_t ms, int unstated_ms)
{
    int stated = ms < STATED_MAX_MS ? (int)ms : STATED_MAX_MS;

    return ms > 0 ? stated : unstated_ms;
}

/* What a request that is put off may take for that. */
static int wait_with(const struct target *target)
{
    const struct profile *profile = profile_find(target->profile);
    bool waits =
        profile != NULL && (target->side == SIDE_SERVER || target->side == SIDE_FACILITATOR);

    return stated_ms(target->accept_wait_ms, waits ? profile->accept_wait_ms : 0) +
           CALLS_OF_A_ROLE * stated_ms(target->adapter_deadline_ms, 0);
}

int case_patience_with(const struct target *target)
{
    return PATIENCE_MS + stated_ms(target->origin_deadline_ms, 0) +
           stated_ms(target->read_deadline_ms, PATIENCE_MS) + wait_with(target);
}

int64_t case_deadline_with(const struct target *target, unsigned own_ms)
{
    return (int64_t)own_ms + case_patience_with(target) + WAITS_OF_A_CASE * wait_with(target);
}

int case_patience_ms(const struct assay_case *t)
{
    return case_patience_with(case_target(t));
}

struct instance *case_try_instance(struct assay_case *t, struct instance_options options,
                                   struct assay_err *err)
{
    struct instance *instance = NULL;

    if (options.variant != NULL && target_variant(case_target(t), options.variant) == NULL)
        case_end(t, VERDICT_UNSUPPORTED, "the target file has no variant \"%s\"", options.variant);
    options.defects = t->world->options.defects;
    options.allowed_hosts = t->world->options.allowed_hosts;
    if (options.roles == NULL)
        options.roles = role_urls(t, t->origin, t->roles);
    if (instance_start(&instance, &t->arena, case_target(t), &options, err) != ASSAY_OK)
        return NULL;
    return instance;
}

struct instance *case_second_instance(struct assay_case *t)
{
    struct instance_options options = options_of(t, t->origin, t->roles);
    const struct target *target = case_target(t);
    struct assay_err err = {0};
    enum assay_code rc;

    if (t->second != NULL)
        return t->second;
    if (target->has_launch) {
        options.share_store_of = instance_workdir(t->instance);
        options.supervise = false;
    } else if (target->base_urls.count > 1) { /* NEED_SECOND has seen to it */
        struct target *other = case_alloc(t, sizeof *other);

        *other = *target;
        other->base_urls.items[0] = target->base_urls.items[1];
        target = other;
    }
    rc = instance_start(&t->second, &t->arena, target, &options, &err);
    if (rc == ASSAY_E_UNSUPPORTED)
        case_end(t, VERDICT_UNSUPPORTED, "%s", err.text);
    if (rc != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "a second worker could not be started: %s", err.text);
    return t->second;
}

struct instance *case_reference_server(struct assay_case *t)
{
    const struct case_world *world = t->world;
    struct instance_options options = {.roles = role_urls(t, t->origin, t->roles),
                                       .allowed_hosts = world->options.allowed_hosts};
    struct target *target = case_alloc(t, sizeof *target);
    struct assay_err err = {0};

    if (t->reference != NULL)
        return t->reference;
    if (target_embedded(target, &t->arena, world->profile->name, SIDE_SERVER, case_target(t)->rules,
                        &err) != ASSAY_OK ||
        instance_start(&t->reference, &t->arena, target, &options, &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the reference server could not be started: %s", err.text);
    return t->reference;
}

static void free_run(void *run)
{
    client_run_free(run);
}

struct client_run *case_start_client(struct assay_case *t, const struct client_run_options *options)
{
    struct client_run *run = NULL;
    struct assay_err err = {0};

    if (client_run_start(&run, t->instance, options, &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the client could not be started: %s", err.text);
    case_defer(t, free_run, run);
    return run;
}

static void free_operation(void *result)
{
    operation_result_fini(result);
}

const struct operation_result *case_operation(struct assay_case *t, const char *name,
                                              const struct target_pair *values)
{
    struct operation_result *result = case_alloc(t, sizeof *result);
    struct assay_err err = {0};
    enum assay_code rc =
        instance_operation(t->instance, &t->arena, name, values, case_patience_ms(t), result, &err);

    case_defer(t, free_operation, result);
    if (rc == ASSAY_E_UNSUPPORTED)
        case_end(t, VERDICT_UNSUPPORTED, "%s", err.text);
    if (rc != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "%s", err.text);
    if (result->exchange != NULL)
        case_saw_exchange(t, result->exchange, name);
    else
        case_saw_run(t, result->run, name);
    return result;
}

int64_t case_now_ms(struct assay_case *t)
{
    struct fault_clock *clock = t->instance != NULL ? instance_clock(t->instance) : NULL;
    struct timespec now;

    if (clock != NULL)
        return fault_clock_now_ms(clock);
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        case_end(t, VERDICT_BROKEN, "this machine has no wall clock");
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct fault_clock *clock_or_end(struct assay_case *t)
{
    struct fault_clock *clock = instance_clock(t->instance);

    if (clock == NULL)
        case_end(t, VERDICT_BROKEN, "the scenario moves the clock but does not NEED_CLOCK");
    return clock;
}

void case_shift_clock(struct assay_case *t, int64_t offset_ms)
{
    struct assay_err err = {0};

    if (fault_clock_shift(clock_or_end(t), offset_ms, &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the target's clock could not be moved: %s", err.text);
    case_note(t, "the target's clock now runs %+lld ms beside real time", (long long)offset_ms);
}

void case_freeze_clock(struct assay_case *t, int64_t at_ms)
{
    struct assay_err err = {0};
    char text[ASSAY_TIME_TEXT_BYTES];

    if (fault_clock_freeze(clock_or_end(t), at_ms, &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the target's clock could not be stopped: %s", err.text);
    assay_time_text(text, at_ms);
    case_note(t, "the target's clock now stands still at %s", text);
}

bool case_can_count(struct assay_case *t)
{
    return t->origin != NULL;
}

uint64_t case_executions(struct assay_case *t)
{
    if (t->origin == NULL)
        return 0;
    origin_await_idle(t->origin, ORIGIN_IDLE_MS);
    return origin_executions(t->origin) - t->executions_before;
}
