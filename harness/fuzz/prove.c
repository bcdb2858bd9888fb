/* Planted faults, found or not (fuzz/prove.h). */
#include "fuzz/prove.h"

#include "fault/tree.h"
#include "fuzz/findings.h"
#include "target/folder.h"

#include <errno.h>
#include <stdio.h>

enum {
    LOG_BYTES = 1 << 20,
    ARENA_MAX_BYTES = 1 << 16,
    LOOK_MS = 200,
    SEEDS_S = 120, /* to read them */
    GRACE_S = 30
};

struct prove {
    const struct prove_options *options;
    struct assay_arena arena; /* of one fault */
    struct assay_err *err;
};

/* One slice of a target, and what came of it. */
struct once {
    const char *folder;
    const char *planted; /* "ASSAY_PLANTED=NAME"; NULL: nothing */
    uint64_t seconds;
    uint64_t runs; /* 1: the seeds and nothing else; 0: no limit */
    struct campaign_sample sample;
    struct fuzz_failure failure;
    uint64_t ms;
    bool has_program;
};

const char *prove_state_text(enum prove_state state)
{
    static const char *const texts[PROVE_STATES] = {
        [PROVE_FOUND] = "found",
        [PROVE_MISSED] = "not found",
        [PROVE_VOID] = "void: its seeds are not clean without the fault",
        [PROVE_FAILED] = "failed: the target ended badly without a finding",
        [PROVE_NOT_RUN] = "not run: there is no program of the target",
    };

    return texts[state];
}

/* What was said of the first finding. */
static enum assay_code read_failure(struct once *o, struct prove *p, const struct campaign *c,
                                    const struct campaign_target *target)
{
    struct assay_buf log = ASSAY_BUF_INIT(LOG_BYTES);
    const char *const *names, *path = NULL;
    size_t count = 0;
    enum assay_code rc = findings_list(&names, &count, &p->arena, c, target, p->err);

    if (rc == ASSAY_OK && count > 0)
        path = assay_arena_printf(&p->arena, "%s/%s/findings/%s.log", c->folder, target->name,
                                  names[0]);
    if (path != NULL)
        findings_read_tail(&log, path);
    fuzz_failure_read(&o->failure, assay_buf_view(&log));
    assay_buf_fini(&log);
    return rc;
}

static enum assay_code run_slice(struct once *o, struct prove *p, const struct campaign *c,
                                 struct campaign_target *target)
{
    const struct prove_options *options = p->options;
    const struct slice_rules rules = {.sources = options->sources,
                                      .memory_mb = options->memory_mb,
                                      .timeout_s = options->timeout_s,
                                      .grace_s = GRACE_S,
                                      .runs = o->runs,
                                      .env = o->planted};
    struct slice slice = {
        .target = (size_t)(target - c->targets), .engine = FUZZ_LIBFUZZER, .seconds = o->seconds};
    enum assay_code rc = campaign_make_folders(c, target, p->err);
    int64_t start_ns;

    if (rc == ASSAY_OK)
        rc = slice_start(&slice, c, &rules, p->err);
    if (rc != ASSAY_OK)
        return rc;
    start_ns = slice.child.start_ns;
    while (*options->stop == 0 && !bounded_is_over(&slice.child, LOOK_MS))
        continue;
    o->ms = (uint64_t)((monotonic_ns() - start_ns) / 1000000);
    rc = slice_end(&o->sample, &slice, c, *options->stop != 0, p->err);
    if (rc == ASSAY_OK && o->sample.findings > 0)
        rc = read_failure(o, p, c, target);
    return rc;
}

static enum assay_code run_in(struct once *o, struct prove *p, struct campaign *c, const char *name)
{
    struct campaign_target *target;
    enum assay_code rc = campaign_open(c, o->folder, true, p->err);

    for (size_t i = 0; rc == ASSAY_OK && p->options->engines[i] != NULL; i++)
        rc = campaign_discover(c, p->options->engines[i], p->err);
    if (rc != ASSAY_OK)
        return rc;
    target = campaign_target(c, name);
    o->has_program = target != NULL && target->programs.of[FUZZ_LIBFUZZER] != NULL;
    return o->has_program ? run_slice(o, p, c, target) : ASSAY_OK;
}

/* In a folder of its own, made anew. */
static enum assay_code run_once(struct once *o, struct prove *p,
                                const struct assay_planted_fault *fault, const char *leaf)
{
    struct campaign c = {.lock = -1};
    enum assay_code rc;

    o->folder = assay_arena_printf(&p->arena, "%s/%s/%s", p->options->out, fault->name, leaf);
    if (o->folder == NULL)
        return assay_fail(p->err, ASSAY_E_NOMEM, 0, "out of memory");
    if (!folder_remove(o->folder))
        return assay_fail(p->err, ASSAY_E_IO, 0, "%s: cannot be removed: %s", o->folder,
                          strerror(errno));
    rc = run_in(o, p, &c, fault->target);
    campaign_close(&c);
    if (rc == ASSAY_OK && *p->options->stop != 0)
        return assay_fail(p->err, ASSAY_E_INTERRUPTED, 0, "interrupted");
    return rc;
}

static bool has_ended_badly(const struct once *o)
{
    return strcmp(o->sample.end, "failed") == 0 || strcmp(o->sample.end, "killed") == 0;
}

static enum prove_state state_of(const struct once *o)
{
    if (o->sample.findings > 0)
        return PROVE_FOUND;
    return has_ended_badly(o) ? PROVE_FAILED : PROVE_MISSED;
}

static void take(struct prove_result *r, const struct once *o)
{
    r->ms = o->ms;
    r->executions = o->sample.executions;
    r->failure = o->failure;
}

static enum assay_code prove(struct prove_result *r, struct prove *p)
{
    const char *planted = assay_arena_printf(&p->arena, "ASSAY_PLANTED=%s", r->fault->name);
    struct once clean = {.seconds = SEEDS_S, .runs = 1};
    struct once seeds = {.planted = planted, .seconds = SEEDS_S, .runs = 1};
    struct once run = {.planted = planted, .seconds = p->options->seconds};
    enum assay_code rc;

    if (planted == NULL)
        return assay_fail(p->err, ASSAY_E_NOMEM, 0, "out of memory");
    if ((rc = run_once(&clean, p, r->fault, "clean")) != ASSAY_OK)
        return rc;
    take(r, &clean);
    r->state = clean.has_program ? PROVE_VOID : PROVE_NOT_RUN;
    if (!clean.has_program || clean.sample.findings > 0 || has_ended_badly(&clean))
        return ASSAY_OK;
    if ((rc = run_once(&seeds, p, r->fault, "seeds")) != ASSAY_OK)
        return rc;
    take(r, &seeds);
    r->state = state_of(&seeds);
    r->is_of_seeds = r->state == PROVE_FOUND;
    if (r->state != PROVE_MISSED)
        return ASSAY_OK;
    if ((rc = run_once(&run, p, r->fault, "run")) != ASSAY_OK)
        return rc;
    take(r, &run);
    r->state = state_of(&run);
    return ASSAY_OK;
}

static enum assay_code check_names(const char *const *names, struct assay_err *err)
{
    for (size_t i = 0; names[i] != NULL; i++)
        if (assay_planted_find(names[i]) == ASSAY_PLANTED__COUNT)
            return assay_fail(
                err, ASSAY_E_UNKNOWN, 0,
                "there is no planted fault \"%.40s\"; ref/base/planted.def lists them", names[i]);
    return ASSAY_OK;
}

enum assay_code prove_run(const struct prove_options *options, struct assay_err *err)
{
    struct prove p = {.options = options, .err = err};
    enum assay_code rc = check_names(options->names, err);

    for (size_t i = ASSAY_PLANTED_NOTHING + 1; rc == ASSAY_OK && i < ASSAY_PLANTED__COUNT; i++) {
        struct prove_result result = {.fault = &assay_planted_faults[i]};

        if (!campaign_is_named(options->names, result.fault->name))
            continue;
        p.arena = (struct assay_arena)ASSAY_ARENA_INIT(ARENA_MAX_BYTES);
        rc = prove(&result, &p);
        assay_arena_fini(&p.arena);
        if (rc == ASSAY_OK)
            options->on_result(options->context, &result);
    }
    return rc;
}
