/* Exact payments by EIP-3009: {"offer": terms, "payload": payload}. Held for every one that can be
 * read: its digest is that of the texts laid out as bytes; it is written and read as the same; it
 * is valid exactly if texts, window and recovered key say so one by one. Signed by a key of the
 * target's it is valid where the offer allows it, and never with one bit of the authorization
 * changed, which the two last bytes choose. */
#include "fuzz.h"

#include "fuzz/lib/eip712.h"
#include "fuzz/lib/json_mutate.h"
#include "x402/exact_evm.h"

enum { ARENA_BYTES = 1 << 25, OPTIONS = 2 };

#define NOW_S "1740672000"
#define NOW_MS INT64_C(1740672000999)
#define TYPE                                                                                       \
    "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,"          \
    "uint256 validBefore,bytes32 nonce)"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return fuzz_json_mutate(data, size, max_size, OPTIONS, seed);
}

struct paying {
    struct assay_arena *arena;
    struct assay_json doc;
    struct x402_terms terms;
    uint32_t payload;
    struct x402_evm_terms offered;
    struct x402_evm_payload paid;
};

/* ---- by texts ---- */

static struct assay_bytes text_of(const struct paying *p, uint32_t object, const char *name)
{
    struct assay_bytes text = ASSAY_LIT("");

    FUZZ_CHECK(x402_text(&text, p->arena, &p->doc, object, name));
    return text;
}

static struct assay_bytes authorized(const struct paying *p, const char *name)
{
    return text_of(p, assay_json_member(&p->doc, p->payload, "authorization"), name);
}

/* Canonical decimals in the order of their numbers. */
static int compare_decimals(struct assay_bytes a, struct assay_bytes b)
{
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return assay_bytes_compare(a, b);
}

static void digest_of_texts(uint8_t out[EVM_KECCAK_BYTES], const struct paying *p)
{
    struct fuzz_712 s;
    struct assay_bytes network = p->terms.network;

    fuzz_712_init(&s, TYPE);
    fuzz_712_hex(&s, authorized(p, "from"));
    fuzz_712_hex(&s, authorized(p, "to"));
    fuzz_712_decimal(&s, authorized(p, "value"));
    fuzz_712_decimal(&s, authorized(p, "validAfter"));
    fuzz_712_decimal(&s, authorized(p, "validBefore"));
    fuzz_712_hex(&s, authorized(p, "nonce"));
    fuzz_712_digest(
        out, &s, text_of(p, p->terms.extra, "name"), text_of(p, p->terms.extra, "version"),
        assay_bytes_part(network, sizeof(X402_EVM_NAMESPACE) - 1, network.len), p->terms.asset);
}

/* Whether the offer allows it, whoever has signed it. */
static bool is_allowed(const struct paying *p)
{
    return assay_bytes_equal_nocase(authorized(p, "to"), p->terms.pay_to) &&
           compare_decimals(authorized(p, "value"), p->terms.amount) == 0 &&
           compare_decimals(authorized(p, "validAfter"), ASSAY_LIT(NOW_S)) < 0 &&
           compare_decimals(ASSAY_LIT(NOW_S), authorized(p, "validBefore")) < 0;
}

static bool is_signed(const struct paying *p, const uint8_t digest[EVM_KECCAK_BYTES])
{
    uint8_t whole[ASSAY_PUBKEY_WHOLE_BYTES];
    const uint8_t *signature = p->paid.signature.at;
    struct evm_address signer;
    char text[EVM_ADDRESS_TEXT_BYTES];

    if (p->paid.signature.len != 65 || signature[64] < 27 || signature[64] > 28 ||
        assay_ecdsa_recover(whole, signature, signature[64] - 27u, digest) != ASSAY_SIG_GOOD)
        return false;
    evm_address_of_pubkey(&signer, whole);
    evm_address_text(text, &signer);
    return assay_bytes_equal_nocase(authorized(p, "from"), assay_str(text));
}

/* ---- checks ---- */

static enum x402_evm_outcome judge(const struct paying *p, const struct assay_json *payment,
                                   uint32_t payload)
{
    const struct x402_evm with = {.offer = &p->doc,
                                  .terms = &p->terms,
                                  .payment = payment,
                                  .payload = payload,
                                  .now_ms = NOW_MS,
                                  .arena = p->arena};
    struct x402_evm_verdict verdict;

    x402_evm_verify(&verdict, &with);
    return verdict.outcome;
}

/* Written, and parsed again. */
static struct assay_json write_payload(const struct paying *p,
                                       const struct x402_evm_payload *payload)
{
    struct assay_buf out = ASSAY_BUF_INIT(4 * X402_DECODED_MAX_BYTES);
    struct assay_bytes text;
    struct assay_json doc;

    x402_evm_payload_write(&out, payload);
    FUZZ_CHECK(assay_buf_ok(&out));
    text = assay_arena_copy(p->arena, assay_buf_view(&out));
    assay_buf_fini(&out);
    FUZZ_CHECK(text.at != NULL);
    FUZZ_CHECK(x402_document_parse(&doc, p->arena, text, true, NULL) == ASSAY_OK);
    return doc;
}

static bool is_same_transfer(const struct evm_transfer *a, const struct evm_transfer *b)
{
    return evm_address_equal(&a->from, &b->from) && evm_address_equal(&a->to, &b->to) &&
           evm_uint256_compare(&a->value, &b->value) == 0 &&
           evm_uint256_compare(&a->valid_after, &b->valid_after) == 0 &&
           evm_uint256_compare(&a->valid_before, &b->valid_before) == 0 &&
           memcmp(a->nonce, b->nonce, sizeof(a->nonce)) == 0;
}

static void check_written(const struct paying *p)
{
    struct assay_json doc = write_payload(p, &p->paid);
    struct x402_evm_payload again;

    FUZZ_CHECK(x402_evm_payload_read(&again, p->arena, &doc, 0, NULL) == X402_EVM__COUNT);
    FUZZ_CHECK(is_same_transfer(&p->paid.transfer, &again.transfer));
    FUZZ_CHECK(assay_bytes_equal(p->paid.signature, again.signature));
}

static void flip(struct evm_transfer *transfer, unsigned bit)
{
    uint8_t *const fields[] = {transfer->from.at,         transfer->to.at,
                               transfer->value.at,        transfer->valid_after.at,
                               transfer->valid_before.at, transfer->nonce};
    static const size_t sizes[] = {20, 20, 32, 32, 32, 32};
    unsigned field = bit % ARRAY_LEN(fields), at = bit / ARRAY_LEN(fields);

    fields[field][at / 8 % sizes[field]] ^= (uint8_t)(1u << at % 8);
}

/* Signed by a key that is known. */
static void check_ours(const struct paying *p, unsigned bit)
{
    static const uint8_t secret[32] = {[31] = 7};
    struct x402_evm_payload ours = p->paid;
    uint8_t signature[EVM_SIGNATURE_BYTES], digest[EVM_KECCAK_BYTES];
    struct assay_key key;
    struct assay_json doc;

    FUZZ_CHECK(assay_key_init(&key, secret) == ASSAY_OK);
    FUZZ_CHECK(evm_address_of_key(&ours.transfer.from, &key) == ASSAY_OK);
    x402_evm_digest(digest, &p->offered, &ours.transfer);
    FUZZ_CHECK(evm_signature_make(signature, digest, &key) == ASSAY_OK);
    ours.signature = assay_bytes_of(signature, sizeof(signature));
    doc = write_payload(p, &ours);
    FUZZ_CHECK((judge(p, &doc, 0) == X402_EVM_VALID) == is_allowed(p));
    flip(&ours.transfer, bit);
    doc = write_payload(p, &ours);
    FUZZ_CHECK(judge(p, &doc, 0) == X402_EVM_INVALID);
}

static void check_payment(const struct paying *p, unsigned bit)
{
    uint8_t digest[EVM_KECCAK_BYTES], second[EVM_KECCAK_BYTES];
    enum x402_evm_outcome outcome = judge(p, &p->doc, p->payload);

    x402_evm_digest(digest, &p->offered, &p->paid.transfer);
    digest_of_texts(second, p);
    FUZZ_CHECK(memcmp(digest, second, sizeof(digest)) == 0);
    FUZZ_CHECK((outcome == X402_EVM_VALID) == (is_allowed(p) && is_signed(p, second)));
    FUZZ_CHECK((outcome == X402_EVM_UNDECIDED) ==
               (is_allowed(p) && p->paid.signature.len > EVM_SIGNATURE_BYTES));
    check_written(p);
    check_ours(p, bit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    struct assay_bytes text = assay_bytes_of(data, size >= OPTIONS ? size - OPTIONS : 0);
    struct paying p = {.arena = &arena};
    bool is_offer, is_payload;

    if (size >= OPTIONS && x402_document_parse(&p.doc, &arena, text, true, NULL) == ASSAY_OK &&
        x402_terms_read(&p.terms, &arena, &p.doc, assay_json_member(&p.doc, 0, "offer"), NULL) ==
            X402_FAULT_NONE) {
        p.payload = assay_json_member(&p.doc, 0, "payload");
        is_offer =
            x402_evm_terms_read(&p.offered, &arena, &p.doc, &p.terms, NULL) == X402_EVM__COUNT;
        is_payload =
            x402_evm_payload_read(&p.paid, &arena, &p.doc, p.payload, NULL) == X402_EVM__COUNT;
        if (is_offer && is_payload)
            check_payment(&p, data[size - 2] * 256u + data[size - 1]);
        else
            FUZZ_CHECK(judge(&p, &p.doc, p.payload) != X402_EVM_VALID);
    }
    assay_arena_fini(&arena);
    return 0;
}
