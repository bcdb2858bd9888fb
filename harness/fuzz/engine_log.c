/* Logs of libFuzzer, of the sanitizers and of AFL++, line by line (fuzz/engine_log.h). */
#include "fuzz/engine_log.h"

#include <stdio.h>

enum { FRAMES_IN_KEY = 3 };

static const struct {
    const char *word, *text;
} kinds[] = {
#define X(name, word, text) {word, text},
    FUZZ_KINDS(X)
#undef X
};

const char *fuzz_kind_word(enum fuzz_kind kind)
{
    return kinds[kind].word;
}

const char *fuzz_kind_text(enum fuzz_kind kind)
{
    return kinds[kind].text;
}

enum fuzz_kind fuzz_kind_of_word(const char *word)
{
    for (unsigned i = 0; i < FUZZ_KIND__COUNT; i++)
        if (word != NULL && strcmp(word, kinds[i].word) == 0)
            return (enum fuzz_kind)i;
    return FUZZ_NONE;
}

/* ---- lines and numbers ---- */

/* The line that begins at *at, which moves behind it; false at the end. */
static bool next_line(struct assay_bytes *line, struct assay_bytes log, size_t *at)
{
    size_t end = assay_bytes_find(log, '\n', *at);

    if (*at >= log.len)
        return false;
    *line = assay_bytes_part(log, *at, end);
    *at = end + 1;
    return true;
}

/* Offset of the text, or SIZE_MAX. */
static size_t find(struct assay_bytes in, const char *text)
{
    const uint8_t *found = memmem(in.at, in.len, text, strlen(text));

    return found != NULL ? (size_t)(found - in.at) : SIZE_MAX;
}

static bool holds(struct assay_bytes in, const char *text)
{
    return find(in, text) != SIZE_MAX;
}

static bool begins(struct assay_bytes in, const char *text)
{
    return assay_bytes_is(assay_bytes_part(in, 0, strlen(text)), text);
}

/* The decimal number there, behind blanks; what does not fit is no number. */
static bool number_at(uint64_t *out, struct assay_bytes in, size_t at)
{
    uint64_t n = 0;
    size_t first;

    while (at < in.len && in.at[at] == ' ')
        at++;
    for (first = at; at < in.len && in.at[at] >= '0' && in.at[at] <= '9'; at++) {
        unsigned digit = (unsigned)(in.at[at] - '0');

        if (n > (UINT64_MAX - digit) / 10)
            return false;
        n = 10 * n + digit;
    }
    if (at == first)
        return false;
    *out = n;
    return true;
}

/* The larger of *out and the number behind the label, where it is said. */
static void raise_to(uint64_t *out, struct assay_bytes line, const char *label)
{
    size_t at = find(line, label);
    uint64_t n;

    if (at != SIZE_MAX && number_at(&n, line, at + strlen(label)) && n > *out)
        *out = n;
}

/* ---- progress ---- */

void fuzz_progress_read(struct fuzz_progress *p, struct assay_bytes log)
{
    struct assay_bytes line;
    size_t at = 0;

    while (next_line(&line, log, &at)) {
        if (begins(line, "#") && holds(line, "\t")) {
            raise_to(&p->executions, line, "#");
            raise_to(&p->edges, line, "cov: ");
            raise_to(&p->features, line, "ft: ");
            raise_to(&p->memory_mb, line, "rss: ");
            raise_to(&p->rate, line, "exec/s: ");
        } else if (begins(line, "stat::")) {
            raise_to(&p->executions, line, "number_of_executed_units:");
            raise_to(&p->rate, line, "average_exec_per_sec:");
            raise_to(&p->memory_mb, line, "peak_rss_mb:");
        }
    }
}

static void raise_to_stat(uint64_t *out, struct assay_bytes line, const char *name)
{
    size_t colon = assay_bytes_find(line, ':', 0);

    if (begins(line, name) && colon < line.len)
        raise_to(out, assay_bytes_part(line, colon, line.len), ":");
}

void fuzz_progress_read_afl(struct fuzz_progress *p, struct assay_bytes stats)
{
    struct assay_bytes line;
    size_t at = 0;

    while (next_line(&line, stats, &at)) {
        raise_to_stat(&p->executions, line, "execs_done ");
        raise_to_stat(&p->rate, line, "execs_per_sec ");
        raise_to_stat(&p->edges, line, "edges_found ");
        raise_to_stat(&p->memory_mb, line, "peak_rss_mb ");
    }
}

/* ---- failures ---- */

/* The first that a log shows decides, but for a claim: it ends the process by a signal, which is
 * reported behind it. */
static const struct {
    const char *text;
    enum fuzz_kind kind;
} signs[] = {
    {": does not hold: ", FUZZ_ORACLE},
    {"ERROR: libFuzzer: timeout", FUZZ_TIMEOUT},
    {"ERROR: libFuzzer: out-of-memory", FUZZ_MEMORY},
    {"AddressSanitizer: allocation-size", FUZZ_MEMORY},
    {"AddressSanitizer: requested allocation", FUZZ_MEMORY},
    {"AddressSanitizer: out of memory", FUZZ_MEMORY},
    {"LeakSanitizer: detected memory leaks", FUZZ_LEAK},
    {": runtime error: ", FUZZ_UNDEFINED},
    {"ERROR: AddressSanitizer: ", FUZZ_CRASH},
    {"ERROR: libFuzzer: ", FUZZ_CRASH},
};

static enum fuzz_kind kind_of_line(struct assay_bytes line)
{
    for (size_t i = 0; i < ARRAY_LEN(signs); i++)
        if (holds(line, signs[i].text))
            return signs[i].kind;
    return FUZZ_NONE;
}

static void key_add(char key[FUZZ_KEY_BYTES], struct assay_bytes text)
{
    size_t len = strlen(key), room = FUZZ_KEY_BYTES - 1 - len;

    text = assay_bytes_part(text, 0, room);
    memcpy(key + len, text.at, text.len);
    key[len + text.len] = '\0';
}

/* "fuzz/json.c:12: does not hold: a == b" without the line, which moves with every edit. */
static void key_of_claim(char key[FUZZ_KEY_BYTES], struct assay_bytes line)
{
    size_t colon = assay_bytes_find(line, ':', 0), name = colon;

    while (name > 0 && line.at[name - 1] != '/')
        name--;
    key_add(key, assay_bytes_part(line, name, colon));
    key_add(key, ASSAY_LIT(": "));
    key_add(key, assay_bytes_part(line, find(line, "does not hold: ") + 15, line.len));
}

/* The function of a frame "    #3 0x55… in name path:line:col"; false where it is none of ours. */
static bool frame_of_ours(struct assay_bytes *name, struct assay_bytes line)
{
    size_t in = find(line, " in ");
    struct assay_bytes rest, path;

    if (!begins(line, "    #") || in == SIZE_MAX)
        return false;
    rest = assay_bytes_part(line, in + 4, line.len);
    *name = assay_bytes_part(rest, 0, assay_bytes_find(rest, ' ', 0));
    path = assay_bytes_part(rest, name->len, rest.len);
    return holds(path, "/ref/") || holds(path, "/fuzz/") || holds(path, "/harness/") ||
           holds(path, " ref/") || holds(path, " fuzz/") || holds(path, " harness/");
}

/* The innermost frames of ours of the first stack below; a frame numbered 0 begins another. */
static void key_of_stack(char key[FUZZ_KEY_BYTES], struct assay_bytes log, size_t at)
{
    struct assay_bytes line, name;
    size_t count = 0;
    bool is_second = false;

    while (!is_second && count < FRAMES_IN_KEY && next_line(&line, log, &at)) {
        is_second = count > 0 && begins(line, "    #0 ");
        if (is_second || !frame_of_ours(&name, line))
            continue;
        if (count++ > 0)
            key_add(key, ASSAY_LIT(" < "));
        key_add(key, name);
    }
}

/* A report's own words, without the process id and the addresses, which differ every time. */
static void key_of_report(char key[FUZZ_KEY_BYTES], struct assay_bytes line)
{
    size_t error = find(line, "ERROR: ");

    if (error != SIZE_MAX)
        line = assay_bytes_part(line, error + 7, line.len);
    for (size_t i = 0; i < line.len;) {
        size_t end = assay_bytes_find(line, ' ', i);
        struct assay_bytes word = assay_bytes_part(line, i, end);

        if (!begins(word, "0x") && !begins(word, "(0x")) {
            if (key[0] != '\0')
                key_add(key, ASSAY_LIT(" "));
            key_add(key, word);
        }
        i = end + 1;
    }
}

void fuzz_failure_read(struct fuzz_failure *failure, struct assay_bytes log)
{
    struct assay_bytes line = assay_str(NULL), told;
    size_t at = 0;

    *failure = (struct fuzz_failure){.kind = FUZZ_NONE};
    while (failure->kind == FUZZ_NONE && next_line(&line, log, &at))
        failure->kind = kind_of_line(line);
    if (failure->kind == FUZZ_NONE)
        return;
    told = line;
    if (failure->kind == FUZZ_ORACLE) {
        key_of_claim(failure->key, told);
        return;
    }
    key_of_stack(failure->key, log, at);
    if (failure->key[0] == '\0')
        key_of_report(failure->key, told);
}
