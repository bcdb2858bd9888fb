/* One line of an adapter: an event, an answer, or nothing that can be taken. */
#include "target/adapter_line.h"

#include "base/utf8.h"

#include <criterion/criterion.h>

static const struct {
    const char *name, *line;
    enum adapter_line what;
    enum adapter_status status;
    const char *text;
} rows[] = {
    {"a result", "{\"id\":1,\"ok\":null}", ADAPTER_LINE_ANSWER, ADAPTER_OK, ""},
    {"a refusal", "{\"id\":1,\"refused\":\"why\"}", ADAPTER_LINE_ANSWER, ADAPTER_REFUSED, "why"},
    {"a refusal by rule", "{\"id\":1,\"refused\":{\"reason\":\"why\"}}", ADAPTER_LINE_ANSWER,
     ADAPTER_REFUSED, "why"},
    {"a text that steers", "{\"id\":1,\"error\":\"\\u001b[1m\"}", ADAPTER_LINE_ANSWER,
     ADAPTER_ERROR, "\\x1B[1m"},
    {"an event", "{\"ok\":1}", ADAPTER_LINE_EVENT, ADAPTER_HUNG, ""},
    {"no answer", "{\"id\":1}", ADAPTER_LINE_WRONG, ADAPTER_HUNG, ""},
    {"two answers", "{\"id\":1,\"ok\":1,\"error\":\"x\"}", ADAPTER_LINE_WRONG, ADAPTER_HUNG, ""},
    {"id 0", "{\"id\":0,\"ok\":1}", ADAPTER_LINE_WRONG, ADAPTER_HUNG, ""},
    {"an id below 0", "{\"id\":-1,\"ok\":1}", ADAPTER_LINE_WRONG, ADAPTER_HUNG, ""},
    {"an id that is a text", "{\"id\":\"1\",\"ok\":1}", ADAPTER_LINE_WRONG, ADAPTER_HUNG, ""},
    {"a name twice", "{\"id\":1,\"ok\":1,\"ok\":2}", ADAPTER_LINE_NONE, ADAPTER_HUNG, ""},
    {"a list", "[1]", ADAPTER_LINE_NONE, ADAPTER_HUNG, ""},
    {"nothing", "", ADAPTER_LINE_NONE, ADAPTER_HUNG, ""},
};

Test(adapter_line, is_an_event_or_exactly_one_answer)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct adapter_answer answer = {.status = ADAPTER_HUNG};
        json_t *event = NULL;
        uint64_t id = 0;
        enum adapter_line what = adapter_line_read(&event, &id, &answer, assay_str(rows[i].line));

        cr_expect_eq(what, rows[i].what, "row: %s: %d", rows[i].name, (int)what);
        cr_expect_eq(answer.status, rows[i].status, "row: %s", rows[i].name);
        cr_expect_str_eq(answer.text, rows[i].text, "row: %s", rows[i].name);
        cr_expect_eq(id, what == ADAPTER_LINE_ANSWER ? 1 : 0, "row: %s", rows[i].name);
        cr_expect_eq(event != NULL, what == ADAPTER_LINE_EVENT, "row: %s", rows[i].name);
        json_decref(event);
        adapter_answer_fini(&answer);
    }
}

Test(adapter_line, has_no_null_byte)
{
    static const char line[] = "{\"id\":1\0,\"ok\":1}";
    struct adapter_answer answer = {.status = ADAPTER_HUNG};
    json_t *event = NULL;
    uint64_t id = 0;

    cr_expect_eq(adapter_line_read(&event, &id, &answer, assay_bytes_of(line, sizeof(line) - 1)),
                 ADAPTER_LINE_NONE);
    cr_expect_null(answer.value);
}

/* The beginning of a character is no text. */
Test(adapter_line, is_quoted_in_whole_characters)
{
    uint8_t line[200];

    for (size_t i = 0; i < sizeof(line); i += 2)
        memcpy(line + i, "\xC3\xA9", 2);
    for (size_t odd = 0; odd < 4; odd++) {
        struct adapter_answer answer = {.status = ADAPTER_GARBLED};
        char what[128] = {0};

        memset(what, 'x', 100 + odd);
        adapter_answer_say(&answer, what, assay_bytes_of(line, sizeof(line)));
        cr_expect(assay_utf8_valid(assay_str(answer.text)), "%s", answer.text);
        cr_expect_not_null(strstr(answer.text, "..."), "%s", answer.text);
    }
}
