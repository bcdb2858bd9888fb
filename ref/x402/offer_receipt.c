/* The offer-receipt extension; see offer_receipt.h. */
#include "x402/offer_receipt.h"

#include "base/hex.h"
#include "base/planted.h"
#include "defects/defects.h"
#include "evm/hex.h"
#include "x402/envelope_internal.h"
#include "x402/exact_evm.h"

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

/* Both domains are of version 1. */
struct domain {
    const char *name;
    uint64_t chain_id;
};
static const struct domain of_offers = {"x402 offer", X402_OFFER_CHAIN_ID};
static const struct domain of_receipts = {"x402 receipt", X402_OFFER_CHAIN_ID};

static void end_digest(uint8_t *out, struct domain with, struct evm_typed *s)
{
    const struct evm_domain domain = {
        .name = assay_str(with.name), .version = ASSAY_LIT("1"), .chain_id = with.chain_id};

    evm_typed_digest(out, &domain, s);
}

static void offer_digest(uint8_t *out, const struct x402_signed_offer *offer, struct domain domain)
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
    end_digest(out, domain, &s);
}

static void receipt_digest(uint8_t *out, const struct x402_signed_receipt *receipt,
                           struct domain domain)
{
    struct evm_typed s;

    evm_typed_init(&s, RECEIPT_TYPE);
    add_u64(&s, VERSION);
    evm_typed_add_text(&s, receipt->network);
    evm_typed_add_text(&s, receipt->resource_url);
    evm_typed_add_text(&s, receipt->payer);
    add_u64(&s, receipt->issued_at);
    evm_typed_add_text(&s, receipt->transaction);
    end_digest(out, domain, &s);
}

void x402_offer_digest(uint8_t out[EVM_KECCAK_BYTES], const struct x402_signed_offer *offer)
{
    offer_digest(out, offer, of_offers);
}

void x402_receipt_digest(uint8_t out[EVM_KECCAK_BYTES], const struct x402_signed_receipt *receipt)
{
    receipt_digest(out, receipt, of_receipts);
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
           (assay_bytes_equal(offer->amount, terms->amount) || PLANTED(offer_amount));
}

/* ---- writing: members in the order of their names ---- */

/* What info and its objects look like, for who has no other description of them. */
#define OBJECT_SCHEMA                                                                              \
    "{\"properties\":{\"acceptIndex\":{\"type\":\"integer\"},\"format\":{\"const\":\"" FORMAT      \
    "\"},\"payload\":{\"type\":\"object\"},\"signature\":{\"type\":\"string\"}},"                  \
    "\"required\":[\"format\",\"payload\",\"signature\"],\"type\":\"object\"}"
#define INFO_SCHEMA(member, schema)                                                                \
    "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"properties\":{\"" member      \
    "\":" schema "},\"required\":[\"" member "\"],\"type\":\"object\"}"

static void add_text(struct assay_buf *out, const char *before, struct assay_bytes text)
{
    assay_buf_add_str(out, before);
    assay_json_add_string(out, text);
}

static void add_number(struct assay_buf *out, const char *before, uint64_t number)
{
    assay_buf_printf(out, "%s%llu", before, (unsigned long long)number);
}

/* Of a defect: s becomes n - s, which the other v belongs to; a library that does not look at s
 * takes both for one signature. */
static void raise_s(uint8_t *signature)
{
    static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
                                      0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b,
                                      0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};
    uint8_t *s = signature + 32, *v = signature + ASSAY_SIG_BYTES;
    int borrow = 0;

    for (size_t i = sizeof(order); i-- > 0;) {
        int digit = order[i] - s[i] - borrow;

        borrow = digit < 0;
        s[i] = (uint8_t)(digit + (borrow << 8));
    }
    *v = *v == 27 ? 28 : 27;
}

static enum assay_code add_signature(struct assay_buf *out, const uint8_t *digest,
                                     const struct assay_key *key)
{
    uint8_t signature[EVM_SIGNATURE_BYTES];
    enum assay_code rc = evm_signature_make(signature, digest, key);

    if (rc != ASSAY_OK)
        return rc;
    if (REF_DEFECT(offer_high_s))
        raise_s(signature);
    assay_buf_add_str(out, "},\"signature\":\"" EVM_HEX_PREFIX);
    assay_buf_add_hex(out, assay_bytes_of(signature, sizeof(signature)));
    assay_buf_add_str(out, "\"}");
    return ASSAY_OK;
}

static enum assay_code write_offer(struct assay_buf *out, const struct x402_signed_offer *offer,
                                   const struct assay_key *key)
{
    struct domain domain = of_offers;
    uint8_t digest[EVM_KECCAK_BYTES];

    add_number(out, "{\"acceptIndex\":", offer->accept_index);
    add_text(out, ",\"format\":\"" FORMAT "\",\"payload\":{\"amount\":", offer->amount);
    add_text(out, ",\"asset\":", offer->asset);
    add_text(out, ",\"network\":", offer->network);
    add_text(out, ",\"payTo\":", offer->pay_to);
    add_text(out, ",\"resourceUrl\":", offer->resource_url);
    add_text(out, ",\"scheme\":", offer->scheme);
    add_number(out, ",\"validUntil\":", offer->valid_until);
    add_number(out, ",\"version\":", VERSION);
    if (REF_DEFECT(offer_chain))
        (void)x402_evm_chain_id(&domain.chain_id, offer->network);
    offer_digest(digest, offer, domain);
    return add_signature(out, digest, key);
}

enum assay_code x402_offers_write(struct assay_buf *out, const struct x402_signed_offer *offers,
                                  size_t count, const struct assay_key *key)
{
    enum assay_code rc = ASSAY_OK;

    assay_buf_add_str(out, "{\"info\":{\"offers\":[");
    for (size_t i = 0; rc == ASSAY_OK && i < count; i++) {
        assay_buf_add_str(out, i == 0 ? "" : ",");
        rc = write_offer(out, &offers[i], key);
    }
    assay_buf_add_str(out, "]},\"schema\":" INFO_SCHEMA("offers", "{\"items\":" OBJECT_SCHEMA
                                                                  ",\"type\":\"array\"}") "}");
    return rc == ASSAY_OK ? out->bad : rc;
}

enum assay_code x402_receipt_write(struct assay_buf *out, const struct x402_signed_receipt *receipt,
                                   const struct assay_key *key)
{
    uint8_t digest[EVM_KECCAK_BYTES];
    enum assay_code rc;

    add_number(out, "{\"info\":{\"receipt\":{\"format\":\"" FORMAT "\",\"payload\":{\"issuedAt\":",
               receipt->issued_at);
    add_text(out, ",\"network\":", receipt->network);
    add_text(out, ",\"payer\":", receipt->payer);
    add_text(out, ",\"resourceUrl\":", receipt->resource_url);
    add_text(out, ",\"transaction\":", receipt->transaction);
    add_number(out, ",\"version\":", VERSION);
    receipt_digest(digest, receipt, REF_DEFECT(receipt_domain) ? of_offers : of_receipts);
    rc = add_signature(out, digest, key);
    assay_buf_add_str(out, "},\"schema\":" INFO_SCHEMA("receipt", OBJECT_SCHEMA) "}");
    return rc == ASSAY_OK ? out->bad : rc;
}
