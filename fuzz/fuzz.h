/** What every fuzz target has in common: its entry point and a check that fails out loud. */
#ifndef ASSAY_FUZZ_FUZZ_H
#define ASSAY_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/** One input; deterministic, with neither globals nor clock nor network. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** Before the first input (fuzz/lib/planted.c). Returns 0; ends the process with status 3 where the
 * environment asks for what there is not. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

static inline void fuzz_check(int holds, const char *claim, const char *file, int line)
{
    if (holds)
        return;
    (void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, claim);
    abort();
}

/** Stops the process with the claim's own text when it does not hold. */
#define FUZZ_CHECK(claim) fuzz_check((claim), #claim, __FILE__, __LINE__)

#endif
