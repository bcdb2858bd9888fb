/* The covenant templates; see escrow.h. Their scripts are made in escrow_layout.c. */
#include "kaspa_x402/escrow_internal.h"

#include "base/cursor.h"

/* One list a template; paths that templates share are included by each. */
#define X(path, id, sentence, script) {KX_ESCROW_##path, id, sentence, script},
static const struct kx_escrow_rule v1_rules[] = {
#include "kaspa_x402/escrow_v1.def"
};
static const struct kx_escrow_rule v2_rules[] = {
#include "kaspa_x402/escrow_v2.def"
};
static const struct kx_escrow_rule v3_rules[] = {
#include "kaspa_x402/escrow_v3.def"
};
static const struct kx_escrow_rule v4_rules[] = {
#include "kaspa_x402/escrow_v4.def"
};
static const struct kx_escrow_rule v5_rules[] = {
#include "kaspa_x402/escrow_v5.def"
};
#undef X

/* Selectors as they are pushed: a tag, or a number by one opcode. */
#define TAG(a, b, c, d)                                                                            \
    {                                                                                              \
        .at = (const uint8_t[]){4, a, b, c, d}, .len = 5                                           \
    }
#define NUMBER(opcode)                                                                             \
    {                                                                                              \
        .at = (const uint8_t[]){opcode}, .len = 1                                                  \
    }

#define CLAIM_TAG TAG(0x23, 0x95, 0x9b, 0x42)
#define REFUND_TAG TAG(0x17, 0xa2, 0x02, 0x7b)

const struct kx_escrow_template kx_escrow_templates[KX_ESCROW_TEMPLATES] = {
    {
        .id = KX_ESCROW_V1_TEMPLATE,
        .rules = v1_rules,
        .rule_count = ARRAY_LEN(v1_rules),
        .voucher_domain = "kaspa:x402:escrow-voucher:v1",
        .selectors = {[KX_ESCROW_CLAIM] = NUMBER(0x00), [KX_ESCROW_REFUND] = NUMBER(0x51)},
    },
    {
        .id = KX_ESCROW_V2_TEMPLATE,
        .rules = v2_rules,
        .rule_count = ARRAY_LEN(v2_rules),
        .voucher_domain = "kaspa:x402:escrow-voucher:v2",
        .bytes = 946,
        .selectors = {[KX_ESCROW_CLAIM] = NUMBER(0x00),
                      [KX_ESCROW_TOP_UP] = NUMBER(0x51),
                      [KX_ESCROW_REFUND] = NUMBER(0x52)},
        .state_at = 2,
        .is_all_only = true,
    },
    {
        .id = KX_ESCROW_V3_TEMPLATE,
        .rules = v3_rules,
        .rule_count = ARRAY_LEN(v3_rules),
        .voucher_domain = "kaspa:x402:escrow-voucher:v2",
        .bytes = 1032,
        .selectors = {[KX_ESCROW_CLAIM] = CLAIM_TAG,
                      [KX_ESCROW_TOP_UP] = TAG(0x52, 0x58, 0x88, 0xa6),
                      [KX_ESCROW_REFUND] = REFUND_TAG},
        .state_at = 2,
        .is_all_only = true,
        .has_timeout_guard = true,
    },
    {
        .id = KX_ESCROW_V4_TEMPLATE,
        .rules = v4_rules,
        .rule_count = ARRAY_LEN(v4_rules),
        .voucher_domain = "kaspa:x402:escrow-voucher:v3",
        .bytes = 1089,
        .selectors = {[KX_ESCROW_CLAIM] = CLAIM_TAG,
                      [KX_ESCROW_TOP_UP] = TAG(0xae, 0x09, 0x67, 0x9c),
                      [KX_ESCROW_REFUND] = REFUND_TAG},
        .state_at = 2,
        .is_all_only = true,
        .is_cosigned = true,
        .has_timeout_guard = true,
    },
    {
        .id = KX_ESCROW_V5_TEMPLATE,
        .rules = v5_rules,
        .rule_count = ARRAY_LEN(v5_rules),
        .voucher_domain = "kaspa:x402:escrow-voucher:v3",
        .bytes = KX_ESCROW_V5_BYTES,
        .selectors = {[KX_ESCROW_CLAIM] = CLAIM_TAG,
                      [KX_ESCROW_TOP_UP] = TAG(0xae, 0x09, 0x67, 0x9c),
                      [KX_ESCROW_REFUND] = REFUND_TAG},
        .state_at = 2,
        .is_cosigned = true,
        .has_timeout_guard = true,
    },
};

const struct kx_escrow_template *kx_escrow_find(struct assay_bytes id)
{
    for (size_t i = 0; i < KX_ESCROW_TEMPLATES; i++)
        if (assay_bytes_is(id, kx_escrow_templates[i].id))
            return &kx_escrow_templates[i];
    return NULL;
}

enum assay_code kx_escrow_redeem(struct assay_buf *out, const struct kx_escrow_template *t,
                                 const struct kx_escrow *escrow)
{
    struct kx_escrow_layout layout;
    enum assay_code rc = kx_escrow_lay_out(&layout, t, escrow);

    if (rc != ASSAY_OK)
        return rc;
    assay_buf_add(out, assay_bytes_of(layout.script, layout.len));
    return out->bad;
}

void kx_escrow_set_state(uint8_t *script, const struct kx_escrow_template *t, uint64_t claimed)
{
    assay_put_le(script + t->state_at, 8, claimed);
}

const struct kx_escrow_rule *kx_escrow_rule_at(const struct kx_escrow_template *t,
                                               uint64_t timeout_daa, size_t offset, size_t *begin)
{
    const struct kx_escrow blank = {.timeout_daa = timeout_daa};
    struct kx_escrow_layout layout;
    size_t i = 0;

    if (kx_escrow_lay_out(&layout, t, &blank) != ASSAY_OK || offset >= layout.len)
        return NULL;
    while (layout.parts[i + 1].at <= offset)
        i++;
    while (i > 0 && layout.parts[i - 1].rule == layout.parts[i].rule)
        i--;
    *begin = layout.parts[i].at;
    return &t->rules[layout.parts[i].rule];
}
