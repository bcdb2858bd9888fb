/* The seeded defects of a facilitator's client, and of what a worker keeps of its list, show
 * against the role: each outcome is the right one without the defect, and another one with it. See
 * defects/x402.def; those of the decision core are in ref/tests/test_kx_facilitated_defects.c. */
#include "facilitator_world.h"

#include "defects/defects.h"
#include "net/clock.h"
#include "server/kx_facilitator.h"

static struct facilitator_world w;

static void begin(void)
{
    facilitator_world_begin(&w, FACILITATOR_ONCE);
}
static void end(void)
{
    ref_defect_all_off();
    facilitator_world_end(&w);
}
TestSuite(facilitator_defects, .init = begin, .fini = end, .timeout = 120);

enum { ABOVE_BYTES = 2 * FACILITATOR_LIMIT_BYTES, SMALL_BYTES = 2000 };

/* Each is of a payment of its own. */
static const struct row {
    const char *defect;
    struct facilitator_rule rule;
    enum facilitator_what what;
    enum ref_facilitator_outcome right, wrong;
} rows[] = {
    {"facilitator.status_ignored",
     {.status = 503},
     FACILITATOR_VERIFY,
     REF_FACILITATOR_STATUS,
     REF_FACILITATOR_YES},
    {"facilitator.status_ignored",
     {.status = 400},
     FACILITATOR_SETTLE,
     REF_FACILITATOR_MISMATCH,
     REF_FACILITATOR_YES},
    {"facilitator.json_duplicates",
     {.shape = FACILITATOR_TWICE},
     FACILITATOR_VERIFY,
     REF_FACILITATOR_MALFORMED,
     REF_FACILITATOR_YES},
    {"facilitator.truthy",
     {.shape = FACILITATOR_TEXT},
     FACILITATOR_VERIFY,
     REF_FACILITATOR_MALFORMED,
     REF_FACILITATOR_YES},
    {"facilitator.truthy",
     {.shape = FACILITATOR_NUMBER},
     FACILITATOR_SETTLE,
     REF_FACILITATOR_MALFORMED,
     REF_FACILITATOR_YES},
    {"facilitator.missing_is_yes",
     {.shape = FACILITATOR_MISSING},
     FACILITATOR_VERIFY,
     REF_FACILITATOR_MALFORMED,
     REF_FACILITATOR_YES},
    {"facilitator.missing_is_yes",
     {.shape = FACILITATOR_NULL_ANSWER},
     FACILITATOR_SETTLE,
     REF_FACILITATOR_MALFORMED,
     REF_FACILITATOR_YES},
    {"facilitator.coding_accepted",
     {.fault = FACILITATOR_BOMB, .large_bytes = SMALL_BYTES},
     FACILITATOR_VERIFY,
     REF_FACILITATOR_MALFORMED,
     REF_FACILITATOR_YES},
    {"facilitator.oversized_answer",
     {.fault = FACILITATOR_OVERSIZED, .large_bytes = ABOVE_BYTES},
     FACILITATOR_VERIFY,
     REF_FACILITATOR_MALFORMED,
     REF_FACILITATOR_YES},
    {"facilitator.redirect_followed",
     {.fault = FACILITATOR_REDIRECT},
     FACILITATOR_VERIFY,
     REF_FACILITATOR_STATUS,
     REF_FACILITATOR_YES},
    {"facilitator.transaction_empty",
     {.lie = FACILITATOR_NO_TRANSACTION},
     FACILITATOR_SETTLE,
     REF_FACILITATOR_MISMATCH,
     REF_FACILITATOR_YES},
    {"facilitator.network_unchecked",
     {.lie = FACILITATOR_OTHER_NETWORK},
     FACILITATOR_SETTLE,
     REF_FACILITATOR_MISMATCH,
     REF_FACILITATOR_YES},
    {"facilitator.amount_unchecked",
     {.lie = FACILITATOR_OTHER_AMOUNT},
     FACILITATOR_SETTLE,
     REF_FACILITATOR_MISMATCH,
     REF_FACILITATOR_YES},
    {"facilitator.payer_unchecked",
     {.lie = FACILITATOR_OTHER_PAYER},
     FACILITATOR_SETTLE,
     REF_FACILITATOR_MISMATCH,
     REF_FACILITATOR_YES},
};

static void switch_on(const char *defect)
{
    cr_assert_eq(ref_defect_switch_on(assay_str(defect), NULL), ASSAY_OK, "%s", defect);
}

static struct ref_facilitator_answer make(const struct row *row, const char *nonce)
{
    return row->what == FACILITATOR_VERIFY ? facilitator_world_verify(&w, nonce)
                                           : facilitator_world_settle(&w, nonce);
}

Test(facilitator_defects, change_what_comes_of_a_call)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct facilitator_behaviour behaviour = {.verify = rows[i].rule,
                                                        .settle = rows[i].rule};
        const char right[] = {'r', (char)('a' + i), '\0'}, wrong[] = {'w', (char)('a' + i), '\0'};
        struct ref_facilitator_answer answer;

        facilitator_behave(w.role, &behaviour);
        answer = make(&rows[i], right);
        cr_expect_eq(answer.outcome, rows[i].right, "%s: without it: %s", rows[i].defect,
                     ref_facilitator_outcome_name(answer.outcome));
        switch_on(rows[i].defect);
        facilitator_world_end(&w); /* its clients are made with the defect */
        facilitator_world_begin(&w, FACILITATOR_ONCE);
        facilitator_behave(w.role, &behaviour);
        answer = make(&rows[i], wrong);
        cr_expect_eq(answer.outcome, rows[i].wrong, "%s: with it: %s: %s", rows[i].defect,
                     ref_facilitator_outcome_name(answer.outcome), answer.why.text);
        ref_defect_all_off();
        facilitator_world_end(&w);
        facilitator_world_begin(&w, FACILITATOR_ONCE);
    }
}

Test(facilitator_defects, give_its_own_text_away)
{
    static const char text[] = "at 10.0.0.7: insufficient funds";
    const struct facilitator_behaviour behaviour = {
        .verify = {.lie = FACILITATOR_NO, .reason = text}};

    facilitator_behave(w.role, &behaviour);
    cr_expect_str_eq(facilitator_world_verify(&w, "1").reason, "unexpected_verify_error");
    switch_on("facilitator.reason_reflected");
    cr_expect_str_eq(facilitator_world_verify(&w, "2").reason, text);
}

Test(facilitator_defects, give_its_errors_away)
{
    static const struct facilitator_behaviour behaviours[] = {
        {.verify = {.status = 500}}, {.verify = {.shape = FACILITATOR_HTML_BODY}}};

    for (size_t i = 0; i < ARRAY_LEN(behaviours); i++) {
        const char *reason;

        ref_defect_all_off();
        facilitator_behave(w.role, &behaviours[i]);
        cr_expect_null(facilitator_world_verify(&w, "1").reason, "row %zu", i);
        switch_on("facilitator.error_reflected");
        reason = facilitator_world_verify(&w, "2").reason;
        cr_expect(reason != NULL && strstr(reason, "isValid") != NULL, "row %zu: %s", i,
                  reason != NULL ? reason : "none");
    }
}

/* Whether a change of the list is seen once its life is over. */
static bool sees_a_change(void)
{
    static const struct facilitator_options other = {.kinds = {{"exact", "eip155:1", NULL}}};
    struct kx_server_options options = KX_SERVER_OPTIONS_DEFAULT;
    struct kx_facilitator_list *before, *after;
    struct kx_facilitator *f;
    struct assay_err err = {0};
    bool is_seen;

    options.facilitator = facilitator_url(w.role);
    options.facilitator_list_ms = 1;
    cr_assert_eq(kx_facilitator_new(&f, &options, ASSAY_LIT(""), &err), ASSAY_OK, "%s", err.text);
    before = kx_facilitator_take(f);
    cr_assert_not_null(before);
    cr_assert_eq(facilitator_configure(w.role, &other, &err), ASSAY_OK, "%s", err.text);
    ref_net_wait_ms(2 * options.facilitator_list_ms);
    after = kx_facilitator_take(f);
    is_seen =
        kx_facilitator_supported(after)->kind_count != kx_facilitator_supported(before)->kind_count;
    kx_facilitator_give_back(f, before);
    kx_facilitator_give_back(f, after);
    kx_facilitator_free(f);
    return is_seen;
}

Test(facilitator_defects, keep_an_old_list)
{
    cr_expect(sees_a_change(), "without it");
    end();
    begin();
    switch_on("facilitator.kinds_cached_for_good");
    cr_expect_not(sees_a_change(), "with it");
}

static bool is_in_a_table(const char *id)
{
    static const char *const others[] = {"facilitator.reason_reflected",
                                         "facilitator.error_reflected",
                                         "facilitator.kinds_cached_for_good"};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strcmp(rows[i].defect, id) == 0)
            return true;
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (strcmp(others[i], id) == 0)
            return true;
    return false;
}

Test(facilitator_defects, are_all_looked_for)
{
    static const char *const places[] = {"ref/net/facilitator.c", "ref/net/client.c",
                                         "ref/server/kx_facilitator.c"};

    for (int i = 0; i < REF_DEFECT__COUNT; i++) {
        const struct ref_defect *d = ref_defect_at((enum ref_defect_id)i);

        for (size_t k = 0; k < ARRAY_LEN(places); k++)
            cr_expect(strcmp(d->place, places[k]) != 0 || is_in_a_table(d->id), "%s", d->id);
    }
}
