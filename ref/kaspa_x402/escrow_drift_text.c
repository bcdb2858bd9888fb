/* A drift as a sentence for people; see escrow_drift.h. */
#include "kaspa_x402/escrow_align_internal.h"

#include "base/cursor.h"
#include "base/hex.h"
#include "kaspa/script.h"

#include <inttypes.h>

enum { SHOWN_BYTES = 44 }; /* of instructions: a key and what checks it */

const char *kx_drift_kind_name(enum kx_drift_kind kind)
{
    static const char *const names[] = {
#define X(constant, name) [KX_DRIFT_##constant] = (name),
        KX_DRIFT_KINDS(X)
#undef X
    };

    return names[kind];
}

static void add_place(struct assay_buf *out, const struct kx_drift *d)
{
    size_t len = strlen(d->rule->sentence);

    assay_buf_printf(out, "byte %zu, in rule %s (", d->offset, d->rule->id);
    assay_buf_add(out, assay_bytes_of(d->rule->sentence, len - 1)); /* without its full stop */
    assay_buf_add_str(out, "): ");
}

static void add_script(struct assay_buf *out, struct assay_bytes script)
{
    if (script.len <= SHOWN_BYTES)
        kaspa_script_add_text(out, script);
    else
        assay_buf_printf(out, "%zu bytes", script.len);
}

static bool is_whole(struct assay_bytes span)
{
    struct kaspa_instruction i;

    return kaspa_instruction_decode(&i, span, 0) == KASPA_SCRIPT_OK && i.next == span.len;
}

static const char *noun_of(const struct kx_drift *d, bool is_opcode)
{
    bool are_pushes =
        kaspa_opcode_is_push(d->expected.at[0]) && kaspa_opcode_is_push(d->found.at[0]);

    if (is_opcode)
        return "the opcode";
    if (d->slot != KX_SLOT_NONE)
        return kx_escrow_slot_name(d->slot);
    if (d->kind == KX_DRIFT_SELECTOR)
        return "the selector";
    return d->is_data || are_pushes ? "the constant" : "the opcode";
}

static void add_data(struct assay_buf *out, const struct kx_drift *d, struct assay_bytes data)
{
    uint64_t number = assay_get_le(data);

    switch (d->slot) {
    case KX_SLOT_CLAIMED:
    case KX_SLOT_TIMEOUT:
    case KX_SLOT_LENGTH:
        assay_buf_add_u64(out, number);
        return;
    case KX_SLOT_REST: /* the top bit is its sign */
        assay_buf_printf(out, "%s%u", number >= 0x8000 ? "-" : "", (unsigned)(number & 0x7fff));
        return;
    case KX_SLOT_NONE:
    case KX_SLOT_SERVER:
    case KX_SLOT_CLIENT:
    case KX_SLOT_NETWORK:
    case KX_SLOT_PAYOUT:
    case KX_SLOT_REFUND:
    case KX_SLOT_DOMAIN:
    case KX_SLOT_ZERO:
    case KX_SLOT__COUNT:
        break;
    }
    assay_buf_add_str(out, "0x");
    assay_buf_add_hex(out, data);
}

static void add_hint(struct assay_buf *out, const struct kx_drift *d)
{
    static const char *const words[] = {
        [KX_HINT_NONE] = "", /* behind those that end in a space stands `of` */
        [KX_HINT_SLOT] = ": that is ",
        [KX_HINT_ZERO] = ": it is zeros",
        [KX_HINT_SAMPLE] = ": that is the published sample's",
        [KX_HINT_REVERSED] = ": its bytes are in reverse order",
        [KX_HINT_NUMBER] = ": that is the number in another width",
        [KX_HINT_TIME] = ": that is a time, not a DAA score",
        [KX_HINT_GENERATION] = ": that is of ",
        [KX_HINT_NETWORK] = ": that is of ",
        [KX_HINT_PATH] = ": that selects ",
        [KX_HINT_UNEQUAL] = ": it is another where it stands first",
    };

    assay_buf_add_str(out, words[d->hint]);
    assay_buf_add_str(out, d->of != NULL ? d->of : "");
}

/* Of the two instructions, each whole: a number of another width is one to read. */
static bool add_number(struct assay_buf *out, const struct kx_drift *d, struct assay_bytes push)
{
    int64_t number;

    if (d->slot != KX_SLOT_TIMEOUT || d->hint == KX_HINT_NUMBER ||
        !kx_escrow_push_number(&number, push))
        return false;
    assay_buf_printf(out, "%" PRId64, number);
    return true;
}

static void add_changed(struct assay_buf *out, const struct kx_drift *d)
{
    bool is_opcode = !d->is_data && !(is_whole(d->expected) && is_whole(d->found));
    const struct assay_bytes shown[] = {d->found, d->expected};

    assay_buf_add_str(out, noun_of(d, is_opcode));
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        assay_buf_add_str(out, i == 0 ? " is " : ", expected ");
        if (is_opcode)
            assay_buf_add_str(out, kaspa_opcode_name(shown[i].at[0]));
        else if (d->is_data)
            add_data(out, d, shown[i]);
        else if (!add_number(out, d, shown[i]))
            add_script(out, shown[i]);
    }
    add_hint(out, d);
}

static void add_more_or_less(struct assay_buf *out, const struct kx_drift *d)
{
    bool is_added = d->change == KX_DRIFT_ADDED;

    if (d->kind == KX_DRIFT_LENGTH)
        assay_buf_add_str(out, is_added ? "the template ends here, " : "the script ends here, ");
    assay_buf_add_str(out, is_added ? "too much: " : "missing: ");
    add_script(out, is_added ? d->found : d->expected);
}

void kx_drift_add_text(struct assay_buf *out, const struct kx_drift *drift)
{
    if (drift->kind == KX_DRIFT_TEMPLATE) {
        assay_buf_add_str(out, "the script is of ");
        assay_buf_add(out, drift->found);
        assay_buf_add_str(out, ", expected ");
        assay_buf_add(out, drift->expected);
        return;
    }
    add_place(out, drift);
    if (drift->kind == KX_DRIFT_OTHER)
        assay_buf_printf(out, "from here on it is another script: more than %d instructions differ",
                         KX_DRIFT_EDITS_MAX);
    else if (drift->change == KX_DRIFT_CHANGED)
        add_changed(out, drift);
    else
        add_more_or_less(out, drift);
}
