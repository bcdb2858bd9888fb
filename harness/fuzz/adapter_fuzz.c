/* Fuzzing of adapters; see adapter_fuzz.h. */
#include "fuzz/adapter_fuzz.h"

#include "base/hash.h"
#include "fault/tree.h"
#include "fuzz/adapter_inputs.h"
#include "fuzz/campaign.h"
#include "fuzz/dice.h"
#include "observers/observers.h"

#include <inttypes.h>
#include <stdio.h>

enum { REPEAT_EVERY = 8, NOTE_BYTES = 256, CLASS_MAX_BYTES = 1 << 20 };

struct run {
    const struct adapter_fuzz_options *o;
    struct adapter_fuzz_result *result;
    struct adapter_inputs *inputs;
    json_t *classes, *seen; /* sets: hash of a class -> true, key -> true */
    size_t active[ADAPTER_OPERATIONS_MAX], active_count;
    struct growth growth;
    unsigned starts; /* of the process that is watched */
    bool was_ended;  /* by what was asked, or by us */
    bool has_grown;  /* it was told */
    uint64_t number; /* of this input */
    json_t *before;  /* the input that was asked before this one, or NULL */
    const struct operation *before_operation;
    struct assay_err *err;
};

/* ---- which operations ---- */

static void choose_operations(struct run *run)
{
    const struct operation *operation;

    for (size_t i = 0; (operation = operation_at(i)) != NULL; i++)
        if (campaign_is_named(run->o->named, operation->name) &&
            adapter_names(run->o->operations, operation->name) &&
            run->result->count < ADAPTER_OPERATIONS_MAX)
            run->result->counts[run->result->count++].operation = operation;
}

static enum assay_code check_named(const struct run *run)
{
    for (size_t i = 0; run->o->named != NULL && run->o->named[i] != NULL; i++) {
        size_t k = 0;

        while (k < run->result->count &&
               strcmp(run->result->counts[k].operation->name, run->o->named[i]) != 0)
            k++;
        if (k == run->result->count || !adapter_inputs_any(run->inputs, k))
            return assay_fail(run->err, ASSAY_E_UNKNOWN, 0,
                              "operation \"%s\": one side has it not, or there are no inputs of it",
                              run->o->named[i]);
    }
    return ASSAY_OK;
}

/* An operation that is not asked, and why. */
static void say_of(const struct run *run, const struct operation *operation, const char *why)
{
    char text[NOTE_BYTES];

    (void)snprintf(text, sizeof(text), "%s is not asked: %s", operation->name, why);
    if (run->o->on_note != NULL)
        run->o->on_note(run->o->context, text);
}

static enum assay_code begin(struct run *run)
{
    const struct operation *operations[ADAPTER_OPERATIONS_MAX];
    enum assay_code rc;

    if (run->classes == NULL || run->seen == NULL)
        return assay_fail(run->err, ASSAY_E_NOMEM, 0, "out of memory");
    choose_operations(run);
    for (size_t i = 0; i < run->result->count; i++)
        operations[i] = run->result->counts[i].operation;
    rc =
        adapter_inputs_open(&run->inputs, operations, run->result->count, run->o->corpus, run->err);
    if (rc == ASSAY_OK)
        rc = check_named(run);
    for (size_t i = 0; rc == ASSAY_OK && i < run->result->count; i++) {
        if (adapter_inputs_any(run->inputs, i))
            run->active[run->active_count++] = i;
        else
            say_of(run, operations[i], "no inputs are known of it");
    }
    growth_begin(&run->growth);
    run->starts = adapter_starts(run->o->asking.adapter);
    return rc;
}

/* An operation that keeps costing the process is asked no more. */
static void set_aside(struct run *run, size_t at)
{
    struct adapter_fuzz_count *count = &run->result->counts[run->active[at]];

    count->is_aside = true;
    say_of(run, count->operation, "it has failed too often");
    run->active[at] = run->active[--run->active_count];
}

/* ---- findings ---- */

/* Whether it was not there before; then it is. */
static bool add(json_t *set, const char *text)
{
    return json_object_get(set, text) == NULL && json_object_set_new(set, text, json_true()) == 0;
}

/* Takes the finding. */
static void tell(struct run *run, json_t *found)
{
    char seed[17];

    (void)snprintf(seed, sizeof(seed), "%016" PRIx64, run->o->seed);
    (void)json_object_set_new(found, "seed", json_string(seed));
    (void)json_object_set_new(found, "run", json_integer((json_int_t)run->number));
    run->result->findings++;
    run->o->on_found(run->o->context, found);
    json_decref(found);
}

static bool is_new_key(struct run *run, const struct adapter_exchange *x,
                       const struct adapter_judgement *j)
{
    char key[ADAPTER_KEY_MAX_BYTES];

    adapter_judgement_key(key, sizeof(key), x, j);
    return add(run->seen, key);
}

/* What went wrong may be of the input before, whose answer came first. Out: whether it is, and has
 * been told. */
static enum assay_code blame_before(struct run *run, bool *is_blamed)
{
    struct adapter_exchange x = {.operation = run->before_operation};
    struct adapter_judgement j;
    json_t *found = NULL;
    enum assay_code rc;

    *is_blamed = false;
    if (run->before == NULL)
        return ASSAY_OK;
    adapter_end(run->o->asking.adapter);
    run->was_ended = true;
    rc = adapter_exchange_make(&x, &j, &run->o->asking, run->before, true, run->err);
    *is_blamed = rc == ASSAY_OK && j.fault != ADAPTER_FINE;
    if (*is_blamed && is_new_key(run, &x, &j)) {
        rc = adapter_finding_make(&found, &run->o->asking, &x, &j, run->before, run->err);
        if (rc == ASSAY_OK)
            tell(run, found);
    }
    adapter_exchange_fini(&x);
    return rc;
}

static enum assay_code report(struct run *run, const struct adapter_exchange *x,
                              const struct adapter_judgement *j, const json_t *in)
{
    json_t *found = NULL;
    bool is_blamed = false;
    enum assay_code rc;

    if (!is_new_key(run, x, j))
        return ASSAY_OK;
    rc = adapter_finding_make(&found, &run->o->asking, x, j, in, run->err);
    run->was_ended = true;
    if (rc == ASSAY_OK && json_is_false(json_object_get(found, "repeats")))
        rc = blame_before(run, &is_blamed);
    if (rc == ASSAY_OK && !is_blamed)
        tell(run, json_incref(found));
    json_decref(found);
    return rc;
}

/* ---- memory ---- */

static void tell_growth(struct run *run, const char *sentence)
{
    json_t *operations = json_array(), *found;

    run->has_grown = true;
    for (size_t i = 0; i < run->result->count; i++)
        (void)json_array_append_new(operations,
                                    json_string(run->result->counts[i].operation->name));
    found = json_pack("{s:s, s:s, s:s, s:s, s:I, s:o}", "name", "growth", "kind",
                      adapter_fault_name(ADAPTER_FAULT_GROWTH), "expected",
                      adapter_fault_expected(ADAPTER_FAULT_GROWTH), "sentence", sentence, "runs",
                      (json_int_t)run->number + 1, "operations", operations);
    if (found != NULL)
        tell(run, found);
}

static void judge_growth(struct run *run)
{
    const struct growth_slope *slope = &run->result->slope;
    char sentence[NOTE_BYTES];

    if (!growth_found(&run->result->slope, &run->growth, run->o->growth_bytes) || run->has_grown)
        return;
    (void)snprintf(sentence, sizeof(sentence),
                   "resident memory rose from %" PRIu64 " to %" PRIu64 " MiB over %" PRIu64
                   " answers of one process, %" PRIu64 " bytes an answer; expected: %s",
                   slope->from >> 20, slope->to >> 20, slope->answers,
                   (slope->to - slope->from) / slope->answers,
                   adapter_fault_expected(ADAPTER_FAULT_GROWTH));
    tell_growth(run, sentence);
}

static void look_at_memory(struct run *run)
{
    struct adapter *adapter = run->o->asking.adapter;
    pid_t pids[64];
    char sentence[NOTE_BYTES];
    uint64_t resident;

    resident = observe_resident_of(pids, adapter_processes(adapter, pids, ARRAY_LEN(pids)));
    growth_add(&run->growth, resident);
    if (resident <= run->o->resident_bytes)
        return;
    judge_growth(run);
    if (!run->has_grown) {
        (void)snprintf(sentence, sizeof(sentence),
                       "resident memory is %" PRIu64 " MiB after %" PRIu64
                       " answers, above the bound of %" PRIu64 " MiB",
                       resident >> 20, run->growth.answers, run->o->resident_bytes >> 20);
        tell_growth(run, sentence);
    }
    adapter_end(adapter);
    run->was_ended = true;
}

/* The process that is asked may be another than that of the answer before. */
static enum assay_code watch_process(struct run *run)
{
    unsigned starts = adapter_starts(run->o->asking.adapter);
    bool was_ended = run->was_ended, is_blamed;

    if (starts == run->starts)
        return ASSAY_OK;
    run->starts = starts;
    run->was_ended = false;
    judge_growth(run);
    growth_begin(&run->growth);
    if (was_ended || run->result->unasked_ends++ >= ADAPTER_FAILURES_MAX)
        return ASSAY_OK;
    return blame_before(run, &is_blamed);
}

/* ---- one input ---- */

static void count_verdict(struct adapter_fuzz_count *count, const struct adapter_judgement *j)
{
    count->asked++;
    count->faults += j->fault != ADAPTER_FINE;
    if (j->fault != ADAPTER_FINE)
        return;
    switch (j->verdict) {
    case DIFF_OK:
        count->accepted++;
        break;
    case DIFF_REFUSED:
        count->refused++;
        break;
    case DIFF_UNDECIDED:
    case DIFF_UNSUPPORTED:
        count->undecided++;
        break;
    case DIFF_EXPLAINED:
    case DIFF_DISAGREED: /* a fault */
        count->known++;
        break;
    }
}

static bool is_new_class(struct run *run, const struct adapter_exchange *x,
                         const struct adapter_judgement *j)
{
    struct assay_buf text = ASSAY_BUF_INIT(CLASS_MAX_BYTES);
    char digest[2 * ASSAY_SHA256_BYTES + 1];
    bool is_new = false;

    adapter_class_add(&text, x, j);
    assay_sha256_hex(digest, assay_buf_view(&text));
    if (run->result->classes < ADAPTER_CLASSES_MAX && assay_buf_ok(&text))
        is_new = add(run->classes, digest);
    run->result->classes += is_new;
    assay_buf_fini(&text);
    return is_new;
}

static bool has_cost_the_process(enum adapter_fault fault)
{
    return fault == ADAPTER_FAULT_CRASH || fault == ADAPTER_FAULT_HANG ||
           fault == ADAPTER_FAULT_PROTOCOL;
}

static enum assay_code judge(struct run *run, size_t at, struct adapter_exchange *x,
                             struct adapter_judgement *j, const json_t *in)
{
    size_t operation = run->active[at];
    struct adapter_fuzz_count *count = &run->result->counts[operation];
    bool is_new = is_new_class(run, x, j);
    enum assay_code rc = ASSAY_OK;

    if (j->fault == ADAPTER_FINE && (is_new || run->number % REPEAT_EVERY == 0))
        rc = adapter_exchange_repeat(x, j, &run->o->asking, in, run->err);
    if (rc == ASSAY_OK && is_new) {
        run->result->kept++;
        rc = adapter_inputs_keep(run->inputs, operation, in, x->ours.answer == OPERATION_OK,
                                 run->err);
    }
    count_verdict(count, j);
    if (has_cost_the_process(j->fault)) {
        run->was_ended = true;
        if (++count->failures == ADAPTER_FAILURES_MAX)
            set_aside(run, at);
    }
    if (rc == ASSAY_OK && j->fault != ADAPTER_FINE)
        rc = report(run, x, j, in);
    return rc;
}

static enum assay_code run_one(struct run *run)
{
    struct fuzz_dice dice;
    struct adapter_exchange x = {.operation = NULL};
    struct adapter_judgement j;
    enum assay_code rc;
    json_t *in;
    size_t at;

    fuzz_dice_init(&dice, run->o->seed ^ ~run->number);
    at = fuzz_roll_below(&dice, run->active_count);
    x.operation = run->result->counts[run->active[at]].operation;
    in = adapter_inputs_make(run->inputs, run->active[at], run->o->seed, run->number);
    if (in == NULL)
        return assay_fail(run->err, ASSAY_E_NOMEM, 0, "out of memory");
    rc = adapter_exchange_make(&x, &j, &run->o->asking, in, false, run->err);
    if (rc == ASSAY_OK) {
        run->result->asked++;
        rc = watch_process(run);
        if (rc == ASSAY_OK)
            rc = judge(run, at, &x, &j, in);
    }
    if (rc == ASSAY_OK && !run->was_ended && growth_is_due(&run->growth, 1))
        look_at_memory(run);
    adapter_exchange_fini(&x);
    json_decref(run->before);
    run->before = in;
    run->before_operation = x.operation;
    return rc;
}

/* ---- for callers ---- */

static bool is_over(const struct run *run)
{
    const struct adapter_fuzz_options *o = run->o;

    return run->active_count == 0 || run->result->findings >= o->findings_max ||
           (o->runs > 0 && run->number >= o->runs) ||
           (o->until_ns > 0 && monotonic_ns() >= o->until_ns);
}

static enum assay_code run_all(struct run *run)
{
    enum assay_code rc = ASSAY_OK;

    for (; rc == ASSAY_OK && !is_over(run); run->number++) {
        if (run->o->asking.stop != NULL && *run->o->asking.stop != 0)
            return assay_fail(run->err, ASSAY_E_INTERRUPTED, 0, "interrupted");
        rc = run_one(run);
        if (rc == ASSAY_E_TOO_LARGE) /* of a request: such an input is passed over */
            *run->err = (struct assay_err){.code = rc = ASSAY_OK};
        if (run->o->on_run != NULL)
            run->o->on_run(run->o->context, run->result);
    }
    return rc;
}

enum assay_code adapter_fuzz_run(struct adapter_fuzz_result *out,
                                 const struct adapter_fuzz_options *options, struct assay_err *err)
{
    struct assay_err own = {0};
    struct run *run = assay_alloc(sizeof(*run));
    enum assay_code rc;

    memset(out, 0, sizeof(*out));
    if (run == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    *run = (struct run){
        .o = options, .result = out, .classes = json_object(), .seen = json_object(), .err = &own};
    rc = begin(run);
    if (rc == ASSAY_OK)
        rc = run_all(run);
    if (rc == ASSAY_OK || rc == ASSAY_E_INTERRUPTED)
        judge_growth(run);
    out->starts = adapter_starts(options->asking.adapter);
    adapter_inputs_free(run->inputs);
    json_decref(run->classes);
    json_decref(run->seen);
    json_decref(run->before);
    assay_free(run);
    return rc == ASSAY_OK ? rc : assay_fail(err, rc, 0, "%s", own.text);
}

uint64_t adapter_fuzz_compared(const struct adapter_fuzz_result *result)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < result->count; i++) {
        const struct adapter_fuzz_count *c = &result->counts[i];

        sum += c->accepted + c->refused + c->known + c->faults;
    }
    return sum;
}
