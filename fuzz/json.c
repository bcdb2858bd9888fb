/* The JSON tokenizer and its canonical writer: what is read can be written, read again and is the
 * same; every name is found; every string survives; and another library reads the same. */
#include "fuzz.h"

#include "base/json.h"
#include "fuzz/lib/json_mutate.h"
#include "fuzz/lib/second.h"

enum { TOKENS = 4096, NAMES_LOOKED_UP = 64, OUT_MAX_BYTES = 1 << 24 };

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return fuzz_json_mutate(data, size, max_size, 0, seed);
}

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

/* What the other library does not take of JSON: \\u of half a pair or of NUL in a name, and numbers
 * that its types do not hold. */
static bool may_be_beyond_it(struct assay_bytes text)
{
    size_t digits = 0, most = 0;

    for (size_t i = 0; i < text.len; i++) {
        digits = text.at[i] >= '0' && text.at[i] <= '9' ? digits + 1 : 0;
        most = digits > most ? digits : most;
        if ((text.at[i] == 'u' && i > 0 && text.at[i - 1] == '\\') || text.at[i] == 'e' ||
            text.at[i] == 'E')
            return true;
    }
    return most > 18;
}

/* Where a byte of it is NUL the other library takes the text to end. */
static void check_second(const struct assay_json *doc, enum assay_code strict,
                         struct assay_bytes text)
{
    json_t *second = fuzz_second(text);

    if (assay_bytes_find(text, '\0', 0) < text.len)
        FUZZ_CHECK(strict != ASSAY_OK);
    else if (second == NULL)
        FUZZ_CHECK(strict != ASSAY_OK || may_be_beyond_it(text));
    else
        FUZZ_CHECK(strict == ASSAY_E_TOO_LARGE ||
                   (strict == ASSAY_OK && fuzz_second_agrees(doc, 0, second)));
    json_decref(second);
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
    check_second(&doc, strict, text);
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
