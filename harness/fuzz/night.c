/* A night of fuzzing (fuzz/night.h): jobs are filled by the schedule, waited for and ended one by
 * one. */
#include "fuzz/night.h"

#include "fault/tree.h"
#include "fuzz/findings.h"
#include "fuzz/inputs.h"
#include "fuzz/schedule.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

enum { TICK_MS = 500, FAILED_MOST = 5, NOTE_BYTES = 512, SECOND_NS = 1000000000 };

/* What is known of a target for tonight alone. */
struct tonight {
    bool is_wanted;
    uint64_t found, failed; /* the latter: slices in a row */
};

struct night {
    const struct night_options *options;
    struct campaign campaign;
    struct schedule_entry entries[CAMPAIGN_TARGETS_MAX];
    struct tonight tonight[CAMPAIGN_TARGETS_MAX];
    struct slice jobs[NIGHT_JOBS_MAX];
    bool is_busy[NIGHT_JOBS_MAX];
    int64_t start_ns, end_ns;
    struct night_view view;
    uint64_t executions_ended; /* of slices that have ended */
    uint64_t started;
};

static void note(const struct night *n, const char *format, ...) ASSAY_PRINTF(2, 3);

static void note(const struct night *n, const char *format, ...)
{
    char text[NOTE_BYTES];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (n->options->on_note != NULL)
        n->options->on_note(n->options->context, text);
}

/* ---- which targets ---- */

static bool can_run(const struct night *n, const struct campaign_target *t, enum fuzz_engine engine)
{
    return t->programs.of[engine] != NULL && (engine != FUZZ_AFL || n->options->rules.afl != NULL);
}

static enum assay_code check_names(const struct night *n, struct assay_err *err)
{
    const char *const *names = n->options->names;

    for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
        const struct campaign_target *t = campaign_target(&n->campaign, names[i]);

        if (t == NULL || (!can_run(n, t, FUZZ_LIBFUZZER) && !can_run(n, t, FUZZ_AFL)))
            return assay_fail(err, ASSAY_E_UNKNOWN, 0,
                              "there is no program fuzz-%s in %s; `make fuzz-engines` "
                              "builds all of them",
                              names[i], n->options->engines[0]);
    }
    return ASSAY_OK;
}

static enum assay_code choose_targets(struct night *n, struct assay_err *err)
{
    bool needs_afl = false;

    for (size_t i = 0; i < n->campaign.count; i++) {
        const struct campaign_target *t = &n->campaign.targets[i];

        needs_afl = needs_afl || t->programs.of[FUZZ_AFL] != NULL;
        n->tonight[i].is_wanted = campaign_is_named(n->options->names, t->name) &&
                                  (can_run(n, t, FUZZ_LIBFUZZER) || can_run(n, t, FUZZ_AFL));
        n->view.targets += n->tonight[i].is_wanted;
    }
    if (needs_afl && n->options->rules.afl == NULL)
        note(n, "afl-fuzz is not installed: libFuzzer works alone (the package is afl++)");
    if (n->view.targets == 0)
        return assay_fail(err, ASSAY_E_MISSING, 0,
                          "%s has no fuzz programs; `make fuzz-engines` builds them, --engines "
                          "names another folder",
                          n->options->engines[0]);
    return ASSAY_OK;
}

/* Folders, what the last run left, and its place in the schedule. */
static enum assay_code prepare_target(struct night *n, size_t i, struct assay_err *err)
{
    struct campaign_target *t = &n->campaign.targets[i];
    size_t added = 0;
    enum assay_code rc = campaign_make_folders(&n->campaign, t, err);

    if (rc == ASSAY_OK)
        rc = findings_adopt_leftovers(&added, &n->campaign, t, err);
    if (added > 0)
        note(n, "%s: taken over from a run that was cut off: %zu new", t->name, added);
    n->tonight[i].found = added;
    n->view.findings += added;
    n->entries[i] = (struct schedule_entry){
        .mark = t->state.mark, .slices = t->state.slices, .flat_slices = t->state.flat_slices};
    return rc;
}

/* Targets that were never fuzzed begin beside the others, not behind nor far before them. */
static void place_new_targets(struct night *n)
{
    struct schedule_entry old[CAMPAIGN_TARGETS_MAX];
    size_t count = 0;
    uint64_t mark;

    for (size_t i = 0; i < n->campaign.count; i++)
        if (n->tonight[i].is_wanted && n->entries[i].slices > 0)
            old[count++] = n->entries[i];
    mark = schedule_new_mark(old, count);
    for (size_t i = 0; i < n->campaign.count; i++)
        if (n->entries[i].slices == 0)
            n->entries[i].mark = mark;
}

static enum assay_code prepare(struct night *n, struct assay_err *err)
{
    enum assay_code rc = campaign_open(&n->campaign, n->options->out, true, err);

    for (size_t i = 0; rc == ASSAY_OK && n->options->engines[i] != NULL; i++)
        rc = campaign_discover(&n->campaign, n->options->engines[i], err);
    if (rc == ASSAY_OK)
        rc = check_names(n, err);
    if (rc == ASSAY_OK)
        rc = choose_targets(n, err);
    for (size_t i = 0; rc == ASSAY_OK && i < n->campaign.count; i++) {
        if (n->tonight[i].is_wanted || n->campaign.targets[i].has_folder)
            rc = prepare_target(n, i, err);
        n->entries[i].is_paused = !n->tonight[i].is_wanted;
    }
    place_new_targets(n);
    return rc;
}

/* ---- a job ---- */

static bool afl_is_running(const struct night *n, size_t target)
{
    for (size_t j = 0; j < n->options->jobs; j++)
        if (n->is_busy[j] && n->jobs[j].target == target && n->jobs[j].engine == FUZZ_AFL)
            return true;
    return false;
}

/* Both take turns; AFL++'s folder holds one of it at a time. */
static enum fuzz_engine choose_engine(const struct night *n, size_t target)
{
    const struct campaign_target *t = &n->campaign.targets[target];
    bool is_turn = (n->entries[target].slices + n->entries[target].running) % 2 == 1;

    if (!can_run(n, t, FUZZ_LIBFUZZER))
        return FUZZ_AFL;
    return can_run(n, t, FUZZ_AFL) && is_turn && !afl_is_running(n, target) ? FUZZ_AFL
                                                                            : FUZZ_LIBFUZZER;
}

/* The schedule's choice, but for targets that AFL++ alone can run and runs already. */
static size_t choose_target(const struct night *n)
{
    struct schedule_entry entries[CAMPAIGN_TARGETS_MAX];

    memcpy(entries, n->entries, n->campaign.count * sizeof(entries[0]));
    for (size_t i = 0; i < n->campaign.count; i++)
        if (!can_run(n, &n->campaign.targets[i], FUZZ_LIBFUZZER) && afl_is_running(n, i))
            entries[i].is_paused = true;
    return schedule_next(entries, n->campaign.count);
}

static enum assay_code start_job(struct night *n, size_t job, struct assay_err *err)
{
    size_t target = choose_target(n);
    struct schedule_entry *e = &n->entries[target];
    uint64_t left_s = (uint64_t)(n->end_ns - monotonic_ns()) / SECOND_NS + 1;
    struct slice *slice = &n->jobs[job];
    enum assay_code rc;

    if (target == SIZE_MAX)
        return ASSAY_OK;
    *slice = (struct slice){.job = job, .target = target, .engine = choose_engine(n, target)};
    slice->seconds = schedule_seconds(e, n->options->slice_s);
    if (slice->seconds > left_s)
        slice->seconds = left_s;
    e->mark += schedule_charge(e, slice->seconds);
    rc = slice_start(slice, &n->campaign, &n->options->rules, err);
    if (rc == ASSAY_OK) {
        n->is_busy[job] = true;
        n->started++;
        e->running++;
    }
    return rc;
}

/* New edges of the engine that ran make a target worth more time. */
static void take_in(struct night *n, size_t target, const struct campaign_sample *s)
{
    struct campaign_state *state = &n->campaign.targets[target].state;
    struct schedule_entry *e = &n->entries[target];
    uint64_t *edges = s->engine == FUZZ_AFL ? &state->afl_edges : &state->edges;
    bool has_grown = s->edges > *edges, has_failed = strcmp(s->end, "failed") == 0;

    *edges = has_grown ? s->edges : *edges;
    state->features = s->features > state->features ? s->features : state->features;
    state->memory_mb = s->memory_mb > state->memory_mb ? s->memory_mb : state->memory_mb;
    state->slices = ++e->slices;
    state->flat_slices = e->flat_slices = has_grown ? 0 : e->flat_slices + 1;
    state->seconds += s->seconds;
    state->executions += s->executions;
    state->mark = e->mark;
    state->corpus = s->corpus;
    state->failed_slices += has_failed;
    n->tonight[target].found += s->findings;
    n->tonight[target].failed = has_failed ? n->tonight[target].failed + 1 : 0;
    n->view.findings += s->findings;
    n->view.slices++;
    n->executions_ended += s->executions;
}

/* Sets a target aside for tonight where going on would fill the disk or run in a circle. */
static void pause_if_due(struct night *n, size_t target)
{
    const struct campaign_target *t = &n->campaign.targets[target];
    const struct tonight *tonight = &n->tonight[target];
    bool is_large = t->state.corpus_bytes > n->options->corpus_mb << 20;
    bool is_full = tonight->found >= n->options->findings_max;
    bool is_failing = tonight->failed >= FAILED_MOST;

    if (n->entries[target].is_paused || !(is_large || is_full || is_failing))
        return;
    n->entries[target].is_paused = true;
    n->view.paused++;
    if (is_full)
        note(n, "%s: set aside after %llu findings; `assay fuzz triage` says which differ", t->name,
             (unsigned long long)tonight->found);
    else if (is_failing)
        note(n,
             "%s: set aside: it ended %d times without a new finding; what it said last is in "
             "%s/%s/failed.log",
             t->name, FAILED_MOST, n->options->out, t->name);
    else
        note(n, "%s: set aside: its corpus is over %llu MiB; `assay fuzz corpus min %s` cuts it",
             t->name, (unsigned long long)n->options->corpus_mb, t->name);
}

static void count_corpus(struct night *n, struct campaign_target *t)
{
    struct assay_buf path = ASSAY_BUF_INIT(CAMPAIGN_PATH_BYTES);
    const char *corpus = campaign_path(&path, &n->campaign, t, "corpus");

    if (corpus != NULL)
        inputs_count(&t->state.corpus, &t->state.corpus_bytes, corpus);
    assay_buf_fini(&path);
}

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* An engine ends children of its own without asking how they ended; they come to us. */
static void reap_orphans(const struct night *n)
{
    pid_t running[NIGHT_JOBS_MAX];
    size_t count = 0;

    for (size_t j = 0; j < n->options->jobs; j++)
        if (n->is_busy[j])
            running[count++] = n->jobs[j].child.pid;
    process_tree_reap_orphans(running, count);
}

/* A job whose child has ended, is late, or is to end: nothing of it is lost even where its samples
 * cannot be written. */
static enum assay_code end_job(struct night *n, size_t job, bool is_stopped, struct assay_err *err)
{
    struct slice *slice = &n->jobs[job];
    struct campaign_target *t = &n->campaign.targets[slice->target];
    struct campaign_sample sample;
    enum assay_code rc = slice_end(&sample, slice, &n->campaign, is_stopped, err), kept;

    n->is_busy[job] = false;
    n->entries[slice->target].running--;
    reap_orphans(n);
    sample.time_ms = now_ms();
    take_in(n, slice->target, &sample);
    count_corpus(n, t);
    kept = campaign_sample_add(&n->campaign, &sample, err);
    rc = rc == ASSAY_OK ? kept : rc;
    kept = campaign_state_write(&n->campaign, t, err);
    rc = rc == ASSAY_OK ? kept : rc;
    pause_if_due(n, slice->target);
    if (n->options->on_slice != NULL)
        n->options->on_slice(n->options->context, &sample);
    return rc;
}

/* ---- the night ---- */

static bool may_start(const struct night *n)
{
    return *n->options->stop == 0 && monotonic_ns() < n->end_ns &&
           (n->options->slices == 0 || n->started < n->options->slices);
}

static size_t busy(const struct night *n)
{
    size_t count = 0;

    for (size_t j = 0; j < n->options->jobs; j++)
        count += n->is_busy[j];
    return count;
}

static void look(struct night *n)
{
    int64_t ms = (monotonic_ns() - n->start_ns) / 1000000, left = n->end_ns - monotonic_ns();
    struct night_view *v = &n->view;
    size_t running = 0;

    v->executions = n->executions_ended;
    v->edges = 0;
    for (size_t j = 0; j < n->options->jobs; j++) {
        struct slice *s = &n->jobs[j];

        if (!n->is_busy[j])
            continue;
        slice_look(s, &n->campaign);
        v->executions += s->progress.executions > s->executions_before
                             ? s->progress.executions - s->executions_before
                             : 0;
        v->running[running++] = n->campaign.targets[s->target].name;
    }
    v->running[running] = NULL;
    for (size_t i = 0; i < n->campaign.count; i++) {
        const struct campaign_state *s = &n->campaign.targets[i].state;

        v->edges += s->edges > s->afl_edges ? s->edges : s->afl_edges;
    }
    v->rate = ms > 0 ? v->executions * 1000 / (uint64_t)ms : 0;
    v->left_s = left > 0 ? (uint64_t)(left / SECOND_NS) : 0;
    if (n->options->on_tick != NULL)
        n->options->on_tick(n->options->context, v);
}

static void wait_for_jobs(const struct night *n)
{
    struct pollfd fds[NIGHT_JOBS_MAX];
    nfds_t count = 0;

    for (size_t j = 0; j < n->options->jobs; j++)
        if (n->is_busy[j])
            fds[count++] = (struct pollfd){.fd = n->jobs[j].child.pidfd, .events = POLLIN};
    (void)poll(fds, count, TICK_MS);
}

static enum assay_code go_on(struct night *n, struct assay_err *err)
{
    enum assay_code rc = ASSAY_OK;

    for (size_t j = 0; j < n->options->jobs && rc == ASSAY_OK && may_start(n); j++)
        if (!n->is_busy[j])
            rc = start_job(n, j, err);
    if (rc == ASSAY_OK && busy(n) > 0)
        wait_for_jobs(n);
    look(n);
    for (size_t j = 0; j < n->options->jobs && rc == ASSAY_OK; j++)
        if (n->is_busy[j] && bounded_is_over(&n->jobs[j].child, 0))
            rc = end_job(n, j, false, err);
    return rc;
}

static enum assay_code loop(struct night *n, struct assay_err *err)
{
    enum assay_code rc = ASSAY_OK;

    do
        rc = go_on(n, err);
    while (rc == ASSAY_OK && *n->options->stop == 0 &&
           (busy(n) > 0 || (may_start(n) && choose_target(n) != SIZE_MAX)));
    for (size_t j = 0; j < n->options->jobs; j++) {
        enum assay_code one = n->is_busy[j] ? end_job(n, j, true, err) : ASSAY_OK;

        rc = rc == ASSAY_OK ? one : rc;
    }
    look(n);
    return rc;
}

enum assay_code night_run(struct night_view *end, const struct night_options *options,
                          struct assay_err *err)
{
    struct night *n = assay_alloc(sizeof(*n));
    enum assay_code rc;

    *end = (struct night_view){0};
    if (n == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    *n = (struct night){.options = options, .start_ns = monotonic_ns(), .campaign = {.lock = -1}};
    n->end_ns = n->start_ns + (int64_t)options->seconds * SECOND_NS;
    n->view.campaign = &n->campaign;
    process_tree_adopt();
    rc = prepare(n, err);
    if (rc == ASSAY_OK)
        rc = loop(n, err);
    if (rc == ASSAY_OK && *options->stop != 0)
        rc = assay_fail(err, ASSAY_E_INTERRUPTED, 0, "interrupted");
    *end = n->view;
    end->campaign = NULL;
    end->running[0] = NULL;
    campaign_close(&n->campaign);
    assay_free(n);
    return rc;
}
