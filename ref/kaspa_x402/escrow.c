/* The covenant templates, assembled from their rules; see escrow.h. */
#include "kaspa_x402/escrow.h"

#include "base/hash.h"
#include "kaspa/script.h"

#define X(path, id, sentence, script) {KX_ESCROW_##path, id, sentence, script},
static const struct kx_escrow_rule v5_rules[] = {
#include "kaspa_x402/escrow_v5.def"
};
#undef X

/* A selector as it is pushed. */
#define TAG(a, b, c, d)                                                                            \
    {                                                                                              \
        .at = (const uint8_t[]){4, a, b, c, d}, .len = 5                                           \
    }

const struct kx_escrow_template kx_escrow_templates[KX_ESCROW_TEMPLATES] = {
    {
        .id = KX_ESCROW_V5_TEMPLATE,
        .rules = v5_rules,
        .rule_count = ARRAY_LEN(v5_rules),
        .voucher_domain = "kaspa:x402:escrow-voucher:v3",
        .selectors = {[KX_ESCROW_CLAIM] = TAG(0x23, 0x95, 0x9b, 0x42),
                      [KX_ESCROW_TOP_UP] = TAG(0xae, 0x09, 0x67, 0x9c),
                      [KX_ESCROW_REFUND] = TAG(0x17, 0xa2, 0x02, 0x7b)},
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

static const uint8_t zero[32];

/* A push of all its bytes, however short they could be written. */
static void add_push(struct assay_buf *out, const uint8_t *at, size_t len)
{
    assay_buf_add_byte(out, (uint8_t)len);
    assay_buf_add(out, assay_bytes_of(at, len));
}

static void put_le64(uint8_t *at, uint64_t number)
{
    for (size_t i = 0; i < 8; i++)
        at[i] = (uint8_t)(number >> 8 * i);
}

static void add_number(struct assay_buf *out, uint64_t number)
{
    uint8_t bytes[8];

    put_le64(bytes, number);
    add_push(out, bytes, sizeof(bytes));
}

/* What the slots of one script are filled with. */
struct filling {
    const struct kx_escrow *escrow;
    uint8_t domain[ASSAY_SHA256_BYTES];
};

static struct filling filling_of(const struct kx_escrow_template *t, const struct kx_escrow *e)
{
    struct filling f = {.escrow = e};

    assay_sha256(f.domain, assay_str(t->voucher_domain));
    return f;
}

/* False: the word is no slot. */
static bool add_slot(struct assay_buf *out, struct assay_bytes word, const struct filling *with)
{
    const struct kx_escrow *e = with->escrow;
    const struct {
        const char *name;
        const uint8_t *bytes;
    } slots[] = {
        {"<server>", e->server},
        {"<client>", e->client},
        {"<network>", e->network},
        {"<payout>", e->payout_spk},
        {"<refund>", e->refund_spk},
        {"<domain>", with->domain},
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
                                const struct filling *with)
{
    struct assay_bytes text = assay_str(rule->script);
    enum assay_code rc = ASSAY_OK;

    for (size_t at = 0; at < text.len && rc == ASSAY_OK;) {
        size_t end = assay_bytes_find(text, ' ', at);
        struct assay_bytes word = assay_bytes_part(text, at, end);

        if (!add_slot(out, word, with))
            rc = kaspa_script_assemble(out, word, NULL);
        at = end + 1;
    }
    return rc == ASSAY_OK ? out->bad : rc;
}

enum assay_code kx_escrow_redeem(struct assay_buf *out, const struct kx_escrow_template *t,
                                 const struct kx_escrow *escrow)
{
    const struct filling with = filling_of(t, escrow);
    enum assay_code rc = ASSAY_OK;

    for (size_t i = 0; i < t->rule_count && rc == ASSAY_OK; i++)
        rc = add_rule(out, &t->rules[i], &with);
    return rc;
}

void kx_escrow_set_state(uint8_t *script, const struct kx_escrow_template *t, uint64_t claimed)
{
    put_le64(script + t->state_at, claimed);
}

const struct kx_escrow_rule *kx_escrow_rule_at(const struct kx_escrow_template *t,
                                               uint64_t timeout_daa, size_t offset, size_t *begin)
{
    const struct kx_escrow blank = {.timeout_daa = timeout_daa};
    const struct filling with = filling_of(t, &blank);
    struct assay_buf script = ASSAY_BUF_INIT(KX_ESCROW_BYTES_MAX);
    const struct kx_escrow_rule *found = NULL;

    for (size_t i = 0; i < t->rule_count && found == NULL; i++) {
        *begin = script.len;
        if (add_rule(&script, &t->rules[i], &with) != ASSAY_OK)
            break;
        if (offset < script.len)
            found = &t->rules[i];
    }
    assay_buf_fini(&script);
    return found;
}
