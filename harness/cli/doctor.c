/* assay doctor: what this machine can do, and what is missing for the rest. */
#include "cli/cli.h"
#include "fault/clock.h"
#include "fault/supervisor.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] = "usage: assay doctor [--strict]\n\n"
                           "Lists what the scenarios may need beside this program, whether it is "
                           "there, and how to get it.\n"
                           "  --strict           exit 1 when something is missing\n";

static bool in_path(const char *program)
{
    const char *path = getenv("PATH");
    char *copy = path != NULL ? strdup(path) : NULL;
    char *rest = NULL;
    bool found = false;

    for (char *dir = copy != NULL ? strtok_r(copy, ":", &rest) : NULL; dir != NULL && !found;
         dir = strtok_r(NULL, ":", &rest)) {
        char file[4096];

        found = snprintf(file, sizeof file, "%s/%s", dir, program) < (int)sizeof file &&
                access(file, X_OK) == 0;
    }
    free(copy);
    return found;
}

static bool has_clock(struct assay_err *err)
{
    return fault_clock_library(err) != NULL;
}

static bool has_supervisor(struct assay_err *err)
{
    return fault_supervisor_available(err) == ASSAY_OK;
}

static bool has_browser(struct assay_err *err)
{
    if (in_path("chromium") && in_path("chromedriver"))
        return true;
    assay_fail(err, ASSAY_E_MISSING, 0,
               "chromium and chromedriver are not in PATH; packages chromium and chromium-driver");
    return false;
}

int cli_doctor(int argc, char **argv)
{
    static const struct {
        const char *what, *serves;
        bool (*has)(struct assay_err *err);
    } checks[] = {
        {"clock", "scenarios that move a launched target's clock", has_clock},
        {"supervisor", "scenarios that hold, fail or cut off a launched target's durable calls",
         has_supervisor},
        {"browser", "the tests of the HTML report (make check)", has_browser},
    };
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'}, {"strict", no_argument, NULL, 'S'}, {NULL, 0, NULL, 0}};
    bool strict = false, missing = false;
    int option;

    while ((option = cli_option(argc, argv, options)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        if (option == '?')
            return EXIT_TROUBLE;
        strict = true;
    }
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        struct assay_err err = {0};
        bool there = checks[i].has(&err);

        missing = missing || !there;
        printf("%-8s %-11s %s%s%s\n", there ? "there" : "missing", checks[i].what, checks[i].serves,
               there ? "" : ": ", err.text);
    }
    return strict && missing ? 1 : 0;
}
