/* assay fuzz corpus: what is done to the inputs of targets as a whole. */
#include "cli/fuzz.h"
#include "fuzz/corpus.h"

#include <inttypes.h>
#include <stdio.h>

#define VERB "fuzz corpus"

static const char help[] =
    "usage: assay fuzz corpus min [options] [TARGETS]\n"
    "       assay fuzz corpus merge [options] TARGET FOLDERS\n"
    "       assay fuzz corpus export --to DIR [options] [TARGETS]\n"
    "       assay fuzz corpus seed [options] [TARGETS]\n\n"
    "  min      keeps inputs that together reach all that the corpus reached\n"
    "  merge    adds inputs of other folders that reach more: another machine's corpus, AFL++'s "
    "queue\n"
    "  export   copies corpora to DIR/TARGET\n"
    "  seed     adds inputs from the known answers of vectors/\n\n"
    "  --out DIR        the campaign's folder (default out/fuzz)\n"
    "  --engines DIR    a folder of programs fuzz-NAME (again for more; default: fuzz beside this\n"
    "                   program's folder)\n"
    "  --to DIR         of export\n"
    "  --vectors DIR    of seed (default vectors)\n"
    "  --minutes M      of min and merge, a target (default 60)\n"
    "  --timeout S      an input that takes longer is left out, as a finding (default 10)\n"
    "  --memory MIB     so is one that needs more (default 1024)\n"
    "\nexit: 0 done, 3 usage or own trouble (that corpus is as it was), 130 interrupted\n";

enum what { MIN, MERGE, EXPORT, SEED, WHAT__COUNT };
static const char *const words[] = {"min", "merge", "export", "seed"};

struct work {
    enum what what;
    const char *out, *to, *vectors;
    struct fuzz_engines engines;
    struct corpus_rules rules;
    struct campaign campaign;
};

static bool has_seeds(const char *target)
{
    const char *name;

    for (size_t i = 0; (name = corpus_seed_target(i)) != NULL; i++)
        if (strcmp(name, target) == 0)
            return true;
    return false;
}

/* Whether a target that was not named is meant: one that there is something to do for. */
static bool is_meant(const struct work *w, const struct campaign_target *target)
{
    return w->what == SEED ? has_seeds(target->name) : target->has_folder;
}

static enum assay_code do_one(struct work *w, struct campaign_target *target,
                              const char *const *folders, struct assay_err *err)
{
    struct corpus_change change = {0};
    enum assay_code rc = ASSAY_OK;

    switch (w->what) {
    case MIN:
        rc = corpus_min(&change, &w->campaign, target, &w->rules, err);
        break;
    case MERGE:
        rc = corpus_merge(&change, &w->campaign, target, folders, &w->rules, err);
        break;
    case EXPORT:
        rc = corpus_export(&change, &w->campaign, target, w->to, err);
        break;
    case SEED:
        rc = corpus_seed(&change, &w->campaign, target, w->vectors, err);
        break;
    case WHAT__COUNT:
        break;
    }
    if (rc == ASSAY_OK) {
        printf("%s: %" PRIu64 " inputs, %" PRIu64 " before\n", target->name, change.after,
               change.before);
        fflush(stdout);
    }
    return rc;
}

static enum assay_code find(struct campaign_target **target, const struct work *w, const char *name,
                            struct assay_err *err)
{
    *target = campaign_target(&w->campaign, name);
    return *target != NULL
               ? ASSAY_OK
               : assay_fail(err, ASSAY_E_UNKNOWN, 0, "there is no target \"%s\" in %s nor in %s",
                            name, w->out, w->engines.at[0]);
}

/* Of a merge the first name is the target and the others are folders. */
static enum assay_code do_named(struct work *w, const char *const *names, struct assay_err *err)
{
    struct campaign_target *target;
    enum assay_code rc = ASSAY_OK;

    for (size_t i = 0; names[i] != NULL && rc == ASSAY_OK; i++) {
        rc = find(&target, w, names[i], err);
        if (rc == ASSAY_OK)
            rc = do_one(w, target, names + i + 1, err);
        if (w->what == MERGE)
            break;
    }
    return rc;
}

static enum assay_code do_all(struct work *w, struct assay_err *err)
{
    enum assay_code rc = ASSAY_OK;

    for (size_t i = 0; i < w->campaign.count && rc == ASSAY_OK; i++)
        if (is_meant(w, &w->campaign.targets[i]))
            rc = do_one(w, &w->campaign.targets[i], NULL, err);
    return rc;
}

static int carry_out(struct work *w, const char *const *names)
{
    struct assay_err err = {0};
    enum assay_code rc = campaign_open(&w->campaign, w->out, true, &err);
    int status;

    for (size_t i = 0; rc == ASSAY_OK && w->engines.at[i] != NULL; i++)
        rc = campaign_discover(&w->campaign, w->engines.at[i], &err);
    if (rc == ASSAY_OK)
        rc = names[0] != NULL ? do_named(w, names, &err) : do_all(w, &err);
    status = rc == ASSAY_OK ? 0 : fuzz_failed(VERB, &err);
    campaign_close(&w->campaign);
    return status;
}

static bool take_option(void *cls, int option)
{
    struct work *w = cls;
    uint64_t minutes;

    switch (option) {
    case 'o':
        w->out = optarg;
        return true;
    case 'e':
        return fuzz_engines_add(&w->engines, VERB, optarg);
    case 'T':
        w->to = optarg;
        return true;
    case 'v':
        w->vectors = optarg;
        return true;
    case 'm':
        if (!cli_number(&minutes, VERB, "--minutes", optarg, 1, 6000))
            return false;
        w->rules.seconds = 60 * minutes;
        return true;
    case 't':
        return cli_number(&w->rules.timeout_s, VERB, "--timeout", optarg, 1, 3600);
    case 'M':
        return cli_number(&w->rules.memory_mb, VERB, "--memory", optarg, 64, 1 << 20);
    default:
        return false;
    }
}

int fuzz_command_corpus(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                            {"out", required_argument, NULL, 'o'},
                                            {"engines", required_argument, NULL, 'e'},
                                            {"to", required_argument, NULL, 'T'},
                                            {"vectors", required_argument, NULL, 'v'},
                                            {"minutes", required_argument, NULL, 'm'},
                                            {"timeout", required_argument, NULL, 't'},
                                            {"memory", required_argument, NULL, 'M'},
                                            {NULL, 0, NULL, 0}};
    struct work w = {
        .out = FUZZ_OUT_DEFAULT,
        .vectors = "vectors",
        .rules = {.seconds = 3600, .timeout_s = 10, .memory_mb = 1024, .stop = &fuzz_stop}};
    int status;

    if ((status = fuzz_options(argc, argv, options, help, take_option, &w)) >= 0)
        return status;
    while (optind < argc && w.what < WHAT__COUNT && strcmp(argv[optind], words[w.what]) != 0)
        w.what++;
    if (optind == argc || w.what == WHAT__COUNT)
        return cli_wrong(VERB, "expected min, merge, export or seed");
    if (w.what == EXPORT && w.to == NULL)
        return cli_wrong(VERB, "export needs --to DIR");
    if (w.what == MERGE && argc - optind < 3)
        return cli_wrong(VERB, "merge needs a target and the folders to add");
    fuzz_engines_finish(&w.engines);
    fuzz_heed_signals();
    return carry_out(&w, (const char *const *)argv + optind + 1);
}
