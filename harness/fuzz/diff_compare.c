/* Whether two answers agree; see diff_compare.h. */
#include "fuzz/diff_compare.h"

#include "kaspa/errors.h"

#include <stdio.h>

/* Whether the parts that the adapter read, written again, are another text than it was given. */
static bool is_another_spelling(const json_t *in, const json_t *theirs)
{
    json_t *parts = json_pack("{s:O, s:O, s:O}", "prefix", json_object_get(theirs, "prefix"),
                              "version", json_object_get(theirs, "version"), "payload",
                              json_object_get(theirs, "payload"));
    json_t *result = NULL;
    struct assay_err err = {0};
    bool is_other =
        operation_find("kaspa.address.encode")->run(parts, &result, &err) == OPERATION_OK &&
        !json_equal(json_object_get(result, "address"), json_object_get(in, "address"));

    json_decref(parts);
    json_decref(result);
    return is_other;
}

/* Differences that are meant: what the reference refuses by the rule, what the adapter says then,
 * and what must hold of that. */
static const struct {
    const char *operation, *rule, *theirs, *why;
    bool (*holds)(const json_t *in, const json_t *theirs);
} explained[] = {
    {"kaspa.address.decode", "NotCanonical", "ok",
     "the node passes over what follows the data of an address; the reference takes one spelling",
     is_another_spelling},
};

static const char *const status_names[] = {
    [ADAPTER_OK] = "ok",
    [ADAPTER_REFUSED] = "refused",
    [ADAPTER_UNSUPPORTED] = "unsupported",
    [ADAPTER_ERROR] = "error",
    [ADAPTER_CRASHED] = "crashed",
    [ADAPTER_HUNG] = "hung",
    [ADAPTER_OVERSIZED] = "oversized",
    [ADAPTER_GARBLED] = "garbled",
};

/* ---- the reference ---- */

void diff_answer_make(struct diff_answer *out, const struct operation *operation, const json_t *in)
{
    *out = (struct diff_answer){.result = NULL};
    out->answer = operation->run(in, &out->result, &out->err);
}

enum assay_code diff_ask(struct adapter *adapter, const char *operation, const json_t *in,
                         int deadline_ms, struct adapter_answer *theirs, struct assay_err *err)
{
    uint64_t id;
    enum assay_code rc = adapter_ask(adapter, &id, operation, in, err);

    *theirs = (struct adapter_answer){.status = ADAPTER_ERROR};
    if (rc == ASSAY_OK)
        adapter_await(adapter, id, deadline_ms, theirs);
    return rc;
}

void diff_answer_fini(struct diff_answer *answer)
{
    json_decref(answer->result);
    answer->result = NULL;
}

/* Of a refusal: a text, or the rule of an object. */
static const char *rule_of(const json_t *refusal)
{
    const char *rule =
        json_string_value(json_is_string(refusal) ? refusal : json_object_get(refusal, "rule"));

    return rule != NULL ? rule : "";
}

const char *diff_answer_name(const struct diff_answer *answer)
{
    switch (answer->answer) {
    case OPERATION_OK:
        return "ok";
    case OPERATION_REFUSED:
        return rule_of(answer->result);
    case OPERATION_UNSUPPORTED:
        return "unsupported";
    case OPERATION_ERROR:
        break;
    }
    return "error";
}

const char *diff_theirs_name(const struct adapter_answer *theirs)
{
    return theirs->status == ADAPTER_REFUSED ? rule_of(theirs->value)
                                             : status_names[theirs->status];
}

/* ---- the two ---- */

static enum diff_verdict disagree(char *what, const struct diff_answer *ours,
                                  const struct adapter_answer *theirs, const char *member)
{
    (void)snprintf(what, DIFF_WHAT_MAX_BYTES, "the reference says %.80s, the adapter %.80s%s%.60s",
                   diff_answer_name(ours), diff_theirs_name(theirs), member != NULL ? ": " : "",
                   member != NULL ? member : "");
    return DIFF_DISAGREED;
}

/* The first member of both that differs; or NULL. `compared` counts those of both. What the adapter
 * leaves out is its own business. */
static const char *common_difference(const json_t *ours, const json_t *theirs, size_t *compared)
{
    const char *name;
    json_t *value;

    *compared = 0;
    json_object_foreach ((json_t *)(uintptr_t)ours, name, value) {
        json_t *other = json_object_get(theirs, name);

        if (other != NULL && !json_equal(value, other))
            return name;
        *compared += other != NULL ? 1 : 0;
    }
    return NULL;
}

/* Or else one of theirs that the reference lacks, which leaves out nothing. */
static const char *any_difference(const json_t *ours, const json_t *theirs, size_t *compared)
{
    const char *name = common_difference(ours, theirs, compared);
    json_t *value;

    if (name != NULL)
        return name;
    json_object_foreach ((json_t *)(uintptr_t)theirs, name, value) {
        if (json_object_get(ours, name) == NULL)
            return name;
    }
    return NULL;
}

static enum diff_verdict
compare_results(char *what, const struct diff_answer *ours, const struct adapter_answer *theirs,
                const char *(*difference)(const json_t *, const json_t *, size_t *))
{
    size_t compared;
    const char *member = difference(ours->result, theirs->value, &compared);

    if (member == NULL && compared == 0 && json_object_size(ours->result) > 0)
        member = "no member in common";
    return member == NULL ? DIFF_OK : disagree(what, ours, theirs, member);
}

static enum diff_verdict compare_refusals(char *what, const struct diff_answer *ours,
                                          const struct adapter_answer *theirs)
{
    static const char units[] = "usedUnits";
    const json_t *one = json_object_get(ours->result, units);
    const json_t *other = json_object_get(theirs->value, units);

    if (strcmp(rule_of(ours->result), rule_of(theirs->value)) != 0)
        return disagree(what, ours, theirs, NULL);
    if (one != NULL && other != NULL && !json_equal(one, other))
        return disagree(what, ours, theirs, units);
    return DIFF_REFUSED;
}

static bool is_explained(char *what, const char *operation, const json_t *in,
                         const struct diff_answer *ours, const struct adapter_answer *theirs)
{
    for (size_t i = 0; i < ARRAY_LEN(explained); i++)
        if (strcmp(operation, explained[i].operation) == 0 &&
            strcmp(diff_answer_name(ours), explained[i].rule) == 0 &&
            strcmp(diff_theirs_name(theirs), explained[i].theirs) == 0 &&
            explained[i].holds(in, theirs->value)) {
            (void)snprintf(what, DIFF_WHAT_MAX_BYTES, "%s", explained[i].why);
            return true;
        }
    return false;
}

/* Whether the adapter says that nobody can decide the script without a proof or a node, in the
 * words that the reference has for it: then the reference may not say "ok". */
static bool is_undecidable(const struct adapter_answer *theirs)
{
    const char *reason = json_string_value(theirs->value);

    for (int why = KASPA_DECIDED + 1; reason != NULL && why < KASPA_UNDECIDED__COUNT; why++)
        if (strcmp(reason, kaspa_undecided_name((enum kaspa_undecided)why)) == 0)
            return true;
    return false;
}

enum diff_verdict diff_compare(char *what, const char *operation, const json_t *in,
                               const struct diff_answer *ours, const struct adapter_answer *theirs)
{
    what[0] = '\0';
    if (theirs->status == ADAPTER_UNSUPPORTED && ours->answer == OPERATION_UNSUPPORTED)
        return DIFF_UNDECIDED;
    if (theirs->status == ADAPTER_UNSUPPORTED && ours->answer == OPERATION_OK &&
        is_undecidable(theirs))
        return disagree(what, ours, theirs, NULL);
    if (theirs->status == ADAPTER_UNSUPPORTED && ours->answer != OPERATION_ERROR)
        return DIFF_UNSUPPORTED;
    if (theirs->status == ADAPTER_OK && ours->answer == OPERATION_OK)
        return compare_results(what, ours, theirs, any_difference);
    if (theirs->status == ADAPTER_REFUSED && ours->answer == OPERATION_REFUSED)
        return compare_refusals(what, ours, theirs);
    return is_explained(what, operation, in, ours, theirs) ? DIFF_EXPLAINED
                                                           : disagree(what, ours, theirs, NULL);
}

enum diff_verdict diff_compare_accepted(char *what, const char *operation, const json_t *in,
                                        const struct diff_answer *ours,
                                        const struct adapter_answer *theirs)
{
    bool is_ours = ours->answer == OPERATION_OK, is_theirs = theirs->status == ADAPTER_OK;

    what[0] = '\0';
    /* Whether a member that is not of the operation is passed over is for the adapter to say. */
    if (is_theirs && ours->answer == OPERATION_ERROR && ours->err.code == ASSAY_E_UNKNOWN)
        return DIFF_UNSUPPORTED;
    if (ours->answer == OPERATION_UNSUPPORTED || theirs->status == ADAPTER_UNSUPPORTED)
        return ours->answer == OPERATION_UNSUPPORTED && theirs->status == ADAPTER_UNSUPPORTED
                   ? DIFF_UNDECIDED
                   : DIFF_UNSUPPORTED;
    if (is_ours && is_theirs)
        return compare_results(what, ours, theirs, common_difference);
    if (!is_ours && (theirs->status == ADAPTER_REFUSED || theirs->status == ADAPTER_ERROR))
        return DIFF_REFUSED;
    return is_explained(what, operation, in, ours, theirs) ? DIFF_EXPLAINED
                                                           : disagree(what, ours, theirs, NULL);
}

/* ---- as JSON ---- */

json_t *diff_ours_json(const struct diff_answer *ours)
{
    switch (ours->answer) {
    case OPERATION_OK:
        return json_pack("{s:O}", "ok", ours->result);
    case OPERATION_REFUSED:
        return json_pack("{s:O}", "refused", ours->result);
    case OPERATION_UNSUPPORTED:
        return json_pack("{s:O*}", "unsupported", json_object_get(ours->result, "reason"));
    case OPERATION_ERROR:
        break;
    }
    return json_pack("{s:o}", "error", operation_words(ours->err.text));
}

json_t *diff_theirs_json(const struct adapter_answer *theirs)
{
    const char *name = status_names[theirs->status];

    return theirs->value != NULL ? json_pack("{s:O}", name, theirs->value)
                                 : json_pack("{s:s}", name, theirs->text);
}
