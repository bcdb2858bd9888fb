/* The supervisor against real programs: small forked ones, threads, trees, SQLite, static and
 * sanitized builds. */
#include "base/buf.h"
#include "fault/supervisor.h"
#include "fault/tree.h"
#include "target/folder.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000, AN_HOUR_MS = 3600000 };

static char folder[64];

static void make_folder(void)
{
    (void)snprintf(folder, sizeof(folder), "/tmp/assay-test-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    process_tree_adopt();
}

static void remove_folder(void)
{
    (void)folder_remove(folder);
}

TestSuite(supervisor, .init = make_folder, .fini = remove_folder);

static const char *in_folder(const char *name)
{
    static _Thread_local char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static size_t size_of(const char *name)
{
    struct stat st;

    return stat(in_folder(name), &st) == 0 ? (size_t)st.st_size : 0;
}

/* ---- what the children do; each is the body of a process and returns its exit status ---- */

/* Five records of one byte, each written and synced; an error's number is the exit status. */
static int five_records(void)
{
    int fd = open(in_folder("records"), O_WRONLY | O_CREAT | O_APPEND, 0600);

    for (int i = 0; i < 5; i++) {
        if (write(fd, "r", 1) != 1 || fsync(fd) != 0)
            return errno;
    }
    return 0;
}

static int five_records_in_a_grandchild(void)
{
    pid_t below = fork();
    int status = 0;

    if (below == 0) {
        if (setsid() >= 0 && fork() == 0)
            _exit(five_records());
        pause();
    }
    while (waitpid(below, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static int send_five(void)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return errno;
    for (int i = 0; i < 3; i++) {
        if (send(ends[0], "s", 1, 0) != 1)
            return errno;
    }
    return write(ends[0], "ss", 2) == 2 && write(ends[1], "s", 1) == 1 ? 0 : errno;
}

static int rename_and_unlink(void)
{
    char from[256];
    int fd = open(in_folder("a"), O_WRONLY | O_CREAT, 0600);

    (void)snprintf(from, sizeof(from), "%s", in_folder("a"));
    (void)close(fd);
    if (rename(from, in_folder("b")) != 0)
        return errno;
    return unlink(in_folder("b")) == 0 ? 0 : errno;
}

static void *sync_records(void *of)
{
    (void)of;
    return five_records() == 0 ? NULL : folder;
}

static int four_threads(void)
{
    pthread_t threads[4];
    void *result;
    int failed = 0;

    for (int i = 0; i < 4; i++)
        (void)pthread_create(&threads[i], NULL, sync_records, NULL);
    for (int i = 0; i < 4; i++) {
        (void)pthread_join(threads[i], &result);
        failed |= result != NULL;
    }
    return failed;
}

/* ---- running them ---- */

struct run {
    struct supervisor *s;
    pid_t child;
};

static struct run start(int (*body)(void), const struct supervisor_rule *rule)
{
    struct assay_err err = {0};
    struct run run = {0};

    cr_assert_eq(supervisor_new(&run.s, folder, &err), ASSAY_OK, "%s", err.text);
    supervisor_behave(run.s, rule);
    run.child = fork();
    cr_assert(run.child >= 0);
    if (run.child == 0)
        _exit(setsid() < 0 || supervisor_child_enter(run.s) != 0 ? 99 : body());
    cr_assert_eq(supervisor_parent_attach(run.s, run.child, &err), ASSAY_OK, "%s", err.text);
    return run;
}

/* The exit status of the first process, 128 + its signal where one ended it. */
static int await_exit(pid_t child)
{
    int status = 0;

    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int finish(struct run *run)
{
    struct process_tree tree = {.first = run->child};
    int status = await_exit(run->child);

    cr_expect(process_tree_end(&tree, true, PATIENCE_MS), "processes are left over");
    supervisor_free(run->s);
    run->s = NULL;
    return status;
}

Test(supervisor, is_available_here_or_says_why)
{
    struct assay_err err = {0};
    enum assay_code rc = fault_supervisor_available(&err);

    cr_expect_eq(fault_supervisor_available(NULL), rc, "the answer is remembered");
    cr_expect(rc == ASSAY_OK || strlen(err.text) > 0);
    cr_assert_eq(rc, ASSAY_OK, "the tests below need it: %s", err.text);
}

static const struct {
    const char *name;
    struct supervisor_rule rule;
    int status;
    size_t records;
} faults[] = {
    {"no rule", {0}, 0, 5},
    {"killed before write 3", {.calls = SUPERVISOR_WRITE, .kill_before = 3}, 128 + 9, 2},
    {"killed before sync 3", {.calls = SUPERVISOR_SYNC, .kill_before = 3}, 128 + 9, 3},
    {"killed before call 1", {.calls = SUPERVISOR_DURABLE, .kill_before = 1}, 128 + 9, 0},
    {"killed before call 6", {.calls = SUPERVISOR_DURABLE, .kill_before = 6}, 128 + 9, 3},
    {"more calls than made", {.calls = SUPERVISOR_SYNC, .kill_before = 6}, 0, 5},
    {"sync fails EIO", {.calls = SUPERVISOR_SYNC, .fail_errno = EIO}, EIO, 1},
    {"write fails ENOSPC", {.calls = SUPERVISOR_WRITE, .fail_errno = ENOSPC}, ENOSPC, 0},
    {"write fails EROFS", {.calls = SUPERVISOR_DURABLE, .fail_errno = EROFS}, EROFS, 0},
    {"other calls fail", {.calls = SUPERVISOR_SEND, .fail_errno = EIO}, 0, 5},
    {"held for a moment", {.calls = SUPERVISOR_DURABLE, .hold_ms = 1}, 0, 5},
};

Test(supervisor, kills_fails_or_lets_proceed_exactly_the_calls_of_its_rule)
{
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        struct run run = start(five_records, &faults[i].rule);
        bool killed;
        int status = await_exit(run.child);

        killed = supervisor_killed(run.s);
        supervisor_free(run.s);
        cr_expect_eq(status, faults[i].status, "%s: status %d", faults[i].name, status);
        cr_expect_eq(size_of("records"), faults[i].records, "%s: %zu records", faults[i].name,
                     size_of("records"));
        cr_expect_eq(killed, faults[i].status == 128 + SIGKILL, "%s", faults[i].name);
        (void)unlink(in_folder("records"));
    }
}

static const struct {
    const char *name;
    int (*body)(void);
    unsigned calls;
    uint64_t seen;
} counts[] = {
    {"records are writes", five_records, SUPERVISOR_WRITE, 5},
    {"records are synced", five_records, SUPERVISOR_SYNC, 5},
    {"kinds add up", five_records, SUPERVISOR_DURABLE, 10},
    {"no sends", five_records, SUPERVISOR_SEND, 0},
    {"sends and socket writes", send_five, SUPERVISOR_SEND, 5},
    {"no durable calls", send_five, SUPERVISOR_DURABLE, 0},
    {"renames and unlinks", rename_and_unlink, SUPERVISOR_RENAME, 2},
    {"threads", four_threads, SUPERVISOR_SYNC | SUPERVISOR_WRITE, 40},
};

Test(supervisor, counts_each_kind_of_call)
{
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        struct run run = start(counts[i].body, NULL);
        int status = await_exit(run.child);
        uint64_t seen = supervisor_seen(run.s, counts[i].calls);

        supervisor_free(run.s);
        cr_expect_eq(status, 0, "%s: status %d", counts[i].name, status);
        cr_expect_eq(seen, counts[i].seen, "%s: %ju seen", counts[i].name, (uintmax_t)seen);
    }
}

Test(supervisor, does_not_count_files_outside_the_store)
{
    struct assay_err err = {0};
    struct supervisor *s = NULL;
    char store[256];
    pid_t child;

    (void)snprintf(store, sizeof(store), "%s/r",
                   folder); /* a prefix of the file's name, no folder of it */
    cr_assert_eq(mkdir(store, 0700), 0);
    cr_assert_eq(supervisor_new(&s, store, &err), ASSAY_OK, "%s", err.text);
    child = fork();
    if (child == 0)
        _exit(supervisor_child_enter(s) != 0 ? 99 : five_records());
    cr_assert_eq(supervisor_parent_attach(s, child, &err), ASSAY_OK, "%s", err.text);
    cr_expect_eq(await_exit(child), 0);
    cr_expect_eq(supervisor_seen(s, SUPERVISOR_WRITE), 0);
    cr_expect_eq(supervisor_seen(s, SUPERVISOR_SYNC), 5);
    supervisor_free(s);
}

Test(supervisor, refuses_a_store_that_is_not_there)
{
    struct assay_err err = {0};
    struct supervisor *s = NULL;

    cr_expect_eq(supervisor_new(&s, in_folder("nowhere"), &err), ASSAY_E_IO);
    cr_expect_not_null(strstr(err.text, "nowhere"), "%s", err.text);
    cr_expect_null(s);
}

Test(supervisor, kills_the_whole_tree_also_what_left_its_session)
{
    struct supervisor_rule rule = {.calls = SUPERVISOR_SYNC, .kill_before = 3};
    struct run run = start(five_records_in_a_grandchild, &rule);
    struct process_tree tree = {.first = run.child};
    pid_t left[8];

    cr_expect_eq(finish(&run), 128 + SIGKILL);
    cr_expect_eq(size_of("records"), 3);
    cr_expect_eq(process_tree_list(&tree, left, ARRAY_LEN(left)), 0);
}

/* One thread's sync is held for an hour; the other writes and says so over the pipe. */
static int pipe_ends[2];

static void *held_sync(void *of)
{
    (void)of;
    if (fsync(pipe_ends[1]) != 0 && errno != EINVAL)
        return NULL;
    return write(pipe_ends[1], "h", 1) == 1 ? folder : NULL;
}

static int one_held_one_free(void)
{
    pthread_t thread;
    int fd = open(in_folder("free"), O_WRONLY | O_CREAT, 0600);

    (void)pthread_create(&thread, NULL, held_sync, NULL);
    if (write(fd, "free", 4) != 4 || write(pipe_ends[1], "f", 1) != 1)
        return errno;
    (void)pthread_join(thread, NULL);
    return 0;
}

static char next_byte(void)
{
    struct pollfd one = {.fd = pipe_ends[0], .events = POLLIN};
    char byte = '?';

    cr_assert_eq(poll(&one, 1, PATIENCE_MS), 1, "nothing came in time");
    cr_assert_eq(read(pipe_ends[0], &byte, 1), 1);
    return byte;
}

Test(supervisor, holds_one_call_without_holding_others_until_the_rule_changes)
{
    struct supervisor_rule rule = {.calls = SUPERVISOR_SYNC, .hold_ms = AN_HOUR_MS};
    struct pollfd quiet = {.events = POLLIN};
    struct run run;

    cr_assert_eq(pipe(pipe_ends), 0);
    quiet.fd = pipe_ends[0];
    run = start(one_held_one_free, &rule);
    cr_expect(supervisor_await(run.s, SUPERVISOR_SYNC, 1, PATIENCE_MS));
    cr_expect_eq(next_byte(), 'f');
    cr_expect_eq(poll(&quiet, 1, 0), 0, "the held call proceeded");
    supervisor_behave(run.s, NULL);
    cr_expect_eq(next_byte(), 'h');
    cr_expect_eq(finish(&run), 0);
}

Test(supervisor, lets_what_is_held_proceed_when_it_is_freed)
{
    struct supervisor_rule rule = {.calls = SUPERVISOR_SYNC, .hold_ms = AN_HOUR_MS};
    struct run run;

    cr_assert_eq(pipe(pipe_ends), 0);
    run = start(one_held_one_free, &rule);
    cr_expect(supervisor_await(run.s, SUPERVISOR_SYNC, 1, PATIENCE_MS));
    cr_expect_eq(next_byte(), 'f');
    supervisor_free(run.s);
    run.s = NULL;
    cr_expect_eq(await_exit(run.child), 0);
}

Test(supervisor, keeps_its_rule_for_a_second_child_until_it_came_true)
{
    struct supervisor_rule rule = {.calls = SUPERVISOR_SYNC, .kill_before = 7};
    struct run run = start(five_records, &rule);
    static const int expected[] = {128 + SIGKILL, 0};
    struct assay_err err = {0};

    cr_expect_eq(await_exit(run.child), 0);
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        pid_t child = fork();

        if (child == 0)
            _exit(supervisor_child_enter(run.s) != 0 ? 99 : five_records());
        cr_assert_eq(supervisor_parent_attach(run.s, child, &err), ASSAY_OK, "%s", err.text);
        cr_expect_eq(await_exit(child), expected[i], "child %zu", i);
    }
    cr_expect(supervisor_killed(run.s));
    supervisor_free(run.s);
}

Test(supervisor, says_that_a_child_ended_first)
{
    struct assay_err err = {0};
    struct supervisor *s = NULL;
    pid_t child;

    cr_assert_eq(supervisor_new(&s, NULL, &err), ASSAY_OK);
    child = fork();
    if (child == 0)
        _exit(0);
    cr_expect_eq(supervisor_parent_attach(s, child, &err), ASSAY_E_CRASHED);
    (void)await_exit(child);
    supervisor_free(s);
    supervisor_free(NULL);
}

/* ---- SQLite ---- */

static int insert_rows(void)
{
    sqlite3 *db = NULL;
    int bad = sqlite3_open(in_folder("rows.db"), &db);

    bad |= sqlite3_exec(db,
                        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                        "CREATE TABLE IF NOT EXISTS rows (n INTEGER PRIMARY KEY)",
                        NULL, NULL, NULL);
    for (int i = 0; i < 3 && bad == SQLITE_OK; i++)
        bad = sqlite3_exec(db, "INSERT INTO rows DEFAULT VALUES", NULL, NULL, NULL);
    bad |= sqlite3_close(db);
    return bad == SQLITE_OK ? 0 : 1;
}

static bool is_whole(void)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *check = NULL;
    bool whole = sqlite3_open(in_folder("rows.db"), &db) == SQLITE_OK &&
                 sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &check, NULL) == SQLITE_OK &&
                 sqlite3_step(check) == SQLITE_ROW &&
                 strcmp((const char *)sqlite3_column_text(check, 0), "ok") == 0;

    (void)sqlite3_finalize(check);
    (void)sqlite3_close(db);
    return whole;
}

Test(supervisor, kills_sqlite_before_each_of_its_durable_calls_in_turn)
{
    struct supervisor_rule rule = {.calls = SUPERVISOR_DURABLE};
    bool finished = false;

    for (rule.kill_before = 1; !finished && rule.kill_before < 200; rule.kill_before++) {
        struct run run = start(insert_rows, &rule);
        int status = await_exit(run.child);

        finished = !supervisor_killed(run.s);
        supervisor_free(run.s);
        cr_expect_eq(status, finished ? 0 : 128 + SIGKILL, "before call %ju: status %d",
                     (uintmax_t)rule.kill_before, status);
        cr_expect(is_whole(), "before call %ju: the database is broken",
                  (uintmax_t)rule.kill_before);
        remove_folder();
        cr_assert_eq(mkdir(folder, 0700), 0);
    }
    cr_expect(finished);
    cr_expect_gt(rule.kill_before, 10, "only %ju durable calls", (uintmax_t)rule.kill_before);
}

Test(supervisor, makes_sqlite_report_what_fails)
{
    struct supervisor_rule rule = {.calls = SUPERVISOR_SYNC, .fail_errno = EIO};
    struct run run = start(insert_rows, &rule);

    cr_expect_eq(finish(&run), 1);
}

/* ---- programs built in other ways ---- */

static const char program_text[] =
    "#include <fcntl.h>\n#include <unistd.h>\n"
    "int main(int n, char **v) { int fd = open(v[n - 1], O_WRONLY | O_CREAT | O_APPEND, 0600);\n"
    "for (int i = 0; i < 5; i++) if (write(fd, \"r\", 1) != 1 || fsync(fd) != 0) return 1;\n"
    "return 0; }\n";

static int run_program(char *const *argv)
{
    pid_t child = fork();

    if (child == 0) {
        (void)execvp(argv[0], argv);
        _exit(127);
    }
    return await_exit(child);
}

static char built[256];

static int exec_built(void)
{
    char target[256];
    char *argv[] = {built, target, NULL};

    (void)snprintf(target, sizeof(target), "%s", in_folder("records"));
    (void)execv(built, argv);
    return 98;
}

static void kills_when_built_with(const char *option)
{
    struct supervisor_rule rule = {.calls = SUPERVISOR_WRITE, .kill_before = 3};
    char source[256], cc[] = "cc", o[] = "-o", opt[64];
    char *argv[] = {cc, opt, o, built, source, NULL};
    struct run run;

    (void)snprintf(source, sizeof(source), "%s", in_folder("program.c"));
    (void)snprintf(built, sizeof(built), "%s", in_folder("program"));
    (void)snprintf(opt, sizeof(opt), "%s", option);
    cr_assert_eq(assay_file_write(source, assay_str(program_text), NULL), ASSAY_OK);
    if (run_program(argv) != 0)
        cr_skip_test("no compiler here that takes %s", option);
    run = start(exec_built, &rule);
    cr_expect_eq(finish(&run), 128 + SIGKILL, "%s", option);
    cr_expect_eq(size_of("records"), 2, "%s", option);
}

Test(supervisor, works_on_a_static_program)
{
    kills_when_built_with("-static");
}

Test(supervisor, works_on_a_sanitized_program)
{
    kills_when_built_with("-fsanitize=address,undefined");
}
