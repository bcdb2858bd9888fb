/* Voucher and signatures of a transaction in the making; see batch_base.h. Source: Kaspa x402 batch
 * digest, sections 5.1, 8.2 to 8.5 and 16. */
#include "vectors/batch_making.h"

#include "kaspa/covenant.h"
#include "kaspa/mass.h"
#include "kaspa/sign.h"
#include "kaspa/txid.h"

#define WITNESS_MAX_BYTES 4096

static const char signing_text[] =
    "{'provider': 'server', 'client': 'client', 'voucher': 'client', 'funder': 'client', "
    "'providerType': 1, 'clientType': 1, 'fundingType': 1, 'says': null, 'fundingSays': null, "
    "'voucherNetwork': 'kaspa:testnet-10', "
    "'voucherCovenantId': '" BATCH_LINEAGE
    "', 'voucherIndex': 0, 'width': 8, 'rest': '', 'long': false, "
    "'genesisId': null}";

/* ---- reading it back ---- */

static bool read_tx(struct batch_making *m)
{
    return kaspa_in_tx(&m->k, m->in, m->v->err) && kaspa_in_utxos(&m->k, m->in, true, m->v->err);
}

/* A genesis has the id that its first input and output make, unless another is asked for. */
static bool name_genesis(struct batch_making *m)
{
    json_t *output = json_array_get(json_object_get(batch_tx_of(m), "outputs"), 0);
    json_t *covenant = json_object_get(output, "covenant");
    const char *other = vectors_text(m->signing, "genesisId");
    struct kaspa_genesis_output group;
    struct kaspa_hash id;

    if (m->kind != KX_BATCH_GENESIS || !json_is_object(covenant) || m->k.tx.input_count == 0)
        return true;
    group = (struct kaspa_genesis_output){.index = 0, .output = &m->k.tx.outputs[0]};
    kaspa_covenant_id(&id, &m->k.tx.inputs[0].previous, &group, 1);
    (void)json_object_set_new(covenant, "covenantId",
                              other[0] != '\0' ? json_string(other) : kaspa_out_hash(&id));
    return read_tx(m);
}

/* A mass that does not exist is told as 0. */
static void weigh(struct batch_making *m)
{
    if (!kaspa_storage_mass(&m->k.tx.storage_mass, &m->k.tx, m->k.utxos))
        m->k.tx.storage_mass = 0;
    (void)json_object_set_new(batch_tx_of(m), "storageMass", kaspa_out_u64(m->k.tx.storage_mass));
}

static void identify(struct batch_making *m)
{
    struct kaspa_hash id;

    kaspa_txid(&id, &m->k.tx);
    (void)json_object_set_new(batch_tx_of(m), "id", kaspa_out_hash(&id));
}

/* ---- signatures ---- */

/* The byte that a signature ends in, if any: its type, unless it says another. */
static void end_signature(const struct batch_making *m, uint8_t *push, uint8_t type,
                          const char *says)
{
    const json_t *said = json_object_get(m->signing, says);

    push[KASPA_SIGNATURE_PUSH_BYTES - 1] =
        json_is_integer(said) ? (uint8_t)json_integer_value(said) : type;
    push[0] = json_integer_value(said) < 0 ? ASSAY_SIG_BYTES : KX_TX_SIGNATURE_BYTES;
}

/* What of `signing` makes one signature. */
struct signer {
    const char *key, *type, *says;
};
static const struct signer provider = {"provider", "providerType", "says"};
static const struct signer client = {"client", "clientType", "says"};
static const struct signer funder = {"funder", "fundingType", "fundingSays"};

static void add_signature(struct batch_making *m, struct assay_buf *out, size_t input,
                          const struct signer *signer)
{
    uint8_t type = (uint8_t)json_integer_value(json_object_get(m->signing, signer->type));
    const char *name = vectors_text(m->signing, signer->key);
    uint8_t push[KASPA_SIGNATURE_PUSH_BYTES] = {0};
    struct assay_key key;

    if (name[0] != '\0') {
        vectors_key(&key, name);
        if (kaspa_sign_schnorr(push, &m->k.tx, input, &m->k.utxos[input], type, &key, NULL) !=
            ASSAY_OK)
            assay_fail(m->v->err, ASSAY_E_RANGE, input, "%s cannot sign", name);
    }
    end_signature(m, push, type, signer->says);
    assay_buf_add(out, assay_bytes_of(push, push[0] + (size_t)1));
}

static json_t *last_push(const struct assay_buf *script, size_t before)
{
    return kaspa_out_hex(assay_bytes_part(assay_buf_view(script), before + 1, script->len));
}

/* The signature of the head's input that .build takes under this name. */
static void sign_head(struct batch_making *m, struct assay_buf *out, const struct signer *signer,
                      const char *member)
{
    size_t before = out->len;

    add_signature(m, out, 0, signer);
    (void)json_object_set_new(m->signatures, member, last_push(out, before));
}

static void voucher_digest(struct batch_making *m, uint8_t out[32])
{
    const char *binding = vectors_text(m->signing, "voucherBinding");
    struct kx_voucher voucher = {
        .network = assay_str(vectors_text(m->signing, "voucherNetwork")),
        .outpoint = m->head.outpoint,
        .amount = batch_number_of(m, m->signing, "voucherTotal"),
    };

    (void)kaspa_in_hash(&voucher.covenant_id, m->signing, "voucherCovenantId", m->v->err);
    voucher.outpoint.index =
        (uint32_t)json_integer_value(json_object_get(m->signing, "voucherIndex"));
    if (kx_lane_spk(&voucher.spk, &m->arena, &m->lane, m->head.claimed) != ASSAY_OK)
        batch_no_memory(m);
    kx_voucher_digest(
        out, binding[0] != '\0' ? kx_batch_binding_find(assay_str(binding)) : m->lane.binding,
        &voucher);
}

static void sign_voucher(struct batch_making *m, struct assay_buf *out)
{
    uint8_t signature[ASSAY_SIG_BYTES] = {0}, digest[32];
    struct assay_key key;

    vectors_key(&key, vectors_text(m->signing, "voucher"));
    voucher_digest(m, digest);
    if (assay_schnorr_sign(signature, digest, &key, NULL) != ASSAY_OK)
        assay_fail(m->v->err, ASSAY_E_RANGE, 0, "a voucher cannot be signed");
    assay_buf_add_byte(out, sizeof(signature));
    assay_buf_add(out, assay_bytes_of(signature, sizeof(signature)));
    (void)json_object_set_new(m->signatures, "voucherSignature",
                              kaspa_out_hex(assay_bytes_of(signature, sizeof(signature))));
}

static void add_number(struct batch_making *m, struct assay_buf *out, const char *member)
{
    uint64_t number = batch_number_of(m, m->signing, member);
    json_int_t width = json_integer_value(json_object_get(m->signing, "width"));

    assay_buf_add_byte(out, (uint8_t)width);
    for (json_int_t i = 0; i < width && i < 8; i++)
        assay_buf_add_byte(out, (uint8_t)(number >> 8 * i));
}

static void add_arguments(struct batch_making *m, struct assay_buf *out)
{
    if (m->kind == KX_BATCH_CLAIM) {
        sign_head(m, out, &provider, "providerSignature");
        sign_voucher(m, out);
        add_number(m, out, "total");
        if (m->lane.tmpl->state_at != 0)
            add_number(m, out, "amount");
        return;
    }
    sign_head(m, out, &client, "clientSignature");
    if (m->kind == KX_BATCH_TOP_UP && m->lane.tmpl->is_cosigned)
        sign_head(m, out, &provider, "providerSignature");
}

static struct assay_bytes hex_of(struct batch_making *m, const char *member)
{
    struct assay_bytes bytes = {.len = 0};

    (void)kaspa_in_hex(&bytes, &m->arena, m->signing, member, m->v->err);
    return bytes;
}

static void add_witness(struct batch_making *m, struct assay_buf *out)
{
    if (json_is_true(json_object_get(m->signing, "long")))
        assay_buf_add_byte(out, KASPA_OP_PUSHDATA1);
    add_arguments(m, out);
    assay_buf_add(out, hex_of(m, "selector"));
    kaspa_script_add_push(out, hex_of(m, "redeem"));
    assay_buf_add(out, hex_of(m, "rest"));
}

static void sign_input(struct batch_making *m, size_t i)
{
    struct assay_buf script = ASSAY_BUF_INIT(WITNESS_MAX_BYTES);
    json_t *input = json_array_get(json_object_get(batch_tx_of(m), "inputs"), i);

    if (i < batch_first_funding(m)) {
        add_witness(m, &script);
    } else {
        add_signature(m, &script, i, &funder);
        (void)json_array_append_new(m->funders, last_push(&script, 0));
    }
    (void)json_object_set_new(input, "signatureScript", kaspa_out_hex(assay_buf_view(&script)));
    assay_buf_fini(&script);
}

static void make_signing(struct batch_making *m)
{
    static const enum kx_escrow_path paths[KX_BATCH_KINDS] = {
        [KX_BATCH_GENESIS] = KX_ESCROW_COMMON,
        [KX_BATCH_CLAIM] = KX_ESCROW_CLAIM,
        [KX_BATCH_TOP_UP] = KX_ESCROW_TOP_UP,
        [KX_BATCH_REFUND] = KX_ESCROW_REFUND,
    };
    char redeem[32];

    (void)snprintf(redeem, sizeof(redeem), "@redeem:%s", vectors_text(m->plan, "claimed"));
    m->signing = vectors_json(m->v, signing_text);
    (void)json_object_set(m->signing, "total", json_object_get(m->plan, "total"));
    (void)json_object_set(m->signing, "voucherTotal", json_object_get(m->plan, "total"));
    (void)json_object_set(m->signing, "amount", json_object_get(m->plan, "amount"));
    (void)json_object_set_new(m->signing, "selector",
                              kaspa_out_hex(m->lane.tmpl->selectors[paths[m->kind]]));
    (void)json_object_set_new(m->signing, "redeem", json_string(redeem));
    batch_change(m, BATCH_SIGN, m->signing);
}

void batch_sign(struct batch_making *m)
{
    m->signatures = json_object();
    m->funders = json_array();
    make_signing(m);
    if (batch_has_failed(m) || !read_tx(m) || !name_genesis(m))
        return;
    weigh(m);
    for (size_t i = 0; i < m->k.tx.input_count; i++)
        sign_input(m, i);
    identify(m);
}
