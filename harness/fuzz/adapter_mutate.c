/* Changes of operation inputs; see adapter_mutate.h. */
#include "fuzz/adapter_mutate.h"

#include "base/base64.h"
#include "base/decimal.h"
#include "fuzz/json_edit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT_MAX_BYTES = 1 << 20, DEPTH_MAX = 48, COPIES_MAX = 300, DOCUMENT_EDITS_MAX = 3 };

/* ---- places: a value of an object or array ---- */

struct place {
    json_t *container, *value;
    const char *name; /* NULL: of an array */
    size_t index;
};

/* Finds the number-th value that fits below `container`; `left` counts down, so that one that
 * begins with SIZE_MAX counts them. */
static bool find(struct place *out, json_t *container, bool (*fits)(const json_t *), size_t *left,
                 unsigned depth)
{
    const char *name;
    json_t *value;
    size_t i;

    if (depth == DEPTH_MAX)
        return false;
    json_object_foreach (container, name, value) {
        *out = (struct place){container, value, name, 0};
        if ((fits(value) && (*left)-- == 0) || find(out, value, fits, left, depth + 1))
            return true;
    }
    json_array_foreach (container, i, value) {
        *out = (struct place){container, value, NULL, i};
        if ((fits(value) && (*left)-- == 0) || find(out, value, fits, left, depth + 1))
            return true;
    }
    return false;
}

static bool any_place(struct place *out, json_t *in, bool (*fits)(const json_t *),
                      struct fuzz_dice *dice)
{
    size_t left = SIZE_MAX, count;

    (void)find(out, in, fits, &left, 0);
    count = SIZE_MAX - left;
    if (count == 0)
        return false;
    left = fuzz_roll_below(dice, count);
    return find(out, in, fits, &left, 0);
}

/* Steals the value; false where it is NULL. */
static bool put(const struct place *p, json_t *value)
{
    return p->name != NULL ? json_object_set_new(p->container, p->name, value) == 0
                           : json_array_set_new(p->container, p->index, value) == 0;
}

static bool is_container(const json_t *value)
{
    return json_is_object(value) || json_is_array(value);
}

/* ---- documents in texts ---- */

enum document { DOCUMENT_NONE, DOCUMENT_JSON, DOCUMENT_BASE64 };

static bool begins_document(const char *text)
{
    text += strspn(text, " \t\r\n");
    return *text == '{' || *text == '[';
}

/* What is in the text, which goes into `out`. */
static enum document document_of(struct assay_buf *out, const char *text)
{
    if (begins_document(text)) {
        assay_buf_add_str(out, text);
        return assay_buf_ok(out) ? DOCUMENT_JSON : DOCUMENT_NONE;
    }
    if (strlen(text) < 4 ||
        assay_base64_decode(out, ASSAY_BASE64_STD_ANY_BITS, assay_str(text), NULL) != ASSAY_OK ||
        assay_buf_cstr(out) == NULL || !begins_document(assay_buf_cstr(out)))
        return DOCUMENT_NONE;
    return DOCUMENT_BASE64;
}

static bool holds_document(const json_t *value)
{
    struct assay_buf room = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    bool is_one =
        json_is_string(value) && document_of(&room, json_string_value(value)) != DOCUMENT_NONE;

    assay_buf_fini(&room);
    return is_one;
}

/* Edits `text` in place, so often. */
static bool edit_text(struct assay_buf *text, size_t edits, struct fuzz_dice *dice)
{
    bool is_done = false;

    while (edits-- > 0) {
        struct assay_buf edited = ASSAY_BUF_INIT(TEXT_MAX_BYTES);

        if (fuzz_json_edit(&edited, assay_buf_view(text), dice)) {
            assay_buf_clear(text);
            assay_buf_add(text, assay_buf_view(&edited));
            is_done = true;
        }
        assay_buf_fini(&edited);
    }
    return is_done && assay_buf_ok(text);
}

/* A document in a text is edited, and may then be none. */
static bool change_document(json_t *in, const json_t *other, struct fuzz_dice *dice)
{
    struct assay_buf text = ASSAY_BUF_INIT(TEXT_MAX_BYTES),
                     encoded = ASSAY_BUF_INIT((size_t)2 * TEXT_MAX_BYTES);
    enum document kind;
    struct place p;
    bool is_done = false;

    (void)other;
    if (any_place(&p, in, holds_document, dice)) {
        kind = document_of(&text, json_string_value(p.value));
        is_done = edit_text(&text, 1 + fuzz_roll_below(dice, DOCUMENT_EDITS_MAX), dice);
        if (kind == DOCUMENT_BASE64)
            assay_base64_encode(&encoded, ASSAY_BASE64_STD, assay_buf_view(&text));
        else
            assay_buf_add(&encoded, assay_buf_view(&text));
        is_done = is_done && assay_buf_ok(&encoded) &&
                  put(&p, json_stringn((const char *)assay_buf_view(&encoded).at, encoded.len));
    }
    assay_buf_fini(&text);
    assay_buf_fini(&encoded);
    return is_done;
}

/* A container becomes the text of it: where an operation reads either, its reader of texts. */
static bool make_text(json_t *in, const json_t *other, struct fuzz_dice *dice)
{
    struct place p;
    char *text;
    bool is_done;

    (void)other;
    if (!any_place(&p, in, is_container, dice))
        return false;
    text = json_dumps(p.value, JSON_COMPACT);
    is_done = text != NULL && put(&p, json_string(text));
    free(text);
    return is_done;
}

/* ---- numbers ---- */

static bool is_number(const json_t *value)
{
    uint64_t number;

    return json_is_integer(value) ||
           (json_is_string(value) &&
            assay_decimal_u64(&number, assay_str(json_string_value(value))) == ASSAY_OK);
}

static uint64_t near(uint64_t number, struct fuzz_dice *dice)
{
    switch (fuzz_roll_below(dice, 8)) {
    case 0:
        return number + 1;
    case 1:
        return number - 1;
    case 2:
        return number * 2;
    case 3:
        return number / 2;
    case 4:
        return number + fuzz_roll_below(dice, 100);
    case 5:
        return number - fuzz_roll_below(dice, 100);
    case 6:
        return UINT64_MAX - fuzz_roll_below(dice, 3);
    default:
        return fuzz_roll(dice) >> fuzz_roll_below(dice, 64);
    }
}

/* A number, or a text that is one, becomes one near it or at a limit. */
static bool change_number(json_t *in, const json_t *other, struct fuzz_dice *dice)
{
    uint64_t number = 0;
    struct place p;
    char text[24];

    (void)other;
    if (!any_place(&p, in, is_number, dice))
        return false;
    if (json_is_integer(p.value))
        return put(&p, json_integer((json_int_t)near((uint64_t)json_integer_value(p.value), dice)));
    if (assay_decimal_u64(&number, assay_str(json_string_value(p.value))) != ASSAY_OK)
        return false;
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)near(number, dice));
    return put(&p, json_string(text));
}

/* ---- containers ---- */

static bool has_elements(const json_t *value)
{
    return json_array_size(value) > 0;
}

static bool grow_array(json_t *in, const json_t *other, struct fuzz_dice *dice)
{
    size_t copies = fuzz_roll_once_in(dice, 4) ? 1 + fuzz_roll_below(dice, COPIES_MAX)
                                               : 1 + fuzz_roll_below(dice, 3);
    const json_t *element;
    struct place p;

    (void)other;
    if (!any_place(&p, in, has_elements, dice))
        return false;
    element = json_array_get(p.value, fuzz_roll_below(dice, json_array_size(p.value)));
    while (copies-- > 0)
        if (json_array_append_new(p.value, json_deep_copy(element)) != 0)
            return false;
    return true;
}

/* A member of another input, as deep as both have the same names. */
static bool take_part(json_t *in, const json_t *other, struct fuzz_dice *dice)
{
    json_t *to = in, *value;
    const json_t *from = other;
    const char *name = NULL;

    for (;;) {
        size_t left = json_object_size(to);
        const char *member;

        if (left == 0)
            return false;
        left = fuzz_roll_below(dice, left);
        json_object_foreach (to, member, value)
            if (left-- == 0)
                name = member;
        if (json_object_get(from, name) == NULL)
            return false;
        if (!json_is_object(json_object_get(to, name)) ||
            !json_is_object(json_object_get(from, name)) || fuzz_roll_once_in(dice, 3))
            break;
        to = json_object_get(to, name);
        from = json_object_get(from, name);
    }
    return !json_equal(json_object_get(to, name), json_object_get(from, name)) &&
           json_object_set_new(to, name, json_deep_copy(json_object_get(from, name))) == 0;
}

/* ---- the whole ---- */

/* Whether every reader of lines reads it alike. */
static bool is_one_reading(const json_t *value, unsigned depth)
{
    const json_t *child;
    const char *name;
    size_t i;

    if (json_is_real(value))
        return trunc(json_real_value(value)) != json_real_value(value);
    if (depth == DEPTH_MAX)
        return !is_container(value);
    json_object_foreach ((json_t *)(uintptr_t)value, name, child)
        if (!is_one_reading(child, depth + 1))
            return false;
    json_array_foreach (value, i, child)
        if (!is_one_reading(child, depth + 1))
            return false;
    return true;
}

/* An edit of the whole text; taken back where it is no object any more. */
static json_t *edit_whole(const json_t *in, struct fuzz_dice *dice)
{
    struct assay_buf text = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    char *before = json_dumps(in, JSON_COMPACT);
    json_t *edited = NULL;

    assay_buf_add_str(&text, before != NULL ? before : "");
    if (before != NULL && assay_buf_ok(&text) && edit_text(&text, 1, dice))
        edited = json_loadb((const char *)assay_buf_view(&text).at, text.len,
                            JSON_REJECT_DUPLICATES, NULL);
    free(before);
    assay_buf_fini(&text);
    return edited;
}

typedef bool change(json_t *in, const json_t *other, struct fuzz_dice *dice);

/* NULL: an edit of the whole text. */
static change *const changes[] = {
    NULL,          NULL,          NULL,      NULL,      NULL,       change_document,
    change_number, change_number, make_text, take_part, grow_array, change_document,
};

json_t *adapter_mutate(const json_t *in, const json_t *other, struct fuzz_dice *dice)
{
    change *made = changes[fuzz_roll_below(dice, ARRAY_LEN(changes))];
    json_t *changed = made == NULL ? edit_whole(in, dice) : json_deep_copy(in);

    if (made != NULL && !made(changed, other, dice)) {
        json_decref(changed);
        return NULL;
    }
    /* These name the request. */
    (void)json_object_del(changed, "id");
    (void)json_object_del(changed, "op");
    if (json_is_object(changed) && is_one_reading(changed, 0) && !json_equal(changed, in))
        return changed;
    json_decref(changed);
    return NULL;
}
