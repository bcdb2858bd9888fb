/* Documents of vectors and their cases; see known_answers.h. */
#include "known_answers.h"

#include "vectors/cases.h"

#include <criterion/criterion.h>

json_t *known_documents(void)
{
    struct assay_err err = {0};
    json_t *all = NULL;

    cr_assert_eq(vectors_all(&all, &err), ASSAY_OK, "%s", err.text);
    return all;
}

bool known_is_about(const json_t *one, const char *rule)
{
    const char *about = json_string_value(json_object_get(one, "about"));

    return about != NULL && strcmp(about, rule) == 0;
}

size_t known_count_about(const json_t *cases, const char *rule, const char *member)
{
    size_t count = 0, i;
    json_t *one;

    json_array_foreach (cases, i, one)
        count += known_is_about(one, rule) && json_object_get(one, member) != NULL;
    return count;
}
