/* The list of seeded defects and their switches; see defects.h. */
#include "defects/defects.h"

/* By name: the order of the lists does not matter. */
static const struct ref_defect defects[] = {
#define ROW(ident, flag, ...) [REF_DEFECT_##ident] = {REF_DEFECT_##flag, __VA_ARGS__}
#define X(ident, id, ...) ROW(ident, ident, "paid-tools", id, __VA_ARGS__),
#include "defects/paid_tools.def"
#undef X
#define X(ident, id, ...) ROW(ident, ident, "kaspa-x402", id, __VA_ARGS__),
#include "defects/kaspa_x402.def"
#undef X
#define X(ident, id, ...) ROW(ident, ident, "x402", id, __VA_ARGS__),
#include "defects/x402.def"
#undef X
#define X(ident, flag, id, ...) ROW(ident, flag, "x402", id, __VA_ARGS__),
#include "defects/x402_shared.def"
#undef X
#undef ROW
};

_Static_assert(ARRAY_LEN(defects) == REF_DEFECT__COUNT, "a defect has an id and a row");

const struct ref_defect *ref_defect_at(enum ref_defect_id id)
{
    return &defects[id];
}

enum ref_defect_id ref_defect_find(struct assay_bytes id)
{
    size_t i = 0;

    while (i < ARRAY_LEN(defects) && !assay_bytes_is(id, defects[i].id))
        i++;
    return (enum ref_defect_id)i;
}

#ifdef ASSAY_REF_DEFECTS

#include <stdatomic.h>

/* Switched before a server's threads start, so the order of these needs no more than atomicity. */
static atomic_bool is_on[REF_DEFECT__COUNT];

bool ref_defect_is_on(enum ref_defect_id id)
{
    return atomic_load_explicit(&is_on[id], memory_order_relaxed);
}

enum assay_code ref_defect_switch_on(struct assay_bytes id, struct assay_err *err)
{
    enum ref_defect_id found = ref_defect_find(id);

    if (found == REF_DEFECT__COUNT)
        return assay_fail(err, ASSAY_E_UNKNOWN, 0, "defect %.*s: is not known",
                          id.len < 64 ? (int)id.len : 64, (const char *)id.at);
    atomic_store(&is_on[defects[found].flag], true);
    return ASSAY_OK;
}

void ref_defect_all_off(void)
{
    for (size_t i = 0; i < REF_DEFECT__COUNT; i++)
        atomic_store(&is_on[i], false);
}

#else

enum assay_code ref_defect_switch_on(struct assay_bytes id, struct assay_err *err)
{
    if (ref_defect_find(id) == REF_DEFECT__COUNT)
        return assay_fail(err, ASSAY_E_UNKNOWN, 0, "defect: is not known");
    return assay_fail(err, ASSAY_E_UNSUPPORTED, 0, "defects: this program was built without them");
}

void ref_defect_all_off(void)
{
}

#endif
