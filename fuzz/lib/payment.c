/* An offer and its payment, read and mutated; see payment.h. */
#include "fuzz/lib/payment.h"

enum { TEXT_MAX_BYTES = 1 << 18, OPTIONS_MAX = 5 };
/* What is changed: from NOTHING on, half of all times, it is for the scheme to change what it
 * signs. */
enum { BYTES, VALUE, VALUE_TOO, OPTION, NOTHING, HOW_MANY = 2 * NOTHING };

bool fuzz_payment_init(struct fuzz_payment *out, struct assay_bytes input)
{
    size_t first = assay_bytes_find(input, '\n', 0);
    size_t second = assay_bytes_find(input, '\n', first + 1);

    *out = (struct fuzz_payment){.arena = ASSAY_ARENA_INIT(FUZZ_PAYMENT_ARENA_BYTES)};
    out->options.rest = assay_bytes_part(input, second + 1, input.len);
    return x402_document_parse(&out->offer_doc, &out->arena, assay_bytes_part(input, 0, first),
                               false, NULL) == ASSAY_OK &&
           x402_document_parse(&out->payment_doc, &out->arena,
                               assay_bytes_part(input, first + 1, second), false,
                               NULL) == ASSAY_OK &&
           x402_required_read(&out->offer, &out->arena, &out->offer_doc, NULL) == X402_FAULT_NONE;
}

void fuzz_payment_fini(struct fuzz_payment *p)
{
    assay_arena_fini(&p->arena);
}

/* The two texts and the options, as an input. */
static void join(struct assay_buf *out, const struct fuzz_payment *p, struct assay_bytes offer,
                 struct assay_bytes payment)
{
    assay_buf_add(out, offer);
    assay_buf_add_byte(out, '\n');
    assay_buf_add(out, payment);
    assay_buf_add_byte(out, '\n');
    assay_buf_add(out, p->options.rest);
}

/* One edit of the text; it stays as it is where the edit does not fit in. */
static struct assay_bytes edited(struct fuzz_payment *p, const struct assay_json *doc,
                                 uint32_t token, struct assay_bytes text)
{
    struct assay_buf made = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    struct fuzz_edit edit = {token, text};
    struct assay_bytes kept;

    fuzz_edit_apply(&made, doc, &edit, 1);
    kept = assay_buf_ok(&made) ? assay_arena_copy(&p->arena, assay_buf_view(&made))
                               : assay_bytes_of(NULL, 0);
    assay_buf_fini(&made);
    return kept.len > 0 ? kept : doc->text;
}

static struct assay_bytes changed(struct fuzz_payment *p, struct fuzz_dice *dice,
                                  const struct assay_json *doc)
{
    uint32_t token = (uint32_t)fuzz_roll_below(dice, doc->token_count);

    return edited(p, doc, token, fuzz_edit_value(dice, &p->arena, doc, token));
}

/* The accepted terms become the first offer's. */
static struct assay_bytes accepted_anew(struct fuzz_payment *p)
{
    return edited(p, &p->payment_doc, assay_json_member(&p->payment_doc, 0, "accepted"),
                  assay_json_raw(&p->offer_doc, p->offer.accepts[0].token));
}

static void change_value(struct assay_buf *out, struct fuzz_payment *p, struct fuzz_dice *dice)
{
    struct assay_bytes offer = p->offer_doc.text, payment = p->payment_doc.text;

    if (fuzz_roll_once_in(dice, 2))
        payment = changed(p, dice, &p->payment_doc);
    else
        offer = changed(p, dice, &p->offer_doc);
    join(out, p, offer, payment);
}

static bool make_right(struct assay_buf *out, struct assay_bytes input, struct fuzz_dice *dice,
                       fuzz_resign *resign)
{
    struct assay_buf joined = ASSAY_BUF_INIT(TEXT_MAX_BYTES), text = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    struct fuzz_payment first = {.offer_doc = {.token_count = 0}}, p = first;
    bool is_right = fuzz_payment_init(&first, input);

    if (is_right) {
        join(&joined, &first, first.offer_doc.text,
             fuzz_roll_once_in(dice, 8) ? first.payment_doc.text : accepted_anew(&first));
        is_right = assay_buf_ok(&joined) && fuzz_payment_init(&p, assay_buf_view(&joined)) &&
                   resign(&text, &p, dice) && assay_buf_ok(&text);
    }
    if (is_right)
        join(out, &p, p.offer_doc.text, assay_buf_view(&text));
    fuzz_payment_fini(&first);
    fuzz_payment_fini(&p);
    assay_buf_fini(&joined);
    assay_buf_fini(&text);
    return is_right;
}

static size_t put(uint8_t *data, size_t size, size_t max_size, const struct assay_buf *made)
{
    struct assay_bytes view = assay_buf_view(made);

    if (!assay_buf_ok(made) || view.len == 0 || view.len > max_size)
        return size;
    memcpy(data, view.at, view.len);
    return view.len;
}

/* One bit of the last ones. */
static void change_option(uint8_t *data, size_t size, const struct fuzz_payment *p,
                          struct fuzz_dice *dice)
{
    size_t count = p->options.rest.len < OPTIONS_MAX ? p->options.rest.len : OPTIONS_MAX;
    size_t bit = fuzz_roll_below(dice, 8);

    if (count > 0)
        data[size - 1 - fuzz_roll_below(dice, count)] ^= (uint8_t)(1U << bit);
}

size_t fuzz_payment_mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed,
                           fuzz_resign *resign)
{
    struct assay_buf made = ASSAY_BUF_INIT(TEXT_MAX_BYTES), right = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    struct fuzz_payment p;
    struct fuzz_dice dice;
    size_t how;

    fuzz_dice_init(&dice, seed);
    how = fuzz_roll_below(&dice, HOW_MANY);
    if (!fuzz_payment_init(&p, assay_bytes_of(data, size)) || how == BYTES)
        size = LLVMFuzzerMutate(data, size, max_size);
    else if (how == VALUE || how == VALUE_TOO)
        change_value(&made, &p, &dice);
    else if (how == OPTION)
        change_option(data, size, &p, &dice);
    size = put(data, size, max_size, &made);
    if ((how >= NOTHING || !fuzz_roll_once_in(&dice, 4)) &&
        make_right(&right, assay_bytes_of(data, size), &dice, resign))
        size = put(data, size, max_size, &right);
    fuzz_payment_fini(&p);
    assay_buf_fini(&made);
    assay_buf_fini(&right);
    return size;
}
