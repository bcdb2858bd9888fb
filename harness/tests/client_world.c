/* A node world with the client of a node before it; see client_world.h. */
#include "client_world.h"

#include "kaspa/txid.h"

enum { COINS_MAX = 64 };

const char *const client_question_names[ASK__COUNT] = {"look", "look for coins", "coins", "submit"};

struct ref_kaspa_node_options client_options(const struct node_world *w)
{
    struct ref_kaspa_node_options options = REF_KASPA_NODE_OPTIONS_DEFAULT;

    options.url = kaspa_node_rpc_url(w->node);
    options.deadline_ms = DEADLINE_MS;
    options.max_lag_ms = 0;
    return options;
}

void client_begin_with(struct client_world *c,
                       void (*change)(struct ref_kaspa_node_options *options))
{
    struct ref_kaspa_node_options options;

    *c = (struct client_world){.client = NULL};
    world_begin(&c->w);
    options = client_options(&c->w);
    if (change != NULL)
        change(&options);
    cr_assert_eq(ref_kaspa_node_start(&c->client, &options, &c->err), ASSAY_OK, "%s", c->err.text);
    c->tx = world_payment(&c->w, "");
    kaspa_txid(&c->txid, c->tx);
}

void client_be_quick(struct ref_kaspa_node_options *options)
{
    options->deadline_ms = SHORT_MS;
}

void client_begin(struct client_world *c)
{
    client_begin_with(c, NULL);
}

void client_end(struct client_world *c)
{
    ref_kaspa_node_stop(c->client);
    world_end(&c->w);
}

struct kx_look client_question(const struct client_world *c)
{
    return (struct kx_look){
        .outpoints = &c->w.funding,
        .spks = &c->w.spk,
        .count = 1,
        .has_tx = true,
        .txid = c->txid,
        .output_spk = c->w.spk,
        .output_amount = 3 * KAS,
    };
}

static enum assay_code look(struct client_world *c, const struct kx_look *question)
{
    c->err = (struct assay_err){.code = ASSAY_OK};
    c->sight = (struct kx_sight){.utxos = NULL};
    return ref_kaspa_node_look(c->client, &c->sight, &c->w.arena, question, &c->err);
}

enum assay_code client_look(struct client_world *c)
{
    const struct kx_look question = client_question(c);

    return look(c, &question);
}

enum assay_code client_look_coins(struct client_world *c)
{
    const struct kx_look question = {
        .outpoints = &c->w.funding,
        .spks = &c->w.spk,
        .count = 1,
    };

    return look(c, &question);
}

enum assay_code client_coins(struct client_world *c)
{
    struct kaspa_outpoint outpoints[COINS_MAX];
    struct kaspa_utxo utxos[COINS_MAX];
    size_t count = 0;

    c->err = (struct assay_err){.code = ASSAY_OK};
    return ref_kaspa_node_coins(c->client, outpoints, utxos, COINS_MAX, &count, &c->w.arena,
                                &c->w.spk, &c->err);
}

enum assay_code client_submit(struct client_world *c, bool *sent)
{
    c->err = (struct assay_err){.code = ASSAY_OK};
    return ref_kaspa_node_submit(c->client, c->tx, &c->txid, sent, &c->err);
}

enum assay_code client_ask(struct client_world *c, enum client_question question)
{
    bool sent;

    switch (question) {
    case ASK_LOOK:
        return client_look(c);
    case ASK_LOOK_COINS:
        return client_look_coins(c);
    case ASK_COINS:
        return client_coins(c);
    case ASK_SUBMIT:
        return client_submit(c, &sent);
    case ASK__COUNT:
        break;
    }
    return ASSAY_E_UNKNOWN;
}

const struct kaspa_tx *client_spend(struct client_world *c, struct kaspa_outpoint outpoint,
                                    uint64_t amount)
{
    const struct kaspa_spend spend = {
        .kind = KASPA_SPEND_PUBKEY,
        .outpoint = outpoint,
        .utxo = {.amount = amount, .spk = c->w.spk},
        .sequence = KASPA_SEQUENCE_FINAL,
        .key = &c->w.key,
        .unlock = ASSAY_LIT(""),
        .redeem = ASSAY_LIT(""),
        .commit = KASPA_COMMIT_LEARN,
    };
    const struct kaspa_plan plan = {
        .spends = &spend,
        .spend_count = 1,
        .change = &c->w.spk,
        .fee_per_kilogram = KASPA_RELAY_FEE_PER_KILOGRAM,
        .payload = ASSAY_LIT(""),
    };
    struct kaspa_tx *tx = assay_arena_alloc(&c->w.arena, sizeof(*tx));
    struct assay_err err = {.code = ASSAY_OK};

    cr_assert_not_null(tx);
    cr_assert_eq(kaspa_build(tx, &c->w.arena, &plan, &err), ASSAY_OK, "%s", err.text);
    return tx;
}

unsigned client_calls(struct client_world *c, const char *method)
{
    struct kaspa_node_call call;
    unsigned count = 0;

    for (uint64_t i = 1; kaspa_node_call(c->w.node, i, &call); i++)
        count += strcmp(call.method, method) == 0;
    return count;
}

const char *client_status(enum kx_chain_status status)
{
    static const char *const names[] = {"UNKNOWN", "ABSENT", "MEMPOOL", "ACCEPTED"};

    return names[status];
}
