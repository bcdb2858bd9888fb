/* The list of planted faults; see planted.h. */
#include "base/planted.h"

#include <string.h>

const struct assay_planted_fault assay_planted_faults[ASSAY_PLANTED__COUNT] = {
    [ASSAY_PLANTED_NOTHING] = {"", "", "", "", ""},
#define X(ident, target, kind, place, sentence)                                                    \
    [ASSAY_PLANTED_##ident] = {#ident, target, kind, place, sentence},
#include "base/planted.def"
#undef X
};

enum assay_planted assay_planted_find(const char *name)
{
    size_t i = ASSAY_PLANTED_NOTHING + 1;

    while (i < ASSAY_PLANTED__COUNT && strcmp(assay_planted_faults[i].name, name) != 0)
        i++;
    return (enum assay_planted)i;
}

#ifdef ASSAY_REF_DEFECTS
enum assay_planted assay_planted_now = ASSAY_PLANTED_NOTHING;
#endif
