/* A campaign against one running server; see live.h. */
#include "fuzz/live.h"

#include "fault/tree.h"
#include "fuzz/growth.h"
#include "fuzz/live_corpus.h"
#include "fuzz/live_mutate.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    SORTS_MAX = 256,
    ARENA_MAX_BYTES = 1 << 28,
    PATH_BYTES = 4096,
    MISSES_MAX = 3,
    LOST_MAX = 50, /* sequences in a row that could not be judged */
    TICK_MS = 500,
    HONEST_REQUESTS = 2,      /* behind each sequence */
    GROWTH_BYTES_MOST = 4096, /* a request, after warm-up */
    RECENT = 8,               /* sequences, of which one may be what a process dies of later */
};

/* Of what was found. What was not seen again may be, from another sequence. */
struct sort {
    enum live_finding kind;
    uint64_t sort;
    bool is_told;
    unsigned misses;
};

/* One of the last sequences, with its texts. */
struct recent {
    struct assay_arena arena;
    struct live_sequence sequence;
};

struct campaign {
    const struct live_options *options;
    const struct live_payer *payer;
    struct live_world *world;
    struct live_view *view;
    struct live_classes classes;
    struct live_corpus corpus;
    struct sort sorts[SORTS_MAX];
    size_t sort_count;
    struct recent recent[RECENT];
    uint64_t recent_count; /* since the instance was fresh; the n-th is at n modulo RECENT */
    struct growth growth;  /* of this generation, with its requests */
    unsigned growing;      /* generations in a row */
    uint64_t lost_in_a_row;
    int64_t start_ns, end_ns, tick_ns;
    struct assay_err *err;
};

static void note(struct campaign *c, const char *format, ...) ASSAY_PRINTF(2, 3);

static void note(struct campaign *c, const char *format, ...)
{
    char text[LIVE_SAID_BYTES + PATH_BYTES];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    c->options->on_note(c->options->context, text);
}

static bool is_over(const struct campaign *c)
{
    return *c->options->stop != 0 || monotonic_ns() >= c->end_ns ||
           c->view->findings >= c->options->findings_max ||
           (c->options->runs > 0 && c->view->sequences >= c->options->runs);
}

static void tick(struct campaign *c)
{
    int64_t now = monotonic_ns();
    uint64_t ms = (uint64_t)(now - c->start_ns) / 1000000 + 1;

    if (now < c->tick_ns)
        return;
    c->tick_ns = now + TICK_MS * INT64_C(1000000);
    c->view->rate = c->view->requests * 1000 / ms;
    c->view->left_s = now < c->end_ns ? (uint64_t)(c->end_ns - now) / 1000000000 : 0;
    c->options->on_tick(c->options->context, c->view);
}

static void count_finding(struct campaign *c, enum live_finding kind, uint64_t sort)
{
    c->view->findings++;
    if (c->options->on_found != NULL)
        c->options->on_found(c->options->context, kind, sort);
}

/* ---- growth ---- */

static void tell_growth(struct campaign *c, const char *what)
{
    struct live_found found = {
        .kind = LIVE_FINDING_GROWTH, .sequence = *c->corpus.at[0], .repeats = LIVE_REPEATS};
    char path[PATH_BYTES] = "";
    struct assay_err err = {0};

    (void)snprintf(found.outcome.said, sizeof(found.outcome.said), "%s", what);
    if (live_finding_save(&found, path, c->options->folder, c->options->target, c->options->named,
                          c->options->seed, &err) != ASSAY_OK)
        note(c, "the finding cannot be saved: %s", err.text);
    count_finding(c, LIVE_FINDING_GROWTH, 0);
    note(c,
         "growth: %s (no single sequence repeats it: run with --seed %016" PRIx64
         " for as long; %s)",
         what, c->options->seed, path);
}

/* A fresh instance: what was seen of the last one's memory says nothing of it. */
static void begin_generation(struct campaign *c)
{
    live_world_renew(c->world);
    growth_begin(&c->growth);
    c->recent_count = 0;
}

/* Growth is found where it shows on two fresh instances, one after the other. */
static void end_generation(struct campaign *c)
{
    struct growth_slope slope;
    uint64_t rate = 0;
    char what[256];

    if (growth_found(&slope, &c->growth, 0))
        rate = (slope.to - slope.from) / slope.answers;
    c->view->growth_was_judged =
        c->view->growth_was_judged || c->growth.count >= GROWTH_SAMPLES_LEAST;
    c->growing = rate > GROWTH_BYTES_MOST ? c->growing + 1 : 0;
    if (c->growing == 2) {
        (void)snprintf(what, sizeof(what),
                       "resident memory rises by %" PRIu64 " bytes a request over %" PRIu64
                       " requests, on two fresh instances; expected: at most %d after warm-up",
                       rate, c->growth.answers, GROWTH_BYTES_MOST);
        tell_growth(c, what);
    }
    begin_generation(c);
}

static void sample(struct campaign *c, uint64_t requests)
{
    char what[256];
    uint64_t bytes;

    if (!growth_is_due(&c->growth, requests) || !live_world_resident(c->world, &bytes))
        return;
    growth_add(&c->growth, bytes);
    if (bytes >> 20 < c->options->memory_mb)
        return;
    (void)snprintf(what, sizeof(what),
                   "resident memory is %" PRIu64 " MiB after %" PRIu64
                   " requests; expected: below %" PRIu64 " MiB (--memory)",
                   bytes >> 20, c->growth.answers, c->options->memory_mb);
    tell_growth(c, what);
    begin_generation(c);
}

/* ---- findings ---- */

/* Its place among the sorts; NULL: there is no more room. */
static struct sort *sort_of(struct campaign *c, enum live_finding kind, uint64_t sort)
{
    for (size_t i = 0; i < c->sort_count; i++)
        if (c->sorts[i].kind == kind && c->sorts[i].sort == sort)
            return &c->sorts[i];
    if (c->sort_count == SORTS_MAX)
        return NULL;
    c->sorts[c->sort_count] = (struct sort){.kind = kind, .sort = sort};
    return &c->sorts[c->sort_count++];
}

/* That a process ended is certain, even where it does not end so again. */
static bool is_counted(const struct live_found *found)
{
    return found->repeats > 0 || found->kind == LIVE_FINDING_CRASH;
}

static enum assay_code tell(struct campaign *c, struct live_found *found)
{
    bool counts = is_counted(found);
    char path[PATH_BYTES];
    enum assay_code rc = live_finding_save(found, path, c->options->folder, c->options->target,
                                           c->options->named, c->options->seed, c->err);

    if (rc != ASSAY_OK)
        return rc;
    if (counts)
        count_finding(c, found->kind, found->sort);
    else
        c->view->unrepeated++;
    note(c, "%s, %s: %s", live_finding_name(found->kind),
         counts ? live_finding_repeats(found) : "not seen again on a fresh instance, not counted",
         found->outcome.said);
    note(c, "  repeat: assay fuzz run %s --replay %s", c->options->named, path);
    return ASSAY_OK;
}

static enum assay_code add_recent(struct campaign *c, const struct live_sequence *sequence)
{
    struct recent *slot = &c->recent[c->recent_count++ % RECENT];

    assay_arena_fini(&slot->arena);
    slot->arena = (struct assay_arena)ASSAY_ARENA_INIT(ARENA_MAX_BYTES);
    if (live_sequence_copy(&slot->sequence, &slot->arena, sequence) != ASSAY_OK)
        return assay_fail(c->err, ASSAY_E_NOMEM, 0, "no memory for a sequence");
    return ASSAY_OK;
}

/* Who dies late dies while something else is asked: where the sequence at whose end a process was
 * gone does no harm to a fresh instance, those before it are tried, the last one first. */
static enum assay_code settle(struct campaign *c, struct live_found *found,
                              struct assay_arena *arena)
{
    const struct live_sequence last = found->sequence;
    enum assay_code rc = live_finding_settle(found, c->world, arena, c->options->stop);

    if (rc != ASSAY_OK || found->repeats > 0 || found->kind != LIVE_FINDING_CRASH)
        return rc;
    for (uint64_t n = c->recent_count;
         n > 0 && n + RECENT > c->recent_count && found->repeats == 0 && rc == ASSAY_OK; n--) {
        found->sequence = c->recent[(n - 1) % RECENT].sequence;
        rc = live_finding_settle(found, c->world, arena, c->options->stop);
    }
    if (found->repeats > 0)
        found->sort = live_sort_of(&found->outcome);
    else
        found->sequence = last;
    return rc;
}

/* The outcome's log becomes the finding's. */
static enum assay_code found_one(struct campaign *c, const struct live_sequence *sequence,
                                 struct live_outcome *outcome)
{
    struct live_found found = {.kind = outcome->finding,
                               .sequence = *sequence,
                               .outcome = *outcome,
                               .sort = live_sort_of(outcome)};
    struct sort *sort = sort_of(c, found.kind, found.sort);
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_MAX_BYTES);
    enum assay_code rc = ASSAY_OK;

    outcome->log = (struct assay_buf){0};
    if (sort != NULL && !sort->is_told && sort->misses < MISSES_MAX) {
        rc = settle(c, &found, &arena);
        sort->misses++;
        sort = sort_of(c, found.kind, found.sort); /* which may be another one now */
        if ((rc == ASSAY_OK || rc == ASSAY_E_INTERRUPTED) && (sort == NULL || !sort->is_told))
            rc = tell(c, &found);
        if (sort != NULL)
            sort->is_told = sort->is_told || is_counted(&found);
    }
    begin_generation(c);
    assay_buf_fini(&found.outcome.log);
    assay_arena_fini(&arena);
    return rc;
}

/* ---- the run ---- */

static enum assay_code lost_one(struct campaign *c, const struct live_outcome *outcome)
{
    c->view->lost++;
    if (c->view->sequences == c->view->lost || ++c->lost_in_a_row == LOST_MAX)
        return assay_fail(c->err, ASSAY_E_CRASHED, 0, "the target cannot be judged: %s",
                          outcome->said);
    begin_generation(c);
    return ASSAY_OK;
}

static enum assay_code run_one(struct campaign *c, const struct live_sequence *sequence, bool keeps)
{
    struct live_outcome outcome;
    enum assay_code rc = live_world_run(c->world, sequence, &outcome);
    bool is_new = false;

    c->view->sequences++;
    if (rc == ASSAY_OK) {
        c->view->requests += outcome.class_count;
        for (size_t i = 0; i < outcome.class_count; i++)
            is_new = live_classes_add(&c->classes, outcome.classes[i].hash) || is_new;
        c->view->classes = c->classes.count;
        if (outcome.is_trouble)
            rc = lost_one(c, &outcome);
        else
            c->lost_in_a_row = 0;
    }
    if (rc == ASSAY_OK && outcome.finding != LIVE_NOTHING)
        rc = found_one(c, sequence, &outcome);
    else if (rc == ASSAY_OK)
        rc = add_recent(c, sequence);
    if (rc == ASSAY_OK && outcome.finding == LIVE_NOTHING && is_new && keeps)
        rc = live_corpus_keep(&c->view->kept, &c->corpus, sequence, c->err);
    if (rc == ASSAY_OK)
        sample(c, outcome.class_count + HONEST_REQUESTS);
    if (rc == ASSAY_OK &&
        (c->growth.answers >= LIVE_GENERATION || live_world_bought(c->world) >= LIVE_PURCHASES))
        end_generation(c);
    tick(c);
    assay_buf_fini(&outcome.log);
    return rc;
}

static enum assay_code run_honest(struct campaign *c)
{
    struct live_sequence *seeds = assay_alloc(LIVE_SEEDS_MAX * sizeof(*seeds));
    enum assay_code rc = ASSAY_OK;
    size_t count, kept;

    if (seeds == NULL)
        return assay_fail(c->err, ASSAY_E_NOMEM, 0, "no memory for the honest requests");
    count = live_seeds(seeds, LIVE_SEEDS_MAX, c->payer, c->options->target);
    for (size_t i = 0; i < count && rc == ASSAY_OK; i++)
        rc = live_corpus_remember(&c->corpus, &seeds[i], c->err);
    assay_free(seeds);
    if (rc == ASSAY_OK)
        rc = live_corpus_load(&c->corpus, c->options->context, c->options->on_note, c->err);
    kept = c->corpus.count;
    for (size_t i = 0; i < kept && rc == ASSAY_OK && !is_over(c); i++)
        rc = run_one(c, c->corpus.at[i], false);
    return rc;
}

static enum assay_code run_changed(struct campaign *c, uint64_t number)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_MAX_BYTES);
    struct live_sequence sequence;
    struct fuzz_dice dice;
    enum assay_code rc;

    fuzz_dice_init(&dice, c->options->seed ^ number * UINT64_C(0xd1342543de82ef95));
    rc = live_sequence_copy(&sequence, &arena,
                            c->corpus.at[fuzz_roll_below(&dice, c->corpus.count)]);
    if (rc == ASSAY_OK)
        rc = live_mutate(&sequence, &arena, &dice, c->payer, c->options->target,
                         c->corpus.at[fuzz_roll_below(&dice, c->corpus.count)]);
    if (rc == ASSAY_OK)
        rc = run_one(c, &sequence, true);
    else
        rc = assay_fail(c->err, rc, 0, "no memory for a sequence");
    assay_arena_fini(&arena);
    return rc;
}

static enum assay_code check(const struct live_options *o, struct assay_err *err)
{
    const struct target *target = o->target;
    const struct live_payer *payer = live_payer_of(target->profile);
    const char *lack;

    if (payer == NULL || target->side != SIDE_SERVER || strcmp(target->interface, "http") != 0)
        return assay_fail(
            err, ASSAY_E_UNSUPPORTED, 0,
            "only HTTP servers of the profiles paid-tools, kaspa-x402 and x402 can be "
            "fuzzed so; this is a %s of %s by %s",
            target_side_name(target->side), target->profile, target->interface);
    if ((lack = payer->lacks(target)) != NULL)
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0, "%s", lack);
    if (target_endpoint(target, "paid_get") == NULL)
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0,
                          "the target file names no endpoint \"paid_get\": nothing can be bought "
                          "honestly");
    return ASSAY_OK;
}

static struct live_world *world_of(const struct live_options *o)
{
    return live_world_new(&(struct live_world_options){.target = o->target,
                                                       .defects = o->defects,
                                                       .allowed_hosts = o->allowed_hosts,
                                                       .seed = o->seed,
                                                       .timeout_ms = (int)o->timeout_s * 1000});
}

enum assay_code live_run(struct live_view *view, const struct live_options *options,
                         struct assay_err *err)
{
    struct campaign *c = assay_alloc(sizeof(*c));
    enum assay_code rc = check(options, err);

    *view = (struct live_view){0};
    if (c == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a campaign");
    if (rc != ASSAY_OK)
        goto out;
    *c = (struct campaign){.options = options,
                           .payer = live_payer_of(options->target->profile),
                           .view = view,
                           .world = world_of(options),
                           .start_ns = monotonic_ns(),
                           .err = err};
    c->end_ns = c->start_ns + (int64_t)options->seconds * 1000000000;
    growth_begin(&c->growth);
    rc = c->world != NULL ? live_corpus_open(&c->corpus, options->folder, c->payer->profile, err)
                          : assay_fail(err, ASSAY_E_NOMEM, 0, "no memory");
    if (rc == ASSAY_OK)
        rc = run_honest(c);
    for (uint64_t n = 1; rc == ASSAY_OK && !is_over(c); n++)
        rc = run_changed(c, n);
    if (rc == ASSAY_OK && *options->stop != 0)
        rc = assay_fail(err, ASSAY_E_INTERRUPTED, 0, "interrupted");
    if (c->world != NULL)
        end_generation(c);
    live_world_free(c->world);
    live_corpus_close(&c->corpus);
    for (size_t i = 0; i < RECENT; i++)
        assay_arena_fini(&c->recent[i].arena);
out:
    assay_free(c);
    return rc;
}

/* ---- a file again ---- */

static enum assay_code repeat(struct live_found *found, struct live_world *world,
                              struct assay_err *err)
{
    struct live_outcome outcome;
    enum assay_code rc;
    bool sells;

    live_world_seek(world, found->kind);
    rc = live_world_fresh(world, &sells);
    if (rc == ASSAY_OK)
        rc = live_world_run(world, &found->sequence, &outcome);
    if (rc != ASSAY_OK)
        return assay_fail(err, rc, 0, "no memory for a sequence");
    if (outcome.is_trouble)
        rc = assay_fail(err, ASSAY_E_CRASHED, 0, "the target cannot be judged: %s", outcome.said);
    if (found->kind == LIVE_NOTHING && outcome.finding != LIVE_NOTHING)
        found->kind = outcome.finding;
    found->repeats += found->kind != LIVE_NOTHING && outcome.finding == found->kind ? 1 : 0;
    if (rc != ASSAY_OK || (found->kind != LIVE_NOTHING && outcome.finding != found->kind)) {
        assay_buf_fini(&outcome.log);
        return rc;
    }
    assay_buf_fini(&found->outcome.log);
    found->outcome = outcome;
    return ASSAY_OK;
}

enum assay_code live_replay(struct live_found *found, struct assay_arena *arena,
                            const struct live_options *options, const char *path,
                            struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(LIVE_FILE_MAX_BYTES);
    struct live_world *world = NULL;
    enum assay_code rc = check(options, err);

    *found = (struct live_found){.kind = LIVE_NOTHING};
    if (rc == ASSAY_OK)
        rc = assay_file_read(&text, path, err);
    if (rc == ASSAY_OK)
        rc = live_sequence_read(&found->sequence, arena, assay_buf_view(&text),
                                options->target->profile, err);
    if (rc == ASSAY_OK && (world = world_of(options)) == NULL)
        rc = assay_fail(err, ASSAY_E_NOMEM, 0, "no memory");
    for (size_t i = 0; i < LIVE_REPEATS && rc == ASSAY_OK && *options->stop == 0; i++)
        rc = repeat(found, world, err);
    if (rc == ASSAY_OK && *options->stop != 0)
        rc = assay_fail(err, ASSAY_E_INTERRUPTED, 0, "interrupted");
    live_world_free(world);
    assay_buf_fini(&text);
    return rc;
}
