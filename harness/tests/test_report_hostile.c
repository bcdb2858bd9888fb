/* Every text of a run made hostile: no report says more than text. */
#include "base/utf8.h"
#include "sample_run.h"
#include "written.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static const char worst[] =
    "</script><script>alert(1)</script>]]>\n::error::owned\r\n##[error]x\n"
    "\x1b[31m\x1b]0;t\x07 \0 \xed\xa0\x80 \xff\xfe \xe2\x80\xae \xef\xbf\xbf "
    "Bail out! # TODO ![x](javascript:y) | `a` @b https://evil.example/\n"
    "not ok 1 - x %0A::warning::z %";

/* Every text of the tree that a target could have said becomes that one. */
static void poison(json_t *value, const char *name)
{
    static const char *const kept[] = {"kind",   "verdict", "level",       "grade",   "leg",
                                       "id",     "purpose", "profile",     "started", "ended",
                                       "seed",   "failOn",  "severity",    "stride",  "verb",
                                       "defect", "side",    "expectation", "threat",  "rule"};
    const char *key;
    json_t *member;
    void *next;
    size_t i;

    json_array_foreach (value, i, member) {
        if (json_is_string(member))
            json_array_set_new(value, i, json_stringn_nocheck(worst, sizeof(worst) - 1));
        else
            poison(member, name);
    }
    json_object_foreach_safe(value, next, key, member)
    {
        bool keep = false;

        for (i = 0; i < ARRAY_LEN(kept); i++)
            keep = keep || strcmp(key, kept[i]) == 0;
        if (json_is_string(member) && !keep)
            json_object_set_new(value, key, json_stringn_nocheck(worst, sizeof(worst) - 1));
        else
            poison(member, key);
    }
}

/* Ten mebibytes in the body of each exchange. */
static void fatten(json_t *run)
{
    size_t len = (size_t)10 << 20, i, k;
    char *large = malloc(len);
    json_t *text, *c, *entry;

    cr_assert_not_null(large);
    memset(large, '<', len);
    text = json_stringn_nocheck(large, len);
    free(large);
    json_array_foreach (json_object_get(run, "cases"), i, c)
        json_array_foreach (json_object_get(c, "evidence"), k, entry)
            if (json_is_object(written_at(entry, "response.body")))
                json_object_set(written_at(entry, "response.body"), "text", text);
    json_decref(text);
}

static bool is_one_of(const char *name, const char *names)
{
    const char *found = strstr(names, name);

    return found != NULL && (found == names || found[-1] == ' ');
}

/* Each kind of reader has something else that would mean more than text to it. */
static void expect_inert(const char *name, enum sample sample, struct assay_bytes text)
{
    static const char *const markup[] = {"<script>alert", "]]>"},
                             *const lines[] = {"\n::error", "##[", "\nnot ok 1 - x",
                                               "\nBail out! #"},
                             *const markdown[] = {"](", "://", "@b", "`", "<script"};
    bool is_markup = is_one_of(name, "html junit audit");
    const char *from = (const char *)text.at;
    size_t i;

    cr_expect(assay_utf8_valid(text), "%s of %s", name, sample_names[sample]);
    cr_expect_null(strstr(from, "\xe2\x80\xae"), "%s", name);
    for (i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];

        cr_assert((c >= 0x20 && c != 0x7F) || c == '\n' || (c == '\t' && is_markup),
                  "%s of %s: %02x at %zu", name, sample_names[sample], c, i);
    }
    for (i = 0; i < ARRAY_LEN(markup) && is_one_of(name, "html junit sarif ctrf har audit"); i++)
        cr_expect_null(strstr(from, markup[i]), "%s: %s", name, markup[i]);
    for (i = 0; i < ARRAY_LEN(lines) && !is_markup; i++)
        if (i > 0 || strcmp(name, "annotations") != 0)
            cr_expect_null(strstr(from, lines[i]), "%s: %s", name, lines[i]);
    for (i = 0; i < ARRAY_LEN(markdown) && strcmp(name, "markdown") == 0; i++)
        cr_expect_null(strstr(from, markdown[i]), "%s: %s", name, markdown[i]);
    if (strcmp(name, "annotations") != 0)
        return;
    for (const char *line = from; *line != '\0'; line = strchr(line, '\n') + 1) {
        const char *title = strchr(line, '='), *end = strstr(line + 2, "::");

        cr_assert(strncmp(line, "::error title=", 14) == 0 ||
                      strncmp(line, "::warning title=", 16) == 0 ||
                      strncmp(line, "::notice title=", 15) == 0,
                  "%.80s", line);
        cr_assert(title < end && memchr(title, ',', (size_t)(end - title)) == NULL, "%.80s", line);
    }
}

Test(report_formats, keep_hostile_text_from_meaning_anything)
{
    for (size_t s = 0; s < SAMPLE__COUNT; s++) {
        json_t *run = sample_run((enum sample)s);

        poison(run, "");
        if (s == SAMPLE_INTERRUPTED)
            fatten(run);
        for (size_t i = 0; i < REPORT_KINDS; i++) {
            struct assay_buf out;

            (void)written_report(&out, report_kinds[i].name, run);
            expect_inert(report_kinds[i].name, (enum sample)s, assay_buf_view(&out));
            if (i > 1 && strcmp(report_kinds[i].name, "har") != 0)
                cr_expect_lt(out.len, (size_t)1 << 20, "%s", report_kinds[i].name);
            assay_buf_fini(&out);
        }
        json_decref(run);
    }
}

Test(report_formats, have_json_that_reads_back_whatever_was_said)
{
    static const char *const names[] = {"sarif", "ctrf", "har"};

    for (size_t s = 0; s < SAMPLE__COUNT; s++)
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
            json_t *run = sample_run((enum sample)s), *file;

            poison(run, "");
            file = written_json(names[i], run);
            cr_expect(json_is_object(file));
            json_decref(file);
            json_decref(run);
        }
}
