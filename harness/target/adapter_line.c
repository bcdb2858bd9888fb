/* One line of an adapter, read (target/adapter_line.h). */
#include "target/adapter_line.h"
#include "base/planted.h"
#include "base/utf8.h"

#include <stdio.h>

enum { QUOTE_BYTES = 160 };

void adapter_answer_say(struct adapter_answer *answer, const char *what, struct assay_bytes quote)
{
    struct assay_buf shown = ASSAY_BUF_INIT(16 * sizeof(answer->text));
    const char *text;

    assay_utf8_add_printable(&shown, assay_bytes_part(quote, 0, QUOTE_BYTES));
    text = assay_buf_cstr(&shown);
    if (snprintf(answer->text, sizeof(answer->text), "%s%s", what, text != NULL ? text : "") >=
        (int)sizeof(answer->text))
        assay_utf8_mark_cut(answer->text, sizeof(answer->text));
    assay_buf_fini(&shown);
}

/* False: the object is none of the four answers. */
static bool read_answer(struct adapter_answer *out, json_t *object)
{
    static const struct {
        const char *member;
        enum adapter_status status;
    } forms[] = {
        {"ok", ADAPTER_OK},
        {"refused", ADAPTER_REFUSED},
        {"unsupported", ADAPTER_UNSUPPORTED},
        {"error", ADAPTER_ERROR},
    };
    struct adapter_answer answer = {.status = ADAPTER_OK};
    size_t found = 0;

    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        json_t *value = json_object_get(object, forms[i].member);
        const char *text = json_string_value(value);

        if (value == NULL)
            continue;
        found++;
        answer.status = forms[i].status;
        answer.value = value;
        if (text == NULL)
            text = json_string_value(json_object_get(value, "reason"));
        if (forms[i].status != ADAPTER_OK)
            adapter_answer_say(&answer, "", assay_str(text));
    }
    if (found != 1)
        return false;
    (void)json_incref(answer.value);
    *out = answer;
    return true;
}

static enum adapter_line read_object(json_t **out, uint64_t *id, struct adapter_answer *answer,
                                     json_t *object)
{
    const json_t *member = json_object_get(object, "id");

    if (member == NULL) {
        *out = json_incref(object);
        return ADAPTER_LINE_EVENT;
    }
    if (!json_is_integer(member) ||
        (PLANTED(adapter_id) ? json_integer_value(member) == 0 : json_integer_value(member) <= 0) ||
        !read_answer(answer, object))
        return ADAPTER_LINE_WRONG;
    *id = (uint64_t)json_integer_value(member);
    return ADAPTER_LINE_ANSWER;
}

enum adapter_line adapter_line_read(json_t **object, uint64_t *id, struct adapter_answer *answer,
                                    struct assay_bytes line)
{
    enum adapter_line what = ADAPTER_LINE_NONE;
    json_t *read;

    if (assay_bytes_find(line, '\0', 0) < line.len)
        return what; /* jansson passes over one that stands behind a number */
    read = json_loadb((const char *)line.at, line.len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(read))
        what = read_object(object, id, answer, read);
    json_decref(read);
    return what;
}
