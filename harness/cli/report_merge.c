/* assay report merge: shards of one run into one record (run/shards.h). */
#include "cli/report_runs.h"
#include "record/record.h"
#include "run/session.h"
#include "run/shards.h"

#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "usage: assay report merge OUT SHARD... [--replace]\n\n"
    "Puts the records that assay run --shard I/N has written together into one run, in the folder "
    "OUT: what the\n"
    "run would have recorded as a whole. All N are to be named, in any order.\n\n"
    "  --replace          an older record in OUT is removed first\n"
    "\nexit: that of the whole run (0, 1, 2 or 130); 3 where shards cannot be read, or differ in "
    "seed, target,\n"
    "      options or version\n";

/* Reads and checks all before anything is written. */
static int merge(const char *folder, bool replace, char **paths, size_t count, int argc,
                 char **argv)
{
    json_t **runs = calloc(count, sizeof(*runs));
    struct shards shards = {.runs = runs, .names = (const char *const *)paths, .count = count};
    struct assay_err err = {0};
    enum assay_code rc =
        runs != NULL ? ASSAY_OK : assay_fail(&err, ASSAY_E_NOMEM, 0, "out of memory");
    int status = EXIT_TROUBLE;

    for (size_t i = 0; i < count && rc == ASSAY_OK; i++)
        rc = record_read(&runs[i], paths[i], &err);
    if (rc == ASSAY_OK)
        rc = shards_check(&shards, &err);
    if (rc == ASSAY_OK && replace)
        rc = session_remove_record(folder, &err);
    if (rc == ASSAY_OK)
        rc = shards_merge(&status, &shards, folder, argc, argv, &err);
    for (size_t i = 0; i < count && runs != NULL; i++)
        json_decref(runs[i]);
    free(runs);
    if (rc != ASSAY_OK)
        return cli_wrong("report merge", "%s", err.text);
    return cli_show("report merge", folder) ? status : EXIT_TROUBLE;
}

int cli_report_merge(int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'}, {"replace", no_argument, NULL, 'R'}, {NULL, 0, NULL, 0}};
    bool replace = false;
    int option;

    while ((option = cli_option(argc, argv, options)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        if (option != 'R')
            return EXIT_TROUBLE;
        replace = true;
    }
    if (argc - optind < 2)
        return cli_wrong("report merge", "expected a folder and the shards");
    return merge(argv[optind], replace, argv + optind + 1, (size_t)(argc - optind - 1), argc, argv);
}
