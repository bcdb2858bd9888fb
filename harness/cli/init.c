/* assay init: a target file to begin with, made of what a running server says of itself. */
#include "base/utf8.h"
#include "cli/cli.h"
#include "target/survey.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#define ARENA_MAX_BYTES ((size_t)256 << 20)
#define FILE_MAX_BYTES ((size_t)1 << 20)

static const char help[] =
    "usage: assay init URL [options]\n\n"
    "Asks a running server a few honest questions, none of which pays, and writes a target file "
    "with what\n"
    "it learnt; what only a person knows is left in it to be filled in, and listed. A path in the "
    "URL is\n"
    "a priced route.\n\n"
    "  --endpoint ROUTE   a route to ask: PATH, METHOD:PATH or NAME=METHOD:PATH "
    "(paid_post=POST:/buy);\n"
    "                     may be repeated\n"
    "  --out FILE         the target file (default assay-target.json)\n"
    "  --force            write over one that is there\n"
    "  --allow-host HOST  this host may be asked, beside loopback; may be repeated\n\n"
    "exit: 0 written; 2 no route asks for a payment that is known, and nothing is written; 3 usage "
    "or own\n"
    "      trouble\n";

struct init_options {
    const char *out;
    bool force;
    const char *hosts[PLAN_HOSTS_MAX + 1];
    size_t host_count;
};

static bool is_method(const char *text, size_t len)
{
    return len > 0 && len < 16 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") >= len;
}

/* [NAME=][METHOD:]PATH */
static bool take_route(struct survey *s, const char *text)
{
    const char *slash = strchr(text, '/');
    size_t before = slash != NULL ? (size_t)(slash - text) : 0;
    const char *equals = memchr(text, '=', before), *name = NULL, *method = "GET";
    const char *rest = equals != NULL ? equals + 1 : text;
    struct assay_err err = {0};
    bool ok = slash != NULL && strpbrk(slash, " \r\n\t") == NULL;

    if (ok && equals != NULL) {
        name = assay_arena_printf(s->arena, "%.*s", (int)(equals - text), text);
        ok = equals > text && name != NULL;
    }
    if (ok && rest < slash) {
        size_t len = (size_t)(slash - rest);

        ok = rest[len - 1] == ':' && is_method(rest, len - 1) &&
             (method = assay_arena_printf(s->arena, "%.*s", (int)len - 1, rest)) != NULL;
    }
    if (!ok)
        cli_wrong("init",
                  "--endpoint: expected PATH, METHOD:PATH or NAME=METHOD:PATH, found \"%s\"", text);
    else if (survey_add(s, name, method, slash, &err) != ASSAY_OK) {
        cli_wrong("init", "--endpoint: %s", err.text);
        ok = false;
    }
    return ok;
}

/* The base URL, and what is behind it as a route. */
static bool take_url(struct survey *s, const char *text)
{
    const char *host = strstr(text, "://"), *path;
    struct assay_err err = {0};
    struct assay_url url;

    if (host == NULL || assay_url_split(&url, assay_str(text), &err) != ASSAY_OK) {
        cli_wrong("init", "expected a URL like http://127.0.0.1:8080/paid, found \"%s\"", text);
        return false;
    }
    path = host + 3 + strcspn(host + 3, "/?#");
    s->base_url = assay_arena_printf(s->arena, "%.*s", (int)(path - text), text);
    path = assay_arena_printf(s->arena, "%.*s", (int)strcspn(path, "#"), path);
    if (s->base_url == NULL || path == NULL) {
        cli_wrong("init", "out of memory");
        return false;
    }
    return strlen(path) <= 1 || path[0] != '/' || take_route(s, path);
}

/* A line of what the server said: any text, escaped. */
static void print_text(const char *before, const char *text, const char *behind)
{
    struct assay_buf shown = ASSAY_BUF_INIT((size_t)1 << 16);

    assay_utf8_add_printable(&shown, assay_bytes_part(assay_str(text), 0, 200));
    printf("%s%s%s", before, assay_buf_ok(&shown) ? assay_buf_cstr(&shown) : "", behind);
    assay_buf_fini(&shown);
}

static void print_learnt(const struct survey *s, const char *out)
{
    const char *text;

    printf("profile %s\n", s->profile);
    if (s->network != NULL)
        print_text("network ", s->network, "\n");
    for (size_t i = 0; i < s->route_count; i++) {
        print_text("", s->routes[i].name != NULL ? s->routes[i].name : "(not in the file)", "");
        printf(": %s", s->routes[i].method);
        print_text(" ", s->routes[i].target, "");
        printf(" answered %d\n", s->routes[i].status);
    }
    if (s->has_mcp)
        puts("it has tools (MCP)");
    for (size_t i = 0; i < s->document_count; i++)
        printf("it describes itself at %s\n", s->documents[i]);
    print_text("\nwritten: ", out, ". To be filled in, as far as it is so:\n");
    for (size_t i = 0; (text = survey_left(s, i)) != NULL; i++)
        printf("  %s\n", text);
    print_text("\nthen: assay run --target ", out, "\n");
}

static int say_nothing_found(const struct survey *s)
{
    if (s->is_version_one)
        cli_wrong("init",
                  "it offers x402 version 1, which no profile of Assay judges: version 2 is");
    else
        cli_wrong(
            "init",
            "no route that was asked answers 402 with a challenge that is known; name one that "
            "is priced: assay init %s/PATH, or --endpoint POST:/PATH",
            s->base_url);
    return 2;
}

static int carry_out(const struct init_options *o, struct survey *s)
{
    struct assay_buf file = ASSAY_BUF_INIT(FILE_MAX_BYTES);
    struct assay_err err = {0};
    struct stat about;
    enum assay_code rc;

    if (!o->force && (lstat(o->out, &about) == 0 || errno != ENOENT))
        return cli_wrong("init", "%s is there already: name another file with --out, or --force",
                         o->out);
    if ((rc = survey_ask(s, &err)) == ASSAY_OK && s->profile == NULL)
        return say_nothing_found(s);
    if (rc == ASSAY_OK)
        rc = survey_write(&file, s, &err);
    if (rc == ASSAY_OK)
        rc = assay_file_write(o->out, assay_buf_view(&file), &err);
    assay_buf_fini(&file);
    if (rc != ASSAY_OK)
        return cli_wrong("init", "%s", err.text);
    print_learnt(s, o->out);
    return fflush(stdout) == 0 ? 0 : EXIT_TROUBLE;
}

/* 1: go on, 0: help was printed, -1: wrong. */
static int parse(struct init_options *o, struct survey *s, int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                            {"endpoint", required_argument, NULL, 'e'},
                                            {"out", required_argument, NULL, 'o'},
                                            {"force", no_argument, NULL, 'f'},
                                            {"allow-host", required_argument, NULL, 'A'},
                                            {NULL, 0, NULL, 0}};
    int option;

    while ((option = cli_option(argc, argv, options)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        if (option == '?' || (option == 'e' && !take_route(s, optarg)))
            return -1;
        if (option == 'A' && o->host_count == PLAN_HOSTS_MAX) {
            cli_wrong("init", "--allow-host: more than %d of them", PLAN_HOSTS_MAX);
            return -1;
        }
        if (option == 'A')
            o->hosts[o->host_count++] = optarg;
        else if (option == 'f')
            o->force = true;
        else if (option == 'o')
            o->out = optarg;
    }
    if (argc - optind != 1) {
        cli_wrong("init", "expected the URL of a running server");
        return -1;
    }
    return take_url(s, argv[optind]) ? 1 : -1;
}

int cli_init(int argc, char **argv)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_MAX_BYTES);
    struct init_options o = {.out = "assay-target.json"};
    struct survey s = {.arena = &arena, .allowed_hosts = o.hosts};
    int parsed = parse(&o, &s, argc, argv);
    int status = parsed == 1 ? carry_out(&o, &s) : parsed == 0 ? 0 : EXIT_TROUBLE;

    assay_arena_fini(&arena);
    return status;
}
