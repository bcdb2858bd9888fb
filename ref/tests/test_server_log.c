/* The log of a reference server (server/log.h): lines that come out whole or not at all, and never
 * hold the server up. */
#include "server/log.h"

#include "ref/tests/forked.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <unistd.h>

TestSuite(server_log, .timeout = 60);

enum where { HEARD, CLOSED, FULL };

struct logging {
    enum where where; /* stderr */
    const char *text;
};

static void fill_stderr(void)
{
    static const char filler[4096];
    int ends[2];

    cr_assert_eq(pipe2(ends, O_NONBLOCK), 0);
    while (write(ends[1], filler, sizeof(filler)) > 0)
        continue;
    cr_assert_eq(fcntl(ends[1], F_SETFL, 0), 0, "who writes now would wait for ever");
    (void)dup2(ends[1], STDERR_FILENO);
}

static enum assay_code log_it(const void *cls, struct assay_err *err)
{
    const struct logging *l = cls;
    char room[64];
    struct assay_buf line = ASSAY_BUF_OVER(room);

    if (l->where == CLOSED)
        (void)close(STDERR_FILENO);
    if (l->where == FULL)
        fill_stderr();
    assay_buf_add_str(&line, l->text);
    ref_log_line(&line);
    (void)!write(STDOUT_FILENO, ".", 1);
    err->text[0] = '\0';
    return ASSAY_OK;
}

Test(server_log, has_whole_lines_and_waits_for_nobody)
{
    static const struct {
        const char *name;
        struct logging logging;
        const char *said;
    } rows[] = {
        {"a line", {HEARD, "{\"event\":\"one\"}"}, "{\"event\":\"one\"}\n."},
        {"one that is too long",
         {HEARD, "{\"event\":\"0123456789012345678901234567890123456789012345678901234567890123"},
         "."},
        {"nobody is there", {CLOSED, "{}"}, "."},
        {"nobody reads", {FULL, "{}"}, "."},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct forked f;

        forked_start(&f, log_it, &rows[i].logging, NULL);
        cr_expect_eq(forked_end(&f), ASSAY_OK, "%s", rows[i].name);
        cr_expect_str_eq(f.said, rows[i].said, "%s", rows[i].name);
    }
}
