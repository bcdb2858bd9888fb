/* Differential runs; see diff.h. Requests are queued while the reference answers the same ones, and
 * are compared in their order. */
#include "fuzz/diff.h"

#include "base/random.h"
#include "fault/tree.h"
#include "fuzz/campaign.h"
#include "fuzz/diff_compare.h"
#include "fuzz/diff_reduce.h"
#include "fuzz/kaspa_gen.h"

#include <inttypes.h>
#include <stdio.h>

#define HELLO_DEADLINE_MS 20000
#define WINDOW ADAPTER_OUTSTANDING_MAX
#define REDUCE_STEPS 4000
#define REDUCE_NS (INT64_C(60) * 1000000000)
#define REDUCE_DEADLINES 20 /**< nor longer than so many answers that do not come */
#define ADAPTER_ARENA_BYTES ((size_t)1 << 20)

/* One operation that both sides have. */
struct part {
    const struct kaspa_gen_operation *made;
    const struct operation *operation;
    struct diff_count *count;
};

/* A case that was asked and is not compared yet. */
struct asked {
    const struct part *part;
    uint64_t number;
    json_t *in;
    struct diff_answer ours;
    uint64_t id; /* 0: `theirs` is the answer */
    struct adapter_answer theirs;
    bool is_final; /* the adapter failed, and this is what it says when nothing else is asked */
};

struct run {
    const struct diff_options *o;
    struct diff_result *result;
    struct assay_arena arena;
    struct adapter *adapter;
    struct kaspa_gen *gen;
    struct part parts[DIFF_OPERATIONS_MAX];
    unsigned weights;
    struct asked window[WINDOW];
    size_t oldest, outstanding;
    json_t *seen; /* operation and difference -> true */
    struct assay_err *err;
};

/* ---- what is compared ---- */

static void choose_parts(struct run *run, const json_t *theirs)
{
    struct diff_result *result = run->result;
    const struct kaspa_gen_operation *made;

    for (size_t i = 0; (made = kaspa_gen_operation_at(i)) != NULL; i++) {
        const struct operation *operation = operation_find(made->name);

        if (!campaign_is_named(run->o->operations, made->name) || operation == NULL ||
            !adapter_names(theirs, made->name) || result->count == DIFF_OPERATIONS_MAX)
            continue;
        result->counts[result->count].operation = made->name;
        run->parts[result->count] = (struct part){made, operation, &result->counts[result->count]};
        run->weights += made->weight;
        result->count++;
    }
}

static enum assay_code check_wanted(const struct run *run)
{
    const char *const *names = run->o->operations;

    for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
        size_t k = 0;

        while (k < run->result->count && strcmp(run->result->counts[k].operation, names[i]) != 0)
            k++;
        if (k == run->result->count)
            return assay_fail(run->err, ASSAY_E_UNKNOWN, 0,
                              "operation \"%s\": no cases are made of it, or one side has it not",
                              names[i]);
    }
    return ASSAY_OK;
}

static enum assay_code begin(struct run *run)
{
    struct adapter_hello hello = {0};
    struct diff_result *result = run->result;
    enum assay_code rc = adapter_start(&run->adapter, &run->arena, run->o->argv, NULL, run->err);

    if (rc == ASSAY_OK)
        rc = adapter_hello(run->adapter, &hello, HELLO_DEADLINE_MS, run->err);
    if (rc == ASSAY_OK &&
        ((rc = kaspa_gen_new(&run->gen)) != ASSAY_OK || run->seen == NULL || result->rules == NULL))
        rc = assay_fail(run->err, ASSAY_E_NOMEM, 0, "out of memory");
    if (rc != ASSAY_OK)
        goto out;
    (void)snprintf(result->adapter, sizeof(result->adapter), "%.90s", hello.name);
    (void)snprintf(result->version, sizeof(result->version), "%.90s", hello.version);
    choose_parts(run, hello.operations);
    rc = check_wanted(run);
out:
    json_decref(hello.operations);
    return rc;
}

/* By the seed and the number alone among these operations; the case of an operation is then the
 * same whichever others take part. */
static const struct part *part_of(const struct run *run, uint64_t number)
{
    struct assay_random random;
    char name[64];
    unsigned at;
    size_t i = 0;

    (void)snprintf(name, sizeof(name), "%016" PRIx64 " %" PRIu64, run->o->seed, number);
    assay_random_init(&random, ASSAY_LIT("assay diff operation"), assay_str(name));
    at = (unsigned)assay_random_below(&random, run->weights);
    while (at >= run->parts[i].made->weight)
        at -= run->parts[i++].made->weight;
    return &run->parts[i];
}

/* ---- findings ---- */

static void count_rule(struct run *run, const struct asked *a)
{
    const char *operation = a->part->operation->name, *rule = diff_answer_name(&a->ours);
    json_t *rules = json_object_get(run->result->rules, operation);
    json_t *count;

    if (rules == NULL) {
        rules = json_object();
        (void)json_object_set_new(run->result->rules, operation, rules);
    }
    count = json_object_get(rules, rule);
    if (count == NULL)
        (void)json_object_set_new(rules, rule, json_integer(1));
    else
        (void)json_integer_set(count, json_integer_value(count) + 1);
}

/* Whether it is the first of its kind. */
static bool is_new(struct run *run, const char *operation, const char *what)
{
    char key[DIFF_WHAT_MAX_BYTES + DIFF_NAME_MAX_BYTES];

    (void)snprintf(key, sizeof(key), "%s: %s", operation, what);
    if (json_object_get(run->seen, key) != NULL)
        return false;
    (void)json_object_set_new(run->seen, key, json_true());
    return true;
}

static void tell(struct run *run, const struct asked *a, const char *what, const json_t *in,
                 const struct adapter_answer *theirs)
{
    struct diff_answer ours;
    char name[160], seed[17];
    json_t *found;

    diff_answer_make(&ours, a->part->operation, in);
    (void)snprintf(name, sizeof(name), "%s-%" PRIu64, a->part->operation->name, a->number);
    (void)snprintf(seed, sizeof(seed), "%016" PRIx64, run->o->seed);
    found = json_pack("{s:s, s:s, s:s, s:I, s:s, s:O, s:o, s:o}", "name", name, "operation",
                      a->part->operation->name, "seed", seed, "case", (json_int_t)a->number, "what",
                      what, "in", in, "ours", diff_ours_json(&ours), "theirs",
                      diff_theirs_json(theirs));
    diff_answer_fini(&ours);
    run->result->found++;
    run->o->on_found(run->o->context, found);
    json_decref(found);
}

static int64_t reduce_ns(const struct diff_options *o)
{
    int64_t patience = INT64_C(1000000) * o->deadline_ms * REDUCE_DEADLINES;

    return patience < REDUCE_NS ? patience : REDUCE_NS;
}

/* What is cut down, for diff_reduce. */
struct disagreement {
    const struct run *run;
    const struct operation *operation;
    const char *what;
};

static bool still_disagrees(void *context, const json_t *in)
{
    const struct disagreement *d = context;
    struct adapter_answer theirs;
    struct diff_answer ours;
    char what[DIFF_WHAT_MAX_BYTES];
    bool same;

    if (diff_ask(d->run->adapter, d->operation->name, in, d->run->o->deadline_ms, &theirs, NULL) !=
        ASSAY_OK)
        return false;
    diff_answer_make(&ours, d->operation, in);
    same = diff_compare(what, d->operation->name, in, &ours, &theirs) == DIFF_DISAGREED &&
           strcmp(what, d->what) == 0;
    diff_answer_fini(&ours);
    adapter_answer_fini(&theirs);
    return same;
}

/* Cuts it down and tells it, with what the adapter says to what is left. */
static enum assay_code report(struct run *run, const struct asked *a, const char *what)
{
    struct adapter_answer theirs = {.status = ADAPTER_ERROR};
    struct disagreement d = {run, a->part->operation, what};
    struct diff_reduction r = {.shows = still_disagrees,
                               .context = &d,
                               .in = json_deep_copy(a->in),
                               .steps = REDUCE_STEPS,
                               .until_ns = monotonic_ns() + reduce_ns(run->o)};
    enum assay_code rc;

    if (r.in == NULL)
        return assay_fail(run->err, ASSAY_E_NOMEM, 0, "out of memory");
    diff_reduce(&r);
    rc = diff_ask(run->adapter, d.operation->name, r.in, run->o->deadline_ms, &theirs, run->err);
    if (rc == ASSAY_OK)
        tell(run, a, what, r.in, &theirs);
    adapter_answer_fini(&theirs);
    json_decref(r.in);
    return rc;
}

/* ---- the window ---- */

static struct asked *asked_at(struct run *run, size_t i)
{
    return &run->window[(run->oldest + i) % WINDOW];
}

static void asked_fini(struct asked *a)
{
    diff_answer_fini(&a->ours);
    adapter_answer_fini(&a->theirs);
    json_decref(a->in);
    *a = (struct asked){.id = 0};
}

static enum assay_code ask(struct run *run, uint64_t number)
{
    struct asked *a = asked_at(run, run->outstanding);
    enum assay_code rc;

    a->part = part_of(run, number);
    a->number = number;
    a->in = kaspa_gen_case(run->gen, a->part->made, run->o->seed, number);
    if (a->in == NULL)
        return assay_fail(run->err, ASSAY_E_NOMEM, 0, "out of memory");
    run->outstanding++;
    rc = adapter_ask(run->adapter, &a->id, a->part->operation->name, a->in, run->err);
    if (rc == ASSAY_OK)
        diff_answer_make(&a->ours, a->part->operation, a->in);
    return rc;
}

static void await(struct run *run, struct asked *a)
{
    if (a->id != 0)
        adapter_await(run->adapter, a->id, run->o->deadline_ms, &a->theirs);
    a->id = 0;
}

static bool has_failed(const struct asked *a)
{
    return a->theirs.status == ADAPTER_CRASHED || a->theirs.status == ADAPTER_HUNG ||
           a->theirs.status == ADAPTER_OVERSIZED || a->theirs.status == ADAPTER_GARBLED;
}

static enum assay_code ask_alone(struct run *run, struct asked *a)
{
    adapter_answer_fini(&a->theirs);
    a->is_final = true;
    return diff_ask(run->adapter, a->part->operation->name, a->in, run->o->deadline_ms, &a->theirs,
                    run->err);
}

/* The adapter failed, and everything outstanding with it: each is asked again by itself, so that
 * the one that makes it fail is known. Where none does, the oldest stands for all. */
static enum assay_code ask_again(struct run *run)
{
    struct asked *oldest = asked_at(run, 0);
    struct adapter_answer failure = oldest->theirs;
    enum assay_code rc = ASSAY_OK;
    bool fails_again = false;

    oldest->theirs.value = NULL;
    for (size_t i = 0; i < run->outstanding; i++)
        await(run, asked_at(run, i));
    for (size_t i = 0; i < run->outstanding && rc == ASSAY_OK; i++) {
        struct asked *a = asked_at(run, i);

        if (!has_failed(a) || a->is_final)
            continue;
        rc = ask_alone(run, a);
        fails_again |= has_failed(a);
    }
    if (!fails_again && rc == ASSAY_OK) {
        adapter_answer_fini(&oldest->theirs);
        oldest->theirs = failure;
    } else {
        adapter_answer_fini(&failure);
    }
    return rc;
}

static enum assay_code judge(struct run *run, struct asked *a)
{
    char what[DIFF_WHAT_MAX_BYTES];
    struct diff_count *count = a->part->count;

    count_rule(run, a);
    switch (diff_compare(what, a->part->operation->name, a->in, &a->ours, &a->theirs)) {
    case DIFF_OK:
        count->ok++;
        break;
    case DIFF_REFUSED:
        count->refused++;
        break;
    case DIFF_UNDECIDED:
        count->undecided++;
        break;
    case DIFF_UNSUPPORTED:
        count->unsupported++;
        break;
    case DIFF_EXPLAINED:
        count->explained++;
        break;
    case DIFF_DISAGREED:
        count->disagreed++;
        if (!is_new(run, a->part->operation->name, what))
            break;
        for (size_t i = 0; i < run->outstanding; i++)
            await(run, asked_at(run, i));
        return report(run, a, what);
    }
    return ASSAY_OK;
}

static enum assay_code settle_oldest(struct run *run)
{
    struct asked *a = asked_at(run, 0);
    enum assay_code rc = ASSAY_OK;

    await(run, a);
    if (has_failed(a) && !a->is_final)
        rc = ask_again(run);
    if (rc == ASSAY_OK)
        rc = judge(run, a);
    asked_fini(a);
    run->oldest = (run->oldest + 1) % WINDOW;
    run->outstanding--;
    if (rc == ASSAY_OK && run->o->on_case != NULL)
        run->o->on_case(run->o->context, run->result);
    return rc;
}

/* ---- for callers ---- */

static enum assay_code compare_all(struct run *run)
{
    const struct diff_options *o = run->o;
    enum assay_code rc = ASSAY_OK;

    for (uint64_t i = 0; i < o->cases && rc == ASSAY_OK && run->result->found < o->keep_going;
         i++) {
        if (run->outstanding == WINDOW)
            rc = settle_oldest(run);
        if (rc == ASSAY_OK)
            rc = ask(run, o->first + i);
    }
    while (run->outstanding > 0 && rc == ASSAY_OK && run->result->found < o->keep_going)
        rc = settle_oldest(run);
    return rc;
}

enum assay_code diff_run(struct diff_result *out, const struct diff_options *options,
                         struct assay_err *err)
{
    struct run *run = assay_alloc(sizeof(*run));
    enum assay_code rc;

    *out = (struct diff_result){.rules = json_object()};
    if (run == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    *run = (struct run){.o = options,
                        .result = out,
                        .arena = ASSAY_ARENA_INIT(ADAPTER_ARENA_BYTES),
                        .seen = json_object(),
                        .err = err};
    rc = begin(run);
    if (rc == ASSAY_OK && out->count > 0)
        rc = compare_all(run);
    while (run->outstanding > 0)
        asked_fini(asked_at(run, --run->outstanding));
    adapter_free(run->adapter);
    kaspa_gen_free(run->gen);
    json_decref(run->seen);
    assay_arena_fini(&run->arena);
    assay_free(run);
    return rc;
}

void diff_result_fini(struct diff_result *result)
{
    json_decref(result->rules);
    result->rules = NULL;
}

uint64_t diff_compared(const struct diff_result *result)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < result->count; i++) {
        const struct diff_count *c = &result->counts[i];

        sum += c->ok + c->refused + c->undecided + c->explained + c->disagreed;
    }
    return sum;
}
