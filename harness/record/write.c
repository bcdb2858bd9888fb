/* Writes the record: one flushed line an event, then run.json from those lines (record/record.h).
 * What has been written is not kept in memory; closing copies line after line. */
#include "record/fold.h"
#include "record/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* of one event, most of them far smaller */
enum { LINE_MAX_BYTES = 64 << 20, PATH_MAX_BYTES = 64 * 1024 };

struct line {
    enum shape_event_kind kind;
    off_t at;
    size_t len; /* without its newline */
};

struct record_writer {
    int fd;
    const struct record_redactor *redactor;
    char *folder;
    struct line *lines;
    size_t count, room;
    bool seen[EVENT__COUNT];
    off_t size;
};

static enum assay_code fail_io(const char *path, const char *what, struct assay_err *err)
{
    return assay_fail(err, ASSAY_E_IO, 0, "%s: cannot be %s: %s", path, what, strerror(errno));
}

static enum assay_code out_of_memory(struct assay_err *err)
{
    return assay_fail(err, ASSAY_E_NOMEM, 0, "%s", assay_code_text(ASSAY_E_NOMEM));
}

static const char *in_folder(struct assay_buf *out, const char *folder, const char *name)
{
    assay_buf_clear(out);
    assay_buf_printf(out, "%s/%s", folder, name);
    return assay_buf_cstr(out);
}

static void writer_free(struct record_writer *w)
{
    if (w == NULL)
        return;
    if (w->fd >= 0)
        (void)close(w->fd);
    assay_free(w->lines);
    assay_free(w->folder);
    assay_free(w);
}

static enum assay_code open_record(struct record_writer *w, struct assay_err *err)
{
    static const char advice[] = "%s: is there already; name another folder, or give --replace";
    struct assay_buf path = ASSAY_BUF_INIT(PATH_MAX_BYTES);
    enum assay_code rc = assay_folder_make(w->folder, err);
    const char *name;
    struct stat about;

    if (rc != ASSAY_OK)
        goto out;
    if ((name = in_folder(&path, w->folder, "run.json")) == NULL) {
        rc = out_of_memory(err);
        goto out;
    }
    if (stat(name, &about) == 0) {
        rc = assay_fail(err, ASSAY_E_CONFLICT, 0, advice, name);
        goto out;
    }
    if ((name = in_folder(&path, w->folder, "record.jsonl")) == NULL) {
        rc = out_of_memory(err);
        goto out;
    }
    w->fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (w->fd < 0)
        rc = errno == EEXIST ? assay_fail(err, ASSAY_E_CONFLICT, 0, advice, name)
                             : fail_io(name, "written", err);
out:
    assay_buf_fini(&path);
    return rc;
}

enum assay_code record_create(struct record_writer **out, const char *folder,
                              const struct record_redactor *redactor, struct assay_err *err)
{
    struct record_writer *w = assay_alloc(sizeof(*w));
    size_t len = strlen(folder);
    enum assay_code rc;

    if (len == 0) {
        assay_free(w);
        return assay_fail(err, ASSAY_E_MISSING, 0, "the record needs the name of a folder");
    }
    if (w == NULL)
        return out_of_memory(err);
    *w = (struct record_writer){.fd = -1, .redactor = redactor, .folder = assay_alloc(len + 1)};
    if (w->folder == NULL) {
        writer_free(w);
        return out_of_memory(err);
    }
    memcpy(w->folder, folder, len + 1);
    if ((rc = open_record(w, err)) == ASSAY_OK)
        *out = w;
    else
        writer_free(w);
    return assay_err_wrap(err, rc, "record");
}

static enum assay_code write_all(int fd, struct assay_bytes bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.at, bytes.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return ASSAY_E_IO;
        bytes = assay_bytes_part(bytes, (size_t)n, bytes.len);
    }
    return ASSAY_OK;
}

static int append_to_buf(const char *at, size_t len, void *buf)
{
    assay_buf_add(buf, assay_bytes_of(at, len));
    return assay_buf_ok(buf) ? 0 : -1;
}

static enum assay_code dump(struct assay_buf *out, const json_t *value, struct assay_err *err)
{
    if (json_dump_callback(value, append_to_buf, out, JSON_COMPACT | JSON_ENCODE_ANY) == 0)
        return ASSAY_OK;
    return assay_fail(err, out->bad != ASSAY_OK ? out->bad : ASSAY_E_NOMEM, 0, "an event %s",
                      assay_code_text(out->bad != ASSAY_OK ? out->bad : ASSAY_E_NOMEM));
}

static enum assay_code grow_lines(struct record_writer *w, struct assay_err *err)
{
    size_t room = w->room > 0 ? 2 * w->room : 256;
    struct line *lines;

    if (w->count < w->room)
        return ASSAY_OK;
    lines = assay_realloc(w->lines, room * sizeof(*lines));
    if (lines == NULL)
        return out_of_memory(err);
    w->lines = lines;
    w->room = room;
    return ASSAY_OK;
}

/* The redacted line of an event. What a caller hands over wrong is refused here, not found by a
 * reader later. */
static enum assay_code make_line(struct assay_buf *line, enum shape_event_kind *kind,
                                 const struct record_writer *w, const json_t *event,
                                 struct assay_err *err)
{
    json_t *safe = NULL;
    enum assay_code rc;

    if ((rc = shape_check_event(kind, event, err)) != ASSAY_OK)
        return rc;
    if (w->redactor != NULL && (safe = record_redact(w->redactor, event)) == NULL)
        return out_of_memory(err);
    if (safe != NULL && (rc = shape_check_event(kind, safe, err)) != ASSAY_OK)
        rc = assay_err_wrap(err, rc, "a secret is one of the record's own words, use a longer one");
    else
        rc = dump(line, safe != NULL ? safe : event, err);
    json_decref(safe);
    return rc;
}

/* The order that a reader asks for: run first, end last, each but legs and cases once. */
static enum assay_code check_order(const struct record_writer *w, enum shape_event_kind kind,
                                   struct assay_err *err)
{
    const struct shape_event *rule = &shape_events[kind];

    if (kind != EVENT_RUN && !w->seen[EVENT_RUN])
        return assay_fail(err, ASSAY_E_MISSING, 0, "the event %s comes before run", rule->name);
    if (w->seen[EVENT_END])
        return assay_fail(err, ASSAY_E_CONFLICT, 0, "the event %s comes after end", rule->name);
    if (!rule->repeats && w->seen[kind])
        return assay_fail(err, ASSAY_E_DUPLICATE, 0, "the event %s comes a second time",
                          rule->name);
    return ASSAY_OK;
}

enum assay_code record_add(struct record_writer *w, const json_t *event, struct assay_err *err)
{
    struct assay_buf line = ASSAY_BUF_INIT(LINE_MAX_BYTES);
    enum shape_event_kind kind = EVENT__COUNT;
    enum assay_code rc;

    if ((rc = make_line(&line, &kind, w, event, err)) != ASSAY_OK ||
        (rc = check_order(w, kind, err)) != ASSAY_OK || (rc = grow_lines(w, err)) != ASSAY_OK)
        goto out;
    assay_buf_add_byte(&line, '\n');
    if ((rc = line.bad) != ASSAY_OK) {
        (void)assay_fail(err, rc, 0, "an event %s", assay_code_text(rc));
        goto out;
    }
    if (write_all(w->fd, assay_buf_view(&line)) != ASSAY_OK) {
        rc = fail_io("record.jsonl", "written", err);
        /* half an event would hide the next one */
        if (ftruncate(w->fd, w->size) == 0)
            (void)lseek(w->fd, w->size, SEEK_SET);
        goto out;
    }
    w->lines[w->count++] = (struct line){kind, w->size, line.len - 1};
    w->size += (off_t)line.len;
    w->seen[kind] = true;
out:
    assay_buf_fini(&line);
    return assay_err_wrap(err, rc, "record %s", w->folder);
}

static enum assay_code load_line(json_t **out, const struct record_writer *w,
                                 const struct line *line, struct assay_err *err)
{
    uint8_t *text = assay_alloc(line->len + 1);
    size_t got = 0;

    if (text == NULL)
        return out_of_memory(err);
    while (got < line->len) {
        ssize_t n = pread(w->fd, text + got, line->len - got, line->at + (off_t)got);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    *out = got == line->len ? json_loadb((const char *)text, got, 0, NULL) : NULL;
    assay_free(text);
    if (*out == NULL)
        return assay_fail(err, ASSAY_E_IO, 0, "record.jsonl: cannot be read back");
    (void)json_object_del(*out, "event");
    return ASSAY_OK;
}

struct copy {
    const struct record_writer *w;
    struct assay_buf text;
    int fd;
    struct assay_err *err;
};

/* The events of one kind. The document's own members lose their braces; a list is one entry a line.
 */
static enum assay_code copy_kind(struct copy *copy, enum shape_event_kind kind)
{
    const struct shape_event *rule = &shape_events[kind];
    struct assay_buf *text = &copy->text;
    enum assay_code rc = ASSAY_OK;
    size_t found = 0;

    for (size_t i = 0; i < copy->w->count && rc == ASSAY_OK; i++) {
        json_t *event = NULL;

        if (copy->w->lines[i].kind != kind)
            continue;
        if ((rc = load_line(&event, copy->w, &copy->w->lines[i], copy->err)) != ASSAY_OK)
            break;
        assay_buf_clear(text);
        if (rule->member != NULL && found == 0)
            assay_buf_printf(text, ",\n\"%s\":%s", rule->member, rule->repeats ? "[" : "");
        if (rule->repeats)
            assay_buf_add_str(text, found > 0 ? ",\n" : "\n");
        rc = dump(text, event, copy->err);
        json_decref(event);
        if (rule->member == NULL && rc == ASSAY_OK)
            text->len--; /* its closing brace: the other members follow */
        if (rc == ASSAY_OK && write_all(copy->fd, assay_buf_view(text)) != ASSAY_OK)
            rc = fail_io("run.json", "written", copy->err);
        found++;
    }
    if (rc != ASSAY_OK || !rule->repeats)
        return rc;
    assay_buf_clear(text);
    assay_buf_printf(text, found > 0 ? "]" : ",\n\"%s\":[]", rule->member);
    return write_all(copy->fd, assay_buf_view(text)) == ASSAY_OK
               ? ASSAY_OK
               : fail_io("run.json", "written", copy->err);
}

/* An ended run is copied kind by kind; one without an end is folded as a reader would. */
static enum assay_code write_document(struct copy *copy, const char *lines_path)
{
    const struct record_writer *w = copy->w;
    json_t *document = NULL;
    enum assay_code rc = ASSAY_OK;

    if (w->seen[EVENT_CATALOGUE] && w->seen[EVENT_END]) {
        for (size_t kind = 0; kind < EVENT__COUNT && rc == ASSAY_OK; kind++)
            rc = copy_kind(copy, (enum shape_event_kind)kind);
        if (rc == ASSAY_OK && write_all(copy->fd, ASSAY_LIT("}\n")) != ASSAY_OK)
            rc = fail_io("run.json", "written", copy->err);
        return rc;
    }
    if ((rc = record_read(&document, lines_path, copy->err)) != ASSAY_OK)
        return rc;
    rc = dump(&copy->text, document, copy->err);
    json_decref(document);
    assay_buf_add_byte(&copy->text, '\n');
    if (rc == ASSAY_OK && write_all(copy->fd, assay_buf_view(&copy->text)) != ASSAY_OK)
        rc = fail_io("run.json", "written", copy->err);
    return rc;
}

enum assay_code record_close(struct record_writer *w, struct assay_err *err)
{
    struct copy copy = {
        .w = w, .text = ASSAY_BUF_INIT(8 * (size_t)LINE_MAX_BYTES), .fd = -1, .err = err};
    struct assay_buf temporary = ASSAY_BUF_INIT(PATH_MAX_BYTES),
                     final = ASSAY_BUF_INIT(PATH_MAX_BYTES), lines = ASSAY_BUF_INIT(PATH_MAX_BYTES);
    const char *from = in_folder(&temporary, w->folder, ".run.json.part");
    const char *to = in_folder(&final, w->folder, "run.json");
    const char *lines_path = in_folder(&lines, w->folder, "record.jsonl");
    enum assay_code rc;

    if (from == NULL || to == NULL || lines_path == NULL) {
        rc = out_of_memory(err);
        goto out;
    }
    copy.fd = open(from, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (copy.fd < 0) {
        rc = fail_io(from, "written", err);
        goto out;
    }
    rc = write_document(&copy, lines_path);
    if (rc == ASSAY_OK && fsync(copy.fd) != 0)
        rc = fail_io(from, "written", err);
    (void)close(copy.fd);
    if (rc == ASSAY_OK && rename(from, to) != 0)
        rc = fail_io(to, "written", err);
    if (rc != ASSAY_OK)
        (void)unlink(from);
out:
    assay_buf_fini(&copy.text);
    assay_buf_fini(&temporary);
    assay_buf_fini(&final);
    assay_buf_fini(&lines);
    rc = assay_err_wrap(err, rc, "record %s", w->folder);
    writer_free(w);
    return rc;
}
