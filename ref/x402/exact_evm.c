/* Scheme exact by EIP-3009, read and written; see exact_evm.h. Judging is in exact_evm_verify.c. */
#include "x402/exact_evm.h"

#include "base/decimal.h"
#include "base/hex.h"
#include "evm/hex.h"
#include "x402/envelope_internal.h"

#define METHOD "eip3009"

const struct x402_evm_rule_row x402_evm_rules[X402_EVM__COUNT] = {
#define X(constant, id, reason, other, source, sentence, remedy)                                   \
    {id, reason, other, source, sentence, remedy},
#include "x402/exact_evm.def"
#undef X
};

bool x402_evm_is_reason(enum x402_evm_rule rule, struct assay_bytes reason)
{
    const struct x402_evm_rule_row *row = &x402_evm_rules[rule];

    return reason.len > 0 &&
           (assay_bytes_is(reason, row->reason) || assay_bytes_is(reason, row->other));
}

/* ---- values, of whichever side: the reader's root is the object that has them ---- */

static bool fail(const struct x402_reader *r, enum assay_code code, const char *member,
                 const char *what)
{
    uint32_t value = assay_json_member(r->doc, r->root, member);

    (void)assay_fail(r->err, code, value != ASSAY_JSON_NONE ? r->doc->tokens[value].start : 0,
                     "%s %s", member, what);
    return false;
}

static bool take_text(struct assay_bytes *out, const struct x402_reader *r, const char *member)
{
    const struct x402_text_member text = {member, X402_REQUIRED, out};

    return x402_read_text(r, r->root, &text, X402_FAULT_SHAPE) == X402_FAULT_NONE;
}

static bool take_address(struct evm_address *out, const struct x402_reader *r,
                         struct assay_bytes text, const char *member)
{
    enum assay_code rc = evm_address_parse(out, text);

    if (rc == ASSAY_E_MISMATCH)
        return fail(r, rc, member, "has letters of two cases that are not the checksum of EIP-55");
    return rc == ASSAY_OK || fail(r, rc, member, "is no address: expected 0x and 40 hex digits");
}

static bool take_number(struct evm_uint256 *out, const struct x402_reader *r,
                        struct assay_bytes text, const char *member)
{
    enum assay_code rc = evm_uint256_parse(out, text);

    if (rc == ASSAY_E_RANGE)
        return fail(r, rc, member, "is above 2^256-1");
    return rc == ASSAY_OK ||
           fail(r, rc, member, "is no canonical integer: expected digits without leading zeros");
}

/* ---- terms ---- */

static bool read_scheme(const struct x402_reader *r, const struct x402_terms *terms)
{
    return assay_bytes_is(terms->scheme, X402_EVM_SCHEME_NAME) ||
           fail(r, ASSAY_E_UNKNOWN, "scheme", "is not " X402_EVM_SCHEME_NAME);
}

bool x402_evm_chain_id(uint64_t *out, struct assay_bytes network)
{
    struct assay_bytes space = ASSAY_LIT(X402_EVM_NAMESPACE);
    uint64_t id = 0;

    if (!assay_bytes_equal(assay_bytes_part(network, 0, space.len), space) ||
        assay_decimal_u64(&id, assay_bytes_part(network, space.len, network.len)) != ASSAY_OK ||
        id == 0)
        return false;
    *out = id;
    return true;
}

static bool read_network(const struct x402_reader *r, uint64_t *out, const struct x402_terms *terms)
{
    return x402_evm_chain_id(out, terms->network) ||
           fail(r, ASSAY_E_MALFORMED, "network",
                "is not " X402_EVM_NAMESPACE " and a canonical decimal above 0");
}

static bool is_method(const struct assay_json *doc, uint32_t extra)
{
    uint32_t value = assay_json_member(doc, extra, "assetTransferMethod");

    return value == ASSAY_JSON_NONE || assay_json_string_is(doc, value, METHOD);
}

bool x402_evm_takes(const struct assay_json *doc, const struct x402_terms *terms)
{
    uint64_t chain_id;

    return assay_bytes_is(terms->scheme, X402_EVM_SCHEME_NAME) &&
           x402_evm_chain_id(&chain_id, terms->network) && is_method(doc, terms->extra);
}

/* Another method has a payload of its own, of which nothing here can judge. */
static bool read_method(const struct x402_reader *extra)
{
    return is_method(extra->doc, extra->root) ||
           fail(extra, ASSAY_E_UNSUPPORTED, "assetTransferMethod",
                "is not " METHOD ", which alone is judged here");
}

enum x402_evm_rule x402_evm_terms_read(struct x402_evm_terms *out, struct assay_arena *arena,
                                       const struct assay_json *doc, const struct x402_terms *terms,
                                       struct assay_err *err)
{
    const struct x402_reader r = {doc, arena, err, terms->token};
    const struct x402_reader extra = {doc, arena, err, terms->extra};
    struct x402_evm_terms read;

    if (!read_scheme(&r, terms))
        return X402_EVM_SCHEME;
    if (!read_network(&r, &read.chain_id, terms))
        return X402_EVM_NETWORK;
    if (!take_address(&read.asset, &r, terms->asset, "asset"))
        return X402_EVM_ASSET;
    if (!take_address(&read.pay_to, &r, terms->pay_to, "payTo"))
        return X402_EVM_PAY_TO;
    if (!take_number(&read.amount, &r, terms->amount, "amount"))
        return X402_EVM_AMOUNT;
    if (!read_method(&extra))
        return X402_EVM_METHOD;
    if (!take_text(&read.name, &extra, "name") || !take_text(&read.version, &extra, "version"))
        return X402_EVM_DOMAIN;
    *out = read;
    return X402_EVM__COUNT;
}

/* ---- payloads ---- */

/* The texts of a payload as they stand. */
struct texts {
    struct assay_bytes signature, from, to, value, valid_after, valid_before, nonce;
};

static bool read_texts(struct texts *out, const struct x402_reader *payload,
                       const struct x402_reader *authorization)
{
    const struct x402_text_member signature = {"signature", X402_REQUIRED, &out->signature};
    const struct x402_text_member texts[] = {
        {"from", X402_REQUIRED, &out->from},
        {"to", X402_REQUIRED, &out->to},
        {"value", X402_REQUIRED, &out->value},
        {"validAfter", X402_REQUIRED, &out->valid_after},
        {"validBefore", X402_REQUIRED, &out->valid_before},
        {"nonce", X402_REQUIRED, &out->nonce},
    };
    uint32_t object;

    return x402_read_text(payload, payload->root, &signature, X402_FAULT_SHAPE) ==
               X402_FAULT_NONE &&
           x402_read_object(payload, &object, payload->root, "authorization", X402_REQUIRED,
                            X402_FAULT_SHAPE) == X402_FAULT_NONE &&
           x402_read_texts(authorization, object, texts, ARRAY_LEN(texts), X402_FAULT_SHAPE) ==
               X402_FAULT_NONE;
}

static bool read_nonce(const struct x402_reader *r, uint8_t *out, struct assay_bytes text)
{
    return evm_hex_decode(out, EVM_WORD_BYTES, text) == ASSAY_OK ||
           fail(r, ASSAY_E_MALFORMED, "nonce", "is not 0x and 64 hex digits");
}

static bool read_signature(const struct x402_reader *r, struct assay_bytes *out,
                           struct assay_bytes text)
{
    size_t len = assay_bytes_part(text, EVM_HEX_PREFIX_CHARS, text.len).len / 2;
    uint8_t *bytes = assay_arena_alloc(r->arena, len);

    if (bytes == NULL)
        return fail(r, ASSAY_E_NOMEM, "signature", "has no memory");
    if (evm_hex_decode(bytes, len, text) != ASSAY_OK)
        return fail(r, ASSAY_E_MALFORMED, "signature", "is not 0x and pairs of hex digits");
    *out = assay_bytes_of(bytes, len);
    return len >= EVM_SIGNATURE_BYTES ||
           fail(r, ASSAY_E_RANGE, "signature", "is shorter than 65 bytes");
}

enum x402_evm_rule x402_evm_payload_read(struct x402_evm_payload *out, struct assay_arena *arena,
                                         const struct assay_json *doc, uint32_t token,
                                         struct assay_err *err)
{
    const struct x402_reader payload = {doc, arena, err, token};
    const struct x402_reader r = {doc, arena, err, assay_json_member(doc, token, "authorization")};
    struct evm_transfer *transfer;
    struct x402_evm_payload read;
    struct texts texts;

    transfer = &read.transfer;
    if (!read_texts(&texts, &payload, &r))
        return X402_EVM_SHAPE;
    if (!take_address(&transfer->from, &r, texts.from, "from") ||
        !take_address(&transfer->to, &r, texts.to, "to"))
        return X402_EVM_ADDRESSES;
    if (!take_number(&transfer->value, &r, texts.value, "value") ||
        !take_number(&transfer->valid_after, &r, texts.valid_after, "validAfter") ||
        !take_number(&transfer->valid_before, &r, texts.valid_before, "validBefore"))
        return X402_EVM_NUMBERS;
    if (!read_nonce(&r, transfer->nonce, texts.nonce))
        return X402_EVM_NONCE;
    if (!read_signature(&payload, &read.signature, texts.signature))
        return X402_EVM_SIGNATURE_TEXT;
    *out = read;
    return X402_EVM__COUNT;
}

/* ---- writing ---- */

static void write_address(struct assay_buf *out, const char *name,
                          const struct evm_address *address)
{
    char text[EVM_ADDRESS_TEXT_BYTES];

    evm_address_text(text, address);
    assay_buf_printf(out, "\"%s\":\"%s\",", name, text);
}

static void write_number(struct assay_buf *out, const char *name, const struct evm_uint256 *number)
{
    char text[EVM_UINT256_TEXT_MAX_BYTES];

    evm_uint256_text(text, number);
    assay_buf_printf(out, "\"%s\":\"%s\"", name, text);
}

void x402_evm_payload_write(struct assay_buf *out, const struct x402_evm_payload *payload)
{
    const struct evm_transfer *transfer = &payload->transfer;

    assay_buf_add_str(out, "{\"authorization\":{");
    write_address(out, "from", &transfer->from);
    assay_buf_add_str(out, "\"nonce\":\"" EVM_HEX_PREFIX);
    assay_buf_add_hex(out, assay_bytes_of(transfer->nonce, sizeof(transfer->nonce)));
    assay_buf_add_str(out, "\",");
    write_address(out, "to", &transfer->to);
    write_number(out, "validAfter", &transfer->valid_after);
    assay_buf_add_byte(out, ',');
    write_number(out, "validBefore", &transfer->valid_before);
    assay_buf_add_byte(out, ',');
    write_number(out, "value", &transfer->value);
    assay_buf_add_str(out, "},\"signature\":\"" EVM_HEX_PREFIX);
    assay_buf_add_hex(out, payload->signature);
    assay_buf_add_str(out, "\"}");
}

void x402_evm_digest(uint8_t out[EVM_KECCAK_BYTES], const struct x402_evm_terms *terms,
                     const struct evm_transfer *transfer)
{
    const struct evm_domain domain = {.name = terms->name,
                                      .version = terms->version,
                                      .chain_id = terms->chain_id,
                                      .contract = &terms->asset};

    evm_transfer_digest(out, &domain, transfer);
}
