/* Batch requests of the older bindings (batch digest, section 16): each is judged by its row, and a
 * top-up of any of them is one. */
#include "ref/tests/kx_batch_world.h"

#define VALID KX_BATCH_RULE__COUNT

/* The world's request, as a binding without presentations has it. */
static void send_older(struct kx_batch_world *w)
{
    json_t *payload = json_object_get(w->payment, "payload");
    json_t *voucher = json_object_get(payload, "voucher");

    (void)json_object_del(payload, "presentation");
    (void)json_object_set(voucher, "amount",
                          json_object_get(voucher, "authorizedCumulativeAmount"));
    (void)json_object_del(voucher, "authorizedCumulativeAmount");
    if (w->lane.lane.binding->is_of_outpoint)
        (void)json_object_del(voucher, "covenantId");
}

static struct kx_batch_world *older_world(enum kx_batch_story story, size_t binding,
                                          const char *template_id)
{
    struct kx_batch_world *w = kx_batch_world_new(story);
    const char *name = kx_batch_bindings[binding].name;

    kx_lane_world_open(&w->lane, name, template_id);
    kx_world_set(kx_batch_world_extra(w), "binding", name);
    kx_world_set(kx_batch_world_extra(w), "templateId", template_id);
    w->config = w->lane.lane;
    w->voucher_binding = w->lane.lane.binding;
    if (w->lane.lane.binding->is_of_outpoint) {
        w->channel.accounts = (struct kx_accounts){
            .funding = 90000000, .authorized = 0, .charged = 24000000, .claimed = 17000000};
        w->voucher.amount = 8000000; /* A - S and the amount */
        w->voucher.outpoint = w->head.outpoint;
        cr_assert_eq(kx_lane_spk(&w->voucher.spk, &w->lane.arena, &w->config, w->head.claimed),
                     ASSAY_OK);
    }
    return w;
}

/* What a judge of the first binding is shown is in no covenant. */
static void judge_honest(struct kx_batch_world *w)
{
    if (!w->lane.lane.binding->is_of_outpoint)
        return;
    w->sight.coin.has_covenant = false;
    w->birth.output.has_covenant = false;
    w->birth.authorized_count = 0;
}

static void sign_other_index(struct kx_batch_world *w)
{
    w->voucher.outpoint.index++;
}

static void sign_smaller(struct kx_batch_world *w)
{
    w->head.value = 5000000; /* less than the voucher is for */
}

static void sign_equal(struct kx_batch_world *w)
{
    w->head.value = w->channel.head.value;
}

static void judge_other_coin(struct kx_batch_world *w)
{
    judge_honest(w);
    w->birth.spent.index++;
}

static void judge_other_amount(struct kx_batch_world *w)
{
    judge_honest(w);
    w->birth.output.value--;
}

static void judge_without_birth(struct kx_batch_world *w)
{
    judge_honest(w);
    w->sight.birth = NULL;
}

static void judge_smaller_without_birth(struct kx_batch_world *w)
{
    judge_without_birth(w);
    w->sight.evidence.status = KX_EVIDENCE_UNKNOWN;
}

static const struct {
    size_t binding;
    const char *template_id;
} generations[] = {
    {0, "kaspa-x402-escrow-v1"},
    {1, "kaspa-x402-escrow-v2"},
    {1, "kaspa-x402-escrow-v3"},
};

struct row {
    const char *name;
    enum kx_batch_story story;
    kx_batch_hook *sign, *judge; /* judge NULL: judge_honest */
    enum kaspa_outcome outcome;
    enum kx_batch_rule rule; /* that is broken, or not judged */
};

static const struct row rows[] = {
    {"one more request", KX_STORY_VOUCHER, NULL, NULL, KASPA_VALID, VALID},
    {"a top-up", KX_STORY_TOP_UP, NULL, NULL, KASPA_VALID, VALID},
    {"a top-up to a smaller coin", KX_STORY_TOP_UP, sign_smaller, NULL, KASPA_INVALID,
     KX_BATCH_RULE_TOP_UP},
    {"one of which nothing is known", KX_STORY_TOP_UP, sign_smaller, judge_smaller_without_birth,
     KASPA_INVALID, KX_BATCH_RULE_TOP_UP},
    {"a top-up that adds nothing", KX_STORY_TOP_UP, sign_equal, NULL, KASPA_INVALID,
     KX_BATCH_RULE_TOP_UP},
    {"a top-up that spends another coin", KX_STORY_TOP_UP, NULL, judge_other_coin, KASPA_INVALID,
     KX_BATCH_RULE_TOP_UP},
    {"a top-up of another amount", KX_STORY_TOP_UP, NULL, judge_other_amount, KASPA_INVALID,
     KX_BATCH_RULE_TOP_UP},
    {"a top-up from nobody knows where", KX_STORY_TOP_UP, NULL, judge_without_birth,
     KASPA_UNDECIDED, KX_BATCH_RULE_TOP_UP},
};

static void expect_row(const struct row *row, size_t binding, const char *template_id)
{
    struct kx_batch_world *w = older_world(row->story, binding, template_id);
    const struct kx_batch_verdict *v = &w->verdict;
    const struct kx_batch_change change = {
        .offer_edit = "extra.minDepositSompi=\"3000000\"",
        .sign = row->sign,
        .sent = send_older,
        .judge = row->judge != NULL ? row->judge : judge_honest,
    };

    kx_batch_world_run(w, &change);
    cr_assert_eq(w->local, KX_LOCAL_NONE, "%s: %s: %s", template_id, row->name, w->err.text);
    cr_expect_eq(v->outcome, row->outcome, "%s: %s: %s: %s", template_id, row->name,
                 kx_batch_rules[v->first].id, v->checks[v->first].why);
    if (row->outcome == KASPA_INVALID)
        cr_expect_eq(v->first, row->rule, "%s: %s: %s", template_id, row->name,
                     kx_batch_rules[v->first].id);
    if (row->outcome == KASPA_UNDECIDED)
        cr_expect_eq(v->checks[row->rule].result, KASPA_CHECK_NOT_JUDGED, "%s: %s", template_id,
                     row->name);
    kx_batch_world_free(w);
}

Test(kx_batch_older, a_request_is_judged_by_the_row_of_its_binding)
{
    for (size_t g = 0; g < ARRAY_LEN(generations); g++)
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
            expect_row(&rows[i], generations[g].binding, generations[g].template_id);
}

/* B116 */
Test(kx_batch_older, a_voucher_of_the_first_binding_is_for_one_coin)
{
    const struct row row = {"another index", KX_STORY_VOUCHER,     sign_other_index, NULL,
                            KASPA_INVALID,   KX_BATCH_RULE_VOUCHER};

    expect_row(&row, generations[0].binding, generations[0].template_id);
}

/* A voucher of a coin is over the coin's script, which takes memory: without it nobody is accused.
 */
Test(kx_batch_older, every_allocation_may_fail)
{
    struct kx_batch_world *w =
        older_world(KX_STORY_VOUCHER, generations[0].binding, generations[0].template_id);
    const struct kx_batch_change change = {
        .offer_edit = "extra.minDepositSompi=\"3000000\"",
        .sent = send_older,
        .judge = judge_honest,
    };
    size_t asked = 1;

    kx_batch_world_run(w, &change);
    cr_assert_eq(w->verdict.outcome, KASPA_VALID);
    for (size_t n = 0; n < asked; n++) {
        struct assay_arena arena = ASSAY_ARENA_INIT((size_t)1 << 20);

        w->with.arena = &arena;
        (void)assay_alloc_fail_after(n);
        kx_batch_verify(&w->verdict, &w->with);
        asked = assay_alloc_fail_after(SIZE_MAX);
        cr_expect_eq(w->verdict.outcome, asked > n ? KASPA_UNDECIDED : KASPA_VALID, "%zu: %s: %s",
                     n, kx_batch_rules[w->verdict.first].id,
                     w->verdict.checks[w->verdict.first].why);
        assay_arena_fini(&arena);
    }
    cr_expect_gt(asked, 1);
    kx_batch_world_free(w);
}
