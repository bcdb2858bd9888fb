/** Seeded defects as their tests speak of them: one switched on, and tables that have to be whole.
 */
#ifndef REF_TESTS_SEEDED_H
#define REF_TESTS_SEEDED_H

#include "defects/defects.h"

/** There has to be one of that id. */
void switch_on(const char *id);

/** The ids of a table's rows. */
struct seeded_ids {
    const char *const *first;
    size_t step; /**< bytes from one to the next */
    size_t count;
};

#define SEEDED_IDS(table, member)                                                                  \
    {                                                                                              \
        &(table)[0].member, sizeof((table)[0]), ARRAY_LEN(table)                                   \
    }
#define SEEDED_LIST(list)                                                                          \
    {                                                                                              \
        (list), sizeof((list)[0]), ARRAY_LEN(list)                                                 \
    }

bool seeded_is_in(const char *id, const struct seeded_ids *tables, size_t count);
/** That each defect which is one of theirs stands in a table. */
void seeded_expect_all(bool (*is_one)(const struct ref_defect *defect),
                       const struct seeded_ids *tables, size_t count);

#endif
