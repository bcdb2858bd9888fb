/* Inputs for adapters; see adapter_inputs.h. */
#include "fuzz/adapter_inputs.h"

#include "fuzz/adapter_mutate.h"
#include "fuzz/inputs.h"
#include "fuzz/kaspa_gen.h"
#include "vectors/vectors.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATH_BYTES = 4096, THROWS = 8, CHANGES_MAX = 4, FEW = 3 };

/* What the inputs of one operation are made of. */
struct source {
    const struct operation *operation;
    const struct kaspa_gen_operation *generated; /* NULL: no cases are made of it */
    json_t *right,
        *others; /* arrays: inputs that the reference accepts, and those that it does not */
};

struct adapter_inputs {
    struct source *sources;
    size_t count, kept_count, kept_bytes;
    struct kaspa_gen *gen;
    const char *corpus;
};

static enum assay_code add(struct source *source, const json_t *in, bool is_right)
{
    json_t *copy = json_deep_copy(in);

    return json_array_append_new(is_right ? source->right : source->others, copy) == 0
               ? ASSAY_OK
               : ASSAY_E_NOMEM;
}

/* ---- known answers ---- */

static size_t size_of(const json_t *in)
{
    return json_dumpb(in, NULL, 0, JSON_COMPACT);
}

static bool is_small(const json_t *in)
{
    return size_of(in) <= ADAPTER_INPUT_MAX_BYTES;
}

static enum assay_code add_cases(struct source *source, const json_t *cases)
{
    enum assay_code rc = ASSAY_OK;
    const json_t *one;
    size_t i;

    json_array_foreach ((json_t *)(uintptr_t)cases, i, one) {
        json_t *in = vectors_expanded(json_object_get(one, "in"));

        if (rc == ASSAY_OK && json_is_object(in) && is_small(in))
            rc = add(source, in, json_object_get(one, "ok") != NULL);
        json_decref(in);
    }
    return rc;
}

/* In the documents of all operations. */
static const json_t *cases_of(const json_t *documents, const char *operation)
{
    const char *path;
    json_t *document;

    json_object_foreach ((json_t *)(uintptr_t)documents, path, document)
        if (strcmp(json_string_value(json_object_get(document, "operation")), operation) == 0)
            return json_object_get(document, "cases");
    return NULL;
}

static const struct kaspa_gen_operation *generated(const char *operation)
{
    const struct kaspa_gen_operation *made;
    size_t i = 0;

    while ((made = kaspa_gen_operation_at(i)) != NULL && strcmp(made->name, operation) != 0)
        i++;
    return made;
}

/* All of them are made at once, since each of a table costs the whole table; but for few. */
static enum assay_code add_known_of(struct source *source, struct assay_err *err)
{
    struct assay_err own = {0};
    json_t *cases = NULL;
    enum assay_code rc = vectors_of(&cases, source->operation->name, &own);

    if (rc == ASSAY_OK)
        rc = add_cases(source, cases);
    json_decref(cases);
    if (rc == ASSAY_OK || rc == ASSAY_E_UNKNOWN)
        return ASSAY_OK;
    return assay_fail(err, rc, 0, "%s", own.text);
}

static enum assay_code add_known(struct adapter_inputs *inputs, struct assay_err *err)
{
    json_t *documents = NULL;
    enum assay_code rc = ASSAY_OK;

    if (inputs->count <= FEW) {
        for (size_t i = 0; i < inputs->count && rc == ASSAY_OK; i++)
            rc = add_known_of(&inputs->sources[i], err);
        return rc;
    }
    rc = vectors_all(&documents, err);

    for (size_t i = 0; i < inputs->count && rc == ASSAY_OK; i++) {
        struct source *source = &inputs->sources[i];

        if (add_cases(source, cases_of(documents, source->operation->name)) != ASSAY_OK)
            rc = assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    }
    json_decref(documents);
    return rc;
}

/* ---- the folder ---- */

static struct source *source_of(struct adapter_inputs *inputs, const char *operation)
{
    for (size_t i = 0; operation != NULL && i < inputs->count; i++)
        if (strcmp(inputs->sources[i].operation->name, operation) == 0)
            return &inputs->sources[i];
    return NULL;
}

static bool is_accepted(const struct operation *operation, const json_t *in)
{
    struct assay_err err = {0};
    json_t *result = NULL;
    bool is_right = operation_run(operation, in, &result, &err) == OPERATION_OK;

    json_decref(result);
    return is_right;
}

static enum assay_code take_file(struct adapter_inputs *inputs, const char *name,
                                 const json_t *file, struct assay_err *err)
{
    const char *operation = json_string_value(json_object_get(file, "operation"));
    const json_t *in = json_object_get(file, "in");
    struct source *source = source_of(inputs, operation);

    if (operation == NULL || !json_is_object(in))
        return assay_fail(err, ASSAY_E_MALFORMED, 0,
                          "%s/%s: expected an object with a text \"operation\" and an object "
                          "\"in\"; remove it",
                          inputs->corpus, name);
    if (source == NULL)
        return ASSAY_OK;
    inputs->kept_count++;
    inputs->kept_bytes += size_of(in);
    return add(source, in, is_accepted(source->operation, in)) == ASSAY_OK
               ? ASSAY_OK
               : assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
}

static enum assay_code read_one(struct adapter_inputs *inputs, const char *name,
                                struct assay_err *err)
{
    struct assay_buf path = ASSAY_BUF_INIT(PATH_BYTES);
    struct assay_buf content = ASSAY_BUF_INIT(2 * ADAPTER_INPUT_MAX_BYTES);
    json_t *file = NULL;
    enum assay_code rc;

    assay_buf_printf(&path, "%s/%s", inputs->corpus, name);
    rc = assay_buf_cstr(&path) == NULL
             ? assay_fail(err, path.bad, 0, "%s: %s", inputs->corpus, assay_code_text(path.bad))
             : assay_file_read(&content, assay_buf_cstr(&path), err);
    if (rc == ASSAY_OK && content.len > 0) { /* empty: a loss of power */
        file = json_loadb((const char *)assay_buf_view(&content).at, content.len,
                          JSON_REJECT_DUPLICATES, NULL);
        rc = take_file(inputs, name, file, err);
    }
    json_decref(file);
    assay_buf_fini(&content);
    assay_buf_fini(&path);
    return rc;
}

static int is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && strlen(entry->d_name) == INPUT_NAME_BYTES - 1;
}

static bool is_full(const struct adapter_inputs *inputs)
{
    return inputs->kept_count >= ADAPTER_KEPT_MAX || inputs->kept_bytes >= ADAPTER_KEPT_MAX_BYTES;
}

/* By name, so that the same folder gives the same run. */
static enum assay_code add_kept(struct adapter_inputs *inputs, struct assay_err *err)
{
    enum assay_code rc = assay_folder_make(inputs->corpus, err);
    struct dirent **names = NULL;
    int count;

    if (rc != ASSAY_OK)
        return rc;
    count = scandir(inputs->corpus, &names, is_input, alphasort);
    for (int i = 0; i < count; i++) {
        if (rc == ASSAY_OK && !is_full(inputs))
            rc = read_one(inputs, names[i]->d_name, err);
        free(names[i]);
    }
    free(names);
    return rc;
}

/* ---- for callers ---- */

enum assay_code adapter_inputs_open(struct adapter_inputs **out,
                                    const struct operation *const *operations, size_t count,
                                    const char *corpus, struct assay_err *err)
{
    struct adapter_inputs *inputs = assay_alloc(sizeof(*inputs));
    struct source *sources = assay_alloc((count + 1) * sizeof(*sources));
    enum assay_code rc = ASSAY_OK;

    if (inputs == NULL || sources == NULL) {
        assay_free(inputs);
        assay_free(sources);
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    }
    *inputs = (struct adapter_inputs){.sources = sources, .count = count, .corpus = corpus};
    for (size_t i = 0; i < count; i++) {
        sources[i] = (struct source){.operation = operations[i],
                                     .generated = generated(operations[i]->name),
                                     .right = json_array(),
                                     .others = json_array()};
        if (sources[i].right == NULL || sources[i].others == NULL)
            rc = ASSAY_E_NOMEM;
    }
    if (rc != ASSAY_OK || kaspa_gen_new(&inputs->gen) != ASSAY_OK)
        rc = assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    if (rc == ASSAY_OK)
        rc = add_known(inputs, err);
    if (rc == ASSAY_OK && corpus != NULL)
        rc = add_kept(inputs, err);
    if (rc != ASSAY_OK) {
        adapter_inputs_free(inputs);
        return rc;
    }
    *out = inputs;
    return ASSAY_OK;
}

void adapter_inputs_free(struct adapter_inputs *inputs)
{
    if (inputs == NULL)
        return;
    for (size_t i = 0; i < inputs->count; i++) {
        json_decref(inputs->sources[i].right);
        json_decref(inputs->sources[i].others);
    }
    kaspa_gen_free(inputs->gen);
    assay_free(inputs->sources);
    assay_free(inputs);
}

size_t adapter_inputs_count(const struct adapter_inputs *inputs, size_t operation)
{
    const struct source *source = &inputs->sources[operation];

    return json_array_size(source->right) + json_array_size(source->others);
}

bool adapter_inputs_any(const struct adapter_inputs *inputs, size_t operation)
{
    return inputs->sources[operation].generated != NULL ||
           adapter_inputs_count(inputs, operation) > 0;
}

/* One that is there already, mostly one that is accepted: of these one change makes something that
 * nearly is. */
static const json_t *any_input(const struct source *source, struct fuzz_dice *dice)
{
    size_t right = json_array_size(source->right), others = json_array_size(source->others);

    if (right > 0 && (others == 0 || !fuzz_roll_once_in(dice, 4)))
        return json_array_get(source->right, fuzz_roll_below(dice, right));
    return others > 0 ? json_array_get(source->others, fuzz_roll_below(dice, others)) : NULL;
}

/* Mostly one change, at times none or several. */
static json_t *changed(const struct source *source, json_t *in, struct fuzz_dice *dice)
{
    size_t changes = fuzz_roll_once_in(dice, 16)  ? 0
                     : fuzz_roll_once_in(dice, 4) ? 1 + fuzz_roll_below(dice, CHANGES_MAX)
                                                  : 1;

    if (!is_small(in))
        return in;
    for (size_t i = 0, throws = 0; i < changes && throws < THROWS; throws++) {
        json_t *next = adapter_mutate(in, any_input(source, dice), dice);

        if (next == NULL)
            continue;
        json_decref(in);
        in = next;
        i++;
    }
    return in;
}

json_t *adapter_inputs_make(const struct adapter_inputs *inputs, size_t operation, uint64_t seed,
                            uint64_t number)
{
    const struct source *source = &inputs->sources[operation];
    struct fuzz_dice dice;
    json_t *in;

    fuzz_dice_init(&dice, seed);
    fuzz_dice_init(&dice, fuzz_roll(&dice) ^ number);
    fuzz_dice_init(&dice, fuzz_roll(&dice));
    if (source->generated != NULL &&
        (adapter_inputs_count(inputs, operation) == 0 || fuzz_roll_once_in(&dice, 2))) {
        in = kaspa_gen_case(inputs->gen, source->generated, seed, number);
        if (in == NULL || fuzz_roll_once_in(&dice, 3))
            return in;
    } else {
        in = json_deep_copy(any_input(source, &dice));
    }
    return in != NULL ? changed(source, in, &dice) : NULL;
}

enum assay_code adapter_inputs_keep(struct adapter_inputs *inputs, size_t operation,
                                    const json_t *in, bool is_right, struct assay_err *err)
{
    struct source *source = &inputs->sources[operation];
    json_t *file;
    char *text;
    uint64_t added = 0;
    enum assay_code rc = ASSAY_OK;

    if (is_full(inputs) || !is_small(in))
        return ASSAY_OK;
    if (add(source, in, is_right) != ASSAY_OK)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    inputs->kept_count++;
    inputs->kept_bytes += size_of(in);
    if (inputs->corpus == NULL)
        return ASSAY_OK;
    file = json_pack("{s:s, s:O}", "operation", source->operation->name, "in", in);
    text = json_dumps(file, JSON_COMPACT);
    rc = text != NULL ? inputs_add(&added, inputs->corpus, assay_str(text), err)
                      : assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    free(text);
    json_decref(file);
    return rc;
}
