/* Lines of a run's record: an event that is taken is written and read back equal; what a file of
 * them is folded into has the shape of run.json; and taken apart again, event by event, it folds
 * into the same. Source: record/FORMAT.md. */
#include "fuzz.h"

#include "fuzz/lib/json_mutate.h"
#include "record/fold.h"
#include "record/record.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    struct fuzz_dice dice;
    size_t from, to;

    /* a document is one line of many, and lines come and go */
    fuzz_dice_init(&dice, seed);
    if (size == 0 || size > max_size || fuzz_roll_once_in(&dice, 16))
        return LLVMFuzzerMutate(data, size, max_size);
    from = fuzz_roll_below(&dice, size);
    while (from > 0 && data[from - 1] != '\n')
        from--;
    to = assay_bytes_find(assay_bytes_of(data, size), '\n', from);
    return fuzz_json_mutate_part(data, size, max_size, from, to, seed);
}

static json_t *parse(struct assay_bytes text)
{
    return json_loadb((const char *)text.at, text.len, JSON_REJECT_DUPLICATES, NULL);
}

/* Written as the record writes it. */
static void check_written(const json_t *event, enum shape_event_kind kind)
{
    char *text = json_dumps(event, JSON_COMPACT | JSON_ENCODE_ANY);
    enum shape_event_kind same = EVENT__COUNT;
    json_t *again;

    FUZZ_CHECK(text != NULL);
    again = parse(assay_str(text));
    FUZZ_CHECK(json_equal(again, event));
    FUZZ_CHECK(shape_check_event(&same, again, NULL) == ASSAY_OK && same == kind);
    json_decref(again);
    free(text);
}

/* Adds a line to a document; a failure leaves it as it was. */
static void fold_line(json_t *document, struct assay_bytes line)
{
    enum shape_event_kind kind = EVENT__COUNT;
    json_t *event = parse(line), *before = json_deep_copy(document);
    struct assay_err err = {0};
    enum assay_code rc = shape_check_event(&kind, event, &err);

    FUZZ_CHECK(rc == err.code && (rc == ASSAY_OK) == (kind != EVENT__COUNT));
    FUZZ_CHECK(rc == ASSAY_OK || err.text[0] != '\0');
    if (rc == ASSAY_OK) {
        check_written(event, kind);
        rc = fold_add(document, kind, event, &err);
        FUZZ_CHECK(rc == err.code && rc != ASSAY_E_NOMEM);
        FUZZ_CHECK(rc != ASSAY_OK || json_object_get(before, "outcome") == NULL);
        FUZZ_CHECK((rc == ASSAY_OK) != json_equal(document, before));
    }
    json_decref(event);
    json_decref(before);
}

/* ---- taken apart ---- */

/* Folds a copy of a value under its event's name. */
static void fold_value(json_t *document, enum shape_event_kind kind, const json_t *value)
{
    enum shape_event_kind same = EVENT__COUNT;
    json_t *event = json_deep_copy(value);

    FUZZ_CHECK(json_object_set_new(event, "event", json_string(shape_events[kind].name)) == 0);
    FUZZ_CHECK(shape_check_event(&same, event, NULL) == ASSAY_OK && same == kind);
    FUZZ_CHECK(fold_add(document, kind, event, NULL) == ASSAY_OK);
    json_decref(event);
}

/* The members of a document that are no event's. */
static json_t *own_members(const json_t *document)
{
    json_t *own = json_copy((json_t *)(uintptr_t)document);

    for (size_t kind = 0; kind < EVENT__COUNT; kind++)
        if (shape_events[kind].member != NULL)
            (void)json_object_del(own, shape_events[kind].member);
    return own;
}

static void check_apart(const json_t *document)
{
    json_t *again = fold_begin(), *own = own_members(document);

    for (size_t kind = 0; kind < EVENT__COUNT; kind++) {
        const struct shape_event *rule = &shape_events[kind];
        const json_t *member = rule->member != NULL ? json_object_get(document, rule->member) : own;

        if (!rule->repeats && member != NULL)
            fold_value(again, (enum shape_event_kind)kind, member);
        for (size_t i = 0; rule->repeats && i < json_array_size(member); i++)
            fold_value(again, (enum shape_event_kind)kind, json_array_get(member, i));
    }
    FUZZ_CHECK(json_equal(document, again));
    json_decref(again);
    json_decref(own);
}

static void check_document(const json_t *document)
{
    struct assay_buf cases = ASSAY_BUF_INIT(1 << 24), twice = ASSAY_BUF_INIT(1 << 24);
    struct assay_err err = {0};

    FUZZ_CHECK(shape_check(&shape_document, document, &err) == ASSAY_OK);
    if (shape_check_sense(document, &err) == ASSAY_OK) {
        FUZZ_CHECK(record_projection(&cases, document, NULL) == ASSAY_OK);
        FUZZ_CHECK(record_projection(&twice, document, NULL) == ASSAY_OK);
        FUZZ_CHECK(assay_bytes_equal(assay_buf_view(&cases), assay_buf_view(&twice)));
    }
    check_apart(document);
    assay_buf_fini(&cases);
    assay_buf_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_bytes text = assay_bytes_of(data, size);
    json_t *document = fold_begin();
    struct assay_err err = {0};

    for (size_t from = 0, to; from < size; from = to + 1) {
        to = assay_bytes_find(text, '\n', from);
        fold_line(document, assay_bytes_part(text, from, to));
    }
    if (fold_finish(document, &err) == ASSAY_OK)
        check_document(document);
    else
        FUZZ_CHECK(err.code == ASSAY_E_MISSING);
    json_decref(document);
    return 0;
}
