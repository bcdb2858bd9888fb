/* A provider's signature on a client's top-up (batch_tx.h). What it refuses stands beside what a
 * verifier does, in the tables of test_kx_batch_tx_*.c (see kx_tx_world.h). */
#include "kaspa/sign.h"
#include "ref/tests/kx_tx_world.h"

static struct kx_tx_world *w;

static void fini(void)
{
    if (w != NULL)
        kx_tx_world_free(w);
    w = NULL;
}
TestSuite(kx_batch_tx_co_sign, .fini = fini);

/* As the client sends it. */
static void ask(int generation)
{
    w = kx_tx_world_new(generation, KX_LANE_TOP_UP);
    w->provider = NULL;
    kx_tx_world_sign(w);
}

static enum assay_code co_sign(struct kx_batch_artifact *made, struct assay_err *err)
{
    return kx_batch_tx_co_sign(made, &w->with, &w->lane.server, err);
}

Test(kx_batch_tx_co_sign, completes_what_a_client_has_signed)
{
    for (int generation = 4; generation <= 5; generation++) {
        struct kx_batch_artifact made, both;
        struct assay_err err = {0};

        ask(generation);
        cr_assert_eq(co_sign(&made, &err), ASSAY_OK, "%s", err.text);
        kx_lane_world_build(&both, &w->lane, &w->plan);
        cr_expect(kaspa_hash_equal(&made.hash, &both.hash), "escrow-v%d", generation);
        cr_expect(kx_lane_head_equal(&made.next, &both.next));
        fini();
    }
}

Test(kx_batch_tx_co_sign, is_nothing_that_older_templates_have)
{
    struct kx_batch_artifact made;
    struct assay_err err = {0};

    ask(3);
    cr_expect_eq(co_sign(&made, &err), ASSAY_E_UNSUPPORTED);
    cr_expect_neq(err.text[0], '\0');
}

static void other_key(void)
{
    w->lane.server = w->stranger;
}
static void fee_too_high(void)
{
    w->with.fee_max--;
}
static void coin_is_gone(void)
{
    w->is_missing[1] = true;
}
static void coin_is_worth_less(void)
{
    w->utxos[1].amount -= 1;
}
static void head_is_another(void)
{
    w->head.outpoint.index ^= 1;
}
static void head_is_worth_more(void)
{
    w->head.value += 1;
}
static void nobody_has_signed(void)
{
    w->client = NULL;
    kx_tx_world_sign(w);
}
static void funding_script_is_short(void)
{
    w->inputs[1].signature_script.len--;
}
static void funding_script_pushes_less(void)
{
    static uint8_t script[KASPA_SIGNATURE_PUSH_BYTES];

    memcpy(script, w->inputs[1].signature_script.at, sizeof(script));
    script[0]--;
    w->inputs[1].signature_script = assay_bytes_of(script, sizeof(script));
}
static void funding_is_worth_all_there_is_and_more(void)
{
    w->utxos[1].amount = KASPA_MAX_SOMPI + 1;
}
static void adds_more_than_there_is(void)
{
    w->outputs[0].value = w->head.value + w->utxos[1].amount + 1;
}
static void gives_back_more_than_there_is(void)
{
    w->outputs[1].value = w->utxos[1].amount;
}
static void stranger_has_signed(void)
{
    w->client = &w->stranger;
    kx_tx_world_sign(w);
}

Test(kx_batch_tx_co_sign, refuses_in_words)
{
    static const struct {
        const char *name;
        void (*change)(void);
    } rows[] = {
        {"another key than the channel's", other_key},
        {"a fee above what is allowed", fee_too_high},
        {"a funding coin that the chain does not have", coin_is_gone},
        {"a funding coin that is worth less", coin_is_worth_less},
        {"another head", head_is_another},
        {"a head that is worth more", head_is_worth_more},
        {"no client's signature", nobody_has_signed},
        {"a funding signature that is short", funding_script_is_short},
        {"a funding signature that is pushed as less", funding_script_pushes_less},
        {"a coin of more than there is", funding_is_worth_all_there_is_and_more},
        {"an addition above the funding", adds_more_than_there_is},
        {"change above the funding", gives_back_more_than_there_is},
        {"a stranger's signature", stranger_has_signed},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct kx_batch_artifact made;
        struct assay_err err = {0};
        enum assay_code rc;

        ask(5);
        rows[i].change();
        rc = co_sign(&made, &err);
        cr_expect(rc == ASSAY_E_MISMATCH || rc == ASSAY_E_UNKNOWN, "row: %s: %s", rows[i].name,
                  assay_code_text(rc));
        cr_expect_neq(err.text[0], '\0', "row: %s", rows[i].name);
        fini();
    }
}

/* A signature is given to nothing that is not wholly judged, and what it wants for is told. */
Test(kx_batch_tx_co_sign, says_which_rule_is_left_open)
{
    struct kx_batch_artifact made;
    struct assay_err err = {0};

    ask(5);
    w->with.pov = NULL;
    cr_expect_eq(co_sign(&made, &err), ASSAY_E_MISSING);
    cr_expect_str_eq(err.text, "batch.tx.consensus: the point of view is not known");
}

static void funding_is_unsigned(void)
{
    w->inputs[1].signature_script = ASSAY_LIT("");
}
static void adds_nothing(void)
{
    w->outputs[0].value = w->head.value;
}

/* What is said with so much memory, of which so much is used. */
static struct assay_err said_in(size_t room, size_t *used)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(room);
    struct kx_batch_artifact made;
    struct assay_err err = {0};

    w->with.arena = &arena;
    cr_expect_eq(co_sign(&made, &err), err.code);
    *used = arena.used;
    assay_arena_fini(&arena);
    return err;
}

/* Whichever room there is, what is said is what enough of it lets say, or that there is too little.
 */
Test(kx_batch_tx_co_sign, tells_a_want_of_memory_from_a_broken_rule)
{
    static void (*const changes[])(void) = {coin_is_gone, funding_is_unsigned, adds_nothing};
    enum { STEPS = 64 };

    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        size_t needed, used, wants = 0;
        struct assay_err right;

        ask(5);
        changes[i]();
        right = said_in((size_t)1 << 24, &needed);
        cr_expect_eq(right.code, ASSAY_E_MISMATCH);
        for (size_t n = 0; n < STEPS; n++) {
            struct assay_err said = said_in(needed * n / STEPS, &used);

            cr_expect(said.code == ASSAY_E_NOMEM || strcmp(said.text, right.text) == 0,
                      "%zu: %zu of %zu bytes: %s", i, needed * n / STEPS, needed, said.text);
            wants += said.code == ASSAY_E_NOMEM;
        }
        cr_expect_gt(wants, 0, "%zu", i);
        fini();
    }
}

Test(kx_batch_tx_co_sign, tells_of_every_allocation_that_fails)
{
    enum assay_code rc = ASSAY_E_NOMEM;
    size_t n = 0;

    ask(5);
    for (; rc != ASSAY_OK && n < 10000; n++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 20);
        struct kx_batch_artifact made;
        struct assay_err err = {0};

        w->with.arena = &arena;
        (void)assay_alloc_fail_after(n);
        rc = co_sign(&made, &err);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_expect(rc == ASSAY_OK || rc == ASSAY_E_NOMEM, "%zu: %s", n, err.text);
        assay_arena_fini(&arena);
    }
    cr_expect(rc == ASSAY_OK && n > 10, "%zu", n);
}
