/* Answers of another shape than they must have; see facilitator.h. */
#include "roles/facilitator_internal.h"

enum { DEEP_LEVELS = 5000 };

static const char *key_of(enum facilitator_what what)
{
    return what == FACILITATOR_VERIFY   ? "isValid"
           : what == FACILITATOR_SETTLE ? "success"
                                        : "kinds";
}

/* The member that the answer is, in another form. `own` is its value. */
static void add_member(struct assay_buf *out, const char *key, struct assay_bytes own,
                       enum facilitator_shape shape)
{
    bool is_list = own.len > 0 && own.at[0] == '[';

    if (shape == FACILITATOR_MISSING) {
        assay_buf_add_str(out, "\"note\":null");
        return;
    }
    assay_buf_printf(out, "\"%s\":", key);
    if (shape == FACILITATOR_TEXT) {
        assay_json_add_string(out, own);
    } else if (shape == FACILITATOR_NUMBER) {
        assay_buf_add_byte(out, '1');
    } else if (shape == FACILITATOR_NULL_ANSWER) {
        assay_buf_add_str(out, "null");
    } else { /* TWICE */
        assay_buf_printf(out, "%s,\"%s\":", is_list ? "[]" : "false", key);
        assay_buf_add(out, is_list ? own : ASSAY_LIT("true"));
    }
}

/* Puts another member in the place of the one that the answer is. */
static void replace_member(struct assay_buf *body, enum facilitator_what what,
                           enum facilitator_shape shape)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(FACILITATOR_TURN_MAX_BYTES);
    struct assay_buf out = ASSAY_BUF_INIT(FACILITATOR_REPLY_MAX_BYTES);
    struct assay_bytes text = assay_buf_view(body);
    uint32_t value = ASSAY_JSON_NONE;
    struct assay_json doc;

    if (x402_document_parse(&doc, &arena, text, true, NULL) == ASSAY_OK)
        value = assay_json_member(&doc, 0, key_of(what));
    if (value != ASSAY_JSON_NONE) {
        struct assay_bytes own = assay_json_raw(&doc, value);
        size_t end = (size_t)(own.at - text.at) + own.len;

        assay_buf_add(&out, assay_bytes_part(text, 0, doc.tokens[value - 1].start - 1));
        add_member(&out, key_of(what), own, shape);
        assay_buf_add(&out, assay_bytes_part(text, end, SIZE_MAX));
        assay_buf_clear(body);
        assay_buf_add(body, assay_buf_view(&out));
    }
    assay_buf_fini(&out);
    assay_arena_fini(&arena);
}

/* Puts `before` and `after` around the body. */
static void wrap(struct assay_buf *body, const char *before, const char *after)
{
    struct assay_buf out = ASSAY_BUF_INIT(FACILITATOR_REPLY_MAX_BYTES);

    assay_buf_add_str(&out, before);
    assay_buf_add(&out, assay_buf_view(body));
    assay_buf_add_str(&out, after);
    assay_buf_clear(body);
    assay_buf_add(body, assay_buf_view(&out));
    assay_buf_fini(&out);
}

/* One more member in front, which is deep. The body is an object with members. */
static void deepen(struct assay_buf *body)
{
    struct assay_buf out = ASSAY_BUF_INIT(FACILITATOR_REPLY_MAX_BYTES);

    assay_buf_add_str(&out, "{\"deep\":");
    for (int i = 0; i < DEEP_LEVELS; i++)
        assay_buf_add_byte(&out, '[');
    for (int i = 0; i < DEEP_LEVELS; i++)
        assay_buf_add_byte(&out, ']');
    assay_buf_add_byte(&out, ',');
    assay_buf_add(&out, assay_bytes_part(assay_buf_view(body), 1, SIZE_MAX));
    assay_buf_clear(body);
    assay_buf_add(body, assay_buf_view(&out));
    assay_buf_fini(&out);
}

static void replace_body(struct assay_buf *body, const char *text)
{
    assay_buf_clear(body);
    assay_buf_add_str(body, text);
}

void facilitator_reshape(struct assay_buf *body, enum facilitator_what what,
                         enum facilitator_shape shape)
{
    switch (shape) {
    case FACILITATOR_WHOLE:
        break;
    case FACILITATOR_MISSING:
    case FACILITATOR_TEXT:
    case FACILITATOR_NUMBER:
    case FACILITATOR_NULL_ANSWER:
    case FACILITATOR_TWICE:
        replace_member(body, what, shape);
        break;
    case FACILITATOR_NULL_BODY:
        replace_body(body, "null");
        break;
    case FACILITATOR_ARRAY_BODY:
        wrap(body, "[", "]");
        break;
    case FACILITATOR_EMPTY_BODY:
        replace_body(body, "");
        break;
    case FACILITATOR_HTML_BODY:
        replace_body(body, "<!doctype html><title>502 Bad Gateway</title><p>isValid: true\n");
        break;
    case FACILITATOR_DEEP_BODY:
        deepen(body);
        break;
    case FACILITATOR_HALF_BODY:
        body->len /= 2;
        break;
    }
}
