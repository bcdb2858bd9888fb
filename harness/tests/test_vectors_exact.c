/* The vectors of the exact scheme leave out no rule, no operation and no defect that a vector can
 * guard against, and their transactions can be relayed. */
#include "known_answers.h"

#include "kaspa_x402/exact_verify.h"
#include "run/operations.h"
#include "vectors/cases.h"

#include <criterion/criterion.h>

#define PAYMENTS "kaspa-x402/exact/payment.json"

static const struct {
    const char *id, *rule, *place;
} defects[] = {
#define X(ident, id, sets, threat, rule, place, sentence) {id, rule, place},
#include "defects/kaspa_x402.def"
#undef X
};

static json_t *payments(const json_t *all)
{
    return json_object_get(json_object_get(all, PAYMENTS), "cases");
}

Test(vectors_exact, hold_an_accepted_and_a_refused_payment_of_every_rule)
{
    json_t *all = known_documents();

    for (int i = 0; i < KX_EXACT__COUNT; i++) {
        const char *rule = kx_exact_rules[i].id;

        cr_expect_gt(known_count_about(payments(all), rule, "ok"), 0, "%s", rule);
        cr_expect_gt(known_count_about(payments(all), rule, "refused"), 0, "%s", rule);
    }
    json_decref(all);
}

Test(vectors_exact, are_refused_by_the_rule_that_they_are_about)
{
    json_t *all = known_documents(), *one;
    size_t i;

    json_array_foreach (payments(all), i, one) {
        const char *rule =
            json_string_value(json_object_get(json_object_get(one, "refused"), "rule"));

        cr_expect(rule == NULL || known_is_about(one, rule), "%s: %s",
                  json_string_value(json_object_get(one, "name")), rule);
    }
    json_decref(all);
}

static bool guards(const json_t *one, const char *id)
{
    json_t *guarded;
    size_t i;

    json_array_foreach (json_object_get(one, "guards"), i, guarded)
        if (strcmp(json_string_value(guarded), id) == 0)
            return true;
    return false;
}

static bool is_guarded(const json_t *cases, const char *id)
{
    json_t *one;
    size_t i;

    json_array_foreach (cases, i, one)
        if (guards(one, id))
            return true;
    return false;
}

/* What is decided outside a payment's checks. */
static bool is_beyond_a_payment(const char *id)
{
    static const char *const beyond[] = {"kx.identity.by_recipient", "kx.hints.of_own_spend",
                                         "kx.http.members_twice"};

    for (size_t i = 0; i < ARRAY_LEN(beyond); i++)
        if (strcmp(beyond[i], id) == 0)
            return true;
    return false;
}

Test(vectors_exact, guard_against_every_defect_of_a_rule_of_payments)
{
    json_t *all = known_documents();

    for (size_t i = 0; i < ARRAY_LEN(defects); i++)
        cr_expect(strncmp(defects[i].rule, "exact.", 6) != 0 ||
                      is_beyond_a_payment(defects[i].id) ||
                      is_guarded(payments(all), defects[i].id),
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

Test(vectors_exact, guard_against_nothing_that_is_no_defect)
{
    json_t *all = known_documents(), *one, *guarded;
    size_t i, k;

    json_array_foreach (payments(all), i, one)
        json_array_foreach (json_object_get(one, "guards"), k, guarded)
            cr_expect(is_defect(json_string_value(guarded)), "%s", json_string_value(guarded));
    json_decref(all);
}

Test(vectors_exact, hold_an_accepted_and_a_refused_case_of_every_operation)
{
    json_t *all = known_documents(), *document, *one;
    const struct operation *op;
    const char *path;
    size_t k;

    for (size_t i = 0; (op = operation_at(i)) != NULL; i++) {
        size_t accepted = 0, refused = 0;

        if (strncmp(op->name, "exact.", 6) != 0 && strncmp(op->name, "x402.", 5) != 0)
            continue;
        json_object_foreach (all, path, document)
            if (strcmp(json_string_value(json_object_get(document, "operation")), op->name) == 0)
                json_array_foreach (json_object_get(document, "cases"), k, one) {
                    accepted += json_object_get(one, "ok") != NULL;
                    refused += json_object_get(one, "refused") != NULL;
                }
        cr_expect_gt(accepted, 0, "%s", op->name);
        cr_expect_gt(refused, 0, "%s", op->name);
    }
    json_decref(all);
}

/* The transaction of a payment as kaspa.tx judges it: its result. */
static json_t *judged(const json_t *one, enum operation_answer *answer)
{
    json_t *in = json_object_get(one, "in"), *result = NULL;
    json_t *payload = json_object_get(json_object_get(in, "payment"), "payload");
    struct assay_err err = {0};
    json_t *tx_in =
        json_pack("{s:O, s:O, s:O}", "transaction", json_object_get(payload, "transaction"),
                  "utxos", json_object_get(in, "utxos"), "pov", json_object_get(in, "pov"));

    *answer = tx_in != NULL ? operation_run(operation_find("kaspa.tx"), tx_in, &result, &err)
                            : OPERATION_ERROR;
    json_decref(tx_in);
    return result;
}

Test(vectors_exact, pay_what_nodes_ask_for_to_relay_them)
{
    json_t *all = known_documents(), *one;
    size_t i, relayed = 0;

    json_array_foreach (payments(all), i, one) {
        enum operation_answer answer;
        json_t *result = judged(one, &answer);
        const char *relay = json_string_value(json_object_get(result, "relay"));

        cr_expect(json_object_get(one, "ok") == NULL || answer == OPERATION_OK, "%s",
                  json_string_value(json_object_get(one, "name")));
        cr_expect(answer != OPERATION_OK || strcmp(relay, "valid") == 0, "%s: relay %s",
                  json_string_value(json_object_get(one, "name")), relay);
        relayed += answer == OPERATION_OK;
        json_decref(result);
    }
    cr_expect_gt(relayed, 100);
    json_decref(all);
}

static const char *identity_of(const json_t *cases, const char *name)
{
    json_t *one;
    size_t i;

    json_array_foreach (cases, i, one)
        if (strcmp(json_string_value(json_object_get(one, "name")), name) == 0)
            return json_string_value(json_object_get(json_object_get(one, "ok"), "identity"));
    return NULL;
}

Test(vectors_exact, give_one_identity_to_a_transaction_however_it_is_written)
{
    static const struct {
        const char *name;
        bool is_same;
    } rows[] = {
        {"standard-native", true},
        {"a label changes nothing", true},
        {"another end is another payment of the same transaction", true},
        {"another witness of it", true},
        {"it without its defaults", true},
        {"it with unknown members", true},
        {"it with another id and mass", true},
        {"it without the covenants", true},
        {"it flattened, which the projection does not know", false},
        {"another transaction", false},
        {"additive", false},
    };
    json_t *all = known_documents();
    const json_t *cases =
        json_object_get(json_object_get(all, "kaspa-x402/exact/identity.json"), "cases");
    const char *own = identity_of(cases, "a transaction");

    cr_assert_not_null(own);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *identity = identity_of(cases, rows[i].name);

        cr_assert_not_null(identity, "%s", rows[i].name);
        cr_expect_eq(strcmp(identity, own) == 0, rows[i].is_same, "%s", rows[i].name);
    }
    json_decref(all);
}

Test(vectors_exact, are_the_same_each_time_they_are_made)
{
    json_t *one = known_documents(), *other = known_documents();
    char *a = json_dumps(one, JSON_COMPACT), *b = json_dumps(other, JSON_COMPACT);

    cr_expect_str_eq(a, b);
    free(a);
    free(b);
    json_decref(one);
    json_decref(other);
}
