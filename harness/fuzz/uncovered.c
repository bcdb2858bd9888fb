/* What no input reaches, from a coverage file (fuzz/summary.h). */
#include "fuzz/summary.h"

#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    COVERAGE_MAX_BYTES = 256 << 20,
    ROW_MAX_BYTES = 1 << 16,
    LINE_MAX_BYTES = 512,
    NAMES_MOST = 20,
    WHOLE = 100
};

static enum assay_code no_memory(struct assay_err *err)
{
    return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
}

/* ---- llvm-cov export ---- */

/* The functions of one file that were never called, and those after `from` that belong to it. */
static size_t add_functions(struct assay_buf *out, const json_t *functions, const char *file)
{
    const json_t *function;
    size_t i, count = 0;

    json_array_foreach (functions, i, function) {
        const json_t *files = json_object_get(function, "filenames");
        const char *of = json_string_value(json_array_get(files, 0));
        const char *name = json_string_value(json_object_get(function, "name"));
        const char *colon = name != NULL ? strrchr(name, ':') : NULL;

        if (of == NULL || name == NULL || strcmp(of, file) != 0 ||
            json_integer_value(json_object_get(function, "count")) != 0)
            continue;
        if (count++ < NAMES_MOST) /* of a static function "file.c:name" */
            assay_buf_printf(out, "%s%.200s", count > 1 ? ", " : "",
                             colon != NULL ? colon + 1 : name);
    }
    if (count > NAMES_MOST)
        assay_buf_printf(out, " and %zu more", count - NAMES_MOST);
    return count;
}

/* Without the folders above the project's, where they can be told. */
static const char *short_name(const char *file)
{
    const char *ref = strstr(file, "/ref/");

    return ref != NULL ? ref + 1 : file;
}

static enum assay_code add_row(json_t *uncovered, const char *file, struct assay_bytes what,
                               struct assay_err *err)
{
    struct assay_buf clean = ASSAY_BUF_INIT(4 * ROW_MAX_BYTES);
    json_t *row = NULL;

    assay_utf8_add_replaced(&clean, what);
    if (assay_buf_ok(&clean))
        row = json_pack("{s:s, s:s}", "file", file, "what", assay_buf_cstr(&clean));
    assay_buf_fini(&clean);
    return row != NULL && json_array_append_new(json_object_get(uncovered, "rows"), row) == 0
               ? ASSAY_OK
               : no_memory(err);
}

static enum assay_code from_llvm(json_t *uncovered, const json_t *coverage, struct assay_err *err)
{
    const json_t *data = json_array_get(json_object_get(coverage, "data"), 0), *file;
    const json_t *functions = json_object_get(data, "functions");
    struct assay_buf names = ASSAY_BUF_INIT(ROW_MAX_BYTES);
    enum assay_code rc = ASSAY_OK;
    size_t i, total = 0;

    if (!json_is_array(functions))
        rc = assay_fail(err, ASSAY_E_MALFORMED, 0,
                        "is JSON, but not an export of llvm-cov with its functions");
    json_array_foreach (json_object_get(data, "files"), i, file) {
        const char *name = json_string_value(json_object_get(file, "filename"));
        size_t count = rc == ASSAY_OK && name != NULL ? add_functions(&names, functions, name) : 0;

        total += count;
        if (count > 0 &&
            json_array_size(json_object_get(uncovered, "rows")) < SUMMARY_UNCOVERED_MAX)
            rc = add_row(uncovered, short_name(name), assay_buf_view(&names), err);
        assay_buf_clear(&names);
    }
    (void)json_object_set_new(uncovered, "count", json_integer((json_int_t)total));
    assay_buf_fini(&names);
    return rc;
}

/* ---- the text of `make cov` ---- */

struct text_row {
    unsigned branches; /* percent, cut to whole ones */
    char file[128], what[128];
};

/* " 98.5% of    120 lines    90.0% of     50 branches  ref/base/json.c" */
static bool read_row(struct text_row *row, const char *line)
{
    unsigned whole, tenth, lines, branches_tenth, branches;
    char file[sizeof(row->file)];

    if (sscanf(line, " %3u.%1u%% of %9u lines %3u.%1u%% of %9u branches %127s", &whole, &tenth,
               &lines, &row->branches, &branches_tenth, &branches, file) != 7 ||
        strchr(file, '.') == NULL)
        return false;
    (void)snprintf(row->file, sizeof(row->file), "%s", file);
    (void)snprintf(row->what, sizeof(row->what), "%u.%u %% of %u lines, %u.%u %% of %u branches",
                   whole, tenth, lines, row->branches, branches_tenth, branches);
    return true;
}

static int worst_first(const void *a, const void *b)
{
    const struct text_row *x = a, *y = b;

    return x->branches != y->branches ? (x->branches < y->branches ? -1 : 1)
                                      : strcmp(x->file, y->file);
}

/* Keeps the worst: once there are twice as many as are shown, the better half goes. */
static void keep_row(struct text_row *rows, size_t *count, const struct text_row *row)
{
    rows[(*count)++] = *row;
    if (*count == 2 * (size_t)SUMMARY_UNCOVERED_MAX) {
        qsort(rows, *count, sizeof(*rows), worst_first);
        *count = SUMMARY_UNCOVERED_MAX;
    }
}

static enum assay_code from_text(json_t *uncovered, struct assay_bytes text, struct assay_err *err)
{
    struct text_row rows[2 * SUMMARY_UNCOVERED_MAX], row;
    size_t count = 0, total = 0;
    enum assay_code rc = ASSAY_OK;

    for (size_t at = 0; at < text.len;) {
        size_t end = assay_bytes_find(text, '\n', at);
        char line[LINE_MAX_BYTES];

        (void)snprintf(line, sizeof(line), "%.*s",
                       (int)(end - at < LINE_MAX_BYTES ? end - at : LINE_MAX_BYTES - 1),
                       (const char *)text.at + at);
        at = end + 1;
        if (!read_row(&row, line) || row.branches >= WHOLE)
            continue;
        total++;
        keep_row(rows, &count, &row);
    }
    if (total == 0)
        return assay_fail(err, ASSAY_E_MALFORMED, 0,
                          "is neither an export of llvm-cov (JSON) nor what `make cov` prints");
    qsort(rows, count, sizeof(*rows), worst_first);
    for (size_t i = 0; i < count && i < SUMMARY_UNCOVERED_MAX && rc == ASSAY_OK; i++)
        rc = add_row(uncovered, rows[i].file, assay_str(rows[i].what), err);
    (void)json_object_set_new(uncovered, "count", json_integer((json_int_t)total));
    return rc;
}

enum assay_code summary_uncovered(json_t **uncovered, const char *path, struct assay_err *err)
{
    struct assay_buf content = ASSAY_BUF_INIT(COVERAGE_MAX_BYTES);
    enum assay_code rc = assay_file_read(&content, path, err);
    json_t *out = json_pack("{s:s, s:[]}", "source", path, "rows"), *tree;

    if (rc == ASSAY_OK && out == NULL)
        rc = no_memory(err);
    if (rc == ASSAY_OK && content.len > 0 && content.at[0] == '{') {
        tree = json_loadb((const char *)content.at, content.len, 0, NULL);
        rc = from_llvm(out, tree, err);
        json_decref(tree);
    } else if (rc == ASSAY_OK) {
        rc = from_text(out, assay_buf_view(&content), err);
    }
    assay_buf_fini(&content);
    if (rc == ASSAY_OK)
        *uncovered = out;
    else
        json_decref(out);
    return rc == ASSAY_OK || rc == ASSAY_E_IO ? rc : assay_err_wrap(err, rc, "%s", path);
}
