/* What the channel's own script answers to the executions that others are compared by: each as the
 * batch digest, sections 9.2 and 11, has it, and by the rule that it names. */
#include "ref/tests/kx_behaviour_world.h"

#include <criterion/criterion.h>

/* The rule that a refusal was in; "": it was in none. */
static const char *rule_of(const struct kx_behaviour *b, size_t i)
{
    const struct kx_escrow_rule *rule;
    size_t begin;

    if (b->ended_at[i] == UINT16_MAX)
        return "";
    rule = kx_escrow_rule_at(b->lane->tmpl, b->lane->channel.refund_timeout_daa, b->ended_at[i],
                             &begin);
    return rule != NULL ? rule->id : "?";
}

Test(kx_behaviour, of_the_reference_is_what_each_rule_says)
{
    struct kx_behaviour_world w;

    kx_behaviour_world_init(&w, 5, false);
    for (size_t i = 0; i < KX_EXECUTION__COUNT; i++) {
        const struct kx_execution_row *row = kx_execution((enum kx_execution_id)i);

        cr_expect_eq(w.b.allowed[i], row->by == NULL, "%s: %s", row->name, rule_of(&w.b, i));
        if (row->by != NULL)
            cr_expect_str_eq(rule_of(&w.b, i), row->by, "%s: refused at %s, not %s", row->name,
                             rule_of(&w.b, i), row->by);
    }
    kx_behaviour_world_fini(&w);
}

/* Every rule of the template that can refuse anything is what refuses something; the others are of
 * what comes before a check, or cannot be broken while the rest of the script stands. */
Test(kx_behaviour, has_an_execution_for_each_rule_that_can_be_broken_alone)
{
    static const char *const shadowed[] = {
        "claim.selector",
        "claim.lineage.own",
        "claim.arguments",
        "claim.input-index",     /* one input, so it is the first */
        "claim.lineage.inputs",  /* one input */
        "claim.authorized",      /* as many as the lineage has outputs */
        "claim.successor.bound", /* the one output that is authorized */
        "claim.voucher.preimage",
        "claim.state.range",
        "claim.successor.state",
        "claim.successor.one",
        "claim.successor.push",
        "claim.successor.front",
        "claim.successor.back",
        "claim.end",
        "top-up.selector",
        "top-up.lineage.own",
        "top-up.arguments",
        "top-up.outputs.some",
        "top-up.authorized",
        "top-up.successor.bound",
        "top-up.state.range",
        "top-up.change",
        "top-up.successor.state",
        "top-up.successor.one",
        "top-up.successor.push",
        "top-up.successor.front",
        "top-up.successor.back",
        "top-up.end",
        "refund.selector",
        "refund.input-index",
        "refund.timeout.range", /* the channel's timeout is a DAA score */
        "refund.lineage.inputs",
        "refund.authorized",
        "refund.end",
    };
    const struct kx_escrow_template *t = kx_escrow_find(ASSAY_LIT(KX_ESCROW_V5_TEMPLATE));

    for (size_t r = 0; r < t->rule_count; r++) {
        bool is_shadowed = false, is_hit = false;

        for (size_t i = 0; i < ARRAY_LEN(shadowed); i++)
            is_shadowed = is_shadowed || strcmp(shadowed[i], t->rules[r].id) == 0;
        for (size_t i = 0; i < KX_EXECUTION__COUNT; i++) {
            const char *by = kx_execution((enum kx_execution_id)i)->by;

            is_hit = is_hit || (by != NULL && strcmp(by, t->rules[r].id) == 0);
        }
        cr_expect_neq(is_hit, is_shadowed, "%s", t->rules[r].id);
    }
}

static const struct {
    int generation;
    enum kx_execution_id execution;
    bool is_allowed;
} older[] = {
    {4, KX_EXECUTION_CLAIM_HONEST, true},        {4, KX_EXECUTION_CLAIM_NONE, false},
    {4, KX_EXECUTION_CLAIM_ALL_ALONE, false},    {4, KX_EXECUTION_TOP_UP_HONEST, true},
    {4, KX_EXECUTION_TOP_UP_BY_CLIENT, false},   {4, KX_EXECUTION_TOP_UP_PROVIDER_NONE, false},
    {4, KX_EXECUTION_REFUND_HONEST, true},       {4, KX_EXECUTION_REFUND_SINGLE_ALONE, false},
    {3, KX_EXECUTION_CLAIM_HONEST, true},        {3, KX_EXECUTION_CLAIM_MORE, false},
    {3, KX_EXECUTION_TOP_UP_HONEST, true},       {3, KX_EXECUTION_TOP_UP_BY_CLIENT, true},
    {3, KX_EXECUTION_TOP_UP_CLIENT_NONE, false}, {3, KX_EXECUTION_REFUND_HONEST, true},
    {3, KX_EXECUTION_REFUND_EARLY, false},       {2, KX_EXECUTION_CLAIM_HONEST, true},
    {2, KX_EXECUTION_CLAIM_MORE, false},         {2, KX_EXECUTION_TOP_UP_BY_CLIENT, true},
    {2, KX_EXECUTION_REFUND_HONEST, true},       {2, KX_EXECUTION_REFUND_EARLY, false},
};

/* Section 1: what changed from one generation to the next. */
Test(kx_behaviour, of_older_templates_differs_where_their_generations_do)
{
    for (size_t i = 0; i < ARRAY_LEN(older); i++) {
        struct kx_behaviour_world w;

        kx_behaviour_world_init(&w, older[i].generation, false);
        cr_expect_eq(w.b.allowed[older[i].execution], older[i].is_allowed, "escrow-v%d: %s",
                     older[i].generation, kx_execution(older[i].execution)->name);
        kx_behaviour_world_fini(&w);
    }
}

/* Stand-ins hold where signatures on the curve do. */
Test(kx_behaviour, is_the_same_with_signatures_on_the_curve)
{
    for (int generation = 2; generation <= 5; generation++) {
        struct kx_behaviour_world stood, real;

        kx_behaviour_world_init(&stood, generation, false);
        kx_behaviour_world_init(&real, generation, true);
        for (size_t i = 0; i < KX_EXECUTION__COUNT; i++) {
            cr_expect_eq(stood.b.allowed[i], real.b.allowed[i], "escrow-v%d: %s", generation,
                         kx_execution((enum kx_execution_id)i)->name);
            cr_expect_eq(stood.b.ended_at[i], real.b.ended_at[i], "escrow-v%d: %s", generation,
                         kx_execution((enum kx_execution_id)i)->name);
        }
        kx_behaviour_world_fini(&real);
        kx_behaviour_world_fini(&stood);
    }
}

Test(kx_behaviour, is_not_asked_of_what_has_no_lineage_or_no_room)
{
    struct kx_lane_world w;
    struct kx_behaviour b;
    struct assay_err err = {0};

    kx_lane_world_init(&w);
    cr_expect_eq(kx_behaviour_open(&b, &w.arena, &w.lane, KX_BEHAVIOUR_CLAIMED_MAX + 1, NULL, &err),
                 ASSAY_E_RANGE);
    err = (struct assay_err){0};
    cr_expect_eq(kx_behaviour_open(&b, &w.arena, &w.lane, KX_BEHAVIOUR_CLAIMED_MAX, NULL, &err),
                 ASSAY_OK);
    cr_expect(b.allowed[KX_EXECUTION_CLAIM_HONEST]);
    kx_lane_world_generation(&w, 1);
    cr_expect_eq(kx_behaviour_open(&b, &w.arena, &w.lane, 0, NULL, &err), ASSAY_E_UNSUPPORTED);
    cr_expect_not_null(strstr(err.text, "no lineage"), "%s", err.text);
    kx_lane_world_fini(&w);
}

Test(kx_behaviour, is_not_asked_of_what_there_is_no_memory_for)
{
    struct kx_lane_world w;
    struct kx_behaviour b;
    enum assay_code rc = ASSAY_E_NOMEM;
    size_t failures = 0;

    kx_lane_world_init(&w);
    for (size_t n = 0; rc != ASSAY_OK; n += n < 24 ? 1 : n, failures++) {
        struct assay_arena arena = ASSAY_ARENA_INIT(1 << 24);
        struct assay_err err = {0};

        (void)assay_alloc_fail_after(n);
        rc = kx_behaviour_open(&b, &arena, &w.lane, 0, NULL, &err);
        (void)assay_alloc_fail_after(SIZE_MAX);
        cr_assert(rc == ASSAY_OK || rc == ASSAY_E_NOMEM, "%zu: %s", n, err.text);
        cr_expect_eq(err.code, rc);
        assay_arena_fini(&arena);
    }
    cr_expect_gt(failures, 20);
    kx_lane_world_fini(&w);
}

Test(kx_behaviour, of_every_execution_has_a_name_of_its_own)
{
    for (size_t i = 0; i < KX_EXECUTION__COUNT; i++)
        for (size_t k = 0; k < i; k++)
            cr_expect_str_neq(kx_execution((enum kx_execution_id)i)->name,
                              kx_execution((enum kx_execution_id)k)->name);
}
