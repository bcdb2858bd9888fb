/* Plants the fault that the environment names, before a target sees its first input. */
#include "base/planted.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *name = getenv("ASSAY_PLANTED");

    (void)argc;
    (void)argv;
    if (name == NULL || name[0] == '\0')
        return 0;
    assay_planted_now = assay_planted_find(name);
    if (assay_planted_now != ASSAY_PLANTED__COUNT)
        return 0;
    (void)fprintf(stderr, "ASSAY_PLANTED=%.40s: there is no such fault (ref/base/planted.def)\n",
                  name);
    exit(3);
}
