/* The parent's side of the executor: workers, deadlines, controls before attacks, and no process
 * left behind. */
#include "run/executor.h"

#include "fault/tree.h"
#include "record/record.h"
#include "target/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS_MAX 8
#define CASE_DEADLINE_MS 120000
#define TREE_END_MS 5000
#define LINE_MAX_BYTES ((size_t)64 << 20)
#define REASON_MAX_BYTES ((size_t)64 << 10)

struct worker_slot {
    pid_t pid;
    int fd;
    struct assay_buf in;
    size_t leg;     /* index of the leg it has entered; SIZE_MAX: none */
    size_t running; /* index of the case in that leg; SIZE_MAX: idle */
    int64_t deadline_ns;
};

/* A control that did not pass, so that what rests on it says nothing. */
struct lost_control {
    const struct scenario *control;
    enum verdict verdict; /* of what rests on it */
    json_t *reason;       /* its own */
};

struct leg_state {
    uint8_t *given; /* of each case: handed out (or settled without) */
    size_t given_count;
    size_t control_open; /* controls handed out or waiting, not yet finished */
    struct lost_control *lost;
    size_t lost_count;
    size_t workers; /* that have entered it */
};

struct executor {
    const struct plan *plan;
    const struct executor_hooks *hooks;
    struct executor_result *result;
    struct leg_state *legs;
    struct worker_slot workers[WORKERS_MAX];
    size_t worker_count;
    int64_t end_ns; /* of the time limit; INT64_MAX: none */
    char exe[4096];
    char *packs_env;
    char temporary[4096]; /* "TMPDIR=folder": what workers and targets put down goes there, and goes
                             with the run */
    struct process_tree tree; /* by a mark in the environment: whatever workers leave behind */
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

static bool is_control(const struct planned_case *c)
{
    return c->scenario->kind == SCENARIO_CONTROL;
}

/* ---- events that the parent itself tells ---- */

static void finish(struct executor *x, size_t leg, size_t index, json_t *event)
{
    const struct leg *of = &x->plan->legs[leg];
    const struct planned_case *c = &of->cases[index];
    struct leg_state *state = &x->legs[leg];

    json_object_set_new(event, "leg", json_string(of->id));
    if (is_control(c)) {
        const char *verdict = json_string_value(json_object_get(event, "verdict"));

        state->control_open--;
        if (verdict == NULL || strcmp(verdict, "pass") != 0)
            state->lost[state->lost_count++] = (struct lost_control){
                c->scenario,
                verdict != NULL && strcmp(verdict, "unsupported") == 0 ? VERDICT_UNSUPPORTED
                                                                       : VERDICT_BROKEN,
                json_incref(json_object_get(event, "reason"))};
    }
    x->result->done++;
    x->hooks->on_case(x->hooks->with, of, c, event);
    x->hooks->on_progress(x->hooks->with, x->result->done, x->result->total);
}

/* A case that ended without an event of its own. */
static void finish_unheard(struct executor *x, size_t leg, size_t index, enum verdict verdict,
                           const char *reason)
{
    const struct planned_case *c = &x->plan->legs[leg].cases[index];
    const struct scenario *s = c->scenario;
    enum rule_level level = scenario_level(s, x->plan->legs[leg].rules);
    json_t *event = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:n, s:s, s:s, s:s, s:s, s:[], s:i, s:s, "
        "s:[]}",
        "event", "case", "scenario", s->name, "case", scenario_case_name(s, c->index), "title",
        s->title, "kind", scenario_kind_name(s->kind), "threat", s->threat != NULL ? s->threat : "",
        "rule", s->rule, "level", rule_level_name(level), "verdict", verdict_name(verdict), "grade",
        "expected", "", "seen", "", "reason", reason, "where", "", "observations", "milliseconds",
        0, "seed", "0000000000000000", "evidence");

    if (event != NULL)
        finish(x, leg, index, event);
    json_decref(event);
}

/* ---- workers ---- */

static bool spawn(struct executor *x, struct worker_slot *w, struct assay_err *err)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        assay_fail(err, ASSAY_E_IO, 0, "a worker cannot be started: %s", strerror(errno));
        return false;
    }
    w->pid = fork();
    if (w->pid == 0) {
        if (dup2(pair[1], 3) == 3 && putenv(x->tree.marker) == 0 &&
            (x->temporary[0] == '\0' || putenv(x->temporary) == 0) &&
            (x->packs_env == NULL || putenv(x->packs_env) == 0)) {
            if (pair[1] == 3)
                fcntl(3, F_SETFD, 0);
            execl(x->exe, "assay", "worker", (char *)NULL);
        }
        _exit(127);
    }
    close(pair[1]);
    if (w->pid < 0) {
        close(pair[0]);
        assay_fail(err, ASSAY_E_IO, 0, "a worker cannot be started: %s", strerror(errno));
        return false;
    }
    w->fd = pair[0];
    w->in = (struct assay_buf)ASSAY_BUF_INIT(LINE_MAX_BYTES);
    w->leg = w->running = SIZE_MAX;
    return true;
}

/* Ends a worker and everything below it. Returns its wait status. */
static int end_worker(struct executor *x, struct worker_slot *w, bool kill_now)
{
    int state = 0;

    if (w->pid <= 0)
        return state;
    close(w->fd); /* an idle worker ends by itself when its socket does */
    if (kill_now)
        process_tree_end(&(struct process_tree){.first = w->pid}, false, TREE_END_MS);
    while (waitpid(w->pid, &state, 0) < 0 && errno == EINTR)
        continue;
    if (w->leg != SIZE_MAX)
        x->legs[w->leg].workers--;
    assay_buf_fini(&w->in);
    w->pid = 0;
    return state;
}

static bool send_line(struct worker_slot *w, json_t *message)
{
    char *text = message != NULL ? json_dumps(message, JSON_COMPACT) : NULL;
    size_t len = text != NULL ? strlen(text) : 0, sent = 0;

    if (text != NULL)
        text[len++] = '\n'; /* in place of the NUL: the text is not used as a string again */
    while (sent < len) {
        ssize_t n = send(w->fd, text + sent, len - sent, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        sent += (size_t)n;
    }
    free(text);
    json_decref(message);
    return len > 0 && sent == len;
}

static json_t *strings(const char *const *list, size_t count)
{
    json_t *out = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(out, json_string(list[i]));
    return out;
}

static bool send_leg(struct executor *x, struct worker_slot *w, size_t leg)
{
    const struct leg *of = &x->plan->legs[leg];
    char seed[17];

    if (snprintf(seed, sizeof seed, "%016llx", (unsigned long long)x->plan->seed) != 16)
        return false;
    return send_line(w, json_pack("{s:{s:s, s:s, s:i, s:s, s:s, s:o, s:b, s:s}}", "leg", "target",
                                  of->target_path != NULL ? of->target_path : "", "profile",
                                  of->profile->name, "side", (int)of->side, "rules", of->rules,
                                  "defect", of->defect != NULL ? of->defect : "", "hosts",
                                  strings(x->plan->hosts, x->plan->host_count), "disruptive",
                                  x->plan->disruptive, "seed", seed));
}

/* ---- scheduling ---- */

/* The control that it rests on, if that did not pass. */
static const struct lost_control *lost_under(const struct leg_state *state,
                                             const struct planned_case *c)
{
    for (size_t i = 0; i < state->lost_count; i++)
        if (state->lost[i].control == scenario_control(c->scenario))
            return &state->lost[i];
    return NULL;
}

/* Settles a case by its control alone. */
static void finish_lost(struct executor *x, size_t leg, size_t index,
                        const struct lost_control *lost)
{
    const char *why = json_string_value(lost->reason);
    struct assay_buf reason = ASSAY_BUF_INIT(REASON_MAX_BYTES);

    if (lost->verdict == VERDICT_BROKEN)
        assay_buf_add_str(&reason, RECORD_REST_LOST);
    else
        assay_buf_printf(&reason, "the control it rests on cannot be carried out here: %s",
                         why != NULL ? why : "");
    finish_unheard(x, leg, index, lost->verdict,
                   assay_buf_cstr(&reason) != NULL ? assay_buf_cstr(&reason) : "out of memory");
    assay_buf_fini(&reason);
}

/* The next case of the leg that may run now; SIZE_MAX: none. What rests on a control that did not
 * pass is settled here. */
static size_t next_case(struct executor *x, size_t leg)
{
    const struct leg *of = &x->plan->legs[leg];
    struct leg_state *state = &x->legs[leg];

    for (size_t i = 0; i < of->case_count; i++) {
        const struct lost_control *lost;

        if (state->given[i])
            continue;
        if (!is_control(&of->cases[i]) && state->control_open > 0)
            continue; /* another control may stand behind it */
        state->given[i] = 1;
        state->given_count++;
        lost = is_control(&of->cases[i]) ? NULL : lost_under(state, &of->cases[i]);
        if (lost == NULL)
            return i;
        finish_lost(x, leg, i, lost);
    }
    return SIZE_MAX;
}

static bool leg_has_room(const struct executor *x, size_t leg)
{
    const struct leg_state *state = &x->legs[leg];
    const struct leg *of = &x->plan->legs[leg];

    if (state->given_count == of->case_count)
        return false;
    /* Each worker starts a server of its own; one that is not ours is asked by one worker only, and
     * so is one that looks for its roles at places that can be taken once. */
    return state->workers == 0 || (of->target->has_launch && !target_has_fixed_role(of->target));
}

/* The self-check comes first; then legs that nobody works on, then any. */
static int rank_of(const struct executor *x, size_t leg)
{
    if (x->legs[leg].workers > 0)
        return 2;
    return x->plan->legs[leg].purpose == LEG_SELF_CHECK ? 0 : 1;
}

/* Its own leg first. */
static size_t choose_leg(const struct executor *x, const struct worker_slot *w)
{
    if (w->leg != SIZE_MAX && x->legs[w->leg].given_count < x->plan->legs[w->leg].case_count)
        return w->leg;
    for (int rank = 0; rank < 3; rank++)
        for (size_t i = 0; i < x->plan->leg_count; i++)
            if (leg_has_room(x, i) && rank_of(x, i) == rank)
                return i;
    return SIZE_MAX;
}

static bool enter_leg(struct executor *x, struct worker_slot *w, size_t leg)
{
    if (w->leg == leg)
        return true;
    if (w->leg != SIZE_MAX)
        x->legs[w->leg].workers--;
    w->leg = leg;
    x->legs[leg].workers++;
    return send_leg(x, w, leg);
}

/* Beyond the patience with its target, so that one that never answers is judged for it. */
static int64_t deadline_ms(const struct leg *leg, const struct planned_case *c)
{
    unsigned own_ms = c->scenario->deadline_ms;

    return case_deadline_with(leg->target, own_ms != 0 ? own_ms : CASE_DEADLINE_MS);
}

/* Gives an idle worker something to do, if there is anything for it now. */
static void give(struct executor *x, struct worker_slot *w)
{
    size_t leg;

    while ((leg = choose_leg(x, w)) != SIZE_MAX) {
        const struct leg *of = &x->plan->legs[leg];
        size_t index = next_case(x, leg);

        if (index == SIZE_MAX && x->legs[leg].given_count < of->case_count)
            return; /* the rest waits for its controls */
        if (index == SIZE_MAX)
            continue; /* the rest was settled without being run: on to another leg */
        w->deadline_ns = monotonic_ns() + deadline_ms(of, &of->cases[index]) * 1000000;
        if (enter_leg(x, w, leg))
            (void)!send_line(w, json_pack("{s:s, s:I}", "scenario", of->cases[index].scenario->name,
                                          "index", (json_int_t)of->cases[index].index));
        w->running = index; /* a worker that could not be told is noticed by the poll loop */
        return;
    }
}

/* why NULL: it ended by itself. */
static void replace_worker(struct executor *x, struct worker_slot *w, const char *why)
{
    size_t leg = w->leg, running = w->running;
    int state = end_worker(x, w, true), number = WIFSIGNALED(state) ? WTERMSIG(state) : 0;
    struct assay_err err = {0};
    char text[160];

    if (why == NULL) {
        why = text;
        if (snprintf(text, sizeof text,
                     "the worker that ran it ended in the middle of the case, %s %d%s%s%s",
                     number != 0 ? "by signal" : "with exit status",
                     number != 0 ? number : WEXITSTATUS(state), number != 0 ? " (" : "",
                     number != 0 ? strsignal(number) : "", number != 0 ? ")" : "") < 0)
            why = "the worker that ran it ended in the middle of the case";
    }
    if (leg != SIZE_MAX && running != SIZE_MAX)
        finish_unheard(x, leg, running, VERDICT_BROKEN, why);
    if (!spawn(x, w, &err))
        w->pid = 0;
}

/* Reads what a worker has to say: whole lines are events. */
static void hear(struct executor *x, struct worker_slot *w)
{
    struct assay_bytes all;
    size_t end;
    uint8_t *at = assay_buf_extend(&w->in, 65536);
    ssize_t n = at != NULL ? recv(w->fd, at, 65536, 0) : 0;

    if (n < 0 && errno == EINTR)
        n = 0;
    else if (n <= 0) {
        replace_worker(x, w, NULL);
        return;
    }
    w->in.len -= 65536 - (size_t)n;
    all = assay_buf_view(&w->in);
    end = assay_bytes_find(all, '\n', all.len > (size_t)n ? all.len - (size_t)n : 0);
    if (end < all.len && w->running != SIZE_MAX) {
        json_t *event = json_loadb((const char *)all.at, end, 0, NULL);
        size_t running = w->running;

        w->running = SIZE_MAX;
        assay_buf_clear(&w->in);
        if (event != NULL)
            finish(x, w->leg, running, event);
        else
            finish_unheard(x, w->leg, running, VERDICT_BROKEN,
                           "the worker's answer cannot be read");
        json_decref(event);
    }
}

static void check_deadlines(struct executor *x)
{
    int64_t now = monotonic_ns();

    for (size_t i = 0; i < x->worker_count; i++)
        if (x->workers[i].pid > 0 && x->workers[i].running != SIZE_MAX &&
            now > x->workers[i].deadline_ns)
            replace_worker(x, &x->workers[i],
                           "the case did not end before its deadline and was killed");
}

static int wait_ms(const struct executor *x)
{
    int64_t now = monotonic_ns(), first = x->end_ns;

    for (size_t i = 0; i < x->worker_count; i++)
        if (x->workers[i].running != SIZE_MAX && x->workers[i].deadline_ns < first)
            first = x->workers[i].deadline_ns;
    if (first <= now)
        return 0;
    return first - now > (int64_t)1000 * 1000000 ? 1000 : (int)((first - now) / 1000000) + 1;
}

static enum assay_code loop(struct executor *x, struct assay_err *err)
{
    while (!interrupted && monotonic_ns() < x->end_ns) {
        struct pollfd polled[WORKERS_MAX];
        struct worker_slot *slots[WORKERS_MAX];
        nfds_t count = 0;

        for (size_t i = 0; i < x->worker_count; i++) {
            struct worker_slot *w = &x->workers[i];

            if (w->pid > 0 && w->running == SIZE_MAX)
                give(x, w);
            if (w->pid > 0 && w->running != SIZE_MAX) {
                slots[count] = w;
                polled[count++] = (struct pollfd){.fd = w->fd, .events = POLLIN};
            }
        }
        if (count == 0)
            return x->result->done == x->result->total
                       ? ASSAY_OK
                       : assay_fail(err, ASSAY_E_IO, 0, "no worker can be started any more");
        /* A terminal interrupts the workers too: then their ends say nothing of their cases. */
        if (poll(polled, count, wait_ms(x)) > 0 && !interrupted)
            for (nfds_t i = 0; i < count; i++)
                if (polled[i].revents != 0)
                    hear(x, slots[i]);
        check_deadlines(x);
    }
    x->result->interrupted = interrupted != 0;
    x->result->out_of_time = !interrupted && x->result->done < x->result->total;
    return ASSAY_OK;
}

/* ---- beginning and end ---- */

static bool prepare_legs(struct executor *x)
{
    x->legs = calloc(x->plan->leg_count > 0 ? x->plan->leg_count : 1, sizeof *x->legs);
    for (size_t i = 0; x->legs != NULL && i < x->plan->leg_count; i++) {
        const struct leg *leg = &x->plan->legs[i];

        x->legs[i].given = calloc(leg->case_count + 1, 1);
        x->legs[i].lost = calloc(leg->case_count + 1, sizeof *x->legs[i].lost);
        if (x->legs[i].given == NULL || x->legs[i].lost == NULL)
            return false;
        x->result->total += leg->case_count;
        for (size_t k = 0; k < leg->case_count; k++)
            x->legs[i].control_open += is_control(&leg->cases[k]) ? 1 : 0;
    }
    return x->legs != NULL;
}

static bool prepare_packs(struct executor *x)
{
    struct assay_buf all = ASSAY_BUF_INIT(65536);
    const char *text;

    if (x->plan->pack_count == 0)
        return true;
    assay_buf_add_str(&all, "ASSAY_WORKER_PACKS=");
    for (size_t i = 0; i < x->plan->pack_count; i++)
        assay_buf_printf(&all, "%s\n", x->plan->packs[i]);
    text = assay_buf_cstr(&all);
    x->packs_env = text != NULL ? strdup(text) : NULL;
    assay_buf_fini(&all);
    return x->packs_env != NULL;
}

#define TMPDIR_NAME "TMPDIR="

static bool prepare_temporary(struct executor *x)
{
    const char *below = getenv("TMPDIR");
    int len =
        snprintf(x->temporary, sizeof x->temporary, TMPDIR_NAME "%s/" EXECUTOR_FOLDER "XXXXXX",
                 below != NULL && below[0] == '/' ? below : "/tmp");

    if (len > 0 && (size_t)len < sizeof x->temporary &&
        mkdtemp(x->temporary + strlen(TMPDIR_NAME)) != NULL)
        return true;
    x->temporary[0] = '\0';
    return false;
}

static size_t how_many(const struct plan *plan)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = plan->jobs != 0 ? plan->jobs : processors > 0 ? 2 * (size_t)processors : 2;
    size_t useful = 0;

    for (size_t i = 0; i < plan->leg_count; i++)
        useful += plan->legs[i].case_count;
    wanted = wanted < WORKERS_MAX ? wanted : WORKERS_MAX;
    return wanted < useful ? wanted : useful;
}

static void tear_down(struct executor *x)
{
    for (size_t i = 0; i < x->worker_count; i++)
        end_worker(x, &x->workers[i], x->workers[i].running != SIZE_MAX);
    process_tree_end(&x->tree, true, TREE_END_MS);
    if (x->temporary[0] != '\0' && !folder_remove(x->temporary + strlen(TMPDIR_NAME)))
        fprintf(stderr, "assay: %s could not be removed: %s\n", x->temporary + strlen(TMPDIR_NAME),
                strerror(errno));
    for (size_t i = 0; x->legs != NULL && i < x->plan->leg_count; i++) {
        for (size_t k = 0; k < x->legs[i].lost_count; k++)
            json_decref(x->legs[i].lost[k].reason);
        free(x->legs[i].given);
        free(x->legs[i].lost);
    }
    free(x->legs);
    free(x->packs_env);
}

enum assay_code execute_plan(const struct plan *plan, const struct executor_hooks *hooks,
                             struct executor_result *result, struct assay_err *err)
{
    struct executor x = {.plan = plan, .hooks = hooks, .result = result, .end_ns = INT64_MAX};
    struct sigaction stop = {.sa_handler = on_interrupt}, old_int, old_term;
    enum assay_code rc = ASSAY_OK;
    ssize_t len = readlink("/proc/self/exe", x.exe, sizeof x.exe - 1);

    *result = (struct executor_result){0};
    interrupted = 0;
    sigaction(SIGINT, &stop, &old_int);
    sigaction(SIGTERM, &stop, &old_term);
    process_tree_adopt();
    if (snprintf(x.tree.marker, sizeof x.tree.marker, "ASSAY_RUN=%ld", (long)getpid()) < 0)
        x.tree.marker[0] = '\0';
    if (plan->time_limit_ms != 0)
        x.end_ns = monotonic_ns() + (int64_t)plan->time_limit_ms * 1000000;
    if (len <= 0 || !prepare_legs(&x) || !prepare_packs(&x))
        rc = assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    else if (!prepare_temporary(&x))
        rc =
            assay_fail(err, ASSAY_E_IO, 0,
                       "no temporary folder can be made: %s; set TMPDIR to one that can be written",
                       strerror(errno));
    for (size_t want = how_many(plan); rc == ASSAY_OK && x.worker_count < want;) {
        if (spawn(&x, &x.workers[x.worker_count], err))
            x.worker_count++;
        else
            rc = err->code;
    }
    if (rc == ASSAY_OK)
        rc = loop(&x, err);
    tear_down(&x);
    sigaction(SIGINT, &old_int, NULL);
    sigaction(SIGTERM, &old_term, NULL);
    return rc;
}
