/* The offer-receipt extension; see offer_receipt.h. */
#include "x402/offer_receipt.h"

#include "evm/hex.h"
#include "x402/envelope_internal.h"

#define FORMAT "eip712"
#define VERSION 1
#define OFFER_TYPE                                                                                 \
    "Offer(uint256 version,string resourceUrl,string scheme,string network,string asset,"          \
    "string payTo,string amount,uint256 validUntil)"
#define RECEIPT_TYPE                                                                               \
    "Receipt(uint256 version,string network,string resourceUrl,string payer,uint256 issuedAt,"     \
    "string transaction)"

/* ---- what is signed ---- */

static void add_u64(struct evm_typed *s, uint64_t number)
{
    const struct evm_uint256 word = evm_uint256_of(number);

    evm_typed_add_number(s, &word);
}

static void end_digest(uint8_t *out, const char *domain_name, struct evm_typed *s)
{
    const struct evm_domain domain = {
        .name = assay_str(domain_name), .version = ASSAY_LIT("1"), .chain_id = X402_OFFER_CHAIN_ID};

    evm_typed_digest(out, &domain, s);
}

void x402_offer_digest(uint8_t out[EVM_KECCAK_BYTES], const struct x402_signed_offer *offer)
{
    struct evm_typed s;

    evm_typed_init(&s, OFFER_TYPE);
    add_u64(&s, VERSION);
    evm_typed_add_text(&s, offer->resource_url);
    evm_typed_add_text(&s, offer->scheme);
    evm_typed_add_text(&s, offer->network);
    evm_typed_add_text(&s, offer->asset);
    evm_typed_add_text(&s, offer->pay_to);
    evm_typed_add_text(&s, offer->amount);
    add_u64(&s, offer->valid_until);
    end_digest(out, "x402 offer", &s);
}

void x402_receipt_digest(uint8_t out[EVM_KECCAK_BYTES], const struct x402_signed_receipt *receipt)
{
    struct evm_typed s;

    evm_typed_init(&s, RECEIPT_TYPE);
    add_u64(&s, VERSION);
    evm_typed_add_text(&s, receipt->network);
    evm_typed_add_text(&s, receipt->resource_url);
    evm_typed_add_text(&s, receipt->payer);
    add_u64(&s, receipt->issued_at);
    evm_typed_add_text(&s, receipt->transaction);
    end_digest(out, "x402 receipt", &s);
}

/* ---- reading: the reader's root is the signed object ---- */

static enum x402_fault fail(const struct x402_reader *r, enum assay_code code, const char *what)
{
    (void)assay_fail(r->err, code, 0, "%s", what);
    return X402_FAULT_SHAPE;
}

static enum x402_fault read_number(const struct x402_reader *r, uint32_t object, uint64_t *out,
                                   const char *member)
{
    return x402_integer(out, r->doc, object, member)
               ? X402_FAULT_NONE
               : x402_wrong(r, X402_FAULT_SHAPE, assay_json_member(r->doc, object, member), member);
}

/* Format, payload, and the payload's version. */
static enum x402_fault read_head(const struct x402_reader *r, uint32_t *payload)
{
    struct assay_bytes format;
    const struct x402_text_member text = {"format", X402_REQUIRED, &format};
    uint64_t version = 0;
    enum x402_fault fault;

    if ((fault = x402_read_text(r, r->root, &text, X402_FAULT_SHAPE)) != X402_FAULT_NONE)
        return fault;
    if (!assay_bytes_is(format, FORMAT))
        return fail(r, ASSAY_E_UNSUPPORTED, "the format is not " FORMAT);
    if ((fault = x402_read_object(r, payload, r->root, "payload", X402_REQUIRED,
                                  X402_FAULT_SHAPE)) != X402_FAULT_NONE ||
        (fault = read_number(r, *payload, &version, "version")) != X402_FAULT_NONE)
        return fault;
    if (version == VERSION)
        return X402_FAULT_NONE;
    (void)fail(r, ASSAY_E_UNSUPPORTED, "the version is not 1");
    return X402_FAULT_VERSION;
}

static enum x402_fault recover(const struct x402_reader *r, struct evm_address *out,
                               const uint8_t *digest)
{
    struct assay_bytes text;
    const struct x402_text_member member = {"signature", X402_REQUIRED, &text};
    uint8_t signature[EVM_SIGNATURE_BYTES];
    const char *why = "";
    enum x402_fault fault = x402_read_text(r, r->root, &member, X402_FAULT_SHAPE);
    enum assay_code rc;

    if (fault != X402_FAULT_NONE)
        return fault;
    if (evm_hex_decode(signature, sizeof(signature), text) != ASSAY_OK)
        return fail(r, ASSAY_E_MALFORMED, "the signature is not 0x and 130 hex digits");
    rc = evm_signature_recover(out, signature, digest, &why);
    return rc == ASSAY_OK ? X402_FAULT_NONE : fail(r, rc, why);
}

/* The payload's texts, and its one number, which is a time. */
static enum x402_fault read_payload(const struct x402_reader *r,
                                    const struct x402_text_member *texts, size_t count,
                                    uint64_t *time, const char *time_name)
{
    uint32_t payload = ASSAY_JSON_NONE;
    enum x402_fault fault;

    if ((fault = read_head(r, &payload)) != X402_FAULT_NONE ||
        (fault = x402_read_texts(r, payload, texts, count, X402_FAULT_SHAPE)) != X402_FAULT_NONE)
        return fault;
    return read_number(r, payload, time, time_name);
}

enum x402_fault x402_offer_read(struct x402_signed_offer *out, struct assay_arena *arena,
                                const struct assay_json *doc, uint32_t token, struct assay_err *err)
{
    const struct x402_reader r = {doc, arena, err, token};
    struct x402_signed_offer read = {.valid_until = 0};
    const struct x402_text_member texts[] = {
        {"resourceUrl", X402_REQUIRED, &read.resource_url},
        {"scheme", X402_REQUIRED, &read.scheme},
        {"network", X402_REQUIRED, &read.network},
        {"asset", X402_REQUIRED, &read.asset},
        {"payTo", X402_REQUIRED, &read.pay_to},
        {"amount", X402_REQUIRED, &read.amount},
    };
    uint8_t digest[EVM_KECCAK_BYTES];
    enum x402_fault fault =
        read_payload(&r, texts, ARRAY_LEN(texts), &read.valid_until, "validUntil");

    if (fault != X402_FAULT_NONE)
        return fault;
    x402_offer_digest(digest, &read);
    if ((fault = recover(&r, &read.signer, digest)) == X402_FAULT_NONE)
        *out = read;
    return fault;
}

enum x402_fault x402_receipt_read(struct x402_signed_receipt *out, struct assay_arena *arena,
                                  const struct assay_json *doc, uint32_t token,
                                  struct assay_err *err)
{
    const struct x402_reader r = {doc, arena, err, token};
    struct x402_signed_receipt read = {.issued_at = 0};
    const struct x402_text_member texts[] = {
        {"network", X402_REQUIRED, &read.network},
        {"resourceUrl", X402_REQUIRED, &read.resource_url},
        {"payer", X402_REQUIRED, &read.payer},
        {"transaction", X402_REQUIRED, &read.transaction},
    };
    uint8_t digest[EVM_KECCAK_BYTES];
    enum x402_fault fault = read_payload(&r, texts, ARRAY_LEN(texts), &read.issued_at, "issuedAt");

    if (fault != X402_FAULT_NONE)
        return fault;
    x402_receipt_digest(digest, &read);
    if ((fault = recover(&r, &read.signer, digest)) == X402_FAULT_NONE)
        *out = read;
    return fault;
}

bool x402_offer_is_of(const struct x402_signed_offer *offer, const struct x402_terms *terms)
{
    return assay_bytes_equal(offer->scheme, terms->scheme) &&
           assay_bytes_equal(offer->network, terms->network) &&
           assay_bytes_equal(offer->asset, terms->asset) &&
           assay_bytes_equal(offer->pay_to, terms->pay_to) &&
           assay_bytes_equal(offer->amount, terms->amount);
}
