/* Slices of libFuzzer and of AFL++ (fuzz/slice.h). */
#include "fuzz/slice.h"

#include "fault/tree.h"
#include "fuzz/findings.h"
#include "fuzz/inputs.h"
#include "target/folder.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum {
    TAIL_BYTES = 1 << 16,
    SHARED_MAX_BYTES = 1 << 20, /* a larger input of AFL++ is not shared */
    GRACE_STOPPED_MS = 2000
};

static const char *work_of(struct bounded_words *w, const struct campaign *c,
                           const struct campaign_target *target, const struct slice *slice,
                           const char *leaf)
{
    return assay_arena_printf(&w->arena, "%s/%s/work/%zu/%s", c->folder, target->name, slice->job,
                              leaf);
}

/* A file or folder of the sources that belongs to the target; NULL: there is none. */
static const char *source_of(struct bounded_words *w, const struct slice_rules *rules,
                             const struct campaign_target *target, const char *kind,
                             const char *suffix)
{
    const char *path =
        assay_arena_printf(&w->arena, "%s/%s/%s%s", rules->sources, kind, target->name, suffix);

    return path != NULL && access(path, R_OK) == 0 ? path : NULL;
}

/* Where the engine says how far it is. */
static const char *progress_file(struct bounded_words *w, const struct campaign *c,
                                 const struct slice *slice)
{
    const struct campaign_target *t = &c->targets[slice->target];

    return slice->engine == FUZZ_AFL ? campaign_path_take(&w->arena, c, t, "afl/main/fuzzer_stats")
                                     : work_of(w, c, t, slice, "log");
}

/* ---- command lines ---- */

static void fill_libfuzzer(struct bounded_words *w, const struct slice *slice,
                           const struct campaign *c, const struct slice_rules *rules)
{
    const struct campaign_target *t = &c->targets[slice->target];
    const char *dict = source_of(w, rules, t, "dict", ".dict");
    const char *seeds = source_of(w, rules, t, "seeds", "");

    bounded_word(w, t->programs.of[FUZZ_LIBFUZZER]);
    bounded_number(w, "-max_total_time=", slice->seconds);
    bounded_number(w, "-timeout=", rules->timeout_s);
    bounded_number(w, "-rss_limit_mb=", rules->memory_mb);
    bounded_number(w, "-report_slow_units=", rules->timeout_s);
    bounded_word(w, "-print_final_stats=1");
    bounded_word(w, "-reload=1");
    bounded_word(w,
                 assay_arena_printf(&w->arena, "-artifact_prefix=%s", work_of(w, c, t, slice, "")));
    if (rules->runs > 0)
        bounded_number(w, "-runs=", rules->runs);
    if (rules->max_len > 0)
        bounded_number(w, "-max_len=", rules->max_len);
    if (dict != NULL)
        bounded_word(w, assay_arena_printf(&w->arena, "-dict=%s", dict));
    bounded_word(w, campaign_path_take(&w->arena, c, t, "corpus"));
    if (seeds != NULL)
        bounded_word(w, seeds);
}

/* AFL++ needs an input to begin with, so an empty corpus gives it the seeds. */
static void fill_afl(struct bounded_words *w, const struct slice *slice, const struct campaign *c,
                     const struct slice_rules *rules)
{
    const struct campaign_target *t = &c->targets[slice->target];
    const char *dict = source_of(w, rules, t, "dict", ".dict");
    const char *corpus = campaign_path_take(&w->arena, c, t, "corpus");
    const char *seeds = source_of(w, rules, t, "seeds", "");

    bounded_word(w, rules->afl);
    bounded_word(w, "-i");
    bounded_word(w, seeds != NULL && corpus != NULL && !inputs_any(corpus) ? seeds : corpus);
    bounded_word(w, "-o");
    bounded_word(w, campaign_path_take(&w->arena, c, t, "afl"));
    bounded_word(w, "-M");
    bounded_word(w, "main");
    bounded_word(w, "-F");
    bounded_word(w, corpus);
    bounded_word(w, "-t");
    bounded_number(w, "", 1000 * rules->timeout_s);
    bounded_word(w, "-m");
    bounded_word(w, "none"); /* a sanitizer reserves more than any limit */
    bounded_word(w, rules->runs > 0 ? "-E" : "-V");
    bounded_number(w, "",
                   rules->runs > 0 ? slice->executions_before + rules->runs : slice->seconds);
    if (rules->max_len > 0) {
        bounded_word(w, "-G");
        bounded_number(w, "", rules->max_len);
    }
    if (dict != NULL) {
        bounded_word(w, "-x");
        bounded_word(w, dict);
    }
    if (t->programs.cmplog != NULL) {
        bounded_word(w, "-c");
        bounded_word(w, t->programs.cmplog);
    }
    bounded_word(w, "--");
    bounded_word(w, t->programs.of[FUZZ_AFL]);
}

/* It refuses to begin without one. */
static enum assay_code give_first_input(struct bounded_words *w, const struct campaign *c,
                                        const struct campaign_target *target,
                                        const struct slice_rules *rules, struct assay_err *err)
{
    const char *corpus = campaign_path_take(&w->arena, c, target, "corpus");
    uint64_t added = 0;

    if (corpus == NULL || inputs_any(corpus) || source_of(w, rules, target, "seeds", "") != NULL)
        return ASSAY_OK; /* without memory the words say so */
    return inputs_add(&added, corpus, ASSAY_LIT("0"), err);
}

/* It refuses to go on with one that was cut off when it was killed. */
static void drop_torn_stats(struct bounded_words *w, const struct campaign *c,
                            const struct slice *slice)
{
    const char *file = progress_file(w, c, slice);

    if (file != NULL && slice->progress.executions == 0)
        (void)unlink(file);
}

/* Without these it asks for settings of the whole machine, or ends at a crash in the corpus. */
static const char *const afl_env[] = {
    "AFL_NO_UI=1",
    "AFL_AUTORESUME=1",
    "AFL_SKIP_CPUFREQ=1",
    "AFL_NO_AFFINITY=1",
    "AFL_IGNORE_SEED_PROBLEMS=1",
    "AFL_SKIP_CRASHES=1",
    "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1",
    "ASAN_OPTIONS=abort_on_error=1:symbolize=0:detect_leaks=0",
};

/* The target's own mutator, which works beside those of AFL++; NULL: it has none. */
static const char *mutator_env(struct bounded_words *w, const struct campaign_target *target)
{
    const char *library = target->programs.mutator, *word;

    if (library == NULL)
        return NULL;
    word = assay_arena_printf(&w->arena, "AFL_CUSTOM_MUTATOR_LIBRARY=%s", library);
    w->failed = w->failed || word == NULL;
    return word;
}

/* ---- start ---- */

static enum assay_code make_work(const char *folder, struct assay_err *err)
{
    if (!folder_remove(folder))
        return assay_fail(err, ASSAY_E_IO, 0, "%s: cannot be removed: %s", folder, strerror(errno));
    return assay_folder_make(folder, err);
}

static void read_progress(struct fuzz_progress *progress, enum fuzz_engine engine, const char *path)
{
    struct assay_buf text = ASSAY_BUF_INIT(TAIL_BYTES);

    findings_read_tail(&text, path);
    if (engine == FUZZ_AFL)
        fuzz_progress_read_afl(progress, assay_buf_view(&text));
    else
        fuzz_progress_read(progress, assay_buf_view(&text));
    assay_buf_fini(&text);
}

void slice_look(struct slice *slice, const struct campaign *c)
{
    struct bounded_words w = BOUNDED_WORDS_INIT;
    const char *file = progress_file(&w, c, slice);

    if (file != NULL)
        read_progress(&slice->progress, slice->engine, file);
    assay_arena_fini(&w.arena);
}

enum assay_code slice_start(struct slice *slice, const struct campaign *c,
                            const struct slice_rules *rules, struct assay_err *err)
{
    struct bounded_words w = BOUNDED_WORDS_INIT;
    const struct campaign_target *t = &c->targets[slice->target];
    const char *env[ARRAY_LEN(afl_env) + 3] = {c->marker};
    struct bounded_plan plan = {
        .argv = w.at, .env = env, .seconds = slice->seconds + rules->grace_s};
    const char *work = work_of(&w, c, t, slice, "");
    enum assay_code rc = ASSAY_OK;

    plan.log = work_of(&w, c, t, slice, "log");
    if (slice->engine == FUZZ_AFL) {
        memcpy(env + 1, afl_env, sizeof(afl_env));
        env[1 + ARRAY_LEN(afl_env)] = mutator_env(&w, t);
        slice_look(slice, c);
        drop_torn_stats(&w, c, slice);
        slice->executions_before = slice->progress.executions;
        rc = give_first_input(&w, c, t, rules, err);
        fill_afl(&w, slice, c, rules);
    } else {
        env[1] = rules->env;
        fill_libfuzzer(&w, slice, c, rules);
    }
    if (rc == ASSAY_OK && (w.failed || work == NULL || plan.log == NULL))
        rc = assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    if (rc == ASSAY_OK)
        rc = make_work(work, err);
    if (rc == ASSAY_OK)
        rc = bounded_start(&slice->child, &plan, err);
    assay_arena_fini(&w.arena);
    return assay_err_wrap(err, rc, "%s", t->name);
}

/* ---- end ---- */

static const char *end_word(const struct process_end *end, bool is_stopped, uint64_t findings)
{
    if (findings > 0)
        return "finding";
    if (is_stopped)
        return "stopped";
    if (!end->ended)
        return "killed";
    return end->status == 0 ? "time" : "failed";
}

/* What an engine that ended badly said last is kept: there is no artifact that would tell. */
static void keep_failure(struct bounded_words *w, const struct campaign *c,
                         const struct campaign_target *target, const char *log)
{
    const char *kept = campaign_path_take(&w->arena, c, target, "failed.log");

    if (kept != NULL)
        (void)rename(log, kept);
}

static enum assay_code adopt(uint64_t *findings, struct bounded_words *w, const struct slice *slice,
                             const struct campaign *c, struct assay_err *err)
{
    const struct campaign_target *t = &c->targets[slice->target];
    const char *work = work_of(w, c, t, slice, ""), *log = work_of(w, c, t, slice, "log");
    const char *queue = campaign_path_take(&w->arena, c, t, "afl/main/queue"),
               *corpus = campaign_path_take(&w->arena, c, t, "corpus");
    uint64_t shared = 0;
    size_t added = 0;
    enum assay_code rc;

    if (work == NULL || log == NULL || queue == NULL || corpus == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    if (slice->engine == FUZZ_AFL) {
        rc = findings_adopt_afl(&added, c, t, NULL, err);
        if (rc == ASSAY_OK)
            rc = inputs_copy(&shared, corpus, queue, "+cov", SHARED_MAX_BYTES, err);
    } else {
        rc = findings_adopt(&added, c, t, work, log, err);
    }
    *findings = added;
    return rc;
}

static void fill_sample(struct campaign_sample *s, const struct slice *slice, int64_t ns)
{
    const struct fuzz_progress *p = &slice->progress;
    uint64_t ms = ns > 0 ? (uint64_t)(ns / 1000000) : 0;
    bool resumed = p->executions >= slice->executions_before;

    s->engine = slice->engine;
    s->seconds = (ms + 500) / 1000;
    s->executions = p->executions - (resumed ? slice->executions_before : 0);
    s->rate = ms > 0 && s->executions < UINT64_MAX / 1000 ? 1000 * s->executions / ms : p->rate;
    s->edges = p->edges;
    s->features = p->features;
    s->memory_mb = p->memory_mb;
}

enum assay_code slice_end(struct campaign_sample *sample, struct slice *slice,
                          const struct campaign *c, bool is_stopped, struct assay_err *err)
{
    struct bounded_words w = BOUNDED_WORDS_INIT;
    const struct campaign_target *t = &c->targets[slice->target];
    int64_t start_ns = slice->child.start_ns;
    struct process_end end = bounded_end(&slice->child, is_stopped ? GRACE_STOPPED_MS : 0);
    const char *corpus = campaign_path_take(&w.arena, c, t, "corpus"),
               *log = work_of(&w, c, t, slice, "log");
    uint64_t bytes;
    enum assay_code rc;

    *sample = (struct campaign_sample){0};
    slice_look(slice, c);
    fill_sample(sample, slice, monotonic_ns() - start_ns);
    (void)snprintf(sample->target, sizeof(sample->target), "%s", t->name);
    rc = adopt(&sample->findings, &w, slice, c, err);
    (void)snprintf(sample->end, sizeof(sample->end), "%s",
                   end_word(&end, is_stopped, sample->findings));
    if (strcmp(sample->end, "failed") == 0 && log != NULL)
        keep_failure(&w, c, t, log);
    if (corpus != NULL)
        inputs_count(&sample->corpus, &bytes, corpus);
    assay_arena_fini(&w.arena);
    return assay_err_wrap(err, rc, "%s", t->name);
}
