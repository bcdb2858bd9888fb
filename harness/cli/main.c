/* assay: finds the verb and hands over to it. */
#include "base/utf8.h"
#include "cli/cli.h"
#include "cli/verbs.h"
#include "run/executor.h"
#include "run/version.h"

#include <stdio.h>

static void help(FILE *out)
{
    const struct cli_verb *verb;

    fprintf(out, "assay: %s\n\n%s\n", cli_title, cli_usage);
    for (size_t i = 0; (verb = cli_verb_at(i)) != NULL; i++)
        fprintf(out, "  %-10s %s\n", verb->name, verb->what);
    fprintf(out, "\n%s", cli_exits);
}

/* The word is anybody's, and escaped as all such text is. */
static int no_verb(const char *word)
{
    struct assay_buf shown = ASSAY_BUF_INIT(4096);

    assay_utf8_add_printable(&shown, assay_bytes_part(assay_str(word), 0, 60));
    fprintf(stderr, "assay: there is no verb \"%s\"; `assay --help` lists them\n",
            assay_buf_ok(&shown) ? assay_buf_cstr(&shown) : "");
    assay_buf_fini(&shown);
    return EXIT_TROUBLE;
}

int main(int argc, char **argv)
{
    const struct cli_verb *verb;

    if (argc < 2) {
        help(stderr);
        return EXIT_TROUBLE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("assay " ASSAY_VERSION);
        return 0;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        help(stdout);
        return 0;
    }
    for (size_t i = 0; (verb = cli_verb_at(i)) != NULL; i++)
        if (strcmp(argv[1], verb->name) == 0)
            return verb->run(argc - 1, argv + 1);
    if (strcmp(argv[1], "worker") == 0) /* re-executed by the executor */
        return executor_worker();
    return no_verb(argv[1]);
}
