/* The facilitator that a target is given, and how a case steers it; see peer.h. */
#include "peer/x402/peer_internal.h"

#include <time.h>

#define KIND_WORD "kind:" /* of `supports`: "kind:exact,eip155:84532" */
#define WORDS_MAX_BYTES ((size_t)1 << 16)

/* What every target is offered: scheme exact on the networks that servers are usually shown on. A
 * target file names others. */
static const struct facilitator_kind common_kinds[] = {
    {"exact", "eip155:84532", NULL},  {"exact", "eip155:8453", NULL},
    {"exact", "eip155:421614", NULL}, {"exact", "eip155:43113", NULL},
    {"exact", "eip155:80002", NULL},  {"exact", "eip155:1", NULL},
};

static int64_t wall_ms(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* On the role's threads. */
static const char *judge(const void *cls, const struct x402_request *request)
{
    const struct x4p_roles *r = cls;

    return atomic_load(&r->judges) ? x4p_refusal(request, wall_ms()) : NULL;
}

/* ---- start and stop ---- */

static size_t kind_count(const struct facilitator_options *o)
{
    size_t n = 0;

    while (n < ARRAY_LEN(o->kinds) && o->kinds[n].scheme != NULL)
        n++;
    return n;
}

/* One kind that the target file names. */
static enum assay_code add_kind(struct x4p_roles *r, const char *text, struct assay_err *err)
{
    size_t n = kind_count(&r->options);
    const char *comma = strchr(text, ',');

    if (comma == NULL || comma == text || comma[1] == '\0')
        return assay_fail(err, ASSAY_E_MALFORMED, 0,
                          "supports: \"" KIND_WORD "%.60s\" names no kind; write " KIND_WORD
                          "SCHEME,NETWORK",
                          text);
    if (n == ARRAY_LEN(r->options.kinds))
        return assay_fail(
            err, ASSAY_E_TOO_LARGE, 0,
            "supports: more kinds are named than a facilitator lists here (%d in all)",
            FACILITATOR_KINDS_MAX);
    r->options.kinds[n] = (struct facilitator_kind){
        .scheme = assay_arena_printf(&r->arena, "%.*s", (int)(comma - text), text),
        .network = assay_arena_printf(&r->arena, "%s", comma + 1)};
    if (r->options.kinds[n].scheme == NULL || r->options.kinds[n].network == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for the kinds of a facilitator");
    return ASSAY_OK;
}

static enum assay_code add_kinds(struct x4p_roles *r, const struct target *target,
                                 struct assay_err *err)
{
    const size_t len = strlen(KIND_WORD);
    enum assay_code rc = ASSAY_OK;

    memcpy(r->options.kinds, common_kinds, sizeof(common_kinds));
    for (size_t i = 0; i < target->supports.count && rc == ASSAY_OK; i++)
        if (strncmp(target->supports.items[i], KIND_WORD, len) == 0)
            rc = add_kind(r, target->supports.items[i] + len, err);
    return rc;
}

void x4p_roles_stop(void *with)
{
    struct x4p_roles *r = with;

    if (r == NULL)
        return;
    facilitator_stop(r->facilitator);
    assay_arena_fini(&r->arena);
    assay_free(r);
}

void *x4p_roles_start(const struct profile_roles_options *options, struct assay_err *err)
{
    struct x4p_roles *r = assay_alloc(sizeof(*r));
    enum assay_code rc;

    if (r == NULL) {
        (void)assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for the role facilitator");
        return NULL;
    }
    *r = (struct x4p_roles){.options = {.reuse = FACILITATOR_ONCE,
                                        .judge = judge,
                                        .cls = r,
                                        .port = target_role_port(options->target, "facilitator")},
                            .arena = ASSAY_ARENA_INIT(WORDS_MAX_BYTES)};
    atomic_init(&r->judges, true);
    rc = add_kinds(r, options->target, err);
    if (rc == ASSAY_OK)
        rc = facilitator_start(&r->facilitator, &r->options, err);
    if (rc == ASSAY_OK)
        return r;
    x4p_roles_stop(r);
    return NULL;
}

const char *x4p_role_url(void *with, const char *role)
{
    const struct x4p_roles *r = with;

    return strcmp(role, "facilitator") == 0 ? facilitator_url(r->facilitator) : NULL;
}

/* ---- of a case ---- */

static uint64_t calls_so_far(struct facilitator *facilitator)
{
    struct facilitator_counts counts = facilitator_counts(facilitator);
    uint64_t sum = counts.elsewhere;

    for (size_t i = 0; i < ARRAY_LEN(counts.calls); i++)
        sum += counts.calls[i];
    return sum;
}

static enum assay_code be(struct x4p_roles *r, enum facilitator_reuse reuse, const char *extra,
                          struct assay_err *err)
{
    r->options.reuse = reuse;
    for (size_t i = 0; i < kind_count(&r->options); i++)
        r->options.kinds[i].extra = extra;
    return facilitator_configure(r->facilitator, &r->options, err);
}

void x4p_roles_calm(void *with)
{
    struct x4p_roles *r = with;

    r->behaviour = (struct facilitator_behaviour){0};
    facilitator_behave(r->facilitator, &r->behaviour);
    atomic_store(&r->judges, true);
    if (r->options.reuse != FACILITATOR_ONCE || r->options.kinds[0].extra != NULL)
        (void)be(r, FACILITATOR_ONCE, NULL,
                 NULL); /* as it was once; without memory the case says so */
    r->calls_before = calls_so_far(r->facilitator);
    r->told = r->calls_before;
}

/* Lists are asked for again and again; they are told where something is wrong with them. */
static bool is_worth_telling(const struct facilitator_call *call)
{
    return call->what != FACILITATOR_SUPPORTED || call->is_elsewhere || call->status != 200 ||
           strcmp(call->lie, "honest") != 0;
}

void x4p_roles_tell(void *with, struct assay_case *t)
{
    struct x4p_roles *r = with;
    struct facilitator_call call;

    while (facilitator_call(r->facilitator, r->told + 1, &call)) {
        struct assay_buf what = ASSAY_BUF_INIT(4096);

        r->told++;
        if (!is_worth_telling(&call))
            continue;
        facilitator_describe(&what, &call);
        case_saw_role(t, call.is_elsewhere ? "facilitator elsewhere" : "facilitator", call.at_ns,
                      (const char *)peer_keep(t, &what).at, call.body);
    }
}

struct x4p_roles *x4p_roles_of(struct assay_case *t)
{
    struct x4p_roles *r = case_roles(t);

    if (r == NULL)
        case_end(t, VERDICT_BROKEN, "the role facilitator is not there");
    return r;
}

bool x4p_is_settled_by(const struct x4p_roles *r, const struct x402_terms *terms)
{
    for (size_t i = 0; i < kind_count(&r->options); i++)
        if (assay_bytes_is(terms->scheme, r->options.kinds[i].scheme) &&
            assay_bytes_is(terms->network, r->options.kinds[i].network))
            return true;
    return false;
}

/* ---- steering it ---- */

struct facilitator *x4p_facilitator(struct assay_case *t)
{
    return x4p_roles_of(t)->facilitator;
}

void x4p_facilitator_behaves(struct assay_case *t, struct facilitator_behaviour behaviour)
{
    struct x4p_roles *r = x4p_roles_of(t);

    r->behaviour = behaviour;
    facilitator_behave(r->facilitator, &r->behaviour);
}

void x4p_facilitator_is_honest(struct assay_case *t)
{
    x4p_facilitator_behaves(t, (struct facilitator_behaviour){0});
}

void x4p_facilitator_settles(struct assay_case *t, enum facilitator_reuse reuse)
{
    struct x4p_roles *r = x4p_roles_of(t);
    struct assay_err err = {0};

    if (be(r, reuse, r->options.kinds[0].extra, &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the role facilitator: %s", err.text);
}

void x4p_facilitator_lists(struct assay_case *t, const char *extra)
{
    struct x4p_roles *r = x4p_roles_of(t);
    struct assay_err err = {0};

    if (be(r, r->options.reuse, extra, &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the role facilitator: %s", err.text);
}

void x4p_facilitator_judges(struct assay_case *t, bool on)
{
    atomic_store(&x4p_roles_of(t)->judges, on);
}

/* ---- what it was asked ---- */

struct x4p_calls x4p_calls(struct assay_case *t)
{
    struct facilitator_counts counts = facilitator_counts(x4p_facilitator(t));

    return (struct x4p_calls){.verify = counts.calls[FACILITATOR_VERIFY],
                              .settle = counts.calls[FACILITATOR_SETTLE],
                              .moved = counts.moved};
}

/* The next call of that kind behind *number, which becomes its own. */
static bool next_call(struct x4p_roles *r, uint64_t *number, enum facilitator_what what,
                      struct facilitator_call *out)
{
    while (facilitator_call(r->facilitator, *number + 1, out)) {
        (*number)++;
        if (out->what == what && !out->is_elsewhere)
            return true;
    }
    return false;
}

struct assay_bytes x4p_last_body(struct assay_case *t, enum facilitator_what what)
{
    struct x4p_roles *r = x4p_roles_of(t);
    struct assay_bytes body = ASSAY_LIT("");
    uint64_t number = r->calls_before;
    struct facilitator_call call;

    while (next_call(r, &number, what, &call))
        body = call.body;
    return body;
}

json_t *x4p_last_asked(struct assay_case *t, enum facilitator_what what)
{
    struct assay_bytes body = x4p_last_body(t, what);
    json_t *tree = json_loadb((const char *)body.at, body.len, 0, NULL);

    return tree != NULL ? case_owned(t, tree) : NULL;
}

uint64_t x4p_asked_otherwise(struct assay_case *t, enum facilitator_what what)
{
    struct x4p_roles *r = x4p_roles_of(t);
    uint64_t number = r->calls_before, others = 0;
    struct facilitator_call first, call;

    if (!next_call(r, &number, what, &first))
        return 0;
    while (next_call(r, &number, what, &call))
        others += assay_bytes_equal(call.body, first.body) ? 0 : 1;
    return others;
}
