/* assay kaspa: what people who debug are told, and that nothing hostile reaches their terminal. */
#include "program.h"

#include <criterion/criterion.h>

struct row {
    const char *name;
    const char *args[10];
    const char *in; /* standard input, and the file t.json; NULL: neither */
    int status;
    const char *says[4];
};

static void check_row(const struct row *row)
{
    struct program p;

    program_init(&p);
    if (row->in != NULL) {
        program_write(&p, "stdin", assay_str(row->in));
        program_write(&p, "t.json", assay_str(row->in));
    }
    program_run(&p, row->args, NULL);
    cr_expect_eq(p.status, row->status, "%s: exit %d: %s", row->name, p.status,
                 assay_buf_cstr(&p.err));
    for (size_t i = 0; i < ARRAY_LEN(row->says) && row->says[i] != NULL; i++)
        cr_expect(program_says(&p, row->says[i]), "%s: does not say: %s\n%.2000s%.700s", row->name,
                  row->says[i], assay_buf_cstr(&p.out), assay_buf_cstr(&p.err));
    cr_expect_null(memchr(p.out.at, '\033', p.out.len), "%s: an escape on stdout", row->name);
    cr_expect_null(memchr(p.err.at, '\033', p.err.len), "%s: an escape on stderr", row->name);
    program_fini(&p);
}

#define CHECK(rows)                                                                                \
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)                                                   \
    check_row(&(rows)[i])

/* ---- help ---- */

Test(cli_kaspa, every_verb_has_help_with_an_example)
{
    static const char *const verbs[] = {"address", "script", "disasm", "txid", "verify", "run"};

    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        const struct row row = {.name = verbs[i],
                                .args = {"kaspa", verbs[i], "--help", NULL},
                                .status = 0,
                                .says = {"usage: assay kaspa", verbs[i], "example:", "exit:"}};

        check_row(&row);
    }
}

/* ---- texts ---- */

#define MAINNET "kaspa:qp0l70zd5x85ttwd6jv7g3s3a8llzj96d8dncn4zmhv4tlzx5k2jyqh70xmfj"
#define PAYS_TO_KEY "0000205fff3c4da18f45adcdd499e44611e9fff148ba69db3c4ea2ddd955fc46a59522ac"
#define KEY "5fff3c4da18f45adcdd499e44611e9fff148ba69db3c4ea2ddd955fc46a59522"

static const struct row texts[] = {
    {"no verb", {"kaspa", NULL}, NULL, 3, {"usage: assay kaspa VERB"}},
    {"an unknown verb", {"kaspa", "adress", NULL}, NULL, 3, {"no verb \"adress\""}},
    {"an address",
     {"kaspa", "address", MAINNET, NULL},
     NULL,
     0,
     {"network mainnet", "payload " KEY, "script " PAYS_TO_KEY, "class pubkey"}},
    {"an address from standard input, with its line end",
     {"kaspa", "address", NULL},
     " " MAINNET "\n",
     0,
     {"network mainnet"}},
    {"the same with -", {"kaspa", "address", "-", NULL}, MAINNET, 0, {"network mainnet"}},
    {"the address of a script",
     {"kaspa", "address", PAYS_TO_KEY, NULL},
     NULL,
     0,
     {"address " MAINNET}},
    {"on another network",
     {"kaspa", "address", PAYS_TO_KEY, "--network", "testnet-10", NULL},
     NULL,
     0,
     {"kaspatest:qp0l70zd5x85ttwd6jv7g3s3a8llzj96d8dncn4zmhv4tlzx5k2jyp3c5f9ck"}},
    {"a network that is none",
     {"kaspa", "address", "--network", "testnet-11", MAINNET, NULL},
     NULL,
     3,
     {"--network: expected mainnet", "found \"testnet-11\""}},
    {"a wrong character",
     {"kaspa", "address", "kaspa:qp0l70zd5x851twd6jv7g3s3a8llzj96d8dncn4zmhv4tlzx5k2jyqh70xmfj",
      NULL},
     NULL,
     1,
     {"refused: DecodingError", "(character 19)"}},
    {"an address with terminal controls",
     {"kaspa", "address", "kaspa:\033[31m", NULL},
     NULL,
     1,
     {"refused: DecodingError"}},
    {"a script without address",
     {"kaspa", "address", "000051", NULL},
     NULL,
     1,
     {"refused: the script is of no standard class"}},
    {"nothing", {"kaspa", "address", NULL}, "", 3, {"the input is empty"}},
    {"two inputs", {"kaspa", "address", "a", "b", NULL}, NULL, 3, {"expected one input, found 2"}},
    {"a script from its text",
     {"kaspa", "script", "DATA4 0x01020304 DROP TRUE", NULL},
     NULL,
     0,
     {"hex 04010203047551", "size 7 bytes", "class nonstandard",
      "P2SH address kaspa:pzzmnzg59qze4m4298zwsm3f9a6gfm34zh7daefsdumjzep907lzydc0rk963"}},
    {"a standard script has its own address too",
     {"kaspa", "script", "DATA32 0x" KEY " CHECKSIG", NULL},
     NULL,
     0,
     {"class pubkey", "address " MAINNET}},
    {"a word that is none, with its column",
     {"kaspa", "script", "1 2 ADDD", NULL},
     NULL,
     3,
     {"column 5: "}},
    {"a word with terminal controls",
     {"kaspa", "script", "1 \033[31m", NULL},
     NULL,
     3,
     {"column 3: "}},
    {"a script from its hex",
     {"kaspa", "disasm", "0401020304755100", NULL},
     NULL,
     0,
     {"0 DATA4 0x01020304 5 DROP 6 1 7 0"}},
    {"a script that does not decode",
     {"kaspa", "disasm", "51054c", NULL},
     NULL,
     1,
     {"0 1", "1 MalformedPush: ", ": 054c"}},
    {"no hex", {"kaspa", "disasm", "0x51", NULL}, NULL, 3, {"expected hex digits"}},
    {"an unknown option",
     {"kaspa", "disasm", "--hex", NULL},
     NULL,
     3,
     {"assay kaspa disasm: there is no option --hex"}},
};

Test(cli_kaspa, takes_texts_apart_and_puts_them_together)
{
    CHECK(texts);
}

/* ---- transactions ---- */

#define ID(digit)                                                                                  \
    digit digit digit digit digit digit digit digit digit digit digit digit digit digit digit digit
#define ANYONE(script, signature, more)                                                            \
    "{\"version\": 1, \"inputs\": [{\"transactionId\": \"" ID(                                     \
        "1111") "\", \"index\": 0,\n"                                                              \
                "  \"sequence\": \"0\", \"computeBudget\": 0, \"signatureScript\": \"" signature   \
                "\",\n"                                                                            \
                "  \"utxo\": {\"amount\": \"1000000000\", \"scriptPublicKey\": \"0000" script      \
                "\"}}],\n"                                                                         \
                " \"outputs\": [{\"value\": \"300000000\", \"scriptPublicKey\": \"000020" KEY      \
                "ac\"}]" more "}"
#define INPUT(index, script)                                                                       \
    "{\"transactionId\": \"" ID("1111") "\", \"index\": " index                                    \
                                        ", \"sequence\": \"0\", \"computeBudget\": 0, "            \
                                        "\"signatureScript\": \"\", \"utxo\": "                    \
                                        "{\"amount\": \"1\", \"scriptPublicKey\": \"0000" script   \
                                        "\"}}"
#define TWO(first, second)                                                                         \
    "{\"version\": 1, \"inputs\": [" INPUT("0", first) ", " INPUT("1", second) "], \"outputs\": "  \
                                                                               "[]}"
#define NO_CLAIM                                                                                   \
    "{\"version\": 1, \"inputs\": [{\"transactionId\": \"" ID(                                     \
        "1111") "\", \"index\": 0,\n"                                                              \
                "  \"sequence\": \"0\", \"computeBudget\": 0, \"signatureScript\": \"\"}], "       \
                "\"outputs\": []}"
#define POINT "--daa", "1000", "--median-ms", "1800000000000"
#define COMMITTED ", \"storageMass\": \"2333\""
#define CLAIMS "claims of whoever wrote it"

static const struct row transactions[] = {
    {"what a transaction is",
     {"kaspa", "txid", "t.json", NULL},
     ANYONE("51", "", COMMITTED),
     0,
     {"version 1", "compute mass 560", "storage mass 2333 (from the utxo blocks, which are claims)",
      "committed to 2333"}},
    {"from standard input",
     {"kaspa", "txid", NULL},
     ANYONE("51", "", ""),
     0,
     {"storage mass 2333", "committed to no storage mass"}},
    {"without claims",
     {"kaspa", "txid", NULL},
     NO_CLAIM,
     0,
     {"storage mass not known: input 0 has no utxo block"}},
    {"an id that is another one",
     {"kaspa", "txid", NULL},
     ANYONE("51", "", ", \"id\": \"" ID("2222") "\""),
     1,
     {"WRONG: claims " ID("2222")}},
    {"a wrong number, with its place",
     {"kaspa", "txid", "t.json", NULL},
     ANYONE("51", "", ", \"gas\": \"07\""),
     3,
     {"t.json:4:", "gas"}},
    {"a wrong number deep inside",
     {"kaspa", "txid", NULL},
     ANYONE("5", "", ""),
     3,
     {"standard input:3:", "inputs[0].utxo.scriptPublicKey"}},
    {"an unknown member",
     {"kaspa", "txid", NULL},
     ANYONE("51", "", ", \"verboseData\": {}"),
     3,
     {"standard input:4:", "verboseData"}},
    {"an unknown member that is passed over",
     {"kaspa", "txid", "--ignore-unknown", NULL},
     ANYONE("51", "", ", \"verboseData\": {}"),
     0,
     {"version 1"}},
    {"a member with terminal controls",
     {"kaspa", "txid", NULL},
     ANYONE("51", "", ", \"\\u001b[31m\": 1"),
     3,
     {"standard input:4:"}},
    {"no JSON", {"kaspa", "txid", NULL}, "\n  x", 3, {"standard input:2:3:"}},
    {"no such file", {"kaspa", "txid", "nowhere.json", NULL}, NULL, 3, {"nowhere.json"}},
    {"every rule held",
     {"kaspa", "verify", "t.json", POINT, NULL},
     ANYONE("51", "", COMMITTED),
     0,
     {CLAIMS, "held kaspa.isolation.inputs", "consensus valid", "relay invalid"}},
    {"a rule broken",
     {"kaspa", "verify", "t.json", POINT, NULL},
     ANYONE("51", "", ""),
     1,
     {"BROKEN kaspa.utxo.storage-mass", "consensus invalid: WrongMass"}},
    {"a storage mass that the mempool fills in",
     {"kaspa", "verify", "t.json", POINT, "--fill-mass", NULL},
     ANYONE("51", "", ""),
     0,
     {"consensus valid"}},
    {"a script that refuses",
     {"kaspa", "verify", "t.json", POINT, NULL},
     ANYONE("00", "00", COMMITTED),
     1,
     {"BROKEN kaspa.utxo.scripts", "consensus invalid: SignatureInvalid", "(CleanStack)"}},
    {"no point of view",
     {"kaspa", "verify", "t.json", NULL},
     ANYONE("51", "", COMMITTED),
     2,
     {"not judged kaspa.utxo.sequence-locks", "consensus undecided", "give --daa and --median-ms"}},
    {"half a point of view",
     {"kaspa", "verify", "--daa", "5", NULL},
     ANYONE("51", "", COMMITTED),
     3,
     {"give both, or none"}},
    {"a script that is true",
     {"kaspa", "run", NULL},
     ANYONE("51", "", ""),
     0,
     {CLAIMS, "input 0: valid", "used 0 of 9999 script units"}},
    {"a script that is false",
     {"kaspa", "run", NULL},
     ANYONE("51766900", "", ""),
     1,
     {"input 0: invalid: CleanStack"}},
    {"a script that fails at a place",
     {"kaspa", "run", NULL},
     ANYONE("516a", "", ""),
     1,
     {"input 0: invalid: EarlyReturn: RETURN was executed",
      "at: script public key, offset 1, RETURN"}},
    {"a script that only a node can decide",
     {"kaspa", "run", NULL},
     ANYONE("20" KEY "d4", "", ""),
     2,
     {"input 0: undecided: sequencing commitment"}},
    {"one undecided and one that fails",
     {"kaspa", "run", NULL},
     TWO("20" KEY "d4", "00"),
     1,
     {"input 0: undecided", "input 1: invalid: EvalFalse"}},
    {"one undecided and one that is valid",
     {"kaspa", "run", NULL},
     TWO("51", "20" KEY "d4"),
     2,
     {"input 0: valid", "input 1: undecided"}},
    {"the second alone",
     {"kaspa", "run", "--input", "1", NULL},
     TWO("00", "51"),
     0,
     {"input 1: valid"}},
    {"a trace",
     {"kaspa", "run", "--trace", NULL},
     ANYONE("6351675268", "51", ""),
     0,
     {"signature script 0: 1 [0 units] stack 0:", "script public key 0: IF",
      "script public key 3: 2 (not executed)", "stack 1: 0x01"}},
    {"long items are cut",
     {"kaspa", "run", "--trace", NULL},
     ANYONE("21" KEY "0075"
            "51",
            "", ""),
     0,
     {"script public key 0: DATA33 0x" KEY "…(33 bytes)"}},
    {"units of one's own",
     {"kaspa", "run", "--units", "0", NULL},
     ANYONE("5176"
            "9c",
            "", ""),
     1,
     {"ExceededCommittedScriptUnits", "of 0 script units"}},
    {"no limit of units",
     {"kaspa", "run", "--units", "unlimited", "--input", "0", NULL},
     ANYONE("51", "", ""),
     0,
     {"with no limit"}},
    {"an input that is not there",
     {"kaspa", "run", "--input", "1", NULL},
     ANYONE("51", "", ""),
     3,
     {"--input: the transaction has 1 inputs"}},
    {"units that are none",
     {"kaspa", "run", "--units", "many", NULL},
     ANYONE("51", "", ""),
     3,
     {"--units: expected"}},
    {"nothing known of what is spent",
     {"kaspa", "run", NULL},
     NO_CLAIM,
     3,
     {"input 0 has no utxo block"}},
    {"no inputs",
     {"kaspa", "run", NULL},
     "{\"version\": 0, \"inputs\": [], \"outputs\": []}",
     3,
     {"has no inputs"}},
    {"a covenant that is none",
     {"kaspa", "run", NULL},
     "{\"version\": 1, \"inputs\": [{\"transactionId\": \"" ID(
         "1111") "\", \"index\": 0, "
                 "\"sequence\": \"0\", \"computeBudget\": 0, \"signatureScript\": \"\", "
                 "\"utxo\": {\"amount\": \"1\", \"scriptPublicKey\": \"000051\"}}], \"outputs\": "
                 "[{\"value\": "
                 "\"1\", \"scriptPublicKey\": \"000051\", \"covenant\": {\"authorizingInput\": 0, "
                 "\"covenantId\": \"" ID("1111") "\"}}]}",
     1,
     {"no script is run: WrongGenesisCovenantId", "(input 0)"}},
};

Test(cli_kaspa, says_of_a_transaction_what_it_is_and_what_is_wrong, .timeout = 300)
{
    CHECK(transactions);
}

/* ---- the operations, as verify and the adapter give them ---- */

#define RUN(script)                                                                                \
    "{\"transaction\": {\"version\": 1, \"inputs\": [{\"transactionId\": \"" ID(                   \
        "1111") "\", \"index\": 0, \"sequence\": \"0\", \"computeBudget\": 0, "                    \
                "\"signatureScript\": \"\"}], "                                                    \
                "\"outputs\": []}, \"utxos\": [{\"amount\": \"1\", \"scriptPublicKey\": "          \
                "\"0000" script "\"}], \"input\": 0"

static const struct row operations[] = {
    {"accepted", {"verify", "kaspa.script.run", NULL}, RUN("51") "}", 0, {"{\"usedUnits\":\"0\"}"}},
    {"refused", {"verify", "kaspa.script.run", NULL}, RUN("00") "}", 1, {"\"rule\":\"EvalFalse\""}},
    {"undecided",
     {"verify", "kaspa.script.run", NULL},
     RUN("20" KEY "d4") "}",
     2,
     {"{\"reason\":\"sequencing commitment\"}"}},
    {"no proper input",
     {"verify", "kaspa.txid", "{\"\\u001b[31m\": 1}", NULL},
     NULL,
     3,
     {"member \\x1B[31m is not known"}},
    {"no JSON", {"verify", "kaspa.txid", "{\033", NULL}, NULL, 3, {"line 1"}},
    {"an adapter",
     {"adapter", NULL},
     "{\"op\": \"hello\"}\n"
     "{\"id\": 1, \"op\": \"kaspa.script.run\", \"transaction\": 5}\n" RUN(
         "20" KEY
         "d4") ", \"id\": 2, \"op\": \"kaspa.script.run\"}\n"
               "{\"id\": 3, \"op\": \"kaspa.number.decode\", \"bytes\": \"01\"}\n"
               "{\"id\": 4, \"op\": \"kaspa.number.decode\", \"bytes\": \"000000000000000000\"}\n",
     0,
     {"\"kaspa.script.run\"", "{\"unsupported\":\"sequencing commitment\",\"id\":2}",
      "{\"ok\":{\"number\":\"1\"},\"id\":3}", "\"rule\":\"NumberTooBig\""}},
};

Test(cli_kaspa, reaches_the_operations_through_verify_and_the_adapter)
{
    CHECK(operations);
}
