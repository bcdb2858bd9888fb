/* Rows of tests of bundles: one edit, and what it is refused for; see evidence_world.h. */
#include "ref/tests/evidence_world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

void evidence_world_expect(json_t **bundle, enum kx_bundle_rule want, const char *where,
                           const char *row)
{
    struct kx_bundle_summary summary;
    struct assay_err err;
    enum kx_bundle_rule rule = evidence_world_judge(*bundle, &summary, &err);

    cr_expect_eq(rule, want, "row: %s: %s: %s", row, kx_bundle_rules[rule].id, err.text);
    cr_expect_eq(strncmp(err.text, where, strlen(where)), 0, "row: %s: %s", row, err.text);
    json_decref(*bundle);
    *bundle = evidence_world_bundle();
}

void evidence_world_by_one(json_t *bundle, const char *place)
{
    const json_t *value = evidence_world_at(bundle, place);
    char text[200];
    size_t len;

    if (json_is_integer(value)) {
        (void)snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value) + 1);
    } else if (json_string_length(value) == 64) {
        (void)snprintf(text, sizeof(text), "\"%s\"", json_string_value(value));
        len = strlen(text);
        text[len - 2] = text[len - 2] == '0' ? '1' : '0';
    } else {
        (void)snprintf(text, sizeof(text), "\"%llu\"",
                       strtoull(json_string_value(value), NULL, 10) + 1);
    }
    evidence_world_set(bundle, place, text);
}

void evidence_world_expect_rows(json_t **bundle, const struct evidence_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].value != NULL && strcmp(rows[i].value, EVIDENCE_BY_ONE) == 0)
            evidence_world_by_one(*bundle, rows[i].place);
        else
            evidence_world_set(*bundle, rows[i].place, rows[i].value);
        evidence_world_expect(bundle, rows[i].rule,
                              rows[i].where != NULL ? rows[i].where : rows[i].place, rows[i].place);
    }
}
