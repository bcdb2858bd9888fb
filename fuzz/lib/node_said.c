/* What a node has said; see node_said.h. Source of the answers' shapes: Kaspa consensus digest,
 * section 7.2; of what may follow from them: Kaspa x402 exact digest, section 14. */
#include "fuzz/lib/node_said.h"

#include "fuzz/fuzz.h"
#include "net/kaspa_json.h"

#include <strings.h>

void fuzz_said_fini(struct fuzz_said *said)
{
    for (size_t i = 0; i < said->count; i++)
        json_decref(said->at[i].answer);
}

size_t fuzz_said_count(const struct fuzz_said *said, const char *method)
{
    size_t count = 0;

    for (size_t i = 0; i < said->count; i++)
        count += strcmp(said->at[i].method, method) == 0 ? 1 : 0;
    return count;
}

bool fuzz_said_is_known(const struct fuzz_said *said)
{
    for (size_t i = said->first; i < said->count; i++)
        if (said->at[i].answer == NULL)
            return false;
    return true;
}

/* ---- members ---- */

static json_t *params_of(const struct fuzz_said *said, size_t i)
{
    return json_object_get(said->at[i].answer, "params");
}

static bool is_of(const struct fuzz_said *said, size_t i, const char *method)
{
    return strcmp(said->at[i].method, method) == 0;
}

static bool is_text(const json_t *object, const char *name, const char *text)
{
    const char *said = json_string_value(json_object_get(object, name));

    return said != NULL && strcmp(said, text) == 0;
}

/* Hex, which is read in either case. */
static bool is_same(const json_t *value, const char *text)
{
    const char *said = json_string_value(value);

    return said != NULL && strcasecmp(said, text) == 0;
}

static bool is_hash(const json_t *object, const char *name, const struct kaspa_hash *hash)
{
    return is_same(json_object_get(object, name), ref_kaspa_hex(hash).text);
}

static bool is_number(const json_t *object, const char *name, uint64_t number)
{
    const json_t *value = json_object_get(object, name);

    return json_is_integer(value) && (uint64_t)json_integer_value(value) == number;
}

/* Behind as many elements as there are: it is none of them. */
static size_t number_of(const json_t *list, const struct kaspa_hash *hash)
{
    struct ref_kaspa_hex hex = ref_kaspa_hex(hash);
    size_t i = 0;

    while (i < json_array_size(list) && !is_same(json_array_get(list, i), hex.text))
        i++;
    return i;
}

/* ---- whether it is fit ---- */

static void check_dag(const json_t *params, const char *network, int64_t now_ms, int64_t lag_ms)
{
    int64_t time_ms = json_integer_value(json_object_get(params, "pastMedianTime"));

    FUZZ_CHECK(is_text(params, "network", network));
    FUZZ_CHECK(time_ms >= now_ms - lag_ms && time_ms <= now_ms + lag_ms);
}

void fuzz_said_check_fit(const struct fuzz_said *said, const char *network, int64_t now_ms,
                         int64_t lag_ms)
{
    bool has_info = false, has_status = false, has_dag = false;

    for (size_t i = said->first; i < said->count; i++) {
        const json_t *params = params_of(said, i);

        if (is_of(said, i, "getServerInfo")) {
            has_info = true;
            FUZZ_CHECK(is_text(params, "networkId", network));
            FUZZ_CHECK(json_is_true(json_object_get(params, "hasUtxoIndex")));
            FUZZ_CHECK(json_is_true(json_object_get(params, "isSynced")));
        } else if (is_of(said, i, "getSyncStatus")) {
            has_status = true;
            FUZZ_CHECK(json_is_true(json_object_get(params, "isSynced")));
        } else if (is_of(said, i, "getBlockDagInfo")) {
            has_dag = true;
            check_dag(params, network, now_ms, lag_ms);
        }
    }
    FUZZ_CHECK(has_info && has_status && has_dag);
}

/* ---- what is accepted ---- */

static bool is_accepted_by(const json_t *params, const struct kaspa_hash *block,
                           const struct kaspa_hash *txid)
{
    const json_t *entries = json_object_get(params, "acceptedTransactionIds");

    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        const json_t *ids = json_object_get(entry, "acceptedTransactionIds");

        if (is_hash(entry, "acceptingBlockHash", block) &&
            number_of(ids, txid) < json_array_size(ids))
            return true;
    }
    return false;
}

/* Of the chain, and with the blue score that the evidence has. */
static bool is_chain_block(const json_t *params, const struct kx_sight *sight)
{
    const json_t *block = json_object_get(params, "block");
    const json_t *data = json_object_get(block, "verboseData");

    return is_hash(data, "hash", &sight->accepting_block) &&
           is_hash(json_object_get(block, "header"), "hash", &sight->accepting_block) &&
           json_is_true(json_object_get(data, "isChainBlock")) &&
           is_number(data, "blueScore", sight->evidence.accepting_blue_score);
}

/* A block was named for it, or its coin is older than all that is kept of the chain; that block is
 * one of the chain; and where one page was read, it tells how deep that is. */
static void check_accepted(const struct fuzz_said *said, const struct kx_sight *sight)
{
    bool is_named = false, is_of_chain = false;
    size_t depth = 0, pages = 0;

    for (size_t i = said->first; i < said->count; i++) {
        const json_t *params = params_of(said, i);
        const json_t *added = json_object_get(params, "addedChainBlockHashes");

        is_named = is_named || is_hash(params, "pruningPointHash", &sight->accepting_block) ||
                   is_accepted_by(params, &sight->accepting_block, &sight->accepted);
        is_of_chain = is_of_chain || is_chain_block(params, sight);
        if (!is_of(said, i, "getVirtualChainFromBlock"))
            continue;
        pages++;
        depth = json_array_size(added) - number_of(added, &sight->accepting_block);
    }
    FUZZ_CHECK(is_named && is_of_chain);
    FUZZ_CHECK(sight->evidence.has_confirmations && sight->evidence.confirmations > 0);
    if (pages == 1 && depth > 0)
        FUZZ_CHECK(sight->evidence.confirmations == depth);
}

/* ---- coins ---- */

static bool is_coin(const json_t *entry, const struct kaspa_outpoint *outpoint,
                    const struct kaspa_utxo *utxo)
{
    const json_t *at = json_object_get(entry, "outpoint");
    const json_t *told = json_object_get(entry, "utxoEntry");

    return is_hash(at, "transactionId", &outpoint->txid) &&
           is_number(at, "index", outpoint->index) && is_number(told, "amount", utxo->amount) &&
           is_number(told, "blockDaaScore", utxo->block_daa_score);
}

bool fuzz_said_has_coin(const struct fuzz_said *said, const struct kaspa_outpoint *outpoint,
                        const struct kaspa_utxo *utxo)
{
    for (size_t i = said->first; i < said->count; i++) {
        const json_t *entries = json_object_get(params_of(said, i), "entries");

        for (size_t k = 0; k < json_array_size(entries); k++)
            if (is_coin(json_array_get(entries, k), outpoint, utxo))
                return true;
    }
    return false;
}

/* What a transaction spends is gone once it is accepted; what it makes itself may be there. */
static void check_coins(const struct fuzz_said *said, const struct kx_look *look,
                        const struct kx_sight *sight)
{
    bool has_spent = look->has_tx && sight->evidence.status == KX_CHAIN_ACCEPTED;

    for (size_t i = 0; i < look->count; i++) {
        bool is_own = kaspa_hash_equal(&look->outpoints[i].txid, &look->txid);

        if (sight->is_missing[i])
            continue;
        FUZZ_CHECK(fuzz_said_has_coin(said, &look->outpoints[i], &sight->utxos[i]));
        FUZZ_CHECK(!has_spent || is_own);
    }
}

/* ---- a sight ---- */

static bool was_in_mempool(const struct fuzz_said *said)
{
    for (size_t i = said->first; i < said->count; i++) {
        const json_t *entry = json_object_get(params_of(said, i), "mempoolEntry");

        if (entry != NULL && json_is_false(json_object_get(entry, "is_orphan")))
            return true;
    }
    return false;
}

static bool was_told(const struct fuzz_said *said, const struct kx_sight *sight)
{
    for (size_t i = said->first; i < said->count; i++) {
        const json_t *params = params_of(said, i);

        if (is_number(params, "virtualDaaScore", sight->pov.daa_score) &&
            is_number(params, "pastMedianTime", sight->pov.past_median_time_ms))
            return true;
    }
    return false;
}

void fuzz_said_check_sight(const struct fuzz_said *said, const struct kx_look *look,
                           const struct kx_sight *sight)
{
    enum kx_chain_status status = sight->evidence.status;
    bool is_it = look->has_tx && kaspa_hash_equal(&sight->accepted, &look->txid);

    FUZZ_CHECK(was_told(said, sight));
    check_coins(said, look, sight);
    if (status == KX_CHAIN_ACCEPTED || status == KX_CHAIN_ABSENT) {
        check_accepted(said, sight);
        FUZZ_CHECK(!look->has_tx || is_it == (status == KX_CHAIN_ACCEPTED));
    }
    FUZZ_CHECK(status != KX_CHAIN_MEMPOOL || was_in_mempool(said));
}

/* ---- what was submitted ---- */

bool fuzz_said_has_taken(const struct fuzz_said *said, const struct kaspa_hash *txid)
{
    static const char *const words[] = {"is already in the mempool",
                                        "was already accepted by the consensus"};
    struct ref_kaspa_hex id = ref_kaspa_hex(txid);
    const json_t *answer;

    if (said->count == said->first)
        return false;
    answer = said->at[said->count - 1].answer;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        char known[320];

        (void)!snprintf(known, sizeof(known), "Rejected transaction %s: transaction %s %s", id.text,
                        id.text, words[i]);
        if (is_text(json_object_get(answer, "error"), "message", known))
            return true;
    }
    return is_hash(json_object_get(answer, "params"), "transactionId", txid);
}
