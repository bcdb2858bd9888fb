/* The client of a node before answers that are not as they must be, one changed at a time. */
#include "answers_world.h"

#include "base/hex.h"
#include "kaspa/safejson.h"
#include "kaspa/txid.h"

#include <stdio.h>
#include <stdlib.h>

Test(kaspa_client_answers, are_taken_as_they_must_be)
{
    struct asking a;

    asking_begin(&a, NULL, 0);
    cr_assert_eq(asking_look(&a), ASSAY_OK, "%s", a.err.text);
    cr_expect_eq(a.sight.evidence.status, KX_CHAIN_ACCEPTED);
    cr_expect_eq(a.sight.evidence.confirmations, 1);
    cr_expect_eq(a.sight.evidence.accepting_blue_score, 7);
    cr_expect(a.sight.is_missing[0]);
    asking_end(&a);
}

/* ---- one answer of another shape ---- */

#define SECOND_COIN                                                                                \
    ",{'outpoint':{'transactionId':'" H("d3") "','index':1},'utxoEntry':{'amount':9,"              \
                                              "'scriptPublicKey':'" SPK                            \
                                              "','blockDaaScore':9,'isCoinbase':false}}]"
#define SAME_COIN                                                                                  \
    ",{'outpoint':{'transactionId':'" H("c2") "','index':0},'utxoEntry':{'amount':8,"              \
                                              "'scriptPublicKey':'" SPK                            \
                                              "','blockDaaScore':9,'isCoinbase':false}}]"

/* clang-format off */
static const struct {
    const char *name, *method, *was, *is;
    enum assay_code code;
} shapes[] = {
    {"synced as text", SERVER, "'isSynced':true", "'isSynced':'true'", ASSAY_E_DENIED},
    {"synced as 1", SERVER, "'isSynced':true", "'isSynced':1", ASSAY_E_DENIED},
    {"synced as null", SERVER, "'isSynced':true", "'isSynced':null", ASSAY_E_DENIED},
    {"synced as list", SERVER, "'isSynced':true", "'isSynced':[true]", ASSAY_E_DENIED},
    {"synced in capitals", SERVER, "'isSynced'", "'IsSynced'", ASSAY_E_DENIED},
    {"not synced", SERVER, "'isSynced':true", "'isSynced':false", ASSAY_E_DENIED},
    {"not synced by the status", SYNC, "true", "false", ASSAY_E_DENIED},
    {"no status", SYNC, "'isSynced':true", "", ASSAY_E_DENIED},
    {"an index as text", SERVER, "'hasUtxoIndex':true", "'hasUtxoIndex':'true'", ASSAY_E_MALFORMED},
    {"no index", SERVER, "'hasUtxoIndex':true", "'hasUtxoIndex':false", ASSAY_E_DENIED},
    {"another network", SERVER, "testnet-10", "testnet-11", ASSAY_E_DENIED},
    {"a network with a prefix", SERVER, "testnet-10", "kaspa-testnet-10", ASSAY_E_DENIED},
    {"a network in capitals", SERVER, "testnet-10", "TESTNET-10", ASSAY_E_DENIED},
    {"a network as number", SERVER, "'testnet-10'", "10", ASSAY_E_MALFORMED},
    {"a second network", DAG, "testnet-10", "mainnet", ASSAY_E_DENIED},
    {"no params", SERVER, NULL, "{'id':$}", ASSAY_E_MALFORMED},
    {"params of null", SERVER, NULL, "{'id':$,'params':null}", ASSAY_E_MALFORMED},
    {"params and error", SERVER, "}}", "},'error':{}}", ASSAY_E_MALFORMED},
    {"params as list", SERVER, NULL, "{'id':$,'params':[]}", ASSAY_E_MALFORMED},
    {"an error", SERVER, NULL, SAYS("no"), ASSAY_E_DENIED},
    {"an error without words", SERVER, NULL, "{'id':$,'error':7}", ASSAY_E_DENIED},
    {"a short sink", DAG, "'sink':'b1", "'sink':'b", ASSAY_E_MALFORMED},
    {"a sink as number", DAG, "'sink':'" H("b1") "'", "'sink':7", ASSAY_E_MALFORMED},
    {"a sink that is not on the chain", DAG, H("b1"), H("e4"), ASSAY_E_MALFORMED},
    {"a score as text", DAG, ":100", ":'100'", ASSAY_E_MALFORMED},
    {"a score with a fraction", DAG, ":100", ":100.0", ASSAY_E_MALFORMED},
    {"a score with an exponent", DAG, ":100", ":1e2", ASSAY_E_MALFORMED},
    {"a score of 2^64", DAG, ":100", ":18446744073709551616", ASSAY_E_MALFORMED},
    {"a negative time", DAG, "'pastMedianTime':1", "'pastMedianTime':-1", ASSAY_E_MALFORMED},
    {"an accepting block that is not added", PAGE, "'acceptingBlockHash':'" H("b1"), "'acceptingBlockHash':'" H("e4"), ASSAY_E_MALFORMED},
    {"accepted by two blocks", PAGE, "['" H("b1") "'],'acceptedTransactionIds':[",
     "['" H("e4") "','" H("b1") "'],'acceptedTransactionIds':[{'acceptingBlockHash':'" H("e4") "','acceptedTransactionIds':['" H("c2") "']},", ASSAY_E_MALFORMED},
    {"accepted twice by one block", PAGE, "]}]", "]},{'acceptingBlockHash':'" H("b1") "','acceptedTransactionIds':['" H("c2") "']}]", ASSAY_E_MALFORMED},
    {"ids as one text", PAGE, "['" H("c2") "']", "'" H("c2") "'", ASSAY_E_MALFORMED},
    {"a short id", PAGE, "'" H("c2"), "'c2", ASSAY_E_MALFORMED},
    {"a chain of numbers", PAGE, "['" H("b1") "']", "[7]", ASSAY_E_MALFORMED},
    {"no list of what was removed", PAGE, "[]", "null", ASSAY_E_MALFORMED},
    {"an empty chain", PAGE, "['" H("b1") "']", "[]", ASSAY_E_MALFORMED},
    {"a longer chain than its scores", PAGE, "'" H("b1") "'],", "'" H("b1") "','" H("e4") "'],", ASSAY_E_MALFORMED},
    {"another block", BLOCK, "{'hash':'?", "{'hash':'" H("e4"), ASSAY_E_MALFORMED},
    {"a block of two hashes", BLOCK, "'verboseData':{'hash':'?", "'verboseData':{'hash':'" H("e4"), ASSAY_E_MALFORMED},
    {"a block of two scores", BLOCK, "7,'isChain", "8,'isChain", ASSAY_E_MALFORMED},
    {"no chain block", BLOCK, "'isChainBlock':true", "'isChainBlock':false", ASSAY_E_MALFORMED},
    {"a chain block as text", BLOCK, "'isChainBlock':true", "'isChainBlock':'true'", ASSAY_E_MALFORMED},
    {"a chain block as 1", BLOCK, "'isChainBlock':true", "'isChainBlock':1", ASSAY_E_MALFORMED},
    {"a coin that is spent and there", COINS, "]", SECOND_COIN, ASSAY_E_MALFORMED},
    {"an amount as text", COINS, "'amount':7", "'amount':'7'", ASSAY_E_MALFORMED},
    {"an amount above all money", COINS, "'amount':7", "'amount':2900000000000000001", ASSAY_E_MALFORMED},
    {"an amount of 2^64 + 7", COINS, "'amount':7", "'amount':18446744073709551623", ASSAY_E_MALFORMED},
    {"an index of 2^32", COINS, "'index':0", "'index':4294967296", ASSAY_E_MALFORMED},
    {"a script that was not asked for", COINS, "00002011", "00002012", ASSAY_E_MALFORMED},
    {"a script of another version", COINS, "'0000", "'0001", ASSAY_E_MALFORMED},
    {"a script in two parts", COINS, "'" SPK "'", "{'version':0}", ASSAY_E_MALFORMED},
    {"an empty script", COINS, "'" SPK "'", "''", ASSAY_E_MALFORMED},
    {"another address", COINS, "'address':null", "'address':'kaspatest:qq'", ASSAY_E_MALFORMED},
    {"an address as number", COINS, "'address':null", "'address':7", ASSAY_E_MALFORMED},
    {"no score", COINS, "'blockDaaScore':9,", "", ASSAY_E_MALFORMED},
    {"a coinbase as 0", COINS, "'isCoinbase':false", "'isCoinbase':0", ASSAY_E_MALFORMED},
    {"a covenant that is no hash", COINS, "'covenantId':null", "'covenantId':7", ASSAY_E_MALFORMED},
    {"a coin twice", COINS, "]", SAME_COIN, ASSAY_E_MALFORMED},
    {"coins as object", COINS, NULL, ANSWER("{'entries':{}}"), ASSAY_E_MALFORMED},
    {"a coin as number", COINS, NULL, ANSWER("{'entries':[7]}"), ASSAY_E_MALFORMED},
    {"members twice", COINS, "]", "],'entries':[]", ASSAY_E_MALFORMED},
    {"half an answer", COINS, NULL, "{'id':$,'params':{", ASSAY_E_MALFORMED},
    {"no JSON", COINS, NULL, "hello", ASSAY_E_MALFORMED},
    {"a list", COINS, NULL, "[$]", ASSAY_E_MALFORMED},
    {"nothing", COINS, NULL, "", ASSAY_E_MALFORMED},
    {"what is no UTF-8", COINS, "null", "'\xff'", ASSAY_E_MALFORMED},
};
/* clang-format on */

Test(kaspa_client_answers, of_another_shape_are_errors)
{
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        char *text = answer_with(shapes[i].method, shapes[i].was, shapes[i].is);
        const struct ws_scripted_row row = {shapes[i].method, text, 0};
        struct asking a;
        enum assay_code rc;

        asking_begin(&a, &row, 1);
        rc = asking_look(&a);
        cr_expect_eq(rc, shapes[i].code, "row %s: %s: %s", shapes[i].name, assay_code_name(rc),
                     a.err.text);
        cr_expect_eq(a.sight.evidence.status, KX_CHAIN_UNKNOWN, "row %s", shapes[i].name);
        cr_expect(a.err.text[0] != '\0' && a.err.code == rc, "row %s", shapes[i].name);
        asking_end(&a);
        free(text);
    }
}

static const struct {
    const char *name, *method, *was, *is;
} harmless[] = {
    {"hashes in capitals", PAGE, "'c2c2c2c2", "'C2C2C2C2"},
    {"a covenant of no length", COINS, "'covenantId':null", "'covenantId':''"},
    {"no covenant at all", COINS, ",'covenantId':null", ""},
    {"no address at all", COINS, "'address':null,", ""},
    {"an error of null", SYNC, "}}", "},'error':null}"},
    {"members that nobody knows", SYNC, "{'is", "{'more':[1,{}],'is"},
    {"a block that accepts nothing", PAGE, "['" H("b1"), "['" H("e4") "','" H("b1")},
};

Test(kaspa_client_answers, may_differ_in_what_does_not_matter)
{
    for (size_t i = 0; i < ARRAY_LEN(harmless); i++) {
        char *text = answer_with(harmless[i].method, harmless[i].was, harmless[i].is);
        const struct ws_scripted_row row = {harmless[i].method, text, 0};
        struct asking a;

        asking_begin(&a, &row, 1);
        cr_expect_eq(asking_look(&a), ASSAY_OK, "row %s: %s", harmless[i].name, a.err.text);
        cr_expect_eq(a.sight.evidence.status, KX_CHAIN_ACCEPTED, "row %s", harmless[i].name);
        asking_end(&a);
        free(text);
    }
}

/* ---- of a transaction that is not accepted ---- */

/* @ stands for the id of TX("7"), which is looked for, # for that of TX("8"), which spends the same
 * coin. */
#define TX_OPEN(value)                                                                             \
    "{'version':0,'inputs':[{'previousOutpoint':{'transactionId':'" H(                             \
        "d3") "','index':1},'signatureScript':'','sequence':0,'sigOpCount':1}],'outputs':[{'"      \
              "value':" value ",'scriptPublicKey':'" SPK                                           \
              "'}],'lockTime':0,'subnetworkId':'00000000000000000000"                              \
              "00000000000000000000','gas':0,'payload':''"
#define TX(value) TX_OPEN(value) "}"
#define TX_ID(value, id) TX_OPEN(value) ",'verboseData':{'transactionId':'" id "'}}"
#define ENTRY(tx, orphan)                                                                          \
    ANSWER("{'mempoolEntry':{'fee':1,'transaction':" tx ",'is_orphan':" orphan "}}")
#define NOT_THERE SAYS("Transaction @ not found")
#define NO_COINS ANSWER("{'entries':[]}")

/* clang-format off */
static const struct {
    const char *name;
    const char *ids, *mempool, *full; /* of a page, of the mempool, and of a page in full */
    enum assay_code code;
    enum kx_chain_status status;
} unaccepted[] = {
    {"in the mempool", "", ENTRY(TX("7"), "false"), "", ASSAY_OK, KX_CHAIN_MEMPOOL},
    {"an orphan", "", ENTRY(TX("7"), "true"), "", ASSAY_OK, KX_CHAIN_UNKNOWN},
    {"perhaps an orphan", "", ENTRY(TX("7"), "0"), "", ASSAY_E_MALFORMED, KX_CHAIN_UNKNOWN},
    {"another in the mempool", "", ENTRY(TX("8"), "false"), "", ASSAY_E_MALFORMED, KX_CHAIN_UNKNOWN},
    {"an entry that is none", "", ENTRY("{}", "false"), "", ASSAY_E_MALFORMED, KX_CHAIN_UNKNOWN},
    {"a refusal", "", SAYS("no"), "", ASSAY_E_DENIED, KX_CHAIN_UNKNOWN},
    {"another not found", "", SAYS("Transaction # not found"), "", ASSAY_E_DENIED, KX_CHAIN_UNKNOWN},
    {"nowhere", "", NOT_THERE, "", ASSAY_OK, KX_CHAIN_UNKNOWN},
    {"its coin spent by another", "'#'", NOT_THERE, TX_ID("8", "#"), ASSAY_OK, KX_CHAIN_ABSENT},
    {"its coin spent by one that is not accepted", "", NOT_THERE, TX_ID("8", "#"), ASSAY_E_MALFORMED, KX_CHAIN_UNKNOWN},
    {"a spender under another id", "'" H("e4") "'", NOT_THERE, TX_ID("8", H("e4")), ASSAY_E_MALFORMED, KX_CHAIN_UNKNOWN},
    {"a spender without id", "'#'", NOT_THERE, TX("8"), ASSAY_E_MALFORMED, KX_CHAIN_UNKNOWN},
    {"itself the spender", "", NOT_THERE, TX_ID("7", "@"), ASSAY_E_MALFORMED, KX_CHAIN_UNKNOWN},
    {"transactions that say nothing", "", NOT_THERE, "{},{'inputs':null},{'inputs':[]}", ASSAY_OK, KX_CHAIN_UNKNOWN},
    {"inputs that are none", "", NOT_THERE, "{'inputs':[7]}", ASSAY_E_MALFORMED, KX_CHAIN_UNKNOWN},
};

static const struct {
    const char *name, *answer;
    enum assay_code code;
} submissions[] = {
    {"its id", ANSWER("{'transactionId':'@'}"), ASSAY_OK},
    {"another id", ANSWER("{'transactionId':'#'}"), ASSAY_E_MISMATCH},
    {"no id", ANSWER("{}"), ASSAY_E_MALFORMED},
    {"an id as number", ANSWER("{'transactionId':7}"), ASSAY_E_MALFORMED},
    {"in the mempool already", SAYS("Rejected transaction @: transaction @ is already in the mempool"), ASSAY_OK},
    {"accepted already", SAYS("Rejected transaction @: transaction @ was already accepted by the consensus"), ASSAY_OK},
    {"another there already", SAYS("Rejected transaction @: transaction # is already in the mempool"), ASSAY_E_DENIED},
    {"rejected", SAYS("Rejected transaction @: it is of no use"), ASSAY_E_DENIED},
    {"another rejected", SAYS("Rejected transaction #: it is of no use"), ASSAY_E_IO},
    {"a failure", SAYS("out of order"), ASSAY_E_IO},
    {"half an answer", "{'id':$,", ASSAY_E_MALFORMED},
};
/* clang-format on */

/* The two transactions as the client has them. */
struct pair {
    struct assay_arena arena;
    struct kaspa_tx tx;
    struct kaspa_hash own, other;
};

static void read_pair(struct pair *pair)
{
    static const char *const texts[] = {TX("7"), TX("8")};
    static const struct kaspa_json_options options = {.numbers = true};

    *pair = (struct pair){.arena = ASSAY_ARENA_INIT(1 << 20)};
    for (int i = 1; i >= 0; i--) {
        char *text = strdup(texts[i]);

        for (char *at = text; (at = strchr(at, '\'')) != NULL;)
            *at = '"';
        cr_assert_eq(kaspa_tx_parse(&pair->tx, NULL, &pair->arena, assay_str(text), &options, NULL),
                     ASSAY_OK);
        kaspa_txid(i == 0 ? &pair->own : &pair->other, &pair->tx);
        free(text);
    }
}

static char *with_ids(const char *text, const struct pair *pair)
{
    struct assay_buf out = ASSAY_BUF_INIT(1 << 16);
    char *copy;

    for (; *text != '\0'; text++)
        if (*text == '@')
            assay_buf_add_hex(&out, assay_bytes_of(pair->own.at, KASPA_HASH_BYTES));
        else if (*text == '#')
            assay_buf_add_hex(&out, assay_bytes_of(pair->other.at, KASPA_HASH_BYTES));
        else
            assay_buf_add_byte(&out, (uint8_t)*text);
    copy = strdup(assay_buf_cstr(&out));
    assay_buf_fini(&out);
    cr_assert_not_null(copy);
    return copy;
}

/* An honest answer with another list in it. */
static char *page_with(const char *method, const char *before, const char *was, const char *list,
                       const struct pair *pair)
{
    char text[8192], *page, *with;

    cr_assert_lt(snprintf(text, sizeof(text), "%s%s", before, list), (int)sizeof(text));
    with = with_ids(text, pair);
    page = answer_with(method, was, with);
    free(with);
    return page;
}

Test(kaspa_client_answers, of_what_is_not_accepted_are_held_against_each_other)
{
    struct pair pair;

    read_pair(&pair);
    for (size_t i = 0; i < ARRAY_LEN(unaccepted); i++) {
        char *ids = page_with(PAGE, "", "'" H("c2") "'", unaccepted[i].ids, &pair);
        char *full = page_with(FULL_PAGE, "'acceptedTransactions':[", "'acceptedTransactions':[",
                               unaccepted[i].full, &pair);
        char *mempool = with_ids(unaccepted[i].mempool, &pair);
        const struct ws_scripted_row rows[] = {
            {PAGE, ids, 0}, {COINS, NO_COINS, 0}, {MEMPOOL, mempool, 0}, {FULL_PAGE, full, 0}};
        struct asking a;
        enum assay_code rc;

        asking_begin(&a, rows, ARRAY_LEN(rows));
        rc = asking_look_for(&a, &pair.own);
        cr_expect_eq(rc, unaccepted[i].code, "row %s: %s: %s", unaccepted[i].name,
                     assay_code_name(rc), a.err.text);
        cr_expect_eq(a.sight.evidence.status, unaccepted[i].status, "row %s", unaccepted[i].name);
        cr_expect_eq(a.sight.evidence.has_confirmations, unaccepted[i].status == KX_CHAIN_ABSENT,
                     "row %s", unaccepted[i].name);
        asking_end(&a);
        free(ids);
        free(full);
        free(mempool);
    }
    assay_arena_fini(&pair.arena);
}

/* Its output is among the coins, so it is accepted; and no block accepts it. */
Test(kaspa_client_answers, of_the_chain_contradict_an_output_that_is_there)
{
    struct ws_scripted_row row = {COINS, NULL, 0};
    char *coins;
    struct pair pair;
    struct asking a;

    read_pair(&pair);
    row.text = coins = page_with(COINS, "", H("c2"), "@", &pair);
    asking_begin(&a, &row, 1);
    for (int has_since = 0; has_since <= 1; has_since++) {
        a.has_since = has_since;
        cr_expect_eq(asking_look_for(&a, &pair.own), ASSAY_E_MALFORMED);
        cr_expect_not_null(strstr(a.err.text, "no block of the chain accepts that yet"), "%s",
                           a.err.text);
    }
    asking_end(&a);
    free(coins);
    assay_arena_fini(&pair.arena);
}

/* ---- of a whole transaction ---- */

#define COIN(txid, index, amount, score, covenant)                                                 \
    "{'outpoint':{'transactionId':'" txid "','index':" index "},'utxoEntry':{'amount':" amount     \
    ",'scriptPublicKey':'" SPK "','blockDaaScore':" score                                          \
    ",'isCoinbase':false,'covenantId':" covenant "}}"
#define COINS_OF(list) ANSWER("{'entries':[" list "]}")
#define ITS_COIN COIN("@", "0", "7", "8", "null")

/* clang-format off */
static const struct {
    const char *name;
    const char *ids, *full, *coins;
    uint32_t made, spent; /* outputs of it, and of d3, that are asked for */
    enum assay_code code;
} bodies[] = {
    {"it", "@", TX_ID("7", "@"), COINS_OF(ITS_COIN), 0, 1, ASSAY_OK},
    {"it behind those that say nothing", "@", "{},{'verboseData':null},{'verboseData':{}}," TX_ID("7", "@"), COINS_OF(ITS_COIN), 0, 1, ASSAY_OK},
    {"it without its coin", "@", TX_ID("7", "@"), NO_COINS, 0, 1, ASSAY_OK},
    {"another under its id", "@", TX_ID("8", "@"), COINS_OF(ITS_COIN), 0, 1, ASSAY_E_MALFORMED},
    {"it under another id", "@", TX_ID("7", "#"), COINS_OF(ITS_COIN), 0, 1, ASSAY_E_MALFORMED},
    {"another alone", "@", TX_ID("8", "#"), COINS_OF(ITS_COIN), 0, 1, ASSAY_E_MALFORMED},
    {"it without its id", "@", TX("7"), COINS_OF(ITS_COIN), 0, 1, ASSAY_E_MALFORMED},
    {"its id alone", "@", "{'verboseData':{'transactionId':'@'}}", COINS_OF(ITS_COIN), 0, 1, ASSAY_E_MALFORMED},
    {"an id that is none", "@", "{'verboseData':{'transactionId':7}}," TX_ID("7", "@"), COINS_OF(ITS_COIN), 0, 1, ASSAY_E_MALFORMED},
    {"nothing", "@", "", COINS_OF(ITS_COIN), 0, 1, ASSAY_E_MALFORMED},
    {"it, and a coin of another amount", "@", TX_ID("7", "@"), COINS_OF(COIN("@", "0", "8", "8", "null")), 0, 1, ASSAY_E_MALFORMED},
    {"it, and a coin of another block", "@", TX_ID("7", "@"), COINS_OF(COIN("@", "0", "7", "9", "null")), 0, 1, ASSAY_E_MALFORMED},
    {"it, and a coin in a covenant", "@", TX_ID("7", "@"), COINS_OF(COIN("@", "0", "7", "8", "'" H("e4") "'")), 0, 1, ASSAY_E_MALFORMED},
    {"it, and a coin that it does not make", "@", TX_ID("7", "@"), COINS_OF(COIN("@", "1", "7", "8", "null")), 1, 1, ASSAY_E_MALFORMED},
    {"it, and a coin that it does not spend", "@", TX_ID("7", "@"), COINS_OF(ITS_COIN), 0, 2, ASSAY_E_MALFORMED},
    {"it, and a coin that it spends", "@", TX_ID("7", "@"), COINS_OF(ITS_COIN "," COIN(H("d3"), "1", "9", "7", "null")), 0, 1, ASSAY_E_MALFORMED},
    {"its coin, and no block that accepts it", H("c2"), TX_ID("7", "@"), COINS_OF(ITS_COIN "," COIN(H("d3"), "1", "9", "7", "null")), 0, 1, ASSAY_E_MALFORMED},
};
/* clang-format on */

static enum assay_code look_for_body(struct asking *a, const struct pair *pair, uint32_t made,
                                     uint32_t spent)
{
    struct kaspa_outpoint coins[2] = {{.txid = pair->own, .index = made}, {.index = spent}};
    const struct kaspa_spk spks[2] = {pair->tx.outputs[0].spk, pair->tx.outputs[0].spk};
    struct kx_look question = {
        .outpoints = coins,
        .spks = spks,
        .count = ARRAY_LEN(coins),
        .has_tx = true,
        .txid = pair->own,
        .has_since = true,
        .wants_body = true,
    };

    memset(coins[1].txid.at, 0xD3, sizeof(coins[1].txid.at));
    memset(question.since.at, 0xA0, sizeof(question.since.at));
    return ref_kaspa_node_look(a->client, &a->sight, &a->arena, &question, &a->err);
}

Test(kaspa_client_answers, of_whole_transactions_are_held_against_id_and_coins)
{
    struct pair pair;

    read_pair(&pair);
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        char *ids = page_with(PAGE, "", H("c2"), bodies[i].ids, &pair);
        char *full = page_with(FULL_PAGE, "'acceptedTransactions':[", "'acceptedTransactions':[",
                               bodies[i].full, &pair);
        char *coins = with_ids(bodies[i].coins, &pair);
        const struct ws_scripted_row rows[] = {
            {PAGE, ids, 0}, {FULL_PAGE, full, 0}, {COINS, coins, 0}, {MEMPOOL, SAYS("no"), 0}};
        struct asking a;
        enum assay_code rc;

        asking_begin(&a, rows, ARRAY_LEN(rows));
        rc = look_for_body(&a, &pair, bodies[i].made, bodies[i].spent);
        cr_expect_eq(rc, bodies[i].code, "row %s: %s: %s", bodies[i].name, assay_code_name(rc),
                     a.err.text);
        cr_expect_eq(a.sight.has_body, rc == ASSAY_OK, "row %s", bodies[i].name);
        if (a.sight.has_body)
            cr_expect(kaspa_tx_equal(&a.sight.body, &pair.tx), "row %s", bodies[i].name);
        asking_end(&a);
        free(ids);
        free(full);
        free(coins);
    }
    assay_arena_fini(&pair.arena);
}

/* ---- what is said of a submission ---- */

Test(kaspa_client_answers, to_a_submission_tell_what_is_known_of_it)
{
    struct pair pair;

    read_pair(&pair);
    for (size_t i = 0; i < ARRAY_LEN(submissions); i++) {
        char *answer = with_ids(submissions[i].answer, &pair);
        const struct ws_scripted_row row = {SUBMIT, answer, 0};
        struct asking a;
        enum assay_code rc;
        bool sent = false;

        asking_begin(&a, &row, 1);
        rc = ref_kaspa_node_submit(a.client, &pair.tx, &pair.own, &sent, &a.err);
        cr_expect_eq(rc, submissions[i].code, "row %s: %s: %s", submissions[i].name,
                     assay_code_name(rc), a.err.text);
        cr_expect(sent, "row %s", submissions[i].name);
        cr_expect_eq(ws_scripted_connections(a.server), 1, "row %s", submissions[i].name);
        asking_end(&a);
        free(answer);
    }
    assay_arena_fini(&pair.arena);
}
