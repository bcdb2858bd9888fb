/* assay fuzz run --target: a server of somebody else's, fuzzed with live requests. */
#include "base/random.h"
#include "base/utf8.h"
#include "cli/fuzz.h"
#include "cli/tell.h"
#include "defects/defects.h"
#include "fuzz/live_jobs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define VERB "fuzz run"

enum { LINE_BYTES = 4096 };

static const char help[] =
    "usage: assay fuzz run --target FILE [options]\n"
    "       assay fuzz run --profile NAME [--rules SET] [--defect ID] [options]\n\n"
    "Sends honest requests and payments to the server of a target file, and bent ones; keeps what "
    "brought an\n"
    "answer of a new class; reports crashes, 5xx, hangs, growth, what was served unpaid or twice "
    "for one payment,\n"
    "and a server that no longer sells afterwards. Findings are repeated and cut down. --profile: "
    "the embedded\n"
    "reference, with a seeded defect if one is named.\n\n"
    "  --target FILE      target file (docs/adding-a-target.md)\n"
    "  --allow-host HOST  this host may be connected to, beside loopback; may be repeated. It is "
    "flooded\n"
    "  --variant NAME     started as that one of its `variants`\n"
    "  --replay FILE      send the sequence of one finding to three fresh instances, and nothing "
    "else\n"
    "  --hours H          how long (default 1)\n"
    "  --minutes M        the same in minutes\n"
    "  --runs N           end after so many sequences (of each process)\n"
    "  --jobs N           so many copies of the server at once, 1 to 16 (default 1)\n"
    "  --out DIR          corpus and findings (default out/fuzz-live)\n"
    "  --seed HEX         1 to 16 hex digits: the same choices again (default: fresh, and told)\n"
    "  --timeout S        an answer that takes longer is a finding (default 10)\n"
    "  --memory MIB       so is a server that needs more (default 1024)\n"
    "  --findings N       sorts of them after which it ends (default 20)\n"
    "\nexit: 0 nothing was found, 1 findings, 2 nothing could be judged, 3 usage or own trouble, "
    "130 interrupted\n";

struct fuzz_live {
    struct live_options options;
    const char *path, *profile, *rules, *variant, *replay, *defects[2];
    struct target target;
    struct assay_arena arena;
    char named[LINE_BYTES];                /* the target, as options */
    const char *hosts[PLAN_HOSTS_MAX + 1]; /* NULL-terminated */
    size_t host_count;
    uint64_t jobs;
    struct tell_live live;
    bool seed_set;
};

/* ---- what is told ---- */

static void on_note(void *context, const char *text)
{
    struct fuzz_live *run = context;

    tell_live_clear(&run->live);
    tell_printable(stdout, text);
    putchar('\n');
    fflush(stdout);
}

static void on_tick(void *context, const struct live_view *v)
{
    struct fuzz_live *run = context;

    tell_live_show(&run->live,
                   "%s: %" PRIu64 " sequences, %" PRIu64 " requests/s, %" PRIu64
                   " classes, %" PRIu64 " found, %" PRIu64 ":%02" PRIu64 ":%02" PRIu64 " left",
                   run->target.name, v->sequences, v->rate, v->classes, v->findings,
                   v->left_s / 3600, v->left_s / 60 % 60, v->left_s % 60);
}

static int status_of(enum assay_code rc)
{
    return rc == ASSAY_E_INTERRUPTED ? 130 : rc == ASSAY_E_CRASHED ? 2 : EXIT_TROUBLE;
}

static int conclude(struct fuzz_live *run, const struct live_view *v, enum assay_code rc,
                    const struct assay_err *err)
{
    tell_live_clear(&run->live);
    printf("%" PRIu64 " sequences, %" PRIu64 " requests, %" PRIu64 " classes of answers, %" PRIu64
           " new sequences kept, findings: %" PRIu64 "; seed %016" PRIx64 "\n",
           v->sequences, v->requests, v->classes, v->kept, v->findings, run->options.seed);
    if (v->unrepeated > 0)
        printf("seen once and not again on a fresh instance, not counted: %" PRIu64 "\n",
               v->unrepeated);
    if (v->lost > 0)
        printf("could not be judged: %" PRIu64 " sequences\n", v->lost);
    if (!v->growth_was_judged)
        puts(run->target.has_launch
                 ? "growth of memory was not judged: too few requests on one instance"
                 : "growth of memory was not judged: the server was not started by Assay");
    if (fflush(stdout) != 0)
        return cli_wrong(VERB, "the result cannot be printed");
    if (v->findings > 0 && rc != ASSAY_E_INTERRUPTED)
        return 1;
    if (rc == ASSAY_OK)
        return v->requests > 0 ? 0 : 2;
    (void)fuzz_failed(VERB, err);
    return status_of(rc);
}

static int replay(struct fuzz_live *run)
{
    struct live_found found;
    struct assay_err err = {0};
    enum assay_code rc = live_replay(&found, &run->arena, &run->options, run->replay, &err);
    struct assay_buf *log = &found.outcome.log;

    if (rc == ASSAY_OK && log->len > 0)
        (void)fwrite(log->at, 1, log->len, stdout);
    assay_buf_fini(log);
    if (rc != ASSAY_OK) {
        (void)fuzz_failed(VERB, &err);
        return status_of(rc);
    }
    if (found.kind == LIVE_NOTHING)
        printf("nothing was found, on %d fresh instances\n", LIVE_REPEATS);
    else
        printf("%s, %s: %s\n", live_finding_name(found.kind), live_finding_repeats(&found),
               found.outcome.said);
    if (fflush(stdout) != 0)
        return cli_wrong(VERB, "the result cannot be printed");
    return found.kind == LIVE_NOTHING ? 0 : 1;
}

/* ---- options ---- */

enum option_code {
    OPT_TARGET = 256,
    OPT_PROFILE,
    OPT_RULES,
    OPT_DEFECT,
    OPT_VARIANT,
    OPT_ALLOW_HOST,
    OPT_REPLAY,
    OPT_HOURS,
    OPT_MINUTES,
    OPT_RUNS,
    OPT_JOBS,
    OPT_OUT,
    OPT_SEED,
    OPT_TIMEOUT,
    OPT_MEMORY,
    OPT_FINDINGS,
};

static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"target", required_argument, NULL, OPT_TARGET},
    {"profile", required_argument, NULL, OPT_PROFILE},
    {"rules", required_argument, NULL, OPT_RULES},
    {"defect", required_argument, NULL, OPT_DEFECT},
    {"allow-host", required_argument, NULL, OPT_ALLOW_HOST},
    {"variant", required_argument, NULL, OPT_VARIANT},
    {"replay", required_argument, NULL, OPT_REPLAY},
    {"hours", required_argument, NULL, OPT_HOURS},
    {"minutes", required_argument, NULL, OPT_MINUTES},
    {"jobs", required_argument, NULL, OPT_JOBS},
    {"runs", required_argument, NULL, OPT_RUNS},
    {"out", required_argument, NULL, OPT_OUT},
    {"seed", required_argument, NULL, OPT_SEED},
    {"timeout", required_argument, NULL, OPT_TIMEOUT},
    {"memory", required_argument, NULL, OPT_MEMORY},
    {"findings", required_argument, NULL, OPT_FINDINGS},
    {NULL, 0, NULL, 0},
};

static bool take_seed(struct fuzz_live *run, const char *text)
{
    size_t len = strspn(text, "0123456789abcdefABCDEF");

    if (len == 0 || len > 16 || text[len] != '\0') {
        cli_wrong(VERB, "--seed: expected 1 to 16 hex digits, found \"%s\"", text);
        return false;
    }
    run->options.seed = strtoull(text, NULL, 16);
    run->seed_set = true;
    return true;
}

static bool take_number(struct fuzz_live *run, int option)
{
    struct live_options *o = &run->options;
    uint64_t n = 0;

    switch (option) {
    case OPT_HOURS:
        return cli_number(&n, VERB, "hours", optarg, 1, 1000) && (o->seconds = n * 3600) > 0;
    case OPT_MINUTES:
        return cli_number(&n, VERB, "minutes", optarg, 1, 60000) && (o->seconds = n * 60) > 0;
    case OPT_JOBS:
        return cli_number(&run->jobs, VERB, "jobs", optarg, 1, LIVE_JOBS_MAX);
    case OPT_RUNS:
        return cli_number(&o->runs, VERB, "runs", optarg, 1, INT64_MAX);
    case OPT_TIMEOUT:
        return cli_number(&o->timeout_s, VERB, "timeout", optarg, 1, 600);
    case OPT_MEMORY:
        return cli_number(&o->memory_mb, VERB, "memory", optarg, 16, 1 << 20);
    case OPT_FINDINGS:
        return cli_number(&o->findings_max, VERB, "findings", optarg, 1, 200);
    default:
        return false;
    }
}

static bool take_option(void *cls, int option)
{
    struct fuzz_live *run = cls;

    switch (option) {
    case OPT_TARGET:
        run->path = optarg;
        return true;
    case OPT_PROFILE:
        run->profile = optarg;
        return true;
    case OPT_RULES:
        run->rules = optarg;
        return cli_rules_known(VERB, optarg);
    case OPT_DEFECT:
        run->defects[0] = optarg;
        if (ref_defect_find(assay_str(optarg)) != REF_DEFECT__COUNT)
            return true;
        cli_wrong(VERB, "--defect: there is no defect \"%s\"; `assay list defects` shows them",
                  optarg);
        return false;
    case OPT_VARIANT:
        run->variant = optarg;
        return true;
    case OPT_ALLOW_HOST:
        if (run->host_count < PLAN_HOSTS_MAX) {
            run->hosts[run->host_count++] = optarg;
            return true;
        }
        cli_wrong(VERB, "--allow-host: more than %d of them", PLAN_HOSTS_MAX);
        return false;
    case OPT_REPLAY:
        run->replay = optarg;
        return true;
    case OPT_OUT:
        run->options.folder = optarg;
        return true;
    case OPT_SEED:
        return take_seed(run, optarg);
    default:
        return take_number(run, option);
    }
}

/* ---- the target ---- */

static enum assay_code load_target(struct fuzz_live *run, struct assay_err *err)
{
    const struct profile *profile = run->profile != NULL ? profile_find(run->profile) : NULL;
    const char *rules = run->rules;

    if (run->path != NULL)
        return target_load(&run->target, &run->arena, run->path, err);
    if (profile == NULL)
        return assay_fail(err, ASSAY_E_UNKNOWN, 0,
                          "there is no profile \"%s\"; `assay list profiles` shows them",
                          run->profile);
    if (rules == NULL)
        rules = profile->rule_sets[0];
    return target_embedded(&run->target, &run->arena, run->profile, SIDE_SERVER, rules, err);
}

/* The variant becomes how the target is started, and is none any more. */
static bool apply_variant(struct fuzz_live *run)
{
    struct target_launch *launch = &run->target.launch;
    const struct target_variant *v;

    if (run->variant == NULL)
        return true;
    v = target_variant(&run->target, run->variant);
    if (v == NULL || launch->command.count + v->args.count > TARGET_LIST_MAX ||
        launch->env_count + v->env_count > TARGET_LIST_MAX) {
        cli_wrong(VERB, "--variant: %s has no variant \"%s\"", run->target.path, run->variant);
        return false;
    }
    for (size_t i = 0; i < v->args.count; i++)
        launch->command.items[launch->command.count++] = v->args.items[i];
    for (size_t i = 0; i < v->env_count; i++)
        launch->env[launch->env_count++] = v->env[i];
    run->target.variants[v - run->target.variants].name = "";
    return true;
}

static void name_target(struct fuzz_live *run)
{
    struct assay_buf text = ASSAY_BUF_OVER(run->named);

    assay_buf_printf(&text, run->path != NULL ? "--target %s" : "--profile %s",
                     run->path != NULL ? run->path : run->profile);
    if (run->rules != NULL)
        assay_buf_printf(&text, " --rules %s", run->rules);
    if (run->defects[0] != NULL)
        assay_buf_printf(&text, " --defect %s", run->defects[0]);
    if (run->variant != NULL)
        assay_buf_printf(&text, " --variant %s", run->variant);
    run->options.named = assay_buf_cstr(&text) != NULL ? run->named : "--target FILE";
}

static bool check_together(const struct fuzz_live *run)
{
    if ((run->path == NULL) != (run->profile == NULL) &&
        (run->path == NULL || (run->rules == NULL && run->defects[0] == NULL)))
        return true;
    cli_wrong(VERB, "name one target: --target FILE, or --profile NAME for the embedded reference, "
                    "which alone takes --rules and --defect");
    return false;
}

/* What there is one of cannot be had several times. */
static uint64_t jobs_of(const struct fuzz_live *run)
{
    if (run->jobs > 1 && (!run->target.has_launch || target_has_fixed_role(&run->target))) {
        puts("one process, whatever --jobs says: the target cannot be started several times");
        return 1;
    }
    return run->jobs;
}

static int carry_out(struct fuzz_live *run)
{
    static struct plan hosts; /* of it, the hosts alone */
    struct assay_err err = {0};
    struct live_view view;
    enum assay_code rc;

    if (cli_fresh_secret(&err) != ASSAY_OK || load_target(run, &err) != ASSAY_OK)
        return cli_wrong(VERB, "%s", err.text);
    hosts.host_count = run->host_count;
    memcpy(hosts.hosts, run->hosts, sizeof(run->hosts));
    run->options.allowed_hosts = run->hosts;
    if (!cli_target_usable(VERB, &run->target, &hosts) || !apply_variant(run))
        return EXIT_TROUBLE;
    if (!run->seed_set &&
        assay_random_system((uint8_t *)&run->options.seed, sizeof(run->options.seed)) != ASSAY_OK)
        return cli_wrong(VERB, "the system gives no random bytes; give a --seed");
    name_target(run);
    run->options.target = &run->target;
    run->options.defects = run->defects;
    fuzz_heed_signals();
    if (run->replay != NULL)
        return replay(run);
    rc = live_jobs_run(&view, &run->options, (unsigned)jobs_of(run), &err);
    return conclude(run, &view, rc, &err);
}

int fuzz_command_live(int argc, char **argv)
{
    struct fuzz_live run = {.options = {.folder = "out/fuzz-live",
                                        .seconds = 3600,
                                        .timeout_s = 10,
                                        .memory_mb = 1024,
                                        .findings_max = 20,
                                        .stop = &fuzz_stop,
                                        .on_note = on_note,
                                        .on_tick = on_tick},
                            .jobs = 1,
                            .arena = ASSAY_ARENA_INIT((size_t)16 << 20)};
    int status;

    tell_live_init(&run.live);
    if ((status = fuzz_options(argc, argv, long_options, help, take_option, &run)) < 0) {
        run.options.context = &run;
        if (optind < argc)
            status =
                cli_wrong(VERB, "\"%s\": a live target is named by --target alone", argv[optind]);
        else
            status = check_together(&run) ? carry_out(&run) : EXIT_TROUBLE;
    }
    assay_arena_fini(&run.arena);
    return status;
}
