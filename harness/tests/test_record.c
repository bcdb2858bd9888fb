/* The record: what is written is read back, whatever end it came to, and what is not a record is
 * refused with its place. */
#include "record/record.h"
#include "record/shape.h"
#include "sample_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

struct folder {
    char path[64], file[128];
};

static const char *in_folder(struct folder *f, const char *name)
{
    int len = snprintf(f->file, sizeof(f->file), "%s/%s", f->path, name);

    cr_assert(len > 0 && (size_t)len < sizeof(f->file));
    return f->file;
}

static void write_sample(const struct folder *f, enum sample sample)
{
    json_t *events = sample_events(sample), *event;
    struct record_writer *w = NULL;
    struct assay_err err = {0};
    size_t i;

    cr_assert_eq(record_create(&w, f->path, NULL, &err), ASSAY_OK, "%s", err.text);
    json_array_foreach (events, i, event)
        cr_assert_eq(record_add(w, event, &err), ASSAY_OK, "%s", err.text);
    cr_assert_eq(record_close(w, &err), ASSAY_OK, "%s", err.text);
    json_decref(events);
}

static json_t *read_path(const char *path)
{
    struct assay_err err = {0};
    json_t *run = NULL;

    cr_assert_eq(record_read(&run, path, &err), ASSAY_OK, "%s", err.text);
    return run;
}

Test(record, reads_back_what_was_written_from_folder_document_and_lines)
{
    for (size_t s = 0; s < SAMPLE__COUNT; s++) {
        struct folder f;
        json_t *a, *b, *c;

        sample_folder_make(f.path);
        write_sample(&f, (enum sample)s);
        a = read_path(f.path);
        b = read_path(in_folder(&f, "run.json"));
        c = read_path(in_folder(&f, "record.jsonl"));
        cr_expect(json_equal(a, b) && json_equal(a, c), "sample: %s", sample_names[s]);
        cr_expect_neq(access(in_folder(&f, ".run.json.part"), F_OK), 0);
        json_decref(a);
        json_decref(b);
        json_decref(c);
        sample_folder_remove(f.path);
    }
}

Test(record, calls_a_run_without_an_end_interrupted_and_invalid)
{
    json_t *run = sample_run(SAMPLE_INTERRUPTED), *outcome = json_object_get(run, "outcome");

    cr_expect(json_is_false(json_object_get(outcome, "valid")));
    cr_expect(json_is_true(json_object_get(outcome, "interrupted")));
    cr_expect_eq(json_integer_value(json_object_get(outcome, "exit")), 130);
    cr_expect_eq(json_integer_value(json_object_get(json_object_get(outcome, "counts"), "pass")),
                 3);
    cr_expect_eq(json_array_size(json_object_get(outcome, "invalid")), 1);
    cr_expect_eq(json_array_size(json_object_get(outcome, "notJudged")), 3,
                 "three threats were not reached");
    json_decref(run);
}

/* The bytes of a record.jsonl. */
static void read_lines(struct assay_buf *out, enum sample sample)
{
    struct folder f;
    struct assay_err err = {0};

    sample_folder_make(f.path);
    write_sample(&f, sample);
    cr_assert_eq(assay_file_read(out, in_folder(&f, "record.jsonl"), &err), ASSAY_OK, "%s",
                 err.text);
    sample_folder_remove(f.path);
}

static enum assay_code read_text(json_t **out, const char *name, struct assay_bytes text,
                                 struct assay_err *err)
{
    struct folder f;
    enum assay_code rc;

    sample_folder_make(f.path);
    cr_assert_eq(assay_file_write(in_folder(&f, name), text, NULL), ASSAY_OK);
    rc = record_read(out, f.file, err);
    sample_folder_remove(f.path);
    return rc;
}

Test(record, is_never_valid_when_cut_anywhere)
{
    struct assay_buf lines = ASSAY_BUF_INIT(1 << 20);
    size_t last, read = 0;

    read_lines(&lines, SAMPLE_PASSING);
    for (last = lines.len - 1; last > 0 && lines.at[last - 1] != '\n'; last--)
        ;
    for (size_t len = 0; len < lines.len - 1; len += len < last ? 211 : 1) {
        json_t *run = NULL;
        enum assay_code rc =
            read_text(&run, "record.jsonl", assay_bytes_part(assay_buf_view(&lines), 0, len), NULL);

        cr_expect(rc == ASSAY_OK || (rc == ASSAY_E_MALFORMED && len < 1000), "cut at %zu", len);
        read += rc == ASSAY_OK;
        if (rc == ASSAY_OK)
            cr_expect(json_is_false(json_object_get(json_object_get(run, "outcome"), "valid")),
                      "cut at %zu", len);
        json_decref(run);
    }
    cr_expect_gt(read, 100);
    assay_buf_fini(&lines);
}

/* Walks "cases/3/verdict" up to its last step: members and one-digit indices. */
static json_t *walk(json_t *at, const char *path, const char **last)
{
    char name[64];

    for (*last = path; strchr(*last, '/') != NULL; *last += strcspn(*last, "/") + 1) {
        int len = snprintf(name, sizeof(name), "%.*s", (int)strcspn(*last, "/"), *last);

        cr_assert(len > 0 && (size_t)len < sizeof(name));
        at = json_is_array(at) ? json_array_get(at, (size_t)(name[0] - '0'))
                               : json_object_get(at, name);
    }
    return at;
}

static void put(json_t *document, const char *path, const char *value)
{
    const char *name;
    json_t *at = walk(document, path, &name),
           *made = value != NULL ? json_loads(value, JSON_DECODE_ANY, NULL) : NULL;

    if (value == NULL)
        cr_assert_eq(json_object_del(at, name), 0);
    else
        cr_assert_eq(json_object_set_new(at, name, made), 0);
}

static const struct {
    const char *path;
    const char *value; /* NULL: taken away */
    const char *said;
} wrongs[] = {
    /* clang-format off */
    {"cases/3/verdict", "\"passed\"", "run.json: cases[3].verdict: expected one of: pass fail"},
    {"cases/3/verdict", "\"passed\"", "skipped broken, found \"passed\""},
    {"schema", "\"assay-run/2\"", "schema: expected one of: assay-run/1, found \"assay-run/2\""},
    {"seed", "\"C0FFEE\"", "seed: expected 16 hex digits, found \"C0FFEE\""},
    {"started", "\"yesterday\"", "started: expected a time such as"},
    {"started", "7", "started: expected a text, found 7"},
    {"target", "null", "target: expected an object, found null"},
    {"target/launched", "\"yes\"", "target.launched: expected true or false, found \"yes\""},
    {"target/name", NULL, "target.name: is missing"},
    {"target/nickname", "\"x\"", "target.nickname: is not a member of \"target\""},
    {"command", "[\"assay\", 1]", "command[1]: expected a text, found 1"},
    {"cases", "{}", "cases: expected a list, found an object"},
    {"cases/0/milliseconds", "-1",
     "cases[0].milliseconds: expected a whole number of at least 0, found -1"},
    {"cases/0/milliseconds", "1.5", "found a number with a fraction"},
    {"cases/0/leg", "\"elsewhere\"", "cases[0].leg: expected the id of a leg, found \"elsewhere\""},
    {"cases/0/evidence/0/kind", "\"rumour\"",
     "cases[0].evidence[0]: expected an object with kind exchange or kind burst"},
    {"cases/0/evidence/0/request/method", NULL,
     "cases[0].evidence[0].request: expected an object with raw or method"},
    {"cases/0/evidence/0/request/headers", "[[\"a\"]]",
     "request.headers[0]: expected a list of two texts, found a list"},
    {"cases/0/evidence/1/statuses", "{\"200\": -1}",
     "evidence[1].statuses.200: expected a count, found -1"},
    {"cases/0/evidence/3/command", "\"pay\"", "evidence[3].command: expected a list, found \"pay\""},
    {"cases/0/evidence/3/stderr", "null", "evidence[3].stderr: expected an object, found null"},
    {"cases/0/evidence/4/value", "\"7\"",
     "evidence[4].value: expected a whole number, found \"7\""},
    {"legs/0/side", "\"seller\"", "legs[0].side: expected one of: server client library"},
    {"legs/0/defect", "false", "legs[0].defect: expected a text, found false"},
    {"outcome/valid", "false", NULL},
    {"outcome/invalid", "[{\"code\": \"x\", \"text\": \"y\"}]",
     "outcome.valid: is true, although the outcome names reasons against it"},
    {"outcome/interrupted", "true", "outcome.valid: is true, although"},
    {"cases", "[]", "outcome.valid: is true, although nothing was judged"},
    {"\x1b[31m\xe2\x80\xae", "1", "\\x1B[31m\\u{202E}: is not a member"},
    /* clang-format on */
};

Test(record, refuses_what_is_no_run_and_names_the_place)
{
    json_t *good = sample_run(SAMPLE_PASSING);

    for (size_t i = 0; i < ARRAY_LEN(wrongs); i++) {
        json_t *bad = json_deep_copy(good), *run = NULL;
        struct assay_err err = {0};
        enum assay_code rc;
        char *text;

        put(bad, wrongs[i].path, wrongs[i].value);
        text = json_dumps(bad, 0);
        rc = read_text(&run, "run.json", assay_str(text), &err);
        cr_expect_eq(rc, wrongs[i].said != NULL ? ASSAY_E_MALFORMED : ASSAY_OK, "row %zu: %s", i,
                     err.text);
        if (wrongs[i].said != NULL)
            cr_expect_not_null(strstr(err.text, wrongs[i].said), "row %zu: %s", i, err.text);
        free(text);
        json_decref(run);
        json_decref(bad);
    }
    json_decref(good);
}

static const struct {
    const char *name, *file, *text, *said;
} texts[] = {
    {"no JSON", "run.json", "{\"schema\":\n  oops}", "line 2, column 6: not JSON"},
    {"a duplicate", "run.json", "{\"schema\": 1, \"schema\": 2}", "duplicate"},
    {"more after it", "run.json", "{} {}", "not JSON"},
    {"empty", "run.json", "", "not JSON"},
    {"no line", "record.jsonl", "", "holds no complete event"},
    {"half a line", "record.jsonl", "{\"event\":\"ru", "holds no complete event"},
    {"another first", "record.jsonl",
     "{\"event\":\"leg\",\"id\":\"a\",\"target\":\"t\",\"name\":\"n\",\"profile\":\"p\",\"side\":"
     "\"server\",\"launched\":true,\"rules\":\"r\",\"defect\":null,\"purpose\":"
     "\"target\"}\n",
     "line 1: expected the event run first, found leg"},
    {"an unknown event", "record.jsonl", "{\"event\":\"party\"}\n",
     "line 1: event: expected one of: run catalogue leg case selfCheck matrix end, found "
     "\"party\""},
    {"no event", "record.jsonl", "{\"id\":1}\n", "line 1: event: is missing"},
    {"no object", "record.jsonl", "7\n", "line 1"},
};

Test(record, refuses_what_is_no_record_text)
{
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct assay_err err = {0};
        json_t *run = NULL;

        cr_expect_eq(read_text(&run, texts[i].file, assay_str(texts[i].text), &err),
                     ASSAY_E_MALFORMED, "row: %s", texts[i].name);
        cr_expect_not_null(strstr(err.text, texts[i].said), "row: %s: %s", texts[i].name, err.text);
        cr_expect_null(run);
    }
}

Test(record, refuses_a_wrong_line_in_the_middle)
{
    struct assay_buf lines = ASSAY_BUF_INIT(1 << 20);
    struct assay_err err = {0};
    json_t *run = NULL;

    read_lines(&lines, SAMPLE_PASSING);
    lines.at[assay_bytes_find(assay_buf_view(&lines), '\n', 0) + 1] = '?';
    cr_expect_eq(read_text(&run, "record.jsonl", assay_buf_view(&lines), &err), ASSAY_E_MALFORMED);
    cr_expect_eq(err.line, 2);
    cr_expect_not_null(strstr(err.text, "record.jsonl: line 2: "), "%s", err.text);
    assay_buf_fini(&lines);
}

Test(record, says_what_is_missing_where_nothing_is)
{
    struct folder f;
    struct assay_err err = {0};
    json_t *run = NULL;

    sample_folder_make(f.path);
    cr_expect_eq(record_read(&run, f.path, &err), ASSAY_E_IO);
    cr_expect_not_null(strstr(err.text, "holds neither run.json nor record.jsonl"), "%s", err.text);
    err = (struct assay_err){0};
    cr_expect_eq(record_read(&run, in_folder(&f, "none.json"), &err), ASSAY_E_IO);
    cr_expect_not_null(strstr(err.text, "none.json: No such file"), "%s", err.text);
    sample_folder_remove(f.path);
}

Test(record_writer, makes_its_folder_and_never_writes_over_a_record)
{
    struct folder f;
    struct record_writer *w = NULL;
    struct assay_err err = {0};
    char deep[128];

    sample_folder_make(f.path);
    cr_assert_gt(snprintf(deep, sizeof(deep), "%s/a", f.path), 0);
    cr_assert_eq(record_create(&w, deep, NULL, &err), ASSAY_OK, "%s", err.text);
    cr_expect_eq(record_close(w, &err), ASSAY_E_MALFORMED, "nothing was added");
    err = (struct assay_err){0};
    cr_expect_eq(record_create(&w, deep, NULL, &err), ASSAY_E_CONFLICT);
    cr_expect_not_null(strstr(err.text, "record.jsonl: is there already"), "%s", err.text);
    sample_folder_remove(deep);
    write_sample(&f, SAMPLE_PASSING);
    cr_assert_eq(unlink(in_folder(&f, "record.jsonl")), 0);
    err = (struct assay_err){0};
    cr_expect_eq(record_create(&w, f.path, NULL, &err), ASSAY_E_CONFLICT);
    err = (struct assay_err){0};
    cr_expect_eq(record_create(&w, in_folder(&f, "run.json/x"), NULL, &err), ASSAY_E_IO,
                 "below a file");
    cr_expect_eq(record_create(&w, "", NULL, NULL), ASSAY_E_MISSING);
    sample_folder_remove(f.path);
}

Test(record_writer, refuses_events_out_of_shape_or_order_and_keeps_the_rest)
{
    json_t *events = sample_events(SAMPLE_PASSING), *run = json_array_get(events, 0), *wrong, *end;
    struct record_writer *w = NULL;
    struct assay_err err = {0};
    struct folder f;

    end = json_array_get(events, json_array_size(events) - 1);
    sample_folder_make(f.path);
    cr_assert_eq(record_create(&w, f.path, NULL, &err), ASSAY_OK);
    cr_expect_eq(record_add(w, end, NULL), ASSAY_E_MISSING, "run comes first");
    cr_expect_eq(record_add(w, run, NULL), ASSAY_OK);
    cr_expect_eq(record_add(w, run, NULL), ASSAY_E_DUPLICATE);
    wrong = json_deep_copy(json_array_get(events, 1));
    cr_assert_eq(json_object_del(wrong, "rules"), 0);
    cr_expect_eq(record_add(w, wrong, &err), ASSAY_E_MALFORMED);
    cr_expect_not_null(strstr(err.text, "rules: is missing"), "%s", err.text);
    cr_expect_eq(record_add(w, json_array_get(events, 1), NULL), ASSAY_OK);
    cr_expect_eq(record_add(w, json_array_get(events, 2), NULL), ASSAY_OK);
    cr_expect_eq(record_add(w, json_array_get(events, 3), NULL), ASSAY_OK);
    cr_expect_eq(record_add(w, end, NULL), ASSAY_OK);
    cr_expect_eq(record_add(w, json_array_get(events, 3), NULL), ASSAY_E_CONFLICT,
                 "end comes last");
    err = (struct assay_err){0};
    cr_expect_eq(record_close(w, &err), ASSAY_OK, "%s", err.text);
    json_decref(wrong);
    wrong = read_path(f.path);
    cr_expect_eq(json_array_size(json_object_get(wrong, "cases")), 1);
    json_decref(wrong);
    json_decref(events);
    sample_folder_remove(f.path);
}

/* Members, choices and words of a shape against its definition in the schema. */
static void compare(const json_t *defs, const struct shape *shape, const json_t *def, int depth);

static void compare_type(const json_t *defs, const struct shape *shape,
                         const struct shape_member *m, const json_t *property, int depth)
{
    const json_t *inner = property, *words;
    const char *ref;
    size_t count = 1, i;

    if (m->need == SHAPE_NULLABLE) {
        cr_expect_str_eq(json_string_value(json_object_get(
                             json_array_get(json_object_get(property, "anyOf"), 1), "type")),
                         "null", "%s.%s", shape->name, m->name);
        inner = json_array_get(json_object_get(property, "anyOf"), 0);
    }
    if (m->type == SHAPE_WORD) {
        struct assay_buf joined = ASSAY_BUF_INIT(1024);
        const json_t *word;

        words = json_object_get(inner, "enum");
        json_array_foreach (words, i, word)
            assay_buf_printf(&joined, "%s%s", i > 0 ? " " : "", json_string_value(word));
        cr_expect_str_eq(assay_buf_cstr(&joined), m->words, "%s.%s", shape->name, m->name);
        assay_buf_fini(&joined);
        count = json_array_size(words);
    }
    cr_expect_gt(count, 0, "%s.%s", shape->name, m->name);
    if (m->of == NULL)
        return;
    if (m->type == SHAPE_LIST)
        inner = json_object_get(inner, "items");
    ref = json_string_value(json_object_get(inner, "$ref"));
    cr_assert_not_null(ref, "%s.%s", shape->name, m->name);
    cr_expect_str_eq(ref + strlen("#/$defs/"), m->of->name, "%s.%s", shape->name, m->name);
    compare(defs, m->of, json_object_get(defs, m->of->name), depth + 1);
}

static void compare_choices(const json_t *defs, const struct shape *shape, const json_t *def,
                            int depth)
{
    const json_t *choices = json_object_get(def, "oneOf");

    cr_assert_eq(json_array_size(choices), shape->choice_count, "%s", shape->name);
    for (size_t i = 0; i < shape->choice_count; i++) {
        const struct shape *of = shape->choices[i].of;
        const char *ref = json_string_value(json_object_get(json_array_get(choices, i), "$ref"));

        cr_expect_str_eq(ref + strlen("#/$defs/"), of->name);
        compare(defs, of, json_object_get(defs, of->name), depth + 1);
    }
}

static void compare(const json_t *defs, const struct shape *shape, const json_t *def, int depth)
{
    const json_t *properties = json_object_get(def, "properties"),
                 *required = json_object_get(def, "required");
    size_t needed = 0;

    cr_assert_not_null(def, "%s is not in the schema", shape->name);
    cr_assert_lt(depth, 16);
    if (shape->choices != NULL) {
        compare_choices(defs, shape, def, depth);
        return;
    }
    cr_expect_eq(json_object_size(properties), shape->count, "%s", shape->name);
    cr_expect(json_is_false(json_object_get(def, "additionalProperties")), "%s", shape->name);
    for (size_t i = 0; i < shape->count; i++) {
        const struct shape_member *m = &shape->members[i];
        const json_t *property = json_object_get(properties, m->name);

        cr_assert_not_null(property, "%s.%s is not in the schema", shape->name, m->name);
        needed += m->need != SHAPE_OPTIONAL;
        compare_type(defs, shape, m, property, depth);
    }
    cr_expect_eq(json_array_size(required), needed, "%s", shape->name);
}

Test(record, has_a_schema_that_knows_the_same_members)
{
    json_t *schema = json_load_file("reports/schema/run.json", JSON_REJECT_DUPLICATES, NULL);

    cr_assert_not_null(schema, "run from the root of the repository");
    compare(json_object_get(schema, "$defs"), &shape_document, schema, 0);
    json_decref(schema);
}

static void project(struct assay_buf *out, const json_t *run)
{
    struct assay_err err = {0};

    cr_assert_eq(record_projection(out, run, &err), ASSAY_OK, "%s", err.text);
}

static const char first_line[] =
    "{\"case\":\"\",\"defect\":null,\"expectation\":null,\"grade\":\"observed\",\"level\":\"must\","
    "\"rules\":\"hardened\",\"scenario\":\"paid-tools/honest_payment\",\"verdict\":\"pass\"}\n";

Test(record_projection, is_sorted_canonical_and_free_of_what_varies)
{
    struct assay_buf first = ASSAY_BUF_INIT(1 << 20), second = ASSAY_BUF_INIT(1 << 20);
    json_t *run = sample_run(SAMPLE_FAILING), *cases = json_object_get(run, "cases"),
           *moved = json_incref(json_array_get(cases, 0)), *c;
    size_t lines = 0, i;

    project(&first, run);
    cr_assert_eq(json_array_remove(cases, 0), 0);
    cr_assert_eq(json_array_append_new(cases, moved), 0);
    json_array_foreach (cases, i, c) {
        cr_assert_eq(json_object_set_new(c, "milliseconds", json_integer(99)), 0);
        cr_assert_eq(json_object_set_new(c, "seen", json_string("another nonce")), 0);
        cr_assert_eq(json_object_set_new(c, "replay", json_string("assay replay /elsewhere")), 0);
        cr_assert_eq(json_array_clear(json_object_get(c, "evidence")), 0);
    }
    cr_assert_eq(json_object_set_new(run, "started", json_string("2027-01-01T00:00:00.000Z")), 0);
    project(&second, run);
    cr_expect(assay_bytes_equal(assay_buf_view(&first), assay_buf_view(&second)));
    for (i = 0; i < first.len; i++)
        lines += first.at[i] == '\n';
    cr_expect_eq(lines, json_array_size(cases));
    cr_expect_eq(strncmp(assay_buf_cstr(&first), first_line, strlen(first_line)), 0, "%s",
                 assay_buf_cstr(&first));
    cr_assert_eq(json_object_set_new(json_array_get(cases, 0), "verdict", json_string("broken")),
                 0);
    assay_buf_clear(&second);
    project(&second, run);
    cr_expect_not(assay_bytes_equal(assay_buf_view(&first), assay_buf_view(&second)));
    assay_buf_fini(&first);
    assay_buf_fini(&second);
    json_decref(run);
}

Test(record_projection, leaves_the_self_check_out)
{
    json_t *run = sample_run(SAMPLE_PASSING);
    struct assay_buf out = ASSAY_BUF_INIT(1 << 20);

    cr_assert_eq(json_object_set_new(json_array_get(json_object_get(run, "legs"), 0), "purpose",
                                     json_string("self-check")),
                 0);
    project(&out, run);
    cr_expect_eq(out.len, 0);
    assay_buf_fini(&out);
    json_decref(run);
}

Test(record, survives_every_failing_allocation)
{
    struct folder f;
    enum assay_code rc = ASSAY_E_NOMEM;

    sample_folder_make(f.path);
    write_sample(&f, SAMPLE_FAILING);
    for (size_t n = 0; rc != ASSAY_OK; n++) {
        json_t *run = NULL;
        struct assay_buf out = ASSAY_BUF_INIT(1 << 20);

        cr_assert_lt(n, 10000);
        (void)assay_alloc_fail_after(n);
        rc = record_read(&run, f.path, NULL);
        if (rc == ASSAY_OK)
            rc = record_projection(&out, run, NULL);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect(rc == ASSAY_OK || rc == ASSAY_E_NOMEM, "allocation %zu: %s", n,
                  assay_code_name(rc));
        assay_buf_fini(&out);
        json_decref(run);
    }
    sample_folder_remove(f.path);
}
