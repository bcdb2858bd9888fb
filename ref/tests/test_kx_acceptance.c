/* Evidence of a transaction: what it decides. Sections are those of the batch digest; B-rows are
 * those of its section 18. */
#include "base/json.h"
#include "kaspa_x402/acceptance.h"

#include <criterion/criterion.h>

/* Hashes as texts: 64 times one digit. */
#define H1 "1111111111111111111111111111111111111111111111111111111111111111"
#define H2 "2222222222222222222222222222222222222222222222222222222222222222"
#define HA "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HB "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HC "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

#define CHECKPOINT(block, blue)                                                                    \
    "{\"blockHash\":\"" block "\",\"blueScore\":" blue ",\"daaScore\":\"9\"}"
#define ACCEPTED(txid, block, blue, count, checkpoint)                                             \
    "{\"status\":\"accepted\",\"transactionId\":\"" txid "\",\"acceptingBlockHash\":\"" block      \
    "\",\"acceptingBlockBlueScore\":" blue ",\"confirmationCount\":" count                         \
    ",\"checkpoint\":" checkpoint "}"
#define ABSENT(txid, proof)                                                                        \
    "{\"status\":\"absent\",\"transactionId\":\"" txid "\",\"reason\":\"gone\",\"proof\":" proof "}"
#define CONFLICT(txid, index, evidence)                                                            \
    "{\"kind\":\"confirmed-conflicting-spend\",\"spentOutpoint\":{\"txid\":\"" txid                \
    "\",\"index\":" index "},\"evidence\":" evidence "}"
#define REJECTION(txid, code)                                                                      \
    "{\"kind\":\"consensus-rejection\",\"rejectedTransactionId\":\"" txid                          \
    "\",\"rejectionCode\":\"" code "\",\"checkpoint\":" CHECKPOINT(HB, "600") "}"
#define OTHER(count) ACCEPTED(H2, HA, "500", count, CHECKPOINT(HB, "600"))
#define CODE_64 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA0123456789012345678901234567890_"

/* Of transaction 1, which spends output 0 and 3 of c…; 30 confirmations are needed. */
static const struct {
    const char *name, *text;
    enum kx_decision decision;
    enum kx_lineage_rule rule;
} rows[] = {
    {"at the threshold", ACCEPTED(H1, HA, "500", "30", CHECKPOINT(HB, "600")), KX_DECISION_ACCEPTED,
     KX_LINEAGE_OK},
    {"as texts", ACCEPTED(H1, HA, "\"500\"", "\"30\"", CHECKPOINT(HB, "\"600\"")),
     KX_DECISION_ACCEPTED, KX_LINEAGE_OK},
    {"B48: one below", ACCEPTED(H1, HA, "500", "29", CHECKPOINT(HB, "600")), KX_DECISION_PENDING,
     KX_LINEAGE_OK},
    {"B49: 500 blue scores, 3 blocks", ACCEPTED(H1, HA, "100", "3", CHECKPOINT(HB, "600")),
     KX_DECISION_PENDING, KX_LINEAGE_OK},
    {"B49: more blocks than blue scores", ACCEPTED(H1, HA, "590", "12", CHECKPOINT(HB, "600")),
     KX_DECISION_UNKNOWN, KX_LINEAGE_CHAIN_COUNT},
    {"as many blocks as blue scores allow", ACCEPTED(H1, HA, "571", "30", CHECKPOINT(HB, "600")),
     KX_DECISION_ACCEPTED, KX_LINEAGE_OK},
    {"a lower bound of 1", ACCEPTED(H1, HA, "500", "1", CHECKPOINT(HB, "600")), KX_DECISION_PENDING,
     KX_LINEAGE_OK},
    {"no confirmation", ACCEPTED(H1, HA, "500", "0", CHECKPOINT(HB, "600")), KX_DECISION_UNKNOWN,
     KX_LINEAGE_CHAIN_COUNT},
    {"in the checkpoint", ACCEPTED(H1, HA, "500", "1", CHECKPOINT(HA, "500")), KX_DECISION_PENDING,
     KX_LINEAGE_OK},
    {"B50: in the checkpoint, counted 5", ACCEPTED(H1, HA, "500", "5", CHECKPOINT(HA, "500")),
     KX_DECISION_UNKNOWN, KX_LINEAGE_CHAIN_COUNT},
    {"in the checkpoint with another score", ACCEPTED(H1, HA, "499", "1", CHECKPOINT(HA, "500")),
     KX_DECISION_UNKNOWN, KX_LINEAGE_CHAIN_CHECKPOINT},
    {"checkpoint below", ACCEPTED(H1, HA, "601", "1", CHECKPOINT(HB, "600")), KX_DECISION_UNKNOWN,
     KX_LINEAGE_CHAIN_CHECKPOINT},
    {"of another transaction", ACCEPTED(H2, HA, "500", "30", CHECKPOINT(HB, "600")),
     KX_DECISION_UNKNOWN, KX_LINEAGE_CHAIN_TRANSACTION},
    {"unknown", "{\"status\":\"unknown\",\"transactionId\":\"" H1 "\",\"reason\":\"timeout\"}",
     KX_DECISION_UNKNOWN, KX_LINEAGE_OK},
    {"unknown of another", "{\"status\":\"unknown\",\"transactionId\":\"" H2 "\",\"reason\":\"\"}",
     KX_DECISION_UNKNOWN, KX_LINEAGE_CHAIN_TRANSACTION},
    {"a confirmed conflict", ABSENT(H1, CONFLICT(HC, "0", OTHER("30"))), KX_DECISION_ABSENT,
     KX_LINEAGE_OK},
    {"a conflict over the other outpoint", ABSENT(H1, CONFLICT(HC, "3", OTHER("31"))),
     KX_DECISION_ABSENT, KX_LINEAGE_OK},
    {"a conflict below the threshold", ABSENT(H1, CONFLICT(HC, "0", OTHER("29"))),
     KX_DECISION_UNKNOWN, KX_LINEAGE_CHAIN_CONFLICT},
    {"B102: over an outpoint that is not reserved", ABSENT(H1, CONFLICT(HC, "1", OTHER("30"))),
     KX_DECISION_UNKNOWN, KX_LINEAGE_CHAIN_ABSENCE},
    {"B102: over another transaction's output", ABSENT(H1, CONFLICT(HB, "0", OTHER("30"))),
     KX_DECISION_UNKNOWN, KX_LINEAGE_CHAIN_ABSENCE},
    {"B102: with itself",
     ABSENT(H1, CONFLICT(HC, "0", ACCEPTED(H1, HA, "500", "30", CHECKPOINT(HB, "600")))),
     KX_DECISION_UNKNOWN, KX_LINEAGE_CHAIN_CONFLICT},
    {"a conflict whose evidence does not agree", ABSENT(H1, CONFLICT(HC, "0", OTHER("102"))),
     KX_DECISION_UNKNOWN, KX_LINEAGE_CHAIN_COUNT},
    {"rejected", ABSENT(H1, REJECTION(H1, "BAD")), KX_DECISION_ABSENT, KX_LINEAGE_OK},
    {"rejected, longest code", ABSENT(H1, REJECTION(H1, CODE_64)), KX_DECISION_ABSENT,
     KX_LINEAGE_OK},
    {"another is rejected", ABSENT(H1, REJECTION(H2, "BAD")), KX_DECISION_UNKNOWN,
     KX_LINEAGE_CHAIN_ABSENCE},
    {"absence of another", ABSENT(H2, REJECTION(H2, "BAD")), KX_DECISION_UNKNOWN,
     KX_LINEAGE_CHAIN_TRANSACTION},
};

static struct assay_arena arena;

static void setup(void)
{
    arena = (struct assay_arena)ASSAY_ARENA_INIT(1 << 20);
}

static void teardown(void)
{
    assay_arena_fini(&arena);
}

TestSuite(kx_acceptance, .init = setup, .fini = teardown);

static enum kx_lineage_rule read_text(struct kx_evidence *out, const char *text,
                                      struct assay_err *err)
{
    static struct assay_json_token tokens[64];
    struct assay_json doc;

    cr_assert_eq(
        assay_json_parse(&doc, tokens, ARRAY_LEN(tokens), assay_str(text), ASSAY_JSON_STRICT, err),
        ASSAY_OK, "%s", text);
    return kx_evidence_read(out, &arena, &doc, 0, err);
}

Test(kx_acceptance, is_decided_by_what_is_bound_to_the_transaction)
{
    struct kaspa_outpoint reserved[2] = {{.index = 0}, {.index = 3}};
    struct kx_awaited awaited = {
        .reserved = reserved, .reserved_count = 2, .threshold = KX_THRESHOLD_DEFAULT};

    memset(awaited.txid.at, 0x11, 32);
    memset(reserved[0].txid.at, 0xcc, 32);
    memset(reserved[1].txid.at, 0xcc, 32);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct assay_err err = {.code = ASSAY_OK};
        enum kx_lineage_rule rule = KX_LINEAGE_OK;
        struct kx_evidence evidence;

        cr_assert_eq(read_text(&evidence, rows[i].text, &err), KX_LINEAGE_OK, "row: %s: %s",
                     rows[i].name, err.text);
        cr_expect_eq(kx_evidence_decide(&rule, &evidence, &awaited, &err), rows[i].decision,
                     "row: %s: %s", rows[i].name, err.text);
        cr_expect_eq(rule, rows[i].rule, "row: %s: %s", rows[i].name, kx_lineage_rules[rule].id);
        cr_expect_eq(err.text[0] == '\0', rule == KX_LINEAGE_OK, "row: %s", rows[i].name);
    }
}

Test(kx_acceptance, has_exactly_the_members_of_its_kind)
{
    static const struct {
        const char *name, *text, *place;
    } wrong[] = {
        {"no object", "[]", "the value"},
        {"no status", "{\"transactionId\":\"" H1 "\",\"reason\":\"\"}", "status"},
        {"another status", "{\"status\":\"mempool\",\"transactionId\":\"" H1 "\",\"reason\":\"\"}",
         "status"},
        {"unknown with a proof",
         "{\"status\":\"unknown\",\"transactionId\":\"" H1 "\",\"reason\":\"\",\"proof\":{}}",
         "proof"},
        {"absent without proof",
         "{\"status\":\"absent\",\"transactionId\":\"" H1 "\",\"reason\":\"\"}", "proof"},
        {"another kind of proof", ABSENT(H1, "{\"kind\":\"missing-utxo\"}"), "proof.kind"},
        {"code of two", ABSENT(H1, REJECTION(H1, "NO")), "proof.rejectionCode"},
        {"code of 65", ABSENT(H1, REJECTION(H1, CODE_64 "A")), "proof.rejectionCode"},
        {"code with a colon", ABSENT(H1, REJECTION(H1, "BAD:1")), "proof.rejectionCode"},
        {"code that is no text",
         ABSENT(H1, "{\"kind\":\"consensus-rejection\",\"rejectedTransactionId\":\"" H1
                    "\",\"rejectionCode\":400}"),
         "proof.rejectionCode"},
        {"code in lower case", ABSENT(H1, REJECTION(H1, "bad")), "proof.rejectionCode"},
        {"a hash of 31 bytes",
         "{\"status\":\"unknown\",\"transactionId\":\"1122\",\"reason\":\"\"}", "transactionId"},
        {"a count with a fraction", ACCEPTED(H1, HA, "500", "1.5", CHECKPOINT(HB, "600")),
         "confirmationCount"},
        {"a negative score", ACCEPTED(H1, HA, "-5", "1", CHECKPOINT(HB, "600")),
         "acceptingBlockBlueScore"},
        {"a checkpoint with another member",
         ACCEPTED(H1, HA, "5", "1",
                  "{\"blockHash\":\"" HB "\",\"blueScore\":6,\"daaScore\":7,\"x\":8}"),
         "checkpoint.x"},
    };

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct assay_err err = {.code = ASSAY_OK};
        struct kx_evidence evidence;

        cr_expect_eq(read_text(&evidence, wrong[i].text, &err), KX_LINEAGE_CHAIN_FORM, "row: %s",
                     wrong[i].name);
        cr_expect_eq(strncmp(err.text, wrong[i].place, strlen(wrong[i].place)), 0, "row: %s: %s",
                     wrong[i].name, err.text);
    }
}
