/* Questions to a library under test; see library.h. */
#include "peer/library/library.h"

#include "base/utf8.h"
#include "vectors/vectors.h"

#include <stdlib.h>

enum { SHOWN_BYTES = 300 };

/* ---- questions ---- */

static void saw(struct assay_case *t, const char *operation, const char *what, const char *label,
                const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    case_saw_role(t, "library", 0, case_printf(t, "%s %s: %s", what, operation, label),
                  assay_str(text));
    free(text);
}

/* Printable, and cut. */
static const char *shown(struct assay_case *t, struct assay_bytes text)
{
    struct assay_buf out = ASSAY_BUF_INIT(8 * SHOWN_BYTES);
    const char *words;

    assay_utf8_add_printable(&out, assay_bytes_part(text, 0, SHOWN_BYTES));
    words = case_printf(t, "%s%s", assay_buf_cstr(&out), text.len > SHOWN_BYTES ? "…" : "");
    assay_buf_fini(&out);
    return words;
}

static const char *shown_json(struct assay_case *t, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *words = shown(t, assay_str(text));

    free(text);
    return words;
}

static void free_answer(void *answer)
{
    adapter_answer_fini(answer);
}

/* Room for answers of a case, one after the other. */
static struct adapter_answer *room_for_answers(struct assay_case *t)
{
    struct adapter_answer *room = case_alloc(t, sizeof(*room));

    *room = (struct adapter_answer){.value = NULL};
    case_defer(t, free_answer, room);
    return room;
}

/* In place of the answer that was there. */
static void ask(struct assay_case *t, struct adapter_answer *answer, const char *operation,
                const json_t *in, const char *label)
{
    struct adapter *adapter = instance_adapter(case_instance(t));
    struct assay_err err = {0};
    uint64_t id;

    if (adapter == NULL)
        case_end(t, VERDICT_BROKEN, "the target is no library behind an adapter");
    saw(t, operation, "is asked", label, in);
    if (adapter_ask(adapter, &id, operation, in, &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "%s", err.text);
    adapter_answer_fini(answer);
    *answer = (struct adapter_answer){.value = NULL};
    adapter_await(adapter, id, case_patience_ms(t), answer);
    if (answer->value != NULL)
        saw(t, operation, answer->status == ADAPTER_OK ? "accepts" : "does not accept", label,
            answer->value);
}

static bool is_answer(const struct adapter_answer *answer)
{
    return answer->status == ADAPTER_OK || answer->status == ADAPTER_REFUSED ||
           answer->status == ADAPTER_ERROR || answer->status == ADAPTER_UNSUPPORTED;
}

static void ask_and_judge(struct assay_case *t, struct adapter_answer *answer,
                          const char *operation, const json_t *in, const char *label)
{
    ask(t, answer, operation, in, label);
    case_judge(t, is_answer(answer), GRADE_OBSERVED,
               case_printf(t, "an answer to %s: %s", operation, label), "the library %s",
               is_answer(answer) ? "answers" : shown(t, assay_str(answer->text)));
}

struct library_answer library_ask(struct assay_case *t, const char *operation, json_t *in,
                                  const char *label)
{
    struct adapter_answer *answer = room_for_answers(t);

    ask_and_judge(t, answer, operation, in, label);
    json_decref(in);
    if (answer->status == ADAPTER_UNSUPPORTED)
        case_end(t, VERDICT_UNSUPPORTED, "the library does not have %s: %s", operation,
                 shown(t, assay_str(answer->text)));
    return (struct library_answer){
        .is_accepted = answer->status == ADAPTER_OK,
        .value = answer->value,
        .words = shown(t, assay_str(answer->text)),
    };
}

/* ---- known answers ---- */

/* Borrowed of `kept`. */
static const json_t *cases_of(struct assay_case *t, json_t *kept, const char *operation)
{
    struct assay_err err = {0};
    json_t *cases = json_object_get(kept, operation);

    if (cases != NULL)
        return cases;
    if (vectors_of(&cases, operation, &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the known answers of %s cannot be made: %s", operation,
                 err.text);
    json_object_set_new(kept, operation, cases);
    return cases;
}

/* A member that only one of the two has says nothing. "": none differs. */
static const char *differing_member(const json_t *known, const json_t *answer)
{
    const char *name;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)known, name, value) {
        const json_t *other = json_object_get(answer, name);

        if (other != NULL && strcmp(name, "checks") != 0 && !json_equal(value, other))
            return name;
    }
    return "";
}

static void judge_accepted(struct assay_case *t, const char *what, const json_t *known,
                           const struct adapter_answer *answer)
{
    const char *member;

    case_judge(t, answer->status == ADAPTER_OK, GRADE_OBSERVED,
               case_printf(t, "%s is accepted", what), "the library %s",
               answer->status == ADAPTER_OK
                   ? "accepts"
                   : case_printf(t, "does not accept it: %s", shown(t, assay_str(answer->text))));
    member = differing_member(known, answer->value);
    case_judge(
        t, member[0] == '\0', GRADE_OBSERVED, case_printf(t, "%s has the known result", what), "%s",
        member[0] == '\0' ? "it has"
                          : case_printf(t, "%s is %s, and known to be %s", member,
                                        shown_json(t, json_object_get(answer->value, member)),
                                        shown_json(t, json_object_get(known, member))));
}

static void judge_refused(struct assay_case *t, const char *what, const char *sentence,
                          const struct adapter_answer *answer)
{
    case_judge(t, answer->status != ADAPTER_OK, GRADE_OBSERVED,
               case_printf(t, "%s is not accepted (%s)", what, sentence), "the library %s",
               answer->status == ADAPTER_OK
                   ? case_printf(t, "accepts it: %s", shown_json(t, answer->value))
                   : "does not");
}

/* False: the library does not have the operation, or does not know what it is asked about. */
static bool judge_case(struct assay_case *t, struct adapter_answer *answer, const char *operation,
                       const json_t *one, const char *sentence)
{
    const char *name = json_string_value(json_object_get(one, "name"));
    const char *what = case_printf(t, "%s of \"%s\"", operation, name);
    const json_t *known = json_object_get(one, "ok");
    json_t *in = vectors_expanded(json_object_get(one, "in"));

    ask_and_judge(t, answer, operation, in, name);
    json_decref(in);
    if (answer->status == ADAPTER_UNSUPPORTED)
        return false;
    if (known != NULL)
        judge_accepted(t, what, known, answer);
    else
        judge_refused(t, what, sentence, answer);
    return true;
}

static bool is_about(const json_t *one, const char *rule)
{
    const char *about = json_string_value(json_object_get(one, "about"));

    return about != NULL && strcmp(about, rule) == 0;
}

_Noreturn static void end_without(struct assay_case *t, const char *const *operations)
{
    const char *names = operations[0];

    for (size_t i = 1; operations[i] != NULL; i++)
        names = case_printf(t, "%s, %s", names, operations[i]);
    case_end(t, VERDICT_UNSUPPORTED, "the library has none of the operations that can show it: %s",
             names);
}

void(expect_known_answers)(struct assay_case *t, json_t *kept, const char *const *operations,
                           const char *rule)
{
    const struct profile *profile = scenario_profile(case_scenario(t));
    const struct profile_rule *known = profile_rule_find(profile, rule);
    struct adapter_answer *answer = room_for_answers(t);
    bool any = false;

    for (size_t i = 0; operations[i] != NULL; i++) {
        const json_t *cases = cases_of(t, kept, operations[i]), *one;
        size_t k;

        json_array_foreach ((json_t *)(uintptr_t)cases, k, one)
            if (is_about(one, rule))
                any = judge_case(t, answer, operations[i], one,
                                 known != NULL ? known->sentence : rule) ||
                      any;
    }
    if (!any)
        end_without(t, operations);
}

void(expect_some_answer)(struct assay_case *t, json_t *kept, const char *const *operations)
{
    struct adapter_answer *answer = room_for_answers(t);
    bool any = false;

    for (size_t i = 0; operations[i] != NULL; i++) {
        const json_t *cases = cases_of(t, kept, operations[i]), *one;
        bool has = false;

        for (size_t k = 0; !has && (one = json_array_get(cases, k)) != NULL; k++)
            has =
                json_object_get(one, "ok") != NULL && judge_case(t, answer, operations[i], one, "");
        any = any || has;
    }
    if (!any)
        end_without(t, operations);
}
