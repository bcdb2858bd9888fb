/* One case from start to end: memory, unwinding, judging, and the event that tells of it. */
#include "run/case_internal.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = {"pass", "fail", "unsupported", "skipped", "broken"};

    static_assert(ARRAY_LEN(names) == VERDICT__COUNT, "one name a verdict");
    return names[verdict];
}

const char *grade_name(enum grade grade)
{
    static const char *const names[] = {"observed", "derived", "claimed"};

    static_assert(ARRAY_LEN(names) == GRADE__COUNT, "one name a grade");
    return names[grade];
}

int64_t case_clock_ns(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        abort(); /* there is no Linux on which this clock fails */
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

const struct scenario *case_scenario(const struct assay_case *t)
{
    return t->scenario;
}

const void *case_row(const struct assay_case *t)
{
    if (t->scenario->rows == NULL)
        return NULL;
    return (const char *)t->scenario->rows + t->index * t->scenario->row_bytes;
}

struct assay_random *case_random(struct assay_case *t)
{
    return &t->random;
}

struct assay_arena *case_arena(struct assay_case *t)
{
    return &t->arena;
}

void *case_alloc(struct assay_case *t, size_t len)
{
    void *at = assay_arena_alloc(&t->arena, len);

    if (at == NULL)
        case_end(t, VERDICT_BROKEN, "the case needs more memory than its %zu MiB",
                 CASE_ARENA_MAX_BYTES >> 20);
    return at;
}

struct assay_bytes case_copy(struct assay_case *t, struct assay_bytes bytes)
{
    uint8_t *at = case_alloc(t, bytes.len + 1);

    memcpy(at, bytes.at, bytes.len);
    return assay_bytes_of(at, bytes.len);
}

__attribute__((format(printf, 2, 0))) static char *vprint(struct assay_case *t, const char *format,
                                                          va_list args)
{
    va_list again;
    int len;
    char *at;

    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, args);
    at = assay_arena_alloc(&t->arena, len < 0 ? 1 : (size_t)len + 1);
    if (at != NULL && len >= 0 && vsnprintf(at, (size_t)len + 1, format, again) != len)
        at = NULL;
    va_end(again);
    return at;
}

char *case_printf(struct assay_case *t, const char *format, ...)
{
    va_list args;
    char *at;

    va_start(args, format);
    at = vprint(t, format, args);
    va_end(args);
    if (at == NULL)
        case_end(t, VERDICT_BROKEN, "out of memory");
    return at;
}

void case_defer(struct assay_case *t, void (*undo)(void *), void *with)
{
    if (t->deferred_count == CASE_DEFERRED_MAX) {
        undo(with);
        case_end(t, VERDICT_BROKEN, "more than %d things to undo", CASE_DEFERRED_MAX);
    }
    t->deferred[t->deferred_count++] = (struct deferred){undo, with};
}

json_t *case_owned(struct assay_case *t, json_t *value)
{
    if (t->trees == NULL)
        t->trees = json_array();
    if (value == NULL || json_array_append_new(t->trees, value) != 0)
        case_end(t, VERDICT_BROKEN, "out of memory for a JSON document");
    return value;
}

static void undo_all(struct assay_case *t)
{
    while (t->deferred_count > 0) {
        struct deferred last = t->deferred[--t->deferred_count];

        last.undo(last.with);
    }
    json_decref(t->trees);
    t->trees = NULL;
}

void case_where(struct assay_case *t, const char *file, int line)
{
    t->judged.file = file;
    t->judged.line = line;
}

/* Ends the body: back to case_run. From another thread, or outside a body, there is no frame to go
 * back to. */
static _Noreturn void unwind(struct assay_case *t)
{
    if (!t->in_body || !pthread_equal(t->thread, pthread_self()))
        abort(); /* a scenario judged from a thread of its own: our fault, not the target's */
    longjmp(t->end, 1);
}

_Noreturn void case_end(struct assay_case *t, enum verdict verdict, const char *reason, ...)
{
    va_list args;

    va_start(args, reason);
    t->reason = vprint(t, reason, args);
    va_end(args);
    t->verdict = verdict;
    unwind(t);
}

static void judge(struct assay_case *t, bool holds, enum grade grade, const char *expected,
                  const char *seen)
{
    t->judged.seen = seen;
    t->judged.expected = assay_arena_printf(&t->arena, "%s", expected);
    if (!t->judged.graded || grade > t->judged.grade)
        t->judged.grade = grade; /* a verdict is as good as its weakest observation */
    t->judged.graded = true;
    if (holds)
        return;
    t->verdict = VERDICT_FAIL;
    if (t->probing)
        t->reason =
            assay_arena_printf(&t->arena, "after the attack, an honest payment is no longer "
                                          "served as it was before");
    unwind(t);
}

void case_judge(struct assay_case *t, bool holds, enum grade grade, const char *expected,
                const char *seen, ...)
{
    va_list args;
    const char *text;

    va_start(args, seen);
    text = vprint(t, seen, args);
    va_end(args);
    judge(t, holds, grade, expected, text);
}

void case_expect(struct assay_case *t, bool holds, const char *expected, const char *otherwise, ...)
{
    va_list args;
    const char *text;

    va_start(args, otherwise);
    text = vprint(t, otherwise, args);
    va_end(args);
    judge(t, holds, GRADE_OBSERVED, expected, holds ? "as expected" : text);
}

/* The body, then the honest probe: whichever ends the case unwinds to here. */
static void run_guarded(struct assay_case *t)
{
    const struct profile *profile = scenario_profile(t->scenario);

    t->thread = pthread_self();
    t->in_body = true;
    if (setjmp(t->end) == 0) {
        const char *lack = profile->lacks(t, t->scenario->needs);

        if (lack != NULL) /* before a start is spent on a target that cannot be asked */
            case_end(t, VERDICT_UNSUPPORTED, "%s", lack);
        case_world_enter(t);
        t->scenario->body(t);
        if (t->scenario->kind == SCENARIO_REQUIREMENT && !t->judged.graded)
            case_end(t, VERDICT_BROKEN,
                     "the scenario came to its end without having judged anything");
        t->verdict = VERDICT_PASS;
    }
    t->in_body = false;
}

/* An attack must leave the honest path standing. A case that judged nothing attacked nothing. What
 * the body has judged stays what is told of the case, unless the probe fails. */
static void run_probe(struct assay_case *t)
{
    const struct profile *profile = scenario_profile(t->scenario);
    const struct judgement judged = t->judged;

    if (t->scenario->kind == SCENARIO_CONTROL || t->verdict != VERDICT_PASS ||
        t->instance == NULL || (t->scenario->uses_up && t->own_instance))
        return;
    t->probing = true;
    t->in_body = true;
    if (setjmp(t->end) == 0) {
        case_world_calm(t);
        profile->probe(t);
    }
    t->in_body = false;
    if (t->verdict == VERDICT_PASS)
        t->judged = judged;
}

static uint64_t seed_of_case(const struct assay_random *random)
{
    struct assay_random copy = *random;
    uint8_t bytes[8];
    uint64_t seed = 0;

    assay_random_bytes(&copy, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        seed = seed << 8 | bytes[i];
    return seed;
}

static void seed_case(struct assay_case *t)
{
    char seed[32], *name;
    int len = snprintf(seed, sizeof seed, "%016llx", (unsigned long long)t->world->options.seed);

    name = assay_arena_printf(&t->arena, "%s/%s", t->scenario->name,
                              scenario_case_name(t->scenario, t->index));
    assay_random_init(&t->random, assay_bytes_of(seed, len > 0 ? (size_t)len : 0), assay_str(name));
    t->seed = seed_of_case(&t->random);
}

/* A rule that is only reported in the target's set never accuses: what was seen becomes the reason.
 */
static void soften_reported(struct assay_case *t, enum rule_level level)
{
    bool of_probe = t->probing && t->verdict == VERDICT_FAIL; /* and not of the rule */

    if (level != LEVEL_REPORT || of_probe ||
        (t->verdict != VERDICT_PASS && t->verdict != VERDICT_FAIL))
        return;
    t->reason = assay_arena_printf(
        &t->arena, "reported, not judged: rule %s is not part of this rule set; it %s here",
        t->scenario->rule, t->verdict == VERDICT_PASS ? "holds" : "does not hold");
    t->verdict = VERDICT_SKIPPED;
}

static json_t *event_of(struct assay_case *t, enum rule_level level)
{
    const struct scenario *s = t->scenario;
    char where[512] = "";

    if (t->judged.file != NULL &&
        snprintf(where, sizeof where, "%s:%d", t->judged.file, t->judged.line) >= (int)sizeof where)
        where[0] = '\0';
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:O, s:I, s:o, "
        "s:O}",
        "event", "case", "scenario", s->name, "case", scenario_case_name(s, t->index), "title",
        s->title, "kind", scenario_kind_name(s->kind), "threat", s->threat != NULL ? s->threat : "",
        "rule", s->rule, "level", rule_level_name(level), "verdict", verdict_name(t->verdict),
        "grade", t->judged.graded ? json_string(grade_name(t->judged.grade)) : json_null(),
        "expected", case_text(assay_str(t->judged.expected)), "seen",
        case_text(assay_str(t->judged.seen)), "reason", case_text(assay_str(t->reason)), "where",
        where, "observations", t->observations, "milliseconds",
        (json_int_t)((case_clock_ns() - t->began_ns) / 1000000), "seed",
        json_sprintf("%016llx", (unsigned long long)t->seed), "evidence", t->evidence);
}

json_t *case_run(struct case_world *world, const struct scenario *scenario, size_t index)
{
    struct assay_case *t = assay_alloc(sizeof *t);
    json_t *event = NULL;

    if (t == NULL)
        return NULL;
    *t = (struct assay_case){.world = world,
                             .scenario = scenario,
                             .index = index,
                             .arena = ASSAY_ARENA_INIT(CASE_ARENA_MAX_BYTES),
                             .verdict = VERDICT_BROKEN};
    t->began_ns = case_clock_ns();
    t->observations = json_array();
    t->evidence = json_array();
    t->http = http_client_new();
    if (t->observations != NULL && t->evidence != NULL && t->http != NULL) {
        enum rule_level level = scenario_level(scenario, case_target(t)->rules);

        seed_case(t);
        run_guarded(t);
        run_probe(t);
        undo_all(t);
        if (t->roles != NULL && world->profile->roles_tell != NULL)
            world->profile->roles_tell(t->roles, t);
        soften_reported(t, level);
        if (t->evidence_dropped > 0)
            case_note(t, "%zu more entries of evidence were dropped", t->evidence_dropped);
        event = event_of(t, level);
    }
    case_world_leave(t);
    http_client_free(t->http);
    json_decref(t->observations);
    json_decref(t->evidence);
    assay_arena_fini(&t->arena);
    assay_free(t);
    return event;
}
