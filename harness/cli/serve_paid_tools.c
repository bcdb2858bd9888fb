/* assay serve paid-tools: its reference server, correct unless a defect is asked for by name. */
#include "cli/serve.h"

#include "server/paid_tools.h"

#include <stdio.h>

enum option_code {
    OPTION_LISTEN = 256,
    OPTION_STORE,
    OPTION_WORKERS,
    OPTION_ORIGIN,
    OPTION_SECRET_ENV,
    OPTION_RULES,
    OPTION_WIRE,
    OPTION_PRICE,
    OPTION_TTL,
    OPTION_KEY_TTL,
    OPTION_SWEEP,
    OPTION_RATE,
    OPTION_BODY_MAX,
    OPTION_CONNECTIONS,
    OPTION_READ_DEADLINE,
    OPTION_ORIGIN_DEADLINE,
    OPTION_STOP_DEADLINE,
    OPTION_DEFECT,
    OPTION_DEV,
    OPTION_PUBLIC,
};

static const struct option long_options[] = {
    {"listen", required_argument, NULL, OPTION_LISTEN},
    {"store", required_argument, NULL, OPTION_STORE},
    {"workers", required_argument, NULL, OPTION_WORKERS},
    {"origin", required_argument, NULL, OPTION_ORIGIN},
    {"secret-env", required_argument, NULL, OPTION_SECRET_ENV},
    {"rules", required_argument, NULL, OPTION_RULES},
    {"wire", required_argument, NULL, OPTION_WIRE},
    {"price", required_argument, NULL, OPTION_PRICE},
    {"ttl", required_argument, NULL, OPTION_TTL},
    {"key-ttl", required_argument, NULL, OPTION_KEY_TTL},
    {"sweep", required_argument, NULL, OPTION_SWEEP},
    {"rate", required_argument, NULL, OPTION_RATE},
    {"body-max", required_argument, NULL, OPTION_BODY_MAX},
    {"connections", required_argument, NULL, OPTION_CONNECTIONS},
    {"read-deadline", required_argument, NULL, OPTION_READ_DEADLINE},
    {"origin-deadline", required_argument, NULL, OPTION_ORIGIN_DEADLINE},
    {"stop-deadline", required_argument, NULL, OPTION_STOP_DEADLINE},
    {"defect", required_argument, NULL, OPTION_DEFECT},
    {"dev", no_argument, NULL, OPTION_DEV},
    {"public", no_argument, NULL, OPTION_PUBLIC},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static void help(void)
{
    fputs(
        "usage: assay serve paid-tools --store FILE [options]\n\n"
        "Runs the reference server until SIGTERM or SIGINT. Prints one line when it accepts:\n"
        "  ready paid-tools http://127.0.0.1:PORT\n"
        "and one line of JSON for each request on stderr. It sells GET /weather, /report, "
        "/files/NAME,\n"
        "/html, /empty and /binary and POST /action for 0.001, GET /forecast for 0.002 and GET "
        "/gold for\n"
        "1.00; GET /free is free.\n\n"
        "  --listen ADDR:PORT    default 127.0.0.1:8402; port 0: the system chooses one\n"
        "  --store FILE|memory   where spent payments are remembered; memory: one worker, forgets\n"
        "  --workers N           processes that share socket and store, 1 to 64 (default 2)\n"
        "  --origin URL          the protected handler; without it a built-in one echoes\n"
        "  --secret-env NAME     variable that holds the secret of 32 or more bytes\n"
        "                        (default ASSAY_SECRET); it is wiped once it was read\n"
        "  --rules base|hardened default hardened\n"
        "  --wire toolkit|coinbase|dual\n"
        "                        form of the challenge: body, header or both (default toolkit)\n"
        "  --price AMOUNT        of everything that is priced (default: each thing its own)\n"
        "  --ttl S               life of a challenge (default 300)\n"
        "  --key-ttl S           life of an answer kept under its Idempotency-Key (default 3600)\n"
        "  --sweep S             how often what is past its time is removed (default 60)\n"
        "  --rate N              requests a second for all workers; above: 429 (default no limit)\n"
        "  --body-max BYTES      of a request (default 1048576)\n"
        "  --connections N       of one worker; more wait (default 256)\n"
        "  --read-deadline MS    for a whole request to arrive (default 10000)\n"
        "  --origin-deadline MS  for the origin's whole answer (default 30000)\n"
        "  --stop-deadline MS    for running requests, once told to stop (default 10000)\n"
        "  --dev                 a short secret may be used; unset: the public default one\n"
        "  --public              may listen, and reach an origin, beyond loopback\n"
        "  --defect NAME         switch on a seeded defect; may be repeated (assay list "
        "defects)\n",
        stdout);
}

struct serve {
    struct pt_server_options server;
    bool wrong; /* said so already */
};

static uint64_t number(struct serve *s, const char *option, const char *text, uint64_t least,
                       uint64_t most)
{
    return serve_number(&s->wrong, "serve", option, text, least, most);
}

static unsigned word(struct serve *s, const char *option, const char *text,
                     const char *const *words)
{
    return serve_word(&s->wrong, "serve", option, text, words);
}

static void take_limit(struct serve *s, int option, const char *text)
{
    struct pt_server_options *o = &s->server;

    if (option == OPTION_TTL)
        o->ttl_ms = (int64_t)number(s, "--ttl", text, 1, 86400) * 1000;
    else if (option == OPTION_KEY_TTL)
        o->key_ttl_ms = (int64_t)number(s, "--key-ttl", text, 1, 604800) * 1000;
    else if (option == OPTION_SWEEP)
        o->sweep_every_ms = (int64_t)number(s, "--sweep", text, 1, 86400) * 1000;
    else if (option == OPTION_RATE)
        o->rate_per_second = (uint32_t)number(s, "--rate", text, 0, 1000000);
    else if (option == OPTION_BODY_MAX)
        o->body_max_bytes = (size_t)number(s, "--body-max", text, 0, REF_STORE_BODY_MAX_BYTES);
    else if (option == OPTION_CONNECTIONS)
        o->connection_max = (unsigned)number(s, "--connections", text, 1, 4096);
    else if (option == OPTION_READ_DEADLINE)
        o->read_deadline_ms = (int64_t)number(s, "--read-deadline", text, 1, 3600000);
    else if (option == OPTION_ORIGIN_DEADLINE)
        o->origin_deadline_ms = (int64_t)number(s, "--origin-deadline", text, 1, 3600000);
    else
        o->stop_deadline_ms = (int64_t)number(s, "--stop-deadline", text, 0, 3600000);
}

static void take(struct serve *s, int option, const char *text)
{
    static const char *const rules[] = {"base", "hardened", NULL};
    static const char *const wires[] = {"toolkit", "coinbase", "dual", NULL};
    struct pt_server_options *o = &s->server;

    if (option == OPTION_LISTEN)
        o->listen = text;
    else if (option == OPTION_STORE)
        o->store = text;
    else if (option == OPTION_WORKERS)
        o->workers = (unsigned)number(s, "--workers", text, 1, PT_SERVER_WORKERS_MAX);
    else if (option == OPTION_ORIGIN)
        o->origin = text;
    else if (option == OPTION_SECRET_ENV)
        o->secret_env = text;
    else if (option == OPTION_RULES)
        o->rules = (enum pt_rules)word(s, "--rules", text, rules);
    else if (option == OPTION_WIRE)
        o->wire = (enum pt_wire)word(s, "--wire", text, wires);
    else if (option == OPTION_PRICE)
        o->price = text;
    else if (option == OPTION_DEFECT)
        serve_switch_on(&s->wrong, "serve", text);
    else if (option == OPTION_DEV)
        o->dev = true;
    else if (option == OPTION_PUBLIC)
        o->is_public = true;
    else
        take_limit(s, option, text);
}

int serve_paid_tools(int argc, char **argv)
{
    struct serve s = {.server = PT_SERVER_OPTIONS_DEFAULT};
    struct assay_err err = {0};
    int option;

    while ((option = cli_option(argc, argv, long_options)) != -1) {
        if (option == '?')
            return EXIT_TROUBLE;
        if (option == 'h') {
            help();
            return 0;
        }
        take(&s, option, optarg);
        if (s.wrong)
            return EXIT_TROUBLE;
    }
    if (optind + 1 != argc || strcmp(argv[optind], "paid-tools") != 0)
        return cli_wrong("serve", "name one profile to serve: paid-tools or kaspa-x402");
    if (s.server.store == NULL)
        return cli_wrong("serve", "--store is missing: name a file, or memory");
    if (pt_server_run(&s.server, &err) != ASSAY_OK)
        return cli_wrong("serve", "%s", err.text);
    return 0;
}
