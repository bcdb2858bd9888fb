/* Bundles of live evidence: one that is accepted is accepted with the same summary in its canonical
 * form and with spaces, and refused once one character of what its steps report is another; one
 * that is refused says why, in words that hold none of the bundle's control characters. The two
 * last bytes of an input choose the character that is changed. */
#include "fuzz.h"

#include "fuzz/lib/json_mutate.h"
#include "kaspa_x402/evidence.h"

#include <ctype.h>

enum { OPTIONS = 2, LEAVES_MAX = 4096 };

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    struct fuzz_dice dice;

    /* most edits of a bundle break a hash of it; the character that is changed is chosen anew */
    fuzz_dice_init(&dice, seed);
    if (size < OPTIONS || fuzz_roll_once_in(&dice, 2))
        return fuzz_json_mutate(data, size, max_size, OPTIONS, seed);
    data[size - 1 - fuzz_roll_below(&dice, OPTIONS)] = (uint8_t)fuzz_roll(&dice);
    return size;
}

static enum kx_bundle_rule judge(struct kx_bundle_summary *out, struct assay_bytes text)
{
    static const struct kx_bundle_policy policy = KX_BUNDLE_POLICY_INIT;
    struct assay_arena arena = ASSAY_ARENA_INIT(KX_BUNDLE_ARENA_BYTES);
    struct assay_err err = {.code = ASSAY_OK};
    enum kx_bundle_rule rule;

    *out = (struct kx_bundle_summary){.broadcasts = SIZE_MAX};
    rule = kx_bundle_judge(out, &arena, text, &policy, &err);
    FUZZ_CHECK(rule < KX_BUNDLE__COUNT && err.code != ASSAY_E_NOMEM);
    FUZZ_CHECK((rule == KX_BUNDLE_OK) == (err.code == ASSAY_OK));
    FUZZ_CHECK((rule == KX_BUNDLE_OK) == (out->broadcasts != SIZE_MAX));
    FUZZ_CHECK(rule == KX_BUNDLE_OK || err.text[0] != '\0');
    for (const char *at = err.text; *at != '\0'; at++)
        FUZZ_CHECK(!iscntrl((unsigned char)*at));
    assay_arena_fini(&arena);
    return rule;
}

static void check_same(const struct kx_bundle_summary *summary, struct assay_bytes text)
{
    struct kx_bundle_summary again;

    FUZZ_CHECK(judge(&again, text) == KX_BUNDLE_OK);
    FUZZ_CHECK(again.sources == summary->sources && again.broadcasts == summary->broadcasts);
    FUZZ_CHECK(strcmp(again.statement, KX_BUNDLE_STATEMENT_TEXT) == 0);
}

struct leaves {
    uint32_t at[LEAVES_MAX];
    size_t count;
};

/* The texts and numbers of a value. */
static void add_leaves(struct leaves *leaves, const struct assay_json *doc, uint32_t value)
{
    uint32_t end = value != ASSAY_JSON_NONE ? doc->tokens[value].next : 0;

    for (uint32_t at = value; at < end && leaves->count < LEAVES_MAX; at++) {
        const struct assay_json_token *token = &doc->tokens[at];

        if ((token->type == ASSAY_JSON_NUMBER || token->type == ASSAY_JSON_STRING) &&
            !token->escaped && token->end > token->start)
            leaves->at[leaves->count++] = at;
    }
}

/* What a step reports, and what the chain carried: nothing of it may be otherwise, names too. */
static void find_leaves(struct leaves *leaves, const struct assay_json *doc)
{
    static const char *const bound[] = {"report", "state", "broadcast", "voucher"};
    uint32_t flows = assay_json_member(doc, 0, "flows");

    for (uint32_t flow = assay_json_first(doc, flows); flow != ASSAY_JSON_NONE;
         flow = assay_json_next_sibling(doc, flows, flow)) {
        uint32_t steps = assay_json_member(doc, flow, "steps");

        for (uint32_t step = assay_json_first(doc, steps); step != ASSAY_JSON_NONE;
             step = assay_json_next_sibling(doc, steps, step))
            for (size_t i = 0; i < ARRAY_LEN(bound); i++)
                add_leaves(leaves, doc, assay_json_member(doc, step, bound[i]));
    }
}

/* Another one of its kind: a digit stays a digit, and a letter is not the same in another case. */
static uint8_t another(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c == '9' ? '8' : (uint8_t)(c + 1);
    return c == 'a' || c == 'A' ? (uint8_t)(c + 1) : 'a';
}

static void check_edited(const struct assay_json *doc, uint8_t which, uint8_t where)
{
    struct assay_buf text = ASSAY_BUF_INIT(KX_BUNDLE_MAX_BYTES);
    struct leaves leaves = {.count = 0};
    const struct assay_json_token *leaf;
    struct kx_bundle_summary summary;
    uint8_t *at;

    find_leaves(&leaves, doc);
    FUZZ_CHECK(leaves.count > 0);
    leaf = &doc->tokens[leaves.at[((size_t)which << 8 | where) % leaves.count]];
    assay_buf_add(&text, doc->text);
    FUZZ_CHECK(assay_buf_ok(&text));
    at = text.at + leaf->start + where % (leaf->end - leaf->start);
    *at = another(*at);
    FUZZ_CHECK(judge(&summary, assay_buf_view(&text)) != KX_BUNDLE_OK);
    assay_buf_fini(&text);
}

/* Spaces between all tokens. */
static void spread(struct assay_buf *out, const struct assay_json *doc)
{
    bool is_within = false;

    for (size_t i = 0; i < doc->text.len; i++) {
        uint8_t c = doc->text.at[i];

        if (c == '"' && (!is_within || doc->text.at[i - 1] != '\\'))
            is_within = !is_within;
        assay_buf_add_byte(out, c);
        if (!is_within && strchr("{}[],:", c) != NULL)
            assay_buf_add_byte(out, ' ');
    }
}

static void check_forms(const struct assay_json *doc, const struct kx_bundle_summary *summary)
{
    struct assay_buf form = ASSAY_BUF_INIT(KX_BUNDLE_MAX_BYTES);

    FUZZ_CHECK(assay_json_canonical(&form, doc, 0, NULL) == ASSAY_OK);
    check_same(summary, assay_buf_view(&form));
    assay_buf_clear(&form);
    spread(&form, doc);
    if (assay_buf_ok(&form) && assay_bytes_find(doc->text, '\\', 0) == doc->text.len)
        check_same(summary, assay_buf_view(&form));
    assay_buf_fini(&form);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_bytes text = assay_bytes_of(data, size >= OPTIONS ? size - OPTIONS : 0);
    struct kx_bundle_summary summary;
    struct assay_json_token *tokens;
    struct assay_json doc;
    size_t room;

    if (size < OPTIONS || judge(&summary, text) != KX_BUNDLE_OK)
        return 0;
    room = assay_json_token_bound(text);
    tokens = assay_alloc(room * sizeof(*tokens));
    FUZZ_CHECK(tokens != NULL);
    FUZZ_CHECK(assay_json_parse(&doc, tokens, room, text, ASSAY_JSON_STRICT, NULL) == ASSAY_OK);
    check_forms(&doc, &summary);
    check_edited(&doc, data[size - 2], data[size - 1]);
    assay_free(tokens);
    return 0;
}
