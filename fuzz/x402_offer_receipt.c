/* Signed offers and receipts of the extension offer-receipt: the digest is that of the texts laid
 * out as bytes, by another path; what a key of the target's signs is read as of that key, with all
 * its texts; with one byte of the payload changed it is another's or nobody's; and an offer is of
 * terms exactly if their five texts are equal. */
#include "fuzz.h"

#include "base/hex.h"
#include "fuzz/lib/eip712.h"
#include "fuzz/lib/json_mutate.h"
#include "x402/offer_receipt.h"

enum { ARENA_BYTES = 1 << 25, DECIMAL_BYTES = 24 };

#define OFFER_TYPE                                                                                 \
    "Offer(uint256 version,string resourceUrl,string scheme,string network,string asset,string "   \
    "payTo,string amount,uint256 validUntil)"
#define RECEIPT_TYPE                                                                               \
    "Receipt(uint256 version,string network,string resourceUrl,string payer,uint256 issuedAt,"     \
    "string transaction)"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return fuzz_json_mutate(data, size, max_size, 0, seed);
}

/* ---- digests of the texts ---- */

static void add_number(struct fuzz_712 *s, uint64_t number)
{
    char room[DECIMAL_BYTES];
    struct assay_buf text = ASSAY_BUF_OVER(room);

    assay_buf_add_u64(&text, number);
    fuzz_712_decimal(s, assay_buf_view(&text));
}

static void end_digest(uint8_t out[EVM_KECCAK_BYTES], const struct fuzz_712 *s, const char *domain)
{
    fuzz_712_digest(out, s, assay_str(domain), ASSAY_LIT("1"), ASSAY_LIT("1"), ASSAY_LIT(""));
}

static void second_offer(uint8_t out[EVM_KECCAK_BYTES], const struct x402_signed_offer *o)
{
    struct fuzz_712 s;

    fuzz_712_init(&s, OFFER_TYPE);
    add_number(&s, 1);
    fuzz_712_text(&s, o->resource_url);
    fuzz_712_text(&s, o->scheme);
    fuzz_712_text(&s, o->network);
    fuzz_712_text(&s, o->asset);
    fuzz_712_text(&s, o->pay_to);
    fuzz_712_text(&s, o->amount);
    add_number(&s, o->valid_until);
    end_digest(out, &s, "x402 offer");
}

static void second_receipt(uint8_t out[EVM_KECCAK_BYTES], const struct x402_signed_receipt *r)
{
    struct fuzz_712 s;

    fuzz_712_init(&s, RECEIPT_TYPE);
    add_number(&s, 1);
    fuzz_712_text(&s, r->network);
    fuzz_712_text(&s, r->resource_url);
    fuzz_712_text(&s, r->payer);
    add_number(&s, r->issued_at);
    fuzz_712_text(&s, r->transaction);
    end_digest(out, &s, "x402 receipt");
}

/* ---- signed by a key that is known ---- */

static void make_key(struct assay_key *key, struct evm_address *address)
{
    static const uint8_t secret[32] = {[31] = 9};

    FUZZ_CHECK(assay_key_init(key, secret) == ASSAY_OK);
    FUZZ_CHECK(evm_address_of_key(address, key) == ASSAY_OK);
}

/* The object that a signer would send of that payload, as the document has it. */
static struct assay_json seal(struct assay_arena *arena, struct assay_bytes payload,
                              const struct assay_key *key, const uint8_t *digest)
{
    struct assay_buf out = ASSAY_BUF_INIT(2 * X402_DECODED_MAX_BYTES);
    uint8_t signature[EVM_SIGNATURE_BYTES];
    struct assay_bytes text;
    struct assay_json doc;

    FUZZ_CHECK(evm_signature_make(signature, digest, key) == ASSAY_OK);
    assay_buf_add_str(&out, "{\"format\":\"eip712\",\"signature\":\"0x");
    assay_buf_add_hex(&out, assay_bytes_of(signature, sizeof(signature)));
    assay_buf_add_str(&out, "\",\"payload\":");
    assay_buf_add(&out, payload);
    assay_buf_add_byte(&out, '}');
    FUZZ_CHECK(assay_buf_ok(&out));
    text = assay_arena_copy(arena, assay_buf_view(&out));
    assay_buf_fini(&out);
    FUZZ_CHECK(text.at != NULL);
    if (x402_document_parse(&doc, arena, text, true, NULL) != ASSAY_OK)
        doc.token_count = 0; /* it has become too large */
    return doc;
}

static void check_offer(struct assay_arena *arena, const struct assay_json *doc,
                        const struct x402_signed_offer *offer)
{
    uint8_t digest[EVM_KECCAK_BYTES], second[EVM_KECCAK_BYTES];
    struct x402_signed_offer again, other = *offer;
    struct evm_address signer;
    struct assay_json sealed;
    struct assay_key key;

    make_key(&key, &signer);
    x402_offer_digest(digest, offer);
    second_offer(second, offer);
    FUZZ_CHECK(memcmp(digest, second, sizeof(digest)) == 0);
    sealed = seal(arena, assay_json_raw(doc, assay_json_member(doc, 0, "payload")), &key, digest);
    if (sealed.token_count == 0)
        return;
    FUZZ_CHECK(x402_offer_read(&again, arena, &sealed, 0, NULL) == X402_FAULT_NONE);
    FUZZ_CHECK(evm_address_equal(&again.signer, &signer));
    FUZZ_CHECK(assay_bytes_equal(again.resource_url, offer->resource_url));
    FUZZ_CHECK(assay_bytes_equal(again.amount, offer->amount));
    FUZZ_CHECK(again.valid_until == offer->valid_until);
    other.valid_until ^= 1;
    x402_offer_digest(second, &other);
    sealed = seal(arena, assay_json_raw(doc, assay_json_member(doc, 0, "payload")), &key, second);
    if (sealed.token_count > 0 &&
        x402_offer_read(&again, arena, &sealed, 0, NULL) == X402_FAULT_NONE)
        FUZZ_CHECK(!evm_address_equal(&again.signer, &signer));
}

static void check_receipt(struct assay_arena *arena, const struct assay_json *doc,
                          const struct x402_signed_receipt *receipt)
{
    uint8_t digest[EVM_KECCAK_BYTES], second[EVM_KECCAK_BYTES];
    struct x402_signed_receipt again;
    struct evm_address signer;
    struct assay_json sealed;
    struct assay_key key;

    make_key(&key, &signer);
    x402_receipt_digest(digest, receipt);
    second_receipt(second, receipt);
    FUZZ_CHECK(memcmp(digest, second, sizeof(digest)) == 0);
    sealed = seal(arena, assay_json_raw(doc, assay_json_member(doc, 0, "payload")), &key, digest);
    if (sealed.token_count == 0)
        return;
    FUZZ_CHECK(x402_receipt_read(&again, arena, &sealed, 0, NULL) == X402_FAULT_NONE);
    FUZZ_CHECK(evm_address_equal(&again.signer, &signer));
    FUZZ_CHECK(assay_bytes_equal(again.payer, receipt->payer));
    FUZZ_CHECK(assay_bytes_equal(again.transaction, receipt->transaction));
    FUZZ_CHECK(again.issued_at == receipt->issued_at);
}

/* The terms beside an offer, member by member. */
static void check_terms(struct assay_arena *arena, const struct assay_json *doc,
                        const struct x402_signed_offer *offer)
{
    uint32_t at = assay_json_member(doc, 0, "terms");
    uint32_t payload = assay_json_member(doc, 0, "payload");
    static const char *const names[] = {"scheme", "network", "asset", "payTo", "amount"};
    struct x402_terms terms;
    bool is_same = true;

    if (x402_terms_read(&terms, arena, doc, at, NULL) != X402_FAULT_NONE)
        return;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        is_same = is_same && x402_equal(doc, assay_json_member(doc, at, names[i]), doc,
                                        assay_json_member(doc, payload, names[i]));
    FUZZ_CHECK(x402_offer_is_of(offer, &terms) == is_same);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    struct x402_signed_receipt receipt;
    struct x402_signed_offer offer;
    struct assay_json doc;

    if (x402_document_parse(&doc, &arena, assay_bytes_of(data, size), true, NULL) == ASSAY_OK) {
        if (x402_offer_read(&offer, &arena, &doc, 0, NULL) == X402_FAULT_NONE) {
            check_offer(&arena, &doc, &offer);
            check_terms(&arena, &doc, &offer);
        }
        if (x402_receipt_read(&receipt, &arena, &doc, 0, NULL) == X402_FAULT_NONE)
            check_receipt(&arena, &doc, &receipt);
    }
    assay_arena_fini(&arena);
    return 0;
}
