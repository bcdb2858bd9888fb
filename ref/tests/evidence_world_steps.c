/* What every step of a bundle is made with; see evidence_world_internal.h. */
#include "ref/tests/evidence_world_internal.h"

#include "base/hash.h"
#include "kaspa/txid.h"
#include "ref/tests/kx_lineage_world.h"
#include "ref/tests/kx_world.h"

enum { BASE_DAA = 123460000 };

json_t *ew_pack(json_t *value)
{
    cr_assert_not_null(value);
    return value;
}

json_t *ew_parsed(struct assay_buf *text)
{
    json_t *value = json_loads(assay_buf_cstr(text), 0, NULL);

    assay_buf_fini(text);
    return ew_pack(value);
}

json_t *ew_hash_text(const struct kaspa_hash *hash)
{
    return kx_world_hex(assay_bytes_of(hash->at, sizeof(hash->at)));
}

json_t *ew_decimal(uint64_t number)
{
    return ew_pack(json_sprintf("%llu", (unsigned long long)number));
}

/* ---- chain ---- */

struct kx_acceptance ew_accept(struct ew_making *m, const struct kaspa_hash *txid)
{
    unsigned block = ++m->blocks;

    return (struct kx_acceptance){
        .txid = *txid,
        .block = kx_journal_block(block),
        .blue_score = 1000 * (uint64_t)block,
        .confirmations = 40,
        .checkpoint = {kx_journal_block(1000 + block), 1000 * (uint64_t)block + 500,
                       BASE_DAA + block},
    };
}

json_t *ew_acceptance_json(const struct kx_acceptance *a)
{
    return ew_pack(json_pack(
        "{s:s, s:o, s:o, s:o, s:I, s:{s:o, s:o, s:o}}", "status", "accepted", "transactionId",
        ew_hash_text(&a->txid), "acceptingBlockHash", ew_hash_text(&a->block),
        "acceptingBlockBlueScore", ew_decimal(a->blue_score), "confirmationCount",
        (json_int_t)a->confirmations, "checkpoint", "blockHash", ew_hash_text(&a->checkpoint.block),
        "blueScore", ew_decimal(a->checkpoint.blue_score), "daaScore",
        ew_decimal(a->checkpoint.daa_score)));
}

json_t *ew_broadcast_json(const struct kaspa_tx *tx)
{
    struct kaspa_hash id;

    kaspa_txid(&id, tx);
    return ew_pack(json_pack("{s:s, s:o, s:i, s:s, s:s}", "network", KX_NETWORK_TESTNET,
                             "transactionId", ew_hash_text(&id), "version", tx->version,
                             "versionFrom", "node", "finality", "confirmed"));
}

json_t *ew_tx_json(const struct kaspa_tx *tx)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 20);

    kaspa_tx_write(&text, tx, NULL, KASPA_JSON_NESTED);
    return ew_parsed(&text);
}

json_t *ew_coins_json(const struct kaspa_utxo *coins, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        struct assay_buf text = ASSAY_BUF_INIT(1 << 16);

        kaspa_utxo_write(&text, &coins[i]);
        cr_assert_eq(json_array_append_new(list, ew_parsed(&text)), 0);
    }
    return list;
}

struct kaspa_hash ew_artifact_of(const struct kaspa_tx *tx)
{
    struct assay_buf bytes = ASSAY_BUF_INIT(1 << 20);
    struct kaspa_hash hash;

    kaspa_tx_encode(&bytes, tx, KASPA_ENCODE_ALL);
    cr_assert(assay_buf_ok(&bytes));
    assay_sha256(hash.at, assay_buf_view(&bytes));
    assay_buf_fini(&bytes);
    return hash;
}

/* ---- flows ---- */

void ew_add_flow(struct ew_making *m, enum kx_flow flow, json_t *first, json_t *second,
                 json_t *third)
{
    json_t *steps = json_array(), *all[] = {first, second, third};

    for (size_t i = 0; i < ARRAY_LEN(all) && all[i] != NULL; i++)
        cr_assert_eq(json_array_append_new(steps, all[i]), 0);
    cr_assert_eq(json_array_append_new(
                     m->flows, json_pack("{s:s, s:o}", "name", kx_flow_name(flow), "steps", steps)),
                 0);
}

/* ---- steps of both schemes ---- */

static char identifier_room[16][40];

const char *ew_identifier_of(unsigned number)
{
    char *room = identifier_room[number % ARRAY_LEN(identifier_room)];

    (void)snprintf(room, sizeof(identifier_room[0]), "evidence_identifier_%04u", number);
    return room;
}

void ew_set_text(json_t *object, const char *name, json_t *value)
{
    cr_assert_eq(json_object_set_new(object, name, value), 0);
}

json_t *ew_done_json(json_t *step, int executions, int broadcasts)
{
    ew_set_text(step, "executions", json_integer(executions));
    ew_set_text(step, "broadcasts", json_integer(broadcasts));
    return step;
}

json_t *ew_refused_json(json_t *payment, int status)
{
    return ew_done_json(ew_pack(json_pack("{s:s, s:o, s:i}", "kind", "refused", "payment", payment,
                                          "status", status)),
                        0, 0);
}

json_t *ew_restart_json(const json_t *unresolved, int executions, int broadcasts)
{
    return ew_done_json(ew_pack(json_pack("{s:s, s:s}", "kind", "restart", "unresolved",
                                          json_string_value(unresolved))),
                        executions, broadcasts);
}

json_t *ew_recovery_json(const json_t *chain, int executions)
{
    return ew_done_json(
        ew_pack(json_pack("{s:s, s:O, s:O}", "kind", "recovery", "transactionId",
                          json_object_get(chain, "transactionId"), "evidence", chain)),
        executions, 1);
}
