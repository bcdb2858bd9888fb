/* The payers of the profiles; see live_payer.h. */
#include "fuzz/live_payer.h"

const struct live_payer *live_payer_of(const char *profile)
{
    static const struct live_payer *const payers[] = {&live_paid_tools, &live_x402,
                                                      &live_kaspa_x402};

    for (size_t i = 0; i < ARRAY_LEN(payers); i++)
        if (strcmp(payers[i]->profile, profile) == 0)
            return payers[i];
    return NULL;
}

const struct live_way *live_way_of(const struct live_payer *payer, const struct target *target,
                                   const char *endpoint, const char *name)
{
    const struct live_way *ways[LIVE_WAYS_MAX] = {NULL};
    size_t count = payer->ways(ways, target, endpoint);

    for (size_t i = 0; i < count; i++)
        if (strcmp(ways[i]->name, name) == 0)
            return ways[i];
    return count > 0 ? ways[0] : NULL;
}
