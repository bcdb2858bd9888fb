/* JSON read by tables of members, with exact errors (target/members.h). */
#include "target/members.h"
#include "base/nearest.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { NAME_MAX_BYTES = 48, NEAR_ENOUGH = 3 };

static unsigned line_of(struct assay_bytes text, size_t at)
{
    unsigned line = 1;

    for (size_t i = 0; i < at && i < text.len; i++)
        line += text.at[i] == '\n';
    return line;
}

enum assay_code members_init(struct members *m, struct assay_arena *arena, struct assay_bytes text,
                             const char *path, struct assay_err *err)
{
    size_t room = text.len / 2 + 2; /* every value but the last is followed by a byte of syntax */
    struct assay_err inner = {0};
    enum assay_code rc;

    *m = (struct members){.path = path, .arena = arena, .err = err};
    if (text.len > MEMBERS_FILE_MAX_BYTES)
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "%s: is larger than %u bytes", path,
                          MEMBERS_FILE_MAX_BYTES);
    m->tokens = assay_alloc(room * sizeof(*m->tokens));
    if (m->tokens == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "%s: out of memory", path);
    rc = assay_json_parse(&m->doc, m->tokens, room, text, ASSAY_JSON_STRICT, &inner);
    if (rc != ASSAY_OK) {
        unsigned line = line_of(text, inner.at);

        members_fini(m);
        if (err != NULL && err->code == ASSAY_OK)
            err->line = line;
        return assay_fail(err, rc, inner.at, "%s:%u: not JSON that can be read: %s", path, line,
                          inner.text);
    }
    return ASSAY_OK;
}

void members_fini(struct members *m)
{
    assay_free(m->tokens);
    m->tokens = NULL;
}

enum assay_code members_fail(struct members *m, enum assay_code code, uint32_t token,
                             const char *format, ...)
{
    size_t at = token == ASSAY_JSON_NONE ? 0 : m->doc.tokens[token].start;
    unsigned line = line_of(m->doc.text, at);
    char text[ASSAY_ERR_TEXT_MAX_BYTES];
    va_list args;

    va_start(args, format);
    if (vsnprintf(text, sizeof(text), format, args) < 0)
        text[0] = '\0';
    va_end(args);
    if (m->err != NULL && m->err->code == ASSAY_OK)
        m->err->line = line;
    return assay_fail(m->err, code, at, "%s:%u: %s%s%s", m->path, line, m->place,
                      m->place[0] != '\0' ? ": " : "", text);
}

/* ---- places ---- */

/* Appends to the place and returns its former length, for leave. A place too long is cut. */
static size_t enter(struct members *m, const char *name, size_t index)
{
    size_t before = strlen(m->place);
    size_t room = sizeof(m->place) - before;
    int len = name != NULL ? snprintf(m->place + before, room, "%s%s", before > 0 ? "." : "", name)
                           : snprintf(m->place + before, room, "[%zu]", index);

    if (len < 0)
        m->place[before] = '\0';
    return before;
}

static void leave(struct members *m, size_t before)
{
    m->place[before] = '\0';
}

static const char *type_text(enum assay_json_type type)
{
    switch (type) {
    case ASSAY_JSON_NULL:
        return "null";
    case ASSAY_JSON_FALSE:
    case ASSAY_JSON_TRUE:
        return "true or false";
    case ASSAY_JSON_NUMBER:
        return "a number";
    case ASSAY_JSON_STRING:
        return "a text";
    case ASSAY_JSON_ARRAY:
        return "an array";
    case ASSAY_JSON_OBJECT:
        return "an object";
    }
    return "something else";
}

static enum assay_code wrong_type(struct members *m, uint32_t token, const char *expected,
                                  const char *advice)
{
    return members_fail(m, ASSAY_E_TYPE, token, "expected %s, found %s; %s", expected,
                        type_text(assay_json_type(&m->doc, token)), advice);
}

/* ---- names ---- */

/* A name as people may read it, cut to what fits. */
static void printable_name(char out[NAME_MAX_BYTES], const struct assay_json *doc, uint32_t token)
{
    struct assay_buf text = ASSAY_BUF_INIT(MEMBERS_FILE_MAX_BYTES);
    struct assay_bytes raw = assay_json_raw(doc, token);
    const char *shown = "?";

    assay_utf8_add_printable(&text, assay_bytes_part(raw, 1, raw.len - 1));
    if (assay_buf_cstr(&text) != NULL)
        shown = assay_buf_cstr(&text);
    if (snprintf(out, NAME_MAX_BYTES, "%s", shown) >= NAME_MAX_BYTES)
        assay_utf8_mark_cut(out, NAME_MAX_BYTES);
    assay_buf_fini(&text);
}

static enum assay_code unknown_member(struct members *m, uint32_t name_token,
                                      const struct member *table, size_t count)
{
    struct assay_buf known = ASSAY_BUF_INIT(1024);
    char name[NAME_MAX_BYTES];
    const char *nearest = NULL, *list;
    size_t least = NEAR_ENOUGH + 1;
    enum assay_code rc;

    printable_name(name, &m->doc, name_token);
    for (size_t i = 0; i < count; i++) {
        size_t d = assay_name_distance(name, table[i].name);

        if (d < least && d < strlen(table[i].name)) {
            least = d;
            nearest = table[i].name;
        }
        assay_buf_printf(&known, "%s%s", i > 0 ? ", " : "", table[i].name);
    }
    list = assay_buf_cstr(&known);
    (void)enter(m, name, 0);
    rc = members_fail(m, ASSAY_E_UNKNOWN, name_token, "no such member%s%s%s; known: %s",
                      nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "",
                      nearest != NULL ? "?" : "", list != NULL ? list : "");
    assay_buf_fini(&known);
    return rc;
}

/* ---- containers ---- */

/* A note for people: a text, or several. */
static enum assay_code check_comment(struct members *m, uint32_t token)
{
    enum assay_json_type type = assay_json_type(&m->doc, token);

    (void)enter(m, "$comment", 0);
    if (type != ASSAY_JSON_STRING && type != ASSAY_JSON_ARRAY)
        return wrong_type(m, token, "a text or an array of texts", "write it in quotes");
    return ASSAY_OK;
}

enum assay_code members_object(struct members *m, uint32_t token, const struct member *table,
                               size_t count, void *out)
{
    if (assay_json_type(&m->doc, token) != ASSAY_JSON_OBJECT)
        return wrong_type(m, token, "an object", "write it in braces");
    for (uint32_t name = assay_json_first(&m->doc, token); name != ASSAY_JSON_NONE;
         name = assay_json_next_sibling(&m->doc, token, name)) {
        size_t i = 0, before = strlen(m->place);
        enum assay_code rc;

        if (assay_json_string_is(&m->doc, name, "$comment")) {
            if ((rc = check_comment(m, name + 1)) != ASSAY_OK)
                return rc;
            leave(m, before);
            continue;
        }
        while (i < count && !assay_json_string_is(&m->doc, name, table[i].name))
            i++;
        if (i == count)
            return unknown_member(m, name, table, count);
        before = enter(m, table[i].name, 0);
        rc = table[i].read(m, name + 1, (char *)out + table[i].offset);
        if (rc != ASSAY_OK)
            return rc;
        leave(m, before);
    }
    for (size_t i = 0; i < count; i++) {
        if (table[i].required &&
            assay_json_member(&m->doc, token, table[i].name) == ASSAY_JSON_NONE) {
            (void)enter(m, table[i].name, 0);
            return members_fail(m, ASSAY_E_MISSING, token, "is missing; it must be there");
        }
    }
    return ASSAY_OK;
}

enum assay_code members_free_names(struct members *m, uint32_t token, size_t max,
                                   members_each *each, void *out)
{
    size_t index = 0;

    if (assay_json_type(&m->doc, token) != ASSAY_JSON_OBJECT)
        return wrong_type(m, token, "an object", "write it as {\"name\": value}");
    if (m->doc.tokens[token].count > max)
        return members_fail(m, ASSAY_E_TOO_LARGE, token, "has %u members; at most %zu are allowed",
                            m->doc.tokens[token].count, max);
    for (uint32_t name = assay_json_first(&m->doc, token); name != ASSAY_JSON_NONE;
         name = assay_json_next_sibling(&m->doc, token, name)) {
        char shown[NAME_MAX_BYTES];
        const char *text = NULL;
        enum assay_code rc = members_text(m, name, &text);
        size_t before;

        if (rc != ASSAY_OK)
            return rc;
        printable_name(shown, &m->doc, name);
        before = enter(m, shown, 0);
        rc = each(m, text, name + 1, index++, out);
        if (rc != ASSAY_OK)
            return rc;
        leave(m, before);
    }
    return ASSAY_OK;
}

enum assay_code members_array(struct members *m, uint32_t token, size_t max, members_each *each,
                              void *out)
{
    size_t index = 0;

    if (assay_json_type(&m->doc, token) != ASSAY_JSON_ARRAY)
        return wrong_type(m, token, "an array", "write it in brackets");
    if (m->doc.tokens[token].count > max)
        return members_fail(m, ASSAY_E_TOO_LARGE, token, "has %u elements; at most %zu are allowed",
                            m->doc.tokens[token].count, max);
    for (uint32_t child = assay_json_first(&m->doc, token); child != ASSAY_JSON_NONE;
         child = assay_json_next_sibling(&m->doc, token, child)) {
        size_t before = enter(m, NULL, index);
        enum assay_code rc = each(m, NULL, child, index++, out);

        if (rc != ASSAY_OK)
            return rc;
        leave(m, before);
    }
    return ASSAY_OK;
}

/* ---- values ---- */

enum assay_code members_any_text(struct members *m, uint32_t token, void *field)
{
    struct assay_buf text = ASSAY_BUF_INIT(MEMBERS_FILE_MAX_BYTES);
    struct assay_bytes copy;
    enum assay_code rc;

    if (assay_json_type(&m->doc, token) != ASSAY_JSON_STRING)
        return wrong_type(m, token, "a text", "write it in quotes");
    rc = assay_json_string(&text, &m->doc, token);
    if (rc != ASSAY_OK) {
        rc = members_fail(m, rc, token, "%s", assay_code_text(rc));
        goto out;
    }
    if (memchr(assay_buf_view(&text).at, '\0', text.len) != NULL ||
        !assay_utf8_valid(assay_buf_view(&text))) {
        rc = members_fail(m, ASSAY_E_MALFORMED, token,
                          "holds a NUL or half a surrogate pair; remove it");
        goto out;
    }
    copy = assay_arena_copy(m->arena, assay_buf_view(&text));
    if (copy.at != NULL &&
        strncmp((const char *)copy.at, MEMBERS_FILL_IN, strlen(MEMBERS_FILL_IN)) == 0)
        rc = members_fail(m, ASSAY_E_MISSING, token, "is still to be filled in:%s",
                          (const char *)copy.at + strlen(MEMBERS_FILL_IN));
    else if (copy.at == NULL)
        rc = members_fail(m, ASSAY_E_NOMEM, token, "out of memory");
    else
        *(const char **)field = (const char *)copy.at;
out:
    assay_buf_fini(&text);
    return rc;
}

enum assay_code members_text(struct members *m, uint32_t token, void *field)
{
    const char *text = "";
    enum assay_code rc = members_any_text(m, token, &text);

    if (rc == ASSAY_OK && text[0] == '\0')
        rc = members_fail(m, ASSAY_E_MALFORMED, token,
                          "is empty; write a text or leave the member out");
    if (rc == ASSAY_OK)
        *(const char **)field = text;
    return rc;
}

enum assay_code members_bool(struct members *m, uint32_t token, void *field)
{
    enum assay_json_type type = assay_json_type(&m->doc, token);

    if (type != ASSAY_JSON_TRUE && type != ASSAY_JSON_FALSE)
        return wrong_type(m, token, "true or false", "write it without quotes");
    *(bool *)field = type == ASSAY_JSON_TRUE;
    return ASSAY_OK;
}

enum assay_code members_u64(struct members *m, uint32_t token, void *field)
{
    uint64_t value;

    if (assay_json_type(&m->doc, token) != ASSAY_JSON_NUMBER)
        return wrong_type(m, token, "a whole number", "write digits without quotes");
    if (assay_json_u64(&value, &m->doc, token) != ASSAY_OK || value > MEMBERS_NUMBER_MAX)
        return members_fail(m, ASSAY_E_RANGE, token,
                            "expected a whole number from 0 to %" PRIu64 "; write digits only",
                            MEMBERS_NUMBER_MAX);
    *(uint64_t *)field = value;
    return ASSAY_OK;
}

enum assay_code members_choice(struct members *m, uint32_t token, const char *const *choices,
                               const char **field)
{
    struct assay_buf all = ASSAY_BUF_INIT(1024);
    const char *text = NULL;
    enum assay_code rc = members_text(m, token, &text);

    if (rc != ASSAY_OK)
        return rc;
    for (size_t i = 0; choices[i] != NULL; i++) {
        if (strcmp(choices[i], text) == 0) {
            *field = choices[i];
            return ASSAY_OK;
        }
    }
    for (size_t i = 0; choices[i] != NULL; i++)
        assay_buf_printf(&all, "%s\"%s\"", i > 0 ? ", " : "", choices[i]);
    rc = members_fail(m, ASSAY_E_UNKNOWN, token, "expected one of %s",
                      assay_buf_cstr(&all) != NULL ? assay_buf_cstr(&all) : "a list");
    assay_buf_fini(&all);
    return rc;
}
