/* The covenant template escrow-v5, assembled from its rules; see escrow.h. */
#include "kaspa_x402/escrow.h"

#include "kaspa/script.h"

const struct kx_escrow_rule kx_escrow_v5_rules[] = {
#define X(path, id, sentence, script) {KX_ESCROW_##path, id, sentence, script},
#include "kaspa_x402/escrow_v5.def"
#undef X
};
const size_t kx_escrow_v5_rule_count = ARRAY_LEN(kx_escrow_v5_rules);

/* SHA-256 of "kaspa:x402:escrow-voucher:v3", the voucher's domain. */
static const uint8_t domain[32] = {
    0xcb, 0x64, 0x5c, 0xe9, 0x9e, 0xbb, 0x74, 0xaf, 0xb1, 0xf1, 0xe3, 0xa7, 0x3e, 0x04, 0x62, 0x24,
    0x9e, 0xe4, 0x2c, 0xd9, 0xed, 0xfc, 0xd5, 0x57, 0x23, 0xe7, 0x29, 0x1a, 0xf0, 0x29, 0x25, 0x70,
};
static const uint8_t zero[32];

/* A push of all its bytes, however short they could be written. */
static void add_push(struct assay_buf *out, const uint8_t *at, size_t len)
{
    assay_buf_add_byte(out, (uint8_t)len);
    assay_buf_add(out, assay_bytes_of(at, len));
}

static void add_number(struct assay_buf *out, uint64_t number)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(number >> 8 * i);
    add_push(out, bytes, sizeof(bytes));
}

/* False: the word is no slot. */
static bool add_slot(struct assay_buf *out, struct assay_bytes word, const struct kx_escrow *e)
{
    const struct {
        const char *name;
        const uint8_t *bytes;
    } slots[] = {
        {"<server>", e->server},
        {"<client>", e->client},
        {"<network>", e->network},
        {"<payout>", e->payout_spk},
        {"<refund>", e->refund_spk},
        {"<domain>", domain},
        {"<zero>", zero},
    };

    for (size_t i = 0; i < ARRAY_LEN(slots); i++) {
        if (!assay_bytes_is(word, slots[i].name))
            continue;
        add_push(out, slots[i].bytes, 32);
        return true;
    }
    if (assay_bytes_is(word, "<claimed>"))
        add_number(out, e->claimed);
    else if (assay_bytes_is(word, "<timeout>"))
        add_number(out, e->timeout_daa);
    else
        return false;
    return true;
}

/* Data stands behind its opcode as a word of its own, so that words can be assembled one by one. */
static enum assay_code add_rule(struct assay_buf *out, const struct kx_escrow_rule *rule,
                                const struct kx_escrow *escrow)
{
    struct assay_bytes text = assay_str(rule->script);
    enum assay_code rc = ASSAY_OK;

    for (size_t at = 0; at < text.len && rc == ASSAY_OK;) {
        size_t end = assay_bytes_find(text, ' ', at);
        struct assay_bytes word = assay_bytes_part(text, at, end);

        if (!add_slot(out, word, escrow))
            rc = kaspa_script_assemble(out, word, NULL);
        at = end + 1;
    }
    return rc == ASSAY_OK ? out->bad : rc;
}

enum assay_code kx_escrow_v5_redeem(struct assay_buf *out, const struct kx_escrow *escrow)
{
    enum assay_code rc = ASSAY_OK;

    for (size_t i = 0; i < ARRAY_LEN(kx_escrow_v5_rules) && rc == ASSAY_OK; i++)
        rc = add_rule(out, &kx_escrow_v5_rules[i], escrow);
    return rc;
}

const struct kx_escrow_rule *kx_escrow_v5_rule_at(size_t offset, size_t *begin)
{
    struct assay_buf script = ASSAY_BUF_INIT(KX_ESCROW_V5_BYTES);
    const struct kx_escrow_rule *found = NULL;

    for (size_t i = 0; i < ARRAY_LEN(kx_escrow_v5_rules) && found == NULL; i++) {
        *begin = script.len;
        if (add_rule(&script, &kx_escrow_v5_rules[i], &(struct kx_escrow){.claimed = 0}) !=
            ASSAY_OK)
            break;
        if (offset < script.len)
            found = &kx_escrow_v5_rules[i];
    }
    assay_buf_fini(&script);
    return found;
}
