/* Threads, handles of one file, and processes that want one thing of the Kaspa x402 store at once:
 * exactly one has it, and the others are told what the contract says. */
#include "ref/tests/kx_lanes.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 8, PROCESSES = 4, THREADS_EACH = 2, ROUNDS = 20, APART = 1000 };

TestSuite(kx_races, .init = kx_store_folder_make, .fini = kx_store_folder_drop, .timeout = 120);

enum outcome { LOST, WON, TROUBLE };

static enum outcome of_claim(struct kx_store *s, const struct kx_paid *p,
                             enum kx_claim_result when_lost)
{
    enum kx_claim_result result = KX_CLAIM_FULL;

    if (s->ops->claim(s, &p->attempt, PHASES_NOW, &result, NULL) != ASSAY_OK)
        return TROUBLE;
    return result == KX_CLAIM_CREATED ? WON : result == when_lost ? LOST : TROUBLE;
}

static enum outcome one_transaction(struct kx_store *s, unsigned round, unsigned me)
{
    struct kx_paid p;

    (void)me;
    kx_paid_make(&p, round);
    return of_claim(s, &p, KX_CLAIM_EXISTS);
}

static enum outcome other_terms(struct kx_store *s, unsigned round, unsigned me)
{
    struct kx_paid p, mine;

    kx_paid_make(&p, round);
    kx_paid_make(&mine, round + APART * (me + 1));
    memcpy(mine.attempt.txid, p.attempt.txid, sizeof(p.attempt.txid));
    return of_claim(s, &mine, KX_CLAIM_OTHER_TERMS);
}

static enum outcome one_identifier(struct kx_store *s, unsigned round, unsigned me)
{
    struct kx_paid p, mine;

    kx_paid_make(&p, round);
    kx_paid_make(&mine, round + APART * (me + 1));
    mine.attempt.identifier = p.attempt.identifier;
    return of_claim(s, &mine, KX_CLAIM_ID_TAKEN);
}

static enum outcome one_head(struct kx_store *s, unsigned round, unsigned me)
{
    struct kx_head_record head = kx_head_of(round);
    struct kx_paid mine;

    kx_paid_make(&mine, round + APART * (me + 1));
    kx_paid_for_head(&mine, &head);
    return of_claim(s, &mine, KX_CLAIM_HEAD_MOVED);
}

static enum outcome one_handler(struct kx_store *s, unsigned round, unsigned me)
{
    bool begun = false;
    struct kx_paid p;

    (void)me;
    kx_paid_make(&p, round);
    if (s->ops->begin_handler(s, p.attempt.txid, PHASES_MARK, &begun, NULL) != ASSAY_OK)
        return TROUBLE;
    return begun ? WON : LOST;
}

static enum outcome one_channel(struct kx_store *s, unsigned round, unsigned me)
{
    struct kx_test_lane lane;
    struct kx_paid mine;

    kx_lane_make(&lane, round);
    kx_paid_for_lane(&mine, round + APART * (me + 1), &lane.record);
    return of_claim(s, &mine, KX_CLAIM_LEASED);
}

static enum outcome one_lineage(struct kx_store *s, unsigned round, unsigned me)
{
    struct kx_test_lane lane, mine;
    struct kx_paid p;

    kx_lane_make(&lane, round);
    kx_lane_make(&mine, round + APART * (me + 1));
    mine.record.head.covenant_id = lane.record.head.covenant_id;
    kx_paid_deposits(&p, round + APART * (me + 1), &mine.record);
    return of_claim(s, &p, KX_CLAIM_LINEAGE_TAKEN);
}

/* Half of them are payments, half are operations. */
static enum outcome one_lease(struct kx_store *s, unsigned round, unsigned me)
{
    enum kx_operation_result result = KX_OPERATION_MOVED;
    struct kx_lane_operation mine;
    struct kx_test_lane lane;

    if (me % 2 == 0)
        return one_channel(s, round, me);
    kx_lane_make(&lane, round);
    mine = kx_operation_of(round + APART * (me + 1), KX_TOP_UP, &lane.record, 1);
    if (s->ops->begin_operation(s, &mine, PHASES_NOW, &result, NULL) != ASSAY_OK)
        return TROUBLE;
    return result == KX_OPERATION_BEGUN ? WON : result == KX_OPERATION_LEASED ? LOST : TROUBLE;
}

/* Half of them are exact payments, half open a channel each. */
static enum outcome one_identifier_of_both(struct kx_store *s, unsigned round, unsigned me)
{
    struct kx_test_lane lane;
    struct kx_paid p, mine;

    if (me % 2 == 0)
        return one_identifier(s, round, me);
    kx_paid_make(&p, round);
    kx_lane_make(&lane, round + APART * (me + 1));
    kx_paid_deposits(&mine, round + APART * (me + 1), &lane.record);
    mine.attempt.identifier = p.attempt.identifier;
    return of_claim(s, &mine, KX_CLAIM_ID_TAKEN);
}

static void none_ready(struct kx_store *s, unsigned round)
{
    (void)s;
    (void)round;
}

static void head_ready(struct kx_store *s, unsigned round)
{
    struct kx_head_record head = kx_head_of(round);

    kx_head_registered(s, &head);
}

static void channel_ready(struct kx_store *s, unsigned round)
{
    struct kx_test_lane lane;

    kx_lane_opened(s, &lane, round);
}

static void handler_ready(struct kx_store *s, unsigned round)
{
    struct kx_paid p;

    kx_paid_make(&p, round);
    kx_paid_take_to(s, &p, PHASE_ACCEPTED);
}

static const struct contest {
    const char *name;
    void (*ready)(struct kx_store *s, unsigned round);
    enum outcome (*compete)(struct kx_store *s, unsigned round, unsigned me);
} contests[] = {
    {"one transaction", none_ready, one_transaction},
    {"one transaction on other terms", none_ready, other_terms},
    {"one identifier", none_ready, one_identifier},
    {"one head", head_ready, one_head},
    {"one handler", handler_ready, one_handler},
    {"one channel", channel_ready, one_channel},
    {"one lineage", none_ready, one_lineage},
    {"one lease", channel_ready, one_lease},
    {"one identifier of both schemes", none_ready, one_identifier_of_both},
};

/* What all competitors see, in whichever process. */
struct arena {
    pthread_barrier_t start;
    atomic_int winners[ROUNDS + 1], losers[ROUNDS + 1], trouble;
};

struct competitor {
    struct arena *arena;
    const struct contest *contest;
    struct kx_store *store;
    unsigned me;
};

static void *compete(void *arg)
{
    const struct competitor *c = arg;

    for (unsigned round = 1; round <= ROUNDS; round++) {
        struct kx_identifier_record id;
        struct kx_paid p;
        enum outcome o;

        (void)pthread_barrier_wait(&c->arena->start);
        o = c->contest->compete(c->store, round, c->me);
        atomic_fetch_add(o == WON    ? &c->arena->winners[round]
                         : o == LOST ? &c->arena->losers[round]
                                     : &c->arena->trouble,
                         1);
        kx_paid_make(&p, round); /* others write meanwhile */
        if (c->store->ops->load_identifier(c->store, &id, p.attempt.identifier, NULL) != ASSAY_OK)
            atomic_fetch_add(&c->arena->trouble, 1);
    }
    return NULL;
}

static void arena_init(struct arena *a, unsigned competitors)
{
    pthread_barrierattr_t attr;

    cr_assert_eq(pthread_barrierattr_init(&attr), 0);
    cr_assert_eq(pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED), 0);
    cr_assert_eq(pthread_barrier_init(&a->start, &attr, competitors), 0);
    for (unsigned i = 0; i <= ROUNDS; i++) {
        atomic_init(&a->winners[i], 0);
        atomic_init(&a->losers[i], 0);
    }
    atomic_init(&a->trouble, 0);
    (void)pthread_barrierattr_destroy(&attr);
}

static void run_threads(struct arena *a, const struct contest *contest,
                        struct kx_store *const *stores, unsigned store_count, unsigned first,
                        unsigned threads)
{
    pthread_t ids[THREADS];
    struct competitor each[THREADS];

    for (unsigned i = 0; i < threads; i++) {
        each[i] = (struct competitor){a, contest, stores[i % store_count], first + i};
        cr_assert_eq(pthread_create(&ids[i], NULL, compete, &each[i]), 0);
    }
    for (unsigned i = 0; i < threads; i++)
        cr_assert_eq(pthread_join(ids[i], NULL), 0);
}

static void expect_one_winner_each(const struct arena *a, int competitors, const char *name)
{
    for (unsigned i = 1; i <= ROUNDS; i++) {
        cr_expect_eq(atomic_load(&a->winners[i]), 1, "%s: round %u: %d won", name, i,
                     atomic_load(&a->winners[i]));
        cr_expect_eq(atomic_load(&a->losers[i]), competitors - 1, "%s: round %u: %d lost", name, i,
                     atomic_load(&a->losers[i]));
    }
    cr_expect_eq(atomic_load(&a->trouble), 0, "%s", name);
}

Test(kx_races, of_threads_have_one_winner)
{
    static const struct {
        size_t kind;
        unsigned handles;
    } rows[] = {{0, 1}, {KX_STORE_SQLITE, 1}, {KX_STORE_SQLITE, 2}};

    for (size_t i = 0; i < ARRAY_LEN(rows) * ARRAY_LEN(contests); i++) {
        const struct contest *contest = &contests[i % ARRAY_LEN(contests)];
        size_t row = i / ARRAY_LEN(contests);
        struct kx_store *stores[2];
        struct arena a;

        kx_store_folder_drop();
        kx_store_folder_make();
        for (unsigned h = 0; h < rows[row].handles; h++)
            stores[h] = kx_store_opened(rows[row].kind);
        for (unsigned round = 1; round <= ROUNDS; round++)
            contest->ready(stores[0], round);
        arena_init(&a, THREADS);
        run_threads(&a, contest, stores, rows[row].handles, 0, THREADS);
        expect_one_winner_each(&a, THREADS, contest->name);
        (void)pthread_barrier_destroy(&a.start);
        for (unsigned h = 0; h < rows[row].handles; h++)
            stores[h]->ops->close(stores[h]);
    }
}

/* All open the file at once, too; of the first contest it is still missing. */
static void child_main(struct arena *a, const struct contest *contest, unsigned p)
{
    struct kx_store *store = NULL;

    if (kx_store_open(&store, KX_STORE_SQLITE, &kx_store_test_limits, NULL) != ASSAY_OK)
        _exit(1);
    run_threads(a, contest, &store, 1, p * THREADS_EACH, THREADS_EACH);
    store->ops->close(store);
    _exit(0);
}

static void run_processes(struct arena *a, const struct contest *contest)
{
    pid_t children[PROCESSES];

    for (unsigned p = 0; p < PROCESSES; p++) {
        children[p] = fork();
        cr_assert_geq(children[p], 0);
        if (children[p] == 0)
            child_main(a, contest, p);
    }
    for (unsigned p = 0; p < PROCESSES; p++) {
        int status = -1;

        cr_assert_eq(waitpid(children[p], &status, 0), children[p]);
        cr_expect_eq(status, 0, "%s: process %u ended with %d", contest->name, p, status);
    }
}

Test(kx_races, of_processes_have_one_winner)
{
    struct arena *a =
        mmap(NULL, sizeof(*a), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    cr_assert_neq(a, MAP_FAILED);
    for (size_t i = 0; i < ARRAY_LEN(contests); i++) {
        kx_store_folder_drop();
        kx_store_folder_make();
        if (contests[i].ready != none_ready) {
            struct kx_store *store = kx_store_opened(KX_STORE_SQLITE);

            for (unsigned round = 1; round <= ROUNDS; round++)
                contests[i].ready(store, round);
            store->ops->close(store);
        }
        arena_init(a, PROCESSES * THREADS_EACH);
        run_processes(a, &contests[i]);
        expect_one_winner_each(a, PROCESSES * THREADS_EACH, contests[i].name);
        (void)pthread_barrier_destroy(&a->start);
    }
    (void)munmap(a, sizeof(*a));
}

/* ---- many payments of one channel ---- */

enum { PAYMENTS = 40, TRIES = 1000000 };

struct payers {
    struct kx_store *store;
    struct kx_test_lane lane;
    atomic_uint next, served, trouble;
};

/* Waits until nobody is under way, and claims then; or somebody else is quicker again. */
static bool pay_once(struct payers *p)
{
    struct kx_lane_record now = kx_lane_loaded(p->store, p->lane.record.channel_id);
    enum kx_claim_result result = KX_CLAIM_FULL;
    struct kx_paid paid;

    if (now.lease[0] != '\0') {
        (void)sched_yield();
        return false;
    }
    kx_paid_for_lane(&paid, atomic_fetch_add(&p->next, 1), &now);
    if (p->store->ops->claim(p->store, &paid.attempt, PHASES_NOW, &result, NULL) != ASSAY_OK)
        atomic_fetch_add(&p->trouble, 1);
    if (result != KX_CLAIM_CREATED)
        return false;
    if (!kx_begun(p->store, &paid) ||
        p->store->ops->record_result(p->store, paid.attempt.txid, &paid.result, PHASES_NOW, NULL) !=
            ASSAY_OK ||
        p->store->ops->commit(p->store, &paid.payment, NULL) != ASSAY_OK)
        atomic_fetch_add(&p->trouble, 1);
    atomic_fetch_add(&p->served, 1);
    return true;
}

static void *pay_often(void *arg)
{
    struct payers *p = arg;

    for (int i = 0, paid = 0; i < TRIES && paid < PAYMENTS / THREADS; i++)
        paid += pay_once(p);
    return NULL;
}

Test(kx_races, of_payments_charge_a_channel_one_after_the_other)
{
    for (size_t kind = 0; kind < KX_STORE_KINDS; kind++) {
        struct payers p = {.store = kx_store_opened(kind)};
        struct kx_lane_record r;
        pthread_t ids[THREADS];

        atomic_init(&p.next, 2);
        atomic_init(&p.served, 0);
        atomic_init(&p.trouble, 0);
        kx_lane_opened(p.store, &p.lane, 1);
        for (unsigned i = 0; i < THREADS; i++)
            cr_assert_eq(pthread_create(&ids[i], NULL, pay_often, &p), 0);
        for (unsigned i = 0; i < THREADS; i++)
            cr_assert_eq(pthread_join(ids[i], NULL), 0);
        r = kx_lane_loaded(p.store, p.lane.record.channel_id);
        cr_expect_eq(atomic_load(&p.served), PAYMENTS);
        cr_expect_eq(atomic_load(&p.trouble), 0);
        cr_expect_eq(r.charged, PAYMENTS * LANE_CHARGE);
        cr_expect_eq(r.version, PAYMENTS);
        p.store->ops->close(p.store);
    }
}
