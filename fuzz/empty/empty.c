/* A fuzz target that does nothing: what the engine itself takes, which rates are compared with
 * (tools/fuzz-rates.sh). It stands apart, for it has no oracle. */
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)data;
    (void)size;
    return 0;
}
