/* What a facilitator lists, shared by the requests of a worker, and calls to it; see
 * kx_facilitator.h. Source: x402 v2 digest, section 4. */
#include "server/kx_facilitator.h"

#include "defects/defects.h"
#include "net/clock.h"
#include "net/facilitator.h"

#include <pthread.h>

enum {
    LIST_BYTES = 4 << 20,
    AGAIN_MS = 1000 /* at most, between two tries to reach one that has listed nothing */
};

struct kx_facilitator_list {
    struct assay_arena arena;
    struct x402_supported supported;
    unsigned holders; /* the facilitator itself is one */
};

struct kx_facilitator {
    struct ref_facilitator_options options;
    struct ref_net_field authorization;
    int64_t life_ms; /* of a list */
    pthread_mutex_t lock;
    struct kx_facilitator_list *list; /* the last one, or NULL */
    int64_t next_ms;                  /* when it is asked again, on the steady clock */
    bool is_asking;
};

enum assay_code kx_facilitator_new(struct kx_facilitator **out, const struct kx_server_options *o,
                                   struct assay_bytes authorization, struct assay_err *err)
{
    struct kx_facilitator *f = assay_alloc(sizeof(*f));
    enum assay_code code;

    if (f == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for a worker");
    *f = (struct kx_facilitator){.options = REF_FACILITATOR_OPTIONS_DEFAULT,
                                 .life_ms = o->facilitator_list_ms};
    f->options.url = o->facilitator;
    f->options.is_public = o->is_public;
    f->options.deadline_ms = o->facilitator_deadline_ms;
    f->authorization = (struct ref_net_field){ASSAY_LIT("Authorization"), authorization};
    f->options.headers = &f->authorization;
    f->options.header_count = authorization.len > 0 ? 1 : 0;
    code = ref_facilitator_check(&f->options, err);
    if (code != ASSAY_OK) {
        assay_free(f);
        return assay_err_wrap(err, code, "facilitator");
    }
    pthread_mutex_init(&f->lock, NULL);
    *out = f;
    return ASSAY_OK;
}

/* Under the lock. */
static void drop(struct kx_facilitator_list *list)
{
    if (list == NULL || --list->holders > 0)
        return;
    assay_arena_fini(&list->arena);
    assay_free(list);
}

void kx_facilitator_free(struct kx_facilitator *f)
{
    if (f == NULL)
        return;
    drop(f->list);
    pthread_mutex_destroy(&f->lock);
    assay_free(f);
}

/* ---- what is listed ---- */

/* NULL: it was not reached, or what it says is no list. */
static struct kx_facilitator_list *ask(struct kx_facilitator *f)
{
    struct kx_facilitator_list *list = assay_alloc(sizeof(*list));
    struct ref_facilitator_answer answer = {.outcome = REF_FACILITATOR_UNREACHABLE};
    struct ref_facilitator *client = NULL;

    if (list == NULL)
        return NULL;
    *list = (struct kx_facilitator_list){.arena = ASSAY_ARENA_INIT(LIST_BYTES), .holders = 1};
    if (ref_facilitator_new(&client, &f->options, NULL) == ASSAY_OK)
        ref_facilitator_supported(client, &answer, &list->supported, &list->arena);
    ref_facilitator_free(client);
    if (answer.outcome == REF_FACILITATOR_YES)
        return list;
    drop(list);
    return NULL;
}

/* Whether this request asks; the others go on with what is there. */
static bool begin(struct kx_facilitator *f)
{
    bool is_ours = !f->is_asking && ref_net_now_ms() >= f->next_ms;

    f->is_asking = f->is_asking || is_ours;
    return is_ours;
}

static void end(struct kx_facilitator *f, struct kx_facilitator_list *list)
{
    if (list != NULL) {
        drop(f->list);
        f->list = list;
    }
    f->next_ms = ref_net_now_ms() + (list != NULL || f->life_ms < AGAIN_MS ? f->life_ms : AGAIN_MS);
    if (REF_DEFECT(fac_cached) && list != NULL)
        f->next_ms = INT64_MAX;
    f->is_asking = false;
}

struct kx_facilitator_list *kx_facilitator_take(struct kx_facilitator *f)
{
    struct kx_facilitator_list *list;

    pthread_mutex_lock(&f->lock);
    if (begin(f)) {
        pthread_mutex_unlock(&f->lock);
        list = ask(f);
        pthread_mutex_lock(&f->lock);
        end(f, list);
    }
    list = f->list;
    if (list != NULL)
        list->holders++;
    pthread_mutex_unlock(&f->lock);
    return list;
}

const struct x402_supported *kx_facilitator_supported(const struct kx_facilitator_list *list)
{
    return &list->supported;
}

void kx_facilitator_give_back(struct kx_facilitator *f, struct kx_facilitator_list *list)
{
    pthread_mutex_lock(&f->lock);
    drop(list);
    pthread_mutex_unlock(&f->lock);
}

/* ---- calls ---- */

static enum kx_word word_of(enum ref_facilitator_outcome outcome)
{
    switch (outcome) {
    case REF_FACILITATOR_YES:
        return KX_WORD_YES;
    case REF_FACILITATOR_NO:
        return KX_WORD_NO;
    case REF_FACILITATOR_PENDING:
        return KX_WORD_PENDING;
    case REF_FACILITATOR_MISMATCH:
    case REF_FACILITATOR_MALFORMED:
        return KX_WORD_NONE;
    case REF_FACILITATOR_STATUS:
    case REF_FACILITATOR_UNREACHABLE:
    case REF_FACILITATOR_UNKNOWN:
        break;
    }
    return KX_WORD_LOST;
}

void kx_facilitator_call(struct kx_facilitator *f, struct kx_facilitator_word *word,
                         enum assay_code *why, struct assay_arena *arena, const struct kx_action *a)
{
    struct ref_facilitator_answer answer = {.outcome = REF_FACILITATOR_UNREACHABLE,
                                            .transaction = ASSAY_LIT(""),
                                            .payer = ASSAY_LIT("")};
    struct ref_facilitator *client = NULL;
    struct assay_err err = {0};

    *why = ref_facilitator_new(&client, &f->options, &err);
    if (*why == ASSAY_OK) {
        if (a->call == KX_FACILITATOR_VERIFY)
            ref_facilitator_verify(client, &answer, arena, a->facilitator);
        else
            ref_facilitator_settle(client, &answer, arena, a->facilitator, a->expected);
        *why = answer.outcome == REF_FACILITATOR_YES || answer.outcome == REF_FACILITATOR_NO
                   ? ASSAY_OK
                   : answer.why.code;
    }
    ref_facilitator_free(client);
    *word = (struct kx_facilitator_word){.word = word_of(answer.outcome),
                                         .may_have_moved = answer.may_have_moved,
                                         .reason = answer.reason,
                                         .transaction = answer.transaction,
                                         .payer = answer.payer};
}
