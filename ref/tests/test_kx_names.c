/* The names that the Kaspa x402 bindings share, times, and the redeem script of heads. */
#include "kaspa_x402/exact_payment.h"
#include "ref/tests/guard.h"

#include <criterion/criterion.h>

static const struct {
    enum kx_local local;
    const char *text, *wire;
} locals[] = {
    {KX_LOCAL_NONE, "", ""},
    {KX_LOCAL_VERSION, "invalid_kaspa_x402_version", "invalid_x402_version"},
    {KX_LOCAL_SCHEME, "invalid_kaspa_x402_scheme", "invalid_scheme"},
    {KX_LOCAL_NETWORK, "invalid_kaspa_x402_network", "invalid_network"},
    {KX_LOCAL_ASSET, "invalid_kaspa_x402_asset", "invalid_payment_requirements"},
    {KX_LOCAL_AMOUNT, "invalid_kaspa_x402_amount", "invalid_payment_requirements"},
    {KX_LOCAL_BINDING, "invalid_kaspa_x402_binding", "invalid_payment_requirements"},
    {KX_LOCAL_ACCEPTED, "invalid_kaspa_x402_accepted", "invalid_payment_requirements"},
    {KX_LOCAL_PAYLOAD, "invalid_kaspa_x402_payload", "invalid_payload"},
    {KX_LOCAL_PAYLOAD_TYPE, "invalid_kaspa_payment_payload_type", "invalid_payload"},
    {KX_LOCAL_PUBLIC_KEY, "invalid_kaspa_public_key", "invalid_payload"},
    {KX_LOCAL_SIGNATURE, "invalid_kaspa_signature", "invalid_payload"},
    {KX_LOCAL_HEX, "invalid_kaspa_hex", "invalid_payload"},
    {KX_LOCAL_IDENTIFIER, "invalid_kaspa_payment_identifier", "invalid_payload"},
    {KX_LOCAL_NO_IDENTIFIER, "missing_kaspa_payment_identifier", "invalid_payload"},
    {KX_LOCAL_SETTLEMENT, "invalid_kaspa_settlement_response", "invalid_transaction_state"},
    {KX_LOCAL_TRANSACTION, "invalid_kaspa_transaction", "invalid_transaction_state"},
    {KX_LOCAL_OUTPOINT, "invalid_kaspa_outpoint", "invalid_transaction_state"},
    {KX_LOCAL_CHANNEL, "invalid_kaspa_channel_id", "invalid_transaction_state"},
    {KX_LOCAL_IDENTIFIER_CONFLICT, "kaspa_payment_identifier_conflict",
     "invalid_transaction_state"},
    {KX_LOCAL_REPLAY, "exact_payment_replay", "invalid_transaction_state"},
    {KX_LOCAL_UNSUPPORTED_SCHEME, "unsupported_scheme", "unsupported_scheme"},
    {KX_LOCAL_FACILITATOR_ACTION, "unsupported_kaspa_facilitator_action", "unsupported_scheme"},
};

Test(kx_names, every_diagnostic_has_its_text_and_the_wire_reason_of_the_error_table)
{
    cr_assert_eq(ARRAY_LEN(locals), KX_LOCAL__COUNT);
    for (size_t i = 0; i < ARRAY_LEN(locals); i++) {
        cr_expect_str_eq(kx_local_text(locals[i].local), locals[i].text);
        cr_expect_str_eq(kx_wire_text(kx_wire_of(locals[i].local)), locals[i].wire, "row: %s",
                         locals[i].text);
    }
    cr_expect_str_eq(kx_wire_text(KX_WIRE_SETTLE), "unexpected_settle_error");
}

Test(kx_names, only_canonical_network_names_are_found)
{
    static const char *const aliases[] = {"",
                                          "mainnet",
                                          "testnet-10",
                                          "tn10",
                                          "kaspa:testnet-11",
                                          "KASPA:TESTNET-10",
                                          "kaspa:",
                                          "kaspa:testnet-10 ",
                                          "kaspa:testnet-1",
                                          "kaspa:simnet"};
    enum kaspa_network network = KASPA_SIMNET;

    for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
        cr_expect_not(kx_network_find(&network, assay_str(aliases[i])), "row: %s", aliases[i]);
    cr_expect_eq(network, KASPA_SIMNET);
    cr_expect(kx_network_find(&network, ASSAY_LIT("kaspa:mainnet")));
    cr_expect_eq(network, KASPA_MAINNET);
    cr_expect(kx_network_find(&network, ASSAY_LIT("kaspa:testnet-10")));
    cr_expect_eq(network, KASPA_TESTNET);
}

Test(kx_names, every_terms_fault_is_called_something)
{
    cr_expect_eq(kx_terms_local(KX_TERMS_OK), KX_LOCAL_NONE);
    for (int f = KX_TERMS_OK + 1; f < KX_TERMS__COUNT; f++)
        cr_expect_neq(kx_terms_local((enum kx_terms_fault)f), KX_LOCAL_NONE, "%d", f);
}

static const struct {
    const char *text;
    int64_t ms; /* -1: no time */
} times[] = {
    {"1970-01-01T00:00:00Z", 0},
    {"1970-01-01T00:00:00.000Z", 0},
    {"1970-01-01T00:00:00.001Z", 1},
    {"2099-01-01T00:00:00Z", INT64_C(4070908800000)},
    {"2099-01-01T00:00:00.999Z", INT64_C(4070908800999)},
    {"9999-12-31T23:59:59.999Z", INT64_C(253402300799999)},
    {"", -1},
    {"2099-01-01T00:00:00", -1},
    {"2099-01-01T00:00:00z", -1},
    {"2099-01-01T00:00:00+", -1},
    {"2099-01-01T00:00:00+00:00", -1},
    {"2099-01-01T00:00:00.00Z", -1},
    {"2099-01-01T00:00:00.0000Z", -1},
    {"2099-01-01 00:00:00Z", -1},
    {"99-01-01T00:00:00.000Z", -1},
    {"10000-01-01T00:00:00Z", -1},
    {"2099-02-29T00:00:00Z", -1},
    {"2099-13-01T00:00:00Z", -1},
    {"2099-01-01T24:00:00Z", -1},
    {"2099-01-01T00:00:60.000Z", -1},
};

Test(kx_names, times_have_no_places_or_three)
{
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        struct guard g = guard_of(assay_str(times[i].text));
        int64_t ms = -2;

        cr_expect_eq(kx_time_read(&ms, g.bytes), times[i].ms >= 0, "row: %s", times[i].text);
        cr_expect_eq(ms, times[i].ms >= 0 ? times[i].ms : -2, "row: %s", times[i].text);
        guard_free(&g);
    }
}

static const struct {
    uint64_t threshold;
    const char *push; /* its bytes */
    size_t push_len;
} thresholds[] = {
    {0, "\x00", 1},
    {1, "\x51", 1},
    {16, "\x60", 1},
    {17, "\x01\x11", 2},
    {127, "\x01\x7f", 2},
    {128, "\x02\x80\x00", 3},
    {10000000, "\x04\x80\x96\x98\x00", 5},
    {INT64_MAX, "\x08\xff\xff\xff\xff\xff\xff\xff\x7f", 9},
};

Test(kx_redeem, is_written_and_read_back_for_every_width_of_its_threshold)
{
    uint8_t owner[32], read[32];

    memset(owner, 0x56, sizeof(owner));
    for (size_t i = 0; i < ARRAY_LEN(thresholds); i++) {
        uint8_t room[80];
        struct assay_buf script = ASSAY_BUF_OVER(room);
        uint64_t threshold = 99;

        kx_additive_redeem(&script, owner, thresholds[i].threshold);
        cr_assert_eq(script.len, 48 + thresholds[i].push_len);
        cr_expect_arr_eq(room + 43, thresholds[i].push, thresholds[i].push_len);
        for (size_t len = 0; len <= script.len; len++) {
            struct guard g = guard_of(assay_bytes_of(room, len));

            cr_expect_eq(kx_additive_redeem_read(g.bytes, read, &threshold), len == script.len,
                         "row: %zu, %zu bytes", i, len);
            guard_free(&g);
        }
        cr_expect_eq(threshold, thresholds[i].threshold);
        cr_expect_arr_eq(read, owner, sizeof(owner));
    }
}

Test(kx_redeem, no_other_script_is_one)
{
    uint8_t owner[32], room[80], changed[80];
    struct assay_buf script = ASSAY_BUF_OVER(room);
    uint64_t threshold;

    memset(owner, 0x56, sizeof(owner));
    kx_additive_redeem(&script, owner, 10000000);
    for (size_t i = 0; i < script.len; i++) {
        bool is_free = (i >= 2 && i < 34) || (i >= 44 && i < 48); /* the key; the number */

        memcpy(changed, room, script.len);
        changed[i] ^= 0x02;
        cr_expect_eq(
            kx_additive_redeem_read(assay_bytes_of(changed, script.len), owner, &threshold),
            is_free, "byte %zu", i);
    }
}

Test(kx_redeem, a_push_that_is_not_the_shortest_or_negative_is_refused)
{
    static const struct {
        const char *push;
        size_t len;
    } rows[] = {
        {"\x01\x05", 2},     /* 5 as data */
        {"\x02\x11\x00", 3}, /* 17 with a zero */
        {"\x4c\x01\x11", 3}, /* PUSHDATA1 */
        {"\x01\x91", 2},     /* -17 */
        {"\x4f", 1},         /* -1 */
        {"\xac", 1},         /* no push */
        {"\x09\1\1\1\1\1\1\1\1\1", 10},
        {"\x4b\x01", 2}, /* cut off */
    };
    uint8_t owner[32] = {1}, room[80];
    uint64_t threshold;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_buf script = ASSAY_BUF_OVER(room);

        kx_additive_redeem(&script, owner, 0);
        script.len = 43;
        assay_buf_add(&script, assay_bytes_of(rows[i].push, rows[i].len));
        assay_buf_add(&script, assay_bytes_of("\x94\xb9\xbe\xa2\x68", 5));
        cr_expect_not(kx_additive_redeem_read(assay_buf_view(&script), owner, &threshold),
                      "row %zu", i);
    }
}
