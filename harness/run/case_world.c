/* The world around a case: the leg's shared instance and origin, or an instance of the case's own.
 */
#include "run/case_internal.h"

#include "base/time.h"

#include <stdio.h>
#include <time.h>

#define ORIGIN_IDLE_MS 5000
#define PATIENCE_MS 10000
#define HANDLER_MAX_MS 60000

struct case_world *case_world_new(const struct case_world_options *options)
{
    struct case_world *world = assay_alloc(sizeof *world);

    if (world != NULL)
        *world =
            (struct case_world){.options = *options, .arena = ASSAY_ARENA_INIT((size_t)64 << 20)};
    return world;
}

static void world_stop(struct case_world *world)
{
    instance_free(world->instance);
    world->instance = NULL;
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

bool case_hardened(const struct assay_case *t)
{
    const char *rules = case_target(t)->rules;

    return rules != NULL && strcmp(rules, "hardened") == 0;
}

static bool counts_by_origin(const struct target *target)
{
    return target->has_launch && target->executions != NULL &&
           strcmp(target->executions, "origin") == 0;
}

static bool needs_own_instance(const struct scenario *s)
{
    return s->fresh || s->variant != NULL || (s->needs & (NEED_CLOCK | NEED_SUPERVISOR)) != 0;
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
    if ((needs & NEED_ORIGIN) != 0 && !counts_by_origin(target))
        return "the protected handler does not point to the origin role (`executions`: \"origin\" "
               "in the target "
               "file): its runs cannot be counted or steered";
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

static struct instance_options options_of(const struct assay_case *t, struct origin *origin)
{
    const struct case_world_options *world = &t->world->options;

    return (struct instance_options){.variant = t->scenario->variant,
                                     .defects = world->defects,
                                     .origin_url = origin != NULL ? origin_url(origin) : NULL,
                                     .clock = (t->scenario->needs & NEED_CLOCK) != 0,
                                     .supervise = (t->scenario->needs & NEED_SUPERVISOR) != 0,
                                     .allowed_hosts = world->allowed_hosts};
}

static void start_own(struct assay_case *t)
{
    struct assay_err err = {0};
    struct instance_options options;
    enum assay_code rc;

    if (counts_by_origin(case_target(t)) && origin_start(&t->origin, &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the origin role could not be started: %s", err.text);
    options = options_of(t, t->origin);
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
    if (counts_by_origin(case_target(t)) && origin_start(&world->origin, &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the origin role could not be started: %s", err.text);
    options = options_of(t, world->origin);
    if (instance_start(&world->instance, &world->arena, case_target(t), &options, &err) == ASSAY_OK)
        return;
    if (snprintf(world->start_trouble, sizeof world->start_trouble,
                 "the target could not be started: %s", err.text) < 0)
        world->start_trouble[0] = '?';
    world_stop(world);
    case_end(t, VERDICT_BROKEN, "%s", world->start_trouble);
}

void case_world_enter(struct assay_case *t)
{
    struct case_world *world = t->world;
    const char *lack = lack_of_machine(t);

    if (lack != NULL)
        case_end(t, VERDICT_UNSUPPORTED, "%s", lack);
    t->own_instance = needs_own_instance(t->scenario) && case_target(t)->has_launch;
    if (t->own_instance) {
        start_own(t);
    } else {
        if (world->instance != NULL && instance_pid(world->instance) != 0 &&
            !instance_alive(world->instance))
            world_stop(world); /* an earlier case ended it: this one gets a new one */
        if (world->instance == NULL)
            start_shared(t);
        t->instance = world->instance;
        t->origin = world->origin;
    }
    if (t->origin != NULL) {
        origin_behave(t->origin, &(struct origin_rule){.behaviour = ORIGIN_ANSWER});
        origin_await_idle(t->origin, ORIGIN_IDLE_MS);
        t->executions_before = origin_executions(t->origin);
    }
}

void case_world_leave(struct assay_case *t)
{
    if (t->origin != NULL)
        origin_release(t->origin);
    instance_free(t->second);
    if (t->own_instance) {
        instance_free(t->instance);
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

struct http_client *case_http(struct assay_case *t)
{
    return t->http;
}

const struct http_peer *case_peer(struct assay_case *t)
{
    return instance_peer(t->instance);
}

int case_patience_with(const struct target *target)
{
    uint64_t handler = target->origin_deadline_ms;
    uint64_t body = target->read_deadline_ms != 0 ? target->read_deadline_ms : PATIENCE_MS;

    if (handler > HANDLER_MAX_MS || body > HANDLER_MAX_MS - handler)
        return PATIENCE_MS + HANDLER_MAX_MS;
    return PATIENCE_MS + (int)(handler + body);
}

int case_patience_ms(const struct assay_case *t)
{
    return case_patience_with(case_target(t));
}

struct instance *case_try_instance(struct assay_case *t, struct instance_options options,
                                   struct assay_err *err)
{
    struct instance *instance = NULL;

    options.defects = t->world->options.defects;
    options.allowed_hosts = t->world->options.allowed_hosts;
    if (options.origin_url == NULL && t->origin != NULL)
        options.origin_url = origin_url(t->origin);
    if (instance_start(&instance, &t->arena, case_target(t), &options, err) != ASSAY_OK)
        return NULL;
    return instance;
}

struct instance *case_second_instance(struct assay_case *t)
{
    struct instance_options options = options_of(t, t->origin);
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
