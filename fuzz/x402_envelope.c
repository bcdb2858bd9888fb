/* The envelopes of x402 as documents: each is read as another library's reading and the sentences
 * of the digest have it (x402 v2 digest, section 2), its canonical form is read as the same with
 * the same hash, and an accepted offer is one of those that are made only if every member of it is
 * equal, one by one. A document may be several envelopes at once. */
#include "fuzz.h"

#include "fuzz/lib/json_mutate.h"
#include "fuzz/lib/second.h"
#include "x402/envelope.h"

enum { ARENA_BYTES = 1 << 25 };

#define SAFE_MAX INT64_C(9007199254740991)

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return fuzz_json_mutate(data, size, max_size, 0, seed);
}

/* ---- the second reading ---- */

static bool is_text(const json_t *object, const char *name)
{
    return json_is_string(json_object_get(object, name));
}

static bool is_text_or_absent(const json_t *object, const char *name)
{
    return json_object_get(object, name) == NULL || is_text(object, name);
}

static bool is_object_or_absent(const json_t *object, const char *name)
{
    const json_t *member = json_object_get(object, name);

    return member == NULL || json_is_object(member);
}

static bool has_head(const json_t *e)
{
    return json_is_object(e) && json_integer_value(json_object_get(e, "x402Version")) == 2;
}

static bool has_extensions(const json_t *e)
{
    return is_object_or_absent(e, "extensions") &&
           json_object_size(json_object_get(e, "extensions")) <= 32;
}

static bool second_terms(const json_t *terms)
{
    const json_t *timeout = json_object_get(terms, "maxTimeoutSeconds");

    return json_is_object(terms) && is_text(terms, "scheme") && is_text(terms, "network") &&
           is_text(terms, "amount") && is_text(terms, "asset") && is_text(terms, "payTo") &&
           is_object_or_absent(terms, "extra") &&
           (timeout == NULL || (json_is_integer(timeout) && json_integer_value(timeout) >= 0 &&
                                json_integer_value(timeout) <= SAFE_MAX));
}

/* Without its offers. */
static bool second_required(const json_t *e)
{
    const json_t *resource = json_object_get(e, "resource");
    const json_t *accepts = json_object_get(e, "accepts");

    return has_head(e) && has_extensions(e) && json_is_object(resource) &&
           is_text(resource, "url") && is_text_or_absent(resource, "description") &&
           is_text_or_absent(resource, "mimeType") && is_text_or_absent(e, "error") &&
           json_is_array(accepts) && json_array_size(accepts) >= 1 &&
           json_array_size(accepts) <= 16;
}

static size_t second_offers(const json_t *e)
{
    const json_t *accepts = json_object_get(e, "accepts");
    size_t count = 0;

    for (size_t i = 0; i < json_array_size(accepts); i++)
        count += second_terms(json_array_get(accepts, i)) ? 1 : 0;
    return count;
}

static bool second_payment(const json_t *e)
{
    return has_head(e) && has_extensions(e) && second_terms(json_object_get(e, "accepted")) &&
           json_is_object(json_object_get(e, "payload"));
}

static bool second_settlement(const json_t *e)
{
    const json_t *success = json_object_get(e, "success");

    return json_is_object(e) && has_extensions(e) && json_is_boolean(success) &&
           is_text(e, "transaction") && is_text_or_absent(e, "amount") &&
           is_text_or_absent(e, "payer") && is_text_or_absent(e, "errorReason") &&
           (json_is_true(success) ? is_text(e, "network") : is_text_or_absent(e, "network"));
}

/* ---- readings ---- */

struct reading {
    enum x402_fault required_fault, known_fault, payment_fault, settlement_fault;
    struct x402_required required, known;
    struct x402_payment payment;
    struct x402_settlement settlement;
};

static void read_all(struct reading *r, struct assay_arena *arena, const struct assay_json *doc)
{
    r->required_fault = x402_required_read(&r->required, arena, doc, NULL);
    r->known_fault = x402_required_read_known(&r->known, arena, doc, NULL);
    r->payment_fault = x402_payment_read(&r->payment, arena, doc, NULL);
    r->settlement_fault = x402_settlement_read(&r->settlement, arena, doc, NULL);
}

static void check_second(const struct reading *r, const json_t *e)
{
    bool is_required = second_required(e);
    size_t offers = second_offers(e);

    FUZZ_CHECK((r->known_fault == X402_FAULT_NONE) == is_required);
    FUZZ_CHECK(!is_required || r->known.accept_count == offers);
    FUZZ_CHECK((r->required_fault == X402_FAULT_NONE) ==
               (is_required && offers == json_array_size(json_object_get(e, "accepts"))));
    FUZZ_CHECK((r->payment_fault == X402_FAULT_NONE) == second_payment(e));
    FUZZ_CHECK((r->settlement_fault == X402_FAULT_NONE) == second_settlement(e));
}

static void check_same_terms(const struct assay_json *doc, const struct x402_terms *a,
                             const struct assay_json *other, const struct x402_terms *b)
{
    FUZZ_CHECK(assay_bytes_equal(a->scheme, b->scheme));
    FUZZ_CHECK(assay_bytes_equal(a->network, b->network));
    FUZZ_CHECK(assay_bytes_equal(a->amount, b->amount) && assay_bytes_equal(a->asset, b->asset));
    FUZZ_CHECK(assay_bytes_equal(a->pay_to, b->pay_to) && a->max_timeout_s == b->max_timeout_s);
    FUZZ_CHECK(x402_equal(doc, a->token, other, b->token));
    FUZZ_CHECK(x402_equal(doc, a->extra, other, b->extra));
}

static void check_same(const struct assay_json *doc, const struct reading *a,
                       const struct assay_json *other, const struct reading *b)
{
    FUZZ_CHECK(a->required_fault == b->required_fault && a->known_fault == b->known_fault);
    FUZZ_CHECK(a->payment_fault == b->payment_fault);
    FUZZ_CHECK(a->settlement_fault == b->settlement_fault);
    if (a->known_fault == X402_FAULT_NONE) {
        FUZZ_CHECK(assay_bytes_equal(a->known.url, b->known.url));
        FUZZ_CHECK(assay_bytes_equal(a->known.error, b->known.error));
        FUZZ_CHECK(a->known.accept_count == b->known.accept_count);
        for (size_t i = 0; i < a->known.accept_count; i++)
            check_same_terms(doc, &a->known.accepts[i], other, &b->known.accepts[i]);
    }
    if (a->payment_fault == X402_FAULT_NONE) {
        check_same_terms(doc, &a->payment.accepted, other, &b->payment.accepted);
        FUZZ_CHECK(x402_equal(doc, a->payment.payload, other, b->payment.payload));
    }
    if (a->settlement_fault == X402_FAULT_NONE) {
        FUZZ_CHECK(a->settlement.success == b->settlement.success);
        FUZZ_CHECK(assay_bytes_equal(a->settlement.transaction, b->settlement.transaction));
        FUZZ_CHECK(assay_bytes_equal(a->settlement.network, b->settlement.network));
        FUZZ_CHECK(assay_bytes_equal(a->settlement.error_reason, b->settlement.error_reason));
    }
}

/* The canonical form is read as the same. */
static void check_canonical(struct assay_arena *arena, const struct assay_json *doc,
                            const struct reading *r)
{
    struct assay_buf text = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
    char hash[X402_HASH_TEXT_BYTES], same[X402_HASH_TEXT_BYTES];
    struct assay_json other;
    struct reading again;

    if (assay_json_canonical(&text, doc, 0, NULL) == ASSAY_OK) {
        FUZZ_CHECK(x402_document_parse(&other, arena, assay_buf_view(&text), true, NULL) ==
                   ASSAY_OK);
        read_all(&again, arena, &other);
        check_same(doc, r, &other, &again);
        FUZZ_CHECK(x402_hash(hash, doc, 0, NULL) == ASSAY_OK);
        x402_hash_text(same, assay_buf_view(&text));
        FUZZ_CHECK(strcmp(hash, same) == 0);
    }
    assay_buf_fini(&text);
}

/* ---- offers ---- */

/* Whether every member of one is in the other with the same value, and there are no more. */
static bool is_same_offer(const json_t *a, const json_t *b)
{
    const char *name;
    json_t *member;

    json_object_foreach ((json_t *)(uintptr_t)a, name, member)
        if (!json_equal(member, json_object_get(b, name)))
            return false;
    return json_object_size(a) == json_object_size(b);
}

static void check_offers(const struct assay_json *doc, const struct reading *r, const json_t *e)
{
    const json_t *accepts = json_object_get(e, "accepts"), *paid = json_object_get(e, "accepted");

    if (r->required_fault != X402_FAULT_NONE || r->payment_fault != X402_FAULT_NONE)
        return;
    for (size_t i = 0; i < r->required.accept_count; i++) {
        uint32_t offer = r->required.accepts[i].token, accepted = r->payment.accepted.token;
        char hash[X402_HASH_TEXT_BYTES], same[X402_HASH_TEXT_BYTES];
        bool is_equal = x402_equal(doc, offer, doc, accepted);

        FUZZ_CHECK(is_equal == is_same_offer(json_array_get(accepts, i), paid));
        FUZZ_CHECK(x402_hash(hash, doc, offer, NULL) == ASSAY_OK);
        FUZZ_CHECK(x402_hash(same, doc, accepted, NULL) == ASSAY_OK);
        FUZZ_CHECK((strcmp(hash, same) == 0) == is_equal);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    struct assay_json doc;
    struct reading r;
    json_t *second;

    if (x402_document_parse(&doc, &arena, assay_bytes_of(data, size), true, NULL) == ASSAY_OK) {
        second = fuzz_second(doc.text);
        read_all(&r, &arena, &doc);
        check_canonical(&arena, &doc, &r);
        if (second != NULL && !fuzz_second_has_real(second)) {
            check_second(&r, second);
            check_offers(&doc, &r, second);
        }
        json_decref(second);
    }
    assay_arena_fini(&arena);
    return 0;
}
