/* The vectors of batch settlement leave out no operation, no rule of a kind and no defect of a
 * library. */
#include "known_answers.h"

#include "kaspa_x402/batch_tx.h"
#include "kaspa_x402/batch_verify.h"
#include "run/operations.h"
#include "vectors/batch_base.h"

#include <criterion/criterion.h>

#define FOLDER "kaspa-x402/batch/"

static const struct {
    const char *id, *place;
} defects[] = {
#define X(ident, id, sets, threat, rule, place, sentence) {id, place},
#include "defects/kaspa_x402.def"
#undef X
};

static bool is_of_batch(const char *path)
{
    return strncmp(path, FOLDER, strlen(FOLDER)) == 0;
}

static json_t *cases_of(const json_t *all, const char *operation)
{
    const char *path;
    json_t *document;

    json_object_foreach ((json_t *)(uintptr_t)all, path, document)
        if (strcmp(json_string_value(json_object_get(document, "operation")), operation) == 0)
            return json_object_get(document, "cases");
    return NULL;
}

/* How many have the rule among those that they break. */
static size_t count_broken(const json_t *cases, const char *rule)
{
    size_t count = 0, i, k;
    json_t *one, *check;

    json_array_foreach (cases, i, one)
        json_array_foreach (json_object_get(json_object_get(one, "refused"), "checks"), k, check)
            count += strcmp(json_string_value(json_object_get(check, "rule")), rule) == 0 &&
                     strcmp(json_string_value(json_object_get(check, "result")), "broken") == 0;
    return count;
}

/* Every template has claims and refunds. What a script refuses breaks a rule before it too. */
static bool is_never_first(enum kx_batch_tx_rule rule, int kind)
{
    return rule == KX_BATCH_TX_SCRIPT ||
           (rule == KX_BATCH_TX_KIND && (kind == KX_BATCH_CLAIM || kind == KX_BATCH_REFUND));
}

Test(vectors_batch, hold_an_accepted_and_a_refused_transaction_of_every_rule_and_kind)
{
    json_t *all = known_documents();

    for (int i = 0; i < KX_BATCH_TX__COUNT; i++)
        for (int kind = 0; kind < KX_BATCH_KINDS; kind++) {
            const json_t *cases = cases_of(all, vectors_batch_verifies[kind]);
            const char *rule = kx_batch_tx_rules[i].id;

            if ((kx_batch_tx_rules[i].kinds & 1U << kind) == 0)
                continue;
            cr_expect_gt(known_count_about(cases, rule, "ok"), 0, "%s: %s",
                         vectors_batch_verifies[kind], rule);
            if (!is_never_first((enum kx_batch_tx_rule)i, kind))
                cr_expect_gt(known_count_about(cases, rule, "refused"), 0, "%s: %s",
                             vectors_batch_verifies[kind], rule);
            else if (i == KX_BATCH_TX_SCRIPT)
                cr_expect_gt(count_broken(cases, rule), 0, "%s: %s", vectors_batch_verifies[kind],
                             rule);
        }
    json_decref(all);
}

Test(vectors_batch, are_refused_by_the_rule_that_they_are_about)
{
    json_t *all = known_documents(), *one;
    size_t i;

    for (int kind = 0; kind < KX_BATCH_KINDS; kind++)
        json_array_foreach (cases_of(all, vectors_batch_verifies[kind]), i, one) {
            const char *rule =
                json_string_value(json_object_get(json_object_get(one, "refused"), "rule"));

            cr_expect(rule == NULL || known_is_about(one, rule), "%s: %s",
                      json_string_value(json_object_get(one, "name")), rule);
        }
    json_decref(all);
}

Test(vectors_batch, hold_an_accepted_request_and_one_that_breaks_it_first_of_every_rule)
{
    json_t *all = known_documents();
    const json_t *cases = cases_of(all, "batch.payment");

    for (int i = 0; i < KX_BATCH_RULE__COUNT; i++) {
        const char *rule = kx_batch_rules[i].id;

        cr_expect_gt(known_count_about(cases, rule, "ok"), 0, "%s", rule);
        cr_expect_gt(known_count_about(cases, rule, "refused"), 0, "%s", rule);
    }
    json_decref(all);
}

Test(vectors_batch, of_requests_are_refused_by_the_rule_that_they_are_about)
{
    json_t *all = known_documents(), *one;
    size_t i;

    json_array_foreach (cases_of(all, "batch.payment"), i, one) {
        const char *rule =
            json_string_value(json_object_get(json_object_get(one, "refused"), "rule"));

        cr_expect(rule == NULL || known_is_about(one, rule), "%s: %s",
                  json_string_value(json_object_get(one, "name")), rule);
    }
    json_decref(all);
}

/* A request that was answered is a refusal with its answer, and nothing else is. */
Test(vectors_batch, hold_every_path_a_replay_and_a_recovery)
{
    static const char *const paths[] = {"voucher", "open", "same", "top-up"};
    size_t seen[ARRAY_LEN(paths)] = {0}, replays = 0, recoveries = 0, i;
    json_t *all = known_documents(), *one;

    json_array_foreach (cases_of(all, "batch.payment"), i, one) {
        const json_t *ok = json_object_get(one, "ok");
        const char *path = json_string_value(json_object_get(ok, "path"));

        for (size_t k = 0; k < ARRAY_LEN(paths); k++)
            seen[k] += path != NULL && strcmp(path, paths[k]) == 0;
        cr_expect_not(json_is_true(json_object_get(ok, "replay")));
        recoveries += json_is_true(json_object_get(ok, "recovery"));
        replays += json_is_true(json_object_get(json_object_get(one, "refused"), "replay"));
    }
    for (size_t k = 0; k < ARRAY_LEN(paths); k++)
        cr_expect_gt(seen[k], 1, "%s", paths[k]);
    cr_expect_gt(replays, 0);
    cr_expect_gt(recoveries, 0);
    json_decref(all);
}

Test(vectors_batch, hold_what_a_drifted_template_may_let_happen)
{
    static const char *const classes[] = {"same", "allows more", "locks", "allows more and locks"};
    json_t *all = known_documents(), *one;

    for (size_t k = 0; k < ARRAY_LEN(classes); k++) {
        size_t seen = 0, i;

        json_array_foreach (cases_of(all, "template.behaviour"), i, one) {
            const json_t *told = json_object_get(one, k == 0 ? "ok" : "refused");
            const char *is = json_string_value(json_object_get(told, "behaviour"));

            seen += is != NULL && strcmp(is, classes[k]) == 0;
        }
        cr_expect_gt(seen, 0, "%s", classes[k]);
    }
    json_decref(all);
}

Test(vectors_batch, pay_what_nodes_ask_for_to_relay_them)
{
    json_t *all = known_documents(), *one;
    size_t i, relayed = 0;

    for (int kind = 0; kind < KX_BATCH_KINDS; kind++)
        json_array_foreach (cases_of(all, vectors_batch_verifies[kind]), i, one) {
            const char *relay =
                json_string_value(json_object_get(json_object_get(one, "ok"), "relay"));

            cr_expect(relay == NULL || strcmp(relay, "valid") == 0, "%s: relay %s",
                      json_string_value(json_object_get(one, "name")), relay);
            relayed += relay != NULL;
        }
    cr_expect_gt(relayed, 100);
    json_decref(all);
}

Test(vectors_batch, hold_an_accepted_case_of_every_operation)
{
    static const char *const of[] = {"batch.",        "channel.",    "template.", "voucher.",
                                     "presentation.", "commitment.", "genesis.",  "claim.",
                                     "topup.",        "refund."};
    json_t *all = known_documents();
    const struct operation *op;

    for (size_t i = 0; (op = operation_at(i)) != NULL; i++)
        for (size_t k = 0; k < ARRAY_LEN(of); k++) {
            const json_t *one, *cases = cases_of(all, op->name);
            size_t accepted = 0, n;

            if (strncmp(op->name, of[k], strlen(of[k])) != 0)
                continue;
            json_array_foreach ((json_t *)(uintptr_t)cases, n, one)
                accepted += json_object_get(one, "ok") != NULL;
            cr_expect_gt(accepted, 0, "%s", op->name);
        }
    json_decref(all);
}

static bool is_guarded(const json_t *all, const char *id)
{
    const char *path;
    json_t *document, *one, *guarded;
    size_t i, k;

    json_object_foreach ((json_t *)(uintptr_t)all, path, document)
        json_array_foreach (json_object_get(document, "cases"), i, one)
            json_array_foreach (json_object_get(one, "guards"), k, guarded)
                if (is_of_batch(path) && strcmp(json_string_value(guarded), id) == 0)
                    return true;
    return false;
}

/* What a server or its store does wrong between two questions is beyond a vector; so is what a
 * lineage is told of the chain in the course of time. */
static bool is_of_library(const char *id, const char *place)
{
    static const char library[] = "ref/kaspa_x402/";

    return strncmp(id, "batch.", 6) == 0 && strncmp(place, library, strlen(library)) == 0 &&
           strcmp(id, "batch.rollback_forgotten") != 0;
}

Test(vectors_batch, guard_against_every_defect_of_a_library)
{
    json_t *all = known_documents();

    for (size_t i = 0; i < ARRAY_LEN(defects); i++)
        cr_expect(!is_of_library(defects[i].id, defects[i].place) || is_guarded(all, defects[i].id),
                  "%s", defects[i].id);
    json_decref(all);
}

static bool is_defect(const char *id)
{
    size_t i = 0;

    while (i < ARRAY_LEN(defects) && strcmp(defects[i].id, id) != 0)
        i++;
    return i < ARRAY_LEN(defects);
}

Test(vectors_batch, guard_against_nothing_that_is_no_defect)
{
    json_t *all = known_documents(), *document, *one, *guarded;
    const char *path;
    size_t i, k;

    json_object_foreach (all, path, document)
        json_array_foreach (json_object_get(document, "cases"), i, one)
            json_array_foreach (json_object_get(one, "guards"), k, guarded)
                cr_expect(is_defect(json_string_value(guarded)), "%s", json_string_value(guarded));
    json_decref(all);
}
