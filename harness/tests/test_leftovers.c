/* No process of a target outlives a run: not after a proper end, not after an interrupt, not even
 * after a SIGKILL of the executor. Every process that a run starts, however deep, carries the mark
 * that this test puts into the environment of `assay`. */
#include "answering.h"
#include "program.h"

#include "base/hex.h"
#include "base/random.h"
#include "fault/tree.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <unistd.h>

#define ENVIRON_MAX_BYTES ((size_t)4 << 20)
#define END_DEADLINE_MS 30000

/* A shop of three generations: one that answers to its launcher, one that left its session, and one
 * that was orphaned. None of them ends soon by itself. Its port is another's, who never answers, so
 * that a case waits there; and it says in a file that it is open. */
static const char shop[] =
    "{\"name\": \"shop\", \"profile\": \"paid-tools\", "
    "\"launch\": {\"command\": [\"/bin/sh\", \"-c\", "
    "\"setsid sleep 600 & (sleep 600 & echo orphan); echo open > %s/open; "
    "echo ready http://127.0.0.1:%u; exec sleep 600\"], \"ready\": \"ready \"}, "
    "\"limits\": {\"read_deadline_ms\": 1, \"handler_deadline_ms\": 1}, "
    "\"endpoints\": {\"paid_get\": {\"method\": \"GET\", \"target\": \"/\"}}, "
    "\"secrets\": {\"mac\": \"0123456789abcdef0123456789abcdef\"}}";

struct marked {
    char mark[64]; /* "ASSAY_TEST_MARK=…" */
    struct program program;
    struct answering *server;
};

static void begin(struct marked *m, const char *const *args)
{
    const char *const env[] = {m->mark, NULL};
    struct assay_buf target = ASSAY_BUF_INIT(4096);
    uint8_t random[16];
    char hex[2 * sizeof random + 1];

    program_init(&m->program);
    cr_assert_eq(assay_random_system(random, sizeof random), ASSAY_OK);
    assay_hex_encode(hex, assay_bytes_of(random, sizeof random));
    cr_assert_lt(snprintf(m->mark, sizeof m->mark, "ASSAY_TEST_MARK=%s", hex), (int)sizeof m->mark);
    m->server = answering_start(&(struct answering_with){.unpaid = NULL});
    assay_buf_printf(&target, shop, m->program.folder, (unsigned)answering_port(m->server));
    program_write(&m->program, "target.json", assay_buf_view(&target));
    assay_buf_fini(&target);
    program_start(&m->program, args, env);
}

static bool is_marked(long pid, const char *mark)
{
    struct assay_buf env = ASSAY_BUF_INIT(ENVIRON_MAX_BYTES);
    char path[64];
    bool found;

    cr_assert_lt(snprintf(path, sizeof path, "/proc/%ld/environ", pid), (int)sizeof path);
    found = assay_file_read(&env, path, NULL) == ASSAY_OK && env.len > 0 &&
            memmem(env.at, env.len, mark, strlen(mark) + 1) != NULL;
    assay_buf_fini(&env);
    return found;
}

/* A marked process that lives, as its pidfd; -1: none. */
static int find_marked(const char *mark)
{
    DIR *folder = opendir("/proc");
    struct dirent *entry;
    int found = -1;

    cr_assert_not_null(folder);
    while (found < 0 && (entry = readdir(folder)) != NULL) {
        char *end;
        long pid = strtol(entry->d_name, &end, 10);

        if (*end == '\0' && pid > 0 && is_marked(pid, mark))
            found = pidfd_open((pid_t)pid, 0);
    }
    (void)closedir(folder);
    return found;
}

/* Waits for each marked process to end; false when one has not by then, which is then ended. */
static bool all_have_ended(const char *mark)
{
    int64_t until = monotonic_ns() + (int64_t)END_DEADLINE_MS * 1000000;
    bool ended = true;
    int fd;

    while ((fd = find_marked(mark)) >= 0) {
        struct pollfd one = {.fd = fd, .events = POLLIN};

        if (poll(&one, 1, milliseconds_until(until)) == 0) {
            ended = false;
            (void)pidfd_send_signal(fd, SIGKILL, NULL, 0);
        }
        (void)close(fd);
    }
    return ended;
}

/* Runs, with a signal once `file` holds `text` (NULL: without), and looks for what is left. */
static void end_with(const char *const *args, const char *file, const char *text, int signal_number,
                     int status)
{
    struct marked m;

    begin(&m, args);
    if (file != NULL) {
        cr_assert(program_await_text(&m.program, file, text, 60000), "%s", file);
        cr_assert_eq(pidfd_send_signal(m.program.pidfd, signal_number, NULL, 0), 0);
    }
    program_end(&m.program, PROGRAM_DEADLINE_MS);
    cr_expect_eq(m.program.status, status, "exit %d", m.program.status);
    cr_expect(all_have_ended(m.mark), "a process of the run lives on");
    program_fini(&m.program);
    answering_stop(m.server);
}

static const char *const run[] = {"run", "--out", "out", "--no-self-check", NULL};
static const char *const run_short[] = {"run",          "--out", "out", "--no-self-check",
                                        "proof-replay", NULL};
static const char *const run_shop[] = {"run",          "--out",        "out", "--target",
                                       "target.json",  "--jobs",       "1",   "--no-self-check",
                                       "proof-replay", "--time-limit", "2",   NULL};

Test(leftovers, none_after_a_run)
{
    end_with(run_short, NULL, NULL, 0, 0);
}

Test(leftovers, none_after_an_interrupt)
{
    end_with(run, "out/record.jsonl", "\"event\":\"case\"", SIGINT, 130);
}

Test(leftovers, none_after_a_kill_of_the_executor)
{
    end_with(run, "out/record.jsonl", "\"event\":\"case\"", SIGKILL, 128 + SIGKILL);
}

Test(leftovers, none_of_a_target_that_hides_its_processes)
{
    end_with(run_shop, NULL, NULL, 0, 2);
}

Test(leftovers, none_of_a_hiding_target_after_a_kill_of_the_executor)
{
    end_with(run_shop, "open", "open", SIGKILL, 128 + SIGKILL);
}
