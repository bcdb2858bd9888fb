/* Who signs an execution, and the witness of the coin that it spends; see
 * escrow_behaviour_internal.h. Source: Kaspa x402 batch digest, sections 5.1, 8.2 and 8.4. */
#include "kaspa_x402/escrow_behaviour_internal.h"

#include "base/cursor.h"
#include "base/hash.h"
#include "kaspa/sign.h"

/* ---- signatures ---- */

static const uint8_t *key_of(const struct kx_behaviour *b, enum kx_party who)
{
    return who == KX_PARTY_PROVIDER ? b->lane->channel.server : b->lane->channel.client;
}

/* Who signed, and what. Of a stranger, whose key can be any: zeros, which are no key. */
static void stand_in(uint8_t signature[ASSAY_SIG_BYTES], const struct kx_behaviour *b,
                     const uint8_t *message, enum kx_party who)
{
    memset(signature, 0, ASSAY_SIG_BYTES);
    if (who != KX_PARTY_STRANGER)
        memcpy(signature, key_of(b, who), ASSAY_XONLY_BYTES);
    memcpy(signature + ASSAY_XONLY_BYTES, message, ASSAY_SIG_MESSAGE_BYTES);
}

/* One that has most of its bytes in common with a key of the channel is that key with a slip. */
static bool is_slip(const uint8_t *xonly, const uint8_t *key)
{
    size_t same = 0;

    for (size_t i = 0; i < ASSAY_XONLY_BYTES; i++)
        same += xonly[i] == key[i] ? 1 : 0;
    return same > ASSAY_XONLY_BYTES / 2;
}

static bool is_party(const struct kx_behaviour *b, const uint8_t *xonly, enum kx_party who)
{
    return memcmp(xonly, key_of(b, who), ASSAY_XONLY_BYTES) == 0;
}

/* Whose signature of the message would hold: of a party's own key, his; of a slip, nobody's. */
static bool holds(const struct kx_behaviour *b, const uint8_t *sig, const uint8_t *xonly)
{
    static const uint8_t stranger[ASSAY_XONLY_BYTES];

    if (is_party(b, xonly, KX_PARTY_CLIENT) || is_party(b, xonly, KX_PARTY_PROVIDER))
        return memcmp(sig, xonly, ASSAY_XONLY_BYTES) == 0;
    return memcmp(sig, stranger, ASSAY_XONLY_BYTES) == 0 &&
           !is_slip(xonly, key_of(b, KX_PARTY_CLIENT)) &&
           !is_slip(xonly, key_of(b, KX_PARTY_PROVIDER));
}

/* What the curve would say of a stand-in. */
enum assay_sig kx_scene_answer(void *context, const uint8_t *sig, const uint8_t *message,
                               const uint8_t *xonly)
{
    const struct kx_scene *s = context;

    if (!is_party(s->b, xonly, KX_PARTY_CLIENT) && !is_party(s->b, xonly, KX_PARTY_PROVIDER) &&
        !assay_xonly_is_point(xonly))
        return ASSAY_SIG_BAD_KEY;
    if (memcmp(sig + ASSAY_XONLY_BYTES, message, ASSAY_SIG_MESSAGE_BYTES) != 0)
        return ASSAY_SIG_WRONG;
    return holds(s->b, sig, xonly) ? ASSAY_SIG_GOOD : ASSAY_SIG_WRONG;
}

static bool sign(const struct kx_scene *s, uint8_t signature[ASSAY_SIG_BYTES],
                 const uint8_t *message, enum kx_party own, enum kx_party instead)
{
    enum kx_party who = instead == KX_PARTY_OWN ? own : instead;

    if (s->b->keys != NULL)
        return assay_schnorr_sign(signature, message, &s->b->keys[who], NULL) == ASSAY_OK;
    stand_in(signature, s->b, message, who);
    return true;
}

/* A type that there is not is put behind a signature of all. */
static bool sign_tx(struct kx_scene *s, uint8_t signature[KX_TX_SIGNATURE_BYTES], enum kx_party own)
{
    bool is_client = own == KX_PARTY_CLIENT;
    uint8_t type = is_client ? s->e->client_type : s->e->provider_type;
    struct kaspa_hash message;

    type = type == 0 ? KASPA_SIGHASH_ALL : type;
    kaspa_sighash_schnorr(&message, &s->tx, s->head, &s->utxos[s->head],
                          kaspa_sighash_type_is_known(type) ? type : (uint8_t)KASPA_SIGHASH_ALL,
                          &s->cache);
    signature[ASSAY_SIG_BYTES] = type;
    return sign(s, signature, message.at, own, is_client ? s->e->client : s->e->provider);
}

/* The binding whose vouchers a template takes, or another one that is of lineages too. */
static const struct kx_batch_binding *binding_of(const struct kx_escrow_template *way, bool is_own)
{
    size_t i = 0;

    while (i + 1 < KX_BATCH_BINDINGS &&
           (kx_batch_bindings[i].is_of_outpoint ||
            (strcmp(kx_batch_bindings[i].voucher_domain, way->voucher_domain) == 0) != is_own))
        i++;
    return &kx_batch_bindings[i];
}

static bool sign_voucher(const struct kx_scene *s, uint8_t signature[ASSAY_SIG_BYTES])
{
    enum kx_play_voucher of = s->e->voucher_of;
    struct kx_voucher voucher = {
        .network = s->b->lane->channel.network,
        .covenant_id = s->covenant_id,
        .amount = kx_moved(s->total, s->e->voucher_total_by),
    };
    uint8_t digest[32], bare[8];

    if (of == KX_VOUCHER_LINEAGE)
        voucher.covenant_id.at[0] ^= 1;
    if (of == KX_VOUCHER_NETWORK)
        voucher.network = s->b->lane->network == KASPA_MAINNET ? ASSAY_LIT(KX_NETWORK_TESTNET)
                                                               : ASSAY_LIT(KX_NETWORK_MAINNET);
    kx_voucher_digest(digest, binding_of(s->play->way, of != KX_VOUCHER_DOMAIN), &voucher);
    assay_put_le(bare, sizeof(bare), voucher.amount);
    if (of == KX_VOUCHER_BARE)
        assay_sha256(digest, assay_bytes_of(bare, sizeof(bare)));
    return sign(s, signature, digest, KX_PARTY_CLIENT, s->e->voucher);
}

/* ---- the witness ---- */

static bool make_argument(struct kx_scene *s, uint8_t *at, enum kx_tx_argument argument)
{
    const uint64_t sign_bit = UINT64_C(1) << 63;

    switch (argument) {
    case KX_ARGUMENT_PROVIDER:
        return sign_tx(s, at, KX_PARTY_PROVIDER);
    case KX_ARGUMENT_CLIENT:
        return sign_tx(s, at, KX_PARTY_CLIENT);
    case KX_ARGUMENT_VOUCHER:
        return sign_voucher(s, at);
    case KX_ARGUMENT_TOTAL:
        assay_put_le(at, 8, s->total);
        return true;
    case KX_ARGUMENT_AMOUNT:
        assay_put_le(at, 8, s->amount | (s->e->is_amount_negative ? sign_bit : 0));
        return true;
    case KX_ARGUMENT__COUNT:
        break;
    }
    return false;
}

static bool add_arguments(struct kx_scene *s, struct assay_buf *out,
                          const struct kx_tx_layout *layout)
{
    for (size_t i = 0; i < layout->count; i++) {
        uint8_t room[KX_TX_SIGNATURE_BYTES];
        size_t width = kx_tx_argument_width(layout->arguments[i]);

        if (!make_argument(s, room, layout->arguments[i]))
            return false;
        width -= s->e->short_argument == i + 1 ? 1 : 0;
        assay_buf_add_byte(out, (uint8_t)width);
        assay_buf_add(out, assay_bytes_of(room, width));
    }
    return true;
}

/* What chooses a path, and what the path takes. */
static bool add_path(struct kx_scene *s, struct assay_buf *out)
{
    static const uint8_t unknown[] = {4, 0, 0, 0, 0};
    const struct kx_execution *e = s->e;
    struct kx_tx_layout layout;

    kx_tx_layout_of(&layout, s->play->way, s->kind);
    if (e->is_leading)
        assay_buf_add_byte(out, KASPA_OP_1);
    if (e->short_argument > layout.count || !add_arguments(s, out, &layout))
        return false;
    if (e->is_selector_unknown)
        assay_buf_add(out, assay_bytes_of(unknown, sizeof(unknown)));
    else if (e->selector_of != KX_ESCROW_COMMON)
        assay_buf_add(out, s->play->way->selectors[e->selector_of]);
    else
        assay_buf_add(out, layout.selector);
    return true;
}

bool kx_scene_sign(struct kx_scene *s)
{
    const struct kx_execution *e = s->e;
    struct assay_buf out = ASSAY_BUF_OVER(s->witness);

    if (!e->is_bare && !add_path(s, &out))
        return false;
    kaspa_script_add_push(&out, s->script);
    if (e->is_trailing)
        assay_buf_add_byte(&out, KASPA_OP_1);
    s->inputs[s->head].signature_script = assay_buf_view(&out);
    return assay_buf_ok(&out);
}
