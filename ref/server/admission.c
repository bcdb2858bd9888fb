/* Counters of a server's workers: a table of what runs, each worker writing to its own part, and a
 * table of callers, behind one lock that survives its holder. */
#include "server/admission.h"

#include "base/hash.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

struct running {
    uint64_t caller, scope; /* hashes; scope 0: not known yet */
    bool is_on;
};

struct caller {
    uint64_t name; /* hash */
    int64_t since_ms, last_ms;
    uint32_t requests;
};

struct ref_admission {
    pthread_mutex_t lock;
    size_t bytes; /* of all of this */
    unsigned workers, at_once;
    struct caller everybody;
    uint32_t caller_count;
    struct caller callers[REF_ADMISSION_CALLERS_MAX];
    struct running running[]; /* at_once for each worker */
};

/* A hash that somebody made collide would be counted as another's, and no more. */
static uint64_t hash_of(const char *name)
{
    uint8_t digest[ASSAY_SHA256_BYTES];
    uint64_t hash;

    assay_sha256(digest, assay_str(name));
    memcpy(&hash, digest, sizeof(hash));
    return hash != 0 ? hash : 1;
}

/* A holder that died may have left any part of a change: each part by itself makes sense. */
static void lock(struct ref_admission *a)
{
    if (pthread_mutex_lock(&a->lock) == EOWNERDEAD)
        (void)pthread_mutex_consistent(&a->lock);
}

static void unlock(struct ref_admission *a)
{
    (void)pthread_mutex_unlock(&a->lock);
}

/* None of these calls can fail with these arguments. */
static void lock_init(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t attributes;

    (void)pthread_mutexattr_init(&attributes);
    (void)pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    (void)pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    (void)pthread_mutex_init(mutex, &attributes);
    (void)pthread_mutexattr_destroy(&attributes);
}

enum assay_code ref_admission_new(struct ref_admission **out, unsigned workers, unsigned at_once,
                                  struct assay_err *err)
{
    size_t bytes =
        sizeof(struct ref_admission) + (size_t)workers * at_once * sizeof(struct running);
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct ref_admission *a = at;

    if (at == MAP_FAILED)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for the workers to share");
    lock_init(&a->lock);
    a->bytes = bytes;
    a->workers = workers;
    a->at_once = at_once;
    *out = a;
    return ASSAY_OK;
}

void ref_admission_free(struct ref_admission *a)
{
    if (a != NULL)
        (void)munmap(a, a->bytes);
}

void ref_admission_forget(struct ref_admission *a, unsigned worker)
{
    assert(worker < a->workers);
    lock(a);
    for (unsigned i = 0; i < a->at_once; i++)
        a->running[(size_t)worker * a->at_once + i].is_on = false;
    unlock(a);
}

/* The caller's entry, with the lock held. */
static struct caller *find_caller(struct ref_admission *a, uint64_t name)
{
    struct caller *oldest = &a->callers[0];

    for (uint32_t i = 0; i < a->caller_count; i++) {
        if (a->callers[i].name == name)
            return &a->callers[i];
        if (a->callers[i].last_ms < oldest->last_ms)
            oldest = &a->callers[i];
    }
    if (a->caller_count < REF_ADMISSION_CALLERS_MAX)
        oldest = &a->callers[a->caller_count++];
    *oldest = (struct caller){.name = name};
    return oldest;
}

static uint32_t count_request(struct caller *c, int64_t now_ms)
{
    if (c->requests == 0 || now_ms - c->since_ms >= REF_ADMISSION_WINDOW_MS) {
        c->since_ms = now_ms;
        c->requests = 0;
    }
    if (c->requests < UINT32_MAX)
        c->requests++;
    c->last_ms = now_ms;
    return c->requests;
}

static struct running *free_place(struct ref_admission *a, unsigned worker)
{
    struct running *part = &a->running[(size_t)worker * a->at_once];

    for (unsigned i = 0; i < a->at_once; i++)
        if (!part[i].is_on)
            return &part[i];
    return NULL;
}

bool ref_admission_enter(struct ref_admission_place *place, struct ref_admission_counts *counts,
                         struct ref_admission *a, unsigned worker, const char *caller,
                         int64_t now_ms)
{
    uint64_t name = hash_of(caller);
    size_t all = (size_t)a->workers * a->at_once;
    struct running *mine;

    assert(worker < a->workers);
    lock(a);
    mine = free_place(a, worker);
    if (mine != NULL) {
        *mine = (struct running){.caller = name, .is_on = true};
        *place = (struct ref_admission_place){a, (uint32_t)(mine - a->running)};
        *counts = (struct ref_admission_counts){.caller_requests =
                                                    count_request(find_caller(a, name), now_ms),
                                                .requests = count_request(&a->everybody, now_ms)};
        for (size_t i = 0; i < all; i++) {
            counts->running += a->running[i].is_on ? 1 : 0;
            counts->caller_running += a->running[i].is_on && a->running[i].caller == name ? 1 : 0;
        }
    }
    unlock(a);
    return mine != NULL;
}

uint32_t ref_admission_scope(const struct ref_admission_place *place, const char *scope)
{
    struct ref_admission *a = place->admission;
    uint64_t name = hash_of(scope);
    size_t all = (size_t)a->workers * a->at_once;
    uint32_t count = 0;

    lock(a);
    a->running[place->number].scope = name;
    for (size_t i = 0; i < all; i++)
        count += a->running[i].is_on && a->running[i].scope == name ? 1 : 0;
    unlock(a);
    return count;
}

void ref_admission_leave(const struct ref_admission_place *place)
{
    struct ref_admission *a = place->admission;

    lock(a);
    a->running[place->number].is_on = false;
    unlock(a);
}
