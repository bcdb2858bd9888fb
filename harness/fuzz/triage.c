/* Triage of findings (fuzz/triage.h). */
#include "fuzz/triage.h"

#include "base/hash.h"
#include "base/time.h"
#include "base/utf8.h"
#include "fuzz/engine_log.h"
#include "fuzz/findings.h"
#include "run/executor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LOG_BYTES = 1 << 20,
    SAID_BYTES = 4000,
    ARENA_MAX_BYTES = 1 << 24,
    RESULT_MAX_BYTES = 64 << 20,
    SLACK_S = 30 /* to start, and to say what failed */
};

struct triage {
    const struct triage_options *options;
    struct campaign campaign;
    struct assay_arena arena;
    json_t *findings; /* of the result, borrowed */
    struct assay_err *err;
};

/* ---- texts and files ---- */

static enum assay_code no_memory(struct assay_err *err)
{
    return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
}

/* What a target said, as UTF-8. */
static json_t *text_of(struct assay_bytes text)
{
    struct assay_buf clean = ASSAY_BUF_INIT(4 * SAID_BYTES);
    json_t *string;

    assay_utf8_add_replaced(&clean, assay_bytes_part(text, 0, SAID_BYTES));
    string = assay_buf_ok(&clean) ? json_stringn((const char *)assay_buf_view(&clean).at, clean.len)
                                  : NULL;
    assay_buf_fini(&clean);
    return string;
}

static const char *text(const json_t *finding, const char *member)
{
    const char *value = json_string_value(json_object_get(finding, member));

    return value != NULL ? value : "";
}

static uint64_t number(const json_t *finding, const char *member)
{
    json_int_t n = json_integer_value(json_object_get(finding, member));

    return n > 0 ? (uint64_t)n : 0;
}

bool triage_is_first(const json_t *finding)
{
    return json_object_get(finding, "sameAs") == NULL;
}

const char *triage_repeats(const json_t *finding)
{
    uint64_t reproduced = number(finding, "reproduced");

    return reproduced == 0                         ? "never"
           : reproduced < number(finding, "tries") ? "sometimes"
                                                   : "always";
}

/* ---- one run of one input ---- */

/* Runs the target over the words (options, then an input); what it says is left in `log`. */
static enum assay_code run_target(struct process_end *end, struct assay_buf *log, struct triage *t,
                                  const struct campaign_target *target, const char *const *words,
                                  uint64_t seconds)
{
    const char *argv[8] = {target->programs.of[FUZZ_LIBFUZZER]};
    const char *file = campaign_path_take(&t->arena, &t->campaign, target, "work/triage/log");
    const char *const env[] = {t->campaign.marker, NULL};
    struct bounded_plan plan = {
        .argv = argv, .env = env, .log = file, .seconds = seconds + SLACK_S};
    enum assay_code rc;
    size_t n = 1;

    for (size_t i = 0; words[i] != NULL && n < ARRAY_LEN(argv) - 1; i++)
        argv[n++] = words[i];
    argv[n] = NULL;
    if (file == NULL)
        return no_memory(t->err);
    rc = bounded_run(end, &plan, t->options->stop, t->err);
    if (rc == ASSAY_OK && log != NULL)
        findings_read_tail(log, file);
    return rc;
}

/* Repeats an input; true in *failed when it failed, and then what and how. */
static enum assay_code repeat(bool *failed, struct fuzz_failure *failure, struct assay_buf *log,
                              struct triage *t, const struct campaign_target *target,
                              const char *input)
{
    const char *timeout = assay_arena_printf(&t->arena, "-timeout=%" PRIu64, t->options->timeout_s);
    const char *memory =
        assay_arena_printf(&t->arena, "-rss_limit_mb=%" PRIu64, t->options->memory_mb);
    const char *const words[] = {"-runs=1", timeout, memory, input, NULL};
    struct process_end end = {0};
    enum assay_code rc = timeout == NULL || memory == NULL
                             ? no_memory(t->err)
                             : run_target(&end, log, t, target, words, t->options->timeout_s);

    *failed = rc == ASSAY_OK && (!end.ended || end.status != 0);
    if (*failed) {
        fuzz_failure_read(failure, assay_buf_view(log));
        if (failure->kind == FUZZ_NONE) /* it said nothing that is known */
            *failure = (struct fuzz_failure){.kind = end.ended ? FUZZ_CRASH : FUZZ_TIMEOUT,
                                             .key = "ended without a word"};
    }
    return rc;
}

/* ---- a finding ---- */

static void set_failure(json_t *finding, const struct fuzz_failure *failure, struct assay_bytes log)
{
    (void)json_object_set_new(finding, "kind", json_string(fuzz_kind_word(failure->kind)));
    (void)json_object_set_new(finding, "key", text_of(assay_str(failure->key)));
    (void)json_object_set_new(finding, "said", text_of(log));
}

/* Of one that does not fail any more, what was said when it did. */
static void set_first_said(json_t *finding, struct triage *t, const char *input,
                           struct assay_buf *log)
{
    const char *path = assay_arena_printf(&t->arena, "%s.log", input);
    struct fuzz_failure failure = {.kind = FUZZ_NONE};

    assay_buf_clear(log);
    if (path != NULL)
        findings_read_tail(log, path);
    fuzz_failure_read(&failure, assay_buf_view(log));
    set_failure(finding, &failure, assay_buf_view(log));
}

/* The first part of what matters: what stands before the report is the engine's own greeting. */
static struct assay_bytes report_of(struct assay_bytes log)
{
    static const char *const starts[] = {
        ": does not hold: ", ": runtime error: ", "==ERROR: ", "== ERROR: "};
    size_t first = log.len;

    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        const uint8_t *at = memmem(log.at, log.len, starts[i], strlen(starts[i]));

        if (at != NULL && (size_t)(at - log.at) < first)
            first = (size_t)(at - log.at);
    }
    if (first == log.len)
        return log;
    while (first > 0 && log.at[first - 1] != '\n')
        first--;
    return assay_bytes_part(log, first, log.len);
}

static enum assay_code repeat_all(json_t *finding, struct triage *t,
                                  const struct campaign_target *target, const char *input)
{
    struct assay_buf log = ASSAY_BUF_INIT(LOG_BYTES);
    struct fuzz_failure failure = {.kind = FUZZ_NONE};
    enum assay_code rc = ASSAY_OK;
    uint64_t reproduced = 0;

    for (uint64_t i = 0; i < t->options->tries && rc == ASSAY_OK; i++) {
        bool failed = false;

        rc = repeat(&failed, &failure, &log, t, target, input);
        if (failed && reproduced++ == 0)
            set_failure(finding, &failure, report_of(assay_buf_view(&log)));
    }
    if (rc == ASSAY_OK && reproduced == 0)
        set_first_said(finding, t, input, &log);
    (void)json_object_set_new(finding, "tries", json_integer((json_int_t)t->options->tries));
    (void)json_object_set_new(finding, "reproduced", json_integer((json_int_t)reproduced));
    assay_buf_fini(&log);
    return rc;
}

static enum assay_code describe(struct triage *t, const struct campaign_target *target,
                                const char *name)
{
    const char *input =
        assay_arena_printf(&t->arena, "%s/%s/findings/%s", t->campaign.folder, target->name, name);
    char found[ASSAY_TIME_TEXT_BYTES];
    struct stat about = {0};
    json_t *finding;

    if (input == NULL)
        return no_memory(t->err);
    if (stat(input, &about) != 0)
        return assay_fail(t->err, ASSAY_E_IO, 0, "%s: %s", input, strerror(errno));
    assay_time_text(found, (int64_t)about.st_mtim.tv_sec * 1000);
    finding = json_pack("{s:s, s:s, s:I, s:s, s:s, s:[s, s]}", "target", target->name, "name", name,
                        "bytes", (json_int_t)about.st_size, "input", input, "found", found,
                        "command", target->programs.of[FUZZ_LIBFUZZER], input);
    if (finding == NULL || json_array_append_new(t->findings, finding) != 0)
        return no_memory(t->err);
    return repeat_all(finding, t, target, input);
}

/* ---- sorts ---- */

static bool is_same_sort(const json_t *a, const json_t *b)
{
    static const char *const members[] = {"target", "kind", "key"};

    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (strcmp(text(a, members[i]), text(b, members[i])) != 0)
            return false;
    return true;
}

/* Whether `a` stands for its sort rather than `b`: what fails more often, then what is smaller. */
static bool stands_before(const json_t *a, const json_t *b)
{
    uint64_t often = number(a, "reproduced"), other = number(b, "reproduced");

    if (often != other)
        return often > other;
    return number(a, "bytes") < number(b, "bytes");
}

static json_t *best_of_sort(const struct triage *t, const json_t *finding)
{
    json_t *best = NULL, *other;
    size_t i;

    json_array_foreach (t->findings, i, other) {
        if (is_same_sort(finding, other) && (best == NULL || stands_before(other, best)))
            best = other;
    }
    return best;
}

static void sort_all(struct triage *t)
{
    json_t *finding;
    size_t i;

    json_array_foreach (t->findings, i, finding) {
        const json_t *best = best_of_sort(t, finding);

        if (best != NULL && best != finding)
            (void)json_object_set_new(finding, "sameAs", json_string(text(best, "name")));
    }
}

/* ---- cutting down ---- */

/* What libFuzzer can cut down: failures that end the process at once, every time. */
static bool can_be_cut(const struct triage *t, const json_t *finding)
{
    enum fuzz_kind kind = fuzz_kind_of_word(text(finding, "kind"));

    return t->options->minimise_s > 0 && triage_is_first(finding) &&
           number(finding, "reproduced") == t->options->tries && number(finding, "bytes") > 1 &&
           (kind == FUZZ_ORACLE || kind == FUZZ_CRASH || kind == FUZZ_UNDEFINED);
}

/* Takes the smaller input over if it still fails in the same way. */
static enum assay_code keep_smaller(json_t *finding, struct triage *t,
                                    const struct campaign_target *target, const char *smaller)
{
    const char *kept = assay_arena_printf(&t->arena, "%s.min", text(finding, "input"));
    struct assay_buf log = ASSAY_BUF_INIT(LOG_BYTES);
    struct fuzz_failure failure = {.kind = FUZZ_NONE};
    struct stat about = {0};
    bool failed = false;
    enum assay_code rc = ASSAY_OK;

    if (stat(smaller, &about) == 0 && (uint64_t)about.st_size < number(finding, "bytes"))
        rc = repeat(&failed, &failure, &log, t, target, smaller);
    if (failed && strcmp(fuzz_kind_word(failure.kind), text(finding, "kind")) == 0 &&
        strcmp(failure.key, text(finding, "key")) == 0 && kept != NULL &&
        rename(smaller, kept) == 0) {
        (void)json_object_set_new(finding, "minimalBytes", json_integer(about.st_size));
        (void)json_object_set_new(finding, "input", json_string(kept));
        (void)json_array_set_new(json_object_get(finding, "command"), 1, json_string(kept));
    }
    assay_buf_fini(&log);
    return rc;
}

static enum assay_code cut_down(json_t *finding, struct triage *t,
                                const struct campaign_target *target)
{
    const char *smaller =
        campaign_path_take(&t->arena, &t->campaign, target, "work/triage/smaller");
    const char *exact =
        assay_arena_printf(&t->arena, "-exact_artifact_path=%s", smaller != NULL ? smaller : "");
    const char *time =
        assay_arena_printf(&t->arena, "-max_total_time=%" PRIu64, t->options->minimise_s);
    const char *const words[] = {"-minimize_crash=1", exact, time, text(finding, "input"), NULL};
    struct process_end end;
    enum assay_code rc;

    if (smaller == NULL || exact == NULL || time == NULL)
        return no_memory(t->err);
    (void)unlink(smaller);
    rc = run_target(&end, NULL, t, target, words, t->options->minimise_s);
    return rc == ASSAY_OK ? keep_smaller(finding, t, target, smaller) : rc;
}

/* ---- seeds ---- */

static enum assay_code write_seed(json_t *finding, struct triage *t)
{
    struct assay_buf input = ASSAY_BUF_INIT(FINDING_MAX_BYTES);
    const char *folder =
        assay_arena_printf(&t->arena, "%s/seeds/%s", t->options->sources, text(finding, "target"));
    char digest[2 * ASSAY_SHA256_BYTES + 1];
    const char *seed = NULL;
    enum assay_code rc = assay_file_read(&input, text(finding, "input"), t->err);

    if (rc == ASSAY_OK) {
        assay_sha256_hex(digest, assay_buf_view(&input));
        seed = assay_arena_printf(&t->arena, "%s/%s-%.8s", folder != NULL ? folder : "",
                                  text(finding, "kind"), digest);
        rc = folder == NULL || seed == NULL ? no_memory(t->err) : assay_folder_make(folder, t->err);
    }
    if (rc == ASSAY_OK)
        rc = assay_file_write(seed, assay_buf_view(&input), t->err);
    if (rc == ASSAY_OK)
        (void)json_object_set_new(finding, "seed", json_string(seed));
    assay_buf_fini(&input);
    return rc;
}

/* ---- the whole ---- */

static enum assay_code describe_all(struct triage *t, struct campaign_target *target)
{
    const char *work = campaign_path_take(&t->arena, &t->campaign, target, "work/triage");
    const char *const *names = NULL;
    size_t count = 0, adopted = 0;
    enum assay_code rc =
        work == NULL ? no_memory(t->err) : campaign_make_folders(&t->campaign, target, t->err);

    if (rc == ASSAY_OK)
        rc = findings_adopt_leftovers(&adopted, &t->campaign, target, t->err);
    if (rc == ASSAY_OK)
        rc = findings_list(&names, &count, &t->arena, &t->campaign, target, t->err);
    if (rc == ASSAY_OK && count > 0 && target->programs.of[FUZZ_LIBFUZZER] == NULL)
        rc = assay_fail(t->err, ASSAY_E_MISSING, 0,
                        "%s has findings, and there is no program fuzz-%s to repeat them with; "
                        "build it or name its folder with --engines",
                        target->name, target->name);
    if (rc == ASSAY_OK && count > 0)
        rc = assay_folder_make(work, t->err);
    for (size_t i = 0; rc == ASSAY_OK && i < count; i++)
        rc = describe(t, target, names[i]);
    return rc;
}

static enum assay_code finish_all(struct triage *t)
{
    enum assay_code rc = ASSAY_OK;
    json_t *finding;
    size_t i;

    sort_all(t);
    json_array_foreach (t->findings, i, finding) {
        const struct campaign_target *target =
            campaign_target(&t->campaign, text(finding, "target"));

        if (target != NULL && rc == ASSAY_OK && can_be_cut(t, finding))
            rc = cut_down(finding, t, target);
        if (rc == ASSAY_OK && t->options->writes && triage_is_first(finding) &&
            number(finding, "reproduced") > 0)
            rc = write_seed(finding, t);
    }
    return rc;
}

static enum assay_code check_names(const struct triage *t)
{
    const char *const *names = t->options->names;

    for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
        if (campaign_target(&t->campaign, names[i]) == NULL)
            return assay_fail(t->err, ASSAY_E_UNKNOWN, 0, "%s has no target \"%s\"",
                              t->options->out, names[i]);
    }
    return ASSAY_OK;
}

static enum assay_code write_result(const struct triage *t, const json_t *result)
{
    struct assay_buf path = ASSAY_BUF_INIT(CAMPAIGN_PATH_BYTES);
    const char *name = campaign_path(&path, &t->campaign, NULL, "triage.json");
    char *dump = json_dumps(result, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    enum assay_code rc = name == NULL || dump == NULL
                             ? no_memory(t->err)
                             : assay_file_write(name, assay_str(dump), t->err);

    free(dump);
    assay_buf_fini(&path);
    return rc;
}

enum assay_code triage_run(json_t **result, const struct triage_options *options,
                           struct assay_err *err)
{
    struct triage t = {.options = options, .arena = ASSAY_ARENA_INIT(ARENA_MAX_BYTES), .err = err};
    enum assay_code rc = campaign_open(&t.campaign, options->out, true, err);

    *result = json_pack("{s:s, s:[]}", "format", TRIAGE_FORMAT, "findings");
    t.findings = json_object_get(*result, "findings");
    if (rc == ASSAY_OK && t.findings == NULL)
        rc = no_memory(err);
    for (size_t i = 0; rc == ASSAY_OK && options->engines[i] != NULL; i++)
        rc = campaign_discover(&t.campaign, options->engines[i], err);
    if (rc == ASSAY_OK)
        rc = check_names(&t);
    for (size_t i = 0; rc == ASSAY_OK && i < t.campaign.count; i++)
        if (t.campaign.targets[i].has_folder &&
            campaign_is_named(options->names, t.campaign.targets[i].name))
            rc = describe_all(&t, &t.campaign.targets[i]);
    if (rc == ASSAY_OK)
        rc = finish_all(&t);
    if (rc == ASSAY_OK)
        rc = write_result(&t, *result);
    campaign_close(&t.campaign);
    assay_arena_fini(&t.arena);
    return rc;
}

enum assay_code triage_read(json_t **result, const struct campaign *c, struct assay_err *err)
{
    struct assay_buf path = ASSAY_BUF_INIT(CAMPAIGN_PATH_BYTES);
    struct assay_buf content = ASSAY_BUF_INIT(RESULT_MAX_BYTES);
    const char *name = campaign_path(&path, c, NULL, "triage.json");
    enum assay_code rc = name == NULL ? no_memory(err) : ASSAY_OK;
    json_t *tree = NULL;

    if (name != NULL && access(name, F_OK) != 0)
        rc = ASSAY_E_MISSING;
    else if (name != NULL && (rc = assay_file_read(&content, name, err)) == ASSAY_OK) {
        tree = json_loadb((const char *)content.at, content.len, JSON_REJECT_DUPLICATES, NULL);
        if (strcmp(text(tree, "format"), TRIAGE_FORMAT) != 0)
            rc = assay_fail(err, ASSAY_E_MALFORMED, 0,
                            "%s: is no triage; `assay fuzz triage` makes it anew", name);
    }
    if (rc == ASSAY_OK)
        *result = tree;
    else
        json_decref(tree);
    assay_buf_fini(&content);
    assay_buf_fini(&path);
    return rc;
}
