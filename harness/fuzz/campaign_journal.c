/* The journal of a campaign: a line a slice, appended and synced (fuzz/campaign.h). */
#include "fuzz/campaign.h"

#include "base/time.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096 };

static void add_line(struct assay_buf *line, const struct campaign_sample *s)
{
    char time[ASSAY_TIME_TEXT_BYTES];

    assay_time_text(time, s->time_ms);
    assay_buf_printf(line, "{\"time\":\"%s\",\"target\":\"%s\",\"engine\":\"%s\",\"end\":\"%s\"",
                     time, s->target, fuzz_engine_name(s->engine), s->end);
#define X(member, name)                                                                            \
    assay_buf_add_str(line, ",\"" name "\":");                                                     \
    assay_buf_add_u64(line, s->member);
    CAMPAIGN_SAMPLE(X)
#undef X
    assay_buf_add_str(line, "}\n");
}

/* Whether the file is empty or its last byte ends a line. */
static bool ends_with_newline(int fd)
{
    off_t len = lseek(fd, 0, SEEK_END);
    char last = '\n';

    return len <= 0 || (pread(fd, &last, 1, len - 1) == 1 && last == '\n');
}

static bool append(int fd, struct assay_bytes text)
{
    while (text.len > 0) {
        ssize_t n = write(fd, text.at, text.len);

        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0)
            text = assay_bytes_part(text, (size_t)n, text.len);
    }
    return fsync(fd) == 0;
}

enum assay_code campaign_sample_add(const struct campaign *c, const struct campaign_sample *sample,
                                    struct assay_err *err)
{
    struct assay_buf path = ASSAY_BUF_INIT(CAMPAIGN_PATH_BYTES);
    struct assay_buf line = ASSAY_BUF_INIT(LINE_MAX_BYTES);
    const char *name = campaign_path(&path, c, NULL, "stats.jsonl");
    enum assay_code rc = ASSAY_OK;
    int fd = -1;

    if (name != NULL)
        fd = open(name, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd >= 0 && !ends_with_newline(fd))
        assay_buf_add_byte(&line, '\n');
    add_line(&line, sample);
    if (name == NULL || !assay_buf_ok(&line))
        rc = assay_fail(err, ASSAY_E_NOMEM, 0, "the journal: out of memory");
    else if (fd < 0 || !append(fd, assay_buf_view(&line)))
        rc = assay_fail(err, ASSAY_E_IO, 0, "%s: cannot be written: %s", name, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
    assay_buf_fini(&line);
    assay_buf_fini(&path);
    return rc;
}

/* ---- reading ---- */

static bool number_of(uint64_t *out, const json_t *object, const char *name)
{
    const json_t *n = json_object_get(object, name);

    *out = json_is_integer(n) && json_integer_value(n) >= 0 ? (uint64_t)json_integer_value(n) : 0;
    return json_is_integer(n) && json_integer_value(n) >= 0;
}

static bool word_of(char *out, size_t room, const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL && campaign_name_is_proper(text) &&
           snprintf(out, room, "%s", text) < (int)room;
}

static bool sample_of(struct campaign_sample *s, const json_t *object)
{
    const char *time = json_string_value(json_object_get(object, "time"));
    const char *engine = json_string_value(json_object_get(object, "engine"));
    bool is_whole = time != NULL && engine != NULL;

    *s = (struct campaign_sample){.engine = FUZZ_LIBFUZZER};
    is_whole = is_whole && assay_time_parse(&s->time_ms, assay_str(time)) == ASSAY_OK;
    is_whole = word_of(s->target, sizeof(s->target), object, "target") && is_whole;
    is_whole = word_of(s->end, sizeof(s->end), object, "end") && is_whole;
    if (is_whole && strcmp(engine, fuzz_engine_name(FUZZ_AFL)) == 0)
        s->engine = FUZZ_AFL;
#define X(member, name) is_whole = number_of(&s->member, object, name) && is_whole;
    CAMPAIGN_SAMPLE(X)
#undef X
    return is_whole;
}

enum assay_code campaign_samples_each(size_t *torn, const struct campaign *c,
                                      void (*each)(void *context, const struct campaign_sample *s),
                                      void *context, struct assay_err *err)
{
    struct assay_buf path = ASSAY_BUF_INIT(CAMPAIGN_PATH_BYTES);
    const char *name = campaign_path(&path, c, NULL, "stats.jsonl");
    FILE *journal = name != NULL ? fopen(name, "re") : NULL;
    enum assay_code rc = ASSAY_OK;
    char line[LINE_MAX_BYTES];

    *torn = 0;
    if (journal == NULL && (name == NULL || errno != ENOENT))
        rc = assay_fail(err, ASSAY_E_IO, 0, "the journal of %s cannot be read", c->folder);
    while (journal != NULL && fgets(line, (int)sizeof(line), journal) != NULL) {
        json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        struct campaign_sample sample;

        if (sample_of(&sample, object))
            each(context, &sample);
        else
            ++*torn;
        json_decref(object);
    }
    if (journal != NULL) {
        if (ferror(journal) != 0)
            rc = assay_fail(err, ASSAY_E_IO, 0, "%s: cannot be read", name);
        (void)fclose(journal);
    }
    assay_buf_fini(&path);
    return rc;
}
