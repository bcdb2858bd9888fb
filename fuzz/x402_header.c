/* x402 headers: what a value decodes to is a document, an envelope or neither; what is a document
 * is written, and is read as the same one with the same hash and the same faults. An input that is
 * no header's value is taken as the document's text. */
#include "fuzz.h"

#include "fuzz/lib/json_mutate.h"
#include "x402/payment_identifier.h"

enum { ARENA_BYTES = 1 << 24 };

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return fuzz_json_mutate(data, size, max_size, 0, seed);
}

struct reading {
    enum x402_fault required, payment, settlement;
    enum x402_identifier_state identifier;
};

static struct reading read_all(struct assay_arena *arena, const struct assay_json *doc)
{
    struct assay_err err = {0};
    struct x402_required required;
    struct x402_payment payment;
    struct x402_settlement settlement;
    struct x402_identifier identifier;
    struct reading r = {
        .required = x402_required_read(&required, arena, doc, NULL),
        .payment = x402_payment_read(&payment, arena, doc, NULL),
        .settlement = x402_settlement_read(&settlement, arena, doc, &err),
        .identifier = x402_identifier_read(&identifier, arena, doc,
                                           assay_json_member(doc, 0, "extensions"), NULL),
    };

    FUZZ_CHECK((r.settlement == X402_FAULT_NONE) == (err.code == ASSAY_OK));
    FUZZ_CHECK(err.code != ASSAY_E_NOMEM && err.at <= doc->text.len);
    if (r.identifier == X402_IDENTIFIER_PRESENT)
        (void)x402_identifier_is_echo(doc, &identifier, doc, &identifier);
    return r;
}

static void check_round_trip(struct assay_arena *arena, const struct assay_json *doc)
{
    struct assay_buf value = ASSAY_BUF_INIT(X402_HEADER_MAX_CHARS);
    struct assay_buf twice = ASSAY_BUF_INIT(X402_HEADER_MAX_CHARS);
    char hash[X402_HASH_TEXT_BYTES], same[X402_HASH_TEXT_BYTES];
    enum assay_code rc = x402_header_encode(&value, doc, NULL);
    struct reading before = read_all(arena, doc), after;
    struct assay_bytes bytes;
    struct assay_json again;

    FUZZ_CHECK(rc == x402_hash(hash, doc, 0, NULL));
    FUZZ_CHECK(x402_equal(doc, 0, doc, 0)); /* a text is equal to itself, also without a form */
    if (rc == ASSAY_OK) {
        FUZZ_CHECK(x402_header_decode(&bytes, arena, assay_buf_view(&value), NULL) == ASSAY_OK);
        FUZZ_CHECK(x402_document_parse(&again, arena, bytes, true, NULL) == ASSAY_OK);
        FUZZ_CHECK(x402_equal(doc, 0, &again, 0));
        FUZZ_CHECK(x402_hash(same, &again, 0, NULL) == ASSAY_OK && strcmp(hash, same) == 0);
        FUZZ_CHECK(x402_header_encode(&twice, &again, NULL) == ASSAY_OK);
        FUZZ_CHECK(assay_bytes_equal(assay_buf_view(&value), assay_buf_view(&twice)));
        after = read_all(arena, &again);
        FUZZ_CHECK(before.required == after.required && before.payment == after.payment);
        FUZZ_CHECK(before.settlement == after.settlement && before.identifier == after.identifier);
    } else {
        FUZZ_CHECK(rc == ASSAY_E_RANGE || rc == ASSAY_E_TOO_LARGE);
    }
    assay_buf_fini(&value);
    assay_buf_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    struct assay_bytes text = assay_bytes_of(data, size);
    struct assay_err header = {0}, err = {0};
    struct assay_json doc;
    enum assay_code rc = x402_header_decode(&text, &arena, text, &header);

    FUZZ_CHECK(rc == header.code && header.at <= size);
    FUZZ_CHECK(rc == ASSAY_OK || rc == ASSAY_E_MALFORMED || rc == ASSAY_E_TOO_LARGE);
    rc = x402_document_parse(&doc, &arena, text, false, &err);
    FUZZ_CHECK(rc == err.code && err.at <= text.len);
    FUZZ_CHECK(rc == ASSAY_OK || rc == ASSAY_E_MALFORMED || rc == ASSAY_E_TOO_LARGE);
    if (rc == ASSAY_OK)
        check_round_trip(&arena, &doc);
    assay_arena_fini(&arena);
    return 0;
}
