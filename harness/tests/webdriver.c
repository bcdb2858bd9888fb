/* Drives ChromeDriver for the tests of the page (webdriver.h). */
#include "webdriver.h"

#include "base/buf.h"

#include <criterion/criterion.h>
#include <curl/curl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { START_TRIES = 10, START_MS = 60000, CALL_SECONDS = 60, ANSWER_MAX_BYTES = 64 << 20 };

struct webdriver {
    pid_t pid;
    int out; /* what ChromeDriver prints */
    CURL *curl;
    char base[64], session[160], profile[32];
};

static bool is_installed(const char *program)
{
    const char *path = getenv("PATH");
    char file[4096];

    for (size_t len; path != NULL && *path != '\0'; path += len + (path[len] == ':')) {
        int made;

        len = strcspn(path, ":");
        made = snprintf(file, sizeof(file), "%.*s/%s", (int)len, path, program);
        if (made > 0 && (size_t)made < sizeof(file) && access(file, X_OK) == 0)
            return true;
    }
    return false;
}

/* A process group of its own, so that whatever it starts ends with it. */
static void start_driver(struct webdriver *w)
{
    int ends[2];

    cr_assert_eq(pipe(ends), 0);
    w->pid = fork();
    cr_assert_geq(w->pid, 0);
    if (w->pid == 0) {
        (void)setpgid(0, 0);
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)dup2(ends[1], STDERR_FILENO);
        (void)close(ends[0]);
        (void)close(ends[1]);
        (void)execlp("chromedriver", "chromedriver", "--port=0", (char *)NULL);
        _exit(127);
    }
    (void)setpgid(w->pid, w->pid);
    (void)close(ends[1]);
    w->out = ends[0];
}

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* It prints "... started successfully on port 12345.". 0: it ended, as it does when the port it
 * found free for one protocol is in use for the other. */
static unsigned read_port(const struct webdriver *w)
{
    static const char mark[] = "successfully on port ";
    struct assay_buf said = ASSAY_BUF_INIT(1 << 20);
    int64_t deadline = now_ms() + START_MS;
    unsigned port = 0;

    while (port == 0) {
        struct pollfd ready = {.fd = w->out, .events = POLLIN};
        int64_t left = deadline - now_ms();
        const char *at;
        char part[512];
        ssize_t n;

        cr_assert(left > 0 && poll(&ready, 1, (int)left) > 0, "ChromeDriver does not start");
        n = read(w->out, part, sizeof(part));
        if (n <= 0)
            break;
        assay_buf_add(&said, assay_bytes_of(part, (size_t)n));
        at = strstr(assay_buf_cstr(&said), mark);
        if (at != NULL && strchr(at, '.') != NULL)
            port = (unsigned)strtoul(at + strlen(mark), NULL, 10);
    }
    assay_buf_fini(&said);
    return port;
}

static size_t take(char *at, size_t size, size_t count, void *answer)
{
    assay_buf_add(answer, assay_bytes_of(at, size * count));
    return assay_buf_ok(answer) ? size * count : 0;
}

/* One call; `value` of its answer, which the caller owns. *status: of HTTP. Steals the body. */
static json_t *call(struct webdriver *w, const char *method, const char *what, json_t *body,
                    long *status)
{
    struct assay_buf answer = ASSAY_BUF_INIT(ANSWER_MAX_BYTES);
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    char *text = body != NULL ? json_dumps(body, 0) : NULL;
    json_t *whole, *value;
    char url[512];
    int len = snprintf(url, sizeof(url), "%s%s%s", w->base, w->session, what);

    cr_assert(len > 0 && (size_t)len < sizeof(url));
    curl_easy_reset(w->curl);
    (void)curl_easy_setopt(w->curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(w->curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(w->curl, CURLOPT_CUSTOMREQUEST, method);
    (void)curl_easy_setopt(w->curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(w->curl, CURLOPT_TIMEOUT, (long)CALL_SECONDS);
    (void)curl_easy_setopt(w->curl, CURLOPT_WRITEFUNCTION, take);
    (void)curl_easy_setopt(w->curl, CURLOPT_WRITEDATA, &answer);
    if (text != NULL)
        (void)curl_easy_setopt(w->curl, CURLOPT_POSTFIELDS, text);
    cr_assert_eq(curl_easy_perform(w->curl), CURLE_OK, "%s %s", method, url);
    (void)curl_easy_getinfo(w->curl, CURLINFO_RESPONSE_CODE, status);
    whole = json_loadb((const char *)answer.at, answer.len, 0, NULL);
    cr_assert_not_null(whole, "%s %s answers %s", method, url, assay_buf_cstr(&answer));
    value = json_incref(json_object_get(whole, "value"));
    json_decref(whole);
    json_decref(body);
    free(text);
    curl_slist_free_all(headers);
    assay_buf_fini(&answer);
    return value;
}

static json_t *call_well(struct webdriver *w, const char *method, const char *what, json_t *body)
{
    long status = 0;
    json_t *value = call(w, method, what, body, &status);

    cr_assert_eq(status, 200, "%s: %s", what, json_string_value(json_object_get(value, "message")));
    return value;
}

static void start_session(struct webdriver *w)
{
    char profile[64];
    json_t *arguments, *value;
    int len;

    (void)memcpy(w->profile, "/tmp/assay-browser-XXXXXX", sizeof("/tmp/assay-browser-XXXXXX"));
    cr_assert_not_null(mkdtemp(w->profile));
    len = snprintf(profile, sizeof(profile), "--user-data-dir=%s", w->profile);
    cr_assert(len > 0 && (size_t)len < sizeof(profile));
    arguments =
        json_pack("[s, s, s, s, s, s, s, s, s]", "--headless", "--no-sandbox", "--disable-gpu",
                  "--disable-quic", "--no-first-run", "--disable-background-networking",
                  "--disable-component-update", "--disable-sync", profile);
    value = call_well(w, "POST", "/session",
                      json_pack("{s:{s:{s:s, s:s, s:{s:s}, s:{s:o}}}}", "capabilities",
                                "alwaysMatch", "browserName", "chrome", "unhandledPromptBehavior",
                                "ignore", "goog:loggingPrefs", "browser", "ALL",
                                "goog:chromeOptions", "args", arguments));
    len = snprintf(w->session, sizeof(w->session), "/session/%s",
                   json_string_value(json_object_get(value, "sessionId")));
    cr_assert(len > 0 && (size_t)len < sizeof(w->session));
    json_decref(value);
}

struct webdriver *webdriver_start(void)
{
    struct webdriver *w;
    unsigned port = 0;
    int len;

    if (!is_installed("chromedriver") || !is_installed("chromium"))
        return NULL;
    w = calloc(1, sizeof(*w));
    cr_assert_not_null(w);
    w->curl = curl_easy_init();
    cr_assert_not_null(w->curl);
    for (int tries = 0; tries < START_TRIES && port == 0; tries++) {
        start_driver(w);
        port = read_port(w);
        if (port == 0) {
            (void)waitpid(w->pid, NULL, 0);
            (void)close(w->out);
        }
    }
    cr_assert_neq(port, 0, "ChromeDriver does not start");
    len = snprintf(w->base, sizeof(w->base), "http://127.0.0.1:%u", port);
    cr_assert(len > 0 && (size_t)len < sizeof(w->base));
    start_session(w);
    return w;
}

/* The profile's files, by the one tool that does just this. */
static void remove_profile(const char *path)
{
    pid_t pid = fork();

    if (pid == 0) {
        (void)execlp("rm", "rm", "-rf", "--", path, (char *)NULL);
        _exit(127);
    }
    if (pid > 0)
        (void)waitpid(pid, NULL, 0);
}

void webdriver_stop(struct webdriver *w)
{
    if (w == NULL)
        return;
    json_decref(call_well(w, "DELETE", "", NULL));
    (void)kill(-w->pid, SIGKILL);
    (void)waitpid(w->pid, NULL, 0);
    (void)close(w->out);
    curl_easy_cleanup(w->curl);
    remove_profile(w->profile);
    free(w);
}

void webdriver_open(struct webdriver *w, const char *path)
{
    json_decref(
        call_well(w, "POST", "/url", json_pack("{s:o}", "url", json_sprintf("file://%s", path))));
}

json_t *webdriver_run(struct webdriver *w, const char *script)
{
    return call_well(w, "POST", "/execute/sync",
                     json_pack("{s:s, s:[]}", "script", script, "args"));
}

void webdriver_command(struct webdriver *w, const char *name, json_t *params)
{
    json_decref(call_well(w, "POST", "/goog/cdp/execute",
                          json_pack("{s:s, s:o}", "cmd", name, "params", params)));
}

json_t *webdriver_console(struct webdriver *w)
{
    return call_well(w, "POST", "/se/log", json_pack("{s:s}", "type", "browser"));
}

int webdriver_has_alert(struct webdriver *w)
{
    long status = 0;

    json_decref(call(w, "GET", "/alert/text", NULL, &status));
    return status == 200;
}
