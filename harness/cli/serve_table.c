/* Options by a table: listed, and taken into their fields; see serve_table.h. */
#include "cli/serve_table.h"

#include <assert.h>
#include <stdio.h>

enum { FIRST_CODE = 256, ROWS_MAX = 128 };

/* Those that are the same for every one of these servers. */
static const struct row shared[] = {
    {"workers", NUMBER, FIELD(workers), 1, KX_SERVER_WORKERS_MAX, "N",
     "processes that share socket and store (default 2)"},
    {"node", TEXT, FIELD(node), 0, 0, "URL", "node RPC as JSON, ws://127.0.0.1:18210"},
    {"network", TEXT, FIELD(network), 0, 0, "NAME",
     "kaspa:testnet-10 (default), or kaspa:mainnet with --mainnet"},
    {"mainnet", FLAG, FIELD(mainnet), 0, 0, NULL, "coins that have value may be paid"},
    {"finality", FINALITY, FIELD(finality), 0, 0, "NAME", "accepted (default) or confirmed"},
    {"confirmations", NUMBER, FIELD(confirmations), 1, 1000000, "N",
     "that confirmed means (default 30)"},
    {"fee-max", NUMBER, FIELD(fee_max), 0, ANY, "SOMPI", "of a payment (default 100000000)"},
    {"store-bytes", NUMBER, FIELD(limits.max_bytes), 1, ANY, "BYTES",
     "of all that is kept (default 536870912)"},
    {"payer-records", NUMBER, FIELD(limits.max_per_payer), 1, ANY, "N",
     "kept of one payer (default 1000)"},
    {"retention", NUMBER, FIELD(limits.retention_ms), 1, INT64_MAX, "MS",
     "how long an answer can be had again (default 86400000)"},
    {"sweep", NUMBER, FIELD(sweep_every_ms), 1, INT64_MAX, "MS",
     "how often what is past its time is removed (default 60000)"},
    {"poll", NUMBER, FIELD(poll_ms), 1, HOUR_MS, "MS",
     "between looks at the chain for a payment (default 250)"},
    {"node-deadline", NUMBER, FIELD(node_deadline_ms), 1, HOUR_MS, "MS",
     "for the node's answer to a question (default 10000)"},
    {"node-lag", NUMBER, FIELD(node_max_lag_ms), 0, INT64_MAX, "MS",
     "that the node's chain may stand behind the clock; 0: any\n(default 600000)"},
    {"node-questions", NUMBER, FIELD(node_questions_max), 1, 4096, "N",
     "that a worker asks at once (default 16)"},
    {"running", NUMBER, FIELD(running_max), 0, UINT32_MAX, "N",
     "requests at once, of all workers; 0: any (default 64)"},
    {"connections", NUMBER, FIELD(connection_max), 1, 4096, "N",
     "of one worker; more wait (default 256)"},
    {"read-deadline", NUMBER, FIELD(read_deadline_ms), 1, HOUR_MS, "MS",
     "for a whole request to arrive (default 10000)"},
    {"stop-deadline", NUMBER, FIELD(stop_deadline_ms), 0, HOUR_MS, "MS",
     "for running requests, once told to stop (default 10000)"},
    {"defect", DEFECT, NO_FIELD, 0, 0, "NAME",
     "switch on a seeded defect; may be repeated (assay list defects)"},
};

static void list_row(const struct row *row)
{
    const char *text = row->help, *end = strchr(text, '\n');
    char option[48];

    (void)snprintf(option, sizeof(option), "--%s%s%s", row->name, row->argument != NULL ? " " : "",
                   row->argument != NULL ? row->argument : "");
    printf("  %-27s %.*s\n", option, end != NULL ? (int)(end - text) : (int)strlen(text), text);
    if (end != NULL)
        printf("  %-27s %s\n", "", end + 1);
}

void serve_table_list(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].help != NULL)
            list_row(&rows[i]);
    putchar('\n');
    for (size_t i = 0; i < ARRAY_LEN(shared); i++)
        list_row(&shared[i]);
}

void serve_take_one_of(bool *wrong, const char *verb, const char *what, const char *text,
                       const char **list, size_t *count, size_t room)
{
    if (*count < room) {
        list[(*count)++] = text;
        return;
    }
    cli_wrong(verb, "--%s: %zu at most", what, room);
    *wrong = true;
}

static void take_number(const struct serve_table *t, const struct row *row, const char *text)
{
    char option[48];
    uint64_t wide;
    uint32_t narrow;

    (void)snprintf(option, sizeof(option), "--%s", row->name);
    wide = serve_number(t->wrong, t->verb, option, text, row->least, row->most);
    narrow = (uint32_t)wide;
    if (row->size == sizeof(wide))
        memcpy((char *)t->options + row->offset, &wide, sizeof(wide));
    else
        memcpy((char *)t->options + row->offset, &narrow, sizeof(narrow));
}

static void take(const struct serve_table *t, const struct row *row, const char *text)
{
    static const char *const finalities[] = {"accepted", "confirmed", NULL};
    struct kx_server_options *o = t->options;

    switch (row->kind) {
    case TEXT:
        memcpy((char *)o + row->offset, &text, sizeof(text));
        break;
    case FLAG:
        *((char *)o + row->offset) = true;
        break;
    case NUMBER:
        take_number(t, row, text);
        break;
    case FINALITY:
        o->finality = serve_word(t->wrong, t->verb, "--finality", text, finalities) == 0
                          ? KX_FINALITY_ACCEPTED
                          : KX_FINALITY_CONFIRMED;
        break;
    case DEFECT:
        serve_switch_on(t->wrong, t->verb, text);
        break;
    default:
        t->own(t->cls, row, text);
        break;
    }
}

static const struct row *row_at(const struct serve_table *t, size_t i)
{
    return i < t->row_count ? &t->rows[i] : &shared[i - t->row_count];
}

int serve_table_take(const struct serve_table *t, int argc, char **argv)
{
    struct option options[ROWS_MAX + 2] = {{0}};
    size_t count = t->row_count + ARRAY_LEN(shared);
    int option;

    assert(count <= ROWS_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct row *row = row_at(t, i);

        options[i] =
            (struct option){row->name, row->argument != NULL ? required_argument : no_argument,
                            NULL, FIRST_CODE + (int)i};
    }
    options[count] = (struct option){"help", no_argument, NULL, 'h'};
    while ((option = cli_option(argc, argv, options)) != -1) {
        if (option == '?')
            return EXIT_TROUBLE;
        if (option == 'h') {
            t->help();
            return 0;
        }
        take(t, row_at(t, (size_t)(option - FIRST_CODE)), optarg);
        if (*t->wrong)
            return EXIT_TROUBLE;
    }
    return -1;
}
