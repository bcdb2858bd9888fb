/* Expectations files: what is taken of one is what its entries say, one by one, of scenarios and
 * cases that there are; written again it is taken as the same, and of one that is refused nothing
 * is taken. */
#include "fuzz.h"

#include "fuzz/lib/json_mutate.h"
#include "run/outcome.h"

#define PATH "fuzz/expectations.json"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return fuzz_json_mutate(data, size, max_size, 0, seed);
}

static bool is_same(const char *text, const json_t *entry, const char *member)
{
    const char *told = json_string_value(json_object_get(entry, member));

    return (text == NULL) == (told == NULL) && (text == NULL || strcmp(text, told) == 0);
}

static bool has_case(const struct scenario *scenario, const char *name)
{
    size_t i = 0, count = scenario_case_count(scenario);

    while (i < count && strcmp(scenario_case_name(scenario, i), name) != 0)
        i++;
    return i < count;
}

static void check_known(const struct known_failure *known, const json_t *entry)
{
    const struct scenario *scenario = registry_find(known->scenario);

    FUZZ_CHECK(json_object_size(entry) == (known->case_name != NULL ? 3 : 2));
    FUZZ_CHECK(is_same(known->scenario, entry, "scenario") && known->reason != NULL);
    FUZZ_CHECK(is_same(known->case_name, entry, "case") && is_same(known->reason, entry, "reason"));
    FUZZ_CHECK(scenario != NULL);
    FUZZ_CHECK(known->case_name == NULL || has_case(scenario, known->case_name));
}

/* Taken once more behind what is there, as from a file that was written of it. */
static void check_again(struct outcome *o, const json_t *file)
{
    char *text = json_dumps(file, JSON_COMPACT);
    json_t *again = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    size_t count = o->known_count;
    enum assay_code rc;

    FUZZ_CHECK(again != NULL && json_equal(again, file));
    rc = outcome_expectations_read(o, again, PATH, NULL);
    FUZZ_CHECK((rc == ASSAY_OK) == (2 * count <= OUTCOME_KNOWN_MAX));
    FUZZ_CHECK(o->known_count == (rc == ASSAY_OK ? 2 * count : count));
    json_decref(again);
    free(text);
}

static void check_file(struct outcome *o, const json_t *file)
{
    const json_t *known = json_object_get(file, "known");
    struct assay_err err = {0};
    enum assay_code rc = outcome_expectations_read(o, file, PATH, &err);

    FUZZ_CHECK(rc == err.code && rc != ASSAY_E_NOMEM);
    if (rc == ASSAY_OK) {
        FUZZ_CHECK(o->known_count == json_array_size(known));
        for (size_t i = 0; i < o->known_count; i++)
            check_known(&o->known[i], json_array_get(known, i));
        check_again(o, file);
    } else {
        FUZZ_CHECK(o->known_count == 0 && strncmp(err.text, PATH ":", sizeof(PATH)) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct selection everything = {.least = LEVEL_REPORT};
    json_t *file = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    struct outcome *o = malloc(sizeof(*o));

    FUZZ_CHECK(o != NULL && outcome_init(o, LEVEL_MUST, &everything, NULL) == ASSAY_OK);
    if (file != NULL)
        check_file(o, file);
    json_decref(file);
    outcome_fini(o);
    free(o);
    return 0;
}
