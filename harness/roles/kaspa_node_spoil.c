/* Answers as they should not be: cut off, and of another shape. */
#include "roles/kaspa_node_internal.h"

/* A value of another type than the one at a token. */
static void add_other_type(struct assay_buf *out, const struct assay_json *doc, uint32_t token)
{
    switch (assay_json_type(doc, token)) {
    case ASSAY_JSON_NULL:
    case ASSAY_JSON_STRING:
        assay_buf_add_byte(out, '0');
        break;
    case ASSAY_JSON_FALSE:
    case ASSAY_JSON_TRUE:
    case ASSAY_JSON_NUMBER:
        assay_json_add_string(out, assay_json_raw(doc, token));
        break;
    case ASSAY_JSON_ARRAY:
        assay_buf_add_str(out, "{}");
        break;
    case ASSAY_JSON_OBJECT:
        assay_buf_add_str(out, "[]");
        break;
    }
}

/* Of an object every member is of another type, and the last of several is missing. */
static void add_other_shape(struct assay_buf *out, const struct assay_json *doc, uint32_t token)
{
    uint32_t members = doc->tokens[token].count, left = members > 1 ? members - 1 : members;
    uint32_t name = assay_json_first(doc, token);

    if (assay_json_type(doc, token) != ASSAY_JSON_OBJECT) {
        add_other_type(out, doc, token);
        return;
    }
    assay_buf_add_byte(out, '{');
    for (uint32_t i = 0; i < left; i++, name = assay_json_next_sibling(doc, token, name)) {
        assay_buf_add_str(out, i > 0 ? "," : "");
        assay_buf_add(out, assay_json_raw(doc, name));
        assay_buf_add_byte(out, ':');
        add_other_type(out, doc, name + 1);
    }
    assay_buf_add_byte(out, '}');
}

static void reshape(struct assay_buf *answer, const char *member)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(NODE_CALL_MAX_BYTES);
    struct assay_buf out = ASSAY_BUF_INIT(NODE_ANSWER_MAX_BYTES);
    uint32_t token = 0;
    struct assay_json doc;

    if (node_json_parse(&doc, &arena, assay_buf_view(answer))) {
        if (member != NULL)
            token = assay_json_member(&doc, 0, member);
        if (token != ASSAY_JSON_NONE) {
            assay_buf_add(&out, assay_bytes_part(doc.text, 0, doc.tokens[token].start));
            add_other_shape(&out, &doc, token);
            assay_buf_add(&out, assay_bytes_part(doc.text, doc.tokens[token].end, SIZE_MAX));
            assay_buf_clear(answer);
            assay_buf_add(answer, assay_buf_view(&out));
        }
    }
    assay_buf_fini(&out);
    assay_arena_fini(&arena);
}

void node_spoil(struct assay_buf *answer, enum kaspa_node_fault fault, const char *member)
{
    if (fault == KASPA_NODE_MALFORMED)
        answer->len /= 2;
    else if (fault == KASPA_NODE_WRONG_SHAPE)
        reshape(answer, member);
}
