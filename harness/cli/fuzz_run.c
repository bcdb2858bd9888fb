/* assay fuzz run: a night of fuzzing, told on the terminal. */
#include "cli/fuzz.h"
#include "cli/tell.h"
#include "fuzz/night.h"
#include "target/spawn.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define VERB "fuzz run"

enum { LINE_BYTES = 4096 };

static const char help[] =
    "usage: assay fuzz run [options] [TARGETS]\n\n"
    "Fuzzes every target (or those named) in slices: what still reaches new code gets more time, "
    "what does not\n"
    "gets some. It goes on where the last run of the same folder stopped, however that ended, and "
    "findings of a\n"
    "run that was cut off are taken over. `make fuzz-engines` builds the programs.\n"
    "With --adapter TARGET it fuzzes someone else's parser, with --target FILE a live server; each "
    "has options of\n"
    "its own: assay fuzz run --adapter TARGET --help, assay fuzz run --target FILE --help.\n\n"
    "  --hours H          how long (default 8)\n"
    "  --minutes M        the same in minutes\n"
    "  --jobs N           processes at once, 1 to 64 (default: one a processor)\n"
    "  --out DIR          the campaign's folder (default out/fuzz)\n"
    "  --engines DIR      a folder of programs fuzz-NAME, afl-NAME, cmplog-NAME, mutator-NAME\n"
    "                     (again for more; default: fuzz, afl, cmplog and mutator beside this\n"
    "                     program's folder)\n"
    "  --sources DIR      where seeds/NAME and dict/NAME.dict are (default fuzz)\n"
    "  --slice S          seconds of a slice at most (default 120; the first ones are shorter)\n"
    "  --slices N         end after so many slices\n"
    "  --runs N           inputs a slice at most\n"
    "  --grace S          a process may take so much longer than its slice (default 30)\n"
    "  --timeout S        one input that takes longer is a finding (default 10)\n"
    "  --memory MIB       so is one that needs more (default 1024)\n"
    "  --max-len BYTES    of an input (default: the engine's choice)\n"
    "  --findings N       new ones of a target, after which it is set aside (default 100)\n"
    "  --corpus MIB       a larger corpus sets its target aside (default 512)\n"
    "\nexit: 0 nothing new was found, 1 findings, 2 nothing was executed, 3 usage or own trouble, "
    "130 interrupted\n";

struct fuzz_run {
    struct night_options options;
    struct fuzz_engines engines;
    struct tell_live live;
};

/* ---- what is told ---- */

static void on_note(void *context, const char *text)
{
    struct fuzz_run *run = context;

    tell_live_clear(&run->live);
    tell_printable(stdout, text);
    putchar('\n');
    fflush(stdout);
}

static void on_slice(void *context, const struct campaign_sample *s)
{
    struct fuzz_run *run = context;

    if (run->live.is_terminal && s->findings == 0)
        return; /* the live line says it */
    tell_live_clear(&run->live);
    printf("%s: %s, %" PRIu64 " s: %" PRIu64 " executions, %" PRIu64 " a second, %" PRIu64
           " edges, %" PRIu64 " inputs, %s",
           s->target, fuzz_engine_name(s->engine), s->seconds, s->executions, s->rate, s->edges,
           s->corpus, s->end);
    if (s->findings > 0)
        printf(": %" PRIu64 " new", s->findings);
    putchar('\n');
    fflush(stdout);
}

static void on_tick(void *context, const struct night_view *v)
{
    struct fuzz_run *run = context;
    char line[LINE_BYTES];
    int len;

    len = snprintf(line, sizeof(line),
                   "%" PRIu64 " targets, %" PRIu64 "/s, %" PRIu64 " edges, %" PRIu64
                   " found, %" PRIu64 ":%02" PRIu64 ":%02" PRIu64 " left:",
                   v->targets, v->rate, v->edges, v->findings, v->left_s / 3600,
                   v->left_s / 60 % 60, v->left_s % 60);
    for (size_t i = 0; v->running[i] != NULL && len > 0 && (size_t)len < sizeof(line); i++)
        len += snprintf(line + len, sizeof(line) - (size_t)len, " %s", v->running[i]);
    tell_live_show(&run->live, "%s", line);
}

static int conclude(const struct night_view *v, const char *out, enum assay_code rc,
                    const struct assay_err *err)
{
    printf("%" PRIu64 " executions in %" PRIu64 " slices of %" PRIu64 " targets, %" PRIu64
           " edges, new findings: %" PRIu64 "; all of it is in ",
           v->executions, v->slices, v->targets, v->edges, v->findings);
    tell_printable(stdout, out);
    putchar('\n');
    if (v->findings > 0)
        puts("`assay fuzz triage` says what they are");
    if (fflush(stdout) != 0)
        return cli_wrong(VERB, "the result cannot be printed");
    if (rc != ASSAY_OK)
        return fuzz_failed(VERB, err);
    if (v->findings > 0)
        return 1;
    if (v->executions > 0)
        return 0;
    cli_wrong(VERB, "no engine executed anything; %s/NAME/failed.log says why", out);
    return 2;
}

/* ---- options ---- */

enum option_code {
    OPT_HOURS = 256,
    OPT_MINUTES,
    OPT_JOBS,
    OPT_OUT,
    OPT_ENGINES,
    OPT_SOURCES,
    OPT_SLICE,
    OPT_SLICES,
    OPT_RUNS,
    OPT_GRACE,
    OPT_TIMEOUT,
    OPT_MEMORY,
    OPT_MAX_LEN,
    OPT_FINDINGS,
    OPT_CORPUS,
};

static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"hours", required_argument, NULL, OPT_HOURS},
    {"minutes", required_argument, NULL, OPT_MINUTES},
    {"jobs", required_argument, NULL, OPT_JOBS},
    {"out", required_argument, NULL, OPT_OUT},
    {"engines", required_argument, NULL, OPT_ENGINES},
    {"sources", required_argument, NULL, OPT_SOURCES},
    {"slice", required_argument, NULL, OPT_SLICE},
    {"slices", required_argument, NULL, OPT_SLICES},
    {"runs", required_argument, NULL, OPT_RUNS},
    {"grace", required_argument, NULL, OPT_GRACE},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"memory", required_argument, NULL, OPT_MEMORY},
    {"max-len", required_argument, NULL, OPT_MAX_LEN},
    {"findings", required_argument, NULL, OPT_FINDINGS},
    {"corpus", required_argument, NULL, OPT_CORPUS},
    {NULL, 0, NULL, 0},
};

/* A number's place and its bounds; `unit` is what one of it counts for there. */
struct numeric {
    uint64_t *at;
    uint64_t least, most, unit;
};

static struct numeric numeric_of(struct night_options *o, int option)
{
    switch (option) {
    case OPT_HOURS:
        return (struct numeric){&o->seconds, 1, 1000, 3600};
    case OPT_MINUTES:
        return (struct numeric){&o->seconds, 1, 60000, 60};
    case OPT_JOBS:
        return (struct numeric){&o->jobs, 1, NIGHT_JOBS_MAX, 1};
    case OPT_SLICE:
        return (struct numeric){&o->slice_s, 1, 86400, 1};
    case OPT_SLICES:
        return (struct numeric){&o->slices, 1, INT64_MAX, 1};
    case OPT_RUNS:
        return (struct numeric){&o->rules.runs, 1, INT32_MAX, 1};
    case OPT_GRACE:
        return (struct numeric){&o->rules.grace_s, 1, 3600, 1};
    case OPT_TIMEOUT:
        return (struct numeric){&o->rules.timeout_s, 1, 3600, 1};
    case OPT_MEMORY:
        return (struct numeric){&o->rules.memory_mb, 64, 1 << 20, 1};
    case OPT_MAX_LEN:
        return (struct numeric){&o->rules.max_len, 1, 1 << 24, 1};
    case OPT_FINDINGS:
        return (struct numeric){&o->findings_max, 1, 100000, 1};
    case OPT_CORPUS:
        return (struct numeric){&o->corpus_mb, 1, 1 << 20, 1};
    default:
        return (struct numeric){0};
    }
}

/* The name that was given, for what is said of its argument. */
static const char *name_of(int option)
{
    for (size_t i = 0; long_options[i].name != NULL; i++)
        if (long_options[i].val == option)
            return long_options[i].name;
    return "";
}

static bool take_option(void *cls, int option)
{
    struct fuzz_run *run = cls;
    struct numeric n = numeric_of(&run->options, option);

    if (n.at != NULL) {
        if (!cli_number(n.at, VERB, name_of(option), optarg, n.least, n.most))
            return false;
        *n.at *= n.unit;
        return true;
    }
    switch (option) {
    case OPT_OUT:
        run->options.out = optarg;
        return true;
    case OPT_SOURCES:
        run->options.rules.sources = optarg;
        return true;
    case OPT_ENGINES:
        return fuzz_engines_add(&run->engines, VERB, optarg);
    default:
        return false;
    }
}

static int carry_out(struct fuzz_run *run)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 16);
    struct assay_err err = {0};
    struct night_view view;
    enum assay_code rc;
    int status;

    if (spawn_program(&run->options.rules.afl, &arena, "afl-fuzz", NULL, NULL) != ASSAY_OK)
        run->options.rules.afl = NULL;
    fuzz_heed_signals();
    rc = night_run(&view, &run->options, &err);
    tell_live_clear(&run->live);
    status = conclude(&view, run->options.out, rc, &err);
    assay_arena_fini(&arena);
    return status;
}

int fuzz_command_run(int argc, char **argv)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct fuzz_run run = {.options = {.out = FUZZ_OUT_DEFAULT,
                                       .seconds = UINT64_C(8) * 3600,
                                       .slice_s = 120,
                                       .jobs = processors > NIGHT_JOBS_MAX ? NIGHT_JOBS_MAX
                                               : processors > 0            ? (uint64_t)processors
                                                                           : 1,
                                       .findings_max = 100,
                                       .corpus_mb = 512,
                                       .rules = {.sources = FUZZ_SOURCES_DEFAULT,
                                                 .memory_mb = 1024,
                                                 .timeout_s = 10,
                                                 .grace_s = 30},
                                       .stop = &fuzz_stop,
                                       .on_slice = on_slice,
                                       .on_note = on_note,
                                       .on_tick = on_tick}};
    int status;

    if (fuzz_has_option(argc, argv, "--adapter"))
        return fuzz_run_adapter(argc, argv);
    if (fuzz_has_option(argc, argv, "--target") || fuzz_has_option(argc, argv, "--profile"))
        return fuzz_command_live(argc, argv);
    if ((status = fuzz_options(argc, argv, long_options, help, take_option, &run)) >= 0)
        return status;
    tell_live_init(&run.live);
    fuzz_engines_finish(&run.engines);
    run.options.engines = run.engines.at;
    run.options.names = (const char *const *)argv + optind;
    run.options.context = &run;
    return carry_out(&run);
}
