/* One sequence as a case, from its world to its outcome; see live_case.h. What is done for each of
 * its requests is in live_exchange.c. */
#include "fuzz/live_exchange.h"

#include "base/utf8.h"
#include "fault/tree.h"
#include "observers/observers.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <unistd.h>

enum { LOG_MAX_BYTES = 1 << 20, TAIL_BYTES = 4096, DEATH_MS = 100, FIRST_DEATH_MS = 2000 };

const char *live_finding_name(enum live_finding finding)
{
    static const char *const names[] = {"",
#define NAME(name, text) text,
                                        LIVE_FINDINGS(NAME)
#undef NAME
    };

    return finding < LIVE_FINDING__COUNT ? names[finding] : "";
}

void live_say(struct live_outcome *out, const char *format, ...)
{
    struct assay_buf shown = ASSAY_BUF_OVER(out->said);
    char text[LIVE_SAID_BYTES / 2];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    assay_utf8_add_printable(&shown, assay_str(len > 0 ? text : ""));
    if (assay_buf_cstr(&shown) == NULL)
        out->said[sizeof(out->said) - 1] = '\0';
}

void live_log_bytes(struct assay_buf *log, struct assay_bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t byte = bytes.at[i];

        if (byte == '\n')
            assay_buf_add_str(log, "\\n\n");
        else if (byte < ' ' || byte >= 0x7f || byte == '\\')
            assay_buf_printf(log, "\\x%02x", byte);
        else
            assay_buf_add_byte(log, byte);
    }
    assay_buf_add_byte(log, '\n');
}

/* ---- the world ---- */

struct live_world *live_world_new(const struct live_world_options *options)
{
    const struct live_payer *payer = live_payer_of(options->target->profile);
    struct live_world *w = payer != NULL ? assay_alloc(sizeof(*w)) : NULL;

    if (w == NULL)
        return NULL;
    *w = (struct live_world){.options = *options, .payer = payer};
    return w;
}

void live_world_renew(struct live_world *w)
{
    case_world_free(w->cases);
    w->cases = NULL;
    w->instance = NULL;
    w->has_served = w->knows_free = false;
    w->free_path[0] = '\0';
    w->process_count = 0;
    w->bought = 0;
}

void live_world_free(struct live_world *w)
{
    if (w == NULL)
        return;
    live_world_renew(w);
    assay_free(w);
}

bool live_world_resident(struct live_world *w, uint64_t *bytes)
{
    return w->instance != NULL && instance_pid(w->instance) != 0 && instance_alive(w->instance) &&
           observe_resident(bytes, w->instance, NULL) == ASSAY_OK;
}

void live_world_seek(struct live_world *w, enum live_finding kind)
{
    w->sought = kind;
    w->death_ms = 0;
}

uint64_t live_world_bought(const struct live_world *w)
{
    return w->bought;
}

/* ---- whether it lives ---- */

/* 'Z' of a process that has ended and was not waited for; 0: there is none. */
static char state_of(pid_t pid)
{
    struct assay_buf text = ASSAY_BUF_INIT(4096);
    const char *end, *content;
    char path[64];
    char state = 0;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    if (assay_file_read(&text, path, NULL) == ASSAY_OK &&
        (content = assay_buf_cstr(&text)) != NULL && (end = strrchr(content, ')')) != NULL &&
        end[1] == ' ')
        state = end[2];
    assay_buf_fini(&text);
    return state;
}

bool live_has_died(struct live_world *w)
{
    if (w->instance == NULL || instance_pid(w->instance) == 0)
        return false;
    if (!instance_alive(w->instance))
        return true;
    for (size_t i = 0; i < w->process_count; i++) {
        char state = state_of(w->processes[i]);

        if (state == 0 || state == 'Z' || state == 'X')
            return true;
    }
    return false;
}

static int patience_ms(const struct live_world *w)
{
    if (w->sought != LIVE_FINDING_CRASH)
        return DEATH_MS;
    return w->death_ms > 0 ? 2 * w->death_ms + DEATH_MS : FIRST_DEATH_MS;
}

/* Waits for the end of any of them. */
bool live_dies(struct live_world *w)
{
    struct pollfd ends[LIVE_PROCESSES_MAX + 1];
    pid_t first = w->instance != NULL ? instance_pid(w->instance) : 0;
    int64_t start_ns = monotonic_ns();
    nfds_t count = 0;
    int took_ms;

    if (first == 0 || live_has_died(w))
        return first != 0;
    ends[count++] = (struct pollfd){.fd = pidfd_open(first, 0), .events = POLLIN};
    for (size_t i = 0; i < w->process_count; i++)
        ends[count++] = (struct pollfd){.fd = pidfd_open(w->processes[i], 0), .events = POLLIN};
    (void)poll(ends, count, patience_ms(w));
    took_ms = (int)((monotonic_ns() - start_ns) / 1000000) + 1;
    for (nfds_t i = 0; i < count; i++)
        if (ends[i].fd >= 0)
            (void)close(ends[i].fd);
    if (!live_has_died(w))
        return false;
    if (took_ms > w->death_ms)
        w->death_ms = took_ms < FIRST_DEATH_MS ? took_ms : FIRST_DEATH_MS;
    return true;
}

/* ---- the case ---- */

static const struct live_run *run_of(struct assay_case *t)
{
    return case_row(t);
}

static void body(struct assay_case *t)
{
    struct live_talk *talk = run_of(t)->talk;

    talk->t = t;
    talk->world->instance = case_instance(t);
    live_talk_begin(talk);
    for (size_t i = 0; i < talk->sequence->count; i++) {
        live_talk_exchange(talk, i);
        if (talk->out->finding != LIVE_NOTHING) /* an honest purchase would tell nothing more */
            case_end(t, VERDICT_SKIPPED, "%s", "found");
    }
    talk->is_over = true;
}

static const char *text_of(const json_t *event, const char *name)
{
    const char *text = json_string_value(json_object_get(event, name));

    return text != NULL ? text : "";
}

/* What ended the case otherwise than by a finding of its requests. */
static void conclude(struct live_talk *talk, const json_t *event)
{
    struct live_outcome *out = talk->out;
    struct live_world *w = talk->world;
    const char *verdict = text_of(event, "verdict");
    bool is_pass = strcmp(verdict, "pass") == 0;

    if (out->finding != LIVE_NOTHING)
        return;
    if (is_pass && w->sought != LIVE_FINDING_CRASH ? live_has_died(w) : live_dies(w)) {
        out->finding = LIVE_FINDING_CRASH;
        live_say(out, "after this sequence a process of the target had ended; expected: it serves "
                      "on, whatever it is sent");
    } else if (is_pass) {
        w->has_served = true;
    } else if (!w->has_served && out->class_count == 0) {
        out->is_trouble = true;
        live_say(out, "%s%s%s", text_of(event, "reason"), text_of(event, "seen")[0] ? ": " : "",
                 text_of(event, "seen"));
    } else {
        out->finding = LIVE_FINDING_STUCK;
        live_say(out, "%s, an honest purchase is no longer served: %s %s",
                 talk->is_over ? "after this sequence" : "within this sequence",
                 text_of(event, "reason"), text_of(event, "seen"));
    }
}

/* What is stuck stays so. One purchase that fails may have met what an earlier request, which
 * nobody waited for, set going; so another one is tried. */
static void sells_again(struct live_talk *talk, struct scenario *scenario)
{
    static const struct live_sequence nothing;
    json_t *event;

    talk->sequence = &nothing;
    event = case_run(talk->world->cases, scenario, 0);
    if (event != NULL && strcmp(text_of(event, "verdict"), "pass") == 0)
        talk->out->finding = LIVE_NOTHING;
    json_decref(event);
}

static void add_tail(struct assay_buf *log, const char *name, struct assay_bytes text)
{
    assay_buf_printf(log, "\n=== the last of the target's %s\n", name);
    live_log_bytes(
        log, assay_bytes_part(text, text.len > TAIL_BYTES ? text.len - TAIL_BYTES : 0, text.len));
}

static void add_tails(struct live_talk *talk)
{
    struct live_world *w = talk->world;

    if (talk->out->finding == LIVE_NOTHING || w->instance == NULL ||
        instance_workdir(w->instance) == NULL)
        return;
    add_tail(&talk->out->log, "stdout", instance_stdout(w->instance));
    add_tail(&talk->out->log, "stderr", instance_stderr(w->instance));
}

enum assay_code live_world_run(struct live_world *w, const struct live_sequence *sequence,
                               struct live_outcome *out)
{
    const struct case_world_options options = {.target = w->options.target,
                                               .defects = w->options.defects,
                                               .allowed_hosts = w->options.allowed_hosts,
                                               .disruptive = true,
                                               .seed = w->options.seed};
    struct live_talk talk = {.world = w, .sequence = sequence, .out = out};
    const struct live_run run = {.name = "sequence", .talk = &talk};
    const struct profile *profile = profile_find(w->payer->profile);
    char name[64];
    struct scenario scenario = {.name = name,
                                .title = "live fuzzing",
                                .kind = SCENARIO_OBSERVATION,
                                .side = SIDE_SERVER,
                                .rule = profile->rules[0].id,
                                .rows = &run,
                                .row_count = 1,
                                .row_bytes = sizeof(run),
                                .body = body,
                                .file = __FILE__};
    json_t *event;

    *out = (struct live_outcome){.log = ASSAY_BUF_INIT(LOG_MAX_BYTES)};
    if (sequence->count > 0 && w->sought != LIVE_NOTHING && w->sought != LIVE_FINDING_STUCK)
        scenario.kind = SCENARIO_CONTROL; /* after which nobody buys */
    if (snprintf(name, sizeof(name), "%s/live", w->payer->profile) >= (int)sizeof(name))
        return ASSAY_E_TOO_LARGE;
    if (w->cases == NULL)
        w->cases = case_world_new(&options);
    event = w->cases != NULL ? case_run(w->cases, &scenario, 0) : NULL;
    if (event == NULL)
        return ASSAY_E_NOMEM;
    conclude(&talk, event);
    json_decref(event);
    if (out->finding == LIVE_FINDING_STUCK)
        sells_again(&talk, &scenario);
    add_tails(&talk);
    return ASSAY_OK;
}

enum assay_code live_world_fresh(struct live_world *w, bool *sells)
{
    static const struct live_sequence nothing;
    struct live_outcome outcome;
    enum assay_code rc;

    live_world_renew(w);
    rc = live_world_run(w, &nothing, &outcome);
    *sells = rc == ASSAY_OK && !outcome.is_trouble && outcome.finding == LIVE_NOTHING;
    if (!*sells)
        live_world_renew(w);
    assay_buf_fini(&outcome.log);
    return rc;
}
