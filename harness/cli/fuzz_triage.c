/* assay fuzz triage: what was found, a line each. */
#include "base/utf8.h"
#include "cli/fuzz.h"
#include "fuzz/engine_log.h"
#include "fuzz/triage.h"

#include <stdio.h>
#include <stdlib.h>

#define VERB "fuzz triage"

static const char help[] =
    "usage: assay fuzz triage [options] [TARGETS]\n\n"
    "Repeats every finding of a campaign, sorts them by what failed (the claim, or the innermost "
    "functions of ours),\n"
    "and cuts one of each sort down to what it needs. DIR/triage.json has all of it.\n\n"
    "  --out DIR        the campaign's folder (default out/fuzz)\n"
    "  --engines DIR    a folder of programs fuzz-NAME (again for more; default: fuzz beside this\n"
    "                   program's folder)\n"
    "  --write          one of each sort becomes a seed, SOURCES/seeds/NAME/KIND-HASH, which `make "
    "check` replays\n"
    "  --sources DIR    where the seeds go (default fuzz)\n"
    "  --tries N        how often each is repeated (default 3)\n"
    "  --minimise S     seconds for one of each sort (default 20; 0: none is cut down)\n"
    "  --timeout S      one input that takes longer has failed (default 10)\n"
    "  --memory MIB     so has one that needs more (default 1024)\n"
    "  --json           print DIR/triage.json instead of lines\n"
    "\nexit: 0 nothing fails (any more), 1 something does, 3 usage or own trouble, 130 "
    "interrupted\n";

static const char *text(const json_t *finding, const char *member)
{
    const char *value = json_string_value(json_object_get(finding, member));

    return value != NULL ? value : "";
}

static void print_hostile(const char *value)
{
    struct assay_buf shown = ASSAY_BUF_INIT(1 << 16);

    assay_utf8_add_printable(&shown, assay_str(value));
    fputs(assay_buf_ok(&shown) ? assay_buf_cstr(&shown) : "", stdout);
    assay_buf_fini(&shown);
}

static void print_finding(const json_t *finding)
{
    const json_t *cut = json_object_get(finding, "minimalBytes");
    json_int_t bytes = json_integer_value(json_object_get(finding, "bytes"));

    printf("%s %s: %s, %s: ", text(finding, "target"), text(finding, "name"), text(finding, "kind"),
           triage_repeats(finding));
    print_hostile(text(finding, "key"));
    printf("; %" JSON_INTEGER_FORMAT " bytes", bytes);
    if (cut != NULL)
        printf(", cut to %" JSON_INTEGER_FORMAT, json_integer_value(cut));
    if (!triage_is_first(finding))
        printf("; as %s", text(finding, "sameAs"));
    if (json_object_get(finding, "seed") != NULL)
        printf("; written to %s", text(finding, "seed"));
    putchar('\n');
}

static void print_all(const json_t *result, size_t *sorts, size_t *failing)
{
    const json_t *finding, *findings = json_object_get(result, "findings");
    size_t i;

    json_array_foreach (findings, i, finding) {
        bool fails = strcmp(triage_repeats(finding), "never") != 0;

        print_finding(finding);
        *sorts += triage_is_first(finding);
        *failing += triage_is_first(finding) && fails;
    }
    printf("%zu findings of %zu sorts, of which %zu fail now\n", json_array_size(findings), *sorts,
           *failing);
}

static int carry_out(const struct triage_options *options, bool is_json)
{
    struct assay_err err = {0};
    json_t *result = NULL;
    size_t sorts = 0, failing = 0;
    enum assay_code rc = triage_run(&result, options, &err);
    char *dump = is_json ? json_dumps(result, JSON_INDENT(2) | JSON_ENSURE_ASCII) : NULL;

    if (is_json) {
        const json_t *finding;
        size_t i;

        json_array_foreach (json_object_get(result, "findings"), i, finding)
            failing += strcmp(triage_repeats(finding), "never") != 0;
        puts(dump != NULL ? dump : "");
    } else {
        print_all(result, &sorts, &failing);
    }
    free(dump);
    json_decref(result);
    if (rc != ASSAY_OK)
        return fuzz_failed(VERB, &err);
    if (fflush(stdout) != 0)
        return cli_wrong(VERB, "the result cannot be printed");
    return failing > 0 ? 1 : 0;
}

/* What the options say; the engines they name are filled in at their end. */
struct wanted {
    struct triage_options options;
    struct fuzz_engines engines;
    bool is_json;
};

static bool take_option(void *cls, int option)
{
    struct wanted *w = cls;
    struct triage_options *o = &w->options;

    switch (option) {
    case 'o':
        o->out = optarg;
        return true;
    case 'e':
        return fuzz_engines_add(&w->engines, VERB, optarg);
    case 'w':
        o->writes = true;
        return true;
    case 's':
        o->sources = optarg;
        return true;
    case 'n':
        return cli_number(&o->tries, VERB, "--tries", optarg, 1, 1000);
    case 'm':
        return cli_number(&o->minimise_s, VERB, "--minimise", optarg, 0, 3600);
    case 't':
        return cli_number(&o->timeout_s, VERB, "--timeout", optarg, 1, 3600);
    case 'M':
        return cli_number(&o->memory_mb, VERB, "--memory", optarg, 64, 1 << 20);
    case 'j':
        w->is_json = true;
        return true;
    default:
        return false;
    }
}

int fuzz_command_triage(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                            {"out", required_argument, NULL, 'o'},
                                            {"engines", required_argument, NULL, 'e'},
                                            {"write", no_argument, NULL, 'w'},
                                            {"sources", required_argument, NULL, 's'},
                                            {"tries", required_argument, NULL, 'n'},
                                            {"minimise", required_argument, NULL, 'm'},
                                            {"timeout", required_argument, NULL, 't'},
                                            {"memory", required_argument, NULL, 'M'},
                                            {"json", no_argument, NULL, 'j'},
                                            {NULL, 0, NULL, 0}};
    struct wanted w = {.options = {.out = FUZZ_OUT_DEFAULT,
                                   .sources = FUZZ_SOURCES_DEFAULT,
                                   .tries = 3,
                                   .minimise_s = 20,
                                   .timeout_s = 10,
                                   .memory_mb = 1024,
                                   .stop = &fuzz_stop}};
    int status;

    if ((status = fuzz_options(argc, argv, options, help, take_option, &w)) >= 0)
        return status;
    fuzz_engines_finish(&w.engines);
    w.options.engines = w.engines.at;
    w.options.names = (const char *const *)argv + optind;
    fuzz_heed_signals();
    return carry_out(&w.options, w.is_json);
}
