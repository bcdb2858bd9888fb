/* assay fuzz run --adapter: a library adapter fuzzed against the reference, told on the terminal.
 */
#include "base/random.h"
#include "cli/fuzz.h"
#include "cli/tell.h"
#include "fault/tree.h"
#include "fuzz/adapter_fuzz.h"
#include "reports/view.h"
#include "run/outcome.h"
#include "target/instance.h"

#include <ctype.h>
#include <inttypes.h>
#include <stddef.h>

#define VERB "fuzz run --adapter"
#define OUT_DEFAULT "out/fuzz-adapter"
#define MINUTES_DEFAULT 10
#define SECOND_NS INT64_C(1000000000)
#define MINUTE_NS (60 * SECOND_NS)

enum { HELLO_MS = 20000, KNOWN_MAX = 1024, NAME_MAX_BYTES = 60, PATH_BYTES = 4096 };

static const char help[] =
    "usage: assay fuzz run --adapter TARGET [options]\n\n"
    "Changes inputs for the library that the target file TARGET describes (\"interface\": "
    "\"adapter\"), compares its\n"
    "answers with the reference's, and repeats and cuts down what differs, ends, hangs or "
    "grows.\n\n"
    "  --op NAME          only this operation (again for more; default: all that both have)\n"
    "  --minutes M        how long (default 10; with --runs 480)\n"
    "  --hours H          the same in hours\n"
    "  --runs N           end after so many inputs\n"
    "  --seed HEX         up to 16 hex digits: the same seed, corpus and answers give the same "
    "inputs\n"
    "                     (default: fresh)\n"
    "  --timeout S        an answer that takes longer is a finding (default 10)\n"
    "  --findings N       end at so many kinds of finding (default 100)\n"
    "  --growth MIB       memory that rises by more, quarter by quarter, is one (default 64)\n"
    "  --memory MIB       so is a process that has more (default 2048)\n"
    "  --strict           refusals must name the reference's rule, too, as with assay diff\n"
    "  --expectations F   known failures: what breaks one of their rules may be accepted\n"
    "                     (default: the target file's)\n"
    "  --out DIR          where DIR/NAME/corpus and DIR/NAME/findings are (default "
    "out/fuzz-adapter)\n"
    "  --replay FILE      put the input of a finding or of the corpus to it, and judge that alone\n"
    "\nexit: 0 nothing was found, 1 findings, 2 nothing was compared, 3 usage or own trouble, "
    "130 interrupted\n";

struct fuzz_adapter {
    struct adapter_fuzz_options options;
    const char *target_path, *expectations_path, *out, *replay;
    const char *names[ADAPTER_OPERATIONS_MAX + 1];
    size_t name_count;
    const char *known[KNOWN_MAX + 1];
    uint64_t seconds, timeout_s, growth_mb, memory_mb;
    bool has_seed;
    struct assay_arena arena;
    struct target target;
    struct outcome outcome; /* holds what is known */
    struct instance *instance;
    char folder[PATH_BYTES]; /* DIR/NAME, and what is in it */
    char corpus[PATH_BYTES + 16], findings[PATH_BYTES + 16];
    struct tell_live live;
    int64_t start_ns, line_ns;
    uint64_t written;
    struct assay_err err; /* the first file that could not be written */
};

/* ---- what is told ---- */

static const char *text_of(const json_t *found, const char *member)
{
    const char *text = json_string_value(json_object_get(found, member));

    return text != NULL ? text : "";
}

static void add_number(json_t *words, const char *option, uint64_t number)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%" PRIu64, number);
    (void)json_array_append_new(words, json_string(option));
    (void)json_array_append_new(words, json_string(text));
}

/* The command that shows it again: of growth, which no input shows, the whole run. */
static json_t *replay_of(const struct fuzz_adapter *run, const json_t *found)
{
    json_t *words = json_pack("[s,s,s,s,s]", "assay", "fuzz", "run", "--adapter", run->target_path);
    struct assay_buf text = ASSAY_BUF_INIT(1 << 16), path = ASSAY_BUF_INIT(PATH_BYTES);
    bool is_growth = json_object_get(found, "in") == NULL;
    json_t *replay;

    add_number(words, "--timeout", run->timeout_s);
    if (run->options.asking.rules.strict)
        (void)json_array_append_new(words, json_string("--strict"));
    if (run->expectations_path != NULL) {
        (void)json_array_append_new(words, json_string("--expectations"));
        (void)json_array_append_new(words, json_string(run->expectations_path));
    }
    if (is_growth) {
        (void)json_array_append_new(words, json_string("--seed"));
        (void)json_array_append_new(words, json_string(text_of(found, "seed")));
        add_number(words, "--runs", (uint64_t)json_integer_value(json_object_get(found, "runs")));
        add_number(words, "--growth", run->growth_mb);
        add_number(words, "--memory", run->memory_mb);
    } else {
        assay_buf_printf(&path, "%s/%s.json", run->findings, text_of(found, "name"));
        (void)json_array_append_new(words, json_string("--replay"));
        (void)json_array_append_new(words,
                                    json_string(assay_buf_ok(&path) ? assay_buf_cstr(&path) : ""));
    }
    report_add_command(&text, words);
    replay = json_string(assay_buf_ok(&text) ? assay_buf_cstr(&text) : "");
    assay_buf_fini(&text);
    assay_buf_fini(&path);
    json_decref(words);
    return replay;
}

static void print_found(const json_t *found)
{
    printf("%s: ", text_of(found, "kind"));
    tell_printable(stdout, text_of(found, "sentence"));
    if (json_is_false(json_object_get(found, "repeats")))
        fputs("; a fresh process does not do it again", stdout);
    putchar('\n');
}

static void on_found(void *context, const json_t *found)
{
    struct fuzz_adapter *run = context;
    json_t *whole = json_copy((json_t *)(uintptr_t)found);
    struct assay_buf path = ASSAY_BUF_INIT(PATH_BYTES);

    tell_live_clear(&run->live);
    print_found(found);
    (void)json_object_set_new(whole, "replay", replay_of(run, found));
    if (tell_found(&path, run->findings, whole, &run->err) == ASSAY_OK) {
        fputs("    written to ", stdout);
        tell_printable(stdout, assay_buf_cstr(&path));
        fputs("\n    again: ", stdout);
        tell_printable(stdout, text_of(whole, "replay"));
        putchar('\n');
    }
    fflush(stdout);
    assay_buf_fini(&path);
    json_decref(whole);
}

static void on_note(void *context, const char *text)
{
    struct fuzz_adapter *run = context;

    tell_live_clear(&run->live);
    puts(text);
    fflush(stdout);
}

static uint64_t rate_of(const struct fuzz_adapter *run, uint64_t asked)
{
    int64_t ms = (monotonic_ns() - run->start_ns) / 1000000;

    return asked * 1000 / (uint64_t)(ms > 0 ? ms : 1);
}

#define SO_FAR "%" PRIu64 " inputs, %" PRIu64 "/s, %" PRIu64 " classes, %" PRIu64 " found"

/* A line a second on a terminal, one a minute elsewhere. */
static void on_run(void *context, const struct adapter_fuzz_result *r)
{
    struct fuzz_adapter *run = context;
    int64_t now;

    if (tell_live_is_due(&run->live)) {
        int64_t left = run->options.until_ns - monotonic_ns();

        tell_live_show(&run->live, SO_FAR ", %" PRId64 ":%02" PRId64 " left", r->asked,
                       rate_of(run, r->asked), r->classes, r->findings,
                       left > 0 ? left / MINUTE_NS : 0, left > 0 ? left / SECOND_NS % 60 : 0);
    }
    if (run->live.is_terminal || (now = monotonic_ns()) - run->line_ns < MINUTE_NS)
        return;
    run->line_ns = now;
    printf(SO_FAR "\n", r->asked, rate_of(run, r->asked), r->classes, r->findings);
    fflush(stdout);
}

static void print_counts(const struct adapter_fuzz_result *r)
{
    printf("%-24s %10s %10s %10s %10s %10s %10s\n", "operation", "asked", "accepted", "refused",
           "undecided", "known", "faults");
    for (size_t i = 0; i < r->count; i++) {
        const struct adapter_fuzz_count *c = &r->counts[i];

        printf("%-24s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64
               " %10" PRIu64 "%s\n",
               c->operation->name, c->asked, c->accepted, c->refused, c->undecided, c->known,
               c->faults, c->is_aside ? " set aside" : "");
    }
}

static void print_end(const struct fuzz_adapter *run, const struct adapter_fuzz_result *r)
{
    print_counts(r);
    printf(SO_FAR "; seed %016" PRIx64 ", %u processes", r->asked, rate_of(run, r->asked),
           r->classes, r->findings, run->options.seed, r->starts);
    if (r->unasked_ends > 0)
        printf(", which ended %" PRIu64 " times between two requests", r->unasked_ends);
    if (r->slope.answers > 0)
        printf("; resident memory %" PRIu64 " to %" PRIu64 " MiB over %" PRIu64 " answers",
               r->slope.from >> 20, r->slope.to >> 20, r->slope.answers);
    fputs("; all of it is in ", stdout);
    tell_printable(stdout, run->folder);
    putchar('\n');
}

/* ---- the target ---- */

/* A folder's name: what of the target's is safe in one. */
static bool name_folder(struct fuzz_adapter *run)
{
    char name[NAME_MAX_BYTES + 1];
    size_t len = 0;

    for (const char *c = run->target.name; *c != '\0' && len < NAME_MAX_BYTES; c++) {
        bool is_plain = isalnum((unsigned char)*c);

        if (is_plain || len > 0) {
            name[len] = is_plain || strchr("._", *c) != NULL ? *c : '-';
            len++;
        }
    }
    name[len] = '\0';
    if (snprintf(run->folder, PATH_BYTES, "%s/%s", run->out, name) >= PATH_BYTES)
        return false;
    (void)snprintf(run->corpus, sizeof(run->corpus), "%s/corpus", run->folder);
    (void)snprintf(run->findings, sizeof(run->findings), "%s/findings", run->folder);
    return true;
}

/* Rules that the target is known not to keep. */
static enum assay_code read_known(struct fuzz_adapter *run, struct assay_err *err)
{
    const char *path =
        run->expectations_path != NULL ? run->expectations_path : run->target.expectations;
    enum assay_code rc = outcome_init(&run->outcome, LEVEL_MUST, NULL, err);

    if (rc == ASSAY_OK && path != NULL)
        rc = outcome_expectations(&run->outcome, path, err);
    outcome_known_cases(&run->outcome, run->known, ARRAY_LEN(run->known));
    run->options.asking.rules.known = run->known;
    return rc;
}

static enum assay_code begin(struct fuzz_adapter *run, struct adapter_hello *hello,
                             struct assay_err *err)
{
    static const struct instance_options options = {0};
    uint8_t fresh[sizeof(run->options.seed)];
    enum assay_code rc = target_load(&run->target, &run->arena, run->target_path, err);

    if (rc == ASSAY_OK && !target_is_adapter(&run->target))
        rc = assay_fail(err, ASSAY_E_UNSUPPORTED, 0,
                        "%s: interface \"%s\": expected \"adapter\", a library behind one",
                        run->target_path, run->target.interface);
    if (rc == ASSAY_OK && !name_folder(run))
        rc = assay_fail(err, ASSAY_E_TOO_LARGE, 0, "%s: the path is too long", run->out);
    if (rc == ASSAY_OK)
        rc = read_known(run, err);
    if (rc == ASSAY_OK && !run->has_seed) {
        rc = assay_random_system(fresh, sizeof(fresh));
        memcpy(&run->options.seed, fresh, sizeof(fresh));
        if (rc != ASSAY_OK)
            assay_fail(err, rc, 0, "the system gives no random bytes; give a --seed");
    }
    if (rc == ASSAY_OK)
        rc = instance_start(&run->instance, &run->arena, &run->target, &options, err);
    if (rc != ASSAY_OK)
        return rc;
    run->options.asking.adapter = instance_adapter(run->instance);
    return adapter_hello(run->options.asking.adapter, hello, HELLO_MS, err);
}

static int conclude(struct fuzz_adapter *run, const struct adapter_fuzz_result *r,
                    enum assay_code rc, const struct assay_err *err)
{
    print_end(run, r);
    if (fflush(stdout) != 0)
        return cli_wrong(VERB, "the result cannot be printed");
    if (rc != ASSAY_OK)
        return fuzz_failed(VERB, err);
    if (run->err.code != ASSAY_OK)
        return fuzz_failed(VERB, &run->err);
    if (r->findings > 0)
        return 1;
    if (adapter_fuzz_compared(r) > 0)
        return 0;
    cli_wrong(VERB, "nothing was compared: it has no operation of the reference's, or decides "
                    "none of what it was asked");
    return 2;
}

static int fuzz(struct fuzz_adapter *run, struct assay_err *err)
{
    struct adapter_fuzz_result result;
    enum assay_code rc;

    run->options.corpus = run->corpus;
    run->start_ns = run->line_ns = monotonic_ns();
    run->options.until_ns = run->start_ns + (int64_t)run->seconds * SECOND_NS;
    run->options.asking.until_ns = run->options.until_ns;
    rc = adapter_fuzz_run(&result, &run->options, err);
    tell_live_clear(&run->live);
    return conclude(run, &result, rc, err);
}

static int replay(const struct fuzz_adapter *run, struct assay_err *err)
{
    json_error_t where;
    json_t *file = json_load_file(run->replay, JSON_REJECT_DUPLICATES, &where), *found = NULL;
    enum assay_code rc;
    int status;

    if (file == NULL)
        return cli_wrong(VERB, "%s: line %d: %s", run->replay, where.line, where.text);
    rc = adapter_finding_replay(&found, &run->options.asking, file, err);
    if (rc != ASSAY_OK)
        cli_wrong(VERB, "%s: %s", run->replay, err->text);
    else if (found != NULL)
        print_found(found);
    else
        puts("nothing is wrong with the answer");
    status = rc != ASSAY_OK ? EXIT_TROUBLE : found != NULL ? 1 : 0;
    json_decref(found);
    json_decref(file);
    return status;
}

static int carry_out(struct fuzz_adapter *run)
{
    struct adapter_hello hello = {0};
    struct assay_err err = {0};
    int status;

    fuzz_heed_signals();
    if (begin(run, &hello, &err) != ASSAY_OK) {
        status = fuzz_failed(VERB, &err);
    } else {
        run->options.operations = hello.operations;
        status = run->replay != NULL ? replay(run, &err) : fuzz(run, &err);
    }
    json_decref(hello.operations);
    instance_free(run->instance);
    outcome_fini(&run->outcome);
    assay_arena_fini(&run->arena);
    return status;
}

/* ---- options ---- */

enum option_code {
    OPT_ADAPTER = 256,
    OPT_OP,
    OPT_MINUTES,
    OPT_HOURS,
    OPT_RUNS,
    OPT_SEED,
    OPT_TIMEOUT,
    OPT_FINDINGS,
    OPT_GROWTH,
    OPT_MEMORY,
    OPT_STRICT,
    OPT_EXPECTATIONS,
    OPT_OUT,
    OPT_REPLAY,
};

/* Numbers, their bounds, and what one of them counts for. */
static const struct {
    int option;
    const char *name;
    size_t at; /* in struct fuzz_adapter */
    uint64_t least, most, unit;
} numbers[] = {
    {OPT_MINUTES, "--minutes", offsetof(struct fuzz_adapter, seconds), 1, 60000, 60},
    {OPT_HOURS, "--hours", offsetof(struct fuzz_adapter, seconds), 1, 1000, 3600},
    {OPT_RUNS, "--runs", offsetof(struct fuzz_adapter, options.runs), 1, INT64_MAX, 1},
    {OPT_TIMEOUT, "--timeout", offsetof(struct fuzz_adapter, timeout_s), 1, 3600, 1},
    {OPT_FINDINGS, "--findings", offsetof(struct fuzz_adapter, options.findings_max), 1, 100000, 1},
    {OPT_GROWTH, "--growth", offsetof(struct fuzz_adapter, growth_mb), 1, 1 << 20, 1},
    {OPT_MEMORY, "--memory", offsetof(struct fuzz_adapter, memory_mb), 16, 1 << 20, 1},
};

static bool take_number(struct fuzz_adapter *run, int option)
{
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        if (numbers[i].option == option) {
            uint64_t number;

            if (!cli_number(&number, VERB, numbers[i].name, optarg, numbers[i].least,
                            numbers[i].most))
                return false;
            number *= numbers[i].unit;
            memcpy((char *)run + numbers[i].at, &number, sizeof(number));
            return true;
        }
    return false;
}

static bool take_option(void *cls, int option)
{
    struct fuzz_adapter *run = cls;

    switch (option) {
    case OPT_ADAPTER:
        run->target_path = optarg;
        return true;
    case OPT_OP:
        if (run->name_count == ADAPTER_OPERATIONS_MAX) {
            cli_wrong(VERB, "--op: more than %d of them", ADAPTER_OPERATIONS_MAX);
            return false;
        }
        run->names[run->name_count++] = optarg;
        return true;
    case OPT_SEED:
        run->has_seed = true;
        return cli_seed(&run->options.seed, VERB, optarg);
    case OPT_STRICT:
        run->options.asking.rules.strict = true;
        return true;
    case OPT_EXPECTATIONS:
        run->expectations_path = optarg;
        return true;
    case OPT_OUT:
        run->out = optarg;
        return true;
    case OPT_REPLAY:
        run->replay = optarg;
        return true;
    default:
        return take_number(run, option);
    }
}

int fuzz_run_adapter(int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},
        {"adapter", required_argument, NULL, OPT_ADAPTER},
        {"op", required_argument, NULL, OPT_OP},
        {"minutes", required_argument, NULL, OPT_MINUTES},
        {"hours", required_argument, NULL, OPT_HOURS},
        {"runs", required_argument, NULL, OPT_RUNS},
        {"seed", required_argument, NULL, OPT_SEED},
        {"timeout", required_argument, NULL, OPT_TIMEOUT},
        {"findings", required_argument, NULL, OPT_FINDINGS},
        {"growth", required_argument, NULL, OPT_GROWTH},
        {"memory", required_argument, NULL, OPT_MEMORY},
        {"strict", no_argument, NULL, OPT_STRICT},
        {"expectations", required_argument, NULL, OPT_EXPECTATIONS},
        {"out", required_argument, NULL, OPT_OUT},
        {"replay", required_argument, NULL, OPT_REPLAY},
        {NULL, 0, NULL, 0}};
    static struct fuzz_adapter run; /* large */
    int status;

    run = (struct fuzz_adapter){.options = {.asking = {.stop = &fuzz_stop},
                                            .findings_max = 100,
                                            .on_found = on_found,
                                            .on_note = on_note,
                                            .on_run = on_run},
                                .out = OUT_DEFAULT,
                                .timeout_s = 10,
                                .growth_mb = 64,
                                .memory_mb = 2048,
                                .arena = ASSAY_ARENA_INIT((size_t)64 << 20)};
    tell_live_init(&run.live);
    if (fuzz_has_option(argc, argv, "--help")) { /* which --adapter would take for its argument */
        fputs(help, stdout);
        return 0;
    }
    if ((status = fuzz_options(argc, argv, options, help, take_option, &run)) >= 0)
        return status;
    if (optind < argc)
        return cli_wrong(VERB, "\"%s\": what is fuzzed is named by --adapter alone", argv[optind]);
    if (run.seconds == 0)
        run.seconds = run.options.runs > 0 ? UINT64_C(8) * 3600 : MINUTES_DEFAULT * 60;
    run.options.asking.timeout_ms = (int)run.timeout_s * 1000;
    run.options.growth_bytes = run.growth_mb << 20;
    run.options.resident_bytes = run.memory_mb << 20;
    run.options.named = run.names;
    run.options.context = &run;
    return carry_out(&run);
}
