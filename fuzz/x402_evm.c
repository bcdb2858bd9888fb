/* Exact payments by EIP-3009: {"offer": terms, "payload": payload}. Of every text in it that is
 * digits it is told by their count and order whether 256 bits hold them. Held for every payment
 * that can be read: its digest is that of the texts laid out as bytes; it is written and read as
 * the same; it is valid exactly if texts, window and recovered key say so one by one. Signed by a
 * key of the target's it is valid where the offer allows it, and never with one bit of the
 * authorization changed, which the two last bytes choose; signed anew with it where the offer
 * allows that. */
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

static void check_number(struct assay_bytes text)
{
    static const char most[] =
        "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    struct evm_uint256 number;
    enum assay_code rc = evm_uint256_parse(&number, text);
    char again[EVM_UINT256_TEXT_MAX_BYTES];
    size_t digits = 0;

    while (digits < text.len && text.at[digits] >= '0' && text.at[digits] <= '9')
        digits++;
    if (text.len == 0 || digits < text.len || (digits > 1 && text.at[0] == '0')) {
        FUZZ_CHECK(rc == ASSAY_E_MALFORMED);
        return;
    }
    FUZZ_CHECK(rc == (compare_decimals(text, assay_str(most)) > 0 ? ASSAY_E_RANGE : ASSAY_OK));
    if (rc == ASSAY_OK) {
        evm_uint256_text(again, &number);
        FUZZ_CHECK(assay_bytes_is(text, again));
    }
}

/* Also of a document that is no payment. */
static void check_numbers(const struct assay_json *doc)
{
    for (uint32_t at = 0; at < doc->token_count; at++)
        if (doc->tokens[at].type == ASSAY_JSON_STRING && !doc->tokens[at].escaped)
            check_number(assay_bytes_part(doc->text, doc->tokens[at].start, doc->tokens[at].end));
}

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

/* The high byte says in which field. */
static void flip(struct evm_transfer *transfer, unsigned bit)
{
    uint8_t *const fields[] = {transfer->from.at,         transfer->to.at,
                               transfer->value.at,        transfer->valid_after.at,
                               transfer->valid_before.at, transfer->nonce};
    static const size_t sizes[] = {20, 20, 32, 32, 32, 32};
    unsigned field = (bit >> 8) % ARRAY_LEN(fields), at = bit & 0xFF;

    fields[field][at / 8 % sizes[field]] ^= (uint8_t)(1u << at % 8);
}

/* Signed by a key that is known. The signature is kept in `room`. */
static void sign(struct x402_evm_payload *ours, uint8_t room[EVM_SIGNATURE_BYTES],
                 const struct paying *p)
{
    static const uint8_t secret[32] = {[31] = 7};
    uint8_t digest[EVM_KECCAK_BYTES];
    struct assay_key key;

    FUZZ_CHECK(assay_key_init(&key, secret) == ASSAY_OK);
    FUZZ_CHECK(evm_address_of_key(&ours->transfer.from, &key) == ASSAY_OK);
    x402_evm_digest(digest, &p->offered, &ours->transfer);
    FUZZ_CHECK(evm_signature_make(room, digest, &key) == ASSAY_OK);
    ours->signature = assay_bytes_of(room, EVM_SIGNATURE_BYTES);
}

/* Of what is signed by a key of ours the offer alone decides. */
static void check_allowed(const struct paying *p, const struct x402_evm_payload *ours)
{
    struct paying written = *p;

    written.doc = write_payload(p, ours);
    written.payload = 0;
    FUZZ_CHECK((judge(p, &written.doc, 0) == X402_EVM_VALID) == is_allowed(&written));
}

static void check_ours(const struct paying *p, unsigned bit)
{
    struct x402_evm_payload ours = p->paid;
    uint8_t room[EVM_SIGNATURE_BYTES];
    struct assay_json doc;

    sign(&ours, room, p);
    check_allowed(p, &ours);
    flip(&ours.transfer, bit);
    doc = write_payload(p, &ours);
    FUZZ_CHECK(judge(p, &doc, 0) == X402_EVM_INVALID);
    sign(&ours, room, p);
    check_allowed(p, &ours);
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
    bool is_document, is_offer, is_payload;

    is_document =
        size >= OPTIONS && x402_document_parse(&p.doc, &arena, text, true, NULL) == ASSAY_OK;
    if (is_document)
        check_numbers(&p.doc);
    if (is_document &&
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
