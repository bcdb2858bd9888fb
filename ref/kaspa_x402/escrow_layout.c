/* A template's text made a script, instruction by instruction; see escrow_internal.h. */
#include "kaspa_x402/escrow_internal.h"

#include "base/cursor.h"
#include "base/hash.h"
#include "kaspa/script.h"

#include <assert.h>

/* The words that stand for slots. A slot is pushed with all its bytes, however short they could be
 * written: but for the timeout that is pushed as a number. */
static const struct {
    const char *word;
    enum kx_escrow_slot slot;
    bool is_number;
} words[] = {
    {"<claimed>", KX_SLOT_CLAIMED, false}, {"<server>", KX_SLOT_SERVER, false},
    {"<client>", KX_SLOT_CLIENT, false},   {"<network>", KX_SLOT_NETWORK, false},
    {"<payout>", KX_SLOT_PAYOUT, false},   {"<refund>", KX_SLOT_REFUND, false},
    {"<timeout>", KX_SLOT_TIMEOUT, false}, {"<timeout-number>", KX_SLOT_TIMEOUT, true},
    {"<domain>", KX_SLOT_DOMAIN, false},   {"<zero>", KX_SLOT_ZERO, false},
    {"<length>", KX_SLOT_LENGTH, false}, /* of the script */
    {"<-rest>", KX_SLOT_REST, false},    /* of what is behind its state, below zero */
};

size_t kx_escrow_slot_bytes(enum kx_escrow_slot slot)
{
    switch (slot) {
    case KX_SLOT_CLAIMED:
    case KX_SLOT_TIMEOUT:
        return 8;
    case KX_SLOT_SERVER:
    case KX_SLOT_CLIENT:
    case KX_SLOT_NETWORK:
    case KX_SLOT_PAYOUT:
    case KX_SLOT_REFUND:
    case KX_SLOT_DOMAIN:
    case KX_SLOT_ZERO:
        return 32;
    case KX_SLOT_LENGTH:
    case KX_SLOT_REST:
        return 2;
    case KX_SLOT_NONE:
    case KX_SLOT__COUNT:
        break;
    }
    return 0;
}

void kx_escrow_set_slot(struct kx_escrow *escrow, enum kx_escrow_slot slot, const uint8_t *bytes)
{
    uint8_t *const fields[KX_SLOT__COUNT] = {
        [KX_SLOT_SERVER] = escrow->server,     [KX_SLOT_CLIENT] = escrow->client,
        [KX_SLOT_NETWORK] = escrow->network,   [KX_SLOT_PAYOUT] = escrow->payout_spk,
        [KX_SLOT_REFUND] = escrow->refund_spk,
    };

    if (slot == KX_SLOT_CLAIMED)
        escrow->claimed = assay_get_le(assay_bytes_of(bytes, 8));
    else if (slot == KX_SLOT_TIMEOUT)
        escrow->timeout_daa = assay_get_le(assay_bytes_of(bytes, 8));
    else if (fields[slot] != NULL)
        memcpy(fields[slot], bytes, 32);
}

static void fill(struct kx_escrow_layout *layout, const struct kx_escrow *e)
{
    const size_t bytes = layout->tmpl->bytes;
    const size_t before = layout->tmpl->state_at + 8;

    memset(layout->values, 0, sizeof(layout->values));
    assay_put_le(layout->values[KX_SLOT_CLAIMED], 8, e->claimed);
    memcpy(layout->values[KX_SLOT_SERVER], e->server, 32);
    memcpy(layout->values[KX_SLOT_CLIENT], e->client, 32);
    memcpy(layout->values[KX_SLOT_NETWORK], e->network, 32);
    memcpy(layout->values[KX_SLOT_PAYOUT], e->payout_spk, 32);
    memcpy(layout->values[KX_SLOT_REFUND], e->refund_spk, 32);
    assay_put_le(layout->values[KX_SLOT_TIMEOUT], 8, e->timeout_daa);
    assay_sha256(layout->values[KX_SLOT_DOMAIN], assay_str(layout->tmpl->voucher_domain));
    assay_put_le(layout->values[KX_SLOT_LENGTH], 2, bytes);
    /* A script's number has its sign in the top bit. */
    assay_put_le(layout->values[KX_SLOT_REST], 2, bytes > before ? (bytes - before) | 0x8000 : 0);
}

/* False: the word is no slot. */
static bool add_slot(struct assay_buf *out, struct kx_escrow_part *part, struct assay_bytes word,
                     const struct kx_escrow_layout *layout)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        const uint8_t *value = layout->values[words[i].slot];
        size_t len = kx_escrow_slot_bytes(words[i].slot);

        if (!assay_bytes_is(word, words[i].word))
            continue;
        part->slot = words[i].slot;
        if (words[i].is_number) {
            kaspa_script_add_number(out, (int64_t)assay_get_le(assay_bytes_of(value, 8)));
        } else {
            assay_buf_add_byte(out, (uint8_t)len);
            assay_buf_add(out, assay_bytes_of(value, len));
        }
        return true;
    }
    return false;
}

/* Data stands behind its opcode as a word of its own, so that words can be assembled one by one. */
static enum assay_code add_rule(struct kx_escrow_layout *layout, struct assay_buf *out, size_t rule)
{
    struct assay_bytes text = assay_str(layout->tmpl->rules[rule].script);
    enum assay_code rc = ASSAY_OK;

    for (size_t at = 0; at < text.len && rc == ASSAY_OK;) {
        size_t end = assay_bytes_find(text, ' ', at);
        struct assay_bytes word = assay_bytes_part(text, at, end);
        struct kx_escrow_part *part = &layout->parts[layout->count];

        assert(layout->count < KX_ESCROW_PARTS_MAX);
        at = end + 1;
        if (assay_bytes_equal(assay_bytes_part(word, 0, 2), ASSAY_LIT("0x"))) {
            rc = kaspa_script_assemble(out, word, NULL);
            continue;
        }
        *part = (struct kx_escrow_part){.at = (uint16_t)out->len, .rule = (uint16_t)rule};
        layout->count++;
        if (!add_slot(out, part, word, layout))
            rc = kaspa_script_assemble(out, word, NULL);
    }
    return rc == ASSAY_OK ? out->bad : rc;
}

enum assay_code kx_escrow_lay_out(struct kx_escrow_layout *out, const struct kx_escrow_template *t,
                                  const struct kx_escrow *escrow)
{
    struct assay_buf script = ASSAY_BUF_OVER(out->script);
    enum assay_code rc = ASSAY_OK;

    if (t->bytes == 0 && escrow->timeout_daa > INT64_MAX)
        return ASSAY_E_RANGE;
    out->tmpl = t;
    out->count = 0;
    fill(out, escrow);
    for (size_t i = 0; i < t->rule_count && rc == ASSAY_OK; i++)
        rc = add_rule(out, &script, i);
    out->len = script.len;
    out->parts[out->count] = (struct kx_escrow_part){.at = (uint16_t)out->len};
    return rc;
}

struct assay_bytes kx_escrow_part_bytes(const struct kx_escrow_layout *layout, size_t i)
{
    return assay_bytes_part(assay_bytes_of(layout->script, layout->len), layout->parts[i].at,
                            layout->parts[i + 1].at);
}
