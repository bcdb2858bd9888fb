/* The projection: what two runs of one seed have in common, byte for byte (record/record.h). */
#include "base/json.h"
#include "record/record.h"

#include <stdlib.h>

static void add_member(struct assay_buf *out, const char *name, const json_t *value)
{
    assay_buf_printf(out, "%s\"%s\":", out->len > 0 ? "," : "{", name);
    if (json_is_string(value))
        assay_json_add_string(out,
                              assay_bytes_of(json_string_value(value), json_string_length(value)));
    else
        assay_buf_add_str(out, "null");
}

/* Members in canonical order, so that the line is canonical JSON. */
static const char *make_line(struct assay_buf *out, const json_t *c, const json_t *leg)
{
    static const struct {
        const char *name;
        bool of_leg;
    } members[] = {
        {"case", false},  {"defect", true}, {"expectation", false}, {"grade", false},
        {"level", false}, {"rules", true},  {"scenario", false},    {"verdict", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        add_member(out, members[i].name,
                   json_object_get(members[i].of_leg ? leg : c, members[i].name));
    assay_buf_add_str(out, "}\n");
    return assay_buf_cstr(out);
}

static const json_t *find_leg(const json_t *run, const json_t *id)
{
    const json_t *leg;
    size_t i;

    json_array_foreach (json_object_get(run, "legs"), i, leg)
        if (json_equal(json_object_get(leg, "id"), id))
            return leg;
    return NULL;
}

static bool is_self_check(const json_t *leg)
{
    const char *purpose = json_string_value(json_object_get(leg, "purpose"));

    return purpose != NULL && strcmp(purpose, "self-check") == 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A line of one's own, or NULL. */
static char *take_line(const json_t *c, const json_t *leg)
{
    struct assay_buf line = ASSAY_BUF_INIT(1 << 20);
    const char *text = make_line(&line, c, leg);
    char *copy = text != NULL ? assay_alloc(line.len + 1) : NULL;

    if (copy != NULL)
        memcpy(copy, text, line.len + 1);
    assay_buf_fini(&line);
    return copy;
}

enum assay_code record_projection(struct assay_buf *out, const json_t *run, struct assay_err *err)
{
    const json_t *cases = json_object_get(run, "cases"), *c;
    char **lines = assay_alloc((json_array_size(cases) + 1) * sizeof(*lines));
    enum assay_code rc = ASSAY_OK;
    size_t count = 0, i;

    if (lines == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "projection: %s", assay_code_text(ASSAY_E_NOMEM));
    json_array_foreach (cases, i, c) {
        const json_t *leg = find_leg(run, json_object_get(c, "leg"));

        if (is_self_check(leg))
            continue;
        if ((lines[count] = take_line(c, leg)) == NULL) {
            rc =
                assay_fail(err, ASSAY_E_NOMEM, 0, "projection: %s", assay_code_text(ASSAY_E_NOMEM));
            break;
        }
        count++;
    }
    if (rc == ASSAY_OK) {
        qsort(lines, count, sizeof(*lines), by_text);
        for (i = 0; i < count; i++)
            assay_buf_add_str(out, lines[i]);
        if ((rc = out->bad) != ASSAY_OK)
            (void)assay_fail(err, rc, 0, "projection: %s", assay_code_text(rc));
    }
    for (i = 0; i < count; i++)
        assay_free(lines[i]);
    assay_free(lines);
    return rc;
}
