/* assay serve: the reference servers. The table of their profiles, and what their options share. */
#include "cli/serve.h"

#include "defects/defects.h"

#include <stdio.h>

static const struct server {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *what;
} servers[] = {
    {"paid-tools", serve_paid_tools,
     "HTTP routes and MCP tools for a proof that a secret verifies"},
    {"kaspa-x402", serve_kaspa, "HTTP routes and MCP tools for payments by x402"},
    {"facilitator", serve_facilitator, "verifies and settles Kaspa transactions for others"},
};

static void help(void)
{
    fputs("usage: assay serve PROFILE [options]\n\n"
          "Runs the reference server of a profile until SIGTERM or SIGINT.\n\n",
          stdout);
    for (size_t i = 0; i < ARRAY_LEN(servers); i++)
        printf("  %-11s  %s\n", servers[i].name, servers[i].what);
    fputs("\nEach has --help.\n", stdout);
}

uint64_t serve_number(bool *wrong, const char *verb, const char *option, const char *text,
                      uint64_t least, uint64_t most)
{
    uint64_t value = 0;

    *wrong = !cli_number(&value, verb, option, text, least, most) || *wrong;
    return value;
}

unsigned serve_word(bool *wrong, const char *verb, const char *option, const char *text,
                    const char *const *words)
{
    for (unsigned i = 0; words[i] != NULL; i++)
        if (strcmp(text, words[i]) == 0)
            return i;
    cli_wrong(verb, "%s: \"%.60s\" is not one of those that --help lists", option, text);
    *wrong = true;
    return 0;
}

void serve_switch_on(bool *wrong, const char *verb, const char *name)
{
    struct assay_err err = {0};

    if (ref_defect_switch_on(assay_str(name), &err) == ASSAY_OK)
        return;
    cli_wrong(verb, "--defect %.80s: %s", name, err.text);
    *wrong = true;
}

int cli_serve(int argc, char **argv)
{
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        help();
        return 0;
    }
    for (size_t i = 0; argc > 1 && i < ARRAY_LEN(servers); i++)
        if (strcmp(argv[1], servers[i].name) == 0)
            return servers[i].run(argc, argv);
    return cli_wrong("serve",
                     "name a profile to serve first: paid-tools, kaspa-x402 or facilitator");
}
