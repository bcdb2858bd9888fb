/* Edits of a JSON text; see edit.h. */
#include "fuzz/lib/edit.h"

#include "base/decimal.h"
#include "base/hex.h"

enum { NEAR = 3, LINES_MAX = 4, TEXT_MAX_BYTES = 1 << 18, ARENA_BYTES = 1 << 24 };

static size_t place_of(const struct assay_json *doc, uint32_t token)
{
    return (size_t)(assay_json_raw(doc, token).at - doc->text.at);
}

/* By insertion: there are few. */
static void sort(struct fuzz_edit *edits, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct fuzz_edit edit = edits[i];
        size_t at = i;

        for (; at > 0 && edits[at - 1].token > edit.token; at--)
            edits[at] = edits[at - 1];
        edits[at] = edit;
    }
}

void fuzz_edit_apply(struct assay_buf *out, const struct assay_json *doc, struct fuzz_edit *edits,
                     size_t count)
{
    size_t done = 0;

    sort(edits, count);
    for (size_t i = 0; i < count && edits[i].token < doc->token_count; i++) {
        size_t place = place_of(doc, edits[i].token);

        if (place < done)
            continue;
        assay_buf_add(out, assay_bytes_part(doc->text, done, place));
        assay_buf_add(out, edits[i].text);
        done = place + assay_json_raw(doc, edits[i].token).len;
    }
    assay_buf_add(out, assay_bytes_part(doc->text, done, doc->text.len));
}

uint64_t fuzz_near(struct fuzz_dice *dice, uint64_t number)
{
    static const uint64_t limits[] = {0,         1,          UINT64_C(100000000),
                                      INT64_MAX, UINT64_MAX, UINT64_C(2900000000000000000)};
    uint64_t step = fuzz_roll_once_in(dice, 2) ? 1 : 1 + fuzz_roll_below(dice, NEAR);

    if (fuzz_roll_once_in(dice, 4))
        return limits[fuzz_roll_below(dice, ARRAY_LEN(limits))];
    return fuzz_roll_once_in(dice, 2) ? number + step : number - step;
}

struct assay_bytes fuzz_quoted(struct assay_arena *arena, struct assay_bytes text)
{
    uint8_t *at = assay_arena_alloc(arena, text.len + 2);

    if (at == NULL)
        return ASSAY_LIT("\"\"");
    at[0] = at[text.len + 1] = '"';
    memcpy(at + 1, text.at, text.len);
    return assay_bytes_of(at, text.len + 2);
}

struct assay_bytes fuzz_quoted_hex(struct assay_arena *arena, struct assay_bytes bytes)
{
    char *text = assay_arena_alloc(arena, 2 * bytes.len + 1);

    if (text == NULL)
        return ASSAY_LIT("\"\"");
    assay_hex_encode(text, bytes);
    return fuzz_quoted(arena, assay_bytes_of(text, 2 * bytes.len));
}

/* As a number, or as the text of one. */
static struct assay_bytes near_text(struct fuzz_dice *dice, struct assay_arena *arena,
                                    uint64_t number, bool is_text)
{
    const char *quote = is_text ? "\"" : "";
    const char *text = assay_arena_printf(arena, "%s%llu%s", quote,
                                          (unsigned long long)fuzz_near(dice, number), quote);

    return assay_str(text);
}

struct assay_bytes fuzz_edit_value(struct fuzz_dice *dice, struct assay_arena *arena,
                                   const struct assay_json *doc, uint32_t token)
{
    static const char *const others[] = {"null", "\"\"", "0", "true", "{}", "[]", "\"0\""};
    struct assay_bytes raw = assay_json_raw(doc, token);
    struct assay_bytes inner = assay_bytes_part(raw, 1, raw.len > 0 ? raw.len - 1 : 0);
    uint64_t number;

    if (!fuzz_roll_once_in(dice, 4)) {
        if (assay_json_u64(&number, doc, token) == ASSAY_OK)
            return near_text(dice, arena, number, false);
        if (assay_decimal_u64(&number, inner) == ASSAY_OK)
            return near_text(dice, arena, number, true);
    }
    if (fuzz_roll_once_in(dice, 2))
        return assay_str(others[fuzz_roll_below(dice, ARRAY_LEN(others))]);
    return assay_json_raw(doc, (uint32_t)fuzz_roll_below(dice, doc->token_count));
}

/* The n-th line, or the last one there is. */
static struct assay_bytes line_of(struct assay_bytes input, size_t n)
{
    size_t from = 0, end = assay_bytes_find(input, '\n', 0);

    while (n-- > 0 && end + 1 < input.len) {
        from = end + 1;
        end = assay_bytes_find(input, '\n', from);
    }
    return assay_bytes_part(input, from, end);
}

static bool parse(struct assay_json *doc, struct assay_arena *arena, struct assay_bytes text)
{
    size_t room = assay_json_token_bound(text);
    struct assay_json_token *tokens = assay_arena_alloc(arena, room * sizeof(*tokens));

    return tokens != NULL && assay_json_parse(doc, tokens, room, text,
                                              ASSAY_JSON_LAST_DUPLICATE_WINS, NULL) == ASSAY_OK;
}

size_t fuzz_edit_line(uint8_t *data, size_t size, size_t max_size, struct fuzz_dice *dice)
{
    struct assay_bytes input = assay_bytes_of(data, size);
    struct assay_bytes line = line_of(input, fuzz_roll_below(dice, LINES_MAX));
    struct assay_buf made = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    size_t from = (size_t)(line.at - input.at);
    struct assay_json doc;

    if (fuzz_roll_once_in(dice, 4) || !parse(&doc, &arena, line)) {
        size = LLVMFuzzerMutate(data, size, max_size);
    } else {
        struct fuzz_edit edit = {(uint32_t)fuzz_roll_below(dice, doc.token_count), {NULL, 0}};

        edit.text = fuzz_edit_value(dice, &arena, &doc, edit.token);
        assay_buf_add(&made, assay_bytes_part(input, 0, from));
        fuzz_edit_apply(&made, &doc, &edit, 1);
        assay_buf_add(&made, assay_bytes_part(input, from + line.len, input.len));
        if (assay_buf_ok(&made) && made.len <= max_size) {
            size = made.len;
            memcpy(data, assay_buf_view(&made).at, size);
        }
    }
    assay_buf_fini(&made);
    assay_arena_fini(&arena);
    return size;
}
