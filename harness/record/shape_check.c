/* Checks a tree against a shape (record/shape.h), member by member, with the place of what is
 * wrong. */
#include "base/hex.h"
#include "base/time.h"
#include "base/utf8.h"
#include "record/shape.h"

enum { SHOWN_VALUE_BYTES = 80, PLACE_MAX_BYTES = 256 };

/* Where we are: a chain from the innermost name or index outwards. */
struct place {
    const struct place *up;
    const char *name; /* NULL: an index */
    size_t index;
};

static void add_place(struct assay_buf *out, const struct place *at)
{
    if (at == NULL)
        return;
    add_place(out, at->up);
    if (at->name == NULL) {
        assay_buf_printf(out, "[%zu]", at->index);
        return;
    }
    if (out->len > 0)
        assay_buf_add_byte(out, '.');
    assay_utf8_add_printable(out, assay_bytes_part(assay_str(at->name), 0, SHOWN_VALUE_BYTES));
}

static void add_found(struct assay_buf *out, const json_t *value)
{
    struct assay_bytes text;

    switch (json_typeof(value)) {
    case JSON_STRING:
        text = assay_bytes_of(json_string_value(value), json_string_length(value));
        assay_buf_add_byte(out, '"');
        assay_utf8_add_printable(out, assay_bytes_part(text, 0, SHOWN_VALUE_BYTES));
        assay_buf_add_str(out, text.len > SHOWN_VALUE_BYTES ? "...\"" : "\"");
        break;
    case JSON_INTEGER:
        assay_buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        assay_buf_add_str(out, "a number with a fraction");
        break;
    case JSON_OBJECT:
        assay_buf_add_str(out, "an object");
        break;
    case JSON_ARRAY:
        assay_buf_add_str(out, "a list");
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        assay_buf_add_str(out, json_is_true(value) ? "true" : "false");
        break;
    case JSON_NULL:
        assay_buf_add_str(out, "null");
        break;
    }
}

/* found NULL: only `what` is said. */
static enum assay_code wrong(const struct place *at, const char *what, const json_t *found,
                             struct assay_err *err)
{
    struct assay_buf where = ASSAY_BUF_INIT(64 * 1024);
    struct assay_buf seen = ASSAY_BUF_INIT(4 * 1024);
    const char *where_text, *seen_text;

    add_place(&where, at);
    if (found != NULL)
        add_found(&seen, found);
    where_text = assay_buf_cstr(&where);
    seen_text = assay_buf_cstr(&seen);
    (void)assay_fail(err, ASSAY_E_MALFORMED, 0, "%.*s%s%s%s%s", PLACE_MAX_BYTES,
                     where_text != NULL ? where_text : "?", where.len > 0 ? ": " : "", what,
                     found != NULL ? ", found " : "", seen_text != NULL ? seen_text : "?");
    assay_buf_fini(&where);
    assay_buf_fini(&seen);
    return ASSAY_E_MALFORMED;
}

static enum assay_code wrong_about(const struct place *at, const char *before, const char *text,
                                   const char *after, const json_t *found, struct assay_err *err)
{
    struct assay_buf what = ASSAY_BUF_INIT(1024);
    const char *said;
    enum assay_code rc;

    assay_buf_printf(&what, "%s%s%s", before, text, after);
    said = assay_buf_cstr(&what);
    rc = wrong(at, said != NULL ? said : before, found, err);
    assay_buf_fini(&what);
    return rc;
}

static bool is_word(const char *words, struct assay_bytes text)
{
    struct assay_bytes all = assay_str(words);

    for (size_t from = 0, to; from <= all.len; from = to + 1) {
        to = assay_bytes_find(all, ' ', from);
        if (assay_bytes_equal(assay_bytes_part(all, from, to), text))
            return true;
    }
    return false;
}

static enum assay_code check_object(const struct shape *shape, const json_t *value,
                                    const char *ignored, const struct place *at,
                                    struct assay_err *err);

static enum assay_code check_text(const struct shape_member *m, const json_t *value,
                                  const struct place *at, struct assay_err *err)
{
    struct assay_bytes text = assay_bytes_of(json_string_value(value), json_string_length(value));
    uint8_t seed[8];
    int64_t ms;

    if (m->type == SHAPE_WORD && (!json_is_string(value) || !is_word(m->words, text)))
        return wrong_about(at, "expected one of: ", m->words, "", value, err);
    if (!json_is_string(value))
        return wrong(at, "expected a text", value, err);
    if (m->type == SHAPE_SEED && assay_hex_decode(seed, sizeof(seed), text, true) != ASSAY_OK)
        return wrong(at, "expected 16 hex digits", value, err);
    if (m->type == SHAPE_TIME && assay_time_parse(&ms, text) != ASSAY_OK)
        return wrong(at, "expected a time such as 2026-01-02T03:04:05.678Z", value, err);
    return ASSAY_OK;
}

static enum assay_code check_list(const struct shape_member *m, const json_t *value,
                                  const struct place *at, struct assay_err *err)
{
    enum assay_code rc = ASSAY_OK;
    const json_t *item;
    size_t i;

    if (!json_is_array(value))
        return wrong(at, "expected a list", value, err);
    json_array_foreach (value, i, item) {
        struct place here = {.up = at, .index = i};

        if (m->type == SHAPE_PAIRS) {
            if (json_array_size(item) != 2 || !json_is_string(json_array_get(item, 0)) ||
                !json_is_string(json_array_get(item, 1)))
                rc = wrong(&here, "expected a list of two texts", item, err);
        } else if (m->of != NULL)
            rc = check_object(m->of, item, NULL, &here, err);
        else if (!json_is_string(item))
            rc = wrong(&here, "expected a text", item, err);
        if (rc != ASSAY_OK)
            return rc;
    }
    return ASSAY_OK;
}

static enum assay_code check_tally(const json_t *value, const struct place *at,
                                   struct assay_err *err)
{
    void *it;

    if (!json_is_object(value))
        return wrong(at, "expected an object of counts", value, err);
    /* jansson's iterators take a tree that may change; this one does not */
    for (it = json_object_iter((json_t *)(uintptr_t)value); it != NULL;
         it = json_object_iter_next((json_t *)(uintptr_t)value, it)) {
        struct place here = {.up = at, .name = json_object_iter_key(it)};
        const json_t *count = json_object_iter_value(it);

        if (!json_is_integer(count) || json_integer_value(count) < 0)
            return wrong(&here, "expected a count", count, err);
    }
    return ASSAY_OK;
}

static enum assay_code check_value(const struct shape_member *m, const json_t *value,
                                   const struct place *at, struct assay_err *err)
{
    if (json_is_null(value) && m->need == SHAPE_NULLABLE)
        return ASSAY_OK;
    switch (m->type) {
    case SHAPE_TEXT:
    case SHAPE_WORD:
    case SHAPE_SEED:
    case SHAPE_TIME:
        return check_text(m, value, at, err);
    case SHAPE_COUNT:
        return json_is_integer(value) && json_integer_value(value) >= 0
                   ? ASSAY_OK
                   : wrong(at, "expected a whole number of at least 0", value, err);
    case SHAPE_INTEGER:
        return json_is_integer(value) ? ASSAY_OK : wrong(at, "expected a whole number", value, err);
    case SHAPE_FLAG:
        return json_is_boolean(value) ? ASSAY_OK : wrong(at, "expected true or false", value, err);
    case SHAPE_OBJECT:
        return check_object(m->of, value, NULL, at, err);
    case SHAPE_LIST:
    case SHAPE_PAIRS:
        return check_list(m, value, at, err);
    case SHAPE_TALLY:
        return check_tally(value, at, err);
    }
    return ASSAY_OK;
}

static bool is_chosen(const struct shape_choice *choice, const json_t *value)
{
    const json_t *member = json_object_get(value, choice->member);

    if (member == NULL || choice->word == NULL)
        return member != NULL;
    return json_is_string(member) && strcmp(json_string_value(member), choice->word) == 0;
}

static enum assay_code check_choice(const struct shape *shape, const json_t *value,
                                    const struct place *at, struct assay_err *err)
{
    struct assay_buf names = ASSAY_BUF_INIT(512);
    const char *text;
    enum assay_code rc;

    for (size_t i = 0; i < shape->choice_count; i++)
        if (is_chosen(&shape->choices[i], value))
            return check_object(shape->choices[i].of, value, NULL, at, err);
    for (size_t i = 0; i < shape->choice_count; i++)
        assay_buf_printf(&names, "%s%s%s%s", i > 0 ? " or " : "", shape->choices[i].member,
                         shape->choices[i].word != NULL ? " " : "",
                         shape->choices[i].word != NULL ? shape->choices[i].word : "");
    text = assay_buf_cstr(&names);
    rc = wrong_about(at, "expected an object with ", text != NULL ? text : "a known member", "",
                     NULL, err);
    assay_buf_fini(&names);
    return rc;
}

static const struct shape_member *find_member(const struct shape *shape, const char *name)
{
    for (size_t i = 0; i < shape->count; i++)
        if (strcmp(shape->members[i].name, name) == 0)
            return &shape->members[i];
    return NULL;
}

static enum assay_code check_object(const struct shape *shape, const json_t *value,
                                    const char *ignored, const struct place *at,
                                    struct assay_err *err)
{
    enum assay_code rc;

    if (!json_is_object(value))
        return wrong(at, "expected an object", value, err);
    if (shape->choices != NULL)
        return check_choice(shape, value, at, err);
    for (size_t i = 0; i < shape->count; i++) {
        const struct shape_member *m = &shape->members[i];
        struct place here = {.up = at, .name = m->name};
        const json_t *member = json_object_get(value, m->name);

        if (member == NULL && m->need == SHAPE_OPTIONAL)
            continue;
        if (member == NULL)
            return wrong(&here, "is missing", NULL, err);
        if ((rc = check_value(m, member, &here, err)) != ASSAY_OK)
            return rc;
    }
    for (void *it = json_object_iter((json_t *)(uintptr_t)value); it != NULL;
         it = json_object_iter_next((json_t *)(uintptr_t)value, it)) {
        struct place here = {.up = at, .name = json_object_iter_key(it)};

        if (find_member(shape, here.name) == NULL &&
            (ignored == NULL || strcmp(here.name, ignored) != 0))
            return wrong_about(&here, "is not a member of \"", shape->name, "\"", NULL, err);
    }
    return ASSAY_OK;
}

enum assay_code shape_check(const struct shape *shape, const json_t *value, struct assay_err *err)
{
    return check_object(shape, value, NULL, NULL, err);
}

enum assay_code shape_check_event(enum shape_event_kind *kind, const json_t *event,
                                  struct assay_err *err)
{
    const json_t *name = json_object_get(event, "event");
    struct place at = {.name = "event"};

    if (!json_is_object(event))
        return wrong(NULL, "expected an object", event, err);
    if (name == NULL)
        return wrong(&at, "is missing", NULL, err);
    for (size_t i = 0; json_is_string(name) && i < EVENT__COUNT; i++) {
        enum assay_code rc;

        if (strcmp(json_string_value(name), shape_events[i].name) != 0)
            continue;
        rc = check_object(shape_events[i].of, event, "event", NULL, err);
        if (rc == ASSAY_OK)
            *kind = (enum shape_event_kind)i;
        return rc;
    }
    return wrong(&at, "expected one of: run catalogue leg case selfCheck matrix end", name, err);
}

static enum assay_code check_legs(const json_t *legs, json_t *known, struct assay_err *err)
{
    const json_t *leg;
    size_t i;

    json_array_foreach (legs, i, leg) {
        struct place list = {.name = "legs"}, entry = {.up = &list, .index = i},
                     at = {.up = &entry, .name = "id"};
        const json_t *id = json_object_get(leg, "id");

        if (json_object_get(known, json_string_value(id)) != NULL)
            return wrong(&at, "names a leg a second time", id, err);
        if (json_object_set_new(known, json_string_value(id), json_true()) != 0)
            return assay_fail(err, ASSAY_E_NOMEM, 0, "%s", assay_code_text(ASSAY_E_NOMEM));
    }
    return ASSAY_OK;
}

enum assay_code shape_check_sense(const json_t *document, struct assay_err *err)
{
    struct place list = {.name = "cases"}, outcome = {.name = "outcome"},
                 valid = {.up = &outcome, .name = "valid"};
    const json_t *end = json_object_get(document, "outcome");
    bool claims = json_is_true(json_object_get(end, "valid"));
    json_t *known = json_object();
    enum assay_code rc;
    const json_t *c;
    size_t i;

    if (known == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "%s", assay_code_text(ASSAY_E_NOMEM));
    rc = check_legs(json_object_get(document, "legs"), known, err);
    json_array_foreach (json_object_get(document, "cases"), i, c) {
        struct place entry = {.up = &list, .index = i}, at = {.up = &entry, .name = "leg"};
        const json_t *leg = json_object_get(c, "leg");

        if (rc == ASSAY_OK && json_object_get(known, json_string_value(leg)) == NULL)
            rc = wrong(&at, "expected the id of a leg", leg, err);
    }
    json_decref(known);
    if (rc != ASSAY_OK || !claims)
        return rc;
    if (json_array_size(json_object_get(document, "cases")) == 0 &&
        json_object_get(document, "matrix") == NULL)
        return wrong(&valid, "is true, although nothing was judged", NULL, err);
    if (json_array_size(json_object_get(end, "invalid")) > 0 ||
        json_is_true(json_object_get(end, "interrupted")))
        return wrong(&valid, "is true, although the outcome names reasons against it", NULL, err);
    return ASSAY_OK;
}
