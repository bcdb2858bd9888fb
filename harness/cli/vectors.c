/* assay vectors: the files of known answers, made and checked. */
#include "vectors/vectors.h"
#include "cli/cli.h"

#include <stdio.h>

static const char help[] =
    "usage: assay vectors make|check [--dir DIR]\n\n"
    "Known answers of the reference's operations, one JSON file an operation (docs/vectors.md).\n\n"
    "  make       writes them\n"
    "  check      recomputes them and compares, case by case\n"
    "  --dir DIR  their folder (default: vectors)\n\n"
    "exit: 0 made, or all the same; 1 an answer differs (the first one is named); 3 usage, or a "
    "file cannot be read\n";

static int make(const char *folder)
{
    struct assay_err err = {0};

    if (vectors_make(folder, &err) == ASSAY_OK)
        return 0;
    cli_wrong("vectors", "%s", err.text);
    return err.code == ASSAY_E_MISMATCH ? 1 : EXIT_TROUBLE;
}

static int check(const char *folder)
{
    struct assay_err err = {0};
    size_t count;

    if (vectors_check(&count, folder, &err) == ASSAY_OK) {
        printf("%zu vectors: all as they were\n", count);
        return fflush(stdout) == 0 ? 0 : EXIT_TROUBLE;
    }
    cli_wrong("vectors", "%s", err.text);
    return err.code == ASSAY_E_MISMATCH ? 1 : EXIT_TROUBLE;
}

int cli_vectors(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                            {"dir", required_argument, NULL, 'd'},
                                            {NULL, 0, NULL, 0}};
    const char *folder = "vectors";
    int option;

    while ((option = cli_option(argc, argv, options)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        if (option == '?')
            return EXIT_TROUBLE;
        folder = optarg;
    }
    if (argc - optind == 1 && strcmp(argv[optind], "make") == 0)
        return make(folder);
    if (argc - optind == 1 && strcmp(argv[optind], "check") == 0)
        return check(folder);
    return cli_wrong("vectors", "expected make or check");
}
