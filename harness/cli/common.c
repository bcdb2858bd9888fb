/* What the verbs share: option errors, numbers, the options of every verb that runs cases. */
#include "cli/cli.h"

#include "base/hex.h"
#include "base/utf8.h"
#include "record/record.h"
#include "reports/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SECRET_BYTES 24

/* Arguments, files and answers are quoted in these texts, and any of them may be hostile. */
int cli_wrong(const char *verb, const char *format, ...)
{
    struct assay_buf shown = ASSAY_BUF_INIT((size_t)1 << 20);
    char text[2 * ASSAY_ERR_TEXT_MAX_BYTES];
    va_list args;
    int len;

    fflush(stdout);
    va_start(args, format);
    len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (len < 0)
        text[0] = '\0';
    assay_utf8_add_printable(&shown, assay_str(text));
    fprintf(stderr, "assay %s: %s (assay %s --help)\n", verb,
            assay_buf_ok(&shown) ? assay_buf_cstr(&shown) : "", verb);
    assay_buf_fini(&shown);
    return EXIT_TROUBLE;
}

int cli_option(int argc, char **argv, const struct option *options)
{
    int option;

    opterr = 0;
    option = getopt_long(argc, argv, ":h", options, NULL);
    if (option == ':') {
        cli_wrong(argv[0], "%s needs an argument", argv[optind - 1]);
        return '?';
    }
    if (option == '?' && optopt != 0 && optopt < 256)
        cli_wrong(argv[0], "there is no option -%c", optopt);
    else if (option == '?') /* a long one, which has been passed by now */
        cli_wrong(argv[0], "there is no option %s", argv[optind - 1]);
    return option;
}

bool cli_number(uint64_t *out, const char *verb, const char *option, const char *text,
                uint64_t least, uint64_t most)
{
    char *end;

    errno = 0;
    *out = strtoull(text, &end, 10);
    if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && *out >= least &&
        *out <= most)
        return true;
    cli_wrong(verb, "%s: expected a number from %" PRIu64 " to %" PRIu64 ", found \"%s\"", option,
              least, most, text);
    return false;
}

bool cli_seed(uint64_t *out, const char *verb, const char *text)
{
    size_t len = strlen(text);

    *out = strtoull(text, NULL, 16);
    if (len > 0 && len <= 16 && strspn(text, "0123456789abcdefABCDEF") == len)
        return true;
    cli_wrong(verb, "--seed: expected up to 16 hex digits, found \"%s\"", text);
    return false;
}

static bool seed_of(struct cli_running *running, const char *verb, const char *text)
{
    uint8_t bytes[8];

    if (assay_hex_decode(bytes, sizeof bytes, assay_str(text), false) != ASSAY_OK) {
        cli_wrong(verb, "--seed: expected 16 hex digits, found \"%s\"", text);
        return false;
    }
    running->seed = 0;
    for (size_t i = 0; i < sizeof bytes; i++)
        running->seed = running->seed << 8 | bytes[i];
    running->seed_set = true;
    return true;
}

int cli_running_option(struct cli_running *running, const char *verb, int option,
                       const char *argument)
{
    switch (option) {
    case 'o' + 256:
        running->out = argument;
        return 1;
    case 'r' + 256:
        running->replace = true;
        return 1;
    case 's' + 256:
        return seed_of(running, verb, argument) ? 1 : -1;
    case 'j' + 256:
        return cli_number(&running->jobs, verb, "--jobs", argument, 1, 8) ? 1 : -1;
    case 't' + 256:
        return cli_number(&running->time_limit_s, verb, "--time-limit", argument, 1, 86400) ? 1
                                                                                            : -1;
    default:
        return 0;
    }
}

static enum assay_code fresh_folder(struct cli_running *running, struct assay_err *err)
{
    time_t now = time(NULL);
    struct tm utc;
    char stamp[32];

    if (gmtime_r(&now, &utc) == NULL || strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &utc) == 0 ||
        snprintf(running->out_room, sizeof running->out_room, "out/runs/%s-%08" PRIx64, stamp,
                 running->seed & 0xffffffff) >= (int)sizeof running->out_room)
        return assay_fail(err, ASSAY_E_IO, 0, "the time cannot be told; name a folder with --out");
    running->out = running->out_room;
    return ASSAY_OK;
}

enum assay_code cli_fresh_secret(struct assay_err *err)
{
    uint8_t bytes[SECRET_BYTES];
    char text[2 * SECRET_BYTES + 1];
    enum assay_code rc = assay_random_system(bytes, sizeof bytes);

    assay_hex_encode(text, assay_bytes_of(bytes, sizeof bytes));
    if (rc != ASSAY_OK || setenv("ASSAY_TEST_SECRET", text, 0) != 0)
        return assay_fail(err, ASSAY_E_IO, 0, "the system gives no random bytes");
    return ASSAY_OK;
}

enum assay_code cli_running_apply(struct cli_running *running, struct plan *plan,
                                  struct assay_err *err)
{
    enum assay_code rc = cli_fresh_secret(err);
    uint8_t bytes[8];

    if (rc == ASSAY_OK && !running->seed_set) {
        if (assay_random_system(bytes, sizeof bytes) != ASSAY_OK)
            return assay_fail(err, ASSAY_E_IO, 0,
                              "the system gives no random bytes; give a --seed");
        memcpy(&running->seed, bytes, sizeof bytes);
    }
    if (rc == ASSAY_OK && running->out == NULL)
        rc = fresh_folder(running, err);
    plan->seed = running->seed;
    plan->jobs = (unsigned)running->jobs;
    plan->time_limit_ms = running->time_limit_s * 1000;
    return rc;
}

static bool host_allowed(const char *base_url, const struct plan *plan, struct assay_url *url)
{
    bool allowed = assay_url_split(url, assay_str(base_url), NULL) == ASSAY_OK &&
                   assay_url_host_is_loopback(url->host);

    for (size_t i = 0; plan != NULL && i < plan->host_count; i++)
        allowed = allowed || assay_bytes_equal_nocase(url->host, assay_str(plan->hosts[i]));
    return allowed;
}

bool cli_rules_known(const char *verb, const char *rules)
{
    struct assay_buf known = ASSAY_BUF_INIT(4096);
    const struct profile *p;
    bool found = false;

    for (size_t i = 0; (p = profile_at(i)) != NULL; i++) {
        found = found || p->rule_sets[profile_rule_set(p, rules)] != NULL;
        assay_buf_printf(&known, "%s%s has", i > 0 ? "; " : "", p->name);
        for (size_t k = 0; p->rule_sets[k] != NULL; k++)
            assay_buf_printf(&known, "%s %s", k > 0 ? "," : "", p->rule_sets[k]);
    }
    if (!found)
        cli_wrong(verb, "--rules: no profile has the rule set \"%s\": %s", rules,
                  assay_buf_ok(&known) ? assay_buf_cstr(&known) : "");
    assay_buf_fini(&known);
    return found;
}

bool cli_target_is_local(const struct target *target)
{
    struct assay_url url;

    for (size_t i = 0; i < target->base_urls.count; i++)
        if (!host_allowed(target->base_urls.items[i], NULL, &url))
            return false;
    return true; /* what is launched has no base URL */
}

bool cli_target_usable(const char *verb, const struct target *target, const struct plan *plan)
{
    struct assay_url url = {0};

    bool is_server = strcmp(target->interface, "http") == 0 &&
                     (target->side == SIDE_SERVER || target->side == SIDE_FACILITATOR);
    bool is_client = target_is_command(target) && target->side == SIDE_CLIENT;
    bool is_library = target_is_adapter(target) && target->side == SIDE_LIBRARY;

    if (!is_server && !is_client && !is_library) {
        cli_wrong(
            verb,
            "%s: interface \"%s\" of a %s is not one that this version can drive; \"http\" of "
            "a server or a facilitator, \"command\" of a client and \"adapter\" of a library are",
            target->path, target->interface, target_side_name(target->side));
        return false;
    }
    for (size_t i = 0; i < target->base_urls.count; i++)
        if (!host_allowed(target->base_urls.items[i], plan, &url)) {
            cli_wrong(verb,
                      "%s: base_url: %.*s is not on loopback; allow it with --allow-host %.*s",
                      target->path, (int)url.host.len, (const char *)url.host.at, (int)url.host.len,
                      (const char *)url.host.at);
            return false;
        }
    return true;
}

static int terminal_width(void)
{
    struct winsize size;

    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 100;
}

bool cli_show_run(const char *verb, const json_t *run)
{
    enum assay_code rc = report_terminal(
        stdout, run, isatty(STDOUT_FILENO) != 0 && getenv("NO_COLOR") == NULL, terminal_width());

    if (rc == ASSAY_OK && fflush(stdout) == 0)
        return true;
    cli_wrong(verb, "the report cannot be printed");
    return false;
}

bool cli_show(const char *verb, const char *folder)
{
    struct assay_err err = {0};
    json_t *run = NULL;
    bool shown;

    if (record_read(&run, folder, &err) != ASSAY_OK) {
        cli_wrong(verb, "%s", err.text);
        return false;
    }
    shown = cli_show_run(verb, run);
    json_decref(run);
    return shown;
}
