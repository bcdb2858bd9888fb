/* What came of batch payments: the official responses are read and written, what breaks them is
 * refused, and what a client believes of them. */
#include "ref/tests/kx_batch_world.h"
#include "ref/tests/upstream.h"
#include "ref/tests/x402_docs.h"

#include "base/hex.h"
#include "kaspa_x402/batch_settlement.h"
#include "kaspa_x402/settlement.h"

#define FOLDER "kaspa-x402/vectors/settlement-response/"
#define V3 (&kx_batch_bindings[2])
#define OK KX_LOCAL_NONE
#define SETTLEMENT KX_LOCAL_SETTLEMENT
#define K "extensions.kaspa."
#define H64 "ABCDEF7171717171717171717171717171717171717171717171717171717171"
#define L64 "abcdef7171717171717171717171717171717171717171717171717171717171"

static enum kx_local read_settled(struct kx_batch_settled *out, struct assay_arena *arena,
                                  const json_t *response, enum kx_payload_type type,
                                  struct assay_err *err)
{
    struct assay_json *doc = assay_arena_alloc(arena, sizeof(*doc));

    cr_assert_not_null(doc);
    *doc = doc_of_value(arena, response);
    return kx_batch_settlement_read(out, arena, doc, V3, type, err);
}

/* ---- the official ones ---- */

static const struct {
    const char *file;
    enum kx_payload_type type;
} official[] = {
    {FOLDER "deposit-voucher-success.json", KX_PAYLOAD_DEPOSIT},
    {FOLDER "voucher-only-success.json", KX_PAYLOAD_VOUCHER},
    {FOLDER "claim-success.json", KX_PAYLOAD_CLAIM},
    {FOLDER "refund-success.json", KX_PAYLOAD_REFUND},
};

static json_t *official_response(enum kx_payload_type type)
{
    json_t *vector = upstream_load(official[type].file);
    json_t *response = json_deep_copy(json_object_get(vector, "response"));

    json_decref(vector);
    return response;
}

Test(kx_batch_settlement, of_the_official_responses_is_read_and_written_again)
{
    for (int type = 0; type < KX_PAYLOAD__COUNT; type++) {
        json_t *response = official_response((enum kx_payload_type)type);
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
        struct assay_buf text = ASSAY_BUF_INIT(8192);
        struct kx_batch_settled settled;
        struct assay_err err = {0};
        char *sorted = json_dumps(response, JSON_COMPACT | JSON_SORT_KEYS);

        cr_assert_eq(read_settled(&settled, &arena, response, (enum kx_payload_type)type, &err), OK,
                     "%s: %s", official[type].file, err.text);
        kx_batch_settlement_write(&text, &settled);
        cr_expect_str_eq(assay_buf_cstr(&text), sorted, "%s", official[type].file);
        free(sorted);
        assay_buf_fini(&text);
        assay_arena_fini(&arena);
        json_decref(response);
    }
}

Test(kx_batch_settlement, of_the_second_binding_has_that_bindings_state)
{
    json_t *vector =
        upstream_load("kaspa-x402/older/escrow-v2/vectors/settlement-response/claim-success.json");
    json_t *response = json_object_get(vector, "response");
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct assay_json doc = doc_of_value(&arena, response);
    struct assay_buf text = ASSAY_BUF_INIT(8192);
    struct kx_batch_settled settled;
    struct assay_err err = {0};
    char *sorted = json_dumps(response, JSON_COMPACT | JSON_SORT_KEYS);

    cr_expect_eq(kx_batch_settlement_read(&settled, &arena, &doc, V3, KX_PAYLOAD_CLAIM, &err),
                 SETTLEMENT);
    err = (struct assay_err){0};
    cr_assert_eq(kx_batch_settlement_read(&settled, &arena, &doc, &kx_batch_bindings[1],
                                          KX_PAYLOAD_CLAIM, &err),
                 OK, "%s", err.text);
    kx_batch_settlement_write(&text, &settled);
    cr_expect_str_eq(assay_buf_cstr(&text), sorted);
    free(sorted);
    assay_buf_fini(&text);
    assay_arena_fini(&arena);
    json_decref(vector);
}

Test(kx_batch_settlement, of_the_official_failure_is_one)
{
    json_t *vector = upstream_load(FOLDER "failure.json");
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct kx_batch_settled settled;
    struct assay_err err = {0};

    cr_expect_eq(read_settled(&settled, &arena, json_object_get(vector, "response"),
                              KX_PAYLOAD_VOUCHER, &err),
                 SETTLEMENT);
    cr_expect(strstr(err.text, "failed") != NULL, "%s", err.text);
    assay_arena_fini(&arena);
    json_decref(vector);
}

/* ---- what breaks them ---- */

static const struct {
    const char *name;
    enum kx_payload_type type;
    const char *member, *value;
    enum kx_local local;
} rows[] = {
    {"extra", KX_PAYLOAD_VOUCHER, "extra", "{}", SETTLEMENT},
    {"no amount", KX_PAYLOAD_VOUCHER, "amount", NULL, SETTLEMENT},
    {"no network", KX_PAYLOAD_VOUCHER, "network", NULL, SETTLEMENT},
    {"mainnet", KX_PAYLOAD_VOUCHER, "network", "\"kaspa:mainnet\"", SETTLEMENT},
    {"transaction empty", KX_PAYLOAD_VOUCHER, "transaction", "\"\"", KX_LOCAL_TRANSACTION},
    {"transaction another", KX_PAYLOAD_VOUCHER, "transaction", "\"" H64 "\"", KX_LOCAL_TRANSACTION},
    {"no payer", KX_PAYLOAD_VOUCHER, "payer", NULL, OK},
    {"more", KX_PAYLOAD_VOUCHER, K "note", "1", OK},
    {"no extension", KX_PAYLOAD_VOUCHER, "extensions", NULL, SETTLEMENT},
    {"no commitment", KX_PAYLOAD_VOUCHER, K "commitmentId", NULL, SETTLEMENT},
    {"no charge", KX_PAYLOAD_VOUCHER, K "chargedAmount", NULL, SETTLEMENT},
    {"charge another (B112)", KX_PAYLOAD_VOUCHER, K "chargedAmount", "\"699999\"", SETTLEMENT},
    {"amount above 63 bits", KX_PAYLOAD_VOUCHER, "amount", "\"9223372036854775808\"", SETTLEMENT},
    {"no covenant", KX_PAYLOAD_VOUCHER, K "covenantId", NULL, SETTLEMENT},
    {"covenant of zeros in the state", KX_PAYLOAD_VOUCHER, K "channelState.covenantId",
     "\"0000000000000000000000000000000000000000000000000000000000000000\"", SETTLEMENT},
    {"covenant another", KX_PAYLOAD_VOUCHER, K "covenantId", "\"" H64 "\"", SETTLEMENT},
    {"no state", KX_PAYLOAD_VOUCHER, K "channelState", NULL, SETTLEMENT},
    {"state empty", KX_PAYLOAD_VOUCHER, K "channelState", "{}", SETTLEMENT},
    {"state with A", KX_PAYLOAD_VOUCHER, K "channelState.chargedCumulativeAmount", "\"1\"",
     SETTLEMENT},
    {"S above T", KX_PAYLOAD_VOUCHER, K "channelState.claimedCumulativeAmount", "\"1700001\"",
     SETTLEMENT},
    {"T - S above V", KX_PAYLOAD_VOUCHER, K "channelState.fundingAmount", "\"1699999\"",
     SETTLEMENT},
    {"funding without a deposit", KX_PAYLOAD_VOUCHER, K "fundingAmount", "\"90000000\"", OK},
    {"a signature (B95)", KX_PAYLOAD_VOUCHER, K "channelState.signature", "\"" H64 H64 "\"",
     KX_LOCAL_SIGNATURE},
    {"a voucher state (B95)", KX_PAYLOAD_VOUCHER, K "voucherState", "{}", KX_LOCAL_SIGNATURE},
    {"a signature by another name (B95)", KX_PAYLOAD_VOUCHER, K "note", "[\"sig=" H64 H64 ";\"]",
     KX_LOCAL_SIGNATURE},
    {"a signature with its type", KX_PAYLOAD_VOUCHER, K "note", "\"" H64 H64 "01\"", OK},
    {"a deposit without its principal", KX_PAYLOAD_DEPOSIT, K "fundingAmount", NULL, SETTLEMENT},
    {"a deposit of another principal", KX_PAYLOAD_DEPOSIT, K "fundingAmount", "\"90000001\"",
     SETTLEMENT},
    {"a claim without its output", KX_PAYLOAD_CLAIM, K "claimOutpoint", NULL, SETTLEMENT},
    {"a claim's output 1", KX_PAYLOAD_CLAIM, K "claimOutpoint.index", "1", SETTLEMENT},
    {"a claim's output of another", KX_PAYLOAD_CLAIM, K "claimOutpoint.txid", "\"" H64 "\"",
     SETTLEMENT},
    {"a successor at 0", KX_PAYLOAD_CLAIM, K "continuationOutpoint.index", "0", SETTLEMENT},
    {"a state before the claim", KX_PAYLOAD_CLAIM, K "channelState.activeOutpoint.index", "2",
     SETTLEMENT},
    {"a claim has no charge", KX_PAYLOAD_CLAIM, K "note", "1", OK},
    {"a refund without its address", KX_PAYLOAD_REFUND, K "refundAddress", NULL, SETTLEMENT},
    {"a refund without its channel", KX_PAYLOAD_REFUND, K "channelId", NULL, SETTLEMENT},
};

Test(kx_batch_settlement, is_refused_for_what_is_wrong)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_t *response = official_response(rows[i].type);
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
        struct kx_batch_settled settled;
        struct assay_err err = {0};
        enum kx_local local;

        kx_world_edit(response, rows[i].member, rows[i].value);
        local = read_settled(&settled, &arena, response, rows[i].type, &err);
        cr_expect_eq(local, rows[i].local, "row: %s: %s: %s", rows[i].name, kx_local_text(local),
                     err.text);
        cr_expect_eq(err.text[0] != '\0', local != OK, "row: %s", rows[i].name);
        assay_arena_fini(&arena);
        json_decref(response);
    }
}

/* ---- what a client believes ---- */

static const char head_spk[] = "\x00\x00\xaa\x20";

/* What the client knows after the request of section 5.5. */
static struct kx_channel_view known_view(void)
{
    struct kx_channel_view view = {
        .binding = V3,
        .outpoint.index = 2,
        .spk = assay_bytes_of(head_spk, 4),
        .accounts = {.funding = 90000000,
                     .authorized = 25000000,
                     .charged = 25000000,
                     .claimed = 17000000,
                     .reserve = 2000000},
    };

    memset(view.channel_id, 0x59, sizeof(view.channel_id));
    memset(view.covenant_id.at, 0xf0, sizeof(view.covenant_id.at));
    memset(view.outpoint.txid.at, 0x44, sizeof(view.outpoint.txid.at));
    return view;
}

static struct kx_channel_state told_state(const struct kx_channel_view *known)
{
    struct kx_channel_state state = {
        .covenant_id = known->covenant_id,
        .outpoint = known->outpoint,
        .spk = known->spk,
        .funding = known->accounts.funding,
        .authorized = known->accounts.authorized,
        .charged = known->accounts.charged,
        .claimed = known->accounts.claimed,
    };

    memcpy(state.channel_id, known->channel_id, sizeof(state.channel_id));
    return state;
}

/* B94, section 6.5. */
Test(kx_batch_settlement, corrects_a_client_only_to_what_it_knows)
{
    static const struct {
        const char *name;
        size_t offset; /* of the number in the state that is changed */
        int64_t by;
        enum kx_local local;
    } told[] = {
        {"as it is", offsetof(struct kx_channel_state, funding), 0, OK},
        {"another channel", offsetof(struct kx_channel_state, channel_id), 1, KX_LOCAL_CHANNEL},
        {"another lineage", offsetof(struct kx_channel_state, covenant_id), 1, KX_LOCAL_BINDING},
        {"another head (B94)", offsetof(struct kx_channel_state, outpoint), 1, KX_LOCAL_OUTPOINT},
        {"more funding", offsetof(struct kx_channel_state, funding), 1, KX_LOCAL_AMOUNT},
        {"less claimed", offsetof(struct kx_channel_state, claimed), -1, KX_LOCAL_AMOUNT},
        {"a total above ours (B94)", offsetof(struct kx_channel_state, authorized), 1,
         KX_LOCAL_AMOUNT},
        {"a total below ours", offsetof(struct kx_channel_state, authorized), -1000000, OK},
        {"charges above ours", offsetof(struct kx_channel_state, charged), 1, KX_LOCAL_AMOUNT},
    };

    for (size_t i = 0; i < ARRAY_LEN(told); i++) {
        struct kx_channel_view view = known_view();
        struct kx_channel_state state = told_state(&view);
        struct assay_err err = {0};
        uint64_t number;

        memcpy(&number, (const uint8_t *)&state + told[i].offset, sizeof(number));
        number += (uint64_t)told[i].by;
        memcpy((uint8_t *)&state + told[i].offset, &number, sizeof(number));
        cr_expect_eq(kx_channel_state_judge(&state, &view, &err), told[i].local, "row: %s: %s",
                     told[i].name, err.text);
        cr_expect_eq(err.text[0] != '\0', told[i].local != OK, "row: %s", told[i].name);
    }
}

/* Of the first binding, whose channels are of a coin and of no lineage. */
Test(kx_batch_settlement, corrects_a_client_of_the_first_binding_without_a_lineage)
{
    struct kx_channel_view view = known_view();
    struct kx_channel_state state = told_state(&view);
    struct kaspa_hash other = view.covenant_id;

    other.at[0] ^= 1;
    view.binding = &kx_batch_bindings[0];
    state.covenant_id = other;
    cr_expect_eq(kx_channel_state_judge(&state, &view, NULL), OK);
    state.outpoint.index++;
    cr_expect_eq(kx_channel_state_judge(&state, &view, NULL), KX_LOCAL_OUTPOINT);
}

Test(kx_batch_settlement, of_the_first_binding_is_read_as_it_was_written)
{
    static const char *const payers[] = {"", "kaspatest:somebody"};
    const struct kx_channel_view view = known_view();

    for (size_t i = 0; i < ARRAY_LEN(payers); i++) {
        struct kx_batch_settled settled = {.binding = &kx_batch_bindings[0],
                                           .type = KX_PAYLOAD_VOUCHER,
                                           .network = ASSAY_LIT("kaspa:testnet-10"),
                                           .payer = assay_str(payers[i]),
                                           .amount = 1000000,
                                           .state = told_state(&view)};
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
        struct assay_buf text = ASSAY_BUF_INIT(8192), again = ASSAY_BUF_INIT(8192);
        struct kx_batch_settled read;
        struct assay_err err = {0};
        struct assay_json doc;

        memset(settled.id, 0x71, sizeof(settled.id));
        kx_batch_settlement_write(&text, &settled);
        cr_expect_null(strstr(assay_buf_cstr(&text), "covenantId"));
        doc = doc_of(&arena, assay_buf_cstr(&text));
        cr_assert_eq(
            kx_batch_settlement_read(&read, &arena, &doc, settled.binding, settled.type, &err), OK,
            "%s: %s", err.text, assay_buf_cstr(&text));
        cr_expect(assay_bytes_equal(read.payer, settled.payer));
        kx_batch_settlement_write(&again, &read);
        cr_expect_str_eq(assay_buf_cstr(&again), assay_buf_cstr(&text));
        assay_buf_fini(&text);
        assay_buf_fini(&again);
        assay_arena_fini(&arena);
    }
}

Test(kx_batch_settlement, corrects_no_client_to_another_script)
{
    struct kx_channel_view view = known_view();
    struct kx_channel_state state = told_state(&view);

    state.spk = ASSAY_LIT("\x00\x01\xaa\x20");
    cr_expect_eq(kx_channel_state_judge(&state, &view, NULL), KX_LOCAL_OUTPOINT);
}

static struct kx_commitment known_commitment(void)
{
    struct kx_channel_view view = known_view();
    struct kx_commitment c = {.covenant_id = view.covenant_id,
                              .outpoint = view.outpoint,
                              .voucher_amount = 25000000,
                              .charge = 1000000,
                              .before = 24000000,
                              .after = 25000000,
                              .claimed = 17000000};

    memcpy(c.channel_id, view.channel_id, sizeof(c.channel_id));
    return c;
}

/* B111: each member of the preimage, and B112. */
Test(kx_batch_settlement, is_believed_of_the_very_request_alone)
{
    static const struct {
        const char *name;
        size_t offset; /* of a byte of the commitment that is changed */
    } bytes[] = {
        {"channel", offsetof(struct kx_commitment, channel_id)},
        {"fingerprint", offsetof(struct kx_commitment, fingerprint)},
        {"requirements", offsetof(struct kx_commitment, requirements)},
        {"covenant", offsetof(struct kx_commitment, covenant_id)},
        {"presentation", offsetof(struct kx_commitment, presentation)},
        {"outpoint", offsetof(struct kx_commitment, outpoint)},
        {"index", offsetof(struct kx_commitment, outpoint.index)},
        {"voucher", offsetof(struct kx_commitment, voucher_signature)},
        {"charge", offsetof(struct kx_commitment, charge)},
        {"before", offsetof(struct kx_commitment, before)},
        {"after", offsetof(struct kx_commitment, after)},
        {"claimed", offsetof(struct kx_commitment, claimed)},
    };
    const struct kx_channel_view view = known_view();
    const struct kx_commitment right = known_commitment();
    struct kx_batch_settled told = {.binding = V3, .amount = 1000000, .state = told_state(&view)};

    kx_commitment_id(told.id, V3, &right);
    cr_expect_eq(kx_batch_settlement_judge(&told, &view, &right, NULL), OK);
    for (size_t i = 0; i < ARRAY_LEN(bytes); i++) {
        struct kx_commitment other = right;
        struct assay_err err = {0};

        ((uint8_t *)&other)[bytes[i].offset] ^= 1;
        cr_expect_eq(kx_batch_settlement_judge(&told, &view, &other, &err), KX_LOCAL_TRANSACTION,
                     "%s: %s", bytes[i].name, err.text);
    }
    told.amount++;
    cr_expect_eq(kx_batch_settlement_judge(&told, &view, &right, NULL), KX_LOCAL_AMOUNT);
    told.amount--;
    told.state.authorized -= 1000000;
    cr_expect_eq(kx_batch_settlement_judge(&told, &view, &right, NULL), KX_LOCAL_AMOUNT);
    told.state.authorized += 2000000;
    cr_expect_eq(kx_batch_settlement_judge(&told, &view, &right, NULL), KX_LOCAL_AMOUNT);
}

/* ---- signatures (B95) ---- */

#define KASPA(value) "{\"extensions\":{\"kaspa\":" value "}}"
#define EXTRA(value) "{\"accepts\":[{\"extra\":{}},{\"extra\":" value "}]}"
#define OTHERS(value) "{\"extensions\":{\"kaspa\":{},\"other\":" value "}}"

Test(kx_batch_settlement, tells_no_signature_in_any_answer)
{
    static const struct {
        const char *name, *text;
        bool leaks;
    } texts[] = {
        {"lower case", KASPA("{\"a\":[\"" L64 L64 "\"]}"), true},
        {"capitals", KASPA("{\"a\":\"" H64 H64 "\"}"), true},
        {"as a name", KASPA("{\"" L64 L64 "\":1}"), true},
        {"instead of an object", KASPA("\"" L64 L64 "\""), true},
        {"with an escape",
         KASPA("{\"a\":\"\\u0061bcdef7171717171717171717171717171717171717171717171717171717171" L64
               "\"}"),
         true},
        {"within words", KASPA("{\"a\":\"x " L64 L64 " y\"}"), true},
        {"a name of one", KASPA("{\"voucherSignature\":null}"), true},
        {"it with an escape", KASPA("{\"a\":[{\"\\u0073ignature\":\"00\"}]}"), true},
        {"in a corrective state", EXTRA("{\"channelState\":{\"signature\":\"00\"}}"), true},
        {"in an older one", EXTRA("{\"voucherState\":{}}"), true},
        {"by any name there", EXTRA("{\"a\":\"" L64 L64 "\"}"), true},
        {"in the first of two offers",
         "{\"accepts\":[{\"extra\":{\"signature\":\"00\"}},{\"extra\":{}}]}", true},
        {"two hashes", KASPA("{\"a\":\"" L64 "\",\"b\":\"" L64 "\"}"), false},
        {"a longer run", KASPA("{\"a\":\"" L64 L64 "0\"}"), false},
        {"a value that is no name", KASPA("{\"required\":[\"signature\"]}"), false},
        {"nothing", "{}", false},
        {"no objects", "{\"extensions\":[1],\"accepts\":{\"a\":1}}", false},
        {"an offer's signature", OTHERS("{\"receipt\":{\"signature\":\"0x00\"}}"), false},
        {"a schema's", OTHERS("{\"schema\":{\"required\":[\"signature\"]}}"), false},
        {"a hash of 64 bytes", OTHERS("{\"sha512\":\"" L64 L64 "\"}"), false},
        {"a payer of that name", "{\"payer\":\"signature\"}", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 16);
        struct assay_json doc = doc_of(&arena, texts[i].text);
        struct assay_err err = {0};

        cr_expect_eq(kx_holds_no_signature(&doc, &err) == ASSAY_E_DENIED, texts[i].leaks, "row: %s",
                     texts[i].name);
        cr_expect(strstr(err.text, "abcdef") == NULL, "an error tells it too");
        assay_arena_fini(&arena);
    }
}

/* What cannot be looked at is not passed for clean. */
Test(kx_batch_settlement, tells_that_there_is_no_memory_to_look)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 16);
    struct assay_json doc = doc_of(&arena, KASPA("{\"a\":\"\\u0061\"}"));
    struct assay_err err = {0};

    (void)assay_alloc_fail_after(0);
    cr_expect_eq(kx_holds_no_signature(&doc, &err), ASSAY_E_NOMEM);
    (void)assay_alloc_fail_after(SIZE_MAX);
    cr_expect_eq(err.code, ASSAY_E_NOMEM);
    cr_expect_eq(kx_holds_no_signature(&doc, NULL), ASSAY_OK);
    assay_arena_fini(&arena);
}

Test(kx_batch_settlement, finds_the_very_signature_in_any_text)
{
    uint8_t signature[ASSAY_SIG_BYTES];

    cr_assert_eq(assay_hex_decode(signature, sizeof(signature), ASSAY_LIT(L64 H64), false),
                 ASSAY_OK);
    cr_expect(kx_text_holds_signature(ASSAY_LIT(L64 L64), signature));
    cr_expect(kx_text_holds_signature(ASSAY_LIT("aab" H64 L64 "cd"), signature));
    cr_expect_not(kx_text_holds_signature(ASSAY_LIT(L64), signature));
    cr_expect_not(kx_text_holds_signature(ASSAY_LIT(""), signature));
    cr_expect(kx_text_holds_signature(
        ASSAY_LIT(
            "\"\\u0061\\u0042cdef7171717171717171717171717171717171717171717171717171717171" L64
            "\""),
        signature));
    cr_expect_not(kx_text_holds_signature(ASSAY_LIT(L64 "\\u00"), signature));
    cr_expect_not(kx_text_holds_signature(ASSAY_LIT("\\u00zz" L64 L64 "\\u"), (uint8_t[64]){0}));
    cr_expect(kx_text_holds_signature(ASSAY_LIT("\\u00zz" L64 L64 "\\uzzzz"), signature));
    signature[63] ^= 1;
    cr_expect_not(kx_text_holds_signature(ASSAY_LIT(L64 L64), signature));
}

/* 64 bytes of ones are 85 times the last letter of the alphabet, and w. */
Test(kx_batch_settlement, finds_the_very_signature_in_base64)
{
    static const struct {
        const char *name, *letter, *end;
        bool is_it;
    } forms[] = {
        {"as it is", "/", "w==", true},
        {"without padding", "/", "w", true},
        {"as JSON may write it", "\\/", "w==", true},
        {"or write it longer", "\\u002f", "w==", true},
        {"for addresses", "_", "w", true},
        {"of another", "/", "g==", false},
        {"of another letter", "+", "w==", false},
        {"too short", "/", "", false},
    };
    uint8_t signature[ASSAY_SIG_BYTES];

    memset(signature, 0xff, sizeof(signature));
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        struct assay_buf text = ASSAY_BUF_INIT(1024);

        assay_buf_add_str(&text, "x\"");
        for (int k = 0; k < 85; k++)
            assay_buf_add_str(&text, forms[i].letter);
        assay_buf_add_str(&text, forms[i].end);
        cr_expect_eq(kx_text_holds_signature(assay_buf_view(&text), signature), forms[i].is_it,
                     "row: %s", forms[i].name);
        assay_buf_fini(&text);
    }
}

Test(kx_batch_settlement, of_a_failure_and_of_a_correction_tell_no_signature)
{
    static const struct {
        const char *file, *member;
    } files[] = {
        {FOLDER "corrective-402.json", "response"},
        {FOLDER "corrective-402.json", "correctivePaymentRequired"},
        {FOLDER "failure.json", "response"},
    };

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        json_t *vector = upstream_load(files[i].file);
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
        struct assay_json doc = doc_of_value(&arena, json_object_get(vector, files[i].member));
        struct assay_err err = {0};

        cr_expect_eq(kx_holds_no_signature(&doc, &err), ASSAY_OK, "%s: %s", files[i].file,
                     err.text);
        assay_arena_fini(&arena);
        json_decref(vector);
    }
}
