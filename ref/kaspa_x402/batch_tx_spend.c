/* What a batch transaction spends, and the witness that lets it. Source: Kaspa x402 batch digest,
 * sections 8.4 and 9.2. */
#include "kaspa_x402/batch_tx_internal.h"

#include "base/cursor.h"
#include "defects/defects.h"

/* The opcode of a push of up to 75 bytes is its length. */
static bool read_push(struct assay_bytes *out, struct assay_cur *c, size_t width)
{
    uint8_t opcode = assay_cur_u8(c);

    if (opcode == KASPA_OP_PUSHDATA1 && REF_DEFECT(kx_batch_long_push))
        opcode = assay_cur_u8(c);
    *out = assay_cur_view(c, width);
    return !c->bad && opcode == width;
}

struct assay_bytes kx_tx_read_arguments(struct assay_bytes arguments[KX_ARGUMENT__COUNT],
                                        const struct kx_tx_layout *layout,
                                        struct assay_bytes script)
{
    struct assay_cur c = assay_cur_of(script);

    for (size_t i = 0; i < layout->count; i++) {
        enum kx_tx_argument argument = layout->arguments[i];
        size_t at = c.pos;
        struct assay_bytes pushed;

        if (!read_push(&pushed, &c, kx_tx_argument_width(argument)))
            return assay_bytes_part(c.in, at, c.in.len);
        arguments[argument] = pushed;
    }
    return assay_bytes_part(c.in, c.pos, c.in.len);
}

void kx_tx_read_witness(struct kx_tx_judging *j)
{
    struct kx_tx_layout layout;

    kx_tx_layout_of(&layout, j->lane->tmpl, j->with->kind);
    j->rest = kx_tx_read_arguments(j->arguments, &layout, j->tx->inputs[0].signature_script);
}

void kx_tx_judge_arguments(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    static const char *const names[] = {"the provider's signature", "the client's signature",
                                        "the voucher's signature", "T", "D"};
    struct kx_tx_layout layout;

    kx_tx_layout_of(&layout, j->lane->tmpl, j->with->kind);
    for (size_t i = 0; i < layout.count; i++) {
        enum kx_tx_argument argument = layout.arguments[i];
        size_t width = kx_tx_argument_width(argument);

        if (j->arguments[argument].at != NULL)
            continue;
        if (j->rest.len == 0)
            kx_tx_break(j, rule, "it ends before %s", names[argument]);
        else if (j->rest.at[0] != width)
            kx_tx_break(j, rule, "for %s it has the opcode %s, not a push of %zu bytes",
                        names[argument], kaspa_opcode_name(j->rest.at[0]), width);
        else
            kx_tx_break(j, rule, "it ends within %s", names[argument]);
        return;
    }
}

static struct assay_bytes selector_of(const struct kx_tx_judging *j)
{
    struct kx_tx_layout layout;

    kx_tx_layout_of(&layout, j->lane->tmpl, j->with->kind);
    return layout.selector;
}

/* Two selectors of a kind in different generations may be of different lengths. */
void kx_tx_judge_selector(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    struct assay_bytes selector = selector_of(j);

    if (!assay_bytes_equal(assay_bytes_part(j->rest, 0, selector.len), selector) &&
        !REF_DEFECT(kx_batch_selector))
        kx_tx_break(j, rule, "it pushes something else than the selector of a %s of %s",
                    kx_batch_kind_name(j->with->kind), j->lane->tmpl->id);
}

static size_t first_difference(struct assay_bytes a, struct assay_bytes b)
{
    size_t at = 0;

    while (at < a.len && at < b.len && a.at[at] == b.at[at])
        at++;
    return at;
}

void kx_tx_judge_redeem(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    struct assay_bytes found = assay_bytes_part(j->rest, selector_of(j).len, j->rest.len);
    uint8_t room[KX_ESCROW_BYTES_MAX + 5]; /* with the push's opcode and length */
    struct assay_buf push = ASSAY_BUF_OVER(room);
    struct kaspa_instruction instruction;

    kaspa_script_add_push(&push, j->redeem);
    if (assay_bytes_equal(found, assay_buf_view(&push)) || REF_DEFECT(kx_batch_redeem))
        return;
    if (found.len == 0 || kaspa_instruction_decode(&instruction, found, 0) != KASPA_SCRIPT_OK)
        kx_tx_break(j, rule, "no whole push of a redeem script follows the selector");
    else if (!assay_bytes_equal(instruction.data, j->redeem))
        kx_tx_break(j, rule, "it has %zu bytes where the channel's has %zu, and differs at %zu",
                    instruction.data.len, j->redeem.len,
                    first_difference(instruction.data, j->redeem));
    else if (instruction.next < found.len)
        kx_tx_break(j, rule, "%zu bytes follow the redeem script", found.len - instruction.next);
    else
        kx_tx_break(j, rule, "it is pushed in another form than the shortest");
}

void kx_tx_judge_head(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    if (!kaspa_outpoint_equal(&j->tx->inputs[0].previous, &j->with->head->outpoint) &&
        !REF_DEFECT(kx_batch_head))
        kx_tx_break(j, rule, "input 0 spends another output");
}

bool kx_tx_coin_is_head(const struct kx_tx_judging *j, const struct kaspa_utxo *coin,
                        const char **what)
{
    const struct kaspa_utxo *head = &j->head_coin;

    *what = NULL;
    if (coin->amount != head->amount)
        *what = "value";
    else if (!kaspa_spk_equal(&coin->spk, &head->spk))
        *what = "script";
    else if (coin->has_covenant != head->has_covenant ||
             (coin->has_covenant && !kaspa_hash_equal(&coin->covenant_id, &head->covenant_id)))
        *what = "covenant id";
    return *what == NULL;
}

static bool is_missing(const struct kx_tx_judging *j, size_t input)
{
    const struct kx_batch_tx *with = j->with;

    return with->utxos != NULL && with->is_missing != NULL && with->is_missing[input];
}

void kx_tx_judge_coin(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    const char *what;

    if (is_missing(j, 0))
        kx_tx_break(j, rule, "the chain has no such coin");
    else if (!kx_tx_coin_is_head(j, &j->with->utxos[0], &what) && !REF_DEFECT(kx_batch_coin))
        kx_tx_break(j, rule, "the chain has it with another %s", what);
}

/* What is wrong with a funding input, or NULL. */
static const char *funding_fault(const struct kx_tx_judging *j, size_t i)
{
    struct assay_bytes script = j->tx->inputs[i].signature_script;

    if (script.len != KASPA_SIGNATURE_PUSH_BYTES || script.at[0] != KX_TX_SIGNATURE_BYTES)
        return "its signature script is not the push of one signature";
    if (j->coins == NULL)
        return NULL;
    if (is_missing(j, i))
        return "the chain has no such coin";
    if (kaspa_spk_class(&j->coins[i].spk) != KASPA_CLASS_PUBKEY)
        return "its coin is not pay-to-pubkey";
    return j->coins[i].has_covenant && !REF_DEFECT(kx_batch_funding) ? "its coin is in a covenant"
                                                                     : NULL;
}

void kx_tx_judge_funding(struct kx_tx_judging *j, enum kx_batch_tx_rule rule)
{
    for (size_t i = kx_tx_first_funding(j->with->kind); i < j->tx->input_count; i++) {
        const char *fault = funding_fault(j, i);

        if (fault == NULL)
            continue;
        kx_tx_break(j, rule, "input %zu: %s", i, fault);
        return;
    }
    if (j->coins == NULL)
        kx_tx_pass_over(j, rule, "what it spends is not known");
}
