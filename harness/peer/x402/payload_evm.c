/* Payloads of scheme exact on eip155: an EIP-3009 authorization, signed; see payload.h. */
#include "peer/x402/payload_internal.h"

#include "evm/hex.h"
#include "x402/exact_evm.h"

#define ARENA_MAX_BYTES ((size_t)1 << 20)

static bool takes(const struct x402_terms *terms)
{
    struct assay_bytes space = ASSAY_LIT(X402_EVM_NAMESPACE);

    return assay_bytes_is(terms->scheme, X402_EVM_SCHEME_NAME) &&
           assay_bytes_equal(assay_bytes_part(terms->network, 0, space.len), space);
}

static enum assay_code write_payer(struct x4p_draft *d)
{
    char text[EVM_ADDRESS_TEXT_BYTES];
    struct evm_address payer;
    struct assay_key key;
    enum assay_code rc;

    x4p_payer_key(&key, d->ask);
    rc = evm_address_of_key(&payer, &key);
    assay_key_wipe(&key);
    if (rc != ASSAY_OK)
        return rc;
    evm_address_text(text, &payer);
    d->from = x4p_text(d, "%s", text);
    return d->from != NULL ? ASSAY_OK : ASSAY_E_NOMEM;
}

/* An offer that is none is the target's fault, and nothing can be signed for it. */
static enum assay_code prepare(struct x4p_draft *d, struct assay_err *err)
{
    struct assay_err why = {0};
    struct x402_evm_terms terms;

    if (x402_evm_terms_read(&terms, d->ask->arena, d->ask->offer, d->ask->terms, &why) !=
        X402_EVM__COUNT)
        return assay_fail(err, why.code, why.at, "%s", why.text);
    d->name = (const char *)assay_arena_copy(d->ask->arena, terms.name).at;
    d->version = (const char *)assay_arena_copy(d->ask->arena, terms.version).at;
    return write_payer(d);
}

/* ---- what a hook may have bent: it has to be signable still ---- */

static enum assay_code cannot(struct assay_err *err, enum assay_code code, const char *what,
                              const char *text)
{
    return assay_fail(err, code, 0,
                      "%s \"%s\" cannot be signed: bend it after the signature instead", what,
                      text);
}

static enum assay_code read_addresses(struct x402_evm_terms *terms, struct evm_transfer *transfer,
                                      const struct x4p_draft *d, struct assay_err *err)
{
    enum assay_code rc;

    if ((rc = evm_address_parse(&transfer->from, assay_str(d->from))) != ASSAY_OK)
        return cannot(err, rc, "from", d->from);
    if ((rc = evm_address_parse(&transfer->to, assay_str(d->to))) != ASSAY_OK)
        return cannot(err, rc, "to", d->to);
    if ((rc = evm_address_parse(&terms->asset, assay_str(d->asset))) != ASSAY_OK)
        return cannot(err, rc, "asset", d->asset);
    return ASSAY_OK;
}

static enum assay_code read_numbers(struct x402_evm_terms *terms, struct evm_transfer *transfer,
                                    const struct x4p_draft *d, struct assay_err *err)
{
    enum assay_code rc;

    if ((rc = evm_uint256_parse(&transfer->value, assay_str(d->value))) != ASSAY_OK)
        return cannot(err, rc, "value", d->value);
    if ((rc = evm_uint256_parse(&transfer->valid_after, assay_str(d->valid_after))) != ASSAY_OK)
        return cannot(err, rc, "validAfter", d->valid_after);
    if ((rc = evm_uint256_parse(&transfer->valid_before, assay_str(d->valid_before))) != ASSAY_OK)
        return cannot(err, rc, "validBefore", d->valid_before);
    if ((rc = evm_hex_decode(transfer->nonce, sizeof(transfer->nonce), assay_str(d->nonce))) !=
        ASSAY_OK)
        return cannot(err, rc, "nonce", d->nonce);
    if (!x402_evm_chain_id(&terms->chain_id, assay_str(d->network)))
        return cannot(err, ASSAY_E_MALFORMED, "network", d->network);
    return ASSAY_OK;
}

static json_t *tree_of(const struct x402_evm_payload *payload)
{
    struct assay_buf text = ASSAY_BUF_INIT(4096);
    json_t *tree = NULL;

    x402_evm_payload_write(&text, payload);
    if (assay_buf_ok(&text))
        tree = json_loadb((const char *)text.at, text.len, JSON_REJECT_DUPLICATES, NULL);
    assay_buf_fini(&text);
    return tree;
}

static enum assay_code sign(struct x4p_draft *d, struct assay_err *err)
{
    struct x402_evm_terms terms = {.name = assay_str(d->name), .version = assay_str(d->version)};
    uint8_t digest[EVM_KECCAK_BYTES], signature[EVM_SIGNATURE_BYTES];
    struct x402_evm_payload payload;
    struct assay_key key;
    enum assay_code rc;

    if ((rc = read_addresses(&terms, &payload.transfer, d, err)) != ASSAY_OK ||
        (rc = read_numbers(&terms, &payload.transfer, d, err)) != ASSAY_OK)
        return rc;
    x402_evm_digest(digest, &terms, &payload.transfer);
    x4p_payer_key(&key, d->ask);
    rc = evm_signature_make(signature, digest, &key);
    assay_key_wipe(&key);
    if (rc != ASSAY_OK)
        return rc;
    payload.signature = assay_bytes_of(signature, sizeof(signature));
    d->payload = tree_of(&payload);
    return ASSAY_OK;
}

static const char *refusal(const struct x402_request *request, int64_t now_ms)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_MAX_BYTES);
    const struct x402_evm with = {.offer = request->doc,
                                  .terms = &request->requirements,
                                  .payment = request->payment.doc,
                                  .payload = request->payment.payload,
                                  .now_ms = now_ms,
                                  .arena = &arena};
    struct x402_evm_verdict verdict;

    x402_evm_verify(&verdict, &with);
    assay_arena_fini(&arena);
    return verdict.outcome == X402_EVM_INVALID ? x402_evm_rules[verdict.first].reason : NULL;
}

const struct x4p_plugin x4p_evm = {
    .name = "evm", .takes = takes, .prepare = prepare, .sign = sign, .refusal = refusal};
