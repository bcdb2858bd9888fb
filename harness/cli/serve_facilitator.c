/* assay serve facilitator: the reference facilitator of scheme exact on Kaspa, correct unless a
 * defect is asked for by name. */
#include "cli/serve_table.h"

#include "server/facilitator.h"

#include <stdio.h>

#define VERB "serve facilitator"

enum { TENANT = KIND_OWN, MODES };

static const struct row rows[] = {
    {"listen", TEXT, FIELD(listen), 0, 0, "ADDR:PORT",
     "default 127.0.0.1:8403; port 0: the system chooses one"},
    {"store", TEXT, FIELD(store), 0, 0, "FILE|memory",
     "where settlements are remembered; memory: one worker, forgets"},
    {"tenant", TENANT, NO_FIELD, 0, 0, "NAME:VAR",
     "who may verify and settle, with the bearer token in that\nvariable, which is wiped; may be "
     "repeated"},
    {"modes", MODES, NO_FIELD, 0, 0, "LIST", "both (default), verify or settle"},
    {"records", NUMBER, FIELD(limits.max_records), 1, ANY, "N",
     "settlements that are kept with their answers (default 10000)"},
    {"accept-wait", NUMBER, FIELD(accept_wait_ms), 0, HOUR_MS, "MS",
     "for the chain to accept a payment (default 5000)"},
    {"quota", NUMBER, FIELD(caller_quota), 0, UINT32_MAX, "N",
     "requests of a tenant in 60 s, and of all who are none; 0: any\n(default 1000)"},
    {"quota-all", NUMBER, FIELD(quota), 0, UINT32_MAX, "N",
     "requests of all of them together in 60 s; 0: any (default 0)"},
    {"caller-running", NUMBER, FIELD(caller_running_max), 0, UINT32_MAX, "N",
     "requests at once of one tenant (default 32)"},
    {"scope-running", NUMBER, FIELD(scope_running_max), 0, UINT32_MAX, "N",
     "and of one payment (default 32)"},
    {"body-max", NUMBER, FIELD(body_max_bytes), 0, 16u << 20, "BYTES",
     "of a request (default 98304)"},
    {"public", FLAG, FIELD(is_public), 0, 0, NULL,
     "may listen, and reach the node, beyond loopback"},
};

struct serve {
    struct kx_server_options server;
    bool wrong; /* said so already */
};

static void help(void)
{
    fputs(
        "usage: assay serve facilitator --store FILE --node URL --tenant NAME:VAR [options]\n\n"
        "Runs the reference facilitator until SIGTERM or SIGINT: GET /supported, and for tenants\n"
        "POST /verify and POST /settle, of scheme exact. Prints one line when it accepts:\n"
        "  ready facilitator http://127.0.0.1:PORT\n"
        "and one line of JSON for each request on stderr.\n\n",
        stdout);
    serve_table_list(rows, ARRAY_LEN(rows));
    fputs(
        "\nWhat did not end by itself is listed and resolved as of a server of its own, beside a\n"
        "running one or without: assay serve kaspa-x402 --recover --store FILE --node URL.\n\n"
        "exit: 0 stopped when told to; 3 usage or trouble\n",
        stdout);
}

static void take(void *cls, const struct row *row, const char *text)
{
    static const char *const modes[] = {"both", "verify", "settle", NULL};
    static const unsigned bits[] = {X402_MODE_VERIFY | X402_MODE_SETTLE, X402_MODE_VERIFY,
                                    X402_MODE_SETTLE};
    struct serve *s = cls;
    struct kx_server_options *o = &s->server;

    if (row->kind == TENANT)
        serve_take_one_of(&s->wrong, VERB, row->name, text, o->principals, &o->principal_count,
                          ARRAY_LEN(o->principals));
    else
        o->modes = bits[serve_word(&s->wrong, VERB, "--modes", text, modes)];
}

int serve_facilitator(int argc, char **argv)
{
    struct serve s = {.server = ref_facilitator_options()};
    const struct serve_table table = {.verb = VERB,
                                      .rows = rows,
                                      .row_count = ARRAY_LEN(rows),
                                      .help = help,
                                      .options = &s.server,
                                      .own = take,
                                      .cls = &s,
                                      .wrong = &s.wrong};
    struct assay_err err = {0};
    char verb[] = VERB;
    int status;

    argv[0] = verb;
    status = serve_table_take(&table, argc, argv);
    if (status >= 0)
        return status;
    if (argc - optind > 1)
        return cli_wrong(VERB, "\"%.60s\" is one word too many", argv[argc - 1]);
    if (kx_server_run(&s.server, &err) != ASSAY_OK)
        return cli_wrong(VERB, "%s", err.text);
    return 0;
}
