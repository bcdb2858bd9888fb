/* What the simulated Kaspa network refuses, and what is just within its rules. */
#include "chain_world.h"

enum { PER_ROW = 20 };

static void no_change(struct draft *d, const struct kaspa_point_of_view *pov)
{
    (void)d;
    (void)pov;
}

static void worth_nothing(struct draft *d, const struct kaspa_point_of_view *pov)
{
    (void)pov;
    d->outputs[0].value = 0;
}

static void worth_more(struct draft *d, const struct kaspa_point_of_view *pov)
{
    (void)pov;
    d->outputs[0].value = PER_ROW * KAS + 1;
}

static void locked_now(struct draft *d, const struct kaspa_point_of_view *pov)
{
    d->tx.lock_time = pov->daa_score;
}

static void locked_before(struct draft *d, const struct kaspa_point_of_view *pov)
{
    d->tx.lock_time = pov->daa_score - 1;
}

static void timed_now(struct draft *d, const struct kaspa_point_of_view *pov)
{
    d->tx.lock_time = pov->past_median_time_ms;
}

static void timed_before(struct draft *d, const struct kaspa_point_of_view *pov)
{
    d->tx.lock_time = pov->past_median_time_ms - 1;
}

static void sequence_2(struct draft *d, const struct kaspa_point_of_view *pov)
{
    (void)pov;
    d->inputs[0].sequence = 2;
}

static void sequence_1(struct draft *d, const struct kaspa_point_of_view *pov)
{
    (void)pov;
    d->inputs[0].sequence = 1;
}

static void wrong_mass(struct draft *d, const struct kaspa_point_of_view *pov)
{
    (void)pov;
    d->tx.storage_mass = 12345;
}

static void heavy(struct draft *d, const struct kaspa_point_of_view *pov)
{
    (void)pov;
    draft_pay(d, 1000000);
}

static void not_so_heavy(struct draft *d, const struct kaspa_point_of_view *pov)
{
    (void)pov;
    draft_pay(d, 3000000);
}

static void coinbase(struct draft *d, const struct kaspa_point_of_view *pov)
{
    (void)pov;
    d->tx.input_count = 0;
    d->tx.subnetwork_id[0] = 1;
}

static void many_inputs(struct draft *d, const struct kaspa_point_of_view *pov)
{
    static struct kaspa_input many[KASPA_TX_MAX_INPUTS + 1];

    (void)pov;
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        many[i] = d->inputs[0];
    d->tx.inputs = many;
    d->tx.input_count = ARRAY_LEN(many);
}

static void twice(struct draft *d, const struct kaspa_point_of_view *pov)
{
    (void)pov;
    draft_spend(d, &d->inputs[0].previous.txid, 0);
}

static const struct {
    const char *name, *script;
    void (*change)(struct draft *d, const struct kaspa_point_of_view *pov);
    enum kaspa_submission result;
    const char *reason;
} refusals[] = {
    {"nothing wrong", "TRUE", no_change, KASPA_SUBMITTED, NULL},
    {"an output of nothing", "TRUE", worth_nothing, KASPA_REFUSED, "is worth nothing"},
    {"outputs above the inputs", "TRUE", worth_more, KASPA_REFUSED, "worth more than the inputs"},
    {"a lock of this score", "TRUE", locked_now, KASPA_REFUSED, "its lock time has not come"},
    {"a lock of the score before", "TRUE", locked_before, KASPA_SUBMITTED, NULL},
    {"a lock of this time", "TRUE", timed_now, KASPA_REFUSED, "its lock time has not come"},
    {"a lock of the millisecond before", "TRUE", timed_before, KASPA_SUBMITTED, NULL},
    {"a relative lock", "TRUE", sequence_2, KASPA_REFUSED, "a relative lock is not open yet"},
    {"an open relative lock", "TRUE", sequence_1, KASPA_SUBMITTED, NULL},
    {"another storage mass", "TRUE", wrong_mass, KASPA_REFUSED, "storage mass is not the computed"},
    {"a mass above any block", "TRUE", heavy, KASPA_REFUSED, "a mass is above the limit"},
    {"a mass below that", "TRUE", not_so_heavy, KASPA_SUBMITTED, NULL},
    {"a coinbase", "TRUE", coinbase, KASPA_REFUSED, "a coinbase spends nothing"},
    {"a thousand and one inputs", "TRUE", many_inputs, KASPA_REFUSED, "more than 1000 inputs"},
    {"an outpoint twice", "TRUE", twice, KASPA_REFUSED, "spend the same outpoint"},
    {"a script that refuses", "FALSE", no_change, KASPA_REFUSED, "a script refuses"},
    {"what cannot be decided", "0 1 ZKPRECOMPILE", no_change, KASPA_REFUSED,
     "cannot be decided here: zk precompile"},
};

Test(kaspa_chain_rules, refuse_what_breaks_one_at_the_virtual_block)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
    struct kaspa_chain *chain = chain_of("rules");

    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct kaspa_spk spk = spk_of(&arena, refusals[i].script);
        struct assay_buf reason = ASSAY_BUF_INIT(4096);
        struct kaspa_outpoint outpoint;
        struct kaspa_point_of_view pov;
        struct draft d;
        enum kaspa_submission result;

        cr_assert_eq(kaspa_chain_fund(chain, &outpoint, &spk, PER_ROW * KAS), ASSAY_OK);
        pov = kaspa_chain_pov(chain);
        draft_init(&d);
        draft_spend(&d, &outpoint.txid, 0);
        draft_pay(&d, (PER_ROW - 1) * KAS);
        refusals[i].change(&d, &pov);
        result = kaspa_chain_submit(chain, &d.tx, NULL, NULL, &reason);
        cr_expect_eq(result, refusals[i].result, "row: %s: %d", refusals[i].name, (int)result);
        if (refusals[i].reason != NULL)
            expect_reason(&reason, refusals[i].reason, refusals[i].name);
        assay_buf_fini(&reason);
    }
    kaspa_chain_free(chain);
    assay_arena_fini(&arena);
}

Test(kaspa_chain_rules, hold_for_a_replacement_too)
{
    struct kaspa_chain *chain = chain_of("many");
    struct kaspa_hash funding = funded(chain, KAS);
    struct draft d;

    draft_init(&d);
    draft_spend(&d, &funding, 0);
    draft_pay(&d, KAS / 2);
    many_inputs(&d, NULL);
    cr_expect_eq(kaspa_chain_replace(chain, &d.tx, NULL, NULL), KASPA_REFUSED);
    kaspa_chain_free(chain);
}
