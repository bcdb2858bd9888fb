/* Classes of answers; see live_answer.h. */
#include "fuzz/live_answer.h"

#include "base/json.h"

#include <inttypes.h>

enum { TOKENS_MAX = 2048, DEPTH_MAX = 6, SHAPE_MAX_BYTES = 4096, ELEMENTS_MAX = 3 };

/* ---- shapes ---- */

static void add_shape(struct assay_buf *out, const struct assay_json *doc, uint32_t token,
                      unsigned depth)
{
    static const char letters[] = {
        [ASSAY_JSON_NULL] = '0',   [ASSAY_JSON_FALSE] = 'b',  [ASSAY_JSON_TRUE] = 'b',
        [ASSAY_JSON_NUMBER] = 'n', [ASSAY_JSON_STRING] = 't', [ASSAY_JSON_ARRAY] = '[',
        [ASSAY_JSON_OBJECT] = '{'};
    enum assay_json_type type = assay_json_type(doc, token);
    bool is_object = type == ASSAY_JSON_OBJECT;
    size_t n = 0;

    assay_buf_add_byte(out, (uint8_t)letters[type]);
    if (!is_object && type != ASSAY_JSON_ARRAY)
        return;
    for (uint32_t at = depth < DEPTH_MAX ? assay_json_first(doc, token) : ASSAY_JSON_NONE;
         at != ASSAY_JSON_NONE && (is_object || n < ELEMENTS_MAX);
         at = assay_json_next_sibling(doc, token, at), n++) {
        if (n > 0)
            assay_buf_add_byte(out, ',');
        if (is_object) {
            struct assay_bytes name = assay_json_raw(doc, at);

            assay_buf_add(out, assay_bytes_part(name, 1, name.len - 1));
            assay_buf_add_byte(out, ':');
        }
        add_shape(out, doc, is_object ? at + 1 : at, depth + 1);
    }
    assay_buf_add_byte(out, is_object ? '}' : ']');
}

static void add_body(struct assay_buf *out, struct assay_bytes body)
{
    static _Thread_local struct assay_json_token tokens[TOKENS_MAX];
    struct assay_json doc;
    size_t size = 0;

    if (body.len > 0 && assay_json_parse(&doc, tokens, TOKENS_MAX, body,
                                         ASSAY_JSON_LAST_DUPLICATE_WINS, NULL) == ASSAY_OK) {
        add_shape(out, &doc, 0, 0);
        return;
    }
    while (size < 32 && body.len >> size != 0)
        size++;
    assay_buf_printf(out, body.len == 0 ? "empty" : "below 2^%zu bytes", size);
}

/* ---- the class ---- */

static void add_type(struct assay_buf *out, const struct http_response *response)
{
    struct assay_bytes type = http_response_header(response, "content-type", NULL);

    assay_buf_add(out, assay_bytes_part(type, 0, assay_bytes_find(type, ';', 0)));
}

static bool says_close(const struct http_response *response)
{
    return assay_bytes_equal_nocase(http_response_header(response, "connection", NULL),
                                    ASSAY_LIT("close"));
}

static uint64_t hash_of(struct assay_bytes text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ text.at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

void live_class_of(struct live_class *out, const struct http_exchange *answer,
                   struct live_effects effects)
{
    struct assay_buf text = ASSAY_BUF_INIT(SHAPE_MAX_BYTES);
    struct assay_bytes said;

    if (answer->outcome == HTTP_ANSWERED) {
        assay_buf_printf(&text, "%d ", answer->response.status);
        add_type(&text, &answer->response);
        assay_buf_add_str(&text, says_close(&answer->response) ? " and closed " : " ");
        add_body(&text, answer->response.body);
    } else {
        assay_buf_add_str(&text, http_outcome_text(answer->outcome));
    }
    assay_buf_printf(&text, "; runs %" PRIu64 ", moves %" PRIu64 "%s", effects.runs, effects.moves,
                     effects.stored ? ", stored" : "");
    said = assay_bytes_of(text.at, text.len);
    out->hash = hash_of(said);
    said =
        assay_bytes_part(said, 0, said.len < sizeof(out->text) ? said.len : sizeof(out->text) - 1);
    memcpy(out->text, said.at, said.len);
    out->text[said.len] = '\0';
    assay_buf_fini(&text);
}

bool live_classes_add(struct live_classes *classes, uint64_t hash)
{
    for (size_t i = 0; i < classes->count; i++)
        if (classes->seen[i] == hash)
            return false;
    if (classes->count == LIVE_CLASSES_MAX)
        return false;
    classes->seen[classes->count++] = hash;
    return true;
}
