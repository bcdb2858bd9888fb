/* The mutator of JSON documents against its contract: an edit changes nothing behind its limit and
 * nothing at all where there is none, the same dice make the same edit, and what most edits make of
 * a document is a document. The first bytes are the seed, the last one the room beyond the text. */
#include "fuzz.h"

#include "base/cursor.h"
#include "base/json.h"
#include "fuzz/lib/json_mutate.h"

enum { TOKENS = 8192, OUT_MAX_BYTES = 1 << 16, EDITS = 64 };

static bool is_document(struct assay_json_token *tokens, struct assay_bytes text)
{
    struct assay_json doc;

    return assay_json_parse(&doc, tokens, TOKENS, text, ASSAY_JSON_LAST_DUPLICATE_WINS, NULL) ==
           ASSAY_OK;
}

/* One edit behind what out holds already, which stays. */
static bool edit(struct assay_buf *out, struct assay_bytes text, struct fuzz_dice dice)
{
    bool done;

    assay_buf_add_str(out, "kept");
    FUZZ_CHECK(assay_buf_ok(out));
    done = fuzz_json_edit(out, text, &dice);
    FUZZ_CHECK(assay_buf_ok(out) && out->len <= out->max);
    FUZZ_CHECK(assay_bytes_is(assay_bytes_part(assay_buf_view(out), 0, 4), "kept"));
    FUZZ_CHECK(done || out->len == 4);
    return done;
}

/* Whether it is an edit that leaves a document. */
static bool check_edit(struct assay_json_token *tokens, struct assay_bytes text, size_t room,
                       struct fuzz_dice dice)
{
    struct assay_buf first = ASSAY_BUF_INIT(4 + room), second = ASSAY_BUF_INIT(4 + room);
    bool done = edit(&first, text, dice), is_kept = false;

    FUZZ_CHECK(edit(&second, text, dice) == done);
    FUZZ_CHECK(assay_bytes_equal(assay_buf_view(&first), assay_buf_view(&second)));
    if (done)
        is_kept = is_document(tokens, assay_bytes_part(assay_buf_view(&first), 4, first.len));
    assay_buf_fini(&first);
    assay_buf_fini(&second);
    return is_kept;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_json_token tokens[TOKENS];
    struct assay_cur c = assay_cur_of(assay_bytes_of(data, size));
    struct fuzz_dice dice;
    struct assay_bytes text;
    size_t room, kept = 0;
    bool is_one;

    fuzz_dice_init(&dice, assay_cur_u32be(&c));
    if (c.bad || size < 5)
        return 0;
    text = assay_bytes_part(c.in, c.pos, size - 1);
    room = text.len + data[size - 1];
    is_one = text.len <= OUT_MAX_BYTES && is_document(tokens, text);
    for (unsigned i = 0; i < EDITS; i++) {
        kept += check_edit(tokens, text, room, dice) ? 1 : 0;
        (void)fuzz_roll(&dice);
    }
    FUZZ_CHECK(is_one || text.len > OUT_MAX_BYTES || kept == 0);
    return 0;
}
