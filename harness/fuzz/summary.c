/* A campaign's summary (fuzz/summary.h). */
#include "fuzz/summary.h"

#include "base/time.h"
#include "fuzz/findings.h"
#include "fuzz/triage.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    ARENA_MAX_BYTES = 1 << 24,
    SENTENCE_BYTES = 1 << 12,
    NAMED_MOST = 6,
    SLOW_RATE = 1000,
    NEW_MS = 24 * 60 * 60 * 1000
};

/* What the journal says of one target: its line, thinned out as it grows. */
struct line {
    struct {
        uint64_t seconds, edges;
    } points[SUMMARY_POINTS_MAX];
    size_t count;
    bool has_tail;            /* the last one is not due */
    uint64_t every, since;    /* each how-manyth sample is a point; how many there were since */
    uint64_t seconds;         /* so far */
    uint64_t grown_at, edges; /* of the engine that is drawn */
    bool has_libfuzzer;
};

struct summary {
    const struct campaign *campaign;
    struct line *lines; /* one a target, in the campaign's order */
    int64_t from_ms, to_ms;
    size_t torn;
    json_t *tree, *triage;
};

static enum assay_code no_memory(struct assay_err *err)
{
    return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
}

static json_t *whole(uint64_t number)
{
    return json_integer(number < INT64_MAX ? (json_int_t)number : INT64_MAX);
}

/* ---- lines ---- */

static void thin_out(struct line *line)
{
    size_t kept = 0;

    for (size_t i = 0; i < line->count; i += 2)
        line->points[kept++] = line->points[i];
    line->count = kept;
    line->every *= 2;
}

/* The last sample always stands, in the place of one before it that was not due. */
static void add_point(struct line *line, uint64_t edges)
{
    if (line->has_tail)
        line->count--;
    if (line->count == SUMMARY_POINTS_MAX)
        thin_out(line);
    line->points[line->count].seconds = line->seconds;
    line->points[line->count++].edges = edges;
    line->has_tail = line->since > 0;
    line->since = line->since + 1 < line->every ? line->since + 1 : 0;
}

/* The two engines count edges differently: libFuzzer's are drawn, AFL++'s where it worked alone. */
static void on_sample(void *context, const struct campaign_sample *s)
{
    struct summary *summary = context;
    const struct campaign_target *target = campaign_target(summary->campaign, s->target);
    struct line *line;

    if (summary->from_ms == 0)
        summary->from_ms = s->time_ms;
    summary->to_ms = s->time_ms > summary->to_ms ? s->time_ms : summary->to_ms;
    if (target == NULL)
        return;
    line = &summary->lines[target - summary->campaign->targets];
    line->seconds += s->seconds;
    if (s->engine == FUZZ_AFL && line->has_libfuzzer)
        return;
    if (s->engine == FUZZ_LIBFUZZER && !line->has_libfuzzer) {
        line->has_libfuzzer = true;
        line->count = line->since = line->edges = 0;
        line->has_tail = false;
    }
    if (s->edges > line->edges) {
        line->edges = s->edges;
        line->grown_at = line->seconds;
    }
    add_point(line, line->edges);
}

static json_t *points_of(const struct line *line)
{
    json_t *points = json_array();

    for (size_t i = 0; i < line->count; i++)
        (void)json_array_append_new(points, json_pack("[o, o]", whole(line->points[i].seconds),
                                                      whole(line->points[i].edges)));
    return points;
}

/* ---- targets ---- */

static const char *state_of(const struct campaign_state *s)
{
    if (s->slices == 0)
        return "untouched";
    return s->flat_slices >= SUMMARY_FLAT_SLICES ? "flat" : "growing";
}

static enum assay_code count_findings(size_t *count, const struct campaign *c,
                                      const struct campaign_target *target, struct assay_err *err)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_MAX_BYTES);
    const char *const *names;
    enum assay_code rc = findings_list(&names, count, &arena, c, target, err);

    assay_arena_fini(&arena);
    return rc;
}

static uint64_t edges_of(const struct campaign_state *s)
{
    return s->edges > 0 ? s->edges : s->afl_edges;
}

static enum assay_code add_target(struct summary *s, size_t i, struct assay_err *err)
{
    const struct campaign_target *t = &s->campaign->targets[i];
    const struct campaign_state *state = &t->state;
    const struct line *line = &s->lines[i];
    bool is_flat = state->slices > 0 && state->flat_slices >= SUMMARY_FLAT_SLICES;
    uint64_t rate = state->seconds > 0 ? state->executions / state->seconds : 0;
    size_t findings = 0;
    enum assay_code rc = count_findings(&findings, s->campaign, t, err);
    json_t *target;

    if (rc != ASSAY_OK)
        return rc;
    target = json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", t->name,
        "state", state_of(state), "executions", whole(state->executions), "seconds",
        whole(state->seconds), "rate", whole(rate), "edges", whole(edges_of(state)), "corpus",
        whole(state->corpus), "corpusBytes", whole(state->corpus_bytes), "memoryMb",
        whole(state->memory_mb), "flatSeconds",
        whole(is_flat && line->seconds > line->grown_at ? line->seconds - line->grown_at : 0),
        "findings", whole(findings), "failedSlices", whole(state->failed_slices), "points",
        points_of(line));
    return target != NULL && json_array_append_new(json_object_get(s->tree, "targets"), target) == 0
               ? ASSAY_OK
               : no_memory(err);
}

/* ---- findings ---- */

static bool same_text(const json_t *a, const json_t *b, const char *member)
{
    const char *x = json_string_value(json_object_get(a, member));
    const char *y = json_string_value(json_object_get(b, member));

    return x != NULL && y != NULL && strcmp(x, y) == 0;
}

/* How many others it stands for. */
static size_t more_of(const json_t *findings, const json_t *first)
{
    const char *name = json_string_value(json_object_get(first, "name"));
    const json_t *other;
    size_t i, count = 0;

    json_array_foreach (findings, i, other) {
        const char *same = json_string_value(json_object_get(other, "sameAs"));

        count += name != NULL && same != NULL && strcmp(same, name) == 0 &&
                 same_text(first, other, "target");
    }
    return count;
}

static bool is_new(const struct summary *s, const json_t *finding)
{
    const char *found = json_string_value(json_object_get(finding, "found"));
    int64_t ms;

    return found != NULL && assay_time_parse(&ms, assay_str(found)) == ASSAY_OK &&
           ms > s->to_ms - NEW_MS;
}

static bool does_fail(const json_t *finding)
{
    return json_integer_value(json_object_get(finding, "reproduced")) > 0;
}

/* What fails comes first, and of that what is new. */
static int rank_of(const struct summary *s, const json_t *finding)
{
    return (does_fail(finding) ? 0 : 2) + (is_new(s, finding) ? 0 : 1);
}

static enum assay_code add_findings(struct summary *s, struct assay_err *err)
{
    const json_t *findings = json_object_get(s->triage, "findings"), *finding;
    json_t *out = json_object_get(s->tree, "findings");

    for (int rank = 0; rank < 4; rank++) {
        size_t i;

        json_array_foreach (findings, i, finding) {
            json_t *copy;

            if (!triage_is_first(finding) || rank_of(s, finding) != rank)
                continue;
            copy = json_copy((json_t *)(uintptr_t)finding);
            if (json_object_set_new(copy, "isNew", json_boolean(is_new(s, finding))) != 0 ||
                json_object_set_new(copy, "more", whole(more_of(findings, finding))) != 0 ||
                json_array_append_new(out, copy) != 0)
                return no_memory(err);
        }
    }
    return ASSAY_OK;
}

/* ---- totals ---- */

static uint64_t sum_of(const json_t *targets, const char *member)
{
    const json_t *target;
    uint64_t sum = 0;
    size_t i;

    json_array_foreach (targets, i, target)
        sum += (uint64_t)json_integer_value(json_object_get(target, member));
    return sum;
}

static enum assay_code add_totals(struct summary *s, struct assay_err *err)
{
    const json_t *targets = json_object_get(s->tree, "targets"), *finding;
    const json_t *triaged = json_object_get(s->triage, "findings");
    uint64_t found = sum_of(targets, "findings"), known = json_array_size(triaged), failing = 0;
    json_t *totals;
    size_t i;

    json_array_foreach (json_object_get(s->tree, "findings"), i, finding)
        failing += does_fail(finding);
    totals = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "targets", whole(json_array_size(targets)),
        "executions", whole(sum_of(targets, "executions")), "seconds",
        whole(sum_of(targets, "seconds")), "edges", whole(sum_of(targets, "edges")), "corpus",
        whole(sum_of(targets, "corpus")), "findings", whole(found), "failing", whole(failing),
        "untriaged", whole(found > known ? found - known : 0));
    return totals != NULL && json_object_set_new(s->tree, "totals", totals) == 0 ? ASSAY_OK
                                                                                 : no_memory(err);
}

/* ---- what to do next ---- */

static void say(struct summary *s, struct assay_buf *sentence)
{
    if (assay_buf_ok(sentence))
        (void)json_array_append_new(
            json_object_get(s->tree, "next"),
            json_stringn((const char *)assay_buf_view(sentence).at, sentence->len));
    assay_buf_clear(sentence);
}

static uint64_t total(const struct summary *s, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(json_object_get(s->tree, "totals"), name));
}

static uint64_t number(const json_t *target, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(target, name));
}

static bool is_untouched(const json_t *target)
{
    return strcmp(json_string_value(json_object_get(target, "state")), "untouched") == 0;
}

static bool is_flat(const json_t *target)
{
    return strcmp(json_string_value(json_object_get(target, "state")), "flat") == 0;
}

static bool is_slow(const json_t *target)
{
    return !is_untouched(target) && number(target, "executions") > 0 &&
           number(target, "rate") < SLOW_RATE;
}

static bool ends_badly(const json_t *target)
{
    return number(target, "failedSlices") > 0;
}

/* "a, b and 3 more" of the targets that are so; returns how many they are. */
static size_t add_names(struct assay_buf *out, const struct summary *s,
                        bool (*is_so)(const json_t *target))
{
    const json_t *target;
    size_t i, count = 0;

    json_array_foreach (json_object_get(s->tree, "targets"), i, target) {
        if (is_so(target) && count++ < NAMED_MOST)
            assay_buf_printf(out, "%s%s", count > 1 ? ", " : "",
                             json_string_value(json_object_get(target, "name")));
    }
    if (count > NAMED_MOST)
        assay_buf_printf(out, " and %zu more", count - NAMED_MOST);
    return count;
}

/* Targets that are so, and what that means: one of them, or several. */
static const struct {
    bool (*is_so)(const json_t *target);
    const char *text;
} advice[] = {
    {ends_badly, ": slices ended badly without a finding. What was said last is in failed.log of "
                 "the target's folder."},
    {is_untouched, ": not fuzzed yet; a longer run gets there, and `assay fuzz run NAME` at once."},
    {is_flat, ": no new coverage for a while. Seeds (`assay fuzz corpus seed`), a dictionary in "
              "fuzz/dict or a mutator that knows the format may help; else the time is better "
              "spent on other targets."},
    {is_slow, ": fewer than a thousand executions a second. Profile the target; an input limit "
              "(--max-len) may do."},
};

static void add_next(struct summary *s)
{
    struct assay_buf text = ASSAY_BUF_INIT(SENTENCE_BYTES);
    uint64_t failing = total(s, "failing"), untriaged = total(s, "untriaged");

    if (untriaged > 0) {
        assay_buf_printf(&text,
                         "%" PRIu64 " found and not triaged: `assay fuzz triage` repeats, sorts "
                         "and cuts down what was found.",
                         untriaged);
        say(s, &text);
    }
    if (failing > 0) {
        assay_buf_printf(&text,
                         "Mend %" PRIu64 " %s, the first below first; `assay fuzz triage --write` "
                         "keeps each as a seed, so that `make check` proves the repair.",
                         failing, failing == 1 ? "failure" : "failures");
        say(s, &text);
    }
    for (size_t i = 0; i < ARRAY_LEN(advice); i++) {
        if (add_names(&text, s, advice[i].is_so) > 0) {
            assay_buf_add_str(&text, advice[i].text);
            say(s, &text);
        }
        assay_buf_clear(&text);
    }
    if (json_array_size(json_object_get(s->tree, "next")) == 0) {
        assay_buf_add_str(&text, "Nothing fails, and every target still grows: run another night.");
        say(s, &text);
    }
    assay_buf_fini(&text);
}

/* ---- the whole ---- */

static enum assay_code add_times(struct summary *s, struct assay_err *err)
{
    char from[ASSAY_TIME_TEXT_BYTES], to[ASSAY_TIME_TEXT_BYTES];

    assay_time_text(from, s->from_ms);
    assay_time_text(to, s->to_ms);
    return json_object_set_new(s->tree, "from", json_string(s->from_ms > 0 ? from : "")) == 0 &&
                   json_object_set_new(s->tree, "to", json_string(s->to_ms > 0 ? to : "")) == 0 &&
                   json_object_set_new(s->tree, "torn", whole(s->torn)) == 0
               ? ASSAY_OK
               : no_memory(err);
}

static enum assay_code add_coverage(struct summary *s, const struct summary_options *options,
                                    struct assay_err *err)
{
    json_t *uncovered = NULL;
    enum assay_code rc = ASSAY_OK;

    if (options->coverage != NULL)
        rc = summary_uncovered(&uncovered, options->coverage, err);
    if (uncovered != NULL && json_object_set_new(s->tree, "uncovered", uncovered) != 0)
        rc = no_memory(err);
    if (rc == ASSAY_OK && options->link != NULL &&
        json_object_set_new(s->tree, "coverage", json_string(options->link)) != 0)
        rc = assay_fail(err, ASSAY_E_MALFORMED, 0, "the link is not UTF-8");
    return rc;
}

static enum assay_code fill(struct summary *s, const struct summary_options *options,
                            struct assay_err *err)
{
    enum assay_code rc = triage_read(&s->triage, s->campaign, err);

    if (rc == ASSAY_E_MISSING) /* nothing was triaged yet */
        rc = ASSAY_OK;
    if (rc == ASSAY_OK)
        rc = campaign_samples_each(&s->torn, s->campaign, on_sample, s, err);
    for (size_t i = 0; rc == ASSAY_OK && i < s->campaign->count; i++)
        rc = add_target(s, i, err);
    if (rc == ASSAY_OK)
        rc = add_times(s, err);
    if (rc == ASSAY_OK)
        rc = add_findings(s, err);
    if (rc == ASSAY_OK)
        rc = add_totals(s, err);
    if (rc == ASSAY_OK)
        rc = add_coverage(s, options, err);
    if (rc == ASSAY_OK)
        add_next(s);
    return rc;
}

enum assay_code summary_make(json_t **summary, const struct campaign *c,
                             const struct summary_options *options, struct assay_err *err)
{
    struct summary s = {.campaign = c};
    enum assay_code rc;

    s.tree = json_pack("{s:s, s:s, s:[], s:[], s:[]}", "format", SUMMARY_FORMAT, "folder",
                       c->folder, "targets", "findings", "next");
    s.lines = assay_alloc((c->count + 1) * sizeof(*s.lines));
    if (s.lines != NULL)
        memset(s.lines, 0, (c->count + 1) * sizeof(*s.lines));
    for (size_t i = 0; s.lines != NULL && i < c->count; i++)
        s.lines[i].every = 1;
    rc = s.tree == NULL || s.lines == NULL ? no_memory(err) : fill(&s, options, err);
    if (rc == ASSAY_OK) {
        *summary = s.tree;
        s.tree = NULL;
    }
    json_decref(s.tree);
    json_decref(s.triage);
    assay_free(s.lines);
    return rc;
}
