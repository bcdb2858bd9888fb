/* The redeem script of an additive head, and its challenges. Source: Kaspa x402 exact digest,
 * sections 8.2 and 8.3. */
#include "kaspa_x402/exact_terms.h"

#include "kaspa/number.h"
#include "kaspa_x402/exact_write.h"

#include <assert.h>

/* The owner's branch up to the key: IF <32 bytes>. */
static const uint8_t front[] = {0x63, 0x20};
/* Behind the key: CHECKSIG ELSE, the same script at the same index, and the output's amount. */
static const uint8_t middle[] = {0xac, 0x67, 0xb9, 0xbf, 0xb9, 0xc3, 0x88, 0xb9, 0xc2};
/* Behind the threshold: SUB, the input's amount, GREATERTHANOREQUAL ENDIF. */
static const uint8_t back[] = {0x94, 0xb9, 0xbe, 0xa2, 0x68};

enum {
    KEY_BYTES = 32,
    PUSH_AT = sizeof(front) + KEY_BYTES + sizeof(middle),
    REDEEM_MAX_BYTES = PUSH_AT + 1 + KASPA_NUMBER_MAX_BYTES + sizeof(back),
};

void kx_additive_redeem(struct assay_buf *out, const uint8_t *owner_xonly, uint64_t threshold)
{
    assert(threshold <= INT64_MAX);
    assay_buf_add(out, assay_bytes_of(front, sizeof(front)));
    assay_buf_add(out, assay_bytes_of(owner_xonly, KEY_BYTES));
    assay_buf_add(out, assay_bytes_of(middle, sizeof(middle)));
    kaspa_script_add_number(out, (int64_t)threshold);
    assay_buf_add(out, assay_bytes_of(back, sizeof(back)));
}

/* The number that an instruction pushes; false: it pushes none that a threshold can be. */
static bool pushed_number(int64_t *out, const struct kaspa_instruction *push)
{
    if (push->opcode >= KASPA_OP_1 && push->opcode <= KASPA_OP_16) {
        *out = push->opcode - KASPA_OP_1 + 1;
        return true;
    }
    return kaspa_number_decode(out, push->data) == KASPA_SCRIPT_OK && *out >= 0;
}

/* It is written anew and compared, so that there is one description of the script, and no push but
 * the shortest passes. */
bool kx_additive_redeem_read(struct assay_bytes script, uint8_t *owner_xonly, uint64_t *threshold)
{
    uint8_t room[REDEEM_MAX_BYTES];
    struct assay_buf again = ASSAY_BUF_OVER(room);
    struct kaspa_instruction push;
    int64_t number;

    if (script.len <= PUSH_AT ||
        kaspa_instruction_decode(&push, script, PUSH_AT) != KASPA_SCRIPT_OK ||
        !pushed_number(&number, &push))
        return false;
    kx_additive_redeem(&again, script.at + sizeof(front), (uint64_t)number);
    if (!assay_bytes_equal(assay_buf_view(&again), script))
        return false;
    memcpy(owner_xonly, script.at + sizeof(front), KEY_BYTES);
    *threshold = (uint64_t)number;
    return true;
}

static void write_outpoint(struct assay_buf *out, const char *name,
                           const struct kaspa_outpoint *outpoint)
{
    kx_write_name(out, name);
    assay_buf_add_byte(out, '{');
    kx_write_number(out, "index", outpoint->index);
    kx_write_hex(out, "txid", assay_bytes_of(outpoint->txid.at, sizeof(outpoint->txid.at)));
    assay_buf_add_byte(out, '}');
}

static enum assay_code write_challenge(struct assay_buf *out, const void *what,
                                       struct assay_err *err)
{
    const struct kx_terms *terms = what;
    const struct kx_head *head = &terms->head;

    (void)err;
    assay_buf_add_byte(out, '{');
    kx_write_decimal(out, "additiveThresholdSompi", terms->threshold);
    kx_write_decimal(out, "amount", terms->amount);
    write_outpoint(out, "expectedHeadOutpoint", &head->outpoint);
    kx_write_text(out, "expiresAt", terms->challenge_expires_at);
    kx_write_decimal(out, "headAmount", head->amount);
    kx_write_hex(out, "headId", assay_bytes_of(head->id, sizeof(head->id)));
    kx_write_hex(out, "headRedeemScript", head->redeem);
    kx_write_hex(out, "headScriptPublicKey", head->spk);
    kx_write_decimal(out, "headVersion", head->version);
    kx_write_text(out, "network", terms->network_text);
    kx_write_text(out, "payTo", terms->pay_to);
    kx_write_number(out, "paymentOutputIndex", 0);
    kx_write_str(out, "scope", "kaspa:x402:additive-head-challenge:v1");
    kx_write_str(out, "templateId", KX_TEMPLATE_ADDITIVE);
    kx_write_str(out, "transactionEncoding", KX_ENCODING);
    assay_buf_add_byte(out, '}');
    return ASSAY_OK;
}

enum assay_code kx_additive_challenge_id(char *out, const struct kx_terms *terms)
{
    return kx_write_hash(out, write_challenge, terms, NULL);
}
