/* What servers and facilitators say to each other: requests, answers and /supported are written as
 * they were read; whether goods may be handed out for an answer is asked of a second reading, by
 * another library and another rule; and nothing is published that is not in both lists, by a plain
 * nested loop. A document with two elements is two answers of /supported, the server's own and the
 * facilitator's. The last byte of an input chooses what is expected of a settlement. */
#include "fuzz.h"

#include "fuzz/lib/json_mutate.h"
#include "fuzz/lib/second.h"
#include "x402/facilitator.h"

enum { ARENA_BYTES = 1 << 25, WITH_AMOUNT = 1, WITH_PAYER = 2, WITH_SETTLER = 4, OPTIONS = 1 };

#define NETWORK "eip155:84532"
#define AMOUNT "10000"
#define PAYER "0xpayer"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return fuzz_json_mutate(data, size, max_size, OPTIONS, seed);
}

/* What was written is read, or has become too much by being written out. */
static bool read_again(struct assay_json *doc, struct assay_arena *arena, struct assay_buf *out)
{
    enum assay_code rc;

    if (out->bad == ASSAY_E_TOO_LARGE)
        return false;
    FUZZ_CHECK(assay_buf_ok(out));
    rc = x402_document_parse(doc, arena, assay_buf_view(out), true, NULL);
    FUZZ_CHECK(rc == ASSAY_OK || rc == ASSAY_E_TOO_LARGE);
    return rc == ASSAY_OK;
}

static bool is_same_value(const struct assay_json *a, uint32_t left, const struct assay_json *b,
                          uint32_t right)
{
    return assay_bytes_equal(assay_json_raw(a, left), assay_json_raw(b, right));
}

/* ---- requests ---- */

static bool is_same_terms(const struct x402_terms *a, const struct x402_terms *b)
{
    return assay_bytes_equal(a->scheme, b->scheme) && assay_bytes_equal(a->network, b->network) &&
           assay_bytes_equal(a->amount, b->amount) && assay_bytes_equal(a->asset, b->asset) &&
           assay_bytes_equal(a->pay_to, b->pay_to) && a->max_timeout_s == b->max_timeout_s;
}

static void check_request(struct assay_arena *arena, const struct assay_json *doc)
{
    struct assay_buf out = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
    struct x402_request request, again;
    struct assay_json other;
    uint32_t payload = assay_json_member(doc, 0, "paymentPayload");

    if (x402_request_read(&request, arena, doc, NULL) == X402_FAULT_NONE) {
        x402_request_write(&out,
                           &(struct x402_ask){
                               .payload = assay_json_raw(doc, payload),
                               .requirements = assay_json_raw(doc, request.requirements.token),
                               .resource = assay_json_raw(doc, request.resource),
                               .extensions = assay_json_raw(doc, request.extensions),
                               .request_hash = request.request_hash,
                           });
        if (read_again(&other, arena, &out)) {
            FUZZ_CHECK(x402_request_read(&again, arena, &other, NULL) == X402_FAULT_NONE);
            FUZZ_CHECK(is_same_terms(&request.requirements, &again.requirements));
            FUZZ_CHECK(is_same_terms(&request.payment.accepted, &again.payment.accepted));
            FUZZ_CHECK(is_same_value(doc, request.payment.payload, &other, again.payment.payload));
            FUZZ_CHECK(is_same_value(doc, request.resource, &other, again.resource));
            FUZZ_CHECK(is_same_value(doc, request.extensions, &other, again.extensions));
            FUZZ_CHECK(assay_bytes_equal(request.request_hash, again.request_hash));
        }
    }
    assay_buf_fini(&out);
}

/* ---- answers ---- */

/* One that may be left out, and is empty then or a text. */
static bool second_optional(struct assay_bytes *out, const json_t *object, const char *name)
{
    return fuzz_second_text(out, object, name) != NULL || json_object_get(object, name) == NULL;
}

static void check_verified(struct assay_arena *arena, const struct assay_json *doc,
                           const json_t *second)
{
    struct assay_buf out = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
    struct x402_verified verified, again;
    struct assay_json other;
    enum x402_fault fault = x402_verified_read(&verified, arena, doc, NULL);
    bool is_valid = fault == X402_FAULT_NONE && verified.is_valid;

    if (second != NULL)
        FUZZ_CHECK(!is_valid || json_is_true(json_object_get(second, "isValid")));
    if (fault == X402_FAULT_NONE) {
        x402_verified_write(&out, &verified);
        if (read_again(&other, arena, &out)) {
            FUZZ_CHECK(x402_verified_read(&again, arena, &other, NULL) == X402_FAULT_NONE);
            FUZZ_CHECK(again.is_valid == verified.is_valid);
            FUZZ_CHECK(assay_bytes_equal(again.payer, verified.payer));
            FUZZ_CHECK(assay_bytes_equal(again.invalid_reason, verified.invalid_reason));
            FUZZ_CHECK(is_same_value(doc, verified.extra, &other, again.extra));
        }
    }
    assay_buf_fini(&out);
}

/* Nothing of a list: each character by itself. */
static bool second_names_something(struct assay_bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < 0x21 || text.at[i] > 0x7E || text.at[i] == '"' || text.at[i] == '\'' ||
            text.at[i] == '\\' || text.at[i] == '<' || text.at[i] == '>')
            return false;
    return text.len >= 1 && text.len <= 256;
}

static bool is_empty_or(struct assay_bytes text, struct assay_bytes expected)
{
    return text.len == 0 || expected.len == 0 || assay_bytes_equal(text, expected);
}

/* Whether goods may be handed out, by the sentences of the digest (x402 v2, sections 2.3 and 4). */
static bool second_is_good(const json_t *said, const struct x402_expected *expected)
{
    const json_t *extensions = json_object_get(said, "extensions");
    struct assay_bytes transaction, network, amount, payer, reason;

    if (!json_is_true(json_object_get(said, "success")) ||
        fuzz_second_text(&transaction, said, "transaction") == NULL ||
        fuzz_second_text(&network, said, "network") == NULL ||
        !second_optional(&amount, said, "amount") || !second_optional(&payer, said, "payer") ||
        !second_optional(&reason, said, "errorReason"))
        return false;
    if (extensions != NULL && (!json_is_object(extensions) || json_object_size(extensions) > 32))
        return false;
    return reason.len == 0 && second_names_something(transaction) &&
           assay_bytes_equal(network, expected->network) && is_empty_or(amount, expected->amount) &&
           is_empty_or(payer, expected->payer);
}

static void check_settled_again(const struct x402_settled *a, const struct x402_settled *b)
{
    FUZZ_CHECK(a->state == b->state && a->said.success == b->said.success);
    FUZZ_CHECK(a->has_transaction == b->has_transaction);
    FUZZ_CHECK(a->is_same_network == b->is_same_network);
    FUZZ_CHECK(a->is_same_amount == b->is_same_amount && a->is_same_payer == b->is_same_payer);
    FUZZ_CHECK(assay_bytes_equal(a->said.transaction, b->said.transaction));
    FUZZ_CHECK(assay_bytes_equal(a->said.error_reason, b->said.error_reason));
    FUZZ_CHECK(is_same_value(a->said.doc, a->said.extensions, b->said.doc, b->said.extensions));
}

static void check_settled(struct assay_arena *arena, const struct assay_json *doc,
                          const json_t *second, uint8_t options)
{
    const struct x402_expected expected = {
        .network = ASSAY_LIT(NETWORK),
        .amount = options & WITH_AMOUNT ? ASSAY_LIT(AMOUNT) : ASSAY_LIT(""),
        .payer = options & WITH_PAYER ? ASSAY_LIT(PAYER) : ASSAY_LIT(""),
    };
    struct assay_buf out = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
    struct x402_settled settled, again;
    struct assay_json other;
    enum x402_fault fault = x402_settled_read(&settled, arena, doc, &expected, NULL);
    bool is_good = fault == X402_FAULT_NONE && x402_settled_is_good(&settled);

    if (second != NULL)
        FUZZ_CHECK(is_good == second_is_good(second, &expected));
    if (fault == X402_FAULT_NONE) {
        x402_settlement_write(&out, &settled.said);
        if (read_again(&other, arena, &out)) {
            FUZZ_CHECK(x402_settled_read(&again, arena, &other, &expected, NULL) ==
                       X402_FAULT_NONE);
            check_settled_again(&settled, &again);
            FUZZ_CHECK(x402_settled_is_good(&again) == is_good);
        }
    }
    assay_buf_fini(&out);
}

/* ---- /supported ---- */

static bool is_same_kind(const struct x402_kind *a, const struct x402_kind *b)
{
    return a->version == b->version && assay_bytes_equal(a->scheme, b->scheme) &&
           assay_bytes_equal(a->network, b->network);
}

/* Whether both lists have a mode of a kind. */
static bool is_in_both(const struct x402_kind *own, const struct x402_supported *listed,
                       unsigned mode, bool has_settler)
{
    bool is_special = mode == X402_MODE_CLAIM || mode == X402_MODE_REFUND;

    if ((own->modes & mode) == 0 || own->modes_state == X402_MODES_WRONG ||
        (is_special && (!has_settler || !assay_bytes_is(own->scheme, "batch-settlement"))))
        return false;
    for (size_t i = 0; i < listed->kind_count; i++)
        if (is_same_kind(own, &listed->kinds[i]) && (listed->kinds[i].modes & mode) != 0 &&
            listed->kinds[i].modes_state != X402_MODES_WRONG)
            return true;
    return false;
}

/* The modes that may be published of a kind, one after the other. */
static unsigned modes_in_both(const struct x402_kind *own, const struct x402_supported *listed,
                              bool has_settler)
{
    static const unsigned all[] = {X402_MODE_VERIFY, X402_MODE_SETTLE, X402_MODE_CLAIM,
                                   X402_MODE_REFUND};
    unsigned found = 0;

    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        found |= is_in_both(own, listed, all[i], has_settler) ? all[i] : 0;
    return found;
}

static void check_publish(struct assay_arena *arena, const struct x402_supported *own,
                          const struct x402_supported *listed, bool has_settler)
{
    struct assay_buf out = ASSAY_BUF_INIT(X402_DECODED_MAX_BYTES);
    struct x402_kind published[X402_KINDS_MAX_ITEMS];
    size_t count = x402_kinds_publish(published, own->kinds, own->kind_count, listed->kinds,
                                      listed->kind_count, has_settler);
    struct x402_supported again;
    struct assay_json other;
    size_t seen = 0;

    for (size_t i = 0; i < own->kind_count; i++) {
        unsigned both = modes_in_both(&own->kinds[i], listed, has_settler);

        if (both == 0)
            continue;
        FUZZ_CHECK(seen < count && is_same_kind(&published[seen], &own->kinds[i]));
        FUZZ_CHECK(published[seen].extra == own->kinds[i].extra);
        FUZZ_CHECK(published[seen].modes == both);
        seen++;
    }
    FUZZ_CHECK(seen == count);
    x402_supported_write(&out, published, count, ASSAY_LIT(""), ASSAY_LIT(""));
    if (read_again(&other, arena, &out)) {
        FUZZ_CHECK(x402_supported_read(&again, arena, &other, NULL) == X402_FAULT_NONE);
        FUZZ_CHECK(again.kind_count == count && again.left_out == 0);
        for (size_t i = 0; i < count; i++) {
            FUZZ_CHECK(is_same_kind(&again.kinds[i], &published[i]));
            FUZZ_CHECK(again.kinds[i].modes_state != X402_MODES_WRONG);
            FUZZ_CHECK((again.kinds[i].modes & ~published[i].modes) == 0);
        }
    }
    assay_buf_fini(&out);
}

static bool read_supported(struct x402_supported *out, struct assay_arena *arena,
                           struct assay_json *doc, struct assay_bytes text)
{
    return x402_document_parse(doc, arena, text, true, NULL) == ASSAY_OK &&
           x402_supported_read(out, arena, doc, NULL) == X402_FAULT_NONE;
}

static void check_supported(struct assay_arena *arena, const struct assay_json *doc,
                            bool has_settler)
{
    uint32_t first = 0, second = 0;
    struct x402_supported own, listed;
    struct assay_json own_doc, listed_doc;

    if (assay_json_type(doc, 0) == ASSAY_JSON_ARRAY && doc->tokens[0].count == 2) {
        first = assay_json_first(doc, 0);
        second = assay_json_next_sibling(doc, 0, first);
    }
    if (read_supported(&own, arena, &own_doc, assay_json_raw(doc, first)) &&
        read_supported(&listed, arena, &listed_doc, assay_json_raw(doc, second)))
        check_publish(arena, &own, &listed, has_settler);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    uint8_t options = size > 0 ? data[size - 1] : 0;
    struct assay_bytes text = assay_bytes_of(data, size > 0 ? size - 1 : 0);
    struct assay_json doc;
    enum assay_code rc = x402_document_parse(&doc, &arena, text, true, NULL);
    json_t *second = rc == ASSAY_OK ? fuzz_second(doc.text) : NULL;

    FUZZ_CHECK(rc != ASSAY_E_NOMEM);
    if (rc == ASSAY_OK) {
        FUZZ_CHECK(second == NULL || fuzz_second_agrees(&doc, 0, second));
        check_request(&arena, &doc);
        check_verified(&arena, &doc, second);
        check_settled(&arena, &doc, second, options);
        check_supported(&arena, &doc, (options & WITH_SETTLER) != 0);
    }
    json_decref(second);
    assay_arena_fini(&arena);
    return 0;
}
