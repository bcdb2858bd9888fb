/* Lines of a library adapter: what is taken for an event or an answer is one for the tokenizer of
 * ref/base, too, with one answer and an id above 0 (docs/library-adapters.md); written again it is
 * read as the same; and what is shown of it is text that can be shown. */
#include "fuzz.h"

#include "base/json.h"
#include "base/utf8.h"
#include "fuzz/lib/json_mutate.h"
#include "target/adapter_line.h"

enum { ARENA_BYTES = 1 << 24 };

static const struct {
    const char *member;
    enum adapter_status status;
} forms[] = {
    {"ok", ADAPTER_OK},
    {"refused", ADAPTER_REFUSED},
    {"unsupported", ADAPTER_UNSUPPORTED},
    {"error", ADAPTER_ERROR},
};

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return fuzz_json_mutate(data, size, max_size, 0, seed);
}

/* By the other reading: how many of the four answers a line has; *form is the last one. */
static size_t count_answers(size_t *form, const struct assay_json *doc)
{
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        if (assay_json_member(doc, 0, forms[i].member) == ASSAY_JSON_NONE)
            continue;
        *form = i;
        count++;
    }
    return count;
}

static void check_shown(const char *text)
{
    struct assay_bytes shown = assay_str(text);
    struct assay_buf again = ASSAY_BUF_INIT(4096);

    FUZZ_CHECK(shown.len < sizeof(((struct adapter_answer *)0)->text));
    assay_utf8_add_printable(&again, shown);
    FUZZ_CHECK(assay_bytes_equal(assay_buf_view(&again), shown)); /* there is nothing to hide */
    assay_buf_fini(&again);
}

static void check_again(uint64_t id, const struct adapter_answer *answer, size_t form)
{
    json_t *object =
        json_pack("{s:I, s:O}", "id", (json_int_t)id, forms[form].member, answer->value);
    char *text = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
    struct adapter_answer again = {.status = ADAPTER_HUNG};
    json_t *event = NULL;
    uint64_t same = 0;

    FUZZ_CHECK(text != NULL);
    FUZZ_CHECK(adapter_line_read(&event, &same, &again, assay_str(text)) == ADAPTER_LINE_ANSWER);
    FUZZ_CHECK(event == NULL && same == id && again.status == answer->status);
    FUZZ_CHECK(json_equal(again.value, answer->value) && strcmp(again.text, answer->text) == 0);
    adapter_answer_fini(&again);
    free(text);
    json_decref(object);
}

static void check_answer(const struct assay_json *doc, uint64_t id,
                         const struct adapter_answer *answer)
{
    size_t form = 0;
    uint64_t told = 0;

    FUZZ_CHECK(count_answers(&form, doc) == 1 && answer->status == forms[form].status);
    FUZZ_CHECK(assay_json_u64(&told, doc, assay_json_member(doc, 0, "id")) == ASSAY_OK);
    FUZZ_CHECK(told == id && id > 0 && answer->value != NULL);
    FUZZ_CHECK(answer->status != ADAPTER_OK || answer->text[0] == '\0');
    check_shown(answer->text);
    check_again(id, answer, form);
}

/* False: it is deeper than that tokenizer reads. */
static bool read_again(struct assay_json *doc, struct assay_arena *arena, struct assay_bytes line)
{
    size_t room = assay_json_token_bound(line);
    struct assay_json_token *tokens = assay_arena_alloc(arena, room * sizeof(*tokens));
    enum assay_code rc;

    FUZZ_CHECK(tokens != NULL);
    rc = assay_json_parse(doc, tokens, room, line, ASSAY_JSON_STRICT, NULL);
    FUZZ_CHECK(rc == ASSAY_OK || rc == ASSAY_E_TOO_LARGE);
    return rc == ASSAY_OK;
}

static void check_quote(struct assay_bytes line)
{
    struct adapter_answer answer = {.status = ADAPTER_GARBLED};

    adapter_answer_say(&answer, "said: ", line);
    FUZZ_CHECK(strncmp(answer.text, "said: ", 6) == 0);
    check_shown(answer.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    struct assay_bytes line = assay_bytes_of(data, size);
    struct adapter_answer answer = {.status = ADAPTER_HUNG};
    json_t *event = NULL;
    struct assay_json doc;
    uint64_t id = 0;
    enum adapter_line what = adapter_line_read(&event, &id, &answer, line);

    FUZZ_CHECK((event != NULL) == (what == ADAPTER_LINE_EVENT));
    FUZZ_CHECK((id != 0) == (what == ADAPTER_LINE_ANSWER));
    FUZZ_CHECK((answer.value != NULL) == (what == ADAPTER_LINE_ANSWER));
    if (what != ADAPTER_LINE_NONE && read_again(&doc, &arena, line)) {
        FUZZ_CHECK(assay_json_type(&doc, 0) == ASSAY_JSON_OBJECT);
        FUZZ_CHECK((assay_json_member(&doc, 0, "id") == ASSAY_JSON_NONE) == (event != NULL));
        if (what == ADAPTER_LINE_ANSWER)
            check_answer(&doc, id, &answer);
    }
    check_quote(line);
    json_decref(event);
    adapter_answer_fini(&answer);
    assay_arena_fini(&arena);
    return 0;
}
