/* The JSON tokenizer and its canonical writer: what is read can be written, read again and is the
 * same; every name is found; every string survives. */
#include "fuzz.h"

#include "base/json.h"

enum { TOKENS = 4096, NAMES_LOOKED_UP = 64, OUT_MAX_BYTES = 1 << 24 };

/* Unescaping a string and quoting it again is its canonical form. */
static void check_string(const struct assay_json *doc, uint32_t token)
{
    struct assay_buf text = ASSAY_BUF_INIT(OUT_MAX_BYTES);
    struct assay_buf quoted = ASSAY_BUF_INIT(OUT_MAX_BYTES);
    struct assay_buf direct = ASSAY_BUF_INIT(OUT_MAX_BYTES);

    FUZZ_CHECK(assay_json_string(&text, doc, token) == ASSAY_OK);
    assay_json_add_string(&quoted, assay_buf_view(&text));
    FUZZ_CHECK(assay_json_canonical(&direct, doc, token, NULL) == ASSAY_OK);
    FUZZ_CHECK(assay_bytes_equal(assay_buf_view(&quoted), assay_buf_view(&direct)));
    if (memchr(assay_buf_view(&text).at, 0, text.len) == NULL)
        FUZZ_CHECK(assay_json_string_is(doc, token, assay_buf_cstr(&text)));
    assay_buf_fini(&text);
    assay_buf_fini(&quoted);
    assay_buf_fini(&direct);
}

/* Walks the children of a container; each is counted, and a name leads to its own value. */
static void check_children(const struct assay_json *doc, uint32_t container)
{
    bool is_object = assay_json_type(doc, container) == ASSAY_JSON_OBJECT;
    uint32_t count = 0;

    for (uint32_t at = assay_json_first(doc, container); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(doc, container, at)) {
        struct assay_buf name = ASSAY_BUF_INIT(OUT_MAX_BYTES);

        if (is_object && count < NAMES_LOOKED_UP) {
            FUZZ_CHECK(assay_json_string(&name, doc, at) == ASSAY_OK);
            if (memchr(assay_buf_view(&name).at, 0, name.len) == NULL)
                FUZZ_CHECK(assay_json_member(doc, container, assay_buf_cstr(&name)) == at + 1);
        }
        count++;
        assay_buf_fini(&name);
    }
    FUZZ_CHECK(count == doc->tokens[container].count);
}

static void check_tokens(const struct assay_json *doc)
{
    for (uint32_t at = 0; at < doc->token_count; at++) {
        FUZZ_CHECK(doc->tokens[at].start <= doc->tokens[at].end);
        FUZZ_CHECK(doc->tokens[at].end <= doc->text.len);
        FUZZ_CHECK(doc->tokens[at].next > at && doc->tokens[at].next <= doc->token_count);
        if (doc->tokens[at].type == ASSAY_JSON_STRING)
            check_string(doc, at);
        if (doc->tokens[at].type == ASSAY_JSON_ARRAY || doc->tokens[at].type == ASSAY_JSON_OBJECT)
            check_children(doc, at);
    }
}

/* The raw text of the document is the document without the spaces around it. */
static void check_raw(const struct assay_json *doc)
{
    struct assay_json_token tokens[TOKENS];
    struct assay_json again;
    struct assay_bytes raw = assay_json_raw(doc, 0);

    FUZZ_CHECK(assay_json_parse(&again, tokens, TOKENS, raw, ASSAY_JSON_STRICT, NULL) == ASSAY_OK);
    FUZZ_CHECK(again.token_count == doc->token_count);
    FUZZ_CHECK(assay_json_raw(&again, 0).len == raw.len);
}

/* The canonical form parses strictly and is its own canonical form. */
static void check_canonical(const struct assay_json *doc)
{
    struct assay_json_token tokens[TOKENS];
    struct assay_json again;
    struct assay_buf once = ASSAY_BUF_INIT(OUT_MAX_BYTES);
    struct assay_buf twice = ASSAY_BUF_INIT(OUT_MAX_BYTES);
    enum assay_code rc = assay_json_canonical(&once, doc, 0, NULL);

    FUZZ_CHECK(rc == ASSAY_OK || rc == ASSAY_E_RANGE);
    if (rc == ASSAY_OK) {
        FUZZ_CHECK(assay_json_parse(&again, tokens, TOKENS, assay_buf_view(&once),
                                    ASSAY_JSON_STRICT, NULL) == ASSAY_OK);
        FUZZ_CHECK(again.token_count <= doc->token_count);
        FUZZ_CHECK(assay_json_canonical(&twice, &again, 0, NULL) == ASSAY_OK);
        FUZZ_CHECK(assay_bytes_equal(assay_buf_view(&once), assay_buf_view(&twice)));
    }
    assay_buf_fini(&once);
    assay_buf_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_json_token tokens[TOKENS];
    struct assay_bytes text = assay_bytes_of(data, size);
    struct assay_json doc;
    struct assay_err err = {0};
    enum assay_code strict = assay_json_parse(&doc, tokens, TOKENS, text, ASSAY_JSON_STRICT, &err);
    enum assay_code lenient;

    FUZZ_CHECK(strict == err.code && err.at <= size);
    if (strict == ASSAY_OK) {
        check_tokens(&doc);
        check_raw(&doc);
    }
    lenient = assay_json_parse(&doc, tokens, TOKENS, text, ASSAY_JSON_LAST_DUPLICATE_WINS, NULL);
    /* a duplicate is found where its object ends: what is wrong behind it is met by the other only
     */
    FUZZ_CHECK(strict == ASSAY_E_DUPLICATE || strict == lenient);
    if (lenient == ASSAY_OK)
        check_canonical(&doc);
    return 0;
}
