/* What two answers come to; see adapter_judge.h. */
#include "fuzz/adapter_judge.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHAPE_DEPTH_MAX = 6, SHAPE_MEMBERS_MAX = 64, WORD_MAX_BYTES = 32 };

static const char *const names[] = {"none",
#define X(ident, name, expected) name,
                                    ADAPTER_FAULTS(X)
#undef X
};
static const char *const expected[] = {"",
#define X(ident, name, expected) expected,
                                       ADAPTER_FAULTS(X)
#undef X
};

const char *adapter_fault_name(enum adapter_fault fault)
{
    return fault < ADAPTER_FAULT__COUNT ? names[fault] : "?";
}

const char *adapter_fault_expected(enum adapter_fault fault)
{
    return fault < ADAPTER_FAULT__COUNT ? expected[fault] : "?";
}

void adapter_exchange_fini(struct adapter_exchange *x)
{
    diff_answer_fini(&x->ours);
    adapter_answer_fini(&x->theirs);
    adapter_answer_fini(&x->again);
}

/* ---- words ---- */

/* Appends words of the adapter without what varies from one input to the next: a word that is long
 * or has a digit, a quote or anything but ASCII letters and marks becomes "#". */
static void add_words(char *out, size_t room, const char *text)
{
    size_t len = strlen(out);

    while (*text != '\0' && len + 2 < room) {
        size_t word = strcspn(text, " "), plain = 0;

        while (plain < word &&
               (isalpha((unsigned char)text[plain]) || strchr("._-:,;/()", text[plain]) != NULL))
            plain++;
        if (plain < word || word > WORD_MAX_BYTES || len + word + 2 > room) {
            out[len++] = '#';
        } else {
            memcpy(out + len, text, word);
            len += word;
        }
        text += word;
        if (*text == ' ' && len + 2 < room) {
            out[len++] = ' ';
            text++;
        }
    }
    out[len] = '\0';
}

static void say_ours(struct adapter_judgement *out, const struct diff_answer *ours)
{
    if (ours->answer == OPERATION_ERROR)
        (void)snprintf(out->rule, sizeof(out->rule), "error-%s", assay_code_name(ours->err.code));
    else
        (void)snprintf(out->rule, sizeof(out->rule), "%s", diff_answer_name(ours));
}

/* How it ended, without the quote of what it said last. */
static void say_end(struct adapter_judgement *out, const struct adapter_answer *theirs)
{
    const char *before = strstr(theirs->text, " before the answer");
    size_t len = before != NULL ? (size_t)(before - theirs->text) : strlen(theirs->text);

    (void)snprintf(out->said, sizeof(out->said), "%.*s", len < 48 ? (int)len : 48, theirs->text);
}

static void say_theirs(struct adapter_judgement *out, const struct adapter_answer *theirs)
{
    const char *rule;

    switch (theirs->status) {
    case ADAPTER_CRASHED:
        say_end(out, theirs);
        return;
    case ADAPTER_REFUSED:
        rule = diff_theirs_name(theirs);
        (void)snprintf(out->said, sizeof(out->said), "refused: ");
        add_words(out->said, sizeof(out->said), rule[0] != '\0' ? rule : theirs->text);
        return;
    case ADAPTER_ERROR:
        (void)snprintf(out->said, sizeof(out->said), "error: ");
        add_words(out->said, sizeof(out->said), theirs->text);
        return;
    case ADAPTER_OK:
    case ADAPTER_UNSUPPORTED:
    case ADAPTER_HUNG:
    case ADAPTER_OVERSIZED:
    case ADAPTER_GARBLED:
        (void)snprintf(out->said, sizeof(out->said), "%s", diff_theirs_name(theirs));
        return;
    }
}

/* ---- faults ---- */

static enum adapter_fault fault_of(const struct adapter_answer *theirs)
{
    switch (theirs->status) {
    case ADAPTER_CRASHED:
        return ADAPTER_FAULT_CRASH;
    case ADAPTER_HUNG:
        return ADAPTER_FAULT_HANG;
    case ADAPTER_OVERSIZED:
    case ADAPTER_GARBLED:
        return ADAPTER_FAULT_PROTOCOL;
    case ADAPTER_OK:
    case ADAPTER_REFUSED:
    case ADAPTER_UNSUPPORTED:
    case ADAPTER_ERROR:
        break;
    }
    return ADAPTER_FINE;
}

static bool is_known(const struct adapter_rules *rules, const char *rule)
{
    for (size_t i = 0; rules->known != NULL && rules->known[i] != NULL; i++)
        if (strcmp(rules->known[i], rule) == 0)
            return true;
    return false;
}

static void compare(struct adapter_judgement *out, const struct adapter_exchange *x,
                    const json_t *in, const struct adapter_rules *rules)
{
    char what[DIFF_WHAT_MAX_BYTES];
    const char *member;

    out->verdict = rules->strict
                       ? diff_compare(what, x->operation->name, in, &x->ours, &x->theirs)
                       : diff_compare_accepted(what, x->operation->name, in, &x->ours, &x->theirs);
    /* Errors of both are of inputs that are none: they agree, however strictly. */
    if (x->ours.answer == OPERATION_ERROR && x->theirs.status == ADAPTER_ERROR)
        out->verdict = DIFF_REFUSED;
    if (out->verdict != DIFF_DISAGREED)
        return;
    if (x->ours.answer == OPERATION_REFUSED && x->theirs.status == ADAPTER_OK &&
        is_known(rules, out->rule)) {
        out->verdict = DIFF_EXPLAINED;
        return;
    }
    out->fault = ADAPTER_FAULT_DIFFERENCE;
    member = strstr(what, ": ");
    if (member != NULL)
        (void)snprintf(out->member, sizeof(out->member), "%.60s", member + 2);
}

static bool is_same_answer(const struct adapter_answer *a, const struct adapter_answer *b)
{
    return a->status == b->status && (a->value == b->value || json_equal(a->value, b->value));
}

void adapter_judge(struct adapter_judgement *out, const struct adapter_exchange *x,
                   const json_t *in, const struct adapter_rules *rules)
{
    *out = (struct adapter_judgement){.fault = fault_of(&x->theirs), .verdict = DIFF_DISAGREED};
    say_ours(out, &x->ours);
    say_theirs(out, &x->theirs);
    if (out->fault != ADAPTER_FINE)
        return;
    if (x->was_repeated && !is_same_answer(&x->theirs, &x->again)) {
        out->fault = fault_of(&x->again);
        if (out->fault == ADAPTER_FAULT_CRASH) /* seen now or at the next request, by chance */
            (void)snprintf(out->said, sizeof(out->said), "ended after its answer");
        else if (out->fault != ADAPTER_FINE)
            say_theirs(out, &x->again);
        else
            out->fault = ADAPTER_FAULT_NONDETERMINISM;
        return;
    }
    compare(out, x, in, rules);
}

void adapter_judgement_key(char *key, size_t room, const struct adapter_exchange *x,
                           const struct adapter_judgement *j)
{
    /* What it says varies with the input where it does not say the same twice. */
    bool varies = j->fault == ADAPTER_FAULT_NONDETERMINISM;

    (void)snprintf(key, room, "%s %s | %s | %s | %s", x->operation->name,
                   adapter_fault_name(j->fault), varies ? "" : j->rule, varies ? "" : j->said,
                   j->member);
}

bool adapter_judgement_same(const struct adapter_judgement *a, const struct adapter_judgement *b)
{
    if (a->fault != b->fault)
        return false;
    return a->fault == ADAPTER_FAULT_NONDETERMINISM ||
           (strcmp(a->rule, b->rule) == 0 && strcmp(a->said, b->said) == 0 &&
            strcmp(a->member, b->member) == 0);
}

/* ---- classes ---- */

static json_t *shape_of(const json_t *value, unsigned depth)
{
    json_t *shape, *child;
    const char *name;

    if (json_is_object(value) && depth < SHAPE_DEPTH_MAX) {
        shape = json_object();
        json_object_foreach ((json_t *)(uintptr_t)value, name, child)
            if (json_object_size(shape) < SHAPE_MEMBERS_MAX)
                (void)json_object_set_new(shape, name, shape_of(child, depth + 1));
        return shape;
    }
    if (json_is_array(value) && depth < SHAPE_DEPTH_MAX) {
        shape = json_array();
        for (size_t i = 0; i < json_array_size(value) && i < 2; i++)
            (void)json_array_append_new(shape, shape_of(json_array_get(value, i), depth + 1));
        return shape;
    }
    if (json_is_boolean(value) || json_is_null(value))
        return json_incref((json_t *)(uintptr_t)value);
    return json_integer(json_is_string(value) ? json_string_length(value) > 0 : 2);
}

void adapter_class_add(struct assay_buf *out, const struct adapter_exchange *x,
                       const struct adapter_judgement *j)
{
    const json_t *result = x->theirs.status == ADAPTER_OK ? x->theirs.value : NULL;
    json_t *shape = result != NULL ? shape_of(result, 0) : NULL;
    char *text =
        shape != NULL ? json_dumps(shape, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) : NULL;

    assay_buf_printf(out, "%s | %s | %s | %s | %s", x->operation->name,
                     adapter_fault_name(j->fault), j->rule, j->said, text != NULL ? text : "");
    free(text);
    json_decref(shape);
}
