/* Reports written for a test, and read again (written.h). */
#include "written.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define REPORT_MAX_BYTES ((size_t)64 << 20)

static const struct report_kind *kind(const char *name)
{
    for (size_t i = 0; i < REPORT_KINDS; i++)
        if (strcmp(report_kinds[i].name, name) == 0)
            return &report_kinds[i];
    cr_assert(false, "no report is called %s", name);
    return NULL;
}

const char *written_report(struct assay_buf *out, const char *name, const json_t *run)
{
    struct assay_err err = {0};

    *out = (struct assay_buf)ASSAY_BUF_INIT(REPORT_MAX_BYTES);
    cr_assert_eq(kind(name)->write(out, run, &err), ASSAY_OK, "%s: %s", name, err.text);
    cr_assert_not_null(assay_buf_cstr(out));
    return assay_buf_cstr(out);
}

json_t *written_json(const char *name, const json_t *run)
{
    struct assay_buf out;
    const char *text = written_report(&out, name, run);
    json_error_t why;
    json_t *document = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);

    cr_assert_not_null(document, "%s: line %d: %s", name, why.line, why.text);
    assay_buf_fini(&out);
    return document;
}

json_t *written_at(json_t *value, const char *path)
{
    while (*path != '\0' && value != NULL) {
        size_t len = strcspn(path, ".");
        char part[64] = "";

        cr_assert_lt(len, sizeof(part));
        memcpy(part, path, len);
        value = json_is_array(value) ? json_array_get(value, strtoul(part, NULL, 10))
                                     : json_object_get(value, part);
        path += len + (path[len] == '.');
    }
    return value;
}

const char *written_text(json_t *value, const char *path)
{
    const char *text = json_string_value(written_at(value, path));

    cr_assert_not_null(text, "%s", path);
    return text;
}

size_t written_count(const char *text, const char *what)
{
    size_t found = 0;

    for (const char *p = text; (p = strstr(p, what)) != NULL; p += strlen(what))
        found++;
    return found;
}
