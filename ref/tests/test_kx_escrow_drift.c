/* What drifted in a script, in words: the mutations of the batch digest's section 9.3, and
 * others of the older templates. */
#include "kaspa/script.h"
#include "ref/tests/kx_escrow_world.h"

#include <criterion/criterion.h>

/* Bytes of the script that others take the place of, by the offset in the script before. */
struct edit {
    size_t at, cut;
    const char *script; /* assembled; NULL: nothing */
};

static void edit(struct assay_buf *out, struct assay_bytes script, const struct edit *edits,
                 size_t count)
{
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        assay_buf_add(out, assay_bytes_part(script, at, edits[i].at));
        if (edits[i].script != NULL)
            cr_assert_eq(kaspa_script_assemble(out, assay_str(edits[i].script), NULL), ASSAY_OK);
        at = edits[i].at + edits[i].cut;
    }
    assay_buf_add(out, assay_bytes_part(script, at, script.len));
    cr_assert(assay_buf_ok(out));
}

/* The sentences, a line each. */
static struct assay_buf text_of(const struct kx_drifts *drifts)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 16);

    for (size_t i = 0; i < drifts->count; i++) {
        assay_buf_add_str(&text, i > 0 ? "\n" : "");
        kx_drift_add_text(&text, &drifts->list[i]);
    }
    cr_assert(assay_buf_ok(&text));
    return text;
}

static void expect_text(const char *row, const struct kx_drifts *drifts, const char *want)
{
    struct assay_buf text = text_of(drifts);

    cr_expect_str_eq(assay_buf_cstr(&text), want, "%s:\n%s", row, assay_buf_cstr(&text));
    assay_buf_fini(&text);
}

#define CLIENT "989c0b76cb563971fdc9bef31ec06c3560f3249d6ee9e5d83c57625596e05f6f"
#define SERVER "56b328b30c8bf5839e24058747879408bdb36241dc9c2e7c619faa12b2920967"
#define PAYOUT "d6274c844d24ccb71e1dfe20b7ba2d09d185c13d468a4b1838043a0743425b5f"
#define REFUND "3b8cbf34de55566551c5745eebc28aa0c3b036c6704d77f09a8a0e5299b70091"
#define DOMAIN2 "dd08a0f48c41d89eda672cef33c3d43a4c2bd11083efbcd62dbbae0e018ec30b"
#define DOMAIN3 "cb645ce99ebb74afb1f1e3a73e0462249ee42cd9edfcd55723e7291af0292570"
#define MAINNET "6ddb20ecbb5fb6405b9e5d525fb2f4dced4cd6c094ec2fa675258583ae30c3ac"
#define TESTNET "3b06c42cd879a4951fe465f255164917ac183fabd3facb8dc33705b7bbd64936"
#define SAMPLE_CLIENT "11111111111111111111111111111111111111111111111111111111111111aa"
#define SAMPLE_SERVER "22222222222222222222222222222222222222222222222222222222222222bb"
#define SAMPLE_REFUND "8a77bf0e98c7ed79147a8f0302b0da331b6d3db5a6543e97da53ad6e6cc5f6c2"
#define OTHER "b99ac42fd048ced7f710abe60dfcf6c7dfcd0772cfba99716574c9d47bf69600"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

/* Section 9.3, where it is about the script; D25 and D26 are about what pays to it. */
static const struct {
    const char *name;
    enum kx_drift_kind kind;
    struct edit edits[2];
    const char *text;
} rows[] = {
    {"D1: the voucher domain of before",
     KX_DRIFT_DOMAIN,
     {{203, 32, "0x" DOMAIN2}},
     "byte 203, in rule claim.voucher.preimage (The voucher is over domain, network, lineage and "
     "T): the voucher domain is 0x" DOMAIN2 ", expected 0x" DOMAIN3
     ": that is of kaspa:x402:escrow-voucher:v2"},
    {"D2: the network hash of mainnet",
     KX_DRIFT_NETWORK,
     {{236, 32, "0x" MAINNET}},
     "byte 236, in rule claim.voucher.preimage (The voucher is over domain, network, lineage and "
     "T): the network hash is 0x" MAINNET ", expected 0x" TESTNET ": that is of kaspa:mainnet"},
    {"D3: client and server swapped",
     KX_DRIFT_KEY,
     {{103, 32, "0x" CLIENT}, {279, 32, "0x" SERVER}},
     "byte 103, in rule claim.provider-signature (The provider has signed the transaction): the "
     "server's key is 0x" CLIENT ", expected 0x" SERVER ": that is the client's key\n"
     "byte 279, in rule claim.voucher (The client has signed that voucher): the client's key is "
     "0x" SERVER ", expected 0x" CLIENT ": that is the server's key"},
    {"D4: one of two server slots patched",
     KX_DRIFT_KEY,
     {{604, 32, "0x" SAMPLE_SERVER}},
     "byte 604, in rule top-up.provider-signature (The provider has signed the transaction): the "
     "server's key is 0x" SAMPLE_SERVER ", expected 0x" SERVER ": that is the published sample's"},
    {"D5: two of three client slots patched",
     KX_DRIFT_KEY,
     {{902, 32, "0x" SAMPLE_CLIENT}},
     "byte 902, in rule refund.client-signature (The client has signed the transaction): the "
     "client's key is 0x" SAMPLE_CLIENT ", expected 0x" CLIENT ": that is the published sample's"},
    {"D5: a slot left at zeros",
     KX_DRIFT_KEY,
     {{902, 32, "0x" ZEROS}},
     "byte 902, in rule refund.client-signature (The client has signed the transaction): the "
     "client's key is 0x" ZEROS ", expected 0x" CLIENT ": it is zeros"},
    {"D6: payout hash of another serialization",
     KX_DRIFT_PAYOUT,
     {{361, 32, "0x" OTHER}},
     "byte 361, in rule claim.payout.script (The payout goes to the merchant's script): the payout "
     "hash is 0x" OTHER ", expected 0x" PAYOUT},
    {"D7: the payout goes where refunds go",
     KX_DRIFT_PAYOUT,
     {{361, 32, "0x" REFUND}},
     "byte 361, in rule claim.payout.script (The payout goes to the merchant's script): the payout "
     "hash is 0x" REFUND ", expected 0x" PAYOUT ": that is the refund hash"},
    {"D8: refund hash patched in the top-up alone",
     KX_DRIFT_REFUND,
     {{1005, 32, "0x" SAMPLE_REFUND}},
     "byte 1005, in rule refund.script (The refund goes to the refund script): the refund hash is "
     "0x" SAMPLE_REFUND ", expected 0x" REFUND ": that is the published sample's"},
    {"D9: big-endian timeout",
     KX_DRIFT_TIMEOUT,
     {{881, 8, "0x00000000075bcd15"}},
     "byte 881, in rule refund.timeout.range (The timeout is a DAA score and no time): the timeout "
     "is 1571011930645069824, expected 123456789: its bytes are in reverse order"},
    {"D9: timeout of as many bytes as it needs",
     KX_DRIFT_TIMEOUT,
     {{880, 9, "DATA4 0x15cd5b07"}},
     "byte 880, in rule refund.timeout.range (The timeout is a DAA score and no time): the timeout "
     "is DATA4 0x15cd5b07, expected DATA8 0x15cd5b0700000000: that is the number in another width"},
    {"D10: the timeout is a time",
     KX_DRIFT_TIMEOUT,
     {{881, 8, "0x0088526a74000000"}},
     "byte 881, in rule refund.timeout.range (The timeout is a DAA score and no time): the timeout "
     "is 500000000000, expected 123456789: that is a time, not a DAA score"},
    {"D10: no guard",
     KX_DRIFT_OPCODE,
     {{889, 10, NULL}},
     "byte 889, in rule refund.timeout.range (The timeout is a DAA score and no time): missing: "
     "DUP 0 DATA5 0x0088526a74 WITHIN VERIFY"},
    {"D10: another bound",
     KX_DRIFT_CONSTANT,
     {{892, 5, "0x0088526a75"}},
     "byte 892, in rule refund.timeout.range (The timeout is a DAA score and no time): the "
     "constant is 0x0088526a75, expected 0x0088526a74"},
    {"D11: no CHECKLOCKTIMEVERIFY",
     KX_DRIFT_OPCODE,
     {{899, 1, NULL}},
     "byte 899, in rule refund.timeout (The lock time is not below the timeout): missing: "
     "CHECKLOCKTIMEVERIFY"},
    {"D11: DROP for CHECKLOCKTIMEVERIFY",
     KX_DRIFT_OPCODE,
     {{899, 1, "DROP"}},
     "byte 899, in rule refund.timeout (The lock time is not below the timeout): the opcode is "
     "DROP, expected CHECKLOCKTIMEVERIFY"},
    {"D12: D is at least T - S",
     KX_DRIFT_OPCODE,
     {{337, 1, "GREATERTHANOREQUAL"}},
     "byte 337, in rule claim.amount.range (D is at most T - S): the opcode is GREATERTHANOREQUAL, "
     "expected LESSTHANOREQUAL"},
    {"D13: the successor has S",
     KX_DRIFT_CONTINUATION,
     {{405, 3, NULL}},
     "byte 405, in rule claim.successor.state (The successor's state is S + D): missing: 3 PICK "
     "ADD"},
    {"D13: S - D",
     KX_DRIFT_CONTINUATION,
     {{407, 1, "SUB"}},
     "byte 407, in rule claim.successor.state (The successor's state is S + D): the opcode is SUB, "
     "expected ADD"},
    {"D14: out1 is V - D or more",
     KX_DRIFT_CONTINUATION,
     {{401, 1, "GREATERTHANOREQUAL"}},
     "byte 401, in rule claim.successor.amount (The successor has the value less D): the opcode is "
     "GREATERTHANOREQUAL, expected NUMEQUAL"},
    {"D14: out1 is anything",
     KX_DRIFT_CONTINUATION,
     {{395, 8, NULL}},
     "byte 395, in rule claim.successor.amount (The successor has the value less D): missing: 1 "
     "TXOUTPUTAMOUNT OVER 4 PICK SUB NUMEQUAL VERIFY"},
    {"D15: the payout is at least D",
     KX_DRIFT_FEE,
     {{355, 1, "GREATERTHANOREQUAL"}},
     "byte 355, in rule claim.payout.amount (The payout is at most D): the opcode is "
     "GREATERTHANOREQUAL, expected LESSTHANOREQUAL"},
    {"D15: the payout is anything",
     KX_DRIFT_FEE,
     {{351, 6, NULL}},
     "byte 351, in rule claim.payout.amount (The payout is at most D): missing: 0 TXOUTPUTAMOUNT 3 "
     "PICK LESSTHANOREQUAL VERIFY"},
    {"D16: the successor is output 0",
     KX_DRIFT_OUTPUT_INDEX,
     {{157, 1, "0"}},
     "byte 157, in rule claim.authorized.index (That is output 1): the constant is 0, expected 1"},
    {"D17: the successor's script is dropped",
     KX_DRIFT_CONTINUATION,
     {{464, 1, "2DROP"}},
     "byte 464, in rule claim.successor.script (The successor goes to the hash of that script): "
     "the opcode is 2DROP, expected EQUALVERIFY"},
    {"D17: the successor is not compared",
     KX_DRIFT_CONTINUATION,
     {{464, 1, NULL}},
     "byte 464, in rule claim.successor.script (The successor goes to the hash of that script): "
     "missing: EQUALVERIFY"},
    {"D18: inputs of the lineage are not counted",
     KX_DRIFT_OPCODE,
     {{140, 4, NULL}},
     "byte 140, in rule claim.lineage.inputs (One input is of the lineage): missing: COVINPUTCOUNT "
     "1 NUMEQUAL VERIFY"},
    {"D19: the payout may be of the lineage",
     KX_DRIFT_OPCODE,
     {{160, 37, NULL}},
     "byte 160, in rule claim.payout.unbound (The payout, output 0, is of no lineage): missing: 0 "
     "OUTPUTCOVENANTID DATA32 0x" ZEROS " EQUAL VERIFY"},
    {"D19: the payout is of a lineage",
     KX_DRIFT_ZERO,
     {{163, 32, "0x" OTHER}},
     "byte 163, in rule claim.payout.unbound (The payout, output 0, is of no lineage): the id of "
     "no lineage is 0x" OTHER ", expected 0x" ZEROS},
    {"D20: the client alone tops up",
     KX_DRIFT_OPCODE,
     {{602, 36, NULL}},
     "byte 602, in rule top-up.provider-signature (The provider has signed the transaction): "
     "missing: DUP DATA32 0x" SERVER " CHECKSIG VERIFY"},
    {"D21: SIGHASH_ALL again, for the claim",
     KX_DRIFT_OPCODE,
     {{100, 0, "3 PICK DATA1 0x40 DATA1 0x41 SUBSTR DATA1 0x01 EQUAL VERIFY"}},
     "byte 100, in rule claim.provider-signature (The provider has signed the transaction): too "
     "much: 3 PICK DATA1 0x40 DATA1 0x41 SUBSTR DATA1 0x01 EQUAL VERIFY"},
    {"D22: tags swapped",
     KX_DRIFT_SELECTOR,
     {{13, 4, "0xae09679c"}, {491, 4, "0x23959b42"}},
     "byte 13, in rule claim.selector (The selector names this path): the selector is 0xae09679c, "
     "expected 0x23959b42: that selects the top-up\n"
     "byte 491, in rule top-up.selector (The selector names this path): the selector is "
     "0x23959b42, expected 0xae09679c: that selects the claim"},
    {"D22: a tag of before",
     KX_DRIFT_SELECTOR,
     {{491, 4, "0x525888a6"}},
     "byte 491, in rule top-up.selector (The selector names this path): the selector is "
     "0x525888a6, expected 0xae09679c: that is of kaspa-x402-escrow-v3"},
    {"D23: the length of before",
     KX_DRIFT_LENGTH,
     {{427, 2, "0x4104"}},
     "byte 427, in rule claim.successor.front (What stands before the state is this script's own): "
     "the script's length is 1089, expected 1048: that is of kaspa-x402-escrow-v4"},
    {"D23: the distance of before",
     KX_DRIFT_LENGTH,
     {{797, 2, "0x3784"}},
     "byte 797, in rule top-up.successor.back (What stands behind the state is this script's own): "
     "the length behind the state is -1079, expected -1038: that is of kaspa-x402-escrow-v4"},
    {"D23: a distance forwards",
     KX_DRIFT_LENGTH,
     {{797, 2, "0x3704"}},
     "byte 797, in rule top-up.successor.back (What stands behind the state is this script's own): "
     "the length behind the state is 1079, expected -1038"},
    {"D23: another length",
     KX_DRIFT_LENGTH,
     {{783, 2, "0x1904"}},
     "byte 783, in rule top-up.successor.front (What stands before the state is this script's "
     "own): the script's length is 1049, expected 1048"},
    {"D24: a state of as many bytes as it needs",
     KX_DRIFT_STATE,
     {{1, 9, "DATA3 0x00127a"}},
     "byte 1, in rule state (S, the total claimed so far, is part of the script): S is DATA3 "
     "0x00127a, expected DATA8 0x00127a0000000000: that is the number in another width"},
    {"D28: a state that is not the channel's",
     KX_DRIFT_STATE,
     {{2, 8, "0x0100000000000000"}},
     "byte 2, in rule state (S, the total claimed so far, is part of the script): S is 1, expected "
     "8000000"},
    {"the last instruction is missing",
     KX_DRIFT_LENGTH,
     {{1047, 1, NULL}},
     "byte 1047, in rule selector.unknown (An unknown selector fails): the script ends here, "
     "missing: ENDIF"},
    {"half is missing",
     KX_DRIFT_LENGTH,
     {{500, 548, NULL}},
     "byte 500, in rule top-up.client-signature.width (The client's signature has 65 bytes): the "
     "script ends here, missing: 548 bytes"},
    {"bytes behind the end",
     KX_DRIFT_LENGTH,
     {{1048, 0, "NOP 0x4c"}},
     "byte 1048, in rule selector.unknown (An unknown selector fails): the template ends here, too "
     "much: NOP [MalformedPushSize at 1: 4c]"},
    {"an opcode becomes a push",
     KX_DRIFT_OPCODE,
     {{75, 1, "0x20"}},
     "byte 75, in rule claim.inputs (There is one input): the opcode is DATA32, expected "
     "TXINPUTCOUNT"},
    {"a push becomes another",
     KX_DRIFT_KEY,
     {{102, 1, "0x21"}},
     "byte 102, in rule claim.provider-signature (The provider has signed the transaction): the "
     "opcode is DATA33, expected DATA32"},
    {"two are swapped",
     KX_DRIFT_OPCODE,
     {{335, 3, "LESSTHANOREQUAL OVER OVER"}},
     "byte 335, in rule claim.amount.range (D is at most T - S): the opcode is LESSTHANOREQUAL, "
     "expected OVER\n"
     "byte 337, in rule claim.amount.range (D is at most T - S): the opcode is OVER, expected "
     "LESSTHANOREQUAL"},
    {"the top-up's change check moves to the claim",
     KX_DRIFT_OPCODE,
     {{160, 0, "1 OUTPUTCOVENANTID DATA32 0x" ZEROS " EQUAL VERIFY"}, {681, 37, NULL}},
     "byte 160, in rule claim.payout.unbound (The payout, output 0, is of no lineage): too much: 1 "
     "OUTPUTCOVENANTID DATA32 0x" ZEROS " EQUAL VERIFY\n"
     "byte 718, in rule top-up.change.unbound (The change is of no lineage): missing: 1 "
     "OUTPUTCOVENANTID DATA32 0x" ZEROS " EQUAL VERIFY"},
};

Test(kx_escrow_drift, says_what_each_known_mutation_is)
{
    const struct kx_escrow official = kx_escrow_world_official(8000000);
    struct assay_buf right = kx_escrow_world_redeem(kx_escrow_world_template(5), &official);
    struct kx_drifts drifts;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_buf script = ASSAY_BUF_INIT(1 << 12);

        edit(&script, assay_buf_view(&right), rows[i].edits, rows[i].edits[1].at != 0 ? 2 : 1);
        kx_escrow_world_judge(&drifts, 5, &official, KX_SLOTS_KNOWN, assay_buf_view(&script));
        expect_text(rows[i].name, &drifts, rows[i].text);
        cr_expect_eq(drifts.list[0].kind, rows[i].kind, "%s: %s", rows[i].name,
                     kx_drift_kind_name(drifts.list[0].kind));
        assay_buf_fini(&script);
    }
    assay_buf_fini(&right);
}

/* Of the templates before. */
static const struct {
    const char *name;
    size_t number;
    struct edit edit;
    const char *text;
} older[] = {
    {"v1: a timeout of another width",
     1,
     {275, 5, "5"},
     "byte 275, in rule refund.timeout (The lock time is not below the timeout): the timeout is "
     "5, expected 123456789"},
    {"v1: a timeout of the same width",
     1,
     {276, 4, "0x00000001"},
     "byte 276, in rule refund.timeout (The lock time is not below the timeout): the timeout is "
     "16777216, expected 123456789"},
    {"v1: a timeout that is pushed too wide",
     1,
     {275, 5, "DATA5 0x15cd5b0700"},
     "byte 275, in rule refund.timeout (The lock time is not below the timeout): the timeout is "
     "DATA5 0x15cd5b0700, expected DATA4 0x15cd5b07: that is the number in another width"},
    {"v1: a timeout that is none",
     1,
     {275, 5, "DUP"},
     "byte 275, in rule refund.timeout (The lock time is not below the timeout): the timeout is "
     "DUP, expected 123456789"},
    {"v1: the successor gets at most the rest",
     1,
     {224, 1, "LESSTHANOREQUAL"},
     "byte 224, in rule claim.successor.amount (Output 1 has at least the value less the amount): "
     "the opcode is LESSTHANOREQUAL, expected GREATERTHANOREQUAL"},
    {"v1: another path's selector",
     1,
     {3, 1, "1"},
     "byte 3, in rule claim.selector (The selector names this path): the selector is 1, expected "
     "0: that selects the refund"},
    {"v2: the successor's state is T",
     2,
     {390, 5, "6 PICK"},
     "byte 390, in rule claim.successor.state (The new state is S + D, pushed as 8 bytes): the "
     "constant is 6, expected 7\n"
     "byte 392, in rule claim.successor.state (The new state is S + D, pushed as 8 bytes): "
     "missing: 3 PICK ADD"},
    {"v2: another path's selector",
     2,
     {458, 1, "2"},
     "byte 458, in rule top-up.selector (The selector names this path): the selector is 2, "
     "expected 1: that selects the refund"},
    {"v3: the current domain",
     3,
     {214, 32, "0x" DOMAIN3},
     "byte 214, in rule claim.voucher.preimage (The voucher is over domain, network, lineage and "
     "T): the voucher domain is 0x" DOMAIN3 ", expected 0x" DOMAIN2
     ": that is of kaspa:x402:escrow-voucher:v3"},
    {"v4: any signature of the provider",
     4,
     {100, 11, NULL},
     "byte 100, in rule claim.provider-signature.all (The provider's signature is of SIGHASH_ALL): "
     "missing: 3 PICK DATA1 0x40 DATA1 0x41 SUBSTR DATA1 0x01 EQUAL VERIFY"},
    {"v4: any signature for a refund",
     4,
     {931, 10, NULL},
     "byte 931, in rule refund.client-signature.all (The client's signature is of SIGHASH_ALL): "
     "missing: OVER DATA1 0x40 DATA1 0x41 SUBSTR DATA1 0x01 EQUAL VERIFY"},
};

Test(kx_escrow_drift, knows_the_older_templates_too)
{
    const struct kx_escrow official = kx_escrow_world_official(8000000);
    struct kx_drifts drifts;

    for (size_t i = 0; i < ARRAY_LEN(older); i++) {
        struct assay_buf script = ASSAY_BUF_INIT(1 << 12);
        struct assay_buf right =
            kx_escrow_world_redeem(kx_escrow_world_template(older[i].number), &official);

        edit(&script, assay_buf_view(&right), &older[i].edit, 1);
        kx_escrow_world_judge(&drifts, older[i].number, &official, KX_SLOTS_KNOWN,
                              assay_buf_view(&script));
        expect_text(older[i].name, &drifts, older[i].text);
        assay_buf_fini(&script);
        assay_buf_fini(&right);
    }
}

/* That nothing is claimed and a timeout of nothing are both zeros, and not one taken for the other.
 */
Test(kx_escrow_drift, takes_zeros_for_no_value_of_another_slot)
{
    const struct kx_escrow official = kx_escrow_world_official(0);
    const struct edit zeros = {881, 8, "0x0000000000000000"};
    struct assay_buf right = kx_escrow_world_redeem(kx_escrow_world_template(5), &official);
    struct assay_buf script = ASSAY_BUF_INIT(1 << 12);
    struct kx_drifts drifts;

    edit(&script, assay_buf_view(&right), &zeros, 1);
    kx_escrow_world_judge(&drifts, 5, &official, KX_SLOTS_KNOWN, assay_buf_view(&script));
    expect_text("zeros", &drifts,
                "byte 881, in rule refund.timeout.range (The timeout is a DAA score and no time): "
                "the timeout is 0, expected 123456789");
    assay_buf_fini(&script);
    assay_buf_fini(&right);
}

/* As many as there are are counted, the first of them listed. */
Test(kx_escrow_drift, lists_the_first_of_very_many)
{
    enum { CHANGES = KX_DRIFTS_MAX + 16 };
    const struct kx_escrow official = kx_escrow_world_official(8000000);
    struct assay_buf script = kx_escrow_world_redeem(kx_escrow_world_template(5), &official);
    struct kx_drifts drifts;
    size_t changes = 0;

    for (size_t at = 0; at < script.len && changes < CHANGES;) {
        struct kaspa_instruction i;

        cr_assert_eq(kaspa_instruction_decode(&i, assay_buf_view(&script), at), KASPA_SCRIPT_OK);
        if (i.next - at == 1) {
            script.at[at] = script.at[at] == KASPA_OP_DROP ? KASPA_OP_DUP : KASPA_OP_DROP;
            changes++;
        }
        at = i.next;
    }
    cr_assert_eq(changes, CHANGES);
    kx_escrow_world_judge(&drifts, 5, &official, KX_SLOTS_KNOWN, assay_buf_view(&script));
    cr_expect_eq(drifts.count, KX_DRIFTS_MAX);
    cr_expect_eq(drifts.total, CHANGES);
    assay_buf_fini(&script);
}

Test(kx_escrow_drift, has_a_name_for_each_kind)
{
    for (unsigned i = 0; i < KX_DRIFT__COUNT; i++) {
        const char *name = kx_drift_kind_name((enum kx_drift_kind)i);

        cr_expect(strlen(name) > 2);
        for (unsigned k = 0; k < i; k++)
            cr_expect_str_neq(name, kx_drift_kind_name((enum kx_drift_kind)k));
    }
}
