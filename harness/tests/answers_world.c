/* A node that answers with texts, and a client before it; see answers_world.h. */
#include "answers_world.h"

#include "kaspa/script.h"

#include <stdlib.h>

static const struct ws_scripted_row honest[] = {
    {SERVER,
     ANSWER("{'networkId':'testnet-10','hasUtxoIndex':true,'isSynced':true,"
            "'virtualDaaScore':100}"),
     0},
    {SYNC, ANSWER("{'isSynced':true}"), 0},
    {DAG,
     ANSWER("{'network':'testnet-10','sink':'" H("b1") "','pruningPointHash':'" H(
         "a0") "','virtualDaaScore':100,'pastMedianTime':1}"),
     0},
    {PAGE,
     ANSWER("{'removedChainBlockHashes':[],'addedChainBlockHashes':['" H(
         "b1") "'],'acceptedTransactionIds':[{'acceptingBlockHash':'" H("b1") "','"
                                                                              "acceptedTransactionI"
                                                                              "ds':['" H("c2") "']}"
                                                                                               "]"
                                                                                               "}"),
     0},
    {FULL_PAGE,
     ANSWER("{'removedChainBlockHashes':[],'addedChainBlockHashes':['" H(
         "b1") "'],'chainBlockAcceptedTransactions':[{'acceptedTransactions':[]}]}"),
     0},
    {BLOCK,
     ANSWER("{'block':{'header':{'hash':'?','blueScore':7,'daaScore':8},'verboseData':{'hash':'?',"
            "'blueScore':7,'isChainBlock':true}}}"),
     0},
    {COINS,
     ANSWER("{'entries':[{'address':null,'outpoint':{'transactionId':'" H(
         "c2") "','index':0},'utxoEntry':{'amount':7,'scriptPublicKey':'" SPK
               "','blockDaaScore':9,'isCoinbase':false,'covenantId':null}}]}"),
     0},
};

void asking_begin_at(struct asking *a, const char *url)
{
    struct ref_kaspa_node_options options = REF_KASPA_NODE_OPTIONS_DEFAULT;
    struct assay_err err = {.code = ASSAY_OK};

    *a = (struct asking){.arena = ASSAY_ARENA_INIT(1 << 20), .has_since = true};
    options.url = url;
    options.deadline_ms = ANSWERS_DEADLINE_MS;
    options.max_lag_ms = 0;
    options.answer_max_bytes = ANSWER_MAX_BYTES;
    cr_assert_eq(ref_kaspa_node_start(&a->client, &options, &err), ASSAY_OK, "%s", err.text);
}

void asking_begin(struct asking *a, const struct ws_scripted_row *special, size_t count)
{
    struct ws_scripted *server = ws_scripted_start(special, count, honest, ARRAY_LEN(honest));

    asking_begin_at(a, ws_scripted_url(server));
    a->server = server;
}

void asking_end(struct asking *a)
{
    ref_kaspa_node_stop(a->client);
    if (a->server != NULL)
        ws_scripted_stop(a->server);
    assay_arena_fini(&a->arena);
}

char *answer_with(const char *method, const char *was, const char *is)
{
    const char *text = is, *at;
    char *all;

    for (size_t i = 0; i < ARRAY_LEN(honest); i++)
        if (was != NULL && strcmp(honest[i].method, method) == 0)
            text = honest[i].text;
    at = was != NULL ? strstr(text, was) : text;
    cr_assert_not_null(at, "%s has no %s", method, was);
    all = calloc(1, strlen(text) + strlen(is) + 1);
    cr_assert_not_null(all);
    memcpy(all, text, (size_t)(at - text));
    memcpy(all + (at - text), is, strlen(is));
    if (was != NULL)
        memcpy(all + (at - text) + strlen(is), at + strlen(was), strlen(at + strlen(was)));
    return all;
}

enum assay_code asking_look_for(struct asking *a, const struct kaspa_hash *txid)
{
    uint8_t script[KASPA_SPK_SCHNORR_BYTES] = {0x20};
    struct kaspa_outpoint spent = {.index = 1};
    struct kx_look question = {
        .outpoints = &spent,
        .count = 1,
        .has_tx = true,
        .txid = *txid,
        .output_amount = 7,
    };

    memset(script + 1, 0x11, KASPA_HASH_BYTES);
    script[sizeof(script) - 1] = KASPA_OP_CHECKSIG;
    memset(spent.txid.at, 0xD3, sizeof(spent.txid.at));
    question.has_since = a->has_since;
    memset(question.since.at, 0xA0, sizeof(question.since.at));
    question.output_spk.script = assay_bytes_of(script, sizeof(script));
    question.spks = &question.output_spk;
    a->err = (struct assay_err){.code = ASSAY_OK};
    a->sight = (struct kx_sight){.evidence = {.status = KX_CHAIN_UNKNOWN}};
    return ref_kaspa_node_look(a->client, &a->sight, &a->arena, &question, &a->err);
}

enum assay_code asking_look(struct asking *a)
{
    struct kaspa_hash txid;

    memset(txid.at, 0xC2, sizeof(txid.at));
    return asking_look_for(a, &txid);
}
