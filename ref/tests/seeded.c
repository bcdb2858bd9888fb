/* Seeded defects as their tests speak of them; see seeded.h. */
#include "ref/tests/seeded.h"

#include <criterion/criterion.h>

void switch_on(const char *id)
{
    struct assay_err err = {0};

    cr_assert_eq(ref_defect_switch_on(assay_str(id), &err), ASSAY_OK, "%s", err.text);
}

static bool is_listed(const char *id, const struct seeded_ids *ids)
{
    const char *at = (const char *)ids->first;

    for (size_t i = 0; i < ids->count; i++)
        if (strcmp(*(const char *const *)(at + i * ids->step), id) == 0)
            return true;
    return false;
}

bool seeded_is_in(const char *id, const struct seeded_ids *tables, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_listed(id, &tables[i]))
            return true;
    return false;
}

void seeded_expect_all(bool (*is_one)(const struct ref_defect *defect),
                       const struct seeded_ids *tables, size_t count)
{
    for (int i = 0; i < REF_DEFECT__COUNT; i++) {
        const struct ref_defect *defect = ref_defect_at((enum ref_defect_id)i);

        if (is_one(defect))
            cr_expect(seeded_is_in(defect->id, tables, count), "%s is in no table here",
                      defect->id);
    }
}
