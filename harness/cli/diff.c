/* assay diff: the reference against a library adapter, on random cases. */
#include "cli/cli.h"
#include "cli/tell.h"

#include "fault/tree.h"
#include "fuzz/diff.h"
#include "reports/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "usage: assay diff [options] -- PROGRAM [ARGS]\n\n"
    "Puts random cases to the reference and to the library adapter PROGRAM, operation by "
    "operation, and cuts\n"
    "every difference down to what it needs. A case is a function of seed, operation and "
    "number.\n\n"
    "  --op NAME          only this operation (again for more; default: all that both have)\n"
    "  --cases N          how many (default 100000)\n"
    "  --seed HEX         up to 16 hex digits (default 1)\n"
    "  --case N           begin with this number; without --cases it is the only one\n"
    "  --keep-going N     stop at the N-th difference that is not like one before it (default 1)\n"
    "  --deadline S       an answer that takes longer is a difference (default 60)\n"
    "  --out DIR          where differences are written, a file each (default out/diff)\n"
    "  --stats            also print how often the reference gave which rule\n"
    "\nexit: 0 no difference, 1 differences, 2 nothing was compared, 3 usage or own trouble\n";

struct diff_run {
    struct diff_options options;
    const char *names[DIFF_OPERATIONS_MAX + 1];
    size_t name_count;
    uint64_t deadline_s;
    const char *folder;
    bool has_first, has_cases, has_stats;
    struct tell_live live;
    int64_t start_ns;
    struct assay_err err; /* the first file that could not be written */
};

/* ---- what is found ---- */

static void add_replay(struct assay_buf *out, const struct diff_run *run, const json_t *found)
{
    const char *operation = json_string_value(json_object_get(found, "operation"));
    const char *seed = json_string_value(json_object_get(found, "seed"));
    json_t *words =
        json_pack("[s,s,s,s,s,s,s]", "assay", "diff", "--op", operation, "--seed", seed, "--case");
    char number[32];

    (void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
                   json_integer_value(json_object_get(found, "case")));
    (void)json_array_append_new(words, json_string(number));
    (void)json_array_append_new(words, json_string("--"));
    for (const char *const *word = run->options.argv; *word != NULL; word++)
        (void)json_array_append_new(words, json_string(*word));
    report_add_command(out, words);
    json_decref(words);
}

static void write_found(struct diff_run *run, const json_t *found)
{
    struct assay_buf path = ASSAY_BUF_INIT(4096);

    if (tell_found(&path, run->folder, found, &run->err) == ASSAY_OK)
        printf("written to %s\n", assay_buf_cstr(&path));
    assay_buf_fini(&path);
}

static void on_found(void *context, const json_t *found)
{
    struct diff_run *run = context;
    struct assay_buf replay = ASSAY_BUF_INIT(1 << 16);
    json_t *whole = json_copy((json_t *)(uintptr_t)found);
    char *text;

    add_replay(&replay, run, found);
    (void)json_object_set_new(whole, "replay", json_string(assay_buf_cstr(&replay)));
    text = json_dumps(whole, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    tell_live_clear(&run->live);
    if (text != NULL && puts(text) >= 0)
        write_found(run, whole);
    fflush(stdout);
    free(text);
    json_decref(whole);
    assay_buf_fini(&replay);
}

/* ---- how far it is ---- */

static void on_case(void *context, const struct diff_result *so_far)
{
    struct diff_run *run = context;

    if (tell_live_is_due(&run->live))
        tell_live_show(&run->live, "%" PRIu64 " of %" PRIu64 " cases, %" PRIu64 " found",
                       diff_compared(so_far), run->options.cases, so_far->found);
}

static void print_counts(const struct diff_result *result)
{
    printf("%-24s %10s %10s %10s %12s %10s %10s\n", "operation", "ok", "refused", "undecided",
           "unsupported", "explained", "differ");
    for (size_t i = 0; i < result->count; i++) {
        const struct diff_count *c = &result->counts[i];

        printf("%-24s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %12" PRIu64 " %10" PRIu64
               " %10" PRIu64 "\n",
               c->operation, c->ok, c->refused, c->undecided, c->unsupported, c->explained,
               c->disagreed);
    }
}

static void print_rules(const struct diff_result *result)
{
    const char *operation, *rule;
    json_t *rules, *count;

    json_object_foreach (result->rules, operation, rules)
        json_object_foreach (rules, rule, count)
            printf("%-24s %-30s %10" JSON_INTEGER_FORMAT "\n", operation, rule,
                   json_integer_value(count));
}

static void print_end(const struct diff_run *run, const struct diff_result *result)
{
    int64_t ms = (monotonic_ns() - run->start_ns) / 1000000;

    print_counts(result);
    if (run->has_stats)
        print_rules(result);
    printf("%" PRIu64 " cases compared with %s %s from case %" PRIu64 " of seed %016" PRIx64
           " in %" PRId64 ".%" PRId64 " s: %" PRIu64 " kinds of difference\n",
           diff_compared(result), result->adapter, result->version, run->options.first,
           run->options.seed, ms / 1000, ms % 1000 / 100, result->found);
}

/* ---- options ---- */

static bool take_option(struct diff_run *run, int option)
{
    struct diff_options *o = &run->options;

    switch (option) {
    case 'p':
        if (run->name_count == DIFF_OPERATIONS_MAX) {
            cli_wrong("diff", "--op: more than %d of them", DIFF_OPERATIONS_MAX);
            return false;
        }
        run->names[run->name_count++] = optarg;
        return true;
    case 'n':
        run->has_cases = true;
        return cli_number(&o->cases, "diff", "--cases", optarg, 1, INT64_MAX);
    case 's':
        return cli_seed(&o->seed, "diff", optarg);
    case 'c':
        run->has_first = true;
        return cli_number(&o->first, "diff", "--case", optarg, 0, INT64_MAX);
    case 'k':
        return cli_number(&o->keep_going, "diff", "--keep-going", optarg, 1, 1000000);
    case 'd':
        return cli_number(&run->deadline_s, "diff", "--deadline", optarg, 1, 3600);
    case 'o':
        run->folder = optarg;
        return true;
    case 't':
        run->has_stats = true;
        return true;
    default:
        return false;
    }
}

static int carry_out(struct diff_run *run)
{
    struct diff_result result;
    struct assay_err err = {0};
    int status;
    enum assay_code rc = diff_run(&result, &run->options, &err);

    tell_live_clear(&run->live);
    if (rc == ASSAY_OK)
        print_end(run, &result);
    status = result.found > 0 ? 1 : diff_compared(&result) == 0 ? 2 : 0;
    diff_result_fini(&result);
    if (rc != ASSAY_OK)
        return cli_wrong("diff", "%s", err.text);
    if (run->err.code != ASSAY_OK)
        return cli_wrong("diff", "%s", run->err.text);
    return fflush(stdout) == 0 ? status : cli_wrong("diff", "the result cannot be printed");
}

int cli_diff(int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},           {"op", required_argument, NULL, 'p'},
        {"cases", required_argument, NULL, 'n'},    {"seed", required_argument, NULL, 's'},
        {"case", required_argument, NULL, 'c'},     {"keep-going", required_argument, NULL, 'k'},
        {"deadline", required_argument, NULL, 'd'}, {"out", required_argument, NULL, 'o'},
        {"stats", no_argument, NULL, 't'},          {NULL, 0, NULL, 0}};
    struct diff_run run = {.options = {.seed = 1, .cases = 100000, .keep_going = 1},
                           .deadline_s = 60,
                           .folder = "out/diff",
                           .start_ns = monotonic_ns()};
    int option;

    tell_live_init(&run.live);
    while ((option = cli_option(argc, argv, options)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        if (!take_option(&run, option))
            return EXIT_TROUBLE;
    }
    if (optind == argc)
        return cli_wrong("diff", "expected the adapter's program");
    if (run.has_first && !run.has_cases)
        run.options.cases = 1;
    run.options.argv = (const char *const *)argv + optind;
    run.options.operations = run.names;
    run.options.deadline_ms = (int)run.deadline_s * 1000;
    run.options.on_found = on_found;
    run.options.on_case = on_case;
    run.options.context = &run;
    return carry_out(&run);
}
