/* The cases that an expectations file names; see outcome.h. */
#include "run/outcome.h"

void outcome_known_cases(const struct outcome *o, const char **out, size_t room)
{
    size_t count = 0;

    for (size_t i = 0; i < o->known_count; i++) {
        const struct scenario *s = registry_find(o->known[i].scenario);

        if (o->known[i].case_name != NULL && count + 1 < room)
            out[count++] = o->known[i].case_name;
        for (size_t k = 0; o->known[i].case_name == NULL && k < scenario_case_count(s); k++)
            if (count + 1 < room)
                out[count++] = scenario_case_name(s, k);
    }
    out[count] = NULL;
}
