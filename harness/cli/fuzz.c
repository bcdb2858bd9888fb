/* assay fuzz: its commands, and what they share. */
#include "cli/fuzz.h"

#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

volatile sig_atomic_t fuzz_stop;

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *what;
} commands[] = {
    {"run", fuzz_command_run, "fuzz every target for hours, from where the last run stopped"},
    {"triage", fuzz_command_triage, "reproduce, cut down and sort what was found"},
    {"corpus", fuzz_command_corpus, "cut down, join, copy out or seed the inputs of targets"},
    {"report", fuzz_command_report, "how it went and what to do next, as a page or as lines"},
    {"prove", fuzz_command_prove, "which planted faults the targets find, and how soon"},
};

static void help(FILE *out)
{
    fputs("usage: assay fuzz COMMAND [options]\n\n", out);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].what);
    fputs("\nEach command has --help; docs/fuzzing.md tells how a night of it goes.\n", out);
}

int cli_fuzz(int argc, char **argv)
{
    char verb[32];

    if (argc < 2) {
        help(stderr);
        return EXIT_TROUBLE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        help(stdout);
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(argv[1], commands[i].name) == 0) {
            (void)snprintf(verb, sizeof(verb), "fuzz %s", commands[i].name);
            argv[1] = verb;
            return commands[i].run(argc - 1, argv + 1);
        }
    return cli_wrong("fuzz", "there is no command \"%s\"", argv[1]);
}

int fuzz_options(int argc, char **argv, const struct option *options, const char *text,
                 bool (*take)(void *cls, int option), void *cls)
{
    int option;

    while ((option = cli_option(argc, argv, options)) != -1) {
        if (option == 'h') {
            fputs(text, stdout);
            return 0;
        }
        if (!take(cls, option))
            return EXIT_TROUBLE;
    }
    return -1;
}

bool fuzz_has_option(int argc, char **argv, const char *option)
{
    size_t len = strlen(option);

    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strncmp(argv[i], option, len) == 0 && (argv[i][len] == '\0' || argv[i][len] == '='))
            return true;
    return false;
}

/* ---- engines ---- */

bool fuzz_engines_add(struct fuzz_engines *engines, const char *verb, const char *folder)
{
    if (engines->count == FUZZ_ENGINES_MAX) {
        cli_wrong(verb, "--engines: more than %d of them", FUZZ_ENGINES_MAX);
        return false;
    }
    engines->at[engines->count++] = folder;
    return true;
}

void fuzz_engines_finish(struct fuzz_engines *engines)
{
    static const char *const variants[] = {"fuzz", "afl", "cmplog", "mutator"};
    char self[4000];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    const char *build;

    if (engines->count > 0)
        return;
    self[len > 0 ? len : 0] = '\0';
    build = dirname(dirname(self)); /* build/debug/assay: build */
    for (size_t i = 0; i < ARRAY_LEN(variants); i++) {
        (void)snprintf(engines->room[i], sizeof(engines->room[i]), "%s/%s", build, variants[i]);
        engines->at[engines->count++] = engines->room[i];
    }
}

/* ---- how it ends ---- */

static void on_signal(int signal)
{
    (void)signal;
    fuzz_stop = 1;
}

void fuzz_heed_signals(void)
{
    struct sigaction stop = {.sa_handler = on_signal};

    (void)sigaction(SIGINT, &stop, NULL);
    (void)sigaction(SIGTERM, &stop, NULL);
}

int fuzz_failed(const char *verb, const struct assay_err *err)
{
    cli_wrong(verb, "%s", err->text);
    return err->code == ASSAY_E_INTERRUPTED ? 130 : EXIT_TROUBLE;
}
