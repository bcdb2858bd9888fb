/* Reads a run back: a closed run.json, or a record.jsonl folded on the way (record/record.h). */
#include "record/fold.h"
#include "record/record.h"

#include <errno.h>
#include <sys/stat.h>

enum { RECORD_MAX_BYTES = 512 << 20 };

static enum assay_code parse(json_t **out, struct assay_bytes text, struct assay_err *err)
{
    json_error_t why;

    *out = json_loadb((const char *)text.at, text.len, JSON_REJECT_DUPLICATES, &why);
    if (*out != NULL)
        return ASSAY_OK;
    if (json_error_code(&why) == json_error_out_of_memory)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "%s", assay_code_text(ASSAY_E_NOMEM));
    return assay_fail(err, ASSAY_E_MALFORMED, why.position > 0 ? (size_t)why.position : 0,
                      "line %d, column %d: not JSON: %s", why.line, why.column, why.text);
}

static enum assay_code read_document(json_t **out, struct assay_bytes text, struct assay_err *err)
{
    json_t *document = NULL;
    enum assay_code rc;

    if ((rc = parse(&document, text, err)) == ASSAY_OK &&
        (rc = shape_check(&shape_document, document, err)) == ASSAY_OK) {
        *out = document;
        return ASSAY_OK;
    }
    json_decref(document);
    return rc;
}

enum assay_code record_parse(json_t **out, struct assay_bytes text, struct assay_err *err)
{
    json_t *document = NULL;
    enum assay_code rc = read_document(&document, text, err);

    if (rc == ASSAY_OK && (rc = shape_check_sense(document, err)) == ASSAY_OK) {
        *out = document;
        return ASSAY_OK;
    }
    json_decref(document);
    return rc;
}

/* *cut: the text is what an interrupted write leaves, and no event. */
static enum assay_code fold_line(json_t *document, struct assay_bytes line, bool is_whole,
                                 bool *cut, struct assay_err *err)
{
    enum shape_event_kind kind = EVENT__COUNT;
    json_t *event = NULL;
    enum assay_code rc;

    rc = parse(&event, line, is_whole ? err : NULL);
    *cut = rc == ASSAY_E_MALFORMED && !is_whole;
    if (rc == ASSAY_OK && (rc = shape_check_event(&kind, event, err)) == ASSAY_OK)
        rc = fold_add(document, kind, event, err);
    json_decref(event);
    return *cut ? ASSAY_OK : rc;
}

static enum assay_code read_lines(json_t **out, struct assay_bytes text, struct assay_err *err)
{
    json_t *document = fold_begin();
    enum assay_code rc =
        document != NULL ? ASSAY_OK : assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    unsigned number = 1;
    bool cut = false;

    for (size_t from = 0, to; rc == ASSAY_OK && from < text.len && !cut; from = to + 1, number++) {
        to = assay_bytes_find(text, '\n', from);
        rc = fold_line(document, assay_bytes_part(text, from, to), to < text.len, &cut, err);
        if (rc != ASSAY_OK && err != NULL)
            err->line = number;
        rc = assay_err_wrap(err, rc, "line %u", number);
    }
    if (rc == ASSAY_OK)
        rc = fold_finish(document, err);
    if (rc == ASSAY_OK)
        rc = shape_check_sense(document, err);
    if (rc == ASSAY_OK) {
        *out = document;
        return ASSAY_OK;
    }
    json_decref(document);
    return rc == ASSAY_E_NOMEM ? rc : ASSAY_E_MALFORMED;
}

/* The file that stands for `path`: itself, or the best one in the folder. */
static enum assay_code find_file(struct assay_buf *file, const char *path, struct assay_err *err)
{
    static const char *const names[] = {"run.json", "record.jsonl"};
    struct stat about;
    const char *text;

    if (stat(path, &about) != 0)
        return assay_fail(err, ASSAY_E_IO, 0, "%s: %s", path, strerror(errno));
    if (!S_ISDIR(about.st_mode)) {
        assay_buf_add_str(file, path);
        return file->bad;
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assay_buf_clear(file);
        assay_buf_printf(file, "%s/%s", path, names[i]);
        if ((text = assay_buf_cstr(file)) == NULL)
            return file->bad;
        if (stat(text, &about) == 0)
            return ASSAY_OK;
    }
    return assay_fail(
        err, ASSAY_E_IO, 0,
        "%s: holds neither run.json nor record.jsonl; name the folder that a run wrote (--out)",
        path);
}

enum assay_code record_read(json_t **out, const char *path, struct assay_err *err)
{
    struct assay_buf file = ASSAY_BUF_INIT(64 * 1024);
    struct assay_buf text = ASSAY_BUF_INIT(RECORD_MAX_BYTES);
    json_t *document = NULL;
    const char *name = path;
    struct assay_bytes view;
    enum assay_code rc;

    if ((rc = find_file(&file, path, err)) != ASSAY_OK)
        goto out;
    if ((name = assay_buf_cstr(&file)) == NULL) {
        rc = assay_fail(err, file.bad, 0, "%s: %s", path, assay_code_text(file.bad));
        goto out;
    }
    if ((rc = assay_file_read(&text, name, err)) != ASSAY_OK)
        goto out;
    view = assay_bytes_part(assay_buf_view(&file), file.len >= 6 ? file.len - 6 : 0, file.len);
    if (assay_bytes_is(view, ".jsonl"))
        rc = read_lines(&document, assay_buf_view(&text), err);
    else
        rc = record_parse(&document, assay_buf_view(&text), err);
    rc = assay_err_wrap(err, rc, "%s", name);
    if (rc != ASSAY_OK)
        goto out;
    *out = document;
    document = NULL;
out:
    json_decref(document);
    assay_buf_fini(&text);
    assay_buf_fini(&file);
    return rc;
}
