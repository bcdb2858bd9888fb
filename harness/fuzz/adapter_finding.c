/* Findings of adapters; see adapter_finding.h. */
#include "fuzz/adapter_finding.h"

#include "base/hash.h"
#include "base/utf8.h"
#include "fault/tree.h"
#include "fuzz/diff_reduce.h"
#include "target/adapter_line.h"

#include <stdio.h>
#include <stdlib.h>

enum { REDUCE_STEPS = 2000, REDUCE_SECONDS = 20, REDUCE_DEADLINES = 6, TRIES = 3 };
enum { SHOWN_BYTES = 400, SENTENCE_MAX_BYTES = 1 << 14 };

/* ---- asking ---- */

enum assay_code adapter_exchange_repeat(struct adapter_exchange *x, struct adapter_judgement *j,
                                        const struct adapter_asking *a, const json_t *in,
                                        struct assay_err *err)
{
    unsigned starts = adapter_starts(a->adapter);
    enum assay_code rc;

    adapter_answer_fini(&x->again);
    rc = diff_ask(a->adapter, x->operation->name, in, a->timeout_ms, &x->again, err);
    if (rc == ASSAY_OK && adapter_starts(a->adapter) != starts) { /* so it had ended meanwhile */
        adapter_answer_fini(&x->again);
        x->again.status = ADAPTER_CRASHED;
        adapter_answer_say(&x->again, "ended after its answer", assay_bytes_of(NULL, 0));
    }
    x->was_repeated = rc == ASSAY_OK;
    adapter_judge(j, x, in, &a->rules);
    return rc;
}

enum assay_code adapter_exchange_make(struct adapter_exchange *x, struct adapter_judgement *j,
                                      const struct adapter_asking *a, const json_t *in,
                                      bool repeats, struct assay_err *err)
{
    uint64_t id;
    enum assay_code rc = adapter_ask(a->adapter, &id, x->operation->name, in, err);

    if (rc != ASSAY_OK)
        return rc;
    diff_answer_make(&x->ours, x->operation, in); /* while the adapter is at it, too */
    adapter_await(a->adapter, id, a->timeout_ms, &x->theirs);
    adapter_judge(j, x, in, &a->rules);
    for (int i = 0; repeats && i < TRIES && rc == ASSAY_OK && j->fault == ADAPTER_FINE; i++)
        rc = adapter_exchange_repeat(x, j, a, in, err);
    return rc;
}

/* ---- cutting down ---- */

struct sought {
    const struct adapter_asking *asking;
    const struct operation *operation;
    const struct adapter_judgement *found;
    bool repeats;
};

static bool shows(void *context, const json_t *in)
{
    const struct sought *s = context;
    struct adapter_exchange x = {.operation = s->operation};
    struct adapter_judgement j;
    bool is_stopped = s->asking->stop != NULL && *s->asking->stop != 0;
    bool same = !is_stopped &&
                adapter_exchange_make(&x, &j, s->asking, in, s->repeats, NULL) == ASSAY_OK &&
                adapter_judgement_same(&j, s->found);

    adapter_exchange_fini(&x);
    return same;
}

static int64_t until_ns(const struct adapter_asking *a)
{
    int64_t patience = INT64_C(1000000) * a->timeout_ms * REDUCE_DEADLINES;
    int64_t most = INT64_C(1000000000) * REDUCE_SECONDS;

    int64_t until = monotonic_ns() + (patience < most ? patience : most);

    return a->until_ns > 0 && a->until_ns < until ? a->until_ns : until;
}

/* ---- describing ---- */

static void add_shown(struct assay_buf *out, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    struct assay_bytes all = assay_str(text != NULL ? text : "");

    assay_utf8_add_printable(out, assay_bytes_part(all, 0, SHOWN_BYTES));
    if (all.len > SHOWN_BYTES)
        assay_buf_printf(out, "... (%zu bytes)", all.len);
    free(text);
}

static json_t *sentence_of(const struct adapter_exchange *x, const struct adapter_judgement *j,
                           const json_t *in, const json_t *ours, const json_t *theirs,
                           const json_t *again)
{
    struct assay_buf out = ASSAY_BUF_INIT(SENTENCE_MAX_BYTES);
    json_t *sentence;

    assay_buf_printf(&out, "%s was sent ", x->operation->name);
    add_shown(&out, in);
    assay_buf_add_str(&out, "; the reference says ");
    add_shown(&out, ours);
    assay_buf_add_str(&out, ", the adapter ");
    add_shown(&out, theirs);
    if (again != NULL) {
        assay_buf_add_str(&out, " and, asked again, ");
        add_shown(&out, again);
    }
    assay_buf_printf(&out, "; expected: %s", adapter_fault_expected(j->fault));
    if (j->member[0] != '\0')
        assay_buf_printf(&out, ", here in %s", j->member);
    sentence = json_string(assay_buf_ok(&out) ? assay_buf_cstr(&out) : "");
    assay_buf_fini(&out);
    return sentence;
}

static json_t *describe(const struct adapter_exchange *x, const struct adapter_judgement *j,
                        const json_t *in, bool repeats)
{
    json_t *ours = diff_ours_json(&x->ours), *theirs = diff_theirs_json(&x->theirs);
    json_t *again = x->was_repeated ? diff_theirs_json(&x->again) : NULL, *found;
    char key[ADAPTER_KEY_MAX_BYTES], digest[2 * ASSAY_SHA256_BYTES + 1], name[160];

    if (j->fault == ADAPTER_FAULT_DIFFERENCE) {
        json_decref(again); /* the same */
        again = NULL;
    }
    adapter_judgement_key(key, sizeof(key), x, j);
    assay_sha256_hex(digest, assay_str(key));
    (void)snprintf(name, sizeof(name), "%s-%s-%.8s", adapter_fault_name(j->fault),
                   x->operation->name, digest);
    found =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:b, s:o, s:O, s:o, s:o}", "name", name, "kind",
                  adapter_fault_name(j->fault), "operation", x->operation->name, "rule", j->rule,
                  "said", operation_words(j->said), "expected", adapter_fault_expected(j->fault),
                  "repeats", repeats, "sentence", sentence_of(x, j, in, ours, theirs, again), "in",
                  in, "ours", ours, "theirs", theirs);
    if (again != NULL)
        (void)json_object_set_new(found, "again", again);
    return found;
}

/* ---- for callers ---- */

enum assay_code adapter_finding_make(json_t **out, const struct adapter_asking *a,
                                     const struct adapter_exchange *x,
                                     const struct adapter_judgement *j, const json_t *in,
                                     struct assay_err *err)
{
    struct adapter_exchange again = {.operation = x->operation};
    struct sought sought = {a, x->operation, j, x->was_repeated};
    struct diff_reduction r = {.shows = shows,
                               .context = &sought,
                               .any_member = true,
                               .in = json_deep_copy(in),
                               .steps = REDUCE_STEPS,
                               .until_ns = until_ns(a)};
    struct adapter_judgement now = *j;
    enum assay_code rc = ASSAY_OK;
    bool repeats;

    if (r.in == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    adapter_end(a->adapter);
    repeats = shows(&sought, in);
    if (repeats) {
        diff_reduce(&r);
        adapter_end(a->adapter);
        rc = adapter_exchange_make(&again, &now, a, r.in, sought.repeats, err);
        repeats = adapter_judgement_same(&now, j);
    }
    if (rc == ASSAY_OK) {
        *out = repeats ? describe(&again, &now, r.in, true) : describe(x, j, in, false);
        if (*out == NULL)
            rc = assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    }
    adapter_exchange_fini(&again);
    json_decref(r.in);
    return rc;
}

enum assay_code adapter_finding_replay(json_t **out, const struct adapter_asking *a,
                                       const json_t *file, struct assay_err *err)
{
    const char *operation = json_string_value(json_object_get(file, "operation"));
    const json_t *in = json_object_get(file, "in");
    struct adapter_exchange x = {.operation = operation != NULL ? operation_find(operation) : NULL};
    struct adapter_judgement j;
    enum assay_code rc;

    *out = NULL;
    if (operation == NULL || !json_is_object(in))
        return assay_fail(err, ASSAY_E_MALFORMED, 0,
                          "expected an object with a text \"operation\" and an object \"in\"");
    if (x.operation == NULL)
        return assay_fail(err, ASSAY_E_UNKNOWN, 0, "the reference has no operation of that name");
    adapter_end(a->adapter);
    rc = adapter_exchange_make(&x, &j, a, in, true, err);
    if (rc == ASSAY_OK && j.fault != ADAPTER_FINE) {
        *out = describe(&x, &j, in, true);
        if (*out == NULL)
            rc = assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    }
    adapter_exchange_fini(&x);
    return rc;
}
